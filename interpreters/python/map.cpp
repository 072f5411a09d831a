// Hidden classes and the attributes of instances. The idea: Self's maps; PyPy's mapdict.
#include "containers.h"
#include "exceptions.h"
#include "operations.h"

namespace heddle::python {

HEDDLE_ELIDABLE long map_index_of(Map* map, W_Str* name) {
    for (; map->name; map = map->parent)
        if (map->name == name) return map->index;
    return -1;
}

HEDDLE_ELIDABLE Map* map_with(Map* map, W_Str* name) {
    for (Map* child = map->first_child; child; child = child->sibling)
        if (child->name == name) return child;
    Map* child = make<Map>(map->type, map, name, map->count, false);
    child->sibling = map->first_child;
    map->first_child = child;
    if (map->type->instance_size < child->count) map->type->instance_size = child->count;
    return child;
}

HEDDLE_ELIDABLE Map* map_for_type(W_Type* type) {
    if (!type->root_map) type->root_map = make<Map>(type, nullptr, nullptr, -1, false);
    return type->root_map;
}

HEDDLE_ELIDABLE Map* map_in_dict(W_Type* type) {
    if (!type->dict_map) type->dict_map = make<Map>(type, nullptr, nullptr, -1, true);
    return type->dict_map;
}

W_Object* instance_get(W_Instance* instance, W_Str* name) {
    Map* map = jit::promote(instance->map.get());
    if (map->in_dict) return dict_get_str(static_cast<W_Dict*>(instance->storage->get(0)), name);
    long index = map_index_of(map, name);
    if (index < 0) return nullptr;
    return instance->storage->get(index);
}

HEDDLE_DONT_LOOK_INSIDE static void grow_storage(W_Instance* instance, long needed) {
    attribute_values* old = instance->storage;
    long length = old ? old->length() : 0;
    long size = instance->map->type->instance_size;
    if (size < needed) size = needed < 4 ? needed : needed + needed / 2;
    auto* storage = make_array<attribute_values>(size);
    if (length) copy_items(old, 0, storage, 0, length);
    instance->storage = storage;
}

void instance_set(W_Instance* instance, W_Str* name, W_Object* value) {
    Map* map = jit::promote(instance->map.get());
    if (map->in_dict) {
        dict_set_str(static_cast<W_Dict*>(instance->storage->get(0)), name, value);
        return;
    }
    long index = map_index_of(map, name);
    if (index >= 0) {
        instance->storage->set(index, value);
        return;
    }
    if (map->count >= map_attribute_limit) {
        dict_set_str(instance_dict(instance), name, value);
        return;
    }
    Map* next = map_with(map, name);
    attribute_values* storage = instance->storage;
    if (!storage || storage->length() <= next->index) {
        grow_storage(instance, next->count);
        storage = instance->storage;
    }
    storage->set(next->index, value);
    instance->map = next;
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
    for (; map->name; map = map->parent) names->set(map->index, map->name);
    return names;
}

HEDDLE_DONT_LOOK_INSIDE W_Dict* instance_dict(W_Instance* instance) {
    if (instance->map->in_dict) return static_cast<W_Dict*>(instance->storage->get(0));
    W_Dict* dict = make_dict();
    object_array* names = instance_names(instance);
    for (long i = 0; i < names->length(); i++)
        dict_set_str(dict, static_cast<W_Str*>(names->get(i)), instance->storage->get(i));
    auto* storage = make_array<attribute_values>(1);
    storage->set(0, dict);
    instance->storage = storage;
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
