// Calls of C functions with all sorts of signatures, values that live over them, call_assembler.
#include "harness.h"
#include <catch2/catch.hpp>

using namespace backend_test;

namespace {

template <class T> T from_word(word x) {
    if constexpr (std::is_same_v<T, double>)
        return word_to_double(x);
    else
        return static_cast<T>(x);
}
template <class R, class... A, size_t... I>
void call_with(R (*f)(A...), const word* a, word* result, std::index_sequence<I...>) {
    if constexpr (std::is_void_v<R>)
        f(from_word<A>(a[I])...);
    else if constexpr (std::is_same_v<R, double>)
        *result = double_to_word(f(from_word<A>(a[I])...));
    else
        *result = w(static_cast<int64_t>(static_cast<trace_int>(f(from_word<A>(a[I])...))));
    (void)result;
    (void)a;
}
template <class R, class... A> void thunk(void* f, const word* a, word* result) {
    call_with(reinterpret_cast<R (*)(A...)>(f), a, result, std::index_sequence_for<A...>());
}
template <class T> constexpr char letter() { return std::is_same_v<T, double> ? 'f' : std::is_void_v<T> ? 'v' : 'i'; }

struct callable {
    call_descr descr;
    void* address;
    template <class R, class... A> callable(const char* name, R (*f)(A...)) : address(reinterpret_cast<void*>(f)) {
        descr.type = descr_type::call;
        descr.name = name;
        descr.argument_kinds = {letter<A>()...};
        descr.result = kind_of_letter(letter<R>());
        descr.thunk = thunk<R, A...>;
    }
};

using natural = trace_unsigned;
natural sum9(natural a, natural b, natural c, natural d, natural e, natural f, natural g, natural h, natural i) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i;
}
double mixed(double a, natural b, double c, natural d, double e, natural f, double g, natural h, double i, natural j,
             double k, natural l, double m, natural n, double o, natural p, double q, natural r) {
    return a + double(b) * 2 + c * 3 + double(d) * 4 + e * 5 + double(f) * 6 + g * 7 + double(h) * 8 + i * 9 +
           double(j) * 10 + k * 11 + double(l) * 12 + m * 13 + double(n) * 14 + o * 15 + double(p) * 16 + q * 17 +
           double(r) * 18;
}
natural rotate(natural a, natural b, natural c, natural d, natural e, natural f) {
    return a ^ b << 1 ^ c << 2 ^ d << 3 ^ e << 4 ^ f << 5;
}
double halve(double a) { return a / 2; }
int nothing_count = 0;
void nothing() { ++nothing_count; }
natural one() { return 1; }

callable sum9_call("sum9", sum9), mixed_call("mixed", mixed), rotate_call("rotate", rotate), halve_call("halve", halve),
    nothing_call("nothing", nothing), one_call("one", one);

trace_parser_tables tables() {
    trace_parser_tables t;
    for (callable* c : {&sum9_call, &mixed_call, &rotate_call, &halve_call, &nothing_call, &one_call}) {
        t.descrs.push_back(&c->descr);
        t.pointers.push_back({c->descr.name, pointer_word(c->address)});
    }
    return t;
}

} // namespace

TEST_CASE("nine integer arguments, constants and registers mixed") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, tables());
        REQUIRE(u.compile("[i0, i1, i2]\n"
                          "i3 = int_add(i0, i1)\n"
                          "i4 = call(ptr(sum9), i2, i1, i0, 7, i3, i3, 81985529216486895, i0, i1, descr=sum9)\n"
                          "i5 = int_add(i4, i3)\n"
                          "finish(i5)\n") == "");
        CHECK(
            u.run({1, 2, 3}).values ==
            std::vector<word>{integer_word(sum9(3, 2, 1, 7, 3, 3, static_cast<natural>(81985529216486895), 1, 2) + 3)});
    }
}

TEST_CASE("arguments that must be exchanged between registers") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, tables());
        // The first call's order puts values into argument registers by way of the loop; the next rotate them.
        REQUIRE(u.compile("[i0, i1, i2, i3, i4, i5, i6]\n"
                          "label(i0, i1, i2, i3, i4, i5, i6, descr=label1)\n"
                          "i7 = call(ptr(rotate), i1, i2, i3, i4, i5, i0, descr=rotate)\n"
                          "i8 = call(ptr(rotate), i0, i0, i7, i3, i2, i1, descr=rotate)\n"
                          "i9 = int_sub(i6, 1)\n"
                          "guard_true(i9) [i0, i1, i2, i3, i4, i5, i7, i8]\n"
                          "jump(i1, i2, i0, i5, i8, i7, i9, descr=label1)\n") == "");
        std::vector<word> v{1, 20, 300, 4000, 50000, 600000};
        word seven = 0, eight = 0;
        for (int n = 9;; --n) {
            seven = rotate(v[1], v[2], v[3], v[4], v[5], v[0]);
            eight = rotate(v[0], v[0], seven, v[3], v[2], v[1]);
            if (n == 1) break;
            v = {v[1], v[2], v[0], v[5], eight, seven};
        }
        outcome o = u.run({1, 20, 300, 4000, 50000, 600000, 9});
        REQUIRE(o.guard == 0);
        v.push_back(seven);
        v.push_back(eight);
        for (word& x : v) x = integer_word(x);
        CHECK(o.values == v);
    }
}

