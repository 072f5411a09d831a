// Comparisons and guards.
//
// A guard is one conditional branch to its exit, which lies behind the trace: 'ip = guard; b exit_guard'. Both the
// branch and the exit's first instruction can be overwritten by a branch to a bridge later: code memory is small enough
// for that. Where the fail arguments are is noted when the branch is put out, and nothing is saved in the trace's path.
#include "backend/armv7/trace_compiler.h"
#include "heddle/gc/jit_interface.h"

namespace heddle::jit::armv7 {

namespace {

condition integer_condition(opcode o) {
    switch (o) {
    case opcode::int_lt: return condition::lt;
    case opcode::int_le: return condition::le;
    case opcode::int_gt: return condition::gt;
    case opcode::int_ge: return condition::ge;
    case opcode::uint_lt: return condition::lo;
    case opcode::uint_le: return condition::ls;
    case opcode::uint_gt: return condition::hi;
    case opcode::uint_ge: return condition::hs;
    case opcode::int_ne:
    case opcode::ptr_ne: return condition::ne;
    default: return condition::eq;
    }
}

// After comparing doubles. All but 'ne' are false when they are unordered, and their negations true.
condition floating_condition(opcode o) {
    switch (o) {
    case opcode::float_lt: return condition::mi;
    case opcode::float_le: return condition::ls;
    case opcode::float_gt: return condition::gt;
    case opcode::float_ge: return condition::ge;
    case opcode::float_ne: return condition::ne;
    default: return condition::eq;
    }
}

} // namespace

// ---- comparisons

void trace_compiler::compare_with_zero(value_ref v) { a_.compare_constant(general_register(v), 0); }

condition trace_compiler::compare_integers(opcode o, value_ref left, value_ref right) {
    if (left.is_constant() && !right.is_constant()) {
        std::swap(left, right);
        o = with_arguments_swapped(o);
    }
    int first = general_register(left);
    if (right.is_constant())
        a_.compare_constant(first, constant_bits(right));
    else
        a_.compare(first, operand2::reg(general_register(right)));
    return integer_condition(o);
}

condition trace_compiler::compare_floats(opcode o, value_ref left, value_ref right) {
    int first = floating_register(left);
    if (right.is_constant() && constant_word(right) << 1 == 0)
        a_.compare_with_zero(first);
    else
        a_.compare_doubles(first, floating_register(right));
    return floating_condition(o);
}

condition trace_compiler::compile_comparison(uint32_t position) {
    opcode o = op(position).op;
    std::span<const value_ref> args = arguments(position);
    switch (o) {
    case opcode::int_is_zero:
    case opcode::ptr_is_null: compare_with_zero(args[0]); return condition::eq;
    case opcode::int_is_true:
    case opcode::ptr_is_nonnull: compare_with_zero(args[0]); return condition::ne;
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

// 1 or 0 from the condition codes, which stay.
void trace_compiler::set_result(uint32_t position, condition c) {
    int result = general_result(position);
    a_.move_constant(result, 0);
    a_.move_constant(result, 1, c);
}

// ---- guards

trace_compiler::pending_guard& trace_compiler::add_guard(uint32_t position) {
    guard_data* data = op(position).guard;
    pending_guard g{};
    g.guard = data;
    g.exit = a_.new_label();
    g.first_place = save_guard_places(*data);
    guards_.push_back(g);
    return guards_.back();
}

// Leaves the trace when the condition does not hold.
void trace_compiler::guard_holds_if(uint32_t position, condition c) {
    pending_guard& g = add_guard(position);
    g.branch = a_.offset();
    a_.branch(negated(c), g.exit);
}

void trace_compiler::compile_constant_guard(uint32_t position, bool holds) {
    // One that never leaves gets an exit like any other.
    pending_guard& g = add_guard(position);
    if (holds) return;
    g.branch = a_.offset();
    a_.branch(g.exit);
}

// A null pointer makes the first comparison say 'lower', which the rest turns into 'not equal' by doing nothing.
void trace_compiler::compile_guard_class(uint32_t position, bool may_be_null) {
    value_ref v = arguments(position)[0], type = arguments(position)[1];
    if (!type.is_constant()) {
        fail("guard_class: the class must be a constant");
        return;
    }
    auto class_info = reinterpret_cast<const gc::type_info*>(static_cast<uintptr_t>(constant_word(type)));
    int object = general_register(v);
    condition not_null = may_be_null ? condition::hs : condition::always;
    if (may_be_null) a_.compare_constant(object, 1);
    a_.load(load_kind::word, scratch, object, gc::jit_interface::type_id_offset, not_null);
    a_.compare_constant(scratch, class_info->id, not_null);
    guard_holds_if(position, condition::eq);
}

void trace_compiler::compile_guard_value(uint32_t position) {
    value_ref v = arguments(position)[0], expected = arguments(position)[1];
    if (!expected.is_constant() || v.is_constant()) {
        if (v.is_constant() && expected.is_constant())
            compile_constant_guard(position, constant_word(v) == constant_word(expected));
        else
            fail("guard_value: the second argument must be a constant");
        return;
    }
    if (trace_->kind_of(v) == kind::floating) { // by bits
        int low = registers_.temporary(general_registers), high = registers_.temporary(general_registers);
        a_.move_from_double(low, high, floating_register(v));
        a_.move_constant(scratch, static_cast<uint32_t>(constant_word(expected)));
        a_.compare(low, operand2::reg(scratch));
        a_.move_constant(scratch, static_cast<uint32_t>(constant_word(expected) >> 32));
        a_.compare(high, operand2::reg(scratch), condition::eq);
        guard_holds_if(position, condition::eq);
    } else {
        guard_holds_if(position, compare_integers(opcode::int_eq, v, expected));
    }
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
        guard_holds_if(position, wants_true ? condition::ne : condition::eq);
        return;
    }
    case opcode::guard_value: compile_guard_value(position); return;
    case opcode::guard_class: compile_guard_class(position, false); return;
    case opcode::guard_nonnull_class: compile_guard_class(position, true); return;
    case opcode::guard_no_overflow: guard_holds_if(position, negated(overflow_)); return;
    case opcode::guard_overflow: guard_holds_if(position, overflow_); return;
    case opcode::guard_not_invalidated: {
        pending_guard& g = add_guard(position);
        g.invalidation = a_.offset();
        a_.nop();
        return;
    }
    case opcode::guard_always_fails: compile_constant_guard(position, false); return;
    default: fail(std::string(info(o).name) + " is not supported by the armv7 backend yet");
    }
}

void trace_compiler::emit_guard_exits() {
    if (logging_ && !guards_.empty()) comment("; guard exits");
    for (pending_guard& g : guards_) {
        a_.bind(g.exit);
        g.exit_offset = a_.offset();
        a_.move_constant(ip, address_bits(g.guard));
        a_.branch_to(context_.code.exit_guard);
    }
}

} // namespace heddle::jit::armv7
