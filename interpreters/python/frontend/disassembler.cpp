// The opcodes' facts, the dump of a code_unit as text, and its verifier.

#include <cstdio>

#include "code_unit.h"

namespace heddle::python {

namespace {

struct opcode_fact {
    const char* name;
    operand_kind operand;
};

constexpr opcode_fact facts[] = {
#define HEDDLE_PYTHON_BYTECODE(name, operand, effect, jump_effect, description) {#name, operand_kind::operand},
#include "bytecodes.def"
};

std::string quoted(const std::string& text, bool is_bytes) {
    std::string result = is_bytes ? "b'" : "'";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '\'' || c == '\\') {
            result += '\\';
            result += c;
        } else if (c == '\n') {
            result += "\\n";
        } else if (byte < 32 || byte == 127 || (is_bytes && byte >= 128)) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\x%02x", byte);
            result += escape;
        } else {
            result += c;
        }
    }
    return result + "'";
}

std::string constant_text(const constant& value) {
    switch (value.kind) {
    case constant_kind::none: return "None";
    case constant_kind::ellipsis: return "...";
    case constant_kind::boolean: return value.integer != 0 ? "True" : "False";
    case constant_kind::integer: return std::to_string(value.integer);
    case constant_kind::big_integer: return value.text;
    case constant_kind::floating: {
        char text[40];
        std::snprintf(text, sizeof text, "%.17g", value.floating);
        std::string result = text;
        return result.find_first_of(".en") == std::string::npos ? result + ".0" : result;
    }
    case constant_kind::string: return quoted(value.text, false);
    case constant_kind::bytes: return quoted(value.text, true);
    case constant_kind::tuple: {
        std::string result = "(";
        for (std::size_t index = 0; index < value.items.size(); ++index)
            result += (index > 0 ? ", " : "") + constant_text(value.items[index]);
        return result + (value.items.size() == 1 ? ",)" : ")");
    }
    case constant_kind::code: return "<code " + value.code->name + ">";
    }
    return "?";
}

std::string operand_text(const code_unit& code, opcode op, std::uint32_t operand) {
    switch (operand_kind_of(op)) {
    case operand_kind::none: return {};
    case operand_kind::constant: return operand < code.constants.size() ? constant_text(code.constants[operand]) : "?";
    case operand_kind::name: return operand < code.names.size() ? code.names[operand] : "?";
    case operand_kind::slot: return operand < code.slots.size() ? code.slots[operand].name : "?";
    case operand_kind::target: return "to " + std::to_string(operand);
    case operand_kind::unpack:
        return std::to_string(operand & 0xfff) + " before, " + std::to_string(operand >> 12) + " after";
    default: return std::to_string(operand);
    }
}

void dump_into(const code_unit& code, std::string& out) {
    out += "code " + code.qualname + " line " + std::to_string(code.first_line) + " stack " +
           std::to_string(code.max_stack);
    if (code.is_generator) out += " generator";
    if (code.has_varargs) out += " *args";
    if (code.has_varkeywords) out += " **kwargs";
    if (code.parameter_count() > 0) {
        out += " parameters " + std::to_string(code.positional_count);
        if (code.positional_only_count > 0)
            out += " (" + std::to_string(code.positional_only_count) + " positional-only)";
        if (code.keyword_only_count > 0) out += " + " + std::to_string(code.keyword_only_count) + " keyword-only";
    }
    out += "\n";
    if (!code.slots.empty()) {
        out += "  slots";
        for (const slot& one : code.slots)
            out += " " + one.name +
                   (one.kind == slot_kind::cell   ? "(cell)"
                    : one.kind == slot_kind::free ? "(free)"
                                                  : "");
        out += "\n";
    }
    int line = 0;
    for (std::size_t index = 0; index < code.instructions.size(); ++index) {
        opcode op = opcode_of(code.instructions[index]);
        std::string operand = operand_text(code, op, operand_of(code.instructions[index]));
        char prefix[40];
        bool is_new_line = code.positions[index].line != line;
        line = code.positions[index].line;
        if (is_new_line) {
            std::snprintf(prefix, sizeof prefix, "%5d %4zu ", line, index);
        } else {
            std::snprintf(prefix, sizeof prefix, "      %4zu ", index);
        }
        out += prefix + std::string(opcode_name(op)) + (operand.empty() ? "" : " " + operand) + "\n";
    }
    for (const exception_entry& entry : code.exception_table)
        out += "  guard " + std::to_string(entry.start) + ".." + std::to_string(entry.end) + " handler " +
               std::to_string(entry.handler) + " depth " + std::to_string(entry.depth) + "\n";
    for (const constant& value : code.constants)
        if (value.kind == constant_kind::code) dump_into(*value.code, out);
}

} // namespace

