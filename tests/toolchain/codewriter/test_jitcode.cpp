// Small C++ sources and the jitcode that the codewriter makes of them: cases/NAME.cpp, cases/NAME.jitcode.
// HEDDLE_UPDATE=1 writes the expected files anew: read the difference before committing it.
#include "annotations.h"
#include "class_layouts.h"
#include "codewriter/codewriter.h"
#include "diagnostics.h"
#include "driver/link_modules.h"
#include "drivers.h"
#include "transform/normalise.h"
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <sstream>

namespace fs = std::filesystem;
using namespace heddle::translator;

namespace {

std::string read(const fs::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

// The jitcodes of a source, then the messages.
std::string jitcode_of(const fs::path& source) {
    fs::path bitcode = fs::temp_directory_path() / ("heddle-codewriter-" + std::to_string(::getpid()) + ".bc");
    std::string command = "clang++-19 -std=gnu++20 -DHEDDLE_TRANSLATE=1 -fno-exceptions -fno-rtti -O1 -Xclang "
                          "-disable-llvm-passes -g1 -ffp-contract=off "
                          "-fno-threadsafe-statics -c -emit-llvm -I " BUILD "/include " +
                          source.string() + " -o " + bitcode.string();
    REQUIRE(std::system(command.c_str()) == 0);
    llvm::LLVMContext context;
    std::string error;
    std::unique_ptr<llvm::Module> module = link_modules(context, {bitcode.string()}, "x86_64", error);
    fs::remove(bitcode);
    REQUIRE(error == "");
    REQUIRE(module);
    diagnostics problems;
    normalise(*module);
    class_layouts layouts = class_layouts::collect(*module, problems);
    annotations hints = annotations::collect(*module, problems);
    drivers all_drivers = collect_drivers(*module, problems);
    codewriter_result result = codewriter::write(*module, layouts, all_drivers, hints, problems, false);
    std::string text = result.text(), messages = problems.text();
    // Only file names: the folder's path differs from machine to machine.
    for (size_t at = 0; (at = messages.find("cases/", at)) != std::string::npos;) {
        size_t begin = messages.find_last_of(" (\n", at);
        begin = begin == std::string::npos ? 0 : begin + 1;
        messages.erase(begin, at + 6 - begin);
        at = begin;
    }
    return text + messages;
}

} // namespace

TEST_CASE("sources give the jitcode expected") {
    std::vector<fs::path> sources;
    for (auto& entry : fs::directory_iterator(CASES))
        if (entry.path().extension() == ".cpp") sources.push_back(entry.path());
    std::sort(sources.begin(), sources.end());
    REQUIRE(!sources.empty());
    for (const fs::path& source : sources) {
        INFO(source.filename().string());
        fs::path expected = source;
        expected.replace_extension(".jitcode");
        std::string text = jitcode_of(source);
        if (std::getenv("HEDDLE_UPDATE")) std::ofstream(expected) << text;
        CHECK(text == read(expected));
    }
}
