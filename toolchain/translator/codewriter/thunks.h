// Functions that the translator adds so that calls from the JIT need to know nothing of C++ ABIs.
//
// A thunk calls any function of a signature with its arguments from an array of words. An adapter stands before a
// function whose own ABI isn't words, doubles and pointers at full width: it narrows the arguments and makes the result
// canonical (kinds.h).
#pragma once
#include "descriptor_table.h"
#include <map>
#include <string>

namespace llvm {
class Function;
class Module;
} // namespace llvm

namespace heddle::translator::codewriter {

class thunk_builder {
public:
    explicit thunk_builder(llvm::Module& module) : module_(module) {}
    llvm::Function* thunk(const std::string& argument_kinds, jit::kind result);
    // What machine code calls for 'function': itself, or its adapter.
    llvm::Function* callable(llvm::Function& function);

private:
    llvm::Module& module_;
    std::map<std::string, llvm::Function*> thunks_;
    std::map<llvm::Function*, llvm::Function*> adapters_;
};

} // namespace heddle::translator::codewriter
