// See decoded_jitcode.h.
#include "metainterp/decoded_jitcode.h"
#include "metainterp/descr_kind.h"
#include <array>

namespace heddle::jit {
namespace {

class decoder {
public:
    decoder(const jitcode& source, program& prog, decoded_jitcode& result)
        : source_(source), program_(prog), result_(result) {}

    void run() {
        result_.source = &source_;
        result_.code = source_.code;
        uint32_t constants = 0;
        for (int file = 0; file < 3; ++file) {
            result_.base[file] = result_.register_count;
            result_.register_count += source_.register_count[file];
            constant_base_[file] = constants;
            constants += static_cast<uint32_t>(source_.constants[file].size());
            result_.constants.insert(result_.constants.end(), source_.constants[file].begin(),
                                     source_.constants[file].end());
        }
        uint32_t next_argument[3] = {result_.base[0], result_.base[1], result_.base[2]};
        for (char letter : source_.argument_kinds)
            result_.argument_registers.push_back(next_argument[file_of(kind_of_letter(letter))]++);
        result_register_ = no_register;
        for (uint32_t position = 0; position < source_.code.size();) position = instruction(position);
    }

private:
    static int file_of(kind k) { return k == kind::pointer ? 1 : k == kind::floating ? 2 : 0; }

    uint32_t input(kind k, uint32_t operand) const {
        int file = file_of(k);
        return operand & constant_operand ? operand + constant_base_[file] : operand + result_.base[file];
    }
    uint32_t output(kind k, uint32_t operand) const {
        return operand == no_register ? no_register : operand + result_.base[file_of(k)];
    }

    // The answer: the position of the next one.
    uint32_t instruction(uint32_t position) {
        auto op = static_cast<jitcode_op>(source_.code[position]);
        auto& code = result_.code;
        if (op == jitcode_op::code_live) {
            code[position + 1] = live(source_.live[source_.code[position + 1]]);
            result_register_ = no_register;
            return position + 2;
        }
        const std::string_view letters = operand_letters(op);
        kind of_descr = letters.find('d') != letters.npos ? kind_of_descr(letters, position + 1) : kind::none;
        result_register_ = no_register;
        uint32_t at = position + 1;
        for (char letter : letters) {
            uint32_t value = source_.code[at];
            switch (letter) {
            case 'i':
            case 'p':
            case 'f': code[at] = input(kind_of_letter(letter), value); break;
            case '*': code[at] = input(of_descr, value); break;
            case 'I':
            case 'P':
            case 'F': code[at] = output(kind_of_letter(static_cast<char>(letter - 'A' + 'a')), value); break;
            case 'V': result_register_ = code[at] = output(of_descr, value); break;
            case 'n':
                if (op != jitcode_op::code_call_inline) break;
                result_register_ = code[at] =
                    value ? output(program_.code(source_.code[position + 1]).result, value - 1) : no_register;
                break;
            case 'A':
                for (uint32_t i = 0; i < value; ++i, at += 2) {
                    kind k = kind_of_letter(static_cast<char>(source_.code[at + 1]));
                    code[at + 1] = static_cast<uint32_t>(k);
                    code[at + 2] = input(k, source_.code[at + 2]);
                }
                break;
            default: break;
            }
            ++at;
        }
        return at;
    }

    // What the instruction's descriptor tells of its other operands.
    kind kind_of_descr(std::string_view letters, uint32_t at) const {
        for (char letter : letters) {
            if (letter == 'd') return value_kind(*program_.descrs[source_.code[at]]);
            if (letter == 'A') at += 2 * source_.code[at];
            ++at;
        }
        return kind::none;
    }

    uint32_t live(const liveness& entry) {
        decoded_jitcode::live_entry made{static_cast<uint32_t>(result_.live_registers.size()), 0, result_register_};
        for (uint16_t number : entry.integers) result_.live_registers.push_back(number + result_.base[0]);
        for (uint16_t number : entry.pointers) result_.live_registers.push_back(number + result_.base[1]);
        for (uint16_t number : entry.floats) result_.live_registers.push_back(number + result_.base[2]);
        made.count = static_cast<uint32_t>(result_.live_registers.size()) - made.first;
        result_.live.push_back(made);
        return static_cast<uint32_t>(result_.live.size() - 1);
    }

    const jitcode& source_;
    program& program_;
    decoded_jitcode& result_;
    uint32_t constant_base_[3] = {0, 0, 0};
    uint32_t result_register_ = no_register;
};

} // namespace

std::unique_ptr<decoded_jitcode> decode(const jitcode& source, program& prog) {
    auto result = std::make_unique<decoded_jitcode>();
    decoder(source, prog, *result).run();
    return result;
}

} // namespace heddle::jit
