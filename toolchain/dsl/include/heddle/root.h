// root<T>: a global variable that refers to a GC object. The collector updates it when the object moves.
//
// For variables of static storage only. Traces treat it as a field of a constant object.
#pragma once
#include "heddle/config.h"
#include "heddle/gc/gc.h"

namespace heddle {

template <class T> class root {
public:
    root() : slot_(reinterpret_cast<void**>(&value_)) {}
    root(const root&) = delete;
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
        value_ = value;
#endif
    }
    HEDDLE_INLINE operator T*() const { return get(); }
    HEDDLE_INLINE T* operator->() const { return get(); }
    HEDDLE_INLINE root& operator=(T* value) {
        set(value);
        return *this;
    }

private:
    T* value_ = nullptr;
    gc::root_slot slot_;
};

} // namespace heddle
