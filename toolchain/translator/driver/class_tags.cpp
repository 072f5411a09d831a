// See class_tags.h.
#include "class_tags.h"
#include "../class_layouts.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/xxhash.h"
#include <map>

namespace heddle::translator {

namespace {

llvm::StructType* tagged(llvm::StructType* plain, uint64_t tag, const std::string& name) {
    llvm::LLVMContext& context = plain->getContext();
    std::vector<llvm::Type*> elements(plain->element_begin(), plain->element_end());
    elements.push_back(llvm::ArrayType::get(llvm::ArrayType::get(llvm::Type::getInt8Ty(context), tag), 0));
    return llvm::StructType::create(context, elements, name, plain->isPacked());
}

// The type_info is named by a call of the inline function heddle_type(), which nothing has inlined yet.
llvm::GlobalVariable* type_info_of(llvm::Value* value) {
    value = value->stripPointerCasts();
    if (auto* call = llvm::dyn_cast<llvm::CallInst>(value); call && call->getCalledFunction())
        for (llvm::BasicBlock& block : *call->getCalledFunction())
            if (auto* result = llvm::dyn_cast<llvm::ReturnInst>(block.getTerminator());
                result && result->getReturnValue())
                value = result->getReturnValue()->stripPointerCasts();
    return llvm::dyn_cast<llvm::GlobalVariable>(value);
}

// The struct type that the GEP, or the one beneath it, names.
llvm::StructType* structure_of(const llvm::Value* address) {
    auto* gep = llvm::dyn_cast<llvm::GetElementPtrInst>(address->stripPointerCasts());
    if (!gep) return nullptr;
    if (auto* structure = llvm::dyn_cast<llvm::StructType>(gep->getSourceElementType())) return structure;
    return structure_of(gep->getPointerOperand());
}

// heddle_describe holds one call of heddle_marker_class(type_info, self + 1), an array's of heddle_marker_array
// (type_info, self, &self->items_[1], ...): the GEPs name the StructType.
void tag_described(llvm::Module& module, size_t number, llvm::StringRef marker_name, unsigned address_operand,
                   std::map<llvm::Type*, llvm::StructType*>& tags) {
    llvm::Function* marker = module.getFunction(marker_name);
    if (!marker) return;
    for (llvm::User* user : marker->users()) {
        auto* call = llvm::dyn_cast<llvm::CallInst>(user);
        if (!call) continue;
        llvm::GlobalVariable* type_info = type_info_of(call->getArgOperand(0));
        llvm::StructType* structure = structure_of(call->getArgOperand(address_operand));
        if (!structure || !type_info) continue;
        std::string name =
            type_info->getName().str() + (type_info->hasLocalLinkage() ? "#" + std::to_string(number) : "");
        tags[structure] = tagged(structure, (llvm::xxh3_64bits(name) >> 4) + 1, "heddle." + name);
    }
}

} // namespace

void tag_classes(llvm::Module& module, size_t number) {
    std::map<llvm::Type*, llvm::StructType*> tags;
    tag_described(module, number, "heddle_marker_class", 1, tags);
    tag_described(module, number, "heddle_marker_array", 2, tags);
    for (llvm::Function& function : module)
        for (llvm::Instruction& i : llvm::instructions(function))
            if (auto* gep = llvm::dyn_cast<llvm::GetElementPtrInst>(&i))
                if (auto tag = tags.find(gep->getSourceElementType()); tag != tags.end()) {
                    llvm::SmallVector<llvm::Value*, 4> indices(gep->indices());
                    gep->setSourceElementType(tag->second);
                    gep->setResultElementType(llvm::GetElementPtrInst::getIndexedType(tag->second, indices));
                }
}

std::optional<uint64_t> class_tag(const llvm::Type* type) {
    auto* structure = llvm::dyn_cast_or_null<llvm::StructType>(type);
    if (!structure || structure->getNumElements() == 0) return {};
    auto* none = llvm::dyn_cast<llvm::ArrayType>(structure->getElementType(structure->getNumElements() - 1));
    if (!none || none->getNumElements() != 0) return {};
    auto* tag = llvm::dyn_cast<llvm::ArrayType>(none->getElementType());
    if (!tag || !tag->getElementType()->isIntegerTy(8) || tag->getNumElements() == 0) return {};
    return tag->getNumElements();
}

} // namespace heddle::translator
