// Phase 5, but for the portals. See lower_markers.h.
#include "lower_markers.h"
#include "../addresses.h"
#include "../diagnostics.h"
#include "../type_info_layout.h"
#include "heddle/gc/jit_interface.h"
#include "runtime_functions.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

namespace heddle::translator {

namespace {

llvm::StringRef called_name(const llvm::Instruction& i) {
    auto* call = llvm::dyn_cast<llvm::CallBase>(&i);
    llvm::Function* callee = call ? call->getCalledFunction() : nullptr;
    return callee ? callee->getName() : "";
}

bool is_allocation(const llvm::Value* value) {
    auto* i = llvm::dyn_cast<llvm::Instruction>(value);
    return i && (called_name(*i) == "heddle_marker_new" || called_name(*i) == "heddle_marker_new_array");
}

// Could the call start a collection? Markers other than allocations can't.
bool may_collect(const llvm::Instruction& i) {
    if (!llvm::isa<llvm::CallBase>(i) || llvm::isa<llvm::IntrinsicInst>(i)) return false;
    return !called_name(i).starts_with("heddle_marker_") || is_allocation(&i);
}

// An object that was made in this block, with no safepoint since: it is young and needs no barrier.
bool is_fresh(const llvm::Value* object, const llvm::Instruction& store) {
    auto* made = llvm::dyn_cast<llvm::Instruction>(object);
    if (!made || !is_allocation(made) || made->getParent() != store.getParent()) return false;
    for (const llvm::Instruction* i = store.getPrevNode(); i && i != made; i = i->getPrevNode())
        if (may_collect(*i)) return false;
    return true;
}

class marker_lowering {
public:
    marker_lowering(llvm::Module& module, const class_layouts& layouts, diagnostics& problems)
        : layouts_(layouts), problems_(problems), functions_(module) {}

    void lower(llvm::CallBase& call, llvm::StringRef name) {
        llvm::IRBuilder<> builder(&call);
        llvm::Value* result = nullptr;
        if (name == "new" || name == "new_array") {
            const gc_class* c = class_of(call, 0);
            if (!c || (name == "new_array" && !is_known_array(call, *c))) return;
            result = name == "new"
                         ? builder.CreateCall(functions_.new_object(*c))
                         : builder.CreateCall(functions_.new_array(*c),
                                              {builder.CreateSExt(call.getArgOperand(1), functions_.integer(64))});
        } else if (name == "array_length") {
            const gc_class* c = class_of(call, 1);
            if (!c || !is_known_array(call, *c)) return;
            result = builder.CreateLoad( // of 64 bits; a narrower long is their low half
                call.getType(),
                builder.CreatePtrAdd(call.getArgOperand(0), functions_.number(64, c->array->length_offset)));
        } else if (name == "is" || name == "is_exact") {
            const gc_class* c = class_of(call, 1);
            if (!c) return;
            result = class_test(builder, call.getArgOperand(0), *c, name == "is_exact");
        } else if (name == "items") {
            result = call.getArgOperand(1);
        } else if (name == "promote_i" || name == "promote_p" || name == "promote_f") {
            result = call.getArgOperand(0);
        } else if (name.starts_with("is_constant") || name == "is_virtual" || name == "we_are_jitted") {
            result = functions_.number(1, 0);
        } else if (name == "copy_array") {
            std::vector<llvm::Value*> arguments(call.arg_begin() + 2, call.arg_end()); // all but the classes
            std::vector<llvm::Type*> types;
            for (llvm::Value* a : arguments) types.push_back(a->getType());
            auto* type = llvm::FunctionType::get(call.getType(), types, false);
            builder.CreateCall(call.getModule()->getOrInsertFunction("heddle_copy_array", type), arguments);
        } else if (name != "record_exact_class" && !name.starts_with("assert_green") && name != "merge_point" &&
                   name != "can_enter_jit") {
            problems_.error(place_of(call), "the translator does not know the marker '" + name.str() + "'",
                            "build the interpreter with the headers of this translator");
            return;
        }
        if (result) call.replaceAllUsesWith(result);
        call.eraseFromParent();
    }

private:
    const gc_class* class_of(const llvm::CallBase& call, unsigned operand) {
        const gc_class* c = layouts_.by_type_info(call.getArgOperand(operand)->stripPointerCasts());
        if (!c)
            problems_.error(place_of(call), "a class is made or tested here that the translator can't tell",
                            "name the class as the template argument of make<> or is<>");
        return c;
    }

    bool is_known_array(const llvm::CallBase& call, const gc_class& c) {
        if (!c.is_array())
            problems_.error(place_of(call), "the layout of " + c.name + " is not known here",
                            "use heddle::array<...> as it is, not a class derived from it");
        return c.is_array();
    }

    llvm::Value* class_test(llvm::IRBuilder<>& builder, llvm::Value* object, const gc_class& c, bool exact) {
        auto* offset = functions_.number(64, static_cast<uint64_t>(int64_t{gc::jit_interface::type_id_offset}));
        llvm::Value* id = builder.CreateLoad(functions_.integer(32), builder.CreatePtrAdd(object, offset));
        if (exact || c.id == c.last_id) return builder.CreateICmpEQ(id, functions_.number(32, c.id));
        return builder.CreateICmpULE(builder.CreateSub(id, functions_.number(32, c.id)),
                                     functions_.number(32, c.last_id - c.id));
    }

