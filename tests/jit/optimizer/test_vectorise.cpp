// The vector form of loops, as text: the rounds, and which loops have none.
#include "check.h"
#include <catch2/catch.hpp>

using namespace heddle;
using namespace heddle::test;

namespace {

// The loop peeled, then in vector form: its rounds from the body's label on. "none" when it has none.
std::string rounds(const std::string& text, unsigned lanes = 4) {
    jit::trace recorded, optimised;
    jit::loop_token token;
    std::string problem;
    if (!jit::parse(text, world().tables, recorded, problem)) return "error: " + problem;
    jit::optimizer_input input;
    input.recorded = &recorded;
    input.token = &token;
    if (!jit::optimise(input, optimised, problem)) return "impossible: " + problem;
    jit::vector_form made;
    std::string before = jit::print(optimised);
    if (!jit::vectorise(optimised, token, lanes, made)) {
        CHECK(jit::print(optimised) == before);
        return "none\n";
    }
    std::string all = jit::print(made.rounds);
    jit::undo_vectorise(optimised, token, made);
    CHECK(jit::print(optimised) == before);
    return all.substr(all.find("label(", all.find("label(") + 1));
}

const char* const loop_head = "[p0, p1, i2, i3]\nlabel(p0, p1, i2, i3, descr=loop)\n"
                              "i4 = int_lt(i3, i2)\nguard_true(i4) [p0, p1, i2, i3]\n"
                              "i5 = arraylen(p0, descr=array<int>)\ni6 = uint_lt(i3, i5)\n"
                              "guard_true(i6) [p0, p1, i2, i3]\n";
const char* const loop_end = "i99 = int_add(i3, 1)\njump(p0, p1, i2, i99, descr=loop)\n";

size_t count(const std::string& text, const std::string& part) {
    size_t found = 0;
    for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
    return found;
}

std::string loop(const std::string& body) { return loop_head + body + loop_end; }

} // namespace

TEST_CASE("what is stored is made in vectors; guards become checks of a round's last iteration", "[vectorise]") {
    CHECK(rounds(loop("i7 = getarrayitem(p0, i3, descr=array<int>)\ni8 = int_xor(i7, 5)\n"
                      "setarrayitem(p0, i3, i8, descr=array<int>)\n")) ==
          "label(p0, p1, i2, i13, i7, descr=loop.body)\n"
          "i15 = int_ge(i13, 0)\n"
          "guard_true/never_bridge(i15) [p0, p1, i2, i13, i7] -> loop.scalar\n"
          "i17 = int_lt(i13, 4611686018427387904)\n"
          "guard_true/never_bridge(i17) [p0, p1, i2, i13, i7] -> loop.scalar\n"
          "vector_lanes(4)\n"
          "w20 = vector_broadcast_i(5)\n"
          "label(p0, p1, i2, i13, i7, w20, descr=loop.vector)\n"
          "i22 = int_add(i13, 7)\n"
          "i23 = int_lt(i22, i2)\n"
          "guard_true/never_bridge(i23) [p0, p1, i2, i13, i7] -> loop.scalar\n"
          "i25 = uint_lt(i22, i7)\n"
          "guard_true/never_bridge(i25) [p0, p1, i2, i13, i7] -> loop.scalar\n"
          "w27 = vector_load(p0, i13, 0, descr=array<int>)\n"
          "w28 = vector_int_xor(w27, w20)\n"
          "w29 = vector_load(p0, i13, 4, descr=array<int>)\n"
          "w30 = vector_int_xor(w29, w20)\n"
          "i31 = int_add(i13, 8)\n"
          "vector_store(p0, i13, 0, w28, descr=array<int>)\n"
          "vector_store(p0, i13, 4, w30, descr=array<int>)\n"
          "jump(p0, p1, i2, i31, i7, w20, descr=loop.vector)\n");
}

TEST_CASE("a sum that may overflow is done item by item, with one check of the index", "[vectorise]") {
    CHECK(rounds("[p0, i1, i2]\nlabel(p0, i1, i2, descr=loop)\ni3 = arraylen(p0, descr=array<int>)\n"
                 "i4 = int_lt(i1, i3)\nguard_true(i4) [p0, i1, i2]\ni5 = getarrayitem(p0, i1, descr=array<int>)\n"
                 "i6 = int_add_ovf(i2, i5)\nguard_no_overflow() [p0, i1, i2]\ni7 = int_add(i1, 1)\n"
                 "jump(p0, i7, i6, descr=loop)\n",
                 1) == "label(p0, i10, i8, i4, descr=loop.body)\n"
                       "i12 = int_lt(i10, 4611686018427387904)\n"
                       "guard_true/never_bridge(i12) [p0, i10, i8, i4] -> loop.scalar\n"
                       "label(p0, i10, i8, i4, descr=loop.vector)\n"
                       "i15 = int_add(i10, 1)\n"
                       "i16 = int_lt(i15, i4)\n"
                       "guard_true/never_bridge(i16) [p0, i10, i8, i4] -> loop.scalar\n"
                       "i18 = getarrayitem_at(p0, i10, 0, descr=array<int>)\n"
                       "i19 = int_add_ovf(i8, i18)\n"
                       "guard_no_overflow/never_bridge() [p0, i10, i8, i4] -> loop.scalar\n"
                       "i21 = getarrayitem_at(p0, i10, 1, descr=array<int>)\n"
                       "i22 = int_add_ovf(i19, i21)\n"
                       "guard_no_overflow/never_bridge() [p0, i10, i8, i4] -> loop.scalar\n"
                       "i24 = int_add(i10, 2)\n"
                       "jump(p0, i24, i22, i4, descr=loop.vector)\n");
}

