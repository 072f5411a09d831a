// Child programs: posix_spawn with output into an unlinked temporary file (no pipe can fill up), wait4 for their
// figures.
#include "process.h"
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace heddle::translator {

namespace {

using clock_type = std::chrono::steady_clock;

struct running {
    pid_t pid;
    size_t index;
    int output;
    clock_type::time_point start;
};

int temporary_file() {
    const char* directory = std::getenv("TMPDIR");
    std::string name = std::string(directory ? directory : "/tmp") + "/heddle-output-XXXXXX";
    int file = mkostemp(name.data(), O_CLOEXEC);
    if (file >= 0) unlink(name.c_str());
    return file;
}

std::string read_all(int file) {
    std::string text;
    char buffer[4096];
    lseek(file, 0, SEEK_SET);
    for (ssize_t n; (n = read(file, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
    return text;
}

// Starts a command; -1 and a message when that fails.
pid_t start(const std::vector<std::string>& command, int output, std::string& error) {
    std::vector<char*> arguments;
    for (auto& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    pid_t pid = -1;
    int code = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code == 0) return pid;
    error = "cannot run " + command[0] + ": " + std::strerror(code) + "\n";
    return -1;
}

void finish(const running& child, int status, const rusage& usage, process_result& result) {
    result.output = read_all(child.output);
    close(child.output);
    result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    result.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    result.peak_kilobytes = usage.ru_maxrss;
    result.wall_seconds = std::chrono::duration<double>(clock_type::now() - child.start).count();
}

} // namespace

std::vector<process_result> run_processes(const std::vector<std::vector<std::string>>& commands, unsigned parallel) {
    std::vector<process_result> results(commands.size());
    std::vector<running> children;
    size_t next = 0;
    while (next < commands.size() || !children.empty()) {
        while (next < commands.size() && children.size() < std::max(parallel, 1u)) {
            int output = temporary_file();
            pid_t pid = output < 0 ? -1 : start(commands[next], output, results[next].output);
            if (pid < 0) {
                if (output < 0)
                    results[next].output = "cannot create a temporary file; set TMPDIR to a writable folder\n";
                else
                    close(output);
            } else {
                children.push_back({pid, next, output, clock_type::now()});
            }
            next++;
        }
        if (children.empty()) continue;
        int status = 0;
        rusage usage{};
        pid_t pid = wait4(-1, &status, 0, &usage);
        if (pid < 0 && errno == EINTR) continue;
        auto child = std::find_if(children.begin(), children.end(), [&](const running& r) { return r.pid == pid; });
        if (child == children.end()) continue;
        finish(*child, status, usage, results[child->index]);
        children.erase(child);
    }
    return results;
}

std::string find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : "";
    const char* path = std::getenv("PATH");
    for (std::string rest = path ? path : ""; !rest.empty();) {
        size_t colon = rest.find(':');
        std::string candidate = rest.substr(0, colon) + "/" + name;
        if (access(candidate.c_str(), X_OK) == 0) return candidate;
        rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
    }
    return "";
}

std::string executable_directory() {
    char buffer[4096];
    ssize_t n = readlink("/proc/self/exe", buffer, sizeof buffer);
    std::string path(buffer, n > 0 ? static_cast<size_t>(n) : 0);
    return path.substr(0, path.rfind('/'));
}

} // namespace heddle::translator
