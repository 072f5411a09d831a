// Peeled loops: what the body takes for granted, what goes round with it, what makes it weaker, and bridges into it.
#include "check.h"
#include <catch2/catch.hpp>

using namespace heddle;
using namespace heddle::test;

namespace {

void check_peeled(const std::string& before, const std::string& after) {
    CHECK(optimised(before, {}) == canonical(after));
}

} // namespace

TEST_CASE("what does not change is loaded and guarded once", "[peeling]") {
    check_peeled(
        "[p0, i1]\nlabel(p0, i1, descr=loop)\nguard_nonnull_class(p0, class(Node)) [p0, i1]\np2 = getfield(p0, "
        "descr=Node.next)\nguard_nonnull_class(p2, class(Leaf)) [p0, i1]\ni3 = getfield(p2, "
        "descr=Node.value)\ni4 = int_sub_ovf(i1, i3)\nguard_no_overflow() [p0, i1]\njump(p0, i4, descr=loop)\n",
        "[p0, i1]\nlabel(p0, i1, descr=loop)\nguard_nonnull_class(p0, class(Node)) [p0, i1]\np2 = getfield(p0, "
        "descr=Node.next)\nguard_nonnull_class(p2, class(Leaf)) [p0, i1]\ni3 = getfield(p2, "
        "descr=Node.value)\ni4 = int_sub_ovf(i1, i3)\nguard_no_overflow() [p0, i1]\n"
        "label(p0, i4, i3, descr=loop.body)\ni5 = int_sub_ovf(i4, i3)\nguard_no_overflow() [p0, i4]\n"
        "jump(p0, i5, i3, descr=loop.body)\n");
}

TEST_CASE("what is learnt of a counter after it went on holds for the next one", "[peeling]") {
    // An iterator goes on, then its item is an index: 0 <= i1 < length, so i1 + 1 is in the next iteration what i1 is.
    check_peeled(
        "[p0, i1]\nlabel(p0, i1, descr=loop)\ni2 = int_add(i1, 1)\ni3 = int_lt(i1, 0)\nguard_false(i3) [p0, i1]\n"
        "i4 = getfield(p0, descr=Node.value)\ni5 = int_lt(i1, i4)\nguard_true(i5) [p0, i1]\n"
        "jump(p0, i2, descr=loop)\n",
        "[p0, i1]\nlabel(p0, i1, descr=loop)\ni2 = int_add(i1, 1)\ni3 = int_lt(i1, 0)\nguard_false(i3) [p0, i1]\n"
        "i4 = getfield(p0, descr=Node.value)\ni5 = int_lt(i1, i4)\nguard_true(i5) [p0, i1]\n"
        "label(p0, i2, i4, descr=loop.body)\ni6 = int_add(i2, 1)\ni7 = int_lt(i2, i4)\nguard_true(i7) [p0, i2]\n"
        "jump(p0, i6, i4, descr=loop.body)\n");
}

TEST_CASE("what a call may change is loaded in each iteration", "[peeling]") {
    // set_value reads and writes Node.value only.
    check_peeled("[p0, i1]\nlabel(p0, i1, descr=loop)\ni2 = getfield(p0, descr=Node.value)\nf3 = getfield(p0, "
                 "descr=Node.weight)\ni4 = float_lt(f3, 1.5)\nguard_true(i4) [p0, i1]\ni5 = int_sub(i1, i2)\n"
                 "i6 = call(ptr(fn_set_value), p0, i5, descr=set_value)\njump(p0, i5, descr=loop)\n",
                 "[p0, i1]\nlabel(p0, i1, descr=loop)\ni2 = getfield(p0, descr=Node.value)\nf3 = getfield(p0, "
                 "descr=Node.weight)\ni4 = float_lt(f3, 1.5)\nguard_true(i4) [p0, i1]\ni5 = int_sub(i1, i2)\n"
                 "i6 = call(ptr(fn_set_value), p0, i5, descr=set_value)\n"
                 "label(p0, i5, descr=loop.body)\ni7 = getfield(p0, descr=Node.value)\ni8 = int_sub(i5, i7)\n"
                 "i9 = call(ptr(fn_set_value), p0, i8, descr=set_value)\njump(p0, i8, descr=loop.body)\n");
}

