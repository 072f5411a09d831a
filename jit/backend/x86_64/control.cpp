// Entry of loops and bridges, labels, jumps, finish.
#include "backend/x86_64/trace_compiler.h"
#include "heddle/gc/jit_interface.h"
#include <algorithm>

namespace heddle::jit::x86_64 {

// ---- entry
// -----------------------------------------------------------------------------------------------------------------

// Each thread's own with transactions, found by the thread register of the system; else a global.
void trace_compiler::load_thread_state(const Gp& to) {
#ifdef HEDDLE_STM
    Mem thread_pointer = x86::qword_ptr_abs(0);
    thread_pointer.setSegment(x86::fs);
    a_.mov(to, thread_pointer);
    a_.lea(to, x86::ptr(to, distance_from_thread_pointer(&heddle_thread)));
#else
    a_.mov(to, Imm(reinterpret_cast<uint64_t>(&heddle_thread)));
#endif
}

void trace_compiler::load_exit_values(const Gp& to) {
    if (parallel)
        a_.mov(to, x86::qword_ptr(thread, gc::jit_interface::jit_extra_offset));
    else
        a_.mov(to, Imm(reinterpret_cast<uint64_t>(context_.exit_values)));
}

// rsp to its place for this code: the displacement is filled in when the frame's size is known.
void trace_compiler::lower_stack_pointer() {
    constexpr int32_t wide_displacement = -0x1000'0000;
    a_.lea(x86::rsp, x86::ptr(x86::rbp, wide_displacement));
    frame_fixups_.push_back(static_cast<uint32_t>(a_.offset()));
}

// The beginning, which call_assembler calls, looks at the stack's depth; execute() skips it, so that native code that
// the portal falls back to below the limit can enter a loop without coming back to the portal at every round. With
// transactions it is a place where one may end, too: the portal's native code sees to that.
void trace_compiler::compile_entry(loop_token& token) {
    // Too deep: the portal's native code does this call instead, and reports the overflow as the language wants it.
    slow_path slow{slow_kind::stack_overflow, a_.newLabel(), a_.newLabel()};
    slow.pointer = &token;
#ifdef HEDDLE_STM
    load_thread_state(scratch);
    a_.cmp(x86::rsp, x86::qword_ptr(scratch, gc::jit_interface::stack_limit_offset));
#else
    uint64_t limit = reinterpret_cast<uint64_t>(&heddle_thread) + gc::jit_interface::stack_limit_offset;
    if (limit <= INT32_MAX) {
        a_.cmp(x86::rsp, x86::qword_ptr_abs(limit));
    } else {
        a_.mov(scratch, Imm(limit));
        a_.cmp(x86::rsp, x86::qword_ptr(scratch));
    }
#endif
    a_.long_().jb(slow.start);
    if (views_) break_at_entry(slow.start);
    slow_paths_.push_back(slow);
    a_.align(asmjit::AlignMode::kCode, entry_check_size());
    if (a_.offset() != entry_check_size()) fail("internal: the entry's stack check has an unexpected size");
    a_.push(x86::rbp);
    a_.mov(x86::rbp, x86::rsp);
    a_.push(x86::rbx);
    a_.push(x86::r12);
    a_.push(x86::r13);
    a_.push(x86::r14);
    a_.push(x86::r15);
    load_thread_state(thread);
    lower_stack_pointer();
    bind_entry_inputs();
}

// Inputs that are needed soonest go to registers, while there are any; the rest to slots.
void trace_compiler::bind_entry_inputs() {
    if (trace_->input_count == 0) return;
    registers_.begin_operation(0);
    registers_.pin(rdi);
    for (uint32_t i : inputs_by_need()) {
        bool floating = trace_->operations[i].result == kind::floating;
        Mem from = x86::qword_ptr(x86::rdi, static_cast<int32_t>(i * 8));
        if (live_.first_real_use[i] != never_used &&
            registers_.has_free_register(floating ? floating_registers : general_registers)) {
            int reg = registers_.define(i);
            if (floating)
                a_.movsd(xmm(reg), from);
            else
                a_.mov(gp(reg), from);
        } else {
            a_.mov(scratch, from);
            a_.mov(slot_memory(registers_.define_in_slot(i)), scratch);
        }
    }
    registers_.end_operation(0);
}

void trace_compiler::compile_bridge_entry(const guard_data& guard) {
    lower_stack_pointer();
    for (uint32_t i = 0; i < trace_->input_count; ++i) registers_.bind_input(i, place::unpack(guard.locations[i]));
    registers_.finish_inputs();
    const operation& last = trace_->operations.back();
    if (last.op != opcode::jump) return;
    const target_token* target = static_cast<const target_token*>(last.description);
    if (target->address && target->locations.size() == last.argument_count)
        hint_jump_arguments(static_cast<uint32_t>(trace_->operations.size() - 1), UINT32_MAX, target->locations);
}

// ---- labels and jumps
// ------------------------------------------------------------------------------------------------------

void trace_compiler::compile_label(uint32_t position) {
    own_label label{
        const_cast<target_token*>(static_cast<const target_token*>(op(position).description)), a_.newLabel(), {}};
    if (!settle_label(position, label.places)) return;
    // A short loop runs up to half as long again when it lies across two lines of the cache.
    a_.align(asmjit::AlignMode::kCode, is_loop_header(position) ? code_memory::code_alignment : 16);
    a_.bind(label.start);
    label_offsets_.push_back(static_cast<uint32_t>(a_.offset()));
    if (is_loop_header(position))
        hint_jump_arguments(static_cast<uint32_t>(trace_->operations.size() - 1), position, label.places);
    labels_.push_back(std::move(label));
}

void trace_compiler::compile_jump(uint32_t position) {
    const target_token* target = static_cast<const target_token*>(op(position).description);
    auto own = std::find_if(labels_.begin(), labels_.end(), [&](const own_label& l) { return l.target == target; });
    bool inside = own != labels_.end();
    const std::vector<int32_t>& places = inside ? own->places : target->locations;
    if (!inside && !target->address) {
        fail("jump to a label that has no machine code");
        return;
    }
    if (!collect_jump_moves(position, places)) return;
    if (!inside && target->frame_size > entry_frame_size_)
        a_.lea(x86::rsp, x86::ptr(x86::rbp, -static_cast<int32_t>(target->frame_size)));
    moves_.emit(*this, xmm15);
    if (inside)
        a_.jmp(own->start);
    else
        jump_to(target->address);
}

// The result's word to rdx, null as the answer in rax.
void trace_compiler::compile_finish(uint32_t position) {
    std::span<const value_ref> args = arguments(position);
    if (args.size() > 1) {
        fail("finish takes at most one argument");
        return;
    }
    if (!args.empty()) load_general(x86::rdx, args[0]);
    a_.xor_(x86::eax, x86::eax);
    jump_to(context_.code.epilogue);
}

} // namespace heddle::jit::x86_64
