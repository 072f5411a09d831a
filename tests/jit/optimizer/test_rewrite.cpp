// Constant folding, identities, strength reduction, common subexpressions. Each pure operation is folded and executed
// on edge values and random ones; the two must agree.
#include "check.h"
#include <catch2/catch.hpp>
#include <random>

using namespace heddle;
using namespace heddle::test;

namespace {

constexpr int64_t minimum = INT64_MIN, maximum = INT64_MAX;

// "i1 = <operation>" of input i0, then finish: what the result is in the optimised trace.
std::string result_of(const std::string& operation) {
    return optimised("[i0, i1]\ni2 = " + operation + "\nfinish(i2)\n");
}
std::string finishing(const std::string& rest) { return canonical("[i0, i1]\n" + rest); }

} // namespace

TEST_CASE("identities", "[rewrite]") {
    for (const char* same : {"int_add(i0, 0)", "int_add(0, i0)", "int_sub(i0, 0)", "int_mul(i0, 1)", "int_mul(1, i0)",
                             "int_div(i0, 1)", "int_and(i0, i0)", "int_and(i0, -1)", "int_or(i0, 0)", "int_or(i0, i0)",
                             "int_xor(i0, 0)", "int_shl(i0, 0)", "int_shr(i0, 64)", "uint_shr(i0, 0)"})
        CHECK(result_of(same) == finishing("finish(i0)\n"));
    for (const char* zero : {"int_sub(i0, i0)", "int_mul(i0, 0)", "int_and(0, i0)", "int_xor(i0, i0)", "int_mod(i0, 1)",
                             "int_lt(i0, i0)", "int_ne(i0, i0)", "uint_gt(i0, i0)"})
        CHECK(result_of(zero) == finishing("finish(0)\n"));
    for (const char* one : {"int_le(i0, i0)", "int_eq(i0, i0)", "uint_ge(i0, i0)"})
        CHECK(result_of(one) == finishing("finish(1)\n"));
    CHECK(result_of("int_or(i0, -1)") == finishing("finish(-1)\n"));
    CHECK(result_of("int_mul(i0, -1)") == finishing("i2 = int_neg(i0)\nfinish(i2)\n"));
    CHECK(result_of("int_sub(0, i0)") == finishing("i2 = int_neg(i0)\nfinish(i2)\n"));
    CHECK(result_of("int_xor(i0, -1)") == finishing("i2 = int_invert(i0)\nfinish(i2)\n"));
    CHECK(result_of("int_mul(8, i0)") == finishing("i2 = int_shl(i0, 3)\nfinish(i2)\n"));
    CHECK(result_of("int_lt(5, i0)") == finishing("i2 = int_gt(i0, 5)\nfinish(i2)\n"));
    CHECK(result_of("int_eq(0, i0)") == finishing("i2 = int_is_zero(i0)\nfinish(i2)\n"));
    CHECK(result_of("uint_div(i0, 16)") == finishing("i2 = uint_shr(i0, 4)\nfinish(i2)\n"));
    CHECK(result_of("uint_mod(i0, 16)") == finishing("i2 = int_and(i0, 15)\nfinish(i2)\n"));
}

// As a test for "fits into 31 bits" is compiled. That x + c lies between bounds bounds x, though x + c may wrap.
TEST_CASE("bounds through an addition that may wrap", "[bounds]") {
    const std::string both_tests = "[i0]\ni1 = int_sub(i0, -1073741824)\ni2 = uint_le(i1, 2147483647)\n"
                                   "guard_true(i2) [i0]\ni3 = int_ge(i0, 2)\nguard_true(i3) [i0]\n";
    CHECK(optimised(both_tests + "i4 = int_sub_ovf(i0, 1)\nguard_no_overflow() [i0]\ni5 = int_sub(i4, -1073741824)\n"
                                 "i6 = uint_le(i5, 2147483647)\nguard_true(i6) [i0]\nfinish(i4)\n") ==
          canonical(both_tests + "i4 = int_sub(i0, 1)\nfinish(i4)\n"));
    // Bounds from which the way back wraps tell nothing.
    CHECK_OPTIMISED("[i0]\ni1 = int_add(i0, 10)\ni2 = int_le(i1, -9223372036854775800)\nguard_true(i2) [i0]\n"
                    "i3 = int_lt(i0, 0)\nfinish(i3)\n",
                    "[i0]\ni1 = int_add(i0, 10)\ni2 = int_le(i1, -9223372036854775800)\nguard_true(i2) [i0]\n"
                    "i3 = int_lt(i0, 0)\nfinish(i3)\n");
}

