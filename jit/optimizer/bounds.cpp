// Integer bounds: what is known of an operation's result from its arguments; comparisons and operations that it
// decides; overflow checks that it spares; and what comparisons known to hold tell.
#include "optimizer/walk.h"

namespace heddle::jit {

namespace {

constexpr unsigned deepest_sum = 3;

int_facts argument_facts(walk& w, const step& s, uint32_t i) {
    if (i >= s.count || w.argument_value(s, i).type != kind::integer) return int_facts::anything();
    return w.argument_value(s, i).facts;
}

// An overflow operation whose outcome is known becomes the plain one; the guard after it goes.
bool decide_overflow_step(walk& w, step& s, const int_facts& a, const int_facts& b) {
    if (w.overflow >= 0) return false;
    int outcome = decide_overflow(s.op, a, b);
    if (outcome < 0) return false;
    w.overflow = outcome;
    s.op = s.op == opcode::int_add_ovf   ? opcode::int_add
           : s.op == opcode::int_sub_ovf ? opcode::int_sub
                                         : opcode::int_mul;
    w.send(s);
    return true;
}

// Operations that leave their argument as it is, given what is known of its bits.
bool is_identity(const step& s, const int_facts& a, const int_facts& b) {
    if (!b.is_exact()) return false;
    uint64_t c = static_cast<uint64_t>(b.low);
    switch (s.op) {
    case opcode::int_and: return (~a.zeros & ~c) == 0; // every bit that may be 1 is kept
    case opcode::int_or: return (c & ~a.ones) == 0;
    case opcode::int_zero_extend: return a.fits_unsigned(static_cast<unsigned>(c));
    case opcode::int_sign_extend: return a.fits_signed(static_cast<unsigned>(c));
    default: return false;
    }
}

// x extended twice: the narrower extension decides when it is the outer one, or both are of one kind.
bool drop_inner_extension(walk& w, step& s) {
    const step* p = w.producer(w.argument(s, 0));
    int64_t outer, inner;
    if (!p || (p->op != opcode::int_zero_extend && p->op != opcode::int_sign_extend)) return false;
    if (!w.is_constant_int(w.argument(s, 1), outer) || !w.is_constant_int(w.argument(*p, 1), inner) || outer > inner)
        return false;
    return w.change(s, s.op, {w.argument(*p, 0), w.argument(s, 1)});
}

int_facts facts_of_slot(const slot_shape& shape) {
    if (shape.slot_kind != kind::integer || shape.keeps_all()) return int_facts::anything();
    unsigned bits = 8u * shape.size;
    if (shape.is_signed) return int_facts::between(-(int64_t{1} << (bits - 1)), (int64_t{1} << (bits - 1)) - 1);
    return int_facts::between(0, (int64_t{1} << bits) - 1);
}

int_facts facts_of_load(const step& s) {
    switch (s.op) {
    case opcode::getfield: return facts_of_slot(static_cast<const field_descr*>(s.description)->shape);
    case opcode::getarrayitem: return facts_of_slot(static_cast<const array_descr*>(s.description)->shape);
    case opcode::raw_load: return facts_of_slot(static_cast<const raw_descr*>(s.description)->shape);
    case opcode::arraylen: return int_facts::between(0, int64_t{1} << 48); // no more fits into the address space
    default: return int_facts::anything();
    }
}

} // namespace

bool optimise_bounds(walk& w, step& s) {
    if (s.result_kind != kind::integer || (info(s.op).flags & (CALL | CONTROL))) return false;
    if (info(s.op).flags & DESCR) {
        w.values[s.result].facts = facts_of_load(s);
        return false;
    }
    int_facts a = argument_facts(w, s, 0), b = argument_facts(w, s, 1);
    if (info(s.op).flags & OVERFLOW) {
        if (decide_overflow_step(w, s, a, b)) return true;
    } else if (is_int_comparison(s.op)) {
        if (int outcome = decide_comparison(s.op, a, b); outcome >= 0) return w.replace(s, w.constant_int(outcome));
    } else if (is_identity(s, a, b)) {
        return w.replace(s, w.argument(s, 0));
    }
    if (s.op == opcode::int_zero_extend || s.op == opcode::int_sign_extend) drop_inner_extension(w, s);
    int_facts known = facts_of_result(s.op, a, b);
    if (known.is_exact() && !(info(s.op).flags & OVERFLOW)) return w.replace(s, w.constant_int(known.low));
    w.values[s.result].facts = known;
    return false;
}

// Nothing is learnt without the bounds pass, and nothing from what can't be.
void walk::narrow(value_id id, const int_facts& more) {
    id = find(id);
    if (!input.options.bounds || values[id].is_constant || values[id].type != kind::integer) return;
    int_facts met = values[id].facts.meet(more);
    if (met.is_empty() || met == values[id].facts) return;
    values[id].facts = met;
    const step* p = producer(id);
    int64_t c;
    if (p &&
        (p->op == opcode::int_add_ovf || p->op == opcode::int_add || p->op == opcode::int_sub_ovf ||
         p->op == opcode::int_sub) &&
        is_constant_int(argument(*p, 1), c)) {
        // x + c lies there, so x lies c below: when x + c can't wrap, or when going back can't.
        bool adds = p->op == opcode::int_add_ovf || p->op == opcode::int_add;
        opcode checked = adds ? opcode::int_add_ovf : opcode::int_sub_ovf,
               checked_inverse = adds ? opcode::int_sub_ovf : opcode::int_add_ovf,
               inverse = adds ? opcode::int_sub : opcode::int_add;
        value_id x = argument(*p, 0);
        int_facts by = int_facts::exactly(c);
        bool exact = p->op == checked || decide_overflow(checked, facts(x), by) == 0 ||
                     decide_overflow(checked_inverse, met, by) == 0;
        if (exact) narrow(x, facts_of_result(inverse, met, by));
    }
    if (met.is_exact()) become(id, constant_int(met.low));
}

// The facts of x + c, with what was learnt of x since x + c was made: an iterator goes on before its item is looked at.
int_facts walk::facts_now(value_id id, unsigned depth) {
    id = find(id);
    int_facts known = values[id].facts;
    const step* p = producer(id);
    int64_t c;
    if (!p || depth == deepest_sum || !input.options.bounds || values[id].is_constant) return known;
    if (p->op != opcode::int_add && p->op != opcode::int_add_ovf && p->op != opcode::int_sub &&
        p->op != opcode::int_sub_ovf)
        return known;
    if (!is_constant_int(argument(*p, 1), c)) return known;
    int_facts met = known.meet(facts_of_result(p->op, facts_now(argument(*p, 0), depth + 1), int_facts::exactly(c)));
    return met.is_empty() ? known : met;
}

void walk::learn_comparison(opcode comparison, value_id a, value_id b) {
    int_facts left = facts(a), right = b == no_value ? int_facts::anything() : facts(b);
    assume_true(comparison, left, right);
    narrow(a, left);
    if (b != no_value) narrow(b, right);
}

} // namespace heddle::jit
