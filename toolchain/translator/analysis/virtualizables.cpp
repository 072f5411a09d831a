// HEDDLE_VIRTUALIZABLE's rule: the array of slots is referred to by its frame's field and by nothing else in the heap.
//
// An array is found by its making, by the frame's field, and by being accessed as its class; from there through phis,
// calls and returns. Machine code keeps the slots of a running frame in registers and writes them back for calls that
// are given the frame or the array: whoever found the array somewhere else would read old values.
#include "../addresses.h"
#include "../diagnostics.h"
#include "../refusals.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include <unordered_set>

namespace heddle::translator {

namespace {

class escape_check {
public:
    escape_check(llvm::Module& module, const class_layouts& layouts, const array_shape& slots, diagnostics& problems)
        : module_(module), layouts_(layouts), slots_(slots), problems_(problems) {}

    void run() {
        for (llvm::Function& function : module_)
            if (!is_description(function))
                for (llvm::Instruction& i : llvm::instructions(function)) find(i);
        while (!work_.empty()) {
            llvm::Value* value = work_.back();
            work_.pop_back();
            follow(*value);
        }
        for (llvm::Function& function : module_)
            if (!is_description(function))
                for (llvm::Instruction& i : llvm::instructions(function)) check(i);
    }

private:
    bool is_description(const llvm::Function& function) const { return function.getName().contains("heddle_describe"); }

    void add(llvm::Value* value) {
        if (llvm::isa<llvm::Constant>(value) || !known_.insert(value).second) return;
        work_.push_back(value);
    }

    bool is_slots_type(const llvm::Value* type_info) const {
        const gc_class* c = layouts_.by_type_info(type_info->stripPointerCasts());
        return c && c->array == &slots_;
    }

    void find(llvm::Instruction& i) {
        if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&i)) {
            address place = classify(load->getPointerOperand(), layouts_);
            if (place.kind == place_kind::field && place.field->virtualizable && load->getType()->isPointerTy())
                add(load);
            if (place.kind == place_kind::array_item && place.array == &slots_) add(place.base);
        } else if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&i)) {
            address place = classify(store->getPointerOperand(), layouts_);
            if (place.kind == place_kind::array_item && place.array == &slots_) add(place.base);
        } else if (auto* call = llvm::dyn_cast<llvm::CallInst>(&i); call && call->getCalledFunction()) {
            llvm::StringRef name = call->getCalledFunction()->getName();
            if (name == "heddle_marker_new_array" && is_slots_type(call->getArgOperand(0))) add(call);
            if (name == "heddle_marker_array_length" && is_slots_type(call->getArgOperand(1)))
                add(call->getArgOperand(0));
            if (name == "heddle_marker_copy_array") {
                if (is_slots_type(call->getArgOperand(0))) add(call->getArgOperand(2));
                if (is_slots_type(call->getArgOperand(1))) add(call->getArgOperand(4));
            }
        }
    }

    void follow(llvm::Value& value) {
        if (auto* phi = llvm::dyn_cast<llvm::PHINode>(&value))
            for (llvm::Value* incoming : phi->incoming_values()) add(incoming);
        for (llvm::Use& use : value.uses()) {
            llvm::User* user = use.getUser();
            if (llvm::isa<llvm::PHINode, llvm::SelectInst, llvm::BitCastInst>(user)) {
                add(user);
            } else if (auto* result = llvm::dyn_cast<llvm::ReturnInst>(user)) {
                for (llvm::User* caller : result->getFunction()->users())
                    if (auto* call = llvm::dyn_cast<llvm::CallBase>(caller);
                        call && call->getCalledFunction() == result->getFunction())
                        add(call);
            } else if (auto* call = llvm::dyn_cast<llvm::CallBase>(user); call && call->isArgOperand(&use)) {
                llvm::Function* callee = call->getCalledFunction();
                unsigned number = call->getArgOperandNo(&use);
                if (callee && !callee->isDeclaration() && number < callee->arg_size()) add(callee->getArg(number));
            }
        }
    }

    void check(llvm::Instruction& i) {
        auto* store = llvm::dyn_cast<llvm::StoreInst>(&i);
        if (!store || !known_.contains(store->getValueOperand())) return;
        address place = classify(store->getPointerOperand(), layouts_);
        if (place.kind == place_kind::stack || (place.kind == place_kind::field && place.field->virtualizable)) return;
        std::string where = place.kind == place_kind::field        ? place.field->owner->name + "::" + place.field->name
                            : place.kind == place_kind::array_item ? "an item of " + place.array->name
                            : place.kind == place_kind::global
                                ? "the global variable " + demangle(std::string(place.global->getName()))
                                : "memory";
        problems_.error(place_of(i),
                        "the slots of a frame (" + slots_.name + ", marked HEDDLE_VIRTUALIZABLE) are stored in " +
                            where + ", where machine code that runs the frame would not see them used",
                        "pass the frame or its slots as an argument, or copy them to an array of another class");
    }

    llvm::Module& module_;
    const class_layouts& layouts_;
    const array_shape& slots_;
    diagnostics& problems_;
    std::unordered_set<llvm::Value*> known_;
    std::vector<llvm::Value*> work_;
};

} // namespace

void check_virtualizables(llvm::Module& module, const class_layouts& layouts, diagnostics& problems) {
    for (const gc_class& c : layouts.classes())
        if (c.array && c.array->virtualizable) escape_check(module, layouts, *c.array, problems).run();
}

} // namespace heddle::translator
