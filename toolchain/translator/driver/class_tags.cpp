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

// Clang numbers the instances (".7"), and loading into a context that has the name already numbers again (".7.312").
bool is_template_instance(llvm::StringRef structure, llvm::StringRef name) {
    return structure.consume_front(name) && structure.find_first_not_of("0123456789.") == llvm::StringRef::npos;
}

llvm::StringRef name_of(llvm::Type* type) {
    auto* structure = llvm::dyn_cast<llvm::StructType>(type);
    return structure && !structure->isLiteral() ? structure->getName() : "";
}

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

// heddle_describe holds one call of heddle_marker_class(type_info, self + 1), whose GEP names the StructType.
void tag_described(llvm::Module& module, size_t number, std::map<llvm::Type*, llvm::StructType*>& tags) {
    llvm::Function* marker = module.getFunction("heddle_marker_class");
    if (!marker) return;
    for (llvm::User* user : marker->users()) {
        auto* call = llvm::dyn_cast<llvm::CallInst>(user);
        if (!call) continue;
        auto* gep = llvm::dyn_cast<llvm::GetElementPtrInst>(call->getArgOperand(1)->stripPointerCasts());
        llvm::GlobalVariable* type_info = type_info_of(call->getArgOperand(0));
        auto* structure = gep ? llvm::dyn_cast<llvm::StructType>(gep->getSourceElementType()) : nullptr;
        if (!structure || !type_info) continue;
        std::string name =
            type_info->getName().str() + (type_info->hasLocalLinkage() ? "#" + std::to_string(number) : "");
        tags[structure] = tagged(structure, (llvm::xxh3_64bits(name) >> 4) + first_class_tag, "heddle." + name);
    }
}

slot_type slot_of_item(llvm::Type* item) {
    if (is_template_instance(name_of(item), "class.heddle::member")) return slot_type::reference;
    if (is_template_instance(name_of(item), "class.heddle::field")) return slot_type::data;
    return item->isPointerTy() ? slot_type::constant_reference : slot_type::constant_data;
}

} // namespace

void tag_classes(llvm::Module& module, size_t number) {
    std::map<llvm::Type*, llvm::StructType*> tags;
    tag_described(module, number, tags);
    for (llvm::StructType* structure : module.getIdentifiedStructTypes()) {
        if (!is_template_instance(name_of(structure), "class.heddle::array") || structure->getNumElements() != 2)
            continue;
        auto* items = llvm::dyn_cast<llvm::ArrayType>(structure->getElementType(1));
        if (items)
            tags[structure] =
                tagged(structure, first_array_tag + static_cast<uint64_t>(slot_of_item(items->getElementType())),
                       "heddle.array");
    }
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
