// Classifies addresses. See addresses.h.
#include "../addresses.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Operator.h"

namespace heddle::translator {

namespace {

llvm::Value* strip_casts(llvm::Value* value) {
    while (auto* cast = llvm::dyn_cast<llvm::Operator>(value)) {
        if (cast->getOpcode() != llvm::Instruction::AddrSpaceCast && cast->getOpcode() != llvm::Instruction::BitCast)
            break;
        value = cast->getOperand(0);
    }
    return value;
}

// The offset of a GEP as constant + index * stride, with at most one variable index.
struct gep_offset {
    bool known = true;
    int64_t constant = 0;
    llvm::Value* index = nullptr;
    int64_t stride = 0;
};

gep_offset offset_of(const llvm::GEPOperator& gep, const llvm::DataLayout& layout) {
    gep_offset result;
    llvm::MapVector<llvm::Value*, llvm::APInt> variable;
    llvm::APInt constant(64, 0);
    if (!gep.collectOffset(layout, 64, variable, constant) || variable.size() > 1) {
        result.known = false;
        return result;
    }
    result.constant = constant.getSExtValue();
    if (!variable.empty()) {
        result.index = variable.front().first;
        result.stride = variable.front().second.getSExtValue();
    }
    return result;
}

address field_place(const gc_class& owner, llvm::Value* base, int64_t offset, const class_layouts& layouts) {
    address result;
    result.kind = place_kind::raw;
    result.owner = &owner;
    result.base = base;
    result.offset = offset;
    result.field = offset >= 0 ? layouts.field_at(owner, static_cast<uint64_t>(offset)) : nullptr;
    if (result.field) {
        result.kind = place_kind::field;
        result.offset_in_field = static_cast<uint32_t>(offset - result.field->offset);
    } else if (offset == 0 && !owner.is_array()) {
        result.kind = place_kind::vtable;
    }
    return result;
}

address array_place(const array_shape& shape, llvm::Value* base, int64_t constant, llvm::Value* index, int64_t stride) {
    address result;
    result.base = base;
    result.array = &shape;
    if (!index && constant == shape.length_offset) {
        result.kind = place_kind::array_length;
        return result;
    }
    int64_t in_items = constant - shape.items_offset;
    if (in_items % shape.item_size != 0 || (index && stride != shape.item_size) || (index && in_items != 0)) {
        result.kind = place_kind::unknown_heap;
        return result;
    }
    result.kind = place_kind::array_item;
    result.index = index;
    result.constant_index = in_items / shape.item_size;
    return result;
}

address other_place(llvm::Value* base, int64_t offset, bool through_heap) {
    address result;
    result.base = base;
    result.offset = offset;
    if (auto* global = llvm::dyn_cast<llvm::GlobalVariable>(base)) {
        result.kind = place_kind::global;
        result.global = global;
    } else if (llvm::isa<llvm::AllocaInst>(base)) {
        result.kind = place_kind::stack;
    } else {
        result.kind = through_heap ? place_kind::unknown_heap : place_kind::raw;
    }
    return result;
}

address classify_place(llvm::Value* pointer, const class_layouts& layouts, bool through_heap) {
    const llvm::DataLayout& layout = layouts.data_layout();
    llvm::Value* current = strip_casts(pointer);
    int64_t constant = 0, stride = 0;
    llvm::Value* index = nullptr;
    while (auto* gep = llvm::dyn_cast<llvm::GEPOperator>(current)) {
        gep_offset step = offset_of(*gep, layout);
        if (!step.known || (step.index && index)) return other_place(current, 0, through_heap);
        constant += step.constant;
        if (step.index) index = step.index, stride = step.stride;
        llvm::Value* base = strip_casts(gep->getPointerOperand());
        if (const gc_class* owner = layouts.by_structure(gep->getSourceElementType()); owner && !index)
            return field_place(*owner, base, constant, layouts);
        if (const array_shape* shape = layouts.shape_of_structure(gep->getSourceElementType()))
            return array_place(*shape, base, constant, index, stride);
        current = base;
    }
    return other_place(current, index ? 0 : constant, through_heap);
}

} // namespace

address classify(llvm::Value* pointer, const class_layouts& layouts) {
    bool through_heap = pointer->getType()->getPointerAddressSpace() == 1;
    address result = classify_place(pointer, layouts, through_heap);
    result.through_heap = through_heap;
    return result;
}

bool is_vtable_access(const llvm::Instruction& load_or_store) {
    const llvm::MDNode* tag = load_or_store.getMetadata(llvm::LLVMContext::MD_tbaa);
    return tag && tag->isTBAAVtableAccess();
}

} // namespace heddle::translator
