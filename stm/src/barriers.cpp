// Write barriers: the first write of an object, or of a card of a large one, in a transaction.
//
// What is written counts as read, too: of two transactions that write an object, the second to commit is aborted.
#include "runtime.h"

#include <cstring>

namespace heddle::stm {

namespace {

bool is_root(const void* object) { return reinterpret_cast<uintptr_t>(object) < heddle_gc_arena_base; }
bool is_in_heap(const void* address) {
    auto value = reinterpret_cast<uintptr_t>(address);
    return value - roots_address < maximum_roots * root_distance || gc::collector.heap.contains(value);
}

size_t size_of(const void* object) {
    return is_root(object) ? sizeof(void*) : gc::total_size(gc::collector, object) - gc::header_size;
}

uint32_t& flags_in_view(segment& s, void* object) { return s.in_view(&gc::header_of(object))->flags; }

void mark_range(segment& s, const char* start, const char* end) {
    uintptr_t first = reinterpret_cast<uintptr_t>(start) >> marker_shift;
    uintptr_t last = (reinterpret_cast<uintptr_t>(end) - 1) >> marker_shift;
    std::memset(reinterpret_cast<void*>(first + s.delta), s.version, last - first + 1);
}

uint32_t place_for_log() { return world.log == nullptr ? 0 : world.log->here(); }

void write_whole(segment& s, char* object, size_t size) {
    prepare_pages(s, object - gc::header_size, object + size);
    flags_in_view(s, object) &= ~uint32_t{gc::flag_committed};
    mark_range(s, object, object + size);
    s.writes.push({{object, object + size}, object, true, place_for_log()});
}

// The object's cards that [first, end) touches.
void write_cards(segment& s, char* object, size_t size, char* first, char* end) {
    auto card = reinterpret_cast<uintptr_t>(first) & ~(card_size - 1);
    for (; card < reinterpret_cast<uintptr_t>(end); card += card_size) {
        char* from = std::max(reinterpret_cast<char*>(card), object);
        char* to = std::min(reinterpret_cast<char*>(card + card_size), object + size);
        // Told apart by where the part starts: neighbours may have a card in common, but no 16 bytes.
        uint8_t& known = s.written_cards[(reinterpret_cast<uintptr_t>(from) - heap_address) >> marker_shift];
        if (known == s.version) continue;
        known = s.version;
        prepare_pages(s, from, to);
        // Not the array's beginning: that would say that all of it was read.
        char* items = object + gc::collector.type_of(object).items_offset;
        if (to > items) mark_range(s, std::max(from, items), to);
        s.writes.push({{from, to}, object, false, place_for_log()});
    }
}

void write_part(segment& s, char* object, char* first, char* end) {
    if (!(flags_in_view(s, object) & gc::flag_committed)) return;
    size_t size = size_of(object);
    if (size <= whole_object_limit)
        write_whole(s, object, size);
    else
        write_cards(s, object, size, first, end);
}

segment& running_segment() {
    if (self != nullptr && self->running != nullptr) return *self->running;
    std::fputs("heddle: stm: a heap object is written outside of a transaction\n", stderr);
    std::abort();
}

char* object_around(char* address) {
    if (is_root(address)) {
        uintptr_t offset = (reinterpret_cast<uintptr_t>(address) - roots_address) / root_distance * root_distance;
        return reinterpret_cast<char*>(roots_address + offset);
    }
    // A header's size further on: the look-up takes an object's first address for the end of the one before.
    auto word = reinterpret_cast<uintptr_t>(address) + gc::header_size;
    gc::stopped_world stopped; // a chunk may hold other threads' gaps
    void* object = gc::find_old_object(word);
    if (object == nullptr) object = gc::find_young_object(word);
    if (object != nullptr) return static_cast<char*>(object);
    std::fprintf(stderr, "heddle: stm: write to %p, where the heap has no object\n", static_cast<void*>(address));
    std::abort();
}

} // namespace

} // namespace heddle::stm

using namespace heddle::stm;

void heddle_stm_write_object(void* object) {
    segment& s = running_segment();
    check_forced_abort();
    auto* start = static_cast<char*>(object);
    write_part(s, start, start, start + size_of(object));
}

void heddle_stm_write_item(void* array, uint64_t index) {
    segment& s = running_segment();
    check_forced_abort();
    const auto& type = heddle::gc::collector.type_of(array);
    char* item = static_cast<char*>(array) + type.items_offset + index * type.item_size;
    write_part(s, static_cast<char*>(array), item, item + type.item_size);
}

void* heddle_stm_read_address(void* address) { return heddle_stm_read_range(address, 8); }
void* heddle_stm_write_address(void* address) { return heddle_stm_write_range(address, 8); }

void* heddle_stm_read_range(void* address, size_t bytes) {
    if (!is_in_heap(address)) return address;
    segment& s = running_segment();
    if (bytes != 0) mark_range(s, static_cast<char*>(address), static_cast<char*>(address) + bytes);
    return s.in_view(static_cast<char*>(address));
}

void* heddle_stm_write_items(void* array, void* address, size_t bytes) {
    segment& s = running_segment();
    check_forced_abort();
    auto* start = static_cast<char*>(address);
    if (bytes != 0) write_part(s, static_cast<char*>(array), start, start + bytes);
    return s.in_view(start);
}

void* heddle_stm_write_range(void* address, size_t bytes) {
    if (!is_in_heap(address)) return address;
    segment& s = running_segment();
    check_forced_abort();
    auto* start = static_cast<char*>(address);
    if (bytes != 0) write_part(s, object_around(start), start, start + bytes);
    return s.in_view(start);
}
