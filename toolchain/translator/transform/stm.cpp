// Barriers, views, transaction breaks. See stm.h.
#include "stm.h"
#include "../addresses.h"
#include "../diagnostics.h"
#include "heddle/jit/thread_places.h"
#include "stm_functions.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"

namespace heddle::translator {

namespace {

// As in heddle/stm/stm.h.
constexpr unsigned marker_shift = 4;
constexpr uint64_t roots_address = (uint64_t{1} << 44) + 8192, root_distance = 32;

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
    return !name.starts_with("heddle_marker_") || is_allocation(i) || name == "heddle_marker_can_enter_jit" ||
           name == "heddle_marker_merge_point";
}

class stm_transformer {
public:
    stm_transformer(llvm::Module& module, const class_layouts& layouts, diagnostics& problems)
        : module_(module), layouts_(layouts), problems_(problems), functions_(module),
          places_(find_global_places(module)) {
        plain_ = llvm::cast<llvm::PointerType>(functions_.pointer());
        view_ = functions_.view_pointer();
        word_ = functions_.integer(64);
        object_barrier_ = functions_.object_barrier();
        item_barrier_ = functions_.item_barrier();
    }

    void run(const drivers& all) {
        for (llvm::Function& function : module_)
            if (!function.isDeclaration() && &function != object_barrier_ && &function != item_barrier_)
                change(function);
        llvm::Function* check = functions_.transaction_break();
        for (const driver& d : all) {
            for (llvm::CallBase* marker : d.can_enter_jit) llvm::CallInst::Create(check, {}, "", marker->getIterator());
            llvm::BasicBlock& entry = d.portal->getEntryBlock();
            llvm::CallInst::Create(check, {}, "", entry.getFirstNonPHIOrDbgOrAlloca());
        }
        publish_count(places_.root_count, "heddle_stm_root_count");
        publish_count(places_.thread_root_count, "heddle_stm_thread_root_count");
    }

private:
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

    void publish_count(size_t number, const char* name) {
        auto* count = functions_.number(32, number);
        new llvm::GlobalVariable(module_, count->getType(), true, llvm::GlobalValue::ExternalLinkage, count, name);
    }

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
                else if (called_name(i) == "heddle_marker_items")
                    change_items(llvm::cast<llvm::CallBase>(i));
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
        place.kind = place_kind::field;
        uint64_t where = places_.words.at(place.global);
        if (jit::is_thread_root(where))
            return place.base = functions_.thread_root(builder, jit::offset_of_thread_place(where));
        return place.base = llvm::ConstantExpr::getIntToPtr(llvm::ConstantInt::get(word_, where), plain_);
    }

    // The same, of an operand of a load or store. Null also when the object isn't known: the runtime is asked then.
    llvm::Value* known_address(llvm::IRBuilder<>& builder, llvm::Instruction& access, unsigned operand,
                               const char* otherwise, address& place) {
        llvm::Value* where = heap_address(builder, access, access.getOperand(operand), place);
        if (!where || place.kind != place_kind::unknown_heap) return where;
        access.setOperand(operand, builder.CreateCall(functions_.external(otherwise, plain_, {plain_}), {where}));
        return nullptr;
    }

    void change_load(llvm::LoadInst& load, knowledge& known) {
        llvm::IRBuilder<> builder(&load);
        address place;
        llvm::Value* key = load.getPointerOperand();
        llvm::Value* where = known_address(builder, load, 0, "heddle_stm_read_address", place);
        if (!where) return;
        bool own = place.global && is_thread_root(*place.global); // no other thread writes it
        if (!own && !known.fresh.contains(place.base) && known.marked.insert(key).second) {
            llvm::Value* number = builder.CreateLShr(builder.CreatePtrToInt(where, word_), marker_shift);
            builder.CreateStore(functions_.version(builder), builder.CreateIntToPtr(number, view_));
        }
        load.setOperand(0, builder.CreateAddrSpaceCast(where, view_));
    }

