// Lowering, part two: arithmetic. All integers are words in canonical form (kinds.h): an operation on a narrower type
// is the word operation and, where its result might not be canonical, a normalisation.
#include "lower.h"
#include <cmath>
#include <llvm/IR/Constants.h>

namespace heddle::translator::codewriter {

using jit::opcode;
using llvm::Instruction;

namespace {

unsigned bits_of(const llvm::Value* value) { return value->getType()->getIntegerBitWidth(); }
bool no_signed_wrap(const llvm::Value& value) {
    auto* op = llvm::dyn_cast<llvm::OverflowingBinaryOperator>(&value);
    return op && op->hasNoSignedWrap();
}

} // namespace

// Word 'value' as a canonical integer of 'bits' bits.
flat_value function_lowering::normalise(flat_value value, unsigned bits) {
    if (bits >= word_bits_) return value;
    if (bits == 1) return compute(opcode::int_and, {value, integer(1)});
    return compute(opcode::int_sign_extend, {value, integer(bits)});
}

flat_value function_lowering::zero_extend(flat_value value, unsigned bits) {
    if (bits >= word_bits_ || bits == 1) return value;
    if (value.is_constant()) return integer(static_cast<int64_t>(value.bits & ((uint64_t{1} << bits) - 1)));
    return compute(opcode::int_zero_extend, {value, integer(bits)});
}

void function_lowering::lower_instruction(Instruction& instruction) {
    if (auto* i = llvm::dyn_cast<llvm::BinaryOperator>(&instruction)) return lower_binary(*i);
    if (auto* i = llvm::dyn_cast<llvm::ICmpInst>(&instruction)) return lower_integer_compare(*i);
    if (auto* i = llvm::dyn_cast<llvm::FCmpInst>(&instruction)) return lower_float_compare(*i);
    if (auto* i = llvm::dyn_cast<llvm::CastInst>(&instruction)) return lower_cast(*i);
    if (auto* i = llvm::dyn_cast<llvm::LoadInst>(&instruction)) return lower_load(*i);
    if (auto* i = llvm::dyn_cast<llvm::StoreInst>(&instruction)) return lower_store(*i);
    if (auto* i = llvm::dyn_cast<llvm::CallBase>(&instruction)) return lower_call(*i);
    if (auto* i = llvm::dyn_cast<llvm::SelectInst>(&instruction)) return lower_select(*i);
    if (llvm::isa<llvm::GetElementPtrInst>(instruction)) return;       // computed where it is used
    if (auto* i = llvm::dyn_cast<llvm::UnaryOperator>(&instruction)) { // fneg
        if (!i->getType()->isDoubleTy()) return fail(instruction, "computes with a float or a vector; use double");
        return set(i, compute(opcode::float_neg, {get(i->getOperand(0))}, kind::floating));
    }
    if (auto* i = llvm::dyn_cast<llvm::FreezeInst>(&instruction)) {
        components parts;
        auto* structure = llvm::dyn_cast<llvm::StructType>(i->getType());
        for (unsigned c = 0; c < (structure ? structure->getNumElements() : 1); ++c)
            parts.push_back(get(i->getOperand(0), c));
        values_[i] = parts;
        return;
    }
    if (auto* i = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction)) {
        if (i->getNumIndices() != 1 || kind_of_type(i->getType()) == kind::none)
            return fail(instruction, "takes a part out of a nested structure");
        return set(i, get(i->getAggregateOperand(), i->getIndices()[0]));
    }
    if (auto* i = llvm::dyn_cast<llvm::InsertValueInst>(&instruction)) {
        auto* structure = llvm::dyn_cast<llvm::StructType>(i->getType());
        if (!structure || i->getNumIndices() != 1) return fail(instruction, "builds a nested structure");
        components parts;
        for (unsigned c = 0; c < structure->getNumElements(); ++c)
            parts.push_back(c == i->getIndices()[0] ? get(i->getInsertedValueOperand())
                                                    : get(i->getAggregateOperand(), c));
        values_[i] = parts;
        return;
    }
    if (auto* alloca = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) {
        std::string name = alloca->hasName() ? " '" + alloca->getName().str() + "'" : "";
        return fail(instruction, "takes the address of a local variable" + name + ", or keeps one that isn't a scalar");
    }
    if (llvm::isa<llvm::AtomicRMWInst, llvm::AtomicCmpXchgInst, llvm::FenceInst>(instruction))
        return fail(instruction, "uses atomic operations");
    fail(instruction, std::string("uses an instruction that traces don't have (") + instruction.getOpcodeName() + ")");
}

