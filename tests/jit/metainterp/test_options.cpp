// Options: the table, good values and each kind of bad one.
#include "heddle/jit/backend.h"
#include "runtime/options.h"
#include <catch2/catch.hpp>

using namespace heddle::jit;

TEST_CASE("options are set by name") {
    runtime_options options;
    CHECK(parse_options("", options) == "");
    CHECK(parse_options(
              "threshold=3,function_threshold=4,trace_eagerness=5,backend=portable,never_bridge,opt=heap+virtuals",
              options) == "");
    CHECK(options.threshold == 3);
    CHECK(options.function_threshold == 4);
    CHECK(options.trace_eagerness == 5);
    CHECK(options.backend == backend_choice::portable);
    CHECK(options.bridges == bridge_policy::never);
    CHECK((options.optimizer.heap && options.optimizer.virtuals && !options.optimizer.rewrite));
    CHECK(parse_options("off", options) == "");
    CHECK(options.off);
}

TEST_CASE("bad options are refused with the mend, and change nothing") {
    runtime_options options;
    CHECK(parse_options("threshold=9,nonsense", options) ==
          "--jit: there is no option 'nonsense'; --jit help lists them");
    CHECK(options.threshold == 1039);
    CHECK(parse_options("threshold", options) == "--jit: threshold needs a value: threshold=NUMBER");
    CHECK(parse_options("threshold=", options) == "--jit: threshold=: must be an integer from 1 to 1000000000");
    CHECK(parse_options("threshold=0", options) == "--jit: threshold=0: must be an integer from 1 to 1000000000");
    CHECK(parse_options("threshold=3x", options) == "--jit: threshold=3x: must be an integer from 1 to 1000000000");
    CHECK(parse_options("threshold=99999999999999", options) ==
          "--jit: threshold=99999999999999: must be an integer from 1 to 1000000000");
    CHECK(parse_options("backend=vax", options) ==
          std::string("--jit: backend=vax: must be ") + (native_backend_name == std::string("portable")
                                                             ? "portable"
                                                             : native_backend_name + std::string(" or portable")));
    CHECK(parse_options("off=1", options) == "--jit: off takes no value");
    CHECK(parse_options("vector_lanes=3", options) == "--jit: vector_lanes=3: must be 0, 2 or 4");
    CHECK(parse_options("opt=heap+magic", options).starts_with("--jit: opt=magic: no such optimizer pass"));
}

TEST_CASE("help names every option") {
    std::string help = describe_options();
    for (const char* name : {"threshold=1039", "function_threshold=1619", "trace_eagerness=200", "trace_limit=6000",
                             "bridge_cost=100", "max_unroll_recursion=7", "retrace_limit=1", "decay=40",
                             "backend=", "fuel=", "opt=", "always_bridge", "never_bridge", "off"})
        CHECK(help.find(name) != std::string::npos);
}
