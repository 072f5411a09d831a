// GC objects are C++ objects: `object` is the base of those with virtual methods (all but arrays), HEDDLE_GC_CLASS
// tells the collector and the translator a class's layout.
//
//     struct W_Int : heddle::object {
//         explicit W_Int(long v) : value(v) {}
//         const long value;
//         HEDDLE_GC_CLASS(W_Int, heddle::object, value)
//     };
//     W_Int* w = heddle::make<W_Int>(5);
//
// Rules. Every non-static data member is one of: const plain data; T* const, a reference to a GC object that never
// changes (T derives from object or is an array); const raw<T>, a pointer to memory that isn't the collector's;
// field<T>, mutable plain data; member<T>, a mutable reference; weak_member<T> (at most one). All are listed in
// HEDDLE_GC_CLASS, which comes last in the class. Constructors take their arguments ready-made and must not allocate.
// Inheritance is single. A GC object lives only where make<> put it. A finalizer is a `static void finalize(Class*)`
// named by HEDDLE_GC_CLASS_FINALIZED.
#pragma once
#include "heddle/config.h"
#include "heddle/gc/gc.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace heddle {

template <class T> class field;
template <class T> class member;
template <class T> class weak_member;

// A pointer to memory outside the collector's heap, as a const member of a GC class.
template <class T> struct raw {
    T* pointer;
    HEDDLE_INLINE raw(T* p) : pointer(p) {}
    HEDDLE_INLINE operator T*() const { return pointer; }
    HEDDLE_INLINE T* operator->() const { return pointer; }
};

// What both objects and arrays are.
class cell {
public:
    cell(const cell&) = delete;
    cell& operator=(const cell&) = delete;
    static void* operator new(size_t) = delete;
    HEDDLE_INLINE static void* operator new(size_t, void* memory) { return memory; }

protected:
    HEDDLE_INLINE cell() {}
};

namespace detail {
enum class slot_type : uint8_t { data, constant_data, reference, constant_reference, weak };
template <class T> struct slot_of {
    static constexpr slot_type type = slot_type::data;
    static constexpr bool allowed = false;
};
template <class T> struct slot_of<field<T>> {
    static constexpr slot_type type = slot_type::data;
    static constexpr bool allowed = true;
};
template <class T> struct slot_of<member<T>> {
    static constexpr slot_type type = slot_type::reference;
    static constexpr bool allowed = true;
};
template <class T> struct slot_of<weak_member<T>> {
    static constexpr slot_type type = slot_type::weak;
    static constexpr bool allowed = true;
};
template <class T> struct slot_of<const T> {
    static constexpr slot_type type = slot_type::constant_data;
    static constexpr bool allowed = true;
};
template <class T> struct slot_of<T* const> {
    static constexpr slot_type type = slot_type::constant_reference;
    static constexpr bool allowed = true;
};
template <class T> struct slot_of<const raw<T>> {
    static constexpr slot_type type = slot_type::constant_data;
    static constexpr bool allowed = true;
};

// The class that a member refers to.
template <class T> struct target_of {};
template <class T> struct target_of<member<T>> {
    using type = T;
};
template <class T> struct target_of<T* const> {
    using type = T;
};

template <class T> constexpr bool refers_to_array() {
    return requires { typename target_of<T>::type::item_type; };
}

struct slot_entry {
    uint32_t offset;
    slot_type type;
};
constexpr bool holds_reference(slot_type t) { return t == slot_type::reference || t == slot_type::constant_reference; }

template <size_t N> constexpr size_t count_references(const std::array<slot_entry, N>& slots) {
    size_t n = 0;
    for (auto& s : slots) n += holds_reference(s.type);
    return n;
}
// The base's reference offsets, then this class's own.
template <size_t M, size_t B, size_t N>
constexpr std::array<uint32_t, M> join_references(const std::array<uint32_t, B>& base,
                                                  const std::array<slot_entry, N>& slots) {
    std::array<uint32_t, M> all{};
    size_t n = 0;
    for (auto o : base) all[n++] = o;
    for (auto& s : slots)
        if (holds_reference(s.type)) all[n++] = s.offset;
    return all;
}
} // namespace detail

class object : public cell {
public:
    using heddle_class = object;
    HEDDLE_INLINE static gc::type_info* heddle_type();
    static constexpr std::array<uint32_t, 0> heddle_references() { return {}; }
    static constexpr gc::type_info heddle_make_type() {
        gc::type_info t{};
        t.name = "object";
        t.fixed_size = sizeof(void*);
        return t;
    }

protected:
    HEDDLE_INLINE object() {}

private:
    virtual void heddle_anchor() const {} // every object has a vtable pointer at its start
    static inline gc::registration heddle_registration{&heddle_type};
};

