// What each function may do to the heap, bottom-up over the call graph of the whole module.
//
// A call in a trace only makes the optimizer forget what the call may change; this is where that knowledge comes from.
// The world is closed: a call through a pointer can reach the functions of its type whose address is taken somewhere.
// Functions without a body are taken to do anything, but for those of the C library and of the runtime that
// known_external() lists.
//
// What a function does to objects that it made itself is no effect: whoever calls it can't know anything of them. So
// each function has a second summary, for calls whose first argument is such an object (constructors, mostly).
#pragma once
#include "../class_layouts.h"
#include "descriptor_table.h"
#include <llvm/ADT/BitVector.h>
#include <unordered_map>
#include <vector>

namespace llvm {
class CallBase;
class Function;
class FunctionType;
class Instruction;
class Module;
class Value;
} // namespace llvm

namespace heddle::translator::codewriter {

class effect_analysis {
public:
    effect_analysis(llvm::Module& module, const class_layouts& layouts, descriptor_table& descrs);
    jit::effect_info of(const llvm::Function& function) const;
    jit::effect_info of_indirect(const llvm::FunctionType& type) const;
    // Functions of the type whose address is taken (by a vtable, a table, an expression).
    const std::vector<llvm::Function*>& address_taken(const llvm::FunctionType* type) const;

private:
    struct summary {
        llvm::BitVector reads, writes; // by descriptor
        bool raw_read = false, raw_write = false, may_collect = false, may_run_portal = false, anything = false;
        bool thread_root = false;         // is read
        bool merge(const summary& other); // true when something was new
    };
    struct node {
        summary does;
        std::vector<uint32_t> callers;
    };

    void find_address_taken(llvm::Module& module);
    void scan(llvm::Function& function, uint32_t number);
    void scan_body(llvm::Function& function);
    void scan_access(llvm::Instruction& instruction, llvm::Value* pointer, llvm::Type* type, bool is_store);
    void scan_call(llvm::CallBase& call);
    void scan_marker(llvm::CallBase& call, llvm::StringRef name);
    void scan_escape(llvm::Instruction& instruction);
    bool is_fresh(const llvm::Value* object, unsigned depth = 0);
    bool returns_fresh(const llvm::Function& function);
    summary& now() { return nodes_[number_].does; }
    void solve();
    jit::effect_info convert(const summary& does) const;
    uint32_t number_of(const void* function_or_type);
    uint32_t number_on_fresh(llvm::Function& function);
    static void mark(llvm::BitVector& set, uint32_t descr);
    static bool known_external(llvm::StringRef name, summary& does);

    const class_layouts& layouts_;
    descriptor_table& descrs_;
    std::unordered_map<const void*, uint32_t> numbers_; // functions, and function types for calls through pointers
    std::unordered_map<const llvm::Function*, uint32_t> on_fresh_; // called with a fresh first argument
    std::vector<llvm::Function*> on_fresh_to_scan_;
    std::unordered_map<const llvm::Function*, bool> returns_fresh_;
    uint32_t number_ = 0;         // of the node being scanned
    bool first_is_fresh_ = false; // it is one of on_fresh_
    std::vector<node> nodes_;
    std::unordered_map<const llvm::FunctionType*, std::vector<llvm::Function*>> address_taken_;
    std::vector<llvm::Function*> none_;
};

} // namespace heddle::translator::codewriter
