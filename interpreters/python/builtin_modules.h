// Modules written in C++ that are made when a program first imports them (builtin_modules.cpp has the table): a program
// that does not use them pays nothing at start.
#pragma once
#include "interpreter.h"

namespace heddle::python {

using module_setup = void(W_Dict* module);
// Null: there is no such module.
module_setup* find_builtin_module(std::string_view name);

// What each module adds to its namespace.
module_setup setup_array_module;
module_setup setup_hashlib_module;
module_setup setup_os_module;
module_setup setup_random_module;
module_setup setup_struct_module;
module_setup setup_thread_module;

// time.sleep() in a program with threads: others go on meanwhile. Inside of an atomic block nobody does.
Result<W_Object*> sleep_beside_threads(double seconds);

// The bytes of a bytes-like object (bytes, bytearray, array.array), for the moment: no allocation may follow while the
// view is in use. False: it is none, and TypeError is pending.
bool buffer_of(W_Object* o, std::string_view* out);

} // namespace heddle::python
