// The portable backend: interprets the optimised trace. It is the oracle that native backends are tested against, and
// the backend of machines that have no other.
//
// A trace becomes a row of flat instructions whose operands are slots of one array of words: first a slot per
// operation, then one per constant. That array is scanned conservatively by the collector, as a machine frame would be.
// A vector has as many slots as it has lanes, behind the constants. A jump to another trace's label, and a guard with a
// bridge, enter a fresh array. Nothing here depends on the machine.
#include "heddle/gc/gc.h"
#include "heddle/jit/backend.h"
#include <algorithm>
#include <cstdlib>

namespace heddle::jit {

namespace {

struct instruction {
    opcode op;
    bool is_guard = false;
    uint32_t destination = 0;
    uint32_t first_operand = 0, operand_count = 0; // in portable_code::operands: slots
    const descr* description = nullptr;
    guard_data* guard = nullptr;
    uint32_t first_exit = 0; // guards: slots of the fail arguments, in operands
};

struct portable_code : compiled_code {
    std::vector<instruction> instructions;
    std::vector<uint32_t> operands;
    std::vector<word> constants;
    uint32_t constants_begin = 0, slot_count = 0, input_count = 0;
    unsigned lanes = 0;
};

// The words of a running trace; zeroed, so that no stale word keeps an object in its place.
class frame {
public:
    explicit frame(const portable_code& code) { enter(code); }
    void enter(const portable_code& code) {
        storage_.assign(code.slot_count, 0);
        std::copy(code.constants.begin(), code.constants.end(), storage_.begin() + code.constants_begin);
        range_.begin = storage_.data();
        range_.end = storage_.data() + storage_.size();
    }
    word* words() { return storage_.data(); }

private:
    std::vector<word> storage_;
    gc::conservative_range range_;
};

class decoder {
public:
    decoder(const trace& t, portable_code& code) : trace_(t), code_(code) {}

    // An empty string, or why the trace can't be run.
    std::string run() {
        code_.constants_begin = static_cast<uint32_t>(trace_.operations.size());
        code_.slot_count = code_.constants_begin + static_cast<uint32_t>(trace_.constants.size());
        code_.input_count = trace_.input_count;
        for (const constant& c : trace_.constants) code_.constants.push_back(c.value);
        for (const operation& o : trace_.operations)
            if (o.op == opcode::vector_lanes) code_.lanes = static_cast<unsigned>(constant_argument(o));
        if (code_.lanes > most_vector_lanes) return "portable backend: too many lanes";
        place_vectors();
        for (uint32_t i = trace_.input_count; i < trace_.operations.size(); ++i) {
            if (std::string problem = check(trace_.operations[i]); !problem.empty()) return problem;
            add(i);
        }
        opcode last = trace_.operations.empty() ? opcode::int_add : trace_.operations.back().op;
        if (last != opcode::jump && last != opcode::finish && last != opcode::guard_always_fails)
            return "portable backend: the trace does not end with jump, finish or guard_always_fails";
        return {};
    }

private:
    word constant_argument(const operation& o) const {
        value_ref v = trace_.arguments_of(o)[0];
        return v.is_constant() ? trace_.constants[v.index()].value : 0;
    }

    void place_vectors() {
        vector_slots_.assign(trace_.operations.size(), 0);
        for (uint32_t i = 0; code_.lanes && i < trace_.operations.size(); ++i) {
            if (trace_.operations[i].result != kind::vector) continue;
            vector_slots_[i] = code_.slot_count;
            code_.slot_count += code_.lanes;
        }
    }

    std::string check(const operation& o) {
        std::string where = "portable backend: " + std::string(info(o.op).name);
        if (o.op == opcode::guard_not_forced || o.op == opcode::call_may_force) return where + " is not supported yet";
        if (o.op == opcode::guard_no_break) return where + " is for builds with transactions";
        if ((o.op == opcode::call || o.op == opcode::call_pure) &&
            !static_cast<const call_descr*>(o.description)->thunk)
            return where + ": the call descriptor '" + o.description->name + "' has no thunk";
        if (is_guard(o.op) && !o.guard) return where + " has no guard data: the trace was not optimised";
        if (is_guard(o.op) && o.guard->continues_at && !o.guard->continues_at->code)
            return where + " continues at a label that has not been compiled";
        if (o.result == kind::vector && !code_.lanes) return where + " without vector_lanes before it";
        return {};
    }

