// Literals. The rules of f-strings are 3.11's, where a replacement field is found by a scan for its end and then parsed
// as
// "(expression)", so that it can't hold a backslash, a '#' or the enclosing quote (Parser/string_parser.c).

#include "string_literal.h"

#include <gmp.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace heddle::python {

namespace {

constexpr std::size_t max_decimal_digits = 4300; // sys.int_info.default_max_str_digits
constexpr int max_field_nesting = 2;
constexpr std::size_t max_bracket_depth = 200;

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Reads up to three octal digits.
std::uint32_t octal(std::string_view body, std::size_t& cursor) {
    std::uint32_t value = 0;
    for (int count = 0; count < 3 && cursor < body.size() && body[cursor] >= '0' && body[cursor] <= '7'; ++count)
        value = value * 8 + static_cast<std::uint32_t>(body[cursor++] - '0');
    return value;
}

// The character for a one-letter escape, or -1.
int simple_escape(char c) {
    switch (c) {
    case '\\': return '\\';
    case '\'': return '\'';
    case '"': return '"';
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    default: return -1;
    }
}

constant integer_in_radix(const std::string& digits, int radix) {
    constant value;
    errno = 0;
    long long small = std::strtoll(digits.c_str(), nullptr, radix);
    if (errno == 0) {
        value.kind = constant_kind::integer;
        value.integer = small;
        return value;
    }
    mpz_t big;
    mpz_init_set_str(big, digits.c_str(), radix);
    std::vector<char> text(mpz_sizeinbase(big, 10) + 2);
    mpz_get_str(text.data(), 10, big);
    mpz_clear(big);
    value.kind = constant_kind::big_integer;
    value.text = text.data();
    return value;
}

} // namespace

constant integer_from_decimal(std::string_view digits) { return integer_in_radix(std::string(digits), 10); }

bool parse_number(std::string_view text, constant& value, std::string& message) {
    std::string digits;
    for (char c : text)
        if (c != '_') digits += c;
    char second = digits.size() > 1 ? static_cast<char>(digits[1] | 32) : '\0';
    if (digits[0] == '0' && (second == 'x' || second == 'o' || second == 'b')) {
        value = integer_in_radix(digits.substr(2), second == 'x' ? 16 : second == 'o' ? 8 : 2);
        return true;
    }
    if (digits.find_first_of(".eE") != std::string::npos) {
        value.kind = constant_kind::floating;
        value.floating = std::strtod(digits.c_str(), nullptr);
        return true;
    }
    if (digits.size() > max_decimal_digits) {
        message =
            "Exceeds the limit (4300 digits) for integer string conversion: value has " +
            std::to_string(digits.size()) +
            " digits; use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer "
            "literals to avoid decimal conversion limits.";
        return false;
    }
    value = integer_in_radix(digits, 10);
    return true;
}

const expression* parser::number() {
    std::size_t start = cursor_;
    std::string_view text = text_of(look());
    ++cursor_;
    look();
    bool is_hex = text.size() > 1 && (text[1] | 32) == 'x';
    bool is_imaginary = !is_hex && (text.back() | 32) == 'j';
    constant value;
    std::string message;
    if (is_imaginary) {
        std::string digits;
        for (char c : text)
            if (c != '_') digits += c;
        value.kind = constant_kind::floating;
        value.floating = std::strtod(digits.c_str(), nullptr);
    } else if (!parse_number(text, value, message)) {
        return raise_here(std::move(message));
    }
    tree_.constants.push_back(std::move(value));
    return tree_.memory.make<constant_expression>(
        constant_expression{{expression_kind::constant, 1, from(start)}, &tree_.constants.back(), is_imaginary, false});
}

const expression* parser::strings() {
    std::size_t first = cursor_;
    while (at(token_kind::string)) ++cursor_;
    return string_parser(*this, first, cursor_ - 1).parse();
}

// ---- plain strings and bytes ----------------------------------------------------------------------------------------