TEST_CASE("chains of constants", "[rewrite]") {
    CHECK_OPTIMISED("[i0]\ni1 = int_add(i0, 5)\ni2 = int_sub(i1, 7)\nfinish(i2)\n",
                    "[i0]\ni2 = int_add(i0, -2)\nfinish(i2)\n");
    CHECK_OPTIMISED("[i0]\ni1 = int_add(i0, 5)\ni2 = int_sub(i1, 5)\nfinish(i2)\n", "[i0]\nfinish(i0)\n");
    CHECK_OPTIMISED("[i0, i1]\ni2 = int_add(i0, i1)\ni3 = int_sub(i2, i1)\nfinish(i3)\n", "[i0, i1]\nfinish(i0)\n");
    CHECK_OPTIMISED("[i0]\ni1 = int_and(i0, 12)\ni2 = int_and(i1, 6)\nfinish(i2)\n",
                    "[i0]\ni2 = int_and(i0, 4)\nfinish(i2)\n");
    CHECK_OPTIMISED("[i0]\ni1 = int_shl(i0, 3)\ni2 = int_shl(i1, 4)\nfinish(i2)\n",
                    "[i0]\ni2 = int_shl(i0, 7)\nfinish(i2)\n");
    CHECK_OPTIMISED("[i0]\ni1 = int_neg(i0)\ni2 = int_neg(i1)\nfinish(i2)\n", "[i0]\nfinish(i0)\n");
    CHECK_OPTIMISED("[i0, i1]\ni2 = int_lt(i0, i1)\ni3 = int_is_zero(i2)\nfinish(i3)\n",
                    "[i0, i1]\ni3 = int_ge(i0, i1)\nfinish(i3)\n");
    CHECK_OPTIMISED("[i0, i1]\ni2 = int_lt(i0, i1)\ni3 = int_is_true(i2)\nfinish(i3)\n",
                    "[i0, i1]\ni3 = int_lt(i0, i1)\nfinish(i3)\n");
    CHECK_OPTIMISED("[f0]\nf1 = float_div(f0, 4.0)\nf2 = float_mul(f1, 1.0)\nf3 = float_sub(f2, 0.0)\nfinish(f3)\n",
                    "[f0]\nf1 = float_mul(f0, 0.25)\nfinish(f1)\n");
    CHECK_OPTIMISED("[f0]\nf1 = float_add(f0, 0.0)\nfinish(f1)\n", "[f0]\nf1 = float_add(f0, 0.0)\nfinish(f1)\n");
    CHECK_OPTIMISED("[f0]\ni1 = float_eq(f0, f0)\ni2 = int_is_zero(i1)\nfinish(i2)\n",
                    "[f0]\ni1 = float_eq(f0, f0)\ni2 = int_is_zero(i1)\nfinish(i2)\n");
}

TEST_CASE("common subexpressions", "[pure]") {
    CHECK_OPTIMISED("[i0, i1]\ni2 = int_add(i0, i1)\ni3 = int_add(i1, i0)\ni4 = int_xor(i2, i3)\nfinish(i4)\n",
                    "[i0, i1]\nfinish(0)\n");
    CHECK_OPTIMISED("[i0, i1]\ni2 = int_gt(i0, i1)\ni3 = int_lt(i1, i0)\ni4 = int_sub(i2, i3)\nfinish(i4)\n",
                    "[i0, i1]\nfinish(0)\n");
    // Known before the label is not known after it.
    CHECK_OPTIMISED(
        "[i0]\ni1 = int_mul(i0, i0)\nlabel(i0, i1, descr=loop)\ni2 = int_mul(i0, i0)\njump(i2, i1, descr=loop)\n",
        "[i0]\ni1 = int_mul(i0, i0)\nlabel(i0, i1, descr=loop)\ni2 = int_mul(i0, i0)\njump(i2, i1, descr=loop)\n");
}

TEST_CASE("a label gives constants and doubled values names of their own", "[label]") {
    CHECK_OPTIMISED("[i0]\ni1 = int_sub(i0, i0)\ni2 = int_add(i0, 0)\nlabel(i0, i1, i2, descr=loop)\ni3 = int_add(i1, "
                    "i2)\njump(i3, i0, i1, descr=loop)\n",
                    "[i0]\ni1 = same_as_i(0)\ni2 = same_as_i(i0)\nlabel(i0, i1, i2, descr=loop)\ni3 = int_add(i1, "
                    "i2)\njump(i3, i0, i1, descr=loop)\n");
}

TEST_CASE("elidable calls fold and are shared", "[calls]") {
    CHECK_OPTIMISED("[i0]\ni1 = call_pure(ptr(fn_pure_sum), 5, 2, descr=pure_sum)\nfinish(i1)\n", "[i0]\nfinish(17)\n");
    CHECK_OPTIMISED("[i0]\ni1 = call_pure(ptr(fn_pure_sum), i0, 2, descr=pure_sum)\ni2 = call_pure(ptr(fn_pure_sum), "
                    "i0, 2, descr=pure_sum)\ni3 = int_sub(i1, i2)\nfinish(i3)\n",
                    "[i0]\nfinish(0)\n");
}

