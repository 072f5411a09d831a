// What a loop's body takes for granted at its label: its virtual state.
//
// The state is a graph of values (constants, label arguments with what is known of them, objects that were never made)
// whose roots are the loop's arguments, and facts: the result of reading a place of the heap, or of a pure operation,
// on values of the graph. A fact may be 'pending': the store that made it true has not been done, memory is stale, and
// whoever enters the body takes the duty over. Facts stand in an order in which their arguments are known first.
//
// Invariants: a leaf belongs to one value of the trace that ends at the label; only facts that are needed must hold at
// a jump to the label, and only leaves that the body uses are passed. Idea: RPython's virtualstate.py and
// shortpreamble.py, in one structure: the needed facts, done anew, are the short preamble.
#pragma once
#include "optimizer/walk.h"
#include <span>
#include <vector>

namespace heddle::jit {

struct state_value {
    enum form : uint8_t { constant, leaf, object } what = leaf;
    kind type = kind::none;
    bool nonnull = false;
    frame_relation relation = frame_relation::unknown;
    word bits = 0;                                   // constant
    const gc::type_info* exact_class = nullptr;      // leaf
    int_facts facts;                                 // leaf
    const descr* shape = nullptr;                    // object
    uint32_t first_part = 0, part_count = 0;         // object: in virtual_state::parts
    uint32_t maker = none;                           // the fact whose value this is or is part of; none: a root's
    value_id source = no_value, imported = no_value; // while the loop is optimised: before and after the label
    uint32_t argument = none;                        // leaf: its position in the label; none: not passed
};

struct state_part {
    const descr* field; // null: an array's item
    uint32_t value;
};

// Where a value of the state was found; to say which place must be generalised when it doesn't match.
struct state_place {
    value_id container = no_value;
    const descr* where = nullptr;
    int64_t item = -1;
    friend bool operator==(const state_place&, const state_place&) = default;
};

struct state_fact {
    opcode op = opcode::getfield; // getfield and getarrayitem of mutable places are the heap's; all else is pure
    bool is_heap = false, pending = false, needed = false;
    const descr* description = nullptr;
    int64_t item = -1;
    uint32_t first_argument = 0, argument_count = 0; // in virtual_state::arguments
    uint32_t value = 0;
    state_place place;
    uint32_t slot = none, entry = none; // where it came from: a heap slot and its entry, or (slot none) a pure entry
};

struct virtual_state {
    std::vector<state_value> values;
    std::vector<state_part> parts;
    std::vector<uint32_t> arguments; // of facts
    std::vector<uint32_t> roots;     // the loop's arguments
    std::vector<state_fact> facts;
    std::vector<uint32_t> leaves; // values that are leaves, in the order in which label and jump list them
};

// What is known at the end of a trace that jumps to the label: 'roots' are the jump's arguments. A value found at one
// of the places 'split' gets a leaf of its own, of which nothing is known (a copy is emitted for it).
void export_state(walk& w, virtual_state& state, std::span<const value_id> roots, std::span<const state_place> split,
                  uint32_t stamp);

// After the label: fresh values, objects, heap contents and pure results, as the state says. The heap must be empty.
void import_state(walk& w, virtual_state& state);

// Whether a fact's operation may be done anywhere its arguments have the classes that the state says.
bool is_loadable(const virtual_state& state, const state_fact& fact);

// The words that the state's values have in the program now (concrete_state.cpp).
struct concrete_state {
    std::vector<word> words;
    std::vector<bool> known;
    std::vector<bool> read; // by fact: its operation can be done at the jump
};
// The object's class, when the fact's operation reads a place that objects of this class have, or an item at an index
// that stands in the fact; else null.
const gc::type_info* class_to_read_through(const state_fact& fact, word object);
bool fits_now(const virtual_state& state, std::span<const word> roots, concrete_state& out);

// Whether values at a jump fit the state.
class state_matcher {
public:
    enum difference : uint8_t { fact_unknown, knowledge, not_virtual, place_differs };
    struct mismatch {
        difference what;
        uint32_t value, fact; // in the state; fact: none for the roots
        state_place place;
        uint8_t knowledge = 0; // bits to set in value::widened
    };
    // How a difference may be done away with; nothing: not at all. 'loads': a fact's operation is done. 'now': a guard
    // is emitted that holds now, with the resume data of 'jump'.
    struct means {
        bool loads;
        const concrete_state* now;
        const step* jump;
    };

    state_matcher(walk& w, const virtual_state& state, means allowed = {false, nullptr, nullptr})
        : walk_(w), state_(state), allowed_(allowed) {}
    void run(std::span<const value_id> roots);
    value_id value_of(uint32_t state_value) const; // no_value: not matched

private:
    walk& walk_;
    const virtual_state& state_;
    means allowed_;
    uint32_t fact_ = none, guards_ = 0;
    void match(uint32_t index, value_id id, const state_place& place);
    uint8_t lacking_knowledge(const state_value& s, value_id id) const;
    void match_object(uint32_t index, value_id id, const state_place& place);
    value_id result_of(const state_fact& fact);
    bool guard_constant(const state_value& s, value_id id);
    bool guard_knowledge(const state_value& s, value_id id);
    bool make_loadable(const state_fact& fact, value_id object);
    bool emit_guard(opcode op, std::initializer_list<value_id> arguments);

public:
    std::vector<value_id> bound;      // by state value
    std::vector<mismatch> mismatches; // empty: it fits
    std::vector<value_id> to_force;   // objects not made yet where the body wants an address
};

constexpr uint8_t widened_bounds = 1, widened_class = 2, widened_relation = 4;

} // namespace heddle::jit
