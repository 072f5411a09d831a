// The modules sys, time and math.
#include "bigint.h"
#include "builtin_modules.h"
#include "heddle/threads.h"
#include "interpreter.h"
#include <cmath>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace heddle::python {

void setup_builtins();
void setup_io(W_Dict* sys);
root<W_List> the_arguments; // sys.argv
root<W_List> the_path;      // sys.path

namespace {

W_Dict* add_module(const char* name) {
    W_Module* module = make_module(intern(name));
    dict_set_str(modules_dict, intern(name), module);
    return module->dict;
}
void set(W_Dict* module, const char* name, W_Object* value) { dict_set_str(module, intern(name), value); }

// ---- sys
// ------------------------------------------------------------------------------------------------------------------
Result<W_Object*> sys_exit(W_Object* code) {
    return raise_exception(make_exception(type_of(T::SystemExit), code ? make_tuple_1(code) : make_tuple_0()));
}
Result<W_Object*> sys_getrecursionlimit() { return make_int(execution_context()->depth_limit); }
Result<W_Object*> sys_setrecursionlimit(W_Object* limit) {
    long value = HEDDLE_TRY(index_of(limit));
    if (value < 1) return raise_text(T::ValueError, "recursion limit must be greater or equal than 1");
    ExecutionContext* context = execution_context();
    if (context->depth >= value)
        return raise_error(T::RecursionError,
                           "cannot set the recursion limit to %ld at the recursion depth %ld: the limit is too low",
                           value, context->depth.get());
    context->depth_limit = value;
    context->checked_depth = value < 1000 ? value : 1000;
    return none();
}
Result<W_Object*> sys_exc_info() {
    W_Exception* handled = execution_context()->handled;
    if (!handled) return make_tuple_3(none(), none(), none());
    return make_tuple_3(handled->type(), handled,
                        handled->traceback ? static_cast<W_Object*>(handled->traceback.get()) : none());
}
Result<W_Object*> sys_exception() {
    W_Exception* handled = execution_context()->handled;
    return handled ? static_cast<W_Object*>(handled) : none();
}
Result<W_Object*> sys_intern(W_Object* text) {
    if (!is<W_Str>(text))
        return raise_error(T::TypeError, "intern() argument must be str, not %s", type_name(text).c_str());
    return intern(static_cast<W_Str*>(text));
}
Result<W_Object*> sys_getsizeof(W_Object* o, W_Object*) { return make_int(static_cast<long>(gc::total_size_of(o))); }
Result<W_Object*> sys_getframe(W_Object* frame, W_Object* depth) {
    if (!frame) return no_callers_frame("sys._getframe");
    if (depth && HEDDLE_TRY(index_of(depth)) != 0)
        return raise_text(T::ValueError, "only the caller's own frame is available: sys._getframe(0)");
    return frame;
}
Result<W_Object*> sys_displayhook(W_Object* value) { return print_expression(value); }
Result<W_Object*> sys_getrefcount(W_Object*) { return make_int(2); }
Result<W_Object*> sys_set_int_max_str_digits(W_Object*) { return none(); }
Result<W_Object*> sys_getdefaultencoding() { return make_str("utf-8"); }
constexpr builtin_entry sys_functions[] = {
    {"exit", sys_exit, 0},
    {"getrecursionlimit", sys_getrecursionlimit},
    {"setrecursionlimit", sys_setrecursionlimit},
    {"exc_info", sys_exc_info},
    {"exception", sys_exception},
    {"intern", sys_intern},
    {"getsizeof", sys_getsizeof, 1},
    {"_getframe", sys_getframe, 1, nullptr, builtin_entry::wants_frame},
    {"displayhook", sys_displayhook},
    {"getrefcount", sys_getrefcount},
    {"set_int_max_str_digits", sys_set_int_max_str_digits},
    {"getdefaultencoding", sys_getdefaultencoding},
};
void setup_sys() {
    W_Dict* sys = add_module("sys");
    add_functions(sys, sys_functions);
    setup_io(sys);
    the_arguments = make_list();
    the_path = make_list();
    set(sys, "argv", the_arguments);
    set(sys, "path", the_path);
    set(sys, "modules", modules_dict);
    set(sys, "maxsize", make_int(LONG_MAX));
    set(sys, "maxunicode", make_int(0x10ffff));
    set(sys, "version", make_str("3.11.0 (heddle-python 0.1)"));
    auto* version = make_array<object_array>(5);
    version->set(0, make_int(3));
    version->set(1, make_int(11));
    version->set(2, make_int(0));
    version->set(3, make_str("final"));
    version->set(4, make_int(0));
    set(sys, "version_info", make<W_Tuple>(version));
    set(sys, "platform", make_str("linux"));
    set(sys, "byteorder", make_str("little"));
    set(sys, "hexversion", make_int(0x030b00f0));
    set(sys, "executable", make_str(""));
    W_Instance* implementation = allocate_instance(type_of(T::namespace_));
    instance_set(implementation, intern("name"), make_str("heddle"));
    set(sys, "implementation", implementation);
    W_Instance* float_info = allocate_instance(type_of(T::namespace_));
    instance_set(float_info, intern("max"), make_float(1.7976931348623157e308));
    instance_set(float_info, intern("min"), make_float(2.2250738585072014e-308));
    instance_set(float_info, intern("epsilon"), make_float(2.220446049250313e-16));
    instance_set(float_info, intern("dig"), make_int(15));
    instance_set(float_info, intern("mant_dig"), make_int(53));
    set(sys, "float_info", float_info);
    W_Instance* hash_info = allocate_instance(type_of(T::namespace_));
    instance_set(hash_info, intern("width"), make_int(long_bits));
    instance_set(hash_info, intern("modulus"), make_int(hash_modulus));
    instance_set(hash_info, intern("inf"), make_int(double_hash(HUGE_VAL)));
    instance_set(hash_info, intern("nan"), make_int(double_hash(NAN)));
    instance_set(hash_info, intern("algorithm"), make_str("fnv1a"));
    instance_set(hash_info, intern("hash_bits"), make_int(long_bits));
    set(sys, "hash_info", hash_info);
    W_Instance* flags = allocate_instance(type_of(T::namespace_));
    instance_set(flags, intern("optimize"), make_int(0));
    set(sys, "flags", flags);
}

// ---- time
// -----------------------------------------------------------------------------------------------------------------
int64_t clock_nanoseconds(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}
template <clockid_t Clock> HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> time_float() {
    return make_float(static_cast<double>(clock_nanoseconds(Clock)) * 1e-9);
}
template <clockid_t Clock> HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> time_ns() {
    return make_int(clock_nanoseconds(Clock));
}
Result<W_Object*> time_sleep(W_Object* seconds) {
    double duration = HEDDLE_TRY(to_double(seconds));
    if (duration < 0) return raise_text(T::ValueError, "sleep length must be non-negative");
    flush_standard_streams();
    if (threads::current() != 0 || dict_get_str(modules_dict, intern("_thread"))) return sleep_beside_threads(duration);
    timespec wait{static_cast<time_t>(duration), static_cast<long>((duration - std::floor(duration)) * 1e9)};
    while (nanosleep(&wait, &wait) < 0) HEDDLE_TRY(run_pending_actions());
    return none();
}
Result<W_Object*> time_tuple(tm* parts) {
    auto* items = make_array<object_array>(9);
    int values[] = {parts->tm_year + 1900, parts->tm_mon + 1,        parts->tm_mday,     parts->tm_hour, parts->tm_min,
                    parts->tm_sec,         (parts->tm_wday + 6) % 7, parts->tm_yday + 1, parts->tm_isdst};
    for (int i = 0; i < 9; i++) items->set(i, make_int(values[i]));
    return make<W_Tuple>(items);
}
Result<W_Object*> time_gmtime(W_Object* seconds) {
    time_t when = seconds && seconds != none() ? static_cast<time_t>(HEDDLE_TRY(to_double(seconds))) : time(nullptr);
    tm parts;
    gmtime_r(&when, &parts);
    return time_tuple(&parts);
}
Result<W_Object*> time_localtime(W_Object* seconds) {
    time_t when = seconds && seconds != none() ? static_cast<time_t>(HEDDLE_TRY(to_double(seconds))) : time(nullptr);
    tm parts;
    localtime_r(&when, &parts);
    return time_tuple(&parts);
}
constexpr builtin_entry time_functions[] = {
    {"time", time_float<CLOCK_REALTIME>},
    {"time_ns", time_ns<CLOCK_REALTIME>},
    {"perf_counter", time_float<CLOCK_MONOTONIC>},
    {"perf_counter_ns", time_ns<CLOCK_MONOTONIC>},
    {"monotonic", time_float<CLOCK_MONOTONIC>},
    {"monotonic_ns", time_ns<CLOCK_MONOTONIC>},
    {"process_time", time_float<CLOCK_PROCESS_CPUTIME_ID>},
    {"process_time_ns", time_ns<CLOCK_PROCESS_CPUTIME_ID>},
    {"sleep", time_sleep},
    {"gmtime", time_gmtime, 0},
    {"localtime", time_localtime, 0},
};

// ---- math
// -----------------------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE failure_type domain_error() { return raise_text(T::ValueError, "math domain error"); }
HEDDLE_DONT_LOOK_INSIDE failure_type range_error() { return raise_text(T::OverflowError, "math range error"); }
using function_1 = double(double);
using function_2 = double(double, double);
// One argument; a nan from a number is a domain error, an infinity a range error.
#define MATH_1(name, call)                                              \
    HEDDLE_ELIDABLE double compute_##name(double x) { return call(x); } \
    Result<W_Object*> math_##name(W_Object* o) {                        \
        double x = HEDDLE_TRY(to_double(o));                            \
        double result = compute_##name(x);                              \
        if (result - result != 0 && x - x == 0) {                       \
            if (result != result) return domain_error();                \
            return range_error();                                       \
        }                                                               \
        if (result != result && x == x) return domain_error();          \
        return make_float(result);                                      \
    }
