// Vectors: every operation with the flag VECTOR on every backend that has lanes, against execute_vector_operation; and
// whole loops, random ones, in vector form against the same loops as they were, with every number of items around a
// round's, two arrays that are one, overflows and short arrays. Vector loops must leave the same memory and leave where
// the others do.
#include "harness.h"
#include "support/heap_world.h"
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>

using namespace backend_test;

namespace {

constexpr size_t array_length = 40;

// Arrays of integers, and of doubles in arrays of the same layout.
struct arrays {
    jit::array_descr doubles = heddle::test::world().int_array;
    trace_parser_tables tables = heddle::test::world().tables;
    arrays() {
        doubles.name = "array<double>";
        doubles.index = 77;
        doubles.shape.slot_kind = kind::floating;
        tables.descrs.push_back(&doubles);
    }
    word* items(void* array) const { return reinterpret_cast<word*>(static_cast<char*>(array) + doubles.items_offset); }
};

bool is_native_with_few_registers(const named_backend& b) { return b.name.find("few") != std::string::npos; }

std::vector<unsigned> lanes_of(const backend& b) {
    if (b.vector_lanes() == 0) return {};
    return b.vector_lanes() == 2 ? std::vector<unsigned>{2} : std::vector<unsigned>{2, 4};
}

word interesting(std::mt19937_64& random, bool floating, bool small = false) {
    if (small && !floating) return w(static_cast<int64_t>(random() % 2000) - 1000);
    static const double doubles[] = {0.0, -0.0, 1.5, -2.25, 1e300, -1e-300, 5e-324, HUGE_VAL, -HUGE_VAL};
    static const int64_t integers[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN, 255, -4096};
    if (random() % 3 == 0) return floating ? double_to_word(static_cast<double>(random() % 1000) - 300.5) : random();
    return floating ? double_to_word(doubles[random() % 9]) : static_cast<word>(integers[random() % 9]);
}

bool same_word(bool floating, word a, word b) {
    return a == b || (floating && std::isnan(word_to_double(a)) && std::isnan(word_to_double(b)));
}

} // namespace

TEST_CASE("every operation on vectors") {
    start_collector();
    arrays world;
    std::mt19937_64 random(20261201);
    for (auto& b : all_backends())
        for (unsigned lanes : lanes_of(*b.what))
            for (int number = 0; number < static_cast<int>(opcode::count); ++number) {
                opcode op = static_cast<opcode>(number);
                const opcode_info& about = info(op);
                if (!(about.flags & VECTOR) || about.arguments[0] != 'w' || about.arguments == "wi") continue;
                for (int form = 0; form < 4; ++form) { // arguments that live on, the same one twice
                    bool two = about.arguments.size() == 2, survive = form & 1, same = form & 2;
                    bool floating = about.name.find("float") != std::string_view::npos;
                    std::string descr = floating ? "descr=array<double>)\n" : "descr=array<int>)\n";
                    std::string n = std::to_string(lanes), text = "[p0, p1, p2]\nvector_lanes(" + n + ")\n";
                    text += "w1 = vector_load(p0, 1, 2, " + descr + "w2 = vector_load(p1, 3, 0, " + descr;
                    std::string second = same ? "w1" : "w2";
                    text += std::string(1, about.result) + "3 = " + std::string(about.name) + "(w1" +
                            (two ? ", " + second : "") + ")\n";
                    if (about.result == 'w')
                        text += "vector_store(p2, 0, 0, w3, " + descr;
                    else
                        text += "setarrayitem_at(p2, 0, 0, i3, " + descr;
                    if (survive) text += "vector_store(p2, 5, 0, w1, " + descr + "vector_store(p2, 9, 1, w2, " + descr;
                    text += "finish()\n";
                    unit u(*b.what, world.tables);
                    INFO(b.name << "\n" << text);
                    REQUIRE(u.compile(text) == "");
                    for (int round = 0; round < 30; ++round) {
                        void* in[3];
                        for (void*& array : in) array = heddle::test::world().new_ints(array_length);
                        for (size_t i = 0; i < array_length; ++i) {
                            world.items(in[0])[i] = interesting(random, floating);
                            world.items(in[1])[i] = interesting(random, floating);
                        }
                        word expected[4] = {};
                        const word* left = world.items(in[0]) + 3;
                        const word* rows[2] = {left, same ? left : world.items(in[1]) + 3};
                        execute_vector_operation(op, nullptr, lanes, rows, expected);
                        u.run({pointer_word(in[0]), pointer_word(in[1]), pointer_word(in[2])});
                        for (unsigned lane = 0; lane < (about.result == 'w' ? lanes : 1); ++lane)
                            REQUIRE(same_word(floating, world.items(in[2])[lane], expected[lane]));
                        for (unsigned lane = 0; survive && lane < lanes; ++lane) {
                            REQUIRE(world.items(in[2])[5 + lane] == left[lane]);
                            REQUIRE(world.items(in[2])[10 + lane] == world.items(in[1])[3 + lane]);
                        }
                    }
                }
            }
}

