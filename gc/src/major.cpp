// Major cycles: incremental tri-colour marking of the old generation, in slices that follow minor collections.
//
// White: no mark bit. Grey: marked and on `grey` (or `grey_arrays`). Black: marked and scanned. Stores into black
// objects are noticed by the ordinary write barrier, since each minor collection marks what remembered objects refer to
// and slices run only right after one. Roots aren't covered by barriers: they are scanned when marking starts (for
// something to do) and again, atomically, when the grey objects run out. Young objects that stayed in place count as
// roots.
#include <algorithm>
#include <utility>

#include "collector.h"

namespace heddle::gc {

namespace {

constexpr uint64_t items_per_piece = 4096; // larger arrays are marked in pieces, for short slices
constexpr uint64_t smallest_slice = 1 << 20;
constexpr uint64_t slice_per_promoted_byte = 4;
constexpr unsigned sweep_shift = 12; // sweeping a block costs about as much as marking 4 KiB

inline void mark_slot(void** slot) {
    void* word = *slot;
    if (is_reference(word) && !collector.is_young(word)) mark_object(word);
}

// What scanning finds waits here for a moment, so that an object's header is in the cache when it's looked at: in a
// large heap most of marking's time is waiting for memory. Empty outside of mark_some.
class marking_queue {
public:
    marking_queue() = default;
    marking_queue(const marking_queue&) = delete;
    marking_queue& operator=(const marking_queue&) = delete;
    ~marking_queue() { flush(); }

