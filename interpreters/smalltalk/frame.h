// Contexts and the code they run.
//
// A W_Frame is one activation and is also the context that the image sees: MethodContext or, in images without
// closures, BlockContext. It is linked to its caller by `sender`, never the other way, so that the frame of an inlined
// call stays virtual. Invariants, for a frame that runs natively (interpreter.cpp):
//  * its native caller is running the frame `sender` (or is the run loop, process.cpp);
//  * before each send, `state` says where it goes on when the value comes back.
// So the heap alone tells the whole state of the computation at every send: a process switch, a non-local return, a
// full native stack or a change of a sender link simply drops the native stack (an Unwind) and goes on from the frames.
#pragma once
#include "decoder.h"
#include "heddle/threads.h"
#include "object.h"

namespace heddle::smalltalk {

// The slots of frames are in no other object, and objects' slots in no frame: traces keep what they know of the one
// over stores to the other.
struct frame_slots_tag {};
using frame_slots = heddle::array<member<W_Object>, frame_slots_tag>;
using code_words = heddle::array<const long>;
using code_numbers = heddle::array<const int>;

// What a send saw the last time, for the interpreter; traces have their own knowledge.
struct InlineCache : heddle::object {
    InlineCache(W_Class* c, Version* v, Code* t) : class_(c), version(v), target(t) {}
    member<W_Class> class_;
    member<Version> version;
    member<Code> target;
    HEDDLE_GC_CLASS(InlineCache, heddle::object, class_, version, target)
};

// A method's instructions (instructions.def), decoded from its bytecodes and verified: the stack's depth at each
// instruction is known and within frame_size, literals, temporaries and jumps are within bounds.
struct Code : heddle::object {
    Code(code_words* i, code_numbers* d, code_numbers* p, slots_array* c, heddle::array<member<InlineCache>>* k,
         W_Method* m, W_Class* o, long a, long t, long size, long number)
        : instructions(i), depths(d), byte_positions(p), constants(c), caches(k), method(m), owner(o), arguments(a),
          temporaries(t), frame_size(size), primitive(number) {}
    code_words* const instructions;     // instruction_word() and operand_b()
    code_numbers* const depths;         // the stack's depth before each instruction; -1: never reached
    code_numbers* const byte_positions; // the bytecode of each instruction
    slots_array* const constants;       // literals (without the header), then what special sends need
    heddle::array<member<InlineCache>>* const caches;
    W_Method* const method;
    W_Class* const owner; // where the method was found, for super; may be null
    const long arguments, temporaries, frame_size;
    const long primitive; // 0: none
    HEDDLE_GC_CLASS(Code, heddle::object, instructions, depths, byte_positions, constants, caches, method, owner,
                    arguments, temporaries, frame_size, primitive)
};
HEDDLE_INLINE long instruction_word(Code* code, long instruction) {
    return code->instructions->get(words_of_instruction * instruction);
}
HEDDLE_INLINE long operand_b(Code* code, long instruction, long word) {
    if constexpr (words_of_instruction == 1)
        return word >> (long_bits / 2);
    else
        return code->instructions->get(words_of_instruction * instruction + 1);
}
HEDDLE_ELIDABLE inline W_Object* code_constant(Code* code, long index) { return code->constants->get(index); }

enum frame_kind : int { frame_method, frame_old_block, frame_closure };

// state: the next instruction, and the stack's depth above it; -1: the frame has returned. Small, so that machine code
// stores and compares it in one instruction. The highest bit but one says that somebody else has changed the receiver
// or the slots, which the frame's native code keeps in registers.
constexpr int state_changed = 1 << (state_instruction_bits + state_depth_bits);
HEDDLE_INLINE int make_state(long instruction, long depth) {
    return static_cast<int>(instruction | depth << state_instruction_bits);
}
HEDDLE_INLINE long state_instruction(long state) { return state & ((1 << state_instruction_bits) - 1); }
HEDDLE_INLINE long state_depth(long state) { return state >> state_instruction_bits & ((1 << state_depth_bits) - 1); }

struct W_Frame : W_Instance {
    W_Frame(W_Class* c, Code* k, W_Object* r, frame_slots* s, W_Object* from, int where, W_Object* h,
            frame_kind kind_of_frame, int entry = 0)
        : W_Instance(c, 0), state(where), kind(kind_of_frame), block_entry(entry), code(k), receiver(r), slots(s),
          sender(from), home(h) {}
    field<int> state;
    field<int> kind;        // a frame_kind
    field<int> block_entry; // old block: the state it starts with, its arguments on the stack
    member<Code> code;      // null: a context that the image is still building
    member<W_Object> receiver;
    member<frame_slots> slots; // temporaries and stack; an old block's temporaries are in its home's slots
    member<W_Object> sender;   // a W_Frame, or nil; null: it has returned
    member<W_Object> home;     // old block: the W_Frame it was made in; closure: the closure; method: null or nil
    HEDDLE_GC_CLASS(W_Frame, W_Instance, state, kind, block_entry, code, receiver, slots, sender, home)
};
// Where old blocks' temporaries are: home is a frame then, set_home() of contexts.cpp sees to it.
HEDDLE_INLINE frame_slots* home_slots(W_Frame* block) { return static_cast<W_Frame*>(block->home.get())->slots; }
HEDDLE_INLINE W_Frame* as_frame(W_Object* o) { return is_exact<W_Frame>(o) ? static_cast<W_Frame*>(o) : nullptr; }
HEDDLE_INLINE W_Frame* sender_of(W_Frame* frame) {
    W_Object* sender = frame->sender;
    return sender ? as_frame(sender) : nullptr;
}
HEDDLE_INLINE void frame_has_returned(W_Frame* frame) {
    frame->sender = static_cast<W_Object*>(nullptr);
    frame->state = -1;
}

// The pending "error" of a Result: leave all native frames until the one that runs target, which goes on from its
// state, with value pushed if there is one.
struct Unwind : heddle::object {
    Unwind(W_Frame* t, W_Object* v) : target(t), value(v) {}
    W_Frame* const target; // null: the VM ends (process.cpp)
    W_Object* const value;
    HEDDLE_GC_CLASS(Unwind, heddle::object, target, value)
};
HEDDLE_INLINE W_Object* unwind_to(W_Frame* target, W_Object* value) {
    set_pending_error(make<Unwind>(target, value));
    return nullptr;
}

// What each thread has of its own.
struct W_Thread;
struct ExecutionContext : heddle::object {
    ExecutionContext() : bottom(nullptr), thread(nullptr), cache(nullptr), cache_selectors(nullptr), hash_state(1) {}
    member<W_Frame> bottom;                           // the frame whose return ends the run loop, or null
    member<W_Thread> thread;                          // null: the one that runs the image's processes (os_threads.h)
    member<heddle::array<member<InlineCache>>> cache; // of cached_lookup(); null until it is used
    member<slots_array> cache_selectors;
    field<uint32_t> hash_state; // of identity hashes
    HEDDLE_GC_CLASS(ExecutionContext, heddle::object, bottom, thread, cache, cache_selectors, hash_state)
};
extern thread_root<ExecutionContext> the_context;
HEDDLE_ELIDABLE inline ExecutionContext* execution_context() { return the_context; }

// ---- code.cpp
HEDDLE_DONT_LOOK_INSIDE Code* code_of(W_Method* method, W_Class* owner); // decodes when needed; null: not executable
bool header_value(W_Object* o, long& header);                            // false: it is no method's header
long method_header(W_Method* method);
long method_literal_count(long header);
long method_argument_count(long header);
long method_temporary_count(long header);
long method_primitive(W_Method* method);
long image_pc(Code* code, long instruction); // as the image counts: from 1, literals included
long instruction_at(Code* code, long pc);    // the reverse; -1: no instruction starts there
const char* instruction_name(long operation);

// ---- contexts.cpp
long context_size(W_Frame* frame); // slots, as the image sees them
W_Object* context_fetch(W_Frame* frame, long index);
bool context_store(W_Frame* frame, long index, W_Object* value);
W_Frame* new_context(W_Class* c, long size);
frame_slots* nil_slots(long size); // null: it is too big
bool is_runnable(W_Frame* frame);  // its state fits its code
W_Frame* home_of(W_Frame* frame);  // the method frame whose `^` this frame's is; null: gone

// ---- lookup.cpp
HEDDLE_ELIDABLE Code* lookup(W_Class* c, W_Object* selector, Version* version);                 // null: not understood
HEDDLE_DONT_LOOK_INSIDE W_Object* find_method(W_Class* c, W_Object* selector, W_Class** owner); // the entry itself

// ---- interpreter.cpp
W_Object* interpret(Code* code, W_Frame* frame, frame_slots* slots, W_Object* receiver, long instruction, long depth);
W_Object* invoke(W_Frame* frame, Code* target, frame_slots* slots, long first, long count);
W_Object* activate(W_Frame* frame, Code* target, frame_slots* slots, long first, long count);
W_Object* enter(Code* code, W_Frame* callee, long instruction, long depth);
W_Object* send(W_Frame* frame, W_Object* selector, frame_slots* slots, long first, long count);
HEDDLE_DONT_LOOK_INSIDE W_Object* does_not_understand(W_Frame* frame, W_Object* selector, frame_slots* slots,
                                                      long first, long count);
// A send that no bytecode asked for; arguments may be null from the end on.
HEDDLE_DONT_LOOK_INSIDE W_Object* send_message(W_Frame* frame, W_Object* selector, W_Object* receiver, W_Object* a,
                                               W_Object* b);

} // namespace heddle::smalltalk
