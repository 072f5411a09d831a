// Floating arithmetic and conversions: SSE2, two-address. Comparisons are in guards.cpp.
#include "backend/x86_64/trace_compiler.h"

namespace heddle::jit::x86_64 {

bool trace_compiler::compile_floating(uint32_t position) {
    namespace id = x86::Inst;
    switch (op(position).op) {
    case opcode::float_add: compile_floating_two_address(position, id::kIdAddsd, true); break;
    case opcode::float_sub: compile_floating_two_address(position, id::kIdSubsd, false); break;
    case opcode::float_mul: compile_floating_two_address(position, id::kIdMulsd, true); break;
    case opcode::float_div: compile_floating_two_address(position, id::kIdDivsd, false); break;
    case opcode::float_neg: compile_sign_operation(position, id::kIdXorps, uint64_t{1} << 63); break;
    case opcode::float_abs: compile_sign_operation(position, id::kIdAndps, ~(uint64_t{1} << 63)); break;
    case opcode::same_as_f: begin_floating_result(position, arguments(position)[0]); break;
    case opcode::float_sqrt:
    case opcode::int_to_float:
    case opcode::float_to_int:
    case opcode::float_to_bits:
    case opcode::bits_to_float: compile_conversion(position); break;
    default: return false;
    }
    return true;
}

void trace_compiler::compile_floating_two_address(uint32_t position, instruction what, bool commutes) {
    value_ref left = arguments(position)[0], right = arguments(position)[1];
    if (commutes && (left.is_constant() || (!dies_in_register(left) && dies_in_register(right))))
        std::swap(left, right);
    Operand operand = floating_operand(right);
    Xmm result = begin_floating_result(position, left);
    a_.emit(what, result, operand);
}

void trace_compiler::compile_sign_operation(uint32_t position, instruction what, uint64_t mask) {
    Xmm result = begin_floating_result(position, arguments(position)[0]);
    a_.emit(what, result, literal_memory(mask, mask, 16));
}

void trace_compiler::compile_conversion(uint32_t position) {
    value_ref v = arguments(position)[0];
    opcode o = op(position).op;
    if (o == opcode::float_sqrt) {
        Operand from = floating_operand(v);
        a_.emit(x86::Inst::kIdSqrtsd, xmm(registers_.define_reusing(position)), from);
    } else if (o == opcode::int_to_float) {
        Operand from = v.is_constant() ? Operand(general_register(v)) : general_operand(v);
        Xmm result = xmm(registers_.define(position));
        a_.xorps(result, result); // cvtsi2sd keeps the upper half: don't wait for what was there
        a_.emit(x86::Inst::kIdCvtsi2sd, result, from);
    } else if (o == opcode::float_to_int) {
        Operand from = floating_operand(v);
        a_.emit(x86::Inst::kIdCvttsd2si, gp(registers_.define(position)), from);
    } else if (o == opcode::float_to_bits) {
        Xmm from = floating_register(v);
        a_.movq(gp(registers_.define(position)), from);
    } else {
        Gp from = general_register(v);
        a_.movq(xmm(registers_.define(position)), from);
    }
}

} // namespace heddle::jit::x86_64