TEST_CASE("vectors from scalars, and scalars from vectors") {
    start_collector();
    arrays world;
    for (auto& b : all_backends())
        for (unsigned lanes : lanes_of(*b.what)) {
            std::string text =
                "[p0, p1, i2, f3]\nvector_lanes(" + std::to_string(lanes) +
                ")\nw1 = vector_broadcast_i(i2)\nw2 = vector_broadcast_f(f3)\nw3 = vector_broadcast_i(-9)\n"
                "w4 = vector_broadcast_f(2.5)\nw5 = vector_steps(i2, -7)\nw6 = vector_steps(100, 3)\n";
            int at = 0;
            for (const char* v : {"w1", "w3", "w5", "w6"})
                text += "vector_store(p0, 0, " + std::to_string(4 * at++) + ", " + v + ", descr=array<int>)\n";
            text +=
                "vector_store(p1, 0, 0, w2, descr=array<double>)\nvector_store(p1, 4, 0, w4, descr=array<double>)\n";
            for (unsigned lane = 0; lane < lanes; ++lane) {
                std::string n = std::to_string(lane), plus = std::to_string(20 + lane);
                text += "i1" + n + " = vector_extract_i(w5, " + n + ")\nsetarrayitem_at(p0, 0, " + plus + ", i1" + n +
                        ", descr=array<int>)\nf1" + n + " = vector_extract_f(w2, " + n + ")\nsetarrayitem_at(p1, " + n +
                        ", 20, f1" + n + ", descr=array<double>)\n";
            }
            for (int shift : {0, 1, 5, 63}) {
                std::string n = std::to_string(shift);
                text += "w2" + n + " = vector_int_shl(w5, " + n + ")\nw3" + n + " = vector_int_shr(w5, " + n + ")\nw4" +
                        n + " = vector_uint_shr(w5, " + n + ")\n";
                for (const char* v : {"w2", "w3", "w4"})
                    text += "vector_store(p0, 0, " + std::to_string(24 + 4 * (at++ - 4)) + ", " + v + n +
                            ", descr=array<int>)\n";
            }
            text += "i90 = getarrayitem_at(p0, i2, 2006, descr=array<int>)\nfinish(i90)\n";
            unit u(*b.what, world.tables);
            INFO(b.name << "\n" << text);
            std::string problem = u.compile(text);
            if (is_native_with_few_registers(b)) { // vectors are never spilled
                CHECK(problem.find("too many vectors") != std::string::npos);
                continue;
            }
            REQUIRE(problem == "");
            void* integers = heddle::test::world().new_ints(80);
            void* doubles = heddle::test::world().new_ints(40);
            constexpr int64_t first = -1999;
            outcome o = u.run({pointer_word(integers), pointer_word(doubles), w(first), w(0.75)});
            const word *i = world.items(integers), *d = world.items(doubles);
            CHECK(o.values == std::vector<word>{i[7]});
            int stored = 24;
            for (unsigned lane = 0; lane < lanes; ++lane) {
                int64_t step = first - 7 * static_cast<int64_t>(lane);
                CHECK(i[lane] == w(first));
                CHECK(i[4 + lane] == w(int64_t{-9}));
                CHECK(i[8 + lane] == w(step));
                CHECK(i[12 + lane] == w(100 + 3 * int64_t{lane}));
                CHECK(i[20 + lane] == w(step));
                CHECK(d[lane] == w(0.75));
                CHECK(d[4 + lane] == w(2.5));
                CHECK(d[20 + lane] == w(0.75));
                int place = stored;
                for (int shift : {0, 1, 5, 63}) {
                    CHECK(i[place + static_cast<int>(lane)] == w(step) << shift);
                    CHECK(i[place + 4 + static_cast<int>(lane)] == w(step >> shift));
                    CHECK(i[place + 8 + static_cast<int>(lane)] == w(step) >> shift);
                    place += 12;
                }
            }
        }
}

