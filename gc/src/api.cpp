// Start and end, the table of types, and the collections that a program asks for.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "collector.h"

namespace heddle::gc {

namespace {

// Plain globals, so that they are valid in any static initialiser.
registration* first_registration = nullptr;

char message[256];

const uint32_t offset_zero[] = {0};

traced_type traced(const type_info& type) {
    traced_type result = {};
    result.reference_offsets = type.reference_offsets;
    result.reference_count = type.reference_count;
    result.fixed_size = type.fixed_size;
    result.item_size = type.item_size;
    result.length_offset = type.length_offset;
    result.items_offset = type.items_offset;
    result.item_reference_count = type.items_are_references ? 1 : type.item_reference_count;
    result.item_reference_offsets = type.items_are_references ? offset_zero : type.item_reference_offsets;
    result.info = &type;
    result.weak_offset = type.weak_offset;
    result.is_weak = type.is_weak;
    result.has_references = type.reference_count != 0 || result.item_reference_count != 0 || type.is_weak;
    return result;
}

const char* check(const type_info& type) {
    const char* wrong = nullptr;
    if (type.fixed_size < sizeof(void*) || type.fixed_size > nursery_object_limit - header_size)
        wrong = "its fixed size must be that of a pointer to 8184 bytes";
    else if (type.item_size != 0 && (type.length_offset % 8 != 0 || type.items_offset > type.fixed_size ||
                                     type.length_offset + 8 > type.fixed_size))
        wrong = "its length word or items lie outside of the object, or the length is not aligned";
    else if (type.item_size != 0 && type.items_offset != type.fixed_size)
        wrong = "its items must start where the fixed part ends";
    else if (type.items_are_references && (type.item_size != sizeof(void*) || type.items_offset % sizeof(void*) != 0))
        wrong = "items that are references must be aligned words";
    else if (type.has_finalizer && type.finalizer == nullptr)
        wrong = "it has_finalizer, but finalizer is null";
    else if (type.is_weak &&
             (type.weak_offset % sizeof(void*) != 0 || type.weak_offset + sizeof(void*) > type.fixed_size))
        wrong = "its weak slot lies outside of the object";
    for (uint32_t i = 0; wrong == nullptr && i < type.reference_count; ++i) {
        uint32_t offset = type.reference_offsets[i];
        if (offset % sizeof(void*) != 0 || offset + sizeof(void*) > type.fixed_size)
            wrong = "one of its reference slots lies outside of the object or is not aligned";
        else if (type.is_weak && offset == type.weak_offset)
            wrong = "its weak slot is among its reference slots";
    }
    if (wrong == nullptr) return nullptr;
    std::snprintf(message, sizeof message, "gc: class '%s': %s", type.name, wrong);
    return message;
}

// Pre-order over the tree: assigns ids to `type` and everything derived from it.
void number_subtree(type_info* type, const std::vector<type_info*>& all, std::vector<type_info*>& ordered) {
    ordered.push_back(type);
    type->id = static_cast<uint32_t>(ordered.size());
    for (type_info* other : all)
        if (other->base == type) number_subtree(other, all, ordered);
    type->last_id = static_cast<uint32_t>(ordered.size());
}

const char* add_with_bases(type_info* type, std::vector<type_info*>& all) {
    if (std::find(all.begin(), all.end(), type) != all.end()) return nullptr;
    if (type->base != nullptr && std::find(all.begin(), all.end(), type->base) == all.end()) {
        std::snprintf(message, sizeof message, "gc: class '%s': its base '%s' is not registered", type->name,
                      type->base->name);
        return message;
    }
    all.push_back(type);
    return check(*type);
}

void number_all(std::vector<type_info*>& all) {
    std::vector<type_info*> ordered;
    for (type_info* type : all)
        if (type->base == nullptr) number_subtree(type, all, ordered);
    all = ordered;
    collector.types.assign(1, traced_type{});
    for (type_info* type : all) collector.types.push_back(traced(*type));
}

// The translator numbers the classes itself (its code has the ids as immediates): such ids are kept.
const char* number_registered(std::vector<type_info*>& all) {
    std::vector<std::pair<type_info*, uint32_t>> preset;
    for (type_info* type : all)
        if (type->id != 0) preset.push_back({type, type->id});
    std::sort(preset.begin(), preset.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    std::vector<type_info*> ordered;
    for (auto [type, id] : preset) ordered.push_back(type);
    std::copy_if(all.begin(), all.end(), std::back_inserter(ordered), [](type_info* type) { return type->id == 0; });
    all = ordered;
    number_all(all);
    for (auto [type, id] : preset)
        if (type->id != id) {
            std::snprintf(message, sizeof message, "gc: class '%s': its number %u differs from the translator's %u",
                          type->name, type->id, id);
            return message;
        }
    collector.ids_are_preset = !preset.empty();
    return nullptr;
}

} // namespace

registration::registration(type_info* (*get_type)()) : get(get_type), next(first_registration) {
    first_registration = this;
}

const char* register_type(type_info& type) {
    if (type.id != 0) return nullptr;
    if (!collector.initialised) {
        std::snprintf(message, sizeof message, "gc: class '%s': register_type before initialise", type.name);
        return message;
    }
    auto& all = collector.registered_types;
    // A last derived class extends its bases' ranges; any other insertion moves ids of existing classes.
    bool appends = true;
    for (const type_info* base = type.base; base != nullptr; base = base->base) appends &= base->last_id == all.size();
    bool allocated =
        collector.allocated_anything || heddle_thread.nursery_free != collector.heap.start_of(collector.chunks.front());
    if (!appends && allocated) {
        std::snprintf(message, sizeof message,
                      "gc: class '%s': derived from '%s' too late; register it before the first allocation", type.name,
                      type.base->name);
        return message;
    }
    if (const char* error = add_with_bases(&type, all)) return error;
    if (!appends) {
        number_all(all);
        return nullptr;
    }
    type.id = type.last_id = static_cast<uint32_t>(all.size());
    for (const type_info* base = type.base; base != nullptr; base = base->base)
        const_cast<type_info*>(base)->last_id = type.id;
    collector.types.push_back(traced(type));
    return nullptr;
}

const type_info* type_of(const void* object) { return collector.type_of(object).info; }

size_t total_size_of(const void* object) { return total_size(collector, object); }

const char* initialise(const options& chosen) {
    if (collector.initialised) return "gc: initialise was called twice";
    collector.chosen = chosen;
    if (chosen.maximum_heap_bytes == 0)
        collector.chosen.maximum_heap_bytes =
            static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
    collector.chosen.pin_age_limit = std::clamp<uint32_t>(chosen.pin_age_limit, 1, 3);
#ifndef NDEBUG
    collector.chosen.poison = true;
#endif
    if (chosen.log_file != nullptr) {
        collector.log = std::strcmp(chosen.log_file, "-") == 0 ? stderr : std::fopen(chosen.log_file, "w");
        if (collector.log == nullptr) {
            std::snprintf(message, sizeof message, "HEDDLE_GC_LOG: cannot write '%.100s': %s", chosen.log_file,
                          std::strerror(errno));
            return message;
        }
    }
    if (const char* error = collector.heap.reserve(chosen.card_elements * static_cast<uint32_t>(sizeof(void*))))
        return error;
    // Bases may be registered after what derives from them: add in rounds. The list is in reverse order of
    // registration.
    std::vector<type_info*> listed, pending;
    for (registration* node = first_registration; node != nullptr; node = node->next)
        if (type_info* type = node->get(); std::find(listed.begin(), listed.end(), type) == listed.end())
            listed.push_back(type);
    pending.assign(listed.rbegin(), listed.rend());
    auto& all = collector.registered_types;
    all.clear();
    for (type_info* type : pending)
        if (const type_info* base = type->base;
            base != nullptr && std::find(pending.begin(), pending.end(), base) == pending.end()) {
            std::snprintf(message, sizeof message, "gc: class '%s': its base '%s' is not registered", type->name,
                          base->name);
            return message;
        } else if (const char* error = check(*type)) {
            return error;
        }
    all = pending;
    if (const char* error = number_registered(all)) return error;
    collector.old.initialise(collector.heap, collector.chosen.poison);
    find_stack_limits();
    collector.initialised = true;
    start_transactions();
    collector.cycle = cycle_state::idle;
    collector.threshold = 8 * chosen.nursery_bytes;
    collector.threshold = std::min<uint64_t>(collector.threshold, collector.chosen.maximum_heap_bytes / 2);
    build_nursery();
    return nullptr;
}

void initialise_from_environment_or_exit() {
    options chosen;
    const char* error = options_from_environment(chosen);
    if (error == nullptr) error = initialise(chosen);
    if (error != nullptr) {
        std::fprintf(stderr, "%s\n", error);
        std::exit(2);
    }
}

void shutdown() {
    if (!collector.initialised) return;
    stop_for_good();
    for (auto* list : {&collector.young_light, &collector.old_light})
        for (void* object : *list) collector.type_of(object).info->finalizer(object);
    if (collector.log != nullptr && collector.log != stderr) std::fclose(collector.log);
#ifdef HEDDLE_STM
    return; // stopped threads still refer to it all
#endif
    if (!collector.ids_are_preset)
        for (type_info* type : collector.registered_types) type->id = type->last_id = 0;
    collector.old.reset();
    collector.trace_stack.release();
    collector.grey.release();
    collector.heap.release();
    forget_walked_chunks();
    collector.~collector_state();
    new (&collector) collector_state;
    heddle_thread = thread_state();
}

void collect_in_pause(void (*body)()) {
    heap_lock lock;
    uint64_t started = now_nanoseconds();
    begin_collection();
    with_stack_visible(body);
    end_collection();
    uint64_t spent = now_nanoseconds() - started;
    collector.counts.pause_nanoseconds_total += spent;
    collector.counts.pause_nanoseconds_max = std::max(collector.counts.pause_nanoseconds_max, spent);
}

void collect_minor() {
    collect_in_pause([] { run_minor_collection(); });
}

void collect_full() {
    collect_in_pause([] {
        run_minor_collection();
        run_full_collection();
    });
}

bool collect_step(size_t bytes) {
    static bool completed;
    static size_t budget;
    budget = bytes;
    collect_in_pause([] {
        run_minor_collection();
        if (collector.cycle == cycle_state::idle) start_marking();
        completed = advance_cycle(budget);
        verify_if_wanted("step of a major cycle");
    });
    return completed;
}

void set_collection_hooks(void (*before)(collection_kind), void (*after)(collection_kind)) {
    collector.before_hook = before;
    collector.after_hook = after;
}

bool huge_pages_are_cheap() { return !collector.heap.has_small_pages(); }

statistics get_statistics() {
    heap_lock lock;
    statistics result = collector.counts;
    result.old_bytes = collector.old.old_bytes();
    result.heap_bytes = collector.heap_bytes();
    result.heap_bytes_peak = std::max(result.heap_bytes_peak, result.heap_bytes);
    result.bytes_allocated -= static_cast<uint64_t>(heddle_thread.gap_end - heddle_thread.nursery_free);
    return result;
}

} // namespace heddle::gc
