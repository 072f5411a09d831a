// Phase 6. Loop strength reduction is off: it may leave only a pointer from outside of an object in a register, and the
// conservative collector would not see that the object is in use.
#include "optimise.h"
#include "../driver/hash.h"
#include "partition.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>
#include <unistd.h>

extern "C" { // of the target ARM: llvm-c/Target.h declares them for all targets only as macros
void LLVMInitializeARMTargetInfo();
void LLVMInitializeARMTarget();
void LLVMInitializeARMTargetMC();
void LLVMInitializeARMAsmPrinter();
}

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
    bool is_arm = llvm::StringRef(triple).starts_with("arm");
    constexpr const char* arm_features = "+armv7-a,+vfp3d16,-neon,-thumb-mode"; // as driver/targets.cpp tells clang
    if (is_arm) options.FloatABIType = llvm::FloatABI::Hard;
    options.UseInitArray = true; // glibc runs no .ctors, where LLVM would put static constructors by default
    options.FunctionSections = true;
    options.DataSections = true;
    auto code_level = level == 0   ? llvm::CodeGenOptLevel::None
                      : level == 1 ? llvm::CodeGenOptLevel::Less
                      : level == 2 ? llvm::CodeGenOptLevel::Default
                                   : llvm::CodeGenOptLevel::Aggressive;
    return std::unique_ptr<llvm::TargetMachine>(
        target->createTargetMachine(triple, is_arm ? "generic" : "x86-64", is_arm ? arm_features : "", options,
                                    llvm::Reloc::Static, llvm::CodeModel::Small, code_level));
}

// Once, before threads start: options of LLVM are global.
void initialise_code_generator() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    LLVMInitializeARMTargetInfo();
    LLVMInitializeARMTarget();
    LLVMInitializeARMTargetMC();
    LLVMInitializeARMAsmPrinter();
    const char* arguments[] = {"heddle", "-disable-lsr"};
    llvm::cl::ParseCommandLineOptions(2, arguments);
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

// Object code of one module into a file.
std::string write_object(llvm::Module& module, llvm::TargetMachine& machine, const std::string& path) {
    std::error_code code;
    llvm::raw_fd_ostream file(path, code);
    if (code) return path + ": cannot be written: " + code.message() + "; free some space or set HEDDLE_CACHE";
    llvm::legacy::PassManager passes;
    if (machine.addPassesToEmitFile(passes, file, nullptr, llvm::CodeGenFileType::ObjectFile))
        return "LLVM can't write object files for " + module.getTargetTriple();
    passes.run(module);
    file.close();
    if (!file.has_error()) return "";
    std::string message = file.error().message();
    file.clear_error();
    return path + ": cannot be written: " + message + "; free some space or set HEDDLE_CACHE";
}

