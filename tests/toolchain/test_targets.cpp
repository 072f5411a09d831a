// heddle targets, and build --target: what is wrong or missing is one line with the mend; a cross-built VM runs.
#include "workshop.h"
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

using namespace heddle::test;

namespace {

const char* const small_main = "int main() { gc::initialise_from_environment_or_exit(); std::printf(\"%ld %d\\n\", "
                               "make<W_Box>(make<W_Int>(41))->number(), int(sizeof(void*))); }\n";

void check_refused(workshop& shop, const std::string& environment, const std::string& message, int status = 2) {
    run_result result = shop.run(environment + " " HEDDLE_COMMAND " build vm -o out --no-jit --target armv7");
    INFO(environment << ": " << result.output);
    CHECK(result.status == status);
    CHECK(result.output.find(message) != std::string::npos);
    CHECK(std::count(result.output.begin(), result.output.end(), '\n') == 1);
    CHECK_FALSE(shop.exists("out"));
}

} // namespace

TEST_CASE("targets are listed with what is missing for each") {
    workshop shop;
    run_result all = shop.run("HEDDLE_SYSROOT=$PWD/nowhere " HEDDLE_COMMAND " targets");
    INFO(all.output);
    CHECK(all.status == 0);
    CHECK(all.output.find("x86_64    this machine") != std::string::npos);
    CHECK(all.output.find("armv7     ARMv7-A") != std::string::npos);
    CHECK(all.output.find("nowhere; run tools/sysroot-armv7") != std::string::npos);
}

TEST_CASE("a sysroot that is none is refused") {
    workshop shop;
    shop.write("vm/main.cpp", std::string(prelude) + small_main);
    shop.write("empty/readme.txt", "");
    check_refused(shop, "HEDDLE_SYSROOT=$PWD/nowhere", "there is no sysroot for armv7");
    check_refused(shop, "HEDDLE_SYSROOT=$PWD/empty", "empty is no sysroot for armv7");
}

TEST_CASE("bitcode of another target in the cache is refused") {
    workshop shop;
    shop.write("vm/main.cpp", std::string(prelude) + small_main);
    shop.write("other.cpp", "int other;\n");
    std::string build = "HEDDLE_CACHE=$PWD/cache " HEDDLE_COMMAND " build vm -o out --no-jit -O0";
    REQUIRE(shop.run(build).status == 0);
    REQUIRE(shop.run("for f in cache/*.bc; do clang++-19 --target=arm-linux-gnueabihf -emit-llvm -c other.cpp -o $f; "
                     "done")
                .status == 0);
    run_result again = shop.run(build);
    INFO(again.output);
    CHECK(again.status == 1);
    CHECK(again.output.find("not for x86_64; delete the cache folder") != std::string::npos);
}

// Needs the sysroot, the archives of the preset armv7 and qemu-arm: without them only a warning.
TEST_CASE("a VM built for armv7 runs there") {
    workshop shop;
    shop.write("vm/main.cpp", std::string(prelude) + small_main);
    std::string targets = shop.heddle("targets").output;
    if (targets.find("ready", targets.find("armv7 ")) == targets.find("ready:", targets.find("armv7 ")) ||
        shop.run("command -v qemu-arm").status != 0) {
        WARN("not run: " << targets);
        return;
    }
    run_result built = shop.heddle("build vm -o out --no-jit --target armv7");
    INFO(built.output);
    REQUIRE(built.status == 0);
    CHECK(shop.run("qemu-arm ./out").output == "42 4\n");
}
