// Exporting, importing and matching virtual states. See virtual_state.h.
#include "optimizer/virtual_state.h"
#include <algorithm>

namespace heddle::jit {

namespace {

constexpr size_t most_facts = 1000;
constexpr int most_rounds = 4;       // facts on results of facts on ...
constexpr uint32_t most_guards = 15; // at a jump into a body

// Bounds near the ends of the range (the counter of a loop was below something) aren't worth a difference.
int_facts without_far_bounds(int_facts facts) {
    constexpr trace_int far = trace_int_max / 2 + 1;
    if (facts.low < -far) facts.low = trace_int_min;
    if (facts.high > far) facts.high = trace_int_max;
    return facts;
}

// ---- export
// ---------------------------------------------------------------------------------------------------------

class exporter {
public:
    exporter(walk& w, virtual_state& state, uint32_t stamp, std::span<const state_place> split)
        : walk_(w), state_(state), stamp_(stamp), split_(split) {}

    void run(std::span<const value_id> roots) {
        for (size_t i = 0; i < roots.size(); ++i)
            state_.roots.push_back(add(roots[i], {no_value, nullptr, static_cast<int64_t>(i)}));
        for (heap_slot& slot : walk_.heap.slots)
            for (heap_entry& e : slot.known) e.fact = none;
        pending_done_.assign(walk_.heap.slots.size(), false);
        for (int round = 0; round < most_rounds; ++round) {
            size_t before = state_.facts.size();
            add_pure_facts();
            add_heap_facts();
            if (state_.facts.size() == before) break;
        }
        for (uint32_t i = 0; i < state_.values.size(); ++i)
            if (state_.values[i].what == state_value::leaf) state_.leaves.push_back(i);
    }

private:
    uint32_t add(value_id id, const state_place& place) {
        id = walk_.find(id);
        bool split = std::find(split_.begin(), split_.end(), place) != split_.end();
        if (split) id = copy(id);
        value& v = walk_.values[id];
        if (!v.is_constant && v.state_stamp == stamp_) return v.state_index;
        uint32_t index = static_cast<uint32_t>(state_.values.size());
        if (!v.is_constant) {
            v.state_stamp = stamp_;
            v.state_index = index;
        }
        state_.values.emplace_back();
        state_value& s = state_.values.back();
        s.type = v.type;
        s.source = id;
        s.maker = maker_;
        if (v.is_constant) {
            s.what = state_value::constant;
            s.bits = v.constant;
        } else if (v.virtual_index != none) {
            add_object(index, id);
        } else {
            if (!(v.widened & widened_bounds)) s.facts = without_far_bounds(walk_.facts_now(id));
            // That it is no part of the frame isn't worth a difference.
            if (!(v.widened & widened_relation) && v.relation != frame_relation::foreign) s.relation = v.relation;
            if (v.widened & widened_class) return index;
            s.nonnull = v.nonnull || v.exact_class;
            s.exact_class = v.exact_class;
        }
        return index;
    }

    value_id copy(value_id id) {
        walk_.force(id);
        step made = walk_.make_step(same_as(walk_.values[id].type), {id});
        walk_.emit(made);
        walk_.values[made.result].widened = widened_bounds | widened_class | widened_relation;
        return made.result;
    }

    void add_object(uint32_t index, value_id id) {
        const virtual_object object = walk_.virtuals[walk_.values[id].virtual_index];
        uint32_t first = static_cast<uint32_t>(state_.parts.size()), count = object.item_count;
        for (uint32_t n = object.first_node; n != none; n = walk_.field_nodes[n].next) ++count;
        state_.parts.resize(first + count);
        state_value& s = state_.values[index];
        s.what = state_value::object;
        s.nonnull = true;
        s.shape = object.shape;
        s.first_part = first;
        s.part_count = count;
        uint32_t at = first;
        for (uint32_t n = object.first_node; n != none; n = walk_.field_nodes[n].next) {
            const descr* field = walk_.field_nodes[n].field;
            uint32_t part = add(walk_.field_nodes[n].value, {id, field, -1});
            state_.parts[at++] = {field, part};
        }
        for (uint32_t i = 0; i < object.item_count; ++i) {
            uint32_t part = add(walk_.pool[object.first_item + i], {id, object.shape, i});
            state_.parts[at++] = {nullptr, part};
        }
    }

