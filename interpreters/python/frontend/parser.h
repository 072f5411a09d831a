// Recursive descent parser for Python 3.11's whole syntax: source text to syntax tree, or CPython's error for it.
//
// It follows CPython's own strategy for errors (Grammar/python.gram, Parser/pegen_errors.c). The first pass only
// parses; when it gets stuck, a second, slower pass (explaining_) parses again from the start and, at the places where
// CPython's grammar has "invalid_" rules, tries the wrong constructs that deserve a better message. If none fits, the
// error is "invalid syntax" at the furthest token the first pass looked at. The second pass tries alternatives at every
// level of nesting, so it remembers results (memory_) to stay linear.
//
// A parse function returns null when it fails; it need not put the cursor back. `raised_` says that an error has been
// recorded; whoever tries an alternative must check it.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ast.h"
#include "compile.h"
#include "lexer.h"
#include "source.h"

namespace heddle::python {

// Parses a source; false with `error` filled when it isn't Python.
bool parse(const source_text& source, compile_mode mode, syntax_tree& tree, syntax_error& error);

// CPython's name for what an expression is, for messages: "function call", "literal", ...
std::string_view expression_name(const expression* node);

// An f-string's replacement field is parsed as a source of its own, "(expression)"; the fields say where it really is.
struct embedding {
    bool is_embedded = false;
    int line_offset = 0;   // added to each line
    int column_offset = 0; // added to columns in the first line
};

class parser {
public:
    parser(const source_text& source, syntax_tree& tree, const embedding& where);

    bool run(compile_mode mode, module_tree& module, syntax_error& error);
    // The one expression of a replacement field.
    const expression* run_embedded(syntax_error& error);

private:
    enum class target_use { assign, loop, remove };
    enum class memo_rule : std::uint8_t { expression, disjunction, bitwise_or, named, primary };
    struct memo_entry {
        const expression* node;
        std::size_t end;
    };
    struct binary_level;
    struct argument_list {
        std::vector<const expression*> positional;
        std::vector<keyword_argument> keywords;
    };
    struct parsed_parameters {
        std::vector<parameter> positional_only, positional, keyword_only;
        const parameter* varargs = nullptr;
        const parameter* varkeywords = nullptr;
    };
    class nesting;

    // ---- tokens (parser.cpp)
    const token& look(std::size_t distance = 0);
    bool at(token_kind kind) { return look().kind == kind; }
    bool at_name(std::string_view text);
    bool next_is(token_kind kind) { return look(1).kind == kind; }
    bool accept(token_kind kind);
    bool force(token_kind kind); // accept, or raise "expected '...'"
    std::string_view text_of(const token& t) const;
    std::string_view identifier(const token& t);   // NFKC
    source_position from(std::size_t start) const; // from token number `start` to the last one consumed
    source_position placed(source_position where) const;

    // ---- errors (parser_errors.cpp)
    std::nullptr_t raise(syntax_error_kind kind, std::string message, source_position where);
    std::nullptr_t raise_at(source_position where, std::string message);
    std::nullptr_t raise_between(source_position first, source_position last, std::string message);
    std::nullptr_t raise_from(source_position first, std::string message); // up to where the lexer is
    std::nullptr_t raise_here(std::string message);                        // at the furthest token
    std::nullptr_t raise_indentation(std::string message);
    std::nullptr_t raise_too_deep();
    void raise_lexical(); // the lexer's error, when the parser gets to where it stopped
    void raise_generic();
    void finish_error(syntax_error& error);
    source_position unplaced(source_position where) const;
    const expression* invalid_target(const expression* node, target_use use) const;
    std::nullptr_t raise_invalid_target(const expression* node, target_use use);
    void explain_expression(std::size_t start, const expression* first);
    void explain_legacy(std::size_t start);
    void explain_named_expression(std::size_t start);
    void explain_assignment(std::size_t start);
    void explain_comprehension(std::size_t start);
    void explain_dict(std::size_t start);
    void explain_group(std::size_t start);
    void explain_arguments(std::size_t start);
    void explain_keyword_argument(std::size_t start);
    void explain_arguments_order(const argument_list& arguments);
    void explain_parameters(std::size_t start, token_kind closing);
    void explain_for_target(std::size_t start);
    void explain_with_item(std::size_t start);
    void explain_missing_block(const char* what, int line);
    bool is_legacy_name(const expression* node) const;

    // ---- statements (parser_statements.cpp)
    bool statements(std::vector<const statement*>& body, token_kind end);
    bool statement_into(std::vector<const statement*>& body);
    bool simple_statements(std::vector<const statement*>& body);
    bool block(list<const statement*>& body, const char* what, std::size_t keyword);
    const statement* simple_statement();
    const statement* expression_statement();
    const statement* annotated(std::size_t start, const expression* target);
    const statement* assignment(std::size_t start, const expression* first);
    const statement* augmented(std::size_t start, const expression* target);
    const statement* return_();
    const statement* raise_statement_();
    const statement* delete_();
    const statement* assert_();
    const statement* import_();
    const statement* import_from_();
    bool import_names(std::vector<import_alias>& names);
    bool dotted_name(std::string_view& name);
    const statement* global_or_nonlocal(statement_kind kind);
    const statement* compound_statement();
    const statement* decorated();
    const statement* function_definition(std::size_t start, list<const expression*> decorators, bool is_async);
    const statement* class_definition(std::size_t start, list<const expression*> decorators);
    const statement* if_();
    bool colon(const char* statement_name);
    bool else_block(list<const statement*>& body);
    const statement* while_();
    const statement* for_(std::size_t start, bool is_async);
    const statement* with_(std::size_t start, bool is_async);
    bool with_items(std::vector<with_item>& items, bool in_parentheses);
    bool with_item_into(std::vector<with_item>& items);
    const statement* try_();
    bool except_clause(std::vector<except_handler>& handlers, bool& is_star);
    const parameters* parameter_list(token_kind closing);
    bool parameters_into(parsed_parameters& into, token_kind closing);
    bool one_parameter(parameter& into, token_kind closing, bool may_star_annotation);

