// Loops that built-in functions run over the items of a generator: list(), set(), sum(), any(), all(), min(), max().
//
// A portal of its own, so that such a loop and the generator's code become one trace; the greens are what is done with
// the items, and the generator's code. The idea: the jit drivers inside PyPy's built-in functions.
#include "interpreter.h"

namespace heddle::python {

static const char* describe_drain(const uint64_t* greens) {
    static constexpr const char* names[] = {"list", "set", "sum", "any", "all", "max", "min"};
    static char text[300];
    auto* code = reinterpret_cast<W_Code*>(greens[1]);
    snprintf(text, sizeof text, "%s() of %s:%ld %s", names[greens[0]], code->unit->filename.c_str(), code_line(code, 0),
             code->unit->qualname.c_str());
    return text;
}
static constinit heddle::jit::driver drain_driver{"python-drain", describe_drain};

namespace {

HEDDLE_INLINE W_Object* sum_of_two(W_Object* a, W_Object* b) {
    long sum;
    if (is_exact<W_Int>(a) && is_exact<W_Int>(b)) {
        if (!__builtin_saddl_overflow(static_cast<W_Int*>(a)->value, static_cast<W_Int*>(b)->value, &sum))
            return make_int(sum);
    } else if (is_exact<W_Float>(a) && is_exact<W_Float>(b)) {
        return make_float(static_cast<W_Float*>(a)->value + static_cast<W_Float*>(b)->value);
    }
    return binary(binary_op::add, a, b).value();
}

Result<W_Object*> drain(long purpose, [[maybe_unused]] W_Code* code, W_Generator* generator, W_Object* result) {
    for (;;) {
        HEDDLE_MERGE_POINT(drain_driver, (purpose, code), (generator, result));
        W_Object* item = generator_send(generator, none());
        if (!item) {
            if (pending_error()) return failure;
            return result;
        }
        switch (static_cast<drain_purpose>(purpose)) {
        case drain_purpose::list: list_append(static_cast<W_List*>(result), item); break;
        case drain_purpose::set: HEDDLE_TRY(set_add(static_cast<W_Set*>(result), item)); break;
        case drain_purpose::sum: {
            W_Object* sum = sum_of_two(result, item);
            if (!sum) return failure;
            result = sum;
            break;
        }
        case drain_purpose::any:
        case drain_purpose::all: {
            bool truth = HEDDLE_TRY(is_true(item));
            if (truth == (purpose == static_cast<long>(drain_purpose::any))) return boolean(truth);
            break;
        }
        case drain_purpose::max:
        case drain_purpose::min: {
            compare_op op = purpose == static_cast<long>(drain_purpose::max) ? compare_op::gt : compare_op::lt;
            bool better = result == generator; // no item yet
            if (!better) better = HEDDLE_TRY(is_better(op, item, result));
            if (better) result = item;
            break;
        }
        }
        if (pending_actions() != 0) HEDDLE_TRY(run_pending_actions());
        HEDDLE_CAN_ENTER_JIT(drain_driver, (purpose, code), (generator, result));
    }
}

} // namespace

bool can_drain(W_Object* iterable) {
    if (!is_exact<W_Generator>(iterable)) return false;
    W_Frame* frame = static_cast<W_Generator*>(iterable)->frame;
    return frame && frame->code->resumed_in_line;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> drain_generator(drain_purpose purpose, W_Object* iterable, W_Object* start) {
    auto* generator = static_cast<W_Generator*>(iterable);
    return drain(static_cast<long>(purpose), generator->frame->code, generator, start);
}

} // namespace heddle::python
