// float: operators, printing (shortest text that reads back), parsing, methods.
#include "bigint.h"
#include "interpreter.h"
#include <charconv>
#include <cinttypes>
#include <cmath>

namespace heddle::python {

std::string number_text(W_Str* text);

HEDDLE_DONT_LOOK_INSIDE static failure_type float_division(binary_op op) {
    return raise_text(T::ZeroDivisionError, op == binary_op::truediv  ? "float division by zero"
                                            : op == binary_op::mod    ? "float modulo"
                                            : op == binary_op::divmod ? "float divmod()"
                                                                      : "float floor division by zero");
}
HEDDLE_ELIDABLE static double float_modulo(double a, double b) {
    double remainder = std::fmod(a, b);
    if (remainder != 0) return (b < 0) != (remainder < 0) ? remainder + b : remainder;
    return std::copysign(0.0, b);
}
HEDDLE_ELIDABLE static double float_floor_division(double a, double b) {
    double remainder = std::fmod(a, b);
    double quotient = (a - remainder) / b;
    if (remainder != 0 && (b < 0) != (remainder < 0)) quotient -= 1;
    if (quotient == 0) return std::copysign(0.0, a / b);
    double floored = std::floor(quotient);
    return quotient - floored > 0.5 ? floored + 1 : floored;
}
HEDDLE_ELIDABLE static double raw_power(double a, double b) { return std::pow(a, b); }
HEDDLE_ELIDABLE static bool is_whole(double value) { return value == std::floor(value); }
HEDDLE_DONT_LOOK_INSIDE static failure_type power_overflow() {
    W_Tuple* arguments = make_tuple_2(make_int(34), make_str("Numerical result out of range"));
    return raise_exception(make_exception(type_of(T::OverflowError), arguments));
}
HEDDLE_INLINE static bool is_finite(double value) { return value - value == 0; }
static Result<W_Object*> float_power(double a, double b) {
    if (b < 0 && a == 0 && is_finite(b))
        return raise_text(T::ZeroDivisionError, "0.0 cannot be raised to a negative power");
    if (!is_whole(b) && a < 0 && is_finite(a) && is_finite(b))
        return raise_text(T::ValueError,
                          "complex numbers are not supported yet: negative number to a fractional power");
    double result = b == 2 ? a * a : raw_power(a, b);
    if (!is_finite(result) && is_finite(a) && is_finite(b)) return power_overflow();
    return make_float(result);
}
// The operand as a double; only call when it is a float or an int.
HEDDLE_INLINE static double operand(W_Object* o) {
    return is<W_Float>(o) ? static_cast<W_Float*>(o)->value : int_to_double(o);
}
HEDDLE_DONT_LOOK_INSIDE static failure_type int_too_large() {
    return raise_text(T::OverflowError, "int too large to convert to float");
}

Result<W_Object*> float_binary(binary_op op, W_Object* a, W_Object* b) {
    if (!(is<W_Float>(a) || is_int(a)) || !(is<W_Float>(b) || is_int(b))) return not_implemented();
    double x = operand(a), y = operand(b);
    if ((is<W_BigInt>(a) && x - x != 0) || (is<W_BigInt>(b) && y - y != 0)) return int_too_large();
    switch (op) {
    case binary_op::add: return make_float(x + y);
    case binary_op::sub: return make_float(x - y);
    case binary_op::mul: return make_float(x * y);
    case binary_op::truediv:
        if (y == 0) return float_division(op);
        return make_float(x / y);
    case binary_op::mod:
        if (y == 0) return float_division(op);
        return make_float(float_modulo(x, y));
    case binary_op::floordiv:
        if (y == 0) return float_division(op);
        return make_float(float_floor_division(x, y));
    case binary_op::divmod:
        if (y == 0) return float_division(op);
        return make_tuple_2(make_float(float_floor_division(x, y)), make_float(float_modulo(x, y)));
    case binary_op::pow: return float_power(x, y);
    default: return not_implemented();
    }
}

// Exact: an int that a double can't hold is compared as an int.
HEDDLE_ELIDABLE static long exact_order(W_Object* a, W_Object* b) { // of an int and a finite double, or two ints
    big x, y;
    double fraction = 0;
    auto load = [&](W_Object* o, big& into, double sign) {
        if (is<W_Float>(o)) {
            double value = static_cast<W_Float*>(o)->value, whole = std::trunc(value);
            mpz_set_d(into.value, whole);
            fraction += sign * (value - whole);
        } else {
            big copy(o);
            mpz_set(into.value, copy.value);
        }
    };
    load(a, x, 1);
    load(b, y, -1);
    int order = mpz_cmp(x.value, y.value);
    if (order) return order;
    return fraction < 0 ? -1 : fraction > 0;
}

Result<W_Object*> float_compare(compare_op op, W_Object* a, W_Object* b) {
    if (!(is<W_Float>(a) || is_int(a)) || !(is<W_Float>(b) || is_int(b))) return not_implemented();
    double x = operand(a), y = operand(b);
    bool large = (is_int(a) && std::fabs(x) >= 9007199254740992.0) || (is_int(b) && std::fabs(y) >= 9007199254740992.0);
    if (large && std::isfinite(is<W_Float>(a) ? x : 0.0) && std::isfinite(is<W_Float>(b) ? y : 0.0)) {
        x = static_cast<double>(exact_order(a, b));
        y = 0;
    }
    switch (op) {
    case compare_op::lt: return boolean(x < y);
    case compare_op::le: return boolean(x <= y);
    case compare_op::eq: return boolean(x == y);
    case compare_op::ne: return boolean(x != y);
    case compare_op::gt: return boolean(x > y);
    default: return boolean(x >= y);
    }
}

HEDDLE_ELIDABLE long double_hash(double value) {
    if (std::isnan(value)) return 0;
    if (std::isinf(value)) return value > 0 ? 314159 : -314159;
    constexpr auto modulus = static_cast<unsigned long>(hash_modulus);
    int exponent;
    double mantissa = std::frexp(value, &exponent);
    bool negative = mantissa < 0;
    if (negative) mantissa = -mantissa;
    unsigned long hash = 0;
    while (mantissa != 0) {
        hash = ((hash << 28) & modulus) | hash >> (hash_bits - 28);
        mantissa *= 268435456.0;
        exponent -= 28;
        auto whole = static_cast<unsigned long>(mantissa);
        mantissa -= static_cast<double>(whole);
        hash += whole;
        if (hash >= modulus) hash -= modulus;
    }
    exponent = exponent >= 0 ? exponent % hash_bits : hash_bits - 1 - ((-1 - exponent) % hash_bits);
    hash = ((hash << exponent) & modulus) | hash >> (hash_bits - exponent);
    long result = negative ? -static_cast<long>(hash) : static_cast<long>(hash);
    return result == -1 ? -2 : result;
}

std::string float_repr(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    char digits[40];
    auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr;
    std::string text(digits, end);
    size_t e = text.find('e');
    long exponent = strtol(text.c_str() + e + 1, nullptr, 10);
    if (exponent < -4 || exponent >= 16) {
        char tail[32];
        snprintf(tail, sizeof tail, "e%c%02ld", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
        return text.substr(0, e) + tail;
    }
    end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed).ptr;
    text.assign(digits, end);
    if (text.find('.') == std::string::npos) text += ".0";
    return text;
}

HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> float_from_text(W_Object* source, std::string text) {
    auto is_space = [](char c) { return c == ' ' || (c >= 9 && c <= 13); };
    while (!text.empty() && is_space(text.back())) text.pop_back();
    size_t start = 0;
    while (start < text.size() && is_space(text[start])) start++;
    text.erase(0, start);
    std::string clean;
    bool good = !text.empty();
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] == '_') {
            good &= i > 0 && i + 1 < text.size() && isdigit(text[i - 1]) && isdigit(text[i + 1]);
            continue;
        }
        clean += text[i];
    }
    std::string lower;
    for (char c : clean) lower += static_cast<char>(tolower(c));
    std::string unsigned_text = !lower.empty() && (lower[0] == '-' || lower[0] == '+') ? lower.substr(1) : lower;
    bool special = unsigned_text == "inf" || unsigned_text == "infinity" || unsigned_text == "nan";
    if (!special)
        for (char c : lower) good &= isdigit(c) || c == '.' || c == 'e' || c == '-' || c == '+';
    char* end = nullptr;
    double value = good ? strtod(clean.c_str(), &end) : 0;
    if (!good || *end)
        return raise_error(T::ValueError, "could not convert string to float: %s",
                           to_utf8(HEDDLE_TRY(repr(source))).c_str());
    return make_float(value);
}

