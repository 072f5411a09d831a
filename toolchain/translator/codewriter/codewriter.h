// The codewriter: the interpreter's functions, as normalised LLVM IR, become jitcodes for the JIT (phase 4 of the
// translator).
//
// It runs after the analyses and before anything is lowered. It reads the module and adds to it: thunks and adapters
// (thunks.h), and heddle_jit_image, the program_image that the JIT's runtime loads. What it can't express stays native,
// with a reason.
#pragma once
#include "heddle/jit/program.h"
#include <memory>
#include <string>

namespace llvm {
class Module;
} // namespace llvm

namespace heddle::translator {

class annotations;
class class_layouts;
class diagnostics;
struct driver;

struct codewriter_result {
    std::unique_ptr<jit::program> program; // addresses are symbol numbers
    size_t image_size = 0;
    std::string summary() const; // one line for the profile
    std::string text() const;    // every jitcode, for people and tests
};

namespace codewriter {

codewriter_result write(llvm::Module& module, const class_layouts& layouts, const std::vector<driver>& drivers,
                        const annotations& hints, diagnostics& problems, bool transactions);

} // namespace codewriter
} // namespace heddle::translator
