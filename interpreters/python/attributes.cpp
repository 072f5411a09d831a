// Attribute access: the descriptor protocol, for instances, types, modules and super.
#include "interpreter.h"

namespace heddle::python {
namespace {

HEDDLE_DONT_LOOK_INSIDE failure_type no_attribute(W_Object* o, W_Str* name) {
    std::string text;
    if (is<W_Type>(o))
        text = "type object '" + name_text(static_cast<W_Type*>(o)) + "' has no attribute '" + to_utf8(name) + "'";
    else if (is<W_Module>(o))
        text = "module '" + to_utf8(static_cast<W_Module*>(o)->name) + "' has no attribute '" + to_utf8(name) + "'";
    else
        text = "'" + type_name(o) + "' object has no attribute '" + to_utf8(name) + "'";
    raise_text(T::AttributeError, text.c_str());
    auto* exception = static_cast<W_Exception*>(pending_error());
    instance_set(exception, name_of(N::plain_name), name);
    instance_set(exception, name_of(N::obj), o);
    return failure;
}
HEDDLE_DONT_LOOK_INSIDE failure_type read_only_attribute(W_Object* o, W_Str* name) {
    return raise_error(T::AttributeError, "'%s' object attribute '%s' is read-only", type_name(o).c_str(),
                       to_utf8(name).c_str());
}
HEDDLE_DONT_LOOK_INSIDE failure_type property_error(W_Object* o, W_Str* name, const char* what) {
    return raise_error(T::AttributeError, "property '%s' of '%s' object has no %s", to_utf8(name).c_str(),
                       type_name(o).c_str(), what);
}
HEDDLE_DONT_LOOK_INSIDE failure_type not_writable(W_Str* name, W_Object* o) {
    return raise_error(T::AttributeError, "attribute '%s' of '%s' objects is not writable", to_utf8(name).c_str(),
                       type_name(o).c_str());
}

bool has_special(W_Object* o, N name) { return type_lookup(o->type(), name) != nullptr; }

HEDDLE_DONT_LOOK_INSIDE failure_type slot_error(W_Str* name) { return raise_with(T::AttributeError, name); }

Result<W_Object*> read_property(W_Property* property, W_Object* self, W_Str* name) {
    if (property->getter == none()) return property_error(self, name, "getter");
    return call_1(property->getter, self);
}

// Reading through a descriptor found in self's type. name is for error texts.
Result<W_Object*> read_descriptor(W_Object* descriptor, W_Object* self, W_Type* type, W_Str* name) {
    if (is<W_Property>(descriptor)) return read_property(static_cast<W_Property*>(descriptor), self, name);
    return bind_descriptor(descriptor, self, type);
}

Result<W_Object*> type_get_attribute(W_Type* type, W_Str* name) {
    W_Type* meta = type->type();
    W_Object* in_meta = type_lookup(meta, name);
    if (in_meta && is_data_descriptor(in_meta)) return read_descriptor(in_meta, type, meta, name);
    W_Object* own = type_lookup(type, name);
    if (own) return bind_descriptor(own, nullptr, type);
    if (in_meta) return read_descriptor(in_meta, type, meta, name);
    if (W_Object* hook = type_lookup(meta, N::getattr)) return call_2(hook, type, name);
    return no_attribute(type, name);
}

Result<W_Object*> module_get_attribute(W_Module* module, W_Str* name) {
    W_Dict* dict = jit::promote(module->dict);
    W_Object* value;
    VersionTag* version = jit::promote(dict->version.get());
    if (version) {
        value = global_lookup(dict, version, name);
        if (value && is_exact<GlobalCell>(value)) value = static_cast<GlobalCell*>(value)->value;
    } else {
        value = dict_get_str(dict, name);
    }
    if (value) return value;
    W_Object* in_type = type_lookup(module->type(), name);
    if (in_type) return bind_descriptor(in_type, module, module->type());
    if (W_Object* hook = dict_get_str(dict, name_of(N::getattr))) return call_1(hook, name);
    return no_attribute(module, name);
}

// After the usual places failed: __getattr__, or the error that is pending or due.
Result<W_Object*> missing_attribute(W_Object* o, W_Type* type, W_Str* name) {
    W_Object* hook = type_lookup(type, N::getattr);
    if (hook) {
        W_Object* bound = HEDDLE_TRY(bind_descriptor(hook, o, type));
        return call_1(bound, name);
    }
    return no_attribute(o, name);
}

Result<W_Object*> object_get_attribute(W_Object* o, W_Type* type, W_Str* name, bool use_hook) {
    W_Object* in_type = type_lookup(type, name);
    if (in_type && is_data_descriptor(in_type)) {
        auto result = read_descriptor(in_type, o, type, name);
        if (!result.failed() || !use_hook || !type_lookup(type, N::getattr) || !pending_is(T::AttributeError))
            return result;
        set_pending_error(nullptr);
        return missing_attribute(o, type, name);
    }
    W_Instance* attributes = o->attributes();
    if (attributes) {
        W_Object* value = instance_get(attributes, name);
        if (value) return value;
    }
    if (in_type) return bind_descriptor(in_type, o, type);
    if (!use_hook) return no_attribute(o, name);
    return missing_attribute(o, type, name);
}

} // namespace

bool is_data_descriptor(W_Object* descriptor) {
    if (is_exact<W_Function>(descriptor) || is_exact<W_Builtin>(descriptor) || is_exact<W_Int>(descriptor) ||
        is_exact<W_Str>(descriptor))
        return false;
    if (is<W_Property>(descriptor) || is_exact<W_GetSet>(descriptor) || is_exact<W_SlotMember>(descriptor)) return true;
    if (!is<W_Instance>(descriptor)) return false;
    return has_special(descriptor, N::set) || has_special(descriptor, N::delete_);
}

Result<W_Object*> bind_descriptor(W_Object* descriptor, W_Object* self, W_Type* type) {
    if (is_exact<W_Function>(descriptor)) {
        if (!self) return descriptor;
        return make<W_BoundMethod>(descriptor, self);
    }
    if (is_exact<W_Builtin>(descriptor)) {
        auto* builtin = static_cast<W_Builtin*>(descriptor);
        if (!self || !builtin->owner) return descriptor;
        return make<W_BoundMethod>(descriptor, self);
    }
    if (is<W_Property>(descriptor)) {
        if (!self) return descriptor;
        return read_property(static_cast<W_Property*>(descriptor), self, name_of(N::empty));
    }
    if (is_exact<W_ClassMethod>(descriptor)) {
        W_Object* function = static_cast<W_ClassMethod*>(descriptor)->function;
        if (is_exact<W_Function>(function) || is_exact<W_Builtin>(function)) return make<W_BoundMethod>(function, type);
        return bind_descriptor(function, type, type->type());
    }
    if (is_exact<W_StaticMethod>(descriptor)) return static_cast<W_StaticMethod*>(descriptor)->function;
    if (is_exact<W_GetSet>(descriptor)) {
        if (!self) return descriptor;
        return static_cast<W_GetSet*>(descriptor)->getter.pointer(self);
    }
    if (is_exact<W_SlotMember>(descriptor)) {
        if (!self) return descriptor;
        W_Str* name = static_cast<W_SlotMember*>(descriptor)->name;
        W_Instance* attributes = self->attributes();
        W_Object* value = attributes ? instance_get(attributes, name) : nullptr;
        if (!value) return no_attribute(self, name);
        return value;
    }
    if (is<W_Instance>(descriptor)) {
        W_Object* getter = type_lookup(descriptor->type(), N::get);
        if (getter) return call_3(getter, descriptor, self ? self : none(), type);
    }
    return descriptor;
}

Result<W_Object*> super_lookup(W_Super* super, W_Str* name) {
    W_Type* type = jit::promote(super->self_type);
    W_Object* found = nullptr;
    if (super->self && name != name_of(N::class_))
        found = type_lookup_after(type, jit::promote(type->version.get()), jit::promote(super->start), name);
    if (!found) return object_get_attribute(super, type_of(T::super), name, false);
    found = unwrap_attribute(found);
    // For super() in a class method, self is the type itself: functions stay unbound, class methods bind to it.
    if (super->self == super->self_type) return bind_descriptor(found, nullptr, type);
    return bind_descriptor(found, super->self, type);
}

Result<W_Object*> make_super(W_Object* start, W_Object* self) {
    if (!is<W_Type>(start)) return raise_text(T::TypeError, "super() argument 1 must be a type");
    auto* type = static_cast<W_Type*>(start);
    if (!self) return make<W_Super>(type, nullptr, nullptr);
    if (is<W_Type>(self) && is_subtype(static_cast<W_Type*>(self), type))
        return make<W_Super>(type, self, static_cast<W_Type*>(self));
    if (is_subtype(self->type(), type)) return make<W_Super>(type, self, self->type());
    return raise_text(T::TypeError, "super(type, obj): obj must be an instance or subtype of type");
}

Result<W_Object*> generic_get_attribute(W_Object* o, W_Str* name) {
    if (is<W_Type>(o)) return type_get_attribute(static_cast<W_Type*>(o), name);
    if (is_exact<W_Module>(o)) return module_get_attribute(static_cast<W_Module*>(o), name);
    if (is_exact<W_Super>(o)) return super_lookup(static_cast<W_Super*>(o), name);
    return object_get_attribute(o, o->type(), name, false);
}

Result<W_Object*> get_attribute(W_Object* o, W_Str* name) {
    W_Type* type = jit::promote(o->type());
    if (is<W_Instance>(o) || type->instance_layout != layout::none) {
        W_Object* getter = type_lookup(type, N::getattribute);
        if (getter != type_lookup(type_of(T::object), N::getattribute)) {
            auto result = call_2(getter, o, name);
            if (!result.failed() || !pending_is(T::AttributeError)) return result;
            W_Object* hook = type_lookup(type, N::getattr);
            if (!hook) return failure;
            set_pending_error(nullptr);
            return call_2(hook, o, name);
        }
        if (is<W_Instance>(o)) return object_get_attribute(o, type, name, true);
    }
    if (is<W_Type>(o)) return type_get_attribute(static_cast<W_Type*>(o), name);
    if (is_exact<W_Module>(o)) return module_get_attribute(static_cast<W_Module*>(o), name);
    if (is_exact<W_Super>(o)) return super_lookup(static_cast<W_Super*>(o), name);
    if (is_exact<W_BoundMethod>(o) && !type_lookup(type, name))
        return get_attribute(static_cast<W_BoundMethod*>(o)->function, name);
    return object_get_attribute(o, type, name, true);
}

namespace {

HEDDLE_INLINE bool has_plain_lookup(W_Type* type) {
    return type_lookup(type, N::getattribute) == type_lookup(type_of(T::object), N::getattribute) &&
           !type_lookup(type, N::getattr);
}
// True: get_attribute would certainly raise AttributeError; asked first, since making that is slow.
bool surely_lacks_attribute(W_Object* o, W_Str* name) {
    W_Type* type = jit::promote(o->type());
    if (is<W_Type>(o))
        return !type->metatype && type == type_of(T::type) && !type_lookup(type, name) &&
               !type_lookup(static_cast<W_Type*>(o), name);
    if (is_exact<W_Module>(o) || is_exact<W_Super>(o) || is_exact<W_BoundMethod>(o)) return false;
    if (type_lookup(type, name) || !has_plain_lookup(type)) return false;
    W_Instance* attributes = o->attributes();
    return !attributes || !instance_get(attributes, name);
}

} // namespace

W_Object* find_attribute(W_Object* o, W_Str* name) {
    if (surely_lacks_attribute(o, name)) return nullptr;
    auto result = get_attribute(o, name);
    if (result.failed()) {
        clear_if_pending(T::AttributeError);
        return nullptr;
    }
    return result.value();
}

namespace {

HEDDLE_DONT_LOOK_INSIDE Result<void> type_set_attribute(W_Type* type, W_Str* name, W_Object* value) {
    W_Object* in_meta = type_lookup(type->type(), name);
    if (in_meta && is_exact<W_GetSet>(in_meta) && static_cast<W_GetSet*>(in_meta)->setter.pointer)
        return static_cast<W_GetSet*>(in_meta)->setter.pointer(type, value).failed() ? Result<void>(failure) : ok;
    if (in_meta && is<W_Instance>(in_meta) && type_lookup(in_meta->type(), N::set) && value)
        return call_3(type_lookup(in_meta->type(), N::set), in_meta, type, value).failed() ? Result<void>(failure) : ok;
    if (type->is_builtin)
        return raise_error(T::TypeError, "cannot set '%s' attribute of immutable type '%s'", to_utf8(name).c_str(),
                           name_text(type).c_str());
    if (!value) {
        if (!dict_get_str(type->dict, name)) return no_attribute(type, name);
        dict_delete_str(type->dict, name);
        type_changed(type);
        return ok;
    }
    type_set_own(type, name, value);
    return ok;
}

HEDDLE_DONT_LOOK_INSIDE Result<void> delete_instance_attribute(W_Object* o, W_Str* name) {
    W_Instance* attributes = o->attributes();
    if (!attributes || !instance_delete(attributes, name)) return no_attribute(o, name);
    return ok;
}

Result<void> write_descriptor(W_Object* descriptor, W_Object* o, W_Str* name, W_Object* value) {
    if (is<W_Property>(descriptor)) {
        auto* property = static_cast<W_Property*>(descriptor);
        if (value) {
            if (property->setter == none()) return property_error(o, name, "setter");
            HEDDLE_TRY(call_2(property->setter, o, value));
            return ok;
        }
        if (property->deleter == none()) return property_error(o, name, "deleter");
        HEDDLE_TRY(call_1(property->deleter, o));
        return ok;
    }
    if (is_exact<W_GetSet>(descriptor)) {
        setter_function* setter = static_cast<W_GetSet*>(descriptor)->setter.pointer;
        if (!setter) return not_writable(name, o);
        HEDDLE_TRY(setter(o, value));
        return ok;
    }
    if (is_exact<W_SlotMember>(descriptor)) {
        W_Instance* attributes = o->attributes();
        if (!attributes) return no_attribute(o, name);
        if (!value) {
            if (!instance_delete(attributes, name)) return slot_error(name);
            return ok;
        }
        instance_set(attributes, name, value);
        return ok;
    }
    W_Object* setter = type_lookup(descriptor->type(), value ? N::set : N::delete_);
    if (!setter) return no_attribute(o, name);
    if (value)
        HEDDLE_TRY(call_3(setter, descriptor, o, value));
    else
        HEDDLE_TRY(call_2(setter, descriptor, o));
    return ok;
}

Result<void> module_set_attribute(W_Module* module, W_Str* name, W_Object* value) {
    if (value) {
        dict_set_str(module->dict, name, value);
        return ok;
    }
    if (!dict_delete_str(module->dict, name)) return no_attribute(module, name);
    return ok;
}

} // namespace

Result<void> generic_set_attribute(W_Object* o, W_Str* name, W_Object* value) {
    if (is<W_Type>(o)) return type_set_attribute(static_cast<W_Type*>(o), name, value);
    if (is_exact<W_Module>(o)) return module_set_attribute(static_cast<W_Module*>(o), name, value);
    W_Type* type = jit::promote(o->type());
    W_Object* in_type = type_lookup(type, name);
    if (in_type && is_data_descriptor(in_type)) return write_descriptor(in_type, o, name, value);
    W_Instance* attributes = o->attributes();
    if (!attributes || !jit::promote(type->has_dict.get())) {
        if (in_type) return read_only_attribute(o, name);
        return no_attribute(o, name);
    }
    if (!value) return delete_instance_attribute(o, name);
    instance_set(attributes, name, value);
    return ok;
}

Result<void> set_attribute(W_Object* o, W_Str* name, W_Object* value) {
    if (is<W_Instance>(o) || is<W_Type>(o)) {
        W_Type* type = jit::promote(o->type());
        N which = value ? N::setattr : N::delattr;
        W_Object* setter = type_lookup(type, which);
        if (setter != type_lookup(type_of(T::object), which)) {
            if (value)
                HEDDLE_TRY(call_3(setter, o, name, value));
            else
                HEDDLE_TRY(call_2(setter, o, name));
            return ok;
        }
    }
    return generic_set_attribute(o, name, value);
}

W_Object* call_special_0(W_Object* o, N name) {
    W_Type* type = jit::promote(o->type());
    W_Object* method = type_lookup(type, name);
    if (!method) return nullptr;
    if (is_exact<W_Function>(method) || is_exact<W_Builtin>(method)) return call_1(method, o).value();
    auto bound = bind_descriptor(method, o, type);
    return bound.failed() ? nullptr : call_0(bound.value()).value();
}
W_Object* call_special_1(W_Object* o, N name, W_Object* a) {
    W_Type* type = jit::promote(o->type());
    W_Object* method = type_lookup(type, name);
    if (!method) return nullptr;
    if (is_exact<W_Function>(method) || is_exact<W_Builtin>(method)) return call_2(method, o, a).value();
    auto bound = bind_descriptor(method, o, type);
    return bound.failed() ? nullptr : call_1(bound.value(), a).value();
}
W_Object* call_special_2(W_Object* o, N name, W_Object* a, W_Object* b) {
    W_Type* type = jit::promote(o->type());
    W_Object* method = type_lookup(type, name);
    if (!method) return nullptr;
    if (is_exact<W_Function>(method) || is_exact<W_Builtin>(method)) return call_3(method, o, a, b).value();
    auto bound = bind_descriptor(method, o, type);
    return bound.failed() ? nullptr : call_2(bound.value(), a, b).value();
}
Result<W_Object*> call_method(W_Object* o, W_Str* name, W_Object* a, W_Object* b) {
    W_Object* method = HEDDLE_TRY(get_attribute(o, name));
    if (!a) return call_0(method);
    if (!b) return call_1(method, a);
    return call_2(method, a, b);
}

} // namespace heddle::python
