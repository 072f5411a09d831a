// Guards: redundant ones go, stronger ones take an earlier one's place, and what they tell is used.
#include "check.h"
#include <catch2/catch.hpp>

using namespace heddle;
using namespace heddle::test;

TEST_CASE("a guard that is known to hold goes", "[guards]") {
    CHECK_OPTIMISED("[p0]\nguard_class(p0, class(Node)) [p0]\nguard_class(p0, class(Node)) [p0]\nguard_nonnull(p0) "
                    "[p0]\nfinish()\n",
                    "[p0]\nguard_class(p0, class(Node)) [p0]\nfinish()\n");
    CHECK_OPTIMISED("[i0]\nguard_value(i0, 5) [i0]\ni1 = int_add(i0, 1)\nguard_value(i1, 6) [i1]\nfinish(i1)\n",
                    "[i0]\nguard_value(i0, 5) [i0]\nfinish(6)\n");
    CHECK_OPTIMISED(
        "[i0, i1]\ni2 = int_lt(i0, i1)\nguard_true(i2) [i0]\ni3 = int_ge(i0, i1)\nguard_false(i3) [i0]\nfinish(i2)\n",
        "[i0, i1]\ni2 = int_lt(i0, i1)\nguard_true(i2) [i0]\nfinish(1)\n");
    CHECK_OPTIMISED("[p0]\nguard_is_null(p0) [p0]\ni1 = ptr_is_null(p0)\nguard_true(i1) [i1]\nfinish(p0)\n",
                    "[p0]\nguard_is_null(p0) [p0]\nfinish(null)\n");
}

TEST_CASE("stronger guards replace earlier ones", "[guards]") {
    CHECK_OPTIMISED("[p0, i1]\nguard_nonnull(p0) [i1]\nguard_class(p0, class(Node)) [p0]\nfinish()\n",
                    "[p0, i1]\nguard_nonnull_class(p0, class(Node)) [i1]\nfinish()\n");
    CHECK_OPTIMISED("[p0, i1]\nguard_class(p0, class(Node)) [i1]\nguard_value(p0, ptr(node0)) [p0]\nfinish(p0)\n",
                    "[p0, i1]\nguard_value(p0, ptr(node0)) [i1]\nfinish(ptr(node0))\n");
    CHECK_OPTIMISED("[p0]\np1 = load_class(p0)\nguard_value(p1, ptr(Node)) [p0]\nfinish(p1)\n",
                    "[p0]\nguard_class(p0, class(Node)) [p0]\nfinish(ptr(Node))\n");
    CHECK(optimised("[p0, i1]\nguard_class(p0, class(Leaf)) [i1]\nguard_value(p0, ptr(node0)) [p0]\nfinish(p0)\n") ==
          "impossible: a guard_value of another class");
}

TEST_CASE("guards on tests become guards on values", "[guards]") {
    CHECK_OPTIMISED("[p0]\ni1 = ptr_is_nonnull(p0)\nguard_true(i1) [p0]\nfinish(i1)\n",
                    "[p0]\nguard_nonnull(p0) [p0]\nfinish(1)\n");
    CHECK_OPTIMISED("[p0]\ni1 = ptr_is_null(p0)\nguard_true(i1) [p0]\nfinish(p0)\n",
                    "[p0]\nguard_is_null(p0) [p0]\nfinish(null)\n");
    CHECK_OPTIMISED("[i0]\ni1 = int_is_zero(i0)\nguard_false(i1) [i0]\nguard_true(i0) [i1]\nfinish(i1)\n",
                    "[i0]\nguard_true(i0) [i0]\nfinish(0)\n");
}

TEST_CASE("a trace that contradicts itself is refused", "[guards]") {
    CHECK(optimised("[p0]\nguard_class(p0, class(Node)) [p0]\nguard_class(p0, class(Leaf)) [p0]\nfinish()\n") ==
          "impossible: a guard_class on an object known to be of another class");
    CHECK(optimised("[i0]\nguard_true(0) [i0]\nfinish()\n").starts_with("impossible"));
    CHECK(optimised("[i0]\ni1 = int_and(i0, 7)\nguard_value(i1, 8) [i0]\nfinish()\n").starts_with("impossible"));
}

TEST_CASE("record_exact_class tells the class and vanishes", "[guards]") {
    CHECK_OPTIMISED("[p0]\nrecord_exact_class(p0, class(Leaf))\nguard_class(p0, class(Leaf)) [p0]\nfinish()\n",
                    "[p0]\nfinish()\n");
    CHECK(optimised("[p0]\nrecord_exact_class(p0, class(Leaf))\nfinish()\n", nothing()) ==
          canonical("[p0]\nfinish()\n"));
}

