// The instruction loop: the portal that the JIT traces.
//
// Greens: code, instruction, and the depth of the value stack (an index into the frame's slots, which is a function of
// the instruction). Everything else about the program's state is in the frame. No local variable lives over the merge
// point except these. A slot that is popped is cleared in traces, so that no stale value is carried around a loop. An
// error: the callee returned null, the exception is pending; the handler comes from the code's exception table.
#include "interpreter.h"

namespace heddle::python {

static const char* describe_location(const uint64_t* greens) {
    static char text[300];
    auto* code = reinterpret_cast<W_Code*>(greens[0]);
    snprintf(text, sizeof text, "%s:%ld %s", code->unit->filename.c_str(),
             code_line(code, static_cast<long>(greens[1])), code->unit->qualname.c_str());
    return text;
}
static constinit heddle::jit::driver driver{"python", describe_location};

namespace {

HEDDLE_INLINE void clear_slot(frame_slots* slots, long index) {
    if (jit::we_are_jitted()) slots->set(index, nullptr);
}
HEDDLE_INLINE bool both_ints(W_Object* a, W_Object* b) { return is_exact<W_Int>(a) && is_exact<W_Int>(b); }
HEDDLE_INLINE long int_value(W_Object* o) { return static_cast<W_Int*>(o)->value; }
HEDDLE_INLINE double float_value(W_Object* o) { return static_cast<W_Float*>(o)->value; }
HEDDLE_INLINE bool both_floats(W_Object* a, W_Object* b) { return is_exact<W_Float>(a) && is_exact<W_Float>(b); }
// One is a float, the other a float or an int.
HEDDLE_INLINE bool mixed_floats(W_Object* a, W_Object* b) {
    return is_exact<W_Float>(a) ? is_exact<W_Int>(b) : is_exact<W_Float>(b) && is_exact<W_Int>(a);
}
HEDDLE_INLINE bool is_exact_double(W_Object* o) { return is_exact<W_Float>(o) || fits_double(int_value(o)); }
HEDDLE_INLINE double number_value(W_Object* o) {
    return is_exact<W_Float>(o) ? float_value(o) : static_cast<double>(int_value(o));
}

#define HEDDLE_PYTHON_ARITHMETIC(name, overflow, operator_)                              \
    HEDDLE_INLINE W_Object* fast_##name(W_Object* a, W_Object* b) {                      \
        if (both_ints(a, b)) {                                                           \
            long result;                                                                 \
            if (!overflow(int_value(a), int_value(b), &result)) return make_int(result); \
        } else if (both_floats(a, b)) {                                                  \
            return make_float(float_value(a) operator_ float_value(b));                  \
        } else if (mixed_floats(a, b)) {                                                 \
            return make_float(number_value(a) operator_ number_value(b));                \
        }                                                                                \
        return binary(binary_op::name, a, b).value();                                    \
    }
HEDDLE_PYTHON_ARITHMETIC(add, __builtin_saddl_overflow, +)
HEDDLE_PYTHON_ARITHMETIC(sub, __builtin_ssubl_overflow, -)
HEDDLE_PYTHON_ARITHMETIC(mul, __builtin_smull_overflow, *)
#undef HEDDLE_PYTHON_ARITHMETIC

HEDDLE_INLINE W_Object* fast_truediv(W_Object* a, W_Object* b) {
    if (both_floats(a, b)) {
        if (float_value(b) != 0) return make_float(float_value(a) / float_value(b));
    } else if (mixed_floats(a, b)) {
        if (number_value(b) != 0) return make_float(number_value(a) / number_value(b));
    }
    return binary(binary_op::truediv, a, b).value();
}
HEDDLE_INLINE W_Object* fast_floordiv(W_Object* a, W_Object* b) {
    if (both_ints(a, b)) {
        long x = int_value(a), y = int_value(b);
        if (y > 0) {
            if (x >= 0) return make_int(x / y); // known first: traces divide by constants in fewer steps
            long quotient = x / y;
            return make_int(quotient * y != x ? quotient - 1 : quotient);
        }
    }
    return binary(binary_op::floordiv, a, b).value();
}
HEDDLE_INLINE W_Object* fast_mod(W_Object* a, W_Object* b) {
    if (both_ints(a, b)) {
        long x = int_value(a), y = int_value(b);
        if (y > 0) {
            if (x >= 0) return make_int(x % y);
            long remainder = x % y;
            return make_int(remainder < 0 ? remainder + y : remainder);
        }
    }
    return binary(binary_op::mod, a, b).value();
}
HEDDLE_INLINE W_Object* fast_pow(W_Object* a, W_Object* b) {
    if (both_ints(a, b) && int_value(b) == 2) {
        long square;
        if (!__builtin_smull_overflow(int_value(a), int_value(a), &square)) return make_int(square);
    }
    return binary(binary_op::pow, a, b).value();
}
HEDDLE_INLINE W_Object* fast_and(W_Object* a, W_Object* b) {
    if (both_ints(a, b)) return make_int(int_value(a) & int_value(b));
    return binary(binary_op::and_, a, b).value();
}
HEDDLE_INLINE W_Object* fast_or(W_Object* a, W_Object* b) {
    if (both_ints(a, b)) return make_int(int_value(a) | int_value(b));
    return binary(binary_op::or_, a, b).value();
}
HEDDLE_INLINE W_Object* fast_xor(W_Object* a, W_Object* b) {
    if (both_ints(a, b)) return make_int(int_value(a) ^ int_value(b));
    return binary(binary_op::xor_, a, b).value();
}
HEDDLE_INLINE W_Object* fast_rshift(W_Object* a, W_Object* b) {
    if (both_ints(a, b) && static_cast<unsigned long>(int_value(b)) < long_bits)
        return make_int(int_value(a) >> int_value(b));
    return binary(binary_op::rshift, a, b).value();
}
HEDDLE_INLINE W_Object* fast_lshift(W_Object* a, W_Object* b) {
    if (both_ints(a, b) && static_cast<unsigned long>(int_value(b)) < long_bits - 1) {
        long shifted = static_cast<long>(static_cast<unsigned long>(int_value(a)) << int_value(b));
        if (shifted >> int_value(b) == int_value(a)) return make_int(shifted);
    }
    return binary(binary_op::lshift, a, b).value();
}
HEDDLE_INLINE W_Object* fast_get_item(W_Object* o, W_Object* key) {
    if (is_exact<W_List>(o) && is_exact<W_Int>(key)) {
        auto* list = static_cast<W_List*>(o);
        long index = int_value(key);
        if (index < 0) index += list->length;
        if (static_cast<unsigned long>(index) < static_cast<unsigned long>(list->length.get()))
            return list_get(list, index);
    } else if (is_exact<W_Tuple>(o) && is_exact<W_Int>(key)) {
        auto* tuple = static_cast<W_Tuple*>(o);
        long index = int_value(key);
        if (index < 0) index += tuple->length();
        if (static_cast<unsigned long>(index) < static_cast<unsigned long>(tuple->length())) return tuple->at(index);
    }
    return get_item(o, key).value();
}
HEDDLE_INLINE bool fast_set_item(W_Object* o, W_Object* key, W_Object* value) {
    if (is_exact<W_List>(o) && is_exact<W_Int>(key)) {
        auto* list = static_cast<W_List*>(o);
        long index = int_value(key);
        if (index < 0) index += list->length;
        if (static_cast<unsigned long>(index) < static_cast<unsigned long>(list->length.get())) {
            list_set(list, index, value);
            return true;
        }
    }
    return !set_item(o, key, value).failed();
}
// 1, 0, or -1 with an error pending.
HEDDLE_INLINE long truth(W_Object* o) {
    if (o == boolean(true)) return 1; // one comparison in a trace, without a load
    if (is_exact<W_Bool>(o)) return 0;
    auto result = is_true(o);
    return result.failed() ? -1 : result.value();
}

// Where an error at this instruction goes on: the handler as in code_handler, with the exception stored on the stack,
// or -1: it leaves this frame.
long enter_handler(W_Code* code, W_Frame* frame, long instruction) {
    auto* exception = static_cast<W_Exception*>(pending_error());
    if (opcode_of(code->instructions->get(instruction)) != opcode::RERAISE) add_traceback(exception, code, instruction);
    long handler = code_handler(code, instruction);
    if (handler < 0) return -1;
    set_pending_error(nullptr);
    frame->slots->set(code->slot_count + handler_depth(code, handler), exception);
    return handler;
}

HEDDLE_INLINE W_Object* handled_or_none(ExecutionContext* context) {
    W_Exception* handled = context->handled;
    return handled ? handled : none();
}
HEDDLE_INLINE void set_handled(ExecutionContext* context, W_Object* value) {
    context->handled = is<W_Exception>(value) ? static_cast<W_Exception*>(value) : nullptr;
}
HEDDLE_UNROLL_SAFE void clear_slots(frame_slots* slots, long from, long to) {
    if (!jit::we_are_jitted()) return;
    for (long i = from; i < to; i++) slots->set(i, nullptr);
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

#define BINARY(expression)             \
    {                                  \
        W_Object* a = SECOND;          \
        W_Object* b = TOP;             \
        W_Object* result = expression; \
        if (!result) goto error;       \
        DROP();                        \
        slots->set(depth - 1, result); \
        NEXT()                         \
    }
#define BINARY_GENERIC(op) BINARY(binary(binary_op::op, a, b).value())
// In-place operators of immutable numbers are the plain ones; the rest looks for __iadd__ first.
#define INPLACE(fast, op) \
    BINARY((is_exact<W_Int>(a) || is_exact<W_Float>(a)) ? fast(a, b) : inplace(binary_op::op, a, b).value())
#define INPLACE_GENERIC(op) BINARY(inplace(binary_op::op, a, b).value())

// A comparison whose truth is known at once, followed by a conditional jump, jumps itself.
#define JUMP_OR_PUSH(condition)                               \
    uint32_t next = code->instructions->get(instruction + 1); \
    if (opcode_of(next) == opcode::POP_JUMP_IF_FALSE) {       \
        DROP();                                               \
        DROP();                                               \
        if (condition)                                        \
            instruction += 2;                                 \
        else                                                  \
            instruction = operand_of(next);                   \
        continue;                                             \
    }                                                         \
    W_Object* result;                                         \
    if (condition)                                            \
        result = singleton(2);                                \
    else                                                      \
        result = singleton(1);                                \
    DROP();                                                   \
    slots->set(depth - 1, result);                            \
    NEXT()
#define COMPARE(op, operator_)                                                \
    {                                                                         \
        W_Object* a = SECOND;                                                 \
        W_Object* b = TOP;                                                    \
        if (both_ints(a, b)) {                                                \
            bool condition = int_value(a) operator_ int_value(b);             \
            JUMP_OR_PUSH(condition)                                           \
        }                                                                     \
        if (both_floats(a, b)) {                                              \
            bool condition = float_value(a) operator_ float_value(b);         \
            JUMP_OR_PUSH(condition)                                           \
        }                                                                     \
        if (mixed_floats(a, b) && is_exact_double(a) && is_exact_double(b)) { \
            bool condition = number_value(a) operator_ number_value(b);       \
            JUMP_OR_PUSH(condition)                                           \
        }                                                                     \
        W_Object* result = compare(compare_op::op, a, b).value();             \
        if (!result) goto error;                                              \
        DROP();                                                               \
        slots->set(depth - 1, result);                                        \
        NEXT()                                                                \
    }
#define UNARY(expression)              \
    {                                  \
        W_Object* a = TOP;             \
        W_Object* result = expression; \
        if (!result) goto error;       \
        slots->set(depth - 1, result); \
        NEXT()                         \
    }
#define TRY(expression) \
    if ((expression).failed()) goto error

Result<W_Object*> interpret(W_Code* code, W_Frame* frame, ExecutionContext* context, long instruction, long depth) {
    for (;;) {
        HEDDLE_MERGE_POINT(driver, (code, instruction, depth), (frame, context));
        uint32_t word = code->instructions->get(instruction);
        long n = static_cast<long>(operand_of(word));
        frame_slots* slots = frame->slots;
        switch (opcode_of(word)) {
        case opcode::NOP: NEXT()
        case opcode::POP_TOP: DROP(); NEXT()
        case opcode::COPY: {
            W_Object* value = slots->get(depth - n);
            PUSH(value);
            NEXT()
        }
        case opcode::SWAP: {
            W_Object* value = TOP;
            slots->set(depth - 1, slots->get(depth - n));
            slots->set(depth - n, value);
            NEXT()
        }
        case opcode::LOAD_CONST: PUSH(code_constant(code, n)); NEXT()

        // ---- local slots
        case opcode::LOAD_FAST: PUSH(slots->get(n)); NEXT()
        case opcode::LOAD_FAST_CHECK: {
            W_Object* value = slots->get(n);
            if (!value) {
                raise_unbound(code, n);
                goto error;
            }
            PUSH(value);
            NEXT()
        }
        case opcode::STORE_FAST: {
            W_Object* value = TOP;
            DROP();
            slots->set(n, value);
            NEXT()
        }
        case opcode::DELETE_FAST:
            if (!slots->get(n)) {
                raise_unbound(code, n);
                goto error;
            }
            slots->set(n, nullptr);
            NEXT()
        case opcode::MAKE_CELL: slots->set(n, make<W_Cell>(slots->get(n))); NEXT()
        case opcode::COPY_FREE_VARS: copy_free_variables(frame, code, n); NEXT()
        case opcode::LOAD_CLOSURE: PUSH(slots->get(n)); NEXT()
        case opcode::LOAD_DEREF: {
            W_Object* value = static_cast<W_Cell*>(slots->get(n))->value;
            if (!value) {
                raise_unbound(code, n);
                goto error;
            }
            PUSH(value);
            NEXT()
        }
        case opcode::LOAD_CLASSDEREF: {
            W_Object* value = load_class_dereference(frame, code, n);
            if (!value) goto error;
            PUSH(value);
            NEXT()
        }
        case opcode::STORE_DEREF: {
            W_Object* value = TOP;
            DROP();
            static_cast<W_Cell*>(slots->get(n))->value = value;
            NEXT()
        }
        case opcode::DELETE_DEREF: {
            auto* cell = static_cast<W_Cell*>(slots->get(n));
            if (!cell->value) {
                raise_unbound(code, n);
                goto error;
            }
            cell->value = static_cast<W_Object*>(nullptr);
            NEXT()
        }

        // ---- names
        case opcode::LOAD_NAME: {
            W_Object* value = load_name(frame, code_name(code, n));
            if (!value) goto error;
            PUSH(value);
            NEXT()
        }
        case opcode::STORE_NAME:
            TRY(store_name(frame, code_name(code, n), TOP));
            DROP();
            NEXT()
        case opcode::DELETE_NAME: TRY(delete_name(frame, code_name(code, n))); NEXT()
        case opcode::LOAD_GLOBAL: {
            W_Object* value = load_global(code, frame, instruction, n);
            if (!value) goto error;
            PUSH(value);
            NEXT()
        }
        case opcode::STORE_GLOBAL:
            TRY(store_global(frame, code_name(code, n), TOP));
            DROP();
            NEXT()
        case opcode::DELETE_GLOBAL: TRY(delete_global(frame, code_name(code, n))); NEXT()

        // ---- attributes and subscripts
        case opcode::LOAD_ATTR: UNARY(load_attribute(code, a, instruction, n))
        case opcode::STORE_ATTR:
            TRY(store_attribute(code, TOP, SECOND, instruction, n));
            DROP();
            DROP();
            NEXT()
        case opcode::DELETE_ATTR:
            TRY(set_attribute(TOP, code_name(code, n), nullptr));
            DROP();
            NEXT()
        case opcode::LOAD_METHOD:
            TRY(load_method(code, slots, depth - 1, TOP, instruction, n));
            depth++;
            NEXT()
        case opcode::BINARY_SUBSCR: BINARY(fast_get_item(a, b))
        case opcode::STORE_SUBSCR:
            if (!fast_set_item(SECOND, TOP, slots->get(depth - 3))) goto error;
            DROP();
            DROP();
            DROP();
            NEXT()
        case opcode::DELETE_SUBSCR:
            TRY(delete_item(SECOND, TOP));
            DROP();
            DROP();
            NEXT()
        case opcode::BUILD_SLICE: {
            W_Object* step = none();
            if (n == 3) {
                step = TOP;
                DROP();
            }
            W_Object* stop = TOP;
            DROP();
            slots->set(depth - 1, make<W_Slice>(TOP, stop, step));
            NEXT()
        }

        // ---- operators
        case opcode::UNARY_POSITIVE: UNARY(unary(unary_op::pos, a).value())
        case opcode::UNARY_NEGATIVE: UNARY(unary(unary_op::neg, a).value())
        case opcode::UNARY_NOT: {
            long value = truth(TOP);
            if (value < 0) goto error;
            W_Object* result;
            if (value)
                result = singleton(1);
            else
                result = singleton(2);
            slots->set(depth - 1, result);
            NEXT()
        }
        case opcode::UNARY_INVERT: UNARY(unary(unary_op::invert, a).value())
        case opcode::BINARY_ADD: BINARY(fast_add(a, b))
        case opcode::BINARY_SUBTRACT: BINARY(fast_sub(a, b))
        case opcode::BINARY_MULTIPLY: BINARY(fast_mul(a, b))
        case opcode::BINARY_TRUE_DIVIDE: BINARY(fast_truediv(a, b))
        case opcode::BINARY_FLOOR_DIVIDE: BINARY(fast_floordiv(a, b))
        case opcode::BINARY_REMAINDER: BINARY(fast_mod(a, b))
        case opcode::BINARY_POWER: BINARY(fast_pow(a, b))
        case opcode::BINARY_MATRIX_MULTIPLY: BINARY_GENERIC(matmul)
        case opcode::BINARY_LEFT_SHIFT: BINARY(fast_lshift(a, b))
        case opcode::BINARY_RIGHT_SHIFT: BINARY(fast_rshift(a, b))
        case opcode::BINARY_AND: BINARY(fast_and(a, b))
        case opcode::BINARY_OR: BINARY(fast_or(a, b))
        case opcode::BINARY_XOR: BINARY(fast_xor(a, b))
        case opcode::INPLACE_ADD: INPLACE(fast_add, add)
        case opcode::INPLACE_SUBTRACT: INPLACE(fast_sub, sub)
        case opcode::INPLACE_MULTIPLY: INPLACE(fast_mul, mul)
        case opcode::INPLACE_TRUE_DIVIDE: INPLACE(fast_truediv, truediv)
        case opcode::INPLACE_FLOOR_DIVIDE: INPLACE(fast_floordiv, floordiv)
        case opcode::INPLACE_REMAINDER: INPLACE(fast_mod, mod)
        case opcode::INPLACE_POWER: INPLACE(fast_pow, pow)
        case opcode::INPLACE_MATRIX_MULTIPLY: INPLACE_GENERIC(matmul)
        case opcode::INPLACE_LEFT_SHIFT: INPLACE(fast_lshift, lshift)
        case opcode::INPLACE_RIGHT_SHIFT: INPLACE(fast_rshift, rshift)
        case opcode::INPLACE_AND: INPLACE(fast_and, and_)
        case opcode::INPLACE_OR: INPLACE(fast_or, or_)
        case opcode::INPLACE_XOR: INPLACE(fast_xor, xor_)
        case opcode::COMPARE_LESS: COMPARE(lt, <)
        case opcode::COMPARE_LESS_EQUAL: COMPARE(le, <=)
        case opcode::COMPARE_EQUAL: COMPARE(eq, ==)
        case opcode::COMPARE_NOT_EQUAL: COMPARE(ne, !=)
        case opcode::COMPARE_GREATER: COMPARE(gt, >)
        case opcode::COMPARE_GREATER_EQUAL: COMPARE(ge, >=)
        case opcode::IS_OP: {
            bool condition = is_same(SECOND, TOP) != (n != 0);
            JUMP_OR_PUSH(condition)
        }
        case opcode::CONTAINS_OP: {
            auto found = contains(TOP, SECOND);
            if (found.failed()) goto error;
            bool condition = found.value() != (n != 0);
            JUMP_OR_PUSH(condition)
        }

        // ---- jumps
        case opcode::JUMP_FORWARD: instruction = n; continue;
        case opcode::JUMP_BACKWARD:
            if (pending_actions() != 0) TRY(run_pending_actions());
            instruction = n;
            // A loop header in a call that a trace follows ends the following. Generators have a loop and yield in it:
            // the first round after they were resumed is no loop.
            if (jit::we_are_jitted() && code->resumed_in_line && frame->may_pass_edge) {
                frame->may_pass_edge = 0;
                continue;
            }
            HEDDLE_CAN_ENTER_JIT(driver, (code, instruction, depth), (frame, context));
            continue;
        case opcode::JUMP_BACKWARD_NO_INTERRUPT: instruction = n; continue;
        case opcode::POP_JUMP_IF_FALSE: {
            long value = truth(TOP);
            if (value < 0) goto error;
            DROP();
            if (value) NEXT()
            instruction = n;
            continue;
        }
        case opcode::POP_JUMP_IF_TRUE: {
            long value = truth(TOP);
            if (value < 0) goto error;
            DROP();
            if (!value) NEXT()
            instruction = n;
            continue;
        }
        case opcode::POP_JUMP_IF_NONE: {
            W_Object* value = TOP;
            DROP();
            if (value != none()) NEXT()
            instruction = n;
            continue;
        }
        case opcode::POP_JUMP_IF_NOT_NONE: {
            W_Object* value = TOP;
            DROP();
            if (value == none()) NEXT()
            instruction = n;
            continue;
        }
        case opcode::JUMP_IF_FALSE_OR_POP: {
            long value = truth(TOP);
            if (value < 0) goto error;
            if (value) {
                DROP();
                NEXT()
            }
            instruction = n;
            continue;
        }
        case opcode::JUMP_IF_TRUE_OR_POP: {
            long value = truth(TOP);
            if (value < 0) goto error;
            if (!value) {
                DROP();
                NEXT()
            }
            instruction = n;
            continue;
        }

        // ---- iteration
        case opcode::GET_ITER: UNARY(get_iterator(a).value())
        case opcode::FOR_ITER: {
            W_Object* iterator = TOP;
            W_Object* item;
            if (is<W_Iterator>(iterator))
                item = static_cast<W_Iterator*>(iterator)->next();
            else
                item = next_item(iterator);
            if (item) {
                PUSH(item);
                NEXT()
            }
            if (pending_error()) goto error;
            DROP();
            instruction = n;
            continue;
        }

        // ---- building values
        case opcode::BUILD_TUPLE: {
            object_array* items = take_slots(slots, depth - n, n);
            clear_slots(slots, depth - n, depth);
            depth -= n;
            PUSH(make<W_Tuple>(items));
            NEXT()
        }
        case opcode::BUILD_LIST: {
            W_Object* list = build_list(slots, depth - n, n);
            clear_slots(slots, depth - n, depth);
            depth -= n;
            PUSH(list);
            NEXT()
        }
        case opcode::BUILD_SET: {
            W_Object* set = build_set(slots, depth - n, n).value();
            if (!set) goto error;
            clear_slots(slots, depth - n, depth);
            depth -= n;
            PUSH(set);
            NEXT()
        }
        case opcode::BUILD_MAP: {
            W_Object* dict = build_map(slots, depth - 2 * n, n).value();
            if (!dict) goto error;
            clear_slots(slots, depth - 2 * n, depth);
            depth -= 2 * n;
            PUSH(dict);
            NEXT()
        }
        case opcode::BUILD_CONST_KEY_MAP: {
            W_Object* dict = build_const_key_map(slots, depth - 1 - n, n, static_cast<W_Tuple*>(TOP)).value();
            if (!dict) goto error;
            clear_slots(slots, depth - 1 - n, depth);
            depth -= n + 1;
            PUSH(dict);
            NEXT()
        }
        case opcode::BUILD_STRING: {
            W_Object* text = build_string(slots, depth - n, n).value();
            if (!text) goto error;
            clear_slots(slots, depth - n, depth);
            depth -= n;
            PUSH(text);
            NEXT()
        }
        case opcode::FORMAT_VALUE: {
            W_Object* specification = nullptr;
            if (n & 4) specification = TOP;
            W_Object* text = format_instruction((n & 4) ? SECOND : TOP, specification, n & 3).value();
            if (!text) goto error;
            if (n & 4) DROP();
            slots->set(depth - 1, text);
            NEXT()
        }
        case opcode::LIST_APPEND: {
            W_Object* item = TOP;
            DROP();
            W_List* list = static_cast<W_List*>(slots->get(depth - n));
            if (list->kind == list_kind::empty) list_start(list, item, TOP);
            list_append(list, item);
            NEXT()
        }
        case opcode::SET_ADD:
            TRY(set_add(static_cast<W_Set*>(slots->get(depth - 1 - n)), TOP));
            DROP();
            NEXT()
        case opcode::MAP_ADD:
            TRY(dict_set(static_cast<W_Dict*>(slots->get(depth - 2 - n)), SECOND, TOP));
            DROP();
            DROP();
            NEXT()
        case opcode::LIST_EXTEND:
            TRY(list_extend(static_cast<W_List*>(slots->get(depth - 1 - n)), TOP));
            DROP();
            NEXT()
        case opcode::SET_UPDATE:
            TRY(set_update(static_cast<W_Set*>(slots->get(depth - 1 - n)), TOP));
            DROP();
            NEXT()
        case opcode::DICT_UPDATE:
            TRY(update_with_mapping(static_cast<W_Dict*>(slots->get(depth - 1 - n)), TOP));
            DROP();
            NEXT()
        case opcode::DICT_MERGE:
            TRY(dict_merge(static_cast<W_Dict*>(slots->get(depth - 1 - n)), TOP, slots->get(depth - 1 - (n + 2))));
            DROP();
            NEXT()
        case opcode::LIST_TO_TUPLE: UNARY(make<W_Tuple>(list_to_slots(static_cast<W_List*>(a))))
        case opcode::UNPACK_SEQUENCE:
            TRY(unpack_sequence(TOP, slots, depth - 1, n));
            depth += n - 1;
            NEXT()
        case opcode::UNPACK_EX:
            TRY(unpack_extended(TOP, slots, depth - 1, n & 0xfff, n >> 12));
            depth += (n & 0xfff) + (n >> 12);
            NEXT()

        // ---- functions, calls, classes
        case opcode::MAKE_FUNCTION: {
            W_Object* function = make_function(frame, slots, depth, n);
            long taken = 1 + ((n & 1) != 0) + ((n & 2) != 0) + ((n & 4) != 0) + ((n & 8) != 0);
            clear_slots(slots, depth - taken, depth);
            depth -= taken;
            PUSH(function);
            NEXT()
        }
        case opcode::CALL: {
            W_Object* result = call_from_stack(slots->get(depth - n - 1), frame, depth - n, n).value();
            if (!result) goto error;
            clear_slots(slots, depth - n, depth);
            depth -= n;
            slots->set(depth - 1, result);
            NEXT()
        }
        case opcode::CALL_METHOD: {
            W_Object* self = slots->get(depth - n - 1);
            W_Object* result;
            if (self)
                result = call_from_stack(slots->get(depth - n - 2), frame, depth - n - 1, n + 1).value();
            else
                result = call_from_stack(slots->get(depth - n - 2), frame, depth - n, n).value();
            if (!result) goto error;
            clear_slots(slots, depth - n - 1, depth);
            depth -= n + 1;
            slots->set(depth - 1, result);
            NEXT()
        }
        case opcode::CALL_KW: {
            W_Object* names = TOP;
            W_Object* result = call_keywords(slots->get(depth - n - 2), slots, depth - n - 1, n, names).value();
            if (!result) goto error;
            clear_slots(slots, depth - n - 1, depth);
            depth -= n + 1;
            slots->set(depth - 1, result);
            NEXT()
        }
        case opcode::CALL_METHOD_KW: {
            W_Object* names = TOP;
            W_Object* self = slots->get(depth - n - 2);
            W_Object* result;
            if (self)
                result = call_keywords(slots->get(depth - n - 3), slots, depth - n - 2, n + 1, names).value();
            else
                result = call_keywords(slots->get(depth - n - 3), slots, depth - n - 1, n, names).value();
            if (!result) goto error;
            clear_slots(slots, depth - n - 2, depth);
            depth -= n + 2;
            slots->set(depth - 1, result);
            NEXT()
        }
        case opcode::CALL_EX: {
            W_Object* keywords = nullptr;
            if (n) keywords = TOP;
            W_Object* result = call_unpacked(slots->get(depth - n - 2), slots->get(depth - n - 1), keywords).value();
            if (!result) goto error;
            clear_slots(slots, depth - n - 1, depth);
            depth -= n + 1;
            slots->set(depth - 1, result);
            NEXT()
        }
        case opcode::CALL_SUPER: {
            W_Object* result = load_super(slots->get(depth - 3), SECOND, TOP).value();
            if (!result) goto error;
            DROP();
            DROP();
            slots->set(depth - 1, result);
            NEXT()
        }
        case opcode::LOAD_SUPER_METHOD:
            TRY(load_super_method(slots, depth - 3, slots->get(depth - 3), SECOND, TOP, code_name(code, n)));
            DROP();
            NEXT()
        case opcode::LOAD_BUILD_CLASS: {
            W_Object* function = dict_get_str(builtins_namespace(), name_of(N::build_class));
            if (!function) {
                raise_text(T::NameError, "__build_class__ not found");
                goto error;
            }
            PUSH(function);
            NEXT()
        }
        case opcode::SETUP_ANNOTATIONS: setup_annotations(frame); NEXT()
        case opcode::RETURN_VALUE: {
            W_Object* result = TOP;
            if (code->is_generator) {
                frame->resume_instruction = -1;
                set_generator_result(result);
            }
            return result;
        }

        // ---- modules
        case opcode::IMPORT_NAME: {
            W_Object* module = import_name(code_name(code, n), frame->globals, TOP, int_value(SECOND)).value();
            if (!module) goto error;
            DROP();
            slots->set(depth - 1, module);
            NEXT()
        }
        case opcode::IMPORT_FROM: {
            W_Object* value = import_from(TOP, code_name(code, n)).value();
            if (!value) goto error;
            PUSH(value);
            NEXT()
        }
        case opcode::IMPORT_STAR:
            TRY(import_star(TOP, frame->namespace_));
            DROP();
            NEXT()
        case opcode::PRINT_EXPR:
            TRY(print_expression(TOP));
            DROP();
            NEXT()

        // ---- exceptions
        case opcode::RAISE_VARARGS: {
            W_Object* cause = n == 2 ? TOP : nullptr;
            W_Object* exception = n == 0 ? nullptr : slots->get(depth - n);
            (void)raise_statement(exception, cause).failed();
            goto error;
        }
        case opcode::PUSH_EXC_INFO: {
            W_Object* exception = TOP;
            slots->set(depth - 1, handled_or_none(context));
            set_handled(context, exception);
            PUSH(exception);
            NEXT()
        }
        case opcode::CHECK_EXC_MATCH: {
            auto matches = exception_matches(SECOND, TOP);
            if (matches.failed()) goto error;
            W_Object* result;
            if (matches.value())
                result = singleton(2);
            else
                result = singleton(1);
            slots->set(depth - 1, result);
            NEXT()
        }
        case opcode::POP_EXCEPT:
            set_handled(context, TOP);
            DROP();
            NEXT()
        case opcode::RERAISE: set_pending_error(TOP); goto error;
        case opcode::LOAD_ASSERTION_ERROR: PUSH(type_of(T::AssertionError)); NEXT()
        case opcode::BEFORE_WITH:
            TRY(before_with(slots, depth));
            depth++;
            NEXT()
        case opcode::WITH_EXCEPT_START: {
            W_Object* result = with_exception(slots->get(depth - 3), TOP).value();
            if (!result) goto error;
            PUSH(result);
            NEXT()
        }

        // ---- generators
        case opcode::RETURN_GENERATOR: return make_generator(frame, instruction + 1, depth);
        case opcode::YIELD_VALUE: {
            W_Object* value = TOP;
            DROP();
            frame->resume_instruction = instruction + 1;
            frame->resume_depth = depth;
            return value;
        }
        case opcode::GET_YIELD_FROM_ITER: UNARY(yield_from_iterator(a).value())
        case opcode::SEND: {
            W_Object* value = send_value(SECOND, TOP);
            if (value) {
                slots->set(depth - 1, value);
                NEXT()
            }
            if (pending_error()) goto error;
            DROP();
            slots->set(depth - 1, take_generator_result());
            instruction = n;
            continue;
        }

        // ---- pattern matching
        case opcode::GET_LEN: {
            auto length = length_of(TOP);
            if (length.failed()) goto error;
            PUSH(make_int(length.value()));
            NEXT()
        }
        case opcode::MATCH_MAPPING: PUSH(boolean(matches_mapping(TOP))); NEXT()
        case opcode::MATCH_SEQUENCE: PUSH(boolean(matches_sequence(TOP))); NEXT()
        case opcode::MATCH_KEYS: {
            W_Object* values = match_keys(SECOND, TOP).value();
            if (!values) goto error;
            PUSH(values);
            NEXT()
        }
        case opcode::MATCH_CLASS: {
            W_Object* values = match_class(slots->get(depth - 3), SECOND, TOP, n).value();
            if (!values) goto error;
            DROP();
            DROP();
            slots->set(depth - 1, values);
            NEXT()
        }
        }
        raise_text(T::SystemError, "unknown opcode");
    error:
        long handler = enter_handler(code, frame, instruction);
        if (handler < 0) {
            if (code->is_generator) frame->resume_instruction = -1;
            return failure;
        }
        long depth_there = code->slot_count + handler_depth(code, handler) + 1;
        clear_slots(frame->slots, depth_there, depth);
        depth = depth_there;
        instruction = handler_instruction(code, handler);
    }
}

} // namespace heddle::python
