// Reads the text form of jitcodes (syntax: jitcode_text.cpp). For tests and tools; speed does not matter here.
#include "heddle/jit/jitcode.h"
#include "heddle/jit/program.h"
#include "metainterp/descr_kind.h"
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>

namespace heddle::jit {
namespace {

int file_of(char letter) { return letter == 'i' ? 0 : letter == 'p' ? 1 : letter == 'f' ? 2 : -1; }

// Registers read and written by the instruction, as (file, number) pairs.
template <class read_function, class write_function>
void visit_registers(const jitcode& code, const program& prog, uint32_t position, read_function read,
                     write_function write);

kind kind_given_by(const program& prog, uint32_t descr_index) { return value_kind(*prog.descrs[descr_index]); }

class parser {
public:
    parser(std::string_view text, const jitcode_parser_tables& tables, program& prog, std::string& error)
        : rest_(text), tables_(tables), program_(prog), error_(error) {}

    bool run() {
        if (!declare_all()) return false;
        std::string_view text = rest_;
        line_number_ = 0;
        for (std::string_view line; next_line(text, line);) {
            at_ = line;
            skip_blanks();
            if (at_.empty() || at_[0] == '#') continue;
            if (starts_with("jitcode ")) {
                if (!finish_code()) return false;
                code_ = program_.jitcodes[first_ + seen_++].get();
                labels_.clear();
                automatic_live_.clear();
                fixups_.clear();
            } else if (!code_) {
                return fail("an instruction before the first 'jitcode' line");
            } else if (!line_of_code()) {
                return false;
            }
        }
        return finish_code();
    }

private:
    struct fixup {
        uint32_t position;
        int switch_index;
        size_t case_index;
        std::string label;
        int line;
    };

    bool fail(const std::string& what) {
        error_ = "line " + std::to_string(line_number_) + ": " + what;
        return false;
    }

    bool next_line(std::string_view& text, std::string_view& line) {
        if (text.empty()) return false;
        size_t end = text.find('\n');
        line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        ++line_number_;
        return true;
    }

    // Makes an empty jitcode for each header, so that calls can name later ones and know what they answer.
    bool declare_all() {
        first_ = program_.jitcodes.size();
        std::string_view text = rest_;
        for (std::string_view line; next_line(text, line);) {
            at_ = line;
            skip_blanks();
            if (!starts_with("jitcode ")) continue;
            std::string name;
            if (!braces(name)) return fail("expected {name} after 'jitcode'");
            auto code = std::make_unique<jitcode>();
            code->name = name;
            code->index = static_cast<uint32_t>(program_.jitcodes.size());
            code_ = code.get();
            program_.jitcodes.push_back(std::move(code));
            if (!attributes()) return false;
        }
        code_ = nullptr;
        return true;
    }

    void skip_blanks() {
        while (!at_.empty() && (at_[0] == ' ' || at_[0] == '\t' || at_[0] == '\r')) at_.remove_prefix(1);
    }
    bool starts_with(std::string_view what) {
        if (!at_.starts_with(what)) return false;
        at_.remove_prefix(what.size());
        skip_blanks();
        return true;
    }
    bool at_end() {
        skip_blanks();
        return at_.empty() || at_[0] == '#';
    }
    std::string identifier() {
        size_t length = 0;
        while (length < at_.size() && (std::isalnum(static_cast<unsigned char>(at_[length])) || at_[length] == '_'))
            ++length;
        std::string result(at_.substr(0, length));
        at_.remove_prefix(length);
        skip_blanks();
        return result;
    }
    bool braces(std::string& name) {
        if (at_.empty() || at_[0] != '{') return false;
        int depth = 0;
        for (size_t i = 0; i < at_.size(); ++i) {
            if (at_[i] == '{') ++depth;
            if (at_[i] == '}' && --depth == 0) {
                name = std::string(at_.substr(1, i - 1));
                at_.remove_prefix(i + 1);
                skip_blanks();
                return true;
            }
        }
        return false;
    }

