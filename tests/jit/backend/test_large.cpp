// Traces that outgrow the reach of short displacements: many guards far from their exits, constants far from their
// uses, more values on the stack than a load's offset counts. Every backend against the portable one.
#include "harness.h"
#include "support/heap_world.h"
#include <catch2/catch.hpp>

using namespace backend_test;

namespace {

constexpr int64_t rounds = 4000, limit = 100000;

// Adds a double of its own in each round; guard k fails when i0 is at least limit - k.
std::string many_guards() {
    std::string text = "[i0, f1]\n", sum = "f1";
    for (int64_t k = 0; k < rounds; ++k) {
        std::string n = std::to_string(10 + k), next = "f" + n;
        text += next + " = float_add(" + sum + ", " + std::to_string(k) + ".375)\n";
        text += "i" + n + " = int_lt(i0, " + std::to_string(limit - k) + ")\n";
        text += "guard_true(i" + n + ") [i0, " + next + "]\n";
        sum = next;
    }
    return text + "finish(" + sum + ")\n";
}

// Integers and doubles that all live over a call, and are the last guard's fail arguments.
std::string many_values(int integers, int doubles) {
    std::string text = "[i0, f1]\n", all = "i0, f1", sums;
    for (int k = 0; k < integers; ++k) {
        std::string name = "i" + std::to_string(10 + k);
        text += name + " = int_xor(i0, " + std::to_string(3 * k + 1) + ")\n";
        sums += "i" + std::to_string(10001 + k) + " = int_add(i" + std::to_string(10000 + k) + ", " + name + ")\n";
        all += ", " + name;
    }
    std::string total = "f1";
    for (int k = 0; k < doubles; ++k) {
        std::string name = "f" + std::to_string(5000 + k), next = "f" + std::to_string(20000 + k);
        text += name + " = float_add(f1, " + std::to_string(k) + ".625)\n";
        sums += next + " = float_add(" + total + ", " + name + ")\n";
        total = next;
        all += ", " + name;
    }
    text += "i9999 = call(ptr(fn_pure_sum), i0, 5, descr=pure_sum)\n";
    text += "i10000 = int_add(i9999, 1)\n" + sums;
    std::string last = "i" + std::to_string(10000 + integers);
    text +=
        "i30000 = float_lt(" + total + ", 1000000.5)\nguard_true(i30000) [" + last + ", " + total + ", " + all + "]\n";
    return text + "finish(" + last + ")\n";
}

struct seen {
    std::vector<outcome> outcomes;
    bool operator==(const seen& other) const {
        if (outcomes.size() != other.outcomes.size()) return false;
        for (size_t i = 0; i < outcomes.size(); ++i)
            if (outcomes[i].guard != other.outcomes[i].guard || outcomes[i].values != other.outcomes[i].values)
                return false;
        return true;
    }
};

} // namespace

TEST_CASE("a long trace: its first and its last guard leave it, and get bridges") {
    start_collector();
    seen expected;
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what);
        REQUIRE(u.compile(many_guards()) == "");
        seen now;
        auto run = [&](int64_t i) { now.outcomes.push_back(u.run({w(i), w(0.25)})); };
        auto run_all = [&] {
            for (int64_t i : {int64_t{0}, limit, limit - 1, limit - rounds / 2, limit - rounds + 1, limit - rounds})
                run(i);
        };
        run_all();
        CHECK(now.outcomes[0].guard == -1);
        CHECK(now.outcomes[1].guard == 0);
        CHECK(now.outcomes[2].guard == 1);
        CHECK(now.outcomes[4].guard == rounds - 1);
        for (int64_t guard : {int64_t{0}, rounds / 2, rounds - 1})
            REQUIRE(u.compile_bridge(static_cast<int>(guard),
                                     "[i0, f1]\nf2 = float_mul(f1, 2.0)\nf3 = int_to_float(i0)\n"
                                     "f4 = float_sub(f3, f2)\nfinish(f4)\n") == "");
        run_all();
        CHECK(now.outcomes[7].guard == -1);
        CHECK(now.outcomes[8].guard == 1);
        CHECK(now.outcomes[10].guard == -1);
        if (expected.outcomes.empty()) expected = now;
        CHECK(now == expected);
    }
}

TEST_CASE("more values on the stack than short offsets reach") {
    start_collector();
    for (auto [integers, doubles] : {std::pair{40, 140}, std::pair{600, 20}, std::pair{300, 600}}) {
        seen expected;
        for (auto& b : all_backends()) {
            INFO(b.name << ' ' << integers << ' ' << doubles);
            unit u(*b.what, heddle::test::world().tables);
            REQUIRE(u.compile(many_values(integers, doubles)) == "");
            seen now;
            for (double d : {0.5, 123.25, 1e9}) now.outcomes.push_back(u.run({w(int64_t{-77}), w(d)}));
            CHECK(now.outcomes[0].guard == -1);
            CHECK(now.outcomes[2].guard == 0);
            if (expected.outcomes.empty()) expected = now;
            CHECK(now == expected);
        }
    }
}