// A constructor of an inline variable is listed with that variable as its key, and isn't emitted by a part in which the
// key is only declared. After linking there is one of each: no keys are needed.
void release_constructors(llvm::Module& module) {
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

bool has_block_addresses(const llvm::Module& module) {
    for (const llvm::Function& function : module)
        for (const llvm::BasicBlock& block : function)
            if (block.hasAddressTaken()) return true;
    return false;
}

// This program's hash stands for the passes and their options in the names of objects.
std::string own_hash() {
    auto buffer = llvm::MemoryBuffer::getFile("/proc/self/exe", false, false);
    return hash_of({buffer ? (*buffer)->getBuffer() : "", LLVM_VERSION_STRING});
}

void remove_unused_objects(const std::string& cache) {
    namespace fs = std::filesystem;
    std::error_code code;
    fs::file_time_type limit = fs::file_time_type::clock::now() - std::chrono::hours(24 * 14);
    for (fs::directory_iterator i(cache, code), end; !code && i != end; i.increment(code)) {
        std::error_code ignored;
        if (i->path().extension() == ".o" && fs::last_write_time(i->path(), ignored) < limit && !ignored)
            fs::remove(i->path(), ignored);
    }
}

class generator {
public:
    generator(llvm::Module& module, const generation_options& options) : options_(options) {
        triple_ = module.getTargetTriple();
        release_constructors(module);
        parts_ = divide(module, options.level > 0);
        load_lazily_ = !has_block_addresses(module);
        // Names of types depend on what other files there are, and nothing needs them any more.
        for (llvm::StructType* type : module.getIdentifiedStructTypes()) type->setName("");
        llvm::raw_svector_ostream stream(bitcode_);
        llvm::WriteBitcodeToFile(module, stream);
        key_ = own_hash() + " O" + std::to_string(options.level);
    }

    bool run(generation_result& result, std::string& error) {
        std::vector<size_t> order(parts_.size());
        for (size_t i = 0; i < order.size(); i++) order[i] = i;
        std::stable_sort(order.begin(), order.end(),
                         [&](size_t a, size_t b) { return parts_[a].instructions > parts_[b].instructions; });
        errors_.resize(parts_.size());
        result.objects.resize(parts_.size());
        std::atomic<size_t> next = 0;
        auto work = [&] {
            for (size_t i; (i = next++) < order.size();) errors_[order[i]] = make(order[i], result.objects[order[i]]);
        };
        std::vector<std::thread> threads;
        for (unsigned i = 1; i < std::min<size_t>(options_.parallel, parts_.size()); i++) threads.emplace_back(work);
        work();
        for (std::thread& thread : threads) thread.join();
        for (auto& message : errors_)
            if (!message.empty()) error = message;
        result.from_cache = from_cache_;
        result.instructions = instructions_;
        remove_unused_objects(options_.cache_directory);
        return error.empty();
    }

private:
    std::string make(size_t number, std::string& object) {
        llvm::LLVMContext context;
        llvm::MemoryBufferRef buffer(bitcode_, "heddle");
        auto loaded =
            load_lazily_ ? llvm::getLazyBitcodeModule(buffer, context) : llvm::parseBitcodeFile(buffer, context);
        if (!loaded) return "internal error: " + llvm::toString(loaded.takeError());
        llvm::Module& module = **loaded;
        if (llvm::Error problem = extract(module, parts_[number]))
            return "internal error: " + llvm::toString(std::move(problem));
        llvm::SmallString<0> content;
        llvm::raw_svector_ostream stream(content);
        llvm::WriteBitcodeToFile(module, stream);
        object = options_.cache_directory + "/" + hash_of({key_, content}) + ".o";
        std::error_code code;
        if (options_.ir_prefix.empty() && std::filesystem::exists(object, code)) {
            std::filesystem::last_write_time(object, std::filesystem::file_time_type::clock::now(), code);
            from_cache_++;
            return "";
        }
        std::string problem;
        std::unique_ptr<llvm::TargetMachine> machine = machine_for(triple_, options_.level, problem);
        if (!machine) return problem;
        optimise(module, *machine, options_.level);
        instructions_ += module.getInstructionCount();
        if (!options_.ir_prefix.empty()) {
            llvm::raw_fd_ostream file(options_.ir_prefix + "-" + std::to_string(number) + ".ll", code);
            if (code) return options_.ir_prefix + ": cannot write IR there: " + code.message();
            module.print(file, nullptr);
        }
        std::string temporary = object + "." + std::to_string(getpid()) + "." + std::to_string(number);
        problem = write_object(module, *machine, temporary);
        if (!problem.empty()) return problem;
        std::filesystem::rename(temporary, object, code);
        return code ? object + ": cannot be written: " + code.message() : "";
    }

    const generation_options& options_;
    std::string triple_, key_;
    std::vector<partition> parts_;
    bool load_lazily_ = true;
    llvm::SmallString<0> bitcode_;
    std::vector<std::string> errors_;
    std::atomic<unsigned> from_cache_ = 0;
    std::atomic<uint64_t> instructions_ = 0;
};

} // namespace

bool generate_objects(llvm::Module& module, const generation_options& options, generation_result& result,
                      std::string& error) {
    initialise_code_generator();
    return generator(module, options).run(result, error);
}

} // namespace heddle::translator
