// What the STM runtime's files share: segments, threads, and the world that they are in.
//
// A *segment* is a place for one transaction at a time: a view of the heap, read markers, a list of what was written. A
// *thread* takes a free segment when its transaction begins and gives it back when that ends, so there may be more
// threads than segments.
// The world's lock guards everything here and the collector's data. A thread that holds it may also stop the world:
// then all other threads are at safe points until it lets them go on. Waiting for anything counts as being stopped.
#pragma once

#include <cstdint>
#include <cstdlib>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "heddle/stm/stm.h"
#include "local.h"
#include "log.h"

namespace heddle::stm {

// Memory of the runtime itself, which must not be taken for the program's (allocation.cpp).
template <class T> class list {
public:
    void push(const T& item) {
        if (size_ == capacity_) grow();
        items_[size_++] = item;
    }
    T pop() { return items_[--size_]; }
    T& operator[](size_t i) { return items_[i]; }
    T* begin() { return items_; }
    T* end() { return items_ + size_; }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    void clear() { size_ = 0; }
    void shrink(size_t size) { size_ = size; }
    void release() {
        std::free(items_);
        items_ = nullptr;
        size_ = capacity_ = 0;
    }

private:
    void grow() {
        capacity_ = capacity_ == 0 ? 64 : capacity_ * 2;
        items_ = static_cast<T*>(std::realloc(static_cast<void*>(items_), capacity_ * sizeof(T)));
        if (items_ == nullptr) std::abort();
    }
    T* items_ = nullptr;
    size_t size_ = 0, capacity_ = 0;
};

constexpr size_t page_size = 4096;
constexpr unsigned page_shift = 12;
// Objects up to this size are written as a whole, larger ones by cards of this size.
constexpr size_t card_size = 1024;
constexpr unsigned card_shift = 10;
constexpr size_t whole_object_limit = 2048;

// How a segment's view maps a page. What others commit shows in it at once, unless it is `copied`.
enum page_state : uint8_t {
    page_private = 0, // copied by the kernel on the first write
    page_copied,      // may differ from view 0: commits have to be copied here
    page_kept,        // the same, but not written since the last collection
    page_fresh,       // shared; holds what the running transaction has made
    page_shared,      // shared; holds what a transaction of this segment made and committed
};
inline bool is_copy(uint8_t state) { return state == page_copied || state == page_kept; }

using range = gc::made_range;
struct written_range : range {
    char* object;
    bool whole;         // the object's flag_committed is off in the view
    uint32_t place = 0; // for the log: where the program was
};

struct thread;

struct segment {
    unsigned number = 0;
    uintptr_t delta = 0;
    uint8_t version = 0;
    thread* owner = nullptr; // whose transaction runs in it
    uint8_t* pages = nullptr;
    uint8_t* written_cards = nullptr; // version, if the transaction wrote the card already
    list<uint32_t> copied_pages;      // and some that were once
    list<written_range> writes;
    list<range> fresh; // headers' addresses; but for the current gap and large objects
    list<range> fresh_large;
    char* fresh_start = nullptr; // in the current gap: what the transaction makes starts here
    gc::local_heap made;         // what the collector must know of it
    size_t gap_bytes = 0;        // that the transaction has taken
    list<gc::nursery_gap>
        spare; // gaps for this segment only, its view maps them as page_fresh; the best ones at the end
    // The current gap, while no transaction runs.
    char* free = nullptr;
    char* gap_end = nullptr;

    template <class T> T* in_view(T* address) const {
        return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(address) + delta);
    }
};

// Callee-saved registers, and the stack from the transaction's beginning up to the thread's base.
struct restart_point {
    void* registers[6];
    void* stack_pointer;
    void* instruction;
    char* copy;
    size_t size;
    size_t capacity;
};
static_assert(offsetof(restart_point, stack_pointer) == 48 && offsetof(restart_point, copy) == 64);

struct thread {
    long number = 0;
    gc::thread_state* state = nullptr; // of this thread
    thread_words* words = nullptr;
    segment* running = nullptr; // null: no transaction is under way
    segment* latest = nullptr;  // the last one that wasn't `direct`
    bool must_abort = false;
    bool rolled_back = false; // by a collection; what's left is to restore the stack
    bool at_break = false;    // stopped where its transaction may end
    bool stopped = true;
    bool read_all = false; // a collection moved what the transaction has read: it conflicts with all writers
    unsigned overruns = 0; // of the budget, in an atomic block
    unsigned lock_depth = 0;
    unsigned outside_locks = 0; // held_lock: of those, taken by others than the runtime
    unsigned own_memory = 0;    // gc::own_memory
    bool conflicts_with_all = false;
    void* participant_data = nullptr;
    unsigned aborts_in_a_row = 0;
    int32_t full_budget = 0;
    uint64_t target = 0;     // nanoseconds that its transactions should last; 0: it has had none
    bool ends_early = false; // this one, not by its length
    uint64_t began = 0;      // nanoseconds
    uintptr_t gs = 0;        // what the register holds
    restart_point restart = {};
    uint32_t saved_atomic_depth = 0;
    void* saved_place = nullptr;
    void* saved_error = nullptr;
    gc::root_slot saved_error_root{&saved_error};
    gc::root_slot* error_root = nullptr;
    gc::conservative_range stack_range, copy_range, register_range;
    list<void*> allocated, freed; // by operator new and delete, in this transaction
    list<thread*> to_start;
    // A thread of start_thread:
    void (*run)(void*) = nullptr;
    void* argument = nullptr;
    gc::root_slot argument_root{&argument};
    bool ended = false;
    thread* waits_for = nullptr;
    uint64_t seen_changes = 0;   // world.changes when the transaction began
    bool announces = false;      // its commit is a change
    bool waits_for_ever = false; // in wait_for_change
    uint64_t deadline = 0;       // of a wait, in nanoseconds; 0: none
    uintptr_t roots = 0;         // thread_words::roots
    uint32_t root_block = 0;     // number of its block of thread_roots
    // For the log:
    uint32_t place = 0; // where it was stopped
    pause_kind waits_because = pause_kind::stopped;
    conflict why; // it is aborted
};

