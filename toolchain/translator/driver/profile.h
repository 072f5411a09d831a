// Translation-time profiling: what each phase took. Shown by `heddle build --profile`.
//
// CPU is that of this process and of finished children; peak memory is the highest resident set that this process has
// had so far or that a child of the phase reached. Counts of IR instructions are exact.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace heddle::translator {

struct phase_record {
    std::string name;
    int depth = 0;                       // 0: a phase, 1: a part of one
    double start = 0, wall = 0, cpu = 0; // seconds; start counts from the build's start
    long peak_kilobytes = 0;
    uint64_t instructions_before = 0, instructions_after = 0;
    std::string note; // "12 of 14 files from the cache"
};

class profile {
public:
    profile();
    // Opens a phase; close it with end(). Phases nest one deep.
    size_t begin(std::string name, uint64_t instructions = 0);
    void end(size_t phase, uint64_t instructions = 0, std::string note = "");
    void child_peak(long kilobytes); // of a child that belongs to the open phase
    const std::vector<phase_record>& records() const { return records_; }

    std::string table() const;
    std::string chrome_trace() const; // JSON for chrome://tracing or ui.perfetto.dev
    std::string html_page(const std::string& title) const;

private:
    double start_;
    std::vector<phase_record> records_;
    std::vector<size_t> open_;
    std::vector<double> cpu_at_start_;
};

} // namespace heddle::translator
