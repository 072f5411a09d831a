// Registers for flat code: liveness, interference, coalescing of moves, colouring.
//
// A jitcode's register files have as many registers as needed, so nothing is ever spilled and any move whose two sides
// do not interfere can be coalesced (Chaitin's aggressive coalescing without its cost). Fewer registers make frames and
// snapshots smaller: a colour is the lowest that is free among the neighbours. Arguments are precoloured 0, 1, ... of
// their kinds. Each kind is coloured by itself, but all share one numbering and one interference matrix.
#include "flat_code.h"
#include <algorithm>
#include <map>

namespace heddle::translator::codewriter {

bool has_effect(const flat_instruction& i) {
    if (i.what != flat_instruction::operation) return true;
    switch (i.op) {
    case jitcode_op::code_move_i:
    case jitcode_op::code_move_p:
    case jitcode_op::code_move_f:
    case jitcode_op::code_load_code_slot: return false;
    // Loading a class, promoting: these guard, but what they tell is only of use with the result.
    case jitcode_op::code_load_vtable:
    case jitcode_op::code_is_instance:
    case jitcode_op::code_is_exact_instance:
    case jitcode_op::code_is_constant_i:
    case jitcode_op::code_is_constant_p:
    case jitcode_op::code_is_virtual: return false;
    default: break;
    }
    if (static_cast<uint32_t>(i.op) >= static_cast<uint32_t>(jit::opcode::count)) return true;
    return (jit::info(static_cast<jit::opcode>(i.op)).flags & (jit::PURE | jit::READS | jit::ALLOCATES)) == 0;
}

namespace {

// Rows of bits.
class bit_matrix {
public:
    bit_matrix(size_t rows, size_t columns) : words_((columns + 63) / 64), bits_(rows * words_) {}
    size_t words() const { return words_; }
    uint64_t* row(size_t r) { return bits_.data() + r * words_; }
    bool test(size_t r, size_t c) { return row(r)[c / 64] >> (c % 64) & 1; }
    void set(size_t r, size_t c) { row(r)[c / 64] |= uint64_t{1} << (c % 64); }
    void clear(size_t r, size_t c) { row(r)[c / 64] &= ~(uint64_t{1} << (c % 64)); }
    template <class Visit> void each(size_t r, Visit visit) {
        for (size_t w = 0; w < words_; ++w)
            for (uint64_t bits = row(r)[w]; bits; bits &= bits - 1)
                visit(static_cast<uint32_t>(w * 64 + static_cast<size_t>(__builtin_ctzll(bits))));
    }

private:
    size_t words_;
    std::vector<uint64_t> bits_;
};

struct block {
    uint32_t begin = 0, end = 0;
    std::vector<uint32_t> successors;
};

class assigner {
public:
    explicit assigner(flat_function& f)
        : f_(f), register_total_(f.register_kinds.size()), blocks_(split()), live_in_(blocks_.size(), register_total_),
          interference_(0, 0) {}

    register_assignment run() {
        remove_dead();
        solve_liveness();
        interference_ = bit_matrix(register_total_, register_total_);
        find_interference();
        coalesce();
        colour();
        record_live_entries();
        drop_copies_to_self();
        return std::move(result_);
    }

private:
    std::vector<block> split() {
        std::vector<block> blocks;
        std::vector<uint32_t> block_of_label(f_.label_count, no_value);
        bool open = false;
        for (uint32_t i = 0; i < f_.code.size(); ++i) {
            flat_instruction& instruction = f_.code[i];
            if (!open || instruction.what == flat_instruction::bind_label) {
                if (open) blocks.back().end = i;
                blocks.push_back({i, i, {}});
                open = true;
            }
            if (instruction.what == flat_instruction::bind_label)
                block_of_label[instruction.target[0]] = static_cast<uint32_t>(blocks.size() - 1);
            if (is_terminator(instruction) || is_overflow_jump(instruction.op)) {
                blocks.back().end = i + 1;
                open = false;
            }
        }
        if (open) blocks.back().end = static_cast<uint32_t>(f_.code.size());
        for (uint32_t b = 0; b < blocks.size(); ++b) {
            const flat_instruction& last = f_.code[blocks[b].end - 1];
            auto add = [&](label l) {
                if (l != no_value) blocks[b].successors.push_back(block_of_label[l]);
            };
            if (last.what == flat_instruction::operation && (is_terminator(last) || is_overflow_jump(last.op))) {
                add(last.target[0]);
                add(last.target[1]);
                if (last.op == jitcode_op::code_switch_int)
                    for (auto& [value, target] : f_.switches[static_cast<size_t>(last.number)].cases) add(target);
            }
            if (!is_terminator(last) && b + 1 < blocks.size()) blocks[b].successors.push_back(b + 1);
        }
        return blocks;
    }

