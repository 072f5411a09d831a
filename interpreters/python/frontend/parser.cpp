// The parser's tokens, its two passes, and the top rules.

#include "parser.h"

#include <utf8proc.h>

#include <cstdlib>

namespace heddle::python {

parser::parser(const source_text& source, syntax_tree& tree, const embedding& where)
    : source_(source), tree_(tree), embedding_(where), lexed_(tokenize(source)) {}

bool parse(const source_text& source, compile_mode mode, syntax_tree& tree, syntax_error& error) {
    return parser(source, tree, {}).run(mode, tree.module, error);
}

// ---- tokens ---------------------------------------------------------------------------------------------------------

const token& parser::look(std::size_t distance) {
    std::size_t index = cursor_ + distance;
    if (index >= tokens_.size()) index = tokens_.size() - 1;
    if (index > furthest_) furthest_ = index;
    if (tokens_[index].kind == token_kind::error) raise_lexical();
    return tokens_[index];
}

bool parser::accept(token_kind kind) {
    if (!at(kind)) return false;
    if (cursor_ + 1 < tokens_.size()) ++cursor_;
    return true;
}

bool parser::force(token_kind kind) {
    if (accept(kind)) return true;
    raise_at(look().where, std::string("expected '") + token_text(kind) + "'");
    return false;
}

bool parser::at_name(std::string_view text) { return at(token_kind::name) && text_of(look()) == text; }

std::string_view parser::text_of(const token& t) const {
    return std::string_view(source_.text).substr(t.start, t.end - t.start);
}

std::string_view parser::identifier(const token& t) {
    std::string_view text = text_of(t);
    bool is_ascii = true;
    for (char c : text) is_ascii = is_ascii && static_cast<unsigned char>(c) < 0x80;
    if (is_ascii) return embedding_.is_embedded ? tree_.memory.copy(text) : text;
    utf8proc_uint8_t* normal = nullptr;
    auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    utf8proc_ssize_t length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                           static_cast<utf8proc_ssize_t>(text.size()), &normal, options);
    if (length < 0) return tree_.memory.copy(text);
    std::string_view copy =
        tree_.memory.copy({reinterpret_cast<const char*>(normal), static_cast<std::size_t>(length)});
    std::free(normal);
    return copy;
}

source_position parser::placed(source_position where) const {
    if (!embedding_.is_embedded) return where;
    if (where.line == 1) where.column += embedding_.column_offset;
    if (where.end_line == 1) where.end_column += embedding_.column_offset;
    where.line += embedding_.line_offset;
    where.end_line += embedding_.line_offset;
    return where;
}

source_position parser::unplaced(source_position where) const {
    if (!embedding_.is_embedded) return where;
    where.line -= embedding_.line_offset;
    where.end_line -= embedding_.line_offset;
    if (where.line == 1) where.column -= embedding_.column_offset;
    if (where.end_line == 1) where.end_column -= embedding_.column_offset;
    return where;
}

source_position parser::from(std::size_t start) const {
    const source_position& first = tokens_[start].where;
    std::size_t end = cursor_ > start ? cursor_ - 1 : start;
    while (end > start && tokens_[end].kind >= token_kind::newline && tokens_[end].kind <= token_kind::dedent) --end;
    const source_position& last = tokens_[end].where;
    return placed({first.line, last.end_line, first.column, last.end_column});
}

bool parser::check_depth(int depth) {
    if (depth <= max_tree_depth) return true;
    if (!raised_) {
        raised_ = true;
        error_.kind = syntax_error_kind::recursion_error;
        error_.message = "maximum recursion depth exceeded during compilation";
    }
    return false;
}

// ---- passes ---------------------------------------------------------------------------------------------------------

bool parser::run(compile_mode mode, module_tree& module, syntax_error& error) {
    auto pass = [&]() -> bool {
        cursor_ = 0;
        if (mode == compile_mode::eval) {
            module.value = expressions();
            if (module.value == nullptr) return false;
            while (accept(token_kind::newline)) {}
            return at(token_kind::end_marker);
        }
        std::vector<const statement*> body;
        if (mode == compile_mode::single) {
            if (at(token_kind::newline) || at(token_kind::end_marker)) return true;
            if (!statement_into(body)) return false;
            while (accept(token_kind::newline)) {}
            if (!at(token_kind::end_marker)) {
                raise_here("multiple statements found while compiling a single statement");
                return false;
            }
        } else if (!statements(body, token_kind::end_marker)) {
            return false;
        }
        module.body = tree_.memory.freeze(body);
        return true;
    };
    if (pass()) return true;
    stuck_ = furthest_;
    if (!raised_) {
        explaining_ = true;
        pass();
        if (!raised_) raise_generic();
    }
    finish_error(error);
    return false;
}

const expression* parser::run_embedded(syntax_error& error) {
    const expression* node = star_expressions();
    if (node != nullptr && !raised_) return node;
    stuck_ = furthest_;
    if (!raised_) {
        cursor_ = 0;
        explaining_ = true;
        star_expressions();
        if (!raised_) raise_generic();
    }
    finish_error(error);
    return nullptr;
}

} // namespace heddle::python
