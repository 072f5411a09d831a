// Barriers, views, transaction breaks. See stm.h.
#include "stm.h"
#include "../addresses.h"
#include "../diagnostics.h"
#include "heddle/gc/header.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"
#include <map>

namespace heddle::translator {

namespace {

constexpr unsigned view_space = 256; // x86: relative to gs
// As in heddle/stm/stm.h, which is not for the translator: it is compiled with another thread_state.
constexpr unsigned marker_shift = 4;
constexpr uint64_t roots_address = (uint64_t{1} << 44) + 8192, root_distance = 32;
constexpr unsigned version_offset = 0, budget_offset = 4, interrupt_offset = 8, words_size = 24;
constexpr int64_t committed_flag_offset = -2; // the byte with flag_committed, from the object
static_assert(gc::flag_committed == 1u << 16);

llvm::StringRef called_name(const llvm::Instruction& i) {
    auto* call = llvm::dyn_cast<llvm::CallBase>(&i);
    llvm::Function* callee = call ? call->getCalledFunction() : nullptr;
    return callee ? callee->getName() : "";
}

bool is_allocation(const llvm::Instruction& i) {
    return called_name(i) == "heddle_marker_new" || called_name(i) == "heddle_marker_new_array";
}

// May a transaction end, or what it made become committed, in it?
bool is_safe_point(const llvm::Instruction& i) {
    if (!llvm::isa<llvm::CallBase>(i) || llvm::isa<llvm::IntrinsicInst>(i)) return false;
    llvm::StringRef name = called_name(i);
    return !name.starts_with("heddle_marker_") || is_allocation(i) || name == "heddle_marker_can_enter_jit";
}

class stm_transformer {
public:
    stm_transformer(llvm::Module& module, const class_layouts& layouts, diagnostics& problems)
        : module_(module), layouts_(layouts), problems_(problems), context_(module.getContext()) {
        plain_ = llvm::PointerType::get(context_, 0);
        view_ = llvm::PointerType::get(context_, view_space);
        byte_ = llvm::Type::getInt8Ty(context_);
        word_ = llvm::Type::getInt64Ty(context_);
        none_ = llvm::Type::getVoidTy(context_);
        words_ = llvm::cast<llvm::GlobalVariable>(
            module.getOrInsertGlobal("heddle_stm", llvm::ArrayType::get(byte_, words_size)));
        words_->setThreadLocalMode(llvm::GlobalValue::LocalExecTLSModel);
        words_->setDSOLocal(true);
        object_barrier_ = make_object_barrier();
    }

