// Fields and items are read once, stores are delayed and listed at guards, effects invalidate what they may.
#include "check.h"
#include <catch2/catch.hpp>

using namespace heddle;
using namespace heddle::test;

TEST_CASE("a field is read once", "[heap]") {
    CHECK_OPTIMISED("[p0]\ni1 = getfield(p0, descr=Node.value)\ni2 = getfield(p0, descr=Node.value)\ni3 = int_sub(i1, "
                    "i2)\nfinish(i3)\n",
                    "[p0]\nfinish(0)\n");
    CHECK_OPTIMISED("[p0]\ni1 = getarrayitem(p0, 3, descr=array<int>)\ni2 = getarrayitem(p0, 3, descr=array<int>)\ni3 "
                    "= getarrayitem(p0, 2, descr=array<int>)\ni4 = int_sub(i1, i2)\nfinish(i4)\n",
                    "[p0]\nfinish(0)\n");
}

TEST_CASE("stores are delayed to the end and done once", "[heap]") {
    CHECK_OPTIMISED("[p0, i1]\nsetfield(p0, 1, descr=Node.value)\nsetfield(p0, i1, descr=Node.value)\ni2 = "
                    "getfield(p0, descr=Node.value)\nfinish(i2)\n",
                    "[p0, i1]\nsetfield(p0, i1, descr=Node.value)\nfinish(i1)\n");
    CHECK_OPTIMISED(
        "[p0, i1]\nsetarrayitem(p0, 0, 1, descr=array<int>)\nsetarrayitem(p0, 0, i1, descr=array<int>)\nfinish()\n",
        "[p0, i1]\nsetarrayitem(p0, 0, i1, descr=array<int>)\nfinish()\n");
    // Stored back unchanged.
    CHECK_OPTIMISED("[p0]\ni1 = getfield(p0, descr=Node.value)\nsetfield(p0, i1, descr=Node.value)\nfinish()\n",
                    "[p0]\nfinish()\n");
}

TEST_CASE("a read through another object that may be the same does the store first", "[heap]") {
    CHECK_OPTIMISED("[p0, p1]\nsetfield(p0, 1, descr=Node.value)\ni2 = getfield(p1, descr=Node.value)\nfinish(i2)\n",
                    "[p0, p1]\nsetfield(p0, 1, descr=Node.value)\ni2 = getfield(p1, descr=Node.value)\nfinish(i2)\n");
    CHECK_OPTIMISED("[p0, p1]\ni2 = getfield(p0, descr=Node.value)\nsetfield(p1, 7, descr=Node.value)\ni3 = "
                    "getfield(p0, descr=Node.value)\ni4 = int_add(i2, i3)\nfinish(i4)\n",
                    "[p0, p1]\ni2 = getfield(p0, descr=Node.value)\nsetfield(p1, 7, descr=Node.value)\ni3 = "
                    "getfield(p0, descr=Node.value)\ni4 = int_add(i2, i3)\nfinish(i4)\n");
    // Of another class: can't be the same.
    CHECK_OPTIMISED("[p0, p1]\nguard_class(p0, class(Node)) []\nguard_class(p1, class(Leaf)) []\ni2 = getfield(p0, "
                    "descr=Node.value)\nsetfield(p1, 7, descr=Node.value)\ni3 = getfield(p0, descr=Node.value)\ni4 = "
                    "int_sub(i2, i3)\nfinish(i4)\n",
                    "[p0, p1]\nguard_class(p0, class(Node)) []\nguard_class(p1, class(Leaf)) []\nsetfield(p1, 7, "
                    "descr=Node.value)\nfinish(0)\n");
}

TEST_CASE("an index that is not known may be any", "[heap]") {
    CHECK_OPTIMISED(
        "[p0, i1]\nsetarrayitem(p0, 0, 5, descr=array<int>)\ni2 = getarrayitem(p0, i1, descr=array<int>)\nfinish(i2)\n",
        "[p0, i1]\nsetarrayitem(p0, 0, 5, descr=array<int>)\ni2 = getarrayitem(p0, i1, "
        "descr=array<int>)\nfinish(i2)\n");
    CHECK_OPTIMISED(
        "[p0, i1]\ni2 = getarrayitem(p0, 0, descr=array<int>)\nsetarrayitem(p0, i1, 5, descr=array<int>)\ni3 = "
        "getarrayitem(p0, 0, descr=array<int>)\ni4 = int_sub(i2, i3)\nfinish(i4)\n",
        "[p0, i1]\ni2 = getarrayitem(p0, 0, descr=array<int>)\nsetarrayitem(p0, i1, 5, descr=array<int>)\ni3 = "
        "getarrayitem(p0, 0, descr=array<int>)\ni4 = int_sub(i2, i3)\nfinish(i4)\n");
}

