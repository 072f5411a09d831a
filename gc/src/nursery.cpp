// The nursery and allocation's slow paths.
//
// Chunks are parseable from their start at any time: objects and fillers follow each other without holes, except past
// nursery_free in the current gap, which close_gap() covers with a filler. (The filler's header is overwritten by the
// next allocation.)
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "local.h"

HEDDLE_PER_THREAD heddle::gc::thread_state heddle_thread;

namespace heddle::gc {

collector_state collector;

void word_stack::grow() {
    capacity_ = capacity_ == 0 ? 4096 : capacity_ * 2;
    words_ = static_cast<void**>(std::realloc(words_, capacity_ * sizeof(void*)));
    if (words_ == nullptr) {
        std::fputs("heddle: out of memory for the collector's own tables\n", stderr);
        std::abort();
    }
}

void word_stack::release() {
    std::free(words_);
    words_ = nullptr;
    size_ = capacity_ = 0;
}

uint64_t collector_state::heap_bytes() const {
    uint64_t large_blocks = old.large_blocks() + young_large_blocks;
    return ((heap.used_blocks() - large_blocks) << block_shift) + old.large_bytes() + young_large_bytes;
}

void write_filler(char* start, char* end) {
    if (start < end) *reinterpret_cast<header*>(start) = {0, static_cast<uint32_t>(end - start)};
}

void close_gap() {
#ifdef HEDDLE_STM
    close_all_gaps();
#else
    write_filler(heddle_thread.nursery_free, heddle_thread.gap_end);
#endif
}

namespace {

constexpr size_t stress_slice_bytes = 16 << 10; // small, so that much happens while marking

uint32_t allocate_chunk() {
    uint32_t index = collector.heap.allocate_blocks(1, kind_nursery, kind_nursery);
    if (index == UINT32_MAX) {
        std::fputs("heddle: out of address space for the nursery\n", stderr);
        std::abort();
    }
    return index;
}

void open_gap(const nursery_gap& gap) {
    gap_taken(heddle_thread.nursery_free, heddle_thread.gap_end, gap);
    heddle_thread.nursery_free = gap.start;
    heddle_thread.gap_end = gap.end;
    bool slow_always = collector.chosen.stress_interval != 0 || collector.minor_requested;
    heddle_thread.nursery_top = slow_always ? gap.start : gap.end;
    auto bytes = static_cast<uint64_t>(gap.end - gap.start);
    if constexpr (transactions)
        __atomic_add_fetch(&collector.counts.bytes_allocated, bytes, __ATOMIC_RELAXED);
    else
        collector.counts.bytes_allocated += bytes;
}

// Free memory below this was used since it was last poisoned.
char* touched_end = nullptr;

void add_gap(char* start, char* end) {
    if (start == end) return;
    if (collector.chosen.poison && start < touched_end) std::memset(start, 0xde, static_cast<size_t>(end - start));
    write_filler(start, end);
    if constexpr (gap_alignment > 8) {
        auto* first =
            reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(start) + gap_alignment - 1) & -gap_alignment);
        auto* last = reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(end) & -gap_alignment);
        if (first >= last) return;
        write_filler(start, first);
        write_filler(first, last);
        write_filler(last, end);
        start = first;
        end = last;
    }
    collector.gaps.push_back({start, end});
}

// The next gap that holds `total` bytes; false when there's none.
bool take_gap(size_t total) {
    write_filler(heddle_thread.nursery_free, heddle_thread.gap_end);
#ifdef HEDDLE_STM
    nursery_gap own;
    if (take_own_gap(total, own)) {
        open_gap(own);
        return true;
    }
#endif
    auto& gaps = collector.gaps;
    while (collector.next_gap < gaps.size()) {
        const nursery_gap& gap = gaps[collector.next_gap++];
        if (static_cast<size_t>(gap.end - gap.start) >= total) {
            open_gap(gap);
            return true;
        }
    }
    return false;
}

