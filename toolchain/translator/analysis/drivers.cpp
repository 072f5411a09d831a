// Finds jit drivers and checks their use. See drivers.h.
#include "../drivers.h"
#include "../diagnostics.h"
#include "../refusals.h"
#include "merge_points.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include <algorithm>
#include <map>

namespace heddle::translator {

llvm::Value* driver::variable(const llvm::CallBase* marker, size_t i) const {
    return marker->getArgOperand(first_variable_operand + static_cast<unsigned>(i));
}

namespace {

jit::kind kind_of(const llvm::Type* type) {
    if (type->isPointerTy()) return jit::kind::pointer;
    if (type->isDoubleTy()) return jit::kind::floating;
    if (type->isIntegerTy() && type->getIntegerBitWidth() <= 64) return jit::kind::integer;
    return jit::kind::none;
}

std::string driver_name(const llvm::GlobalVariable& global) {
    llvm::Constant* text = global.hasInitializer() ? global.getInitializer()->getAggregateElement(0u) : nullptr;
    auto* string = text ? llvm::dyn_cast<llvm::GlobalVariable>(text->stripPointerCasts()) : nullptr;
    auto* data = string && string->hasInitializer() ? llvm::dyn_cast<llvm::ConstantDataArray>(string->getInitializer())
                                                    : nullptr;
    return data && data->isCString() ? data->getAsCString().str() : demangle(std::string(global.getName()));
}

class driver_collector {
public:
    driver_collector(llvm::Module& module, diagnostics& problems) : module_(module), problems_(problems) {}

    drivers run() {
        for (llvm::CallBase* call : calls_of("heddle_marker_merge_point")) add_merge_point(call);
        for (llvm::CallBase* call : calls_of("heddle_marker_can_enter_jit")) add_can_enter_jit(call);
        for (driver& d : found_) {
            check_portal(d);
            if (problems_.has_errors()) continue;
            check_can_enter_jit(d, problems_);
            canonicalise_merge_point(d, problems_);
        }
        return std::move(found_);
    }

private:
    // In the order of functions in the module, so that builds are reproducible.
    std::vector<llvm::CallBase*> calls_of(llvm::StringRef marker) {
        std::vector<llvm::CallBase*> calls;
        llvm::Function* function = module_.getFunction(marker);
        if (!function || function->use_empty()) return calls;
        for (llvm::Function& caller : module_)
            for (llvm::Instruction& i : llvm::instructions(caller))
                if (auto* call = llvm::dyn_cast<llvm::CallBase>(&i); call && call->getCalledFunction() == function)
                    calls.push_back(call);
        return calls;
    }

    driver* find(const llvm::Value* global) {
        for (driver& d : found_)
            if (d.global == global) return &d;
        return nullptr;
    }

    llvm::GlobalVariable* driver_of(llvm::CallBase* call) {
        auto* global = llvm::dyn_cast<llvm::GlobalVariable>(call->getArgOperand(0)->stripPointerCasts());
        if (!global)
            problems_.error(place_of(*call), "the jit driver named here is not a global variable",
                            "declare it `static constinit heddle::jit::driver name{\"...\"};`");
        return global;
    }

    bool read_kinds(llvm::CallBase* call, driver& d) {
        auto* greens = llvm::cast<llvm::ConstantInt>(call->getArgOperand(1));
        for (unsigned i = driver::first_variable_operand; i < call->arg_size(); i++) {
            jit::kind k = kind_of(call->getArgOperand(i)->getType());
            bool green = i - driver::first_variable_operand < greens->getZExtValue();
            (green ? d.green_kinds : d.red_kinds).push_back(k);
            if (k != jit::kind::none && !(green && k == jit::kind::floating)) continue;
            problems_.error(place_of(*call),
                            std::string(green ? "a green" : "a red") + " of driver '" + d.name +
                                "' has a type that can't be one",
                            green ? "greens are pointers to GC objects, integers or enums"
                                  : "reds are pointers to GC objects, integers, enums or doubles");
            return false;
        }
        return true;
    }

    void add_merge_point(llvm::CallBase* call) {
        llvm::GlobalVariable* global = driver_of(call);
        if (!global) return;
        if (driver* known = find(global)) {
            bool same = known->portal == call->getFunction();
            problems_.error(place_of(*call),
                            "driver '" + known->name + "' has a second merge point (the first is at " +
                                place_of(*known->merge_point).text() + ")",
                            same ? "keep one HEDDLE_MERGE_POINT in the function"
                                 : "declare a driver for each function that has a merge point");
            return;
        }
        for (driver& other : found_) {
            if (other.portal != call->getFunction()) continue;
            problems_.error(place_of(*call), readable_name(*other.portal) + " has merge points of two drivers",
                            "split the function: one merge point in each");
            return;
        }
        driver d;
        d.name = driver_name(*global);
        d.global = global;
        d.portal = call->getFunction();
        d.merge_point = call;
        d.index = static_cast<uint32_t>(found_.size());
        if (read_kinds(call, d)) found_.push_back(std::move(d));
    }

    void add_can_enter_jit(llvm::CallBase* call) {
        llvm::GlobalVariable* global = driver_of(call);
        driver* d = global ? find(global) : nullptr;
        if (global && (!d || d->portal != call->getFunction())) {
            problems_.error(place_of(*call),
                            "HEDDLE_CAN_ENTER_JIT of driver '" + driver_name(*global) +
                                "' stands outside of the function that has its merge point",
                            "move it into the loop with HEDDLE_MERGE_POINT");
        }
        if (!d || d->portal != call->getFunction()) return;
        driver kinds;
        kinds.name = d->name;
        if (!read_kinds(call, kinds)) return;
        if (kinds.green_kinds != d->green_kinds || kinds.red_kinds != d->red_kinds) {
            problems_.error(place_of(*call),
                            "HEDDLE_CAN_ENTER_JIT of driver '" + d->name +
                                "' has other variables than its merge point (" + place_of(*d->merge_point).text() + ")",
                            "name the same greens and reds in the same order");
            return;
        }
        d->can_enter_jit.push_back(call);
    }

    void check_portal(driver& d) {
        d.result_type = d.portal->getReturnType();
        d.result = d.result_type->isVoidTy() ? jit::kind::none : kind_of(d.result_type);
        if (!d.result_type->isVoidTy() && d.result == jit::kind::none)
            problems_.error(place_of(*d.portal), readable_name(*d.portal) + " is a portal and returns a struct",
                            "return a pointer, an integer, a double, void, or a Result of these");
        if (d.portal->isVarArg())
            problems_.error(place_of(*d.portal), readable_name(*d.portal) + " is a portal and takes variable arguments",
                            "give it fixed parameters");
        for (llvm::Argument& argument : d.portal->args())
            if (argument.hasByValAttr() || argument.hasStructRetAttr())
                problems_.error(place_of(*d.portal),
                                readable_name(*d.portal) + " is a portal and takes or returns a struct by value",
                                "pass pointers, integers and doubles");
        refuse_stack_slots(*d.portal, "which must be traced", problems_);
    }

    llvm::Module& module_;
    diagnostics& problems_;
    drivers found_;
};

} // namespace

drivers collect_drivers(llvm::Module& module, diagnostics& problems) {
    return driver_collector(module, problems).run();
}

} // namespace heddle::translator
