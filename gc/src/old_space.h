// The old generation: blocks of equal cells by size class, former nursery chunks ("mixed" blocks), large objects.
// Nothing in it ever moves.
//
// Allocation of cells bumps through a run of free cells of one block. Allocation bits are set when the run is flushed
// (after each minor collection and whenever the run changes), not per object. After marking, every block is "unswept":
// an object in it lives if both its bits are set. Blocks are swept when their size class needs cells, and by
// sweep_some() between collections; an empty block goes back to the arena. Free space between the objects of mixed
// blocks serves as runs for any size class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "arena.h"

namespace heddle::gc {

constexpr unsigned maximum_size_classes = 64;

class old_space {
public:
    void initialise(arena& blocks, bool poison);
    void reset();

    // A cell for an object of `total` bytes (at most nursery_object_limit): the header's address. The object counts as
    // allocated from the next flush() on. Never fails: running out of address space ends the program.
    char* allocate(size_t total) {
        unsigned size_class = class_of_[(total + 7) >> 3];
        run& current = runs_[size_class];
        char* cell = current.free;
        if (static_cast<size_t>(current.end - cell) < cell_sizes_[size_class]) [[unlikely]]
            return allocate_slowly(size_class);
        current.free = cell + cell_sizes_[size_class];
        return cell;
    }
    // Sets the allocation bits (and, while marking, the mark bits) of all cells that were handed out.
    void flush();

    struct run {
        char* free;
        char* end;
        char* flushed; // cells below are accounted for
        uint32_t block_index;
    };
    // Runs of a thread's own (STM builds), from which it takes cells while other threads run.
    struct own_runs {
        run current[maximum_size_classes] = {};
        std::vector<std::pair<run, size_t>> full; // with cells that aren't flushed, and their size
    };
    // Null: renew() first.
    char* allocate(own_runs& own, size_t total) {
        unsigned size_class = class_of_[(total + 7) >> 3];
        run& current = own.current[size_class];
        char* cell = current.free;
        if (static_cast<size_t>(current.end - cell) < cell_sizes_[size_class]) return nullptr;
        current.free = cell + cell_sizes_[size_class];
        return cell;
    }
    void renew(own_runs& own, size_t total);
    // Calls visit(start, end) for all cells that aren't flushed.
    template <typename Visitor> static void for_new_cells(own_runs& own, Visitor visit) {
        auto show = [&](const run& r) {
            if (r.flushed != r.free) visit(r.flushed, r.free);
        };
        for (const auto& [r, cell_size] : own.full) show(r);
        for (const run& r : own.current) show(r);
    }
    void flush(own_runs& own);
    static void take_back(own_runs& own); // all that isn't flushed: it is free again, some of it from the next sweep on
    static void forget(own_runs& own) {   // for begin_sweep; everything is flushed
        for (run& r : own.current) r = {};
    }
    size_t cell_size_for(size_t total) const { return cell_sizes_[class_of_[(total + 7) >> 3]]; }

    // Takes over a large object, or a nursery chunk whose live objects' headers are given in ascending order.
    void adopt_large(uint32_t block_index);
    void adopt_chunk(uint32_t block_index, const std::vector<char*>& headers);

    // Marking has begun or ended: new objects are born marked in between.
    void set_marking(bool marking) { marking_ = marking; }
    // Marking is complete: everything unmarked is dead from now on.
    void begin_sweep();
    // Sweeps up to `count` blocks; true when nothing is left to sweep.
    bool sweep_some(size_t count);
    void finish_sweep() { sweep_some(SIZE_MAX); }

    uint64_t old_bytes() const { return old_bytes_; }
    uint64_t large_bytes() const { return large_bytes_; }
    uint64_t large_blocks() const { return large_blocks_; }

    // Calls visit(object) for each live object.
    template <typename Visitor> void for_each_object(Visitor visit) const;

private:
    struct gap {
        char* start;
        char* end;
    };

    char* allocate_slowly(unsigned size_class);
    bool next_run(run& current, unsigned size_class);
    bool next_run_in_block(run& current, uint32_t block_index);
    void flush_run(run& current, size_t step);
    // Sweeps one; false if the block turned out empty and was freed.
    bool sweep_block(uint32_t block_index);
    void sweep_large(uint32_t block_index);
    void collect_gaps(uint32_t block_index);
    void poison_dead(uint32_t block_index);

    arena* arena_ = nullptr;
    bool poison_ = false;
    bool marking_ = false;
    unsigned class_count_ = 0;
    uint8_t class_of_[nursery_object_limit / 8 + 1];
    uint32_t cell_sizes_[maximum_size_classes];
    run runs_[maximum_size_classes];
    std::vector<uint32_t> swept_[maximum_size_classes]; // all swept blocks of the class
    std::vector<uint32_t> unswept_[maximum_size_classes];
    std::vector<uint32_t> available_[maximum_size_classes]; // swept ones that may have free cells
    std::vector<uint32_t> mixed_, unswept_mixed_, large_, unswept_large_;
    std::vector<gap> gaps_;
    uint64_t old_bytes_ = 0;
    uint64_t large_bytes_ = 0; // page-rounded, young ones not included
    uint64_t large_blocks_ = 0;
};

// Bytes from the object's header to the next one; defined by the collector.
size_t total_size_of(const void* object);

template <typename Visitor> void old_space::for_each_object(Visitor visit) const {
    auto visit_block = [&](uint32_t index) {
        const block& record = arena_->block_at(index);
        uint32_t cell_bytes = record.cell_size;
        for (size_t word = 0; word < record.bitmap_words(); ++word) {
            uint64_t bits = record.live[word];
            if (!record.swept) bits &= record.mark[word];
            for (; bits != 0; bits &= bits - 1) {
                size_t cell = word * 64 + static_cast<size_t>(__builtin_ctzll(bits));
                char* object = arena_->start_of(index) + cell * cell_bytes + header_size;
                if (type_id_of(object) != 0) visit(object);
            }
        }
    };
    for (unsigned c = 0; c < class_count_; ++c) {
        for (uint32_t index : swept_[c]) visit_block(index);
        for (uint32_t index : unswept_[c]) visit_block(index);
    }
    for (const auto* list : {&mixed_, &unswept_mixed_, &large_, &unswept_large_})
        for (uint32_t index : *list) visit_block(index);
}

} // namespace heddle::gc
