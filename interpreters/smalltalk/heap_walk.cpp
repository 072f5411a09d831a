// Walking the heap for allInstances, someObject and become: between objects of different kinds.
#include "heap_walk.h"
#include <unordered_map>
#include <unordered_set>

namespace heddle::smalltalk {

namespace {
root<W_Frame> active_frame;

// Calls visit(slot) for each reference slot of an object or array.
template <class Visit> void each_reference(void* cell, Visit visit) {
    const gc::type_info* type = gc::type_of(cell);
    char* start = static_cast<char*>(cell);
    for (uint32_t i = 0; i < type->reference_count; i++)
        visit(reinterpret_cast<void**>(start + type->reference_offsets[i]));
    if (!type->items_are_references) return;
    uint64_t length = *reinterpret_cast<uint64_t*>(start + type->length_offset);
    auto** items = reinterpret_cast<void**>(start + type->items_offset);
    for (uint64_t i = 0; i < length; i++) visit(items + i);
}

bool is_smalltalk_object(void* cell) {
    const gc::type_info* type = gc::type_of(cell);
    return type->id >= W_Object::heddle_type()->id && type->id <= W_Object::heddle_type()->last_id;
}

template <class Visit> void walk(Visit visit_cell) {
    std::unordered_set<void*> seen;
    std::vector<void*> pending;
    auto reach = [&](void* cell) {
        if (cell && seen.insert(cell).second) pending.push_back(cell);
    };
    reach(special_objects.get());
    reach(active_frame.get());
    reach(character_table.get());
    if (execution_context()->bottom) reach(execution_context()->bottom.get());
    while (!pending.empty()) {
        void* cell = pending.back();
        pending.pop_back();
        visit_cell(cell);
        each_reference(cell, [&](void** slot) { reach(*slot); });
    }
}
} // namespace

void set_active_frame(W_Frame* frame) { active_frame = frame; }

object_list all_objects() {
    object_list all;
    walk([&](void* cell) {
        if (is_smalltalk_object(cell)) all.push_back(cell);
    });
    return all;
}

// Weak slots are not changed: they lose what is replaced.
void replace_references(const object_list& from, const object_list& to) {
    std::unordered_map<void*, void*> replacement;
    for (size_t i = 0; i < from.size(); i++) replacement[from[i]] = to[i];
    std::vector<void*> cells;
    walk([&](void* cell) { cells.push_back(cell); });
    for (void* cell : cells) {
        bool changed = false;
        each_reference(cell, [&](void** slot) {
            auto found = replacement.find(*slot);
            if (found == replacement.end()) return;
            *slot = found->second;
            changed = true;
        });
        if (changed) gc::bulk_write_barrier(cell);
    }
    bump_version();
}

} // namespace heddle::smalltalk
