// The tutorial language's interpreter: a loop over instructions with a jit driver. docs/tutorial.md explains each part.
#include "objects.h"
#include <climits>
#include <iostream>

static const char* location(const uint64_t* greens) { // for the JIT's log
    static std::string text;
    text = "line " + std::to_string(reinterpret_cast<Code*>(greens[0])->lines->get(greens[1]));
    return text.c_str();
}
static constinit heddle::jit::driver driver{"tutorial", location};

HEDDLE_DONT_LOOK_INSIDE static void print(W_Object* value) { std::cout << value->show() << "\n"; }
HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> fail(long line, const char* message) {
    return heddle::raise(make_string(std::to_string(line) + ": " + message));
}
HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> binary_of_others(long operation, long line, W_Object* a, W_Object* b) {
    bool strings = heddle::is<W_String>(a) && heddle::is<W_String>(b);
    if (operation == op_equal) return make<W_Int>(strings ? a->show() == b->show() : a == b);
    if (operation == op_add && strings) return make_string(a->show() + b->show());
    return fail(line, "this operation wants two integers");
}

static Result<W_Object*> binary(long operation, long line, W_Object* left, W_Object* right) {
    if (!heddle::is_exact<W_Int>(left) || !heddle::is_exact<W_Int>(right))
        return binary_of_others(operation, line, left, right);
    long a = static_cast<W_Int*>(left)->value, b = static_cast<W_Int*>(right)->value, result = 0;
    bool overflow = false;
    switch (operation) {
    case op_less: result = a < b; break;
    case op_equal: result = a == b; break;
    case op_add: overflow = __builtin_saddl_overflow(a, b, &result); break;
    case op_subtract: overflow = __builtin_ssubl_overflow(a, b, &result); break;
    case op_multiply: overflow = __builtin_smull_overflow(a, b, &result); break;
    default:
        if (b == 0) return fail(line, "division by zero");
        overflow = b == -1 && a == LONG_MIN;
        if (!overflow) result = operation == op_divide ? a / b : a % b;
    }
    if (overflow) return fail(line, "integer overflow");
    return make<W_Int>(result);
}

static void append(W_List* list, W_Object* value) {
    if (list->length == list->items->length()) {
        Items* longer = make_array<Items>(list->length * 2 + 4);
        heddle::copy_items(list->items.get(), 0, longer, 0, list->length);
        list->items = longer;
    }
    list->items->set(list->length++, value);
}
// Reads an item, or sets it when there is a value; setting the one after the last appends.
static Result<W_Object*> item(long line, W_Object* object, W_Object* index, W_Object* value) {
    if (!heddle::is_exact<W_List>(object) || !heddle::is_exact<W_Int>(index))
        return fail(line, "this operation wants a list and an integer");
    auto* list = static_cast<W_List*>(object);
    long i = static_cast<W_Int*>(index)->value;
    if (value && i == list->length) append(list, value);
    if (i < 0 || i >= list->length) return fail(line, "no such item");
    if (value) list->items->set(i, value);
    return list->items->get(i);
}

// Traces follow these loops: how often they run are constants of the code.
HEDDLE_UNROLL_SAFE static Items* variables_at(Scope* scope, long distance) {
    for (; distance > 0; distance--) scope = scope->outer;
    return scope->variables;
}
HEDDLE_UNROLL_SAFE static Items* new_items(long length, Items* from, long first, long count) {
    Items* items = make_array<Items>(length);
    for (long i = 0; i < length; i++) items->set(i, i < count ? from->get(first + i) : zero);
    return items;
}
static Result<W_Object*> run(Code* code, Scope* scope);
Result<W_Object*> call(long line, W_Object* callee, Items* stack, long first, long count) {
    if (!heddle::is_exact<W_Function>(callee)) return fail(line, "only functions can be called");
    Code* code = heddle::jit::promote(static_cast<W_Function*>(callee)->code);
    if (code->arguments != count) return fail(line, "wrong number of arguments");
    if (heddle::stack_is_low()) return fail(line, "too many calls inside one another");
    Items* variables = new_items(code->variables, stack, first, count);
    return run(code, make<Scope>(static_cast<W_Function*>(callee)->scope, variables));
}

