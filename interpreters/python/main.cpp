// heddle-python: the command line, the interpreter's thread, what happens at the end of a program.
#include "frontend/compile.h"
#include "heddle/threads.h"
#include "interpreter.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gmp.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace heddle::python {

void setup_world();
extern root<W_List> the_arguments;
extern root<W_List> the_path;

namespace {

constexpr size_t stack_bytes = size_t{256}
                               << 20; // reserved, not used until needed; 1.5 million calls of a small function

constexpr const char* usage_text = "usage: heddle-python [option] ... [-c cmd | file | -] [arg] ...\n";
constexpr const char* help_text =
    "Options:\n"
    "-c cmd         : program passed in as string (terminates option list)\n"
    "--jit SETTINGS : the JIT's settings, KEY=VALUE separated by commas; `off`; `help` lists them\n"
    "--version      : print the version and exit (also -V)\n"
    "--help         : print this help and exit (also -h)\n"
    "file           : program read from script file\n"
    "-              : program read from stdin\n"
    "arg ...        : arguments passed to program in sys.argv[1:]\n"
    "Environment: PYTHONPATH (folders joined by ':'), HEDDLE_GC_NURSERY, HEDDLE_GC_MAX, HEDDLE_GC_STRESS, "
    "HEDDLE_GC_LOG (docs/gc.md), HEDDLE_LOG "
    "(docs/jit.md)\n";

struct command_line {
    enum { script, command, standard_input } kind = standard_input;
    std::string text; // the script's path or the command
    std::vector<std::string> arguments;
    int status = 0;
};
command_line request;

// Only the interpreter's first thread gets SIGINT.
void mask_interrupts(int how) {
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(how, &interrupt, nullptr);
}
void on_interrupt(int) { __atomic_or_fetch(&heddle_thread.action_flag, action_interrupt, __ATOMIC_SEQ_CST); }

void add_text(W_List* list, const std::string& text) { list_append(list, make_str(text)); }

bool output_lost = false; // standard output could not be written at the end: exit status 120, as CPython's
void flush_output() { output_lost |= !flush_standard_streams(); }

// Prints the pending exception as CPython does; gives the exit status.
int report_error() {
    auto* exception = static_cast<W_Exception*>(take_pending_error());
    if (is_instance(exception, T::SystemExit)) {
        auto code = get_attribute(exception, intern("code"));
        W_Object* value = code.failed() ? none() : code.value();
        flush_output();
        if (value == none()) return 0;
        if (is<W_Int>(value)) return static_cast<int>(static_cast<W_Int*>(value)->value & 0xff);
        auto text = to_str(value);
        if (!text.failed()) write_standard(2, to_utf8(text.value()) + "\n");
        return 1;
    }
    flush_output();
    write_standard(2, format_exception(exception));
    return is_instance(exception, T::KeyboardInterrupt) ? 130 : 1;
}

int run_source(const std::string& source, const std::string& filename, bool has_file) {
    W_Module* module = make_module(name_of(N::main));
    dict_set_str(module->dict, name_of(N::builtins), dict_get_str(modules_dict, name_of(N::builtins_module)));
    if (has_file) dict_set_str(module->dict, name_of(N::file), make_str(filename));
    dict_set_str(modules_dict, name_of(N::main), module);
    auto code = compile_text(source, filename, 0);
    if (code.failed()) return report_error();
    auto* unit = static_cast<W_Code*>(code.value());
    auto* frame = make<W_Frame>(unit, module->dict, make_array<frame_slots>(unit->frame_size), nullptr, module->dict);
    auto result = run_frame(frame);
    if (result.failed()) return report_error();
    flush_output();
    return 0;
}

bool read_all(FILE* file, std::string* out) {
    char buffer[65536];
    size_t got;
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0) out->append(buffer, got);
    return !ferror(file);
}

std::string folder_of(const std::string& path) {
    char* resolved = realpath(path.c_str(), nullptr);
    std::string full = resolved ? resolved : path;
    free(resolved);
    size_t slash = full.rfind('/');
    return slash == std::string::npos ? "" : full.substr(0, slash);
}

int run_request() {
    std::string source, filename = request.text;
    if (request.kind == command_line::script) {
        struct stat info;
        FILE* file = fopen(filename.c_str(), "rb");
        if (file && fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
            fclose(file);
            fprintf(stderr, "heddle-python: can't find '__main__' module in '%s'\n", filename.c_str());
            return 1;
        }
        if (!file || !read_all(file, &source)) {
            fprintf(stderr, "heddle-python: can't open file '%s': [Errno %d] %s\n", filename.c_str(), errno,
                    strerror(errno));
            return 2;
        }
        fclose(file);
        add_text(the_path, folder_of(filename));
    } else {
        add_text(the_path, "");
        if (request.kind == command_line::command) {
            source = request.text + "\n";
            filename = "<string>";
        } else {
            read_all(stdin, &source);
            filename = "<stdin>";
        }
    }
    std::istringstream more(getenv("PYTHONPATH") ? getenv("PYTHONPATH") : "");
    for (std::string folder; std::getline(more, folder, ':');)
        if (!folder.empty()) add_text(the_path, folder);
    add_text(the_arguments, request.kind == command_line::script    ? request.text
                            : request.kind == command_line::command ? "-c"
                                                                    : "");
    for (const std::string& argument : request.arguments) add_text(the_arguments, argument);
    return run_source(source, filename, request.kind == command_line::script);
}

