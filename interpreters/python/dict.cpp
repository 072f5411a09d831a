// dict: the hash table (CPython's compact layout), module namespaces, methods, views.
#include "interpreter.h"

namespace heddle::python {

namespace {
constexpr int32_t free_slot = -1, deleted_slot = -2;
HEDDLE_INLINE unsigned long scatter(long hash) {
    return static_cast<unsigned long>(hash) * by_width(0x9e3779b97f4a7c15u, 0x9e3779b1u) >> (long_bits / 4);
}
} // namespace

W_Dict* make_dict() { return make<W_Dict>(); }
W_Dict* make_module_dict() {
    W_Dict* dict = make_dict();
    dict->version = new_version();
    return dict;
}

// ---- finding
// --------------------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE long dict_find_str(W_Dict* dict, W_Str* key) {
    index_array* index = dict->index;
    if (!index) return -1;
    if (dict->kind != key_kind::strings && !is_exact<W_Str>(key)) return -1;
    long hash = str_hash(key), mask = index->length() - 1;
    dict_keys* keys = dict->keys;
    for (unsigned long slot = scatter(hash);; slot++) {
        int32_t entry = index->get(static_cast<long>(slot) & mask);
        if (entry == free_slot) return -1;
        if (entry == deleted_slot) continue;
        W_Object* other = keys->get(entry);
        if (other == key) return entry;
        if (dict->hashes->get(entry) == hash && is<W_Str>(other) && str_equal(static_cast<W_Str*>(other), key))
            return entry;
    }
}
// Among plain ints.
HEDDLE_INLINE static long find_plain_int(index_array* index, long_array* hashes, long value) {
    long mask = index->length() - 1;
    for (unsigned long slot = scatter(value);; slot++) {
        int32_t entry = index->get(static_cast<long>(slot) & mask);
        if (entry >= 0 ? hashes->get(entry) == value : entry == free_slot) return entry;
    }
}
// The entry of an exact int, or -1; must_ask: other keys have a say.
HEDDLE_DONT_LOOK_INSIDE static long find_int(W_Dict* dict, long value) {
    index_array* index = dict->index;
    if (!index) return -1;
    bool is_plain = value < -1 ? value > -hash_modulus : value != -1 && value < hash_modulus; // its own hash
    if (dict->kind == key_kind::plain_ints) return is_plain ? find_plain_int(index, dict->hashes, value) : -1;
    long hash = is_plain ? value : hash_of_long(value);
    long mask = index->length() - 1;
    for (unsigned long slot = scatter(hash);; slot++) {
        int32_t entry = index->get(static_cast<long>(slot) & mask);
        if (entry == free_slot) return -1;
        if (entry == deleted_slot || dict->hashes->get(entry) != hash) continue;
        W_Object* other = dict->keys->get(entry);
        if (is_exact<W_Int>(other)) {
            if (static_cast<W_Int*>(other)->value == value) return entry;
        } else if (!is_exact<W_Str>(other)) {
            return must_ask; // something else with this hash
        }
    }
}
// The entry, or -1; must_ask: user code has a say.
HEDDLE_DONT_LOOK_INSIDE static long find_plain(W_Dict* dict, W_Object* key, long hash) {
    index_array* index = dict->index;
    if (!index) return -1;
    long mask = index->length() - 1;
    for (unsigned long slot = scatter(hash);; slot++) {
        int32_t entry = index->get(static_cast<long>(slot) & mask);
        if (entry == free_slot) return -1;
        if (entry == deleted_slot) continue;
        W_Object* other = dict->keys->get(entry);
        if (other == key) return entry;
        if (dict->hashes->get(entry) != hash) continue;
        if (long same = plain_equal(other, key)) return same == 1 ? entry : must_ask;
    }
}
HEDDLE_DONT_LOOK_INSIDE static Result<long> find_by_asking(W_Dict* dict, W_Object* key, long hash) {
restart:
    index_array* index = dict->index;
    if (!index) return -1;
    long mask = index->length() - 1;
    dict_keys* keys = dict->keys;
    for (unsigned long slot = scatter(hash);; slot++) {
        int32_t entry = index->get(static_cast<long>(slot) & mask);
        if (entry == free_slot) return -1;
        if (entry == deleted_slot) continue;
        W_Object* other = keys->get(entry);
        if (other == key) return entry;
        if (dict->hashes->get(entry) != hash) continue;
        bool same = HEDDLE_TRY(equal(other, key));
        if (dict->index != index || dict->keys != keys) goto restart; // __eq__ changed the dict
        if (same) return entry;
    }
}
Result<long> dict_find(W_Dict* dict, W_Object* key, long hash) {
    if (is_exact<W_Str>(key) && dict->kind == key_kind::strings) return dict_find_str(dict, static_cast<W_Str*>(key));
    long entry = is_exact<W_Int>(key) ? find_int(dict, static_cast<W_Int*>(key)->value) : find_plain(dict, key, hash);
    return entry != must_ask ? Result<long>(entry) : find_by_asking(dict, key, hash);
}

