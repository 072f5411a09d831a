// See merge_points.h.
#include "merge_points.h"
#include "../diagnostics.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/ConstantFolding.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/SSAUpdater.h"
#include <map>

namespace heddle::translator {

namespace {

bool is_pure(const llvm::Instruction& i) {
    if (auto* binary = llvm::dyn_cast<llvm::BinaryOperator>(&i)) return !binary->isIntDivRem();
    return llvm::isa<llvm::CastInst, llvm::GetElementPtrInst, llvm::CmpInst, llvm::FreezeInst, llvm::UnaryOperator>(i);
}

// "n" for values that clang called n, n.addr, n.addr.012 or n.0.
std::string variable_name(const llvm::Value& value) {
    llvm::StringRef name = value.getName();
    name = name.take_until([](char c) { return c == '.'; });
    return name.empty() || name == "this" ? name.str() : name.rtrim("0123456789").str();
}

class canonicaliser {
public:
    canonicaliser(const driver& d, diagnostics& problems)
        : driver_(d), problems_(problems), point_(d.merge_point), block_(point_->getParent()) {}

    void run() {
        for (size_t i = 0; i < driver_.variable_count(); i++) variables_.insert(driver_.variable(point_, i));
        llvm::DominatorTree tree(*driver_.portal);
        std::vector<llvm::Value*> live;
        for (llvm::Argument& argument : driver_.portal->args())
            if (!variables_.contains(&argument) && is_live(argument)) live.push_back(&argument);
        for (llvm::Instruction& i : llvm::instructions(driver_.portal))
            if (&i != point_ && tree.dominates(&i, point_) && !variables_.contains(&i) && is_live(i))
                live.push_back(&i);
        for (llvm::Value* value : live) {
            if (llvm::Value* again = compute_again(value, 8))
                replace_behind(*value, *again);
            else
                complain(*value);
        }
    }

private:
    // Is there a way from behind the merge point to a use of the value that doesn't pass its definition? (It dominates
    // the point.)
    bool is_live(llvm::Value& value) {
        auto* definition = llvm::dyn_cast<llvm::Instruction>(&value);
        llvm::SmallPtrSet<llvm::BasicBlock*, 16>
            using_blocks; // with a use that counts when the block is entered at its top
        for (llvm::Use& use : value.uses()) {
            auto* user = llvm::cast<llvm::Instruction>(use.getUser());
            if (auto* phi = llvm::dyn_cast<llvm::PHINode>(user)) {
                using_blocks.insert(phi->getIncomingBlock(use));
                if (phi->getIncomingBlock(use) == block_) return true; // the point lies between its top and its end
            } else if (user->getParent() == block_) {
                if (point_->comesBefore(user)) return true;
                using_blocks.insert(block_);
            } else {
                using_blocks.insert(user->getParent());
            }
        }
        llvm::SmallPtrSet<llvm::BasicBlock*, 32> seen;
        std::vector<llvm::BasicBlock*> pending(llvm::succ_begin(block_), llvm::succ_end(block_));
        while (!pending.empty()) {
            llvm::BasicBlock* block = pending.back();
            pending.pop_back();
            if (!seen.insert(block).second || (definition && definition->getParent() == block)) continue;
            if (using_blocks.contains(block)) return true;
            pending.insert(pending.end(), llvm::succ_begin(block), llvm::succ_end(block));
        }
        return false;
    }

    // The value, computed behind the merge point from its variables; null when that can't be done.
    llvm::Value* compute_again(llvm::Value* value, int depth) {
        if (llvm::isa<llvm::Constant>(value) || variables_.contains(value)) return value;
        if (auto known = computed_.find(value); known != computed_.end()) return known->second;
        llvm::Value* result = from_widened_variable(value);
        auto* instruction = llvm::dyn_cast<llvm::Instruction>(value);
        if (!result && instruction && depth > 0 && is_pure(*instruction)) {
            std::vector<llvm::Value*> operands;
            for (llvm::Value* operand : instruction->operands()) {
                llvm::Value* again = compute_again(operand, depth - 1);
                if (!again) return nullptr;
                operands.push_back(again);
            }
            llvm::Instruction* copy = insert(instruction->clone());
            for (unsigned i = 0; i < operands.size(); i++) copy->setOperand(i, operands[i]);
            result = copy;
        }
        if (result) computed_[value] = result;
        return result;
    }

