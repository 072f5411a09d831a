// See log.h.
#include "runtime/log.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace heddle::jit {

std::string log::open_from_environment() {
    close();
    const char* value = std::getenv("HEDDLE_LOG");
    if (!value || !*value) return "";
    std::string_view text = value;
    size_t colon = text.find(':');
    std::string path = colon == std::string_view::npos ? "-" : std::string(text.substr(colon + 1));
    std::string_view names = text.substr(0, colon);
    do {
        size_t end = names.find(',');
        std::string_view name = names.substr(0, end);
        names = end == std::string_view::npos ? std::string_view() : names.substr(end + 1);
        if (name == "jit-trace")
            traces_ = true;
        else if (name == "jit-opt")
            optimised_ = true;
        else if (name == "jit-asm")
            listings_ = true;
        else if (name == "jit-summary")
            summary_ = true;
        else if (name == "jit")
            traces_ = optimised_ = summary_ = true;
        else {
            close();
            return "HEDDLE_LOG: there is no section '" + std::string(name.substr(0, 40)) +
                   "'; give jit-trace, jit-opt, jit-asm, jit-summary or several, then :FILE";
        }
    } while (!names.empty());
    file_ = path == "-" ? stderr : std::fopen(path.c_str(), "w");
    if (file_) return "";
    close();
    return "HEDDLE_LOG: cannot write '" + path + "': " + std::strerror(errno);
}

void log::close() {
    if (file_ && file_ != stderr) std::fclose(file_);
    file_ = nullptr;
    traces_ = optimised_ = listings_ = summary_ = false;
}

void log::section(std::string_view name, std::string_view title, std::string_view text) {
    if (!file_) return;
    std::fprintf(file_, "[%.*s] %.*s\n%.*s", static_cast<int>(name.size()), name.data(), static_cast<int>(title.size()),
                 title.data(), static_cast<int>(text.size()), text.data());
    std::fputs(text.empty() || text.back() == '\n' ? "\n" : "\n\n", file_);
    std::fflush(file_);
}

} // namespace heddle::jit
