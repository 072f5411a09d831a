// The machines that heddle builds for: what clang must be told, where the headers and libraries are, what is missing.
//
// x86_64 is this machine. Others are cross targets: their headers and libraries are in a sysroot
// (INSTALLATION/sysroot-NAME or HEDDLE_SYSROOT), Heddle's own archives in INSTALLATION/NAME/lib.
#pragma once
#include <string>
#include <vector>

namespace heddle::translator {

struct target {
    std::string name, description;
    std::string architecture;                    // as LLVM's triples begin
    std::vector<std::string> compiler_arguments; // none for this machine
    std::vector<std::string> linker_arguments;
    std::string library_directory; // Heddle's archives
    std::string sysroot;           // empty for this machine
    std::string libraries_folder;  // in the sysroot
    std::string machine_code;      // what --jit executables run traces with
};

// Null for a name that is none: 'error' says which there are.
const target* find_target(const std::string& name, std::string& error);
// One line for each thing that a build for it lacks, with the mend; empty when it can be built for.
std::vector<std::string> missing_for(const target& t);
// The text of `heddle targets`.
std::string describe_targets();

} // namespace heddle::translator
