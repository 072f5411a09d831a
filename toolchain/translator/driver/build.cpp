// The pipeline. Each phase is one call, timed; what is wrong with the sources stops it with all messages at once.
#include "build.h"
#include "../annotations.h"
#include "../class_layouts.h"
#include "../codewriter/codewriter.h"
#include "../diagnostics.h"
#include "../drivers.h"
#include "../refusals.h"
#include "../transform/lower_markers.h"
#include "../transform/normalise.h"
#include "../transform/optimise.h"
#include "../transform/portal.h"
#include "../transform/stm.h"
#include "compile.h"
#include "explain.h"
#include "link_executable.h"
#include "link_modules.h"
#include "process.h"
#include "profile.h"
#include "sources.h"
#include "targets.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <unistd.h>

namespace heddle::translator {

namespace {

namespace fs = std::filesystem;

// By trying (errno says why not); permissions alone don't tell of read-only file systems. Leaves no file behind.
bool can_be_written(const std::string& file) {
    bool existed = access(file.c_str(), F_OK) == 0;
    if (existed) return access(file.c_str(), W_OK) == 0; // it may be running: the linker replaces it
    int handle = open(file.c_str(), O_WRONLY | O_CREAT, 0666);
    if (handle < 0) return false;
    close(handle);
    unlink(file.c_str());
    return true;
}

class builder {
public:
    explicit builder(const build_options& options) : options_(options) {
        parallel_ = options.parallel ? options.parallel : std::max(1u, std::thread::hardware_concurrency());
        installation_ = installation_directory();
    }

    int run() {
        if (!choose_target()) return 2;
        if (!find_sources(options_.directory, sources_, error_) || !output_is_possible()) return fail(error_, 2);
        if (!load_module()) return 1;
        if (!analyse()) return 1;
        if (!transform()) return 1;
        if (!make_executable()) return 1;
        return show_profile() ? 0 : 1;
    }

    int run_analyses(std::string& records) {
        if (!choose_target()) return 2;
        if (!find_sources(options_.directory, sources_, error_)) return fail(error_, 2);
        if (!load_module() || !analyse()) return 1;
        if (drivers_.empty())
            return fail(
                options_.directory +
                ": no merge point in the sources, so the JIT traces nothing; see HEDDLE_MERGE_POINT in docs/dsl.md");
        records = explained_;
        return 0;
    }

private:
    int fail(const std::string& message, int status = 1) {
        std::fprintf(stderr, "heddle: %s\n", message.c_str());
        return status;
    }

    // Looked at first, so that nobody waits for a translation that can't be written.
    bool output_is_possible() {
        std::error_code code;
        std::string folder = fs::path(options_.output).parent_path().string();
        if (fs::is_directory(options_.output, code))
            error_ = options_.output + ": is a folder; give -o the name of the executable to write";
        else if (!folder.empty() && !fs::is_directory(folder, code))
            error_ = options_.output + ": there is no folder " + folder + "; make it, or give -o another name";
        else if (!can_be_written(options_.output))
            error_ = options_.output + ": can't be written (" + std::strerror(errno) + "); give -o another name";
        return error_.empty();
    }

    bool choose_target() {
        target_ = find_target(options_.target, error_);
        if (!target_) return fail(error_), false;
        std::vector<std::string> missing =
            target_->sysroot.empty() ? std::vector<std::string>{} : missing_for(*target_);
        if (!missing.empty()) return fail(missing[0]), false;
        return true;
    }

    // Shows what the phases found; true when there is no error among it.
    bool report() {
        std::fputs(problems_.text().c_str(), stderr);
        bool good = !problems_.has_errors();
        problems_ = {};
        return good;
    }

    bool load_module() {
        std::string compiler = find_compiler(error_);
        if (compiler.empty()) return fail(error_), false;
        size_t phase = times_.begin("compile");
        compile_result compiled =
            compile_sources(sources_, compiler, target_->compiler_arguments, installation_ + "/include",
                            cache_directory(options_.output), parallel_, times_);
        times_.end(phase, 0,
                   std::to_string(compiled.from_cache) + " of " + std::to_string(sources_.files.size()) +
                       " files from the cache" +
                       (compiled.precompiled ? ", headers precompiled: " + std::to_string(compiled.precompiled) : ""));
        std::fputs(compiled.messages.c_str(), stderr);
        if (compiled.failed) return false;
        phase = times_.begin("link");
        module_ = link_modules(context_, compiled.bitcode, target_->architecture, error_);
        if (!module_) return fail(error_), false;
        end_phase(phase, "link");
        return true;
    }

    bool analyse() {
        size_t phase = begin_phase("check sources");
        check_sources(*module_, problems_);
        end_phase(phase, "");
        phase = begin_phase("normalise");
        normalise(*module_);
        end_phase(phase, "normalise");
        phase = begin_phase("analyse");
        layouts_ = class_layouts::collect(*module_, problems_);
        hints_ = annotations::collect(*module_, problems_);
        check_classes(*module_, layouts_, problems_);
        check_virtualizables(*module_, layouts_, problems_);
        check_hinted_functions(*module_, hints_, problems_);
        drivers_ = collect_drivers(*module_, problems_);
        end_phase(phase, "analyse");
        if (!report()) return false;
        if (options_.stm && drivers_.empty())
            return fail(options_.directory +
                        ": no merge point in the sources, so a transaction would never end; see HEDDLE_MERGE_POINT in "
                        "docs/dsl.md"),
                   false;
        // Calls that jitcode has to make, too.
        std::string places;
        if (options_.stm) insert_inevitability(*module_, layouts_, hints_, places);
        explained_ = places;
        if (!options_.jit || drivers_.empty()) return true;
        phase = begin_phase("write jitcode");
        codewriter_result written = codewriter::write(*module_, layouts_, drivers_, hints_, problems_, options_.stm);
        end_phase(phase, "jitcode", written.summary());
        if (!report()) return false;
        explained_ = explain_records(*module_, written) + places;
        return true;
    }

