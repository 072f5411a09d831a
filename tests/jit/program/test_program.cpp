// The program image: what is serialised comes back equal, addresses relocated, bodies decoded lazily; damage is an
// error.
#include "heddle/jit/program.h"
#include <catch2/catch.hpp>

using namespace heddle::jit;

namespace {

int target_a, target_b, target_c;
const void* const addresses[] = {&target_a, &target_b, &target_c};

template <class D> D& add(program& prog, std::deque<D>& table, descr_type type, const char* name) {
    D& d = table.emplace_back();
    static_cast<descr&>(d).type = type;
    d.index = static_cast<uint32_t>(prog.descrs.size());
    d.name = name;
    prog.descrs.push_back(&d);
    return d;
}

void fill(program& prog) {
    prog.files = {"list.cpp", "int.cpp"};
    field_descr& field = add(prog, prog.fields, descr_type::field, "W_List.length");
    field.shape = {kind::integer, 4, false, false};
    field.offset = 24;
    field.quasi_immutable = true;
    array_descr& array = add(prog, prog.arrays, descr_type::array, "array of references");
    array.shape = {kind::pointer, 8, true, true};
    array.items_offset = 8;
    array.immutable = true;
    add(prog, prog.sizes, descr_type::size, "W_List");
    raw_descr& raw = add(prog, prog.raws, descr_type::raw, "raw i8");
    raw.shape = {kind::integer, 1, true, false};
    call_descr& call = add(prog, prog.calls, descr_type::call, "call ip>f");
    call.argument_kinds = "ip";
    call.result = kind::floating;
    call.effects.writes_anything = false;
    call.effects.may_collect = false;
    call.effects.elidable = true;
    call.effects.reads = {0, 3};
    call.effects.writes = {1};

    auto code = std::make_unique<jitcode>();
    code->name = "f(W_List*)";
    code->location = {1, 17};
    code->argument_kinds = "pi";
    code->result = kind::integer;
    code->register_count[0] = 3;
    code->register_count[1] = 1;
    code->unroll_safe = true;
    code->constants[0] = {static_cast<word>(INT64_MIN), 5};
    code->constants[1] = {0, symbol_bit | 2, ~word{0}};
    code->constants[2] = {double_to_word(-2.5)};
    code->switches = {{{{-7, 4}, {9, 4}}}};
    code->live = {{{0, 2}, {0}, {}}, {}};
    code->lines = {{0, {1, 18}}, {4, {0, 3}}};
    code->code = {static_cast<uint32_t>(jitcode_op::code_live), 0, static_cast<uint32_t>(jitcode_op::code_return_i),
                  constant_operand | 1, no_register};
    prog.jitcodes.push_back(std::move(code));

    prog.functions.push_back({"f(W_List*)", symbol_bit | 0, symbol_bit | 1, 0, 4, "", {1, 17}, true});
    prog.functions.push_back({"printf", symbol_bit | 2, symbol_bit | 2, -1, 4, "varargs", {}, false});
    prog.drivers.push_back({"python", "pi", "pp", 0, symbol_bit | 0, symbol_bit | 1, kind::pointer});
}

const std::vector<descr_symbols> type_symbols = {{0, 0}, {1, 1}, {4, 2}};
const std::vector<std::vector<uint32_t>> relocations = {{1}};

} // namespace

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