// ---- binary operations
// ------------------------------------------------------------------------------------------------------

void function_lowering::lower_binary(llvm::BinaryOperator& instruction) {
    kind k = kind_of_type(instruction.getType());
    if (k == kind::none)
        return fail(instruction,
                    "computes with floats, vectors or integers over 64 bits; use double and 64-bit integers");
    flat_value a = get(instruction.getOperand(0)), b = get(instruction.getOperand(1));
    if (failed()) return;
    if (k == kind::integer) {
        flat_value result = binary_integer(instruction, a, b);
        if (!failed()) set(&instruction, result);
        return;
    }
    switch (instruction.getOpcode()) {
    case Instruction::FAdd: return set(&instruction, compute(opcode::float_add, {a, b}, k));
    case Instruction::FSub: return set(&instruction, compute(opcode::float_sub, {a, b}, k));
    case Instruction::FMul: return set(&instruction, compute(opcode::float_mul, {a, b}, k));
    case Instruction::FDiv: return set(&instruction, compute(opcode::float_div, {a, b}, k));
    default: return fail(instruction, "uses a floating operation that traces don't have (frem); call fmod");
    }
}

flat_value function_lowering::binary_integer(llvm::BinaryOperator& instruction, flat_value a, flat_value b) {
    unsigned bits = bits_of(&instruction);
    bool canonical = no_signed_wrap(instruction) && bits != 1; // 'may assume' that the result fits
    auto finish = [&](flat_value word) { return canonical ? word : normalise(word, bits); };
    switch (instruction.getOpcode()) {
    case Instruction::Add:
        return bits == 1 ? compute(opcode::int_xor, {a, b}) : finish(compute(opcode::int_add, {a, b}));
    case Instruction::Sub:
        if (bits == 1) return compute(opcode::int_xor, {a, b});
        if (a == integer(0)) return finish(compute(opcode::int_neg, {b}));
        return finish(compute(opcode::int_sub, {a, b}));
    case Instruction::Mul:
        return bits == 1 ? compute(opcode::int_and, {a, b}) : finish(compute(opcode::int_mul, {a, b}));
    case Instruction::And: return compute(opcode::int_and, {a, b});
    case Instruction::Or: return compute(opcode::int_or, {a, b});
    case Instruction::Xor:
        if (bits == 1 && b == integer(1)) return compute(opcode::int_is_zero, {a});
        if (bits != 1 && b == integer(-1)) return compute(opcode::int_invert, {a});
        return compute(opcode::int_xor, {a, b});
    case Instruction::Shl: return bits == 1 ? a : finish(compute(opcode::int_shl, {a, b}));
    case Instruction::AShr: return bits == 1 ? a : compute(opcode::int_shr, {a, b});
    case Instruction::LShr: {
        if (bits == 1) return a;
        flat_value shifted = compute(opcode::uint_shr, {zero_extend(a, bits), b});
        bool positive = b.is_constant() && b.bits != 0;
        return positive ? shifted : normalise(shifted, bits);
    }
    case Instruction::SDiv: return compute(opcode::int_div, {a, b});
    case Instruction::SRem: return compute(opcode::int_mod, {a, b});
    case Instruction::UDiv:
        return normalise(compute(opcode::uint_div, {zero_extend(a, bits), zero_extend(b, bits)}), bits);
    case Instruction::URem:
        return normalise(compute(opcode::uint_mod, {zero_extend(a, bits), zero_extend(b, bits)}), bits);
    default: break;
    }
    fail(instruction, "uses an integer operation that traces don't have");
    return a;
}

