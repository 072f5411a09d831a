// SOM's primitives. Null: it can't be done with these arguments; then the method's own code complains.
//
// Integers are W_Ints of as many bits as a long has and, beyond them, the large integers of primitives_large.cpp.
// Strings never change.
#include "primitive_functions.h"
#include "primitives.h"
#include "process.h"
#include "som_universe.h"
#include <cmath>
#include <cwctype>
#include <fstream>
#include <iterator>

namespace heddle::smalltalk {

namespace {
HEDDLE_INLINE bool is_float(W_Object* o) { return is_exact<W_Float>(o); }
// Large integers are bytes too.
HEDDLE_INLINE bool is_string(W_Object* o) {
    if (!is_exact<W_Bytes>(o)) return false;
    W_Class* c = static_cast<W_Bytes*>(o)->class_;
    if (c == special_class_constant(special_string)) return true;
    return c != special_class_constant(special_large_positive) && c != special_class_constant(special_large_negative);
}
HEDDLE_INLINE byte_array* bytes_of(W_Object* o) { return static_cast<W_Bytes*>(o)->bytes; }
HEDDLE_INLINE bool is_number(W_Object* o) {
    return is_int(o) || is_float(o) || (is_exact<W_Bytes>(o) && !is_string(o));
}
HEDDLE_INLINE double number(W_Object* o) {
    if (is_float(o)) return float_value(o);
    if (is_int(o)) return static_cast<double>(int_value(o));
    return large_to_double(o);
}
HEDDLE_INLINE bool one_is_float(W_Object* a, W_Object* b) {
    return is_float(a) ? is_number(b) : is_float(b) && is_number(a);
}
HEDDLE_ELIDABLE double floating_modulo(double a, double b) { return std::fmod(a, b); }
HEDDLE_ELIDABLE double square_root(double x) { return std::sqrt(x); }
HEDDLE_ELIDABLE double cosine(double x) { return std::cos(x); }
// An integer of any size; never traced through.
HEDDLE_DONT_LOOK_INSIDE W_Object* integer_of(double x) {
    return std::isfinite(x) ? large_from_double(std::trunc(x)) : nullptr;
}
} // namespace

// ---- arithmetic
#define ARITHMETIC(name, overflow, operator_)                                            \
    W_Object* primitive_som_##name(W_Object* a, W_Object* b) {                           \
        if (is_int(a) && is_int(b)) {                                                    \
            long result;                                                                 \
            if (!overflow(int_value(a), int_value(b), &result)) return make_int(result); \
        }                                                                                \
        if (one_is_float(a, b)) return make_float(number(a) operator_ number(b));        \
        return primitive_large_##name(a, b);                                             \
    }
ARITHMETIC(add, __builtin_saddl_overflow, +)
ARITHMETIC(subtract, __builtin_ssubl_overflow, -)
ARITHMETIC(multiply, __builtin_smull_overflow, *)
#define COMPARISON(name, operator_)                                                      \
    W_Object* primitive_som_##name(W_Object* a, W_Object* b) {                           \
        if (is_int(a) && is_int(b)) return boolean(int_value(a) operator_ int_value(b)); \
        if (one_is_float(a, b)) return boolean(number(a) operator_ number(b));           \
        return primitive_large_##name(a, b);                                             \
    }
COMPARISON(less, <)
COMPARISON(greater, >)
COMPARISON(less_equal, <=)
COMPARISON(greater_equal, >=)
W_Object* primitive_som_equal(W_Object* a, W_Object* b) {
    if (is_int(a) && is_int(b)) return boolean(int_value(a) == int_value(b));
    if (!is_number(b)) return false_object();
    if (one_is_float(a, b)) return boolean(number(a) == number(b));
    return primitive_large_equal(a, b);
}
// Division of integers drops the fraction; `//` makes a Double.
static HEDDLE_INLINE bool divides_simply(W_Object* a, W_Object* b) {
    return is_int(a) && is_int(b) && int_value(b) != 0 && int_value(b) != -1;
}
W_Object* primitive_som_quotient(W_Object* a, W_Object* b) {
    if (divides_simply(a, b)) return make_int(int_value(a) / int_value(b));
    if (one_is_float(a, b)) return integer_of(number(a) / number(b));
    return primitive_large_quotient(a, b);
}
W_Object* primitive_som_divide(W_Object* a, W_Object* b) {
    if (!is_number(a) || !is_number(b)) return nullptr;
    return make_float(number(a) / number(b));
}
// Of the divisor's sign for integers, of the dividend's for Doubles.
W_Object* primitive_som_modulo(W_Object* a, W_Object* b) {
    if (divides_simply(a, b)) {
        long y = int_value(b), remainder = int_value(a) % y;
        if (remainder != 0 && (remainder ^ y) < 0) remainder += y;
        return make_int(remainder);
    }
    if (one_is_float(a, b)) return make_float(floating_modulo(number(a), number(b)));
    return primitive_large_modulo(a, b);
}
W_Object* primitive_som_remainder(W_Object* a, W_Object* b) {
    if (divides_simply(a, b)) return make_int(int_value(a) % int_value(b));
    return primitive_large_remainder(a, b);
}
#define BITS(name, operator_)                                                             \
    W_Object* primitive_som_##name(W_Object* a, W_Object* b) {                            \
        if (is_int(a) && is_int(b)) return make_int(int_value(a) operator_ int_value(b)); \
        return primitive_large_##name(a, b);                                              \
    }
