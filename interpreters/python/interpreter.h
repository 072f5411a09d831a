// What the instruction loop (interpreter.cpp) calls: one function for each instruction that is more than a line.
// They return null (or Result failure) with the error pending.
#pragma once
#include "operations.h"

namespace heddle::python {

// inline_cache.cpp
W_Object* load_global(W_Code* code, W_Frame* frame, long instruction, long name_index);
W_Object* load_attribute(W_Code* code, W_Object* o, long instruction, long name_index);
// Puts the callable into slots[target] and self (or null) into slots[target + 1].
Result<void> load_method(W_Code* code, frame_slots* slots, long target, W_Object* o, long instruction, long name_index);
Result<void> store_attribute(W_Code* code, W_Object* o, W_Object* value, long instruction, long name_index);

// instructions.cpp
Result<void> store_global(W_Frame* frame, W_Str* name, W_Object* value);
W_Object* load_name(W_Frame* frame, W_Str* name);
Result<void> store_name(W_Frame* frame, W_Str* name, W_Object* value);
Result<void> delete_name(W_Frame* frame, W_Str* name);
Result<void> delete_global(W_Frame* frame, W_Str* name);
W_Object* load_class_dereference(W_Frame* frame, W_Code* code, long slot);
HEDDLE_DONT_LOOK_INSIDE failure_type raise_unbound(W_Code* code, long slot);
void copy_free_variables(W_Frame* frame, W_Code* code, long count);
// Some of an array's items, in a new array of the wanted class.
template <class To, class From> HEDDLE_UNROLL_SAFE To* take_items(From* from, long first, long count) {
    auto* taken = make_array<To>(count);
    for (long i = 0; i < count; i++) taken->set(i, from->get(first + i));
    return taken;
}
HEDDLE_INLINE object_array* take_slots(frame_slots* slots, long first, long count) {
    return take_items<object_array>(slots, first, count);
}
W_Object* build_list(frame_slots* slots, long first, long count);
Result<W_Object*> build_set(frame_slots* slots, long first, long count);
Result<W_Object*> build_map(frame_slots* slots, long first, long count);
Result<W_Object*> build_const_key_map(frame_slots* slots, long first, long count, W_Tuple* keys);
Result<W_Object*> build_string(frame_slots* slots, long first, long count);
Result<W_Object*> format_instruction(W_Object* value, W_Object* specification, long conversion);
Result<void> unpack_sequence(W_Object* value, frame_slots* slots, long first, long count);
Result<void> unpack_extended(W_Object* value, frame_slots* slots, long first, long before, long after);
W_Object* make_function(W_Frame* frame, frame_slots* slots, long depth,
                        long flags);           // the code object lies at depth - 1
std::string callable_text(W_Object* callable); // "module.f()", as errors about its arguments name it
HEDDLE_DONT_LOOK_INSIDE Result<void> update_with_mapping(W_Dict* dict, W_Object* other); // {**other}
HEDDLE_DONT_LOOK_INSIDE Result<void> dict_merge(W_Dict* dict, W_Object* other, W_Object* callable);
Result<W_Object*> call_keywords(W_Object* callable, frame_slots* slots, long first, long count, W_Object* names);
Result<W_Object*> call_unpacked(W_Object* callable, W_Object* positional, W_Object* keywords);
Result<W_Object*> load_super(W_Object* super, W_Object* type, W_Object* self);
Result<void> load_super_method(frame_slots* slots, long target, W_Object* super, W_Object* type, W_Object* self,
                               W_Str* name);
Result<bool> exception_matches(W_Object* exception, W_Object* type);
Result<void> before_with(frame_slots* slots, long depth); // manager at depth - 1 -> exit, result
Result<W_Object*> with_exception(W_Object* exit, W_Object* exception);
W_Object* make_generator(W_Frame* frame, long instruction, long depth);
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> yield_from_iterator(W_Object* o);
W_Object* send_value(W_Object* delegate, W_Object* value); // null without a pending error: it returned...
W_Object* take_generator_result();                         // ... this
void set_generator_result(W_Object* value);
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> match_keys(W_Object* mapping, W_Object* keys);
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> match_class(W_Object* subject, W_Object* type, W_Object* names,
                                                      long positional);
bool matches_mapping(W_Object* o);
bool matches_sequence(W_Object* o);
HEDDLE_DONT_LOOK_INSIDE Result<void> run_pending_actions(); // finalizers, KeyboardInterrupt, MemoryError
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> print_expression(W_Object* value);
void setup_annotations(W_Frame* frame);

// drain.cpp: what a built-in function does with all items of a generator for which can_drain is true. start: the list
// or set to fill, or the sum so far, or the answer of any and all for no items; for max and min the generator itself,
// which is also their answer for no items.
enum class drain_purpose : long { list, set, sum, any, all, max, min };
// Whether max() (gt) or min() (lt) prefers item.
HEDDLE_INLINE Result<bool> is_better(compare_op op, W_Object* item, W_Object* best) {
    if (is_exact<W_Int>(item) && is_exact<W_Int>(best)) {
        long x = static_cast<W_Int*>(item)->value, y = static_cast<W_Int*>(best)->value;
        return op == compare_op::gt ? x > y : x < y;
    }
    if (is_exact<W_Float>(item) && is_exact<W_Float>(best)) {
        double x = static_cast<W_Float*>(item)->value, y = static_cast<W_Float*>(best)->value;
        return op == compare_op::gt ? x > y : x < y;
    }
    return compare_true(op, item, best);
}
bool can_drain(W_Object* iterable);
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> drain_generator(drain_purpose purpose, W_Object* iterable, W_Object* start);

constexpr uint32_t action_interrupt = gc::action_first_for_vm;

} // namespace heddle::python
