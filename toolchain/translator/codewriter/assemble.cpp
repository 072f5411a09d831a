// Encoding: see assemble.h. Two passes: positions first, then words.
#include "assemble.h"
#include <unordered_map>

namespace heddle::translator::codewriter {

namespace {

class assembler {
public:
    assembler(const flat_function& f, const register_assignment& registers, call_resolver& calls, symbol_table& symbols,
              std::vector<uint32_t>& relocations)
        : f_(f), registers_(registers), calls_(calls), symbols_(symbols), relocations_(relocations),
          out_(std::make_unique<jit::jitcode>()) {}

    std::unique_ptr<jit::jitcode> run() {
        out_->name = f_.name;
        out_->location = f_.location;
        out_->argument_kinds = f_.argument_kinds;
        out_->result = f_.result;
        out_->driver = f_.driver;
        out_->unroll_safe = f_.unroll_safe;
        out_->contains_loop = f_.contains_loop;
        out_->live = registers_.live;
        for (int file = 0; file < 3; ++file) out_->register_count[file] = registers_.count[file];
        find_skipped_jumps();
        positions_.assign(f_.label_count, 0);
        for (uint32_t at = 0; at < f_.code.size(); ++at) encode(at);
        for (auto& [word, target] : fixups_) out_->code[word] = positions_[target];
        for (const flat_switch& s : f_.switches) {
            jit::switch_table& table = out_->switches.emplace_back();
            for (auto& [value, target] : s.cases) table.cases.emplace_back(value, positions_[target]);
        }
        return std::move(out_);
    }

private:
    // A jump to what follows it anyway is left out.
    void find_skipped_jumps() {
        skipped_.assign(f_.code.size(), false);
        for (uint32_t at = 0; at < f_.code.size(); ++at) {
            const flat_instruction& i = f_.code[at];
            if (i.what != flat_instruction::operation || i.op != jitcode_op::code_jump) continue;
            for (uint32_t next = at + 1;
                 next < f_.code.size() && (f_.code[next].dead || f_.code[next].what == flat_instruction::bind_label);
                 ++next)
                if (f_.code[next].what == flat_instruction::bind_label && f_.code[next].target[0] == i.target[0])
                    skipped_[at] = true;
        }
    }

    void word(uint32_t w) { out_->code.push_back(w); }
    void op(jitcode_op o) { word(static_cast<uint32_t>(o)); }

    void encode(uint32_t at) {
        const flat_instruction& i = f_.code[at];
        if (i.line != no_value) line_ = i.line;
        if (i.dead || skipped_[at]) return;
        if (line_ != no_value) {
            out_->lines.emplace_back(static_cast<uint32_t>(out_->code.size()), f_.lines[line_]);
            line_ = no_value;
        }
        switch (i.what) {
        case flat_instruction::bind_label:
            positions_[i.target[0]] = static_cast<uint32_t>(out_->code.size());
            op(jitcode_op::code_live);
            word(i.live);
            break;
        case flat_instruction::call: encode_call(i); break;
        case flat_instruction::operation: encode_operation(i); break;
        }
    }

    void encode_operation(const flat_instruction& i) {
        op(i.op);
        if (i.op == jitcode_op::code_live) return word(i.live);
        uint32_t descr = i.indirect ? calls_.indirect(*i.indirect) : i.descr;
        uint32_t next_input = 0, next_target = 0;
        for (char letter : jit::operand_letters(i.op)) {
            switch (letter) {
            case 'i':
            case 'p':
            case 'f':
            case '*': input(f_.inputs_of(i)[next_input++]); break;
            case 'I':
            case 'P':
            case 'F':
            case 'V': result(i.result); break;
            case 'd': word(descr); break;
            case 'L':
                fixups_.emplace_back(static_cast<uint32_t>(out_->code.size()), i.target[next_target++]);
                word(0);
                break;
            case 'n':
            case 's':
            case 'g': word(static_cast<uint32_t>(i.number)); break;
            case 'A': arguments(i, next_input); break;
            default: break;
            }
        }
    }

    void encode_call(const flat_instruction& i) {
        call_target target = calls_.direct(*i.callee);
        if (target.jitcode >= 0) {
            op(jitcode_op::code_call_inline);
            word(static_cast<uint32_t>(target.jitcode));
            arguments(i, 0);
            word(i.result.is_register() ? registers_.assigned[i.result.number] + 1 : 0);
            return;
        }
        op(jitcode_op::code_call_residual);
        input(flat_value::of_pointer(target.residual));
        word(target.call_descr);
        arguments(i, 0);
        result(i.result);
    }

    void arguments(const flat_instruction& i, uint32_t first) {
        word(i.input_count - first);
        for (uint32_t n = first; n < i.input_count; ++n) {
            const flat_value& v = f_.inputs_of(i)[n];
            word(static_cast<uint32_t>(jit::kind_letter(v.type)));
            input(v);
        }
    }

    void result(const flat_value& v) { word(v.is_register() ? registers_.assigned[v.number] : jit::no_register); }

    void input(const flat_value& v) {
        if (v.is_register()) return word(registers_.assigned[v.number]);
        int file = static_cast<int>(v.type) - 1;
        uint64_t value = v.what == flat_value::pointer_constant ? symbols_.address_word(v.symbol) : v.bits;
        auto [found, fresh] = constants_[file].try_emplace(value, static_cast<uint32_t>(out_->constants[file].size()));
        if (fresh) {
            if (v.what == flat_value::pointer_constant && v.symbol) relocations_.push_back(found->second);
            out_->constants[file].push_back(value);
        }
        word(jit::constant_operand | found->second);
    }

    const flat_function& f_;
    const register_assignment& registers_;
    call_resolver& calls_;
    symbol_table& symbols_;
    std::vector<uint32_t>& relocations_;
    std::unique_ptr<jit::jitcode> out_;
    std::vector<bool> skipped_;
    std::vector<uint32_t> positions_;
    std::vector<std::pair<uint32_t, label>> fixups_;
    std::unordered_map<uint64_t, uint32_t> constants_[3];
    uint32_t line_ = no_value;
};

} // namespace

std::unique_ptr<jit::jitcode> assemble(const flat_function& f, const register_assignment& registers,
                                       call_resolver& calls, symbol_table& symbols,
                                       std::vector<uint32_t>& relocations) {
    return assembler(f, registers, calls, symbols, relocations).run();
}

} // namespace heddle::translator::codewriter
