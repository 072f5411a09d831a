// Phase 1: each source file to LLVM bitcode, with a cache.
//
// A cached file is used when nothing it was made from has changed: the compiler, its arguments, and the content of the
// source and of every header it included (their hashes stand in a list beside the bitcode).
#pragma once
#include "sources.h"
#include <string>
#include <vector>

namespace heddle::translator {

class profile;

struct compile_result {
    std::vector<std::string> bitcode; // paths, one for each source
    unsigned from_cache = 0;
    unsigned precompiled = 0; // headers, in this build
    std::string messages;     // the compiler's, for the user (warnings too)
    bool failed = false;
};

// include_directory: of the DSL. cache_directory is created. Errors are in 'messages', one or many lines.
compile_result compile_sources(const interpreter_sources& sources, const std::string& compiler,
                               const std::vector<std::string>& target_arguments, const std::string& include_directory,
                               const std::string& cache_directory, unsigned parallel, profile& times);

} // namespace heddle::translator
