// Collecting and resolving names; see symbol_table.h.

#include "symbol_table.h"

#include <set>
#include <string>

namespace heddle::python {

std::string_view mangle(std::string_view private_name, std::string_view name, arena& memory) {
    if (private_name.empty() || name.substr(0, 2) != "__") return name;
    if (name.size() >= 2 && name.substr(name.size() - 2) == "__") return name;
    if (name.find('.') != std::string_view::npos) return name;
    std::size_t start = private_name.find_first_not_of('_');
    if (start == std::string_view::npos) return name;
    return memory.copy("_" + std::string(private_name.substr(start)) + std::string(name));
}

// ---- first walk -----------------------------------------------------------------------------------------------------

class symbol_collector {
public:
    symbol_collector(symbol_table& table, const source_text& source, arena& memory, bool future_annotations,
                     syntax_error& error)
        : table_(table), source_(source), memory_(memory), future_annotations_(future_annotations), error_(error) {}

    bool run(const module_tree& module) {
        enter(nullptr, scope_kind::module, "top");
        visit_all(module.body);
        visit(module.value);
        return !failed_;
    }

    bool fail(source_position where, std::string message) {
        if (failed_) return false;
        failed_ = true;
        error_.kind = syntax_error_kind::syntax_error;
        error_.message = std::move(message);
        error_.filename = source_.filename;
        error_.line = where.line;
        error_.end_line = where.end_line;
        error_.column = source_.characters(where.line, where.column) + 1;
        error_.end_column = source_.characters(where.end_line, where.end_column) + 1;
        error_.text = source_.line(where.line);
        return false;
    }

private:
    scope* enter(const void* node, scope_kind kind, std::string_view name) {
        table_.scopes_.emplace_back();
        scope* made = &table_.scopes_.back();
        made->kind = kind;
        made->name = name;
        made->parent = current_;
        if (current_ != nullptr) {
            made->private_name = current_->private_name;
            made->is_nested = current_->is_nested || current_->kind == scope_kind::function;
            current_->children.push_back(made);
        }
        table_.by_node_[node] = made;
        current_ = made;
        return made;
    }
    void leave() { current_ = current_->parent; }

    symbol& symbol_in(scope* where, std::string_view name) {
        std::string_view mangled = mangle(where->private_name, name, memory_);
        auto [entry, is_new] = where->index.try_emplace(mangled, where->symbols.size());
        if (is_new) {
            where->symbols.emplace_back();
            where->symbols.back().name = mangled;
        }
        return where->symbols[entry->second];
    }
    void use(std::string_view name) { symbol_in(current_, name).is_used = true; }

    void bind(std::string_view name, source_position where) {
        symbol& bound = symbol_in(current_, name);
        if (current_->is_visiting_target) {
            if (bound.is_declared_global || bound.is_declared_nonlocal) {
                fail(where,
                     "comprehension inner loop cannot rebind assignment expression target '" + std::string(name) + "'");
                return;
            }
            bound.is_iteration_variable = true;
        }
        bound.is_bound = true;
    }

    void bind_parameter(const parameter& one) {
        symbol& bound = symbol_in(current_, one.name);
        if (bound.is_parameter) {
            fail(one.where, "duplicate argument '" + std::string(one.name) + "' in function definition");
            return;
        }
        bound.is_parameter = bound.is_bound = true;
    }

    // ---- statements

    void visit_all(list<const statement*> body) {
        for (const statement* one : body) {
            if (failed_) return;
            visit(one);
        }
    }

