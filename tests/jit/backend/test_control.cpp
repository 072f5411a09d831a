// Loops, labels, guards, bridges.
#include <catch2/catch.hpp>
#include "harness.h"

using namespace backend_test;

TEST_CASE("a counting loop ends at its guard") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what);
        REQUIRE(u.compile("[i0, i1]\n"
                          "label(i0, i1, descr=label1)\n"
                          "i2 = int_add(i1, i0)\n"
                          "i3 = int_sub(i0, 1)\n"
                          "i4 = int_gt(i3, 0)\n"
                          "guard_true(i4) [i2, i3]\n"
                          "jump(i3, i2, descr=label1)\n") == "");
        outcome o = u.run({w(int64_t{100}), 0});
        REQUIRE(o.guard == 0);
        CHECK(o.values == std::vector<word>{5050, 0});
    }
}

TEST_CASE("a bridge takes over at a guard and jumps back into the loop") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what);
        REQUIRE(u.compile("[i0, i1]\n"
                          "label(i0, i1, descr=label1)\n"
                          "i2 = int_and(i0, 1)\n"
                          "guard_true(i2) [i0, i1]\n"
                          "i3 = int_add(i1, 1)\n"
                          "i4 = int_sub(i0, 1)\n"
                          "guard_true(i4) [i3]\n"
                          "jump(i4, i3, descr=label1)\n") == "");
        CHECK(u.run({10, 0}).guard == 0);
        REQUIRE(u.compile_bridge(0, "[i0, i1]\n"
                                    "i2 = int_add(i1, 1000)\n"
                                    "i3 = int_sub(i0, 1)\n"
                                    "guard_true(i3) [i2, i0, i3]\n"
                                    "jump(i3, i2, descr=label1)\n") == "");
        outcome o = u.run({10, 0});
        CHECK(o.guard == 1);
        CHECK(o.values == std::vector<word>{5005});
    }
}
