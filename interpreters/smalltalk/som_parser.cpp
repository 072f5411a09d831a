// Lexer and recursive-descent parser of SOM. The first error ends everything: later ones are not reported.
#include "som_parser.h"
#include <cctype>
#include <cstring>

namespace heddle::smalltalk::som {

namespace {
enum class token {
    end,
    identifier,
    keyword,  // foo:
    keywords, // foo:bar:
    operator_,
    integer,
    real,
    string,
    pound,
    assign,
    colon,
    caret,
    period,
    open,
    close,
    open_block,
    close_block,
    separator,
    unknown,
};
bool is_operator_character(char c) { return c && strchr("~&|*/\\+=><,@%-", c); }
bool is_letter(char c) { return isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class lexer {
public:
    explicit lexer(const std::string& source) : source_(source) { advance(); }
    token kind = token::end;
    std::string text;
    int line = 1;
    std::string problem; // why the token is unknown

    void advance() {
        skip_blanks();
        start_ = at_;
        line = line_;
        text.clear();
        kind = read();
    }
    // An operator that begins with '|' where a lone '|' must stand: only that is taken.
    void take_bar() {
        at_ = start_ + 1;
        advance();
    }
    // The text from the token on, for looking ahead.
    lexer ahead() const {
        lexer copy = *this;
        copy.advance();
        return copy;
    }

private:
    char peek(size_t by = 0) const { return at_ + by < source_.size() ? source_[at_ + by] : 0; }
    void skip_blanks() {
        for (;;) {
            char c = peek();
            if (c == '\n') line_++;
            if (isspace(static_cast<unsigned char>(c))) {
                at_++;
            } else if (c == '"') {
                at_++;
                while (at_ < source_.size() && peek() != '"') {
                    if (peek() == '\n') line_++;
                    at_++;
                }
                at_++;
            } else {
                return;
            }
        }
    }
    token read() {
        if (at_ >= source_.size()) return token::end;
        char c = peek();
        if (is_letter(c)) return read_word();
        if (is_digit(c)) return read_number();
        if (c == '\'') return read_string();
        if (is_operator_character(c)) return read_operator();
        at_++;
        text = c;
        switch (c) {
        case '#': return token::pound;
        case '^': return token::caret;
        case '.': return token::period;
        case '(': return token::open;
        case ')': return token::close;
        case '[': return token::open_block;
        case ']': return token::close_block;
        case ':':
            if (peek() != '=') return token::colon;
            at_++;
            return token::assign;
        }
        problem = "a character that SOM does not know";
        return token::unknown;
    }
    void read_identifier() {
        while (is_letter(peek()) || is_digit(peek())) text += source_[at_++];
    }
    token read_word() {
        read_identifier();
        if (peek() != ':' || peek(1) == '=') return token::identifier;
        text += source_[at_++];
        if (!is_letter(peek())) return token::keyword;
        // foo:bar: is one token, but `foo:bar` are two: an argument may follow its keyword at once.
        size_t at = at_;
        std::string longer = text;
        while (is_letter(peek())) {
            size_t length = text.size();
            read_identifier();
            if (peek() != ':' || peek(1) == '=') {
                text.resize(length);
                break;
            }
            text += source_[at_++];
        }
        if (text.find(':') + 1 < text.size() && text.back() == ':') return token::keywords;
        at_ = at;
        text = longer;
        return token::keyword;
    }
    token read_number() {
        while (is_digit(peek())) text += source_[at_++];
        if (peek() != '.' || !is_digit(peek(1))) return token::integer;
        text += source_[at_++];
        while (is_digit(peek())) text += source_[at_++];
        return token::real;
    }
    token read_string() {
        static const char* const escapes = "t\tb\bn\nr\rf\f''\\\\";
        at_++;
        while (at_ < source_.size() && peek() != '\'') {
            char c = source_[at_++];
            if (c == '\n') line_++;
            if (c == '\\') {
                char escaped = peek();
                at_++;
                if (escaped == '0') {
                    text += '\0';
                    continue;
                }
                size_t found = 0;
                while (escapes[found] && escapes[found] != escaped) found += 2;
                if (!escapes[found]) {
                    problem = std::string("the escape \\") + escaped + " that SOM does not know";
                    return token::unknown;
                }
                c = escapes[found + 1];
            }
            text += c;
        }
        if (at_ >= source_.size()) {
            problem = "a string without an end";
            return token::unknown;
        }
        at_++;
        return token::string;
    }
    token read_operator() {
        while (is_operator_character(peek())) text += source_[at_++];
        return text.size() >= 4 && text.find_first_not_of('-') == std::string::npos ? token::separator
                                                                                    : token::operator_;
    }

    const std::string& source_;
    size_t at_ = 0, start_ = 0;
    int line_ = 1;
};

class parser {
public:
    parser(const std::string& file, const std::string& source, std::string& error)
        : file_(file), error_(error), now_(source) {}

    bool class_body(class_definition& into) {
        if (now_.kind != token::identifier) return fail("a class begins with its name");
        into.name = now_.text;
        now_.advance();
        if (!take_operator("=")) return fail("after the class's name `=` is missing");
        if (now_.kind == token::identifier) {
            into.superclass = now_.text;
            now_.advance();
        }
        if (!take(token::open)) return fail("the class's body begins with `(`");
        if (!side(into.instance)) return false;
        if (now_.kind == token::separator) {
            now_.advance();
            if (!side(into.meta)) return false;
        }
        if (!take(token::close)) return fail("a method or `)` is expected");
        if (now_.kind != token::end) return fail("something follows the class");
        return true;
    }

private:
    bool fail(const std::string& what) {
        if (error_.empty())
            error_ = file_ + ":" + std::to_string(now_.line) + ": " + (now_.problem.empty() ? what : now_.problem);
        return false;
    }
    node_pointer fail_node(const std::string& what) {
        fail(what);
        return nullptr;
    }
    bool take(token kind) {
        if (now_.kind != kind) return false;
        now_.advance();
        return true;
    }
    bool at_operator(const char* text) const { return now_.kind == token::operator_ && now_.text == text; }
    bool take_operator(const char* text) {
        if (!at_operator(text)) return false;
        now_.advance();
        return true;
    }
    bool at_bar() const { return now_.kind == token::operator_ && now_.text[0] == '|'; }
    node_pointer make(node_kind kind, const std::string& text = "") {
        auto made = std::make_unique<node>();
        made->kind = kind;
        made->line = now_.line;
        made->text = text;
        return made;
    }
    bool names_between_bars(std::vector<std::string>& into) {
        now_.take_bar();
        while (now_.kind == token::identifier) {
            into.push_back(now_.text);
            now_.advance();
        }
        if (!at_bar()) return fail("names and `|` are expected");
        now_.take_bar();
        return true;
    }

    bool side(class_side& into) {
        while (at_bar()) {
            // `||` and `|` may also be methods.
            lexer next = now_.ahead();
            if (now_.text == "||" && next.kind == token::identifier) {
                next.advance();
                if (next.kind == token::operator_ && next.text == "=") break;
            }
            if (!names_between_bars(into.fields)) return false;
        }
        while (now_.kind == token::identifier || now_.kind == token::keyword || now_.kind == token::operator_) {
            into.methods.emplace_back();
            if (!method(into.methods.back())) return false;
        }
        return true;
    }
    bool method(method_definition& into) {
        into.body = make(node_kind::block);
        if (now_.kind == token::identifier) {
            into.selector = now_.text;
            now_.advance();
        } else if (now_.kind == token::operator_) {
            into.selector = now_.text;
            now_.advance();
            if (!argument(*into.body)) return false;
        } else {
            while (now_.kind == token::keyword) {
                into.selector += now_.text;
                now_.advance();
                if (!argument(*into.body)) return false;
            }
        }
        if (!take_operator("=")) return fail("after the method's pattern `=` is missing");
        if (now_.kind == token::identifier && now_.text == "primitive") {
            into.primitive = true;
            now_.advance();
            return true;
        }
        if (!take(token::open)) return fail("a method is `primitive`, or begins with `(`");
        if (!body(*into.body)) return false;
        return take(token::close) || fail("`)` is expected at the method's end");
    }
    bool argument(node& block) {
        if (now_.kind != token::identifier) return fail("the name of an argument is expected");
        block.arguments.push_back(now_.text);
        now_.advance();
        return true;
    }
    // Locals and statements, up to a closing bracket.
    bool body(node& block) {
        if (at_bar() && !names_between_bars(block.locals)) return false;
        while (now_.kind != token::close && now_.kind != token::close_block) {
            node_pointer statement;
            if (now_.kind == token::caret) {
                statement = make(node_kind::leave);
                now_.advance();
                node_pointer value = expression();
                if (!value) return false;
                statement->children.push_back(std::move(value));
                take(token::period);
                block.children.push_back(std::move(statement));
                if (now_.kind == token::close || now_.kind == token::close_block) return true;
                return fail("nothing may follow a `^`");
            }
            statement = expression();
            if (!statement) return false;
            block.children.push_back(std::move(statement));
            if (!take(token::period)) break;
        }
        return true;
    }
    node_pointer expression() {
        if (now_.kind == token::identifier) {
            lexer next = now_.ahead();
            if (next.kind == token::assign) {
                node_pointer assignment = make(node_kind::assignment, now_.text);
                now_.advance();
                now_.advance();
                node_pointer value = expression();
                if (!value) return nullptr;
                assignment->children.push_back(std::move(value));
                return assignment;
            }
        }
        node_pointer left = primary();
        if (left) left = unary(std::move(left));
        if (left) left = binary(std::move(left));
        if (!left || now_.kind != token::keyword) return left;
        node_pointer message = make(node_kind::send);
        message->children.push_back(std::move(left));
        while (now_.kind == token::keyword) {
            message->text += now_.text;
            now_.advance();
            node_pointer value = primary();
            if (value) value = unary(std::move(value));
            if (value) value = binary(std::move(value));
            if (!value) return nullptr;
            message->children.push_back(std::move(value));
        }
        return message;
    }
    node_pointer unary(node_pointer left) {
        while (now_.kind == token::identifier) {
            node_pointer message = make(node_kind::send, now_.text);
            now_.advance();
            message->children.push_back(std::move(left));
            left = std::move(message);
        }
        return left;
    }
    node_pointer binary(node_pointer left) {
        while (now_.kind == token::operator_) {
            node_pointer message = make(node_kind::send, now_.text);
            now_.advance();
            node_pointer right = primary();
            if (right) right = unary(std::move(right));
            if (!right) return nullptr;
            message->children.push_back(std::move(left));
            message->children.push_back(std::move(right));
            left = std::move(message);
        }
        return left;
    }
    node_pointer primary() {
        switch (now_.kind) {
        case token::identifier: return leaf(node_kind::name, now_.text);
        case token::open: {
            now_.advance();
            node_pointer inner = expression();
            if (!inner) return nullptr;
            if (!take(token::close)) return fail_node("`)` is expected");
            // A super in parentheses is self for what follows.
            if (inner->kind == node_kind::name && inner->text == "super") inner->text = "self";
            return inner;
        }
        case token::open_block: return block();
        default: return literal();
        }
    }
    node_pointer leaf(node_kind kind, const std::string& text) {
        node_pointer made = make(kind, text);
        now_.advance();
        return made;
    }
    node_pointer literal() {
        switch (now_.kind) {
        case token::integer: return leaf(node_kind::integer, now_.text);
        case token::real: return leaf(node_kind::real, now_.text);
        case token::string: return leaf(node_kind::string, now_.text);
        case token::operator_:
            if (now_.text != "-") return fail_node("an expression is expected");
            now_.advance();
            if (now_.kind == token::integer) return leaf(node_kind::integer, "-" + now_.text);
            if (now_.kind == token::real) return leaf(node_kind::real, "-" + now_.text);
            return fail_node("a number is expected after `-`");
        case token::pound: now_.advance(); return after_pound();
        default: return fail_node("an expression is expected");
        }
    }
    node_pointer after_pound() {
        switch (now_.kind) {
        case token::identifier:
        case token::keyword:
        case token::keywords:
        case token::operator_:
        case token::separator:
        case token::string: return leaf(node_kind::symbol, now_.text);
        case token::open: break;
        default: return fail_node("a symbol or an array is expected after `#`");
        }
        node_pointer array = make(node_kind::array);
        now_.advance();
        while (now_.kind != token::close) {
            node_pointer item = literal();
            if (!item) return nullptr;
            array->children.push_back(std::move(item));
        }
        now_.advance();
        return array;
    }
    node_pointer block() {
        node_pointer made = make(node_kind::block);
        now_.advance();
        while (take(token::colon))
            if (!argument(*made)) return nullptr;
        if (!made->arguments.empty() && now_.kind != token::close_block) {
            if (!at_bar()) return fail_node("`|` is expected after a block's arguments");
            now_.take_bar();
        }
        if (!body(*made)) return nullptr;
        if (!take(token::close_block)) return fail_node("`]` is expected at the block's end");
        return made;
    }

    const std::string& file_;
    std::string& error_;
    lexer now_;
};
} // namespace

bool parse_class(const std::string& file, const std::string& source, class_definition& into, std::string& error) {
    return parser(file, source, error).class_body(into);
}

} // namespace heddle::smalltalk::som
