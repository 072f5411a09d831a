// The pieces of machine code that all traces share, and what else a compilation needs of its backend.
//
// Routines called from slow paths keep every register except r11 (and r11's result where one is said): so an allocation
// or a barrier is no call to the register allocator.
#pragma once
#include "backend/common/target_compiler.h"
#include "heddle/gc/gc.h"
#include "heddle/jit/backend.h"
#include <memory>
#include <string>

namespace heddle::jit::x86_64 {

// What the processor offers beyond the x86-64 baseline, or what a test lets it offer.
struct cpu_features {
    bool popcnt = false, lzcnt = false, tzcnt = false, bmi2 = false, avx2 = false;
    static cpu_features detect();
};

unsigned vector_lanes(const cpu_features& features); // the widest vectors (vectors.cpp)

// Addresses in code memory.
struct routines {
    uint64_t exit_guard = 0;         // jumped to with r11 = guard_data*: saves all registers, answers the guard
    uint64_t epilogue = 0;           // jumped to with rax = the answer: restores callee-saved registers, returns
    uint64_t allocate = 0;           // r11 = type_info*, pushed: total bytes (popped by it); result in r11, never null
    uint64_t allocate_array = 0;     // r11 = type_info*, pushed: length; result in r11, never null
    uint64_t barrier = 0;            // r11 = object
    uint64_t barrier_array = 0;      // r11 = array, pushed: index
    uint64_t view_barrier = 0;       // as barrier, for a write in a transaction
    uint64_t view_barrier_array = 0; // as barrier_array
    uint64_t type_of = 0;            // r11 = object; its type_info* in r11
    uint64_t run_portal = 0;         // a function (token, reds): runs the portal, stores the result, returns null
};

#ifdef HEDDLE_STM
// Of a variable of which each thread has one.
int32_t distance_from_thread_pointer(const void* variable);
#endif

struct backend_context : machine_context {
    routines code;
    cpu_features features;

    std::string make_routines();
    // The entry of a token that has no code yet.
    std::string make_entry_stub(loop_token& token);
};

} // namespace heddle::jit::x86_64