    void add(uint32_t index) {
        const operation& o = trace_.operations[index];
        if (o.op == opcode::debug_merge_point || o.op == opcode::record_exact_class || o.op == opcode::vector_lanes)
            return;
        instruction decoded{o.op, is_guard(o.op)};
        decoded.destination = slot(value_ref::result(index));
        decoded.description = o.description;
        decoded.guard = o.guard;
        decoded.first_operand = static_cast<uint32_t>(code_.operands.size());
        bool passes = o.op == opcode::label || o.op == opcode::jump; // then each lane is an operand
        for (value_ref v : trace_.arguments_of(o))
            for (uint32_t lane = 0; lane < (passes && trace_.kind_of(v) == kind::vector ? code_.lanes : 1); ++lane)
                code_.operands.push_back(slot(v) + lane);
        decoded.operand_count = static_cast<uint32_t>(code_.operands.size()) - decoded.first_operand;
        decoded.first_exit = static_cast<uint32_t>(code_.operands.size());
        if (o.guard)
            for (value_ref v : o.guard->fail_arguments) code_.operands.push_back(slot(v));
        if (o.op == opcode::label) bind_label(static_cast<target_token&>(const_cast<descr&>(*o.description)));
        code_.instructions.push_back(decoded);
    }

    void bind_label(target_token& target) {
        target.code = &code_;
        target.label_position = static_cast<uint32_t>(code_.instructions.size());
    }

    uint32_t slot(value_ref v) const {
        if (v.is_constant()) return code_.constants_begin + v.index();
        return vector_slots_[v.index()] ? vector_slots_[v.index()] : v.index();
    }

    const trace& trace_;
    portable_code& code_;
    std::vector<uint32_t> vector_slots_; // by operation; 0: its result is no vector
};

class portable_backend final : public backend {
public:
    explicit portable_backend(const backend_hooks& hooks) : hooks_(hooks) {}

    const char* name() const override { return "portable"; }
    // Lanes are words; narrower integers would not stay canonical in them.
    unsigned vector_lanes() const override { return trace_int_bits == 64 ? most_vector_lanes : 0; }

    std::string compile_loop(trace& t, loop_token& token, std::string*) override {
        auto code = std::make_unique<portable_code>();
        if (std::string problem = decoder(t, *code).run(); !problem.empty()) return problem;
        token.code.push_back(std::move(code));
        if (!token.compiled) token.entry = reinterpret_cast<uint64_t>(token.code.back().get());
        token.compiled = true;
        return {};
    }

    std::string compile_bridge(trace& t, guard_data& guard, loop_token&, std::string*) override {
        auto code = std::make_unique<portable_code>();
        if (std::string problem = decoder(t, *code).run(); !problem.empty()) return problem;
        if (t.input_count != guard.fail_arguments.size())
            return "portable backend: the bridge's inputs are not the guard's fail arguments";
        guard.bridge = std::move(code);
        return {};
    }

    void invalidate(loop_token&) override {} // the guards look at the token

    exit_state execute(loop_token& token, const word* inputs) override {
        const portable_code* code = reinterpret_cast<const portable_code*>(token.entry);
        frame values(*code);
        std::copy(inputs, inputs + code->input_count, values.words());
        return run(code, values);
    }

    void free_code(loop_token& token) override {
        for (auto& guard : token.guards) guard->bridge.reset();
        token.code.clear();
        token.compiled = false;
        token.entry = 0;
    }

    void forget_exit_values() override { exit_range_.end = exit_range_.begin; }

private:
    exit_state run(const portable_code* code, frame& values);
    void jump(const portable_code*& code, frame& values, const instruction& at, size_t& position);
    void go_to(const target_token& target, uint32_t first_operand, size_t count, const portable_code*& code,
               frame& values, size_t& position);
    void call(const instruction& at, word* slots, const uint32_t* operand);
    word call_assembler(loop_token& target, const std::vector<word>& reds);
    exit_state leave(const portable_code& code, const instruction& at, const word* slots, uint32_t first, size_t count);

