// The walk over a recorded trace: walk.h describes it. Here are values, steps, labels and the writing of the result;
// each pass has a file of its own, and snapshot.cpp captures the state at guards.
#include "optimizer/walk.h"
#include "heddle/gc/gc.h"
#include "optimizer/virtual_state.h"
#include <algorithm>

namespace heddle::jit {

const gc::type_info* virtual_object::type() const {
    return shape->type == descr_type::size ? static_cast<const size_descr*>(shape)->type
                                           : static_cast<const array_descr*>(shape)->type;
}

walk::walk(const optimizer_input& chosen, trace& result_trace)
    : input(chosen), recorded(*chosen.recorded), result(result_trace) {
    const optimizer_options& o = input.options;
    passes_[rewrite_pass] = o.rewrite ? optimise_rewrite : nullptr;
    passes_[guards_pass] = o.guards ? optimise_guards : nullptr;
    passes_[bounds_pass] = o.bounds ? optimise_bounds : nullptr;
    passes_[virtuals_pass] = o.virtuals ? optimise_virtuals : nullptr;
    passes_[calls_pass] = o.calls ? optimise_calls : nullptr;
    passes_[pure_pass] = o.pure ? optimise_pure : nullptr;
    passes_[heap_pass] = o.heap ? optimise_heap : nullptr;
    passes_[barriers_pass] = !o.barriers ? nullptr : o.transactions ? optimise_view_barriers : optimise_barriers;
    exchange_tables();
    size_t count = recorded.operations.size();
    values.reserve((input.options.peeling ? 3 : 2) * count + 64);
    values.resize(count);
    recorded_ids_.assign(recorded.constants.size(), no_value);
    sections.frames.assign(recorded.snapshot_frames.size(), {});
    sections.objects.clear();
    pool.reserve(recorded.arguments.size() * 4 + recorded.snapshot_values.size() + 64);
    emitted.reserve(count + 64);
    guards_before_ = input.token ? input.token->guards.size() : 0;
}

walk::~walk() {
    values.clear();
    pool.clear();
    emitted.clear();
    virtuals.clear();
    field_nodes.clear();
    pure.entries.clear();
    pure.loads.clear();
    sections.values.clear();
    exchange_tables();
}

// The tables of one walk become the next one's: fresh memory costs more than what is done in it.
void walk::exchange_tables() {
    struct tables {
        std::vector<value> values;
        std::vector<value_id> pool;
        std::vector<emitted_operation> emitted;
        std::vector<virtual_object> virtuals;
        std::vector<field_node> field_nodes;
        std::vector<pure_entry> pure_entries;
        std::vector<uint32_t> pure_loads, guard_virtuals;
        std::vector<resume_section> frame_sections, object_sections;
        std::vector<value_id> section_values;
        std::vector<uint16_t> units;
    };
    static tables& spare = *new tables; // one thread compiles
    values.swap(spare.values);
    pool.swap(spare.pool);
    emitted.swap(spare.emitted);
    virtuals.swap(spare.virtuals);
    field_nodes.swap(spare.field_nodes);
    pure.entries.swap(spare.pure_entries);
    pure.loads.swap(spare.pure_loads);
    guard_virtuals.swap(spare.guard_virtuals);
    sections.frames.swap(spare.frame_sections);
    sections.objects.swap(spare.object_sections);
    sections.values.swap(spare.section_values);
    units_.swap(spare.units);
}

// ---- values
// -------------------------------------------------------------------------------------------------------------

value_id walk::new_value(kind k) {
    values.emplace_back();
    values.back().type = k;
    values.back().born = ++clock;
    return static_cast<value_id>(values.size() - 1);
}

value_id walk::constant(kind k, word w) {
    uint32_t index = result.make_constant(k, w).index();
    if (index >= constant_ids_.size()) constant_ids_.resize(index + 1, no_value);
    if (constant_ids_[index] != no_value) return constant_ids_[index];
    values.emplace_back();
    value& v = values.back();
    v.type = k;
    v.is_constant = true;
    v.constant = w;
    v.guard_index = index;
    v.nonnull = w != 0;
    v.relation = frame_relation::foreign; // a frame's part is no constant
    if (k == kind::integer) v.facts = int_facts::exactly(static_cast<int64_t>(w));
    return constant_ids_[index] = static_cast<value_id>(values.size() - 1);
}

value_id walk::computed_constant(kind k, word w) {
    void* object = reinterpret_cast<void*>(w);
    if (k == kind::pointer && gc::is_object(object)) {
        gc::make_immovable(object);
        if (input.token) input.token->kept_objects.push_back(object);
    }
    return constant(k, w);
}

value_id walk::recorded_constant(uint32_t index) {
    const heddle::jit::constant& c = recorded.constants[index];
    return recorded_ids_[index] = constant(c.type, c.value);
}

const step* walk::producer(value_id id) const {
    const value& v = values[find(id)];
    return v.definition == none || v.from_label ? nullptr : &emitted[v.definition].what;
}

const gc::type_info* walk::class_of(value_id id) {
    value& v = at(id);
    if (v.is_constant && !v.exact_class && !v.is_no_object && v.type == kind::pointer) {
        if (gc::is_object(reinterpret_cast<void*>(v.constant)))
            v.exact_class = gc::type_of(reinterpret_cast<void*>(v.constant));
        else
            v.is_no_object = true;
    }
    return v.exact_class;
}

bool walk::is_nonnull(value_id id) {
    const value& v = at(id);
    return v.nonnull || v.exact_class || v.virtual_index != none;
}

bool walk::surely_different(value_id a, value_id b) {
    a = find(a);
    b = find(b);
    if (a == b) return false;
    const value &va = values[a], &vb = values[b];
    if (va.is_constant && vb.is_constant) return va.constant != vb.constant;
    // Nothing but a virtualizable field refers to a frame's part.
    if ((va.relation == frame_relation::part && vb.relation == frame_relation::foreign) ||
        (vb.relation == frame_relation::part && va.relation == frame_relation::foreign))
        return true;
    // An object that was never made can't have been loaded from anywhere.
    if (va.virtual_index != none || vb.virtual_index != none) return true;
    if (va.is_allocation && vb.born < va.born) return true;
    if (vb.is_allocation && va.born < vb.born) return true;
    if ((va.is_constant && va.constant == 0 && is_nonnull(b)) || (vb.is_constant && vb.constant == 0 && is_nonnull(a)))
        return true;
    const gc::type_info *class_a = class_of(a), *class_b = class_of(b);
    return class_a && class_b && class_a != class_b;
}

// ---- steps
// --------------------------------------------------------------------------------------------------------------

step walk::make_step(opcode op, std::initializer_list<value_id> args, const descr* d) {
    step s{op};
    s.description = d;
    s.first = static_cast<uint32_t>(pool.size());
    s.count = static_cast<uint32_t>(args.size());
    pool.insert(pool.end(), args.begin(), args.end());
    char letter = info(op).result;
    s.result_kind = letter != 'd'                  ? kind_of_letter(letter)
                    : d->type == descr_type::field ? static_cast<const field_descr*>(d)->shape.slot_kind
                    : d->type == descr_type::array ? static_cast<const array_descr*>(d)->shape.slot_kind
                    : d->type == descr_type::raw   ? static_cast<const raw_descr*>(d)->shape.slot_kind
                                                   : static_cast<const call_descr*>(d)->result;
    if (s.result_kind != kind::none) s.result = new_value(s.result_kind);
    return s;
}

value_id walk::send(step s, uint32_t from) {
    for (uint32_t p = from; p < pass_count; ++p)
        if (passes_[p] && passes_[p](*this, s)) return s.result == no_value ? no_value : find(s.result);
    emit(s);
    return s.result == no_value ? no_value : find(s.result);
}

bool walk::replace(step& s, value_id by) {
    by = find(by);
    if (by != s.result) values[s.result].forward = by;
    return true;
}

bool walk::change(step& s, opcode op, std::initializer_list<value_id> args) {
    s.op = op;
    s.first = static_cast<uint32_t>(pool.size());
    s.count = static_cast<uint32_t>(args.size());
    pool.insert(pool.end(), args.begin(), args.end());
    return false;
}

bool walk::contradiction(const char* what) {
    if (problem_.empty()) problem_ = what;
    return true;
}

uint32_t walk::emit(step& s) {
    for (uint32_t i = 0; i < s.count; ++i) {
        value_id id = find(pool[s.first + i]);
        if (values[id].virtual_index != none) force(id);
        pool[s.first + i] = id;
    }
    note_frame(s);
    if ((info(s.op).flags & DESCR) && !(info(s.op).flags & (CALL | CONTROL)) && s.count)
        values[pool[s.first]].nonnull |= values[pool[s.first]].type == kind::pointer; // read or written through
    emitted_operation out{s};
    uint32_t index = static_cast<uint32_t>(emitted.size());
    if (is_guard(s.op))
        capture_guard(s, out);
    else if (info(s.op).flags & (WRITES | CONTROL | ALLOCATES))
        shareable_guard = none;
    else if ((info(s.op).flags & CALL) && s.op != opcode::call_pure)
        shareable_guard = none;
    emitted.push_back(out);
    if (s.result != no_value) values[s.result].definition = index;
    if (info(s.op).flags & ALLOCATES) learn_allocation(s);
    if (is_guard(s.op) && input.options.guards) learn_from_guard(s, index);
    return index;
}

// How the result is related to the trace's own frame, and whether the frame becomes known to others.
void walk::note_frame(const step& s) {
    if (s.result_kind == kind::pointer) {
        frame_relation& relation = values[s.result].relation;
        if (s.op == opcode::getfield) {
            bool virtualizable = static_cast<const field_descr*>(s.description)->virtualizable;
            if (!virtualizable)
                relation = frame_relation::foreign;
            else if (values[pool[s.first]].relation == frame_relation::frame)
                relation = frame_relation::part;
        } else if (info(s.op).flags & (CALL | ALLOCATES | READS)) {
            relation = frame_relation::foreign;
        }
    }
    for (uint32_t i = 0; i < s.count; ++i) {
        frame_relation relation = values[pool[s.first + i]].relation;
        if (relation != frame_relation::frame && relation != frame_relation::part) continue;
        bool is_place = (i == 0 && (info(s.op).flags & (READS | WRITES)) && !(info(s.op).flags & CALL)) ||
                        s.op == opcode::arraylen || s.op == opcode::copy_array;
        bool keeps = is_place || (info(s.op).flags & (GUARD | CONTROL | CALL)) || s.result_kind == kind::integer;
        if (!keeps || s.op == opcode::ptr_to_int) frame_escaped = true;
    }
}

// The object is younger than everything that could be named before: nobody could hold it while it was virtual.
void walk::learn_allocation(const step& s) {
    value& v = values[s.result];
    v.is_allocation = true;
    v.nonnull = true;
    v.born = ++clock;
    v.exact_class = virtual_object{s.description}.type();
}

// ---- the walk
// -----------------------------------------------------------------------------------------------------------

void walk::add_inputs() {
    for (uint32_t i = 0; i < recorded.input_count; ++i) {
        step s{recorded.operations[i].op};
        s.result_kind = recorded.operations[i].result;
        s.result = i;
        values[i].type = s.result_kind;
        values[i].born = ++clock;
        emit(s);
    }
    if (!input.from_guard) find_frames();
    use_guard_knowledge();
}

// A loop's virtualizable frame is the input whose virtualizable fields it uses.
void walk::find_frames() {
    for (const operation& o : recorded.operations) {
        if (o.op != opcode::getfield || !static_cast<const field_descr*>(o.description)->virtualizable) continue;
        value_ref object = recorded.arguments_of(o)[0];
        if (object.is_result() && object.index() < recorded.input_count)
            values[object.index()].relation = frame_relation::frame;
    }
}

// A bridge: what is known because its guard failed, and the classes that the trace before it knew.
void walk::use_guard_knowledge() {
    const guard_data* guard = input.from_guard;
    if (!guard || !input.options.guards) return;
    for (uint32_t i = 0; i < guard->fail_classes.size() && i < recorded.input_count; ++i)
        if (guard->fail_classes[i]) {
            values[i].exact_class = guard->fail_classes[i];
            values[i].nonnull = true;
        }
    for (uint32_t i = 0; i < recorded.input_count && i < 64; ++i)
        if (guard->fail_nonnull >> i & 1) values[i].nonnull = true;
    use_guard_facts(*guard);
    if (guard->tested_argument < 0 || static_cast<uint32_t>(guard->tested_argument) >= recorded.input_count) return;
    value_id tested = static_cast<value_id>(guard->tested_argument);
    switch (guard->op) {
    case opcode::guard_true: become(tested, constant_int(0)); break;
    case opcode::guard_false: narrow(tested, int_facts::anything()); break;
    case opcode::guard_nonnull: become(tested, constant_pointer(nullptr)); break;
    case opcode::guard_is_null:
    case opcode::guard_class: values[tested].nonnull = true; break;
    default: break;
    }
}

// What memory held when the guard failed, and still holds.
void walk::use_guard_facts(const guard_data& guard) {
    if (guard.frame_argument >= 0 && static_cast<uint32_t>(guard.frame_argument) < recorded.input_count)
        values[static_cast<size_t>(guard.frame_argument)].relation = frame_relation::frame;
    if (!guard.resume) return;
    auto value_of = [&](const resume_value& v) {
        return v.from == resume_value::constant ? constant(v.type, v.value) : v.index;
    };
    for (const resume_store& fact : decode(*guard.resume, true).facts) {
        if (std::max(fact.object.from == resume_value::fail_argument ? fact.object.index : 0,
                     fact.value.from == resume_value::fail_argument ? fact.value.index : 0) >= recorded.input_count)
            continue;
        value_id object = value_of(fact.object), held = value_of(fact.value);
        heap_remember(fact.where, fact.item, object, held);
        bool virtualizable =
            fact.where->type == descr_type::field && static_cast<const field_descr*>(fact.where)->virtualizable;
        if (virtualizable && values[object].relation == frame_relation::frame && !values[held].is_constant)
            values[held].relation = frame_relation::part;
    }
}

void walk::handle(uint32_t index) {
    const operation& o = recorded.operations[index];
    at_ = index;
    step s{o.op, o.flags, o.result};
    s.description = o.description;
    if (o.flags & after_merge_point) shareable_guard = none;
    s.snapshot = o.snapshot;
    s.first = static_cast<uint32_t>(pool.size());
    s.count = o.argument_count;
    for (value_ref v : recorded.arguments_of(o)) pool.push_back(recorded_value(v));
    if (o.result != kind::none) {
        s.result = base_ + index;
        values[s.result].type = o.result;
        values[s.result].born = ++clock;
    }
    if (o.op == opcode::label) {
        label_index_ = index;
        return handle_label(s, o);
    }
    if (o.op == opcode::jump) return handle_jump(s, index);
    if ((o.op == opcode::guard_no_overflow || o.op == opcode::guard_overflow) && handle_overflow_guard(o.op)) return;
    if (info(o.op).flags & OVERFLOW) overflow = -1;
    if (o.op == opcode::record_exact_class && !input.options.guards) return; // a hint: no backend knows it
    if (o.op == opcode::quasi_immutable_field) return depend_on_field(s);
    send(s);
}

// The operation before it may be gone; then its outcome is known.
bool walk::handle_overflow_guard(opcode op) {
    if (overflow < 0) return false;
    if (overflow != (op == opcode::guard_overflow)) contradiction("an overflow guard that always fails");
    return true;
}

// Every label argument becomes a fresh value: a jump may bring another one. Two arguments need two names.
void walk::handle_label(step& s, const operation& o) {
    if (input.from_guard) return; // a bridge that goes round once more: the label is where the loop begins to close
    flush_all_stores();
    for (uint32_t i = 0; i < s.count; ++i) {
        value_id id = find(pool[s.first + i]);
        force(id);
        bool twice = std::find(pool.begin() + s.first, pool.begin() + s.first + i, id) != pool.begin() + s.first + i;
        if (values[id].is_constant || twice) {
            step copy = make_step(same_as(values[id].type), {id});
            emit(copy);
            id = copy.result;
        }
        pool[s.first + i] = id;
    }
    emit(s);
    sections.forget_all();
    forget_heap();
    forget_pure();
    barrier_done.clear();
    fresh.clear();
    marked.clear();
    invalidation_guarded = false;
    for (uint32_t i = 0; i < s.count; ++i) {
        value_id before = pool[s.first + i], after = new_value(values[before].type);
        values[after].definition = values[before].definition;
        values[after].from_label = true;
        values[after].relation = values[before].relation;
        values[recorded.arguments_of(o)[i].index()].forward = after;
    }
}

// Where the trace closes its own loop, the loop is peeled. A bridge's loop has an entry and bodies already: it becomes
// one more body, with its first iteration as the way there.
void walk::handle_jump(step& s, uint32_t index) {
    bool closes = label_index_ != none && recorded.operations[label_index_].description == s.description;
    if (closes && input.options.peeling && input.token && peel_loop(*this, s, label_index_, index)) return;
    if (input.options.peeling && jump_into_body(*this, s)) return;
    if (!closes && input.fits_no_body) {
        *input.fits_no_body = true;
        contradiction("no body fits");
        return;
    }
    send(s);
}

bool walk::run(std::string& reason) {
    add_inputs();
    for (uint32_t i = recorded.input_count; i < recorded.operations.size() && problem_.empty(); ++i) handle(i);
    if (problem_.empty()) {
        finish();
        return true;
    }
    if (input.token) input.token->guards.resize(guards_before_);
    result = trace();
    reason = problem_;
    return false;
}

// ---- the result
// ---------------------------------------------------------------------------------------------------------

// Backwards: an operation lives when it has an effect or a living one uses it.
void walk::mark_live_range(size_t begin, size_t end) {
    auto use = [&](value_id id) {
        if (values[id].definition != none) live_[values[id].definition] = true;
    };
    for (size_t i = end; i-- > begin;) {
        const emitted_operation& e = emitted[i];
        uint32_t flags = info(e.what.op).flags;
        bool kept = flags & (WRITES | GUARD | CONTROL);
        if (flags & OVERFLOW) kept = true; // its guard follows
        if (e.what.op == opcode::call_pure) {
            const effect_info& effects = static_cast<const call_descr*>(e.what.description)->effects;
            kept = effects.writes_anything || !effects.writes.empty(); // it may leave an error behind
        }
        if (!kept && !live_[i]) continue;
        live_[i] = true;
        for (uint32_t a = 0; a < e.what.count; ++a)
            if (is_passed(i, a)) use(pool[e.what.first + a]);
        for (uint32_t f = 0; f < e.fail_count; ++f) use(pool[e.first_fail + f]);
    }
}

void walk::mark_live() {
    live_.assign(emitted.size(), false);
    if (body_label_ != none) mark_live_body();
    mark_live_range(0, body_label_ != none ? body_label_ + 1 : emitted.size());
}

value_ref walk::reference(value_id id, const std::vector<uint32_t>& positions) {
    const value& v = values[id];
    return v.is_constant ? result.make_constant(v.type, v.constant) : value_ref::result(positions[v.definition]);
}

void walk::finish() {
    mark_live();
    std::vector<uint32_t> positions(emitted.size(), none);
    std::vector<value_ref> arguments;
    result.operations.reserve(emitted.size());
    for (size_t i = 0; i < emitted.size(); ++i) {
        if (!live_[i]) continue;
        const emitted_operation& e = emitted[i];
        arguments.clear();
        for (uint32_t a = 0; a < e.what.count; ++a)
            if (is_passed(i, a)) arguments.push_back(reference(pool[e.what.first + a], positions));
        positions[i] = result.add(e.what.op, arguments, e.what.description).index();
        operation& o = result.operations.back();
        o.flags = e.what.flags;
        o.guard = e.guard;
        if (!e.guard) continue;
        e.guard->fail_arguments.reserve(e.fail_count);
        e.guard->fail_kinds.reserve(e.fail_count);
        e.guard->op = e.what.op; // a guard may have been strengthened after it was captured
        for (uint32_t f = 0; f < e.fail_count; ++f) {
            e.guard->fail_arguments.push_back(reference(pool[e.first_fail + f], positions));
            e.guard->fail_kinds.push_back(values[pool[e.first_fail + f]].type);
        }
    }
    if (body_label_ != none) finish_body();
    resume_table_->units.assign(units_.begin(), units_.begin() + resume_out_.size());
    resume_table_->constants.reserve(result.constants.size());
    for (const heddle::jit::constant& c : result.constants) resume_table_->constants.push_back(c.value);
}

bool optimise(const optimizer_input& input, trace& result, std::string& reason) {
    return walk(input, result).run(reason);
}

} // namespace heddle::jit
