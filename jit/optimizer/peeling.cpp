// Loop peeling: where a trace closes its own loop, its operations are walked over a second time, with what is known at
// the end of the first time. The result is: entry label, first iteration (the preamble), body label, body, jump to it.
//
// What the body takes for granted is the virtual state at its label (virtual_state.h). It must hold again at the body's
// end. It mostly does: both iterations are the same operations. Where it doesn't, the state is made weaker there (a
// fact dropped, a value's class or bounds forgotten, a constant made a label argument, an object made, a store done)
// and the body is walked over again from the label, a bounded number of times; then, or when the body contradicts
// itself, the preamble jumps to its own label, as if there were no peeling (or the loop is refused, when asked for: an
// iteration that leaves an inner loop was recorded; another one will be a better loop). Objects that were never made
// and stores that were not done go round with the loop: only their contents are passed.
//
// Idea: RPython's unroll.py, as one walk in which the second iteration just goes on.
#include "optimizer/virtual_state.h"
#include <algorithm>

namespace heddle::jit {

namespace {

constexpr int most_attempts = 5;

// Stores that the label doesn't know to be pending are done. This may make objects that were stored.
void flush_others(walk& w, const virtual_state& state, const state_matcher& matched) {
    std::vector<uint32_t> slots = w.heap.lazy_slots;
    for (uint32_t slot : slots) {
        const heap_slot& place = w.heap.slots[slot];
        if (place.lazy_object == no_value) continue;
        value_id object = w.find(place.lazy_object);
        bool expected = false;
        for (const state_fact& fact : state.facts) {
            if (!fact.pending || fact.description != place.where || fact.item != place.item) continue;
            expected = expected || matched.value_of(state.arguments[fact.first_argument]) == object;
        }
        if (!expected) w.flush_slot(slot);
    }
}

// Whether the values passed fit the state, once the stores and objects are made that the label wants made.
bool fit(walk& w, const virtual_state& state, std::span<const value_id> passed, state_matcher& matched) {
    matched.run(passed);
    if (!matched.mismatches.empty()) return false;
    w.heap_safepoint();
    flush_others(w, state, matched);
    std::vector<value_id> to_force = std::move(matched.to_force);
    for (value_id id : to_force) w.force(id);
    matched.run(passed);
    return matched.mismatches.empty();
}

void emit_jump_to(walk& w, const target_token& target, std::span<const value_id> values) {
    step s{opcode::jump};
    s.description = &target;
    s.first = static_cast<uint32_t>(w.pool.size());
    s.count = static_cast<uint32_t>(values.size());
    w.pool.insert(w.pool.end(), values.begin(), values.end());
    w.emit(s);
}

} // namespace

namespace {

// Whether loads and guards can make the values fit: what can't be mended is an object that isn't there or is shared
// otherwise. 'concrete' is filled when guards may be used.
bool can_fit(walk& w, const virtual_state& state, std::span<const value_id> passed, concrete_state& concrete,
             bool& guards) {
    state_matcher dry(w, state);
    dry.run(passed);
    for (const state_matcher::mismatch& m : dry.mismatches) {
        if (m.what == state_matcher::not_virtual) return false;
        const state_value& s = state.values[m.value];
        if (m.what == state_matcher::place_differs && s.what != state_value::constant) return false;
    }
    guards = !w.input.jump_values.empty() && !dry.mismatches.empty();
    if (!guards) return true;
    if (!fits_now(state, w.input.jump_values, concrete)) return false;
    for (const state_matcher::mismatch& m : dry.mismatches)
        if (m.what == state_matcher::fact_unknown && !concrete.read[m.fact]) return false;
    return true;
}

} // namespace

// A bridge or another trace arrives at a loop that has a body: straight into it, when what the body takes for granted
// is known here, or can be loaded and guarded.
bool jump_into_body(walk& w, const step& s) {
    const loop_token* loop = static_cast<const target_token*>(s.description)->owner;
    if (!loop) return false;
    std::vector<value_id> passed, values;
    for (uint32_t i = 0; i < s.count; ++i) passed.push_back(w.argument(s, i));
    for (const std::unique_ptr<target_token>& target : loop->targets) {
        if (!target->state) continue;
        const virtual_state& state = *target->state;
        concrete_state concrete;
        bool guards = false;
        if (!can_fit(w, state, passed, concrete, guards)) continue;
        state_matcher matched(w, state, {true, guards && s.snapshot != none ? &concrete : nullptr, &s});
        if (!fit(w, state, passed, matched)) continue;
        values.clear();
        for (uint32_t leaf : state.leaves)
            if (state.values[leaf].argument != none) values.push_back(matched.bound[leaf]);
        emit_jump_to(w, *target, values);
        return true;
    }
    return false;
}

class loop_peeler {
public:
    loop_peeler(walk& w, uint32_t label, uint32_t jump) : w_(w), label_(label), jump_(jump) {}

