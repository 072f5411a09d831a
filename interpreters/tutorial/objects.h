// The tutorial language's values: ordinary C++ classes whose objects live in Heddle's collected heap.
#pragma once
#include "heddle/heddle.h"
#include "heddle/threads.h"
#include <string>

using heddle::array, heddle::field, heddle::make, heddle::make_array, heddle::member, heddle::Result;

struct W_Object : heddle::object {
    virtual bool truth() { return true; }
    virtual std::string show() = 0; // for people; it returns a std::string, so traces call it rather than follow it
    HEDDLE_GC_CLASS(W_Object, heddle::object)
};
using Items = array<member<W_Object>>;

struct W_Int : W_Object { // 0 is also "no" and "nothing"
    explicit W_Int(long v) : value(v) {}
    const long value;
    bool truth() override { return value != 0; }
    std::string show() override { return std::to_string(value); }
    HEDDLE_GC_CLASS(W_Int, W_Object, value)
};

struct W_String : W_Object {
    explicit W_String(array<const char>* t) : text(t) {}
    array<const char>* const text;
    std::string show() override { return std::string(text->data(), text->length()); }
    HEDDLE_GC_CLASS(W_String, W_Object, text)
};

struct W_List : W_Object {
    W_List(Items* i, long n) : items(i), length(n) {}
    member<Items> items; // may be longer than the list
    field<long> length;
    std::string show() override;
    HEDDLE_GC_CLASS(W_List, W_Object, items, length)
};

struct Code : heddle::object { // a compiled function
    Code(array<const long>* i, array<const long>* l, array<W_Object* const>* c, long a, long v, long s)
        : instructions(i), lines(l), constants(c), arguments(a), variables(v), stack_size(s) {}
    array<const long>* const instructions; // operation + (operand << 8)
    array<const long>* const lines;        // of the source, for each instruction
    array<W_Object* const>* const constants;
    const long arguments, variables, stack_size;
    HEDDLE_GC_CLASS(Code, heddle::object, instructions, lines, constants, arguments, variables, stack_size)
};

struct Scope : heddle::object { // the variables of one call: the heap object that a closure closes over
    Scope(Scope* o, Items* v) : outer(o), variables(v) {}
    Scope* const outer;
    Items* const variables;
    HEDDLE_GC_CLASS(Scope, heddle::object, outer, variables)
};

struct W_Function : W_Object {
    W_Function(Code* c, Scope* s) : code(c), scope(s) {}
    Code* const code;
    Scope* const scope; // where it was made
    std::string show() override { return "a function"; }
    HEDDLE_GC_CLASS(W_Function, W_Object, code, scope)
};

// clang-format off
enum Operation : long {
    op_constant, op_variable, op_set_variable, op_drop, op_function, op_call, op_return, op_jump, op_jump_if_false, op_loop,
    op_list, op_item, op_put, op_length, op_print, op_not,
    op_spawn, op_join, op_atomic,
    op_less, op_equal, op_add, op_subtract, op_multiply, op_divide, op_remainder
};
// clang-format on
extern heddle::root<W_Int> zero;
W_String* make_string(const std::string& text);
[[noreturn]] void stop(const std::string& message); // a message begins with a line number
W_Function* compile(const std::string& source);
Result<W_Object*> call(long word, W_Object* callee, Items* stack, long first, long count);
