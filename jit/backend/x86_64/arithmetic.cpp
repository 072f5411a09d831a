// Integer arithmetic, shifts, bit counts, conversions between integers and pointers.
#include "backend/x86_64/trace_compiler.h"
#include <bit>

namespace heddle::jit::x86_64 {

bool trace_compiler::compile_integer(uint32_t position) {
    namespace id = x86::Inst;
    switch (op(position).op) {
    case opcode::int_add:
    case opcode::ptr_add: compile_add(position, false); break;
    case opcode::int_sub: compile_add(position, true); break;
    case opcode::int_mul: compile_multiply(position, false); break;
    case opcode::int_div: compile_division(position, true, false); break;
    case opcode::int_mod: compile_division(position, true, true); break;
    case opcode::uint_div: compile_division(position, false, false); break;
    case opcode::uint_mod: compile_division(position, false, true); break;
    case opcode::uint_mul_high: compile_multiply_high(position); break;
    case opcode::int_and: compile_two_address(position, id::kIdAnd, true); break;
    case opcode::int_or: compile_two_address(position, id::kIdOr, true); break;
    case opcode::int_xor: compile_two_address(position, id::kIdXor, true); break;
    case opcode::int_shl: compile_shift(position, id::kIdShl, id::kIdShlx); break;
    case opcode::int_shr: compile_shift(position, id::kIdSar, id::kIdSarx); break;
    case opcode::uint_shr: compile_shift(position, id::kIdShr, id::kIdShrx); break;
    case opcode::int_neg: a_.neg(begin_general_result(position, arguments(position)[0])); break;
    case opcode::int_invert: a_.not_(begin_general_result(position, arguments(position)[0])); break;
    case opcode::int_sign_extend: compile_extension(position, true); break;
    case opcode::int_zero_extend: compile_extension(position, false); break;
    case opcode::int_count_ones:
    case opcode::int_leading_zeros:
    case opcode::int_trailing_zeros: compile_bit_count(position); break;
    case opcode::int_add_ovf: compile_two_address(position, id::kIdAdd, true); break;
    case opcode::int_sub_ovf: compile_two_address(position, id::kIdSub, false); break;
    case opcode::int_mul_ovf: compile_multiply(position, true); break;
    case opcode::ptr_to_int:
    case opcode::int_to_ptr:
    case opcode::same_as_i:
    case opcode::same_as_p: compile_copy(position); break;
    default: return false;
    }
    return true;
}

void trace_compiler::compile_copy(uint32_t position) { begin_general_result(position, arguments(position)[0]); }

// result = left op right, where the machine does left op= right.
void trace_compiler::compile_two_address(uint32_t position, instruction what, bool commutes) {
    value_ref left = arguments(position)[0], right = arguments(position)[1];
    if (commutes && (left.is_constant() || (!dies_in_register(left) && dies_in_register(right))))
        std::swap(left, right);
    Operand operand = general_operand(right);
    Gp result = begin_general_result(position, left);
    a_.emit(what, result, operand);
}

// Addition and subtraction without flags: lea when the left argument must survive.
void trace_compiler::compile_add(uint32_t position, bool subtract) {
    value_ref left = arguments(position)[0], right = arguments(position)[1];
    if (!subtract && left.is_constant()) std::swap(left, right);
    bool by_constant =
        is_small_constant(right) && (!subtract || constant_bits(right) != uint64_t(INT64_C(-0x80000000)));
    bool survives = left.is_result() && !registers_.dies(left) && registers_.place_of(left.index()).has_register();
    if (survives && by_constant) {
        int32_t amount = static_cast<int32_t>(constant_bits(right));
        Gp base = gp(registers_.use(left.index()));
        Gp result = gp(registers_.define(position));
        a_.lea(result, x86::ptr(base, subtract ? -amount : amount));
        return;
    }
    if (survives && !subtract && right.is_result() && registers_.place_of(right.index()).has_register() &&
        !registers_.dies(right)) {
        Gp base = gp(registers_.use(left.index())), index = gp(registers_.use(right.index()));
        Gp result = gp(registers_.define(position));
        a_.lea(result, x86::ptr(base, index));
        return;
    }
    compile_two_address(position, subtract ? x86::Inst::kIdSub : x86::Inst::kIdAdd, !subtract);
}

void trace_compiler::compile_multiply(uint32_t position, bool with_overflow) {
    value_ref left = arguments(position)[0], right = arguments(position)[1];
    if (left.is_constant()) std::swap(left, right);
    if (!is_small_constant(right) || left.is_constant()) {
        compile_two_address(position, x86::Inst::kIdImul, true);
        return;
    }
    int64_t factor = static_cast<int64_t>(constant_bits(right));
    Operand operand = general_operand(left);
    if (!with_overflow && factor > 0 && std::has_single_bit(static_cast<uint64_t>(factor))) {
        Gp result = begin_general_result(position, left);
        if (factor > 1) a_.shl(result, Imm(std::countr_zero(static_cast<uint64_t>(factor))));
        return;
    }
    Gp result = gp(registers_.define_reusing(position));
    if (!with_overflow && operand.isReg() && (factor == 3 || factor == 5 || factor == 9)) {
        Gp from = operand.as<Gp>();
        a_.lea(result,
               x86::ptr(from, from, static_cast<uint32_t>(std::countr_zero(static_cast<uint64_t>(factor - 1)))));
        return;
    }
    a_.emit(x86::Inst::kIdImul, result, operand, Imm(factor));
}

void trace_compiler::compile_shift(uint32_t position, instruction by_count, instruction by_register) {
    value_ref left = arguments(position)[0], count = arguments(position)[1];
    if (count.is_constant()) {
        Gp result = begin_general_result(position, left);
        a_.emit(by_count, result, Imm(static_cast<int64_t>(constant_bits(count) & 63)));
        return;
    }
    if (context_.features.bmi2) {
        Gp amount = general_register(count);
        Operand from = left.is_constant() ? Operand(general_register(left)) : general_operand(left);
        Gp result = gp(registers_.define_reusing(position));
        a_.emit(by_register, result, from, amount);
        return;
    }
    registers_.take(rcx, count.index());
    load_general(x86::rcx, count);
    Gp result = begin_general_result(position, left);
    a_.emit(by_count, result, x86::cl);
}

void trace_compiler::compile_division(uint32_t position, bool is_signed, bool remainder) {
    value_ref dividend = arguments(position)[0], divisor = arguments(position)[1];
    bool in_place = dies_in_register(dividend) && registers_.place_of(dividend.index()).reg == rax;
    registers_.take(rdx);
    registers_.take(rax, in_place ? dividend.index() : UINT32_MAX);
    load_general(x86::rax, dividend);
    Operand by = general_operand(divisor);
    if (by.isImm()) {
        load_constant(scratch, constant_bits(divisor));
        by = scratch;
    }
    if (is_signed) {
        a_.cqo();
        a_.emit(x86::Inst::kIdIdiv, x86::rdx, x86::rax, by);
    } else {
        a_.xor_(x86::edx, x86::edx);
        a_.emit(x86::Inst::kIdDiv, x86::rdx, x86::rax, by);
    }
    if (!remainder && in_place)
        registers_.take_over(position, dividend.index());
    else
        registers_.define_in_register(position, remainder ? rdx : rax);
}

void trace_compiler::compile_multiply_high(uint32_t position) {
    value_ref left = arguments(position)[0], right = arguments(position)[1];
    bool in_place = dies_in_register(left) && registers_.place_of(left.index()).reg == rax;
    registers_.take(rdx);
    registers_.take(rax, in_place ? left.index() : UINT32_MAX);
    load_general(x86::rax, left);
    Operand by = general_operand(right);
    if (by.isImm()) {
        load_constant(scratch, constant_bits(right));
        by = scratch;
    }
    a_.emit(x86::Inst::kIdMul, x86::rdx, x86::rax, by);
    registers_.define_in_register(position, rdx);
}

void trace_compiler::compile_extension(uint32_t position, bool is_signed) {
    value_ref v = arguments(position)[0], width = arguments(position)[1];
    if (!width.is_constant() || constant_bits(width) < 1 || constant_bits(width) > 63) {
        fail(std::string(info(op(position).op).name) + ": the width must be a constant from 1 to 63");
        return;
    }
    uint32_t bits = static_cast<uint32_t>(constant_bits(width));
    if (bits != 8 && bits != 16 && bits != 32) {
        Gp result = begin_general_result(position, v);
        a_.shl(result, Imm(64 - bits));
        if (is_signed)
            a_.sar(result, Imm(64 - bits));
        else
            a_.shr(result, Imm(64 - bits));
        return;
    }
    Gp from = general_register(v);
    Gp result = gp(registers_.define_reusing(position));
    if (bits == 32 && is_signed)
        a_.movsxd(result, from.r32());
    else if (bits == 32)
        a_.mov(result.r32(), from.r32());
    else if (bits == 16 && is_signed)
        a_.movsx(result, from.r16());
    else if (bits == 16)
        a_.movzx(result.r32(), from.r16());
    else if (is_signed)
        a_.movsx(result, from.r8());
    else
        a_.movzx(result.r32(), from.r8());
}

void trace_compiler::compile_bit_count(uint32_t position) {
    value_ref v = arguments(position)[0];
    opcode o = op(position).op;
    const cpu_features& has = context_.features;
    if (o == opcode::int_count_ones && !has.popcnt) {
        compile_count_ones_fallback(begin_general_result(position, v));
        return;
    }
    Gp from = general_register(v);
    Gp result = gp(registers_.define_reusing(position));
    if (o == opcode::int_count_ones) {
        a_.popcnt(result, from);
    } else if (o == opcode::int_leading_zeros) {
        if (has.lzcnt) {
            a_.lzcnt(result, from);
            return;
        }
        a_.mov(scratch.r32(), Imm(127)); // 127 ^ 63 = 64 for a zero
        a_.bsr(result, from);
        a_.cmovz(result, scratch);
        a_.xor_(result, Imm(63));
    } else if (has.tzcnt) {
        a_.tzcnt(result, from);
    } else {
        a_.mov(scratch.r32(), Imm(64));
        a_.bsf(result, from);
        a_.cmovz(result, scratch);
    }
}

// The classic: sums of pairs, of nibbles, of bytes, then all bytes by a multiplication.
void trace_compiler::compile_count_ones_fallback(const Gp& result) {
    Gp mask = gp(registers_.temporary(general_registers));
    a_.mov(scratch, result);
    a_.shr(scratch, Imm(1));
    load_constant(mask, 0x5555'5555'5555'5555u);
    a_.and_(scratch, mask);
    a_.sub(result, scratch);
    load_constant(mask, 0x3333'3333'3333'3333u);
    a_.mov(scratch, result);
    a_.shr(scratch, Imm(2));
    a_.and_(scratch, mask);
    a_.and_(result, mask);
    a_.add(result, scratch);
    a_.mov(scratch, result);
    a_.shr(scratch, Imm(4));
    a_.add(result, scratch);
    load_constant(mask, 0x0f0f'0f0f'0f0f'0f0fu);
    a_.and_(result, mask);
    load_constant(mask, 0x0101'0101'0101'0101u);
    a_.imul(result, mask);
    a_.shr(result, Imm(56));
}

} // namespace heddle::jit::x86_64
