// What is known of an integer: an interval [low, high] (signed) and the bits known to be 0 or 1.
//
// Invariant: every value that the integer can have lies in both. Operations answer facts that hold for the wrapped
// result of every pair of allowed arguments; an interval that might wrap becomes 'anything'. An empty set (low >
// high) says that the code can't be reached. The bit arithmetic is that of tristate numbers (Vishwanathan et al.,
// "Sound, precise, and fast abstract interpretation with tristate numbers"); the intervals follow RPython's intutils.
#pragma once
#include "heddle/jit/trace.h"
#include <cstdint>

namespace heddle::jit {

struct int_facts {
    trace_int low = trace_int_min, high = trace_int_max;
    trace_unsigned zeros = 0, ones = 0; // bits known to be 0; bits known to be 1

    static int_facts anything() { return {}; }
    static int_facts exactly(int64_t v) {
        auto n = static_cast<trace_int>(v);
        auto bits = static_cast<trace_unsigned>(v);
        return {n, n, ~bits, bits};
    }
    // What lies outside of a trace_int counts as unknown.
    static int_facts between(int64_t low, int64_t high) {
        if (low < trace_int_min || high > trace_int_max) return anything();
        return int_facts{static_cast<trace_int>(low), static_cast<trace_int>(high), 0, 0}.normalised();
    }
    static int_facts boolean() { return between(0, 1); }

    bool is_exact() const { return low == high; }
    bool is_empty() const { return low > high || (zeros & ones); }
    bool is_nonnegative() const { return low >= 0; }
    bool contains(int64_t v) const {
        trace_unsigned bits = static_cast<trace_unsigned>(v);
        return v >= low && v <= high && !(bits & zeros) && (bits & ones) == ones;
    }
    bool fits_signed(unsigned bits) const {
        return low >= -(int64_t{1} << (bits - 1)) && high < (int64_t{1} << (bits - 1));
    }
    bool fits_unsigned(unsigned bits) const { return low >= 0 && high < (int64_t{1} << bits); }
    friend bool operator==(const int_facts&, const int_facts&) = default;

    // The same set, with what the interval tells of the bits and the bits of the interval.
    int_facts normalised() const;
    int_facts meet(const int_facts& other) const;
};

// Facts of a pure integer operation's result; 'anything' for operations that it does not know. Bounds of *_ovf are
// those of the plain operation when it doesn't overflow.
int_facts facts_of_result(opcode op, const int_facts& a, const int_facts& b);
// -1: can't be decided; else the comparison's result.
int decide_comparison(opcode op, const int_facts& a, const int_facts& b);
// Whether the overflow operation: 0 never overflows, 1 always does, -1 may.
int decide_overflow(opcode op, const int_facts& a, const int_facts& b);
// Narrows both sides by a comparison known to be true. The negation of a comparison is 'negated'.
void assume_true(opcode comparison, int_facts& a, int_facts& b);
opcode negated(opcode comparison);
opcode swapped(opcode comparison); // a < b as b > a
bool is_int_comparison(opcode op);

} // namespace heddle::jit
