// Code for expressions.

#include "compiler.h"
#include "constant_folding.h"
#include "parser.h"

namespace heddle::python {

namespace {

constexpr std::size_t stack_guideline = 255; // longer displays are built piece by piece

opcode jump_on(bool condition) { return condition ? opcode::POP_JUMP_IF_TRUE : opcode::POP_JUMP_IF_FALSE; }

bool is_none(const expression* node) {
    return node->kind == expression_kind::constant && as<constant_expression>(node).value->kind == constant_kind::none;
}

constant text_constant(std::string_view text) {
    constant value;
    value.kind = constant_kind::string;
    value.text = text;
    return value;
}

} // namespace

void compiler::visit(const expression* node) {
    if (failed_) return;
    at position(*this, node->where);
    bool may_fold = node->kind == expression_kind::binary || node->kind == expression_kind::unary ||
                    node->kind == expression_kind::tuple || node->kind == expression_kind::name;
    if (may_fold) {
        if (std::optional<constant> value = fold(node)) return code().load_constant(*value);
    }
    visit_value(node);
}

void compiler::visit_value(const expression* node) {
    switch (node->kind) {
    case expression_kind::bool_operation: return visit_bool_operation(as<bool_operation_expression>(node));
    case expression_kind::named:
        visit(as<named_expression>(node).value);
        code().emit(opcode::COPY, 1);
        return store(as<named_expression>(node).target);
    case expression_kind::binary: {
        const auto& binary = as<binary_expression>(node);
        visit(binary.left);
        visit(binary.right);
        return code().emit(
            static_cast<opcode>(static_cast<int>(opcode::BINARY_ADD) + static_cast<int>(binary.operation)));
    }
    case expression_kind::unary: {
        const auto& unary = as<unary_expression>(node);
        visit(unary.operand);
        return code().emit(
            static_cast<opcode>(static_cast<int>(opcode::UNARY_POSITIVE) + static_cast<int>(unary.operation)));
    }
    case expression_kind::lambda: return visit_lambda(as<lambda_expression>(node));
    case expression_kind::conditional: return visit_conditional(as<conditional_expression>(node));
    case expression_kind::dict: return visit_dict(as<dict_expression>(node));
    case expression_kind::set:
    case expression_kind::list:
    case expression_kind::tuple: return visit_sequence(as<sequence_expression>(node));
    case expression_kind::list_comprehension:
    case expression_kind::set_comprehension:
    case expression_kind::dict_comprehension:
    case expression_kind::generator: return visit_comprehension(as<comprehension_expression>(node));
    case expression_kind::await: {
        bool is_function = current_->here->kind == scope_kind::function;
        return fail(node->where, is_function ? "'await' outside async function" : "'await' outside function");
    }
    case expression_kind::yield:
    case expression_kind::yield_from: return visit_yield(as<operand_expression>(node));
    case expression_kind::compare: return visit_compare(as<compare_expression>(node));
    case expression_kind::call: return visit_call(as<call_expression>(node));
    case expression_kind::formatted_value: return visit_formatted_value(as<formatted_value_expression>(node));
    case expression_kind::joined_string: return visit_joined_string(as<joined_string_expression>(node));
    case expression_kind::constant:
        if (as<constant_expression>(node).is_imaginary) return unsupported(node->where, "a complex number");
        return code().load_constant(*as<constant_expression>(node).value);
    case expression_kind::attribute: {
        const auto& attribute = as<attribute_expression>(node);
        visit(attribute.object);
        return code().emit(opcode::LOAD_ATTR, code().name_index(mangled(attribute.name)));
    }
    case expression_kind::subscript: return visit_subscript(as<subscript_expression>(node), access::load);
    case expression_kind::starred: return fail(node->where, "can't use starred expression here");
    case expression_kind::name: return name_operation(as<name_expression>(node).name, access::load);
    case expression_kind::slice: return visit_slice(as<slice_expression>(node));
    }
}

// ---- targets --------------------------------------------------------------------------------------------------------

// Stores the top of the stack.
void compiler::store(const expression* node) {
    if (failed_) return;
    at position(*this, node->where);
    switch (node->kind) {
    case expression_kind::name: return name_operation(as<name_expression>(node).name, access::store);
    case expression_kind::attribute: {
        const auto& attribute = as<attribute_expression>(node);
        visit(attribute.object);
        if (!check_forbidden(mangled(attribute.name), node->where, access::store)) return;
        return code().emit(opcode::STORE_ATTR, code().name_index(mangled(attribute.name)));
    }
    case expression_kind::subscript: return visit_subscript(as<subscript_expression>(node), access::store);
    case expression_kind::list:
    case expression_kind::tuple: return store_sequence(as<sequence_expression>(node));
    case expression_kind::starred: return fail(node->where, "starred assignment target must be in a list or tuple");
    default: return fail(node->where, std::string("cannot assign to ").append(expression_name(node)));
    }
}

void compiler::store_sequence(const sequence_expression& node) {
    std::size_t count = node.elements.size();
    std::size_t star = count;
    for (std::size_t index = 0; index < count; ++index) {
        if (node.elements[index]->kind != expression_kind::starred) continue;
        if (star < count) return fail(node.where, "multiple starred expressions in assignment");
        star = index;
    }
    if (star < count) {
        if (star >= 256 || count - star - 1 >= 4096)
            return fail(node.where, "too many expressions in star-unpacking assignment");
        code().emit(opcode::UNPACK_EX, static_cast<std::uint32_t>(star | (count - star - 1) << 12));
    } else {
        code().emit(opcode::UNPACK_SEQUENCE, static_cast<std::uint32_t>(count));
    }
    for (const expression* element : node.elements)
        store(element->kind == expression_kind::starred ? as<operand_expression>(element).operand : element);
}

// ---- conditions -----------------------------------------------------------------------------------------------------

// Jumps to target when the truth of node equals condition.
void compiler::jump_if(const expression* node, label target, bool condition) {
    if (failed_) return;
    if (std::optional<constant> value = fold(node)) {
        if (truth(*value) == condition) code().jump(opcode::JUMP_FORWARD, target);
        return;
    }
    at position(*this, node->where);
    switch (node->kind) {
    case expression_kind::unary:
        if (as<unary_expression>(node).operation != unary_operator::logical_not) break;
        return jump_if(as<unary_expression>(node).operand, target, !condition);
    case expression_kind::bool_operation: {
        const auto& operation = as<bool_operation_expression>(node);
        bool decides_early = !operation.is_and; // the truth of one value that settles the whole
        label early = decides_early == condition ? target : code().new_label();
        for (std::size_t index = 0; index + 1 < operation.values.size(); ++index)
            jump_if(operation.values[index], early, decides_early);
        jump_if(operation.values.back(), target, condition);
        if (early != target) code().place(early);
        return;
    }
    case expression_kind::conditional: {
        const auto& choice = as<conditional_expression>(node);
        label otherwise = code().new_label();
        label end = code().new_label();
        jump_if(choice.test, otherwise, false);
        jump_if(choice.body, target, condition);
        code().jump(opcode::JUMP_FORWARD, end);
        code().place(otherwise);
        jump_if(choice.otherwise, target, condition);
        code().place(end);
        return;
    }
    case expression_kind::compare: {
        const auto& comparison = as<compare_expression>(node);
        if (comparison.operations.size() > 1) {
            label cleanup = code().new_label();
            label end = code().new_label();
            visit(comparison.left);
            std::size_t last = comparison.operations.size() - 1;
            for (std::size_t index = 0; index < last; ++index) {
                visit(comparison.comparators[index]);
                code().emit(opcode::SWAP, 2);
                code().emit(opcode::COPY, 2);
                compare(comparison.operations[index]);
                code().jump(opcode::POP_JUMP_IF_FALSE, cleanup);
            }
            visit(comparison.comparators[last]);
            compare(comparison.operations[last]);
            code().jump(jump_on(condition), target);
            code().jump(opcode::JUMP_FORWARD, end);
            code().place(cleanup);
            code().emit(opcode::POP_TOP);
            if (!condition) code().jump(opcode::JUMP_FORWARD, target);
            code().place(end);
            return;
        }
        compare_operator operation = comparison.operations[0];
        bool is_identity = operation == compare_operator::is || operation == compare_operator::is_not;
        if (!is_identity || !is_none(comparison.comparators[0])) break;
        visit(comparison.left);
        bool jumps_if_none = (operation == compare_operator::is) == condition;
        return code().jump(jumps_if_none ? opcode::POP_JUMP_IF_NONE : opcode::POP_JUMP_IF_NOT_NONE, target);
    }
    default: break;
    }
    visit(node);
    code().jump(jump_on(condition), target);
}

void compiler::visit_bool_operation(const bool_operation_expression& node) {
    label end = code().new_label();
    opcode op = node.is_and ? opcode::JUMP_IF_FALSE_OR_POP : opcode::JUMP_IF_TRUE_OR_POP;
    for (std::size_t index = 0; index + 1 < node.values.size(); ++index) {
        visit(node.values[index]);
        code().jump(op, end);
    }
    visit(node.values.back());
    code().place(end);
}

void compiler::visit_conditional(const conditional_expression& node) {
    label otherwise = code().new_label();
    label end = code().new_label();
    jump_if(node.test, otherwise, false);
    visit(node.body);
    code().jump(opcode::JUMP_FORWARD, end);
    code().place(otherwise);
    visit(node.otherwise);
    code().place(end);
}

void compiler::compare(compare_operator operation) {
    switch (operation) {
    case compare_operator::is: return code().emit(opcode::IS_OP, 0);
    case compare_operator::is_not: return code().emit(opcode::IS_OP, 1);
    case compare_operator::in: return code().emit(opcode::CONTAINS_OP, 0);
    case compare_operator::not_in: return code().emit(opcode::CONTAINS_OP, 1);
    default:
        return code().emit(static_cast<opcode>(static_cast<int>(opcode::COMPARE_LESS) + static_cast<int>(operation)));
    }
}

void compiler::visit_compare(const compare_expression& node) {
    visit(node.left);
    std::size_t last = node.operations.size() - 1;
    if (last == 0) {
        visit(node.comparators[0]);
        return compare(node.operations[0]);
    }
    label cleanup = code().new_label();
    label end = code().new_label();
    for (std::size_t index = 0; index < last; ++index) {
        visit(node.comparators[index]);
        code().emit(opcode::SWAP, 2);
        code().emit(opcode::COPY, 2);
        compare(node.operations[index]);
        code().jump(opcode::JUMP_IF_FALSE_OR_POP, cleanup);
    }
    visit(node.comparators[last]);
    compare(node.operations[last]);
    code().jump(opcode::JUMP_FORWARD, end);
    code().place(cleanup);
    code().emit(opcode::SWAP, 2);
    code().emit(opcode::POP_TOP);
    code().place(end);
}

// ---- displays -------------------------------------------------------------------------------------------------------

void compiler::visit_sequence(const sequence_expression& node) {
    bool is_set = node.kind == expression_kind::set;
    bool is_tuple = node.kind == expression_kind::tuple;
    std::size_t count = node.elements.size();
    if (!is_tuple && count > 2) { // all constant: fill it from a constant tuple
        constant items;
        items.kind = constant_kind::tuple;
        for (const expression* element : node.elements) {
            std::optional<constant> item = fold(element);
            if (!item) break;
            items.items.push_back(std::move(*item));
        }
        if (items.items.size() == count) {
            code().emit(is_set ? opcode::BUILD_SET : opcode::BUILD_LIST, 0);
            code().load_constant(items);
            return code().emit(is_set ? opcode::SET_UPDATE : opcode::LIST_EXTEND, 1);
        }
    }
    if (is_set) return starred_sequence(node.elements, opcode::BUILD_SET, opcode::SET_ADD, opcode::SET_UPDATE, false);
    starred_sequence(node.elements, opcode::BUILD_LIST, opcode::LIST_APPEND, opcode::LIST_EXTEND, is_tuple);
}

void compiler::starred_sequence(list<const expression*> elements, opcode build, opcode add, opcode extend,
                                bool is_tuple) {
    std::size_t count = elements.size();
    bool is_plain = count <= stack_guideline;
    for (const expression* element : elements) is_plain = is_plain && element->kind != expression_kind::starred;
    if (is_plain) {
        for (const expression* element : elements) visit(element);
        return code().emit(is_tuple ? opcode::BUILD_TUPLE : build, static_cast<std::uint32_t>(count));
    }
    bool is_built = false;
    for (std::size_t index = 0; index < count; ++index) {
        const expression* element = elements[index];
        bool is_starred = element->kind == expression_kind::starred;
        if (!is_built && (is_starred || count > stack_guideline)) {
            code().emit(build, static_cast<std::uint32_t>(index));
            is_built = true;
        }
        visit(is_starred ? as<operand_expression>(element).operand : element);
        if (is_built) code().emit(is_starred ? extend : add, 1);
    }
    if (is_tuple) code().emit(opcode::LIST_TO_TUPLE);
}

void compiler::visit_dict(const dict_expression& node) {
    bool has_dict = false;
    std::size_t pending = 0; // pairs before `index` that aren't built yet
    auto flush = [&](std::size_t index) {
        if (pending == 0) return;
        constant keys;
        keys.kind = constant_kind::tuple;
        for (std::size_t at = index - pending; at < index && pending > 1; ++at) {
            std::optional<constant> key = fold(node.keys[at]);
            if (!key) break;
            keys.items.push_back(std::move(*key));
        }
        bool are_constant = keys.items.size() == pending;
        for (std::size_t at = index - pending; at < index; ++at) {
            if (!are_constant) visit(node.keys[at]);
            visit(node.values[at]);
        }
        if (are_constant) code().load_constant(keys);
        code().emit(are_constant ? opcode::BUILD_CONST_KEY_MAP : opcode::BUILD_MAP,
                    static_cast<std::uint32_t>(pending));
        if (has_dict) code().emit(opcode::DICT_UPDATE, 1);
        has_dict = true;
        pending = 0;
    };
    for (std::size_t index = 0; index < node.values.size(); ++index) {
        if (node.keys[index] != nullptr) {
            if (++pending >= stack_guideline) flush(index + 1);
            continue;
        }
        flush(index);
        if (!has_dict) code().emit(opcode::BUILD_MAP, 0);
        has_dict = true;
        visit(node.values[index]);
        code().emit(opcode::DICT_UPDATE, 1);
    }
    flush(node.values.size());
    if (!has_dict) code().emit(opcode::BUILD_MAP, 0);
}

// ---- calls ----------------------------------------------------------------------------------------------------------

bool compiler::has_unpacking(const call_expression& node) const {
    for (const expression* argument : node.arguments)
        if (argument->kind == expression_kind::starred) return true;
    for (const keyword_argument& keyword : node.keywords)
        if (keyword.name.empty()) return true;
    return false;
}

void compiler::check_keywords(list<keyword_argument> keywords) {
    for (std::size_t index = 0; index < keywords.size(); ++index) {
        const keyword_argument& keyword = keywords[index];
        if (keyword.name.empty()) continue;
        if (!check_forbidden(keyword.name, keyword.where, access::store)) return;
        for (std::size_t other = index + 1; other < keywords.size(); ++other)
            if (keywords[other].name == keyword.name)
                return fail(keywords[other].where, "keyword argument repeated: " + std::string(keyword.name));
    }
}

void compiler::keyword_names(list<keyword_argument> keywords) {
    constant names;
    names.kind = constant_kind::tuple;
    for (const keyword_argument& keyword : keywords) names.items.push_back(text_constant(mangled(keyword.name)));
    code().load_constant(names);
}

// Arguments without * and **, and the tuple of keyword names if there are any.
void compiler::plain_arguments(list<const expression*> positional, list<keyword_argument> keywords) {
    for (const expression* argument : positional) visit(argument);
    for (const keyword_argument& keyword : keywords) visit(keyword.value);
    if (!keywords.empty()) keyword_names(keywords);
}

// Arguments with * or **, and the call. Values already pushed behind the callable become the first arguments.
void compiler::unpacked_arguments(list<const expression*> positional, list<keyword_argument> keywords,
                                  std::uint32_t already_pushed) {
    if (already_pushed == 0 && positional.size() == 1 && positional[0]->kind == expression_kind::starred) {
        visit(as<operand_expression>(positional[0]).operand);
    } else if (already_pushed == 0) {
        starred_sequence(positional, opcode::BUILD_LIST, opcode::LIST_APPEND, opcode::LIST_EXTEND, true);
    } else {
        code().emit(opcode::BUILD_LIST, already_pushed);
        for (const expression* argument : positional) {
            bool is_starred = argument->kind == expression_kind::starred;
            visit(is_starred ? as<operand_expression>(argument).operand : argument);
            code().emit(is_starred ? opcode::LIST_EXTEND : opcode::LIST_APPEND, 1);
        }
        code().emit(opcode::LIST_TO_TUPLE);
    }
    bool has_dict = false;
    for (std::size_t index = 0; index < keywords.size();) {
        if (keywords[index].name.empty()) {
            if (!has_dict) code().emit(opcode::BUILD_MAP, 0);
            visit(keywords[index].value);
            code().emit(opcode::DICT_MERGE, 1);
            ++index;
        } else {
            std::uint32_t count = 0;
            for (; index < keywords.size() && !keywords[index].name.empty(); ++index, ++count) {
                load_text(mangled(keywords[index].name));
                visit(keywords[index].value);
            }
            code().emit(opcode::BUILD_MAP, count);
            if (has_dict) code().emit(opcode::DICT_MERGE, 1);
        }
        has_dict = true;
    }
    code().emit(opcode::CALL_EX, keywords.empty() ? 0 : 1);
}

void compiler::visit_call(const call_expression& node) {
    check_keywords(node.keywords);
    if (super_call(node)) return;
    bool is_unpacking = has_unpacking(node);
    if (node.function->kind == expression_kind::attribute && !is_unpacking) return method_call(node);
    visit(node.function);
    if (is_unpacking) return unpacked_arguments(node.arguments, node.keywords, 0);
    plain_arguments(node.arguments, node.keywords);
    auto count = static_cast<std::uint32_t>(node.arguments.size() + node.keywords.size());
    code().emit(node.keywords.empty() ? opcode::CALL : opcode::CALL_KW, count);
}

void compiler::method_call(const call_expression& node) {
    const auto& attribute = as<attribute_expression>(node.function);
    source_position where = node.where;
    if (attribute.where.line != attribute.where.end_line) { // a chain over several lines: blame the method's line
        where.line = attribute.name_where.line;
        where.column = attribute.name_where.column;
    }
    std::uint32_t name = code().name_index(mangled(attribute.name));
    if (is_zero_argument_super(attribute.object)) {
        at position(*this, attribute.object->where);
        load_super_arguments();
        code().emit(opcode::LOAD_SUPER_METHOD, name);
    } else {
        visit(attribute.object);
        source_position load_where = attribute.where;
        load_where.line = where.line;
        load_where.column = where.column;
        at position(*this, load_where);
        code().emit(opcode::LOAD_METHOD, name);
    }
    plain_arguments(node.arguments, node.keywords);
    at position(*this, where);
    auto count = static_cast<std::uint32_t>(node.arguments.size() + node.keywords.size());
    code().emit(node.keywords.empty() ? opcode::CALL_METHOD : opcode::CALL_METHOD_KW, count);
}

// super() in a method: class and self are known here, so that the run time need not look into the frame.
bool compiler::is_zero_argument_super(const expression* node) {
    if (node->kind != expression_kind::call) return false;
    const auto& call = as<call_expression>(node);
    if (call.function->kind != expression_kind::name || as<name_expression>(call.function).name != "super")
        return false;
    if (!call.arguments.empty() || !call.keywords.empty() || current_->first_parameter.empty()) return false;
    symbol* super = current_->here->find("super");
    symbol* type = current_->here->find("__class__");
    return super != nullptr && type != nullptr && type->where == resolution::free &&
           (super->where == resolution::global_implicit || super->where == resolution::global_explicit);
}

void compiler::load_super_arguments() {
    name_operation("super", access::load);
    name_operation("__class__", access::load);
    name_operation(current_->first_parameter, access::load);
}

bool compiler::super_call(const call_expression& node) {
    if (!is_zero_argument_super(&node)) return false;
    load_super_arguments();
    code().emit(opcode::CALL_SUPER);
    return true;
}

// ---- strings --------------------------------------------------------------------------------------------------------

void compiler::visit_joined_string(const joined_string_expression& node) {
    if (node.values.empty()) return load_text("");
    for (const expression* value : node.values) visit(value);
    if (node.values.size() != 1) code().emit(opcode::BUILD_STRING, static_cast<std::uint32_t>(node.values.size()));
}

void compiler::visit_formatted_value(const formatted_value_expression& node) {
    visit(node.value);
    std::uint32_t flags = node.conversion == 's' ? 1 : node.conversion == 'r' ? 2 : node.conversion == 'a' ? 3 : 0;
    if (node.format != nullptr) {
        visit(node.format);
        flags |= 4;
    }
    code().emit(opcode::FORMAT_VALUE, flags);
}

// ---- functions within expressions -----------------------------------------------------------------------------------

void compiler::visit_lambda(const lambda_expression& node) {
    std::uint32_t flags = defaults(*node.arguments);
    if (failed_) return;
    scope* here = symbols_.of(&node);
    enter(here, code_kind::lambda, "<lambda>", node.where.line);
    current_->builder.where = node.where;
    set_parameters(*node.arguments, node.where);
    visit(node.body);
    if (here->is_generator) { // the body is evaluated for its yields
        code().emit(opcode::POP_TOP);
        code().load_none();
    }
    code().emit(opcode::RETURN_VALUE);
    std::shared_ptr<const code_unit> made = leave();
    if (!failed_) make_function(made, flags, here);
}

void compiler::visit_comprehension(const comprehension_expression& node) {
    for (const comprehension_clause& clause : node.clauses)
        if (clause.is_async) return unsupported(node.where, "an asynchronous comprehension");
    scope* here = symbols_.of(&node);
    const char* name = node.kind == expression_kind::list_comprehension   ? "<listcomp>"
                       : node.kind == expression_kind::set_comprehension  ? "<setcomp>"
                       : node.kind == expression_kind::dict_comprehension ? "<dictcomp>"
                                                                          : "<genexpr>";
    enter(here, code_kind::comprehension, name, node.where.line);
    current_->builder.where = node.where;
    current_->code->positional_count = 1;
    fill_slots({".0"});
    if (node.kind == expression_kind::list_comprehension) code().emit(opcode::BUILD_LIST, 0);
    if (node.kind == expression_kind::set_comprehension) code().emit(opcode::BUILD_SET, 0);
    if (node.kind == expression_kind::dict_comprehension) code().emit(opcode::BUILD_MAP, 0);
    comprehension_loop(node, 0, 2);
    if (node.kind == expression_kind::generator) code().load_none();
    code().emit(opcode::RETURN_VALUE);
    std::shared_ptr<const code_unit> made = leave();
    if (failed_) return;
    make_function(made, 0, here);
    visit(node.clauses[0].iterable);
    code().emit(opcode::GET_ITER);
    code().emit(opcode::CALL, 1);
}

// depth: distance of the collection from the top of the stack inside this loop.
void compiler::comprehension_loop(const comprehension_expression& node, std::size_t index, std::uint32_t depth) {
    const comprehension_clause& clause = node.clauses[index];
    label start = code().new_label();
    label next = code().new_label();
    label end = code().new_label();
    if (index == 0) {
        name_operation(".0", access::load);
    } else {
        visit(clause.iterable);
        code().emit(opcode::GET_ITER);
    }
    code().place(start);
    code().jump(opcode::FOR_ITER, end);
    store(clause.target);
    for (const expression* condition : clause.conditions) jump_if(condition, next, false);
    if (index + 1 < node.clauses.size()) {
        comprehension_loop(node, index + 1, depth + 1);
    } else {
        visit(node.element);
        if (node.value != nullptr) visit(node.value);
        switch (node.kind) {
        case expression_kind::list_comprehension: code().emit(opcode::LIST_APPEND, depth); break;
        case expression_kind::set_comprehension: code().emit(opcode::SET_ADD, depth); break;
        case expression_kind::dict_comprehension: code().emit(opcode::MAP_ADD, depth); break;
        default: code().emit(opcode::YIELD_VALUE, 0); code().emit(opcode::POP_TOP);
        }
    }
    code().place(next);
    code().jump(opcode::JUMP_BACKWARD, start);
    code().place(end);
}

void compiler::visit_yield(const operand_expression& node) {
    bool is_from = node.kind == expression_kind::yield_from;
    if (current_->here->kind != scope_kind::function) return fail(node.where, "'yield' outside function");
    if (!is_from) {
        if (node.operand != nullptr) {
            visit(node.operand);
        } else {
            code().load_none();
        }
        return code().emit(opcode::YIELD_VALUE, 0);
    }
    label send = code().new_label();
    label end = code().new_label();
    visit(node.operand);
    code().emit(opcode::GET_YIELD_FROM_ITER);
    code().load_none();
    code().place(send);
    code().jump(opcode::SEND, end);
    code().emit(opcode::YIELD_VALUE, 1);
    code().jump(opcode::JUMP_BACKWARD_NO_INTERRUPT, send);
    code().place(end);
}

// ---- subscripts -----------------------------------------------------------------------------------------------------

void compiler::visit_subscript(const subscript_expression& node, access how) {
    visit(node.object);
    visit(node.index);
    code().emit(how == access::load    ? opcode::BINARY_SUBSCR
                : how == access::store ? opcode::STORE_SUBSCR
                                       : opcode::DELETE_SUBSCR);
}

void compiler::visit_slice(const slice_expression& node) {
    auto part = [this](const expression* value) {
        if (value != nullptr) {
            visit(value);
        } else {
            code().load_none();
        }
    };
    part(node.lower);
    part(node.upper);
    if (node.step != nullptr) visit(node.step);
    code().emit(opcode::BUILD_SLICE, node.step != nullptr ? 3 : 2);
}

} // namespace heddle::python
