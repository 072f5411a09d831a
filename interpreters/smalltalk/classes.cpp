// Classes: decoding the format, making instances, names; the special objects.
#include "frame.h"
#include "image_writer.h"

namespace heddle::smalltalk {

image_traits traits;
root<W_Pointers> special_objects;
root<W_Object> nil_root, true_root, false_root;
root<W_Class> small_integer_root, float_root, character_root, small_float_root, behavior_root;
root<slots_array> character_table;

W_Object* special_at(long index) {
    W_Pointers* all = special_objects;
    return index < all->size() ? all->slots->get(index) : nil();
}

// Where a long has 32 bits, a 64-bit image's SmallIntegers have as many as a 32-bit image's: what more there are become
// large integers when it is loaded, and SmallIntegers again when it is written.
static long small_bits() { return traits.wide && long_bits == 64 ? 61 : 31; }
long small_minimum() { return traits.som ? LONG_MIN : -(1L << (small_bits() - 1)); }
long small_maximum() { return traits.som ? LONG_MAX : (1L << (small_bits() - 1)) - 1; }

W_Class* W_Int::get_class() { return small_integer_class(); }
W_Class* W_Character::get_class() { return character_root; }
// A 64-bit image has immediate floats for all whose exponent needs no more than 8 bits: zero, and from 2^-126 up to
// 2^128, whose squares are exact.
static bool is_small_float(double value) {
    double square = value * value;
    return value == 0 || (square >= 0x1p-252 && square < 0x1p256);
}
W_Class* W_Float::get_class() {
    if (small_float_root.get() && is_small_float(value)) return small_float_root;
    return float_root;
}

bool same_value(W_Object* a, W_Object* b) {
    if (is_exact<W_Character>(a))
        return is_exact<W_Character>(b) && static_cast<W_Character*>(a)->value == static_cast<W_Character*>(b)->value;
    if (is_exact<W_Float>(a) && is_exact<W_Float>(b) && small_float_root.get())
        return is_small_float(float_value(a)) &&
               std::bit_cast<int64_t>(float_value(a)) == std::bit_cast<int64_t>(float_value(b));
    return false;
}

long identity_hash(W_Object* o) {
    if (is_int(o)) return int_value(o);
    if (is_exact<W_Character>(o)) return static_cast<W_Character*>(o)->value;
    if (is_exact<W_Float>(o)) {
        auto bits = std::bit_cast<uint64_t>(float_value(o));
        return static_cast<long>((bits ^ bits >> 32) & traits.hash_mask);
    }
    auto* instance = static_cast<W_Instance*>(o);
    // In Spur a class's hash is its place in the table of classes.
    if (traits.spur && !traits.som && instance->hash == 0 && is_exact<W_Class>(o))
        instance->hash = new_class_index(static_cast<W_Class*>(o));
    while (instance->hash == 0) {
        // Each thread has its own sequence, so that handing out hashes is no conflict.
        uint32_t state = execution_context()->hash_state * 1103515245 + 12345;
        execution_context()->hash_state = state;
        instance->hash = state >> 7 & traits.hash_mask;
    }
    return instance->hash;
}

W_Object* make_character(long code) {
    slots_array* table = character_table;
    if (table && code >= 0 && code < table->length()) return table->get(code);
    if (!traits.spur) return nullptr;
    return make<W_Character>(code);
}

bool inherits_from(W_Class* c, W_Object* ancestor) {
    W_Object* at = c;
    for (long steps = 0; is<W_Class>(at) && steps < 1000; steps++) {
        if (at == ancestor) return true;
        at = has_slots(at, 1) ? slot(at, 0) : nil();
    }
    return false;
}

static instance_kind kind_of_format(long format) {
    if (format < 2) return kind_fixed;
    if (format < 4) return kind_pointers;
    if (format == 4) return kind_weak;
    if (format == 5) return kind_fixed; // ephemerons
    if (!traits.spur) return format < 8 ? kind_words : format < 12 ? kind_bytes : kind_method;
    if (format < 9) return kind_immediate;
    return format < 12 ? kind_words : format < 24 ? kind_bytes : kind_method;
}

void decode_class(W_Class* c) {
    W_Object* format_object = has_slots(c, 3) ? slot(c, 2) : nil();
    if (!is_int(format_object)) {
        c->fixed_size = 0;
        c->kind = kind_immediate; // not a class yet: no instances
        return;
    }
    long word = int_value(format_object), fixed, format;
    if (traits.spur) {
        fixed = word & 0xffff;
        format = word >> 16 & 0x1f;
    } else {
        fixed = ((word >> 10) & 0xc0) + ((word >> 1) & 0x3f) - 1;
        format = word >> 7 & 15;
    }
    instance_kind kind = kind_of_format(format);
    if (c == small_integer_root.get() || c == small_float_root.get() || (traits.spur && c == character_root.get()))
        kind = kind_immediate;
    else if (c == float_root.get())
        kind = kind_float;
    else if (c == special_at(special_method_context) || c == special_at(special_block_context))
        kind = kind_context;
    c->fixed_size = fixed < 0 ? 0 : fixed;
    c->instances_are_classes = behavior_root.get() && inherits_from(c, behavior_root);
    c->kind = kind;
}
void class_changed(W_Class* c) {
    c->kind = -1;
    bump_version();
}
long class_kind_at(W_Class* c, heddle::object*) {
    if (c->kind < 0) decode_class(c);
    return c->kind;
}
long class_fixed_size_at(W_Class* c, heddle::object*) {
    if (c->kind < 0) decode_class(c);
    return c->fixed_size;
}
bool makes_classes_at(W_Class* c, heddle::object*) {
    if (c->kind < 0) decode_class(c);
    return c->instances_are_classes;
}
static bool makes_classes(W_Class* c) {
    if (jit::we_are_jitted()) return makes_classes_at(jit::promote(c), current_version());
    return makes_classes_at(c, nullptr);
}
long class_kind(W_Class* c) {
    if (jit::we_are_jitted()) return class_kind_at(jit::promote(c), current_version());
    return class_kind_at(c, nullptr);
}
long class_fixed_size(W_Class* c) {
    if (jit::we_are_jitted()) return class_fixed_size_at(jit::promote(c), current_version());
    return class_fixed_size_at(c, nullptr);
}

HEDDLE_DONT_LOOK_INSIDE static slots_array* new_slots_slow(long size) {
    auto* slots = heddle::try_make_array<slots_array>(size);
    if (!slots) return nullptr;
    W_Object* value = nil();
    for (long i = 0; i < size; i++) slots->set(i, value);
    return slots;
}
HEDDLE_UNROLL_SAFE static slots_array* new_slots_unrolled(long size) {
    auto* slots = make_array<slots_array>(size);
    W_Object* value = nil();
    for (long i = 0; i < size; i++) slots->set(i, value);
    return slots;
}
slots_array* new_slots(long size) {
    if (size > 24 || (jit::we_are_jitted() && !jit::is_constant(size))) return new_slots_slow(size);
    return new_slots_unrolled(size);
}
W_Pointers* new_array(long size) { return make<W_Pointers>(special_class(special_array), new_slots(size)); }

HEDDLE_DONT_LOOK_INSIDE static W_Object* instantiate_other(W_Class* c, long kind, long size) {
    switch (kind) {
    case kind_bytes: {
        auto* bytes = heddle::try_make_array<byte_array>(size);
        if (!bytes) return nullptr;
        if (size) memset(bytes->data(), 0, static_cast<size_t>(size));
        return make<W_Bytes>(c, bytes);
    }
    case kind_words: {
        auto* words = heddle::try_make_array<word_array>(size);
        if (!words) return nullptr;
        if (size) memset(words->data(), 0, static_cast<size_t>(size) * 4);
        return make<W_Words>(c, words);
    }
    case kind_float: return make_float(0);
    case kind_context: return new_context(c, size);
    default: return nullptr;
    }
}
W_Object* instantiate(W_Class* c, long size) {
    long kind = class_kind(c);
    if (size < 0 || (kind == kind_fixed && size > 0)) return nullptr;
    if (kind > kind_weak) return instantiate_other(c, kind, size);
    slots_array* slots = new_slots(class_fixed_size(c) + size);
    if (!slots) return nullptr;
    if (makes_classes(c)) return make<W_Class>(c, slots);
    return make<W_Pointers>(c, slots);
}

std::string class_name(W_Class* c) {
    if (!c) return "?";
    if (traits.som) return has_slots(c, 4) ? text_of(slot(c, 3)) : "?";
    // A metaclass keeps its only instance in a slot behind the common ones, a class its name in slot 6.
    if (has_slots(c, 7) && is_text(slot(c, 6))) return text_of(slot(c, 6));
    if (has_slots(c, 6))
        for (long i = 5; i < c->size(); i++)
            if (is<W_Class>(slot(c, i)) && static_cast<W_Class*>(slot(c, i))->class_ == c)
                return class_name(static_cast<W_Class*>(slot(c, i))) + " class";
    return "a class without a name";
}
std::string describe(W_Object* o) {
    if (!o) return "null";
    if (o == nil()) return "nil";
    if (o == true_object()) return "true";
    if (o == false_object()) return "false";
    if (is_int(o)) return std::to_string(int_value(o));
    if (is_exact<W_Float>(o)) return std::to_string(float_value(o));
    if (is_text(o)) return "'" + text_of(o) + "'";
    if (is<W_Class>(o)) return class_name(static_cast<W_Class*>(o));
    return "a " + class_name(class_of(o));
}

} // namespace heddle::smalltalk
