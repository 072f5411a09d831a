// A small program with one of everything, for the tests of images.
#pragma once
#include "heddle/jit/program.h"

namespace heddle::test {

using namespace jit;

inline int target_a, target_b, target_c;
inline const void* const addresses[] = {&target_a, &target_b, &target_c};

template <class D> D& add(program& prog, std::deque<D>& table, descr_type type, const char* name) {
    D& d = table.emplace_back();
    static_cast<descr&>(d).type = type;
    d.index = static_cast<uint32_t>(prog.descrs.size());
    d.name = name;
    prog.descrs.push_back(&d);
    return d;
}

inline void fill(program& prog) {
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

inline const std::vector<descr_symbols> type_symbols = {{0, 0}, {1, 1}, {4, 2}};
inline const std::vector<std::vector<uint32_t>> relocations = {{1}};

} // namespace heddle::test
