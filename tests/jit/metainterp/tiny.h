// A tiny language of two integer registers, a and b, interpreted by a jitcode: what most tests run.
//
// A program is an array of words: operation, operand, ... Greens: position, program. Reds: a, b.
#pragma once
#include "world.h"
#include <string>

namespace heddle::test {

namespace tiny {
enum operation : int64_t {
    add,          // a += b
    add_constant, // a += operand
    decrement_b,  // b -= 1
    loop_if_b,    // if b != 0 goto operand
    return_a,
    multiply,        // a = a * b, wrapping
    add_checked,     // a += b; on overflow a = -1
    call_to_b,       // b = call operand with a - 1
    call_to_a,       // a = call operand with a - 2
    return_if_small, // return a if a < 2
    odd_goto,        // if b is odd goto operand
    promote_a,       // a = promote(a & 3) + a
    xor_constant,
    copy_a_to_b,
    goto_,       // goto operand, never a loop
    switch_a,    // a = one of 10, 20, 30 for a & 3 == 0, 1, 2; 99 else
    conditional, // count_call() if b & 1
    return_b,
    call_inner, // a += inner(b), which runs another program natively
};
}

inline jit::trace_int fetch_word(const int64_t* program, jit::trace_int position) {
    return static_cast<jit::trace_int>(program[position]);
}
inline int64_t& conditional_calls() {
    static int64_t count = 0;
    return count;
}
inline void count_call(jit::trace_int by) { conditional_calls() += by; }
word run_tiny(world& w, const std::vector<int64_t>& program, int64_t a, int64_t b);
inline jit::trace_int inner(jit::trace_int b) {
    static const std::vector<int64_t> program = {tiny::add,         tiny::odd_goto,  5, tiny::add_constant, 3,
                                                 tiny::decrement_b, tiny::loop_if_b, 0, tiny::return_a};
    return static_cast<jit::trace_int>(run_tiny(current_world(), program, 1, b & 15 ? b & 15 : 5));
}

inline const char* const tiny_interpreter = R"(
jitcode {portal} args=piii result=i driver={d}
loop: live *
  merge_point {d}, (i0, p0, i1, i2)
  call_residual &{fetch}, {call fetch}, (p0, i0) -> i3
  live *
  int_add i0, 1 -> i0
  call_residual &{fetch}, {call fetch}, (p0, i0) -> i4
  live *
  switch_int i3, [0: @add, 1: @add_constant, 2: @decrement_b, 3: @loop_if_b, 4: @return_a, 5: @multiply, 6: @add_checked, 7: @call_to_b, 8: @call_to_a, 9: @return_if_small, 10: @odd_goto, 11: @promote_a, 12: @xor_constant, 13: @copy, 14: @goto, 15: @switch_a, 16: @conditional, 17: @return_b, 18: @call_inner], @bad
add: live *
  int_add i1, i2 -> i1
  jump @loop
add_constant: live *
  int_add i1, i4 -> i1
  int_add i0, 1 -> i0
  jump @loop
decrement_b: live *
  int_sub i2, 1 -> i2
  jump @loop
loop_if_b: live *
  int_is_true i2 -> i5
  branch i5, @back, @onward
back: live *
  move_i i4 -> i0
  can_enter_jit {d}
  jump @loop
onward: live *
  int_add i0, 1 -> i0
  jump @loop
return_a: live *
  return_i i1
return_b: live *
  return_i i2
multiply: live *
  int_mul i1, i2 -> i1
  jump @loop
add_checked: live *
  int_add_jump_if_ovf i1, i2, @overflow -> i1
  jump @loop
overflow: live *
  move_i -1 -> i1
  jump @loop
call_to_b: live *
  int_sub i1, 1 -> i5
  call_inline {portal}, (p0, i4, i5, 0) -> i2
  live *
  int_add i0, 1 -> i0
  jump @loop
call_to_a: live *
  int_sub i1, 2 -> i5
  call_inline {portal}, (p0, i4, i5, 0) -> i1
  live *
  int_add i0, 1 -> i0
  jump @loop
return_if_small: live *
  int_lt i1, 2 -> i5
  branch i5, @return_a, @loop
odd_goto: live *
  int_and i2, 1 -> i5
  branch i5, @jump_there, @onward
jump_there: live *
  move_i i4 -> i0
  jump @loop
promote_a: live *
  int_and i1, 3 -> i5
  live *
  promote_i i5 -> i5
  int_add i1, i5 -> i1
  jump @loop
xor_constant: live *
  int_xor i1, i4 -> i1
  int_add i0, 1 -> i0
  jump @loop
copy: live *
  move_i i1 -> i2
  jump @loop
goto: live *
  move_i i4 -> i0
  jump @loop
switch_a: live *
  int_and i1, 3 -> i5
  live *
  switch_int i5, [0: @ten, 1: @twenty, 2: @thirty], @other
ten: live *
  int_add i1, 10 -> i1
  jump @loop
twenty: live *
  int_add i1, 20 -> i1
  jump @loop
thirty: live *
  int_add i1, 30 -> i1
  jump @loop
other: live *
  int_add i1, 99 -> i1
  jump @loop
conditional: live *
  int_and i2, 1 -> i5
  live *
  conditional_call i5, &{count_call}, {call count_call}, (i2)
  live *
  jump @loop
call_inner: live *
  call_residual &{inner}, {call inner}, (i2) -> i5
  live *
  int_add i1, i5 -> i1
  jump @loop
bad: live *
  unreachable
)";

// Loads the interpreter; portal calls are native outside of traces.
inline void load_tiny(world& w) {
    w.add_function("fetch", "pi>i", reinterpret_cast<void*>(fetch_word), true);
    w.add_function("count_call", "i>v", reinterpret_cast<void*>(count_call));
    w.add_function("inner", "i>i", reinterpret_cast<void*>(inner));
    w.load(tiny_interpreter, "ip", "ii", "i");
}

inline word run_tiny(world& w, const std::vector<int64_t>& program, int64_t a, int64_t b) {
    return w.call("portal", {jit::pointer_word(program.data()), 0, jit::integer_word(static_cast<word>(a)),
                             jit::integer_word(static_cast<word>(b))});
}

} // namespace heddle::test
