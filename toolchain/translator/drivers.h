// The jit drivers: their merge points and can_enter_jit calls, as found in the normalised module.
#pragma once
#include "heddle/jit/kinds.h"
#include <cstdint>
#include <string>
#include <vector>

namespace llvm {
class CallBase;
class Function;
class GlobalVariable;
class Module;
class Type;
class Value;
} // namespace llvm

namespace heddle::translator {

class diagnostics;

struct driver {
    std::string name;                       // as given to jit::driver, else the variable's
    uint32_t index = 0;                     // dense; the order of the portals in the module
    llvm::GlobalVariable* global = nullptr; // the heddle::jit::driver object
    llvm::Function* portal = nullptr;
    llvm::CallBase* merge_point = nullptr;      // call of heddle_marker_merge_point in portal
    std::vector<llvm::CallBase*> can_enter_jit; // calls of heddle_marker_can_enter_jit in portal
    std::vector<jit::kind> green_kinds, red_kinds;
    jit::kind result = jit::kind::none;
    llvm::Type* result_type = nullptr; // of the portal

    size_t green_count() const { return green_kinds.size(); }
    size_t variable_count() const { return green_kinds.size() + red_kinds.size(); }
    // Variable i (greens, then reds) as a marker call passes it: an i64, a ptr or a double.
    llvm::Value* variable(const llvm::CallBase* marker, size_t i) const;
    static constexpr unsigned first_variable_operand = 2; // after driver and green count
};

using drivers = std::vector<driver>;

// Finds them, and checks: one merge point and one portal a driver, equal variables everywhere, kinds, nothing live over
// the merge point that is not a variable. Errors go to 'problems'.
drivers collect_drivers(llvm::Module& module, diagnostics& problems);

inline std::string runner_symbol(uint32_t driver_index) { return "heddle_jit_runner_" + std::to_string(driver_index); }

} // namespace heddle::translator
