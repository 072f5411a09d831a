// Vectors: four lanes are a ymm register and AVX2's three-operand instructions, two lanes an xmm register and SSE2's
// two-operand ones. Upper halves are cleared where a trace leaves its vectors (leave_vectors): the scalar code that
// goes on has SSE2's instructions. Arrays' items at an index plus a constant are here too.
#include "backend/x86_64/trace_compiler.h"
#include <bit>

namespace heddle::jit::x86_64 {

namespace id = x86::Inst;

namespace {

x86::Ymm ymm(const Xmm& same) { return x86::ymm(same.id()); }

} // namespace

// The widest vectors that the processor has.
unsigned vector_lanes(const cpu_features& features) { return features.avx2 ? 4 : 2; }

void trace_compiler::note_vector_lanes(const trace& t) {
    lanes_ = 0;
    for (const operation& o : t.operations) {
        if (o.op != opcode::vector_lanes) continue;
        value_ref count = t.arguments_of(o)[0];
        lanes_ = count.is_constant() ? static_cast<unsigned>(t.constants[count.index()].value) : 1;
        if (lanes_ != 2 && (lanes_ != 4 || !context_.features.avx2)) fail("vectors of this width are not supported");
    }
}

void trace_compiler::leave_vectors() {
    if (lanes_ == 4) a_.vzeroupper();
}

bool trace_compiler::compile_vector(uint32_t position) {
    switch (op(position).op) {
    case opcode::vector_lanes: break;
    case opcode::getarrayitem_at:
        load(position, static_cast<const array_descr*>(op(position).description)->shape, item_address_at(position));
        break;
    case opcode::setarrayitem_at:
        store(static_cast<const array_descr*>(op(position).description)->shape, item_address_at(position),
              arguments(position)[3]);
        break;
    case opcode::vector_load: {
        Mem from = item_address_at(position);
        move_vector(xmm(registers_.define(position)), from);
        break;
    }
    case opcode::vector_store: {
        Mem to = item_address_at(position);
        Xmm from = floating_register(arguments(position)[3]);
        if (lanes_ == 4)
            a_.vmovupd(to, ymm(from));
        else
            a_.movupd(to, from);
        break;
    }
    case opcode::vector_broadcast_i:
    case opcode::vector_broadcast_f: compile_broadcast(position); break;
    case opcode::vector_steps: compile_steps(position); break;
    case opcode::vector_extract_i:
    case opcode::vector_extract_f: compile_extract(position); break;
    case opcode::vector_float_add: compile_lanewise(position, id::kIdVaddpd, id::kIdAddpd, true); break;
    case opcode::vector_float_sub: compile_lanewise(position, id::kIdVsubpd, id::kIdSubpd, false); break;
    case opcode::vector_float_mul: compile_lanewise(position, id::kIdVmulpd, id::kIdMulpd, true); break;
    case opcode::vector_float_div: compile_lanewise(position, id::kIdVdivpd, id::kIdDivpd, false); break;
    case opcode::vector_float_neg: compile_vector_sign(position, id::kIdVxorpd, id::kIdXorpd, uint64_t{1} << 63); break;
    case opcode::vector_float_abs:
        compile_vector_sign(position, id::kIdVandpd, id::kIdAndpd, ~(uint64_t{1} << 63));
        break;
    case opcode::vector_float_sqrt: {
        Xmm from = floating_register(arguments(position)[0]), result = xmm(registers_.define_reusing(position));
        if (lanes_ == 4)
            a_.vsqrtpd(ymm(result), ymm(from));
        else
            a_.sqrtpd(result, from);
        break;
    }
    case opcode::vector_int_add: compile_lanewise(position, id::kIdVpaddq, id::kIdPaddq, true); break;
    case opcode::vector_int_sub: compile_lanewise(position, id::kIdVpsubq, id::kIdPsubq, false); break;
    case opcode::vector_int_mul: compile_vector_multiply(position); break;
    case opcode::vector_int_and: compile_lanewise(position, id::kIdVpand, id::kIdPand, true); break;
    case opcode::vector_int_or: compile_lanewise(position, id::kIdVpor, id::kIdPor, true); break;
    case opcode::vector_int_xor: compile_lanewise(position, id::kIdVpxor, id::kIdPxor, true); break;
    case opcode::vector_int_shl: compile_vector_shift(position, id::kIdVpsllq, id::kIdPsllq); break;
    case opcode::vector_int_shr:
    case opcode::vector_uint_shr: compile_vector_shift(position, id::kIdVpsrlq, id::kIdPsrlq); break;
    case opcode::vector_negative_lanes: {
        Xmm from = floating_register(arguments(position)[0]);
        Gp result = gp(registers_.define(position));
        if (lanes_ == 4)
            a_.vmovmskpd(result.r32(), ymm(from));
        else
            a_.movmskpd(result.r32(), from);
        break;
    }
    default: return false;
    }
    return true;
}

// ---- memory
// --------------------------------------------------------------------------------------------------------------

Mem trace_compiler::item_address_at(uint32_t position) {
    const array_descr& array = *static_cast<const array_descr*>(op(position).description);
    std::span<const value_ref> args = arguments(position);
    if (!args[2].is_constant()) {
        fail("an index's offset must be a constant");
        return x86::ptr(x86::rsp);
    }
    int64_t offset = static_cast<int64_t>(array.items_offset + constant_bits(args[2]) * array.shape.size);
    if (args[1].is_constant())
        return field_address(args[0], offset + static_cast<int64_t>(constant_bits(args[1]) * array.shape.size));
    if (offset != static_cast<int32_t>(offset)) fail("an index's offset is too large");
    Gp base = general_register(args[0]), by = general_register(args[1]);
    uint32_t shift = static_cast<uint32_t>(std::countr_zero(static_cast<uint32_t>(array.shape.size)));
    return x86::ptr(base, by, shift, static_cast<int32_t>(offset));
}

void trace_compiler::move_vector(const Xmm& to, const Operand& from) {
    if (lanes_ == 4)
        a_.emit(id::kIdVmovupd, ymm(to), from.isReg() ? Operand(ymm(from.as<Xmm>())) : from);
    else
        a_.emit(id::kIdMovupd, to, from);
}

// ---- making vectors and taking them apart
// ----------------------------------------------------------------------------------

// Every lane of 'to' gets these bits.
void trace_compiler::broadcast_constant(const Xmm& to, uint64_t bits) {
    if (lanes_ == 4)
        a_.vbroadcastsd(ymm(to), literal_memory(bits, 0, 8));
    else
        a_.movaps(to, literal_memory(bits, bits, 16));
}

void trace_compiler::broadcast_general(const Xmm& to, value_ref v) {
    if (v.is_constant()) {
        broadcast_constant(to, constant_bits(v));
    } else if (Gp from = general_register(v); lanes_ == 4) {
        a_.vmovq(to, from);
        a_.vpbroadcastq(ymm(to), to);
    } else {
        a_.movq(to, from);
        a_.punpcklqdq(to, to);
    }
}

void trace_compiler::compile_broadcast(uint32_t position) {
    value_ref v = arguments(position)[0];
    if (v.is_constant()) {
        broadcast_constant(xmm(registers_.define(position)), constant_bits(v));
    } else if (op(position).op == opcode::vector_broadcast_i) {
        general_register(v); // before the result
        broadcast_general(xmm(registers_.define(position)), v);
    } else {
        Xmm from = floating_register(v), result = xmm(registers_.define(position));
        if (lanes_ == 4) {
            a_.vbroadcastsd(ymm(result), from);
        } else {
            a_.movaps(result, from);
            a_.unpcklpd(result, result);
        }
    }
}

void trace_compiler::compile_steps(uint32_t position) {
    value_ref first = arguments(position)[0];
    uint64_t step = constant_bits(arguments(position)[1]);
    if (first.is_result()) general_register(first); // before the result
    Xmm result = xmm(registers_.define(position));
    broadcast_general(result, first);
    if (lanes_ == 4) {
        x86::Ymm steps = ymm(floating_scratch);
        a_.vmovaps(floating_scratch, literal_memory(0, step, 16));
        a_.vinserti128(steps, steps, literal_memory(2 * step, 3 * step, 16), 1);
        a_.vpaddq(ymm(result), ymm(result), steps);
    } else {
        a_.paddq(result, literal_memory(0, step, 16));
    }
}

void trace_compiler::compile_extract(uint32_t position) {
    Xmm from = floating_register(arguments(position)[0]);
    uint64_t lane = constant_bits(arguments(position)[1]);
    if (lane >= lanes_) {
        fail("a lane that the vector does not have");
        return;
    }
    bool floating = op(position).op == opcode::vector_extract_f, upper = lane & 1;
    Xmm half = from; // the 128 bits with the lane
    if (lane >= 2) {
        half = floating ? xmm(registers_.define(position)) : floating_scratch;
        a_.vextractf128(half, ymm(from), 1);
    }
    if (floating) {
        Xmm result = lane >= 2 ? half : xmm(registers_.define(position));
        if (lanes_ == 4 && upper)
            a_.vunpckhpd(result, half, half);
        else if (!(result == half))
            a_.emit(lanes_ == 4 ? id::kIdVmovaps : id::kIdMovaps, result, half);
        if (lanes_ == 2 && upper) a_.unpckhpd(result, result);
        return;
    }
    Gp result = gp(registers_.define(position));
    if (lanes_ == 4 && upper) {
        a_.vpextrq(result, half, 1);
    } else if (lanes_ == 4) {
        a_.vmovq(result, half);
    } else if (upper) {
        a_.pshufd(floating_scratch, half, 0xee);
        a_.movq(result, floating_scratch);
    } else {
        a_.movq(result, half);
    }
}

// ---- arithmetic
// ----------------------------------------------------------------------------------------------------------

void trace_compiler::compile_lanewise(uint32_t position, instruction wide, instruction narrow, bool commutes) {
    value_ref left = arguments(position)[0], right = arguments(position)[1];
    if (commutes && !dies_in_register(left) && dies_in_register(right)) std::swap(left, right);
    Xmm second = floating_register(right);
    if (lanes_ == 4) {
        Xmm first = floating_register(left), result = xmm(registers_.define_reusing(position));
        a_.emit(wide, ymm(result), ymm(first), ymm(second));
    } else {
        a_.emit(narrow, begin_floating_result(position, left), second);
    }
}

void trace_compiler::compile_vector_sign(uint32_t position, instruction wide, instruction narrow, uint64_t mask) {
    value_ref v = arguments(position)[0];
    if (lanes_ == 4) {
        Xmm from = floating_register(v), result = xmm(registers_.define_reusing(position));
        broadcast_constant(floating_scratch, mask);
        a_.emit(wide, ymm(result), ymm(from), ymm(floating_scratch));
    } else {
        a_.emit(narrow, begin_floating_result(position, v), literal_memory(mask, mask, 16));
    }
}

// There is no arithmetic shift of 64-bit lanes: the sign's bit, after a logical one, is spread by (x ^ m) - m.
void trace_compiler::compile_vector_shift(uint32_t position, instruction wide, instruction narrow) {
    value_ref v = arguments(position)[0];
    uint64_t count = constant_bits(arguments(position)[1]) & 63;
    bool arithmetic = op(position).op == opcode::vector_int_shr;
    Xmm result;
    if (lanes_ == 4) {
        Xmm from = floating_register(v);
        result = xmm(registers_.define_reusing(position));
        a_.emit(wide, ymm(result), ymm(from), Imm(count));
    } else {
        result = begin_floating_result(position, v);
        a_.emit(narrow, result, Imm(count));
    }
    if (!arithmetic || count == 0) return;
    broadcast_constant(floating_scratch, uint64_t{1} << (63 - count));
    if (lanes_ == 4) {
        a_.vpxor(ymm(result), ymm(result), ymm(floating_scratch));
        a_.vpsubq(ymm(result), ymm(result), ymm(floating_scratch));
    } else {
        a_.pxor(result, floating_scratch);
        a_.psubq(result, floating_scratch);
    }
}

// Products of halves: low * low + ((high * low + low * high) << 32).
void trace_compiler::compile_vector_multiply(uint32_t position) {
    Xmm left = floating_register(arguments(position)[0]), right = floating_register(arguments(position)[1]);
    Xmm result = xmm(registers_.define(position));
    const Xmm& other = floating_scratch;
    if (lanes_ == 4) {
        a_.vpsrlq(ymm(result), ymm(left), 32);
        a_.vpmuludq(ymm(result), ymm(result), ymm(right));
        a_.vpsrlq(ymm(other), ymm(right), 32);
        a_.vpmuludq(ymm(other), ymm(other), ymm(left));
        a_.vpaddq(ymm(result), ymm(result), ymm(other));
        a_.vpsllq(ymm(result), ymm(result), 32);
        a_.vpmuludq(ymm(other), ymm(left), ymm(right));
        a_.vpaddq(ymm(result), ymm(result), ymm(other));
        return;
    }
    a_.movaps(result, left);
    a_.psrlq(result, 32);
    a_.pmuludq(result, right);
    a_.movaps(other, right);
    a_.psrlq(other, 32);
    a_.pmuludq(other, left);
    a_.paddq(result, other);
    a_.psllq(result, 32);
    a_.movaps(other, left);
    a_.pmuludq(other, right);
    a_.paddq(result, other);
}

} // namespace heddle::jit::x86_64
