// Code, frames, functions of all kinds, calls.
//
// A call's arguments lie on the caller's value stack and are copied straight into the new frame's slots; every other
// way of calling goes through W_Arguments. Frames are never linked to each other, so that a frame of an inlined call
// stays virtual.
#pragma once
#include "containers.h"
#include "frontend/code_unit.h"
#include "heddle/threads.h"
#include <memory>

namespace heddle::python {

struct InlineCache;
using code_words = heddle::array<const uint32_t>;

struct W_Code : W_Object {
    W_Code(code_words* i, object_array* c, object_array* n, heddle::array<member<InlineCache>>* k, const code_unit* u,
           W_Str* nm, W_Str* q, bool r)
        : instructions(i), constants(c), names(n), caches(k), unit(u), name(nm), qualname(q),
          parameter_count(u->parameter_count()), positional_count(u->positional_count),
          slot_count(static_cast<long>(u->slots.size())), frame_size(static_cast<long>(u->slots.size() + u->max_stack)),
          free_count(u->free_count), is_generator(u->is_generator),
          keyword_only_count(static_cast<long>(u->keyword_only_count)), has_varargs(u->has_varargs),
          has_varkeywords(u->has_varkeywords),
          is_simple(!u->has_varargs && !u->has_varkeywords && u->keyword_only_count == 0), uses_slots(u->uses_slots),
          resumed_in_line(r) {}
    HEDDLE_PYTHON_TYPED(code)
    code_words* const instructions;
    object_array* const constants;
    object_array* const names;                        // interned W_Str
    heddle::array<member<InlineCache>>* const caches; // one for each instruction, null until needed
    const raw<const code_unit> unit;                  // immortal
    W_Str* const name;
    W_Str* const qualname;
    const long parameter_count, positional_count, slot_count;
    const long frame_size; // slots and value stack
    const long free_count;
    const long is_generator;
    const long keyword_only_count, has_varargs, has_varkeywords;
    const long is_simple; // positional parameters only
    const long uses_slots;
    const long resumed_in_line; // generators: traces follow next(); see code.cpp
    HEDDLE_GC_CLASS(W_Code, W_Object, instructions, constants, names, caches, unit, name, qualname, parameter_count,
                    positional_count, slot_count, frame_size, free_count, is_generator, keyword_only_count, has_varargs,
                    has_varkeywords, is_simple, uses_slots, resumed_in_line)
};
HEDDLE_ELIDABLE inline W_Object* code_constant(W_Code* code, long index) { return code->constants->get(index); }
HEDDLE_ELIDABLE inline W_Str* code_name(W_Code* code, long index) {
    return static_cast<W_Str*>(code->names->get(index));
}
// The handler of an exception at an instruction, by its place in the table, or -1; where it begins and the depth of the
// value stack there, counted from the frame's slots on.
HEDDLE_ELIDABLE long code_handler(W_Code* code, long instruction);
HEDDLE_ELIDABLE long handler_instruction(W_Code* code, long handler);
HEDDLE_ELIDABLE long handler_depth(W_Code* code, long handler);
W_Code* make_code(const std::shared_ptr<const code_unit>& unit);
long code_line(W_Code* code, long instruction);

// What an instruction saw before, for the interpreter; machine code has its own knowledge. A hit needs both keys. One
// that sees objects of several kinds has an entry for each, so that it doesn't write at each change of kind: with
// parallel threads, that would be a conflict each time.
struct InlineCache : heddle::object {
    explicit InlineCache(InlineCache* n) : first(nullptr), second(nullptr), value(nullptr), next(n), replaced(0) {}
    member<heddle::object> first;  // a version
    member<heddle::object> second; // a map or another version
    member<heddle::object> value;
    InlineCache* const next;
    field<long> replaced; // how often the last entry was given to another kind
    HEDDLE_GC_CLASS(InlineCache, heddle::object, first, second, value, next, replaced)
};

struct W_Cell : W_Object {
    explicit W_Cell(W_Object* v) : value(v) {}
    HEDDLE_PYTHON_TYPED(cell)
    member<W_Object> value; // null: empty
    HEDDLE_GC_CLASS(W_Cell, W_Object, value)
};

struct W_Frame : W_Object {
    W_Frame(W_Code* c, W_Dict* g, frame_slots* s, W_Function* f, W_Object* n)
        : code(c), globals(g), slots(s), function(f), namespace_(n), resume_instruction(-1), resume_depth(0),
          may_pass_edge(0) {}
    HEDDLE_PYTHON_TYPED(frame)
    W_Code* const code;
    W_Dict* const globals;
    frame_slots* const slots;       // code->slot_count slots, then the value stack
    W_Function* const function;     // for its closure; null for modules and class bodies without one
    W_Object* const namespace_;     // modules and class bodies: where names live (usually a W_Dict); else null
    field<long> resume_instruction; // generators: where to go on; -1 when finished or not a generator
    field<long> resume_depth;
    field<long> may_pass_edge; // resumed in a trace, and has not jumped backward since: see JUMP_BACKWARD
    HEDDLE_GC_CLASS(W_Frame, W_Object, code, globals, slots, function, namespace_, resume_instruction, resume_depth,
                    may_pass_edge)
    HEDDLE_VIRTUALIZABLE(W_Frame, slots)
};

struct ExecutionContext : heddle::object {
    ExecutionContext() : depth(0), depth_limit(1000), checked_depth(1000), handled(nullptr), repr_stack(nullptr) {}
    field<long> depth;           // Python calls under way
    field<long> depth_limit;     // sys.getrecursionlimit()
    field<long> checked_depth;   // beyond it the native stack is checked at each call
    member<W_Exception> handled; // the exception that an except clause is handling, or null
    member<W_List> repr_stack;   // containers whose repr() is under way
    HEDDLE_GC_CLASS(ExecutionContext, heddle::object, depth, depth_limit, checked_depth, handled, repr_stack)
};
extern heddle::thread_root<ExecutionContext> the_context;

// One level of native code that calls itself through Python's operators, as a list's repr() of lists does: counts as a
// call. too_deep(): RecursionError is pending; `doing` ends its text. For code that traces do not follow.
class native_nesting {
public:
    explicit native_nesting(const char* doing = "");
    ~native_nesting();
    native_nesting(const native_nesting&) = delete;
    native_nesting& operator=(const native_nesting&) = delete;
    bool too_deep() const { return too_deep_; }

private:
    bool too_deep_;
};
HEDDLE_ELIDABLE inline ExecutionContext* execution_context() { return the_context; }

struct W_Function : W_Object {
    W_Function(W_Code* c, W_Dict* g, W_Tuple* d, W_Object* k, W_Tuple* cl, W_Object* a)
        : code(c), globals(g), closure(cl), defaults(d), keyword_defaults(k), annotations(a), name(c->name),
          qualname(c->qualname), own(nullptr), doc(nullptr), module(nullptr) {}
    HEDDLE_PYTHON_TYPED(function)
    W_Instance* attributes() override; // made when first asked for
    W_Code* const code;
    W_Dict* const globals;
    W_Tuple* const closure;            // of W_Cells; may be null
    member<W_Tuple> defaults;          // may be null
    member<W_Object> keyword_defaults; // a dict or null
    member<W_Object> annotations;      // a dict, the compiler's tuple, or null
    member<W_Str> name, qualname;
    member<W_Instance> own;
    member<W_Object> doc, module; // null: from the code, from the globals
    HEDDLE_GC_CLASS(W_Function, W_Object, code, globals, closure, defaults, keyword_defaults, annotations, name,
                    qualname, own, doc, module)
};

struct W_BoundMethod : W_Object {
    W_BoundMethod(W_Object* f, W_Object* s) : function(f), self(s) {}
    HEDDLE_PYTHON_TYPED(method)
    W_Object* const function;
    W_Object* const self;
    HEDDLE_GC_CLASS(W_BoundMethod, W_Object, function, self)
};

// Arguments in general: the positional ones, then the values for `keywords` (a tuple of W_Str, or null).
struct W_Arguments : heddle::object {
    W_Arguments(object_array* v, W_Tuple* k) : values(v), keywords(k) {}
    HEDDLE_INLINE long keyword_count() const { return keywords ? keywords->length() : 0; }
    HEDDLE_INLINE long positional_count() const { return values->length() - keyword_count(); }
    HEDDLE_INLINE W_Object* at(long index) const { return values->get(index); }
    object_array* const values;
    W_Tuple* const keywords;
    HEDDLE_GC_CLASS(W_Arguments, heddle::object, values, keywords)
};

// ---- built-in functions. Fixed: up to four arguments, missing optional ones are null. General: W_Arguments.
// ---------------
using builtin_0 = Result<W_Object*>();
using builtin_1 = Result<W_Object*>(W_Object*);
using builtin_2 = Result<W_Object*>(W_Object*, W_Object*);
using builtin_3 = Result<W_Object*>(W_Object*, W_Object*, W_Object*);
using builtin_4 = Result<W_Object*>(W_Object*, W_Object*, W_Object*, W_Object*);
using builtin_general = Result<W_Object*>(W_Arguments*);

struct builtin_entry {
    union {
        builtin_0* zero;
        builtin_1* one;
        builtin_2* two;
        builtin_3* three;
        builtin_4* four;
        builtin_general* general;
    };
    const char* name;
    int arity;              // 0..4; -1 general
    int minimum;            // arguments that must be there (self included)
    const char* parameters; // names for keyword arguments, comma-separated, as many as arity; null: positional only.
                            // '*' before a name: from here on by keyword only
    enum kind : uint8_t {
        plain,
        static_method,
        class_method,
        wants_frame, // the first argument is the caller's frame; null when the call does not come from Python code
        class_method_general = class_method
    } how = plain;

