// Types: lookup in the mro, versions, making classes (C3 linearisation, __slots__, __set_name__).
#include "type.h"
#include "heddle/threads.h"
#include "interpreter.h"
#include "subclasses.h"

namespace heddle::python {

namespace {
// The interpreter's method cache: (version, name) -> raw attribute. Arrays, so that the collector keeps it right.
constexpr long method_cache_size = 4096;
root<heddle::array<member<VersionTag>>> cached_versions;
struct lookup_cache_tag {};
using lookup_cache = heddle::array<member<W_Object>, lookup_cache_tag>;
root<lookup_cache> cached_names;
root<lookup_cache> cached_values;
} // namespace

HEDDLE_DONT_LOOK_INSIDE VersionTag* new_version() { return make<VersionTag>(heddle::threads::unique_number()); }

void setup_method_cache() {
    cached_versions = make_array<heddle::array<member<VersionTag>>>(method_cache_size);
    cached_names = make_array<lookup_cache>(method_cache_size);
    cached_values = make_array<lookup_cache>(method_cache_size);
}

static W_Object* search_mro(W_Type* type, W_Str* name) {
    object_array* mro = type->mro;
    for (long i = 0, n = mro->length(); i < n; i++) {
        W_Dict* dict = static_cast<W_Type*>(mro->get(i))->dict;
        long entry = dict_find_str(dict, name);
        if (entry >= 0) return dict->values->get(entry);
    }
    return nullptr;
}

HEDDLE_ELIDABLE W_Object* type_lookup_raw(W_Type* type, VersionTag* version, W_Str* name) {
    unsigned long slot =
        (static_cast<unsigned long>(version->number) * 0x9e3779b1ul ^ static_cast<unsigned long>(name->hash.get())) &
        (method_cache_size - 1);
    if (cached_versions->get(slot) == version && cached_names->get(slot) == name) return cached_values->get(slot);
    W_Object* found = search_mro(type, name);
    if (name->interned) {
        cached_versions->set(slot, version);
        cached_names->set(slot, name);
        cached_values->set(slot, found);
    }
    return found;
}

HEDDLE_ELIDABLE W_Object* type_lookup_after(W_Type* type, VersionTag*, W_Type* after, W_Str* name) {
    object_array* mro = type->mro;
    long n = mro->length(), i = 0;
    while (i < n && mro->get(i) != after) i++;
    for (i++; i < n; i++) {
        W_Dict* dict = static_cast<W_Type*>(mro->get(i))->dict;
        long entry = dict_find_str(dict, name);
        if (entry >= 0) return dict->values->get(entry);
    }
    return nullptr;
}

HEDDLE_ELIDABLE bool is_subtype(W_Type* type, W_Type* of) {
    object_array* mro = type->mro;
    for (long i = 0, n = mro->length(); i < n; i++)
        if (mro->get(i) == of) return true;
    return false;
}

HEDDLE_DONT_LOOK_INSIDE void type_changed(W_Type* type) {
    type->version = new_version();
    if (!type->subclasses) return;
    for (long i = 0; i < type->subclasses->length; i++)
        type_changed(static_cast<W_Type*>(list_get(type->subclasses, i)));
}

HEDDLE_DONT_LOOK_INSIDE void type_set_own(W_Type* type, W_Str* name, W_Object* value) {
    name = intern(name);
    long entry = dict_find_str(type->dict, name);
    if (entry >= 0) {
        W_Object* old = type->dict->values->get(entry);
        if (is_exact<AttributeCell>(old)) {
            static_cast<AttributeCell*>(old)->value = value;
            return;
        }
        bool is_code = is_exact<W_Function>(old) || is_exact<W_Function>(value);
        if (!type->is_builtin && !is_code) value = make<AttributeCell>(value);
    }
    dict_set_str(type->dict, name, value);
    type_changed(type);
}

std::string name_text(W_Type* type) { return to_utf8(type->name); }
HEDDLE_DONT_LOOK_INSIDE std::string type_name(W_Object* o) { return name_text(o->type()); }

W_Instance* allocate_instance(W_Type* type) {
    if (type->instance_layout == layout::exception) return make_exception(type, make_tuple_0());
    type = jit::promote(type);
    long objects = type->instance_size, count = type->instance_numbers;
    attribute_values* storage = nullptr;
    attribute_numbers* numbers = nullptr;
    if (objects > 0) storage = make_array<attribute_values>(objects);
    if (count > 0) numbers = make_array<attribute_numbers>(count);
    return make<W_Instance>(map_for_type(type), storage, numbers);
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> wrap_for_subclass(W_Type* type, W_Object* value) {
    auto* own = make<W_Instance>(map_for_type(type), nullptr);
    switch (type->instance_layout) {
    case layout::int_:
        if (is<W_BigInt>(value))
            return raise_error(T::OverflowError, "instances of subclasses of int are limited to %d bits", long_bits);
        return make<W_IntSubclass>(static_cast<W_Int*>(value), own);
    case layout::float_: return make<W_FloatSubclass>(static_cast<W_Float*>(value), own);
    case layout::str: return make<W_StrSubclass>(static_cast<W_Str*>(value), own);
    case layout::bytes: return make<W_BytesSubclass>(static_cast<W_Bytes*>(value), own);
    case layout::tuple: return make<W_TupleSubclass>(static_cast<W_Tuple*>(value), own);
    case layout::list: return make<W_ListSubclass>(own);
    case layout::dict: return make<W_DictSubclass>(own);
    case layout::set: return make<W_SetSubclass>(make_dict(), own);
    case layout::frozenset: return make<W_FrozenSetSubclass>(static_cast<W_Set*>(value)->table.get(), own);
    case layout::property: return make<W_PropertySubclass>(static_cast<W_Property*>(value), own);
    case layout::object:
    case layout::exception: return allocate_instance(type);
    default: return raise_error(T::TypeError, "cannot create '%s' instances", name_text(type).c_str());
    }
}

// ---- making a class
// ---------------------------------------------------------------------------------------------------
namespace {

bool in_tail(object_array* list, long from, W_Object* type) {
    for (long i = from + 1; i < list->length(); i++)
        if (list->get(i) == type) return true;
    return false;
}

// C3. Sequences: the bases' mros, then the bases themselves.
Result<object_array*> linearise(W_Type* type, W_Tuple* bases) {
    long count = bases->length();
    auto* sequences = make_array<heddle::array<member<object_array>>>(count + 1);
    std::vector<long> positions(count + 1, 0);
    long total = 1;
    for (long i = 0; i < count; i++) {
        sequences->set(i, static_cast<W_Type*>(bases->at(i))->mro);
        total += sequences->get(i)->length();
    }
    sequences->set(count, bases->items);
    auto* merged = make_array<object_array>(total);
    long filled = 0;
    merged->set(filled++, type);
    for (;;) {
        W_Object* next = nullptr;
        bool left = false;
        for (long i = 0; i <= count && !next; i++) {
            object_array* sequence = sequences->get(i);
            if (positions[i] >= sequence->length()) continue;
            left = true;
            W_Object* candidate = sequence->get(positions[i]);
            bool blocked = false;
            for (long j = 0; j <= count && !blocked; j++) blocked = in_tail(sequences->get(j), positions[j], candidate);
            if (!blocked) next = candidate;
        }
        if (!left) break;
        if (!next) {
            std::string names;
            for (long i = 0; i < count; i++) names += (i ? ", " : "") + name_text(static_cast<W_Type*>(bases->at(i)));
            return raise_error(T::TypeError, "Cannot create a consistent method resolution\norder (MRO) for bases %s",
                               names.c_str());
        }
        merged->set(filled++, next);
        for (long i = 0; i <= count; i++)
            if (positions[i] < sequences->get(i)->length() && sequences->get(i)->get(positions[i]) == next)
                positions[i]++;
    }
    auto* mro = make_array<object_array>(filled);
    copy_items(merged, 0, mro, 0, filled);
    return mro;
}

// The base that decides the C++ class of the instances.
Result<W_Type*> solid_base(W_Tuple* bases) {
    W_Type* best = nullptr;
    for (long i = 0; i < bases->length(); i++) {
        if (!is<W_Type>(bases->at(i))) return raise_text(T::TypeError, "bases must be types");
        auto* base = static_cast<W_Type*>(bases->at(i));
        if (base->instance_layout == layout::none)
            return raise_error(T::TypeError, "type '%s' is not an acceptable base type", name_text(base).c_str());
        if (!best || best->instance_layout == layout::object)
            best = base;
        else if (base->instance_layout != layout::object && base->instance_layout != best->instance_layout)
            return raise_text(T::TypeError, "multiple bases have instance lay-out conflict");
    }
    return best;
}

Result<void> add_slot(W_Type* type, W_Object* entry) {
    if (!is<W_Str>(entry))
        return raise_error(T::TypeError, "__slots__ items must be strings, not '%s'", type_name(entry).c_str());
    auto* name = static_cast<W_Str*>(entry);
    if (str_is(name, "__dict__")) type->has_dict = 1;
    if (str_is(name, "__dict__") || str_is(name, "__weakref__")) return ok;
    std::string text = to_utf8(name), owner = to_utf8(type->name);
    if (text.starts_with("__") && !text.ends_with("__")) {
        size_t strip = owner.find_first_not_of('_');
        if (strip != std::string::npos) text = "_" + owner.substr(strip) + text;
    }
    W_Str* mangled = intern(make_str(text));
    if (dict_get_str(type->dict, mangled))
        return raise_error(T::ValueError, "'%s' in __slots__ conflicts with class variable", text.c_str());
    dict_set_str(type->dict, mangled, make<W_SlotMember>(mangled, type));
    return ok;
}

Result<void> setup_slots(W_Type* type, W_Tuple* bases) {
    W_Object* slots = dict_get_str(type->dict, name_of(N::slots));
    if (!slots) return ok;
    type->has_slots = 1;
    type->has_dict = 0;
    for (long i = 0; i < bases->length(); i++)
        if (static_cast<W_Type*>(bases->at(i))->has_dict) type->has_dict = 1;
    if (is<W_Str>(slots)) return add_slot(type, slots);
    object_array* entries = HEDDLE_TRY(iterable_to_slots(slots));
    for (long i = 0; i < entries->length(); i++) HEDDLE_TRY(add_slot(type, entries->get(i)));
    return ok;
}

void wrap_special_methods(W_Dict* dict) {
    W_Object* maker = dict_get_str(dict, name_of(N::new_));
    if (maker && is_exact<W_Function>(maker)) dict_set_str(dict, name_of(N::new_), make<W_StaticMethod>(maker));
    for (N name : {N::init_subclass, N::class_getitem}) {
        W_Object* function = dict_get_str(dict, name_of(name));
        if (function && is_exact<W_Function>(function))
            dict_set_str(dict, name_of(name), make<W_ClassMethod>(function));
    }
    if (dict_get_str(dict, name_of(N::eq)) && !dict_get_str(dict, name_of(N::hash)))
        dict_set_str(dict, name_of(N::hash), none());
    if (!dict_get_str(dict, name_of(N::doc))) dict_set_str(dict, name_of(N::doc), none());
}

Result<void> call_set_names(W_Type* type) {
    W_Dict* dict = dict_copy(type->dict);
    for (long entry = dict_next_entry(dict, 0); entry >= 0; entry = dict_next_entry(dict, entry + 1)) {
        W_Object* value = dict->values->get(entry);
        if (is_exact<W_Function>(value) || !(is<W_Instance>(value) || value->attributes())) continue;
        W_Object* hook = type_lookup(value->type(), N::set_name);
        if (hook) HEDDLE_TRY(call_3(hook, value, type, dict->keys->get(entry)));
    }
    return ok;
}

} // namespace

W_Object* instance_dict_descriptor(); // type_object.cpp

HEDDLE_DONT_LOOK_INSIDE Result<W_Type*> make_class(W_Type* metatype, W_Str* name, W_Tuple* bases, W_Dict* given) {
    if (bases->length() == 0) bases = make_tuple_1(type_of(T::object));
    W_Type* base = HEDDLE_TRY(solid_base(bases));
    W_Dict* dict = make_dict();
    for (long entry = dict_next_entry(given, 0); entry >= 0; entry = dict_next_entry(given, entry + 1)) {
        W_Object* key = given->keys->get(entry);
        if (is_exact<W_Str>(key)) key = intern(static_cast<W_Str*>(key));
        HEDDLE_TRY(dict_set(dict, key, dict_value_at(given, entry)));
    }
    auto* type = make<W_Type>(intern(name), metatype == type_of(T::type) ? nullptr : metatype, base,
                              base->instance_layout, dict, false);
    type->version = new_version();
    type->bases = bases;
    type->mro = HEDDLE_TRY(linearise(type, bases));
    if (W_Object* qualname = dict_get_str(dict, name_of(N::qualname))) {
        if (!is<W_Str>(qualname))
            return raise_error(T::TypeError, "type __qualname__ must be a str, not %s", type_name(qualname).c_str());
        type->qualname = static_cast<W_Str*>(qualname);
        dict_delete_str(dict, name_of(N::qualname));
    }
    if (W_Object* cell = dict_get_str(dict, name_of(N::classcell))) {
        if (is_exact<W_Cell>(cell)) static_cast<W_Cell*>(cell)->value = type;
        dict_delete_str(dict, name_of(N::classcell));
    }
    HEDDLE_TRY(setup_slots(type, bases));
    if (type->has_dict && !type_lookup(type, N::dict)) dict_set_str(dict, name_of(N::dict), instance_dict_descriptor());
    wrap_special_methods(dict);
    type_changed(type);
    for (long i = 0; i < bases->length(); i++) {
        auto* parent = static_cast<W_Type*>(bases->at(i));
        if (!parent->subclasses) parent->subclasses = make_list();
        list_append(parent->subclasses, type);
    }
    HEDDLE_TRY(call_set_names(type));
    return type;
}

} // namespace heddle::python
