// Mutable containers: list, dict, set, and the iterators over all containers.
//
// A list keeps exact ints or exact floats unboxed while it holds nothing else (list_kind); traces specialise on the
// kind. A dict is CPython's compact layout: an open-addressed index into parallel arrays of hashes, keys and values in
// insertion order; deleted entries have a null key. A set is a dict without values. A module's namespace is a dict with
// a version: a name's value stands in the dict itself until it is assigned again; from then on in a GlobalCell, so that
// lookups are elidable for a given version, and constants stay constant.
#pragma once
#include "type.h"
#include "values.h"

namespace heddle::python {

using long_array = heddle::array<field<long>>;
using double_array = heddle::array<field<double>>;
using index_array = heddle::array<field<int32_t>>;

enum class list_kind : long { objects, ints, floats, empty };

struct W_List : W_Object {
    W_List(list_kind k, heddle::cell* s, long n) : kind(k), length(n), storage(s) {}
    HEDDLE_PYTHON_TYPED(list)
    HEDDLE_INLINE list_items* objects() const { return static_cast<list_items*>(storage.get()); }
    HEDDLE_INLINE long_array* ints() const { return static_cast<long_array*>(storage.get()); }
    HEDDLE_INLINE double_array* floats() const { return static_cast<double_array*>(storage.get()); }
    field<list_kind> kind;
    field<long> length;
    member<heddle::cell> storage; // by kind: list_items, long_array, double_array; null when empty
    HEDDLE_GC_CLASS(W_List, W_Object, kind, length, storage)
};
W_List* make_list();
W_List* make_list_with_capacity(long capacity);            // of kind objects
W_List* list_from_items(list_items* items, long length);   // takes the array over; picks the best kind
W_List* list_from_slots(object_array* items, long length); // copies
W_Object* list_get(W_List* list, long index);              // index is in range
void list_set(W_List* list, long index, W_Object* item);   // index is in range
void list_append(W_List* list, W_Object* item);
// Before the first item of a comprehension: storage of its kind, for as many as its iterator has left.
HEDDLE_DONT_LOOK_INSIDE void list_start(W_List* list, W_Object* first, W_Object* iterator);
Result<void> list_extend(W_List* list, W_Object* iterable);
HEDDLE_DONT_LOOK_INSIDE void list_extend_list(W_List* list, W_List* other);
HEDDLE_DONT_LOOK_INSIDE void list_insert(W_List* list, long index, W_Object* item);
HEDDLE_DONT_LOOK_INSIDE void list_delete_range(W_List* list, long start, long end);
HEDDLE_DONT_LOOK_INSIDE void list_clear(W_List* list);
HEDDLE_DONT_LOOK_INSIDE object_array* list_to_slots(W_List* list); // a fresh array of exactly its items
HEDDLE_DONT_LOOK_INSIDE list_items* list_to_items(W_List* list);   // the same, for another list
// Sorting (sorting.cpp) is stable. sort_unboxed is false, with nothing done, for a list that must be sorted as objects.
HEDDLE_DONT_LOOK_INSIDE Result<void> sort_items(list_items* items, long count, W_Object* key, bool reverse);
Result<bool> sorts_backward(W_Object* reverse); // the argument of that name, or null
HEDDLE_DONT_LOOK_INSIDE bool sort_unboxed(W_List* list, bool reverse);
Result<object_array*> iterable_to_slots(W_Object* iterable); // a fresh array
Result<list_items*> iterable_to_items(W_Object* iterable);   // the same, for a list
Result<W_List*> iterable_to_list(W_Object* iterable);
Result<W_Tuple*> iterable_to_tuple(W_Object* iterable);

struct GlobalCell : W_Object {
    explicit GlobalCell(W_Object* v) : value(v) {}
    HEDDLE_PYTHON_TYPED(cell)
    member<W_Object> value;
    HEDDLE_GC_CLASS(GlobalCell, W_Object, value)
};

// What all keys of a dict are; comparing strings and plain ints runs no user code.
enum class key_kind : long {
    strings,    // exact str; also the kind of a dict without keys
    plain_ints, // exact int that is its own hash, so that equal hashes are equal keys
    mixed,
};
struct W_Dict : W_Object {
    W_Dict()
        : index(nullptr), hashes(nullptr), keys(nullptr), values(nullptr), used(0), count(0), kind(key_kind::strings),
          version(nullptr) {}
    HEDDLE_PYTHON_TYPED(dict)
    member<index_array> index; // null while nothing was ever inserted; -1 free, -2 deleted
    member<long_array> hashes;
    member<dict_keys> keys;
    member<dict_values> values; // null: a set's table
    field<long> used;           // entries in use, deleted ones included
    field<long> count;
    field<key_kind> kind;
    HEDDLE_QUASI_IMMUTABLE member<VersionTag> version; // of a module's namespace, else null
    HEDDLE_GC_CLASS(W_Dict, W_Object, index, hashes, keys, values, used, count, kind, version)
};
W_Dict* make_dict();
W_Dict* make_module_dict();
// Find an entry: its number or -1. The second form may run user code (__eq__) and fail.
HEDDLE_DONT_LOOK_INSIDE long dict_find_str(W_Dict* dict, W_Str* key);
Result<long> dict_find(W_Dict* dict, W_Object* key, long hash);
HEDDLE_INLINE W_Object* dict_value_at(W_Dict* dict, long entry) {
    W_Object* value = dict->values->get(entry);
    if (dict->version && is_exact<GlobalCell>(value)) return static_cast<GlobalCell*>(value)->value;
    return value;
}
HEDDLE_DONT_LOOK_INSIDE void dict_add_entry(W_Dict* dict, W_Object* key, long hash, W_Object* value); // not yet there
HEDDLE_DONT_LOOK_INSIDE void dict_reserve(W_Dict* dict, long count, bool with_values); // room, once, for `count` keys
// Null without a pending error: not there. dict_get_str never fails.
W_Object* dict_get(W_Dict* dict, W_Object* key);
W_Object* dict_get_str(W_Dict* dict, W_Str* key);
Result<void> dict_set(W_Dict* dict, W_Object* key, W_Object* value);
void dict_set_str(W_Dict* dict, W_Str* key, W_Object* value);
Result<bool> dict_delete(W_Dict* dict, W_Object* key); // false: was not there
HEDDLE_DONT_LOOK_INSIDE bool dict_delete_str(W_Dict* dict, W_Str* key);
HEDDLE_DONT_LOOK_INSIDE void dict_delete_entry(W_Dict* dict, long entry);
HEDDLE_DONT_LOOK_INSIDE void dict_clear(W_Dict* dict);
HEDDLE_DONT_LOOK_INSIDE W_Dict* dict_copy(W_Dict* dict);
HEDDLE_DONT_LOOK_INSIDE Result<void> dict_update(W_Dict* dict, W_Object* other); // a mapping or pairs
HEDDLE_DONT_LOOK_INSIDE long dict_next_entry(W_Dict* dict, long entry); // first entry in use from `entry` on, or -1
HEDDLE_DONT_LOOK_INSIDE long dict_previous_entry(W_Dict* dict, long entry);
// Of sets' tables: keys of one in another. The results are tables without values.
HEDDLE_DONT_LOOK_INSIDE Result<bool> dict_keys_within(W_Dict* a, W_Dict* b); // all of a in b
HEDDLE_DONT_LOOK_INSIDE Result<W_Dict*> dict_select_keys(W_Dict* from, W_Dict* other,
                                                         bool keep); // in, or not in, other
HEDDLE_DONT_LOOK_INSIDE Result<void> dict_add_keys(W_Dict* dict, W_Dict* other);
HEDDLE_DONT_LOOK_INSIDE Result<void> dict_remove_keys(W_Dict* dict, W_Dict* other); // of one other than dict
// What a module's namespace holds for a name now: the value, a GlobalCell, or null.
HEDDLE_ELIDABLE W_Object* global_lookup(W_Dict* dict, VersionTag* version, W_Str* name);

struct W_Set : W_Object {
    explicit W_Set(W_Dict* t) : table(t) {}
    HEDDLE_PYTHON_TYPED(set)
    member<W_Dict> table; // without values
    HEDDLE_GC_CLASS(W_Set, W_Object, table)
};
struct W_FrozenSet : W_Set {
    explicit W_FrozenSet(W_Dict* t) : W_Set(t) {}
    HEDDLE_PYTHON_TYPED(frozenset)
    HEDDLE_GC_CLASS(W_FrozenSet, W_Set)
};
W_Set* make_set();
Result<void> set_add(W_Set* set, W_Object* item);
HEDDLE_DONT_LOOK_INSIDE Result<void> set_update(W_Set* set, W_Object* iterable);

// ---- iterators ----------------------------------------------------------------------------------------------------
// next() gives the next item; null without a pending error at the end; null with one if it failed.
struct W_Iterator : W_Object {
    virtual W_Object* next() = 0;
    HEDDLE_GC_CLASS(W_Iterator, W_Object)
};
struct W_ListIterator : W_Iterator {
    explicit W_ListIterator(W_List* l) : list(l), index(0) {}
    HEDDLE_PYTHON_TYPED(list_iterator)
    W_Object* next() override;
    member<W_List> list; // null when exhausted
    field<long> index;
    HEDDLE_GC_CLASS(W_ListIterator, W_Iterator, list, index)
};
struct W_ListReverseIterator : W_Iterator {
    explicit W_ListReverseIterator(W_List* l, long i) : list(l), index(i) {}
    HEDDLE_PYTHON_TYPED(list_reverseiterator)
    W_Object* next() override;
    W_List* const list;
    field<long> index;
    HEDDLE_GC_CLASS(W_ListReverseIterator, W_Iterator, list, index)
};
struct W_TupleIterator : W_Iterator {
    explicit W_TupleIterator(object_array* i) : items(i), index(0) {}
    HEDDLE_PYTHON_TYPED(tuple_iterator)
    W_Object* next() override;
    object_array* const items;
    field<long> index;
    HEDDLE_GC_CLASS(W_TupleIterator, W_Iterator, items, index)
};
struct W_RangeIterator : W_Iterator {
    W_RangeIterator(long a, long s, long n) : current(a), step(s), remaining(n) {}
    HEDDLE_PYTHON_TYPED(range_iterator)
    W_Object* next() override;
    field<long> current;
    const long step;
    field<long> remaining;
    HEDDLE_GC_CLASS(W_RangeIterator, W_Iterator, current, step, remaining)
};
struct W_StrIterator : W_Iterator {
    explicit W_StrIterator(W_Str* t) : text(t), index(0) {}
    HEDDLE_PYTHON_TYPED(str_iterator)
    W_Object* next() override;
    W_Str* const text;
    field<long> index;
    HEDDLE_GC_CLASS(W_StrIterator, W_Iterator, text, index)
};
struct W_BytesIterator : W_Iterator {
    explicit W_BytesIterator(W_Object* o) : bytes(o), index(0) {}
    HEDDLE_PYTHON_TYPED(bytes_iterator)
    W_Object* next() override;
    W_Object* const bytes; // W_Bytes or W_ByteArray
    field<long> index;
    HEDDLE_GC_CLASS(W_BytesIterator, W_Iterator, bytes, index)
};
enum class dict_part : long { keys, values, items };
struct W_DictIterator : W_Iterator {
    W_DictIterator(W_Dict* d, dict_part p, bool for_set)
        : dict(d), part(p), of_set(for_set), index(0), expected(d->count) {}
    W_Type* type() const override;
    W_Object* next() override;
    W_Dict* const dict;
    const dict_part part;
    const long of_set;
    field<long> index;   // -1 when exhausted
    const long expected; // the dict's size at the start: a change is a RuntimeError
    HEDDLE_GC_CLASS(W_DictIterator, W_Iterator, dict, part, of_set, index, expected)
};
struct W_DictReverseIterator : W_Iterator {
    W_DictReverseIterator(W_Dict* d, dict_part p) : dict(d), part(p), index(d->used - 1) {}
    HEDDLE_PYTHON_TYPED(dict_reversekeyiterator)
    W_Object* next() override;
    W_Dict* const dict;
    const dict_part part;
    field<long> index;
    HEDDLE_GC_CLASS(W_DictReverseIterator, W_Iterator, dict, part, index)
};
struct W_DictView : W_Object {
    W_DictView(W_Dict* d, dict_part p) : dict(d), part(p) {}
    W_Type* type() const override;
    W_Dict* const dict;
    const dict_part part;
    HEDDLE_GC_CLASS(W_DictView, W_Object, dict, part)
};
struct W_MappingProxy : W_Object {
    explicit W_MappingProxy(W_Dict* d) : dict(d) {}
    HEDDLE_PYTHON_TYPED(mappingproxy)
    W_Dict* const dict;
    HEDDLE_GC_CLASS(W_MappingProxy, W_Object, dict)
};
// iter(o) for an object with __getitem__ only.
struct W_SequenceIterator : W_Iterator {
    explicit W_SequenceIterator(W_Object* o) : sequence(o), index(0) {}
    HEDDLE_PYTHON_TYPED(sequence_iterator)
    W_Object* next() override;
    member<W_Object> sequence;
    field<long> index;
    HEDDLE_GC_CLASS(W_SequenceIterator, W_Iterator, sequence, index)
};
struct W_CallableIterator : W_Iterator {
    W_CallableIterator(W_Object* c, W_Object* s) : callable(c), sentinel(s) {}
    HEDDLE_PYTHON_TYPED(callable_iterator)
    W_Object* next() override;
    member<W_Object> callable;
    W_Object* const sentinel;
    HEDDLE_GC_CLASS(W_CallableIterator, W_Iterator, callable, sentinel)
};
struct W_Enumerate : W_Iterator {
    W_Enumerate(W_Object* i, W_Object* n) : iterator(i), index(n) {}
    HEDDLE_PYTHON_TYPED(enumerate)
    W_Object* next() override;
    W_Object* const iterator;
    member<W_Object> index;
    HEDDLE_GC_CLASS(W_Enumerate, W_Iterator, iterator, index)
};
struct W_Zip : W_Iterator {
    W_Zip(object_array* i, bool s) : iterators(i), strict(s) {}
    HEDDLE_PYTHON_TYPED(zip)
    W_Object* next() override;
    object_array* const iterators;
    const long strict;
    HEDDLE_GC_CLASS(W_Zip, W_Iterator, iterators, strict)
};
struct W_Map : W_Iterator {
    W_Map(W_Object* f, object_array* i) : function(f), iterators(i) {}
    HEDDLE_PYTHON_TYPED(map)
    W_Object* next() override;
    W_Object* const function;
    object_array* const iterators;
    HEDDLE_GC_CLASS(W_Map, W_Iterator, function, iterators)
};
struct W_Filter : W_Iterator {
    W_Filter(W_Object* f, W_Object* i) : function(f), iterator(i) {}
    HEDDLE_PYTHON_TYPED(filter)
    W_Object* next() override;
    W_Object* const function; // None: truth
    W_Object* const iterator;
    HEDDLE_GC_CLASS(W_Filter, W_Iterator, function, iterator)
};
struct W_Reversed : W_Iterator {
    W_Reversed(W_Object* s, long i) : sequence(s), index(i) {}
    HEDDLE_PYTHON_TYPED(reversed)
    W_Object* next() override;
    W_Object* const sequence;
    field<long> index;
    HEDDLE_GC_CLASS(W_Reversed, W_Iterator, sequence, index)
};

} // namespace heddle::python
