// Reservation of the heap's address range, and allocation of runs of blocks in it. See arena.h.
#include "arena.h"

#include <sys/mman.h>
#include <utility>

#include <algorithm>

#include "collector.h"
#include "stm_hooks.h"

extern "C" {
uintptr_t heddle_gc_arena_base = 0;
uintptr_t heddle_gc_arena_size = 0;
uint8_t* heddle_gc_block_kinds = nullptr;
uint8_t* heddle_gc_cards = nullptr;
uint32_t heddle_gc_card_shift = 10;
}

namespace heddle::gc {

namespace {

constexpr size_t largest_reservation = sizeof(void*) == 8 ? size_t{256} << 30 : size_t{1} << 30;
constexpr size_t smallest_reservation = size_t{64} << 20;

constexpr size_t huge_page = size_t{2} << 20;
constexpr uint32_t blocks_per_huge_page = huge_page >> block_shift;

// Page faults are what a growing heap costs most. A fault for a huge page takes 90 us where the system has one at hand,
// against 750 us for as much memory in small ones. But where it must make one first, it takes milliseconds: memory is
// fragmented, or the system is a guest whose host has taken its free huge pages back. So the first page of each stretch
// is timed, and small pages come next when it was dear.
[[maybe_unused]] constexpr uint64_t dear_fault_nanoseconds = 1'000'000;
constexpr uint32_t small_stretch = 8 * blocks_per_huge_page;

void* map_on_demand(size_t bytes) {
    void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address == MAP_FAILED) return nullptr;
    madvise(address, bytes, MADV_DONTDUMP);
    return address;
}

// The heap's own memory. STM builds have it in a file in memory, so that each thread can have a view of it.
char* map_objects(size_t bytes) {
#ifdef HEDDLE_STM
    return map_heap(bytes);
#else
    char* memory = static_cast<char*>(map_on_demand(bytes));
    if (memory != nullptr) madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
#endif
}

// The block records: small pages for a small heap's, huge ones for the rest.
block* map_records(size_t bytes) {
    char* memory = static_cast<char*>(map_on_demand(bytes));
    if (memory != nullptr && bytes > huge_page) madvise(memory + huge_page, bytes - huge_page, MADV_HUGEPAGE);
    return reinterpret_cast<block*>(memory);
}

bool first_touch_is_dear([[maybe_unused]] char* address) {
#ifdef HEDDLE_STM
    return false; // its file has small pages
#else
    uint64_t started = now_nanoseconds();
    *static_cast<volatile char*>(address) = 0;
    return now_nanoseconds() - started > dear_fault_nanoseconds;
#endif
}

#ifdef HEDDLE_STM
constexpr int give_back = MADV_REMOVE; // of shared memory, MADV_DONTNEED would drop the mapping only
#else
constexpr int give_back = MADV_DONTNEED;
#endif

} // namespace

void block::clear_bitmaps() {
    size_t words = bitmap_words();
    std::fill_n(live, words, 0);
    std::fill_n(mark, words, 0);
}

void block::set_cells(uint32_t size) {
    cell_size = size;
    reciprocal = size == 0 ? 0 : static_cast<uint32_t>(((uint64_t{1} << 32) + size - 1) / size);
    cell_count = size == 0 ? 1 : static_cast<uint32_t>(block_size / size);
    cursor = 0;
    accounted_bytes = 0;
    clear_bitmaps();
}

const char* arena::reserve(uint32_t card_bytes) {
    unsigned card_shift = 0;
    while ((1u << card_shift) < card_bytes) ++card_shift;
    for (size_t bytes = largest_reservation; bytes >= smallest_reservation; bytes /= 2) {
        block_count_ = static_cast<uint32_t>(bytes >> block_shift);
        char* memory = map_objects(bytes + huge_page);
        if (memory == nullptr) continue;
        kinds_ = static_cast<uint8_t*>(map_on_demand(block_count_));
        blocks_ = map_records(size_t{block_count_} * sizeof(block));
        card_table_bytes_ = (bytes >> card_shift) + 1;
        cards_ = map_on_demand(card_table_bytes_);
        if (kinds_ != nullptr && blocks_ != nullptr && cards_ != nullptr) {
            base_ = (reinterpret_cast<uintptr_t>(memory) + huge_page - 1) & ~(huge_page - 1);
            size_ = bytes;
            mapping_ = memory;
            heddle_gc_arena_base = base_;
            heddle_gc_arena_size = size_;
            heddle_gc_block_kinds = kinds_;
            heddle_gc_card_shift = card_shift;
            heddle_gc_cards = static_cast<uint8_t*>(cards_) - (base_ >> card_shift);
            return nullptr;
        }
        munmap(memory, bytes + huge_page);
        if (kinds_ != nullptr) munmap(kinds_, block_count_);
        if (blocks_ != nullptr) munmap(blocks_, size_t{block_count_} * sizeof(block));
        if (cards_ != nullptr) munmap(cards_, card_table_bytes_);
    }
    return "gc: cannot reserve address space for the heap; raise the limit of virtual memory (ulimit -v)";
}