    void change_store(llvm::StoreInst& store, knowledge& known) {
        llvm::IRBuilder<> builder(&store);
        address place;
        llvm::Value* where = known_address(builder, store, 1, "heddle_stm_write_address", place);
        if (!where) return;
        if (!known.fresh.contains(place.base)) {
            if (place.kind == place_kind::array_item) {
                llvm::Value* index = place.index ? builder.CreateSExtOrTrunc(place.index, word_)
                                                 : builder.getInt64(static_cast<uint64_t>(place.constant_index));
                builder.CreateCall(item_barrier_, {place.base, index});
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
            return builder.CreateCall(functions_.external(function, plain_, {plain_, word_}),
                                      {pointer, builder.CreateZExtOrTrunc(copy.getLength(), word_)});
        };
        copy.setDest(through_view(copy.getRawDest(), "heddle_stm_write_range"));
        if (auto* transfer = llvm::dyn_cast<llvm::MemTransferInst>(&copy))
            transfer->setSource(through_view(transfer->getRawSource(), "heddle_stm_read_range"));
    }

    // items_to_read(), items_to_write(): the items' memory in the view.
    void change_items(llvm::CallBase& call) {
        llvm::IRBuilder<> builder(&call);
        llvm::Value *array = call.getArgOperand(0), *place = call.getArgOperand(1), *bytes = call.getArgOperand(2);
        auto* write = llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(3));
        llvm::Value* in_view;
        if (write && write->isZero())
            in_view = builder.CreateCall(functions_.external("heddle_stm_read_range", plain_, {plain_, word_}),
                                         {place, bytes});
        else
            in_view = builder.CreateCall(functions_.external("heddle_stm_write_items", plain_, {plain_, plain_, word_}),
                                         {array, place, bytes});
        call.replaceAllUsesWith(in_view);
        call.eraseFromParent();
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
            if (i->getFunction()->getName().contains("heddle_describe") || called_name(*i) == "heddle_marker_array" ||
                called_name(*i) == "heddle_marker_items")
                continue;
            problems_.error(place_of(*i),
                            "the address of a mutable array's items is kept or given away (data()), but with --stm "
                            "they have one in each thread's view",
                            "read and write them with get() and set(), or use items_to_read() or items_to_write()");
        }
    }

    llvm::Module& module_;
    const class_layouts& layouts_;
    diagnostics& problems_;
    stm_functions functions_;
    llvm::PointerType *plain_, *view_;
    llvm::Type* word_;
    llvm::Function *object_barrier_, *item_barrier_;
    global_places places_;
};

bool has_class(const llvm::GlobalVariable& global, const char* name) {
    auto* type = llvm::dyn_cast<llvm::StructType>(global.getValueType());
    return type && type->hasName() && type->getName().starts_with(name);
}

} // namespace

bool is_root(const llvm::GlobalVariable& global) {
    return has_class(global, "class.heddle::root") || is_thread_root(global);
}

global_places find_global_places(const llvm::Module& module) {
    global_places result;
    for (const llvm::GlobalVariable& global : module.globals()) {
        if (is_thread_root(global))
            result.words[&global] = jit::thread_root_places + result.thread_root_count++ * root_distance;
        else if (is_root(global))
            result.words[&global] = roots_address + result.root_count++ * root_distance;
        else if (global.getName() == "heddle_thread")
            result.words[&global] = jit::thread_state_places;
    }
    return result;
}

bool is_thread_root(const llvm::GlobalVariable& global) { return has_class(global, "class.heddle::thread_root"); }

void insert_stm_barriers(llvm::Module& module, const class_layouts& layouts, const drivers& all,
                         diagnostics& problems) {
    stm_transformer(module, layouts, problems).run(all);
}

void make_thread_state_local(llvm::Module& module) {
    if (llvm::GlobalVariable* state = module.getGlobalVariable("heddle_thread"))
        state->setThreadLocalMode(llvm::GlobalValue::LocalExecTLSModel);
}

} // namespace heddle::translator