BITS(bit_and, &)
BITS(bit_or, |)
BITS(bit_xor, ^)
W_Object* primitive_som_shift_left(W_Object* a, W_Object* b) {
    if (!is_int(b)) return nullptr;
    long by = int_value(b);
    if (by < 0) return nullptr;
    if (is_int(a) && by < long_bits - 1) {
        long shifted = static_cast<long>(static_cast<unsigned long>(int_value(a)) << by);
        if (shifted >> by == int_value(a)) return make_int(shifted);
    }
    return primitive_large_bit_shift(a, b);
}
// The number's 64 bits, without a sign.
W_Object* primitive_som_shift_right_unsigned(W_Object* a, W_Object* b) {
    if (!is_int(b) || int_value(b) < 0) return nullptr;
    if (!is_int(a) || (long_bits < 64 && int_value(a) < 0)) return primitive_large_shift_right_unsigned(a, b);
    if (int_value(b) >= long_bits) return make_int(0);
    if (int_value(b) == 0) return a;
    return make_int(static_cast<long>(static_cast<unsigned long>(int_value(a)) >> int_value(b)));
}
W_Object* primitive_som_as_32_bit_signed(W_Object* a) {
    if (is_int(a)) return make_int(static_cast<int>(int_value(a)));
    return is_number(a) ? make_int(large_low_32_bits(a)) : nullptr;
}
W_Object* primitive_som_as_32_bit_unsigned(W_Object* a) {
    if (is_int(a)) return make_word(static_cast<uint32_t>(int_value(a)));
    return is_number(a) ? make_word(static_cast<uint32_t>(large_low_32_bits(a))) : nullptr;
}
W_Object* primitive_som_square_root(W_Object* a) {
    if (!is_number(a)) return nullptr;
    double root = square_root(number(a));
    // An integer's root is one too if it can be: of up to 63 bits.
    bool whole = is_int(a) || (long_bits < 64 && !is_float(a));
    if (whole && root == std::floor(root) && root < 3037000500.0)
        return root <= static_cast<double>(INT_MAX) ? make_int(static_cast<long>(root)) : integer_of(root);
    return make_float(root);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_random(W_Object* a) {
    if (!is_int(a) || int_value(a) <= 0) return nullptr;
    static uint64_t state = 0x9e3779b97f4a7c15;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return make_int(static_cast<long>((state >> 1) % static_cast<unsigned long>(int_value(a))));
}
W_Object* primitive_som_as_double(W_Object* a) { return is_number(a) ? make_float(number(a)) : nullptr; }
W_Object* primitive_som_round(W_Object* a) {
    return is_float(a) ? integer_of(std::floor(float_value(a) + 0.5)) : nullptr;
}
W_Object* primitive_som_truncated(W_Object* a) {
    if (!is_float(a)) return nullptr;
    double x = float_value(a);
    constexpr double limit = long_bits == 64 ? 9.2e18 : 0x1p31;
    if (x > -limit && x < limit) return make_int(static_cast<long>(x));
    return integer_of(x);
}
W_Object* primitive_som_cosine(W_Object* a) { return is_float(a) ? make_float(cosine(float_value(a))) : nullptr; }
W_Object* primitive_som_infinity(W_Object*) { return make_float(HUGE_VAL); }

// ---- numbers and texts
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_integer_as_string(W_Object* a) {
    return is_int(a) ? som::make_string(std::to_string(int_value(a))) : som::make_string(large_to_text(a));
}
// The shortest digits that read back as the same number.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_double_as_string(W_Object* a) {
    if (!is_float(a)) return nullptr;
    double value = float_value(a);
    if (std::isnan(value)) return som::make_string("NaN");
    if (std::isinf(value)) return som::make_string(value > 0 ? "Infinity" : "-Infinity");
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, nullptr) == value) break;
    }
    std::string result = text;
    if (result.find_first_of(".e") == std::string::npos) result += ".0";
    return som::make_string(result);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_integer_from_string(W_Object*, W_Object* text) {
    if (!is_string(text)) return nullptr;
    return integer_from_text(text_of(text));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_double_from_string(W_Object*, W_Object* text) {
    if (!is_string(text)) return nullptr;
    std::string digits = text_of(text);
    char* end;
    double value = strtod(digits.c_str(), &end);
    return make_float(digits.empty() || *end ? std::nan("") : value);
}

// ---- strings
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_concatenate(W_Object* a, W_Object* b) {
    if (!is_string(a) || !is_string(b)) return nullptr;
    byte_array *left = bytes_of(a), *right = bytes_of(b);
    long first = left->length(), second = right->length();
    byte_array* both = heddle::try_make_array<byte_array>(first + second);
    if (!both) return nullptr;
    heddle::copy_items(left, 0, both, 0, first);
    heddle::copy_items(right, 0, both, first, second);
    return make<W_Bytes>(special_class(special_string), both);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_as_symbol(W_Object* a) {
    return is_string(a) ? som::intern(text_of(a)) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_symbol_as_string(W_Object* a) {
    return is_string(a) ? som::make_string(text_of(a)) : nullptr;
}
W_Object* primitive_som_string_length(W_Object* a) { return is_string(a) ? make_int(bytes_of(a)->length()) : nullptr; }
HEDDLE_ELIDABLE static bool same_bytes(byte_array* a, byte_array* b) {
    return memcmp(a->items_to_read(0, a->length()), b->items_to_read(0, a->length()),
                  static_cast<size_t>(a->length())) == 0;
}
// Most comparisons are of single characters.
W_Object* primitive_som_string_equal(W_Object* a, W_Object* b) {
    if (a == b) return true_object();
    if (!is_string(a) || !is_string(b)) return false_object();
    byte_array *left = bytes_of(a), *right = bytes_of(b);
    long length = left->length();
    if (length != right->length()) return false_object();
    if (length == 1) return boolean(left->get(0) == right->get(0));
    return boolean(length == 0 || same_bytes(left, right));
}
HEDDLE_DONT_LOOK_INSIDE static W_Object* longer_substring(byte_array* from, long first, long count) {
    byte_array* part = heddle::make_array<byte_array>(count);
    heddle::copy_items(from, first, part, 0, count);
    return make<W_Bytes>(special_class(special_string), part);
}
W_Object* primitive_som_substring(W_Object* a, W_Object* from, W_Object* to) {
    if (!is_string(a) || !is_int(from) || !is_int(to)) return nullptr;
    byte_array* bytes = bytes_of(a);
    long first = int_value(from) - 1, end = int_value(to);
    if (first < 0 || end > bytes->length() || end < first) return nullptr;
    if (end - first == 1) return som::one_byte_text(bytes->get(first));
    return longer_substring(bytes, first, end - first);
}
W_Object* primitive_som_character_at(W_Object* a, W_Object* index) { return primitive_som_substring(a, index, index); }

// Texts are UTF-8; a broken sequence is no letter.
template <class Test> static bool all_characters(W_Object* text, Test test) {
    std::string bytes = text_of(text);
    for (size_t i = 0; i < bytes.size();) {
        auto byte = static_cast<unsigned char>(bytes[i]);
        int more = byte < 0x80 ? 0 : byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : -1;
        if (more < 0 || i + static_cast<size_t>(more) >= bytes.size()) return false;
        unsigned code = more == 0 ? byte : byte & (0x3fu >> more);
        for (int k = 1; k <= more; k++) code = code << 6 | (static_cast<unsigned char>(bytes[i + k]) & 0x3f);
        if (!test(code)) return false;
        i += static_cast<size_t>(more) + 1;
    }
    return !bytes.empty();
}
static bool is_letter_code(unsigned code) {
    if (code < 0x80) return isalpha(static_cast<int>(code));
    static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return utf8 && iswalpha_l(code, utf8);
}
#define CHARACTER_TEST(name, test)                                                                              \
    HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_is_##name(W_Object* a) {                                    \
        return is_string(a) ? boolean(all_characters(a, [](unsigned code) -> bool { return test; })) : nullptr; \
    }
CHARACTER_TEST(white_space, code == ' ' || (code >= 9 && code <= 13))
CHARACTER_TEST(letters, is_letter_code(code))
CHARACTER_TEST(digits, code >= '0' && code <= '9')

// ---- objects
HEDDLE_ELIDABLE static W_Class* visible_class(W_Class* c) {
    bool hidden = c == special_at(special_large_positive) || c == special_at(special_large_negative);
    return hidden ? small_integer_root.get() : c;
}
W_Object* primitive_som_class(W_Object* o) { return visible_class(jit::promote(class_of(o))); }
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_object_size(W_Object* o) {
    if (is_exact<W_Bytes>(o)) return make_int(16 + bytes_of(o)->length());
    return make_int(16 + slot_count(o) * 8);
}
W_Object* primitive_som_identical(W_Object* a, W_Object* b) {
    if (is_identical(a, b)) return true_object();
    // Integers have no identity, however large.
    if (is_exact<W_Bytes>(a) && !is_string(a)) return primitive_som_equal(a, b);
    return false_object();
}
static W_Object* text_hash(W_Object* o) {
    auto* text = static_cast<W_Bytes*>(o);
    if (text->hash == 0) text->hash = som::hash_of(text_of(o));
    return make_int(text->hash);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_hashcode(W_Object* o) {
    if (is_string(o)) return text_hash(o);
    return make_int(identity_hash(o));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_halt(W_Object* o) {
    fflush(stdout);
    fprintf(stderr, "halt in %s\n", describe(o).c_str());
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_variable_named(W_Object* o, W_Object* name) {
    W_Object* fields = slot(class_of(o), som::slot_fields);
    for (long i = 0; is_exact<W_Pointers>(o) && i < static_cast<W_Pointers*>(fields)->size(); i++)
        if (slot(fields, i) == name) return slot(o, i);
    return nullptr;
}
W_Object* primitive_som_perform_in_superclass(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    if (count != 2 || !is_exact<W_Class>(slots->get(first + 2))) return nullptr;
    auto* c = static_cast<W_Class*>(slots->get(first + 2));
    if (!inherits_from(class_of(slots->get(first)), c)) return nullptr;
    W_Object* selector = slots->get(first + 1);
    Code* target = lookup(jit::promote(c), jit::promote(selector), current_version());
    if (!target) return does_not_understand(frame, selector, slots, first, 0);
    if (target->arguments != 0) return nullptr;
    return invoke(frame, target, slots, first, 0);
}

// ---- classes and methods
static bool is_class(W_Object* o) { return is_exact<W_Class>(o) && has_slots(o, som::first_class_field); }
W_Object* primitive_som_class_name(W_Object* c) { return is_class(c) ? slot(c, som::slot_name) : nullptr; }
W_Object* primitive_som_superclass(W_Object* c) { return is_class(c) ? slot(c, som::slot_superclass) : nullptr; }
W_Object* primitive_som_fields(W_Object* c) {
    return is_class(c) ? primitive_shallow_copy(slot(c, som::slot_fields)) : nullptr;
}
W_Object* primitive_som_methods(W_Object* c) {
    return is_class(c) ? primitive_shallow_copy(slot(c, som::slot_methods)) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_signature(W_Object* m) {
    return is_exact<W_Method>(m) ? som::selector_of(static_cast<W_Method*>(m)) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_holder(W_Object* m) {
    return is_exact<W_Method>(m) ? som::holder_of(static_cast<W_Method*>(m)) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_invoke(W_Frame* frame, Code*, frame_slots* slots, long first,
                                                       long count) {
    W_Object *method = slots->get(first), *arguments = slots->get(first + 2);
    if (count != 2 || !is_exact<W_Method>(method) || !is_exact<W_Pointers>(arguments)) return nullptr;
    Code* code = static_cast<W_Method*>(method)->code;
    slots_array* values = static_cast<W_Pointers*>(arguments)->slots;
    if (code->arguments != values->length()) return nullptr;
    if (!inherits_from(class_of(slots->get(first + 1)), som::holder_of(static_cast<W_Method*>(method)))) return nullptr;
    frame_slots* call = heddle::make_array<frame_slots>(values->length() + 1);
    call->set(0, slots->get(first + 1));
    for (long i = 0; i < values->length(); i++) call->set(i + 1, values->get(i));
    return invoke(frame, code, call, 0, values->length());
}

// ---- blocks
HEDDLE_ELIDABLE static Code* block_code(W_Method* method) { return method->code; }
HEDDLE_ELIDABLE static W_Class* block_class(long arguments) {
    return special_class(som::special_block_1 + (arguments < 2 ? arguments : 2));
}
HEDDLE_UNROLL_SAFE W_Object* som::make_block(W_Frame* frame, W_Method* method, frame_slots* stack, long first,
                                             long copied, bool needs_no_context) {
    auto* values = heddle::make_array<copied_values>(copied);
    for (long i = 0; i < copied; i++) values->set(i, stack->get(first + i));
    Code* code = block_code(method);
    return make<W_Block>(block_class(code->arguments), code, frame->receiver, needs_no_context ? nullptr : frame,
                         values);
}
HEDDLE_UNROLL_SAFE W_Object* primitive_som_block_value(W_Frame* frame, Code*, frame_slots* slots, long first,
                                                       long count) {
    if (!is_exact<W_Block>(slots->get(first))) return nullptr;
    auto* block = static_cast<W_Block*>(slots->get(first));
    Code* code = jit::promote(block->code);
    if (code->arguments != count) return nullptr;
    long copied = jit::promote(block->copied->length());
    frame_slots* own = heddle::make_array<frame_slots>(code->frame_size);
    for (long i = 0; i < count; i++) own->set(i, slots->get(first + 1 + i));
    for (long i = 0; i < copied; i++) own->set(count + i, block->copied->get(i));
    for (long i = count + copied; i < code->temporaries; i++) own->set(i, nil());
    W_Frame* callee = make<W_Frame>(special_class_constant(special_method_context), code, block->receiver, own, frame,
                                    make_state(0, code->temporaries), block, frame_closure);
    return enter(code, callee, 0, code->temporaries);
}

// ---- the system
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_global(W_Object*, W_Object* name) {
    if (!is_string(name)) return nullptr;
    W_Object* value = som::global_named(name)->value;
    return value ? value : nil();
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_global_put(W_Object*, W_Object* name, W_Object* value) {
    if (!is_string(name)) return nullptr;
    som::set_global(name, value);
    return value;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_has_global(W_Object*, W_Object* name) {
    return is_string(name) ? boolean(som::global_named(name)->value.get() != nullptr) : nullptr;
}
// nil if there is no such class; a file with an error in it ends the program.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_load(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    if (count != 1 || !is_string(slots->get(first + 1))) return nullptr;
    std::string error;
    W_Class* loaded = som::load_class(text_of(slots->get(first + 1)), error);
    if (loaded) return loaded;
    if (error.empty()) return nil();
    fflush(stdout);
    fprintf(stderr, "heddle-smalltalk: %s\n", error.c_str());
    request_exit(1);
    return nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_load_file(W_Object*, W_Object* name) {
    if (!is_string(name)) return nullptr;
    std::ifstream file(text_of(name), std::ios::binary);
    if (!file) return nil();
    return som::make_string(std::string(std::istreambuf_iterator<char>(file), {}));
}
static W_Object* print(W_Object* o, W_Object* text, FILE* to, const char* end) {
    if (!is_string(text)) return nullptr;
    if (to == stderr) fflush(stdout);
    std::string characters = text_of(text);
    fwrite(characters.data(), 1, characters.size(), to);
    fputs(end, to);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_print(W_Object* o, W_Object* text) {
    return print(o, text, stdout, "");
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_print_newline(W_Object* o) {
    fputc('\n', stdout);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_error_print(W_Object* o, W_Object* text) {
    return print(o, text, stderr, "");
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_error_print_line(W_Object* o, W_Object* text) {
    return print(o, text, stderr, "\n");
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_print_stack_trace(W_Frame* frame, Code*, frame_slots* slots, long first,
                                                                  long) {
    for (W_Frame* at = frame; at && at->code; at = sender_of(at)) {
        long instruction = at->state < 0 ? 0 : state_instruction(at->state);
        printf("%s:%d\n", describe_method(at->code).c_str(),
               at->code->byte_positions->get(instruction > 0 ? instruction - 1 : 0));
    }
    return slots->get(first);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_time(W_Object*) { return make_wide_integer(microseconds_now() / 1000); }
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_ticks(W_Object*) { return make_wide_integer(microseconds_now() + 1); }
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_som_full_collection(W_Object*) {
    gc::collect_full();
    return true_object();
}

} // namespace heddle::smalltalk
