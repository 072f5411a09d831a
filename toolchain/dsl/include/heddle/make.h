// make<T>(arguments...): a new object. make_array<A>(length): a new array.
//
// Neither answers null: past the heap's limit the collector raises action_out_of_memory in heddle_thread.action_flag
// and goes on into its reserve, so that the VM can raise its MemoryError at its next check; when the reserve is used up
// too it ends the process with one line. For a single big array use try_make_array, which answers null instead. Each is
// a safepoint: any GC object may move except those that the stack refers to.
#pragma once
#include "heddle/array.h"
#include "heddle/object.h"
#include <new>
#include <utility>

#ifdef HEDDLE_TRANSLATE
extern "C" void* heddle_marker_new(const heddle::gc::type_info* type, size_t size);
extern "C" void* heddle_marker_new_array(const heddle::gc::type_info* type, long length);
#endif
// The length is checked against the heap's limit first; null when it does not fit.
extern "C" void* heddle_try_new_array(const heddle::gc::type_info* type, long length);

namespace heddle {

template <class T, class... Arguments> HEDDLE_INLINE T* make(Arguments&&... arguments) {
    static_assert(std::is_same_v<typename T::heddle_class, T>, "the class needs its own HEDDLE_GC_CLASS");
#ifdef HEDDLE_TRANSLATE
    void* memory = heddle_marker_new(T::heddle_type(), sizeof(T));
#else
    void* memory = gc::allocate(*T::heddle_type());
#endif
    return new (memory) T(std::forward<Arguments>(arguments)...);
}

// Items that are references are null, data is undefined.
template <class Array> HEDDLE_INLINE Array* make_array(long length) {
#ifdef HEDDLE_TRANSLATE
    return static_cast<Array*>(heddle_marker_new_array(Array::heddle_type(), length));
#else
    return static_cast<Array*>(gc::allocate_array(*Array::heddle_type(), length, false));
#endif
}

template <class Array> HEDDLE_INLINE Array* try_make_array(long length) {
    return static_cast<Array*>(heddle_try_new_array(Array::heddle_type(), length));
}

// An array with a copy of data that is not the collector's, for arrays of constants.
template <class Array>
HEDDLE_DONT_LOOK_INSIDE Array* make_array_copy(const typename Array::value_type* data, long length) {
    auto* result = static_cast<Array*>(gc::allocate_array(*Array::heddle_type(), length, false));
    if (length)
        std::memcpy(reinterpret_cast<char*>(result) + sizeof(int64_t), data,
                    length * sizeof(typename Array::value_type));
    if constexpr (detail::item_of<typename Array::item_type>::reference) gc::bulk_write_barrier(result);
    return result;
}

} // namespace heddle
