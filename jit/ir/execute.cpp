// Operations whose number is known at run time only. See execute.h.
#include "ir/execute.h"
#include <cstdio>
#include <cstdlib>

namespace heddle::jit {

void execution::not_executable(opcode op) {
    std::fprintf(stderr, "heddle: execute_operation: '%s' is a call, guard or control operation\n",
                 info(op).name.data());
    std::abort();
}

word execute_operation(opcode op, const descr* d, const word* arguments, bool& overflow) {
    return execute(op, d, arguments, overflow);
}

} // namespace heddle::jit
