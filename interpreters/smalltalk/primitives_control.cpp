// Control primitives: blocks, perform:, processes and semaphores.
#include "external_events.h"
#include "primitive_functions.h"
#include "primitives.h"
#include "process.h"
#include "window.h"

namespace heddle::smalltalk {

namespace {
template <class From, class To>
HEDDLE_UNROLL_SAFE void copy_arguments(From* from, long first, To* to, long to_first, long count) {
    for (long i = 0; i < count; i++) to->set(to_first + i, from->get(first + i));
}
HEDDLE_UNROLL_SAFE void fill_with_nil(frame_slots* slots, long from, long to) {
    W_Object* value = nil();
    for (long i = from; i < to; i++) slots->set(i, value);
}
// The active frame may be left: its result lies on its stack first.
void push_result(W_Frame* frame, W_Object* value) {
    long state = frame->state, depth = state_depth(state);
    frame->slots->set(depth, value);
    frame->state = make_state(state_instruction(state), depth + 1);
}
void take_back_result(W_Frame* frame) {
    long state = frame->state;
    frame->state = make_state(state_instruction(state), state_depth(state) - 1);
}
// After something that may have switched to another process: the result, or null with the Unwind pending.
W_Object* finish(W_Frame* frame, W_Object* result) {
    if (pending_error()) return nullptr;
    take_back_result(frame);
    return result;
}
} // namespace

// ---- blocks of images without closures: the BlockContext itself is activated
W_Object* primitive_block_copy(W_Object*, W_Object*) { return nullptr; } // only the bytecode knows where the body is

template <class Slots>
static W_Object* run_old_block(W_Frame* frame, W_Frame* block, Slots* slots, long first, long count) {
    Code* code = jit::promote(block->code.get());
    long entry = jit::promote(block->block_entry.get());
    if (!code || state_depth(entry) != count) return nullptr;
    long instruction = state_instruction(entry);
    if (block->slots->length() < code->frame_size || code->depths->get(instruction) != count) return nullptr;
    copy_arguments(slots, first, block->slots.get(), 0, count);
    block->sender = frame;
    block->state = make_state(instruction, count);
    return enter(code, block, instruction, count);
}
W_Object* primitive_block_value(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    W_Object* block = slots->get(first);
    if (!is_exact<W_Frame>(block) || static_cast<W_Frame*>(block)->kind != frame_old_block) return nullptr;
    return run_old_block(frame, static_cast<W_Frame*>(block), slots, first + 1, count);
}
W_Object* primitive_block_value_with_arguments(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    W_Object* block = slots->get(first);
    if (count != 1 || !is_exact<W_Frame>(block) || static_cast<W_Frame*>(block)->kind != frame_old_block)
        return nullptr;
    W_Object* arguments = slots->get(first + 1);
    if (!is_exact<W_Pointers>(arguments) || class_of(arguments) != special_class_constant(special_array))
        return nullptr;
    slots_array* values = static_cast<W_Pointers*>(arguments)->slots;
    return run_old_block(frame, static_cast<W_Frame*>(block), values, 0, jit::promote(values->length()));
}

// ---- closures: outer context, pc, arguments, then copied values
HEDDLE_ELIDABLE static long closure_entry(Code* code, long pc) { return instruction_at(code, pc); }
template <class Slots>
static W_Object* run_closure(W_Frame* frame, W_Object* closure, Slots* slots, long first, long count) {
    if (!is_exact<W_Pointers>(closure)) return nullptr;
    slots_array* own = static_cast<W_Pointers*>(closure)->slots;
    if (own->length() < 3 || !is_int(own->get(1)) || !is_int(own->get(2))) return nullptr;
    if (jit::promote(int_value(own->get(2))) != count || !is_exact<W_Frame>(own->get(0))) return nullptr;
    auto* outer = static_cast<W_Frame*>(own->get(0));
    Code* code = jit::promote(outer->code.get());
    if (!code) return nullptr;
    long instruction = closure_entry(code, jit::promote(int_value(own->get(1))));
    long copied = jit::promote(own->length()) - 3, depth = count + copied;
    if (instruction < 0 || code->depths->get(instruction) != depth) return nullptr;
    frame_slots* stack = heddle::make_array<frame_slots>(code->frame_size);
    copy_arguments(slots, first, stack, 0, count);
    copy_arguments(own, 3, stack, count, copied);
    W_Frame* callee = make<W_Frame>(special_class_constant(special_method_context), code, outer->receiver, stack, frame,
                                    make_state(instruction, depth), closure, frame_closure);
    return enter(code, callee, instruction, depth);
}
static slots_array* argument_array(W_Object* arguments) {
    if (!is_exact<W_Pointers>(arguments) || class_of(arguments) != special_class_constant(special_array))
        return nullptr;
    return static_cast<W_Pointers*>(arguments)->slots;
}
W_Object* primitive_closure_value(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    return run_closure(frame, slots->get(first), slots, first + 1, count);
}
W_Object* primitive_closure_value_with_arguments(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    slots_array* values = count == 1 ? argument_array(slots->get(first + 1)) : nullptr;
    if (!values) return nullptr;
    return run_closure(frame, slots->get(first), values, 0, jit::promote(values->length()));
}
W_Object* primitive_closure_copy(W_Frame*, Code*, frame_slots*, long, long) { return nullptr; }

// Full closures: outer context, CompiledBlock, arguments, receiver, then copied values.
HEDDLE_ELIDABLE static Code* block_code(W_Method* block, Version*) { return code_of(block, nullptr); }
template <class Slots>
static W_Object* run_full_closure(W_Frame* frame, W_Object* closure, Slots* slots, long first, long count) {
    if (!is_exact<W_Pointers>(closure)) return nullptr;
    slots_array* own = static_cast<W_Pointers*>(closure)->slots;
    if (own->length() < 4 || !is_exact<W_Method>(own->get(1)) || !is_int(own->get(2))) return nullptr;
    if (jit::promote(int_value(own->get(2))) != count) return nullptr;
    Code* code = block_code(jit::promote(static_cast<W_Method*>(own->get(1))), current_version());
    if (!code) return nullptr;
    long copied = jit::promote(own->length()) - 4;
    if (count + copied > code->temporaries) return nullptr;
    frame_slots* stack = heddle::make_array<frame_slots>(code->frame_size);
    copy_arguments(slots, first, stack, 0, count);
    copy_arguments(own, 4, stack, count, copied);
    fill_with_nil(stack, count + copied, code->temporaries);
    W_Frame* callee = make<W_Frame>(special_class_constant(special_method_context), code, own->get(3), stack, frame,
                                    make_state(0, code->temporaries), closure, frame_closure);
    return enter(code, callee, 0, code->temporaries);
}
W_Object* primitive_full_closure_value(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    return run_full_closure(frame, slots->get(first), slots, first + 1, count);
}
W_Object* primitive_full_closure_value_with_arguments(W_Frame* frame, Code*, frame_slots* slots, long first,
                                                      long count) {
    slots_array* values = count == 1 ? argument_array(slots->get(first + 1)) : nullptr;
    if (!values) return nullptr;
    return run_full_closure(frame, slots->get(first), values, 0, jit::promote(values->length()));
}

// ---- perform:
static Code* target_for(W_Class* c, W_Object* selector) {
    if (jit::we_are_jitted()) return lookup(jit::promote(c), jit::promote(selector), current_version());
    return cached_lookup(c, selector);
}
W_Object* primitive_perform(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    if (count < 1) return nullptr;
    W_Object* selector = slots->get(first + 1);
    Code* target = target_for(class_of(slots->get(first)), selector);
    if (target && target->arguments != count - 1) return nullptr;
    frame_slots* call = heddle::make_array<frame_slots>(count);
    call->set(0, slots->get(first));
    copy_arguments(slots, first + 2, call, 1, count - 1);
    if (!target) return does_not_understand(frame, selector, call, 0, count - 1);
    return invoke(frame, target, call, 0, count - 1);
}
static W_Object* perform_with(W_Frame* frame, W_Object* receiver, W_Object* selector, W_Object* arguments, W_Class* c) {
    slots_array* values = argument_array(arguments);
    if (!values) return nullptr;
    long count = jit::promote(values->length());
    Code* target = target_for(c, selector);
    if (target && target->arguments != count) return nullptr;
    frame_slots* call = heddle::make_array<frame_slots>(count + 1);
    call->set(0, receiver);
    copy_arguments(values, 0, call, 1, count);
    if (!target) return does_not_understand(frame, selector, call, 0, count);
    return invoke(frame, target, call, 0, count);
}
W_Object* primitive_perform_with_arguments(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    if (count != 2) return nullptr;
    W_Object* receiver = slots->get(first);
    return perform_with(frame, receiver, slots->get(first + 1), slots->get(first + 2), class_of(receiver));
}
W_Object* primitive_perform_in_superclass(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    if (count != 3 || !is_exact<W_Class>(slots->get(first + 3))) return nullptr;
    auto* c = static_cast<W_Class*>(slots->get(first + 3));
    if (!inherits_from(class_of(slots->get(first)), c)) return nullptr;
    return perform_with(frame, slots->get(first), slots->get(first + 1), slots->get(first + 2), c);
}
// receiver withArguments: array executeMethod: method
HEDDLE_ELIDABLE static Code* method_code(W_Method* method, Version*) { return code_of(method, nullptr); }
W_Object* primitive_execute_method(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    slots_array* values = count == 2 ? argument_array(slots->get(first + 1)) : nullptr;
    if (!values || !is_exact<W_Method>(slots->get(first + 2))) return nullptr;
    Code* code = method_code(jit::promote(static_cast<W_Method*>(slots->get(first + 2))), current_version());
    long arguments = jit::promote(values->length());
    if (!code || code->arguments != arguments) return nullptr;
    frame_slots* call = heddle::make_array<frame_slots>(arguments + 1);
    call->set(0, slots->get(first));
    copy_arguments(values, 0, call, 1, arguments);
    return invoke(frame, code, call, 0, arguments);
}
// tryPrimitive: number withArgs: array
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_do_primitive_with_arguments(W_Frame* frame, Code* target,
                                                                        frame_slots* slots, long first, long count) {
    slots_array* values = count == 2 ? argument_array(slots->get(first + 2)) : nullptr;
    if (!values || !is_int(slots->get(first + 1))) return nullptr;
    long number = int_value(slots->get(first + 1));
    if (number <= 0 || number >= 1000 || number == 118) return nullptr;
    frame_slots* call = heddle::make_array<frame_slots>(values->length() + 1);
    call->set(0, slots->get(first));
    copy_arguments(values, 0, call, 1, values->length());
    return run_primitive(frame, target, number, call, 0, values->length());
}

// ---- processes and semaphores
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_signal(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    W_Object* semaphore = slots->get(first);
    if (count != 0 || !is_list(semaphore) || !has_slots(semaphore, 3)) return nullptr;
    push_result(frame, semaphore);
    signal_semaphore(semaphore, frame);
    return finish(frame, semaphore);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_wait(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    W_Object* semaphore = slots->get(first);
    if (count != 0) return nullptr;
    push_result(frame, semaphore);
    bool done = wait_for_semaphore(semaphore, frame);
    return finish(frame, done ? semaphore : nullptr);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_resume(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    W_Object* process = slots->get(first);
    if (count != 0) return nullptr;
    push_result(frame, process);
    bool done = resume_process(process, frame);
    return finish(frame, done ? process : nullptr);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_suspend(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    W_Object* process = slots->get(first);
    if (count != 0) return nullptr;
    W_Object* list = nil();
    bool is_active = process == active_process();
    push_result(frame, nil());
    bool done = suspend_process(process, frame, &list);
    W_Object* result = traits.version == 6502 ? process : list;
    return finish(frame, done ? (is_active ? nil() : result) : nullptr);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_yield(W_Frame* frame, Code*, frame_slots* slots, long first, long count) {
    if (count != 0) return nullptr;
    W_Object* processor = slots->get(first);
    push_result(frame, processor);
    yield_process(frame);
    return finish(frame, processor);
}

// Mutexes: first, last, owner.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_exit_critical_section(W_Frame* frame, Code*, frame_slots* slots, long first,
                                                                  long count) {
    W_Object* mutex = slots->get(first);
    if (count != 0 || !is_list(mutex) || !has_slots(mutex, 3)) return nullptr;
    push_result(frame, mutex);
    if (list_is_empty(mutex)) {
        set_slot(mutex, 2, nil());
    } else {
        W_Object* next = first_of_list(mutex);
        set_slot(mutex, 2, next);
        resume_process(next, frame);
    }
    return finish(frame, mutex);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_enter_critical_section(W_Frame* frame, Code*, frame_slots* slots,
                                                                   long first, long count) {
    W_Object* mutex = slots->get(first);
    if (count > 1 || !is_list(mutex) || !has_slots(mutex, 3)) return nullptr;
    W_Object* process = count == 1 ? slots->get(first + 1) : active_process();
    if (process != active_process()) return nullptr;
    W_Object* owner = slot(mutex, 2);
    if (owner == process) return true_object();
    if (owner == nil()) {
        set_slot(mutex, 2, process);
        return false_object();
    }
    push_result(frame, false_object());
    bool done = suspend_active_on(mutex, frame);
    return finish(frame, done ? false_object() : nullptr);
}
W_Object* primitive_test_and_set_ownership(W_Frame*, Code*, frame_slots* slots, long first, long count) {
    W_Object* mutex = slots->get(first);
    if (count > 1 || !is_list(mutex) || !has_slots(mutex, 3)) return nullptr;
    W_Object* process = active_process();
    W_Object* owner = slot(mutex, 2);
    if (owner == process) return true_object();
    if (owner != nil()) return nil();
    set_slot(mutex, 2, process);
    return false_object();
}

HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_relinquish(W_Frame* frame, Code*, frame_slots* slots, long first,
                                                       long count) {
    if (count != 1 || !is_int(slots->get(first + 1))) return nullptr;
    W_Object* receiver = slots->get(first);
    long wait = int_value(slots->get(first + 1));
    push_result(frame, receiver);
    if (!idle(frame, wait < 1000 ? 1000 : wait > 100000 ? 100000 : wait)) return finish(frame, nullptr);
    if (pending_error()) return nullptr;
    if (!update_window(false)) {
        request_exit(0);
        return nullptr;
    }
    if (pending_actions()) handle_actions(frame);
    return finish(frame, receiver);
}

} // namespace heddle::smalltalk
