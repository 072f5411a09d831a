// Sorting of lists: by machine comparisons where all keys are exact ints, floats or strs, else by a stable merge sort
// that asks __lt__ as rarely as CPython's does (about n log n times), with insertion sort for short runs.
//
// Both are stable, in reverse too. The first kind runs no user code and allocates nothing in the collector's heap.
#include "interpreter.h"
#include <algorithm>
#include <vector>

namespace heddle::python {
namespace {

// ---- uniform keys
enum class key_class { ints, floats, strings, others };

key_class class_of_keys(list_items* keys, long count) {
    bool ints = true, floats = true, strings = true;
    for (long i = 0; i < count && (ints || floats || strings); i++) {
        W_Object* key = keys->get(i);
        ints = ints && is_exact<W_Int>(key);
        strings = strings && is_exact<W_Str>(key);
        floats = floats && is_exact<W_Float>(key) &&
                 static_cast<W_Float*>(key)->value == // a NaN has no order
                     static_cast<W_Float*>(key)->value;
    }
    return ints ? key_class::ints : floats ? key_class::floats : strings ? key_class::strings : key_class::others;
}
template <class Key> struct keyed {
    Key key;
    long index; // of the item
};
// Sorts what is not sorted yet; what stands backwards without equal keys is turned.
template <class Item, class Less> void sort_native(Item* first, Item* last, Less less) {
    if (std::is_sorted(first, last, less)) return;
    auto not_after = [&](const Item& a, const Item& b) { return !less(b, a); };
    if (std::adjacent_find(first, last, not_after) == last)
        std::reverse(first, last);
    else
        std::stable_sort(first, last, less);
}
// Counts the values where they lie close together.
void sort_ints(long* first, long* last) {
    if (std::is_sorted(first, last)) return;
    auto [least, most] = std::minmax_element(first, last);
    unsigned long range = static_cast<unsigned long>(*most) - static_cast<unsigned long>(*least);
    if (range >= static_cast<unsigned long>(last - first)) return std::sort(first, last);
    std::vector<long> counts(range + 1);
    long base = *least;
    for (long* at = first; at < last; at++) counts[static_cast<size_t>(*at - base)]++;
    for (size_t i = 0; i <= range; i++) first = std::fill_n(first, counts[i], base + static_cast<long>(i));
}
template <class Key, class Read, class Less>
void sort_by_keys(list_items* keys, list_items* items, long count, bool reverse, Read read, Less less) {
    std::vector<keyed<Key>> order(static_cast<size_t>(count));
    for (long i = 0; i < count; i++) order[static_cast<size_t>(i)] = {read(i), i};
    keyed<Key>*first = order.data(), *last = first + count;
    if (reverse)
        sort_native(first, last, [&](const keyed<Key>& a, const keyed<Key>& b) { return less(b.key, a.key); });
    else
        sort_native(first, last, [&](const keyed<Key>& a, const keyed<Key>& b) { return less(a.key, b.key); });
    copy_items(items, 0, keys, 0, count); // the keys aren't needed any more
    for (long i = 0; i < count; i++) items->set(i, keys->get(first[i].index));
}

// ---- any keys
// 1: a < b; 0: not; -1: error.
int less(W_Object* a, W_Object* b) {
    if (is_exact<W_Int>(a) && is_exact<W_Int>(b)) return static_cast<W_Int*>(a)->value < static_cast<W_Int*>(b)->value;
    if (is_exact<W_Float>(a) && is_exact<W_Float>(b))
        return static_cast<W_Float*>(a)->value < static_cast<W_Float*>(b)->value;
    if (is_exact<W_Str>(a) && is_exact<W_Str>(b))
        return str_compare(static_cast<W_Str*>(a), static_cast<W_Str*>(b)) < 0;
    auto result = compare_true(compare_op::lt, a, b);
    return result.failed() ? -1 : result.value();
}
bool merge_sort(list_items* keys, list_items* items, list_items* key_room, list_items* item_room, long start,
                long end) {
    if (end - start < 12) {
        for (long i = start + 1; i < end; i++) {
            W_Object* key = keys->get(i);
            W_Object* item = items->get(i);
            long j = i;
            for (; j > start; j--) {
                int order = less(key, keys->get(j - 1));
                if (order < 0) return false;
                if (!order) break;
                keys->set(j, keys->get(j - 1));
                items->set(j, items->get(j - 1));
            }
            keys->set(j, key);
            items->set(j, item);
        }
        return true;
    }
    long middle = start + (end - start) / 2;
    if (!merge_sort(keys, items, key_room, item_room, start, middle) ||
        !merge_sort(keys, items, key_room, item_room, middle, end))
        return false;
    int order = less(keys->get(middle), keys->get(middle - 1));
    if (order < 0) return false;
    if (!order) return true; // in order already
    copy_items(keys, start, key_room, start, middle - start);
    copy_items(items, start, item_room, start, middle - start);
    long left = start, right = middle, out = start;
    while (left < middle && right < end) {
        order = less(keys->get(right), key_room->get(left));
        if (order < 0) return false;
        list_items* from_keys = order ? keys : key_room;
        list_items* from_items = order ? items : item_room;
        long& at = order ? right : left;
        keys->set(out, from_keys->get(at));
        items->set(out++, from_items->get(at++));
    }
    copy_items(key_room, left, keys, out, middle - left);
    copy_items(item_room, left, items, out, middle - left);
    return true;
}
Result<void> sort_objects(list_items* keys, list_items* items, long count, bool reverse) {
    auto turn = [&](list_items* array) {
        for (long i = 0; i < count / 2; i++) {
            W_Object* other = array->get(count - 1 - i);
            array->set(count - 1 - i, array->get(i));
            array->set(i, other);
        }
    };
    if (reverse) {
        turn(keys);
        turn(items);
    } // sorting the mirror keeps equal items in their order
    auto* key_room = make_array<list_items>(count);
    auto* item_room = make_array<list_items>(count);
    bool sorted = merge_sort(keys, items, key_room, item_room, 0, count);
    if (reverse) turn(items);
    if (!sorted) return failure;
    return ok;
}

} // namespace

Result<bool> sorts_backward(W_Object* reverse) {
    if (!reverse) return false;
    int64_t flag = HEDDLE_TRY(index_64_of(reverse));
    if (flag != static_cast<int>(flag)) // as CPython, which takes a C int
        return raise_text(T::OverflowError, "Python int too large to convert to C int");
    return flag != 0;
}
bool sort_unboxed(W_List* list, bool reverse) {
    if (list->kind == list_kind::empty) return true;
    if (list->kind == list_kind::ints) {
        long *first = list->ints()->items_to_write(0, list->length), *last = first + list->length;
        sort_ints(first, last);
        if (reverse) std::reverse(first, last); // equal ints can't be told from each other
        return true;
    }
    if (list->kind != list_kind::floats) return false;
    double *first = list->floats()->items_to_write(0, list->length), *last = first + list->length;
    if (std::any_of(first, last, [](double x) { return x != x; })) return false; // a NaN has no order
    if (reverse)
        sort_native(first, last, [](double a, double b) { return a > b; });
    else
        sort_native(first, last, [](double a, double b) { return a < b; });
    return true;
}
Result<void> sort_items(list_items* items, long count, W_Object* key, bool reverse) {
    auto* keys = make_array<list_items>(count);
    if (key && key != none())
        for (long i = 0; i < count; i++) keys->set(i, HEDDLE_TRY(call_1(key, items->get(i))));
    else
        copy_items(items, 0, keys, 0, count);
    switch (class_of_keys(keys, count)) {
    case key_class::ints:
        sort_by_keys<long>(
            keys, items, count, reverse, [&](long i) { return static_cast<W_Int*>(keys->get(i))->value; },
            [](long a, long b) { return a < b; });
        return ok;
    case key_class::floats:
        sort_by_keys<double>(
            keys, items, count, reverse, [&](long i) { return static_cast<W_Float*>(keys->get(i))->value; },
            [](double a, double b) { return a < b; });
        return ok;
    case key_class::strings:
        sort_by_keys<long>(
            keys, items, count, reverse, [](long i) { return i; },
            [&](long a, long b) {
                return str_compare(static_cast<W_Str*>(keys->get(a)), static_cast<W_Str*>(keys->get(b))) < 0;
            });
        return ok;
    default: return sort_objects(keys, items, count, reverse);
    }
}

} // namespace heddle::python
