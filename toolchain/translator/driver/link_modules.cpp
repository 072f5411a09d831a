// Phase 1b.
#include "link_modules.h"
#include "../transform/partition.h"
#include "../type_info_layout.h"
#include "class_tags.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/IPO/Internalize.h"
#include <map>

namespace heddle::translator {

namespace {

// Type-based alias information is of no use here (objects are made and moved behind the compiler's back), except that
// it marks loads and stores of vtable pointers, which the JIT must tell from others.
void keep_only_vtable_tags(llvm::Module& module) {
    for (llvm::Function& function : module)
        for (llvm::Instruction& i : llvm::instructions(function)) {
            if (llvm::MDNode* tag = i.getMetadata(llvm::LLVMContext::MD_tbaa); tag && !tag->isTBAAVtableAccess())
                i.setMetadata(llvm::LLVMContext::MD_tbaa, nullptr);
            i.setMetadata(llvm::LLVMContext::MD_tbaa_struct, nullptr);
        }
}

// Enters each class's vtable into its type_info, in the file that defines both: here classes of anonymous namespaces in
// different files can't be taken for each other.
void enter_vtables(llvm::Module& module) {
    std::map<std::string, llvm::GlobalVariable*> vtables;
    for (llvm::GlobalVariable& global : module.globals())
        if (global.getName().starts_with("_ZTV")) vtables[llvm::demangle(global.getName().str())] = &global;
    for (llvm::GlobalVariable& global : module.globals()) {
        std::string name = class_name_of_type_info(global);
        auto vtable = vtables.find("vtable for " + name);
        if (name.empty() || !global.hasInitializer() || vtable == vtables.end()) continue;
        set_type_info_vtable(global, *vtable->second);
    }
}

class linker_messages : public llvm::DiagnosticHandler {
public:
    explicit linker_messages(std::string& text) : text_(text) {}
    bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
        if (info.getSeverity() != llvm::DS_Error) return true;
        llvm::raw_string_ostream stream(text_);
        llvm::DiagnosticPrinterRawOStream printer(stream);
        info.print(printer);
        stream << '\n';
        return true;
    }

private:
    std::string& text_;
};

} // namespace

std::unique_ptr<llvm::Module> link_modules(llvm::LLVMContext& context, const std::vector<std::string>& bitcode,
                                           const std::string& architecture, std::string& error) {
    context.setDiagnosticHandler(std::make_unique<linker_messages>(error));
    auto whole = std::make_unique<llvm::Module>("heddle", context);
    llvm::Linker linker(*whole);
    size_t number = 0;
    for (auto& path : bitcode) {
        llvm::SMDiagnostic problem;
        std::unique_ptr<llvm::Module> part = llvm::parseIRFile(path, problem, context);
        if (!part) {
            error = path + ": not readable as bitcode (" + problem.getMessage().str() +
                    "); delete the cache folder and build again";
            return nullptr;
        }
        if (!llvm::StringRef(part->getTargetTriple()).starts_with(architecture)) {
            error = path + ": is bitcode for " + part->getTargetTriple() + ", not for " + architecture +
                    "; delete the cache folder and build again";
            return nullptr;
        }
        tag_classes(*part, number++);
        keep_only_vtable_tags(*part);
        enter_vtables(*part);
        set_origin(*part, llvm::sys::path::stem(path));
        if (whole->getTargetTriple().empty()) {
            whole->setTargetTriple(part->getTargetTriple());
            whole->setDataLayout(part->getDataLayout());
        }
        if (linker.linkInModule(std::move(part))) {
            if (error.empty()) error = path + ": linking it with the other files failed";
            return nullptr;
        }
    }
    if (llvm::Function* main = whole->getFunction("main"); !main || main->isDeclaration()) {
        error = "no main function in the sources; an interpreter is a whole program";
        return nullptr;
    }
    enter_vtables(*whole);
    llvm::internalizeModule(*whole, [](const llvm::GlobalValue& value) { return value.getName() == "main"; });
    return whole;
}

uint64_t count_instructions(const llvm::Module& module) {
    uint64_t count = 0;
    for (auto& function : module) count += function.getInstructionCount();
    return count;
}

} // namespace heddle::translator
