// See local.h. Moving and tracing are as in minor.cpp.
#include "local.h"

#include <algorithm>
#include <cstring>

namespace heddle::gc {

namespace {

bool starts_after(uintptr_t address, const made_range& range) {
    return address < reinterpret_cast<uintptr_t>(range.start);
}

// The range that the address lies in, or null.
const made_range* range_of(const made_range* first, const made_range* end, uintptr_t address) {
    const made_range* found = std::upper_bound(first, end, address, starts_after);
    if (found == first) return nullptr;
    --found;
    return address < reinterpret_cast<uintptr_t>(found->end) ? found : nullptr;
}

// Made by this transaction, or by one that is over?
bool is_of_transaction(const void* object) {
    return collector.is_young(object) && !(header_of(object).flags & flag_committed);
}

} // namespace

char* allocate_cell(local_heap& own, size_t total) {
    if (char* cell = collector.old.allocate(own.cells, total)) return cell;
    {
        brief_lock lock;
        collector.old.renew(own.cells, total);
    }
    return collector.old.allocate(own.cells, total);
}

void local_collection::account(size_t total) {
    own_.bytes_promoted += total;
    ++own_.objects_promoted;
}

void local_collection::keep(void* object) {
    header& head = header_of(object);
    if (head.flags & flag_reached_in_place) return;
    head.flags |= flag_reached_in_place;
    kept_.push_back(object);
    pending_.push_back(object);
}

void local_collection::promote_large(char* object) {
    uint32_t index = collector.heap.index_of(object);
    if (collector.heap.kind(index) != kind_young_large) return;
    collector.heap.kind(index) = kind_large;
    own_.old_large.push_back(index);
    header& head = header_of(object);
    const traced_type& type = collector.types[head.type_id];
    head.flags = flags_for_old(type, object);
    account(collector.heap.block_at(index).large_bytes);
    if (type.has_references || type.is_weak) pending_.push_back(object);
    if (collector.cycle == cycle_state::marking) own_.promoted.push_back(object);
}

void local_collection::note_heap_word(uintptr_t word) {
    uintptr_t inside = word - header_size;
    uint32_t index = collector.heap.index_of(inside);
    uint8_t kind = collector.heap.kind(index);
    if (kind == kind_nursery) {
        if (range_of(ranges_, ranges_end_, inside)) words_.push_back(inside);
    } else if (kind == kind_young_large || kind == kind_young_large_rest) {
        const made_range* found = range_of(large_, large_end_, inside);
        if (!found) return;
        char* object = found->start + header_size;
        if (inside < reinterpret_cast<uintptr_t>(found->start) + total_size(collector, object)) promote_large(object);
    }
}

void local_collection::pin_noted() {
    std::sort(words_.begin(), words_.end());
    const made_range* range = nullptr;
    char* position = nullptr;
    for (uintptr_t inside : words_) {
        const made_range* here = range_of(ranges_, ranges_end_, inside);
        if (here != range) {
            range = here;
            position = range->start;
        }
        for (;;) {
            char* next = position + total_size(collector, position + header_size);
            if (inside < reinterpret_cast<uintptr_t>(next)) break;
            position = next;
        }
        if (type_id_of(position + header_size) != 0) keep(position + header_size);
    }
}

void* local_collection::move(char* object, header& head) {
    const traced_type& type = collector.types[head.type_id];
    size_t total = total_size(collector, object);
    char* cell;
    if (head.flags & flag_hash_in_table) {
        auto entry = own_.hashes.find(object);
        cell = entry->second;
        own_.hashes.erase(entry);
    } else {
        cell = allocate_cell(own_, total);
    }
    char* moved = cell + header_size;
    std::memcpy(moved, object, total - header_size);
    header_of(moved) = {head.type_id, flags_for_old(type, object)};
    head.flags = flag_forwarded;
    *reinterpret_cast<void**>(object) = moved;
    account(total);
    if (type.has_references || type.is_weak) pending_.push_back(moved);
    if (collector.cycle == cycle_state::marking) own_.promoted.push_back(moved);
    return moved;
}

bool local_collection::visit(void** slot) {
    void* word = *slot;
    if (!is_reference(word) || !collector.is_young(word)) return false;
    header& head = header_of(word);
    if (head.flags & flag_forwarded) {
        *slot = *static_cast<void**>(word);
        return false;
    }
    if (head.flags & flag_committed) return true;
    if (collector.heap.kind_of(word) == kind_young_large) {
        promote_large(static_cast<char*>(word));
        return false;
    }
    // What a gap of the nursery can hold but no cell stays, too.
    if ((head.flags & (flag_reached_in_place | flag_immovable)) || total_size(collector, word) > nursery_object_limit) {
        keep(word);
        return true;
    }
    *slot = move(static_cast<char*>(word), head);
    return false;
}

void local_collection::visit_shared_root(void** slot) {
    void* word = *slot;
    if (!is_reference(word) || !collector.is_young(word)) return;
    auto inside = reinterpret_cast<uintptr_t>(word) - header_size;
    if (range_of(ranges_, ranges_end_, inside) || range_of(large_, large_end_, inside)) visit(slot);
}

void local_collection::remember_item(char* array, char* item) {
    heddle_gc_cards[reinterpret_cast<uintptr_t>(item) >> heddle_gc_card_shift] = 1;
    header& head = header_of(array);
    if (head.flags & flag_cards_dirty) return;
    head.flags |= flag_cards_dirty;
    own_.dirty_arrays.push_back(array);
}

void local_collection::trace(char* object) {
    const traced_type& type = collector.type_of(object);
    header& head = header_of(object);
    bool young_left = false;
    for_fixed_slots(type, object, [&](void** slot) { young_left |= visit(slot); });
    if (type.item_reference_count != 0) {
        char* item = object + type.items_offset;
        for (uint64_t i = array_length(type, object); i != 0; --i, item += type.item_size) {
            bool young_item = false;
            for (uint32_t j = 0; j < type.item_reference_count; ++j)
                young_item |= visit(reinterpret_cast<void**>(item + type.item_reference_offsets[j]));
            if (young_item && (head.flags & flag_has_cards))
                remember_item(object, item);
            else
                young_left |= young_item;
        }
    }
    if (type.is_weak) weak_objects_.push_back(object);
    if (young_left && (head.flags & flag_needs_barrier)) {
        head.flags &= ~flag_needs_barrier;
        own_.remembered.push_back(object);
    }
}

bool local_collection::is_dead(const void* object) const {
    return is_of_transaction(object) && !(header_of(object).flags & (flag_forwarded | flag_reached_in_place));
}

void local_collection::settle_weak() {
    for (void* object : weak_objects_)
        weak_slots_.push_back(
            reinterpret_cast<void**>(static_cast<char*>(object) + collector.type_of(object).weak_offset));
    for (void** slot : weak_slots_) {
        void* target = *slot;
        if (!is_reference(target) || !collector.is_young(target)) continue;
        if (header_of(target).flags & flag_forwarded)
            *slot = *static_cast<void**>(target);
        else if (is_dead(target))
            *slot = nullptr;
    }
    // A minor collection looks at the slots of weak objects that are remembered.
    for (void* word : weak_objects_) {
        auto* object = static_cast<char*>(word);
        void* target = *reinterpret_cast<void**>(object + collector.type_of(object).weak_offset);
        header& head = header_of(object);
        if (!is_reference(target) || !collector.is_young(target) || !(head.flags & flag_needs_barrier)) continue;
        head.flags &= ~flag_needs_barrier;
        own_.remembered.push_back(object);
    }
}

void local_collection::settle_light() {
    auto alive = own_.light.begin();
    for (void* object : own_.light) {
        header& head = header_of(object);
        if (is_dead(object)) {
            ++own_.finalizers_run;
            collector.types[head.type_id].info->finalizer(object);
            continue;
        }
        bool moved = collector.is_young(object) && (head.flags & flag_forwarded);
        *alive++ = moved ? *static_cast<void**>(object) : object;
    }
    own_.light.erase(alive, own_.light.end());
}

void local_collection::finish(bool may_finalize) {
    for (void*& object : own_.finalizable) visit(&object);
    if (!may_finalize)
        for (void*& object : own_.light) visit(&object);
    while (!pending_.empty()) {
        void* object = pending_.back();
        pending_.pop_back();
        trace(static_cast<char*>(object));
    }
    settle_weak();
    settle_light();
    for (auto entry = own_.hashes.begin(); entry != own_.hashes.end();)
        entry = is_dead(entry->first) ? own_.hashes.erase(entry) : std::next(entry);
    for (const made_range* r = large_; r != large_end_; ++r) {
        uint32_t index = collector.heap.index_of(r->start);
        if (collector.heap.kind(index) == kind_young_large) own_.dead_large.push_back(index);
    }
    std::sort(kept_.begin(), kept_.end());
    for (void* object : kept_) header_of(object).flags &= ~flag_reached_in_place;
    ++own_.collections;
}

void local_heap::commit() {
    collector.old.flush(cells);
    auto append = [](std::vector<void*>& to, std::vector<void*>& from) {
        to.insert(to.end(), from.begin(), from.end());
        from.clear();
    };
    append(collector.remembered, remembered);
    append(collector.dirty_arrays, dirty_arrays);
    append(collector.promoted, promoted);
    append(collector.young_finalizable, finalizable);
    append(collector.young_light, light);
    collector.young_hashes.insert(hashes.begin(), hashes.end());
    hashes.clear();
    if (!old_large.empty() || !dead_large.empty()) {
        auto leaves = [](uint32_t index) {
            const block& record = collector.heap.block_at(index);
            collector.young_large_bytes -= record.large_bytes;
            collector.young_large_blocks -= record.span;
            return record.span;
        };
        for (uint32_t index : old_large) {
            leaves(index);
            collector.old.adopt_large(index);
        }
        for (uint32_t index : dead_large) collector.heap.free_blocks(index, leaves(index));
        auto& young = collector.young_large;
        young.erase(std::remove_if(young.begin(), young.end(),
                                   [](uint32_t index) { return collector.heap.kind(index) != kind_young_large; }),
                    young.end());
        old_large.clear();
        dead_large.clear();
    }
    statistics& counts = collector.counts;
    counts.bytes_promoted += bytes_promoted;
    counts.objects_promoted += objects_promoted;
    counts.local_collections += collections;
    counts.finalizers_run += finalizers_run;
    collector.promoted_between += bytes_promoted;
    bytes_promoted = objects_promoted = collections = finalizers_run = 0;
}

void local_heap::discard() {
    old_space::take_back(cells);
    for (uint32_t index : old_large) collector.heap.kind(index) = kind_young_large; // dead, for the next collection
    for (auto* list : {&remembered, &dirty_arrays, &promoted, &finalizable, &light}) list->clear();
    old_large.clear();
    dead_large.clear();
    hashes.clear();
    bytes_promoted = objects_promoted = collections = finalizers_run = 0;
}

} // namespace heddle::gc