void add_fresh_chunk() {
    uint32_t index = allocate_chunk();
    collector.chunks.push_back(index);
    char* start = collector.heap.start_of(index);
    add_gap(start, start + block_size);
}

void* bump(const type_info* type, size_t total) {
    char* start = heddle_thread.nursery_free;
    heddle_thread.nursery_free = start + total;
    if (heddle_thread.nursery_top < heddle_thread.nursery_free)
        heddle_thread.nursery_top = heddle_thread.nursery_free; // stress mode
    *reinterpret_cast<uint64_t*>(start) = type->id;
    void* object = start + header_size;
    if (type->has_finalizer) note_finalizable(object, *type);
    return object;
}

bool fits(size_t total) { return static_cast<size_t>(heddle_thread.gap_end - heddle_thread.nursery_free) >= total; }

bool minor_is_due() {
    uint64_t young_outside = (collector.young_large_blocks << block_shift) + collector.young_pressure;
    return collector.minor_requested || young_outside > std::max<uint64_t>(collector.chosen.nursery_bytes, 1 << 20) * 4;
}

void collect_before_allocation() {
    collect_in_pause([] {
        run_minor_collection();
        pace_after_minor();
    });
}

[[noreturn]] void end_out_of_memory(const type_info* type, uint64_t total) {
    std::fprintf(
        stderr,
        "heddle: out of memory: %llu bytes for '%s' and a heap of %llu bytes exceed the limit of %llu bytes and "
        "its reserve; raise HEDDLE_GC_MAX\n",
        static_cast<unsigned long long>(total), type->name, static_cast<unsigned long long>(collector.heap_bytes()),
        static_cast<unsigned long long>(collector.chosen.maximum_heap_bytes));
    std::exit(1);
}

// The heap, with `bytes` more, is past the limit, and a full collection has not helped.
void raise_out_of_memory(const type_info* type, uint64_t bytes) {
    if (collector.heap_bytes() + bytes > collector.hard_limit()) end_out_of_memory(type, bytes);
    __atomic_or_fetch(&heddle_thread.action_flag, action_out_of_memory,
                      __ATOMIC_SEQ_CST); // signal handlers set bits too
}

// strict: null past the limit.
void* allocate_large(const type_info* type, size_t total, bool strict, bool* zeroed) {
    uint64_t bytes = (total + 4095) & ~uint64_t{4095};
    if (bytes < total || (bytes >> block_shift) >= collector.heap.block_count()) {
        if (strict) return nullptr;
        end_out_of_memory(type, total);
    }
    if (minor_is_due()) collect_before_allocation();
    if (collector.over_limit(bytes)) {
        collect_full();
        if (collector.over_limit(bytes)) {
            if (strict) return nullptr;
            raise_out_of_memory(type, bytes);
        }
    }
    auto count = static_cast<uint32_t>((total + block_size - 1) >> block_shift);
    uint32_t index = collector.heap.allocate_blocks(count, kind_young_large, kind_young_large_rest, zeroed);
    if (index == UINT32_MAX) {
        if (strict) return nullptr;
        end_out_of_memory(type, total);
    }
    block& record = collector.heap.block_at(index);
    record.span = count;
    record.swept = true;
    record.set_cells(0);
    record.large_bytes = bytes;
    collector.young_large.push_back(index);
    collector.young_large_bytes += bytes;
    collector.young_large_blocks += count;
    collector.counts.bytes_allocated += bytes;
    char* start = collector.heap.start_of(index);
    large_object_made(start, bytes);
    *reinterpret_cast<uint64_t*>(start) = type->id;
    void* object = start + header_size;
    if (type->has_finalizer) note_finalizable(object, *type);
    return object;
}

