// Calls: elidable ones fold and are shared, loop-invariant ones are done once a trace, all others invalidate what they
// may.
//
// An elidable call with constant arguments runs now, unless it fails (leaves an error pending): then it stays. A
// failing call is never shared either, because the guard after the first one leaves the trace.
#include "heddle/gc/gc.h"
#include "optimizer/walk.h"
#include "runtime/parallel.h"

namespace heddle::jit {

namespace {

constexpr uint32_t most_folded_arguments = 12;

bool fold_call(walk& w, step& s, const call_descr& callee) {
    word words[most_folded_arguments];
    if (!may_run_interpreter() || (callee.effects.reads_thread_root && !for_one_thread())) return false;
    if (!callee.thunk || s.count > most_folded_arguments || callee.result == kind::none) return false;
    for (uint32_t i = 0; i < s.count; ++i)
        if (!w.is_constant(w.argument(s, i), words[i])) return false;
    void* error_before = heddle_thread.error;
    word value = 0;
    callee.thunk(reinterpret_cast<void*>(words[0]), words + 1, &value);
    if (heddle_thread.error != error_before) {
        heddle_thread.error = error_before;
        return false;
    }
    return w.replace(s, w.computed_constant(callee.result, value));
}

} // namespace

bool optimise_calls(walk& w, step& s) {
    if (s.op != opcode::call_pure && s.op != opcode::call) return false;
    const call_descr& callee = *static_cast<const call_descr*>(s.description);
    bool is_shared = s.op == opcode::call_pure || callee.effects.loop_invariant;
    if (s.op == opcode::call_pure && fold_call(w, s, callee)) return true;
    if (!is_shared || callee.result == kind::none) return false;
    std::vector<value_id> arguments;
    for (uint32_t i = 0; i < s.count; ++i) arguments.push_back(w.argument(s, i));
    value_id known = w.find_pure(opcode::call_pure, s.description, arguments);
    if (known != no_value) return w.replace(s, known);
    w.remember_pure(opcode::call_pure, s.description, arguments, s.result);
    return false;
}

} // namespace heddle::jit
