// The program image: what is serialised comes back equal, addresses relocated, bodies decoded lazily; damage is an
// error.
#include "program/load.h"
#include "sample_program.h"
#include <catch2/catch.hpp>

using namespace heddle::jit;
using namespace heddle::test;

TEST_CASE("a program survives its image") {
    program before;
    fill(before);
    std::vector<uint8_t> bytes = serialise(before, type_symbols, relocations);
    std::string error;
    std::unique_ptr<program> after = load({bytes.data(), bytes.size(), addresses, 3}, error);
    REQUIRE(error == "");
    REQUIRE(after);
    CHECK(after->files == before.files);
    REQUIRE(after->descrs.size() == before.descrs.size());
    for (size_t i = 0; i < before.descrs.size(); ++i) {
        CHECK(after->descrs[i]->type == before.descrs[i]->type);
        CHECK(after->descrs[i]->name == before.descrs[i]->name);
        CHECK(after->descrs[i]->index == i);
    }
    CHECK(after->fields[0].offset == 24);
    CHECK(after->fields[0].quasi_immutable);
    CHECK(!after->fields[0].immutable);
    CHECK(after->fields[0].shape.size == 4);
    CHECK(!after->fields[0].shape.is_signed);
    CHECK(after->fields[0].owner == reinterpret_cast<const heddle::gc::type_info*>(&target_a));
    CHECK(after->arrays[0].shape.is_reference);
    CHECK(after->arrays[0].shape.slot_kind == kind::pointer);
    CHECK(after->arrays[0].immutable);
    CHECK(after->arrays[0].type == reinterpret_cast<const heddle::gc::type_info*>(&target_b));
    CHECK(after->sizes[0].type == nullptr);
    CHECK(after->calls[0].effects.reads == std::vector<uint32_t>{0, 3});
    CHECK(after->calls[0].effects.writes == std::vector<uint32_t>{1});
    CHECK(after->calls[0].effects.elidable);
    CHECK(!after->calls[0].effects.may_collect);
    CHECK(after->calls[0].thunk == reinterpret_cast<call_thunk>(&target_c));

    REQUIRE(after->functions.size() == 2);
    CHECK(after->functions[0].jitcode == 0);
    CHECK(after->functions[1].jitcode == -1);
    CHECK(after->functions[1].reason == "varargs");
    CHECK(after->find_function(reinterpret_cast<uint64_t>(&target_b)) == &after->functions[0]);
    CHECK(after->find_function(4711) == nullptr);
    CHECK(after->drivers[0].green_kinds == "pi");
    CHECK(after->drivers[0].runner_address == reinterpret_cast<uint64_t>(&target_b));

    REQUIRE(after->jitcodes.size() == 1);
    CHECK(after->jitcodes[0] == nullptr);
    const jitcode& code = after->code(0);
    const jitcode& original = *before.jitcodes[0];
    CHECK(code.name == original.name);
    CHECK(code.code == original.code);
    CHECK(code.constants[0] == original.constants[0]);
    CHECK(code.constants[1] == std::vector<word>{0, reinterpret_cast<word>(&target_c), ~word{0}});
    CHECK(code.constants[2] == original.constants[2]);
    CHECK(code.switches[0].cases == original.switches[0].cases);
    CHECK(code.live[0].integers == original.live[0].integers);
    CHECK(code.live[0].pointers == original.live[0].pointers);
    CHECK(code.lines[1].second.line == 3);
    CHECK(code.location.line == 17);
    CHECK(code.unroll_safe);
    CHECK(code.driver == -1);
    CHECK(code.argument_kinds == "pi");
}

TEST_CASE("without names a program is the same but for what only people read") {
    program before;
    fill(before);
    std::vector<uint8_t> bytes = serialise(before, type_symbols, relocations);
    std::string error;
    std::unique_ptr<program> full = load({bytes.data(), bytes.size(), addresses, 3}, error);
    std::unique_ptr<program> bare = load_without_names({bytes.data(), bytes.size(), addresses, 3}, error);
    REQUIRE(error == "");
    REQUIRE((full && bare));
    REQUIRE(bare->descrs.size() == full->descrs.size());
    for (size_t i = 0; i < full->descrs.size(); ++i) {
        CHECK(bare->descrs[i]->type == full->descrs[i]->type);
        CHECK(bare->descrs[i]->name == "");
    }
    CHECK(bare->fields[0].offset == full->fields[0].offset);
    CHECK(bare->calls[0].argument_kinds == full->calls[0].argument_kinds);
    REQUIRE(bare->functions.size() == full->functions.size());
    for (size_t i = 0; i < full->functions.size(); ++i) {
        CHECK(bare->functions[i].name == "");
        CHECK(bare->functions[i].address == full->functions[i].address);
        CHECK(bare->functions[i].jitcode == full->functions[i].jitcode);
    }
    CHECK(bare->drivers[0].name == full->drivers[0].name);
    CHECK(bare->jitcode_offsets == full->jitcode_offsets);
    bytes.resize(bytes.size() / 2);
    CHECK(!load_without_names({bytes.data(), bytes.size(), addresses, 3}, error));
}

TEST_CASE("a damaged image is an error, never a crash") {
    program before;
    fill(before);
    std::vector<uint8_t> bytes = serialise(before, type_symbols, relocations);
    std::string error;
    bytes[4] ^= 1;
    CHECK(!load({bytes.data(), bytes.size(), addresses, 3}, error));
    CHECK(error.find("another version") != std::string::npos);
    bytes[4] ^= 1;
    bytes[0] ^= 1;
    CHECK(!load({bytes.data(), bytes.size(), addresses, 3}, error));
    CHECK(error.find("damaged") != std::string::npos);
    bytes[0] ^= 1;
    for (size_t size = 0; size + 16 < bytes.size(); ++size) {
        std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<long>(size));
        CHECK(!load({cut.data(), cut.size(), addresses, 3}, error));
    }
    CHECK(!load({bytes.data(), bytes.size(), addresses, 1}, error)); // a symbol out of range
}
