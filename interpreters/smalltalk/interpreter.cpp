// The instruction loop: the portal that the JIT traces; sends, activations and returns around it.
//
// Greens: code, instruction, and the depth of the stack (an index into the frame's slots, known for each instruction).
// Everything else is in the frame; its slots and receiver are kept at hand, and read again when somebody has changed
// them. Null from interpret() means that an Unwind is pending: the native caller whose frame
// is its target goes on, all others leave (frame.h).
#include "decoder.h"
#include "frame.h"
#include "primitives.h"
#include "process.h"
#include "som_universe.h"

namespace heddle::smalltalk {

static const char* describe_location(const uint64_t* greens) {
    static char text[300];
    auto* code = reinterpret_cast<Code*>(static_cast<uintptr_t>(greens[0]));
    long instruction = static_cast<long>(greens[1]);
    snprintf(text, sizeof text, "%s:%d %s", describe_method(code).c_str(), code->byte_positions->get(instruction),
             instruction_name(word_operation(instruction_word(code, instruction))));
    return text;
}
static constinit heddle::jit::driver driver{"smalltalk", describe_location};

namespace {

HEDDLE_INLINE void clear_slot(frame_slots* slots, long index) {
    if (jit::we_are_jitted()) slots->set(index, nullptr);
}
HEDDLE_INLINE bool both_ints(W_Object* a, W_Object* b) { return is_int(a) && is_int(b); }
HEDDLE_INLINE bool both_floats(W_Object* a, W_Object* b) { return is_exact<W_Float>(a) && is_exact<W_Float>(b); }
HEDDLE_INLINE bool mixed_floats(W_Object* a, W_Object* b) {
    return is_exact<W_Float>(a) ? is_int(b) : is_exact<W_Float>(b) && is_int(a);
}
HEDDLE_INLINE double number_value(W_Object* o) {
    return is_exact<W_Float>(o) ? float_value(o) : static_cast<double>(int_value(o));
}

// The results of special sends whose operands are numbers; null: send.
#define HEDDLE_SMALLTALK_ARITHMETIC(name, overflow, operator_)                                                 \
    HEDDLE_INLINE W_Object* fast_##name(W_Object* a, W_Object* b) {                                            \
        if (both_ints(a, b)) {                                                                                 \
            long result;                                                                                       \
            if (!overflow(int_value(a), int_value(b), &result) && fits_small(result)) return make_int(result); \
        } else if (both_floats(a, b)) {                                                                        \
            return make_float(float_value(a) operator_ float_value(b));                                        \
        } else if (mixed_floats(a, b)) {                                                                       \
            return make_float(number_value(a) operator_ number_value(b));                                      \
        }                                                                                                      \
        return nullptr;                                                                                        \
    }
HEDDLE_SMALLTALK_ARITHMETIC(add, __builtin_saddl_overflow, +)
HEDDLE_SMALLTALK_ARITHMETIC(subtract, __builtin_ssubl_overflow, -)
HEDDLE_SMALLTALK_ARITHMETIC(multiply, __builtin_smull_overflow, *)
#undef HEDDLE_SMALLTALK_ARITHMETIC

HEDDLE_INLINE W_Object* fast_divide(W_Object* a, W_Object* b) {
    if (both_ints(a, b)) {
        long x = int_value(a), y = int_value(b);
        if (y != 0 && x % y == 0 && fits_small(x / y)) return make_int(x / y);
    } else if (both_floats(a, b) || mixed_floats(a, b)) {
        if (number_value(b) != 0) return make_float(number_value(a) / number_value(b));
    }
    return nullptr;
}
HEDDLE_INLINE W_Object* fast_modulo(W_Object* a, W_Object* b) {
    if (!both_ints(a, b)) return nullptr;
    long x = int_value(a), y = int_value(b);
    // -1 and 0: machines refuse to divide the lowest number by the one, all by the other.
    if (static_cast<unsigned long>(y) + 1 <= 1) return nullptr;
    long remainder = x % y;
    if (remainder != 0 && (remainder ^ y) < 0) remainder += y;
    return make_int(remainder);
}
HEDDLE_INLINE W_Object* fast_integer_divide(W_Object* a, W_Object* b) {
    if (!both_ints(a, b) || int_value(b) == 0) return nullptr;
    long x = int_value(a), y = int_value(b), quotient = x / y;
    if (quotient * y != x && (x ^ y) < 0) quotient--;
    return fits_small(quotient) ? make_int(quotient) : nullptr;
}
HEDDLE_INLINE W_Object* fast_bit_shift(W_Object* a, W_Object* b) {
    if (!both_ints(a, b)) return nullptr;
    long x = int_value(a), by = int_value(b);
    if (by <= 0) return make_int(by <= -long_bits ? x >> (long_bits - 1) : x >> -by);
    if (by > long_bits - 3) return nullptr;
    long shifted = static_cast<long>(static_cast<unsigned long>(x) << by);
    return shifted >> by == x && fits_small(shifted) ? make_int(shifted) : nullptr;
}
HEDDLE_INLINE W_Object* fast_bit_and(W_Object* a, W_Object* b) {
    return both_ints(a, b) ? make_int(int_value(a) & int_value(b)) : nullptr;
}
HEDDLE_INLINE W_Object* fast_bit_or(W_Object* a, W_Object* b) {
    return both_ints(a, b) ? make_int(int_value(a) | int_value(b)) : nullptr;
}
HEDDLE_INLINE W_Object* fast_point(W_Object* a, W_Object* b) {
    if (!(is_int(a) || is_exact<W_Float>(a)) || !(is_int(b) || is_exact<W_Float>(b))) return nullptr;
    return make_point(a, b);
}

// ---- lookup at a send
HEDDLE_DONT_LOOK_INSIDE Code* lookup_and_remember(Code* code, long instruction, W_Class* c, W_Object* selector) {
    Code* target = cached_lookup(c, selector);
    // Of places that see several classes, threads share what was seen first: writing all the time would be a conflict.
    InlineCache* seen = code->caches->get(instruction);
    if (target && (!threads::are_parallel() || !seen || seen->version != current_version()))
        code->caches->set(instruction, make<InlineCache>(c, current_version(), target));
    return target;
}
HEDDLE_INLINE Code* target_of(Code* code, long instruction, W_Class* c, long selector_index) {
    if (jit::we_are_jitted()) return lookup(jit::promote(c), code_constant(code, selector_index), current_version());
    InlineCache* cache = code->caches->get(instruction);
    if (cache && cache->class_ == c && cache->version == current_version()) return cache->target;
    return lookup_and_remember(code, instruction, c, code->constants->get(selector_index));
}
HEDDLE_INLINE W_Object* send_from_stack(Code* code, W_Frame* frame, frame_slots* slots, long instruction,
                                        long selector_index, long first, long count) {
    frame->state = make_state(instruction + 1, first);
    Code* target = target_of(code, instruction, class_of(slots->get(first)), selector_index);
    if (!target) return does_not_understand(frame, code_constant(code, selector_index), slots, first, count);
    return invoke(frame, target, slots, first, count);
}
// The class above the one that the last literal, an association, says the method is in. A CompiledBlock's last literal
// is the code that it is in.
HEDDLE_DONT_LOOK_INSIDE W_Class* superclass_for(Code* code) {
    W_Method* method = code->method;
    W_Object* association = nil();
    for (long steps = 0; steps < 100; steps++) {
        long last = method->literals->length() - 1;
        association = last > 0 ? method->literals->get(last) : nil();
        if (!is_exact<W_Method>(association)) break;
        method = static_cast<W_Method*>(association);
    }
    W_Object* holder = has_slots(association, 2) ? slot(association, 1) : nil();
    W_Object* above = has_slots(holder, 1) ? slot(holder, 0) : nil();
    return is<W_Class>(above) ? static_cast<W_Class*>(above) : nullptr;
}
HEDDLE_ELIDABLE W_Class* superclass_at(Code* code, Version*) { return superclass_for(code); }
W_Object* send_super(Code* code, W_Frame* frame, frame_slots* slots, long instruction, long selector_index, long first,
                     long count, W_Class* c) {
    frame->state = make_state(instruction + 1, first);
    Code* target = c ? target_of(code, instruction, c, selector_index) : nullptr;
    if (!target) return does_not_understand(frame, code_constant(code, selector_index), slots, first, count);
    return invoke(frame, target, slots, first, count);
}

template <class From, class To>
HEDDLE_UNROLL_SAFE void copy_slots(From* from, long first, To* to, long to_first, long count) {
    for (long i = 0; i < count; i++) to->set(to_first + i, from->get(first + i));
}
HEDDLE_UNROLL_SAFE void fill_nil(frame_slots* slots, long from, long to) {
    W_Object* value = nil();
    for (long i = from; i < to; i++) slots->set(i, value);
}
HEDDLE_UNROLL_SAFE void clear_slots(frame_slots* slots, long from, long to) {
    if (!jit::we_are_jitted()) return;
    for (long i = from; i < to; i++) slots->set(i, nullptr);
}

// Traces needn't ask: machine code looks at the stack where it is called, and has the portal run there instead.
HEDDLE_DONT_LOOK_INSIDE bool native_stack_is_low() {
    return static_cast<char*>(__builtin_frame_address(0)) < heddle_thread.stack_limit + 131072;
}

// ---- returns
// `^` in a block: the value goes to the sender of the home context. All frames on the way are finished with.
HEDDLE_UNROLL_SAFE W_Frame* unwind_target(W_Frame* frame, W_Frame* home) {
    W_Frame* at = frame;
    while (at != home) {
        W_Frame* next = sender_of(at);
        if (!next) return nullptr;
        if (next != home && is_unwind_marked(next)) return nullptr;
        at = next;
    }
    return sender_of(home);
}
HEDDLE_UNROLL_SAFE void finish_frames(W_Frame* frame, W_Frame* home) {
    W_Frame* at = frame;
    for (;;) {
        W_Object* next = at->sender;
        frame_has_returned(at);
        if (at == home) return;
        at = static_cast<W_Frame*>(next);
    }
}
HEDDLE_DONT_LOOK_INSIDE W_Object* return_the_hard_way(W_Frame* frame, W_Frame* home, W_Object* value) {
    // A context on the way wants to be told (ensure:), or home is gone.
    if (home && home->state >= 0) {
        for (W_Frame* at = frame; at; at = sender_of(at)) {
            if (at != frame && at != home && is_unwind_marked(at) && special_at(special_about_to_return) != nil())
                return send_message(frame, special_at(special_about_to_return), frame, value, at);
        }
    }
    return send_message(frame, special_at(special_cannot_return), frame, value, nullptr);
}
HEDDLE_INLINE W_Object* return_from_home(W_Frame* frame, W_Object* value) {
    W_Frame* home = home_of(frame);
    W_Frame* target = home && home->state >= 0 ? unwind_target(frame, home) : nullptr;
    if (!target || target->state < 0) return return_the_hard_way(frame, home, value);
    finish_frames(frame, home);
    return unwind_to(target, value);
}

// ---- what instructions with more than a line do
HEDDLE_INLINE W_Object* receiver_variable(W_Object* receiver, long index) {
    if (is<W_Pointers>(receiver)) {
        slots_array* slots = static_cast<W_Pointers*>(receiver)->slots;
        if (index < slots->length()) return slots->get(index);
    }
    W_Object* value = fetch_slot(receiver, index);
    return value ? value : nil();
}
HEDDLE_INLINE void set_receiver_variable(W_Object* receiver, long index, W_Object* value) {
    if (is_exact<W_Pointers>(receiver)) {
        slots_array* slots = static_cast<W_Pointers*>(receiver)->slots;
        if (index < slots->length()) slots->set(index, value);
        return;
    }
    store_slot(receiver, index, value);
}
HEDDLE_INLINE W_Object* literal_variable(W_Object* association) {
    return has_slots(association, 2) ? slot(association, 1) : nil();
}
HEDDLE_INLINE void set_literal_variable(W_Object* association, W_Object* value) {
    if (has_slots(association, 2)) store_slot(association, 1, value);
}
HEDDLE_INLINE W_Object* remote_variable(W_Object* vector, long index) {
    return has_slots(vector, index + 1) ? slot(vector, index) : nil();
}
HEDDLE_INLINE void set_remote_variable(W_Object* vector, long index, W_Object* value) {
    if (has_slots(vector, index + 1)) set_slot(vector, index, value);
}
HEDDLE_INLINE W_Shared* shared_variable(frame_slots* slots, long index) {
    return static_cast<W_Shared*>(slots->get(index));
}
W_Object* make_closure(Code* code, W_Frame* frame, long body, long arguments, frame_slots* stack, long first,
                       long copied) {
    slots_array* slots = new_slots(3 + copied);
    slots->set(0, frame);
    slots->set(1, make_int(image_pc(code, body)));
    slots->set(2, make_int(arguments));
    copy_slots(stack, first, slots, 3, copied);
    return make<W_Pointers>(special_class(special_block_closure), slots);
}
HEDDLE_ELIDABLE long block_argument_count(W_Object* block, Version*) {
    return is_exact<W_Method>(block) ? method_argument_count(method_header(static_cast<W_Method*>(block))) : 0;
}
W_Object* make_full_closure(W_Frame* frame, W_Object* block, frame_slots* stack, long first, long copied,
                            bool ignore_outer, W_Object* receiver) {
    long arguments = block_argument_count(block, current_version());
    slots_array* slots = new_slots(4 + copied);
    if (!ignore_outer) slots->set(0, frame);
    slots->set(1, block);
    slots->set(2, make_int(arguments));
    slots->set(3, receiver);
    copy_slots(stack, first, slots, 4, copied);
    return make<W_Pointers>(special_class_constant(special_full_block_closure), slots);
}
W_Object* make_old_block(Code* code, W_Frame* frame, long body, long arguments) {
    // Blocks inside blocks belong to the method's context too.
    W_Object* home = frame->kind == frame_old_block ? frame->home.get() : static_cast<W_Object*>(frame);
    frame_slots* own = heddle::make_array<frame_slots>(code->frame_size);
    return make<W_Frame>(special_class(special_block_context), code, frame->receiver, own, nil(),
                         make_state(body, arguments), home, frame_old_block, make_state(body, arguments));
}

} // namespace

