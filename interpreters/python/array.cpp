// The module array. Reading, writing, appending and iterating are written for traces; all else works on the items'
// memory and is called from them.
#include "array.h"
#include "bigint.h"
#include "builtin_modules.h"
#include <algorithm>

namespace heddle::python {
namespace {

HEDDLE_DONT_LOOK_INSIDE failure_type no_memory() {
    return raise_exception(make_exception(type_of(T::MemoryError), make_tuple_0()));
}
HEDDLE_DONT_LOOK_INSIDE failure_type range_error(const char* what, bool above) {
    return raise_error(T::OverflowError, "%s is %s", what, above ? "greater than maximum" : "less than minimum");
}
// An item of a signed or a small unsigned type. The commonest case is inline.
HEDDLE_DONT_LOOK_INSIDE Result<long> convert_index(W_Object* item) { return index_of(item); }
template <class Integer> // a long or wider
Result<Integer> small_item(W_Object* item, Integer least, Integer most, const char* what) {
    Integer value;
    if (is_exact<W_Int>(item))
        value = static_cast<W_Int*>(item)->value;
    else if constexpr (sizeof(Integer) > sizeof(long))
        value = HEDDLE_TRY(index_64_of(item));
    else
        value = HEDDLE_TRY(convert_index(item));
    if (value < least) return range_error(what, false);
    if (value > most) return range_error(what, true);
    return value;
}
template <class Unsigned> HEDDLE_DONT_LOOK_INSIDE Result<Unsigned> unsigned_item(W_Object* item) {
    W_Object* index = HEDDLE_TRY(to_index_object(item));
    if (is<W_Int>(index)) {
        long value = static_cast<W_Int*>(index)->value;
        if (value < 0) return raise_text(T::OverflowError, "can't convert negative value to unsigned int");
        return static_cast<Unsigned>(value);
    }
    auto* number = static_cast<W_BigInt*>(index);
    if (number->size < 0) return raise_text(T::OverflowError, "can't convert negative value to unsigned int");
    if (number->size > static_cast<long>(sizeof(Unsigned) / sizeof(long)))
        return raise_text(T::OverflowError, "int too big to convert");
    return static_cast<Unsigned>(low_64_bits(big(item).value));
}
HEDDLE_DONT_LOOK_INSIDE Result<double> convert_float(W_Object* item) {
    if (!is<W_Float>(item) && !is_int(item) && !type_lookup(item->type(), N::float_))
        return raise_error(T::TypeError, "must be real number, not %s", type_name(item).c_str());
    return to_double(item);
}
HEDDLE_DONT_LOOK_INSIDE Result<long> character_item(W_Object* item) {
    if (!is<W_Str>(item) || static_cast<W_Str*>(item)->length() != 1)
        return raise_text(T::TypeError, "array item must be a unicode character, not a string of another length");
    return static_cast<W_Str*>(item)->at(0);
}

// A class for each type code. GET: `value` to a Python object; SET: `item` to a value.
#define HEDDLE_PYTHON_ARRAY(Class, Code, Item, GET, SET)                                                        \
    struct Class : W_Array {                                                                                    \
        explicit Class(heddle::cell* s) : W_Array(s) {}                                                         \
        using items_array = heddle::array<field<Item>>;                                                         \
        HEDDLE_INLINE items_array* items() { return static_cast<items_array*>(storage.get()); }                 \
        W_Object* get(long index) override {                                                                    \
            auto value = items()->get(index);                                                                   \
            return GET;                                                                                         \
        }                                                                                                       \
        Result<void> set(long index, W_Object* item) override {                                                 \
            auto value = static_cast<Item>(SET);                                                                \
            items()->set(index, value);                                                                         \
            return ok;                                                                                          \
        }                                                                                                       \
        long capacity() override { return items()->length(); }                                                  \
        Result<heddle::cell*> make_storage(long count) const override {                                         \
            auto* made = try_make_array<items_array>(count);                                                    \
            if (!made) return no_memory();                                                                      \
            return static_cast<heddle::cell*>(made);                                                            \
        }                                                                                                       \
        W_Array* make_empty() const override { return make<Class>(make_array<items_array>(0)); }                \
        char* memory(bool to_write) override {                                                                  \
            auto* all = items();                                                                                \
            return to_write ? reinterpret_cast<char*>(all->items_to_write(0, all->length()))                    \
                            : reinterpret_cast<char*>(const_cast<Item*>(all->items_to_read(0, all->length()))); \
        }                                                                                                       \
        long item_size() const override { return sizeof(Item); }                                                \
        long type_code() const override { return Code; }                                                        \
        HEDDLE_GC_CLASS(Class, W_Array)                                                                         \
    };
#define SMALL(least, most, what) HEDDLE_TRY(small_item<long>(item, least, most, what))
#define SMALL_64(least, most, what) HEDDLE_TRY(small_item<int64_t>(item, least, most, what))
HEDDLE_PYTHON_ARRAY(W_Array_b, 'b', int8_t, make_int(value), SMALL(-128, 127, "signed char"))
HEDDLE_PYTHON_ARRAY(W_Array_B, 'B', uint8_t, make_int(value), SMALL(0, 255, "unsigned byte integer"))
HEDDLE_PYTHON_ARRAY(W_Array_u, 'u', uint32_t, str_character(value), HEDDLE_TRY(character_item(item)))
HEDDLE_PYTHON_ARRAY(W_Array_h, 'h', int16_t, make_int(value), SMALL(-32768, 32767, "signed short integer"))
HEDDLE_PYTHON_ARRAY(W_Array_H, 'H', uint16_t, make_int(value), SMALL(0, 65535, "unsigned short"))
HEDDLE_PYTHON_ARRAY(W_Array_i, 'i', int32_t, make_int(value), SMALL(INT32_MIN, INT32_MAX, "signed integer"))
HEDDLE_PYTHON_ARRAY(W_Array_I, 'I', uint32_t, make_int(value), SMALL_64(0, UINT32_MAX, "unsigned int"))
HEDDLE_PYTHON_ARRAY(W_Array_l, 'l', long, make_int(value), SMALL(LONG_MIN, LONG_MAX, "signed long integer"))
HEDDLE_PYTHON_ARRAY(W_Array_q, 'q', int64_t, make_int(value), SMALL_64(INT64_MIN, INT64_MAX, "signed long integer"))
HEDDLE_PYTHON_ARRAY(W_Array_L, 'L', unsigned long, make_int(value), HEDDLE_TRY(unsigned_item<unsigned long>(item)))
HEDDLE_PYTHON_ARRAY(W_Array_Q, 'Q', uint64_t, make_int(value), HEDDLE_TRY(unsigned_item<uint64_t>(item)))
HEDDLE_PYTHON_ARRAY(W_Array_f, 'f', float, make_float(static_cast<double>(value)), HEDDLE_TRY(convert_float(item)))
HEDDLE_PYTHON_ARRAY(W_Array_d, 'd', double, make_float(value),
                    is_exact<W_Float>(item) ? static_cast<W_Float*>(item)->value : HEDDLE_TRY(convert_float(item)))
#undef SMALL
#undef SMALL_64

template <class Class> W_Array* make_array_of() { return make<Class>(make_array<typename Class::items_array>(0)); }
struct array_kind {
    char code;
    W_Array* (*make)();
};
constexpr array_kind array_kinds[] = {
    {'b', make_array_of<W_Array_b>}, {'B', make_array_of<W_Array_B>}, {'u', make_array_of<W_Array_u>},
    {'h', make_array_of<W_Array_h>}, {'H', make_array_of<W_Array_H>}, {'i', make_array_of<W_Array_i>},
    {'I', make_array_of<W_Array_I>}, {'l', make_array_of<W_Array_l>}, {'L', make_array_of<W_Array_L>},
    {'q', make_array_of<W_Array_q>}, {'Q', make_array_of<W_Array_Q>}, {'f', make_array_of<W_Array_f>},
    {'d', make_array_of<W_Array_d>},
};

HEDDLE_INLINE W_Array* array_of(W_Object* o) { return static_cast<W_Array*>(o); }
bool is_array_like(W_Object* o, W_Array* other) {
    return is<W_Array>(o) && array_of(o)->type_code() == other->type_code();
}

// ---- memory
// ---------------------------------------------------------------------------------------------------------------
// Makes the array `length` items long; items that are new are undefined.
HEDDLE_DONT_LOOK_INSIDE Result<void> resize(W_Array* array, long length) {
    if (length > array->capacity()) {
        if (length > power_of_two_or_largest(40)) return no_memory();
        heddle::cell* old = array->storage;
        heddle::cell* larger = HEDDLE_TRY(array->make_storage(length + length / 8 + 6));
        size_t bytes = static_cast<size_t>(array->length * array->item_size());
        array->storage = larger;
        char* to = array->memory(true);
        array->storage = old;
        memcpy(to, array->memory(false), bytes);
        array->storage = larger;
    }
    array->length = length;
    return ok;
}
Result<W_Array*> array_of_bytes(W_Array* like, std::string_view bytes) {
    std::string copy(bytes); // the view may move
    W_Array* made = like->make_empty();
    HEDDLE_TRY(resize(made, static_cast<long>(copy.size()) / like->item_size()));
    memcpy(made->memory(true), copy.data(), copy.size());
    return made;
}
std::string_view bytes_of(W_Array* array) {
    return {array->memory(false), static_cast<size_t>(array->length * array->item_size())};
}
HEDDLE_DONT_LOOK_INSIDE Result<void> replace_bytes(W_Array* array, std::string_view bytes) {
    std::string copy(bytes);
    HEDDLE_TRY(resize(array, static_cast<long>(copy.size()) / array->item_size()));
    memcpy(array->memory(true), copy.data(), copy.size());
    return ok;
}

// ---- items
// ----------------------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE failure_type index_error(const char* what) {
    return raise_error(T::IndexError, "%s out of range", what);
}
HEDDLE_DONT_LOOK_INSIDE failure_type index_type_error() {
    return raise_text(T::TypeError, "array indices must be integers");
}
HEDDLE_INLINE bool is_index(W_Object* key) { return is_int(key) || type_lookup(key->type(), N::index); }

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> get_slice(W_Array* array, W_Slice* slice) {
    slice_bounds bounds;
    if (!slice_indices(slice, array->length, &bounds)) return failure;
    std::string out, all(bytes_of(array));
    size_t size = static_cast<size_t>(array->item_size());
    for (long i = 0; i < bounds.count; i++) out.append(all, static_cast<size_t>(bounds.at(i)) * size, size);
    return HEDDLE_TRY(array_of_bytes(array, out));
}
Result<W_Object*> method_getitem(W_Object* o, W_Object* key) {
    W_Array* array = array_of(o);
    if (is_exact<W_Slice>(key)) return get_slice(array, static_cast<W_Slice*>(key));
    if (!is_index(key)) return index_type_error();
    long index = HEDDLE_PYTHON_SUBSCRIPT(key), length = array->length;
    if (index < 0) index += length;
    if (index < 0 || index >= length) return index_error("array index");
    return array->get(index);
}
// Of an item that is neither an int nor a float: converting it may run the program's code, which may change the array.
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> converted(W_Array* array, W_Object* item) {
    switch (array->type_code()) {
    case 'u': return item;
    case 'f':
    case 'd': return make_float(HEDDLE_TRY(convert_float(item)));
    default: return to_index_object(item);
    }
}
HEDDLE_INLINE bool is_plain(W_Object* item) { return is_exact<W_Int>(item) || is_exact<W_Float>(item); }
// value null: delete.
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> set_slice(W_Array* array, W_Slice* slice, W_Object* value) {
    std::string fresh;
    if (value) {
        if (!is_array_like(value, array)) {
            if (is<W_Array>(value)) return raise_text(T::TypeError, "bad argument type for built-in operation");
            return raise_error(T::TypeError, "can only assign array (not \"%s\") to array slice",
                               type_name(value).c_str());
        }
        fresh = bytes_of(array_of(value));
    }
    slice_bounds bounds;
    if (!slice_indices(slice, array->length, &bounds)) return failure;
    size_t size = static_cast<size_t>(array->item_size());
    std::string all(bytes_of(array));
    long count = static_cast<long>(fresh.size() / size);
    if (bounds.step == 1) {
        size_t start = static_cast<size_t>(bounds.start);
        all.replace(start * size, static_cast<size_t>(bounds.count) * size, fresh);
    } else if (value) {
        if (count != bounds.count)
            return raise_error(T::ValueError, "attempt to assign array of size %ld to extended slice of size %ld",
                               count, bounds.count);
        for (long i = 0; i < bounds.count; i++)
            memcpy(all.data() + static_cast<size_t>(bounds.at(i)) * size, fresh.data() + static_cast<size_t>(i) * size,
                   size);
    } else {
        std::vector<bool> gone(static_cast<size_t>(array->length.get()));
        for (long i = 0; i < bounds.count; i++) gone[static_cast<size_t>(bounds.at(i))] = true;
        std::string kept;
        for (size_t i = 0; i < gone.size(); i++)
            if (!gone[i]) kept.append(all, i * size, size);
        all = kept;
    }
    HEDDLE_TRY(replace_bytes(array, all));
    return none();
}
Result<W_Object*> method_setitem(W_Object* o, W_Object* key, W_Object* value) {
    W_Array* array = array_of(o);
    if (is_exact<W_Slice>(key)) return set_slice(array, static_cast<W_Slice*>(key), value);
    if (!is_index(key)) return index_type_error();
    if (!is_plain(value)) value = HEDDLE_TRY(converted(array, value));
    long index = HEDDLE_PYTHON_SUBSCRIPT(key), length = array->length;
    if (index < 0) index += length;
    if (index < 0 || index >= length) return index_error("array assignment index");
    HEDDLE_TRY(array->set(index, value));
    return none();
}
HEDDLE_DONT_LOOK_INSIDE Result<void> delete_range(W_Array* array, long start, long count) {
    std::string all(bytes_of(array));
    size_t size = static_cast<size_t>(array->item_size());
    all.erase(static_cast<size_t>(start) * size, static_cast<size_t>(count) * size);
    return replace_bytes(array, all);
}
Result<W_Object*> method_delitem(W_Object* o, W_Object* key) {
    W_Array* array = array_of(o);
    if (is_exact<W_Slice>(key)) return set_slice(array, static_cast<W_Slice*>(key), nullptr);
    if (!is_index(key)) return index_type_error();
    long index = HEDDLE_TRY(subscript_of(key)), length = array->length;
    if (index < 0) index += length;
    if (index < 0 || index >= length) return index_error("array assignment index");
    HEDDLE_TRY(delete_range(array, index, 1));
    return none();
}
Result<W_Object*> method_append(W_Object* o, W_Object* item) {
    W_Array* array = array_of(o);
    if (!is_plain(item)) item = HEDDLE_TRY(converted(array, item));
    long length = array->length;
    if (length >= array->capacity()) {
        HEDDLE_TRY(resize(array, length + 1));
        array->length = length;
    }
    HEDDLE_TRY(array->set(length, item));
    array->length = length + 1;
    return none();
}
HEDDLE_DONT_LOOK_INSIDE Result<void> extend(W_Array* array, W_Object* source) {
    if (is<W_Array>(source)) {
        if (!is_array_like(source, array)) return raise_text(T::TypeError, "can only extend with array of same kind");
        std::string more(bytes_of(array_of(source)));
        return replace_bytes(array, std::string(bytes_of(array)) + more);
    }
    W_Object* iterator = HEDDLE_TRY(get_iterator(source));
    while (W_Object* item = next_item(iterator)) HEDDLE_TRY(method_append(array, item));
    if (pending_error()) return failure;
    return ok;
}
Result<W_Object*> method_extend(W_Object* o, W_Object* source) {
    HEDDLE_TRY(extend(array_of(o), source));
    return none();
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_insert(W_Object* o, W_Object* where, W_Object* item) {
    W_Array* array = array_of(o);
    long index = HEDDLE_TRY(index_of(where)), length = array->length, size = array->item_size();
    if (index < 0) index = std::max(0l, index + length);
    index = std::min(index, length);
    HEDDLE_TRY(method_append(o, item));
    char* at = array->memory(true);
    std::string last(at + length * size, static_cast<size_t>(size));
    memmove(at + (index + 1) * size, at + index * size, static_cast<size_t>((length - index) * size));
    memcpy(at + index * size, last.data(), last.size());
    return none();
}
Result<W_Object*> method_pop(W_Object* o, W_Object* where) {
    W_Array* array = array_of(o);
    long length = array->length, index = where ? HEDDLE_TRY(index_of(where)) : -1;
    if (length == 0) return raise_text(T::IndexError, "pop from empty array");
    if (index < 0) index += length;
    if (index < 0 || index >= length) return index_error("pop index");
    W_Object* item = array->get(index);
    if (index == length - 1)
        array->length = index;
    else
        HEDDLE_TRY(delete_range(array, index, 1));
    return item;
}
HEDDLE_DONT_LOOK_INSIDE Result<long> find(W_Array* array, W_Object* item, long from, long to) {
    for (long i = from; i < to && i < array->length; i++)
        if (HEDDLE_TRY(equal(array->get(i), item))) return i;
    return -1;
}
Result<W_Object*> method_remove(W_Object* o, W_Object* item) {
    long index = HEDDLE_TRY(find(array_of(o), item, 0, LONG_MAX));
    if (index < 0) return raise_text(T::ValueError, "array.remove(x): x not in array");
    HEDDLE_TRY(delete_range(array_of(o), index, 1));
    return none();
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_index(W_Object* o, W_Object* item, W_Object* start, W_Object* stop) {
    long length = array_of(o)->length;
    long from = start ? HEDDLE_TRY(index_clamped(start)) : 0, to = stop ? HEDDLE_TRY(index_clamped(stop)) : length;
    if (from < 0) from = std::max(0l, from + length);
    if (to < 0) to += length;
    long index = HEDDLE_TRY(find(array_of(o), item, from, to));
    if (index < 0) return raise_text(T::ValueError, "array.index(x): x not in array");
    return make_int(index);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_count(W_Object* o, W_Object* item) {
    long count = 0;
    for (long i = 0; i < array_of(o)->length; i++) count += HEDDLE_TRY(equal(array_of(o)->get(i), item));
    return make_int(count);
}
Result<W_Object*> method_contains(W_Object* o, W_Object* item) {
    return boolean(HEDDLE_TRY(find(array_of(o), item, 0, LONG_MAX)) >= 0);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_reverse(W_Object* o) {
    W_Array* array = array_of(o);
    std::string all(bytes_of(array));
    size_t size = static_cast<size_t>(array->item_size()), count = all.size() / size;
    char* at = array->memory(true);
    for (size_t i = 0; i < count; i++) memcpy(at + i * size, all.data() + (count - 1 - i) * size, size);
    return none();
}
Result<W_Object*> method_byteswap(W_Object* o) {
    W_Array* array = array_of(o);
    size_t size = static_cast<size_t>(array->item_size());
    char* at = array->memory(true);
    for (long i = 0; i < array->length; i++, at += size) std::reverse(at, at + size);
    return none();
}
Result<W_Object*> method_tobytes(W_Object* o) {
    std::string all(bytes_of(array_of(o)));
    return make_bytes(all.data(), static_cast<long>(all.size()));
}
Result<W_Object*> method_frombytes(W_Object* o, W_Object* source) {
    std::string_view view;
    if (!buffer_of(source, &view)) return failure;
    std::string more(view);
    if (more.size() % static_cast<size_t>(array_of(o)->item_size()))
        return raise_text(T::ValueError, "bytes length not a multiple of item size");
    HEDDLE_TRY(replace_bytes(array_of(o), std::string(bytes_of(array_of(o))) + more));
    return none();
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_tolist(W_Object* o) {
    W_List* list = make_list();
    for (long i = 0; i < array_of(o)->length; i++) list_append(list, array_of(o)->get(i));
    return list;
}
Result<W_Object*> method_fromlist(W_Object* o, W_Object* list) {
    if (!is<W_List>(list)) return raise_text(T::TypeError, "arg must be list");
    long before = array_of(o)->length;
    if (extend(array_of(o), list).failed()) {
        array_of(o)->length = before;
        return failure;
    }
    return none();
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_tounicode(W_Object* o) {
    W_Array* array = array_of(o);
    if (array->type_code() != 'u')
        return raise_text(T::ValueError, "tounicode() may only be called on unicode type arrays");
    std::string all(bytes_of(array));
    return make_str_wide(reinterpret_cast<const uint32_t*>(all.data()), array->length);
}
Result<W_Object*> method_len(W_Object* o) { return make_int(array_of(o)->length); }
Result<W_Object*> method_iter(W_Object* o) { return make<W_ArrayIterator>(array_of(o)); }

// ---- operators
// ------------------------------------------------------------------------------------------------------------
Result<W_Object*> method_add(W_Object* a, W_Object* b) {
    if (!is<W_Array>(b))
        return raise_error(T::TypeError, "can only append array (not \"%s\") to array", type_name(b).c_str());
    if (!is_array_like(b, array_of(a))) return raise_text(T::TypeError, "bad argument type for built-in operation");
    std::string all(bytes_of(array_of(a)));
    all += bytes_of(array_of(b));
    return HEDDLE_TRY(array_of_bytes(array_of(a), all));
}
Result<W_Object*> method_iadd(W_Object* a, W_Object* b) {
    if (!is<W_Array>(b))
        return raise_error(T::TypeError, "can only extend with array (not \"%s\")", type_name(b).c_str());
    HEDDLE_TRY(extend(array_of(a), b));
    return a;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Array*> repeated(W_Array* array, long times) {
    std::string part(bytes_of(array));
    long total;
    if (times < 0) times = 0;
    if (__builtin_smull_overflow(array->length, times, &total)) return no_memory();
    W_Array* made = array->make_empty();
    HEDDLE_TRY(resize(made, total));
    char* at = made->memory(true);
    for (long i = 0; i < times && !part.empty(); i++, at += part.size()) memcpy(at, part.data(), part.size());
    return made;
}
Result<W_Object*> method_mul(W_Object* o, W_Object* times) {
    if (!is_index(times)) return not_implemented();
    return HEDDLE_TRY(repeated(array_of(o), HEDDLE_TRY(index_of(times))));
}
Result<W_Object*> method_imul(W_Object* o, W_Object* times) {
    if (!is_index(times)) return not_implemented();
    W_Array* made = HEDDLE_TRY(repeated(array_of(o), HEDDLE_TRY(index_of(times))));
    array_of(o)->storage = made->storage;
    array_of(o)->length = made->length;
    return o;
}
template <compare_op Op> HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_compare(W_Object* a, W_Object* b) {
    if (!is<W_Array>(b)) return not_implemented();
    W_Array *left = array_of(a), *right = array_of(b);
    if (left->length != right->length && (Op == compare_op::eq || Op == compare_op::ne))
        return boolean(Op == compare_op::ne);
    for (long i = 0; i < left->length && i < right->length; i++) {
        W_Object *x = left->get(i), *y = right->get(i);
        if (HEDDLE_TRY(equal(x, y))) continue;
        if (Op == compare_op::eq || Op == compare_op::ne) return boolean(Op == compare_op::ne);
        return compare(Op, x, y);
    }
    return compare(Op, make_int(left->length), make_int(right->length));
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> method_repr(W_Object* o) {
    W_Array* array = array_of(o);
    std::string out = std::string("array('") + static_cast<char>(array->type_code()) + "'";
    if (array->length == 0) return make_str(out + ")");
    W_Object* items = array->type_code() == 'u' ? HEDDLE_TRY(method_tounicode(o)) : HEDDLE_TRY(method_tolist(o));
    return make_str(out + ", " + to_utf8(HEDDLE_TRY(repr(items))) + ")");
}
Result<W_Object*> method_copy(W_Object* o, W_Object*) {
    return HEDDLE_TRY(array_of_bytes(array_of(o), bytes_of(array_of(o))));
}
Result<W_Object*> attribute_typecode(W_Object* o) { return str_character(array_of(o)->type_code()); }
Result<W_Object*> attribute_itemsize(W_Object* o) { return make_int(array_of(o)->item_size()); }

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> construct(W_Object* code, W_Object* initial) {
    if (!is<W_Str>(code) || static_cast<W_Str*>(code)->length() != 1)
        return raise_error(T::TypeError, "array() argument 1 must be a unicode character, not %s",
                           type_name(code).c_str());
    for (const array_kind& kind : array_kinds) {
        if (static_cast<uint32_t>(kind.code) != static_cast<W_Str*>(code)->at(0)) continue;
        W_Array* array = kind.make();
        if (!initial) return array;
        if (is<W_Str>(initial) && kind.code != 'u')
            return raise_error(T::TypeError, "cannot use a str to initialize an array with typecode '%c'", kind.code);
        if (is<W_Bytes>(initial) || is_exact<W_ByteArray>(initial)) {
            HEDDLE_TRY(method_frombytes(array, initial));
        } else if (is<W_Array>(initial) && !is_array_like(initial, array)) {
            W_Object* items = HEDDLE_TRY(method_tolist(initial));
            HEDDLE_TRY(extend(array, items));
        } else {
            HEDDLE_TRY(extend(array, initial));
        }
        return array;
    }
    return raise_text(T::ValueError, "bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)");
}

constexpr builtin_entry methods[] = {
    {"__getitem__", method_getitem},
    {"__setitem__", method_setitem},
    {"__delitem__", method_delitem},
    {"__len__", method_len},
    {"__iter__", method_iter},
    {"__contains__", method_contains},
    {"__add__", method_add},
    {"__iadd__", method_iadd},
    {"__mul__", method_mul},
    {"__rmul__", method_mul},
    {"__imul__", method_imul},
    {"__eq__", method_compare<compare_op::eq>},
    {"__ne__", method_compare<compare_op::ne>},
    {"__lt__", method_compare<compare_op::lt>},
    {"__le__", method_compare<compare_op::le>},
    {"__gt__", method_compare<compare_op::gt>},
    {"__ge__", method_compare<compare_op::ge>},
    {"__repr__", method_repr},
    {"__copy__", method_copy, 1},
    {"__deepcopy__", method_copy},
    {"append", method_append},
    {"extend", method_extend},
    {"insert", method_insert},
    {"pop", method_pop, 1},
    {"remove", method_remove},
    {"index", method_index, 2},
    {"count", method_count},
    {"reverse", method_reverse},
    {"byteswap", method_byteswap},
    {"tobytes", method_tobytes},
    {"frombytes", method_frombytes},
    {"tolist", method_tolist},
    {"fromlist", method_fromlist},
    {"tounicode", method_tounicode},
};
constexpr getset_entry attributes[] = {{"typecode", attribute_typecode, nullptr},
                                       {"itemsize", attribute_itemsize, nullptr}};
constexpr builtin_entry construct_array{"array", construct, 1};

Result<W_Object*> iterator_self(W_Object* o) { return o; }
Result<W_Object*> iterator_next(W_Object* o) {
    W_Object* item = static_cast<W_ArrayIterator*>(o)->next();
    if (!item) return raise_stop_iteration(nullptr);
    return item;
}
constexpr builtin_entry iterator_methods[] = {{"__iter__", iterator_self}, {"__next__", iterator_next}};

} // namespace

W_Object* W_ArrayIterator::next() {
    long at = index;
    if (at < 0 || at >= array->length) {
        index = -1;
        return nullptr;
    }
    index = at + 1;
    return array->get(at);
}

void setup_array_module(W_Dict* module) {
    add_methods(T::array, methods);
    add_getsets(T::array, attributes);
    add_methods(T::array_iterator, iterator_methods);
    add_constructor(T::array, &construct_array);
    dict_set_str(type_of(T::array)->dict, name_of(N::hash), none());
    dict_set_str(type_of(T::array)->dict, name_of(N::module), make_str("array"));
    dict_set_str(module, intern("array"), type_of(T::array));
    dict_set_str(module, intern("ArrayType"), type_of(T::array));
    dict_set_str(module, intern("typecodes"), make_str("bBuhHiIlLqQfd"));
}

} // namespace heddle::python
