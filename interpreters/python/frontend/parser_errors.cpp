// Errors: raising them, and the second pass's attempts to say what is wrong, one function for each group of "invalid_"
// rules of CPython's grammar. Each explain function starts at a given token, moves the cursor as it likes and raises,
// or doesn't.

#include "parser.h"

namespace heddle::python {

// ---- raising --------------------------------------------------------------------------------------------------------

std::nullptr_t parser::raise(syntax_error_kind kind, std::string message, source_position where) {
    if (raised_) return nullptr;
    raised_ = true;
    error_.kind = kind;
    error_.message = embedding_.is_embedded ? "f-string: " + message : std::move(message);
    error_.filename = source_.filename;
    error_.line = where.line;
    error_.end_line = where.end_line;
    error_.column = where.column < 0 ? 0 : source_.characters(where.line, where.column) + 1;
    error_.end_column =
        where.end_column < 0 ? where.end_column + 1 : source_.characters(where.end_line, where.end_column) + 1;
    error_.text = source_.line(where.line);
    return nullptr;
}

std::nullptr_t parser::raise_at(source_position where, std::string message) {
    return raise(syntax_error_kind::syntax_error, std::move(message), where);
}

std::nullptr_t parser::raise_between(source_position first, source_position last, std::string message) {
    return raise_at({first.line, last.end_line, first.column, last.end_column}, std::move(message));
}

std::nullptr_t parser::raise_from(source_position first, std::string message) {
    source_position last = tokens_[furthest_].where;
    --last.end_column; // CPython's way of counting
    return raise_between(first, last, std::move(message));
}

std::nullptr_t parser::raise_here(std::string message) {
    return raise_at(tokens_[furthest_].where, std::move(message));
}

std::nullptr_t parser::raise_indentation(std::string message) {
    return raise(syntax_error_kind::indentation_error, std::move(message), tokens_[furthest_].where);
}

void parser::raise_lexical() {
    if (raised_) return;
    raised_ = is_final_ = true;
    error_ = lexed_.error;
}

std::nullptr_t parser::raise_too_deep() {
    if (explaining_) return nullptr; // the second pass just gives up on that explanation
    raise(syntax_error_kind::memory_error, "", tokens_[furthest_].where);
    error_.message.clear();
    return nullptr;
}

// No rule explained it.
void parser::raise_generic() {
    const token& last = tokens_[stuck_];
    if (last.kind == token_kind::indent || last.kind == token_kind::dedent) {
        bool is_indent = last.kind == token_kind::indent;
        raise(syntax_error_kind::indentation_error, is_indent ? "unexpected indent" : "unexpected unindent",
              tokens_[furthest_].where);
        is_final_ = true;
        return;
    }
    source_position where = last.where;
    if (where.end_column == no_end_column) where.column = where.end_column = -1;
    raise_at(where, "invalid syntax");
}

// The lexer's errors come before the parser's in the cases that lex_stop tells.
void parser::finish_error(syntax_error& error) {
    bool lexer_wins = false;
    if (!is_final_ && lexed_.stop == lex_stop::hard) lexer_wins = true;
    if (!is_final_ && lexed_.stop == lex_stop::unclosed_bracket)
        lexer_wins = tokens_[furthest_].where.line > lexed_.error.line;
    if (lexer_wins && error_.kind <= syntax_error_kind::tab_error) error_ = lexed_.error;
    error_.incomplete = lexed_.stopped_at_end || tokens_[furthest_].start >= source_.text.size();
    if (embedding_.is_embedded) {
        if (error_.line > 0) error_.line += embedding_.line_offset;
        if (error_.end_line > 0) error_.end_line += embedding_.line_offset;
    }
    error_.filename = source_.filename;
    error = error_;
}

// ---- names and targets ----------------------------------------------------------------------------------------------

std::string_view expression_name(const expression* node) {
    switch (node->kind) {
    case expression_kind::attribute: return "attribute";
    case expression_kind::subscript: return "subscript";
    case expression_kind::starred: return "starred";
    case expression_kind::name: return "name";
    case expression_kind::list: return "list";
    case expression_kind::tuple: return "tuple";
    case expression_kind::lambda: return "lambda";
    case expression_kind::call: return "function call";
    case expression_kind::bool_operation:
    case expression_kind::binary:
    case expression_kind::unary: return "expression";
    case expression_kind::generator: return "generator expression";
    case expression_kind::yield:
    case expression_kind::yield_from: return "yield expression";
    case expression_kind::await: return "await expression";
    case expression_kind::list_comprehension: return "list comprehension";
    case expression_kind::set_comprehension: return "set comprehension";
    case expression_kind::dict_comprehension: return "dict comprehension";
    case expression_kind::dict: return "dict literal";
    case expression_kind::set: return "set display";
    case expression_kind::joined_string:
    case expression_kind::formatted_value: return "f-string expression";
    case expression_kind::constant: {
        const constant& value = *as<constant_expression>(node).value;
        switch (value.kind) {
        case constant_kind::none: return "None";
        case constant_kind::boolean: return value.integer != 0 ? "True" : "False";
        case constant_kind::ellipsis: return "ellipsis";
        default: return "literal";
        }
    }
    case expression_kind::compare: return "comparison";
    case expression_kind::conditional: return "conditional expression";
    case expression_kind::named: return "named expression";
    case expression_kind::slice: return "slice";
    }
    return "expression";
}

// The part of `node` that can't be a target, or null.
const expression* parser::invalid_target(const expression* node, target_use use) const {
    switch (node->kind) {
    case expression_kind::list:
    case expression_kind::tuple:
        for (const expression* element : as<sequence_expression>(node).elements)
            if (const expression* wrong = invalid_target(element, use)) return wrong;
        return nullptr;
    case expression_kind::starred:
        return use == target_use::remove ? node : invalid_target(as<operand_expression>(node).operand, use);
    case expression_kind::compare: {
        const auto& comparison = as<compare_expression>(node);
        if (use != target_use::loop) return node;
        return comparison.operations[0] == compare_operator::in ? invalid_target(comparison.left, use) : nullptr;
    }
    case expression_kind::name:
    case expression_kind::subscript:
    case expression_kind::attribute: return nullptr;
    default: return node;
    }
}

std::nullptr_t parser::raise_invalid_target(const expression* node, target_use use) {
    const expression* wrong = invalid_target(node, use);
    if (wrong == nullptr) return nullptr;
    std::string message = use == target_use::remove ? "cannot delete " : "cannot assign to ";
    return raise_at(unplaced(wrong->where), message.append(expression_name(wrong)));
}

bool parser::is_legacy_name(const expression* node) const {
    if (node->kind != expression_kind::name) return false;
    std::string_view name = as<name_expression>(node).name;
    return name == "print" || name == "exec";
}

// ---- expressions ----------------------------------------------------------------------------------------------------

// Behind `first`, a disjunction that began at `start`: another expression (a forgotten comma), or `a if b` without
// else.
void parser::explain_expression(std::size_t start, const expression* first) {
    std::size_t behind = cursor_;
    const token& head = tokens_[start];
    bool is_prefix_like =
        head.kind == token_kind::name && start + 1 < tokens_.size() && tokens_[start + 1].kind == token_kind::string;
    std::string_view text = text_of(head);
    bool is_soft_keyword = head.kind == token_kind::name && (text == "match" || text == "case" || text == "_");
    if (!is_prefix_like && !is_soft_keyword && starts_expression()) {
        bool was_suspended = suspended_;
        suspended_ = true;
        const expression* second = expression_unchecked();
        suspended_ = was_suspended;
        if (raised_) return;
        if (second != nullptr && !is_legacy_name(first) && tokens_[cursor_ - 1].level != 0) {
            raise_between(unplaced(first->where), unplaced(second->where),
                          "invalid syntax. Perhaps you forgot a comma?");
            return;
        }
        cursor_ = behind;
    }
    if (!accept(token_kind::kw_if)) return;
    const expression* test = disjunction();
    if (test == nullptr || raised_ || at(token_kind::kw_else) || at(token_kind::colon)) return;
    raise_between(unplaced(first->where), unplaced(test->where), "expected 'else' after 'if' expression");
}

// `print x` and `exec x`.
void parser::explain_legacy(std::size_t start) {
    const token& name = tokens_[start];
    if (name.kind != token_kind::name) return;
    cursor_ = start + 1;
    if (at(token_kind::left_parenthesis) || !(starts_expression() || at(token_kind::star))) return;
    const expression* value = star_expressions(); // for any name: what follows it may be wrong in itself
    if (value == nullptr || raised_ || (text_of(name) != "print" && text_of(name) != "exec")) return;
    std::string word(text_of(name));
    raise_between(name.where, unplaced(value->where),
                  "Missing parentheses in call to '" + word + "'. Did you mean " + word + "(...)?");
}

void parser::explain_named_expression(std::size_t start) {
    const expression* target = expression_();
    if (raised_) return;
    if (target != nullptr && accept(token_kind::walrus) && expression_() != nullptr) {
        raise_at(unplaced(target->where),
                 std::string("cannot use assignment expressions with ").append(expression_name(target)));
    }
    if (raised_) return;
    auto ends_here = [this] { return !at(token_kind::assign) && !at(token_kind::walrus); };
    cursor_ = start;
    if (at(token_kind::name) && next_is(token_kind::assign)) {
        cursor_ += 2;
        const expression* value = bitwise_or();
        if (raised_) return;
        if (value != nullptr && ends_here()) {
            raise_between(tokens_[start].where, unplaced(value->where),
                          "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
            return;
        }
    }
    cursor_ = start;
    if (at(token_kind::kw_true) || at(token_kind::kw_false) || at(token_kind::kw_none)) return;
    if (at(token_kind::left_bracket) || at(token_kind::left_parenthesis)) { // a list, tuple or generator expression
        const expression* display = atom();
        if (raised_) return;
        if (display != nullptr && (display->kind == expression_kind::list || display->kind == expression_kind::tuple ||
                                   display->kind == expression_kind::generator))
            return;
    }
    cursor_ = start;
    const expression* left = bitwise_or();
    if (left == nullptr || raised_ || !accept(token_kind::assign)) return;
    if (bitwise_or() == nullptr || raised_ || !ends_here()) return;
    raise_at(unplaced(left->where), std::string("cannot assign to ")
                                        .append(expression_name(left))
                                        .append(" here. Maybe you meant '==' instead of '='?"));
}

// At an opening bracket whose content is no valid comprehension.
void parser::explain_comprehension(std::size_t start) {
    cursor_ = start;
    token_kind open = look().kind;
    ++cursor_;
    std::vector<comprehension_clause> clauses;
    bool is_starred = at(token_kind::star);
    if (is_starred) {
        std::size_t star = cursor_;
        accept(token_kind::star);
        const expression* operand = expression_();
        if (raised_) return;
        source_position where = operand == nullptr ? tokens_[star].where : unplaced(from(star));
        if (operand != nullptr && comprehension_clauses(clauses)) {
            raise_at(where, "iterable unpacking cannot be used in comprehension");
        }
        if (raised_) return;
    }
    if (open == token_kind::left_parenthesis) return;
    cursor_ = start + 1;
    if (!starts_expression() && !is_starred) return;
    const expression* first = star_named_expression();
    if (first == nullptr || raised_ || !at(token_kind::comma)) return;
    source_position comma = look().where;
    accept(token_kind::comma);
    std::size_t behind_comma = cursor_;
    std::vector<const expression*> rest;
    clauses.clear();
    if ((starts_expression() || at(token_kind::star)) && star_named_expressions(rest, token_kind::end_marker) &&
        !rest.empty() && comprehension_clauses(clauses)) {
        raise_between(unplaced(first->where), unplaced(rest.back()->where),
                      "did you forget parentheses around the comprehension target?");
    }
    if (raised_) return;
    cursor_ = behind_comma;
    clauses.clear();
    if (comprehension_clauses(clauses) && !raised_)
        raise_between(unplaced(first->where), comma, "did you forget parentheses around the comprehension target?");
}

// At a '{' that begins a dict.
void parser::explain_dict(std::size_t start) {
    cursor_ = start + 1;
    // {**mapping for ...}
    if (at(token_kind::double_star)) {
        source_position stars = look().where;
        accept(token_kind::double_star);
        std::vector<comprehension_clause> clauses;
        if (bitwise_or() != nullptr && !raised_ && comprehension_clauses(clauses) && at(token_kind::right_brace))
            raise_at(stars, "dict unpacking cannot be used in dict comprehension");
        if (raised_) return;
    }
    // Skip the good items; the first one that isn't good gets explained.
    cursor_ = start + 1;
    bool is_first = true;
    for (;;) {
        std::size_t item = cursor_;
        bool is_good;
        if (accept(token_kind::double_star)) {
            is_good = bitwise_or() != nullptr;
        } else {
            is_good = starts_expression() && expression_() != nullptr && accept(token_kind::colon) &&
                      starts_expression() && expression_() != nullptr;
        }
        if (raised_) return;
        if (is_good && accept(token_kind::comma)) {
            is_first = false;
            continue;
        }
        if (is_good) return;
        cursor_ = item;
        break;
    }
    if (!starts_expression()) return;
    const expression* key = expression_();
    if (key == nullptr || raised_) return;
    if (!at(token_kind::colon)) {
        if (is_first) return;
        source_position where = unplaced(key->where);
        raise_at({where.line, where.end_line, where.end_column - 1, -1}, "':' expected after dictionary key");
        return;
    }
    source_position colon = look().where;
    accept(token_kind::colon);
    if (at(token_kind::star)) {
        source_position star = look().where;
        accept(token_kind::star);
        if (bitwise_or() != nullptr && !raised_)
            raise_from(star, "cannot use a starred expression in a dictionary value");
        return;
    }
    if (at(token_kind::right_brace) || at(token_kind::comma))
        raise_at(colon, "expression expected after dictionary key and ':'");
}

void parser::explain_group(std::size_t start) {
    cursor_ = start + 1;
    std::size_t star = cursor_;
    if (accept(token_kind::star)) {
        const expression* operand = expression_();
        if (operand == nullptr || raised_) return;
        source_position where = unplaced(from(star));
        if (at(token_kind::right_parenthesis)) raise_at(where, "cannot use starred expression here");
    } else if (accept(token_kind::double_star)) {
        if (expression_() != nullptr && !raised_ && at(token_kind::right_parenthesis))
            raise_at(tokens_[star].where, "cannot use double starred expression here");
    }
}

// ---- calls ----------------------------------------------------------------------------------------------------------

void parser::explain_keyword_argument(std::size_t start) {
    cursor_ = start;
    const token& head = look();
    bool is_constant =
        head.kind == token_kind::kw_true || head.kind == token_kind::kw_false || head.kind == token_kind::kw_none;
    if (is_constant && next_is(token_kind::assign)) {
        raise_between(head.where, look(1).where, std::string("cannot assign to ").append(text_of(head)));
        return;
    }
    if (head.kind == token_kind::name && next_is(token_kind::assign)) {
        source_position name = head.where, equals = look(1).where;
        cursor_ += 2;
        std::vector<comprehension_clause> clauses;
        if (expression_() != nullptr && !raised_ && comprehension_clauses(clauses))
            raise_between(name, equals, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
        return;
    }
    if (!starts_expression()) return;
    const expression* value = expression_();
    if (value == nullptr || raised_ || !at(token_kind::assign)) return;
    raise_between(unplaced(value->where), look().where,
                  "expression cannot contain assignment, perhaps you meant \"==\"?");
}

// An argument list that began at `start` and isn't one.
void parser::explain_arguments(std::size_t start) {
    static const char* needs_parentheses = "Generator expression must be parenthesized";
    auto end_of = [this](const std::vector<comprehension_clause>& clauses) {
        const comprehension_clause& last = clauses.back();
        return unplaced(last.conditions.empty() ? last.iterable->where : last.conditions.back()->where);
    };
    // As many good arguments as there are, as CPython's `args` takes them: the comma behind the last one stays.
    auto take_arguments = [this](argument_list& into) {
        bool after_keyword = false, after_double_star = false;
        std::size_t good = cursor_;
        bool any = false;
        while (one_argument(into, after_keyword, after_double_star) && !raised_) {
            any = true;
            good = cursor_;
            if (!accept(token_kind::comma)) break;
        }
        cursor_ = good;
        return any && !raised_;
    };
    cursor_ = start;
    argument_list given;
    bool has_arguments = take_arguments(given);
    if (raised_) return;
    std::size_t behind = cursor_;
    if (has_arguments && accept(token_kind::comma) && at(token_kind::star)) {
        raise_at(look().where, "iterable argument unpacking follows keyword argument unpacking");
        return;
    }
    cursor_ = start;
    std::vector<comprehension_clause> clauses;
    const expression* first = starts_expression() ? expression_() : nullptr;
    if (raised_) return;
    if (first != nullptr && comprehension_clauses(clauses) && at(token_kind::comma)) {
        accept(token_kind::comma);
        argument_list ignored;
        take_arguments(ignored);
        if (!raised_) raise_between(unplaced(first->where), end_of(clauses), needs_parentheses);
    }
    if (raised_ || !has_arguments) return;
    clauses.clear();
    cursor_ = behind;
    std::size_t count = given.positional.size() + given.keywords.size();
    if (comprehension_clauses(clauses) && count > 1) {
        source_position last_argument =
            given.keywords.empty() ? given.positional.back()->where : given.keywords.back().where;
        raise_between(unplaced(last_argument), end_of(clauses), needs_parentheses);
    }
    if (raised_) return;
    cursor_ = behind;
    if (!accept(token_kind::comma)) return;
    std::size_t second = cursor_;
    clauses.clear();
    const expression* next = starts_expression() ? expression_() : nullptr;
    if (next != nullptr && !raised_ && comprehension_clauses(clauses)) {
        raise_between(unplaced(next->where), end_of(clauses), needs_parentheses);
    }
    if (raised_) return;
    cursor_ = second;
    argument_list more;
    if (take_arguments(more)) explain_arguments_order(given);
}

void parser::explain_arguments_order(const argument_list& arguments) {
    bool has_unpacking = false;
    for (const keyword_argument& keyword : arguments.keywords) has_unpacking = has_unpacking || keyword.name.empty();
    raise_here(has_unpacking ? "positional argument follows keyword argument unpacking"
                             : "positional argument follows keyword argument");
}

// ---- statements -----------------------------------------------------------------------------------------------------

// A statement that began with an expression and is no good assignment.
void parser::explain_assignment(std::size_t start) {
    // (a, b): annotation
    cursor_ = start;
    if (at(token_kind::left_bracket) || at(token_kind::left_parenthesis)) {
        const expression* display = atom();
        if (raised_) return;
        bool is_display =
            display != nullptr && (display->kind == expression_kind::list || display->kind == expression_kind::tuple);
        if (is_display && accept(token_kind::colon) && expression_() != nullptr && !raised_) {
            raise_at(
                unplaced(display->where),
                std::string("only single target (not ").append(expression_name(display)).append(") can be annotated"));
        }
        if (raised_) return;
    }
    // a, b: annotation
    cursor_ = start;
    const expression* first = star_named_expression();
    if (raised_) return;
    if (first != nullptr && accept(token_kind::comma)) {
        std::vector<const expression*> rest;
        while (!raised_ && (starts_expression() || at(token_kind::star)) &&
               star_named_expressions(rest, token_kind::colon)) {}
        if (raised_) return;
        if (accept(token_kind::colon) && expression_() != nullptr && !raised_)
            raise_at(unplaced(first->where), "only single target (not tuple) can be annotated");
        if (raised_) return;
    }
    // 1: annotation
    cursor_ = start;
    first = expression_();
    if (raised_) return;
    if (first != nullptr && accept(token_kind::colon) && expression_() != nullptr && !raised_)
        raise_at(unplaced(first->where), "illegal target for annotation");
    if (raised_) return;
    // a = 1 = ...
    cursor_ = start;
    for (;;) {
        std::size_t target_start = cursor_;
        bool is_yield = at(token_kind::kw_yield);
        const expression* target = is_yield ? yield_() : star_expressions();
        if (raised_) return;
        if (target == nullptr || !at(token_kind::assign)) break;
        if (is_yield) {
            raise_at(unplaced(target->where), "assignment to yield expression not possible");
            return;
        }
        if (invalid_target(target, target_use::assign) != nullptr) {
            cursor_ = target_start;
            raise_invalid_target(target, target_use::assign);
            return;
        }
        accept(token_kind::assign);
    }
    // f() += 1
    cursor_ = start;
    const expression* target = star_expressions();
    if (target == nullptr || raised_) return;
    if (look().kind < token_kind::plus_assign || look().kind > token_kind::caret_assign) return;
    ++cursor_;
    const expression* value = at(token_kind::kw_yield) ? yield_() : star_expressions();
    if (value == nullptr || raised_) return;
    raise_at(
        unplaced(target->where),
        std::string("'").append(expression_name(target)).append("' is an illegal expression for augmented assignment"));
}

void parser::explain_for_target(std::size_t start) {
    cursor_ = start;
    accept(token_kind::kw_async);
    if (!accept(token_kind::kw_for)) return;
    if (!starts_expression() && !at(token_kind::star)) return;
    const expression* target = star_expressions();
    if (target != nullptr && !raised_) raise_invalid_target(target, target_use::loop);
}

void parser::explain_with_item(std::size_t start) {
    cursor_ = start;
    if (expression_() == nullptr || raised_ || !accept(token_kind::kw_as)) return;
    const expression* target = expression_();
    if (target == nullptr || raised_) return;
    if (at(token_kind::comma) || at(token_kind::right_parenthesis) || at(token_kind::colon))
        raise_invalid_target(target, target_use::assign);
}

void parser::explain_missing_block(const char* what, int line) {
    look();
    raise_indentation(std::string("expected an indented block after ") + what + " on line " + std::to_string(line));
}

// A parameter list that is none, up to `closing`: ')' of a def, ':' of a lambda.
void parser::explain_parameters(std::size_t start, token_kind closing) {
    cursor_ = start;
    bool is_lambda = closing == token_kind::colon;
    bool any = false, seen_default = false, seen_slash = false, seen_star = false;
    auto simple = [&](bool& has_default) { // name [annotation] [default] [comma or closing]
        has_default = false;
        if (!accept(token_kind::name)) return false;
        if (!is_lambda && accept(token_kind::colon) && (expression_() == nullptr || raised_)) return false;
        if (accept(token_kind::assign)) {
            if (at(token_kind::right_parenthesis) || at(token_kind::comma)) {
                raise_at(tokens_[cursor_ - 1].where, "expected default value expression");
                return false;
            }
            has_default = true;
            if (expression_() == nullptr || raised_) return false;
        }
        return accept(token_kind::comma) || at(closing);
    };
    for (;;) {
        source_position here = look().where;
        bool has_default = false;
        if (at(token_kind::name)) {
            if (!simple(has_default) || raised_) return;
            if (seen_default && !has_default && !seen_star) {
                raise_at(here, "non-default argument follows default argument");
                return;
            }
            seen_default = seen_default || has_default;
            any = true;
        } else if (at(token_kind::slash)) {
            if (seen_star) return raise_at(here, "/ must be ahead of *"), void();
            if (seen_slash) return raise_at(here, "/ may appear only once"), void();
            if (!any) {
                if (next_is(token_kind::comma)) raise_at(here, "at least one argument must precede /");
                return;
            }
            seen_slash = true;
            accept(token_kind::slash);
            if (at(token_kind::star)) return raise_at(look().where, "expected comma between / and *"), void();
            if (!accept(token_kind::comma)) return;
        } else if (at(token_kind::left_parenthesis) && !seen_star && !seen_default) {
            accept(token_kind::left_parenthesis);
            bool named = false;
            while (accept(token_kind::name)) named = true, accept(token_kind::comma);
            if (!named || !at(token_kind::right_parenthesis)) return;
            raise_between(here, look().where,
                          is_lambda ? "Lambda expression parameters cannot be parenthesized"
                                    : "Function parameters cannot be parenthesized");
            return;
        } else if (at(token_kind::star)) {
            if (seen_star) {
                if (next_is(token_kind::name) || next_is(token_kind::comma))
                    raise_at(here, "* argument may appear only once");
                return;
            }
            seen_star = true;
            accept(token_kind::star);
            if (at(closing) ||
                (at(token_kind::comma) && (look(1).kind == closing || next_is(token_kind::double_star)))) {
                if (is_lambda) {
                    raise_here("named arguments must follow bare *");
                } else {
                    raise_at(here, "named arguments must follow bare *");
                }
                return;
            }
            if (accept(token_kind::comma)) continue;
            if (!accept(token_kind::name)) return;
            if (!is_lambda && accept(token_kind::colon) && (star_expression() == nullptr || raised_)) return;
            if (at(token_kind::assign))
                return raise_at(look().where, "var-positional argument cannot have default value"), void();
            if (!accept(token_kind::comma)) return;
        } else if (accept(token_kind::double_star)) {
            if (!accept(token_kind::name)) return;
            if (!is_lambda && accept(token_kind::colon) && (expression_() == nullptr || raised_)) return;
            if (at(token_kind::assign))
                return raise_at(look().where, "var-keyword argument cannot have default value"), void();
            if (!accept(token_kind::comma)) return;
            if (at(token_kind::name) || at(token_kind::star) || at(token_kind::double_star) || at(token_kind::slash))
                raise_at(look().where, "arguments cannot follow var-keyword argument");
            return;
        } else {
            return;
        }
    }
}

} // namespace heddle::python
