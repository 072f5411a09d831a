// `heddle explain`: of each function, whether the JIT traces into it, and if not, why and where.
#pragma once
#include <string>

namespace heddle::translator {

struct explain_options {
    std::string what;       // an executable or a folder
    std::string function;   // empty: all
};

int explain(const explain_options& options);

} // namespace heddle::translator
