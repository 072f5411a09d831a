// Syntax tree to code_units: CPython 3.11's code generation (Python/compile.c) for our instruction set.
//
// One `unit` per scope, on a stack. Errors are recorded once; visiting goes on to nowhere in particular, and the result
// is thrown away. What the compiler can't translate yet is a SyntaxError saying so.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ast.h"
#include "code_builder.h"
#include "compile.h"
#include "source.h"
#include "symbol_table.h"

namespace heddle::python {

class compiler {
public:
    compiler(const source_text& source, syntax_tree& tree, symbol_table& symbols, bool future_annotations)
        : source_(source), tree_(tree), symbols_(symbols), future_annotations_(future_annotations) {}

    std::shared_ptr<const code_unit> run(compile_mode mode, syntax_error& error);

private:
    using label = code_builder::label;
    enum class access { load, store, remove };

    // What return, break and continue must undo on their way out.
    enum class frame_kind : std::uint8_t {
        while_loop,
        for_loop, // an iterator on the stack
        try_body,
        handler_chain, // between the handlers
        handler_body,  // the previous exception on the stack; perhaps a name to unbind
        finally_try,   // a finally body to run
        finally_body,  // two values on the stack: previous exception, exception
        with_body,     // a bound __exit__ on the stack
        pop_value,
    };
    struct block_frame {
        frame_kind kind;
        label outer_guard; // the guard in force outside
        label start = -1;  // loops: where continue goes
        label exit = -1;   // loops: where break goes
        list<const statement*> finally = {};
        std::string_view name = {}; // handler_body
        source_position where = {}; // with_body
    };

    struct unit {
        scope* here = nullptr;
        std::shared_ptr<code_unit> code = std::make_shared<code_unit>();
        code_builder builder;
        std::vector<block_frame> frames;
        std::unordered_map<std::string_view, std::uint32_t> slots;
        std::string_view first_parameter; // for super()
        unit* outer = nullptr;
        bool is_async = false;
    };

    // compiler.cpp: scopes
    void enter(scope* here, code_kind kind, std::string name, int line);
    std::shared_ptr<const code_unit> leave();
    void fill_slots(const std::vector<std::string_view>& parameters);
    std::string qualified(std::string_view name) const;
    void fail(source_position where, std::string message);
    void unsupported(source_position where, const char* what);
    bool failed() const { return failed_; }
    code_builder& code() { return current_->builder; }
    std::string_view mangled(std::string_view name);
    void name_operation(std::string_view name, access how);
    bool check_forbidden(std::string_view name, source_position where, access how);
    void make_function(const std::shared_ptr<const code_unit>& body, std::uint32_t flags, scope* inner);
    std::uint32_t defaults(const parameters& all);
    std::uint32_t annotations(const parameters& all, const expression* returns);
    void annotation(const expression* node);
    void set_parameters(const parameters& all, source_position where);
    void load_text(std::string_view text);
    void load_integer(std::int64_t value);

    // compiler_statements.cpp
    void body(list<const statement*> statements);
    void body_with_docstring(list<const statement*> statements);
    bool docstring(list<const statement*> statements, constant& text) const;
    void visit(const statement* node);
    void visit_function(const function_statement& node);
    void visit_class(const class_statement& node);
    void visit_return(const value_statement& node);
    void visit_expression_statement(const value_statement& node);
    void visit_assign(const assign_statement& node);
    bool assign_by_swapping(const assign_statement& node);
    void visit_augmented(const augmented_assign_statement& node);
    void visit_annotated(const annotated_assign_statement& node);
    void visit_for(const for_statement& node);
    void visit_while(const conditional_statement& node);
    void visit_if(const conditional_statement& node);
    void visit_with(const with_statement& node, std::size_t item);
    void visit_raise(const raise_statement& node);
    void visit_try(const try_statement& node);
    void try_except(const try_statement& node);
    void try_finally(const try_statement& node);
    void handler(const except_handler& node, label next, label end);
    void restore_and_reraise();
    void unbind_handler_name(std::string_view name);
    void visit_assert(const assert_statement& node);
    void visit_import(const import_statement& node);
    void visit_import_from(const import_statement& node);
    void visit_break_or_continue(const statement* node);
    void delete_target(const expression* node);
    bool has_annotations(list<const statement*> statements) const;
    void push_frame(block_frame frame) { current_->frames.push_back(frame); }
    void pop_frame() { current_->frames.pop_back(); }
    void unwind_one(const block_frame& frame, bool keeps_top);
    const block_frame* unwind(bool keeps_top, bool stops_at_loop);
    void call_exit_with_none();

