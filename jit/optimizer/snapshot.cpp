// The state of the interpreter at a guard: the recorded snapshot, in terms of the optimised trace's values, becomes
// fail arguments and resume data.
//
// Fail arguments are numbered once each. An object that has not been made is described, with all that only it refers
// to; stores that are still delayed are listed.
//
// Neighbouring guards have most of it in common: the callers' frames, and the objects that these hold. So a frame or an
// object is described in a section of its own (resume.cpp), in numbers that hold for the whole trace, and later guards
// link to it as long as it is true. What ends that: a value of which it tells turns out to be a constant, an object of
// which it tells is made or gets other contents. Each value knows the outermost depth of frames, and the object, whose
// sections tell of it (resume_value_changes); a frame's section links to its caller's, so that all deeper ones fall
// with it. A label, where recorded values get other ids, ends all.
//
// A guard with no effect between it and an earlier guard shares that guard's state: to fail there is to run the
// operations between them again, and they have no effect. (RPython does the same.) That earlier guard must be one that
// resumes at its own test: see resumes_elsewhere.
#include "optimizer/walk.h"
#include <algorithm>

namespace heddle::jit {

namespace {
uint32_t next_guard_number = 1;
constexpr size_t most_facts = 48; // for a bridge

bool is_shareable(opcode op) {
    return op != opcode::guard_not_forced && op != opcode::guard_not_invalidated && op != opcode::guard_no_break &&
           op != opcode::guard_always_fails;
}
} // namespace

uint32_t new_guard_number() { return next_guard_number++; }

// One guard's state. Sections that are still true are linked to; others are written anew.
class guard_capture {
public:
    guard_capture(walk& w, const step& s, uint32_t stamp)
        : walk_(w), known_(w.sections), out_(w.resume_out_), step_(s), stamp_(stamp), virtuals_(w.guard_virtuals) {
        virtuals_.clear();
    }

    // Fail arguments are left at the pool's end. The answer: where the guard's own part begins.
    uint32_t run(emitted_operation& out) {
        out.first_fail = static_cast<uint32_t>(walk_.pool.size());
        uint32_t innermost = frames();
        for (uint32_t index : walk_.heap.lazy_slots) {
            pass(walk_.find(walk_.heap.slots[index].lazy_object));
            pass(walk_.find(walk_.heap.slots[index].lazy_value));
        }
        for (size_t i = 0; i < virtuals_.size(); ++i) pass_all(object(virtuals_[i])); // and may find more of them
        out.fail_count = static_cast<uint32_t>(walk_.pool.size()) - out.first_fail;

        uint32_t begin = out_.size();
        out_.number(out.fail_count);
        for (uint32_t i = 0; i < out.fail_count; ++i)
            out_.number(walk_.values[walk_.pool[out.first_fail + i]].guard_index);
        out_.number(virtuals_.size());
        for (uint32_t number : virtuals_) out_.link(known_.objects[number].begin);
        out_.link(innermost);
        write_stores();
        write_facts();
        return begin;
    }

private:
    // ---- frames
    // The section of the innermost frame; callers' sections come before it. Its values are passed first.
    uint32_t frames() {
        const std::vector<snapshot_frame>& recorded = walk_.recorded.snapshot_frames;
        known_.chain.clear();
        for (uint32_t f = step_.snapshot; f != none; f = recorded[f].parent) known_.chain.push_back(f);
        uint32_t caller = none;
        for (size_t i = known_.chain.size(); i-- > 0;) {
            auto depth = static_cast<uint16_t>(std::min<size_t>(known_.chain.size() - 1 - i, no_depth - 1));
            resume_section& section = known_.frames[known_.chain[i]];
            if (!is_true(section, caller)) write_frame(section, recorded[known_.chain[i]], caller, depth);
            caller = section.begin;
        }
        if (known_.chain.empty()) return caller;
        resume_section* callers = known_.chain.size() > 1 ? &known_.frames[known_.chain[1]] : nullptr;
        if (callers && callers->first_of_chain == none) collect_chain(*callers);
        pass_all(known_.frames[known_.chain[0]]);
        if (callers) pass_list(callers->first_of_chain, callers->chain_count);
        return caller;
    }