    bool attributes() {
        while (!at_end()) {
            std::string key = identifier();
            if (key == "unroll_safe")
                code_->unroll_safe = true;
            else if (key == "contains_loop")
                code_->contains_loop = true;
            else if (key == "args" && starts_with("="))
                code_->argument_kinds = identifier();
            else if (key == "result" && starts_with("=")) {
                std::string letter = identifier();
                if (letter != "i" && letter != "p" && letter != "f" && letter != "v")
                    return fail("the result must be i, p, f, or v for none");
                code_->result = kind_of_letter(letter[0]);
            } else if (key == "registers" && starts_with("=")) {
                for (int file = 0; file < 3; ++file, starts_with(","))
                    if (!small_number(identifier(), code_->register_count[file]))
                        return fail("registers must be three numbers up to 65535");
            } else if (key == "driver" && starts_with("=")) {
                uint32_t driver;
                if (!driver_operand(driver)) return false;
                code_->driver = static_cast<int>(driver);
            } else {
                return fail("unknown attribute '" + key + "' of a jitcode");
            }
        }
        uint32_t count[3] = {0, 0, 0};
        for (char letter : code_->argument_kinds) {
            if (file_of(letter) < 0) return fail("args must be letters of i, p, f");
            use_register(file_of(letter), count[file_of(letter)]++);
        }
        return true;
    }

    static bool small_number(std::string_view text, uint32_t& value) {
        if (text.empty() || text.size() > 5 || text.find_first_not_of("0123456789") != std::string_view::npos)
            return false;
        value = static_cast<uint32_t>(std::atoi(std::string(text).c_str()));
        return value <= 65535;
    }
    bool register_operand(const std::string& name, int& file, uint32_t& number) {
        file = name.empty() ? -1 : file_of(name[0]);
        if (file < 0 || !small_number(std::string_view(name).substr(1), number))
            return fail("'" + name + "' is no register; they are i0 to i65535, p0 ..., f0 ...");
        use_register(file, number);
        return true;
    }

    void use_register(int file, uint32_t number) {
        code_->register_count[file] = std::max(code_->register_count[file], number + 1);
    }

    bool line_of_code() {
        for (;;) { // labels
            std::string_view before = at_;
            std::string name = identifier();
            if (starts_with(":")) {
                if (!labels_.emplace(name, static_cast<uint32_t>(code_->code.size())).second)
                    return fail("label '" + name + "' is there twice");
                if (at_end()) return true;
                continue;
            }
            at_ = before;
            break;
        }
        std::string name = identifier();
        for (uint32_t number = 0; number < static_cast<uint32_t>(jitcode_op::count); ++number) {
            auto op = static_cast<jitcode_op>(number);
            if (is_jitcode_op(op) && jitcode_op_name(op) == name) return instruction(op);
        }
        return fail("there is no jitcode operation '" + name + "'");
    }

    bool instruction(jitcode_op op) {
        code_->code.push_back(static_cast<uint32_t>(op));
        if (op == jitcode_op::code_live) return live();
        std::string_view letters = operand_letters(op);
        int star = -1; // where the operand with the descriptor's kind stands, to be parsed when that is known
        std::string_view star_text;
        size_t start = code_->code.size() - 1;
        kind descr_kind = kind::none;
        bool first = true;
        for (char letter : letters) {
            bool result = std::string_view("IPFV").find(letter) != std::string_view::npos ||
                          (letter == 'n' && op == jitcode_op::code_call_inline);
            if (result) {
                kind given = kind_of_letter(static_cast<char>(letter - 'A' + 'a'));
                if (letter == 'V') given = descr_kind;
                if (letter == 'n') given = program_.jitcodes[code_->code[start + 1]]->result;
                if (!result_operand(letter, given)) return false;
                continue;
            }
            if (!first && !starts_with(",")) return fail("expected ',' before the next operand");
            first = false;
            if (letter == '*') { // skip over it now
                star = static_cast<int>(code_->code.size());
                code_->code.push_back(0);
                star_text = at_;
                int depth = 0;
                while (!at_.empty() && (depth > 0 || at_[0] != ',')) {
                    depth += (at_[0] == '{') - (at_[0] == '}');
                    at_.remove_prefix(1);
                }
                continue;
            }
            if (!operand(letter)) return false;
            if (letter == 'd') descr_kind = kind_given_by(program_, code_->code.back());
            if (letter == 'd' && star >= 0) {
                std::string_view after = at_;
                at_ = star_text;
                uint32_t value;
                if (!input(kind_letter(descr_kind), value)) return false;
                code_->code[static_cast<size_t>(star)] = value;
                at_ = after;
            }
        }
        if (!at_end()) return fail("unexpected text at the line's end: '" + std::string(at_) + "'");
        return true;
    }

