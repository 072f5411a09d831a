// Loads and stores: fields, array items, raw memory, lengths, classes.
#include "backend/armv7/trace_compiler.h"
#include "heddle/gc/jit_interface.h"
#include <bit>

namespace heddle::jit::armv7 {

namespace {

bool is_null(const trace& t, value_ref v) { return v.is_constant() && t.constants[v.index()].value == 0; }

// How to load an integer or pointer of this shape. Of eight bytes, traces read the low half.
load_kind load_of(const slot_shape& shape) {
    bool extends = shape.slot_kind == kind::integer && shape.is_signed;
    if (shape.size >= 4) return load_kind::word;
    if (shape.size == 2) return extends ? load_kind::signed_half : load_kind::half;
    return extends ? load_kind::signed_byte : load_kind::byte;
}

load_kind store_of(const slot_shape& shape) {
    return shape.size >= 4 ? load_kind::word : shape.size == 2 ? load_kind::half : load_kind::byte;
}

} // namespace

bool trace_compiler::compile_memory(uint32_t position) {
    const operation& o = op(position);
    std::span<const value_ref> args = arguments(position);
    switch (o.op) {
    case opcode::getfield: {
        const field_descr& field = *static_cast<const field_descr*>(o.description);
        load(position, field.shape, field_address(args[0], field.offset));
        return true;
    }
    case opcode::setfield: compile_set_field(position); return true;
    case opcode::getarrayitem: {
        const array_descr& array = *static_cast<const array_descr*>(o.description);
        if (!load_item(position, array, args[0], args[1]))
            load(position, array.shape, item_address(array, args[0], args[1]));
        return true;
    }
    case opcode::setarrayitem: compile_set_item(position); return true;
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

void trace_compiler::compile_set_field(uint32_t position) {
    const operation& o = op(position);
    const field_descr& field = *static_cast<const field_descr*>(o.description);
    std::span<const value_ref> args = arguments(position);
    address to = field_address(args[0], field.offset);
    store(field.shape, to, args[1]);
    if (field.shape.is_reference && !field.owner_is_global && !is_null(*trace_, args[1]) && !(o.flags & no_barrier))
        barrier(general_register(args[0]));
}

void trace_compiler::compile_set_item(uint32_t position) {
    const operation& o = op(position);
    const array_descr& array = *static_cast<const array_descr*>(o.description);
    std::span<const value_ref> args = arguments(position);
    store(array.shape, item_address(array, args[0], args[1]), args[2]);
    if (array.shape.is_reference && !is_null(*trace_, args[2]) && !(o.flags & no_barrier))
        barrier_array(general_register(args[0]), args[1], &array);
}

// ---- addresses

trace_compiler::address trace_compiler::field_address(value_ref object, int64_t offset) {
    constexpr int64_t reach = 1016; // of every load, with room for a second word
    if (object.is_constant()) {     // a global of the VM: its low bits into the instruction
        uint32_t place = constant_bits(object) + static_cast<uint32_t>(offset);
        uint32_t low = place & 0xff;
        int base = registers_.temporary(general_registers);
        a_.move_constant(base, place - low);
        return {base, static_cast<int32_t>(low)};
    }
    int base = general_register(object);
    if (offset >= -reach && offset <= reach) return {base, static_cast<int32_t>(offset)};
    int sum = registers_.temporary(general_registers);
    a_.process_constant(data_operation::add, sum, base, static_cast<uint32_t>(offset));
    return {sum, 0};
}

// The scratch register holds the sum: no temporary, but what stores must not use it before.
trace_compiler::address trace_compiler::item_address(const array_descr& array, value_ref object, value_ref index) {
    if (index.is_constant())
        return field_address(object, int64_t{array.items_offset} +
                                         int64_t{static_cast<int32_t>(constant_bits(index))} * array.shape.size);
    int base = general_register(object);
    int by = general_register(index);
    auto shift = static_cast<uint32_t>(std::countr_zero(static_cast<uint32_t>(array.shape.size)));
    int sum = registers_.temporary(general_registers);
    a_.process(data_operation::add, sum, base, operand2::shifted(by, shift_kind::left, shift));
    return {sum, static_cast<int32_t>(array.items_offset)};
}

trace_compiler::address trace_compiler::raw_address(value_ref base, value_ref offset) {
    if (offset.is_constant()) return field_address(base, static_cast<int32_t>(constant_bits(offset)));
    int from = general_register(base), by = general_register(offset);
    int sum = registers_.temporary(general_registers);
    a_.process(data_operation::add, sum, from, operand2::reg(by));
    return {sum, 0};
}

// ---- loads and stores

// Stores of one constant often stand in a row: nulls in an object that is new or no longer wanted.
void trace_compiler::put_into_scratch(uint32_t bits) {
    if (scratch_known_at_ != a_.offset() || scratch_holds_ != bits) a_.move_constant(scratch, bits);
}

// True as long as nothing else is put out and no label stands here.
void trace_compiler::note_scratch(uint32_t bits) {
    scratch_holds_ = bits;
    scratch_known_at_ = a_.offset();
}

// An item of a word or less: the sum needs no register of its own.
bool trace_compiler::load_item(uint32_t position, const array_descr& array, value_ref object, value_ref index) {
    if (index.is_constant() || array.shape.slot_kind == kind::floating) return false;
    int base = general_register(object), by = general_register(index);
    auto shift = static_cast<uint32_t>(std::countr_zero(static_cast<uint32_t>(array.shape.size)));
    int result = general_result(position);
    a_.process(data_operation::add, scratch, base, operand2::shifted(by, shift_kind::left, shift));
    a_.load(load_of(array.shape), result, scratch, static_cast<int32_t>(array.items_offset));
    return true;
}

void trace_compiler::load(uint32_t position, const slot_shape& shape, address from) {
    if (shape.slot_kind == kind::floating) {
        int result = vfp(registers_.define(position));
        if (shape.size == 8) {
            a_.load_double(result, from.base, from.offset);
        } else {
            a_.load_single(vfp_low_single(d15), from.base, from.offset);
            a_.double_from_single(result, vfp_low_single(d15));
        }
        return;
    }
    a_.load(load_of(shape), general_result(position), from.base, from.offset);
}

void trace_compiler::store(const slot_shape& shape, address to, value_ref v) {
    if (shape.slot_kind == kind::floating) {
        int from = floating_register(v);
        if (shape.size == 8) {
            a_.store_double(from, to.base, to.offset);
        } else {
            a_.single_from_double(vfp_low_single(d15), from);
            a_.store_single(vfp_low_single(d15), to.base, to.offset);
        }
        return;
    }
    int from = scratch;
    if (v.is_constant())
        put_into_scratch(constant_bits(v));
    else
        from = registers_.use(v.index());
    a_.store(store_of(shape), from, to.base, to.offset);
    if (v.is_constant()) note_scratch(constant_bits(v));
    if (shape.size != 8) return;
    if (shape.slot_kind == kind::integer)
        a_.shift(shift_kind::arithmetic_right, scratch, from, 31);
    else
        a_.move_constant(scratch, 0);
    store_general(scratch, to.base, to.offset + 4);
}

} // namespace heddle::jit::armv7
