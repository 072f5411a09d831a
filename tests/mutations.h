// Damage for tests of parsers and loaders: whatever bytes come, the answer is a result or an error in one line, and
// never a crash. Such tests print their seed; HEDDLE_TEST_SEED and HEDDLE_TEST_ROUNDS choose others.
#pragma once
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace heddle::test {

class mutations {
public:
    // `what` is for the line that names the seed.
    mutations(const char* what, unsigned long rounds) : rounds(number("HEDDLE_TEST_ROUNDS", rounds)) {
        std::printf("%s: seed %lu, %lu rounds\n", what, seed, this->rounds);
    }

    std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

    // One to four changes: bytes lost, a piece put in, a part repeated elsewhere, another byte.
    std::string damaged(std::string text, const std::vector<std::string>& pieces) {
        for (std::size_t count = 1 + below(4); count > 0 && !text.empty(); --count) {
            std::size_t at = below(text.size());
            switch (below(4)) {
            case 0: text.erase(at, 1 + below(8)); break;
            case 1: text.insert(at, pieces[below(pieces.size())]); break;
            case 2: text.insert(at, text.substr(below(text.size()), 1 + below(30))); break;
            default: text[at] = static_cast<char>(below(256));
            }
        }
        return text;
    }

    const unsigned long seed = number("HEDDLE_TEST_SEED", 20260101);
    const unsigned long rounds;

private:
    static unsigned long number(const char* name, unsigned long otherwise) {
        const char* text = std::getenv(name);
        return text != nullptr ? std::strtoul(text, nullptr, 10) : otherwise;
    }
    std::mt19937 random_{static_cast<std::mt19937::result_type>(seed)};
};

inline bool is_one_line(const std::string& text) { return !text.empty() && text.find('\n') == std::string::npos; }

} // namespace heddle::test
