// Phase 2. See normalise.h.
#include "normalise.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/IPO/AlwaysInliner.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/Scalar/ADCE.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/LowerExpectIntrinsic.h"
#include "llvm/Transforms/Scalar/SROA.h"

namespace heddle::translator {

namespace {

constexpr unsigned tiny_function_limit = 12; // instructions
constexpr int maximum_rounds = 5;

struct clean_control_flow_pass : llvm::PassInfoMixin<clean_control_flow_pass> {
    llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
        return clean_control_flow(function) ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
    }
};
struct selects_to_branches_pass : llvm::PassInfoMixin<selects_to_branches_pass> {
    llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
        return selects_to_branches(function) ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
    }
};

bool is_standard_library(llvm::StringRef symbol) {
    for (llvm::StringRef prefix : {"_ZNSt", "_ZNKSt", "_ZSt", "_ZN9__gnu_cxx", "_ZNK9__gnu_cxx"})
        if (symbol.starts_with(prefix)) return true;
    return false;
}

// C1 and C2: the demangled "X::X(" would do as well, but costs more.
bool is_constructor(llvm::StringRef symbol) {
    return symbol.starts_with("_ZN") && (symbol.contains("C2E") || symbol.contains("C1E"));
}

bool is_tiny(const llvm::Function& function) {
    if (function.isDeclaration() || function.hasFnAttribute(llvm::Attribute::NoInline) || function.isVarArg() ||
        function.getInstructionCount() > tiny_function_limit)
        return false;
    llvm::SmallVector<std::pair<const llvm::BasicBlock*, const llvm::BasicBlock*>, 4> edges;
    llvm::FindFunctionBackedges(function, edges);
    if (!edges.empty()) return false;
    for (const llvm::Instruction& i : llvm::instructions(function))
        if (auto* call = llvm::dyn_cast<llvm::CallBase>(&i); call && call->getCalledFunction() == &function)
            return false;
    return true;
}

// Accessors and wrappers of the standard library, which the JIT would not look into, and constructors that only store.
bool mark_tiny_functions(llvm::Module& module) {
    bool any = false;
    for (llvm::Function& function : module) {
        if (function.hasFnAttribute(llvm::Attribute::AlwaysInline) || !is_tiny(function)) continue;
        if (!is_standard_library(function.getName()) && !is_constructor(function.getName())) continue;
        function.addFnAttr(llvm::Attribute::AlwaysInline);
        any = true;
    }
    return any;
}

// Nothing before the lowering may delete, duplicate or move markers, or take them for unable to return.
void describe_markers(llvm::Module& module) {
    for (llvm::Function& function : module) {
        if (!function.isDeclaration() || !function.getName().starts_with("heddle_marker_")) continue;
        function.setDoesNotThrow();
        llvm::StringRef name = function.getName();
        if (name == "heddle_marker_merge_point" || name == "heddle_marker_can_enter_jit") {
            function.addFnAttr(llvm::Attribute::NoDuplicate);
        } else if (name == "heddle_marker_is" || name == "heddle_marker_is_exact" ||
                   name == "heddle_marker_array_length") {
            // They read what never changes: equal calls may be merged, unused ones dropped.
            function.setDoesNotAccessMemory();
            function.addFnAttr(llvm::Attribute::WillReturn);
        }
    }
}

} // namespace

void normalise(llvm::Module& module) {
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager components;
    llvm::ModuleAnalysisManager modules;
    llvm::PassBuilder builder;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);

    return_single_members(module);
    describe_markers(module);
    auto simplify = [] {
        llvm::FunctionPassManager passes;
        passes.addPass(clean_control_flow_pass());
        passes.addPass(llvm::SROAPass(llvm::SROAOptions::PreserveCFG));
        passes.addPass(llvm::EarlyCSEPass());
        passes.addPass(clean_control_flow_pass());
        passes.addPass(llvm::ADCEPass());
        return passes;
    };
    llvm::ModulePassManager first;
    first.addPass(llvm::createModuleToFunctionPassAdaptor(llvm::LowerExpectIntrinsicPass()));
    first.addPass(llvm::AlwaysInlinerPass(false));
    first.addPass(llvm::createModuleToFunctionPassAdaptor(simplify()));
    first.addPass(llvm::GlobalDCEPass());
    first.run(module, modules);
    for (int round = 1; round < maximum_rounds && mark_tiny_functions(module); round++) {
        llvm::ModulePassManager next;
        next.addPass(llvm::AlwaysInlinerPass(false));
        next.addPass(llvm::createModuleToFunctionPassAdaptor(simplify()));
        next.addPass(llvm::GlobalDCEPass());
        next.run(module, modules);
    }
    llvm::ModulePassManager last;
    llvm::FunctionPassManager passes;
    passes.addPass(selects_to_branches_pass());
    passes.addPass(clean_control_flow_pass());
    passes.addPass(llvm::EarlyCSEPass());
    passes.addPass(clean_control_flow_pass());
    passes.addPass(llvm::ADCEPass());
    last.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(passes)));
    last.run(module, modules);
}

} // namespace heddle::translator
