// Declares a function for each row of the primitive tables; several rows may name the same.
#pragma once
#include "frame.h"

namespace heddle::smalltalk {

#define P0(number, function) W_Object* primitive_##function(W_Object* receiver);
#define P1(number, function) W_Object* primitive_##function(W_Object* receiver, W_Object* a);
#define P2(number, function) W_Object* primitive_##function(W_Object* receiver, W_Object* a, W_Object* b);
#define P3(number, function) W_Object* primitive_##function(W_Object* receiver, W_Object* a, W_Object* b, W_Object* c);
#define P4(number, function) \
    W_Object* primitive_##function(W_Object* receiver, W_Object* a, W_Object* b, W_Object* c, W_Object* d);
#define CONTROL(number, function) \
    W_Object* primitive_##function(W_Frame* frame, Code* target, frame_slots* slots, long first, long count);
#define N0(module, name, function) P0(0, function)
#define N1(module, name, function) P1(0, function)
#define N2(module, name, function) P2(0, function)
#define N3(module, name, function) P3(0, function)
#define N4(module, name, function) P4(0, function)
#define NCONTROL(module, name, function) CONTROL(0, function)
#define S0(owner, selector, function) P0(0, function)
#define S1(owner, selector, function) P1(0, function)
#define S2(owner, selector, function) P2(0, function)
#define S3(owner, selector, function) P3(0, function)
#define SCONTROL(owner, selector, function) CONTROL(0, function)
#include "primitives.def"
#include "primitives_named.def"
#include "primitives_som.def"
#undef P0
#undef P1
#undef P2
#undef P3
#undef P4
#undef CONTROL

// What SOM's primitives do with integers beyond those of images (primitives_large.cpp).
W_Object* primitive_large_shift_right_unsigned(W_Object* left, W_Object* right);
W_Object* quick_primitive(W_Object* receiver, long number); // 256 to 519: self, constants, instance variables

} // namespace heddle::smalltalk
