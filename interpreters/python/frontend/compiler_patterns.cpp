// Code for `match`, PEP 634, by CPython's scheme: the subject stays on the stack while a case is tried; captures pile
// up below what is being matched and are stored only when the whole pattern fits. A failing test jumps to a label that
// pops exactly what lies on the stack at that point.

#include <algorithm>

#include "compiler.h"
#include "constant_folding.h"

namespace heddle::python {

struct compiler::pattern_context {
    std::vector<std::string_view> stores; // captured names, in the order of their values on the stack
    bool allows_irrefutable = false;      // may a bare name or _ stand here?
    std::vector<label> failures;          // [n]: pops n values, then fails
    std::size_t on_top = 0;               // values above the captures that must be popped on failure
};

namespace {

bool is_wildcard(const pattern* node) {
    if (node->kind != pattern_kind::as) return false;
    const auto& capture = as<capture_pattern>(node);
    return capture.inner == nullptr && capture.name.empty();
}
bool is_star_wildcard(const pattern* node) {
    return node->kind == pattern_kind::star && as<capture_pattern>(node).name.empty();
}

} // namespace

// Moves the top of the stack down below count - 1 others.
void compiler::rotate(std::size_t count) {
    for (; count > 1; --count) code().emit(opcode::SWAP, static_cast<std::uint32_t>(count));
}

void compiler::jump_to_failure(opcode op, pattern_context& context) {
    std::size_t pops = context.on_top + context.stores.size();
    while (context.failures.size() <= pops) context.failures.push_back(code().new_label());
    code().jump(op, context.failures[pops]);
}

void compiler::place_failures(pattern_context& context) {
    for (std::size_t index = context.failures.size(); index-- > 0;) {
        code().place(context.failures[index]);
        if (index > 0) code().emit(opcode::POP_TOP);
    }
    context.failures.clear();
}

void compiler::visit_match(const match_statement& node) {
    label end = code().new_label();
    visit(node.subject);
    const match_case& last = node.cases.back();
    bool has_default = is_wildcard(last.what) && node.cases.size() > 1;
    std::size_t tried = node.cases.size() - (has_default ? 1 : 0);
    for (std::size_t index = 0; index < tried && !failed_; ++index) {
        const match_case& one = node.cases[index];
        at position(*this, one.what->where);
        bool keeps_subject = index + 1 != tried;
        if (keeps_subject) code().emit(opcode::COPY, 1);
        pattern_context context;
        context.allows_irrefutable = one.guard != nullptr || index + 1 == node.cases.size();
        match(one.what, context);
        for (std::string_view name : context.stores) name_operation(name, access::store);
        if (one.guard != nullptr) {
            if (context.failures.empty()) context.failures.push_back(code().new_label());
            jump_if(one.guard, context.failures[0], false);
        }
        if (keeps_subject) code().emit(opcode::POP_TOP);
        body(one.body);
        code().jump(opcode::JUMP_FORWARD, end);
        place_failures(context);
    }
    if (has_default && !failed_) {
        at position(*this, last.what->where);
        if (last.guard != nullptr) jump_if(last.guard, end, false);
        body(last.body);
    }
    code().place(end);
}

// Consumes the top of the stack.
void compiler::match(const pattern* node, pattern_context& context) {
    if (failed_) return;
    at position(*this, node->where);
    switch (node->kind) {
    case pattern_kind::value:
        visit(as<value_pattern>(node).value);
        code().emit(opcode::COMPARE_EQUAL);
        return jump_to_failure(opcode::POP_JUMP_IF_FALSE, context);
    case pattern_kind::singleton:
        code().load_constant(*as<constant_expression>(as<value_pattern>(node).value).value);
        code().emit(opcode::IS_OP, 0);
        return jump_to_failure(opcode::POP_JUMP_IF_FALSE, context);
    case pattern_kind::sequence: return match_sequence(as<sequence_pattern>(node), context);
    case pattern_kind::mapping: return match_mapping(as<mapping_pattern>(node), context);
    case pattern_kind::instance: return match_instance(as<instance_pattern>(node), context);
    case pattern_kind::star: return store_capture(as<capture_pattern>(node).name, node->where, context);
    case pattern_kind::as: return match_capture(as<capture_pattern>(node), context);
    case pattern_kind::alternatives: return match_alternatives(as<sequence_pattern>(node), context);
    }
}

// A pattern within another, where a bare name is fine.
void compiler::match_inside(const pattern* node, pattern_context& context) {
    bool allowed = context.allows_irrefutable;
    context.allows_irrefutable = true;
    match(node, context);
    context.allows_irrefutable = allowed;
}

void compiler::store_capture(std::string_view name, source_position where, pattern_context& context) {
    if (name.empty()) return code().emit(opcode::POP_TOP);
    if (!check_forbidden(name, where, access::store)) return;
    if (std::find(context.stores.begin(), context.stores.end(), name) != context.stores.end())
        return fail(where, "multiple assignments to name '" + std::string(name) + "' in pattern");
    rotate(context.on_top + context.stores.size() + 1);
    context.stores.push_back(name);
}

void compiler::match_capture(const capture_pattern& node, pattern_context& context) {
    if (node.inner == nullptr) {
        if (!context.allows_irrefutable) {
            if (node.name.empty()) return fail(node.where, "wildcard makes remaining patterns unreachable");
            return fail(node.where,
                        "name capture '" + std::string(node.name) + "' makes remaining patterns unreachable");
        }
        return store_capture(node.name, node.where, context);
    }
    ++context.on_top;
    code().emit(opcode::COPY, 1);
    match(node.inner, context);
    --context.on_top;
    store_capture(node.name, node.where, context);
}

void compiler::match_sequence(const sequence_pattern& node, pattern_context& context) {
    std::size_t size = node.patterns.size();
    std::size_t star = size;
    bool only_wildcards = true, star_is_wildcard = false;
    for (std::size_t index = 0; index < size; ++index) {
        const pattern* one = node.patterns[index];
        if (one->kind == pattern_kind::star) {
            if (star < size) return fail(node.where, "multiple starred names in sequence pattern");
            star = index;
            star_is_wildcard = is_star_wildcard(one);
            only_wildcards = only_wildcards && star_is_wildcard;
        } else {
            only_wildcards = only_wildcards && is_wildcard(one);
        }
    }
    ++context.on_top;
    code().emit(opcode::MATCH_SEQUENCE);
    jump_to_failure(opcode::POP_JUMP_IF_FALSE, context);
    if (star == size || size > 1) {
        code().emit(opcode::GET_LEN);
        load_integer(static_cast<std::int64_t>(star == size ? size : size - 1));
        code().emit(star == size ? opcode::COMPARE_EQUAL : opcode::COMPARE_GREATER_EQUAL);
        jump_to_failure(opcode::POP_JUMP_IF_FALSE, context);
    }
    --context.on_top;
    if (only_wildcards) return code().emit(opcode::POP_TOP);
    if (star_is_wildcard) return subscript_pattern(node, star, context);
    unpack_pattern(node, context);
}

void compiler::unpack_pattern(const sequence_pattern& node, pattern_context& context) {
    std::size_t size = node.patterns.size();
    std::size_t star = size;
    for (std::size_t index = 0; index < size; ++index)
        if (node.patterns[index]->kind == pattern_kind::star) star = index;
    if (star < size) {
        if (star >= 256 || size - star - 1 >= 4096)
            return fail(node.where, "too many expressions in star-unpacking sequence pattern");
        code().emit(opcode::UNPACK_EX, static_cast<std::uint32_t>(star | (size - star - 1) << 12));
    } else {
        code().emit(opcode::UNPACK_SEQUENCE, static_cast<std::uint32_t>(size));
    }
    context.on_top += size;
    for (const pattern* one : node.patterns) {
        --context.on_top;
        match_inside(one, context);
    }
}

// With a starred _, items are fetched one by one instead of unpacking all.
void compiler::subscript_pattern(const sequence_pattern& node, std::size_t star, pattern_context& context) {
    std::size_t size = node.patterns.size();
    ++context.on_top;
    for (std::size_t index = 0; index < size; ++index) {
        const pattern* one = node.patterns[index];
        if (is_wildcard(one) || index == star) continue;
        code().emit(opcode::COPY, 1);
        if (index < star) {
            load_integer(static_cast<std::int64_t>(index));
        } else {
            code().emit(opcode::GET_LEN);
            load_integer(static_cast<std::int64_t>(size - index));
            code().emit(opcode::BINARY_SUBTRACT);
        }
        code().emit(opcode::BINARY_SUBSCR);
        match_inside(one, context);
    }
    --context.on_top;
    code().emit(opcode::POP_TOP);
}

void compiler::match_mapping(const mapping_pattern& node, pattern_context& context) {
    std::size_t size = node.keys.size();
    ++context.on_top;
    code().emit(opcode::MATCH_MAPPING);
    jump_to_failure(opcode::POP_JUMP_IF_FALSE, context);
    if (size == 0 && node.rest.empty()) {
        --context.on_top;
        return code().emit(opcode::POP_TOP);
    }
    if (size > 0) {
        code().emit(opcode::GET_LEN);
        load_integer(static_cast<std::int64_t>(size));
        code().emit(opcode::COMPARE_GREATER_EQUAL);
        jump_to_failure(opcode::POP_JUMP_IF_FALSE, context);
    }
    std::vector<std::string> seen;
    for (const expression* key : node.keys) {
        if (std::optional<constant> value = fold(key)) {
            std::string text = constant_key(*value);
            if (std::find(seen.begin(), seen.end(), text) != seen.end())
                return fail(node.where, "mapping pattern checks duplicate key");
            seen.push_back(std::move(text));
        }
        visit(key);
    }
    code().emit(opcode::BUILD_TUPLE, static_cast<std::uint32_t>(size));
    code().emit(opcode::MATCH_KEYS);
    context.on_top += 2;
    code().emit(opcode::COPY, 1);
    code().load_none();
    code().emit(opcode::IS_OP, 1);
    jump_to_failure(opcode::POP_JUMP_IF_FALSE, context);
    code().emit(opcode::UNPACK_SEQUENCE, static_cast<std::uint32_t>(size));
    context.on_top += size;
    --context.on_top;
    for (const pattern* one : node.patterns) {
        --context.on_top;
        match_inside(one, context);
    }
    context.on_top -= 2;
    if (node.rest.empty()) {
        code().emit(opcode::POP_TOP);
        return code().emit(opcode::POP_TOP);
    }
    code().emit(opcode::BUILD_MAP, 0);
    code().emit(opcode::SWAP, 3);
    code().emit(opcode::DICT_UPDATE, 2);
    code().emit(opcode::UNPACK_SEQUENCE, static_cast<std::uint32_t>(size));
    for (std::size_t left = size; left > 0; --left) {
        code().emit(opcode::COPY, static_cast<std::uint32_t>(1 + left));
        code().emit(opcode::SWAP, 2);
        code().emit(opcode::DELETE_SUBSCR);
    }
    store_capture(node.rest, node.where, context);
}

void compiler::match_instance(const instance_pattern& node, pattern_context& context) {
    std::size_t positional = node.patterns.size();
    std::size_t total = positional + node.keywords.size();
    for (std::size_t index = 0; index < node.keywords.size(); ++index)
        for (std::size_t other = index + 1; other < node.keywords.size(); ++other)
            if (node.keywords[index] == node.keywords[other])
                return fail(node.keyword_patterns[other]->where,
                            "attribute name repeated in class pattern: " + std::string(node.keywords[index]));
    visit(node.type);
    constant names;
    names.kind = constant_kind::tuple;
    for (std::string_view keyword : node.keywords) {
        constant name;
        name.kind = constant_kind::string;
        name.text = keyword;
        names.items.push_back(std::move(name));
    }
    code().load_constant(names);
    code().emit(opcode::MATCH_CLASS, static_cast<std::uint32_t>(positional));
    code().emit(opcode::COPY, 1);
    code().load_none();
    code().emit(opcode::IS_OP, 1);
    ++context.on_top;
    jump_to_failure(opcode::POP_JUMP_IF_FALSE, context);
    code().emit(opcode::UNPACK_SEQUENCE, static_cast<std::uint32_t>(total));
    context.on_top += total;
    --context.on_top;
    for (std::size_t index = 0; index < total; ++index) {
        --context.on_top;
        const pattern* one = index < positional ? node.patterns[index] : node.keyword_patterns[index - positional];
        if (is_wildcard(one)) {
            code().emit(opcode::POP_TOP);
        } else {
            match_inside(one, context);
        }
    }
}

void compiler::match_alternatives(const sequence_pattern& node, pattern_context& outer) {
    label end = code().new_label();
    std::size_t size = node.patterns.size();
    std::vector<std::string_view> control;
    for (std::size_t index = 0; index < size && !failed_; ++index) {
        at position(*this, node.patterns[index]->where);
        pattern_context context;
        context.allows_irrefutable = index + 1 == size && outer.allows_irrefutable;
        code().emit(opcode::COPY, 1);
        match(node.patterns[index], context);
        if (failed_) return;
        if (index == 0) {
            control = context.stores;
        } else {
            if (context.stores.size() != control.size())
                return fail(node.where, "alternative patterns bind different names");
            for (std::size_t wanted = control.size(); wanted-- > 0;) {
                auto found = std::find(context.stores.begin(), context.stores.end(), control[wanted]);
                if (found == context.stores.end()) return fail(node.where, "alternative patterns bind different names");
                auto has = static_cast<std::size_t>(found - context.stores.begin());
                if (has == wanted) continue;
                // Bring it to its place: the first has + 1 captures go above the ones up to `wanted`.
                std::vector<std::string_view>& stores = context.stores;
                std::size_t rotations = has + 1;
                std::rotate(stores.begin(), stores.begin() + static_cast<std::ptrdiff_t>(rotations),
                            stores.begin() + static_cast<std::ptrdiff_t>(wanted + 1));
                while (rotations-- > 0) rotate(wanted + 1);
            }
        }
        code().jump(opcode::JUMP_FORWARD, end);
        place_failures(context);
    }
    if (failed_) return;
    code().emit(opcode::POP_TOP);
    jump_to_failure(opcode::JUMP_FORWARD, outer);
    code().place(end);
    std::size_t rotations = control.size() + 1 + outer.on_top + outer.stores.size();
    for (std::string_view name : control) {
        rotate(rotations);
        if (std::find(outer.stores.begin(), outer.stores.end(), name) != outer.stores.end())
            return fail(node.where, "multiple assignments to name '" + std::string(name) + "' in pattern");
        outer.stores.push_back(name);
    }
    code().emit(opcode::POP_TOP);
}

} // namespace heddle::python
