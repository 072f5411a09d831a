// heddle-smalltalk: the command line.
#include "bootstrap.h"
#include "evaluate.h"
#include "external_events.h"
#include "image_loader.h"
#include "image_writer.h"
#include "os_threads.h"
#include "png.h"
#include "primitives.h"
#include "process.h"
#include "settings.h"
#include "som_universe.h"
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace heddle::smalltalk {
namespace {

constexpr const char* usage_text = "usage: heddle-smalltalk [option] ... [IMAGE] [--file-in FILE.st] ... [--evaluate "
                                   "EXPRESSION | --save FILE | --headless |\n"
                                   "                                              ARG ...]\n"
                                   "       heddle-smalltalk --info [IMAGE]\n"
                                   "       heddle-smalltalk --make-image FOLDER IMAGE [--format NUMBER]\n"
                                   "       heddle-smalltalk [option] ... --som -cp DIR[:DIR...] FILE.som [ARG ...]\n";
constexpr const char* help_text =
    "Without IMAGE: the image that comes with the program, heddle-smalltalk.image beside it, or in ../share/heddle.\n"
    "It has a prompt that evaluates what is typed.\n"
    "Options:\n"
    "--info IMAGE           : print the image's format, size, object and class counts\n"
    "--evaluate EXPRESSION  : print what the image answers to it; status 1 for an error\n"
    "--file-in FILE.st      : evaluate the chunks of a source file; may be given several times, and --evaluate after "
    "it\n"
    "--make-image FOLDER    : make an image of the library's source files in FOLDER\n"
    "--som                  : run a program of SOM source; -cp names the folders where its classes are\n"
    "--save FILE            : write the image, as it was loaded, to another file\n"
    "--format NUMBER        : with --save: the file's format (of a 6521 image 68021 too); with --make-image: 68021 or "
    "6521,\n"
    "                         else that of this machine's word size\n"
    "--headless             : run the image without a window\n"
    "--window               : show the image's display in a window (SDL2), or say why there is none; this is what "
    "happens\n"
    "                         anyway if a screen is there (DISPLAY or WAYLAND_DISPLAY is set) and the image just runs\n"
    "--stop-after SECONDS   : end then, wherever the image is\n"
    "--display FILE.png     : write what the image has drawn on its display, at the end\n"
    "--log primitives       : list the primitives that were asked for and are missing, at the end, on stderr\n"
    "--log messages         : write messages that are not understood to stderr, and methods that can't be run\n"
    "--jit SETTINGS         : the JIT's settings, KEY=VALUE separated by commas; `off`; `help` lists them\n"
    "--version, --help\n"
    "Environment: HEDDLE_GC_NURSERY, HEDDLE_GC_MAX, HEDDLE_GC_STRESS, HEDDLE_GC_LOG (docs/gc.md), HEDDLE_LOG\n";

constexpr long own_version = long_bits == 64 ? 68021 : 6521; // the format of images that are made
constexpr size_t stack_bytes = size_t{1} << 26;              // reserved, not used until needed

struct command_line {
    enum { run_image, info, evaluate, file_in, save, make_image, som } what = run_image;
    std::string image, text;
    std::vector<std::string> file_ins;
    std::vector<std::string> class_path;
    bool log_primitives = false;
    window_wish window = window_wish::if_possible;
    double stop_after = 0;
    long format = 0; // of an image that is written; 0: not said
    int status = 0;
};
command_line request;

int complain(const std::string& text, int status) {
    fflush(stdout);
    fprintf(stderr, "heddle-smalltalk: %s\n", text.c_str());
    return status;
}

void print_info(const image_file& file) {
    printf("format:  %ld (%s, %zu-bit, %s-endian)\n", file.version, file.spur ? "Spur" : "V3", file.word_size * 8,
           file.big_endian ? "big" : "little");
    printf("size:    %zu bytes\n", file.file_size());
    printf("objects: %zu\n", file.objects.size());
    printf("classes: %zu\n", file.class_count());
}

// The answer of one evaluation; false: the image ended, or answered an error.
bool evaluate(const std::string& source, bool print) {
    std::string error;
    W_Frame* frame = frame_for_evaluation(source, error);
    if (!frame) {
        request.status = complain(error, 1);
        return false;
    }
    W_Object* answer = run(frame);
    if (!answer) {
        request.status = exit_status();
        return false;
    }
    std::string text = text_of(answer);
    for (char& c : text)
        if (c == '\r') c = '\n';
    bool failed = text.rfind("ERROR: ", 0) == 0;
    if (print || failed) fprintf(failed && !print ? stderr : stdout, "%s\n", text.c_str());
    if (failed) request.status = 1;
    return !failed;
}

bool file_in(const std::string& name) {
    std::ifstream file(name);
    if (!file) {
        request.status = complain("can't read " + name, 2);
        return false;
    }
    std::string source(std::istreambuf_iterator<char>(file), {});
    std::string literal;
    for (char c : source) {
        if (c == '\'') literal += '\'';
        literal += c == '\n' ? '\r' : c;
    }
    return evaluate("(ReadWriteStream with: '" + literal + "') reset; fileIn", false);
}

void write_display() {
    long width, height;
    std::string rgb;
    if (!form_pixels(special_at(special_display), width, height, rgb))
        request.status = complain("the image has no display to write", 1);
    else if (!write_png(settings.display_file, width, height, rgb))
        request.status = complain("can't write " + settings.display_file, 1);
}

void run_som() {
    // The folder of FILE.som is looked into first.
    std::string name = request.image;
    size_t slash = name.rfind('/');
    request.class_path.insert(request.class_path.begin(), slash == std::string::npos ? "." : name.substr(0, slash));
    if (slash != std::string::npos) name = name.substr(slash + 1);
    if (name.size() > 4 && name.compare(name.size() - 4, 4, ".som") == 0) name.resize(name.size() - 4);
    std::string error;
    W_Frame* frame = som::start(request.class_path, name, settings.arguments, error);
    if (!frame) {
        request.status = complain(error, 1);
        return;
    }
    microseconds_now();
    if (!run(frame)) request.status = exit_status();
    fflush(stdout);
}

// The image that comes with the program; "": there is none.
std::string own_image() {
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) return "";
    std::string folder(program, static_cast<size_t>(length));
    folder.resize(folder.rfind('/') + 1);
    for (const char* place : {"heddle-smalltalk.image", "../share/heddle/heddle-smalltalk.image"})
        if (access((folder + place).c_str(), R_OK) == 0) return folder + place;
    return "";
}

// A display that goes to a file, or a machine without a screen, gets a window only when asked.
window_wish wished_window() {
    if (request.window != window_wish::if_possible) return request.window;
    bool screen = getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
    return screen && settings.display_file.empty() ? window_wish::if_possible : window_wish::never;
}

void work() {
    if (request.what == command_line::som) return run_som();
    if (request.what == command_line::make_image)
        if (std::string error = make_image(request.text, request.image, request.format ? request.format : own_version);
            !error.empty()) {
            request.status = complain(error, 1);
            return;
        }
    image_file file;
    if (!file.read(request.image)) {
        request.status = complain(request.image + ": " + file.error(), 1);
        return;
    }
    if (request.what == command_line::info) return print_info(file);
    if (std::string error = load_image(file); !error.empty()) {
        request.status = complain(request.image + ": " + error, 1);
        return;
    }
    char resolved[PATH_MAX];
    settings.image_path = realpath(request.image.c_str(), resolved) ? resolved : request.image;
    settings.directory = settings.image_path.substr(0, settings.image_path.rfind('/') + 1);
    settings.width = static_cast<long>(file.window_size >> 16 & 0xffff);
    settings.height = static_cast<long>(file.window_size & 0xffff);
    if (settings.width < 64 || settings.height < 64) settings.width = 1024, settings.height = 768;
    if (request.stop_after > 0) stop_after(request.stop_after);
    for (const std::string& name : request.file_ins)
        if (!file_in(name)) return;
    if (request.what == command_line::evaluate) {
        evaluate(request.text, true);
    } else if (request.what == command_line::save) {
        if (std::string error = write_image(request.text, nullptr, request.format); !error.empty())
            request.status = complain(error, 1);
    } else if (request.what != command_line::file_in) {
        W_Frame* frame = active_context();
        if (!frame) {
            request.status = complain(request.image + ": it has no active process", 1);
            return;
        }
        settings.window = wished_window();
        std::string error;
        if (settings.window == window_wish::always && !open_window(error)) {
            request.status = complain(error, 1);
            return;
        }
        run(frame);
        request.status = exit_status();
    }
    fflush(stdout);
    if (!settings.display_file.empty()) write_display();
    if (request.log_primitives)
        for (const std::string& name : missing_primitives()) fprintf(stderr, "missing primitive: %s\n", name.c_str());
}

void* thread_main(void*) {
    gc::initialise_from_environment_or_exit();
    start_external_events();
    work();
    if (has_other_threads()) { // they end with the program, wherever they are
        fflush(nullptr);
        _exit(request.status);
    }
    gc::shutdown();
    return nullptr;
}

// 0 to go on; else the process's status + 1.
int parse(int count, char** arguments) {
    auto value = [&](int& i) -> const char* { return i + 1 < count ? arguments[++i] : nullptr; };
    // Sends take many operations to record. With the usual limit, 6000, traces through small recursive methods are
    // given up before they reach the recursion's own limit, and the method is called from then on, at half the speed.
    if (heddle_jit_present()) heddle_jit_configure("trace_limit=10000");
    for (int i = 1; i < count; i++) {
        std::string word = arguments[i];
        // What follows a SOM program is the program's.
        if (!request.image.empty() && request.what == command_line::som) {
            settings.arguments.push_back(word);
            continue;
        }
        if (word == "--help" || word == "-h") return printf("%s%s", usage_text, help_text), 1;
        if (word == "--version") return puts("heddle-smalltalk 0.1"), 1;
        if (word == "--headless" || word == "--window") {
            request.window = word == "--window" ? window_wish::always : window_wish::never;
            continue;
        }
        if (word == "--jit" || word == "--log" || word == "--evaluate" || word == "--file-in" || word == "--display" ||
            word == "--save" || word == "--make-image" || word == "--format" || word == "--stop-after") {
            const char* text = value(i);
            if (!text) return complain(word + " wants an argument", 2) + 1;
            if (word == "--jit") {
                if (std::string(text) == "help") return printf("%s", heddle_jit_help().c_str()), 1;
                if (std::string error = heddle_jit_configure(text); !error.empty()) return complain(error, 2) + 1;
            } else if (word == "--log") {
                std::string what = text;
                if (what != "primitives" && what != "messages")
                    return complain("--log: only `primitives` and `messages` are known", 2) + 1;
                (what == "primitives" ? request.log_primitives : settings.log_messages) = true;
            } else if (word == "--stop-after") {
                request.stop_after = std::strtod(text, nullptr);
                if (request.stop_after <= 0) return complain("--stop-after wants seconds", 2) + 1;
            } else if (word == "--format") {
                request.format = std::strtol(text, nullptr, 10);
                if (request.format <= 0) return complain("--format wants a number, as 68021", 2) + 1;
            } else if (word == "--display") {
                settings.display_file = text;
            } else if (word == "--file-in") {
                request.file_ins.push_back(text);
                if (request.what == command_line::run_image) request.what = command_line::file_in;
            } else {
                request.what = word == "--evaluate" ? command_line::evaluate
                               : word == "--save"   ? command_line::save
                                                    : command_line::make_image;
                request.text = text;
            }
            continue;
        }
        if (word == "--som") {
            request.what = command_line::som;
            continue;
        }
        if (word == "-cp") {
            const char* text = value(i);
            if (!text) return complain("-cp wants folders, with `:` between", 2) + 1;
            for (std::string rest = text; !rest.empty();) {
                size_t end = rest.find(':');
                if (end != 0) request.class_path.push_back(rest.substr(0, end));
                rest = end == std::string::npos ? "" : rest.substr(end + 1);
            }
            continue;
        }
        if (word == "--info") {
            request.what = command_line::info;
            continue;
        }
        if (request.image.empty()) {
            if (word.rfind("--", 0) == 0) return complain("there is no option " + word + "; --help lists them", 2) + 1;
            request.image = word;
        } else {
            settings.arguments.push_back(word);
        }
    }
    if (request.image.empty() && request.what != command_line::som && request.what != command_line::make_image)
        request.image = own_image();
    if (request.format && request.what != command_line::save && request.what != command_line::make_image)
        return complain("--format goes with --save or --make-image", 2) + 1;
    if (request.image.empty()) {
        fprintf(stderr, "%s", usage_text);
        return 3;
    }
    return 0;
}

} // namespace
} // namespace heddle::smalltalk

int main(int count, char** arguments) {
    using namespace heddle::smalltalk;
    if (int status = parse(count, arguments)) return status - 1;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, thread_main, nullptr) != 0) return complain("can't start a thread", 1);
    sigset_t all; // signals are that thread's
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    pthread_join(thread, nullptr);
    return request.status;
}
