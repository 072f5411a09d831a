// Calls: inlining of portals, recursion through machine code, natively run loops of inlined functions, blame for
// length.
#include "heddle/jit/backend.h"
#include "tiny.h"
#include <catch2/catch.hpp>

using namespace heddle::test;
using namespace heddle::test::tiny;

namespace {

const std::vector<int64_t> fibonacci = {return_if_small, call_to_b, 0, call_to_a, 0, add, return_a};
word fib(word n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

// A loop that calls 'callee' (at 8) with a - 2 and gets its result in a.
std::vector<int64_t> loop_with_callee(std::vector<int64_t> callee) {
    std::vector<int64_t> p = {add, call_to_a, 8, decrement_b, loop_if_b, 0, return_a, return_a};
    p.insert(p.end(), callee.begin(), callee.end());
    return p;
}

} // namespace

TEST_CASE("recursion") {
    for (bool native : {false, true}) {
        world w;
        load_tiny(w);
        if (native) w.make_native("portal", "piii>i");
        w.check("fib", [&] { return run_tiny(w, fibonacci, 12, 0); });
        for (const char* backend : {"portable", heddle::jit::native_backend_name}) {
            w.start(std::string("threshold=3,function_threshold=3,trace_eagerness=3,max_unroll_recursion=1,backend=") +
                    backend);
            CHECK(run_tiny(w, fibonacci, 17, 0) == fib(17));
            if (native) CHECK(w.statistics().entries == 1); // else nobody counts the calls
            CHECK(w.statistics().aborts == 0);
            w.stop();
        }
    }
}

TEST_CASE("a recursion that was too deep to be inlined is called in all later traces") {
    world w;
    load_tiny(w);
    w.make_native("portal", "piii>i");
    auto run = [&] { CHECK(run_tiny(w, fibonacci, 9, 0) == fib(9)); };
    std::string options = "threshold=3,function_threshold=3,trace_eagerness=3,max_unroll_recursion=";
    std::string shallow = w.logged("jit-trace", options + "1", run);
    auto last = [](const std::string& log) { return log.substr(log.rfind("[jit-trace] bridge")); };
    CHECK(last(shallow).find("call_assembler") != std::string::npos);
    CHECK(last(shallow).find("debug_merge_point(0, 1,") == std::string::npos);
    std::string deep = w.logged("jit-trace", options + "1000", run);
    CHECK(deep.find("call_assembler") == std::string::npos);
    CHECK(deep.find("debug_merge_point(0, 1,") != std::string::npos);
}

TEST_CASE("a called portal is inlined") {
    world w;
    load_tiny(w);
    w.make_native("portal", "piii>i");
    std::vector<int64_t> p = loop_with_callee({add_constant, 9, return_a});
    w.check("inlined", [&] { return run_tiny(w, p, 3, 50); });
    std::string trace = w.logged("jit-trace", "threshold=3,function_threshold=1000", [&] { run_tiny(w, p, 3, 50); });
    CHECK(trace.find("call_assembler") == std::string::npos);
    CHECK(trace.find("loop #1") != std::string::npos);
}

TEST_CASE("the loop of a called portal runs in its own machine code") {
    world w;
    load_tiny(w);
    w.make_native("portal", "piii>i");
    // The callee adds 1 + 2 + 3 in a loop, with its own b.
    std::vector<int64_t> p = loop_with_callee({xor_constant, 5, copy_a_to_b, odd_goto, 16, return_a, return_a, return_a,
                                               /*16*/ add, decrement_b, odd_goto, 16, return_a});
    w.check("odd", [&] { return run_tiny(w, p, 3, 50); });
    std::vector<int64_t> loop = {add,
                                 call_to_b,
                                 9,
                                 add,
                                 call_to_b,
                                 9,
                                 decrement_b,
                                 return_a,
                                 return_a,
                                 /*9*/ xor_constant,
                                 3,
                                 copy_a_to_b,
                                 /*12*/ promote_a,
                                 switch_a,
                                 add_constant,
                                 -50,
                                 return_if_small,
                                 copy_a_to_b,
                                 return_a};
    w.check("straight", [&] { return run_tiny(w, loop, 3, 50); });
    // The callee's b is 0 at entry; decrement makes it -1, so loop_if_b loops: a few times over, until a is small.
    std::vector<int64_t> inner = {/*0*/ add_constant, 40,  call_to_a, 9,        decrement_b,
                                  loop_if_b,          0,   return_a,  return_a, /*9*/ decrement_b,
                                  return_if_small,    add, loop_if_b, 9,        return_a};
    w.check("inner loop", [&] { return run_tiny(w, inner, 3, 40); });
    std::string trace =
        w.logged("jit-trace", "threshold=20,function_threshold=100000", [&] { run_tiny(w, inner, 3, 60); });
    CHECK(trace.find("call_assembler") != std::string::npos);
}

TEST_CASE("a long callee is blamed for a trace's length, and called instead") {
    world w;
    load_tiny(w);
    w.make_native("portal", "piii>i");
    std::vector<int64_t> callee;
    for (int i = 0; i < 60; ++i) callee.insert(callee.end(), {int64_t{add_constant}, 1});
    callee.push_back(return_a);
    std::vector<int64_t> p = loop_with_callee(callee);
    w.start("threshold=3,function_threshold=100000,trace_limit=60");
    word with = run_tiny(w, p, 3, 60);
    CHECK(w.statistics().loops == 1);
    CHECK(w.statistics().aborts == 1);
    w.stop();
    // Nobody but its machine-code callers can count a function that is never called natively.
    for (const char* backend : {"portable", heddle::jit::native_backend_name}) {
        w.start(std::string("threshold=3,function_threshold=100000,trace_limit=130,trace_eagerness=10,backend=") +
                backend);
        CHECK(run_tiny(w, p, 3, 60) == with);
        CHECK(w.statistics().loops == 1);
        CHECK(w.statistics().entries == 1);
        w.stop();
    }
    w.start("off");
    CHECK(run_tiny(w, p, 3, 60) == with);
    w.stop();
    w.check("blamed", [&] { return run_tiny(w, p, 3, 60); });
}

TEST_CASE("a helper that recurs is inlined only so deep") {
    world w;
    w.load(R"(
jitcode {sum_to} args=i result=i
  branch i0, @more, @zero
zero: live *
  return_i 0
more: live *
  int_sub i0, 1 -> i1
  call_inline {sum_to}, (i1) -> i1
  live *
  int_add i1, i0 -> i1
  return_i i1
jitcode {portal} args=ii result=i driver={d}
loop: live *
  merge_point {d}, (0, i0, i1)
  call_inline {sum_to}, (30) -> i2
  live *
  int_add i1, i2 -> i1
  call_inline {sum_to}, (i0) -> i2
  live *
  int_add i1, i2 -> i1
  int_sub i0, 1 -> i0
  branch i0, @back, @done
back: live *
  can_enter_jit {d}
  jump @loop
done: live *
  return_i i1
)",
           "i", "ii", "i");
    w.check("without native code", [&] { return w.call("portal", {40, 5}); });
    w.make_native("sum_to", "i>i");
    w.check("with native code", [&] { return w.call("portal", {40, 5}); });
    std::string trace = w.logged("jit-trace", "threshold=3", [&] { w.call("portal", {40, 5}); });
    CHECK(trace.find("= call(") != std::string::npos);
}