TEST_CASE("quasi-immutable fields are constants under one guard between calls that may write them", "[guards]") {
    world().reset_constants();
    CHECK_OPTIMISED("[p0]\nquasi_immutable_field(ptr(node0), 0, descr=Node.version)\nguard_not_invalidated() [p0]\n"
                    "i1 = call(ptr(fn_set_value), p0, 1, descr=set_value)\n"
                    "quasi_immutable_field(ptr(node1), 0, descr=Node.version)\nguard_not_invalidated() [p0]\n"
                    "finish(p0)\n",
                    "[p0]\nguard_not_invalidated() [p0]\n"
                    "i1 = call(ptr(fn_set_value), p0, 1, descr=set_value)\nfinish(p0)\n");
    // scramble may do anything.
    CHECK_OPTIMISED("[p0]\nquasi_immutable_field(ptr(node0), 0, descr=Node.version)\nguard_not_invalidated() [p0]\n"
                    "i1 = call(ptr(fn_scramble), p0, 1, descr=scramble)\n"
                    "quasi_immutable_field(ptr(node0), 0, descr=Node.version)\nguard_not_invalidated() [p0]\n"
                    "finish(p0)\n",
                    "[p0]\nguard_not_invalidated() [p0]\ni1 = call(ptr(fn_scramble), p0, 1, descr=scramble)\n"
                    "guard_not_invalidated() [p0]\nfinish(p0)\n");
    // Each round of a loop has its own.
    CHECK_OPTIMISED("[i0]\nguard_not_invalidated() [i0]\nlabel(i0, descr=loop)\nguard_not_invalidated() [i0]\n"
                    "jump(i0, descr=loop)\n",
                    "[i0]\nguard_not_invalidated() [i0]\nlabel(i0, descr=loop)\nguard_not_invalidated() [i0]\n"
                    "jump(i0, descr=loop)\n");
    world().constants[0]->version = 7;
    CHECK(optimised("[i0]\nquasi_immutable_field(ptr(node0), 6, descr=Node.version)\nfinish(i0)\n") ==
          "impossible: a quasi-immutable field that was written while it was traced");
    world().reset_constants();
}

TEST_CASE("consecutive guards share the earlier one's state", "[guards]") {
    CHECK_OPTIMISED("[p0, i1]\nguard_true(i1) [i1, p0]\ni2 = int_add(i1, 1)\nguard_value(i2, 7) [i2]\nfinish()\n",
                    "[p0, i1]\nguard_true(i1) [i1, p0]\ni2 = int_add(i1, 1)\nguard_value(i2, 7) [i1, p0]\nfinish()\n");
    // Not over an effect.
    CHECK_OPTIMISED("[p0, i1]\nguard_true(i1) [i1, p0]\ni2 = call(ptr(fn_scramble), p0, 1, "
                    "descr=scramble)\nguard_value(i2, 7) [i2]\nfinish()\n",
                    "[p0, i1]\nguard_true(i1) [i1, p0]\ni2 = call(ptr(fn_scramble), p0, 1, "
                    "descr=scramble)\nguard_value(i2, 7) [i2]\nfinish()\n");
}

TEST_CASE("overflow checks that bounds or an earlier one spare", "[bounds]") {
    CHECK_OPTIMISED("[i0]\ni1 = int_and(i0, 255)\ni2 = int_add_ovf(i1, 1)\nguard_no_overflow() [i0]\nfinish(i2)\n",
                    "[i0]\ni1 = int_and(i0, 255)\ni2 = int_add(i1, 1)\nfinish(i2)\n");
    CHECK_OPTIMISED("[i0, i1]\ni2 = int_add_ovf(i0, i1)\nguard_no_overflow() [i0]\ni3 = int_add_ovf(i1, "
                    "i0)\nguard_no_overflow() [i0]\ni4 = int_sub(i3, i2)\nfinish(i4)\n",
                    "[i0, i1]\ni2 = int_add_ovf(i0, i1)\nguard_no_overflow() [i0]\nfinish(0)\n");
    // The loop index: i < n, so i + 1 can't overflow.
    CHECK_OPTIMISED("[i0, i1]\ni2 = int_lt(i0, i1)\nguard_true(i2) [i0]\ni3 = int_add_ovf(i0, 1)\nguard_no_overflow() "
                    "[i0]\nfinish(i3)\n",
                    "[i0, i1]\ni2 = int_lt(i0, i1)\nguard_true(i2) [i0]\ni3 = int_add(i0, 1)\nfinish(i3)\n");
    CHECK_OPTIMISED("[i0]\ni1 = int_add_ovf(i0, 1)\nguard_no_overflow() [i0]\ni2 = int_gt(i1, i0)\nfinish(i1)\n",
                    "[i0]\ni1 = int_add_ovf(i0, 1)\nguard_no_overflow() [i0]\nfinish(i1)\n");
    CHECK_OPTIMISED("[i0]\ni1 = int_add_ovf(" + std::to_string(jit::trace_int_max) +
                        ", 1)\nguard_overflow() [i0]\nfinish(i0)\n",
                    "[i0]\nfinish(i0)\n");
}

