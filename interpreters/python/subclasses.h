// The C++ classes of instances of Python subclasses of built-in types: the value, plus an instance for the attributes.
#pragma once
#include "containers.h"

namespace heddle::python {

struct W_IntSubclass : W_Int {
    W_IntSubclass(W_Int* v, W_Instance* o) : W_Int(v->value), own(o) {}
    HEDDLE_PYTHON_SUBCLASS_MEMBERS(W_IntSubclass, W_Int)
};
struct W_FloatSubclass : W_Float {
    W_FloatSubclass(W_Float* v, W_Instance* o) : W_Float(v->value), own(o) {}
    HEDDLE_PYTHON_SUBCLASS_MEMBERS(W_FloatSubclass, W_Float)
};
struct W_StrSubclass : W_Str {
    W_StrSubclass(W_Str* v, W_Instance* o) : W_Str(v->narrow, v->wide), own(o) {}
    HEDDLE_PYTHON_SUBCLASS_MEMBERS(W_StrSubclass, W_Str)
};
struct W_BytesSubclass : W_Bytes {
    W_BytesSubclass(W_Bytes* v, W_Instance* o) : W_Bytes(v->data), own(o) {}
    HEDDLE_PYTHON_SUBCLASS_MEMBERS(W_BytesSubclass, W_Bytes)
};
struct W_TupleSubclass : W_Tuple {
    W_TupleSubclass(W_Tuple* v, W_Instance* o) : W_Tuple(v->items), own(o) {}
    HEDDLE_PYTHON_SUBCLASS_MEMBERS(W_TupleSubclass, W_Tuple)
};
struct W_ListSubclass : W_List {
    explicit W_ListSubclass(W_Instance* o) : W_List(list_kind::empty, nullptr, 0), own(o) {}
    HEDDLE_PYTHON_SUBCLASS_MEMBERS(W_ListSubclass, W_List)
};
struct W_DictSubclass : W_Dict {
    explicit W_DictSubclass(W_Instance* o) : own(o) {}
    HEDDLE_PYTHON_SUBCLASS_MEMBERS(W_DictSubclass, W_Dict)
};
struct W_SetSubclass : W_Set {
    W_SetSubclass(W_Dict* t, W_Instance* o) : W_Set(t), own(o) {}
    HEDDLE_PYTHON_SUBCLASS_MEMBERS(W_SetSubclass, W_Set)
};
struct W_FrozenSetSubclass : W_FrozenSet {
    W_FrozenSetSubclass(W_Dict* t, W_Instance* o) : W_FrozenSet(t), own(o) {}
    HEDDLE_PYTHON_SUBCLASS_MEMBERS(W_FrozenSetSubclass, W_FrozenSet)
};
struct W_PropertySubclass : W_Property {
    W_PropertySubclass(W_Property* p, W_Instance* o) : W_Property(p->getter, p->setter, p->deleter, p->doc), own(o) {}
    HEDDLE_PYTHON_SUBCLASS_MEMBERS(W_PropertySubclass, W_Property)
};

} // namespace heddle::python
