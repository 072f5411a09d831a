// Integer arithmetic, shifts, bit counts, conversions between integers and pointers.
#include "backend/armv7/trace_compiler.h"
#include <bit>

namespace heddle::jit::armv7 {

bool trace_compiler::compile_integer(uint32_t position) {
    switch (op(position).op) {
    case opcode::int_add:
    case opcode::ptr_add: compile_binary(position, data_operation::add, true); break;
    case opcode::int_sub: compile_subtract(position, false); break;
    case opcode::int_mul: compile_multiply(position, false); break;
    case opcode::int_div: compile_division(position, true, false); break;
    case opcode::int_mod: compile_division(position, true, true); break;
    case opcode::uint_div: compile_division(position, false, false); break;
    case opcode::uint_mod: compile_division(position, false, true); break;
    case opcode::uint_mul_high: compile_multiply_high(position); break;
    case opcode::int_and: compile_binary(position, data_operation::bit_and, true); break;
    case opcode::int_or: compile_binary(position, data_operation::bit_or, true); break;
    case opcode::int_xor: compile_binary(position, data_operation::bit_xor, true); break;
    case opcode::int_shl: compile_shift(position, shift_kind::left); break;
    case opcode::int_shr: compile_shift(position, shift_kind::arithmetic_right); break;
    case opcode::uint_shr: compile_shift(position, shift_kind::right); break;
    case opcode::int_neg: {
        int from = general_register(arguments(position)[0]);
        a_.process_constant(data_operation::reverse_subtract, general_result(position), from, 0);
        break;
    }
    case opcode::int_invert: {
        int from = general_register(arguments(position)[0]);
        a_.process(data_operation::move_not, general_result(position), 0, operand2::reg(from));
        break;
    }
    case opcode::int_sign_extend: compile_extension(position, true); break;
    case opcode::int_zero_extend: compile_extension(position, false); break;
    case opcode::int_count_ones:
    case opcode::int_leading_zeros:
    case opcode::int_trailing_zeros: compile_bit_count(position); break;
    case opcode::int_add_ovf:
        compile_binary(position, data_operation::add, true, true);
        overflow_ = condition::vs;
        break;
    case opcode::int_sub_ovf:
        compile_subtract(position, true);
        overflow_ = condition::vs;
        break;
    case opcode::int_mul_ovf: compile_multiply(position, true); break;
    case opcode::ptr_to_int:
    case opcode::int_to_ptr:
    case opcode::same_as_i:
    case opcode::same_as_p: compile_copy(position); break;
    default: return false;
    }
    return true;
}

void trace_compiler::compile_copy(uint32_t position) {
    value_ref v = arguments(position)[0];
    if (v.is_result() && registers_.dies(v) && registers_.take_over(position, v.index())) return;
    load_general(registers_.define(position), v);
}

// result = left op right; a constant stands on the right where the operation commutes.
void trace_compiler::compile_binary(uint32_t position, data_operation what, bool commutes, bool set_flags) {
    value_ref left = arguments(position)[0], right = arguments(position)[1];
    if (commutes && left.is_constant()) std::swap(left, right);
    int first = general_register(left);
    if (right.is_constant()) {
        a_.process_constant(what, general_result(position), first, constant_bits(right), set_flags);
    } else {
        int second = general_register(right);
        a_.process(what, general_result(position), first, operand2::reg(second), set_flags);
    }
}

void trace_compiler::compile_subtract(uint32_t position, bool set_flags) {
    value_ref left = arguments(position)[0], right = arguments(position)[1];
    if (left.is_constant() && !right.is_constant()) {
        int second = general_register(right);
        a_.process_constant(data_operation::reverse_subtract, general_result(position), second, constant_bits(left),
                            set_flags);
        return;
    }
    compile_binary(position, data_operation::subtract, false, set_flags);
}

void trace_compiler::compile_multiply(uint32_t position, bool with_overflow) {
    value_ref left = arguments(position)[0], right = arguments(position)[1];
    if (left.is_constant()) std::swap(left, right);
    int first = general_register(left);
    if (right.is_constant() && !with_overflow) {
        uint32_t factor = constant_bits(right);
        if (std::has_single_bit(factor)) {
            a_.shift(shift_kind::left, general_result(position), first,
                     static_cast<uint32_t>(std::countr_zero(factor)));
            return;
        }
        if (std::has_single_bit(factor - 1)) {
            auto shift = static_cast<uint32_t>(std::countr_zero(factor - 1));
            a_.process(data_operation::add, general_result(position), first,
                       operand2::shifted(first, shift_kind::left, shift));
            return;
        }
    }
    int second = general_register(right);
    int result = general_result(position);
    if (!with_overflow) return a_.multiply(result, first, second);
    a_.signed_multiply_long(result, scratch, first, second);
    a_.compare(scratch, operand2::shifted(result, shift_kind::arithmetic_right, 31));
    overflow_ = condition::ne;
}

void trace_compiler::compile_multiply_high(uint32_t position) {
    int first = general_register(arguments(position)[0]), second = general_register(arguments(position)[1]);
    a_.unsigned_multiply_long(scratch, general_result(position), first, second);
}

// A register's low byte is a machine shift's count, up to 255.
void trace_compiler::compile_shift(uint32_t position, shift_kind how) {
    value_ref left = arguments(position)[0], count = arguments(position)[1];
    int from = general_register(left);
    if (count.is_constant()) {
        a_.shift(how, general_result(position), from, constant_bits(count) & 31);
        return;
    }
    int by = general_register(count);
    a_.process_constant(data_operation::bit_and, scratch, by, 31);
    a_.shift_by_register(how, general_result(position), from, scratch);
}

void trace_compiler::compile_division(uint32_t position, bool is_signed, bool remainder) {
    int dividend = general_register(arguments(position)[0]), divisor = general_register(arguments(position)[1]);
    int result = general_result(position);
    int quotient = remainder ? scratch : result;
    if (context_.features.divides) {
        a_.divide(is_signed, quotient, dividend, divisor);
    } else {
        a_.process_constant(data_operation::subtract, sp, sp, 8);
        store_general(dividend, sp, 0);
        store_general(divisor, sp, 4);
        a_.call_to(is_signed ? context_.code.divide : context_.code.divide_unsigned);
        a_.load_and_pop(quotient, 8);
    }
    if (remainder) a_.multiply_subtract(result, scratch, divisor, dividend);
}

void trace_compiler::compile_extension(uint32_t position, bool is_signed) {
    value_ref v = arguments(position)[0], width = arguments(position)[1];
    if (!width.is_constant() || constant_word(width) < 1 || constant_word(width) > 31) {
        fail(std::string(info(op(position).op).name) + ": the width must be a constant from 1 to 31");
        return;
    }
    int from = general_register(v);
    a_.extend(is_signed, general_result(position), from, constant_bits(width));
}

void trace_compiler::compile_bit_count(uint32_t position) {
    int from = general_register(arguments(position)[0]);
    opcode o = op(position).op;
    if (o == opcode::int_count_ones) {
        compile_count_ones(registers_.define(position), from);
        return;
    }
    int result = general_result(position);
    if (o == opcode::int_trailing_zeros) {
        a_.reverse_bits(result, from);
        from = result;
    }
    a_.count_leading_zeros(result, from);
}

// The classic: sums of pairs, of nibbles, of bytes, then all bytes by a multiplication.
void trace_compiler::compile_count_ones(int result, int from) {
    auto and_constant = [&](int to, operand2 shifted, int mask) {
        a_.process(data_operation::bit_and, to, mask, shifted);
    };
    a_.move_constant(ip, 0x5555'5555);
    and_constant(scratch, operand2::shifted(from, shift_kind::right, 1), ip);
    a_.process(data_operation::subtract, result, from, operand2::reg(scratch));
    a_.move_constant(ip, 0x3333'3333);
    and_constant(scratch, operand2::shifted(result, shift_kind::right, 2), ip);
    and_constant(result, operand2::reg(result), ip);
    a_.process(data_operation::add, result, result, operand2::reg(scratch));
    a_.process(data_operation::add, result, result, operand2::shifted(result, shift_kind::right, 4));
    a_.move_constant(ip, 0x0f0f'0f0f);
    and_constant(result, operand2::reg(result), ip);
    a_.move_constant(ip, 0x0101'0101);
    a_.multiply(result, result, ip);
    a_.shift(shift_kind::right, result, result, 24);
}

} // namespace heddle::jit::armv7
