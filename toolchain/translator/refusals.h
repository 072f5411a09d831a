// Checks that the VM's sources keep the DSL's rules. Each message names the place and a mend; docs/dsl.md lists them.
//
// Exceptions, RTTI and plain members listed in HEDDLE_GC_CLASS are refused by clang in phase 1; merge points by
// drivers.h. Limits: a reference hidden in memory is found when the stored value is known to be a GC object (made or
// loaded in the function, or returned by a function that returns only such) and the place is known not to be scanned (a
// global, memory from malloc or new), and in standard containers, by their template arguments. A reference passed to a
// function that stores it in malloc memory behind a void* is not found.
#pragma once
#include <string>

namespace llvm {
class Function;
class Module;
} // namespace llvm

namespace heddle::translator {

class annotations;
class class_layouts;
class diagnostics;

// On the linked module, before normalisation: constructors of GC classes that may allocate; containers of GC
// references.
void check_sources(llvm::Module& module, diagnostics& problems);
// On the normalised module: data members that HEDDLE_GC_CLASS doesn't list; stores that hide a GC reference; local
// variables whose address escapes in functions whose hints ask for tracing.
void check_classes(llvm::Module& module, const class_layouts& layouts, diagnostics& problems);
// Stores of a frame's slots (HEDDLE_VIRTUALIZABLE) anywhere but in their frame. Limits: virtualizables.cpp.
void check_virtualizables(llvm::Module& module, const class_layouts& layouts, diagnostics& problems);
void check_hinted_functions(llvm::Module& module, const annotations& hints, diagnostics& problems);
// An error for each stack slot that is left. why: "which must be traced", "which is marked HEDDLE_UNROLL_SAFE".
void refuse_stack_slots(llvm::Function& function, const std::string& why, diagnostics& problems);

} // namespace heddle::translator
