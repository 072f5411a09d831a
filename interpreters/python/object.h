// The root of heddle-python's object model, and what every file needs: forward declarations, the table of built-in
// types, the interned names.
//
// Every Python value is a W_Object. Operators and protocols are found as dunder methods in the value's type
// (operations.h), for built-in types too: one mechanism for builtins, user classes and subclasses of builtins, which
// traces fold to nothing because a type's lookup is elidable for a given version of the type. The interpreter tests for
// the commonest exact classes first. Two virtual methods remain: type() and attributes(). Traced code keeps to these
// rules: no address of a local escapes, loops live in functions of their own, error paths with formatted text are
// behind calls that traces do not follow.
#pragma once
#include "heddle/heddle.h"

namespace heddle::python {

struct W_Object;
struct W_Type;
struct W_Str;
struct W_Instance;
struct W_Int;
struct W_Tuple;
struct W_List;
struct W_Dict;
struct W_Set;
struct W_Function;
struct W_Builtin;
struct W_Code;
struct W_Frame;
struct W_Exception;
struct W_Arguments;
struct ExecutionContext;
struct Map;
struct VersionTag;

// Arrays of values, a class for each use (heddle/array.h): a store into one changes none of the others.
struct object_items_tag {
    static constexpr bool immutable = true; // written only while the array is new
};
using object_array = heddle::array<heddle::member<W_Object>, object_items_tag>; // tuples' items, arguments, names
struct frame_slots_tag {};
using frame_slots = heddle::array<heddle::member<W_Object>, frame_slots_tag>;
struct list_items_tag {};
using list_items = heddle::array<heddle::member<W_Object>, list_items_tag>;
struct attribute_values_tag {};
using attribute_values = heddle::array<heddle::member<W_Object>, attribute_values_tag>; // of instances
struct dict_keys_tag {};
using dict_keys = heddle::array<heddle::member<W_Object>, dict_keys_tag>;
struct dict_values_tag {};
using dict_values = heddle::array<heddle::member<W_Object>, dict_values_tag>;

struct W_Object : heddle::object {
    virtual W_Type* type() const = 0;
    // Where the value keeps attributes that its own class does not declare (map and storage); null if it cannot have
    // any.
    virtual W_Instance* attributes() { return nullptr; }
    HEDDLE_GC_CLASS(W_Object, heddle::object)
};

// ---- the built-in types -------------------------------------------------------------------------------------------
enum class T : long {
#define HEDDLE_PYTHON_TYPE(identifier, name, base, layout) identifier,
#include "builtin_types.def"
    count
};
extern root<heddle::array<member<W_Type>>> builtin_types;
HEDDLE_ELIDABLE inline W_Type* type_of(T id) { return builtin_types->get(static_cast<long>(id)); }

// ---- interned names
// ---------------------------------------------------------------------------------------------------
enum class N : long {
#define HEDDLE_PYTHON_NAME(identifier, text) identifier,
#include "names.def"
    count
};
extern root<heddle::array<member<W_Str>>> interned_names;
HEDDLE_ELIDABLE inline W_Str* name_of(N id) { return interned_names->get(static_cast<long>(id)); }

// ---- singletons
// -------------------------------------------------------------------------------------------------------
extern root<heddle::array<member<W_Object>>> singletons; // None, False, True, NotImplemented, Ellipsis
HEDDLE_ELIDABLE inline W_Object* singleton(long index) { return singletons->get(index); }
HEDDLE_INLINE W_Object* none() { return singleton(0); }
HEDDLE_INLINE W_Object* boolean(bool value) { return value ? singleton(2) : singleton(1); }
HEDDLE_INLINE W_Object* not_implemented() { return singleton(3); }
HEDDLE_INLINE W_Object* ellipsis() { return singleton(4); }

#define HEDDLE_PYTHON_TYPED(identifier) \
    W_Type* type() const override { return type_of(T::identifier); }

} // namespace heddle::python
