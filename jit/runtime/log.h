// HEDDLE_LOG=jit-trace,jit-opt,jit-asm,jit-summary:FILE. A section is '[jit-opt] loop #3 (...)', text, an empty line.
// FILE - is stderr; the file is written anew.
#pragma once
#include <cstdio>
#include <string>
#include <string_view>

namespace heddle::jit {

class log {
public:
    ~log() { close(); }
    std::string open_from_environment(); // an error in one line, or ""
    void close();
    bool traces() const { return traces_; }
    bool optimised() const { return optimised_; }
    bool listings() const { return listings_; }
    bool shows_traces() const { return traces_ || optimised_ || listings_; }
    bool summary() const { return summary_; }
    void section(std::string_view name, std::string_view title, std::string_view text);

private:
    std::FILE* file_ = nullptr;
    bool traces_ = false, optimised_ = false, listings_ = false, summary_ = false;
};

} // namespace heddle::jit