TEST_CASE("eighteen arguments of both kinds, a double result") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, tables());
        REQUIRE(u.compile("[f0, i1, f2, i3]\n"
                          "f4 = float_add(f0, f2)\n"
                          "f5 = call(ptr(mixed), f0, i1, f2, i3, f4, 6, 7.5, i1, f4, i3, f2, i1, f0, i3, f4, i1, "
                          "17.25, i3, descr=mixed)\n"
                          "f6 = call(ptr(halve), f5, descr=halve)\n"
                          "f7 = float_add(f6, f4)\n"
                          "finish(f7)\n") == "");
        double four = 1.5 + 2.25;
        double five = mixed(1.5, 3, 2.25, 4, four, 6, 7.5, 3, four, 4, 2.25, 3, 1.5, 4, four, 3, 17.25, 4);
        CHECK(u.run({w(1.5), 3, w(2.25), 4}).values == std::vector<word>{w(five / 2 + four)});
    }
}

TEST_CASE("a function whose address is a value; calls without arguments or result") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, tables());
        REQUIRE(u.compile("[i0, i1]\n"
                          "call(ptr(nothing), descr=nothing)\n"
                          "i2 = call(i0, i1, i1, i1, i1, i1, i1, descr=rotate)\n"
                          "i3 = call_pure(ptr(one), descr=one)\n"
                          "i4 = int_add(i2, i3)\n"
                          "finish(i4)\n") == "");
        nothing_count = 0;
        CHECK(u.run({pointer_word(reinterpret_cast<void*>(&rotate)), 5}).values ==
              std::vector<word>{rotate(5, 5, 5, 5, 5, 5) + 1});
        CHECK(nothing_count == 1);
    }
}

TEST_CASE("many values live over a call, integers and doubles") {
    start_collector();
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, tables());
        std::string text = "[i0, f1]\n", ints, floats;
        for (int i = 0; i < 20; ++i) {
            text += "i" + std::to_string(100 + i) + " = int_add(i0, " + std::to_string(i) + ")\n";
            text += "f" + std::to_string(200 + i) + " = float_add(f1, " + std::to_string(i) + ".5)\n";
            ints += ", i" + std::to_string(100 + i);
            floats += ", f" + std::to_string(200 + i);
        }
        text += "call(ptr(nothing), descr=nothing)\ni3 = call(ptr(one), descr=one)\nf4 = call(ptr(halve), f1, "
                "descr=halve)\n";
        text += "i5 = int_add(i119, i100)\nf6 = float_add(f219, f200)\n";
        text += "guard_always_fails() [i3, f4, i5, f6" + ints + floats + "]\n";
        REQUIRE(u.compile(text) == "");
        std::vector<word> expected{1, w(2.0), 10 + 19 + 10, w(4.0 + 19.5 + 4.0 + 0.5)};
        for (int i = 0; i < 20; ++i) expected.push_back(w(int64_t{10 + i}));
        for (int i = 0; i < 20; ++i) expected.push_back(w(4.0 + i + 0.5));
        CHECK(u.run({10, w(4.0)}).values == expected);
    }
}

// ---- call_assembler
// ------------------------------------------------------------------------------------------------------

namespace {

int portal_runs, finished_calls;

// What the runtime does, in small: the portal adds its reds, a failed guard gives its first value plus 1000.
word run_portal(loop_token*, const word* reds) {
    ++portal_runs;
    return reds[0] + reds[1];
}
word finish_call(guard_data* guard, const word* values) {
    ++finished_calls;
    return guard->fail_kinds[0] == kind::floating ? double_to_word(word_to_double(values[0]) + 1000) : values[0] + 1000;
}

} // namespace

