// Random traces, optimised with all passes, with each alone and without any, on the portable backend, and
// in machine code.
// HEDDLE_TEST_SEED=n repeats one; HEDDLE_TEST_ROUNDS=n does more.
#include "check.h"
#include "support/random_trace.h"
#include <catch2/catch.hpp>
#include <cstdlib>

using namespace heddle;
using namespace heddle::test;

namespace {

unsigned rounds(unsigned chosen) {
    const char* text = std::getenv("HEDDLE_TEST_ROUNDS");
    return std::getenv("HEDDLE_TEST_SEED") ? 1 : text ? static_cast<unsigned>(std::atoi(text)) : chosen;
}

void check_many(jit::backend& runner, const jit::optimizer_options& options, uint64_t first_seed, unsigned count) {
    for (unsigned i = 0; i < rounds(count); ++i) {
        std::string problem = check_trace(generate_trace(test_seed(first_seed + i)), runner, options, 6);
        if (!problem.empty()) FAIL(problem);
    }
    SUCCEED();
}

void check_many(const jit::optimizer_options& options, uint64_t first_seed, unsigned count) {
    std::unique_ptr<jit::backend> portable = jit::make_portable_backend({});
    check_many(*portable, options, first_seed, count);
}

} // namespace

TEST_CASE("random traces without any pass", "[random]") { check_many(nothing(), 1, 400); }
TEST_CASE("random traces with all passes", "[random]") { check_many({}, 1000, 3000); }

TEST_CASE("random traces with one pass alone", "[random]") {
    using o = jit::optimizer_options;
    uint64_t seed = 100000;
    for (bool o::* pass :
         {&o::rewrite, &o::guards, &o::bounds, &o::virtuals, &o::calls, &o::pure, &o::heap, &o::barriers, &o::peeling})
        check_many(only(pass), seed += 1000, 300);
}

TEST_CASE("random traces with all passes but one", "[random]") {
    using o = jit::optimizer_options;
    uint64_t seed = 200000;
    for (bool o::* pass : {&o::rewrite, &o::guards, &o::bounds, &o::virtuals, &o::calls, &o::pure, &o::heap,
                           &o::barriers, &o::peeling}) {
        o options;
        options.*pass = false;
        check_many(options, seed += 1000, 300);
    }
}

#if defined __x86_64__ || defined __arm__
TEST_CASE("random traces with all passes in machine code", "[random]") {
    std::string error;
    std::unique_ptr<jit::backend> native = jit::make_native_backend({}, error);
    INFO(error);
    REQUIRE(native);
    check_many(*native, {}, 300000, 1500);
    check_many(*native, nothing(), 400000, 300);
}
#endif
