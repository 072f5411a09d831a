// The methods of object and type, descriptors' types, modules, and building classes.
#include "interpreter.h"
#include "subclasses.h"
#include <cinttypes>

namespace heddle::python {

Result<W_Object*> type_call(W_Type* type, W_Arguments* arguments);

namespace {

// ---- object
// ---------------------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> new_of_any_layout(W_Arguments* arguments) {
    if (arguments->positional_count() == 0 || !is<W_Type>(arguments->at(0)))
        return raise_text(T::TypeError, "object.__new__(X): X is not a type object");
    auto* type = static_cast<W_Type*>(arguments->at(0));
    if (arguments->values->length() > 1) {
        W_Object* plain_new = type_lookup(type_of(T::object), N::new_);
        W_Object* plain_init = type_lookup(type_of(T::object), N::init);
        if (type_lookup(type, N::new_) != plain_new)
            return raise_text(T::TypeError, "object.__new__() takes exactly one argument (the type to instantiate)");
        if (type_lookup(type, N::init) == plain_init)
            return raise_error(T::TypeError, "%s() takes no arguments", name_text(type).c_str());
    }
    if (W_Object* abstract = type->is_builtin ? nullptr : type_lookup(type, N::abstractmethods)) {
        if (abstract != none()) return call_0(type); // raises the error that names them
    }
    if (type->instance_layout != layout::object) {
        if (type->instance_layout == layout::none || type->instance_layout == layout::type)
            return raise_error(T::TypeError, "object.__new__(%s) is not safe, use %s.__new__()",
                               name_text(type).c_str(), name_text(type).c_str());
        W_Type* builtin = type;
        while (!builtin->is_builtin) builtin = builtin->base;
        return call(type_lookup(builtin, N::new_), arguments_1(type));
    }
    return allocate_instance(type);
}
Result<W_Object*> object_new(W_Arguments* arguments) {
    if (arguments->values->length() != 1 || arguments->keywords || !is<W_Type>(arguments->at(0)))
        return new_of_any_layout(arguments);
    W_Type* type = jit::promote(static_cast<W_Type*>(arguments->at(0)));
    W_Object* abstract = type->is_builtin ? nullptr : type_lookup(type, N::abstractmethods);
    if (type->instance_layout != layout::object || (abstract && abstract != none()))
        return new_of_any_layout(arguments);
    return allocate_instance(type);
}
Result<W_Object*> object_init(W_Arguments* arguments) {
    if (arguments->values->length() > 1) {
        W_Type* type = arguments->at(0)->type();
        if (type_lookup(type, N::init) != type_lookup(type_of(T::object), N::init))
            return raise_text(T::TypeError,
                              "object.__init__() takes exactly one argument (the instance to initialize)");
        if (type_lookup(type, N::new_) == type_lookup(type_of(T::object), N::new_))
            return raise_error(T::TypeError, "%s() takes no arguments", name_text(type).c_str());
    }
    return none();
}
std::string qualified(W_Type* type) {
    std::string name = to_utf8(type->qualname);
    W_Object* module = type->is_builtin ? nullptr : unwrap_attribute(dict_get_str(type->dict, name_of(N::module)));
    if (!module || !is<W_Str>(module) || str_is(static_cast<W_Str*>(module), "builtins")) return name;
    return to_utf8(static_cast<W_Str*>(module)) + "." + name;
}
std::string at_address(W_Object* o) {
    char text[32];
    snprintf(text, sizeof text, " at 0x%012" PRIx64 ">", static_cast<uint64_t>(identity_of(o)) & 0xffffffffffff);
    return text;
}
Result<W_Object*> object_repr(W_Object* o) { return make_str("<" + qualified(o->type()) + " object" + at_address(o)); }
Result<W_Object*> object_str(W_Object* o) { return HEDDLE_TRY(repr(o)); }
Result<W_Object*> object_eq(W_Object* a, W_Object* b) { return is_same(a, b) ? boolean(true) : not_implemented(); }
Result<W_Object*> object_ne(W_Object* a, W_Object* b) {
    W_Object* method = type_lookup(a->type(), N::eq);
    W_Object* same = HEDDLE_TRY(call_2(method, a, b));
    if (same == not_implemented()) return same;
    return boolean(!HEDDLE_TRY(is_true(same)));
}
Result<W_Object*> object_order(W_Object*, W_Object*) { return not_implemented(); }
Result<W_Object*> object_hash(W_Object* o) { return make_int(static_cast<long>(gc::identity_hash(o) >> 4)); }
Result<W_Object*> object_format(W_Object* o, W_Object* specification) {
    if (is<W_Str>(specification) && static_cast<W_Str*>(specification)->length())
        return raise_error(T::TypeError, "unsupported format string passed to %s.__format__", type_name(o).c_str());
    return HEDDLE_TRY(to_str(o));
}
Result<W_Object*> object_getattribute(W_Object* o, W_Object* name) {
    if (!is<W_Str>(name))
        return raise_error(T::TypeError, "attribute name must be string, not '%s'", type_name(name).c_str());
    return generic_get_attribute(o, intern(static_cast<W_Str*>(name)));
}
Result<W_Object*> object_setattr(W_Object* o, W_Object* name, W_Object* value) {
    if (!is<W_Str>(name))
        return raise_error(T::TypeError, "attribute name must be string, not '%s'", type_name(name).c_str());
    HEDDLE_TRY(generic_set_attribute(o, intern(static_cast<W_Str*>(name)), value));
    return none();
}
Result<W_Object*> object_delattr(W_Object* o, W_Object* name) {
    if (!is<W_Str>(name))
        return raise_error(T::TypeError, "attribute name must be string, not '%s'", type_name(name).c_str());
    HEDDLE_TRY(generic_set_attribute(o, intern(static_cast<W_Str*>(name)), nullptr));
    return none();
}
Result<W_Object*> object_init_subclass(W_Arguments* arguments) {
    if (arguments->keyword_count())
        return raise_error(T::TypeError, "%s.__init_subclass__() takes no keyword arguments",
                           name_text(static_cast<W_Type*>(arguments->at(0))).c_str());
    return none();
}
Result<W_Object*> object_subclasshook(W_Object*, W_Object*) { return not_implemented(); }
void add_type_names(W_Dict* names, W_Type* type) {
    for (long i = type->mro->length() - 1; i >= 0; i--) {
        W_Dict* dict = static_cast<W_Type*>(type->mro->get(i))->dict;
        for (long entry = dict_next_entry(dict, 0); entry >= 0; entry = dict_next_entry(dict, entry + 1))
            (void)dict_set(names, dict->keys->get(entry), none()).failed();
    }
}
Result<W_Object*> sorted_keys(W_Dict* names) {
    list_items* keys = HEDDLE_TRY(iterable_to_items(names));
    HEDDLE_TRY(sort_items(keys, keys->length(), nullptr, false));
    return list_from_items(keys, keys->length());
}
Result<W_Object*> object_dir(W_Object* o) {
    W_Dict* names = make_dict();
    add_type_names(names, o->type());
    if (W_Instance* attributes = o->attributes()) {
        object_array* own = instance_names(attributes);
        for (long i = 0; i < own->length(); i++) HEDDLE_TRY(dict_set(names, own->get(i), none()));
    }
    return sorted_keys(names);
}
Result<W_Object*> type_dir(W_Object* o) {
    W_Dict* names = make_dict();
    add_type_names(names, static_cast<W_Type*>(o));
    return sorted_keys(names);
}
Result<W_Object*> object_reduce(W_Object* o) {
    return raise_error(T::TypeError, "cannot pickle '%s' object", type_name(o).c_str());
}
Result<W_Object*> object_sizeof(W_Object* o) { return make_int(static_cast<long>(gc::total_size_of(o))); }
Result<W_Object*> get_class(W_Object* o) { return o->type(); }
Result<W_Object*> set_class(W_Object* o, W_Object* value) {
    if (!value || !is<W_Type>(value)) return raise_text(T::TypeError, "__class__ must be set to a class");
    auto* type = static_cast<W_Type*>(value);
    W_Instance* attributes = o->attributes();
    if (!attributes || type->is_builtin || type->instance_layout != o->type()->instance_layout)
        return raise_error(T::TypeError,
                           "__class__ assignment only supported for mutable types or ModuleType subclasses");
    instance_dict(attributes);
    attributes->map = map_in_dict(type);
    return none();
}
Result<W_Object*> get_dict(W_Object* o) {
    if (is_exact<W_Module>(o)) return static_cast<W_Module*>(o)->dict;
    W_Instance* attributes = o->attributes();
    if (!attributes || !o->type()->has_dict)
        return raise_error(T::AttributeError, "'%s' object has no attribute '__dict__'", type_name(o).c_str());
    return instance_dict(attributes);
}
Result<W_Object*> set_dict(W_Object* o, W_Object* value) {
    W_Instance* attributes = o->attributes();
    if (!attributes || !value) return raise_text(T::TypeError, "cannot delete __dict__");
    HEDDLE_TRY(instance_replace_dict(attributes, value));
    return none();
}

constexpr builtin_entry object_methods[] = {
    {"__new__", object_new, builtin_entry::static_method},
    {"__init__", object_init},
    {"__repr__", object_repr},
    {"__str__", object_str},
    {"__eq__", object_eq},
    {"__ne__", object_ne},
    {"__lt__", object_order},
    {"__le__", object_order},
    {"__gt__", object_order},
    {"__ge__", object_order},
    {"__hash__", object_hash},
    {"__format__", object_format},
    {"__getattribute__", object_getattribute},
    {"__setattr__", object_setattr},
    {"__delattr__", object_delattr},
    {"__dir__", object_dir},
    {"__reduce__", object_reduce},
    {"__sizeof__", object_sizeof},
    {"__init_subclass__", object_init_subclass, builtin_entry::class_method},
    {"__subclasshook__", object_subclasshook, 2, nullptr, builtin_entry::class_method},
};
constexpr getset_entry object_attributes[] = {{"__class__", get_class, set_class}};
constexpr getset_entry dict_attribute[] = {{"__dict__", get_dict, set_dict}};

// ---- type
// -----------------------------------------------------------------------------------------------------------------
HEDDLE_INLINE W_Type* type_self(W_Object* o) { return static_cast<W_Type*>(o); }

Result<W_Type*> winning_metatype(W_Type* given, W_Tuple* bases) {
    for (long i = 0; i < bases->length(); i++) {
        W_Type* other = bases->at(i)->type();
        if (is_subtype(given, other)) continue;
        if (!is_subtype(other, given))
            return raise_text(T::TypeError, "metaclass conflict: the metaclass of a derived class must be a "
                                            "(non-strict) subclass of the metaclasses of all its bases");
        given = other;
    }
    return given;
}
Result<W_Object*> call_init_subclass(W_Type* type, W_Arguments* arguments) {
    W_Object* hook = type_lookup_after(type, type->version, type, name_of(N::init_subclass));
    if (!hook) return none();
    hook = HEDDLE_TRY(bind_descriptor(unwrap_attribute(hook), nullptr, type));
    long positional = arguments->positional_count(), count = arguments->keyword_count();
    auto* values = make_array<object_array>(count);
    copy_items(arguments->values, positional, values, 0, count);
    return call(hook, make_arguments(values, arguments->keywords));
}
Result<W_Object*> type_new(W_Arguments* arguments) {
    if (arguments->positional_count() != 4) return raise_text(T::TypeError, "type.__new__() takes exactly 3 arguments");
    if (!is<W_Type>(arguments->at(0))) return raise_text(T::TypeError, "type.__new__(X): X is not a type object");
    W_Object* name = arguments->at(1);
    if (!is<W_Str>(name))
        return raise_error(T::TypeError, "type.__new__() argument 1 must be str, not %s", type_name(name).c_str());
    if (!is<W_Tuple>(arguments->at(2)))
        return raise_error(T::TypeError, "type.__new__() argument 2 must be tuple, not %s",
                           type_name(arguments->at(2)).c_str());
    if (!is<W_Dict>(arguments->at(3)))
        return raise_error(T::TypeError, "type.__new__() argument 3 must be dict, not %s",
                           type_name(arguments->at(3)).c_str());
    auto* bases = static_cast<W_Tuple*>(arguments->at(2));
    for (long i = 0; i < bases->length(); i++)
        if (!is<W_Type>(bases->at(i)))
            return raise_text(T::TypeError, "type() doesn't support MRO entry resolution; use types.new_class()");
    W_Type* metatype = HEDDLE_TRY(winning_metatype(type_self(arguments->at(0)), bases));
    W_Type* type =
        HEDDLE_TRY(make_class(metatype, static_cast<W_Str*>(name), bases, static_cast<W_Dict*>(arguments->at(3))));
    HEDDLE_TRY(call_init_subclass(type, arguments));
    return type;
}
Result<W_Object*> type_init(W_Arguments*) { return none(); }
Result<W_Object*> type_call_method(W_Arguments* arguments) {
    return type_call(type_self(arguments->at(0)), arguments_without_first(arguments));
}
Result<W_Object*> type_repr(W_Object* o) { return make_str("<class '" + qualified(type_self(o)) + "'>"); }
Result<W_Object*> type_mro(W_Object* o) {
    object_array* mro = type_self(o)->mro;
    return list_from_slots(mro, mro->length());
}
Result<W_Object*> type_subclasses(W_Object* o) {
    W_List* list = make_list();
    if (type_self(o)->subclasses) list_extend_list(list, type_self(o)->subclasses);
    return list;
}
Result<W_Object*> type_prepare(W_Arguments*) { return make_dict(); }
Result<W_Object*> type_instancecheck(W_Object* type, W_Object* o) { return boolean(is_instance(o, type_self(type))); }
Result<W_Object*> type_subclasscheck(W_Object* type, W_Object* other) {
    return boolean(is<W_Type>(other) && is_subtype(type_self(other), type_self(type)));
}
Result<W_Object*> type_or(W_Object* a, W_Object* b) { // int | str: a tuple serves isinstance()
    W_List* parts = make_list();
    for (W_Object* o : {a, b}) {
        if (is<W_Tuple>(o))
            HEDDLE_TRY(list_extend(parts, o));
        else if (is<W_Type>(o) || o == none())
            list_append(parts, o == none() ? static_cast<W_Object*>(type_of(T::none_type)) : o);
        else
            return not_implemented();
    }
    return make<W_Tuple>(list_to_slots(parts));
}
Result<W_Object*> type_get_name(W_Object* o) { return type_self(o)->name.get(); }
Result<W_Object*> type_set_name(W_Object* o, W_Object* value) {
    if (type_self(o)->is_builtin || !value || !is<W_Str>(value))
        return raise_error(T::TypeError, "cannot set '__name__' attribute of immutable type '%s'",
                           name_text(type_self(o)).c_str());
    type_self(o)->name = static_cast<W_Str*>(value);
    return none();
}
Result<W_Object*> type_get_qualname(W_Object* o) { return type_self(o)->qualname.get(); }
Result<W_Object*> type_set_qualname(W_Object* o, W_Object* value) {
    if (type_self(o)->is_builtin || !value || !is<W_Str>(value))
        return raise_text(T::TypeError, "can only assign string to __qualname__");
    type_self(o)->qualname = static_cast<W_Str*>(value);
    return none();
}
Result<W_Object*> type_get_module(W_Object* o) {
    W_Object* module = unwrap_attribute(dict_get_str(type_self(o)->dict, name_of(N::module)));
    if (module) return module;
    return name_of(N::builtins_module);
}
Result<W_Object*> type_set_module(W_Object* o, W_Object* value) {
    if (value) type_set_own(type_self(o), name_of(N::module), value);
    return none();
}
Result<W_Object*> type_get_doc(W_Object* o) {
    W_Object* doc = unwrap_attribute(dict_get_str(type_self(o)->dict, name_of(N::doc)));
    return doc ? doc : none();
}
Result<W_Object*> type_set_doc(W_Object* o, W_Object* value) {
    if (value) type_set_own(type_self(o), name_of(N::doc), value);
    return none();
}
Result<W_Object*> type_get_bases(W_Object* o) { return type_self(o)->bases.get(); }
Result<W_Object*> type_get_base(W_Object* o) {
    return type_self(o)->base ? static_cast<W_Object*>(type_self(o)->base) : none();
}
Result<W_Object*> type_get_mro(W_Object* o) { return make<W_Tuple>(type_self(o)->mro.get()); }
Result<W_Object*> type_get_dict(W_Object* o) { return make<W_MappingProxy>(dict_copy(type_self(o)->dict)); }
Result<W_Object*> type_get_annotations(W_Object* o) {
    W_Object* annotations = unwrap_attribute(dict_get_str(type_self(o)->dict, name_of(N::annotations)));
    if (annotations) return annotations;
    if (type_self(o)->is_builtin)
        return raise_error(T::AttributeError, "type object '%s' has no attribute '__annotations__'",
                           name_text(type_self(o)).c_str());
    annotations = make_dict();
    type_set_own(type_self(o), name_of(N::annotations), annotations);
    return annotations;
}
Result<W_Object*> type_set_annotations(W_Object* o, W_Object* value) {
    if (value) type_set_own(type_self(o), name_of(N::annotations), value);
    return none();
}
Result<W_Object*> type_get_abstract(W_Object* o) {
    W_Object* names = unwrap_attribute(dict_get_str(type_self(o)->dict, name_of(N::abstractmethods)));
    if (names == none()) return make<W_FrozenSet>(make_dict());
    if (names) return names;
    return raise_text(T::AttributeError, "__abstractmethods__");
}
Result<W_Object*> type_set_abstract(W_Object* o, W_Object* value) {
    if (value) { // None stands for "none are left", which hides the bases' sets
        bool any = HEDDLE_TRY(length_of(value)) > 0;
        type_set_own(type_self(o), name_of(N::abstractmethods), any ? value : none());
    } else if (dict_delete_str(type_self(o)->dict, name_of(N::abstractmethods))) {
        type_changed(type_self(o));
    }
    return none();
}

constexpr builtin_entry type_methods[] = {
    {"__new__", type_new, builtin_entry::static_method},
    {"__init__", type_init},
    {"__call__", type_call_method},
    {"__repr__", type_repr},
    {"mro", type_mro},
    {"__subclasses__", type_subclasses},
    {"__prepare__", type_prepare, builtin_entry::class_method},
    {"__instancecheck__", type_instancecheck},
    {"__subclasscheck__", type_subclasscheck},
    {"__dir__", type_dir},
    {"__or__", type_or},
    {"__ror__", type_or},
};
constexpr getset_entry type_attributes[] = {
    {"__name__", type_get_name, type_set_name},
    {"__qualname__", type_get_qualname, type_set_qualname},
    {"__module__", type_get_module, type_set_module},
    {"__doc__", type_get_doc, type_set_doc},
    {"__bases__", type_get_bases, nullptr},
    {"__base__", type_get_base, nullptr},
    {"__mro__", type_get_mro, nullptr},
    {"__dict__", type_get_dict, nullptr},
    {"__annotations__", type_get_annotations, type_set_annotations},
    {"__abstractmethods__", type_get_abstract, type_set_abstract},
};

// ---- property, classmethod, staticmethod, super
// -------------------------------------------------------------------------
HEDDLE_INLINE W_Property* property_self(W_Object* o) { return static_cast<W_Property*>(o); }
Result<W_Object*> property_construct(W_Object* getter, W_Object* setter, W_Object* deleter, W_Object* doc) {
    return make<W_Property>(getter ? getter : none(), setter ? setter : none(), deleter ? deleter : none(),
                            doc ? doc : none());
}
Result<W_Object*> property_with(W_Object* o, W_Object* getter, W_Object* setter, W_Object* deleter) {
    W_Property* self = property_self(o);
    auto* made = make<W_Property>(getter ? getter : self->getter.get(), setter ? setter : self->setter.get(),
                                  deleter ? deleter : self->deleter.get(), self->doc.get());
    if (is_exact<W_Property>(o)) return made;
    return wrap_for_subclass(o->type(), made);
}
Result<W_Object*> property_getter(W_Object* o, W_Object* f) { return property_with(o, f, nullptr, nullptr); }
Result<W_Object*> property_setter(W_Object* o, W_Object* f) { return property_with(o, nullptr, f, nullptr); }
Result<W_Object*> property_deleter(W_Object* o, W_Object* f) { return property_with(o, nullptr, nullptr, f); }
Result<W_Object*> property_get(W_Object* o, W_Object* instance, W_Object*) {
    if (instance == none()) return o;
    return bind_descriptor(o, instance, instance->type());
}
Result<W_Object*> property_set(W_Object* o, W_Object* instance, W_Object* value) {
    if (property_self(o)->setter == none()) return raise_text(T::AttributeError, "property has no setter");
    return call_2(property_self(o)->setter, instance, value);
}
Result<W_Object*> property_delete(W_Object* o, W_Object* instance) {
    if (property_self(o)->deleter == none()) return raise_text(T::AttributeError, "property has no deleter");
    return call_1(property_self(o)->deleter, instance);
}
Result<W_Object*> property_fget(W_Object* o) { return property_self(o)->getter.get(); }
Result<W_Object*> property_fset(W_Object* o) { return property_self(o)->setter.get(); }
Result<W_Object*> property_fdel(W_Object* o) { return property_self(o)->deleter.get(); }
Result<W_Object*> property_doc(W_Object* o) {
    if (property_self(o)->doc != none() || property_self(o)->getter == none()) return property_self(o)->doc.get();
    return get_attribute(property_self(o)->getter, N::doc);
}
Result<W_Object*> property_set_doc(W_Object* o, W_Object* value) {
    property_self(o)->doc = value ? value : none();
    return none();
}
Result<W_Object*> property_abstract(W_Object* o) {
    for (W_Object* f :
         {property_self(o)->getter.get(), property_self(o)->setter.get(), property_self(o)->deleter.get()}) {
        if (f == none()) continue;
        W_Object* flag = find_attribute(f, name_of(N::isabstractmethod));
        if (flag && HEDDLE_TRY(is_true(flag))) return boolean(true);
        if (pending_error()) return failure;
    }
    return boolean(false);
}
constexpr builtin_entry property_methods[] = {
    {"getter", property_getter},  {"setter", property_setter}, {"deleter", property_deleter},
    {"__get__", property_get, 2}, {"__set__", property_set},   {"__delete__", property_delete},
};
constexpr getset_entry property_attributes[] = {
    {"fget", property_fget, nullptr},
    {"fset", property_fset, nullptr},
    {"fdel", property_fdel, nullptr},
    {"__doc__", property_doc, property_set_doc},
    {"__isabstractmethod__", property_abstract, nullptr},
};
constexpr builtin_entry construct_property{"property", property_construct, 0, "fget,fset,fdel,doc"};

Result<W_Object*> classmethod_construct(W_Object* f) { return make<W_ClassMethod>(f); }
Result<W_Object*> staticmethod_construct(W_Object* f) { return make<W_StaticMethod>(f); }
W_Object* wrapped_function(W_Object* o) {
    return is_exact<W_ClassMethod>(o) ? static_cast<W_ClassMethod*>(o)->function
                                      : static_cast<W_StaticMethod*>(o)->function;
}
Result<W_Object*> get_wrapped(W_Object* o) { return wrapped_function(o); }
Result<W_Object*> get_wrapped_abstract(W_Object* o) {
    W_Object* flag = find_attribute(wrapped_function(o), name_of(N::isabstractmethod));
    if (pending_error()) return failure;
    return boolean(flag && HEDDLE_TRY(is_true(flag)));
}
Result<W_Object*> get_wrapped_name(W_Object* o) { return get_attribute(wrapped_function(o), N::name); }
Result<W_Object*> method_object_get(W_Object* o, W_Object* instance, W_Object* type) {
    W_Type* owner = type && is<W_Type>(type) ? static_cast<W_Type*>(type) : instance->type();
    return bind_descriptor(o, instance == none() ? nullptr : instance, owner);
}
constexpr builtin_entry bindable_methods[] = {{"__get__", method_object_get, 2}};
constexpr getset_entry wrapper_attributes[] = {{"__func__", get_wrapped, nullptr},
                                               {"__wrapped__", get_wrapped, nullptr},
                                               {"__isabstractmethod__", get_wrapped_abstract, nullptr},
                                               {"__name__", get_wrapped_name, nullptr}};
constexpr builtin_entry construct_classmethod{"classmethod", classmethod_construct};
constexpr builtin_entry construct_staticmethod{"staticmethod", staticmethod_construct};

Result<W_Object*> super_construct(W_Object* callers_frame, W_Object* type, W_Object* self) {
    if (!type) {
        if (!callers_frame) return no_callers_frame("super");
        // super() called by another name than the compiler saw: find __class__ and the first argument in the caller's
        // frame.
        auto* frame = static_cast<W_Frame*>(callers_frame);
        const code_unit* unit = frame->code->unit;
        for (long i = 0; i < static_cast<long>(unit->slots.size()); i++) {
            if (unit->slots[i].name != "__class__" || unit->slots[i].kind == slot_kind::local) continue;
            W_Object* first = frame->slots->get(0);
            if (first && is_exact<W_Cell>(first)) first = static_cast<W_Cell*>(first)->value;
            W_Object* cls = static_cast<W_Cell*>(frame->slots->get(i))->value;
            if (cls && first) return make_super(cls, first);
        }
        return raise_text(T::RuntimeError, "super(): __class__ cell not found");
    }
    return make_super(type, self == none() ? nullptr : self);
}
Result<W_Object*> super_repr(W_Object* o) {
    return make_str("<super: <class '" + name_text(static_cast<W_Super*>(o)->start) + "'>>");
}
constexpr builtin_entry super_methods[] = {{"__repr__", super_repr}};
constexpr builtin_entry construct_super{"super", super_construct, 1, nullptr, builtin_entry::wants_frame};

Result<W_Object*> getset_name(W_Object* o) { return static_cast<W_GetSet*>(o)->name; }
Result<W_Object*> getset_set(W_Object* o, W_Object* instance, W_Object* value) {
    auto* self = static_cast<W_GetSet*>(o);
    if (!self->setter.pointer)
        return raise_error(T::AttributeError, "attribute '%s' is not writable", to_utf8(self->name).c_str());
    return self->setter.pointer(instance, value);
}
constexpr builtin_entry getset_methods[] = {{"__get__", method_object_get, 2}, {"__set__", getset_set}};
constexpr getset_entry getset_attributes[] = {{"__name__", getset_name, nullptr}};
Result<W_Object*> slot_name(W_Object* o) { return static_cast<W_SlotMember*>(o)->name; }
Result<W_Object*> slot_set(W_Object* o, W_Object* instance, W_Object* value) {
    HEDDLE_TRY(generic_set_attribute(instance, static_cast<W_SlotMember*>(o)->name, value));
    return none();
}
constexpr builtin_entry slot_methods[] = {{"__get__", method_object_get, 2}, {"__set__", slot_set}};
constexpr getset_entry slot_attributes[] = {{"__name__", slot_name, nullptr}};

// ---- None, NotImplemented, Ellipsis, module, SimpleNamespace
// --------------------------------------------------------------
Result<W_Object*> none_repr(W_Object*) { return intern("None"); }
Result<W_Object*> none_bool(W_Object*) { return boolean(false); }
Result<W_Object*> not_implemented_repr(W_Object*) { return intern("NotImplemented"); }
Result<W_Object*> ellipsis_repr(W_Object*) { return intern("Ellipsis"); }
constexpr builtin_entry none_methods[] = {{"__repr__", none_repr}, {"__bool__", none_bool}};
constexpr builtin_entry not_implemented_methods[] = {{"__repr__", not_implemented_repr}};
constexpr builtin_entry ellipsis_methods[] = {{"__repr__", ellipsis_repr}};
Result<W_Object*> none_construct() { return none(); }
constexpr builtin_entry construct_none{"NoneType", none_construct};

Result<W_Object*> module_repr(W_Object* o) {
    auto* module = static_cast<W_Module*>(o);
    std::string text = "<module '" + to_utf8(module->name) + "'";
    W_Object* file = dict_get_str(module->dict, name_of(N::file));
    if (file && is<W_Str>(file))
        text += " from '" + to_utf8(static_cast<W_Str*>(file)) + "'";
    else
        text += " (built-in)";
    return make_str(text + ">");
}
Result<W_Object*> module_dir(W_Object* o) { return sorted_keys(static_cast<W_Module*>(o)->dict); }
Result<W_Object*> module_construct(W_Object* name, W_Object* doc) {
    if (!is<W_Str>(name)) return raise_text(T::TypeError, "module() argument 'name' must be str");
    W_Module* module = make_module(static_cast<W_Str*>(name));
    dict_set_str(module->dict, name_of(N::doc), doc ? doc : none());
    return module;
}
constexpr builtin_entry module_methods[] = {{"__repr__", module_repr}, {"__dir__", module_dir}};
constexpr builtin_entry construct_module{"module", module_construct, 1, "name,doc"};

Result<W_Object*> namespace_construct(W_Arguments* arguments) {
    W_Instance* made = allocate_instance(type_of(T::namespace_));
    for (long i = 0; i < arguments->keyword_count(); i++)
        instance_set(made, intern(static_cast<W_Str*>(arguments->keywords->at(i))),
                     arguments->at(arguments->positional_count() + i));
    return made;
}
Result<W_Object*> namespace_repr(W_Object* o) {
    native_nesting nesting(" while getting the repr of an object");
    if (nesting.too_deep()) return failure;
    auto* self = static_cast<W_Instance*>(o);
    object_array* names = instance_names(self);
    std::string out;
    for (long i = 0; i < names->length(); i++) {
        auto* name = static_cast<W_Str*>(names->get(i));
        out += (i ? ", " : "") + to_utf8(name) + "=" + to_utf8(HEDDLE_TRY(repr(instance_get(self, name))));
    }
    return make_str("namespace(" + out + ")");
}
Result<W_Object*> namespace_eq(W_Object* a, W_Object* b) {
    if (a->type() != b->type()) return not_implemented();
    return boolean(
        HEDDLE_TRY(equal(instance_dict(static_cast<W_Instance*>(a)), instance_dict(static_cast<W_Instance*>(b)))));
}
constexpr builtin_entry namespace_methods[] = {{"__repr__", namespace_repr}, {"__eq__", namespace_eq}};
constexpr builtin_entry construct_namespace{"SimpleNamespace", namespace_construct};

} // namespace