TEST_CASE("vectors stay in registers where a loop has more values than registers") {
    start_collector();
    arrays world;
    std::string all = "p0, i1", sum;
    for (int i = 2; i < 20; ++i) {
        std::string n = std::to_string(i);
        all += ", i" + n;
        sum += "i" + std::to_string(100 + i) + " = int_add(i" + std::to_string(i == 2 ? 1 : 99 + i) + ", i" + n + ")\n";
    }
    for (auto& b : all_backends())
        for (unsigned lanes : lanes_of(*b.what)) {
            if (is_native_with_few_registers(b)) continue;
            std::string text = "[" + all + "]\nvector_lanes(" + std::to_string(lanes) +
                               ")\nw20 = vector_broadcast_i(i2)\nlabel(" + all + ", w20, descr=label0)\n" + sum +
                               "vector_store(p0, 0, 0, w20, descr=array<int>)\nsetarrayitem_at(p0, i1, 8, i119, "
                               "descr=array<int>)\ni200 = int_add(i1, 1)\ni201 = int_lt(i200, 6)\nguard_true(i201) [" +
                               all + "]\njump(p0, i200" + all.substr(6) + ", w20, descr=label0)\n";
            unit u(*b.what, world.tables);
            INFO(b.name << "\n" << text);
            REQUIRE(u.compile(text) == "");
            void* out = heddle::test::world().new_ints(array_length);
            std::vector<word> in{pointer_word(out), 0};
            for (int64_t i = 2; i < 20; ++i) in.push_back(w(i * i));
            u.run(in);
            for (unsigned lane = 0; lane < lanes; ++lane) CHECK(world.items(out)[lane] == 4);
            for (int64_t round = 0; round < 6; ++round) CHECK(world.items(out)[8 + round] == w(round + 2469));
        }
}

TEST_CASE("vectors that a backend can't have are refused") {
    start_collector();
    arrays world;
    for (auto& b : all_backends()) {
        INFO(b.name);
        unit u(*b.what, world.tables);
        CHECK(u.compile("[i0]\nvector_lanes(8)\nw1 = vector_broadcast_i(i0)\nw2 = vector_int_add(w1, w1)\ni3 = "
                        "vector_negative_lanes(w2)\nfinish(i3)\n") != "");
    }
}

// ---- whole loops
// -------------------------------------------------------------------------------------------------------

namespace {

// A loop over three arrays of integers (p0, p1: read and written; p2: read), three of doubles; a sum of each kind.
class random_loop {
public:
    explicit random_loop(uint64_t seed) : random_(seed) {}