#define TOP slots->get(depth - 1)
#define SECOND slots->get(depth - 2)
#define PUSH(value) (slots->set(depth, value), depth++)
#define DROP() (depth--, clear_slot(slots, depth))
#define NEXT()         \
    {                  \
        instruction++; \
        continue;      \
    }
// The rest of a special send whose result is known or has to be sent for.
#define SPECIAL(expression)               \
    {                                     \
        W_Object* a = SECOND;             \
        W_Object* b = TOP;                \
        W_Object* result = expression;    \
        if (!result) goto special_binary; \
        DROP();                           \
        slots->set(depth - 1, result);    \
        NEXT()                            \
    }
// A comparison followed by a conditional jump jumps itself.
#define CONDITION(condition)                                          \
    {                                                                 \
        long next = instruction_word(code, instruction + 1);          \
        if (word_operation(next) == JUMP_FALSE) {                     \
            DROP();                                                   \
            DROP();                                                   \
            if (condition)                                            \
                instruction += 2;                                     \
            else                                                      \
                instruction = operand_b(code, instruction + 1, next); \
            continue;                                                 \
        }                                                             \
        W_Object* result;                                             \
        if (condition)                                                \
            result = true_object();                                   \
        else                                                          \
            result = false_object();                                  \
        DROP();                                                       \
        slots->set(depth - 1, result);                                \
        NEXT()                                                        \
    }
