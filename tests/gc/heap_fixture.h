// What the collector's tests share: a few GC classes, and a heap that lives as long as a test.
//
// The classes are laid out by hand, as the DSL would do it. The first word of each object is free for the test (the
// model test keeps the object's number there; it also takes the place of a vtable pointer).
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include "heddle/gc/gc.h"

namespace heddle_test {

using heddle::gc::type_info;

struct node { // two references and a number
    uint64_t number;
    node* left;
    node* right;
    uint64_t payload;
};

struct derived_node : node { // one more reference
    node* third;
};

struct reference_array {
    uint64_t number;
    uint64_t length;
    void* items[1];
};

struct byte_array {
    uint64_t number;
    uint64_t length;
    uint8_t items[8];
};

struct entry { // like a dict's
    uint64_t hash;
    void* key;
    void* value;
};

struct entry_array {
    uint64_t number;
    uint64_t length;
    entry items[1];
};

struct weak_node {
    uint64_t number;
    void* target;
    void* strong;
};

extern type_info node_type, derived_type, reference_array_type, byte_array_type, entry_array_type, weak_type,
    finalizable_type, light_type, unregistered_base_type;

node* new_node(uint64_t number);
node* new_derived(uint64_t number);
reference_array* new_references(uint64_t number, uint64_t length);
byte_array* new_bytes(uint64_t number, uint64_t length);
entry_array* new_entries(uint64_t number, uint64_t length);
weak_node* new_weak(uint64_t number, void* target);
node* new_finalizable(uint64_t number);
node* new_light(uint64_t number);

// Stores with the barrier.
template <typename Reference> void store(void* object, Reference*& slot, Reference* value) {
    slot = value;
    heddle::gc::write_barrier(object);
}
void store_item(reference_array* array, uint64_t index, void* value);

// Exact roots that are not on the stack (where they'd pin what they refer to). Null at a test's start.
extern void* roots[16];

// Numbers of finalized objects, in order.
extern std::vector<uint64_t> finalized;

// Initialises the collector with small nursery and verification, shuts it down at the end.
struct heap {
    static heddle::gc::options small();
    explicit heap(heddle::gc::options chosen = small());
    ~heap();
};

// Overwrites the stack below the caller, so that stale words there keep nothing alive.
void clear_stack();

} // namespace heddle_test
