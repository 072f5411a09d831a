// The perf map: a line `address size name` for each piece of code. Also what joins the observers (code_observers.h).
#include "runtime/code_observers.h"
#include <cerrno>
#include <cinttypes>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace heddle::jit {

std::string perf_map::open() {
    close();
    std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
    file_ = std::fopen(path.c_str(), "we");
    return file_ ? "" : "perf_map: cannot write " + path + ": " + std::strerror(errno);
}

void perf_map::close() {
    if (file_) std::fclose(file_);
    file_ = nullptr;
}

void perf_map::add(code_range code, const std::string& name) {
    if (!file_) return;
    std::fprintf(file_, "%" PRIx64 " %" PRIx64 " %s\n", code.begin, code.end - code.begin, name.c_str());
    std::fflush(file_); // the process may end in any way
}

std::string code_observers::open(bool map, bool dump, bool gdb) {
    close();
    const char* wanted = std::getenv("HEDDLE_PERF_MAP");
    map = map || (wanted && *wanted && std::strcmp(wanted, "0") != 0);
    std::string error;
    if (map) error = map_.open();
    if (dump && error.empty()) error = dump_.open();
    if (gdb) gdb_.open();
    return error;
}

void code_observers::close() {
    map_.close();
    dump_.close();
    gdb_.close();
}

} // namespace heddle::jit
