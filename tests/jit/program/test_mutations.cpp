// Damaged program images: an error in one line, or a program whose every jitcode can be decoded and judged by the
// verifier. (The image is part of the executable; damage is a broken link or a mismatch of versions, but must not
// crash.)
#include "mutations.h"
#include "sample_program.h"
#include <catch2/catch.hpp>

using namespace heddle::jit;
using namespace heddle::test;

TEST_CASE("damaged images give a program or an error", "[mutations]") {
    program before;
    fill(before);
    std::vector<uint8_t> image = serialise(before, type_symbols, relocations);
    const std::string sample(image.begin(), image.end());
    const std::vector<std::string> pieces = {std::string(1, '\0'),
                                             "\x01",
                                             "\x7f",
                                             "\xff",
                                             "\x80\x01",
                                             "\xff\xff\xff\xff\x0f",
                                             "ipf",
                                             "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"};
    mutations chance("jit_program mutations", 20000);
    std::size_t accepted = 0, decoded = 0, valid = 0;
    for (unsigned long round = 0; round < chance.rounds; ++round) {
        // The version is damaged seldom: behind it is more to test.
        std::string head = sample.substr(0, chance.below(10) == 0 ? 0 : 8);
        std::string text = head + chance.damaged(sample.substr(head.size()), pieces);
        INFO("seed " << chance.seed << ", round " << round);
        std::string error;
        auto bytes = std::vector<uint8_t>(text.begin(), text.end()); // no slack after the end, for ASan
        auto loaded = load({bytes.data(), bytes.size(), addresses, 3}, error);
        if (!loaded) {
            REQUIRE(is_one_line(error));
            continue;
        }
        ++accepted;
        for (uint32_t i = 0; i < loaded->jitcodes.size(); ++i) {
            auto code = loaded->decode(i);
            if (!code) continue;
            ++decoded;
            valid += verify(*code, *loaded).empty();
        }
    }
    CHECK(accepted > chance.rounds / 200);
    CHECK(accepted < chance.rounds);
    CHECK(decoded < accepted);
    CHECK(valid < decoded);
}