// ---- __build_class__
// --------------------------------------------------------------------------------------------------
static Result<W_Tuple*> resolve_bases(W_Tuple* bases) {
    bool plain = true;
    for (long i = 0; i < bases->length(); i++) plain &= is<W_Type>(bases->at(i));
    if (plain) return bases;
    W_List* resolved = make_list();
    for (long i = 0; i < bases->length(); i++) {
        W_Object* hook = is<W_Type>(bases->at(i)) ? nullptr : find_attribute(bases->at(i), name_of(N::mro_entries));
        if (pending_error()) return failure;
        if (!hook) {
            list_append(resolved, bases->at(i));
            continue;
        }
        W_Object* entries = HEDDLE_TRY(call_1(hook, bases));
        HEDDLE_TRY(list_extend(resolved, entries));
    }
    return make<W_Tuple>(list_to_slots(resolved));
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> build_class(W_Arguments* arguments) {
    long positional = arguments->positional_count();
    if (positional < 2 || !is_exact<W_Function>(arguments->at(0)))
        return raise_text(T::TypeError, "__build_class__: func must be a function");
    auto* body = static_cast<W_Function*>(arguments->at(0));
    W_Object* name = arguments->at(1);
    auto* original = make<W_Tuple>(take_items<object_array>(arguments->values, 2, positional - 2));
    W_Tuple* bases = HEDDLE_TRY(resolve_bases(original));
    W_Object* metaclass = nullptr;
    W_Dict* keywords = make_dict();
    for (long i = 0; i < arguments->keyword_count(); i++) {
        auto* keyword = static_cast<W_Str*>(arguments->keywords->at(i));
        if (str_is(keyword, "metaclass"))
            metaclass = arguments->at(positional + i);
        else
            HEDDLE_TRY(dict_set(keywords, keyword, arguments->at(positional + i)));
    }
    if (!metaclass) metaclass = bases->length() ? static_cast<W_Object*>(bases->at(0)->type()) : type_of(T::type);
    if (is<W_Type>(metaclass)) metaclass = HEDDLE_TRY(winning_metatype(static_cast<W_Type*>(metaclass), bases));
    auto with_keywords = [&](W_Object* a, W_Object* b, W_Object* c) {
        long fixed = c ? 3 : 2, count = keywords->count;
        auto* values = make_array<object_array>(fixed + count);
        values->set(0, a);
        values->set(1, b);
        if (c) values->set(2, c);
        auto* names = make_array<object_array>(count);
        long filled = 0;
        for (long entry = dict_next_entry(keywords, 0); entry >= 0;
             entry = dict_next_entry(keywords, entry + 1), filled++) {
            names->set(filled, keywords->keys->get(entry));
            values->set(fixed + filled, keywords->values->get(entry));
        }
        return make_arguments(values, count ? make<W_Tuple>(names) : nullptr);
    };
    W_Object* space = nullptr;
    if (metaclass != type_of(T::type)) {
        W_Object* prepare = find_attribute(metaclass, name_of(N::prepare));
        if (pending_error()) return failure;
        if (prepare) space = HEDDLE_TRY(call(prepare, with_keywords(name, bases, nullptr)));
    }
    if (!space) space = make_dict();
    auto* frame =
        make<W_Frame>(body->code, body->globals, make_array<frame_slots>(body->code->frame_size), body, space);
    W_Object* cell = HEDDLE_TRY(run_frame(frame));
    if (original != bases) HEDDLE_TRY(set_item(space, make_str("__orig_bases__"), original));
    W_Object* cls = HEDDLE_TRY(call(metaclass, with_keywords(name, bases, space)));
    if (is_exact<W_Cell>(cell) && is<W_Type>(cls) && !static_cast<W_Cell*>(cell)->value)
        static_cast<W_Cell*>(cell)->value = cls;
    return cls;
}

void setup_object() {
    add_methods(T::object, object_methods);
    add_getsets(T::object, object_attributes);
    add_getsets(T::module, dict_attribute);
    add_getsets(T::BaseException, dict_attribute);
    add_getsets(T::function, dict_attribute);
    add_getsets(T::namespace_, dict_attribute);
    add_methods(T::none_type, none_methods);
    add_constructor(T::none_type, &construct_none);
    add_methods(T::not_implemented_type, not_implemented_methods);
    add_methods(T::ellipsis, ellipsis_methods);
    add_methods(T::module, module_methods);
    add_constructor(T::module, &construct_module);
    add_methods(T::namespace_, namespace_methods);
    add_constructor(T::namespace_, &construct_namespace);
}
static root<W_Object> dict_descriptor;
// instance.__dict__ of user classes: found through this, since object itself has none.
W_Object* instance_dict_descriptor() {
    if (!dict_descriptor) dict_descriptor = make<W_GetSet>(name_of(N::dict), get_dict, set_dict);
    return dict_descriptor;
}
void setup_type() {
    add_methods(T::type, type_methods);
    add_getsets(T::type, type_attributes);
    add_methods(T::property, property_methods);
    add_getsets(T::property, property_attributes);
    add_constructor(T::property, &construct_property);
    for (T id : {T::classmethod, T::staticmethod}) {
        add_methods(id, bindable_methods);
        add_getsets(id, wrapper_attributes);
    }
    add_constructor(T::classmethod, &construct_classmethod);
    add_constructor(T::staticmethod, &construct_staticmethod);
    add_methods(T::super, super_methods);
    add_constructor(T::super, &construct_super);
    add_methods(T::getset_descriptor, getset_methods);
    add_getsets(T::getset_descriptor, getset_attributes);
    add_methods(T::member_descriptor, slot_methods);
    add_getsets(T::member_descriptor, slot_attributes);
}

} // namespace heddle::python