TEST_CASE("guards list the stores that are still to be done", "[heap]") {
    const char* text = "[p0, i1]\nsetfield(p0, i1, descr=Node.value)\nsetarrayitem(p0, 2, 9, "
                       "descr=array<int>)\nguard_true(i1) [p0, i1]\nfinish()\n";
    CHECK_OPTIMISED(text, "[p0, i1]\nguard_true(i1) [p0, i1]\nsetfield(p0, i1, descr=Node.value)\nsetarrayitem(p0, 2, "
                          "9, descr=array<int>)\nfinish()\n");
    CHECK(last_resume(text) == "0@0: #0 #1; store Node.value(#0, #1); store array<int>[2](#0, 9)");
}

TEST_CASE("calls invalidate what they write and see what they read", "[heap]") {
    // set_value reads and writes Node.value only.
    CHECK_OPTIMISED("[p0, i1]\nsetfield(p0, i1, descr=Node.byte)\nsetfield(p0, 3, descr=Node.value)\nf2 = "
                    "getfield(p0, descr=Node.weight)\ni3 = call(ptr(fn_set_value), p0, 4, descr=set_value)\n"
                    "i4 = getfield(p0, descr=Node.value)\nf5 = getfield(p0, descr=Node.weight)\nf6 = float_add(f2, "
                    "f5)\nguard_true(i4) [f6]\nfinish(i4)\n",
                    "[p0, i1]\nsetfield(p0, i1, descr=Node.byte)\nf2 = getfield(p0, descr=Node.weight)\nsetfield(p0, "
                    "3, descr=Node.value)\ni3 = call(ptr(fn_set_value), p0, 4, descr=set_value)\n"
                    "i4 = getfield(p0, descr=Node.value)\nf6 = float_add(f2, f2)\nguard_true(i4) [f6]\nfinish(i4)\n");
    CHECK_OPTIMISED("[p0, p1]\np2 = getfield(p0, descr=Node.next)\nsetfield(p0, p1, descr=Node.other)\ni3 = "
                    "call(ptr(fn_scramble), p0, 4, descr=scramble)\np4 = getfield(p0, descr=Node.next)\np5 = "
                    "getfield(p0, descr=Node.other)\ni6 = ptr_eq(p2, p4)\nguard_true(i6) [p5]\nfinish(p4)\n",
                    "[p0, p1]\np2 = getfield(p0, descr=Node.next)\nsetfield(p0, p1, descr=Node.other)\ni3 = "
                    "call(ptr(fn_scramble), p0, 4, descr=scramble)\np4 = getfield(p0, descr=Node.next)\np5 = "
                    "getfield(p0, descr=Node.other)\ni6 = ptr_eq(p2, p4)\nguard_true(i6) [p5]\nfinish(p4)\n");
}

TEST_CASE("immutable fields", "[heap]") {
    CHECK_OPTIMISED("[p0]\ni1 = getfield(ptr(node1), descr=Node.tag)\nfinish(i1)\n", "[p0]\nfinish(8)\n");
    CHECK_OPTIMISED("[p0]\ni1 = getfield(p0, descr=Node.tag)\ni2 = call(ptr(fn_scramble), p0, 4, descr=scramble)\ni3 = "
                    "getfield(p0, descr=Node.tag)\ni4 = int_sub(i1, i3)\nfinish(i4)\n",
                    "[p0]\ni2 = call(ptr(fn_scramble), p0, 4, descr=scramble)\nfinish(0)\n");
}

TEST_CASE("a label forgets the heap, a jump does the stores", "[heap]") {
    CHECK_OPTIMISED(
        "[p0, i1]\nsetfield(p0, 3, descr=Node.value)\nlabel(p0, i1, descr=loop)\ni2 = getfield(p0, "
        "descr=Node.value)\ni3 = int_add(i2, i1)\nsetfield(p0, i3, descr=Node.value)\njump(p0, i3, descr=loop)\n",
        "[p0, i1]\nsetfield(p0, 3, descr=Node.value)\nlabel(p0, i1, descr=loop)\ni2 = getfield(p0, "
        "descr=Node.value)\ni3 = int_add(i2, i1)\nsetfield(p0, i3, descr=Node.value)\njump(p0, i3, descr=loop)\n");
}

