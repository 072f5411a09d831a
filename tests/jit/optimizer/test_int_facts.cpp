// Facts of integers: for random facts and random members of them, each operation's result lies in the facts of the
// result.
#include "optimizer/int_facts.h"
#include <catch2/catch.hpp>
#include <random>

using namespace heddle::jit;

namespace {

// Any integer of the target's width.
int64_t some_int(std::mt19937_64& random) {
    auto narrow = [](int64_t n) { return int64_t{static_cast<trace_int>(n)}; };
    static const int64_t edges[] = {
        0, 1, -1, 2, 7, 8, 63, 64, 255, 256, INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1, INT32_MAX, INT32_MIN};
    switch (random() % 4) {
    case 0: return narrow(edges[random() % std::size(edges)]);
    case 1: return static_cast<int64_t>(random() % 64) - 16;
    case 2: return narrow(static_cast<int64_t>(random()) >> (random() % 64));
    default: return narrow(static_cast<int64_t>(random()));
    }
}

// Facts that 'member' satisfies.
int_facts some_facts(std::mt19937_64& random, int64_t member) {
    int_facts f;
    if (random() % 2)
        f = f.meet(int_facts::between(std::min(member, some_int(random)), std::max(member, some_int(random))));
    if (random() % 2) {
        auto mask = static_cast<trace_unsigned>(random() & random());
        f = f.meet(int_facts{trace_int_min, trace_int_max, ~static_cast<trace_unsigned>(member) & mask,
                             static_cast<trace_unsigned>(member) & mask});
    }
    if (random() % 8 == 0) f = int_facts::exactly(member);
    return f;
}

bool is_undefined(opcode op, int64_t a, int64_t b) {
    if (op == opcode::int_sign_extend || op == opcode::int_zero_extend) return b < 1 || b >= trace_int_bits;
    if (op != opcode::int_div && op != opcode::int_mod && op != opcode::uint_div && op != opcode::uint_mod)
        return false;
    return b == 0 || (a == trace_int_min && b == -1);
}

} // namespace

TEST_CASE("facts of results hold for every operation", "[int_facts]") {
    std::mt19937_64 random(20260101);
    for (int round = 0; round < 400000; ++round) {
        opcode op = static_cast<opcode>(random() % (static_cast<int>(opcode::int_mul_ovf) + 1));
        int64_t a = some_int(random), b = some_int(random);
        bool extends = op == opcode::int_sign_extend || op == opcode::int_zero_extend;
        if (extends) b = 1 + static_cast<int64_t>(random() % (trace_int_bits - 1));
        if (is_undefined(op, a, b)) continue;
        int_facts fa = some_facts(random, a), fb = extends ? int_facts::exactly(b) : some_facts(random, b);
        if (!fa.contains(a) || !fb.contains(b)) FAIL("the sample is not in its own facts");
        word words[2] = {static_cast<word>(a), static_cast<word>(b)};
        bool overflow = false;
        int64_t result = static_cast<int64_t>(execute_operation(op, nullptr, words, overflow));
        if (info(op).flags & OVERFLOW) {
            int decided = decide_overflow(op, fa, fb);
            if (decided >= 0 && decided != overflow) FAIL(info(op).name << " overflow " << a << ' ' << b);
            if (overflow) continue;
        }
        int_facts known = facts_of_result(op, fa, fb);
        if (!known.contains(result))
            FAIL(info(op).name << ' ' << a << ' ' << b << " is " << result << " outside " << known.low << ".."
                               << known.high);
        if (!is_int_comparison(op)) continue;
        int decided = decide_comparison(op, fa, fb);
        if (decided >= 0 && decided != result) FAIL(info(op).name << ' ' << a << ' ' << b << " decided " << decided);
        int_facts na = fa, nb = fb;
        assume_true(result ? op : negated(op), na, nb);
        if (!na.contains(a) || (info(op).arguments.size() > 1 && !nb.contains(b)))
            FAIL("assuming " << info(op).name << ' ' << a << ' ' << b << " lost the values");
    }
    SUCCEED();
}

TEST_CASE("facts are as narrow as they should be", "[int_facts]") {
    auto range = [](int64_t l, int64_t h) { return int_facts::between(l, h); };
    CHECK(facts_of_result(opcode::int_add, range(0, 10), range(5, 6)).high == 16);
    CHECK(facts_of_result(opcode::int_and, int_facts::anything(), range(0, 255)).high == 255);
    CHECK(facts_of_result(opcode::int_mod, int_facts::anything(), int_facts::exactly(10)).low == -9);
    CHECK(facts_of_result(opcode::int_shl, range(1, 3), int_facts::exactly(2)).zeros % 4 == 3);
    CHECK(facts_of_result(opcode::uint_shr, int_facts::anything(), int_facts::exactly(trace_int_bits - 4)).high == 15);
    CHECK(facts_of_result(opcode::int_or, range(0, 4), range(0, 3)).high == 7);
    CHECK(decide_comparison(opcode::int_eq,
                            facts_of_result(opcode::int_or, int_facts::anything(), int_facts::exactly(1)),
                            int_facts::exactly(4)) == 0);
    CHECK(decide_overflow(opcode::int_mul_ovf, range(-1000, 1000), range(-1000, 1000)) == 0);
    CHECK(decide_overflow(opcode::int_add_ovf, range(trace_int_max, trace_int_max), range(1, 5)) == 1);
}
