// Primitives on the contents of objects: at:, size, new, streams, instance variables, copying, become:, enumeration.
//
// The common cases are plain C++ that traces follow; the others go through contents.cpp.
#include "heap_walk.h"
#include "os_threads.h"
#include "primitive_functions.h"
#include "primitives.h"

namespace heddle::smalltalk {

namespace {
HEDDLE_INLINE bool in_bounds(long index, long length) {
    return static_cast<unsigned long>(index) < static_cast<unsigned long>(length);
}
HEDDLE_INLINE bool has_indexed_slots(W_Class* c) {
    long kind = class_kind(c);
    return kind == kind_pointers || kind == kind_weak;
}
// CompiledMethods, contexts, floats.
HEDDLE_DONT_LOOK_INSIDE W_Object* at_slow(W_Object* o, long index) {
    if (is_exact<W_Method>(o)) {
        auto* method = static_cast<W_Method*>(o);
        // The header's bytes can be read, as in Squeak: endPC looks for zeros before what may be the only bytecode.
        if (index < traits.word_size) {
            int64_t header = 0;
            wide_value(method->literals->get(0), header);
            return make_int(static_cast<long>((header << (traits.wide ? 3 : 1) | 1) >> index * 8 & 255));
        }
        index -= method->literals->length() * traits.word_size;
        return in_bounds(index, method->bytes->length()) ? make_int(method->bytes->get(index)) : nullptr;
    }
    if (is_exact<W_Frame>(o)) return fetch_slot(o, index + 6);
    if (is<W_Pointers>(o)) {
        W_Class* c = class_of(o);
        return has_indexed_slots(c) ? fetch_slot(o, index + class_fixed_size(c)) : nullptr;
    }
    return fetch_slot(o, index);
}
HEDDLE_DONT_LOOK_INSIDE bool at_put_slow(W_Object* o, long index, W_Object* value) {
    if (is_exact<W_Method>(o)) {
        auto* method = static_cast<W_Method*>(o);
        index -= method->literals->length() * traits.word_size;
        if (!in_bounds(index, method->bytes->length())) return false;
        if (!is_int(value) || !in_bounds(int_value(value), 256)) return false;
        method->bytes->set(index, static_cast<uint8_t>(int_value(value)));
        return store_slot(method, 0, method->literals->get(0)); // drops the code
    }
    if (is_exact<W_Frame>(o)) return store_slot(o, index + 6, value);
    if (is<W_Pointers>(o)) {
        W_Class* c = class_of(o);
        return has_indexed_slots(c) && store_slot(o, index + class_fixed_size(c), value);
    }
    return store_slot(o, index, value);
}
} // namespace

W_Object* primitive_basic_at(W_Object* o, W_Object* index_object) {
    if (!is_int(index_object)) return nullptr;
    long index = int_value(index_object) - 1;
    if (index < 0) return nullptr;
    if (is_exact<W_Pointers>(o)) {
        auto* pointers = static_cast<W_Pointers*>(o);
        W_Class* c = pointers->class_;
        if (class_kind(c) != kind_pointers) return at_slow(o, index);
        slots_array* slots = pointers->slots;
        index += class_fixed_size(c);
        return in_bounds(index, slots->length()) ? slots->get(index) : nullptr;
    }
    if (is_exact<W_Bytes>(o)) {
        byte_array* bytes = static_cast<W_Bytes*>(o)->bytes;
        return in_bounds(index, bytes->length()) ? make_int(bytes->get(index)) : nullptr;
    }
    if (is_exact<W_Words>(o)) {
        word_array* words = static_cast<W_Words*>(o)->words;
        return in_bounds(index, words->length()) ? make_word(words->get(index)) : nullptr;
    }
    return at_slow(o, index);
}
W_Object* primitive_basic_at_put(W_Object* o, W_Object* index_object, W_Object* value) {
    if (!is_int(index_object)) return nullptr;
    long index = int_value(index_object) - 1;
    if (index < 0) return nullptr;
    if (is_exact<W_Pointers>(o)) {
        auto* pointers = static_cast<W_Pointers*>(o);
        W_Class* c = pointers->class_;
        if (class_kind(c) != kind_pointers) return at_put_slow(o, index, value) ? value : nullptr;
        slots_array* slots = pointers->slots;
        index += class_fixed_size(c);
        if (!in_bounds(index, slots->length())) return nullptr;
        slots->set(index, value);
        return value;
    }
    if (is_exact<W_Bytes>(o) && is_int(value)) {
        byte_array* bytes = static_cast<W_Bytes*>(o)->bytes;
        if (!in_bounds(index, bytes->length()) || !in_bounds(int_value(value), 256)) return nullptr;
        bytes->set(index, static_cast<uint8_t>(int_value(value)));
        return value;
    }
    if (is_exact<W_Words>(o) && is_int(value)) {
        word_array* words = static_cast<W_Words*>(o)->words;
        if (!in_bounds(index, words->length()) || !is_word(int_value(value))) return nullptr;
        words->set(index, static_cast<uint32_t>(int_value(value)));
        return value;
    }
    return at_put_slow(o, index, value) ? value : nullptr;
}
W_Object* primitive_size(W_Object* o) {
    if (is_exact<W_Pointers>(o)) {
        auto* pointers = static_cast<W_Pointers*>(o);
        W_Class* c = pointers->class_;
        if (!has_indexed_slots(c)) return nullptr;
        return make_int(pointers->slots->length() - class_fixed_size(c));
    }
    if (is_exact<W_Bytes>(o)) return make_int(static_cast<W_Bytes*>(o)->bytes->length());
    long size = indexable_size(o);
    return size < 0 ? nullptr : make_int(size);
}
HEDDLE_ELIDABLE static W_Object* table_character(long code) { return character_table->get(code); }
static HEDDLE_INLINE long character_code(W_Object* o) { // -1: no character
    if (is_exact<W_Character>(o)) return static_cast<W_Character*>(o)->value;
    if (is_exact<W_Pointers>(o) && static_cast<W_Pointers*>(o)->class_ == character_root.get()) {
        W_Object* value = slot(o, 0);
        if (is_int(value)) return int_value(value);
    }
    return -1;
}
W_Object* primitive_string_at(W_Object* o, W_Object* index_object) {
    if (!is_int(index_object)) return nullptr;
    long index = int_value(index_object) - 1;
    if (is_exact<W_Bytes>(o)) {
        byte_array* bytes = static_cast<W_Bytes*>(o)->bytes;
        if (!in_bounds(index, bytes->length())) return nullptr;
        return table_character(bytes->get(index));
    }
    if (!is_exact<W_Words>(o) || !in_bounds(index, static_cast<W_Words*>(o)->words->length())) return nullptr;
    return make_character(static_cast<W_Words*>(o)->words->get(index));
}
W_Object* primitive_string_at_put(W_Object* o, W_Object* index_object, W_Object* value) {
    if (!is_int(index_object)) return nullptr;
    long index = int_value(index_object) - 1, code = character_code(value);
    if (is_exact<W_Bytes>(o)) {
        byte_array* bytes = static_cast<W_Bytes*>(o)->bytes;
        if (!in_bounds(index, bytes->length()) || !in_bounds(code, 256)) return nullptr;
        bytes->set(index, static_cast<uint8_t>(code));
        return value;
    }
    if (!is_exact<W_Words>(o) || code < 0 || !in_bounds(index, static_cast<W_Words*>(o)->words->length()))
        return nullptr;
    static_cast<W_Words*>(o)->words->set(index, static_cast<uint32_t>(code));
    return value;
}

// ---- streams on Arrays and Strings: array, position, limit
W_Object* primitive_stream_next(W_Object* stream) {
    if (!has_slots(stream, 3) || !is_int(slot(stream, 1)) || !is_int(slot(stream, 2))) return nullptr;
    long position = int_value(slot(stream, 1));
    if (position < 0 || position >= int_value(slot(stream, 2))) return nullptr;
    W_Object* items = slot(stream, 0);
    W_Object* result = nullptr;
    if (is_exact<W_Bytes>(items) && static_cast<W_Bytes*>(items)->class_ == special_class_constant(special_string))
        result = primitive_string_at(items, make_int(position + 1));
    else if (is_exact<W_Pointers>(items) &&
             static_cast<W_Pointers*>(items)->class_ == special_class_constant(special_array))
        result = primitive_basic_at(items, make_int(position + 1));
    if (!result) return nullptr;
    set_slot(stream, 1, make_int(position + 1));
    return result;
}
W_Object* primitive_stream_next_put(W_Object* stream, W_Object* value) {
    // The third variable of a WriteStream is what has been read, the fourth what may be written.
    if (!has_slots(stream, 4) || !is_int(slot(stream, 1)) || !is_int(slot(stream, 3))) return nullptr;
    long position = int_value(slot(stream, 1));
    if (position < 0 || position >= int_value(slot(stream, 3))) return nullptr;
    W_Object* items = slot(stream, 0);
    W_Object* result = nullptr;
    if (is_exact<W_Bytes>(items) && static_cast<W_Bytes*>(items)->class_ == special_class_constant(special_string))
        result = primitive_string_at_put(items, make_int(position + 1), value);
    else if (is_exact<W_Pointers>(items) &&
             static_cast<W_Pointers*>(items)->class_ == special_class_constant(special_array))
        result = primitive_basic_at_put(items, make_int(position + 1), value);
    if (!result) return nullptr;
    set_slot(stream, 1, make_int(position + 1));
    return value;
}
W_Object* primitive_stream_at_end(W_Object* stream) {
    if (!has_slots(stream, 3) || !is_int(slot(stream, 1)) || !is_int(slot(stream, 2))) return nullptr;
    return boolean(int_value(slot(stream, 1)) >= int_value(slot(stream, 2)));
}

// ---- named access
W_Object* primitive_instance_variable_at(W_Object* o, W_Object* index) {
    if (!is_int(index) || is_int(o)) return nullptr;
    return fetch_slot(o, int_value(index) - 1);
}
W_Object* primitive_instance_variable_at_put(W_Object* o, W_Object* index, W_Object* value) {
    if (!is_int(index) || is_int(o)) return nullptr;
    return store_slot(o, int_value(index) - 1, value) ? value : nullptr;
}
W_Object* primitive_method_literal_at(W_Object* o, W_Object* index) {
    return is_exact<W_Method>(o) ? primitive_instance_variable_at(o, index) : nullptr;
}
W_Object* primitive_method_literal_at_put(W_Object* o, W_Object* index, W_Object* value) {
    return is_exact<W_Method>(o) ? primitive_instance_variable_at_put(o, index, value) : nullptr;
}
W_Object* primitive_context_at(W_Object* o, W_Object* index) {
    if (!is_exact<W_Frame>(o) || !is_int(index) || int_value(index) < 1) return nullptr;
    return fetch_slot(o, int_value(index) + 5);
}
W_Object* primitive_context_at_put(W_Object* o, W_Object* index, W_Object* value) {
    if (!is_exact<W_Frame>(o) || !is_int(index) || int_value(index) < 1) return nullptr;
    return store_slot(o, int_value(index) + 5, value) ? value : nullptr;
}
W_Object* primitive_context_stack_size(W_Object* o) { return is_exact<W_Frame>(o) ? fetch_slot(o, 2) : nullptr; }
W_Object* primitive_store_stack_pointer(W_Object* o, W_Object* value) {
    return is_exact<W_Frame>(o) && store_slot(o, 2, value) ? o : nullptr;
}
W_Object* quick_primitive(W_Object* receiver, long number) {
    switch (number) {
    case 256: return receiver;
    case 257: return true_object();
    case 258: return false_object();
    case 259: return nil();
    case 260:
    case 261:
    case 262:
    case 263: return make_int(number - 261);
    }
    long index = number - 264;
    if (is<W_Pointers>(receiver)) {
        slots_array* slots = static_cast<W_Pointers*>(receiver)->slots;
        return index < slots->length() ? slots->get(index) : nil();
    }
    return fetch_slot(receiver, index);
}

// ---- new objects
W_Object* primitive_new_instance(W_Object* c) {
    if (!is_exact<W_Class>(c)) return nullptr;
    return instantiate(jit::promote(static_cast<W_Class*>(c)), 0);
}
W_Object* primitive_new_with_size(W_Object* c, W_Object* size) {
    if (!is_exact<W_Class>(c) || !is_int(size)) return nullptr;
    if (int_value(size) > 1L << 30) return nullptr;
    return instantiate(jit::promote(static_cast<W_Class*>(c)), int_value(size));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_new_method(W_Object* c, W_Object* count, W_Object* header) {
    long word;
    if (!is_exact<W_Class>(c) || !is_int(count) || !in_bounds(int_value(count), 1 << 24) || !header_value(header, word))
        return nullptr;
    slots_array* literals = new_slots(method_literal_count(word) + 1);
    byte_array* bytes = heddle::make_array<byte_array>(int_value(count));
    if (bytes->length()) memset(bytes->data(), 0, static_cast<size_t>(bytes->length()));
    literals->set(0, header);
    return make<W_Method>(static_cast<W_Class*>(c), literals, bytes);
}
HEDDLE_DONT_LOOK_INSIDE static slots_array* copy_of(slots_array* slots) {
    slots_array* copy = heddle::make_array<slots_array>(slots->length());
    heddle::copy_items(slots, 0, copy, 0, slots->length());
    return copy;
}
HEDDLE_DONT_LOOK_INSIDE static W_Object* copy_slow(W_Object* o) {
    if (is_exact<W_Bytes>(o)) {
        byte_array* from = static_cast<W_Bytes*>(o)->bytes;
        byte_array* to = heddle::make_array<byte_array>(from->length());
        heddle::copy_items(from, 0, to, 0, from->length());
        return make<W_Bytes>(class_of(o), to);
    }
    if (is_exact<W_Words>(o)) {
        word_array* from = static_cast<W_Words*>(o)->words;
        word_array* to = heddle::make_array<word_array>(from->length());
        heddle::copy_items(from, 0, to, 0, from->length());
        return make<W_Words>(class_of(o), to);
    }
    if (is_exact<W_Method>(o)) {
        auto* method = static_cast<W_Method*>(o);
        slots_array* literals = copy_of(method->literals);
        byte_array* bytes = heddle::make_array<byte_array>(method->bytes->length());
        heddle::copy_items(method->bytes.get(), 0, bytes, 0, bytes->length());
        return make<W_Method>(class_of(o), literals, bytes);
    }
    if (is_exact<W_Class>(o)) return make<W_Class>(class_of(o), copy_of(static_cast<W_Class*>(o)->slots));
    if (is_exact<W_Float>(o)) return make_float(float_value(o));
    if (is_exact<W_Frame>(o)) {
        auto* frame = static_cast<W_Frame*>(o);
        frame_slots* slots = heddle::make_array<frame_slots>(frame->slots->length());
        heddle::copy_items(frame->slots.get(), 0, slots, 0, slots->length());
        return make<W_Frame>(frame->class_, frame->code, frame->receiver, slots, frame->sender, frame->state,
                             frame->home, static_cast<frame_kind>(frame->kind.get()), frame->block_entry);
    }
    return nullptr;
}
W_Object* primitive_shallow_copy(W_Object* o) {
    if (!is_exact<W_Pointers>(o)) return copy_slow(o);
    return make<W_Pointers>(class_of(o), copy_of(static_cast<W_Pointers*>(o)->slots));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_copy_from_object(W_Object* o, W_Object* other) {
    if (!is_exact<W_Pointers>(o) || !is_exact<W_Pointers>(other) || class_of(o) != class_of(other)) return nullptr;
    slots_array *to = static_cast<W_Pointers*>(o)->slots, *from = static_cast<W_Pointers*>(other)->slots;
    if (to->length() != from->length()) return nullptr;
    heddle::copy_items(from, 0, to, 0, from->length());
    return o;
}

// replaceFrom: start to: stop with: other startingAt: from
W_Object* primitive_replace_from(W_Object* o, W_Object* start, W_Object* stop, W_Object* other, W_Object* from) {
    if (!is_int(start) || !is_int(stop) || !is_int(from)) return nullptr;
    long first = int_value(start) - 1, count = int_value(stop) - first, other_first = int_value(from) - 1;
    if (first < 0 || count < 0 || other_first < 0) return nullptr;
    if (is_exact<W_Bytes>(o) && is_exact<W_Bytes>(other)) {
        byte_array *to = static_cast<W_Bytes*>(o)->bytes, *source = static_cast<W_Bytes*>(other)->bytes;
        if (first + count > to->length() || other_first + count > source->length()) return nullptr;
        heddle::copy_items(source, other_first, to, first, count);
        return o;
    }
    if (is_exact<W_Pointers>(o) && is_exact<W_Pointers>(other)) {
        W_Class *c = class_of(o), *other_class = class_of(other);
        if (class_kind(c) != kind_pointers || class_kind(other_class) != kind_pointers) return nullptr;
        first += class_fixed_size(c);
        other_first += class_fixed_size(other_class);
        slots_array *to = static_cast<W_Pointers*>(o)->slots, *source = static_cast<W_Pointers*>(other)->slots;
        if (first + count > to->length() || other_first + count > source->length()) return nullptr;
        heddle::copy_items(source, other_first, to, first, count);
        return o;
    }
    if (is_exact<W_Words>(o) && is_exact<W_Words>(other)) {
        word_array *to = static_cast<W_Words*>(o)->words, *source = static_cast<W_Words*>(other)->words;
        if (first + count > to->length() || other_first + count > source->length()) return nullptr;
        heddle::copy_items(source, other_first, to, first, count);
        return o;
    }
    return nullptr;
}

// ---- identity
W_Object* primitive_identical(W_Object* a, W_Object* b) { return boolean(is_identical(a, b)); }
W_Object* primitive_not_identical(W_Object* a, W_Object* b) { return boolean(!is_identical(a, b)); }
W_Object* primitive_class_of_object(W_Object* o) { return class_of(o); }
W_Object* primitive_identity_hash(W_Object* o) {
    if (is_int(o)) return nullptr;
    if (is<W_Instance>(o)) {
        long hash = static_cast<W_Instance*>(o)->hash;
        if (hash) return make_int(hash);
    }
    return make_int(identity_hash(o));
}
W_Object* primitive_behavior_hash(W_Object* o) { return is<W_Class>(o) ? make_int(identity_hash(o)) : nullptr; }
W_Object* primitive_maximum_identity_hash(W_Object*) { return make_int(traits.hash_mask); }
// anInteger asCharacter, or Character value: anInteger
W_Object* primitive_as_character(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    if (count > 1) return nullptr;
    W_Object* code = slots->get(first + count);
    return is_int(code) && int_value(code) >= 0 ? make_character(int_value(code)) : nullptr;
}
W_Object* primitive_immediate_as_integer(W_Object* o) {
    long code = character_code(o);
    return code < 0 ? nullptr : make_int(code);
}
W_Object* primitive_change_class(W_Object* o, W_Object* other) {
    if (!is<W_Instance>(o) || !is<W_Instance>(other)) return nullptr;
    if (gc::type_id_of(o) != gc::type_id_of(other)) return nullptr;
    static_cast<W_Instance*>(o)->class_ = class_of(other);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_points_to(W_Object* o, W_Object* other) {
    if (class_of(o) == other) return true_object();
    if (is_exact<W_Bytes>(o) || is_exact<W_Words>(o) || is_exact<W_Float>(o)) return false_object();
    for (long i = 0; i < slot_count(o); i++)
        if (fetch_slot(o, i) == other) return true_object();
    return false_object();
}

// ---- become:, and what else walks the whole heap: not while threads have objects that no walk sees.
namespace {
template <class T> void swap_members(member<T>& a, member<T>& b) {
    T* kept = a;
    a = b.get();
    b = kept;
}
// Two objects of one kind: their contents are exchanged in place.
bool can_swap(W_Object* a, W_Object* b) {
    return is<W_Instance>(a) && gc::type_id_of(a) == gc::type_id_of(b) && !is_exact<W_Frame>(a);
}
bool swap_contents(W_Object* a, W_Object* b) {
    if (!can_swap(a, b)) return false;
    swap_members(static_cast<W_Instance*>(a)->class_, static_cast<W_Instance*>(b)->class_);
    if (is<W_Pointers>(a)) swap_members(static_cast<W_Pointers*>(a)->slots, static_cast<W_Pointers*>(b)->slots);
    if (is_exact<W_Class>(a)) {
        class_changed(static_cast<W_Class*>(a));
        class_changed(static_cast<W_Class*>(b));
    }
    if (is_exact<W_Bytes>(a)) swap_members(static_cast<W_Bytes*>(a)->bytes, static_cast<W_Bytes*>(b)->bytes);
    if (is_exact<W_Words>(a)) swap_members(static_cast<W_Words*>(a)->words, static_cast<W_Words*>(b)->words);
    if (is_exact<W_Method>(a)) {
        auto *x = static_cast<W_Method*>(a), *y = static_cast<W_Method*>(b);
        swap_members(x->literals, y->literals);
        swap_members(x->bytes, y->bytes);
        x->code = static_cast<Code*>(nullptr);
        y->code = static_cast<Code*>(nullptr);
        bump_version();
    }
    return true;
}
bool has_identity(W_Object* o) { return is<W_Instance>(o); }
bool arrays_fit(W_Object* from, W_Object* to) {
    return is_exact<W_Pointers>(from) && is_exact<W_Pointers>(to) &&
           static_cast<W_Pointers*>(from)->size() == static_cast<W_Pointers*>(to)->size();
}
// The frame goes on with its result on the stack, and reads everything anew.
W_Object* continue_with(W_Frame* frame, W_Object* result) { return unwind_to(frame, result); }

W_Object* become_one_way(W_Frame* frame, W_Object* from_array, W_Object* to_array, bool copy_hash) {
    if (!arrays_fit(from_array, to_array) || has_other_threads()) return nullptr;
    object_list from, to;
    for (long i = 0; i < static_cast<W_Pointers*>(from_array)->size(); i++) {
        W_Object *a = slot(from_array, i), *b = slot(to_array, i);
        if (!has_identity(a)) return nullptr;
        if (copy_hash && has_identity(b)) static_cast<W_Instance*>(b)->hash = static_cast<uint32_t>(identity_hash(a));
        from.push_back(a);
        to.push_back(b);
    }
    set_active_frame(frame);
    replace_references(from, to);
    return continue_with(frame, from_array);
}
} // namespace

HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_become(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    W_Object *from_array = slots->get(first), *to_array = count == 1 ? slots->get(first + 1) : nullptr;
    if (!to_array || !arrays_fit(from_array, to_array)) return nullptr;
    long size = static_cast<W_Pointers*>(from_array)->size();
    for (long i = 0; i < size; i++)
        if (!has_identity(slot(from_array, i)) || !has_identity(slot(to_array, i)) ||
            (has_other_threads() && !can_swap(slot(from_array, i), slot(to_array, i))))
            return nullptr;
    object_list from, to;
    for (long i = 0; i < size; i++) {
        W_Object *a = slot(from_array, i), *b = slot(to_array, i);
        if (a == b || swap_contents(a, b)) continue;
        uint32_t hash = static_cast<uint32_t>(identity_hash(a));
        static_cast<W_Instance*>(a)->hash = static_cast<uint32_t>(identity_hash(b));
        static_cast<W_Instance*>(b)->hash = hash;
        from.push_back(a);
        to.push_back(b);
        from.push_back(b);
        to.push_back(a);
    }
    if (from.empty()) return from_array;
    set_active_frame(frame);
    replace_references(from, to);
    return continue_with(frame, from_array);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_become_one_way(W_Frame* frame, Code*, frame_slots* slots, long first,
                                                           long count) {
    return count == 1 ? become_one_way(frame, slots->get(first), slots->get(first + 1), true) : nullptr;
}
// 249: a second argument says whether the hash goes along.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_become_one_way_keep_hash(W_Frame* frame, Code*, frame_slots* slots,
                                                                     long first, long count) {
    if (count < 1 || count > 2) return nullptr;
    return become_one_way(frame, slots->get(first), slots->get(first + 1),
                          count == 2 && slots->get(first + 2) == true_object());
}

// ---- enumeration. The order is that of one walk, which is kept until the next one starts.
namespace {
root<slots_array> enumerated;
long position = 0;

bool enumerate(W_Frame* frame, W_Object* c) {
    if (has_other_threads()) return false;
    set_active_frame(frame);
    auto wanted = [&](void* each) {
        W_Object* o = as_object(each);
        return has_identity(o) && (!c || class_of(o) == c);
    };
    long count = 0, filled = 0;
    for (void* each : all_objects()) count += wanted(each);
    // Allocating may move objects: the walk is done again.
    slots_array* all = heddle::make_array<slots_array>(count + 64);
    for (void* each : all_objects())
        if (wanted(each) && filled < all->length()) all->set(filled++, as_object(each));
    while (filled < all->length()) all->set(filled++, nullptr);
    enumerated = all;
    position = 0;
    return true;
}
W_Object* next_enumerated(W_Object* after) {
    slots_array* all = enumerated;
    if (!all) return nullptr;
    if (after) {
        if (position >= all->length() || all->get(position) != after)
            for (position = 0; position < all->length() && all->get(position) != after;) position++;
        position++;
    }
    return position < all->length() ? all->get(position) : nullptr;
}
} // namespace

HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_some_instance(W_Frame* frame, Code*, frame_slots* slots, long first,
                                                          long count) {
    if (count != 0) return nullptr;
    return enumerate(frame, slots->get(first)) ? next_enumerated(nullptr) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_next_instance(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    return count == 0 ? next_enumerated(slots->get(first)) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_some_object(W_Frame* frame, Code*, frame_slots*, long, long) {
    return enumerate(frame, nullptr) ? next_enumerated(nullptr) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_next_object(W_Frame*, Code*, frame_slots* slots, long first, long) {
    W_Object* next = next_enumerated(slots->get(first));
    return next ? next : make_int(0);
}
static W_Object* enumerate_into_array(W_Frame* frame, W_Object* c) {
    if (!enumerate(frame, c)) return nullptr;
    long size = 0;
    while (size < enumerated->length() && enumerated->get(size)) size++;
    W_Pointers* array = new_array(size);
    heddle::copy_items(enumerated.get(), 0, array->slots.get(), 0, size);
    return array;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_all_instances(W_Frame* frame, Code*, frame_slots* slots, long first,
                                                          long count) {
    return count == 0 && is<W_Class>(slots->get(first)) ? enumerate_into_array(frame, slots->get(first)) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_every_object(W_Frame* frame, Code*, frame_slots*, long, long) {
    return enumerate_into_array(frame, nullptr);
}

} // namespace heddle::smalltalk