const char* opcode_name(opcode op) {
    auto index = static_cast<int>(op);
    return index < opcode_count ? facts[index].name : "?";
}

operand_kind operand_kind_of(opcode op) { return facts[static_cast<int>(op)].operand; }

int stack_effect(opcode op, std::uint32_t operand, bool jumps) {
    [[maybe_unused]] int n = static_cast<int>(operand);
    switch (op) {
#define HEDDLE_PYTHON_BYTECODE(name, operand_meaning, effect, jump_effect, description) \
    case opcode::name: return jumps ? (jump_effect) : (effect);
#include "bytecodes.def"
    }
    return 0;
}

std::string dump(const code_unit& code) {
    std::string out;
    dump_into(code, out);
    return out;
}

std::string verify(const code_unit& code) {
    std::size_t count = code.instructions.size();
    auto fail = [&](std::size_t index, const std::string& problem) {
        return code.qualname + ": instruction " + std::to_string(index) +
               (index < count ? std::string(" ") + opcode_name(opcode_of(code.instructions[index])) : "") + ": " +
               problem;
    };
    if (count == 0) return fail(0, "no instructions");
    if (code.positions.size() != count) return fail(0, "positions and instructions differ in number");
    std::uint32_t covered = 0;
    for (const exception_entry& entry : code.exception_table) {
        if (entry.start < covered || entry.start >= entry.end || entry.end > count || entry.handler >= count)
            return fail(entry.start, "bad exception table entry");
        covered = entry.end;
    }
    std::vector<int> depths(count, -1);
    std::vector<std::size_t> work{0};
    depths[0] = 0;
    std::string problem;
    auto reach = [&](std::size_t from, std::size_t index, int depth) {
        if (index >= count) {
            problem = fail(from, "runs off the end");
        } else if (depth < 0 || depth > static_cast<int>(code.max_stack)) {
            problem = fail(from, "stack depth " + std::to_string(depth) + " is out of range");
        } else if (depths[index] < 0) {
            depths[index] = depth;
            work.push_back(index);
        } else if (depths[index] != depth) {
            problem = fail(index, "depth is " + std::to_string(depths[index]) + " or " + std::to_string(depth));
        }
    };
    while (!work.empty() && problem.empty()) {
        std::size_t index = work.back();
        work.pop_back();
        std::uint32_t operand = operand_of(code.instructions[index]);
        if ((code.instructions[index] & 0xff) >= opcode_count) return fail(index, "no such opcode");
        opcode op = opcode_of(code.instructions[index]);
        operand_kind kind = operand_kind_of(op);
        if ((kind == operand_kind::constant && operand >= code.constants.size()) ||
            (kind == operand_kind::name && operand >= code.names.size()) ||
            (kind == operand_kind::slot && operand >= code.slots.size()) ||
            (kind == operand_kind::target && operand >= count))
            return fail(index, "operand " + std::to_string(operand) + " is out of range");
        if (kind == operand_kind::target) {
            bool is_backward = op == opcode::JUMP_BACKWARD || op == opcode::JUMP_BACKWARD_NO_INTERRUPT;
            if (is_backward != (operand <= index)) return fail(index, "jumps in the wrong direction");
            reach(index, operand, depths[index] + stack_effect(op, operand, true));
        }
        for (const exception_entry& entry : code.exception_table) {
            if (index < entry.start || index >= entry.end) continue;
            if (static_cast<int>(entry.depth) > depths[index]) return fail(index, "handler's depth is above the stack");
            if (problem.empty()) reach(index, entry.handler, static_cast<int>(entry.depth) + 1);
        }
        if (problem.empty() && !never_falls_through(op))
            reach(index, index + 1, depths[index] + stack_effect(op, operand, false));
        if (op == opcode::RETURN_VALUE && depths[index] != 1)
            return fail(index, "returns with something else on the stack");
    }
    for (std::size_t index = 0; index < count && problem.empty(); ++index)
        if (depths[index] < 0) problem = fail(index, "is unreachable");
    for (const constant& value : code.constants)
        if (problem.empty() && value.kind == constant_kind::code) problem = verify(*value.code);
    return problem;
}

} // namespace heddle::python
