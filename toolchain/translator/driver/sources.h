// Which files make up an interpreter: all *.cpp below its folder, or what its heddle.json says:
//     { "sources": ["src/*.cpp"], "include": ["src"], "libraries": ["gmp"], "defines": ["NAME=1"] }
// Globs are relative to the folder; * stays within a folder, ** does not. Every key is optional. With "static": true
// the executable holds all libraries, those of the system too: it starts faster (nothing is looked up and relocated),
// and can't load code at run time (dlopen, the name services of glibc).
#pragma once
#include <string>
#include <vector>

namespace heddle::translator {

struct interpreter_sources {
    std::vector<std::string> files;     // sorted paths, each beginning with the folder as it was given
    std::vector<std::string> include;   // folders
    std::vector<std::string> libraries; // names for -l
    std::vector<std::string> defines;
    bool link_statically = false;
};

// False and one line in 'error'.
bool find_sources(const std::string& directory, interpreter_sources& result, std::string& error);

} // namespace heddle::translator
