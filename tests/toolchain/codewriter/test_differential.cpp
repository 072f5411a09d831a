// Random arithmetic as jitcode against the same compiled plainly: the generated program prints every function's
// results; a translated build must print the same in machine code (both backends), through the blackhole and through
// bridges. HEDDLE_TEST_SEED chooses the seed (it is printed); HEDDLE_TEST_PROGRAMS how many programs.
#include "generate.h"
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>

namespace fs = std::filesystem;

namespace {

uint64_t number_from(const char* variable, uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

std::string read(const fs::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

// The first line in which they differ, for the message.
std::string first_difference(const std::string& a, const std::string& b) {
    std::istringstream left(a), right(b);
    std::string x, y;
    while (std::getline(left, x)) {
        if (!std::getline(right, y)) return x + " / (end)";
        if (x != y) return x + " / " + y;
    }
    return "";
}

} // namespace

TEST_CASE("random functions compute in traces what they compute natively") {
    uint64_t seed = number_from("HEDDLE_TEST_SEED", std::random_device{}());
    uint64_t programs = number_from("HEDDLE_TEST_PROGRAMS", 1);
    for (uint64_t p = 0; p < programs; ++p, ++seed) {
        std::cout << "differential test: HEDDLE_TEST_SEED=" << seed << std::endl;
        INFO("HEDDLE_TEST_SEED=" << seed);
        fs::path folder = fs::temp_directory_path() / ("heddle-differential-" + std::to_string(seed));
        fs::create_directories(folder / "source");
        std::ofstream(folder / "source" / "program.cpp") << generate_program(seed, 8);
        std::string quoted = folder.string(), plain = quoted + "/plain", vm = quoted + "/vm";
        REQUIRE(run("clang++-19 -std=gnu++20 -O1 -w -fno-strict-aliasing -ffp-contract=off -I " BUILD "/include " +
                    quoted +
                    "/source/program.cpp " BUILD "/lib/libheddle_rt.a " BUILD "/lib/libheddle_no_jit.a " BUILD
                    "/lib/libheddle_gc.a -lpthread -o " +
                    plain));
        REQUIRE(run(BUILD "/bin/heddle build " + quoted + "/source -O1 -o " + vm + " 2>" + quoted + "/messages"));
        REQUIRE(run(plain + " >" + quoted + "/expected"));
        std::string expected = read(folder / "expected");
        for (const char* options : {"threshold=2,never_bridge", "threshold=3,trace_eagerness=2",
                                    "threshold=3,trace_eagerness=2,backend=portable"}) {
            INFO(options);
            REQUIRE(run("HEDDLE_JIT=" + std::string(options) + " " + vm + " >" + quoted + "/found"));
            CHECK(first_difference(expected, read(folder / "found")) == "");
        }
        fs::remove_all(folder);
    }
}
