// The state of the interpreter at a guard: the recorded snapshot, in terms of the optimised trace's values, becomes
// fail arguments and resume data.
//
// Fail arguments are numbered once each. An object that has not been made is described, with all that only it refers
// to; stores that are still delayed are listed. A guard with no effect between it and an earlier guard shares that
// guard's state: to fail there is to run the operations between them again, and they have no effect. (RPython does the
// same.) That earlier guard must be one that resumes at its own test: see resumes_elsewhere.
#include "optimizer/resume_stream.h"
#include "optimizer/walk.h"

namespace heddle::jit {

namespace {
uint32_t next_guard_number = 1;
constexpr size_t most_facts = 48; // for a bridge

bool is_shareable(opcode op) {
    return op != opcode::guard_not_forced && op != opcode::guard_not_invalidated && op != opcode::guard_always_fails;
}
} // namespace

uint32_t new_guard_number() { return next_guard_number++; }

class guard_capture {
public:
    guard_capture(walk& w, const step& s, uint32_t stamp)
        : walk_(w), step_(s), stamp_(stamp), virtuals_(w.guard_virtuals), frames_(w.guard_frames),
          values_(w.guard_values) {
        virtuals_.clear();
        frames_.clear();
        values_.clear();
    }

    void run(emitted_operation& out, guard_data& guard, const std::shared_ptr<std::vector<word>>& constants) {
        out.first_fail = static_cast<uint32_t>(walk_.pool.size());
        for (uint32_t frame = step_.snapshot; frame != none; frame = walk_.recorded.snapshot_frames[frame].parent) {
            const snapshot_frame& f = walk_.recorded.snapshot_frames[frame];
            for (uint32_t i = 0; i < f.value_count; ++i)
                values_.push_back(number(walk_.recorded_value(walk_.recorded.snapshot_values[f.first_value + i])));
            frames_.push_back(frame);
        }
        for (uint32_t slot : walk_.heap.lazy_slots) {
            number(walk_.heap.slots[slot].lazy_object);
            number(walk_.heap.slots[slot].lazy_value);
        }
        frames_end_ = values_.size();
        // Numbering a virtual's parts may find more virtuals.
        for (size_t i = 0; i < virtuals_.size(); ++i) number_parts(walk_.virtuals[virtuals_[i]]);
        out.fail_count = static_cast<uint32_t>(walk_.pool.size()) - out.first_fail;
        guard.resume = std::make_shared<resume_data>();
        write(walk_.resume_bytes);
        guard.resume->constants = constants;
        guard.resume->stream.assign(walk_.resume_bytes.begin(), walk_.resume_bytes.end());
    }

private:
    // Answers what the value is now: what is written later needn't look for it again.
    value_id number(value_id id) {
        if (id == no_value) return id;
        id = walk_.find(id);
        value& v = walk_.values[id];
        if (v.is_constant || v.guard_stamp == stamp_) return id;
        v.guard_stamp = stamp_;
        if (v.virtual_index != none) {
            v.guard_index = static_cast<uint32_t>(virtuals_.size());
            virtuals_.push_back(v.virtual_index);
        } else {
            v.guard_index = fail_count_++;
            walk_.pool.push_back(id);
        }
        return id;
    }

    void number_parts(const virtual_object& object) {
        for (uint32_t n = object.first_node; n != none; n = walk_.field_nodes[n].next)
            values_.push_back(number(walk_.field_nodes[n].value));
        for (uint32_t i = 0; i < object.item_count; ++i) {
            value_id item = walk_.pool[object.first_item + i]; // the pool may move
            values_.push_back(number(item));
        }
    }

    // Of a numbered value.
    resume_value describe(value_id id) const {
        resume_value d;
        if (id == no_value) return d;
        const value& v = walk_.values[id];
        d.type = v.type;
        d.from = v.is_constant             ? resume_value::constant
                 : v.virtual_index != none ? resume_value::virtual_object
                                           : resume_value::fail_argument;
        d.index = v.guard_index;
        return d;
    }