// zeroed: set to true if the object's memory is known to be zero. Null only if strict.
void* allocate_slowly(const type_info* type, size_t total, bool strict, bool* zeroed) {
    collector.allocated_anything = true;
    if (type->id == 0 || !collector.initialised) [[unlikely]] {
        std::fprintf(stderr, "heddle: allocation of class '%s' before %s\n", type->name,
                     collector.initialised ? "it was registered (gc::register_type)" : "gc::initialise was called");
        std::abort();
    }
    if (collector.collecting) [[unlikely]] {
        std::fprintf(stderr,
                     "heddle: allocation of class '%s' during a collection (by a light finalizer, a hook or a "
                     "root walker)\n",
                     type->name);
        std::abort();
    }
    uint64_t interval = collector.chosen.stress_interval;
    if (interval != 0 && ++collector.stress_count >= interval) {
        collector.stress_count = 0;
        if (++collector.stress_rounds % 16 == 0)
            collect_step(stress_slice_bytes);
        else
            collect_before_allocation();
    }
    if (total > nursery_object_limit) return allocate_large(type, total, strict, zeroed);
    if (!collector.minor_requested && (fits(total) || take_gap(total))) return bump(type, total);
    collect_before_allocation();
    if (collector.over_limit(0)) {
        // One full collection that has not helped is enough for a while: what ends the program's need allocates too.
        bool collects = collector.heap_bytes() >= collector.next_collection_over_limit;
        if (collects) collect_full();
        if (collector.over_limit(0)) {
            if (strict) return nullptr;
            if (collects) {
                collector.next_collection_over_limit =
                    collector.heap_bytes() + collector.chosen.maximum_heap_bytes / 16;
                raise_out_of_memory(type, 0);
            }
        }
    } else {
        collector.next_collection_over_limit = 0;
    }
    if (!fits(total) && !take_gap(total)) {
        add_fresh_chunk();
        take_gap(total);
    }
    return bump(type, total);
}

} // namespace

static size_t usual_chunks() {
    return std::max<size_t>(collector.chosen.nursery_bytes / block_size, 8) * nursery_shares();
}

void build_nursery() {
    size_t count = usual_chunks();
    for (size_t i = 0; i < count; ++i) collector.chunks.push_back(allocate_chunk());
    reset_nursery();
}

// How many chunks the nursery should have. Half of its usual size at least must be free between what stays in place.
// Each collection scans the whole native stack, so the room until the next one grows with the stack: else deep
// recursion would take time in the square of its depth.
static size_t wanted_chunks() {
    size_t usual = usual_chunks();
    size_t pinned_bytes = 0;
    for (void* object : collector.young_in_place) pinned_bytes += total_size(collector, object);
    size_t stack_bytes = 0;
    if (collector.stack_low != nullptr)
        stack_bytes = static_cast<size_t>(heddle_thread.stack_base - static_cast<const char*>(collector.stack_low));
    size_t free_bytes = std::max(usual * block_size / 2, stack_bytes / 4);
    return std::max(usual, (pinned_bytes + free_bytes) / block_size);
}

// Gives up to `surplus` chunks back in which nothing is pinned; the chunks are sorted.
static void release_chunks(size_t surplus) {
    auto& pinned = collector.young_in_place;
    auto is_surplus = [&](uint32_t index) {
        char* start = collector.heap.start_of(index);
        auto first = std::lower_bound(pinned.begin(), pinned.end(), static_cast<void*>(start));
        bool is_empty = first == pinned.end() || *first >= start + block_size;
        if (!is_empty || surplus == 0) return false;
        --surplus;
        collector.heap.free_blocks(index, 1);
        return true;
    };
    auto& chunks = collector.chunks;
    auto kept = chunks.begin();
    for (uint32_t index : chunks)
        if (!is_surplus(index)) *kept++ = index;
    chunks.erase(kept, chunks.end());
}

