// Looks whether a loop can be run several iterations at a time. See vector_plan.h.
//
// Guards are strengthened (RPython's guard strengthening): a guard that compares a counter with something that doesn't
// change holds for all iterations of a round when it holds for the last one, or for the first, whichever is nearer to
// the bound. That needs counters which don't wrap around: those in use are checked to be far from the ends of the
// integers where the loop is entered, and no program runs long enough to get there from that.
#include "optimizer/vector_plan.h"
#include <algorithm>

namespace heddle::jit {

namespace {

constexpr uint32_t most_operations = 200; // of a body
constexpr int64_t most_offset = 1 << 20;  // of a counter, and its step
constexpr int64_t far_end = int64_t{1} << (trace_int_bits - 2);

bool constant_of(const trace& t, value_ref v, int64_t& value) {
    if (!v.is_constant()) return false;
    value = static_cast<int64_t>(t.constants[v.index()].value);
    return true;
}

bool is_add(opcode op) { return op == opcode::int_add || op == opcode::int_add_ovf; }
bool is_subtract(opcode op) { return op == opcode::int_sub || op == opcode::int_sub_ovf; }

// Items that arithmetic is done on; stores of others have barriers.
bool holds_numbers(const slot_shape& shape) { return shape.slot_kind != kind::pointer && !shape.is_reference; }
bool fills_a_lane(const slot_shape& shape) {
    return shape.size == 8 && (shape.slot_kind == kind::floating || trace_int_bits == 64);
}

// Products are checked by their factors' size.
bool can_check_in_vectors(const trace& t, const operation& o) {
    if (trace_int_bits != 64) return false;
    int64_t factor;
    for (value_ref v : t.arguments_of(o))
        if (o.op == opcode::int_mul_ovf && constant_of(t, v, factor) && factor != static_cast<int32_t>(factor))
            return false;
    return true;
}

bool may_trap(const trace& t, const operation& o) {
    int64_t divisor;
    switch (o.op) {
    case opcode::int_div:
    case opcode::int_mod:
    case opcode::uint_div:
    case opcode::uint_mod: return !constant_of(t, t.arguments_of(o)[1], divisor) || divisor == 0 || divisor == -1;
    default: return false;
    }
}

// Nothing of memory.
bool is_arithmetic(const trace& t, const operation& o) {
    if (!(info(o.op).flags & PURE) || (info(o.op).flags & DESCR) || o.result == kind::pointer) return false;
    for (value_ref v : t.arguments_of(o))
        if (t.kind_of(v) == kind::pointer) return false;
    return true;
}

} // namespace

// ---- a quick look
// --------------------------------------------------------------------------------------------------------

bool vector_plan::is_loop_with_items() {
    if (t_.operations.empty() || t_.operations.back().op != opcode::jump) return false;
    jump = static_cast<uint32_t>(t_.operations.size() - 1);
    bool items = false;
    for (label = jump; label-- > 0 && jump - label < most_operations;) {
        const operation& o = t_.operations[label];
        if (o.op == opcode::label) {
            label_arguments = t_.arguments_of(o);
            jump_arguments = t_.arguments_of(t_.operations[jump]);
            return items && o.description == t_.operations[jump].description;
        }
        uint32_t flags = info(o.op).flags;
        if ((flags & (CALL | ALLOCATES | VECTOR)) ||
            ((flags & WRITES) && o.op != opcode::setarrayitem && o.op != opcode::setfield))
            return false;
        items = items || o.op == opcode::getarrayitem || o.op == opcode::setarrayitem;
    }
    return false;
}

bool vector_plan::make(int64_t width) {
    width_ = width;
    values.assign(t_.operations.size(), {});
    steps_.assign(label_arguments.size(), 0);
    argument_positions_.assign(label, no_index);
    for (uint32_t i = 0; i < label_arguments.size(); ++i) argument_positions_[label_arguments[i].index()] = i;
    return find_counters() && classify() && order_accesses() && order_fields();
}

uint32_t vector_plan::argument_position(value_ref v) const {
    return v.is_result() && v.index() < label ? argument_positions_[v.index()] : no_index;
}

planned_value vector_plan::of(value_ref v) const {
    if (v.is_constant()) return {value_form::invariant};
    return values[v.index()];
}

bool vector_plan::are_invariant(const operation& o) const {
    for (value_ref v : t_.arguments_of(o))
        if (of(v).form != value_form::invariant) return false;
    return true;
}

// ---- counters
// ------------------------------------------------------------------------------------------------------------

// x + constant, x - constant, constant + x; or x + y with a label argument y, 'amount' then being 0.
bool vector_plan::is_counter_plus_constant(uint32_t position, value_ref& counter, int64_t& amount) const {
    const operation& o = t_.operations[position];
    if (!is_add(o.op) && !is_subtract(o.op)) return false;
    value_ref left = t_.arguments_of(o)[0], right = t_.arguments_of(o)[1];
    if (is_add(o.op) && left.is_constant()) std::swap(left, right);
    counter = left;
    if (!left.is_result() || !constant_of(t_, right, amount)) return false;
    if (is_subtract(o.op)) amount = -amount;
    return amount >= -most_offset && amount <= most_offset;
}

// First as if every integer argument were one; those stay for which the jump passes on themselves plus a constant.
bool vector_plan::find_counters() {
    for (uint32_t i = 0; i < label_arguments.size(); ++i) {
        planned_value& v = values[label_arguments[i].index()];
        if (jump_arguments[i] == label_arguments[i])
            v.form = value_form::invariant;
        else if (t_.kind_of(label_arguments[i]) == kind::integer)
            v = {value_form::counter, i};
    }
    for (uint32_t p = label + 1; p < jump; ++p) {
        value_ref from;
        int64_t amount;
        if (!is_counter_plus_constant(p, from, amount)) continue;
        const planned_value& base = values[from.index()];
        if (base.form == value_form::counter) values[p] = {value_form::counter, base.counter, base.offset + amount};
    }
    for (uint32_t i = 0; i < label_arguments.size(); ++i) {
        value_ref next = jump_arguments[i];
        if (values[label_arguments[i].index()].form != value_form::counter || !next.is_result() ||
            next.index() <= label)
            continue;
        const planned_value& passed = values[next.index()];
        const operation& o = t_.operations[next.index()];
        if (passed.form == value_form::counter && passed.counter == i) {
            steps_[i] = passed.offset;
        } else if (o.op == opcode::int_add) {
            // range() with a step that the trace doesn't know: it is 1.
            value_ref left = t_.arguments_of(o)[0], right = t_.arguments_of(o)[1];
            if (left != label_arguments[i]) std::swap(left, right);
            uint32_t by = argument_position(right);
            if (left != label_arguments[i] || by == no_index || jump_arguments[by] != right) continue;
            steps_[i] = 1;
            if (std::find(ones.begin(), ones.end(), by) == ones.end()) ones.push_back(by);
        }
    }
    bool any = false;
    for (uint32_t i = 0; i < label_arguments.size(); ++i) {
        if (steps_[i] > most_offset || steps_[i] < -most_offset) steps_[i] = 0;
        any = any || steps_[i];
        planned_value& v = values[label_arguments[i].index()];
        if (v.form == value_form::counter && !steps_[i]) v = {};
    }
    std::fill(values.begin() + label, values.end(), planned_value{});
    return any;
}

// ---- the body
// ------------------------------------------------------------------------------------------------------------

bool vector_plan::classify() {
    for (uint32_t p = label + 1; p < jump; ++p)
        if (!classify_operation(p)) return false;
    for (uint32_t i = 0; i < jump_arguments.size(); ++i)
        if (of(jump_arguments[i]).form == value_form::condition) return false;
    choose_vectors();
    return true;
}

bool vector_plan::classify_operation(uint32_t p) {
    const operation& o = t_.operations[p];
    if (o.op == opcode::debug_merge_point) return true;
    if (is_guard(o.op)) return classify_guard(p);
    if (o.op == opcode::getarrayitem || o.op == opcode::setarrayitem) return classify_access(p);
    if (o.op == opcode::setfield) return classify_field_store(p);
    uint32_t flags = info(o.op).flags;
    if (!(flags & PURE) && o.op != opcode::getfield) return false;
    if (may_trap(t_, o)) return false; // where it stands a guard may have been before it
    if (is_arithmetic(t_, o) && are_invariant(o)) {
        values[p].form = value_form::invariant;
        invariants.push_back(p);
        return true;
    }
    if (std::all_of(t_.arguments_of(o).begin(), t_.arguments_of(o).end(), [&](value_ref v) {
            return of(v).form == value_form::invariant || of(v).form == value_form::uniform;
        })) {
        values[p].form = value_form::uniform;
        uniforms.push_back(p);
        return true;
    }
    if (o.op == opcode::getfield) return false; // of another object in each iteration
    return classify_arithmetic(p);
}

bool vector_plan::classify_arithmetic(uint32_t p) {
    const operation& o = t_.operations[p];
    bool overflows = info(o.op).flags & OVERFLOW;
    value_ref from;
    int64_t amount;
    if (is_counter_plus_constant(p, from, amount) && of(from).form == value_form::counter) {
        planned_value base = of(from);
        base.offset += amount;
        if (base.offset < -most_offset || base.offset > most_offset) return false;
        values[p] = base;
        if (overflows) {
            bound_counter(base.counter, base.base);
            checked_counters.push_back(p);
        }
        return true;
    }
    uint32_t counter = no_index;
    if (is_add(o.op) && !overflows)
        for (uint32_t i = 0; i < jump_arguments.size(); ++i)
            if (jump_arguments[i] == value_ref::result(p) && steps_[i]) counter = i; // by a step that is 1
    if (counter != no_index) {
        values[p] = {value_form::counter, counter, 1};
        return true;
    }
    if (classify_sum_with_invariant(p)) return true;
    bool conditions = false, counters = false;
    for (value_ref v : t_.arguments_of(o)) {
        conditions = conditions || of(v).form == value_form::condition || t_.kind_of(v) == kind::pointer;
        counters = counters || of(v).form == value_form::counter;
    }
    if (conditions || (o.result != kind::integer && o.result != kind::floating)) return false;
    if (is_int_comparison(o.op) && counters) {
        values[p].form = value_form::condition; // its guard looks at it
        return true;
    }
    values[p].form = value_form::item;
    if (overflows) checked_items.push_back(p);
    bool sequential = overflows ? !can_check_in_vectors(t_, o) : vector_form_of(o.op) == opcode::count;
    for (value_ref v : t_.arguments_of(o)) {
        const planned_value a = of(v);
        sequential = sequential || a.form == value_form::other || (a.form == value_form::item && a.sequential);
    }
    std::string_view letters = info(o.op).arguments;
    bool shifts = o.op == opcode::int_shl || o.op == opcode::int_shr || o.op == opcode::uint_shr;
    if (shifts && (letters.size() != 2 || !t_.arguments_of(o)[1].is_constant())) sequential = true;
    values[p].sequential = sequential;
    return true;
}

// A row's beginning plus the column: a counter too, with another beginning.
bool vector_plan::classify_sum_with_invariant(uint32_t p) {
    const operation& o = t_.operations[p];
    if (!is_add(o.op)) return false;
    value_ref counter = t_.arguments_of(o)[0], base = t_.arguments_of(o)[1];
    if (of(counter).form != value_form::counter) std::swap(counter, base);
    planned_value sum = of(counter);
    if (sum.form != value_form::counter || !sum.base.is_none() || of(base).form != value_form::invariant ||
        base.is_constant())
        return false;
    sum.base = base;
    values[p] = sum;
    if (info(o.op).flags & OVERFLOW) {
        bound_counter(sum.counter);
        checked_counters.push_back(p);
    }
    return true;
}

bool vector_plan::classify_access(uint32_t p) {
    const operation& o = t_.operations[p];
    std::span<const value_ref> args = t_.arguments_of(o);
    bool store = o.op == opcode::setarrayitem;
    const slot_shape& shape = static_cast<const array_descr*>(o.description)->shape;
    planned_value index = of(args[1]);
    if (of(args[0]).form != value_form::invariant || !holds_numbers(shape)) return false;
    if (index.form != value_form::counter || step(index.counter) != 1) return false;
    if (store && (of(args[2]).form == value_form::condition || of(args[2]).form == value_form::other)) return false;
    bound_counter(index.counter, index.base);
    accesses.push_back({p, index, store});
    stores_ = stores_ || store;
    if (!store) {
        values[p].form = value_form::item;
        values[p].sequential = !fills_a_lane(shape);
    }
    return true;
}

// A field that is set in each iteration is set when the round is over.
bool vector_plan::classify_field_store(uint32_t p) {
    const operation& o = t_.operations[p];
    std::span<const value_ref> args = t_.arguments_of(o);
    value_form stored = of(args[1]).form;
    if (!holds_numbers(static_cast<const field_descr*>(o.description)->shape)) return false;
    if (of(args[0]).form != value_form::invariant || stored == value_form::condition || stored == value_form::other)
        return false;
    field_stores.push_back(p);
    return true;
}

// ---- guards
// --------------------------------------------------------------------------------------------------------------

bool vector_plan::classify_guard(uint32_t p) {
    const operation& o = t_.operations[p];
    std::span<const value_ref> args = t_.arguments_of(o);
    if (o.op == opcode::guard_not_invalidated) return guards_invalidation = true;
    if (o.op == opcode::guard_no_overflow) {
        const planned_value& checked = values[p - 1];
        if (checked.form == value_form::uniform) uniforms.push_back(p);
        if (checked.form == value_form::invariant) invariants.push_back(p);
        return info(t_.operations[p - 1].op).flags & OVERFLOW;
    }
    if (o.op == opcode::guard_overflow || o.op == opcode::guard_always_fails || args.empty()) return false;
    planned_value tested = of(args[0]);
    if (tested.form == value_form::invariant || tested.form == value_form::uniform) {
        (are_invariant(o) && t_.kind_of(args[0]) != kind::pointer ? invariants : uniforms).push_back(p);
        return true;
    }
    if (tested.form != value_form::condition || (o.op != opcode::guard_true && o.op != opcode::guard_false))
        return false;
    const operation& comparison = t_.operations[args[0].index()];
    if (comparison.argument_count != 2) return false;
    opcode must_hold = o.op == opcode::guard_true ? comparison.op : negated(comparison.op);
    value_ref left = t_.arguments_of(comparison)[0], right = t_.arguments_of(comparison)[1];
    if (of(left).form != value_form::counter) {
        std::swap(left, right);
        must_hold = swapped(must_hold);
    }
    planned_value other = of(right);
    if (other.form != value_form::invariant && other.form != value_form::uniform) return false;
    return note_check(must_hold, of(left), right);
}

void vector_plan::add_check(std::vector<planned_check>& where, const planned_check& check) {
    if (std::find(where.begin(), where.end(), check) == where.end()) where.push_back(check);
}

// It must not be near the end that it moves towards.
void vector_plan::bound_counter(uint32_t counter, value_ref base) {
    bool up = steps_[counter] > 0;
    add_check(far_checks_,
              {up ? opcode::int_lt : opcode::int_gt, counter, up ? far_end : -far_end, false, value_ref(), base});
}

// 'v comparison other' must hold in each iteration.
bool vector_plan::note_check(opcode comparison, const planned_value& v, value_ref other) {
    bool up = step(v.counter) > 0;
    planned_check at_first{comparison, v.counter, v.offset, false, other, v.base};
    planned_check at_last{comparison, v.counter, v.offset, true, other, v.base};
    planned_check not_negative{opcode::int_ge, v.counter, v.offset, !up, {}, v.base}; // without 'other': 0
    int64_t constant;
    // Entry checks look at values that are there before the first round.
    bool at_entry = of(other).form == value_form::invariant;
    bound_counter(v.counter, v.base);
    switch (comparison) {
    case opcode::int_lt:
    case opcode::int_le: break;
    case opcode::int_gt:
    case opcode::int_ge: up = !up; break;
    case opcode::uint_lt:
    case opcode::uint_le:
        if (!at_entry) return false;
        // Up: never negative, since it isn't at first. Down: the bound is right for all when it is for the first.
        add_check(up ? entry_checks : round_checks, not_negative);
        if (!up) {
            planned_check first_too = not_negative;
            first_too.last = false;
            add_check(entry_checks, first_too);
        }
        break;
    case opcode::int_ne:
        // A counter that goes up from 0 or more never meets a negative number.
        if (!up || !constant_of(t_, other, constant) || constant >= 0) return false;
        add_check(entry_checks, not_negative);
        return true;
    default: return false;
    }
    if (up)
        add_check(round_checks, at_last);
    else if (at_entry)
        add_check(entry_checks, at_first);
    else
        return false;
    return true;
}

// ---- memory
// --------------------------------------------------------------------------------------------------------------

// In a round all loads come first, then the stores, each for all of the round's iterations.
bool vector_plan::order_accesses() {
    for (const planned_check& far : far_checks_) add_check(entry_checks, far);
    for (size_t s = 0; s < accesses.size(); ++s) {
        const planned_access& first = accesses[s];
        for (size_t other = 0; first.store && other < accesses.size(); ++other) {
            const planned_access& second = accesses[other];
            const operation &a = t_.operations[first.position], &b = t_.operations[second.position];
            if (other == s || a.description != b.description || (second.store && other < s)) continue;
            // The item that the store of iteration k writes is the other's in iteration k + distance.
            int64_t distance = first.index.offset - second.index.offset;
            bool one_array = t_.arguments_of(a)[0] == t_.arguments_of(b)[0], harmless = false;
            if (first.index.counter == second.index.counter && first.index.base == second.index.base) {
                if (distance <= -width_ || distance >= width_)
                    harmless = true;
                else if (second.store)
                    harmless = distance >= 0;
                else
                    harmless = distance < 0 || (distance == 0 && first.position > second.position);
            } else if (one_array && first.index.counter == second.index.counter) {
                gaps.push_back({first.index.base, second.index.base, distance});
                continue;
            }
            if (harmless) continue;
            if (one_array) return false;
            need_different(t_.arguments_of(a)[0], t_.arguments_of(b)[0]);
        }
    }
    return true;
}

// A field that is read, once a round, is not one that the round sets.
bool vector_plan::order_fields() {
    for (uint32_t store : field_stores)
        for (uint32_t p = label + 1; p < jump; ++p) {
            const operation& o = t_.operations[p];
            if (o.op != opcode::getfield || o.description != t_.operations[store].description) continue;
            value_ref read = t_.arguments_of(o)[0], set = t_.arguments_of(t_.operations[store])[0];
            if (read == set || of(read).form != value_form::invariant) return false;
            need_different(set, read);
        }
    return true;
}

void vector_plan::need_different(value_ref a, value_ref b) {
    std::pair<value_ref, value_ref> both(a, b);
    if (std::find(different.begin(), different.end(), both) == different.end()) different.push_back(both);
}

// Vectors are wanted where they are stored, and what these are made of.
void vector_plan::choose_vectors() {
    for (const planned_access& access : accesses) {
        if (!access.store) continue;
        const operation& o = t_.operations[access.position];
        planned_value stored = of(t_.arguments_of(o)[2]);
        bool wide = fills_a_lane(static_cast<const array_descr*>(o.description)->shape);
        values[access.position].in_vector = wide && !(stored.form == value_form::item && stored.sequential);
    }
    for (uint32_t p = jump; p-- > label + 1;) {
        if (!values[p].in_vector) continue;
        for (value_ref v : t_.arguments_of(t_.operations[p]))
            if (of(v).form == value_form::item) values[v.index()].in_vector = true;
    }
    for (uint32_t p = label + 1; p < jump; ++p)
        if (values[p].in_vector && t_.operations[p].op != opcode::setarrayitem) in_vectors.push_back(p);
}

} // namespace heddle::jit