MATH_1(sin, std::sin)
MATH_1(cos, std::cos)
MATH_1(tan, std::tan)
MATH_1(asin, std::asin)
MATH_1(acos, std::acos)
MATH_1(atan, std::atan)
MATH_1(sinh, std::sinh)
MATH_1(cosh, std::cosh)
MATH_1(tanh, std::tanh)
MATH_1(asinh, std::asinh)
MATH_1(acosh, std::acosh)
MATH_1(exp, std::exp)
MATH_1(expm1, std::expm1)
MATH_1(exp2, std::exp2)
MATH_1(erf, std::erf)
MATH_1(erfc, std::erfc)
MATH_1(fabs, std::fabs)
MATH_1(cbrt, std::cbrt)
// Without errno, so that it is an instruction.
HEDDLE_INLINE double square_root(double x) {
#ifdef __clang__
    return __builtin_elementwise_sqrt(x);
#else
    return __builtin_sqrt(x);
#endif
}
Result<W_Object*> math_sqrt(W_Object* o) {
    double x = HEDDLE_TRY(to_double(o));
    if (x < 0) return domain_error();
    return make_float(square_root(x));
}
Result<W_Object*> math_atanh(W_Object* o) {
    double x = HEDDLE_TRY(to_double(o));
    if (x >= 1 || x <= -1) return domain_error();
    return make_float(std::atanh(x));
}
Result<W_Object*> math_gamma(W_Object* o) {
    double x = HEDDLE_TRY(to_double(o));
    if (x == std::floor(x) && x <= 0) return domain_error();
    double result = std::tgamma(x);
    if (std::isinf(result) && std::isfinite(x)) return range_error();
    return make_float(result);
}
Result<W_Object*> math_lgamma(W_Object* o) {
    double x = HEDDLE_TRY(to_double(o));
    if (x == std::floor(x) && x <= 0 && std::isfinite(x)) return domain_error();
    int sign; // std::lgamma has a global one
    return make_float(lgamma_r(x, &sign));
}
// Logarithms of ints of any size: exponent and mantissa apart.
Result<double> natural_log(W_Object* o) {
    if (is<W_BigInt>(o)) {
        big x(o);
        if (mpz_sgn(x.value) <= 0) return domain_error();
        long exponent;
        double mantissa = mpz_get_d_2exp(&exponent, x.value);
        return std::log(mantissa) + static_cast<double>(exponent) * 0.6931471805599453;
    }
    double x = HEDDLE_TRY(to_double(o));
    if (x <= 0) return domain_error();
    return std::log(x);
}
Result<W_Object*> math_log(W_Object* o, W_Object* base) {
    double value = HEDDLE_TRY(natural_log(o));
    if (!base) return make_float(value);
    double divisor = HEDDLE_TRY(natural_log(base));
    if (divisor == 0) return raise_text(T::ZeroDivisionError, "float division by zero");
    return make_float(value / divisor);
}
Result<W_Object*> math_log2(W_Object* o) {
    if (is<W_BigInt>(o)) return make_float(HEDDLE_TRY(natural_log(o)) / 0.6931471805599453);
    double x = HEDDLE_TRY(to_double(o));
    if (x <= 0) return domain_error();
    return make_float(std::log2(x));
}
Result<W_Object*> math_log10(W_Object* o) {
    if (is<W_BigInt>(o)) return make_float(HEDDLE_TRY(natural_log(o)) / 2.302585092994046);
    double x = HEDDLE_TRY(to_double(o));
    if (x <= 0) return domain_error();
    return make_float(std::log10(x));
}
Result<W_Object*> math_log1p(W_Object* o) {
    double x = HEDDLE_TRY(to_double(o));
    if (x <= -1) return domain_error();
    return make_float(std::log1p(x));
}
Result<W_Object*> math_pow(W_Object* a, W_Object* b) {
    double x = HEDDLE_TRY(to_double(a)), y = HEDDLE_TRY(to_double(b));
    double result = std::pow(x, y);
    if (std::isfinite(x) && std::isfinite(y)) {
        if (std::isnan(result)) return domain_error();
        if (std::isinf(result)) return x == 0 ? domain_error() : range_error();
    }
    return make_float(result);
}
Result<W_Object*> math_atan2(W_Object* a, W_Object* b) {
    double y = HEDDLE_TRY(to_double(a)), x = HEDDLE_TRY(to_double(b));
    return make_float(std::atan2(y, x));
}
Result<W_Object*> math_fmod(W_Object* a, W_Object* b) {
    double x = HEDDLE_TRY(to_double(a)), y = HEDDLE_TRY(to_double(b));
    if ((std::isinf(x) || y == 0) && !std::isnan(x) && !std::isnan(y)) return domain_error();
    return make_float(std::fmod(x, y));
}
Result<W_Object*> math_remainder(W_Object* a, W_Object* b) {
    double x = HEDDLE_TRY(to_double(a)), y = HEDDLE_TRY(to_double(b));
    if ((std::isinf(x) || y == 0) && !std::isnan(x) && !std::isnan(y)) return domain_error();
    return make_float(std::remainder(x, y));
}
Result<W_Object*> math_copysign(W_Object* a, W_Object* b) {
    double x = HEDDLE_TRY(to_double(a)), y = HEDDLE_TRY(to_double(b));
    return make_float(std::copysign(x, y));
}
Result<W_Object*> math_ldexp(W_Object* a, W_Object* b) {
    double x = HEDDLE_TRY(to_double(a));
    long exponent = HEDDLE_TRY(index_clamped(b));
    double result = std::ldexp(x, static_cast<int>(std::min(std::max(exponent, -100000l), 100000l)));
    if (std::isinf(result) && std::isfinite(x)) return range_error();
    return make_float(result);
}
Result<W_Object*> math_frexp(W_Object* o) {
    int exponent = 0;
    double mantissa = std::frexp(HEDDLE_TRY(to_double(o)), &exponent);
    return make_tuple_2(make_float(mantissa), make_int(exponent));
}
Result<W_Object*> math_modf(W_Object* o) {
    double whole, fraction = std::modf(HEDDLE_TRY(to_double(o)), &whole);
    return make_tuple_2(make_float(fraction), make_float(whole));
}
Result<W_Object*> math_hypot(W_Arguments* arguments) {
    double sum = 0;
    if (arguments->values->length() == 2)
        return make_float(std::hypot(HEDDLE_TRY(to_double(arguments->at(0))), HEDDLE_TRY(to_double(arguments->at(1)))));
    for (long i = 0; i < arguments->values->length(); i++)
        sum = std::hypot(sum, HEDDLE_TRY(to_double(arguments->at(i))));
    return make_float(sum);
}
Result<W_Object*> math_degrees(W_Object* o) { return make_float(HEDDLE_TRY(to_double(o)) * (180.0 / M_PI)); }
Result<W_Object*> math_radians(W_Object* o) { return make_float(HEDDLE_TRY(to_double(o)) * (M_PI / 180.0)); }
Result<W_Object*> math_isnan(W_Object* o) { return boolean(std::isnan(HEDDLE_TRY(to_double(o)))); }
Result<W_Object*> math_isinf(W_Object* o) { return boolean(std::isinf(HEDDLE_TRY(to_double(o)))); }
Result<W_Object*> math_isfinite(W_Object* o) { return boolean(std::isfinite(HEDDLE_TRY(to_double(o)))); }
Result<W_Object*> rounded(W_Object* o, N method, double (*round)(double)) {
    if (is_exact<W_Float>(o)) return int_from_double(round(static_cast<W_Float*>(o)->value));
    if (is_exact<W_Int>(o)) return o;
    W_Object* result = call_special_0(o, method);
    if (result || pending_error()) return result;
    return int_from_double(round(HEDDLE_TRY(to_double(o))));
}
Result<W_Object*> math_floor(W_Object* o) { return rounded(o, N::floor, std::floor); }
Result<W_Object*> math_ceil(W_Object* o) { return rounded(o, N::ceil, std::ceil); }
Result<W_Object*> math_trunc(W_Object* o) { return rounded(o, N::trunc, std::trunc); }
Result<W_Object*> math_gcd(W_Arguments* arguments) {
    big result;
    for (long i = 0; i < arguments->values->length(); i++) {
        big x(HEDDLE_TRY(to_index_object(arguments->at(i))));
        mpz_gcd(result.value, result.value, x.value);
    }
    return result.object();
}
Result<W_Object*> math_lcm(W_Arguments* arguments) {
    big result(1l);
    for (long i = 0; i < arguments->values->length(); i++) {
        big x(HEDDLE_TRY(to_index_object(arguments->at(i))));
        mpz_lcm(result.value, result.value, x.value);
    }
    return result.object();
}
Result<W_Object*> math_factorial(W_Object* o) {
    long n = HEDDLE_TRY(index_of(o));
    if (n < 0) return raise_text(T::ValueError, "factorial() not defined for negative values");
    if (n > 10000000) return raise_text(T::OverflowError, "factorial() argument is too large");
    big result;
    mpz_fac_ui(result.value, static_cast<unsigned long>(n));
    return result.object();
}
Result<W_Object*> math_comb(W_Object* a, W_Object* b) {
    big n(HEDDLE_TRY(to_index_object(a)));
    long k = HEDDLE_TRY(index_of(b));
    if (mpz_sgn(n.value) < 0) return raise_text(T::ValueError, "n must be a non-negative integer");
    if (k < 0) return raise_text(T::ValueError, "k must be a non-negative integer");
    if (mpz_cmp_si(n.value, k) < 0) return make_int(0);
    mpz_bin_ui(n.value, n.value, static_cast<unsigned long>(k));
    return n.object();
}
Result<W_Object*> math_perm(W_Object* a, W_Object* b) {
    if (!b || b == none()) return math_factorial(a);
    long n = HEDDLE_TRY(index_of(a)), k = HEDDLE_TRY(index_of(b));
    if (n < 0 || k < 0)
        return raise_text(T::ValueError,
                          n < 0 ? "n must be a non-negative integer" : "k must be a non-negative integer");
    if (k > n) return make_int(0);
    big result(1l);
    for (long i = 0; i < k; i++) mpz_mul_si(result.value, result.value, n - i);
    return result.object();
}
Result<W_Object*> math_isqrt(W_Object* o) {
    big x(HEDDLE_TRY(to_index_object(o)));
    if (mpz_sgn(x.value) < 0) return raise_text(T::ValueError, "isqrt() argument must be nonnegative");
    mpz_sqrt(x.value, x.value);
    return x.object();
}
Result<W_Object*> math_prod(W_Object* iterable, W_Object* start) {
    W_Object* total = start ? start : make_int(1);
    W_Object* iterator = HEDDLE_TRY(get_iterator(iterable));
    while (W_Object* item = next_item(iterator)) total = HEDDLE_TRY(binary(binary_op::mul, total, item));
    if (pending_error()) return failure;
    return total;
}
Result<W_Object*> math_fsum(W_Object* iterable) {
    // Shewchuk's exact partial sums.
    std::vector<double> partials;
    W_Object* iterator = HEDDLE_TRY(get_iterator(iterable));
    while (W_Object* item = next_item(iterator)) {
        double x = HEDDLE_TRY(to_double(item));
        size_t kept = 0;
        for (double y : partials) {
            if (std::fabs(x) < std::fabs(y)) std::swap(x, y);
            double high = x + y, low = y - (high - x);
            if (low != 0) partials[kept++] = low;
            x = high;
        }
        partials.resize(kept);
        partials.push_back(x);
    }
    if (pending_error()) return failure;
    double total = 0, low = 0;
    size_t n = partials.size();
    while (n > 0) {
        double x = total, y = partials[--n];
        total = x + y;
        low = y - (total - x);
        if (low != 0) break;
    }
    if (n > 0 && ((low < 0 && partials[n - 1] < 0) || (low > 0 && partials[n - 1] > 0))) {
        double twice = low * 2, x = total + twice;
        if (twice == x - total) total = x;
    }
    return make_float(total);
}
Result<W_Object*> math_isclose(W_Object* a, W_Object* b, W_Object* relative, W_Object* absolute) {
    double x = HEDDLE_TRY(to_double(a)), y = HEDDLE_TRY(to_double(b));
    double rel = relative ? HEDDLE_TRY(to_double(relative)) : 1e-9,
           abs = absolute ? HEDDLE_TRY(to_double(absolute)) : 0;
    if (rel < 0 || abs < 0) return raise_text(T::ValueError, "tolerances must be non-negative");
    if (x == y) return boolean(true);
    if (std::isinf(x) || std::isinf(y)) return boolean(false);
    double difference = std::fabs(x - y);
    return boolean(difference <= std::fabs(rel * x) || difference <= std::fabs(rel * y) || difference <= abs);
}
Result<W_Object*> math_dist(W_Object* a, W_Object* b) {
    object_array* p = HEDDLE_TRY(iterable_to_slots(a));
    object_array* q = HEDDLE_TRY(iterable_to_slots(b));
    if (p->length() != q->length())
        return raise_text(T::ValueError, "both points must have the same number of dimensions");
    double sum = 0;
    for (long i = 0; i < p->length(); i++)
        sum = std::hypot(sum, HEDDLE_TRY(to_double(p->get(i))) - HEDDLE_TRY(to_double(q->get(i))));
    return make_float(sum);
}
Result<W_Object*> math_nextafter(W_Object* a, W_Object* b) {
    return make_float(std::nextafter(HEDDLE_TRY(to_double(a)), HEDDLE_TRY(to_double(b))));
}
Result<W_Object*> math_ulp(W_Object* o) {
    double x = std::fabs(HEDDLE_TRY(to_double(o)));
    if (!std::isfinite(x)) return make_float(x);
    double above = std::nextafter(x, HUGE_VAL);
    return make_float(std::isinf(above) ? x - std::nextafter(x, 0) : above - x);
}
constexpr builtin_entry math_functions[] = {
    {"sin", math_sin},           {"cos", math_cos},
    {"tan", math_tan},           {"asin", math_asin},
    {"acos", math_acos},         {"atan", math_atan},
    {"sinh", math_sinh},         {"cosh", math_cosh},
    {"tanh", math_tanh},         {"asinh", math_asinh},
    {"acosh", math_acosh},       {"atanh", math_atanh},
    {"exp", math_exp},           {"expm1", math_expm1},
    {"exp2", math_exp2},         {"erf", math_erf},
    {"erfc", math_erfc},         {"fabs", math_fabs},
    {"cbrt", math_cbrt},         {"sqrt", math_sqrt},
    {"gamma", math_gamma},       {"lgamma", math_lgamma},
    {"log", math_log, 1},        {"log2", math_log2},
    {"log10", math_log10},       {"log1p", math_log1p},
    {"pow", math_pow},           {"atan2", math_atan2},
    {"fmod", math_fmod},         {"remainder", math_remainder},
    {"copysign", math_copysign}, {"ldexp", math_ldexp},
    {"frexp", math_frexp},       {"modf", math_modf},
    {"hypot", math_hypot},       {"degrees", math_degrees},
    {"radians", math_radians},   {"isnan", math_isnan},
    {"isinf", math_isinf},       {"isfinite", math_isfinite},
    {"floor", math_floor},       {"ceil", math_ceil},
    {"trunc", math_trunc},       {"gcd", math_gcd},
    {"lcm", math_lcm},           {"factorial", math_factorial},
    {"comb", math_comb},         {"perm", math_perm, 1},
    {"isqrt", math_isqrt},       {"prod", math_prod, 1, "iterable,start"},
    {"fsum", math_fsum},         {"isclose", math_isclose, 2, "a,b,rel_tol,abs_tol"},
    {"dist", math_dist},         {"nextafter", math_nextafter},
    {"ulp", math_ulp},
};

} // namespace

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> print_expression(W_Object* value) {
    if (value == none()) return value;
    dict_set_str(builtins_namespace(), name_of(N::underscore), none());
    W_Str* text = HEDDLE_TRY(repr(value));
    HEDDLE_TRY(builtin_print(arguments_1(text)));
    dict_set_str(builtins_namespace(), name_of(N::underscore), value);
    return none();
}

