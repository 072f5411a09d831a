// A transaction's own collection before its commit, and the gaps of the nursery that it gets back from it.
//
// What a transaction made is mostly dead at its end. gc/src/local.h finds what isn't, without stopping anybody: the
// roots are the thread's stack and what the transaction has written. So the pages are free for the next transaction in
// this segment, whose view maps them already; a collection that stops all threads is needed only when the pages that
// stay have used the nursery up (those with an object that the stack held), or for the old generation.
#include "runtime.h"

#include <algorithm>
#include <cstring>

namespace heddle::stm {

namespace {

char* page_start(char* address) {
    return reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(address) & ~(page_size - 1));
}
char* page_end(char* address) { return page_start(address + page_size - 1); }

void add_spare(segment& s, char* start, char* end) {
    if (start >= end) return;
    if (gc::collector.chosen.poison) std::memset(start, 0xde, static_cast<size_t>(end - start));
    gc::write_filler(start, end);
    s.spare.push({start, end});
}

// No sanitizer: it reads whole stack frames.
__attribute__((noinline, no_sanitize("address"))) void note_words(gc::local_collection& c, const void* begin,
                                                                  const void* end) {
    for (auto* word = static_cast<const uintptr_t*>(begin); word + 1 <= static_cast<const uintptr_t*>(end); ++word)
        c.note_word(*word);
}

void visit_slot_in_view(gc::local_collection& c, const segment& s, const written_range& w, void** slot) {
    auto* address = reinterpret_cast<char*>(slot);
    if (address >= w.start && address < w.end) c.visit(s.in_view(slot));
}

// References in what was written. Cards begin and end anywhere in an item.
void visit_written(gc::local_collection& c, const segment& s, const written_range& w) {
    if (reinterpret_cast<uintptr_t>(w.object) < heddle_gc_arena_base) { // a root
        c.visit(reinterpret_cast<void**>(s.in_view(w.start)));
        return;
    }
    const auto& type = gc::collector.type_of(w.object);
    if (!type.has_references) return;
    auto visit = [&](void** slot) { visit_slot_in_view(c, s, w, slot); };
    gc::for_fixed_slots(type, w.object, visit);
    auto* weak = reinterpret_cast<void**>(w.object + type.weak_offset);
    if (type.is_weak && reinterpret_cast<char*>(weak) >= w.start && reinterpret_cast<char*>(weak) < w.end)
        c.visit_weak(s.in_view(weak));
    char* items = w.object + type.items_offset;
    if (type.item_reference_count == 0 || w.end <= items) return;
    uint64_t first = w.start <= items ? 0 : static_cast<uint64_t>(w.start - items) / type.item_size;
    uint64_t last = (static_cast<uint64_t>(w.end - items) + type.item_size - 1) / type.item_size;
    last = std::min(last, gc::array_length(type, w.object));
    gc::for_item_slots(type, w.object, first, last, visit);
}

void note_ranges(gc::local_collection& c, thread& t, const void* stack_low) {
    note_words(c, stack_low, t.state->stack_base);
    note_words(c, t.state->jit_extra, t.state->jit_extra + 4);
    if (t.participant_data == nullptr) return;
    auto note = [](const void* begin, const void* end, void* context) {
        note_words(*static_cast<gc::local_collection*>(context), begin, end);
    };
    world.joined.words(t.participant_data, note, &c);
}

// What was made, the current gap included, in ascending order. The rest of that gap is free.
void close_current_gap(thread& t, segment& s) {
    char*& free = t.state->nursery_free;
    if (free != nullptr) {
        if (s.fresh_start < free) s.fresh.push({s.fresh_start, free});
        gc::write_filler(free, page_end(free));
        add_spare(s, page_end(free), t.state->gap_end);
    }
    s.fresh_start = free = t.state->nursery_top = t.state->gap_end = nullptr;
    auto lower = [](const range& a, const range& b) { return a.start < b.start; };
    std::sort(s.fresh.begin(), s.fresh.end(), lower);
    std::sort(s.fresh_large.begin(), s.fresh_large.end(), lower);
}

// Of a range that was made, pages with objects that stay are fresh, all others spare.
void split_range(segment& s, list<range>& stays, const range& made, void* const*& kept, void* const* kept_end) {
    char* free = made.start;
    char* end = page_end(made.end);
    while (kept != kept_end && *kept < end) {
        char* start = static_cast<char*>(*kept) - gc::header_size;
        char* first_page = std::max(page_start(start), free);
        add_spare(s, free, first_page);
        char* filled = first_page;
        // All objects on these pages, which grow with them.
        for (free = first_page; kept != kept_end && *kept < end; ++kept) {
            start = static_cast<char*>(*kept) - gc::header_size;
            if (free != first_page && start >= free) break;
            gc::write_filler(filled, start);
            filled = start + gc::total_size(gc::collector, *kept);
            free = page_end(filled);
        }
        gc::write_filler(filled, free);
        stays.push({first_page, free});
    }
    add_spare(s, free, end);
}

void divide_gaps(segment& s, const std::vector<void*>& kept) {
    list<range> stays;
    void* const* next = kept.data();
    for (const range& made : s.fresh) split_range(s, stays, made, next, kept.data() + kept.size());
    s.fresh.clear();
    for (const range& r : stays) s.fresh.push(r);
    stays.release();
    size_t large = 0;
    for (range& r : s.fresh_large)
        if (!gc::collector.is_young(r.start)) s.fresh_large[large++] = r;
    s.fresh_large.shrink(large);
}

__attribute__((noinline)) void collect(thread& t, segment& s) {
    gc::own_memory unrecorded;
    close_current_gap(t, s);
    gc::local_collection c(s.made, s.fresh.begin(), s.fresh.size(), s.fresh_large.begin(), s.fresh_large.size());
    note_ranges(c, t, __builtin_frame_address(0));
    c.pin_noted();
    {
        gc::brief_lock lock; // the list of slots
        auto visit = [](void** slot, void* collection) {
            static_cast<gc::local_collection*>(collection)->visit_shared_root(slot);
        };
        gc::visit_root_slots(visit, &c);
    }
    c.visit(&t.state->error);
    for (const written_range& w : s.writes) visit_written(c, s, w);
    c.finish(t.words->inevitable != 0);
    divide_gaps(s, c.kept());
    gc::brief_lock lock;
    gc::forget_walked_chunks();
}

size_t bytes_made(const thread& t, segment& s) {
    size_t bytes = 0;
    for (const range& r : s.fresh) bytes += static_cast<size_t>(r.end - r.start);
    for (const range& r : s.fresh_large) bytes += static_cast<size_t>(r.end - r.start);
    if (t.state->nursery_free != nullptr) bytes += static_cast<size_t>(t.state->nursery_free - s.fresh_start);
    return bytes;
}

} // namespace

