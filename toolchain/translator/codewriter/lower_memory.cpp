// Lowering, part three: memory. addresses.h tells what a place is; here it becomes an operation with its descriptor.
#include "lower.h"
#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>

namespace heddle::translator::codewriter {

using jit::opcode;

namespace {

llvm::Value* strip_casts(llvm::Value* value) {
    for (;;) {
        auto* op = llvm::dyn_cast<llvm::Operator>(value);
        if (!op ||
            (op->getOpcode() != llvm::Instruction::AddrSpaceCast && op->getOpcode() != llvm::Instruction::BitCast))
            return value;
        value = op->getOperand(0);
    }
}

// The variable of the source that a stack slot holds.
std::string slot_name(const llvm::Value* slot) {
    return slot->hasName() ? "'" + slot->getName().str() + "'" : "that isn't a scalar";
}

} // namespace

// ---- addresses
// --------------------------------------------------------------------------------------------------------------

// The variable part of a GEP's byte offset (none when there isn't one); adds the constant part to 'constant'.
flat_value function_lowering::scaled_offset(const llvm::GEPOperator& gep, int64_t& constant) {
    llvm::MapVector<llvm::Value*, llvm::APInt> variables;
    llvm::APInt fixed(64, 0);
    if (!gep.collectOffset(layout_, 64, variables, fixed)) {
        if (!failed()) problem_ = {"computes an address in a way that traces don't have", place_of(function_)};
        return {};
    }
    constant += fixed.getSExtValue();
    flat_value sum;
    for (auto& [variable, stride] : variables) {
        flat_value index = get(variable);
        flat_value scaled = stride == 1           ? index
                            : stride.isPowerOf2() ? compute(opcode::int_shl, {index, integer(stride.logBase2())})
                                                  : compute(opcode::int_mul, {index, integer(stride.getSExtValue())});
        sum = sum.what == flat_value::none ? scaled : compute(opcode::int_add, {sum, scaled});
    }
    return sum;
}

flat_value function_lowering::raw_address(llvm::Value* pointer, flat_value& offset) {
    int64_t constant = 0;
    flat_value variable;
    pointer = strip_casts(pointer);
    while (auto* gep = llvm::dyn_cast<llvm::GEPOperator>(pointer)) {
        flat_value part = scaled_offset(*gep, constant);
        if (part.what != flat_value::none)
            variable = variable.what == flat_value::none ? part : compute(opcode::int_add, {variable, part});
        pointer = strip_casts(gep->getPointerOperand());
    }
    if (variable.what == flat_value::none)
        offset = integer(constant);
    else
        offset = constant ? compute(opcode::int_add, {variable, integer(constant)}) : variable;
    return get(pointer);
}

flat_value function_lowering::address_value(llvm::Value* pointer) {
    flat_value offset;
    flat_value base = raw_address(pointer, offset);
    return offset == integer(0) ? base : compute(opcode::ptr_add, {base, offset}, kind::pointer);
}

bool function_lowering::check_shape(llvm::Instruction& access, uint32_t descr, llvm::Type* type,
                                    const std::string& what) {
    jit::slot_shape wanted = shape_of_type(type, layout_.getPointerSize()), found{kind::none, 0, true, false};
    if (descr != descriptor_table::no_descr) found = context_.descrs.shape(descr);
    if (found.size && found.slot_kind == wanted.slot_kind && found.size == wanted.size) return true;
    // std::bit_cast of a double's field: loads convert.
    bool bits =
        found.size == 8 && wanted.size == 8 && found.slot_kind != kind::pointer && wanted.slot_kind != kind::pointer;
    if (bits && llvm::isa<llvm::LoadInst>(access)) return true;
    if (found.size == 0)
        fail(access, "accesses " + what + ", which is neither a pointer, a double nor an integer of 8 to 64 bits");
    else
        fail(access, "accesses " + what + " as another type than it was declared with");
    return false;
}

// ---- loads
// ------------------------------------------------------------------------------------------------------------------

void function_lowering::lower_load(llvm::LoadInst& load) {
    if (load.isAtomic() || load.isVolatile()) return fail(load, "uses atomic or volatile memory");
    kind k = kind_of_type(load.getType());
    if (k == kind::none)
        return fail(load, "loads a float, vector, structure or integer over 64 bits; use double and 64-bit integers");
    llvm::Value* pointer = load.getPointerOperand();
    address place = classify(pointer, context_.layouts);
    auto with_descr = [&](opcode op, llvm::ArrayRef<flat_value> inputs, uint32_t descr) {
        kind stored = context_.descrs.shape(descr).slot_kind;
        if (op == opcode::arraylen || stored == k) {
            emit(static_cast<jitcode_op>(op), inputs, result_for(&load)).descr = descr;
            return;
        }
        flat_value value = out_.new_register(stored);
        emit(static_cast<jitcode_op>(op), inputs, value).descr = descr;
        set(&load, compute(k == kind::integer ? opcode::float_to_bits : opcode::bits_to_float, {value}, k));
    };
    switch (place.kind) {
    case place_kind::field: {
        uint32_t descr = context_.descrs.field(*place.field);
        std::string what = "the field " + place.field->owner->name + "." + place.field->name;
        if (place.offset_in_field) return fail(load, "accesses a part of " + what);
        if (!check_shape(load, descr, load.getType(), what)) return;
        if (place.field->quasi_immutable) live(); // the read is a guard's place
        with_descr(opcode::getfield, {get(place.base)}, descr);
        return;
    }
    case place_kind::array_item: {
        uint32_t descr = context_.descrs.array(*place.array);
        if (!check_shape(load, descr, load.getType(), "an item of an " + place.array->name)) return;
        with_descr(opcode::getarrayitem,
                   {get(place.base), place.index ? get(place.index) : integer(place.constant_index)}, descr);
        return;
    }
    case place_kind::array_length:
        return with_descr(opcode::arraylen, {get(place.base)}, context_.descrs.array(*place.array));
    case place_kind::vtable: return lower_vtable_load(load, place.base);
    case place_kind::global: {
        if (!place.through_heap) break;
        uint32_t descr = context_.descrs.global(*place.global, place.offset, load.getType());
        if (!check_shape(load, descr, load.getType(), "the global variable " + demangle(place.global->getName().str())))
            return;
        with_descr(opcode::getfield, {flat_value::of_pointer(place.global)}, descr);
        return;
    }
    case place_kind::stack:
        return fail(load,
                    "keeps a local variable " + slot_name(place.base) + " in memory, because its address is taken");
    case place_kind::unknown_heap:
        return fail(load, "accesses a field<> or member<> whose class isn't known here; access it through its object");
    case place_kind::raw: break;
    }
    if (is_vtable_access(load)) return lower_vtable_load(load, pointer);
    if (lower_code_slot(load) || load_constant_memory(load, pointer)) return;
    uint32_t descr = context_.descrs.raw(load.getType());
    if (!check_shape(load, descr, load.getType(), "raw memory")) return;
    flat_value offset, base = raw_address(pointer, offset);
    with_descr(opcode::raw_load, {base, offset}, descr);
}

void function_lowering::lower_vtable_load(llvm::LoadInst& load, llvm::Value* object) {
    if (context_.foreign_vtables) {
        // Some class with virtual methods isn't the collector's: nothing tells here whose vtable it is.
        flat_value base = get(object);
        emit(static_cast<jitcode_op>(opcode::raw_load), {base, integer(0)}, result_for(&load)).descr =
            context_.descrs.raw(load.getType());
        return;
    }
    flat_value base = get(object);
    live();
    emit(jitcode_op::code_load_vtable, {base}, result_for(&load));
}

// The load of a method's address from a vtable that was loaded just before.
bool function_lowering::lower_code_slot(llvm::LoadInst& load) {
    if (!load.getType()->isPointerTy()) return false;
    llvm::APInt offset(64, 0);
    llvm::Value* base = load.getPointerOperand()->stripAndAccumulateConstantOffsets(layout_, offset, true);
    auto* vtable = llvm::dyn_cast<llvm::LoadInst>(base);
    if (!vtable || !is_vtable_access(*vtable)) return false;
    emit(jitcode_op::code_load_code_slot, {get(vtable)}, result_for(&load)).number = offset.getSExtValue();
    return true;
}

// Memory that never changes: a global constant. With a constant offset the value is known now, else the JIT may fold it
// later.
bool function_lowering::load_constant_memory(llvm::LoadInst& load, llvm::Value* pointer) {
    auto* global = llvm::dyn_cast<llvm::GlobalVariable>(llvm::getUnderlyingObject(pointer, 0));
    if (!global || !global->isConstant() || !global->hasDefinitiveInitializer()) return false;
    if (auto* address = llvm::dyn_cast<llvm::Constant>(pointer)) {
        if (llvm::Constant* value = llvm::ConstantFoldLoadFromConstPtr(address, load.getType(), layout_)) {
            flat_value known = constant(value, 0);
            if (known.what != flat_value::none) return set(&load, known), true;
        }
    }
    uint32_t descr = context_.descrs.constant_memory(load.getType());
    if (descr == descriptor_table::no_descr) return false;
    emit(static_cast<jitcode_op>(opcode::getfield), {address_value(pointer)}, result_for(&load)).descr = descr;
    return true;
}

// ---- stores
// -----------------------------------------------------------------------------------------------------------------

void function_lowering::lower_store(llvm::StoreInst& store) {
    if (store.isAtomic() || store.isVolatile()) return fail(store, "uses atomic or volatile memory");
    llvm::Value* value = store.getValueOperand();
    // A constructor's store of its vtable: new_object has stored the final one.
    if (auto* vtable = llvm::dyn_cast<llvm::GlobalVariable>(value->stripInBoundsConstantOffsets());
        vtable && context_.layouts.by_vtable(vtable))
        return;
    if (is_vtable_access(store) && value->stripInBoundsConstantOffsets()->getName() == "_ZTVN6heddle6objectE") return;
    if (kind_of_type(value->getType()) == kind::none)
        return fail(store, "stores a float, vector, structure or integer over 64 bits; use double and 64-bit integers");
    llvm::Value* pointer = store.getPointerOperand();
    address place = classify(pointer, context_.layouts);
    auto with_descr = [&](opcode op, llvm::ArrayRef<flat_value> inputs, uint32_t descr) {
        emit(static_cast<jitcode_op>(op), inputs).descr = descr;
    };
    switch (place.kind) {
    case place_kind::field: {
        uint32_t descr = context_.descrs.field(*place.field);
        std::string what = "the field " + place.field->owner->name + "." + place.field->name;
        if (place.offset_in_field) return fail(store, "accesses a part of " + what);
        if (place.field->quasi_immutable && place.through_heap)
            return fail(store, "writes " + what +
                                   ", which is HEDDLE_QUASI_IMMUTABLE; do it in a function marked "
                                   "HEDDLE_DONT_LOOK_INSIDE");
        if (check_shape(store, descr, value->getType(), what))
            with_descr(opcode::setfield, {get(place.base), get(value)}, descr);
        return;
    }
    case place_kind::array_item: {
        uint32_t descr = context_.descrs.array(*place.array);
        if (!check_shape(store, descr, value->getType(), "an item of an " + place.array->name)) return;
        with_descr(opcode::setarrayitem,
                   {get(place.base), place.index ? get(place.index) : integer(place.constant_index), get(value)},
                   descr);
        return;
    }
    case place_kind::array_length: return fail(store, "stores an array's length");
    case place_kind::vtable: return fail(store, "stores a vtable pointer that isn't known");
    case place_kind::global: {
        if (!place.through_heap) break;
        uint32_t descr = context_.descrs.global(*place.global, place.offset, value->getType());
        if (!check_shape(store, descr, value->getType(),
                         "the global variable " + demangle(place.global->getName().str())))
            return;
        with_descr(opcode::setfield, {flat_value::of_pointer(place.global), get(value)}, descr);
        return;
    }
    case place_kind::stack:
        return fail(store,
                    "keeps a local variable " + slot_name(place.base) + " in memory, because its address is taken");
    case place_kind::unknown_heap:
        return fail(store, "accesses a field<> or member<> whose class isn't known here; access it through its object");
    case place_kind::raw: break;
    }
    uint32_t descr = context_.descrs.raw(value->getType());
    if (!check_shape(store, descr, value->getType(), "raw memory")) return;
    flat_value offset, base = raw_address(pointer, offset);
    with_descr(opcode::raw_store, {base, offset, get(value)}, descr);
}

} // namespace heddle::translator::codewriter
