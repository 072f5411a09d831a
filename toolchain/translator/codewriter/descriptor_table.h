// The program's descriptors, made on demand from class layouts and LLVM types, each once.
#pragma once
#include "../class_layouts.h"
#include "heddle/jit/program.h"
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace llvm {
class Constant;
class GlobalVariable;
class Type;
} // namespace llvm

namespace heddle::translator::codewriter {

// The kind of a scalar type; none when jitcode has no such values (i128, float, vectors, structs).
jit::kind kind_of_type(const llvm::Type* type);
// The memory shape of a scalar type; size 0 when there is none.
jit::slot_shape shape_of_type(const llvm::Type* type, unsigned pointer_size);

// The addresses that the image's table holds: LLVM constants, numbered.
class symbol_table {
public:
    explicit symbol_table(jit::program& prog) : program_(prog) {}
    uint32_t number_of(const llvm::Constant* constant);
    uint64_t address_word(const llvm::Constant* constant) {
        return constant ? jit::symbol_bit | number_of(constant) : 0;
    }
    const std::vector<const llvm::Constant*>& constants() const { return constants_; }

private:
    jit::program& program_;
    std::unordered_map<const llvm::Constant*, uint32_t> numbers_;
    std::vector<const llvm::Constant*> constants_;
};

class descriptor_table {
public:
    descriptor_table(jit::program& prog, symbol_table& symbols, unsigned pointer_size)
        : program_(prog), symbols_(symbols), pointer_size_(pointer_size) {}

    // Each answers the index in program::descrs, or no_descr when the memory has no shape that the JIT knows.
    static constexpr uint32_t no_descr = UINT32_MAX;
    uint32_t field(const gc_field& f);
    uint32_t array(const array_shape& shape);
    uint32_t size(const gc_class& c);
    uint32_t raw(const llvm::Type* type);
    uint32_t global(const llvm::GlobalVariable& variable, int64_t offset, const llvm::Type* type);
    uint32_t constant_memory(
        const llvm::Type* type); // memory that never changes, outside the heap: a field at offset 0, immutable
    uint32_t call(const jit::call_descr& like, const llvm::Constant* thunk);

    jit::slot_shape shape(uint32_t descr) const; // of a field, array or raw descriptor

    const std::vector<jit::descr_symbols>& type_and_thunk_symbols() const { return descr_symbols_; }
    const std::vector<uint32_t>& raw_descrs() const { return raws_; }

private:
    template <class D> D& start(std::deque<D>& table, jit::descr_type type, std::string name);

    jit::program& program_;
    symbol_table& symbols_;
    const unsigned pointer_size_; // of the target
    std::vector<jit::descr_symbols> descr_symbols_;
    std::vector<uint32_t> raws_;
    std::unordered_map<const void*, uint32_t> fields_, arrays_, sizes_;
    std::map<std::pair<jit::kind, uint32_t>, uint32_t> raw_, constant_memory_;
    std::map<std::tuple<const llvm::GlobalVariable*, int64_t, jit::kind, uint32_t>, uint32_t> globals_;
    std::map<std::string, uint32_t> calls_;
};

} // namespace heddle::translator::codewriter
