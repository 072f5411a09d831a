// Primitives on SmallIntegers and Floats. A result that is no SmallInteger fails, and the image's own code makes it a
// large one.
#include "primitive_functions.h"
#include "primitives.h"
#include <cmath>

namespace heddle::smalltalk {

#define INTS(a, b) \
    if (!is_int(a) || !is_int(b)) return nullptr;
#define INT_COMPARISON(name, operator_)                        \
    W_Object* primitive_int_##name(W_Object* a, W_Object* b) { \
        INTS(a, b)                                             \
        return boolean(int_value(a) operator_ int_value(b));   \
    }
INT_COMPARISON(less, <)
INT_COMPARISON(greater, >)
INT_COMPARISON(less_equal, <=)
INT_COMPARISON(greater_equal, >=)
INT_COMPARISON(equal, ==)
INT_COMPARISON(not_equal, !=)
static HEDDLE_INLINE W_Object* small_or_fail(long value) { return fits_small(value) ? make_int(value) : nullptr; }
W_Object* primitive_int_add(W_Object* a, W_Object* b) { // SmallIntegers of images: sums and differences fit a long
    INTS(a, b)
    return small_or_fail(int_value(a) + int_value(b));
}
W_Object* primitive_int_subtract(W_Object* a, W_Object* b) {
    INTS(a, b)
    return small_or_fail(int_value(a) - int_value(b));
}
W_Object* primitive_int_multiply(W_Object* a, W_Object* b) {
    INTS(a, b)
    long result;
    if (__builtin_smull_overflow(int_value(a), int_value(b), &result)) return nullptr;
    return small_or_fail(result);
}
W_Object* primitive_int_divide(W_Object* a, W_Object* b) {
    INTS(a, b)
    long x = int_value(a), y = int_value(b);
    if (y == 0 || x % y != 0) return nullptr;
    return small_or_fail(x / y);
}
W_Object* primitive_int_modulo(W_Object* a, W_Object* b) {
    INTS(a, b)
    long x = int_value(a), y = int_value(b);
    if (y == 0) return nullptr;
    long remainder = x % y;
    if (remainder != 0 && (remainder ^ y) < 0) remainder += y;
    return make_int(remainder);
}
W_Object* primitive_int_floor_divide(W_Object* a, W_Object* b) {
    INTS(a, b)
    long x = int_value(a), y = int_value(b);
    if (y == 0) return nullptr;
    long quotient = x / y;
    if (quotient * y != x && (x ^ y) < 0) quotient--;
    return small_or_fail(quotient);
}
W_Object* primitive_int_quotient(W_Object* a, W_Object* b) {
    INTS(a, b)
    if (int_value(b) == 0) return nullptr;
    return small_or_fail(int_value(a) / int_value(b));
}
W_Object* primitive_int_bit_and(W_Object* a, W_Object* b) {
    INTS(a, b)
    return make_int(int_value(a) & int_value(b));
}
W_Object* primitive_int_bit_or(W_Object* a, W_Object* b) {
    INTS(a, b)
    return make_int(int_value(a) | int_value(b));
}
W_Object* primitive_int_bit_xor(W_Object* a, W_Object* b) {
    INTS(a, b)
    return make_int(int_value(a) ^ int_value(b));
}
W_Object* primitive_int_bit_shift(W_Object* a, W_Object* b) {
    INTS(a, b)
    long x = int_value(a), by = int_value(b);
    if (by <= 0) return make_int(by <= -long_bits ? x >> (long_bits - 1) : x >> -by);
    if (by > long_bits - 3) return x == 0 ? make_int(0) : nullptr;
    long shifted = static_cast<long>(static_cast<unsigned long>(x) << by);
    return shifted >> by == x ? small_or_fail(shifted) : nullptr;
}
W_Object* primitive_point(W_Object* a, W_Object* b) { return make_point(a, b); }
W_Object* primitive_high_bit(W_Object* a) {
    if (!is_int(a) || int_value(a) < 0) return nullptr;
    return make_int(int_value(a) == 0 ? 0 : long_bits - __builtin_clzl(static_cast<unsigned long>(int_value(a))));
}

// ---- floats. Operands: a float and a float or SmallInteger.
static HEDDLE_INLINE bool is_number(W_Object* o) { return is_exact<W_Float>(o) || is_int(o); }
static HEDDLE_INLINE double number(W_Object* o) {
    return is_exact<W_Float>(o) ? float_value(o) : static_cast<double>(int_value(o));
}
#define NUMBERS(a, b) \
    if (!is_exact<W_Float>(a) || !is_number(b)) return nullptr;
#define FLOAT_COMPARISON(name, operator_)                        \
    W_Object* primitive_float_##name(W_Object* a, W_Object* b) { \
        NUMBERS(a, b)                                            \
        return boolean(number(a) operator_ number(b));           \
    }
FLOAT_COMPARISON(less, <)
FLOAT_COMPARISON(greater, >)
FLOAT_COMPARISON(less_equal, <=)
FLOAT_COMPARISON(greater_equal, >=)
FLOAT_COMPARISON(equal, ==)
FLOAT_COMPARISON(not_equal, !=)
#define FLOAT_OPERATION(name, operator_)                         \
    W_Object* primitive_float_##name(W_Object* a, W_Object* b) { \
        NUMBERS(a, b)                                            \
        return make_float(number(a) operator_ number(b));        \
    }
FLOAT_OPERATION(add, +)
FLOAT_OPERATION(subtract, -)
FLOAT_OPERATION(multiply, *)
W_Object* primitive_float_divide(W_Object* a, W_Object* b) {
    NUMBERS(a, b)
    if (number(b) == 0) return nullptr;
    return make_float(number(a) / number(b));
}
W_Object* primitive_int_as_float(W_Object* a) {
    return is_int(a) ? make_float(static_cast<double>(int_value(a))) : nullptr;
}

#define ONE_FLOAT(name, expression)                                                      \
    HEDDLE_DONT_LOOK_INSIDE static double double_##name(double x) { return expression; } \
    W_Object* primitive_float_##name(W_Object* a) {                                      \
        if (!is_exact<W_Float>(a)) return nullptr;                                       \
        return make_float(double_##name(float_value(a)));                                \
    }
ONE_FLOAT(square_root, std::sqrt(x))
ONE_FLOAT(sine, std::sin(x))
ONE_FLOAT(arc_tangent, std::atan(x))
ONE_FLOAT(logarithm, std::log(x))
ONE_FLOAT(exponential, std::exp(x))
ONE_FLOAT(fraction_part, x - std::trunc(x))

W_Object* primitive_float_truncated(W_Object* a) {
    if (!is_exact<W_Float>(a)) return nullptr;
    double x = float_value(a);
    constexpr double limit = long_bits == 64 ? 0x1p60 : 0x1p30; // at least what a SmallInteger may be
    if (!(x >= -limit && x < limit)) return nullptr;
    return small_or_fail(static_cast<long>(x));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_float_exponent(W_Object* a) {
    if (!is_exact<W_Float>(a) || !std::isfinite(float_value(a))) return nullptr;
    int exponent = 0;
    std::frexp(float_value(a), &exponent);
    return make_int(exponent - 1);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_float_times_two_power(W_Object* a, W_Object* b) {
    if (!is_exact<W_Float>(a) || !is_int(b)) return nullptr;
    long power = int_value(b);
    if (power > 10000) power = 10000;
    if (power < -10000) power = -10000;
    return make_float(std::ldexp(float_value(a), static_cast<int>(power)));
}

} // namespace heddle::smalltalk
