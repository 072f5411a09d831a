// Recording a bridge as a meta-interpreter would: rebuild what the resume data describes, run on, invert the guard that
// fails.
#include "heddle/jit/backend.h"
#include "support/concrete_run.h"

namespace heddle::test {

using namespace jit;

namespace {

class bridge_recorder {
public:
    bridge_recorder(const trace& recorded, const exit_state& exit)
        : recorded_(recorded), run_(recorded), names_(recorded.operations.size()) {
        position_ = rebuild(run_, recorded, exit);
        const guard_data& guard = *exit.guard;
        for (kind k : guard.fail_kinds) inputs_.push_back(bridge_.add(input_of(k), {}));
        contents_ = decode(*guard.resume);
    }

    trace run() {
        record_resume_data();
        if (position_ && (info(recorded_.operations[position_ - 1].op).flags & OVERFLOW)) --position_;
        while (record(position_)) ++position_;
        return std::move(bridge_);
    }

private:
    void record_resume_data() {
        for (const resume_virtual& object : contents_.virtuals) {
            bool is_array = object.shape->type == descr_type::array;
            value_ref length = bridge_.make_int(static_cast<int64_t>(object.items.size()));
            virtuals_.push_back(is_array ? bridge_.add(opcode::new_array, {length}, object.shape)
                                         : bridge_.add(opcode::new_object, {}, object.shape));
            // References to objects made later follow below.
            if (!is_array)
                for (auto& [field, v] : object.fields)
                    store(field, -1, virtuals_.back(), is_early(v) ? value(v) : zero_of(v));
            else
                for (size_t i = 0; i < object.items.size(); ++i)
                    store(object.shape, static_cast<int64_t>(i), virtuals_.back(),
                          is_early(object.items[i]) ? value(object.items[i]) : zero_of(object.items[i]));
        }
        for (size_t n = 0; n < contents_.virtuals.size(); ++n) {
            const resume_virtual& object = contents_.virtuals[n];
            for (auto& [field, v] : object.fields)
                if (v.from == resume_value::virtual_object) store(field, -1, virtuals_[n], value(v));
            for (size_t i = 0; i < object.items.size(); ++i)
                if (object.items[i].from == resume_value::virtual_object)
                    store(object.shape, static_cast<int64_t>(i), virtuals_[n], value(object.items[i]));
        }
        for (const resume_store& s : contents_.stores) store(s.where, s.item, value(s.object), value(s.value));
        uint32_t frame = recorded_.operations[position_].snapshot;
        for (const resume_frame& f : contents_.frames) {
            const snapshot_frame& expected = recorded_.snapshot_frames[frame];
            for (uint32_t i = 0; i < expected.value_count; ++i) {
                value_ref v = recorded_.snapshot_values[expected.first_value + i];
                if (!v.is_none()) names_[v.index()] = value(f.values.at(i));
            }
            frame = expected.parent;
        }
    }

    static bool is_early(const resume_value& v) { return v.from != resume_value::virtual_object; }
    value_ref zero_of(const resume_value& v) { return bridge_.make_constant(v.type, 0); }
    value_ref value(const resume_value& v) {
        if (v.from == resume_value::fail_argument) return inputs_.at(v.index);
        if (v.from == resume_value::virtual_object) return virtuals_.at(v.index);
        return bridge_.make_constant(v.type, v.value);
    }
    void store(const descr* where, int64_t item, value_ref object, value_ref stored) {
        if (item < 0)
            bridge_.add(opcode::setfield, {object, stored}, where);
        else
            bridge_.add(opcode::setarrayitem, {object, bridge_.make_int(item), stored}, where);
    }

    value_ref name(value_ref v) {
        if (v.is_none()) return v;
        if (v.is_result()) return names_[v.index()];
        return bridge_.make_constant(recorded_.constants[v.index()].type, recorded_.constants[v.index()].value);
    }

    // False: the bridge has ended.
    bool record(uint32_t index) {
        const operation& o = recorded_.operations[index];
        std::vector<value_ref> args;
        for (value_ref v : recorded_.arguments_of(o)) args.push_back(name(v));
        if (is_guard(o.op) && !run_.holds(o)) {
            if (opcode opposite = inverse(o.op); opposite != opcode::count) add_guard(opposite, args, o.snapshot);
            add_guard(opcode::guard_always_fails, {}, o.snapshot);
            return false;
        }
        if (is_guard(o.op)) return add_guard(o.op, args, o.snapshot), true;
        names_[index] = bridge_.add(o.op, args, o.description);
        if (o.op == opcode::finish || o.op == opcode::jump) return false;
        run_.step(index);
        return true;
    }

    static opcode inverse(opcode op) {
        switch (op) {
        case opcode::guard_true: return opcode::guard_false;
        case opcode::guard_false: return opcode::guard_true;
        case opcode::guard_nonnull: return opcode::guard_is_null;
        case opcode::guard_is_null: return opcode::guard_nonnull;
        case opcode::guard_overflow: return opcode::guard_no_overflow;
        case opcode::guard_no_overflow: return opcode::guard_overflow;
        default: return opcode::count;
        }
    }

    void add_guard(opcode op, const std::vector<value_ref>& args, uint32_t snapshot) {
        bridge_.add(op, args);
        bridge_.operations.back().snapshot = copy_frames(snapshot);
    }
    uint32_t copy_frames(uint32_t frame) {
        if (frame == UINT32_MAX) return frame;
        const snapshot_frame f = recorded_.snapshot_frames[frame];
        uint32_t parent = copy_frames(f.parent), first = static_cast<uint32_t>(bridge_.snapshot_values.size());
        for (uint32_t i = 0; i < f.value_count; ++i)
            bridge_.snapshot_values.push_back(name(recorded_.snapshot_values[f.first_value + i]));
        bridge_.snapshot_frames.push_back({f.jitcode, f.pc, first, f.value_count, parent});
        return static_cast<uint32_t>(bridge_.snapshot_frames.size() - 1);
    }

    const trace& recorded_;
    trace bridge_;
    concrete_run run_;
    uint32_t position_;
    resume_contents contents_;
    std::vector<value_ref> inputs_, virtuals_, names_; // names_: by operation of the recorded trace
};

} // namespace

trace make_bridge(const trace& recorded, const exit_state& exit) { return bridge_recorder(recorded, exit).run(); }

} // namespace heddle::test
