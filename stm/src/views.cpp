// The heap's mappings: view 0, and each segment's view with its read markers.
//
// View 0 maps a file in memory. A segment's view maps the same file privately: until the kernel copies a page, which it
// does at the first write there, the page shows what is committed. Pages with what the running transaction makes are
// shared, so that nothing of it has to be copied when it is committed; they turn private when something in them is
// written by a later transaction.
#include "runtime.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace heddle::stm {

namespace {

int heap_file = -1;
size_t heap_bytes = 0;

uint32_t page_of(const void* address) {
    return static_cast<uint32_t>((reinterpret_cast<uintptr_t>(address) - heap_address) >> page_shift);
}
char* address_of(uint32_t page) { return reinterpret_cast<char*>(heap_address + (uintptr_t{page} << page_shift)); }
uint32_t end_page(const void* end) { return page_of(static_cast<const char*>(end) + page_size - 1); }

constexpr int at_address = MAP_FIXED_NOREPLACE | MAP_NORESERVE;

void* map_anonymous(uintptr_t address, size_t bytes) {
    int place = address != 0 ? at_address : MAP_NORESERVE;
    void* result = mmap(reinterpret_cast<void*>(address), bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | place, -1, 0);
    if (result == MAP_FAILED) return nullptr;
    madvise(result, bytes, MADV_DONTDUMP);
    return result;
}

void remap(segment& s, uint32_t first, uint32_t end, int sharing) {
    off_t offset = static_cast<off_t>(first) << page_shift;
    size_t bytes = size_t{end - first} << page_shift;
    void* place = s.in_view(address_of(first));
    // What becomes shared will be written soon, all of it: its pages at once are cheaper than a fault for each.
    int flags = sharing | MAP_FIXED | MAP_NORESERVE | (sharing == MAP_SHARED ? MAP_POPULATE : 0);
    if (mmap(place, bytes, PROT_READ | PROT_WRITE, flags, heap_file, offset) == place) return;
    std::fputs("heddle: stm: the kernel refuses another mapping; raise vm.max_map_count\n", stderr);
    std::abort();
}

const char* map_views(segment& s) {
    constexpr const char* no_space =
        "stm: cannot reserve address space for the threads' views; raise the limit of virtual memory (ulimit -v)";
    void* wanted = s.in_view(address_of(0));
    if (s.delta != 0 &&
        mmap(wanted, heap_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | at_address, heap_file, 0) != wanted)
        return no_space;
    if (s.delta != 0) madvise(wanted, heap_bytes, MADV_DONTDUMP);
    if (!map_anonymous((heap_address >> marker_shift) + s.delta, heap_bytes >> marker_shift)) return no_space;
    s.written_cards = static_cast<uint8_t*>(map_anonymous(0, heap_bytes >> marker_shift));
    s.pages = static_cast<uint8_t*>(map_anonymous(0, heap_bytes >> page_shift));
    return s.written_cards && s.pages ? nullptr : no_space;
}

} // namespace

const char* make_segments() {
    for (unsigned i = 1; i <= world.segment_count; i++) {
        auto* s = new segment;
        s->number = i;
        s->delta = i * view_distance;
        if (const char* error = map_views(*s)) return error;
        world.segments.push_back(s);
    }
    world.direct = new segment;
    return map_views(*world.direct);
}

void share_pages(segment& s, char* start, char* end) {
    if (s.delta == 0) return;
    uint32_t last = end_page(end);
    for (uint32_t page = page_of(start); page < last;) {
        uint32_t first = page;
        for (; page < last && s.pages[page] < page_fresh; page++) {}
        if (page != first) remap(s, first, page, MAP_SHARED);
        for (; page < last && s.pages[page] >= page_fresh; page++) {}
    }
    std::memset(s.pages + page_of(start), page_fresh, last - page_of(start));
}

void mark_committed_pages(segment& s, char* start, char* end) {
    if (start < end && s.delta != 0) std::memset(s.pages + page_of(start), page_shared, end_page(end) - page_of(start));
}

void prepare_pages(segment& s, char* start, char* end) {
    if (s.delta == 0) return;
    uint32_t last = end_page(end);
    for (uint32_t page = page_of(start); page < last; page++) {
        if (s.pages[page] == page_copied) continue;
        if (s.pages[page] == page_kept) { // listed already
            s.pages[page] = page_copied;
            continue;
        }
        // Nothing fresh is written through a barrier: if it says page_fresh, that's what was left of an old gap.
        if (s.pages[page] >= page_fresh) {
            constexpr uint32_t at_once = gc::block_size / page_size;
            uint32_t run_end = page + 1, end_of_block = (page | (at_once - 1)) + 1;
            for (; run_end < end_of_block && s.pages[run_end] == page_shared; run_end++)
                s.pages[run_end] = page_private;
            remap(s, page, run_end, MAP_PRIVATE);
        }
        s.pages[page] = page_copied;
        s.copied_pages.push(page);
    }
}

