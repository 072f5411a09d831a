// Reads heddle.json and expands its globs.
#include "sources.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <algorithm>
#include <filesystem>
#include <fnmatch.h>

namespace heddle::translator {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_below(const std::string& directory) {
    std::vector<std::string> files;
    std::error_code code;
    for (fs::recursive_directory_iterator i(directory, code), end; i != end; i.increment(code)) {
        std::string name = i->path().filename().string();
        if (i->is_directory() && (name[0] == '.' || name == "CMakeFiles"))
            i.disable_recursion_pending();
        else if (i->is_regular_file())
            files.push_back(i->path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
}

bool matches(const std::string& pattern, const std::string& path) {
    int flags = pattern.find("**") == std::string::npos ? FNM_PATHNAME : 0;
    return fnmatch(pattern.c_str(), path.c_str(), flags) == 0;
}

bool read_strings(const llvm::json::Object& object, llvm::StringRef key, std::vector<std::string>& result,
                  std::string& error) {
    const llvm::json::Value* value = object.get(key);
    if (!value) return true;
    const llvm::json::Array* array = value->getAsArray();
    if (array) {
        for (auto& item : *array) {
            if (auto text = item.getAsString())
                result.push_back(text->str());
            else
                array = nullptr;
            if (!array) break;
        }
    }
    if (!array) error = "\"" + key.str() + "\" must be a list of strings";
    return array != nullptr;
}

// The parts of heddle.json; 'globs' are the sources.
bool read_description(const std::string& text, std::vector<std::string>& globs, interpreter_sources& result,
                      std::string& error) {
    auto parsed = llvm::json::parse(text);
    if (!parsed) {
        error = llvm::toString(parsed.takeError());
        return false;
    }
    const llvm::json::Object* object = parsed->getAsObject();
    if (!object) {
        error = "it must hold an object: { \"sources\": [...] }";
        return false;
    }
    for (auto& entry : *object) {
        llvm::StringRef key = entry.first;
        if (key != "sources" && key != "include" && key != "libraries" && key != "defines" && key != "static") {
            error = "unknown key \"" + key.str() + "\"; there are sources, include, libraries, defines, static";
            return false;
        }
    }
    if (const llvm::json::Value* value = object->get("static")) {
        if (!value->getAsBoolean()) {
            error = "\"static\" must be true or false";
            return false;
        }
        result.link_statically = *value->getAsBoolean();
    }
    return read_strings(*object, "sources", globs, error) && read_strings(*object, "include", result.include, error) &&
           read_strings(*object, "libraries", result.libraries, error) &&
           read_strings(*object, "defines", result.defines, error);
}

} // namespace

bool find_sources(const std::string& directory, interpreter_sources& result, std::string& error) {
    std::string folder = directory;
    while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
    if (!fs::is_directory(folder)) {
        error = folder + ": no such folder; give the folder that holds the interpreter's sources";
        return false;
    }
    std::vector<std::string> globs;
    std::string description = folder + "/heddle.json";
    if (auto buffer = llvm::MemoryBuffer::getFile(description)) {
        if (!read_description((*buffer)->getBuffer().str(), globs, result, error)) {
            error = description + ": " + error;
            return false;
        }
        for (auto& i : result.include) i = folder + "/" + i;
    }
    if (globs.empty()) globs.push_back("**.cpp");
    for (auto& file : files_below(folder)) {
        std::string relative = file.substr(folder.size() + 1);
        if (std::any_of(globs.begin(), globs.end(), [&](auto& g) { return matches(g, relative); }))
            result.files.push_back(file);
    }
    result.include.insert(result.include.begin(), folder);
    if (!result.files.empty()) return true;
    error = folder + ": no sources (looked for " + globs[0] + (globs.size() > 1 ? ", ..." : "") +
            "); put *.cpp files there, or name them in heddle.json";
    return false;
}

} // namespace heddle::translator
