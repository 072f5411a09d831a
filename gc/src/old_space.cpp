// Size classes, runs of free cells, lazy sweeping. See old_space.h.
#include "old_space.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace heddle::gc {

namespace {

constexpr size_t smallest_useful_gap = 64;

// Above 1 KiB: sizes that divide a block with little waste.
constexpr uint32_t blocks_cut_in[] = {28, 24, 20, 16, 14, 12, 10, 8, 7, 6, 5, 4, 3, 2};

} // namespace

void old_space::initialise(arena& blocks, bool poison) {
    arena_ = &blocks;
    poison_ = poison;
    class_count_ = 0;
    auto add = [this](size_t size) { cell_sizes_[class_count_++] = static_cast<uint32_t>(size); };
    for (size_t size = 16; size <= 128; size += 8) add(size);
    for (size_t step = 16; step <= 64; step *= 2)
        for (size_t size = step * 8 + step; size <= step * 16; size += step) add(size);
    for (uint32_t parts : blocks_cut_in) add(block_size / parts & ~size_t{7});
    unsigned size_class = 0;
    for (size_t words = 0; words <= nursery_object_limit / 8; ++words) {
        while (cell_sizes_[size_class] < words * 8) ++size_class;
        class_of_[words] = static_cast<uint8_t>(size_class);
    }
    std::memset(runs_, 0, sizeof runs_);
}

void old_space::reset() {
    for (unsigned c = 0; c < class_count_; ++c) {
        swept_[c].clear();
        unswept_[c].clear();
        available_[c].clear();
    }
    for (auto* list : {&mixed_, &unswept_mixed_, &large_, &unswept_large_}) list->clear();
    gaps_.clear();
    std::memset(runs_, 0, sizeof runs_);
    old_bytes_ = large_bytes_ = large_blocks_ = 0;
    marking_ = false;
}

void old_space::flush_run(run& current, size_t step) {
    if (current.flushed == current.free) return;
    block& record = arena_->block_at(current.block_index);
    char* start = arena_->start_of(current.block_index);
    for (char* cell = current.flushed; cell < current.free; cell += step) {
        uint32_t index = record.cell_of(static_cast<uintptr_t>(cell - start));
        record.set_live(index);
        if (marking_) record.set_mark(index);
    }
    uint64_t bytes = static_cast<uint64_t>(current.free - current.flushed);
    record.accounted_bytes += bytes;
    old_bytes_ += bytes;
    current.flushed = current.free;
}

void old_space::flush() {
    for (unsigned c = 0; c < class_count_; ++c) flush_run(runs_[c], cell_sizes_[c]);
}

void old_space::renew(own_runs& own, size_t total) {
    unsigned size_class = class_of_[(total + 7) >> 3];
    run& current = own.current[size_class];
    if (current.flushed != current.free) own.full.push_back({current, cell_sizes_[size_class]});
    current.flushed = current.free;
    while (!next_run(current, size_class)) {}
}

void old_space::flush(own_runs& own) {
    for (auto& [r, cell_size] : own.full) flush_run(r, cell_size);
    own.full.clear();
    for (unsigned c = 0; c < class_count_; ++c) flush_run(own.current[c], cell_sizes_[c]);
}

void old_space::take_back(own_runs& own) {
    own.full.clear();
    for (run& r : own.current) r.free = r.flushed;
}

char* old_space::allocate_slowly(unsigned size_class) {
    run& current = runs_[size_class];
    flush_run(current, cell_sizes_[size_class]);
    while (!next_run(current, size_class)) {}
    char* cell = current.free;
    current.free += cell_sizes_[size_class];
    return cell;
}

