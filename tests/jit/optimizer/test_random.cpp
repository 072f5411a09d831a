// Random traces, optimised with all passes, with each alone and without any, on the portable backend.
// HEDDLE_TEST_SEED=n repeats one; HEDDLE_TEST_ROUNDS=n does more.
#include <catch2/catch.hpp>
#include <cstdlib>
#include "check.h"
#include "support/random_trace.h"

using namespace heddle;
using namespace heddle::test;

namespace {

unsigned rounds(unsigned chosen) {
    const char* text = std::getenv("HEDDLE_TEST_ROUNDS");
    return std::getenv("HEDDLE_TEST_SEED") ? 1 : text ? static_cast<unsigned>(std::atoi(text)) : chosen;
}

void check_many(const jit::optimizer_options& options, uint64_t first_seed, unsigned count) {
    std::unique_ptr<jit::backend> portable = jit::make_portable_backend({});
    for (unsigned i = 0; i < rounds(count); ++i) {
        std::string problem = check_trace(generate_trace(test_seed(first_seed + i)), *portable, options, 6);
        if (!problem.empty()) FAIL(problem);
    }
    SUCCEED();
}

} // namespace

TEST_CASE("random traces without any pass", "[random]") { check_many(nothing(), 1, 400); }
TEST_CASE("random traces with all passes", "[random]") { check_many({}, 1000, 3000); }

TEST_CASE("random traces with one pass alone", "[random]") {
    using o = jit::optimizer_options;
    uint64_t seed = 100000;
    for (bool o::*pass : {&o::rewrite, &o::guards, &o::bounds, &o::virtuals, &o::calls, &o::pure, &o::heap, &o::barriers}) check_many(only(pass), seed += 1000, 300);
}

TEST_CASE("random traces with all passes but one", "[random]") {
    using o = jit::optimizer_options;
    uint64_t seed = 200000;
    for (bool o::*pass : {&o::rewrite, &o::guards, &o::bounds, &o::virtuals, &o::calls, &o::pure, &o::heap, &o::barriers}) {
        o options;
        options.*pass = false;
        check_many(options, seed += 1000, 300);
    }
}
