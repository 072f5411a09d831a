// Which functions the JIT may look inside, and for each of the others that it meets, why not.
//
// Starting from the portals, through direct calls and through the functions whose address is taken and whose type some
// traced call through a pointer has (methods in vtables, tables of functions). Each is lowered as it is found: what
// can't be lowered stays native.
#pragma once
#include "effects.h"
#include "lower.h"
#include <deque>
#include <unordered_map>

namespace heddle::translator::codewriter {

struct candidate {
    llvm::Function* function = nullptr;
    bool traced = false;    // has flat code
    unsupported why_not;    // when not traced
    bool by_design = false; // not traced because of a hint, or because there is no body: no warning
    bool called_from_portal = false;
    flat_function code;
    std::vector<llvm::Function*> callees;
};

class candidate_finder {
public:
    candidate_finder(lowering_context& context, const effect_analysis& effects)
        : context_(context), effects_(effects) {}
    void run();
    // All functions that traced code meets, in the order found: portals first.
    std::deque<candidate>& all() { return all_; }
    candidate* find(const llvm::Function* function);
    void warn(diagnostics& problems) const;

private:
    void meet(llvm::Function& function, bool from_portal);
    void examine(candidate& c);
    bool look_inside(candidate& c);
    void follow(candidate& c);

    lowering_context& context_;
    const effect_analysis& effects_;
    std::deque<candidate> all_;
    std::unordered_map<const llvm::Function*, candidate*> by_function_;
    std::vector<const llvm::FunctionType*> indirect_types_;
};

bool has_loop(const llvm::Function& function);

} // namespace heddle::translator::codewriter
