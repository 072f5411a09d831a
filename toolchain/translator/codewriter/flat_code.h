// Flat code: a function on its way from LLVM IR to jitcode. A list of jitcode instructions over virtual registers and
// labels.
//
// lower_*.cpp make it from IR, registers.cpp assigns registers and finds what is live, assemble.cpp encodes it. It is
// not SSA: phi nodes have become moves, so a virtual register may be written in several places. A label stands for a
// position and is encoded as a 'live', because every branch target must be one.
#pragma once
#include "heddle/jit/jitcode.h"
#include <cstdint>
#include <string>
#include <vector>

namespace llvm {
class Constant;
class CallBase;
class Function;
} // namespace llvm

namespace heddle::translator::codewriter {

using jit::jitcode_op;
using jit::kind;

constexpr uint32_t no_value = UINT32_MAX;

// An operand: a virtual register or a constant. Pointer constants are LLVM constants (null included): symbols of the
// image.
struct flat_value {
    enum form : uint8_t { none, virtual_register, integer_constant, pointer_constant, floating_constant } what = none;
    kind type = kind::none;
    uint32_t number = no_value;             // virtual register
    uint64_t bits = 0;                      // integers, doubles by their bits
    const llvm::Constant* symbol = nullptr; // pointers; null is the null pointer

    bool is_register() const { return what == virtual_register; }
    bool is_constant() const { return what > virtual_register; }
    friend bool operator==(const flat_value&, const flat_value&) = default;

    static flat_value of_register(kind k, uint32_t n) { return {virtual_register, k, n, 0, nullptr}; }
    static flat_value of_integer(int64_t v) {
        return {integer_constant, kind::integer, no_value, static_cast<uint64_t>(v), nullptr};
    }
    static flat_value of_double(uint64_t bits) { return {floating_constant, kind::floating, no_value, bits, nullptr}; }
    static flat_value of_pointer(const llvm::Constant* symbol) {
        return {pointer_constant, kind::pointer, no_value, 0, symbol};
    }
};

using label = uint32_t;

struct flat_switch {
    std::vector<std::pair<int64_t, label>> cases;
};

// One instruction. Inputs are in the order of the operation's i p f * letters, a call's arguments last.
struct flat_instruction {
    enum form : uint8_t {
        operation,  // 'op'
        bind_label, // target[0] is here
        call        // of 'callee': call_inline or call_residual, decided when it is known which functions have jitcodes
    } what = operation;
    jitcode_op op = jitcode_op::code_live;
    bool dead = false;
    uint32_t first_input = 0, input_count = 0; // in flat_function::inputs
    flat_value result;                         // a register, or none
    uint32_t descr = no_value;
    int64_t number = 0; // 'n', 'g', 's' operands
    label target[2] = {no_value, no_value};
    const llvm::Function* callee = nullptr;
    const llvm::CallBase* indirect = nullptr; // of call_indirect: what it calls is described when the program is known
    uint32_t line = no_value; // index in flat_function::lines, when it differs from the instruction before
    uint32_t live = no_value; // filled by registers.cpp for 'live' and bind_label: index of the live entry
};

struct flat_function {
    std::string name;
    std::string argument_kinds;
    kind result = kind::none;
    int driver = -1;
    bool unroll_safe = false, contains_loop = false;
    jit::source_location location;
    std::vector<flat_instruction> code;
    std::vector<flat_value> inputs;
    std::vector<kind> register_kinds; // of virtual registers; the arguments are the first ones
    std::vector<flat_switch> switches;
    std::vector<jit::source_location> lines;
    uint32_t label_count = 0;

    flat_value new_register(kind k) {
        register_kinds.push_back(k);
        return flat_value::of_register(k, static_cast<uint32_t>(register_kinds.size() - 1));
    }
    label new_label() { return label_count++; }
    flat_value* inputs_of(const flat_instruction& i) { return inputs.data() + i.first_input; }
    const flat_value* inputs_of(const flat_instruction& i) const { return inputs.data() + i.first_input; }
};

// ---- registers.cpp
// --------------------------------------------------------------------------------------------------------- What
// assigning registers answers: the register of each virtual one within its kind's file, and the live entries.
struct register_assignment {
    std::vector<uint32_t> assigned; // per virtual register; no_value when it never appears
    uint32_t count[3] = {0, 0, 0};
    std::vector<jit::liveness> live; // distinct ones; flat_instruction::live points here
};
// Also marks instructions dead whose result nobody uses and moves that became copies to themselves.
register_assignment assign_registers(flat_function& f);

inline bool is_terminator(const flat_instruction& i) {
    if (i.what != flat_instruction::operation) return false;
    switch (i.op) {
    case jitcode_op::code_jump:
    case jitcode_op::code_branch:
    case jitcode_op::code_switch_int:
    case jitcode_op::code_unreachable:
    case jitcode_op::code_return_i:
    case jitcode_op::code_return_p:
    case jitcode_op::code_return_f:
    case jitcode_op::code_return_none: return true;
    default: return false;
    }
}
inline bool is_overflow_jump(jitcode_op op) {
    return op == jitcode_op::code_int_add_jump_if_ovf || op == jitcode_op::code_int_sub_jump_if_ovf ||
           op == jitcode_op::code_int_mul_jump_if_ovf;
}
inline bool is_move(jitcode_op op) {
    return op == jitcode_op::code_move_i || op == jitcode_op::code_move_p || op == jitcode_op::code_move_f;
}
// Calls, new objects and the like are needed for their effects; these are not when their result is unused.
bool has_effect(const flat_instruction& i);

} // namespace heddle::translator::codewriter