    // The value as a fact's argument: known in the body, and no object that was never made.
    bool argument_of_fact(value_id id, uint32_t& index) {
        id = walk_.find(id);
        const value& v = walk_.values[id];
        if (v.is_constant) {
            index = static_cast<uint32_t>(state_.values.size());
            state_.values.emplace_back();
            state_value& s = state_.values.back();
            s.what = state_value::constant;
            s.type = v.type;
            s.bits = v.constant;
            s.source = id;
            return true;
        }
        index = v.state_index;
        return v.state_stamp == stamp_ && v.virtual_index == none;
    }

    state_fact& begin_fact(opcode op, const descr* d) {
        maker_ = static_cast<uint32_t>(state_.facts.size());
        state_.facts.emplace_back();
        state_fact& fact = state_.facts.back();
        fact.op = op;
        fact.description = d;
        fact.first_argument = static_cast<uint32_t>(state_.arguments.size());
        return fact;
    }

    void add_heap_facts() {
        for (uint32_t slot = 0; slot < walk_.heap.slots.size(); ++slot) {
            if (state_.facts.size() > most_facts) return;
            heap_slot& place = walk_.heap.slots[slot];
            if (place.lazy_object != no_value && !pending_done_[slot])
                pending_done_[slot] = add_heap_fact(slot, none, place.lazy_object, place.lazy_value) != none;
            for (uint32_t i = 0; i < place.known.size(); ++i) {
                heap_entry& e = place.known[i];
                if (e.dropped || e.fact != none || walk_.is_virtual(e.value)) continue;
                if (place.lazy_object != no_value && walk_.find(place.lazy_object) == walk_.find(e.object)) continue;
                e.fact = add_heap_fact(slot, i, e.object, e.value);
            }
        }
    }

    uint32_t add_heap_fact(uint32_t slot, uint32_t entry, value_id object, value_id stored) {
        const heap_slot& place = walk_.heap.slots[slot];
        uint32_t object_index;
        if (walk_.changes_by_itself(place.where, object) || !argument_of_fact(object, object_index)) return none;
        bool is_field = place.where->type == descr_type::field;
        state_fact& fact = begin_fact(is_field ? opcode::getfield : opcode::getarrayitem, place.where);
        state_.arguments.push_back(object_index);
        fact.argument_count = 1;
        fact.is_heap = true;
        fact.pending = entry == none;
        fact.item = place.item;
        fact.slot = slot;
        fact.entry = entry;
        fact.place = {state_.values[object_index].source, place.where, place.item};
        state_place where = fact.place;
        uint32_t stored_index = add(stored, where); // may move the vector
        return finish_fact(stored_index);
    }

    void add_pure_facts() {
        pure_table& table = walk_.pure;
        for (uint32_t i = table.valid_from; i < table.entries.size(); ++i) {
            const pure_entry& e = table.entries[i];
            if (e.dropped || e.fact == stamp_mark() || (info(e.op).flags & OVERFLOW)) continue;
            if (state_.facts.size() > most_facts) return;
            if (!walk_.is_virtual(e.result)) add_pure_fact(i);
        }
    }

    void add_pure_fact(uint32_t entry) {
        const pure_entry e = walk_.pure.entries[entry];
        size_t values_before = state_.values.size();
        uint32_t indices[16];
        bool variable = (info(e.op).flags & CALL) != 0, known = true;
        for (uint32_t i = 0; i < e.count && known; ++i) {
            known = argument_of_fact(walk_.pool[e.first + i], indices[i]);
            variable = variable || (known && state_.values[indices[i]].what == state_value::leaf);
        }
        if (!known || !variable) return state_.values.resize(values_before);
        state_fact& fact = begin_fact(e.op, e.description);
        state_.arguments.insert(state_.arguments.end(), indices, indices + e.count);
        fact.argument_count = e.count;
        fact.entry = entry;
        if (e.count) fact.place = {state_.values[indices[0]].source, e.description, -2 - static_cast<int64_t>(entry)};
        state_place where = fact.place;
        uint32_t result = add(e.result, where);
        finish_fact(result);
        walk_.pure.entries[entry].fact = stamp_mark();
    }

