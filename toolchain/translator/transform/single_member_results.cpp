// Functions that return a class with one member return the member.
//
// Some calling conventions return such a class otherwise than its member, though in the same register: ARM's returns
// a Result<W_Object*> as an i32 and a Result<double> as a structure. In jitcode the one would be an integer, in which
// the collector does not look for objects, and the other nothing that traces can hold. This runs before everything
// else, while the compiler's output still says what was meant: every i32 that is returned was a pointer just before,
// every i32 that a call gives becomes one at once.
#include "normalise.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include <vector>

namespace heddle::translator {

namespace {

// The only scalar in a class, through nested classes; the type itself if it is no class; null if there are several.
llvm::Type* only_member(llvm::Type* type) {
    while (auto* structure = llvm::dyn_cast<llvm::StructType>(type)) {
        if (structure->isOpaque() || structure->getNumElements() != 1) return nullptr;
        type = structure->getElementType(0);
    }
    return type;
}

bool is_pointer_sized(const llvm::Module& module, llvm::Type* type) {
    return type->isIntegerTy(module.getDataLayout().getPointerSizeInBits());
}

std::vector<llvm::ReturnInst*> returns_of(llvm::Function& function) {
    std::vector<llvm::ReturnInst*> returns;
    for (llvm::BasicBlock& block : function)
        if (auto* instruction = llvm::dyn_cast<llvm::ReturnInst>(block.getTerminator())) returns.push_back(instruction);
    return returns;
}

// What the function should return; null: what it returns.
llvm::Type* better_result(llvm::Function& function) {
    llvm::Type* type = function.getReturnType();
    if (type->isStructTy()) {
        llvm::Type* member = only_member(type);
        return member && member->isDoubleTy() ? member : nullptr;
    }
    if (!is_pointer_sized(*function.getParent(), type)) return nullptr;
    std::vector<llvm::ReturnInst*> returns = returns_of(function);
    for (llvm::ReturnInst* instruction : returns) {
        if (!llvm::isa<llvm::PtrToIntInst>(instruction->getReturnValue())) return nullptr;
    }
    return returns.empty() ? nullptr : llvm::PointerType::get(function.getContext(), 0);
}

void return_member(llvm::ReturnInst& instruction, llvm::Type* member) {
    llvm::Value* value = instruction.getReturnValue();
    if (member->isPointerTy()) {
        auto* cast = llvm::cast<llvm::PtrToIntInst>(value);
        instruction.setOperand(0, cast->getPointerOperand());
        if (cast->use_empty()) cast->eraseFromParent();
        return;
    }
    while (value->getType()->isStructTy()) {
        auto* part = llvm::ExtractValueInst::Create(value, {0}, "", instruction.getIterator());
        part->setDebugLoc(instruction.getDebugLoc());
        value = part;
    }
    instruction.setOperand(0, value);
}

void change_result(llvm::Function& old, llvm::Type* result) {
    auto* type = llvm::FunctionType::get(result, old.getFunctionType()->params(), old.isVarArg());
    llvm::Function* made = llvm::Function::Create(type, old.getLinkage(), old.getAddressSpace(), "", old.getParent());
    made->copyAttributesFrom(&old);
    made->setComdat(old.getComdat());
    made->copyMetadata(&old, 0);
    made->takeName(&old);
    made->splice(made->begin(), &old);
    for (unsigned i = 0; i < old.arg_size(); i++) {
        made->getArg(i)->takeName(old.getArg(i));
        old.getArg(i)->replaceAllUsesWith(made->getArg(i));
    }
    old.replaceAllUsesWith(made);
    old.eraseFromParent();
    for (llvm::ReturnInst* instruction : returns_of(*made)) return_member(*instruction, result);
}

// What a call should give; null: what it gives. Direct calls follow what they call.
llvm::Type* better_result(llvm::CallInst& call) {
    llvm::Type* type = call.getType();
    if (llvm::Function* callee = call.getCalledFunction())
        return callee->getReturnType() == type ? nullptr : callee->getReturnType();
    if (auto* function = llvm::dyn_cast<llvm::Function>(call.getCalledOperand()->stripPointerCasts()))
        return function->getReturnType() == type ? nullptr : function->getReturnType();
    if (type->isStructTy()) {
        llvm::Type* member = only_member(type);
        return member && member->isDoubleTy() ? member : nullptr;
    }
    if (!is_pointer_sized(*call.getModule(), type) || call.use_empty()) return nullptr;
    for (llvm::User* user : call.users())
        if (!llvm::isa<llvm::IntToPtrInst>(user)) return nullptr;
    return llvm::PointerType::get(call.getContext(), 0);
}

// `value`, a member, as the class or integer that the old call gave.
llvm::Value* as_before(llvm::Value* value, llvm::Type* type, llvm::CallInst& old) {
    if (type->isIntegerTy()) return new llvm::PtrToIntInst(value, type, "", old.getIterator());
    auto* structure = llvm::cast<llvm::StructType>(type);
    llvm::Value* inner = value;
    if (structure->getElementType(0)->isStructTy()) inner = as_before(value, structure->getElementType(0), old);
    return llvm::InsertValueInst::Create(llvm::PoisonValue::get(type), inner, {0}, "", old.getIterator());
}

void change_call(llvm::CallInst& old, llvm::Type* result) {
    std::vector<llvm::Value*> arguments(old.arg_begin(), old.arg_end());
    auto* type = llvm::FunctionType::get(result, old.getFunctionType()->params(), old.getFunctionType()->isVarArg());
    auto* made = llvm::CallInst::Create(type, old.getCalledOperand(), arguments, "", old.getIterator());
    made->setAttributes(old.getAttributes());
    made->setCallingConv(old.getCallingConv());
    made->setTailCallKind(old.getTailCallKind());
    made->copyMetadata(old);
    for (llvm::User* user : llvm::make_early_inc_range(old.users())) {
        auto* cast = llvm::dyn_cast<llvm::IntToPtrInst>(user);
        if (!cast || !result->isPointerTy()) continue;
        cast->replaceAllUsesWith(made);
        cast->eraseFromParent();
    }
    if (!old.use_empty()) old.replaceAllUsesWith(as_before(made, old.getType(), old));
    old.eraseFromParent();
}

} // namespace

void return_single_members(llvm::Module& module) {
    std::vector<std::pair<llvm::Function*, llvm::Type*>> functions;
    for (llvm::Function& function : module)
        if (!function.isDeclaration())
            if (llvm::Type* result = better_result(function)) functions.emplace_back(&function, result);
    for (auto [function, result] : functions) change_result(*function, result);
    std::vector<std::pair<llvm::CallInst*, llvm::Type*>> calls;
    for (llvm::Function& function : module)
        for (llvm::Instruction& instruction : llvm::instructions(function))
            if (auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && !call->isInlineAsm())
                if (llvm::Type* result = better_result(*call)) calls.emplace_back(call, result);
    for (auto [call, result] : calls) change_call(*call, result);
}

} // namespace heddle::translator
