// Minor collections: what is young and reachable gets old, by evacuation or in its place.
//
// Order matters: objects that ambiguous roots and pins hold are flagged first, so that no exact slot moves them. Then
// exact roots, remembered objects and dirty cards are scanned, then everything reached, depth first. Slots whose target
// stays young in its place make their (old) object stay remembered.
#include <algorithm>
#include <cstring>

#include "collector.h"

namespace heddle::gc {

namespace {

// Nursery objects reached in their place, in this collection.
std::vector<void*> in_place;
std::vector<uintptr_t> candidates;

void reach_in_place(void* object, uint32_t reason) {
    header& head = header_of(object);
    uint32_t before = head.flags;
    head.flags = before | reason | flag_reached_in_place;
    if (before & flag_reached_in_place) return;
    in_place.push_back(object);
    collector.trace_stack.push(object);
}

void account_promotion(size_t total) {
    collector.bytes_promoted_now += total;
    ++collector.objects_promoted_now;
}

// A young large object was reached: it is old from here on.
void promote_large(char* object) {
    uint32_t index = collector.heap.index_of(object);
    if (collector.heap.kind(index) != kind_young_large) return; // a second word points into it
    header& head = header_of(object);
    const traced_type& type = collector.types[head.type_id];
    head.flags = (head.flags & flag_hash_in_table) | flags_for_old(type, object);
    collector.heap.kind(index) = kind_large;
    collector.surviving_large.push_back(index);
    account_promotion(collector.heap.block_at(index).large_bytes);
    if (type.has_references) collector.trace_stack.push(object);
    if (collector.cycle == cycle_state::marking) collector.promoted.push_back(object);
}

// Space for an object that a gap of the nursery could hold but no size class can.
char* allocate_large_for_promotion(size_t total) {
    auto count = static_cast<uint32_t>((total + block_size - 1) >> block_shift);
    uint32_t index = collector.heap.allocate_blocks(count, kind_large, kind_large_rest);
    if (index == UINT32_MAX) {
        std::fputs("heddle: out of address space for the heap\n", stderr);
        std::abort();
    }
    block& record = collector.heap.block_at(index);
    record.span = count;
    record.set_cells(0);
    record.large_bytes = (total + 4095) & ~size_t{4095};
    collector.old.adopt_large(index);
    return collector.heap.start_of(index);
}

inline void* move_object(char* object, header& head) {
    const traced_type& type = collector.types[head.type_id];
    size_t size = type.fixed_size;
    if (type.item_size != 0) size += array_length(type, object) * type.item_size;
    size_t total = total_size_for(size);
    char* cell;
    if (head.flags & flag_hash_in_table) [[unlikely]]
        cell = take_reserved_cell(object);
    else if (total <= nursery_object_limit) [[likely]]
        cell = collector.old.allocate(total);
    else
        cell = allocate_large_for_promotion(total);
    auto* target = reinterpret_cast<uint64_t*>(cell);
    const auto* source = reinterpret_cast<const uint64_t*>(object - header_size);
    if (total <= 64) {
        for (size_t i = 1; i < total / 8; ++i) target[i] = source[i];
    } else {
        std::memcpy(target + 1, source + 1, total - 8);
    }
    char* moved = cell + header_size;
    header_of(moved) = {head.type_id, flags_for_old(type, object)};
    head.flags = flag_forwarded;
    *reinterpret_cast<void**>(object) = moved;
    account_promotion(total);
    if (type.has_references) collector.trace_stack.push(moved);
    if (collector.cycle == cycle_state::marking) collector.promoted.push_back(moved);
    return moved;
}

// Returns true if the slot's target stays young.
inline bool update_slot(void** slot) {
    void* word = *slot;
    if (!is_reference(word) || !collector.is_young(word)) return false;
    header& head = header_of(word);
    if (head.flags & flag_forwarded) {
        *slot = *static_cast<void**>(word);
        return false;
    }
    if (head.flags & (flag_reached_in_place | flag_immovable)) {
        if (!(head.flags & flag_reached_in_place)) reach_in_place(word, 0);
        return true;
    }
    if (collector.heap.kind_of(word) == kind_young_large) {
        promote_large(static_cast<char*>(word));
        return false;
    }
    *slot = move_object(static_cast<char*>(word), head);
    return false;
}

// Cards count by where an item starts, also for slots further inside it.
const char* item_of_slot(const traced_type& type, const char* object, void** slot) {
    const char* items = object + type.items_offset;
    auto offset = static_cast<uint64_t>(reinterpret_cast<char*>(slot) - items);
    return items + offset / type.item_size * type.item_size;
}

// Scans an object that was reached; an old one that still refers to young ones gets remembered.
void trace_object(char* object) {
    const traced_type& type = collector.type_of(object);
    uint32_t flags = header_of(object).flags;
    bool young_left = false;
    for_fixed_slots(type, object, [&](void** slot) { young_left |= update_slot(slot); });
    if (type.item_reference_count != 0) {
        uint64_t length = array_length(type, object);
        if (flags & flag_has_cards) {
            for_item_slots(type, object, 0, length, [&](void** slot) {
                if (update_slot(slot)) dirty_card(object, item_of_slot(type, object, slot));
            });
        } else {
            for_item_slots(type, object, 0, length, [&](void** slot) { young_left |= update_slot(slot); });
        }
    }
    if (type.is_weak) collector.weak_found.push_back(object);
    if (young_left && !(flags & flag_reached_in_place)) remember(object);
}

void drain() {
    while (!collector.trace_stack.empty()) trace_object(static_cast<char*>(collector.trace_stack.pop()));
}

// While marking: what a black object refers to must not be white. Young targets get old and grey anyway.
inline bool update_and_mark(void** slot, bool black) {
    void* word = *slot;
    if (black && is_reference(word) && !collector.is_young(word)) mark_object(word);
    return update_slot(slot);
}

// Remembers an old object, or dirties its cards, as far as it refers to young objects.
void remember_if_needed(char* object) {
    const traced_type& type = collector.type_of(object);
    bool has_cards = header_of(object).flags & flag_has_cards;
    auto is_young_slot = [](void** slot) { return is_reference(*slot) && collector.is_young(*slot); };
    bool young_left = type.is_weak && is_young_slot(reinterpret_cast<void**>(object + type.weak_offset));
    for_fixed_slots(type, object, [&](void** slot) { young_left |= is_young_slot(slot); });
    if (type.item_reference_count != 0) {
        for_item_slots(type, object, 0, array_length(type, object), [&](void** slot) {
            if (!is_young_slot(slot)) return;
            if (has_cards)
                dirty_card(object, item_of_slot(type, object, slot));
            else
                young_left = true;
        });
    }
    if (young_left) remember(object);
}

void scan_remembered() {
    std::vector<void*> objects;
    objects.swap(collector.remembered);
    bool marking = collector.cycle == cycle_state::marking;
    for (void* word : objects) {
        char* object = static_cast<char*>(word);
        const traced_type& type = collector.type_of(object);
        header_of(object).flags |= flag_needs_barrier;
        bool black = marking && is_marked(object);
        bool young_left = false;
        for_all_slots(type, object, [&](void** slot) { young_left |= update_and_mark(slot, black); });
        if (type.is_weak) collector.weak_found.push_back(object);
        if (young_left) remember_if_needed(object);
    }
}

// Calls visit(card address, first item, end item) for each dirty card of an array.
template <typename Visitor> void for_dirty_cards(const traced_type& type, char* array, Visitor visit) {
    uint64_t length = array_length(type, array);
    char* items = array + type.items_offset;
    char* items_end = items + length * type.item_size;
    unsigned shift = heddle_gc_card_shift;
    uint8_t* first = heddle_gc_cards + (reinterpret_cast<uintptr_t>(items) >> shift);
    uint8_t* last = heddle_gc_cards + (reinterpret_cast<uintptr_t>(items_end - 1) >> shift);
    auto item_at = [&](uintptr_t address) { // the first item that starts at or after the address
        auto start = reinterpret_cast<uintptr_t>(items);
        if (address <= start) return uint64_t{0};
        return std::min<uint64_t>((address - start + type.item_size - 1) / type.item_size, length);
    };
    for (uint8_t* card = first; card <= last; ++card) {
        if (*card == 0) {
            // Skip clean stretches a word at a time.
            uint64_t eight;
            while (card + 8 <= last && (std::memcpy(&eight, card, 8), eight == 0)) card += 8;
            if (*card == 0) continue;
        }
        auto address = static_cast<uintptr_t>(card - heddle_gc_cards) << shift;
        visit(card, item_at(address), item_at(address + (uintptr_t{1} << shift)));
    }
}

// Neighbouring arrays share cards, so all arrays are scanned before any card is cleaned.
void scan_dirty_arrays() {
    std::vector<void*> arrays;
    arrays.swap(collector.dirty_arrays);
    std::vector<std::pair<void*, void*>> dirty_again;
    bool marking = collector.cycle == cycle_state::marking;
    for (void* word : arrays) {
        char* array = static_cast<char*>(word);
        const traced_type& type = collector.type_of(array);
        bool black = marking && is_marked(array);
        for_dirty_cards(type, array, [&](uint8_t*, uint64_t first, uint64_t last) {
            bool young_left = false;
            for_item_slots(type, array, first, last, [&](void** slot) { young_left |= update_and_mark(slot, black); });
            if (young_left) dirty_again.emplace_back(array, array + type.items_offset + first * type.item_size);
        });
        header_of(array).flags &= ~flag_cards_dirty;
    }
    for (void* word : arrays) {
        char* array = static_cast<char*>(word);
        for_dirty_cards(collector.type_of(array), array, [](uint8_t* card, uint64_t, uint64_t) { *card = 0; });
    }
    for (auto [array, item] : dirty_again) dirty_card(array, item);
}

// Pins what ambiguous words point to. Candidates are sorted, so that each chunk is walked once.
void pin_ambiguous() {
    candidates.clear();
    visit_ambiguous_words([](uintptr_t word) {
        uint8_t kind = collector.heap.kind(collector.heap.index_of(word - header_size));
        if (kind == kind_nursery) {
            candidates.push_back(word - header_size);
        } else if (kind == kind_young_large || kind == kind_young_large_rest) {
            if (void* object = find_young_object(word)) promote_large(static_cast<char*>(object));
        }
    });
    std::sort(candidates.begin(), candidates.end());
    char* position = nullptr;
    uint32_t chunk = UINT32_MAX;
    for (uintptr_t inside : candidates) {
        uint32_t index = collector.heap.index_of(inside);
        if (index != chunk) {
            chunk = index;
            position = collector.heap.start_of(index);
        }
        size_t size = total_size(collector, position + header_size);
        while (reinterpret_cast<uintptr_t>(position) + size <= inside) {
            position += size;
            size = total_size(collector, position + header_size);
        }
        char* object = position + header_size;
        if (type_id_of(object) == 0) continue;
        ++collector.counts.ambiguous_roots;
        reach_in_place(object, flag_ambiguous_root);
    }
}

void keep_user_pins() {
    for (auto& [object, count] : collector.user_pins) {
        if (!collector.is_young(object)) continue;
        if (collector.heap.kind_of(object) == kind_young_large)
            promote_large(static_cast<char*>(object));
        else
            reach_in_place(object, flag_user_pinned);
    }
}

void settle_weak_references() {
    for (void* word : collector.weak_found) {
        char* object = static_cast<char*>(word);
        auto** slot = reinterpret_cast<void**>(object + collector.type_of(object).weak_offset);
        void* target = *slot;
        if (!is_reference(target) || !collector.is_young(target)) continue;
        uint32_t flags = header_of(target).flags;
        if (flags & flag_forwarded) {
            *slot = *static_cast<void**>(target);
        } else if (flags & flag_reached_in_place) {
            if (!collector.is_young(object)) remember(object);
        } else {
            *slot = nullptr;
            ++collector.counts.weak_references_cleared;
        }
    }
    collector.weak_found.clear();
}

// Whether what's pinned gets older in this collection. Under stress it does so by memory used, not by collections:
// else each pinned object would take its own chunk along, and the heap would grow to many times what lives in it.
bool pins_age_now() {
    uint64_t interval = collector.chosen.stress_interval;
    if (interval == 0) return true;
    constexpr uint64_t typical_object = 64;
    uint64_t period = collector.chosen.nursery_bytes / 8 / typical_object / interval;
    return collector.counts.minor_collections % std::max<uint64_t>(period, 1) == 0;
}

bool is_due(header& head) {
    uint32_t age = 0;
    if (head.flags & (flag_ambiguous_root | flag_user_pinned))
        age = std::min<uint32_t>((head.flags & flag_pin_age_mask) / flag_pin_age_one + 1, 3);
    head.flags = (head.flags & ~flag_pin_age_mask) | age * flag_pin_age_one;
    return (head.flags & flag_immovable) || age >= collector.chosen.pin_age_limit;
}

void promote_chunk(uint32_t chunk, std::vector<void*>::iterator first, std::vector<void*>::iterator last,
                   std::vector<void*>& now_old) {
    std::vector<char*> headers;
    for (auto it = first; it != last; ++it) {
        char* object = static_cast<char*>(*it);
        header& head = header_of(object);
        head.flags = (head.flags & flag_hash_in_table) | flags_for_old(collector.types[head.type_id], object);
        headers.push_back(object - header_size);
        account_promotion(total_size(collector, object));
        now_old.push_back(object);
        if (collector.cycle == cycle_state::marking) collector.promoted.push_back(object);
    }
    collector.counts.promoted_in_place += headers.size();
    collector.old.adopt_chunk(chunk, headers);
    auto& chunks = collector.chunks;
    chunks.erase(std::find(chunks.begin(), chunks.end(), chunk));
}

// Chunks with an object that has been pinned for long enough leave the nursery, with all objects that stayed in them.
void settle_in_place() {
    std::sort(in_place.begin(), in_place.end());
    collector.young_in_place.clear();
    std::vector<void*> now_old;
    bool aging = pins_age_now();
    for (auto first = in_place.begin(); first != in_place.end();) {
        uint32_t chunk = collector.heap.index_of(*first);
        auto last = first;
        bool due = false;
        for (; last != in_place.end() && collector.heap.index_of(*last) == chunk; ++last) {
            header_of(*last).flags |= survivor_flags;
            if (aging) due |= is_due(header_of(*last));
        }
        if (due) {
            promote_chunk(chunk, first, last, now_old);
        } else {
            for (auto it = first; it != last; ++it) {
                header_of(*it).flags &= ~(flag_reached_in_place | flag_ambiguous_root | flag_user_pinned);
                collector.young_in_place.push_back(*it);
            }
        }
        first = last;
    }
    for (void* object : now_old) remember_if_needed(static_cast<char*>(object));
    collector.counts.objects_pinned = collector.young_in_place.size();
    in_place.clear();
}

void settle_large() {
    for (uint32_t index : collector.young_large)
        if (collector.heap.kind(index) == kind_young_large) {
            if (collector.chosen.poison) std::memset(collector.heap.start_of(index), 0xde, 4096);
            collector.heap.free_blocks(index, collector.heap.block_at(index).span);
        }
    collector.young_large.clear();
    collector.young_large_bytes = collector.young_large_blocks = 0;
    for (uint32_t index : collector.surviving_large) collector.old.adopt_large(index);
    collector.surviving_large.clear();
}

} // namespace

uint32_t flags_for_old(const traced_type& type, const char* object) {
    if (!type.has_references) return survivor_flags;
    if (type.item_reference_count != 0 && array_length(type, object) > collector.chosen.card_elements)
        return survivor_flags | flag_needs_barrier | flag_has_cards;
    return survivor_flags | flag_needs_barrier;
}

void remember(void* object) {
    header& head = header_of(object);
    if (!(head.flags & flag_needs_barrier)) return;
    head.flags &= ~flag_needs_barrier;
    collector.remembered.push_back(object);
}

void dirty_card(void* array, const void* item_address) {
    heddle_gc_cards[reinterpret_cast<uintptr_t>(item_address) >> heddle_gc_card_shift] = 1;
    header& head = header_of(array);
    if (head.flags & flag_cards_dirty) return;
    head.flags |= flag_cards_dirty;
    collector.dirty_arrays.push_back(array);
}

void run_minor_collection() {
    uint64_t started = now_nanoseconds();
    if (collector.before_hook != nullptr) collector.before_hook(collection_kind::minor);
    collector.collecting = true;
    collector.minor_requested = false;
    collector.bytes_promoted_now = 0;
    collector.objects_promoted_now = 0;
    close_gap();

    pin_ambiguous();
    keep_user_pins();
    visit_exact_roots([](void** slot) { update_slot(slot); });
    visit_young_finalizable([](void** slot) { update_slot(slot); });
    scan_remembered();
    scan_dirty_arrays();
    drain();

    collector.old.flush();
    settle_weak_references();
    settle_young_finalizable();
    settle_large();
    settle_in_place();
    settle_young_hashes();
    sort_finalizable();
    grey_promoted();
    collector.young_pressure = 0;
    reset_nursery();
    forget_walked_chunks();

    collector.collecting = false;
    statistics& counts = collector.counts;
    ++counts.minor_collections;
    counts.bytes_promoted += collector.bytes_promoted_now;
    counts.objects_promoted += collector.objects_promoted_now;
    counts.heap_bytes_peak = std::max(counts.heap_bytes_peak, collector.heap_bytes());
    uint64_t spent = now_nanoseconds() - started;
    counts.minor_nanoseconds_total += spent;
    log_collection("minor", spent);
    if (collector.after_hook != nullptr) collector.after_hook(collection_kind::minor);
    verify_if_wanted("minor collection");
}

} // namespace heddle::gc

