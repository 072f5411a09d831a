// What compiling a trace has in common for all machines: checks of the trace, questions about its operations, places of
// guards, labels and jumps. A backend's trace_compiler is one and adds the instructions.
//
// Code is made in one forward pass; errors are collected in error_ (the first one counts), so that the pass needs no
// error path of its own.
#pragma once
#include "backend/common/allocation_groups.h"
#include "backend/common/code_memory.h"
#include "backend/common/parallel_move.h"
#include "backend/common/register_allocator.h"
#include "heddle/gc/gc.h"
#include "heddle/jit/backend.h"
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace heddle::jit {

// What a backend's compilations share; a backend adds its routines and processor features.
struct machine_context {
    std::shared_ptr<code_memory> memory;
    target_registers registers;
    backend_hooks hooks;
    word* exit_values = nullptr;                        // never moves
    std::unique_ptr<gc::conservative_range> exit_range; // the part of exit_values that was written last
    uint32_t exit_values_capacity = 0;

    // Code memory of so many bytes, and the exit values; answers an error or nothing. The latter live until the backend
    // frees them.
    std::string make_memory(size_t code_bytes);
    void free_exit_values();
};

// The allocations of machine code's slow paths. A trace has no way back for one that fails, since the state before it
// is gone: the process ends with a message.
void* allocate_or_exit(const gc::type_info* type, size_t total);
void* allocate_array_or_exit(const gc::type_info* type, uint64_t length);

bool is_comparison(opcode o);
opcode with_arguments_swapped(opcode comparison);
// May the inlined allocation make it?
bool is_inlinable(const gc::type_info& type, uint64_t total);

class target_compiler : protected move_emitter {
protected:
    explicit target_compiler(const machine_context& context)
        : caller_saved_(context.registers.caller_saved), most_fail_arguments_(context.exit_values_capacity),
          registers_(context.registers, *this) {}

    void fail(const std::string& why) {
        if (error_.empty()) error_ = why;
    }
    // --- questions about the trace ---
    std::string check(const trace& t, const char* backend_name);
    bool is_constant(value_ref v) const { return v.is_constant(); }
    uint64_t constant_word(value_ref v) const { return trace_->constants[v.index()].value; }
    const operation& op(uint32_t position) const { return trace_->operations[position]; }
    std::span<const value_ref> arguments(uint32_t position) const { return trace_->arguments_of(op(position)); }
    std::string operation_text(uint32_t position) const; // a comment for the listing
    uint32_t guard_after(uint32_t position) const;       // UINT32_MAX: none
    uint32_t guard_fused_with(uint32_t position) const;  // UINT32_MAX: none
    bool is_wanted_besides(uint32_t position, uint32_t guard) const;
    bool stored_before_safepoint(uint32_t position, uint32_t offset) const;
    const array_descr* array_of_barrier(uint32_t position) const;

    // --- places ---
    std::vector<uint32_t> inputs_by_need() const;
    uint32_t save_guard_places(const guard_data& guard); // answers the first one's index in guard_places_
    bool is_loop_header(uint32_t position) const;
    bool is_crowded(uint32_t label, bool floating) const;
    bool settle_label(uint32_t position, std::vector<int32_t>& places);
    void hint_jump_arguments(uint32_t jump_position, uint32_t label_position, std::span<const int32_t> places);
    bool collect_jump_moves(uint32_t position, std::span<const int32_t> places); // into moves_

    const uint64_t caller_saved_;
    const uint32_t most_fail_arguments_;
    const trace* trace_ = nullptr;
    liveness live_;
    register_allocator registers_;
    allocation_groups groups_; // of a backend that makes them: all others leave it empty
    parallel_move moves_;
    std::string error_;
    std::vector<int32_t> guard_places_;

private:
    std::string check_values(const trace& t);
    std::string value_text(value_ref v) const;

    std::vector<uint32_t> passed_by_label_; // by value: the number of the last label that has it as an argument
};

} // namespace heddle::jit
