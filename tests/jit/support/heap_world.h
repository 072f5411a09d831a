// A small world of GC classes, descriptors and native functions for tests of the optimizer and the backends.
//
// Two node classes of the same layout (node, and leaf which derives from it), arrays of integers and of references, a
// block of raw memory, two constant nodes, and functions with effects that are known, unknown or none. One per process;
// the collector runs a minor collection at every few allocations, so that a missing root or barrier shows.
#pragma once
#include "heddle/gc/gc.h"
#include "heddle/jit/optimizer.h"
#include <string>
#include <vector>

namespace heddle::test {

// The layout of node and leaf. Fields are named in traces as Node.next, Node.value and so on.
struct node {
    const void* vtable;
    node* next;
    node* other;
    void* ints; // array<int>
    void* refs; // array<Node>
    int64_t value;
    double weight;
    int32_t small;
    uint8_t byte;
    float ratio;
    int64_t tag;     // immutable
    int64_t version; // quasi-immutable
};

struct heap_world {
    gc::type_info node_type, leaf_type, int_array_type, ref_array_type;
    jit::size_descr node_size, leaf_size;
    jit::field_descr next, other, ints, refs, value, weight, small, byte, ratio, tag, version, error, action;
    jit::array_descr int_array, ref_array;
    jit::raw_descr raw_word, raw_int, raw_double;
    // pure_sum(i, i) i: elidable. set_value(p, i) i: reads and writes Node.value. scramble(p, i) i: may do anything.
    // make_node(i) p: allocates a leaf. half(f) f: no effect, may not collect.
    jit::call_descr pure_sum, set_value, scramble, make_node, half;
    void* functions[5];           // in that order
    node* constants[2];           // immovable, for use in traces; reset_constants before a run
    void* global_error = nullptr; // a global that Global.error names (its address is ptr(global))
    jit::loop_token token;
    jit::target_token loop_target; // descr=loop
    jit::target_token body_target; // descr=loop.body: the peeled loop's, only for texts expected
    jit::trace_parser_tables
        tables; // all descriptors by name; ptr(node0), ptr(node1), ptr(global), class(Node) ..., ptr(pure_sum) ...

    const jit::field_descr* node_fields[10];
    void reset_constants();
    void* new_node(bool leaf) const; // all fields zero
    void* new_ints(size_t length) const;
    void* new_refs(size_t length) const;
};

heap_world& world();

} // namespace heddle::test
