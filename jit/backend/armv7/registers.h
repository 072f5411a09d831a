// The ARMv7 registers as the allocator numbers them, the calling convention (AAPCS, VFP variant), the layout of a
// frame.
//
//     [fp + 64 ..]     caller's r4 to r11, ip (for alignment), lr
//     [fp ..]          caller's d8 to d15
//     [fp - 8 - 8k]    spill slot k: a double, or an integer or pointer in its low four bytes
//     [sp ..]          outgoing arguments of calls
// fp = r11 is the base for the whole invocation; bridges run in the frame of their loop and lower sp when they need
// more. sp is a multiple of 8 throughout. r10 = the thread's state. Scratch, never allocated: ip (the assembler's own),
// lr, d15; d14 is the temporary of parallel moves, which may hold a value of any kind.
#pragma once
#include "backend/armv7/assembler.h"
#include "backend/common/place.h"
#include "backend/common/register_allocator.h"

namespace heddle::jit::armv7 {

enum floating_number { d0 = first_floating_register, d14 = first_floating_register + 14, d15 };
constexpr int frame_base = r11, thread = r10, scratch = lr;
constexpr int vfp(int number) { return number - first_floating_register; } // the allocator's number to the machine's
constexpr int vfp_low_single(int number) { return 2 * vfp(number); }

constexpr uint64_t all_allocatable = 0x3ff | uint64_t{0x3fff} << first_floating_register;
constexpr uint64_t callee_saved = 0x3f0 | uint64_t{0x3f00} << first_floating_register;
constexpr uint64_t caller_saved = all_allocatable & ~callee_saved;
// For tests: so few registers that everything gets spilled.
constexpr uint64_t few_registers = 0x3f | uint64_t{7} << first_floating_register;

constexpr int integer_argument_count = 4, floating_argument_count = 8;
constexpr uint32_t saved_general = 0x5ff0;     // r4 to r11, ip, lr
constexpr uint32_t returning_general = 0x9ff0; // the same with pc for lr

constexpr int32_t slot_offset(int slot) { return -8 - 8 * slot; }

// A frame's size must fit an instruction's constant: eight significant bits.
constexpr uint32_t frame_size_for(uint32_t slots, uint32_t outgoing_bytes) {
    uint32_t bytes = (8 * slots + outgoing_bytes + 7) & ~7u;
    for (uint32_t unit = 16; bytes >= 64 * unit; unit *= 4) bytes = (bytes + unit - 1) & ~(unit - 1);
    return bytes;
}

} // namespace heddle::jit::armv7
