// Write barriers, the last pass: setfield and setarrayitem contain their barrier; it is flagged away (no_barrier) where
// it can't be needed: the value is a constant, the object was made since the last safepoint, or the object's barrier
// has run since then (for fields: arrays remember items card by card).
//
// A constant object is a root for ever and never moves (jit_runtime::keep): though it may still be young when the
// machine code first runs, the next minor collection promotes it where it is, and marking reaches it as a root.
#include "optimizer/walk.h"
#include <algorithm>

namespace heddle::jit {

namespace {

bool store(walk& w, step& s, bool is_array, bool is_reference) {
    if (!is_reference) return false;
    value_id object = w.argument(s, 0), stored = w.argument(s, s.count - 1);
    if (w.at(stored).is_constant) {
        s.flags |= no_barrier;
        return false;
    }
    if (std::find(w.barrier_done.begin(), w.barrier_done.end(), object) != w.barrier_done.end()) {
        s.flags |= no_barrier;
        return false;
    }
    if (!is_array) w.barrier_done.push_back(object);
    return false;
}

} // namespace

bool optimise_barriers(walk& w, step& s) {
    switch (s.op) {
    case opcode::setfield: {
        const field_descr& field = *static_cast<const field_descr*>(s.description);
        return store(w, s, false, field.shape.is_reference && !field.owner_is_global);
    }
    case opcode::setarrayitem:
        return store(w, s, true, static_cast<const array_descr*>(s.description)->shape.is_reference);
    case opcode::new_object:
    case opcode::new_array:
        // Young until the next safepoint: a fresh object's barrier has nothing to do. A large array is old at once.
        w.barrier_done.clear();
        if (s.op == opcode::new_object)
            w.barrier_done.push_back(s.result);
        else if (int64_t length; w.is_constant_int(w.argument(s, 0), length) && length >= 0 && length < 256)
            w.barrier_done.push_back(s.result);
        return false;
    case opcode::call:
    case opcode::call_pure:
        if (static_cast<const call_descr*>(s.description)->effects.may_collect) w.barrier_done.clear();
        return false;
    case opcode::call_may_force:
    case opcode::call_assembler: w.barrier_done.clear(); return false;
    default: return false;
    }
}

} // namespace heddle::jit
