// Checks that the VM's sources keep the DSL's rules. Each message names the place and a mend; docs/dsl.md lists them.
#pragma once

namespace llvm {
class Module;
} // namespace llvm

namespace heddle::translator {

class class_layouts;
class diagnostics;

// On the linked module, before normalisation: constructors that may allocate; exceptions, RTTI and the like.
void check_sources(llvm::Module& module, diagnostics& problems);
// On the normalised module: data members that HEDDLE_GC_CLASS doesn't list; stores that hide a GC reference.
void check_classes(llvm::Module& module, const class_layouts& layouts, diagnostics& problems);

} // namespace heddle::translator