    const class_layouts& layouts_;
    diagnostics& problems_;
    runtime_functions functions_;
};

} // namespace

void insert_write_barriers(llvm::Module& module, const class_layouts& layouts) {
    std::vector<llvm::StoreInst*> stores;
    for (llvm::Function& function : module)
        for (llvm::Instruction& i : llvm::instructions(function))
            if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&i);
                store && store->getPointerAddressSpace() == 1 && store->getValueOperand()->getType()->isPointerTy())
                stores.push_back(store);
    runtime_functions functions(module);
    for (llvm::StoreInst* store : stores) {
        llvm::Value* value = store->getValueOperand();
        if (llvm::isa<llvm::ConstantPointerNull, llvm::UndefValue>(value)) continue;
        address place = classify(store->getPointerOperand(), layouts);
        if (place.kind == place_kind::global || place.kind == place_kind::stack) continue; // roots are scanned always
        llvm::IRBuilder<> builder(store);
        if (place.kind == place_kind::field || place.kind == place_kind::array_item) {
            if (is_fresh(place.base, *store)) continue;
            if (place.kind == place_kind::field) {
                builder.CreateCall(functions.field_barrier(), {place.base});
            } else {
                llvm::Value* index = place.index ? builder.CreateSExtOrTrunc(place.index, functions.integer(64))
                                                 : functions.number(64, static_cast<uint64_t>(place.constant_index));
                builder.CreateCall(functions.array_barrier(), {place.base, index});
            }
        } else {
            builder.CreateCall(functions.interior_barrier(),
                               {builder.CreateAddrSpaceCast(store->getPointerOperand(), functions.pointer())});
        }
    }
}

void report_quasi_immutable_writes(llvm::Module& module, const class_layouts& layouts) {
    std::vector<llvm::StoreInst*> stores;
    for (llvm::Function& function : module)
        for (llvm::Instruction& i : llvm::instructions(function))
            if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&i); store && store->getPointerAddressSpace() == 1)
                if (address place = classify(store->getPointerOperand(), layouts);
                    place.kind == place_kind::field && place.field->quasi_immutable)
                    stores.push_back(store);
    runtime_functions functions(module);
    auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(module.getContext()), {functions.pointer()}, false);
    for (llvm::StoreInst* store : stores) {
        llvm::IRBuilder<> builder(store->getNextNode());
        builder.CreateCall(module.getOrInsertFunction("heddle_quasi_immutable_written", type),
                           {builder.CreateAddrSpaceCast(store->getPointerOperand(), functions.pointer())});
    }
}

void lower_markers(llvm::Module& module, const class_layouts& layouts, diagnostics& problems) {
    for (const gc_class& c : layouts.classes()) {
        set_type_info_number(*c.type_info, type_info_member::id, c.id);
        set_type_info_number(*c.type_info, type_info_member::last_id, c.last_id);
    }
    marker_lowering lowering(module, layouts, problems);
    for (llvm::Function& function : llvm::make_early_inc_range(module)) {
        llvm::StringRef name = function.getName();
        if (!name.consume_front("heddle_marker_")) continue;
        for (llvm::User* user : llvm::make_early_inc_range(function.users()))
            if (auto* call = llvm::dyn_cast<llvm::CallBase>(user)) lowering.lower(*call, name);
        if (function.use_empty()) function.eraseFromParent();
    }
}

void remove_heap_address_space(llvm::Module& module) {
    auto* plain = llvm::PointerType::get(module.getContext(), 0);
    auto is_heap = [](const llvm::Value* v) {
        return v->getType()->isPointerTy() && v->getType()->getPointerAddressSpace() == 1;
    };
    for (llvm::Function& function : module) {
        std::vector<llvm::Instruction*> casts;
        for (llvm::Instruction& i : llvm::instructions(function)) {
            for (llvm::Use& operand : i.operands()) {
                if (!is_heap(operand)) continue;
                if (auto* constant = llvm::dyn_cast<llvm::Constant>(operand.get())) {
                    auto* cast = llvm::dyn_cast<llvm::ConstantExpr>(constant);
                    if (cast && cast->getOpcode() == llvm::Instruction::AddrSpaceCast)
                        operand.set(cast->getOperand(0));
                    else if (constant->isNullValue())
                        operand.set(llvm::ConstantPointerNull::get(plain));
                    else
                        operand.set(llvm::ConstantExpr::getAddrSpaceCast(constant, plain));
                }
            }
            auto* cast = llvm::dyn_cast<llvm::AddrSpaceCastInst>(&i);
            if (cast && cast->getDestAddressSpace() > 1) continue; // a view's (stm.h)
            if (cast)
                casts.push_back(&i);
            else if (is_heap(&i))
                i.mutateType(plain);
        }
        // A cast in either direction is the identity now.
        for (llvm::Instruction* cast : casts) {
            cast->mutateType(plain);
            cast->replaceAllUsesWith(cast->getOperand(0));
            cast->eraseFromParent();
        }
    }
}

void remove_descriptions(llvm::Module& module) {
    std::vector<llvm::Function*> describers;
    for (const char* marker :
         {"heddle_marker_class", "heddle_marker_array", "heddle_marker_field", "heddle_marker_virtualizable"})
        if (llvm::Function* function = module.getFunction(marker))
            for (llvm::User* user : llvm::make_early_inc_range(function->users()))
                if (auto* call = llvm::dyn_cast<llvm::CallBase>(user)) {
                    describers.push_back(call->getFunction());
                    call->eraseFromParent();
                }
    llvm::removeFromUsedLists(
        module, [&](llvm::Constant* c) { return llvm::is_contained(describers, c->stripPointerCasts()); });
    if (auto* list = module.getGlobalVariable("llvm.global.annotations", true)) list->eraseFromParent();
}

} // namespace heddle::translator
