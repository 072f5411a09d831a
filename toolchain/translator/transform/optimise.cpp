// Phase 6. Loop strength reduction is off: it may leave only a pointer from outside of an object in a register, and the
// conservative collector would not see that the object is in use.
#include "optimise.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/Transforms/Utils/SplitModule.h"
#include <thread>

namespace heddle::translator {

namespace {

llvm::OptimizationLevel optimisation_level(int level) {
    switch (level) {
    case 0: return llvm::OptimizationLevel::O0;
    case 1: return llvm::OptimizationLevel::O1;
    case 2: return llvm::OptimizationLevel::O2;
    default: return llvm::OptimizationLevel::O3;
    }
}

std::unique_ptr<llvm::TargetMachine> machine_for(const std::string& triple, int level, std::string& error) {
    const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, error);
    if (!target) return nullptr;
    llvm::TargetOptions options;
    options.UseInitArray = true; // glibc runs no .ctors, where LLVM would put static constructors by default
    options.FunctionSections = true;
    options.DataSections = true;
    auto code_level = level == 0   ? llvm::CodeGenOptLevel::None
                      : level == 1 ? llvm::CodeGenOptLevel::Less
                      : level == 2 ? llvm::CodeGenOptLevel::Default
                                   : llvm::CodeGenOptLevel::Aggressive;
    return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
        triple, "x86-64", "", options, llvm::Reloc::Static, llvm::CodeModel::Small, code_level));
}

} // namespace

void initialise_code_generator() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    const char* arguments[] = {"heddle", "-disable-lsr"};
    llvm::cl::ParseCommandLineOptions(2, arguments);
}

std::unique_ptr<llvm::TargetMachine> make_target_machine(const llvm::Module& module, int level, std::string& error) {
    return machine_for(module.getTargetTriple(), level, error);
}

void optimise(llvm::Module& module, llvm::TargetMachine& machine, int level) {
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager components;
    llvm::ModuleAnalysisManager modules;
    llvm::PipelineTuningOptions tuning;
    tuning.LoopVectorization = tuning.SLPVectorization = level >= 2;
    llvm::PassBuilder builder(&machine, tuning);
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
    auto chosen = optimisation_level(level);
    llvm::ModulePassManager passes =
        level == 0 ? builder.buildO0DefaultPipeline(chosen) : builder.buildPerModuleDefaultPipeline(chosen);
    passes.run(module, modules);
}

namespace {

// Object code of one module into a file. Thread-safe when each thread has its own LLVMContext.
std::string generate_object(llvm::Module& module, int level, const std::string& path) {
    std::string error;
    std::unique_ptr<llvm::TargetMachine> machine = machine_for(module.getTargetTriple(), level, error);
    if (!machine) return error;
    std::error_code code;
    llvm::raw_fd_ostream file(path, code);
    if (code) return path + ": cannot be written: " + code.message() + "; free some space or choose another output";
    llvm::legacy::PassManager passes;
    if (machine->addPassesToEmitFile(passes, file, nullptr, llvm::CodeGenFileType::ObjectFile))
        return "LLVM can't write object files for " + module.getTargetTriple();
    passes.run(module);
    return "";
}

std::string generate_object_from_bitcode(llvm::StringRef bitcode, int level, const std::string& path) {
    llvm::LLVMContext context;
    auto module = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bitcode, path), context);
    if (!module) return path + ": " + llvm::toString(module.takeError());
    return generate_object(**module, level, path);
}

} // namespace

// A constructor of an inline variable is listed with that variable as its key, and isn't emitted by the part of a split
// module in which the key is only declared. After linking there is one of each: no keys are needed.
static void release_constructors(llvm::Module& module) {
    llvm::GlobalVariable* list = module.getGlobalVariable("llvm.global_ctors");
    auto* entries =
        list && list->hasInitializer() ? llvm::dyn_cast<llvm::ConstantArray>(list->getInitializer()) : nullptr;
    if (!entries) return;
    std::vector<llvm::Constant*> released;
    for (llvm::Use& use : entries->operands()) {
        auto* entry = llvm::cast<llvm::ConstantStruct>(use.get());
        auto* no_key = llvm::Constant::getNullValue(entry->getOperand(2)->getType());
        released.push_back(
            llvm::ConstantStruct::get(entry->getType(), {entry->getOperand(0), entry->getOperand(1), no_key}));
    }
    list->setInitializer(llvm::ConstantArray::get(entries->getType(), released));
}

std::vector<std::string> generate_objects(llvm::Module& module, int level, unsigned parallel, const std::string& prefix,
                                          std::string& error) {
    constexpr uint64_t worth_splitting = 20000; // IR instructions a part
    unsigned parts = std::max(
        1u, std::min<unsigned>(parallel, static_cast<unsigned>(module.getInstructionCount() / worth_splitting + 1)));
    std::vector<std::string> paths;
    for (unsigned i = 0; i < parts; i++) paths.push_back(prefix + "." + std::to_string(i) + ".o");
    if (parts == 1) {
        error = generate_object(module, level, paths[0]);
        return error.empty() ? paths : std::vector<std::string>{};
    }
    release_constructors(module);
    // Splitting makes local symbols global: they must not meet functions of the same name, but perhaps other
    // parameters, in the archives.
    for (llvm::GlobalValue& value : module.global_values())
        if (value.hasLocalLinkage() && value.hasName()) value.setName(value.getName() + ".vm");
    std::vector<std::string> errors(parts);
    std::vector<std::thread> threads;
    llvm::SplitModule(module, parts, [&](std::unique_ptr<llvm::Module> part) {
        llvm::SmallString<0> bitcode;
        llvm::raw_svector_ostream stream(bitcode);
        llvm::WriteBitcodeToFile(*part, stream);
        size_t i = threads.size();
        threads.emplace_back([&, i, bitcode = std::move(bitcode)] {
            errors[i] = generate_object_from_bitcode(bitcode, level, paths[i]);
        });
    });
    for (std::thread& thread : threads) thread.join();
    for (auto& message : errors)
        if (!message.empty()) error = message;
    return error.empty() ? paths : std::vector<std::string>{};
}

} // namespace heddle::translator
