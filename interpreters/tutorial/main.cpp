// The tutorial language's command: tutorial [--jit OPTIONS] PROGRAM
#include "objects.h"
#include <fstream>
#include <iostream>
#include <iterator>

heddle::root<W_Constant> nil, yes, no;

std::string W_List::show() {
    std::string text = "[";
    for (long i = 0; i < length; i++) text += (i ? ", " : "") + items->get(i)->show();
    return text + "]";
}
W_String* make_string(const std::string& text) {
    return make<W_String>(heddle::make_array_copy<array<const char>>(text.data(), static_cast<long>(text.size())));
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> fail(const char* message) {
    return heddle::raise(make<W_Error>(make_string(message)));
}

static int complain(const std::string& text, int status) {
    std::cout.flush();
    std::cerr << "tutorial: " << text << "\n";
    return status;
}

int main(int count, char** arguments) {
    heddle::gc::initialise_from_environment_or_exit();
    nil = make<W_Constant>(false, "nil");
    yes = make<W_Constant>(true, "true");
    no = make<W_Constant>(false, "false");
    if (count > 3 && std::string(arguments[1]) == "--jit") {
        if (auto error = heddle_jit_configure(arguments[2]); !error.empty()) return complain(error, 2);
        count -= 2, arguments += 2;
    }
    if (count != 2) return complain("usage: tutorial [--jit OPTIONS] PROGRAM", 2);
    std::ifstream file(arguments[1]);
    if (!file) return complain(std::string("can't read ") + arguments[1], 2);
    std::string error;
    Code* code = compile(std::string(std::istreambuf_iterator<char>(file), {}), error);
    if (!code) return complain(std::string(arguments[1]) + ": " + error, 1);
    Items* globals = make_array<Items>(code->variables);
    for (long i = 0; i < code->variables; i++) globals->set(i, nil);
    if (!run(code, make<Scope>(nullptr, globals), make_array<Items>(code->stack_size), 0, 0).failed()) return 0;
    return complain(std::string(arguments[1]) + ": " + static_cast<W_Error*>(heddle::take_pending_error())->show(), 1);
}
