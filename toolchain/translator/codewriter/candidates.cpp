// The search for functions to trace: see candidates.h.
#include "candidates.h"
#include <algorithm>
#include <llvm/Analysis/CFG.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>

namespace heddle::translator::codewriter {

bool has_loop(const llvm::Function& function) {
    llvm::SmallVector<std::pair<const llvm::BasicBlock*, const llvm::BasicBlock*>, 4> edges;
    llvm::FindFunctionBackedges(function, edges);
    return !edges.empty();
}

candidate* candidate_finder::find(const llvm::Function* function) {
    auto found = by_function_.find(function);
    return found == by_function_.end() ? nullptr : found->second;
}

void candidate_finder::meet(llvm::Function& function, bool from_portal) {
    candidate*& c = by_function_[&function];
    if (!c) {
        c = &all_.emplace_back();
        c->function = &function;
    }
    c->called_from_portal |= from_portal;
}

void candidate_finder::run() {
    for (const driver& d : context_.all_drivers) meet(*d.portal, false);
    size_t types_done = 0;
    for (size_t next = 0; next < all_.size() || types_done < indirect_types_.size();) {
        if (next < all_.size()) {
            examine(all_[next]);
            if (all_[next].traced) follow(all_[next]);
            ++next;
        } else {
            for (llvm::Function* f : effects_.address_taken(indirect_types_[types_done])) meet(*f, false);
            ++types_done;
        }
    }
}

bool candidate_finder::look_inside(candidate& c) {
    llvm::Function& f = *c.function;
    bool portal = std::any_of(context_.all_drivers.begin(), context_.all_drivers.end(),
                              [&](const driver& d) { return d.portal == &f; });
    auto no = [&](std::string reason, bool by_design) {
        c.why_not = {std::move(reason), place_of(f)};
        c.by_design = by_design;
        return false;
    };
    if (f.isDeclaration()) return no("has no body in this program", true);
    if (context_.hints.has(&f, hint::dont_look_inside)) return no("is marked HEDDLE_DONT_LOOK_INSIDE", true);
    if (context_.hints.has(&f, hint::elidable))
        return no("is marked HEDDLE_ELIDABLE: called, or folded when its arguments are constants", true);
    if (context_.hints.has(&f, hint::elidable_promote))
        return no("is marked HEDDLE_ELIDABLE_PROMOTE: called, or folded once its arguments are promoted", true);
    if (context_.hints.has(&f, hint::loop_invariant))
        return no("is marked HEDDLE_LOOP_INVARIANT: called once a loop", true);
    llvm::StringRef name = f.getName();
    for (llvm::StringRef prefix : {"_ZNSt", "_ZNKSt", "_ZSt", "_ZN9__gnu_cxx", "_ZNK9__gnu_cxx"})
        if (name.starts_with(prefix)) return no("belongs to the C++ standard library", true);
    if (name.starts_with("_ZN6heddle2gc")) return no("belongs to the collector", true);
    if (name.starts_with("heddle.stm_")) return no("belongs to the transactions", true);
    if (f.isVarArg()) return no("has variable arguments", false);
    if (!portal && !context_.hints.has(&f, hint::unroll_safe) && has_loop(f))
        return no("has a loop; mark it HEDDLE_UNROLL_SAFE if traces may unroll it", false);
    return true;
}

void candidate_finder::examine(candidate& c) {
    if (!look_inside(c)) return;
    c.code.name = readable_name(*c.function);
    c.code.contains_loop = has_loop(*c.function);
    c.code.unroll_safe = context_.hints.has(c.function, hint::unroll_safe);
    c.why_not = function_lowering(context_, *c.function, c.code).run();
    c.traced = c.why_not.reason.empty();
    if (!c.traced) c.code = {};
}

// Everything that the flat code calls.
void candidate_finder::follow(candidate& c) {
    for (const flat_instruction& i : c.code.code) {
        if (i.callee) meet(const_cast<llvm::Function&>(*i.callee), c.code.driver >= 0);
        if (!i.indirect) continue;
        const llvm::FunctionType* type = i.indirect->getFunctionType();
        if (std::find(indirect_types_.begin(), indirect_types_.end(), type) == indirect_types_.end())
            indirect_types_.push_back(type);
    }
}

// A function that was meant to be traced and isn't: its author wants to know.
void candidate_finder::warn(diagnostics& problems) const {
    for (const candidate& c : all_) {
        if (c.traced) continue;
        bool portal = std::any_of(context_.all_drivers.begin(), context_.all_drivers.end(),
                                  [&](const driver& d) { return d.portal == c.function; });
        std::string message = "the JIT can't trace " + readable_name(*c.function) + ": it " + c.why_not.reason;
        if (portal) {
            problems.error(c.why_not.place, message,
                           "a portal must be traceable; move what can't be traced into a function of its own");
            continue;
        }
        if (c.by_design) continue;
        bool asked =
            context_.hints.has(c.function, hint::unroll_safe) || context_.hints.has(c.function, hint::look_inside);
        if (asked)
            problems.warning(c.why_not.place, message, "it is marked as one to trace");
        else if (c.called_from_portal)
            problems.warning(c.why_not.place, message,
                             "the portal calls it; mark it HEDDLE_DONT_LOOK_INSIDE if that is meant");
    }
}

} // namespace heddle::translator::codewriter
