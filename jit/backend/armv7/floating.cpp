// Floating arithmetic and conversions: VFPv3. Comparisons are in guards.cpp.
#include "backend/armv7/trace_compiler.h"

namespace heddle::jit::armv7 {

bool trace_compiler::compile_floating(uint32_t position) {
    switch (op(position).op) {
    case opcode::float_add: compile_floating_binary(position, double_add); break;
    case opcode::float_sub: compile_floating_binary(position, double_subtract); break;
    case opcode::float_mul: compile_floating_binary(position, double_multiply); break;
    case opcode::float_div: compile_floating_binary(position, double_divide); break;
    case opcode::float_neg: compile_floating_unary(position, double_negate); break;
    case opcode::float_abs: compile_floating_unary(position, double_absolute); break;
    case opcode::float_sqrt: compile_floating_unary(position, double_square_root); break;
    case opcode::same_as_f: {
        value_ref v = arguments(position)[0];
        if (v.is_result() && registers_.dies(v) && registers_.take_over(position, v.index())) break;
        if (v.is_constant())
            emit_double_constant(vfp(registers_.define(position)), constant_word(v));
        else
            emit_move(location::in_register(registers_.define(position)), registers_.location_of(v.index()));
        break;
    }
    case opcode::int_to_float: {
        int from = general_register(arguments(position)[0]);
        int result = vfp(registers_.define(position));
        a_.move_to_single(vfp_low_single(d15), from);
        a_.double_from_int(result, vfp_low_single(d15));
        break;
    }
    case opcode::float_to_int: compile_float_to_int(position); break;
    default: return false;
    }
    return true;
}

void trace_compiler::compile_floating_binary(uint32_t position, uint32_t what) {
    int left = floating_register(arguments(position)[0]), right = floating_register(arguments(position)[1]);
    a_.floating(what, floating_result(position), left, right);
}

void trace_compiler::compile_floating_unary(uint32_t position, uint32_t what) {
    int from = floating_register(arguments(position)[0]);
    a_.floating(what, floating_result(position), 0, from);
}

// The machine's conversion saturates, and makes 0 of a NaN. What is too large, or no number, is the least integer here.
void trace_compiler::compile_float_to_int(uint32_t position) {
    constexpr uint32_t high_word_of_2_to_31 = 0x41e0'0000;
    int from = floating_register(arguments(position)[0]);
    int result = registers_.define(position);
    a_.move_constant(scratch, 0);
    a_.move_constant(ip, high_word_of_2_to_31);
    a_.move_to_double(vfp(d15), scratch, ip);
    a_.compare_doubles(from, vfp(d15));
    a_.int_from_double(vfp_low_single(d15), from);
    a_.move_from_single(result, vfp_low_single(d15));
    a_.move_constant(result, 0x8000'0000u, condition::pl); // not less, or unordered
}

} // namespace heddle::jit::armv7
