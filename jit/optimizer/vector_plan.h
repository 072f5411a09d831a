// What the vectoriser knows of a loop's body before it writes the vector form: vectorise.cpp has the whole picture.
//
// The body is one iteration: operations between its label and the jump back. Each value is of one form (value_form);
// each guard that depends on a counter has become a check of a round of 'width' iterations; each pair of accesses that
// could touch the same item in different iterations of a round is either harmless, or asks for two different arrays.
#pragma once
#include "heddle/jit/trace.h"
#include "optimizer/int_facts.h"
#include <vector>

namespace heddle::jit {

constexpr uint32_t no_index = UINT32_MAX;

enum class value_form : uint8_t {
    other,     // a label argument that each iteration changes in some other way
    invariant, // constants, label arguments that the jump passes on as they are, arithmetic on these
    uniform,   // made anew in each iteration, but the same in all of a round
    counter,   // a label argument that goes up or down by a constant, plus a constant, maybe plus an invariant
    item,      // another one in each iteration
    condition  // a comparison of a counter with an invariant
};

struct planned_value {
    value_form form = value_form::other;
    uint32_t counter = no_index; // position of the label argument
    int64_t offset = 0;
    value_ref base = {};     // the invariant; none: there is none
    bool sequential = false; // item: depends on the iteration before, or there is no vector operation for it
    bool in_vector = false;  // item: wanted as a vector
};

// Holds for a round when it holds for its first or for its last iteration. Without 'other': int_ge compares with 0;
// int_lt and int_gt compare the counter itself with 'offset'.
struct planned_check {
    opcode comparison;
    uint32_t counter;
    int64_t offset;
    bool last;
    value_ref other;
    value_ref base = {};
    friend bool operator==(const planned_check&, const planned_check&) = default;
};

struct planned_access {
    uint32_t position;   // of the operation
    planned_value index; // a counter
    bool store;
};

// first - second + offset is not less than a round's width, either way. None: 0.
struct planned_gap {
    value_ref first, second;
    int64_t offset;
};

class vector_plan {
public:
    vector_plan(const trace& t) : t_(t) {}
    // Whether the last label's loop is one to be written 'width' iterations at a time.
    bool make(int64_t width);
    bool is_loop_with_items(); // a quick look: most loops aren't

    planned_value of(value_ref v) const;
    int64_t step(uint32_t counter) const { return steps_[counter]; }
    bool is_counter(uint32_t argument) const { return steps_[argument] != 0; }

    uint32_t label = 0, jump = 0; // operations
    std::span<const value_ref> label_arguments, jump_arguments;
    std::vector<planned_value> values;                      // by operation; before the label: its arguments
    std::vector<planned_check> entry_checks, round_checks;  // before the first round; in each
    std::vector<uint32_t> ones;                             // label arguments that must be 1
    std::vector<std::pair<value_ref, value_ref>> different; // arrays that must not be the same
    std::vector<planned_gap> gaps;                          // of indices into one array
    std::vector<uint32_t> invariants;                       // operations and guards once, before the first round
    std::vector<uint32_t> uniforms;                         // operations and guards once a round, in order
    std::vector<uint32_t> checked_counters;                 // *_ovf operations on counters
    std::vector<uint32_t> checked_items;                    // *_ovf operations on items, followed by their guards
    std::vector<planned_access> accesses;
    std::vector<uint32_t> field_stores; // setfield operations, done once a round
    std::vector<uint32_t> in_vectors;   // operations wanted as vectors, in order
    bool guards_invalidation = false;

private:
    bool find_counters();
    bool classify();
    bool classify_operation(uint32_t position);
    bool classify_guard(uint32_t position);
    bool classify_access(uint32_t position);
    bool classify_field_store(uint32_t position);
    bool order_fields();
    bool classify_arithmetic(uint32_t position);
    bool note_check(opcode comparison, const planned_value& v, value_ref other);
    void add_check(std::vector<planned_check>& where, const planned_check& check);
    void bound_counter(uint32_t counter, value_ref base = {});
    bool classify_sum_with_invariant(uint32_t position);
    bool order_accesses();
    void choose_vectors();
    bool are_invariant(const operation& o) const;
    void need_different(value_ref a, value_ref b);
    uint32_t argument_position(value_ref v) const;
    bool is_counter_plus_constant(uint32_t position, value_ref& counter, int64_t& amount) const;

    const trace& t_;
    int64_t width_ = 0;
    std::vector<int64_t> steps_;               // by label argument; 0: no counter
    std::vector<uint32_t> argument_positions_; // by operation: which label argument it is
    std::vector<planned_check> far_checks_;    // that counters are far from the ends of the integers
    bool stores_ = false;
};

} // namespace heddle::jit