TEST_CASE("an object made in each iteration goes round as its contents", "[peeling]") {
    check_peeled("[p0]\nlabel(p0, descr=loop)\nguard_nonnull_class(p0, class(Leaf)) [p0]\ni1 = getfield(p0, "
                 "descr=Node.value)\ni2 = int_add(i1, 1)\np3 = new_object(descr=Leaf)\nsetfield(p3, i2, "
                 "descr=Node.value)\ni4 = int_lt(i2, 100)\nguard_true(i4) [p3]\njump(p3, descr=loop)\n",
                 "[p0]\nlabel(p0, descr=loop)\nguard_nonnull_class(p0, class(Leaf)) [p0]\ni1 = getfield(p0, "
                 "descr=Node.value)\ni2 = int_add(i1, 1)\ni4 = int_lt(i2, 100)\nguard_true(i4) [p0]\n"
                 "label(i2, descr=loop.body)\ni5 = int_add(i2, 1)\ni6 = int_lt(i5, 100)\nguard_true(i6) [i5]\n"
                 "jump(i5, descr=loop.body)\n");
}

TEST_CASE("a store goes round with the loop, undone", "[peeling]") {
    const char* text =
        "[p0, i1]\nlabel(p0, i1, descr=loop)\ni2 = getfield(p0, descr=Node.value)\ni3 = int_add(i2, i1)\n"
        "setfield(p0, i3, descr=Node.value)\ni4 = int_lt(i3, 100)\nguard_true(i4) [p0, i1]\n"
        "jump(p0, i1, descr=loop)\n";
    check_peeled(text,
                 "[p0, i1]\nlabel(p0, i1, descr=loop)\ni2 = getfield(p0, descr=Node.value)\ni3 = int_add(i2, i1)\n"
                 "i4 = int_lt(i3, 100)\nguard_true(i4) [p0, i1, i3]\nlabel(p0, i1, i3, descr=loop.body)\n"
                 "i5 = int_add(i3, i1)\ni6 = int_lt(i5, 100)\nguard_true(i6) [p0, i1, i5]\n"
                 "jump(p0, i1, i5, descr=loop.body)\n");
    CHECK(last_resume(text, {}) == "0@0: #0 #1; store Node.value(#0, #2)");
}

TEST_CASE("a store to an object that the loop moves on from is done", "[peeling]") {
    check_peeled("[p0]\nlabel(p0, descr=loop)\nsetfield(p0, 7, descr=Node.value)\np1 = getfield(p0, descr=Node.next)\n"
                 "guard_nonnull(p1) [p0]\njump(p1, descr=loop)\n",
                 "[p0]\nlabel(p0, descr=loop)\np1 = getfield(p0, descr=Node.next)\nguard_nonnull(p1) [p0]\n"
                 "setfield(p0, 7, descr=Node.value)\nlabel(p1, descr=loop.body)\np2 = getfield(p1, descr=Node.next)\n"
                 "guard_nonnull(p2) [p1]\nsetfield(p1, 7, descr=Node.value)\njump(p2, descr=loop.body)\n");
}

TEST_CASE("a store that the body would do as it came is done before the label", "[peeling]") {
    // The load may be from the place that the iteration before has written: the body can't keep the store pending.
    check_peeled("[p0, p1]\nlabel(p0, p1, descr=loop)\ni2 = getfield(p1, descr=Node.value)\n"
                 "setfield(p0, i2, descr=Node.value)\njump(p0, p1, descr=loop)\n",
                 "[p0, p1]\nlabel(p0, p1, descr=loop)\ni2 = getfield(p1, descr=Node.value)\n"
                 "setfield(p0, i2, descr=Node.value)\nlabel(p0, p1, descr=loop.body)\n"
                 "i3 = getfield(p1, descr=Node.value)\nsetfield(p0, i3, descr=Node.value)\n"
                 "jump(p0, p1, descr=loop.body)\n");
}

TEST_CASE("a constant that does not stay one becomes an argument", "[peeling]") {
    // The first iteration ends with the constant 1, the others with whatever p0's value is.
    check_peeled("[p0, i1, i2]\nlabel(p0, i1, i2, descr=loop)\ni3 = int_add(i1, i2)\ni4 = int_lt(i3, 100)\n"
                 "guard_true(i4) [p0, i3]\njump(p0, i3, 1, descr=loop)\n",
                 "[p0, i1, i2]\nlabel(p0, i1, i2, descr=loop)\ni3 = int_add(i1, i2)\ni4 = int_lt(i3, 100)\n"
                 "guard_true(i4) [p0, i3]\nlabel(p0, i3, descr=loop.body)\ni5 = int_add(i3, 1)\ni6 = int_lt(i5, 100)\n"
                 "guard_true(i6) [p0, i5]\njump(p0, i5, descr=loop.body)\n");
    check_peeled("[i1, i2]\nlabel(i1, i2, descr=loop)\ni3 = int_lt(i2, 100)\nguard_true(i3) [i1, i2]\n"
                 "jump(5, i1, descr=loop)\n",
                 "[i1, i2]\nlabel(i1, i2, descr=loop)\ni3 = int_lt(i2, 100)\nguard_true(i3) [i1, i2]\n"
                 "label(i1, descr=loop.body)\ni4 = int_lt(i1, 100)\nguard_true(i4) [i1]\n"
                 "jump(5, descr=loop.body)\n");
}

