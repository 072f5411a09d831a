// Rewriting: constant folding, algebraic identities, cheaper forms (division by constants), chains of constants.
//
// Every rule holds for all integers of the target's width with wrap-around (or says which facts it needs), and for all
// doubles bit by bit: x * 2.0 is not x + x here unless the result has the same bits for NaN and -0.
#include "optimizer/walk.h"
#include <bit>
#include <cmath>

namespace heddle::jit {

namespace {

bool is_foldable(opcode op) { return is_pure(op) && !(info(op).flags & (CALL | DESCR)) && op != opcode::load_class; }

// Undefined in C++; the codewriter excludes it where it runs, but a trace may hold it behind a guard that fails.
bool is_undefined_division(opcode op, const word* a) {
    bool divides = op == opcode::int_div || op == opcode::int_mod || op == opcode::uint_div || op == opcode::uint_mod;
    if (!divides) return false;
    bool is_signed = op == opcode::int_div || op == opcode::int_mod;
    return a[1] == 0 ||
           (is_signed && a[0] == integer_word(static_cast<word>(int64_t{trace_int_min})) && a[1] == ~word{0});
}

bool fold(walk& w, step& s) {
    word words[3];
    if (!is_foldable(s.op) || s.count > 3) return false;
    for (uint32_t i = 0; i < s.count; ++i)
        if (!w.is_constant(w.argument(s, i), words[i])) return false;
    if (is_undefined_division(s.op, words)) return false;
    bool overflows = false;
    word value = execute_operation(s.op, nullptr, words, overflows);
    if (info(s.op).flags & OVERFLOW) w.overflow = overflows;
    return w.replace(s, w.constant(s.result_kind, value));
}

// A constant on the left of a commutative operation or a comparison goes to the right.
void put_constant_right(walk& w, step& s) {
    if (s.count != 2 || s.result_kind == kind::none) return;
    bool commutes = info(s.op).flags & COMMUTES;
    if (!commutes && swapped(s.op) == s.op) return;
    if (!w.argument_value(s, 0).is_constant || w.argument_value(s, 1).is_constant) return;
    value_id left = w.argument(s, 0), right = w.argument(s, 1);
    w.change(s, commutes ? s.op : swapped(s.op), {right, left});
}

// The step that made x, when it is 'op' with a constant second argument.
const step* made_by(walk& w, value_id x, opcode op, int64_t& second) {
    const step* p = w.producer(x);
    return p && p->op == op && w.is_constant_int(w.argument(*p, 1), second) ? p : nullptr;
}

int64_t wrapping_add(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

// x + c, also for x - (-c): chains of constants become one.
bool rewrite_add_constant(walk& w, step& s, value_id x, int64_t c) {
    int64_t inner = 0, sum = c;
    const step* p = made_by(w, x, opcode::int_add, inner);
    if (p)
        sum = wrapping_add(c, inner);
    else if ((p = made_by(w, x, opcode::int_sub, inner)))
        sum = wrapping_add(c, static_cast<int64_t>(-static_cast<uint64_t>(inner)));
    if (p) x = w.argument(*p, 0);
    if (sum == 0) return w.replace(s, x);
    return p && w.change(s, opcode::int_add, {x, w.constant_int(sum)});
}

bool rewrite_sub(walk& w, step& s, value_id x, value_id y) {
    int64_t c, inner;
    if (x == y) return w.replace(s, w.constant_int(0));
    if (w.is_constant_int(y, c)) {
        if (c == 0) return w.replace(s, x);
        bool is_chain = made_by(w, x, opcode::int_add, inner) || made_by(w, x, opcode::int_sub, inner);
        return is_chain && rewrite_add_constant(w, s, x, static_cast<int64_t>(-static_cast<uint64_t>(c)));
    }
    if (w.is_constant_int(x, c) && c == 0) return w.change(s, opcode::int_neg, {y});
    // (a + b) - b is a, and (a + b) - a is b, whatever wraps.
    if (const step* p = w.producer(x); p && p->op == opcode::int_add) {
        if (w.argument(*p, 1) == y) return w.replace(s, w.argument(*p, 0));
        if (w.argument(*p, 0) == y) return w.replace(s, w.argument(*p, 1));
    }
    return false;
}

bool rewrite_mul(walk& w, step& s, value_id x, int64_t c) {
    if (c == 0) return w.replace(s, w.constant_int(0));
    if (c == 1) return w.replace(s, x);
    if (c == -1) return w.change(s, opcode::int_neg, {x});
    if (c > 0 && std::has_single_bit(static_cast<uint64_t>(c)))
        return w.change(s, opcode::int_shl, {x, w.constant_int(std::countr_zero(static_cast<uint64_t>(c)))});
    return false;
}

// ---- division by constants
// ------------------------------------------------------------------------------------------------

// The quotient of n, 0 <= n <= 2^(width - 1), by d >= 3 that is no power of two: the high word of n * k, shifted.
value_id unsigned_quotient(walk& w, value_id n, uint64_t d) {
    unsigned shift = 63 - static_cast<unsigned>(std::countl_zero(d));
    trace_unsigned k = static_cast<trace_unsigned>((trace_unsigned_twice{1} << (trace_int_bits + shift)) / d) + 1;
    value_id high = w.send(opcode::uint_mul_high, {n, w.constant_int(static_cast<int64_t>(k))});
    return w.send(opcode::uint_shr, {high, w.constant_int(shift)});
}

value_id quotient_by_power(walk& w, value_id x, unsigned shift) {
    if (w.facts(x).is_nonnegative()) return w.send(opcode::uint_shr, {x, w.constant_int(shift)});
    // Negative dividends are rounded towards 0: add 2^shift - 1 to them first.
    value_id sign = w.send(opcode::int_shr, {x, w.constant_int(trace_int_bits - 1)});
    value_id bias = w.send(opcode::uint_shr, {sign, w.constant_int(trace_int_bits - shift)});
    return w.send(opcode::int_shr, {w.send(opcode::int_add, {x, bias}), w.constant_int(shift)});
}

value_id quotient_by_constant(walk& w, value_id x, int64_t c) {
    uint64_t d = c < 0 ? -static_cast<uint64_t>(c) : static_cast<uint64_t>(c);
    value_id q;
    if (std::has_single_bit(d)) {
        q = quotient_by_power(w, x, static_cast<unsigned>(std::countr_zero(d)));
    } else if (w.facts(x).is_nonnegative()) {
        q = unsigned_quotient(w, x, d);
    } else {
        // |x| = (x ^ sign) - sign; the quotient gets the sign back in the same way.
        value_id sign = w.send(opcode::int_shr, {x, w.constant_int(trace_int_bits - 1)});
        value_id magnitude = w.send(opcode::int_sub, {w.send(opcode::int_xor, {x, sign}), sign});
        value_id positive = unsigned_quotient(w, magnitude, d);
        q = w.send(opcode::int_sub, {w.send(opcode::int_xor, {positive, sign}), sign});
    }
    return c < 0 ? w.send(opcode::int_neg, {q}) : q;
}

bool rewrite_div(walk& w, step& s, value_id x, int64_t c) {
    if (c == 1) return w.replace(s, x);
    if (c == -1) return w.change(s, opcode::int_neg, {x});
    if (c == 0 || c == trace_int_min) return false;
    return w.replace(s, quotient_by_constant(w, x, c));
}

bool rewrite_mod(walk& w, step& s, value_id x, int64_t c) {
    if (c == 1 || c == -1) return w.replace(s, w.constant_int(0));
    if (c == 0 || c == trace_int_min) return false;
    uint64_t d = c < 0 ? -static_cast<uint64_t>(c) : static_cast<uint64_t>(c);
    if (std::has_single_bit(d) && w.facts(x).is_nonnegative())
        return w.change(s, opcode::int_and, {x, w.constant_int(static_cast<int64_t>(d - 1))});
    value_id q = quotient_by_constant(w, x, c);
    value_id product = w.send(opcode::int_mul, {q, w.constant_int(c)});
    return w.replace(s, w.send(opcode::int_sub, {x, product}));
}

bool rewrite_unsigned_division(walk& w, step& s, value_id x, int64_t c) {
    trace_unsigned d = static_cast<trace_unsigned>(c);
    if (!std::has_single_bit(d)) return false;
    if (s.op == opcode::uint_mod) return w.change(s, opcode::int_and, {x, w.constant_int(static_cast<int64_t>(d - 1))});
    return w.change(s, opcode::uint_shr, {x, w.constant_int(std::countr_zero(d))});
}

// ---- by kind of operation
// ---------------------------------------------------------------------------------------------------

bool rewrite_shift(walk& w, step& s, value_id x, int64_t c) {
    c &= trace_int_bits - 1;
    if (c == 0) return w.replace(s, x);
    int64_t inner;
    if (const step* p = made_by(w, x, s.op, inner); p && (inner &= trace_int_bits - 1) + c < trace_int_bits)
        return w.change(s, s.op, {w.argument(*p, 0), w.constant_int(inner + c)});
    return false;
}

bool rewrite_bitwise(walk& w, step& s, value_id x, value_id y) {
    if (x == y) return w.replace(s, s.op == opcode::int_xor ? w.constant_int(0) : x);
    int64_t c, inner;
    if (!w.is_constant_int(y, c)) return false;
    if (c == 0) return w.replace(s, s.op == opcode::int_and ? y : x);
    if (c == -1) {
        if (s.op == opcode::int_xor) return w.change(s, opcode::int_invert, {x});
        return w.replace(s, s.op == opcode::int_and ? x : y);
    }
    const step* p = made_by(w, x, s.op, inner);
    if (!p) return false;
    int64_t both = s.op == opcode::int_and ? inner & c : s.op == opcode::int_or ? inner | c : inner ^ c;
    return w.change(s, s.op, {w.argument(*p, 0), w.constant_int(both)});
}

bool rewrite_overflow(walk& w, step& s, value_id x, value_id y) {
    int64_t c;
    value_id same = no_value;
    if (w.is_constant_int(y, c)) {
        if (c == 0 && s.op != opcode::int_mul_ovf) same = x;
        if (c == 0 && s.op == opcode::int_mul_ovf) same = y;
        if (c == 1 && s.op == opcode::int_mul_ovf) same = x;
    }
    if (x == y && s.op == opcode::int_sub_ovf) same = w.constant_int(0);
    if (same == no_value) return false;
    w.overflow = 0;
    return w.replace(s, same);
}

// Comparisons of a value with itself; is_zero and is_true of comparisons.
bool rewrite_comparison(walk& w, step& s, value_id x, value_id y) {
    if (s.count == 2 && x == y) {
        bool holds = s.op == opcode::int_le || s.op == opcode::int_ge || s.op == opcode::int_eq ||
                     s.op == opcode::uint_le || s.op == opcode::uint_ge;
        return w.replace(s, w.constant_int(holds));
    }
    int64_t c;
    if (s.count == 2 && w.is_constant_int(y, c) && c == 0) {
        if (s.op == opcode::int_eq) return w.change(s, opcode::int_is_zero, {x}), rewrite_comparison(w, s, x, no_value);
        if (s.op == opcode::int_ne) return w.change(s, opcode::int_is_true, {x}), rewrite_comparison(w, s, x, no_value);
    }
    if (s.op == opcode::int_is_true && w.facts(x).low >= 0 && w.facts(x).high <= 1) return w.replace(s, x);
    const step* p = w.producer(x);
    if (s.op != opcode::int_is_zero || !p) return false;
    opcode opposite = negated(p->op);
    if (opposite == opcode::count) return false;
    if (opposite == opcode::int_is_true && w.facts(w.argument(*p, 0)).fits_unsigned(1))
        return w.replace(s, w.argument(*p, 0));
    if (p->count == 1) return w.change(s, opposite, {w.argument(*p, 0)});
    return w.change(s, opposite, {w.argument(*p, 0), w.argument(*p, 1)});
}

bool rewrite_pointer_comparison(walk& w, step& s, value_id x, value_id y) {
    bool equal_is = s.op == opcode::ptr_eq;
    word c;
    if (x == y) return w.replace(s, w.constant_int(equal_is));
    if (w.surely_different(x, y)) return w.replace(s, w.constant_int(!equal_is));
    if (w.is_constant(y, c) && c == 0) return w.change(s, equal_is ? opcode::ptr_is_null : opcode::ptr_is_nonnull, {x});
    return false;
}

// x op c that leaves x as it is bit by bit, also for -0; a signalling NaN would be quieted, and none is made anywhere.
bool rewrite_float(walk& w, step& s, value_id x, double c) {
    bool minus_zero = c == 0 && std::signbit(c), zero = c == 0 && !std::signbit(c);
    switch (s.op) {
    case opcode::float_add: return minus_zero && w.replace(s, x);
    case opcode::float_sub: return zero && w.replace(s, x);
    case opcode::float_mul: return c == 1 && w.replace(s, x);
    case opcode::float_div: {
        if (c == 1) return w.replace(s, x);
        int exponent;
        double reciprocal = 1 / c;
        if (std::fabs(std::frexp(c, &exponent)) == 0.5 && std::isnormal(reciprocal) && std::isnormal(c))
            return w.change(s, opcode::float_mul, {x, w.constant(kind::floating, double_to_word(reciprocal))});
        return false;
    }
    default: return false;
    }
}

// f(g(x)) is x.
bool rewrite_inverse(walk& w, step& s, opcode inverse) {
    const step* p = w.producer(w.argument(s, 0));
    return p && p->op == inverse && w.replace(s, w.argument(*p, 0));
}

} // namespace

bool optimise_rewrite(walk& w, step& s) {
    if (!is_pure(s.op)) return false;
    put_constant_right(w, s);
    if (fold(w, s)) return true;
    if (s.count == 0) return false;
    value_id x = w.argument(s, 0), y = s.count > 1 ? w.argument(s, 1) : no_value;
    int64_t c = 0;
    bool constant_y = y != no_value && w.is_constant_int(y, c);
    switch (s.op) {
    case opcode::int_add: return constant_y && rewrite_add_constant(w, s, x, c);
    case opcode::int_sub: return rewrite_sub(w, s, x, y);
    case opcode::int_mul: return constant_y && rewrite_mul(w, s, x, c);
    case opcode::int_div: return constant_y && rewrite_div(w, s, x, c);
    case opcode::int_mod: return constant_y && rewrite_mod(w, s, x, c);
    case opcode::uint_div:
    case opcode::uint_mod: return constant_y && rewrite_unsigned_division(w, s, x, c);
    case opcode::int_and:
    case opcode::int_or:
    case opcode::int_xor: return rewrite_bitwise(w, s, x, y);
    case opcode::int_shl:
    case opcode::int_shr:
    case opcode::uint_shr: return constant_y && rewrite_shift(w, s, x, c);
    case opcode::int_neg:
    case opcode::int_invert:
    case opcode::float_neg: return rewrite_inverse(w, s, s.op);
    case opcode::int_add_ovf:
    case opcode::int_sub_ovf:
    case opcode::int_mul_ovf: return rewrite_overflow(w, s, x, y);
    case opcode::ptr_eq:
    case opcode::ptr_ne: return rewrite_pointer_comparison(w, s, x, y);
    case opcode::ptr_is_null: return w.is_nonnull(x) && w.replace(s, w.constant_int(0));
    case opcode::ptr_is_nonnull: return w.is_nonnull(x) && w.replace(s, w.constant_int(1));
    case opcode::ptr_add: return constant_y && c == 0 && w.replace(s, x);
    case opcode::load_class: {
        const gc::type_info* known = w.class_of(x);
        return known && w.replace(s, w.constant_pointer(known));
    }
    case opcode::same_as_i:
    case opcode::same_as_p:
    case opcode::same_as_f: return w.replace(s, x);
    case opcode::ptr_to_int: return rewrite_inverse(w, s, opcode::int_to_ptr);
    case opcode::int_to_ptr: return rewrite_inverse(w, s, opcode::ptr_to_int);
    case opcode::float_to_bits: return rewrite_inverse(w, s, opcode::bits_to_float);
    case opcode::bits_to_float: return rewrite_inverse(w, s, opcode::float_to_bits);
    default: break;
    }
    if (is_int_comparison(s.op)) return rewrite_comparison(w, s, x, y);
    word bits;
    if (y != no_value && w.values[y].type == kind::floating && w.is_constant(y, bits))
        return rewrite_float(w, s, x, word_to_double(bits));
    return false;
}

} // namespace heddle::jit
