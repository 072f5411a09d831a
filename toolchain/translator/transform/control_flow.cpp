// Control flow without speculation. See normalise.h.
#include "normalise.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/Analysis/ConstantFolding.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/Local.h"
#include "llvm/Transforms/Utils/SSAUpdater.h"

namespace heddle::translator {

namespace {

using block_set = llvm::SmallPtrSet<const llvm::BasicBlock*, 16>;

block_set loop_headers(const llvm::Function& function) {
    llvm::SmallVector<std::pair<const llvm::BasicBlock*, const llvm::BasicBlock*>, 16> edges;
    llvm::FindFunctionBackedges(function, edges);
    block_set headers;
    for (auto& edge : edges) headers.insert(edge.second);
    return headers;
}

// A block of phis, at most one pure test of one of them, and a branch or switch on the result.
struct testing_block {
    llvm::PHINode* phi = nullptr;
    llvm::Instruction* test = nullptr; // null: the terminator looks at the phi itself
};

testing_block testing_block_at(llvm::BasicBlock& block) {
    testing_block result;
    llvm::Instruction* terminator = block.getTerminator();
    llvm::Value* condition = nullptr;
    if (auto* branch = llvm::dyn_cast<llvm::BranchInst>(terminator); branch && branch->isConditional())
        condition = branch->getCondition();
    if (auto* choice = llvm::dyn_cast<llvm::SwitchInst>(terminator)) condition = choice->getCondition();
    if (!condition) return result;
    auto first = block.getFirstNonPHIOrDbg(false);
    if (first != terminator) {
        if (first->getNextNonDebugInstruction() != terminator || first != condition) return result;
        if (!llvm::isa<llvm::CmpInst, llvm::CastInst>(first)) return result;
        if (llvm::isa<llvm::CmpInst>(first) && !llvm::isa<llvm::Constant>(first->getOperand(1))) return result;
        result.test = first;
        condition = first->getOperand(0);
    }
    auto* phi = llvm::dyn_cast<llvm::PHINode>(condition);
    if (phi && phi->getParent() == &block) result.phi = phi;
    return result;
}

// Where control goes when the phi has this value; null when that is not known.
llvm::BasicBlock* target_for(const testing_block& tester, llvm::Constant* value, const llvm::DataLayout& layout) {
    llvm::BasicBlock* block = tester.phi->getParent();
    if (auto* compare = llvm::dyn_cast_or_null<llvm::CmpInst>(tester.test))
        value = llvm::ConstantFoldCompareInstOperands(compare->getPredicate(), value,
                                                      llvm::cast<llvm::Constant>(compare->getOperand(1)), layout);
    else if (tester.test)
        value = llvm::ConstantFoldCastOperand(tester.test->getOpcode(), value, tester.test->getType(), layout);
    auto* number = llvm::dyn_cast_or_null<llvm::ConstantInt>(value);
    if (!number) return nullptr;
    if (auto* branch = llvm::dyn_cast<llvm::BranchInst>(block->getTerminator()))
        return branch->getSuccessor(number->isOne() ? 0 : 1);
    return llvm::cast<llvm::SwitchInst>(block->getTerminator())->findCaseValue(number)->getCaseSuccessor();
}

// Uses of a value of 'block' elsewhere now may be reached through 'bypass' too, where it is 'other'.
void mend_uses(llvm::Instruction& value, llvm::BasicBlock* bypass, llvm::Value* other) {
    llvm::SmallVector<llvm::Use*, 8> outside;
    for (llvm::Use& use : value.uses()) {
        auto* user = llvm::cast<llvm::Instruction>(use.getUser());
        llvm::BasicBlock* where = user->getParent();
        if (auto* phi = llvm::dyn_cast<llvm::PHINode>(user)) where = phi->getIncomingBlock(use);
        if (where != value.getParent()) outside.push_back(&use);
    }
    if (outside.empty()) return;
    llvm::SSAUpdater updater;
    updater.Initialize(value.getType(), value.getName());
    updater.AddAvailableValue(value.getParent(), &value);
    updater.AddAvailableValue(bypass, other);
    for (llvm::Use* use : outside) updater.RewriteUse(*use);
}

// The edge predecessor -> block becomes predecessor -> (new block) -> target.
void bypass_block(testing_block tester, llvm::BasicBlock* predecessor, llvm::BasicBlock* target) {
    llvm::BasicBlock* block = tester.phi->getParent();
    llvm::Constant* known = llvm::cast<llvm::Constant>(tester.phi->getIncomingValueForBlock(predecessor));
    auto* bypass = llvm::BasicBlock::Create(block->getContext(), "", block->getParent(), target);
    llvm::BranchInst::Create(target, bypass)->setDebugLoc(block->getTerminator()->getDebugLoc());

    llvm::SmallVector<std::pair<llvm::Instruction*, llvm::Value*>, 8>
        values; // what each value of the block is on this edge
    for (llvm::PHINode& phi : block->phis()) values.push_back({&phi, phi.getIncomingValueForBlock(predecessor)});
    if (tester.test) {
        llvm::Instruction* copy = tester.test->clone();
        copy->setOperand(0, known);
        copy->insertBefore(bypass->getTerminator());
        values.push_back({tester.test, copy});
    }
    auto value_here = [&](llvm::Value* value) {
        for (auto& [original, here] : values)
            if (original == value) return here;
        return value;
    };
    for (llvm::PHINode& phi : target->phis()) phi.addIncoming(value_here(phi.getIncomingValueForBlock(block)), bypass);
    predecessor->getTerminator()->replaceSuccessorWith(block, bypass);
    for (llvm::PHINode& phi : block->phis()) phi.removeIncomingValue(predecessor, false);
    for (auto& [original, here] : values) mend_uses(*original, bypass, here);
}

bool bypass_known_tests(llvm::Function& function) {
    bool changed = false;
    block_set headers = loop_headers(function);
    const llvm::DataLayout& layout = function.getParent()->getDataLayout();
    for (llvm::BasicBlock& block : llvm::make_early_inc_range(function)) {
        testing_block tester = testing_block_at(block);
        if (!tester.phi || headers.contains(&block)) continue;
        llvm::SmallVector<llvm::BasicBlock*, 8> predecessors(llvm::predecessors(&block));
        for (llvm::BasicBlock* predecessor : predecessors) {
            if (llvm::count(predecessors, predecessor) != 1 || llvm::pred_size(&block) < 2) continue;
            auto* value = llvm::dyn_cast<llvm::Constant>(tester.phi->getIncomingValueForBlock(predecessor));
            llvm::BasicBlock* target = value ? target_for(tester, value, layout) : nullptr;
            if (!target || target == &block) continue;
            bypass_block(tester, predecessor, target);
            changed = true;
        }
    }
    return changed;
}

bool skip_empty_blocks(llvm::Function& function) {
    bool changed = false;
    block_set headers = loop_headers(function);
    for (llvm::BasicBlock& block : llvm::make_early_inc_range(llvm::drop_begin(function))) {
        auto* branch = llvm::dyn_cast<llvm::BranchInst>(block.getTerminator());
        if (!branch || branch->isConditional() || headers.contains(&block)) continue;
        if (block.getFirstNonPHIOrDbg(false) != branch || branch->getSuccessor(0) == &block) continue;
        changed |= llvm::TryToSimplifyUncondBranchFromEmptyBlock(&block);
    }
    return changed;
}

} // namespace

bool clean_control_flow(llvm::Function& function) {
    bool changed = false;
    for (bool again = true; again;) {
        again = llvm::removeUnreachableBlocks(function);
        for (llvm::BasicBlock& block : llvm::make_early_inc_range(function))
            again |= llvm::ConstantFoldTerminator(&block, true);
        again |= llvm::removeUnreachableBlocks(function);
        for (llvm::BasicBlock& block : llvm::make_early_inc_range(function))
            again |= llvm::MergeBlockIntoPredecessor(&block);
        again |= bypass_known_tests(function);
        again |= skip_empty_blocks(function);
        changed |= again;
    }
    return changed;
}

bool selects_to_branches(llvm::Function& function) {
    llvm::SmallVector<llvm::SelectInst*, 16> selects;
    for (llvm::Instruction& i : llvm::instructions(function))
        if (auto* select = llvm::dyn_cast<llvm::SelectInst>(&i);
            select && !select->getCondition()->getType()->isVectorTy())
            selects.push_back(select);
    for (llvm::SelectInst* select : selects) {
        llvm::Instruction *then_end = nullptr, *else_end = nullptr;
        llvm::SplitBlockAndInsertIfThenElse(select->getCondition(), select->getIterator(), &then_end, &else_end);
        then_end->setDebugLoc(select->getDebugLoc());
        else_end->setDebugLoc(select->getDebugLoc());
        auto* phi = llvm::PHINode::Create(select->getType(), 2, "", select->getParent()->begin());
        phi->addIncoming(select->getTrueValue(), then_end->getParent());
        phi->addIncoming(select->getFalseValue(), else_end->getParent());
        phi->setDebugLoc(select->getDebugLoc());
        select->replaceAllUsesWith(phi);
        select->eraseFromParent();
    }
    return !selects.empty();
}

} // namespace heddle::translator
