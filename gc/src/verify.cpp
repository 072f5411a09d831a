// The heap verifier, the heap dump and the log.
#include <time.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <unordered_set>

#include "collector.h"

namespace heddle::gc {

namespace {

char message[256];

// Checks one reference; returns what is wrong with it or null.
const char* check_target(const void* target) {
    auto address = reinterpret_cast<uintptr_t>(target);
    if ((address & 7) != 0) return "is not aligned";
    if (!collector.heap.contains(address)) return "points outside of the heap";
    const void* found = collector.is_young(target) ? find_young_object(address) : find_old_object(address);
    return found == target ? nullptr : "does not point to an object";
}

bool card_is_dirty(const void* item) {
    return heddle_gc_cards[reinterpret_cast<uintptr_t>(item) >> heddle_gc_card_shift] != 0;
}

struct heap_check {
    const char* error = nullptr;
    std::unordered_set<void*> remembered, dirty;

    void complain(const char* object, const void* target, const char* wrong) {
        if (error != nullptr) return;
        std::snprintf(message, sizeof message, "gc: heap check: %s at %p: reference to %p %s",
                      collector.type_of(object).info->name, static_cast<const void*>(object), target, wrong);
        error = message;
    }

    void check_object(char* object) {
        const traced_type& type = collector.type_of(object);
        uint32_t flags = header_of(object).flags;
        bool old = !collector.is_young(object);
        if (flags & (flag_forwarded | flag_reached_in_place | flag_visited))
            complain(object, nullptr, "(no reference: a temporary flag is left in its header)");
        bool in_set = remembered.count(object) != 0;
        if (old && type.has_references && !(flags & flag_needs_barrier) != in_set)
            complain(object, nullptr, "(no reference: its barrier flag contradicts the remembered set)");
        if (((flags & flag_cards_dirty) != 0) != (dirty.count(object) != 0))
            complain(object, nullptr, "(no reference: its card flag contradicts the list of dirty arrays)");
        auto check_slot = [&](void** slot, const void* item) {
            if (!is_reference(*slot)) return;
            if (const char* wrong = check_target(*slot)) return complain(object, *slot, wrong);
            bool noted = in_set || (item != nullptr && (flags & flag_cards_dirty) && card_is_dirty(item));
            if (old && collector.is_young(*slot) && !noted)
                complain(object, *slot, "is to a young object and not remembered (a write barrier is missing)");
        };
        for_fixed_slots(type, object, [&](void** slot) { check_slot(slot, nullptr); });
        if (type.is_weak) check_slot(reinterpret_cast<void**>(object + type.weak_offset), nullptr);
        if (type.item_reference_count == 0) return;
        uint64_t length = array_length(type, object);
        for (uint64_t i = 0; i < length; ++i) {
            char* item = object + type.items_offset + i * type.item_size;
            for (uint32_t j = 0; j < type.item_reference_count; ++j)
                check_slot(reinterpret_cast<void**>(item + type.item_reference_offsets[j]), item);
        }
    }
};

template <typename Visitor> void for_each_nursery_object(Visitor visit) {
    close_gap();
    for (uint32_t chunk : collector.chunks) {
        char* position = collector.heap.start_of(chunk);
        char* end = position + block_size;
        while (position < end) {
            char* object = position + header_size;
            position += total_size(collector, object);
            if (type_id_of(object) != 0) visit(object);
        }
    }
    for (uint32_t index : collector.young_large) visit(collector.heap.start_of(index) + header_size);
}

} // namespace

const char* verify_heap() {
    close_gap(); // targets are looked up by walking the nursery
    heap_check check;
    check.remembered.insert(collector.remembered.begin(), collector.remembered.end());
    check.dirty.insert(collector.dirty_arrays.begin(), collector.dirty_arrays.end());
    collector.old.for_each_object([&](char* object) { check.check_object(object); });
    // Young objects may be dead and then refer to anything; those that a collection left in place are not.
    for (void* object : collector.young_in_place) check.check_object(static_cast<char*>(object));
    static const char* root_error;
    root_error = nullptr;
    visit_exact_roots([](void** slot) {
        if (is_reference(*slot) && check_target(*slot) != nullptr)
            root_error = "gc: heap check: an exact root does not point to an object";
    });
    return check.error != nullptr ? check.error : root_error;
}

void verify_if_wanted(const char* when) {
    if (collector.chosen.verify) check_heap(when);
}

void check_heap(const char* when) {
    if (const char* error = verify_heap()) {
        std::fprintf(stderr, "%s (after a %s)\n", error, when);
        std::abort();
    }
}

bool dump_heap(const char* path) {
    FILE* file = std::fopen(path, "w");
    if (file == nullptr) return false;
    auto dump = [file](char* object) {
        const traced_type& type = collector.type_of(object);
        std::fprintf(file, "%p %s %zu", static_cast<void*>(object), type.info->name, total_size(collector, object));
        for_all_slots(type, object, [file](void** slot) {
            if (is_reference(*slot)) std::fprintf(file, " %p", *slot);
        });
        std::fputc('\n', file);
    };
    std::fputs("# heddle heap dump: address type bytes references...\n", file);
    collector.old.for_each_object(dump);
    for_each_nursery_object(dump);
    bool written = std::ferror(file) == 0;
    return std::fclose(file) == 0 && written;
}

uint64_t now_nanoseconds() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
}

void log_collection(const char* kind, uint64_t nanoseconds) {
    if (collector.log == nullptr) return;
    static const char* const cycle_names[] = {"idle", "marking", "sweeping"};
    const statistics& counts = collector.counts;
    std::fprintf(collector.log,
                 "%s minor=%" PRIu64 " major=%" PRIu64 " us=%" PRIu64 ".%03" PRIu64 " promoted=%" PRIu64
                 " pinned=%" PRIu64 " old=%" PRIu64 " heap=%" PRIu64 " threshold=%" PRIu64 " cycle=%s\n",
                 kind, counts.minor_collections, counts.major_cycles, nanoseconds / 1000, nanoseconds % 1000,
                 collector.bytes_promoted_now, counts.objects_pinned, collector.old.old_bytes(), collector.heap_bytes(),
                 collector.threshold, cycle_names[static_cast<int>(collector.cycle)]);
    std::fflush(collector.log);
}

} // namespace heddle::gc
