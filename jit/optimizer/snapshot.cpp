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
    return op != opcode::guard_not_forced && op != opcode::guard_not_invalidated && op != opcode::guard_no_break &&
           op != opcode::guard_always_fails;
}
} // namespace

uint32_t new_guard_number() { return next_guard_number++; }

// One pass: a value gets its number when it is first met, and is written at once.
class guard_capture {
public:
    guard_capture(walk& w, const step& s, uint32_t stamp)
        : walk_(w), step_(s), stamp_(stamp), virtuals_(w.guard_virtuals), out_(cleared(w.resume_units)) {
        virtuals_.clear();
    }

    // Fail arguments are left at the pool's end. Valid until the next guard is captured.
    void run(emitted_operation& out) {
        out.first_fail = static_cast<uint32_t>(walk_.pool.size());
        write_frames();
        out_.number(walk_.heap.lazy_slots.size());
        for (uint32_t index : walk_.heap.lazy_slots) {
            const heap_slot& slot = walk_.heap.slots[index];
            out_.descriptor(slot.where);
            write(slot.lazy_object);
            write(slot.lazy_value);
            out_.difference(slot.item);
        }
        // Writing a virtual object's parts may find more of them.
        for (size_t i = 0; i < virtuals_.size(); ++i) write_virtual(walk_.virtuals[virtuals_[i]]);
        out_.number(0);
        out.fail_count = static_cast<uint32_t>(walk_.pool.size()) - out.first_fail;
        write_facts();
    }

private:
    static std::vector<uint16_t>& cleared(std::vector<uint16_t>& units) {
        units.clear();
        return units;
    }

    void write_frames() {
        const trace& recorded = walk_.recorded;
        uint32_t frames = 0;
        for (uint32_t f = step_.snapshot; f != none; f = recorded.snapshot_frames[f].parent) ++frames;
        out_.number(frames);
        for (uint32_t f = step_.snapshot; f != none; f = recorded.snapshot_frames[f].parent) {
            const snapshot_frame& frame = recorded.snapshot_frames[f];
            out_.number(frame.jitcode);
            out_.number(frame.pc);
            out_.number(frame.value_count);
            for (uint32_t i = 0; i < frame.value_count; ++i)
                write(walk_.recorded_value(recorded.snapshot_values[frame.first_value + i]));
        }
    }

    void write_virtual(const virtual_object& object) {
        out_.number(1);
        out_.descriptor(object.shape);
        uint32_t count = 0;
        for (uint32_t n = object.first_node; n != none; n = walk_.field_nodes[n].next) ++count;
        out_.number(count);
        for (uint32_t n = object.first_node; n != none; n = walk_.field_nodes[n].next) {
            out_.descriptor(walk_.field_nodes[n].field);
            write(walk_.field_nodes[n].value);
        }
        out_.number(object.item_count);
        for (uint32_t i = 0; i < object.item_count; ++i) write(walk_.pool[object.first_item + i]);
    }

    void write(value_id id) {
        if (id == no_value) return out_.value({});
        id = walk_.find(id);
        value& v = walk_.values[id];
        if (!v.is_constant && v.guard_stamp != stamp_) {
            v.guard_stamp = stamp_;
            if (v.virtual_index != none) {
                v.guard_index = static_cast<uint32_t>(virtuals_.size());
                virtuals_.push_back(v.virtual_index);
            } else {
                v.guard_index = fail_count_++;
                walk_.pool.push_back(id);
            }
        }
        write_numbered(v);
    }
    void write_numbered(const value& v) {
        resume_value::source from = v.is_constant             ? resume_value::constant
                                    : v.virtual_index != none ? resume_value::virtual_object
                                                              : resume_value::fail_argument;
        out_.value({from, v.type, v.guard_index, 0});
    }

    // What memory is known to hold, as far as the fail arguments can tell it.
    void write_facts() {
        size_t place = out_.leave_place();
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
    const step& step_;
    uint32_t stamp_;
    uint32_t fail_count_ = 0;
    uint16_t facts_ = 0;
    std::vector<uint32_t>& virtuals_; // numbered so far
    resume_writer out_;
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
        guard_capture(*this, s, ++guard_stamp_).run(out);
        guard.resume = std::make_shared<resume_data>();
        guard.resume->constants = resume_constants_;
        guard.resume->stream = resume_units;
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