    void run(const drivers& all) {
        for (llvm::Function& function : module_)
            if (!function.isDeclaration() && &function != object_barrier_) change(function);
        llvm::Function* check = make_break();
        for (const driver& d : all) {
            for (llvm::CallBase* marker : d.can_enter_jit) llvm::CallInst::Create(check, {}, "", marker->getIterator());
            llvm::BasicBlock& entry = d.portal->getEntryBlock();
            llvm::CallInst::Create(check, {}, "", entry.getFirstNonPHIOrDbgOrAlloca());
        }
        auto* count = llvm::ConstantInt::get(llvm::Type::getInt32Ty(context_), roots_.size());
        new llvm::GlobalVariable(module_, count->getType(), true, llvm::GlobalValue::ExternalLinkage, count,
                                 "heddle_stm_root_count");
    }

private:
    llvm::Value* word_at(llvm::IRBuilder<>& builder, unsigned offset) {
        return builder.CreateConstInBoundsGEP1_64(byte_, words_, offset);
    }
    llvm::FunctionCallee runtime(const char* name, llvm::Type* result, std::vector<llvm::Type*> parameters) {
        auto callee = module_.getOrInsertFunction(name, llvm::FunctionType::get(result, parameters, false));
        auto* function = llvm::cast<llvm::Function>(callee.getCallee());
        function->setDoesNotThrow();
        function->setDSOLocal(true);
        return callee;
    }
    llvm::Function* make(const char* name, std::vector<llvm::Type*> parameters) {
        auto* type = llvm::FunctionType::get(none_, parameters, false);
        auto* function = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module_);
        function->setDoesNotThrow();
        function->addFnAttr(llvm::Attribute::AlwaysInline);
        return function;
    }
    // if (condition) slow(arguments); return
    void call_if(llvm::IRBuilder<>& builder, llvm::Value* condition, llvm::FunctionCallee slow,
                 llvm::ArrayRef<llvm::Value*> arguments) {
        llvm::Function* function = builder.GetInsertBlock()->getParent();
        auto* slow_block = llvm::BasicBlock::Create(context_, "slow", function);
        auto* done = llvm::BasicBlock::Create(context_, "done", function);
        auto* branch = builder.CreateCondBr(condition, slow_block, done);
        branch->setMetadata(llvm::LLVMContext::MD_prof, llvm::MDBuilder(context_).createBranchWeights(1, 2000));
        builder.SetInsertPoint(slow_block);
        builder.CreateCall(slow, arguments);
        builder.CreateBr(done);
        builder.SetInsertPoint(done);
        builder.CreateRetVoid();
    }
    llvm::Value* is_committed(llvm::IRBuilder<>& builder, llvm::Value* object) {
        llvm::Value* place = builder.CreateConstGEP1_64(byte_, object, static_cast<uint64_t>(committed_flag_offset));
        llvm::Value* flags = builder.CreateLoad(byte_, builder.CreateAddrSpaceCast(place, view_));
        return builder.CreateICmpNE(builder.CreateAnd(flags, 1), builder.getInt8(0));
    }
    llvm::Function* make_object_barrier() {
        llvm::Function* function = make("heddle.stm_object_barrier", {plain_});
        llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "entry", function));
        call_if(builder, is_committed(builder, function->getArg(0)),
                runtime("heddle_stm_write_object", none_, {plain_}), {function->getArg(0)});
        return function;
    }
    llvm::Function* item_barrier() {
        if (llvm::Function* known = module_.getFunction("heddle.stm_item_barrier")) return known;
        llvm::Function* function = make("heddle.stm_item_barrier", {plain_, word_});
        llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "entry", function));
        call_if(builder, is_committed(builder, function->getArg(0)),
                runtime("heddle_stm_write_item", none_, {plain_, word_}), {function->getArg(0), function->getArg(1)});
        return function;
    }
    llvm::Function* make_break() {
        llvm::Function* function = make("heddle.stm_break", {});
        llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context_, "entry", function));
        llvm::Type* number = builder.getInt32Ty();
        llvm::Value* budget = builder.CreateLoad(number, word_at(builder, budget_offset));
        llvm::Value* left = builder.CreateSub(budget, builder.getInt32(1));
        builder.CreateStore(left, word_at(builder, budget_offset));
        auto* interrupt = builder.CreateLoad(number, word_at(builder, interrupt_offset));
        interrupt->setAtomic(llvm::AtomicOrdering::Monotonic);
        interrupt->setAlignment(llvm::Align(4));
        llvm::Value* wanted = builder.CreateOr(builder.CreateICmpSLT(left, builder.getInt32(0)),
                                               builder.CreateICmpNE(interrupt, builder.getInt32(0)));
        call_if(builder, wanted, runtime("heddle_stm_break_slow", none_, {}), {});
        return function;
    }

    // What is known at a place of a basic block.
    struct knowledge {
        llvm::SmallPtrSet<llvm::Value*, 16> fresh;   // objects that this transaction made
        llvm::SmallPtrSet<llvm::Value*, 16> written; // objects whose barrier was run
        llvm::SmallPtrSet<llvm::Value*, 16> marked;  // addresses that were read
        void forget() {
            fresh.clear();
            written.clear();
            marked.clear();
        }
    };

    void change(llvm::Function& function) {
        for (llvm::BasicBlock& block : function) {
            knowledge known;
            for (llvm::Instruction& i : llvm::make_early_inc_range(block)) {
                if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&i))
                    change_load(*load, known);
                else if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&i))
                    change_store(*store, known);
                else if (auto* copy = llvm::dyn_cast<llvm::MemIntrinsic>(&i))
                    change_copy(*copy, known);
                else if (is_safe_point(i))
                    known.forget();
                else if (auto* address = llvm::dyn_cast<llvm::GetElementPtrInst>(&i))
                    check_escape(*address);
                if (is_allocation(i)) known.fresh.insert(&i);
            }
        }
    }

    static bool is_mutable_item(const address& place) {
        return place.kind == place_kind::array_item && !is_constant(place.array->slot);
    }

    // The access's address in view 0 as (plain pointer, object), or null if it is no access to the heap.
    llvm::Value* heap_address(llvm::IRBuilder<>& builder, llvm::Instruction& access, llvm::Value* pointer,
                              address& place) {
        place = classify(pointer, layouts_);
        if (!place.through_heap && !is_mutable_item(place)) return nullptr;
        if (place.kind == place_kind::stack) return nullptr;
        if (place.kind != place_kind::global) return builder.CreateAddrSpaceCast(pointer, plain_);
        if (place.global->getName() == "heddle_thread") return nullptr;
        if (!is_root(*place.global) || place.offset != 0) {
            problems_.error(place_of(access), "a mutable reference or field outside of the heap, which is no root<>",
                            "make it a heddle::root<T> variable of its own, or put it into a GC object");
            return nullptr;
        }
        size_t number = roots_.emplace(place.global, roots_.size()).first->second;
        place.base = llvm::ConstantExpr::getIntToPtr(
            llvm::ConstantInt::get(word_, roots_address + number * root_distance), plain_);
        place.kind = place_kind::field;
        return place.base;
    }

    void change_load(llvm::LoadInst& load, knowledge& known) {
        llvm::IRBuilder<> builder(&load);
        address place;
        llvm::Value* where = heap_address(builder, load, load.getPointerOperand(), place);
        if (!where) return;
        if (place.kind == place_kind::unknown_heap) {
            load.setOperand(0, builder.CreateCall(runtime("heddle_stm_read_address", plain_, {plain_}), {where}));
            return;
        }
        llvm::Value* key = load.getPointerOperand();
        if (!known.fresh.contains(place.base) && known.marked.insert(key).second) {
            llvm::Value* number = builder.CreateLShr(builder.CreatePtrToInt(where, word_), marker_shift);
            builder.CreateStore(builder.CreateLoad(byte_, word_at(builder, version_offset)),
                                builder.CreateIntToPtr(number, view_));
        }
        load.setOperand(0, builder.CreateAddrSpaceCast(where, view_));
    }

    void change_store(llvm::StoreInst& store, knowledge& known) {
        llvm::IRBuilder<> builder(&store);
        address place;
        llvm::Value* where = heap_address(builder, store, store.getPointerOperand(), place);
        if (!where) return;
        if (place.kind == place_kind::unknown_heap) {
            store.setOperand(1, builder.CreateCall(runtime("heddle_stm_write_address", plain_, {plain_}), {where}));
            return;
        }
        if (!known.fresh.contains(place.base)) {
            if (place.kind == place_kind::array_item) {
                llvm::Value* index = place.index ? builder.CreateSExtOrTrunc(place.index, word_)
                                                 : builder.getInt64(static_cast<uint64_t>(place.constant_index));
                builder.CreateCall(item_barrier(), {place.base, index});
            } else if (known.written.insert(place.base).second) {
                builder.CreateCall(object_barrier_, {place.base});
            }
        }
        store.setOperand(1, builder.CreateAddrSpaceCast(where, view_));
    }

    // memcpy and the like from or to an array's data().
    void change_copy(llvm::MemIntrinsic& copy, const knowledge& known) {
        llvm::IRBuilder<> builder(&copy);
        auto through_view = [&](llvm::Value* pointer, const char* function) -> llvm::Value* {
            address place = classify(pointer, layouts_);
            if (!is_mutable_item(place) || known.fresh.contains(place.base)) return pointer;
            return builder.CreateCall(runtime(function, plain_, {plain_, word_}),
                                      {pointer, builder.CreateZExtOrTrunc(copy.getLength(), word_)});
        };
        copy.setDest(through_view(copy.getRawDest(), "heddle_stm_write_range"));
        if (auto* transfer = llvm::dyn_cast<llvm::MemTransferInst>(&copy))
            transfer->setSource(through_view(transfer->getRawSource(), "heddle_stm_read_range"));
    }

    // The address of mutable items may be used for accesses that are seen here, and for nothing else.
    void check_escape(llvm::GetElementPtrInst& address_of_item) {
        if (address_of_item.getType()->getPointerAddressSpace() != 0) return;
        if (!is_mutable_item(classify(&address_of_item, layouts_))) return;
        for (llvm::User* user : address_of_item.users()) {
            auto* i = llvm::cast<llvm::Instruction>(user);
            if (llvm::isa<llvm::LoadInst, llvm::GetElementPtrInst, llvm::AddrSpaceCastInst, llvm::MemIntrinsic,
                          llvm::ICmpInst>(i))
                continue;
            if (auto* store = llvm::dyn_cast<llvm::StoreInst>(i); store && store->getValueOperand() != &address_of_item)
                continue;
            if (i->getFunction()->getName().contains("heddle_describe") || called_name(*i) == "heddle_marker_array")
                continue;
            problems_.error(place_of(*i),
                            "the address of a mutable array's items is kept or given away (data()), but with --stm "
                            "they have one in each thread's view",
                            "read and write them with get() and set(), or copy them with std::memcpy");
        }
    }

    llvm::Module& module_;
    const class_layouts& layouts_;
    diagnostics& problems_;
    llvm::LLVMContext& context_;
    llvm::PointerType *plain_, *view_;
    llvm::Type *byte_, *word_, *none_;
    llvm::GlobalVariable* words_;
    llvm::Function* object_barrier_;
    std::map<llvm::GlobalVariable*, size_t> roots_;
};

} // namespace

bool is_root(const llvm::GlobalVariable& global) {
    auto* type = llvm::dyn_cast<llvm::StructType>(global.getValueType());
    return type && type->hasName() && type->getName().starts_with("class.heddle::root");
}

void insert_stm_barriers(llvm::Module& module, const class_layouts& layouts, const drivers& all,
                         diagnostics& problems) {
    stm_transformer(module, layouts, problems).run(all);
}

void make_thread_state_local(llvm::Module& module) {
    if (llvm::GlobalVariable* state = module.getGlobalVariable("heddle_thread"))
        state->setThreadLocalMode(llvm::GlobalValue::LocalExecTLSModel);
}

} // namespace heddle::translator