namespace {

const int64_t edge_values[] = {0,
                               1,
                               -1,
                               2,
                               -2,
                               3,
                               7,
                               8,
                               63,
                               64,
                               65,
                               127,
                               128,
                               255,
                               -128,
                               -129,
                               65535,
                               0x7fffffff,
                               -0x80000000ll,
                               0x100000000ll,
                               0x5555555555555555ll,
                               maximum,
                               maximum - 1,
                               minimum,
                               minimum + 1,
                               -7,
                               10,
                               100,
                               1000000007};
const double edge_doubles[] = {0.0,
                               -0.0,
                               1.0,
                               -1.5,
                               0.5,
                               1e308,
                               -1e308,
                               5e-324,
                               9.3e18,
                               -9.3e18,
                               1e19,
                               2147483648.5,
                               __builtin_inf(),
                               -__builtin_inf(),
                               __builtin_nan("")};

bool is_undefined(jit::opcode op, const jit::word* a) {
    using jit::opcode;
    if (op == opcode::int_sign_extend || op == opcode::int_zero_extend) return a[1] < 1 || a[1] >= jit::trace_int_bits;
    if (op != opcode::int_div && op != opcode::int_mod && op != opcode::uint_div && op != opcode::uint_mod)
        return false;
    return a[1] == 0 || (a[0] == jit::integer_word(static_cast<jit::word>(jit::trace_int_min)) && a[1] == UINT64_MAX);
}

std::vector<jit::word> samples(char kind, std::mt19937_64& random) {
    std::vector<jit::word> words;
    if (kind == 'f')
        for (double d : edge_doubles) words.push_back(jit::double_to_word(d));
    else
        for (int64_t v : edge_values) words.push_back(static_cast<jit::word>(v));
    for (int i = 0; i < 8; ++i)
        words.push_back(kind == 'f' ? jit::double_to_word(static_cast<double>(static_cast<int64_t>(random())) / 1e9)
                                    : random() >> (random() & 63));
    for (jit::word& w : words) // as wide as the target's
        w = kind == 'i' ? jit::integer_word(w) : kind == 'p' ? jit::pointer_word(w) : w;
    return words;
}

// Runs "result = op(a, b)" with each argument a constant or an input, optimised, on the portable backend.
jit::word run_optimised(jit::opcode op, const jit::word* a, unsigned constant_mask, bool& overflowed) {
    using namespace jit;
    trace t, result;
    std::vector<value_ref> arguments;
    std::string_view letters = info(op).arguments;
    for (char letter : letters)
        t.add(letter == 'f' ? opcode::input_f : letter == 'p' ? opcode::input_p : opcode::input_i, {});
    for (uint32_t i = 0; i < letters.size(); ++i)
        arguments.push_back(constant_mask >> i & 1 ? t.make_constant(kind_of_letter(letters[i]), a[i])
                                                   : value_ref::result(i));
    value_ref value = t.add(op, arguments);
    if (info(op).flags & OVERFLOW) {
        t.add(overflowed ? opcode::guard_overflow : opcode::guard_no_overflow, {});
        t.snapshot_frames.push_back({0, 0, 0, 0, UINT32_MAX});
        t.operations.back().snapshot = 0;
    }
    t.add(opcode::finish, {overflowed ? t.make_int(0) : value});
    loop_token token;
    token.type = descr_type::loop;
    optimizer_input input;
    input.recorded = &t;
    input.token = &token;
    std::string reason;
    REQUIRE(optimise(input, result, reason));
    std::unique_ptr<backend> portable = make_portable_backend({});
    REQUIRE(portable->compile_loop(result, token, nullptr) == "");
    exit_state exit = portable->execute(token, a);
    REQUIRE(exit.guard == nullptr);
    return exit.values[0];
}

} // namespace

TEST_CASE("every pure operation folds to what it executes to", "[rewrite]") {
    using namespace jit;
    std::mt19937_64 random(1);
    for (int i = 0; i < static_cast<int>(opcode::count); ++i) {
        opcode op = static_cast<opcode>(i);
        if (!is_pure(op) || (info(op).flags & (DESCR | CALL | VECTOR)) || op == opcode::load_class) continue;
        INFO(info(op).name);
        std::string_view letters = info(op).arguments;
        std::vector<word> first = samples(letters[0], random),
                          second = letters.size() > 1 ? samples(letters[1], random) : std::vector<word>{0};
        bool second_is_constant = op == opcode::int_sign_extend || op == opcode::int_zero_extend;
        for (word a : first)
            for (word b : second) {
                word arguments[2] = {a, b};
                if (is_undefined(op, arguments)) continue;
                bool overflowed = false;
                word expected = execute_operation(op, nullptr, arguments, overflowed);
                if (overflowed) expected = 0;
                INFO(static_cast<int64_t>(a) << ' ' << static_cast<int64_t>(b));
                for (unsigned mask = second_is_constant ? 2 : 0; mask < 4; ++mask) {
                    if (second_is_constant && mask == 1) continue;
                    if (letters.size() == 1 && mask > 1) continue;
                    if (run_optimised(op, arguments, mask, overflowed) != expected) {
                        INFO("constants: " << mask);
                        CHECK(run_optimised(op, arguments, mask, overflowed) == expected);
                    }
                }
            }
    }
}
