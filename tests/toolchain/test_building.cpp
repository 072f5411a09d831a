// Whole programs: translated with and without JIT, at several levels, under GC stress, they print what C++ says.
#include "workshop.h"
#include <catch2/catch.hpp>

using namespace heddle::test;

namespace {

// A stack machine's loop over objects: fields, arrays, virtual calls, allocation, a narrow green, a double red,
// recursion.
const char* const loop_program = R"(
struct W_Stack : W_Object { explicit W_Stack(array<member<W_Object>>* i) : items(i), depth(0) {} member<array<member<W_Object>>> items; field<int> depth;
    void push(W_Object* o) { items->set(depth, o); depth += 1; }
    W_Object* pop() { depth -= 1; return items->get(depth); }
    HEDDLE_GC_CLASS(W_Stack, W_Object, items, depth) };
static root<W_Stack> last;
static constinit jit::driver drv{"loop"};
long run(array<const unsigned char>* code, W_Stack* stack, long n, double x) {
    int pc = 0;
    for (;;) {
        HEDDLE_MERGE_POINT(drv, (code, pc), (stack, n, x));
        switch (code->get(pc)) {
        case 'p': stack->push(make<W_Int>(n)); pc++; break;
        case 'b': stack->push(make<W_Box>(stack->pop())); pc++; break;
        case 'a': { W_Object* right = stack->pop(); W_Object* left = stack->pop(); stack->push(make<W_Int>(left->number() + right->number())); pc++; break; }
        case 'x': x = x * 0.5 + 1; pc++; break;
        case 'r': if (n > 20 && n % 16 == 0) stack->push(make<W_Int>(run(code, make<W_Stack>(make_array<array<member<W_Object>>>(16)), n / 2, x))), stack->push(make<W_Int>(is<W_Box>(stack->pop()) + stack->pop()->number()));
                  pc++; break;
        case 'j': if (--n > 0) { pc = 1; HEDDLE_CAN_ENTER_JIT(drv, (code, pc), (stack, n, x)); } else pc++; break;
        default: last = stack; return stack->pop()->number() + (long)(x * 1000);
        }
    }
}
int main(int count, char** arguments) {
    gc::initialise_from_environment_or_exit();
    if (count > 2) { std::string error = heddle_jit_configure(arguments[2]); if (!error.empty()) { std::puts(error.c_str()); return 1; } }
    const char* text = "ppbaxrj.";
    auto* code = make_array_copy<array<const unsigned char>>((const unsigned char*)text, 8);
    long n = count > 1 ? std::atol(arguments[1]) : 1000;
    std::printf("%ld\n", run(code, make<W_Stack>(make_array<array<member<W_Object>>>(4096)), n, 3));
    std::printf("%ld %d\n", last->number(), (int)last->depth);
}
)";

std::string program() { return std::string("#include <cstdlib>\n") + prelude + loop_program; }

} // namespace

TEST_CASE("a translated program does what the plain one does, with and without JIT") {
    workshop shop;
    std::string source = program();
    shop.write("vm/main.cpp", source);
    run_result built = shop.heddle("build vm -o without --no-jit -O1");
    INFO(built.output);
    REQUIRE(built.status == 0);
    run_result expected = shop.run("./without 200");
    REQUIRE(expected.status == 0);
    CHECK(shop.run("HEDDLE_GC_STRESS=1 ./without 200").output == expected.output);
    built = shop.heddle("build vm -o optimised --no-jit -O3");
    REQUIRE(built.status == 0);
    CHECK(shop.run("./optimised 200").output == expected.output);

    built = shop.heddle("build vm -o with --jit -O2");
    INFO(built.output);
    REQUIRE(built.status == 0);
    for (const char* options :
         {"off", "threshold=3,function_threshold=3", "threshold=3,function_threshold=3,backend=portable",
          "threshold=3,always_bridge,trace_eagerness=1", "threshold=2,fuel=5"}) {
        run_result result = shop.run(std::string("./with 200 ") + options);
        INFO(options << ": " << result.output);
        CHECK(result.output == expected.output);
    }
    CHECK(shop.run("HEDDLE_GC_STRESS=1 ./with 200 threshold=3").output == expected.output);
    // With the thresholds as they are, what the JIT needs is loaded after some passes of a loop.
    CHECK(shop.run("./with 5000").output == shop.run("./without 5000").output);
    CHECK(shop.run("HEDDLE_LOG=jit-summary:log ./with 2000 threshold=3").status == 0);
    CHECK(shop.read("log").find("loop") != std::string::npos);
}