static Result<W_Object*> gc_collect(W_Object*) {
    gc::collect_full();
    gc::run_finalizers();
    return make_int(0);
}
static constexpr builtin_entry gc_functions[] = {{"collect", gc_collect, 0}};

// The parts of setup that built-in types' setup functions need come first: core.cpp calls this before them.
void setup_namespaces() {
    builtins_dict = make_module_dict();
    modules_dict = make_dict();
}
void setup_modules() {
    setup_builtins();
    dict_set_str(modules_dict, name_of(N::builtins_module),
                 make<W_Module>(name_of(N::builtins_module), builtins_namespace()));
    setup_sys();
    add_functions(add_module("time"), time_functions);
    W_Dict* math = add_module("math");
    add_functions(math, math_functions);
    set(math, "pi", make_float(M_PI));
    set(math, "e", make_float(M_E));
    set(math, "tau", make_float(2 * M_PI));
    set(math, "inf", make_float(HUGE_VAL));
    set(math, "nan", make_float(NAN));
    W_Dict* types = add_module("_types");
    add_functions(types, gc_functions);
    for (T id : {T::function, T::builtin_function, T::method, T::generator, T::code, T::frame, T::traceback, T::cell,
                 T::module, T::mappingproxy, T::namespace_, T::none_type, T::not_implemented_type, T::ellipsis,
                 T::getset_descriptor, T::member_descriptor})
        dict_set_str(types, type_of(id)->name, type_of(id));
}

} // namespace heddle::python
