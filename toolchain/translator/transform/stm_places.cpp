// Where the interpreted program is, for the log of transactions (stm/src/log.h): a portal has a portal_place in its
// frame, and keeps the greens of the merge point in it that the driver's location function looks at.
// thread_words::place refers to the innermost one. That costs a store an instruction and a few a call of a portal,
// whether there is a log or not.
//
// In two steps, because transform_portals gives a portal another entry in between: first each merge point is followed
// by a call that has the greens as arguments, then the call becomes the stores.
#include "stm.h"
#include "stm_functions.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
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

// Arguments of a mark: the portal_info, then pairs of a green's number and the green.
void lower_marks(llvm::Function& function, const std::vector<llvm::CallBase*>& marks, stm_functions& functions) {
    llvm::Type *pointer = functions.pointer(), *word = functions.integer(64);
    uint64_t words = 1;
    for (llvm::CallBase* mark : marks)
        for (unsigned i = 1; i < mark->arg_size(); i += 2)
            words = std::max(words, 2 + llvm::cast<llvm::ConstantInt>(mark->getArgOperand(i))->getZExtValue());

    llvm::IRBuilder<> builder(&*function.getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
    llvm::AllocaInst* record = builder.CreateAlloca(llvm::ArrayType::get(word, words), nullptr, "portal_place");
    auto green_place = [&](uint64_t green) { return builder.CreateConstInBoundsGEP1_64(word, record, green + 1); };
    llvm::Value* innermost = functions.place(builder);
    llvm::Value* outer = builder.CreateLoad(pointer, innermost);
    llvm::CallBase* any = marks.front();
    builder.CreateStore(any->getArgOperand(0), record);
    uint64_t first = llvm::cast<llvm::ConstantInt>(any->getArgOperand(1))->getZExtValue();
    builder.CreateStore(functions.number(64, ~uint64_t{0}), green_place(first)); // before the merge point: unknown
    builder.CreateStore(record, innermost);
    for (llvm::CallBase* mark : marks) {
        builder.SetInsertPoint(mark);
        for (unsigned i = 1; i < mark->arg_size(); i += 2) {
            uint64_t green = llvm::cast<llvm::ConstantInt>(mark->getArgOperand(i))->getZExtValue();
            builder.CreateStore(mark->getArgOperand(i + 1), green_place(green));
        }
        mark->eraseFromParent();
    }
    for (llvm::BasicBlock& block : function)
        if (auto* end = llvm::dyn_cast<llvm::ReturnInst>(block.getTerminator())) {
            llvm::CallInst* last = block.getTerminatingMustTailCall();
            builder.SetInsertPoint(last ? static_cast<llvm::Instruction*>(last) : end);
            builder.CreateStore(outer, innermost);
        }
}

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
    for (llvm::Function& function : module) {
        std::vector<llvm::CallBase*> marks;
        for (llvm::Instruction& i : llvm::instructions(function))
            if (auto* call = llvm::dyn_cast<llvm::CallBase>(&i))
                if (llvm::Function* callee = call->getCalledFunction();
                    callee && callee->getName().starts_with(mark_prefix))
                    marks.push_back(call);
        if (!marks.empty()) lower_marks(function, marks, functions);
    }
}

} // namespace heddle::translator
