// The command line: wrong use is one line and status 2; the cache; profile and IR files.
#include "workshop.h"
#include <algorithm>
#include <catch2/catch.hpp>

using namespace heddle::test;

namespace {

const char* const small_main = "int main() { gc::initialise_from_environment_or_exit(); std::printf(\"%ld\\n\", "
                               "make<W_Box>(make<W_Int>(41))->number()); }\n";

} // namespace

TEST_CASE("wrong use of heddle is one line on stderr and status 2") {
    workshop shop;
    shop.write("vm/main.cpp", std::string(prelude) + small_main);
    shop.write("empty/readme.txt", "");
    shop.write("odd/heddle.json", "{ \"source\": [] }");
    shop.write("broken/heddle.json", "{ \"sources\": ");
    shop.write("unsure/heddle.json", "{ \"static\": \"yes\" }");
    const std::pair<const char*, const char*> cases[] = {
        {"build vm -o out --no-jit --stm --target armv7", "--stm is not supported for --target armv7"},
        {"build vm -o out --target vax", "--target vax is no target; there are x86_64, armv7"},
        {"build vm -o out --frobnicate", "--frobnicate"},
        {"build vm -o out -O7", "-O7 is no level"},
        {"build vm -o out --jit --no-jit", "exclude each other"},
        {"build vm", "-o"},
        {"build nowhere -o out", "nowhere: no such folder"},
        {"build empty -o out", "empty: no sources"},
        {"build vm -o empty", "empty: is a folder"},
        {"build vm -o nowhere/out", "there is no folder nowhere"},
        {"build vm -o /proc/out", "/proc/out: can't be written"},
        {"build odd -o out", "unknown key \"source\""},
        {"build broken -o out", "broken/heddle.json"},
        {"build unsure -o out", "\"static\" must be true or false"},
        {"", "heddle --help"},
        {"explain", "WHAT"},
    };
    for (auto& [arguments, message] : cases) {
        run_result result = shop.heddle(arguments);
        INFO(arguments << ": " << result.output);
        CHECK(result.status == 2);
        CHECK(result.output.find(message) != std::string::npos);
        CHECK(std::count(result.output.begin(), result.output.end(), '\n') == 1);
    }
    CHECK_FALSE(shop.exists("out"));
    CHECK(shop.heddle("--help").status == 0);
    CHECK(shop.heddle("build --help").output.find("--keep-ir") != std::string::npos);
}

TEST_CASE("a change to one file recompiles that file only") {
    workshop shop;
    shop.write(
        "vm/main.cpp",
        std::string(prelude) +
            "#include \"answer.h\"\nlong twice(long);\nint main() { std::printf(\"%ld\\n\", twice(answer)); }\n");
    shop.write("vm/twice.cpp", "long twice(long n) { return n * 2; }\n");
    shop.write("vm/answer.h", "constexpr long answer = 21;\n");
    auto build = [&] { return shop.heddle("build vm -o out --no-jit -O0 --profile").output; };
    CHECK(build().find("0 of 2 files from the cache") != std::string::npos);
    CHECK(shop.run("./out").output == "42\n");
    CHECK(build().find("2 of 2 files from the cache") != std::string::npos);
    shop.write("vm/answer.h", "constexpr long answer = 4;\n");
    CHECK(build().find("1 of 2 files from the cache") != std::string::npos);
    CHECK(shop.run("./out").output == "8\n");
    shop.write("vm/twice.cpp", "long twice(long n) { return n * 3; }\n");
    CHECK(build().find("1 of 2 files from the cache") != std::string::npos);
    CHECK(shop.run("./out").output == "12\n");
}

TEST_CASE("machine code is made again for the parts that a change reaches, and for no others") {
    workshop shop;
    shop.write("vm/main.cpp", std::string(prelude) +
                                  "#include \"parts.h\"\nint main() { gc::initialise_from_environment_or_exit(); "
                                  "std::printf(\"%ld %ld %s\\n\", one(), two(), name()); }\n");
    shop.write("vm/parts.h", "long one();\nlong two();\nlong small(long);\nconst char* name();\n");
    // Both have a function and a variable of the same names; 'two' inlines a function of one.cpp.
    std::string common =
        "#include \"parts.h\"\nnamespace { long count = 0; __attribute__((noinline)) long step(long n) ";
    auto write_one = [&](const std::string& small) {
        shop.write("vm/one.cpp", common + "{ return count += n; } }\nlong one() { return step(1) + step(1); }\n" +
                                     "const char* name() { return \"parts\"; }\nlong small(long n) { return " + small +
                                     "; }\n");
    };
    auto write_two = [&](const std::string& times) {
        shop.write(
            "vm/two.cpp",
            common +
                "{ return count -= n; } }\n__attribute__((noinline)) long two() { step(1); return step(small(5)) * " +
                times + "; }\n");
    };
    auto build = [&](const std::string& cached, const std::string& output) {
        run_result built = shop.heddle("build vm -o out --no-jit -O2 --profile");
        INFO(built.output);
        CHECK(built.status == 0);
        CHECK(built.output.find(cached + " parts from the cache") != std::string::npos);
        CHECK(shop.run("./out").output == output);
    };
    write_one("n + 10");
    write_two("2");
    build("0 of 4", "3 -32 parts\n");
    build("4 of 4", "3 -32 parts\n");
    write_two("3");
    build("3 of 4", "3 -48 parts\n");
    // What is inlined elsewhere is seen there.
    write_one("n + 20");
    build("2 of 4", "3 -78 parts\n");
    write_one("n + 10");
    build("4 of 4", "3 -48 parts\n");
    // Two builds at once that share the cache.
    write_two("5");
    run_result both = shop.run("(" HEDDLE_COMMAND " build vm -o a --no-jit & " HEDDLE_COMMAND
                               " build vm -o b --no-jit; wait) && ./a && ./b");
    CHECK(both.output == "3 -80 parts\n3 -80 parts\n");
}

TEST_CASE("heddle.json's static makes an executable that needs no libraries") {
    workshop shop;
    shop.write("vm/main.cpp", std::string(prelude) + small_main);
    shop.write("vm/heddle.json", "{ \"static\": true }");
    run_result result = shop.heddle("build vm -o out --no-jit");
    INFO(result.output);
    REQUIRE(result.status == 0);
    CHECK(shop.run("ldd out").output.find("not a dynamic executable") != std::string::npos);
    CHECK(shop.run("./out").output == "42\n");
}

TEST_CASE("--profile and --keep-ir write what they promise") {
    workshop shop;
    shop.write("vm/main.cpp", std::string(prelude) + small_main);
    run_result result = shop.heddle("build vm -o out --no-jit --profile=figures --keep-ir ir");
    INFO(result.output);
    REQUIRE(result.status == 0);
    for (const char* phase : {"compile", "link", "normalise", "analyse", "transform", "optimise and generate code",
                              "link executable", "total"})
        CHECK(result.output.find(std::string("\n") + phase) != std::string::npos);
    CHECK(shop.run("ldd out").output.find("libc.so") != std::string::npos);
    CHECK(shop.read("figures.json").find("\"name\":\"normalise\"") != std::string::npos);
    CHECK(shop.read("figures.html").find("<table>") != std::string::npos);
    CHECK(shop.read("ir/02-normalise.ll").find("heddle_marker_new") != std::string::npos);
    CHECK(shop.read("ir/04-transform.ll").find("heddle_marker_") == std::string::npos);
    CHECK(shop.read("ir/04-transform.ll").find("addrspace(1)") == std::string::npos);
    CHECK(shop.run("./out").output == "42\n");
}
