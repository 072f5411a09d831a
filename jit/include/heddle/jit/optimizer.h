// The optimizer: a recorded trace in, an optimised trace with resume data on its guards out.
//
// Passes run as one forward walk in the order of architecture.md; each is one file with one entry point
// (jit/optimizer/). Guards in the result carry guard_data: fail arguments and resume data, in which virtual objects are
// described rather than made and lazy stores are listed as still to be done.
#pragma once
#include "heddle/jit/backend.h"
#include "heddle/jit/trace.h"
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace heddle::jit {

struct program;

// Which passes run: tests switch them one by one; users can too (--jit opt=...).
struct optimizer_options {
    bool rewrite = true, guards = true, bounds = true, virtuals = true, calls = true, pure = true, heap = true,
         barriers = true, peeling = true, vectorise = true;
#ifdef HEDDLE_STM
    bool transactions = true;
#else
    bool transactions = false; // the pass 'barriers' is that of builds with them
#endif
};

// ---- resume data: how to rebuild interpreter frames from a guard's fail arguments
// --------------------------------------- A resume value: what a register (or a virtual's field) holds.
struct resume_value {
    enum source : uint8_t { fail_argument, constant, virtual_object, uninitialised } from = uninitialised;
    kind type = kind::integer;
    uint32_t index = 0; // fail argument or virtual number; an encoded constant's in the table
    word value = 0;     // constant
};
struct resume_virtual {           // an object that the trace never made; may refer to others, cyclically
    const descr* shape = nullptr; // size_descr or array_descr
    std::vector<std::pair<const descr*, resume_value>> fields; // objects: field_descr
    std::vector<resume_value> items;                           // arrays
};
struct resume_store {             // a lazy store that had not been done when the guard failed
    const descr* where = nullptr; // field_descr, or array_descr with 'item'
    resume_value object, value;
    int64_t item = -1;
};
struct resume_frame {
    uint32_t jitcode, pc;
    std::vector<resume_value> values;
}; // values as in snapshot_frame

// What the guards of a trace share (optimizer/resume.cpp).
struct resume_table {
    std::vector<uint16_t> units;
    std::vector<word> constants;
    const descr* anchor = nullptr; // descriptors are written as their distance from it
};
struct resume_data {
    std::shared_ptr<const resume_table> table;
    uint32_t begin = 0;                             // of this guard's own part of the units
    std::shared_ptr<const struct resume_plan> plan; // made ready for a guard that fails: metainterp/resume_plan.h
};
struct resume_contents {
    std::vector<resume_frame> frames; /* innermost first */
    std::vector<resume_virtual> virtuals;
    std::vector<resume_store> stores;
    std::vector<resume_store> facts; // not to be done: what memory holds, for the bridge's optimiser
};
resume_data encode(const resume_contents& contents);
resume_contents decode(const resume_data& data, bool with_facts = false);

struct optimizer_input {
    trace* recorded = nullptr;
    program* prog = nullptr;          // may be null in unit tests
    loop_token* token = nullptr;      // owns the guards made
    guard_data* from_guard = nullptr; // a bridge: what the guard's failing tells is used
    // The words that the last jump passes to another loop in the run that was recorded; empty: not known. Memory is
    // then as the trace leaves it.
    std::span<const word> jump_values;
    optimizer_options options;
    // A loop whose second iteration can't go the way of the first is refused (else it stays unpeeled).
    bool refuse_contradiction = false;
    // A bridge that would go to the entry of its own loop, since no body fits, is refused, and this set.
    bool* fits_no_body = nullptr;
};
// Guards are created in input.token->guards. An InvalidLoop-like outcome (the trace contradicts itself) answers false
// and a reason.
bool optimise(const optimizer_input& input, trace& result, std::string& reason);

// A loop that was optimised, as two traces: its rounds of several items at a time, and its scalar body, where guards of
// the first continue (guard_data::continues_at), and which therefore is compiled first.
struct vector_form {
    trace rounds, rest;
    // To go back, when a backend can't compile it.
    size_t guards_before = 0, targets_before = 0;
    std::vector<std::vector<value_ref>> fail_arguments; // of the body's guards, in order
};
// False, and nothing changed, when the loop isn't one for vectors of that many lanes. For backends with vector_lanes()
// > 0.
bool vectorise(const trace& optimised, loop_token& token, unsigned lanes, vector_form& made);
// The guards belong to the optimised trace again, to be compiled as it is.
void undo_vectorise(const trace& optimised, loop_token& token, vector_form& made);

// ---- text: the common language of tests, logs and viewers
// ---------------------------------------------------------------- One operation a line: "i7 = int_add(i3, 5)",
// "guard_true(i8) [i3, p2]", "p9 = getfield(p1, descr=W_List.items)". Names: a letter of the kind and a number.
// Constants: 5, 2.5, ptr(0x7f..) or ptr(name) for names registered in the descr table of the parser.
std::string print(const trace& t, bool with_fail_arguments = true);
struct trace_parser_tables {
    std::vector<const descr*> descrs;
    std::vector<std::pair<std::string, word>> pointers;
};
bool parse(std::string_view text, const trace_parser_tables& tables, trace& t, std::string& error);

} // namespace heddle::jit