    // Variables narrower than a word are passed as sext or zext of themselves.
    llvm::Value* from_widened_variable(llvm::Value* value) {
        for (llvm::User* user : value->users()) {
            auto* cast = llvm::dyn_cast<llvm::CastInst>(user);
            if (!cast || !variables_.contains(cast)) continue;
            if (llvm::isa<llvm::SExtInst, llvm::ZExtInst>(cast))
                return insert(llvm::CastInst::Create(llvm::Instruction::Trunc, cast, value->getType()));
            if (llvm::isa<llvm::PtrToIntInst>(cast))
                return insert(llvm::CastInst::Create(llvm::Instruction::IntToPtr, cast, value->getType()));
        }
        return nullptr;
    }

    llvm::Instruction* insert(llvm::Instruction* instruction) {
        instruction->insertAfter(last_inserted_ ? last_inserted_ : point_);
        instruction->setDebugLoc(point_->getDebugLoc());
        return last_inserted_ = instruction;
    }

    // Uses that the merge point can reach get the new value; a phi where both can.
    void replace_behind(llvm::Value& old, llvm::Value& fresh) {
        llvm::SSAUpdater updater;
        updater.Initialize(old.getType(), old.getName());
        auto* definition = llvm::dyn_cast<llvm::Instruction>(&old);
        llvm::BasicBlock* old_block = definition ? definition->getParent() : &driver_.portal->getEntryBlock();
        if (old_block != block_) updater.AddAvailableValue(old_block, &old);
        updater.AddAvailableValue(block_, &fresh);
        std::vector<llvm::Use*> uses;
        for (llvm::Use& use : old.uses()) uses.push_back(&use);
        for (llvm::Use* use : uses) {
            auto* user = llvm::cast<llvm::Instruction>(use->getUser());
            if (user == &fresh ||
                (!llvm::isa<llvm::PHINode>(user) && user->getParent() == old_block && old_block != block_))
                continue;
            if (!llvm::isa<llvm::PHINode>(user) && user->getParent() == block_) {
                if (user != point_ && point_->comesBefore(user)) use->set(&fresh);
                continue;
            }
            updater.RewriteUse(*use);
        }
    }

    void complain(llvm::Value& value) {
        std::string name = variable_name(value);
        auto* instruction = llvm::dyn_cast<llvm::Instruction>(&value);
        std::string what = name.empty() ? "a value computed at " + (instruction ? place_of(*instruction).text()
                                                                                : place_of(*driver_.portal).text())
                                        : "'" + name + "'";
        problems_.error(place_of(*point_),
                        "the merge point of driver '" + driver_.name + "' omits " + what + ", which is used behind it",
                        "name it among the reds (or compute it again behind HEDDLE_MERGE_POINT)");
    }

    const driver& driver_;
    diagnostics& problems_;
    llvm::CallBase* point_;
    llvm::BasicBlock* block_;
    llvm::SmallPtrSet<llvm::Value*, 8> variables_;
    std::map<llvm::Value*, llvm::Value*> computed_;
    llvm::Instruction* last_inserted_ = nullptr;
};

// The way from a can_enter_jit call to the merge point, and what values are on it.
class straight_way {
public:
    straight_way(llvm::CallBase* from, llvm::CallBase* to) : to_(to) {
        llvm::Instruction* current = from->getNextNonDebugInstruction();
        for (int steps = 0; steps < 1000; steps++) {
            if (current == to) {
                arrives_ = true;
                return;
            }
            auto* branch = llvm::dyn_cast<llvm::BranchInst>(current);
            if (branch && branch->isUnconditional()) {
                enter(branch->getParent(), branch->getSuccessor(0));
                current = &*branch->getSuccessor(0)->getFirstNonPHIOrDbg();
            } else if (is_pure(*current)) {
                current = current->getNextNonDebugInstruction();
            } else {
                obstacle_ = current;
                return;
            }
        }
    }

