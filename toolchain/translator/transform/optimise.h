// Phase 6: LLVM's optimisation of the whole module, and object code.
#pragma once
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace heddle::translator {

// Once, before anything else of LLVM's code generation.
void initialise_code_generator();
std::unique_ptr<llvm::TargetMachine> make_target_machine(const llvm::Module& module, int level, std::string& error);
void optimise(llvm::Module& module, llvm::TargetMachine& machine, int level);
// Writes one object file per job to 'prefix'.N.o; gives their paths. Takes the module apart. Empty: 'error' says why.
std::vector<std::string> generate_objects(llvm::Module& module, int level, unsigned parallel, const std::string& prefix,
                                          std::string& error);

} // namespace heddle::translator
