// Hints for the JIT, and the jit driver. In plain builds, and in `heddle build --no-jit`, all of them do nothing.
// The names are RPython's, so that its literature applies; docs/dsl.md explains each with an example.
//
//     static constinit heddle::jit::driver driver{"python", describe_location};
//     for (;;) {
//         HEDDLE_MERGE_POINT(driver, (code, instruction), (frame, context));        // greens, reds
//         ...
//         case JUMP_BACKWARD: instruction = target; HEDDLE_CAN_ENTER_JIT(driver, (code, instruction), (frame,
//         context)); continue;
//     }
//
// Greens say where the user's program is, reds are everything else that the loop keeps in local variables: no other
// local may live over merge_point. Both calls name the same variables. Nothing stands between can_enter_jit and the
// merge point. One merge point in a function, and one function for a driver: the portal. Variables are pointers to GC
// objects, integers or doubles.
#pragma once
#include "heddle/config.h"
#include "heddle/object.h"
#include <string>
#include <type_traits>

#ifdef HEDDLE_TRANSLATE
extern "C" {
void heddle_marker_merge_point(const void* driver, int green_count, ...); // then greens, reds as long, double, void*
void heddle_marker_can_enter_jit(const void* driver, int green_count, ...);
long heddle_marker_promote_i(long value);
void* heddle_marker_promote_p(const void* value);
double heddle_marker_promote_f(double value);
bool heddle_marker_is_constant_i(long value);
bool heddle_marker_is_constant_p(const void* value);
bool heddle_marker_is_virtual(const void* value);
void heddle_marker_record_exact_class(const void* value, const heddle::gc::type_info* type);
void heddle_marker_assert_green_i(long value);
void heddle_marker_assert_green_p(const void* value);
bool heddle_marker_we_are_jitted();
}
#endif
// Of the runtime; without a JIT in the executable: an error text, resp. nothing.
std::string heddle_jit_configure(const char* text); // "threshold=3,backend=portable", "off"; an error in one line or ""
std::string heddle_jit_help();                      // one option a line: name, default, meaning
bool heddle_jit_present();

namespace heddle::jit {

namespace detail {
// Variables of a merge point as C varargs: any integer a long, any pointer a void*.
template <class T> HEDDLE_INLINE auto as_word(T value) {
    if constexpr (std::is_pointer_v<T>)
        return static_cast<void*>(const_cast<std::remove_const_t<std::remove_pointer_t<T>>*>(value));
    else if constexpr (std::is_same_v<T, double>)
        return value;
    else
        return static_cast<long>(value);
}
} // namespace detail

struct driver {
    const char* name;
    // Text for logs that says where greens are, e.g. "main.py:12 f". May be null. Static buffer.
    const char* (*location)(const uint64_t* greens) = nullptr;
};

// Macros rather than functions, so that no tuple stands between the variables and the translator.
#ifdef HEDDLE_TRANSLATE
#define HEDDLE_JIT_WORD(context, x) , ::heddle::jit::detail::as_word(x)
#define HEDDLE_JIT_COUNT(context, x) +1
#define HEDDLE_MERGE_POINT(driver, greens, reds)                                                                       \
    heddle_marker_merge_point(&(driver), 0 HEDDLE_FOR_EACH(HEDDLE_JIT_COUNT, 0, HEDDLE_UNPACK greens) HEDDLE_FOR_EACH( \
                                             HEDDLE_JIT_WORD, 0, HEDDLE_UNPACK greens, HEDDLE_UNPACK reds))
#define HEDDLE_CAN_ENTER_JIT(driver, greens, reds)                                           \
    heddle_marker_can_enter_jit(&(driver),                                                   \
                                0 HEDDLE_FOR_EACH(HEDDLE_JIT_COUNT, 0, HEDDLE_UNPACK greens) \
                                    HEDDLE_FOR_EACH(HEDDLE_JIT_WORD, 0, HEDDLE_UNPACK greens, HEDDLE_UNPACK reds))
#else
#define HEDDLE_MERGE_POINT(driver, greens, reds) ((void)&(driver))
#define HEDDLE_CAN_ENTER_JIT(driver, greens, reds) ((void)&(driver))
#endif
#define HEDDLE_UNPACK(...) __VA_ARGS__

// The value becomes a constant of the trace (a guard checks it).
template <class T> HEDDLE_INLINE T promote(T value) {
#ifdef HEDDLE_TRANSLATE
    if constexpr (std::is_pointer_v<T>)
        return static_cast<T>(heddle_marker_promote_p(value));
    else if constexpr (std::is_same_v<T, double>)
        return heddle_marker_promote_f(value);
    else
        return static_cast<T>(heddle_marker_promote_i(static_cast<long>(value)));
#else
    return value;
#endif
}
// Does the trace know the value? False outside of traces.
template <class T> HEDDLE_INLINE bool is_constant([[maybe_unused]] T value) {
#ifdef HEDDLE_TRANSLATE
    if constexpr (std::is_pointer_v<T>)
        return heddle_marker_is_constant_p(value);
    else
        return heddle_marker_is_constant_i(static_cast<long>(value));
#else
    return false;
#endif
}
HEDDLE_INLINE bool is_virtual([[maybe_unused]] const void* value) {
#ifdef HEDDLE_TRANSLATE
    return heddle_marker_is_virtual(value);
#else
    return false;
#endif
}
// The author knows that a non-null value's class is exactly T.
template <class T> HEDDLE_INLINE void record_exact_class([[maybe_unused]] const T* value) {
#ifdef HEDDLE_TRANSLATE
    heddle_marker_record_exact_class(value, T::heddle_type());
#endif
}
template <class T> HEDDLE_INLINE void assert_green([[maybe_unused]] T value) {
#ifdef HEDDLE_TRANSLATE
    if constexpr (std::is_pointer_v<T>)
        heddle_marker_assert_green_p(value);
    else
        heddle_marker_assert_green_i(static_cast<long>(value));
#endif
}
// True while tracing and in machine code.
HEDDLE_INLINE bool we_are_jitted() {
#ifdef HEDDLE_TRANSLATE
    return heddle_marker_we_are_jitted();
#else
    return false;
#endif
}

} // namespace heddle::jit