#define COMPARE(operator_)                                              \
    {                                                                   \
        W_Object* a = SECOND;                                           \
        W_Object* b = TOP;                                              \
        if (both_ints(a, b)) {                                          \
            bool condition = int_value(a) operator_ int_value(b);       \
            CONDITION(condition)                                        \
        }                                                               \
        if (both_floats(a, b) || mixed_floats(a, b)) {                  \
            bool condition = number_value(a) operator_ number_value(b); \
            CONDITION(condition)                                        \
        }                                                               \
        goto special_binary;                                            \
    }

W_Object* interpret(Code* code, W_Frame* frame, frame_slots* slots, W_Object* receiver, long instruction, long depth) {
    for (;;) {
        HEDDLE_MERGE_POINT(driver, (code, instruction, depth), (frame, slots, receiver));
        long word = instruction_word(code, instruction);
        long a_operand = word_operand_a(word), b_operand = operand_b(code, instruction, word);
        W_Object* result;
        long first;
        switch (word_operation(word)) {
        case NOTHING: NEXT()
        case PUSH_RECEIVER_VARIABLE: PUSH(receiver_variable(receiver, a_operand)); NEXT()
        case PUSH_TEMPORARY: PUSH(slots->get(a_operand)); NEXT()
        case PUSH_HOME_TEMPORARY: PUSH(home_slots(frame)->get(a_operand)); NEXT()
        case PUSH_CONSTANT: PUSH(code_constant(code, a_operand)); NEXT()
        case PUSH_LITERAL_VARIABLE: PUSH(literal_variable(code_constant(code, a_operand))); NEXT()
        case PUSH_RECEIVER: PUSH(receiver); NEXT()
        case PUSH_TRUE: PUSH(true_object()); NEXT()
        case PUSH_FALSE: PUSH(false_object()); NEXT()
        case PUSH_NIL: PUSH(nil()); NEXT()
        case PUSH_CHARACTER: {
            W_Object* character = make_character(b_operand);
            PUSH(character ? character : nil());
            NEXT()
        }
        case PUSH_THIS_CONTEXT:
            frame->state = make_state(instruction + 1, depth);
            PUSH(frame);
            NEXT()
        case PUSH_NEW_ARRAY: PUSH(new_array(a_operand)); NEXT()
        case POP_INTO_ARRAY: {
            W_Pointers* array = new_array(a_operand);
            depth -= a_operand;
            copy_slots(slots, depth, array->slots.get(), 0, a_operand);
            clear_slots(slots, depth, depth + a_operand);
            PUSH(array);
            NEXT()
        }
        case PUSH_CLOSURE: {
            depth -= b_operand;
            W_Object* closure = make_closure(code, frame, instruction + 2, a_operand, slots, depth, b_operand);
            clear_slots(slots, depth, depth + b_operand);
            PUSH(closure);
            NEXT()
        }
        case PUSH_FULL_CLOSURE: {
            W_Object* own = receiver;
            if (b_operand & 512) {
                own = TOP;
                DROP();
            }
            depth -= b_operand & 63;
            W_Object* closure = make_full_closure(frame, code_constant(code, a_operand), slots, depth, b_operand & 63,
                                                  (b_operand & 256) != 0, own);
            clear_slots(slots, depth, depth + (b_operand & 63));
            PUSH(closure);
            NEXT()
        }
        case PUSH_REMOTE: PUSH(remote_variable(slots->get(a_operand), b_operand)); NEXT()
        case STORE_REMOTE: set_remote_variable(slots->get(a_operand), b_operand, TOP); NEXT()
        case POP_REMOTE:
            set_remote_variable(slots->get(a_operand), b_operand, TOP);
            DROP();
            NEXT()
        case STORE_RECEIVER_VARIABLE: set_receiver_variable(receiver, a_operand, TOP); NEXT()
        case POP_RECEIVER_VARIABLE:
            set_receiver_variable(receiver, a_operand, TOP);
            DROP();
            NEXT()
        case STORE_TEMPORARY: slots->set(a_operand, TOP); NEXT()
        case STORE_HOME_TEMPORARY: home_slots(frame)->set(a_operand, TOP); NEXT()
        case POP_TEMPORARY: {
            W_Object* value = TOP;
            DROP();
            slots->set(a_operand, value);
            NEXT()
        }
        case POP_HOME_TEMPORARY: {
            W_Object* value = TOP;
            DROP();
            home_slots(frame)->set(a_operand, value);
            NEXT()
        }
        case STORE_LITERAL_VARIABLE: set_literal_variable(code_constant(code, a_operand), TOP); NEXT()
        case POP_LITERAL_VARIABLE:
            set_literal_variable(code_constant(code, a_operand), TOP);
            DROP();
            NEXT()
        case POP: DROP(); NEXT()
        case DUPLICATE: {
            W_Object* value = TOP;
            PUSH(value);
            NEXT()
        }
        case JUMP: instruction = b_operand; continue;
        case JUMP_BACK:
            instruction = b_operand;
            if (pending_actions()) {
                frame->state = make_state(instruction, depth);
                if (handle_actions(frame)) goto unwinding;
            }
            HEDDLE_CAN_ENTER_JIT(driver, (code, instruction, depth), (frame, slots, receiver));
            continue;
        case JUMP_TRUE:
        case JUMP_FALSE: {
            W_Object* value = TOP;
            bool is_true = value == true_object();
            if (!is_true && value != false_object()) {
                // Whatever mustBeBoolean answers is tested instead.
                DROP();
                frame->state = make_state(instruction, depth);
                result = send_message(frame, special_at(special_must_be_boolean), value, nullptr, nullptr);
                first = depth;
                goto sent_again;
            }
            DROP();
            if (is_true == (word_operation(word) == JUMP_TRUE))
                instruction = b_operand;
            else
                instruction++;
            continue;
        }
        case RETURN_TOP: return TOP;
        case RETURN_FROM_HOME:
            if (frame->kind == frame_method) return TOP;
            frame->state = make_state(instruction, depth - 1);
            result = return_from_home(frame, TOP);
            first = depth - 1;
            goto sent_again;
        case RETURN_NON_LOCAL: {
            W_Frame* home = home_of(frame);
            first = depth - 1;
            if (home && home->state >= 0) {
                frame->state = make_state(instruction, first);
                result = return_from_home(frame, TOP);
                goto sent_again;
            }
            frame->state = make_state(instruction + 1, first);
            result = som::escaped_block(frame);
            break;
        }
        case PUSH_FIELD: PUSH(slot(receiver, a_operand)); NEXT()
        case STORE_FIELD: set_slot(receiver, a_operand, TOP); NEXT()
        case POP_FIELD:
            set_slot(receiver, a_operand, TOP);
            DROP();
            NEXT()
        case MAKE_BLOCK: {
            depth -= b_operand & 63;
            auto* method = static_cast<W_Method*>(code_constant(code, a_operand));
            W_Object* block = som::make_block(frame, method, slots, depth, b_operand & 63, (b_operand & 256) != 0);
            clear_slots(slots, depth, depth + (b_operand & 63));
            PUSH(block);
            NEXT()
        }
        case NEW_SHARED: {
            W_Object* value = b_operand ? slots->get(a_operand) : nil();
            slots->set(a_operand, make<W_Shared>(value));
            NEXT()
        }
        case PUSH_SHARED: PUSH(shared_variable(slots, a_operand)->value); NEXT()
        case STORE_SHARED: shared_variable(slots, a_operand)->value = TOP; NEXT()
        case POP_SHARED:
            shared_variable(slots, a_operand)->value = TOP;
            DROP();
            NEXT()
        case CHECK_NUMBER: {
            W_Object* value = TOP;
            if (is_int(value) || is_exact<W_Float>(value) || som::is_large_integer(value)) NEXT()
            som::no_number(frame, value, code_constant(code, a_operand));
            goto unwinding;
        }
        case PUSH_GLOBAL: {
            auto* global = static_cast<W_Global*>(code_constant(code, a_operand));
            W_Object* value = global->value;
            if (value) {
                PUSH(value);
                NEXT()
            }
            first = depth;
            frame->state = make_state(instruction + 1, first);
            result = som::unknown_global(frame, global);
            break;
        }
        case SEND:
            first = depth - b_operand - 1;
            result = send_from_stack(code, frame, slots, instruction, a_operand, first, b_operand);
            break;
        case SEND_SUPER: {
            first = depth - b_operand - 1;
            W_Class* c = jit::we_are_jitted() ? superclass_at(code, current_version()) : superclass_for(code);
            result = send_super(code, frame, slots, instruction, a_operand, first, b_operand, c);
            break;
        }
        case SEND_SUPER_DIRECTED: {
            W_Object* holder = TOP;
            DROP();
            first = depth - b_operand - 1;
            W_Object* above = has_slots(holder, 1) ? slot(holder, 0) : nil();
            result = send_super(code, frame, slots, instruction, a_operand, first, b_operand,
                                is<W_Class>(above) ? static_cast<W_Class*>(above) : nullptr);
            break;
        }
        case ADD: SPECIAL(fast_add(a, b))
        case SUBTRACT: SPECIAL(fast_subtract(a, b))
        case MULTIPLY: SPECIAL(fast_multiply(a, b))
        case LESS: COMPARE(<)
        case GREATER: COMPARE(>)
        case LESS_EQUAL: COMPARE(<=)
        case GREATER_EQUAL: COMPARE(>=)
        case EQUAL: COMPARE(==)
        case NOT_EQUAL: COMPARE(!=)
        case DIVIDE: SPECIAL(fast_divide(a, b))
        case MODULO: SPECIAL(fast_modulo(a, b))
        case MAKE_POINT: SPECIAL(fast_point(a, b))
        case BIT_SHIFT: SPECIAL(fast_bit_shift(a, b))
        case INTEGER_DIVIDE: SPECIAL(fast_integer_divide(a, b))
        case BIT_AND: SPECIAL(fast_bit_and(a, b))
        case BIT_OR: SPECIAL(fast_bit_or(a, b))
        case IDENTICAL: {
            bool condition = is_identical(SECOND, TOP);
            CONDITION(condition)
        }
        case NOT_IDENTICAL: {
            bool condition = !is_identical(SECOND, TOP);
            CONDITION(condition)
        }
        case CLASS: slots->set(depth - 1, class_of(TOP)); NEXT()
        case BLOCK_COPY: {
            W_Object* context = SECOND;
            W_Object* count = TOP;
            if (!is_exact<W_Frame>(context) || !is_int(count)) goto special_binary;
            W_Object* block =
                make_old_block(code, static_cast<W_Frame*>(context), instruction + 2, jit::promote(int_value(count)));
            DROP();
            slots->set(depth - 1, block);
            NEXT()
        }
        special_binary:
            first = depth - 2;
            result = send_from_stack(code, frame, slots, instruction, a_operand, first, 1);
            break;
        default: result = illegal_instruction(frame, code, instruction); goto unwinding;
        }

        // A send from `first` has ended.
        if (!result) goto unwinding;
        if (frame->state != make_state(instruction + 1, first)) goto moved;
        slots->set(first, result);
        if (jit::we_are_jitted()) clear_slots(slots, first + 1, depth);
        depth = first + 1;
        instruction++;
        continue;

    sent_again: // the same for sends after which the instruction is done again
        if (!result) goto unwinding;
        if (frame->state != make_state(instruction, first)) goto moved;
        slots->set(first, result);
        depth = first + 1;
        continue;

    moved: // somebody changed this context's program counter meanwhile
        return unwind_to(frame, result);

    unwinding: {
        auto* unwind = static_cast<Unwind*>(pending_error());
        if (unwind->target != frame) return nullptr;
        long state = jit::promote(frame->state.get());
        if (state < 0) return nullptr; // the run loop complains
        set_pending_error(nullptr);
        long where = state_instruction(state), target_depth = state_depth(state);
        if (!fits_code(code, frame, where, target_depth, unwind->value != nullptr)) {
            set_pending_error(unwind);
            return nullptr;
        }
        slots = frame->slots;
        receiver = frame->receiver;
        if (jit::we_are_jitted()) clear_slots(slots, target_depth, depth);
        if (unwind->value) {
            slots->set(target_depth, unwind->value);
            target_depth++;
        }
        instruction = where;
        depth = target_depth;
    }
    }
}

