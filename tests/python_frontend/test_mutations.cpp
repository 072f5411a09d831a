// Damaged programs: whatever bytes come, the front end answers with verified code or an error, and always the same.
// The seed is printed; HEDDLE_TEST_SEED and HEDDLE_TEST_ROUNDS choose others.

#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "support.h"

using namespace heddle::python;
using namespace heddle::python::testing;

namespace {

unsigned long from_environment(const char* name, unsigned long otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? std::strtoul(text, nullptr, 10) : otherwise;
}

std::string damaged(const std::string& sample, std::mt19937& random) {
    static const std::string pieces[] = {
        "(",     ")",    "[",    "]",        "{",          "}",    ":",        "\n",
        "\t",    "    ", "f'{",  "}'",       "'''",        "\\",   "lambda",   "yield",
        "match", "case", "=",    ":=",       "*",          "**",   "async",    "def",
        "class", "try:", "with", "for",      "in",         "\xff", "\xc3\xa9", "\xe2\x82\xac",
        "0x",    "1e",   "..",   "global x", "nonlocal x", "\\N{", "#",        ";"};
    auto below = [&](std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random); };
    std::size_t start = below(sample.size());
    std::string text = sample.substr(start, 1 + below(400));
    for (std::size_t count = 1 + below(4); count > 0 && !text.empty(); --count) {
        std::size_t at = below(text.size());
        switch (below(4)) {
        case 0: text.erase(at, 1 + below(8)); break;
        case 1: text.insert(at, pieces[below(std::size(pieces))]); break;
        case 2: text.insert(at, text.substr(below(text.size()), 1 + below(30))); break;
        default: text[at] = static_cast<char>(below(256));
        }
    }
    return text;
}

} // namespace

TEST_CASE("damaged programs give code or an error", "[mutations]") {
    auto seed = from_environment("HEDDLE_TEST_SEED", 20260101);
    auto rounds = from_environment("HEDDLE_TEST_ROUNDS", 4000);
    std::printf("mutations: seed %lu, %lu rounds\n", seed, rounds);
    std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
    std::string sample = read_data("sample.py");
    std::size_t accepted = 0;
    for (unsigned long round = 0; round < rounds; ++round) {
        std::string text = damaged(sample, random);
        INFO("seed " << seed << ", round " << round << ", source:\n" << text);
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
    CHECK(accepted > rounds / 200);
    CHECK(accepted < rounds / 2);
}
