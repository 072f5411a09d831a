// Python 3.11's tokens: indentation, continuation lines, brackets, numbers, all string prefixes, Unicode identifiers.
//
// The whole text is tokenised at once, into a flat vector that ends with end_marker or error. CPython tells two kinds
// of lexical errors apart, and so does this lexer: a *hard* one wins over any error of the parser, wherever it is; a
// *soft* one (bad indentation, an unclosed bracket at the end) counts only when the parser gets there.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "compile.h"
#include "source.h"

namespace heddle::python {

enum class token_kind : std::uint8_t {
#define HEDDLE_PYTHON_TOKEN(name, text) name,
#include "tokens.def"
};

// Spelling of keywords and operators, "" for the others.
const char* token_text(token_kind kind);

// A token's end_column when it has no extent of its own.
inline constexpr int no_end_column = -2;

struct token {
    token_kind kind = token_kind::end_marker;
    std::uint8_t level = 0;  // depth of open brackets after the token
    std::uint32_t start = 0; // byte offsets into the text
    std::uint32_t end = 0;
    source_position where;
};

enum class lex_stop : std::uint8_t {
    none,
    hard,             // error is complete
    soft,             // error is complete, but the parser's own error comes first if it stops earlier
    unclosed_bracket, // end of input inside a bracket; error says which
};

struct lex_result {
    std::vector<token> tokens;
    lex_stop stop = lex_stop::none;
    syntax_error error;
    bool stopped_at_end = false; // more input could help: unterminated string or bracket, trailing backslash
};

lex_result tokenize(const source_text& source);

} // namespace heddle::python
