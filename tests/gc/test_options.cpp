// The environment variables: good values are taken, bad ones named.
#include <cstdlib>
#include <cstring>
#include <string>

#include "heap_fixture.h"

namespace gc = heddle::gc;

namespace {

// The error for NAME=value, or "" if it's accepted.
std::string error_for(const char* name, const char* value, gc::options& chosen) {
    setenv(name, value, 1);
    const char* error = gc::options_from_environment(chosen);
    unsetenv(name);
    return error == nullptr ? "" : error;
}

} // namespace

TEST_CASE("good values") {
    gc::options chosen;
    CHECK(error_for("HEDDLE_GC_NURSERY", "1M", chosen).empty());
    CHECK(chosen.nursery_bytes == 1u << 20);
    CHECK(error_for("HEDDLE_GC_NURSERY", "512k", chosen).empty());
    CHECK(chosen.nursery_bytes == 512u << 10);
    CHECK(error_for("HEDDLE_GC_MAX", "2G", chosen).empty());
    CHECK(chosen.maximum_heap_bytes == size_t{2} << 30);
    CHECK(error_for("HEDDLE_GC_GROWTH", "2.5", chosen).empty());
    CHECK(chosen.growth == 2.5);
    CHECK(error_for("HEDDLE_GC_STRESS", "3", chosen).empty());
    CHECK(chosen.stress_interval == 3);
    CHECK(error_for("HEDDLE_GC_CARD", "4", chosen).empty());
    CHECK(chosen.card_elements == 4);
    CHECK(error_for("HEDDLE_GC_VERIFY", "1", chosen).empty());
    CHECK(chosen.verify);
}

TEST_CASE("bad values are errors that name the variable and the value") {
    const char* cases[][2] = {
        {"HEDDLE_GC_NURSERY", "1K"}, {"HEDDLE_GC_NURSERY", "x"},   {"HEDDLE_GC_NURSERY", "-4M"},
        {"HEDDLE_GC_NURSERY", ""},   {"HEDDLE_GC_NURSERY", "4MX"}, {"HEDDLE_GC_NURSERY", "99999999999G"},
        {"HEDDLE_GC_MAX", "12"},     {"HEDDLE_GC_MAX", "1T"},      {"HEDDLE_GC_GROWTH", "0.5"},
        {"HEDDLE_GC_GROWTH", "nan"}, {"HEDDLE_GC_GROWTH", "2x"},   {"HEDDLE_GC_STRESS", "often"},
        {"HEDDLE_GC_STRESS", "-1"},  {"HEDDLE_GC_CARD", "3"},      {"HEDDLE_GC_CARD", "2"},
        {"HEDDLE_GC_CARD", "100"},   {"HEDDLE_GC_VERIFY", "yes"},  {"HEDDLE_GC_POISON", "2"},
    };
    for (auto [name, value] : cases) {
        gc::options chosen;
        std::string error = error_for(name, value, chosen);
        INFO(name << "=" << value << ": " << error);
        CHECK(error.find(name) != std::string::npos);
        CHECK(error.find(value) != std::string::npos);
        CHECK(error.find('\n') == std::string::npos);
    }
}

TEST_CASE("an unwritable log is an error") {
    gc::options chosen;
    chosen.log_file = "no/such/folder/log";
    const char* error = gc::initialise(chosen);
    REQUIRE(error != nullptr);
    CHECK(std::strstr(error, "no/such/folder/log") != nullptr);
}
