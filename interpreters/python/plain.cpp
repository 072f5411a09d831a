// Comparing and hashing what no user code has a say in: ints, floats, strs, None, and tuples of these.
//
// Containers ask here first. A call of these functions is known to change nothing, so traces keep what they know over
// it; a call that may end in somebody's __eq__ makes them forget the whole heap. An answer is only given when the
// general way would give the same.
#include "interpreter.h"

namespace heddle::python {

namespace {
constexpr long deepest = 8; // tuples in tuples; deeper ones are asked, which counts towards the recursion limit
// Of classes that only compare among themselves. 0: not a plain object.
enum class family : long { other, number, text, tuple, nothing };
HEDDLE_INLINE bool is_number(W_Object* o) { return is_exact<W_Int>(o) || is_exact<W_Float>(o) || is_exact<W_Bool>(o); }
family family_of(W_Object* o) {
    if (is_number(o)) return family::number;
    if (is_exact<W_Str>(o)) return family::text;
    if (is_exact<W_Tuple>(o)) return family::tuple;
    return o == none() ? family::nothing : family::other;
}
long numbers_equal(W_Object* a, W_Object* b) {
    bool float_a = is_exact<W_Float>(a), float_b = is_exact<W_Float>(b);
    if (!float_a && !float_b) return static_cast<W_Int*>(a)->value == static_cast<W_Int*>(b)->value;
    if (float_a && float_b) // the same NaN is equal here: see is_same
        return is_same(a, b) || static_cast<W_Float*>(a)->value == static_cast<W_Float*>(b)->value;
    long value = static_cast<W_Int*>(float_a ? b : a)->value;
    if (!fits_double(value)) return must_ask;
    return static_cast<double>(value) == static_cast<W_Float*>(float_a ? a : b)->value;
}
long equal_at(W_Object* a, W_Object* b, long depth) {
    if (a == b) return 1;
    if (is_exact<W_Int>(a) && is_exact<W_Int>(b)) return static_cast<W_Int*>(a)->value == static_cast<W_Int*>(b)->value;
    family kind = family_of(a), other = family_of(b);
    if (kind == family::other || other == family::other) return must_ask;
    if (kind != other) return 0;
    if (kind == family::number) return numbers_equal(a, b);
    if (kind == family::text) return str_equal(static_cast<W_Str*>(a), static_cast<W_Str*>(b));
    auto *left = static_cast<W_Tuple*>(a), *right = static_cast<W_Tuple*>(b);
    if (left->length() != right->length()) return 0;
    if (depth == deepest) return must_ask;
    for (long i = 0; i < left->length(); i++)
        if (long same = equal_at(left->at(i), right->at(i), depth + 1); same != 1) return same;
    return 1;
}
long hash_at(W_Tuple* tuple, long depth) {
    tuple_hash hash;
    for (long i = 0; i < tuple->length(); i++) {
        W_Object* item = tuple->at(i);
        if (is_exact<W_Int>(item) || is_exact<W_Bool>(item)) {
            hash.add(hash_of_long(static_cast<W_Int*>(item)->value));
        } else if (is_exact<W_Str>(item)) {
            hash.add(str_hash(static_cast<W_Str*>(item)));
        } else if (is_exact<W_Float>(item)) {
            hash.add(double_hash(static_cast<W_Float*>(item)->value));
        } else {
            if (!is_exact<W_Tuple>(item) || depth == deepest) return -1;
            long inner = hash_at(static_cast<W_Tuple*>(item), depth + 1);
            if (inner == -1) return -1;
            hash.add(inner);
        }
    }
    return hash.result(tuple->length());
}
} // namespace

HEDDLE_DONT_LOOK_INSIDE long plain_equal(W_Object* a, W_Object* b) { return equal_at(a, b, 0); }
HEDDLE_ELIDABLE long plain_tuple_hash(W_Tuple* tuple) { return hash_at(tuple, 0); }
HEDDLE_DONT_LOOK_INSIDE long plain_find(object_array* items, W_Object* item, long start, long end) {
    if (end > items->length()) end = items->length();
    for (long i = start; i < end; i++)
        if (long same = equal_at(items->get(i), item, 0)) return same == 1 ? i : must_ask;
    return -1;
}
HEDDLE_DONT_LOOK_INSIDE long plain_difference(object_array* a, object_array* b) {
    long end = a->length() < b->length() ? a->length() : b->length();
    for (long i = 0; i < end; i++)
        if (long same = equal_at(a->get(i), b->get(i), 0); same != 1) return same == 0 ? i : must_ask;
    return end;
}

} // namespace heddle::python
