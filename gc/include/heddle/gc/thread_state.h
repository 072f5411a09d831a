// thread_state: the words of a thread that allocation, machine code and the runtime share.
//
// Standard layout: machine code addresses fields by offset (jit_interface.h). The regular build has one thread and one
// global, heddle_thread; the STM build (HEDDLE_STM) has one per thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle::gc {

struct thread_state {
    // Allocation bumps nursery_free up to nursery_top. The space between them isn't zeroed. In stress mode
    // nursery_top == nursery_free, so that each allocation takes the slow path.
    char* nursery_free = nullptr;
    char* nursery_top = nullptr;

    // The pending error object of the DSL's Result, or null. An exact root.
    void* error = nullptr;

    // The lowest stack address that interpreter code may use; below it a call is a stack overflow. Set by initialise()
    // from the thread's real limits with room to spare; the VM may raise it.
    char* stack_limit = nullptr;

    // Non-zero: somebody wants the interpreter's attention at its next safe point. Bits: see action_* below.
    uint32_t action_flag = 0;
    uint32_t reserved = 0;

    // The JIT's: newest frame of machine code, and four words that are scanned conservatively.
    void* jit_frame_top = nullptr;
    void* jit_extra[4] = {};

    // Owned by the collector.
    char* gap_end = nullptr;    // the real end of the current gap in the nursery (nursery_top may lie below it)
    char* stack_base = nullptr; // the highest address of the native stack
    void* private_words[6] = {};
};

// Bits of action_flag.
constexpr uint32_t action_finalizers = 1;        // run_finalizers() has work
constexpr uint32_t action_out_of_memory = 2;     // the heap is past its limit: raise the language's MemoryError
constexpr uint32_t action_first_for_vm = 1 << 8; // bits from here up are the VM's

} // namespace heddle::gc

#ifdef HEDDLE_STM
#define HEDDLE_PER_THREAD __thread
#else
#define HEDDLE_PER_THREAD
#endif

extern "C" {
extern HEDDLE_PER_THREAD heddle::gc::thread_state heddle_thread;
}