void reset_nursery() {
    auto& chunks = collector.chunks;
    size_t wanted = wanted_chunks();
    while (chunks.size() < wanted && (chunks.size() < usual_chunks() || !collector.over_limit(block_size)))
        chunks.push_back(allocate_chunk());
    std::sort(chunks.begin(), chunks.end());
    if (chunks.size() > wanted * 2) release_chunks(chunks.size() - wanted);
    touched_end = nullptr;
    for (size_t i = 0; i < collector.next_gap; ++i) touched_end = std::max(touched_end, collector.gaps[i].end);
    collector.gaps.clear();
    collector.next_gap = 0;
    auto pinned = collector.young_in_place.begin();
    auto pinned_end = collector.young_in_place.end();
    for (uint32_t index : chunks) {
        char* position = collector.heap.start_of(index);
        char* chunk_end = position + block_size;
        for (; pinned != pinned_end && *pinned < chunk_end; ++pinned) {
            char* object = static_cast<char*>(*pinned);
            add_gap(position, object - header_size);
            position = object - header_size + total_size(collector, object);
        }
        add_gap(position, chunk_end);
    }
    heddle_thread.nursery_free = heddle_thread.nursery_top = heddle_thread.gap_end = nullptr;
    take_gap(0);
}

void add_memory_pressure(size_t bytes) {
    heap_lock lock;
    collector.young_pressure += bytes;
    collector.pressure += bytes;
    if (minor_is_due()) {
        collector.minor_requested = true;
        heddle_thread.nursery_top = heddle_thread.nursery_free; // the next allocation takes the slow path
    }
}

} // namespace heddle::gc

using namespace heddle::gc;

namespace {

// In the thread's own gap, for which the lock isn't needed. Null: it is for allocate_slowly.
void* allocate_in_own_gap([[maybe_unused]] const type_info* type, [[maybe_unused]] size_t total) {
#ifdef HEDDLE_STM
    auto room = static_cast<size_t>(heddle_thread.nursery_top - heddle_thread.nursery_free);
    if (total > nursery_object_limit || type->has_finalizer || collector.collecting) return nullptr;
    if (total <= room) return bump(type, total);
    nursery_gap own;
    if (collector.chosen.stress_interval != 0 || collector.minor_requested || !take_own_gap(total, own)) return nullptr;
    write_filler(heddle_thread.nursery_free, heddle_thread.gap_end);
    open_gap(own);
    if (heddle_thread.nursery_top != heddle_thread.nursery_free) return bump(type, total);
#endif
    return nullptr;
}

void* allocate_array_slowly(const type_info* type, uint64_t length, bool strict, bool clear) {
    uint64_t limit = uint64_t{1} << (sizeof(size_t) == 8 ? 46 : 30);
    if (length > limit || length > limit / type->item_size) {
        if (strict) return nullptr;
        std::fprintf(stderr, "heddle: out of memory: no array of '%s' can have %llu items\n", type->name,
                     static_cast<unsigned long long>(length));
        std::exit(1);
    }
    bool zeroed = false;
    size_t total = total_size_for(type->fixed_size + length * type->item_size);
    void* object = allocate_in_own_gap(type, total);
    if (object == nullptr) {
        heap_lock lock;
        object = allocate_slowly(type, total, strict, &zeroed);
    }
    if (object == nullptr) return nullptr;
    char* bytes = static_cast<char*>(object);
    *reinterpret_cast<uint64_t*>(bytes + type->length_offset) = length;
    if ((clear || type->items_are_references || type->item_reference_count != 0) && !zeroed)
        std::memset(bytes + type->items_offset, 0, length * type->item_size);
    return object;
}

} // namespace

void* heddle_gc_allocate_slow(const type_info* type, size_t total_bytes) {
    if (void* object = allocate_in_own_gap(type, total_bytes)) return object;
    heap_lock lock;
    bool zeroed = false;
    return allocate_slowly(type, total_bytes, false, &zeroed);
}

void* heddle_gc_allocate_array_slow(const type_info* type, uint64_t length, int clear) {
    return allocate_array_slowly(type, length, false, clear != 0);
}

void* heddle_gc_try_allocate_array_slow(const type_info* type, uint64_t length, int clear) {
    return allocate_array_slowly(type, length, true, clear != 0);
}
