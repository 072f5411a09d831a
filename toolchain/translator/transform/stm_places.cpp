// Where the interpreted program is, for the log of transactions (stm/src/log.h): a portal has a portal_place in its
// frame, and thread_words::place refers to the innermost one. Before each call that may come to the runtime, the greens
// are stored that the driver's location function looks at. So the cost, whether there is a log or not, is a few stores
// a call of a portal, and some before other calls.
//
// In two steps, because transform_portals gives a portal another entry in between: first each merge point is followed
// by a call that has the greens as arguments; at the end, when all calls of the runtime are there, it becomes the
// stores.
#include "stm.h"
#include "stm_functions.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <map>
#include <set>

namespace heddle::translator {

namespace {

constexpr const char* mark_prefix = "heddle.stm_place.";

// driver::location; null: the driver has none.
llvm::Function* location_of(const driver& d) {
    if (!d.global->hasInitializer()) return nullptr;
    llvm::Constant* location = d.global->getInitializer()->getAggregateElement(1u);
    return location ? llvm::dyn_cast<llvm::Function>(location->stripPointerCasts()) : nullptr;
}

// Adds the numbers of greens that are read through `pointer`, `first` words into them. False: who knows.
bool collect_reads(const llvm::Value& pointer, uint64_t first, const llvm::DataLayout& layout,
                   std::set<uint64_t>& read) {
    for (const llvm::User* user : pointer.users()) {
        if (llvm::isa<llvm::LoadInst>(user)) {
            read.insert(first);
            continue;
        }
        auto* part = llvm::dyn_cast<llvm::GetElementPtrInst>(user);
        llvm::APInt offset(64, 0);
        if (!part || !part->accumulateConstantOffset(layout, offset) || offset.getZExtValue() % 8 != 0 ||
            !collect_reads(*part, first + offset.getZExtValue() / 8, layout, read))
            return false;
    }
    return true;
}

std::set<uint64_t> greens_wanted(const llvm::Function& location, size_t count) {
    std::set<uint64_t> read;
    if (location.arg_size() == 1 && !location.isDeclaration() &&
        collect_reads(*location.getArg(0), 0, location.getParent()->getDataLayout(), read))
        return read;
    for (size_t i = 0; i < count; i++) read.insert(i);
    return read;
}

// stm::portal_info
llvm::Constant* portal_info(llvm::Function& location, uint64_t checked_green) {
    llvm::LLVMContext& context = location.getContext();
    llvm::Constant* info = llvm::ConstantStruct::getAnon(
        {&location, llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), checked_green)});
    return new llvm::GlobalVariable(*location.getParent(), info->getType(), true, llvm::GlobalValue::InternalLinkage,
                                    info, "heddle.stm_portal");
}

// What is inlined in any case: then the calls of the runtime are seen that are made seldom, and only they need stores.
void inline_small_functions(llvm::Function& function) {
    std::vector<llvm::CallBase*> calls;
    auto collect = [&](llvm::CallBase* call) {
        llvm::Function* callee = call->getCalledFunction();
        if (callee && !callee->isDeclaration() && callee->hasFnAttribute(llvm::Attribute::AlwaysInline))
            calls.push_back(call);
    };
    for (llvm::Instruction& i : llvm::instructions(function))
        if (auto* call = llvm::dyn_cast<llvm::CallBase>(&i)) collect(call);
    while (!calls.empty()) {
        llvm::CallBase* call = calls.back();
        calls.pop_back();
        llvm::InlineFunctionInfo done;
        if (llvm::InlineFunction(*call, done).isSuccess())
            for (llvm::CallBase* next : done.InlinedCallSites) collect(next);
    }
}

// Which calls may come to the runtime, where somebody asks for the place: all but those of functions that call nothing.
class askers {
public:
    bool may_ask(const llvm::Instruction& i) {
        auto* call = llvm::dyn_cast<llvm::CallBase>(&i);
        if (!call || llvm::isa<llvm::IntrinsicInst>(call) || call->isInlineAsm() || call->doesNotAccessMemory())
            return false;
        const llvm::Function* callee = call->getCalledFunction();
        return !callee || callee->isDeclaration() || may_ask(*callee);
    }

private:
    bool may_ask(const llvm::Function& function) {
        auto [known, is_new] = known_.try_emplace(&function, true); // while it is looked at: recursion is a call
        if (!is_new) return known->second;
        bool asks =
            llvm::any_of(llvm::instructions(function), [this](const llvm::Instruction& i) { return may_ask(i); });
        return known_[&function] = asks;
    }
    std::map<const llvm::Function*, bool> known_;
};

