// Phase 1. A cache entry NAME.bc has a list NAME.inputs: a line for each file read, "HASH path". It is replaced by
// rename, so that builds that share a cache directory do not meet half a file.
#include "compile.h"
#include "process.h"
#include "profile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA1.h"
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>
#include <unordered_map>

namespace heddle::translator {

namespace {

namespace fs = std::filesystem;

std::string hash_of(llvm::StringRef text) {
    llvm::SHA1 hash;
    hash.update(text);
    return llvm::toHex(hash.final(), true);
}

// Hashes of files, each read once in a build. Empty when the file can't be read.
class file_hashes {
public:
    const std::string& get(const std::string& path) {
        auto [entry, is_new] = known_.try_emplace(path);
        if (is_new)
            if (auto buffer = llvm::MemoryBuffer::getFile(path, false, false))
                entry->second = hash_of((*buffer)->getBuffer());
        return entry->second;
    }

private:
    std::unordered_map<std::string, std::string> known_;
};

bool is_current(const std::string& entry, file_hashes& hashes) {
    std::ifstream inputs(entry + ".inputs");
    if (!inputs || !fs::exists(entry + ".bc")) return false;
    std::string line;
    bool any = false;
    while (std::getline(inputs, line)) {
        size_t space = line.find(' ');
        if (space == std::string::npos || hashes.get(line.substr(space + 1)) != line.substr(0, space)) return false;
        any = true;
    }
    return any;
}

// The files that a make rule (clang -MD) names after the colon.
std::vector<std::string> dependencies(const std::string& rule_file) {
    std::ifstream file(rule_file);
    std::stringstream all;
    all << file.rdbuf();
    std::string text = all.str(), current;
    std::vector<std::string> result;
    size_t i = text.find(": ");
    for (i = i == std::string::npos ? text.size() : i + 2; i <= text.size(); i++) {
        char c = i < text.size() ? text[i] : ' ';
        if (c == '\\' && i + 1 < text.size() && text[i + 1] == '\n')
            i++;
        else if (c == '\\' && i + 1 < text.size())
            current += text[++i];
        else if (c != ' ' && c != '\n')
            current += c;
        else if (!current.empty())
            result.push_back(std::move(current)), current.clear();
    }
    return result;
}

bool write_inputs(const std::string& entry, const std::string& temporary, file_hashes& hashes) {
    std::ofstream inputs(temporary + ".inputs");
    for (auto& path : dependencies(temporary + ".d")) inputs << hashes.get(path) << ' ' << path << '\n';
    inputs.close();
    std::error_code code;
    fs::remove(temporary + ".d", code);
    fs::rename(temporary + ".bc", entry + ".bc", code);
    if (!code) fs::rename(temporary + ".inputs", entry + ".inputs", code);
    return !code;
}

std::vector<std::string> compiler_arguments(const interpreter_sources& sources, const std::string& compiler,
                                            const std::string& include_directory) {
    std::vector<std::string> arguments = {compiler,
                                          "-std=gnu++20",
                                          "-O1",
                                          "-Xclang",
                                          "-disable-llvm-passes",
                                          "-g1",
                                          "-emit-llvm",
                                          "-c",
                                          "-DHEDDLE_TRANSLATE=1",
                                          "-fno-exceptions",
                                          "-fno-rtti",
                                          "-fno-threadsafe-statics",
                                          "-ffp-contract=off",
                                          "-fno-pie",
                                          "-fno-pic",
                                          "-fno-stack-protector",
                                          "-fno-discard-value-names",
                                          "-Wno-invalid-offsetof",
                                          "-Wno-deprecated-declarations",
                                          "-isystem",
                                          include_directory};
    for (auto& folder : sources.include) arguments.insert(arguments.end(), {"-I", folder});
    for (auto& define : sources.defines) arguments.push_back("-D" + define);
    return arguments;
}

// What to do instead, for what clang refuses because of the DSL's rules.
std::string mends_for(const std::string& messages) {
    std::string text;
    if (messages.find("exceptions disabled") != std::string::npos)
        text += "heddle: interpreters report errors with Result<T> and HEDDLE_TRY instead of exceptions\n";
    if (messages.find("-frtti") != std::string::npos)
        text += "heddle: test classes with heddle::is<T> and heddle::as<T> instead of dynamic_cast and typeid\n";
    return text;
}

} // namespace

compile_result compile_sources(const interpreter_sources& sources, const std::string& compiler,
                               const std::string& include_directory, const std::string& cache_directory,
                               unsigned parallel, profile& times) {
    compile_result result;
    std::error_code code;
    fs::create_directories(cache_directory, code);
    if (code) {
        result.messages = cache_directory + ": cannot create the cache folder: " + code.message() +
                          "; make its parent writable or set HEDDLE_CACHE\n";
        result.failed = true;
        return result;
    }
    std::vector<std::string> arguments = compiler_arguments(sources, compiler, include_directory);
    std::string key = run_process({compiler, "--version"}).output;
    for (auto& a : arguments)
        if (!a.starts_with("-W")) key += a + '\n';

    file_hashes hashes;
    std::vector<std::vector<std::string>> commands;
    std::vector<std::string> entries, temporaries, names;
    for (auto& file : sources.files) {
        std::string entry = cache_directory + "/" + hash_of(key + fs::absolute(file).string());
        result.bitcode.push_back(entry + ".bc");
        if (is_current(entry, hashes)) {
            result.from_cache++;
            continue;
        }
        std::string temporary = entry + "." + std::to_string(getpid());
        auto command = arguments;
        command.insert(command.end(), {"-MD", "-MF", temporary + ".d", "-o", temporary + ".bc", file});
        commands.push_back(std::move(command));
        entries.push_back(entry);
        temporaries.push_back(temporary);
        names.push_back(file);
    }
    auto outcomes = run_processes(commands, parallel);
    for (size_t i = 0; i < outcomes.size(); i++) {
        times.child_peak(outcomes[i].peak_kilobytes);
        result.messages += outcomes[i].output;
        if (outcomes[i].exit_status != 0) {
            result.failed = true;
            result.messages += mends_for(outcomes[i].output);
            if (outcomes[i].output.empty())
                result.messages += names[i] + ": the compiler was killed; is there enough memory?\n";
        } else if (!write_inputs(entries[i], temporaries[i], hashes)) {
            result.failed = true;
            result.messages += entries[i] + ": cannot write to the cache folder; free some space or set HEDDLE_CACHE\n";
        }
    }
    return result;
}

} // namespace heddle::translator
