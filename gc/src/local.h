// A collection of what one transaction has made, by its own thread and while other threads run (STM builds).
//
// Nobody else can refer to an object before the transaction that made it is committed. So its thread's stack, and what
// the transaction has written, are all the roots there are, and who is dead in them is dead. Live objects move to cells
// of the old generation that the thread has taken for itself; those that the stack holds stay where they are. Young
// means here: without flag_committed. Everything else, young or old, is not looked at.
//
// Shared lists of the collector are not touched: what they must know is kept in the local_heap, until the transaction
// is committed (commit(), which also sets the allocation bits) or aborted (discard()).
#pragma once

#include "collector.h"

namespace heddle::gc {

struct made_range { // headers' addresses; objects fill it without holes
    char* start;
    char* end;
};

// What a transaction made, as far as the collector keeps lists of it.
struct local_heap {
    old_space::own_runs cells;
    std::vector<void*> remembered, dirty_arrays; // among what was promoted
    std::vector<void*> promoted;                 // while marking
    std::vector<uint32_t> old_large, dead_large; // young large objects that got old, or died
    std::vector<void*> finalizable, light;
    std::unordered_map<void*, char*> hashes; // as collector.young_hashes
    uint64_t bytes_promoted = 0, objects_promoted = 0, collections = 0, finalizers_run = 0;

    void commit();  // under the heap's lock
    void discard(); // the transaction is aborted
};

// A cell of the old generation for an object; takes the lock for a moment when a run is used up.
char* allocate_cell(local_heap& own, size_t total);

// Use: note_word for all words of the stack, pin_noted, visit for all other roots, finish.
class local_collection {
public:
    // The ranges and large objects (from their headers) are those of the transaction, in ascending order.
    local_collection(local_heap& own, const made_range* ranges, size_t range_count, const made_range* large,
                     size_t large_count)
        : own_(own), ranges_(ranges), ranges_end_(ranges + range_count), large_(large),
          large_end_(large + large_count) {}
    void note_word(uintptr_t word) {
        if (collector.heap.contains(word - header_size)) note_heap_word(word);
    }
    void pin_noted();
    // Of a root, or of a slot in what was written; true: the target stays young.
    bool visit(void** slot);
    // The same of a root that may be another thread's, and refer to what that one's transaction makes.
    void visit_shared_root(void** slot);
    void visit_weak(void** slot) { weak_slots_.push_back(slot); } // of something that lives
    // Light finalizers are run only if they may do what can't be taken back; else their objects live on.
    void finish(bool may_finalize);
    // Objects that stay, in ascending order; for finish() and later.
    const std::vector<void*>& kept() const { return kept_; }

private:
    void note_heap_word(uintptr_t word);
    void keep(void* object);
    void promote_large(char* object);
    void* move(char* object, header& head);
    void account(size_t total);
    void trace(char* object);
    void remember_item(char* array, char* item);
    void settle_weak();
    void settle_light();
    bool is_dead(const void* object) const;

    local_heap& own_;
    const made_range *ranges_, *ranges_end_, *large_, *large_end_;
    std::vector<uintptr_t> words_;
    std::vector<void*> kept_, pending_, weak_objects_;
    std::vector<void**> weak_slots_;
};

} // namespace heddle::gc
