// Parsing of `match`, PEP 634. "match", "case" and "_" are names everywhere else.

#include "parser.h"

namespace heddle::python {

// Null, with the cursor where it was and no error, when this is no match statement but an expression such as match(x).
const statement* parser::match_() {
    std::size_t start = cursor_;
    ++cursor_;
    const expression* subject = starts_expression() || at(token_kind::star) ? match_subject() : nullptr;
    if (raised_) return nullptr;
    if (subject == nullptr || !at(token_kind::colon) || !next_is(token_kind::newline)) {
        bool lacks_colon = subject != nullptr && at(token_kind::newline) && explaining();
        // `match x` with a line's end behind is a call's or an index's look-alike only when x is in brackets.
        bool is_expression = tokens_[start + 1].kind == token_kind::left_parenthesis ||
                             tokens_[start + 1].kind == token_kind::left_bracket ||
                             tokens_[start + 1].kind == token_kind::minus ||
                             tokens_[start + 1].kind == token_kind::plus || tokens_[start + 1].kind == token_kind::star;
        if (lacks_colon && !is_expression) return raise_here("expected ':'");
        cursor_ = start;
        return nullptr;
    }
    accept(token_kind::colon);
    accept(token_kind::newline);
    if (!accept(token_kind::indent)) {
        if (explaining()) explain_missing_block("'match' statement", tokens_[start].where.line);
        cursor_ = start;
        return nullptr;
    }
    std::vector<match_case> cases;
    while (at_name("case")) {
        if (!case_block(cases)) return nullptr;
    }
    if (cases.empty() || !accept(token_kind::dedent)) return nullptr;
    return tree_.memory.make<match_statement>(
        match_statement{{statement_kind::match, from(start)}, subject, tree_.memory.freeze(cases)});
}

const expression* parser::match_subject() {
    std::size_t start = cursor_;
    const expression* first = star_named_expression();
    if (first == nullptr) return nullptr;
    if (!at(token_kind::comma)) return first->kind == expression_kind::starred ? nullptr : first;
    std::vector<const expression*> elements{first};
    accept(token_kind::comma);
    if (!star_named_expressions(elements, token_kind::colon)) return nullptr;
    return make_tuple(start, elements);
}

bool parser::case_block(std::vector<match_case>& cases) {
    std::size_t start = cursor_;
    ++cursor_;
    match_case made{};
    made.what = patterns();
    if (made.what == nullptr) return false;
    if (accept(token_kind::kw_if) && (made.guard = named_expression_()) == nullptr) return false;
    if (!colon("case") || !block(made.body, "'case' statement", start)) return false;
    cases.push_back(made);
    return true;
}

// A pattern, or an open sequence of them.
const pattern* parser::patterns() {
    std::size_t start = cursor_;
    const pattern* first = maybe_star_pattern();
    if (first == nullptr) return nullptr;
    if (!at(token_kind::comma)) return first->kind == pattern_kind::star ? nullptr : first;
    std::vector<const pattern*> all{first};
    accept(token_kind::comma);
    if (!pattern_list(all, token_kind::colon)) return nullptr;
    return tree_.memory.make<sequence_pattern>(
        sequence_pattern{{pattern_kind::sequence, 1, from(start)}, tree_.memory.freeze(all)});
}

// Patterns with commas between and perhaps behind them, up to `closing` (or `if`, for an open sequence).
bool parser::pattern_list(std::vector<const pattern*>& into, token_kind closing) {
    while (!at(closing) && !at(token_kind::kw_if)) {
        const pattern* next = maybe_star_pattern();
        if (next == nullptr) return false;
        into.push_back(next);
        if (!accept(token_kind::comma)) break;
    }
    return true;
}

const pattern* parser::maybe_star_pattern() {
    std::size_t start = cursor_;
    if (!accept(token_kind::star)) return pattern_();
    if (!at(token_kind::name)) return nullptr;
    std::string_view name = at_name("_") ? std::string_view() : identifier(look());
    ++cursor_;
    if (at(token_kind::dot) || at(token_kind::left_parenthesis) || at(token_kind::assign)) return nullptr;
    return tree_.memory.make<capture_pattern>(capture_pattern{{pattern_kind::star, 1, from(start)}, nullptr, name});
}

const pattern* parser::pattern_() {
    nesting guard(*this);
    if (guard.too_deep) return nullptr;
    std::size_t start = cursor_;
    const pattern* inner = or_pattern();
    if (inner == nullptr || !accept(token_kind::kw_as)) return inner;
    if (at_name("_")) {
        if (explaining()) raise_at(look().where, "cannot use '_' as a target");
        return nullptr;
    }
    std::size_t target = cursor_;
    if (at(token_kind::name)) {
        std::string_view name = identifier(look());
        ++cursor_;
        if (!at(token_kind::dot) && !at(token_kind::left_parenthesis) && !at(token_kind::assign))
            return tree_.memory.make<capture_pattern>(capture_pattern{{pattern_kind::as, 1, from(start)}, inner, name});
    } else if (explaining() && starts_expression()) {
        const expression* wrong = expression_();
        if (wrong != nullptr && !raised_) raise_at(unplaced(wrong->where), "invalid pattern target");
    }
    cursor_ = target;
    return nullptr;
}

const pattern* parser::or_pattern() {
    std::size_t start = cursor_;
    std::vector<const pattern*> all;
    do {
        const pattern* one = closed_pattern();
        if (one == nullptr) return nullptr;
        all.push_back(one);
    } while (accept(token_kind::bar));
    if (all.size() == 1) return all[0];
    return tree_.memory.make<sequence_pattern>(
        sequence_pattern{{pattern_kind::alternatives, 1, from(start)}, tree_.memory.freeze(all)});
}

const pattern* parser::closed_pattern() {
    std::size_t start = cursor_;
    const expression* value = nullptr;
    switch (look().kind) {
    case token_kind::number:
    case token_kind::minus: value = signed_or_complex_number(); break;
    case token_kind::string: value = strings(); break;
    case token_kind::kw_none:
    case token_kind::kw_true:
    case token_kind::kw_false:
        value = atom();
        return tree_.memory.make<value_pattern>(value_pattern{{pattern_kind::singleton, 1, from(start)}, value});
    case token_kind::left_parenthesis:
    case token_kind::left_bracket: return group_or_sequence_pattern();
    case token_kind::left_brace: return mapping_pattern_();
    case token_kind::name: {
        if (!next_is(token_kind::dot) && !next_is(token_kind::left_parenthesis)) {
            if (next_is(token_kind::assign)) return nullptr;
            std::string_view name = at_name("_") ? std::string_view() : identifier(look());
            ++cursor_;
            return tree_.memory.make<capture_pattern>(
                capture_pattern{{pattern_kind::as, 1, from(start)}, nullptr, name});
        }
        value = dotted_reference();
        if (value != nullptr && at(token_kind::left_parenthesis)) return instance_pattern_(start, value);
        if (at(token_kind::assign)) return nullptr;
        break;
    }
    default: return nullptr;
    }
    if (value == nullptr) return nullptr;
    return tree_.memory.make<value_pattern>(value_pattern{{pattern_kind::value, 1, from(start)}, value});
}

const pattern* parser::group_or_sequence_pattern() {
    std::size_t start = cursor_;
    bool is_list = at(token_kind::left_bracket);
    token_kind closing = is_list ? token_kind::right_bracket : token_kind::right_parenthesis;
    ++cursor_;
    std::vector<const pattern*> all;
    if (!pattern_list(all, closing)) return nullptr;
    bool has_comma = tokens_[cursor_ - 1].kind == token_kind::comma;
    if (!accept(closing)) return nullptr;
    if (!is_list && all.size() == 1 && !has_comma) return all[0]->kind == pattern_kind::star ? nullptr : all[0];
    return tree_.memory.make<sequence_pattern>(
        sequence_pattern{{pattern_kind::sequence, 1, from(start)}, tree_.memory.freeze(all)});
}

const pattern* parser::mapping_pattern_() {
    std::size_t start = cursor_;
    accept(token_kind::left_brace);
    std::vector<const expression*> keys;
    std::vector<const pattern*> values;
    std::string_view rest;
    while (!at(token_kind::right_brace)) {
        if (accept(token_kind::double_star)) {
            if (!at(token_kind::name) || at_name("_")) return nullptr;
            rest = identifier(look());
            ++cursor_;
            accept(token_kind::comma);
            break;
        }
        const expression* key = literal_key();
        if (key == nullptr || !accept(token_kind::colon)) return nullptr;
        const pattern* value = pattern_();
        if (value == nullptr) return nullptr;
        keys.push_back(key);
        values.push_back(value);
        if (!accept(token_kind::comma)) break;
    }
    if (!accept(token_kind::right_brace)) return nullptr;
    return tree_.memory.make<mapping_pattern>(mapping_pattern{
        {pattern_kind::mapping, 1, from(start)}, tree_.memory.freeze(keys), tree_.memory.freeze(values), rest});
}

const pattern* parser::instance_pattern_(std::size_t start, const expression* type) {
    accept(token_kind::left_parenthesis);
    std::vector<const pattern*> positional, named;
    std::vector<std::string_view> names;
    std::vector<source_position> positions;
    const pattern* late_first = nullptr; // a positional pattern behind a keyword
    const pattern* late_last = nullptr;
    while (!at(token_kind::right_parenthesis)) {
        if (at(token_kind::name) && next_is(token_kind::assign)) {
            names.push_back(identifier(look()));
            positions.push_back(placed(look().where));
            cursor_ += 2;
            const pattern* one = pattern_();
            if (one == nullptr) return nullptr;
            if (late_first != nullptr) break;
            named.push_back(one);
        } else {
            const pattern* one = pattern_();
            if (one == nullptr) return nullptr;
            if (named.empty()) {
                positional.push_back(one);
            } else {
                if (!explaining()) return nullptr;
                late_first = late_first == nullptr ? one : late_first;
                late_last = one;
            }
        }
        if (!accept(token_kind::comma)) break;
    }
    if (late_first != nullptr)
        return raise_between(unplaced(late_first->where), unplaced(late_last->where),
                             "positional patterns follow keyword patterns");
    if (!accept(token_kind::right_parenthesis)) return nullptr;
    return tree_.memory.make<instance_pattern>(instance_pattern{{pattern_kind::instance, 1, from(start)},
                                                                type,
                                                                tree_.memory.freeze(positional),
                                                                tree_.memory.freeze(names),
                                                                tree_.memory.freeze(named),
                                                                tree_.memory.freeze(positions)});
}

// name or name.attribute...
const expression* parser::dotted_reference() {
    std::size_t start = cursor_;
    const expression* node = make_name(look());
    ++cursor_;
    while (node != nullptr && accept(token_kind::dot)) {
        if (!at(token_kind::name)) return nullptr;
        const token& name = look();
        std::string_view text = identifier(name);
        ++cursor_;
        node = deeper(tree_.memory.make<attribute_expression>(attribute_expression{
                          {expression_kind::attribute, 1, from(start)}, node, text, placed(name.where)}),
                      {node});
    }
    return node;
}

const expression* parser::signed_or_complex_number() {
    std::size_t start = cursor_;
    auto signed_number = [this]() -> const expression* {
        std::size_t sign = cursor_;
        bool is_negative = accept(token_kind::minus);
        if (!at(token_kind::number)) return nullptr;
        const expression* value = number();
        if (value == nullptr || !is_negative) return value;
        return deeper(tree_.memory.make<unary_expression>(
                          unary_expression{{expression_kind::unary, 1, from(sign)}, unary_operator::negative, value}),
                      {value});
    };
    const expression* left = signed_number();
    if (left == nullptr || (!at(token_kind::plus) && !at(token_kind::minus))) return left;
    binary_operator operation = at(token_kind::plus) ? binary_operator::add : binary_operator::subtract;
    ++cursor_;
    if (!at(token_kind::number)) return nullptr;
    source_position where = look().where;
    const expression* right = number();
    if (right == nullptr) return nullptr;
    const expression* real = left->kind == expression_kind::unary ? as<unary_expression>(left).operand : left;
    if (as<constant_expression>(real).is_imaginary)
        return raise_at(unplaced(real->where), "real number required in complex literal");
    if (!as<constant_expression>(right).is_imaginary)
        return raise_at(where, "imaginary number required in complex literal");
    return deeper(tree_.memory.make<binary_expression>(
                      binary_expression{{expression_kind::binary, 1, from(start)}, operation, left, right}),
                  {left, right});
}

const expression* parser::literal_key() {
    switch (look().kind) {
    case token_kind::number:
    case token_kind::minus: return signed_or_complex_number();
    case token_kind::string: return strings();
    case token_kind::kw_none:
    case token_kind::kw_true:
    case token_kind::kw_false: return atom();
    case token_kind::name: {
        const expression* node = dotted_reference();
        return node != nullptr && node->kind == expression_kind::attribute ? node : nullptr;
    }
    default: return nullptr;
    }
}

} // namespace heddle::python
