// Builds with transactions have some variables once for each thread. Jitcode and traces, which all threads share, name
// them by words that are no address: what the translator writes, and what machine code and interpreters replace.
#pragma once
#include "heddle/jit/kinds.h"

namespace heddle::jit {

constexpr uint64_t thread_state_places = 0xffff'ffff'0000'0000u; // + offset in heddle_thread
constexpr uint64_t thread_root_places = 0xffff'fffe'0000'0000u;  // + offset from heddle_stm.roots

constexpr bool is_thread_state(uint64_t object) { return object >= thread_state_places; }
constexpr bool is_thread_root(uint64_t object) { return object >= thread_root_places && !is_thread_state(object); }
constexpr uint32_t offset_of_thread_place(uint64_t object) { return static_cast<uint32_t>(object); }

} // namespace heddle::jit
