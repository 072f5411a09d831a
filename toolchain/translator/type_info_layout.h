// heddle::gc::type_info as the translator sees it: a constant of the VM's module, whose words it reads and patches.
#pragma once
#include <cstdint>
#include <string>

namespace llvm {
class Constant;
class GlobalVariable;
} // namespace llvm

namespace heddle::translator {

// The members of heddle::gc::type_info, in order; class_layouts.cpp checks the count against the module's StructType.
enum class type_info_member : unsigned {
    name,
    base,
    id,
    last_id,
    fixed_size,
    item_size,
    length_offset,
    items_offset,
    items_are_references,
    has_finalizer,
    finalizer_is_light,
    is_weak,
    weak_offset,
    reference_offsets,
    reference_count,
    item_reference_count,
    item_reference_offsets,
    finalizer,
    vtable,
    count
};

// "W_Int" for heddle::detail::type_of_class<W_Int>; empty for other globals.
std::string class_name_of_type_info(const llvm::GlobalVariable& global);
llvm::Constant* type_info_word(const llvm::GlobalVariable& type_info, type_info_member member);
uint64_t type_info_number(const llvm::GlobalVariable& type_info, type_info_member member);
void set_type_info_word(llvm::GlobalVariable& type_info, type_info_member member, llvm::Constant* value);
void set_type_info_number(llvm::GlobalVariable& type_info, type_info_member member, uint64_t value);
// Only when it has none yet.
void set_type_info_vtable(llvm::GlobalVariable& type_info, llvm::GlobalVariable& vtable);

} // namespace heddle::translator
