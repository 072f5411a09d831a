// Loops: traced, closed, left through guards, bridged; overflow, promote, switches, conditional calls.
#include "heddle/jit/backend.h"
#include "tiny.h"
#include <catch2/catch.hpp>

using namespace heddle::test;
using namespace heddle::test::tiny;

namespace {
const std::vector<int64_t> sum = {add, decrement_b, loop_if_b, 0, return_a};
} // namespace

TEST_CASE("a counting loop") {
    world w;
    load_tiny(w);
    w.check("sum", [&] { return run_tiny(w, sum, 0, 100); });
    w.start("threshold=3,backend=portable");
    CHECK(run_tiny(w, sum, 0, 1000) == 500500);
    auto s = w.statistics();
    CHECK(s.loops == 1);
    CHECK(s.aborts == 0);
    CHECK(s.guard_failures == 1);
    CHECK(run_tiny(w, sum, 5, 10) == 60);
    CHECK(w.statistics().loops == 1);
}

TEST_CASE("a loop with two paths gets a bridge") {
    world w;
    load_tiny(w);

    std::vector<int64_t> p = {odd_goto,  6, add_constant, 7, goto_, 7, /*6*/ add, /*7*/ decrement_b,
                              loop_if_b, 0, return_a};
    w.check("two paths", [&] { return run_tiny(w, p, 1, 60); });
    w.start("threshold=3,trace_eagerness=3,backend=portable");
    word expected = 0;
    for (int64_t b = 1000; b > 0; --b) expected += b & 1 ? static_cast<word>(b) : 7;
    CHECK(run_tiny(w, p, 0, 1000) == expected);
    auto s = w.statistics();
    CHECK(s.loops == 1);
    CHECK(s.bridges >= 1);
    CHECK(s.guard_failures <= 8);
}

TEST_CASE("nested loops") {
    world w;
    load_tiny(w);
    // a counts; b counts down from 5 again and again while a is small: return_if_small's inverse by a chain of loops.
    std::vector<int64_t> p = {add_constant, 1,         decrement_b, loop_if_b, 0, copy_a_to_b, xor_constant, 3,
                              switch_a,     /*9*/ add, decrement_b, loop_if_b, 9, return_a};
    w.check("two loops in a row", [&] { return run_tiny(w, p, 0, 40); });
}

TEST_CASE("overflow in a trace") {
    world w;
    load_tiny(w);
    std::vector<int64_t> p = {add_checked, decrement_b, loop_if_b, 0, return_a};
    w.check("no overflow", [&] { return run_tiny(w, p, 0, 50); });
    w.check("overflow late", [&] { return run_tiny(w, p, heddle::jit::trace_int_max - 60, 20); });
    std::vector<int64_t> often = {xor_constant, heddle::jit::trace_int_max, add_checked, decrement_b, loop_if_b, 0,
                                  return_a};
    w.check("overflow often", [&] { return run_tiny(w, often, 5, 60); });
}

TEST_CASE("promote, switches and conditional calls") {
    world w;
    load_tiny(w);
    std::vector<int64_t> p = {promote_a, add, decrement_b, loop_if_b, 0, return_a};
    w.check("promote", [&] { return run_tiny(w, p, 0, 60); });
    std::vector<int64_t> q = {switch_a, add, decrement_b, loop_if_b, 0, return_a};
    w.check("switch", [&] { return run_tiny(w, q, 0, 60); });
    std::vector<int64_t> c = {add, conditional, decrement_b, loop_if_b, 0, return_a};
    w.check("conditional call", [&] {
        conditional_calls() = 0;
        word a = run_tiny(w, c, 0, 60);
        return a * 100000 + static_cast<word>(conditional_calls());
    });
    w.start("off");
    conditional_calls() = 0;
    run_tiny(w, c, 0, 10);
    CHECK(conditional_calls() == 9 + 7 + 5 + 3 + 1);
}

TEST_CASE("a trace that gets too long, with nobody to blame, is cut into segments") {
    world w;
    load_tiny(w);
    std::vector<int64_t> p;
    for (int i = 0; i < 20; ++i) p.push_back(multiply);
    for (int64_t o : {int64_t{add}, int64_t{decrement_b}, int64_t{loop_if_b}, int64_t{0}, int64_t{return_a}})
        p.push_back(o);
    w.start("off");
    word without = run_tiny(w, p, 1, 200);
    w.stop();
    for (std::string backend : {"portable", heddle::jit::native_backend_name}) {
        w.start("threshold=2,trace_limit=30,backend=" + backend);
        CHECK(run_tiny(w, p, 1, 200) == without);
        auto s = w.statistics();
        CHECK(s.aborts == 0);
        CHECK(s.segments >= 1);
        CHECK(s.bridges >= s.segments); // the next segment is the bridge of the guard that ended this one
        CHECK(s.blackhole_runs < 50);
        w.stop();
    }
}

TEST_CASE("a loop's first bridge comes sooner") {
    world w;
    load_tiny(w);
    std::vector<int64_t> p = {odd_goto,  6, add_constant, 7, goto_, 7, /*6*/ add, /*7*/ decrement_b,
                              loop_if_b, 0, return_a};
    auto failures = [&](const std::string& eagerness, int64_t passes) {
        w.start("threshold=3,trace_eagerness=" + eagerness);
        run_tiny(w, p, 0, passes);
        heddle::jit::statistics seen = w.statistics();
        w.stop();
        return std::pair(seen.bridges, seen.guard_failures);
    };
    auto [none, few] = failures("200,bridge_cost=100000", 80);
    CHECK(none == 0);
    CHECK(few > 20);
    auto [one, more] = failures("200,bridge_cost=100000", 1000);
    CHECK(one == 1);
    CHECK(more >= 50);
    CHECK(more < 60);
    auto [cheap, fewer] = failures("200,bridge_cost=1", 1000); // a short bridge, soon paid for
    CHECK(cheap == 1);
    CHECK(fewer >= 40);
    CHECK(fewer < 45);
    auto [small, all] = failures("30", 1000); // a small number is taken as it is
    CHECK(small == 1);
    CHECK(all >= 30);
    CHECK(all < 35);
}
