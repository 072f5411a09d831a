// What DSL headers call out of line, in plain and translated builds alike.
// No DSL header here: each would register a second heddle::object beside the translated program's.
#include "heddle/gc/gc.h"
#include <cstring>

extern "C" void* heddle_try_new_array(const heddle::gc::type_info* type, int64_t length) {
    if (length < 0) return nullptr;
    return heddle_gc_try_allocate_array_slow(type, static_cast<uint64_t>(length), 0);
}

extern "C" void heddle_copy_array(const void* source, int64_t source_index, void* destination,
                                  int64_t destination_index, int64_t count) {
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

// heddle/threads.h where there is one thread: what is started runs at once, so there is nothing to wait for.
static long current_thread = 0, last_thread = 0;
static unsigned atomic_depth = 0;

extern "C" long heddle_start_thread(void (*run)(void*), void* argument) {
    long outer = current_thread, number = ++last_thread;
    unsigned outer_depth = atomic_depth;
    current_thread = number;
    atomic_depth = 0;
    run(argument);
    current_thread = outer;
    atomic_depth = outer_depth;
    return number;
}
extern "C" bool heddle_wait_for_thread(long) { return atomic_depth == 0; }
extern "C" bool heddle_thread_has_ended(long) { return true; }
extern "C" long heddle_current_thread() { return current_thread; }
extern "C" void heddle_atomic_begin() { ++atomic_depth; }
extern "C" void heddle_atomic_end() {
    if (atomic_depth != 0) --atomic_depth;
}
extern "C" bool heddle_threads_are_parallel() { return false; }
