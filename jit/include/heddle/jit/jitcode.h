// Jitcode: an interpreter function as the JIT reads it. Written by the translator's codewriter, executed by the
// meta-interpreter (which records a trace) and by the blackhole (which doesn't).
//
// A frame of a jitcode has three register files. An operand is a register number, or constant_bit | index into the
// jitcode's constants of that kind. Arguments arrive in registers 0, 1, ... of their kinds, in order.
#pragma once
#include "heddle/jit/trace.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::jit {

enum class jitcode_op : uint16_t {
// First the trace operations that exist in jitcode (numbered as in 'opcode'), then those of jitcode.def.
#define OPERATION(name, arguments, result, flags) name,
#include "heddle/jit/operations.def"
#undef OPERATION
    first_own = 255,
#define JITCODE(name, operands) code_##name,
#include "heddle/jit/jitcode.def"
#undef JITCODE
    count
};

constexpr uint32_t constant_operand = 0x8000'0000u;
constexpr uint32_t no_register = 0xffff'ffffu;

struct source_location {
    uint32_t file = 0;
    uint32_t line = 0;
}; // file: index in program::files

struct switch_table {
    std::vector<std::pair<int64_t, uint32_t>> cases; // sorted by value
    uint32_t target(int64_t value, uint32_t otherwise) const {
        size_t low = 0, high = cases.size();
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (cases[middle].first < value)
                low = middle + 1;
            else
                high = middle;
        }
        return low < cases.size() && cases[low].first == value ? cases[low].second : otherwise;
    }
};

// Registers that hold a value needed later, per kind, ascending.
struct liveness {
    std::vector<uint16_t> integers, pointers, floats;
};

struct jitcode {
    std::string name; // demangled, for people
    uint32_t index = 0;
    source_location location;
    std::string argument_kinds; // letters
    kind result = kind::none;
    uint32_t register_count[3] = {0, 0, 0}; // integers, pointers, floats
    std::vector<uint32_t> code;
    std::vector<word> constants[3]; // pointers: final addresses (relocated at load)
    std::vector<switch_table> switches;
    std::vector<liveness> live;
    std::vector<std::pair<uint32_t, source_location>> lines; // (position, location), ascending; for logs
    int driver = -1;                                         // the portal's driver index; -1 otherwise
    bool unroll_safe = false, contains_loop = false;
};

// Operand letters of an instruction, e.g. "iiI" for int_add, "pdV" for getfield, "p*d" for setfield; empty and
// is_jitcode_op false for the trace operations that jitcode does not have (guards, calls, int_add_ovf, ...).
bool is_jitcode_op(jitcode_op op);
std::string_view operand_letters(jitcode_op op);
std::string_view jitcode_op_name(jitcode_op op); // "live", "int_add"; "?" when it is no jitcode operation
uint32_t next_instruction(const jitcode& code, uint32_t position);

// Text form, one instruction a line; parse_jitcodes reads it back (tests write jitcodes with it; names of descriptors,
// jitcodes, drivers and functions are resolved through the program given). The syntax is in
// metainterp/jitcode_text.cpp.
std::string dump(const jitcode& code, const struct program& program);

// Appends the jitcodes of the text to the program, in order (they may name each other). 'pointers' gives the values of
// pointer constants written &{name}; functions of the program are found by name too. Error: false, "line 3: ..." in
// 'error'.
struct jitcode_parser_tables {
    std::vector<std::pair<std::string, word>> pointers;
};
bool parse_jitcodes(std::string_view text, const jitcode_parser_tables& tables, struct program& program,
                    std::string& error);

// Checks what the meta-interpreter relies on: operands in range, positions that are instructions, a 'live' at each
// branch target, after each call and before each instruction that guards and is executed again when the guard fails
// (switch_int, promote_*, load_vtable, is_instance, is_exact_instance, call_indirect, conditional_call, merge_point).
// Empty when all is well, else one line. The codewriter's tests and debug builds call it.
std::string verify(const jitcode& code, const struct program& program);

} // namespace heddle::jit
