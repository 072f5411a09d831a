// Code for statements.

#include "compiler.h"
#include "constant_folding.h"

namespace heddle::python {

namespace {

constexpr std::size_t max_items = 1u << 20; // per unit: nested finally bodies are copied, so their code can explode

} // namespace

// ---- bodies ---------------------------------------------------------------------------------------------------------

void compiler::body(list<const statement*> statements) {
    for (const statement* one : statements) {
        if (failed_) return;
        visit(one);
    }
}

bool compiler::docstring(list<const statement*> statements, constant& text) const {
    if (statements.empty() || statements[0]->kind != statement_kind::expression_value) return false;
    const expression* value = as<value_statement>(statements[0]).value;
    if (value->kind != expression_kind::constant) return false;
    text = *as<constant_expression>(value).value;
    return text.kind == constant_kind::string;
}

bool compiler::has_annotations(list<const statement*> statements) const {
    for (const statement* one : statements) {
        switch (one->kind) {
        case statement_kind::annotated_assign: return true;
        case statement_kind::for_loop:
            if (has_annotations(as<for_statement>(one).body) || has_annotations(as<for_statement>(one).otherwise))
                return true;
            break;
        case statement_kind::while_loop:
        case statement_kind::if_else:
            if (has_annotations(as<conditional_statement>(one).body) ||
                has_annotations(as<conditional_statement>(one).otherwise))
                return true;
            break;
        case statement_kind::with:
            if (has_annotations(as<with_statement>(one).body)) return true;
            break;
        case statement_kind::match:
            for (const match_case& branch : as<match_statement>(one).cases)
                if (has_annotations(branch.body)) return true;
            break;
        case statement_kind::try_except: {
            const auto& attempt = as<try_statement>(one);
            if (has_annotations(attempt.body) || has_annotations(attempt.otherwise) || has_annotations(attempt.finally))
                return true;
            for (const except_handler& handler : attempt.handlers)
                if (has_annotations(handler.body)) return true;
            break;
        }
        default: break;
        }
    }
    return false;
}

// A module's or a class's.
void compiler::body_with_docstring(list<const statement*> statements) {
    if (has_annotations(statements)) code().emit(opcode::SETUP_ANNOTATIONS);
    constant text;
    if (docstring(statements, text)) {
        at position(*this, statements[0]->where);
        code().load_constant(text);
        name_operation("__doc__", access::store);
    }
    body(statements);
}

void compiler::visit(const statement* node) {
    at position(*this, node->where);
    if (code().size() > max_items) {
        if (!failed_) fail(node->where, "the code is too large");
        return;
    }
    switch (node->kind) {
    case statement_kind::function: return visit_function(as<function_statement>(node));
    case statement_kind::class_definition: return visit_class(as<class_statement>(node));
    case statement_kind::return_value: return visit_return(as<value_statement>(node));
    case statement_kind::delete_targets:
        for (const expression* target : as<delete_statement>(node).targets) delete_target(target);
        return;
    case statement_kind::assign: return visit_assign(as<assign_statement>(node));
    case statement_kind::augmented_assign: return visit_augmented(as<augmented_assign_statement>(node));
    case statement_kind::annotated_assign: return visit_annotated(as<annotated_assign_statement>(node));
    case statement_kind::for_loop: return visit_for(as<for_statement>(node));
    case statement_kind::while_loop: return visit_while(as<conditional_statement>(node));
    case statement_kind::if_else: return visit_if(as<conditional_statement>(node));
    case statement_kind::with:
        if (as<with_statement>(node).is_async) return unsupported(node->where, "'async with'");
        return visit_with(as<with_statement>(node), 0);
    case statement_kind::match: return visit_match(as<match_statement>(node));
    case statement_kind::raise: return visit_raise(as<raise_statement>(node));
    case statement_kind::try_except: return visit_try(as<try_statement>(node));
    case statement_kind::assertion: return visit_assert(as<assert_statement>(node));
    case statement_kind::import: return visit_import(as<import_statement>(node));
    case statement_kind::import_from: return visit_import_from(as<import_statement>(node));
    case statement_kind::expression_value: return visit_expression_statement(as<value_statement>(node));
    case statement_kind::break_loop:
    case statement_kind::continue_loop: return visit_break_or_continue(node);
    case statement_kind::global:
    case statement_kind::nonlocal:
    case statement_kind::pass: return;
    }
}

// ---- definitions ----------------------------------------------------------------------------------------------------

void compiler::visit_function(const function_statement& node) {
    if (node.is_async) return unsupported(node.where, "'async def'");
    for (const expression* decorator : node.decorators) visit(decorator);
    std::uint32_t flags = defaults(*node.arguments);
    flags |= annotations(*node.arguments, node.returns);
    if (failed_) return;
    scope* here = symbols_.of(&node);
    int line = node.decorators.empty() ? node.where.line : node.decorators[0]->where.line;
    enter(here, code_kind::function, std::string(node.name), line);
    current_->builder.where = {node.where.line, node.where.line, node.where.column, node.where.column};
    set_parameters(*node.arguments, node.where);
    constant text;
    if (docstring(node.body, text)) {
        code().constant_index(text);
        current_->code->has_docstring = true;
    }
    body(node.body);
    code().load_none();
    code().emit(opcode::RETURN_VALUE);
    std::shared_ptr<const code_unit> made = leave();
    if (failed_) return;
    make_function(made, flags, here);
    for (std::size_t index = node.decorators.size(); index-- > 0;) {
        at position(*this, node.decorators[index]->where);
        code().emit(opcode::CALL, 1);
    }
    name_operation(node.name, access::store);
}

void compiler::visit_class(const class_statement& node) {
    for (const expression* decorator : node.decorators) visit(decorator);
    scope* here = symbols_.of(&node);
    int line = node.decorators.empty() ? node.where.line : node.decorators[0]->where.line;
    enter(here, code_kind::class_body, std::string(node.name), line);
    current_->builder.where = {node.where.line, node.where.line, node.where.column, node.where.column};
    fill_slots({});
    name_operation("__name__", access::load);
    name_operation("__module__", access::store);
    load_text(current_->code->qualname);
    name_operation("__qualname__", access::store);
    body_with_docstring(node.body);
    if (here->needs_class_cell) {
        code().emit(opcode::LOAD_CLOSURE, current_->slots["__class__"]);
        code().emit(opcode::COPY, 1);
        name_operation("__classcell__", access::store);
    } else {
        code().load_none();
    }
    code().emit(opcode::RETURN_VALUE);
    std::shared_ptr<const code_unit> made = leave();
    if (failed_) return;
    code().emit(opcode::LOAD_BUILD_CLASS);
    make_function(made, 0, here);
    load_text(node.name);
    check_keywords(node.keywords);
    bool has_star = false;
    for (const expression* base : node.bases) has_star = has_star || base->kind == expression_kind::starred;
    for (const keyword_argument& keyword : node.keywords) has_star = has_star || keyword.name.empty();
    if (has_star) {
        unpacked_arguments(node.bases, node.keywords, 2);
    } else {
        plain_arguments(node.bases, node.keywords);
        auto count = static_cast<std::uint32_t>(2 + node.bases.size() + node.keywords.size());
        code().emit(node.keywords.empty() ? opcode::CALL : opcode::CALL_KW, count);
    }
    for (std::size_t index = node.decorators.size(); index-- > 0;) {
        at position(*this, node.decorators[index]->where);
        code().emit(opcode::CALL, 1);
    }
    name_operation(node.name, access::store);
}

// ---- leaving: return, break, continue
// --------------------------------------------------------------------------------

void compiler::call_exit_with_none() {
    for (int count = 0; count < 3; ++count) code().load_none();
    code().emit(opcode::CALL, 3);
}

// Undoes one frame on the way out; keeps_top: a return value lies on top of the stack.
void compiler::unwind_one(const block_frame& frame, bool keeps_top) {
    auto pop_below = [&](opcode op) {
        if (keeps_top) code().emit(opcode::SWAP, 2);
        code().emit(op);
    };
    switch (frame.kind) {
    case frame_kind::while_loop:
    case frame_kind::handler_chain: return;
    case frame_kind::for_loop:
    case frame_kind::pop_value: return pop_below(opcode::POP_TOP);
    case frame_kind::try_body: return code().set_guard(frame.outer_guard);
    case frame_kind::finally_try:
        code().set_guard(frame.outer_guard);
        if (keeps_top) push_frame({frame_kind::pop_value, code().guard()});
        body(frame.finally);
        if (keeps_top) pop_frame();
        return;
    case frame_kind::finally_body:
        pop_below(opcode::POP_TOP);
        code().set_guard(frame.outer_guard);
        return pop_below(opcode::POP_EXCEPT);
    case frame_kind::with_body: {
        at position(*this, frame.where);
        code().set_guard(frame.outer_guard);
        if (keeps_top) code().emit(opcode::SWAP, 2);
        call_exit_with_none();
        code().emit(opcode::POP_TOP);
        return;
    }
    case frame_kind::handler_body:
        code().set_guard(frame.outer_guard);
        pop_below(opcode::POP_EXCEPT);
        if (!frame.name.empty()) unbind_handler_name(frame.name);
        return;
    }
}

// Undoes the frames from the innermost outward, all or up to a loop, which it returns. The caller restores the guard.
const compiler::block_frame* compiler::unwind(bool keeps_top, bool stops_at_loop) {
    std::vector<block_frame> all = current_->frames;
    std::size_t loop = all.size();
    while (!current_->frames.empty() && !failed_) {
        block_frame top = current_->frames.back();
        bool is_loop = top.kind == frame_kind::while_loop || top.kind == frame_kind::for_loop;
        if (stops_at_loop && is_loop) {
            loop = current_->frames.size() - 1;
            break;
        }
        current_->frames.pop_back();
        unwind_one(top, keeps_top);
    }
    bool is_found = loop < all.size();
    current_->frames = std::move(all);
    return is_found ? &current_->frames[loop] : nullptr;
}

void compiler::visit_return(const value_statement& node) {
    bool is_function = current_->code->kind == code_kind::function || current_->code->kind == code_kind::lambda;
    if (!is_function) return fail(node.where, "'return' outside function");
    std::optional<constant> value;
    if (node.value != nullptr) value = fold(node.value);
    bool keeps_top = node.value != nullptr && !value;
    if (keeps_top) visit(node.value);
    label guard = code().guard();
    unwind(keeps_top, false);
    if (node.value == nullptr) {
        code().load_none();
    } else if (!keeps_top) {
        code().load_constant(*value);
    }
    code().emit(opcode::RETURN_VALUE);
    code().set_guard(guard);
}

void compiler::visit_break_or_continue(const statement* node) {
    bool is_break = node->kind == statement_kind::break_loop;
    label guard = code().guard();
    const block_frame* loop = unwind(false, true);
    if (loop == nullptr)
        return fail(node->where, is_break ? "'break' outside loop" : "'continue' not properly in loop");
    if (is_break) {
        if (loop->kind == frame_kind::for_loop) code().emit(opcode::POP_TOP);
        code().jump(opcode::JUMP_FORWARD, loop->exit);
    } else {
        code().jump(opcode::JUMP_BACKWARD, loop->start);
    }
    code().set_guard(guard);
}

// ---- assignments ----------------------------------------------------------------------------------------------------

void compiler::visit_expression_statement(const value_statement& node) {
    if (mode_ == compile_mode::single && current_->outer == nullptr) {
        visit(node.value);
        return code().emit(opcode::PRINT_EXPR);
    }
    if (node.value->kind == expression_kind::constant && !as<constant_expression>(node.value).is_imaginary) return;
    visit(node.value);
    code().emit(opcode::POP_TOP);
}

void compiler::visit_assign(const assign_statement& node) {
    if (assign_by_swapping(node)) return;
    visit(node.value);
    for (std::size_t index = 0; index < node.targets.size(); ++index) {
        if (index + 1 < node.targets.size()) code().emit(opcode::COPY, 1);
        store(node.targets[index]);
    }
}

// a, b = b, a needs no tuple.
bool compiler::assign_by_swapping(const assign_statement& node) {
    const expression* target = node.targets[0];
    bool is_sequence = target->kind == expression_kind::tuple || target->kind == expression_kind::list;
    if (node.targets.size() != 1 || !is_sequence || node.value->kind != expression_kind::tuple) return false;
    const auto& targets = as<sequence_expression>(target).elements;
    const auto& values = as<sequence_expression>(node.value).elements;
    if (targets.size() != values.size() || (targets.size() != 2 && targets.size() != 3)) return false;
    for (const expression* one : targets)
        if (one->kind == expression_kind::starred) return false;
    for (const expression* one : values)
        if (one->kind == expression_kind::starred) return false;
    for (const expression* one : values) visit(one);
    code().emit(opcode::SWAP, static_cast<std::uint32_t>(targets.size()));
    for (const expression* one : targets) store(one);
    return true;
}

void compiler::visit_augmented(const augmented_assign_statement& node) {
    auto operation = static_cast<opcode>(static_cast<int>(opcode::INPLACE_ADD) + static_cast<int>(node.operation));
    const expression* target = node.target;
    switch (target->kind) {
    case expression_kind::name: {
        std::string_view name = as<name_expression>(target).name;
        {
            at position(*this, target->where);
            name_operation(name, access::load);
        }
        visit(node.value);
        code().emit(operation);
        at position(*this, target->where);
        return name_operation(name, access::store);
    }
    case expression_kind::attribute: {
        const auto& attribute = as<attribute_expression>(target);
        visit(attribute.object);
        std::uint32_t name = code().name_index(mangled(attribute.name));
        code().emit(opcode::COPY, 1);
        {
            at position(*this, target->where);
            code().emit(opcode::LOAD_ATTR, name);
        }
        visit(node.value);
        code().emit(operation);
        at position(*this, target->where);
        code().emit(opcode::SWAP, 2);
        return code().emit(opcode::STORE_ATTR, name);
    }
    default: {
        const auto& subscript = as<subscript_expression>(target);
        visit(subscript.object);
        visit(subscript.index);
        code().emit(opcode::COPY, 2);
        code().emit(opcode::COPY, 2);
        {
            at position(*this, target->where);
            code().emit(opcode::BINARY_SUBSCR);
        }
        visit(node.value);
        code().emit(operation);
        at position(*this, target->where);
        code().emit(opcode::SWAP, 3);
        code().emit(opcode::SWAP, 2);
        return code().emit(opcode::STORE_SUBSCR);
    }
    }
}

void compiler::visit_annotated(const annotated_assign_statement& node) {
    bool in_function = current_->here->kind == scope_kind::function;
    if (node.value != nullptr) {
        visit(node.value);
        store(node.target);
    }
    if (node.target->kind == expression_kind::name) {
        check_forbidden(as<name_expression>(node.target).name, node.target->where, access::store);
        if (!node.is_simple || in_function) return;
        annotation(node.annotation);
        name_operation("__annotations__", access::load);
        load_text(mangled(as<name_expression>(node.target).name));
        return code().emit(opcode::STORE_SUBSCR);
    }
    if (node.value == nullptr) { // evaluated for its effects
        if (node.target->kind == expression_kind::attribute) {
            visit(as<attribute_expression>(node.target).object);
            code().emit(opcode::POP_TOP);
        } else {
            visit(as<subscript_expression>(node.target).object);
            code().emit(opcode::POP_TOP);
            visit(as<subscript_expression>(node.target).index);
            code().emit(opcode::POP_TOP);
        }
    }
    if (in_function || future_annotations_) return;
    annotation(node.annotation);
    code().emit(opcode::POP_TOP);
}

void compiler::delete_target(const expression* node) {
    at position(*this, node->where);
    switch (node->kind) {
    case expression_kind::name: return name_operation(as<name_expression>(node).name, access::remove);
    case expression_kind::attribute:
        visit(as<attribute_expression>(node).object);
        return code().emit(opcode::DELETE_ATTR, code().name_index(mangled(as<attribute_expression>(node).name)));
    case expression_kind::subscript: return visit_subscript(as<subscript_expression>(node), access::remove);
    default:
        for (const expression* element : as<sequence_expression>(node).elements) delete_target(element);
    }
}

// ---- loops and branches ---------------------------------------------------------------------------------------------

void compiler::visit_for(const for_statement& node) {
    if (node.is_async) return unsupported(node.where, "'async for'");
    label start = code().new_label();
    label exhausted = code().new_label();
    label exit = code().new_label();
    visit(node.iterable);
    code().emit(opcode::GET_ITER);
    code().place(start);
    code().jump(opcode::FOR_ITER, exhausted);
    push_frame({frame_kind::for_loop, code().guard(), start, exit});
    store(node.target);
    body(node.body);
    code().jump(opcode::JUMP_BACKWARD, start);
    pop_frame();
    code().place(exhausted);
    body(node.otherwise);
    code().place(exit);
}

void compiler::visit_while(const conditional_statement& node) {
    label start = code().new_label();
    label otherwise = code().new_label();
    label exit = code().new_label();
    code().place(start);
    push_frame({frame_kind::while_loop, code().guard(), start, exit});
    jump_if(node.test, otherwise, false);
    body(node.body);
    code().jump(opcode::JUMP_BACKWARD, start);
    pop_frame();
    code().place(otherwise);
    body(node.otherwise);
    code().place(exit);
}

void compiler::visit_if(const conditional_statement& node) {
    label otherwise = code().new_label();
    label end = code().new_label();
    jump_if(node.test, otherwise, false);
    body(node.body);
    if (!node.otherwise.empty()) code().jump(opcode::JUMP_FORWARD, end);
    code().place(otherwise);
    body(node.otherwise);
    code().place(end);
}

// ---- exceptions -----------------------------------------------------------------------------------------------------

void compiler::visit_raise(const raise_statement& node) {
    std::uint32_t count = 0;
    if (node.exception != nullptr) {
        visit(node.exception);
        ++count;
        if (node.cause != nullptr) {
            visit(node.cause);
            ++count;
        }
    }
    code().emit(opcode::RAISE_VARARGS, count);
}

void compiler::visit_assert(const assert_statement& node) {
    label end = code().new_label();
    jump_if(node.test, end, true);
    code().emit(opcode::LOAD_ASSERTION_ERROR);
    if (node.message != nullptr) {
        visit(node.message);
        code().emit(opcode::CALL, 1);
    }
    code().emit(opcode::RAISE_VARARGS, 1);
    code().place(end);
}

// At a cleanup handler: previous exception, exception on the stack.
void compiler::restore_and_reraise() {
    code().emit(opcode::SWAP, 2);
    code().emit(opcode::POP_EXCEPT);
    code().emit(opcode::RERAISE);
}

void compiler::unbind_handler_name(std::string_view name) {
    code().load_none();
    name_operation(name, access::store);
    name_operation(name, access::remove);
}

void compiler::visit_try(const try_statement& node) {
    if (node.is_star) return unsupported(node.handlers[0].where, "'except*'");
    if (node.finally.empty()) return try_except(node);
    try_finally(node);
}

void compiler::try_finally(const try_statement& node) {
    label on_error = code().new_label();
    label cleanup = code().new_label();
    label end = code().new_label();
    block_frame frame{frame_kind::finally_try, code().guard()};
    frame.finally = node.finally;
    code().begin_guard(on_error);
    push_frame(frame);
    if (node.handlers.empty()) {
        body(node.body);
    } else {
        try_except(node);
    }
    pop_frame();
    code().end_guard();
    body(node.finally);
    code().jump(opcode::JUMP_FORWARD, end);
    code().place(on_error);
    label outer = code().guard();
    code().begin_guard(cleanup);
    code().emit(opcode::PUSH_EXC_INFO);
    push_frame({frame_kind::finally_body, outer});
    body(node.finally);
    pop_frame();
    code().emit(opcode::RERAISE);
    code().end_guard();
    code().place(cleanup);
    restore_and_reraise();
    code().place(end);
}

void compiler::try_except(const try_statement& node) {
    label on_error = code().new_label();
    label cleanup = code().new_label();
    label end = code().new_label();
    label outer = code().guard();
    code().begin_guard(on_error);
    push_frame({frame_kind::try_body, outer});
    body(node.body);
    pop_frame();
    code().end_guard();
    body(node.otherwise);
    code().jump(opcode::JUMP_FORWARD, end);
    code().place(on_error);
    code().begin_guard(cleanup);
    code().emit(opcode::PUSH_EXC_INFO);
    push_frame({frame_kind::handler_chain, outer});
    for (std::size_t index = 0; index < node.handlers.size() && !failed_; ++index) {
        const except_handler& one = node.handlers[index];
        if (one.type == nullptr && index + 1 < node.handlers.size())
            return fail(one.where, "default 'except:' must be last");
        label next = code().new_label();
        handler(one, next, end);
        code().place(next);
    }
    pop_frame();
    code().emit(opcode::RERAISE);
    code().end_guard();
    code().place(cleanup);
    restore_and_reraise();
    code().place(end);
}

// One except clause; on the stack: previous exception, exception.
void compiler::handler(const except_handler& node, label next, label end) {
    at position(*this, node.where);
    label guard = code().guard();
    label outer = current_->frames.back().outer_guard;
    if (node.type != nullptr) {
        visit(node.type);
        code().emit(opcode::CHECK_EXC_MATCH);
        code().jump(opcode::POP_JUMP_IF_FALSE, next);
    }
    block_frame frame{frame_kind::handler_body, outer};
    frame.name = node.name;
    if (node.name.empty()) {
        code().emit(opcode::POP_TOP);
        push_frame(frame);
        body(node.body);
        pop_frame();
        code().set_guard(outer);
        code().emit(opcode::POP_EXCEPT);
        code().jump(opcode::JUMP_FORWARD, end);
        return code().set_guard(guard);
    }
    label unbind = code().new_label();
    name_operation(node.name, access::store);
    code().begin_guard(unbind);
    push_frame(frame);
    body(node.body);
    pop_frame();
    code().end_guard();
    code().set_guard(outer);
    code().emit(opcode::POP_EXCEPT);
    unbind_handler_name(node.name);
    code().jump(opcode::JUMP_FORWARD, end);
    code().set_guard(guard);
    code().place(unbind);
    unbind_handler_name(node.name);
    code().emit(opcode::RERAISE);
}

void compiler::visit_with(const with_statement& node, std::size_t index) {
    const with_item& item = node.items[index];
    label on_error = code().new_label();
    label suppressed = code().new_label();
    label cleanup = code().new_label();
    label end = code().new_label();
    visit(item.manager);
    at position(*this, item.manager->where);
    code().emit(opcode::BEFORE_WITH);
    block_frame frame{frame_kind::with_body, code().guard()};
    frame.where = item.manager->where;
    code().begin_guard(on_error, 1);
    push_frame(frame);
    if (item.target != nullptr) {
        store(item.target);
    } else {
        code().emit(opcode::POP_TOP);
    }
    if (index + 1 < node.items.size()) {
        visit_with(node, index + 1);
    } else {
        body(node.body);
    }
    pop_frame();
    code().end_guard();
    call_exit_with_none();
    code().emit(opcode::POP_TOP);
    code().jump(opcode::JUMP_FORWARD, end);
    code().place(on_error);
    code().begin_guard(cleanup);
    code().emit(opcode::PUSH_EXC_INFO);
    code().emit(opcode::WITH_EXCEPT_START);
    code().jump(opcode::POP_JUMP_IF_TRUE, suppressed);
    code().emit(opcode::RERAISE);
    code().end_guard();
    code().place(suppressed);
    code().emit(opcode::POP_TOP);
    code().emit(opcode::POP_EXCEPT);
    code().emit(opcode::POP_TOP);
    code().jump(opcode::JUMP_FORWARD, end);
    code().place(cleanup);
    restore_and_reraise();
    code().place(end);
}

// ---- imports --------------------------------------------------------------------------------------------------------

void compiler::visit_import(const import_statement& node) {
    for (const import_alias& alias : node.names) {
        load_integer(0);
        code().load_none();
        code().emit(opcode::IMPORT_NAME, code().name_index(alias.name));
        std::size_t dot = alias.name.find('.');
        if (alias.as_name.empty()) {
            name_operation(alias.name.substr(0, dot), access::store);
            continue;
        }
        while (dot != std::string_view::npos) { // a.b.c as d: take b from a, c from b
            std::size_t next = alias.name.find('.', dot + 1);
            std::string_view part = alias.name.substr(dot + 1, next == std::string_view::npos ? next : next - dot - 1);
            code().emit(opcode::IMPORT_FROM, code().name_index(part));
            code().emit(opcode::SWAP, 2);
            code().emit(opcode::POP_TOP);
            dot = next;
        }
        name_operation(alias.as_name, access::store);
    }
}

void compiler::visit_import_from(const import_statement& node) {
    constant names;
    names.kind = constant_kind::tuple;
    for (const import_alias& alias : node.names) {
        constant name;
        name.kind = constant_kind::string;
        name.text = alias.name;
        names.items.push_back(std::move(name));
    }
    if (node.module == "__future__" && node.level == 0 && current_->outer != nullptr)
        return fail(node.where, "from __future__ imports must occur at the beginning of the file");
    load_integer(node.level);
    code().load_constant(names);
    code().emit(opcode::IMPORT_NAME, code().name_index(node.module));
    if (node.names[0].name == "*") return code().emit(opcode::IMPORT_STAR);
    for (const import_alias& alias : node.names) {
        code().emit(opcode::IMPORT_FROM, code().name_index(alias.name));
        name_operation(alias.as_name.empty() ? alias.name : alias.as_name, access::store);
    }
    code().emit(opcode::POP_TOP);
}

} // namespace heddle::python