TEST_CASE("an iteration that makes the next one impossible leaves the loop unpeeled", "[peeling]") {
    check_peeled("[i0]\nlabel(i0, descr=loop)\nguard_value(i0, 0) [i0]\njump(1, descr=loop)\n",
                 "[i0]\nlabel(i0, descr=loop)\nguard_value(i0, 0) [i0]\njump(1, descr=loop)\n");
}

TEST_CASE("the interpreter's action flag is read in each iteration", "[peeling]") {
    check_peeled("[i0]\nlabel(i0, descr=loop)\ni1 = getfield(ptr(thread), descr=thread.action_flag)\n"
                 "guard_false(i1) [i0]\ni2 = int_sub(i0, 1)\njump(i2, descr=loop)\n",
                 "[i0]\nlabel(i0, descr=loop)\ni1 = getfield(ptr(thread), descr=thread.action_flag)\n"
                 "guard_false(i1) [i0]\ni2 = int_sub(i0, 1)\nlabel(i2, descr=loop.body)\n"
                 "i3 = getfield(ptr(thread), descr=thread.action_flag)\nguard_false(i3) [i2]\ni4 = int_sub(i2, 1)\n"
                 "jump(i4, descr=loop.body)\n");
}

namespace {

// Node.refs as the slots of a virtualizable frame.
struct frames {
    frames() { world().refs.virtualizable = true; }
    ~frames() { world().refs.virtualizable = false; }
};

} // namespace

TEST_CASE("a frame's slots are out of reach of calls", "[peeling]") {
    frames on;
    check_peeled("[p0, i1]\nlabel(p0, i1, descr=loop)\np2 = getfield(p0, descr=Node.refs)\np3 = getarrayitem(p2, 1, "
                 "descr=array<Node>)\nguard_nonnull_class(p3, class(Leaf)) [p0, i1]\ni4 = getfield(p3, "
                 "descr=Node.tag)\ni5 = int_add(i4, i1)\np6 = new_object(descr=Leaf)\nsetfield(p6, i5, "
                 "descr=Node.tag)\nsetarrayitem(p2, 1, p6, descr=array<Node>)\n"
                 "i7 = call(ptr(fn_scramble), ptr(node1), i5, descr=scramble)\nguard_true(i7) [p0, i1]\n"
                 "jump(p0, i1, descr=loop)\n",
                 "[p0, i1]\nlabel(p0, i1, descr=loop)\np2 = getfield(p0, descr=Node.refs)\np3 = getarrayitem(p2, 1, "
                 "descr=array<Node>)\nguard_nonnull_class(p3, class(Leaf)) [p0, i1]\ni4 = getfield(p3, "
                 "descr=Node.tag)\ni5 = int_add(i4, i1)\n"
                 "i7 = call(ptr(fn_scramble), ptr(node1), i5, descr=scramble)\nguard_true(i7) [p0, i1, p2, i5]\n"
                 "label(p0, i1, p2, i5, descr=loop.body)\ni8 = int_add(i5, i1)\n"
                 "i9 = call(ptr(fn_scramble), ptr(node1), i8, descr=scramble)\nguard_true(i9) [p0, i1, p2, i8]\n"
                 "jump(p0, i1, p2, i8, descr=loop.body)\n");
    // A call that is given the frame sees all.
    CHECK(optimised("[p0, p1]\np2 = getfield(p0, descr=Node.refs)\nsetarrayitem(p2, 1, p1, descr=array<Node>)\ni3 = "
                    "call(ptr(fn_scramble), p0, 1, descr=scramble)\np4 = getarrayitem(p2, 1, descr=array<Node>)\n"
                    "guard_nonnull(p4) [p4]\nfinish(i3)\n") ==
          canonical("[p0, p1]\np2 = getfield(p0, descr=Node.refs)\nsetarrayitem(p2, 1, p1, descr=array<Node>)\ni3 = "
                    "call(ptr(fn_scramble), p0, 1, descr=scramble)\np4 = getarrayitem(p2, 1, descr=array<Node>)\n"
                    "guard_nonnull(p4) [p4]\nfinish(i3)\n"));
    // So does every call once the frame was stored somewhere.
    CHECK(optimised("[p0, p1]\np2 = getfield(p0, descr=Node.refs)\nsetarrayitem(p2, 1, null, descr=array<Node>)\n"
                    "setfield(p1, p0, descr=Node.next)\ni3 = call(ptr(fn_scramble), ptr(node0), 1, descr=scramble)\n"
                    "p4 = getarrayitem(p2, 1, descr=array<Node>)\nguard_is_null(p4) [p4]\nfinish(i3)\n") ==
          canonical("[p0, p1]\np2 = getfield(p0, descr=Node.refs)\nsetfield(p1, p0, descr=Node.next)\n"
                    "setarrayitem/no_barrier(p2, 1, null, descr=array<Node>)\n"
                    "i3 = call(ptr(fn_scramble), ptr(node0), 1, descr=scramble)\n"
                    "p4 = getarrayitem(p2, 1, descr=array<Node>)\nguard_is_null(p4) [p4]\nfinish(i3)\n"));
}

