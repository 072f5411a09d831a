// operator new and delete: memory outside of the heap that a transaction takes is given back when it is aborted, and
// what it gives back is kept until it is committed.
//
// So C++ objects of interpreter functions (strings, vectors) need no destructors to run in an abort.
#include "runtime.h"

#include <cstdio>
#include <new>

namespace heddle::stm {

namespace {

bool is_recorded() {
    return self != nullptr && self->running != nullptr && !heddle_stm.inevitable && self->lock_depth == 0 &&
           self->own_memory == 0;
}

void* allocate(size_t bytes, size_t alignment) {
    void* memory = alignment == 0 ? std::malloc(bytes == 0 ? 1 : bytes)
                                  : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (memory == nullptr) {
        std::fprintf(stderr, "heddle: out of memory: %zu bytes outside of the heap\n", bytes);
        std::exit(1);
    }
    if (is_recorded()) self->allocated.push(memory);
    return memory;
}

// Under a held_lock memory may be given back that the transaction has taken before: an abort would do it again.
bool must_keep() {
    return is_recorded() || (self != nullptr && self->outside_locks != 0 && self->running != nullptr &&
                             !heddle_stm.inevitable && self->own_memory == 0);
}

void release(void* memory) {
    if (memory != nullptr && must_keep())
        self->freed.push(memory);
    else
        std::free(memory);
}

} // namespace

void forget_allocations(thread& t, bool committed) {
    for (void* memory : committed ? t.freed : t.allocated) std::free(memory);
    t.allocated.clear();
    t.freed.clear();
}

} // namespace heddle::stm

using heddle::stm::allocate, heddle::stm::release;

void* operator new(size_t bytes) { return allocate(bytes, 0); }
void* operator new[](size_t bytes) { return allocate(bytes, 0); }
void* operator new(size_t bytes, std::align_val_t a) { return allocate(bytes, static_cast<size_t>(a)); }
void* operator new[](size_t bytes, std::align_val_t a) { return allocate(bytes, static_cast<size_t>(a)); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 0); }
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 0); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, size_t) noexcept { release(memory); }
void operator delete[](void* memory, size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { release(memory); }
