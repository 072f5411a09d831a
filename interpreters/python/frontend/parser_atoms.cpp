// Parsing of atoms: names, literals, what stands in brackets, comprehensions.

#include "parser.h"

namespace heddle::python {

// ---- atoms ----------------------------------------------------------------------------------------------------------

const expression* parser::make_name(const token& t) {
    return tree_.memory.make<name_expression>(
        name_expression{{expression_kind::name, 1, placed(t.where)}, identifier(t)});
}

const expression* parser::make_constant(std::size_t start, constant value) {
    tree_.constants.push_back(std::move(value));
    return tree_.memory.make<constant_expression>(
        constant_expression{{expression_kind::constant, 1, from(start)}, &tree_.constants.back(), false, false});
}

const expression* parser::atom() {
    std::size_t start = cursor_;
    constant value;
    switch (look().kind) {
    case token_kind::name: {
        const expression* node = make_name(look());
        ++cursor_;
        return node;
    }
    case token_kind::kw_true:
    case token_kind::kw_false:
        value.kind = constant_kind::boolean;
        value.integer = at(token_kind::kw_true) ? 1 : 0;
        break;
    case token_kind::kw_none: break;
    case token_kind::ellipsis: value.kind = constant_kind::ellipsis; break;
    case token_kind::string: return strings();
    case token_kind::number: return number();
    case token_kind::left_parenthesis: return parenthesized();
    case token_kind::left_bracket: return list_();
    case token_kind::left_brace: return dict_or_set();
    default: return nullptr;
    }
    ++cursor_;
    return make_constant(start, std::move(value));
}

// A tuple, a group or a generator expression.
const expression* parser::parenthesized() {
    std::size_t start = cursor_;
    accept(token_kind::left_parenthesis);
    if (accept(token_kind::right_parenthesis)) return make_tuple(start, {});
    if (at(token_kind::kw_yield)) {
        const expression* node = yield_();
        return node != nullptr && accept(token_kind::right_parenthesis) ? node : nullptr;
    }
    const expression* first = star_named_expression();
    if (raised_) return nullptr;
    if (first != nullptr && accept(token_kind::comma)) {
        std::vector<const expression*> elements{first};
        if (star_named_expressions(elements, token_kind::right_parenthesis) && accept(token_kind::right_parenthesis))
            return make_tuple(start, elements);
    } else if (first != nullptr && first->kind != expression_kind::starred) {
        if (accept(token_kind::right_parenthesis)) return first;
        if (at(token_kind::kw_for) || at(token_kind::kw_async)) {
            const expression* node =
                comprehension(expression_kind::generator, start, first, nullptr, token_kind::right_parenthesis);
            if (node != nullptr) return node;
        }
    }
    if (explaining() && !raised_) {
        explain_group(start);
        if (!raised_) explain_comprehension(start);
    }
    return nullptr;
}

const expression* parser::list_() {
    std::size_t start = cursor_;
    accept(token_kind::left_bracket);
    std::vector<const expression*> elements;
    if (star_named_expressions(elements, token_kind::right_bracket)) {
        if (accept(token_kind::right_bracket)) {
            auto* node = tree_.memory.make<sequence_expression>(
                sequence_expression{{expression_kind::list, 1, from(start)}, tree_.memory.freeze(elements)});
            return deeper(node, elements);
        }
        if (elements.size() == 1 && elements[0]->kind != expression_kind::starred &&
            tokens_[cursor_ - 1].kind != token_kind::comma && (at(token_kind::kw_for) || at(token_kind::kw_async))) {
            const expression* node = comprehension(expression_kind::list_comprehension, start, elements[0], nullptr,
                                                   token_kind::right_bracket);
            if (node != nullptr) return node;
        }
    }
    if (explaining() && !raised_) explain_comprehension(start);
    return nullptr;
}

const expression* parser::dict_or_set() {
    std::size_t start = cursor_;
    accept(token_kind::left_brace);
    if (at(token_kind::right_brace) || at(token_kind::double_star)) return dict_rest(start, nullptr);
    std::vector<const expression*> elements;
    if (!at(token_kind::star) && !(at(token_kind::name) && next_is(token_kind::walrus))) {
        const expression* key = expression_();
        if (raised_) return nullptr;
        if (key != nullptr && at(token_kind::colon)) return dict_rest(start, key);
        if (explaining()) {
            explain_dict(start);
            if (raised_) return nullptr;
            cursor_ = start + 1;
        } else if (key == nullptr || at(token_kind::walrus)) {
            return nullptr;
        } else {
            elements.push_back(key);
            bool is_last = !accept(token_kind::comma);
            if (is_last && !at(token_kind::right_brace) && !at(token_kind::kw_for) && !at(token_kind::kw_async))
                return nullptr;
        }
    }
    bool is_single = elements.size() == 1 && tokens_[cursor_ - 1].kind != token_kind::comma;
    if ((is_single || star_named_expressions(elements, token_kind::right_brace)) && !elements.empty()) {
        if (accept(token_kind::right_brace)) {
            auto* node = tree_.memory.make<sequence_expression>(
                sequence_expression{{expression_kind::set, 1, from(start)}, tree_.memory.freeze(elements)});
            return deeper(node, elements);
        }
        if (elements.size() == 1 && elements[0]->kind != expression_kind::starred &&
            tokens_[cursor_ - 1].kind != token_kind::comma && (at(token_kind::kw_for) || at(token_kind::kw_async))) {
            const expression* node =
                comprehension(expression_kind::set_comprehension, start, elements[0], nullptr, token_kind::right_brace);
            if (node != nullptr) return node;
        }
    }
    if (explaining() && !raised_) explain_comprehension(start);
    return nullptr;
}

// Behind '{', or behind its first key when that is known to be one.
const expression* parser::dict_rest(std::size_t start, const expression* first_key) {
    std::vector<const expression*> keys, values;
    const expression* key = first_key;
    while (key != nullptr || !at(token_kind::right_brace)) {
        bool is_unpacking = key == nullptr && accept(token_kind::double_star);
        if (key == nullptr && !is_unpacking && (key = expression_()) == nullptr) break;
        if (!is_unpacking && !accept(token_kind::colon)) break;
        const expression* value = is_unpacking ? bitwise_or() : expression_();
        if (value == nullptr) break;
        keys.push_back(is_unpacking ? nullptr : key);
        values.push_back(value);
        if (keys.size() == 1 && !is_unpacking && (at(token_kind::kw_for) || at(token_kind::kw_async))) {
            const expression* node =
                comprehension(expression_kind::dict_comprehension, start, key, value, token_kind::right_brace);
            if (node != nullptr || raised_) return node;
            break;
        }
        key = nullptr;
        if (!accept(token_kind::comma)) break;
    }
    if (raised_) return nullptr;
    if (key == nullptr && accept(token_kind::right_brace)) {
        auto* node = tree_.memory.make<dict_expression>(dict_expression{
            {expression_kind::dict, 1, from(start)}, tree_.memory.freeze(keys), tree_.memory.freeze(values)});
        if (deeper(node, keys) == nullptr) return nullptr;
        return deeper(node, values);
    }
    if (explaining()) explain_dict(start);
    return nullptr;
}

// ---- comprehensions -------------------------------------------------------------------------------------------------

const expression* parser::comprehension(expression_kind kind, std::size_t start, const expression* element,
                                        const expression* value, token_kind closing) {
    std::vector<comprehension_clause> clauses;
    if (!comprehension_clauses(clauses) || !accept(closing)) return nullptr;
    auto* node = tree_.memory.make<comprehension_expression>(
        comprehension_expression{{kind, 1, from(start)}, element, value, tree_.memory.freeze(clauses)});
    std::vector<const expression*> children{element, value};
    for (const comprehension_clause& clause : clauses) {
        children.push_back(clause.target);
        children.push_back(clause.iterable);
        for (const expression* condition : clause.conditions) children.push_back(condition);
    }
    return deeper(node, children);
}

bool parser::comprehension_clauses(std::vector<comprehension_clause>& clauses) {
    while (at(token_kind::kw_for) || (at(token_kind::kw_async) && next_is(token_kind::kw_for))) {
        std::size_t start = cursor_;
        comprehension_clause clause{};
        clause.is_async = accept(token_kind::kw_async);
        accept(token_kind::kw_for);
        clause.target = star_targets();
        if (raised_) return false;
        if (clause.target == nullptr || !accept(token_kind::kw_in)) {
            if (explaining()) explain_for_target(start);
            return false;
        }
        clause.iterable = disjunction();
        if (clause.iterable == nullptr) return false;
        std::vector<const expression*> conditions;
        while (accept(token_kind::kw_if)) {
            const expression* condition = disjunction();
            if (condition == nullptr) return false;
            conditions.push_back(condition);
        }
        clause.conditions = tree_.memory.freeze(conditions);
        clauses.push_back(clause);
    }
    return !clauses.empty();
}

// What `for` assigns to: names, attributes, subscripts, with stars, possibly a tuple without parentheses.
const expression* parser::star_targets() {
    std::size_t start = cursor_;
    std::vector<const expression*> targets;
    bool is_tuple = false;
    do {
        if (!starts_expression() && !at(token_kind::star)) break;
        std::size_t target_start = cursor_;
        bool is_starred = accept(token_kind::star);
        if (at(token_kind::star)) return nullptr;
        const expression* target = primary();
        if (target == nullptr || invalid_target(target, target_use::assign) != nullptr) return nullptr;
        if (is_starred)
            target = deeper(tree_.memory.make<operand_expression>(
                                operand_expression{{expression_kind::starred, 1, from(target_start)}, target}),
                            {target});
        targets.push_back(target);
        if (at(token_kind::comma)) is_tuple = true;
    } while (accept(token_kind::comma));
    if (targets.empty()) return nullptr;
    return is_tuple ? make_tuple(start, targets) : targets[0];
}

} // namespace heddle::python
