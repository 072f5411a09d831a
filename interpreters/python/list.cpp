// list and tuple.
#include "interpreter.h"
#include <algorithm>

namespace heddle::python {

W_Tuple* make_tuple_0() { return make<W_Tuple>(make_array<object_array>(0)); }
W_Tuple* make_tuple_1(W_Object* a) {
    auto* items = make_array<object_array>(1);
    items->set(0, a);
    return make<W_Tuple>(items);
}
W_Tuple* make_tuple_2(W_Object* a, W_Object* b) {
    auto* items = make_array<object_array>(2);
    items->set(0, a);
    items->set(1, b);
    return make<W_Tuple>(items);
}
W_Tuple* make_tuple_3(W_Object* a, W_Object* b, W_Object* c) {
    auto* items = make_array<object_array>(3);
    items->set(0, a);
    items->set(1, b);
    items->set(2, c);
    return make<W_Tuple>(items);
}

// ---- storage
// --------------------------------------------------------------------------------------------------------------
W_List* make_list() { return make<W_List>(list_kind::empty, nullptr, 0l); }
W_List* make_list_with_capacity(long capacity) {
    return make<W_List>(list_kind::objects, make_array<list_items>(capacity), 0l);
}

HEDDLE_DONT_LOOK_INSIDE static long uniform_kind(list_items* items, long length) {
    bool ints = true, floats = true;
    for (long i = 0; i < length && (ints || floats); i++) {
        ints = ints && is_exact<W_Int>(items->get(i));
        floats = floats && is_exact<W_Float>(items->get(i));
    }
    return static_cast<long>(ints ? list_kind::ints : floats ? list_kind::floats : list_kind::objects);
}
HEDDLE_DONT_LOOK_INSIDE static W_List* unboxed_list(list_items* items, long length, list_kind kind) {
    if (kind == list_kind::ints) {
        auto* ints = make_array<long_array>(length);
        for (long i = 0; i < length; i++) ints->set(i, static_cast<W_Int*>(items->get(i))->value);
        return make<W_List>(kind, ints, length);
    }
    auto* floats = make_array<double_array>(length);
    for (long i = 0; i < length; i++) floats->set(i, static_cast<W_Float*>(items->get(i))->value);
    return make<W_List>(kind, floats, length);
}
W_List* list_from_items(list_items* items, long length) {
    if (length == 0) return make_list();
    if (is_exact<W_Int>(items->get(0)) || is_exact<W_Float>(items->get(0))) {
        auto kind = static_cast<list_kind>(uniform_kind(items, length));
        if (kind != list_kind::objects) return unboxed_list(items, length, kind);
    }
    return make<W_List>(list_kind::objects, items, length);
}
HEDDLE_DONT_LOOK_INSIDE W_List* list_from_slots(object_array* items, long length) {
    auto* copy = make_array<list_items>(length);
    copy_items(items, 0, copy, 0, length);
    return list_from_items(copy, length);
}

W_Object* list_get(W_List* list, long index) {
    switch (jit::promote(list->kind.get())) {
    case list_kind::objects: return list->objects()->get(index);
    case list_kind::ints: return make_int(list->ints()->get(index));
    default: return make_float(list->floats()->get(index));
    }
}

// From now on any object may be stored.
HEDDLE_DONT_LOOK_INSIDE static void generalise(W_List* list) {
    list_kind kind = list->kind;
    if (kind == list_kind::objects) return;
    long length = list->length;
    long capacity = kind == list_kind::empty  ? 4
                    : kind == list_kind::ints ? list->ints()->length()
                                              : list->floats()->length();
    auto* items = make_array<list_items>(capacity);
    if (kind == list_kind::ints)
        for (long i = 0; i < length; i++) items->set(i, make_int(list->ints()->get(i)));
    if (kind == list_kind::floats)
        for (long i = 0; i < length; i++) items->set(i, make_float(list->floats()->get(i)));
    list->storage = items;
    list->kind = list_kind::objects;
}
static void start_with(W_List* list, W_Object* first, long capacity) {
    if (is_exact<W_Int>(first)) {
        list->storage = make_array<long_array>(capacity);
        list->kind = list_kind::ints;
    } else if (is_exact<W_Float>(first)) {
        list->storage = make_array<double_array>(capacity);
        list->kind = list_kind::floats;
    } else {
        list->storage = make_array<list_items>(capacity);
        list->kind = list_kind::objects;
    }
}
HEDDLE_DONT_LOOK_INSIDE static void start_kind(W_List* list, W_Object* first) { start_with(list, first, 4); }
void list_start(W_List* list, W_Object* first, W_Object* iterator) {
    constexpr long most = 4096; // a condition may leave most of it unused
    long left = 0;
    if (is_exact<W_RangeIterator>(iterator)) {
        left = static_cast<W_RangeIterator*>(iterator)->remaining;
    } else if (is_exact<W_ListIterator>(iterator)) {
        W_List* list_ahead = static_cast<W_ListIterator*>(iterator)->list;
        if (list_ahead) left = list_ahead->length - static_cast<W_ListIterator*>(iterator)->index;
    } else if (is_exact<W_TupleIterator>(iterator)) {
        left =
            static_cast<W_TupleIterator*>(iterator)->items->length() - static_cast<W_TupleIterator*>(iterator)->index;
    }
    start_with(list, first, left < 3 ? 4 : left < most ? left + 1 : most);
}
HEDDLE_DONT_LOOK_INSIDE static void grow(W_List* list, long needed) {
    long capacity = needed + needed / 8 + 6;
    long length = list->length;
    switch (list->kind.get()) {
    case list_kind::objects: {
        auto* items = make_array<list_items>(capacity);
        copy_items(list->objects(), 0, items, 0, length);
        list->storage = items;
        break;
    }
    case list_kind::ints: {
        auto* ints = make_array<long_array>(capacity);
        copy_items(list->ints(), 0, ints, 0, length);
        list->storage = ints;
        break;
    }
    case list_kind::floats: {
        auto* floats = make_array<double_array>(capacity);
        copy_items(list->floats(), 0, floats, 0, length);
        list->storage = floats;
        break;
    }
    default: break;
    }
}

void list_set(W_List* list, long index, W_Object* item) {
    switch (jit::promote(list->kind.get())) {
    case list_kind::ints:
        if (is_exact<W_Int>(item)) {
            list->ints()->set(index, static_cast<W_Int*>(item)->value);
            return;
        }
        generalise(list);
        break;
    case list_kind::floats:
        if (is_exact<W_Float>(item)) {
            list->floats()->set(index, static_cast<W_Float*>(item)->value);
            return;
        }
        generalise(list);
        break;
    default: break;
    }
    list->objects()->set(index, item);
}

void list_append(W_List* list, W_Object* item) {
    long length = list->length;
    list_kind kind = jit::promote(list->kind.get());
    if (kind == list_kind::empty) {
        start_kind(list, item);
        kind = jit::promote(list->kind.get());
    } else if (kind == list_kind::ints     ? !is_exact<W_Int>(item)
               : kind == list_kind::floats ? !is_exact<W_Float>(item)
                                           : false) {
        generalise(list);
        kind = list_kind::objects;
    }
    if (kind == list_kind::objects) {
        if (length >= list->objects()->length()) grow(list, length + 1);
        list->objects()->set(length, item);
    } else if (kind == list_kind::ints) {
        if (length >= list->ints()->length()) grow(list, length + 1);
        list->ints()->set(length, static_cast<W_Int*>(item)->value);
    } else {
        if (length >= list->floats()->length()) grow(list, length + 1);
        list->floats()->set(length, static_cast<W_Float*>(item)->value);
    }
    list->length = length + 1;
}

static long capacity_of(W_List* list) {
    switch (list->kind.get()) {
    case list_kind::objects: return list->objects()->length();
    case list_kind::ints: return list->ints()->length();
    case list_kind::floats: return list->floats()->length();
    default: return 0;
    }
}
static heddle::cell* make_items(list_kind kind, long capacity) {
    switch (kind) {
    case list_kind::objects: return make_array<list_items>(capacity);
    case list_kind::ints: return make_array<long_array>(capacity);
    case list_kind::floats: return make_array<double_array>(capacity);
    default: return nullptr;
    }
}
// Between lists of the same kind; inside `to`'s storage.
static void copy_list_items(W_List* from, long first, W_List* to, long first_there, long count) {
    if (count <= 0) return;
    switch (to->kind.get()) {
    case list_kind::objects: copy_items(from->objects(), first, to->objects(), first_there, count); break;
    case list_kind::ints: copy_items(from->ints(), first, to->ints(), first_there, count); break;
    case list_kind::floats: copy_items(from->floats(), first, to->floats(), first_there, count); break;
    default: break;
    }
}
template <class Array> static Array* picked_items(Array* from, const slice_bounds& bounds) {
    auto* picked = make_array<Array>(bounds.count);
    if (bounds.step == 1)
        copy_items(from, bounds.start, picked, 0, bounds.count);
    else
        for (long i = 0; i < bounds.count; i++) picked->set(i, from->get(bounds.at(i)));
    return picked;
}
// Items as a new list's storage, of the same kind.
static heddle::cell* picked_storage(W_List* list, const slice_bounds& bounds) {
    switch (list->kind.get()) {
    case list_kind::objects: return picked_items(list->objects(), bounds);
    case list_kind::ints: return picked_items(list->ints(), bounds);
    case list_kind::floats: return picked_items(list->floats(), bounds);
    default: return nullptr;
    }
}
static W_List* copy_of_range(W_List* list, long first, long count) {
    if (count <= 0) return make_list();
    return make<W_List>(list->kind.get(), picked_storage(list, {first, first + count, 1, count}), count);
}
HEDDLE_DONT_LOOK_INSIDE void list_extend_list(W_List* list, W_List* other) {
    long count = other->length, length = list->length;
    if (count == 0) return;
    if (list->kind == list_kind::empty) {
        list->storage = make_items(other->kind, count);
        list->kind = other->kind;
    } else if (list->kind != other->kind) {
        if (list->kind != list_kind::objects) generalise(list);
        for (long i = 0; i < count; i++) list_append(list, list_get(other, i));
        return;
    }
    if (length + count > capacity_of(list)) grow(list, length + count);
    copy_list_items(other, 0, list, length, count);
    list->length = length + count;
}
HEDDLE_DONT_LOOK_INSIDE static void extend_by_range(W_List* list, W_Range* range) {
    long length = list->length, count = range->length, start = range->start;
    if (count == 0) return;
    if (list->kind == list_kind::empty) {
        list->storage = make_items(list_kind::ints, count);
        list->kind = list_kind::ints;
    }
    if (length + count > capacity_of(list)) grow(list, length + count);
    long_array* items = list->ints();
    for (long i = 0; i < count; i++) items->set(length + i, start + i * range->step);
    list->length = length + count;
}
HEDDLE_DONT_LOOK_INSIDE static void extend_by_tuple(W_List* list, W_Tuple* tuple) {
    for (long i = 0; i < tuple->length(); i++) list_append(list, tuple->at(i));
}
HEDDLE_DONT_LOOK_INSIDE static Result<void> extend_by_iterating(W_List* list, W_Object* iterable) {
    if (can_drain(iterable)) {
        HEDDLE_TRY(drain_generator(drain_purpose::list, iterable, list));
        return ok;
    }
    W_Object* iterator = HEDDLE_TRY(get_iterator(iterable));
    while (W_Object* item = next_item(iterator)) list_append(list, item);
    if (pending_error()) return failure;
    return ok;
}
// What runs no user code is a call that changes the list alone.
Result<void> list_extend(W_List* list, W_Object* iterable) {
    if (is_exact<W_List>(iterable)) {
        list_extend_list(list, static_cast<W_List*>(iterable));
        return ok;
    }
    if (is_exact<W_Range>(iterable) && static_cast<W_Range*>(iterable)->length < power_of_two_or_largest(32) &&
        (list->kind == list_kind::empty || list->kind == list_kind::ints)) {
        extend_by_range(list, static_cast<W_Range*>(iterable));
        return ok;
    }
    if (is_exact<W_Tuple>(iterable)) {
        extend_by_tuple(list, static_cast<W_Tuple*>(iterable));
        return ok;
    }
    return extend_by_iterating(list, iterable);
}
// Makes room at `at` for `count` items (negative: removes) by moving the tail.
static void move_tail(W_List* list, long at, long count) {
    long length = list->length;
    auto shift = [&](auto* items) {
        if (count > 0)
            copy_items(items, at, items, at + count, length - at);
        else
            copy_items(items, at - count, items, at, length - at + count);
    };
    switch (list->kind.get()) {
    case list_kind::objects:
        shift(list->objects());
        for (long i = length + count; i < length; i++) list->objects()->set(i, nullptr);
        break;
    case list_kind::ints: shift(list->ints()); break;
    case list_kind::floats: shift(list->floats()); break;
    default: break;
    }
    list->length = length + count;
}
HEDDLE_DONT_LOOK_INSIDE void list_insert(W_List* list, long index, W_Object* item) {
    long length = list->length;
    list_append(list, item); // room, and the right kind
    list->length = length;
    move_tail(list, index, 1);
    list_set(list, index, item);
}
HEDDLE_DONT_LOOK_INSIDE void list_delete_range(W_List* list, long start, long end) {
    if (end > start) move_tail(list, start, start - end);
}
HEDDLE_DONT_LOOK_INSIDE void list_clear(W_List* list) {
    list->kind = list_kind::empty;
    list->length = 0;
    list->storage = static_cast<heddle::cell*>(nullptr);
}
template <class Array> static Array* copy_of_items(W_List* list) {
    long length = list->length;
    auto* items = make_array<Array>(length);
    if (list->kind == list_kind::objects)
        copy_items(list->objects(), 0, items, 0, length);
    else
        for (long i = 0; i < length; i++) items->set(i, list_get(list, i));
    return items;
}
HEDDLE_DONT_LOOK_INSIDE object_array* list_to_slots(W_List* list) { return copy_of_items<object_array>(list); }
HEDDLE_DONT_LOOK_INSIDE list_items* list_to_items(W_List* list) { return copy_of_items<list_items>(list); }
Result<W_List*> iterable_to_list(W_Object* iterable) {
    W_List* list = make_list();
    HEDDLE_TRY(list_extend(list, iterable));
    return list;
}
Result<object_array*> iterable_to_slots(W_Object* iterable) {
    if (is_exact<W_Tuple>(iterable)) {
        object_array* items = static_cast<W_Tuple*>(iterable)->items;
        auto* copy = make_array<object_array>(items->length());
        copy_items(items, 0, copy, 0, items->length());
        return copy;
    }
    if (is_exact<W_List>(iterable)) return list_to_slots(static_cast<W_List*>(iterable));
    W_List* list = make_list_with_capacity(8); // of objects: not unboxed on the way
    HEDDLE_TRY(list_extend(list, iterable));
    return list_to_slots(list);
}
HEDDLE_DONT_LOOK_INSIDE Result<list_items*> iterable_to_items(W_Object* iterable) {
    if (is_exact<W_List>(iterable)) return list_to_items(static_cast<W_List*>(iterable));
    W_List* list = HEDDLE_TRY(iterable_to_list(iterable));
    return list_to_items(list);
}
Result<W_Tuple*> iterable_to_tuple(W_Object* iterable) {
    if (is_exact<W_Tuple>(iterable)) return static_cast<W_Tuple*>(iterable);
    object_array* items = HEDDLE_TRY(iterable_to_slots(iterable));
    return make<W_Tuple>(items);
}

// ---- what containers ask of tuples as keys
HEDDLE_DONT_LOOK_INSIDE static Result<long> hash_of_items(W_Tuple* tuple) {
    native_nesting nesting;
    if (nesting.too_deep()) return failure;
    tuple_hash hash;
    for (long i = 0; i < tuple->length(); i++) hash.add(HEDDLE_TRY(hash_of(tuple->at(i))));
    return hash.result(tuple->length());
}
Result<long> hash_of_tuple(W_Tuple* tuple) {
    long hash = plain_tuple_hash(tuple);
    return hash != -1 ? Result<long>(hash) : hash_of_items(tuple);
}
HEDDLE_DONT_LOOK_INSIDE static Result<bool> items_equal(W_Tuple* a, W_Tuple* b) {
    native_nesting nesting(" in comparison");
    if (nesting.too_deep()) return failure;
    if (a->length() != b->length()) return false;
    for (long i = 0; i < a->length(); i++)
        if (!HEDDLE_TRY(equal(a->at(i), b->at(i)))) return false;
    return true;
}
Result<bool> tuples_equal(W_Tuple* a, W_Tuple* b) {
    long same = plain_equal(a, b);
    return same != must_ask ? Result<bool>(same == 1) : items_equal(a, b);
}

// ---- methods
// --------------------------------------------------------------------------------------------------------------
namespace {

HEDDLE_INLINE W_List* list_of(W_Object* o) { return static_cast<W_List*>(o); }
HEDDLE_INLINE W_Tuple* tuple_of(W_Object* o) { return static_cast<W_Tuple*>(o); }
HEDDLE_DONT_LOOK_INSIDE failure_type index_error(const char* what) {
    return raise_error(T::IndexError, "%s out of range", what);
}
HEDDLE_DONT_LOOK_INSIDE failure_type index_type_error(const char* what, W_Object* key) {
    return raise_error(T::TypeError, "%s indices must be integers or slices, not %s", what, type_name(key).c_str());
}
HEDDLE_INLINE bool is_index(W_Object* key) { return is_int(key) || type_lookup(key->type(), N::index); }

Result<W_Object*> method_append(W_Object* o, W_Object* item) {
    list_append(list_of(o), item);
    return none();
}
Result<W_Object*> method_extend(W_Object* o, W_Object* iterable) {
    HEDDLE_TRY(list_extend(list_of(o), iterable));
    return none();
}
Result<W_Object*> method_insert(W_Object* o, W_Object* index, W_Object* item) {
    long at = HEDDLE_TRY(index_of(index)), length = list_of(o)->length;
    if (at < 0) at = at + length < 0 ? 0 : at + length;
    list_insert(list_of(o), at > length ? length : at, item);
    return none();
}
Result<W_Object*> method_pop(W_Object* o, W_Object* index) {
    W_List* list = list_of(o);
    long length = list->length, at = length - 1;
    if (length == 0) return raise_text(T::IndexError, "pop from empty list");
    if (index) {
        at = HEDDLE_TRY(index_of(index));
        if (at < 0) at += length;
        if (at < 0 || at >= length) return index_error("pop index");
    }
    W_Object* item = list_get(list, at);
    if (at == length - 1) {
        if (jit::promote(list->kind.get()) == list_kind::objects) list->objects()->set(at, nullptr);
        list->length = at;
    } else {
        list_delete_range(list, at, at + 1);
    }
    return item;
}
// Of what no user code compares: the index, or -1; must_ask: ask the items.
HEDDLE_DONT_LOOK_INSIDE long find_plain(W_List* list, W_Object* item, long start, long end) {
    if (end > list->length) end = list->length;
    if (list->kind == list_kind::ints && is_exact<W_Int>(item)) {
        long value = static_cast<W_Int*>(item)->value;
        for (long i = start; i < end; i++)
            if (list->ints()->get(i) == value) return i;
        return -1;
    }
    if (list->kind == list_kind::floats && is_exact<W_Float>(item)) {
        double value = static_cast<W_Float*>(item)->value;
        if (value != value) return must_ask;
        for (long i = start; i < end; i++)
            if (list->floats()->get(i) == value) return i;
        return -1;
    }
    if (list->kind == list_kind::objects) {
        for (long i = start; i < end; i++)
            if (long same = plain_equal(list->objects()->get(i), item)) return same == 1 ? i : must_ask;
        return -1;
    }
    bool numbers = list->kind == list_kind::ints || list->kind == list_kind::floats;
    return list->kind == list_kind::empty || (numbers && (is_exact<W_Str>(item) || item == none())) ? -1 : must_ask;
}
HEDDLE_DONT_LOOK_INSIDE Result<long> find_by_asking(W_List* list, W_Object* item, long start, long end) {
    for (long i = start; i < end && i < list->length; i++)
        if (HEDDLE_TRY(equal(list_get(list, i), item))) return i;
    return -1;
}
Result<long> find(W_List* list, W_Object* item, long start, long end) {
    long at = find_plain(list, item, start, end);
    return at != must_ask ? Result<long>(at) : find_by_asking(list, item, start, end);
}
Result<W_Object*> method_remove(W_Object* o, W_Object* item) {
    long at = HEDDLE_TRY(find(list_of(o), item, 0, LONG_MAX));
    if (at < 0) return raise_text(T::ValueError, "list.remove(x): x not in list");
    list_delete_range(list_of(o), at, at + 1);
    return none();
}
HEDDLE_DONT_LOOK_INSIDE Result<long> clamped(W_Object* o, long length, long missing) {
    if (!o || o == none()) return missing;
    long value = HEDDLE_TRY(index_clamped(o));
    if (value < 0) value = value + length < 0 ? 0 : value + length;
    return value > length ? length : value;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_index(W_Object* o, W_Object* item, W_Object* start, W_Object* end) {
    long length = list_of(o)->length;
    long from = HEDDLE_TRY(clamped(start, length, 0)), to = HEDDLE_TRY(clamped(end, length, length));
    long at = HEDDLE_TRY(find(list_of(o), item, from, to));
    if (at < 0) return raise_error(T::ValueError, "%s is not in list", to_utf8(HEDDLE_TRY(repr(item))).c_str());
    return make_int(at);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_count(W_Object* o, W_Object* item) {
    long count = 0;
    for (long i = 0; i < list_of(o)->length; i++) count += HEDDLE_TRY(equal(list_get(list_of(o), i), item));
    return make_int(count);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_reverse(W_Object* o) {
    W_List* list = list_of(o);
    auto turn = [&](auto* items) {
        for (long i = 0, j = list->length - 1; i < j; i++, j--) {
            auto left = items->get(i);
            items->set(i, items->get(j));
            items->set(j, left);
        }
    };
    switch (list->kind.get()) {
    case list_kind::objects: turn(list->objects()); break;
    case list_kind::ints: turn(list->ints()); break;
    case list_kind::floats: turn(list->floats()); break;
    default: break;
    }
    return none();
}
void replace(W_List* list, list_items* items, long length) {
    W_List* fresh = list_from_items(items, length);
    list->storage = fresh->storage;
    list->kind = fresh->kind;
    list->length = length;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_sort(W_Object* o, W_Object* key, W_Object* reverse) {
    W_List* list = list_of(o);
    bool backward = HEDDLE_TRY(sorts_backward(reverse));
    if ((!key || key == none()) && sort_unboxed(list, backward)) return none();
    list_items* items = list_to_items(list);
    long length = items->length();
    list_clear(list);
    auto result = sort_items(items, length, key, backward);
    bool changed = list->length != 0;
    replace(list, items, length);
    if (result.failed()) return failure;
    if (changed) return raise_text(T::ValueError, "list modified during sort");
    return none();
}
Result<W_Object*> method_clear(W_Object* o) {
    list_clear(list_of(o));
    return none();
}
Result<W_Object*> method_copy(W_Object* o) { return copy_of_range(list_of(o), 0, list_of(o)->length); }
W_List* slice_within(W_List* list, const slice_bounds& bounds) {
    if (bounds.count == 0) return make_list();
    if (list->kind == list_kind::objects) // what is picked may be all ints or floats
        return list_from_items(picked_items(list->objects(), bounds), bounds.count);
    return make<W_List>(list->kind.get(), picked_storage(list, bounds), bounds.count);
}
HEDDLE_DONT_LOOK_INSIDE W_List* list_slice(W_List* list, long start, long stop, long step) {
    return slice_within(list, bounds_within(start, stop, step, list->length));
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> get_slice(W_List* list, W_Slice* slice) {
    slice_bounds bounds;
    if (!slice_indices(slice, list->length, &bounds)) return failure;
    return slice_within(list, bounds);
}
Result<W_Object*> method_getitem(W_Object* o, W_Object* key) {
    W_List* list = list_of(o);
    if (is_exact<W_Slice>(key)) {
        auto* slice = static_cast<W_Slice*>(key);
        if (!has_int_parts(slice)) return get_slice(list, slice);
        long step = step_of(slice);
        return list_slice(list, start_of(slice, step), stop_of(slice, step), step);
    }
    if (!is_index(key)) return index_type_error("list", key);
    long index = HEDDLE_TRY(subscript_of(key)), length = list->length;
    if (index < 0) index += length;
    if (index < 0 || index >= length) return index_error("list index");
    return list_get(list, index);
}
// list[start:stop] = other, of the same kind or empty.
void replace_range(W_List* list, long start, long stop, W_List* other) {
    if (other == list) other = copy_of_range(list, 0, list->length);
    long added = other->length, change = added - (stop - start), length = list->length;
    if (change > 0) {
        if (length + change > capacity_of(list)) grow(list, length + change);
        move_tail(list, stop, change);
    } else if (change < 0) {
        move_tail(list, start, change);
    }
    copy_list_items(other, 0, list, start, added);
}
// For the commonest cases: a list of the same kind, or nothing (null), instead of a range, or as many items as the
// slice has. Runs no user code. False: not done.
HEDDLE_DONT_LOOK_INSIDE bool set_slice_of_kind(W_List* list, long start, long stop, long step, W_List* other) {
    if (other && list->kind == list_kind::empty) return false;
    if (other && other->kind != list->kind && other->length > 0) return false;
    slice_bounds bounds = bounds_within(start, stop, step, list->length);
    if (bounds.step == 1) {
        if (bounds.stop < bounds.start) bounds.stop = bounds.start;
        if (other)
            replace_range(list, bounds.start, bounds.stop, other);
        else
            list_delete_range(list, bounds.start, bounds.stop);
        return true;
    }
    if (!other || other == list || other->length != bounds.count || list->kind == list_kind::floats) return false;
    for (long i = 0; i < bounds.count; i++) {
        if (list->kind == list_kind::ints)
            list->ints()->set(bounds.at(i), other->ints()->get(i));
        else
            list->objects()->set(bounds.at(i), other->objects()->get(i));
    }
    return true;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> set_slice_general(W_List* list, W_Slice* slice, W_Object* value) {
    list_items* fresh = nullptr;
    if (value) {
        auto given = iterable_to_items(value);
        if (given.failed()) {
            if (pending_is(T::TypeError) && !type_lookup(value->type(), N::iter))
                return raise_text(T::TypeError, "can only assign an iterable");
            return failure;
        }
        fresh = given.value();
    }
    slice_bounds bounds;
    if (!slice_indices(slice, list->length, &bounds)) return failure;
    list_items* old = list_to_items(list);
    long length = old->length(), added = fresh ? fresh->length() : 0;
    if (bounds.step == 1) {
        if (bounds.stop < bounds.start) bounds.stop = bounds.start;
        auto* items = make_array<list_items>(length - (bounds.stop - bounds.start) + added);
        copy_items(old, 0, items, 0, bounds.start);
        if (added) copy_items(fresh, 0, items, bounds.start, added);
        copy_items(old, bounds.stop, items, bounds.start + added, length - bounds.stop);
        replace(list, items, items->length());
        return none();
    }
    if (value) {
        if (added != bounds.count)
            return raise_error(T::ValueError, "attempt to assign sequence of size %ld to extended slice of size %ld",
                               added, bounds.count);
        for (long i = 0; i < bounds.count; i++) old->set(bounds.at(i), fresh->get(i));
        replace(list, old, length);
        return none();
    }
    for (long i = 0; i < bounds.count; i++) old->set(bounds.at(i), nullptr);
    auto* items = make_array<list_items>(length - bounds.count);
    long filled = 0;
    for (long i = 0; i < length; i++)
        if (old->get(i)) items->set(filled++, old->get(i));
    replace(list, items, filled);
    return none();
}
Result<W_Object*> set_slice(W_List* list, W_Slice* slice, W_Object* value) {
    if (has_int_parts(slice) && (!value || is_exact<W_List>(value))) {
        long step = step_of(slice);
        if (set_slice_of_kind(list, start_of(slice, step), stop_of(slice, step), step, static_cast<W_List*>(value)))
            return none();
    }
    return set_slice_general(list, slice, value);
}
Result<W_Object*> method_setitem(W_Object* o, W_Object* key, W_Object* value) {
    W_List* list = list_of(o);
    if (is_exact<W_Slice>(key)) return set_slice(list, static_cast<W_Slice*>(key), value);
    if (!is_index(key)) return index_type_error("list", key);
    long index = HEDDLE_TRY(subscript_of(key)), length = list->length;
    if (index < 0) index += length;
    if (index < 0 || index >= length) return index_error("list assignment index");
    list_set(list, index, value);
    return none();
}
Result<W_Object*> method_delitem(W_Object* o, W_Object* key) {
    W_List* list = list_of(o);
    if (is_exact<W_Slice>(key)) return set_slice(list, static_cast<W_Slice*>(key), nullptr);
    if (!is_index(key)) return index_type_error("list", key);
    long index = HEDDLE_TRY(subscript_of(key)), length = list->length;
    if (index < 0) index += length;
    if (index < 0 || index >= length) return index_error("list assignment index");
    list_delete_range(list, index, index + 1);
    return none();
}
Result<W_Object*> method_len(W_Object* o) { return make_int(list_of(o)->length); }
Result<W_Object*> method_iter(W_Object* o) { return make<W_ListIterator>(list_of(o)); }
Result<W_Object*> method_reversed(W_Object* o) {
    return make<W_ListReverseIterator>(list_of(o), list_of(o)->length - 1);
}
Result<W_Object*> method_contains(W_Object* o, W_Object* item) {
    return boolean(HEDDLE_TRY(find(list_of(o), item, 0, LONG_MAX)) >= 0);
}
Result<W_Object*> method_add(W_Object* a, W_Object* b) {
    if (!is<W_List>(b)) return not_implemented();
    W_List* sum = copy_of_range(list_of(a), 0, list_of(a)->length);
    list_extend_list(sum, list_of(b));
    return sum;
}
Result<W_Object*> method_iadd(W_Object* a, W_Object* b) {
    HEDDLE_TRY(list_extend(list_of(a), b));
    return a;
}
HEDDLE_DONT_LOOK_INSIDE failure_type no_memory() {
    return raise_exception(make_exception(type_of(T::MemoryError), make_tuple_0()));
}
template <class Array> HEDDLE_DONT_LOOK_INSIDE Array* repeat_array(Array* items, long length, long count) {
    long total;
    if (__builtin_smull_overflow(length, count, &total) || total > power_of_two_or_largest(34)) return nullptr;
    auto* repeated = try_make_array<Array>(total);
    if (!repeated || total == 0) return repeated;
    copy_items(items, 0, repeated, 0, length);
    for (long done = length; done < total;) { // each copy doubles what is there
        long more = done < total - done ? done : total - done;
        copy_items(repeated, 0, repeated, done, more);
        done += more;
    }
    return repeated;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> repeat_list(W_List* list, long count) {
    long length = list->length;
    if (count <= 0 || length == 0) return make_list();
    heddle::cell* storage;
    switch (list->kind.get()) {
    case list_kind::objects: storage = repeat_array(list->objects(), length, count); break;
    case list_kind::ints: storage = repeat_array(list->ints(), length, count); break;
    default: storage = repeat_array(list->floats(), length, count); break;
    }
    if (!storage) return no_memory();
    return make<W_List>(list->kind.get(), storage, length * count);
}
Result<W_Object*> method_mul(W_Object* o, W_Object* count) {
    if (!is_index(count)) return not_implemented();
    long times = HEDDLE_TRY(index_of(count));
    return repeat_list(list_of(o), times);
}
Result<W_Object*> method_imul(W_Object* o, W_Object* count) {
    W_Object* repeated = HEDDLE_TRY(method_mul(o, count));
    if (!is<W_List>(repeated)) return repeated;
    list_of(o)->storage = list_of(repeated)->storage;
    list_of(o)->kind = list_of(repeated)->kind;
    list_of(o)->length = list_of(repeated)->length;
    return o;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_repr(W_Object* o) {
    native_nesting nesting(" while getting the repr of an object");
    if (nesting.too_deep()) return failure;
    if (!enter_repr(o)) return make_str("[...]");
    std::string out = "[";
    for (long i = 0; i < list_of(o)->length; i++) {
        auto text = repr(list_get(list_of(o), i));
        if (text.failed()) {
            leave_repr(o);
            return failure;
        }
        out += (i ? ", " : "") + to_utf8(text.value());
    }
    leave_repr(o);
    return make_str(out + "]");
}
// Lexicographic, as for tuples.
HEDDLE_DONT_LOOK_INSIDE Result<long> difference_by_asking(object_array* a, object_array* b) {
    native_nesting nesting(" in comparison");
    if (nesting.too_deep()) return failure;
    long end = a->length() < b->length() ? a->length() : b->length();
    for (long i = 0; i < end; i++)
        if (!HEDDLE_TRY(equal(a->get(i), b->get(i)))) return i;
    return end;
}
Result<W_Object*> compare_items(compare_op op, object_array* a, object_array* b) {
    long left = a->length(), right = b->length();
    bool equality = op == compare_op::eq || op == compare_op::ne;
    if (equality && left != right) return boolean(op == compare_op::ne);
    long at = plain_difference(a, b);
    if (at == must_ask) at = HEDDLE_TRY(difference_by_asking(a, b));
    if (at < left && at < right) {
        if (equality) return boolean(op == compare_op::ne);
        return compare(op, a->get(at), b->get(at));
    }
    switch (op) {
    case compare_op::lt: return boolean(left < right);
    case compare_op::le: return boolean(left <= right);
    case compare_op::gt: return boolean(left > right);
    case compare_op::ge: return boolean(left >= right);
    default: return boolean(op == compare_op::eq);
    }
}
template <compare_op Op> Result<W_Object*> method_compare(W_Object* a, W_Object* b) {
    if (!is<W_List>(b)) return not_implemented();
    if (Op == compare_op::eq && list_of(a)->length != list_of(b)->length) return boolean(false);
    return compare_items(Op, list_to_slots(list_of(a)), list_to_slots(list_of(b)));
}
Result<W_Object*> method_init(W_Object* o, W_Object* iterable) {
    list_clear(list_of(o));
    if (iterable) HEDDLE_TRY(list_extend(list_of(o), iterable));
    return none();
}
Result<W_Object*> list_construct(W_Object* iterable) {
    if (!iterable) return make_list();
    if (is_exact<W_List>(iterable)) return method_copy(iterable);
    return HEDDLE_TRY(iterable_to_list(iterable));
}

// ---- tuple
Result<W_Object*> tuple_construct(W_Object* iterable) {
    if (!iterable) return make_tuple_0();
    return HEDDLE_TRY(iterable_to_tuple(iterable));
}
Result<W_Object*> tuple_len(W_Object* o) { return make_int(tuple_of(o)->length()); }
Result<W_Object*> tuple_iter(W_Object* o) { return make<W_TupleIterator>(tuple_of(o)->items); }
W_Tuple* slice_within(W_Tuple* tuple, const slice_bounds& bounds) {
    auto* items = make_array<object_array>(bounds.count);
    for (long i = 0; i < bounds.count; i++) items->set(i, tuple->at(bounds.at(i)));
    return make<W_Tuple>(items);
}
HEDDLE_DONT_LOOK_INSIDE W_Tuple* tuple_slice(W_Tuple* tuple, long start, long stop, long step) {
    return slice_within(tuple, bounds_within(start, stop, step, tuple->length()));
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> get_slice(W_Tuple* tuple, W_Slice* slice) {
    slice_bounds bounds;
    if (!slice_indices(slice, tuple->length(), &bounds)) return failure;
    return slice_within(tuple, bounds);
}
Result<W_Object*> tuple_getitem(W_Object* o, W_Object* key) {
    if (is_exact<W_Slice>(key)) {
        auto* slice = static_cast<W_Slice*>(key);
        if (!has_int_parts(slice)) return get_slice(tuple_of(o), slice);
        long step = step_of(slice);
        return tuple_slice(tuple_of(o), start_of(slice, step), stop_of(slice, step), step);
    }
    if (!is_index(key)) return index_type_error("tuple", key);
    long index = HEDDLE_TRY(subscript_of(key)), length = tuple_of(o)->length();
    if (index < 0) index += length;
    if (index < 0 || index >= length) return index_error("tuple index");
    return tuple_of(o)->at(index);
}
HEDDLE_DONT_LOOK_INSIDE Result<long> find_by_asking(W_Tuple* tuple, W_Object* item, long start, long end) {
    for (long i = start; i < end && i < tuple->length(); i++)
        if (HEDDLE_TRY(equal(tuple->at(i), item))) return i;
    return -1;
}
Result<long> tuple_find(W_Tuple* tuple, W_Object* item, long start, long end) {
    long at = plain_find(tuple->items, item, start, end);
    return at != must_ask ? Result<long>(at) : find_by_asking(tuple, item, start, end);
}
Result<W_Object*> tuple_contains(W_Object* o, W_Object* item) {
    return boolean(HEDDLE_TRY(tuple_find(tuple_of(o), item, 0, LONG_MAX)) >= 0);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> tuple_index(W_Object* o, W_Object* item, W_Object* start, W_Object* end) {
    long length = tuple_of(o)->length();
    long from = HEDDLE_TRY(clamped(start, length, 0)), to = HEDDLE_TRY(clamped(end, length, length));
    long at = HEDDLE_TRY(tuple_find(tuple_of(o), item, from, to));
    if (at < 0) return raise_text(T::ValueError, "tuple.index(x): x not in tuple");
    return make_int(at);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> tuple_count(W_Object* o, W_Object* item) {
    long count = 0;
    for (long i = 0; i < tuple_of(o)->length(); i++) count += HEDDLE_TRY(equal(tuple_of(o)->at(i), item));
    return make_int(count);
}
Result<W_Object*> tuple_add(W_Object* a, W_Object* b) {
    if (!is<W_Tuple>(b)) return not_implemented();
    long left = tuple_of(a)->length(), right = tuple_of(b)->length();
    auto* items = make_array<object_array>(left + right);
    copy_items(tuple_of(a)->items, 0, items, 0, left);
    copy_items(tuple_of(b)->items, 0, items, left, right);
    return make<W_Tuple>(items);
}
Result<W_Object*> tuple_mul(W_Object* o, W_Object* count) {
    if (!is_index(count)) return not_implemented();
    long times = HEDDLE_TRY(index_of(count)), length = tuple_of(o)->length();
    if (times <= 0 || length == 0) return make_tuple_0();
    object_array* items = repeat_array(tuple_of(o)->items, length, times);
    if (!items) return no_memory();
    return make<W_Tuple>(items);
}
Result<W_Object*> tuple_hash(W_Object* o) { return make_int(HEDDLE_TRY(hash_of_tuple(tuple_of(o)))); }
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> tuple_repr(W_Object* o) {
    native_nesting nesting(" while getting the repr of an object");
    if (nesting.too_deep()) return failure;
    if (!enter_repr(o)) return make_str("(...)");
    std::string out = "(";
    for (long i = 0; i < tuple_of(o)->length(); i++) {
        auto text = repr(tuple_of(o)->at(i));
        if (text.failed()) {
            leave_repr(o);
            return failure;
        }
        out += (i ? ", " : "") + to_utf8(text.value());
    }
    leave_repr(o);
    return make_str(out + (tuple_of(o)->length() == 1 ? ",)" : ")"));
}
template <compare_op Op> Result<W_Object*> tuple_compare(W_Object* a, W_Object* b) {
    if (!is<W_Tuple>(b)) return not_implemented();
    return compare_items(Op, tuple_of(a)->items, tuple_of(b)->items);
}
Result<W_Object*> generic_alias(W_Object* cls, W_Object*) { return cls; } // list[int] is list: annotations only

constexpr builtin_entry list_methods[] = {
    {"append", method_append},
    {"extend", method_extend},
    {"insert", method_insert},
    {"pop", method_pop, 1},
    {"remove", method_remove},
    {"index", method_index, 2},
    {"count", method_count},
    {"reverse", method_reverse},
    {"sort", method_sort, 1, "self,*key,*reverse"},
    {"clear", method_clear},
    {"copy", method_copy},
    {"__getitem__", method_getitem},
    {"__setitem__", method_setitem},
    {"__delitem__", method_delitem},
    {"__len__", method_len},
    {"__iter__", method_iter},
    {"__reversed__", method_reversed},
    {"__contains__", method_contains},
    {"__add__", method_add},
    {"__iadd__", method_iadd},
    {"__mul__", method_mul},
    {"__rmul__", method_mul},
    {"__imul__", method_imul},
    {"__repr__", method_repr},
    {"__init__", method_init, 1},
    {"__lt__", method_compare<compare_op::lt>},
    {"__le__", method_compare<compare_op::le>},
    {"__eq__", method_compare<compare_op::eq>},
    {"__ne__", method_compare<compare_op::ne>},
    {"__gt__", method_compare<compare_op::gt>},
    {"__ge__", method_compare<compare_op::ge>},
    {"__class_getitem__", generic_alias, 2, nullptr, builtin_entry::class_method},
};
constexpr builtin_entry tuple_methods[] = {
    {"__len__", tuple_len},
    {"__iter__", tuple_iter},
    {"__getitem__", tuple_getitem},
    {"__contains__", tuple_contains},
    {"index", tuple_index, 2},
    {"count", tuple_count},
    {"__add__", tuple_add},
    {"__mul__", tuple_mul},
    {"__rmul__", tuple_mul},
    {"__hash__", tuple_hash},
    {"__repr__", tuple_repr},
    {"__lt__", tuple_compare<compare_op::lt>},
    {"__le__", tuple_compare<compare_op::le>},
    {"__eq__", tuple_compare<compare_op::eq>},
    {"__ne__", tuple_compare<compare_op::ne>},
    {"__gt__", tuple_compare<compare_op::gt>},
    {"__ge__", tuple_compare<compare_op::ge>},
    {"__class_getitem__", generic_alias, 2, nullptr, builtin_entry::class_method},
};
constexpr builtin_entry construct_list{"list", list_construct, 0};
constexpr builtin_entry construct_tuple{"tuple", tuple_construct, 0};

} // namespace

void setup_list() {
    add_methods(T::list, list_methods);
    dict_set_str(type_of(T::list)->dict, name_of(N::hash), none());
    add_constructor(T::list, &construct_list);
}
void setup_tuple() {
    add_methods(T::tuple, tuple_methods);
    add_constructor(T::tuple, &construct_tuple);
}

} // namespace heddle::python
