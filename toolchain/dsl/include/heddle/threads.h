// Threads and atomic blocks.
//
// In executables of `heddle build --stm`, threads run in parallel, each as a series of transactions that appear to
// happen one after another; between atomic_begin and atomic_end a transaction doesn't end. In regular ones there is one
// thread: start() runs what is started to its end, and atomic blocks are atomic anyway. docs/stm.md explains both.
#pragma once
#include "heddle/object.h"

extern "C" {
long heddle_start_thread(void (*run)(void*), void* argument);
bool heddle_wait_for_thread(long number);
bool heddle_thread_has_ended(long number);
long heddle_current_thread();
void heddle_atomic_begin();
void heddle_atomic_end();
bool heddle_threads_are_parallel();
}

namespace heddle::threads {

// run(argument) in a new thread. The answer is its number, for wait(). The thread begins when the running transaction
// is committed, at the latest at the next wait(). No error may be pending when run() returns.
inline long start(void (*run)(void* argument), object* argument) { return heddle_start_thread(run, argument); }
// Until the thread has ended; false, at once, in an atomic block, where that would take for ever.
inline bool wait(long number) { return heddle_wait_for_thread(number); }
inline bool has_ended(long number) { return heddle_thread_has_ended(number); }
inline long current() { return heddle_current_thread(); } // 0: the first one
inline void atomic_begin() { heddle_atomic_begin(); }     // may be nested
inline void atomic_end() { heddle_atomic_end(); }
inline bool are_parallel() { return heddle_threads_are_parallel(); }

} // namespace heddle::threads
