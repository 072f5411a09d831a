// The collector's state and the functions its files share. One collector per process in the regular build.
//
// Generations: objects are born young, in nursery chunks or as young large objects. A minor collection leaves no young
// object but those that ambiguous roots, pins or make_immovable hold in their place (`young_in_place`).
// Remembered set: an old object whose header lacks needs_barrier is in `remembered`; an array with cards is in
// `dirty_arrays` if its header has cards_dirty. Old objects that refer to young ones are in one of the two.
// Major cycles: idle -> marking -> sweeping -> idle, advanced in slices, each right after a minor collection. While
// marking, minor collections mark what remembered objects refer to, so that no black object hides a white one (a
// store into any old object that was scanned is noticed through the remembered set, without a second barrier).
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <unordered_map>
#include <vector>

#include "arena.h"
#include "old_space.h"
#include "stm_hooks.h"

namespace heddle::gc {

// type_info, laid out for tracing; indexed by type id.
struct traced_type {
    const uint32_t* reference_offsets;
    uint32_t reference_count;
    uint32_t fixed_size;
    uint32_t item_size;
    uint32_t length_offset;
    uint32_t items_offset;
    uint32_t item_reference_count; // 1 with offset 0 if the items themselves are references
    const uint32_t* item_reference_offsets;
    const type_info* info;
    uint32_t weak_offset;
    bool is_weak;
    bool has_references; // anything at all to trace
};

// A stack of words with a push that inlines to three instructions.
class word_stack {
public:
    void push(void* word) {
        if (size_ == capacity_) [[unlikely]]
            grow();
        words_[size_++] = word;
    }
    void* pop() { return words_[--size_]; }
    bool empty() const { return size_ == 0; }
    size_t size() const { return size_; }
    void clear() { size_ = 0; }
    void release();

private:
    void grow();
    void** words_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

enum class cycle_state { idle, marking, sweeping };

// A large array that is being marked piece by piece.
struct array_progress {
    char* array;
    uint64_t next_item;
};

// A nursery chunk's unused stretch, headed by a filler whose flags word is its size.
struct nursery_gap {
    char* start;
    char* end;
};

struct collector_state {
    bool initialised = false;
    bool collecting = false;
    bool allocated_anything = false;
    options chosen;
    arena heap;
    old_space old;
    FILE* log = nullptr;

    std::vector<type_info*> registered_types;
    bool ids_are_preset = false; // by the translator
    std::vector<traced_type> types;

    // Nursery.
    std::vector<uint32_t> chunks;
    std::vector<nursery_gap> gaps;
    size_t next_gap = 0;
    std::vector<uint32_t> young_large; // first blocks
    uint64_t young_large_bytes = 0;
    uint64_t young_large_blocks = 0;   // what they really take, which paces minor collections
    uint64_t young_pressure = 0;       // foreign bytes reported since the last minor collection
    std::vector<void*> young_in_place; // in nursery chunks, after a minor collection; ascending
    bool minor_requested = false;
    uint64_t stress_count = 0;
    uint64_t stress_rounds = 0;

    // Remembered set.
    std::vector<void*> remembered;
    std::vector<void*> dirty_arrays;

    // Minor collection.
    word_stack trace_stack;
    std::vector<void*> promoted;   // objects to grey, while marking
    std::vector<void*> weak_found; // weak objects traced in this collection
    std::vector<uint32_t> surviving_large;
    uint64_t bytes_promoted_now = 0;
    uint64_t promoted_between = 0; // bytes that transactions' own collections promoted since the last minor one
    uint64_t objects_promoted_now = 0;

    // Major cycle.
    cycle_state cycle = cycle_state::idle;
    word_stack grey;
    std::vector<array_progress> grey_arrays;
    std::vector<void*> weak_marked;
    uint64_t threshold = 0; // old bytes at which a cycle starts
    uint64_t pressure = 0;  // foreign bytes reported since the last cycle's end

    // Finalizers. The young list is in order of allocation; light ones apart.
    std::vector<void*> young_finalizable, young_light;
    std::vector<void*> old_finalizable, old_light;
    std::deque<void*> finalizer_queue;

    // Identity hashes of young objects (the cell in old space reserved for them) and of those promoted in place.
    std::unordered_map<void*, char*> young_hashes;
    std::unordered_map<void*, char*> old_hashes; // objects that got old in their place, and the cells they keep

    std::unordered_map<void*, size_t> user_pins;

    void (*before_hook)(collection_kind) = nullptr;
    void (*after_hook)(collection_kind) = nullptr;

    // The lowest address of the stack to scan, set on entry to a collection.
    const void* stack_low = nullptr;

    statistics counts = {};

    uint64_t next_collection_over_limit = 0; // heap_bytes() at which a full collection is tried again

