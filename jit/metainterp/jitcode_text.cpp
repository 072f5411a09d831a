// Jitcode's instruction tables (generated from operations.def and jitcode.def) and its text form.
//
//   jitcode {add_one} args=i result=i registers=2,0,0       a header; then driver=NAME, unroll_safe, contains_loop
//      0: live i0                                           'live' lists registers; a parsed 'live *' is computed
//      2: int_add i0, 1 -> i1                               position or label, operation, operands, result
//      6: return_i i1
//
// Operands: registers i0 p0 f0; integer, floating and pointer constants: 5, 2.5, null, ptr(0x7f00), &{name};
// descriptors, jitcodes and drivers by name in braces, or by index as {#3}; positions @label; switch tables [1: @a, 2:
// @b]; arguments of calls in parentheses. '#' begins a comment at a line's beginning or after a blank.
#include "heddle/jit/jitcode.h"
#include "heddle/jit/program.h"
#include "metainterp/descr_kind.h"
#include <cinttypes>
#include <cmath>
#include <cstdio>

namespace heddle::jit {
namespace {

constexpr size_t operation_total = static_cast<size_t>(jitcode_op::count);

struct letters_of_operation {
    char text[10] = {};
    uint8_t length = 0;
    bool exists = false;
};

// The operand letters of a trace operation as an instruction: arguments, 'd', result.
constexpr letters_of_operation from_trace_operation(std::string_view name, std::string_view arguments, char result,
                                                    uint32_t flags) {
    letters_of_operation letters;
    bool excluded =
        flags & (GUARD | CONTROL | CALL | OVERFLOW) || name == "write_barrier" || name == "write_barrier_array";
    if (excluded) return letters;
    letters.exists = true;
    for (char letter : arguments) letters.text[letters.length++] = letter;
    if (flags & DESCR) letters.text[letters.length++] = 'd';
    if (result == 'd')
        letters.text[letters.length++] = 'V';
    else if (result != 'v')
        letters.text[letters.length++] = static_cast<char>(result - 'a' + 'A');
    return letters;
}

constexpr letters_of_operation from_own_operation(std::string_view operands) {
    letters_of_operation letters;
    letters.exists = true;
    for (char letter : operands) letters.text[letters.length++] = letter;
    return letters;
}

struct instruction_table {
    letters_of_operation letters[operation_total];
    std::string_view names[operation_total];
    constexpr instruction_table() {
#define OPERATION(name, arguments, result, flags)                                                           \
    letters[static_cast<size_t>(jitcode_op::name)] = from_trace_operation(#name, arguments, result, flags); \
    names[static_cast<size_t>(jitcode_op::name)] = #name;
#include "heddle/jit/operations.def"
#undef OPERATION
#define JITCODE(name, operands)                                                           \
    letters[static_cast<size_t>(jitcode_op::code_##name)] = from_own_operation(operands); \
    names[static_cast<size_t>(jitcode_op::code_##name)] = #name;
#include "heddle/jit/jitcode.def"
#undef JITCODE
    }
};
constexpr instruction_table table;

std::string name_or_index(const std::string& name, uint32_t index) {
    return name.empty() ? "{#" + std::to_string(index) + "}" : "{" + name + "}";
}

// Writes one jitcode. Positions that are jumped to need no marks: each line begins with its position.
class writer {
public:
    writer(const jitcode& code, const program& prog) : code_(code), program_(prog) {}

    std::string run() {
        header();
        for (uint32_t position = 0; position < code_.code.size(); position = next_instruction(code_, position)) {
            char start[24];
            std::snprintf(start, sizeof start, "%5" PRIu32 ": ", position);
            text_ += start;
            instruction(position);
            text_ += '\n';
        }
        return std::move(text_);
    }

private:
    void header() {
        text_ = "jitcode {" + code_.name + "}" + (code_.argument_kinds.empty() ? "" : " args=" + code_.argument_kinds) +
                " result=" + kind_letter(code_.result) + " registers=" + std::to_string(code_.register_count[0]) + "," +
                std::to_string(code_.register_count[1]) + "," + std::to_string(code_.register_count[2]);
        if (code_.driver >= 0) {
            text_ += " driver=";
            driver(static_cast<uint32_t>(code_.driver));
        }
        if (code_.unroll_safe) text_ += " unroll_safe";
        if (code_.contains_loop) text_ += " contains_loop";
        text_ += '\n';
    }

    void driver(uint32_t index) {
        text_ += name_or_index(index < program_.drivers.size() ? program_.drivers[index].name : "", index);
    }

    void instruction(uint32_t position) {
        auto op = static_cast<jitcode_op>(code_.code[position]);
        text_ += jitcode_op_name(op);
        if (op == jitcode_op::code_live) return live(code_.code[position + 1]);
        uint32_t at = position + 1;
        bool first = true;
        for (char letter : operand_letters(op)) {
            bool result = letter == 'I' || letter == 'P' || letter == 'F' || letter == 'V' ||
                          (letter == 'n' && op == jitcode_op::code_call_inline);
            if (result) {
                uint32_t number = code_.code[at++];
                if (letter == 'n' && number == 0) continue;
                if (letter == 'n') --number;
                if (letter != 'n' && number == no_register) continue;
                text_ += std::string(" -> ") + result_letter(letter, position) + std::to_string(number);
                continue;
            }
            text_ += first ? " " : ", ";
            first = false;
            at = operand(letter, position, at);
        }
    }

    char result_letter(char letter, uint32_t position) const {
        if (letter == 'V') return kind_letter(kind_of_descr(position));
        if (letter != 'n') return static_cast<char>(letter - 'A' + 'a');
        uint32_t callee = code_.code[position + 1];
        if (callee < program_.jitcodes.size() && program_.jitcodes[callee])
            return kind_letter(program_.jitcodes[callee]->result);
        return 'r';
    }

    // The kind that the instruction's descriptor gives to its value or result.
    kind kind_of_descr(uint32_t position) const {
        uint32_t at = position + 1;
        for (char letter : operand_letters(static_cast<jitcode_op>(code_.code[position]))) {
            if (letter == 'd') break;
            ++at;
        }
        if (at >= code_.code.size() || code_.code[at] >= program_.descrs.size()) return kind::none;
        return value_kind(*program_.descrs[code_.code[at]]);
    }

    void live(uint32_t number) {
        if (number >= code_.live.size()) {
            text_ += " #" + std::to_string(number);
            return;
        }
        const liveness& entry = code_.live[number];
        for (uint16_t r : entry.integers) text_ += " i" + std::to_string(r);
        for (uint16_t r : entry.pointers) text_ += " p" + std::to_string(r);
        for (uint16_t r : entry.floats) text_ += " f" + std::to_string(r);
    }

    uint32_t operand(char letter, uint32_t position, uint32_t at) {
        uint32_t value = code_.code[at++];
        switch (letter) {
        case 'i':
        case 'p':
        case 'f': input(kind_of_letter(letter), value); break;
        case '*': input(kind_of_descr(position), value); break;
        case 'd':
            text_ += name_or_index(value < program_.descrs.size() ? program_.descrs[value]->name : "", value);
            break;
        case 'L': text_ += "@" + std::to_string(value); break;
        case 'n': text_ += std::to_string(value); break;
        case 's': switch_cases(value); break;
        case 'g': driver(value); break;
        case 'c':
            text_ += name_or_index(
                value < program_.jitcodes.size() && program_.jitcodes[value] ? program_.jitcodes[value]->name : "",
                value);
            break;
        case 'A':
            text_ += '(';
            for (uint32_t i = 0; i < value; ++i, at += 2) {
                if (i) text_ += ", ";
                input(kind_of_letter(static_cast<char>(code_.code[at])), code_.code[at + 1]);
            }
            text_ += ')';
            break;
        default: text_ += '?';
        }
        return at;
    }

    void switch_cases(uint32_t number) {
        text_ += '[';
        if (number < code_.switches.size()) {
            bool first = true;
            for (auto& [value, target] : code_.switches[number].cases) {
                text_ += (first ? "" : ", ") + std::to_string(value) + ": @" + std::to_string(target);
                first = false;
            }
        }
        text_ += ']';
    }

    void input(kind k, uint32_t value) {
        if (!(value & constant_operand)) {
            text_ += kind_letter(k);
            text_ += std::to_string(value);
            return;
        }
        uint32_t index = value & ~constant_operand;
        const auto& constants = code_.constants[k == kind::pointer ? 1 : k == kind::floating ? 2 : 0];
        if (index >= constants.size())
            text_ += "constant?" + std::to_string(index);
        else
            constant(k, constants[index]);
    }

    void constant(kind k, word value) {
        char buffer[48];
        if (k == kind::integer) {
            text_ += std::to_string(static_cast<int64_t>(value));
        } else if (k == kind::floating) {
            double d = word_to_double(value);
            if (std::isnan(d))
                std::snprintf(buffer, sizeof buffer, "float(0x%" PRIx64 ")", value);
            else
                std::snprintf(buffer, sizeof buffer, "%.17g", d);
            text_ += buffer;
            if (text_.find_first_of(".en(", text_.size() - std::string_view(buffer).size()) == std::string::npos)
                text_ += ".0";
        } else if (value == 0) {
            text_ += "null";
        } else {
            for (const function_entry& function : program_.functions) {
                if (function.address == value || function.residual_address == value) {
                    text_ += "&{" + function.name + "}";
                    return;
                }
            }
            if (uint64_t symbol = value & ~symbol_bit; (value & symbol_bit) && symbol < program_.symbols.size()) {
                text_ += "&{" + program_.symbols[symbol] + "}"; // in the translator
                return;
            }
            std::snprintf(buffer, sizeof buffer, "ptr(0x%" PRIx64 ")", value);
            text_ += buffer;
        }
    }

    const jitcode& code_;
    const program& program_;
    std::string text_;
};

} // namespace

bool is_jitcode_op(jitcode_op op) {
    return static_cast<size_t>(op) < operation_total && table.letters[static_cast<size_t>(op)].exists;
}

std::string_view operand_letters(jitcode_op op) {
    if (!is_jitcode_op(op)) return {};
    const letters_of_operation& letters = table.letters[static_cast<size_t>(op)];
    return {letters.text, letters.length};
}

std::string_view jitcode_op_name(jitcode_op op) {
    return is_jitcode_op(op) ? table.names[static_cast<size_t>(op)] : std::string_view("?");
}

uint32_t next_instruction(const jitcode& code, uint32_t position) {
    auto op = static_cast<jitcode_op>(code.code[position++]);
    for (char letter : operand_letters(op)) {
        if (letter == 'A') position += 2 * code.code[position];
        ++position;
    }
    return position;
}

std::string dump(const jitcode& code, const program& prog) { return writer(code, prog).run(); }

} // namespace heddle::jit