    std::string text() {
        std::string in = "p0, p1, p2, p3, p4, p5, i6, i7, i8, f9, p10, p11, i12";
        text_ = "[" + in + "]\nlabel(" + in + ", descr=label0)\n";
        state_ = " [" + in + "]\n";
        guard("int_lt(i7, i6)", "guard_true");
        for (int array = 0; array < 6; ++array) {
            std::string p = "p" + std::to_string(array);
            line("arraylen(" + p + ", descr=" + (array < 3 ? "array<int>" : "array<double>") + ")", 'i');
            guard("uint_lt(i7, " + last_ + ")", "guard_true");
            if (pick(2)) { // the item after the next is in bounds too
                line(pick(2) ? "int_add(i7, 2)" : "int_add(i12, i7)", 'i');
                std::string near = last_;
                line("arraylen(" + p + ", descr=" + (array < 3 ? "array<int>" : "array<double>") + ")", 'i');
                guard("uint_lt(" + near + ", " + last_ + ")", "guard_true");
                near_[array] = near;
            }
        }
        integers_ = {"i7", "i6", "3", "-12"};
        doubles_ = {"0.5", "-3.25"};
        if (pick(3) == 0) { // a field that is set, and maybe one that is read
            if (pick(2)) {
                line("getfield(p10, descr=Node.value)", 'i');
                integers_.push_back(last_);
            }
            text_ += "setfield(p11, " + any(integers_) + ", descr=Node.value)\n";
        }
        int steps = 2 + static_cast<int>(pick(10));
        for (int i = 0; i < steps; ++i) step();
        std::string sum = "i8", product = "f9";
        if (pick(2)) {
            line(std::string(pick(2) ? "int_add_ovf" : "int_sub_ovf") + "(i8, " + any(integers_) + ")", 'i');
            sum = last_;
            text_ += "guard_no_overflow()" + state_;
        }
        if (pick(2)) {
            line("float_add(f9, " + any(doubles_) + ")", 'f');
            product = last_;
        }
        line("int_add(i7, 1)", 'i');
        text_ += "jump(p0, p1, p2, p3, p4, p5, i6, " + last_ + ", " + sum + ", " + product +
                 ", p10, p11, i12, descr=label0)\n";
        return text_;
    }

private:
    size_t pick(size_t count) { return random_() % count; }
    const std::string& any(const std::vector<std::string>& all) { return all[pick(all.size())]; }
    void line(const std::string& what, char letter) {
        last_ = letter + std::to_string(++count_ + 20);
        text_ += last_ + " = " + what + "\n";
    }
    void guard(const std::string& condition, const char* which) {
        line(condition, 'i');
        text_ += which + std::string("(") + last_ + ")" + state_;
    }
    std::string place(size_t array) {
        bool near = !near_[array].empty() && pick(2);
        return "p" + std::to_string(array) + ", " + (near ? near_[array] : "i7");
    }
    void step() {
        bool floating = pick(2);
        std::vector<std::string>& values = floating ? doubles_ : integers_;
        const char* descr = floating ? ", descr=array<double>)" : ", descr=array<int>)";
        switch (pick(6)) {
        case 0:
        case 1: line("getarrayitem(" + place(pick(3) + (floating ? 3 : 0)) + descr, floating ? 'f' : 'i'); break;
        case 2:
            text_ += "setarrayitem(" + place(pick(2) + (floating ? 3 : 0)) + ", " + any(values) + descr + "\n";
            return;
        default: {
            static const char* const on_doubles[] = {"float_add", "float_sub", "float_mul", "float_div"};
            static const char* const on_integers[] = {"int_add", "int_sub", "int_mul", "int_and", "int_or", "int_xor"};
            if (pick(8) == 0 && floating) {
                line(std::string(pick(2) ? "float_neg(" : "float_abs(") + any(values) + ")", 'f');
            } else if (pick(6) == 0) {
                static const char* const shifts[] = {"int_shl(", "int_shr(", "uint_shr("};
                if (floating)
                    line("float_sqrt(" + any(values) + ")", 'f');
                else
                    line(shifts[pick(3)] + any(values) + ", " + std::to_string(pick(64)) + ")", 'i');
            } else if (pick(8) == 0 && !floating) {
                static const char* const checked[] = {"int_add_ovf(", "int_sub_ovf(", "int_mul_ovf("};
                line(checked[pick(3)] + any(values) + ", " + any(values) + ")", 'i');
                text_ += "guard_no_overflow()" + state_;
            } else {
                const char* name = floating ? on_doubles[pick(4)] : on_integers[pick(6)];
                line(std::string(name) + "(" + any(values) + ", " + any(values) + ")", floating ? 'f' : 'i');
            }
        }
        }
        values.push_back(last_);
    }

