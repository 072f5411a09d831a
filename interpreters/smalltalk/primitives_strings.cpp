// The MiscPrimitivePlugin's string primitives.
#include "primitive_functions.h"
#include "primitives.h"

namespace heddle::smalltalk {

namespace {
byte_array* bytes_of(W_Object* o) { return is_exact<W_Bytes>(o) ? static_cast<W_Bytes*>(o)->bytes.get() : nullptr; }
} // namespace

// compare: a with: b collated: order: 1 less, 2 equal, 3 greater
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_compare_string(W_Object*, W_Object* a, W_Object* b, W_Object* order) {
    byte_array *x = bytes_of(a), *y = bytes_of(b), *o = bytes_of(order);
    if (!x || !y || !o || o->length() < 256) return nullptr;
    long shorter = x->length() < y->length() ? x->length() : y->length();
    for (long i = 0; i < shorter; i++) {
        int left = o->get(x->get(i)), right = o->get(y->get(i));
        if (left != right) return make_int(left < right ? 1 : 3);
    }
    return make_int(x->length() == y->length() ? 2 : x->length() < y->length() ? 1 : 3);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_string_hash(W_Object*, W_Object* text, W_Object* start) {
    byte_array* bytes = bytes_of(text);
    if (!bytes || !is_int(start)) return nullptr;
    uint32_t hash = static_cast<uint32_t>(int_value(start)) & 0xfffffff;
    for (long i = 0; i < bytes->length(); i++) hash = (hash + bytes->get(i)) * 1664525u & 0xfffffff;
    return make_int(hash);
}
// findSubstring: key in: body startingAt: start matchTable: table
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_find_substring(W_Object*, W_Object* key, W_Object* body, W_Object* start,
                                                           W_Object* table) {
    byte_array *k = bytes_of(key), *b = bytes_of(body), *t = bytes_of(table);
    if (!k || !b || !t || t->length() < 256 || !is_int(start)) return nullptr;
    long first = int_value(start) < 1 ? 0 : int_value(start) - 1;
    if (k->length() == 0) return make_int(0);
    for (long at = first; at + k->length() <= b->length(); at++) {
        long i = 0;
        while (i < k->length() && t->get(b->get(at + i)) == t->get(k->get(i))) i++;
        if (i == k->length()) return make_int(at + 1);
    }
    return make_int(0);
}
// indexOfAscii: value inString: text startingAt: start
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_index_of_ascii(W_Object*, W_Object* value, W_Object* text,
                                                           W_Object* start) {
    byte_array* bytes = bytes_of(text);
    if (!bytes || !is_int(value) || !is_int(start) || int_value(start) < 1) return nullptr;
    for (long i = int_value(start) - 1; i < bytes->length(); i++)
        if (bytes->get(i) == int_value(value)) return make_int(i + 1);
    return make_int(0);
}
// findFirstInString: text inSet: map startingAt: start
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_find_first_in_string(W_Object*, W_Object* text, W_Object* map,
                                                                 W_Object* start) {
    byte_array *bytes = bytes_of(text), *m = bytes_of(map);
    if (!bytes || !m || !is_int(start) || int_value(start) < 1) return nullptr;
    if (m->length() != 256) return make_int(0);
    for (long i = int_value(start) - 1; i < bytes->length(); i++)
        if (m->get(bytes->get(i))) return make_int(i + 1);
    return make_int(0);
}
// translate: text from: start to: stop table: table
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_translate_string(W_Object* o, W_Object* text, W_Object* start,
                                                             W_Object* stop, W_Object* table) {
    byte_array *bytes = bytes_of(text), *t = bytes_of(table);
    if (!bytes || !t || t->length() < 256 || !is_int(start) || !is_int(stop)) return nullptr;
    if (int_value(start) < 1 || int_value(stop) > bytes->length()) return nullptr;
    for (long i = int_value(start) - 1; i < int_value(stop); i++) bytes->set(i, t->get(bytes->get(i)));
    return o;
}

} // namespace heddle::smalltalk
