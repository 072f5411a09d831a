// Errors and warnings about the VM author's source: where, what, what to do. Collected, so that one build shows them
// all.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llvm {
class Function;
class Instruction;
class Value;
} // namespace llvm

namespace heddle::translator {

struct place_in_source {
    std::string file;         // as clang saw it; empty when unknown
    uint32_t line = 0;        // 0 when unknown
    std::string text() const; // "list.cpp:12", or "?"
};

// The line of the source that an instruction or function comes from (of the outermost caller when the location is an
// inlined DSL header's).
place_in_source place_of(const llvm::Instruction& instruction);
place_in_source place_of(const llvm::Function& function);
std::string demangle(std::string_view symbol); // "W_List::add(W_Object*)"
std::string readable_name(const llvm::Function& function);

struct diagnostic {
    bool is_error = false;
    place_in_source place;
    std::string message, mend;
};

class diagnostics {
public:
    // message: what is wrong, mend: what to do about it; both without a full stop at the end.
    void error(place_in_source place, std::string message, std::string mend);
    void warning(place_in_source place, std::string message, std::string mend);
    bool has_errors() const { return error_count_ != 0; }
    const std::vector<diagnostic>& all() const { return all_; }
    // "file:12: error: message; mend" lines, errors first, each once.
    std::string text() const;

private:
    std::vector<diagnostic> all_;
    size_t error_count_ = 0;
};

} // namespace heddle::translator