    void write(std::vector<uint8_t>& stream) {
        stream.clear();
        resume_writer out(stream);
        out.number(virtuals_.size());
        const value_id* parts = values_.data() + frames_end_;
        for (uint32_t index : virtuals_) parts = write_virtual(out, walk_.virtuals[index], parts);
        out.number(walk_.heap.lazy_slots.size());
        for (uint32_t index : walk_.heap.lazy_slots) {
            const heap_slot& slot = walk_.heap.slots[index];
            out.store(
                {slot.where, describe(walk_.find(slot.lazy_object)), describe(walk_.find(slot.lazy_value)), slot.item});
        }
        out.number(frames_.size());
        const value_id* values = values_.data() + frames_end_;
        for (size_t n = frames_.size(); n-- > 0;) {
            const snapshot_frame& f = walk_.recorded.snapshot_frames[frames_[n]];
            out.number(f.jitcode);
            out.number(f.pc);
            out.number(f.value_count);
            values -= f.value_count;
            for (uint32_t i = 0; i < f.value_count; ++i) out.value(describe(values[i]));
        }
        write_facts(out);
    }

    // What memory is known to hold, as far as the fail arguments can tell it.
    void write_facts(resume_writer& out) {
        std::vector<resume_store>& facts = walk_.guard_facts;
        facts.clear();
        auto add = [&](const descr* where, int64_t item, value_id object, value_id held) {
            if (facts.size() == most_facts || !is_passed(object) || !is_passed(held)) return;
            facts.push_back({where, describe(walk_.find(object)), describe(walk_.find(held)), item});
        };
        const pure_table& pure = walk_.pure;
        for (size_t i = pure.loads.size(); i-- > 0 && pure.loads[i] >= pure.valid_from;) {
            const pure_entry& e = pure.entries[pure.loads[i]];
            int64_t item = -1;
            if (e.op == opcode::getarrayitem && !walk_.is_constant_int(walk_.pool[e.first + 1], item)) continue;
            add(e.description, item, walk_.pool[e.first], e.result);
        }
        for (const heap_slot& slot : walk_.heap.slots)
            for (const heap_entry& e : slot.known)
                if (!walk_.changes_by_itself(slot.where, e.object)) add(slot.where, slot.item, e.object, e.value);
        out.number(facts.size());
        for (const resume_store& fact : facts) out.store(fact);
    }
    bool is_passed(value_id id) const {
        const value& v = walk_.values[walk_.find(id)];
        return v.is_constant || (v.guard_stamp == stamp_ && v.virtual_index == none);
    }

    // 'parts' as number_parts left them; answers where they end.
    const value_id* write_virtual(resume_writer& out, const virtual_object& object, const value_id* parts) {
        out.descriptor(object.shape);
        uint32_t count = 0;
        for (uint32_t n = object.first_node; n != none; n = walk_.field_nodes[n].next) ++count;
        out.number(count);
        for (uint32_t n = object.first_node; n != none; n = walk_.field_nodes[n].next) {
            out.descriptor(walk_.field_nodes[n].field);
            out.value(describe(*parts++));
        }
        out.number(object.item_count);
        for (uint32_t i = 0; i < object.item_count; ++i) out.value(describe(*parts++));
        return parts;
    }

    walk& walk_;
    const step& step_;
    uint32_t stamp_;
    uint32_t fail_count_ = 0;
    std::vector<uint32_t>&virtuals_, &frames_; // frames: the innermost first
    std::vector<value_id>& values_;            // of the frames in this order, then of the virtual objects
    size_t frames_end_ = 0;
};

void walk::capture_guard(step& s, emitted_operation& out) {
    if (!input.token) return;
    input.token->guards.push_back(std::make_unique<guard_data>());
    guard_data& guard = *input.token->guards.back();
    guard.number = new_guard_number();
    guard.owner = input.token;
    guard.op = s.op;
    guard.never_bridge = s.flags & never_bridge;
    out.guard = &guard;
    if (shareable_guard != none && is_shareable(s.op) && input.options.guards) {
        const emitted_operation& earlier = emitted[shareable_guard];
        out.first_fail = earlier.first_fail;
        out.fail_count = earlier.fail_count;
        guard.resume = earlier.guard->resume;
    } else {
        guard_capture(*this, s, ++guard_stamp_).run(out, guard, resume_constants_);
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
