// See refusals.h.
#include "../refusals.h"
#include "../class_layouts.h"
#include "../diagnostics.h"

namespace heddle::translator {

void check_sources(llvm::Module&, diagnostics&) {}
void check_classes(llvm::Module&, const class_layouts&, diagnostics&) {}

} // namespace heddle::translator
