// Objects: allocation in traces, virtuals in resume data, virtual dispatch, class tests, elidable calls, arrays.
#include <catch2/catch.hpp>
#include "world.h"

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
)", "i", "ip", "i");
    w.check("boxes", [&] { return w.call("portal", {300, reinterpret_cast<word>(w.new_base(w.left_type, 1))}); });
}