TEST_CASE("explain tells of each function whether it is traced") {
    workshop shop;
    shop.write("vm/main.cpp", program());
    // The executable is made of several parts.
    shop.write("vm/other.cpp", std::string(prelude) + "long other(W_Object* o) { return o->number() * 2; }\n");
    REQUIRE(shop.heddle("build vm -o with -O1").status == 0);
    for (const char* what : {"with", "vm"}) {
        run_result result = shop.heddle(std::string("explain ") + what);
        INFO(result.output);
        CHECK(result.status == 0);
        CHECK(result.output.find("traced  run(") != std::string::npos);
        CHECK(result.output.find("native  main") != std::string::npos);
        CHECK(result.output.find("vm/main.cpp:") != std::string::npos);
    }
    run_result one = shop.heddle("explain with W_Box::number");
    INFO(one.output);
    CHECK(one.output.find("W_Box::number() const") != std::string::npos);
    CHECK(one.output.find("main") == one.output.find("main.cpp"));
    CHECK(shop.heddle("explain with no_such_function").status == 1);
    CHECK(shop.heddle("explain vm/main.cpp").status == 1);
}

TEST_CASE("classes of one structure and classes of one name in two files are kept apart") {
    workshop shop;
    std::string part =
        "namespace { struct W_Same : W_Object { explicit W_Same(long v) : value(v) {} const long value; long number() "
        "const override { return value * FACTOR; } HEDDLE_GC_CLASS(W_Same, W_Object, value) }; }\n";
    shop.write("vm/one.cpp", std::string(prelude) + "#define FACTOR 2\n" + part +
                                 "W_Object* one(long n) { return make<W_Same>(n); }\nbool is_one(W_Object* o) { return "
                                 "is_exact<W_Same>(o); }\n");
    shop.write("vm/two.cpp", std::string(prelude) + "#define FACTOR 3\n" + part +
                                 "W_Object* two(long n) { return make<W_Same>(n); }\n");
    shop.write("vm/main.cpp",
               std::string(prelude) +
                   "W_Object* one(long);\nW_Object* two(long);\nbool is_one(W_Object*);\nint main() { "
                   "gc::initialise_from_environment_or_exit(); std::printf(\"%ld %ld %d%d%d\\n\", one(5)->number(), "
                   "two(5)->number(), is_one(one(1)), is_one(two(1)), is_one(make<W_Int>(1))); }\n");
    run_result built = shop.heddle("build vm -o out --no-jit");
    INFO(built.output);
    REQUIRE(built.status == 0);
    CHECK(shop.run("./out").output == "10 15 100\n");
}

namespace {

// Versions of a class, read by every round of a loop; a residual function changes them now and then.
const char* const version_program = R"(
struct W_Class : W_Object { W_Class() : version(1), shape(nullptr) {} HEDDLE_QUASI_IMMUTABLE field<long> version; HEDDLE_QUASI_IMMUTABLE member<W_Object> shape;
    HEDDLE_GC_CLASS(W_Class, W_Object, version, shape) };
static constinit jit::driver drv{"versions"};
HEDDLE_DONT_LOOK_INSIDE void change(W_Class* c, long n) {
    c->version = n;
    c->shape = make<W_Int>(n * 3);
}
long run(W_Class* c, long every, long n, long sum) {
    for (;;) {
        HEDDLE_MERGE_POINT(drv, (c, every), (n, sum));
        sum += c->version * n + c->shape->number();
        if (n % every == 0) change(c, n);
        sum += c->version;
        if (--n <= 0) return sum;
        HEDDLE_CAN_ENTER_JIT(drv, (c, every), (n, sum));
    }
}
int main(int count, char** arguments) {
    gc::initialise_from_environment_or_exit();
    if (count > 1) { std::string error = heddle_jit_configure(arguments[1]); if (!error.empty()) { std::puts(error.c_str()); return 1; } }
    for (long every : {100000l, 500l, 90l, 7l, 1l}) {
        W_Class* c = make<W_Class>();
        change(c, 2);
        for (long i = 0; i < 4; i++) std::printf("%ld\n", run(c, every, 1000, 0));
    }
}
)";

} // namespace

