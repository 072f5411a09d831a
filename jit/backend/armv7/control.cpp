// Entry of loops and bridges, labels, jumps, finish.
#include "backend/armv7/trace_compiler.h"
#include "heddle/gc/jit_interface.h"
#include <algorithm>

namespace heddle::jit::armv7 {

// ---- entry

// sp to its place for this code; 0: filled in when the frame's size is known.
void trace_compiler::lower_stack_pointer(uint32_t frame_size) {
    constexpr uint32_t subtract_from_base = 0xe240'0000u | uint32_t{frame_base} << 16 | uint32_t{sp} << 12;
    operand2 size{1u << 25};
    if (frame_size == 0)
        frame_fixups_.push_back(a_.offset());
    else
        (void)operand2::constant(frame_size, size); // frame sizes are
    a_.word(subtract_from_base | size.bits);
}

// The beginning, which call_assembler calls, looks at the stack's depth; execute() skips it, so that native code that
// the portal falls back to below the limit can enter a loop without coming back to the portal at every round.
void trace_compiler::compile_entry(loop_token& token) {
    // Too deep: the portal's native code does this call instead, and reports the overflow as the language wants it.
    slow_path slow{slow_kind::stack_overflow, a_.new_label(), a_.new_label()};
    slow.pointer = &token;
    uint32_t begin = a_.offset();
    uint32_t limit = address_bits(&heddle_thread) + static_cast<uint32_t>(gc::jit_interface::stack_limit_offset);
    a_.move_constant(ip, limit & ~0xfffu);
    while (a_.offset() - begin < 8) a_.nop();
    a_.load(load_kind::word, ip, ip, static_cast<int32_t>(limit & 0xfff));
    a_.compare(sp, operand2::reg(ip));
    a_.branch(condition::lo, slow.start);
    slow_paths_.push_back(slow);
    if (a_.offset() - begin != entry_check_size) fail("internal: the entry's stack check has an unexpected size");
    a_.push(saved_general);
    a_.push_doubles(8, 8);
    a_.move(frame_base, sp);
    a_.move_constant(thread, address_bits(&heddle_thread));
    lower_stack_pointer(0);
    bind_entry_inputs();
}

// Inputs that are needed soonest go to registers, while there are any; the rest to slots.
void trace_compiler::bind_entry_inputs() {
    if (trace_->input_count == 0) return;
    registers_.begin_operation(0);
    registers_.pin(r0);
    for (uint32_t i : inputs_by_need()) {
        bool floating = trace_->operations[i].result == kind::floating;
        int32_t from = static_cast<int32_t>(i * 8);
        if (live_.first_real_use[i] != never_used &&
            registers_.has_free_register(floating ? floating_registers : general_registers)) {
            int reg = registers_.define(i);
            if (floating)
                a_.load_double(vfp(reg), r0, from);
            else
                a_.load(load_kind::word, reg, r0, from);
        } else {
            a_.load_double(vfp(d15), r0, from);
            a_.store_double(vfp(d15), frame_base, slot_offset(registers_.define_in_slot(i)));
        }
    }
    registers_.end_operation(0);
}

void trace_compiler::compile_bridge_entry(const guard_data& guard) {
    lower_stack_pointer(0);
    for (uint32_t i = 0; i < trace_->input_count; ++i) registers_.bind_input(i, place::unpack(guard.locations[i]));
    registers_.finish_inputs();
    const operation& last = trace_->operations.back();
    if (last.op != opcode::jump) return;
    const target_token* target = static_cast<const target_token*>(last.description);
    if (target->address && target->locations.size() == last.argument_count)
        hint_jump_arguments(static_cast<uint32_t>(trace_->operations.size() - 1), UINT32_MAX, target->locations);
}

// ---- labels and jumps

void trace_compiler::compile_label(uint32_t position) {
    own_label made{
        const_cast<target_token*>(static_cast<const target_token*>(op(position).description)), a_.new_label(), {}};
    if (!settle_label(position, made.places)) return;
    a_.bind(made.start);
    scratch_known_at_ = UINT32_MAX;
    if (is_loop_header(position))
        hint_jump_arguments(static_cast<uint32_t>(trace_->operations.size() - 1), position, made.places);
    labels_.push_back(std::move(made));
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
    if (!inside && target->frame_size > entry_frame_size_) lower_stack_pointer(target->frame_size);
    moves_.emit(*this, d14);
    if (inside)
        a_.branch(own->start);
    else
        a_.branch_to(target->address);
}

// The result to exit_values, null as the answer.
void trace_compiler::compile_finish(uint32_t position) {
    std::span<const value_ref> args = arguments(position);
    if (args.size() > 1) {
        fail("finish takes at most one argument");
        return;
    }
    // Nothing is live any more but the result, so the registers are free.
    if (!args.empty()) {
        a_.move_constant(scratch, address_bits(context_.exit_values));
        if (trace_->kind_of(args[0]) == kind::floating) {
            int from = vfp(d15);
            if (args[0].is_constant())
                emit_double_constant(from, constant_word(args[0]));
            else if (location at = registers_.location_of(args[0].index()); at.is_register())
                from = vfp(at.reg());
            else
                emit_move(location::in_register(d15), at);
            a_.store_double(from, scratch, 0);
        } else {
            load_general(r0, args[0]);
            if (trace_->kind_of(args[0]) == kind::integer)
                a_.shift(shift_kind::arithmetic_right, r1, r0, 31);
            else
                a_.move_constant(r1, 0);
            store_general(r0, scratch, 0);
            store_general(r1, scratch, 4);
        }
    }
    a_.move_constant(r0, 0);
    a_.branch_to(context_.code.epilogue);
}

} // namespace heddle::jit::armv7
