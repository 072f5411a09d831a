// Contexts as the image sees them: numbered slots. MethodContext: sender, pc, stackp, method, closure, receiver, then
// temporaries and stack. BlockContext: caller, pc, stackp, arguments, initial pc, home, then its stack.
//
// The image may change any of them while native frames run these contexts: a native frame therefore compares its
// callee's sender and its own state when a value comes back (interpreter.cpp).
#include "frame.h"
#include "som_universe.h"

namespace heddle::smalltalk {

thread_root<ExecutionContext> the_context;

long context_size(W_Frame* frame) {
    // Large contexts have 56 slots behind the fixed ones, small ones 16; more if somebody made it bigger.
    long slots = frame->slots->length();
    return 6 + (slots > 56 ? slots : slots > 16 ? 56 : 16);
}

static W_Object* or_nil(W_Object* o) { return o ? o : nil(); }
static W_Object* slot_or_nil(frame_slots* slots, long index) {
    return or_nil(index < slots->length() ? slots->get(index) : nullptr);
}
static W_Object* instruction_to_pc(W_Frame* frame, long instruction) {
    if (!frame->code || instruction < 0 || instruction >= frame->code->byte_positions->length()) return nil();
    return make_int(image_pc(frame->code, instruction));
}

W_Object* context_fetch(W_Frame* frame, long index) {
    bool old_block = frame->kind == frame_old_block;
    long state = frame->state;
    switch (index) {
    case 0: return or_nil(frame->sender);
    case 1: return state < 0 ? nil() : instruction_to_pc(frame, state_instruction(state));
    case 2: return make_int(state < 0 ? 0 : state_depth(state));
    case 3:
        if (old_block) return make_int(state_depth(frame->block_entry));
        return frame->code ? static_cast<W_Object*>(frame->code->method) : nil();
    case 4: return old_block ? instruction_to_pc(frame, state_instruction(frame->block_entry)) : or_nil(frame->home);
    case 5: return old_block ? or_nil(frame->home) : frame->receiver.get();
    default: return slot_or_nil(frame->slots, index - 6);
    }
}

frame_slots* nil_slots(long size) {
    auto* slots = heddle::try_make_array<frame_slots>(size);
    for (long i = 0; slots && i < size; i++) slots->set(i, nil());
    return slots;
}
// Whoever runs the frame has to read its receiver and slots again.
static void changed(W_Frame* frame) {
    if (frame->state >= 0) frame->state = frame->state | state_changed;
}
static void set_state(W_Frame* frame, long instruction, long depth) {
    bool was_changed = frame->state >= 0 && (frame->state & state_changed);
    frame->state = make_state(instruction, depth);
    if (was_changed) changed(frame);
}
// The code of a context that the image builds: known once its method, or its home, is there.
static bool set_code(W_Frame* frame, Code* code) {
    if (!code) return false;
    frame->code = code;
    if (frame->slots->length() < code->frame_size) {
        frame_slots* longer = nil_slots(code->frame_size);
        heddle::copy_items(frame->slots.get(), 0, longer, 0, frame->slots->length());
        frame->slots = longer;
        changed(frame);
    }
    return true;
}
static bool set_home(W_Frame* frame, W_Object* value) {
    W_Frame* home = as_frame(value);
    if (!home || !home->code || home == frame) return value == nil();
    frame->home = value;
    frame->receiver = home->receiver;
    changed(frame);
    return set_code(frame, home->code);
}
static bool set_pc(W_Frame* frame, W_Object* value) {
    long depth = frame->state < 0 ? 0 : state_depth(frame->state);
    if (value == nil()) {
        frame->state = -1;
        return true;
    }
    if (!is_int(value) || !frame->code) return false;
    long instruction = instruction_at(frame->code, int_value(value));
    if (instruction < 0) return false;
    set_state(frame, instruction, depth);
    return true;
}

bool context_store(W_Frame* frame, long index, W_Object* value) {
    bool old_block = frame->kind == frame_old_block;
    if (index > 5) {
        if (index - 6 >= frame->slots->length()) return false;
        frame->slots->set(index - 6, value);
        return true;
    }
    switch (index) {
    case 0: frame->sender = value; return true;
    case 1: return set_pc(frame, value);
    case 2: {
        if (!is_int(value) || int_value(value) < 0 || int_value(value) > frame->slots->length()) return false;
        if (!fits_state(0, int_value(value))) return false;
        long instruction = frame->state < 0 ? 0 : state_instruction(frame->state);
        set_state(frame, instruction, int_value(value));
        return true;
    }
    case 3:
        if (old_block) {
            if (!is_int(value) || int_value(value) < 0 || !fits_state(0, int_value(value))) return false;
            frame->block_entry = make_state(state_instruction(frame->block_entry), int_value(value));
            return true;
        }
        return is_exact<W_Method>(value) && set_code(frame, code_of(static_cast<W_Method*>(value), nullptr));
    case 4:
        if (!old_block) {
            frame->home = value;
            frame->kind = value == nil() ? frame_method : frame_closure;
            return true;
        } else {
            long instruction = is_int(value) && frame->code ? instruction_at(frame->code, int_value(value)) : -1;
            if (instruction < 0) return false;
            frame->block_entry = make_state(instruction, state_depth(frame->block_entry));
            return true;
        }
    default:
        if (old_block) return set_home(frame, value);
        frame->receiver = value;
        changed(frame);
        return true;
    }
}

W_Frame* new_context(W_Class* c, long size) {
    bool old_block = !traits.spur && c == special_at(special_block_context);
    frame_slots* slots = nil_slots(size);
    if (!slots) return nullptr;
    return make<W_Frame>(c, nullptr, nil(), slots, nil(), -1, nil(), old_block ? frame_old_block : frame_method);
}

static bool has_home(W_Frame* frame) {
    if (frame->kind != frame_old_block) return true;
    W_Frame* home = as_frame(frame->home);
    return home && home->slots->length() >= frame->code->frame_size;
}
bool is_runnable(W_Frame* frame) {
    Code* code = frame->code;
    long state = frame->state;
    if (!code || state < 0) return false;
    long instruction = state_instruction(state);
    return instruction < code->depths->length() && code->depths->get(instruction) == state_depth(state) &&
           frame->slots->length() >= code->frame_size && has_home(frame);
}

HEDDLE_UNROLL_SAFE W_Frame* home_of(W_Frame* frame) {
    while (frame->kind != frame_method) {
        W_Object* outer = frame->home;
        if (is_exact<W_Block>(outer)) {
            outer = static_cast<W_Block*>(outer)->outer;
            if (!outer) return nullptr;
        } else if (frame->kind == frame_closure) {
            if (!is_exact<W_Pointers>(outer) || static_cast<W_Pointers*>(outer)->slots->length() < 3) return nullptr;
            outer = static_cast<W_Pointers*>(outer)->slots->get(0);
        }
        if (!is_exact<W_Frame>(outer)) return nullptr;
        frame = static_cast<W_Frame*>(outer);
    }
    return frame;
}

} // namespace heddle::smalltalk
