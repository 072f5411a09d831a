// Small functions in IR that the lowering calls and LLVM then inlines: allocation, barriers. They follow
// heddle/gc/jit_interface.h.
#pragma once
#include "../class_layouts.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include <cstdint>

namespace heddle::translator {

class runtime_functions {
public:
    explicit runtime_functions(llvm::Module& module) : module_(module), context_(module.getContext()) {}
    llvm::Function* new_object(const gc_class& c); // ptr ()
    llvm::Function* new_array(const gc_class& c);  // ptr (i64 length)
    llvm::Function* field_barrier();               // void (ptr object)
    llvm::Function* array_barrier();               // void (ptr array, i64 index)
    llvm::Function* interior_barrier();            // void (ptr slot)
    llvm::Constant* thread_state();                // the global heddle_thread
    llvm::Type* pointer() const { return llvm::PointerType::get(context_, 0); }
    llvm::Type* integer(unsigned bits) const { return llvm::Type::getIntNTy(context_, bits); }
    llvm::Type* size_type() const { return module_.getDataLayout().getIntPtrType(context_); } // C's size_t
    llvm::ConstantInt* number(unsigned bits, uint64_t value) const {
        return llvm::ConstantInt::get(llvm::Type::getIntNTy(context_, bits), value);
    }

    // One of the runtime's C functions.
    llvm::Function* external(const char* name, llvm::Type* result, std::vector<llvm::Type*> parameters);

protected:
    llvm::Function* make(const std::string& name, llvm::Type* result, std::vector<llvm::Type*> parameters,
                         bool always_inline);
    llvm::Function* slow(const char* name, llvm::Type* result,
                         std::vector<llvm::Type*> parameters); // and seldom called
    void unlikely(llvm::BranchInst* branch);
    // The end of a function: if (condition) slow_function(its arguments); return
    void call_if(llvm::IRBuilder<>& builder, llvm::Value* condition, llvm::Function* slow_function);

    llvm::Module& module_;
    llvm::LLVMContext& context_;

private:
    llvm::Value* needs_barrier(llvm::IRBuilder<>& builder, llvm::Value* object);
    // Bumps by 'total' bytes; continues in a block where the result is the header's address, or goes to 'slow_block'.
    llvm::Value* bump(llvm::IRBuilder<>& builder, llvm::Value* total, llvm::BasicBlock* slow_block);
};

} // namespace heddle::translator
