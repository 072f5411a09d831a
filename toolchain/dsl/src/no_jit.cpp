// The JIT's configuration interface in executables without one: says so.
// No DSL header here (see runtime.cpp); the declarations are those of heddle/jit.h.
#include <string>
#include <string_view>
std::string heddle_jit_configure(const char* text);
std::string heddle_jit_help();
bool heddle_jit_present();

std::string heddle_jit_configure(const char* text) {
    if (std::string_view(text) == "off") return "";
    return std::string("this executable has no JIT, so '") + text +
           "' means nothing here; build it with `heddle build --jit`";
}
std::string heddle_jit_help() { return "this executable has no JIT; build it with `heddle build --jit`\n"; }
bool heddle_jit_present() { return false; }
