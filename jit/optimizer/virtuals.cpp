// Virtuals: objects and short arrays whose allocation is put off until they escape, which often is never.
//
// While an object is virtual its contents are known values; reads and writes of it vanish, checks on it are decided,
// guards describe it in their resume data. It is made ('forced') where it becomes an argument of anything else:
// allocation, then stores of all its contents. A reference field that nothing was stored into yet is stored as null,
// because the collector may look at the object at the next safepoint. Classes with finalizers and weak ones are made at
// once.
#include "optimizer/walk.h"

namespace heddle::jit {

namespace {

constexpr int64_t longest_virtual_array = 32;
constexpr int64_t longest_copied = 16;

virtual_object& object_of(walk& w, value_id id) { return w.virtuals[w.at(id).virtual_index]; }

void make_virtual(walk& w, step& s, const virtual_object& object) {
    w.virtuals.push_back(object);
    value& v = w.values[s.result];
    v.virtual_index = static_cast<uint32_t>(w.virtuals.size() - 1);
    v.is_allocation = true;
    v.nonnull = true;
    v.exact_class = object.type();
}

value_id zero_of(walk& w, kind k) { return w.constant(k, 0); }

bool new_object(walk& w, step& s) {
    virtual_object object{s.description};
    const gc::type_info* type = object.type();
    if (type->has_finalizer || type->is_weak) return false;
    make_virtual(w, s, object);
    return true;
}

bool new_array(walk& w, step& s) {
    int64_t length;
    virtual_object object{s.description};
    if (!w.is_constant_int(w.argument(s, 0), length) || length < 0 || length > longest_virtual_array ||
        object.type()->has_finalizer)
        return false;
    // Items of structures with references inside are not described by one value each.
    if (object.type()->item_reference_count != 0) return false;
    value_id zero = zero_of(w, static_cast<const array_descr*>(s.description)->shape.slot_kind);
    object.first_item = static_cast<uint32_t>(w.pool.size());
    object.item_count = static_cast<uint32_t>(length);
    w.pool.insert(w.pool.end(), object.item_count, zero);
    make_virtual(w, s, object);
    return true;
}

bool getfield(walk& w, step& s) {
    value_id x = w.argument(s, 0);
    if (!w.is_virtual(x)) return false;
    for (uint32_t n = object_of(w, x).first_node; n != none; n = w.field_nodes[n].next)
        if (w.field_nodes[n].field == s.description) return w.replace(s, w.field_nodes[n].value);
    return w.replace(s, zero_of(w, s.result_kind)); // not stored yet
}

// The word that a load gives back after a store: narrower than a word, it may be another.
value_id stored_value(walk& w, const slot_shape& shape, value_id stored) {
    if (shape.slot_kind == kind::integer && !shape.keeps_all()) {
        value_id bits = w.constant_int(8 * shape.size);
        return w.send(shape.is_signed ? opcode::int_sign_extend : opcode::int_zero_extend, {stored, bits});
    }
    return w.find(stored);
}

bool loses_bits(const slot_shape& shape) { return shape.slot_kind == kind::floating && !shape.keeps_all(); }

bool setfield(walk& w, step& s) {
    value_id x = w.argument(s, 0);
    if (!w.is_virtual(x)) return false;
    const field_descr& field = *static_cast<const field_descr*>(s.description);
    if (loses_bits(field.shape)) return w.force(x), false;
    value_id stored = stored_value(w, field.shape, w.argument(s, 1));
    virtual_object& object = object_of(w, x);
    w.resume_object_changes(w.values[x].virtual_index);
    uint32_t* link = &object.first_node;
    for (; *link != none; link = &w.field_nodes[*link].next)
        if (w.field_nodes[*link].field == s.description) {
            w.field_nodes[*link].value = stored;
            return true;
        }
    *link = static_cast<uint32_t>(w.field_nodes.size()); // before the vector may move
    w.field_nodes.push_back({s.description, stored, none});
    return true;
}

// The pool position of a virtual array's item; none when the array or index is not known.
uint32_t item_position(walk& w, value_id array, value_id index) {
    int64_t i;
    if (!w.is_virtual(array) || !w.is_constant_int(index, i)) return none;
    const virtual_object& object = object_of(w, array);
    return i >= 0 && i < object.item_count ? object.first_item + static_cast<uint32_t>(i) : none;
}

bool getarrayitem(walk& w, step& s) {
    uint32_t position = item_position(w, w.argument(s, 0), w.argument(s, 1));
    return position != none && w.replace(s, w.pool[position]);
}

bool setarrayitem(walk& w, step& s) {
    uint32_t position = item_position(w, w.argument(s, 0), w.argument(s, 1));
    const slot_shape& shape = static_cast<const array_descr*>(s.description)->shape;
    if (position == none || loses_bits(shape)) return false;
    value_id stored = stored_value(w, shape, w.argument(s, 2));
    w.resume_object_changes(w.at(w.argument(s, 0)).virtual_index);
    w.pool[position] = stored;
    return true;
}

// A short copy with a virtual side becomes reads and writes.
bool copy_array(walk& w, step& s) {
    int64_t from, to, count;
    value_id source = w.argument(s, 0), destination = w.argument(s, 2);
    if (!w.is_virtual(source) && !w.is_virtual(destination)) return false;
    if (!w.is_constant_int(w.argument(s, 1), from) || !w.is_constant_int(w.argument(s, 3), to) ||
        !w.is_constant_int(w.argument(s, 4), count))
        return false;
    if (count < 0 || count > longest_copied) return false;
    value_id items[longest_copied];
    for (int64_t i = 0; i < count; ++i)
        items[i] = w.send(opcode::getarrayitem, {source, w.constant_int(from + i)}, s.description);
    for (int64_t i = 0; i < count; ++i)
        w.send(opcode::setarrayitem, {destination, w.constant_int(to + i), items[i]}, s.description);
    return true;
}

// Fields that the collector looks at and nothing was stored into: named by offset alone.
const field_descr& unnamed_reference(uint32_t offset) {
    static std::vector<field_descr*> by_offset; // never freed, as descriptors are
    constexpr uint32_t size = sizeof(void*);    // eight bytes would reach past the end of an object of a 32-bit target
    if (by_offset.size() <= offset / size) by_offset.resize(offset / size + 1, nullptr);
    field_descr*& field = by_offset[offset / size];
    if (!field) {
        field = new field_descr;
        field->type = descr_type::field;
        field->index = UINT32_MAX;
        field->name = "reference at " + std::to_string(offset);
        field->shape = {kind::pointer, size, false, true};
        field->offset = offset;
    }
    return *field;
}

// An allocation is a safepoint: the stores to be done before it may need this very object, and then make it.
void emit_allocation(walk& w, value_id id) {
    w.heap_safepoint();
    if (!w.is_virtual(id)) return;
    const virtual_object object = object_of(w, id);
    bool is_array = object.shape->type == descr_type::array;
    step s{is_array ? opcode::new_array : opcode::new_object};
    s.description = object.shape;
    s.result_kind = kind::pointer;
    s.result = id;
    s.first = static_cast<uint32_t>(w.pool.size());
    if (is_array) {
        w.pool.push_back(w.constant_int(object.item_count));
        s.count = 1;
    }
    w.resume_value_changes(w.values[id]);
    w.values[id].virtual_index = none;
    w.values[id].guard_index = none; // that of a leaf from now on
    w.send(s, calls_pass);
    if (is_array) w.remember_pure(opcode::arraylen, object.shape, {&id, 1}, w.constant_int(object.item_count));
}

bool is_stored(walk& w, const virtual_object& object, uint32_t offset) {
    for (uint32_t n = object.first_node; n != none; n = w.field_nodes[n].next)
        if (static_cast<const field_descr*>(w.field_nodes[n].field)->offset == offset) return true;
    return false;
}

void emit_null_references(walk& w, value_id id, const virtual_object& object, bool also_stored) {
    const gc::type_info* type = object.type();
    for (uint32_t i = 0; i < type->reference_count; ++i) {
        uint32_t offset = type->reference_offsets[i];
        if (!also_stored && is_stored(w, object, offset)) continue;
        w.send(w.make_step(opcode::setfield, {id, w.constant_pointer(nullptr)}, &unnamed_reference(offset)),
               barriers_pass);
    }
}

void emit_contents(walk& w, value_id id, const virtual_object& object) {
    for (uint32_t n = object.first_node; n != none; n = w.field_nodes[n].next) {
        const descr* field = w.field_nodes[n].field;
        value_id content = w.find(w.field_nodes[n].value);
        w.send(w.make_step(opcode::setfield, {id, content}, field), barriers_pass);
        w.heap_remember(field, -1, id, content);
    }
    if (object.item_count == 0) return;
    const array_descr& items = *static_cast<const array_descr*>(object.shape);
    bool references = items.shape.is_reference;
    for (uint32_t i = 0; i < object.item_count; ++i) {
        value_id content = w.find(w.pool[object.first_item + i]), index = w.constant_int(i);
        word bits = 1;
        bool is_null = references && w.is_constant(content, bits) && bits == 0; // allocation has done that
        if (!is_null) w.send(w.make_step(opcode::setarrayitem, {id, index, content}, &items), barriers_pass);
        w.heap_remember(&items, i, id, content);
    }
}

} // namespace

// Contents first, so that no safepoint lies between the allocation and its stores. An object that its own contents
// refer to is allocated on the way, with null references until they are there.
void walk::force(value_id id) {
    id = find(id);
    if (values[id].virtual_index == none) return;
    uint32_t index = values[id].virtual_index;
    if (virtuals[index].being_forced) {
        emit_allocation(*this, id);
        emit_null_references(*this, id, virtual_object(virtuals[index]), true);
        return;
    }
    virtuals[index].being_forced = true;
    for (uint32_t n = virtuals[index].first_node; n != none; n = field_nodes[n].next) force(field_nodes[n].value);
    for (uint32_t i = 0; i < virtuals[index].item_count; ++i) force(pool[virtuals[index].first_item + i]);
    virtual_object object = virtuals[index];
    if (values[id].virtual_index != none) {
        emit_allocation(*this, id);
        emit_null_references(*this, id, object, false);
    }
    emit_contents(*this, id, object);
}

bool optimise_virtuals(walk& w, step& s) {
    bool done = false;
    switch (s.op) {
    case opcode::new_object: return new_object(w, s);
    case opcode::new_array: done = new_array(w, s); break;
    case opcode::getfield: done = getfield(w, s); break;
    case opcode::setfield:
        if (setfield(w, s)) return true;
        w.force(w.argument(s, 0));
        return false; // the value stored may stay virtual: the store may be delayed
    case opcode::getarrayitem: done = getarrayitem(w, s); break;
    case opcode::setarrayitem:
        if (setarrayitem(w, s)) return true;
        w.force(w.argument(s, 0));
        return false;
    case opcode::arraylen:
        if (w.is_virtual(w.argument(s, 0)))
            return w.replace(s, w.constant_int(object_of(w, w.argument(s, 0)).item_count));
        break;
    case opcode::copy_array: done = copy_array(w, s); break;
    default: break;
    }
    if (done) return true;
    if (s.op == opcode::new_array) w.remember_pure(opcode::arraylen, s.description, {&s.result, 1}, w.argument(s, 0));
    for (uint32_t i = 0; i < s.count; ++i) w.force(w.argument(s, i));
    return false;
}

} // namespace heddle::jit