namespace detail {
template <class T> inline constexpr auto references_of = T::heddle_references();
template <class T> inline constinit gc::type_info type_of_class = T::heddle_make_type();
} // namespace detail
HEDDLE_INLINE gc::type_info* object::heddle_type() { return &detail::type_of_class<object>; }

#ifdef HEDDLE_TRANSLATE
extern "C" {
void heddle_marker_class(const gc::type_info* type, const void* one_past);
void heddle_marker_field(const gc::type_info* type, const char* name, uint32_t offset, uint32_t size,
                         uint32_t slot_type);
void heddle_marker_virtualizable(const gc::type_info* type, uint32_t offset, const gc::type_info* array);
bool heddle_marker_is(const void* object, const gc::type_info* type);
bool heddle_marker_is_exact(const void* object, const gc::type_info* type);
}
#define HEDDLE_DESCRIBE_FIELD(Class, name)                                                \
    heddle_marker_field(heddle_type(), #name, offsetof(Class, name), sizeof(Class::name), \
                        static_cast<uint32_t>(::heddle::detail::slot_of<decltype(Class::name)>::type));
#define HEDDLE_DESCRIBE(Class, ...)                                              \
    __attribute__((used, noinline)) static void heddle_describe(Class* self) {   \
        using namespace ::heddle;                                                \
        heddle_marker_class(heddle_type(), self + 1);                            \
        HEDDLE_FOR_EACH(HEDDLE_DESCRIBE_FIELD, Class __VA_OPT__(, ) __VA_ARGS__) \
    }
#else
#define HEDDLE_DESCRIBE(Class, ...)
#endif