// ---- changing
// -------------------------------------------------------------------------------------------------------------
static void put_index(index_array* index, long hash, int32_t entry) {
    long mask = index->length() - 1;
    unsigned long slot = scatter(hash);
    while (index->get(static_cast<long>(slot) & mask) >= 0) slot++;
    index->set(static_cast<long>(slot) & mask, entry);
}
// New arrays with room for `count` entries and some more, without the deleted ones.
HEDDLE_DONT_LOOK_INSIDE static void resize(W_Dict* dict, long count, bool with_values) {
    long size = 8;
    while (size * 2 < count * 4) size *= 2;
    long capacity = size * 2 / 3 + 1;
    auto* index = make_array<index_array>(size);
    auto* hashes = make_array<long_array>(capacity);
    auto* keys = make_array<dict_keys>(capacity);
    dict_values* values = with_values ? make_array<dict_values>(capacity) : nullptr;
    for (long i = 0; i < size; i++) index->set(i, free_slot);
    long filled = 0;
    for (long i = 0; i < dict->used; i++) {
        W_Object* key = dict->keys->get(i);
        if (!key) continue;
        keys->set(filled, key);
        if (with_values) values->set(filled, dict->values->get(i));
        hashes->set(filled, dict->hashes->get(i));
        put_index(index, dict->hashes->get(i), static_cast<int32_t>(filled++));
    }
    dict->index = index;
    dict->hashes = hashes;
    dict->keys = keys;
    dict->values = values;
    dict->used = filled;
}
static key_kind kind_of_key(W_Object* key, long hash) {
    if (is_exact<W_Str>(key)) return key_kind::strings;
    if (is_exact<W_Int>(key) && static_cast<W_Int*>(key)->value == hash) return key_kind::plain_ints;
    return key_kind::mixed;
}
void dict_reserve(W_Dict* dict, long count, bool with_values) {
    if (count && (!dict->keys || dict->keys->length() < count)) resize(dict, count, with_values);
}
// A null value: the table of a set.
void dict_add_entry(W_Dict* dict, W_Object* key, long hash, W_Object* value) {
    if (!dict->keys || dict->used >= dict->keys->length()) resize(dict, dict->count + 1, value != nullptr);
    long entry = dict->used;
    dict->keys->set(entry, key);
    if (value) dict->values->set(entry, value);
    dict->hashes->set(entry, hash);
    put_index(dict->index, hash, static_cast<int32_t>(entry));
    dict->used = entry + 1;
    key_kind kind = kind_of_key(key, hash);
    if (dict->count == 0)
        dict->kind = kind;
    else if (dict->kind != kind)
        dict->kind = key_kind::mixed;
    dict->count++;
    if (dict->version) dict->version = new_version();
}
HEDDLE_DONT_LOOK_INSIDE static void replace_global(W_Dict* dict, long entry, W_Object* value) {
    W_Object* old = dict->values->get(entry);
    if (is_exact<GlobalCell>(old)) {
        static_cast<GlobalCell*>(old)->value = value;
        return;
    }
    dict->values->set(entry, make<GlobalCell>(value));
    dict->version = new_version();
}
HEDDLE_INLINE static void replace_value(W_Dict* dict, long entry, W_Object* value) {
    if (dict->version)
        replace_global(dict, entry, value);
    else
        dict->values->set(entry, value);
}
HEDDLE_DONT_LOOK_INSIDE void dict_delete_entry(W_Dict* dict, long entry) {
    long mask = dict->index->length() - 1;
    unsigned long slot = scatter(dict->hashes->get(entry));
    while (dict->index->get(static_cast<long>(slot) & mask) != entry) slot++;
    dict->index->set(static_cast<long>(slot) & mask, deleted_slot);
    dict->keys->set(entry, nullptr);
    if (dict->values) dict->values->set(entry, nullptr);
    dict->count--;
    if (dict->version) dict->version = new_version();
    if (dict->count == 0) {
        dict->index = static_cast<index_array*>(nullptr);
        dict->keys = static_cast<dict_keys*>(nullptr);
        dict->used = 0;
        dict->kind = key_kind::strings;
    }
}