// ---- comparisons
// ------------------------------------------------------------------------------------------------------------

void function_lowering::lower_integer_compare(llvm::ICmpInst& compare) {
    using predicate = llvm::CmpInst::Predicate;
    llvm::Type* type = compare.getOperand(0)->getType();
    kind k = kind_of_type(type);
    if (k == kind::none) return fail(compare, "compares vectors or integers over 64 bits");
    flat_value a = get(compare.getOperand(0)), b = get(compare.getOperand(1));
    if (failed()) return;
    predicate p = compare.getPredicate();
    flat_value null = flat_value::of_pointer(nullptr);
    if (k == kind::pointer) {
        if (p == predicate::ICMP_EQ || p == predicate::ICMP_NE) {
            bool equal = p == predicate::ICMP_EQ;
            if (a == null) std::swap(a, b);
            // A guard made from the branch resumes at the test: another one can then take its place (guards.cpp).
            if (b == null && compare.hasOneUse() && compare.getNextNonDebugInstruction() == *compare.user_begin())
                live();
            if (b == null) return set(&compare, compute(equal ? opcode::ptr_is_null : opcode::ptr_is_nonnull, {a}));
            return set(&compare, compute(equal ? opcode::ptr_eq : opcode::ptr_ne, {a, b}));
        }
        a = compute(opcode::ptr_to_int, {a});
        b = compute(opcode::ptr_to_int, {b});
    } else if (type->isIntegerTy(1)) {
        if (b == integer(0) && p == predicate::ICMP_NE) return set(&compare, a);
        if (b == integer(1) && p == predicate::ICMP_EQ) return set(&compare, a);
        // As a signed i1, 1 is -1: the order is the other way round.
        if (llvm::CmpInst::isSigned(p)) {
            std::swap(a, b);
            p = llvm::ICmpInst::getUnsignedPredicate(p);
        }
    }
    // Unsigned comparison of sign-extended words orders narrow values as it should.
    switch (p) {
    case predicate::ICMP_EQ:
        return set(&compare, b == integer(0) ? compute(opcode::int_is_zero, {a}) : compute(opcode::int_eq, {a, b}));
    case predicate::ICMP_NE:
        return set(&compare, b == integer(0) ? compute(opcode::int_is_true, {a}) : compute(opcode::int_ne, {a, b}));
    case predicate::ICMP_SLT: return set(&compare, compute(opcode::int_lt, {a, b}));
    case predicate::ICMP_SLE: return set(&compare, compute(opcode::int_le, {a, b}));
    case predicate::ICMP_SGT: return set(&compare, compute(opcode::int_gt, {a, b}));
    case predicate::ICMP_SGE: return set(&compare, compute(opcode::int_ge, {a, b}));
    case predicate::ICMP_ULT: return set(&compare, compute(opcode::uint_lt, {a, b}));
    case predicate::ICMP_ULE: return set(&compare, compute(opcode::uint_le, {a, b}));
    case predicate::ICMP_UGT: return set(&compare, compute(opcode::uint_gt, {a, b}));
    case predicate::ICMP_UGE: return set(&compare, compute(opcode::uint_ge, {a, b}));
    default: return fail(compare, "compares in a way that traces don't have");
    }
}