    // Entries before the label are not looked up any more: 'fact' only says that this export has them.
    uint32_t stamp_mark() const { return 0x8000'0000u | stamp_; }

    uint32_t finish_fact(uint32_t value) {
        state_.facts.back().value = value;
        uint32_t made = maker_;
        maker_ = none;
        return made;
    }

    walk& walk_;
    virtual_state& state_;
    uint32_t stamp_, maker_ = none;
    std::span<const state_place> split_;
    std::vector<bool> pending_done_;
};

// ---- import
// ---------------------------------------------------------------------------------------------------------

void import_value(walk& w, state_value& s) {
    if (s.what == state_value::constant) {
        s.imported = w.constant(s.type, s.bits);
        return;
    }
    s.imported = w.new_value(s.type);
    value& v = w.values[s.imported];
    v.nonnull = s.nonnull;
    if (s.what == state_value::object) {
        v.virtual_index = static_cast<uint32_t>(w.virtuals.size());
        v.is_allocation = true;
        w.virtuals.push_back({s.shape});
        v.exact_class = w.virtuals.back().type();
    } else {
        v.exact_class = s.exact_class;
        v.facts = s.facts;
        v.relation = s.relation;
        v.definition = w.values[s.source].definition;
        v.from_label = true;
    }
}

void import_parts(walk& w, const virtual_state& state, const state_value& s) {
    virtual_object& object = w.virtuals[w.values[s.imported].virtual_index];
    uint32_t last = none;
    for (uint32_t i = s.first_part; i < s.first_part + s.part_count; ++i) {
        const state_part& part = state.parts[i];
        value_id content = state.values[part.value].imported;
        if (part.field) {
            uint32_t node = static_cast<uint32_t>(w.field_nodes.size());
            w.field_nodes.push_back({part.field, content, none});
            (last == none ? object.first_node : w.field_nodes[last].next) = node;
            last = node;
            continue;
        }
        if (object.item_count++ == 0) object.first_item = static_cast<uint32_t>(w.pool.size());
        w.pool.push_back(content);
    }
}

void import_fact(walk& w, const virtual_state& state, uint32_t number) {
    const state_fact& fact = state.facts[number];
    value_id result = state.values[fact.value].imported;
    if (!fact.is_heap) {
        value_id arguments[16];
        for (uint32_t i = 0; i < fact.argument_count; ++i)
            arguments[i] = state.values[state.arguments[fact.first_argument + i]].imported;
        uint32_t entry = w.remember_pure(fact.op, fact.description, {arguments, fact.argument_count}, result);
        if (entry != none) w.pure.entries[entry].fact = number;
        return;
    }
    value_id object = state.values[state.arguments[fact.first_argument]].imported;
    uint32_t slot = w.heap_slot_of(fact.description, fact.item);
    heap_slot& place = w.heap.slots[slot];
    if (!fact.pending) {
        place.known.push_back({object, result, number});
        return;
    }
    place.lazy_object = object;
    place.lazy_value = result;
    place.lazy_fact = number;
    w.heap.lazy_slots.push_back(slot);
}

} // namespace

void export_state(walk& w, virtual_state& state, std::span<const value_id> roots, std::span<const state_place> split,
                  uint32_t stamp) {
    exporter(w, state, stamp, split).run(roots);
}

void import_state(walk& w, virtual_state& state) {
    for (state_value& s : state.values) import_value(w, s);
    for (const state_value& s : state.values)
        if (s.what == state_value::object) import_parts(w, state, s);
    for (uint32_t i = 0; i < state.facts.size(); ++i) {
        import_fact(w, state, i);
        state.facts[i].needed = state.facts[i].pending;
    }
}

// ---- matching
// -------------------------------------------------------------------------------------------------------

// Where loads are emitted there is no second attempt: the first difference ends it.
void state_matcher::run(std::span<const value_id> roots) {
    bound.assign(state_.values.size(), no_value);
    to_force.clear();
    fact_ = none;
    for (size_t i = 0; i < roots.size(); ++i)
        match(state_.roots[i], roots[i], {no_value, nullptr, static_cast<int64_t>(i)});
    for (uint32_t i = 0; i < state_.facts.size(); ++i) {
        const state_fact& fact = state_.facts[i];
        if (!fact.needed) continue;
        if (allowed_.loads && !mismatches.empty()) return;
        fact_ = i;
        value_id result = result_of(fact);
        if (result != no_value)
            match(fact.value, result, fact.place);
        else
            mismatches.push_back({fact_unknown, fact.value, i, fact.place});
    }
}

value_id state_matcher::value_of(uint32_t index) const {
    const state_value& s = state_.values[index];
    value_id id = s.what == state_value::constant ? walk_.constant(s.type, s.bits) : bound[index];
    return id == no_value ? no_value : walk_.find(id);
}

value_id state_matcher::result_of(const state_fact& fact) {
    value_id arguments[16];
    for (uint32_t i = 0; i < fact.argument_count; ++i) {
        arguments[i] = value_of(state_.arguments[fact.first_argument + i]);
        if (arguments[i] == no_value) return no_value; // a mismatch before
    }
    value_id known = fact.is_heap ? walk_.heap_known(walk_.heap_slot_of(fact.description, fact.item), arguments[0])
                                  : walk_.find_pure(fact.op, fact.description, {arguments, fact.argument_count});
    if (known != no_value || !allowed_.loads) return known;
    if (!is_loadable(state_, fact) && !make_loadable(fact, arguments[0])) return no_value;
    if (fact.op == opcode::getarrayitem)
        return walk_.send(fact.op, {arguments[0], fact.is_heap ? walk_.constant_int(fact.item) : arguments[1]},
                          fact.description);
    if (fact.argument_count == 1) return walk_.send(fact.op, {arguments[0]}, fact.description);
    return walk_.send(fact.op, {arguments[0], arguments[1]}, fact.description);
}

// What the program reads now through an object of a class of which the state says nothing is read by this trace behind
// a guard for that class; and an item behind a guard for the array's length.
bool state_matcher::make_loadable(const state_fact& fact, value_id object) {
    if (!allowed_.now || fact.argument_count == 0) return false;
    uint32_t index = state_.arguments[fact.first_argument];
    if (!allowed_.now->known[index]) return false;
    const gc::type_info* type = class_to_read_through(fact, allowed_.now->words[index]);
    if (!type || walk_.is_virtual(object)) return false;
    if (!walk_.at(object).is_constant && walk_.class_of(object) != type &&
        !emit_guard(opcode::guard_nonnull_class, {object, walk_.constant_pointer(type)}))
        return false;
    if (fact.op != opcode::getarrayitem) return true;
    value_id length = walk_.send(opcode::arraylen, {object}, fact.description);
    value_id enough = walk_.send(opcode::int_gt, {length, walk_.constant_int(fact.item)});
    if (walk_.at(enough).is_constant) return walk_.at(enough).constant != 0;
    return emit_guard(opcode::guard_true, {enough});
}

// Nothing may be read through a pointer that is only supposed to be an object of that kind.
bool is_loadable(const virtual_state& state, const state_fact& fact) {
    if (fact.argument_count == 0 || fact.argument_count > 2 || (info(fact.op).flags & CALL)) return false;
    const state_value& object = state.values[state.arguments[fact.first_argument]];
    bool is_frame = object.relation == frame_relation::frame || object.relation == frame_relation::part;
    switch (fact.op) {
    case opcode::getfield:
        if (object.what == state_value::constant) return object.bits != 0;
        return is_frame || object.exact_class;
    case opcode::getarrayitem: return object.relation == frame_relation::part; // its length is that of the same code
    case opcode::arraylen: return is_frame || object.exact_class;
    case opcode::load_class:
    case opcode::int_div:
    case opcode::int_mod:
    case opcode::uint_div:
    case opcode::uint_mod: return false;
    default: return is_pure(fact.op) && !(info(fact.op).flags & DESCR);
    }
}

void state_matcher::match(uint32_t index, value_id id, const state_place& place) {
    id = walk_.find(id);
    const state_value& s = state_.values[index];
    if (s.what == state_value::constant) {
        word bits;
        bool same = walk_.is_constant(id, bits) && bits == s.bits;
        if (!same && !guard_constant(s, id)) mismatches.push_back({place_differs, index, fact_, place});
        return;
    }
    if (bound[index] != no_value) {
        if (walk_.find(bound[index]) != id) mismatches.push_back({place_differs, index, fact_, place});
        return;
    }
    bound[index] = id;
    if (s.what == state_value::object) return match_object(index, id, place);
    if (uint8_t lacking = lacking_knowledge(s, id); lacking && !guard_knowledge(s, id))
        mismatches.push_back({knowledge, index, fact_, place, lacking});
    if (walk_.is_virtual(id)) to_force.push_back(id);
}

uint8_t state_matcher::lacking_knowledge(const state_value& s, value_id id) const {
    if (s.type == kind::integer) {
        int_facts known = walk_.facts_now(id);
        bool inside = known.low >= s.facts.low && known.high <= s.facts.high &&
                      (known.zeros & s.facts.zeros) == s.facts.zeros && (known.ones & s.facts.ones) == s.facts.ones;
        return inside ? 0 : widened_bounds;
    }
    if (s.type != kind::pointer) return 0;
    uint8_t lacking = 0;
    if ((s.exact_class && walk_.class_of(id) != s.exact_class) || (s.nonnull && !walk_.is_nonnull(id)))
        lacking |= widened_class;
    if (s.relation != frame_relation::unknown && walk_.at(id).relation != s.relation) lacking |= widened_relation;
    return lacking;
}

// ---- guards at a jump that comes from outside
// --------------------------------------------------------------------------------

bool state_matcher::emit_guard(opcode op, std::initializer_list<value_id> arguments) {
    if (++guards_ > most_guards) return false;
    step s = walk_.make_step(op, arguments);
    s.snapshot = allowed_.jump->snapshot;
    walk_.send(s);
    return !walk_.has_failed();
}

bool state_matcher::guard_constant(const state_value& s, value_id id) {
    if (!allowed_.now || walk_.at(id).is_constant || walk_.is_virtual(id) || s.type == kind::floating) return false;
    return emit_guard(opcode::guard_value, {id, walk_.constant(s.type, s.bits)});
}

bool state_matcher::guard_knowledge(const state_value& s, value_id id) {
    if (!allowed_.now || walk_.is_virtual(id)) return false;
    if (s.type == kind::pointer) {
        bool done = s.exact_class ? emit_guard(opcode::guard_nonnull_class, {id, walk_.constant_pointer(s.exact_class)})
                    : s.nonnull   ? emit_guard(opcode::guard_nonnull, {id})
                                  : true;
        return done && !lacking_knowledge(s, id);
    }
    for (auto [op, bound_value] : {std::pair{opcode::int_ge, s.facts.low}, std::pair{opcode::int_le, s.facts.high}}) {
        value_id holds = walk_.send(op, {id, walk_.constant_int(bound_value)});
        if (walk_.at(holds).is_constant ? walk_.at(holds).constant == 0 : !emit_guard(opcode::guard_true, {holds}))
            return false;
    }
    return !lacking_knowledge(s, walk_.find(id));
}

void state_matcher::match_object(uint32_t index, value_id id, const state_place& place) {
    const state_value s = state_.values[index];
    const virtual_object* object = walk_.is_virtual(id) ? &walk_.virtuals[walk_.values[id].virtual_index] : nullptr;
    uint32_t count = 0;
    if (object)
        for (uint32_t n = object->first_node; n != none; n = walk_.field_nodes[n].next) ++count;
    bool fits = object && object->shape == s.shape && count + object->item_count == s.part_count;
    for (uint32_t i = 0; i < s.part_count && fits; ++i) {
        const state_part& part = state_.parts[s.first_part + i];
        if (!part.field) {
            match(part.value, walk_.pool[object->first_item + i], {s.source, s.shape, static_cast<int64_t>(i)});
            continue;
        }
        uint32_t n = object->first_node;
        while (n != none && walk_.field_nodes[n].field != part.field) n = walk_.field_nodes[n].next;
        fits = n != none;
        if (fits) match(part.value, walk_.field_nodes[n].value, {s.source, part.field, -1});
    }
    if (!fits) mismatches.push_back({not_virtual, index, fact_, place});
}

} // namespace heddle::jit
