// Allocation in the nursery, write barriers, and the out-of-line code for both and for calls between traces.
//
// The inlined path bumps nursery_free, once for each group of allocations (allocation_groups.h). The slow path calls a
// shared routine that keeps all registers, so live values stay in them; the collector finds them on the stack, where
// the routine saved them, and leaves their objects in place.
#include "backend/x86_64/trace_compiler.h"
#include "heddle/gc/jit_interface.h"
#include <algorithm>

namespace heddle::jit::x86_64 {

namespace interface = gc::jit_interface;

// The object of the operation at 'position', 'total' bytes, header written, into the register 'result'.
void trace_compiler::bump_allocate(uint32_t position, int result, const gc::type_info* type, uint32_t total) {
    Gp object = gp(result);
    if (groups_.is_follower(position)) {
        int32_t back =
            static_cast<int32_t>(groups_.bytes_to_end(position)) - static_cast<int32_t>(interface::object_header_size);
        a_.mov(object, x86::qword_ptr(thread, interface::nursery_free_offset));
        a_.sub(object, Imm(back));
        a_.mov(x86::qword_ptr(object, interface::header_offset), Imm(type->id));
        return;
    }
    slow_path slow{slow_kind::allocate, a_.newLabel(), a_.newLabel()};
    uint32_t reserved = views_ ? total : std::max(groups_.reserved_by(position), total);
    slow.reg = result;
    slow.operand = Imm(reserved);
    slow.pointer = type;
    if (is_inlinable(*type, total)) {
        a_.mov(object, x86::qword_ptr(thread, interface::nursery_free_offset));
        a_.lea(scratch, x86::ptr(object, static_cast<int32_t>(reserved)));
        a_.cmp(scratch, x86::qword_ptr(thread, interface::nursery_top_offset));
        a_.long_().ja(slow.start);
        a_.mov(x86::qword_ptr(thread, interface::nursery_free_offset), scratch);
        a_.mov(x86::qword_ptr(object), Imm(type->id));
        a_.add(object, Imm(interface::object_header_size));
    } else {
        a_.long_().jmp(slow.start);
    }
    a_.bind(slow.back);
    slow_paths_.push_back(slow);
}

void trace_compiler::set_vtable(const Gp& object, const gc::type_info* type) {
    if (!type->vtable) return;
    uint64_t address = reinterpret_cast<uint64_t>(type->vtable);
    if (static_cast<int64_t>(address) == static_cast<int32_t>(address)) {
        a_.mov(x86::qword_ptr(object), Imm(static_cast<int64_t>(address)));
    } else {
        load_constant(scratch, address);
        a_.mov(x86::qword_ptr(object), scratch);
    }
}

void trace_compiler::compile_new_object(uint32_t position) {
    const gc::type_info* type = static_cast<const size_descr*>(op(position).description)->type;
    int result = registers_.define(position);
    bump_allocate(position, result, type, static_cast<uint32_t>(gc::total_size_for(type->fixed_size)));
    set_vtable(gp(result), type);
    for (uint32_t i = 0; i < type->reference_count; ++i) {
        uint32_t offset = type->reference_offsets[i];
        if (!stored_before_safepoint(position, offset))
            a_.mov(x86::qword_ptr(gp(result), static_cast<int32_t>(offset)), Imm(0));
    }
}

// The words of a new array's items that nobody stores before the collector may look.
void trace_compiler::clear_items(uint32_t position, const gc::type_info* type, uint64_t item_bytes) {
    Gp array = gp(registers_.place_of(position).reg);
    std::vector<int32_t> places;
    for (uint64_t at = 0; at < item_bytes; at += 8)
        if (auto offset = static_cast<uint32_t>(type->items_offset + at); !stored_before_safepoint(position, offset))
            places.push_back(static_cast<int32_t>(offset));
    bool wide = places.size() >= 4; // two words in one store
    if (wide) a_.xorps(floating_scratch, floating_scratch);
    for (size_t i = 0; i < places.size(); ++i) {
        if (wide && i + 1 < places.size() && places[i + 1] == places[i] + 8)
            a_.movups(x86::xmmword_ptr(array, places[i++]), floating_scratch);
        else
            a_.mov(x86::qword_ptr(array, places[i]), Imm(0));
    }
}

void trace_compiler::compile_new_array(uint32_t position) {
    const gc::type_info* type = static_cast<const array_descr*>(op(position).description)->type;
    value_ref length = arguments(position)[0];
    if (uint32_t total = allocation_groups::inlined_total(*trace_, op(position))) {
        int result = registers_.define(position);
        uint64_t count = constant_bits(length);
        bump_allocate(position, result, type, total);
        a_.mov(x86::qword_ptr(gp(result), static_cast<int32_t>(type->length_offset)), Imm(count));
        if (type->items_are_references || type->item_reference_count != 0)
            clear_items(position, type, count * type->item_size);
        set_vtable(gp(result), type);
        return;
    }
    slow_path slow{slow_kind::allocate_array, a_.newLabel(), a_.newLabel()};
    slow.operand = general_operand(length);
    slow.reg = registers_.define(position);
    slow.pointer = type;
    a_.long_().jmp(slow.start);
    a_.bind(slow.back);
    set_vtable(gp(slow.reg), type);
    slow_paths_.push_back(slow);
}

// ---- barriers
// ------------------------------------------------------------------------------------------------------------

void trace_compiler::barrier(const Gp& object) {
    slow_path slow{slow_kind::barrier, a_.newLabel(), a_.newLabel()};
    slow.reg = static_cast<int>(object.id());
    a_.test(x86::byte_ptr(object, interface::flags_offset), Imm(interface::needs_barrier_mask));
    a_.long_().jnz(slow.start);
    a_.bind(slow.back);
    slow_paths_.push_back(slow);
}

// 'array_shape' may be null: then cards are left to the collector.
void trace_compiler::barrier_array(const Gp& array, value_ref index, const array_descr* array_shape) {
    slow_path slow{slow_kind::barrier_array, a_.newLabel(), a_.newLabel()};
    slow.reg = static_cast<int>(array.id());
    slow.operand = general_operand(index);
    slow.pointer = array_shape;
    a_.test(x86::byte_ptr(array, interface::flags_offset), Imm(interface::needs_barrier_mask));
    a_.long_().jnz(slow.start);
    a_.bind(slow.back);
    slow_paths_.push_back(slow);
}

// An array with cards that is in the collector's list already: set the card's byte.
void trace_compiler::mark_card(const slow_path& slow, const Label& otherwise) {
    constexpr uint32_t both = interface::has_cards_mask | interface::cards_dirty_mask;
    const array_descr* array = static_cast<const array_descr*>(slow.pointer);
    if (!array || !(slow.operand.isReg() || slow.operand.isImm()) || array->shape.size != 8) return;
    if (slow.operand == scratch) return;
    int64_t constant_offset =
        slow.operand.isImm() ? slow.operand.as<Imm>().value() * 8 + array->items_offset : array->items_offset;
    if (constant_offset != static_cast<int32_t>(constant_offset)) return;
    Gp object = gp(slow.reg);
    a_.mov(scratch.r32(), x86::dword_ptr(object, interface::flags_offset));
    a_.and_(scratch.r32(), Imm(both));
    a_.cmp(scratch.r32(), Imm(both));
    a_.jne(otherwise);
    if (slow.operand.isReg())
        a_.lea(scratch, x86::ptr(object, slow.operand.as<Gp>(), 3, static_cast<int32_t>(constant_offset)));
    else
        a_.lea(scratch, x86::ptr(object, static_cast<int32_t>(constant_offset)));
    a_.shr(scratch, Imm(heddle_gc_card_shift));
    a_.push(x86::rax);
    a_.mov(x86::rax, Imm(reinterpret_cast<uint64_t>(heddle_gc_cards)));
    a_.mov(x86::byte_ptr(x86::rax, scratch), Imm(1));
    a_.pop(x86::rax);
    a_.jmp(slow.back);
}

// ---- out of line
// -----------------------------------------------------------------------------------------------------------

void trace_compiler::emit_slow_paths() {
    if (logging_ && !slow_paths_.empty()) a_.comment("; slow paths");
    for (const slow_path& slow : slow_paths_) {
        a_.bind(slow.start);
        switch (slow.what) {
        case slow_kind::allocate:
        case slow_kind::allocate_array:
            a_.emit(x86::Inst::kIdPush, slow.operand);
            a_.mov(scratch, Imm(reinterpret_cast<uint64_t>(slow.pointer)));
            a_.call(Imm(slow.what == slow_kind::allocate ? context_.code.allocate : context_.code.allocate_array));
            a_.mov(gp(slow.reg), scratch);
            break;
        case slow_kind::barrier:
            a_.mov(scratch, gp(slow.reg));
            a_.call(Imm(context_.code.barrier));
            break;
        case slow_kind::view_barrier:
            a_.mov(scratch, gp(slow.reg));
            a_.call(Imm(context_.code.view_barrier));
            break;
        case slow_kind::view_barrier_array:
            a_.emit(x86::Inst::kIdPush, slow.operand);
            a_.mov(scratch, gp(slow.reg));
            a_.call(Imm(context_.code.view_barrier_array));
            break;
        case slow_kind::barrier_array: {
            Label unmarked = a_.newLabel();
            mark_card(slow, unmarked);
            a_.bind(unmarked);
            a_.emit(x86::Inst::kIdPush, slow.operand);
            a_.mov(scratch, gp(slow.reg));
            a_.call(Imm(context_.code.barrier_array));
            break;
        }
        case slow_kind::finish_call:
            a_.mov(x86::rdi, x86::rax);
            load_exit_values(x86::rsi);
            call_function(reinterpret_cast<const void*>(context_.hooks.finish_call));
            a_.mov(x86::rdx, x86::rax);
            break;
        case slow_kind::stack_overflow:
            a_.mov(x86::rsi, x86::rdi);
            a_.mov(x86::rdi, Imm(reinterpret_cast<uint64_t>(slow.pointer)));
            jump_to(context_.code.run_portal);
            continue;
        }
        a_.jmp(slow.back);
    }
}

} // namespace heddle::jit::x86_64