void function_lowering::lower_float_compare(llvm::FCmpInst& compare) {
    using predicate = llvm::CmpInst::Predicate;
    if (!compare.getOperand(0)->getType()->isDoubleTy()) return fail(compare, "compares floats or vectors; use double");
    flat_value a = get(compare.getOperand(0)), b = get(compare.getOperand(1));
    if (failed()) return;
    auto test = [&](opcode op) { return compute(op, {a, b}); };
    auto negated = [&](opcode op) { return compute(opcode::int_is_zero, {test(op)}); };
    auto ordered = [&] {
        return compute(opcode::int_and, {compute(opcode::float_eq, {a, a}), compute(opcode::float_eq, {b, b})});
    };
    auto different = [&] { return compute(opcode::int_or, {test(opcode::float_lt), test(opcode::float_gt)}); };
    switch (compare.getPredicate()) {
    case predicate::FCMP_FALSE: return set(&compare, integer(0));
    case predicate::FCMP_TRUE: return set(&compare, integer(1));
    case predicate::FCMP_OEQ: return set(&compare, test(opcode::float_eq));
    case predicate::FCMP_OGT: return set(&compare, test(opcode::float_gt));
    case predicate::FCMP_OGE: return set(&compare, test(opcode::float_ge));
    case predicate::FCMP_OLT: return set(&compare, test(opcode::float_lt));
    case predicate::FCMP_OLE: return set(&compare, test(opcode::float_le));
    case predicate::FCMP_ONE: return set(&compare, different());
    case predicate::FCMP_ORD: return set(&compare, ordered());
    case predicate::FCMP_UNO: return set(&compare, compute(opcode::int_is_zero, {ordered()}));
    case predicate::FCMP_UEQ: return set(&compare, compute(opcode::int_is_zero, {different()}));
    case predicate::FCMP_UGT: return set(&compare, negated(opcode::float_le));
    case predicate::FCMP_UGE: return set(&compare, negated(opcode::float_lt));
    case predicate::FCMP_ULT: return set(&compare, negated(opcode::float_ge));
    case predicate::FCMP_ULE: return set(&compare, negated(opcode::float_gt));
    case predicate::FCMP_UNE: return set(&compare, test(opcode::float_ne));
    default: return fail(compare, "compares in a way that traces don't have");
    }
}

// ---- casts
// ------------------------------------------------------------------------------------------------------------------

void function_lowering::lower_cast(llvm::CastInst& cast) {
    llvm::Value* operand = cast.getOperand(0);
    kind from = kind_of_type(operand->getType()), to = kind_of_type(cast.getType());
    if (from == kind::none || to == kind::none)
        return fail(cast,
                    "converts from or to a float, vector or integer over 64 bits; use double and 64-bit integers");
    if (cast.getOpcode() == Instruction::AddrSpaceCast) {
        if (!llvm::isa<llvm::GEPOperator>(operand) && !llvm::isa<llvm::Constant>(operand)) set(&cast, get(operand));
        return; // over a GEP: looked through where it is used
    }
    flat_value value = get(operand);
    if (failed()) return;
    switch (cast.getOpcode()) {
    case Instruction::BitCast:
        if (from == to) return set(&cast, value);
        if (from == kind::floating && to == kind::integer) return set(&cast, compute(opcode::float_to_bits, {value}));
        if (from == kind::integer && to == kind::floating)
            return set(&cast, compute(opcode::bits_to_float, {value}, kind::floating));
        break;
    case Instruction::PtrToInt: return set(&cast, normalise(compute(opcode::ptr_to_int, {value}), bits_of(&cast)));
    case Instruction::IntToPtr:
        return set(&cast, compute(opcode::int_to_ptr, {zero_extend(value, bits_of(operand))}, kind::pointer));
    case Instruction::SExt: return set(&cast, bits_of(operand) == 1 ? compute(opcode::int_neg, {value}) : value);
    case Instruction::ZExt: {
        bool non_negative = cast.hasNonNeg() && bits_of(operand) != 1;
        return set(&cast, non_negative ? value : zero_extend(value, bits_of(operand)));
    }
    case Instruction::Trunc: {
        bool fits = llvm::cast<llvm::TruncInst>(cast).hasNoSignedWrap() && bits_of(&cast) != 1;
        return set(&cast, fits ? value : normalise(value, bits_of(&cast)));
    }
    case Instruction::SIToFP:
        if (bits_of(operand) == 1) value = compute(opcode::int_neg, {value});
        return set(&cast, compute(opcode::int_to_float, {value}, kind::floating));
    case Instruction::UIToFP:
        if (bits_of(operand) == word_bits_) return set(&cast, unsigned_to_float(value));
        return set(&cast, compute(opcode::int_to_float, {zero_extend(value, bits_of(operand))}, kind::floating));
    case Instruction::FPToSI: return set(&cast, normalise(compute(opcode::float_to_int, {value}), bits_of(&cast)));
    case Instruction::FPToUI:
        if (bits_of(&cast) == word_bits_) return set(&cast, float_to_unsigned(value));
        return set(&cast, normalise(compute(opcode::float_to_int, {value}), bits_of(&cast)));
    default: break;
    }
    fail(cast, std::string("converts in a way that traces don't have (") + cast.getOpcodeName() + ")");
}