    std::mt19937_64 random_;
    std::string text_, state_, last_, near_[6];
    std::vector<std::string> integers_, doubles_;
    int count_ = 0;
};

struct loop_result {
    int guard = -1; // position among the loop's guards
    std::vector<word> values, memory;
};

// An item that p0 and p2 get, and where.
struct placed {
    size_t where = SIZE_MAX;
    word first = 0, third = 0;
};

// The loop on a backend, in vector form when lanes are given and it has one.
class compiled_loop {
public:
    compiled_loop(backend& where, arrays& world, const std::string& text, unsigned lanes)
        : u(where, world.tables), world_(world) {
        target_token& label = u.target("label0");
        trace_parser_tables tables = world.tables;
        tables.descrs.push_back(&label);
        trace recorded, plain;
        std::string error;
        REQUIRE(parse(text, tables, recorded, error));
        optimizer_input input;
        input.recorded = &recorded;
        input.token = &u.token;
        if (!optimise(input, plain, error)) return;
        vector_form made;
        if (lanes && vectorise(plain, u.token, lanes, made)) {
            INFO(print(plain) << print(made.rest) << print(made.rounds));
            std::string problem = u.compile(made.rest);
            REQUIRE(problem == "");
            u.token.entry = 0;
            u.token.compiled = false;
            if (problem = u.compile(made.rounds); problem == "") in_vector_form = is_good = true;
            if (is_good) return;
            refused = problem;
            undo_vectorise(plain, u.token, made);
        }
        REQUIRE(u.compile(plain) == "");
        is_good = true;
    }

    loop_result run(uint64_t seed, size_t count, bool one_array, size_t shortest, placed one = {}) {
        std::mt19937_64 random(seed);
        void* all[6];
        for (int i = 0; i < 6; ++i) {
            size_t length = i % 3 == 1 ? shortest : array_length;
            all[i] = heddle::test::world().new_ints(length);
            for (size_t item = 0; item < length; ++item)
                world_.items(all[i])[item] = interesting(random, i >= 3, seed % 4 || item % 16 < 12);
        }
        if (one.where < array_length) {
            world_.items(all[0])[one.where] = one.first;
            world_.items(all[2])[one.where] = one.third;
        }
        void* nodes[2] = {heddle::test::world().new_node(false), heddle::test::world().new_node(true)};
        if (one_array) nodes[1] = nodes[0];
        for (void* n : nodes) static_cast<heddle::test::node*>(n)->value = 3;
        if (one_array) all[1] = all[0], all[5] = all[3];
        std::vector<word> inputs;
        for (void* array : all) inputs.push_back(pointer_word(array));
        inputs.insert(inputs.end(),
                      {w(static_cast<int64_t>(count)), w(int64_t{0}), w(int64_t{5}), w(1.25), pointer_word(nodes[0]),
                       pointer_word(nodes[1]), w(static_cast<int64_t>(seed % 11) - 1)});
        exit_state exit = u.where.execute(u.token, inputs.data());
        loop_result result;
        REQUIRE(exit.guard);
        for (size_t i = 0; i < u.token.guards.size(); ++i)
            if (u.token.guards[i].get() == exit.guard) result.guard = static_cast<int>(i);
        for (size_t i = 0; i < exit.guard->fail_arguments.size(); ++i) {
            bool pointer = exit.guard->fail_kinds[i] == kind::pointer;
            result.values.push_back(pointer ? 0 : same_nan(exit.guard->fail_kinds[i], exit.values[i]));
        }
        for (int i = 0; i < 6; ++i)
            for (size_t item = 0; item < (all[i] == all[0] || i % 3 != 1 ? array_length : shortest); ++item)
                result.memory.push_back(same_nan(i < 3 ? kind::integer : kind::floating, world_.items(all[i])[item]));
        for (void* n : nodes) result.memory.push_back(static_cast<word>(static_cast<heddle::test::node*>(n)->value));
        return result;
    }

    unit u;
    bool is_good = false, in_vector_form = false;
    std::string refused; // why it isn't, though it could be

private:
    // The sign of a NaN that an operation makes is the machine's business.
    static word same_nan(kind k, word bits) {
        return k == kind::floating && std::isnan(word_to_double(bits)) ? 0x7ff8'0000'0000'0000 : bits;
    }
    arrays& world_;
};

} // namespace