    void visit(const statement* node) {
        switch (node->kind) {
        case statement_kind::function: return visit_function(as<function_statement>(node));
        case statement_kind::class_definition: return visit_class(as<class_statement>(node));
        case statement_kind::return_value:
        case statement_kind::expression_value: return visit(as<value_statement>(node).value);
        case statement_kind::delete_targets:
            for (const expression* target : as<delete_statement>(node).targets) visit_target(target);
            return;
        case statement_kind::assign:
            visit(as<assign_statement>(node).value);
            for (const expression* target : as<assign_statement>(node).targets) visit_target(target);
            return;
        case statement_kind::augmented_assign:
            visit_target(as<augmented_assign_statement>(node).target);
            visit(as<augmented_assign_statement>(node).value);
            return;
        case statement_kind::annotated_assign: return visit_annotated(as<annotated_assign_statement>(node));
        case statement_kind::for_loop: {
            const auto& loop = as<for_statement>(node);
            visit_target(loop.target);
            visit(loop.iterable);
            visit_all(loop.body);
            return visit_all(loop.otherwise);
        }
        case statement_kind::while_loop:
        case statement_kind::if_else: {
            const auto& branch = as<conditional_statement>(node);
            visit(branch.test);
            visit_all(branch.body);
            return visit_all(branch.otherwise);
        }
        case statement_kind::with: {
            const auto& with = as<with_statement>(node);
            for (const with_item& item : with.items) {
                visit(item.manager);
                if (item.target != nullptr) visit_target(item.target);
            }
            return visit_all(with.body);
        }
        case statement_kind::match: {
            const auto& match = as<match_statement>(node);
            visit(match.subject);
            for (const match_case& one : match.cases) {
                visit(one.what);
                visit(one.guard);
                visit_all(one.body);
            }
            return;
        }
        case statement_kind::raise:
            visit(as<raise_statement>(node).exception);
            return visit(as<raise_statement>(node).cause);
        case statement_kind::try_except: {
            const auto& attempt = as<try_statement>(node);
            visit_all(attempt.body);
            for (const except_handler& handler : attempt.handlers) {
                visit(handler.type);
                if (!handler.name.empty()) bind(handler.name, handler.where);
                visit_all(handler.body);
            }
            visit_all(attempt.otherwise);
            return visit_all(attempt.finally);
        }
        case statement_kind::assertion:
            visit(as<assert_statement>(node).test);
            return visit(as<assert_statement>(node).message);
        case statement_kind::import:
        case statement_kind::import_from: return visit_import(as<import_statement>(node));
        case statement_kind::global:
        case statement_kind::nonlocal: return visit_declaration(as<names_statement>(node));
        case statement_kind::pass:
        case statement_kind::break_loop:
        case statement_kind::continue_loop: return;
        }
    }

    void visit_function(const function_statement& node) {
        bind(node.name, node.where);
        visit_defaults(*node.arguments);
        visit_annotations(*node.arguments, node.returns);
        for (const expression* decorator : node.decorators) visit(decorator);
        scope* inner = enter(&node, scope_kind::function, node.name);
        inner->is_async = node.is_async;
        visit_parameters(*node.arguments);
        visit_all(node.body);
        leave();
    }

    void visit_class(const class_statement& node) {
        bind(node.name, node.where);
        for (const expression* base : node.bases) visit(base);
        for (const keyword_argument& keyword : node.keywords) visit(keyword.value);
        for (const expression* decorator : node.decorators) visit(decorator);
        scope* inner = enter(&node, scope_kind::class_body, node.name);
        inner->private_name = node.name;
        visit_all(node.body);
        leave();
    }

    void visit_defaults(const parameters& all) {
        for (const parameter& one : all.positional_only) visit(one.default_value);
        for (const parameter& one : all.positional) visit(one.default_value);
        for (const parameter& one : all.keyword_only) visit(one.default_value);
    }

    void visit_annotation(const expression* annotation) {
        if (annotation != nullptr && !future_annotations_) visit(annotation);
    }

    void visit_annotations(const parameters& all, const expression* returns) {
        for (const parameter& one : all.positional_only) visit_annotation(one.annotation);
        for (const parameter& one : all.positional) visit_annotation(one.annotation);
        if (all.varargs != nullptr) visit_annotation(all.varargs->annotation);
        if (all.varkeywords != nullptr) visit_annotation(all.varkeywords->annotation);
        for (const parameter& one : all.keyword_only) visit_annotation(one.annotation);
        visit_annotation(returns);
    }

    void visit_parameters(const parameters& all) {
        for (const parameter& one : all.positional_only) bind_parameter(one);
        for (const parameter& one : all.positional) bind_parameter(one);
        for (const parameter& one : all.keyword_only) bind_parameter(one);
        if (all.varargs != nullptr) bind_parameter(*all.varargs);
        if (all.varkeywords != nullptr) bind_parameter(*all.varkeywords);
    }

    void visit_annotated(const annotated_assign_statement& node) {
        if (node.target->kind == expression_kind::name) {
            std::string_view name = as<name_expression>(node.target).name;
            symbol& target = symbol_in(current_, name);
            bool is_declared = target.is_declared_global || target.is_declared_nonlocal;
            if (is_declared && current_->kind != scope_kind::module && node.is_simple) {
                fail(node.where, "annotated name '" + std::string(name) + "' can't be " +
                                     (target.is_declared_global ? "global" : "nonlocal"));
                return;
            }
            if (node.is_simple) {
                target.is_annotated = target.is_bound = true;
            } else if (node.value != nullptr) {
                target.is_bound = true;
            }
        } else {
            visit_target(node.target);
        }
        visit_annotation(node.annotation);
        visit(node.value);
    }

