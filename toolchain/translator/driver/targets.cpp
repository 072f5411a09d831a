// See targets.h.
#include "targets.h"
#include "link_executable.h"
#include <cstdlib>
#include <filesystem>

namespace heddle::translator {

namespace {

namespace fs = std::filesystem;

constexpr const char* archives[] = {"libheddle_rt.a", "libheddle_gc.a", "libheddle_jit.a", "libheddle_no_jit.a"};

target armv7(const std::string& installation) {
    target t;
    t.name = "armv7";
    t.description = "ARMv7-A Linux, hard float (VFPv3-D16), static executables";
    t.architecture = "arm";
    t.library_directory = installation + "/armv7/lib";
    const char* chosen = std::getenv("HEDDLE_SYSROOT");
    t.sysroot = chosen && *chosen ? chosen : installation + "/sysroot-armv7";
    t.libraries_folder = "usr/lib/arm-linux-gnueabihf";
    t.compiler_arguments = {"--target=arm-linux-gnueabihf", "-march=armv7-a", "-mfpu=vfpv3-d16", "-mfloat-abi=hard",
                            "-marm", "--sysroot=" + t.sysroot,
                            // File positions and times have 64 bits on every target.
                            "-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64",
                            // What takes a long to have 64 bits would compute something else here.
                            "-Werror=shift-count-overflow", "-Werror=constant-conversion", "-Werror=integer-overflow",
                            "-Werror=tautological-constant-out-of-range-compare"};
    t.linker_arguments = {"-static"};
    t.machine_code = "machine code";
    return t;
}

const std::vector<target>& all_targets() {
    static const std::vector<target> all = [] {
        std::string installation = installation_directory();
        target own;
        own.name = "x86_64";
        own.description = "this machine";
        own.architecture = "x86_64";
        own.library_directory = installation + "/lib";
        own.machine_code = "machine code";
        return std::vector<target>{own, armv7(installation)};
    }();
    return all;
}

} // namespace

const target* find_target(const std::string& name, std::string& error) {
    std::string names;
    for (const target& t : all_targets()) {
        if (t.name == name) return &t;
        names += (names.empty() ? "" : ", ") + t.name;
    }
    error = "--target " + name + " is no target; there are " + names;
    return nullptr;
}

std::vector<std::string> missing_for(const target& t) {
    std::vector<std::string> missing;
    std::string error;
    if (find_compiler(error).empty()) missing.push_back(error);
    if (!t.sysroot.empty()) {
        std::string libraries = t.sysroot + "/" + t.libraries_folder;
        if (!fs::exists(t.sysroot))
            missing.push_back("there is no sysroot for " + t.name + " in " + t.sysroot + "; run tools/sysroot-" +
                              t.name + ", or set HEDDLE_SYSROOT");
        else if (!fs::exists(libraries + "/libc.a"))
            missing.push_back(t.sysroot + " is no sysroot for " + t.name + " (" + t.libraries_folder +
                              "/libc.a is not in it); run tools/sysroot-" + t.name + ", or set HEDDLE_SYSROOT");
    }
    for (const char* archive : archives) {
        if (fs::exists(t.library_directory + "/" + archive)) continue;
        missing.push_back(t.library_directory + "/" + archive + " is missing; build it: cmake --preset " +
                          (t.sysroot.empty() ? "release" : t.name) + ", then cmake --build build" +
                          (t.sysroot.empty() ? "" : "/" + t.name) + " --target heddle_archives");
        break;
    }
    return missing;
}

std::string describe_targets() {
    std::string text;
    for (const target& t : all_targets()) {
        std::vector<std::string> missing = missing_for(t);
        text += t.name + std::string(t.name.size() < 10 ? 10 - t.name.size() : 1, ' ') + t.description + "; " +
                t.machine_code + (missing.empty() ? "; ready\n" : "; not ready:\n");
        for (const std::string& line : missing) text += "          " + line + "\n";
    }
    return text;
}

} // namespace heddle::translator
