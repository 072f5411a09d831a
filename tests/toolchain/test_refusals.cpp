// What the translator can't do right is an error that names file, line and mend. Every case marks the line with HERE.
#include "workshop.h"
#include <catch2/catch.hpp>

using namespace heddle::test;

namespace {

struct refusal {
    const char* name;
    const char* source;  // behind the prelude
    const char* message; // part of it
    const char* mend;    // part of it; empty: clang's own message says it all
};

const char* const portal_begin = R"(
static constinit jit::driver drv{"test"};
)";

const refusal refusals[] = {
    {"the slots of a virtualizable frame stored elsewhere", R"(
struct slots_tag {};
using slots_array = array<member<W_Object>, slots_tag>;
struct W_Frame : W_Object { explicit W_Frame(slots_array* s) : slots(s) {} slots_array* const slots;
    HEDDLE_GC_CLASS(W_Frame, W_Object, slots) HEDDLE_VIRTUALIZABLE(W_Frame, slots) };
struct W_Thief : W_Object { W_Thief() : loot(nullptr) {} member<slots_array> loot; HEDDLE_GC_CLASS(W_Thief, W_Object, loot) };
__attribute__((noinline)) void keep(W_Thief* thief, slots_array* slots) {
    thief->loot = slots;   // HERE
}
int main() {
    gc::initialise_from_environment_or_exit();
    W_Frame* frame = make<W_Frame>(make_array<slots_array>(3));
    keep(make<W_Thief>(), frame->slots);
    return 0;
}
)",
     "the slots of a frame (array<member<W_Object>, slots>, marked HEDDLE_VIRTUALIZABLE) are stored in W_Thief::loot",
     "pass the frame or its slots as an argument"},
    {"a virtualizable field that is no array", R"(
struct W_Frame : W_Object { W_Frame() : slots(nullptr) {} member<W_Object> slots;
    HEDDLE_GC_CLASS(W_Frame, W_Object, slots) HEDDLE_VIRTUALIZABLE(W_Frame, slots) };   // HERE
int main() { gc::initialise_from_environment_or_exit(); make<W_Frame>(); return 0; }
)",
     "W_Frame::slots: HEDDLE_VIRTUALIZABLE takes a reference to a heddle::array", ""},
    {"a data member that is not listed", R"(
struct W_Pair : W_Object { W_Pair() : first(1), second(2) {} const long first; const long second;
    HEDDLE_GC_CLASS(W_Pair, W_Object, first) };   // HERE
int main() { gc::initialise_from_environment_or_exit(); return make<W_Pair>()->second; }
)",
     "GC class W_Pair has a data member that HEDDLE_GC_CLASS does not list (at byte 16, behind 'first')", "list it"},
    {"a small member in an alignment gap", R"(
struct W_Pair : W_Object { W_Pair() : first(1), small(2), second(2) {} const bool first; const char small; const long second;
    HEDDLE_GC_CLASS(W_Pair, W_Object, first, second) };   // HERE
int main() { gc::initialise_from_environment_or_exit(); return make<W_Pair>()->small; }
)",
     "GC class W_Pair has a data member that HEDDLE_GC_CLASS does not list", "list it"},
    {"a plain mutable member that is listed", R"(
struct W_Counter : W_Object { long count = 0;
    HEDDLE_GC_CLASS(W_Counter, W_Object, count) };   // HERE
int main() { gc::initialise_from_environment_or_exit(); return make<W_Counter>()->count; }
)",
     "W_Counter::count: a GC class's data member must be field<T>", ""},
    {"make of a class without its own HEDDLE_GC_CLASS", R"(
struct W_More : W_Int { W_More() : W_Int(1) {} };
int main() { gc::initialise_from_environment_or_exit(); return make<W_More>()->value; }
)",
     "the class needs its own HEDDLE_GC_CLASS", ""},
    {"a constructor that allocates", R"(
struct W_Pair : W_Object { W_Pair() : first(
        make<W_Int>(1)) {}   // HERE
    member<W_Int> first; HEDDLE_GC_CLASS(W_Pair, W_Object, first) };
int main() { gc::initialise_from_environment_or_exit(); return make<W_Pair>()->first->value; }
)",
     "the constructor of GC class W_Pair may allocate", "pass them to the constructor"},
    {"a constructor that calls what allocates", R"(
__attribute__((noinline)) W_Int* one() { return make<W_Int>(1); }
struct W_Pair : W_Object { W_Pair() : first(
        one()) {}   // HERE
    member<W_Int> first; HEDDLE_GC_CLASS(W_Pair, W_Object, first) };
int main() { gc::initialise_from_environment_or_exit(); return make<W_Pair>()->first->value; }
)",
     "(in one())", "pass them to the constructor"},
    {"a reference in a plain global", R"(
W_Int* cached;
int main() { gc::initialise_from_environment_or_exit();
    cached = make<W_Int>(5);   // HERE
    return cached->value; }
)",
     "stored in the global variable cached", "heddle::root<T>"},
    {"a reference in malloc memory", R"(
#include <cstdlib>
int main() { gc::initialise_from_environment_or_exit();
    W_Int** memory = (W_Int**)malloc(8);
    *memory = make<W_Int>(5);   // HERE
    return (*memory)->value; }
)",
     "stored in malloc memory", "member<T>"},
    {"a standard container of references", R"(
#include <vector>
int main(int count, char**) { gc::initialise_from_environment_or_exit();
    std::vector<W_Int*> list;   // HERE
    list.push_back(make<W_Int>(count));
    return list[0]->value; }
)",
     "keeps references to GC objects in malloc memory", "heddle::array"},
    {"an exception", R"(
int main(int count, char**) { if (count > 1)
    throw 5;   // HERE
    return 0; }
)",
     "exceptions disabled", "Result<T>"},
    {"dynamic_cast", R"(
int main() { W_Object* o = make<W_Int>(1);
    return dynamic_cast<W_Int*>(o) != nullptr; }   // HERE
)",
     "dynamic_cast", "is<T>"},
    {"a variable that the merge point omits", R"(
long run(long n, long step) { long pc = 0, sum = 0; for (;;) {
    HEDDLE_MERGE_POINT(drv, (pc), (n));   // HERE
    if (n <= 0) return sum; sum += step; n--; pc ^= 1; HEDDLE_CAN_ENTER_JIT(drv, (pc), (n)); } }
int main(int count, char**) { return run(count, count); }
)",
     "omits", "name it among the reds"},
    {"a double green", R"(
long run(long n, double x) { for (;;) {
    HEDDLE_MERGE_POINT(drv, (x), (n));   // HERE
    if (n <= 0) return n; n--; HEDDLE_CAN_ENTER_JIT(drv, (x), (n)); } }
int main(int count, char**) { return run(count, count); }
)",
     "a green of driver 'test' has a type that can't be one", "greens are"},
    {"two portals of one driver", R"(
long run(long n) { long pc = 0; for (;;) { HEDDLE_MERGE_POINT(drv, (pc), (n)); if (n <= 0) return n; n--; HEDDLE_CAN_ENTER_JIT(drv, (pc), (n)); } }
long again(long n) { long pc = 0; for (;;) {
    HEDDLE_MERGE_POINT(drv, (pc), (n));   // HERE
    if (n <= 0) return n; n -= 2; HEDDLE_CAN_ENTER_JIT(drv, (pc), (n)); } }
int main(int count, char**) { return run(count) + again(count); }
)",
     "driver 'test' has a second merge point", "declare a driver for each function"},
    {"can_enter_jit with other variables", R"(
long run(long n, long sum) { long pc = 0; for (;;) { HEDDLE_MERGE_POINT(drv, (pc), (n, sum)); if (n <= 0) return sum; n--; sum += n; pc ^= 1;
    HEDDLE_CAN_ENTER_JIT(drv, (pc), (sum, n));   // HERE
    } }
int main(int count, char**) { return run(count, 0); }
)",
     "HEDDLE_CAN_ENTER_JIT of driver 'test' differs from its merge point in red 1",
     "name the same variables in the same order"},
    {"something between can_enter_jit and merge point", R"(
long run(long n) { long pc = 0; for (;;) { HEDDLE_MERGE_POINT(drv, (pc), (n)); if (n <= 0) return n; n--;
    HEDDLE_CAN_ENTER_JIT(drv, (pc), (n));   // HERE
    std::puts("x"); } }
int main(int count, char**) { return run(count); }
)",
     "something stands between HEDDLE_CAN_ENTER_JIT of driver 'test' and its merge point", "straight"},
    {"an address that escapes from a portal", R"(
__attribute__((noinline)) void decrement(long* n) { --*n; }
long run(long count) { long n = count, pc = 0; for (;;) { HEDDLE_MERGE_POINT(drv, (pc), (count)); if (count <= 0) return 0; long local = count;
    decrement(&local);   // HERE
    count = local; HEDDLE_CAN_ENTER_JIT(drv, (pc), (count)); } }
int main(int count, char**) { return run(count); }
)",
     "the address of a local variable ('local') escapes in run(long), which must be traced", "return the value"},
    {"an address that escapes from a function with a hint", R"(
__attribute__((noinline)) void decrement(long* n) { --*n; }
HEDDLE_UNROLL_SAFE long count_down(long n) { while (n > 0)
    decrement(&n);   // HERE
    return n; }
int main(int count, char**) { return count_down(count); }
)",
     "which is marked HEDDLE_UNROLL_SAFE", "return the value"},
    {"contradicting hints", R"(
HEDDLE_DONT_LOOK_INSIDE HEDDLE_UNROLL_SAFE long twice(long n) { return n * 2; }   // HERE
int main(int count, char**) { return twice(count); }
)",
     "is marked HEDDLE_DONT_LOOK_INSIDE and also as one to be traced", "remove one"},
};

} // namespace

TEST_CASE("sources that break the DSL's rules are refused with file, line and mend") {
    for (const refusal& r : refusals) {
        DYNAMIC_SECTION(r.name) {
            workshop shop;
            std::string source = std::string(prelude) + portal_begin + r.source;
            shop.write("bad/bad.cpp", source);
            run_result result = shop.heddle("build bad -o out --no-jit -O0");
            INFO(result.output);
            CHECK(result.status == 1);
            CHECK_FALSE(shop.exists("out"));
            CHECK(result.output.find(r.message) != std::string::npos);
            CHECK(result.output.find(r.mend) != std::string::npos);
            if (int line = line_of(source, "// HERE"))
                CHECK(result.output.find("bad/bad.cpp:" + std::to_string(line) + ":") != std::string::npos);
        }
    }
}
