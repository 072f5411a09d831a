// field<T>, member<T>, weak_member<T>: the mutable data of GC classes. They read and write like the T (or T*) they
// hold.
//
// Every access goes through HEDDLE_HEAP in translated builds, so that barriers, JIT descriptors and STM find it; in
// plain builds a member's store contains the write barrier. The constructors are for initialising a fresh object: they
// have no barrier. Neither can be copied; neither may live outside a GC object (global references are root<T>: root.h).
#pragma once
#include "heddle/config.h"
#include "heddle/gc/gc.h"
#include <bit>
#include <type_traits>

namespace heddle {

// Mutable plain data: an arithmetic type, an enum, or a pointer to memory that isn't the collector's (kept as an
// integer, so that a stored pointer always means a reference).
template <class T> class field {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8,
                  "field<T>: T must be a number, an enum or a raw pointer");
    using stored = std::conditional_t<std::is_pointer_v<T>, uintptr_t, T>;

public:
    HEDDLE_INLINE field() {} // undefined until written
    HEDDLE_INLINE field(T value) : value_((stored)value) {}
    field(const field&) = delete;
    HEDDLE_INLINE T get() const {
#ifdef HEDDLE_TRANSLATE
        return (T) * (const stored HEDDLE_HEAP*)&value_;
#else
        return (T)value_;
#endif
    }
    HEDDLE_INLINE void set(T value) {
#ifdef HEDDLE_TRANSLATE
        *(stored HEDDLE_HEAP*)&value_ = (stored)value;
#else
        value_ = (stored)value;
#endif
    }
    HEDDLE_INLINE operator T() const { return get(); }
    HEDDLE_INLINE T operator->() const
        requires std::is_pointer_v<T>
    {
        return get();
    }
    HEDDLE_INLINE field& operator=(T value) {
        set(value);
        return *this;
    }
    HEDDLE_INLINE field& operator=(const field& other) {
        set(other.get());
        return *this;
    }
    template <class U> HEDDLE_INLINE field& operator+=(U amount) {
        set(get() + amount);
        return *this;
    }
    template <class U> HEDDLE_INLINE field& operator-=(U amount) {
        set(get() - amount);
        return *this;
    }
    HEDDLE_INLINE T operator++(int) {
        T old = get();
        set(old + 1);
        return old;
    }
    HEDDLE_INLINE T operator--(int) {
        T old = get();
        set(old - 1);
        return old;
    }
    HEDDLE_INLINE field& operator++() {
        set(get() + 1);
        return *this;
    }
    HEDDLE_INLINE field& operator--() {
        set(get() - 1);
        return *this;
    }

private:
    stored value_;
};

// A mutable reference to a GC object (an object or an array), or null.
template <class T> class member {
public:
    HEDDLE_INLINE member() : value_(nullptr) {}
    HEDDLE_INLINE member(T* value) : value_(value) {}
    member(const member&) = delete;
    HEDDLE_INLINE T* get() const {
#ifdef HEDDLE_TRANSLATE
        return *(T* const HEDDLE_HEAP*)&value_;
#else
        return value_;
#endif
    }
    HEDDLE_INLINE void set(T* value) {
#ifdef HEDDLE_TRANSLATE
        *(T * HEDDLE_HEAP*)&value_ = value;
#else
        gc::write_barrier_interior(&value_);
        value_ = value;
#endif
    }
    HEDDLE_INLINE operator T*() const { return get(); }
    HEDDLE_INLINE T* operator->() const { return get(); }
    HEDDLE_INLINE member& operator=(T* value) {
        set(value);
        return *this;
    }
    HEDDLE_INLINE member& operator=(const member& other) {
        set(other.get());
        return *this;
    }

private:
    T* value_;
};

// A reference that doesn't keep its target alive; null once the target died. At most one in a class.
template <class T> class weak_member {
public:
    HEDDLE_INLINE weak_member(T* value) : value_(value) {}
    weak_member(const weak_member&) = delete;
    weak_member& operator=(const weak_member&) = delete;
    HEDDLE_INLINE T* get() const {
#ifdef HEDDLE_TRANSLATE
        return *(T* const HEDDLE_HEAP*)&value_;
#else
        return value_;
#endif
    }

private:
    T* value_;
};

} // namespace heddle
