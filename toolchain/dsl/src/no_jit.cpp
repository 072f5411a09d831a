// The JIT's configuration interface in executables without one: says so.
// No DSL header here (see runtime.cpp); the declarations are those of heddle/jit.h.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
std::string heddle_jit_configure(const char* text);
std::string heddle_jit_help();
bool heddle_jit_present();

// A log that would never be written is a mistake to be told of before the program runs.
static const bool log_is_checked = [] {
    const char* value = std::getenv("HEDDLE_LOG");
    if (!value || !*value) return true;
    std::fprintf(stderr,
                 "heddle: HEDDLE_LOG=%.60s: this executable has no JIT, so there is nothing to log; unset it, or build "
                 "with `heddle build --jit`\n",
                 value);
    std::_Exit(2);
}();

std::string heddle_jit_configure(const char* text) {
    if (std::string_view(text) == "off") return "";
    return std::string("this executable has no JIT, so '") + text +
           "' means nothing here; build it with `heddle build --jit`";
}
std::string heddle_jit_help() { return "this executable has no JIT; build it with `heddle build --jit`\n"; }
bool heddle_jit_present() { return false; }