    bool live() {
        liveness entry;
        if (starts_with("*")) {
            automatic_live_.push_back(static_cast<uint32_t>(code_->live.size()));
        } else {
            while (!at_end()) {
                int file;
                uint32_t number;
                if (!register_operand(identifier(), file, number)) return false;
                (file == 0   ? entry.integers
                 : file == 1 ? entry.pointers
                             : entry.floats)
                    .push_back(static_cast<uint16_t>(number));
            }
        }
        code_->code.push_back(static_cast<uint32_t>(code_->live.size()));
        code_->live.push_back(std::move(entry));
        return true;
    }

    // `given`: the kind of what the instruction answers.
    bool result_operand(char letter, kind given) {
        if (!starts_with("->")) {
            if (letter == 'V' || letter == 'n') { // a call without result
                code_->code.push_back(letter == 'n' ? 0 : no_register);
                return true;
            }
            return fail("expected '-> register'");
        }
        std::string name = identifier();
        int file;
        uint32_t number;
        if (!register_operand(name, file, number)) return false;
        if (given == kind::none) return fail("there is no result for '" + name + "'");
        if (kind_letter(given) != name[0])
            return fail("the result must be a register of kind " +
                        std::string(1, static_cast<char>(kind_letter(given) - 'a' + 'A')));
        code_->code.push_back(letter == 'n' ? number + 1 : number);
        return true;
    }

    bool operand(char letter) {
        uint32_t value = 0;
        switch (letter) {
        case 'i':
        case 'p':
        case 'f':
            if (!input(letter, value)) return false;
            break;
        case 'd':
            if (!descr_operand(value)) return false;
            break;
        case 'c':
            if (!jitcode_operand(value)) return false;
            break;
        case 'g':
            if (!driver_operand(value)) return false;
            break;
        case 'n':
            if (!small_number(identifier(), value)) return fail("expected a number up to 65535");
            break;
        case 'L':
            if (!starts_with("@")) return fail("expected @label");
            fixups_.push_back({static_cast<uint32_t>(code_->code.size()), -1, 0, identifier(), line_number_});
            break;
        case 's':
            if (!switch_operand(value)) return false;
            break;
        case 'A': return arguments();
        default: return fail("internal: operand letter");
        }
        code_->code.push_back(value);
        return true;
    }

    bool arguments() {
        if (!starts_with("(")) return fail("expected '(' before the arguments");
        size_t count_at = code_->code.size();
        code_->code.push_back(0);
        while (!starts_with(")")) {
            if (code_->code[count_at] && !starts_with(",")) return fail("expected ',' or ')' in the arguments");
            char letter = 'i';
            if (at_.starts_with("null") || at_.starts_with("ptr(") || at_.starts_with("&"))
                letter = 'p';
            else if (!at_.empty() && file_of(at_[0]) >= 0)
                letter = at_[0]; // 'float(' too
            else if (at_.substr(0, at_.find_first_of(",)")).find_first_of(".e") != std::string_view::npos)
                letter = 'f';
            uint32_t value;
            if (!input(letter, value)) return false;
            code_->code.push_back(static_cast<uint32_t>(letter));
            code_->code.push_back(value);
            ++code_->code[count_at];
        }
        return true;
    }

    bool switch_operand(uint32_t& value) {
        if (!starts_with("[")) return fail("expected '[' before the cases");
        value = static_cast<uint32_t>(code_->switches.size());
        code_->switches.emplace_back();
        while (!starts_with("]")) {
            auto& cases = code_->switches.back().cases;
            if (!cases.empty() && !starts_with(",")) return fail("expected ',' or ']' in the cases");
            int64_t number;
            if (!integer(number) || !starts_with(":") || !starts_with("@")) return fail("a case is written 1: @label");
            fixups_.push_back({0, static_cast<int>(value), cases.size(), identifier(), line_number_});
            if (!cases.empty() && cases.back().first >= number) return fail("cases must ascend");
            cases.push_back({number, 0});
        }
        return true;
    }

    bool integer(int64_t& value) {
        std::string text(at_.substr(0, 40));
        char* end;
        value = std::strtoll(text.c_str(), &end, 0);
        if (end == text.c_str()) return false;
        at_.remove_prefix(static_cast<size_t>(end - text.c_str()));
        skip_blanks();
        return true;
    }

