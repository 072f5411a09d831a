// The hints that the VM author wrote before functions and global variables (HEDDLE_ELIDABLE etc., config.h of the DSL).
#pragma once
#include <cstdint>
#include <unordered_map>
#include <unordered_set>

namespace llvm {
class Function;
class GlobalVariable;
class Module;
} // namespace llvm

namespace heddle::translator {

class diagnostics;

enum class hint : uint32_t {
    elidable = 1u << 0,
    elidable_promote = 1u << 1,
    unroll_safe = 1u << 2,
    dont_look_inside = 1u << 3,
    look_inside = 1u << 4,
    loop_invariant = 1u << 5,
    portal = 1u << 6,
};

class annotations {
public:
    // From llvm.global.annotations. Unknown heddle.* texts and contradictions are errors.
    static annotations collect(const llvm::Module& module, diagnostics& problems);
    bool has(const llvm::Function* function, hint h) const {
        return (hints_of(function) & static_cast<uint32_t>(h)) != 0;
    }
    uint32_t hints_of(const llvm::Function* function) const;
    bool is_set_at_start(const llvm::GlobalVariable& global) const { return set_at_start_.count(&global) != 0; }

private:
    std::unordered_map<const llvm::Function*, uint32_t> hints_;
    std::unordered_set<const llvm::GlobalVariable*> set_at_start_;
};

} // namespace heddle::translator
