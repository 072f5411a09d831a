// The heap's address range: reserved once, cut into blocks of 32 KiB, with side tables indexed by block number.
//
// Tables (reserved, touched on demand): one kind byte per block (heddle_gc_block_kinds), one `block` record per block
// with allocation and mark bits, one byte per card. Keeping the bits out of the blocks avoids that all block headers
// compete for the same cache sets, and lets sweeping and marking go on without touching the objects' pages.
//
// Invariant: kinds[b] says who owns block b. Free blocks form maximal runs in `free_runs`; blocks at or above
// `fresh_start` were never used (and so are zero).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "heddle/gc/gc.h"

namespace heddle::gc {

enum block_kind : uint8_t {
    kind_free = 0,
    kind_nursery = 1,
    kind_young_large = 2,        // first block of a young large object
    kind_young_large_rest = 3,   // the others
    kind_cells = first_old_kind, // equal cells of one size class
    kind_mixed,                  // a former nursery chunk with objects of any size
    kind_large,                  // first block of an old large object
    kind_large_rest,
};

constexpr size_t words_per_bitmap = block_size / 8 / 64;

// What is known of one block. Bit i of `live` and `mark` belongs to the object whose header is at cell i.
// Mixed blocks have cells of 8 bytes, large objects one cell.
struct block {
    uint32_t cell_size;
    uint32_t reciprocal; // cell index of byte offset o = (o * reciprocal) >> 32
    uint32_t cell_count;
    uint32_t span;   // large: number of blocks; rest of a large object: distance back to its first block
    uint32_t cursor; // cells: where the search for free cells goes on
    uint8_t size_class;
    bool swept;               // false after marking: `live` is to be masked with `mark` first
    bool dirty;               // the block's memory may be non-zero
    uint64_t accounted_bytes; // what old_bytes counts for this block (large: for the whole object)
    uint64_t large_bytes;     // large: bytes rounded up to pages
    uint64_t padding[2];
    uint64_t live[words_per_bitmap];
    uint64_t mark[words_per_bitmap];

    uint32_t cell_of(uintptr_t offset) const { return static_cast<uint32_t>((uint64_t{offset} * reciprocal) >> 32); }
    bool is_live(uint32_t cell) const { return live[cell >> 6] >> (cell & 63) & 1; }
    bool is_marked(uint32_t cell) const { return mark[cell >> 6] >> (cell & 63) & 1; }
    void set_live(uint32_t cell) { live[cell >> 6] |= uint64_t{1} << (cell & 63); }
    void set_mark(uint32_t cell) { mark[cell >> 6] |= uint64_t{1} << (cell & 63); }
    void clear(uint32_t cell) {
        live[cell >> 6] &= ~(uint64_t{1} << (cell & 63));
        mark[cell >> 6] &= ~(uint64_t{1} << (cell & 63));
    }
    size_t bitmap_words() const { return (cell_count + 63) / 64; }
    void clear_bitmaps();
    // Sets cell_size and what depends on it; cell_size 0: a single object.
    void set_cells(uint32_t size);
};

class arena {
public:
    // Reserves address space; null or a one-line error.
    const char* reserve(uint32_t card_bytes);
    void release();

    bool contains(uintptr_t address) const { return address - base_ < size_; }
    uint32_t index_of(uintptr_t address) const { return static_cast<uint32_t>((address - base_) >> block_shift); }
    uint32_t index_of(const void* address) const { return index_of(reinterpret_cast<uintptr_t>(address)); }
    char* start_of(uint32_t index) const { return reinterpret_cast<char*>(base_ + (uintptr_t{index} << block_shift)); }
    block& block_at(uint32_t index) const { return blocks_[index]; }
    block& block_of(const void* address) const { return blocks_[index_of(address)]; }
    uint8_t& kind(uint32_t index) const { return kinds_[index]; }
    uint8_t kind_of(const void* address) const { return kinds_[index_of(address)]; }

    // `count` adjacent blocks, all of the given kinds; UINT32_MAX if the reservation is used up.
    // *zeroed tells whether their memory is known to be zero.
    uint32_t allocate_blocks(uint32_t count, block_kind first, block_kind rest, bool* zeroed = nullptr);
    void free_blocks(uint32_t first, uint32_t count);
    // Gives memory of free blocks back to the system, all but `keep_blocks` of them, and all but what would bring the
    // heap back to the largest size it had since the last call but one: a program whose heap breathes does not pay for
    // page faults at each breath.
    void decommit(uint32_t keep_blocks);

    uint32_t fresh_start() const { return fresh_start_; }
    uint32_t block_count() const { return block_count_; }
    uint32_t used_blocks() const { return used_blocks_; }
    bool has_small_pages() const { return has_small_pages_; }

private:
    void prepare_fresh_blocks();
    void insert_run(uint32_t start, uint32_t length);
    void remove_run(uint32_t start, uint32_t length);

    uintptr_t base_ = 0;
    size_t size_ = 0;
    uint8_t* kinds_ = nullptr;
    block* blocks_ = nullptr;
    void* mapping_ = nullptr; // what base_ is aligned within
    void* cards_ = nullptr;
    size_t card_table_bytes_ = 0;
    uint32_t block_count_ = 0;
    uint32_t fresh_start_ = 0;
    uint32_t used_blocks_ = 0;
    uint32_t prepared_ = 0; // blocks below this have their kind of pages; a whole number of huge pages
    bool has_small_pages_ = false;
    uint32_t peak_ = 0, earlier_peak_ = 0;                   // of used blocks, since the last decommit and before it
    std::map<uint32_t, uint32_t> free_runs_;                 // start -> length, never adjacent
    std::set<std::pair<uint32_t, uint32_t>> runs_by_length_; // (length, start)
};

} // namespace heddle::gc
