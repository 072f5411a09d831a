// Objects and short arrays that never escape are never made; guards describe them; escapes make them, with their
// contents.
#include "check.h"
#include <catch2/catch.hpp>
#include <cstddef>

using namespace heddle;
using namespace heddle::test;

TEST_CASE("an object that does not escape is not made", "[virtuals]") {
    CHECK_OPTIMISED("[i0]\np1 = new_object(descr=Leaf)\nsetfield(p1, i0, descr=Node.value)\nguard_class(p1, "
                    "class(Leaf)) []\nguard_nonnull(p1) []\ni2 = getfield(p1, descr=Node.value)\n"
                    "i3 = ptr_is_null(p1)\ni4 = int_add(i2, i3)\nfinish(i4)\n",
                    "[i0]\nfinish(i0)\n");
    CHECK_OPTIMISED("[i0]\np1 = new_array(3, descr=array<int>)\nsetarrayitem(p1, 1, i0, descr=array<int>)\ni2 = "
                    "getarrayitem(p1, 1, descr=array<int>)\ni3 = arraylen(p1, descr=array<int>)\n"
                    "i4 = int_add(i2, i3)\nfinish(i4)\n",
                    "[i0]\ni4 = int_add(i0, 3)\nfinish(i4)\n");
    CHECK_OPTIMISED("[p0]\np1 = new_object(descr=Leaf)\np2 = load_class(p1)\ni3 = ptr_eq(p0, p1)\ni4 = ptr_eq(p1, "
                    "p1)\nguard_value(p2, ptr(Leaf)) []\ni5 = int_add(i3, i4)\nfinish(i5)\n",
                    "[p0]\nfinish(1)\n");
}

TEST_CASE("a narrow field of a virtual gives back what memory would", "[virtuals]") {
    CHECK_OPTIMISED("[i0]\np1 = new_object(descr=Leaf)\nsetfield(p1, i0, descr=Node.byte)\ni2 = getfield(p1, "
                    "descr=Node.byte)\nfinish(i2)\n",
                    "[i0]\ni2 = int_zero_extend(i0, 8)\nfinish(i2)\n");
}

TEST_CASE("guards describe virtuals", "[virtuals]") {
    const char* text = "[i0]\np1 = new_object(descr=Leaf)\np2 = new_object(descr=Node)\nsetfield(p1, p2, "
                       "descr=Node.next)\nsetfield(p2, p1, descr=Node.next)\nsetfield(p2, i0, descr=Node.value)\n"
                       "p3 = new_array(2, descr=array<Node>)\nsetarrayitem(p3, 1, p2, "
                       "descr=array<Node>)\nguard_true(i0) [p1, p3]\nfinish()\n";
    CHECK_OPTIMISED(text, "[i0]\nguard_true(i0) [i0]\nfinish()\n");
    CHECK(last_resume(text) ==
          "0@0: v0 v1; v0 = Leaf{Node.next: v2}; v1 = array<Node>{0, v2}; v2 = Node{Node.next: v0, Node.value: #0}");
}

TEST_CASE("a delayed store keeps its value virtual", "[virtuals]") {
    const char* text = "[p0, i1]\np2 = new_object(descr=Leaf)\nsetfield(p2, i1, descr=Node.value)\nsetfield(p0, p2, "
                       "descr=Node.next)\nguard_true(i1) [p0]\nsetfield(p0, null, descr=Node.next)\nfinish()\n";
    CHECK_OPTIMISED(text,
                    "[p0, i1]\nguard_true(i1) [p0, i1]\nsetfield/no_barrier(p0, null, descr=Node.next)\nfinish()\n");
    CHECK(last_resume(text) == "0@0: #0; v0 = Leaf{Node.value: #1}; store Node.next(#0, v0)");
}