struct world_state {
    std::mutex lock;
    std::condition_variable changed;
    std::vector<thread*> threads; // all that were ever made, by number
    std::vector<segment*> segments;
    // Of a thread that is alone: its view is view 0, so that it copies and maps nothing. No other view has copies then.
    segment* direct = nullptr;
    std::vector<thread*> waiting_for_segment;
    unsigned live_threads = 0; // threads that may begin transactions, and those that will be started
    unsigned running = 0;      // threads that are not stopped; read without the lock, too, as stopper is
    unsigned transactions = 0; // under way
    thread* stopper = nullptr; // who stops, or has stopped, the world
    thread* inevitable = nullptr;
    bool ending = false;
    uint64_t changes = 0;         // announced, and committed
    participant joined = {};      // calls may be null
    unsigned waiting_threads = 0; // in wait_for_change
    list<uint32_t> free_root_blocks;
    uint32_t root_blocks = 0; // that were ever used
    counts totals = {};
    transaction_log* log = nullptr; // null: none
    // Options.
    unsigned segment_count = 8;            // HEDDLE_STM_SEGMENTS
    uint64_t target_nanoseconds = 1000000; // HEDDLE_STM_LENGTH, in microseconds
    uint64_t abort_interval = 0;           // HEDDLE_STM_ABORT=N: abort at every N-th place where it's possible
    uint64_t abort_count = 0;
    uint64_t collected_bytes = 16 << 10; // HEDDLE_STM_COLLECT
    bool never_alone = false;            // HEDDLE_STM_ALONE=0: a single thread's transactions are ordinary ones too
};
extern world_state& world; // never destroyed: at the end of the process threads still wait in it
extern __thread thread* self;

// world.cpp: the lock, stopping, waiting
// ------------------------------------------------------------------------------- With must_abort set they end in an
// abort, and don't return.
void lock_world(bool may_end_here = false);
void unlock_world();
// The world is locked; it stays so. On return all others are stopped.
void stop_world();
void resume_world();
// Waits, as stopped, until condition(data) holds and nobody stops the world. World locked.
void wait_until(bool (*condition)(thread&), bool may_end_here = false);
void enter_world(thread& t); // a new thread, which runs from here on
void leave_world(thread& t);

// views.cpp: mappings
// ---------------------------------------------------------------------------------------------------
const char* make_segments();
void share_pages(segment& s, char* start, char* end);   // for fresh objects
void prepare_pages(segment& s, char* start, char* end); // before [start, end) is written in the view
void mark_committed_pages(segment& s, char* start, char* end);
void drop_copies(segment& s);
// The memory is given to `s` for objects to be made in: copies that other segments have show what was there before.
void forget_copies_of_others(const segment& s, char* start, char* end);
void renew_copies(segment& s);   // after a collection, which changes view 0 only
void push_new_cells(segment& s); // to all views that have copies of their pages
void next_version(segment& s);
void push_to_views(segment& from, char* start, char* end); // to view 0 and all copied pages

// transaction.cpp
// -------------------------------------------------------------------------------------------------------
void begin_as_inevitable();
void begin_transaction(); // saves the stack; returns again after each abort
// World locked. True when done: the thread has no transaction then. False: an inevitable one is in the way.
// The world must be stopped unless there are no writes.
bool try_commit(thread& t);
void commit(); // waits as long as it takes; or aborts
// For a collection: the caller's transaction goes on, but its writes are in view 0, and what it made is committed.
void commit_in_place(thread& t);
void roll_back(thread& t);                         // World locked
[[noreturn]] void abort_transaction();             // World unlocked
void acquire_inevitable(const char* why = "work"); // World locked; may end in an abort
void check_forced_abort();
// The running transaction, at its next break: not for its length.
inline void end_soon() {
    self->ends_early = true;
    heddle_stm.budget = 0;
}

// collect.cpp
void collect_made(thread& t); // before a commit; the calling thread's
void forget_gaps(segment& s); // the nursery is made anew

// allocation.cpp
void forget_allocations(thread& t, bool committed);

// heap.cpp
bool take_thread_roots(thread& t);  // World locked. False: too many threads
void clear_thread_roots(thread& t); // in a transaction of the thread's
void give_thread_roots_back(thread& t);

// threads.cpp
void start_pending_threads(thread& t);
bool is_alone();

uint64_t now_nanoseconds();

// restart.cpp
void keep_thread_data_out_of_stack(); // of the calling thread
extern "C" int heddle_stm_save(restart_point*) __attribute__((returns_twice));
extern "C" [[noreturn]] void heddle_stm_restore(restart_point*);

} // namespace heddle::stm
