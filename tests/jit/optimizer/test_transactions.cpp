// Markers and barriers of builds with transactions: where one stands, another isn't needed, until the transaction may
// have ended (markers) or the collector may have run (barriers).
#include "check.h"
#include <catch2/catch.hpp>

using namespace heddle;
using namespace heddle::test;

namespace {

std::string with_transactions(const std::string& text) {
    jit::optimizer_options options = only(&jit::optimizer_options::barriers);
    options.transactions = true;
    return optimised(text, options);
}

} // namespace

#define CHECK_MARKED(before, after) CHECK(with_transactions(before) == canonical(after))

TEST_CASE("one marker does for all of an object", "[transactions]") {
    CHECK_MARKED("[p0, p1]\ni2 = getfield(p0, descr=Node.value)\ni3 = getfield(p0, descr=Node.small)\n"
                 "i4 = getfield(p1, descr=Node.value)\ni5 = getfield(p0, descr=Node.tag)\ni6 = int_add(i2, i3)\n"
                 "i7 = int_add(i4, i5)\ni8 = int_add(i6, i7)\nfinish(i8)\n",
                 "[p0, p1]\ni2 = getfield/marks_object(p0, descr=Node.value)\ni3 = getfield/no_marker(p0, "
                 "descr=Node.small)\ni4 = getfield/marks_object(p1, descr=Node.value)\ni5 = getfield(p0, "
                 "descr=Node.tag)\ni6 = int_add(i2, i3)\ni7 = int_add(i4, i5)\ni8 = int_add(i6, i7)\nfinish(i8)\n");
}

TEST_CASE("items at unknown indices have a marker each, others mark the array", "[transactions]") {
    CHECK_MARKED("[p0, i1, i2]\ni3 = getarrayitem(p0, i1, descr=array<int>)\ni4 = getarrayitem(p0, i2, "
                 "descr=array<int>)\ni5 = getarrayitem(p0, i1, descr=array<int>)\ni6 = getarrayitem(p0, 3, "
                 "descr=array<int>)\ni7 = getarrayitem(p0, i4, descr=array<int>)\ni8 = int_add(i3, i5)\n"
                 "i9 = int_add(i6, i7)\ni10 = int_add(i8, i9)\nfinish(i10)\n",
                 "[p0, i1, i2]\ni3 = getarrayitem(p0, i1, descr=array<int>)\ni4 = getarrayitem(p0, i2, "
                 "descr=array<int>)\ni5 = getarrayitem/no_marker(p0, i1, descr=array<int>)\ni6 = "
                 "getarrayitem/marks_object(p0, 3, descr=array<int>)\ni7 = getarrayitem/no_marker(p0, i4, "
                 "descr=array<int>)\ni8 = int_add(i3, i5)\ni9 = int_add(i6, i7)\ni10 = int_add(i8, i9)\n"
                 "finish(i10)\n");
}

TEST_CASE("a marker lasts until a call that may run the interpreter", "[transactions]") {
    CHECK_MARKED("[p0]\ni1 = getfield(p0, descr=Node.value)\np2 = call(ptr(fn_make_node), 1, descr=make_node)\n"
                 "i3 = getfield(p0, descr=Node.value)\ni4 = call(ptr(fn_scramble), p0, 1, descr=scramble)\n"
                 "i5 = getfield(p0, descr=Node.value)\ni6 = int_add(i1, i3)\ni7 = int_add(i5, i6)\nfinish(i7)\n",
                 "[p0]\ni1 = getfield/marks_object(p0, descr=Node.value)\np2 = call(ptr(fn_make_node), 1, "
                 "descr=make_node)\ni3 = getfield/no_marker(p0, descr=Node.value)\ni4 = call(ptr(fn_scramble), p0, 1, "
                 "descr=scramble)\ni5 = getfield/marks_object(p0, descr=Node.value)\ni6 = int_add(i1, i3)\n"
                 "i7 = int_add(i5, i6)\nfinish(i7)\n");
}

TEST_CASE("a write's barrier does for the object until the collector may run", "[transactions]") {
    CHECK_MARKED("[p0, i1]\nsetfield(p0, i1, descr=Node.value)\nsetfield(p0, i1, descr=Node.small)\n"
                 "p2 = call(ptr(fn_make_node), 1, descr=make_node)\nsetfield(p0, i1, descr=Node.small)\nfinish(p2)\n",
                 "[p0, i1]\nsetfield(p0, i1, descr=Node.value)\nsetfield/no_barrier(p0, i1, descr=Node.small)\n"
                 "p2 = call(ptr(fn_make_node), 1, descr=make_node)\nsetfield(p0, i1, descr=Node.small)\nfinish(p2)\n");
}

TEST_CASE("what the trace makes needs neither", "[transactions]") {
    CHECK_MARKED("[i0]\np1 = new_object(descr=Leaf)\nsetfield(p1, i0, descr=Node.value)\ni2 = getfield(p1, "
                 "descr=Node.small)\np3 = new_array(4, descr=array<Node>)\nsetarrayitem(p3, i2, p1, "
                 "descr=array<Node>)\nsetfield(p1, i2, descr=Node.value)\nfinish(p3)\n",
                 "[i0]\np1 = new_object(descr=Leaf)\nsetfield/no_barrier(p1, i0, descr=Node.value)\ni2 = "
                 "getfield/no_marker(p1, descr=Node.small)\np3 = new_array(4, descr=array<Node>)\n"
                 "setarrayitem/no_barrier(p3, i2, p1, descr=array<Node>)\nsetfield(p1, i2, "
                 "descr=Node.value)\nfinish(p3)\n");
}

TEST_CASE("a const field is initialised in view 0 alone while nothing can have committed the object",
          "[transactions]") {
    CHECK_MARKED("[i0]\np1 = new_object(descr=Node)\nsetfield(p1, i0, descr=Node.tag)\np2 = new_object(descr=Node)\n"
                 "setfield(p1, i0, descr=Node.value)\nsetfield(p1, 7, descr=Node.tag)\nsetfield(p2, 7, "
                 "descr=Node.tag)\nfinish(p1)\n",
                 "[i0]\np1 = new_object(descr=Node)\nsetfield/no_barrier/is_fresh(p1, i0, descr=Node.tag)\np2 = "
                 "new_object(descr=Node)\nsetfield(p1, i0, descr=Node.value)\nsetfield/no_barrier(p1, 7, "
                 "descr=Node.tag)\nsetfield/no_barrier/is_fresh(p2, 7, descr=Node.tag)\nfinish(p1)\n");
}