    void add(void** slot) {
        void* word = *slot;
        if (!is_reference(word) || collector.is_young(word)) return;
        __builtin_prefetch(static_cast<char*>(word) - header_size);
        std::swap(word, waiting_[next_++ % length]);
        if (word) mark_object(word);
    }
    void flush() {
        for (void*& object : waiting_)
            if (object) mark_object(std::exchange(object, nullptr));
    }

private:
    static constexpr unsigned length = 16;
    void* waiting_[length] = {};
    unsigned next_ = 0;
};

// Returns about how many bytes were looked at.
uint64_t scan_object(char* object, marking_queue& queue) {
    const traced_type& type = collector.type_of(object);
    auto mark_slot_soon = [&queue](void** slot) { queue.add(slot); };
    for_fixed_slots(type, object, mark_slot_soon);
    uint64_t bytes = type.fixed_size + header_size;
    if (type.is_weak) collector.weak_marked.push_back(object);
    if (type.item_reference_count != 0) {
        uint64_t length = array_length(type, object);
        if (length > items_per_piece) {
            collector.grey_arrays.push_back({object, 0});
        } else {
            for_item_slots(type, object, 0, length, mark_slot_soon);
            bytes += length * type.item_size;
        }
    }
    return bytes;
}

// Goes on marking until `budget` bytes are used up; true if nothing grey is left.
bool mark_some(uint64_t budget) {
    uint64_t used = 0;
    marking_queue queue;
    for (;;) {
        while (!collector.grey.empty()) {
            if (used >= budget) return false;
            used += scan_object(static_cast<char*>(collector.grey.pop()), queue);
        }
        queue.flush();
        if (!collector.grey.empty()) continue;
        if (collector.grey_arrays.empty()) return true;
        if (used >= budget) return false;
        array_progress& progress = collector.grey_arrays.back();
        char* array = progress.array;
        const traced_type& type = collector.type_of(array);
        uint64_t length = array_length(type, array);
        uint64_t first = progress.next_item;
        uint64_t last = std::min(first + items_per_piece, length);
        if (last == length)
            collector.grey_arrays.pop_back();
        else
            progress.next_item = last;
        for_item_slots(type, array, first, last, [&queue](void** slot) { queue.add(slot); });
        used += (last - first) * type.item_size;
    }
}

void mark_roots() {
    visit_exact_roots(mark_slot);
    visit_ambiguous_words([](uintptr_t word) {
        if (void* object = find_old_object(word)) mark_object(object);
    });
    for (auto& [object, count] : collector.user_pins)
        if (!collector.is_young(object)) mark_object(object);
    // Their weak slots are looked at when marking ends; before that they may move.
    for (void* object : collector.young_in_place)
        for_all_slots(collector.type_of(object), static_cast<char*>(object), mark_slot);
}

void clear_dead_weak_references() {
    for (void* word : collector.weak_marked) {
        char* object = static_cast<char*>(word);
        auto** slot = reinterpret_cast<void**>(object + collector.type_of(object).weak_offset);
        if (is_reference(*slot) && !is_marked(*slot)) {
            *slot = nullptr;
            ++collector.counts.weak_references_cleared;
        }
    }
    collector.weak_marked.clear();
}

void forget_dead(std::vector<void*>& objects) {
    objects.erase(std::remove_if(objects.begin(), objects.end(), [](void* object) { return !is_marked(object); }),
                  objects.end());
}

// The atomic end of marking.
void finish_marking() {
    mark_roots();
    drain_marking();
    for (void* object : collector.young_in_place)
        if (collector.type_of(object).is_weak) collector.weak_marked.push_back(object);
    // Before finalizers revive anything: a weak reference never shows an object whose finalizer will run.
    clear_dead_weak_references();
    order_finalizers();
    clear_dead_weak_references();
    run_dead_light_finalizers();
    mark_reserved_cells();
    drop_dead_hashes();
    forget_dead(collector.remembered);
    forget_dead(collector.dirty_arrays);
    forget_own_runs();
    collector.old.begin_sweep();
    collector.cycle = cycle_state::sweeping;
    collector.pressure = 0;
}

void finish_cycle() {
    collector.cycle = cycle_state::idle;
#ifndef NDEBUG
    check_heap("major cycle");
#endif
    ++collector.counts.major_cycles;
    uint64_t live = collector.old.old_bytes();
    auto grown = static_cast<uint64_t>(static_cast<double>(live) * collector.chosen.growth);
    collector.threshold = std::max<uint64_t>(grown, live + 8 * collector.chosen.nursery_bytes);
    if (uint64_t limit = collector.chosen.maximum_heap_bytes; collector.threshold > limit)
        collector.threshold = live + (limit > live ? (limit - live) / 2 : 0);
    // Keep what will be needed up to the next cycle.
    uint64_t headroom = collector.threshold > live ? collector.threshold - live : 0;
    collector.heap.decommit(static_cast<uint32_t>(std::min<uint64_t>(headroom >> block_shift, UINT32_MAX - 1)));
}

template <typename Body> void timed_major(const char* kind, Body body) {
    uint64_t started = now_nanoseconds();
    body();
    uint64_t spent = now_nanoseconds() - started;
    collector.counts.major_nanoseconds_total += spent;
    log_collection(kind, spent);
}

} // namespace

bool is_marked(const void* object) {
    uint32_t index = collector.heap.index_of(object);
    if (collector.heap.kind(index) < first_old_kind) return true;
    const block& record = collector.heap.block_at(index);
    return record.is_marked(record.cell_of(reinterpret_cast<uintptr_t>(object) - header_size -
                                           reinterpret_cast<uintptr_t>(collector.heap.start_of(index))));
}

void mark_object(void* object) {
    uint32_t index = collector.heap.index_of(object);
    block& record = collector.heap.block_at(index);
    uint32_t cell = record.cell_of((reinterpret_cast<uintptr_t>(object) - header_size) & (block_size - 1));
    uint64_t bit = uint64_t{1} << (cell & 63);
    uint64_t& word = record.mark[cell >> 6];
    if (word & bit) return;
    word |= bit;
    if (collector.type_of(object).has_references) collector.grey.push(object);
}

void grey_promoted() {
    // Their mark bits may be set already (flushed runs), so mark_object would pass them over.
    for (void* object : collector.promoted) {
        block& record = collector.heap.block_of(object);
        record.set_mark(record.cell_of((reinterpret_cast<uintptr_t>(object) - header_size) & (block_size - 1)));
        if (collector.type_of(object).has_references) collector.grey.push(object);
    }
    collector.promoted.clear();
}

void drain_marking() { mark_some(UINT64_MAX); }

void start_marking() {
    collector.old.finish_sweep();
    collector.old.set_marking(true);
    collector.cycle = cycle_state::marking;
    mark_roots();
}

bool advance_cycle(uint64_t bytes) {
    ++collector.counts.mark_slices;
    if (collector.cycle == cycle_state::marking) {
        if (mark_some(bytes)) finish_marking();
        return false;
    }
    if (collector.cycle == cycle_state::idle || !collector.old.sweep_some(std::max<size_t>(8, bytes >> sweep_shift)))
        return false;
    finish_cycle();
    return true;
}

bool slice_is_due() {
    return collector.cycle != cycle_state::idle ||
           collector.old.old_bytes() + collector.pressure >= collector.threshold;
}

void pace_after_minor() {
    if (!slice_is_due()) {
        collector.promoted_between = 0;
        return;
    }
    timed_major("slice", [] {
        if (collector.cycle == cycle_state::idle) start_marking();
        uint64_t promoted = collector.bytes_promoted_now + collector.promoted_between;
        advance_cycle(std::max(smallest_slice, promoted * slice_per_promoted_byte));
    });
    collector.promoted_between = 0;
    verify_if_wanted("slice of a major cycle");
}

void run_full_collection() {
    if (collector.before_hook != nullptr) collector.before_hook(collection_kind::full);
    timed_major("full", [] {
        if (collector.cycle == cycle_state::marking) {
            drain_marking();
            finish_marking();
        }
        if (collector.cycle == cycle_state::sweeping) {
            collector.old.finish_sweep();
            finish_cycle();
        }
        start_marking();
        drain_marking();
        finish_marking();
        collector.old.finish_sweep();
        finish_cycle();
    });
    if (collector.after_hook != nullptr) collector.after_hook(collection_kind::full);
    verify_if_wanted("full collection");
}

} // namespace heddle::gc
