// Phase 2: the module in the form that the codewriter reads: DSL wrappers inlined, locals in SSA form, control flow
// clean, no select, nothing speculated.
//
// A branch that had been folded into data flow would be traced as data and never specialise; InstCombine would turn
// struct GEPs into byte offsets and lose the fields' identity. So neither LLVM's SimplifyCFG nor InstCombine is used
// here.
#pragma once

namespace llvm {
class Function;
class Module;
} // namespace llvm

namespace heddle::translator {

void normalise(llvm::Module& module);

// Part of it (single_member_results.cpp).
void return_single_members(llvm::Module& module);

// Parts of it (control_flow.cpp). Both answer whether they changed anything.
// Removes unreachable blocks, folds constant branches, merges straight lines, skips empty blocks, and sends an edge
// past a block that only tests a phi whose value is constant on that edge.
bool clean_control_flow(llvm::Function& function);
// Every select becomes a branch.
bool selects_to_branches(llvm::Function& function);

} // namespace heddle::translator
