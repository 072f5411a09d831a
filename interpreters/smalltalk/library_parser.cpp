// A recursive descent parser of Smalltalk methods.
#include "library_parser.h"
#include <cctype>
#include <cstdlib>

namespace heddle::smalltalk::library {

std::vector<chunk> split_chunks(const std::string& source) {
    std::vector<chunk> chunks;
    std::string text;
    int line = 1, start = 1;
    auto finish = [&] {
        size_t first = text.find_first_not_of(" \t\n\r");
        for (size_t i = 0; i < text.size() && i < first; i++) start += text[i] == '\n';
        chunks.push_back({first == std::string::npos ? "" : text.substr(first), start});
        text.clear();
        start = line;
    };
    for (size_t i = 0; i < source.size(); i++) {
        line += source[i] == '\n';
        if (source[i] != '!') {
            text += source[i];
        } else if (i + 1 < source.size() && source[i + 1] == '!') {
            text += '!';
            i++;
        } else {
            finish();
        }
    }
    if (text.find_first_not_of(" \t\n\r") != std::string::npos) finish();
    return chunks;
}

namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)); }
bool is_binary(char c) { return c != 0 && std::string("+-*/\\~<>=@%|&?,").find(c) != std::string::npos; }

enum class token_kind { end, name, keyword, binary, number, string, symbol, character, open_array, open_bytes, other };
struct token {
    token_kind kind = token_kind::end;
    std::string text;
    int line = 0;
    size_t start = 0;
};

class parser {
public:
    parser(const std::string& source, int line, std::string& error) : source_(source), line_(line), error_(error) {
        advance();
    }
    method_tree method() {
        method_tree result;
        result.source = source_;
        result.body = make(tree_kind::block);
        if (at(token_kind::name)) {
            result.selector = take();
        } else if (at(token_kind::binary)) {
            result.selector = take();
            result.body->arguments.push_back(name());
        } else if (at(token_kind::keyword)) {
            while (at(token_kind::keyword)) {
                result.selector += take();
                result.body->arguments.push_back(name());
            }
        } else {
            fail("a message pattern is wanted");
        }
        while (at_text("<")) primitive(result);
        temporaries(*result.body);
        while (at_text("<")) primitive(result);
        statements(*result.body, token_kind::end, "");
        return result;
    }
    method_tree do_it() {
        method_tree result;
        result.source = source_;
        result.selector = "doIt";
        result.body = make(tree_kind::block);
        temporaries(*result.body);
        statements(*result.body, token_kind::end, "");
        return result;
    }

private:
    void fail(const std::string& text) {
        if (error_.empty()) error_ = "line " + std::to_string(now_.line) + ": " + text;
        now_ = {};
        at_ = source_.size();
    }
    char peek(size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : 0; }
    void skip_space() {
        for (;;) {
            while (std::isspace(static_cast<unsigned char>(peek()))) line_ += source_[at_++] == '\n';
            if (peek() != '"') return;
            at_++;
            while (peek() && peek() != '"') line_ += source_[at_++] == '\n';
            at_++;
        }
    }
    std::string letters() {
        std::string text;
        while (is_letter(peek()) || is_digit(peek())) text += source_[at_++];
        return text;
    }
    std::string quoted() {
        std::string text;
        for (at_++;; at_++) {
            if (!peek()) return fail("a quote is missing"), text;
            if (peek() == '\'' && peek(1) == '\'')
                at_++;
            else if (peek() == '\'')
                break;
            line_ += peek() == '\n';
            text += peek();
        }
        at_++;
        return text;
    }
    std::string keyword_rest() {
        std::string text;
        while (peek() == ':' && peek(1) != '=') {
            text += source_[at_++];
            if (is_letter(peek())) text += letters();
        }
        return text;
    }
    void advance() {
        skip_space();
        now_ = {token_kind::other, "", line_, at_};
        char c = peek();
        if (!c) {
            now_.kind = token_kind::end;
        } else if (is_letter(c)) {
            now_.text = letters();
            now_.kind = token_kind::name;
            if (peek() == ':' && peek(1) != '=') {
                now_.text += source_[at_++];
                now_.kind = token_kind::keyword;
            }
        } else if (is_digit(c)) {
            number_token();
        } else if (c == '\'') {
            now_.kind = token_kind::string;
            now_.text = quoted();
        } else if (c == '$') {
            now_.kind = token_kind::character;
            now_.text = std::string(1, peek(1));
            at_ += 2;
        } else if (c == '#') {
            hash_token();
        } else if (c == ':' && peek(1) == '=') {
            now_.text = ":=";
            at_ += 2;
        } else if (is_binary(c)) {
            now_.kind = token_kind::binary;
            now_.text = source_[at_++];
            while (is_binary(peek()) && !(peek() == '-' && is_digit(peek(1)))) now_.text += source_[at_++];
        } else {
            now_.text = source_[at_++];
        }
    }
    void hash_token() {
        at_++;
        now_.kind = token_kind::symbol;
        if (peek() == '(') {
            now_.kind = token_kind::open_array;
            at_++;
        } else if (peek() == '[') {
            now_.kind = token_kind::open_bytes;
            at_++;
        } else if (peek() == '\'') {
            now_.text = quoted();
        } else if (is_letter(peek())) {
            now_.text = letters();
            now_.text += keyword_rest();
        } else if (is_binary(peek())) {
            while (is_binary(peek())) now_.text += source_[at_++];
        } else {
            fail("a symbol is wanted after #");
        }
    }
    // 12, 16rFF, 1.5, 1e10, 1.5e-3
    void number_token() {
        now_.kind = token_kind::number;
        while (is_digit(peek())) now_.text += source_[at_++];
        if (peek() == 'r') {
            now_.text += source_[at_++];
            while (is_digit(peek()) || (peek() >= 'A' && peek() <= 'Z')) now_.text += source_[at_++];
            return;
        }
        if (peek() == '.' && is_digit(peek(1))) {
            now_.text += source_[at_++];
            while (is_digit(peek())) now_.text += source_[at_++];
        }
        if (peek() == 'e' && (is_digit(peek(1)) || (peek(1) == '-' && is_digit(peek(2))))) {
            now_.text += source_[at_++];
            if (peek() == '-') now_.text += source_[at_++];
            while (is_digit(peek())) now_.text += source_[at_++];
        }
    }
    bool at(token_kind kind) const { return now_.kind == kind; }
    bool at_text(const char* text) const {
        return (now_.kind == token_kind::other || now_.kind == token_kind::binary) && now_.text == text;
    }
    std::string take() {
        std::string text = now_.text;
        advance();
        return text;
    }
    void expect(const char* text) {
        if (!at_text(text)) return fail(std::string(text) + " is wanted");
        advance();
    }
    std::string name() {
        if (!at(token_kind::name)) return fail("a name is wanted"), "";
        return take();
    }
    tree_pointer make(tree_kind kind) {
        auto made = std::make_unique<tree>();
        made->kind = kind;
        made->line = now_.line;
        return made;
    }