    bool is_young(const void* object) const { return heap.kind_of(object) < first_old_kind; }
    const traced_type& type_of(const void* object) const { return types[type_id_of(object)]; }
    uint64_t heap_bytes() const;
    // The limit that allocation without try_ may reach: twice the other, so that an array can double in the reserve.
    uint64_t hard_limit() const { return chosen.maximum_heap_bytes * 2 + chosen.nursery_bytes * 8; }
    bool over_limit(uint64_t extra) const { return heap_bytes() + extra > chosen.maximum_heap_bytes; }
};

extern collector_state collector;

inline size_t total_size(const collector_state& state, const void* object) {
    const header& head = header_of(object);
    if (head.type_id == 0) return head.flags; // a filler
    const traced_type& type = state.types[head.type_id];
    size_t size = type.fixed_size;
    if (type.item_size != 0)
        size +=
            *reinterpret_cast<const uint64_t*>(static_cast<const char*>(object) + type.length_offset) * type.item_size;
    return total_size_for(size);
}

inline uint64_t array_length(const traced_type& type, const char* object) {
    return *reinterpret_cast<const uint64_t*>(object + type.length_offset);
}

// Calls visit(void** slot) for all reference slots of the fixed part.
template <typename Visitor> inline void for_fixed_slots(const traced_type& type, char* object, Visitor&& visit) {
    for (uint32_t i = 0; i < type.reference_count; ++i)
        visit(reinterpret_cast<void**>(object + type.reference_offsets[i]));
}

// ... for the reference slots of items [first, last).
template <typename Visitor>
inline void for_item_slots(const traced_type& type, char* object, uint64_t first, uint64_t last, Visitor&& visit) {
    char* item = object + type.items_offset + first * type.item_size;
    for (uint64_t i = first; i < last; ++i, item += type.item_size)
        for (uint32_t j = 0; j < type.item_reference_count; ++j)
            visit(reinterpret_cast<void**>(item + type.item_reference_offsets[j]));
}

template <typename Visitor> inline void for_all_slots(const traced_type& type, char* object, Visitor&& visit) {
    for_fixed_slots(type, object, visit);
    if (type.item_reference_count != 0) for_item_slots(type, object, 0, array_length(type, object), visit);
}

inline bool is_reference(const void* word) { return word != nullptr && (reinterpret_cast<uintptr_t>(word) & 1) == 0; }

// roots.cpp -----------------------------------------------------------------------------------------------------------
// All exact root slots: thread state, root_slots, root walkers, the finalizer queue.
void visit_exact_roots(void (*visit)(void** slot));
// The root_slots among them.
void visit_root_slots(void (*visit)(void** slot, void* context), void* context);
// All words that may be references: the stack from collector.stack_low, saved registers, conservative ranges.
void visit_ambiguous_words(void (*visit)(uintptr_t word));
// The old object that a word points into (or to the end of) or null.
void* find_old_object(uintptr_t word);
// The same in a nursery chunk or young large object; walks the chunk.
void* find_young_object(uintptr_t word);
void forget_walked_chunks(); // objects of the nursery have moved
// Runs body with callee-saved registers on the stack and collector.stack_low set.
void with_stack_visible(void (*body)());
// with_stack_visible, timed as one pause.
void collect_in_pause(void (*body)());
void find_stack_limits();

// nursery.cpp ---------------------------------------------------------------------------------------------------------
void build_nursery();
// Makes the nursery walkable: a filler over the unused part of the current gap.
void close_gap();
// Offers all free space of the chunks for allocation again; `young_in_place` stays.
void reset_nursery();
void write_filler(char* start, char* end);

// minor.cpp -----------------------------------------------------------------------------------------------------------
void run_minor_collection();
// Puts an old object into the remembered set / an array's card of `item_address` among the dirty ones.
void remember(void* object);
void dirty_card(void* array, const void* item_address);
// Flags an object has on getting old.
uint32_t flags_for_old(const traced_type& type, const char* object);

// major.cpp -----------------------------------------------------------------------------------------------------------
void start_marking();
// Marks about so many bytes, or sweeps in proportion; returns true when the cycle ends.
bool advance_cycle(uint64_t bytes);
void mark_object(void* object); // greys an old object if it's white
bool is_marked(const void* object);
void grey_promoted(); // what got old in a minor collection while marking
void drain_marking();
// The slice that follows a minor collection.
bool slice_is_due();
void pace_after_minor();
void run_full_collection();

// finalizers.cpp ------------------------------------------------------------------------------------------------------
void note_finalizable(void* object, const type_info& type);
// Minor collection: roots among the young finalizable objects, then those whose fate is decided.
void visit_young_finalizable(void (*visit)(void** slot));
void settle_young_finalizable();
// Moves what got old to the old lists; called when it's settled what stays in the nursery.
void sort_finalizable();
// End of marking: queues what is dead and next in order, and marks it and what it needs.
void order_finalizers();
void run_dead_light_finalizers();

// identity.cpp --------------------------------------------------------------------------------------------------------
// The reserved cell of a hashed young object, or null; forgets it.
char* take_reserved_cell(void* object);
void settle_young_hashes(); // end of a minor collection
void mark_reserved_cells(); // end of marking
void drop_dead_hashes();

// log.cpp -------------------------------------------------------------------------------------------------------------
uint64_t now_nanoseconds();
void log_collection(const char* kind, uint64_t nanoseconds);
// Checks the heap (if so configured); ends the program with a message if it's broken.
void verify_if_wanted(const char* when);
void check_heap(const char* when);

} // namespace heddle::gc
