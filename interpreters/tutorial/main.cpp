// The tutorial language's command: tutorial [--jit OPTIONS] PROGRAM
#include "objects.h"
#include <fstream>
#include <iostream>

heddle::root<W_Int> zero;
static std::string program;

W_String* make_string(const std::string& text) {
    return make<W_String>(heddle::make_array_copy<array<const char>>(text.data(), static_cast<long>(text.size())));
}
std::string W_List::show() {
    if (heddle::stack_is_low()) return "..."; // a list can be an item of itself
    std::string text;
    for (long i = 0; i < length; i++) text += (i ? ", " : "") + items->get(i)->show();
    return "[" + text + "]";
}
void stop(const std::string& message) {
    std::cout.flush();
    std::cerr << program << ":" << message << "\n";
    exit(1);
}

int main(int count, char** arguments) {
    heddle::gc::initialise_from_environment_or_exit();
    auto complain = [](const std::string& text) { return std::cerr << "tutorial: " << text << "\n", 2; };
    if (count == 4 && std::string(arguments[1]) == "--jit") {
        if (auto error = heddle_jit_configure(arguments[2]); !error.empty()) return complain(error);
        count -= 2, arguments += 2;
    }
    if (count != 2) return complain("usage: tutorial [--jit OPTIONS] PROGRAM");
    std::ifstream file(program = arguments[1]);
    std::string source;
    std::getline(file, source, '\0');
    if (!file.eof()) return complain("can't read " + program);
    zero = make<W_Int>(0);
    if (call(0, compile(source), nullptr, 0, 0).failed())
        stop(static_cast<W_String*>(heddle::take_pending_error())->show());
    if (!std::cout.flush()) return complain("can't write the output");
}
