// What only the ARMv7 backend decides, on an ARMv7 processor.
#include "harness.h"
#include <catch2/catch.hpp>
#include <cstdio>
#include <sstream>
#include <sys/auxv.h>

using namespace backend_test;

namespace {

// Whether the listing has the instruction sdiv: its words are lines of an address and four bytes.
bool divides(const std::string& listing) {
    std::istringstream lines(listing);
    for (std::string line; std::getline(lines, line);) {
        unsigned bytes[4];
        if (line.empty() || line[0] == ';') continue;
        if (std::sscanf(line.c_str(), "%*x %x %x %x %x", bytes, bytes + 1, bytes + 2, bytes + 3) != 4) continue;
        unsigned word = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24;
        if ((word & 0x0ff0f0f0) == 0x0710f010) return true;
    }
    return false;
}

} // namespace

TEST_CASE("division by the instruction where the processor has it, else by a routine") {
    start_collector();
    constexpr unsigned long has_division = 1 << 17; // HWCAP_IDIVA
    bool processor_divides = (getauxval(AT_HWCAP) & has_division) != 0;
    for (auto& b : native_backends()) {
        INFO(b.name);
        unit u(*b.what);
        std::string listing;
        REQUIRE(u.compile("[i0, i1]\ni2 = int_div(i0, i1)\nfinish(i2)\n", &listing) == "");
        bool baseline = b.name.find("baseline") != std::string::npos;
        CHECK(divides(listing) == (processor_divides && !baseline));
        CHECK(u.run({w(int64_t{-100}), w(int64_t{7})}).values == std::vector<word>{w(int64_t{-14})});
    }
}
