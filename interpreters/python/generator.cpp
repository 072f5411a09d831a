// Generators: a frame that is left at a yield and entered again.
#include "interpreter.h"
#include <cinttypes>

namespace heddle::python {

namespace {
heddle::thread_root<W_Object> generator_result; // what the generator that finished last returned

HEDDLE_DONT_LOOK_INSIDE failure_type already_executing() {
    return raise_text(T::ValueError, "generator already executing");
}
HEDDLE_DONT_LOOK_INSIDE failure_type early_send() {
    return raise_text(T::TypeError, "can't send non-None value to a just-started generator");
}

// A StopIteration that leaves a generator's code becomes a RuntimeError (PEP 479).
HEDDLE_DONT_LOOK_INSIDE void convert_stop_iteration() {
    auto* stop = static_cast<W_Exception*>(take_pending_error());
    W_Exception* error =
        make_exception(type_of(T::RuntimeError), make_tuple_1(make_str("generator raised StopIteration")));
    error->cause = stop;
    error->context = stop;
    error->suppress_context = 1;
    raise(error);
}

// Runs the frame from where it stands; with an error pending, from that instruction's handler.
W_Object* resume(W_Generator* self, W_Frame* frame, long instruction, long depth) {
    ExecutionContext* context = execution_context();
    W_Exception* callers = context->handled;
    if (self->handled) context->handled = self->handled;
    self->running = 1;
    self->started = 1;
    long calls = context->depth;
    context->depth = calls + 1;
    W_Object* value = interpret(jit::promote(frame->code), frame, context, instruction, depth).value();
    context->depth = calls;
    self->running = 0;
    W_Exception* now = context->handled;
    if (now == callers) now = nullptr;
    self->handled = now;
    context->handled = callers;
    if (frame->resume_instruction >= 0) return value;
    self->frame = static_cast<W_Frame*>(nullptr);
    self->handled = static_cast<W_Exception*>(nullptr);
    if (!value) {
        if (pending_is(T::StopIteration)) convert_stop_iteration();
        return nullptr;
    }
    return nullptr; // returned: generator_result holds the value
}

// The object that a `yield from` is waiting for, or null.
W_Object* delegate_of(W_Generator* self) {
    W_Frame* frame = self->frame;
    if (!frame || !self->started) return nullptr;
    uint32_t word = frame->code->instructions->get(frame->resume_instruction - 1);
    if (opcode_of(word) != opcode::YIELD_VALUE || operand_of(word) != 1) return nullptr;
    return frame->slots->get(frame->resume_depth - 1);
}
// The delegate returned: goes on after the SEND that yields to it.
W_Object* resume_after_delegate(W_Generator* self, W_Object* result) {
    self->waits_for = static_cast<W_Generator*>(nullptr);
    W_Frame* frame = self->frame;
    long at = frame->resume_instruction - 2;
    while (opcode_of(frame->code->instructions->get(at)) != opcode::SEND) at--;
    long depth = frame->resume_depth;
    frame->slots->set(depth - 1, result);
    return resume(self, frame, operand_of(frame->code->instructions->get(at)), depth);
}
W_Object* resume_with_error(W_Generator* self, W_Exception* exception);

// The generator that a `yield from` is waiting for, or null. A generator that goes on forgets it.
W_Generator* generator_awaited(W_Generator* self) {
    if (W_Generator* known = self->waits_for) return known;
    W_Object* delegate = delegate_of(self);
    if (!delegate || !is_exact<W_Generator>(delegate)) return nullptr;
    self->waits_for = static_cast<W_Generator*>(delegate);
    return static_cast<W_Generator*>(delegate);
}
// In a chain of generators that delegate to each other, the last one is asked at once: those between have nothing to do
// for an item. Longer chains are gone down in pieces.
HEDDLE_DONT_LOOK_INSIDE W_Object* resume_apart(W_Generator* self, W_Frame* frame, W_Object* value) {
    constexpr long piece = 64;
    W_Generator* between[piece];
    long length = 0;
    W_Generator* last = self;
    for (bool low = stack_is_low(); length < piece && !low && !last->handled; length++) {
        W_Generator* next = generator_awaited(last);
        if (!next || next->running) break;
        last->running = 1;
        between[length] = last;
        last = next;
    }
    if (length == 0) {
        self->waits_for = static_cast<W_Generator*>(nullptr);
        long depth = frame->resume_depth;
        frame->slots->set(depth, value);
        frame->may_pass_edge = 0;
        return resume(self, frame, frame->resume_instruction, depth + 1);
    }
    W_Object* item = generator_send(last, value);
    while (length > 0) {
        W_Generator* waiting = between[--length];
        waiting->running = 0;
        if (item) continue;
        if (pending_error())
            item = resume_with_error(waiting, static_cast<W_Exception*>(take_pending_error()));
        else
            item = resume_after_delegate(waiting, take_generator_result());
    }
    return item;
}

} // namespace

void set_generator_result(W_Object* value) { generator_result = value; }
W_Object* take_generator_result() {
    W_Object* value = generator_result;
    generator_result = static_cast<W_Object*>(nullptr);
    return value ? value : none();
}

W_Object* make_generator(W_Frame* frame, long instruction, long depth) {
    frame->resume_instruction = instruction;
    frame->resume_depth = depth;
    return make<W_Generator>(frame);
}

W_Object* generator_send(W_Generator* self, W_Object* value) {
    if (self->running) {
        already_executing();
        return nullptr;
    }
    W_Frame* frame = self->frame;
    if (!frame) {
        set_generator_result(nullptr);
        return nullptr;
    }
    if (!self->started && value != none()) {
        early_send();
        return nullptr;
    }
    if (!jit::promote(frame->code)->resumed_in_line) return resume_apart(self, frame, value);
    long instruction = jit::promote(frame->resume_instruction.get());
    long depth = jit::promote(frame->resume_depth.get());
    frame->slots->set(depth, value);
    frame->may_pass_edge = jit::we_are_jitted();
    return resume(self, frame, instruction, depth + 1);
}

W_Object* W_Generator::next() { return generator_send(this, none()); }

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> yield_from_iterator(W_Object* o) {
    if (is_exact<W_Generator>(o)) return o;
    return get_iterator(o);
}
W_Object* send_value(W_Object* delegate, W_Object* value) {
    if (is_exact<W_Generator>(delegate)) return generator_send(static_cast<W_Generator*>(delegate), value);
    if (value == none()) {
        if (is<W_Iterator>(delegate)) {
            W_Object* item = static_cast<W_Iterator*>(delegate)->next();
            if (!item) set_generator_result(nullptr);
            return item;
        }
        W_Object* item = call_special_0(delegate, N::next);
        if (item || !pending_is(T::StopIteration)) return item;
    } else {
        auto item = call_method(delegate, name_of(N::send), value);
        if (!item.failed() || !pending_is(T::StopIteration)) return item.value();
    }
    W_Object* result = get_attribute(static_cast<W_Exception*>(take_pending_error()), N::value).value();
    set_generator_result(result);
    return nullptr;
}

namespace {

// Enters the handlers of the instruction at which the generator is suspended, with the exception pending.
W_Object* resume_with_error(W_Generator* self, W_Exception* exception) {
    self->waits_for = static_cast<W_Generator*>(nullptr);
    W_Frame* frame = self->frame;
    W_Code* code = frame->code;
    long suspended = frame->resume_instruction - 1;
    if (!self->started) {
        self->frame = static_cast<W_Frame*>(nullptr);
        add_traceback(exception, code, suspended);
        raise(exception);
        return nullptr;
    }
    add_traceback(exception, code, suspended);
    long handler = code_handler(code, suspended);
    if (handler < 0) {
        frame->resume_instruction = -1;
        self->frame = static_cast<W_Frame*>(nullptr);
        raise(exception);
        if (pending_is(T::StopIteration)) convert_stop_iteration();
        return nullptr;
    }
    long depth = code->slot_count + handler_depth(code, handler);
    frame->slots->set(depth, exception);
    return resume(self, frame, handler_instruction(code, handler), depth + 1);
}

} // namespace

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> generator_throw(W_Generator* self, W_Exception* exception) {
    if (self->running) return already_executing();
    if (!self->frame) return raise(exception);
    W_Object* delegate = delegate_of(self);
    if (delegate) {
        W_Object* value = nullptr;
        self->running = 1;
        bool handled_by_delegate = true;
        if (is_instance(exception, T::GeneratorExit)) {
            bool closed = true;
            if (is_exact<W_Generator>(delegate)) {
                closed = !generator_close(static_cast<W_Generator*>(delegate)).failed();
            } else if (W_Object* closer = find_attribute(delegate, name_of(N::close))) {
                closed = !call_0(closer).failed();
            }
            self->running = 0;
            if (!closed) exception = static_cast<W_Exception*>(take_pending_error());
            handled_by_delegate = false;
        } else if (is_exact<W_Generator>(delegate)) {
            value = generator_throw(static_cast<W_Generator*>(delegate), exception).value();
        } else if (W_Object* thrower = find_attribute(delegate, name_of(N::throw_))) {
            value = call_1(thrower, exception).value();
        } else {
            handled_by_delegate = false;
        }
        self->running = 0;
        if (handled_by_delegate) {
            if (value) return value;
            if (pending_is(T::StopIteration)) {
                // The delegate returned: go on after the SEND that yields to it.
                W_Object* result = get_attribute(static_cast<W_Exception*>(take_pending_error()), N::value).value();
                W_Object* next = resume_after_delegate(self, result);
                if (next || pending_error()) return next;
                return raise_stop_iteration(take_generator_result());
            }
            if (!pending_error()) return raise_stop_iteration(take_generator_result());
            exception = static_cast<W_Exception*>(take_pending_error());
        }
    }
    W_Object* value = resume_with_error(self, exception);
    if (value) return value;
    if (pending_error()) return failure;
    W_Object* result = take_generator_result();
    return raise_stop_iteration(result == none() ? nullptr : result);
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> generator_close(W_Generator* self) {
    if (self->running) return already_executing();
    if (!self->frame) return none();
    if (!self->started) {
        self->frame = static_cast<W_Frame*>(nullptr);
        return none();
    }
    auto result = generator_throw(self, make_exception(type_of(T::GeneratorExit), make_tuple_0()));
    if (!result.failed()) return raise_text(T::RuntimeError, "generator ignored GeneratorExit");
    if (clear_if_pending(T::GeneratorExit) || clear_if_pending(T::StopIteration)) return none();
    return failure;
}

namespace {

HEDDLE_INLINE W_Generator* self_of(W_Object* o) { return static_cast<W_Generator*>(o); }
Result<W_Object*> method_send(W_Object* o, W_Object* value) {
    W_Object* item = generator_send(self_of(o), value);
    if (item || pending_error()) return item;
    W_Object* result = take_generator_result();
    return raise_stop_iteration(result == none() ? nullptr : result);
}
Result<W_Object*> method_next(W_Object* o) { return method_send(o, none()); }
Result<W_Object*> method_throw(W_Object* o, W_Object* type, W_Object* value, W_Object* traceback) {
    W_Object* exception = type;
    if (is<W_Type>(type)) {
        if (!value || value == none())
            exception = HEDDLE_TRY(call_0(type));
        else if (is_instance(value, static_cast<W_Type*>(type)))
            exception = value;
        else
            exception = HEDDLE_TRY(call_1(type, value));
    }
    if (!is<W_Exception>(exception))
        return raise_about_type(T::TypeError,
                                "exceptions must be classes or instances deriving from BaseException, not %s", type);
    if (traceback && is_exact<W_Traceback>(traceback))
        static_cast<W_Exception*>(exception)->traceback = static_cast<W_Traceback*>(traceback);
    return generator_throw(self_of(o), static_cast<W_Exception*>(exception));
}
Result<W_Object*> method_close(W_Object* o) { return generator_close(self_of(o)); }
Result<W_Object*> method_iter(W_Object* o) { return o; }
Result<W_Object*> method_repr(W_Object* o) {
    char address[40];
    snprintf(address, sizeof address, " at 0x%" PRIx64 ">", static_cast<uint64_t>(identity_of(o)));
    return make_str("<generator object " + to_utf8(self_of(o)->qualname) + address);
}
Result<W_Object*> get_name(W_Object* o) { return self_of(o)->name.get(); }
Result<W_Object*> get_qualname(W_Object* o) { return self_of(o)->qualname.get(); }
Result<W_Object*> get_running(W_Object* o) { return boolean(self_of(o)->running); }
Result<W_Object*> get_frame(W_Object* o) {
    return self_of(o)->frame ? static_cast<W_Object*>(self_of(o)->frame.get()) : none();
}
Result<W_Object*> get_delegate(W_Object* o) {
    W_Object* delegate = delegate_of(self_of(o));
    return delegate ? delegate : none();
}

constexpr builtin_entry methods[] = {
    {"send", method_send},   {"__next__", method_next}, {"throw", method_throw, 2},
    {"close", method_close}, {"__iter__", method_iter}, {"__repr__", method_repr},
};
constexpr getset_entry attributes[] = {
    {"__name__", get_name, nullptr},  {"__qualname__", get_qualname, nullptr}, {"gi_running", get_running, nullptr},
    {"gi_frame", get_frame, nullptr}, {"gi_yieldfrom", get_delegate, nullptr},
};

} // namespace

void setup_generator() {
    add_methods(T::generator, methods);
    add_getsets(T::generator, attributes);
}

} // namespace heddle::python
