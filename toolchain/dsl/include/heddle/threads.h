// Threads and atomic blocks.
//
// In executables of `heddle build --stm`, threads run in parallel, each as a series of transactions that appear to
// happen one after another; between atomic_begin and atomic_end a transaction doesn't end. In regular ones one thread
// runs at a time: a thread runs when it is started, till it ends or waits; then another one does that can. docs/stm.md
// explains both.
#pragma once
#include "heddle/object.h"
#include "heddle/root.h"

extern "C" {
long heddle_start_thread(void (*run)(void*), void* argument);
bool heddle_wait_for_thread(long number);
bool heddle_thread_has_ended(long number);
long heddle_current_thread();
long heddle_changes_seen();
long heddle_wait_for_change(long seen, int64_t nanoseconds);
void heddle_announce_change();
void heddle_become_inevitable();
void heddle_atomic_begin();
void heddle_atomic_end();
bool heddle_threads_are_parallel();
long heddle_unique_number();
}

namespace heddle {

// A root<T> of which each thread has its own, null when the thread begins. In regular builds all threads share it: who
// waits for a change saves what it means and puts it back afterwards.
template <class T> class thread_root : public root<T> {
public:
    using root<T>::operator=;
};

namespace threads {

// run(argument) in a new thread. The answer is its number, for wait(). The thread begins when the running transaction
// is committed, at the latest at the next wait(). No error may be pending when run() returns.
inline long start(void (*run)(void* argument), object* argument) { return heddle_start_thread(run, argument); }
// Until the thread has ended; false, at once, in an atomic block, where that would take for ever (and in regular builds
// in a deadlock).
inline bool wait(long number) { return heddle_wait_for_thread(number); }
inline bool has_ended(long number) { return heddle_thread_has_ended(number); }
inline long current() { return heddle_current_thread(); } // 0: the first one

// What locks and the like are made of. All state is in objects; who changes some that others may wait for announces it.
//     for (;;) {
//         long seen = changes_seen();
//         if (condition()) break;
//         wait_for_change(seen, -1);
//     }
// misses no change, whatever transactions end in between.
enum class wait_result : long {
    changed = 0,
    timed_out,
    deadlock, // all other threads wait too, without a limit of time
    in_atomic // in an atomic block, where it would be for ever
};
inline long changes_seen() { return heddle_changes_seen(); }
inline wait_result wait_for_change(long seen, int64_t nanoseconds) { // negative: without a limit of time
    return static_cast<wait_result>(heddle_wait_for_change(seen, nanoseconds));
}
inline void announce_change() { heddle_announce_change(); }

// Before what can't be taken back, or touches memory outside of the heap that other threads know, where the translator
// doesn't see it.
inline void become_inevitable() { heddle_become_inevitable(); }
inline void atomic_begin() { heddle_atomic_begin(); } // may be nested
inline void atomic_end() { heddle_atomic_end(); }
// Another number at each call, in all threads, from 1 on; which they are is no part of the transaction.
inline long unique_number() { return heddle_unique_number(); }
inline bool are_parallel() { return heddle_threads_are_parallel(); }

} // namespace threads
} // namespace heddle