    void remove_dead() {
        std::vector<uint32_t> uses(register_total_, 0);
        for (const flat_instruction& i : f_.code)
            for (uint32_t n = 0; n < i.input_count; ++n)
                if (f_.inputs_of(i)[n].is_register()) ++uses[f_.inputs_of(i)[n].number];
        for (size_t at = f_.code.size(); at-- > 0;) {
            flat_instruction& i = f_.code[at];
            if (!i.result.is_register() || uses[i.result.number] || has_effect(i)) continue;
            i.dead = true;
            for (uint32_t n = 0; n < i.input_count; ++n)
                if (f_.inputs_of(i)[n].is_register()) --uses[f_.inputs_of(i)[n].number];
        }
    }

    // Walks a block backwards with its live set; visit(instruction) sees what is live after the instruction.
    template <class Visit> void walk(const block& b, uint64_t* live, Visit visit) {
        for (uint32_t at = b.end; at-- > b.begin;) {
            flat_instruction& i = f_.code[at];
            if (i.dead) continue;
            visit(i, live);
            if (i.result.is_register()) live[i.result.number / 64] &= ~(uint64_t{1} << (i.result.number % 64));
            for (uint32_t n = 0; n < i.input_count; ++n) {
                const flat_value& v = f_.inputs_of(i)[n];
                if (v.is_register()) live[v.number / 64] |= uint64_t{1} << (v.number % 64);
            }
        }
    }

    std::vector<uint64_t> live_out(const block& b) {
        std::vector<uint64_t> live(live_in_.words(), 0);
        for (uint32_t s : b.successors)
            for (size_t w = 0; w < live.size(); ++w) live[w] |= live_in_.row(s)[w];
        // An overflow jump's result is undefined on the jump; that path never has it live, because the lowering
        // recomputes.
        return live;
    }

    void solve_liveness() {
        for (bool changed = true; changed;) {
            changed = false;
            for (size_t b = blocks_.size(); b-- > 0;) {
                std::vector<uint64_t> live = live_out(blocks_[b]);
                walk(blocks_[b], live.data(), [](flat_instruction&, uint64_t*) {});
                if (std::equal(live.begin(), live.end(), live_in_.row(b))) continue;
                std::copy(live.begin(), live.end(), live_in_.row(b));
                changed = true;
            }
        }
    }

    void interfere(uint32_t a, uint32_t b) {
        if (a == b || f_.register_kinds[a] != f_.register_kinds[b]) return;
        interference_.set(a, b);
        interference_.set(b, a);
    }

    template <class Visit> void each_live(const uint64_t* live, Visit visit) {
        for (size_t w = 0; w < live_in_.words(); ++w)
            for (uint64_t bits = live[w]; bits; bits &= bits - 1)
                visit(static_cast<uint32_t>(w * 64 + static_cast<size_t>(__builtin_ctzll(bits))));
    }

    void find_interference() {
        appears_.assign(register_total_, false);
        for (block& b : blocks_) {
            std::vector<uint64_t> live = live_out(b);
            walk(b, live.data(), [&](flat_instruction& i, uint64_t* after) {
                for (uint32_t n = 0; n < i.input_count; ++n)
                    if (f_.inputs_of(i)[n].is_register()) appears_[f_.inputs_of(i)[n].number] = true;
                if (!i.result.is_register()) return;
                uint32_t defined = i.result.number;
                appears_[defined] = true;
                uint32_t source =
                    is_move(i.op) && i.what == flat_instruction::operation && f_.inputs_of(i)[0].is_register()
                        ? f_.inputs_of(i)[0].number
                        : no_value;
                each_live(after, [&](uint32_t other) {
                    if (other != source) interfere(defined, other);
                });
            });
        }
        // The arguments arrive together, and with whatever is (wrongly or not) live at the entry.
        uint32_t arguments = static_cast<uint32_t>(f_.argument_kinds.size());
        for (uint32_t a = 0; a < arguments; ++a) {
            appears_[a] = true;
            for (uint32_t b = 0; b < a; ++b) interfere(a, b);
            if (!blocks_.empty()) each_live(live_in_.row(0), [&](uint32_t other) { interfere(a, other); });
        }
    }

