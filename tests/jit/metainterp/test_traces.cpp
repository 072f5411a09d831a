// What is recorded: traces as text.
#include "tiny.h"
#include <catch2/catch.hpp>

using namespace heddle::test;
using namespace heddle::test::tiny;

namespace {

std::string without_debug_lines(const std::string& text) {
    std::string result;
    for (size_t start = 0; start < text.size();) {
        size_t end = text.find('\n', start);
        std::string line = text.substr(start, end - start);
        if (line.find("debug_merge_point") == std::string::npos) result += line + "\n";
        start = end == std::string::npos ? text.size() : end + 1;
    }
    return result;
}

} // namespace

TEST_CASE("the trace of a counting loop") {
    world w;
    load_tiny(w);
    const std::vector<int64_t> sum = {add, decrement_b, loop_if_b, 0, return_a};
    std::string trace = w.logged("jit-trace", "threshold=3,never_bridge", [&] { run_tiny(w, sum, 0, 10); });
    CHECK(without_debug_lines(trace) == R"([jit-trace] loop #1 (driver d, 0, *)
[i0, i1]
label(i0, i1, descr=loop1)
i3 = int_add(i0, i1)
i5 = int_sub(i1, 1)
i7 = int_is_true(i5)
guard_true/elsewhere(i7) {0@89: 3, i3, i5, ptr(*)}
jump(i3, i5, descr=loop1)

)");
}

TEST_CASE("a bridge ends with a jump to the loop") {
    world w;
    load_tiny(w);
    std::vector<int64_t> p = {odd_goto,  6, add_constant, 7, goto_, 7, /*6*/ add, /*7*/ decrement_b,
                              loop_if_b, 0, return_a};
    std::string trace = w.logged("jit-trace", "threshold=3,trace_eagerness=2", [&] { run_tiny(w, p, 0, 20); });
    size_t bridge = trace.find("[jit-trace] bridge from guard");
    REQUIRE(bridge != std::string::npos);
    CHECK(trace.find("jump(", bridge) != std::string::npos);
}

TEST_CASE("locations in logs come from the driver's function") {
    world w;
    load_tiny(w);
    static struct {
        const char* name;
        const char* (*location)(const uint64_t*);
    } driver{"d", [](const uint64_t*) { return "here:12"; }};
    w.prog.drivers[0].info_address = reinterpret_cast<uintptr_t>(&driver);
    const std::vector<int64_t> sum = {add, decrement_b, loop_if_b, 0, return_a};
    std::string log = w.logged("jit-trace,jit-opt,jit-summary", "threshold=3", [&] { run_tiny(w, sum, 0, 10); });
    CHECK(log.find("[jit-trace] loop #1 (driver d, here:12)\n") != std::string::npos);
    CHECK(log.find("[jit-opt] loop #1 (driver d, here:12)\n") != std::string::npos);
    CHECK(log.find("[jit-summary] totals\n") != std::string::npos);
    CHECK(log.find("\nloops: 1\n") != std::string::npos);
}

TEST_CASE("merge points are recorded for logs only, and change nothing") {
    world w;
    load_tiny(w);
    std::vector<int64_t> p = {odd_goto,  6, add_constant, 7, goto_, 7, /*6*/ add, /*7*/ decrement_b,
                              loop_if_b, 0, return_a};
    auto counts = [&](bool logged) {
        heddle::jit::statistics seen;
        auto run = [&] {
            run_tiny(w, p, 0, 60);
            seen = w.statistics();
        };
        const std::string options = "threshold=3,trace_eagerness=2,trace_limit=40";
        if (logged) {
            CHECK(w.logged("jit-trace", options, run).find("debug_merge_point(") != std::string::npos);
        } else {
            w.start(options);
            run();
            w.stop();
        }
        return std::vector<uint64_t>{seen.traces_started, seen.loops, seen.bridges, seen.aborts, seen.guard_failures};
    };
    CHECK(counts(false) == counts(true));
}
