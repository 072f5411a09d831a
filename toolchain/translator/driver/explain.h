// `heddle explain`: of each function, whether the JIT traces into it, and if not, why and where.
//
// The records are made by the codewriter's decisions, one line a function, and put into the executable's section
// .heddle_explain; for a folder the phases up to the codewriter run anew.
#pragma once
#include <string>

namespace llvm {
class Module;
} // namespace llvm

namespace heddle::translator {

struct codewriter_result;

struct explain_options {
    std::string what;     // an executable or a folder
    std::string function; // only functions whose name contains it; empty: all
};

// The exit status: 0, 1 when nothing matches or the sources are at fault, 2 for wrong use.
int explain(const explain_options& options);

// Of an executable built with --stm: each place that makes transactions inevitable, and why.
//
// "traced\tNAME\tFILE:LINE\t\n" or "native\tNAME\tFILE:LINE\tREASON\n" for each function, sorted by name.
std::string explain_records(const llvm::Module& module, const codewriter_result& written);
void embed_explain_records(llvm::Module& module, const std::string& records);

} // namespace heddle::translator
