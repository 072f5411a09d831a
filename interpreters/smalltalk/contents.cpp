// The contents of objects of all kinds, numbered as the image numbers them. Traces inline the common cases in the
// primitives and call these for the rest.
#include "frame.h"

namespace heddle::smalltalk {

namespace {
// A float's two words; the first is the high one whatever the image's order.
uint32_t float_word(W_Float* f, long index) {
    auto bits = std::bit_cast<uint64_t>(f->value.get());
    return static_cast<uint32_t>(index == 0 ? bits >> 32 : bits);
}
void set_float_word(W_Float* f, long index, uint32_t word) {
    auto bits = std::bit_cast<uint64_t>(f->value.get());
    if (index == 0)
        bits = (bits & 0xffffffff) | static_cast<uint64_t>(word) << 32;
    else
        bits = (bits & ~uint64_t{0xffffffff}) | word;
    f->value = std::bit_cast<double>(bits);
}
// A method changed: what is running keeps its code, the next call decodes again.
void method_changed(W_Method* method) {
    if (!method->code) return;
    method->code = static_cast<Code*>(nullptr);
    bump_version();
}
} // namespace

long slot_count(W_Object* o) {
    if (is<W_Pointers>(o)) return static_cast<W_Pointers*>(o)->slots->length();
    if (is_exact<W_Frame>(o)) return context_size(static_cast<W_Frame*>(o));
    if (is_exact<W_Method>(o)) return static_cast<W_Method*>(o)->literals->length();
    if (is_exact<W_Bytes>(o)) return static_cast<W_Bytes*>(o)->bytes->length();
    if (is_exact<W_Words>(o)) return static_cast<W_Words*>(o)->words->length();
    if (is_exact<W_Float>(o)) return 2;
    return 0;
}
W_Object* fetch_slot(W_Object* o, long index) {
    if (index < 0 || index >= slot_count(o)) return nullptr;
    if (is<W_Pointers>(o)) {
        W_Object* value = static_cast<W_Pointers*>(o)->slots->get(index);
        return is_exact<W_WeakSlot>(value) ? strong(value) : value;
    }
    if (is_exact<W_Frame>(o)) return context_fetch(static_cast<W_Frame*>(o), index);
    if (is_exact<W_Method>(o)) return static_cast<W_Method*>(o)->literals->get(index);
    if (is_exact<W_Bytes>(o)) return make_int(static_cast<W_Bytes*>(o)->bytes->get(index));
    if (is_exact<W_Words>(o)) return make_integer_unsigned(static_cast<W_Words*>(o)->words->get(index));
    return make_integer_unsigned(float_word(static_cast<W_Float*>(o), index));
}
bool word_value(W_Object* value, uint32_t& word) {
    if (is_int(value)) {
        word = static_cast<uint32_t>(int_value(value));
        return is_word(int_value(value));
    }
    if (!is_exact<W_Bytes>(value) || class_of(value) != special_at(special_large_positive)) return false;
    byte_array* bytes = static_cast<W_Bytes*>(value)->bytes;
    word = 0;
    for (long i = bytes->length() - 1; i >= 0; i--) {
        if (i >= 4 && bytes->get(i)) return false;
        if (i < 4) word = word << 8 | bytes->get(i);
    }
    return true;
}
W_Class* W_WeakSlot::small_integer_root_class() { return small_integer_class(); }
W_Object* strong(W_Object* weak_slot) {
    W_Object* target = static_cast<W_WeakSlot*>(weak_slot)->target.get();
    return target ? target : nil();
}
static bool is_weak_slot(W_Pointers* o, long index) {
    W_Class* c = o->class_;
    return class_kind_at(c, nullptr) == kind_weak && index >= class_fixed_size_at(c, nullptr);
}
// Numbers and characters have no life of their own; nil stays what it is.
static W_Object* weakly(W_Object* value) {
    if (!is<W_Instance>(value) || value == nil()) return value;
    watch_weak_slots();
    return make<W_WeakSlot>(value);
}
void make_weak(W_Pointers* o) {
    for (long i = 0; i < o->size(); i++)
        if (is_weak_slot(o, i)) o->slots->set(i, weakly(o->slots->get(i)));
}

bool store_slot(W_Object* o, long index, W_Object* value) {
    if (index < 0 || index >= slot_count(o)) return false;
    if (is<W_Pointers>(o)) {
        if (is_weak_slot(static_cast<W_Pointers*>(o), index)) value = weakly(value);
        static_cast<W_Pointers*>(o)->slots->set(index, value);
        if (is_exact<W_Class>(o) && index < 3) class_changed(static_cast<W_Class*>(o));
        return true;
    }
    if (is_exact<W_Frame>(o)) return context_store(static_cast<W_Frame*>(o), index, value);
    if (is_exact<W_Method>(o)) {
        auto* method = static_cast<W_Method*>(o);
        long header;
        if (index == 0 &&
            (!header_value(value, header) || method_literal_count(header) + 1 != method->literals->length()))
            return false;
        method->literals->set(index, value);
        method_changed(method);
        return true;
    }
    uint32_t word;
    if (!word_value(value, word)) return false;
    if (is_exact<W_Bytes>(o)) {
        if (word > 255) return false;
        static_cast<W_Bytes*>(o)->bytes->set(index, static_cast<uint8_t>(word));
    } else if (is_exact<W_Words>(o)) {
        static_cast<W_Words*>(o)->words->set(index, word);
    } else {
        set_float_word(static_cast<W_Float*>(o), index, word);
    }
    return true;
}
long indexable_size(W_Object* o) {
    if (is<W_Pointers>(o)) {
        W_Class* c = class_of(o);
        long kind = class_kind_at(c, nullptr);
        long size = static_cast<W_Pointers*>(o)->slots->length() - class_fixed_size_at(c, nullptr);
        return kind == kind_pointers || kind == kind_weak ? size : -1;
    }
    if (is_exact<W_Method>(o))
        return static_cast<W_Method*>(o)->literals->length() * traits.word_size +
               static_cast<W_Method*>(o)->bytes->length();
    if (is_exact<W_Frame>(o)) return context_size(static_cast<W_Frame*>(o)) - 6;
    if (is_int(o) || is_exact<W_Character>(o)) return -1;
    return slot_count(o);
}

bool is_text(W_Object* o) { return is_exact<W_Bytes>(o); }
std::string text_of(W_Object* o) {
    if (!is_exact<W_Bytes>(o)) return "";
    byte_array* bytes = static_cast<W_Bytes*>(o)->bytes;
    return std::string(reinterpret_cast<const char*>(bytes->items_to_read(0, bytes->length())),
                       static_cast<size_t>(bytes->length()));
}
W_Object* new_string(const std::string& text) {
    byte_array* bytes = heddle::make_array<byte_array>(static_cast<long>(text.size()));
    if (!text.empty()) memcpy(bytes->data(), text.data(), text.size());
    return make<W_Bytes>(special_class(special_string), bytes);
}

} // namespace heddle::smalltalk
