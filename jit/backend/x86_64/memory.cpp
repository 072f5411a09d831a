// Loads and stores: fields, array items, raw memory, lengths, classes.
#include "backend/x86_64/trace_compiler.h"
#include "heddle/gc/jit_interface.h"
#include "heddle/jit/thread_places.h"
#include <bit>

namespace heddle::jit::x86_64 {

namespace {

int32_t offset_of_item(const array_descr& array, uint64_t index) {
    return static_cast<int32_t>(array.items_offset + index * array.shape.size);
}

} // namespace

bool trace_compiler::compile_memory(uint32_t position) {
    const operation& o = op(position);
    std::span<const value_ref> args = arguments(position);
    switch (o.op) {
    case opcode::getfield: {
        const field_descr& field = *static_cast<const field_descr*>(o.description);
        Mem from = field_address(args[0], field.offset);
        if (views_ && !is_plain(field, args[0])) to_view(from, o.flags, static_cast<int32_t>(field.offset));
        load(position, field.shape, from);
        return true;
    }
    case opcode::setfield: {
        const field_descr& field = *static_cast<const field_descr*>(o.description);
        Mem to = field_address(args[0], field.offset);
        if (views_ && !(o.flags & is_fresh) && !is_thread_data(args[0])) {
            store_in_view(field.shape, to, args[1], o.flags, object_of_field(to, field));
            if (field.immutable) store(field.shape, to, args[1]);
            return true;
        }
        store(field.shape, to, args[1]);
        bool null = args[1].is_constant() && constant_bits(args[1]) == 0;
        if (field.shape.is_reference && !field.owner_is_global && !null && !(o.flags & no_barrier))
            barrier(register_of(args[0], to));
        return true;
    }
    case opcode::getarrayitem: {
        const array_descr& array = *static_cast<const array_descr*>(o.description);
        Mem from = item_address(array, args[0], args[1]);
        if (views_ && !array.immutable)
            to_view(from, o.flags, args[1].is_constant() ? offset_of_item(array, constant_bits(args[1])) : 0);
        load(position, array.shape, from);
        return true;
    }
    case opcode::setarrayitem: {
        const array_descr& array = *static_cast<const array_descr*>(o.description);
        Mem to = item_address(array, args[0], args[1]);
        if (views_ && !array.immutable) {
            if (!(o.flags & no_barrier)) view_barrier_array(register_of(args[0], to), args[1]);
            to.setSegment(x86::gs);
            store(array.shape, to, args[2]);
            return true;
        }
        store(array.shape, to, args[2]);
        bool null = args[2].is_constant() && constant_bits(args[2]) == 0;
        if (array.shape.is_reference && !null && !(o.flags & no_barrier))
            barrier_array(register_of(args[0], to), args[1], &array);
        return true;
    }
    case opcode::arraylen: {
        const array_descr& array = *static_cast<const array_descr*>(o.description);
        load(position, slot_shape{}, field_address(args[0], array.length_offset));
        return true;
    }
    case opcode::load_class: compile_load_class(position); return true;
    case opcode::raw_load:
        load(position, static_cast<const raw_descr*>(o.description)->shape, raw_address(args[0], args[1]));
        return true;
    case opcode::raw_store:
        store(static_cast<const raw_descr*>(o.description)->shape, raw_address(args[0], args[1]), args[2]);
        return true;
    case opcode::new_object: compile_new_object(position); return true;
    case opcode::new_array: compile_new_array(position); return true;
    case opcode::write_barrier: barrier(general_register(args[0])); return true;
    case opcode::write_barrier_array:
        barrier_array(general_register(args[0]), args[1], array_of_barrier(position));
        return true;
    case opcode::copy_array: compile_copy_array(position); return true;
    default: return false;
    }
}

// ---- addresses
// -----------------------------------------------------------------------------------------------------------

// The object's register; its place's address has it as the base, unless that is absolute.
Gp trace_compiler::register_of(value_ref object, const Mem& place) {
    return place.hasBaseReg() ? gp(static_cast<int>(place.baseId())) : general_register(object);
}

Mem trace_compiler::field_address(value_ref object, int64_t offset) {
    if (object.is_constant()) { // a global of the VM
        if (parallel && constant_bits(object) >= thread_root_places) return thread_place(object, offset);
        uint64_t address = constant_bits(object) + static_cast<uint64_t>(offset);
        if (address >= 4096 && address <= INT32_MAX) return x86::ptr_abs(address);
    }
    Gp base = general_register(object);
    if (offset == static_cast<int32_t>(offset)) return x86::ptr(base, static_cast<int32_t>(offset));
    Gp index = gp(registers_.temporary(general_registers));
    load_constant(index, static_cast<uint64_t>(offset));
    return x86::ptr(base, index);
}

Mem trace_compiler::item_address(const array_descr& array, value_ref object, value_ref index) {
    if (index.is_constant())
        return field_address(object,
                             static_cast<int64_t>(array.items_offset + constant_bits(index) * array.shape.size));
    Gp base = general_register(object);
    Gp by = general_register(index);
    uint32_t shift = static_cast<uint32_t>(std::countr_zero(static_cast<uint32_t>(array.shape.size)));
    return x86::ptr(base, by, shift, static_cast<int32_t>(array.items_offset));
}

Mem trace_compiler::raw_address(value_ref base, value_ref offset) {
    if (offset.is_constant()) return field_address(base, static_cast<int64_t>(constant_bits(offset)));
    Gp from = general_register(base);
    return x86::ptr(from, general_register(offset));
}

// A load whose only use is the guard that follows it is compared in memory. UINT32_MAX: it isn't one; else the next
// position.
uint32_t trace_compiler::compile_load_and_guard(uint32_t position) {
    const operation& o = op(position);
    if (o.op != opcode::getfield || static_cast<const field_descr*>(o.description)->shape.slot_kind == kind::floating)
        return UINT32_MAX;
    uint32_t guard = guard_after(position);
    if (guard == UINT32_MAX || live_.last_use[position] != guard) return UINT32_MAX;
    std::span<const value_ref> tests = arguments(guard);
    if (tests.empty() || tests[0] != value_ref::result(position)) return UINT32_MAX;
    for (value_ref v : op(guard).guard->fail_arguments)
        if (v == value_ref::result(position)) return UINT32_MAX;
    const field_descr& field = *static_cast<const field_descr*>(o.description);
    uint64_t expected = 0;
    bool equal = false;
    switch (op(guard).op) {
    case opcode::guard_false:
    case opcode::guard_is_null: equal = true; break;
    case opcode::guard_true:
    case opcode::guard_nonnull: break;
    case opcode::guard_value:
        if (field.shape.size != 8 || !tests[1].is_constant()) return UINT32_MAX;
        expected = constant_bits(tests[1]);
        equal = true;
        break;
    default: return UINT32_MAX;
    }
    Mem from = field_address(arguments(position)[0], field.offset);
    if (views_ && !is_plain(field, arguments(position)[0])) to_view(from, o.flags, static_cast<int32_t>(field.offset));
    from.setSize(field.shape.size);
    if (static_cast<int64_t>(expected) == static_cast<int32_t>(expected)) {
        a_.cmp(from, Imm(static_cast<int64_t>(expected)));
    } else {
        load_constant(scratch, expected);
        a_.cmp(from, scratch);
    }
    registers_.end_operation(position);
    for (uint32_t between = position + 1; between < guard; ++between) {
        if (logging_) log_operation(between);
        registers_.end_operation(between);
    }
    if (logging_) log_operation(guard);
    guard_holds_if(guard, {equal ? CondCode::kEqual : CondCode::kNotEqual});
    registers_.end_operation(guard);
    return guard + 1;
}

// ---- loads and stores
// ------------------------------------------------------------------------------------------------------

void trace_compiler::load(uint32_t position, const slot_shape& shape, Mem from) {
    from.setSize(shape.size);
    if (shape.slot_kind == kind::floating) {
        Xmm result = xmm(registers_.define(position));
        if (shape.size == 8) {
            a_.movsd(result, from);
        } else {
            a_.movss(result, from);
            a_.cvtss2sd(result, result);
        }
        return;
    }
    Gp result = gp(registers_.define_reusing(position));
    bool extends = shape.slot_kind == kind::integer && shape.is_signed;
    switch (shape.size) {
    case 8: a_.mov(result, from); break;
    case 4:
        if (extends)
            a_.movsxd(result, from);
        else
            a_.mov(result.r32(), from);
        break;
    default:
        if (extends)
            a_.movsx(result, from);
        else
            a_.movzx(result.r32(), from);
    }
}

void trace_compiler::store_constant(const slot_shape& shape, Mem to, uint64_t bits) {
    if (shape.slot_kind == kind::floating && shape.size == 4)
        bits = std::bit_cast<uint32_t>(static_cast<float>(word_to_double(bits)));
    int64_t value = static_cast<int64_t>(bits);
    if (shape.size < 8 || value == static_cast<int32_t>(value)) {
        if (shape.size == 1)
            value = static_cast<int8_t>(value);
        else if (shape.size == 2)
            value = static_cast<int16_t>(value);
        else if (shape.size == 4)
            value = static_cast<int32_t>(value);
        a_.mov(to, Imm(value));
    } else {
        load_constant(scratch, bits);
        a_.mov(to, scratch);
    }
}

void trace_compiler::store(const slot_shape& shape, Mem to, value_ref v) {
    to.setSize(shape.size);
    if (v.is_constant()) {
        store_constant(shape, to, constant_bits(v));
        return;
    }
    if (shape.slot_kind == kind::floating) {
        Xmm from = xmm(registers_.use(v.index()));
        if (shape.size == 8) {
            a_.movsd(to, from);
        } else {
            a_.cvtsd2ss(floating_scratch, from);
            a_.movss(to, floating_scratch);
        }
        return;
    }
    Gp from = gp(registers_.use(v.index()));
    switch (shape.size) {
    case 8: a_.mov(to, from); break;
    case 4: a_.mov(to, from.r32()); break;
    case 2: a_.mov(to, from.r16()); break;
    default: a_.mov(to, from.r8());
    }
}

} // namespace heddle::jit::x86_64