// ---- activations
W_Object* enter(Code* code, W_Frame* callee, long instruction, long depth) {
    if (!jit::we_are_jitted() && native_stack_is_low()) return unwind_to(callee, nullptr);
    if (pending_actions() && handle_actions(callee)) return nullptr;
    W_Object* caller = callee->sender;
    W_Object* result = interpret(code, callee, callee->slots, callee->receiver, instruction, depth);
    if (!result) return nullptr;
    if (callee->sender != caller) return return_elsewhere(callee, result);
    frame_has_returned(callee);
    return result;
}
W_Object* activate(W_Frame* frame, Code* target, frame_slots* slots, long first, long count) {
    frame_slots* own = heddle::make_array<frame_slots>(target->frame_size);
    copy_slots(slots, first + 1, own, 0, count);
    fill_nil(own, count, target->temporaries);
    long depth = target->temporaries;
    W_Frame* callee = make<W_Frame>(special_class_constant(special_method_context), target, slots->get(first), own,
                                    frame, make_state(0, depth), nullptr, frame_method);
    return enter(target, callee, 0, depth);
}
W_Object* invoke(W_Frame* frame, Code* target, frame_slots* slots, long first, long count) {
    target = jit::promote(target);
    if (target->arguments != count) return wrong_argument_count(frame, target, slots, first, count);
    if (target->primitive) {
        W_Object* result = run_primitive(frame, target, target->primitive, slots, first, count);
        if (result || pending_error()) return result;
    }
    return activate(frame, target, slots, first, count);
}
W_Object* send(W_Frame* frame, W_Object* selector, frame_slots* slots, long first, long count) {
    W_Class* c = class_of(slots->get(first));
    Code* target = jit::we_are_jitted() ? lookup(jit::promote(c), jit::promote(selector), current_version())
                                        : cached_lookup(c, selector);
    if (!target) return does_not_understand(frame, selector, slots, first, count);
    return invoke(frame, target, slots, first, count);
}

} // namespace heddle::smalltalk
