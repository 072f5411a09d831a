// The interpreter's rare paths: messages that are not understood, sends of the VM's own, the global method cache.
#include "decoder.h"
#include "primitives.h"
#include "process.h"
#include "settings.h"

namespace heddle::smalltalk {

namespace {
constexpr long cache_size = 2048;
} // namespace

Code* cached_lookup(W_Class* c, W_Object* selector) {
    ExecutionContext* context = execution_context();
    if (!context->cache) {
        context->cache = heddle::make_array<heddle::array<member<InlineCache>>>(cache_size);
        context->cache_selectors = heddle::make_array<slots_array>(cache_size);
    }
    long index = (identity_hash(c) * 31 + identity_hash(selector)) & (cache_size - 1);
    InlineCache* entry = context->cache->get(index);
    if (entry && entry->class_ == c && context->cache_selectors->get(index) == selector &&
        entry->version == current_version())
        return entry->target;
    Code* target = lookup(c, selector, current_version());
    if (!target) return nullptr;
    context->cache->set(index, make<InlineCache>(c, current_version(), target));
    context->cache_selectors->set(index, selector);
    return target;
}

static W_Object* fatal(const std::string& message) {
    fprintf(stderr, "heddle-smalltalk: %s\n", message.c_str());
    request_exit(1);
    return nullptr;
}

static W_Pointers* array_of_arguments(frame_slots* slots, long first, long count) {
    W_Pointers* arguments = new_array(count);
    for (long i = 0; i < count; i++) set_slot(arguments, i, slots->get(first + 1 + i));
    return arguments;
}
// doesNotUnderstand: selector arguments: anArray
static W_Object* som_does_not_understand(W_Frame* frame, Code* reply, W_Object* selector, frame_slots* slots,
                                         long first, long count) {
    W_Object* receiver = slots->get(first);
    if (selector == special_at(special_must_be_boolean))
        return fatal("ifTrue: or its like was sent to " + describe(receiver) + ", in " + describe_method(frame->code));
    if (!reply || reply->arguments != 2)
        return fatal(describe(receiver) + " does not understand " + text_of(selector) +
                     ", and its class has no doesNotUnderstand:arguments:");
    frame_slots* call = heddle::make_array<frame_slots>(3);
    call->set(0, receiver);
    call->set(1, selector);
    call->set(2, array_of_arguments(slots, first, count));
    return invoke(frame, reply, call, 0, 2);
}

W_Object* does_not_understand(W_Frame* frame, W_Object* selector, frame_slots* slots, long first, long count) {
    W_Object* receiver = slots->get(first);
    W_Class* c = class_of(receiver);
    if (settings.log_messages)
        fprintf(stderr, "not understood: %s of %s\n", text_of(selector).c_str(), describe(receiver).c_str());
    W_Object* reply = special_at(special_does_not_understand);
    Code* target = cached_lookup(c, reply);
    if (traits.som) return som_does_not_understand(frame, target, selector, slots, first, count);
    if (!target || target->arguments != 1)
        return fatal("a " + class_name(c) + " does not understand " + text_of(selector) +
                     ", and its class has no doesNotUnderstand:");
    W_Pointers* arguments = array_of_arguments(slots, first, count);
    W_Class* message_class = special_class(special_message);
    W_Object* message = message_class ? instantiate(message_class, 0) : nullptr;
    if (!message || !has_slots(message, 2)) return fatal("the image's class Message makes no sense");
    set_slot(message, 0, selector);
    set_slot(message, 1, arguments);
    if (has_slots(message, 3)) set_slot(message, 2, c);
    frame_slots* call = heddle::make_array<frame_slots>(2);
    call->set(0, receiver);
    call->set(1, message);
    return invoke(frame, target, call, 0, 1);
}
W_Object* send_message(W_Frame* frame, W_Object* selector, W_Object* receiver, W_Object* a, W_Object* b) {
    long count = b ? 2 : a ? 1 : 0;
    frame_slots* call = heddle::make_array<frame_slots>(3);
    call->set(0, receiver);
    call->set(1, a);
    call->set(2, b);
    return send(frame, selector, call, 0, count);
}
W_Object* wrong_argument_count(W_Frame* frame, Code* target, frame_slots* slots, long first, long count) {
    (void)frame, (void)slots, (void)first;
    return fatal("the method " + describe_method(target) + " was sent with " + std::to_string(count) + " arguments");
}
W_Object* illegal_instruction(W_Frame* frame, Code* code, long instruction) {
    (void)frame;
    return fatal("the method " + describe_method(code) + " has an illegal bytecode at " +
                 std::to_string(code->byte_positions->get(instruction)));
}
// Somebody changed the sender of a context that was running.
W_Object* return_elsewhere(W_Frame* callee, W_Object* result) {
    W_Frame* target = sender_of(callee);
    if (!target || target->state < 0)
        return send_message(callee, special_at(special_cannot_return), callee, result, nullptr);
    frame_has_returned(callee);
    return unwind_to(target, result);
}
bool code_is_unwind_marked(Code* code) { return method_primitive(code->method) == 198; }
W_Class* special_class_constant(long index) { return special_class(index); }

std::string describe_method(Code* code) {
    std::string selector = "?";
    W_Class* owner = code->owner;
    if (owner && has_slots(slot(owner, 1), 3)) {
        W_Object* dictionary = slot(owner, 1);
        W_Object* methods = slot(dictionary, 1);
        for (long i = 0; is<W_Pointers>(methods) && i < static_cast<W_Pointers*>(methods)->size(); i++)
            if (slot(methods, i) == code->method && has_slots(dictionary, i + 3))
                selector = text_of(slot(dictionary, i + 2));
    }
    return (owner ? class_name(owner) : "?") + ">>" + selector;
}
W_Object* make_point(W_Object* x, W_Object* y) {
    slots_array* slots = new_slots(2);
    slots->set(0, x);
    slots->set(1, y);
    return make<W_Pointers>(special_class_constant(special_point), slots);
}

} // namespace heddle::smalltalk