    uint32_t find(uint32_t v) {
        while (leader_[v] != v) v = leader_[v] = leader_[leader_[v]];
        return v;
    }

    void coalesce() {
        leader_.resize(register_total_);
        for (uint32_t v = 0; v < register_total_; ++v) leader_[v] = v;
        uint32_t arguments = static_cast<uint32_t>(f_.argument_kinds.size());
        for (const flat_instruction& i : f_.code) {
            if (i.dead || i.what != flat_instruction::operation || !is_move(i.op) || !f_.inputs_of(i)[0].is_register())
                continue;
            uint32_t a = find(i.result.number), b = find(f_.inputs_of(i)[0].number);
            if (a == b || interference_.test(a, b) || (a < arguments && b < arguments)) continue;
            if (b < arguments) std::swap(a, b); // a argument's number stays the leader
            leader_[b] = a;
            interference_.each(b, [&](uint32_t other) { interfere(a, other); });
        }
    }

    void colour() {
        std::vector<uint32_t> colours(register_total_, no_value);
        uint32_t next_argument[4] = {};
        for (uint32_t a = 0; a < f_.argument_kinds.size(); ++a)
            colours[a] = next_argument[static_cast<int>(f_.register_kinds[a])]++;
        std::vector<bool> taken;
        auto choose = [&](uint32_t v) {
            if (colours[v] != no_value) return;
            taken.assign(taken.size(), false);
            interference_.each(v, [&](uint32_t other) {
                uint32_t c = colours[find(other)];
                if (c == no_value) return;
                if (c >= taken.size()) taken.resize(c + 1);
                taken[c] = true;
            });
            uint32_t c = 0;
            while (c < taken.size() && taken[c]) ++c;
            colours[v] = c;
        };
        for (const flat_instruction& i : f_.code)
            if (!i.dead && i.result.is_register()) choose(find(i.result.number));
        for (uint32_t v = 0; v < register_total_; ++v)
            if (appears_[v]) choose(find(v)); // used but never written: undefined values
        result_.assigned.assign(register_total_, no_value);
        for (uint32_t v = 0; v < register_total_; ++v) {
            if (!appears_[v]) continue;
            uint32_t c = result_.assigned[v] = colours[find(v)];
            uint32_t& count = result_.count[static_cast<int>(f_.register_kinds[v]) - 1];
            count = std::max(count, c + 1);
        }
    }

    uint32_t intern(const uint64_t* live) {
        jit::liveness entry;
        std::vector<uint16_t>* files[] = {&entry.integers, &entry.pointers, &entry.floats};
        each_live(live, [&](uint32_t v) {
            files[static_cast<int>(f_.register_kinds[v]) - 1]->push_back(static_cast<uint16_t>(result_.assigned[v]));
        });
        std::vector<uint16_t> key;
        for (auto* file : files) {
            std::sort(file->begin(), file->end());
            file->erase(std::unique(file->begin(), file->end()), file->end());
            key.push_back(static_cast<uint16_t>(file->size()));
            key.insert(key.end(), file->begin(), file->end());
        }
        auto [found, fresh] = entries_.try_emplace(std::move(key), static_cast<uint32_t>(result_.live.size()));
        if (fresh) result_.live.push_back(std::move(entry));
        return found->second;
    }

    void record_live_entries() {
        for (block& b : blocks_) {
            std::vector<uint64_t> live = live_out(b);
            walk(b, live.data(), [&](flat_instruction& i, uint64_t* after) {
                if (i.what == flat_instruction::bind_label ||
                    (i.what == flat_instruction::operation && i.op == jitcode_op::code_live))
                    i.live = intern(after);
            });
        }
    }

    void drop_copies_to_self() {
        for (flat_instruction& i : f_.code) {
            if (i.dead || i.what != flat_instruction::operation || !is_move(i.op)) continue;
            const flat_value& source = f_.inputs_of(i)[0];
            if (source.is_register() && result_.assigned[source.number] == result_.assigned[i.result.number])
                i.dead = true;
        }
    }

    flat_function& f_;
    size_t register_total_;
    std::vector<block> blocks_;
    bit_matrix live_in_;
    bit_matrix interference_;
    std::vector<bool> appears_;
    std::vector<uint32_t> leader_;
    std::map<std::vector<uint16_t>, uint32_t> entries_;
    register_assignment result_;
};

} // namespace

register_assignment assign_registers(flat_function& f) { return assigner(f).run(); }

} // namespace heddle::translator::codewriter
