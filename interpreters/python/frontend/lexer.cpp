// The lexer. The rules, the order in which they are tried and the errors are CPython 3.11's (Parser/tokenizer.c); the
// structure is our own: no lookahead buffers, since the whole text is there.

#include "lexer.h"

#include <utf8proc.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace heddle::python {

namespace {

constexpr int max_bracket_depth = 200;
constexpr int max_indentation_depth = 100;
constexpr int tab_size = 8;

constexpr const char* token_texts[] = {
#define HEDDLE_PYTHON_TOKEN(name, text) text,
#include "tokens.def"
};

bool is_digit(int c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(int c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_identifier_start(int c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 128; }
bool is_identifier_part(int c) { return is_identifier_start(c) || is_digit(c); }

// PEP 3131 on NFKC text, from the general category; the few Other_ID_Start/Other_ID_Continue characters by hand.
bool starts_identifier(std::uint32_t c) {
    if (c == '_' || c == 0x1885 || c == 0x1886 || c == 0x2118 || c == 0x212e || c == 0x309b || c == 0x309c) return true;
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL: return true;
    default: return false;
    }
}

bool continues_identifier(std::uint32_t c) {
    if (starts_identifier(c) || c == 0xb7 || c == 0x387 || (c >= 0x1369 && c <= 0x1371) || c == 0x19da) return true;
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_PC: return true;
    default: return false;
    }
}

bool is_printable(std::uint32_t c) {
    if (c == ' ') return true;
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS: return false;
    default: return true;
    }
}

token_kind keyword_or_name(std::string_view word) {
    if (word.size() < 2 || word.size() > 8) return token_kind::name;
    for (int kind = static_cast<int>(token_kind::kw_false); kind <= static_cast<int>(token_kind::kw_yield); ++kind)
        if (word == token_texts[kind]) return static_cast<token_kind>(kind);
    return token_kind::name;
}

class lexer {
public:
    explicit lexer(const source_text& source) : source_(source), text_(source.text) {}

    lex_result run() {
        result_.tokens.reserve(text_.size() / 4 + 8);
        while (!stopped_ && scan_line_start() && !at_end()) scan_line();
        if (!stopped_) finish();
        return std::move(result_);
    }

private:
    struct open_bracket {
        char character;
        int line;
        int column;
    };

    bool at_end() const { return cursor_ >= text_.size(); }
    // The byte at the cursor plus an offset, or -1 behind the end.
    int peek(std::size_t offset = 0) const {
        return cursor_ + offset < text_.size() ? static_cast<unsigned char>(text_[cursor_ + offset]) : -1;
    }
    int column_of(std::size_t offset) const { return static_cast<int>(offset - line_start_); }

    void next_line() { // the cursor stands behind a '\n'
        ++line_;
        line_start_ = cursor_;
    }

    void add(token_kind kind, std::size_t start, int start_line, int start_column) {
        token made;
        made.kind = kind;
        made.level = static_cast<std::uint8_t>(brackets_.size());
        made.start = static_cast<std::uint32_t>(start);
        made.end = static_cast<std::uint32_t>(cursor_);
        made.where = {start_line, line_, start_column, column_of(cursor_)};
        result_.tokens.push_back(made);
    }
    void add(token_kind kind, std::size_t start) { add(kind, start, line_, column_of(start)); }

    // A token with no extent: INDENT, DEDENT, end, error. CPython gives these the place just before the cursor, without
    // an end; at the end of the text that is the last line's newline.
    void add_mark(token_kind kind) {
        bool is_behind = at_end() && line_ > 1 && column_of(cursor_) == 0;
        std::size_t line_start = is_behind ? source_.line_starts.back() : line_start_;
        int line = is_behind ? line_ - 1 : line_;
        int column = static_cast<int>(cursor_ - line_start) - 1;
        add(kind, cursor_);
        result_.tokens.back().where = {line, line, column, no_end_column};
    }

