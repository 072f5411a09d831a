// Running child programs (clang, the linker), several at once, with their use of CPU and memory.
#pragma once
#include <string>
#include <vector>

namespace heddle::translator {

struct process_result {
    int exit_status = -1; // -1: could not be started, or killed by a signal
    std::string output;   // stdout and stderr together
    double cpu_seconds = 0;
    double wall_seconds = 0;
    long peak_kilobytes = 0;
};

// Runs the commands (argv each, found through PATH), at most 'parallel' at a time. Results are in the commands' order.
std::vector<process_result> run_processes(const std::vector<std::vector<std::string>>& commands, unsigned parallel);
inline process_result run_process(const std::vector<std::string>& command) { return run_processes({command}, 1)[0]; }

// The path of a program: 'name' itself if it contains a slash, else looked up in PATH; empty when there is none.
std::string find_program(const std::string& name);
// The directory that holds the running executable.
std::string executable_directory();

} // namespace heddle::translator
