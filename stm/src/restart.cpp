// Saving and restoring registers and the stack.
//
// heddle_stm_save is like setjmp; heddle_stm_restore first puts the saved stack back, from the saved stack pointer up
// to the thread's base, then returns from heddle_stm_save again. To the compiler the second return looks exactly like
// the first: all that it may keep in registers or on the stack is as it was then. Restoring uses no stack of its own.
#include "runtime.h"

#include <link.h>

#include <algorithm>

#ifndef __x86_64__
#error "STM is for x86-64 only"
#endif

asm(R"(
    .text
    .globl heddle_stm_save
    .type heddle_stm_save, @function
    .p2align 4
heddle_stm_save:
    movq %rbx, 0(%rdi)
    movq %rbp, 8(%rdi)
    movq %r12, 16(%rdi)
    movq %r13, 24(%rdi)
    movq %r14, 32(%rdi)
    movq %r15, 40(%rdi)
    leaq 8(%rsp), %rax
    movq %rax, 48(%rdi)
    movq (%rsp), %rax
    movq %rax, 56(%rdi)
    xorl %eax, %eax
    ret
    .size heddle_stm_save, .-heddle_stm_save

    .globl heddle_stm_restore
    .type heddle_stm_restore, @function
    .p2align 4
heddle_stm_restore:
    movq %rdi, %rdx
    movq 48(%rdx), %rdi
    movq %rdi, %rsp
    movq 64(%rdx), %rsi
    movq 72(%rdx), %rcx
    cld
    rep movsb
    movq 0(%rdx), %rbx
    movq 8(%rdx), %rbp
    movq 16(%rdx), %r12
    movq 24(%rdx), %r13
    movq 32(%rdx), %r14
    movq 40(%rdx), %r15
    movl $1, %eax
    jmpq *56(%rdx)
    .size heddle_stm_restore, .-heddle_stm_restore
    .section .note.GNU-stack,"",@progbits
    .text
)");

namespace heddle::stm {

// A thread that pthread_create started has its thread-local variables, and the C library's own data about it, at the
// upper end of its stack. (An abort that restored them would undo what the library did meanwhile, for instance to its
// list of threads.)
void keep_thread_data_out_of_stack() {
    size_t bytes = 0; // at most: the thread-local variables of all libraries that are loaded
    dl_iterate_phdr(
        [](dl_phdr_info* library, size_t, void* sum) {
            for (int i = 0; i < library->dlpi_phnum; i++)
                if (const auto& part = library->dlpi_phdr[i]; part.p_type == PT_TLS)
                    *static_cast<size_t*>(sum) += part.p_memsz + part.p_align;
            return 0;
        },
        &bytes);
    auto* lowest = static_cast<char*>(__builtin_thread_pointer()) - bytes;
    lowest = reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(lowest) & ~uintptr_t{15});
    if (lowest > __builtin_frame_address(0)) heddle_thread.stack_base = std::min(heddle_thread.stack_base, lowest);
}

} // namespace heddle::stm
