// Objects: allocation in traces, virtuals in resume data, virtual dispatch, class tests, elidable calls, arrays.
#include "world.h"
#include <catch2/catch.hpp>

using namespace heddle;
using namespace heddle::test;

TEST_CASE("an accumulator boxed in an object") {
    world w;
    // Each pass makes a new Base with the value of the old one plus the counter.
    w.load(R"(
jitcode {portal} args=ip result=i driver={d}
loop: live *
  merge_point {d}, (0, i0, p0)
  int_is_true i0 -> i1
  branch i1, @more, @done
more: live *
  getfield p0, {Base.value} -> i1
  int_add i1, i0 -> i1
  new_object {Left} -> p1
  setfield p1, i1, {Base.value}
  move_p p1 -> p0
  int_sub i0, 1 -> i0
  can_enter_jit {d}
  jump @loop
done: live *
  getfield p0, {Base.value} -> i1
  return_i i1
)",
           "i", "ip", "i");
    w.check("boxes", [&] { return w.call("portal", {300, jit::pointer_word(w.new_base(w.left_type, 1))}); });
}

TEST_CASE("virtual objects come back when a guard fails") {
    world w;
    // A Pair that refers to itself and to a fresh Base is made on each pass; every third pass it escapes into the list
    // p1.
    w.load(R"(
jitcode {portal} args=ip result=i driver={d}
  move_i 0 -> i3
loop: live *
  merge_point {d}, (0, i0, i3, p1)
  new_object {Pair} -> p2
  new_object {Right} -> p3
  int_mul i0, 3 -> i1
  setfield p3, i1, {Base.value}
  setfield p2, p3, {Pair.second}
  setfield p2, i0, {Pair.tag}
  setfield p2, p2, {Pair.first}
  int_mod i0, 3 -> i1
  branch i1, @skip, @keep
keep: live *
  setfield p2, p1, {Pair.first}
  move_p p2 -> p1
  jump @skip
skip: live *
  getfield p2, {Pair.second} -> p3
  getfield p3, {Base.value} -> i1
  int_add i3, i1 -> i3
  int_sub i0, 1 -> i0
  branch i0, @back, @count
back: live *
  can_enter_jit {d}
  jump @loop
count: live *
  ptr_is_null p1 -> i1
  branch i1, @done, @next
next: live *
  getfield p1, {Pair.tag} -> i1
  getfield p1, {Pair.second} -> p3
  getfield p3, {Base.value} -> i2
  int_mul i3, 5 -> i3
  int_add i3, i1 -> i3
  int_xor i3, i2 -> i3
  getfield p1, {Pair.first} -> p1
  jump @count
done: live *
  return_i i3
)",
           "i", "iip", "i");
    w.check("escapes", [&] { return w.call("portal", {120, 0}); });
    w.start("threshold=3,trace_eagerness=2,backend=portable");
    w.call("portal", {500, 0});
    CHECK(w.statistics().loops == 1);
    CHECK(w.statistics().bridges >= 1);
}

TEST_CASE("arrays: a value stack in an array, lengths, copies") {
    world w;
    w.load(R"(
jitcode {portal} args=ip result=i driver={d}
  new_array 8, {array<int>} -> p1
  setarrayitem p1, 0, 0, {array<int>}
  setarrayitem p1, 1, 1, {array<int>}
  setarrayitem p1, 2, 2, {array<int>}
  setarrayitem p1, 3, 3, {array<int>}
  setarrayitem p1, 4, 4, {array<int>}
loop: live *
  merge_point {d}, (0, i0, p1)
  getarrayitem p1, 0, {array<int>} -> i1
  int_add i1, i0 -> i1
  setarrayitem p1, 0, i1, {array<int>}
  int_and i0, 3 -> i2
  getarrayitem p1, i2, {array<int>} -> i3
  int_add i3, i1 -> i3
  setarrayitem p1, i2, i3, {array<int>}
  new_array 4, {array<int>} -> p2
  copy_array p1, 1, p2, 0, 4, {array<int>}
  getarrayitem p2, 3, {array<int>} -> i3
  arraylen p2, {array<int>} -> i4
  int_add i3, i4 -> i3
  setarrayitem p1, 4, i3, {array<int>}
  getarrayitem p1, 0, {array<int>} -> i1
  int_sub i0, 1 -> i0
  branch i0, @back, @done
back: live *
  can_enter_jit {d}
  jump @loop
done: live *
  getarrayitem p1, 0, {array<int>} -> i1
  getarrayitem p1, 3, {array<int>} -> i2
  int_mul i1, 31 -> i1
  int_add i1, i2 -> i1
  getarrayitem p1, 4, {array<int>} -> i2
  int_mul i1, 31 -> i1
  int_add i1, i2 -> i1
  return_i i1
)",
           "i", "ip", "i");
    w.check("arrays", [&] { return w.call("portal", {90, 0}); });
}

