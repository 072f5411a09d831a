// What the collector asks of the STM runtime (stm/src/heap.cpp) in builds with HEDDLE_STM. In the regular build all of
// it is empty: there is one thread.
//
// With STM, the collector's data is guarded by the world's lock, and a collection runs with all other threads stopped
// and no transaction under way but the caller's, which is inevitable by then and whose writes are in view 0. So the
// collector itself knows one thread and one view.
#pragma once

#include <cstddef>
#include <cstdint>

#include "heddle/gc/header.h"

namespace heddle::gc {

struct nursery_gap;
struct local_heap;

#ifdef HEDDLE_STM
constexpr bool transactions = true;
class heap_lock { // for as long as it lives; may be taken again by its holder
public:
    heap_lock();
    ~heap_lock();
    heap_lock(const heap_lock&) = delete;
};
class stopped_world { // heap_lock, with all other threads stopped and all gaps walkable: to look up young objects
public:
    stopped_world();
    ~stopped_world();
    stopped_world(const stopped_world&) = delete;

private:
    bool was_stopped_; // by this thread
};
class brief_lock { // the same lock, for a moment, by a thread that must not be stopped meanwhile
public:
    brief_lock();
    ~brief_lock();
    brief_lock(const brief_lock&) = delete;
};
class own_memory { // what is allocated in its life (operator new) is no transaction's
public:
    own_memory();
    ~own_memory();
    own_memory(const own_memory&) = delete;
};
// Of the running transaction; null: the thread is alone, its objects are everybody's.
local_heap* heap_of_transaction();
// Free cells that threads have taken for themselves are swept anew.
void forget_own_runs();
// A gap of the nursery that the running transaction may use without a lock; false: none is large enough.
bool take_own_gap(size_t total, nursery_gap& gap);
// Of how many threads the nursery should hold garbage.
size_t nursery_shares();
void begin_collection(); // does not return if the calling transaction has to be aborted
void end_collection();
// Fillers over the unused parts of all threads' gaps.
void close_all_gaps();
// The calling thread goes on allocating there; it allocated up to `free` in the gap that it had, which goes on to
// `gap_end` (null: it had none).
void gap_taken(char* free, char* gap_end, const nursery_gap& gap);
void large_object_made(char* start, size_t bytes);
// At the end of initialise(): the calling thread becomes the first one with transactions.
void start_transactions();
// Before the end of the process: other threads never run again.
void stop_for_good();
// Finalizers and pins can't be taken back.
void become_inevitable();
// The heap's memory, at a fixed address; null if it can't be had.
char* map_heap(size_t bytes);

constexpr uint32_t survivor_flags = flag_committed;
// A gap has whole pages: what one transaction makes shares no page with what others see.
constexpr size_t gap_alignment = 4096;
#else
constexpr bool transactions = false;
inline local_heap* heap_of_transaction() { return nullptr; }
inline void forget_own_runs() {}
constexpr size_t nursery_shares() { return 1; }
class heap_lock {
public:
    heap_lock() {}
    ~heap_lock() {}
};
class stopped_world {
public:
    stopped_world() {}
    ~stopped_world() {}
};
inline void begin_collection() {}
inline void end_collection() {}
inline void gap_taken(char*, char*, const nursery_gap&) {}
inline void large_object_made(char*, size_t) {}
inline void start_transactions() {}
inline void stop_for_good() {}
inline void become_inevitable() {}
constexpr uint32_t survivor_flags = 0;
constexpr size_t gap_alignment = 8;
#endif

} // namespace heddle::gc