    bool run(const step& s) {
        for (uint32_t i = 0; i < s.count; ++i) roots_.push_back(w_.argument(s, i));
        // Stores into objects that were made just now: the body can't tell that these are new.
        w_.heap_safepoint();
        for (int attempt = 0; attempt < most_attempts; ++attempt) {
            last_attempt_ = attempt == most_attempts - 1;
            weaken();
            save();
            if (walk_body()) return true;
            bool contradiction = w_.has_failed();
            if (contradiction && w_.input.refuse_contradiction) return true; // the problem is told by walk::run
            w_.problem_.clear();
            restore();
            if (contradiction) break;
            if (stores_lost_) --attempt; // the next export finds fewer of them
        }
        weaken();
        return false;
    }

private:
    // ---- the end of the preamble, to come back to
    void save() {
        saved_.values = w_.values.size();
        saved_.pool = w_.pool.size();
        saved_.emitted = w_.emitted.size();
        saved_.virtuals = w_.virtuals.size();
        saved_.field_nodes = w_.field_nodes.size();
        saved_.guards = w_.input.token->guards.size();
        saved_.pure_entries = w_.pure.entries.size();
        saved_.pure_valid_from = w_.pure.valid_from;
        saved_.units = w_.resume_out_.size();
        saved_.base = w_.base_;
        saved_.shareable_guard = w_.shareable_guard;
        saved_.last_safepoint = w_.last_safepoint;
        saved_.barrier_done = w_.barrier_done;
        saved_.fresh = w_.fresh;
        saved_.marked = w_.marked;
        saved_.frame_escaped = w_.frame_escaped;
        saved_.invalidation_guarded = w_.invalidation_guarded;
    }

    void restore() {
        w_.heap = std::move(saved_.heap);
        w_.pure.buckets = std::move(saved_.buckets);
        w_.pure.entries.resize(saved_.pure_entries);
        while (!w_.pure.loads.empty() && w_.pure.loads.back() >= saved_.pure_entries) w_.pure.loads.pop_back();
        w_.pure.valid_from = saved_.pure_valid_from;
        w_.values.resize(saved_.values);
        for (std::vector<value_id>* ids : {&w_.constant_ids_, &w_.recorded_ids_})
            for (value_id& id : *ids)
                if (id != no_value && id >= saved_.values) id = no_value;
        w_.pool.resize(saved_.pool);
        w_.emitted.resize(saved_.emitted);
        w_.virtuals.resize(saved_.virtuals);
        w_.field_nodes.resize(saved_.field_nodes);
        w_.input.token->guards.resize(saved_.guards);
        w_.resume_out_.truncate(saved_.units);
        w_.sections.forget_all();
        w_.base_ = saved_.base;
        w_.shareable_guard = saved_.shareable_guard;
        w_.last_safepoint = saved_.last_safepoint;
        w_.barrier_done = saved_.barrier_done;
        w_.fresh = saved_.fresh;
        w_.marked = saved_.marked;
        w_.frame_escaped = saved_.frame_escaped;
        w_.invalidation_guarded = saved_.invalidation_guarded;
        w_.state_.reset();
        w_.body_label_ = none;
    }

    // What the attempt before has asked for, done at the end of the preamble.
    void weaken() {
        for (uint32_t slot : to_flush_) w_.flush_slot(slot);
        for (value_id id : to_force_) w_.force(id);
        to_flush_.clear();
        to_force_.clear();
    }

