// The program: everything the JIT knows of an interpreter. The translator builds one with symbol numbers for addresses,
// serialises it into the executable, and the JIT's runtime loads it there, relocated, when the VM starts.
//
// Address words: while in the translator, an address is symbol_bit | index in program::symbols (for pointer constants
// in jitcodes: the constant's value, with 'pointer_relocations' listing which constants are such). The image in the
// executable is a byte blob and an array of the symbols' addresses in order. Loading must be fast (a VM's start takes
// milliseconds): it decodes only the index; a jitcode's body is decoded when it is first asked for.
#pragma once
#include "heddle/jit/descriptors.h"
#include "heddle/jit/jitcode.h"
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::jit {

// Marks an address word that is a symbol's number, as long as the program is in the translator.
constexpr uint64_t symbol_bit = uint64_t{1} << 63;

// What the translator puts into the executable as the symbol heddle_jit_image.
struct program_image {
    const uint8_t* blob = nullptr;
    uint64_t size = 0;
    const void* const* addresses = nullptr;
    uint64_t address_count = 0;
};

// A function that the JIT may meet in a call.
struct function_entry {
    std::string name;
    uint64_t address = 0;          // what a call in the interpreter would call (symbol number before loading)
    uint64_t residual_address = 0; // what machine code calls: the same, or an adapter that takes words
    int32_t jitcode = -1;          // -1: residual, and 'reason' says why
    uint32_t call_descr = 0;
    std::string reason;
    source_location location;
    bool portal = false;
};

// A jit driver: names and kinds of the variables at its merge point, and the native functions to enter it with.
struct driver_entry {
    std::string name;
    std::string green_kinds, red_kinds;
    uint32_t portal_jitcode = 0;
    uint64_t info_address = 0; // the heddle::jit::driver object (hooks: location printer)
    uint64_t runner_address =
        0; // void runner(const word* greens_then_reds, word* result): runs the portal from its merge point natively
    kind result = kind::none;
};

struct program {
    std::vector<std::string> files, symbols;
    std::deque<field_descr> fields; // stable addresses; 'descrs' points into these
    std::deque<array_descr> arrays;
    std::deque<size_descr> sizes;
    std::deque<raw_descr> raws;
    std::deque<call_descr> calls;
    std::vector<const descr*> descrs; // by descr::index
    std::vector<std::unique_ptr<jitcode>> jitcodes;
    std::vector<function_entry> functions;
    std::vector<driver_entry> drivers;

    program_image image;                   // of a loaded program: where undecoded jitcodes come from
    std::vector<uint64_t> jitcode_offsets; // in the image's blob

    const jitcode& code(uint32_t index); // decodes lazily; ends the process if the image is damaged there
    std::unique_ptr<jitcode> decode(uint32_t index) const; // null: damaged
    const function_entry* find_function(uint64_t address) const;
    // Makes functions[number] known to find_function. Of two functions with one address it finds the first.
    void index_function(uint32_t number);

private:
    void index_address(uint64_t address, uint32_t number);
    // Open addressing by the hash of addresses: a function's number plus one. A map would take as much time to fill as
    // all the rest of loading, and half a megabyte.
    std::vector<uint32_t> function_slots_;
    size_t indexed_addresses_ = 0;
};

// Field, array and size descriptors name their gc::type_info by symbol; call descriptors their thunk by symbol: the
// numbers below stand beside the descriptors while translating.
struct descr_symbols {
    uint32_t descr;
    uint32_t symbol;
};

std::vector<uint8_t> serialise(const program& p, const std::vector<descr_symbols>& type_or_thunk_symbols,
                               const std::vector<std::vector<uint32_t>>& pointer_relocations_per_jitcode);
// The image must outlive the program. Error (an image of another version, a damaged one): a null program and a message.
std::unique_ptr<program> load(const program_image& image, std::string& error);

} // namespace heddle::jit