    bool transform() {
        size_t phase = begin_phase("transform");
        bool reports_writes = options_.jit && !drivers_.empty();
        if (options_.stm) {
            if (reports_writes) report_quasi_immutable_writes(*module_, layouts_);
            insert_stm_barriers(*module_, layouts_, drivers_, problems_);
            mark_places(*module_, drivers_);
        } else {
            insert_write_barriers(*module_, layouts_);
            if (reports_writes) report_quasi_immutable_writes(*module_, layouts_);
        }
        remove_descriptions(*module_);
        if (options_.jit) transform_portals(*module_, drivers_);
        if (!explained_.empty()) embed_explain_records(*module_, explained_);
        lower_markers(*module_, layouts_, problems_);
        remove_heap_address_space(*module_);
        if (options_.stm) {
            lower_places(*module_);
            make_thread_state_local(*module_);
        }
        remove_hints();
        end_phase(phase, "transform");
        return report() && is_valid("transform");
    }

    // Functions with hints were kept out of line for the codewriter; the native side is free to inline them.
    void remove_hints() {
        for (llvm::Function& function : *module_)
            if (hints_.hints_of(&function) && !hints_.has(&function, hint::dont_look_inside))
                function.removeFnAttr(llvm::Attribute::NoInline);
    }

    bool make_executable() {
        size_t phase = begin_phase("optimise and generate code");
        generation_options generation{options_.optimisation, parallel_, cache_directory(options_.output),
                                      ir_prefix("optimise")};
        generation_result generated;
        if (!generate_objects(*module_, generation, generated, error_)) return fail(error_), false;
        module_.reset();
        times_.end(phase, generated.instructions,
                   std::to_string(generated.from_cache) + " of " + std::to_string(generated.objects.size()) +
                       " parts from the cache");
        phase = times_.begin("link executable");
        executable_inputs inputs{
            generated.objects,        sources_.libraries, *target_, options_.jit && !drivers_.empty(),
            sources_.link_statically, options_.stm};
        bool linked = link_executable(inputs, find_compiler(error_), options_.output, times_, error_);
        times_.end(phase);
        if (!linked) fail(error_);
        return linked;
    }

    size_t begin_phase(const char* name) { return times_.begin(name, count_instructions(*module_)); }
    void end_phase(size_t phase, const char* name, std::string note = "") {
        times_.end(phase, count_instructions(*module_), std::move(note));
        if (!options_.keep_ir.empty() && *name) write_ir(name);
    }

    // KEEP_IR/NN-NAME; empty when no IR is to be kept.
    std::string ir_prefix(const std::string& name) {
        if (options_.keep_ir.empty()) return "";
        std::error_code code;
        fs::create_directories(options_.keep_ir, code);
        char number[16];
        std::snprintf(number, sizeof number, "%02d-", ++ir_number_);
        return options_.keep_ir + "/" + number + name;
    }

    void write_ir(const std::string& name) {
        std::error_code code;
        llvm::raw_fd_ostream file(ir_prefix(name) + ".ll", code);
        if (code)
            std::fprintf(stderr, "heddle: %s: cannot write IR there: %s\n", options_.keep_ir.c_str(),
                         code.message().c_str());
        else
            module_->print(file, nullptr);
    }

    bool is_valid(const char* phase) {
        std::string text;
        llvm::raw_string_ostream stream(text);
        if (!llvm::verifyModule(*module_, &stream)) return true;
        fail(std::string("internal error: the phase '") + phase +
             "' made invalid IR; please report it with the sources\n" + text.substr(0, 2000));
        return false;
    }

    bool show_profile() {
        if (!options_.profile) return true;
        std::fputs(times_.table().c_str(), stdout);
        if (options_.profile_base.empty()) return true;
        std::ofstream json(options_.profile_base + ".json"), html(options_.profile_base + ".html");
        json << times_.chrome_trace();
        html << times_.html_page("heddle build " + options_.directory);
        json.close();
        html.close();
        if (json && html) return true;
        fail(options_.profile_base + ".json: cannot be written; give --profile= a name in a writable folder");
        return false;
    }

    const build_options& options_;
    const target* target_ = nullptr;
    unsigned parallel_;
    std::string installation_, error_;
    interpreter_sources sources_;
    profile times_;
    diagnostics problems_;
    llvm::LLVMContext context_;
    std::unique_ptr<llvm::Module> module_;
    class_layouts layouts_;
    annotations hints_;
    drivers drivers_;
    std::string explained_;
    int ir_number_ = 0;
};

} // namespace

int build(const build_options& options) { return builder(options).run(); }

int explain_directory(const std::string& directory, std::string& records) {
    build_options options;
    options.directory = directory;
    options.output = user_cache_directory() + "/explained";
    return builder(options).run_analyses(records);
}

} // namespace heddle::translator
