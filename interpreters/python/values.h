// Python's immutable values: None and its like, int, bool, float, str, bytes, tuple, slice, range.
//
// An int is a W_Int when it fits in a long and a W_BigInt when it does not (always normalised). Ints and floats have
// no identity: `is` compares values. A str holds one byte for each character if all are below 256, else four.
#pragma once
#include "object.h"
#include "words.h"
#include <string>
#include <string_view>

namespace heddle::python {

struct W_None : W_Object {
    HEDDLE_PYTHON_TYPED(none_type)
    HEDDLE_GC_CLASS(W_None, W_Object)
};
struct W_NotImplemented : W_Object {
    HEDDLE_PYTHON_TYPED(not_implemented_type)
    HEDDLE_GC_CLASS(W_NotImplemented, W_Object)
};
struct W_Ellipsis : W_Object {
    HEDDLE_PYTHON_TYPED(ellipsis)
    HEDDLE_GC_CLASS(W_Ellipsis, W_Object)
};

struct W_Int : W_Object {
    explicit W_Int(long v) : value(v) {}
    HEDDLE_PYTHON_TYPED(int_)
    const long value;
    HEDDLE_GC_CLASS(W_Int, W_Object, value)
};
struct W_Bool : W_Int {
    explicit W_Bool(long v) : W_Int(v) {}
    HEDDLE_PYTHON_TYPED(bool_)
    HEDDLE_GC_CLASS(W_Bool, W_Int)
};
using limb_array = heddle::array<const unsigned long>;
// |size| limbs, each as wide as a long, lowest first; the sign of size is the number's.
struct W_BigInt : W_Object {
    W_BigInt(limb_array* l, long s) : limbs(l), size(s) {}
    HEDDLE_PYTHON_TYPED(int_)
    limb_array* const limbs;
    const long size;
    HEDDLE_GC_CLASS(W_BigInt, W_Object, limbs, size)
};
struct W_Float : W_Object {
    explicit W_Float(double v) : value(v) {}
    HEDDLE_PYTHON_TYPED(float_)
    const double value;
    HEDDLE_GC_CLASS(W_Float, W_Object, value)
};
HEDDLE_INLINE W_Object* make_int(long value) { return make<W_Int>(value); }
HEDDLE_DONT_LOOK_INSIDE W_Object* make_big_int(uint64_t magnitude, bool negative); // for what fits no long
template <std::integral Integer> HEDDLE_DONT_LOOK_INSIDE W_Object* make_big_int_of(Integer value) {
    return make_big_int(value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value), value < 0);
}
template <std::integral Integer> HEDDLE_INLINE W_Object* make_int(Integer value) {
    if constexpr (always_fits_long<Integer>)
        return make_int(static_cast<long>(value));
    else
        return fits_long(value) ? make_int(static_cast<long>(value)) : make_big_int_of(value);
}
HEDDLE_INLINE W_Object* make_float(double value) { return make<W_Float>(value); }

using byte_array = heddle::array<const uint8_t>;
using wide_array = heddle::array<const uint32_t>;

struct W_Str : W_Object {
    W_Str(byte_array* n, wide_array* w) : narrow(n), wide(w), hash(0), interned(0) {}
    HEDDLE_PYTHON_TYPED(str)
    HEDDLE_INLINE long length() const { return narrow ? narrow->length() : wide->length(); }
    HEDDLE_INLINE uint32_t at(long index) const { return narrow ? narrow->get(index) : wide->get(index); }
    byte_array* const narrow; // exactly one of the two is there
    wide_array* const wide;
    field<long> hash;     // 0: not computed yet
    field<long> interned; // equal interned strings are the same object
    HEDDLE_GC_CLASS(W_Str, W_Object, narrow, wide, hash, interned)
};
struct W_Bytes : W_Object {
    explicit W_Bytes(byte_array* d) : data(d) {}
    HEDDLE_PYTHON_TYPED(bytes)
    byte_array* const data;
    HEDDLE_GC_CLASS(W_Bytes, W_Object, data)
};
struct byte_storage_tag {};
using byte_storage = heddle::array<field<uint8_t>, byte_storage_tag>;
struct W_ByteArray : W_Object {
    W_ByteArray(byte_storage* s, long n) : storage(s), length(n) {}
    HEDDLE_PYTHON_TYPED(bytearray)
    std::string_view view() const; // until the next safepoint
    member<byte_storage> storage;  // may be longer
    field<long> length;
    HEDDLE_GC_CLASS(W_ByteArray, W_Object, storage, length)
};
struct W_Tuple : W_Object {
    explicit W_Tuple(object_array* i) : items(i) {}
    HEDDLE_PYTHON_TYPED(tuple)
    HEDDLE_INLINE long length() const { return items->length(); }
    HEDDLE_INLINE W_Object* at(long index) const { return items->get(index); }
    object_array* const items; // never changed after the tuple was made
    HEDDLE_GC_CLASS(W_Tuple, W_Object, items)
};
struct W_Slice : W_Object {
    W_Slice(W_Object* a, W_Object* b, W_Object* c) : start(a), stop(b), step(c) {}
    HEDDLE_PYTHON_TYPED(slice)
    W_Object* const start;
    W_Object* const stop;
    W_Object* const step;
    HEDDLE_GC_CLASS(W_Slice, W_Object, start, stop, step)
};
// A range whose bounds and length fit in a long; others are refused with OverflowError.
struct W_Range : W_Object {
    W_Range(long a, long b, long s, long n) : start(a), stop(b), step(s), length(n) {}
    HEDDLE_PYTHON_TYPED(range)
    const long start, stop, step, length;
    HEDDLE_GC_CLASS(W_Range, W_Object, start, stop, step, length)
};

