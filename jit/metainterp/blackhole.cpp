// See blackhole.h. Dispatch is by computed goto over decoded jitcode, with a piece of code for each operation.
#include "metainterp/blackhole.h"
#include "heddle/gc/gc.h"
#include "ir/execute.h"
#include "metainterp/class_test.h"
#include <cstdio>
#include <cstdlib>

namespace heddle::jit {
namespace {

[[noreturn]] void fatal(const frame& at, const char* what) {
    std::fprintf(stderr, "heddle: blackhole: %s in %s at position %u\n", what, at.code->source->name.c_str(), at.pc);
    std::abort();
}

struct blackhole {
    jit_runtime& runtime;
    frame_stack& stack = frame_stack::instance();
    frame* base;
    frame* current;

    // Fetches a call's arguments; 'at' is the position of the count word.
    static uint32_t arguments(const frame& f, uint32_t at, word* values) {
        uint32_t count = f.code->code[at];
        for (uint32_t i = 0; i < count; ++i) values[i] = f.value_of(f.code->code[at + 2 + 2 * i]);
        return count;
    }

    void call_native(const call_descr& descr, uint64_t address, const word* values, uint32_t result_register) {
        word result = 0;
        descr.thunk(reinterpret_cast<void*>(address), values, &result);
        if (result_register != no_register) current->registers[result_register] = result;
    }

    // Calls a function that has a jitcode: natively, or by a new frame. The caller's pc is at the 'live' after the
    // call.
    void call_jitcode(uint32_t index, const word* values, uint32_t result_register) {
        if (const function_entry* native = runtime.native_function(index)) {
            auto& descr = *static_cast<const call_descr*>(runtime.prog->descrs[native->call_descr]);
            return call_native(descr, native->residual_address, values, result_register);
        }
        const decoded_jitcode& code = runtime.code(index);
        frame* callee = stack.push(code, false);
        if (!callee) fatal(*current, "too many frames");
        for (size_t i = 0; i < code.argument_registers.size(); ++i)
            callee->registers[code.argument_registers[i]] = values[i];
        current = callee;
    }

