// Parsing of expressions, in the order of precedence from loosest to tightest; parser_atoms.cpp has the tightest.

#include "parser.h"

namespace heddle::python {

namespace {

struct operator_fact {
    token_kind token;
    binary_operator operation;
    int level; // a higher level binds tighter
};

constexpr operator_fact operator_facts[] = {
    {token_kind::bar, binary_operator::bit_or, 0},
    {token_kind::caret, binary_operator::bit_xor, 1},
    {token_kind::ampersand, binary_operator::bit_and, 2},
    {token_kind::left_shift, binary_operator::left_shift, 3},
    {token_kind::right_shift, binary_operator::right_shift, 3},
    {token_kind::plus, binary_operator::add, 4},
    {token_kind::minus, binary_operator::subtract, 4},
    {token_kind::star, binary_operator::multiply, 5},
    {token_kind::slash, binary_operator::true_divide, 5},
    {token_kind::double_slash, binary_operator::floor_divide, 5},
    {token_kind::percent, binary_operator::remainder, 5},
    {token_kind::at, binary_operator::matrix_multiply, 5},
};

const operator_fact* operator_of(token_kind kind) {
    for (const operator_fact& fact : operator_facts)
        if (fact.token == kind) return &fact;
    return nullptr;
}

} // namespace

// ---- lists of expressions -------------------------------------------------------------------------------------------

const expression* parser::make_tuple(std::size_t start, const std::vector<const expression*>& elements) {
    auto* node = tree_.memory.make<sequence_expression>(
        sequence_expression{{expression_kind::tuple, 1, from(start)}, tree_.memory.freeze(elements)});
    return deeper(node, elements);
}

bool parser::starts_expression() {
    switch (look().kind) {
    case token_kind::name:
    case token_kind::number:
    case token_kind::string:
    case token_kind::kw_false:
    case token_kind::kw_none:
    case token_kind::kw_true:
    case token_kind::kw_await:
    case token_kind::kw_lambda:
    case token_kind::kw_not:
    case token_kind::left_parenthesis:
    case token_kind::left_bracket:
    case token_kind::left_brace:
    case token_kind::ellipsis:
    case token_kind::plus:
    case token_kind::minus:
    case token_kind::tilde: return true;
    default: return false;
    }
}

const expression* parser::expressions() {
    std::size_t start = cursor_;
    const expression* first = expression_();
    if (first == nullptr || !at(token_kind::comma)) return first;
    std::vector<const expression*> elements{first};
    while (accept(token_kind::comma)) {
        if (!starts_expression()) break;
        std::size_t behind_comma = cursor_;
        const expression* next = expression_();
        if (raised_) return nullptr;
        if (next == nullptr) {
            cursor_ = behind_comma;
            break;
        }
        elements.push_back(next);
    }
    return make_tuple(start, elements);
}

const expression* parser::star_expressions() {
    std::size_t start = cursor_;
    const expression* first = star_expression();
    if (first == nullptr || !at(token_kind::comma)) return first;
    std::vector<const expression*> elements{first};
    while (accept(token_kind::comma)) {
        if (!starts_expression() && !at(token_kind::star)) break;
        std::size_t behind_comma = cursor_;
        const expression* next = star_expression();
        if (raised_) return nullptr;
        if (next == nullptr) { // it was a trailing comma, as far as this rule goes
            cursor_ = behind_comma;
            break;
        }
        elements.push_back(next);
    }
    return make_tuple(start, elements);
}

const expression* parser::star_expression() {
    std::size_t start = cursor_;
    if (!accept(token_kind::star)) return expression_();
    const expression* operand = bitwise_or();
    if (operand == nullptr) return nullptr;
    return deeper(
        tree_.memory.make<operand_expression>(operand_expression{{expression_kind::starred, 1, from(start)}, operand}),
        {operand});
}

const expression* parser::star_named_expression() {
    return at(token_kind::star) ? star_expression() : named_expression_();
}

bool parser::star_named_expressions(std::vector<const expression*>& into, token_kind closing) {
    while (!at(closing)) {
        const expression* element = star_named_expression();
        if (element == nullptr) return false;
        into.push_back(element);
        if (!accept(token_kind::comma)) break;
    }
    return true;
}

// ---- expression -----------------------------------------------------------------------------------------------------

const expression* parser::walrus_or_expression() {
    if (at(token_kind::name) && next_is(token_kind::walrus)) {
        std::size_t start = cursor_;
        const expression* target = make_name(look());
        cursor_ += 2;
        const expression* value = expression_();
        if (value == nullptr) return nullptr;
        return deeper(tree_.memory.make<named_expression>(
                          named_expression{{expression_kind::named, 1, from(start)}, target, value}),
                      {value});
    }
    const expression* node = expression_();
    return node == nullptr || at(token_kind::walrus) ? nullptr : node;
}

const expression* parser::named_expression_() {
    return remembered(memo_rule::named, [this]() -> const expression* {
        std::size_t start = cursor_;
        if (explaining() && !(at(token_kind::name) && next_is(token_kind::walrus))) {
            explain_named_expression(start);
            if (raised_) return nullptr;
            cursor_ = start;
        }
        return walrus_or_expression();
    });
}

const expression* parser::expression_() {
    return remembered(memo_rule::expression, [this]() -> const expression* {
        nesting guard(*this);
        if (guard.too_deep) return nullptr;
        if (explaining()) {
            std::size_t start = cursor_;
            const expression* first = disjunction();
            if (raised_) return nullptr;
            if (first != nullptr) explain_expression(start, first);
            if (raised_) return nullptr;
            cursor_ = start;
            explain_legacy(start);
            if (raised_) return nullptr;
            cursor_ = start;
        }
        return expression_unchecked();
    });
}

const expression* parser::expression_unchecked() {
    std::size_t start = cursor_;
    if (at(token_kind::kw_lambda)) return lambda_();
    const expression* body = disjunction();
    if (body == nullptr || !at(token_kind::kw_if)) return body;
    std::size_t behind_body = cursor_;
    accept(token_kind::kw_if);
    const expression* test = disjunction();
    if (test != nullptr && accept(token_kind::kw_else)) {
        const expression* otherwise = expression_();
        if (otherwise != nullptr)
            return deeper(tree_.memory.make<conditional_expression>(conditional_expression{
                              {expression_kind::conditional, 1, from(start)}, test, body, otherwise}),
                          {test, body, otherwise});
    }
    if (raised_) return nullptr;
    cursor_ = behind_body;
    return body;
}

const expression* parser::yield_() {
    std::size_t start = cursor_;
    accept(token_kind::kw_yield);
    if (accept(token_kind::kw_from)) {
        const expression* operand = expression_();
        if (operand == nullptr) return nullptr;
        return deeper(tree_.memory.make<operand_expression>(
                          operand_expression{{expression_kind::yield_from, 1, from(start)}, operand}),
                      {operand});
    }
    const expression* operand = nullptr;
    if (starts_expression() || at(token_kind::star)) {
        operand = star_expressions();
        if (operand == nullptr) return nullptr;
    }
    return deeper(
        tree_.memory.make<operand_expression>(operand_expression{{expression_kind::yield, 1, from(start)}, operand}),
        {operand});
}

const expression* parser::lambda_() {
    std::size_t start = cursor_;
    accept(token_kind::kw_lambda);
    const parameters* arguments = parameter_list(token_kind::colon);
    if (arguments == nullptr || !accept(token_kind::colon)) return nullptr;
    const expression* body = expression_();
    if (body == nullptr) return nullptr;
    return deeper(tree_.memory.make<lambda_expression>(
                      lambda_expression{{expression_kind::lambda, 1, from(start)}, arguments, body}),
                  {body});
}

// ---- boolean operations and comparisons
// ------------------------------------------------------------------------------

const expression* parser::disjunction() {
    return remembered(memo_rule::disjunction, [this]() -> const expression* {
        std::size_t start = cursor_;
        const expression* first = conjunction();
        if (first == nullptr || !at(token_kind::kw_or)) return first;
        std::vector<const expression*> values{first};
        for (std::size_t before = cursor_; accept(token_kind::kw_or); before = cursor_) {
            const expression* next = conjunction();
            if (raised_) return nullptr;
            if (next == nullptr) {
                cursor_ = before;
                break;
            }
            values.push_back(next);
        }
        if (values.size() == 1) return first;
        return deeper(tree_.memory.make<bool_operation_expression>(bool_operation_expression{
                          {expression_kind::bool_operation, 1, from(start)}, false, tree_.memory.freeze(values)}),
                      values);
    });
}

const expression* parser::conjunction() {
    std::size_t start = cursor_;
    const expression* first = inversion();
    if (first == nullptr || !at(token_kind::kw_and)) return first;
    std::vector<const expression*> values{first};
    for (std::size_t before = cursor_; accept(token_kind::kw_and); before = cursor_) {
        const expression* next = inversion();
        if (raised_) return nullptr;
        if (next == nullptr) {
            cursor_ = before;
            break;
        }
        values.push_back(next);
    }
    if (values.size() == 1) return first;
    return deeper(tree_.memory.make<bool_operation_expression>(bool_operation_expression{
                      {expression_kind::bool_operation, 1, from(start)}, true, tree_.memory.freeze(values)}),
                  values);
}

const expression* parser::inversion() {
    if (!at(token_kind::kw_not)) return comparison();
    nesting guard(*this);
    if (guard.too_deep) return nullptr;
    std::size_t start = cursor_;
    accept(token_kind::kw_not);
    const expression* operand = inversion();
    if (operand == nullptr) return nullptr;
    return deeper(tree_.memory.make<unary_expression>(
                      unary_expression{{expression_kind::unary, 1, from(start)}, unary_operator::logical_not, operand}),
                  {operand});
}

const expression* parser::comparison() {
    std::size_t start = cursor_;
    const expression* left = bitwise_or();
    if (left == nullptr) return nullptr;
    std::vector<compare_operator> operations;
    std::vector<const expression*> comparators;
    for (;;) {
        compare_operator operation;
        std::size_t tokens = 1;
        switch (look().kind) {
        case token_kind::less: operation = compare_operator::less; break;
        case token_kind::less_equal: operation = compare_operator::less_equal; break;
        case token_kind::equal: operation = compare_operator::equal; break;
        case token_kind::not_equal: operation = compare_operator::not_equal; break;
        case token_kind::greater: operation = compare_operator::greater; break;
        case token_kind::greater_equal: operation = compare_operator::greater_equal; break;
        case token_kind::kw_in: operation = compare_operator::in; break;
        case token_kind::kw_is:
            tokens = next_is(token_kind::kw_not) ? 2 : 1;
            operation = tokens == 2 ? compare_operator::is_not : compare_operator::is;
            break;
        case token_kind::kw_not:
            tokens = next_is(token_kind::kw_in) ? 2 : 0;
            operation = compare_operator::not_in;
            break;
        default:
            tokens = 0;
            operation = compare_operator::less;
            break;
        }
        if (tokens == 0) break;
        std::size_t before = cursor_;
        cursor_ += tokens;
        const expression* right = bitwise_or();
        if (right == nullptr) {
            if (raised_) return nullptr;
            cursor_ = before;
            break;
        }
        operations.push_back(operation);
        comparators.push_back(right);
    }
    if (operations.empty()) return left;
    auto* node = tree_.memory.make<compare_expression>(
        compare_expression{{expression_kind::compare, static_cast<std::int16_t>(left->depth + 1), from(start)},
                           left,
                           tree_.memory.freeze(operations),
                           tree_.memory.freeze(comparators)});
    return deeper(node, comparators);
}

// ---- arithmetic -----------------------------------------------------------------------------------------------------

const expression* parser::bitwise_or() {
    return remembered(memo_rule::bitwise_or, [this]() { return binary(0); });
}

const expression* parser::binary(int level) {
    std::size_t start = cursor_;
    const expression* left = factor();
    while (left != nullptr) {
        const operator_fact* fact = operator_of(look().kind);
        if (fact == nullptr || fact->level < level) break;
        std::size_t before = cursor_;
        ++cursor_;
        const expression* right = binary(fact->level + 1);
        if (right == nullptr) {
            if (raised_) return nullptr;
            cursor_ = before;
            return left;
        }
        left = deeper(tree_.memory.make<binary_expression>(
                          binary_expression{{expression_kind::binary, 1, from(start)}, fact->operation, left, right}),
                      {left, right});
    }
    return left;
}

const expression* parser::factor() {
    std::size_t start = cursor_;
    unary_operator operation;
    switch (look().kind) {
    case token_kind::plus: operation = unary_operator::positive; break;
    case token_kind::minus: operation = unary_operator::negative; break;
    case token_kind::tilde: operation = unary_operator::invert; break;
    default: return power();
    }
    nesting guard(*this);
    if (guard.too_deep) return nullptr;
    ++cursor_;
    const expression* operand = factor();
    if (operand == nullptr) return nullptr;
    return deeper(tree_.memory.make<unary_expression>(
                      unary_expression{{expression_kind::unary, 1, from(start)}, operation, operand}),
                  {operand});
}

const expression* parser::power() {
    std::size_t start = cursor_;
    const expression* base;
    if (accept(token_kind::kw_await)) {
        const expression* operand = primary();
        if (operand == nullptr) return nullptr;
        base = deeper(tree_.memory.make<operand_expression>(
                          operand_expression{{expression_kind::await, 1, from(start)}, operand}),
                      {operand});
    } else {
        base = primary();
    }
    if (base == nullptr || !at(token_kind::double_star)) return base;
    nesting guard(*this);
    if (guard.too_deep) return nullptr;
    std::size_t before = cursor_;
    ++cursor_;
    const expression* exponent = factor();
    if (exponent == nullptr) {
        if (raised_) return nullptr;
        cursor_ = before;
        return base;
    }
    return deeper(tree_.memory.make<binary_expression>(binary_expression{
                      {expression_kind::binary, 1, from(start)}, binary_operator::power, base, exponent}),
                  {base, exponent});
}

// ---- primary: attributes, calls, subscripts
// --------------------------------------------------------------------------

const expression* parser::primary() {
    return remembered(memo_rule::primary, [this]() -> const expression* {
        std::size_t start = cursor_;
        const expression* node = atom();
        while (node != nullptr) {
            std::size_t before = cursor_;
            const expression* longer = nullptr;
            if (accept(token_kind::dot)) {
                if (at(token_kind::name)) {
                    const token& name = look();
                    std::string_view text = identifier(name);
                    ++cursor_;
                    longer = deeper(tree_.memory.make<attribute_expression>(attribute_expression{
                                        {expression_kind::attribute, 1, from(start)}, node, text, placed(name.where)}),
                                    {node});
                }
            } else if (at(token_kind::left_parenthesis)) {
                longer = call(start, node);
            } else if (accept(token_kind::left_bracket)) {
                const expression* index = slices();
                if (index != nullptr && accept(token_kind::right_bracket))
                    longer = deeper(tree_.memory.make<subscript_expression>(subscript_expression{
                                        {expression_kind::subscript, 1, from(start)}, node, index}),
                                    {node, index});
            } else {
                break;
            }
            if (raised_) return nullptr;
            if (longer == nullptr) {
                cursor_ = before;
                break;
            }
            node = longer;
        }
        return node;
    });
}

const expression* parser::call(std::size_t start, const expression* function) {
    std::size_t open = cursor_;
    accept(token_kind::left_parenthesis);
    argument_list given;
    if (!accept(token_kind::right_parenthesis)) {
        const expression* first = nullptr; // a positional argument, or the element of a lone generator expression
        const expression* only = nullptr;
        if (starts_expression()) {
            std::size_t start_of_first = cursor_;
            first = walrus_or_expression();
            std::size_t behind = cursor_;
            if (first != nullptr && (at(token_kind::kw_for) || at(token_kind::kw_async)))
                only = comprehension(expression_kind::generator, open, first, nullptr, token_kind::right_parenthesis);
            if (raised_) return nullptr;
            if (only == nullptr) cursor_ = behind;
            bool is_argument =
                !explaining() && first != nullptr && (at(token_kind::comma) || at(token_kind::right_parenthesis));
            bool may_be_keyword = first != nullptr && first->kind == expression_kind::name && at(token_kind::assign);
            if (only == nullptr && !is_argument && !may_be_keyword && !explaining()) return nullptr;
            if (only == nullptr && !is_argument) {
                cursor_ = start_of_first;
                first = nullptr;
            }
        }
        if (only != nullptr) {
            given.positional.push_back(only);
        } else {
            if (explaining()) {
                explain_comprehension(open);
                if (raised_) return nullptr;
                cursor_ = open + 1;
            }
            if (!arguments(given, first) || !accept(token_kind::right_parenthesis)) return nullptr;
        }
    }
    auto* node = tree_.memory.make<call_expression>(
        call_expression{{expression_kind::call, static_cast<std::int16_t>(function->depth + 1), from(start)},
                        function,
                        tree_.memory.freeze(given.positional),
                        tree_.memory.freeze(given.keywords)});
    for (const keyword_argument& keyword : given.keywords) given.positional.push_back(keyword.value);
    return deeper(node, given.positional);
}

// Arguments up to, not including, the closing parenthesis; at least one. `first` has been parsed already, or is null:
// parsing things twice would take exponential time when they nest.
bool parser::arguments(argument_list& into, const expression* first) {
    std::size_t start = cursor_;
    bool after_keyword = false, after_double_star = false;
    bool complete = false;
    for (;;) {
        if (first != nullptr) {
            into.positional.push_back(first);
            first = nullptr;
        } else if (!one_argument(into, after_keyword, after_double_star)) {
            break;
        }
        complete = at(token_kind::right_parenthesis);
        if (complete || !accept(token_kind::comma)) break;
        complete = at(token_kind::right_parenthesis);
        if (complete) break;
    }
    if (raised_) return false;
    if (!complete && explaining()) {
        explain_arguments(start);
        return false;
    }
    return complete;
}

// Positional arguments come first, then keywords and *iterables, then keywords and **mappings.
bool parser::one_argument(argument_list& into, bool& after_keyword, bool& after_double_star) {
    std::size_t start = cursor_;
    if (at(token_kind::star)) {
        if (after_double_star) return false;
        accept(token_kind::star);
        const expression* operand = expression_();
        if (operand == nullptr) return false;
        const expression* node = deeper(tree_.memory.make<operand_expression>(
                                            operand_expression{{expression_kind::starred, 1, from(start)}, operand}),
                                        {operand});
        into.positional.push_back(node);
        return node != nullptr;
    }
    if (at(token_kind::double_star)) {
        accept(token_kind::double_star);
        const expression* value = expression_();
        if (value == nullptr) return false;
        after_keyword = after_double_star = true;
        into.keywords.push_back({{}, value, from(start)});
        return true;
    }
    bool is_keyword = at(token_kind::name) && next_is(token_kind::assign);
    if (!is_keyword && !after_keyword) {
        const expression* value = walrus_or_expression();
        if (raised_) return false;
        if (value != nullptr && !at(token_kind::assign)) {
            into.positional.push_back(value);
            return true;
        }
        cursor_ = start;
    }
    if (explaining()) {
        explain_keyword_argument(start);
        if (raised_) return false;
        cursor_ = start;
    }
    if (!is_keyword) return false;
    std::string_view name = identifier(look());
    cursor_ += 2;
    const expression* value = expression_();
    if (value == nullptr) return false;
    after_keyword = true;
    into.keywords.push_back({name, value, from(start)});
    return true;
}

const expression* parser::slices() {
    std::size_t start = cursor_;
    std::vector<const expression*> elements;
    bool is_tuple = false;
    do {
        if (is_tuple && at(token_kind::right_bracket)) break;
        const expression* element;
        std::size_t element_start = cursor_;
        if (accept(token_kind::star)) {
            const expression* operand = expression_();
            if (operand == nullptr) return nullptr;
            element = deeper(tree_.memory.make<operand_expression>(
                                 operand_expression{{expression_kind::starred, 1, from(element_start)}, operand}),
                             {operand});
            is_tuple = true;
        } else {
            element = slice();
        }
        if (element == nullptr) return nullptr;
        elements.push_back(element);
        if (at(token_kind::comma)) is_tuple = true;
    } while (accept(token_kind::comma));
    return is_tuple ? make_tuple(start, elements) : elements[0];
}

const expression* parser::slice() {
    std::size_t start = cursor_;
    const expression* lower = nullptr;
    if (!at(token_kind::colon)) {
        bool is_walrus = at(token_kind::name) && next_is(token_kind::walrus);
        if (!is_walrus) {
            lower = expression_();
            if (raised_) return nullptr;
        }
        if (is_walrus || lower == nullptr || !at(token_kind::colon)) {
            if (lower != nullptr && !explaining()) return at(token_kind::walrus) ? nullptr : lower;
            cursor_ = start;
            return named_expression_();
        }
    }
    accept(token_kind::colon);
    const expression* upper = nullptr;
    if (starts_expression() && (upper = expression_()) == nullptr) return nullptr;
    const expression* step = nullptr;
    if (accept(token_kind::colon) && starts_expression() && (step = expression_()) == nullptr) return nullptr;
    return deeper(tree_.memory.make<slice_expression>(
                      slice_expression{{expression_kind::slice, 1, from(start)}, lower, upper, step}),
                  {lower, upper, step});
}

} // namespace heddle::python
