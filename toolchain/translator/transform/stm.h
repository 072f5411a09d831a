// Phase 5 of `heddle build --stm`: in place of insert_write_barriers. See docs/stm.md and heddle/stm/stm.h.
//
// Every mutable heap access goes through the running transaction's view (address space 256: relative to the gs
// register), reads leave a marker, and the first write of an object in a transaction calls the runtime. References in
// global variables (root<>) move to the heap's first pages. Transactions may end at loops' back edges
// (HEDDLE_CAN_ENTER_JIT) and at the entry of portals. What can't be taken back is preceded by a call that makes the
// transaction inevitable.
#pragma once
#include "../drivers.h"
#include <cstdint>
#include <map>
#include <string>

namespace llvm {
class GlobalVariable;
class Module;
} // namespace llvm

namespace heddle::translator {

class annotations;
class class_layouts;
class diagnostics;

// Before any other part of the transformation. Appends a line of `heddle explain` (driver/explain.h) for each place
// that makes transactions inevitable.
void insert_inevitability(llvm::Module& module, const class_layouts& layouts, const annotations& hints,
                          std::string& records);
void insert_stm_barriers(llvm::Module& module, const class_layouts& layouts, const drivers& all, diagnostics& problems);
// For the log of transactions: where the interpreted program is (stm_places.cpp). The first after the barriers, the
// second after transform_portals.
void mark_places(llvm::Module& module, const drivers& all);
void lower_places(llvm::Module& module);
// After lowering: heddle_thread is one for each thread.
void make_thread_state_local(llvm::Module& module);

// Where traces find the variables that lie elsewhere with transactions: addresses of roots, and the words of
// heddle/jit/thread_places.h.
struct global_places {
    std::map<const llvm::GlobalVariable*, uint64_t> words;
    size_t root_count = 0, thread_root_count = 0;
};
global_places find_global_places(const llvm::Module& module);

// Is it a root<>, one that is a variable of its own?
bool is_root(const llvm::GlobalVariable& global);
bool is_thread_root(const llvm::GlobalVariable& global);

} // namespace heddle::translator
