// The meta-interpreter: executes jitcode on concrete words and records what it does as a trace.
//
// One object traces once: from a merge point (a loop, or a function's entry) or from a guard that failed (a bridge),
// until the trace ends: it closes a loop, reaches a loop that has machine code, or the portal returns. A trace that is
// given up goes on in the blackhole. Either way the interpreted program has made real progress: see 'outcome'.
//
// Each register has a word and, unless it holds a constant, a value of the trace. An instruction either completes or
// gives up before it has any effect, so that f->pc always is a position at which the blackhole can take over. Where a
// guard resumes: a branch's at the side not taken; every other one at the 'live' directly before its instruction, which
// is executed again. Files: metainterp.cpp (dispatch), metainterp_operations.cpp, metainterp_calls.cpp,
// metainterp_guards.cpp (guards, branches, hints), metainterp_loops.cpp (merge points, ends of traces). Idea: RPython's
// pyjitpl.py.
#pragma once
#include "heddle/gc/gc.h"
#include "metainterp/frame.h"
#include "metainterp/heap_cache.h"
#include "metainterp/resume_reader.h"
#include "runtime/state.h"
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace heddle::jit {

class metainterp final : resume_recorder {
public:
    explicit metainterp(jit_runtime& runtime);
    ~metainterp();
    // 'buffer': greens and reds at the merge point where tracing starts; rewritten when the outcome is a merge point.
    outcome trace_from_merge_point(uint32_t driver, cell& place, word* buffer, bool function_entry);
    // The guard's frames have been rebuilt by this: 'values' as machine code left them. Full stack: blackhole is
    // impossible too, so the process ends with a message.
    outcome trace_from_guard(guard_data& guard, const word* values, word* buffer);

private:
    struct boxed { // a value as an instruction sees it
        word value = 0;
        value_ref reference; // none: a constant
        kind type = kind::integer;
        bool is_constant() const { return reference.is_none(); }
    };
    static constexpr uint32_t most_operation_arguments = 6;
    enum class ending : uint8_t { none, aborted, finished, at_merge_point };
    struct merge_point {   // a loop's header passed in the outermost frame
        uint32_t position; // in recorded_.operations
        cell* place;
        std::vector<value_ref> reds;
    };
    struct inlined_call {
        uint64_t entry_hash;
        cell* place;
        size_t start;
    };

    // metainterp.cpp
    outcome run();
    void step();
    void own_instruction(const uint32_t* code);
    // metainterp_operations.cpp
    using operation_handler = void (*)(metainterp& self, const uint32_t* code);
    static const operation_handler operation_handlers[];
    template <opcode op> void run_operation(const uint32_t* code);
    void overflow_instruction(opcode op);
    value_ref record_executed(opcode op, const descr* d, const word* words, const value_ref* references,
                              uint32_t count);
    template <opcode op> static void handle_operation(metainterp& self, const uint32_t* code);
    bool fold_or_forward(opcode op, const descr* d, const word* words, const value_ref* references, boxed& result);
    bool fold_quasi_immutable(const field_descr& field, const boxed& object, word value);
    void note_effects(opcode op, const descr* d, const word* words, const value_ref* interned, value_ref result);
    // Of an unknown kind.
    boxed fetch(uint32_t operand) const {
        if (operand & constant_operand) return {f_->code->constants[operand & ~constant_operand], {}, kind::none};
        boxed b{f_->registers[operand], f_->references[operand], kind::none};
        if (cache_.has(b.reference, heap_cache::constant)) b.reference = {};
        return b;
    }
    boxed fetch_typed(uint32_t operand, kind k) const {
        boxed b = fetch(operand);
        b.type = k;
        return b;
    }
    void store(uint32_t number, const boxed& value) {
        if (number == no_register) return;
        f_->registers[number] = value.value;
        f_->references[number] = value.reference;
    }
    value_ref intern(const boxed& b);
    value_ref record(opcode op, std::span<const boxed> arguments, const descr* d = nullptr);
    value_ref record(opcode op, std::initializer_list<boxed> arguments, const descr* d = nullptr) {
        return record(op, std::span(arguments.begin(), arguments.size()), d);
    }
    void give_up(abort_reason reason);
    void stop_recording();
    void try_later(cell* place);
    // Code for one thread can't become code for several: constants may be what only this thread finds.
    bool has_lost_its_ground() const { return transaction_has_ended() || for_one_thread() != for_one_thread_; }
    bool transaction_has_ended() const { return parallel && ended_transactions() != ended_transactions_; }

    // resume_recorder
    value_ref fail_argument(uint32_t index) override;
    value_ref constant(kind, word) override { return {}; }
    value_ref executed(opcode op, const descr* d, const word* arguments, const value_ref* references,
                       uint32_t count) override;

    // metainterp_guards.cpp
    void guard(opcode op, std::initializer_list<boxed> arguments, uint32_t resume_position, uint16_t flags = 0);
    uint32_t snapshot(uint32_t position);
    uint32_t snapshot_of(frame* f, uint32_t position, uint32_t without_register);
    void became_constant(const boxed& value);
    boxed as_boolean(const boxed& condition);
    bool follows_null_test() const;
    void branch_instruction();
    void switch_instruction();
    void promote_instruction();
    bool know_class(const boxed& object); // guards the class of a non-null object if need be
    void load_vtable_instruction();
    void instance_instruction(bool exact);
    void burn_fuel();

    // metainterp_calls.cpp
    uint32_t arguments_at(uint32_t position); // fills arguments_; answers the position after them
    void call_inline_instruction();
    void call_residual_instruction();
    void call_indirect_instruction();
    void conditional_call_instruction();
    void push_frame(uint32_t jitcode_index, uint32_t return_position);
    bool too_recursive(const decoded_jitcode& code) const;
    void residual_call(boxed function, const call_descr& descr, uint32_t result_register);
    void guard_one_thread();
    void return_from_frame(const boxed& result);

    // metainterp_loops.cpp
    void merge_point_instruction();
    void note_merge_point(uint32_t driver, uint32_t green_count);
    // The same whether merge points are logged or not.
    size_t length() const { return recorded_.operations.size() + unlogged_merge_points_; }
    bool inner_merge_point(uint32_t driver, uint64_t hash); // true: the frame is gone
    loop_token& token_for(cell& place);
    void run_rest_natively(uint32_t driver, cell& place);
    void loop_header(uint32_t driver, uint64_t hash);
    void separate_reds(uint32_t green_count);
    std::vector<value_ref> reds_of_arguments(uint32_t green_count);
    void close_loop(const merge_point& start, std::span<const value_ref> reds);
    void jump_to(loop_token& target, std::span<const value_ref> reds);
    void portal_returned(const boxed& result);
    bool end_trace(const merge_point* start, opcode last, std::span<const value_ref> arguments, target_token* target,
                   bool needs_body = false);
    bool goes_round_again(cell& place, std::span<const value_ref> reds);
    bool cut(const merge_point& start, target_token& label, trace& result);
    void blame_for_length();
    void end_segment();
    void at_merge_point(); // the outcome: greens and reds of arguments_ in the buffer

    jit_runtime& runtime_;
    frame_stack& stack_;
    frame* base_ = nullptr;
    frame* f_ = nullptr; // the newest frame
    trace recorded_;
    std::unique_ptr<heap_cache> spare_cache_;
    heap_cache& cache_;
    // The trace's constants, while it is recorded. With transactions an abort may end this object unseen.
#ifdef HEDDLE_STM
    gc::conservative_range& constants_range_ = constants_of_trace();
#else
    gc::conservative_range constants_range_;
#endif
    const uint64_t ended_transactions_ = ended_transactions();
    const bool for_one_thread_ = for_one_thread();
    std::vector<boxed> arguments_;
    std::vector<word> words_;
    std::vector<merge_point> merge_points_;
    std::vector<inlined_call> inlined_; // portals being inlined
    cell* biggest_ = nullptr;           // the inlined portal that took most operations so far
    size_t biggest_size_ = 0;
    std::vector<std::pair<word, boxed>> invariant_calls_;
    cell* start_ = nullptr; // where tracing began; null for a bridge
    guard_data* from_guard_ = nullptr;
    word* buffer_ = nullptr;
    uint64_t steps_ = 0;
    size_t unlogged_merge_points_ = 0;
    bool passed_merge_point_ = false;
    cell* again_ = nullptr;    // the loop for which this bridge goes round once more
    bool segment_due_ = false; // too long, and nobody to blame
    ending end_ = ending::none;
    word result_ = 0;
};

} // namespace heddle::jit