    constexpr builtin_entry(const char* n, builtin_0* f, kind h = plain)
        : zero(f), name(n), arity(0), minimum(0), parameters(nullptr), how(h) {}
    constexpr builtin_entry(const char* n, builtin_1* f, int m = 1, const char* p = nullptr, kind h = plain)
        : one(f), name(n), arity(1), minimum(m), parameters(p), how(h) {}
    constexpr builtin_entry(const char* n, builtin_2* f, int m = 2, const char* p = nullptr, kind h = plain)
        : two(f), name(n), arity(2), minimum(m), parameters(p), how(h) {}
    constexpr builtin_entry(const char* n, builtin_3* f, int m = 3, const char* p = nullptr, kind h = plain)
        : three(f), name(n), arity(3), minimum(m), parameters(p), how(h) {}
    constexpr builtin_entry(const char* n, builtin_4* f, int m = 4, const char* p = nullptr, kind h = plain)
        : four(f), name(n), arity(4), minimum(m), parameters(p), how(h) {}
    constexpr builtin_entry(const char* n, builtin_general* f, kind h = plain)
        : general(f), name(n), arity(-1), minimum(0), parameters(nullptr), how(h) {}
};
inline long positional_parameters(const builtin_entry* entry) {
    long count = 0;
    for (const char* at = entry->parameters; at && *at && *at != '*'; at++) {
        count++;
        while (at[1] && *at != ',') at++;
        if (*at != ',') return count;
    }
    return entry->parameters ? count : entry->arity;
}
struct W_Builtin : W_Object {
    W_Builtin(const builtin_entry* e, W_Str* n, W_Type* t)
        : function(reinterpret_cast<void (*)()>(e->general)), arity(e->arity), positional(positional_parameters(e)),
          minimum(e->minimum), wants_frame(e->how == builtin_entry::wants_frame), entry(e), name(n), owner(t) {}
    W_Type* type() const override { return type_of(owner ? T::method_descriptor : T::builtin_function); }
    const raw<void()> function;
    const long arity, positional, minimum, wants_frame;
    const raw<const builtin_entry> entry;
    W_Str* const name;
    W_Type* const owner; // a method: of which type; null: a function (never bound to an instance)
    HEDDLE_GC_CLASS(W_Builtin, W_Object, function, arity, positional, minimum, wants_frame, entry, name, owner)
};
struct getset_entry {
    const char* name;
    getter_function* getter;
    setter_function* setter;
};
// Adds methods and attributes to a built-in type / functions to a module. Used at start only.
void add_methods(T type, const builtin_entry* first, const builtin_entry* end);
void add_getsets(T type, const getset_entry* first, const getset_entry* end);
void add_constructor(T type, const builtin_entry* entry); // what calling the type does; also gives it __new__
void add_functions(W_Dict* module, const builtin_entry* first, const builtin_entry* end);
template <size_t Count> void add_methods(T type, const builtin_entry (&table)[Count]) {
    add_methods(type, table, table + Count);
}
template <size_t Count> void add_getsets(T type, const getset_entry (&table)[Count]) {
    add_getsets(type, table, table + Count);
}
template <size_t Count> void add_functions(W_Dict* module, const builtin_entry (&table)[Count]) {
    add_functions(module, table, table + Count);
}
#define HEDDLE_PYTHON_SETUP_FUNCTIONS(X) \
    X(setup_object)                      \
    X(setup_type)                        \
    X(setup_int)                         \
    X(setup_float)                       \
    X(setup_str)                         \
    X(setup_str_methods)                 \
    X(setup_bytes)                       \
    X(setup_list)                        \
    X(setup_tuple)                       \
    X(setup_dict)                        \
    X(setup_set)                         \
    X(setup_iterators)                   \
    X(setup_functions)                   \
    X(setup_exceptions)                  \
    X(setup_generator)                   \
    X(setup_range)
#define HEDDLE_PYTHON_DECLARE_SETUP(name) void name();
HEDDLE_PYTHON_SETUP_FUNCTIONS(HEDDLE_PYTHON_DECLARE_SETUP)

// ---- calls (call.cpp) -----------------------------------------------------------------------------------------------
Result<W_Object*> interpret(W_Code* code, W_Frame* frame, ExecutionContext* context, long instruction, long depth);
// Arguments: slots[first .. first + count). slots[first - 1] belongs to the call too and may be overwritten.
Result<W_Object*> call_from_stack(W_Object* callable, W_Frame* frame, long first, long count);
Result<W_Object*> call_0(W_Object* callable);
Result<W_Object*> call_1(W_Object* callable, W_Object* a);
Result<W_Object*> call_2(W_Object* callable, W_Object* a, W_Object* b);
Result<W_Object*> call_3(W_Object* callable, W_Object* a, W_Object* b, W_Object* c);
Result<W_Object*> call(W_Object* callable, W_Arguments* arguments);
Result<W_Object*> call_builtin(W_Builtin* builtin, W_Arguments* arguments);
HEDDLE_DONT_LOOK_INSIDE failure_type no_callers_frame(const char* builtin); // of one that wants it, called indirectly
Result<W_Object*> call_function(W_Function* function, W_Arguments* arguments);
Result<W_Object*> run_frame(W_Frame* frame); // a module's or class body's code
W_Arguments* make_arguments(object_array* values, W_Tuple* keywords = nullptr);
W_Arguments* arguments_1(W_Object* a);
W_Arguments* arguments_2(W_Object* a, W_Object* b);
W_Arguments* arguments_with_first(W_Object* first, W_Arguments* rest);
W_Arguments* arguments_without_first(W_Arguments* all);
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> bind_and_run(W_Function* function, W_Arguments* arguments); // binder.cpp
// The slot of a parameter that may be given by keyword, or -1.
HEDDLE_ELIDABLE long keyword_slot(W_Code* code, W_Str* name); // binder.cpp

// ---- generators
// -------------------------------------------------------------------------------------------------------
struct W_Generator : W_Iterator {
    W_Generator(W_Frame* f)
        : frame(f), handled(nullptr), waits_for(nullptr), running(0), started(0), name(f->code->name),
          qualname(f->code->qualname) {}
    HEDDLE_PYTHON_TYPED(generator)
    W_Object* next() override;
    member<W_Frame> frame;         // null when finished
    member<W_Exception> handled;   // what its suspended code is handling
    member<W_Generator> waits_for; // the generator that it delegates to, once that was looked up; or null
    field<long> running;
    field<long> started;
    member<W_Str> name, qualname;
    HEDDLE_GC_CLASS(W_Generator, W_Iterator, frame, handled, waits_for, running, started, name, qualname)
};
// Resumes with a value (None at first). Null without a pending error: it returned; the value is in context->... see
// generator.cpp.
W_Object* generator_send(W_Generator* generator, W_Object* value);
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> generator_throw(W_Generator* generator, W_Exception* exception);
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> generator_close(W_Generator* generator);

} // namespace heddle::python
