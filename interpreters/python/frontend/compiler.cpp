// The compiler's frame: compile(), units, names, functions' closures, defaults and annotations.

#include "compiler.h"

#include <algorithm>

#include "constant_folding.h"
#include "parser.h"

namespace heddle::python {

namespace {

constexpr std::string_view known_features[] = {
    "nested_scopes",  "generators",       "division",       "absolute_import", "with_statement",
    "print_function", "unicode_literals", "barry_as_FLUFL", "generator_stop",  "annotations"};

void place_error(syntax_error& error, const source_text& source, source_position where, std::string message) {
    error.kind = syntax_error_kind::syntax_error;
    error.message = std::move(message);
    error.filename = source.filename;
    error.line = where.line;
    error.end_line = where.end_line;
    error.column = source.characters(where.line, where.column) + 1;
    error.end_column = source.characters(where.end_line, where.end_column) + 1;
    error.text = source.line(where.line);
}

bool is_docstring(const statement* node) {
    if (node->kind != statement_kind::expression_value) return false;
    const expression* value = as<value_statement>(node).value;
    return value->kind == expression_kind::constant &&
           as<constant_expression>(value).value->kind == constant_kind::string;
}

// `from __future__` imports stand first; finds whether annotations stay text. False with an error.
bool read_future_features(const module_tree& module, const source_text& source, bool& has_annotations,
                          syntax_error& error) {
    bool may_come = true;
    bool is_first = true;
    for (const statement* node : module.body) {
        bool is_future = node->kind == statement_kind::import_from && as<import_statement>(node).level == 0 &&
                         as<import_statement>(node).module == "__future__";
        if (!is_future) {
            may_come = may_come && is_first && is_docstring(node);
        } else if (!may_come) {
            place_error(error, source, node->where, "from __future__ imports must occur at the beginning of the file");
            return false;
        } else {
            for (const import_alias& alias : as<import_statement>(node).names) {
                bool is_known = std::find(std::begin(known_features), std::end(known_features), alias.name) !=
                                std::end(known_features);
                if (alias.name == "annotations") has_annotations = true;
                if (is_known) continue;
                place_error(error, source, node->where,
                            alias.name == "braces" ? "not a chance"
                                                   : "future feature " + std::string(alias.name) + " is not defined");
                error.end_line = error.end_column = 0;
                return false;
            }
        }
        is_first = false;
    }
    return true;
}

} // namespace

compile_result compile(std::string_view source, std::string filename, compile_mode mode) {
    compile_result result;
    source_text text;
    if (!decode_source(source, std::move(filename), text, result.error)) return result;
    syntax_tree tree;
    if (!parse(text, mode, tree, result.error)) return result;
    bool future_annotations = false;
    if (!read_future_features(tree.module, text, future_annotations, result.error)) return result;
    symbol_table symbols;
    if (!symbols.build(tree.module, text, tree.memory, future_annotations, result.error)) return result;
    result.code = compiler(text, tree, symbols, future_annotations).run(mode, result.error);
    return result;
}

std::shared_ptr<const code_unit> compiler::run(compile_mode mode, syntax_error& error) {
    mode_ = mode;
    code_kind kind = mode == compile_mode::eval     ? code_kind::expression
                     : mode == compile_mode::single ? code_kind::interactive
                                                    : code_kind::module;
    enter(symbols_.of(nullptr), kind, "<module>", 1);
    if (mode == compile_mode::eval) {
        visit(tree_.module.value);
        code().emit(opcode::RETURN_VALUE);
    } else {
        if (mode == compile_mode::exec) {
            body_with_docstring(tree_.module.body);
        } else {
            body(tree_.module.body);
        }
        code().load_none();
        code().emit(opcode::RETURN_VALUE);
    }
    std::shared_ptr<const code_unit> made = leave();
    if (!failed_) return made;
    error = error_;
    return nullptr;
}

void compiler::fail(source_position where, std::string message) {
    if (failed_) return;
    failed_ = true;
    place_error(error_, source_, where, std::move(message));
}

void compiler::unsupported(source_position where, const char* what) {
    fail(where, std::string(what) + " is not supported yet");
}

// ---- units ----------------------------------------------------------------------------------------------------------

std::string compiler::qualified(std::string_view name) const {
    if (current_ == nullptr || current_->outer == nullptr) return std::string(name);
    const code_unit& outer = *current_->code;
    return outer.qualname + (outer.kind == code_kind::class_body ? "." : ".<locals>.") + std::string(name);
}

void compiler::enter(scope* here, code_kind kind, std::string name, int line) {
    std::string qualname = qualified(name);
    if (current_ != nullptr && (kind == code_kind::function || kind == code_kind::class_body)) {
        symbol* known = current_->here->find(mangled(name));
        if (known != nullptr && known->where == resolution::global_explicit) qualname = name;
    }
    units_.emplace_back();
    unit* made = &units_.back();
    made->outer = current_;
    made->here = here;
    made->code->kind = kind;
    made->code->filename = source_.filename;
    made->code->first_line = line;
    made->code->name = std::move(name);
    made->code->qualname = std::move(qualname);
    made->code->uses_slots = here->kind == scope_kind::function;
    made->code->is_nested = here->is_nested;
    made->code->is_generator = here->is_generator;
    made->builder.where = {line, line, 0, 0};
    current_ = made;
}

// Slots: parameters, other locals and cells, free variables; then the code's prologue.
void compiler::fill_slots(const std::vector<std::string_view>& parameters) {
    code_unit& unit = *current_->code;
    scope& here = *current_->here;
    auto add = [&](std::string_view name, slot_kind kind) {
        current_->slots[name] = static_cast<std::uint32_t>(unit.slots.size());
        unit.slots.push_back({std::string(name), kind});
    };
    auto kind_of = [](const symbol& one) { return one.where == resolution::cell ? slot_kind::cell : slot_kind::local; };
    for (std::string_view name : parameters) {
        std::string_view own = mangled(name);
        add(own, kind_of(*here.find(own)));
    }
    if (here.kind == scope_kind::function) {
        for (const symbol& one : here.symbols)
            if (!one.is_parameter && (one.where == resolution::local || one.where == resolution::cell))
                add(one.name, kind_of(one));
    }
    if (here.needs_class_cell) add("__class__", slot_kind::cell);
    std::vector<std::string_view> free;
    for (const symbol& one : here.symbols)
        if (one.where == resolution::free || one.is_free_in_class) free.push_back(one.name);
    std::sort(free.begin(), free.end());
    for (std::string_view name : free) add(name, slot_kind::free);
    unit.free_count = static_cast<std::uint32_t>(free.size());
    if (unit.free_count > 0) code().emit(opcode::COPY_FREE_VARS, unit.free_count);
    for (std::size_t index = 0; index < unit.slots.size(); ++index)
        if (unit.slots[index].kind == slot_kind::cell)
            code().emit(opcode::MAKE_CELL, static_cast<std::uint32_t>(index));
    if (unit.is_generator) {
        code().emit(opcode::RETURN_GENERATOR);
        code().emit(opcode::POP_TOP);
    }
}

std::shared_ptr<const code_unit> compiler::leave() {
    std::shared_ptr<code_unit> made = current_->code;
    if (!failed_) {
        std::string problem = current_->builder.finish(*made);
        if (!problem.empty())
            fail({made->first_line, made->first_line, 0, 0},
                 "internal compiler error in " + made->qualname + ": " + problem);
    }
    current_ = current_->outer;
    units_.pop_back();
    return made;
}

// ---- names ----------------------------------------------------------------------------------------------------------

std::string_view compiler::mangled(std::string_view name) {
    return mangle(current_->here->private_name, name, tree_.memory);
}

bool compiler::check_forbidden(std::string_view name, source_position where, access how) {
    if (how == access::load || name != "__debug__") return true;
    fail(where, how == access::store ? "cannot assign to __debug__" : "cannot delete __debug__");
    return false;
}

void compiler::name_operation(std::string_view name, access how) {
    std::string_view own = mangled(name);
    if (!check_forbidden(own, code().where, how)) return;
    static constexpr opcode fast[] = {opcode::LOAD_FAST, opcode::STORE_FAST, opcode::DELETE_FAST};
    static constexpr opcode deref[] = {opcode::LOAD_DEREF, opcode::STORE_DEREF, opcode::DELETE_DEREF};
    static constexpr opcode global[] = {opcode::LOAD_GLOBAL, opcode::STORE_GLOBAL, opcode::DELETE_GLOBAL};
    static constexpr opcode in_namespace[] = {opcode::LOAD_NAME, opcode::STORE_NAME, opcode::DELETE_NAME};
    auto which = static_cast<std::size_t>(how);
    symbol* known = current_->here->find(own);
    resolution where = known == nullptr ? resolution::global_implicit : known->where;
    bool is_function = current_->here->kind == scope_kind::function;
    if (where == resolution::cell || where == resolution::free) {
        bool is_class_load = current_->here->kind == scope_kind::class_body && how == access::load;
        code().emit(is_class_load ? opcode::LOAD_CLASSDEREF : deref[which], current_->slots[own]);
    } else if (where == resolution::local && is_function) {
        code().emit(fast[which], current_->slots[own]);
    } else if (where == resolution::global_explicit || (where == resolution::global_implicit && is_function)) {
        code().emit(global[which], code().name_index(own));
    } else {
        code().emit(in_namespace[which], code().name_index(own));
    }
}

void compiler::load_text(std::string_view text) {
    constant value;
    value.kind = constant_kind::string;
    value.text = text;
    code().load_constant(value);
}

void compiler::load_integer(std::int64_t number) {
    constant value;
    value.kind = constant_kind::integer;
    value.integer = number;
    code().load_constant(value);
}

// ---- functions ------------------------------------------------------------------------------------------------------

// What the flags announce is on the stack already, but for the closure.
void compiler::make_function(const std::shared_ptr<const code_unit>& body, std::uint32_t flags, scope*) {
    if (body->free_count > 0) {
        for (const slot& one : body->slots) {
            if (one.kind != slot_kind::free) continue;
            auto found = current_->slots.find(one.name);
            if (found == current_->slots.end())
                return fail(code().where, "internal compiler error: no cell for '" + one.name + "'");
            code().emit(opcode::LOAD_CLOSURE, found->second);
        }
        code().emit(opcode::BUILD_TUPLE, body->free_count);
        flags |= function_closure;
    }
    constant value;
    value.kind = constant_kind::code;
    value.code = body;
    code().load_constant(value);
    code().emit(opcode::MAKE_FUNCTION, flags);
}

std::uint32_t compiler::defaults(const parameters& all) {
    std::uint32_t flags = 0;
    std::vector<const expression*> values;
    for (const parameter& one : all.positional_only)
        if (one.default_value != nullptr) values.push_back(one.default_value);
    for (const parameter& one : all.positional)
        if (one.default_value != nullptr) values.push_back(one.default_value);
    if (!values.empty()) {
        constant folded;
        folded.kind = constant_kind::tuple;
        for (const expression* value : values) {
            std::optional<constant> item = fold(value);
            if (!item) break;
            folded.items.push_back(std::move(*item));
        }
        if (folded.items.size() == values.size()) {
            code().load_constant(folded);
        } else {
            for (const expression* value : values) visit(value);
            code().emit(opcode::BUILD_TUPLE, static_cast<std::uint32_t>(values.size()));
        }
        flags |= function_defaults;
    }
    constant keys;
    keys.kind = constant_kind::tuple;
    for (const parameter& one : all.keyword_only) {
        if (one.default_value == nullptr) continue;
        visit(one.default_value);
        constant key;
        key.kind = constant_kind::string;
        key.text = mangled(one.name);
        keys.items.push_back(std::move(key));
    }
    if (!keys.items.empty()) {
        auto count = static_cast<std::uint32_t>(keys.items.size());
        code().load_constant(keys);
        code().emit(opcode::BUILD_CONST_KEY_MAP, count);
        flags |= function_kwdefaults;
    }
    return flags;
}

// With `from __future__ import annotations`, an annotation is its source text.
void compiler::annotation(const expression* node) {
    if (!future_annotations_) {
        if (node->kind != expression_kind::starred) return visit(node);
        visit(as<operand_expression>(node).operand);
        return code().emit(opcode::UNPACK_SEQUENCE, 1);
    }
    std::string text;
    const source_position& where = node->where;
    for (int line = where.line; line <= where.end_line; ++line) {
        std::string_view part = source_.line(line);
        if (line == where.end_line) part = part.substr(0, static_cast<std::size_t>(where.end_column));
        if (line == where.line) part = part.substr(static_cast<std::size_t>(where.column));
        if (line != where.line) {
            std::size_t start = std::min(part.find_first_not_of(" \t"), part.size());
            part.remove_prefix(start);
        }
        while (!part.empty() && part.back() == '\n') part.remove_suffix(1);
        text += part;
    }
    load_text(text);
}

std::uint32_t compiler::annotations(const parameters& all, const expression* returns) {
    std::uint32_t count = 0;
    auto add = [&](std::string_view name, const expression* node) {
        if (node == nullptr) return;
        load_text(mangled(name));
        annotation(node);
        count += 2;
    };
    for (const parameter& one : all.positional_only) add(one.name, one.annotation);
    for (const parameter& one : all.positional) add(one.name, one.annotation);
    if (all.varargs != nullptr) add(all.varargs->name, all.varargs->annotation);
    for (const parameter& one : all.keyword_only) add(one.name, one.annotation);
    if (all.varkeywords != nullptr) add(all.varkeywords->name, all.varkeywords->annotation);
    add("return", returns);
    if (count == 0) return 0;
    code().emit(opcode::BUILD_TUPLE, count);
    return function_annotations;
}

// The new unit's parameters, in slot order.
void compiler::set_parameters(const parameters& all, source_position where) {
    code_unit& unit = *current_->code;
    std::vector<std::string_view> names;
    auto add = [&](const parameter& one) {
        check_forbidden(one.name, where, access::store);
        names.push_back(one.name);
    };
    for (const parameter& one : all.positional_only) add(one);
    for (const parameter& one : all.positional) add(one);
    if (!names.empty()) current_->first_parameter = names[0];
    unit.positional_only_count = static_cast<std::uint32_t>(all.positional_only.size());
    unit.positional_count = static_cast<std::uint32_t>(names.size());
    for (const parameter& one : all.keyword_only) add(one);
    unit.keyword_only_count = static_cast<std::uint32_t>(all.keyword_only.size());
    if (all.varargs != nullptr) add(*all.varargs);
    if (all.varkeywords != nullptr) add(*all.varkeywords);
    unit.has_varargs = all.varargs != nullptr;
    unit.has_varkeywords = all.varkeywords != nullptr;
    fill_slots(names);
}

} // namespace heddle::python