TEST_CASE("arrays of which one is read where the other was written must be two", "[vectorise]") {
    CHECK(rounds(loop("i7 = int_sub(i3, 1)\ni8 = getarrayitem(p1, i7, descr=array<int>)\n"
                      "setarrayitem(p0, i3, i8, descr=array<int>)\n"),
                 2)
              .starts_with("label(p0, p1, i2, i13, i7, descr=loop.body)\n"
                           "i15 = ptr_ne(p0, p1)\n"
                           "guard_true/never_bridge(i15) [p0, p1, i2, i13, i7] -> loop.scalar\n"));
    // Read before it is written, now or later: no matter.
    for (const char* index : {"i3", "i7"})
        CHECK(rounds(loop("i7 = int_add(i3, 1)\ni8 = getarrayitem(p1, " + std::string(index) +
                          ", descr=array<int>)\nsetarrayitem(p0, i3, i8, descr=array<int>)\n"))
                  .find("ptr_ne") == std::string::npos);
}

TEST_CASE("a loop that reads what it wrote some items ago has rounds that are shorter than that", "[vectorise]") {
    auto shifted = [](int distance) {
        return loop("i7 = int_sub(i3, " + std::to_string(distance) +
                    ")\ni8 = getarrayitem(p0, i7, descr=array<int>)\nsetarrayitem(p0, i3, i8, descr=array<int>)\n");
    };
    CHECK(rounds(shifted(1), 2) == "none\n");
    CHECK(count(rounds(shifted(3), 2), "vector_store") == 1); // one vector of two
    CHECK(count(rounds(shifted(4), 2), "vector_store") == 2);
    CHECK(rounds(shifted(3), 4) == "none\n");
}

TEST_CASE("an index that is an invariant plus a counter", "[vectorise]") {
    // Its overflow is looked at for the first and the last iteration of a round.
    std::string row = "i7 = int_add_ovf(i2, i3)\nguard_no_overflow() [p0, p1, i2, i3]\n";
    std::string other = rounds(loop(row + "i8 = getarrayitem(p1, i7, descr=array<int>)\n"
                                          "setarrayitem(p0, i3, i8, descr=array<int>)\n"));
    CHECK(count(other, "int_add_ovf") == 2);
    CHECK(count(other, "vector_store") == 2);
    CHECK(count(other, "ptr_ne(p0, p1)") == 1);
    // In one array the two must be a round apart: 8 items, either way.
    std::string same = rounds(loop(row + "i8 = getarrayitem(p0, i7, descr=array<int>)\n"
                                         "setarrayitem(p0, i3, i8, descr=array<int>)\n"));
    CHECK(same.find("int_sub(0, i2)") != std::string::npos);
    CHECK(count(same, ", 15)\n") == 1); // uint_ge(distance + 7, 15)
    CHECK(count(same, "uint_ge") == 1);
}

TEST_CASE("arithmetic on invariants is done before the first round", "[vectorise]") {
    std::string text = rounds(loop("i7 = int_mul_ovf(i2, 5)\nguard_no_overflow() [p0, p1, i2, i3]\n"
                                   "setarrayitem(p0, i3, i7, descr=array<int>)\n"));
    size_t loop_label = text.find("descr=loop.vector");
    CHECK(text.find("int_mul_ovf") < loop_label);
    CHECK(text.find("vector_broadcast_i") < loop_label);
}

TEST_CASE("loops without a vector form", "[vectorise]") {
    const char* const store = "setarrayitem(p0, i3, 1, descr=array<int>)\n";
    CHECK(rounds(loop("i7 = int_xor(i3, 1)\n")) == "none\n"); // no item
    CHECK(rounds(loop(std::string(store) + "i8 = call(ptr(fn_set_value), p1, i3, descr=set_value)\n")) == "none\n");
    CHECK(rounds(loop(std::string(store) + "setfield(p1, i3, descr=Node.value)\n")) != "none\n"); // goes round undone
    // A guard that looks at an item.
    CHECK(rounds(loop("i7 = getarrayitem(p0, i3, descr=array<int>)\ni8 = int_lt(i7, 9)\n"
                      "guard_true(i8) [p0, p1, i2, i3]\nsetarrayitem(p0, i3, 0, descr=array<int>)\n")) == "none\n");
    // References.
    CHECK(
        rounds(loop("p7 = getarrayitem(p1, i3, descr=array<Node>)\nsetarrayitem(p1, i3, null, descr=array<Node>)\n")) ==
        "none\n");
    // An index that jumps, one that depends on an item, and an item that is written and read in one iteration.
    CHECK(rounds(std::string(loop_head) + store + "i99 = int_add(i3, 2)\njump(p0, p1, i2, i99, descr=loop)\n") ==
          "none\n");
    CHECK(rounds(loop("i7 = getarrayitem(p0, i3, descr=array<int>)\nsetarrayitem(p0, i7, 1, descr=array<int>)\n")) ==
          "none\n");
    CHECK(rounds(loop("setarrayitem(p0, i3, i2, descr=array<int>)\n")) != "none\n");
}
