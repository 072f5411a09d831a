// What depends on how wide a long is: 64 bits, or 32 on a 32-bit target (docs/porting.md). All other files are written
// in terms of these names.
//
// A W_Int, a hash, an index and a length are a long. What else has 64 bits everywhere, as file positions, times and
// id(), is an int64_t: on a 32-bit target a function that computes with one is called, not traced.
#pragma once
#include "heddle/heddle.h"
#include <bit>
#include <climits>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace heddle::python {

constexpr int long_bits = static_cast<int>(sizeof(long) * 8);
constexpr bool long_has_64_bits = long_bits == 64;

// Limits of size: 2^exponent, or the largest long where that is less.
constexpr long power_of_two_or_largest(int exponent) {
    return exponent < long_bits - 1 ? 1l << exponent : std::numeric_limits<long>::max();
}
template <std::integral Integer> constexpr bool fits_long(Integer value) { return std::in_range<long>(+value); }
template <std::integral Integer> // all values of the type
constexpr bool always_fits_long =
    fits_long(std::numeric_limits<Integer>::min()) && fits_long(std::numeric_limits<Integer>::max());
HEDDLE_INLINE bool whole_part_fits_long(double value) { // false for nan
    return long_has_64_bits ? value > -9e18 && value < 9e18 : value > -2147483649.0 && value < 2147483648.0;
}
// Does a double hold it exactly?
HEDDLE_INLINE bool fits_double(long value) {
    constexpr auto limit = static_cast<unsigned long>(power_of_two_or_largest(53));
    return !long_has_64_bits || static_cast<unsigned long>(value) + limit <= 2 * limit;
}

// ---- hashes, as CPython defines them for each width
constexpr int hash_bits = long_has_64_bits ? 61 : 31;
constexpr long hash_modulus = static_cast<long>((1ul << hash_bits) - 1);
// Of the constants for the two widths the one that applies.
constexpr unsigned long by_width(uint64_t for_64_bits, uint32_t for_32_bits) {
    return static_cast<unsigned long>(long_has_64_bits ? for_64_bits : for_32_bits);
}

// ---- an attribute's number: a long, or the bits of a double. Narrow longs are kept as the doubles that they equal, so
// that traces need not split a double into words.
using number_slot = std::conditional_t<long_has_64_bits, long, double>;
HEDDLE_INLINE number_slot slot_of_long(long value) { return static_cast<number_slot>(value); }
HEDDLE_INLINE long long_of_slot(number_slot slot) { return static_cast<long>(slot); }
HEDDLE_INLINE number_slot slot_of_double(double value) { return std::bit_cast<number_slot>(value); }
HEDDLE_INLINE double double_of_slot(number_slot slot) { return std::bit_cast<double>(slot); }

// Have two doubles the same bits?
HEDDLE_ELIDABLE inline bool same_64_bits(double a, double b) {
    return std::bit_cast<int64_t>(a) == std::bit_cast<int64_t>(b);
}
HEDDLE_INLINE bool same_bits(double a, double b) {
    if constexpr (long_has_64_bits)
        return std::bit_cast<int64_t>(a) == std::bit_cast<int64_t>(b);
    else
        return same_64_bits(a, b);
}

} // namespace heddle::python