using namespace heddle::gc;

void heddle_gc_write_barrier_slow(void* object) {
    header& head = header_of(object);
    if (head.flags & flag_has_cards)
        bulk_write_barrier(object); // no index: any item may have been written
    else
        remember(object);
}

void heddle_gc_write_barrier_array_slow(void* array, uint64_t index) {
    header& head = header_of(array);
    if (!(head.flags & flag_has_cards)) {
        remember(array);
        return;
    }
    const traced_type& type = collector.types[head.type_id];
    dirty_card(array, static_cast<char*>(array) + type.items_offset + index * type.item_size);
}

void heddle_gc_write_barrier_interior_slow(void* slot) {
    // find_old_object looks a header's size below its word, where ends belong to the object before; a slot is no end.
    void* object = find_old_object(reinterpret_cast<uintptr_t>(slot) + header_size);
    if (object == nullptr) return;
    header& head = header_of(object);
    if (!(head.flags & flag_needs_barrier)) return;
    if (!(head.flags & flag_has_cards)) {
        remember(object);
        return;
    }
    const traced_type& type = collector.types[head.type_id];
    if (static_cast<char*>(slot) < static_cast<char*>(object) + type.items_offset)
        remember(object);
    else
        dirty_card(object, item_of_slot(type, static_cast<char*>(object), static_cast<void**>(slot)));
}

void heddle::gc::bulk_write_barrier(void* array) {
    if (header_of(array).flags & flag_needs_barrier) remember(array);
}

void heddle::gc::bulk_write_barrier(void* array, size_t first, size_t count) {
    header& head = header_of(array);
    if (count == 0 || !(head.flags & flag_needs_barrier)) return;
    if (!(head.flags & flag_has_cards)) {
        remember(array);
        return;
    }
    const traced_type& type = collector.types[head.type_id];
    char* first_item = static_cast<char*>(array) + type.items_offset + first * type.item_size;
    char* last_item = first_item + (count - 1) * type.item_size;
    dirty_card(array, first_item);
    uint8_t* first_card = heddle_gc_cards + (reinterpret_cast<uintptr_t>(first_item) >> heddle_gc_card_shift);
    uint8_t* last_card = heddle_gc_cards + (reinterpret_cast<uintptr_t>(last_item) >> heddle_gc_card_shift);
    std::memset(first_card, 1, static_cast<size_t>(last_card - first_card) + 1);
}
