// The JIT's runtime as native code sees it: the counters that the translator's code decrements, the entry that it calls
// when one strikes, start-up and options.
//
// Native side of a portal, at can_enter_jit (function_entry 0) and before the first merge point of a call
// (function_entry 1):
//     hash = driver + 1;  for each green word g: hash = (hash ^ g) * hash_multiplier;  slot = counter_slot(hash)
//     if ((int32) (heddle_jit_counters[slot] -= 1) <= 0) answer = heddle_jit_enter(driver, buffer, function_entry)
// The buffer lies on the native stack (it is scanned conservatively) and holds the greens, then the reds, as words.
// One thread.
#pragma once
#include "heddle/jit/kinds.h"
#include <cstdint>
#include <string>
#include <string_view>

namespace heddle::jit {
struct program_image;

// Loops and functions whose hashes have these bits in common count for each other, and what is traced first decides
// much. Addresses are others in each run: with 12 bits, some programs took twice as long in every second run.
constexpr unsigned counter_bits = 15;
constexpr uint32_t counter_count = 1u << counter_bits;
constexpr unsigned counter_shift = 64 - counter_bits;
} // namespace heddle::jit

extern "C" {
extern uint32_t heddle_jit_counters[heddle::jit::counter_count];
// 0: carry on. 1: the portal is finished, its result (if it has one) is buffer[0]. 2: go on at the merge point with the
// greens and reds that now are in the buffer.
int heddle_jit_enter(uint32_t driver, heddle::jit::word* greens_then_reds, int function_entry);
// Native code has written a quasi-immutable field (HEDDLE_QUASI_IMMUTABLE), at this address.
void heddle_quasi_immutable_written(const void* slot);
// Called by a translated VM's static constructor. Counters are 0 at the start, so that the first loop or call enters.
// The image is loaded when some loop or call was passed several times, with the options of that time.
void heddle_jit_register_image(const heddle::jit::program_image* image);
}

namespace heddle::jit {

struct program;
struct program_image;

constexpr uint64_t hash_multiplier = 0x9e37'79b9'7f4a'7c15u;
inline uint64_t hash_greens(uint32_t driver, const word* greens, size_t count) {
    uint64_t hash = driver + 1;
    for (size_t i = 0; i < count; ++i) hash = (hash ^ greens[i]) * hash_multiplier;
    return hash;
}
constexpr uint32_t counter_slot(uint64_t hash) { return static_cast<uint32_t>(hash >> counter_shift); }

// Loads the program and makes the JIT ready, now rather than at the first loop (after gc::initialise and configure).
// False: 'error' says why, in one line; then heddle_jit_enter answers 0 for ever.
bool initialise(const program_image& image, std::string& error);
// The same for a program that was made by hand (tests). The program must outlive the JIT.
bool initialise(program& prog, std::string& error);
// Frees all machine code, forgets all counters; not while machine code runs.
void shut_down();

// "threshold=3,backend=portable", "off", ...: empty, or what is wrong with the text. Unnamed options keep their values.
// Options that choose a backend take effect at initialise.
std::string configure(std::string_view text);
void reset_options();
// One option a line: name, default, meaning.
std::string options_help();
// Counts and times so far, as the jit-summary section of the log prints them.
std::string summary();

struct statistics {
    uint64_t loops = 0, entries = 0, bridges = 0, traces_started = 0, aborts = 0, guard_failures = 0,
             blackhole_runs = 0, machine_code_entries = 0, invalidations = 0, segments = 0, bodies = 0, vectorised = 0;
};
statistics get_statistics();

} // namespace heddle::jit

// For translated VMs (declared in the DSL's headers, too).
bool heddle_jit_initialise(const heddle::jit::program_image* image, std::string& error);
std::string heddle_jit_configure(const char* text);
std::string heddle_jit_help();
bool heddle_jit_present();