// Threads: (spawn f) calls f in a new one, (join n) waits for it, (atomic f) calls f in one transaction. What each does
// to the heap is the STM build's business; in the regular build a thread runs when it is spawned.
static void run_thread(void* function) {
    if (call(0, static_cast<W_Object*>(function), nullptr, 0, 0).failed())
        stop(static_cast<W_String*>(heddle::take_pending_error())->show());
}
HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> with_threads(long operation, long line, W_Object* top) {
    switch (operation) {
    case op_spawn: return make<W_Int>(heddle::threads::start(run_thread, top));
    case op_join:
        if (!heddle::is_exact<W_Int>(top)) return fail(line, "this is no thread");
        if (!heddle::threads::wait(static_cast<W_Int*>(top)->value)) return fail(line, "no waiting inside of atomic");
        return zero.get();
    default:
        heddle::threads::atomic_begin();
        auto result = call(line, top, nullptr, 0, 0);
        heddle::threads::atomic_end();
        return result;
    }
}

static Result<W_Object*> run(Code* code, Scope* scope) {
    Items* stack = make_array<Items>(code->stack_size);
    long instruction = 0, depth = 0; // depth: how many values the stack holds
    for (;;) {
        HEDDLE_MERGE_POINT(driver, (code, instruction, depth), (scope, stack));
        long line = code->lines->get(instruction), word = code->instructions->get(instruction++), operand = word >> 8;
        W_Object* top = depth > 0 ? stack->get(depth - 1) : nullptr;
        W_Object* second = depth > 1 ? stack->get(depth - 2) : nullptr;
        switch (word & 255) {
        case op_constant: stack->set(depth++, code->constants->get(operand)); break;
        case op_variable: stack->set(depth++, variables_at(scope, operand & 255)->get(operand >> 8)); break;
        case op_set_variable: variables_at(scope, operand & 255)->set(operand >> 8, top); break;
        case op_drop: depth--; break;
        case op_function: stack->set(depth - 1, make<W_Function>(static_cast<W_Function*>(top)->code, scope)); break;
        case op_call:
            depth -= operand;
            stack->set(depth - 1, HEDDLE_TRY(call(line, stack->get(depth - 1), stack, depth, operand)));
            break;
        case op_return: return top;
        case op_jump: instruction = operand; break;
        case op_jump_if_false:
            if (!stack->get(--depth)->truth()) instruction = operand;
            break;
        case op_loop:
            instruction = operand;
            HEDDLE_CAN_ENTER_JIT(driver, (code, instruction, depth), (scope, stack));
            break;
        case op_list:
            depth -= operand - 1;
            stack->set(depth - 1, make<W_List>(new_items(operand, stack, depth - 1, operand), operand));
            break;
        case op_item: stack->set(--depth - 1, HEDDLE_TRY(item(line, second, top, nullptr))); break;
        case op_put:
            depth -= 2;
            stack->set(depth - 1, HEDDLE_TRY(item(line, stack->get(depth - 1), second, top)));
            break;
        case op_length:
            if (!heddle::is_exact<W_List>(top)) return fail(line, "only lists have a length");
            stack->set(depth - 1, make<W_Int>(static_cast<W_List*>(top)->length));
            break;
        case op_print: print(top); break;
        case op_spawn:
        case op_join:
        case op_atomic: stack->set(depth - 1, HEDDLE_TRY(with_threads(word & 255, line, top))); break;
        case op_not: stack->set(depth - 1, make<W_Int>(!top->truth())); break;
        default: stack->set(--depth - 1, HEDDLE_TRY(binary(word & 255, line, second, top)));
        }
    }
}
