// Finalizers.
//
// Light ones run inside the collection that finds their object dead. Ordinary ones are queued in dependency order:
// of the dead finalizable objects, only those run now that no other one reaches (cut cycles at one object); the rest
// waits for a later cycle. With `roots` the objects at which a depth-first search over the dead candidates has to start
// anew, a root belongs to no later object's reach unless a later root reaches it (Kosaraju's observation), so going
// through the roots backwards and marking each one's reach picks exactly the first of each source component.
//
// A young object with an ordinary finalizer always survives its first minor collection.
#include <algorithm>

#include "local.h"

namespace heddle::gc {

namespace {

void set_visited_reach(void* start, std::vector<void*>& visited) {
    word_stack pending;
    auto reach = [&](void* object) {
        if (!is_reference(object) || collector.is_young(object) || is_marked(object)) return;
        header& head = header_of(object);
        if (head.flags & flag_visited) return;
        head.flags |= flag_visited;
        visited.push_back(object);
        pending.push(object);
    };
    reach(start);
    while (!pending.empty()) {
        char* object = static_cast<char*>(pending.pop());
        for_all_slots(collector.type_of(object), object, [&](void** slot) { reach(*slot); });
    }
    pending.release();
}

} // namespace

void note_finalizable(void* object, const type_info& type) {
    if (local_heap* own = heap_of_transaction())
        return (type.finalizer_is_light ? own->light : own->finalizable).push_back(object);
    (type.finalizer_is_light ? collector.young_light : collector.young_finalizable).push_back(object);
}

void visit_young_finalizable(void (*visit)(void** slot)) {
    for (void*& object : collector.young_finalizable) visit(&object);
}

void settle_young_finalizable() {
    auto still_young = collector.young_light.begin();
    for (void* object : collector.young_light) {
        header& head = header_of(object);
        if (!collector.is_young(object)) {
            collector.old_light.push_back(object); // large
        } else if (head.flags & flag_forwarded) {
            collector.old_light.push_back(*static_cast<void**>(object));
        } else if (head.flags & flag_reached_in_place) {
            *still_young++ = object;
        } else {
            ++collector.counts.finalizers_run;
            collector.types[head.type_id].info->finalizer(object);
        }
    }
    collector.young_light.erase(still_young, collector.young_light.end());
}

namespace {

void sort_out(std::vector<void*>& young, std::vector<void*>& old) {
    auto still_young = young.begin();
    for (void* object : young)
        if (collector.is_young(object))
            *still_young++ = object;
        else
            old.push_back(object);
    young.erase(still_young, young.end());
}

} // namespace

void sort_finalizable() {
    sort_out(collector.young_finalizable, collector.old_finalizable);
    sort_out(collector.young_light, collector.old_light);
}

void order_finalizers() {
    std::vector<void*> visited, roots;
    for (void* object : collector.old_finalizable)
        if (!is_marked(object) && !(header_of(object).flags & flag_visited)) {
            roots.push_back(object);
            set_visited_reach(object, visited);
        }
    for (void* object : visited) header_of(object).flags &= ~flag_visited;
    std::vector<void*> ready;
    for (auto root = roots.rbegin(); root != roots.rend(); ++root)
        if (!is_marked(*root)) {
            ready.push_back(*root);
            mark_object(*root);
            drain_marking();
        }
    if (ready.empty()) return;
    // Back to the order of registration.
    collector.finalizer_queue.insert(collector.finalizer_queue.end(), ready.rbegin(), ready.rend());
    __atomic_or_fetch(&heddle_thread.action_flag, action_finalizers, __ATOMIC_SEQ_CST);
    std::sort(ready.begin(), ready.end());
    auto& waiting = collector.old_finalizable;
    waiting.erase(std::remove_if(waiting.begin(), waiting.end(),
                                 [&](void* object) { return std::binary_search(ready.begin(), ready.end(), object); }),
                  waiting.end());
}

void run_dead_light_finalizers() {
    auto alive = collector.old_light.begin();
    for (void* object : collector.old_light) {
        if (is_marked(object)) {
            *alive++ = object;
            continue;
        }
        ++collector.counts.finalizers_run;
        collector.type_of(object).info->finalizer(object);
    }
    collector.old_light.erase(alive, collector.old_light.end());
}

size_t run_finalizers(size_t limit) {
    size_t ran = 0;
    {
        heap_lock lock;
        if (collector.finalizer_queue.empty()) limit = 0;
    }
    if (limit != 0) become_inevitable();
    while (ran < limit) {
        void* object;
        {
            heap_lock lock;
            if (collector.finalizer_queue.empty()) break;
            object = collector.finalizer_queue.front();
            collector.finalizer_queue.pop_front();
            ++ran;
            ++collector.counts.finalizers_run;
        }
        collector.type_of(object).info->finalizer(object);
    }
    heap_lock lock;
    if (collector.finalizer_queue.empty())
        __atomic_and_fetch(&heddle_thread.action_flag, ~action_finalizers, __ATOMIC_SEQ_CST);
    return ran;
}

} // namespace heddle::gc
