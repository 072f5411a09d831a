// Damaged programs: whatever bytes come, the front end answers with verified code or an error, and always the same.

#include <catch2/catch.hpp>

#include "mutations.h"
#include "support.h"

using namespace heddle::python;
using namespace heddle::python::testing;

namespace {

const std::vector<std::string> pieces = {
    "(",     ")",    "[",    "]",        "{",          "}",    ":",        "\n",
    "\t",    "    ", "f'{",  "}'",       "'''",        "\\",   "lambda",   "yield",
    "match", "case", "=",    ":=",       "*",          "**",   "async",    "def",
    "class", "try:", "with", "for",      "in",         "\xff", "\xc3\xa9", "\xe2\x82\xac",
    "0x",    "1e",   "..",   "global x", "nonlocal x", "\\N{", "#",        ";"};

} // namespace

TEST_CASE("damaged programs give code or an error", "[mutations]") {
    heddle::test::mutations chance("python_frontend mutations", 4000);
    std::string sample = read_data("sample.py");
    std::size_t accepted = 0;
    for (unsigned long round = 0; round < chance.rounds; ++round) {
        std::size_t start = chance.below(sample.size());
        std::string text = chance.damaged(sample.substr(start, 1 + chance.below(400)), pieces);
        INFO("seed " << chance.seed << ", round " << round << ", source:\n" << text);
        compile_result result = compile(text, "x.py", compile_mode::exec);
        if (result) {
            ++accepted;
            REQUIRE(verify(*result.code) == "");
        } else {
            REQUIRE(result.error.message != "");
            REQUIRE(result.error.message.find("internal") == std::string::npos);
            REQUIRE(result.error.format() != "");
        }
        REQUIRE(compile_verdict(text) == verdict(result));
    }
    CHECK(accepted > chance.rounds / 200);
    CHECK(accepted < chance.rounds / 2);
}
