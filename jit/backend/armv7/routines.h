// The pieces of machine code that all traces share, and what else a compilation needs of its backend.
//
// Routines called from slow paths keep every register except ip and lr; arguments and result are two words on top of
// the stack, which the caller makes and drops: so an allocation or a barrier is no call to the register allocator.
#pragma once
#include "backend/armv7/assembler.h"
#include "backend/common/target_compiler.h"
#include "heddle/gc/gc.h"
#include "heddle/jit/backend.h"
#include <memory>
#include <string>

namespace heddle::jit::armv7 {

// What the processor offers beyond ARMv7-A, or what a test lets it offer.
struct cpu_features {
    bool divides = false; // sdiv and udiv
    static cpu_features detect();
};

// Addresses in code memory.
struct routines {
    uint64_t exit_guard = 0; // jumped to with ip = guard_data*: saves all registers, answers the guard
    uint64_t epilogue = 0;   // jumped to with r0 = the answer: restores callee-saved registers, returns
    // Called with two words on the stack, of which the first becomes the result:
    uint64_t allocate = 0;                    // type_info*, total bytes; never null
    uint64_t allocate_array = 0;              // type_info*, length; never null
    uint64_t barrier = 0;                     // object
    uint64_t barrier_array = 0;               // array, index
    uint64_t type_of = 0;                     // object; its type_info*
    uint64_t divide = 0, divide_unsigned = 0; // dividend, divisor; the quotient
    uint64_t run_portal = 0; // a function (token, reds): runs the portal, stores the result, returns null
};

struct backend_context : machine_context {
    routines code;
    cpu_features features;

    std::string make_routines();
    // The entry of a token that has no code yet.
    std::string make_entry_stub(loop_token& token);
};

// An address as machine code sees it. On other hosts, where tests only read what was assembled, it is cut.
inline uint32_t address_bits(uint64_t address) { return static_cast<uint32_t>(address); }
inline uint32_t address_bits(const void* address) {
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(address));
}

} // namespace heddle::jit::armv7
