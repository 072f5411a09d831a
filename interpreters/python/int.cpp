// int: operators on longs, falling to GMP on overflow; parsing, printing, methods.
#include "bigint.h"
#include "interpreter.h"
#include <charconv>
#include <cmath>

namespace heddle::python {
namespace {

constexpr auto largest_bits =
    static_cast<size_t>(power_of_two_or_largest(33)); // beyond: MemoryError rather than letting GMP end the process

HEDDLE_DONT_LOOK_INSIDE failure_type division_by_zero(binary_op op) {
    return raise_text(T::ZeroDivisionError, op == binary_op::truediv ? "division by zero"
                                            : op == binary_op::mod   ? "integer modulo by zero"
                                                                     : "integer division or modulo by zero");
}
HEDDLE_DONT_LOOK_INSIDE failure_type no_memory() {
    return raise_exception(make_exception(type_of(T::MemoryError), make_tuple_0()));
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> big_true_divide(W_Object* a, W_Object* b) {
    big x(a), y(b);
    if (mpz_sgn(y.value) == 0) return division_by_zero(binary_op::truediv);
    // Scale so that the quotient has 66 significant bits, divide, and let the sticky bit decide the rounding.
    long shift = 66 - (static_cast<long>(mpz_sizeinbase(x.value, 2)) - static_cast<long>(mpz_sizeinbase(y.value, 2)));
    big remainder;
    if (shift > 0)
        mpz_mul_2exp(x.value, x.value, static_cast<size_t>(shift));
    else
        mpz_mul_2exp(y.value, y.value, static_cast<size_t>(-shift));
    bool negative = (mpz_sgn(x.value) < 0) != (mpz_sgn(y.value) < 0);
    mpz_abs(x.value, x.value);
    mpz_abs(y.value, y.value);
    big quotient;
    mpz_tdiv_qr(quotient.value, remainder.value, x.value, y.value);
    bool sticky = mpz_sgn(remainder.value) != 0;
    long bits = static_cast<long>(mpz_sizeinbase(quotient.value, 2));
    // Round to 53 bits by hand (fewer for subnormal results).
    long exponent = bits - shift; // the value is below 2^exponent
    long keep = 53;
    if (exponent < -1021) keep = 53 - (-1021 - exponent);
    if (keep < 0) keep = 0;
    long drop = bits - keep;
    if (drop > 0) {
        bool half = mpz_tstbit(quotient.value, static_cast<size_t>(drop - 1));
        size_t lowest = mpz_sgn(quotient.value) ? mpz_scan1(quotient.value, 0) : 0;
        bool below = sticky || static_cast<long>(lowest) < drop - 1;
        mpz_tdiv_q_2exp(quotient.value, quotient.value, static_cast<size_t>(drop));
        if (half && (below || mpz_odd_p(quotient.value))) mpz_add_ui(quotient.value, quotient.value, 1);
        shift -= drop;
    }
    double result = std::ldexp(mpz_get_d(quotient.value), static_cast<int>(-shift));
    if (std::isinf(result)) return raise_text(T::OverflowError, "integer division result too large for a float");
    return make_float(negative ? -result : result);
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> big_power(W_Object* a, W_Object* b) {
    if (is<W_BigInt>(b) || static_cast<W_Int*>(b)->value < 0) {
        if (is<W_Int>(b) || static_cast<W_BigInt*>(b)->size < 0) return float_binary(binary_op::pow, a, b);
        if (is<W_Int>(a)) {
            long base = static_cast<W_Int*>(a)->value;
            if (base == 0 || base == 1) return make_int(base);
            if (base == -1) return make_int((static_cast<W_BigInt*>(b)->limbs->get(0) & 1) ? -1 : 1);
        }
        return no_memory();
    }
    unsigned long exponent = static_cast<unsigned long>(static_cast<W_Int*>(b)->value);
    big x(a), result;
    size_t bits = mpz_sizeinbase(x.value, 2);
    if (mpz_cmpabs_ui(x.value, 1) > 0 && (exponent > largest_bits || exponent > largest_bits / bits))
        return no_memory();
    if (mpz_cmpabs_ui(x.value, 1) <= 0) exponent = exponent == 0 ? 0 : exponent & 1 ? 1 : 2;
    mpz_pow_ui(result.value, x.value, exponent);
    return result.object();
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> big_shift(binary_op op, W_Object* a, W_Object* b) {
    bool negative = is<W_Int>(b) ? static_cast<W_Int*>(b)->value < 0 : static_cast<W_BigInt*>(b)->size < 0;
    if (negative) return raise_text(T::ValueError, "negative shift count");
    big x(a), result;
    if (is<W_BigInt>(b)) {
        if (op == binary_op::rshift) return make_int(mpz_sgn(x.value) < 0 ? -1 : 0);
        if (mpz_sgn(x.value) == 0) return make_int(0);
        return raise_text(T::OverflowError, "too many digits in integer");
    }
    unsigned long count = static_cast<unsigned long>(static_cast<W_Int*>(b)->value);
    if (op == binary_op::rshift) {
        mpz_fdiv_q_2exp(result.value, x.value, count);
    } else {
        if (mpz_sgn(x.value) == 0) return make_int(0);
        if (count > largest_bits) return no_memory();
        mpz_mul_2exp(result.value, x.value, count);
    }
    return result.object();
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> big_binary(binary_op op, W_Object* a, W_Object* b) {
    if (op == binary_op::pow) return big_power(a, b);
    if (op == binary_op::lshift || op == binary_op::rshift) return big_shift(op, a, b);
    if (op == binary_op::truediv) return big_true_divide(a, b);
    big x(a), y(b), result;
    switch (op) {
    case binary_op::add: mpz_add(result.value, x.value, y.value); break;
    case binary_op::sub: mpz_sub(result.value, x.value, y.value); break;
    case binary_op::mul: mpz_mul(result.value, x.value, y.value); break;
    case binary_op::and_: mpz_and(result.value, x.value, y.value); break;
    case binary_op::or_: mpz_ior(result.value, x.value, y.value); break;
    case binary_op::xor_: mpz_xor(result.value, x.value, y.value); break;
    case binary_op::floordiv:
    case binary_op::mod:
    case binary_op::divmod: {
        if (mpz_sgn(y.value) == 0) return division_by_zero(op);
        big remainder;
        mpz_fdiv_qr(result.value, remainder.value, x.value, y.value);
        if (op == binary_op::mod) return remainder.object();
        if (op == binary_op::floordiv) break;
        W_Object* quotient = result.object();
        return make_tuple_2(quotient, remainder.object());
    }
    default: return not_implemented();
    }
    return result.object();
}

// Null: the result may not, or it is an operation for the general way.
HEDDLE_INLINE W_Object* small_binary(binary_op op, long a, long b) {
    long result;
    switch (op) {
    case binary_op::add: return __builtin_saddl_overflow(a, b, &result) ? nullptr : make_int(result);
    case binary_op::sub: return __builtin_ssubl_overflow(a, b, &result) ? nullptr : make_int(result);
    case binary_op::mul: return __builtin_smull_overflow(a, b, &result) ? nullptr : make_int(result);
    case binary_op::and_: return make_int(a & b);
    case binary_op::or_: return make_int(a | b);
    case binary_op::xor_: return make_int(a ^ b);
    case binary_op::rshift: return b < 0 ? nullptr : make_int(b >= long_bits ? (a < 0 ? -1 : 0) : a >> b);
    case binary_op::lshift:
        if (static_cast<unsigned long>(b) >= long_bits - 1) return nullptr;
        result = static_cast<long>(static_cast<unsigned long>(a) << b);
        return result >> b == a ? make_int(result) : nullptr;
    case binary_op::floordiv:
        if (b == 0 || b == -1) return nullptr;
        result = a / b;
        if ((a ^ b) < 0 && result * b != a) result--;
        return make_int(result);
    case binary_op::mod:
        if (b == 0 || b == -1) return nullptr;
        result = a % b;
        if (result != 0 && (result ^ b) < 0) result += b;
        return make_int(result);
    case binary_op::truediv:
        if (b == 0 || !fits_double(a) || !fits_double(b)) return nullptr;
        return make_float(static_cast<double>(a) / static_cast<double>(b));
    default: return nullptr;
    }
}

HEDDLE_DONT_LOOK_INSIDE W_Object* small_power(long base, long exponent) {
    if (exponent < 0) return nullptr;
    long result = 1;
    while (exponent > 0) {
        if ((exponent & 1) && __builtin_smull_overflow(result, base, &result)) return nullptr;
        exponent >>= 1;
        if (exponent > 0 && __builtin_smull_overflow(base, base, &base)) return nullptr;
    }
    return make_int(result);
}

HEDDLE_ELIDABLE int big_order(W_Object* a, W_Object* b) {
    big x(a), y(b);
    return mpz_cmp(x.value, y.value);
}
HEDDLE_INLINE bool order_satisfies(compare_op op, long order) {
    switch (op) {
    case compare_op::lt: return order < 0;
    case compare_op::le: return order <= 0;
    case compare_op::eq: return order == 0;
    case compare_op::ne: return order != 0;
    case compare_op::gt: return order > 0;
    default: return order >= 0;
    }
}

} // namespace

Result<W_Object*> int_binary(binary_op op, W_Object* a, W_Object* b) {
    if (!is_int(a) || !is_int(b)) return not_implemented();
    if (is<W_Int>(a) && is<W_Int>(b)) {
        long x = static_cast<W_Int*>(a)->value, y = static_cast<W_Int*>(b)->value;
        if (is_exact<W_Bool>(a) && is_exact<W_Bool>(b)) {
            if (op == binary_op::and_) return boolean(x & y);
            if (op == binary_op::or_) return boolean(x | y);
            if (op == binary_op::xor_) return boolean(x ^ y);
        }
        W_Object* result = op == binary_op::pow ? small_power(x, y) : small_binary(op, x, y);
        if (result) return result;
    }
    return big_binary(op, a, b);
}

Result<W_Object*> int_compare(compare_op op, W_Object* a, W_Object* b) {
    if (!is_int(a) || !is_int(b)) return not_implemented();
    if (is<W_Int>(a) && is<W_Int>(b)) {
        long x = static_cast<W_Int*>(a)->value, y = static_cast<W_Int*>(b)->value;
        return boolean(order_satisfies(op, x < y ? -1 : x > y));
    }
    return boolean(order_satisfies(op, big_order(a, b)));
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> int_unary(unary_op op, W_Object* a) {
    big x(a);
    if (op == unary_op::neg) mpz_neg(x.value, x.value);
    if (op == unary_op::invert) mpz_com(x.value, x.value);
    return x.object();
}

HEDDLE_ELIDABLE static long large_hash(W_Object* o) {
    if (is<W_Int>(o)) return hash_of_long(static_cast<W_Int*>(o)->value);
    big x(o);
    bool negative = mpz_sgn(x.value) < 0;
    mpz_abs(x.value, x.value);
    long hash = static_cast<long>(mpz_fdiv_ui(x.value, static_cast<unsigned long>(hash_modulus)));
    if (negative) hash = -hash;
    return hash == -1 ? -2 : hash;
}

long int_hash(W_Object* o) {
    if (is_exact<W_Int>(o)) {
        long value = static_cast<W_Int*>(o)->value;
        if (value >= 0 && value < hash_modulus) return value;
    }
    return large_hash(o);
}

HEDDLE_ELIDABLE double int_to_double(W_Object* o) {
    if (is<W_Int>(o)) return static_cast<double>(static_cast<W_Int*>(o)->value);
    // Round half even: keep 64 bits and a sticky bit, convert as an integer of 128 bits.
    big x(o);
    bool negative = mpz_sgn(x.value) < 0;
    mpz_abs(x.value, x.value);
    long bits = static_cast<long>(mpz_sizeinbase(x.value, 2)), drop = bits - 64;
    if (bits > 1100) return negative ? -HUGE_VAL : HUGE_VAL;
    bool sticky = false;
    if (drop > 0) {
        sticky = static_cast<long>(mpz_scan1(x.value, 0)) < drop;
        mpz_tdiv_q_2exp(x.value, x.value, static_cast<size_t>(drop));
    }
    uint64_t top = low_64_bits(x.value) | (sticky ? 1u : 0u);
    double result = std::ldexp(static_cast<double>(top), drop > 0 ? static_cast<int>(drop) : 0);
    return negative ? -result : result;
}

HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> int_from_large_double(double value) {
    if (std::isnan(value)) return raise_text(T::ValueError, "cannot convert float NaN to integer");
    if (std::isinf(value)) return raise_text(T::OverflowError, "cannot convert float infinity to integer");
    big x;
    mpz_set_d(x.value, value);
    return x.object();
}
Result<W_Object*> int_from_double(double value) {
    if (whole_part_fits_long(value)) return make_int(static_cast<long>(value));
    return int_from_large_double(value);
}

std::string int_to_text(W_Object* value, int base) {
    if (is<W_Int>(value)) {
        char digits[66];
        return std::string(digits,
                           std::to_chars(digits, digits + sizeof digits, static_cast<W_Int*>(value)->value, base).ptr);
    }
    big x(value);
    std::string text(mpz_sizeinbase(x.value, base) + 2, '\0');
    mpz_get_str(text.data(), base, x.value);
    text.resize(strlen(text.c_str()));
    return text;
}

W_Object* make_big_int(uint64_t magnitude, bool negative) {
    big x;
    mpz_import(x.value, 1, 1, sizeof magnitude, 0, 0, &magnitude);
    if (negative) mpz_neg(x.value, x.value);
    return x.object();
}
W_Object* parse_big_decimal(const std::string& text) {
    big x;
    mpz_set_str(x.value, text.c_str(), 10);
    return x.object();
}

// ---- conversions
// ------------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE static failure_type not_an_integer(W_Object* o) {
    return raise_about_type(T::TypeError, "'%s' object cannot be interpreted as an integer", o);
}
Result<W_Object*> to_index_object(W_Object* o) {
    if (is_int(o)) return o;
    W_Object* result = call_special_0(o, N::index);
    if (!result) {
        if (pending_error()) return failure;
        return not_an_integer(o);
    }
    if (!is_int(result)) return raise_about_type(T::TypeError, "__index__ returned non-int (type %s)", result);
    return result;
}
HEDDLE_DONT_LOOK_INSIDE static failure_type too_large(T error) {
    return raise_text(error, "cannot fit 'int' into an index-sized integer");
}
static HEDDLE_INLINE Result<long> index_or(W_Object* o, T error) {
    if (is_exact<W_Int>(o)) return static_cast<W_Int*>(o)->value;
    W_Object* value = HEDDLE_TRY(to_index_object(o));
    if (is<W_BigInt>(value)) return too_large(error);
    return static_cast<W_Int*>(value)->value;
}
Result<long> index_of(W_Object* o) { return index_or(o, T::OverflowError); }
Result<long> subscript_of(W_Object* o) { return index_or(o, T::IndexError); }
HEDDLE_DONT_LOOK_INSIDE Result<int64_t> index_64_of(W_Object* o) {
    W_Object* value = HEDDLE_TRY(to_index_object(o));
    if (is<W_Int>(value)) return static_cast<W_Int*>(value)->value;
    big x(value);
    auto bits = static_cast<int64_t>(low_64_bits(x.value));
    bool negative = mpz_sgn(x.value) < 0;
    bool fits = mpz_sizeinbase(x.value, 2) <= 63 || (negative && mpz_sizeinbase(x.value, 2) == 64 && bits == INT64_MIN);
    if (!fits) return too_large(T::OverflowError);
    return negative && bits != INT64_MIN ? -bits : bits;
}
HEDDLE_DONT_LOOK_INSIDE Result<long> index_clamped(W_Object* o) {
    if (is_exact<W_Int>(o)) return static_cast<W_Int*>(o)->value;
    if (!is_int(o) && !type_lookup(o->type(), N::index))
        return raise_text(T::TypeError, "slice indices must be integers or None or have an __index__ method");
    W_Object* value = HEDDLE_TRY(to_index_object(o));
    if (is<W_BigInt>(value)) return static_cast<W_BigInt*>(value)->size < 0 ? LONG_MIN : LONG_MAX;
    return static_cast<W_Int*>(value)->value;
}

// ---- parsing
// ------------------------------------------------------------------------------------------------------------
static int digit_value(uint32_t c) {
    if (c >= '0' && c <= '9') return static_cast<int>(c - '0');
    if (c >= 'a' && c <= 'z') return static_cast<int>(c - 'a' + 10);
    if (c >= 'A' && c <= 'Z') return static_cast<int>(c - 'A' + 10);
    return 99;
}
// Digits with underscores between them, in `base` (0: by prefix). Empty: not a number.
static std::string clean_digits(std::string_view text, long* base) {
    auto is_space = [](char c) { return c == ' ' || (c >= 9 && c <= 13); };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    std::string out;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        if (text[0] == '-') out = "-";
        text.remove_prefix(1);
    }
    size_t sign = out.size();
    bool prefixed = false;
    if (text.size() > 1 && text[0] == '0') {
        char letter = static_cast<char>(text[1] | 32);
        long prefix = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
        if (prefix && (*base == 0 || *base == prefix)) {
            *base = prefix;
            text.remove_prefix(2);
            prefixed = true;
        }
    }
    bool zero_only = *base == 0 && !text.empty() && text[0] == '0';
    if (*base == 0) *base = 10;
    bool after_digit = prefixed;
    for (char c : text) {
        if (c == '_') {
            if (!after_digit) return "";
            after_digit = false;
            continue;
        }
        int digit = digit_value(static_cast<unsigned char>(c));
        if (digit >= *base || (zero_only && digit != 0)) return "";
        out += c;
        after_digit = true;
    }
    if (!after_digit || out.size() == sign) return "";
    return out;
}
HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> int_from_text(W_Object* source, std::string_view text, long base) {
    long given = base;
    std::string digits = clean_digits(text, &base);
    if (digits.empty()) {
        return raise_error(T::ValueError, "invalid literal for int() with base %ld: %s", given,
                           to_utf8(HEDDLE_TRY(repr(source))).c_str());
    }
    if (digits.size() > 4300 && (base & (base - 1)))
        return raise_error(T::ValueError,
                           "Exceeds the limit (4300 digits) for integer string conversion: value has %zu digits; use "
                           "sys.set_int_max_str_digits() to increase the limit",
                           digits.size() - (digits[0] == '-'));
    if (digits.size() <= std::numeric_limits<long>::digits10 && base <= 10)
        return make_int(strtol(digits.c_str(), nullptr, static_cast<int>(base)));
    big x;
    mpz_set_str(x.value, digits.c_str(), static_cast<int>(base));
    return x.object();
}
// ASCII digits for Unicode ones: what int() and float() read.
std::string number_text(W_Str* text);

HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> int_from(W_Object* source, W_Object* base) {
    if (base) {
        long number = HEDDLE_TRY(index_of(base));
        if (number != 0 && (number < 2 || number > 36))
            return raise_text(T::ValueError, "int() base must be >= 2 and <= 36, or 0");
        if (source && is<W_Str>(source)) return int_from_text(source, number_text(static_cast<W_Str*>(source)), number);
        if (source && is<W_Bytes>(source)) {
            byte_array* data = static_cast<W_Bytes*>(source)->data;
            return int_from_text(source, std::string_view(reinterpret_cast<const char*>(data->data()), data->length()),
                                 number);
        }
        return raise_text(T::TypeError, "int() can't convert non-string with explicit base");
    }
    if (is<W_Str>(source)) return int_from_text(source, number_text(static_cast<W_Str*>(source)), 10);
    W_Object* result = call_special_0(source, N::int_);
    if (!result && !pending_error()) result = call_special_0(source, N::index);
    if (!result && !pending_error()) result = call_special_0(source, N::trunc);
    if (!result) {
        if (pending_error()) return failure;
        if (is<W_Bytes>(source)) {
            byte_array* data = static_cast<W_Bytes*>(source)->data;
            return int_from_text(source, std::string_view(reinterpret_cast<const char*>(data->data()), data->length()),
                                 10);
        }
        return raise_about_type(
            T::TypeError, "int() argument must be a string, a bytes-like object or a real number, not '%s'", source);
    }
    if (!is_int(result)) return raise_about_type(T::TypeError, "__int__ returned non-int (type %s)", result);
    if (is<W_Int>(result) && !is_exact<W_Int>(result)) return make_int(static_cast<W_Int*>(result)->value);
    return result;
}
static Result<W_Object*> int_construct(W_Object* source, W_Object* base) {
    if (base) return int_from(source, base);
    if (!source) return make_int(0);
    if (is_exact<W_Int>(source) || is_exact<W_BigInt>(source)) return source;
    if (is_exact<W_Float>(source)) return int_from_double(static_cast<W_Float*>(source)->value);
    return int_from(source, nullptr);
}

static Result<W_Object*> bool_construct(W_Object* o) {
    if (!o) return boolean(false);
    return boolean(HEDDLE_TRY(is_true(o)));
}

// ---- methods
// --------------------------------------------------------------------------------------------------------------
namespace {

template <binary_op Op> Result<W_Object*> binary_method(W_Object* a, W_Object* b) { return int_binary(Op, a, b); }
template <binary_op Op> Result<W_Object*> reflected_method(W_Object* a, W_Object* b) { return int_binary(Op, b, a); }
template <compare_op Op> Result<W_Object*> compare_method(W_Object* a, W_Object* b) { return int_compare(Op, a, b); }
template <unary_op Op> Result<W_Object*> unary_method(W_Object* a) { return int_unary(Op, a); }

Result<W_Object*> method_pow(W_Object* a, W_Object* b, W_Object* modulus) {
    if (!modulus || modulus == none()) return int_binary(binary_op::pow, a, b);
    if (!is_int(b) || !is_int(modulus)) return not_implemented();
    big x(a), y(b), m(modulus), result;
    if (mpz_sgn(m.value) == 0) return raise_text(T::ValueError, "pow() 3rd argument cannot be 0");
    if (mpz_sgn(y.value) < 0) {
        big inverse;
        if (!mpz_invert(inverse.value, x.value, m.value))
            return raise_text(T::ValueError, "base is not invertible for the given modulus");
        mpz_neg(y.value, y.value);
        mpz_swap(x.value, inverse.value);
    }
    mpz_powm(result.value, x.value, y.value, m.value);
    if (mpz_sgn(m.value) < 0 && mpz_sgn(result.value) > 0) mpz_add(result.value, result.value, m.value);
    return result.object();
}
Result<W_Object*> method_repr(W_Object* o) {
    if (is<W_Int>(o)) {
        char text[24];
        char* end = std::to_chars(text, text + sizeof text, static_cast<W_Int*>(o)->value).ptr;
        return make_str_latin1(reinterpret_cast<const uint8_t*>(text), end - text);
    }
    std::string text = int_to_text(o);
    if (text.size() > 4301)
        return raise_text(T::ValueError, "Exceeds the limit (4300 digits) for integer string conversion; use "
                                         "sys.set_int_max_str_digits() to increase the limit");
    return make_str(text);
}
Result<W_Object*> bool_repr(W_Object* o) { return intern(static_cast<W_Bool*>(o)->value ? "True" : "False"); }
Result<W_Object*> method_hash(W_Object* o) { return make_int(int_hash(o)); }
Result<W_Object*> method_bool(W_Object* o) { return boolean(is<W_BigInt>(o) || static_cast<W_Int*>(o)->value != 0); }
Result<W_Object*> method_int(W_Object* o) {
    return is<W_Int>(o) && !is_exact<W_Int>(o) ? make_int(static_cast<W_Int*>(o)->value) : o;
}
Result<W_Object*> method_float(W_Object* o) {
    double value = int_to_double(o);
    if (std::isinf(value)) return raise_text(T::OverflowError, "int too large to convert to float");
    return make_float(value);
}
Result<W_Object*> method_abs(W_Object* o) {
    if (is<W_Int>(o) && static_cast<W_Int*>(o)->value >= 0) return method_int(o);
    big x(o);
    mpz_abs(x.value, x.value);
    return x.object();
}
Result<W_Object*> method_round(W_Object* o, W_Object* digits) {
    if (!digits || digits == none()) return method_int(o);
    long count = HEDDLE_TRY(index_of(digits));
    if (count >= 0) return method_int(o);
    big x(o), unit, remainder, doubled;
    mpz_ui_pow_ui(unit.value, 10, static_cast<unsigned long>(-count));
    mpz_fdiv_qr(x.value, remainder.value, x.value, unit.value);
    mpz_mul_2exp(doubled.value, remainder.value, 1);
    int order = mpz_cmp(doubled.value, unit.value);
    if (order > 0 || (order == 0 && mpz_odd_p(x.value))) mpz_add_ui(x.value, x.value, 1);
    mpz_mul(x.value, x.value, unit.value);
    return x.object();
}
Result<W_Object*> method_format(W_Object* o, W_Object* specification) {
    if (!is<W_Str>(specification))
        return raise_about_type(T::TypeError, "__format__() argument must be str, not %s", specification);
    if (static_cast<W_Str*>(specification)->length() == 0) return HEDDLE_TRY(to_str(o));
    return HEDDLE_TRY(format_int(o, static_cast<W_Str*>(specification)));
}
Result<W_Object*> method_bit_length(W_Object* o) {
    big x(o);
    return make_int(mpz_sgn(x.value) ? static_cast<long>(mpz_sizeinbase(x.value, 2)) : 0);
}
Result<W_Object*> method_bit_count(W_Object* o) {
    big x(o);
    mpz_abs(x.value, x.value);
    return make_int(static_cast<long>(mpz_popcount(x.value)));
}
Result<W_Object*> method_as_integer_ratio(W_Object* o) { return make_tuple_2(HEDDLE_TRY(method_int(o)), make_int(1)); }
Result<W_Object*> method_to_bytes(W_Object* o, W_Object* length, W_Object* order, W_Object* is_signed) {
    long count = length ? HEDDLE_TRY(index_of(length)) : 1;
    bool little = order && is<W_Str>(order) && str_is(static_cast<W_Str*>(order), "little");
    if (order && !little && !(is<W_Str>(order) && str_is(static_cast<W_Str*>(order), "big")))
        return raise_text(T::ValueError, "byteorder must be either 'little' or 'big'");
    bool with_sign = is_signed && HEDDLE_TRY(is_true(is_signed));
    if (count < 0) return raise_text(T::ValueError, "length argument must be non-negative");
    if (static_cast<size_t>(count) > largest_bits / 8) return no_memory();
    big x(o);
    bool negative = mpz_sgn(x.value) < 0;
    if (negative && !with_sign) return raise_text(T::OverflowError, "can't convert negative int to unsigned");
    big limit;
    mpz_ui_pow_ui(limit.value, 2, static_cast<unsigned long>(count) * 8);
    big bound;
    if (with_sign && count > 0)
        mpz_tdiv_q_2exp(bound.value, limit.value, 1);
    else
        mpz_set(bound.value, limit.value);
    big lowest;
    mpz_neg(lowest.value, bound.value);
    if (mpz_cmp(x.value, bound.value) >= 0 || (negative && mpz_cmp(x.value, lowest.value) < 0) ||
        (count == 0 && mpz_sgn(x.value) && mpz_cmp_si(x.value, -1) != 0)) // -1 has no bytes, as in CPython
        return raise_text(T::OverflowError, "int too big to convert");
    if (negative) mpz_add(x.value, x.value, limit.value);
    std::string data(static_cast<size_t>(count), '\0');
    size_t used = (mpz_sizeinbase(x.value, 2) + 7) / 8; // of at most count bytes, unless the number is 0
    if (mpz_sgn(x.value))
        mpz_export(&data[little ? 0 : static_cast<size_t>(count) - used], nullptr, little ? -1 : 1, 1, 0, 0, x.value);
    return make_bytes(data.data(), count);
}
Result<W_Object*> method_from_bytes(W_Object* cls, W_Object* source, W_Object* order, W_Object* is_signed) {
    bool little = order && is<W_Str>(order) && str_is(static_cast<W_Str*>(order), "little");
    bool with_sign = is_signed && HEDDLE_TRY(is_true(is_signed));
    std::string data;
    if (is<W_Bytes>(source)) {
        byte_array* bytes = static_cast<W_Bytes*>(source)->data;
        data.assign(reinterpret_cast<const char*>(bytes->data()), static_cast<size_t>(bytes->length()));
    } else {
        object_array* items = HEDDLE_TRY(iterable_to_slots(source));
        for (long i = 0; i < items->length(); i++) data += static_cast<char>(HEDDLE_TRY(index_of(items->get(i))));
    }
    big x;
    mpz_import(x.value, data.size(), little ? -1 : 1, 1, 0, 0, data.data());
    bool negative =
        with_sign && !data.empty() && (static_cast<unsigned char>(little ? data.back() : data.front()) & 0x80);
    if (negative) {
        big limit;
        mpz_ui_pow_ui(limit.value, 2, data.size() * 8);
        mpz_sub(x.value, x.value, limit.value);
    }
    if (cls != type_of(T::int_)) return call_1(cls, x.object());
    return x.object();
}
Result<W_Object*> get_zero(W_Object*) { return make_int(0); }
Result<W_Object*> get_one(W_Object*) { return make_int(1); }

constexpr builtin_entry methods[] = {
    {"__add__", binary_method<binary_op::add>},
    {"__radd__", reflected_method<binary_op::add>},
    {"__sub__", binary_method<binary_op::sub>},
    {"__rsub__", reflected_method<binary_op::sub>},
    {"__mul__", binary_method<binary_op::mul>},
    {"__rmul__", reflected_method<binary_op::mul>},
    {"__truediv__", binary_method<binary_op::truediv>},
    {"__rtruediv__", reflected_method<binary_op::truediv>},
    {"__floordiv__", binary_method<binary_op::floordiv>},
    {"__rfloordiv__", reflected_method<binary_op::floordiv>},
    {"__mod__", binary_method<binary_op::mod>},
    {"__rmod__", reflected_method<binary_op::mod>},
    {"__divmod__", binary_method<binary_op::divmod>},
    {"__rdivmod__", reflected_method<binary_op::divmod>},
    {"__lshift__", binary_method<binary_op::lshift>},
    {"__rlshift__", reflected_method<binary_op::lshift>},
    {"__rshift__", binary_method<binary_op::rshift>},
    {"__rrshift__", reflected_method<binary_op::rshift>},
    {"__and__", binary_method<binary_op::and_>},
    {"__rand__", reflected_method<binary_op::and_>},
    {"__or__", binary_method<binary_op::or_>},
    {"__ror__", reflected_method<binary_op::or_>},
    {"__xor__", binary_method<binary_op::xor_>},
    {"__rxor__", reflected_method<binary_op::xor_>},
    {"__pow__", method_pow, 2},
    {"__rpow__", reflected_method<binary_op::pow>},
    {"__lt__", compare_method<compare_op::lt>},
    {"__le__", compare_method<compare_op::le>},
    {"__eq__", compare_method<compare_op::eq>},
    {"__ne__", compare_method<compare_op::ne>},
    {"__gt__", compare_method<compare_op::gt>},
    {"__ge__", compare_method<compare_op::ge>},
    {"__neg__", unary_method<unary_op::neg>},
    {"__pos__", unary_method<unary_op::pos>},
    {"__invert__", unary_method<unary_op::invert>},
    {"__repr__", method_repr},
    {"__hash__", method_hash},
    {"__bool__", method_bool},
    {"__int__", method_int},
    {"__index__", method_int},
    {"__float__", method_float},
    {"__abs__", method_abs},
    {"__round__", method_round, 1},
    {"__trunc__", method_int},
    {"__floor__", method_int},
    {"__ceil__", method_int},
    {"__format__", method_format},
    {"bit_length", method_bit_length},
    {"bit_count", method_bit_count},
    {"conjugate", method_int},
    {"as_integer_ratio", method_as_integer_ratio},
    {"to_bytes", method_to_bytes, 1, "self,length,byteorder,*signed"},
    {"from_bytes", method_from_bytes, 2, "cls,bytes,byteorder,*signed", builtin_entry::class_method},
};
constexpr getset_entry attributes[] = {{"real", method_int, nullptr},
                                       {"imag", get_zero, nullptr},
                                       {"numerator", method_int, nullptr},
                                       {"denominator", get_one, nullptr}};
constexpr builtin_entry bool_methods[] = {{"__repr__", bool_repr}};
constexpr builtin_entry construct_int{"int", int_construct, 0, "x,base"};
constexpr builtin_entry construct_bool{"bool", bool_construct, 0};

} // namespace

void setup_int() {
    add_methods(T::int_, methods);
    add_getsets(T::int_, attributes);
    add_constructor(T::int_, &construct_int);
    add_methods(T::bool_, bool_methods);
    add_constructor(T::bool_, &construct_bool);
}

} // namespace heddle::python