    backend_hooks hooks_;
    std::vector<word> exit_values_;
    gc::conservative_range exit_range_;
};

// 'slots' are the operands' words. Overflow guards look at the flag that the operation before them has set.
bool holds(opcode op, const word* slots, const uint32_t* operand, bool overflow) {
    auto word_at = [&](int i) { return slots[operand[i]]; };
    auto class_is = [&](int i) {
        return gc::type_of(reinterpret_cast<void*>(word_at(0))) == reinterpret_cast<const gc::type_info*>(word_at(i));
    };
    switch (op) {
    case opcode::guard_true: return word_at(0) != 0;
    case opcode::guard_false: return word_at(0) == 0;
    case opcode::guard_value: return word_at(0) == word_at(1);
    case opcode::guard_class: return class_is(1);
    case opcode::guard_nonnull: return word_at(0) != 0;
    case opcode::guard_is_null: return word_at(0) == 0;
    case opcode::guard_nonnull_class: return word_at(0) != 0 && class_is(1);
    case opcode::guard_no_overflow: return !overflow;
    case opcode::guard_overflow: return overflow;
    default: return false; // guard_always_fails
    }
}

exit_state portable_backend::run(const portable_code* code, frame& values) {
    bool overflow = false;
    for (size_t position = 0;; ++position) {
        const instruction& at = code->instructions[position];
        const uint32_t* operand = code->operands.data() + at.first_operand;
        word* slots = values.words();
        if (at.is_guard) {
            if (at.op == opcode::guard_not_invalidated ? !at.guard->owner->invalidated
                                                       : holds(at.op, slots, operand, overflow))
                continue;
            size_t count = at.guard->fail_arguments.size();
            if (at.guard->continues_at) {
                go_to(*at.guard->continues_at, at.first_exit, count, code, values, position);
                continue;
            }
            exit_state exit = leave(*code, at, slots, at.first_exit, count);
            if (!at.guard->bridge) return exit;
            code = static_cast<const portable_code*>(at.guard->bridge.get());
            values.enter(*code);
            std::copy(exit.values, exit.values + count, values.words());
            position = static_cast<size_t>(-1);
            continue;
        }
        switch (at.op) {
        case opcode::label: break;
        case opcode::jump: jump(code, values, at, position); break;
        case opcode::finish: return leave(*code, at, slots, at.first_operand, at.operand_count);
        case opcode::call:
        case opcode::call_pure:
        case opcode::call_assembler: call(at, slots, operand); break;
        default: {
            if (info(at.op).flags & VECTOR) {
                const word* rows[4];
                for (uint32_t i = 0; i < at.operand_count; ++i) rows[i] = slots + operand[i];
                execute_vector_operation(at.op, at.description, code->lanes, rows, slots + at.destination);
                break;
            }
            word arguments[5];
            for (uint32_t i = 0; i < at.operand_count; ++i) arguments[i] = slots[operand[i]];
            slots[at.destination] = execute_operation(at.op, at.description, arguments, overflow);
        }
        }
    }
}

exit_state portable_backend::leave(const portable_code& code, const instruction& at, const word* slots, uint32_t first,
                                   size_t count) {
    exit_values_.resize(std::max(exit_values_.size(), count));
    for (size_t i = 0; i < count; ++i) exit_values_[i] = slots[code.operands[first + i]];
    exit_range_.begin = exit_values_.data();
    exit_range_.end = exit_values_.data() + count;
    return {at.guard, exit_values_.data()};
}

void portable_backend::jump(const portable_code*& code, frame& values, const instruction& at, size_t& position) {
    go_to(static_cast<const target_token&>(*at.description), at.first_operand, at.operand_count, code, values,
          position);
}

void portable_backend::go_to(const target_token& target, uint32_t first_operand, size_t count,
                             const portable_code*& code, frame& values, size_t& position) {
    std::vector<word> moved(count);
    for (size_t i = 0; i < count; ++i) moved[i] = values.words()[code->operands[first_operand + i]];
    if (target.code != code) {
        code = static_cast<const portable_code*>(target.code);
        values.enter(*code);
    }
    const instruction& label = code->instructions[target.label_position];
    for (size_t i = 0; i < count; ++i) values.words()[code->operands[label.first_operand + i]] = moved[i];
    position = target.label_position;
}

void portable_backend::call(const instruction& at, word* slots, const uint32_t* operand) {
    std::vector<word> arguments(at.operand_count);
    for (uint32_t i = 0; i < at.operand_count; ++i) arguments[i] = slots[operand[i]];
    word result = 0;
    if (at.op == opcode::call_assembler) {
        result = call_assembler(static_cast<loop_token&>(const_cast<descr&>(*at.description)), arguments);
    } else {
        const call_descr& callee = static_cast<const call_descr&>(*at.description);
        callee.thunk(reinterpret_cast<void*>(arguments[0]), arguments.data() + 1, &result);
    }
    slots[at.destination] = result;
}

word portable_backend::call_assembler(loop_token& target, const std::vector<word>& reds) {
    if (!target.compiled) return hooks_.run_portal(&target, reds.data());
    exit_state exit = execute(target, reds.data());
    if (exit.guard) return hooks_.finish_call(exit.guard, exit.values);
    return target.result == kind::none ? 0 : exit.values[0];
}

} // namespace

std::unique_ptr<backend> make_portable_backend(const backend_hooks& hooks) {
    return std::make_unique<portable_backend>(hooks);
}

} // namespace heddle::jit
