// Comes last (see CMakeLists.txt): an operation of operations.def that no test before compiled on some backend is a
// failure.
#include "harness.h"
#include <catch2/catch.hpp>
#include <set>

using namespace backend_test;

TEST_CASE("debug_merge_point makes no code") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what);
        REQUIRE(u.compile("[i0]\n"
                          "debug_merge_point(0, 0, 9)\n"
                          "i1 = int_add(i0, 1)\n"
                          "debug_merge_point(0, 0, 10)\n"
                          "finish(i1)\n") == "");
        CHECK(u.run({w(int64_t{41})}).values == std::vector<word>{42});
    }
}

TEST_CASE("guard_not_forced is refused") {
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what);
        CHECK(u.compile("[i0]\nguard_not_forced() [i0]\nfinish(i0)\n").find("not supported") != std::string::npos);
    }
}

TEST_CASE("guard_no_break is refused without transactions") {
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what);
        CHECK(u.compile("[i0]\nguard_no_break() [i0]\nfinish(i0)\n") != "");
    }
}

TEST_CASE("every operation of the table was compiled on every backend by the tests before this one") {
    std::set<std::string> never_in_a_backend = {
        "record_exact_class", "quasi_immutable_field", // the optimizer uses them up
        "call_may_force",     "guard_not_forced",      // go together; no backend takes the guard yet: see above
        "guard_no_break",                              // the STM builds' programs run it (tests/tutorial, tests/python)
    };
    if (sizeof(void*) < 8) never_in_a_backend.insert({"float_to_bits", "bits_to_float"});
    if (compiled_operations().size() < 2) {
        WARN("run alone: nothing was compiled before");
        return;
    }
    for (auto& [backend, seen] : compiled_operations())
        for (size_t i = 0; i < seen.size(); ++i) {
            std::string name(info(static_cast<opcode>(i)).name);
            if (never_in_a_backend.count(name)) continue;
            if ((info(static_cast<opcode>(i)).flags & VECTOR) && sizeof(void*) < 8) continue; // no backend has lanes
            INFO(backend << ": no test compiles " << name);
            CHECK(seen[i]);
        }
}
