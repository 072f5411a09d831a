// Phase 1. A cache entry NAME.bc (or NAME.pch, a precompiled header) has a list NAME.inputs: a line for each file read,
// "HASH path". It is replaced by rename, so that builds that share a cache directory do not meet half a file.
#include "compile.h"
#include "hash.h"
#include "precompiled.h"
#include "process.h"
#include "profile.h"
#include "llvm/Support/MemoryBuffer.h"
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <unistd.h>
#include <unordered_map>

namespace heddle::translator {

namespace {

namespace fs = std::filesystem;

// Hashes of files, each read once in a build. Empty when the file can't be read.
class file_hashes {
public:
    const std::string& get(const std::string& path) {
        auto [entry, is_new] = known_.try_emplace(path);
        if (is_new)
            if (auto buffer = llvm::MemoryBuffer::getFile(path, false, false))
                entry->second = hash_of({(*buffer)->getBuffer()});
        return entry->second;
    }

private:
    std::unordered_map<std::string, std::string> known_;
};

// One compiler run: what it makes and where that is kept.
struct job {
    std::string entry;     // the cache entry's path, without suffix
    std::string suffix;    // of what is made
    std::string file;      // what is compiled
    std::string temporary; // like entry
    std::vector<std::string> command;
    std::string made() const { return entry + suffix; }
};

bool is_current(const job& wanted, file_hashes& hashes) {
    std::ifstream inputs(wanted.entry + ".inputs");
    if (!inputs || !fs::exists(wanted.made())) return false;
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

// Was the file written to after the compiler had started? Then who knows what the compiler read.
bool is_newer(const std::string& path, fs::file_time_type start) {
    std::error_code code;
    fs::file_time_type time = fs::last_write_time(path, code);
    return !code && time >= start;
}

bool keep(const job& done, file_hashes& hashes, fs::file_time_type start) {
    bool known = true;
    std::ofstream inputs(done.temporary + ".inputs");
    for (auto& path : dependencies(done.temporary + ".d")) {
        inputs << hashes.get(path) << ' ' << path << '\n';
        known &= !is_newer(path, start);
    }
    inputs.close();
    std::error_code code, ignored;
    fs::remove(done.temporary + ".d", ignored);
    fs::remove(done.entry + ".inputs", ignored);
    fs::rename(done.temporary + done.suffix, done.made(), code);
    if (!known)
        fs::remove(done.temporary + ".inputs", ignored);
    else if (!code)
        fs::rename(done.temporary + ".inputs", done.entry + ".inputs", code);
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

class compilation {
public:
    compilation(const interpreter_sources& sources, std::vector<std::string> arguments, const std::string& compiler,
                const std::string& cache, unsigned parallel, profile& times)
        : sources_(sources), arguments_(std::move(arguments)), cache_(cache), parallel_(parallel), times_(times) {
        key_ = run_process({compiler, "--version"}).output;
        for (auto& a : arguments_)
            if (!a.starts_with("-W")) key_ += a + '\n';
    }

    compile_result run() {
        std::vector<job> wanted;
        std::vector<bool> is_wanted(sources_.files.size());
        for (size_t i = 0; i < sources_.files.size(); i++) {
            job source = describe(sources_.files[i], ".bc", {"-emit-llvm", "-c"});
            result_.bitcode.push_back(source.made());
            is_wanted[i] = !is_current(source, hashes_);
            if (!is_wanted[i]) result_.from_cache++;
            wanted.push_back(std::move(source));
        }
        std::vector<job> first, second;
        std::vector<bool> is_second(wanted.size());
        for (const shared_header& header : shared_headers(sources_.files, sources_.include)) {
            job precompiled =
                describe(header.path, ".pch",
                         {"-x", "c++-header", "-Xclang", "-fno-pch-timestamp", "-fpch-instantiate-templates"});
            size_t users = 0;
            for (size_t i : header.sources) users += is_wanted[i];
            bool current = is_current(precompiled, hashes_);
            if (users == 0 || (users == 1 && !current)) continue;
            for (size_t i : header.sources) {
                is_second[i] = true;
                wanted[i].command.insert(wanted[i].command.end(), {"-include-pch", precompiled.made()});
            }
            if (!current) first.push_back(std::move(precompiled));
        }
        for (size_t i = 0; i < wanted.size(); i++)
            if (is_wanted[i]) (is_second[i] ? second : first).push_back(std::move(wanted[i]));
        compile(first);
        // A header that can't be precompiled shows its errors, if they are, in the sources that include it.
        for (job& source : second)
            if (auto option = std::find(source.command.begin(), source.command.end(), "-include-pch");
                option != source.command.end() && failed_headers_.contains(*(option + 1)))
                source.command.erase(option, option + 2);
        compile(second);
        return std::move(result_);
    }

private:
    job describe(const std::string& file, const std::string& suffix, const std::vector<std::string>& options) {
        job result;
        result.entry = cache_ + "/" + hash_of({key_, fs::absolute(file).string(), suffix});
        result.suffix = suffix;
        result.file = file;
        result.temporary = result.entry + "." + std::to_string(getpid());
        result.command = arguments_;
        result.command.insert(result.command.end(), options.begin(), options.end());
        return result;
    }

    void compile(std::vector<job>& jobs) {
        std::vector<std::vector<std::string>> commands;
        std::error_code code;
        for (job& j : jobs) {
            commands.push_back(j.command);
            commands.back().insert(commands.back().end(),
                                   {"-MD", "-MF", j.temporary + ".d", "-o", j.temporary + j.suffix, j.file});
        }
        // By the file system's clock, which may be coarser than ours.
        std::string stamp = cache_ + "/started." + std::to_string(getpid());
        std::ofstream(stamp) << '\n';
        fs::file_time_type start = fs::last_write_time(stamp, code);
        fs::remove(stamp, code);
        auto outcomes = run_processes(commands, parallel_);
        for (size_t i = 0; i < outcomes.size(); i++) finish(jobs[i], outcomes[i], start);
    }

    void finish(const job& done, const process_result& outcome, fs::file_time_type start) {
        times_.child_peak(outcome.peak_kilobytes);
        bool is_header = done.suffix == ".pch";
        if (is_header && outcome.exit_status == 0) result_.precompiled++;
        if (!is_header) result_.messages += outcome.output;
        if (outcome.exit_status != 0) {
            std::error_code code;
            for (const char* suffix : {".d", ".pch", ".bc"}) fs::remove(done.temporary + suffix, code);
            if (is_header) {
                failed_headers_.insert(done.made());
                return;
            }
            result_.failed = true;
            result_.messages += mends_for(outcome.output);
            if (outcome.output.empty())
                result_.messages += done.file + ": the compiler was killed; is there enough memory?\n";
        } else if (!keep(done, hashes_, start)) {
            result_.failed = true;
            result_.messages +=
                done.made() + ": cannot write to the cache folder; free some space or set HEDDLE_CACHE\n";
        }
    }

    const interpreter_sources& sources_;
    std::vector<std::string> arguments_;
    std::string cache_, key_;
    unsigned parallel_;
    profile& times_;
    file_hashes hashes_;
    std::set<std::string> failed_headers_;
    compile_result result_;
};

} // namespace

compile_result compile_sources(const interpreter_sources& sources, const std::string& compiler,
                               const std::vector<std::string>& target_arguments, const std::string& include_directory,
                               const std::string& cache_directory, unsigned parallel, profile& times) {
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
    arguments.insert(arguments.begin() + 1, target_arguments.begin(), target_arguments.end());
    return compilation(sources, std::move(arguments), compiler, cache_directory, parallel, times).run();
}

} // namespace heddle::translator
