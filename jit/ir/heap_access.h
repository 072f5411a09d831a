// Loads and stores of fields and array items, with their barriers, as the interpreters of jitcode and traces do them.
//
// Inline in the regular build. In builds with transactions (heap_access_stm.cpp) they go through the running one's
// view.
#pragma once
#include "heddle/gc/gc.h"
#include "heddle/jit/descriptors.h"
#include "ir/slots.h"
#include <cstring>

namespace heddle::jit {

#ifdef HEDDLE_STM

word get_field(const field_descr& field, word object);
void set_field(const field_descr& field, word object, word value);
word get_array_item(const array_descr& array, word object, word index);
void set_array_item(const array_descr& array, word object, word index, word value);
void copy_array(const array_descr& array, word source, word source_index, word destination, word destination_index,
                word count);

// What a place holds now, without any trace of the look: for guesses about the program's state.
word peek_field(const field_descr& field, word object);
word peek_array_item(const array_descr& array, word object, word index);

#else

inline char* item_address(const array_descr& array, word object, word index) {
    return word_to_pointer<char>(object) + array.items_offset + index * array.shape.size;
}

inline word get_field(const field_descr& field, word object) {
    return load_slot(field.shape, word_to_pointer<char>(object) + field.offset);
}

inline void set_field(const field_descr& field, word object, word value) {
    if (field.shape.is_reference && !field.owner_is_global) gc::write_barrier(word_to_pointer<char>(object));
    store_slot(field.shape, word_to_pointer<char>(object) + field.offset, value);
}

inline word get_array_item(const array_descr& array, word object, word index) {
    return load_slot(array.shape, item_address(array, object, index));
}

inline void set_array_item(const array_descr& array, word object, word index, word value) {
    if (array.shape.is_reference) gc::write_barrier_array(word_to_pointer<char>(object), index);
    store_slot(array.shape, item_address(array, object, index), value);
}

inline void copy_array(const array_descr& array, word source, word source_index, word destination,
                       word destination_index, word count) {
    if (array.shape.is_reference) gc::bulk_write_barrier(word_to_pointer<char>(destination));
    std::memmove(item_address(array, destination, destination_index), item_address(array, source, source_index),
                 count * array.shape.size);
}

inline word peek_field(const field_descr& field, word object) { return get_field(field, object); }
inline word peek_array_item(const array_descr& array, word object, word index) {
    return get_array_item(array, object, index);
}

#endif

} // namespace heddle::jit
