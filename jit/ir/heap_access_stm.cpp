// See heap_access.h: with transactions. Mutable places are read and written in the running transaction's view, const
// ones in view 0, as translated code does it (docs/stm.md).
#include "heddle/gc/gc.h"
#include "heddle/jit/thread_places.h"
#include "heddle/stm/stm.h"
#include "ir/heap_access.h"
#include "ir/slots.h"

extern "C" void heddle_copy_array(const void* source, int64_t source_index, void* destination,
                                  int64_t destination_index, int64_t count);

namespace heddle::jit {

namespace {

char* pointer(word object) {
    if (is_thread_state(object)) return reinterpret_cast<char*>(&heddle_thread) + offset_of_thread_place(object);
    if (is_thread_root(object)) return reinterpret_cast<char*>(heddle_stm.roots) + offset_of_thread_place(object);
    return word_to_pointer<char>(object);
}
char* item_address(const array_descr& array, word object, word index) {
    return pointer(object) + array.items_offset + index * array.shape.size;
}
char* in_view(char* address) { return address + heddle_stm.delta; }

bool is_plain(const field_descr& field, word object) { return field.immutable || is_thread_state(object); }

// A const reference is stored into an object that this transaction has made, which a collection may have promoted.
void constant_reference_barrier(char* object) {
    if (!(gc::header_of(object).flags & gc::flag_needs_barrier)) return;
    stm::held_lock lock;
    gc::write_barrier(object);
}

} // namespace

word get_field(const field_descr& field, word object) {
    char* place = pointer(object) + field.offset;
    if (is_plain(field, object)) return load_slot(field.shape, place);
    stm::mark_read(place);
    return load_slot(field.shape, in_view(place));
}

void set_field(const field_descr& field, word object, word value) {
    char* owner = pointer(object);
    if (is_thread_state(object)) return store_slot(field.shape, owner + field.offset, value);
    if (stm::needs_write_barrier(owner)) heddle_stm_write_object(owner);
    store_slot(field.shape, in_view(owner + field.offset), value);
    // A collection may have committed the object since this transaction made it. Then its commit will copy all of it.
    if (field.immutable) store_slot(field.shape, owner + field.offset, value);
}

word get_array_item(const array_descr& array, word object, word index) {
    char* place = item_address(array, object, index);
    if (array.immutable) return load_slot(array.shape, place);
    stm::mark_read(place);
    return load_slot(array.shape, in_view(place));
}

void set_array_item(const array_descr& array, word object, word index, word value) {
    char *owner = pointer(object), *place = item_address(array, object, index);
    if (array.immutable) {
        if (array.shape.is_reference) constant_reference_barrier(owner);
        return store_slot(array.shape, place, value);
    }
    if (stm::needs_write_barrier(owner)) heddle_stm_write_item(owner, index);
    store_slot(array.shape, in_view(place), value);
}

void copy_array(const array_descr&, word source, word source_index, word destination, word destination_index,
                word count) {
    heddle_copy_array(pointer(source), static_cast<int64_t>(source_index), pointer(destination),
                      static_cast<int64_t>(destination_index), static_cast<int64_t>(count));
}

word peek_field(const field_descr& field, word object) {
    char* place = pointer(object) + field.offset;
    return load_slot(field.shape, is_plain(field, object) ? place : in_view(place));
}

word peek_array_item(const array_descr& array, word object, word index) {
    char* place = item_address(array, object, index);
    return load_slot(array.shape, array.immutable ? place : in_view(place));
}

} // namespace heddle::jit
