// The collector's interface: allocation, barriers, roots, pinning, collections, statistics.
//
// Rules for code that uses it (everything here is for the one mutator thread):
// * A safepoint is any call that may allocate or collect. At a safepoint, references on the native stack, in registers
//   and in registered conservative ranges are found conservatively and their targets don't move; references in exact
//   roots (root_slot, root walkers) and in objects are updated. References anywhere else (malloc memory, globals)
//   dangle.
// * After allocate the memory is *not* zeroed, save for array items that hold references (and array lengths are set).
//   All reference slots must be written before the next safepoint. A fresh object needs no barrier until then.
// * Each store of a reference into an object is accompanied by a write barrier, immediately before or after the store,
//   with no safepoint between them.
// * Allocation never returns null. Past HEDDLE_GC_MAX, when a full collection has not helped, action_out_of_memory is
// set
//   in heddle_thread.action_flag and allocation goes on into a reserve, so that the interpreter can raise its
//   MemoryError at the next point where it looks at the flag (and clears it). When the heap has grown to twice the
//   limit, the process ends with one line on stderr and status 1. Only try_allocate_array respects the limit strictly:
//   it returns null.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "heddle/gc/header.h"
#include "heddle/gc/thread_state.h"
#include "heddle/gc/type_info.h"

extern "C" {
// Slow paths, called by translated code and by machine code with the C calling convention.
// total_bytes = total_size_for(bytes without header). Returns the object with its header written, never null.
// The caller writes an array's length before the next safepoint; heddle_gc_allocate_array_slow does it itself.
void* heddle_gc_allocate_slow(const heddle::gc::type_info* type, size_t total_bytes);
// The whole of allocate_array and try_allocate_array, out of line.
void* heddle_gc_allocate_array_slow(const heddle::gc::type_info* type, uint64_t length, int clear);
void* heddle_gc_try_allocate_array_slow(const heddle::gc::type_info* type, uint64_t length, int clear);
// To be called when the object's header has flag_needs_barrier. Never a safepoint.
void heddle_gc_write_barrier_slow(void* object);
void heddle_gc_write_barrier_array_slow(void* array, uint64_t index);
// slot: the address of a reference slot inside an object; finds the object itself.
void heddle_gc_write_barrier_interior_slow(void* slot);

// Tables over the heap's address range, read by inline code. See heddle::gc::is_young_address.
extern uintptr_t heddle_gc_arena_base;
extern uintptr_t heddle_gc_arena_size;
extern uint8_t* heddle_gc_block_kinds; // one byte per block of 32 KiB; below first_old_kind: nothing old in there
extern uint8_t* heddle_gc_cards;       // biased: the card of address a is heddle_gc_cards[a >> heddle_gc_card_shift]
extern uint32_t heddle_gc_card_shift;
}

