// Identity hashes and pinning.
//
// The hash is made of the object's address once that is final. For a young object that may still move, a cell in old
// space is reserved at once: the hash is that of the cell's address, and the object moves there. If it gets old in its
// place after all, a side table keeps the cell for as long as the object lives: another object in that cell would have
// the same hash, and Python's id() is made of it. (The reserved cell is PyPy's idea.)
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "local.h"

namespace heddle::gc {

namespace {

uint64_t hash_of_address(const void* address) {
    uint64_t bits = reinterpret_cast<uintptr_t>(address) >> 3;
    bits *= 0x9e3779b97f4a7c15u;
    bits ^= bits >> 32;
    return bits == 0 ? 1 : bits;
}

uint32_t number_in_block(const char* cell) {
    return collector.heap.block_of(cell).cell_of(
        static_cast<uintptr_t>(cell - collector.heap.start_of(collector.heap.index_of(cell))));
}
void release_cell(char* cell) { collector.heap.block_of(cell).clear(number_in_block(cell)); }
void mark_cell(char* cell) { collector.heap.block_of(cell).set_mark(number_in_block(cell)); }

bool in_nursery(const void* object) { return collector.heap.kind_of(object) == kind_nursery; }

} // namespace

#ifdef HEDDLE_STM
// Of an object that only the running transaction knows: without the lock.
static uint64_t hash_of_own(local_heap& own, void* object) {
    own_memory unrecorded;
    header& head = header_of(object);
    if (head.flags & flag_hash_in_table) return hash_of_address(own.hashes.find(object)->second + header_size);
    size_t total = total_size(collector, object);
    if (total > nursery_object_limit) head.flags |= flag_immovable;
    if (head.flags & flag_immovable) return hash_of_address(object);
    char* cell = allocate_cell(own, total);
    *reinterpret_cast<header*>(cell) = {0, static_cast<uint32_t>(total)};
    head.flags |= flag_hash_in_table;
    own.hashes.emplace(object, cell);
    return hash_of_address(cell + header_size);
}
#endif

uint64_t identity_hash(void* object) {
    if (!in_nursery(object) && !(header_of(object).flags & flag_hash_in_table)) return hash_of_address(object);
#ifdef HEDDLE_STM
    local_heap* own = heap_of_transaction();
    if (own != nullptr && in_nursery(object) && !(header_of(object).flags & flag_committed))
        return hash_of_own(*own, object);
#endif
    heap_lock lock;
    header& head = header_of(object);
    if (head.flags & flag_hash_in_table) {
        if (!in_nursery(object)) return hash_of_address(collector.old_hashes.find(object)->second + header_size);
        return hash_of_address(collector.young_hashes.find(object)->second + header_size);
    }
    size_t total = total_size(collector, object);
    if (total > nursery_object_limit) {
        make_immovable(object);
        return hash_of_address(object);
    }
    if (head.flags & flag_immovable) return hash_of_address(object);
    char* cell = collector.old.allocate(total);
    *reinterpret_cast<header*>(cell) = {0, static_cast<uint32_t>(total)};
    head.flags |= flag_hash_in_table;
    collector.young_hashes.emplace(object, cell);
    return hash_of_address(cell + header_size);
}

char* take_reserved_cell(void* object) {
    auto entry = collector.young_hashes.find(object);
    char* cell = entry->second;
    collector.young_hashes.erase(entry);
    return cell;
}

void settle_young_hashes() {
    for (auto entry = collector.young_hashes.begin(); entry != collector.young_hashes.end();) {
        auto [object, cell] = *entry;
        bool is_old = !collector.is_young(object);
        // A dead object's chunk may have got old.
        bool alive = is_old
                         ? find_old_object(reinterpret_cast<uintptr_t>(object)) == object
                         : std::binary_search(collector.young_in_place.begin(), collector.young_in_place.end(), object);
        if (alive && !is_old) {
            ++entry;
            continue;
        }
        if (alive)
            collector.old_hashes.emplace(object, cell);
        else
            release_cell(cell);
        entry = collector.young_hashes.erase(entry);
    }
}

void mark_reserved_cells() {
    collector.old.flush();
    for (auto [object, cell] : collector.young_hashes) mark_cell(cell);
}

// The cells of the dead are swept.
void drop_dead_hashes() {
    for (auto entry = collector.old_hashes.begin(); entry != collector.old_hashes.end();) {
        if (!is_marked(entry->first)) {
            entry = collector.old_hashes.erase(entry);
            continue;
        }
        mark_cell(entry->second);
        ++entry;
    }
}

bool is_immovable(const void* object) { return !in_nursery(object) || (header_of(object).flags & flag_immovable) != 0; }

void make_immovable(void* object) {
    heap_lock lock;
    if (in_nursery(object)) header_of(object).flags |= flag_immovable;
}

void pin(void* object) {
    become_inevitable();
    heap_lock lock;
    ++collector.user_pins[object];
}

void unpin(void* object) {
    become_inevitable();
    heap_lock lock;
    auto entry = collector.user_pins.find(object);
    if (entry == collector.user_pins.end()) {
        std::fputs("heddle: gc::unpin of an object that isn't pinned\n", stderr);
        std::abort();
    }
    if (--entry->second == 0) collector.user_pins.erase(entry);
}

} // namespace heddle::gc
