// Checks what the meta-interpreter and the blackhole rely on without looking: see 'verify' in jitcode.h.
#include "heddle/jit/jitcode.h"
#include "heddle/jit/program.h"
#include "metainterp/descr_kind.h"

namespace heddle::jit {
namespace {

bool needs_live_before(jitcode_op op) {
    switch (op) {
    case jitcode_op::code_switch_int:
    case jitcode_op::code_promote_i:
    case jitcode_op::code_promote_p:
    case jitcode_op::code_promote_f:
    case jitcode_op::code_load_vtable:
    case jitcode_op::code_is_instance:
    case jitcode_op::code_is_exact_instance:
    case jitcode_op::code_call_indirect:
    case jitcode_op::code_conditional_call:
    case jitcode_op::code_merge_point: return true;
    default: return false;
    }
}

bool needs_live_after(jitcode_op op) {
    return op == jitcode_op::code_call_inline || op == jitcode_op::code_call_residual ||
           op == jitcode_op::code_call_indirect || op == jitcode_op::code_conditional_call;
}

class verifier {
public:
    verifier(const jitcode& code, const program& prog) : code_(code), program_(prog) {}

    std::string run() {
        is_start_.assign(code_.code.size() + 1, false);
        for (uint32_t at = 0; at < code_.code.size();) {
            is_start_[at] = true;
            if (!is_jitcode_op(op_at(at))) return error(at, "is no operation");
            uint64_t end = at + 1;
            for (char letter : operand_letters(op_at(at))) {
                if (end >= code_.code.size()) return error(at, "is cut off at the end");
                end += letter == 'A' ? 2 * uint64_t{code_.code[end]} + 1 : 1;
            }
            if (end > code_.code.size()) return error(at, "is cut off at the end");
            at = static_cast<uint32_t>(end);
        }
        bool live_before = false;
        for (uint32_t at = 0; at < code_.code.size();) {
            jitcode_op op = op_at(at);
            uint32_t next = next_instruction(code_, at);
            if (needs_live_before(op) && !live_before) return error(at, "needs a 'live' directly before it");
            if (needs_live_after(op) && !is_live(next)) return error(at, "needs a 'live' directly after it");
            if (std::string problem = operands(at); !problem.empty()) return error(at, problem);
            live_before = op == jitcode_op::code_live;
            at = next;
        }
        return {};
    }

private:
    jitcode_op op_at(uint32_t at) const { return static_cast<jitcode_op>(code_.code[at]); }
    bool is_live(uint32_t at) const {
        return at < code_.code.size() && is_start_[at] && op_at(at) == jitcode_op::code_live;
    }
    std::string error(uint32_t at, const std::string& what) const {
        std::string name = at < code_.code.size() ? std::string(jitcode_op_name(op_at(at))) : "end";
        return "jitcode " + code_.name + ", position " + std::to_string(at) + ": " + name + " " + what;
    }

    std::string input(int file, uint32_t value) const {
        bool good = value & constant_operand ? (value & ~constant_operand) < code_.constants[file].size()
                                             : value < code_.register_count[file];
        return good ? "" : "has an operand that is neither a register nor a constant: " + std::to_string(value);
    }

    std::string result(kind given, uint32_t value) const {
        if (given == kind::none) return "has a result register but no result";
        return value < code_.register_count[static_cast<int>(given) - 1] ? "" : "has no such result register";
    }

    std::string registers_of(const liveness& entry) const {
        const std::vector<uint16_t>* files[3] = {&entry.integers, &entry.pointers, &entry.floats};
        for (int file = 0; file < 3; ++file)
            for (uint16_t number : *files[file])
                if (number >= code_.register_count[file]) return "names a register that there is not";
        return "";
    }

    std::string operands(uint32_t position) const {
        jitcode_op op = op_at(position);
        uint32_t at = position + 1;
        kind described = kind::none; // what the descriptor's value is
        uint32_t described_input = no_register;
        for (char letter : operand_letters(op)) {
            uint32_t value = code_.code[at++];
            std::string problem;
            switch (letter) {
            case '*': described_input = value; break; // before its descriptor
            case 'V':
                if (value != no_register) problem = result(described, value);
                break;
            case 'i': problem = input(0, value); break;
            case 'p': problem = input(1, value); break;
            case 'f': problem = input(2, value); break;
            case 'I':
            case 'P':
            case 'F':
                if (value >= code_.register_count[letter == 'I' ? 0 : letter == 'P' ? 1 : 2])
                    problem = "has no such result register";
                break;
            case 'd':
                if (value >= program_.descrs.size()) {
                    problem = "has no such descriptor";
                    break;
                }
                described = value_kind(*program_.descrs[value]);
                if (described_input == no_register) break;
                problem = described == kind::none ? "has a value that its descriptor does not have"
                                                  : input(static_cast<int>(described) - 1, described_input);
                break;
            case 'c':
                if (value >= program_.jitcodes.size()) problem = "has no such jitcode";
                break;
            case 'g':
                if (value >= program_.drivers.size()) problem = "has no such driver";
                break;
            case 'L':
                if (!is_live(value)) problem = "goes to a position that is no 'live'";
                break;
            case 's':
                if (value >= code_.switches.size()) {
                    problem = "has no such switch table";
                    break;
                }
                for (auto& [number, target] : code_.switches[value].cases)
                    if (!is_live(target)) problem = "goes to a position that is no 'live'";
                break;
            case 'n':
                if (op == jitcode_op::code_live)
                    problem = value < code_.live.size() ? registers_of(code_.live[value]) : "has no such liveness";
                if (op == jitcode_op::code_call_inline && value != 0)
                    if (auto& callee = program_.jitcodes[code_.code[position + 1]]) // else: not decoded yet
                        problem = result(callee->result, value - 1);
                break;
            case 'A':
                for (uint32_t i = 0; i < value && problem.empty(); ++i, at += 2) {
                    uint32_t k = code_.code[at];
                    problem = k == 'i' || k == 'p' || k == 'f' ? input(k == 'i'   ? 0
                                                                       : k == 'p' ? 1
                                                                                  : 2,
                                                                       code_.code[at + 1])
                                                               : "has an argument of no kind";
                }
                break;
            default: break;
            }
            if (!problem.empty() && !(letter == 'L' && op == jitcode_op::code_jump)) return problem;
            if (letter == 'L' && op == jitcode_op::code_jump && (value >= code_.code.size() || !is_start_[value]))
                return "goes to a position that is no instruction";
        }
        return {};
    }

    const jitcode& code_;
    const program& program_;
    std::vector<bool> is_start_;
};

} // namespace

std::string verify(const jitcode& code, const program& prog) { return verifier(code, prog).run(); }

} // namespace heddle::jit
