// Literals: what a string, bytes, f-string or number token stands for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ast.h"
#include "parser.h"

namespace heddle::python {

// The value of a numeric literal (without a trailing j). False with a message when it is too long.
bool parse_number(std::string_view text, constant& value, std::string& message);

// An integer in decimal digits, with an optional '-', as a constant of the fitting kind.
constant integer_from_decimal(std::string_view digits);

// One run of adjacent string tokens: escapes, implicit concatenation, replacement fields of f-strings (which are parsed
// by a parser of their own). Errors are raised in the owner.
class string_parser {
public:
    string_parser(parser& owner, std::size_t first_token, std::size_t last_token)
        : owner_(owner), first_(first_token), last_(last_token) {}

    const expression* parse();

private:
    struct piece { // of the token at hand: [cursor, end) of the source text
        std::size_t cursor;
        std::size_t end;
        bool is_raw;
        source_position where;
    };

    bool one_token(const token& t);
    bool plain(std::string_view body, bool is_raw, bool is_bytes);
    bool format_string(piece& at, int level, std::vector<const expression*>& values, std::string& literal);
    bool literal_part(piece& at, int level, std::string& literal);
    bool replacement_field(piece& at, int level, std::vector<const expression*>& values, std::string& literal);
    bool find_expression_end(piece& at);
    const expression* embedded_expression(std::size_t start, std::size_t end);
    bool unescape(std::string_view body, std::string& into);
    bool unescape_bytes(std::string_view body, std::string& into);
    void flush(std::string& literal, std::vector<const expression*>& values);
    const expression* joined(const std::vector<const expression*>& values);

    parser& owner_;
    std::size_t first_;
    std::size_t last_;
    bool is_format_ = false;
    bool is_bytes_ = false;
    std::string literal_;
    std::vector<const expression*> values_;
};

} // namespace heddle::python