// Sets up the next run that holds at least one cell; false: try again (a swept block was full).
bool old_space::next_run(run& current, unsigned size_class) {
    uint32_t size = cell_sizes_[size_class];
    if (current.end != nullptr && arena_->kind(current.block_index) == kind_cells &&
        next_run_in_block(current, current.block_index))
        return true;
    if (!gaps_.empty() && static_cast<size_t>(gaps_.back().end - gaps_.back().start) >= size) {
        gap chosen = gaps_.back();
        gaps_.pop_back();
        current = {chosen.start, chosen.end, chosen.start, arena_->index_of(chosen.start)};
        return true;
    }
    uint32_t index;
    if (!available_[size_class].empty()) {
        index = available_[size_class].back();
        available_[size_class].pop_back();
    } else if (!unswept_[size_class].empty()) {
        index = unswept_[size_class].back();
        unswept_[size_class].pop_back();
        if (!sweep_block(index)) return false;
        swept_[size_class].push_back(index);
    } else {
        index = arena_->allocate_blocks(1, kind_cells, kind_cells);
        if (index == UINT32_MAX) {
            std::fputs("heddle: out of address space for the heap; set HEDDLE_GC_MAX to get a MemoryError instead\n",
                       stderr);
            std::abort();
        }
        block& record = arena_->block_at(index);
        record.size_class = static_cast<uint8_t>(size_class);
        record.swept = true;
        record.set_cells(size);
        swept_[size_class].push_back(index);
    }
    arena_->block_at(index).cursor = 0;
    return next_run_in_block(current, index);
}

bool old_space::next_run_in_block(run& current, uint32_t block_index) {
    block& record = arena_->block_at(block_index);
    uint32_t first = record.cursor;
    while (first < record.cell_count) {
        uint64_t free_bits = ~record.live[first >> 6] >> (first & 63);
        if (free_bits != 0) {
            first += static_cast<uint32_t>(__builtin_ctzll(free_bits));
            break;
        }
        first = (first | 63) + 1;
    }
    if (first >= record.cell_count) {
        record.cursor = record.cell_count;
        return false;
    }
    uint32_t last = first;
    while (last < record.cell_count) {
        uint64_t used_bits = record.live[last >> 6] >> (last & 63);
        if (used_bits != 0) {
            last += static_cast<uint32_t>(__builtin_ctzll(used_bits));
            break;
        }
        last = (last | 63) + 1;
    }
    last = std::min(last, record.cell_count);
    record.cursor = last;
    char* start = arena_->start_of(block_index);
    char* free = start + size_t{first} * record.cell_size;
    current = {free, start + size_t{last} * record.cell_size, free, block_index};
    return true;
}

void old_space::adopt_large(uint32_t block_index) {
    block& record = arena_->block_at(block_index);
    uint64_t bytes = record.large_bytes;
    record.swept = true;
    record.accounted_bytes = bytes;
    record.set_live(0);
    if (marking_) record.set_mark(0);
    old_bytes_ += bytes;
    large_bytes_ += bytes;
    large_blocks_ += record.span;
    arena_->kind(block_index) = kind_large;
    for (uint32_t i = 1; i < record.span; ++i) arena_->kind(block_index + i) = kind_large_rest;
    large_.push_back(block_index);
}

void old_space::adopt_chunk(uint32_t block_index, const std::vector<char*>& headers) {
    block& record = arena_->block_at(block_index);
    arena_->kind(block_index) = kind_mixed;
    record.swept = true;
    record.set_cells(8);
    for (char* header : headers) {
        uint32_t cell = record.cell_of(static_cast<uintptr_t>(header - arena_->start_of(block_index)));
        record.set_live(cell);
        if (marking_) record.set_mark(cell);
        record.accounted_bytes += total_size_of(header + header_size);
    }
    old_bytes_ += record.accounted_bytes;
    mixed_.push_back(block_index);
    collect_gaps(block_index);
}

// Offers the space between the objects of a mixed block for allocation.
void old_space::collect_gaps(uint32_t block_index) {
    block& record = arena_->block_at(block_index);
    char* start = arena_->start_of(block_index);
    char* free = start;
    auto offer = [&](char* end) {
        if (static_cast<size_t>(end - free) >= smallest_useful_gap && end > free) gaps_.push_back({free, end});
    };
    for (size_t word = 0; word < words_per_bitmap; ++word)
        for (uint64_t bits = record.live[word]; bits != 0; bits &= bits - 1) {
            char* header = start + (word * 64 + static_cast<size_t>(__builtin_ctzll(bits))) * 8;
            offer(header);
            free = header + total_size_of(header + header_size);
        }
    offer(start + block_size);
}

