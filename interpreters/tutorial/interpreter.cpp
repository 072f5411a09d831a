// The tutorial language's interpreter: a loop over instructions with a jit driver. docs/tutorial.md explains each part.
#include "objects.h"
#include <iostream>

static const char* describe(const uint64_t* greens) {
    static std::string text;
    auto* code = reinterpret_cast<Code*>(greens[0]);
    text = code->show() + ":" + std::to_string(code->lines->get(static_cast<long>(greens[1])));
    return text.c_str();
}
static constinit heddle::jit::driver driver{"tutorial", describe};

static W_Object* boolean(bool b) {
    if (b) return yes;
    return no;
}

HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> other_operation(long operation, W_Object* a, W_Object* b) {
    bool strings = heddle::is<W_String>(a) && heddle::is<W_String>(b);
    if (operation == op_equal) return boolean(strings ? a->show() == b->show() : a == b);
    if (operation == op_add && strings) return make_string(a->show() + b->show());
    return fail("this operation wants two integers (or two strings, for +)");
}

static Result<W_Object*> binary(long operation, W_Object* left, W_Object* right) {
    if (!heddle::is_exact<W_Int>(left) || !heddle::is_exact<W_Int>(right))
        return other_operation(operation, left, right);
    long a = static_cast<W_Int*>(left)->value, b = static_cast<W_Int*>(right)->value, result = 0;
    switch (operation) {
    case op_less: return boolean(a < b);
    case op_equal: return boolean(a == b);
    case op_divide:
    case op_remainder:
        if (b == 0 || b == -1)
            return b ? binary(operation == op_divide ? op_multiply : op_subtract, left,
                              operation == op_divide ? right : left)
                     : fail("division by zero");
        return make<W_Int>(operation == op_divide ? a / b : a % b);
    case op_add:
        if (__builtin_saddl_overflow(a, b, &result)) return fail("integer overflow");
        break;
    case op_subtract:
        if (__builtin_ssubl_overflow(a, b, &result)) return fail("integer overflow");
        break;
    default:
        if (__builtin_smull_overflow(a, b, &result)) return fail("integer overflow");
    }
    return make<W_Int>(result);
}

// How many scopes to go out, and how many items to move, are constants of the code: traces unroll these loops.
HEDDLE_UNROLL_SAFE static Scope* scope_at(Scope* scope, long distance) {
    for (; distance > 0; distance--) scope = scope->outer;
    return scope;
}
HEDDLE_UNROLL_SAFE static Items* new_items(long length, Items* from, long first, long count) {
    Items* items = make_array<Items>(length);
    for (long i = 0; i < length; i++) items->set(i, i < count ? from->get(first + i) : nil);
    return items;
}

static Result<W_Object*> call(W_Object* callee, Items* stack, long first, long count) {
    if (!heddle::is_exact<W_Function>(callee)) return fail("only functions can be called");
    Code* code = heddle::jit::promote(static_cast<W_Function*>(callee)->code);
    if (code->arguments != count) return fail("wrong number of arguments");
    if (heddle::stack_is_low()) return fail("too many calls inside one another");
    Scope* scope =
        make<Scope>(static_cast<W_Function*>(callee)->scope, new_items(code->variables, stack, first, count));
    return run(code, scope, make_array<Items>(code->stack_size), 0, 0);
}

static bool item_exists(W_Object* list, W_Object* index) {
    return heddle::is_exact<W_List>(list) && heddle::is_exact<W_Int>(index) &&
           static_cast<unsigned long>(static_cast<W_Int*>(index)->value) <
               static_cast<unsigned long>(static_cast<W_List*>(list)->length.get());
}

static Result<W_Object*> push(W_Object* target, W_Object* value) {
    if (!heddle::is_exact<W_List>(target)) return fail("push wants a list");
    auto* list = static_cast<W_List*>(target);
    if (list->length == list->items->length()) {
        Items* longer = make_array<Items>(list->length * 2 + 4);
        heddle::copy_items(list->items.get(), 0, longer, 0, list->length);
        list->items = longer;
    }
    list->items->set(list->length++, value);
    return value;
}

HEDDLE_DONT_LOOK_INSIDE static void print(W_Object* value) { std::cout << value->show() << "\n"; }
HEDDLE_DONT_LOOK_INSIDE static void note_line(Code* code, long instruction) {
    auto* error = static_cast<W_Error*>(heddle::pending_error());
    if (error->line == 0) error->line = code->lines->get(instruction);
}
// The value, or out of run() with the error pending.
#define TRY(expression)                       \
    ({                                        \
        Result<W_Object*> r = (expression);   \
        if (r.failed()) {                     \
            note_line(code, instruction - 1); \
            return r;                         \
        }                                     \
        r.value();                            \
    })

Result<W_Object*> run(Code* code, Scope* scope, Items* stack, long instruction, long depth) {
    for (;;) {
        HEDDLE_MERGE_POINT(driver, (code, instruction, depth), (scope, stack));
        long word = code->instructions->get(instruction++), operand = word >> 8;
        switch (word & 255) {
        case op_constant: stack->set(depth++, code->constants->get(operand)); break;
        case op_local: stack->set(depth++, scope->variables->get(operand)); break;
        case op_set_local: scope->variables->set(operand, stack->get(--depth)); break;
        case op_outer: stack->set(depth++, scope_at(scope, operand & 255)->variables->get(operand >> 8)); break;
        case op_set_outer: scope_at(scope, operand & 255)->variables->set(operand >> 8, stack->get(--depth)); break;
        case op_pop: depth--; break;
        case op_make_function:
            stack->set(depth++, make<W_Function>(static_cast<Code*>(code->constants->get(operand)), scope));
            break;
        case op_make_list:
            depth -= operand;
            stack->set(depth, make<W_List>(new_items(operand, stack, depth, operand), operand));
            depth++;
            break;
        case op_index:
            depth--;
            if (!item_exists(stack->get(depth - 1), stack->get(depth))) TRY(fail("no such item"));
            stack->set(
                depth - 1,
                static_cast<W_List*>(stack->get(depth - 1))->items->get(static_cast<W_Int*>(stack->get(depth))->value));
            break;
        case op_set_index:
            depth -= 3;
            if (!item_exists(stack->get(depth), stack->get(depth + 1))) TRY(fail("no such item"));
            static_cast<W_List*>(stack->get(depth))
                ->items->set(static_cast<W_Int*>(stack->get(depth + 1))->value, stack->get(depth + 2));
            break;
        case op_not: stack->set(depth - 1, boolean(!stack->get(depth - 1)->truth())); break;
        case op_jump: instruction = operand; break;
        case op_jump_if_false:
            if (!stack->get(--depth)->truth()) instruction = operand;
            break;
        case op_loop:
            instruction = operand;
            HEDDLE_CAN_ENTER_JIT(driver, (code, instruction, depth), (scope, stack));
            break;
        case op_call:
            depth -= operand;
            stack->set(depth - 1, TRY(call(stack->get(depth - 1), stack, depth, operand)));
            break;
        case op_return: return stack->get(depth - 1);
        case op_print: print(stack->get(depth - 1)); break;
        case op_length:
            if (!heddle::is_exact<W_List>(stack->get(depth - 1))) TRY(fail("length wants a list"));
            stack->set(depth - 1, make<W_Int>(static_cast<W_List*>(stack->get(depth - 1))->length));
            break;
        case op_push:
            depth--;
            stack->set(depth - 1, TRY(push(stack->get(depth - 1), stack->get(depth))));
            break;
        default: depth--; stack->set(depth - 1, TRY(binary(word & 255, stack->get(depth - 1), stack->get(depth))));
        }
    }
}