    void visit_import(const import_statement& node) {
        for (const import_alias& alias : node.names) {
            if (alias.name == "*") {
                if (current_->kind != scope_kind::module) fail(alias.where, "import * only allowed at module level");
                continue;
            }
            std::string_view name = alias.as_name.empty() ? alias.name : alias.as_name;
            bind(name.substr(0, name.find('.')), alias.where);
        }
    }

    void visit_declaration(const names_statement& node) {
        bool is_global = node.kind == statement_kind::global;
        std::string kind = is_global ? "global" : "nonlocal";
        for (std::string_view name : node.names) {
            symbol& target = symbol_in(current_, name);
            std::string shown(name);
            if (target.is_parameter) {
                fail(node.where, "name '" + shown + "' is parameter and " + kind);
            } else if (target.is_used) {
                fail(node.where, "name '" + shown + "' is used prior to " + kind + " declaration");
            } else if (target.is_annotated) {
                fail(node.where, "annotated name '" + shown + "' can't be " + kind);
            } else if (target.is_bound) {
                fail(node.where, "name '" + shown + "' is assigned to before " + kind + " declaration");
            }
            if (failed_) return;
            (is_global ? target.is_declared_global : target.is_declared_nonlocal) = true;
            declarations_.push_back({current_, target.name, node.where});
        }
    }

    // ---- patterns

    void visit(const pattern* node) {
        if (node == nullptr || failed_) return;
        switch (node->kind) {
        case pattern_kind::value:
        case pattern_kind::singleton: return visit(as<value_pattern>(node).value);
        case pattern_kind::sequence:
        case pattern_kind::alternatives:
            for (const pattern* one : as<sequence_pattern>(node).patterns) visit(one);
            return;
        case pattern_kind::mapping: {
            const auto& mapping = as<mapping_pattern>(node);
            for (const expression* key : mapping.keys) visit(key);
            for (const pattern* one : mapping.patterns) visit(one);
            if (!mapping.rest.empty()) bind(mapping.rest, node->where);
            return;
        }
        case pattern_kind::instance: {
            const auto& instance = as<instance_pattern>(node);
            visit(instance.type);
            for (const pattern* one : instance.patterns) visit(one);
            for (const pattern* one : instance.keyword_patterns) visit(one);
            return;
        }
        case pattern_kind::star:
        case pattern_kind::as:
            visit(as<capture_pattern>(node).inner);
            if (!as<capture_pattern>(node).name.empty()) bind(as<capture_pattern>(node).name, node->where);
            return;
        }
    }

    // ---- expressions

    void visit_target(const expression* node) {
        switch (node->kind) {
        case expression_kind::name: return bind(as<name_expression>(node).name, node->where);
        case expression_kind::list:
        case expression_kind::tuple:
            for (const expression* element : as<sequence_expression>(node).elements) visit_target(element);
            return;
        case expression_kind::starred: return visit_target(as<operand_expression>(node).operand);
        default: return visit(node);
        }
    }

    void visit(const expression* node) {
        if (node == nullptr || failed_) return;
        switch (node->kind) {
        case expression_kind::bool_operation:
            for (const expression* value : as<bool_operation_expression>(node).values) visit(value);
            return;
        case expression_kind::named: return visit_named(as<named_expression>(node));
        case expression_kind::binary:
            visit(as<binary_expression>(node).left);
            return visit(as<binary_expression>(node).right);
        case expression_kind::unary: return visit(as<unary_expression>(node).operand);
        case expression_kind::lambda: return visit_lambda(as<lambda_expression>(node));
        case expression_kind::conditional:
            visit(as<conditional_expression>(node).test);
            visit(as<conditional_expression>(node).body);
            return visit(as<conditional_expression>(node).otherwise);
        case expression_kind::dict:
            for (const expression* key : as<dict_expression>(node).keys) visit(key);
            for (const expression* value : as<dict_expression>(node).values) visit(value);
            return;
        case expression_kind::set:
        case expression_kind::list:
        case expression_kind::tuple:
            for (const expression* element : as<sequence_expression>(node).elements) visit(element);
            return;
        case expression_kind::list_comprehension:
        case expression_kind::set_comprehension:
        case expression_kind::dict_comprehension:
        case expression_kind::generator: return visit_comprehension(as<comprehension_expression>(node));
        case expression_kind::yield:
        case expression_kind::yield_from:
            visit(as<operand_expression>(node).operand);
            current_->is_generator = true;
            if (current_->is_comprehension) {
                const char* what = current_->comprehension_kind == expression_kind::list_comprehension
                                       ? "'yield' inside list comprehension"
                                   : current_->comprehension_kind == expression_kind::set_comprehension
                                       ? "'yield' inside set comprehension"
                                   : current_->comprehension_kind == expression_kind::dict_comprehension
                                       ? "'yield' inside dict comprehension"
                                       : "'yield' inside generator expression";
                fail(node->where, what);
            }
            return;
        case expression_kind::await:
        case expression_kind::starred: return visit(as<operand_expression>(node).operand);
        case expression_kind::compare:
            visit(as<compare_expression>(node).left);
            for (const expression* right : as<compare_expression>(node).comparators) visit(right);
            return;
        case expression_kind::call:
            visit(as<call_expression>(node).function);
            for (const expression* argument : as<call_expression>(node).arguments) visit(argument);
            for (const keyword_argument& keyword : as<call_expression>(node).keywords) visit(keyword.value);
            return;
        case expression_kind::formatted_value:
            visit(as<formatted_value_expression>(node).value);
            return visit(as<formatted_value_expression>(node).format);
        case expression_kind::joined_string:
            for (const expression* value : as<joined_string_expression>(node).values) visit(value);
            return;
        case expression_kind::constant: return;
        case expression_kind::attribute: return visit(as<attribute_expression>(node).object);
        case expression_kind::subscript:
            visit(as<subscript_expression>(node).object);
            return visit(as<subscript_expression>(node).index);
        case expression_kind::slice:
            visit(as<slice_expression>(node).lower);
            visit(as<slice_expression>(node).upper);
            return visit(as<slice_expression>(node).step);
        case expression_kind::name: {
            std::string_view name = as<name_expression>(node).name;
            use(name);
            if (name == "super" && current_->kind == scope_kind::function) use("__class__");
            return;
        }
        }
    }

