// Loops, labels, guards, bridges.
#include "harness.h"
#include <catch2/catch.hpp>

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

TEST_CASE("invalidated code leaves at its guards, also when it is on the stack") {
    start_collector();
    static unit* running;
    static int rounds_left;
    rounds_left = 0;
    call_descr count;
    static_cast<descr&>(count).type = descr_type::call;
    count.name = "count";
    count.argument_kinds = "i";
    count.result = kind::integer;
    auto function = +[](trace_int x) -> trace_int {
        if (--rounds_left == 0) {
            running->token.invalidated = true;
            running->token.compiled = false;
            running->where.invalidate(running->token);
        }
        return x + 1;
    };
    count.thunk = [](void* f, const word* arguments, word* result) {
        *result = w(int64_t{reinterpret_cast<trace_int (*)(trace_int)>(f)(static_cast<trace_int>(arguments[0]))});
    };
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, {{&count}, {{"count", pointer_word(reinterpret_cast<void*>(function))}}});
        REQUIRE(u.compile("[i0, i1]\n"
                          "label(i0, i1, descr=label1)\n"
                          "guard_not_invalidated() [i1, i0]\n"
                          "guard_not_invalidated() [i0]\n"
                          "i2 = call(ptr(count), i1, descr=count)\n"
                          "i3 = int_sub(i0, 1)\n"
                          "guard_true(i3) [i2]\n"
                          "jump(i3, i2, descr=label1)\n") == "");
        for (auto& guard : u.token.guards) guard->owner = &u.token;
        running = &u;
        outcome o = u.run({w(int64_t{100}), 0});
        CHECK(o.guard == 2);
        CHECK(o.values == std::vector<word>{100});
        rounds_left = 40;
        o = u.run({w(int64_t{100}), 0});
        CHECK(o.guard == 0);
        CHECK(o.values == std::vector<word>{40, 60});
    }
}

TEST_CASE("a bridge with a larger frame than its loop's, and a value that is twice a fail argument") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what);
        REQUIRE(u.compile("[i0, i1]\n"
                          "label(i0, i1, descr=label1)\n"
                          "i2 = int_and(i0, 1)\n"
                          "guard_true(i2) [i0, i1, i0, i1]\n"
                          "i3 = int_add(i1, 1)\n"
                          "i4 = int_sub(i0, 1)\n"
                          "guard_true(i4) [i3]\n"
                          "jump(i4, i3, descr=label1)\n") == "");
        // Forty values made before any of them is used again.
        std::string text = "[i0, i1, i2, i3]\n", sum = "i500 = int_sub(i1, i3)\n";
        for (int i = 0; i < 40; ++i) {
            text += "i" + std::to_string(100 + i) + " = int_add(i" + std::to_string(i % 2 ? 0 : 2) + ", " +
                    std::to_string(i) + ")\n";
            sum += "i" + std::to_string(501 + i) + " = int_add(i" + std::to_string(500 + i) + ", i" +
                   std::to_string(100 + i) + ")\n";
        }
        text += sum + "i600 = int_add(i540, i1)\ni601 = int_sub(i2, 1)\nguard_true(i601) [i600]\njump(i601, i600, "
                      "descr=label1)\n";
        REQUIRE(u.compile_bridge(0, text) == "");
        word i = 9, total = 0;
        for (; i; --i) total += i & 1 ? 1 : 40 * i + 780;
        outcome o = u.run({9, 0});
        CHECK(o.guard == 1);
        CHECK(o.values == std::vector<word>{total});
    }
}

TEST_CASE("a bridge to another loop's label") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit first(*b.what), second(*b.what);
        REQUIRE(first.compile("[i0, f1]\n"
                              "label(i0, f1, descr=label1)\n"
                              "i2 = int_sub(i0, 1)\n"
                              "f3 = float_add(f1, 0.5)\n"
                              "guard_true(i2) [f3]\n"
                              "jump(i2, f3, descr=label1)\n") == "");
        trace_parser_tables t;
        t.descrs.push_back(&first.target("label1"));
        unit other(*b.what, t);
        REQUIRE(other.compile("[i0, i1]\nguard_true(i0) [i1]\nfinish(i0)\n") == "");
        trace bridge;
        value_ref n = bridge.add(opcode::input_i, {});
        bridge.add(opcode::jump, {n, bridge.make_float(10)}, &first.target("label1"));
        REQUIRE(other.compile_bridge(bridge, *other.token.guards[0]) == "");
        exit_state exit = other.where.execute(other.token, std::vector<word>{0, 6}.data());
        REQUIRE(exit.guard == first.token.guards[0].get());
        CHECK(word_to_double(exit.values[0]) == 13.0);
        CHECK(other.run({7, 6}).values == std::vector<word>{7});
    }
}

