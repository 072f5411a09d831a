// Thunks and adapters: see thunks.h.
#include "thunks.h"
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

namespace heddle::translator::codewriter {

using jit::kind;

namespace {

// An integer of the target's width.
llvm::IntegerType* integer_type(const llvm::Module& module) {
    return module.getDataLayout().getIntPtrType(module.getContext());
}

llvm::Type* word_type(const llvm::Module& module, kind k) {
    llvm::LLVMContext& context = module.getContext();
    switch (k) {
    case kind::vector: // only traces have them
    case kind::none: return llvm::Type::getVoidTy(context);
    case kind::integer: return integer_type(module);
    case kind::pointer: return llvm::PointerType::get(context, 0);
    case kind::floating: return llvm::Type::getDoubleTy(context);
    }
    return nullptr;
}

bool is_narrow(const llvm::Module& module, const llvm::Type* type) {
    return type->isIntegerTy() && type->getIntegerBitWidth() < integer_type(module)->getBitWidth();
}

// Narrow integers: a callee relies on nothing but the low bits, unless the extension is promised by an attribute.
bool needs_adapter(const llvm::Function& function) {
    const llvm::Module& module = *function.getParent();
    if (is_narrow(module, function.getReturnType())) return true;
    for (const llvm::Argument& a : function.args())
        if (is_narrow(module, a.getType()) && !a.getType()->isIntegerTy(1) && !a.getType()->isIntegerTy(32) &&
            a.hasZExtAttr())
            return true;
    return function.getCallingConv() != llvm::CallingConv::C;
}

} // namespace

llvm::Function* thunk_builder::thunk(const std::string& argument_kinds, kind result) {
    std::string name = "heddle_thunk_" + argument_kinds + "_" + jit::kind_letter(result);
    llvm::Function*& made = thunks_[name];
    if (made) return made;
    llvm::LLVMContext& context = module_.getContext();
    llvm::Type* pointer = llvm::PointerType::get(context, 0);
    auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {pointer, pointer, pointer}, false);
    made = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module_);
    made->setDoesNotThrow();
    llvm::IRBuilder<> build(llvm::BasicBlock::Create(context, "", made));
    std::vector<llvm::Type*> types;
    std::vector<llvm::Value*> arguments;
    for (size_t i = 0; i < argument_kinds.size(); ++i) {
        types.push_back(word_type(module_, jit::kind_of_letter(argument_kinds[i])));
        arguments.push_back(
            build.CreateLoad(types.back(), build.CreateConstGEP1_64(build.getInt64Ty(), made->getArg(1), i)));
    }
    auto* callee_type = llvm::FunctionType::get(word_type(module_, result), types, false);
    llvm::Value* value = build.CreateCall(callee_type, made->getArg(0), arguments);
    // The whole word: see kinds.h.
    if (result == kind::integer) value = build.CreateSExt(value, build.getInt64Ty());
    if (result == kind::pointer) value = build.CreatePtrToInt(value, build.getInt64Ty());
    if (result != kind::none) build.CreateStore(value, made->getArg(2));
    build.CreateRetVoid();
    return made;
}

llvm::Function* thunk_builder::callable(llvm::Function& function) {
    if (!needs_adapter(function)) return &function;
    llvm::Function*& made = adapters_[&function];
    if (made) return made;
    llvm::LLVMContext& context = module_.getContext();
    std::vector<llvm::Type*> types;
    for (llvm::Argument& a : function.args()) types.push_back(word_type(module_, kind_of_type(a.getType())));
    kind result = function.getReturnType()->isVoidTy() ? kind::none : kind_of_type(function.getReturnType());
    made = llvm::Function::Create(llvm::FunctionType::get(word_type(module_, result), types, false),
                                  llvm::GlobalValue::InternalLinkage, "heddle_adapter_" + function.getName().str(),
                                  module_);
    made->setDoesNotThrow();
    llvm::IRBuilder<> build(llvm::BasicBlock::Create(context, "", made));
    std::vector<llvm::Value*> arguments;
    for (llvm::Argument& a : function.args()) {
        llvm::Value* word = made->getArg(a.getArgNo());
        arguments.push_back(is_narrow(module_, a.getType()) ? build.CreateTrunc(word, a.getType()) : word);
    }
    llvm::CallInst* call = build.CreateCall(&function, arguments);
    call->setCallingConv(function.getCallingConv());
    call->setAttributes(function.getAttributes());
    call->addFnAttr(llvm::Attribute::NoInline); // the adapter is there to be small
    if (result == kind::none) {
        build.CreateRetVoid();
    } else if (is_narrow(module_, function.getReturnType())) {
        bool is_bit = function.getReturnType()->isIntegerTy(1);
        build.CreateRet(is_bit ? build.CreateZExt(call, integer_type(module_))
                               : build.CreateSExt(call, integer_type(module_)));
    } else {
        build.CreateRet(call);
    }
    return made;
}

} // namespace heddle::translator::codewriter
