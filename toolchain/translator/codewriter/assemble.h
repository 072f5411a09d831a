// Encoding: flat code with registers assigned becomes a jitcode.
#pragma once
#include "descriptor_table.h"
#include "flat_code.h"
#include <memory>

namespace heddle::translator::codewriter {

// What a direct call becomes.
struct call_target {
    int32_t jitcode = -1;                     // inlined when not negative
    const llvm::Constant* residual = nullptr; // else: what to call, and how
    uint32_t call_descr = no_value;
};

class call_resolver {
public:
    virtual call_target direct(const llvm::Function& callee) = 0;
    virtual uint32_t indirect(const llvm::CallBase& call) = 0; // the call_descr

protected:
    ~call_resolver() = default;
};

// 'relocations': which pointer constants are symbols.
std::unique_ptr<jit::jitcode> assemble(const flat_function& f, const register_assignment& registers,
                                       call_resolver& calls, symbol_table& symbols, std::vector<uint32_t>& relocations);

} // namespace heddle::translator::codewriter