TEST_CASE("call_assembler: compiled callees that finish, that leave through a guard, and callees without code") {
    start_collector();
    for (auto& b : all_backends({finish_call, run_portal})) {
        INFO(b.name);
        unit callee(*b.what);
        callee.token.name = "callee";
        callee.token.result = kind::integer;
        trace_parser_tables t;
        t.descrs.push_back(&callee.token);
        unit caller(*b.what, t);
        auto compile_caller = [&] {
            return caller.compile("[i0, i1]\n"
                                  "i2 = int_mul(i0, 3)\n"
                                  "i3 = call_assembler(i2, i1, descr=callee)\n"
                                  "i4 = int_add(i3, i2)\n"
                                  "finish(i4)\n");
        };
        portal_runs = finished_calls = 0;
        if (b.name != "portable") {
            REQUIRE(compile_caller() == "");
            CHECK(caller.run({5, 100}).values == std::vector<word>{15 + 100 + 15});
            CHECK(portal_runs == 1);
        }
        REQUIRE(callee.compile("[i0, i1]\n"
                               "i2 = int_lt(i0, 50)\n"
                               "guard_true(i2) [i0]\n"
                               "i3 = int_sub(i1, i0)\n"
                               "finish(i3)\n") == "");
        if (b.name == "portable") REQUIRE(compile_caller() == "");
        CHECK(caller.run({5, 100}).values == std::vector<word>{100 - 15 + 15});
        CHECK(finished_calls == 0);
        CHECK(caller.run({20, 100}).values == std::vector<word>{60 + 1000 + 60});
        CHECK(finished_calls == 1);
    }
}

TEST_CASE("call_assembler: recursion, with doubles") {
    start_collector();
    for (auto& b : all_backends({finish_call, run_portal})) {
        INFO(b.name);
        // f(n, x) = n == 0 ? leave with x : f(n - 1, x + 1) + n
        unit self(*b.what);
        self.token.name = "self";
        self.token.result = kind::floating;
        trace tr;
        value_ref n = tr.add(opcode::input_i, {}), x = tr.add(opcode::input_f, {});
        value_ref g = tr.add(opcode::guard_true, {n});
        tr.operations[g.index()].snapshot = 0;
        tr.snapshot_frames.push_back({0, 0, 0, 1, UINT32_MAX});
        tr.snapshot_values = {x};
        value_ref less = tr.add(opcode::int_sub, {n, tr.make_int(1)});
        value_ref more = tr.add(opcode::float_add, {x, tr.make_float(1)});
        value_ref called = tr.add(opcode::call_assembler, {less, more}, &self.token);
        value_ref as_float = tr.add(opcode::int_to_float, {n});
        value_ref sum = tr.add(opcode::float_add, {called, as_float});
        tr.add(opcode::finish, {sum});
        REQUIRE(self.compile(tr) == "");
        finished_calls = 0;
        outcome o = self.run({100, w(0.5)});
        CHECK(o.guard == -1);
        CHECK(word_to_double(o.values.empty() ? 0 : o.values[0]) == 100.5 + 1000 + 5050);
        CHECK(finished_calls == 1);
    }
}

TEST_CASE("runaway recursion goes to the portal when the stack is used up") {
    start_collector();
    for (auto& b : native_backends({finish_call, run_portal})) {
        INFO(b.name);
        unit self(*b.what);
        self.token.name = "self";
        self.token.result = kind::integer;
        trace tr;
        value_ref n = tr.add(opcode::input_i, {}), x = tr.add(opcode::input_i, {});
        value_ref more = tr.add(opcode::int_add, {n, tr.make_int(1)});
        value_ref called = tr.add(opcode::call_assembler, {more, x}, &self.token);
        tr.add(opcode::finish, {called});
        REQUIRE(self.compile(tr) == "");
        char here;
        char* limit = heddle_thread.stack_limit;
        heddle_thread.stack_limit = &here - 100000;
        portal_runs = 0;
        outcome o = self.run({0, 5});
        heddle_thread.stack_limit = limit;
        CHECK(portal_runs == 1);
        CHECK(o.values[0] > 500);
    }
}

TEST_CASE("below the stack's limit a loop can still be entered from native code") {
    start_collector();
    for (auto& b : native_backends({finish_call, run_portal})) {
        INFO(b.name);
        unit u(*b.what);
        REQUIRE(
            u.compile(
                "[i0, i1]\nlabel(i0, i1, descr=label1)\ni2 = int_sub(i0, 1)\ni3 = int_add(i1, 2)\nguard_true(i2) [i3]\n"
                "jump(i2, i3, descr=label1)\n") == "");
        char* limit = heddle_thread.stack_limit;
        char here;
        heddle_thread.stack_limit = &here + 100000;
        portal_runs = 0;
        outcome o = u.run({10, 0});
        heddle_thread.stack_limit = limit;
        CHECK(portal_runs == 0);
        CHECK(o.values == std::vector<word>{20});
    }
}