TEST_CASE("errors are null results and a pending error") {
    world w;
    // 'checked' answers null for odd numbers, having stored a Base as the pending error.
    w.pointers.push_back({"pending", jit::pointer_word(&heddle_thread.error)});
    jit::field_descr& pending = w.prog.fields.emplace_back();
    static_cast<jit::descr&>(pending).type = jit::descr_type::field;
    pending.name = "pending";
    pending.index = static_cast<uint32_t>(w.prog.descrs.size());
    pending.shape = {jit::kind::pointer, sizeof(void*), false, true};
    pending.owner_is_global = true;
    w.prog.descrs.push_back(&pending);
    w.load(R"(
jitcode {checked} args=i result=p
  int_and i0, 1 -> i1
  branch i1, @odd, @even
even: live *
  new_object {Left} -> p0
  setfield p0, i0, {Base.value}
  return_p p0
odd: live *
  new_object {Right} -> p0
  int_neg i0 -> i1
  setfield p0, i1, {Base.value}
  setfield &{pending}, p0, {pending}
  return_p null
jitcode {portal} args=ii result=i driver={d}
loop: live *
  merge_point {d}, (0, i0, i1)
  call_inline {checked}, (i0) -> p0
  live *
  ptr_is_null p0 -> i2
  branch i2, @error, @good
good: live *
  getfield p0, {Base.value} -> i2
  int_add i1, i2 -> i1
  jump @next
error: live *
  getfield &{pending}, {pending} -> p1
  setfield &{pending}, null, {pending}
  getfield p1, {Base.value} -> i2
  int_mul i1, 3 -> i1
  int_add i1, i2 -> i1
  jump @next
next: live *
  int_sub i0, 1 -> i0
  branch i0, @back, @done
back: live *
  can_enter_jit {d}
  jump @loop
done: live *
  return_i i1
)",
           "i", "ii", "i");
    w.check("errors", [&] { return w.call("portal", {90, 0}); });
    CHECK(heddle_thread.error == nullptr);
    // Raised and caught inside of one loop: with virtuals and lazy stores nothing is allocated.
    std::string trace = w.logged("jit-opt", "threshold=3,trace_eagerness=2", [&] { w.call("portal", {90, 0}); });
    CHECK(trace.find("new_object") == std::string::npos);
}

namespace {
int64_t calls_of_square = 0;
jit::trace_unsigned square(jit::trace_unsigned n) {
    ++calls_of_square;
    return n * n;
}
} // namespace

TEST_CASE("elidable calls with constant arguments are folded") {
    world w;
    w.add_function("square", "i>i", reinterpret_cast<void*>(square), true);
    w.load(R"(
jitcode {portal} args=iii result=i driver={d}
loop: live *
  merge_point {d}, (0, i0, i1, i2)
  live *
  promote_i i2 -> i2
  call_residual &{square}, {call square}, (i2) -> i3
  live *
  int_add i1, i3 -> i1
  call_residual &{square}, {call square}, (i0) -> i3
  live *
  int_add i1, i3 -> i1
  int_sub i0, 1 -> i0
  branch i0, @back, @done
back: live *
  can_enter_jit {d}
  jump @loop
done: live *
  return_i i1
)",
           "i", "iii", "i");
    w.check("elidable", [&] { return w.call("portal", {60, 0, 7}); });
    w.start("threshold=3");
    calls_of_square = 0;
    w.call("portal", {100, 0, 7});
    CHECK(calls_of_square >= 100);
    CHECK(calls_of_square <= 110);
}

