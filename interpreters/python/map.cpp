// Hidden classes and the attributes of instances. The idea: Self's maps; PyPy's mapdict.
#include "containers.h"
#include "exceptions.h"
#include "operations.h"
#include <algorithm>

namespace heddle::python {

HEDDLE_ELIDABLE Map* map_find(Map* map, W_Str* name) {
    for (; map->name; map = map->parent)
        if (map->name == name) return map;
    return nullptr;
}

static void note_unstable(Map* attribute) {
    if (attribute->kind != attribute_kind::object && !attribute->unstable) attribute->unstable = 1;
}
static void note_sizes(W_Type* type, long objects, long numbers) {
    if (type->instance_size < objects) type->instance_size = objects;
    if (type->instance_numbers < numbers) type->instance_numbers = numbers;
}

// An attribute that comes in two kinds is an object from then on.
HEDDLE_ELIDABLE Map* map_with(Map* map, W_Str* name, attribute_kind kind) {
    bool other_kinds = false;
    for (Map* child = map->first_child; child; child = child->sibling) {
        if (child->name != name) continue;
        if (child->kind == kind) return child;
        other_kinds = true;
    }
    Map* child = make<Map>(map->type, map, name, kind, false);
    child->sibling = map->first_child;
    map->first_child = child;
    if (!other_kinds) {
        note_sizes(map->type, child->objects, child->numbers);
        return child;
    }
    for (Map* each = map->first_child; each; each = each->sibling)
        if (each->name == name) note_unstable(each);
    if (map->type->instance_numbers != map->numbers) map->type->instance_numbers = map->numbers;
    return child;
}
// The transition for a value of that kind.
HEDDLE_INLINE static Map* map_for_kind(Map* map, W_Str* name, attribute_kind kind) {
    Map* next = map_with(map, name, kind);
    if (kind != attribute_kind::object && next->unstable) next = map_with(map, name, attribute_kind::object);
    return next;
}

HEDDLE_ELIDABLE Map* map_for_type(W_Type* type) {
    if (!type->root_map) type->root_map = make<Map>(type, nullptr, nullptr, attribute_kind::object, false);
    return type->root_map;
}

HEDDLE_ELIDABLE Map* map_in_dict(W_Type* type) {
    if (!type->dict_map) type->dict_map = make<Map>(type, nullptr, nullptr, attribute_kind::object, true);
    return type->dict_map;
}

W_Object* instance_get(W_Instance* instance, W_Str* name) {
    Map* map = jit::promote(instance->map.get());
    if (map->in_dict) return dict_get_str(static_cast<W_Dict*>(instance->storage->get(0)), name);
    Map* attribute = map_find(map, name);
    return attribute ? attribute_read(instance, attribute) : nullptr;
}

// Room for the last attribute of a map that the instance is about to get.
HEDDLE_DONT_LOOK_INSIDE static void make_room(W_Instance* instance, Map* next) {
    W_Type* type = next->type;
    note_sizes(type, next->objects, next->numbers);
    if (next->kind == attribute_kind::object) {
        attribute_values* old = instance->storage;
        long needed = next->objects;
        auto* storage = make_array<attribute_values>(
            std::max(type->instance_size.get(), needed < 4 ? needed : needed + needed / 2));
        if (old) copy_items(old, 0, storage, 0, old->length());
        instance->storage = storage;
        return;
    }
    attribute_numbers* old = instance->numbers;
    auto* numbers = make_array<attribute_numbers>(std::max(type->instance_numbers.get(), next->numbers));
    if (old) copy_items(old, 0, numbers, 0, old->length());
    instance->numbers = numbers;
}

// The map with the same attributes in the same order, `attribute` among them as an object.
static Map* map_with_object(Map* map, Map* attribute) {
    if (map == attribute) return map_with(map->parent, map->name, attribute_kind::object);
    return map_for_kind(map_with_object(map->parent, attribute), map->name, map->kind);
}
// Stores what is not of the attribute's kind.
HEDDLE_DONT_LOOK_INSIDE static void generalise(W_Instance* instance, Map* attribute, W_Object* value) {
    note_unstable(attribute);
    Map* old = instance->map;
    Map* fresh = map_with_object(old, attribute);
    W_Type* type = fresh->type;
    if (type->instance_numbers != fresh->numbers) type->instance_numbers = fresh->numbers;
    note_sizes(type, fresh->objects, 0);
    auto* moved = make<W_Instance>(fresh, make_array<attribute_values>(type->instance_size),
                                   fresh->numbers ? make_array<attribute_numbers>(fresh->numbers) : nullptr);
    for (Map *from = old, *to = fresh; to->name; from = from->parent, to = to->parent)
        attribute_write(moved, to, from == attribute ? value : attribute_read(instance, from));
    instance->storage = moved->storage.get();
    instance->numbers = moved->numbers.get();
    instance->map = fresh;
}

void instance_set(W_Instance* instance, W_Str* name, W_Object* value) {
    Map* map = jit::promote(instance->map.get());
    if (map->in_dict) {
        dict_set_str(static_cast<W_Dict*>(instance->storage->get(0)), name, value);
        return;
    }
    Map* attribute = map_find(map, name);
    if (attribute) {
        if (!attribute_write(instance, attribute, value)) generalise(instance, attribute, value);
        return;
    }
    if (map->count >= map_attribute_limit) {
        dict_set_str(instance_dict(instance), name, value);
        return;
    }
    attribute = map_for_kind(map, name, attribute_kind_of(value));
    if (!attribute_has_room(instance, attribute)) make_room(instance, attribute);
    attribute_write(instance, attribute, value);
    instance->map = attribute;
}

HEDDLE_DONT_LOOK_INSIDE object_array* instance_names(W_Instance* instance) {
    Map* map = instance->map;
    if (map->in_dict) {
        auto* dict = static_cast<W_Dict*>(instance->storage->get(0));
        auto* names = make_array<object_array>(dict->count);
        long filled = 0;
        for (long entry = dict_next_entry(dict, 0); entry >= 0; entry = dict_next_entry(dict, entry + 1))
            names->set(filled++, dict->keys->get(entry));
        return names;
    }
    auto* names = make_array<object_array>(map->count);
    for (; map->name; map = map->parent) names->set(map->count - 1, map->name);
    return names;
}

HEDDLE_DONT_LOOK_INSIDE W_Dict* instance_dict(W_Instance* instance) {
    if (instance->map->in_dict) return static_cast<W_Dict*>(instance->storage->get(0));
    W_Dict* dict = make_dict();
    object_array* names = instance_names(instance);
    for (long i = 0; i < names->length(); i++) {
        auto* name = static_cast<W_Str*>(names->get(i));
        dict_set_str(dict, name, instance_get(instance, name));
    }
    auto* storage = make_array<attribute_values>(1);
    storage->set(0, dict);
    instance->storage = storage;
    instance->numbers = static_cast<attribute_numbers*>(nullptr);
    instance->map = map_in_dict(instance->map->type);
    return dict;
}

HEDDLE_DONT_LOOK_INSIDE Result<void> instance_replace_dict(W_Instance* instance, W_Object* dict) {
    if (!is<W_Dict>(dict))
        return raise_error(T::TypeError, "__dict__ must be set to a dictionary, not a '%s'", type_name(dict).c_str());
    instance_dict(instance);
    instance->storage->set(0, dict);
    return ok;
}

HEDDLE_DONT_LOOK_INSIDE bool instance_delete(W_Instance* instance, W_Str* name) {
    if (!instance_get(instance, name)) return false;
    return dict_delete_str(instance_dict(instance), name);
}

} // namespace heddle::python