TEST_CASE("virtual methods are inlined by class") {
    world w;
    w.add_function("left", "pi>i", nullptr); // only its descriptor is used: see make_native below
    w.load(R"(
jitcode {left} args=pi result=i
  getfield p0, {Base.value} -> i1
  int_add i1, i0 -> i1
  return_i i1
jitcode {right} args=pi result=i
  getfield p0, {Base.value} -> i1
  int_xor i1, i0 -> i1
  return_i i1
jitcode {portal} args=ippi result=i driver={d}
loop: live *
  merge_point {d}, (0, i0, p0, p1, i1)
  live *
  load_vtable p0 -> p2
  load_code_slot p2, 0 -> p2
  live *
  call_indirect p2, {call left}, (p0, i1) -> i1
  live *
  int_and i0, 7 -> i2
  branch i2, @same, @swap
swap: live *
  move_p p0 -> p3
  move_p p1 -> p0
  move_p p3 -> p1
  jump @same
same: live *
  live *
  is_instance p0, &{class Base} -> i2
  int_add i1, i2 -> i1
  live *
  is_exact_instance p0, &{class Right} -> i2
  int_add i1, i2 -> i1
  int_sub i0, 1 -> i0
  branch i0, @back, @done
back: live *
  can_enter_jit {d}
  jump @loop
done: live *
  return_i i1
)",
           "i", "ippi", "i");
    w.make_native("left", "pi>i");
    w.make_native("right", "pi>i");
    w.set_method(w.left_type, "left");
    w.set_method(w.right_type, "right");
    auto run = [&] {
        void* left = w.new_base(w.left_type, 11);
        void* right = w.new_base(w.right_type, 0x55);
        return w.call("portal", {100, heddle::jit::pointer_word(left), heddle::jit::pointer_word(right), 1});
    };
    w.check("dispatch", run);
    std::string trace = w.logged("jit-opt", "threshold=3,trace_eagerness=2", [&] { run(); });
    CHECK(trace.find("call") == std::string::npos);
    CHECK((trace.find("guard_class") != std::string::npos || trace.find("guard_nonnull_class") != std::string::npos));
}

TEST_CASE("a residual call of a trace may run, trace and compile another program") {
    world w;
    load_tiny(w);
    const std::vector<int64_t> p = {add, call_inner, decrement_b, loop_if_b, 0, return_a};
    w.check("nested", [&] { return run_tiny(w, p, 0, 50); });
    w.start("threshold=10");
    run_tiny(w, p, 0, 11); // the outer loop strikes in its last passes: the inner one is compiled before or within
    CHECK(w.statistics().loops == 2);
    CHECK(w.statistics().aborts == 0);
}
