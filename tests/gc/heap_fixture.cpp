// The GC classes of the collector's tests. See heap_fixture.h.
#include "heap_fixture.h"

#include <cstddef>
#include <vector>

namespace heddle_test {

std::vector<uint64_t> finalized;
void* roots[16];

namespace {

const uint32_t node_slots[] = {offsetof(node, left), offsetof(node, right)};
const uint32_t derived_slots[] = {offsetof(node, left), offsetof(node, right), sizeof(node)};
const uint32_t entry_slots[] = {offsetof(entry, key), offsetof(entry, value)};
const uint32_t weak_slots[] = {offsetof(weak_node, strong)};

void note_finalized(void* object) { finalized.push_back(static_cast<node*>(object)->number); }

type_info make_node_type(const char* name, const type_info* base) {
    type_info type;
    type.name = name;
    type.base = base;
    type.fixed_size = sizeof(node);
    type.reference_offsets = node_slots;
    type.reference_count = 2;
    return type;
}

type_info make_derived_type() {
    type_info type = make_node_type("derived_node", &node_type);
    type.fixed_size = sizeof(derived_node);
    type.reference_offsets = derived_slots;
    type.reference_count = 3;
    return type;
}

type_info make_array_type(const char* name, uint32_t item_size) {
    type_info type;
    type.name = name;
    type.fixed_size = 16;
    type.item_size = item_size;
    type.length_offset = 8;
    type.items_offset = 16;
    return type;
}

type_info make_reference_array_type() {
    type_info type = make_array_type("reference_array", sizeof(void*));
    type.items_are_references = true;
    return type;
}

type_info make_entry_array_type() {
    type_info type = make_array_type("entry_array", sizeof(entry));
    type.item_reference_offsets = entry_slots;
    type.item_reference_count = 2;
    return type;
}

type_info make_weak_type() {
    type_info type;
    type.name = "weak_node";
    type.fixed_size = sizeof(weak_node);
    type.is_weak = true;
    type.weak_offset = offsetof(weak_node, target);
    type.reference_offsets = weak_slots;
    type.reference_count = 1;
    return type;
}

type_info make_finalizable_type(const char* name, bool light) {
    type_info type = make_node_type(name, &node_type);
    type.has_finalizer = true;
    type.finalizer_is_light = light;
    type.finalizer = note_finalized;
    return type;
}

} // namespace

type_info node_type = make_node_type("node", nullptr);
type_info derived_type = make_derived_type();
type_info reference_array_type = make_reference_array_type();
type_info byte_array_type = make_array_type("byte_array", 1);
type_info entry_array_type = make_entry_array_type();
type_info weak_type = make_weak_type();
type_info finalizable_type = make_finalizable_type("finalizable", false);
type_info light_type = make_finalizable_type("light", true);
type_info unregistered_base_type = make_node_type("unregistered", nullptr);

namespace {

// Derived classes first: the order of registration must not matter.
heddle::gc::registration registrations[] = {
    heddle::gc::registration{[] { return &light_type; }},
    heddle::gc::registration{[] { return &finalizable_type; }},
    heddle::gc::registration{[] { return &derived_type; }},
    heddle::gc::registration{[] { return &node_type; }},
    heddle::gc::registration{[] { return &reference_array_type; }},
    heddle::gc::registration{[] { return &byte_array_type; }},
    heddle::gc::registration{[] { return &entry_array_type; }},
    heddle::gc::registration{[] { return &weak_type; }},
};

node* initialised_node(void* memory, uint64_t number) {
    auto* object = static_cast<node*>(memory);
    object->number = number;
    object->left = object->right = nullptr;
    object->payload = number * 3;
    return object;
}

template <typename Array> Array* initialised_array(void* memory, uint64_t number) {
    auto* object = static_cast<Array*>(memory);
    if (object != nullptr) object->number = number;
    return object;
}

} // namespace

node* new_node(uint64_t number) { return initialised_node(heddle::gc::allocate(node_type), number); }

node* new_derived(uint64_t number) {
    auto* object = static_cast<derived_node*>(initialised_node(heddle::gc::allocate(derived_type), number));
    object->third = nullptr;
    return object;
}

node* new_finalizable(uint64_t number) { return initialised_node(heddle::gc::allocate(finalizable_type), number); }
node* new_light(uint64_t number) { return initialised_node(heddle::gc::allocate(light_type), number); }

reference_array* new_references(uint64_t number, uint64_t length) {
    return initialised_array<reference_array>(heddle::gc::allocate_array(reference_array_type, length, false), number);
}

byte_array* new_bytes(uint64_t number, uint64_t length) {
    return initialised_array<byte_array>(heddle::gc::allocate_array(byte_array_type, length, false), number);
}

entry_array* new_entries(uint64_t number, uint64_t length) {
    return initialised_array<entry_array>(heddle::gc::allocate_array(entry_array_type, length, false), number);
}

weak_node* new_weak(uint64_t number, void* target) {
    auto* object = static_cast<weak_node*>(heddle::gc::allocate(weak_type));
    object->number = number;
    object->target = target;
    object->strong = nullptr;
    return object;
}

void store_item(reference_array* array, uint64_t index, void* value) {
    array->items[index] = value;
    heddle::gc::write_barrier_array(array, index);
}

heddle::gc::options heap::small() {
    heddle::gc::options chosen;
    chosen.nursery_bytes = 256 << 10;
    chosen.verify = true;
    chosen.poison = true;
    return chosen;
}

namespace {

void walk_roots(heddle::gc::root_visitor& visitor, void*) {
    for (void*& root : roots) visitor.visit(&root);
}

} // namespace

heap::heap(heddle::gc::options chosen) {
    for (void*& root : roots) root = nullptr;
    heddle::gc::add_root_walker(walk_roots, nullptr);
    finalized.clear();
    const char* error = heddle::gc::initialise(chosen);
    INFO((error == nullptr ? "" : error));
    REQUIRE(error == nullptr);
}

heap::~heap() {
    heddle::gc::remove_root_walker(walk_roots, nullptr);
    heddle::gc::shutdown();
}

__attribute__((noinline)) void clear_stack() {
    volatile char space[32768];
    for (volatile char& byte : space) byte = 0;
}

} // namespace heddle_test
