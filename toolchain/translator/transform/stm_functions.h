// Small functions in IR for `heddle build --stm`, which LLVM inlines: barriers, breaks, the check for inevitability.
// They follow heddle/stm/stm.h, which is not for the translator: it is compiled with another thread_state.
#pragma once
#include "runtime_functions.h"

namespace heddle::translator {

class stm_functions : public runtime_functions {
public:
    static constexpr unsigned view_space = 256; // x86: relative to gs

    explicit stm_functions(llvm::Module& module) : runtime_functions(module) {}
    llvm::Function* object_barrier();                                      // void (ptr object): before a write
    llvm::Function* item_barrier();                                        // void (ptr array, i64 index)
    llvm::Function* transaction_break();                                   // void ()
    llvm::Function* become_inevitable();                                   // void ()
    llvm::Value* version(llvm::IRBuilder<>& builder);                      // what a read leaves as its marker
    llvm::Value* thread_root(llvm::IRBuilder<>& builder, uint64_t offset); // an address in the thread's own roots
    llvm::Value* place(llvm::IRBuilder<>& builder);                        // where the innermost portal_place is kept
    llvm::PointerType* view_pointer() const { return llvm::PointerType::get(context_, view_space); }

private:
    llvm::Value* word_at(llvm::IRBuilder<>& builder, unsigned offset); // of heddle::stm::thread_words
    llvm::Value* is_committed(llvm::IRBuilder<>& builder, llvm::Value* object);
};

} // namespace heddle::translator