    bool arrives() const { return arrives_; }
    const llvm::Instruction* obstacle() const { return obstacle_; }

    // Is the value at the merge point the same as 'before', which stands at the can_enter_jit call?
    bool same(llvm::Value* at_merge, llvm::Value* before, int depth = 6) const {
        if (auto i = phis_.find(at_merge); i != phis_.end()) at_merge = i->second;
        if (at_merge == before) return true;
        if (auto* constant = llvm::dyn_cast<llvm::Constant>(before)) return constant_at_merge(at_merge) == constant;
        auto* left = llvm::dyn_cast<llvm::Instruction>(at_merge);
        auto* right = llvm::dyn_cast<llvm::Instruction>(before);
        if (!left || !right || depth == 0 || !is_pure(*left) || !left->isSameOperationAs(right)) return false;
        for (unsigned i = 0; i < left->getNumOperands(); i++)
            if (!same(left->getOperand(i), right->getOperand(i), depth - 1)) return false;
        return true;
    }

private:
    // A variable narrower than a word is widened at the merge point; at the can_enter_jit call clang has folded that.
    llvm::Constant* constant_at_merge(llvm::Value* value) const {
        if (auto i = phis_.find(value); i != phis_.end()) value = i->second;
        if (auto* constant = llvm::dyn_cast<llvm::Constant>(value)) return constant;
        auto* cast = llvm::dyn_cast<llvm::CastInst>(value);
        llvm::Constant* operand = cast ? constant_at_merge(cast->getOperand(0)) : nullptr;
        return operand ? llvm::ConstantFoldCastOperand(cast->getOpcode(), operand, cast->getType(),
                                                       to_->getFunction()->getParent()->getDataLayout())
                       : nullptr;
    }

    void enter(llvm::BasicBlock* from, llvm::BasicBlock* block) {
        std::map<llvm::Value*, llvm::Value*> fresh;
        for (llvm::PHINode& phi : block->phis()) {
            llvm::Value* value = phi.getIncomingValueForBlock(from);
            auto known = phis_.find(value);
            fresh[&phi] = known == phis_.end() ? value : known->second;
        }
        for (auto& [phi, value] : fresh) phis_[phi] = value;
    }

    llvm::CallBase* to_;
    bool arrives_ = false;
    const llvm::Instruction* obstacle_ = nullptr;
    std::map<llvm::Value*, llvm::Value*> phis_;
};

} // namespace

void canonicalise_merge_point(const driver& d, diagnostics& problems) { canonicaliser(d, problems).run(); }

void check_can_enter_jit(const driver& d, diagnostics& problems) {
    for (llvm::CallBase* call : d.can_enter_jit) {
        straight_way way(call, d.merge_point);
        if (!way.arrives()) {
            std::string where = way.obstacle() ? " (" + place_of(*way.obstacle()).text() + ")" : "";
            problems.error(place_of(*call),
                           "something stands between HEDDLE_CAN_ENTER_JIT of driver '" + d.name +
                               "' and its merge point" + where,
                           "let control go straight from it to HEDDLE_MERGE_POINT");
            continue;
        }
        for (size_t i = 0; i < d.variable_count(); i++) {
            llvm::Value *before = d.variable(call, i), *at_merge = d.variable(d.merge_point, i);
            if (way.same(at_merge, before)) continue;
            bool green = i < d.green_count();
            size_t number = green ? i + 1 : i - d.green_count() + 1;
            problems.error(place_of(*call),
                           "HEDDLE_CAN_ENTER_JIT of driver '" + d.name + "' differs from its merge point in " +
                               (green ? "green " : "red ") + std::to_string(number),
                           "name the same variables in the same order in both, and change none in between");
        }
    }
}

} // namespace heddle::translator
