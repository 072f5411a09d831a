// Damaged texts for a parser whose results print: an error that names the line, or a result whose print reads back and
// prints the same.
#pragma once
#include "mutations.h"
#include <catch2/catch.hpp>

namespace heddle::test {

// 'print_of' answers the print of what a text says, or "error: ...".
template <class Print>
void check_damaged_texts(mutations& chance, const std::string& sample, const std::vector<std::string>& pieces,
                         Print print_of) {
    std::size_t accepted = 0;
    for (unsigned long round = 0; round < chance.rounds; ++round) {
        std::string text = chance.damaged(sample, pieces);
        INFO("seed " << chance.seed << ", round " << round << ", text:\n" << text);
        std::string answer = print_of(text);
        if (answer.starts_with("error: ")) {
            REQUIRE(answer.starts_with("error: line "));
            REQUIRE(is_one_line(answer));
        } else {
            ++accepted;
            REQUIRE(print_of(answer) == answer);
        }
    }
    CHECK(accepted > chance.rounds / 200);
    CHECK(accepted < chance.rounds / 2);
}

} // namespace heddle::test