    void primitive(method_tree& method) {
        advance();
        if (!at(token_kind::keyword) || take() != "primitive:") return fail("only <primitive: ...> is known");
        if (at(token_kind::string)) {
            method.primitive = 117;
            method.primitive_name = take();
            if (at(token_kind::keyword) && take() == "module:") method.primitive_module = take();
        } else {
            method.primitive = std::atol(take().c_str());
        }
        expect(">");
    }
    void temporaries(tree& block) {
        if (at_text("||")) return advance();
        if (!at_text("|")) return;
        advance();
        while (at(token_kind::name)) block.temporaries.push_back(take());
        expect("|");
    }
    void statements(tree& block, token_kind end, const char* end_text) {
        auto ended = [&] { return at(token_kind::end) || (end == token_kind::other && at_text(end_text)); };
        while (!ended()) {
            if (at_text(".")) {
                advance();
                continue;
            }
            if (at_text("^")) {
                tree_pointer leave = make(tree_kind::leave);
                advance();
                leave->parts.push_back(expression());
                block.parts.push_back(std::move(leave));
            } else {
                block.parts.push_back(expression());
            }
            if (!ended()) expect(".");
        }
        if (end == token_kind::other) expect(end_text);
    }
    tree_pointer expression() {
        if (at(token_kind::name)) {
            token kept = now_;
            size_t place = at_;
            int line = line_;
            advance();
            if (at_text(":=")) {
                advance();
                tree_pointer result = make(tree_kind::assign);
                result->text = kept.text;
                result->parts.push_back(expression());
                return result;
            }
            now_ = kept;
            at_ = place;
            line_ = line;
        }
        tree_pointer receiver = primary();
        tree_pointer first = messages(std::move(receiver), 3);
        if (!at_text(";")) return first;
        tree_pointer cascade = make(tree_kind::cascade);
        if (first->kind != tree_kind::send) {
            fail("a message is wanted before ;");
            return cascade;
        }
        cascade->parts.push_back(std::move(first->parts[0]));
        cascade->parts.push_back(std::move(first));
        while (at_text(";")) {
            advance();
            tree_pointer send = message(nullptr, 3);
            if (!send) return fail("a message is wanted after ;"), std::move(cascade);
            cascade->parts.push_back(std::move(send));
        }
        return cascade;
    }
    // Level 1: unary messages, 2: binary too, 3: keyword ones too.
    tree_pointer messages(tree_pointer receiver, int level) {
        while (at(token_kind::name) || (level >= 2 && at(token_kind::binary)) ||
               (level >= 3 && at(token_kind::keyword)))
            receiver = message(std::move(receiver), level);
        return receiver;
    }
    tree_pointer message(tree_pointer receiver, int level) {
        tree_pointer send = make(tree_kind::send);
        send->parts.push_back(std::move(receiver));
        if (at(token_kind::name)) {
            send->text = take();
        } else if (level >= 2 && at(token_kind::binary)) {
            send->text = take();
            send->parts.push_back(messages(primary(), 1));
        } else if (level >= 3 && at(token_kind::keyword)) {
            while (at(token_kind::keyword)) {
                send->text += take();
                send->parts.push_back(messages(primary(), 2));
            }
        } else {
            return nullptr;
        }
        return send;
    }
    tree_pointer primary() {
        if (at(token_kind::name)) {
            tree_pointer result = make(tree_kind::name);
            result->text = take();
            return result;
        }
        if (at_text("[")) return block();
        if (at_text("{")) {
            tree_pointer brace = make(tree_kind::brace);
            advance();
            statements(*brace, token_kind::other, "}");
            return brace;
        }
        if (at_text("(")) {
            advance();
            tree_pointer inner = expression();
            expect(")");
            return inner;
        }
        return literal(false);
    }
    tree_pointer block() {
        tree_pointer result = make(tree_kind::block);
        advance();
        while (at_text(":")) {
            advance();
            result->arguments.push_back(name());
        }
        if (!result->arguments.empty() && at_text("||")) {
            now_.text = "|"; // the bar after the arguments, and the first of the temporaries
            temporaries(*result);
        } else {
            if (!result->arguments.empty() && !at_text("]")) expect("|");
            temporaries(*result);
        }
        statements(*result, token_kind::other, "]");
        return result;
    }
    tree_pointer number(bool negative) {
        tree_pointer result = make(tree_kind::integer);
        std::string text = take();
        size_t radix = text.find('r');
        if (radix != std::string::npos) {
            result->integer = std::strtoll(text.c_str() + radix + 1, nullptr, std::atoi(text.c_str()));
        } else if (text.find('.') != std::string::npos) {
            result->kind = tree_kind::real;
            result->real = std::strtod(text.c_str(), nullptr);
        } else {
            size_t exponent = text.find('e');
            result->integer = std::strtoll(text.c_str(), nullptr, 10);
            if (exponent != std::string::npos)
                for (long n = std::atol(text.c_str() + exponent + 1); n > 0; n--) result->integer *= 10;
        }
        if (negative) {
            result->integer = -result->integer;
            result->real = -result->real;
        }
        return result;
    }
    tree_pointer with_text(tree_kind kind) {
        tree_pointer result = make(kind);
        result->text = take();
        return result;
    }
    tree_pointer literal(bool in_array) {
        switch (now_.kind) {
        case token_kind::number: return number(false);
        case token_kind::string: return with_text(tree_kind::string);
        case token_kind::symbol: return with_text(tree_kind::symbol);
        case token_kind::character: {
            tree_pointer result = make(tree_kind::character);
            result->integer = static_cast<unsigned char>(take()[0]);
            return result;
        }
        case token_kind::open_array: return array();
        case token_kind::open_bytes: {
            tree_pointer result = make(tree_kind::bytes);
            advance();
            while (at(token_kind::number)) result->parts.push_back(number(false));
            expect("]");
            return result;
        }
        case token_kind::binary:
            if (now_.text == "-" && is_digit(peek())) {
                advance();
                return number(true);
            }
            if (in_array) return with_text(tree_kind::symbol);
            break;
        case token_kind::name:
            if (now_.text == "nil" || now_.text == "true" || now_.text == "false") return with_text(tree_kind::name);
            return with_text(tree_kind::symbol);
        case token_kind::keyword: {
            tree_pointer result = make(tree_kind::symbol);
            result->text = now_.text;
            if (is_letter(peek())) {
                result->text += letters();
                result->text += keyword_rest();
            }
            advance();
            return result;
        }
        case token_kind::other:
            if (in_array && now_.text == "(") return array();
            break;
        default: break;
        }
        fail(at(token_kind::end) ? "an expression is missing at the end"
                                 : "an expression is wanted before " + now_.text);
        return make(tree_kind::name);
    }
    tree_pointer array() {
        tree_pointer result = make(tree_kind::array);
        advance();
        while (!at_text(")") && !at(token_kind::end)) result->parts.push_back(literal(true));
        expect(")");
        return result;
    }

    const std::string& source_;
    size_t at_ = 0;
    int line_;
    std::string& error_;
    token now_;
};

} // namespace

method_tree parse_method(const std::string& source, int line, std::string& error) {
    return parser(source, line, error).method();
}
method_tree parse_do_it(const std::string& source, int line, std::string& error) {
    return parser(source, line, error).do_it();
}

} // namespace heddle::smalltalk::library
