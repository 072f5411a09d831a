// What differs between the two ways of building an interpreter, and nothing else.
//
// Plain: any C++20 compiler, no translator. Hints do nothing, the collector is the real one, barriers are inline C++.
// Translated (HEDDLE_TRANSLATE is defined by `heddle build`, which compiles with clang): mutable heap accesses go
// through address space 1, and calls to heddle_marker_* functions, which exist nowhere, tell the translator what is
// meant; it replaces every one of them. docs/dsl.md lists them.
#pragma once

#if defined(HEDDLE_TRANSLATE) && !defined(__clang__)
#error "HEDDLE_TRANSLATE is set by `heddle build`, which compiles with clang; build plainly without it"
#endif

#define HEDDLE_INLINE inline __attribute__((always_inline))

#ifdef HEDDLE_TRANSLATE
#define HEDDLE_HEAP __attribute__((address_space(1)))
#define HEDDLE_HINT(text) __attribute__((noinline, annotate(text)))
#define HEDDLE_FIELD_HINT(text) [[clang::annotate(text)]]
#else
#define HEDDLE_HINT(text)
#define HEDDLE_FIELD_HINT(text)
#endif

// Before a function's declaration.
#define HEDDLE_ELIDABLE HEDDLE_HINT("heddle.elidable")                 // same arguments, same result, no visible effect
#define HEDDLE_ELIDABLE_PROMOTE HEDDLE_HINT("heddle.elidable_promote") // the same, and its arguments are promoted first
#define HEDDLE_UNROLL_SAFE HEDDLE_HINT("heddle.unroll_safe")           // has a loop that a trace may unroll
#define HEDDLE_DONT_LOOK_INSIDE HEDDLE_HINT("heddle.dont_look_inside") // traces call it, never follow it
#define HEDDLE_LOOK_INSIDE HEDDLE_HINT("heddle.look_inside")           // warn when it can't be followed
#define HEDDLE_LOOP_INVARIANT HEDDLE_HINT("heddle.loop_invariant")     // no arguments; same result during one loop
#define HEDDLE_PORTAL HEDDLE_HINT("heddle.portal")                     // holds a merge point (optional: it is found)

// Before a global variable's declaration: written by the first thread only, before it starts others. With --stm reading
// it doesn't make a transaction inevitable then.
#define HEDDLE_SET_AT_START HEDDLE_FIELD_HINT("heddle.set_at_start")

// Before a field<>, member<> or array item's declaration in a GC class.
#define HEDDLE_IMMUTABLE HEDDLE_FIELD_HINT("heddle.immutable") // written only before the object is published
#define HEDDLE_QUASI_IMMUTABLE \
    HEDDLE_FIELD_HINT("heddle.quasi_immutable") // changes rarely: a change discards machine code
