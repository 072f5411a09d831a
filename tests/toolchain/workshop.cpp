// See workshop.h.
#include "workshop.h"
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/wait.h>

namespace heddle::test {

const char* const prelude = R"(#include "heddle/heddle.h"
#include <cstdio>
using namespace heddle;
struct W_Object : object { virtual long number() const { return 0; } HEDDLE_GC_CLASS(W_Object, object) };
struct W_Int : W_Object { explicit W_Int(long v) : value(v) {} const long value; long number() const override { return value; } HEDDLE_GC_CLASS(W_Int, W_Object, value) };
struct W_Box : W_Object { explicit W_Box(W_Object* o) : item(o) {} member<W_Object> item; long number() const override { return item->number() + 1; } HEDDLE_GC_CLASS(W_Box, W_Object, item) };
)";

namespace {

std::string make_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "heddle-test-XXXXXX").string();
    return mkdtemp(pattern.data()) ? pattern : "";
}

const std::string& shared_cache() {
    static struct cache {
        std::string folder = make_folder();
        ~cache() { std::filesystem::remove_all(folder); }
    } shared;
    return shared.folder;
}

} // namespace

workshop::workshop() : folder_(make_folder()) {}
workshop::~workshop() { std::filesystem::remove_all(folder_); }

void workshop::write(const std::string& name, const std::string& text) {
    std::filesystem::path path = std::filesystem::path(folder_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

std::string workshop::read(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

bool workshop::exists(const std::string& name) const { return std::filesystem::exists(folder_ + "/" + name); }

run_result workshop::run(const std::string& command) {
    run_result result;
    FILE* pipe = popen(("cd " + folder_ + " && ( " + command + " ) 2>&1").c_str(), "r");
    if (!pipe) return result;
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) result.output.append(buffer, n);
    int status = pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

run_result workshop::heddle(const std::string& arguments) {
    return run("HEDDLE_CACHE=" + shared_cache() + " " HEDDLE_COMMAND " " + arguments);
}

int line_of(const std::string& text, const std::string& part) {
    size_t end = text.find(part);
    int line = 1;
    for (size_t i = 0; i < end && i < text.size(); i++) line += text[i] == '\n';
    return end == std::string::npos ? 0 : line;
}

} // namespace heddle::test
