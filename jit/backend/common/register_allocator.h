// The register allocator: a linear scan over a trace, forward, in step with the assembler that puts out the code.
//
// The assembler asks, operation by operation: this argument in a register (use), a register for the result (define),
// that register for me (take). The allocator puts out the loads, stores and moves that follow, through move_emitter,
// before the operation's own instructions. Invariants: values are in SSA form, so a slot once written stays right until
// the value dies, and spilling a value twice stores it once; a register holds one value; registers used by the current
// operation are pinned and not given away until end_operation. When registers run out, the value goes whose next real
// use is furthest away. Values that live over a call go to callee-saved registers while there are any. At a loop's
// label the places of its arguments are fixed, and the values that the final jump passes are hinted towards them.
// Vectors are never spilled: a trace has few enough of them, or is not compiled. Idea: the forward scan of RPython's
// x86 backend (regalloc.py), on flat arrays; next use instead of interval lists.
#pragma once
#include "backend/common/liveness.h"
#include "backend/common/place.h"
#include "heddle/jit/trace.h"
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace heddle::jit {

// What the allocator must know of a machine.
struct target_registers {
    uint64_t allocatable = 0;  // both classes; see place.h for the numbers
    uint64_t caller_saved = 0; // clobbered by a call
};

class register_allocator {
public:
    register_allocator(const target_registers& target, move_emitter& emitter) : target_(target), emitter_(emitter) {}

    void begin(const trace& t, const liveness& live);
    // A value that is there already when the code begins. A second value in the same place is copied to one of its own:
    // call finish_inputs() after the last.
    void bind_input(uint32_t value, place where);
    void finish_inputs();

    // --- one operation ---
    void begin_operation(uint32_t position);
    // Frees arguments (and fail arguments) that die at 'position', unpins everything.
    void end_operation(uint32_t position);
    bool dies(value_ref v) const { return v.is_result() && live_->last_use[v.index()] <= position_; }

    // The value in a register, pinned for this operation.
    int use(uint32_t value);
    // The value in its register, or in a free one when it will be used again; otherwise where it lies in memory.
    location use_anywhere(uint32_t value);
    // A register for the result. Never one that holds an argument.
    int define(uint32_t value) { return define_in_mask(value, ~uint64_t{0}); }
    int define_in_mask(uint32_t value, uint64_t mask);
    // An input that goes straight to memory: its slot.
    int define_in_slot(uint32_t value) { return slot_of_[value] = new_slot(); }
    // The same, but a register of an argument that dies here may be taken: for instructions that read before they
    // write.
    int define_reusing(uint32_t value);
    // The result takes over the register of an argument that dies here. Returns false when it is not in a register.
    bool take_over(uint32_t value, uint32_t from);
    // The result is in this register, which take() has emptied or a call has clobbered.
    void define_in_register(uint32_t value, int reg);
    // An empty register of the class in 'mask', pinned for this operation.
    int temporary(uint64_t mask);
    // Empties this register and pins it. 'keep': a value that may stay in it.
    void take(int reg, uint32_t keep = UINT32_MAX);
    void pin(int reg) { pinned_ |= register_bit(reg); }
    void unpin(int reg) { pinned_ &= ~register_bit(reg); }
    bool has_free_register(uint64_t mask) const { return (target_.allocatable & mask & ~occupied_ & ~pinned_) != 0; }

    // --- calls ---
    // Saves what lives on after the call at 'position' and would be clobbered. The arguments are still where they were.
    void save_for_call();
    // Forgets what was in caller-saved registers: after the arguments were moved.
    void clobber_caller_saved();

    // --- labels ---
    void set_hint(uint32_t value, int reg) { hints_[value] = static_cast<int8_t>(reg); }
    // Before the label of a loop (or of code that ends at 'end'): arguments that will be used into registers that are
    // free or hold what nobody uses; arguments that a call would throw out before they are used into slots.
    void prepare_loop(std::span<const value_ref> values, uint32_t position, uint32_t end);
    void store_to_slot(uint32_t value); // makes sure that it is in a slot too
    void move_to_slot(uint32_t value) { spill(register_of_[value]); }
    // Whether an instruction ahead wants it in a register.
    bool is_wanted(uint32_t value) const { return next_use_[value] != never_used; }
    uint64_t allocatable() const { return target_.allocatable; }
    void forget_slot(uint32_t value); // only the register counts from now on

    place place_of(uint32_t value) const { return {register_of_[value], slot_of_[value]}; }
    // Where to read it: the register when there is one.
    location location_of(uint32_t value) const;
    uint32_t slot_count() const { return slot_count_; } // the most that were ever in use
    // A value was used that is nowhere: the trace is malformed; or there was no register for a vector.
    bool failed() const { return failed_; }

private:
    int choose_free(uint32_t value, uint64_t candidates) const;
    int make_free(uint64_t mask);
    void spill(int reg);
    void make_room(uint64_t mask);
    void assign(uint32_t value, int reg);
    void release(uint32_t value);
    void release_if_dead(value_ref v, uint32_t position);
    int new_slot();
    uint64_t class_of(uint32_t value) const {
        return is_floating_class(trace_->operations[value].result) ? floating_registers : general_registers;
    }

    target_registers target_;
    move_emitter& emitter_;
    const trace* trace_ = nullptr;
    const liveness* live_ = nullptr;
    uint32_t position_ = 0;
    uint64_t occupied_ = 0, pinned_ = 0;
    uint32_t value_in_[register_limit];
    std::vector<int8_t> register_of_, hints_;
    std::vector<int32_t> slot_of_;
    std::vector<uint32_t> next_use_;
    std::vector<int32_t> free_slots_;
    std::vector<std::pair<uint32_t, place>> shared_inputs_;
    uint32_t slot_count_ = 0;
    bool failed_ = false;
};

} // namespace heddle::jit