    // Stops with an error; columns are 1-based and count characters, as SyntaxError.offset does.
    void stop(lex_stop how, syntax_error_kind kind, std::string message, int line, int column, int end_column) {
        stopped_ = true;
        result_.stop = how;
        result_.error.kind = kind;
        result_.error.message = std::move(message);
        result_.error.filename = source_.filename;
        result_.error.line = line;
        result_.error.end_line = line;
        result_.error.column = column;
        result_.error.end_column = end_column;
        result_.error.text = source_.line(line);
        add_mark(token_kind::error);
    }
    // An error of CPython's syntaxerror(): the column is that of the character before `offset`.
    void hard_error(std::string message, std::size_t offset) {
        int column = source_.characters(line_, column_of(offset));
        stop(lex_stop::hard, syntax_error_kind::syntax_error, std::move(message), line_, column, column);
    }

    // ---- lines and indentation --------------------------------------------------------------------------------------

    // Measures indentation and emits INDENT or DEDENTs; skips blank lines. False when there is nothing left.
    bool scan_line_start() {
        for (;;) {
            int column = 0;
            int alternate = 0; // with tabs of width 1: both must agree on every comparison
            int continued = 0;
            for (;; ++cursor_) {
                int c = peek();
                if (c == ' ') {
                    ++column, ++alternate;
                } else if (c == '\t') {
                    column = (column / tab_size + 1) * tab_size;
                    ++alternate;
                } else if (c == '\f') {
                    column = alternate = 0;
                } else if (c == '\\') {
                    continued = continued != 0 ? continued : column;
                    if (!skip_continuation()) return false;
                    --cursor_;
                } else {
                    break;
                }
            }
            if (peek() == '#')
                while (peek() >= 0 && peek() != '\n') ++cursor_;
            if (at_end()) return false;
            if (peek() != '\n')
                return indent_to(continued != 0 ? continued : column, continued != 0 ? continued : alternate);
            ++cursor_;
            next_line();
        }
    }

    bool inconsistent_tabs() {
        stop(lex_stop::soft, syntax_error_kind::tab_error, "inconsistent use of tabs and spaces in indentation", line_,
             1, 0);
        return false;
    }

    bool indent_to(int column, int alternate) {
        if (column == indents_.back()) return alternate == alternates_.back() || inconsistent_tabs();
        if (column > indents_.back()) {
            if (indents_.size() >= max_indentation_depth) {
                stop(lex_stop::soft, syntax_error_kind::indentation_error, "too many levels of indentation", line_, 1,
                     0);
                return false;
            }
            if (alternate <= alternates_.back()) return inconsistent_tabs();
            indents_.push_back(column);
            alternates_.push_back(alternate);
            add_mark(token_kind::indent);
            return true;
        }
        int dedents = 0;
        while (indents_.size() > 1 && column < indents_.back()) {
            indents_.pop_back();
            alternates_.pop_back();
            ++dedents;
        }
        if (column != indents_.back()) {
            std::string_view text = source_.line(line_);
            stop(lex_stop::soft, syntax_error_kind::indentation_error,
                 "unindent does not match any outer indentation level", line_,
                 source_.characters(line_, static_cast<int>(text.size())), 0);
            return false;
        }
        if (alternate != alternates_.back()) return inconsistent_tabs();
        for (; dedents > 0; --dedents) add_mark(token_kind::dedent);
        return true;
    }

    // At a backslash: skips it and the newline behind it.
    bool skip_continuation() {
        if (peek(1) != '\n') {
            int column = source_.characters(line_, column_of(cursor_ + 1)) + 1;
            stop(lex_stop::soft, syntax_error_kind::syntax_error,
                 "unexpected character after line continuation character", line_, column, 0);
            return false;
        }
        cursor_ += 2;
        if (at_end() && !brackets_.empty()) {
            finish();
            return false;
        }
        if (at_end()) {
            int column = source_.characters(line_, column_of(cursor_));
            result_.stopped_at_end = true;
            stop(lex_stop::soft, syntax_error_kind::syntax_error, "unexpected EOF while parsing", line_, column, 0);
            return false;
        }
        next_line();
        return true;
    }