void old_space::begin_sweep() {
    flush();
    marking_ = false;
    std::memset(runs_, 0, sizeof runs_);
    gaps_.clear();
    auto all_unswept = [this](std::vector<uint32_t>& swept, std::vector<uint32_t>& unswept) {
        unswept.swap(swept);
        swept.clear();
        for (uint32_t index : unswept) arena_->block_at(index).swept = false;
    };
    for (unsigned c = 0; c < class_count_; ++c) {
        available_[c].clear();
        all_unswept(swept_[c], unswept_[c]);
    }
    all_unswept(mixed_, unswept_mixed_);
    all_unswept(large_, unswept_large_);
}

void old_space::poison_dead(uint32_t block_index) {
    block& record = arena_->block_at(block_index);
    if (record.cell_size < minimum_total_size) return; // mixed: sizes of dead objects are not known here
    for (uint32_t cell = 0; cell < record.cell_count; ++cell)
        if (record.is_live(cell) && !record.is_marked(cell))
            std::memset(arena_->start_of(block_index) + size_t{cell} * record.cell_size, 0xde, record.cell_size);
}

bool old_space::sweep_block(uint32_t block_index) {
    block& record = arena_->block_at(block_index);
    if (poison_) poison_dead(block_index);
    uint64_t survivors = 0;
    for (size_t word = 0; word < record.bitmap_words(); ++word) {
        record.live[word] &= record.mark[word];
        record.mark[word] = 0;
        survivors += static_cast<uint64_t>(__builtin_popcountll(record.live[word]));
    }
    record.swept = true;
    old_bytes_ -= record.accounted_bytes;
    record.accounted_bytes = 0;
    if (survivors == 0) {
        arena_->free_blocks(block_index, 1);
        return false;
    }
    if (record.cell_size >= minimum_total_size) {
        record.accounted_bytes = survivors * record.cell_size;
    } else {
        char* start = arena_->start_of(block_index);
        for (size_t word = 0; word < words_per_bitmap; ++word)
            for (uint64_t bits = record.live[word]; bits != 0; bits &= bits - 1)
                record.accounted_bytes +=
                    total_size_of(start + (word * 64 + static_cast<size_t>(__builtin_ctzll(bits))) * 8 + header_size);
    }
    old_bytes_ += record.accounted_bytes;
    return true;
}

void old_space::sweep_large(uint32_t block_index) {
    block& record = arena_->block_at(block_index);
    record.swept = true;
    if (record.is_marked(0)) {
        record.mark[0] = 0;
        large_.push_back(block_index);
        return;
    }
    record.clear(0);
    old_bytes_ -= record.accounted_bytes;
    large_bytes_ -= record.large_bytes;
    large_blocks_ -= record.span;
    if (poison_) std::memset(arena_->start_of(block_index), 0xde, std::min<size_t>(record.large_bytes, 4096));
    arena_->free_blocks(block_index, record.span);
}

bool old_space::sweep_some(size_t count) {
    auto pop = [&count](std::vector<uint32_t>& list, uint32_t& index) {
        if (list.empty() || count == 0) return false;
        index = list.back();
        list.pop_back();
        --count;
        return true;
    };
    uint32_t index;
    while (pop(unswept_large_, index)) sweep_large(index);
    while (pop(unswept_mixed_, index))
        if (sweep_block(index)) {
            mixed_.push_back(index);
            collect_gaps(index);
        }
    for (unsigned c = 0; c < class_count_; ++c)
        while (pop(unswept_[c], index))
            if (sweep_block(index)) {
                swept_[c].push_back(index);
                if (arena_->block_at(index).accounted_bytes + cell_sizes_[c] <= block_size)
                    available_[c].push_back(index);
            }
    return count != 0;
}

} // namespace heddle::gc
