// Every pure operation of the table, on every backend, against execute_operation: all operand forms (register, constant
// on either side, the same value twice), arguments that die with the operation and such that live on, edge and random
// values.
#include "harness.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

using namespace backend_test;

namespace {

std::vector<word> edges(kind k) {
    if (k != kind::floating) {
        std::vector<word> all{0,
                              1,
                              2,
                              3,
                              5,
                              7,
                              8,
                              9,
                              63,
                              64,
                              127,
                              128,
                              255,
                              256,
                              32768,
                              65536,
                              1000003,
                              0x7fff'ffff,
                              0x8000'0000,
                              0xffff'ffff,
                              0x1'0000'0000,
                              0x7fff'ffff'ffff'ffff,
                              0x8000'0000'0000'0000,
                              0x1234'5678'9abc'def0};
        for (int64_t i : {-1, -2, -3, -8, -63, -64, -128, -129, -1000003, INT32_MIN}) all.push_back(w(i));
        for (word& x : all) x = canonical(k, x);
        return all;
    }
    std::vector<word> all;
    for (double d : {0.0, -0.0, 1.0, -1.0, 0.5, 3.75, -2.5, 1e10, -1e19, 9.3e18, 1e300, 5e-324})
        all.push_back(double_to_word(d));
    all.push_back(double_to_word(std::numeric_limits<double>::infinity()));
    all.push_back(double_to_word(-std::numeric_limits<double>::infinity()));
    all.push_back(double_to_word(std::numeric_limits<double>::quiet_NaN()));
    return all;
}

bool is_defined(opcode op, word a, word b) {
    switch (op) {
    case opcode::int_div:
    case opcode::int_mod: return b != 0 && !(a == w(int64_t{trace_int_min}) && b == ~uint64_t{0});
    case opcode::uint_div:
    case opcode::uint_mod: return b != 0;
    default: return true;
    }
}

bool needs_constant_width(opcode op) { return op == opcode::int_sign_extend || op == opcode::int_zero_extend; }

bool same(kind k, word a, word b) {
    if (k == kind::floating && std::isnan(word_to_double(a)) && std::isnan(word_to_double(b))) return true;
    return a == b;
}

std::vector<opcode> pure_operations() {
    std::vector<opcode> all;
    for (int i = 0; i < static_cast<int>(opcode::count); ++i) {
        opcode op = static_cast<opcode>(i);
        uint32_t flags = info(op).flags;
        if ((flags & PURE) && !(flags & (DESCR | CALL | OVERFLOW | VECTOR)) && op != opcode::load_class &&
            (sizeof(void*) == 8 || (op != opcode::float_to_bits && op != opcode::bits_to_float)))
            all.push_back(op);
    }
    return all;
}

// Which arguments are constants, and do the arguments outlive the operation?
struct form {
    bool first_constant = false, second_constant = false, same_value = false, survive = false;
};

struct operand_test {
    opcode op;
    kind kinds[2];
    size_t count;
    form how;

    // inputs; result = op(...); guard_always_fails [result, (arguments)]
    void build(trace& t, word a, word b) const {
        value_ref in[2] = {t.add(input_of(kinds[0]), {}), t.add(input_of(count > 1 ? kinds[1] : kinds[0]), {})};
        value_ref args[2] = {how.first_constant ? t.make_constant(kinds[0], a) : in[0],
                             how.second_constant ? t.make_constant(kinds[1], b)
                             : how.same_value    ? in[0]
                                                 : in[1]};
        value_ref result = t.add(op, std::span(args, count));
        std::vector<value_ref> kept{result};
        if (how.survive) kept.insert(kept.end(), {in[0], in[1]});
        value_ref guard = t.add(opcode::guard_always_fails, {});
        t.operations[guard.index()].snapshot = static_cast<uint32_t>(t.snapshot_frames.size());
        t.snapshot_frames.push_back({0, 0, 0, static_cast<uint32_t>(kept.size()), UINT32_MAX});
        t.snapshot_values = kept;
    }

    void run(named_backend& b, unit& u, word x, word y) const {
        word args[2] = {x, how.same_value ? x : y};
        if (!is_defined(op, args[0], args[1])) return;
        bool overflow = false;
        word expected = execute_operation(op, nullptr, args, overflow);
        outcome o = u.run({x, y});
        kind result = kind_of_letter(info(op).result);
        if (o.values.size() != (how.survive ? 3u : 1u) || !same(result, o.values[0], expected) ||
            (how.survive && (o.values[1] != x || o.values[2] != y))) {
            INFO(b.name << " " << info(op).name << "(" << std::hex << args[0] << ", " << args[1] << ") gives "
                        << o.values[0] << ", not " << expected << "; constants: " << how.first_constant
                        << how.second_constant << " same " << how.same_value << " survive " << how.survive);
            CHECK(false);
        }
    }
};

void test_form(named_backend& b, opcode op, form how, std::mt19937_64& random) {
    operand_test test{op, {kind::integer, kind::integer}, info(op).arguments.size(), how};
    for (size_t i = 0; i < test.count; ++i) test.kinds[i] = kind_of_letter(info(op).arguments[i]);
    if (test.count < 2 && (how.second_constant || how.same_value)) return;
    if (test.count == 2 && how.same_value && test.kinds[0] != test.kinds[1]) return;
    if (needs_constant_width(op) && !how.second_constant) return;
    std::vector<word> first = edges(test.kinds[0]), second = edges(test.count > 1 ? test.kinds[1] : test.kinds[0]);
    if (needs_constant_width(op)) {
        second = {1, 7, 8, 9, 16, 31};
        if (trace_int_bits == 64) second.insert(second.end(), {32, 33, 48, 63});
    }
    for (int i = 0; i < 6 && !needs_constant_width(op); ++i) {
        first.push_back(canonical(test.kinds[0], random()));
        second.push_back(canonical(test.kinds[test.count > 1], random() >> (random() & 63)));
    }
    auto compile = [&](unit& u, word x, word y) {
        trace t;
        test.build(t, x, y);
        REQUIRE(u.compile(t) == "");
    };
    bool constants = how.first_constant || how.second_constant;
    if (!constants) {
        unit u(*b.what);
        compile(u, 0, 0);
        for (word x : first)
            for (word y : second) test.run(b, u, x, y);
        return;
    }
    // One compilation per constant. With both constant, a diagonal is enough.
    for (size_t c = 0; c < std::max(first.size(), second.size()); ++c) {
        word x = first[c % first.size()], y = second[c % second.size()];
        if (how.first_constant && how.second_constant && !is_defined(op, x, y)) continue;
        unit u(*b.what);
        compile(u, x, y);
        if (how.first_constant && how.second_constant)
            test.run(b, u, x, y);
        else if (how.first_constant)
            for (word other : second) test.run(b, u, x, other);
        else
            for (word other : first) test.run(b, u, other, y);
    }
}

std::vector<form> forms() {
    std::vector<form> all;
    for (bool survive : {false, true}) {
        all.push_back({false, false, false, survive});
        all.push_back({true, false, false, survive});
        all.push_back({false, true, false, survive});
        all.push_back({true, true, false, survive});
        all.push_back({false, false, true, survive});
    }
    return all;
}

} // namespace

TEST_CASE("every pure operation, every operand form") {
    start_collector();
    uint64_t seed = std::random_device()();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (auto& b : all_backends())
        for (opcode op : pure_operations())
            for (form how : forms()) test_form(b, op, how, random);
}

TEST_CASE("overflow operations and their guards") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        for (const char* name : {"int_add_ovf", "int_sub_ovf", "int_mul_ovf"})
            for (bool wants_overflow : {false, true})
                for (int form = 0; form < 3; ++form) {
                    for (word constant : edges(kind::integer)) {
                        std::string c = std::to_string(static_cast<int64_t>(constant));
                        std::string args = form == 0 ? "i0, i1" : form == 1 ? "i0, " + c : c + ", i0";
                        unit u(*b.what);
                        std::string text = "[i0, i1]\ni2 = " + std::string(name) + "(" + args + ")\n" +
                                           (wants_overflow ? "guard_overflow" : "guard_no_overflow") +
                                           "() [i0, i1]\nfinish(i2)\n";
                        REQUIRE(u.compile(text) == "");
                        for (word x : edges(kind::integer)) {
                            word y = form == 0 ? constant : 77;
                            auto l = static_cast<trace_int>(form == 2 ? constant : x);
                            auto r = static_cast<trace_int>(form == 0 ? y : form == 1 ? constant : x);
                            trace_int wide;
                            bool overflow = name[4] == 'a'   ? __builtin_add_overflow(l, r, &wide)
                                            : name[4] == 's' ? __builtin_sub_overflow(l, r, &wide)
                                                             : __builtin_mul_overflow(l, r, &wide);
                            outcome o = u.run({x, y});
                            INFO(text << " " << l << " " << r);
                            if (overflow == wants_overflow) {
                                REQUIRE(o.guard == -1);
                                REQUIRE(o.values[0] == w(int64_t{wide}));
                            } else {
                                REQUIRE(o.guard == 0);
                                REQUIRE(o.values == std::vector<word>{x, y});
                            }
                        }
                    }
                }
    }
}

