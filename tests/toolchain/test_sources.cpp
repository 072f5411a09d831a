// Damaged descriptions of interpreters (heddle.json): sources, or an error in one line that names the file.
#include "driver/sources.h"
#include "mutations.h"
#include "workshop.h"
#include <catch2/catch.hpp>

using namespace heddle::test;
using namespace heddle::translator;

TEST_CASE("damaged heddle.json files give sources or an error", "[mutations]") {
    workshop shop;
    shop.write("vm/src/main.cpp", "int main() {}\n");
    shop.write("vm/src/deep/er/part.cpp", "");
    const std::string sample = R"({ "sources": ["src/*.cpp", "src/**/part.cpp"], "include": ["src"],
  "libraries": ["gmp"], "defines": ["NAME=1"], "static": true })";
    const std::vector<std::string> pieces = {"{",       "}",       "[",           "]",    ",",        ":",
                                             "\"",      "**",      "*",           "null", "true",     "1e999",
                                             "\\u0000", "\\ud800", "\"sources\"", "../",  "[[[[[[[[", "\xff"};
    mutations chance("heddle.json", 3000);
    unsigned long accepted = 0, refused = 0;
    for (unsigned long round = 0; round < chance.rounds; ++round) {
        std::string text = round == 0 ? sample : chance.damaged(sample, pieces);
        shop.write("vm/heddle.json", text);
        INFO("seed " << chance.seed << ", round " << round << ": " << text);
        interpreter_sources sources;
        std::string error;
        if (find_sources(shop.folder() + "/vm", sources, error)) {
            ++accepted;
            REQUIRE_FALSE(sources.files.empty());
            REQUIRE(error.empty());
            if (round == 0) REQUIRE(sources.files.size() == 2);
        } else {
            ++refused;
            REQUIRE(is_one_line(error));
            REQUIRE(error.find("vm") != std::string::npos);
        }
    }
    CHECK(accepted > 0);
    CHECK(refused > 0);
}
