// type_info: what the collector knows about one class of GC objects.
//
// One type_info per GC class, constant-initialised and immortal. The DSL's HEDDLE_GC_CLASS fills it; the translator
// may set `vtable`. `id` and `last_id` are assigned by heddle::gc::initialise() (or register_type) in pre-order over
// the class tree, so that "object is a T or derives from T" is one unsigned comparison:
//     type_id(object) - T.id <= T.last_id - T.id
//
// Offsets are in bytes from the object's address (the address after the 8-byte header, which is what a C++ `this` is).
// A reference slot holds an object's address, null, or a tagged word whose low bit is 1 (which the collector skips).
// An object's address always is 8-byte aligned and inside the collector's heap: a reference to static data is an error.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle::gc {

struct type_info {
    const char* name = nullptr;
    const type_info* base = nullptr; // null: a root of the class tree

    // Pre-order number of the class and of the last class derived from it. 0: not registered yet.
    uint32_t id = 0;
    uint32_t last_id = 0;

    uint32_t fixed_size =
        0; // bytes without the header, at least a pointer; variable-sized: the bytes before the first item

    // Variable-sized classes: item_size > 0; the number of items is a 64-bit word at length_offset, written by
    // allocate_array before it returns and never changed afterwards; items start at items_offset.
    uint32_t item_size = 0;
    uint32_t length_offset = 0;
    uint32_t items_offset = 0;

    bool items_are_references = false; // each item is one reference slot (item_size == sizeof(void*))
    bool has_finalizer = false;        // `finalizer` runs once after the object was found dead
    // A light finalizer only frees foreign memory: it neither reads other GC objects, nor allocates, nor revives the
    // object. It runs inside the collection that finds the object dead, in no particular order.
    bool finalizer_is_light = false;
    bool is_weak = false; // the slot at weak_offset doesn't keep its target alive and is nulled when the target dies

    uint32_t weak_offset = 0; // must not be among reference_offsets

    // All reference slots of the fixed part, inherited ones too, without the weak one.
    const uint32_t* reference_offsets = nullptr;
    uint32_t reference_count = 0;

    // Items that are structs with references inside (dict entries): offsets from the item's start. Otherwise empty.
    uint32_t item_reference_count = 0;
    const uint32_t* item_reference_offsets = nullptr;

    void (*finalizer)(void* object) = nullptr;

    const void* vtable = nullptr; // set by the translator; the JIT stores it into objects that it allocates
};

// A node of the list of all classes, linked in during static initialisation:
//     static heddle::gc::registration node{[] { return &my_type_info; }};
// The function is called in initialise(). Nodes must live as long as the program.
struct registration {
    explicit registration(type_info* (*get_type)());
    type_info* (*get)();
    registration* next;
};

} // namespace heddle::gc