    // Tokens up to and including the logical line's NEWLINE.
    void scan_line() {
        constexpr auto none = static_cast<std::size_t>(-1);
        std::size_t comment = none; // where one began that the next newline ends
        while (!stopped_) {
            int c = peek();
            if (c == ' ' || c == '\t' || c == '\f') {
                ++cursor_;
            } else if (c == '#') {
                comment = cursor_;
                while (peek() >= 0 && peek() != '\n') ++cursor_;
            } else if (c == '\\') {
                skip_continuation();
            } else if (c == '\n') {
                std::size_t start = cursor_++;
                if (brackets_.empty()) {
                    add(token_kind::newline, start);
                    source_position& where = result_.tokens.back().where;
                    where.end_column = column_of(start);
                    if (comment != none) where.column = column_of(comment);
                }
                comment = none;
                next_line();
                if (brackets_.empty()) return;
            } else if (c < 0) {
                return;
            } else {
                scan_token(c);
            }
        }
    }

    void finish() {
        if (!brackets_.empty()) {
            const open_bracket& open = brackets_.back();
            int column = source_.characters(open.line, open.column) + 1;
            std::string message = std::string("'") + open.character + "' was never closed";
            result_.stopped_at_end = true;
            stop(lex_stop::unclosed_bracket, syntax_error_kind::syntax_error, std::move(message), open.line, column, 0);
            return;
        }
        for (std::size_t depth = indents_.size(); depth > 1; --depth) add_mark(token_kind::dedent);
        add_mark(token_kind::end_marker);
    }

    // ---- tokens -----------------------------------------------------------------------------------------------------

