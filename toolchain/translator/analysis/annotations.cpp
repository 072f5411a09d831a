// Reads llvm.global.annotations. See annotations.h.
#include "../annotations.h"
#include "../diagnostics.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"

namespace heddle::translator {

namespace {

struct named_hint {
    const char* text;
    hint value;
};
constexpr named_hint known_hints[] = {
    {"heddle.elidable", hint::elidable},       {"heddle.elidable_promote", hint::elidable_promote},
    {"heddle.unroll_safe", hint::unroll_safe}, {"heddle.dont_look_inside", hint::dont_look_inside},
    {"heddle.look_inside", hint::look_inside}, {"heddle.loop_invariant", hint::loop_invariant},
    {"heddle.portal", hint::portal},
};

llvm::StringRef text_of(const llvm::Constant* pointer) {
    auto* global = llvm::dyn_cast<llvm::GlobalVariable>(pointer->stripPointerCasts());
    auto* data = global && global->hasInitializer() ? llvm::dyn_cast<llvm::ConstantDataArray>(global->getInitializer())
                                                    : nullptr;
    return data && data->isCString() ? data->getAsCString() : "";
}

void check(const llvm::Function& function, uint32_t hints, diagnostics& problems) {
    auto has = [&](hint h) { return (hints & static_cast<uint32_t>(h)) != 0; };
    if (has(hint::dont_look_inside) && (has(hint::look_inside) || has(hint::unroll_safe) || has(hint::portal)))
        problems.error(place_of(function),
                       readable_name(function) + " is marked HEDDLE_DONT_LOOK_INSIDE and also as one to be traced",
                       "remove one of the hints");
    if (has(hint::loop_invariant) && !function.arg_empty())
        problems.error(place_of(function),
                       readable_name(function) + " is marked HEDDLE_LOOP_INVARIANT but has parameters",
                       "pass nothing, or use HEDDLE_ELIDABLE");
}

} // namespace

annotations annotations::collect(const llvm::Module& module, diagnostics& problems) {
    annotations result;
    const llvm::GlobalVariable* list = module.getGlobalVariable("llvm.global.annotations", true);
    auto* entries =
        list && list->hasInitializer() ? llvm::dyn_cast<llvm::ConstantArray>(list->getInitializer()) : nullptr;
    if (!entries) return result;
    for (const llvm::Use& entry : entries->operands()) {
        auto* fields = llvm::dyn_cast<llvm::ConstantStruct>(entry.get());
        if (!fields) continue;
        const llvm::Constant* hinted = fields->getOperand(0)->stripPointerCasts();
        llvm::StringRef text = text_of(fields->getOperand(1));
        if (!text.starts_with("heddle.")) continue;
        auto* global = llvm::dyn_cast<llvm::GlobalVariable>(hinted);
        if (global && text == "heddle.set_at_start") result.set_at_start_.insert(global);
        auto* function = llvm::dyn_cast<llvm::Function>(hinted);
        if (!function) continue;
        bool known = false;
        for (auto& h : known_hints)
            if (text == h.text) known = true, result.hints_[function] |= static_cast<uint32_t>(h.value);
        if (!known)
            problems.error(place_of(*function), "unknown hint '" + text.str() + "'",
                           "see docs/dsl.md for those there are");
    }
    for (auto& [function, hints] : result.hints_) check(*function, hints, problems);
    return result;
}

uint32_t annotations::hints_of(const llvm::Function* function) const {
    auto i = hints_.find(function);
    return i == hints_.end() ? 0 : i->second;
}

} // namespace heddle::translator
