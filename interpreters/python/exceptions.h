// Exceptions: the objects, raising built-in ones, tracebacks, and printing them as CPython does.
#pragma once
#include "function.h"

namespace heddle::python {

struct W_Traceback : W_Object {
    W_Traceback(W_Code* c, long i, W_Traceback* n) : code(c), instruction(i), next(n) {}
    HEDDLE_PYTHON_TYPED(traceback)
    W_Code* const code;
    const long instruction;
    member<W_Traceback> next; // towards where it was raised
    HEDDLE_GC_CLASS(W_Traceback, W_Object, code, instruction, next)
};

struct W_Exception : W_Instance {
    W_Exception(Map* m, W_Tuple* a)
        : W_Instance(m, nullptr), arguments(a), traceback(nullptr), cause(nullptr), context(nullptr),
          suppress_context(0) {}
    member<W_Tuple> arguments;
    member<W_Traceback> traceback;
    member<W_Object> cause; // an exception, or null (None)
    member<W_Exception> context;
    field<long> suppress_context;
    HEDDLE_GC_CLASS(W_Exception, W_Instance, arguments, traceback, cause, context, suppress_context)
};

W_Exception* make_exception(W_Type* type, W_Tuple* arguments);
// Each sets the pending error. The text is printf-like (UTF-8).
HEDDLE_DONT_LOOK_INSIDE failure_type raise_error(T type, const char* format, ...) __attribute__((format(printf, 2, 3)));
// The one %s of the format is the name of o's type. Traces can follow functions that call this.
HEDDLE_DONT_LOOK_INSIDE failure_type raise_about_type(T type, const char* format, W_Object* o);
failure_type raise_text(T type, const char* text);
failure_type raise_with(T type, W_Object* argument);
failure_type raise_exception(W_Exception* exception); // sets __context__ from what is being handled
failure_type raise_key_error(W_Object* key);
failure_type raise_stop_iteration(W_Object* value); // value null: none
HEDDLE_DONT_LOOK_INSIDE failure_type raise_os_error(int error, const char* path);
bool pending_is(T type);
bool clear_if_pending(T type); // true: it was pending and is gone
// Puts "code, instruction" in front of the exception's traceback.
void add_traceback(W_Exception* exception, W_Code* code, long instruction);
Result<W_Object*> raise_statement(W_Object* exception, W_Object* cause); // raise E from cause; both may be null
// The text that CPython prints for an uncaught exception.
std::string format_exception(W_Exception* exception);
std::string format_exception_only(W_Exception* exception);
// Of the front end's error, as a SyntaxError (or its kin).
struct syntax_error_holder;

} // namespace heddle::python