    bool input(char letter, uint32_t& value) {
        if (at_.size() >= 2 && at_[0] == letter && std::isdigit(static_cast<unsigned char>(at_[1]))) {
            int file;
            return register_operand(identifier(), file, value);
        }
        word constant = 0;
        if (letter == 'i') {
            int64_t number;
            if (!integer(number)) return fail("expected an integer register or constant");
            constant = static_cast<word>(number);
        } else if (letter == 'f') {
            if (!floating(constant)) return fail("expected a floating register or constant");
        } else if (letter == 'p') {
            if (!pointer(constant)) return false;
        } else {
            return fail("the descriptor has no value");
        }
        auto& constants = code_->constants[file_of(letter)];
        uint32_t index = 0;
        while (index < constants.size() && constants[index] != constant) ++index;
        if (index == constants.size()) constants.push_back(constant);
        value = constant_operand | index;
        return true;
    }

    bool floating(word& value) {
        if (starts_with("float(0x")) {
            value = std::strtoull(identifier().c_str(), nullptr, 16);
            return starts_with(")");
        }
        std::string text(at_.substr(0, 64));
        char* end;
        double number = std::strtod(text.c_str(), &end);
        if (end == text.c_str()) return false;
        at_.remove_prefix(static_cast<size_t>(end - text.c_str()));
        skip_blanks();
        value = double_to_word(number);
        return true;
    }

    bool pointer(word& value) {
        if (starts_with("null")) {
            value = 0;
            return true;
        }
        if (starts_with("ptr(0x")) {
            value = std::strtoull(identifier().c_str(), nullptr, 16);
            return starts_with(")") || fail("expected ')' after the address");
        }
        std::string name;
        if (!starts_with("&") || !braces(name)) return fail("expected a pointer register, null, ptr(0x...) or &{name}");
        for (auto& [known, address] : tables_.pointers)
            if (known == name) return value = address, true;
        for (auto& function : program_.functions)
            if (function.name == name)
                return value = function.residual_address ? function.residual_address : function.address, true;
        return fail("there is no pointer or function named '" + name + "'");
    }

    static bool index_in(const std::string& name, size_t size, uint32_t& value) {
        return !name.empty() && name[0] == '#' && small_number(std::string_view(name).substr(1), value) && value < size;
    }
    bool descr_operand(uint32_t& value) {
        std::string name;
        if (!braces(name)) return fail("expected {descriptor}");
        if (index_in(name, program_.descrs.size(), value)) return true;
        for (auto* d : program_.descrs)
            if (d->name == name) return value = d->index, true;
        return fail("there is no descriptor named '" + name + "'");
    }
    bool jitcode_operand(uint32_t& value) {
        std::string name;
        if (!braces(name)) return fail("expected {jitcode}");
        if (index_in(name, program_.jitcodes.size(), value)) return true;
        for (auto& code : program_.jitcodes)
            if (code && code->name == name) return value = code->index, true;
        return fail("there is no jitcode named '" + name + "'");
    }
    bool driver_operand(uint32_t& value) {
        std::string name;
        if (!braces(name)) return fail("expected {driver}");
        if (index_in(name, program_.drivers.size(), value)) return true;
        for (value = 0; value < program_.drivers.size(); ++value)
            if (program_.drivers[value].name == name) return true;
        return fail("there is no driver named '" + name + "'");
    }

    bool finish_code() {
        if (!code_) return true;
        for (const fixup& f : fixups_) {
            auto found = labels_.find(f.label);
            if (found == labels_.end()) {
                line_number_ = f.line;
                return fail("there is no label '" + f.label + "'");
            }
            if (f.switch_index >= 0)
                code_->switches[static_cast<size_t>(f.switch_index)].cases[f.case_index].second = found->second;
            else
                code_->code[f.position] = found->second;
        }
        if (!automatic_live_.empty()) compute_liveness();
        return true;
    }

