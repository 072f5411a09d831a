// What machine code and the translator must know of the collector: constants only.
//
// Inlined allocation of a class without finalizer, of a constant total <= nursery_object_limit:
//     start = [thread + nursery_free]; end = start + total
//     if (end > [thread + nursery_top]) object = heddle_gc_allocate_slow(type, total)     -- never null
//     else { [thread + nursery_free] = end; [start] = (uint64) type.id; object = start + header_size }
// then all reference slots and an array's length must be written before the next safepoint.
//
// Inlined barrier:     test byte [object + flags_offset], flag_needs_barrier;  jnz slow
//   slow, field:       call heddle_gc_write_barrier_slow(object)
//   slow, array item:  call heddle_gc_write_barrier_array_slow(array, index). It may be inlined for arrays with
//                      (flags & (has_cards | cards_dirty)) == both:
//                      byte [heddle_gc_cards + (address of item >> heddle_gc_card_shift)] = 1
#pragma once

#include <cstddef>
#include <cstdint>

#include "heddle/gc/gc.h"

namespace heddle::gc::jit_interface {

constexpr int header_offset = -8;  // uint64: the type id, flags 0, for a fresh object
constexpr int type_id_offset = -8; // uint32
constexpr int flags_offset = -4;   // uint32; the barrier flags lie in its lowest byte
constexpr uint32_t needs_barrier_mask = flag_needs_barrier;
constexpr uint32_t has_cards_mask = flag_has_cards;
constexpr uint32_t cards_dirty_mask = flag_cards_dirty;
static_assert((flag_needs_barrier | flag_has_cards | flag_cards_dirty) < 256);

constexpr size_t object_header_size = header_size;
constexpr size_t object_minimum_total = minimum_total_size;
constexpr size_t inline_allocation_limit = nursery_object_limit;

constexpr size_t nursery_free_offset = offsetof(thread_state, nursery_free);
constexpr size_t nursery_top_offset = offsetof(thread_state, nursery_top);
constexpr size_t error_offset = offsetof(thread_state, error);
constexpr size_t stack_limit_offset = offsetof(thread_state, stack_limit);
constexpr size_t action_flag_offset = offsetof(thread_state, action_flag);
constexpr size_t jit_frame_top_offset = offsetof(thread_state, jit_frame_top);
constexpr size_t jit_extra_offset = offsetof(thread_state, jit_extra);
static_assert(nursery_free_offset == 0 && nursery_top_offset == sizeof(void*));

} // namespace heddle::gc::jit_interface
