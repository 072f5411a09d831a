// See portal.h. Relies on merge_points.h: only the merge point's variables are live over it.
#include "portal.h"
#include "heddle/jit/runtime.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"
#include "llvm/Transforms/Utils/SSAUpdater.h"
#include <map>

namespace heddle::translator {

namespace {

class portal_transformer {
public:
    portal_transformer(llvm::Module& module, driver& d) : module_(module), context_(module.getContext()), driver_(d) {
        word_ = llvm::Type::getInt64Ty(context_);
        pointer_ = llvm::PointerType::get(context_, 0);
    }

    void run() {
        make_body();
        split_at_merge_point();
        make_exits();
        redefine_variables();
        for (llvm::CallBase* call : driver_.can_enter_jit) count_at_back_edge(call);
        count_at_entry();
        finish_exits();
        driver_.merge_point->eraseFromParent();
        make_runner();
    }

private:
    llvm::ConstantInt* number(unsigned bits, uint64_t value) {
        return llvm::ConstantInt::get(llvm::Type::getIntNTy(context_, bits), value);
    }

    // A value as the JIT's words hold it (kinds.h); doubles as they are.
    llvm::Value* as_word(llvm::IRBuilder<>& builder, llvm::Value* value) {
        llvm::Type* type = value->getType();
        if (type->isPointerTy()) return builder.CreatePtrToInt(value, word_);
        if (!type->isIntegerTy()) return value;
        return type->isIntegerTy(1) ? builder.CreateZExt(value, word_) : builder.CreateSExt(value, word_);
    }

    // The portal's body moves to <name>.portal, which has one parameter more; what stays behind calls it.
    void make_body() {
        llvm::Function* outer = driver_.portal;
        std::vector<llvm::Type*> parameters(outer->getFunctionType()->params().begin(),
                                            outer->getFunctionType()->params().end());
        parameters.push_back(pointer_);
        auto* type = llvm::FunctionType::get(outer->getReturnType(), parameters, false);
        body_ = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, outer->getName() + ".portal", module_);
        body_->copyAttributesFrom(outer);
        body_->setAttributes(llvm::AttributeList::get(context_, outer->getAttributes().getFnAttrs(), {},
                                                      {})); // parameters are null when it is resumed
        body_->addFnAttr(llvm::Attribute::NoInline);
        body_->setLinkage(llvm::GlobalValue::InternalLinkage);
        body_->setComdat(nullptr);
        body_->splice(body_->begin(), outer);
        body_->setSubprogram(outer->getSubprogram());
        outer->setSubprogram(nullptr);
        for (llvm::Argument& argument : outer->args()) argument.replaceAllUsesWith(body_->getArg(argument.getArgNo()));
        resume_ = body_->getArg(body_->arg_size() - 1);

        llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "", outer));
        std::vector<llvm::Value*> arguments;
        for (llvm::Argument& argument : outer->args()) arguments.push_back(&argument);
        arguments.push_back(llvm::ConstantPointerNull::get(pointer_));
        llvm::CallInst* call = builder.CreateCall(body_, arguments);
        call->setTailCall();
        if (outer->getReturnType()->isVoidTy())
            builder.CreateRetVoid();
        else
            builder.CreateRet(call);
    }

    void split_at_merge_point() {
        start_ = &body_->getEntryBlock();
        head_ = driver_.merge_point->getParent();
        merged_ = llvm::SplitBlock(head_, driver_.merge_point);
        if (start_ == merged_) start_ = head_;
    }

    // The new entry, the block that loads the variables from a buffer, and the one that returns the runtime's result.
    void make_exits() {
        auto* entry = llvm::BasicBlock::Create(context_, "entry", body_, &body_->getEntryBlock());
        resume_block_ = llvm::BasicBlock::Create(context_, "resume", body_);
        return_block_ = llvm::BasicBlock::Create(context_, "finished", body_);
        llvm::IRBuilder<> builder(entry);
        set_location(builder);
        buffer_ = builder.CreateAlloca(llvm::ArrayType::get(word_, std::max<size_t>(driver_.variable_count(), 1)),
                                       nullptr, "greens_and_reds");
        builder.CreateCondBr(builder.CreateIsNotNull(resume_), resume_block_, start_);
        builder.SetInsertPoint(resume_block_);
        resumed_from_ = builder.CreatePHI(pointer_, 4);
        resumed_from_->addIncoming(resume_, entry);
        for (size_t i = 0; i < driver_.variable_count(); i++) {
            llvm::Type* type = driver_.variable(driver_.merge_point, i)->getType();
            loaded_.push_back(builder.CreateLoad(type, builder.CreateConstInBoundsGEP1_64(word_, resumed_from_, i)));
        }
        builder.CreateBr(merged_);
    }

    void finish_exits() {
        llvm::IRBuilder<> builder(return_block_);
        set_location(builder);
        llvm::Type* type = body_->getReturnType();
        if (type->isVoidTy()) {
            builder.CreateRetVoid();
        } else if (type->isIntegerTy()) {
            builder.CreateRet(builder.CreateTrunc(builder.CreateLoad(word_, buffer_), type));
        } else {
            builder.CreateRet(builder.CreateLoad(type, buffer_));
        }
        if (llvm::pred_empty(return_block_)) return_block_->eraseFromParent();
    }

    void set_location(llvm::IRBuilder<>& builder) {
        builder.SetCurrentDebugLocation(driver_.merge_point->getDebugLoc());
    }

    // Behind the merge point each variable is a phi of what it was and what was loaded.
    void redefine_variables() {
        llvm::IRBuilder<> builder(merged_, merged_->begin());
        set_location(builder);
        std::map<llvm::Value*, llvm::PHINode*> fresh;
        for (size_t i = 0; i < driver_.variable_count(); i++) {
            llvm::Value* old = driver_.variable(driver_.merge_point, i);
            if (llvm::isa<llvm::Constant>(old) || fresh.contains(old)) continue;
            llvm::PHINode* phi = builder.CreatePHI(old->getType(), 2);
            phi->addIncoming(old, head_);
            phi->addIncoming(loaded_[i], resume_block_);
            fresh[old] = phi;
        }
        for (auto& [old, phi] : fresh) {
            auto* definition = llvm::dyn_cast<llvm::Instruction>(old);
            llvm::BasicBlock* old_block = definition ? definition->getParent() : start_;
            llvm::SSAUpdater updater;
            updater.Initialize(old->getType(), old->getName());
            updater.AddAvailableValue(old_block, old);
            updater.AddAvailableValue(merged_, phi);
            std::vector<llvm::Use*> uses;
            for (llvm::Use& use : old->uses()) uses.push_back(&use);
            for (llvm::Use* use : uses) {
                auto* user = llvm::cast<llvm::Instruction>(use->getUser());
                bool is_phi = llvm::isa<llvm::PHINode>(user);
                if (!is_phi && user->getParent() == merged_)
                    use->set(phi);
                else if (is_phi || user->getParent() != old_block)
                    updater.RewriteUse(*use);
            }
        }
    }

    // Emits the decrement and the cold call, at the builder's place (the end of a block without terminator); control
    // goes on to 'next'.
    void count(llvm::IRBuilder<>& builder, const std::vector<llvm::Value*>& variables, llvm::BasicBlock* next,
               bool function_entry) {
        llvm::Value* hash = number(64, driver_.index + 1);
        for (size_t i = 0; i < driver_.green_count(); i++) {
            llvm::Value* green = as_word(builder, variables[i]);
            hash = builder.CreateMul(builder.CreateXor(hash, green), number(64, jit::hash_multiplier));
        }
        llvm::Constant* counters = module_.getOrInsertGlobal(
            "heddle_jit_counters", llvm::ArrayType::get(llvm::Type::getInt32Ty(context_), jit::counter_count));
        llvm::Value* counter = builder.CreateInBoundsGEP(llvm::Type::getInt32Ty(context_), counters,
                                                         {builder.CreateLShr(hash, number(64, jit::counter_shift))});
        llvm::Value* left =
            builder.CreateSub(builder.CreateLoad(llvm::Type::getInt32Ty(context_), counter), number(32, 1));
        builder.CreateStore(left, counter);
        auto* hot = llvm::BasicBlock::Create(context_, "hot", body_);
        llvm::BranchInst* branch = builder.CreateCondBr(builder.CreateICmpSLE(left, number(32, 0)), hot, next);
        branch->setMetadata(llvm::LLVMContext::MD_prof, llvm::MDBuilder(context_).createBranchWeights(1, 2000));
        builder.SetInsertPoint(hot);
        for (size_t i = 0; i < variables.size(); i++)
            builder.CreateStore(as_word(builder, variables[i]), builder.CreateConstInBoundsGEP1_64(word_, buffer_, i));
        auto enter = module_.getOrInsertFunction(
            "heddle_jit_enter",
            llvm::FunctionType::get(llvm::Type::getInt32Ty(context_),
                                    {llvm::Type::getInt32Ty(context_), pointer_, llvm::Type::getInt32Ty(context_)},
                                    false));
        llvm::Value* answer =
            builder.CreateCall(enter, {number(32, driver_.index), buffer_, number(32, function_entry)});
        llvm::SwitchInst* choice = builder.CreateSwitch(answer, next, 2);
        choice->addCase(number(32, 1), return_block_);
        choice->addCase(number(32, 2), resume_block_);
        resumed_from_->addIncoming(buffer_, hot);
    }

    void count_at_back_edge(llvm::CallBase* call) {
        std::vector<llvm::Value*> variables;
        for (size_t i = 0; i < driver_.variable_count(); i++) variables.push_back(driver_.variable(call, i));
        llvm::BasicBlock* block = call->getParent();
        llvm::BasicBlock* rest = llvm::SplitBlock(block, call->getNextNode());
        block->getTerminator()->eraseFromParent();
        llvm::IRBuilder<> builder(block);
        builder.SetCurrentDebugLocation(call->getDebugLoc());
        count(builder, variables, rest, false);
        call->eraseFromParent();
    }

    // Each edge into the merge point's loop from outside gets its count; where the merge point isn't at the top of a
    // loop, a flag tells the first arrival.
    void count_at_entry() {
        llvm::DominatorTree tree(*body_);
        // The resume edge makes the loop irreducible: look for the loop by the back edges into head_.
        std::vector<llvm::BasicBlock*> outside;
        bool is_loop_top = head_ != start_;
        for (llvm::BasicBlock* predecessor : llvm::predecessors(head_))
            if (!reachable_from_merged(predecessor)) outside.push_back(predecessor);
        for (llvm::Instruction& i : *head_)
            if (!llvm::isa<llvm::PHINode>(i) && !i.isTerminator() && !is_computable(i)) is_loop_top = false;
        if (is_loop_top && !outside.empty()) {
            for (llvm::BasicBlock* predecessor : outside) count_on_edge(predecessor);
            return;
        }
        count_first_arrival();
    }

    bool reachable_from_merged(llvm::BasicBlock* block) {
        if (reachable_.empty()) {
            std::vector<llvm::BasicBlock*> pending{merged_};
            while (!pending.empty()) {
                llvm::BasicBlock* current = pending.back();
                pending.pop_back();
                if (!reachable_.insert({current, true}).second) continue;
                pending.insert(pending.end(), llvm::succ_begin(current), llvm::succ_end(current));
            }
        }
        return reachable_.contains(block);
    }

    static bool is_computable(const llvm::Instruction& i) {
        return llvm::isa<llvm::CastInst, llvm::GetElementPtrInst, llvm::CmpInst, llvm::FreezeInst>(i) ||
               (llvm::isa<llvm::BinaryOperator>(i) && !i.isIntDivRem());
    }

    void count_on_edge(llvm::BasicBlock* predecessor) {
        llvm::BasicBlock* edge = llvm::SplitBlockPredecessors(head_, {predecessor}, ".first");
        llvm::BasicBlock* next = llvm::BasicBlock::Create(context_, "", body_, head_);
        edge->getTerminator()->eraseFromParent();
        for (llvm::PHINode& phi : head_->phis()) phi.replaceIncomingBlockWith(edge, next);
        llvm::IRBuilder<> builder(next);
        set_location(builder);
        builder.CreateBr(head_);
        builder.SetInsertPoint(edge);
        std::map<llvm::Value*, llvm::Value*> values;
        std::vector<llvm::Value*> variables;
        for (size_t i = 0; i < driver_.variable_count(); i++)
            variables.push_back(value_on_edge(merged_in(i), next, builder, values));
        count(builder, variables, next, true);
    }

    // Variable i at the end of head_.
    llvm::Value* merged_in(size_t i) {
        llvm::Value* value = driver_.variable(driver_.merge_point, i);
        auto* phi = llvm::dyn_cast<llvm::PHINode>(value);
        return phi && phi->getParent() == merged_ ? phi->getIncomingValueForBlock(head_) : value;
    }

    llvm::Value* value_on_edge(llvm::Value* value, llvm::BasicBlock* edge_end, llvm::IRBuilder<>& builder,
                               std::map<llvm::Value*, llvm::Value*>& values) {
        auto* i = llvm::dyn_cast<llvm::Instruction>(value);
        if (!i || i->getParent() != head_) return value;
        if (auto* phi = llvm::dyn_cast<llvm::PHINode>(i)) return phi->getIncomingValueForBlock(edge_end);
        if (auto known = values.find(value); known != values.end()) return known->second;
        llvm::Instruction* copy = i->clone();
        for (llvm::Use& operand : copy->operands()) operand.set(value_on_edge(operand, edge_end, builder, values));
        builder.Insert(copy);
        return values[value] = copy;
    }

    void count_first_arrival() {
        llvm::IRBuilder<> entry(resume_block_->getParent()->getEntryBlock().getTerminator());
        set_location(entry);
        llvm::AllocaInst* arrived = entry.CreateAlloca(llvm::Type::getInt1Ty(context_));
        entry.CreateStore(number(1, 0), arrived);
        llvm::IRBuilder<> resumed(resume_block_->getTerminator());
        resumed.CreateStore(number(1, 1), arrived);
        auto* first = llvm::BasicBlock::Create(context_, "first", body_, merged_);
        auto* next = llvm::BasicBlock::Create(context_, "", body_, merged_);
        head_->getTerminator()->eraseFromParent();
        llvm::IRBuilder<> builder(head_);
        set_location(builder);
        builder.CreateCondBr(builder.CreateLoad(llvm::Type::getInt1Ty(context_), arrived), next, first);
        builder.SetInsertPoint(first);
        builder.CreateStore(number(1, 1), arrived);
        std::vector<llvm::Value*> variables;
        for (size_t i = 0; i < driver_.variable_count(); i++) variables.push_back(merged_in(i));
        count(builder, variables, next, true);
        builder.SetInsertPoint(next);
        builder.CreateBr(merged_);
        for (llvm::PHINode& phi : merged_->phis()) phi.replaceIncomingBlockWith(head_, next);
    }

    void make_runner() {
        auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context_), {pointer_, pointer_}, false);
        auto callee = module_.getOrInsertFunction(runner_symbol(driver_.index), type);
        auto* runner = llvm::cast<llvm::Function>(callee.getCallee());
        runner->setLinkage(llvm::GlobalValue::InternalLinkage);
        runner->setDoesNotThrow();
        llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "", runner));
        std::vector<llvm::Value*> arguments;
        for (llvm::Argument& argument : body_->args())
            arguments.push_back(llvm::Constant::getNullValue(argument.getType()));
        arguments.back() = runner->getArg(0);
        llvm::Value* result = builder.CreateCall(body_, arguments);
        if (!result->getType()->isVoidTy()) builder.CreateStore(as_word(builder, result), runner->getArg(1));
        builder.CreateRetVoid();
    }

    llvm::Module& module_;
    llvm::LLVMContext& context_;
    driver& driver_;
    llvm::IntegerType* word_ = nullptr;
    llvm::PointerType* pointer_ = nullptr;
    llvm::Function* body_ = nullptr;
    llvm::Value *resume_ = nullptr, *buffer_ = nullptr;
    llvm::BasicBlock *start_ = nullptr, *head_ = nullptr,
                     *merged_ = nullptr; // old entry; block that ends before the merge point; block that starts there
    llvm::BasicBlock *resume_block_ = nullptr, *return_block_ = nullptr;
    llvm::PHINode* resumed_from_ = nullptr;
    std::vector<llvm::Value*> loaded_;
    std::map<llvm::BasicBlock*, bool> reachable_;
};

} // namespace

void transform_portals(llvm::Module& module, drivers& all) {
    for (driver& d : all) portal_transformer(module, d).run();
    llvm::GlobalVariable* image = module.getGlobalVariable("heddle_jit_image");
    if (!image) return;
    auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(module.getContext()), false);
    auto* constructor = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, "heddle_jit_register", module);
    constructor->setDoesNotThrow();
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(module.getContext(), "", constructor));
    auto registration = module.getOrInsertFunction(
        "heddle_jit_register_image", llvm::FunctionType::get(builder.getVoidTy(), {builder.getPtrTy()}, false));
    builder.CreateCall(registration, {image});
    builder.CreateRetVoid();
    llvm::appendToGlobalCtors(module, constructor, 65535);
}

} // namespace heddle::translator
