// What DSL headers call out of line: heddle_rt's functions (toolchain/dsl/src/runtime.cpp), for views.
#include "runtime.h"

#include <cstring>

extern "C" {

void* heddle_try_new_array(const heddle::gc::type_info* type, int64_t length) {
    if (length < 0) return nullptr;
    return heddle_gc_try_allocate_array_slow(type, static_cast<uint64_t>(length), 0);
}

void heddle_copy_array(const void* source, int64_t source_index, void* destination, int64_t destination_index,
                       int64_t count) {
    if (count <= 0) return;
    const auto& type = heddle::gc::collector.type_of(destination);
    auto* to = static_cast<char*>(destination) + type.items_offset + destination_index * type.item_size;
    auto* from = static_cast<const char*>(source) + type.items_offset + source_index * type.item_size;
    size_t bytes = static_cast<size_t>(count) * type.item_size;
    void* readable = heddle_stm_read_range(const_cast<char*>(from), bytes);
    std::memmove(heddle_stm_write_items(destination, to, bytes), readable, bytes);
}

bool heddle_stack_is_low() { return static_cast<char*>(__builtin_frame_address(0)) < heddle_thread.stack_limit; }

long heddle_start_thread(void (*run)(void*), void* argument) { return heddle::stm::start_thread(run, argument); }
bool heddle_wait_for_thread(long number) { return heddle::stm::wait_for_thread(number); }
bool heddle_thread_has_ended(long number) { return heddle::stm::thread_has_ended(number); }
long heddle_current_thread() { return heddle::stm::current_thread(); }
void heddle_atomic_begin() { heddle::stm::atomic_begin(); }
void heddle_atomic_end() { heddle::stm::atomic_end(); }
long heddle_changes_seen() { return heddle::stm::changes_seen(); }
long heddle_wait_for_change(long seen, int64_t nanoseconds) {
    return static_cast<long>(heddle::stm::wait_for_change(seen, nanoseconds));
}
void heddle_announce_change() { heddle::stm::announce_change(); }
void heddle_become_inevitable() { heddle::stm::become_inevitable(); }
bool heddle_threads_are_parallel() { return true; }
long heddle_unique_number() {
    static long last = 0;
    return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}
}
