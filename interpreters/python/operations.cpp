// Items, iteration, length, containment and text of any object.
#include "operations.h"
#include "interpreter.h"

namespace heddle::python {

// ---- items
// --------------------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE static failure_type not_subscriptable(W_Object* o, const char* what) {
    if (is<W_Type>(o) && what[0] == 's')
        return raise_error(T::TypeError, "type '%s' is not subscriptable", name_text(static_cast<W_Type*>(o)).c_str());
    return raise_error(T::TypeError, "'%s' object %s", type_name(o).c_str(), what);
}
Result<W_Object*> get_item(W_Object* o, W_Object* key) {
    if (is_exact<W_Dict>(o)) {
        W_Object* value = dict_get(static_cast<W_Dict*>(o), key);
        if (value) return value;
        if (pending_error()) return failure;
        return raise_key_error(key);
    }
    if (is_exact<W_Str>(o) && is_exact<W_Int>(key)) {
        auto* text = static_cast<W_Str*>(o);
        long index = static_cast<W_Int*>(key)->value, length = text->length();
        if (index < 0) index += length;
        if (index < 0 || index >= length) return raise_text(T::IndexError, "string index out of range");
        return str_character(text->at(index));
    }
    W_Object* result = call_special_1(o, N::getitem, key);
    if (result || pending_error()) return result;
    if (is<W_Type>(o)) {
        W_Object* hook = type_lookup(static_cast<W_Type*>(o), N::class_getitem);
        if (hook) {
            hook = HEDDLE_TRY(bind_descriptor(hook, nullptr, static_cast<W_Type*>(o)));
            return call_1(hook, key);
        }
        return not_subscriptable(o, "s");
    }
    return not_subscriptable(o, "is not subscriptable");
}
Result<void> set_item(W_Object* o, W_Object* key, W_Object* value) {
    if (is_exact<W_Dict>(o)) return dict_set(static_cast<W_Dict*>(o), key, value);
    W_Object* result = call_special_2(o, N::setitem, key, value);
    if (result) return ok;
    if (pending_error()) return failure;
    return not_subscriptable(o, "does not support item assignment");
}
Result<void> delete_item(W_Object* o, W_Object* key) {
    W_Object* result = call_special_1(o, N::delitem, key);
    if (result) return ok;
    if (pending_error()) return failure;
    return not_subscriptable(o, "doesn't support item deletion");
}

// ---- iteration
// ----------------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE static failure_type not_iterable(W_Object* o) {
    return raise_about_type(T::TypeError, "'%s' object is not iterable", o);
}
HEDDLE_DONT_LOOK_INSIDE static failure_type not_iterator(W_Object* o) {
    return raise_about_type(T::TypeError, "'%s' object is not an iterator", o);
}
HEDDLE_DONT_LOOK_INSIDE static failure_type iter_returned(W_Object* o) {
    return raise_about_type(T::TypeError, "iter() returned non-iterator of type '%s'", o);
}

Result<W_Object*> get_iterator(W_Object* o) {
    if (is_exact<W_List>(o)) return make<W_ListIterator>(static_cast<W_List*>(o));
    if (is_exact<W_Range>(o)) {
        auto* range = static_cast<W_Range*>(o);
        return make<W_RangeIterator>(range->start, range->step, range->length);
    }
    if (is_exact<W_Tuple>(o)) return make<W_TupleIterator>(static_cast<W_Tuple*>(o)->items);
    if (is_exact<W_Generator>(o)) return o;
    if (is_exact<W_Dict>(o)) return make<W_DictIterator>(static_cast<W_Dict*>(o), dict_part::keys, false);
    W_Object* method = type_lookup(o->type(), N::iter);
    if (method == none()) return not_iterable(o);
    if (!method) {
        if (type_lookup(o->type(), N::getitem)) return make<W_SequenceIterator>(o);
        return not_iterable(o);
    }
    W_Object* iterator = call_special_0(o, N::iter);
    if (!iterator) return failure;
    if (!is<W_Iterator>(iterator) && !type_lookup(iterator->type(), N::next)) return iter_returned(iterator);
    return iterator;
}

W_Object* next_item(W_Object* iterator) {
    if (is<W_Iterator>(iterator)) return static_cast<W_Iterator*>(iterator)->next();
    W_Object* item = call_special_0(iterator, N::next);
    if (item) return item;
    if (!pending_error()) {
        (void)not_iterator(iterator);
        return nullptr;
    }
    clear_if_pending(T::StopIteration);
    return nullptr;
}

HEDDLE_DONT_LOOK_INSIDE static Result<bool> search(W_Object* container, W_Object* item) {
    auto iterator = get_iterator(container);
    if (iterator.failed()) {
        if (pending_is(T::TypeError) && !type_lookup(container->type(), N::iter))
            return raise_about_type(T::TypeError, "argument of type '%s' is not iterable", container);
        return failure;
    }
    while (W_Object* candidate = next_item(iterator.value()))
        if (HEDDLE_TRY(equal(candidate, item))) return true;
    if (pending_error()) return failure;
    return false;
}
Result<bool> contains(W_Object* container, W_Object* item) {
    if (is_exact<W_Dict>(container)) {
        W_Object* value = dict_get(static_cast<W_Dict*>(container), item);
        if (value) return true;
        if (pending_error()) return failure;
        return false;
    }
    W_Object* method = type_lookup(container->type(), N::contains);
    if (method == none()) return raise_text(T::TypeError, "argument is not a container");
    if (method) {
        W_Object* result = call_special_1(container, N::contains, item);
        if (!result) return failure;
        return is_true(result);
    }
    return search(container, item);
}

