// What DSL headers call out of line, in plain and translated builds alike.
// No DSL header here: each would register a second heddle::object beside the translated program's.
#include "heddle/gc/gc.h"
#include <cstring>

extern "C" void* heddle_try_new_array(const heddle::gc::type_info* type, long length) {
    if (length < 0) return nullptr;
    return heddle_gc_try_allocate_array_slow(type, static_cast<uint64_t>(length), 0);
}

extern "C" void heddle_copy_array(const void* source, long source_index, void* destination, long destination_index,
                                  long count) {
    if (count <= 0) return;
    const heddle::gc::type_info* type = heddle::gc::type_of(destination);
    auto* to = static_cast<char*>(destination) + type->items_offset + destination_index * type->item_size;
    auto* from = static_cast<const char*>(source) + type->items_offset + source_index * type->item_size;
    std::memmove(to, from, static_cast<size_t>(count) * type->item_size);
    if (type->items_are_references) heddle::gc::bulk_write_barrier(destination);
}

extern "C" bool heddle_stack_is_low() {
    return static_cast<char*>(__builtin_frame_address(0)) < heddle_thread.stack_limit;
}

// A reference is stored into a member<> of which translated code has only the address.
extern "C" void heddle_write_barrier_interior(void* slot) { heddle::gc::write_barrier_interior(slot); }
