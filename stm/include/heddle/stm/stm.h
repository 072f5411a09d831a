// The STM runtime's interface: what translated code calls, and what tests and C++ programs use. docs/stm.md explains
// it.
//
// Each thread runs transactions one after another. A reference is an object's address in view 0, the committed state;
// mutable data is read and written at that address plus the running transaction's `delta`, with these barriers:
//   read:   marker byte of the address = version                      (mark_read)
//   write:  if the object's header, in the view, has flag_committed: heddle_stm_write_object or _item, once in a
//           transaction for each object (for each card of large arrays), before the store
// Objects that the transaction made itself have no flag_committed, and const data is read and initialised in view 0.
// Transactions end only inside calls that are named safe points here; nothing derived from mutable data may be kept in
// memory outside of the heap and the stack over such a call, as an abort goes back to the transaction's beginning.
#pragma once

#include <cstddef>
#include <cstdint>

#include "heddle/gc/gc.h"

namespace heddle::stm {

constexpr uintptr_t heap_address = uintptr_t{1} << 44;  // of view 0
constexpr uintptr_t view_distance = uintptr_t{1} << 41; // view n, with its markers, is n times that higher
constexpr unsigned marker_shift = 4;                    // a marker byte for 16 bytes: no two objects' data share one
constexpr unsigned maximum_segments = 32;
// References in global variables (heddle::root) live in the heap's first pages, each as an object of one word.
constexpr uintptr_t roots_address = heap_address + 8192;
constexpr size_t root_distance = 32;
constexpr size_t maximum_roots = 32768;
constexpr size_t most_thread_roots = 4096; // of all threads together, behind the others

// What translated code reads and writes of the running thread.
struct thread_words {
    uint8_t version = 0;    // what mark_read stores; new in each transaction
    uint8_t inevitable = 0; // the transaction is: it can't be aborted
    uint16_t hold = 0;      // put breaks off, for a while
    int32_t budget = 0;     // counted down at transaction_break
    uint32_t interrupt = 0; // not 0: another thread wants this one at its next safe point
    uint32_t atomic_depth = 0;
    uintptr_t delta = 0;   // as in the gs register
    uintptr_t roots = 0;   // where this thread's own references (heddle::thread_root) begin
    void* place = nullptr; // the innermost portal's portal_place (src/log.h)
};

} // namespace heddle::stm

extern "C" {
extern __thread heddle::stm::thread_words heddle_stm;

// Barriers (see above). Not safe points, unless HEDDLE_STM_ABORT asks for aborts in them.
void heddle_stm_write_object(void* object);
void heddle_stm_write_item(void* array, uint64_t index);
// For an address inside of an unknown object, or of anything else: where to read it or write it.
void* heddle_stm_read_address(void* address);
void* heddle_stm_write_address(void* address);
// The same for [address, address + bytes) inside one object.
void* heddle_stm_read_range(void* address, size_t bytes);
void* heddle_stm_write_range(void* address, size_t bytes);
// ... of a known object.
void* heddle_stm_write_items(void* array, void* address, size_t bytes);

// Safe points.
void heddle_stm_break_slow();
void heddle_stm_become_inevitable_slow();

// Filled in by the translator: how many roots there are at roots_address.
extern const uint32_t heddle_stm_root_count __attribute__((weak));
extern const uint32_t heddle_stm_thread_root_count __attribute__((weak)); // of each thread
}

namespace heddle::stm {

inline void mark_read(const void* address) {
    *reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(address) >> marker_shift) + heddle_stm.delta) =
        heddle_stm.version;
}
template <class T> T read(const T& place) {
    mark_read(&place);
    return *reinterpret_cast<const T*>(reinterpret_cast<uintptr_t>(&place) + heddle_stm.delta);
}
inline bool needs_write_barrier(const void* object) {
    auto flags = reinterpret_cast<uintptr_t>(object) - sizeof(uint32_t) + heddle_stm.delta;
    return *reinterpret_cast<const uint32_t*>(flags) & gc::flag_committed;
}
template <class T> void write(void* object, T& place, T value) {
    if (needs_write_barrier(object)) heddle_stm_write_object(object);
    *reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(&place) + heddle_stm.delta) = value;
}
template <class T> void write_item(void* array, uint64_t index, T& place, T value) {
    if (needs_write_barrier(array)) heddle_stm_write_item(array, index);
    *reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(&place) + heddle_stm.delta) = value;
}