TEST_CASE("an escaping object is made with its contents, and null where nothing was stored", "[virtuals]") {
    std::string text = optimised("[p0, i1]\np2 = new_object(descr=Leaf)\nsetfield(p2, i1, "
                                 "descr=Node.value)\nsetfield(p2, p0, descr=Node.next)\nfinish(p2)\n");
    std::string nulls;
    for (size_t offset : {offsetof(node, other), offsetof(node, ints), offsetof(node, refs)})
        nulls += "setfield/no_barrier(p2, null, descr=reference at " + std::to_string(offset) + ")\n";
    CHECK(text == "[p0, i1]\np2 = new_object(descr=Leaf)\n" + nulls +
                      "setfield(p2, i1, descr=Node.value)\nsetfield/no_barrier(p2, p0, descr=Node.next)\nfinish(p2)\n");
    // Each is as wide as a pointer: the object after this one is not touched.
    jit::trace made;
    jit::loop_token token;
    std::string problem;
    jit::trace recorded;
    REQUIRE(jit::parse("[p0]\np1 = new_object(descr=Leaf)\nfinish(p1)\n", world().tables, recorded, problem));
    jit::optimizer_input input;
    input.recorded = &recorded;
    input.token = &token;
    REQUIRE(jit::optimise(input, made, problem));
    size_t stores = 0;
    for (const jit::operation& o : made.operations)
        if (o.op == jit::opcode::setfield) {
            ++stores;
            CHECK(static_cast<const jit::field_descr*>(o.description)->shape.size == sizeof(void*));
        }
    CHECK(stores == world().leaf_type.reference_count);
}

TEST_CASE("contents are made before what holds them", "[virtuals]") {
    CHECK_OPTIMISED("[i0]\np1 = new_array(1, descr=array<Node>)\np2 = new_array(1, "
                    "descr=array<Node>)\nsetarrayitem(p1, 0, p2, descr=array<Node>)\nfinish(p1)\n",
                    "[i0]\np2 = new_array(1, descr=array<Node>)\np1 = new_array(1, "
                    "descr=array<Node>)\nsetarrayitem/no_barrier(p1, 0, p2, descr=array<Node>)\nfinish(p1)\n");
    // A cycle of arrays: one is made first and gets its item when the other is there.
    CHECK_OPTIMISED(
        "[i0]\np1 = new_array(1, descr=array<Node>)\np2 = new_array(1, descr=array<Node>)\nsetarrayitem(p1, 0, p2, "
        "descr=array<Node>)\nsetarrayitem(p2, 0, p1, descr=array<Node>)\nfinish(p1)\n",
        "[i0]\np1 = new_array(1, descr=array<Node>)\np2 = new_array(1, descr=array<Node>)\nsetarrayitem/no_barrier(p2, "
        "0, p1, descr=array<Node>)\nsetarrayitem(p1, 0, p2, descr=array<Node>)\nfinish(p1)\n");
}

TEST_CASE("short copies between arrays", "[virtuals]") {
    CHECK_OPTIMISED("[p0, i1]\np2 = new_array(2, descr=array<int>)\ncopy_array(p0, 3, p2, 0, 2, descr=array<int>)\ni3 "
                    "= getarrayitem(p2, 1, descr=array<int>)\nfinish(i3)\n",
                    "[p0, i1]\ni3 = getarrayitem(p0, 4, descr=array<int>)\nfinish(i3)\n");
}

TEST_CASE("objects are made at a jump", "[virtuals]") {
    CHECK_OPTIMISED("[p0]\nlabel(p0, descr=loop)\np1 = new_array(1, descr=array<Node>)\nsetarrayitem(p1, 0, p0, "
                    "descr=array<Node>)\njump(p1, descr=loop)\n",
                    "[p0]\nlabel(p0, descr=loop)\np1 = new_array(1, descr=array<Node>)\nsetarrayitem/no_barrier(p1, 0, "
                    "p0, descr=array<Node>)\njump(p1, descr=loop)\n");
}

TEST_CASE("the length of a new array is known", "[virtuals]") {
    CHECK_OPTIMISED(
        "[i0]\np1 = new_array(i0, descr=array<Node>)\ni2 = arraylen(p1, descr=array<Node>)\nsetarrayitem(p1, 0, p1, "
        "descr=array<Node>)\nfinish(i2)\n",
        "[i0]\np1 = new_array(i0, descr=array<Node>)\nsetarrayitem(p1, 0, p1, descr=array<Node>)\nfinish(i0)\n");
}
