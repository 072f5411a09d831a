// Brings a portal into the form in which only the merge point's variables, exactly as the marker call passes them, are
// live over the merge point. Then the JIT can enter there with nothing but these words, on the native side and in
// jitcode alike.
//
// Values that can be computed anew from the variables (casts of them, addresses in them) are computed anew behind the
// merge point; any other live value is an error: a local variable that the author forgot to name.
#pragma once
#include "../drivers.h"

namespace heddle::translator {

void canonicalise_merge_point(const driver& d, diagnostics& problems);
// Each can_enter_jit leads straight to the merge point, which then sees the same variables.
void check_can_enter_jit(const driver& d, diagnostics& problems);

} // namespace heddle::translator
