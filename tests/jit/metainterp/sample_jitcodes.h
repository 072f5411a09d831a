// A text of two jitcodes with most kinds of operands, for tests of the text form; it calls the function "f", "i>i".
#pragma once
#include <string>

namespace heddle::test {

// 'as_portal': the first one is driver {d}'s.
inline std::string sample_jitcodes(bool as_portal) {
    std::string text = R"(
jitcode {portal} args=ii result=i)";
    text += as_portal ? " driver={d}\n" : "\n";
    text += R"(start: live *
)";
    if (as_portal) text += "  merge_point {d}, (i0, i1)\n";
    text += R"(  int_add i1, -5 -> i2
  float_add 2.5, 1.0 -> f0
  float_add f0, float(0x7ff8000000000001) -> f0
  new_object {Pair} -> p0
  setfield p0, i2, {Pair.tag}
  setfield p0, null, {Pair.first}
  getfield p0, {Pair.tag} -> i3
  call_residual ptr(0x1000), {call f}, (i2) -> i4
  live *
  call_inline {other}, (i4, 7) -> i5
  live *
  branch i5, @a, @b
a: live *
  switch_int i5, [-1: @a, 5: @b], @b
b: live *
)";
    if (as_portal) text += "  can_enter_jit {d}\n";
    return text + R"(  int_add_jump_if_ovf i5, 1, @a -> i1
  jump @start
jitcode {other} args=ii result=i unroll_safe
  return_i i0   # a comment
)";
}

} // namespace heddle::test
