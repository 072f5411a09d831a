// The front end's door: Python 3.11 source text in, a code_unit or a syntax error out.
//
// Pure: no global state, no GC references, no exceptions, safe on any thread. Never crashes on any input; stack use is
// bounded (deep nesting is an error).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "code_unit.h"

namespace heddle::python {

enum class compile_mode {
    exec,   // a file: statements
    eval,   // one expression, its value is returned
    single, // one interactive statement; the values of expressions are printed (PRINT_EXPR)
};

// The exception class to raise; the last three are what CPython raises for null bytes and for nesting that is too deep.
enum class syntax_error_kind : std::uint8_t {
    syntax_error,
    indentation_error,
    tab_error,
    value_error,
    memory_error,
    recursion_error,
};

struct syntax_error {
    syntax_error_kind kind = syntax_error_kind::syntax_error;
    std::string message; // e.g. "invalid syntax"
    std::string filename;
    int line = 0;   // from 1; 0 when unknown
    int column = 0; // `offset` of SyntaxError: in characters, from 1; 0 when unknown
    int end_line = 0;
    int end_column = 0;
    std::string text;        // the source line with its newline (for the lines printed under File ...), may be empty
    bool incomplete = false; // single mode: more input could make it valid

    // What CPython prints to stderr for it: '  File "x.py", line 3\n    text\n    ^\nSyntaxError: invalid syntax\n'.
    std::string format() const;
};

struct compile_result {
    std::shared_ptr<const code_unit> code; // null when there is an error
    syntax_error error;

    explicit operator bool() const { return code != nullptr; }
};

// source is the file's bytes: UTF-8 with or without BOM, or as its `# coding:` line says (utf-8, ascii, latin-1).
compile_result compile(std::string_view source, std::string filename, compile_mode mode);

} // namespace heddle::python
