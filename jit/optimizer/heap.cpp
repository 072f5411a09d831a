// The heap: fields and items at constant indices that were read or written are known, stores are delayed.
//
// A store is delayed until an operation that may read or overwrite its place (through the same descriptor and an object
// that may be the same, or a call with that effect), a jump, a label or the end. Guards list delayed stores in their
// resume data. So a place written many times in an iteration is written once. Stores into immutable fields, and into
// objects that the collector could see half made, are not held back. Two places alias only through the same descriptor
// (descriptors.h) and when the objects may be the same.
#include "heddle/gc/thread_state.h"
#include "heddle/jit/thread_places.h"
#include "ir/slots.h"
#include "optimizer/walk.h"
#include <algorithm>

namespace heddle::jit {

namespace {

constexpr size_t most_known_objects = 48; // a place's known objects; searching them is linear

uint32_t find_slot(walk& w, const descr* where, int64_t item) {
    heap_state& h = w.heap;
    auto add = [&] {
        h.slots.emplace_back();
        h.slots.back().where = where;
        h.slots.back().item = item;
        return static_cast<uint32_t>(h.slots.size() - 1);
    };
    if (where->type == descr_type::field) {
        if (h.field_slots.size() <= where->index) h.field_slots.resize(where->index + 1, none);
        uint32_t& slot = h.field_slots[where->index];
        if (slot == none) slot = add();
        return slot;
    }
    if (h.array_slots.size() <= where->index) h.array_slots.resize(where->index + 1);
    for (uint32_t slot : h.array_slots[where->index])
        if (h.slots[slot].item == item) return slot;
    uint32_t slot = add();
    h.array_slots[where->index].push_back(slot);
    return slot;
}

// Slots of one array descriptor; those of a field are one.
template <typename action> void for_each_slot(walk& w, uint32_t descr_index, action&& act) {
    if (descr_index < w.heap.field_slots.size() && w.heap.field_slots[descr_index] != none)
        act(w.heap.field_slots[descr_index]);
    if (descr_index < w.heap.array_slots.size())
        for (size_t i = 0; i < w.heap.array_slots[descr_index].size(); ++i) act(w.heap.array_slots[descr_index][i]);
}

value_id known_value(walk& w, uint32_t slot, value_id object) {
    heap_slot& place = w.heap.slots[slot];
    if (place.lazy_object != no_value && w.find(place.lazy_object) == object) return w.find(place.lazy_value);
    for (size_t i = place.known.size(); i-- > 0;)
        if (w.find(place.known[i].object) == object) {
            if (place.known[i].fact != none) w.need_fact(place.known[i].fact);
            return w.find(place.known[i].value);
        }
    return no_value;
}

void remember(walk& w, uint32_t slot, value_id object, value_id value) {
    std::vector<heap_entry>& known = w.heap.slots[slot].known;
    for (heap_entry& e : known)
        if (w.find(e.object) == object) {
            e.value = value;
            e.fact = none;
            return;
        }
    if (known.size() == most_known_objects) known.erase(known.begin(), known.begin() + most_known_objects / 2);
    known.push_back({object, value});
}

// What was known of objects that may be this one is no longer true.
void forget_aliases(walk& w, uint32_t slot, value_id object) {
    std::vector<heap_entry>& known = w.heap.slots[slot].known;
    std::erase_if(known, [&](const heap_entry& e) { return !w.surely_different(e.object, object); });
}

// Before a read or write of the place through 'object': a delayed store to what may be the same place is done.
void settle(walk& w, uint32_t slot, value_id object) {
    value_id lazy = w.heap.slots[slot].lazy_object;
    if (lazy != no_value && w.find(lazy) != object && !w.surely_different(lazy, object)) w.flush_slot(slot);
}

bool read(walk& w, step& s, uint32_t slot, value_id object) {
    value_id known = known_value(w, slot, object);
    if (known != no_value) return w.replace(s, known);
    settle(w, slot, object);
    remember(w, slot, object, s.result);
    return false;
}

bool write(walk& w, uint32_t slot, value_id object, value_id stored) {
    if (known_value(w, slot, object) == stored) return true; // it is there already
    // One delayed store a place, so stores to one place keep their order.
    if (w.heap.slots[slot].lazy_object != no_value && w.find(w.heap.slots[slot].lazy_object) != object)
        w.flush_slot(slot);
    forget_aliases(w, slot, object);
    heap_slot& place = w.heap.slots[slot];
    if (place.lazy_object == no_value) w.heap.lazy_slots.push_back(slot);
    place.lazy_object = object;
    place.lazy_value = stored;
    place.lazy_fact = none;
    return true;
}

// A narrow slot gives back another word than was stored: such a store is not known by its value.
bool keeps_word(walk& w, const slot_shape& shape, value_id stored) {
    if (shape.keeps_all()) return true;
    if (shape.slot_kind != kind::integer) return false;
    const int_facts& facts = w.facts(stored);
    return shape.is_signed ? facts.fits_signed(8u * shape.size) : facts.fits_unsigned(8u * shape.size);
}

// A field of a constant object that never changes is read now.
bool fold_immutable(walk& w, step& s, const slot_shape& shape, word object, uint64_t offset) {
    if (object == 0) return false;
    word loaded = load_slot(shape, reinterpret_cast<const char*>(object) + offset);
    return w.replace(s, w.computed_constant(shape.slot_kind, loaded));
}

bool getfield(walk& w, step& s) {
    const field_descr& field = *static_cast<const field_descr*>(s.description);
    value_id object = w.argument(s, 0);
    word address;
    if (field.immutable && w.is_constant(object, address) && fold_immutable(w, s, field.shape, address, field.offset))
        return true;
    if (field.immutable || field.index == UINT32_MAX) return false; // the pure pass has looked
    return read(w, s, find_slot(w, &field, -1), object);
}

bool setfield(walk& w, step& s) {
    const field_descr& field = *static_cast<const field_descr*>(s.description);
    value_id object = w.argument(s, 0), stored = w.argument(s, 1);
    if (field.index == UINT32_MAX) return false;
    if (field.immutable) {
        if (keeps_word(w, field.shape, stored) && !w.is_virtual(stored)) w.heap_remember(&field, -1, object, stored);
        return false;
    }
    uint32_t slot = find_slot(w, &field, -1);
    if (keeps_word(w, field.shape, stored)) return write(w, slot, object, stored);
    w.flush_slot(slot);
    forget_aliases(w, slot, object);
    return false;
}

// Through an index that is not known all items of that kind of array may be meant.
void settle_array(walk& w, const array_descr& array, value_id object, bool writes) {
    for_each_slot(w, array.index, [&](uint32_t slot) {
        value_id lazy = w.heap.slots[slot].lazy_object;
        if (lazy != no_value && !w.surely_different(lazy, object)) w.flush_slot(slot);
        if (writes) forget_aliases(w, slot, object);
    });
}

bool getarrayitem(walk& w, step& s) {
    const array_descr& array = *static_cast<const array_descr*>(s.description);
    value_id object = w.argument(s, 0);
    int64_t index;
    word address;
    if (!w.is_constant_int(w.argument(s, 1), index)) {
        if (!array.immutable) settle_array(w, array, object, false);
        return false;
    }
    if (array.immutable) {
        if (!w.is_constant(object, address) || address == 0) return false;
        uint64_t length = load_slot({}, reinterpret_cast<const char*>(address) + array.length_offset);
        if (static_cast<uint64_t>(index) >= length) return false;
        return fold_immutable(w, s, array.shape, address,
                              array.items_offset + static_cast<uint64_t>(index) * array.shape.size);
    }
    return read(w, s, find_slot(w, &array, index), object);
}

bool setarrayitem(walk& w, step& s) {
    const array_descr& array = *static_cast<const array_descr*>(s.description);
    value_id object = w.argument(s, 0), stored = w.argument(s, 2);
    int64_t index;
    bool known_index = w.is_constant_int(w.argument(s, 1), index);
    if (array.immutable) {
        if (known_index && keeps_word(w, array.shape, stored) && !w.is_virtual(stored))
            w.heap_remember(&array, index, object, stored);
        return false;
    }
    if (known_index && keeps_word(w, array.shape, stored)) return write(w, find_slot(w, &array, index), object, stored);
    settle_array(w, array, object, true);
    return false;
}

void copy_array(walk& w, const step& s) {
    const array_descr& array = *static_cast<const array_descr*>(s.description);
    settle_array(w, array, w.argument(s, 0), false);
    settle_array(w, array, w.argument(s, 2), true);
}

} // namespace

void walk::heap_remember(const descr* where, int64_t item, value_id object, value_id stored) {
    if (!input.options.heap || where->index == UINT32_MAX) return;
    bool immutable = where->type == descr_type::field ? static_cast<const field_descr*>(where)->immutable
                                                      : static_cast<const array_descr*>(where)->immutable;
    if (!immutable) return remember(*this, find_slot(*this, where, item), find(object), find(stored));
    if (where->type == descr_type::field) {
        value_id arguments[1] = {find(object)};
        remember_pure(opcode::getfield, where, arguments, stored);
    } else {
        value_id arguments[2] = {find(object), constant_int(item)};
        remember_pure(opcode::getarrayitem, where, arguments, stored);
    }
}

// Memory that others than the interpreter's code write, at any time: nothing is known of it in the next iteration, or
// in a bridge.
bool walk::changes_by_itself(const descr* where, value_id object) const {
    if (where->type != descr_type::field) return false;
    const field_descr& field = *static_cast<const field_descr*>(where);
    if (field.owner && field.owner->is_weak) return true;
    word address;
    return field.owner_is_global && is_constant(object, address) &&
           (address + field.offset == reinterpret_cast<word>(&heddle_thread.action_flag) ||
            address + field.offset == thread_state_places + offsetof(gc::thread_state, action_flag));
}

uint32_t walk::heap_slot_of(const descr* where, int64_t item) { return find_slot(*this, where, item); }

value_id walk::heap_known(uint32_t slot, value_id object) { return known_value(*this, slot, find(object)); }

void walk::flush_slot(uint32_t slot) {
    heap_slot& place = heap.slots[slot];
    if (place.lazy_object == no_value) return;
    value_id object = find(place.lazy_object), stored = find(place.lazy_value);
    const descr* where = place.where;
    int64_t item = place.item;
    note_pending_done(place);
    // Taken off the list first: making the value may come here again.
    place.lazy_object = place.lazy_value = no_value;
    heap.lazy_slots.erase(std::find(heap.lazy_slots.begin(), heap.lazy_slots.end(), slot));
    force(stored);
    if (item < 0)
        send(make_step(opcode::setfield, {object, stored}, where), barriers_pass);
    else
        send(make_step(opcode::setarrayitem, {object, constant_int(item), stored}, where), barriers_pass);
    remember(*this, slot, object, stored);
}

void walk::flush_all_stores() {
    while (!heap.lazy_slots.empty()) flush_slot(heap.lazy_slots.front());
}

void walk::forget_heap() {
    for (heap_slot& place : heap.slots) place.known.clear();
}

// The collector may look at objects made since the last safepoint: their stores must have been done.
void walk::heap_safepoint() {
    for (size_t i = 0; i < heap.lazy_slots.size();) {
        const value& object = at(heap.slots[heap.lazy_slots[i]].lazy_object);
        if (object.is_allocation && object.born > last_safepoint) {
            flush_slot(heap.lazy_slots[i]);
            i = 0;
        } else {
            ++i;
        }
    }
    last_safepoint = ++clock;
}

// A virtualizable place of the trace's own frame: code that isn't given the frame can't reach it.
bool walk::is_hidden(const descr* where, value_id object) const {
    if (frame_escaped) return false;
    frame_relation relation = values[find(object)].relation;
    if (relation == frame_relation::part) return true;
    return relation == frame_relation::frame && where->type == descr_type::field &&
           static_cast<const field_descr*>(where)->virtualizable;
}

bool walk::gives_frame(const step& s) const {
    for (uint32_t i = 0; i < s.count; ++i) {
        frame_relation relation = values[argument(s, i)].relation;
        if (relation == frame_relation::frame || relation == frame_relation::part) return true;
    }
    return false;
}

// The call may read ('reads') or change ('writes') this place, but for what is hidden from it.
void walk::heap_slot_called(uint32_t slot, bool writes, bool sees_frame) {
    value_id lazy = heap.slots[slot].lazy_object;
    if (lazy != no_value && (sees_frame || !is_hidden(heap.slots[slot].where, lazy))) flush_slot(slot);
    if (!writes) return;
    heap_slot& place = heap.slots[slot];
    if (sees_frame)
        place.known.clear();
    else
        std::erase_if(place.known, [&](const heap_entry& e) { return !is_hidden(place.where, e.object); });
}

// An elidable call has no effect that anyone sees, but it may read what was stored just now, and leave an error in a
// global.
void walk::heap_call(const step& s, const effect_info& effects, bool is_pure_call) {
    bool sees_frame = gives_frame(s), escaped_before = frame_escaped;
    heap_call_effects(effects, is_pure_call, sees_frame);
    // One of the stores done for it made the frame known to others.
    if (frame_escaped != escaped_before) heap_call_effects(effects, is_pure_call, true);
}

void walk::heap_call_effects(const effect_info& effects, bool is_pure_call, bool sees_frame) {
    if (effects.writes_anything || effects.may_run_portal) {
        for (uint32_t slot = 0; slot < heap.slots.size(); ++slot) {
            const descr* where = heap.slots[slot].where;
            bool is_global =
                where->type == descr_type::field && static_cast<const field_descr*>(where)->owner_is_global;
            heap_slot_called(slot, !is_pure_call || is_global, sees_frame);
        }
        return;
    }
    for (uint32_t index : effects.reads)
        for_each_slot(*this, index, [&](uint32_t slot) { heap_slot_called(slot, false, sees_frame); });
    for (uint32_t index : effects.writes)
        for_each_slot(*this, index, [&](uint32_t slot) { heap_slot_called(slot, true, sees_frame); });
}

bool optimise_heap(walk& w, step& s) {
    switch (s.op) {
    case opcode::getfield: return getfield(w, s);
    case opcode::setfield: return setfield(w, s);
    case opcode::getarrayitem: return getarrayitem(w, s);
    case opcode::setarrayitem: return setarrayitem(w, s);
    case opcode::copy_array: copy_array(w, s); return false;
    case opcode::new_object:
    case opcode::new_array: w.heap_safepoint(); return false;
    case opcode::call:
    case opcode::call_pure: {
        const effect_info& effects = static_cast<const call_descr*>(s.description)->effects;
        w.heap_call(s, effects, s.op == opcode::call_pure);
        if (effects.may_collect) w.heap_safepoint();
        return false;
    }
    case opcode::call_may_force:
    case opcode::call_assembler:
        w.heap_call(s, effect_info(), false);
        w.heap_safepoint();
        return false;
    case opcode::jump:
    case opcode::finish: w.flush_all_stores(); return false;
    default: return false;
    }
}

} // namespace heddle::jit