    void scan_token(int c) {
        if (is_identifier_start(c)) {
            scan_name();
        } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
            scan_number();
        } else if (c == '"' || c == '\'') {
            scan_string(cursor_);
        } else {
            scan_operator(static_cast<char>(c));
        }
    }

    void scan_name() {
        std::size_t start = cursor_;
        bool is_ascii = true;
        while (is_identifier_part(peek())) is_ascii = is_ascii && peek() < 128, ++cursor_;
        std::string_view word = std::string_view(text_).substr(start, cursor_ - start);
        if ((peek() == '"' || peek() == '\'') && is_string_prefix(word)) return scan_string(start);
        if (!is_ascii && !check_identifier(start)) return;
        add(keyword_or_name(word), start);
    }

    static bool is_string_prefix(std::string_view word) {
        if (word.size() > 2) return false;
        bool is_raw = false, is_bytes = false, is_unicode = false, is_format = false;
        for (char c : word) {
            bool* seen = c == 'r' || c == 'R'   ? &is_raw
                         : c == 'b' || c == 'B' ? &is_bytes
                         : c == 'u' || c == 'U' ? &is_unicode
                         : c == 'f' || c == 'F' ? &is_format
                                                : nullptr;
            if (seen == nullptr || *seen) return false;
            *seen = true;
        }
        return !(is_unicode && word.size() == 2) && !(is_bytes && is_format);
    }

    // A word with non-ASCII characters must be an identifier, after NFKC normalisation or as it is.
    bool check_identifier(std::size_t start) {
        std::size_t offset = start;
        while (offset < cursor_) {
            std::size_t at = offset;
            std::uint32_t c = next_code_point(text_, offset);
            if (at == start ? starts_identifier(c) : continues_identifier(c)) continue;
            if (normalises_to_identifier(c, at == start)) continue;
            char message[80];
            std::string shown;
            append_utf8(shown, c);
            cursor_ = offset;
            if (is_printable(c)) {
                std::snprintf(message, sizeof message, "invalid character '%s' (U+%04X)", shown.c_str(), c);
            } else {
                std::snprintf(message, sizeof message, "invalid non-printable character U+%04X", c);
            }
            hard_error(message, offset);
            return false;
        }
        return true;
    }

    static bool normalises_to_identifier(std::uint32_t c, bool is_first) {
        utf8proc_int32_t buffer[32];
        int boundary = 0;
        auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE);
        utf8proc_ssize_t count =
            utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), buffer, 32, options, &boundary);
        if (count <= 0 || count > 32 || (count == 1 && buffer[0] == static_cast<utf8proc_int32_t>(c))) return false;
        for (utf8proc_ssize_t index = 0; index < count; ++index) {
            auto part = static_cast<std::uint32_t>(buffer[index]);
            if (is_first && index == 0 ? !starts_identifier(part) : !continues_identifier(part)) return false;
        }
        return true;
    }

    // ---- numbers ----------------------------------------------------------------------------------------------------

    // What follows a number: a keyword may stand right behind it ("1if x"), other letters may not.
    bool check_number_end(const char* kind) {
        int c = peek();
        if (!is_identifier_part(c)) return true;
        static constexpr const char* allowed[] = {"and", "else", "for", "if", "in", "is", "or", "not"};
        for (const char* word : allowed)
            if (text_.compare(cursor_, std::strlen(word), word) == 0 && !is_identifier_part(peek(std::strlen(word))))
                return true;
        hard_error(std::string("invalid ") + kind + " literal", cursor_);
        return false;
    }

    // Digits with single underscores between them.
    bool scan_decimal_digits() {
        for (;;) {
            while (is_digit(peek())) ++cursor_;
            if (peek() != '_') return true;
            ++cursor_;
            if (!is_digit(peek())) {
                hard_error("invalid decimal literal", cursor_);
                return false;
            }
        }
    }

    // Behind "0x", "0o" or "0b".
    bool scan_radix_digits(int radix, const char* kind) {
        auto is_radix_digit = [radix](int c) { return radix == 16 ? is_hex_digit(c) : c >= '0' && c < '0' + radix; };
        do {
            if (peek() == '_') ++cursor_;
            if (!is_radix_digit(peek())) return bad_radix_digit(radix, kind);
            while (is_radix_digit(peek())) ++cursor_;
        } while (peek() == '_');
        if (radix != 16 && is_digit(peek())) return bad_radix_digit(radix, kind);
        return check_number_end(kind);
    }

    bool bad_radix_digit(int radix, const char* kind) {
        if (radix != 16 && is_digit(peek())) {
            std::string message =
                std::string("invalid digit '") + static_cast<char>(peek()) + "' in " + kind + " literal";
            hard_error(std::move(message), cursor_ + 1);
        } else {
            hard_error(std::string("invalid ") + kind + " literal", cursor_);
        }
        return false;
    }

    void scan_number() {
        std::size_t start = cursor_;
        if (peek() == '0' && (peek(1) | 32) == 'x') {
            cursor_ += 2;
            if (!scan_radix_digits(16, "hexadecimal")) return;
        } else if (peek() == '0' && (peek(1) | 32) == 'o') {
            cursor_ += 2;
            if (!scan_radix_digits(8, "octal")) return;
        } else if (peek() == '0' && (peek(1) | 32) == 'b') {
            cursor_ += 2;
            if (!scan_radix_digits(2, "binary")) return;
        } else if (!scan_decimal(start)) {
            return;
        }
        add(token_kind::number, start);
    }

    bool scan_decimal(std::size_t start) {
        bool is_integer = true;
        if (peek() != '.' && !scan_decimal_digits()) return false;
        std::size_t integer_end = cursor_;
        if (peek() == '.') {
            is_integer = false;
            ++cursor_;
            if (is_digit(peek()) && !scan_decimal_digits()) return false;
        }
        if ((peek() | 32) == 'e' && peek() >= 0) {
            std::size_t digits = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
            if (is_digit(peek(digits))) {
                is_integer = false;
                cursor_ += digits;
                if (!scan_decimal_digits()) return false;
            } else if (digits == 2) {
                hard_error("invalid decimal literal", cursor_ + 2);
                return false;
            } else {
                return check_number_end("decimal");
            }
        }
        if ((peek() | 32) == 'j' && peek() >= 0) {
            ++cursor_;
            return check_number_end("imaginary");
        }
        if (is_integer && text_[start] == '0' && !check_leading_zeros(start, integer_end)) return false;
        return check_number_end("decimal");
    }

    // "007" is an error, "00" is not.
    bool check_leading_zeros(std::size_t start, std::size_t end) {
        std::size_t zeros_end = start;
        while (zeros_end < end && (text_[zeros_end] == '0' || text_[zeros_end] == '_')) ++zeros_end;
        if (zeros_end == end) return true;
        int column = source_.characters(line_, column_of(start)) + 1;
        int end_column = source_.characters(line_, column_of(zeros_end)) + 1;
        stop(lex_stop::hard, syntax_error_kind::syntax_error,
             "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers", line_,
             column, end_column);
        return false;
    }

    // ---- strings and operators --------------------------------------------------------------------------------------

    // The cursor stands at the opening quote, start at the prefix.
    void scan_string(std::size_t start) {
        int start_line = line_;
        int start_column = column_of(start);
        int quote = peek();
        bool is_triple = peek(1) == quote && peek(2) == quote;
        cursor_ += is_triple ? 3 : 1;
        for (;;) {
            int c = peek();
            if (c < 0 || (c == '\n' && !is_triple)) return unterminated_string(start_line, start_column, is_triple);
            ++cursor_;
            if (c == '\\') {
                if (peek() < 0) continue;
                c = peek();
                ++cursor_;
                if (c == '\n') next_line();
            } else if (c == '\n') {
                next_line();
            } else if (c == quote && (!is_triple || (peek() == quote && peek(1) == quote))) {
                cursor_ += is_triple ? 2 : 0;
                break;
            }
        }
        add(token_kind::string, start, start_line, start_column);
    }

    void unterminated_string(int start_line, int start_column, bool is_triple) {
        int last_line = line_;
        if (is_triple && column_of(cursor_) == 0) --last_line; // the end of the text, behind the last newline
        std::string message = is_triple ? "unterminated triple-quoted string literal" : "unterminated string literal";
        message += " (detected at line " + std::to_string(last_line) + ")";
        result_.stopped_at_end = is_triple;
        int column = source_.characters(start_line, start_column) + 1;
        stop(lex_stop::hard, syntax_error_kind::syntax_error, std::move(message), start_line, column, column);
    }

    void scan_operator(char c) {
        std::size_t start = cursor_;
        if (text_.compare(cursor_, 2, "<>") == 0) { // CPython knows it as a token, for an April fool
            cursor_ += 2;
            return add(token_kind::stray_character, start);
        }
        int best = -1;
        for (int kind = static_cast<int>(token_kind::left_parenthesis);
             kind <= static_cast<int>(token_kind::caret_assign); ++kind) {
            if (token_texts[kind][0] != c) continue;
            std::size_t length = std::strlen(token_texts[kind]);
            if (text_.compare(cursor_, length, token_texts[kind]) == 0 &&
                (best < 0 || length > std::strlen(token_texts[best])))
                best = kind;
        }
        if (best < 0) {
            if (static_cast<unsigned char>(c) < 32 || c == 127) {
                char message[60];
                std::snprintf(message, sizeof message, "invalid non-printable character U+%04X",
                              static_cast<unsigned>(c));
                ++cursor_;
                return hard_error(message, cursor_);
            }
            ++cursor_;
            return add(token_kind::stray_character, start);
        }
        cursor_ += std::strlen(token_texts[best]);
        auto kind = static_cast<token_kind>(best);
        if ((c == '(' || c == '[' || c == '{') && !open_bracket_at(start, c)) return;
        if ((c == ')' || c == ']' || c == '}') && !close_bracket(c)) return;
        add(kind, start);
    }

    bool open_bracket_at(std::size_t start, char c) {
        if (brackets_.size() >= max_bracket_depth) {
            hard_error("too many nested parentheses", cursor_);
            return false;
        }
        brackets_.push_back({c, line_, column_of(start)});
        return true;
    }

    bool close_bracket(char c) {
        if (brackets_.empty()) {
            hard_error(std::string("unmatched '") + c + "'", cursor_);
            return false;
        }
        open_bracket open = brackets_.back();
        brackets_.pop_back();
        char expected = open.character == '(' ? ')' : open.character == '[' ? ']' : '}';
        if (c == expected) return true;
        std::string message =
            std::string("closing parenthesis '") + c + "' does not match opening parenthesis '" + open.character + "'";
        if (open.line != line_) message += " on line " + std::to_string(open.line);
        hard_error(std::move(message), cursor_);
        return false;
    }

    const source_text& source_;
    const std::string& text_;
    lex_result result_;
    std::size_t cursor_ = 0;
    std::size_t line_start_ = 0;
    int line_ = 1;
    bool stopped_ = false;
    std::vector<int> indents_{0};
    std::vector<int> alternates_{0};
    std::vector<open_bracket> brackets_;
};

} // namespace

const char* token_text(token_kind kind) { return token_texts[static_cast<int>(kind)]; }

lex_result tokenize(const source_text& source) { return lexer(source).run(); }

} // namespace heddle::python