    // Frames hold much the same values, and many guards have the same callers.
    void collect_chain(resume_section& callers) {
        callers.first_of_chain = static_cast<uint32_t>(known_.values.size());
        for (size_t i = 1; i < known_.chain.size(); ++i) {
            const resume_section& section = known_.frames[known_.chain[i]];
            for (uint32_t n = section.first_value; n < section.first_value + section.value_count; ++n) {
                value_id id = known_.values[n];
                if (walk_.values[id].guard_stamp == stamp_) continue;
                walk_.values[id].guard_stamp = stamp_;
                known_.values.push_back(id);
            }
        }
        callers.chain_count = static_cast<uint32_t>(known_.values.size()) - callers.first_of_chain;
        stamp_ = ++walk_.guard_stamp_;
    }

    bool is_true(const resume_section& section, uint32_t caller) const {
        return section.begin != none && section.caller == caller && section.written >= known_.all_changed_at &&
               section.written >= known_.changed_at[section.depth];
    }

    void write_frame(resume_section& section, const snapshot_frame& frame, uint32_t caller, uint16_t depth) {
        if (depth >= known_.changed_at.size()) known_.changed_at.resize(depth + 1u, 0);
        section = {out_.size(), known_.clock, static_cast<uint32_t>(known_.values.size()), 0, caller, depth};
        out_.link(caller);
        out_.number(frame.jitcode);
        out_.number(frame.pc);
        out_.number(frame.value_count);
        const value_ref* recorded = walk_.recorded.snapshot_values.data() + frame.first_value;
        for (uint32_t i = 0; i < frame.value_count; ++i) {
            value* v = write(walk_.recorded_value(recorded[i]));
            if (v) v->outermost_depth = std::min(v->outermost_depth, depth);
        }
        section.value_count = static_cast<uint32_t>(known_.values.size()) - section.first_value;
    }

    // ---- objects that have not been made
    const resume_section& object(uint32_t number) {
        if (number >= known_.objects.size()) known_.objects.resize(walk_.virtuals.size());
        resume_section& section = known_.objects[number];
        if (section.begin == none || section.written < known_.all_changed_at ||
            section.written < known_.objects_changed_at)
            write_object(section, number);
        return section;
    }

    void write_object(resume_section& section, uint32_t number) {
        const virtual_object& object = walk_.virtuals[number];
        section = {out_.size(), known_.clock, static_cast<uint32_t>(known_.values.size())};
        out_.number(number);
        out_.descriptor(object.shape);
        uint32_t count = 0;
        for (uint32_t n = object.first_node; n != none; n = walk_.field_nodes[n].next) ++count;
        out_.number(count);
        for (uint32_t n = object.first_node; n != none; n = walk_.field_nodes[n].next) {
            out_.descriptor(walk_.field_nodes[n].field);
            write_part(walk_.field_nodes[n].value, number);
        }
        out_.number(object.item_count);
        for (uint32_t i = 0; i < object.item_count; ++i) write_part(walk_.pool[object.first_item + i], number);
        section.value_count = static_cast<uint32_t>(known_.values.size()) - section.first_value;
    }
    void write_part(value_id id, uint32_t number) {
        value* v = write(id);
        if (v && v->holder != number) v->holder = v->holder == none ? number : several_holders;
    }

    // ---- values
    // Null: a constant, or nothing. Others are noted for the section being written.
    value* write(value_id id) {
        if (id == no_value) return out_.value({}), nullptr;
        id = walk_.find(id);
        value& v = walk_.values[id];
        if (!v.is_constant && v.virtual_index == none && v.guard_index == none) v.guard_index = known_.leaves++;
        write_numbered(v);
        if (v.is_constant) return nullptr;
        known_.values.push_back(id);
        return &v;
    }
    void write_numbered(const value& v) {
        if (v.is_constant)
            out_.value({resume_value::constant, v.type, v.guard_index, 0});
        else if (v.virtual_index != none)
            out_.value({resume_value::virtual_object, v.type, v.virtual_index, 0});
        else
            out_.value({resume_value::fail_argument, v.type, v.guard_index, 0});
    }

    void pass_all(const resume_section& section) { pass_list(section.first_value, section.value_count); }
    void pass_list(uint32_t first, uint32_t count) {
        for (uint32_t i = first; i < first + count; ++i) pass(known_.values[i]);
    }
    // The guard has this value: what machine code saves is a fail argument, once.
    void pass(value_id id) {
        value& v = walk_.values[id];
        if (v.guard_stamp == stamp_ || v.is_constant) return;
        v.guard_stamp = stamp_;
        if (v.virtual_index != none) return virtuals_.push_back(v.virtual_index);
        if (v.guard_index == none) v.guard_index = known_.leaves++;
        walk_.pool.push_back(id);
    }