HEDDLE_DONT_LOOK_INSIDE static failure_type no_length(W_Object* o) {
    return raise_about_type(T::TypeError, "object of type '%s' has no len()", o);
}
HEDDLE_DONT_LOOK_INSIDE static failure_type wrong_length(W_Object* result) {
    return raise_about_type(T::TypeError, "'%s' object cannot be interpreted as an integer", result);
}
Result<long> length_of(W_Object* o) {
    if (is_exact<W_List>(o)) return static_cast<W_List*>(o)->length.get();
    if (is_exact<W_Str>(o)) return static_cast<W_Str*>(o)->length();
    if (is_exact<W_Tuple>(o)) return static_cast<W_Tuple*>(o)->length();
    if (is_exact<W_Dict>(o)) return static_cast<W_Dict*>(o)->count.get();
    W_Object* result = call_special_0(o, N::len);
    if (!result) {
        if (pending_error()) return failure;
        return no_length(o);
    }
    if (!is<W_Int>(result)) return wrong_length(result);
    long length = static_cast<W_Int*>(result)->value;
    if (length < 0) return raise_text(T::ValueError, "__len__() should return >= 0");
    return length;
}

slice_bounds bounds_within(long start, long stop, long step, long length) {
    if (step < -LONG_MAX) step = -LONG_MAX;
    long low = step < 0 ? -1 : 0, high = step < 0 ? length - 1 : length;
    auto clamp = [&](long value) {
        if (value < 0) return value + length < low ? low : value + length;
        return value > high ? high : value;
    };
    start = clamp(start);
    stop = clamp(stop);
    long count = step > 0 ? stop - start : start - stop;
    if (count < 0) count = 0;
    if (count > 0 && step != 1 && step != -1) count = (count - 1) / (step > 0 ? step : -step) + 1;
    return {start, stop, step, count};
}
HEDDLE_DONT_LOOK_INSIDE bool slice_indices(W_Slice* slice, long length, slice_bounds* out) {
    long step = 1;
    if (slice->step != none()) {
        auto given = index_clamped(slice->step);
        if (given.failed()) return false;
        step = given.value();
        if (step == 0) {
            raise_text(T::ValueError, "slice step cannot be zero");
            return false;
        }
    }
    long start = step < 0 ? LONG_MAX : 0, stop = step < 0 ? LONG_MIN : LONG_MAX;
    for (auto [part, result] : {std::pair(slice->start, &start), std::pair(slice->stop, &stop)}) {
        if (part == none()) continue;
        auto given = index_clamped(part);
        if (given.failed()) return false;
        *result = given.value();
    }
    *out = bounds_within(start, stop, step, length);
    return true;
}

// ---- text
// -----------------------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE static failure_type wrong_text(const char* method, W_Object* result) {
    return raise_error(T::TypeError, "%s returned non-string (type %s)", method, type_name(result).c_str());
}
Result<W_Str*> repr(W_Object* o) {
    W_Object* text = call_special_0(o, N::repr);
    if (!text) return failure;
    if (!is<W_Str>(text)) return wrong_text("__repr__", text);
    return static_cast<W_Str*>(text);
}
Result<W_Str*> to_str(W_Object* o) {
    if (is_exact<W_Str>(o)) return static_cast<W_Str*>(o);
    W_Object* text = call_special_0(o, N::str);
    if (!text) return failure;
    if (!is<W_Str>(text)) return wrong_text("__str__", text);
    return static_cast<W_Str*>(text);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Str*> ascii(W_Object* o) {
    W_Str* text = HEDDLE_TRY(repr(o));
    std::string out;
    char escape[16];
    for (long i = 0; i < text->length(); i++) {
        uint32_t c = text->at(i);
        if (c < 128)
            out += static_cast<char>(c);
        else {
            snprintf(escape, sizeof escape, c < 256 ? "\\x%02x" : c < 65536 ? "\\u%04x" : "\\U%08x", c);
            out += escape;
        }
    }
    return make_str(out);
}
Result<W_Str*> format_value(W_Object* o, W_Str* specification) {
    bool plain = !specification || specification->length() == 0;
    if (plain && (is_exact<W_Str>(o) || is_exact<W_Int>(o) || is_exact<W_Float>(o))) return to_str(o);
    W_Object* text = call_special_1(o, N::format, specification ? specification : name_of(N::empty));
    if (!text) return failure;
    if (!is<W_Str>(text)) return wrong_text("__format__", text);
    return static_cast<W_Str*>(text);
}

bool enter_repr(W_Object* o) {
    ExecutionContext* context = execution_context();
    if (!context->repr_stack) context->repr_stack = make_list();
    W_List* stack = context->repr_stack;
    for (long i = 0; i < stack->length; i++)
        if (list_get(stack, i) == o) return false;
    list_append(stack, o);
    return true;
}
void leave_repr(W_Object*) {
    W_List* stack = execution_context()->repr_stack;
    list_delete_range(stack, stack->length - 1, stack->length);
}

} // namespace heddle::python
