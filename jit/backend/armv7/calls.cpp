// Calls: C functions by AAPCS with VFP registers, other traces (call_assembler), and the operations that are calls
// inside.
#include "backend/armv7/trace_compiler.h"
#include "heddle/gc/gc.h"
#include <cstring>

namespace heddle::jit::armv7 {

namespace {

// copy_array: the arguments as in operations.def, the descriptor last.
void copy_items(const char* source, uint32_t from, char* destination, uint32_t to, uint32_t count,
                const array_descr* array) {
    if (array->shape.is_reference) gc::bulk_write_barrier(destination);
    uint32_t size = array->shape.size;
    std::memmove(destination + array->items_offset + to * size, source + array->items_offset + from * size,
                 count * size);
}

} // namespace

// To [sp + offset]: an argument on the stack, or a red of another trace. 'whole_word': what isn't a double is widened.
void trace_compiler::store_outgoing(uint32_t offset, value_ref v, bool whole_word) {
    int32_t at = static_cast<int32_t>(offset);
    bool floating = trace_->kind_of(v) == kind::floating;
    if (v.is_constant()) {
        a_.move_constant(scratch, constant_bits(v));
        store_general(scratch, sp, at);
        if (!floating && !whole_word) return;
        a_.move_constant(scratch, static_cast<uint32_t>(constant_word(v) >> 32));
        store_general(scratch, sp, at + 4);
        return;
    }
    location from = registers_.location_of(v.index());
    if (floating) {
        int d = vfp(d15);
        if (from.is_register())
            d = vfp(from.reg());
        else
            a_.load_double(d, frame_base, slot_offset(from.slot()));
        a_.store_double(d, sp, at);
        return;
    }
    int reg = scratch;
    if (from.is_register())
        reg = from.reg();
    else
        emit_move(location::in_register(scratch), from);
    store_general(reg, sp, at);
    if (!whole_word) return;
    if (trace_->kind_of(v) == kind::integer)
        a_.shift(shift_kind::arithmetic_right, scratch, reg, 31);
    else
        a_.move_constant(scratch, 0);
    store_general(scratch, sp, at + 4);
}

// The values where the convention wants them; the moves to registers are only collected, in moves_.
uint32_t trace_compiler::pass_arguments(std::span<const value_ref> values) {
    int general = 0, floating = 0;
    uint32_t on_stack = 0;
    for (value_ref v : values) {
        int reg = no_register;
        bool is_double = trace_->kind_of(v) == kind::floating;
        if (is_double) {
            if (floating < floating_argument_count) reg = d0 + floating++;
        } else if (general < integer_argument_count) {
            reg = general++;
        }
        if (reg == no_register) {
            if (is_double) on_stack = (on_stack + 7) & ~7u;
            store_outgoing(on_stack, v, false);
            on_stack += is_double ? 8 : 4;
        } else if (v.is_constant()) {
            moves_.add_constant(location::in_register(reg), constant_word(v));
        } else {
            moves_.add(location::in_register(reg), registers_.location_of(v.index()));
        }
    }
    outgoing_bytes_ = std::max(outgoing_bytes_, on_stack);
    return on_stack;
}

// A value made for a call, and for nothing after it, is best made where the call wants it.
void trace_compiler::hint_call_arguments() {
    for (uint32_t i = trace_->input_count; i < trace_->operations.size(); ++i) {
        const operation& o = op(i);
        if (o.op != opcode::call && o.op != opcode::call_pure && o.op != opcode::call_may_force) continue;
        if (o.argument_count == 0) continue;
        int general = 0, floating = 0;
        for (value_ref v : arguments(i).subspan(1)) {
            bool is_floating = trace_->kind_of(v) == kind::floating;
            int index = is_floating ? floating++ : general++;
            if (v.is_constant() || live_.last_use[v.index()] != i || live_.next_call[v.index() + 1] != i) continue;
            if (is_floating && index < floating_argument_count)
                registers_.set_hint(v.index(), d0 + index);
            else if (!is_floating && index < integer_argument_count)
                registers_.set_hint(v.index(), index);
        }
    }
}

void trace_compiler::take_call_result(uint32_t position) {
    registers_.clobber_caller_saved();
    kind result = op(position).result;
    if (result != kind::none) registers_.define_in_register(position, result == kind::floating ? int(d0) : int(r0));
}

void trace_compiler::compile_call(uint32_t position) {
    std::span<const value_ref> args = arguments(position);
    if (args.empty()) {
        fail("a call without a function");
        return;
    }
    registers_.save_for_call();
    pass_arguments(args.subspan(1));
    bool indirect = !args[0].is_constant();
    if (indirect) moves_.add(location::in_register(lr), registers_.location_of(args[0].index()));
    moves_.emit(*this, d14);
    if (indirect)
        a_.call_register(lr);
    else
        call_function(reinterpret_cast<const void*>(static_cast<uintptr_t>(constant_word(args[0]))));
    take_call_result(position);
}

void trace_compiler::compile_call_assembler(uint32_t position) {
    const loop_token* callee = static_cast<const loop_token*>(op(position).description);
    std::span<const value_ref> args = arguments(position);
    if (args.size() != callee->input_kinds.size() && !callee->input_kinds.empty()) {
        fail("call_assembler: the callee takes another number of inputs");
        return;
    }
    registers_.save_for_call();
    // Machine code reads the low halves; for native code run_portal widens by the token's kinds, when it has any.
    for (uint32_t i = 0; i < args.size(); ++i) store_outgoing(8 * i, args[i], callee->input_kinds.empty());
    outgoing_bytes_ = std::max(outgoing_bytes_, static_cast<uint32_t>(8 * args.size()));
    a_.move(r0, sp);
    // Through the token's word: its code may be replaced.
    a_.move_constant(ip, address_bits(&callee->entry));
    a_.load(load_kind::word, ip, ip, 0);
    a_.call_register(ip);
    slow_path slow{slow_kind::finish_call, a_.new_label(), a_.new_label()};
    slow.floating = op(position).result == kind::floating;
    a_.compare_constant(r0, 0);
    a_.branch(condition::ne, slow.start);
    if (op(position).result != kind::none) {
        a_.move_constant(scratch, address_bits(context_.exit_values));
        if (slow.floating)
            a_.load_double(0, scratch, 0);
        else
            a_.load(load_kind::word, r0, scratch, 0);
    }
    a_.bind(slow.back);
    slow_paths_.push_back(slow);
    take_call_result(position);
}

void trace_compiler::compile_copy_array(uint32_t position) {
    registers_.save_for_call();
    uint32_t at = pass_arguments(arguments(position));
    a_.move_constant(scratch, address_bits(op(position).description));
    store_general(scratch, sp, static_cast<int32_t>(at));
    outgoing_bytes_ = std::max(outgoing_bytes_, at + 4);
    moves_.emit(*this, d14);
    call_function(reinterpret_cast<const void*>(&copy_items));
    registers_.clobber_caller_saved();
}

// The collector's table is its own: ask it. Rare, because class checks compare ids.
void trace_compiler::compile_load_class(uint32_t position) {
    int object = general_register(arguments(position)[0]);
    a_.process_constant(data_operation::subtract, sp, sp, 8);
    store_general(object, sp, 0);
    a_.call_to(context_.code.type_of);
    a_.load_and_pop(general_result(position), 8);
}

} // namespace heddle::jit::armv7