// ---- the interface
// --------------------------------------------------------------------------------------------------------
W_Object* dict_get_str(W_Dict* dict, W_Str* key) {
    long entry = dict_find_str(dict, key);
    return entry < 0 ? nullptr : dict_value_at(dict, entry);
}
W_Object* dict_get(W_Dict* dict, W_Object* key) {
    if (is_exact<W_Str>(key) && dict->kind == key_kind::strings) return dict_get_str(dict, static_cast<W_Str*>(key));
    if (is_exact<W_Int>(key)) {
        long at = find_int(dict, static_cast<W_Int*>(key)->value);
        if (at >= 0) return dict_value_at(dict, at);
        if (at == -1) return nullptr;
    }
    auto hash = hash_of(key);
    if (hash.failed()) return nullptr;
    auto entry = dict_find(dict, key, hash.value());
    if (entry.failed() || entry.value() < 0) return nullptr;
    return dict_value_at(dict, entry.value());
}
void dict_set_str(W_Dict* dict, W_Str* key, W_Object* value) {
    long entry = dict_find_str(dict, key);
    if (entry >= 0)
        replace_value(dict, entry, value);
    else
        dict_add_entry(dict, key, str_hash(key), value);
}
Result<void> dict_set(W_Dict* dict, W_Object* key, W_Object* value) {
    if (is_exact<W_Str>(key) && dict->kind == key_kind::strings) {
        dict_set_str(dict, static_cast<W_Str*>(key), value);
        return ok;
    }
    if (is_exact<W_Int>(key)) {
        long at = find_int(dict, static_cast<W_Int*>(key)->value);
        if (at >= 0) {
            replace_value(dict, at, value);
            return ok;
        }
    }
    long hash = HEDDLE_TRY(hash_of(key));
    long entry = HEDDLE_TRY(dict_find(dict, key, hash));
    if (entry >= 0)
        replace_value(dict, entry, value);
    else
        dict_add_entry(dict, key, hash, value);
    return ok;
}
Result<bool> dict_delete(W_Dict* dict, W_Object* key) {
    long hash = HEDDLE_TRY(hash_of(key));
    long entry = HEDDLE_TRY(dict_find(dict, key, hash));
    if (entry < 0) return false;
    dict_delete_entry(dict, entry);
    return true;
}
HEDDLE_DONT_LOOK_INSIDE bool dict_delete_str(W_Dict* dict, W_Str* key) {
    long entry = dict_find_str(dict, key);
    if (entry < 0) return false;
    dict_delete_entry(dict, entry);
    return true;
}
HEDDLE_DONT_LOOK_INSIDE void dict_clear(W_Dict* dict) {
    dict->index = static_cast<index_array*>(nullptr);
    dict->keys = static_cast<dict_keys*>(nullptr);
    dict->values = static_cast<dict_values*>(nullptr);
    dict->used = 0;
    dict->count = 0;
    dict->kind = key_kind::strings;
    if (dict->version) dict->version = new_version();
}
HEDDLE_DONT_LOOK_INSIDE long dict_next_entry(W_Dict* dict, long entry) {
    for (; entry < dict->used; entry++)
        if (dict->keys->get(entry)) return entry;
    return -1;
}
HEDDLE_DONT_LOOK_INSIDE long dict_previous_entry(W_Dict* dict, long entry) {
    for (; entry >= 0; entry--)
        if (entry < dict->used && dict->keys->get(entry)) return entry;
    return -1;
}
HEDDLE_DONT_LOOK_INSIDE W_Dict* dict_copy(W_Dict* dict) {
    W_Dict* copy = make_dict();
    dict_reserve(copy, dict->count, dict->values != nullptr);
    for (long entry = dict_next_entry(dict, 0); entry >= 0; entry = dict_next_entry(dict, entry + 1)) {
        W_Object* value = dict->values ? unwrap_attribute(dict_value_at(dict, entry)) : nullptr;
        dict_add_entry(copy, dict->keys->get(entry), dict->hashes->get(entry), value);
    }
    return copy;
}
HEDDLE_DONT_LOOK_INSIDE Result<void> dict_update(W_Dict* dict, W_Object* other) {
    if (is_exact<W_MappingProxy>(other)) other = static_cast<W_MappingProxy*>(other)->dict;
    if (is<W_Dict>(other) &&
        (is_exact<W_Dict>(other) || type_lookup(other->type(), N::iter) == type_lookup(type_of(T::dict), N::iter))) {
        auto* source = static_cast<W_Dict*>(other);
        for (long entry = dict_next_entry(source, 0); entry >= 0; entry = dict_next_entry(source, entry + 1)) {
            W_Object* key = source->keys->get(entry);
            W_Object* value = dict_value_at(source, entry);
            long at = HEDDLE_TRY(dict_find(dict, key, source->hashes->get(entry)));
            if (at >= 0)
                replace_value(dict, at, value);
            else
                dict_add_entry(dict, key, source->hashes->get(entry), value);
        }
        return ok;
    }
    W_Object* keys_method = find_attribute(other, name_of(N::keys));
    if (pending_error()) return failure;
    if (keys_method) {
        W_Object* iterator = HEDDLE_TRY(get_iterator(HEDDLE_TRY(call_0(keys_method))));
        while (W_Object* key = next_item(iterator)) HEDDLE_TRY(dict_set(dict, key, HEDDLE_TRY(get_item(other, key))));
        if (pending_error()) return failure;
        return ok;
    }
    W_Object* iterator = HEDDLE_TRY(get_iterator(other));
    for (long number = 0; W_Object* pair = next_item(iterator); number++) {
        auto items = iterable_to_slots(pair);
        if (items.failed()) {
            if (pending_is(T::TypeError))
                return raise_error(T::TypeError, "cannot convert dictionary update sequence element #%ld to a sequence",
                                   number);
            return failure;
        }
        if (items.value()->length() != 2)
            return raise_error(T::ValueError, "dictionary update sequence element #%ld has length %ld; 2 is required",
                               number, items.value()->length());
        HEDDLE_TRY(dict_set(dict, items.value()->get(0), items.value()->get(1)));
    }
    if (pending_error()) return failure;
    return ok;
}
// ---- of sets: keys of one table in another
// --------------------------------------------------------------------------------------------------
// Tables of plain ints, as a rule, are looked through without a call for each key.
static bool both_plain_ints(W_Dict* a, W_Dict* b) {
    return a->kind == key_kind::plain_ints && b->kind == key_kind::plain_ints;
}
HEDDLE_DONT_LOOK_INSIDE Result<bool> dict_keys_within(W_Dict* a, W_Dict* b) {
    if (a->count > b->count) return false;
    if (a->count == 0) return true;
    if (both_plain_ints(a, b)) {
        index_array* index = b->index;
        long_array *wanted = a->hashes, *hashes = b->hashes;
        dict_keys* keys = a->keys;
        for (long entry = 0, used = a->used; entry < used; entry++)
            if (keys->get(entry) && find_plain_int(index, hashes, wanted->get(entry)) < 0) return false;
        return true;
    }
    for (long entry = dict_next_entry(a, 0); entry >= 0; entry = dict_next_entry(a, entry + 1))
        if (HEDDLE_TRY(dict_find(b, a->keys->get(entry), a->hashes->get(entry))) < 0) return false;
    return true;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Dict*> dict_select_keys(W_Dict* from, W_Dict* other, bool keep) {
    W_Dict* out = make_dict();
    if (from->count == 0) return out;
    if (!both_plain_ints(from, other)) {
        for (long entry = dict_next_entry(from, 0); entry >= 0; entry = dict_next_entry(from, entry + 1)) {
            W_Object* key = from->keys->get(entry);
            long hash = from->hashes->get(entry);
            if ((HEDDLE_TRY(dict_find(other, key, hash)) >= 0) == keep) dict_add_entry(out, key, hash, nullptr);
        }
        return out;
    }
    dict_reserve(out, keep ? std::min(from->count.get(), other->count.get()) : from->count.get(), false);
    index_array *index = other->index, *new_index = out->index;
    long_array *hashes = other->hashes, *from_hashes = from->hashes, *new_hashes = out->hashes;
    dict_keys *from_keys = from->keys, *new_keys = out->keys;
    int32_t filled = 0;
    for (long entry = 0, used = from->used; entry < used; entry++) {
        W_Object* key = from_keys->get(entry);
        long hash = from_hashes->get(entry);
        if (!key || (find_plain_int(index, hashes, hash) >= 0) != keep) continue;
        new_keys->set(filled, key);
        new_hashes->set(filled, hash);
        put_index(new_index, hash, filled++);
    }
    out->used = filled;
    out->count = filled;
    if (filled)
        out->kind = key_kind::plain_ints;
    else
        dict_clear(out);
    return out;
}
HEDDLE_DONT_LOOK_INSIDE Result<void> dict_add_keys(W_Dict* dict, W_Dict* other) {
    if (dict->count == 0) dict_reserve(dict, other->count, false);
    for (long entry = dict_next_entry(other, 0); entry >= 0; entry = dict_next_entry(other, entry + 1)) {
        W_Object* key = other->keys->get(entry);
        long hash = other->hashes->get(entry);
        if (HEDDLE_TRY(dict_find(dict, key, hash)) < 0) dict_add_entry(dict, key, hash, nullptr);
    }
    return ok;
}
HEDDLE_DONT_LOOK_INSIDE Result<void> dict_remove_keys(W_Dict* dict, W_Dict* other) {
    for (long entry = dict_next_entry(other, 0); entry >= 0; entry = dict_next_entry(other, entry + 1)) {
        long at = HEDDLE_TRY(dict_find(dict, other->keys->get(entry), other->hashes->get(entry)));
        if (at >= 0) dict_delete_entry(dict, at);
    }
    return ok;
}
HEDDLE_ELIDABLE W_Object* global_lookup(W_Dict* dict, VersionTag*, W_Str* name) {
    long entry = dict_find_str(dict, name);
    return entry < 0 ? nullptr : dict->values->get(entry);
}

// ---- iteration
// --------------------------------------------------------------------------------------------------------------
W_Type* W_DictIterator::type() const {
    if (of_set) return type_of(T::set_iterator);
    return type_of(part == dict_part::keys     ? T::dict_keyiterator
                   : part == dict_part::values ? T::dict_valueiterator
                                               : T::dict_itemiterator);
}
W_Type* W_DictView::type() const {
    return type_of(part == dict_part::keys ? T::dict_keys : part == dict_part::values ? T::dict_values : T::dict_items);
}

HEDDLE_DONT_LOOK_INSIDE static void size_changed(bool of_set) {
    raise_text(T::RuntimeError,
               of_set ? "Set changed size during iteration" : "dictionary changed size during iteration");
}
static HEDDLE_INLINE W_Object* part_of_entry(W_Dict* dict, dict_part part, long entry) {
    if (part == dict_part::keys) return dict->keys->get(entry);
    if (part == dict_part::values) return dict_value_at(dict, entry);
    return make_tuple_2(dict->keys->get(entry), dict_value_at(dict, entry));
}
W_Object* W_DictIterator::next() {
    long at = index;
    if (at < 0) return nullptr;
    if (dict->count != expected) {
        index = -1;
        size_changed(of_set);
        return nullptr;
    }
    if (at < dict->used && dict->keys->get(at)) {
        index = at + 1;
        return part_of_entry(dict, part, at);
    }
    at = dict_next_entry(dict, at);
    if (at < 0) {
        index = -1;
        return nullptr;
    }
    index = at + 1;
    return part_of_entry(dict, part, at);
}
W_Object* W_DictReverseIterator::next() {
    long at = dict_previous_entry(dict, index);
    index = at - 1;
    if (at < 0) return nullptr;
    return part_of_entry(dict, part, at);
}

// ---- methods
// --------------------------------------------------------------------------------------------------------------
namespace {

HEDDLE_INLINE W_Dict* dict_of(W_Object* o) { return static_cast<W_Dict*>(o); }

Result<W_Object*> method_getitem(W_Object* o, W_Object* key) {
    W_Object* value = dict_get(dict_of(o), key);
    if (value) return value;
    if (pending_error()) return failure;
    if (!is_exact<W_Dict>(o)) {
        value = call_special_1(o, N::missing, key);
        if (value || pending_error()) return value;
    }
    return raise_key_error(key);
}
Result<W_Object*> method_setitem(W_Object* o, W_Object* key, W_Object* value) {
    HEDDLE_TRY(dict_set(dict_of(o), key, value));
    return none();
}
Result<W_Object*> method_delitem(W_Object* o, W_Object* key) {
    if (!HEDDLE_TRY(dict_delete(dict_of(o), key))) return raise_key_error(key);
    return none();
}
Result<W_Object*> method_contains(W_Object* o, W_Object* key) {
    if (dict_get(dict_of(o), key)) return boolean(true);
    if (pending_error()) return failure;
    return boolean(false);
}
Result<W_Object*> method_get(W_Object* o, W_Object* key, W_Object* missing) {
    W_Object* value = dict_get(dict_of(o), key);
    if (value) return value;
    if (pending_error()) return failure;
    return missing ? missing : none();
}
Result<W_Object*> method_setdefault(W_Object* o, W_Object* key, W_Object* missing) {
    W_Object* value = dict_get(dict_of(o), key);
    if (value) return value;
    if (pending_error()) return failure;
    if (!missing) missing = none();
    HEDDLE_TRY(dict_set(dict_of(o), key, missing));
    return missing;
}
Result<W_Object*> method_pop(W_Object* o, W_Object* key, W_Object* missing) {
    // As in CPython, an empty dictionary does not ask the key for its hash: {}.pop([], None) is None.
    W_Object* value = dict_of(o)->count ? dict_get(dict_of(o), key) : nullptr;
    if (!value) {
        if (pending_error()) return failure;
        if (missing) return missing;
        return raise_key_error(key);
    }
    HEDDLE_TRY(dict_delete(dict_of(o), key));
    return value;
}
Result<W_Object*> method_popitem(W_Object* o) {
    long entry = dict_previous_entry(dict_of(o), dict_of(o)->used - 1);
    if (entry < 0) return raise_with(T::KeyError, make_str("popitem(): dictionary is empty"));
    W_Object* pair = make_tuple_2(dict_of(o)->keys->get(entry), dict_value_at(dict_of(o), entry));
    dict_delete_entry(dict_of(o), entry);
    if (dict_of(o)->count) dict_of(o)->used = entry;
    return pair;
}
Result<void> update_with_keywords(W_Dict* dict, W_Arguments* arguments, const char* name) {
    if (arguments->positional_count() > 2)
        return raise_error(T::TypeError, "%s expected at most 1 argument, got %ld", name,
                           arguments->positional_count() - 1);
    if (arguments->positional_count() == 2) HEDDLE_TRY(dict_update(dict, arguments->at(1)));
    for (long i = 0; i < arguments->keyword_count(); i++)
        HEDDLE_TRY(dict_set(dict, arguments->keywords->at(i), arguments->at(arguments->positional_count() + i)));
    return ok;
}
Result<W_Object*> method_update(W_Arguments* arguments) {
    HEDDLE_TRY(update_with_keywords(dict_of(arguments->at(0)), arguments, "update"));
    return none();
}
Result<W_Object*> method_init(W_Arguments* arguments) {
    HEDDLE_TRY(update_with_keywords(dict_of(arguments->at(0)), arguments, "dict"));
    return none();
}
Result<W_Object*> dict_construct(W_Arguments* arguments) {
    W_Dict* dict = make_dict();
    HEDDLE_TRY(update_with_keywords(dict, arguments_with_first(dict, arguments), "dict"));
    return dict;
}
Result<W_Object*> method_fromkeys(W_Object* cls, W_Object* keys, W_Object* value) {
    if (!value) value = none();
    W_Object* dict = cls == type_of(T::dict) ? make_dict() : HEDDLE_TRY(call_0(cls));
    W_Object* iterator = HEDDLE_TRY(get_iterator(keys));
    while (W_Object* key = next_item(iterator)) HEDDLE_TRY(set_item(dict, key, value));
    if (pending_error()) return failure;
    return dict;
}
Result<W_Object*> method_clear(W_Object* o) {
    dict_clear(dict_of(o));
    return none();
}
Result<W_Object*> method_copy(W_Object* o) { return dict_copy(dict_of(o)); }
template <dict_part Part> Result<W_Object*> method_view(W_Object* o) { return make<W_DictView>(dict_of(o), Part); }
Result<W_Object*> method_len(W_Object* o) { return make_int(dict_of(o)->count); }
Result<W_Object*> method_iter(W_Object* o) { return make<W_DictIterator>(dict_of(o), dict_part::keys, false); }
Result<W_Object*> method_reversed(W_Object* o) { return make<W_DictReverseIterator>(dict_of(o), dict_part::keys); }
Result<bool> dicts_equal(W_Dict* a, W_Dict* b) {
    if (a->count != b->count) return false;
    native_nesting nesting(" in comparison");
    if (nesting.too_deep()) return failure;
    for (long entry = dict_next_entry(a, 0); entry >= 0; entry = dict_next_entry(a, entry + 1)) {
        W_Object* mine = dict_value_at(a, entry);
        long at = HEDDLE_TRY(dict_find(b, a->keys->get(entry), a->hashes->get(entry)));
        if (at < 0) return false;
        if (!HEDDLE_TRY(equal(mine, dict_value_at(b, at)))) return false;
    }
    return true;
}
Result<W_Object*> method_eq(W_Object* a, W_Object* b) {
    if (!is<W_Dict>(b)) return not_implemented();
    return boolean(HEDDLE_TRY(dicts_equal(dict_of(a), dict_of(b))));
}
Result<W_Object*> method_ne(W_Object* a, W_Object* b) {
    if (!is<W_Dict>(b)) return not_implemented();
    return boolean(!HEDDLE_TRY(dicts_equal(dict_of(a), dict_of(b))));
}
Result<W_Object*> method_or(W_Object* a, W_Object* b) {
    if (!is<W_Dict>(b)) return not_implemented();
    W_Dict* merged = dict_copy(dict_of(a));
    HEDDLE_TRY(dict_update(merged, b));
    return merged;
}
Result<W_Object*> method_ior(W_Object* a, W_Object* b) {
    HEDDLE_TRY(dict_update(dict_of(a), b));
    return a;
}
Result<W_Object*> dict_repr(W_Object* o, W_Dict* dict, const char* prefix, const char* suffix) {
    native_nesting nesting(" while getting the repr of an object");
    if (nesting.too_deep()) return failure;
    if (!enter_repr(o)) return make_str("{...}");
    std::string out = prefix;
    bool first = true;
    for (long entry = dict_next_entry(dict, 0); entry >= 0; entry = dict_next_entry(dict, entry + 1)) {
        W_Object* value = unwrap_attribute(dict_value_at(dict, entry));
        auto key = repr(dict->keys->get(entry));
        auto text = key.failed() ? key : repr(value);
        if (text.failed()) {
            leave_repr(o);
            return failure;
        }
        out += (first ? "" : ", ") + to_utf8(key.value()) + ": " + to_utf8(text.value());
        first = false;
    }
    leave_repr(o);
    return make_str(out + suffix);
}
Result<W_Object*> method_repr(W_Object* o) { return dict_repr(o, dict_of(o), "{", "}"); }
Result<W_Object*> generic_alias(W_Object* cls, W_Object*) { return cls; }

constexpr builtin_entry methods[] = {
    {"__getitem__", method_getitem},
    {"__setitem__", method_setitem},
    {"__delitem__", method_delitem},
    {"__contains__", method_contains},
    {"get", method_get, 2},
    {"setdefault", method_setdefault, 2},
    {"pop", method_pop, 2},
    {"popitem", method_popitem},
    {"update", method_update},
    {"clear", method_clear},
    {"copy", method_copy},
    {"keys", method_view<dict_part::keys>},
    {"values", method_view<dict_part::values>},
    {"items", method_view<dict_part::items>},
    {"__len__", method_len},
    {"__iter__", method_iter},
    {"__reversed__", method_reversed},
    {"__eq__", method_eq},
    {"__ne__", method_ne},
    {"__or__", method_or},
    {"__ior__", method_ior},
    {"__repr__", method_repr},
    {"__init__", method_init},
    {"fromkeys", method_fromkeys, 2, nullptr, builtin_entry::class_method},
    {"__class_getitem__", generic_alias, 2, nullptr, builtin_entry::class_method},
};
constexpr builtin_entry construct{"dict", dict_construct};

// ---- views
HEDDLE_INLINE W_DictView* view_of(W_Object* o) { return static_cast<W_DictView*>(o); }
Result<W_Object*> view_len(W_Object* o) { return make_int(view_of(o)->dict->count); }
Result<W_Object*> view_iter(W_Object* o) { return make<W_DictIterator>(view_of(o)->dict, view_of(o)->part, false); }
Result<W_Object*> view_reversed(W_Object* o) { return make<W_DictReverseIterator>(view_of(o)->dict, view_of(o)->part); }
Result<W_Object*> view_contains(W_Object* o, W_Object* item) {
    W_Dict* dict = view_of(o)->dict;
    if (view_of(o)->part == dict_part::keys) return method_contains(dict, item);
    if (!is<W_Tuple>(item) || static_cast<W_Tuple*>(item)->length() != 2) return boolean(false);
    W_Object* value = dict_get(dict, static_cast<W_Tuple*>(item)->at(0));
    if (!value) return pending_error() ? Result<W_Object*>(failure) : boolean(false);
    return boolean(HEDDLE_TRY(equal(value, static_cast<W_Tuple*>(item)->at(1))));
}
Result<W_Object*> view_repr(W_Object* o) {
    W_List* items = HEDDLE_TRY(iterable_to_list(o));
    return make_str(type_name(o) + "(" + to_utf8(HEDDLE_TRY(repr(items))) + ")");
}
Result<W_Set*> view_set(W_Object* o) {
    W_Set* set = make_set();
    HEDDLE_TRY(set_update(set, o));
    return set;
}
template <binary_op Op> Result<W_Object*> view_binary(W_Object* a, W_Object* b) {
    W_Object* left = HEDDLE_TRY(view_set(a));
    W_Object* right = HEDDLE_TRY(view_set(b));
    return binary(Op, left, right);
}
template <compare_op Op> Result<W_Object*> view_compare(W_Object* a, W_Object* b) {
    if (!is<W_Set>(b) && !is_exact<W_DictView>(b)) return not_implemented();
    W_Object* left = HEDDLE_TRY(view_set(a));
    W_Object* right = HEDDLE_TRY(view_set(b));
    return compare(Op, left, right);
}
constexpr builtin_entry view_methods[] = {
    {"__len__", view_len},
    {"__iter__", view_iter},
    {"__reversed__", view_reversed},
    {"__repr__", view_repr},
};
constexpr builtin_entry set_view_methods[] = {
    {"__contains__", view_contains},           {"__and__", view_binary<binary_op::and_>},
    {"__or__", view_binary<binary_op::or_>},   {"__sub__", view_binary<binary_op::sub>},
    {"__xor__", view_binary<binary_op::xor_>}, {"__eq__", view_compare<compare_op::eq>},
    {"__ne__", view_compare<compare_op::ne>},  {"__le__", view_compare<compare_op::le>},
    {"__lt__", view_compare<compare_op::lt>},  {"__ge__", view_compare<compare_op::ge>},
    {"__gt__", view_compare<compare_op::gt>},
};

// ---- mappingproxy: reads only
HEDDLE_INLINE W_Dict* proxied(W_Object* o) { return static_cast<W_MappingProxy*>(o)->dict; }
Result<W_Object*> proxy_getitem(W_Object* o, W_Object* key) { return method_getitem(proxied(o), key); }
Result<W_Object*> proxy_contains(W_Object* o, W_Object* key) { return method_contains(proxied(o), key); }
Result<W_Object*> proxy_get(W_Object* o, W_Object* key, W_Object* missing) {
    return method_get(proxied(o), key, missing);
}
Result<W_Object*> proxy_len(W_Object* o) { return method_len(proxied(o)); }
Result<W_Object*> proxy_iter(W_Object* o) { return method_iter(proxied(o)); }
Result<W_Object*> proxy_repr(W_Object* o) { return dict_repr(o, proxied(o), "mappingproxy({", "})"); }
template <dict_part Part> Result<W_Object*> proxy_view(W_Object* o) { return method_view<Part>(proxied(o)); }
Result<W_Object*> proxy_copy(W_Object* o) { return dict_copy(proxied(o)); }
constexpr builtin_entry proxy_methods[] = {
    {"__getitem__", proxy_getitem},
    {"__contains__", proxy_contains},
    {"get", proxy_get, 2},
    {"__len__", proxy_len},
    {"__iter__", proxy_iter},
    {"__repr__", proxy_repr},
    {"keys", proxy_view<dict_part::keys>},
    {"values", proxy_view<dict_part::values>},
    {"items", proxy_view<dict_part::items>},
    {"copy", proxy_copy},
};

} // namespace

void setup_dict() {
    add_methods(T::dict, methods);
    dict_set_str(type_of(T::dict)->dict, name_of(N::hash), none());
    add_constructor(T::dict, &construct);
    for (T view : {T::dict_keys, T::dict_values, T::dict_items}) add_methods(view, view_methods);
    for (T view : {T::dict_keys, T::dict_items}) {
        add_methods(view, set_view_methods);
        dict_set_str(type_of(view)->dict, name_of(N::hash), none());
    }
    add_methods(T::mappingproxy, proxy_methods);
}

} // namespace heddle::python