TEST_CASE("what can't be compiled is refused with a reason, and changes nothing") {
    start_collector();
    for (auto& b : native_backends()) {
        INFO(b.name);
        auto refused = [&](const std::string& text) {
            unit u(*b.what);
            std::string problem = u.compile(text);
            CHECK_FALSE(u.token.compiled);
            CHECK(u.token.entry == 0);
            return problem;
        };
        CHECK(refused("[i0]\n").find("no operations") != std::string::npos);
        CHECK(refused("[i0]\ni1 = int_add(i0, 1)\n").find("does not end") != std::string::npos);
        CHECK(refused("[i0]\njump(i0, descr=label9)\n").find("no machine code") != std::string::npos);
        CHECK(refused("[i0]\nlabel(i0, descr=label9)\njump(i0, i0, descr=label9)\n").find("different numbers") !=
              std::string::npos);
        CHECK(refused("[i0]\nlabel(i0, i0, descr=label9)\njump(i0, i0, descr=label9)\n").find("twice") !=
              std::string::npos);
        CHECK(refused("[i0]\ni1 = int_add_ovf(i0, 1)\nfinish(i1)\n").find("not followed by its guard") !=
              std::string::npos);
        CHECK(refused("[i0]\nguard_not_forced() [i0]\nfinish(i0)\n").find("not supported") != std::string::npos);
        CHECK(refused("[i0, i1]\ni2 = int_sign_extend(i0, i1)\nfinish(i2)\n").find("constant from 1 to ") !=
              std::string::npos);
        CHECK(refused("[i0, i1]\ni3 = int_add(i0, i1)\nlabel(i0, descr=label9)\ni4 = int_add(i3, 1)\nfinish(i4)\n")
                  .find("not live") != std::string::npos);
        CHECK(refused("[i0, i1]\nlabel(i0, descr=label9)\nguard_true(i0) [i1]\nfinish(i0)\n").find("not live") !=
              std::string::npos);
        unit u(*b.what);
        REQUIRE(u.compile("[i0]\nguard_true(i0) [i0]\nfinish(i0)\n") == "");
        CHECK(u.compile_bridge(0, "[i0, i1]\nfinish(i0)\n").find("fail arguments") != std::string::npos);
        CHECK(u.run({0}).guard == 0);
        REQUIRE(u.compile_bridge(0, "[i0]\nfinish(77)\n") == "");
        CHECK(u.compile_bridge(0, "[i0]\nfinish(78)\n").find("a bridge already") != std::string::npos);
        CHECK(u.run({0}).values == std::vector<word>{77});
    }
}

TEST_CASE("the listing shows operations and instructions") {
    start_collector();
    auto all = native_backends();
    unit u(*all[0].what);
    std::string log;
    REQUIRE(u.compile("[i0, i1]\ni2 = int_add_ovf(i0, i1)\nguard_no_overflow() [i0]\ni3 = int_lt(i2, "
                      "100)\nguard_true(i3) [i2]\nfinish(i2)\n",
                      &log) == "");
    size_t at = 0;
#ifdef __arm__ // words, low byte first: adds, bvs, cmp
    const char *first = "0x2d 0xe9", *add = "0xe0\n", *overflow = " 0x6a", *compare = "0x64 0x00 0x5",
               *greater = "0xaa";
#else
    const char *first = "push rbp", *add = "add ", *overflow = "jo ", *compare = "cmp ", *greater = "jge ";
#endif
    for (const char* expected : {first, "; i2 = int_add_ovf(i0, i1)", add, "; guard_no_overflow() guard 0", overflow,
                                 "; i4 = int_lt(i2, 100)", compare, greater, "; finish(i2)", "; guard exits"}) {
        INFO(expected << " in\n" << log);
        at = log.find(expected, at);
        REQUIRE(at != std::string::npos);
    }
    // The comparison feeds its guard through the condition codes.
    CHECK(log.find("set") == std::string::npos);
}

TEST_CASE("several labels: a preamble, then the loop, and a jump back to the preamble from a bridge") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what);
        REQUIRE(u.compile("[i0, i1, i2]\n"
                          "label(i0, i1, i2, descr=label1)\n"
                          "i3 = int_mul(i2, 3)\n"
                          "label(i0, i1, i2, i3, descr=label2)\n"
                          "i4 = int_add(i1, i3)\n"
                          "i5 = int_sub(i0, 1)\n"
                          "guard_true(i5) [i4, i2]\n"
                          "jump(i5, i4, i2, i3, descr=label2)\n") == "");
        CHECK(u.run({4, 0, 5}).values == std::vector<word>{60, 5});
        REQUIRE(u.compile_bridge(
                    0, "[i0, i1]\ni2 = int_lt(i0, 1000)\nguard_true(i2) [i0]\njump(2, i0, 7, descr=label1)\n") == "");
        // 60, then two rounds of 21 until 1000 is passed.
        word total = 60;
        while (total < 1000) total += 42;
        outcome o = u.run({4, 0, 5});
        CHECK(o.guard == 1);
        CHECK(o.values == std::vector<word>{total});
    }
}