namespace {

// p0's value goes round undone; p1's next is invariant and a Leaf.
const char* counting = "[p0, p1]\nlabel(p0, p1, descr=loop)\nguard_nonnull_class(p0, class(Node)) [p0, p1]\n"
                       "guard_nonnull_class(p1, class(Node)) [p0, p1]\np2 = getfield(p1, descr=Node.next)\n"
                       "guard_nonnull_class(p2, class(Leaf)) [p0, p1, p2]\ni3 = getfield(p2, descr=Node.tag)\n"
                       "f4 = call(ptr(fn_half), 9.5, descr=half)\ni5 = float_to_int(f4)\ni6 = int_add(i5, i3)\n"
                       "setfield(p0, i6, descr=Node.value)\ni7 = float_lt(f4, 9.5)\nguard_true(i7) [p0, p1, p2, i5]\n"
                       "jump(p0, p1, descr=loop)\n";

} // namespace

TEST_CASE("a bridge goes into the body when it knows enough", "[peeling]") {
    // The guard's fail arguments are p0, p1, p2, i5, i6 and their classes; that p1's next is p2 is a fact of its resume
    // data; p2's tag is loaded.
    std::string known = optimised_bridge(counting, 3,
                                         "[p0, p1, p2, i3, i4]\nsetfield(p0, i4, descr=Node.value)\n"
                                         "jump(p0, p1, descr=loop)\n");
    INFO(known);
    CHECK(known.find("descr=loop.body") != std::string::npos);
    CHECK(known.find("setfield") == std::string::npos);
    CHECK(known.find("guard") == std::string::npos);
}

TEST_CASE("a bridge that does not know enough goes to the entry", "[peeling]") {
    // The first guard fails: p0 is not a Node.
    CHECK(optimised_bridge(counting, 0, "[p0, p1]\njump(p0, p1, descr=loop)\n") ==
          canonical("[p0, p1]\njump(p0, p1, descr=loop)\n"));
    // Another p1: nothing is known of it.
    CHECK(optimised_bridge(counting, 3,
                           "[p0, p1, p2, i3, i4]\np5 = getfield(p2, descr=Node.other)\nsetfield(p0, i4, "
                           "descr=Node.value)\njump(p0, p5, descr=loop)\n") ==
          canonical("[p0, p1, p2, i3, i4]\np5 = getfield(p2, descr=Node.other)\nsetfield(p0, i4, descr=Node.value)\n"
                    "jump(p0, p5, descr=loop)\n"));
}

TEST_CASE("a bridge loads what the body takes for granted", "[peeling]") {
    // p1's next may have been changed by the call, and is loaded anew; but that it is a Leaf isn't known.
    const char* weights = "[p0, f1]\nlabel(p0, f1, descr=loop)\nguard_nonnull_class(p0, class(Node)) [p0, f1]\n"
                          "f2 = getfield(p0, descr=Node.weight)\nf3 = float_add(f1, f2)\ni4 = float_lt(f3, 9.5)\n"
                          "guard_true(i4) [p0, f3]\njump(p0, f3, descr=loop)\n";
    CHECK(optimised_bridge(weights, 1,
                           "[p0, f1]\ni2 = call(ptr(fn_scramble), p0, 4, descr=scramble)\n"
                           "jump(p0, 1.5, descr=loop)\n") ==
          canonical("[p0, f1]\ni2 = call(ptr(fn_scramble), p0, 4, descr=scramble)\n"
                    "f3 = getfield(p0, descr=Node.weight)\njump(p0, 1.5, f3, descr=loop.body)\n"));
}

