// Arithmetic on what is known of integers; int_facts.h says what the facts mean.
#include "optimizer/int_facts.h"
#include <algorithm>
#include <bit>

namespace heddle::jit {

namespace {

using wide = trace_int_twice;
using bits_type = trace_unsigned;
constexpr unsigned top_bit = trace_int_bits - 1;
constexpr bits_type sign_bit = bits_type{1} << top_bit;

bits_type unknown_bits(const int_facts& f) { return ~(f.zeros | f.ones); }

int_facts from_bits(bits_type zeros, bits_type ones) {
    return int_facts{trace_int_min, trace_int_max, zeros, ones}.normalised();
}

// The interval when it did not wrap, with bits found otherwise.
int_facts from_interval_and_bits(wide low, wide high, bits_type zeros, bits_type ones) {
    int_facts f{trace_int_min, trace_int_max, zeros, ones};
    if (low >= trace_int_min && high <= trace_int_max) {
        f.low = static_cast<trace_int>(low);
        f.high = static_cast<trace_int>(high);
    }
    return f.normalised();
}

// What is left of an exact result's interval when it did not overflow.
int_facts clipped(wide low, wide high) {
    return from_interval_and_bits(std::max<wide>(low, trace_int_min), std::min<wide>(high, trace_int_max), 0, 0);
}

int_facts add(const int_facts& a, const int_facts& b) {
    bits_type am = unknown_bits(a), bm = unknown_bits(b);
    bits_type values = a.ones + b.ones, sigma = am + bm + values;
    bits_type unknown = (sigma ^ values) | am | bm;
    return from_interval_and_bits(wide(a.low) + b.low, wide(a.high) + b.high, ~values & ~unknown, values & ~unknown);
}

int_facts subtract(const int_facts& a, const int_facts& b) {
    bits_type am = unknown_bits(a), bm = unknown_bits(b);
    bits_type values = a.ones - b.ones;
    bits_type unknown = ((values + am) ^ (values - bm)) | am | bm;
    return from_interval_and_bits(wide(a.low) - b.high, wide(a.high) - b.low, ~values & ~unknown, values & ~unknown);
}

void product_interval(const int_facts& a, const int_facts& b, wide& low, wide& high) {
    wide products[] = {wide(a.low) * b.low, wide(a.low) * b.high, wide(a.high) * b.low, wide(a.high) * b.high};
    low = *std::min_element(products, products + 4);
    high = *std::max_element(products, products + 4);
}

int_facts multiply(const int_facts& a, const int_facts& b) {
    wide low, high;
    product_interval(a, b, low, high);
    int trailing = std::min(static_cast<int>(top_bit), std::countr_one(a.zeros) + std::countr_one(b.zeros));
    return from_interval_and_bits(low, high, (bits_type{1} << trailing) - 1, 0);
}

int_facts bitwise_and(const int_facts& a, const int_facts& b) {
    int_facts f = from_bits(a.zeros | b.zeros, a.ones & b.ones);
    if (a.low >= 0) f.high = std::min(f.high, a.high);
    if (b.low >= 0) f.high = std::min(f.high, b.high);
    return f.normalised();
}

int_facts bitwise_or(const int_facts& a, const int_facts& b) {
    int_facts f = from_bits(a.zeros & b.zeros, a.ones | b.ones);
    if (a.low >= 0 && b.low >= 0) f.low = std::max({f.low, a.low, b.low});
    return f.normalised();
}

int_facts bitwise_xor(const int_facts& a, const int_facts& b) {
    return from_bits((a.zeros & b.zeros) | (a.ones & b.ones), (a.zeros & b.ones) | (a.ones & b.zeros));
}

int_facts shift_left(const int_facts& a, const int_facts& count) {
    if (!count.is_exact()) return int_facts::anything();
    unsigned n = static_cast<unsigned>(count.low & top_bit);
    bits_type low_zeros = n ? ~bits_type{0} >> (trace_int_bits - n) : 0;
    return from_interval_and_bits(wide(a.low) * (wide(1) << n), wide(a.high) * (wide(1) << n),
                                  (a.zeros << n) | low_zeros, a.ones << n);
}

int_facts shift_right(const int_facts& a, const int_facts& count) {
    if (!count.is_exact()) return int_facts::between(std::min<trace_int>(a.low, 0), std::max<trace_int>(a.high, -1));
    unsigned n = static_cast<unsigned>(count.low & top_bit);
    auto shift = [n](bits_type bits) { return static_cast<bits_type>(static_cast<trace_int>(bits) >> n); };
    return int_facts{a.low >> n, a.high >> n, shift(a.zeros), shift(a.ones)}.normalised();
}

int_facts shift_right_unsigned(const int_facts& a, const int_facts& count) {
    if (a.low >= 0) {
        if (count.is_exact()) return shift_right(a, count);
        return int_facts::between(0, a.high);
    }
    if (!count.is_exact()) return int_facts::anything();
    unsigned n = static_cast<unsigned>(count.low & top_bit);
    if (n == 0) return a;
    return from_bits((a.zeros >> n) | ~(~bits_type{0} >> n), a.ones >> n);
}

int_facts zero_extend(const int_facts& a, const int_facts& bits) {
    unsigned n = static_cast<unsigned>(bits.low);
    if (a.fits_unsigned(n)) return a;
    bits_type mask = (bits_type{1} << n) - 1;
    return from_bits(a.zeros | ~mask, a.ones & mask);
}

int_facts sign_extend(const int_facts& a, const int_facts& bits) {
    unsigned n = static_cast<unsigned>(bits.low);
    if (a.fits_signed(n)) return a;
    int_facts shifted = from_bits(a.zeros << (trace_int_bits - n), a.ones << (trace_int_bits - n));
    return shift_right(shifted, int_facts::exactly(trace_int_bits - n));
}

int_facts divide(const int_facts& a, const int_facts& b) {
    if (b.low <= 0 && b.high >= 0) {
        // The quotient is no farther from 0 than the dividend (MIN / -1 does not occur).
        wide reach = std::max(-wide(a.low), wide(a.high) < 0 ? -wide(a.high) : wide(a.high));
        return from_interval_and_bits(-reach, reach, 0, 0);
    }
    wide quotients[] = {wide(a.low) / b.low, wide(a.low) / b.high, wide(a.high) / b.low, wide(a.high) / b.high};
    wide low = *std::min_element(quotients, quotients + 4), high = *std::max_element(quotients, quotients + 4);
    // Truncation is monotonic in the dividend; for the divisor the extremes are at its ends because its sign is fixed.
    return from_interval_and_bits(low, std::min<wide>(high, trace_int_max), 0, 0);
}

int_facts remainder(const int_facts& a, const int_facts& b) {
    wide reach = std::max(b.low < 0 ? -wide(b.low) : wide(b.low), b.high < 0 ? -wide(b.high) : wide(b.high)) - 1;
    if (reach < 0) return int_facts::anything();
    wide low = a.low >= 0 ? wide(0) : std::max(-reach, wide(a.low));
    wide high = a.high <= 0 ? wide(0) : std::min(reach, wide(a.high));
    return from_interval_and_bits(low, high, 0, 0);
}

int_facts multiply_high(const int_facts& a, const int_facts& b) {
    if (a.low < 0 && b.low < 0) return int_facts::anything();
    bits_type a_high = a.low >= 0 ? static_cast<bits_type>(a.high) : ~bits_type{0};
    bits_type b_high = b.low >= 0 ? static_cast<bits_type>(b.high) : ~bits_type{0};
    return int_facts::between(0, static_cast<trace_int>(static_cast<bits_type>(
                                     (static_cast<trace_unsigned_twice>(a_high) * b_high) >> trace_int_bits)));
}

// -1 may, 0 no, 1 yes
int less_than(wide a_low, wide a_high, wide b_low, wide b_high) {
    return a_high < b_low ? 1 : a_low >= b_high ? 0 : -1;
}

int equal(const int_facts& a, const int_facts& b) {
    if (a.is_exact() && b.is_exact()) return a.low == b.low;
    if (a.high < b.low || b.high < a.low || (a.ones & b.zeros) || (a.zeros & b.ones)) return 0;
    return -1;
}

// An interval of unsigned words: only when the sign is known.
void unsigned_interval(const int_facts& f, wide& low, wide& high) {
    bool crosses = f.low < 0 && f.high >= 0;
    low = crosses ? 0 : wide(static_cast<bits_type>(f.low));
    high = crosses ? wide(~bits_type{0}) : wide(static_cast<bits_type>(f.high));
}

int invert(int decision) { return decision < 0 ? -1 : 1 - decision; }

} // namespace

int_facts int_facts::normalised() const {
    int_facts f = *this;
    if (f.is_empty()) return f;
    // The bits' extremes: unknown sign as 1 for the least, as 0 for the greatest.
    bits_type unknown = ~(zeros | ones);
    f.low = std::max(f.low, static_cast<trace_int>(ones | (unknown & sign_bit)));
    f.high = std::min(f.high, static_cast<trace_int>(ones | (unknown & ~sign_bit)));
    if (f.low > f.high) return f;
    // Bits above the highest one in which the interval's ends differ are the same in all of it.
    bits_type different = static_cast<bits_type>(f.low) ^ static_cast<bits_type>(f.high);
    bits_type common = different ? ~(~bits_type{0} >> std::countl_zero(different)) : ~bits_type{0};
    if (different >> top_bit) common = 0;
    f.ones |= static_cast<bits_type>(f.low) & common;
    f.zeros |= ~static_cast<bits_type>(f.low) & common;
    return f;
}

int_facts int_facts::meet(const int_facts& other) const {
    return int_facts{std::max(low, other.low), std::min(high, other.high), zeros | other.zeros, ones | other.ones}
        .normalised();
}

int_facts facts_of_result(opcode op, const int_facts& a, const int_facts& b) {
    switch (op) {
    case opcode::int_add: return add(a, b);
    case opcode::int_sub: return subtract(a, b);
    case opcode::int_mul: return multiply(a, b);
    case opcode::int_add_ovf: return add(a, b).meet(clipped(wide(a.low) + b.low, wide(a.high) + b.high));
    case opcode::int_sub_ovf: return subtract(a, b).meet(clipped(wide(a.low) - b.high, wide(a.high) - b.low));
    case opcode::int_mul_ovf: {
        wide low, high;
        product_interval(a, b, low, high);
        return multiply(a, b).meet(clipped(low, high));
    }
    case opcode::int_div: return divide(a, b);
    case opcode::int_mod: return remainder(a, b);
    case opcode::uint_div:
        return a.low >= 0 ? int_facts::between(0, b.low > 0 ? a.high / b.low : a.high) : int_facts::anything();
    case opcode::uint_mod: return b.low > 0 ? int_facts::between(0, b.high - 1) : int_facts::anything();
    case opcode::uint_mul_high: return multiply_high(a, b);
    case opcode::int_and: return bitwise_and(a, b);
    case opcode::int_or: return bitwise_or(a, b);
    case opcode::int_xor: return bitwise_xor(a, b);
    case opcode::int_shl: return shift_left(a, b);
    case opcode::int_shr: return shift_right(a, b);
    case opcode::uint_shr: return shift_right_unsigned(a, b);
    case opcode::int_neg: return subtract(int_facts::exactly(0), a);
    case opcode::int_invert: return subtract(int_facts::exactly(-1), a);
    case opcode::int_sign_extend: return sign_extend(a, b);
    case opcode::int_zero_extend: return zero_extend(a, b);
    case opcode::int_count_ones:
    case opcode::int_leading_zeros:
    case opcode::int_trailing_zeros: return int_facts::between(0, trace_int_bits);
    default: break;
    }
    if (info(op).result == 'i' && (is_int_comparison(op) || (op >= opcode::float_lt && op <= opcode::float_ge) ||
                                   (op >= opcode::ptr_eq && op <= opcode::ptr_is_nonnull)))
        return int_facts::boolean();
    return int_facts::anything();
}

bool is_int_comparison(opcode op) { return op >= opcode::int_lt && op <= opcode::int_is_true; }

int decide_comparison(opcode op, const int_facts& a, const int_facts& b) {
    wide al, ah, bl, bh;
    unsigned_interval(a, al, ah);
    unsigned_interval(b, bl, bh);
    switch (op) {
    case opcode::int_lt: return less_than(a.low, a.high, b.low, b.high);
    case opcode::int_ge: return invert(less_than(a.low, a.high, b.low, b.high));
    case opcode::int_gt: return less_than(b.low, b.high, a.low, a.high);
    case opcode::int_le: return invert(less_than(b.low, b.high, a.low, a.high));
    case opcode::uint_lt: return less_than(al, ah, bl, bh);
    case opcode::uint_ge: return invert(less_than(al, ah, bl, bh));
    case opcode::uint_gt: return less_than(bl, bh, al, ah);
    case opcode::uint_le: return invert(less_than(bl, bh, al, ah));
    case opcode::int_eq: return equal(a, b);
    case opcode::int_ne: return invert(equal(a, b));
    case opcode::int_is_zero: return equal(a, int_facts::exactly(0));
    case opcode::int_is_true: return invert(equal(a, int_facts::exactly(0)));
    default: return -1;
    }
}

int decide_overflow(opcode op, const int_facts& a, const int_facts& b) {
    wide low, high;
    if (op == opcode::int_add_ovf)
        low = wide(a.low) + b.low, high = wide(a.high) + b.high;
    else if (op == opcode::int_sub_ovf)
        low = wide(a.low) - b.high, high = wide(a.high) - b.low;
    else
        product_interval(a, b, low, high);
    if (low >= trace_int_min && high <= trace_int_max) return 0;
    return low > trace_int_max || high < trace_int_min ? 1 : -1;
}

opcode negated(opcode comparison) {
    switch (comparison) {
    case opcode::int_lt: return opcode::int_ge;
    case opcode::int_le: return opcode::int_gt;
    case opcode::int_gt: return opcode::int_le;
    case opcode::int_ge: return opcode::int_lt;
    case opcode::int_eq: return opcode::int_ne;
    case opcode::int_ne: return opcode::int_eq;
    case opcode::uint_lt: return opcode::uint_ge;
    case opcode::uint_le: return opcode::uint_gt;
    case opcode::uint_gt: return opcode::uint_le;
    case opcode::uint_ge: return opcode::uint_lt;
    case opcode::int_is_zero: return opcode::int_is_true;
    case opcode::int_is_true: return opcode::int_is_zero;
    case opcode::ptr_eq: return opcode::ptr_ne;
    case opcode::ptr_ne: return opcode::ptr_eq;
    case opcode::ptr_is_null: return opcode::ptr_is_nonnull;
    case opcode::ptr_is_nonnull: return opcode::ptr_is_null;
    default: return opcode::count; // floating comparisons have none: NaN
    }
}

opcode swapped(opcode comparison) {
    switch (comparison) {
    case opcode::int_lt: return opcode::int_gt;
    case opcode::int_le: return opcode::int_ge;
    case opcode::int_gt: return opcode::int_lt;
    case opcode::int_ge: return opcode::int_le;
    case opcode::uint_lt: return opcode::uint_gt;
    case opcode::uint_le: return opcode::uint_ge;
    case opcode::uint_gt: return opcode::uint_lt;
    case opcode::uint_ge: return opcode::uint_le;
    default: return comparison;
    }
}

void assume_true(opcode comparison, int_facts& a, int_facts& b) {
    switch (comparison) {
    case opcode::int_gt:
    case opcode::int_ge:
    case opcode::uint_gt:
    case opcode::uint_ge: return assume_true(swapped(comparison), b, a);
    case opcode::int_lt:
        if (b.high > trace_int_min) a.high = std::min(a.high, b.high - 1);
        if (a.low < trace_int_max) b.low = std::max(b.low, a.low + 1);
        break;
    case opcode::int_le:
        a.high = std::min(a.high, b.high);
        b.low = std::max(b.low, a.low);
        break;
    case opcode::uint_lt:
    case opcode::uint_le:
        // Below a non-negative number there are, as unsigned words, only non-negative ones.
        if (b.low >= 0) {
            a.low = std::max<trace_int>(a.low, 0);
            a.high = std::min(a.high, comparison == opcode::uint_lt ? b.high - 1 : b.high);
        }
        break;
    case opcode::int_eq: a = b = a.meet(b); return;
    case opcode::int_is_zero: a = a.meet(int_facts::exactly(0)); return;
    case opcode::int_ne:
    case opcode::int_is_true: {
        int_facts other = comparison == opcode::int_ne ? b : int_facts::exactly(0);
        if (other.is_exact() && a.low == other.low && a.low < trace_int_max)
            ++a.low;
        else if (other.is_exact() && a.high == other.low && a.high > trace_int_min)
            --a.high;
        if (comparison == opcode::int_ne && a.is_exact() && b.low == a.low && b.low < trace_int_max)
            ++b.low;
        else if (comparison == opcode::int_ne && a.is_exact() && b.high == a.low && b.high > trace_int_min)
            --b.high;
        break;
    }
    default: return;
    }
    a = a.normalised();
    b = b.normalised();
}

} // namespace heddle::jit