HEDDLE_DONT_LOOK_INSIDE Result<double> to_double_in_general(W_Object* o) {
    if (is<W_Float>(o)) return static_cast<W_Float*>(o)->value;
    if (is_int(o)) {
        double value = int_to_double(o);
        if (value - value != 0) return int_too_large();
        return value;
    }
    W_Object* result = call_special_0(o, N::float_);
    if (!result && !pending_error()) {
        result = call_special_0(o, N::index);
        if (result && is_int(result)) return to_double(result);
    }
    if (!result) {
        if (pending_error()) return failure;
        return raise_about_type(T::TypeError, "must be real number, not %s", o);
    }
    if (!is<W_Float>(result))
        return raise_error(T::TypeError, "%s.__float__ returned non-float (type %s)", type_name(o).c_str(),
                           type_name(result).c_str());
    return static_cast<W_Float*>(result)->value;
}

HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> float_from(W_Object* o) {
    if (is<W_Str>(o)) return float_from_text(o, number_text(static_cast<W_Str*>(o)));
    if (is<W_Bytes>(o)) {
        byte_array* data = static_cast<W_Bytes*>(o)->data;
        return float_from_text(o, std::string(reinterpret_cast<const char*>(data->data()), data->length()));
    }
    auto value = to_double(o);
    if (value.failed()) {
        if (pending_is(T::TypeError) && !type_lookup(o->type(), N::float_))
            return raise_about_type(T::TypeError, "float() argument must be a string or a real number, not '%s'", o);
        return failure;
    }
    return make_float(value.value());
}
static Result<W_Object*> float_construct(W_Object* o) {
    if (!o) return make_float(0);
    if (is_exact<W_Float>(o)) return o;
    if (is_exact<W_Int>(o)) return make_float(static_cast<double>(static_cast<W_Int*>(o)->value));
    return float_from(o);
}