    // The newest frame is done. True when it was the outermost.
    bool leave(word result) {
        stack.pop();
        if (current == base) return true;
        current = stack.top();
        uint32_t result_register = current->code->live_at(current->pc).result_register;
        if (result_register != no_register) current->registers[result_register] = result;
        return false;
    }
};

} // namespace

outcome run_blackhole(jit_runtime& runtime, frame* base, word* buffer) {
    ++runtime.counts.blackhole_runs;
    blackhole b{runtime, frame_stack::instance(), base, nullptr};
    b.current = b.stack.top();

    static const void* const operation_labels[] = {
#define OPERATION(name, arguments, result, flags) &&operation_##name,
#include "heddle/jit/operations.def"
#undef OPERATION
    };
    static const void* const own_labels[] = {
#define JITCODE(name, operands) &&do_##name,
#include "heddle/jit/jitcode.def"
#undef JITCODE
    };
    constexpr uint32_t first_own = static_cast<uint32_t>(jitcode_op::first_own) + 1;

    frame* f = b.current;
    const uint32_t* code = f->code->code.data();
    uint32_t pc = f->pc;
    word values[256];
    word result = 0;

// 'f', 'code' and 'pc' follow the newest frame; f->pc is written before anything that leaves the frame or may ask for
// it.
#define NEXT goto dispatch
#define RELOAD()                 \
    f = b.current;               \
    code = f->code->code.data(); \
    pc = f->pc
#define IN(n) f->value_of(code[pc + (n)])
#define OUT(n) f->registers[code[pc + (n)]]

dispatch:
    uint32_t number = code[pc];
    if (number >= first_own) goto* own_labels[number - first_own];
    goto* operation_labels[number];

#define OPERATION(name, letters, kind_letter, bits)                                                              \
    operation_##name : {                                                                                         \
        constexpr operation_layout layout = operation_layouts[static_cast<int>(opcode::name)];                   \
        if constexpr (layout.is_executable) {                                                                    \
            word in[layout.arguments + 1];                                                                       \
            for (uint32_t i = 0; i < layout.arguments; ++i) in[i] = IN(1 + i);                                   \
            const descr* d = layout.has_descr ? runtime.prog->descrs[code[pc + 1 + layout.arguments]] : nullptr; \
            bool overflow = false;                                                                               \
            result = execute(opcode::name, d, in, overflow);                                                     \
            if (layout.has_result) OUT(layout.words - 1) = result;                                               \
            pc += layout.words;                                                                                  \
            NEXT;                                                                                                \
        }                                                                                                        \
        execution::not_executable(opcode::name);                                                                 \
    }
#include "heddle/jit/operations.def"
#undef OPERATION

do_live:
    pc += 2;
    NEXT;
do_move_i:
do_move_p:
do_move_f:
do_promote_i:
do_promote_p:
do_promote_f:
    OUT(2) = IN(1);
    pc += 3;
    NEXT;
do_jump:
    pc = code[pc + 1];
    NEXT;
do_branch:
    pc = IN(1) ? code[pc + 2] : code[pc + 3];
    NEXT;
do_switch_int: {
    pc = f->code->source->switches[code[pc + 2]].target(static_cast<int64_t>(IN(1)), code[pc + 3]);
    NEXT;
}
#define OVERFLOWING(operation)                                                    \
    {                                                                             \
        values[0] = IN(1);                                                        \
        values[1] = IN(2);                                                        \
        bool overflow = false;                                                    \
        result = execute_operation(opcode::operation, nullptr, values, overflow); \
        if (overflow) {                                                           \
            pc = code[pc + 3];                                                    \
        } else {                                                                  \
            OUT(4) = result;                                                      \
            pc += 5;                                                              \
        }                                                                         \
        NEXT;                                                                     \
    }
do_int_add_jump_if_ovf:
    OVERFLOWING(int_add_ovf)
do_int_sub_jump_if_ovf:
    OVERFLOWING(int_sub_ovf)
do_int_mul_jump_if_ovf:
    OVERFLOWING(int_mul_ovf)
do_unreachable:
    f->pc = pc;
    fatal(*f, "unreachable code was reached");

do_call_inline: {
    uint32_t callee = code[pc + 1], at = pc + 2;
    uint32_t count = blackhole::arguments(*f, at, values);
    uint32_t result_at = at + 1 + 2 * count;
    f->pc = result_at + 1;
    b.call_jitcode(callee, values, code[result_at]);
    RELOAD();
    NEXT;
}
do_call_residual: {
    word function = IN(1);
    auto& descr = *static_cast<const call_descr*>(runtime.prog->descrs[code[pc + 2]]);
    uint32_t at = pc + 3, count = blackhole::arguments(*f, at, values);
    uint32_t result_at = at + 1 + 2 * count;
    f->pc = pc = result_at + 1;
    b.call_native(descr, function, values, code[result_at]);
    NEXT;
}
do_call_indirect: {
    word function = IN(1);
    auto* descr = static_cast<const call_descr*>(runtime.prog->descrs[code[pc + 2]]);
    uint32_t at = pc + 3, count = blackhole::arguments(*f, at, values);
    uint32_t result_at = at + 1 + 2 * count;
    f->pc = result_at + 1;
    const function_entry* known = runtime.prog->find_function(function);
    if (known && known->jitcode >= 0) {
        b.call_jitcode(static_cast<uint32_t>(known->jitcode), values, code[result_at]);
    } else {
        if (known) {
            descr = static_cast<const call_descr*>(runtime.prog->descrs[known->call_descr]);
            function = known->residual_address;
        }
        b.call_native(*descr, function, values, code[result_at]);
    }
    RELOAD();
    NEXT;
}
do_conditional_call: {
    word condition = IN(1), function = IN(2);
    auto& descr = *static_cast<const call_descr*>(runtime.prog->descrs[code[pc + 3]]);
    uint32_t at = pc + 4, count = blackhole::arguments(*f, at, values);
    f->pc = pc = at + 1 + 2 * count;
    if (condition) b.call_native(descr, function, values, no_register);
    NEXT;
}
do_return_i:
do_return_p:
do_return_f:
    result = IN(1);
    goto leave_frame;
do_return_none:
    result = 0;
leave_frame:
    if (b.leave(result)) return {true, result};
    RELOAD();
    NEXT;

do_load_vtable:
    OUT(2) = pointer_word_at(IN(1));
    pc += 3;
    NEXT;
do_load_code_slot:
    OUT(3) = pointer_word_at(IN(1) + code[pc + 2]);
    pc += 4;
    NEXT;
do_is_instance:
    OUT(3) = is_instance_of(IN(1), IN(2));
    pc += 4;
    NEXT;
do_is_exact_instance:
    OUT(3) = is_exactly(IN(1), IN(2));
    pc += 4;
    NEXT;

do_record_exact_class:
    pc += 3;
    NEXT;
do_is_constant_i:
do_is_constant_p:
do_is_virtual:
    OUT(2) = 0;
    pc += 3;
    NEXT;
do_assert_green_i:
do_assert_green_p:
do_can_enter_jit:
    pc += 2;
    NEXT;
do_merge_point: {
    uint32_t driver = code[pc + 1];
    if (f == b.base) {
        blackhole::arguments(*f, pc + 2, buffer);
        b.stack.pop();
        return {false, 0};
    }
    f->pc = pc;
    blackhole::arguments(*f, pc + 2, values);
    if (!runtime.prog->drivers[driver].runner_address) { // a hand-made program without native code: go on here
        pc += 3 + 2 * code[pc + 2];
        NEXT;
    }
    // Copied above the frame's registers, where the collector sees them while the portal runs.
    uint32_t count = code[pc + 2];
    word* words = b.stack.push_words(maximum_merge_point_size);
    for (uint32_t i = 0; i < count; ++i) words[i] = values[i];
    result = run_portal_to_end(runtime, driver, words);
    b.stack.pop_words(words);
    goto leave_frame;
}
#undef NEXT
#undef RELOAD
#undef IN
#undef OUT
#undef OVERFLOWING
}

} // namespace heddle::jit