    void visit_lambda(const lambda_expression& node) {
        visit_defaults(*node.arguments);
        enter(&node, scope_kind::function, "lambda");
        visit_parameters(*node.arguments);
        visit(node.body);
        leave();
    }

    void visit_named(const named_expression& node) {
        if (current_->is_visiting_iterable) {
            fail(node.where, "assignment expression cannot be used in a comprehension iterable expression");
            return;
        }
        std::string_view name = as<name_expression>(node.target).name;
        if (current_->is_comprehension && !bind_outside_comprehension(name, node)) return;
        visit(node.value);
        if (!current_->is_comprehension) bind(name, node.target->where);
    }

    // PEP 572: a := in a comprehension binds in the function around it.
    bool bind_outside_comprehension(std::string_view name, const named_expression& node) {
        for (scope* around = current_; around != nullptr; around = around->parent) {
            if (around->is_comprehension) {
                symbol* target = around->find(mangle(around->private_name, name, memory_));
                if (target != nullptr && target->is_iteration_variable)
                    return fail(node.target->where,
                                "assignment expression cannot rebind comprehension iteration variable '" +
                                    std::string(name) + "'");
                continue;
            }
            if (around->kind == scope_kind::class_body)
                return fail(node.target->where,
                            "assignment expression within a comprehension cannot be used in a class body");
            symbol& outer = symbol_in(around, name);
            bool is_global = around->kind == scope_kind::module || outer.is_declared_global;
            if (around->kind == scope_kind::module) outer.is_declared_global = true;
            outer.is_bound = outer.is_bound || !is_global;
            for (scope* inner = current_; inner != around; inner = inner->parent) {
                symbol& target = symbol_in(inner, name);
                (is_global ? target.is_declared_global : target.is_declared_nonlocal) = true;
                if (inner == current_) target.is_used = true;
            }
            return true;
        }
        return true;
    }

    void visit_comprehension(const comprehension_expression& node) {
        const comprehension_clause& first = node.clauses[0];
        visit_iterable(first.iterable);
        scope* inner = enter(&node, scope_kind::function,
                             node.kind == expression_kind::list_comprehension   ? "listcomp"
                             : node.kind == expression_kind::set_comprehension  ? "setcomp"
                             : node.kind == expression_kind::dict_comprehension ? "dictcomp"
                                                                                : "genexpr");
        inner->is_comprehension = true;
        inner->comprehension_kind = node.kind;
        symbol& argument = symbol_in(current_, ".0");
        argument.is_parameter = argument.is_bound = true;
        bool is_first = true;
        for (const comprehension_clause& clause : node.clauses) {
            inner->is_visiting_target = true;
            visit_target(clause.target);
            inner->is_visiting_target = false;
            if (!is_first) visit_iterable(clause.iterable);
            for (const expression* condition : clause.conditions) visit(condition);
            is_first = false;
        }
        visit(node.value);
        visit(node.element);
        if (node.kind == expression_kind::generator) inner->is_generator = true;
        leave();
    }

