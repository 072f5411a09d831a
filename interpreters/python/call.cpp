// Calls: from the value stack, with a fixed number of arguments, and with arguments in general.
//
// In traces the callable is nearly always a constant, so that all of this folds to the new frame's slots, which stay
// virtual. Whatever does not fit (keywords, *args, wrong counts) goes to bind_and_run, which traces call but do not
// follow.
#include "interpreter.h"

namespace heddle::python {

heddle::thread_root<ExecutionContext> the_context;

HEDDLE_DONT_LOOK_INSIDE static Result<void> check_depth(long depth, const char* doing = "") {
    ExecutionContext* context = execution_context();
    if (depth > context->depth_limit ||
        static_cast<char*>(__builtin_frame_address(0)) < heddle_thread.stack_limit + 65536) {
        context->depth_limit += 50; // room for handling the error
        auto result = raise_error(T::RecursionError, "maximum recursion depth exceeded%s", doing);
        context->depth_limit -= 50;
        return result;
    }
    return ok;
}

native_nesting::native_nesting(const char* doing) {
    ExecutionContext* context = execution_context();
    long depth = context->depth + 1;
    context->depth = depth;
    too_deep_ = depth > context->checked_depth && check_depth(depth, doing).failed();
}
native_nesting::~native_nesting() {
    ExecutionContext* context = execution_context();
    context->depth = context->depth - 1;
}

static Result<W_Object*> enter_frame(W_Code* code, W_Frame* frame) {
    ExecutionContext* context = execution_context();
    long depth = context->depth + 1;
    if (depth > context->checked_depth) HEDDLE_TRY(check_depth(depth));
    context->depth = depth;
    auto result = interpret(code, frame, context, 0, code->slot_count);
    context->depth = depth - 1;
    return result;
}

Result<W_Object*> run_frame(W_Frame* frame) { return enter_frame(frame->code, frame); }

static HEDDLE_INLINE W_Frame* new_frame(W_Code* code, W_Function* function) {
    return make<W_Frame>(code, function->globals, make_array<frame_slots>(code->frame_size), function, nullptr);
}

template <class From>
HEDDLE_UNROLL_SAFE static void copy_slots(From* from, long first, frame_slots* to, long to_first, long count) {
    for (long i = 0; i < count; i++) to->set(to_first + i, from->get(first + i));
}
W_Arguments* make_arguments(object_array* values, W_Tuple* keywords) { return make<W_Arguments>(values, keywords); }
W_Arguments* arguments_1(W_Object* a) {
    auto* values = make_array<object_array>(1);
    values->set(0, a);
    return make_arguments(values);
}
W_Arguments* arguments_2(W_Object* a, W_Object* b) {
    auto* values = make_array<object_array>(2);
    values->set(0, a);
    values->set(1, b);
    return make_arguments(values);
}
W_Arguments* arguments_with_first(W_Object* first, W_Arguments* rest) {
    long count = rest->values->length();
    auto* values = make_array<object_array>(count + 1);
    values->set(0, first);
    copy_items(rest->values, 0, values, 1, count);
    return make_arguments(values, rest->keywords);
}
W_Arguments* arguments_without_first(W_Arguments* all) {
    long count = all->values->length() - 1;
    auto* values = make_array<object_array>(count);
    copy_items(all->values, 1, values, 0, count);
    return make_arguments(values, all->keywords);
}

// Can a call with `count` positional arguments be made by copying them? Then how many defaults it takes, else -1.
static HEDDLE_INLINE long defaults_needed(W_Function* function, W_Code* code, long count) {
    if (!code->is_simple) return -1;
    long missing = code->positional_count - count;
    if (missing == 0) return 0;
    if (missing < 0) return -1;
    W_Tuple* defaults = function->defaults;
    if (!defaults || defaults->length() < missing) return -1;
    return missing;
}
HEDDLE_DONT_LOOK_INSIDE static W_Object* keyword_default(W_Function* function, W_Code* code, long slot) {
    const std::string& name = code->unit->slots[slot].name;
    return dict_get_str(static_cast<W_Dict*>(function->keyword_defaults.get()), make_str(name));
}
static HEDDLE_INLINE void add_defaults(W_Function* function, W_Code* code, frame_slots* slots, long missing) {
    object_array* defaults = jit::promote(function->defaults.get())->items;
    copy_slots(defaults, defaults->length() - missing, slots, code->positional_count - missing, missing);
}

// Binds arguments that lie in an array, the positional ones first, then those of `keywords`: in a trace, where the
// counts and names are constants, this folds to the stores into the new slots. Null: they don't fit, or **kwargs.
template <class From>
HEDDLE_UNROLL_SAFE static frame_slots* bind_in_trace(W_Function* function, W_Code* code, From* from, long first,
                                                     long positional, W_Tuple* keywords) {
    long parameters = code->positional_count;
    if (code->has_varkeywords || (positional > parameters && !code->has_varargs)) return nullptr;
    auto* slots = make_array<frame_slots>(code->frame_size);
    long direct = positional < parameters ? positional : parameters;
    for (long i = 0; i < direct; i++) slots->set(i, from->get(first + i));
    if (code->has_varargs) {
        auto* rest = take_items<object_array>(from, first + direct, positional - direct);
        slots->set(parameters + code->keyword_only_count, make<W_Tuple>(rest));
    }
    long named = keywords ? keywords->length() : 0;
    for (long i = 0; i < named; i++) {
        long slot = keyword_slot(code, static_cast<W_Str*>(keywords->at(i)));
        if (slot < 0 || slots->get(slot)) return nullptr;
        slots->set(slot, from->get(first + positional + i));
    }
    W_Tuple* defaults = jit::promote(function->defaults.get());
    long first_default = parameters - (defaults ? defaults->length() : 0);
    for (long i = direct; i < parameters; i++) {
        if (slots->get(i)) continue;
        if (i < first_default) return nullptr;
        slots->set(i, defaults->at(i - first_default));
    }
    for (long i = parameters; i < parameters + code->keyword_only_count; i++) {
        if (slots->get(i)) continue;
        W_Object* value = function->keyword_defaults ? keyword_default(function, code, i) : nullptr;
        if (!value) return nullptr;
        slots->set(i, value);
    }
    return slots;
}
// As many arguments as traces bind in line.
constexpr long most_traced_arguments = 16;

static Result<W_Object*> run_bound(W_Function* function, W_Code* code, frame_slots* slots) {
    return enter_frame(code, make<W_Frame>(code, function->globals, slots, function, nullptr));
}

static Result<W_Object*> call_function_from_stack(W_Function* function, frame_slots* slots, long first, long count) {
    W_Code* code = jit::promote(function->code);
    long missing = jit::promote(defaults_needed(function, code, count));
    if (missing < 0) {
        if (jit::we_are_jitted() && count <= most_traced_arguments)
            if (frame_slots* bound = bind_in_trace(function, code, slots, first, count, nullptr))
                return run_bound(function, code, bound);
        return bind_and_run(function, make_arguments(take_slots(slots, first, count)));
    }
    W_Frame* frame = new_frame(code, function);
    copy_slots(slots, first, frame->slots, 0, count);
    if (missing > 0) add_defaults(function, code, frame->slots, missing);
    return enter_frame(code, frame);
}

HEDDLE_DONT_LOOK_INSIDE static failure_type wrong_argument_count(W_Builtin* builtin, long count) {
    std::string name = to_utf8(builtin->name);
    long self = builtin->owner || builtin->wants_frame ? 1 : 0;
    long arity = builtin->positional - self, minimum = builtin->minimum - self;
    count -= self;
    if (arity == 0) return raise_error(T::TypeError, "%s() takes no arguments (%ld given)", name.c_str(), count);
    if (arity == minimum && arity == 1)
        return raise_error(T::TypeError, "%s() takes exactly one argument (%ld given)", name.c_str(), count);
    if (arity == minimum)
        return raise_error(T::TypeError, "%s expected %ld arguments, got %ld", name.c_str(), arity, count);
    if (count < minimum)
        return raise_error(T::TypeError, "%s expected at least %ld argument%s, got %ld", name.c_str(), minimum,
                           minimum == 1 ? "" : "s", count);
    return raise_error(T::TypeError, "%s expected at most %ld argument%s, got %ld", name.c_str(), arity,
                       arity == 1 ? "" : "s", count);
}
HEDDLE_DONT_LOOK_INSIDE static failure_type wrong_self(W_Builtin* builtin, W_Object* self) {
    return raise_error(T::TypeError, "descriptor '%s' for '%s' objects doesn't apply to a '%s' object",
                       to_utf8(builtin->name).c_str(), name_text(builtin->owner).c_str(), type_name(self).c_str());
}

// Methods of built-in types rely on self's class.
static HEDDLE_INLINE bool self_fits(W_Builtin* builtin, W_Object* self) {
    return !builtin->owner || self->type() == builtin->owner || is_subtype(self->type(), builtin->owner);
}

static Result<W_Object*> invoke_builtin(W_Builtin* builtin, long arity, W_Object* a, W_Object* b, W_Object* c,
                                        W_Object* d) {
    if (arity > 0 && !self_fits(builtin, a)) return wrong_self(builtin, a);
    void (*function)() = builtin->function.pointer;
    switch (arity) {
    case 0: return reinterpret_cast<builtin_0*>(function)();
    case 1: return reinterpret_cast<builtin_1*>(function)(a);
    case 2: return reinterpret_cast<builtin_2*>(function)(a, b);
    case 3: return reinterpret_cast<builtin_3*>(function)(a, b, c);
    default: return reinterpret_cast<builtin_4*>(function)(a, b, c, d);
    }
}
static Result<W_Object*> call_builtin_values(W_Builtin* builtin, long count, W_Object* a, W_Object* b, W_Object* c,
                                             W_Object* d) {
    long arity = builtin->arity;
    if (count > builtin->positional || count < builtin->minimum) return wrong_argument_count(builtin, count);
    return invoke_builtin(builtin, arity, a, b, c, d);
}

static Result<W_Object*> call_builtin_from_stack(W_Builtin* builtin, W_Frame* frame, long first, long count) {
    builtin = jit::promote(builtin);
    frame_slots* slots = frame->slots;
    if (builtin->arity < 0) {
        W_Arguments* arguments = make_arguments(take_slots(slots, first, count));
        if (builtin->owner && (count == 0 || !self_fits(builtin, slots->get(first))))
            return call_builtin(builtin, arguments);
        return reinterpret_cast<builtin_general*>(builtin->function.pointer)(arguments);
    }
    if (count > 4) return wrong_argument_count(builtin, count);
    if (builtin->wants_frame)
        return call_builtin_values(builtin, count + 1, frame, count > 0 ? slots->get(first) : nullptr,
                                   count > 1 ? slots->get(first + 1) : nullptr,
                                   count > 2 ? slots->get(first + 2) : nullptr);
    W_Object* a = count > 0 ? slots->get(first) : nullptr;
    W_Object* b = count > 1 ? slots->get(first + 1) : nullptr;
    W_Object* c = count > 2 ? slots->get(first + 2) : nullptr;
    W_Object* d = count > 3 ? slots->get(first + 3) : nullptr;
    return call_builtin_values(builtin, count, a, b, c, d);
}

HEDDLE_DONT_LOOK_INSIDE static failure_type takes_no_arguments(W_Type* type) {
    return raise_error(T::TypeError, "%s() takes no arguments", name_text(type).c_str());
}
HEDDLE_DONT_LOOK_INSIDE static failure_type init_result_error(W_Object* result) {
    return raise_error(T::TypeError, "__init__() should return None, not '%s'", type_name(result).c_str());
}
HEDDLE_DONT_LOOK_INSIDE static failure_type abstract_error(W_Type* type, W_Object* names) {
    std::string list;
    long count = 0;
    auto items = iterable_to_list(names);
    if (items.failed()) return failure;
    list_items* sorted = list_to_items(items.value());
    if (sort_items(sorted, sorted->length(), nullptr, false).failed()) return failure;
    for (; count < sorted->length(); count++)
        list += (count ? ", " : "") + to_utf8(static_cast<W_Str*>(sorted->get(count)));
    return raise_error(T::TypeError, "Can't instantiate abstract class %s with abstract method%s %s",
                       name_text(type).c_str(), count == 1 ? "" : "s", list.c_str());
}
HEDDLE_ELIDABLE static W_Object* type_call_slot() {
    return type_lookup_raw(type_of(T::type), type_of(T::type)->version, name_of(N::call));
}

// Runs __init__ on a new instance; slots[first - 1] is free for self.
static Result<W_Object*> initialise_from_stack(W_Type* type, W_Object* instance, W_Frame* frame, long first,
                                               long count) {
    W_Object* init = type_lookup(type, N::init);
    frame->slots->set(first - 1, instance);
    W_Object* result;
    if (is_exact<W_Function>(init) || is_exact<W_Builtin>(init)) {
        result = HEDDLE_TRY(call_from_stack(init, frame, first - 1, count + 1));
    } else {
        W_Object* bound = HEDDLE_TRY(bind_descriptor(init, instance, type));
        result = HEDDLE_TRY(call(bound, make_arguments(take_slots(frame->slots, first, count))));
    }
    if (result != none()) return init_result_error(result);
    return instance;
}

// Whether the type's instances are made as object.__new__ makes them.
static HEDDLE_INLINE bool made_by_object_new(W_Type* type) {
    return type->instance_layout == layout::object &&
           type_lookup(type, N::new_) == type_lookup(type_of(T::object), N::new_);
}
// Null: the type may be instantiated.
static HEDDLE_INLINE W_Object* abstract_methods_of(W_Type* type) {
    W_Object* abstract = type_lookup(type, N::abstractmethods);
    return abstract && abstract != none() ? abstract : nullptr;
}

static Result<W_Object*> call_type_from_stack(W_Type* type, W_Frame* frame, long first, long count) {
    type = jit::promote(type);
    if (type->metatype) {
        W_Object* caller = type_lookup(type->metatype, N::call);
        if (caller != type_call_slot()) {
            frame->slots->set(first - 1, type);
            return call_from_stack(caller, frame, first - 1, count + 1);
        }
    }
    if (type->constructor)
        return call_builtin_from_stack(static_cast<W_Builtin*>(type->constructor.get()), frame, first, count);
    if (made_by_object_new(type)) {
        if (W_Object* abstract = abstract_methods_of(type)) return abstract_error(type, abstract);
        if (type_lookup(type, N::init) == type_lookup(type_of(T::object), N::init)) {
            if (count > 0) return takes_no_arguments(type);
            return allocate_instance(type);
        }
        return initialise_from_stack(type, allocate_instance(type), frame, first, count);
    }
    if (type->instance_layout == layout::exception &&
        type_lookup(type, N::new_) == type_lookup(type_of(T::BaseException), N::new_)) {
        W_Exception* exception = make_exception(type, make<W_Tuple>(take_slots(frame->slots, first, count)));
        if (type_lookup(type, N::init) == type_lookup(type_of(T::BaseException), N::init)) return exception;
        return initialise_from_stack(type, exception, frame, first, count);
    }
    return call(type, make_arguments(take_slots(frame->slots, first, count)));
}

Result<W_Object*> call_from_stack(W_Object* callable, W_Frame* frame, long first, long count) {
    if (is_exact<W_Function>(callable))
        return call_function_from_stack(static_cast<W_Function*>(callable), frame->slots, first, count);
    if (is_exact<W_Builtin>(callable))
        return call_builtin_from_stack(static_cast<W_Builtin*>(callable), frame, first, count);
    if (is_exact<W_BoundMethod>(callable)) {
        auto* method = static_cast<W_BoundMethod*>(callable);
        frame->slots->set(first - 1, method->self);
        W_Object* function = method->function;
        if (is_exact<W_Function>(function))
            return call_function_from_stack(static_cast<W_Function*>(function), frame->slots, first - 1, count + 1);
        if (is_exact<W_Builtin>(function))
            return call_builtin_from_stack(static_cast<W_Builtin*>(function), frame, first - 1, count + 1);
        return call(function, make_arguments(take_slots(frame->slots, first - 1, count + 1)));
    }
    if (is<W_Type>(callable)) return call_type_from_stack(static_cast<W_Type*>(callable), frame, first, count);
    if (is<W_Instance>(callable)) {
        W_Object* caller = type_lookup(callable->type(), N::call);
        if (caller && is_exact<W_Function>(caller)) {
            frame->slots->set(first - 1, callable);
            return call_function_from_stack(static_cast<W_Function*>(caller), frame->slots, first - 1, count + 1);
        }
    }
    return call(callable, make_arguments(take_slots(frame->slots, first, count)));
}

// The __init__ of a class whose instances are made as object.__new__ makes them; null for other classes.
static W_Object* plain_initialiser(W_Type* type) {
    if (type->metatype || type->constructor || !made_by_object_new(type) || abstract_methods_of(type)) return nullptr;
    W_Object* init = type_lookup(type, N::init);
    return is_exact<W_Function>(init) ? init : nullptr;
}

// ---- a few arguments from C++
// -----------------------------------------------------------------------------------------
template <class Array>
static HEDDLE_INLINE Array* array_of_values(long size, long count, W_Object* a, W_Object* b, W_Object* c, W_Object* d) {
    auto* values = make_array<Array>(size);
    if (count > 0) values->set(0, a);
    if (count > 1) values->set(1, b);
    if (count > 2) values->set(2, c);
    if (count > 3) values->set(3, d);
    return values;
}
static Result<W_Object*> call_function_values(W_Function* function, long count, W_Object* a, W_Object* b, W_Object* c,
                                              W_Object* d) {
    W_Code* code = jit::promote(function->code);
    long missing = jit::promote(defaults_needed(function, code, count));
    if (missing < 0)
        return bind_and_run(function, make_arguments(array_of_values<object_array>(count, count, a, b, c, d)));
    auto* slots = array_of_values<frame_slots>(code->frame_size, count, a, b, c, d);
    W_Frame* frame = make<W_Frame>(code, function->globals, slots, function, nullptr);
    if (missing > 0) add_defaults(function, code, slots, missing);
    return enter_frame(code, frame);
}
static HEDDLE_INLINE bool has_plain_arguments(W_Builtin* builtin) {
    return builtin->arity >= 0 && !builtin->wants_frame;
}
static Result<W_Object*> call_values(W_Object* callable, long count, W_Object* a, W_Object* b, W_Object* c) {
    if (is_exact<W_Function>(callable))
        return call_function_values(static_cast<W_Function*>(callable), count, a, b, c, nullptr);
    if (is_exact<W_BoundMethod>(callable)) {
        auto* method = static_cast<W_BoundMethod*>(callable);
        W_Object* function = method->function;
        if (is_exact<W_Function>(function))
            return call_function_values(static_cast<W_Function*>(function), count + 1, method->self, a, b, c);
        if (is_exact<W_Builtin>(function) && has_plain_arguments(static_cast<W_Builtin*>(function)))
            return call_builtin_values(static_cast<W_Builtin*>(function), count + 1, method->self, a, b, c);
    }
    if (is_exact<W_Builtin>(callable) && has_plain_arguments(static_cast<W_Builtin*>(callable)))
        return call_builtin_values(static_cast<W_Builtin*>(callable), count, a, b, c, nullptr);
    return call(callable, make_arguments(array_of_values<object_array>(count, count, a, b, c, nullptr)));
}
Result<W_Object*> call_0(W_Object* callable) { return call_values(callable, 0, nullptr, nullptr, nullptr); }
Result<W_Object*> call_1(W_Object* callable, W_Object* a) { return call_values(callable, 1, a, nullptr, nullptr); }
Result<W_Object*> call_2(W_Object* callable, W_Object* a, W_Object* b) {
    return call_values(callable, 2, a, b, nullptr);
}
Result<W_Object*> call_3(W_Object* callable, W_Object* a, W_Object* b, W_Object* c) {
    return call_values(callable, 3, a, b, c);
}

// ---- in general
// ------------------------------------------------------------------------------------------------------- Places
// keyword arguments by the names of the built-in's parameters.
HEDDLE_DONT_LOOK_INSIDE static Result<W_Arguments*> place_keywords(W_Builtin* builtin, W_Arguments* arguments) {
    std::string name = to_utf8(builtin->name);
    const char* parameters = builtin->entry->parameters;
    if (!parameters) return raise_error(T::TypeError, "%s() takes no keyword arguments", name.c_str());
    long arity = builtin->arity, positional = arguments->positional_count();
    if (positional > builtin->positional) return wrong_argument_count(builtin, positional);
    auto* values = make_array<object_array>(arity);
    copy_items(arguments->values, 0, values, 0, positional);
    for (long i = 0; i < arguments->keyword_count(); i++) {
        auto* keyword = static_cast<W_Str*>(arguments->keywords->at(i));
        std::string text = to_utf8(keyword);
        long position = 0;
        const char* at = parameters;
        for (; *at; position++) {
            const char* end = strchrnul(at, ',');
            if (*at == '*') at++;
            if (std::string_view(at, end - at) == text) break;
            at = *end ? end + 1 : end;
        }
        if (!*at)
            return raise_error(T::TypeError, "'%s' is an invalid keyword argument for %s()", text.c_str(),
                               name.c_str());
        if (values->get(position))
            return raise_error(T::TypeError, "argument for %s() given by name ('%s') and position (%ld)", name.c_str(),
                               text.c_str(), position + 1);
        values->set(position, arguments->at(positional + i));
    }
    for (long i = 0; i < builtin->minimum; i++)
        if (!values->get(i))
            return raise_error(T::TypeError, "%s() missing required argument (pos %ld)", name.c_str(), i + 1);
    return make_arguments(values);
}

HEDDLE_DONT_LOOK_INSIDE failure_type no_callers_frame(const char* builtin) {
    return raise_error(T::RuntimeError, "%s() needs its caller's frame and can't be called indirectly", builtin);
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> call_builtin(W_Builtin* builtin, W_Arguments* arguments) {
    long arity = builtin->arity;
    if (arity < 0) {
        if (builtin->owner) {
            if (arguments->positional_count() == 0)
                return raise_error(T::TypeError, "unbound method %s.%s() needs an argument",
                                   name_text(builtin->owner).c_str(), to_utf8(builtin->name).c_str());
            if (!self_fits(builtin, arguments->at(0))) return wrong_self(builtin, arguments->at(0));
        }
        return reinterpret_cast<builtin_general*>(builtin->function.pointer)(arguments);
    }
    if (builtin->wants_frame) arguments = arguments_with_first(nullptr, arguments);
    long count = arguments->positional_count();
    if (arguments->keyword_count()) {
        arguments = HEDDLE_TRY(place_keywords(builtin, arguments));
        object_array* placed = arguments->values;
        return invoke_builtin(builtin, arity, arity > 0 ? placed->get(0) : nullptr,
                              arity > 1 ? placed->get(1) : nullptr, arity > 2 ? placed->get(2) : nullptr,
                              arity > 3 ? placed->get(3) : nullptr);
    }
    if (count > arity) return wrong_argument_count(builtin, count);
    object_array* values = arguments->values;
    return call_builtin_values(builtin, count, count > 0 ? values->get(0) : nullptr,
                               count > 1 ? values->get(1) : nullptr, count > 2 ? values->get(2) : nullptr,
                               count > 3 ? values->get(3) : nullptr);
}

Result<W_Object*> call_function(W_Function* function, W_Arguments* arguments) {
    return bind_and_run(function, arguments);
}

// type.__call__: __new__, then __init__ if the result is an instance.
HEDDLE_DONT_LOOK_INSIDE static failure_type no_instances(W_Type* type) {
    return raise_error(T::TypeError, "cannot create '%s' instances", name_text(type).c_str());
}
static Result<W_Object*> construct(W_Type* type, W_Arguments* arguments) {
    type = jit::promote(type);
    if (type->constructor) return call_builtin(static_cast<W_Builtin*>(type->constructor.get()), arguments);
    W_Object* maker = type_lookup(type, N::new_);
    if (!maker) return no_instances(type);
    maker = HEDDLE_TRY(bind_descriptor(maker, nullptr, type));
    W_Object* instance = HEDDLE_TRY(call(maker, arguments_with_first(type, arguments)));
    W_Type* made = instance->type();
    if (!is_subtype(made, type)) return instance;
    W_Object* init = type_lookup(made, N::init);
    if (!init || init == type_lookup(type_of(T::object), N::init)) return instance;
    init = HEDDLE_TRY(bind_descriptor(init, instance, made));
    W_Object* result = HEDDLE_TRY(call(init, arguments));
    if (result != none()) return init_result_error(result);
    return instance;
}
Result<W_Object*> type_call(W_Type* type, W_Arguments* arguments) { return construct(type, arguments); }

HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> call_special_object(W_Object* callable, W_Arguments* arguments) {
    W_Object* caller = type_lookup(callable->type(), N::call);
    if (!caller) return raise_error(T::TypeError, "'%s' object is not callable", type_name(callable).c_str());
    if (is_exact<W_Function>(caller))
        return bind_and_run(static_cast<W_Function*>(caller), arguments_with_first(callable, arguments));
    W_Object* bound = HEDDLE_TRY(bind_descriptor(caller, callable, callable->type()));
    ExecutionContext* context = execution_context();
    if (context->depth > context->checked_depth) HEDDLE_TRY(check_depth(context->depth + 1));
    context->depth++;
    auto result = call(bound, arguments);
    context->depth--;
    return result;
}

static Result<W_Object*> call_function_with(W_Function* function, W_Arguments* arguments) {
    if (jit::we_are_jitted()) {
        long positional = arguments->positional_count();
        if (!arguments->keywords && positional <= most_traced_arguments) {
            W_Code* code = jit::promote(function->code);
            if (frame_slots* bound =
                    bind_in_trace(function, code, arguments->values, 0, jit::promote(positional), nullptr))
                return run_bound(function, code, bound);
        }
    }
    return bind_and_run(function, arguments);
}

Result<W_Object*> call(W_Object* callable, W_Arguments* arguments) {
    if (is_exact<W_Function>(callable)) return call_function_with(static_cast<W_Function*>(callable), arguments);
    if (is_exact<W_Builtin>(callable)) return call_builtin(static_cast<W_Builtin*>(callable), arguments);
    if (is_exact<W_BoundMethod>(callable)) {
        auto* method = static_cast<W_BoundMethod*>(callable);
        return call(method->function, arguments_with_first(method->self, arguments));
    }
    if (is<W_Type>(callable)) {
        auto* type = static_cast<W_Type*>(callable);
        if (!type->metatype || type_lookup(type->metatype, N::call) == type_call_slot()) {
            if (type == type_of(T::type) && arguments->values->length() == 1) return arguments->at(0)->type();
            return construct(type, arguments);
        }
    }
    if (is_exact<W_StaticMethod>(callable)) return call(static_cast<W_StaticMethod*>(callable)->function, arguments);
    return call_special_object(callable, arguments);
}

// ---- the call instructions with keywords and unpacking
// ------------------------------------------------------------------
static Result<W_Object*> call_function_keywords(W_Function* function, frame_slots* slots, long first, long count,
                                                W_Tuple* names) {
    if (jit::we_are_jitted() && count <= most_traced_arguments) {
        W_Code* code = jit::promote(function->code);
        if (frame_slots* bound = bind_in_trace(function, code, slots, first, count - names->length(), names))
            return run_bound(function, code, bound);
    }
    return bind_and_run(function, make_arguments(take_slots(slots, first, count), names));
}
// slots[first - 1] belongs to the call, as for call_from_stack.
Result<W_Object*> call_keywords(W_Object* callable, frame_slots* slots, long first, long count, W_Object* names) {
    auto* keywords = static_cast<W_Tuple*>(names);
    if (is_exact<W_Function>(callable))
        return call_function_keywords(static_cast<W_Function*>(callable), slots, first, count, keywords);
    if (is_exact<W_BoundMethod>(callable) && is_exact<W_Function>(static_cast<W_BoundMethod*>(callable)->function)) {
        auto* method = static_cast<W_BoundMethod*>(callable);
        slots->set(first - 1, method->self);
        return call_function_keywords(static_cast<W_Function*>(method->function), slots, first - 1, count + 1,
                                      keywords);
    }
    if (jit::we_are_jitted() && is<W_Type>(callable)) {
        W_Type* type = jit::promote(static_cast<W_Type*>(callable));
        W_Object* init = plain_initialiser(type);
        if (init) {
            W_Object* instance = allocate_instance(type);
            slots->set(first - 1, instance);
            W_Object* result = HEDDLE_TRY(
                call_function_keywords(static_cast<W_Function*>(init), slots, first - 1, count + 1, keywords));
            if (result != none()) return init_result_error(result);
            return instance;
        }
    }
    return call(callable, make_arguments(take_slots(slots, first, count), static_cast<W_Tuple*>(names)));
}

HEDDLE_DONT_LOOK_INSIDE static Result<W_Arguments*> gather_arguments(W_Object* callable, W_Object* positional,
                                                                     W_Object* keywords) {
    object_array* values;
    if (is_exact<W_Tuple>(positional)) {
        values = static_cast<W_Tuple*>(positional)->items;
    } else {
        auto items = iterable_to_slots(positional);
        if (items.failed()) {
            if (pending_is(T::TypeError) && !type_lookup(positional->type(), N::iter))
                return raise_error(T::TypeError, "%s argument after * must be an iterable, not %s",
                                   callable_text(callable).c_str(), type_name(positional).c_str());
            return failure;
        }
        values = items.value();
    }
    if (!keywords) return make_arguments(values);
    auto* dict = static_cast<W_Dict*>(keywords);
    if (!is<W_Dict>(keywords)) {
        dict = make_dict();
        HEDDLE_TRY(dict_update(dict, keywords));
    }
    long count = dict->count;
    if (count == 0) return make_arguments(values);
    long positional_count = values->length();
    auto* all = make_array<object_array>(positional_count + count);
    copy_items(values, 0, all, 0, positional_count);
    auto* names = make_array<object_array>(count);
    long filled = 0;
    for (long entry = dict_next_entry(dict, 0); entry >= 0 && filled < count;
         entry = dict_next_entry(dict, entry + 1)) {
        W_Object* key = dict->keys->get(entry);
        if (!is<W_Str>(key)) return raise_text(T::TypeError, "keywords must be strings");
        names->set(filled, key);
        all->set(positional_count + filled, dict_value_at(dict, entry));
        filled++;
    }
    return make_arguments(all, make<W_Tuple>(names));
}

Result<W_Object*> call_unpacked(W_Object* callable, W_Object* positional, W_Object* keywords) {
    if (is_exact<W_Tuple>(positional) &&
        (!keywords || (is_exact<W_Dict>(keywords) && static_cast<W_Dict*>(keywords)->count == 0)))
        return call(callable, make_arguments(static_cast<W_Tuple*>(positional)->items));
    W_Arguments* arguments = HEDDLE_TRY(gather_arguments(callable, positional, keywords));
    return call(callable, arguments);
}

} // namespace heddle::python
