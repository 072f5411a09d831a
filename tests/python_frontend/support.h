// Shared by the front end's tests: data files and error kinds' names.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include "frontend/compile.h"

namespace heddle::python::testing {

inline std::string read_data(const std::string& name) {
    std::ifstream file(std::string(HEDDLE_TEST_DATA) + "/" + name, std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
}

inline const char* kind_name(syntax_error_kind kind) {
    static constexpr const char* names[] = {"SyntaxError", "IndentationError", "TabError",
                                            "ValueError",  "MemoryError",      "RecursionError"};
    return names[static_cast<int>(kind)];
}

// "ok", or the error's kind and message.
inline std::string verdict(const compile_result& result) {
    return result ? "ok" : std::string(kind_name(result.error.kind)) + ": " + result.error.message;
}

inline std::string compile_verdict(std::string_view source, compile_mode mode = compile_mode::exec) {
    return verdict(compile(source, "x.py", mode));
}

} // namespace heddle::python::testing
