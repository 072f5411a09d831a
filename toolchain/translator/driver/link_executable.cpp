// Phase 7. lib/heddle_jit.libraries, written by CMake, names what the JIT itself needs (asmjit).
#include "link_executable.h"
#include "process.h"
#include "profile.h"
#include <cstdlib>
#include <fstream>

namespace heddle::translator {

std::string find_compiler(std::string& error) {
    std::vector<std::string> candidates = {"clang++-19", "/usr/lib/llvm-19/bin/clang++", "clang++"};
    if (const char* chosen = std::getenv("HEDDLE_CLANG")) candidates = {chosen};
    for (auto& name : candidates) {
        std::string path = find_program(name);
        if (path.empty()) continue;
        std::string version = run_process({path, "--version"}).output;
        if (version.find("version 19.") != std::string::npos) return path;
    }
    error = "clang 19 is needed (" + candidates[0] +
            " was not found or is another version); install clang-19, or set HEDDLE_CLANG to its path";
    return "";
}

std::string installation_directory() {
    std::string bin = executable_directory();
    return bin.substr(0, bin.rfind('/'));
}

std::string cache_directory(const std::string& output) {
    if (const char* chosen = std::getenv("HEDDLE_CACHE")) return chosen;
    size_t slash = output.rfind('/');
    return (slash == std::string::npos ? "." : output.substr(0, slash)) + "/.heddle-cache";
}

std::string user_cache_directory() {
    if (const char* chosen = std::getenv("XDG_CACHE_HOME"); chosen && *chosen) return std::string(chosen) + "/heddle";
    if (const char* home = std::getenv("HOME"); home && *home) return std::string(home) + "/.cache/heddle";
    return "/tmp/heddle-cache";
}

bool link_executable(const executable_inputs& inputs, const std::string& compiler, const std::string& output,
                     profile& times, std::string& error) {
    std::vector<std::string> command = {compiler,  "-fuse-ld=lld", "-no-pie", "-Wl,--gc-sections",
                                        "-Wl,-O1", "-o",           output};
    // Shared functions are found at once. The lazy way saves all vector registers on the stack, where the collector
    // took what was left of the nursery's own addresses for roots: each minor collection walked half the nursery.
    command.push_back(inputs.is_static ? "-static" : "-Wl,-z,now");
    const target& machine = inputs.machine;
    command.insert(command.end(), machine.compiler_arguments.begin(), machine.compiler_arguments.end());
    command.insert(command.end(), machine.linker_arguments.begin(), machine.linker_arguments.end());
    command.insert(command.end(), inputs.objects.begin(), inputs.objects.end());
    command.push_back("-Wl,--start-group");
    for (const char* name : inputs.stm ? std::vector{"stm"} : std::vector{"rt", "gc"})
        command.push_back(machine.library_directory + "/libheddle_" + name + ".a");
    if (inputs.jit) {
        command.push_back(machine.library_directory + "/libheddle_jit" + (inputs.stm ? "_stm" : "") + ".a");
        std::ifstream needed(machine.library_directory + "/heddle_jit.libraries");
        for (std::string item; needed >> item;) command.push_back(item);
    } else {
        command.push_back(machine.library_directory + "/libheddle_no_jit.a");
    }
    command.push_back("-Wl,--end-group");
    for (auto& library : inputs.libraries) command.push_back("-l" + library);
    process_result result = run_process(command);
    times.child_peak(result.peak_kilobytes);
    if (result.exit_status == 0) return true;
    error = "linking " + output + " failed:\n" + result.output;
    return false;
}

} // namespace heddle::translator