// A word with its top bit set is halved (the lost bit kept sticky), converted, doubled.
flat_value function_lowering::unsigned_to_float(flat_value word) {
    flat_value result = out_.new_register(kind::floating);
    label small = out_.new_label(), big = out_.new_label(), end = out_.new_label();
    branch(compute(opcode::int_ge, {word, integer(0)}), small, big);
    bind(small);
    emit(static_cast<jitcode_op>(opcode::int_to_float), {word}, result);
    jump(end);
    bind(big);
    flat_value half = compute(
        opcode::int_or, {compute(opcode::uint_shr, {word, integer(1)}), compute(opcode::int_and, {word, integer(1)})});
    flat_value converted = compute(opcode::int_to_float, {half}, kind::floating);
    emit(static_cast<jitcode_op>(opcode::float_add), {converted, converted}, result);
    jump(end);
    bind(end);
    return result;
}

flat_value function_lowering::float_to_unsigned(flat_value value) {
    flat_value result = out_.new_register(kind::integer);
    flat_value limit = flat_value::of_double(jit::double_to_word(std::ldexp(1.0, static_cast<int>(word_bits_) - 1)));
    label small = out_.new_label(), big = out_.new_label(), end = out_.new_label();
    branch(compute(opcode::float_lt, {value, limit}), small, big);
    bind(small);
    emit(static_cast<jitcode_op>(opcode::float_to_int), {value}, result);
    jump(end);
    bind(big);
    flat_value rest = compute(opcode::float_to_int, {compute(opcode::float_sub, {value, limit}, kind::floating)});
    emit(static_cast<jitcode_op>(opcode::int_xor), {rest, integer(INT64_MIN >> (64 - word_bits_))}, result);
    jump(end);
    bind(end);
    return result;
}

// ---- intrinsics that compute
// ------------------------------------------------------------------------------------------------

