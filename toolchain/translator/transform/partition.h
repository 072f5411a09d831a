// Divides the module before it is optimised: a part for each source file, that parts may be compiled in parallel and
// kept.
//
// A part holds the functions and variables that its source defines, and for inlining copies of small functions from
// other parts that it calls. What one part uses of another becomes a hidden external symbol; all else stays local.
// Names and the choice of copies depend on nothing but what the part uses, so that a change to one source leaves most
// other parts exactly as they were. The idea of copies chosen by size along calls is ThinLTO's.
#pragma once
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Module.h"
#include <string>
#include <vector>

namespace heddle::translator {

struct partition {
    std::string origin; // which source; empty: what belongs to none
    llvm::StringSet<> owned, copied;
    uint64_t instructions = 0; // of both
};

// Says in each definition of a source's module where it comes from. Definitions made later have no origin.
void set_origin(llvm::Module& part, llvm::StringRef origin);

// Renames and exports what parts need of each other. Without inlining, only always-inline functions are copied.
std::vector<partition> divide(llvm::Module& module, bool inlining);

// Makes of a lazily loaded copy of the divided module the part that is described.
llvm::Error extract(llvm::Module& module, const partition& wanted);

} // namespace heddle::translator