// Whatever deep nesting no check counts ends here, on a stack of its own: with a line, not with a core dump.
void on_bad_access(int number, siginfo_t* info, void*) {
    auto* address = static_cast<char*>(info->si_addr);
    bool overflow = address < heddle_thread.stack_limit && address > heddle_thread.stack_base - stack_bytes - (1 << 20);
    if (overflow) {
        constexpr char text[] = "Fatal Python error: stack overflow: something is nested too deep\n";
        if (write(2, text, sizeof text - 1) < 0) _exit(2);
        _exit(1);
    }
    signal(number, SIG_DFL); // a mistake of the VM: the access is tried again, and dies
}
stack_t previous_alternate_stack; // put back at the end: sanitizers have one of their own
void catch_stack_overflow() {
    static char alternate_stack[65536];
    stack_t stack = {};
    stack.ss_sp = alternate_stack;
    stack.ss_size = sizeof alternate_stack;
    sigaltstack(&stack, &previous_alternate_stack);
    struct sigaction action = {};
    action.sa_sigaction = on_bad_access;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, nullptr);
}

// With threads, the memory that a transaction takes must be what its abort gives back: operator new's.
void* number_memory(size_t bytes) { return ::operator new(bytes); }
void* more_number_memory(void* old, size_t old_bytes, size_t bytes) {
    void* memory = ::operator new(bytes);
    memcpy(memory, old, std::min(old_bytes, bytes));
    ::operator delete(old);
    return memory;
}
void free_number_memory(void* memory, size_t) { ::operator delete(memory); }

// Non-daemon threads run to their end before the program ends.
void wait_for_threads() {
    W_Object* threading = dict_get_str(modules_dict, intern("threading"));
    if (threading && call_method(threading, intern("_shutdown")).failed()) {
        int status = report_error();
        if (request.status == 0) request.status = status;
    }
}

void* run_interpreter(void*) {
    if (threads::are_parallel()) mp_set_memory_functions(number_memory, more_number_memory, free_number_memory);
    gc::initialise_from_environment_or_exit();
    catch_stack_overflow();
    setup_world();
    struct sigaction action = {};
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, nullptr);
    mask_interrupts(SIG_UNBLOCK);
    signal(SIGPIPE, SIG_IGN);
    request.status = run_request();
    wait_for_threads();
    gc::run_finalizers();
    flush_output();
    if (output_lost && request.status == 0) request.status = 120;
    gc::shutdown();
    sigaltstack(&previous_alternate_stack, nullptr);
    return nullptr;
}

int wrong_option(const char* format, const char* option) {
    fprintf(stderr, format, option);
    fputs(usage_text, stderr);
    fputs("Try `heddle-python --help' for more information.\n", stderr);
    return 2;
}

// -1: go on; else the exit status.
int parse(int count, char** words) {
    int at = 1;
    for (; at < count; at++) {
        std::string word = words[at];
        if (word == "-" || word[0] != '-') break;
        if (word == "-h" || word == "--help") {
            fputs(usage_text, stdout);
            fputs(help_text, stdout);
            return 0;
        }
        if (word == "-V" || word == "--version") {
            puts("heddle-python 0.1 (Python 3.11)");
            return 0;
        }
        if (word == "--jit" || word.starts_with("--jit=")) {
            std::string settings;
            if (word == "--jit") {
                if (++at == count) return wrong_option("Argument expected for the %s option\n", "--jit");
                settings = words[at];
            } else {
                settings = word.substr(6);
            }
            if (settings == "help") {
                fputs(heddle_jit_help().c_str(), stdout);
                return 0;
            }
            std::string error = heddle_jit_configure(settings.c_str());
            if (!error.empty()) {
                fprintf(stderr, "heddle-python: --jit: %s\n", error.c_str());
                return 2;
            }
            continue;
        }
        if (word == "-c") {
            if (++at == count) return wrong_option("Argument expected for the %s option\n", "-c");
            request.kind = command_line::command;
            request.text = words[at++];
            request.arguments.assign(words + at, words + count);
            return -1;
        }
        if (word == "-u" || word == "-B" || word == "-E" || word == "-s" || word == "-S" || word == "-I") continue;
        return wrong_option("Unknown option: %s\n", word.c_str());
    }
    if (at < count && strcmp(words[at], "-") != 0) {
        request.kind = command_line::script;
        request.text = words[at];
    }
    if (at < count) request.arguments.assign(words + at + 1, words + count);
    return -1;
}

} // namespace
} // namespace heddle::python

int main(int count, char** words) {
    using namespace heddle::python;
    int status = parse(count, words);
    if (status >= 0) return status;
    // One thread allocates: another arena for it, grown page by page, would only cost time.
    if (!heddle::threads::are_parallel()) mallopt(M_ARENA_MAX, 1);
    mallopt(M_TOP_PAD, 1 << 20);
    // The interpreter runs on a stack of its own, large enough for deep recursion.
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_t thread;
    mask_interrupts(SIG_BLOCK);
    int error = pthread_create(&thread, &attributes, run_interpreter, nullptr);
    if (error) {
        fprintf(stderr,
                "heddle-python: can't start the interpreter's thread: %s; raise the limit on memory (ulimit -v)\n",
                strerror(error));
        return 1;
    }
    pthread_join(thread, nullptr);
    return request.status;
}