// The overflow operations where their flag isn't simply branched on, or where they are not signed and of the
// target's width.
void function_lowering::lower_overflow(llvm::WithOverflowInst& call) {
    unsigned bits = bits_of(call.getLHS());
    if (bits > 64 || bits == 1) return fail(call, "checks an overflow of integers over 64 bits");
    llvm::BranchInst* fused = nullptr;
    flat_value result = out_.new_register(kind::integer);
    if (bits == word_bits_ && call.isSigned() && overflow_feeds_branch(call, fused)) {
        values_[&call] = {result, integer(0)}; // the branch makes the operation
        fused_overflow_ = &call;
        return;
    }
    flat_value a = get(call.getLHS()), b = get(call.getRHS()), flag;
    if (failed()) return;
    auto op = call.getBinaryOp();
    opcode word_op = op == Instruction::Add   ? opcode::int_add
                     : op == Instruction::Sub ? opcode::int_sub
                                              : opcode::int_mul;
    auto emit_result = [&](opcode o, std::initializer_list<flat_value> in) {
        emit(static_cast<jitcode_op>(o), in, result);
    };
    if (bits < word_bits_ && call.isSigned()) {
        // The exact result fits into a word: compare it with its narrow form.
        flat_value exact = compute(word_op, {a, b});
        emit_result(opcode::int_sign_extend, {exact, integer(bits)});
        flag = compute(opcode::int_ne, {exact, result});
    } else if (bits < word_bits_) {
        flat_value exact = compute(word_op, {zero_extend(a, bits), zero_extend(b, bits)});
        emit_result(opcode::int_sign_extend, {exact, integer(bits)});
        flag = compute(opcode::int_ne, {compute(opcode::int_zero_extend, {exact, integer(bits)}), exact});
    } else if (!call.isSigned()) {
        emit_result(word_op, {a, b});
        if (op == Instruction::Add)
            flag = compute(opcode::uint_lt, {result, a});
        else if (op == Instruction::Sub)
            flag = compute(opcode::uint_lt, {a, b});
        else
            flag = compute(opcode::int_is_true, {compute(opcode::uint_mul_high, {a, b})});
    } else {
        flag = out_.new_register(kind::integer);
        label overflowed = out_.new_label(), fine = out_.new_label(), end = out_.new_label();
        jitcode_op jump_op = op == Instruction::Add   ? jitcode_op::code_int_add_jump_if_ovf
                             : op == Instruction::Sub ? jitcode_op::code_int_sub_jump_if_ovf
                                                      : jitcode_op::code_int_mul_jump_if_ovf;
        emit(jump_op, {a, b}, result).target[0] = overflowed;
        bind(fine);
        move(flag, integer(0));
        jump(end);
        bind(overflowed);
        emit_result(word_op, {a, b});
        move(flag, integer(1));
        jump(end);
        bind(end);
    }
    values_[&call] = {result, flag};
}