namespace heddle::gc {

constexpr unsigned block_shift = 15;
constexpr size_t block_size = size_t{1} << block_shift;
constexpr size_t nursery_object_limit = 16384; // larger totals get blocks of their own
constexpr uint8_t first_old_kind = 4;          // block kinds from here up hold old objects

// ---------------------------------------------------------------------------------------------------------------------
// Start and end

struct options {
    size_t nursery_bytes = 4u << 20; // HEDDLE_GC_NURSERY, at least 256 KiB; suffixes K, M, G
    size_t maximum_heap_bytes = 0;   // HEDDLE_GC_MAX; 0: as much as the machine has memory
    double growth = 1.82;            // HEDDLE_GC_GROWTH: a major collection starts at growth * what survived the last
    uint64_t stress_interval = 0;    // HEDDLE_GC_STRESS=N: a minor collection at every N-th allocation, and with
                                     // every 16th of these a step of a major cycle; 0: off
    const char* log_file = nullptr;  // HEDDLE_GC_LOG: one line per collection; "-" is stderr
    uint32_t card_elements = 128;    // HEDDLE_GC_CARD: references per card, a power of two, at least 4
    bool verify = false;             // HEDDLE_GC_VERIFY=1: check the whole heap after each collection (debug builds
                                     // check it at the end of each major cycle in any case)
    bool poison = false;             // HEDDLE_GC_POISON=1: overwrite freed memory (debug builds always do)
    uint32_t pin_age_limit = 3;      // young objects pinned in so many minor collections running get old in place
};

// Reads the environment into `result`. Returns null, or a one-line error (static buffer) that names the variable,
// for which a VM should exit with status 2.
const char* options_from_environment(options& result);

// Sets up the heap and numbers the registered types. Call once, from the thread that will run the interpreter, as near
// to its stack's base as is convenient. Returns null or a one-line error.
const char* initialise(const options& chosen);
// options_from_environment + initialise; prints an error and exits with status 2.
void initialise_from_environment_or_exit();
// Runs light finalizers of all remaining objects, closes the log, returns all memory.
void shutdown();

// Registers a class after initialise(). It gets the next free id; if it derives from a class with other numbers after
// it, all are renumbered, which is allowed only before the first allocation (afterwards: returns a one-line error).
const char* register_type(type_info& type);
const type_info* type_of(const void* object);
size_t total_size_of(const void* object);

// ---------------------------------------------------------------------------------------------------------------------
// Allocation

// For classes without finalizer (see allocate). total = total_size_for(...), a constant at most call sites.
inline void* allocate_total(const type_info& type, size_t total) {
    char* start = heddle_thread.nursery_free;
    // In this form a start near the address space's end, or a huge total, can't overflow.
    if (static_cast<size_t>(heddle_thread.nursery_top - start) < total) [[unlikely]]
        return heddle_gc_allocate_slow(&type, total);
    heddle_thread.nursery_free = start + total;
    *reinterpret_cast<uint64_t*>(start) = type.id;
    return start + header_size;
}

// One object of a class without items. Not zeroed.
inline void* allocate(const type_info& type) {
    size_t total = total_size_for(type.fixed_size);
    if (type.has_finalizer) [[unlikely]]
        return heddle_gc_allocate_slow(&type, total); // only the slow path registers finalizers
    return allocate_total(type, total);
}

// One object with `length` items. Items that are or hold references are zeroed always, others only if `clear`.
inline void* allocate_array(const type_info& type, size_t length, bool clear) {
    if (length > nursery_object_limit || type.has_finalizer) [[unlikely]]
        return heddle_gc_allocate_array_slow(&type, length, clear);
    size_t total = total_size_for(type.fixed_size + length * type.item_size);
    if (static_cast<size_t>(heddle_thread.nursery_top - heddle_thread.nursery_free) < total) [[unlikely]]
        return heddle_gc_allocate_array_slow(&type, length, clear);
    char* object = static_cast<char*>(allocate_total(type, total));
    *reinterpret_cast<uint64_t*>(object + type.length_offset) = length;
    if (clear || type.items_are_references || type.item_reference_count != 0)
        std::memset(object + type.items_offset, 0, length * type.item_size);
    return object;
}

// The same, but null if the array doesn't fit below the heap's limit (also for absurd lengths).
inline void* try_allocate_array(const type_info& type, size_t length, bool clear) {
    return heddle_gc_try_allocate_array_slow(&type, length, clear);
}

// Foreign memory that GC objects own: counts towards the pace of collections.
void add_memory_pressure(size_t bytes);

// ---------------------------------------------------------------------------------------------------------------------
// Write barriers

inline void write_barrier(void* object) {
    if (header_of(object).flags & flag_needs_barrier) [[unlikely]]
        heddle_gc_write_barrier_slow(object);
}

inline void write_barrier_array(void* array, size_t index) {
    if (header_of(array).flags & flag_needs_barrier) [[unlikely]]
        heddle_gc_write_barrier_array_slow(array, index);
}

// For code that knows the slot's address only (plain builds). A slot outside the heap is allowed and needs nothing.
inline void write_barrier_interior(void* slot) {
    uintptr_t offset = reinterpret_cast<uintptr_t>(slot) - heddle_gc_arena_base;
    if (offset < heddle_gc_arena_size && heddle_gc_block_kinds[offset >> block_shift] >= first_old_kind)
        heddle_gc_write_barrier_interior_slow(slot);
}

// For copies of many references into one array (or object): before or after the copy, no safepoint between.
void bulk_write_barrier(void* array);
// For a copy into items [first, first + count) only: cheaper for arrays with cards.
void bulk_write_barrier(void* array, size_t first, size_t count);

// ---------------------------------------------------------------------------------------------------------------------
// Roots

// An exact root: a slot that is updated when its target moves. Construct, and keep at the same address.
class root_slot {
public:
    explicit root_slot(void** slot);
    ~root_slot();
    root_slot(const root_slot&) = delete;
    root_slot& operator=(const root_slot&) = delete;

private:
    friend struct root_lists;
    void** slot_;
    root_slot* previous_;
    root_slot* next_;
};

// Words in [begin, end) that are scanned like stack words. `begin` and `end` are read at each collection.
class conservative_range {
public:
    conservative_range();
    ~conservative_range();
    conservative_range(const conservative_range&) = delete;
    conservative_range& operator=(const conservative_range&) = delete;
    const void* begin = nullptr;
    const void* end = nullptr;

private:
    friend struct root_lists;
    conservative_range* previous_;
    conservative_range* next_;
};

// Handed to root walkers. visit(&slot) for each exact root slot; the slot may be rewritten.
class root_visitor {
public:
    void visit(void** slot) { visit_(slot); }
    explicit root_visitor(void (*visit)(void**)) : visit_(visit) {}

private:
    void (*visit_)(void**);
};
// The walker is called in each collection, and must neither allocate GC objects nor store references elsewhere.
void add_root_walker(void (*walker)(root_visitor& visitor, void* data), void* data);
void remove_root_walker(void (*walker)(root_visitor& visitor, void* data), void* data);

// ---------------------------------------------------------------------------------------------------------------------
// Pinning, identity, weak references, finalizers

// The object never moves from now on. It isn't kept alive by this.
void make_immovable(void* object);
// The object neither moves nor dies until as many unpin as pin calls were made.
void pin(void* object);
void unpin(void* object);
// True if the object's address is final (old, or made immovable).
bool is_immovable(const void* object);

// A hash that the object keeps for life. Never 0. May take memory, never a safepoint.
uint64_t identity_hash(void* object);

// Is the word the address of an object that is allocated (and not known to be dead)? Exact; for any word.
bool is_object(const void* word);
// The object whose bytes, or whose end, the word points to; null if there's none.
void* find_object(const void* word);

// Runs finalizers (not light ones) of objects found dead, up to `limit`; returns how many ran. They run in dependency
// order: an object's finalizer runs in an earlier collection cycle than those of objects it refers to (cycles are cut
// at one of their objects). Weak references to an object are cleared before its finalizer runs.
// heddle_thread.action_flag gets action_finalizers when there's work; a finalizer may do what any interpreter code may.
size_t run_finalizers(size_t limit = SIZE_MAX);

// ---------------------------------------------------------------------------------------------------------------------
// Collections

void collect_minor();
// A complete mark and sweep of the state of now (finishing first a cycle that is under way).
void collect_full();
// One minor collection and one slice of marking (about so many bytes) or sweeping, starting a cycle if none is under
// way. Returns true when a cycle was completed by this step.
bool collect_step(size_t bytes = 1 << 20);

enum class collection_kind { minor, full };
// Callbacks around collections (not safepoints: they must not allocate). Null removes.
void set_collection_hooks(void (*before)(collection_kind), void (*after)(collection_kind));

struct statistics {
    uint64_t minor_collections, major_cycles, mark_slices;
    uint64_t local_collections; // STM builds: of what one transaction has made
    uint64_t bytes_allocated;   // by nursery refills and large objects: exact to a gap
    uint64_t bytes_promoted, objects_promoted;
    uint64_t ambiguous_roots; // stack words that pinned a young object, in all collections
    uint64_t objects_pinned;  // young objects left in place by the last minor collection
    uint64_t promoted_in_place;
    uint64_t finalizers_run, weak_references_cleared;
    uint64_t pause_nanoseconds_total, pause_nanoseconds_max;
    uint64_t minor_nanoseconds_total, major_nanoseconds_total;
    uint64_t old_bytes;  // in old objects now, as far as swept
    uint64_t heap_bytes; // blocks and pages in use, nursery included
    uint64_t heap_bytes_peak;
};
statistics get_statistics();
// Whether the heap has found so, when it touched its first ones: for others that need much memory.
bool huge_pages_are_cheap();

// Checks the heap; returns null or a one-line description of the first thing wrong.
const char* verify_heap();
// Writes one line per object: address, type, bytes, addresses it refers to. False if the file can't be written.
bool dump_heap(const char* path);

} // namespace heddle::gc
