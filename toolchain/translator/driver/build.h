// `heddle build`: runs the phases in order. See docs/architecture.md, "The pipeline".
#pragma once
#include <string>

namespace heddle::translator {

struct build_options {
    std::string directory; // of the interpreter's sources
    std::string output;    // the executable to write
    bool jit = true;
    bool stm = false;      // only without the JIT
    int optimisation = 2;  // 0 to 3
    unsigned parallel = 0; // 0: one job a core
    bool profile = false;
    std::string profile_base;      // files BASE.json and BASE.html; empty: only the table
    std::string target = "x86_64"; // of targets.h
    std::string keep_ir;           // folder for NN-phase.ll; empty: none
};

// The exit status: 0 done, 1 the sources or the system are at fault (messages went to stderr), 2 wrong use.
int build(const build_options& options);

// The phases up to the codewriter, for the records of explain.h. The exit status; messages went to stderr.
int explain_directory(const std::string& directory, std::string& records);

} // namespace heddle::translator
