// The syntax tree, as CPython's ast module has it, minus contexts: whether an expression is loaded, stored or deleted
// is known to whoever visits it. Nodes live in an arena, are immutable once parsed, and hold text as views into it.
//
// `depth` bounds recursion over the tree: the parser refuses to build a node deeper than max_tree_depth, so that every
// later pass may simply recurse.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "arena.h"
#include "code_unit.h"

namespace heddle::python {

inline constexpr int max_tree_depth = 2000;

enum class expression_kind : std::uint8_t {
    bool_operation,
    named,
    binary,
    unary,
    lambda,
    conditional,
    dict,
    set,
    list_comprehension,
    set_comprehension,
    dict_comprehension,
    generator,
    await,
    yield,
    yield_from,
    compare,
    call,
    formatted_value,
    joined_string,
    constant,
    attribute,
    subscript,
    starred,
    name,
    list,
    tuple,
    slice,
};

struct expression {
    expression_kind kind;
    std::int16_t depth = 1;
    source_position where;
};

enum class binary_operator : std::uint8_t { // in the order of the BINARY_ opcodes
    add,
    subtract,
    multiply,
    true_divide,
    floor_divide,
    remainder,
    power,
    matrix_multiply,
    left_shift,
    right_shift,
    bit_and,
    bit_or,
    bit_xor,
};

enum class unary_operator : std::uint8_t { positive, negative, logical_not, invert }; // in the order of the opcodes

enum class compare_operator : std::uint8_t { // the first six in the order of the opcodes
    less,
    less_equal,
    equal,
    not_equal,
    greater,
    greater_equal,
    is,
    is_not,
    in,
    not_in,
};

struct parameter {
    std::string_view name;
    const expression* annotation;    // or null
    const expression* default_value; // or null
    source_position where;
};

struct parameters {
    list<parameter> positional_only;
    list<parameter> positional;
    list<parameter> keyword_only;
    const parameter* varargs;     // or null
    const parameter* varkeywords; // or null
};

struct comprehension_clause {
    const expression* target;
    const expression* iterable;
    list<const expression*> conditions;
    bool is_async;
};

struct keyword_argument {
    std::string_view name; // empty: **value
    const expression* value;
    source_position where;
};

struct bool_operation_expression : expression {
    bool is_and;
    list<const expression*> values;
};
struct named_expression : expression {
    const expression* target;
    const expression* value;
};
struct binary_expression : expression {
    binary_operator operation;
    const expression* left;
    const expression* right;
};
struct unary_expression : expression {
    unary_operator operation;
    const expression* operand;
};
struct lambda_expression : expression {
    const parameters* arguments;
    const expression* body;
};
struct conditional_expression : expression {
    const expression* test;
    const expression* body;
    const expression* otherwise;
};
struct dict_expression : expression {
    list<const expression*> keys; // null: **value
    list<const expression*> values;
};
struct sequence_expression : expression { // set, list, tuple
    list<const expression*> elements;
};
struct comprehension_expression : expression { // list, set, dict comprehension, generator
    const expression* element;                 // a dict's key
    const expression* value;                   // a dict's value, else null
    list<comprehension_clause> clauses;
};
struct operand_expression : expression { // await, yield, yield_from, starred
    const expression* operand;           // null: plain `yield`
};
struct compare_expression : expression {
    const expression* left;
    list<compare_operator> operations;
    list<const expression*> comparators;
};
struct call_expression : expression {
    const expression* function;
    list<const expression*> arguments; // may hold starred
    list<keyword_argument> keywords;
};
struct formatted_value_expression : expression {
    const expression* value;
    int conversion;           // 0, 's', 'r' or 'a'
    const expression* format; // joined_string or null
};
struct joined_string_expression : expression {
    list<const expression*> values; // constant strings and formatted_value
};
struct constant_expression : expression {
    const constant* value;
    bool is_imaginary;       // value is the float before the j; the compiler refuses it
    bool is_unicode_literal; // u"..."
};
struct attribute_expression : expression {
    const expression* object;
    std::string_view name;
    source_position name_where;
};
struct subscript_expression : expression {
    const expression* object;
    const expression* index;
};
struct name_expression : expression {
    std::string_view name;
};
struct slice_expression : expression {
    const expression* lower; // each may be null
    const expression* upper;
    const expression* step;
};

// ---- patterns -------------------------------------------------------------------------------------------------------

enum class pattern_kind : std::uint8_t { value, singleton, sequence, mapping, instance, star, as, alternatives };

struct pattern {
    pattern_kind kind;
    std::int16_t depth = 1;
    source_position where;
};
struct value_pattern : pattern { // value (compared with ==), singleton (compared with is)
    const expression* value;
};
struct sequence_pattern : pattern { // sequence, alternatives
    list<const pattern*> patterns;
};
struct mapping_pattern : pattern {
    list<const expression*> keys;
    list<const pattern*> patterns;
    std::string_view rest; // empty: none
};
struct instance_pattern : pattern { // a class pattern
    const expression* type;
    list<const pattern*> patterns;
    list<std::string_view> keywords;
    list<const pattern*> keyword_patterns;
    list<source_position> keyword_positions;
};
struct capture_pattern : pattern { // star: *name; as: inner as name, a plain name (inner null) or _ (both null)
    const pattern* inner;
    std::string_view name;
};

// ---- statements -----------------------------------------------------------------------------------------------------

enum class statement_kind : std::uint8_t {
    function,
    class_definition,
    return_value,
    delete_targets,
    assign,
    augmented_assign,
    annotated_assign,
    for_loop,
    while_loop,
    if_else,
    with,
    match,
    raise,
    try_except,
    assertion,
    import,
    import_from,
    global,
    nonlocal,
    expression_value,
    pass,
    break_loop,
    continue_loop,
};

struct statement {
    statement_kind kind;
    source_position where;
};

struct function_statement : statement {
    std::string_view name;
    const parameters* arguments;
    list<const statement*> body;
    list<const expression*> decorators;
    const expression* returns; // or null
    bool is_async;
};
struct class_statement : statement {
    std::string_view name;
    list<const expression*> bases;
    list<keyword_argument> keywords;
    list<const statement*> body;
    list<const expression*> decorators;
};
struct value_statement : statement { // return_value (value may be null), expression_value
    const expression* value;
};
struct delete_statement : statement {
    list<const expression*> targets;
};
struct assign_statement : statement {
    list<const expression*> targets;
    const expression* value;
};
struct augmented_assign_statement : statement {
    const expression* target;
    binary_operator operation;
    const expression* value;
};
struct annotated_assign_statement : statement {
    const expression* target;
    const expression* annotation;
    const expression* value; // or null
    bool is_simple;          // a bare name, not in parentheses
};
struct for_statement : statement {
    const expression* target;
    const expression* iterable;
    list<const statement*> body;
    list<const statement*> otherwise;
    bool is_async;
};
struct conditional_statement : statement { // while_loop, if_else
    const expression* test;
    list<const statement*> body;
    list<const statement*> otherwise;
};
struct with_item {
    const expression* manager;
    const expression* target; // or null
};
struct with_statement : statement {
    list<with_item> items;
    list<const statement*> body;
    bool is_async;
};
struct match_case {
    const pattern* what;
    const expression* guard; // or null
    list<const statement*> body;
};
struct match_statement : statement {
    const expression* subject;
    list<match_case> cases;
};
struct raise_statement : statement {
    const expression* exception; // or null
    const expression* cause;     // or null
};
struct except_handler {
    const expression* type; // or null
    std::string_view name;  // or empty
    list<const statement*> body;
    source_position where;
};
struct try_statement : statement {
    list<const statement*> body;
    list<except_handler> handlers;
    list<const statement*> otherwise;
    list<const statement*> finally;
    bool is_star; // except*
};
struct assert_statement : statement {
    const expression* test;
    const expression* message; // or null
};
struct import_alias {
    std::string_view name;    // dotted in `import`, "*" possible in `from`
    std::string_view as_name; // or empty
    source_position where;
};
struct import_statement : statement { // import, import_from
    std::string_view module;          // import_from: may be empty with level > 0
    list<import_alias> names;
    int level;
};
struct names_statement : statement { // global, nonlocal
    list<std::string_view> names;
};

// A parsed source. Owns nothing: arena and constants belong to the syntax_tree's user.
struct module_tree {
    list<const statement*> body;       // exec, single
    const expression* value = nullptr; // eval
};

struct syntax_tree {
    arena memory;
    std::deque<constant> constants; // stable addresses
    module_tree module;
};

template <class T> const T& as(const expression* node) { return *static_cast<const T*>(node); }
template <class T> const T& as(const statement* node) { return *static_cast<const T*>(node); }
template <class T> const T& as(const pattern* node) { return *static_cast<const T*>(node); }

} // namespace heddle::python
