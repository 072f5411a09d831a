// Iterators, range, slice, enumerate, zip, map, filter, reversed.
#include "interpreter.h"

namespace heddle::python {

W_Object* W_ListIterator::next() {
    W_List* source = list;
    if (!source) return nullptr;
    long at = index;
    if (at >= source->length) {
        list = static_cast<W_List*>(nullptr);
        return nullptr;
    }
    index = at + 1;
    return list_get(source, at);
}
W_Object* W_ListReverseIterator::next() {
    long at = index;
    if (at < 0 || at >= list->length) {
        index = -1;
        return nullptr;
    }
    index = at - 1;
    return list_get(list, at);
}
W_Object* W_TupleIterator::next() {
    long at = index;
    if (at >= items->length()) return nullptr;
    index = at + 1;
    return items->get(at);
}
W_Object* W_RangeIterator::next() {
    long left = remaining;
    if (left <= 0) return nullptr;
    long value = current;
    remaining = left - 1;
    // A step that a trace knows lets it know bounds, and forget the step.
    unsigned long following = static_cast<unsigned long>(value) + 1;
    if (step != 1) following = static_cast<unsigned long>(value) + static_cast<unsigned long>(step);
    current = static_cast<long>(following);
    return make_int(value);
}
W_Object* W_StrIterator::next() {
    long at = index;
    if (at >= text->length()) return nullptr;
    index = at + 1;
    return str_character(text->at(at));
}
W_Object* W_BytesIterator::next() {
    long at = index;
    if (is<W_Bytes>(bytes)) {
        byte_array* data = static_cast<W_Bytes*>(bytes)->data;
        if (at >= data->length()) return nullptr;
        index = at + 1;
        return make_int(data->get(at));
    }
    auto* array = static_cast<W_ByteArray*>(bytes);
    if (at >= array->length) return nullptr;
    index = at + 1;
    return make_int(array->storage->get(at));
}
W_Object* W_SequenceIterator::next() {
    W_Object* source = sequence;
    if (!source) return nullptr;
    long at = index;
    auto item = get_item(source, make_int(at));
    if (item.failed()) {
        if (clear_if_pending(T::IndexError) || clear_if_pending(T::StopIteration))
            sequence = static_cast<W_Object*>(nullptr);
        return nullptr;
    }
    index = at + 1;
    return item.value();
}
W_Object* W_CallableIterator::next() {
    W_Object* function = callable;
    if (!function) return nullptr;
    auto item = call_0(function);
    if (item.failed()) {
        if (clear_if_pending(T::StopIteration)) callable = static_cast<W_Object*>(nullptr);
        return nullptr;
    }
    auto same = equal(item.value(), sentinel);
    if (same.failed()) return nullptr;
    if (same.value()) {
        callable = static_cast<W_Object*>(nullptr);
        return nullptr;
    }
    return item.value();
}
W_Object* W_Enumerate::next() {
    W_Object* item = next_item(iterator);
    if (!item) return nullptr;
    W_Object* number = index;
    if (is_exact<W_Int>(number) && static_cast<W_Int*>(number)->value < LONG_MAX) {
        index = make_int(static_cast<W_Int*>(number)->value + 1);
    } else {
        auto following = binary(binary_op::add, number, make_int(1));
        if (following.failed()) return nullptr;
        index = following.value();
    }
    return make_tuple_2(number, item);
}
HEDDLE_DONT_LOOK_INSIDE static void zip_length_error(long index, bool longer) {
    if (index == 1)
        raise_error(T::ValueError, "zip() argument 2 is %s than argument 1", longer ? "longer" : "shorter");
    else
        raise_error(T::ValueError, "zip() argument %ld is %s than arguments 1-%ld", index + 1,
                    longer ? "longer" : "shorter", index);
}
HEDDLE_DONT_LOOK_INSIDE static void check_strict_end(object_array* iterators, long failed) {
    if (failed > 0) {
        zip_length_error(failed, false);
        return;
    }
    for (long i = 1; i < iterators->length(); i++) {
        if (next_item(iterators->get(i))) {
            zip_length_error(i, true);
            return;
        }
        if (pending_error()) return;
    }
}
HEDDLE_UNROLL_SAFE static long next_of_each(object_array* iterators, object_array* items,
                                            long count) { // the one at its end, or -1
    for (long i = 0; i < count; i++) {
        W_Object* item = next_item(iterators->get(i));
        if (!item) return i;
        items->set(i, item);
    }
    return -1;
}
W_Object* W_Zip::next() {
    long count = jit::promote(iterators->length());
    if (count == 0) return nullptr;
    auto* items = make_array<object_array>(count);
    long failed = next_of_each(iterators, items, count);
    if (failed >= 0) {
        if (strict && !pending_error()) check_strict_end(iterators, failed);
        return nullptr;
    }
    return make<W_Tuple>(items);
}
W_Object* W_Map::next() {
    long count = jit::promote(iterators->length());
    if (count == 1) {
        W_Object* item = next_item(iterators->get(0));
        return item ? call_1(function, item).value() : nullptr;
    }
    auto* items = make_array<object_array>(count);
    if (next_of_each(iterators, items, count) >= 0) return nullptr;
    return call(function, make_arguments(items)).value();
}
HEDDLE_UNROLL_SAFE static W_Object* next_that_passes(W_Object* function, W_Object* iterator) {
    for (;;) {
        W_Object* item = next_item(iterator);
        if (!item) return nullptr;
        W_Object* verdict = item;
        if (function != none()) {
            auto result = call_1(function, item);
            if (result.failed()) return nullptr;
            verdict = result.value();
        }
        auto truth = is_true(verdict);
        if (truth.failed()) return nullptr;
        if (truth.value()) return item;
    }
}
W_Object* W_Filter::next() { return next_that_passes(function, iterator); }
W_Object* W_Reversed::next() {
    long at = index;
    if (at < 0) return nullptr;
    index = at - 1;
    auto item = get_item(sequence, make_int(at));
    if (item.failed()) {
        index = -1;
        if (clear_if_pending(T::IndexError)) return nullptr;
        return nullptr;
    }
    return item.value();
}

namespace {

Result<W_Object*> iterator_iter(W_Object* o) { return o; }
Result<W_Object*> iterator_next(W_Object* o) {
    W_Object* item = static_cast<W_Iterator*>(o)->next();
    if (item || pending_error()) return item;
    return raise_stop_iteration(nullptr);
}
Result<W_Object*> iterator_length_hint(W_Object* o) {
    if (is_exact<W_RangeIterator>(o)) return make_int(static_cast<W_RangeIterator*>(o)->remaining);
    if (is_exact<W_ListIterator>(o)) {
        auto* self = static_cast<W_ListIterator*>(o);
        return make_int(self->list ? std::max(0l, self->list->length - self->index) : 0);
    }
    return not_implemented();
}
constexpr builtin_entry iterator_methods[] = {
    {"__iter__", iterator_iter}, {"__next__", iterator_next}, {"__length_hint__", iterator_length_hint}};

Result<object_array*> iterators_of(W_Arguments* arguments, long from) {
    long count = arguments->positional_count() - from;
    auto* iterators = make_array<object_array>(count);
    for (long i = 0; i < count; i++) iterators->set(i, HEDDLE_TRY(get_iterator(arguments->at(from + i))));
    return iterators;
}
Result<W_Object*> enumerate_construct(W_Object* iterable, W_Object* start) {
    W_Object* iterator = HEDDLE_TRY(get_iterator(iterable));
    W_Object* first = start ? HEDDLE_TRY(to_index_object(start)) : make_int(0);
    return make<W_Enumerate>(iterator, first);
}
Result<W_Object*> zip_construct(W_Arguments* arguments) {
    bool strict = false;
    for (long i = 0; i < arguments->keyword_count(); i++) {
        if (!str_is(static_cast<W_Str*>(arguments->keywords->at(i)), "strict"))
            return raise_error(T::TypeError, "zip() got an unexpected keyword argument '%s'",
                               to_utf8(static_cast<W_Str*>(arguments->keywords->at(i))).c_str());
        strict = HEDDLE_TRY(is_true(arguments->at(arguments->positional_count() + i)));
    }
    object_array* iterators = nullptr;
    long count = arguments->positional_count();
    for (long i = 0; i < count; i++)
        if (!is<W_Iterator>(arguments->at(i)) && !type_lookup(arguments->at(i)->type(), N::iter) &&
            !type_lookup(arguments->at(i)->type(), N::getitem))
            return raise_about_type(T::TypeError, "'%s' object is not iterable", arguments->at(i));
    iterators = HEDDLE_TRY(iterators_of(arguments, 0));
    return make<W_Zip>(iterators, strict);
}
Result<W_Object*> map_construct(W_Arguments* arguments) {
    if (arguments->positional_count() < 2) return raise_text(T::TypeError, "map() must have at least two arguments.");
    object_array* iterators = HEDDLE_TRY(iterators_of(arguments, 1));
    return make<W_Map>(arguments->at(0), iterators);
}
Result<W_Object*> filter_construct(W_Object* function, W_Object* iterable) {
    W_Object* iterator = HEDDLE_TRY(get_iterator(iterable));
    return make<W_Filter>(function, iterator);
}
Result<W_Object*> reversed_construct(W_Object* o) {
    W_Object* method = type_lookup(o->type(), N::reversed);
    if (method && method != none()) return call_1(method, o);
    if (method || !type_lookup(o->type(), N::getitem) || !type_lookup(o->type(), N::len))
        return raise_about_type(T::TypeError, "'%s' object is not reversible", o);
    long length = HEDDLE_TRY(length_of(o));
    return make<W_Reversed>(o, length - 1);
}
constexpr builtin_entry construct_enumerate{"enumerate", enumerate_construct, 1, "iterable,start"};
constexpr builtin_entry construct_zip{"zip", zip_construct};
constexpr builtin_entry construct_map{"map", map_construct};
constexpr builtin_entry construct_filter{"filter", filter_construct};
constexpr builtin_entry construct_reversed{"reversed", reversed_construct};

// ---- range
HEDDLE_INLINE W_Range* range_of(W_Object* o) { return static_cast<W_Range*>(o); }
HEDDLE_DONT_LOOK_INSIDE failure_type range_too_large() {
    return raise_text(T::OverflowError, "Python int too large to convert to C ssize_t");
}
Result<W_Object*> make_range(long start, long stop, long step) {
    if (step == 0) return raise_text(T::ValueError, "range() arg 3 must not be zero");
    long count = 0;
    if (step > 0 && start < stop) {
        unsigned long n = (static_cast<unsigned long>(stop) - static_cast<unsigned long>(start) - 1) /
                              static_cast<unsigned long>(step) +
                          1;
        if (n > static_cast<unsigned long>(LONG_MAX)) return range_too_large();
        count = static_cast<long>(n);
    } else if (step < 0 && start > stop) {
        unsigned long n = (static_cast<unsigned long>(start) - static_cast<unsigned long>(stop) - 1) /
                              (0ul - static_cast<unsigned long>(step)) +
                          1;
        if (n > static_cast<unsigned long>(LONG_MAX)) return range_too_large();
        count = static_cast<long>(n);
    }
    return make<W_Range>(start, stop, step, count);
}
Result<W_Object*> range_construct(W_Object* a, W_Object* b, W_Object* c) {
    long first = HEDDLE_TRY(index_of(a));
    if (!b) return make_range(0, first, 1);
    long second = HEDDLE_TRY(index_of(b));
    long step = c ? HEDDLE_TRY(index_of(c)) : 1;
    return make_range(first, second, step);
}
Result<W_Object*> range_len(W_Object* o) { return make_int(range_of(o)->length); }
Result<W_Object*> range_iter(W_Object* o) {
    return make<W_RangeIterator>(range_of(o)->start, range_of(o)->step, range_of(o)->length);
}
Result<W_Object*> range_reversed(W_Object* o) {
    W_Range* r = range_of(o);
    return make<W_RangeIterator>(r->start + (r->length - 1) * r->step, -r->step, r->length);
}
Result<W_Object*> range_getitem(W_Object* o, W_Object* key) {
    W_Range* r = range_of(o);
    if (is_exact<W_Slice>(key)) {
        slice_bounds bounds;
        if (!slice_indices(static_cast<W_Slice*>(key), r->length, &bounds)) return failure;
        return make_range(r->start + bounds.start * r->step, r->start + bounds.stop * r->step, r->step * bounds.step);
    }
    if (!is_int(key) && !type_lookup(key->type(), N::index))
        return raise_about_type(T::TypeError, "range indices must be integers or slices, not %s", key);
    long index = HEDDLE_TRY(subscript_of(key));
    if (index < 0) index += r->length;
    if (index < 0 || index >= r->length) return raise_text(T::IndexError, "range object index out of range");
    return make_int(r->start + index * r->step);
}
bool range_has(W_Range* r, long value) {
    if (r->length == 0) return false;
    long last = r->start + (r->length - 1) * r->step;
    if (r->step > 0 ? value < r->start || value > last : value > r->start || value < last) return false;
    return (value - r->start) % r->step == 0;
}
Result<W_Object*> range_index(W_Object* o, W_Object* item) {
    if (is_int(item) && is<W_Int>(item) && range_has(range_of(o), static_cast<W_Int*>(item)->value))
        return make_int((static_cast<W_Int*>(item)->value - range_of(o)->start) / range_of(o)->step);
    return raise_error(T::ValueError, "%s is not in range", to_utf8(HEDDLE_TRY(repr(item))).c_str());
}
Result<W_Object*> range_contains(W_Object* o, W_Object* item) {
    if (is<W_Int>(item)) return boolean(range_has(range_of(o), static_cast<W_Int*>(item)->value));
    if (is<W_Float>(item)) {
        double value = static_cast<W_Float*>(item)->value;
        return boolean(whole_part_fits_long(value) && value == static_cast<double>(static_cast<long>(value)) &&
                       range_has(range_of(o), static_cast<long>(value)));
    }
    return boolean(false);
}
Result<W_Object*> range_count(W_Object* o, W_Object* item) {
    return make_int(HEDDLE_TRY(range_contains(o, item)) == singleton(2));
}
Result<W_Object*> range_eq(W_Object* a, W_Object* b) {
    if (!is_exact<W_Range>(b)) return not_implemented();
    W_Range *x = range_of(a), *y = range_of(b);
    return boolean(x->length == y->length &&
                   (x->length == 0 || (x->start == y->start && (x->length == 1 || x->step == y->step))));
}
Result<W_Object*> range_ne(W_Object* a, W_Object* b) {
    W_Object* same = HEDDLE_TRY(range_eq(a, b));
    return same == not_implemented() ? same : boolean(same == singleton(1));
}
Result<W_Object*> range_hash(W_Object* o) {
    W_Range* r = range_of(o);
    W_Tuple* key = make_tuple_3(make_int(r->length), r->length ? make_int(r->start) : none(),
                                r->length > 1 ? make_int(r->step) : none());
    return make_int(HEDDLE_TRY(hash_of(key)));
}
Result<W_Object*> range_repr(W_Object* o) {
    W_Range* r = range_of(o);
    std::string text = "range(" + std::to_string(r->start) + ", " + std::to_string(r->stop);
    if (r->step != 1) text += ", " + std::to_string(r->step);
    return make_str(text + ")");
}
Result<W_Object*> range_bool(W_Object* o) { return boolean(range_of(o)->length != 0); }
Result<W_Object*> range_start(W_Object* o) { return make_int(range_of(o)->start); }
Result<W_Object*> range_stop(W_Object* o) { return make_int(range_of(o)->stop); }
Result<W_Object*> range_step(W_Object* o) { return make_int(range_of(o)->step); }
constexpr builtin_entry range_methods[] = {
    {"__len__", range_len},
    {"__iter__", range_iter},
    {"__reversed__", range_reversed},
    {"__getitem__", range_getitem},
    {"__contains__", range_contains},
    {"index", range_index},
    {"count", range_count},
    {"__eq__", range_eq},
    {"__ne__", range_ne},
    {"__hash__", range_hash},
    {"__repr__", range_repr},
    {"__bool__", range_bool},
};
constexpr getset_entry range_attributes[] = {
    {"start", range_start, nullptr}, {"stop", range_stop, nullptr}, {"step", range_step, nullptr}};
constexpr builtin_entry construct_range{"range", range_construct, 1};

// ---- slice
HEDDLE_INLINE W_Slice* slice_of(W_Object* o) { return static_cast<W_Slice*>(o); }
Result<W_Object*> slice_construct(W_Object* a, W_Object* b, W_Object* c) {
    if (!b) return make<W_Slice>(none(), a, none());
    return make<W_Slice>(a, b, c ? c : none());
}
Result<W_Object*> slice_start(W_Object* o) { return slice_of(o)->start; }
Result<W_Object*> slice_stop(W_Object* o) { return slice_of(o)->stop; }
Result<W_Object*> slice_step(W_Object* o) { return slice_of(o)->step; }
W_Tuple* slice_tuple(W_Object* o) { return make_tuple_3(slice_of(o)->start, slice_of(o)->stop, slice_of(o)->step); }
Result<W_Object*> slice_repr(W_Object* o) { return make_str("slice" + to_utf8(HEDDLE_TRY(repr(slice_tuple(o))))); }
Result<W_Object*> slice_eq(W_Object* a, W_Object* b) {
    if (!is_exact<W_Slice>(b)) return not_implemented();
    return boolean(HEDDLE_TRY(equal(slice_tuple(a), slice_tuple(b))));
}
Result<W_Object*> slice_method_indices(W_Object* o, W_Object* length) {
    slice_bounds bounds;
    if (!slice_indices(slice_of(o), HEDDLE_TRY(index_of(length)), &bounds)) return failure;
    return make_tuple_3(make_int(bounds.start), make_int(bounds.stop), make_int(bounds.step));
}
constexpr builtin_entry slice_methods[] = {
    {"__repr__", slice_repr}, {"__eq__", slice_eq}, {"indices", slice_method_indices}};
constexpr getset_entry slice_attributes[] = {
    {"start", slice_start, nullptr}, {"stop", slice_stop, nullptr}, {"step", slice_step, nullptr}};
constexpr builtin_entry construct_slice{"slice", slice_construct, 1};

} // namespace

void setup_iterators() {
    for (T id : {T::list_iterator, T::list_reverseiterator, T::tuple_iterator, T::range_iterator, T::str_iterator,
                 T::bytes_iterator, T::set_iterator, T::dict_keyiterator, T::dict_valueiterator, T::dict_itemiterator,
                 T::dict_reversekeyiterator, T::sequence_iterator, T::callable_iterator, T::enumerate, T::zip, T::map,
                 T::filter, T::reversed})
        add_methods(id, iterator_methods);
    add_constructor(T::enumerate, &construct_enumerate);
    add_constructor(T::zip, &construct_zip);
    add_constructor(T::map, &construct_map);
    add_constructor(T::filter, &construct_filter);
    add_constructor(T::reversed, &construct_reversed);
}
void setup_range() {
    add_methods(T::range, range_methods);
    add_getsets(T::range, range_attributes);
    add_constructor(T::range, &construct_range);
    add_methods(T::slice, slice_methods);
    add_getsets(T::slice, slice_attributes);
    dict_set_str(type_of(T::slice)->dict, name_of(N::hash), none());
    add_constructor(T::slice, &construct_slice);
}

} // namespace heddle::python
