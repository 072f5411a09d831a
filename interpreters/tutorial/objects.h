// The tutorial language's values: ordinary C++ classes that live in Heddle's collected heap.
#pragma once
#include "heddle/heddle.h"
#include <string>

using heddle::array, heddle::field, heddle::make, heddle::make_array, heddle::member, heddle::Result;

struct W_Object : heddle::object {
    virtual bool truth() { return true; }
    virtual std::string show() = 0; // for people; it returns a std::string, so traces call it rather than follow it
    HEDDLE_GC_CLASS(W_Object, heddle::object)
};
using Items = array<member<W_Object>>;

struct W_Constant : W_Object { // nil, true, false
    W_Constant(bool t, const char* n) : is_true(t), name(n) {}
    const bool is_true;
    const heddle::raw<const char> name;
    bool truth() override { return is_true; }
    std::string show() override { return name.pointer; }
    HEDDLE_GC_CLASS(W_Constant, W_Object, is_true, name)
};

struct W_Int : W_Object {
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

struct Code : W_Object { // a function's code: instructions are operation + 256 * operand
    Code(array<const long>* i, array<const long>* l, Items* c, const char* n, long a, long v, long s)
        : instructions(i), lines(l), constants(c), name(n), arguments(a), variables(v), stack_size(s) {}
    array<const long>* const instructions;
    array<const long>* const lines;
    HEDDLE_IMMUTABLE member<Items> constants;
    const heddle::raw<const char> name;
    const long arguments, variables, stack_size;
    std::string show() override { return name.pointer; }
    HEDDLE_GC_CLASS(Code, W_Object, instructions, lines, constants, name, arguments, variables, stack_size)
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
    Scope* const scope;
    std::string show() override { return "function " + code->show(); }
    HEDDLE_GC_CLASS(W_Function, W_Object, code, scope)
};

struct W_Error : W_Object {
    explicit W_Error(W_String* m) : message(m), line(0) {}
    W_String* const message;
    field<long> line;
    std::string show() override { return "line " + std::to_string(line) + ": " + message->show(); }
    HEDDLE_GC_CLASS(W_Error, W_Object, message, line)
};

enum Operation : long {
    op_constant,
    op_local,
    op_set_local,
    op_outer,
    op_set_outer,
    op_pop,
    op_make_function,
    op_make_list,
    op_index,
    op_set_index,
    op_add,
    op_subtract,
    op_multiply,
    op_divide,
    op_remainder,
    op_less,
    op_equal,
    op_not,
    op_jump,
    op_loop,
    op_jump_if_false,
    op_call,
    op_return,
    op_print,
    op_length,
    op_push
};
extern heddle::root<W_Constant> nil, yes, no;
W_String* make_string(const std::string& text);
Result<W_Object*> fail(const char* message);                  // raises
Code* compile(const std::string& source, std::string& error); // null, and "line N: ...", when the source is wrong
Result<W_Object*> run(Code* code, Scope* scope, Items* stack, long instruction, long depth);
