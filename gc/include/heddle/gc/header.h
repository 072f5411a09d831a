// The header of a GC object: 8 bytes just before the object's address.
//
//     object - 8   uint32_t  type id (type_info::id; 0 marks a filler, i.e. free space that can be walked over)
//     object - 4   uint32_t  flags (below)
//     object       the C++ object: vtable pointer first, 8-byte aligned
//
// A fresh object has flags 0, so that allocation writes the header with one 8-byte store of the type id (little
// endian). The space an object takes is total_size() = the header plus its bytes, rounded up to 8, at least 16.
//
// One past an object's end is at most the address of the next object's header: any word in [object, end] therefore
// names one object only (the conservative scan depends on this).
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle::gc {

constexpr size_t header_size = 8;
constexpr size_t minimum_total_size = 16;

// Flags. The JIT and translated code may test needs_barrier, has_cards and cards_dirty; nobody outside gc/ writes any.
enum header_flag : uint32_t {
    // Set on old objects that are not in the remembered set: a store of a reference into one calls the slow path.
    flag_needs_barrier = 1u << 0,
    // An old array with card marking: the slow path dirties a card and leaves needs_barrier set.
    flag_has_cards = 1u << 1,
    // ... that already is in the list of arrays with dirty cards.
    flag_cards_dirty = 1u << 2,
    // During a minor collection: the object has moved; its first word is the new address.
    flag_forwarded = 1u << 3,
    // During a minor collection: a young object that was reached and stays in its place.
    flag_reached_in_place = 1u << 4,
    // Must not move (make_immovable, pin, an ambiguous root).
    flag_immovable = 1u << 5,
    flag_ambiguous_root = 1u << 6,
    flag_user_pinned = 1u << 7,
    // The identity hash is in a side table, not derived from the address.
    flag_hash_in_table = 1u << 8,
    // Temporary mark of the finalizer ordering.
    flag_visited = 1u << 9,
    // In how many minor collections running an ambiguous root has pinned the young object (2 bits).
    flag_pin_age_one = 1u << 10,
    flag_pin_age_mask = 3u << 10,
    // STM builds: the object isn't of the running transaction's making, so a write to it takes the barrier's slow path.
    flag_committed = 1u << 16,
};

struct header {
    uint32_t type_id;
    uint32_t flags;
};

inline header& header_of(const void* object) {
    return *reinterpret_cast<header*>(reinterpret_cast<uintptr_t>(object) - header_size);
}

inline uint32_t type_id_of(const void* object) { return header_of(object).type_id; }

constexpr size_t align_to_8(size_t bytes) { return (bytes + 7) & ~size_t{7}; }

// Bytes from header to the next header for an object with `size` bytes without header.
constexpr size_t total_size_for(size_t size) {
    size_t total = align_to_8(header_size + size);
    return total < minimum_total_size ? minimum_total_size : total;
}

} // namespace heddle::gc
