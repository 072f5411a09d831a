// Allocation in the nursery, write barriers, and the out-of-line code for both and for calls between traces.
//
// The inlined path bumps nursery_free, once for each group of allocations (allocation_groups.h). The slow path calls a
// shared routine that keeps all registers, so live values stay in them; the collector finds them on the stack, where
// the routine saved them, and leaves their objects in place.
#include "backend/armv7/trace_compiler.h"
#include "heddle/gc/jit_interface.h"
#include <algorithm>

namespace heddle::jit::armv7 {

namespace interface = gc::jit_interface;

// The header's two words, the type's id and no flags, where 'result' points; then it points behind them.
void trace_compiler::write_header(int result, const gc::type_info* type) {
    a_.move_constant(ip, type->id);
    a_.move_constant(scratch, 0);
    a_.store_multiple_increment(result, 1u << ip | 1u << scratch);
}

// The object of the operation at 'position', 'total' bytes, header written, into the register 'result'.
void trace_compiler::bump_allocate(uint32_t position, int result, const gc::type_info* type, uint32_t total) {
    if (groups_.is_follower(position)) {
        a_.load(load_kind::word, result, thread, interface::nursery_free_offset);
        a_.process_constant(data_operation::subtract, result, result, groups_.bytes_to_end(position));
        return write_header(result, type);
    }
    slow_path slow{slow_kind::allocate, a_.new_label(), a_.new_label()};
    uint32_t reserved = std::max(groups_.reserved_by(position), total);
    slow.reg = result;
    slow.operand = reserved;
    slow.pointer = type;
    if (is_inlinable(*type, total)) {
        a_.load(load_kind::word, result, thread, interface::nursery_free_offset);
        a_.process_constant(data_operation::add, scratch, result, reserved);
        a_.load(load_kind::word, ip, thread, interface::nursery_top_offset);
        a_.compare(scratch, operand2::reg(ip));
        a_.branch(condition::hi, slow.start);
        store_general(scratch, thread, interface::nursery_free_offset);
        write_header(result, type);
    } else {
        a_.branch(slow.start);
    }
    a_.bind(slow.back);
    slow_paths_.push_back(slow);
}

void trace_compiler::set_vtable(int object, const gc::type_info* type) {
    if (!type->vtable) return;
    a_.move_constant(scratch, address_bits(type->vtable));
    store_general(scratch, object, 0);
}

void trace_compiler::compile_new_object(uint32_t position) {
    const gc::type_info* type = static_cast<const size_descr*>(op(position).description)->type;
    int result = registers_.define(position);
    bump_allocate(position, result, type, static_cast<uint32_t>(gc::total_size_for(type->fixed_size)));
    set_vtable(result, type);
    for (uint32_t i = 0; i < type->reference_count; ++i) {
        uint32_t offset = type->reference_offsets[i];
        if (stored_before_safepoint(position, offset)) continue;
        put_into_scratch(0);
        store_general(scratch, result, static_cast<int32_t>(offset));
        note_scratch(0);
    }
}

void trace_compiler::compile_new_array(uint32_t position) {
    const gc::type_info* type = static_cast<const array_descr*>(op(position).description)->type;
    value_ref length = arguments(position)[0];
    if (uint32_t total = allocation_groups::inlined_total(*trace_, op(position))) {
        int result = registers_.define(position);
        uint32_t count = constant_bits(length);
        bump_allocate(position, result, type, total);
        a_.move_constant(scratch, count);
        store_general(scratch, result, static_cast<int32_t>(type->length_offset));
        a_.move_constant(scratch, 0);
        store_general(scratch, result, static_cast<int32_t>(type->length_offset) + 4);
        bool holds_references = type->items_are_references || type->item_reference_count != 0;
        uint32_t end = holds_references ? type->items_offset + count * static_cast<uint32_t>(type->item_size) : 0;
        for (uint32_t offset = type->items_offset; offset < end; offset += 4)
            if (!stored_before_safepoint(position, offset))
                store_general(scratch, result, static_cast<int32_t>(offset));
        set_vtable(result, type);
        return;
    }
    slow_path slow{slow_kind::allocate_array, a_.new_label(), a_.new_label()};
    set_operand(slow, length);
    slow.reg = registers_.define(position);
    slow.pointer = type;
    a_.branch(slow.start);
    a_.bind(slow.back);
    set_vtable(slow.reg, type);
    slow_paths_.push_back(slow);
}

// ---- barriers

// Out of line if the object in slow.reg is one whose stores the collector wants to know of.
void trace_compiler::branch_to_barrier(const slow_path& slow) {
    a_.load(load_kind::byte, scratch, slow.reg, interface::flags_offset);
    a_.test_constant(scratch, interface::needs_barrier_mask);
    a_.branch(condition::ne, slow.start);
    a_.bind(slow.back);
    slow_paths_.push_back(slow);
}

void trace_compiler::barrier(int object) {
    slow_path slow{slow_kind::barrier, a_.new_label(), a_.new_label()};
    slow.reg = object;
    branch_to_barrier(slow);
}

// 'array_shape' may be null: then cards are left to the collector.
void trace_compiler::barrier_array(int array, value_ref index, const array_descr* array_shape) {
    slow_path slow{slow_kind::barrier_array, a_.new_label(), a_.new_label()};
    slow.reg = array;
    set_operand(slow, index);
    slow.pointer = array_shape;
    branch_to_barrier(slow);
}

void trace_compiler::set_operand(slow_path& slow, value_ref v) {
    if (v.is_constant()) {
        slow.operand = constant_bits(v);
        return;
    }
    location at = registers_.use_anywhere(v.index());
    if (at.is_register())
        slow.operand_reg = at.reg();
    else
        slow.operand_slot = at.slot();
}

// An array with cards that is in the collector's list already: set the card's byte.
void trace_compiler::mark_card(const slow_path& slow, label otherwise) {
    constexpr uint32_t both = interface::has_cards_mask | interface::cards_dirty_mask;
    const array_descr* array = static_cast<const array_descr*>(slow.pointer);
    if (!array || slow.operand_slot >= 0 || array->shape.size != 4) return;
    a_.load(load_kind::byte, scratch, slow.reg, interface::flags_offset);
    a_.process_constant(data_operation::bit_and, scratch, scratch, both);
    a_.compare_constant(scratch, both);
    a_.branch(condition::ne, otherwise);
    if (slow.operand_reg >= 0) {
        a_.process(data_operation::add, scratch, slow.reg, operand2::shifted(slow.operand_reg, shift_kind::left, 2));
        a_.process_constant(data_operation::add, scratch, scratch, array->items_offset);
    } else {
        a_.process_constant(data_operation::add, scratch, slow.reg, array->items_offset + 4 * slow.operand);
    }
    a_.move_constant(ip, address_bits(heddle_gc_cards));
    a_.process(data_operation::add, ip, ip, operand2::shifted(scratch, shift_kind::right, heddle_gc_card_shift));
    a_.move_constant(scratch, 1);
    a_.store(load_kind::byte, scratch, ip, 0);
    a_.branch(slow.back);
}

// ---- out of line

// The two words that a keeping routine takes: 'first', a register or a constant, and the slow path's operand.
void trace_compiler::push_words(const slow_path& slow, uint32_t first, bool first_is_register) {
    a_.process_constant(data_operation::subtract, sp, sp, 8);
    int from = scratch;
    if (first_is_register)
        from = static_cast<int>(first);
    else
        a_.move_constant(scratch, first);
    store_general(from, sp, 0);
    from = scratch;
    if (slow.operand_reg >= 0)
        from = slow.operand_reg;
    else if (slow.operand_slot >= 0)
        emit_move(location::in_register(scratch), location::in_slot(slow.operand_slot));
    else
        a_.move_constant(scratch, slow.operand);
    store_general(from, sp, 4);
}

void trace_compiler::emit_slow_paths() {
    if (logging_ && !slow_paths_.empty()) comment("; slow paths");
    for (const slow_path& slow : slow_paths_) {
        a_.bind(slow.start);
        switch (slow.what) {
        case slow_kind::allocate:
        case slow_kind::allocate_array:
            push_words(slow, address_bits(slow.pointer), false);
            a_.call_to(slow.what == slow_kind::allocate ? context_.code.allocate : context_.code.allocate_array);
            a_.load_and_pop(slow.reg, 8);
            break;
        case slow_kind::barrier:
            push_words(slow, static_cast<uint32_t>(slow.reg), true);
            a_.call_to(context_.code.barrier);
            a_.load_and_pop(scratch, 8);
            break;
        case slow_kind::barrier_array: {
            label unmarked = a_.new_label();
            mark_card(slow, unmarked);
            a_.bind(unmarked);
            push_words(slow, static_cast<uint32_t>(slow.reg), true);
            a_.call_to(context_.code.barrier_array);
            a_.load_and_pop(scratch, 8);
            break;
        }
        case slow_kind::finish_call: // r0 = the guard
            a_.move_constant(r1, address_bits(context_.exit_values));
            call_function(reinterpret_cast<const void*>(context_.hooks.finish_call));
            if (slow.floating) a_.move_to_double(0, r0, r1);
            break;
        case slow_kind::stack_overflow:
            a_.move(r1, r0);
            a_.move_constant(r0, address_bits(slow.pointer));
            a_.branch_to(context_.code.run_portal);
            continue;
        }
        a_.branch(slow.back);
    }
}

} // namespace heddle::jit::armv7