// ---- strings (str.cpp) --------------------------------------------------------------------------------------------
W_Str* make_str(std::string_view utf8); // WTF-8: lone surrogates are kept, invalid bytes become U+FFFD
W_Str* make_str_latin1(const uint8_t* text, long length);
W_Str* make_str_wide(const uint32_t* text, long length); // narrows when it can
W_Str* make_str(std::u32string_view text);
HEDDLE_DONT_LOOK_INSIDE W_Str* intern(W_Str* text);
W_Str* intern(const char* ascii);
std::string to_utf8(const W_Str* text);                // surrogates in their three-byte form
bool append_utf8(std::string& out, const W_Str* text); // false: there was a lone surrogate (written as '?')
std::u32string to_u32(const W_Str* text);
HEDDLE_ELIDABLE bool str_equal(W_Str* a, W_Str* b);
// The same, traced: a test for one character, as scanners and parsers do at each step, is a comparison of two bytes.
HEDDLE_INLINE bool str_equal_traced(W_Str* a, W_Str* b) {
    if (a->narrow && b->narrow && b->narrow->length() == 1)
        return a->narrow->length() == 1 && a->narrow->get(0) == b->narrow->get(0);
    return str_equal(a, b);
}
HEDDLE_ELIDABLE long str_compare(W_Str* a, W_Str* b);
HEDDLE_ELIDABLE long str_hash(W_Str* text);
HEDDLE_ELIDABLE W_Str* str_concat(W_Str* a, W_Str* b);
HEDDLE_ELIDABLE heddle::array<member<W_Str>>* character_table(); // of the code points below 256
HEDDLE_ELIDABLE W_Str* str_wide_character(long code_point);
HEDDLE_INLINE W_Str* str_character(long code_point) {
    if (static_cast<unsigned long>(code_point) < 256) return character_table()->get(code_point);
    return str_wide_character(code_point);
}
HEDDLE_ELIDABLE W_Str* str_substring(W_Str* text, long start, long end);
HEDDLE_DONT_LOOK_INSIDE long str_find(W_Str* text, W_Str* part, long start, long end); // -1: not there
HEDDLE_DONT_LOOK_INSIDE long str_rfind(W_Str* text, W_Str* part, long start, long end);
bool str_is(const W_Str* text, const char* ascii);
std::string quoted_repr(const W_Str* text); // UTF-8
std::string bytes_repr(const uint8_t* data, long length);
W_Bytes* make_bytes(const void* data, long length);
byte_array* make_byte_array(const void* data, long length);
HEDDLE_INLINE uint8_t* writable(byte_array* array) { return const_cast<uint8_t*>(array->data()); }

// ---- numbers (int.cpp, bigint.cpp, float.cpp)
// ---------------------------------------------------------------------------
std::string float_repr(double value);
W_Object* parse_big_decimal(const std::string& text);    // an int of any size
std::string int_to_text(W_Object* value, int base = 10); // of a W_Int or W_BigInt
HEDDLE_ELIDABLE double int_to_double(W_Object* value);   // infinite when too large
Result<W_Object*> int_from_double(double value);
HEDDLE_INLINE bool is_int(W_Object* o) { return is<W_Int>(o) || is<W_BigInt>(o); }
Result<long> index_of(W_Object* o);                               // __index__ as a long; OverflowError else
HEDDLE_DONT_LOOK_INSIDE Result<int64_t> index_64_of(W_Object* o); // the same with 64 bits
Result<long> subscript_of(W_Object* o);                           // the same, with IndexError: of sequences
// The same in line, as HEDDLE_TRY: an exact int can't fail, and its trace needs no test for that.
#define HEDDLE_PYTHON_SUBSCRIPT(key) \
    (is_exact<W_Int>(key) ? static_cast<W_Int*>(key)->value : HEDDLE_TRY(subscript_of(key)))
HEDDLE_DONT_LOOK_INSIDE Result<long> index_clamped(W_Object* o); // for slices: too large values saturate
Result<W_Object*> to_index_object(W_Object* o);                  // an int object of any size
HEDDLE_DONT_LOOK_INSIDE Result<double> to_double_in_general(W_Object* o);
HEDDLE_INLINE Result<double> to_double(W_Object* o) { // float(o) for numbers; TypeError else
    if (is_exact<W_Float>(o)) return static_cast<W_Float*>(o)->value;
    if (is_exact<W_Int>(o)) return static_cast<double>(static_cast<W_Int*>(o)->value);
    return to_double_in_general(o);
}
HEDDLE_ELIDABLE long double_hash(double value);
long int_hash(W_Object* value);
HEDDLE_INLINE long hash_of_long(long value) {
    long hash = value % hash_modulus;
    return hash == -1 ? -2 : hash;
}

// ---- tuples
// -----------------------------------------------------------------------------------------------------------
W_Tuple* make_tuple_0();
W_Tuple* make_tuple_1(W_Object* a);
W_Tuple* make_tuple_2(W_Object* a, W_Object* b);
W_Tuple* make_tuple_3(W_Object* a, W_Object* b, W_Object* c);

} // namespace heddle::python
