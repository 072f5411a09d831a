// The three kinds of value that jitcode and traces know, and the machine word that carries them.
//
// Invariants: an integer narrower than a word is kept sign-extended to 64 bits; i1 is 0 or 1. A pointer is any address
// (GC object, interior, raw); whether a constant is a GC object is asked of the collector. A floating value is a
// double, carried in a word by its bits.
#pragma once
#include <cstdint>
#include <cstring>

namespace heddle::jit {

enum class kind : uint8_t { none, integer, pointer, floating };

// 'i', 'p', 'f', 'v' (none): the letters used in signatures, logs and tests.
constexpr char kind_letter(kind k) { return "vipf"[static_cast<int>(k)]; }
constexpr kind kind_of_letter(char letter) {
    return letter == 'i' ? kind::integer : letter == 'p' ? kind::pointer : letter == 'f' ? kind::floating : kind::none;
}

using word = uint64_t;

inline double word_to_double(word w) {
    double d;
    std::memcpy(&d, &w, sizeof d);
    return d;
}
inline word double_to_word(double d) {
    word w;
    std::memcpy(&w, &d, sizeof w);
    return w;
}

} // namespace heddle::jit