void collect_made(thread& t) {
    segment& s = *t.running;
    // While it traces, a thread has references in more places (jit/metainterp).
    if (s.delta == 0 || t.words->hold != 0 || !gc::collector.user_pins.empty()) return;
    size_t bytes = bytes_made(t, s);
    if (bytes == 0 || bytes < world.collected_bytes) return;
    __builtin_unwind_init(); // callee-saved registers into this frame
    collect(t, s);
    asm volatile("" ::: "memory");
}

void forget_gaps(segment& s) {
    s.free = s.gap_end = s.fresh_start = nullptr;
    s.spare.clear();
}

} // namespace heddle::stm

namespace heddle::gc {

using namespace heddle::stm;

local_heap* heap_of_transaction() {
    if (self == nullptr || self->running == nullptr || self->running->delta == 0) return nullptr;
    return &self->running->made;
}

void forget_own_runs() {
    for (segment* s : world.segments) old_space::forget(s->made.cells);
}

bool take_own_gap(size_t total, nursery_gap& gap) {
    auto& spare = self->running->spare;
    constexpr size_t looked_at = 16;
    size_t last = spare.size() > looked_at ? spare.size() - looked_at : 0;
    for (size_t i = spare.size(); i-- > last;) {
        if (static_cast<size_t>(spare[i].end - spare[i].start) < total) continue;
        gap = spare[i];
        spare[i] = spare[spare.size() - 1];
        spare.shrink(spare.size() - 1);
        return true;
    }
    return false;
}

size_t nursery_shares() { return std::clamp<size_t>(world.live_threads, 1, world.segment_count); }

void gap_taken(char* free, char* gap_end, const nursery_gap& gap) {
    segment& s = *self->running;
    if (free != nullptr) {
        if (s.fresh_start < free) s.fresh.push({s.fresh_start, free});
        if (s.delta != 0) {
            gc::write_filler(free, page_end(free)); // the old one reaches to the gap's end
            add_spare(s, page_end(free), gap_end);
        }
    }
    forget_copies_of_others(s, gap.start, gap.end);
    share_pages(s, gap.start, gap.end);
    s.fresh_start = gap.start;
    // A transaction that has used its share of the nursery up ends soon, and collects what it made.
    size_t share = collector.chosen.nursery_bytes / 2, before = s.gap_bytes;
    s.gap_bytes += static_cast<size_t>(gap.end - gap.start);
    if (before < share && s.gap_bytes >= share && s.delta != 0) end_soon();
}

} // namespace heddle::gc
