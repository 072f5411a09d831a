// Arrays of the collector's heap: a fixed length, then items. Item is field<T> (mutable data), member<T> (mutable
// references), const T (data that never changes) or T* const (references that never change).
//
//     auto* items = heddle::make_array<heddle::array<heddle::member<W_Object>>>(10);   // all null
//     items->set(3, w);  W_Object* w = items->get(3);
//
// Each array class is an alias class of its own: the JIT takes a store into one never to change another. So arrays with
// the same items but different uses should be different classes, told apart by the second template argument:
//
//     struct frame_slots_tag {};
//     using frame_slots = heddle::array<heddle::member<W_Object>, frame_slots_tag>;
//
// A tag with `static constexpr bool immutable = true` promises that items are written only before others see the array.
// Never cast between array classes.
//
// Index checks are the interpreter's business. No spans into an array may live across a safepoint unless it is pinned.
#pragma once
#include "heddle/field.h"
#include "heddle/object.h"
#include <cstring>

namespace heddle {

#ifdef HEDDLE_TRANSLATE
extern "C" void heddle_marker_array(const gc::type_info* type, const void* array, const void* second_item,
                                    bool is_reference, bool is_constant, bool is_immutable);
extern "C" long heddle_marker_array_length(const void* array, const gc::type_info* type);
extern "C" void heddle_marker_copy_array(const gc::type_info* source_type, const gc::type_info* destination_type,
                                         const void* source, long source_index, void* destination,
                                         long destination_index, long count);
extern "C" void* heddle_marker_items(void* array, void* address, size_t bytes, bool to_write);
#endif

namespace detail {
template <class Item> struct item_of {};
template <class T> struct item_of<field<T>> {
    using value = T;
    static constexpr bool reference = false, is_constant = false;
};
template <class T> struct item_of<member<T>> {
    using value = T*;
    static constexpr bool reference = true, is_constant = false;
};
template <class T> struct item_of<const T> {
    using value = T;
    static constexpr bool reference = false, is_constant = true;
};
template <class T> struct item_of<T* const> {
    using value = T*;
    static constexpr bool reference = true, is_constant = true;
};
template <class Tag> constexpr bool is_immutable_tag() {
    if constexpr (requires { Tag::immutable; })
        return Tag::immutable;
    else
        return false;
}
} // namespace detail

// In translated builds each use of an array class names it, so that every file describes those it uses.
#ifdef HEDDLE_TRANSLATE
#define HEDDLE_DESCRIBE_ARRAY (void)&heddle_describe
#else
#define HEDDLE_DESCRIBE_ARRAY (void)0
#endif

template <class Item, class Tag = void> class array : public cell {
    using traits = detail::item_of<Item>;

public:
    using heddle_class = array;
    using item_type = Item;
    using value_type = typename traits::value;

    HEDDLE_INLINE long length() const {
#ifdef HEDDLE_TRANSLATE
        return heddle_marker_array_length(this, heddle_type());
#else
        return static_cast<long>(length_);
#endif
    }
    HEDDLE_INLINE value_type get(long index) const {
        HEDDLE_DESCRIBE_ARRAY;
        if constexpr (traits::is_constant)
            return items_[index];
        else
            return items_[index].get();
    }
    HEDDLE_INLINE void set(long index, value_type value)
        requires(!traits::is_constant)
    {
        HEDDLE_DESCRIBE_ARRAY;
#ifndef HEDDLE_TRANSLATE
        if constexpr (traits::reference) gc::write_barrier_array(this, index);
#endif
        items_[index].set(value);
    }
    HEDDLE_INLINE value_type operator[](long index) const { return get(index); }
    // The memory of items [first, first + count) of mutable data, to be read, or read and written, until the next
    // safepoint. Functions that use it are not traced.
    HEDDLE_INLINE const value_type* items_to_read(long first, long count) const
        requires(!traits::reference && !traits::is_constant)
    {
        return const_cast<array*>(this)->memory_of(first, count, false);
    }
    HEDDLE_INLINE value_type* items_to_write(long first, long count)
        requires(!traits::reference && !traits::is_constant)
    {
        return memory_of(first, count, true);
    }
    // The same of all items, pinned or between safepoints. Of mutable ones, VMs with threads (--stm) refuse it.
    HEDDLE_INLINE value_type* data()
        requires(!traits::reference)
    {
        HEDDLE_DESCRIBE_ARRAY;
        return reinterpret_cast<value_type*>(const_cast<std::remove_const_t<Item>*>(&items_[0]));
    }
    HEDDLE_INLINE const value_type* data() const
        requires(!traits::reference)
    {
        HEDDLE_DESCRIBE_ARRAY;
        return reinterpret_cast<const value_type*>(&items_[0]);
    }

    HEDDLE_INLINE static gc::type_info* heddle_type();
    static constexpr gc::type_info heddle_make_type() {
        gc::type_info t{};
        t.name = traits::reference ? "array of references" : "array of data";
        t.fixed_size = sizeof(int64_t);
        t.item_size = sizeof(Item);
        t.length_offset = 0;
        t.items_offset = sizeof(int64_t);
        t.items_are_references = traits::reference;
        return t;
    }
#ifdef HEDDLE_TRANSLATE
    __attribute__((used, noinline)) static void heddle_describe(array* self) {
        heddle_marker_array(heddle_type(), self, &self->items_[1], traits::reference, traits::is_constant,
                            detail::is_immutable_tag<Tag>());
    }
#endif
private:
    HEDDLE_INLINE value_type* memory_of(long first, [[maybe_unused]] long count, [[maybe_unused]] bool to_write) {
        HEDDLE_DESCRIBE_ARRAY;
#ifdef HEDDLE_TRANSLATE
        return static_cast<value_type*>(
            heddle_marker_items(this, &items_[first], static_cast<size_t>(count) * sizeof(Item), to_write));
#else
        return reinterpret_cast<value_type*>(&items_[first]);
#endif
    }
    HEDDLE_INLINE array() : length_(0) {} // never runs: make_array allocates and sets the length
    static_assert(sizeof(Item) <= 8);
    const int64_t length_; // 64 bits on every target
    std::remove_const_t<Item> items_[0];
    static gc::registration heddle_registration;
};

namespace detail {
template <class Item, class Tag>
inline constinit gc::type_info type_of_class<array<Item, Tag>> = array<Item, Tag>::heddle_make_type();
} // namespace detail
template <class Item, class Tag> HEDDLE_INLINE gc::type_info* array<Item, Tag>::heddle_type() {
    (void)&heddle_registration;
    HEDDLE_DESCRIBE_ARRAY;
    return &detail::type_of_class<array<Item, Tag>>;
}
template <class Item, class Tag> gc::registration array<Item, Tag>::heddle_registration{&array<Item, Tag>::heddle_type};

// Copies count items; the ranges may overlap in one array. Traces do it in one operation, or between different array
// classes in one call.
extern "C" void heddle_copy_array(const void* source, long source_index, void* destination, long destination_index,
                                  long count);
#ifdef HEDDLE_TRANSLATE
namespace detail {
template <class From, class To>
HEDDLE_DONT_LOOK_INSIDE void copy_between(const From* source, long from, To* destination, long to, long count) {
    heddle_marker_copy_array(From::heddle_type(), To::heddle_type(), source, from, destination, to, count);
}
} // namespace detail
#endif
template <class Item, class From, class To>
HEDDLE_INLINE void copy_items(const array<Item, From>* source, long from, array<Item, To>* destination, long to,
                              long count) {
#ifdef HEDDLE_TRANSLATE
    if constexpr (std::is_same_v<From, To>)
        heddle_marker_copy_array(array<Item, From>::heddle_type(), array<Item, To>::heddle_type(), source, from,
                                 destination, to, count);
    else
        detail::copy_between(source, from, destination, to, count);
#else
    heddle_copy_array(source, from, destination, to, count);
#endif
}
// For copy_items<Item>(...) of what only converts to an array's pointer (a member<>).
template <class Item>
HEDDLE_INLINE void copy_items(const array<Item>* source, long from, array<Item>* destination, long to, long count) {
    copy_items<Item, void, void>(source, from, destination, to, count);
}

} // namespace heddle
