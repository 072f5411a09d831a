// Python's protocols on any object: attributes, items, iteration, operators, text. operations.cpp, attributes.cpp,
// operators.cpp.
#pragma once
#include "exceptions.h"

namespace heddle::python {

// ---- attributes
// -------------------------------------------------------------------------------------------------------
Result<W_Object*> get_attribute(W_Object* o, W_Str* name);
HEDDLE_INLINE Result<W_Object*> get_attribute(W_Object* o, N name) { return get_attribute(o, name_of(name)); }
W_Object* find_attribute(W_Object* o, W_Str* name); // null without a pending error: AttributeError was the answer
Result<W_Object*> generic_get_attribute(W_Object* o, W_Str* name);     // object.__getattribute__ and __getattr__
Result<void> set_attribute(W_Object* o, W_Str* name, W_Object* value); // value null: delete
Result<void> generic_set_attribute(W_Object* o, W_Str* name, W_Object* value);
Result<W_Object*> bind_descriptor(W_Object* descriptor, W_Object* self, W_Type* type); // self null: through the type
bool is_data_descriptor(W_Object* descriptor);
Result<W_Object*> super_lookup(W_Super* super, W_Str* name);
Result<W_Object*> make_super(W_Object* type, W_Object* self);
// A dunder method of o's type called with o: null without a pending error if there is none.
W_Object* call_special_0(W_Object* o, N name);
W_Object* call_special_1(W_Object* o, N name, W_Object* a);
W_Object* call_special_2(W_Object* o, N name, W_Object* a, W_Object* b);
Result<W_Object*> call_method(W_Object* o, W_Str* name, W_Object* a = nullptr, W_Object* b = nullptr);

// ---- items, iteration
// ---------------------------------------------------------------------------------------------------
Result<W_Object*> get_item(W_Object* o, W_Object* key);
Result<void> set_item(W_Object* o, W_Object* key, W_Object* value);
Result<void> delete_item(W_Object* o, W_Object* key);
Result<W_Object*> get_iterator(W_Object* o);
W_Object* next_item(W_Object* iterator); // null without a pending error: the end
Result<bool> contains(W_Object* container, W_Object* item);
Result<long> length_of(W_Object* o);
// What a slice selects from a sequence of a known length.
struct slice_bounds {
    long start, stop, step, count;
    // Of its i-th item. Adding up steps would go beyond a long after the last one.
    long at(long i) const { return start + i * step; }
};
HEDDLE_DONT_LOOK_INSIDE bool slice_indices(W_Slice* slice, long length, slice_bounds* out); // false: error pending
slice_bounds bounds_within(long start, long stop, long step, long length);
// A slice of ints and Nones needs no user code and can't be wrong. Traces take its parts out and call something that
// gets them as words, and so is known to change nothing.
HEDDLE_INLINE bool has_int_parts(W_Slice* slice) {
    return (slice->start == none() || is_exact<W_Int>(slice->start)) &&
           (slice->stop == none() || is_exact<W_Int>(slice->stop)) &&
           (slice->step == none() || (is_exact<W_Int>(slice->step) && static_cast<W_Int*>(slice->step)->value != 0));
}
HEDDLE_INLINE long step_of(W_Slice* slice) {
    return slice->step == none() ? 1 : static_cast<W_Int*>(slice->step)->value;
}
HEDDLE_INLINE long start_of(W_Slice* slice, long step) { // None: one end, whatever the length
    if (slice->start != none()) return static_cast<W_Int*>(slice->start)->value;
    return step < 0 ? LONG_MAX : 0;
}
HEDDLE_INLINE long stop_of(W_Slice* slice, long step) {
    if (slice->stop != none()) return static_cast<W_Int*>(slice->stop)->value;
    return step < 0 ? LONG_MIN : LONG_MAX;
}

// ---- truth, comparison, hashing
// -----------------------------------------------------------------------------------------
Result<bool> is_true(W_Object* o);
bool is_same(W_Object* a, W_Object* b);
Result<bool> equal(W_Object* a, W_Object* b); // identity first, as containers compare
Result<long> hash_of(W_Object* o);
Result<long> hash_of_tuple(W_Tuple* tuple); // list.cpp
Result<bool> tuples_equal(W_Tuple* a, W_Tuple* b);
// Without user code (plain.cpp). Where that might have a say, the answer is must_ask.
constexpr long must_ask = -2;
HEDDLE_DONT_LOOK_INSIDE long plain_equal(W_Object* a, W_Object* b);                                 // 0 or 1
HEDDLE_DONT_LOOK_INSIDE long plain_find(object_array* items, W_Object* item, long start, long end); // index, -1: none
HEDDLE_DONT_LOOK_INSIDE long plain_difference(object_array* a, object_array* b); // first index; the shorter's length
HEDDLE_ELIDABLE long plain_tuple_hash(W_Tuple* tuple);                           // -1: ask
// A tuple's hash from its items': xxHash's rounds, as in CPython.
class tuple_hash {
public:
    void add(long hash) {
        sum_ += static_cast<unsigned long>(hash) * prime_2;
        sum_ = std::rotl(sum_, long_has_64_bits ? 31 : 13);
        sum_ *= prime_1;
    }
    long result(long length) const {
        auto hash = static_cast<long>(sum_ + (static_cast<unsigned long>(length) ^ (prime_5 ^ 3527539ul)));
        return hash == -1 ? 1546275796 : hash;
    }

private:
    static constexpr unsigned long prime_1 = by_width(11400714785074694791u, 2654435761u);
    static constexpr unsigned long prime_2 = by_width(14029467366897019727u, 2246822519u);
    static constexpr unsigned long prime_5 = by_width(2870177450012600261u, 374761393u);
    unsigned long sum_ = prime_5;
};
int64_t identity_of(W_Object* o); // id()
enum class compare_op : long { lt, le, eq, ne, gt, ge };
Result<W_Object*> compare(compare_op op, W_Object* a, W_Object* b);
Result<bool> compare_true(compare_op op, W_Object* a, W_Object* b);

// ---- operators
// --------------------------------------------------------------------------------------------------------
enum class binary_op : long {
    add,
    sub,
    mul,
    truediv,
    floordiv,
    mod,
    pow,
    matmul,
    lshift,
    rshift,
    and_,
    or_,
    xor_,
    divmod
};
Result<W_Object*> binary(binary_op op, W_Object* a, W_Object* b);
Result<W_Object*> inplace(binary_op op, W_Object* a, W_Object* b);
enum class unary_op : long { neg, pos, invert };
Result<W_Object*> unary(unary_op op, W_Object* a);
Result<W_Object*> int_binary(binary_op op, W_Object* a, W_Object* b); // NotImplemented if one is no int
Result<W_Object*> float_binary(binary_op op, W_Object* a, W_Object* b);
Result<W_Object*> int_compare(compare_op op, W_Object* a, W_Object* b);
Result<W_Object*> float_compare(compare_op op, W_Object* a, W_Object* b);
Result<W_Object*> int_unary(unary_op op, W_Object* a);
Result<W_Object*> power_modulo(W_Object* a, W_Object* b, W_Object* modulus);

// ---- text
// -------------------------------------------------------------------------------------------------------------
Result<W_Str*> repr(W_Object* o);
Result<W_Str*> to_str(W_Object* o);
Result<W_Str*> ascii(W_Object* o);
Result<W_Str*> format_value(W_Object* o, W_Str* specification); // format(); specification null: empty
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> format_percent(W_Str* format, W_Object* values); // format.cpp
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> format_percent_bytes(W_Bytes* format, W_Object* values);
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> format_method(W_Str* format, W_Arguments* arguments); // str.format
HEDDLE_DONT_LOOK_INSIDE Result<W_Str*> format_int(W_Object* value, W_Str* specification);
HEDDLE_DONT_LOOK_INSIDE Result<W_Str*> format_float(double value, W_Str* specification);
HEDDLE_DONT_LOOK_INSIDE Result<W_Str*> format_str(W_Str* value, W_Str* specification);
// "Leave" must follow a true "enter"; false: the object's repr is already under way.
bool enter_repr(W_Object* o);
void leave_repr(W_Object* o);
HEDDLE_INLINE W_Str* as_str(W_Object* o) { return is<W_Str>(o) ? static_cast<W_Str*>(o) : nullptr; }
Result<W_Object*> builtin_print(W_Arguments* arguments);
Result<bool> instance_check(W_Object* o, W_Object* types); // isinstance()
Result<bool> subclass_check(W_Object* type, W_Object* types);

// ---- modules (import.cpp, modules)
// ----------------------------------------------------------------------------------------
Result<W_Object*> import_name(W_Str* name, W_Dict* globals, W_Object* from_list, long level);
Result<W_Object*> import_from(W_Object* module, W_Str* name);
Result<void> import_star(W_Object* module, W_Object* target_namespace);
extern root<W_Dict> builtins_dict;
extern root<W_Dict> modules_dict; // sys.modules
HEDDLE_ELIDABLE inline W_Dict* builtins_namespace() { return builtins_dict; }
W_Module* make_module(W_Str* name);
Result<W_Object*> compile_text(std::string_view source, const std::string& filename, long mode); // a W_Code
Result<W_Object*> build_class(W_Arguments* arguments);
bool flush_standard_streams(); // false, and a message on standard error, when output was lost
void write_standard(int descriptor, std::string_view text);

} // namespace heddle::python
