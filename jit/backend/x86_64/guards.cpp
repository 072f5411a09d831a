// Comparisons and guards.
//
// A guard is one or two conditional branches to its exit, which lies behind the trace: 'mov r11, guard; jmp
// exit_guard'. The exit is over five bytes long, and the branches have 32-bit displacements, so both can be turned
// towards a bridge later. Where the fail arguments are is noted when the branch is put out, and nothing is saved in the
// trace's path.
#include "backend/x86_64/trace_compiler.h"
#include "heddle/gc/jit_interface.h"
#include <cstring>
#include <utility>

namespace heddle::jit::x86_64 {

namespace {

condition negated(condition c) {
    c.code = x86::negateCond(c.code);
    if (c.parity != condition::ignored)
        c.parity = c.parity == condition::and_ordered ? condition::or_unordered : condition::and_ordered;
    return c;
}

CondCode integer_condition(opcode o) {
    switch (o) {
    case opcode::int_lt: return CondCode::kSignedLT;
    case opcode::int_le: return CondCode::kSignedLE;
    case opcode::int_gt: return CondCode::kSignedGT;
    case opcode::int_ge: return CondCode::kSignedGE;
    case opcode::uint_lt: return CondCode::kUnsignedLT;
    case opcode::uint_le: return CondCode::kUnsignedLE;
    case opcode::uint_gt: return CondCode::kUnsignedGT;
    case opcode::uint_ge: return CondCode::kUnsignedGE;
    case opcode::int_ne:
    case opcode::ptr_ne: return CondCode::kNotEqual;
    default: return CondCode::kEqual;
    }
}

} // namespace

// ---- comparisons
// ---------------------------------------------------------------------------------------------------------

void trace_compiler::compare_with_zero(value_ref v) {
    if (v.is_constant()) {
        Gp reg = general_register(v);
        a_.test(reg, reg);
        return;
    }
    Operand operand = general_operand(v);
    if (operand.isReg())
        a_.test(operand.as<Gp>(), operand.as<Gp>());
    else
        a_.cmp(operand.as<Mem>(), Imm(0));
}

condition trace_compiler::compare_integers(opcode o, value_ref left, value_ref right) {
    if (left.is_constant() && !right.is_constant()) {
        std::swap(left, right);
        o = with_arguments_swapped(o);
    }
    if (right.is_constant() && constant_bits(right) == 0) {
        compare_with_zero(left);
        return {integer_condition(o)};
    }
    if (left.is_constant()) { // both are
        Gp reg = general_register(left);
        a_.emit(x86::Inst::kIdCmp, reg, general_operand(right));
        return {integer_condition(o)};
    }
    Operand first = general_operand(left);
    Operand second = general_operand(right);
    if (first.isMem() && second.isMem()) first = gp(registers_.use(left.index()));
    a_.emit(x86::Inst::kIdCmp, first, second);
    return {integer_condition(o)};
}

// 'above' is false for unordered doubles, which is what gt and ge need; lt and le exchange their arguments.
condition trace_compiler::compare_floats(opcode o, value_ref left, value_ref right) {
    if (o == opcode::float_lt || o == opcode::float_le) std::swap(left, right);
    Xmm first = floating_register(left);
    a_.emit(x86::Inst::kIdUcomisd, first, floating_operand(right));
    switch (o) {
    case opcode::float_eq: return {CondCode::kEqual, condition::and_ordered};
    case opcode::float_ne: return {CondCode::kNotEqual, condition::or_unordered};
    case opcode::float_lt:
    case opcode::float_gt: return {CondCode::kUnsignedGT};
    default: return {CondCode::kUnsignedGE};
    }
}

condition trace_compiler::compile_comparison(uint32_t position) {
    opcode o = op(position).op;
    std::span<const value_ref> args = arguments(position);
    switch (o) {
    case opcode::int_is_zero:
    case opcode::ptr_is_null: compare_with_zero(args[0]); return {CondCode::kEqual};
    case opcode::int_is_true:
    case opcode::ptr_is_nonnull: compare_with_zero(args[0]); return {CondCode::kNotEqual};
    default: break;
    }
    if (o >= opcode::float_lt && o <= opcode::float_ge) return compare_floats(o, args[0], args[1]);
    return compare_integers(o, args[0], args[1]);
}

uint32_t trace_compiler::compile_comparison_and_guard(uint32_t position) {
    uint32_t guard = guard_fused_with(position);
    bool wanted = is_wanted_besides(position, guard);
    condition c = compile_comparison(position);
    if (wanted) set_result(position, c);
    if (wanted && c.parity != condition::ignored && guard != UINT32_MAX) {
        Gp result = gp(registers_.place_of(position).reg);
        a_.test(result, result);
        c = {CondCode::kNotEqual};
    }
    registers_.end_operation(position);
    if (guard == UINT32_MAX) return position + 1;
    for (uint32_t between = position + 1; between < guard; ++between) {
        if (logging_) log_operation(between);
        registers_.end_operation(between);
    }
    if (logging_) log_operation(guard);
    guard_holds_if(guard, op(guard).op == opcode::guard_true ? c : negated(c));
    registers_.end_operation(guard);
    return guard + 1;
}

// 1 or 0 from the condition codes, which stay unless parity matters.
void trace_compiler::set_result(uint32_t position, condition c) {
    Gp result = gp(registers_.define_reusing(position));
    a_.set(c.code, result.r8());
    if (c.parity != condition::ignored) {
        bool both = c.parity == condition::and_ordered;
        a_.set(both ? CondCode::kParityOdd : CondCode::kParityEven, scratch.r8());
        // These change the flags: a guard that follows must test the result instead.
        if (both)
            a_.and_(result.r8(), scratch.r8());
        else
            a_.or_(result.r8(), scratch.r8());
    }
    a_.movzx(result.r32(), result.r8());
}

// ---- guards
// --------------------------------------------------------------------------------------------------------------

trace_compiler::pending_guard& trace_compiler::add_guard(uint32_t position) {
    guard_data* data = op(position).guard;
    pending_guard g{};
    g.guard = data;
    g.exit = a_.newLabel();
    g.first_place = save_guard_places(*data);
    guards_.push_back(g);
    return guards_.back();
}

void trace_compiler::branch_to_exit(pending_guard& g, CondCode code) {
    a_.long_().j(code, g.exit);
    for (uint32_t& branch : g.branches) {
        if (branch) continue;
        branch = static_cast<uint32_t>(a_.offset());
        return;
    }
}

// Leaves the trace when the condition does not hold.
void trace_compiler::guard_holds_if(uint32_t position, condition c) {
    pending_guard& g = add_guard(position);
    condition fails = negated(c);
    if (fails.parity == condition::and_ordered) {
        Label holds = a_.newLabel();
        a_.j(CondCode::kParityEven, holds);
        branch_to_exit(g, fails.code);
        a_.bind(holds);
        return;
    }
    branch_to_exit(g, fails.code);
    if (fails.parity == condition::or_unordered) branch_to_exit(g, CondCode::kParityEven);
}

void trace_compiler::compile_constant_guard(uint32_t position, bool holds) {
    if (!holds) {
        pending_guard& g = add_guard(position);
        a_.long_().jmp(g.exit);
        g.branches[0] = static_cast<uint32_t>(a_.offset());
        return;
    }
    // Never leaves, but its guard_data gets an exit like any other.
    add_guard(position);
}

void trace_compiler::compare_type(const Gp& object, value_ref type) {
    if (!type.is_constant()) {
        fail("guard_class: the class must be a constant");
        return;
    }
    uint32_t id = reinterpret_cast<const gc::type_info*>(constant_bits(type))->id;
    a_.cmp(x86::dword_ptr(object, gc::jit_interface::type_id_offset), Imm(id));
}

void trace_compiler::compile_guard_value(uint32_t position) {
    value_ref v = arguments(position)[0], expected = arguments(position)[1];
    if (!expected.is_constant() || v.is_constant()) {
        if (v.is_constant() && expected.is_constant())
            compile_constant_guard(position, constant_bits(v) == constant_bits(expected));
        else
            fail("guard_value: the second argument must be a constant");
        return;
    }
    if (trace_->kind_of(v) == kind::floating) {
        a_.movq(scratch, floating_register(v));
        a_.cmp(scratch, literal_memory(constant_bits(expected), 0, 8));
        guard_holds_if(position, {CondCode::kEqual});
    } else {
        guard_holds_if(position, compare_integers(opcode::int_eq, v, expected));
    }
}

// Room for the jump to the exit that invalidate() writes.
void trace_compiler::compile_guard_not_invalidated(uint32_t position) {
    static constexpr uint8_t long_nop[invalidation_size] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
    pending_guard& g = add_guard(position);
    g.invalidation = static_cast<uint32_t>(a_.offset());
    a_.embed(long_nop, sizeof long_nop);
}

void trace_compiler::compile_guard(uint32_t position) {
    opcode o = op(position).op;
    std::span<const value_ref> args = arguments(position);
    switch (o) {
    case opcode::guard_true:
    case opcode::guard_nonnull:
    case opcode::guard_false:
    case opcode::guard_is_null: {
        bool wants_true = o == opcode::guard_true || o == opcode::guard_nonnull;
        if (args[0].is_constant()) {
            compile_constant_guard(position, (constant_bits(args[0]) != 0) == wants_true);
            return;
        }
        compare_with_zero(args[0]);
        guard_holds_if(position, {wants_true ? CondCode::kNotEqual : CondCode::kEqual});
        return;
    }
    case opcode::guard_value: compile_guard_value(position); return;
    case opcode::guard_class: {
        compare_type(general_register(args[0]), args[1]);
        guard_holds_if(position, {CondCode::kEqual});
        return;
    }
    case opcode::guard_nonnull_class: {
        Gp object = general_register(args[0]);
        pending_guard& g = add_guard(position);
        a_.test(object, object);
        branch_to_exit(g, CondCode::kZero);
        compare_type(object, args[1]);
        branch_to_exit(g, CondCode::kNotEqual);
        return;
    }
    case opcode::guard_no_overflow: guard_holds_if(position, {CondCode::kNotOverflow}); return;
    case opcode::guard_overflow: guard_holds_if(position, {CondCode::kOverflow}); return;
    case opcode::guard_not_invalidated: compile_guard_not_invalidated(position); return;
    case opcode::guard_no_break: compile_guard_no_break(position); return;
    case opcode::guard_always_fails: compile_constant_guard(position, false); return;
    default: fail(std::string(info(o).name) + " is not supported by the x86_64 backend yet");
    }
}

void trace_compiler::emit_guard_exits() {
    if (logging_ && !guards_.empty()) a_.comment("; guard exits");
    for (pending_guard& g : guards_) {
        a_.bind(g.exit);
        g.exit_offset = static_cast<uint32_t>(a_.offset());
        if (g.guard->continues_at) {
            continue_at(*g.guard->continues_at, g);
            continue;
        }
        uint64_t address = reinterpret_cast<uint64_t>(g.guard);
        if (address <= 0xffff'ffffu)
            a_.mov(scratch.r32(), Imm(static_cast<uint32_t>(address)));
        else
            a_.mov(scratch, Imm(address));
        jump_to(context_.code.exit_guard);
    }
}

// The guard's fail arguments to the places of the label's arguments, and there.
void trace_compiler::continue_at(const target_token& target, const pending_guard& g) {
    size_t count = g.guard->fail_arguments.size();
    if (!target.address || target.locations.size() != count) {
        fail("a guard continues at a label that has no machine code or other arguments");
        return;
    }
    leave_vectors();
    unsigned lanes = std::exchange(lanes_, 0); // what is moved from here on is no vector
    for (size_t i = 0; i < count; ++i) {
        place from = place::unpack(guard_places_[g.first_place + i]), to = place::unpack(target.locations[i]);
        location source = from.has_register() ? location::in_register(from.reg) : location::in_slot(from.slot);
        if (to.has_register()) moves_.add(location::in_register(to.reg), source);
        if (to.has_slot() && to.slot != from.slot) moves_.add(location::in_slot(to.slot), source);
    }
    if (target.frame_size > entry_frame_size_)
        a_.lea(x86::rsp, x86::ptr(x86::rbp, -static_cast<int32_t>(target.frame_size)));
    moves_.emit(*this, xmm15);
    lanes_ = lanes;
    jump_to(target.address);
}

} // namespace heddle::jit::x86_64