TEST_CASE("random loops do the same in vector form") {
    start_collector();
    arrays world;
    uint64_t first_seed = std::random_device()();
    std::vector<named_backend> all = all_backends();
    int vectors = 0, stored = 0;
    for (uint64_t seed = first_seed; seed < first_seed + 120; ++seed) {
        std::string text = random_loop(seed).text();
        INFO("seed " << seed << "\n" << text);
        compiled_loop expected(*all[0].what, world, text, 0);
        if (!expected.is_good) continue;
        for (auto& b : all)
            for (unsigned lanes : lanes_of(*b.what)) {
                compiled_loop tried(*b.what, world, text, lanes);
                INFO(b.name << " " << lanes << " lanes");
                REQUIRE(tried.is_good);
                if (!is_native_with_few_registers(b)) REQUIRE(tried.refused == "");
                vectors += tried.in_vector_form;
                stored += tried.in_vector_form && text.find("setarrayitem") != std::string::npos;
                if (is_native_with_few_registers(b) && !tried.in_vector_form) continue;
                for (size_t count : {0, 1, 3, 4, 7, 8, 9, 16, 17, 26, 40, 100})
                    for (bool one_array : {false, true}) {
                        size_t shortest = count == 26 ? 21 : array_length;
                        loop_result a = expected.run(seed + count, count, one_array, shortest);
                        loop_result got = tried.run(seed + count, count, one_array, shortest);
                        INFO(count << " items, one array: " << one_array);
                        REQUIRE(got.guard == a.guard);
                        REQUIRE(got.values == a.values);
                        REQUIRE(got.memory == a.memory);
                    }
            }
    }
    if (lanes_of(*all[0].what).empty()) return;
    CHECK(vectors > 100); // most loops have a vector form
    CHECK(stored > 50);
}

TEST_CASE("overflows in each lane") {
    start_collector();
    arrays world;
    std::vector<named_backend> all = all_backends();
    constexpr int64_t edges[] = {INT64_MAX, INT64_MIN,        INT64_MAX - 5,   INT64_MIN + 5, INT32_MAX, INT32_MIN,
                                 1ll << 31, -(1ll << 31) - 1, 1 - (1ll << 32), 1ll << 40,     0,         -1,
                                 1};
    for (const char* name : {"int_add_ovf", "int_sub_ovf", "int_mul_ovf"})
        for (const char* second : {"i24", "i6", "3", "-2147483649"}) {
            std::string in = "p0, p1, p2, p3, p4, p5, i6, i7, i8, f9, p10, p11, i12";
            std::string text =
                "[" + in + "]\nlabel(" + in + ", descr=label0)\ni21 = int_lt(i7, i6)\nguard_true(i21) [" + in +
                "]\ni22 = arraylen(p0, descr=array<int>)\ni23 = uint_lt(i7, i22)\nguard_true(i23) [" + in +
                "]\ni24 = getarrayitem(p2, i7, descr=array<int>)\n" +
                "i25 = getarrayitem(p0, i7, descr=array<int>)\ni26 = " + name + "(i25, " + second +
                ")\nguard_no_overflow() [" + in + "]\nsetarrayitem(p0, i7, i26, descr=array<int>)\n" +
                "i27 = int_add(i7, 1)\njump(p0, p1, p2, p3, p4, p5, i6, i27, i8, f9, p10, p11, i12, descr=label0)\n";
            compiled_loop expected(*all[0].what, world, text, 0);
            for (auto& b : all)
                for (unsigned lanes : lanes_of(*b.what)) {
                    compiled_loop tried(*b.what, world, text, lanes);
                    INFO(b.name << " " << lanes << " lanes\n" << text);
                    if (!is_native_with_few_registers(b)) CHECK(tried.in_vector_form);
                    for (int64_t first : edges)
                        for (int64_t third : edges)
                            for (size_t where = 2; where < 11; ++where) {
                                placed one{where, w(first), w(third)};
                                loop_result a = expected.run(where + 1, 16, false, array_length, one);
                                loop_result got = tried.run(where + 1, 16, false, array_length, one);
                                if (got.guard == a.guard && got.values == a.values && got.memory == a.memory) continue;
                                INFO(first << " and " << third << " at " << where);
                                REQUIRE(false);
                            }
                }
        }
}
