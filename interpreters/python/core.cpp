// The global roots, and building the world at start: names, singletons, built-in types and their methods.
#include "interpreter.h"

namespace heddle::python {

root<heddle::array<member<W_Type>>> builtin_types;
root<heddle::array<member<W_Str>>> interned_names;
root<heddle::array<member<W_Object>>> singletons;
root<W_Dict> builtins_dict;
root<W_Dict> modules_dict;

void setup_method_cache();
void setup_strings();

namespace {

struct type_entry {
    const char* name;
    T base;
    layout instance_layout;
};
constexpr type_entry type_entries[] = {
#define HEDDLE_PYTHON_TYPE(identifier, name, base, instance_layout) {name, T::base, layout::instance_layout},
#include "builtin_types.def"
};
constexpr const char* name_entries[] = {
#define HEDDLE_PYTHON_NAME(identifier, text) text,
#include "names.def"
};

void make_types() {
    constexpr long count = static_cast<long>(T::count);
    builtin_types = make_array<heddle::array<member<W_Type>>>(count);
    for (long i = 0; i < count; i++) {
        const type_entry& entry = type_entries[i];
        W_Type* base = i == 0 ? nullptr : builtin_types->get(static_cast<long>(entry.base));
        auto* type = make<W_Type>(intern(entry.name), nullptr, base, entry.instance_layout, make_dict(), true);
        builtin_types->set(i, type);
        type->version = new_version();
        type->has_dict = entry.instance_layout == layout::exception || i == static_cast<long>(T::namespace_);
        long depth = base ? base->mro->length() : 0;
        auto* mro = make_array<object_array>(depth + 1);
        mro->set(0, type);
        if (base) copy_items(base->mro.get(), 0, mro, 1, depth);
        type->mro = mro;
        type->bases = base ? make_tuple_1(base) : make_tuple_0();
        if (base) {
            if (!base->subclasses) base->subclasses = make_list();
            list_append(base->subclasses, type);
        }
    }
}

} // namespace

void add_methods(T id, const builtin_entry* first, const builtin_entry* end) {
    W_Type* type = type_of(id);
    for (; first != end; first++) {
        W_Str* name = intern(first->name);
        bool is_static = first->how == builtin_entry::static_method || first->how == builtin_entry::class_method;
        W_Object* function = make<W_Builtin>(first, name, is_static ? nullptr : type);
        if (first->how == builtin_entry::class_method) function = make<W_ClassMethod>(function);
        if (first->how == builtin_entry::static_method) function = make<W_StaticMethod>(function);
        dict_set_str(type->dict, name, function);
    }
}
void add_getsets(T id, const getset_entry* first, const getset_entry* end) {
    W_Type* type = type_of(id);
    for (; first != end; first++)
        dict_set_str(type->dict, intern(first->name),
                     make<W_GetSet>(intern(first->name), first->getter, first->setter));
}

// __new__ of a built-in type with a constructor: makes the value, and for a subclass wraps it.
static Result<W_Object*> new_from_constructor(W_Arguments* arguments) {
    if (arguments->positional_count() == 0 || !is<W_Type>(arguments->at(0)))
        return raise_text(T::TypeError, "__new__(X): X is not a type object");
    auto* type = static_cast<W_Type*>(arguments->at(0));
    W_Type* builtin = type;
    while (!builtin->is_builtin) builtin = builtin->base;
    if (!builtin->constructor)
        return raise_error(T::TypeError, "cannot create '%s' instances", name_text(type).c_str());
    // Mutable containers are filled by __init__; what __new__ makes of its arguments does not matter.
    bool filled_later = type->instance_layout == layout::list || type->instance_layout == layout::dict ||
                        type->instance_layout == layout::set;
    W_Object* value = nullptr;
    if (builtin == type || !filled_later)
        value = HEDDLE_TRY(
            call_builtin(static_cast<W_Builtin*>(builtin->constructor.get()), arguments_without_first(arguments)));
    if (builtin == type) return value;
    return wrap_for_subclass(type, value);
}
static constexpr builtin_entry new_entry{"__new__", new_from_constructor};

void add_constructor(T id, const builtin_entry* entry) {
    W_Type* type = type_of(id);
    type->constructor = make<W_Builtin>(entry, intern(entry->name), nullptr);
    dict_set_str(type->dict, name_of(N::new_),
                 make<W_StaticMethod>(make<W_Builtin>(&new_entry, name_of(N::new_), nullptr)));
}
void add_functions(W_Dict* module, const builtin_entry* first, const builtin_entry* end) {
    for (; first != end; first++)
        dict_set_str(module, intern(first->name), make<W_Builtin>(first, intern(first->name), nullptr));
}

void setup_namespaces(); // modules.cpp
void setup_modules();

void setup_world() {
    setup_strings();
    constexpr long name_count = static_cast<long>(N::count);
    interned_names = make_array<heddle::array<member<W_Str>>>(name_count);
    for (long i = 0; i < name_count; i++) interned_names->set(i, intern(name_entries[i]));
    singletons = make_array<heddle::array<member<W_Object>>>(5);
    singletons->set(0, make<W_None>());
    singletons->set(1, make<W_Bool>(0));
    singletons->set(2, make<W_Bool>(1));
    singletons->set(3, make<W_NotImplemented>());
    singletons->set(4, make<W_Ellipsis>());
    setup_method_cache();
    make_types();
    the_context = make<ExecutionContext>();
    setup_namespaces();
#define HEDDLE_PYTHON_CALL_SETUP(name) name();
    HEDDLE_PYTHON_SETUP_FUNCTIONS(HEDDLE_PYTHON_CALL_SETUP)
    setup_modules();
}

} // namespace heddle::python