TEST_CASE("comparisons in front of a guard, the result used again or not") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        for (opcode op : pure_operations()) {
            std::string_view kinds = info(op).arguments;
            if (info(op).result != 'i' || needs_constant_width(op)) continue;
            kind k = kind_of_letter(kinds[0]);
            for (bool wants_true : {true, false})
                for (int use = 0; use < 3; ++use) { // guard only; also a fail argument; also after the guard
                    unit u(*b.what);
                    std::string in = std::string(1, kinds[0]) + "0, " + kinds[0] + "1";
                    if (kinds.size() > 1 && kinds[0] != kinds[1]) continue;
                    std::string text = "[" + in + "]\ni2 = " + std::string(info(op).name) + "(" +
                                       (kinds.size() > 1 ? in : std::string(1, kinds[0]) + "0") + ")\n" +
                                       (wants_true ? "guard_true" : "guard_false") + "(i2) [" + in +
                                       (use == 1 ? ", i2" : "") + "]\nfinish(" + (use == 2 ? "i2" : "123") + ")\n";
                    INFO(text);
                    REQUIRE(u.compile(text) == "");
                    for (word x : edges(k))
                        for (word y : edges(k)) {
                            if (!is_defined(op, x, y)) continue;
                            word args[2] = {x, y};
                            bool overflow = false;
                            word expected = execute_operation(op, nullptr, args, overflow);
                            outcome o = u.run({x, y});
                            INFO(std::hex << x << " " << y << " -> " << expected);
                            if ((expected != 0) == wants_true) {
                                REQUIRE(o.guard == -1);
                                REQUIRE(o.values[0] == (use == 2 ? expected : 123));
                            } else {
                                REQUIRE(o.guard == 0);
                                REQUIRE(o.values[0] == x);
                                REQUIRE(o.values[1] == y);
                                if (use == 1) REQUIRE(o.values[2] == expected);
                            }
                        }
                }
        }
    }
}