bool function_lowering::lower_arithmetic_intrinsic(llvm::IntrinsicInst& call) {
    using namespace llvm;
    if (auto* overflow = dyn_cast<WithOverflowInst>(&call)) return lower_overflow(*overflow), true;
    llvm::Type* type = call.getType();
    auto argument = [&](unsigned i) { return get(call.getArgOperand(i)); };
    Intrinsic::ID id = call.getIntrinsicID();
    if (type->isDoubleTy()) {
        switch (id) {
        case Intrinsic::fabs: return set(&call, compute(opcode::float_abs, {argument(0)}, kind::floating)), true;
        case Intrinsic::sqrt: return set(&call, compute(opcode::float_sqrt, {argument(0)}, kind::floating)), true;
        case Intrinsic::fmuladd: {
            flat_value product = compute(opcode::float_mul, {argument(0), argument(1)}, kind::floating);
            return set(&call, compute(opcode::float_add, {product, argument(2)}, kind::floating)), true;
        }
        case Intrinsic::copysign: {
            if (word_bits_ < 64) return call_libm(call, "copysign"), true; // no integer holds a double's bits
            flat_value size =
                compute(opcode::int_and, {compute(opcode::float_to_bits, {argument(0)}), integer(INT64_MAX)});
            flat_value sign =
                compute(opcode::int_and, {compute(opcode::float_to_bits, {argument(1)}), integer(INT64_MIN)});
            return set(&call, compute(opcode::bits_to_float, {compute(opcode::int_or, {size, sign})}, kind::floating)),
                   true;
        }
        case Intrinsic::floor: return call_libm(call, "floor"), true;
        case Intrinsic::ceil: return call_libm(call, "ceil"), true;
        case Intrinsic::trunc: return call_libm(call, "trunc"), true;
        case Intrinsic::round: return call_libm(call, "round"), true;
        case Intrinsic::rint: return call_libm(call, "rint"), true;
        case Intrinsic::nearbyint: return call_libm(call, "nearbyint"), true;
        case Intrinsic::roundeven: return call_libm(call, "roundeven"), true;
        case Intrinsic::sin: return call_libm(call, "sin"), true;
        case Intrinsic::cos: return call_libm(call, "cos"), true;
        case Intrinsic::exp: return call_libm(call, "exp"), true;
        case Intrinsic::exp2: return call_libm(call, "exp2"), true;
        case Intrinsic::log: return call_libm(call, "log"), true;
        case Intrinsic::log2: return call_libm(call, "log2"), true;
        case Intrinsic::log10: return call_libm(call, "log10"), true;
        case Intrinsic::pow: return call_libm(call, "pow"), true;
        case Intrinsic::fma: return call_libm(call, "fma"), true;
        case Intrinsic::maxnum: return call_libm(call, "fmax"), true;
        case Intrinsic::minnum: return call_libm(call, "fmin"), true;
        default: return false;
        }
    }
    if (kind_of_type(type) != kind::integer) return false;
    unsigned bits = type->getIntegerBitWidth();
    switch (id) {
    case Intrinsic::smin:
    case Intrinsic::smax:
    case Intrinsic::umin:
    case Intrinsic::umax: {
        // Without a branch: b ^ ((a ^ b) & -(a is the one)).
        flat_value a = argument(0), b = argument(1);
        opcode chooses_a = id == Intrinsic::smin   ? opcode::int_lt
                           : id == Intrinsic::smax ? opcode::int_gt
                           : id == Intrinsic::umin ? opcode::uint_lt
                                                   : opcode::uint_gt;
        flat_value mask = compute(opcode::int_neg, {compute(chooses_a, {a, b})});
        flat_value difference = compute(opcode::int_and, {compute(opcode::int_xor, {a, b}), mask});
        return set(&call, compute(opcode::int_xor, {b, difference})), true;
    }
    case Intrinsic::abs: {
        flat_value a = argument(0), sign = compute(opcode::int_shr, {a, integer(word_bits_ - 1)});
        return set(&call, normalise(compute(opcode::int_sub, {compute(opcode::int_xor, {a, sign}), sign}), bits)), true;
    }
    case Intrinsic::ctpop:
        return set(&call, normalise(compute(opcode::int_count_ones, {zero_extend(argument(0), bits)}), bits)), true;
    case Intrinsic::ctlz: {
        flat_value zeros = compute(opcode::int_leading_zeros, {zero_extend(argument(0), bits)});
        return set(&call, bits == word_bits_ ? zeros : compute(opcode::int_sub, {zeros, integer(word_bits_ - bits)})),
               true;
    }
    case Intrinsic::cttz: {
        flat_value a = argument(0);
        if (bits < word_bits_)
            a = compute(opcode::int_or, {a, integer(int64_t{1} << bits)}); // 0 has 'bits' trailing zeros
        return set(&call, compute(opcode::int_trailing_zeros, {a})), true;
    }
    case Intrinsic::bswap: {
        if (bits != 16 && bits != 32 && bits != 64) return false;
        flat_value word = zero_extend(argument(0), bits), swapped = integer(0);
        for (unsigned byte = 0; byte < bits / 8; ++byte) {
            flat_value one =
                compute(opcode::int_and, {compute(opcode::uint_shr, {word, integer(byte * 8)}), integer(0xff)});
            swapped = compute(opcode::int_or, {swapped, compute(opcode::int_shl, {one, integer(bits - 8 - byte * 8)})});
        }
        return set(&call, normalise(swapped, bits)), true;
    }
    case Intrinsic::fshl:
    case Intrinsic::fshr: {
        if (call.getArgOperand(0) != call.getArgOperand(1) || bits < 8 || (bits & (bits - 1)))
            return false; // rotations only
        flat_value word = zero_extend(argument(0), bits),
                   count = compute(opcode::int_and, {argument(2), integer(bits - 1)});
        flat_value other = compute(opcode::int_and, {compute(opcode::int_neg, {count}), integer(bits - 1)});
        if (id == Intrinsic::fshr) std::swap(count, other);
        flat_value rotated = compute(
            opcode::int_or, {compute(opcode::int_shl, {word, count}), compute(opcode::uint_shr, {word, other})});
        return set(&call, normalise(rotated, bits)), true;
    }
    case Intrinsic::is_constant: return set(&call, integer(0)), true;
    case Intrinsic::expect:
    case Intrinsic::expect_with_probability: return set(&call, argument(0)), true;
    default: return false;
    }
}

} // namespace heddle::translator::codewriter
