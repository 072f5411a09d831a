// The JIT with several threads (builds with transactions, HEDDLE_STM). In the regular build all of this is empty.
//
// Machine code and the tables that lead to it are shared. They are changed only while all other threads stand at safe
// points (all_halted), or, where only something is added that others may see early, under the world's lock
// (shared_data_lock). One thread traces at a time; one that would like to goes on without. Tracing takes part in the
// running transaction: its abort ends it, and one that ends in the middle of it (in a residual call) makes the trace
// worthless. Compiling is no part of a transaction, so all that it refers to must be committed.
#pragma once
#include "heddle/gc/gc.h"
#include "heddle/jit/kinds.h"
#ifdef HEDDLE_STM
#include "heddle/stm/stm.h"
#endif

namespace heddle::jit {

struct jit_runtime;

#ifdef HEDDLE_STM

constexpr bool parallel = true;
using shared_data_lock = stm::held_lock;
using all_halted = stm::halted_world;

// The greatest number of words that machine code leaves behind in a guard.
constexpr uint32_t most_exit_values = 1 << 14;

// Is machine code made that takes no notice of other threads, as there have been none yet? It is discarded when the
// second thread is started (parallel.cpp).
inline bool for_one_thread() { return stm::was_always_alone(); }

void prepare_thread();         // before the calling thread runs machine code, or traces
bool begin_tracing();          // false: another thread does, or this one
void end_tracing();            // by whoever does; else nothing
uint64_t ended_transactions(); // of this thread: a number that grows
inline void break_transaction() { stm::transaction_break(); }
// While all are halted nothing may wait or be aborted, as a thread that is alone never does.
inline bool may_run_interpreter() { return heddle_stm.delta == 0; }
// Is the word an object that may vanish with this transaction?
bool is_uncommitted(word pointer);
// A quasi-immutable field is written by the running transaction: till its end nobody may rely on it.
void note_uncommitted_write(const void* slot, bool seen_by_code);
bool has_uncommitted_write(const void* slot);

gc::conservative_range& constants_of_trace();         // this thread's
gc::conservative_range& exit_values_of_this_thread(); // this thread's: the words that machine code has left behind

#else

constexpr bool parallel = false;
constexpr uint32_t most_exit_values = 1 << 17;
struct shared_data_lock {
    shared_data_lock() {}
    ~shared_data_lock() {}
};
struct all_halted {
    all_halted() {}
    ~all_halted() {}
};
constexpr bool for_one_thread() { return true; }
inline void prepare_thread() {}
inline bool begin_tracing() { return true; }
inline void end_tracing() {}
inline uint64_t ended_transactions() { return 0; }
inline void break_transaction() {}
inline bool may_run_interpreter() { return true; }
inline bool is_uncommitted(word) { return false; }
inline bool has_uncommitted_write(const void*) { return false; }

#endif

} // namespace heddle::jit
