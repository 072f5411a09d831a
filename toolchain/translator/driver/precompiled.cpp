// See precompiled.h.
#include "precompiled.h"
#include <algorithm>
#include <filesystem>
#include <fstream>

namespace heddle::translator {

namespace {

namespace fs = std::filesystem;

// Making a precompiled header takes as long as compiling a small source: for fewer it doesn't pay.
constexpr size_t worthwhile = 3;

// NAME when the first line that is neither empty nor a line comment is: #include "NAME".
std::string leading_include(const std::string& path) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        size_t start = line.find_first_not_of(" \t");
        if (start == std::string::npos || line.compare(start, 2, "//") == 0) continue;
        if (line.compare(start, 8, "#include") != 0) return "";
        size_t open = line.find_first_not_of(" \t", start + 8);
        size_t close = open == std::string::npos || line[open] != '"' ? open : line.find('"', open + 1);
        return close == std::string::npos || close == open ? "" : line.substr(open + 1, close - open - 1);
    }
    return "";
}

std::string resolve(const std::string& name, const std::string& includer, const std::vector<std::string>& include) {
    std::vector<fs::path> folders{fs::path(includer).parent_path()};
    folders.insert(folders.end(), include.begin(), include.end());
    std::error_code code;
    for (auto& folder : folders)
        if (fs::is_regular_file(folder / name, code)) return (folder / name).lexically_normal().string();
    return "";
}

} // namespace

std::vector<shared_header> shared_headers(const std::vector<std::string>& files,
                                          const std::vector<std::string>& include) {
    std::vector<shared_header> found;
    for (size_t i = 0; i < files.size(); i++) {
        std::string name = leading_include(files[i]);
        std::string path = name.empty() ? "" : resolve(name, files[i], include);
        if (path.empty()) continue;
        auto known = std::find_if(found.begin(), found.end(), [&](auto& header) { return header.path == path; });
        if (known == found.end()) known = found.insert(known, shared_header{path, {}});
        known->sources.push_back(i);
    }
    std::erase_if(found, [](auto& header) { return header.sources.size() < worthwhile; });
    return found;
}

} // namespace heddle::translator
