// Lowering one function from normalised LLVM IR to flat code. Private to the codewriter.
//
// Blocks are visited in reverse post-order, so a value's definition is seen before its uses (but for phi nodes, which
// have their registers from the start). Casts that change nothing in a word share their operand's register; addresses
// (GEPs) are computed where they are used. Whatever can't be expressed ends the lowering with a reason: the function
// then stays native.
//
// Integers: see kinds.h for the canonical form (sign-extended, i1 is 0 or 1). Each lowering of an operation either
// keeps it by its nature, or knows from nsw and the like, or appends a normalisation.
#pragma once
#include "../addresses.h"
#include "../annotations.h"
#include "../class_layouts.h"
#include "../diagnostics.h"
#include "../drivers.h"
#include "descriptor_table.h"
#include "flat_code.h"
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Operator.h>
#include <string>
#include <unordered_map>
#include <vector>

namespace heddle::translator::codewriter {

// Numbers of source files in program::files.
class file_table {
public:
    explicit file_table(jit::program& prog) : program_(prog) {}
    jit::source_location location(const place_in_source& place);

private:
    jit::program& program_;
    std::unordered_map<std::string, uint32_t> numbers_;
};

// What all lowerings share.
struct lowering_context {
    llvm::Module& module;
    const class_layouts& layouts;
    const drivers& all_drivers;
    const annotations& hints;
    descriptor_table& descrs;
    file_table& files;
    bool foreign_vtables = false; // the program has virtual methods outside of GC classes
};

struct unsupported {
    std::string reason; // empty: all is well
    place_in_source place;
};

class function_lowering {
public:
    function_lowering(lowering_context& context, llvm::Function& function, flat_function& out);
    unsupported run();

private:
    using components = llvm::SmallVector<flat_value, 1>;

    // ---- lower_control.cpp: blocks, edges, phis, branches
    void lower_block(llvm::BasicBlock& block);
    void lower_terminator(llvm::Instruction& terminator);
    void lower_branch(llvm::BranchInst& branch);
    void lower_switch(llvm::SwitchInst& instruction);
    void lower_return(llvm::ReturnInst& instruction);
    void lower_select(llvm::SelectInst& select);
    void prepare_phis();
    label edge(llvm::BasicBlock& from,
               llvm::BasicBlock& to); // where to branch for this edge; makes an edge block if moves are due
    void emit_phi_moves(llvm::BasicBlock& from, llvm::BasicBlock& to);
    void emit_parallel_moves(std::vector<std::pair<flat_value, flat_value>> moves);
    void emit_pending_edges();
    bool overflow_feeds_branch(const llvm::WithOverflowInst& call, llvm::BranchInst*& branch) const;
    void lower_overflow_branch(llvm::WithOverflowInst& call, llvm::BranchInst& branch);

    // ---- lower_arithmetic.cpp
    void lower_instruction(llvm::Instruction& instruction);
    void lower_binary(llvm::BinaryOperator& instruction);
    flat_value binary_integer(llvm::BinaryOperator& instruction, flat_value a, flat_value b);
    void lower_integer_compare(llvm::ICmpInst& compare);
    void lower_float_compare(llvm::FCmpInst& compare);
    void lower_cast(llvm::CastInst& cast);
    flat_value unsigned_to_float(flat_value word);
    flat_value float_to_unsigned(flat_value value);
    bool lower_arithmetic_intrinsic(llvm::IntrinsicInst& call);
    void lower_overflow(llvm::WithOverflowInst& call);
    flat_value normalise(flat_value value, unsigned bits);
    flat_value zero_extend(flat_value value, unsigned bits);

    // ---- lower_memory.cpp
    void lower_load(llvm::LoadInst& load);
    void lower_store(llvm::StoreInst& store);
    void lower_vtable_load(llvm::LoadInst& load, llvm::Value* object);
    bool lower_code_slot(llvm::LoadInst& load);
    bool load_constant_memory(llvm::LoadInst& load, llvm::Value* pointer);
    flat_value raw_address(llvm::Value* pointer, flat_value& offset);
    flat_value address_value(llvm::Value* pointer); // a GEP as a pointer
    flat_value scaled_offset(const llvm::GEPOperator& gep, int64_t& constant);
    bool check_shape(llvm::Instruction& access, uint32_t descr, llvm::Type* type, const std::string& what);

    // ---- lower_calls.cpp
    void lower_call(llvm::CallBase& call);
    bool lower_marker(llvm::CallBase& call, llvm::StringRef name);
    void lower_merge_point(llvm::CallBase& call);
    void lower_new(llvm::CallBase& call);
    bool lower_other_intrinsic(llvm::IntrinsicInst& call);
    void emit_call(llvm::CallBase& call, const llvm::Function* callee, llvm::ArrayRef<flat_value> arguments);
    void call_libm(llvm::CallBase& call, const char* name);
    const driver* driver_of(const llvm::Value* global) const;

    // ---- shared
    flat_value get(llvm::Value* value, unsigned component = 0);
    flat_value constant(llvm::Constant* value, unsigned component);
    void set(llvm::Value* value, flat_value v) { values_[value] = {v}; }
    flat_value result_for(llvm::Value* value); // a new register of the value's kind, set as its value
    flat_instruction& emit(jitcode_op op, llvm::ArrayRef<flat_value> inputs, flat_value result = {});
    flat_value compute(jitcode_op op, llvm::ArrayRef<flat_value> inputs, kind result = kind::integer);
    flat_value compute(jit::opcode op, llvm::ArrayRef<flat_value> inputs, kind result = kind::integer) {
        return compute(static_cast<jitcode_op>(op), inputs, result);
    }
    void move(flat_value to, flat_value from);
    void bind(label l);
    void jump(label l);
    void branch(flat_value condition, label when_true, label when_false);
    void live() { emit(jitcode_op::code_live, {}); }
    flat_value integer(int64_t v) { return flat_value::of_integer(v); }
    void fail(const llvm::Instruction& where, std::string reason);
    bool failed() const { return !problem_.reason.empty(); }
    void note_line(const llvm::Instruction& instruction);

    lowering_context& context_;
    llvm::Function& function_;
    flat_function& out_;
    const llvm::DataLayout& layout_;
    const unsigned word_bits_; // of the target's pointers and of jitcode's integers
    bool refuse_wide_integers();
    llvm::DominatorTree dominators_;
    unsupported problem_;
    llvm::DenseMap<llvm::Value*, components> values_;
    llvm::DenseMap<llvm::BasicBlock*, label> block_labels_;
    struct pending_edge {
        label at;
        llvm::BasicBlock* from;
        llvm::BasicBlock* to;
        llvm::WithOverflowInst* recompute;
    };
    std::vector<pending_edge> pending_edges_;
    llvm::WithOverflowInst* fused_overflow_ = nullptr; // its branch is the terminator of the block being lowered
    const llvm::DebugLoc* last_location_ = nullptr;
    uint32_t pending_line_ = no_value;
};

// Kinds of a function's parameters as letters; false with the reason when one has no kind.
bool signature_kinds(const llvm::FunctionType& type, const llvm::AttributeList& attributes, std::string& arguments,
                     kind& result, std::string& reason);

} // namespace heddle::translator::codewriter