    // Backward data flow to a fixpoint, for the 'live *' instructions. Bits: register number * 3 + file.
    void compute_liveness() {
        const auto& words = code_->code;
        size_t bits =
            3 * std::max(code_->register_count[0], std::max(code_->register_count[1], code_->register_count[2]));
        std::vector<std::vector<bool>> live_in(words.size() + 1, std::vector<bool>(bits));
        std::vector<uint32_t> positions;
        for (uint32_t at = 0; at < words.size(); at = next_instruction(*code_, at)) positions.push_back(at);
        for (bool changed = true; changed;) {
            changed = false;
            for (size_t n = positions.size(); n-- > 0;) {
                uint32_t at = positions[n];
                std::vector<bool> live(bits);
                for (uint32_t successor : successors(at))
                    for (size_t bit = 0; bit < bits; ++bit)
                        if (live_in[successor][bit]) live[bit] = true;
                std::vector<size_t> reads;
                visit_registers(
                    *code_, program_, at,
                    [&](int file, uint32_t number) { reads.push_back(number * 3 + static_cast<size_t>(file)); },
                    [&](int file, uint32_t number) { live[number * 3 + static_cast<size_t>(file)] = false; });
                for (size_t bit : reads) live[bit] = true;
                if (live != live_in[at]) {
                    live_in[at] = std::move(live);
                    changed = true;
                }
            }
        }
        for (uint32_t at : positions) {
            if (static_cast<jitcode_op>(words[at]) != jitcode_op::code_live) continue;
            uint32_t number = words[at + 1];
            if (std::find(automatic_live_.begin(), automatic_live_.end(), number) == automatic_live_.end()) continue;
            for (size_t bit = 0; bit < bits; ++bit) {
                if (!live_in[at][bit]) continue;
                liveness& entry = code_->live[number];
                (bit % 3 == 0   ? entry.integers
                 : bit % 3 == 1 ? entry.pointers
                                : entry.floats)
                    .push_back(static_cast<uint16_t>(bit / 3));
            }
        }
    }

    std::vector<uint32_t> successors(uint32_t at) const {
        const auto& words = code_->code;
        switch (static_cast<jitcode_op>(words[at])) {
        case jitcode_op::code_jump: return {words[at + 1]};
        case jitcode_op::code_branch: return {words[at + 2], words[at + 3]};
        case jitcode_op::code_int_add_jump_if_ovf:
        case jitcode_op::code_int_sub_jump_if_ovf:
        case jitcode_op::code_int_mul_jump_if_ovf: return {words[at + 3], next_instruction(*code_, at)};
        case jitcode_op::code_switch_int: {
            std::vector<uint32_t> result{words[at + 3]};
            for (auto& [value, target] : code_->switches[words[at + 2]].cases) result.push_back(target);
            return result;
        }
        case jitcode_op::code_return_i:
        case jitcode_op::code_return_p:
        case jitcode_op::code_return_f:
        case jitcode_op::code_return_none:
        case jitcode_op::code_unreachable: return {};
        default: return {next_instruction(*code_, at)};
        }
    }

    std::string_view rest_, at_;
    const jitcode_parser_tables& tables_;
    program& program_;
    std::string& error_;
    int line_number_ = 0;
    size_t first_ = 0, seen_ = 0;
    jitcode* code_ = nullptr;
    std::map<std::string, uint32_t> labels_;
    std::vector<uint32_t> automatic_live_;
    std::vector<fixup> fixups_;
};

template <class read_function, class write_function>
void visit_registers(const jitcode& code, const program& prog, uint32_t position, read_function read,
                     write_function write) {
    auto op = static_cast<jitcode_op>(code.code[position]);
    if (op == jitcode_op::code_live) return;
    std::string_view letters = operand_letters(op);
    kind descr_kind = kind::none;
    uint32_t at = position + 1;
    for (char letter : letters) {
        if (letter == 'd') descr_kind = kind_given_by(prog, code.code[at]);
        if (letter == 'A') at += 2 * code.code[at];
        ++at;
    }
    at = position + 1;
    for (char letter : letters) {
        uint32_t value = code.code[at++];
        if (letter == '*' || letter == 'V') {
            if (descr_kind == kind::none || value & constant_operand) continue;
            if (letter == '*')
                read(file_of(kind_letter(descr_kind)), value);
            else
                write(file_of(kind_letter(descr_kind)), value);
        } else if (file_of(letter) >= 0) {
            if (!(value & constant_operand)) read(file_of(letter), value);
        } else if (letter == 'I' || letter == 'P' || letter == 'F') {
            write(file_of(static_cast<char>(letter - 'A' + 'a')), value);
        } else if (letter == 'n' && op == jitcode_op::code_call_inline && value) {
            uint32_t callee = code.code[position + 1];
            write(file_of(kind_letter(prog.jitcodes[callee]->result)), value - 1);
        } else if (letter == 'A') {
            for (uint32_t i = 0; i < value; ++i, at += 2)
                if (!(code.code[at + 1] & constant_operand))
                    read(file_of(static_cast<char>(code.code[at])), code.code[at + 1]);
        }
    }
}

} // namespace

bool parse_jitcodes(std::string_view text, const jitcode_parser_tables& tables, program& prog, std::string& error) {
    return parser(text, tables, prog, error).run();
}

} // namespace heddle::jit