    // ---- match (parser_patterns.cpp)
    const statement* match_();
    const expression* match_subject();
    bool case_block(std::vector<match_case>& cases);
    const pattern* patterns();
    const pattern* pattern_();
    const pattern* or_pattern();
    const pattern* closed_pattern();
    const pattern* maybe_star_pattern();
    bool pattern_list(std::vector<const pattern*>& into, token_kind closing);
    const pattern* group_or_sequence_pattern();
    const pattern* mapping_pattern_();
    const pattern* instance_pattern_(std::size_t start, const expression* type);
    const expression* dotted_reference();
    const expression* signed_or_complex_number();
    const expression* literal_key();

    // ---- expressions (parser_expressions.cpp)
    const expression* expressions(); // expression, or a tuple of them
    const expression* star_expressions();
    const expression* star_expression();
    const expression* star_named_expression();
    bool star_named_expressions(std::vector<const expression*>& into, token_kind closing);
    const expression* named_expression_();
    const expression* walrus_or_expression();
    const expression* expression_();
    const expression* expression_unchecked();
    const expression* yield_();
    const expression* lambda_();
    const expression* disjunction();
    const expression* conjunction();
    const expression* inversion();
    const expression* comparison();
    const expression* bitwise_or();
    const expression* binary(int level);
    const expression* factor();
    const expression* power();
    const expression* primary();
    const expression* call(std::size_t start, const expression* function);
    const expression* slices();
    const expression* slice();
    const expression* atom();
    const expression* parenthesized();
    const expression* list_();
    const expression* dict_or_set();
    const expression* dict_rest(std::size_t start, const expression* first_key);
    bool comprehension_clauses(std::vector<comprehension_clause>& clauses);
    const expression* comprehension(expression_kind kind, std::size_t start, const expression* element,
                                    const expression* value, token_kind closing);
    const expression* star_targets();
    bool arguments(argument_list& into, const expression* first = nullptr);
    bool one_argument(argument_list& into, bool& after_keyword, bool& after_double_star);
    const expression* strings();
    const expression* number();
    bool starts_expression();

    // ---- nodes
    template <class T> const T* deeper(T* node, std::initializer_list<const expression*> children);
    template <class T> const T* deeper(T* node, const std::vector<const expression*>& children);
    const expression* make_tuple(std::size_t start, const std::vector<const expression*>& elements);
    const expression* make_name(const token& t);
    const expression* make_constant(std::size_t start, constant value);
    bool check_depth(int depth);

    const source_text& source_;
    syntax_tree& tree_;
    embedding embedding_;
    lex_result lexed_;
    std::vector<token>& tokens_ = lexed_.tokens;
    std::size_t cursor_ = 0;
    std::size_t furthest_ = 0; // the furthest token looked at, in either pass
    std::size_t stuck_ = 0;    // ... in the first pass
    bool is_final_ = false;    // the error stands, whatever the lexer found later
    int nesting_ = 0;
    bool explaining_ = false; // second pass: look for better messages
    bool suspended_ = false;  // ... but not within this construct (CPython's "_without_invalid")
    bool raised_ = false;
    syntax_error error_;
    std::unordered_map<std::uint64_t, memo_entry> memory_;

    bool explaining() const { return explaining_ && !suspended_; }
    template <class Parse> const expression* remembered(memo_rule rule, Parse parse);

    friend class string_parser;
};

// Counts the parser's own recursion; `too_deep` after construction means: return null.
class parser::nesting {
public:
    explicit nesting(parser& owner) : owner_(owner) {
        too_deep = ++owner_.nesting_ > max_tree_depth;
        if (too_deep) owner_.raise_too_deep();
    }
    ~nesting() { --owner_.nesting_; }
    bool too_deep;

private:
    parser& owner_;
};

template <class T> const T* parser::deeper(T* node, std::initializer_list<const expression*> children) {
    int depth = 0;
    for (const expression* child : children)
        if (child != nullptr && child->depth > depth) depth = child->depth;
    node->depth = static_cast<std::int16_t>(depth + 1);
    return check_depth(depth + 1) ? node : nullptr;
}

template <class T> const T* parser::deeper(T* node, const std::vector<const expression*>& children) {
    int depth = node->depth - 1;
    for (const expression* child : children)
        if (child != nullptr && child->depth > depth) depth = child->depth;
    node->depth = static_cast<std::int16_t>(depth + 1);
    return check_depth(depth + 1) ? node : nullptr;
}

template <class Parse> const expression* parser::remembered(memo_rule rule, Parse parse) {
    if (!explaining_) return parse();
    // As in CPython, what was parsed while explanations were suspended is not explained later either.
    bool is_apart = rule == memo_rule::named && suspended_;
    std::uint64_t key =
        static_cast<std::uint64_t>(cursor_) << 8 | static_cast<std::uint64_t>(rule) << 1 | (is_apart ? 1 : 0);
    auto found = memory_.find(key);
    if (found != memory_.end()) {
        cursor_ = found->second.end;
        return found->second.node;
    }
    const expression* node = parse();
    if (!raised_) memory_[key] = {node, cursor_};
    return node;
}

} // namespace heddle::python