namespace {

void share_again(segment& s, uint32_t first, uint32_t end) {
    if (first != end) madvise(s.in_view(address_of(first)), size_t{end - first} << page_shift, MADV_DONTNEED);
}

// Copies of pages in such a state; the others stay in the list.
void drop_copies_in(segment& s, bool (*goes)(uint8_t state)) {
    std::sort(s.copied_pages.begin(), s.copied_pages.end());
    size_t kept = 0;
    uint32_t first = 0, end = 0; // to be dropped together
    for (size_t i = 0; i < s.copied_pages.size(); i++) {
        uint32_t page = s.copied_pages[i];
        if (!is_copy(s.pages[page]) || (kept != 0 && s.copied_pages[kept - 1] == page)) continue;
        if (!goes(s.pages[page])) {
            s.copied_pages[kept++] = page;
            continue;
        }
        if (page != end) {
            share_again(s, first, end);
            first = page;
        }
        end = page + 1;
        s.pages[page] = page_private;
    }
    share_again(s, first, end);
    s.copied_pages.shrink(kept);
}

} // namespace

void drop_copies(segment& s) { drop_copies_in(s, is_copy); }

void forget_copies_of_others(const segment& s, char* start, char* end) {
    uint32_t last = end_page(end);
    for (segment* other : world.segments) {
        if (other == &s || other->copied_pages.empty()) continue;
        for (uint32_t page = page_of(start); page < last; page++) {
            uint32_t first = page;
            for (; page < last && is_copy(other->pages[page]); page++) other->pages[page] = page_private;
            share_again(*other, first, page);
        }
    }
}

void renew_copies(segment& s) {
    drop_copies_in(s, [](uint8_t state) { return state == page_kept; });
    for (uint32_t page : s.copied_pages) {
        std::memcpy(s.in_view(address_of(page)), address_of(page), page_size);
        s.pages[page] = page_kept;
    }
}

void next_version(segment& s) {
    if (++s.version != 0) return;
    size_t used = (gc::collector.heap.start_of(gc::collector.heap.fresh_start()) - address_of(0)) >> marker_shift;
    used = (used + page_size - 1) & ~(page_size - 1);
    madvise(reinterpret_cast<void*>((heap_address >> marker_shift) + s.delta), used, MADV_DONTNEED);
    madvise(s.written_cards, used, MADV_DONTNEED);
    s.version = 1;
}

void push_to_views(segment& from, char* start, char* end) {
    if (from.delta == 0) return; // there are no copies
    const char* source = from.in_view(start);
    std::memcpy(start, source, static_cast<size_t>(end - start));
    for (segment* s : world.segments) {
        if (s == &from) continue;
        for (char* part = start; part < end;) {
            uint32_t page = page_of(part);
            char* part_end = std::min(end, address_of(page + 1));
            if (is_copy(s->pages[page]))
                std::memcpy(s->in_view(part), source + (part - start), static_cast<size_t>(part_end - part));
            part = part_end;
        }
    }
}

// The cells are in view 0. A view whose page is copied just now may or may not have them: see prepare_pages, which says
// so before the kernel copies.
void push_new_cells(segment& s) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    gc::old_space::for_new_cells(s.made.cells, [](char* start, char* end) {
        for (char* part = start; part < end;) {
            uint32_t page = page_of(part);
            char* part_end = std::min(end, address_of(page + 1));
            for (segment* other : world.segments)
                if (is_copy(__atomic_load_n(&other->pages[page], __ATOMIC_RELAXED)))
                    std::memcpy(other->in_view(part), part, static_cast<size_t>(part_end - part));
            part = part_end;
        }
    });
}

} // namespace heddle::stm

char* heddle::gc::map_heap(size_t bytes) {
    using namespace heddle::stm;
    heap_bytes = bytes + (size_t{4} << 20); // with the roots' pages; the arena begins at the next 2 MiB
    int file = memfd_create("heddle-heap", MFD_CLOEXEC);
    heap_file = fcntl(file, F_DUPFD_CLOEXEC, 3); // never a standard stream's number, even if that one is closed
    close(file);
    if (heap_file < 0 || ftruncate(heap_file, static_cast<off_t>(heap_bytes)) != 0) return nullptr;
    void* wanted = reinterpret_cast<void*>(heap_address);
    if (mmap(wanted, heap_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | at_address, heap_file, 0) != wanted) {
        close(heap_file);
        return nullptr;
    }
    madvise(wanted, heap_bytes, MADV_DONTDUMP);
    return static_cast<char*>(wanted) + (size_t{2} << 20) - page_size;
}
