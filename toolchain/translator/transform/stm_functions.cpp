// See stm_functions.h.
#include "stm_functions.h"
#include "heddle/gc/header.h"

namespace heddle::translator {

namespace {

// heddle::stm::thread_words
constexpr unsigned version_offset = 0, inevitable_offset = 1, budget_offset = 4, interrupt_offset = 8,
                   roots_offset = 24, place_offset = 32, words_size = 40;
constexpr int64_t committed_flag_offset = -2; // the byte with flag_committed, from the object
static_assert(gc::flag_committed == 1u << 16);

} // namespace

llvm::Value* stm_functions::word_at(llvm::IRBuilder<>& builder, unsigned offset) {
    auto* words = llvm::cast<llvm::GlobalVariable>(
        module_.getOrInsertGlobal("heddle_stm", llvm::ArrayType::get(integer(8), words_size)));
    words->setThreadLocalMode(llvm::GlobalValue::LocalExecTLSModel);
    words->setDSOLocal(true);
    return builder.CreateConstInBoundsGEP1_64(integer(8), words, offset);
}

llvm::Value* stm_functions::version(llvm::IRBuilder<>& builder) {
    return builder.CreateLoad(integer(8), word_at(builder, version_offset));
}

llvm::Value* stm_functions::place(llvm::IRBuilder<>& builder) { return word_at(builder, place_offset); }

llvm::Value* stm_functions::thread_root(llvm::IRBuilder<>& builder, uint64_t offset) {
    llvm::Value* roots = builder.CreateLoad(pointer(), word_at(builder, roots_offset));
    return builder.CreateConstGEP1_64(integer(8), roots, offset);
}

llvm::Value* stm_functions::is_committed(llvm::IRBuilder<>& builder, llvm::Value* object) {
    llvm::Value* place = builder.CreateConstGEP1_64(integer(8), object, static_cast<uint64_t>(committed_flag_offset));
    llvm::Value* flags = builder.CreateLoad(integer(8), builder.CreateAddrSpaceCast(place, view_pointer()));
    return builder.CreateICmpNE(builder.CreateAnd(flags, 1), number(8, 0));
}

llvm::Function* stm_functions::object_barrier() {
    if (llvm::Function* known = module_.getFunction("heddle.stm_object_barrier")) return known;
    llvm::Type* none = llvm::Type::getVoidTy(context_);
    llvm::Function* function = make("heddle.stm_object_barrier", none, {pointer()}, true);
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "entry", function));
    call_if(builder, is_committed(builder, function->getArg(0)), slow("heddle_stm_write_object", none, {pointer()}));
    return function;
}

llvm::Function* stm_functions::item_barrier() {
    if (llvm::Function* known = module_.getFunction("heddle.stm_item_barrier")) return known;
    llvm::Type* none = llvm::Type::getVoidTy(context_);
    llvm::Function* function = make("heddle.stm_item_barrier", none, {pointer(), integer(64)}, true);
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "entry", function));
    call_if(builder, is_committed(builder, function->getArg(0)),
            slow("heddle_stm_write_item", none, {pointer(), integer(64)}));
    return function;
}

llvm::Function* stm_functions::transaction_break() {
    llvm::Type* none = llvm::Type::getVoidTy(context_);
    llvm::Function* function = make("heddle.stm_break", none, {}, true);
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "entry", function));
    llvm::Value* budget = builder.CreateLoad(integer(32), word_at(builder, budget_offset));
    llvm::Value* left = builder.CreateSub(budget, number(32, 1));
    builder.CreateStore(left, word_at(builder, budget_offset));
    auto* interrupt = builder.CreateLoad(integer(32), word_at(builder, interrupt_offset));
    interrupt->setAtomic(llvm::AtomicOrdering::Monotonic);
    interrupt->setAlignment(llvm::Align(4));
    llvm::Value* wanted =
        builder.CreateOr(builder.CreateICmpSLT(left, number(32, 0)), builder.CreateICmpNE(interrupt, number(32, 0)));
    call_if(builder, wanted, slow("heddle_stm_break_slow", none, {}));
    return function;
}

llvm::Function* stm_functions::become_inevitable() {
    llvm::Type* none = llvm::Type::getVoidTy(context_);
    llvm::Function* function = make("heddle.stm_become_inevitable", none, {}, true);
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "entry", function));
    llvm::Value* flag = builder.CreateLoad(integer(8), word_at(builder, inevitable_offset));
    call_if(builder, builder.CreateICmpEQ(flag, number(8, 0)), slow("heddle_stm_become_inevitable_slow", none, {}));
    return function;
}

} // namespace heddle::translator