TEST_CASE("barriers that are not needed are flagged away", "[barriers]") {
    CHECK_OPTIMISED(
        "[p0, p1]\nsetfield(p0, p1, descr=Node.next)\nsetfield(p0, p1, descr=Node.other)\nfinish()\n",
        "[p0, p1]\nsetfield(p0, p1, descr=Node.next)\nsetfield/no_barrier(p0, p1, descr=Node.other)\nfinish()\n");
    CHECK_OPTIMISED("[p0, p1]\nsetfield(p0, p1, descr=Node.next)\np2 = call(ptr(fn_make_node), 1, "
                    "descr=make_node)\nsetfield(p0, p1, descr=Node.other)\nfinish(p2)\n",
                    "[p0, p1]\np2 = call(ptr(fn_make_node), 1, descr=make_node)\nsetfield(p0, p1, "
                    "descr=Node.next)\nsetfield/no_barrier(p0, p1, descr=Node.other)\nfinish(p2)\n");
    CHECK_OPTIMISED("[p0]\nsetfield(p0, null, descr=Node.next)\nfinish()\n",
                    "[p0]\nsetfield/no_barrier(p0, null, descr=Node.next)\nfinish()\n");
    CHECK_OPTIMISED(
        "[p0, p1]\nsetarrayitem(p0, 0, p1, descr=array<Node>)\nsetarrayitem(p0, 1, p1, descr=array<Node>)\nfinish()\n",
        "[p0, p1]\nsetarrayitem(p0, 0, p1, descr=array<Node>)\nsetarrayitem(p0, 1, p1, descr=array<Node>)\nfinish()\n");
}

TEST_CASE("without the heap pass nothing is delayed or known", "[heap]") {
    const char* text = "[p0, i1]\nsetfield(p0, 1, descr=Node.value)\nsetfield(p0, i1, descr=Node.value)\ni2 = "
                       "getfield(p0, descr=Node.value)\nfinish(i2)\n";
    jit::optimizer_options options;
    options.heap = false;
    CHECK(optimised(text, options) == canonical(text));
}

TEST_CASE("stores into a new object are done before the collector may look at it", "[heap]") {
    jit::optimizer_options options;
    options.virtuals = false;
    CHECK(optimised("[p0, i1]\np2 = new_object(descr=Leaf)\nsetfield(p2, p0, descr=Node.next)\nsetfield(p0, i1, "
                    "descr=Node.value)\np3 = new_object(descr=Leaf)\nsetfield(p3, p2, descr=Node.next)\nfinish(p3)\n",
                    options) ==
          canonical("[p0, i1]\np2 = new_object(descr=Leaf)\nsetfield/no_barrier(p2, p0, descr=Node.next)\np3 = "
                    "new_object(descr=Leaf)\nsetfield(p0, i1, descr=Node.value)\nsetfield/no_barrier(p3, p2, "
                    "descr=Node.next)\nfinish(p3)\n"));
}

TEST_CASE("an immutable field that is stored twice holds the second value", "[heap]") {
    jit::optimizer_options options;
    options.virtuals = false;
    CHECK(optimised("[i0, i1]\np2 = new_object(descr=Leaf)\nsetfield(p2, i0, descr=Node.tag)\nsetfield(p2, i1, "
                    "descr=Node.tag)\ni3 = getfield(p2, descr=Node.tag)\nfinish(i3)\n",
                    options) == canonical("[i0, i1]\np2 = new_object(descr=Leaf)\nsetfield(p2, i0, "
                                          "descr=Node.tag)\nsetfield(p2, i1, descr=Node.tag)\nfinish(i1)\n"));
}

TEST_CASE("an elidable call sees what was stored, and may leave an error in a global", "[heap]") {
    jit::call_descr& callee = world().pure_sum;
    jit::effect_info known = callee.effects;
    callee.effects.writes_anything = true;
    CHECK_OPTIMISED(
        "[p0, i1]\np2 = getfield(ptr(global), descr=Global.error)\ni3 = getfield(p0, descr=Node.value)\nsetfield(p0, "
        "i1, descr=Node.small)\ni4 = call_pure(ptr(fn_pure_sum), i1, 1, descr=pure_sum)\n"
        "p5 = getfield(ptr(global), descr=Global.error)\ni6 = getfield(p0, descr=Node.value)\ni7 = int_sub(i6, i3)\ni8 "
        "= ptr_eq(p2, p5)\nguard_true(i8) [i7]\nfinish(i4)\n",
        "[p0, i1]\np2 = getfield(ptr(global), descr=Global.error)\nsetfield(p0, i1, descr=Node.small)\ni4 = "
        "call_pure(ptr(fn_pure_sum), i1, 1, descr=pure_sum)\n"
        "p5 = getfield(ptr(global), descr=Global.error)\ni8 = ptr_eq(p2, p5)\nguard_true(i8) []\nfinish(i4)\n");
    callee.effects = known;
}
