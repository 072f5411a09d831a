// Types, instances and their hidden classes, and the descriptors that live in types.
//
// Map: a hidden class. It says which type an object has and where each attribute lies. Objects that got the same
// attributes in the same order share a map. An attribute that was first an exact int or float is kept by its bits,
// without an object, until something else is stored there: a map proves the attribute's class. After an instance's
// __dict__ was asked for, or an attribute was deleted, or there are too many, its attributes live in a W_Dict in
// storage[0] (a map with `in_dict`).
// VersionTag: a type gets a new one whenever it or one of its bases changes, so that a lookup in a type is elidable for
// (type, version, name). A class attribute that is assigned again and again moves into an AttributeCell, so that the
// version can stay.
#pragma once
#include "object.h"
#include "values.h"

namespace heddle::python {

struct VersionTag : heddle::object {
    explicit VersionTag(long n) : number(n) {}
    const long number; // unique, for hashing
    HEDDLE_GC_CLASS(VersionTag, heddle::object, number)
};
HEDDLE_DONT_LOOK_INSIDE VersionTag* new_version();

enum class attribute_kind : long { object, int_, float_ }; // numbers: exact ints and floats
HEDDLE_INLINE attribute_kind attribute_kind_of(W_Object* value) {
    return is_exact<W_Int>(value)     ? attribute_kind::int_
           : is_exact<W_Float>(value) ? attribute_kind::float_
                                      : attribute_kind::object;
}
// A map also stands for its last attribute, whose place is `index` in the storage or, by its kind, in the numbers.
struct Map : heddle::object {
    Map(W_Type* t, Map* p, W_Str* n, attribute_kind k, bool d)
        : type(t), parent(p), name(n), kind(k), index(!p                            ? -1
                                                      : k == attribute_kind::object ? p->objects
                                                                                    : p->numbers),
          count(p ? p->count + 1 : 0), objects(p ? p->objects + (k == attribute_kind::object) : 0),
          numbers(p ? p->numbers + (k != attribute_kind::object) : 0), in_dict(d), unstable(0), first_child(nullptr),
          sibling(nullptr) {}
    W_Type* const type;
    Map* const parent; // null for a type's root map
    W_Str* const name; // interned; null for the root
    const attribute_kind kind;
    const long index;
    const long count;            // attributes in all
    const long objects, numbers; // those in the storage, those in the numbers
    const long in_dict;
    HEDDLE_QUASI_IMMUTABLE field<long> unstable; // a number that was seen to be something else: no more such objects
    member<Map> first_child;                     // transitions: the maps with one attribute more
    member<Map> sibling;
    HEDDLE_GC_CLASS(Map, heddle::object, type, parent, name, kind, index, count, objects, numbers, in_dict, unstable,
                    first_child, sibling)
};
constexpr long map_attribute_limit = 80;
HEDDLE_ELIDABLE Map* map_find(Map* map, W_Str* name);                      // the attribute, or null
HEDDLE_ELIDABLE Map* map_with(Map* map, W_Str* name, attribute_kind kind); // the transition; made when first asked for
HEDDLE_ELIDABLE Map* map_for_type(W_Type* type);                           // the root map
HEDDLE_ELIDABLE Map* map_in_dict(W_Type* type); // for objects whose attributes are in a W_Dict

struct attribute_numbers_tag {};
using attribute_numbers = heddle::array<field<number_slot>, attribute_numbers_tag>;
struct W_Instance : W_Object {
    W_Instance(Map* m, attribute_values* s, attribute_numbers* n = nullptr) : map(m), storage(s), numbers(n) {}
    W_Type* type() const override { return jit::promote(map.get())->type; }
    W_Instance* attributes() override { return this; }
    member<Map> map;
    member<attribute_values> storage;  // null while there are none
    member<attribute_numbers> numbers; // the same
    HEDDLE_GC_CLASS(W_Instance, W_Object, map, storage, numbers)
};
HEDDLE_INLINE W_Object* attribute_read(W_Instance* instance, Map* attribute) {
    switch (attribute->kind) {
    case attribute_kind::object: return instance->storage->get(attribute->index);
    case attribute_kind::int_: return make_int(long_of_slot(instance->numbers->get(attribute->index)));
    default: return make_float(double_of_slot(instance->numbers->get(attribute->index)));
    }
}
// False: the value is not of the attribute's kind.
HEDDLE_INLINE bool attribute_write(W_Instance* instance, Map* attribute, W_Object* value) {
    switch (attribute->kind) {
    case attribute_kind::object: instance->storage->set(attribute->index, value); return true;
    case attribute_kind::int_:
        if (!is_exact<W_Int>(value)) return false;
        instance->numbers->set(attribute->index, slot_of_long(static_cast<W_Int*>(value)->value));
        return true;
    default:
        if (!is_exact<W_Float>(value)) return false;
        instance->numbers->set(attribute->index, slot_of_double(static_cast<W_Float*>(value)->value));
        return true;
    }
}
HEDDLE_INLINE bool attribute_has_room(W_Instance* instance, Map* attribute) {
    if (attribute->kind == attribute_kind::object)
        return instance->storage && attribute->index < instance->storage->length();
    return instance->numbers && attribute->index < instance->numbers->length();
}
// Attributes of an instance, not looking at its type. Null: not there (never a pending error).
W_Object* instance_get(W_Instance* instance, W_Str* name);
void instance_set(W_Instance* instance, W_Str* name, W_Object* value);
HEDDLE_DONT_LOOK_INSIDE bool instance_delete(W_Instance* instance, W_Str* name);
HEDDLE_DONT_LOOK_INSIDE W_Dict* instance_dict(W_Instance* instance); // moves the attributes into a dict for good
HEDDLE_DONT_LOOK_INSIDE Result<void> instance_replace_dict(W_Instance* instance, W_Object* dict);
HEDDLE_DONT_LOOK_INSIDE object_array* instance_names(W_Instance* instance); // names in order of insertion

// The C++ class of a type's instances.
enum class layout : long {
    none,
    object,
    type,
    int_,
    float_,
    str,
    bytes,
    tuple,
    list,
    dict,
    set,
    frozenset,
    exception,
    property
};

struct W_Type : W_Object {
    W_Type(W_Str* n, W_Type* meta, W_Type* solid, layout l, W_Dict* d, bool builtin)
        : name(n), metatype(meta), base(solid), instance_layout(l), dict(d), version(nullptr), mro(nullptr),
          bases(nullptr), subclasses(nullptr), root_map(nullptr), dict_map(nullptr), constructor(nullptr),
          instance_size(0), instance_numbers(0), is_builtin(builtin), has_dict(!builtin), has_slots(0), qualname(n) {}
    W_Type* type() const override { return metatype ? metatype : type_of(T::type); }
    W_Instance* attributes() override { return nullptr; }
    member<W_Str> name;
    W_Type* const metatype; // null: `type`
    W_Type* const base;     // the first base; null for object
    const layout instance_layout;
    W_Dict* const dict; // values may be AttributeCells
    HEDDLE_QUASI_IMMUTABLE member<VersionTag> version;
    member<object_array> mro; // W_Types, this one first; set once
    member<W_Tuple> bases;
    member<W_List> subclasses;
    member<Map> root_map;
    member<Map> dict_map;
    HEDDLE_QUASI_IMMUTABLE member<W_Object>
        constructor; // built-in types: a W_Builtin that makes an instance from the arguments
    // How many attributes instances were seen to have, for sizing storages and numbers.
    HEDDLE_QUASI_IMMUTABLE field<long> instance_size;
    HEDDLE_QUASI_IMMUTABLE field<long> instance_numbers;
    const long is_builtin;                       // attributes can't be set
    HEDDLE_QUASI_IMMUTABLE field<long> has_dict; // instances may have any attribute (no __slots__, or a base without)
    field<long> has_slots;
    member<W_Str> qualname;
    HEDDLE_GC_CLASS(W_Type, W_Object, name, metatype, base, instance_layout, dict, version, mro, bases, subclasses,
                    root_map, dict_map, constructor, instance_size, instance_numbers, is_builtin, has_dict, has_slots,
                    qualname)
};
struct AttributeCell : W_Object {
    explicit AttributeCell(W_Object* v) : value(v) {}
    HEDDLE_PYTHON_TYPED(cell)
    member<W_Object> value;
    HEDDLE_GC_CLASS(AttributeCell, W_Object, value)
};
HEDDLE_INLINE W_Object* unwrap_attribute(W_Object* value) {
    return value && is_exact<AttributeCell>(value) ? static_cast<AttributeCell*>(value)->value.get() : value;
}
// The attribute in the type's mro, or null. May be an AttributeCell in the raw form.
HEDDLE_ELIDABLE W_Object* type_lookup_raw(W_Type* type, VersionTag* version, W_Str* name);
HEDDLE_INLINE W_Object* type_lookup(W_Type* type, W_Str* name) {
    W_Type* constant = jit::promote(type);
    return unwrap_attribute(type_lookup_raw(constant, jit::promote(constant->version.get()), name));
}
HEDDLE_INLINE W_Object* type_lookup(W_Type* type, N name) { return type_lookup(type, name_of(name)); }
// The same, starting after `after` in the mro (super).
HEDDLE_ELIDABLE W_Object* type_lookup_after(W_Type* type, VersionTag* version, W_Type* after, W_Str* name);
HEDDLE_ELIDABLE bool is_subtype(W_Type* type, W_Type* of);
HEDDLE_INLINE bool is_instance(W_Object* o, W_Type* type) {
    W_Type* own = o->type();
    return own == type || is_subtype(own, type);
}
HEDDLE_INLINE bool is_instance(W_Object* o, T id) { return is_instance(o, type_of(id)); }
HEDDLE_DONT_LOOK_INSIDE void type_set_own(W_Type* type, W_Str* name, W_Object* value);
HEDDLE_DONT_LOOK_INSIDE void type_changed(W_Type* type);
HEDDLE_DONT_LOOK_INSIDE Result<W_Type*> make_class(W_Type* metatype, W_Str* name, W_Tuple* bases, W_Dict* dict);
HEDDLE_DONT_LOOK_INSIDE std::string type_name(W_Object* o); // of o's type, UTF-8
std::string name_text(W_Type* type);
// An instance without attributes. layout object or exception only; others: wrap_for_subclass.
W_Instance* allocate_instance(W_Type* type);
// An object of the Python subclass `type` holding the built-in value (int 5 -> MyInt holding 5).
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> wrap_for_subclass(W_Type* type, W_Object* value);

// ---- descriptors ----------------------------------------------------------------------------------------------------
struct W_Property : W_Object {
    W_Property(W_Object* g, W_Object* s, W_Object* d, W_Object* text) : getter(g), setter(s), deleter(d), doc(text) {}
    HEDDLE_PYTHON_TYPED(property)
    member<W_Object> getter, setter, deleter, doc; // None when missing
    HEDDLE_GC_CLASS(W_Property, W_Object, getter, setter, deleter, doc)
};
struct W_ClassMethod : W_Object {
    explicit W_ClassMethod(W_Object* f) : function(f) {}
    HEDDLE_PYTHON_TYPED(classmethod)
    W_Object* const function;
    HEDDLE_GC_CLASS(W_ClassMethod, W_Object, function)
};
struct W_StaticMethod : W_Object {
    explicit W_StaticMethod(W_Object* f) : function(f) {}
    HEDDLE_PYTHON_TYPED(staticmethod)
    W_Object* const function;
    HEDDLE_GC_CLASS(W_StaticMethod, W_Object, function)
};
// A C++ getter and setter as an attribute of a built-in type.
using getter_function = Result<W_Object*>(W_Object*);
using setter_function = Result<W_Object*>(W_Object*, W_Object*); // value null: delete
struct W_GetSet : W_Object {
    W_GetSet(W_Str* n, getter_function* g, setter_function* s) : name(n), getter(g), setter(s) {}
    HEDDLE_PYTHON_TYPED(getset_descriptor)
    W_Str* const name;
    const raw<getter_function> getter;
    const raw<setter_function> setter; // null: read-only
    HEDDLE_GC_CLASS(W_GetSet, W_Object, name, getter, setter)
};
// An entry of __slots__.
struct W_SlotMember : W_Object {
    W_SlotMember(W_Str* n, W_Type* t) : name(n), owner(t) {}
    HEDDLE_PYTHON_TYPED(member_descriptor)
    W_Str* const name;
    W_Type* const owner;
    HEDDLE_GC_CLASS(W_SlotMember, W_Object, name, owner)
};
struct W_Super : W_Object {
    W_Super(W_Type* s, W_Object* o, W_Type* t) : start(s), self(o), self_type(t) {}
    HEDDLE_PYTHON_TYPED(super)
    W_Type* const start;
    W_Object* const self;    // null for an unbound super
    W_Type* const self_type; // whose mro is searched
    HEDDLE_GC_CLASS(W_Super, W_Object, start, self, self_type)
};
struct W_Module : W_Object {
    W_Module(W_Str* n, W_Dict* d) : name(n), dict(d) {}
    HEDDLE_PYTHON_TYPED(module)
    W_Str* const name;
    W_Dict* const dict;
    HEDDLE_GC_CLASS(W_Module, W_Object, name, dict)
};

// ---- instances of Python subclasses of built-in types: the value, and an instance for the attributes
// ---------------------
#define HEDDLE_PYTHON_SUBCLASS_MEMBERS(Class, Base)       \
    W_Type* type() const override { return own->type(); } \
    W_Instance* attributes() override { return own; }     \
    W_Instance* const own;                                \
    HEDDLE_GC_CLASS(Class, Base, own)

} // namespace heddle::python
