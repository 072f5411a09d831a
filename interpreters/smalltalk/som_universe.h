// The world that SOM programs run in: classes made from .som files, symbols, globals.
//
// SOM's objects are those of the images (object.h). A class has six slots of its own, then its class-side fields. A
// large integer's class is a hidden subclass of Integer, one for each sign. A method's literals end in an association
// of its selector and its holder, as in Squeak, so `super` is found the same way.
#pragma once
#include "frame.h"
#include "primitives.h"
#include <string>
#include <vector>

namespace heddle::smalltalk {

// A global's value is a constant in traces; changing it is rare.
struct W_Global : W_Object {
    explicit W_Global(W_Object* n) : name(n), value(nullptr) {}
    W_Class* get_class() override { return small_integer_class(); } // never seen by programs
    W_Object* const name;
    HEDDLE_QUASI_IMMUTABLE member<W_Object> value; // null: unknown
    HEDDLE_GC_CLASS(W_Global, W_Object, name, value)
};

HEDDLE_ELIDABLE inline bool is_som() { return traits.som; }

// A variable that closures share, and may change.
struct W_Shared : W_Object {
    explicit W_Shared(W_Object* v) : value(v) {}
    W_Class* get_class() override { return small_integer_class(); } // never seen by programs
    member<W_Object> value;
    HEDDLE_GC_CLASS(W_Shared, W_Object, value)
};
// SOM's blocks never change: what traces have found out about one holds.
struct copied_tag {
    static constexpr bool immutable = true;
};
using copied_values = heddle::array<member<W_Object>, copied_tag>;
struct W_Block : W_Instance {
    W_Block(W_Class* c, Code* k, W_Object* r, W_Frame* o, copied_values* v)
        : W_Instance(c, 0), code(k), receiver(r), outer(o), copied(v) {}
    Code* const code;
    W_Object* const receiver;
    W_Frame* const outer; // null: no `^` in it
    copied_values* const copied;
    HEDDLE_GC_CLASS(W_Block, W_Instance, code, receiver, outer, copied)
};

namespace som {
enum class_slot : long { slot_superclass, slot_dictionary, slot_format, slot_name, slot_fields, slot_methods };
constexpr long first_class_field = 6;

// Special objects that only SOM has, behind the images'.
enum som_special : long {
    special_symbol = 64,
    special_no_block, // its place: special_block_1 is that of blocks without arguments
    special_block_1,
    special_block_2,
    special_block_3,
    special_method,
    special_primitive,
    special_escaped_block, // the selectors of the VM's own messages
    special_unknown_global,
    special_count,
};

// Makes the universe and the frame that runs `class_name`'s program. Null: `error` says why not.
W_Frame* start(const std::vector<std::string>& class_path, const std::string& class_name,
               const std::vector<std::string>& arguments, std::string& error);

W_Object* make_block(W_Frame* frame, W_Method* method, frame_slots* stack, long first, long copied,
                     bool needs_no_context);
W_Object* intern(const std::string& text);
W_Global* global_named(W_Object* symbol);
HEDDLE_DONT_LOOK_INSIDE void set_global(W_Object* symbol, W_Object* value);
// Null: there is no such file, or `error` says what is wrong with it.
W_Class* load_class(const std::string& name, std::string& error);
uint32_t hash_of(const std::string& text); // of strings and symbols: equal texts have equal hashes
W_Object* make_string(const std::string& text);
HEDDLE_ELIDABLE W_Object* one_byte_text(long byte); // made once
inline W_Object* selector_of(W_Method* method) {
    return slot(method->literals->get(method->literals->length() - 1), 0);
}
inline W_Object* holder_of(W_Method* method) { return slot(method->literals->get(method->literals->length() - 1), 1); }
HEDDLE_DONT_LOOK_INSIDE bool is_large_integer(W_Object* o);
HEDDLE_DONT_LOOK_INSIDE void no_number(W_Frame* frame, W_Object* o, W_Object* selector); // the program ends
HEDDLE_DONT_LOOK_INSIDE W_Object* escaped_block(W_Frame* frame);
HEDDLE_DONT_LOOK_INSIDE W_Object* unknown_global(W_Frame* frame, W_Global* global);
} // namespace som

} // namespace heddle::smalltalk