const expression* string_parser::parse() {
    bool is_unicode_literal = (owner_.source_.text[owner_.tokens_[first_].start] | 32) == 'u';
    for (std::size_t index = first_; index <= last_; ++index) {
        std::string_view text = owner_.text_of(owner_.tokens_[index]);
        bool is_bytes = false;
        for (std::size_t at = 0; text[at] != '"' && text[at] != '\''; ++at)
            is_bytes = is_bytes || (text[at] | 32) == 'b';
        if (index > first_ && is_bytes != is_bytes_) return owner_.raise_here("cannot mix bytes and nonbytes literals");
        is_bytes_ = is_bytes;
    }
    for (std::size_t index = first_; index <= last_; ++index)
        if (!one_token(owner_.tokens_[index])) return nullptr;
    if (is_format_) {
        flush(literal_, values_);
        return joined(values_);
    }
    constant value;
    value.kind = is_bytes_ ? constant_kind::bytes : constant_kind::string;
    value.text = std::move(literal_);
    owner_.tree_.constants.push_back(std::move(value));
    return owner_.tree_.memory.make<constant_expression>(
        constant_expression{{expression_kind::constant, 1, owner_.from(first_)},
                            &owner_.tree_.constants.back(),
                            false,
                            is_unicode_literal});
}

bool string_parser::one_token(const token& t) {
    std::string_view text = owner_.text_of(t);
    bool is_raw = false, is_format = false;
    std::size_t start = 0;
    for (; text[start] != '"' && text[start] != '\''; ++start) {
        is_raw = is_raw || (text[start] | 32) == 'r';
        is_format = is_format || (text[start] | 32) == 'f';
    }
    std::size_t quotes =
        text.size() >= start + 6 && text[start + 1] == text[start] && text[start + 2] == text[start] ? 3 : 1;
    std::size_t body = start + quotes;
    std::size_t length = text.size() - quotes - body;
    if (is_bytes_) {
        for (char c : text.substr(body, length)) {
            if (static_cast<unsigned char>(c) < 0x80) continue;
            owner_.raise_at(t.where, "bytes can only contain ASCII literal characters");
            return false;
        }
    }
    if (!is_format) return plain(text.substr(body, length), is_raw, is_bytes_);
    is_format_ = true;
    piece at{t.start + body, t.start + body + length, is_raw, t.where};
    return format_string(at, 0, values_, literal_);
}

bool string_parser::plain(std::string_view body, bool is_raw, bool is_bytes) {
    if (is_raw) {
        literal_ += body;
        return true;
    }
    return is_bytes ? unescape_bytes(body, literal_) : unescape(body, literal_);
}

bool string_parser::unescape(std::string_view body, std::string& into) {
    std::size_t widened = 0; // CPython decodes a copy in which each non-ASCII character takes ten bytes
    for (std::size_t cursor = 0; cursor < body.size();) {
        char c = body[cursor];
        if (c != '\\') {
            if (static_cast<unsigned char>(c) >= 0xc0) widened += 10;
            if (static_cast<unsigned char>(c) >= 0x80) --widened;
            into += c;
            ++cursor;
            continue;
        }
        std::size_t start = cursor + widened;
        char letter = cursor + 1 < body.size() ? body[cursor + 1] : '\\';
        cursor += 2;
        int simple = simple_escape(letter);
        int digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
        if (letter == '\n') continue;
        if (simple >= 0) {
            into += static_cast<char>(simple);
        } else if (letter >= '0' && letter <= '7') {
            --cursor;
            append_utf8(into, octal(body, cursor));
        } else if (digits != 0) {
            std::uint32_t value = 0;
            int count = 0;
            for (; count < digits && cursor < body.size() && hex_value(body[cursor]) >= 0; ++count)
                value = value << 4 | static_cast<std::uint32_t>(hex_value(body[cursor++]));
            const char* problem = count < digits     ? (digits == 2   ? "truncated \\xXX escape"
                                                        : digits == 4 ? "truncated \\uXXXX escape"
                                                                      : "truncated \\UXXXXXXXX escape")
                                  : value > 0x10ffff ? "illegal Unicode character"
                                                     : nullptr;
            if (problem != nullptr) {
                owner_.raise_here("(unicode error) 'unicodeescape' codec can't decode bytes in position " +
                                  std::to_string(start) + "-" + std::to_string(cursor + widened - 1) + ": " + problem);
                return false;
            }
            append_utf8(into, value);
        } else if (letter == 'N') {
            owner_.raise_here("a \\N{...} escape is not supported yet");
            return false;
        } else {
            into += '\\';
            --cursor;
        }
    }
    return true;
}

