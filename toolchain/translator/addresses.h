// What a load's or store's address means: which field of which GC class, which array's item, a global, raw memory.
//
// Works on normalised IR, before lowering: looks through address space casts and GEPs to the first GEP over a GC class
// or array (they name class and field). The barrier insertion and the codewriter both go by it.
#pragma once
#include "class_layouts.h"
#include <cstdint>

namespace llvm {
class Instruction;
} // namespace llvm

namespace heddle::translator {

enum class place_kind : uint8_t {
    field,        // owner, field, base
    array_item,   // array, base, index
    array_length, // array, base (a plain load; in sources it is heddle_marker_array_length)
    vtable,       // base: the vtable pointer of a GC object
    global,       // global, offset: heddle_thread, a root<>, another global variable
    stack,        // base: an alloca
    raw,          // plain (address space 0) access to something else
    unknown_heap, // address space 1, but no class is named: e.g. a field<T>& passed to a function
};

struct address {
    place_kind kind = place_kind::raw;
    llvm::Value* base = nullptr;     // the object's pointer (address space 0), the alloca, or the stripped pointer
    const gc_class* owner = nullptr; // class that the GEP named (field may be an inherited one: see field->owner)
    const gc_field* field = nullptr;
    uint32_t offset_in_field = 0; // 0 but for parts of aggregate fields
    const array_shape* array = nullptr;
    llvm::Value* index = nullptr; // i64 item index; null: constant_index
    int64_t constant_index = 0;
    llvm::GlobalVariable* global = nullptr;
    int64_t offset = 0;        // field, global: bytes from base
    bool through_heap = false; // the access is through address space 1 (mutable)
};

address classify(llvm::Value* pointer, const class_layouts& layouts);

// Does it load or store a vtable pointer? (Of any object; link.cpp keeps clang's tag for that, of all the tags for
// aliasing. classify() alone can't tell: the vtable pointer lies at offset 0, for which no GEP is needed.)
bool is_vtable_access(const llvm::Instruction& load_or_store);

} // namespace heddle::translator
