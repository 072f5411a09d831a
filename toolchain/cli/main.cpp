// The command `heddle`: options and their checks; the work is in toolchain/translator.
#include "driver/build.h"
#include "driver/explain.h"
#include "driver/targets.h"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

namespace {

constexpr int wrong_use = 2;

int complain(const std::string& message) {
    std::fprintf(stderr, "heddle: %s; see heddle --help\n", message.c_str());
    return wrong_use;
}

} // namespace

int main(int argc, char** argv) {
    using namespace heddle::translator;
    CLI::App app(
        "Heddle translates an interpreter, written in C++ with the Heddle DSL, into a virtual machine with a JIT.",
        "heddle");
    app.require_subcommand(1);
    app.set_version_flag("--version", "heddle 0.1");
    build_options options;
    bool jit = true, no_jit = false, stm = false;
    std::string level = "2", profile_base;

    CLI::App* build_command = app.add_subcommand("build", "translate the interpreter in a folder into an executable");
    build_command
        ->add_option("DIR", options.directory,
                     "folder with the sources: all *.cpp below it, or what its heddle.json says")
        ->required();
    build_command->add_option("-o", options.output, "the executable to write")->required();
    build_command->add_flag("--jit", jit, "with the tracing JIT (default)");
    build_command->add_flag("--no-jit", no_jit, "without it");
    build_command->add_option("-O", level, "optimisation of the native code, 0 to 3 (default 2)");
    build_command->add_option("-j", options.parallel, "jobs at a time (default: one a core)");
    CLI::Option* profile =
        build_command
            ->add_option("--profile", profile_base,
                         "show what each phase took; with =BASE also write BASE.json (Chrome trace) and BASE.html")
            ->expected(0, 1);
    build_command->add_option("--keep-ir", options.keep_ir, "folder to write the IR after each phase to");
    build_command->add_flag("--stm", stm, "threads run in parallel, as transactions");
    build_command->add_option("--target", options.target,
                              "the machine to build for (default x86_64); see `heddle targets`");

    CLI::App* targets_command =
        app.add_subcommand("targets", "list the machines to build for, and what is missing for each");

    explain_options explained;
    CLI::App* explain_command =
        app.add_subcommand("explain", "say of each function whether the JIT traces into it, and if not, why");
    explain_command->add_option("WHAT", explained.what, "an executable that heddle built, or a folder with sources")
        ->required();
    explain_command->add_option("FUNCTION", explained.function, "only functions whose name contains this");

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        std::fputs((build_command->parsed()     ? build_command
                    : explain_command->parsed() ? explain_command
                    : targets_command->parsed() ? targets_command
                                                : &app)
                       ->help()
                       .c_str(),
                   stdout);
        return 0;
    } catch (const CLI::CallForVersion&) {
        std::puts("heddle 0.1");
        return 0;
    } catch (const CLI::ParseError& error) { return complain(error.what()); }
    if (explain_command->parsed()) return explain(explained);
    if (targets_command->parsed()) {
        std::fputs(describe_targets().c_str(), stdout);
        return 0;
    }
    std::string no_target;
    if (!find_target(options.target, no_target)) return complain(no_target);
    if (stm && !options.target.empty() && options.target != "x86_64")
        return complain("--stm is not supported for --target " + options.target + "; only x86_64 has it");
    if (level.size() != 1 || level[0] < '0' || level[0] > '3')
        return complain("-O" + level + " is no level; there are -O0, -O1, -O2, -O3");
    if (no_jit && build_command->get_option("--jit")->count()) return complain("--jit and --no-jit exclude each other");
    options.optimisation = level[0] - '0';
    options.jit = !no_jit;
    options.stm = stm;
    options.profile = profile->count() != 0;
    options.profile_base = profile_base;
    return build(options);
}