namespace {
jit::trace_int bump_every;
// Now and then writes the quasi-immutable field, as translated native code does.
jit::trace_int bump(pair_object* pair, jit::trace_int n) {
    if (n % bump_every == 0) {
        ++pair->version;
        heddle_quasi_immutable_written(&pair->version);
    }
    return n;
}
const char* const reads_version = R"(
jitcode {portal} args=pii result=i driver={d}
loop: live *
  merge_point {d}, (0, p0, i0, i1)
  live *
  getfield p0, {Pair.version} -> i2
  int_add i1, i2 -> i1
  call_residual &{bump}, {call bump}, (p0, i0) -> i3
  live *
  getfield p0, {Pair.version} -> i2
  int_mul i2, i3 -> i2
  int_add i1, i2 -> i1
  int_sub i0, 1 -> i0
  branch i0, @back, @done
back: live *
  can_enter_jit {d}
  jump @loop
done: live *
  return_i i1
)";
} // namespace

TEST_CASE("a quasi-immutable field is written now and then, while the code that depends on it is on the stack") {
    for (jit::trace_int every : {1000, 150, 37, 10, 1}) {
        world w;
        bump_every = every;
        w.add_function("bump", "pi>i", reinterpret_cast<void*>(bump));
        w.load(reads_version, "ip", "ii", "i");
        w.check("every " + std::to_string(every), [&] {
            auto* pair = static_cast<pair_object*>(gc::allocate(w.pair_type));
            pair->first = pair->second = nullptr;
            pair->tag = 0;
            pair->version = 3;
            return w.call("portal", {jit::pointer_word(pair), 300, 0});
        });
    }
}

TEST_CASE("code is discarded at a write of a quasi-immutable field, and a field that is written often is left alone") {
    world w;
    bump_every = 1000;
    w.add_function("bump", "pi>i", reinterpret_cast<void*>(bump));
    w.load(reads_version, "ip", "ii", "i");
    auto* pair = static_cast<pair_object*>(gc::allocate(w.pair_type));
    pair->first = pair->second = nullptr;
    pair->tag = pair->version = 0;
    gc::pin(pair);
    auto run = [&](int64_t n) { return w.call("portal", {jit::pointer_word(pair), static_cast<word>(n), 0}); };
    std::string log = w.logged("jit-opt", "threshold=3,function_threshold=1000000,backend=portable", [&] {
        run(100);
        CHECK(w.statistics().loops == 1);
        CHECK(w.statistics().invalidations == 0);
        ++pair->version;
        heddle_quasi_immutable_written(&pair->version);
        CHECK(w.statistics().invalidations == 1);
        heddle_quasi_immutable_written(&pair->version);
        CHECK(w.statistics().invalidations == 1); // no code depends on it any more
        CHECK(run(100) == 100 + 5050);
        CHECK(w.statistics().loops == 2);
        for (int i = 0; i < 20; ++i) {
            ++pair->version;
            heddle_quasi_immutable_written(&pair->version);
            run(100);
        }
        CHECK(w.statistics().invalidations == 8);
        CHECK(w.statistics().loops == 9);
    });
    gc::unpin(pair);
    size_t first_loop = log.find("label("), last_loop = log.rfind("label(");
    // Constant under two guards (one before, one after the call); at last an ordinary field.
    CHECK(log.find("getfield", first_loop) > log.find("label(", first_loop + 1));
    CHECK(log.find("guard_not_invalidated", first_loop) < log.find("label(", first_loop + 1));
    CHECK(log.find("getfield", last_loop) != std::string::npos);
    CHECK(log.find("guard_not_invalidated", last_loop) == std::string::npos);
}
