// Files: a GC object that owns its buffers through a finalizer.
#pragma once
#include "values.h"

namespace heddle::python {

struct file_state {
    int descriptor = -1;
    std::string name, mode;
    std::string out; // not written yet
    std::string in;  // read but not handed out: from in_at on
    size_t in_at = 0;
    bool binary = false, writable = false, closed = false, line_buffered = false;
};
bool file_flush(file_state* state); // false: errno says why

struct W_File : W_Object {
    explicit W_File(file_state* s) : state(s) {}
    HEDDLE_PYTHON_TYPED(file)
    const raw<file_state> state;
    static void finalize(W_File* file);
    HEDDLE_GC_CLASS_LIGHT_FINALIZED(W_File, W_Object, state)
};

} // namespace heddle::python
