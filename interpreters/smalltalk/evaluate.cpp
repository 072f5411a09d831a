// Evaluating an expression in an image: a method made here sends evaluate:for:logged: to the image's Compiler, in a
// new process of its own; the process that was saved as active does not run.
#include "evaluate.h"
#include "heap_walk.h"
#include "process.h"

namespace heddle::smalltalk {

namespace {
std::string quoted(const std::string& text) {
    std::string result = "'";
    for (char c : text) {
        if (c == '\'') result += '\'';
        result += c == '\n' ? '\r' : c;
    }
    return result + "'";
}
// What an evaluation needs of the image, null where the image has none; found in one walk.
struct image_parts {
    W_Class *compiler = nullptr, *delay = nullptr;
    W_Object *evaluate = nullptr, *start_up = nullptr, *on_do = nullptr; // symbols
};
image_parts find_parts() {
    image_parts parts;
    W_Class* symbols = class_of(special_at(special_does_not_understand));
    auto note = [](auto*& place, auto* found, bool is_it) {
        if (!place && is_it) place = found;
    };
    for (void* each : all_objects()) {
        W_Object* o = as_object(each);
        if (is<W_Class>(o)) {
            auto* c = static_cast<W_Class*>(o);
            std::string name = class_name(c);
            note(parts.compiler, c, name == "Compiler");
            note(parts.delay, c, name == "Delay");
        } else if (is_exact<W_Bytes>(o) && class_of(o) == symbols) {
            std::string text = text_of(o);
            note(parts.evaluate, o, text == "evaluate:for:logged:");
            note(parts.start_up, o, text == "startUp");
            note(parts.on_do, o, text == "on:do:");
        }
    }
    return parts;
}
// What the image is asked to evaluate.
std::string wrapped(const std::string& source, const image_parts& parts) {
    // The process that was saved as active does not run; it would have started the timers.
    bool starts = parts.delay && parts.start_up && find_method(class_of(parts.delay), parts.start_up, nullptr);
    std::string inner = std::string(starts ? "Delay startUp. " : "") + "[(Compiler evaluate: " + quoted(source) +
                        " for: nil logged: false) printString] ";
    if (parts.on_do && traits.version != 6502) return inner + "on: Error do: [:e | 'ERROR: ', e description]";
    return inner + "ifError: [:message :receiver | 'ERROR: ', message]";
}
void start_process() {
    W_Object* association = special_at(special_scheduler);
    W_Object* processor = has_slots(association, 2) ? slot(association, 1) : nil();
    W_Class* process_class = special_class(special_process);
    if (!has_slots(processor, 2)) return;
    W_Object* old = slot(processor, 1);
    if (!process_class && has_slots(old, 4)) process_class = class_of(old);
    W_Object* process = process_class ? instantiate(process_class, 0) : nullptr;
    if (!process || !has_slots(process, 4)) return;
    set_slot(process, 2, has_slots(old, 3) && is_int(slot(old, 2)) ? slot(old, 2) : make_int(4));
    set_slot(processor, 1, process);
}
// Of a method of the VM's own, in the bytecodes that all images have. The first is the header.
slots_array* method_literals(long count) {
    slots_array* literals = new_slots(count + 1);
    literals->set(0, make_int(traits.spur ? count : count << 9));
    return literals;
}
// Its context, before the first instruction; null: the image's classes make no sense.
W_Frame* frame_of_method(const uint8_t* code, size_t length, slots_array* literals) {
    W_Class* methods = special_class(special_compiled_method);
    if (!methods) return nullptr;
    byte_array* bytes = heddle::make_array<byte_array>(static_cast<long>(length));
    memcpy(bytes->data(), code, length);
    W_Method* method = make<W_Method>(methods, literals, bytes);
    W_Frame* frame = new_context(special_class(special_method_context), 16);
    if (!frame || !context_store(frame, 3, method)) return nullptr;
    frame->state = make_state(0, 0);
    return frame;
}
} // namespace

W_Frame* frame_for_evaluation(const std::string& source, std::string& error) {
    image_parts parts = find_parts();
    if (!parts.compiler || !parts.evaluate || !special_class(special_compiled_method) ||
        !find_method(class_of(parts.compiler), parts.evaluate, nullptr)) {
        error = "the image has no compiler to evaluate with";
        return nullptr;
    }
    // push Compiler, the source, nil, false; send; return.
    static constexpr uint8_t code[] = {0x20, 0x21, 0x73, 0x72, 0x83, 2 | 3 << 5, 0x7c};
    slots_array* literals = method_literals(3);
    literals->set(1, parts.compiler);
    literals->set(2, new_string(wrapped(source, parts)));
    literals->set(3, parts.evaluate);
    start_process();
    W_Frame* frame = frame_of_method(code, sizeof code, literals);
    if (!frame) {
        error = "the image's classes make no sense";
        return nullptr;
    }
    execution_context()->bottom = frame;
    return frame;
}

W_Frame* frame_for_message(W_Object* receiver, W_Object* selector) {
    static constexpr uint8_t code[] = {0x20, 0xd1, 0x7c}; // push the receiver; send; return
    slots_array* literals = method_literals(2);
    literals->set(1, receiver);
    literals->set(2, selector);
    return frame_of_method(code, sizeof code, literals);
}

} // namespace heddle::smalltalk