TEST_CASE("writes of quasi-immutable fields discard machine code") {
    workshop shop;
    shop.write("vm/main.cpp", std::string(prelude) + version_program);
    run_result built = shop.heddle("build vm -o without --no-jit -O1");
    INFO(built.output);
    REQUIRE(built.status == 0);
    std::string expected = shop.run("./without").output;
    built = shop.heddle("build vm -o vm1 -O1");
    INFO(built.output);
    REQUIRE(built.status == 0);
    for (const char* options : {"threshold=3", "threshold=3,backend=portable", "threshold=20,trace_eagerness=2"}) {
        INFO(options);
        CHECK(shop.run(std::string("./vm1 ") + options).output == expected);
        CHECK(shop.run(std::string("HEDDLE_GC_STRESS=3 ./vm1 ") + options).output == expected);
        std::string log = shop.run(std::string("HEDDLE_LOG=jit-summary:log ./vm1 ") + options + " && cat log").output;
        CHECK(log.find("invalidations: 0") == std::string::npos);
        CHECK(log.find("invalidations: ") != std::string::npos);
    }
}

TEST_CASE("a header with which sources begin is precompiled, and every change of it is seen") {
    workshop shop;
    shop.write("vm/common.h", "#pragma once\n" + std::string(prelude) + "inline long factor() { return 3; }\n");
    for (const char* name : {"one", "two", "three"})
        shop.write(std::string("vm/") + name + ".cpp",
                   std::string("// Begins with the header.\n\n#include \"common.h\"\nlong ") + name +
                       "() { return factor(); }\n");
    std::string main_begin =
        "#include <cstdlib>\n#include \"common.h\"\nlong one();\nlong two();\nlong three();\nint main() {";
    shop.write("vm/main.cpp", main_begin + " std::printf(\"%ld\\n\", one() * two() * three()); }\n");
    auto build = [&](const std::string& cached, bool precompiled, const std::string& output) {
        run_result built = shop.heddle("build vm -o out --no-jit -O1 --profile");
        INFO(built.output);
        CHECK(built.status == 0);
        CHECK(built.output.find(cached + " of 4 files from the cache") != std::string::npos);
        CHECK((built.output.find("headers precompiled: 1") != std::string::npos) == precompiled);
        CHECK(shop.run("./out").output == output);
    };
    build("0", true, "27\n");
    build("4", false, "27\n");
    // Newer, but what it was: nothing is compiled. Then what was precompiled serves a change beside it.
    REQUIRE(shop.run("touch -d '2001-01-01' vm/common.h").status == 0);
    build("4", false, "27\n");
    shop.write("vm/two.cpp", "#include \"common.h\"\nlong two() { return factor() + 1; }\n");
    build("3", false, "36\n");
    shop.write("vm/common.h", "#pragma once\n" + std::string(prelude) + "inline long factor() { return 2; }\n");
    build("0", true, "12\n");
    // A mistake in it is shown as in any header.
    shop.write("vm/common.h", "#pragma once\n" + std::string(prelude) + "inline long factor() { return nothing; }\n");
    run_result broken = shop.heddle("build vm -o out --no-jit -O1");
    CHECK(broken.status != 0);
    CHECK(broken.output.find("common.h:") != std::string::npos);
}

TEST_CASE("with --stm, explain tells what makes transactions inevitable; reading what is set at the start doesn't") {
    workshop shop;
    const char* globals = R"(
HEDDLE_SET_AT_START long chosen;
long counted;
HEDDLE_DONT_LOOK_INSIDE long reads_chosen() { return chosen; }
HEDDLE_DONT_LOOK_INSIDE void writes_chosen(long n) { chosen = n; }
HEDDLE_DONT_LOOK_INSIDE long reads_counted() { return counted; }
long use_all(long n) { writes_chosen(n); counted = n; return reads_chosen() + reads_counted(); }
)";
    std::string calls_them = "long use_all(long n);\n" + program();
    calls_them.replace(calls_them.find("    gc::initialise"), 0, "    use_all(count);\n");
    shop.write("vm/main.cpp", calls_them);
    shop.write("vm/other.cpp", std::string(prelude) + globals);
    run_result built = shop.heddle("build vm -o parallel --stm --no-jit -O1");
    INFO(built.output);
    REQUIRE(built.status == 0);
    run_result result = shop.heddle("explain parallel");
    INFO(result.output);
    CHECK(result.output.find("inevitable  reads_counted()") != std::string::npos);
    CHECK(result.output.find("inevitable  writes_chosen(long)") != std::string::npos);
    CHECK(result.output.find("inevitable  reads_chosen()") == std::string::npos);
}
