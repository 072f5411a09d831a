// See explain.h.
#include "explain.h"
#include <cstdio>

namespace heddle::translator {

int explain(const explain_options& options) {
    std::fprintf(stderr, "heddle: %s: explain is not there yet\n", options.what.c_str());
    return 1;
}

} // namespace heddle::translator