    void write_stores() {
        out_.number(walk_.heap.lazy_slots.size());
        for (uint32_t index : walk_.heap.lazy_slots) {
            const heap_slot& slot = walk_.heap.slots[index];
            out_.descriptor(slot.where);
            write_numbered(walk_.at(slot.lazy_object));
            write_numbered(walk_.at(slot.lazy_value));
            out_.difference(slot.item);
        }
    }

    // What memory is known to hold, as far as the fail arguments can tell it.
    void write_facts() {
        uint32_t place = out_.leave_place();
        const pure_table& pure = walk_.pure;
        for (size_t i = pure.loads.size(); i-- > 0 && pure.loads[i] >= pure.valid_from && facts_ < most_facts;) {
            const pure_entry& e = pure.entries[pure.loads[i]];
            int64_t item = -1;
            if (e.op == opcode::getarrayitem && !walk_.is_constant_int(walk_.pool[e.first + 1], item)) continue;
            write_fact(e.description, item, walk_.pool[e.first], e.result);
        }
        for (const heap_slot& slot : walk_.heap.slots)
            for (const heap_entry& e : slot.known)
                if (facts_ < most_facts) write_fact(slot.where, slot.item, e.object, e.value);
        out_.settle(place, facts_);
    }
    void write_fact(const descr* where, int64_t item, value_id object, value_id held) {
        const value *container = passed(object), *content = container ? passed(held) : nullptr;
        if (!content || walk_.changes_by_itself(where, object)) return;
        out_.descriptor(where);
        write_numbered(*container);
        write_numbered(*content);
        out_.difference(item);
        ++facts_;
    }
    const value* passed(value_id id) const {
        const value& v = walk_.values[walk_.find(id)];
        return v.is_constant || (v.guard_stamp == stamp_ && v.virtual_index == none) ? &v : nullptr;
    }

    walk& walk_;
    resume_sections& known_;
    resume_writer& out_;
    const step& step_;
    uint32_t stamp_;
    uint16_t facts_ = 0;
    std::vector<uint32_t>& virtuals_; // that the guard has
};

void walk::resume_value_changes(const value& v) {
    if (v.outermost_depth != no_depth) sections.changed_at[v.outermost_depth] = ++sections.clock;
    if (v.holder == several_holders)
        sections.objects_changed_at = ++sections.clock;
    else if (v.holder != none)
        resume_object_changes(v.holder);
}

void walk::capture_guard(step& s, emitted_operation& out) {
    if (!input.token) return;
    input.token->guards.push_back(std::make_unique<guard_data>());
    guard_data& guard = *input.token->guards.back();
    guard.number = new_guard_number();
    guard.owner = input.token;
    guard.op = s.op;
    guard.never_bridge = s.flags & never_bridge;
    guard.recorded_after = static_cast<uint32_t>(recorded.operations.size()) - at_;
    out.guard = &guard;
    if (shareable_guard != none && is_shareable(s.op) && input.options.guards) {
        const emitted_operation& earlier = emitted[shareable_guard];
        out.first_fail = earlier.first_fail;
        out.fail_count = earlier.fail_count;
        guard.resume = earlier.guard->resume;
    } else {
        guard.resume = std::make_shared<resume_data>();
        guard.resume->table = resume_table_;
        guard.resume->begin = guard_capture(*this, s, ++guard_stamp_).run(out);
        if (is_shareable(s.op) && !(s.flags & resumes_elsewhere))
            shareable_guard = static_cast<uint32_t>(emitted.size());
    }
    note_fail_arguments(s, out, guard);
}

// For bridges: which fail argument the guard tests, and what classes are known.
void walk::note_fail_arguments(const step& s, const emitted_operation& out, guard_data& guard) {
    for (uint32_t i = 0; i < out.fail_count; ++i) {
        value_id id = pool[out.first_fail + i];
        if (s.count && pool[s.first] == id) guard.tested_argument = static_cast<int32_t>(i);
        if (values[id].relation == frame_relation::frame && !frame_escaped)
            guard.frame_argument = static_cast<int32_t>(i);
        const gc::type_info* known = values[id].exact_class;
        if (i < 64 && (known || values[id].nonnull)) guard.fail_nonnull |= uint64_t{1} << i;
        if (!known) continue;
        guard.fail_classes.resize(out.fail_count, nullptr);
        guard.fail_classes[i] = known;
    }
}

} // namespace heddle::jit
