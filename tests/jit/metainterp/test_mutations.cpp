// Damaged jitcode texts: an error that names a line, or jitcodes that the verifier can judge and that print as a text
// that reads back the same.
#include "damaged_texts.h"
#include "sample_jitcodes.h"
#include "world.h"
#include <catch2/catch.hpp>

using namespace heddle;
using namespace heddle::test;

namespace {

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
    check_damaged_texts(chance, sample_jitcodes(false), pieces, dumped);
}
