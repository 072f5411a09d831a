// The x86-64 registers as the allocator numbers them, the C calling convention, and the layout of a frame.
//
//     [rbp + 8]        return address
//     [rbp]            caller's rbp
//     [rbp - 8 .. -40] caller's rbx, r12, r13, r14, r15
//     [rbp - 48 - 8k]  spill slot k
//     [rsp ..]         outgoing arguments of calls
// rbp is the base for the whole invocation; bridges run in the frame of their loop and lower rsp when they need more.
// rsp is a multiple of 16 throughout. r15 = the thread's state; r11 and xmm15 are scratch, never allocated.
#pragma once
#include "backend/common/place.h"
#include "backend/common/register_allocator.h"
#include "heddle/gc/thread_state.h"
#include <asmjit/x86.h>

namespace heddle::jit::x86_64 {

enum gp_number { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };
enum xmm_number { xmm0 = first_floating_register, xmm15 = first_floating_register + 15 };

constexpr uint64_t all_allocatable =
    (0xffffu & ~(register_bit(rsp) | register_bit(rbp) | register_bit(r11) | register_bit(r15))) |
    uint64_t{0x7fff} << first_floating_register;
constexpr uint64_t callee_saved = register_bit(rbx) | register_bit(r12) | register_bit(r13) | register_bit(r14);
constexpr uint64_t caller_saved = all_allocatable & ~callee_saved;

// For tests: so few registers that everything gets spilled. An operation needs at most three arguments, a result, two
// more.
constexpr uint64_t few_registers = register_bit(rax) | register_bit(rcx) | register_bit(rdx) | register_bit(rbx) |
                                   register_bit(rsi) | register_bit(rdi) | uint64_t{7} << first_floating_register;

constexpr int integer_arguments[] = {rdi, rsi, rdx, rcx, r8, r9};
constexpr int floating_argument_count = 8;

// A loop's code begins with its checks of the stack, and of the transaction, padded to this: it depends on where the
// stack's limit lies.
#ifdef HEDDLE_STM
constexpr uint32_t entry_check_size() { return 64; }
#else
inline uint32_t entry_check_size() { return reinterpret_cast<uint64_t>(&heddle_thread + 1) <= INT32_MAX ? 16 : 32; }
#endif
constexpr uint32_t saved_registers_size = 40; // below rbp
constexpr int32_t slot_offset(int slot) { return -48 - 8 * slot; }
constexpr uint32_t frame_size_for(uint32_t slots, uint32_t outgoing_words) {
    return ((saved_registers_size + 8 * slots + 8 * outgoing_words) + 15) & ~15u;
}

inline asmjit::x86::Gp gp(int number) { return asmjit::x86::gpq(static_cast<uint32_t>(number)); }
inline asmjit::x86::Xmm xmm(int number) {
    return asmjit::x86::xmm(static_cast<uint32_t>(number - first_floating_register));
}
inline asmjit::x86::Mem slot_memory(int slot) { return asmjit::x86::qword_ptr(asmjit::x86::rbp, slot_offset(slot)); }
inline const asmjit::x86::Gp scratch = asmjit::x86::r11;
inline const asmjit::x86::Xmm floating_scratch = asmjit::x86::xmm15;
inline const asmjit::x86::Gp thread = asmjit::x86::r15;

} // namespace heddle::jit::x86_64
