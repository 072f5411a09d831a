// Arithmetic on what is known of integers; int_facts.h says what the facts mean.
#include "optimizer/int_facts.h"
#include <algorithm>
#include <bit>

namespace heddle::jit {

namespace {

using wide = __int128;
constexpr uint64_t sign_bit = uint64_t{1} << 63;

uint64_t unknown_bits(const int_facts& f) { return ~(f.zeros | f.ones); }

int_facts from_bits(uint64_t zeros, uint64_t ones) { return int_facts{INT64_MIN, INT64_MAX, zeros, ones}.normalised(); }

// The interval when it did not wrap, with bits found otherwise.
int_facts from_interval_and_bits(wide low, wide high, uint64_t zeros, uint64_t ones) {
    int_facts f{INT64_MIN, INT64_MAX, zeros, ones};
    if (low >= INT64_MIN && high <= INT64_MAX) {
        f.low = static_cast<int64_t>(low);
        f.high = static_cast<int64_t>(high);
    }
    return f.normalised();
}

// What is left of an exact result's interval when it did not overflow.
int_facts clipped(wide low, wide high) {
    return from_interval_and_bits(std::max<wide>(low, INT64_MIN), std::min<wide>(high, INT64_MAX), 0, 0);
}

int_facts add(const int_facts& a, const int_facts& b) {
    uint64_t am = unknown_bits(a), bm = unknown_bits(b);
    uint64_t values = a.ones + b.ones, sigma = am + bm + values;
    uint64_t unknown = (sigma ^ values) | am | bm;
    return from_interval_and_bits(wide(a.low) + b.low, wide(a.high) + b.high, ~values & ~unknown, values & ~unknown);
}

int_facts subtract(const int_facts& a, const int_facts& b) {
    uint64_t am = unknown_bits(a), bm = unknown_bits(b);
    uint64_t values = a.ones - b.ones;
    uint64_t unknown = ((values + am) ^ (values - bm)) | am | bm;
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
    int trailing = std::min(63, std::countr_one(a.zeros) + std::countr_one(b.zeros));
    return from_interval_and_bits(low, high, (uint64_t{1} << trailing) - 1, 0);
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
    unsigned n = static_cast<unsigned>(count.low & 63);
    uint64_t low_zeros = n ? ~uint64_t{0} >> (64 - n) : 0;
    return from_interval_and_bits(wide(a.low) * (wide(1) << n), wide(a.high) * (wide(1) << n),
                                  (a.zeros << n) | low_zeros, a.ones << n);
}

int_facts shift_right(const int_facts& a, const int_facts& count) {
    if (!count.is_exact()) return int_facts::between(std::min<int64_t>(a.low, 0), std::max<int64_t>(a.high, -1));
    unsigned n = static_cast<unsigned>(count.low & 63);
    auto shift = [n](uint64_t bits) { return static_cast<uint64_t>(static_cast<int64_t>(bits) >> n); };
    return int_facts{a.low >> n, a.high >> n, shift(a.zeros), shift(a.ones)}.normalised();
}

int_facts shift_right_unsigned(const int_facts& a, const int_facts& count) {
    if (a.low >= 0) {
        if (count.is_exact()) return shift_right(a, count);
        return int_facts::between(0, a.high);
    }
    if (!count.is_exact()) return int_facts::anything();
    unsigned n = static_cast<unsigned>(count.low & 63);
    if (n == 0) return a;
    return from_bits((a.zeros >> n) | ~(~uint64_t{0} >> n), a.ones >> n);
}

int_facts zero_extend(const int_facts& a, const int_facts& bits) {
    unsigned n = static_cast<unsigned>(bits.low);
    if (a.fits_unsigned(n)) return a;
    uint64_t mask = (uint64_t{1} << n) - 1;
    return from_bits(a.zeros | ~mask, a.ones & mask);
}

int_facts sign_extend(const int_facts& a, const int_facts& bits) {
    unsigned n = static_cast<unsigned>(bits.low);
    if (a.fits_signed(n)) return a;
    int_facts shifted = from_bits(a.zeros << (64 - n), a.ones << (64 - n));
    return shift_right(shifted, int_facts::exactly(64 - n));
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
    return from_interval_and_bits(low, std::min<wide>(high, INT64_MAX), 0, 0);
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
    uint64_t a_high = a.low >= 0 ? static_cast<uint64_t>(a.high) : ~uint64_t{0};
    uint64_t b_high = b.low >= 0 ? static_cast<uint64_t>(b.high) : ~uint64_t{0};
    return int_facts::between(
        0, static_cast<int64_t>(static_cast<uint64_t>((static_cast<unsigned __int128>(a_high) * b_high) >> 64)));
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
    low = crosses ? 0 : wide(static_cast<uint64_t>(f.low));
    high = crosses ? wide(UINT64_MAX) : wide(static_cast<uint64_t>(f.high));
}

int invert(int decision) { return decision < 0 ? -1 : 1 - decision; }

} // namespace

int_facts int_facts::normalised() const {
    int_facts f = *this;
    if (f.is_empty()) return f;
    // The bits' extremes: unknown sign as 1 for the least, as 0 for the greatest.
    uint64_t unknown = ~(zeros | ones);
    f.low = std::max(f.low, static_cast<int64_t>(ones | (unknown & sign_bit)));
    f.high = std::min(f.high, static_cast<int64_t>(ones | (unknown & ~sign_bit)));
    if (f.low > f.high) return f;
    // Bits above the highest one in which the interval's ends differ are the same in all of it.
    uint64_t different = static_cast<uint64_t>(f.low) ^ static_cast<uint64_t>(f.high);
    uint64_t common = different ? ~(~uint64_t{0} >> std::countl_zero(different)) : ~uint64_t{0};
    if (different >> 63) common = 0;
    f.ones |= static_cast<uint64_t>(f.low) & common;
    f.zeros |= ~static_cast<uint64_t>(f.low) & common;
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
    case opcode::int_trailing_zeros: return int_facts::between(0, 64);
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
    if (low >= INT64_MIN && high <= INT64_MAX) return 0;
    return low > INT64_MAX || high < INT64_MIN ? 1 : -1;
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
        if (b.high > INT64_MIN) a.high = std::min(a.high, b.high - 1);
        if (a.low < INT64_MAX) b.low = std::max(b.low, a.low + 1);
        break;
    case opcode::int_le:
        a.high = std::min(a.high, b.high);
        b.low = std::max(b.low, a.low);
        break;
    case opcode::uint_lt:
    case opcode::uint_le:
        // Below a non-negative number there are, as unsigned words, only non-negative ones.
        if (b.low >= 0) {
            a.low = std::max<int64_t>(a.low, 0);
            a.high = std::min(a.high, comparison == opcode::uint_lt ? b.high - 1 : b.high);
        }
        break;
    case opcode::int_eq: a = b = a.meet(b); return;
    case opcode::int_is_zero: a = a.meet(int_facts::exactly(0)); return;
    case opcode::int_ne:
    case opcode::int_is_true: {
        int_facts other = comparison == opcode::int_ne ? b : int_facts::exactly(0);
        if (other.is_exact() && a.low == other.low && a.low < INT64_MAX)
            ++a.low;
        else if (other.is_exact() && a.high == other.low && a.high > INT64_MIN)
            --a.high;
        if (comparison == opcode::int_ne && a.is_exact() && b.low == a.low && b.low < INT64_MAX)
            ++b.low;
        else if (comparison == opcode::int_ne && a.is_exact() && b.high == a.low && b.high > INT64_MIN)
            --b.high;
        break;
    }
    default: return;
    }
    a = a.normalised();
    b = b.normalised();
}

} // namespace heddle::jit
