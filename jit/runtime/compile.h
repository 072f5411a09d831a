// From a recorded trace to machine code: optimise, keep constants alive, assemble, log.
#pragma once
#include "runtime/state.h"

namespace heddle::jit {

// abort_reason::none: compiled. 'closes': a loop, else an entry that ends with finish or a jump elsewhere.
// 'jump_values': what it passes there. 'needs_body': abort_reason::no_body when it would go to its own loop's entry.
abort_reason compile_from_merge_point(jit_runtime& runtime, trace& recorded, cell& place, loop_token& token,
                                      bool closes, std::span<const word> jump_values);
abort_reason compile_bridge(jit_runtime& runtime, trace& recorded, guard_data& guard, std::span<const word> jump_values,
                            bool needs_body);
// A bridge's trace was given up: the guard must fail more often before the next try, and at last is left to the
// blackhole.
void guard_trace_failed(guard_data& guard, uint32_t max_aborts);

} // namespace heddle::jit
