// The blackhole: executes jitcode without recording, from frames that resume data or the meta-interpreter left, until
// the portal is at a merge point (where native code can go on) or has returned.
//
// Functions called on the way run natively where that is possible; an inner portal frame that comes to its merge point
// is run to its end natively (or in machine code), too.
#pragma once
#include "metainterp/frame.h"
#include "runtime/state.h"

namespace heddle::jit {

// Frames from 'base' to the stack's top; they are popped. At a merge point the greens and reds are in 'buffer'.
outcome run_blackhole(jit_runtime& runtime, frame* base, word* buffer);

} // namespace heddle::jit