// A place where the transaction may end and the next one begin: loops' back edges, calls. A safe point.
inline void transaction_break() {
    if (--heddle_stm.budget < 0 || heddle_stm.interrupt != 0) [[unlikely]]
        heddle_stm_break_slow();
}
// Ends the transaction and begins the next one, but for atomic blocks. A safe point.
void new_transaction();
// Before anything that can't be taken back. From here on the transaction won't be aborted. A safe point.
inline void become_inevitable() {
    if (heddle_stm.inevitable == 0) heddle_stm_become_inevitable_slow();
}

// Between them the transaction goes on, over all breaks. May be nested. (The transaction that is under way at
// atomic_begin is not ended there.)
void atomic_begin();
void atomic_end();

// A new thread that calls run(argument) in transactions of its own. It starts when the running transaction is
// committed. The answer is a number to wait for it with.
long start_thread(void (*run)(void* argument), void* argument);
// Waits until the thread has ended. Ends the transaction. False inside an atomic block: that would wait for ever.
bool wait_for_thread(long thread);
bool thread_has_ended(long thread);
long current_thread(); // 0 for the first one

// Waiting for what another thread's transaction does. changes_seen() first, then look at the condition; if it doesn't
// hold, wait_for_change(seen) ends the transaction, waits until one that called announce_change has been committed
// since, or a thread has ended, and begins the next transaction.
enum class wait_result : long {
    changed = 0,
    timed_out,
    deadlock,  // all other threads wait too, without a limit of time: nothing will ever change
    in_atomic, // inside an atomic block, where it would be for ever
};
long changes_seen();
wait_result wait_for_change(long seen, int64_t nanoseconds); // negative: no limit of time
void announce_change();

// For the JIT. Data outside of the heap and the stack that takes part in transactions: what to call, with the thread's
// own data.
struct participant {
    void (*begun)(void* data);                 // a transaction that may be aborted: save what an abort must restore
    void (*ended)(void* data, bool committed); // world locked; may be called by another thread
    void (*aborted)(void* data);               // restore it; the stack is restored after that
    void (*left)(void* data);                  // the thread has ended; world locked
    void (*starting)(); // start_thread was called for the first time; the caller's thread has been alone until then
    // Calls visit(begin, end, context) for memory with words that may be references, of the calling thread.
    void (*words)(void* data, void (*visit)(const void*, const void*, void*), void* context);
};
void set_participant(const participant& calls);
void set_participant_data(void* data); // of the calling thread; null: none

// The world's lock, for data that all threads share; what is allocated under it is no transaction's. May be taken again
// by its holder. Taking it may end in an abort; nothing may that is done while it is held.
class held_lock {
public:
    held_lock();
    ~held_lock();
    held_lock(const held_lock&) = delete;
};
// held_lock, with all other threads at safe points.
class halted_world {
public:
    halted_world();
    ~halted_world();
    halted_world(const halted_world&) = delete;

private:
    held_lock lock_;
    bool was_stopped_ = false; // by this thread
};

// Is the object committed, so that it will not vanish with the running transaction?
bool is_published(const void* object);
// Does the address lie in an object that the running transaction has made? (False also when it isn't sure.)
bool is_made_here(const void* address);
// What this transaction does is seen without reads that are marked: its commit aborts all others.
void conflict_with_all();

// Has there been no other thread than the first, whose transactions were inevitable and in view 0 (see
// HEDDLE_STM_ALONE)?
bool was_always_alone();

struct counts {
    uint64_t commits, aborts, conflicts, inevitable, threads;
};
counts get_counts();

} // namespace heddle::stm