TEST_CASE("comparisons decided by bounds", "[bounds]") {
    CHECK_OPTIMISED(
        "[i0]\ni1 = int_and(i0, 15)\ni2 = int_lt(i1, 16)\nguard_true(i2) [i0]\ni3 = uint_lt(i1, 100)\nfinish(i3)\n",
        "[i0]\nfinish(1)\n");
    CHECK_OPTIMISED("[i0]\ni1 = int_gt(i0, 10)\nguard_true(i1) [i0]\ni2 = int_add(i0, 5)\ni3 = int_gt(i0, "
                    "5)\nguard_true(i3) [i0]\nfinish(i2)\n",
                    "[i0]\ni1 = int_gt(i0, 10)\nguard_true(i1) [i0]\ni2 = int_add(i0, 5)\nfinish(i2)\n");
    CHECK_OPTIMISED("[i0]\ni1 = uint_lt(i0, 10)\nguard_true(i1) [i0]\ni2 = int_ge(i0, 0)\nguard_true(i2) [i0]\ni3 = "
                    "int_mod(i0, 4)\nfinish(i3)\n",
                    "[i0]\ni1 = uint_lt(i0, 10)\nguard_true(i1) [i0]\ni3 = int_and(i0, 3)\nfinish(i3)\n");
    CHECK_OPTIMISED("[p0]\ni1 = getfield(p0, descr=Node.byte)\ni2 = int_zero_extend(i1, 8)\ni3 = int_and(i2, 255)\ni4 "
                    "= int_sign_extend(i3, 32)\nfinish(i4)\n",
                    "[p0]\ni1 = getfield(p0, descr=Node.byte)\nfinish(i1)\n");
    CHECK_OPTIMISED("[i0]\ni1 = int_sign_extend(i0, 32)\ni2 = int_zero_extend(i1, 8)\nfinish(i2)\n",
                    "[i0]\ni2 = int_zero_extend(i0, 8)\nfinish(i2)\n");
}

TEST_CASE("a bridge knows why it exists", "[guards]") {
    using namespace jit;
    guard_data guard;
    guard.op = opcode::guard_nonnull;
    guard.tested_argument = 0;
    guard.fail_classes = {nullptr, &world().leaf_type};
    trace recorded, result;
    std::string problem;
    REQUIRE(
        parse("[p0, p1]\ni2 = ptr_is_null(p0)\nguard_true(i2) [p0]\nguard_class(p1, class(Leaf)) [p1]\nfinish(p0)\n",
              world().tables, recorded, problem));
    loop_token token;
    optimizer_input input;
    input.recorded = &recorded;
    input.token = &token;
    input.from_guard = &guard;
    REQUIRE(optimise(input, result, problem));
    CHECK(print(result) == canonical("[p0, p1]\nfinish(null)\n"));
}

TEST_CASE("a guard that resumes elsewhere lends nobody its state and is not strengthened", "[guards]") {
    CHECK_OPTIMISED("[p0, i1]\nguard_true/elsewhere(i1) [p0]\nguard_nonnull(p0) [i1]\nfinish()\n",
                    "[p0, i1]\nguard_true/elsewhere(i1) [p0]\nguard_nonnull(p0) [i1]\nfinish()\n");
    CHECK_OPTIMISED("[p0, i1]\nguard_nonnull/elsewhere(p0) [i1]\nguard_class(p0, class(Leaf)) [p0]\nfinish()\n",
                    "[p0, i1]\nguard_nonnull/elsewhere(p0) [i1]\nguard_class(p0, class(Leaf)) [p0]\nfinish()\n");
}
