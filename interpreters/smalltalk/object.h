// Smalltalk's objects in Heddle's heap.
//
// A SmallInteger is a W_Int, an immediate or table character of Spur a W_Character, any float a W_Float: these have no
// identity, `==` compares values (is_identical). Everything else is a W_Instance: a class, a hash, and its contents in
// a separate array, so that become: swaps the contents of two objects. A W_Class is a W_Pointers that is, or may be,
// the class of other objects; a W_Method is a CompiledMethod, a W_Frame (frame.h) a context. Slots are never null, save
// those of a frame above its stack pointer.
//
// A SmallInteger, an index and a length are a long, which has 32 bits on a 32-bit target. What needs 64 there too, as
// times and file positions, is an int64_t, in functions that are called, not traced (docs/porting.md).
#pragma once
#include "heddle/heddle.h"
#include <algorithm>
#include <climits>
#include <cstdint>
#include <string>

namespace heddle::smalltalk {

constexpr long long_bits = static_cast<long>(sizeof(long) * 8);

struct W_Class;
struct W_Frame;
struct Code;

struct W_Object : heddle::object {
    virtual W_Class* get_class() = 0;
    HEDDLE_GC_CLASS(W_Object, heddle::object)
};
using slots_array = heddle::array<member<W_Object>>;
using byte_array = heddle::array<field<uint8_t>>;
using word_array = heddle::array<field<uint32_t>>;

struct W_Int : W_Object {
    explicit W_Int(long v) : value(v) {}
    W_Class* get_class() override;
    const long value;
    HEDDLE_GC_CLASS(W_Int, W_Object, value)
};
struct W_Character : W_Object {
    explicit W_Character(long v) : value(v) {}
    W_Class* get_class() override;
    const long value;
    HEDDLE_GC_CLASS(W_Character, W_Object, value)
};
struct W_Float : W_Object {
    explicit W_Float(double v) : value(v) {}
    W_Class* get_class() override;
    field<double> value; // changes only while somebody builds a float word by word
    HEDDLE_GC_CLASS(W_Float, W_Object, value)
};

struct W_Instance : W_Object {
    W_Instance(W_Class* c, uint32_t h) : class_(c), hash(h) {}
    W_Class* get_class() override { return class_; }
    member<W_Class> class_;
    field<uint32_t> hash; // 0: not asked for yet
    HEDDLE_GC_CLASS(W_Instance, W_Object, class_, hash)
};
struct W_Pointers : W_Instance {
    W_Pointers(W_Class* c, slots_array* s, uint32_t h = 0) : W_Instance(c, h), slots(s) {}
    HEDDLE_INLINE long size() { return slots->length(); }
    member<slots_array> slots;
    HEDDLE_GC_CLASS(W_Pointers, W_Instance, slots)
};
// What the slots 0 (superclass), 1 (method dictionary) and 2 (format) say about instances is kept decoded.
struct W_Class : W_Pointers {
    W_Class(W_Class* c, slots_array* s, uint32_t h = 0)
        : W_Pointers(c, s, h), fixed_size(0), kind(-1), instances_are_classes(0) {}
    field<long> fixed_size; // named variables of an instance
    field<long> kind;       // an instance_kind; -1: slot 2 was changed, decode it again
    field<long> instances_are_classes;
    HEDDLE_GC_CLASS(W_Class, W_Pointers, fixed_size, kind, instances_are_classes)
};
struct W_Bytes : W_Instance {
    W_Bytes(W_Class* c, byte_array* b, uint32_t h = 0) : W_Instance(c, h), bytes(b) {}
    member<byte_array> bytes;
    HEDDLE_GC_CLASS(W_Bytes, W_Instance, bytes)
};
struct W_Words : W_Instance {
    W_Words(W_Class* c, word_array* w, uint32_t h = 0) : W_Instance(c, h), words(w) {}
    member<word_array> words;
    HEDDLE_GC_CLASS(W_Words, W_Instance, words)
};
// What a weak object's indexed slot holds instead of an object.
struct W_WeakSlot : W_Object {
    explicit W_WeakSlot(W_Object* o) : target(o) {}
    W_Class* get_class() override { return small_integer_root_class(); } // never seen by programs
    weak_member<W_Object> target;
    static W_Class* small_integer_root_class();
    HEDDLE_GC_CLASS(W_WeakSlot, W_Object, target)
};
W_Object* strong(W_Object* weak_slot); // its target; nil: that has died

// A CompiledMethod as the image sees it. `code` is what runs: decoded when first needed, dropped at each change.
struct W_Method : W_Instance {
    W_Method(W_Class* c, slots_array* l, byte_array* b, uint32_t h = 0)
        : W_Instance(c, h), literals(l), bytes(b), code(nullptr) {}
    member<slots_array> literals; // the first is the header, a SmallInteger
    member<byte_array> bytes;
    member<Code> code;
    HEDDLE_GC_CLASS(W_Method, W_Instance, literals, bytes, code)
};

// How the instances of a class are laid out.
enum instance_kind : long {
    kind_fixed,    // named variables only
    kind_pointers, // named variables and indexed ones
    kind_weak,     // the same; objects in indexed slots are in W_WeakSlots
    kind_bytes,
    kind_words,
    kind_method,
    kind_float,
    kind_context,
    kind_immediate, // SmallInteger, Character of Spur: new is refused
};

// The image's special objects, by their index in the special objects array.
enum special : long {
    special_nil = 0,
    special_false = 1,
    special_true = 2,
    special_scheduler = 3,
    special_bitmap = 4,
    special_small_integer = 5,
    special_string = 6,
    special_array = 7,
    special_float = 9,
    special_method_context = 10,
    special_block_context = 11,
    special_point = 12,
    special_large_positive = 13,
    special_display = 14,
    special_message = 15,
    special_compiled_method = 16,
    special_semaphore = 18,
    special_character = 19,
    special_does_not_understand = 20,
    special_cannot_return = 21,
    special_selectors = 23,
    special_character_table = 24,
    special_must_be_boolean = 25,
    special_byte_array = 26,
    special_process = 27,
    special_compact_classes = 28,
    special_timer_semaphore = 29,
    special_interrupt_semaphore = 30,
    special_cannot_interpret = 34,
    special_block_closure = 36,
    special_full_block_closure = 37,
    special_external_objects = 38,
    special_finalization_semaphore = 41,
    special_large_negative = 42,
    special_about_to_return = 48,
};

// Which conventions the image follows.
struct image_traits {
    long version = 0;   // 6502...
    bool spur = false;  // else V3
    bool wide = false;  // 64-bit words: SmallIntegers of 61 bits, or of 31 where a long has 32
    bool som = false;   // no image: SOM's world (som_universe.h), SmallIntegers are all that a long holds
    long word_size = 4; // bytes in a pointer, for program counters and sizes
    uint32_t hash_mask = 0xfff;
    uint64_t header_flags = 0; // of the image's file
};
HEDDLE_SET_AT_START extern image_traits traits;

extern root<W_Pointers> special_objects;
extern root<W_Object> nil_root, true_root, false_root;
extern root<W_Class> small_integer_root, float_root, character_root, small_float_root;
extern root<slots_array> character_table; // the 256 characters of a V3 image, or W_Characters

HEDDLE_ELIDABLE inline W_Class* small_integer_class() { return small_integer_root; }
HEDDLE_ELIDABLE inline W_Object* nil() { return nil_root; }
HEDDLE_ELIDABLE inline W_Object* true_object() { return true_root; }
HEDDLE_ELIDABLE inline W_Object* false_object() { return false_root; }
HEDDLE_INLINE W_Object* boolean(bool b) {
    if (b) return true_object();
    return false_object();
}
W_Object* special_at(long index); // nil if the image has fewer
inline W_Class* special_class(long index) {
    W_Object* o = special_at(index);
    return is<W_Class>(o) ? static_cast<W_Class*>(o) : nullptr;
}

HEDDLE_ELIDABLE long small_minimum();
HEDDLE_ELIDABLE long small_maximum();
HEDDLE_INLINE bool fits_small(long value) {
    // Unsigned: SOM's range is that of a long, whose differences would overflow.
    auto lowest = static_cast<unsigned long>(small_minimum());
    return static_cast<unsigned long>(value) - lowest <= static_cast<unsigned long>(small_maximum()) - lowest;
}
HEDDLE_INLINE W_Object* make_int(long value) { return make<W_Int>(value); } // the caller knows that it fits
HEDDLE_INLINE W_Object* make_float(double value) { return make<W_Float>(value); }
HEDDLE_INLINE bool is_int(W_Object* o) { return is_exact<W_Int>(o); }
HEDDLE_INLINE long int_value(W_Object* o) { return static_cast<W_Int*>(o)->value; }
HEDDLE_INLINE double float_value(W_Object* o) { return static_cast<W_Float*>(o)->value; }
W_Object* make_integer(long value);                                             // large when it must be
HEDDLE_DONT_LOOK_INSIDE W_Object* make_wide_integer(int64_t value);             // the same
HEDDLE_DONT_LOOK_INSIDE W_Object* integer_from_text(const std::string& digits); // null: it is none
// Of large integers (primitives_large.cpp).
HEDDLE_DONT_LOOK_INSIDE double large_to_double(W_Object* o);
HEDDLE_DONT_LOOK_INSIDE W_Object* large_from_double(double whole);
HEDDLE_DONT_LOOK_INSIDE int large_low_32_bits(W_Object* o);           // two's complement
HEDDLE_DONT_LOOK_INSIDE bool wide_value(W_Object* o, int64_t& value); // false: no integer of up to 63 bits
std::string large_to_text(W_Object* o);
HEDDLE_DONT_LOOK_INSIDE W_Object* make_integer_unsigned(unsigned long value);
HEDDLE_INLINE W_Object* make_word(uint32_t word) {
    if (word <= static_cast<unsigned long>(small_maximum())) return make_int(static_cast<long>(word));
    return make_integer_unsigned(word);
}
// Is a SmallInteger an unsigned number of 32 bits?
HEDDLE_INLINE bool is_word(long value) {
    return static_cast<unsigned long>(value) <= std::min<unsigned long>(0xffffffffUL, LONG_MAX);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* make_character(long code);

HEDDLE_INLINE W_Class* class_of(W_Object* o) {
    if (is_exact<W_Pointers>(o)) return static_cast<W_Pointers*>(o)->class_;
    return o->get_class();
}
HEDDLE_DONT_LOOK_INSIDE bool same_value(W_Object* a, W_Object* b);
HEDDLE_INLINE bool is_identical(W_Object* a, W_Object* b) {
    if (a == b) return true;
    if (is_exact<W_Int>(a)) return is_exact<W_Int>(b) && int_value(a) == int_value(b);
    if (is<W_Instance>(a)) return false;
    return same_value(a, b);
}
HEDDLE_DONT_LOOK_INSIDE long identity_hash(W_Object* o);

// ---- classes (classes.cpp)
HEDDLE_DONT_LOOK_INSIDE void decode_class(W_Class* c); // fills fixed_size and kind from slot 2
HEDDLE_DONT_LOOK_INSIDE void class_changed(W_Class* c);
HEDDLE_ELIDABLE long class_kind_at(W_Class* c, heddle::object* version);
HEDDLE_ELIDABLE long class_fixed_size_at(W_Class* c, heddle::object* version);
HEDDLE_ELIDABLE bool makes_classes_at(W_Class* c, heddle::object* version);
long class_kind(W_Class* c);
long class_fixed_size(W_Class* c);
bool inherits_from(W_Class* c, W_Object* ancestor);
W_Object* instantiate(W_Class* c, long size); // null: it can't be made
std::string class_name(W_Class* c);           // "Foo", "Foo class"
std::string describe(W_Object* o);            // for logs and errors

// ---- contents, by the image's numbering from 0: every kind of object (contents.cpp)
HEDDLE_DONT_LOOK_INSIDE long slot_count(W_Object* o); // pointers that instVarAt: reaches; 0 for data
HEDDLE_DONT_LOOK_INSIDE W_Object* fetch_slot(W_Object* o, long index);
HEDDLE_DONT_LOOK_INSIDE bool store_slot(W_Object* o, long index, W_Object* value); // false: it can't be stored
void make_weak(W_Pointers* o); // an object whose slots were filled without store_slot
void watch_weak_slots();       // from now on the image is told when the target of one has died (process.cpp)
bool word_value(W_Object* o, uint32_t& word);             // false: it is no unsigned integer of 32 bits
HEDDLE_DONT_LOOK_INSIDE long indexable_size(W_Object* o); // what size answers; -1: not indexable
W_Object* new_string(const std::string& text);
std::string text_of(W_Object* o); // a String's or Symbol's bytes; "" for others
bool is_text(W_Object* o);
W_Pointers* new_array(long size);   // of nils
slots_array* new_slots(long size);  // of nils
extern root<W_Class> behavior_root; // the ancestor of all classes of classes; may be null
HEDDLE_INLINE W_Object* slot(W_Object* o, long index) { return static_cast<W_Pointers*>(o)->slots->get(index); }
HEDDLE_INLINE void set_slot(W_Object* o, long index, W_Object* value) {
    static_cast<W_Pointers*>(o)->slots->set(index, value);
}
HEDDLE_INLINE bool has_slots(W_Object* o, long count) {
    return is<W_Pointers>(o) && static_cast<W_Pointers*>(o)->slots->length() >= count;
}

// ---- the version: a new object whenever lookups or layouts may have changed (lookup.cpp)
struct Version : heddle::object {
    HEDDLE_GC_CLASS(Version, heddle::object)
};
struct World : heddle::object {
    explicit World(Version* v) : version(v) {}
    HEDDLE_QUASI_IMMUTABLE member<Version> version;
    HEDDLE_GC_CLASS(World, heddle::object, version)
};
extern root<World> the_world;
HEDDLE_ELIDABLE inline World* world() { return the_world; }
HEDDLE_INLINE Version* current_version() { return world()->version; } // in traces a constant that costs nothing
HEDDLE_DONT_LOOK_INSIDE void bump_version();

} // namespace heddle::smalltalk
