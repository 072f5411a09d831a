// Phase 1b: all bitcode into one module, with everything internal but main.
#pragma once
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace heddle::translator {

std::unique_ptr<llvm::Module> link_modules(llvm::LLVMContext& context, const std::vector<std::string>& bitcode,
                                           const std::string& architecture, std::string& error);

uint64_t count_instructions(const llvm::Module& module);

} // namespace heddle::translator
