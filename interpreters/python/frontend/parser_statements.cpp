// Parsing of statements and parameter lists; `match` is in parser_patterns.cpp.

#include "parser.h"

namespace heddle::python {

// ---- sequences ------------------------------------------------------------------------------------------------------

bool parser::statements(std::vector<const statement*>& body, token_kind end) {
    while (!at(end)) {
        if (!statement_into(body)) return false;
    }
    return true;
}

bool parser::statement_into(std::vector<const statement*>& body) {
    std::size_t start = cursor_;
    const statement* compound = compound_statement();
    if (compound != nullptr) {
        body.push_back(compound);
        return true;
    }
    return !raised_ && cursor_ == start && simple_statements(body);
}

bool parser::simple_statements(std::vector<const statement*>& body) {
    for (;;) {
        const statement* one = simple_statement();
        if (one == nullptr) return false;
        body.push_back(one);
        if (accept(token_kind::newline)) return true;
        if (!accept(token_kind::semicolon)) return false;
        if (accept(token_kind::newline)) return true;
    }
}

// Behind a colon: an indented block, or simple statements on the same line.
bool parser::block(list<const statement*>& body, const char* what, std::size_t keyword) {
    std::vector<const statement*> into;
    if (accept(token_kind::newline)) {
        if (!accept(token_kind::indent)) {
            if (explaining()) explain_missing_block(what, placed(tokens_[keyword].where).line);
            return false;
        }
        if (!statements(into, token_kind::dedent) || !accept(token_kind::dedent)) return false;
    } else if (!simple_statements(into)) {
        return false;
    }
    body = tree_.memory.freeze(into);
    return true;
}

// The colon of a compound statement.
bool parser::colon(const char*) {
    if (accept(token_kind::colon)) return true;
    if (explaining() && !raised_ && at(token_kind::newline)) raise_here("expected ':'");
    return false;
}

// ---- simple statements ----------------------------------------------------------------------------------------------

const statement* parser::simple_statement() {
    std::size_t start = cursor_;
    statement_kind kind;
    switch (look().kind) {
    case token_kind::kw_return: return return_();
    case token_kind::kw_import: return import_();
    case token_kind::kw_from: return import_from_();
    case token_kind::kw_raise: return raise_statement_();
    case token_kind::kw_del: return delete_();
    case token_kind::kw_assert: return assert_();
    case token_kind::kw_global: return global_or_nonlocal(statement_kind::global);
    case token_kind::kw_nonlocal: return global_or_nonlocal(statement_kind::nonlocal);
    case token_kind::kw_pass: kind = statement_kind::pass; break;
    case token_kind::kw_break: kind = statement_kind::break_loop; break;
    case token_kind::kw_continue: kind = statement_kind::continue_loop; break;
    default: return expression_statement();
    }
    ++cursor_;
    return tree_.memory.make<statement>(statement{kind, from(start)});
}

const statement* parser::expression_statement() {
    std::size_t start = cursor_;
    const expression* first = at(token_kind::kw_yield) ? yield_() : star_expressions();
    if (raised_) return nullptr;
    token_kind next = look().kind;
    const statement* made = nullptr;
    bool is_yield = first != nullptr && tokens_[start].kind == token_kind::kw_yield;
    if (first != nullptr && next == token_kind::colon && !is_yield) {
        made = annotated(start, first);
    } else if (first != nullptr && next == token_kind::assign && !is_yield) {
        made = assignment(start, first);
    } else if (first != nullptr && next >= token_kind::plus_assign && next <= token_kind::caret_assign && !is_yield) {
        made = augmented(start, first);
    } else if (first != nullptr && !(is_yield && next == token_kind::assign)) {
        std::size_t behind = cursor_;
        if (explaining()) explain_assignment(start);
        if (raised_) return nullptr;
        cursor_ = behind;
        return tree_.memory.make<value_statement>(
            value_statement{{statement_kind::expression_value, from(start)}, first});
    }
    if (made == nullptr && explaining() && !raised_) explain_assignment(start);
    return raised_ ? nullptr : made;
}

const statement* parser::annotated(std::size_t start, const expression* target) {
    bool is_parenthesized = tokens_[start].kind == token_kind::left_parenthesis;
    bool is_single = target->kind == expression_kind::name || target->kind == expression_kind::attribute ||
                     target->kind == expression_kind::subscript;
    if (!is_single) return nullptr;
    accept(token_kind::colon);
    const expression* annotation = expression_();
    if (annotation == nullptr) return nullptr;
    const expression* value = nullptr;
    std::size_t before = cursor_;
    if (accept(token_kind::assign)) {
        value = at(token_kind::kw_yield) ? yield_() : star_expressions();
        if (raised_) return nullptr;
        if (value == nullptr) cursor_ = before;
    }
    bool is_simple = target->kind == expression_kind::name && !is_parenthesized;
    return tree_.memory.make<annotated_assign_statement>(annotated_assign_statement{
        {statement_kind::annotated_assign, from(start)}, target, annotation, value, is_simple});
}

const statement* parser::assignment(std::size_t start, const expression* first) {
    std::vector<const expression*> targets;
    const expression* value = first;
    while (at(token_kind::assign)) {
        if (value->kind == expression_kind::yield || value->kind == expression_kind::yield_from) return nullptr;
        if (invalid_target(value, target_use::assign) != nullptr) return nullptr;
        accept(token_kind::assign);
        targets.push_back(value);
        value = at(token_kind::kw_yield) ? yield_() : star_expressions();
        if (value == nullptr) return nullptr;
    }
    return tree_.memory.make<assign_statement>(
        assign_statement{{statement_kind::assign, from(start)}, tree_.memory.freeze(targets), value});
}

const statement* parser::augmented(std::size_t start, const expression* target) {
    bool is_single = target->kind == expression_kind::name || target->kind == expression_kind::attribute ||
                     target->kind == expression_kind::subscript;
    if (!is_single) return nullptr;
    static constexpr binary_operator operations[] = {
        binary_operator::add,         binary_operator::subtract,        binary_operator::multiply,
        binary_operator::true_divide, binary_operator::floor_divide,    binary_operator::remainder,
        binary_operator::power,       binary_operator::matrix_multiply, binary_operator::left_shift,
        binary_operator::right_shift, binary_operator::bit_and,         binary_operator::bit_or,
        binary_operator::bit_xor};
    binary_operator operation = operations[static_cast<int>(look().kind) - static_cast<int>(token_kind::plus_assign)];
    ++cursor_;
    const expression* value = at(token_kind::kw_yield) ? yield_() : star_expressions();
    if (value == nullptr) return nullptr;
    return tree_.memory.make<augmented_assign_statement>(
        augmented_assign_statement{{statement_kind::augmented_assign, from(start)}, target, operation, value});
}

const statement* parser::return_() {
    std::size_t start = cursor_;
    accept(token_kind::kw_return);
    const expression* value = nullptr;
    if (starts_expression() || at(token_kind::star)) {
        value = star_expressions();
        if (value == nullptr) return nullptr;
    }
    return tree_.memory.make<value_statement>(value_statement{{statement_kind::return_value, from(start)}, value});
}

const statement* parser::raise_statement_() {
    std::size_t start = cursor_;
    accept(token_kind::kw_raise);
    const expression* exception = nullptr;
    const expression* cause = nullptr;
    if (starts_expression()) {
        exception = expression_();
        if (exception == nullptr) return nullptr;
        if (accept(token_kind::kw_from) && (cause = expression_()) == nullptr) return nullptr;
    }
    return tree_.memory.make<raise_statement>(raise_statement{{statement_kind::raise, from(start)}, exception, cause});
}

const statement* parser::delete_() {
    std::size_t start = cursor_;
    accept(token_kind::kw_del);
    std::vector<const expression*> targets;
    bool is_good = true;
    do {
        if (!starts_expression() && !at(token_kind::star)) break;
        const expression* target = star_expression();
        if (raised_) return nullptr;
        is_good = target != nullptr && invalid_target(target, target_use::remove) == nullptr;
        targets.push_back(target);
    } while (is_good && accept(token_kind::comma));
    if (is_good && !targets.empty() && (at(token_kind::semicolon) || at(token_kind::newline)))
        return tree_.memory.make<delete_statement>(
            delete_statement{{statement_kind::delete_targets, from(start)}, tree_.memory.freeze(targets)});
    if (explaining() && !targets.empty()) {
        cursor_ = start + 1;
        const expression* all = star_expressions();
        if (all != nullptr && !raised_) raise_invalid_target(all, target_use::remove);
    }
    return nullptr;
}

const statement* parser::assert_() {
    std::size_t start = cursor_;
    accept(token_kind::kw_assert);
    const expression* test = expression_();
    if (test == nullptr) return nullptr;
    const expression* message = nullptr;
    if (accept(token_kind::comma) && (message = expression_()) == nullptr) return nullptr;
    return tree_.memory.make<assert_statement>(
        assert_statement{{statement_kind::assertion, from(start)}, test, message});
}

const statement* parser::global_or_nonlocal(statement_kind kind) {
    std::size_t start = cursor_;
    ++cursor_;
    std::vector<std::string_view> names;
    do {
        if (!at(token_kind::name)) return nullptr;
        names.push_back(identifier(look()));
        ++cursor_;
    } while (accept(token_kind::comma));
    return tree_.memory.make<names_statement>(names_statement{{kind, from(start)}, tree_.memory.freeze(names)});
}

// ---- imports --------------------------------------------------------------------------------------------------------

bool parser::dotted_name(std::string_view& name) {
    std::string text;
    do {
        if (!at(token_kind::name)) return false;
        text += text.empty() ? "" : ".";
        text += identifier(look());
        ++cursor_;
    } while (accept(token_kind::dot));
    name = tree_.memory.copy(text);
    return true;
}

const statement* parser::import_() {
    std::size_t start = cursor_;
    accept(token_kind::kw_import);
    std::vector<import_alias> names;
    do {
        std::size_t alias_start = cursor_;
        import_alias alias{};
        if (!dotted_name(alias.name)) return nullptr;
        if (accept(token_kind::kw_as)) {
            if (!at(token_kind::name)) return nullptr;
            alias.as_name = identifier(look());
            ++cursor_;
        }
        alias.where = from(alias_start);
        names.push_back(alias);
    } while (accept(token_kind::comma));
    return tree_.memory.make<import_statement>(
        import_statement{{statement_kind::import, from(start)}, {}, tree_.memory.freeze(names), 0});
}

const statement* parser::import_from_() {
    std::size_t start = cursor_;
    accept(token_kind::kw_from);
    int level = 0;
    for (; at(token_kind::dot) || at(token_kind::ellipsis); ++cursor_) level += at(token_kind::dot) ? 1 : 3;
    std::string_view module;
    if (!(level > 0 && at(token_kind::kw_import)) && !dotted_name(module)) return nullptr;
    if (!accept(token_kind::kw_import)) return nullptr;
    std::vector<import_alias> names;
    std::size_t star = cursor_;
    if (accept(token_kind::star)) {
        names.push_back({"*", {}, from(star)});
    } else if (accept(token_kind::left_parenthesis)) {
        if (!import_names(names) || (accept(token_kind::comma), !accept(token_kind::right_parenthesis))) return nullptr;
    } else {
        if (!import_names(names)) return nullptr;
        if (at(token_kind::comma)) {
            if (explaining() && next_is(token_kind::newline))
                raise_here("trailing comma not allowed without surrounding parentheses");
            return nullptr;
        }
    }
    return tree_.memory.make<import_statement>(
        import_statement{{statement_kind::import_from, from(start)}, module, tree_.memory.freeze(names), level});
}

// Names with `as`, up to a trailing comma.
bool parser::import_names(std::vector<import_alias>& names) {
    do {
        std::size_t start = cursor_;
        import_alias alias{};
        if (!at(token_kind::name)) return false;
        alias.name = identifier(look());
        ++cursor_;
        if (accept(token_kind::kw_as)) {
            if (!at(token_kind::name)) return false;
            alias.as_name = identifier(look());
            ++cursor_;
        }
        alias.where = from(start);
        names.push_back(alias);
    } while (at(token_kind::comma) && next_is(token_kind::name) && accept(token_kind::comma));
    return true;
}

// ---- compound statements --------------------------------------------------------------------------------------------

// Null without an error when no compound statement begins here.
const statement* parser::compound_statement() {
    std::size_t start = cursor_;
    switch (look().kind) {
    case token_kind::kw_if: return if_();
    case token_kind::kw_while: return while_();
    case token_kind::kw_for: return for_(start, false);
    case token_kind::kw_with: return with_(start, false);
    case token_kind::kw_try: return try_();
    case token_kind::kw_def: return function_definition(start, {}, false);
    case token_kind::kw_class: return class_definition(start, {});
    case token_kind::at: return decorated();
    case token_kind::kw_async:
        accept(token_kind::kw_async);
        if (at(token_kind::kw_def)) return function_definition(start, {}, true);
        if (at(token_kind::kw_for)) return for_(start, true);
        if (at(token_kind::kw_with)) return with_(start, true);
        cursor_ = start;
        return nullptr;
    case token_kind::name: return at_name("match") ? match_() : nullptr;
    default: return nullptr;
    }
}

const statement* parser::decorated() {
    std::vector<const expression*> decorators;
    while (accept(token_kind::at)) {
        const expression* decorator = named_expression_();
        if (decorator == nullptr || !accept(token_kind::newline)) return nullptr;
        decorators.push_back(decorator);
    }
    std::size_t start = cursor_;
    list<const expression*> frozen = tree_.memory.freeze(decorators);
    if (at(token_kind::kw_class)) return class_definition(start, frozen);
    bool is_async = accept(token_kind::kw_async);
    return at(token_kind::kw_def) ? function_definition(start, frozen, is_async) : nullptr;
}

const statement* parser::function_definition(std::size_t start, list<const expression*> decorators, bool is_async) {
    std::size_t keyword = cursor_;
    accept(token_kind::kw_def);
    if (!at(token_kind::name)) return nullptr;
    std::string_view name = identifier(look());
    ++cursor_;
    if (!force(token_kind::left_parenthesis)) return nullptr;
    const parameters* arguments = parameter_list(token_kind::right_parenthesis);
    if (arguments == nullptr || !accept(token_kind::right_parenthesis)) return nullptr;
    const expression* returns = nullptr;
    std::size_t arrow = cursor_;
    if (accept(token_kind::arrow) && (returns = expression_()) == nullptr) cursor_ = arrow;
    if (raised_ || !force(token_kind::colon)) return nullptr;
    list<const statement*> body;
    if (!block(body, "function definition", keyword)) return nullptr;
    return tree_.memory.make<function_statement>(function_statement{
        {statement_kind::function, from(start)}, name, arguments, body, decorators, returns, is_async});
}

const statement* parser::class_definition(std::size_t start, list<const expression*> decorators) {
    accept(token_kind::kw_class);
    if (!at(token_kind::name)) return nullptr;
    std::string_view name = identifier(look());
    ++cursor_;
    argument_list given;
    if (accept(token_kind::left_parenthesis) && !accept(token_kind::right_parenthesis)) {
        if (!arguments(given) || !accept(token_kind::right_parenthesis)) return nullptr;
    }
    if (!colon("class")) return nullptr;
    list<const statement*> body;
    if (!block(body, "class definition", start)) return nullptr;
    return tree_.memory.make<class_statement>(class_statement{{statement_kind::class_definition, from(start)},
                                                              name,
                                                              tree_.memory.freeze(given.positional),
                                                              tree_.memory.freeze(given.keywords),
                                                              body,
                                                              decorators});
}

// `if` or `elif`.
const statement* parser::if_() {
    nesting guard(*this);
    if (guard.too_deep) return nullptr;
    std::size_t start = cursor_;
    bool is_elif = at(token_kind::kw_elif);
    ++cursor_;
    const expression* test = named_expression_();
    if (test == nullptr || !colon("if")) return nullptr;
    list<const statement*> body, otherwise;
    if (!block(body, is_elif ? "'elif' statement" : "'if' statement", start)) return nullptr;
    if (at(token_kind::kw_elif)) {
        const statement* next = if_();
        if (next == nullptr) return nullptr;
        otherwise = tree_.memory.freeze(std::vector<const statement*>{next});
    } else if (!else_block(otherwise)) {
        return nullptr;
    }
    return tree_.memory.make<conditional_statement>(
        conditional_statement{{statement_kind::if_else, from(start)}, test, body, otherwise});
}

// An optional else.
bool parser::else_block(list<const statement*>& body) {
    std::size_t start = cursor_;
    if (!accept(token_kind::kw_else)) return true;
    return force(token_kind::colon) && block(body, "'else' statement", start);
}

const statement* parser::while_() {
    std::size_t start = cursor_;
    accept(token_kind::kw_while);
    const expression* test = named_expression_();
    if (test == nullptr || !colon("while")) return nullptr;
    list<const statement*> body, otherwise;
    if (!block(body, "'while' statement", start) || !else_block(otherwise)) return nullptr;
    return tree_.memory.make<conditional_statement>(
        conditional_statement{{statement_kind::while_loop, from(start)}, test, body, otherwise});
}

const statement* parser::for_(std::size_t start, bool is_async) {
    std::size_t keyword = cursor_;
    accept(token_kind::kw_for);
    const expression* target = star_targets();
    if (raised_) return nullptr;
    if (target == nullptr || !accept(token_kind::kw_in)) {
        if (explaining()) explain_for_target(keyword);
        return nullptr;
    }
    const expression* iterable = star_expressions();
    if (iterable == nullptr || !colon("for")) return nullptr;
    list<const statement*> body, otherwise;
    if (!block(body, "'for' statement", keyword) || !else_block(otherwise)) return nullptr;
    return tree_.memory.make<for_statement>(
        for_statement{{statement_kind::for_loop, from(start)}, target, iterable, body, otherwise, is_async});
}

// ---- with -----------------------------------------------------------------------------------------------------------

const statement* parser::with_(std::size_t start, bool is_async) {
    std::size_t keyword = cursor_;
    accept(token_kind::kw_with);
    std::size_t first = cursor_;
    std::vector<with_item> items;
    bool is_done = false;
    if (accept(token_kind::left_parenthesis)) { // items in parentheses, unless these belong to an expression
        is_done = with_items(items, true) && accept(token_kind::right_parenthesis) && at(token_kind::colon);
        if (raised_) return nullptr;
        if (!is_done) items.clear();
    }
    if (!is_done) {
        cursor_ = first;
        if (!with_items(items, false)) return nullptr;
    }
    if (!colon("with")) return nullptr;
    list<const statement*> body;
    if (!block(body, "'with' statement", keyword)) return nullptr;
    return tree_.memory.make<with_statement>(
        with_statement{{statement_kind::with, from(start)}, tree_.memory.freeze(items), body, is_async});
}

bool parser::with_items(std::vector<with_item>& items, bool in_parentheses) {
    do {
        if (in_parentheses && !items.empty() && at(token_kind::right_parenthesis)) break;
        if (!with_item_into(items)) return false;
    } while (accept(token_kind::comma));
    return true;
}

bool parser::with_item_into(std::vector<with_item>& items) {
    std::size_t start = cursor_;
    with_item item{};
    item.manager = expression_();
    if (item.manager == nullptr) return false;
    if (accept(token_kind::kw_as)) {
        std::size_t target_start = cursor_;
        bool is_starred = accept(token_kind::star);
        const expression* target = primary();
        if (raised_) return false;
        if (explaining() && target != nullptr && at(token_kind::newline)) {
            raise_here("expected ':'");
            return false;
        }
        bool is_end = at(token_kind::comma) || at(token_kind::right_parenthesis) || at(token_kind::colon);
        if (target == nullptr || !is_end || invalid_target(target, target_use::assign) != nullptr) {
            if (explaining()) explain_with_item(start);
            return false;
        }
        if (is_starred)
            target = deeper(tree_.memory.make<operand_expression>(
                                operand_expression{{expression_kind::starred, 1, from(target_start)}, target}),
                            {target});
        item.target = target;
    }
    items.push_back(item);
    return true;
}

// ---- try ------------------------------------------------------------------------------------------------------------

const statement* parser::try_() {
    std::size_t start = cursor_;
    accept(token_kind::kw_try);
    if (!force(token_kind::colon)) return nullptr;
    list<const statement*> body, otherwise, finally;
    if (!block(body, "'try' statement", start)) return nullptr;
    if (!at(token_kind::kw_except) && !at(token_kind::kw_finally)) {
        if (explaining()) raise_here("expected 'except' or 'finally' block");
        return nullptr;
    }
    std::vector<except_handler> handlers;
    bool is_star = false;
    while (at(token_kind::kw_except)) {
        bool handler_is_star = false;
        std::size_t clause = cursor_;
        if (!except_clause(handlers, handler_is_star)) return nullptr;
        if (handlers.size() > 1 && handler_is_star != is_star) {
            source_position where = tokens_[clause].where;
            if (explaining())
                raise_between(where, handler_is_star ? tokens_[clause + 1].where : where,
                              "cannot have both 'except' and 'except*' on the same 'try'");
            return nullptr;
        }
        is_star = handler_is_star;
    }
    if (!handlers.empty() && !else_block(otherwise)) return nullptr;
    std::size_t keyword = cursor_;
    if (accept(token_kind::kw_finally) && !(force(token_kind::colon) && block(finally, "'finally' statement", keyword)))
        return nullptr;
    return tree_.memory.make<try_statement>(try_statement{
        {statement_kind::try_except, from(start)}, body, tree_.memory.freeze(handlers), otherwise, finally, is_star});
}

bool parser::except_clause(std::vector<except_handler>& handlers, bool& is_star) {
    std::size_t start = cursor_;
    except_handler handler{};
    accept(token_kind::kw_except);
    is_star = accept(token_kind::star);
    if (is_star && (at(token_kind::newline) || at(token_kind::colon))) {
        if (explaining()) raise_here("expected one or more exception types");
        return false;
    }
    if (!at(token_kind::colon) && !at(token_kind::newline)) {
        std::size_t type = cursor_;
        handler.type = expression_();
        if (handler.type == nullptr) return false;
        if (at(token_kind::comma) && explaining()) {
            source_position where = tokens_[type].where;
            accept(token_kind::comma);
            bool is_list = expressions() != nullptr && !raised_;
            if (is_list && accept(token_kind::kw_as)) is_list = accept(token_kind::name);
            if (is_list && at(token_kind::colon)) raise_from(where, "multiple exception types must be parenthesized");
            return false;
        }
        if (accept(token_kind::kw_as)) {
            if (!at(token_kind::name)) return false;
            handler.name = identifier(look());
            ++cursor_;
        }
    }
    if (!colon("except")) return false;
    if (!block(handler.body, is_star ? "'except*' statement" : "'except' statement", start)) return false;
    handler.where = from(start);
    handlers.push_back(handler);
    return true;
}

// ---- parameters -----------------------------------------------------------------------------------------------------

// Up to, not including, `closing`: the ')' of a def or the ':' of a lambda.
const parameters* parser::parameter_list(token_kind closing) {
    std::size_t start = cursor_;
    parsed_parameters into;
    if (!parameters_into(into, closing) || !at(closing)) {
        if (explaining() && !raised_) explain_parameters(start, closing);
        return nullptr;
    }
    return tree_.memory.make<parameters>(
        parameters{tree_.memory.freeze(into.positional_only), tree_.memory.freeze(into.positional),
                   tree_.memory.freeze(into.keyword_only), into.varargs, into.varkeywords});
}

bool parser::parameters_into(parsed_parameters& into, token_kind closing) {
    bool seen_default = false, seen_slash = false, seen_star = false;
    while (!at(closing)) {
        if (into.varkeywords != nullptr) return false;
        if (accept(token_kind::slash)) {
            if (seen_slash || seen_star || into.positional.empty()) return false;
            seen_slash = true;
            into.positional_only.swap(into.positional);
        } else if (accept(token_kind::double_star)) {
            parameter one{};
            if (!one_parameter(one, closing, false) || one.default_value != nullptr) return false;
            into.varkeywords = tree_.memory.make<parameter>(one);
        } else if (accept(token_kind::star)) {
            if (seen_star) return false;
            seen_star = true;
            if (at(token_kind::comma)) {
                if (!next_is(token_kind::name)) return false;
            } else {
                parameter one{};
                if (!one_parameter(one, closing, true) || one.default_value != nullptr) return false;
                into.varargs = tree_.memory.make<parameter>(one);
            }
        } else {
            parameter one{};
            if (!one_parameter(one, closing, false)) return false;
            if (seen_star) {
                into.keyword_only.push_back(one);
            } else {
                if (seen_default && one.default_value == nullptr) return false;
                seen_default = one.default_value != nullptr;
                into.positional.push_back(one);
            }
        }
        if (!accept(token_kind::comma)) break;
    }
    return true;
}

bool parser::one_parameter(parameter& into, token_kind closing, bool may_star_annotation) {
    std::size_t start = cursor_;
    if (!at(token_kind::name)) return false;
    into.name = identifier(look());
    ++cursor_;
    if (closing == token_kind::right_parenthesis && accept(token_kind::colon)) {
        into.annotation = may_star_annotation ? star_expression() : expression_();
        if (into.annotation == nullptr) return false;
    }
    into.where = from(start);
    if (accept(token_kind::assign) && (into.default_value = expression_()) == nullptr) return false;
    return true;
}

} // namespace heddle::python
