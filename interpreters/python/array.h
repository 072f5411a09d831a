// array.array: a sequence of C numbers or characters, one C++ class for each type code, so that a trace which knows an
// array's class knows how its items lie in memory.
#pragma once
#include "containers.h"

namespace heddle::python {

struct W_Array : W_Object {
    explicit W_Array(heddle::cell* s) : length(0), storage(s) {}
    HEDDLE_PYTHON_TYPED(array)
    virtual W_Object* get(long index) = 0;                               // index is in range
    virtual Result<void> set(long index, W_Object* item) = 0;            // index is in range
    virtual long capacity() = 0;                                         // items that the storage has room for
    virtual Result<heddle::cell*> make_storage(long capacity) const = 0; // MemoryError when it is too large
    virtual W_Array* make_empty() const = 0;                             // another one of the same type code
    virtual char* memory(bool to_write) = 0;                             // the items, till the next safepoint
    virtual long item_size() const = 0;
    virtual long type_code() const = 0;
    field<long> length;
    member<heddle::cell> storage;
    HEDDLE_GC_CLASS(W_Array, W_Object, length, storage)
};

struct W_ArrayIterator : W_Iterator {
    explicit W_ArrayIterator(W_Array* a) : array(a), index(0) {}
    HEDDLE_PYTHON_TYPED(array_iterator)
    W_Object* next() override;
    W_Array* const array;
    field<long> index;
    HEDDLE_GC_CLASS(W_ArrayIterator, W_Iterator, array, index)
};

} // namespace heddle::python
