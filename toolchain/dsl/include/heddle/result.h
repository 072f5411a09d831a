// Result<T>: a value, or "an error is pending". No C++ exceptions in interpreter code.
//
// The error itself is a GC object in the thread's state (pending_error()); a Result is one machine word, so that a
// trace needs one guard for it: Result<T*> is null for an error; Result<void>, Result<bool>, enums and integers
// narrower than a long are a long that is LONG_MIN for an error; Result<long> and Result<double> use a rare value (and
// then ask whether an error is pending). Where a long has 32 bits, Result<int64_t> is two words: for code that is not
// traced.
//
//     Result<W_Object*> add(W_Object* a, W_Object* b) {
//         long x = HEDDLE_TRY(to_long(a));
//         ...
//         return raise(type_error("..."));      // raise() stores the error and gives `failure`
//     }
#pragma once
#include "heddle/config.h"
#include "heddle/gc/gc.h"
#include "heddle/object.h"
#include <climits>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace heddle {

HEDDLE_INLINE object* pending_error() {
#ifdef HEDDLE_TRANSLATE
    return *(object * HEDDLE_HEAP*)&heddle_thread.error;
#else
    return static_cast<object*>(heddle_thread.error);
#endif
}
HEDDLE_INLINE void set_pending_error(object* error) {
#ifdef HEDDLE_TRANSLATE
    *(object * HEDDLE_HEAP*)&heddle_thread.error = error;
#else
    heddle_thread.error = error;
#endif
}
HEDDLE_INLINE object* take_pending_error() {
    object* error = pending_error();
    set_pending_error(nullptr);
    return error;
}
// Bits of heddle_thread.action_flag: something the interpreter should look at when it can.
HEDDLE_INLINE uint32_t pending_actions() {
#ifdef HEDDLE_TRANSLATE
    return *(uint32_t HEDDLE_HEAP*)&heddle_thread.action_flag;
#else
    return heddle_thread.action_flag;
#endif
}

// Is there too little stack left for another call of interpreter code? Ask before recursing; raise the language's error
// then.
extern "C" bool heddle_stack_is_low();
HEDDLE_INLINE bool stack_is_low() { return heddle_stack_is_low(); }

struct failure_type {};
inline constexpr failure_type failure{};
HEDDLE_INLINE failure_type raise(object* error) {
    set_pending_error(error);
    return failure;
}

template <class T> class [[nodiscard]] Result {
    static constexpr bool small =
        std::is_enum_v<T> || std::is_same_v<T, bool> || (std::is_integral_v<T> && sizeof(T) < sizeof(long));
    static_assert(small || std::is_same_v<T, double> || (std::is_integral_v<T> && sizeof(T) <= sizeof(int64_t)),
                  "Result<T>: T must be a pointer to a GC object, void, bool, an enum, an integer or double");
    using integer = std::conditional_t<sizeof(T) <= sizeof(long), long, int64_t>;
    using stored = std::conditional_t<std::is_same_v<T, double>, double, integer>;
    static constexpr integer failed_integer = std::numeric_limits<integer>::min() + (small ? 0 : 0x5AFE);

public:
    HEDDLE_INLINE Result(T value) : value_(static_cast<stored>(value)) {}
    HEDDLE_INLINE Result(failure_type)
        : value_(std::is_same_v<T, double> ? static_cast<stored>(__builtin_nan(""))
                                           : static_cast<stored>(failed_integer)) {}
    HEDDLE_INLINE bool failed() const {
        if constexpr (std::is_same_v<T, double>)
            return value_ != value_ && pending_error() != nullptr;
        else if constexpr (small)
            return value_ == failed_integer;
        else
            return value_ == failed_integer && pending_error() != nullptr;
    }
    HEDDLE_INLINE T value() const { return static_cast<T>(value_); }

private:
    stored value_;
};

template <class T> class [[nodiscard]] Result<T*> {
public:
    HEDDLE_INLINE Result(T* value) : value_(value) {} // null means failed: an error must be pending
    HEDDLE_INLINE Result(failure_type) : value_(nullptr) {}
    template <class U>
        requires(std::is_convertible_v<U*, T*>)
    HEDDLE_INLINE Result(Result<U*> other) : value_(other.value()) {}
    HEDDLE_INLINE bool failed() const { return value_ == nullptr; }
    HEDDLE_INLINE T* value() const { return value_; }

private:
    T* value_;
};

template <> class [[nodiscard]] Result<void> {
public:
    HEDDLE_INLINE Result() : value_(0) {}
    HEDDLE_INLINE Result(failure_type) : value_(LONG_MIN) {}
    HEDDLE_INLINE bool failed() const { return value_ != 0; }
    HEDDLE_INLINE void value() const {}

private:
    long value_;
};
inline constexpr struct {
    template <class T> HEDDLE_INLINE operator T() const { return T(); }
} ok{};

// The value of a Result, or a return from this function with the error still pending.
#define HEDDLE_TRY(expression)                                \
    ({                                                        \
        auto heddle_result = (expression);                    \
        if (heddle_result.failed()) return ::heddle::failure; \
        heddle_result.value();                                \
    })

} // namespace heddle