// The frame's class of an interpreter: `name`, a member that refers to its array of slots. While the portal runs a
// frame, its array is touched only by code that was given the frame or the array as an argument, and the array is
// referred to by nothing but this member; the translator refuses stores of it elsewhere. Comes after HEDDLE_GC_CLASS.
#define HEDDLE_VIRTUALIZABLE(Class, name)                                                           \
    static_assert(::heddle::detail::refers_to_array<decltype(Class::name)>(),                       \
                  #Class "::" #name ": HEDDLE_VIRTUALIZABLE takes a reference to a heddle::array"); \
    HEDDLE_DESCRIBE_VIRTUALIZABLE(Class, name)
#ifdef HEDDLE_TRANSLATE
#define HEDDLE_DESCRIBE_VIRTUALIZABLE(Class, name)                                                                \
    HEDDLE_IGNORE_OFFSETOF                                                                                        \
    __attribute__((used, noinline)) static void heddle_describe_virtualizable(Class*) {                           \
        if constexpr (::heddle::detail::refers_to_array<decltype(Class::name)>())                                 \
            heddle_marker_virtualizable(heddle_type(), offsetof(Class, name),                                     \
                                        ::heddle::detail::target_of<decltype(Class::name)>::type::heddle_type()); \
    }                                                                                                             \
    _Pragma("GCC diagnostic pop")
#else
#define HEDDLE_DESCRIBE_VIRTUALIZABLE(Class, name)
#endif

// Calls M(context, x) for each further argument, up to 64.
#define HEDDLE_PARENTHESES ()
#define HEDDLE_EXPAND(...) HEDDLE_EXPAND3(HEDDLE_EXPAND3(HEDDLE_EXPAND3(HEDDLE_EXPAND3(__VA_ARGS__))))
#define HEDDLE_EXPAND3(...) HEDDLE_EXPAND2(HEDDLE_EXPAND2(HEDDLE_EXPAND2(HEDDLE_EXPAND2(__VA_ARGS__))))
#define HEDDLE_EXPAND2(...) HEDDLE_EXPAND1(HEDDLE_EXPAND1(HEDDLE_EXPAND1(HEDDLE_EXPAND1(__VA_ARGS__))))
#define HEDDLE_EXPAND1(...) __VA_ARGS__
#define HEDDLE_FOR_EACH(M, context, ...) __VA_OPT__(HEDDLE_EXPAND(HEDDLE_FOR_EACH_STEP(M, context, __VA_ARGS__)))
#define HEDDLE_FOR_EACH_STEP(M, context, x, ...) \
    M(context, x) __VA_OPT__(HEDDLE_FOR_EACH_AGAIN HEDDLE_PARENTHESES(M, context, __VA_ARGS__))
#define HEDDLE_FOR_EACH_AGAIN() HEDDLE_FOR_EACH_STEP

#define HEDDLE_SLOT(Class, name)                                               \
    ::heddle::detail::slot_entry{static_cast<uint32_t>(offsetof(Class, name)), \
                                 ::heddle::detail::slot_of<decltype(Class::name)>::type},
#define HEDDLE_CHECK_SLOT(Class, name)                                    \
    static_assert(                                                        \
        ::heddle::detail::slot_of<decltype(Class::name)>::allowed, #Class \
        "::" #name                                                        \
        ": a GC class's data member must be field<T>, member<T>, weak_member<T> or const; make it one of these");
#define HEDDLE_IGNORE_OFFSETOF _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Winvalid-offsetof\"")

#define HEDDLE_GC_CLASS(Class, Base, ...) HEDDLE_GC_CLASS_WITH(Class, Base, , __VA_ARGS__)
// finalizer: runs once after the object was found dead. HEDDLE_LIGHT_FINALIZED: it only frees foreign memory.
#define HEDDLE_GC_CLASS_FINALIZED(Class, Base, ...) \
    HEDDLE_GC_CLASS_WITH(Class, Base, HEDDLE_FINALIZER(Class, false), __VA_ARGS__)
#define HEDDLE_GC_CLASS_LIGHT_FINALIZED(Class, Base, ...) \
    HEDDLE_GC_CLASS_WITH(Class, Base, HEDDLE_FINALIZER(Class, true), __VA_ARGS__)
#define HEDDLE_FINALIZER(Class, light) \
    t.has_finalizer = true;            \
    t.finalizer_is_light = light;      \
    t.finalizer = [](void* o) { finalize(static_cast<Class*>(o)); };

#define HEDDLE_GC_CLASS_WITH(Class, Base, extra, ...)                                                               \
public:                                                                                                             \
    using heddle_class = Class;                                                                                     \
    HEDDLE_IGNORE_OFFSETOF                                                                                          \
    static constexpr auto heddle_slots() {                                                                          \
        HEDDLE_FOR_EACH(HEDDLE_CHECK_SLOT, Class __VA_OPT__(, ) __VA_ARGS__)                                        \
        constexpr ::heddle::detail::slot_entry slots[] = {                                                          \
            HEDDLE_FOR_EACH(HEDDLE_SLOT, Class __VA_OPT__(, ) __VA_ARGS__){0, ::heddle::detail::slot_type::data}};  \
        std::array<::heddle::detail::slot_entry, sizeof(slots) / sizeof(slots[0])> all{};                           \
        for (size_t i = 0; i < all.size(); i++) all[i] = slots[i];                                                  \
        return all;                                                                                                 \
    }                                                                                                               \
    static constexpr auto heddle_references() {                                                                     \
        constexpr auto base = Base::heddle_references();                                                            \
        constexpr auto slots = heddle_slots();                                                                      \
        return ::heddle::detail::join_references<base.size() + ::heddle::detail::count_references(slots)>(base,     \
                                                                                                          slots);   \
    }                                                                                                               \
    static constexpr ::heddle::gc::type_info heddle_make_type() {                                                   \
        static_assert(std::is_base_of_v<::heddle::object, Base> || std::is_same_v<::heddle::object, Base>,          \
                      #Class ": the base must be heddle::object or derive from it");                                \
        ::heddle::gc::type_info t{};                                                                                \
        t.name = #Class;                                                                                            \
        t.base = &::heddle::detail::type_of_class<Base>;                                                            \
        t.fixed_size = sizeof(Class);                                                                               \
        t.reference_offsets = ::heddle::detail::references_of<Class>.data();                                        \
        t.reference_count = ::heddle::detail::references_of<Class>.size();                                          \
        for (auto& s : heddle_slots())                                                                              \
            if (s.type == ::heddle::detail::slot_type::weak) {                                                      \
                t.is_weak = true;                                                                                   \
                t.weak_offset = s.offset;                                                                           \
            }                                                                                                       \
        extra return t;                                                                                             \
    }                                                                                                               \
    HEDDLE_INLINE static ::heddle::gc::type_info* heddle_type() { return &::heddle::detail::type_of_class<Class>; } \
    HEDDLE_DESCRIBE(Class __VA_OPT__(, ) __VA_ARGS__)                                                               \
_Pragma("GCC diagnostic pop") private : static inline ::heddle::gc::registration heddle_registration{&heddle_type}; \
                                                                                                                    \
public:

// ---- class tests and casts. The object must not be null.
// ------------------------------------------------------------------
template <class T> HEDDLE_INLINE bool is(const cell* o) {
#ifdef HEDDLE_TRANSLATE
    return heddle_marker_is(o, T::heddle_type());
#else
    const gc::type_info* t = T::heddle_type();
    return gc::type_id_of(o) - t->id <= t->last_id - t->id;
#endif
}
template <class T> HEDDLE_INLINE bool is_exact(const cell* o) {
#ifdef HEDDLE_TRANSLATE
    return heddle_marker_is_exact(o, T::heddle_type());
#else
    return gc::type_id_of(o) == T::heddle_type()->id;
#endif
}
// The object as a T, or null if it isn't one.
template <class T> HEDDLE_INLINE T* as(cell* o) { return is<T>(o) ? static_cast<T*>(o) : nullptr; }
template <class T> HEDDLE_INLINE T* as_exact(cell* o) { return is_exact<T>(o) ? static_cast<T*>(o) : nullptr; }

} // namespace heddle
