// Jitcode's text form, liveness of 'live *', the verifier.
#include "sample_jitcodes.h"
#include "world.h"
#include <catch2/catch.hpp>

using namespace heddle;
using namespace heddle::test;

TEST_CASE("jitcode text reads back as it was dumped") {
    world w;
    w.add_function("f", "i>i", nullptr);
    w.load(sample_jitcodes(true), "i", "i", "i");
    std::string all;
    for (auto& code : w.prog.jitcodes) all += jit::dump(*code, w.prog);
    world again;
    again.add_function("f", "i>i", nullptr);
    again.load(all, "i", "i", "i");
    std::string second;
    for (auto& code : again.prog.jitcodes) second += jit::dump(*code, again.prog);
    CHECK(second == all);
    CHECK(again.prog.jitcodes[0]->code == w.prog.jitcodes[0]->code);
    CHECK(again.prog.jitcodes[1]->unroll_safe);
    CHECK(all.find("live i0 i4\n") != std::string::npos); // after the residual call: the green, its result
}

TEST_CASE("errors in jitcode text name the line") {
    world w;
    std::string error;
    auto parse = [&](const char* text) {
        error.clear();
        CHECK_FALSE(jit::parse_jitcodes(text, {}, w.prog, error));
        return error;
    };
    CHECK(parse("int_add i0, i1 -> i2") == "line 1: an instruction before the first 'jitcode' line");
    CHECK(parse("jitcode {x} args=i\nint_frob i0 -> i1") == "line 2: there is no jitcode operation 'int_frob'");
    CHECK(parse("jitcode {x} args=i\nint_add i0, i1 -> p2") == "line 2: the result must be a register of kind I");
    CHECK(parse("jitcode {x} args=i\n jump @nowhere") == "line 2: there is no label 'nowhere'");
    CHECK(parse("jitcode {x} args=p\n getfield p0, {No.such} -> i0") ==
          "line 2: there is no descriptor named 'No.such'");
    CHECK(parse("jitcode {x} args=i\n call_inline {x}, (i0) -> i0") == "line 2: there is no result for 'i0'");
    CHECK(parse("jitcode {x} args=i\n return_i i65536") ==
          "line 2: 'i65536' is no register; they are i0 to i65535, p0 ..., f0 ...");
    CHECK(parse("jitcode {x} args=i result=iv\n") == "line 1: the result must be i, p, f, or v for none");
    CHECK(parse("jitcode {x} args=i\n guard_true i0") == "line 2: there is no jitcode operation 'guard_true'");
}

TEST_CASE("the verifier refuses what the meta-interpreter can't resume") {
    auto problem = [](const char* text) {
        world w;
        std::string error;
        REQUIRE(jit::parse_jitcodes(text, {}, w.prog, error));
        return jit::verify(*w.prog.jitcodes[0], w.prog);
    };
    CHECK(problem("jitcode {x} args=i\n promote_i i0 -> i0\n return_i i0") ==
          "jitcode x, position 0: promote_i needs a 'live' directly before it");
    CHECK(problem("jitcode {x} args=i result=i\n call_inline {x}, (i0) -> i0\n return_i i0") ==
          "jitcode x, position 0: call_inline needs a 'live' directly after it");
    CHECK(problem("jitcode {x} args=i\nl: branch i0, @l, @l") ==
          "jitcode x, position 0: branch goes to a position that is no 'live'");
    CHECK(problem("jitcode {x} args=i\nl: live *\n branch i0, @l, @l") == "");
}
