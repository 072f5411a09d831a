// heddle-python's instructions: opcodes, their encoding and their facts, all expanded from bytecodes.def.
//
// An instruction is one 32-bit word: opcode in the low 8 bits, unsigned operand in the high 24. Jump targets are
// absolute instruction indices. There is no EXTENDED_ARG: the compiler refuses code whose operands do not fit.
#pragma once

#include <cstdint>

namespace heddle::python {

enum class opcode : std::uint8_t {
#define HEDDLE_PYTHON_BYTECODE(name, operand, effect, jump_effect, description) name,
#include "bytecodes.def"
};

inline constexpr int opcode_count = 0
#define HEDDLE_PYTHON_BYTECODE(name, operand, effect, jump_effect, description) +1
#include "bytecodes.def"
    ;

// What an instruction's operand stands for.
enum class operand_kind : std::uint8_t {
    none,           // unused, 0
    count,          // a number of values or a distance from the top of the stack
    flag,           // 0 or 1
    constant,       // index into code_unit::constants
    name,           // index into code_unit::names
    slot,           // index into code_unit::slots
    target,         // instruction index
    format_flags,   // FORMAT_VALUE
    function_flags, // MAKE_FUNCTION: function_flag
    unpack,         // UNPACK_EX: items before the star in bits 0..11, after it in bits 12..23
};

// Bits of MAKE_FUNCTION's operand; the values are pushed in this order, below the code object.
enum function_flag : std::uint32_t {
    function_defaults = 1,    // tuple of the positional parameters' defaults
    function_kwdefaults = 2,  // dict of the keyword-only parameters' defaults
    function_annotations = 4, // tuple: name, value, name, value, ...
    function_closure = 8,     // tuple of cells
};

using instruction = std::uint32_t;

inline constexpr std::uint32_t max_operand = (1u << 24) - 1;

constexpr instruction make_instruction(opcode op, std::uint32_t operand) {
    return static_cast<std::uint32_t>(op) | operand << 8;
}
constexpr opcode opcode_of(instruction word) { return static_cast<opcode>(word & 0xff); }
constexpr std::uint32_t operand_of(instruction word) { return word >> 8; }

// Name of an opcode, e.g. "LOAD_FAST". Valid for every enumerator; "?" for any other value.
const char* opcode_name(opcode op);
operand_kind operand_kind_of(opcode op);

// Change of the stack's depth: falling through, or jumping to the operand.
int stack_effect(opcode op, std::uint32_t operand, bool jumps);

// True for the instructions after which execution never falls through to the next one.
constexpr bool never_falls_through(opcode op) {
    return op == opcode::JUMP_FORWARD || op == opcode::JUMP_BACKWARD || op == opcode::JUMP_BACKWARD_NO_INTERRUPT ||
           op == opcode::RETURN_VALUE || op == opcode::RAISE_VARARGS || op == opcode::RERAISE;
}

} // namespace heddle::python
