// Calls: C functions by the System V convention, other traces (call_assembler), and the operations that are calls
// inside.
#include "backend/x86_64/trace_compiler.h"
#include "ir/heap_access.h"

namespace heddle::jit::x86_64 {

namespace {

// copy_array: the arguments as in operations.def, the descriptor last.
void copy_items(word source, word from, word destination, word to, word count, const array_descr* array) {
    copy_array(*array, source, from, destination, to, count);
}

} // namespace

// Outgoing word 'index': an argument on the stack, or a red of another trace.
void trace_compiler::store_outgoing(uint32_t index, value_ref v) {
    Mem to = x86::qword_ptr(x86::rsp, static_cast<int32_t>(index * 8));
    if (v.is_constant()) {
        if (is_small_constant(v)) {
            a_.mov(to, Imm(static_cast<int64_t>(constant_bits(v))));
        } else {
            load_constant(scratch, constant_bits(v));
            a_.mov(to, scratch);
        }
        return;
    }
    location from = registers_.location_of(v.index());
    if (from.is_floating_register()) {
        a_.movsd(to, xmm(from.reg()));
    } else if (from.is_register()) {
        a_.mov(to, gp(from.reg()));
    } else {
        a_.mov(scratch, slot_memory(from.slot()));
        a_.mov(to, scratch);
    }
}

// The values where the convention wants them; the moves to registers are only collected, in moves_.
void trace_compiler::pass_arguments(std::span<const value_ref> values) {
    size_t general = 0, floating = 0;
    uint32_t on_stack = 0;
    for (value_ref v : values) {
        int reg = no_register;
        if (trace_->kind_of(v) == kind::floating) {
            if (floating < floating_argument_count) reg = xmm0 + static_cast<int>(floating++);
        } else if (general < std::size(integer_arguments)) {
            reg = integer_arguments[general++];
        }
        if (reg == no_register)
            store_outgoing(on_stack++, v);
        else if (v.is_constant())
            moves_.add_constant(location::in_register(reg), constant_bits(v));
        else
            moves_.add(location::in_register(reg), registers_.location_of(v.index()));
    }
    outgoing_words_ = std::max(outgoing_words_, on_stack);
}

// A value made for a call, and for nothing after it, is best made where the call wants it.
void trace_compiler::hint_call_arguments() {
    for (uint32_t i = trace_->input_count; i < trace_->operations.size(); ++i) {
        const operation& o = op(i);
        if (o.op != opcode::call && o.op != opcode::call_pure && o.op != opcode::call_may_force) continue;
        if (o.argument_count == 0) continue;
        size_t general = 0, floating = 0;
        for (value_ref v : arguments(i).subspan(1)) {
            bool is_floating = trace_->kind_of(v) == kind::floating;
            size_t index = is_floating ? floating++ : general++;
            if (v.is_constant() || live_.last_use[v.index()] != i || live_.next_call[v.index() + 1] != i) continue;
            if (is_floating && index < floating_argument_count)
                registers_.set_hint(v.index(), xmm0 + static_cast<int>(index));
            else if (!is_floating && index < std::size(integer_arguments))
                registers_.set_hint(v.index(), integer_arguments[index]);
        }
    }
}

void trace_compiler::take_call_result(uint32_t position) {
    registers_.clobber_caller_saved();
    kind result = op(position).result;
    if (result != kind::none) registers_.define_in_register(position, result == kind::floating ? int(xmm0) : int(rax));
}

void trace_compiler::compile_call(uint32_t position) {
    std::span<const value_ref> args = arguments(position);
    if (args.empty()) {
        fail("a call without a function");
        return;
    }
    registers_.save_for_call();
    pass_arguments(args.subspan(1));
    bool indirect = !args[0].is_constant();
    if (indirect) moves_.add(location::in_register(rax), registers_.location_of(args[0].index()));
    moves_.emit(*this, xmm15);
    if (indirect)
        a_.call(x86::rax);
    else
        call_function(reinterpret_cast<const void*>(constant_bits(args[0])));
    take_call_result(position);
}

void trace_compiler::compile_call_assembler(uint32_t position) {
    const loop_token* callee = static_cast<const loop_token*>(op(position).description);
    std::span<const value_ref> args = arguments(position);
    if (args.size() != callee->input_kinds.size() && !callee->input_kinds.empty()) {
        fail("call_assembler: the callee takes another number of inputs");
        return;
    }
    registers_.save_for_call();
    for (uint32_t i = 0; i < args.size(); ++i) store_outgoing(i, args[i]);
    outgoing_words_ = std::max(outgoing_words_, static_cast<uint32_t>(args.size()));
    a_.mov(x86::rdi, x86::rsp);
    // Through the token's word: its code may be replaced.
    a_.mov(scratch, Imm(reinterpret_cast<uint64_t>(&callee->entry)));
    a_.call(x86::qword_ptr(scratch));
    slow_path slow{slow_kind::finish_call, a_.newLabel(), a_.newLabel()};
    a_.test(x86::rax, x86::rax);
    a_.long_().jnz(slow.start);
    a_.bind(slow.back);
    slow_paths_.push_back(slow);
    kind result = op(position).result;
    if (result == kind::floating) a_.movq(x86::xmm0, x86::rdx);
    registers_.clobber_caller_saved();
    if (result != kind::none) registers_.define_in_register(position, result == kind::floating ? int(xmm0) : int(rdx));
}

void trace_compiler::compile_copy_array(uint32_t position) {
    registers_.save_for_call();
    pass_arguments(arguments(position));
    moves_.add_constant(location::in_register(r9), reinterpret_cast<uint64_t>(op(position).description));
    moves_.emit(*this, xmm15);
    call_function(reinterpret_cast<const void*>(&copy_items));
    registers_.clobber_caller_saved();
}

// The collector's table is its own: ask it. Rare, because class checks compare ids.
void trace_compiler::compile_load_class(uint32_t position) {
    Gp object = general_register(arguments(position)[0]);
    a_.mov(scratch, object);
    a_.call(Imm(context_.code.type_of));
    a_.mov(gp(registers_.define_reusing(position)), scratch);
}

} // namespace heddle::jit::x86_64
