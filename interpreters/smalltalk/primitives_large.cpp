// Large integers: LargePositiveInteger and LargeNegativeInteger are objects of bytes, the magnitude lowest first. The
// work is done by GMP, results are normalised: a SmallInteger when they fit.
#include "primitive_functions.h"
#include "primitives.h"
#include <cmath>
#include <gmp.h>
#include <utility>
#include <vector>

namespace heddle::smalltalk {

namespace {
// An mpz_t that is freed.
class number {
public:
    number() { mpz_init(value); }
    ~number() { mpz_clear(value); }
    number(const number&) = delete;
    number& operator=(const number&) = delete;
    mpz_t value;
};
bool is_large(W_Object* o) {
    if (!is_exact<W_Bytes>(o)) return false;
    W_Class* c = class_of(o);
    return c == special_at(special_large_positive) || c == special_at(special_large_negative);
}
bool read(W_Object* o, number& into) {
    if (is_int(o)) {
        mpz_set_si(into.value, int_value(o));
        return true;
    }
    if (!is_large(o)) return false;
    byte_array* bytes = static_cast<W_Bytes*>(o)->bytes;
    mpz_import(into.value, static_cast<size_t>(bytes->length()), -1, 1, 0, 0, bytes->items_to_read(0, bytes->length()));
    if (class_of(o) == special_at(special_large_negative)) mpz_neg(into.value, into.value);
    return true;
}
void set(number& into, int64_t value) {
    uint64_t magnitude = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    mpz_import(into.value, 1, 1, sizeof magnitude, 0, 0, &magnitude);
    if (value < 0) mpz_neg(into.value, into.value);
}
uint64_t low_64_bits(number& n) { // two's complement; n changes
    mpz_fdiv_r_2exp(n.value, n.value, 64);
    uint64_t bits = 0;
    mpz_export(&bits, nullptr, -1, sizeof bits, 0, 0, n.value);
    return bits;
}
W_Object* make_large(const number& from) {
    if (mpz_fits_slong_p(from.value) && fits_small(mpz_get_si(from.value))) return make_int(mpz_get_si(from.value));
    W_Class* c = special_class(mpz_sgn(from.value) < 0 ? special_large_negative : special_large_positive);
    if (!c) return nullptr;
    size_t count = (mpz_sizeinbase(from.value, 2) + 7) / 8;
    auto* bytes = heddle::try_make_array<byte_array>(static_cast<long>(count));
    if (!bytes) return nullptr;
    mpz_export(bytes->items_to_write(0, bytes->length()), nullptr, -1, 1, 0, 0, from.value);
    return make<W_Bytes>(c, bytes);
}
} // namespace

W_Object* integer_from_text(const std::string& digits) {
    number n;
    if (digits.empty() || digits[0] == ' ' || mpz_set_str(n.value, digits.c_str(), 10) != 0) return nullptr;
    return make_large(n);
}
double large_to_double(W_Object* o) {
    int64_t value;
    if (wide_value(o, value)) return static_cast<double>(value); // to the nearest, where GMP cuts bits off
    number n;
    return read(o, n) ? mpz_get_d(n.value) : 0;
}
W_Object* large_from_double(double whole) {
    number n;
    mpz_set_d(n.value, whole);
    return make_large(n);
}
int large_low_32_bits(W_Object* o) {
    number n;
    return read(o, n) ? static_cast<int>(low_64_bits(n)) : 0;
}
bool wide_value(W_Object* o, int64_t& value) {
    number n;
    if (!read(o, n) || mpz_sizeinbase(n.value, 2) > 63) return false;
    value = static_cast<int64_t>(low_64_bits(n));
    return true;
}
std::string large_to_text(W_Object* o) {
    number n;
    if (!read(o, n)) return "";
    std::string text(mpz_sizeinbase(n.value, 10) + 2, 0);
    mpz_get_str(text.data(), 10, n.value);
    text.resize(strlen(text.c_str()));
    return text;
}

W_Object* make_integer_unsigned(unsigned long value) {
    if (value <= static_cast<unsigned long>(small_maximum())) return make_int(static_cast<long>(value));
    number n;
    mpz_set_ui(n.value, value);
    W_Object* result = make_large(n);
    return result ? result : nil();
}
HEDDLE_DONT_LOOK_INSIDE static W_Object* make_integer_slow(long value) {
    number n;
    mpz_set_si(n.value, value);
    W_Object* result = make_large(n);
    return result ? result : nil();
}
W_Object* make_wide_integer(int64_t value) {
    if (std::in_range<long>(value)) return make_integer(static_cast<long>(value));
    number n;
    set(n, value);
    W_Object* result = make_large(n);
    return result ? result : nil();
}
W_Object* make_integer(long value) { return fits_small(value) ? make_int(value) : make_integer_slow(value); }

#define LARGE_OPERATION(name, ...)                                                              \
    HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_large_##name(W_Object* left, W_Object* right) { \
        number a, b, r;                                                                         \
        if (!read(left, a) || !read(right, b)) return nullptr;                                  \
        __VA_ARGS__                                                                             \
        return make_large(r);                                                                   \
    }
#define NONZERO \
    if (mpz_sgn(b.value) == 0) return nullptr;
