// The optimizer's walk: one pass over the recorded operations, and what is known of every value on the way.
//
// A recorded operation becomes a 'step' that goes through the passes in order; a pass may replace its result by another
// value, drop it, change it, send other steps in its place, or hand it on. A step that gets through is emitted. Values
// are numbered (value_id); 'forward' leads from a value to what it turned out to equal. Emitted operations keep the ids
// that were current when they were emitted: what is learnt later never reaches back over a guard.
//
// Everything known is in this object, so that it can be looked at or exported when the walk is over. After a label only
// its arguments are usable, as fresh values of which nothing is known. Where a loop closes, its operations are walked
// over a second time, with what is known at the end of the first: see peeling.cpp. Recorded operation i then has the
// value base_ + i.
#pragma once
#include "heddle/gc/type_info.h"
#include "heddle/jit/optimizer.h"
#include "optimizer/int_facts.h"
#include "optimizer/resume_stream.h"
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace heddle::jit {

using value_id = uint32_t;
constexpr value_id no_value = UINT32_MAX;
constexpr uint32_t none = UINT32_MAX;
constexpr uint32_t several_holders = UINT32_MAX - 1;
constexpr uint16_t no_depth = UINT16_MAX;

// Of pointers, for virtualizable frames (heap.cpp): the frame that the trace runs; what only its virtualizable fields
// refer to; what surely isn't such a part.
enum class frame_relation : uint8_t { unknown, frame, part, foreign };

struct value {
    kind type = kind::none;
    bool is_constant = false;
    bool nonnull = false;
    bool is_no_object = false;  // a constant pointer that the heap doesn't know
    bool from_label = false;    // 'definition' names it, but does not tell what it holds
    bool is_allocation = false; // made by a new_object or new_array of this trace
    uint8_t widened = 0;        // what of the knowledge isn't taken for granted in the loop's body (peeling.cpp)
    frame_relation relation = frame_relation::unknown;
    value_id forward = no_value;
    word constant = 0;
    uint32_t definition = none;    // in walk::emitted
    uint32_t born = 0;             // clock when it came into being; constants: 0
    uint32_t virtual_index = none; // in walk::virtuals, while the object has not been made
    uint32_t check = none; // emitted guard_nonnull, guard_class or guard_nonnull_class that a stronger one may replace
    // Of guards' resume data (snapshot.cpp). The stamp is that of the last guard that has the value; the index its
    // number in the trace once some guard has it, a constant's that in result.constants.
    uint32_t guard_stamp = 0, guard_index = none;
    uint32_t holder = none;                    // the object whose section tells of it, or several_holders
    uint16_t outermost_depth = no_depth;       // of the frames whose sections tell of it
    uint32_t state_stamp = 0, state_index = 0; // numbering of the virtual state being exported
    const gc::type_info* exact_class = nullptr;
    int_facts facts; // integers
};

// An operation on its way through the passes. Arguments are in walk::pool.
struct step {
    opcode op;
    uint16_t flags = 0;
    kind result_kind = kind::none;
    value_id result = no_value;
    uint32_t first = 0, count = 0;
    const descr* description = nullptr;
    uint32_t snapshot = none;
};

struct emitted_operation {
    step what;
    guard_data* guard = nullptr;
    uint32_t first_fail = 0, fail_count = 0; // in walk::pool
};

struct field_node {
    const descr* field;
    value_id value;
    uint32_t next;
};

// An object that has not been made. Fields are a list in walk::field_nodes; items a range of walk::pool.
struct virtual_object {
    const descr* shape = nullptr; // size_descr or array_descr
    uint32_t first_node = none;
    uint32_t first_item = 0, item_count = 0;
    bool being_forced = false;
    const gc::type_info* type() const;
};

struct heap_entry {
    value_id object, value;
    uint32_t fact = none; // of the loop's virtual state, when it is known from there
    bool dropped = false; // not to be exported
};

// One place of the heap: a field, or an array's item at a constant index. At most one store to it is delayed.
struct heap_slot {
    const descr* where = nullptr;
    int64_t item = -1;
    std::vector<heap_entry> known;
    value_id lazy_object = no_value, lazy_value = no_value;
    uint32_t lazy_fact = none; // of the loop's virtual state, when the store is pending from there
};

// Heap contents known, and stores delayed (heap.cpp).
struct heap_state {
    std::vector<heap_slot> slots;
    std::vector<uint32_t> field_slots;              // by descriptor index; none
    std::vector<std::vector<uint32_t>> array_slots; // by descriptor index
    std::vector<uint32_t> lazy_slots;               // those with a delayed store, oldest first
};

// Operations already done, by operation, descriptor and arguments (pure.cpp).
struct pure_entry {
    uint32_t hash;
    opcode op;
    const descr* description;
    uint32_t first, count;
    value_id result;
    uint32_t fact = none; // as heap_entry's
    bool dropped = false;
};
struct pure_table {
    std::vector<pure_entry> entries;
    std::vector<uint32_t> buckets;
    uint32_t valid_from = 0;     // entries before it belong to before a label
    std::vector<uint32_t> loads; // entries that are loads from memory that doesn't change
};

// With transactions: an item of an array that has a marker. No item: all of the object.
struct marked_place {
    value_id object, item;
    friend bool operator==(const marked_place&, const marked_place&) = default;
};

// A frame or an object as guards' resume data tell of it, and whether that is still true (snapshot.cpp).
struct resume_section {
    uint32_t begin = none;                     // in walk::units
    uint32_t written = 0;                      // by resume_sections::clock
    uint32_t first_value = 0, value_count = 0; // in resume_sections::values: those that are no constants
    uint32_t caller = none;                    // a frame's: where its caller's section begins
    uint16_t depth = 0;                        // a frame's: its distance from the outermost one
    // A caller's: values of it and of all its callers, each once, when a guard has asked.
    uint32_t first_of_chain = none, chain_count = 0;
};
struct resume_sections {
    std::vector<resume_section> frames;  // by recorded.snapshot_frames
    std::vector<resume_section> objects; // by walk::virtuals
    std::vector<value_id> values;
    std::vector<uint32_t> chain;      // frames of the guard being captured, the innermost first
    std::vector<uint32_t> changed_at; // by depth: when a value changed of which that deep frames tell
    uint32_t objects_changed_at = 0;  // likewise, of values of which several objects' sections tell
    uint32_t all_changed_at = 0;
    uint32_t clock = 1;
    uint32_t leaves = 0; // numbers given to values
    void forget_all() { all_changed_at = ++clock; }
};

struct virtual_state;
class walk;
using pass = bool (*)(walk& w, step& s); // true: the step is done with
bool optimise_rewrite(walk& w, step& s);
bool optimise_guards(walk& w, step& s);
bool optimise_bounds(walk& w, step& s);
bool optimise_virtuals(walk& w, step& s);
bool optimise_calls(walk& w, step& s);
bool optimise_pure(walk& w, step& s);
bool optimise_heap(walk& w, step& s);
bool optimise_barriers(walk& w, step& s);
bool optimise_view_barriers(walk& w, step& s);
// The jump that closes the loop (recorded operations label to jump): true when the loop has been peeled.
uint32_t new_guard_number();
bool peel_loop(walk& w, step& s, uint32_t label, uint32_t jump);
// The jump to another loop: true when it goes to that loop's body.
bool jump_into_body(walk& w, const step& s);
enum pass_number : uint32_t {
    rewrite_pass,
    guards_pass,
    bounds_pass,
    virtuals_pass,
    calls_pass,
    pure_pass,
    heap_pass,
    barriers_pass,
    pass_count
};

class walk {
public:
    walk(const optimizer_input& chosen, trace& result_trace);
    ~walk();
    bool run(std::string& reason);

    // ---- values
    value_id find(value_id id) const {
        while (values[id].forward != no_value) id = values[id].forward;
        return id;
    }
    value& at(value_id id) { return values[find(id)]; }
    value_id argument(const step& s, uint32_t i) const { return find(pool[s.first + i]); }
    value& argument_value(const step& s, uint32_t i) { return values[argument(s, i)]; }
    value_id constant(kind k, word w);
    value_id constant_int(int64_t v) { return constant(kind::integer, integer_word(static_cast<word>(v))); }
    value_id constant_pointer(const void* p) { return constant(kind::pointer, reinterpret_cast<word>(p)); }
    // A constant found by looking into the heap or by a call: kept alive and in its place.
    value_id computed_constant(kind k, word w);
    value_id new_value(kind k);
    bool is_constant(value_id id, word& w) const {
        const value& v = values[find(id)];
        if (v.is_constant) w = v.constant;
        return v.is_constant;
    }
    bool is_constant_int(value_id id, int64_t& v) const { return is_constant(id, reinterpret_cast<word&>(v)); }
    int_facts& facts(value_id id) { return at(id).facts; }
    // The operation that made it, null when it is an input, a constant or not emitted.
    const step* producer(value_id id) const;
    const gc::type_info* class_of(value_id id); // null: unknown
    bool is_nonnull(value_id id);
    bool is_virtual(value_id id) const { return values[find(id)].virtual_index != none; }
    // Whether two pointers surely differ.
    bool surely_different(value_id a, value_id b);
    value_id recorded_value(value_ref v) {
        if (v.is_none()) return no_value;
        if (v.is_result()) return find(base_ + v.index());
        value_id known = recorded_ids_[v.index()];
        return known != no_value ? known : recorded_constant(v.index());
    }
    bool has_failed() const { return !problem_.empty(); }

    // ---- steps
    step make_step(opcode op, std::initializer_list<value_id> args, const descr* d = nullptr);
    value_id send(step s, uint32_t from = rewrite_pass); // the result's id
    value_id send(opcode op, std::initializer_list<value_id> args, const descr* d = nullptr) {
        return send(make_step(op, args, d));
    }
    bool replace(step& s, value_id by); // answers true
    bool change(step& s, opcode op,
                std::initializer_list<value_id> args); // another operation, same result; answers false: go on
    bool contradiction(const char* what);              // answers true
    uint32_t emit(step& s);

    // ---- knowledge (guards.cpp, bounds.cpp)
    void depend_on_field(const step& s);            // a quasi_immutable_field
    void become(value_id id, value_id constant_id); // id is known to equal a constant
    // Before a value turns out to be a constant, or an object is made: sections that tell of it aren't true any more.
    void resume_value_changes(const value& v);
    void resume_object_changes(uint32_t number) { // of 'virtuals': its contents
        if (number < sections.objects.size()) sections.objects[number].begin = none;
    }
    void learn_from_guard(const step& s, uint32_t emitted_index);
    void learn_condition(value_id condition, bool is_true);
    void learn_comparison(opcode comparison, value_id a, value_id b);
    void narrow(value_id id, const int_facts& facts);
    int_facts facts_now(value_id id, unsigned depth = 0);

    // ---- pure.cpp
    value_id find_pure(opcode op, const descr* d, std::span<const value_id> args);
    uint32_t remember_pure(opcode op, const descr* d, std::span<const value_id> args, value_id result); // the entry
    void forget_pure();
    // ---- virtuals.cpp
    void force(value_id id);
    // ---- heap.cpp
    void flush_all_stores();
    void flush_slot(uint32_t slot);
    void forget_heap();
    void heap_safepoint();
    void heap_call(const step& s, const effect_info& effects, bool is_pure);
    void heap_call_effects(const effect_info& effects, bool is_pure, bool sees_frame);
    void heap_slot_called(uint32_t slot, bool writes, bool sees_frame);
    bool changes_by_itself(const descr* where, value_id object) const;
    bool is_hidden(const descr* where, value_id object) const;
    bool gives_frame(const step& s) const;
    void heap_remember(const descr* where, int64_t item, value_id object, value_id value);
    uint32_t heap_slot_of(const descr* where, int64_t item);
    value_id heap_known(uint32_t slot, value_id object); // no_value: unknown
    void need_fact(uint32_t fact);                       // of the loop's virtual state
    void note_pending_done(heap_slot& place);

    optimizer_input input;
    const trace& recorded;
    trace& result;
    std::vector<value> values;
    std::vector<value_id> pool;
    std::vector<emitted_operation> emitted;
    std::vector<virtual_object> virtuals;
    std::vector<field_node> field_nodes;
    heap_state heap;
    pure_table pure;
    std::vector<value_id> barrier_done; // objects whose barrier has run since the last safepoint
    std::vector<value_id> fresh;        // with transactions: made since the last safepoint
    std::vector<marked_place> marked;   // since the transaction began at the earliest
    uint32_t clock = 1, last_safepoint = 0;
    int overflow = -1;                    // of the last *_ovf operation: known 0 or 1, or left to its guard (-1)
    bool invalidation_guarded = false;    // a guard_not_invalidated with no call since that might invalidate
    uint32_t shareable_guard = none;      // emitted guard with no effect after it: its resume data may be shared
    std::vector<uint32_t> guard_virtuals; // of the guard being captured: kept for its memory
    resume_sections sections;             // of the guards captured so far
    bool frame_escaped = false;           // the trace's own frame was stored somewhere: any call may look at it

private:
    friend class guard_capture;
    friend class loop_peeler;
    friend bool peel_loop(walk& w, step& s, uint32_t label, uint32_t jump);
    void exchange_tables();
    value_id recorded_constant(uint32_t index);
    void add_inputs();
    void handle(uint32_t index);
    bool handle_overflow_guard(opcode op);
    void handle_label(step& s, const operation& o);
    void handle_jump(step& s, uint32_t index);
    void note_frame(const step& s);
    void mark_live_body();
    bool is_passed(size_t emitted_index, uint32_t argument) const;
    void finish_body();
    void find_frames();
    void use_guard_knowledge();
    void use_guard_facts(const guard_data& guard);
    void learn_allocation(const step& s);
    void capture_guard(step& s, emitted_operation& out);
    void note_fail_arguments(const step& s, const emitted_operation& out, guard_data& guard);
    void finish();
    void mark_live();
    void mark_live_range(size_t begin, size_t end);
    value_ref reference(value_id id, const std::vector<uint32_t>& positions);

    std::vector<value_id> constant_ids_;   // by index in result.constants
    std::vector<value_id> recorded_ids_;   // by index in recorded.constants
    value_id base_ = 0;                    // added to the index of a recorded operation: its value
    uint32_t at_ = 0;                      // the recorded operation being handled
    uint32_t label_index_ = none;          // the recorded label, after which the trace may loop
    uint32_t body_label_ = none;           // emitted label of the peeled loop's body
    std::unique_ptr<virtual_state> state_; // at that label
    target_token* body_target_ = nullptr;
    uint32_t state_stamp_ = 0;
    std::vector<uint32_t> pending_done_; // heap slots before the label whose pending stores the body does after all
    std::vector<bool> leaf_live_;        // by position in state_'s leaves: the body uses it
    std::vector<bool> live_;
    pass passes_[pass_count] = {};
    std::string problem_;
    uint32_t guard_stamp_ = 0;
    std::shared_ptr<resume_table> resume_table_ = std::make_shared<resume_table>(); // filled at the end
    std::vector<uint16_t> units_;                                                   // to be the table's
    resume_writer resume_out_{units_, resume_table_->anchor};
    size_t guards_before_ = 0;
};

} // namespace heddle::jit