    // ---- one attempt
    bool walk_body() {
        w_.state_ = std::make_unique<virtual_state>();
        virtual_state& state = *w_.state_;
        export_state(w_, state, roots_, split_, ++w_.state_stamp_);
        stores_lost_ = !note_lost_stores(state);
        emit_label(state);
        saved_.heap = std::move(w_.heap);
        w_.heap = heap_state();
        saved_.buckets = std::move(w_.pure.buckets);
        w_.pure.buckets.clear();
        w_.pure.valid_from = static_cast<uint32_t>(w_.pure.entries.size());
        w_.barrier_done.clear();
        w_.fresh.clear();
        w_.marked.clear();
        w_.invalidation_guarded = false; // in each round
        w_.last_safepoint = ++w_.clock;
        if (stores_lost_) return false;
        import_state(w_, state);

        const trace& recorded = w_.recorded;
        w_.sections.forget_all(); // recorded values have other ids now
        w_.base_ = static_cast<value_id>(w_.values.size());
        w_.values.resize(w_.base_ + recorded.operations.size());
        std::span<const value_ref> inputs = recorded.arguments_of(recorded.operations[label_]);
        for (size_t i = 0; i < inputs.size(); ++i)
            w_.values[w_.base_ + inputs[i].index()].forward = state.values[state.roots[i]].imported;
        w_.pending_done_.clear();
        for (uint32_t i = label_ + 1; i < jump_ && !w_.has_failed(); ++i) w_.handle(i);
        return !w_.has_failed() && close();
    }

    // Stores to objects that the body has no name for must be done before it.
    bool note_lost_stores(const virtual_state& state) {
        for (uint32_t slot : w_.heap.lazy_slots) {
            bool found = false;
            for (const state_fact& fact : state.facts) found = found || (fact.pending && fact.slot == slot);
            if (!found) to_flush_.push_back(slot);
        }
        return to_flush_.empty();
    }

    void emit_label(virtual_state& state) {
        step s{opcode::label};
        s.description = w_.recorded.operations[label_].description; // the body's own is made when all is well
        s.first = static_cast<uint32_t>(w_.pool.size());
        s.count = static_cast<uint32_t>(state.leaves.size());
        for (uint32_t leaf : state.leaves) w_.pool.push_back(state.values[leaf].source);
        w_.body_label_ = w_.emit(s);
    }

    // ---- the body's end
    bool close() {
        virtual_state& state = *w_.state_;
        std::vector<value_id> passed;
        for (value_ref v : w_.recorded.arguments_of(w_.recorded.operations[jump_]))
            passed.push_back(w_.recorded_value(v));
        need_makers(state);
        // A store that the body does as it came is better done before the label: whoever arrives has less to fit.
        to_flush_ = w_.pending_done_;
        state_matcher matched(w_, state);
        if (!fit(w_, state, passed, matched)) {
            for (const state_matcher::mismatch& m : matched.mismatches) note(m);
            return false;
        }
        if (!to_flush_.empty() && !last_attempt_) return false;
        to_flush_.clear();
        emit_jump(state, matched);
        return true;
    }

    // Facts on which needed ones build are needed too.
    static void need_makers(virtual_state& state) {
        for (size_t i = state.facts.size(); i-- > 0;) {
            const state_fact& fact = state.facts[i];
            if (!fact.needed) continue;
            for (uint32_t a = 0; a < fact.argument_count; ++a)
                if (uint32_t maker = state.values[state.arguments[fact.first_argument + a]].maker; maker != none)
                    state.facts[maker].needed = true;
        }
    }

    // What doesn't match is noted for the next attempt.
    void note(const state_matcher::mismatch& m) {
        const state_value& at = w_.state_->values[m.value];
        switch (m.what) {
        case state_matcher::knowledge:
            if (at.source < saved_.values) w_.values[at.source].widened |= m.knowledge;
            break;
        case state_matcher::not_virtual: to_force_.push_back(at.source); break;
        case state_matcher::place_differs:
            if (m.fact != none && !w_.state_->facts[m.fact].is_heap)
                drop(w_.state_->facts[m.fact]);
            else
                split_.push_back(m.place);
            break;
        case state_matcher::fact_unknown: drop(w_.state_->facts[m.fact]); break;
        }
    }

