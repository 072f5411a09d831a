// Tables of the modules written in Python; each ends with a null name.
#pragma once

namespace heddle::python {

struct library_module {
    const char* name;
    const char* source;
};
extern const library_module core_modules[];      // library.cpp: abc, enum, types, functools
extern const library_module container_modules[]; // library_containers.cpp: collections, itertools, operator, copy, gc

} // namespace heddle::python
