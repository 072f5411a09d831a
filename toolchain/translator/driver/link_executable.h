// Phase 7: the objects and Heddle's libraries become the executable. Also: where things are.
#pragma once
#include "targets.h"
#include <string>
#include <vector>

namespace heddle::translator {

class profile;

struct executable_inputs {
    std::vector<std::string> objects;
    std::vector<std::string> libraries; // of the interpreter, for -l
    const target& machine;
    bool jit = false;
    bool is_static = false;
    bool stm = false;
};

bool link_executable(const executable_inputs& inputs, const std::string& compiler, const std::string& output,
                     profile& times, std::string& error);

// clang++ of LLVM 19: HEDDLE_CLANG, else clang++-19 or clang++ from PATH. Empty: 'error' says what to do.
std::string find_compiler(std::string& error);
// The folder that holds bin/heddle, include/ and lib/.
std::string installation_directory();
// HEDDLE_CACHE, else .heddle-cache beside the output.
std::string cache_directory(const std::string& output);
// For what has no output: XDG_CACHE_HOME/heddle, ~/.cache/heddle or /tmp/heddle-cache.
std::string user_cache_directory();

} // namespace heddle::translator
