// Loads and stores of globals and attributes by the instruction loop.
//
// In traces (jit::we_are_jitted()) the lookups are elidable functions of promoted versions and maps. The interpreter
// keeps, for each instruction, what it found the last time and under which versions and map.
#include "interpreter.h"

namespace heddle::python {
namespace {

constexpr long most_kinds = 4;
constexpr long most_replacements = 64; // with parallel threads; one thread alone is best served by the newest

HEDDLE_INLINE bool is_hit(InlineCache* cache, heddle::object* first, heddle::object* second) {
    return cache && cache->second == second && cache->first == first;
}
// Entries but the first one, which the callers have looked at; null: none.
HEDDLE_DONT_LOOK_INSIDE heddle::object* find_further(InlineCache* cache, heddle::object* first,
                                                     heddle::object* second) {
    while (cache && !is_hit(cache, first, second)) cache = cache->next;
    return cache ? cache->value.get() : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE void remember(W_Code* code, long instruction, heddle::object* first, heddle::object* second,
                                      heddle::object* value) {
    InlineCache* newest = code->caches->get(instruction);
    InlineCache* cache = newest;
    InlineCache* last = nullptr;
    long kinds = 0;
    for (; cache && cache->second != second; cache = cache->next, ++kinds) last = cache;
    if (!cache && kinds < most_kinds) {
        cache = make<InlineCache>(newest);
        code->caches->set(instruction, cache);
    } else if (!cache) {
        cache = last;
        if (threads::are_parallel()) {
            if (cache->replaced == most_replacements) return;
            cache->replaced = cache->replaced + 1;
        }
    }
    cache->first = first;
    cache->second = second;
    cache->value = value;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* name_error(W_Str* name) {
    raise_error(T::NameError, "name '%s' is not defined", to_utf8(name).c_str());
    auto* exception = static_cast<W_Exception*>(pending_error());
    instance_set(exception, name_of(N::plain_name), name);
    return nullptr;
}
HEDDLE_INLINE W_Object* unwrap_global(W_Object* value) {
    return is_exact<GlobalCell>(value) ? static_cast<GlobalCell*>(value)->value.get() : value;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* load_global_miss(W_Code* code, W_Dict* globals, long instruction, W_Str* name) {
    W_Dict* builtins = builtins_namespace();
    if (!globals->version) { // exec() with a plain dict
        W_Object* value = dict_get_str(globals, name);
        if (!value) value = dict_get_str(builtins, name);
        return value ? value : name_error(name);
    }
    W_Object* value = global_lookup(globals, globals->version, name);
    if (!value) value = global_lookup(builtins, builtins->version, name);
    if (!value) return name_error(name);
    remember(code, instruction, globals->version, builtins->version, value);
    return unwrap_global(value);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* load_global_unversioned(W_Dict* globals, W_Str* name) {
    W_Object* value = dict_get_str(globals, name);
    if (!value) value = dict_get_str(builtins_namespace(), name);
    return value ? value : name_error(name);
}

} // namespace

W_Object* load_global(W_Code* code, W_Frame* frame, long instruction, long name_index) {
    if (jit::we_are_jitted()) {
        W_Dict* globals = jit::promote(frame->globals);
        W_Str* name = code_name(code, name_index);
        VersionTag* version = jit::promote(globals->version.get());
        if (!version) return load_global_unversioned(globals, name);
        W_Object* value = global_lookup(globals, version, name);
        if (!value) {
            W_Dict* builtins = builtins_namespace();
            value = global_lookup(builtins, jit::promote(builtins->version.get()), name);
            if (!value) return name_error(name);
        }
        return unwrap_global(value);
    }
    InlineCache* cache = code->caches->get(instruction);
    W_Dict* globals = frame->globals;
    if (is_hit(cache, globals->version, builtins_namespace()->version))
        return unwrap_global(static_cast<W_Object*>(cache->value.get()));
    return load_global_miss(code, globals, instruction, code_name(code, name_index));
}

namespace {

// Instances only: what the interpreter may remember of o.name. Fills the cache, gives the result by the general way.
HEDDLE_DONT_LOOK_INSIDE W_Object* load_attribute_miss(W_Code* code, W_Object* o, long instruction, W_Str* name) {
    if (is<W_Instance>(o)) {
        auto* instance = static_cast<W_Instance*>(o);
        Map* map = instance->map;
        W_Type* type = map->type;
        W_Object* in_type = type_lookup(type, name);
        if (!in_type && !map->in_dict &&
            type_lookup(type, N::getattribute) == type_lookup(type_of(T::object), N::getattribute)) {
            Map* attribute = map_find(map, name);
            if (attribute) remember(code, instruction, type->version, map, attribute);
        }
    }
    return get_attribute(o, name).value();
}

} // namespace

W_Object* load_attribute(W_Code* code, W_Object* o, long instruction, long name_index) {
    if (jit::we_are_jitted()) return get_attribute(o, code_name(code, name_index)).value();
    if (is<W_Instance>(o)) {
        InlineCache* cache = code->caches->get(instruction);
        auto* instance = static_cast<W_Instance*>(o);
        Map* map = instance->map;
        if (is_hit(cache, map->type->version, map))
            return attribute_read(instance, static_cast<Map*>(cache->value.get()));
        if (cache && cache->next) {
            heddle::object* attribute = find_further(cache->next, map->type->version, map);
            if (attribute) return attribute_read(instance, static_cast<Map*>(attribute));
        }
        return load_attribute_miss(code, o, instruction, code_name(code, name_index));
    }
    return get_attribute(o, code_name(code, name_index)).value();
}

namespace {

// The function that o.name(...) calls with o as first argument, or null: do it the general way.
HEDDLE_INLINE W_Object* plain_method(W_Object* o, W_Type* type, W_Str* name) {
    W_Object* function = type_lookup(type, name);
    if (!function) return nullptr;
    if (!is_exact<W_Function>(function) && !(is_exact<W_Builtin>(function) && static_cast<W_Builtin*>(function)->owner))
        return nullptr;
    W_Instance* attributes = o->attributes();
    if (attributes && instance_get(attributes, name)) return nullptr;
    return function;
}
HEDDLE_DONT_LOOK_INSIDE Result<void> load_method_miss(W_Code* code, frame_slots* slots, long target, W_Object* o,
                                                      long instruction, W_Str* name) {
    W_Type* type = o->type();
    bool ordinary = !is<W_Type>(o) && !is<W_Module>(o) && !is<W_Super>(o) &&
                    type_lookup(type, N::getattribute) == type_lookup(type_of(T::object), N::getattribute);
    W_Object* function = ordinary ? plain_method(o, type, name) : nullptr;
    if (!function) {
        W_Object* value = HEDDLE_TRY(get_attribute(o, name));
        slots->set(target, value);
        slots->set(target + 1, nullptr);
        return ok;
    }
    if (!o->attributes() || (is<W_Instance>(o) && !static_cast<W_Instance*>(o)->map->in_dict)) {
        auto* key = is<W_Instance>(o) ? static_cast<heddle::object*>(static_cast<W_Instance*>(o)->map)
                                      : static_cast<heddle::object*>(type);
        remember(code, instruction, type->version, key, function);
    }
    slots->set(target, function);
    slots->set(target + 1, o);
    return ok;
}

} // namespace

Result<void> load_method(W_Code* code, frame_slots* slots, long target, W_Object* o, long instruction,
                         long name_index) {
    if (jit::we_are_jitted()) {
        W_Str* name = code_name(code, name_index);
        W_Object* function = nullptr;
        if (!is<W_Type>(o) && !is<W_Module>(o) && !is<W_Super>(o)) {
            W_Type* type = jit::promote(o->type());
            if (type_lookup(type, N::getattribute) == type_lookup(type_of(T::object), N::getattribute))
                function = plain_method(o, type, name);
        }
        if (function) {
            slots->set(target, function);
            slots->set(target + 1, o);
            return ok;
        }
        W_Object* value = HEDDLE_TRY(get_attribute(o, name));
        slots->set(target, value);
        slots->set(target + 1, nullptr);
        return ok;
    }
    InlineCache* cache = code->caches->get(instruction);
    if (cache) {
        heddle::object* key;
        W_Type* type;
        if (is<W_Instance>(o)) {
            Map* map = static_cast<W_Instance*>(o)->map;
            key = map;
            type = map->type;
        } else {
            type = o->type();
            key = o->attributes() ? nullptr : static_cast<heddle::object*>(type);
        }
        heddle::object* function = nullptr;
        if (is_hit(cache, type->version, key))
            function = cache->value;
        else if (cache->next && key)
            function = find_further(cache->next, type->version, key);
        if (function) {
            slots->set(target, static_cast<W_Object*>(function));
            slots->set(target + 1, o);
            return ok;
        }
    }
    return load_method_miss(code, slots, target, o, instruction, code_name(code, name_index));
}

namespace {

HEDDLE_DONT_LOOK_INSIDE Result<void> store_attribute_miss(W_Code* code, W_Object* o, W_Object* value, long instruction,
                                                          W_Str* name) {
    if (is<W_Instance>(o)) {
        auto* instance = static_cast<W_Instance*>(o);
        Map* before = instance->map;
        W_Type* type = before->type;
        bool plain = !before->in_dict && type->has_dict && !type_lookup(type, name) &&
                     type_lookup(type, N::setattr) == type_lookup(type_of(T::object), N::setattr);
        auto result = set_attribute(o, name, value);
        Map* after = instance->map;
        if (plain && !result.failed() && !after->in_dict && (after == before || after->parent == before)) {
            remember(code, instruction, type->version, before, map_find(instance->map, name));
        }
        return result;
    }
    return set_attribute(o, name, value);
}

} // namespace

Result<void> store_attribute(W_Code* code, W_Object* o, W_Object* value, long instruction, long name_index) {
    if (jit::we_are_jitted()) return set_attribute(o, code_name(code, name_index), value);
    if (is<W_Instance>(o)) {
        InlineCache* cache = code->caches->get(instruction);
        auto* instance = static_cast<W_Instance*>(o);
        Map* map = instance->map;
        heddle::object* known = nullptr;
        if (is_hit(cache, map->type->version, map))
            known = cache->value;
        else if (cache && cache->next)
            known = find_further(cache->next, map->type->version, map);
        if (known) {
            auto* attribute = static_cast<Map*>(known);
            if (attribute->parent != map) {
                if (attribute_write(instance, attribute, value)) return ok;
            } else if (!attribute->unstable && attribute_has_room(instance, attribute) &&
                       attribute_write(instance, attribute, value)) {
                instance->map = attribute;
                return ok;
            }
        }
        return store_attribute_miss(code, o, value, instruction, code_name(code, name_index));
    }
    return set_attribute(o, code_name(code, name_index), value);
}

} // namespace heddle::python