bool string_parser::unescape_bytes(std::string_view body, std::string& into) {
    for (std::size_t cursor = 0; cursor < body.size();) {
        char c = body[cursor];
        if (c != '\\') {
            into += c;
            ++cursor;
            continue;
        }
        std::size_t start = cursor;
        char letter = cursor + 1 < body.size() ? body[cursor + 1] : '\\';
        cursor += 2;
        int simple = simple_escape(letter);
        if (letter == '\n') continue;
        if (simple >= 0) {
            into += static_cast<char>(simple);
        } else if (letter >= '0' && letter <= '7') {
            --cursor;
            into += static_cast<char>(octal(body, cursor));
        } else if (letter == 'x') {
            if (cursor + 1 >= body.size() || hex_value(body[cursor]) < 0 || hex_value(body[cursor + 1]) < 0) {
                owner_.raise_here("(value error) invalid \\x escape at position " + std::to_string(start));
                return false;
            }
            into += static_cast<char>(hex_value(body[cursor]) << 4 | hex_value(body[cursor + 1]));
            cursor += 2;
        } else {
            into += '\\';
            --cursor;
        }
    }
    return true;
}

// ---- f-strings ------------------------------------------------------------------------------------------------------

void string_parser::flush(std::string& literal, std::vector<const expression*>& values) {
    if (literal.empty()) return;
    constant value;
    value.kind = constant_kind::string;
    value.text = std::move(literal);
    literal.clear();
    values.push_back(owner_.make_constant(first_, std::move(value)));
}

const expression* string_parser::joined(const std::vector<const expression*>& values) {
    auto* node = owner_.tree_.memory.make<joined_string_expression>(joined_string_expression{
        {expression_kind::joined_string, 1, owner_.from(first_)}, owner_.tree_.memory.freeze(values)});
    return owner_.deeper(node, values);
}

bool string_parser::format_string(piece& at, int level, std::vector<const expression*>& values, std::string& literal) {
    const std::string& text = owner_.source_.text;
    for (;;) {
        if (!literal_part(at, level, literal)) return false;
        if (at.cursor >= at.end || text[at.cursor] == '}') break;
        if (!replacement_field(at, level, values, literal)) return false;
    }
    if (level == 0 && at.cursor < at.end) {
        owner_.raise_here("f-string: unexpected end of string");
        return false;
    }
    if (level > 0 && (at.cursor >= at.end || text[at.cursor] != '}')) {
        owner_.raise_here("f-string: expecting '}'");
        return false;
    }
    return true;
}

// Text up to the next field, or in a format spec up to its end.
bool string_parser::literal_part(piece& at, int level, std::string& literal) {
    std::string_view text = owner_.source_.text;
    auto take = [&](std::size_t start, std::size_t end) {
        std::string_view body = text.substr(start, end - start);
        if (!at.is_raw) return unescape(body, literal);
        literal += body;
        return true;
    };
    std::size_t start = at.cursor;
    while (at.cursor < at.end) {
        char c = text[at.cursor++];
        if (!at.is_raw && c == '\\' && at.cursor < at.end) {
            c = text[at.cursor++];
            if (c == 'N' && at.cursor < at.end && text[at.cursor] == '{') {
                while (at.cursor < at.end && text[at.cursor] != '}') ++at.cursor;
                if (at.cursor < at.end) ++at.cursor;
                continue;
            }
        }
        if (c != '{' && c != '}') continue;
        if (level == 0) {
            if (at.cursor < at.end && text[at.cursor] == c) { // doubled: one of them, and go on behind
                if (!take(start, at.cursor)) return false;
                start = ++at.cursor;
                continue;
            }
            if (c == '}') {
                owner_.raise_here("f-string: single '}' is not allowed");
                return false;
            }
        }
        --at.cursor;
        break;
    }
    return take(start, at.cursor);
}

// From behind '{' to the character that ends the expression: '}', '!', ':' or '='.
bool string_parser::find_expression_end(piece& at) {
    std::string_view text = owner_.source_.text;
    auto fail = [&](std::string message) {
        owner_.raise_here(std::move(message));
        return false;
    };
    char quote = 0;
    std::size_t quote_length = 0;
    std::string brackets;
    for (; at.cursor < at.end; ++at.cursor) {
        char c = text[at.cursor];
        auto repeats = [&] { return at.cursor + 2 < at.end && text[at.cursor + 1] == c && text[at.cursor + 2] == c; };
        if (c == '\\') return fail("f-string expression part cannot include a backslash");
        if (quote != 0) {
            if (c != quote || (quote_length == 3 && !repeats())) continue;
            at.cursor += quote_length - 1;
            quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
            quote_length = repeats() ? 3 : 1;
            at.cursor += quote_length - 1;
        } else if (c == '[' || c == '{' || c == '(') {
            if (brackets.size() >= max_bracket_depth) return fail("f-string: too many nested parenthesis");
            brackets += c;
        } else if (c == '#') {
            return fail("f-string expression part cannot include '#'");
        } else if (brackets.empty() && std::strchr("!:}=<>", c) != nullptr) {
            if (at.cursor + 1 < at.end && text[at.cursor + 1] == '=' && std::strchr("!=<>", c) != nullptr) {
                ++at.cursor;
                continue;
            }
            if (c != '<' && c != '>') break;
        } else if (c == ']' || c == '}' || c == ')') {
            if (brackets.empty()) return fail(std::string("f-string: unmatched '") + c + "'");
            char open = brackets.back();
            brackets.pop_back();
            if (c != (open == '(' ? ')' : open == '[' ? ']' : '}'))
                return fail(std::string("f-string: closing parenthesis '") + c +
                            "' does not match opening parenthesis '" + open + "'");
        }
    }
    if (quote != 0) return fail("f-string: unterminated string");
    if (!brackets.empty()) return fail(std::string("f-string: unmatched '") + brackets.back() + "'");
    return at.cursor < at.end || fail("f-string: expecting '}'");
}

