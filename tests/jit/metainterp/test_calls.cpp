// Calls: inlining of portals, recursion through machine code, natively run loops of inlined functions, blame for length.
#include <catch2/catch.hpp>
#include "tiny.h"

using namespace heddle::test;
using namespace heddle::test::tiny;

namespace {


const std::vector<int64_t> fibonacci = {return_if_small, call_to_b, 0, call_to_a, 0, add, return_a};
word fib(word n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

} // namespace

TEST_CASE("recursion") {
    for (bool native : {false, true}) {
        world w;
        load_tiny(w);
        if (native) w.make_native("portal", "piii>i");
        w.check("fib", [&] { return run_tiny(w, fibonacci, 12, 0); });
        w.start("threshold=3,function_threshold=3,backend=portable");
        CHECK(run_tiny(w, fibonacci, 15, 0) == fib(15));
    }
}
