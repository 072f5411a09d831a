// Primitives: what run_primitive offers the interpreter, and what the files primitives_*.cpp share.
//
// A primitive answers its result; null: it failed, and the method's own code runs. A control primitive may instead
// leave an Unwind pending. The table is primitives.def.
#pragma once
#include "frame.h"
#include <string>
#include <vector>

namespace heddle::smalltalk {

W_Object* run_primitive(W_Frame* frame, Code* target, long number, frame_slots* slots, long first, long count);
// The number to dispatch on: 0 if nothing does this primitive (it is noted for --log primitives), or the number that a
// named primitive (117) was given.
long usable_primitive(W_Method* method, long number);
std::vector<std::string> missing_primitives();
void note_missing_primitive(const std::string& name);
long som_primitive(const std::string& class_name, const std::string& selector); // its number; 0: there is none

// ---- support.cpp: the rare paths of the interpreter
HEDDLE_DONT_LOOK_INSIDE Code* cached_lookup(W_Class* c, W_Object* selector);
HEDDLE_DONT_LOOK_INSIDE W_Object* wrong_argument_count(W_Frame* frame, Code* target, frame_slots* slots, long first,
                                                       long count);
HEDDLE_DONT_LOOK_INSIDE W_Object* illegal_instruction(W_Frame* frame, Code* code, long instruction);
HEDDLE_DONT_LOOK_INSIDE W_Object* return_elsewhere(W_Frame* callee, W_Object* result);
HEDDLE_ELIDABLE bool code_is_unwind_marked(Code* code);
HEDDLE_INLINE bool is_unwind_marked(W_Frame* frame) {
    return frame->kind == frame_method && frame->code && code_is_unwind_marked(jit::promote(frame->code.get()));
}
HEDDLE_INLINE bool fits_code(Code* code, W_Frame* frame, long instruction, long depth, bool has_value) {
    return frame->code == code && instruction < code->depths->length() &&
           code->depths->get(instruction) == depth + (has_value ? 1 : 0);
}
HEDDLE_ELIDABLE W_Class* special_class_constant(long index);
std::string describe_method(Code* code); // "Foo>>bar:"
W_Object* make_point(W_Object* x, W_Object* y);

constexpr int64_t seconds_from_1901(int64_t unix_seconds) { return unix_seconds + 2177452800; } // as images count

// ---- primitives_files.cpp, for everything that opens something outside the image
// A ByteArray that stands for the entry `index` of a table of this session; those that a snapshot held are refused.
W_Object* make_handle(uint32_t index, uint32_t kind);
long handle_index(W_Object* handle, uint32_t kind); // -1: it is no such handle
// The items [start, start + count) of a byte or word object, `bytes` long; null: out of bounds.
char* buffer_bytes(W_Object* o, W_Object* start, W_Object* count, size_t& bytes);

} // namespace heddle::smalltalk
