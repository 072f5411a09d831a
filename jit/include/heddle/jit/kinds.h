// The three kinds of value that jitcode and traces know, and the machine word that carries them. Optimised traces know
// a fourth, vectors: some 64-bit words side by side (see vector_lanes in operations.def); never an input, an exit's
// value or a call's argument.
//
// Integers of traces and jitcode are as wide as the machine's pointers (trace_int): 64 bits, or 32 on a 32-bit target.
// Invariants: words have 64 bits on every target, so that one holds any value. An integer is kept sign-extended to the
// whole word, also one that is narrower than a trace_int; i1 is 0 or 1. A pointer is any address (GC object, interior,
// raw), zero-extended; whether a constant is a GC object is asked of the collector. A floating value is a double,
// carried in a word by its bits.
#pragma once
#include <climits>
#include <cstdint>
#include <cstring>

namespace heddle::jit {

enum class kind : uint8_t { none, integer, pointer, floating, vector };

// 'i', 'p', 'f', 'w' (vector), 'v' (none): the letters used in signatures, logs and tests.
constexpr char kind_letter(kind k) { return "vipfw"[static_cast<int>(k)]; }
constexpr kind kind_of_letter(char letter) {
    return letter == 'i'   ? kind::integer
           : letter == 'p' ? kind::pointer
           : letter == 'f' ? kind::floating
           : letter == 'w' ? kind::vector
                           : kind::none;
}

using word = uint64_t;

#if __SIZEOF_POINTER__ == 8
using trace_int = int64_t;
using trace_unsigned = uint64_t;
using trace_int_twice = __int128; // holds any product
using trace_unsigned_twice = unsigned __int128;
#else
using trace_int = int32_t;
using trace_unsigned = uint32_t;
using trace_int_twice = int64_t;
using trace_unsigned_twice = uint64_t;
#endif
constexpr unsigned trace_int_bits = sizeof(trace_int) * 8;
constexpr trace_int trace_int_max = static_cast<trace_int>(~trace_unsigned{0} >> 1);
constexpr trace_int trace_int_min = -trace_int_max - 1;

// The canonical word of the integer that has these low bits.
constexpr word integer_word(uint64_t bits) { return static_cast<word>(int64_t{static_cast<trace_int>(bits)}); }
constexpr word pointer_word(uint64_t bits) { return static_cast<uintptr_t>(bits); }
inline word pointer_word(const void* p) { return reinterpret_cast<uintptr_t>(p); }
// The pointer that lies at an address.
inline word pointer_word_at(word address) {
    return pointer_word(*reinterpret_cast<void* const*>(static_cast<uintptr_t>(address)));
}
template <class T = void> T* word_to_pointer(word w) { return reinterpret_cast<T*>(static_cast<uintptr_t>(w)); }

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