    void visit_iterable(const expression* iterable) {
        bool was = current_->is_visiting_iterable;
        current_->is_visiting_iterable = true;
        visit(iterable);
        current_->is_visiting_iterable = was;
    }

public:
    struct declaration {
        scope* where;
        std::string_view name;
        source_position position;
    };
    std::vector<declaration> declarations_;

private:
    symbol_table& table_;
    const source_text& source_;
    arena& memory_;
    bool future_annotations_;
    syntax_error& error_;
    scope* current_ = nullptr;
    bool failed_ = false;
};

// ---- second walk ----------------------------------------------------------------------------------------------------

class symbol_resolver {
public:
    explicit symbol_resolver(symbol_collector& collector) : collector_(collector) {}

    using names = std::set<std::string_view>;

    // bound: names of the functions around; null at module level. Returns false on an error. Adds to free_out what the
    // scope needs from outside.
    bool resolve(scope& here, const names* bound, const names& globals, names& free_out) {
        names local, new_bound, new_globals, new_free;
        names bound_here = bound != nullptr ? *bound : names();
        names globals_here = globals;
        if (here.kind == scope_kind::class_body) {
            new_globals = globals_here;
            new_bound = bound_here;
        }
        for (symbol& one : here.symbols)
            if (!resolve_name(here, one, bound != nullptr, bound_here, globals_here, local, new_free)) return false;
        if (here.kind == scope_kind::class_body) {
            new_bound.insert("__class__");
        } else {
            if (here.kind == scope_kind::function) new_bound = local;
            new_bound.insert(bound_here.begin(), bound_here.end());
            new_globals.insert(globals_here.begin(), globals_here.end());
        }
        const names* bound_inside = here.kind == scope_kind::module ? nullptr : &new_bound;
        names child_free;
        for (scope* child : here.children)
            if (!resolve(*child, bound_inside, new_globals, child_free)) return false;
        if (here.kind == scope_kind::function) {
            for (symbol& one : here.symbols)
                if (one.where == resolution::local && child_free.erase(one.name) > 0) one.where = resolution::cell;
        } else if (here.kind == scope_kind::class_body && child_free.erase("__class__") > 0) {
            here.needs_class_cell = true;
        }
        for (std::string_view name : child_free) {
            symbol* known = here.find(name);
            if (known != nullptr) {
                if (here.kind == scope_kind::class_body && (known->is_bound || known->is_declared_global))
                    known->is_free_in_class = true;
                continue;
            }
            if (bound_here.count(name) == 0) continue;
            here.index[name] = here.symbols.size();
            here.symbols.emplace_back();
            here.symbols.back().name = name;
            here.symbols.back().where = resolution::free;
        }
        new_free.insert(child_free.begin(), child_free.end());
        free_out.insert(new_free.begin(), new_free.end());
        return true;
    }

private:
    bool resolve_name(scope& here, symbol& one, bool is_in_function_or_class, names& bound, names& globals,
                      names& local, names& free) {
        if (one.is_declared_global) {
            if (one.is_declared_nonlocal)
                return collector_.fail(position_of(here, one.name),
                                       "name '" + std::string(one.name) + "' is nonlocal and global");
            one.where = resolution::global_explicit;
            globals.insert(one.name);
            bound.erase(one.name);
        } else if (one.is_declared_nonlocal) {
            if (!is_in_function_or_class && here.kind == scope_kind::module)
                return collector_.fail(position_of(here, one.name), "nonlocal declaration not allowed at module level");
            if (bound.count(one.name) == 0)
                return collector_.fail(position_of(here, one.name),
                                       "no binding for nonlocal '" + std::string(one.name) + "' found");
            one.where = resolution::free;
            free.insert(one.name);
        } else if (one.is_bound) {
            one.where = resolution::local;
            local.insert(one.name);
            globals.erase(one.name);
        } else if (bound.count(one.name) > 0) {
            one.where = resolution::free;
            free.insert(one.name);
        } else {
            one.where = resolution::global_implicit;
        }
        return true;
    }

    source_position position_of(scope& here, std::string_view name) const {
        for (const symbol_collector::declaration& one : collector_.declarations_)
            if (one.where == &here && one.name == name) return one.position;
        return {};
    }

    symbol_collector& collector_;
};

bool symbol_table::build(const module_tree& module, const source_text& source, arena& memory, bool future_annotations,
                         syntax_error& error) {
    symbol_collector collector(*this, source, memory, future_annotations, error);
    if (!collector.run(module)) return false;
    symbol_resolver::names free;
    return symbol_resolver(collector).resolve(*of(nullptr), nullptr, {}, free);
}

} // namespace heddle::python
