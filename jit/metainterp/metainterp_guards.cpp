// Guards, their snapshots, and the instructions that make them: branches, switches, hints, class tests. See
// metainterp.h.
#include "metainterp/class_test.h"
#include "metainterp/metainterp.h"

namespace heddle::jit {

// The top frame's snapshot is taken at 'position'; callers are shared between the guards of one activation.
uint32_t metainterp::snapshot(uint32_t position) { return snapshot_of(f_, position, no_register); }

uint32_t metainterp::snapshot_of(frame* f, uint32_t position, uint32_t without_register) {
    uint32_t parent = UINT32_MAX;
    if (f != base_) {
        frame* caller = f - 1;
        if (caller->snapshot == UINT32_MAX)
            caller->snapshot = snapshot_of(caller, caller->pc, caller->code->live_at(caller->pc).result_register);
        parent = caller->snapshot;
    }
    const auto& live = f->code->live_at(position);
    snapshot_frame made{f->code->source->index, position, static_cast<uint32_t>(recorded_.snapshot_values.size()),
                        live.count, parent};
    for (uint32_t i = 0; i < live.count; ++i) {
        uint32_t number = f->code->live_registers[live.first + i];
        value_ref value;
        if (number != without_register) {
            boxed b{f->registers[number], f->references[number], f->code->kind_of_register(number)};
            if (cache_.has(b.reference, heap_cache::constant)) b.reference = {};
            value = intern(b);
        }
        recorded_.snapshot_values.push_back(value);
    }
    recorded_.snapshot_frames.push_back(made);
    return static_cast<uint32_t>(recorded_.snapshot_frames.size() - 1);
}

void metainterp::guard(opcode op, std::initializer_list<boxed> arguments, uint32_t resume_position, uint16_t flags) {
    record(op, arguments);
    uint32_t number = snapshot(resume_position);
    recorded_.operations.back().snapshot = number;
    recorded_.operations.back().flags = static_cast<uint16_t>(flags | (passed_merge_point_ ? after_merge_point : 0));
    passed_merge_point_ = false;
}

void metainterp::became_constant(const boxed& value) { cache_.note(value.reference, heap_cache::constant); }

// A guard's condition must be 0 or 1; jitcode's conditions are any integer.
metainterp::boxed metainterp::as_boolean(const boxed& condition) {
    opcode op = recorded_.operations[condition.reference.index()].op;
    bool is_boolean = (op >= opcode::int_lt && op <= opcode::int_is_true) ||
                      (op >= opcode::float_lt && op <= opcode::float_ge) ||
                      (op >= opcode::ptr_eq && op <= opcode::ptr_is_nonnull);
    if (is_boolean) return condition;
    return {condition.value != 0, record(opcode::int_is_true, {condition}), kind::integer};
}

// Whether the branch stands behind a test for null of its own and the 'live' for that test.
bool metainterp::follows_null_test() const {
    constexpr uint32_t test_words = 3, live_words = 2;
    if (f_->last_live + live_words + test_words != f_->pc) return false;
    auto test = static_cast<opcode>(f_->code->code[f_->pc - test_words]);
    return (test == opcode::ptr_is_null || test == opcode::ptr_is_nonnull) &&
           f_->code->code[f_->pc - 1] == f_->code->code[f_->pc + 1];
}

void metainterp::branch_instruction() {
    const uint32_t* code = f_->code->code.data() + f_->pc;
    boxed condition = fetch_typed(code[1], kind::integer);
    uint32_t taken = condition.value ? code[2] : code[3], other = condition.value ? code[3] : code[2];
    if (!condition.is_constant() && taken != other) {
        boxed test = as_boolean(condition);
        opcode op = condition.value ? opcode::guard_true : opcode::guard_false;
        if (follows_null_test())
            guard(op, {test}, f_->last_live);
        else
            guard(op, {test}, other, resumes_elsewhere);
        became_constant(test);
        if (!condition.value) became_constant(condition);
        const operation& made = recorded_.operations[test.reference.index()];
        if ((made.op == opcode::ptr_is_null && !condition.value) ||
            (made.op == opcode::ptr_is_nonnull && condition.value))
            cache_.note(recorded_.arguments[made.first_argument], heap_cache::nonnull);
    }
    f_->pc = taken;
}

void metainterp::switch_instruction() {
    const uint32_t* code = f_->code->code.data() + f_->pc;
    boxed value = fetch_typed(code[1], kind::integer);
    const switch_table& table = f_->code->source->switches[code[2]];
    uint32_t otherwise = code[3];
    uint32_t taken = table.target(static_cast<int64_t>(value.value), otherwise);
    if (!value.is_constant()) {
        bool is_case = false;
        for (auto& [number, target] : table.cases) is_case = is_case || static_cast<word>(number) == value.value;
        if (is_case || table.cases.size() > 4) {
            guard(opcode::guard_value, {value, {value.value, {}, kind::integer}}, f_->last_live);
            became_constant(value);
        } else {
            for (auto& [number, target] : table.cases) {
                boxed equal{0, record(opcode::int_eq, {value, {static_cast<word>(number), {}, kind::integer}}),
                            kind::integer};
                guard(opcode::guard_false, {equal}, f_->last_live);
            }
        }
    }
    f_->pc = taken;
}

void metainterp::promote_instruction() {
    const uint32_t* code = f_->code->code.data() + f_->pc;
    auto op = static_cast<jitcode_op>(code[0]);
    kind k = op == jitcode_op::code_promote_i   ? kind::integer
             : op == jitcode_op::code_promote_p ? kind::pointer
                                                : kind::floating;
    boxed value = fetch_typed(code[1], k);
    boxed constant{value.value, {}, k};
    if (!value.is_constant()) {
        guard(opcode::guard_value, {value, constant}, f_->last_live);
        became_constant(value);
    }
    store(code[2], constant);
    f_->pc += 3;
}

bool metainterp::know_class(const boxed& object) {
    if (object.is_constant()) return true;
    if (cache_.has(object.reference, heap_cache::class_known)) return true;
    boxed type{reinterpret_cast<word>(gc::type_of(reinterpret_cast<const void*>(object.value))), {}, kind::pointer};
    bool nonnull = cache_.has(object.reference, heap_cache::nonnull);
    guard(nonnull ? opcode::guard_class : opcode::guard_nonnull_class, {object, type}, f_->last_live);
    cache_.note(object.reference, heap_cache::class_known | heap_cache::nonnull);
    return true;
}

// The interpreter reads through the object here, so that it can't be null.
void metainterp::load_vtable_instruction() {
    const uint32_t* code = f_->code->code.data() + f_->pc;
    boxed object = fetch_typed(code[1], kind::pointer);
    cache_.note(object.reference, heap_cache::nonnull);
    know_class(object);
    store(code[2], {pointer_word_at(object.value), {}, kind::pointer});
    f_->pc += 3;
}

void metainterp::instance_instruction(bool exact) {
    const uint32_t* code = f_->code->code.data() + f_->pc;
    boxed object = fetch_typed(code[1], kind::pointer), type = fetch_typed(code[2], kind::pointer);
    if (!type.is_constant()) {
        guard(opcode::guard_value, {type, {type.value, {}, kind::pointer}}, f_->last_live);
        became_constant(type);
    }
    if (object.value) {
        cache_.note(object.reference, heap_cache::nonnull); // the test itself, in native code, reads through it
        know_class(object);
    } else if (!object.is_constant()) {
        guard(opcode::guard_is_null, {object}, f_->last_live);
        became_constant(object);
    }
    word answer = exact ? is_exactly(object.value, type.value) : is_instance_of(object.value, type.value);
    store(code[3], {answer, {}, kind::integer});
    f_->pc += 4;
}

// For tests (option fuel): one guard that always fails at the n-th 'live' executed while tracing, in the whole process.
void metainterp::burn_fuel() {
    if (++runtime_.fuel_used == runtime_.options.fuel) guard(opcode::guard_always_fails, {}, f_->last_live);
}

} // namespace heddle::jit
