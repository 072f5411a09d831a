// libFuzzer target: any bytes must give a verified code_unit or an error with a message, never a crash.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "frontend/compile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace heddle::python;
    if (size == 0) return 0;
    // The first byte chooses the mode.
    auto mode = data[0] % 8 == 0 ? compile_mode::eval : data[0] % 8 == 1 ? compile_mode::single : compile_mode::exec;
    std::string_view source(reinterpret_cast<const char*>(data + 1), size - 1);
    compile_result result = compile(source, "fuzz.py", mode);
    if (!result) {
        bool has_message = !result.error.message.empty() || result.error.kind == syntax_error_kind::memory_error;
        if (!has_message || result.error.message.rfind("internal", 0) == 0) {
            std::fprintf(stderr, "bad error: %s\n", result.error.format().c_str());
            std::abort();
        }
        result.error.format();
        return 0;
    }
    std::string problem = verify(*result.code);
    if (!problem.empty()) {
        std::fprintf(stderr, "%s\n", problem.c_str());
        std::abort();
    }
    dump(*result.code);
    return 0;
}