LARGE_OPERATION(add, mpz_add(r.value, a.value, b.value);)
LARGE_OPERATION(subtract, mpz_sub(r.value, a.value, b.value);)
LARGE_OPERATION(multiply, mpz_mul(r.value, a.value, b.value);)
LARGE_OPERATION(divide, NONZERO if (!mpz_divisible_p(a.value, b.value)) return nullptr;
                mpz_divexact(r.value, a.value, b.value);)
LARGE_OPERATION(modulo, NONZERO mpz_fdiv_r(r.value, a.value, b.value);)
LARGE_OPERATION(floor_divide, NONZERO mpz_fdiv_q(r.value, a.value, b.value);)
LARGE_OPERATION(quotient, NONZERO mpz_tdiv_q(r.value, a.value, b.value);)
LARGE_OPERATION(remainder, NONZERO mpz_tdiv_r(r.value, a.value, b.value);)
LARGE_OPERATION(bit_and, mpz_and(r.value, a.value, b.value);)
LARGE_OPERATION(bit_or, mpz_ior(r.value, a.value, b.value);)
LARGE_OPERATION(bit_xor, mpz_xor(r.value, a.value, b.value);)

#define LARGE_COMPARISON(name, operator_)                                                       \
    HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_large_##name(W_Object* left, W_Object* right) { \
        number a, b;                                                                            \
        if (!read(left, a) || !read(right, b)) return nullptr;                                  \
        return boolean(mpz_cmp(a.value, b.value) operator_ 0);                                  \
    }
LARGE_COMPARISON(less, <)
LARGE_COMPARISON(greater, >)
LARGE_COMPARISON(less_equal, <=)
LARGE_COMPARISON(greater_equal, >=)
LARGE_COMPARISON(equal, ==)
LARGE_COMPARISON(not_equal, !=)

static W_Object* shift(W_Object* left, W_Object* right, bool magnitude) {
    number a, r;
    if (!read(left, a) || !is_int(right)) return nullptr;
    long by = int_value(right);
    if (by > 1L << 30) return nullptr;
    if (by >= 0)
        mpz_mul_2exp(r.value, a.value, static_cast<unsigned long>(by));
    else if (magnitude)
        mpz_tdiv_q_2exp(r.value, a.value, static_cast<unsigned long>(-by));
    else
        mpz_fdiv_q_2exp(r.value, a.value, static_cast<unsigned long>(-by));
    return make_large(r);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_large_bit_shift(W_Object* a, W_Object* b) { return shift(a, b, false); }
// The number's 64 bits, without a sign; null: it has more.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_large_shift_right_unsigned(W_Object* left, W_Object* right) {
    number a;
    if (!read(left, a) || !is_int(right) || int_value(right) < 0 || mpz_sizeinbase(a.value, 2) > 64) return nullptr;
    if (int_value(right) == 0) return left;
    if (int_value(right) > 63) return make_int(0);
    return make_wide_integer(static_cast<int64_t>(low_64_bits(a) >> int_value(right)));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_large_shift_magnitude(W_Object* a, W_Object* b) {
    return shift(a, b, true);
}

// ---- the LargeIntegers plugin: magnitudes, with a flag that says whether the result is negative; sums and differences
// have the receiver's sign, turned around if the other magnitude is the larger one
static W_Object* digits(W_Object* left, W_Object* right, bool subtract) {
    number a, b, r;
    if (!read(left, a) || !read(right, b)) return nullptr;
    bool negative = mpz_sgn(a.value) < 0;
    mpz_abs(a.value, a.value);
    mpz_abs(b.value, b.value);
    if (subtract)
        mpz_sub(r.value, a.value, b.value);
    else
        mpz_add(r.value, a.value, b.value);
    if (negative) mpz_neg(r.value, r.value);
    return make_large(r);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_large_digit_add(W_Object* a, W_Object* b) { return digits(a, b, false); }
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_large_digit_subtract(W_Object* a, W_Object* b) {
    return digits(a, b, true);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_large_digit_multiply(W_Object* left, W_Object* right, W_Object* negative) {
    number a, b, r;
    if (!read(left, a) || !read(right, b)) return nullptr;
    mpz_mul(r.value, a.value, b.value);
    mpz_abs(r.value, r.value);
    if (negative == true_object()) mpz_neg(r.value, r.value);
    return make_large(r);
}
// {quotient. remainder}, truncated; the remainder has the dividend's sign.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_large_digit_divide(W_Object* left, W_Object* right, W_Object* negative) {
    number a, b, q, r;
    if (!read(left, a) || !read(right, b)) return nullptr;
    NONZERO
    mpz_tdiv_qr(q.value, r.value, a.value, b.value);
    mpz_abs(q.value, q.value);
    if (negative == true_object()) mpz_neg(q.value, q.value);
    W_Object* quotient = make_large(q);
    W_Object* remainder = make_large(r);
    if (!quotient || !remainder) return nullptr;
    W_Pointers* both = new_array(2);
    set_slot(both, 0, quotient);
    set_slot(both, 1, remainder);
    return both;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_large_digit_compare(W_Object* left, W_Object* right) {
    number a, b;
    if (!read(left, a) || !read(right, b)) return nullptr;
    int order = mpz_cmpabs(a.value, b.value);
    return make_int(order < 0 ? -1 : order > 0);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_large_normalize(W_Object* o) {
    number a;
    if (!read(o, a)) return nullptr;
    return make_large(a);
}

} // namespace heddle::smalltalk
