// Phase 5, portals: the native side of entering and leaving the JIT. See design: jit.md, "Portal", and
// heddle/jit/runtime.h.
//
// f(arguments) becomes a wrapper of f.portal(arguments, resume_buffer). With a resume_buffer, f.portal starts at the
// merge point with the greens and reds from there (heddle_jit_runner_<i> calls it so). can_enter_jit, and each way from
// the function's start to the merge point, counts; when the counter strikes, the runtime is asked, and answers: carry
// on, return this, or go on at the merge point with these values.
#pragma once
#include "../drivers.h"

namespace heddle::translator {

// With a JIT: transforms all portals; defines the runners and a constructor that registers heddle_jit_image.
void transform_portals(llvm::Module& module, drivers& all);

} // namespace heddle::translator
