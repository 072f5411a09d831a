// Reading and patching the constants heddle::detail::type_of_class<C>.
#include "../type_info_layout.h"
#include "../class_layouts.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/GlobalVariable.h"

namespace heddle::translator {

std::string class_name_of_type_info(const llvm::GlobalVariable& global) {
    if (!global.getName().starts_with("_ZN6heddle6detail13type_of_classI") &&
        !global.getName().starts_with("_ZN6heddle6detailL13type_of_classI"))
        return "";
    std::string name = llvm::demangle(global.getName().str());
    size_t begin = name.find('<'), end = name.rfind('>');
    return begin == std::string::npos || end == std::string::npos ? "" : name.substr(begin + 1, end - begin - 1);
}

llvm::Constant* type_info_word(const llvm::GlobalVariable& type_info, type_info_member member) {
    return type_info.getInitializer()->getAggregateElement(static_cast<unsigned>(member));
}

uint64_t type_info_number(const llvm::GlobalVariable& type_info, type_info_member member) {
    auto* number = llvm::dyn_cast_or_null<llvm::ConstantInt>(type_info_word(type_info, member));
    return number ? number->getZExtValue() : 0;
}

void set_type_info_word(llvm::GlobalVariable& type_info, type_info_member member, llvm::Constant* value) {
    llvm::SmallVector<llvm::Constant*, 24> words;
    auto* type = llvm::cast<llvm::StructType>(type_info.getInitializer()->getType());
    for (unsigned i = 0; i < type->getNumElements(); i++)
        words.push_back(type_info.getInitializer()->getAggregateElement(i));
    words[static_cast<unsigned>(member)] = value;
    type_info.setInitializer(llvm::ConstantStruct::get(type, words));
}

void set_type_info_number(llvm::GlobalVariable& type_info, type_info_member member, uint64_t value) {
    set_type_info_word(type_info, member, llvm::ConstantInt::get(type_info_word(type_info, member)->getType(), value));
}

void set_type_info_vtable(llvm::GlobalVariable& type_info, llvm::GlobalVariable& vtable) {
    llvm::Constant* word = type_info_word(type_info, type_info_member::vtable);
    if (!word || !word->isNullValue()) return;
    auto* byte = llvm::Type::getInt8Ty(type_info.getContext());
    auto* offset = llvm::ConstantInt::get(llvm::Type::getInt64Ty(type_info.getContext()),
                                          vtable_address_point(type_info.getDataLayout().getPointerSize()));
    set_type_info_word(type_info, type_info_member::vtable,
                       llvm::ConstantExpr::getInBoundsGetElementPtr(byte, &vtable, offset));
}

} // namespace heddle::translator
