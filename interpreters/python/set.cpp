// set and frozenset: a dict without values.
#include "interpreter.h"

namespace heddle::python {

W_Set* make_set() { return make<W_Set>(make_dict()); }
Result<void> set_add(W_Set* set, W_Object* item) {
    W_Dict* table = set->table;
    long hash = HEDDLE_TRY(hash_of(item));
    if (HEDDLE_TRY(dict_find(table, item, hash)) < 0) dict_add_entry(table, item, hash, nullptr);
    return ok;
}
HEDDLE_DONT_LOOK_INSIDE Result<void> set_update(W_Set* set, W_Object* iterable) {
    if (is<W_Set>(iterable)) return dict_add_keys(set->table, static_cast<W_Set*>(iterable)->table);
    if (can_drain(iterable)) {
        HEDDLE_TRY(drain_generator(drain_purpose::set, iterable, set));
        return ok;
    }
    W_Object* iterator = HEDDLE_TRY(get_iterator(iterable));
    while (W_Object* item = next_item(iterator)) HEDDLE_TRY(set_add(set, item));
    if (pending_error()) return failure;
    return ok;
}

namespace {

HEDDLE_INLINE W_Dict* table_of(W_Object* o) { return static_cast<W_Set*>(o)->table; }
HEDDLE_INLINE W_Set* set_of(W_Object* o) { return static_cast<W_Set*>(o); }

W_Set* same_kind(W_Object* like, W_Dict* table) {
    if (is<W_FrozenSet>(like)) return make<W_FrozenSet>(table);
    return make<W_Set>(table);
}
// The other operand as a table; any iterable.
Result<W_Dict*> as_table(W_Object* o) {
    if (is<W_Set>(o)) return table_of(o);
    W_Set* set = make_set();
    HEDDLE_TRY(set_update(set, o));
    return set->table.get();
}
Result<bool> has(W_Dict* table, W_Object* key, long hash) { return HEDDLE_TRY(dict_find(table, key, hash)) >= 0; }
Result<W_Dict*> intersection(W_Dict* a, W_Dict* b) {
    if (a->count < b->count) return dict_select_keys(a, b, true);
    return dict_select_keys(b, a, true); // the smaller one is gone through
}
Result<W_Dict*> combine(binary_op op, W_Dict* a, W_Dict* b) {
    switch (op) {
    case binary_op::and_: return intersection(a, b);
    case binary_op::sub: return dict_select_keys(a, b, false);
    case binary_op::or_: {
        W_Dict* out = dict_copy(a);
        HEDDLE_TRY(dict_add_keys(out, b));
        return out;
    }
    default: {
        W_Dict* out = HEDDLE_TRY(dict_select_keys(a, b, false));
        HEDDLE_TRY(dict_add_keys(out, HEDDLE_TRY(dict_select_keys(b, a, false))));
        return out;
    }
    }
}
// With any iterable. Of equal items, an intersection holds the iterable's, as in CPython.
Result<W_Dict*> combine_with(binary_op op, W_Dict* a, W_Object* iterable) {
    W_Dict* b = HEDDLE_TRY(as_table(iterable));
    if (op == binary_op::and_ && !is<W_Set>(iterable)) return dict_select_keys(b, a, true);
    return combine(op, a, b);
}
// Changes a set: all it holds is replaced, but for what is added or removed in the time that takes.
Result<void> combine_into(binary_op op, W_Set* set, W_Dict* other) {
    W_Dict* table = set->table;
    if (op == binary_op::or_) return dict_add_keys(table, other);
    if (op == binary_op::sub && table != other && other->count < table->count) return dict_remove_keys(table, other);
    set->table = HEDDLE_TRY(combine(op, table, other));
    return ok;
}
template <binary_op Op> Result<W_Object*> method_binary(W_Object* a, W_Object* b) {
    if (!is<W_Set>(b) && !is_exact<W_DictView>(b)) return not_implemented();
    W_Dict* other = HEDDLE_TRY(as_table(b));
    return same_kind(a, HEDDLE_TRY(combine(Op, table_of(a), other)));
}
template <binary_op Op> Result<W_Object*> method_inplace(W_Object* a, W_Object* b) {
    if (!is<W_Set>(b)) return not_implemented();
    HEDDLE_TRY(combine_into(Op, set_of(a), table_of(b)));
    return a;
}
template <binary_op Op> Result<W_Object*> method_named(W_Arguments* arguments) {
    W_Object* self = arguments->at(0);
    W_Dict* result = table_of(self);
    for (long i = 1; i < arguments->positional_count(); i++)
        result = HEDDLE_TRY(combine_with(Op, result, arguments->at(i)));
    return same_kind(self, result == table_of(self) ? dict_copy(result) : result);
}
template <binary_op Op> Result<W_Object*> method_update(W_Arguments* arguments) {
    W_Object* self = arguments->at(0);
    for (long i = 1; i < arguments->positional_count(); i++) {
        if (Op == binary_op::or_)
            HEDDLE_TRY(set_update(set_of(self), arguments->at(i)));
        else if (Op == binary_op::and_)
            set_of(self)->table = HEDDLE_TRY(combine_with(Op, table_of(self), arguments->at(i)));
        else
            HEDDLE_TRY(combine_into(Op, set_of(self), HEDDLE_TRY(as_table(arguments->at(i)))));
    }
    return none();
}
Result<W_Object*> method_add(W_Object* o, W_Object* item) {
    HEDDLE_TRY(set_add(set_of(o), item));
    return none();
}
Result<W_Object*> method_discard(W_Object* o, W_Object* item) {
    HEDDLE_TRY(dict_delete(table_of(o), item));
    return none();
}
Result<W_Object*> method_remove(W_Object* o, W_Object* item) {
    if (!HEDDLE_TRY(dict_delete(table_of(o), item))) return raise_key_error(item);
    return none();
}
Result<W_Object*> method_pop(W_Object* o) {
    long entry = dict_next_entry(table_of(o), 0);
    if (entry < 0) return raise_with(T::KeyError, make_str("pop from an empty set"));
    W_Object* item = table_of(o)->keys->get(entry);
    dict_delete_entry(table_of(o), entry);
    return item;
}
Result<W_Object*> method_clear(W_Object* o) {
    dict_clear(table_of(o));
    return none();
}
Result<W_Object*> method_copy(W_Object* o) { return same_kind(o, dict_copy(table_of(o))); }
Result<W_Object*> method_len(W_Object* o) { return make_int(table_of(o)->count); }
Result<W_Object*> method_iter(W_Object* o) { return make<W_DictIterator>(table_of(o), dict_part::keys, true); }
Result<W_Object*> method_contains(W_Object* o, W_Object* item) {
    auto hash = hash_of(item);
    if (hash.failed()) {
        if (!is<W_Set>(item) || !clear_if_pending(T::TypeError)) return failure;
        item = make<W_FrozenSet>(table_of(item)); // a set is looked for as a frozenset
        hash = HEDDLE_TRY(hash_of(item));
    }
    return boolean(HEDDLE_TRY(has(table_of(o), item, hash.value())));
}
Result<bool> is_subset(W_Dict* a, W_Dict* b) {
    if (a->kind == key_kind::plain_ints) return dict_keys_within(a, b);
    native_nesting nesting(" in comparison");
    if (nesting.too_deep()) return failure;
    return dict_keys_within(a, b);
}
template <compare_op Op> Result<W_Object*> method_compare(W_Object* a, W_Object* b) {
    if (!is<W_Set>(b)) return not_implemented();
    W_Dict *left = table_of(a), *right = table_of(b);
    switch (Op) {
    case compare_op::eq: return boolean(left->count == right->count && HEDDLE_TRY(is_subset(left, right)));
    case compare_op::ne: return boolean(left->count != right->count || !HEDDLE_TRY(is_subset(left, right)));
    case compare_op::le: return boolean(HEDDLE_TRY(is_subset(left, right)));
    case compare_op::lt: return boolean(left->count < right->count && HEDDLE_TRY(is_subset(left, right)));
    case compare_op::ge: return boolean(HEDDLE_TRY(is_subset(right, left)));
    default: return boolean(right->count < left->count && HEDDLE_TRY(is_subset(right, left)));
    }
}
Result<W_Object*> method_issubset(W_Object* a, W_Object* b) {
    return boolean(HEDDLE_TRY(is_subset(table_of(a), HEDDLE_TRY(as_table(b)))));
}
Result<W_Object*> method_issuperset(W_Object* a, W_Object* b) {
    return boolean(HEDDLE_TRY(is_subset(HEDDLE_TRY(as_table(b)), table_of(a))));
}
Result<W_Object*> method_isdisjoint(W_Object* a, W_Object* b) {
    W_Dict* common = HEDDLE_TRY(intersection(table_of(a), HEDDLE_TRY(as_table(b))));
    return boolean(common->count == 0);
}
Result<W_Object*> method_repr(W_Object* o) {
    std::string name = type_name(o);
    if (table_of(o)->count == 0) return make_str(name + "()");
    native_nesting nesting(" while getting the repr of an object");
    if (nesting.too_deep()) return failure;
    if (!enter_repr(o)) return make_str(name + "(...)");
    std::string out;
    W_Dict* table = table_of(o);
    for (long entry = dict_next_entry(table, 0); entry >= 0; entry = dict_next_entry(table, entry + 1)) {
        auto text = repr(table->keys->get(entry));
        if (text.failed()) {
            leave_repr(o);
            return failure;
        }
        out += (out.empty() ? "" : ", ") + to_utf8(text.value());
    }
    leave_repr(o);
    return make_str(is_exact<W_Set>(o) ? "{" + out + "}" : name + "({" + out + "})");
}
Result<W_Object*> method_hash(W_Object* o) {
    unsigned long hash = 0;
    W_Dict* table = table_of(o);
    for (long entry = dict_next_entry(table, 0); entry >= 0; entry = dict_next_entry(table, entry + 1)) {
        auto h = static_cast<unsigned long>(table->hashes->get(entry));
        hash ^= (h ^ 89869747ul ^ h << 16) * 3644798167ul;
    }
    hash ^= (static_cast<unsigned long>(table->count.get()) + 1) * 1927868237ul;
    hash = hash * 69069ul + 907133923ul;
    return make_int(hash == ~0ul ? 590923713 : static_cast<long>(hash));
}
Result<W_Object*> method_init(W_Object* o, W_Object* iterable) {
    dict_clear(table_of(o));
    if (iterable) HEDDLE_TRY(set_update(set_of(o), iterable));
    return none();
}
Result<W_Object*> set_construct(W_Object* iterable) {
    W_Set* set = make_set();
    if (iterable) HEDDLE_TRY(set_update(set, iterable));
    return set;
}
Result<W_Object*> frozenset_construct(W_Object* iterable) {
    if (iterable && is_exact<W_FrozenSet>(iterable)) return iterable;
    W_Set* set = make_set();
    if (iterable) HEDDLE_TRY(set_update(set, iterable));
    return make<W_FrozenSet>(set->table.get());
}
Result<W_Object*> generic_alias(W_Object* cls, W_Object*) { return cls; }

constexpr builtin_entry common_methods[] = {
    {"__and__", method_binary<binary_op::and_>},
    {"__or__", method_binary<binary_op::or_>},
    {"__sub__", method_binary<binary_op::sub>},
    {"__xor__", method_binary<binary_op::xor_>},
    {"intersection", method_named<binary_op::and_>},
    {"union", method_named<binary_op::or_>},
    {"difference", method_named<binary_op::sub>},
    {"symmetric_difference", method_named<binary_op::xor_>},
    {"copy", method_copy},
    {"__len__", method_len},
    {"__iter__", method_iter},
    {"__contains__", method_contains},
    {"issubset", method_issubset},
    {"issuperset", method_issuperset},
    {"isdisjoint", method_isdisjoint},
    {"__repr__", method_repr},
    {"__eq__", method_compare<compare_op::eq>},
    {"__ne__", method_compare<compare_op::ne>},
    {"__le__", method_compare<compare_op::le>},
    {"__lt__", method_compare<compare_op::lt>},
    {"__ge__", method_compare<compare_op::ge>},
    {"__gt__", method_compare<compare_op::gt>},
    {"__class_getitem__", generic_alias, 2, nullptr, builtin_entry::class_method},
};
constexpr builtin_entry set_methods[] = {
    {"add", method_add},
    {"discard", method_discard},
    {"remove", method_remove},
    {"pop", method_pop},
    {"clear", method_clear},
    {"update", method_update<binary_op::or_>},
    {"intersection_update", method_update<binary_op::and_>},
    {"difference_update", method_update<binary_op::sub>},
    {"symmetric_difference_update", method_update<binary_op::xor_>},
    {"__iand__", method_inplace<binary_op::and_>},
    {"__ior__", method_inplace<binary_op::or_>},
    {"__isub__", method_inplace<binary_op::sub>},
    {"__ixor__", method_inplace<binary_op::xor_>},
    {"__init__", method_init, 1},
};
constexpr builtin_entry frozenset_methods[] = {{"__hash__", method_hash}};
constexpr builtin_entry construct_set{"set", set_construct, 0};
constexpr builtin_entry construct_frozenset{"frozenset", frozenset_construct, 0};

} // namespace

void setup_set() {
    add_methods(T::set, common_methods);
    add_methods(T::set, set_methods);
    dict_set_str(type_of(T::set)->dict, name_of(N::hash), none());
    add_methods(T::frozenset, common_methods);
    add_methods(T::frozenset, frozenset_methods);
    add_constructor(T::set, &construct_set);
    add_constructor(T::frozenset, &construct_frozenset);
}

} // namespace heddle::python