namespace {

HEDDLE_INLINE double value_of(W_Object* o) { return static_cast<W_Float*>(o)->value; }
template <binary_op Op> Result<W_Object*> binary_method(W_Object* a, W_Object* b) { return float_binary(Op, a, b); }
template <binary_op Op> Result<W_Object*> reflected_method(W_Object* a, W_Object* b) { return float_binary(Op, b, a); }
template <compare_op Op> Result<W_Object*> compare_method(W_Object* a, W_Object* b) { return float_compare(Op, a, b); }
Result<W_Object*> method_pow(W_Object* a, W_Object* b, W_Object* modulus) {
    if (modulus && modulus != none())
        return raise_text(T::TypeError, "pow() 3rd argument not allowed unless all arguments are integers");
    return float_binary(binary_op::pow, a, b);
}
Result<W_Object*> method_neg(W_Object* o) { return make_float(-value_of(o)); }
Result<W_Object*> method_pos(W_Object* o) { return make_float(value_of(o)); }
Result<W_Object*> method_abs(W_Object* o) { return make_float(__builtin_fabs(value_of(o))); }
Result<W_Object*> method_repr(W_Object* o) { return make_str(float_repr(value_of(o))); }
Result<W_Object*> method_hash(W_Object* o) { return make_int(double_hash(value_of(o))); }
Result<W_Object*> method_bool(W_Object* o) { return boolean(value_of(o) != 0); }
Result<W_Object*> method_int(W_Object* o) { return int_from_double(value_of(o)); }
Result<W_Object*> method_floor(W_Object* o) { return int_from_double(std::floor(value_of(o))); }
Result<W_Object*> method_ceil(W_Object* o) { return int_from_double(std::ceil(value_of(o))); }
Result<W_Object*> method_round(W_Object* o, W_Object* digits) {
    double value = value_of(o);
    if (!digits || digits == none()) return int_from_double(std::nearbyint(value));
    long count = HEDDLE_TRY(index_of(digits));
    if (!std::isfinite(value)) return make_float(value);
    if (count > 340) return make_float(value);
    if (count < -310) return make_float(std::copysign(0.0, value));
    char text[700];
    if (count >= 0) {
        snprintf(text, sizeof text, "%.*f", static_cast<int>(count), value);
        return make_float(strtod(text, nullptr));
    }
    double unit = std::pow(10.0, static_cast<double>(-count));
    double scaled = std::nearbyint(value / unit) * unit;
    if (std::isinf(scaled)) return raise_text(T::OverflowError, "rounded value too large to represent");
    return make_float(scaled);
}
Result<W_Object*> method_format(W_Object* o, W_Object* specification) {
    if (!is<W_Str>(specification))
        return raise_about_type(T::TypeError, "__format__() argument must be str, not %s", specification);
    if (static_cast<W_Str*>(specification)->length() == 0) return HEDDLE_TRY(to_str(o));
    return HEDDLE_TRY(format_float(value_of(o), static_cast<W_Str*>(specification)));
}
Result<W_Object*> method_is_integer(W_Object* o) {
    return boolean(std::isfinite(value_of(o)) && value_of(o) == std::floor(value_of(o)));
}
Result<W_Object*> method_as_integer_ratio(W_Object* o) {
    double value = value_of(o);
    if (std::isnan(value)) return raise_text(T::ValueError, "cannot convert NaN to integer ratio");
    if (std::isinf(value)) return raise_text(T::OverflowError, "cannot convert Infinity to integer ratio");
    int exponent;
    double mantissa = std::frexp(value, &exponent);
    for (int i = 0; i < 300 && mantissa != std::floor(mantissa); i++) {
        mantissa *= 2;
        exponent--;
    }
    big numerator, denominator(1l);
    mpz_set_d(numerator.value, mantissa);
    if (exponent > 0)
        mpz_mul_2exp(numerator.value, numerator.value, static_cast<size_t>(exponent));
    else
        mpz_mul_2exp(denominator.value, denominator.value, static_cast<size_t>(-exponent));
    W_Object* top = numerator.object();
    return make_tuple_2(top, denominator.object());
}
Result<W_Object*> method_hex(W_Object* o) {
    double value = value_of(o);
    if (!std::isfinite(value)) return make_str(float_repr(value));
    int exponent;
    double mantissa = std::frexp(std::fabs(value), &exponent);
    std::string sign = std::signbit(value) ? "-" : "";
    if (mantissa == 0) return make_str(sign + "0x0.0p+0");
    int shift = 1 - std::max(-1021 - exponent, 0);
    mantissa = std::ldexp(mantissa, shift);
    exponent -= shift;
    auto bits = static_cast<uint64_t>(std::ldexp(mantissa, 52));
    char text[64];
    snprintf(text, sizeof text, "%s0x%" PRIu64 ".%013" PRIx64 "p%+d", sign.c_str(), bits >> 52,
             bits & ((uint64_t{1} << 52) - 1), exponent);
    return make_str(text);
}
Result<W_Object*> method_fromhex(W_Object*, W_Object* text) {
    if (!is<W_Str>(text)) return raise_text(T::TypeError, "fromhex() argument must be str");
    std::string digits = to_utf8(static_cast<W_Str*>(text));
    char* end = nullptr;
    if (digits.find("0x") == std::string::npos && digits.find("0X") == std::string::npos)
        digits = (digits[0] == '-' ? "-0x" + digits.substr(1) : "0x" + digits);
    double value = strtod(digits.c_str(), &end);
    if (end == digits.c_str() || *end) return raise_text(T::ValueError, "invalid hexadecimal floating-point string");
    return make_float(value);
}
Result<W_Object*> get_imag(W_Object*) { return make_float(0); }

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
    {"__pow__", method_pow, 2},
    {"__rpow__", reflected_method<binary_op::pow>},
    {"__lt__", compare_method<compare_op::lt>},
    {"__le__", compare_method<compare_op::le>},
    {"__eq__", compare_method<compare_op::eq>},
    {"__ne__", compare_method<compare_op::ne>},
    {"__gt__", compare_method<compare_op::gt>},
    {"__ge__", compare_method<compare_op::ge>},
    {"__neg__", method_neg},
    {"__pos__", method_pos},
    {"__abs__", method_abs},
    {"__repr__", method_repr},
    {"__hash__", method_hash},
    {"__bool__", method_bool},
    {"__int__", method_int},
    {"__trunc__", method_int},
    {"__float__", method_pos},
    {"__floor__", method_floor},
    {"__ceil__", method_ceil},
    {"__round__", method_round, 1},
    {"__format__", method_format},
    {"is_integer", method_is_integer},
    {"as_integer_ratio", method_as_integer_ratio},
    {"conjugate", method_pos},
    {"hex", method_hex},
    {"fromhex", method_fromhex, 2, nullptr, builtin_entry::class_method},
};
constexpr getset_entry attributes[] = {{"real", method_pos, nullptr}, {"imag", get_imag, nullptr}};
constexpr builtin_entry construct_float{"float", float_construct, 0};

} // namespace

void setup_float() {
    add_methods(T::float_, methods);
    add_getsets(T::float_, attributes);
    add_constructor(T::float_, &construct_float);
}

} // namespace heddle::python