    // compiler_expressions.cpp
    void visit(const expression* node);
    void visit_value(const expression* node);
    void store(const expression* node);
    void store_sequence(const sequence_expression& node);
    void jump_if(const expression* node, label target, bool condition);
    void visit_bool_operation(const bool_operation_expression& node);
    void visit_conditional(const conditional_expression& node);
    void visit_compare(const compare_expression& node);
    void compare(compare_operator operation);
    void visit_dict(const dict_expression& node);
    void visit_sequence(const sequence_expression& node);
    void starred_sequence(list<const expression*> elements, opcode build, opcode add, opcode extend, bool is_tuple);
    void visit_call(const call_expression& node);
    bool super_call(const call_expression& node);
    bool is_zero_argument_super(const expression* node);
    void load_super_arguments();
    void method_call(const call_expression& node);
    bool has_unpacking(const call_expression& node) const;
    void plain_arguments(list<const expression*> positional, list<keyword_argument> keywords);
    void unpacked_arguments(list<const expression*> positional, list<keyword_argument> keywords,
                            std::uint32_t already_pushed);
    void keyword_names(list<keyword_argument> keywords);
    void check_keywords(list<keyword_argument> keywords);
    void visit_joined_string(const joined_string_expression& node);
    void visit_formatted_value(const formatted_value_expression& node);
    void visit_lambda(const lambda_expression& node);
    void visit_comprehension(const comprehension_expression& node);
    void comprehension_loop(const comprehension_expression& node, std::size_t clause, std::uint32_t depth);
    void visit_yield(const operand_expression& node);
    void visit_subscript(const subscript_expression& node, access how);
    void visit_slice(const slice_expression& node);

    // compiler_patterns.cpp
    struct pattern_context;
    void visit_match(const match_statement& node);
    void match(const pattern* node, pattern_context& context);
    void match_inside(const pattern* node, pattern_context& context);
    void match_capture(const capture_pattern& node, pattern_context& context);
    void match_sequence(const sequence_pattern& node, pattern_context& context);
    void unpack_pattern(const sequence_pattern& node, pattern_context& context);
    void subscript_pattern(const sequence_pattern& node, std::size_t star, pattern_context& context);
    void match_mapping(const mapping_pattern& node, pattern_context& context);
    void match_instance(const instance_pattern& node, pattern_context& context);
    void match_alternatives(const sequence_pattern& node, pattern_context& context);
    void store_capture(std::string_view name, source_position where, pattern_context& context);
    void jump_to_failure(opcode op, pattern_context& context);
    void place_failures(pattern_context& context);
    void rotate(std::size_t count);

    // Gives instructions a node's position while it is visited.
    class at {
    public:
        at(compiler& owner, const source_position& where) : owner_(owner), unit_(owner.current_) {
            saved_ = unit_->builder.where;
            unit_->builder.where = where;
        }
        ~at() {
            if (owner_.current_ == unit_) unit_->builder.where = saved_;
        }

    private:
        compiler& owner_;
        unit* unit_;
        source_position saved_;
    };

    const source_text& source_;
    syntax_tree& tree_;
    symbol_table& symbols_;
    bool future_annotations_;
    std::deque<unit> units_;
    unit* current_ = nullptr;
    compile_mode mode_ = compile_mode::exec;
    bool failed_ = false;
    syntax_error error_;
};

} // namespace heddle::python
