// Tables of the modules written in Python; each ends with a null name.
#pragma once

namespace heddle::python {

struct library_module {
    const char* name;
    const char* source;
};
extern const library_module core_modules[];      // library.cpp: abc, enum, types, functools
extern const library_module container_modules[]; // library_containers.cpp: collections, itertools, operator, copy, gc
extern const library_module number_modules[];    // library_numbers.cpp: random, bisect, heapq, fractions
extern const library_module system_modules[];    // library_system.cpp: os, io, struct, hashlib, contextlib, __future__
extern const library_module thread_modules[];    // library_threads.cpp: threading, queue, transaction, heddle
extern const library_module typing_modules[];    // library_typing.cpp: typing, dataclasses, collections.abc

} // namespace heddle::python
