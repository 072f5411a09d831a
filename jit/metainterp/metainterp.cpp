// The meta-interpreter's main loop and its operations. See metainterp.h.
#include "metainterp/metainterp.h"
#include "metainterp/blackhole.h"
#include "metainterp/descr_kind.h"
#include "runtime/compile.h"

namespace heddle::jit {

metainterp::metainterp(jit_runtime& runtime)
    : runtime_(runtime), stack_(frame_stack::instance()), recorded_(runtime.take_trace()),
      spare_cache_(runtime.take_heap_cache()), cache_(*spare_cache_) {
    cache_.clear(runtime_.prog->descrs.size());
    recorded_.operations.reserve(1024);
    recorded_.arguments.reserve(2048);
}

metainterp::~metainterp() {
    stop_recording();
    runtime_.give_back(std::move(recorded_));
    runtime_.give_back(std::move(spare_cache_));
}

void metainterp::stop_recording() {
    if (transaction_has_ended()) return;
    constants_range_.begin = constants_range_.end = nullptr;
    end_tracing();
}

outcome metainterp::run() {
    uint64_t began = runtime_.clock(), others = runtime_.nanoseconds_optimising + runtime_.nanoseconds_assembling;
    if (!parallel) runtime_.being_traced.push_back(from_guard_ ? static_cast<const void*>(from_guard_) : start_);
    const uint64_t step_limit = uint64_t{runtime_.options.trace_limit} * 128;
    while (end_ == ending::none) {
        step();
        if ((length() > runtime_.options.trace_limit || steps_ > step_limit) && end_ == ending::none)
            blame_for_length();
    }
    runtime_.operations_recorded += recorded_.operations.size();
    others = runtime_.nanoseconds_optimising + runtime_.nanoseconds_assembling - others;
    runtime_.nanoseconds_tracing += runtime_.clock() - began - others;
    if (!parallel) runtime_.being_traced.pop_back();
    if (end_ == ending::aborted) {
        stop_recording(); // the blackhole may run portals to their ends
        return run_blackhole(runtime_, base_, buffer_);
    }
    stack_.pop_to(base_);
    return {end_ == ending::finished, result_};
}

void metainterp::give_up(abort_reason reason) {
    if (end_ != ending::none) return;
    end_ = ending::aborted;
    ++runtime_.counts.aborts;
    ++runtime_.aborts_by_reason[static_cast<size_t>(reason)];
    if (runtime_.events.traces() || runtime_.events.summary())
        runtime_.events.section("jit-abort",
                                std::string(abort_reason_name(reason)) + " in " + f_->code->source->name +
                                    " at position " + std::to_string(f_->pc),
                                "");
    if (reason == abort_reason::uncommitted || reason == abort_reason::transaction_ended)
        try_later(start_);
    else if (from_guard_)
        guard_trace_failed(*from_guard_, runtime_.options.max_aborts);
    else if (start_)
        runtime_.warm.back_off(*start_, runtime_.options.max_aborts);
}

// No fault of the place: another transaction may have better luck.
void metainterp::try_later(cell* place) {
    if (from_guard_) from_guard_->failures = 0;
    if (place) runtime_.warm.try_later(*place);
}

value_ref metainterp::intern(const boxed& b) {
    if (!b.is_constant()) return b.reference;
    value_ref reference = recorded_.make_constant(b.type, b.value);
    constants_range_.begin = recorded_.constants.data();
    constants_range_.end = recorded_.constants.data() + recorded_.constants.size();
    return reference;
}

value_ref metainterp::record(opcode op, std::span<const boxed> arguments, const descr* d) {
    value_ref references[16];
    if (arguments.size() <= 16) {
        for (size_t i = 0; i < arguments.size(); ++i) references[i] = intern(arguments[i]);
        return recorded_.add(op, std::span<const value_ref>(references, arguments.size()), d);
    }
    std::vector<value_ref> many;
    for (const boxed& argument : arguments) many.push_back(intern(argument));
    return recorded_.add(op, many, d);
}

// Instructions up to one that records something, or may leave the frame: most are done with by the constants they get.
void metainterp::step() {
    const size_t recorded = recorded_.operations.size();
    for (;;) {
        const uint32_t* code = f_->code->code.data() + f_->pc;
        ++steps_;
        if (code[0] < static_cast<uint32_t>(jitcode_op::first_own)) {
            operation_handlers[code[0]](*this, code);
            if (recorded_.operations.size() != recorded || end_ != ending::none) return;
        } else if (code[0] == static_cast<uint32_t>(jitcode_op::code_live)) {
            f_->last_live = f_->pc;
            f_->pc += 2;
            if (runtime_.options.fuel) burn_fuel();
        } else if (code[0] >= static_cast<uint32_t>(jitcode_op::code_move_i) &&
                   code[0] <= static_cast<uint32_t>(jitcode_op::code_move_f)) {
            store(code[2], fetch(code[1]));
            f_->pc += 3;
        } else {
            return own_instruction(code);
        }
    }
}

void metainterp::own_instruction(const uint32_t* code) {
    switch (static_cast<jitcode_op>(code[0])) {
    case jitcode_op::code_jump: f_->pc = code[1]; return;
    case jitcode_op::code_branch: return branch_instruction();
    case jitcode_op::code_switch_int: return switch_instruction();
    case jitcode_op::code_int_add_jump_if_ovf: return overflow_instruction(opcode::int_add_ovf);
    case jitcode_op::code_int_sub_jump_if_ovf: return overflow_instruction(opcode::int_sub_ovf);
    case jitcode_op::code_int_mul_jump_if_ovf: return overflow_instruction(opcode::int_mul_ovf);
    case jitcode_op::code_unreachable: return give_up(abort_reason::unreachable);
    case jitcode_op::code_call_inline: return call_inline_instruction();
    case jitcode_op::code_call_residual: return call_residual_instruction();
    case jitcode_op::code_call_indirect: return call_indirect_instruction();
    case jitcode_op::code_conditional_call: return conditional_call_instruction();
    case jitcode_op::code_return_i: return return_from_frame(fetch_typed(code[1], kind::integer));
    case jitcode_op::code_return_p: return return_from_frame(fetch_typed(code[1], kind::pointer));
    case jitcode_op::code_return_f: return return_from_frame(fetch_typed(code[1], kind::floating));
    case jitcode_op::code_return_none: return return_from_frame({0, {}, kind::none});
    case jitcode_op::code_load_vtable: return load_vtable_instruction();
    case jitcode_op::code_load_code_slot: {
        boxed base = fetch_typed(code[1], kind::pointer);
        if (!base.is_constant()) return give_up(abort_reason::unknown_slot);
        store(code[3], {pointer_word_at(base.value + code[2]), {}, kind::pointer});
        f_->pc += 4;
        return;
    }
    case jitcode_op::code_is_instance: return instance_instruction(false);
    case jitcode_op::code_is_exact_instance: return instance_instruction(true);
    case jitcode_op::code_promote_i:
    case jitcode_op::code_promote_p:
    case jitcode_op::code_promote_f: return promote_instruction();
    case jitcode_op::code_record_exact_class: {
        boxed object = fetch_typed(code[1], kind::pointer), type = fetch_typed(code[2], kind::pointer);
        if (!object.is_constant() && object.value && !cache_.has(object.reference, heap_cache::class_known)) {
            record(opcode::record_exact_class, {object, type});
            cache_.note(object.reference, heap_cache::class_known | heap_cache::nonnull);
        }
        f_->pc += 3;
        return;
    }
    case jitcode_op::code_is_constant_i:
    case jitcode_op::code_is_constant_p:
        store(code[2], {fetch(code[1]).is_constant(), {}, kind::integer});
        f_->pc += 3;
        return;
    case jitcode_op::code_is_virtual:
        store(code[2], {cache_.is_private(fetch(code[1]).reference), {}, kind::integer});
        f_->pc += 3;
        return;
    case jitcode_op::code_assert_green_i:
    case jitcode_op::code_assert_green_p:
        if (!fetch(code[1]).is_constant()) return give_up(abort_reason::not_a_constant);
        f_->pc += 2;
        return;
    case jitcode_op::code_merge_point: return merge_point_instruction();
    case jitcode_op::code_can_enter_jit:
        f_->loop_seen = true;
        f_->pc += 2;
        return;
    default: return give_up(abort_reason::internal);
    }
}

// ---- overflow
// ---------------------------------------------------------------------------------------------------------------------

void metainterp::overflow_instruction(opcode op) {
    const uint32_t* code = f_->code->code.data() + f_->pc;
    boxed a = fetch_typed(code[1], kind::integer), b = fetch_typed(code[2], kind::integer);
    uint32_t target = code[3], result_register = code[4], next = f_->pc + 5;
    word words[2] = {a.value, b.value};
    bool overflow = false;
    boxed result{execute_operation(op, nullptr, words, overflow), {}, kind::integer};
    if (a.is_constant() && b.is_constant()) {
        if (!overflow) store(result_register, result);
        f_->pc = overflow ? target : next;
        return;
    }
    if (!overflow) {
        result.reference = record(op, {a, b});
        guard(opcode::guard_no_overflow, {}, target, resumes_elsewhere);
        store(result_register, result);
        f_->pc = next;
        return;
    }
    // It overflows here. Without overflow the trace is left to what follows, with the result; or to the 'live' before.
    const auto& words_of_code = f_->code->code;
    uint32_t after = next;
    while (static_cast<jitcode_op>(words_of_code[after]) == jitcode_op::code_jump) after = words_of_code[after + 1];
    if (static_cast<jitcode_op>(words_of_code[after]) == jitcode_op::code_live) {
        result.reference = record(op, {a, b});
        boxed before{f_->registers[result_register], f_->references[result_register], kind::integer};
        store(result_register, result);
        guard(opcode::guard_overflow, {}, after, resumes_elsewhere);
        store(result_register, before);
    } else if (f_->last_live + 2 == f_->pc) {
        record(op, {a, b});
        guard(opcode::guard_overflow, {}, f_->last_live);
    } else {
        return give_up(abort_reason::no_resume_point);
    }
    f_->pc = target;
}

// ---- starts of traces
// ---------------------------------------------------------------------------------------------------

outcome metainterp::trace_from_merge_point(uint32_t driver, cell& place, word* buffer, bool function_entry) {
    ++runtime_.counts.traces_started;
    start_ = &place;
    buffer_ = buffer;
    const driver_data& data = runtime_.driver(driver);
    base_ = f_ = stack_.push(*data.code);
    if (!f_) { // no room to trace: run it all natively
        base_ = stack_.end();
        return {true, run_portal_to_end(runtime_, driver, buffer)};
    }
    f_->pc = f_->last_live = data.after_merge_point;
    f_->entered = true;
    if (function_entry) f_->entry_hash = place.hash;
    merge_point start{0, &place, {}};
    const std::string& kinds = runtime_.prog->drivers[driver].red_kinds;
    const uint32_t* code = data.code->code.data() + data.merge_point;
    for (uint32_t i = 0; i < data.green_count + data.red_count; ++i) {
        uint32_t operand = code[4 + 2 * i];
        boxed value{buffer[i], {}, kind::none};
        if (i >= data.green_count) {
            value.reference = recorded_.add(input_of(kind_of_letter(kinds[i - data.green_count])), {});
            start.reds.push_back(value.reference);
        }
        if (!(operand & constant_operand)) store(operand, value);
    }
    start.position = static_cast<uint32_t>(recorded_.operations.size());
    merge_points_.push_back(std::move(start));
    return run();
}

outcome metainterp::trace_from_guard(guard_data& guard, const word* values, word* buffer) {
    ++runtime_.counts.traces_started;
    from_guard_ = &guard;
    buffer_ = buffer;
    for (kind k : guard.fail_kinds) recorded_.add(input_of(k), {});
    base_ = stack_.end();
    word* mark = stack_.words_top();
    if (!rebuild_frames(runtime_, guard, values, this)) frame_memory_exhausted();
    runtime_.machine->forget_exit_values();
    f_ = stack_.top();
    // A guard made before a jump to a loop's body resumes at the header: the bridge may go to the loop by another way.
    if (f_ == base_ && f_->code->source->driver >= 0) {
        const driver_data& data = runtime_.driver(static_cast<uint32_t>(f_->code->source->driver));
        f_->loop_seen = f_->pc + 2 == data.merge_point && guard.op != opcode::guard_always_fails;
    }
    outcome result = run();
    stack_.pop_words(mark);
    return result;
}

value_ref metainterp::fail_argument(uint32_t index) { return value_ref::result(index); }

value_ref metainterp::executed(opcode op, const descr* d, const word* arguments, const value_ref* references,
                               uint32_t count) {
    return record_executed(op, d, arguments, references, count);
}

} // namespace heddle::jit