// Arguments of a mark: the portal_info, then pairs of a green's number and the green.
class portal_instrumentation {
public:
    portal_instrumentation(llvm::Function& function, llvm::CallBase* mark, stm_functions& functions, askers& askers)
        : function_(function), mark_(mark), functions_(functions), askers_(askers), word_(functions.integer(64)) {
        inline_small_functions(function);
        tree_.recalculate(function);
    }

    void run() {
        make_record();
        store_greens(*mark_->getParent(), mark_->getIterator(), false);
        mark_->eraseFromParent();
    }

private:
    uint64_t green_count() const { return (mark_->arg_size() - 1) / 2; }
    uint64_t green_number(uint64_t i) const {
        return llvm::cast<llvm::ConstantInt>(mark_->getArgOperand(static_cast<unsigned>(1 + 2 * i)))->getZExtValue();
    }
    llvm::Value* place_of_green(llvm::IRBuilder<>& builder, uint64_t number) {
        return builder.CreateConstInBoundsGEP1_64(word_, record_, number + 1);
    }

    void make_record() {
        llvm::IRBuilder<> builder(&*function_.getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
        uint64_t words = 2 + green_number(green_count() - 1);
        record_ = builder.CreateAlloca(llvm::ArrayType::get(word_, words), nullptr, "portal_place");
        llvm::Value* innermost = functions_.place(builder);
        llvm::Value* outer = builder.CreateLoad(functions_.pointer(), innermost);
        builder.CreateStore(mark_->getArgOperand(0), record_);
        builder.CreateStore(functions_.number(64, ~uint64_t{0}), place_of_green(builder, green_number(0))); // unknown
        builder.CreateStore(record_, innermost);
        for (llvm::BasicBlock& block : function_) {
            auto* end = llvm::dyn_cast<llvm::ReturnInst>(block.getTerminator());
            if (!end) continue;
            llvm::CallInst* last = block.getTerminatingMustTailCall();
            builder.SetInsertPoint(last ? static_cast<llvm::Instruction*>(last) : end);
            builder.CreateStore(outer, innermost);
        }
    }

    // Before the first call on each way from the merge point. What dominates a call was passed since the merge point,
    // too.
    void store_greens(llvm::BasicBlock& block, llvm::BasicBlock::iterator from, bool stored) {
        for (auto i = from; !stored && i != block.end(); ++i) {
            if (&*i == mark_ || !askers_.may_ask(*i)) continue;
            llvm::IRBuilder<> builder(&*i);
            for (uint64_t n = 0; n < green_count(); n++)
                builder.CreateStore(mark_->getArgOperand(static_cast<unsigned>(2 + 2 * n)),
                                    place_of_green(builder, green_number(n)));
            stored = true;
        }
        for (llvm::DomTreeNodeBase<llvm::BasicBlock>* next : tree_.getNode(&block)->children())
            store_greens(*next->getBlock(), next->getBlock()->begin(), stored);
    }

    llvm::Function& function_;
    llvm::CallBase* mark_;
    stm_functions& functions_;
    askers& askers_;
    llvm::Type* word_;
    llvm::AllocaInst* record_ = nullptr;
    llvm::DominatorTree tree_;
};

} // namespace

void mark_places(llvm::Module& module, const drivers& all) {
    llvm::LLVMContext& context = module.getContext();
    for (const driver& d : all) {
        llvm::Function* location = location_of(d);
        if (!location) continue;
        std::set<uint64_t> wanted = greens_wanted(*location, d.green_count());
        if (wanted.empty()) continue;
        std::vector<llvm::Value*> arguments{portal_info(*location, *wanted.begin())};
        for (uint64_t green : wanted) {
            arguments.push_back(llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), green));
            arguments.push_back(d.variable(d.merge_point, green));
        }
        std::vector<llvm::Type*> types;
        for (llvm::Value* argument : arguments) types.push_back(argument->getType());
        llvm::FunctionCallee mark =
            module.getOrInsertFunction(mark_prefix + std::to_string(d.index),
                                       llvm::FunctionType::get(llvm::Type::getVoidTy(context), types, false));
        llvm::CallInst::Create(mark, arguments, "", std::next(d.merge_point->getIterator()));
    }
}

void lower_places(llvm::Module& module) {
    stm_functions functions(module);
    std::vector<llvm::CallBase*> marks; // one a driver
    for (llvm::Function& function : module)
        if (function.getName().starts_with(mark_prefix))
            for (llvm::User* user : function.users()) marks.push_back(llvm::cast<llvm::CallBase>(user));
    askers known;
    for (llvm::CallBase* mark : marks) portal_instrumentation(*mark->getFunction(), mark, functions, known).run();
}

} // namespace heddle::translator
