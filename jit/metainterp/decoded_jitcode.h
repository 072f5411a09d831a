// A jitcode made ready for execution: the same words at the same positions, with operands rewritten.
//
// A frame's registers are one row: integers, then pointers, then floats; constants likewise. An operand is a number in
// the row of registers, or constant_operand | a number in the row of constants. Kind words of call arguments are 'kind'
// values. The operand of 'live' is an entry of 'live' here (one entry for each instruction). The result operand of
// call_inline is a register or no_register.
#pragma once
#include "heddle/jit/jitcode.h"
#include "heddle/jit/program.h"
#include <cstdint>
#include <memory>
#include <vector>

namespace heddle::jit {

struct decoded_jitcode {
    struct live_entry {
        uint32_t first, count;                  // in live_registers
        uint32_t result_register = no_register; // of the call that this 'live' directly follows
    };
    const jitcode* source = nullptr;
    std::vector<uint32_t> code;
    std::vector<word> constants;
    uint32_t register_count = 0;
    uint32_t base[3] = {0, 0, 0}; // first integer, pointer, float register
    std::vector<uint32_t> argument_registers;
    std::vector<live_entry> live;
    std::vector<uint32_t> live_registers;

    kind kind_of_register(uint32_t number) const {
        return number >= base[2] ? kind::floating : number >= base[1] ? kind::pointer : kind::integer;
    }
    const live_entry& live_at(uint32_t pc) const { return live[code[pc + 1]]; }
};

std::unique_ptr<decoded_jitcode> decode(const jitcode& source, program& prog);

// How a trace operation lies in jitcode: opcode, arguments, descriptor?, result?.
struct operation_layout {
    uint8_t arguments = 0, words = 0;
    bool has_descr = false, has_result = false, is_pure = false;
    bool is_executable = false; // stands in jitcode
};
constexpr operation_layout layout_of(std::string_view arguments, char result, uint32_t flags) {
    operation_layout layout;
    layout.arguments = static_cast<uint8_t>(arguments.size());
    layout.has_descr = flags & DESCR;
    layout.has_result = result != 'v';
    layout.is_pure = flags & PURE;
    layout.is_executable = !(flags & (CALL | GUARD | CONTROL));
    layout.words =
        static_cast<uint8_t>(1 + layout.arguments + (layout.has_descr ? 1 : 0) + (layout.has_result ? 1 : 0));
    return layout;
}

inline constexpr operation_layout operation_layouts[static_cast<int>(opcode::count)] = {
#define OPERATION(name, arguments, result, flags) layout_of(arguments, result, flags),
#include "heddle/jit/operations.def"
#undef OPERATION
};

} // namespace heddle::jit
