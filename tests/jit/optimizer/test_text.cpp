// The text form reads back what it wrote; resume data decodes to what was encoded.
#include "check.h"
#include <catch2/catch.hpp>

using namespace heddle;
using namespace heddle::test;

TEST_CASE("a trace prints as it was written", "[text]") {
    const char* text = "[i0, p1, f2]\n"
                       "label(i0, p1, f2, descr=loop)\n"
                       "i4 = int_add(i0, -5)\n"
                       "f5 = float_mul(f2, 2.5)\n"
                       "f6 = float_add(f5, -0.0)\n"
                       "f7 = float_add(f6, float(0x7ff8000000000000))\n"
                       "f8 = float_sub(f7, -inf)\n"
                       "guard_class(p1, class(Node)) {3@12: i0, _; 1@4: p1; 0@7:}\n"
                       "guard_true(i4) [i0, null]\n"
                       "p11 = getfield(p1, descr=Node.next)\n"
                       "setfield/no_barrier(p1, null, descr=Node.next)\n"
                       "p13 = new_object(descr=Node)\n"
                       "p14 = new_array(3, descr=array<Node>)\n"
                       "i15 = call(ptr(0x10), p1, 5, descr=set_value)\n"
                       "jump(i4, p11, f8, descr=loop)\n";
    CHECK(canonical(text) == text);
}

TEST_CASE("errors in a trace's text name the line", "[text]") {
    CHECK(canonical("[i0]\ni1 = int_plus(i0, 1)\n") == "error: line 2: unknown operation 'int_plus'");
    CHECK(canonical("[i0]\ni1 = int_add(i0, i7)\n") ==
          "error: line 2: 'i7' is neither a value defined above nor a constant");
    CHECK(canonical("[i0, f1]\n\ni1 = int_add(i0, f1)\n") == "error: line 3: argument 2 of int_add has the wrong kind");
    CHECK(canonical("[i0]\ni1 = int_add(i0)\n") == "error: line 2: int_add takes 2 arguments");
    CHECK(canonical("[p0]\ni1 = getfield(p0, descr=Node.nothing)\n").starts_with("error: line 2: unknown descriptor"));
    CHECK(canonical("[p0]\np1 = int_add(1, 2)\n") == "error: line 2: the name 'p1' does not fit the result's kind");
    CHECK(canonical("[i0]\nguard_true(i0) [i0\n").starts_with("error: line 2"));
}

TEST_CASE("constants are shared", "[trace]") {
    jit::trace t;
    std::vector<jit::value_ref> refs;
    for (int64_t i = 0; i < 1000; ++i) refs.push_back(t.make_int(i * 7919));
    for (int64_t i = 0; i < 1000; ++i) CHECK(t.make_int(i * 7919) == refs[static_cast<size_t>(i)]);
    CHECK(!(t.make_constant(jit::kind::pointer, 0) == t.make_int(0)));
    CHECK(t.constants.size() == 1001);
}

TEST_CASE("resume data decodes to what was encoded", "[resume]") {
    heap_world& w = world();
    jit::resume_contents contents;
    using value = jit::resume_value;
    contents.frames.push_back({300,
                               70000,
                               {{value::fail_argument, jit::kind::integer, 1000, 0},
                                {},
                                {value::constant, jit::kind::floating, 0, UINT64_MAX}}});
    contents.frames.push_back({0, 0, {}});
    jit::resume_virtual object{&w.node_size, {}, {}};
    object.fields.push_back({&w.next, {value::virtual_object, jit::kind::pointer, 0, 0}});
    object.fields.push_back({&w.value, {value::constant, jit::kind::integer, 0, static_cast<jit::word>(-1)}});
    contents.virtuals.push_back(object);
    contents.virtuals.push_back({&w.int_array, {}, {{value::constant, jit::kind::integer, 0, jit::word{1} << 63}}});
    contents.stores.push_back({&w.ref_array,
                               {value::fail_argument, jit::kind::pointer, 2, 0},
                               {value::virtual_object, jit::kind::pointer, 1, 0},
                               7});
    jit::resume_contents back = jit::decode(jit::encode(contents));
    REQUIRE(back.frames.size() == 2);
    CHECK(back.frames[0].jitcode == 300);
    CHECK(back.frames[0].pc == 70000);
    REQUIRE(back.frames[0].values.size() == 3);
    CHECK(back.frames[0].values[0].from == value::fail_argument);
    CHECK(back.frames[0].values[0].index == 1000);
    CHECK(back.frames[0].values[1].from == value::uninitialised);
    CHECK(back.frames[0].values[2].value == UINT64_MAX);
    CHECK(back.frames[0].values[2].type == jit::kind::floating);
    CHECK(back.frames[1].values.empty());
    REQUIRE(back.virtuals.size() == 2);
    CHECK(back.virtuals[0].shape == &w.node_size);
    REQUIRE(back.virtuals[0].fields.size() == 2);
    CHECK(back.virtuals[0].fields[0].first == &w.next);
    CHECK(back.virtuals[0].fields[1].second.value == static_cast<jit::word>(-1));
    CHECK(back.virtuals[1].items.at(0).value == jit::word{1} << 63);
    REQUIRE(back.stores.size() == 1);
    CHECK(back.stores[0].where == &w.ref_array);
    CHECK(back.stores[0].item == 7);
    CHECK(back.stores[0].value.index == 1);
}
