// Class identity that survives the linking of modules.
//
// LLVM's IR linker merges struct types of equal structure, whatever their names: W_Add and W_Sub with equal members
// would become one type. So before linking, each file's GEPs over GC classes and arrays are changed to tagged copies of
// the struct types: a further last element [0 x [tag x i8]] of no size, which differs from class to class.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

namespace llvm {
class Module;
class Type;
} // namespace llvm

namespace heddle::translator {

// 'number' tells apart classes of the same name in anonymous namespaces of different files.
void tag_classes(llvm::Module& module, size_t number);

// The tag of a tagged struct type; nothing for other types.
std::optional<uint64_t> class_tag(const llvm::Type* type);

} // namespace heddle::translator
