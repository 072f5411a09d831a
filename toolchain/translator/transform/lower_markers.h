// Phase 5: heddle_marker_* calls become plain IR, reference stores get write barriers, address space 1 goes away.
// After it the module has no trace of the DSL and LLVM's own passes may run.
#pragma once

namespace llvm {
class Module;
} // namespace llvm

namespace heddle::translator {

class class_layouts;
class diagnostics;

void insert_write_barriers(llvm::Module& module, const class_layouts& layouts);
// VMs with a JIT: after each write of a HEDDLE_QUASI_IMMUTABLE field but a constructor's, the JIT is told.
void report_quasi_immutable_writes(llvm::Module& module, const class_layouts& layouts);
// Patches the classes' numbers into their type_info, and replaces all markers but merge_point and can_enter_jit
// (portal.h; without a JIT they are dropped here).
void lower_markers(llvm::Module& module, const class_layouts& layouts, diagnostics& problems);
void remove_heap_address_space(llvm::Module& module);
// Describe functions, annotations: what only the analyses read. Before lower_markers.
void remove_descriptions(llvm::Module& module);

} // namespace heddle::translator
