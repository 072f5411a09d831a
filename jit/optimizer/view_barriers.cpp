// Markers and barriers of transactions, the last pass in builds that have them (in place of 'barriers'): loads contain
// their marker and stores their barrier, which are flagged away (no_marker, no_barrier) where there was one already.
//
// A marker lasts as long as the transaction, which ends at the earliest in a call that may run interpreted code. One at
// an object's beginning stands for all of it (marks_object); an array's items at unknown indices have one each. The
// barrier of a write to an object of fixed size does for all of it, and lasts until the next collection, which may
// commit what was written in place. What the transaction itself has made needs neither: nobody else sees it. Const
// fields are initialised like that, or, when the collector could run since the object was made, with a barrier.
#include "optimizer/walk.h"
#include <algorithm>

namespace heddle::jit {

namespace {

bool is_done(const std::vector<value_id>& done, value_id object) {
    return std::find(done.begin(), done.end(), object) != done.end();
}

bool is_marked(const walk& w, const marked_place& place) {
    return std::find(w.marked.begin(), w.marked.end(), place) != w.marked.end();
}

marked_place all_of(value_id object) { return {object, no_value}; }

// A read: without a marker, if the place or all of the object has one.
void read(walk& w, step& s, const marked_place& place) {
    if (is_marked(w, place) || is_marked(w, all_of(place.object))) {
        s.flags |= no_marker;
        return;
    }
    w.marked.push_back(place);
    if (place.item == no_value) s.flags |= marks_object;
}

void read_field(walk& w, step& s) {
    if (!static_cast<const field_descr*>(s.description)->immutable) read(w, s, all_of(w.argument(s, 0)));
}

void read_item(walk& w, step& s) {
    if (static_cast<const array_descr*>(s.description)->immutable) return;
    value_id array = w.argument(s, 0), index = w.argument(s, 1);
    read(w, s, w.at(index).is_constant ? all_of(array) : marked_place{array, index});
}

// The barrier leaves markers as wide as what may be written: all of an object of fixed size, some of an array.
bool is_small(const field_descr& field) { return field.owner && field.owner->item_size == 0; }

void write_field(walk& w, step& s) {
    const field_descr& field = *static_cast<const field_descr*>(s.description);
    value_id object = w.argument(s, 0);
    if (field.immutable && is_done(w.fresh, object)) s.flags |= is_fresh;
    if (is_done(w.barrier_done, object)) {
        s.flags |= no_barrier;
        return;
    }
    w.barrier_done.push_back(object);
    if (is_small(field)) w.marked.push_back(all_of(object)); // its barrier has marked all of it
}

void forget_barriers(walk& w) {
    w.barrier_done.clear();
    w.fresh.clear();
}

bool is_short_array(walk& w, const step& s) {
    int64_t length;
    return w.is_constant_int(w.argument(s, 0), length) && length >= 0 && length < 256;
}

} // namespace

bool optimise_view_barriers(walk& w, step& s) {
    switch (s.op) {
    case opcode::getfield: read_field(w, s); return false;
    case opcode::setfield: write_field(w, s); return false;
    case opcode::getarrayitem: read_item(w, s); return false;
    case opcode::setarrayitem:
        if (is_done(w.barrier_done, w.argument(s, 0))) s.flags |= no_barrier;
        return false;
    case opcode::new_object:
    case opcode::new_array: // the collector may run
        forget_barriers(w);
        if (s.op == opcode::new_object || is_short_array(w, s)) {
            w.barrier_done.push_back(s.result);
            w.fresh.push_back(s.result);
        }
        w.marked.push_back(all_of(s.result));
        return false;
    case opcode::call:
    case opcode::call_pure: {
        const effect_info& effects = static_cast<const call_descr*>(s.description)->effects;
        if (effects.may_collect) forget_barriers(w);
        if (effects.may_run_portal || effects.writes_anything) w.marked.clear();
        return false;
    }
    case opcode::call_may_force:
    case opcode::call_assembler:
        forget_barriers(w);
        w.marked.clear();
        return false;
    default: return false;
    }
}

} // namespace heddle::jit
