// Damaged jitcode texts: an error that names a line, or jitcodes that the verifier can judge and that print as a text
// that reads back the same.
#include "mutations.h"
#include "world.h"
#include <catch2/catch.hpp>

using namespace heddle;
using namespace heddle::test;

namespace {

const char* const sample = R"(
jitcode {portal} args=ii result=i
start: live *
  int_add i1, -5 -> i2
  float_add 2.5, 1.0 -> f0
  float_add f0, float(0x7ff8000000000001) -> f0
  new_object {Pair} -> p0
  setfield p0, i2, {Pair.tag}
  setfield p0, null, {Pair.first}
  getfield p0, {Pair.tag} -> i3
  call_residual ptr(0x1000), {call f}, (i2) -> i4
  live *
  call_inline {other}, (i4, 7) -> i5
  live *
  branch i5, @a, @b
a: live *
  switch_int i5, [-1: @a, 5: @b], @b
b: live *
  int_add_jump_if_ovf i5, 1, @a -> i1
  jump @start
jitcode {other} args=ii result=i unroll_safe
  return_i i0   # a comment
)";

// The text of all jitcodes, or "error: ..."; verified too.
std::string dumped(const std::string& text) {
    world w;
    w.add_function("f", "i>i", nullptr);
    std::string error;
    if (!jit::parse_jitcodes(text, {}, w.prog, error)) return "error: " + error;
    std::string all;
    for (auto& code : w.prog.jitcodes) {
        std::string problem = jit::verify(*code, w.prog);
        if (!problem.empty() && !is_one_line(problem)) return "error: two lines from the verifier: " + problem;
        all += jit::dump(*code, w.prog);
    }
    return all;
}

} // namespace

TEST_CASE("damaged jitcodes give jitcodes or an error", "[mutations]") {
    const std::vector<std::string> pieces = {
        "(",        ")",       "[",          "]",        "{",          "}",
        ",",        ":",       "->",         "@",        "@a",         "=",
        "*",        "\n",      "i0",         "p0",       "f0",         "i65535",
        "i65536",   "-",       "null",       "ptr(",     "&{",         "float(",
        "0x",       "1e999",   "{Pair.tag}", "{other}",  "live",       "jitcode ",
        "args=",    "#",       "result=",    "start",    "4294967296", "99999999999999999999",
        "return_i", "promote", "\xff",       "driver={", "{d}",        "registers=1,2,3"};
    mutations chance("jit_metainterp mutations", 10000);
    std::size_t accepted = 0;
    for (unsigned long round = 0; round < chance.rounds; ++round) {
        std::string text = chance.damaged(sample, pieces);
        INFO("seed " << chance.seed << ", round " << round << ", text:\n" << text);
        std::string answer = dumped(text);
        if (answer.starts_with("error: ")) {
            REQUIRE(answer.starts_with("error: line "));
            REQUIRE(is_one_line(answer));
        } else {
            ++accepted;
            REQUIRE(dumped(answer) == answer);
        }
    }
    CHECK(accepted > chance.rounds / 200);
    CHECK(accepted < chance.rounds / 2);
}