void arena::release() {
    munmap(mapping_, size_ + huge_page);
    munmap(kinds_, block_count_);
    munmap(blocks_, size_t{block_count_} * sizeof(block));
    munmap(cards_, card_table_bytes_);
    free_runs_.clear();
    runs_by_length_.clear();
    base_ = size_ = 0;
    heddle_gc_arena_base = heddle_gc_arena_size = 0;
    fresh_start_ = used_blocks_ = peak_ = earlier_peak_ = prepared_ = 0;
    has_small_pages_ = false;
}

void arena::insert_run(uint32_t start, uint32_t length) {
    free_runs_.emplace(start, length);
    runs_by_length_.emplace(length, start);
}

void arena::remove_run(uint32_t start, uint32_t length) {
    free_runs_.erase(start);
    runs_by_length_.erase({length, start});
}

uint32_t arena::allocate_blocks(uint32_t count, block_kind first, block_kind rest, bool* zeroed) {
    uint32_t start;
    bool clean = true;
    auto found = runs_by_length_.lower_bound({count, 0});
    if (found != runs_by_length_.end()) {
        auto [length, run_start] = *found;
        start = run_start;
        remove_run(run_start, length);
        if (length > count) insert_run(start + count, length - count);
        for (uint32_t i = 0; i < count; ++i) clean &= !blocks_[start + i].dirty;
    } else {
        if (block_count_ - fresh_start_ < count) return UINT32_MAX;
        start = fresh_start_;
        fresh_start_ += count;
        if (fresh_start_ > prepared_) prepare_fresh_blocks();
    }
    kinds_[start] = first;
    blocks_[start].dirty = true;
    for (uint32_t i = 1; i < count; ++i) {
        kinds_[start + i] = rest;
        blocks_[start + i].dirty = true;
        blocks_[start + i].span = i;
    }
    used_blocks_ += count;
    peak_ = std::max(peak_, used_blocks_);
    if (zeroed != nullptr) *zeroed = clean;
    return start;
}

// Chooses between huge and small pages up to fresh_start_ at least. Touches one page, of what is being taken.
void arena::prepare_fresh_blocks() {
    uint32_t end = (fresh_start_ + blocks_per_huge_page - 1) / blocks_per_huge_page * blocks_per_huge_page;
    if (first_touch_is_dear(start_of(prepared_))) {
        uint32_t next = prepared_ + blocks_per_huge_page;
        end = std::min(end + small_stretch, block_count_);
        if (next < end) madvise(start_of(next), size_t{end - next} << block_shift, MADV_NOHUGEPAGE);
        has_small_pages_ = true;
    }
    prepared_ = end;
}

void arena::free_blocks(uint32_t first, uint32_t count) {
    std::fill_n(kinds_ + first, count, uint8_t{kind_free});
    used_blocks_ -= count;
    auto after = free_runs_.lower_bound(first);
    if (after != free_runs_.end() && after->first == first + count) {
        uint32_t length = after->second;
        remove_run(first + count, length);
        count += length;
    }
    auto before = free_runs_.lower_bound(first);
    if (before != free_runs_.begin()) {
        --before;
        if (before->first + before->second == first) {
            uint32_t start = before->first, length = before->second;
            remove_run(start, length);
            first = start;
            count += length;
        }
    }
    insert_run(first, count);
}

void arena::decommit(uint32_t keep_blocks) {
    uint32_t regrowth = std::max(peak_, earlier_peak_) - used_blocks_;
    keep_blocks = std::max(keep_blocks, regrowth);
    earlier_peak_ = std::exchange(peak_, used_blocks_);
    // A program that runs for this long gets huge pages everywhere: the system makes them in the background.
    if (std::exchange(has_small_pages_, false)) madvise(start_of(0), size_t{prepared_} << block_shift, MADV_HUGEPAGE);
    // Short runs are the likeliest to be used again soon; give back the long ones first.
    uint32_t dirty_total = 0;
    for (auto [start, length] : free_runs_)
        for (uint32_t i = 0; i < length; ++i) dirty_total += blocks_[start + i].dirty;
    for (auto run = runs_by_length_.rbegin(); run != runs_by_length_.rend() && dirty_total > keep_blocks; ++run) {
        auto [length, start] = *run;
        uint32_t dirty = 0;
        for (uint32_t i = 0; i < length; ++i) {
            dirty += blocks_[start + i].dirty;
            blocks_[start + i].dirty = false;
        }
        if (dirty != 0) madvise(start_of(start), size_t{length} << block_shift, give_back);
        dirty_total -= dirty;
    }
}

} // namespace heddle::gc
