// The trace IR: a straight line of operations in SSA form, as flat vectors with 32-bit indices.
//
// A trace is recorded by the meta-interpreter, rewritten by the optimizer into a new trace, and compiled by a backend.
// Invariants: the inputs (input_i/p/f) come first; an operation's arguments are constants or results of earlier
// operations; a label's arguments are the values that are live there, and after a label only its arguments and
// constants may be used (a loop is: inputs, label(inputs) , ... , jump(label)). An overflow operation is directly
// followed by its guard. Lives in one thread; no GC references hide here except constants, which are registered with
// the collector's roots through constant_pool (made immovable when a backend embeds them).
#pragma once
#include "heddle/jit/descriptors.h"
#include "heddle/jit/kinds.h"
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace heddle::jit {

enum class opcode : uint8_t {
#define OPERATION(name, arguments, result, flags) name,
#include "heddle/jit/operations.def"
#undef OPERATION
    count
};
// The operation of a kind: input_i, input_p, input_f; same_as_i, same_as_p, same_as_f.
constexpr opcode input_of(kind k) {
    return k == kind::integer ? opcode::input_i : k == kind::pointer ? opcode::input_p : opcode::input_f;
}
constexpr opcode same_as(kind k) {
    return k == kind::integer ? opcode::same_as_i : k == kind::pointer ? opcode::same_as_p : opcode::same_as_f;
}

enum operation_flags : uint32_t {
    PURE = 1,
    READS = 2,
    WRITES = 4,
    GUARD = 8,
    OVERFLOW = 16,
    DESCR = 32,
    COMMUTES = 64,
    ALLOCATES = 128,
    CALL = 256,
    CONTROL = 512,
    VECTOR = 1024
};

struct opcode_info {
    std::string_view name, arguments;
    char result;
    uint32_t flags;
};
extern const opcode_info opcode_table[static_cast<int>(opcode::count)];
inline const opcode_info& info(opcode op) { return opcode_table[static_cast<int>(op)]; }
inline bool is_guard(opcode op) { return info(op).flags & GUARD; }
inline bool is_pure(opcode op) { return info(op).flags & PURE; }

// A value in a trace: the result of operation 'index', or the constant 'index' of the trace's pool.
struct value_ref {
    uint32_t bits = UINT32_MAX;
    static constexpr uint32_t constant_bit = 0x8000'0000u;
    static value_ref result(uint32_t index) { return {index}; }
    static value_ref constant(uint32_t index) { return {index | constant_bit}; }
    bool is_none() const { return bits == UINT32_MAX; }
    bool is_constant() const { return !is_none() && (bits & constant_bit); }
    bool is_result() const { return !(bits & constant_bit); }
    uint32_t index() const { return bits & ~constant_bit; }
    friend bool operator==(value_ref, value_ref) = default;
};

struct constant {
    kind type;
    word value;
};

// The state of the interpreter at a guard, as recorded: frames from the innermost (first) to the portal (last).
// A frame's values are those of the registers that jitcode's liveness names at 'pc', integers, pointers, floats in
// order.
struct snapshot_frame {
    uint32_t jitcode;                  // index in program::jitcodes
    uint32_t pc;                       // position of a 'live' instruction
    uint32_t first_value, value_count; // in trace::snapshot_values
    uint32_t parent; // index in trace::snapshot_frames, UINT32_MAX at the outermost: callers are shared
};

struct operation {
    opcode op;
    kind result = kind::none;
    uint16_t flags = 0;                              // no_barrier and the like, see operation_note
    uint32_t first_argument = 0, argument_count = 0; // in trace::arguments
    const descr* description = nullptr;
    uint32_t snapshot =
        UINT32_MAX; // guards in a recorded trace: index in trace::snapshot_frames of the innermost frame
    struct guard_data* guard =
        nullptr; // guards in an optimised trace: resume data and fail arguments (owned by the loop's token)
};
enum operation_note : uint16_t {
    no_barrier = 1,
    never_bridge = 2,
    // A guard that doesn't resume at its own test but on the side of a branch not taken (so that its condition isn't
    // kept). What fails there must be this very test: it lends nobody its resume data, and no other test takes its
    // place.
    resumes_elsewhere = 4,
    // A merge point lies between it and the guard before, whose resume data it doesn't borrow: its bridge would begin
    // with all that lies between them, and guards of its own for that.
    after_merge_point = 8,
    // Builds with transactions: a read that leaves no marker, because there is one already or none is needed.
    no_marker = 16,
    // ... or marks the object's beginning, which stands for all of it.
    marks_object = 32,
    // ... or a write of a const field of what cannot be committed yet: it lies in view 0 only. Else it is written in
    // the view, too, since a commit copies objects from there.
    is_fresh = 64
};

// Code that is only right as long as a field that rarely changes holds what it held when the trace was optimised.
struct field_dependency {
    word object = 0;
    const field_descr* field = nullptr;
    const void* slot() const { return word_to_pointer<const char>(object) + field->offset; }
};

struct trace {
    std::vector<operation> operations;
    std::vector<value_ref> arguments;
    std::vector<constant> constants;
    std::vector<snapshot_frame> snapshot_frames;
    std::vector<value_ref> snapshot_values;
    uint32_t input_count = 0;
    std::vector<field_dependency> dependencies; // of an optimised trace

    void clear(); // empty, with its memory kept for the next one

    std::span<const value_ref> arguments_of(const operation& o) const {
        return {arguments.data() + o.first_argument, o.argument_count};
    }
    kind kind_of(value_ref v) const {
        return v.is_constant() ? constants[v.index()].type : operations[v.index()].result;
    }
    value_ref add(opcode op, std::span<const value_ref> args,
                  const descr* d = nullptr); // result kind from the table or the descriptor
    value_ref add(opcode op, std::initializer_list<value_ref> args, const descr* d = nullptr) {
        return add(op, std::span(args.begin(), args.size()), d);
    }
    value_ref make_constant(kind k, word value); // shares equal constants (hashed)
    value_ref make_int(int64_t v) { return make_constant(kind::integer, integer_word(static_cast<word>(v))); }
    value_ref make_pointer(const void* p) { return make_constant(kind::pointer, pointer_word(p)); }
    value_ref make_float(double d) { return make_constant(kind::floating, double_to_word(d)); }

private:
    std::vector<uint32_t> constant_hash_; // open addressing over 'constants'
};

// Executes a pure operation on words (and, with the heap-reading and allocating ones, through the real heap): the
// single definition of what an operation means, used by the meta-interpreter, the blackhole, folding and the portable
// backend. Overflow operations set 'overflow'. Operations with CONTROL, GUARD and CALL flags are not for it.
word execute_operation(opcode op, const descr* d, const word* arguments, bool& overflow);

constexpr unsigned most_vector_lanes = 4;
opcode vector_form_of(opcode scalar); // the operation that does it lane by lane; opcode::count: none
// The same of those with the flag VECTOR. Each argument is a row of words: a vector's lanes, or one.
void execute_vector_operation(opcode op, const descr* d, unsigned lanes, const word* const* arguments, word* result);

} // namespace heddle::jit
