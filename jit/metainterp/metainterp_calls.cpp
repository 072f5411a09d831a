// Calls: inlined, residual, through pointers, and returns. See metainterp.h.
#include "metainterp/metainterp.h"

namespace heddle::jit {

uint32_t metainterp::arguments_at(uint32_t position) {
    const uint32_t* code = f_->code->code.data() + position;
    uint32_t count = *code++;
    arguments_.resize(count);
    for (boxed& argument : arguments_) {
        argument = fetch_typed(code[1], static_cast<kind>(code[0]));
        code += 2;
    }
    return position + 1 + 2 * count;
}

// A function that calls itself, and isn't a portal (those are looked at where they merge), is inlined so many times.
// Levels below the newest portal do not count: what recurs through portals is limited there, and ends as a call of
// machine code, not of a native function that has to find its way back into it.
bool metainterp::too_recursive(const decoded_jitcode& code) const {
    uint32_t levels = 0;
    for (const frame* f = f_; f >= base_ && f->code->source->driver < 0; --f) levels += f->code == &code;
    return levels > runtime_.options.max_unroll_recursion;
}

void metainterp::push_frame(uint32_t jitcode_index, uint32_t return_position) {
    const decoded_jitcode& code = runtime_.code(jitcode_index);
    uint32_t call_position = f_->pc;
    f_->pc = return_position;
    f_->snapshot = UINT32_MAX;
    frame* callee = stack_.push(code);
    if (!callee) {
        f_->pc = call_position;
        return give_up(abort_reason::too_deep);
    }
    f_ = callee;
    for (size_t i = 0; i < code.argument_registers.size(); ++i) store(code.argument_registers[i], arguments_[i]);
}

void metainterp::call_inline_instruction() {
    uint32_t callee = f_->code->code[f_->pc + 1];
    uint32_t after = arguments_at(f_->pc + 2);
    if (runtime_.code(callee).source->driver < 0 && too_recursive(runtime_.code(callee))) {
        if (const function_entry* native = runtime_.native_function(callee)) {
            uint32_t result_register = f_->code->code[after];
            f_->pc = after + 1;
            auto& descr = *static_cast<const call_descr*>(runtime_.prog->descrs[native->call_descr]);
            return residual_call({native->residual_address, {}, kind::integer}, descr, result_register);
        }
    }
    push_frame(callee, after + 1);
}

void metainterp::call_residual_instruction() {
    const uint32_t* code = f_->code->code.data() + f_->pc;
    boxed function = fetch_typed(code[1], kind::pointer);
    auto& descr = *static_cast<const call_descr*>(runtime_.prog->descrs[code[2]]);
    uint32_t after = arguments_at(f_->pc + 3);
    uint32_t result_register = f_->code->code[after];
    f_->pc = after + 1;
    residual_call(function, descr, result_register);
}

void metainterp::call_indirect_instruction() {
    const uint32_t* code = f_->code->code.data() + f_->pc;
    boxed function = fetch_typed(code[1], kind::pointer);
    auto* descr = static_cast<const call_descr*>(runtime_.prog->descrs[code[2]]);
    if (!function.is_constant()) {
        guard(opcode::guard_value, {function, {function.value, {}, kind::pointer}}, f_->last_live);
        became_constant(function);
        function.reference = {};
    }
    uint32_t after = arguments_at(f_->pc + 3);
    uint32_t result_register = f_->code->code[after];
    const function_entry* known = runtime_.prog->find_function(function.value);
    if (known && known->jitcode >= 0) {
        auto callee = static_cast<uint32_t>(known->jitcode);
        bool native = runtime_.code(callee).source->driver < 0 && too_recursive(runtime_.code(callee)) &&
                      runtime_.native_function(callee);
        if (!native) return push_frame(callee, after + 1);
    }
    if (known) {
        descr = static_cast<const call_descr*>(runtime_.prog->descrs[known->call_descr]);
        function.value = known->residual_address;
    }
    f_->pc = after + 1;
    residual_call(function, *descr, result_register);
}

void metainterp::conditional_call_instruction() {
    const uint32_t* code = f_->code->code.data() + f_->pc;
    boxed condition = fetch_typed(code[1], kind::integer), function = fetch_typed(code[2], kind::pointer);
    auto& descr = *static_cast<const call_descr*>(runtime_.prog->descrs[code[3]]);
    if (!condition.is_constant()) {
        guard(condition.value ? opcode::guard_true : opcode::guard_false, {as_boolean(condition)}, f_->last_live);
        if (!condition.value) became_constant(condition);
    }
    f_->pc = arguments_at(f_->pc + 4);
    if (condition.value) residual_call(function, descr, no_register);
}

// Executes and records a call of native code; arguments_ are its arguments. f_->pc is past the instruction already.
void metainterp::residual_call(boxed function, const call_descr& descr, uint32_t result_register) {
    bool all_constant = function.is_constant();
    words_.clear();
    for (const boxed& argument : arguments_) {
        words_.push_back(argument.value);
        all_constant = all_constant && argument.is_constant();
    }
    // One of the thread's own variables: the same in all of the trace, but another one for who runs it next.
    bool of_thread = descr.effects.reads_thread_root && arguments_.empty() && !for_one_thread();
    bool invariant = (descr.effects.loop_invariant || (descr.effects.elidable && of_thread)) && arguments_.empty() &&
                     function.is_constant();
    if (invariant) {
        for (auto& [address, known] : invariant_calls_)
            if (address == function.value) return store(result_register, known);
    }
    frame* caller = f_;
    boxed result{0, {}, descr.result};
    // The arguments' words lie in registers or in the trace's constants, where the collector finds them; those of
    // constants that are not interned lie in words_ only, so they are interned before the call.
    for (const boxed& argument : arguments_)
        if (argument.is_constant() && argument.type == kind::pointer) intern(argument);
    void* pending = heddle_thread.error;
    descr.thunk(reinterpret_cast<void*>(function.value), words_.data(), &result.value);
    f_ = caller;
    if (has_lost_its_ground()) { // what was recorded may no longer be so
        store(result_register, result);
        return give_up(abort_reason::transaction_ended);
    }
    // An elidable call that failed has set the pending error, which is an effect.
    bool elidable = descr.effects.elidable && !of_thread && heddle_thread.error == pending;
    if (!(elidable && all_constant)) {
        function.type = kind::integer;
        if (!function.is_constant())
            function.reference = record(opcode::ptr_to_int, {{function.value, function.reference, kind::pointer}});
        arguments_.insert(arguments_.begin(), function);
        bool pure = elidable || invariant;
        result.reference = record(pure ? opcode::call_pure : opcode::call, arguments_, &descr);
        if (!elidable)
            for (const boxed& argument : arguments_) cache_.escape(argument.reference);
        cache_.called(descr.effects);
    }
    if (invariant) invariant_calls_.push_back({function.value, result});
    store(result_register, result);
    if (parallel && descr.effects.may_invalidate && !elidable && !invariant) guard_one_thread();
}

// Machine code for one thread must be left when a call has started another one and the transaction has ended.
void metainterp::guard_one_thread() {
    if (!for_one_thread() || end_ != ending::none) return;
    if (f_->code->code[f_->pc] != static_cast<uint32_t>(jitcode_op::code_live))
        return give_up(abort_reason::no_resume_point);
    guard(opcode::guard_not_invalidated, {}, f_->pc);
}

void metainterp::return_from_frame(const boxed& result) {
    if (f_ == base_) return portal_returned(result);
    if (!inlined_.empty() && f_->entry_hash && inlined_.back().entry_hash == f_->entry_hash) {
        size_t size = length() - inlined_.back().start;
        if (size > biggest_size_) {
            biggest_size_ = size;
            biggest_ = inlined_.back().place;
        }
        inlined_.pop_back();
    }
    stack_.pop();
    --f_;
    f_->snapshot = UINT32_MAX;
    store(f_->code->live_at(f_->pc).result_register, result);
}

} // namespace heddle::jit