TEST_CASE("a loop that can't be gone round twice stays as it is, or is refused", "[peeling]") {
    // The iteration recorded leaves with 0 in the field, and goes on only when it is not 0.
    const char* leaving = "[p0]\nlabel(p0, descr=loop)\ni1 = getfield(p0, descr=Node.value)\nguard_true(i1) [p0]\n"
                          "setfield(p0, 0, descr=Node.value)\njump(p0, descr=loop)\n";
    CHECK(optimised(leaving, {}) == canonical(leaving));
    jit::trace recorded, result;
    jit::loop_token token;
    std::string problem;
    REQUIRE(jit::parse(leaving, world().tables, recorded, problem));
    jit::optimizer_input input;
    input.recorded = &recorded;
    input.token = &token;
    input.refuse_contradiction = true;
    CHECK_FALSE(jit::optimise(input, result, problem));
    CHECK(problem == "a guard_true or guard_false on the other constant");
}

TEST_CASE("a bridge guards what the body takes for granted, if it is so now", "[peeling]") {
    const char* loop = "[p0, i1]\nlabel(p0, i1, descr=loop)\nguard_nonnull_class(p0, class(Node)) [p0, i1]\n"
                       "i2 = getfield(p0, descr=Node.tag)\ni3 = int_add(i1, i2)\ni4 = int_lt(i3, 100)\n"
                       "guard_true(i4) [p0, i3]\njump(p0, i3, descr=loop)\n";
    const char* bridge = "[p0, i1]\np2 = getfield(p0, descr=Node.next)\ni3 = int_gt(i1, 5)\nguard_true(i3) [p0]\n"
                         "jump(p2, i1, descr=loop)\n";
    auto arriving_with = [&](void* object) {
        return optimised_bridge(loop, 1, bridge, {reinterpret_cast<jit::word>(object), 7});
    };
    CHECK(arriving_with(world().constants[0]) ==
          canonical("[p0, i1]\np2 = getfield(p0, descr=Node.next)\ni3 = int_gt(i1, 5)\nguard_true(i3) [p0]\n"
                    "guard_nonnull_class(p2, class(Node)) [p0]\ni6 = int_le(i1, 99)\nguard_true(i6) [p0]\n"
                    "i5 = getfield(p2, descr=Node.tag)\njump(p2, i1, i5, descr=loop.body)\n"));
    // A Leaf, or null: the guard would fail.
    const std::string to_entry = canonical("[p0, i1]\np2 = getfield(p0, descr=Node.next)\ni3 = int_gt(i1, 5)\n"
                                           "guard_true(i3) [p0]\njump(p2, i1, descr=loop)\n");
    CHECK(arriving_with(world().constants[1]) == to_entry);
    CHECK(arriving_with(nullptr) == to_entry);
}

TEST_CASE("a bridge that goes round once more becomes another body", "[peeling]") {
    auto loop_of = [](const std::string& name) {
        return "[p0, i1]\nlabel(p0, i1, descr=loop)\nguard_nonnull_class(p0, class(" + name +
               ")) [p0, i1]\ni2 = getfield(p0, descr=Node.tag)\ni3 = int_add(i1, i2)\ni4 = int_lt(i3, 100)\n"
               "guard_true(i4) [p0, i3]\njump(p0, i3, descr=loop)\n";
    };
    // The loop is for Leafs; the bridge from its first guard stays in the loop with Nodes.
    std::string text = optimised_bridge(loop_of("Leaf"), 0, loop_of("Node"));
    INFO(text);
    size_t label = text.find("label(");
    REQUIRE(label != std::string::npos);
    CHECK(text.find("guard_nonnull_class(p0, class(Node))") < label);
    CHECK(text.find("label(", label + 1) == std::string::npos); // the recorded one is no label of the bridge
    CHECK(text.find("guard_nonnull_class", label) == std::string::npos);
    CHECK(text.find("getfield", label) == std::string::npos);
    CHECK(text.find("jump(", label) != std::string::npos);
    CHECK(text.find("descr=loop.body", text.find("jump(")) != std::string::npos);
}
