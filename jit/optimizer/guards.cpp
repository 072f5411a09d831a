// Guards: those that are known to hold go; a stronger one may take an earlier one's place; and what a guard that held
// tells.
//
// An earlier guard_nonnull or guard_class may become guard_nonnull_class, or guard_value, of the same object: the
// object's class and identity don't change in between, and leaving the trace earlier is always allowed. A guard that is
// known to fail makes the whole trace useless: optimise answers false.
#include "ir/slots.h"
#include "optimizer/walk.h"

namespace heddle::jit {

namespace {

// Puts a stronger check where x's earlier one was emitted. False when there's none.
bool strengthen(walk& w, value_id x, opcode op, value_id second) {
    uint32_t index = w.at(x).check;
    if (index == none) return false;
    step& earlier = w.emitted[index].what;
    earlier.op = op;
    earlier.first = static_cast<uint32_t>(w.pool.size());
    earlier.count = 2;
    w.pool.push_back(w.find(x));
    w.pool.push_back(second);
    return true;
}

void learn_class(walk& w, value_id x, const gc::type_info* type) {
    value& v = w.at(x);
    v.nonnull = true;
    v.exact_class = type;
}

const gc::type_info* class_argument(walk& w, const step& s) {
    word bits = 0;
    w.is_constant(w.argument(s, 1), bits);
    return reinterpret_cast<const gc::type_info*>(bits);
}

bool guard_class(walk& w, step& s) {
    value_id x = w.argument(s, 0);
    const gc::type_info *wanted = class_argument(w, s), *known = w.class_of(x);
    if (known) return known == wanted || w.contradiction("a guard_class on an object known to be of another class");
    word bits;
    if (w.is_constant(x, bits) && bits == 0) return w.contradiction("a guard_class on null");
    if (w.at(x).check != none && w.emitted[w.at(x).check].what.op == opcode::guard_nonnull) {
        value_id type = w.argument(s, 1);
        strengthen(w, x, opcode::guard_nonnull_class, type);
        learn_class(w, x, wanted);
        return true;
    }
    if (s.op == opcode::guard_nonnull_class && w.is_nonnull(x)) s.op = opcode::guard_class;
    return false;
}

bool guard_nonnull(walk& w, step& s) {
    value_id x = w.argument(s, 0);
    word bits;
    if (w.is_constant(x, bits)) return bits != 0 || w.contradiction("a guard_nonnull on null");
    return w.is_nonnull(x);
}

bool guard_is_null(walk& w, step& s) {
    value_id x = w.argument(s, 0);
    word bits;
    if (w.is_constant(x, bits)) return bits == 0 || w.contradiction("a guard_is_null on an object");
    if (w.is_nonnull(x)) return w.contradiction("a guard_is_null on a value known not to be null");
    return false;
}

bool guard_value(walk& w, step& s) {
    value_id x = w.argument(s, 0), wanted = w.argument(s, 1);
    word known, bits = 0;
    w.is_constant(wanted, bits);
    if (w.is_constant(x, known)) return known == bits || w.contradiction("a guard_value on another constant");
    if (w.values[x].type == kind::integer) {
        if (!w.facts(x).contains(static_cast<int64_t>(bits)))
            return w.contradiction("a guard_value outside the known bounds");
        if (w.facts(x).fits_unsigned(1)) {
            s.op = bits ? opcode::guard_true : opcode::guard_false;
            s.count = 1;
        }
        return false;
    }
    if (w.values[x].type != kind::pointer || bits == 0) return false;
    const gc::type_info *class_known = w.class_of(x), *class_wanted = w.class_of(wanted);
    if (class_known && class_wanted && class_known != class_wanted)
        return w.contradiction("a guard_value of another class");
    const step* p = w.producer(x);
    if (p && p->op == opcode::load_class) {
        w.change(s, opcode::guard_class, {w.argument(*p, 0), wanted});
        if (!guard_class(w, s)) w.send(s, bounds_pass);
        w.become(x, wanted);
        return true;
    }
    if (w.values[x].check == none || !class_wanted) return false;
    strengthen(w, x, opcode::guard_value, wanted);
    w.become(x, wanted);
    return true;
}

bool guard_condition(walk& w, step& s) {
    bool wants_true = s.op == opcode::guard_true;
    value_id x = w.argument(s, 0);
    word bits;
    if (w.is_constant(x, bits))
        return (bits != 0) == wants_true || w.contradiction("a guard_true or guard_false on the other constant");
    // Known not to be 0, without more.
    if (value_id known = w.find_pure(opcode::int_is_true, nullptr, {&x, 1});
        known != no_value && w.is_constant(known, bits))
        return (bits != 0) == wants_true || w.contradiction("a guard_false on a value known not to be 0");
    const step* p = w.producer(x);
    if (!p) return false;
    // A guard on a test of one value becomes a guard on the value; the test's result is known all the same.
    value_id tested = w.argument(*p, 0);
    bool done;
    if (p->op == opcode::int_is_zero || p->op == opcode::int_is_true) {
        bool wants_nonzero = (p->op == opcode::int_is_true) == wants_true;
        w.change(s, wants_nonzero ? opcode::guard_true : opcode::guard_false, {tested});
        done = guard_condition(w, s);
    } else if (p->op == opcode::ptr_is_null || p->op == opcode::ptr_is_nonnull) {
        bool wants_null = (p->op == opcode::ptr_is_null) == wants_true;
        w.change(s, wants_null ? opcode::guard_is_null : opcode::guard_nonnull, {tested});
        done = wants_null ? guard_is_null(w, s) : guard_nonnull(w, s);
    } else {
        return false;
    }
    if (!done) w.send(s, bounds_pass);
    w.become(x, w.constant_int(wants_true));
    return true;
}

// One is enough until something may be written that code depends on. It must stay in every round of a loop.
bool guard_not_invalidated(walk& w) {
    if (w.invalidation_guarded) return true;
    w.invalidation_guarded = true;
    return false;
}

} // namespace

bool optimise_guards(walk& w, step& s) {
    switch (s.op) {
    case opcode::guard_true:
    case opcode::guard_false: return guard_condition(w, s);
    case opcode::guard_value: return guard_value(w, s);
    case opcode::guard_class:
    case opcode::guard_nonnull_class: return guard_class(w, s);
    case opcode::guard_nonnull: return guard_nonnull(w, s);
    case opcode::guard_is_null: return guard_is_null(w, s);
    case opcode::guard_not_invalidated: return guard_not_invalidated(w);
    case opcode::guard_no_break: return !w.input.options.transactions; // code for one thread
    case opcode::call:
        w.invalidation_guarded &= !static_cast<const call_descr*>(s.description)->effects.may_invalidate;
        return false;
    case opcode::call_may_force:
    case opcode::call_assembler: w.invalidation_guarded = false; return false;
    case opcode::record_exact_class:
        if (!w.at(w.argument(s, 0)).is_constant && !w.is_virtual(w.argument(s, 0)))
            learn_class(w, w.argument(s, 0), class_argument(w, s));
        return true;
    default: return false;
    }
}

// The recorded constant must still be what the field holds; the trace depends on it. Done whatever passes run.
void walk::depend_on_field(const step& s) {
    const field_descr& field = *static_cast<const field_descr*>(s.description);
    word object = 0, seen = 0;
    if (!is_constant(argument(s, 0), object) || object == 0 || !is_constant(argument(s, 1), seen)) {
        contradiction("a quasi_immutable_field of what is no constant");
        return;
    }
    field_dependency dependency{object, &field};
    if (load_slot(field.shape, dependency.slot()) != seen) {
        contradiction("a quasi-immutable field that was written while it was traced");
        return;
    }
    for (const field_dependency& known : result.dependencies)
        if (known.slot() == dependency.slot()) return;
    result.dependencies.push_back(dependency);
}

void walk::become(value_id id, value_id constant_id) {
    id = find(id);
    if (id == constant_id || values[id].is_constant) return;
    resume_value_changes(values[id]);
    values[id].forward = constant_id;
}

void walk::learn_condition(value_id condition, bool is_true) {
    condition = find(condition);
    if (const step* p = producer(condition)) {
        opcode op = is_true ? p->op : negated(p->op);
        if (negated(p->op) != opcode::count) {
            value_id arguments[2] = {argument(*p, 0), p->count > 1 ? argument(*p, 1) : no_value};
            // The opposite comparison is known too.
            remember_pure(negated(p->op), nullptr, {arguments, p->count}, constant_int(!is_true));
            if (is_int_comparison(op)) learn_comparison(op, arguments[0], arguments[1]);
            if (op == opcode::ptr_eq && at(arguments[1]).is_constant) become(arguments[0], find(arguments[1]));
        } else if (p->op == opcode::int_and && is_true) {
            value_id left = argument(*p, 0), right = argument(*p, 1);
            if (facts(left).fits_unsigned(1) && facts(right).fits_unsigned(1)) {
                learn_condition(left, true);
                learn_condition(right, true);
            }
        } else if (p->op == opcode::int_or && !is_true) {
            value_id left = argument(*p, 0), right = argument(*p, 1);
            learn_condition(left, false);
            learn_condition(right, false);
        }
    }
    if (!is_true)
        become(condition, constant_int(0));
    else if (facts(condition).fits_unsigned(1))
        become(condition, constant_int(1));
    else {
        learn_comparison(opcode::int_is_true, condition, no_value);
        remember_pure(opcode::int_is_true, nullptr, {&condition, 1}, constant_int(1));
        remember_pure(opcode::int_is_zero, nullptr, {&condition, 1}, constant_int(0));
    }
}

void walk::learn_from_guard(const step& s, uint32_t index) {
    value_id x = s.count ? pool[s.first] : no_value;
    switch (s.op) {
    case opcode::guard_true: learn_condition(x, true); break;
    case opcode::guard_false: learn_condition(x, false); break;
    case opcode::guard_value: become(x, pool[s.first + 1]); break;
    case opcode::guard_is_null: become(x, constant_pointer(nullptr)); break;
    case opcode::guard_nonnull:
        values[x].nonnull = true;
        if (!(s.flags & resumes_elsewhere)) values[x].check = index;
        break;
    case opcode::guard_class:
    case opcode::guard_nonnull_class:
        learn_class(*this, x, class_argument(*this, s));
        if (!(s.flags & resumes_elsewhere)) values[x].check = index;
        break;
    case opcode::guard_no_overflow: {
        // The operation before it did not overflow: neither will the same one again, and it equals the plain one.
        const step& before = emitted[index - 1].what;
        value_id arguments[2] = {pool[before.first], pool[before.first + 1]};
        remember_pure(before.op, nullptr, arguments, before.result);
        opcode plain = before.op == opcode::int_add_ovf   ? opcode::int_add
                       : before.op == opcode::int_sub_ovf ? opcode::int_sub
                                                          : opcode::int_mul;
        remember_pure(plain, nullptr, arguments, before.result);
        break;
    }
    default: break;
    }
}

} // namespace heddle::jit
