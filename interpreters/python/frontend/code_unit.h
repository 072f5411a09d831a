// What the front end hands to the interpreter: a tree of plain structs, one code_unit per module, function, class body,
// lambda and comprehension. No GC references in it; the interpreter makes its own code objects from it once, at load.
//
// All text is UTF-8; str constants and names may hold lone surrogates (from "\ud800") in their three-byte form
// ("WTF-8").
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bytecodes.h"

namespace heddle::python {

struct code_unit;

enum class constant_kind : std::uint8_t {
    none,
    ellipsis,
    boolean,     // integer is 0 or 1
    integer,     // fits in 64 bits: integer
    big_integer, // does not fit: text, decimal with an optional '-'
    floating,    // floating
    string,      // text
    bytes,       // text, any bytes
    tuple,       // items
    code,        // code
};

struct constant {
    constant_kind kind = constant_kind::none;
    std::int64_t integer = 0;
    double floating = 0;
    std::string text;
    std::vector<constant> items;
    std::shared_ptr<const code_unit> code;
};

// A function's storage, one flat array: parameters in the order of code_unit's comment, then other locals and cells
// that are no parameters, then the free variables (the last free_count slots).
enum class slot_kind : std::uint8_t {
    local, // holds a value or is unbound
    cell,  // MAKE_CELL at the code's start puts a cell here (keeping an argument's value); inner functions share it
    free,  // holds a cell of an enclosing function, from COPY_FREE_VARS
};

struct slot {
    std::string name; // already mangled (__x in class C is _C__x)
    slot_kind kind = slot_kind::local;
};

// Where an instruction came from: lines from 1, columns in UTF-8 bytes from 0; end is exclusive. line 0: no position.
struct source_position {
    std::int32_t line = 0;
    std::int32_t end_line = 0;
    std::int32_t column = 0;
    std::int32_t end_column = 0;
};

// Instructions [start, end) are guarded: an exception there cuts the value stack to depth, pushes the exception and
// continues at handler. Entries are sorted by start and do not overlap, so that a binary search finds the one that
// counts.
struct exception_entry {
    std::uint32_t start = 0;
    std::uint32_t end = 0;
    std::uint32_t handler = 0;
    std::uint32_t depth = 0;
};

enum class code_kind : std::uint8_t { module, expression, interactive, function, lambda, class_body, comprehension };

struct code_unit {
    code_kind kind = code_kind::module;
    std::string name;     // "<module>", "f", "<lambda>", "<listcomp>", ...
    std::string qualname; // "C.f.<locals>.g"
    std::string filename; // as given to compile()
    std::int32_t first_line = 1;

    // Parameters take the first slots, in the order: positional (positional-only first), keyword-only, *args, **kwargs.
    std::uint32_t positional_count = 0;      // includes the positional-only ones (co_argcount)
    std::uint32_t positional_only_count = 0; // co_posonlyargcount
    std::uint32_t keyword_only_count = 0;    // co_kwonlyargcount
    bool has_varargs = false;
    bool has_varkeywords = false;
    bool is_generator = false;
    bool uses_slots = false;    // functions: locals live in slots; else (module, class body) in a namespace dict
    bool is_nested = false;     // defined inside another function
    bool has_docstring = false; // then constants[0] is it

    std::vector<instruction> instructions;
    std::vector<source_position> positions; // one per instruction
    std::vector<exception_entry> exception_table;
    std::uint32_t max_stack = 0;

    std::vector<constant> constants;
    std::vector<std::string> names; // for LOAD_NAME, LOAD_GLOBAL, LOAD_ATTR, IMPORT_NAME, ...
    std::vector<slot> slots;
    std::uint32_t free_count = 0;

    std::uint32_t parameter_count() const {
        return positional_count + keyword_only_count + (has_varargs ? 1 : 0) + (has_varkeywords ? 1 : 0);
    }
};

// The text of a code_unit and all units within it, for tests and people.
std::string dump(const code_unit& code);

// Checks what bytecodes.def promises (targets, operands, equal depths on all paths, max_stack, exception table).
// Returns an empty string, or one line saying what is wrong and where.
std::string verify(const code_unit& code);

} // namespace heddle::python