bool string_parser::replacement_field(piece& at, int level, std::vector<const expression*>& values,
                                      std::string& literal) {
    std::string_view text = owner_.source_.text;
    auto fail = [&](const char* message) {
        owner_.raise_here(message);
        return false;
    };
    if (level >= max_field_nesting) return fail("f-string: expressions nested too deeply");
    std::size_t start = ++at.cursor;
    if (!find_expression_end(at)) return false;
    const expression* value = embedded_expression(start, at.cursor);
    if (value == nullptr) return false;
    bool is_debug = text[at.cursor] == '=';
    if (is_debug) {
        ++at.cursor;
        while (at.cursor < at.end && std::strchr(" \t\n\f\r\v", text[at.cursor]) != nullptr) ++at.cursor;
        literal += text.substr(start, at.cursor - start);
    }
    int conversion = 0;
    if (at.cursor < at.end && text[at.cursor] == '!') {
        if (++at.cursor >= at.end) return fail("f-string: expecting '}'");
        conversion = text[at.cursor++];
        if (conversion != 's' && conversion != 'r' && conversion != 'a')
            return fail("f-string: invalid conversion character: expected 's', 'r', or 'a'");
    }
    const expression* format = nullptr;
    if (at.cursor < at.end && text[at.cursor] == ':') {
        ++at.cursor;
        std::vector<const expression*> format_values;
        std::string format_literal;
        if (!format_string(at, level + 1, format_values, format_literal)) return false;
        flush(format_literal, format_values);
        if ((format = joined(format_values)) == nullptr) return false;
    }
    if (at.cursor >= at.end || text[at.cursor] != '}') return fail("f-string: expecting '}'");
    ++at.cursor;
    if (is_debug && format == nullptr && conversion == 0) conversion = 'r';
    flush(literal, values);
    auto* node = owner_.tree_.memory.make<formatted_value_expression>(formatted_value_expression{
        {expression_kind::formatted_value, 1, owner_.from(first_)}, value, conversion, format});
    const expression* made = owner_.deeper(node, {value, format});
    values.push_back(made);
    return made != nullptr;
}

// Parses [start, end) of the source text in parentheses, by a parser of its own.
const expression* string_parser::embedded_expression(std::size_t start, std::size_t end) {
    const source_text& source = owner_.source_;
    if (source.text.find_first_not_of(" \t\n\f\r", start) >= end) {
        char next = source.text[end];
        if (next == '}') return owner_.raise_here("f-string: empty expression not allowed");
        return owner_.raise_here(std::string("f-string: expression required before '") + next + "'");
    }
    source_text inner;
    inner.filename = source.filename;
    inner.text = "(" + source.text.substr(start, end - start) + ")\n";
    find_lines(inner);
    // Where the expression stands: its line and the column of its first byte.
    auto next_line = std::upper_bound(source.line_starts.begin(), source.line_starts.end(), start);
    int line = static_cast<int>(next_line - source.line_starts.begin());
    const embedding& where = owner_.embedding_;
    int column = static_cast<int>(start - *(next_line - 1)) - 1 + (line == 1 ? where.column_offset : 0);
    parser inner_parser(inner, owner_.tree_, embedding{true, where.line_offset + line - 1, column});
    inner_parser.nesting_ = owner_.nesting_ + 1;
    syntax_error error;
    const expression* node = inner_parser.run_embedded(error);
    if (node != nullptr) return node;
    owner_.raised_ = true;
    owner_.error_ = error;
    return nullptr;
}

} // namespace heddle::python
