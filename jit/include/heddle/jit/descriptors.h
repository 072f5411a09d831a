// Descriptors: what an operation on the heap or a call needs to know beyond its values.
//
// All descriptors of a program live in one table (program.h) and are named by a dense index, so that effect sets and
// heap caches are small bit sets or flat maps. They are immutable after loading and immortal. Tests make their own.
// Aliasing rule: two field operations with different descriptors never touch the same memory; likewise arrays; raw
// memory aliases all raw memory and nothing else.
#pragma once
#include "heddle/gc/type_info.h"
#include "heddle/jit/kinds.h"
#include <cstdint>
#include <string>
#include <vector>

namespace heddle::jit {

enum class descr_type : uint8_t { field, array, size, raw, call, loop, target };

struct descr {
    descr_type type;
    uint32_t index = 0; // in program::descrs; tokens made at run time are not in the table and have UINT32_MAX
    std::string name;   // for logs and tests: "W_Int.value", "array<W_Object>", "W_Int", "call ppi>p"
};

// Shape of one memory slot: how many bytes, of which kind, how to widen.
struct slot_shape {
    kind slot_kind = kind::integer;
    uint8_t size = 8; // bytes: 1, 2, 4, 8
    bool is_signed =
        true; // narrow integers: how a load widens (the value in a register is then canonical: see kinds.h)
    bool is_reference = false; // holds a GC reference: stores need the write barrier
    // A load gives back the word that was stored, whatever that is.
    bool keeps_all() const {
        return slot_kind == kind::pointer || size >= (slot_kind == kind::integer ? sizeof(trace_int) : sizeof(double));
    }
};

struct field_descr
    : descr { // index in arguments: (object). Object may also be a constant address of a global (no barrier then)
    slot_shape shape;
    uint32_t offset = 0;    // from the object's address
    bool immutable = false; // never changes once the object's constructor is done
    bool quasi_immutable = false;
    bool virtualizable = false; // touched only through the frame that the portal or a call was given (docs/jit.md)
    bool owner_is_global =
        false; // the 'object' is a global of the VM (a root, the thread state): no header, no barrier
    const gc::type_info* owner = nullptr; // declaring class; null for globals
};

struct array_descr : descr {
    slot_shape shape;
    uint32_t items_offset = 0, length_offset = 0; // the length is a word
    bool immutable = false;
    bool virtualizable = false;          // as field_descr's
    const gc::type_info* type = nullptr; // the array's exact class
};

struct size_descr : descr {
    const gc::type_info* type = nullptr;
};

struct raw_descr : descr {
    slot_shape shape;
}; // address = pointer + integer byte offset

struct effect_info {
    bool elidable = false; // pure; see call_pure
    bool loop_invariant = false;
    bool reads_thread_root = false; // if elidable and without arguments: only as long as it is asked by one thread
    bool may_collect =
        true; // may allocate: young objects may move afterwards only if nothing on the stack refers to them
    bool may_run_portal = false;         // may run interpreted code (and so force frames, change anything)
    bool may_invalidate = true;          // may write a quasi-immutable field
    bool writes_anything = true;         // then the sets below are empty and meaningless
    std::vector<uint32_t> reads, writes; // sorted indices of field, array and raw descrs
};

// How native code is called with words. The thunk reads the arguments from an array and stores the result word: used by
// the meta-interpreter, the blackhole and the portable backend. Native backends call the function itself by the C ABI:
// it takes words and doubles and returns a word, a double or nothing (the translator puts an adapter before any other
// function).
using call_thunk = void (*)(void* function, const word* arguments, word* result);

struct call_descr : descr {
    std::string argument_kinds; // letters i p f
    kind result = kind::none;
    effect_info effects;
    call_thunk thunk = nullptr;
};

} // namespace heddle::jit