    void drop(const state_fact& fact) {
        if (!fact.is_heap)
            w_.pure.entries[fact.entry].dropped = true;
        else if (fact.pending)
            to_flush_.push_back(fact.slot);
        else
            saved_.heap.slots[fact.slot].known[fact.entry].dropped = true;
    }

    void emit_jump(const virtual_state& state, const state_matcher& matched) {
        size_t bodies = w_.input.token->targets.size();
        w_.body_target_ = w_.input.token->add_target(w_.recorded.operations[label_].description->name + ".body" +
                                                     (bodies > 1 ? std::to_string(bodies) : ""));
        w_.emitted[w_.body_label_].what.description = w_.body_target_;
        // A leaf of a fact that nobody needs is not used either; its place in the list is filled all the same.
        std::vector<value_id> values;
        for (uint32_t leaf : state.leaves)
            values.push_back(matched.bound[leaf] != no_value ? matched.bound[leaf]
                                                             : w_.constant(state.values[leaf].type, 0));
        emit_jump_to(w_, *w_.body_target_, values);
    }

    walk& w_;
    uint32_t label_, jump_; // recorded operations
    std::vector<value_id> roots_;
    std::vector<state_place> split_;
    std::vector<uint32_t> to_flush_;
    std::vector<value_id> to_force_;
    bool stores_lost_ = false, last_attempt_ = false;
    struct {
        size_t values, pool, emitted, virtuals, field_nodes, guards, pure_entries;
        uint32_t pure_valid_from, shareable_guard, last_safepoint, units;
        value_id base;
        heap_state heap;
        std::vector<uint32_t> buckets;
        std::vector<value_id> barrier_done, fresh;
        std::vector<marked_place> marked;
        bool frame_escaped, invalidation_guarded;
    } saved_;
};

bool peel_loop(walk& w, step& s, uint32_t label, uint32_t jump) { return loop_peeler(w, label, jump).run(s); }

void walk::need_fact(uint32_t fact) {
    if (state_ && fact < state_->facts.size()) state_->facts[fact].needed = true;
}

void walk::note_pending_done(heap_slot& place) {
    if (state_ && place.lazy_fact != none) pending_done_.push_back(state_->facts[place.lazy_fact].slot);
    place.lazy_fact = none;
}

// ---- which label arguments the body uses
// ------------------------------------------------------------------------------

// The body backwards; an argument of its jump counts when the label's argument is used. Until nothing changes.
void walk::mark_live_body() {
    const virtual_state& state = *state_;
    leaf_live_.assign(state.leaves.size(), false);
    const step &label = emitted[body_label_].what, &jump = emitted.back().what;
    for (bool changed = true; changed;) {
        mark_live_range(body_label_ + 1, emitted.size());
        changed = false;
        for (size_t i = 0; i < leaf_live_.size(); ++i) {
            if (leaf_live_[i] || !live_[values[pool[label.first + i]].definition]) continue;
            leaf_live_[i] = changed = true;
            if (uint32_t made = values[pool[jump.first + i]].definition; made != none) live_[made] = true;
        }
    }
}

// Label and jump list all leaves; those that the body doesn't use are left out.
bool walk::is_passed(size_t emitted_index, uint32_t argument) const {
    if (body_label_ == none || (emitted_index != body_label_ && emitted_index + 1 != emitted.size())) return true;
    return leaf_live_[argument];
}

void walk::finish_body() {
    virtual_state& state = *state_;
    for (size_t i = 0, position = 0; i < state.leaves.size(); ++i) {
        if (!leaf_live_[i]) continue;
        state_value& leaf = state.values[state.leaves[i]];
        leaf.argument = static_cast<uint32_t>(position++);
        body_target_->kinds.push_back(leaf.type);
    }
    body_target_->state = std::move(state_);
}

} // namespace heddle::jit
