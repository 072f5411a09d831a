// The built-in functions.
#include "bigint.h"
#include "interpreter.h"
#include <algorithm>

namespace heddle::python {

// ---- isinstance, issubclass
// -----------------------------------------------------------------------------------------------
constexpr long few_types = 6; // that traces ask one by one
HEDDLE_UNROLL_SAFE static Result<bool> instance_of_one(W_Object* o, W_Tuple* types, long count) {
    for (long i = 0; i < count; i++)
        if (HEDDLE_TRY(instance_check(o, types->at(i)))) return true;
    return false;
}
HEDDLE_DONT_LOOK_INSIDE static Result<bool> any_instance(W_Object* o, W_Tuple* types) {
    native_nesting nesting(" in __instancecheck__");
    if (nesting.too_deep()) return failure;
    return instance_of_one(o, types, types->length());
}
Result<bool> instance_check(W_Object* o, W_Object* type) {
    if (o->type() == type) return true;
    if (is<W_Type>(type)) {
        W_Type* meta = type->type();
        if (meta == type_of(T::type)) return is_instance(o, static_cast<W_Type*>(type));
        W_Object* hook = type_lookup(meta, N::instancecheck);
        W_Object* result = HEDDLE_TRY(call_2(hook, type, o));
        return is_true(result);
    }
    if (is<W_Tuple>(type)) {
        auto* types = static_cast<W_Tuple*>(type);
        long count = jit::promote(types->length());
        if (jit::we_are_jitted() && count <= few_types) return instance_of_one(o, types, count);
        return any_instance(o, types);
    }
    return raise_text(T::TypeError, "isinstance() arg 2 must be a type, a tuple of types, or a union");
}
HEDDLE_DONT_LOOK_INSIDE static Result<bool> any_superclass(W_Object* type, W_Tuple* types) {
    native_nesting nesting(" in __subclasscheck__");
    if (nesting.too_deep()) return failure;
    for (long i = 0; i < types->length(); i++)
        if (HEDDLE_TRY(subclass_check(type, types->at(i)))) return true;
    return false;
}
Result<bool> subclass_check(W_Object* type, W_Object* types) {
    if (is<W_Tuple>(types)) return any_superclass(type, static_cast<W_Tuple*>(types));
    if (!is<W_Type>(type)) return raise_text(T::TypeError, "issubclass() arg 1 must be a class");
    if (!is<W_Type>(types))
        return raise_text(T::TypeError, "issubclass() arg 2 must be a class, a tuple of classes, or a union");
    if (types->type() == type_of(T::type)) return is_subtype(static_cast<W_Type*>(type), static_cast<W_Type*>(types));
    W_Object* result = HEDDLE_TRY(call_2(type_lookup(types->type(), N::subclasscheck), types, type));
    return is_true(result);
}

namespace {

Result<W_Object*> builtin_isinstance(W_Object* o, W_Object* types) {
    return boolean(HEDDLE_TRY(instance_check(o, types)));
}
Result<W_Object*> builtin_issubclass(W_Object* type, W_Object* types) {
    return boolean(HEDDLE_TRY(subclass_check(type, types)));
}
Result<W_Object*> builtin_len(W_Object* o) { return make_int(HEDDLE_TRY(length_of(o))); }
Result<W_Object*> builtin_repr(W_Object* o) { return HEDDLE_TRY(repr(o)); }
Result<W_Object*> builtin_ascii(W_Object* o) { return HEDDLE_TRY(ascii(o)); }
Result<W_Object*> builtin_hash(W_Object* o) { return make_int(HEDDLE_TRY(hash_of(o))); }
Result<W_Object*> builtin_id(W_Object* o) { return make_int(identity_of(o)); }
Result<W_Object*> builtin_iter(W_Object* o, W_Object* sentinel) {
    if (sentinel) return make<W_CallableIterator>(o, sentinel);
    return get_iterator(o);
}
Result<W_Object*> builtin_next(W_Object* iterator, W_Object* missing) {
    W_Object* item;
    if (is<W_Iterator>(iterator)) {
        item = static_cast<W_Iterator*>(iterator)->next();
        if (item || pending_error()) return item;
        if (missing) return missing;
        if (is_exact<W_Generator>(iterator)) {
            W_Object* result = take_generator_result();
            return raise_stop_iteration(result == none() ? nullptr : result);
        }
        return raise_stop_iteration(nullptr);
    }
    item = call_special_0(iterator, N::next);
    if (item) return item;
    if (!pending_error()) return raise_about_type(T::TypeError, "'%s' object is not an iterator", iterator);
    if (missing && clear_if_pending(T::StopIteration)) return missing;
    return failure;
}
Result<W_Object*> builtin_abs(W_Object* o) {
    if (is_exact<W_Int>(o) && static_cast<W_Int*>(o)->value > LONG_MIN) {
        long value = static_cast<W_Int*>(o)->value;
        return make_int(value < 0 ? -value : value);
    }
    W_Object* result = call_special_0(o, N::abs);
    if (result || pending_error()) return result;
    return raise_about_type(T::TypeError, "bad operand type for abs(): '%s'", o);
}
Result<W_Object*> builtin_divmod(W_Object* a, W_Object* b) { return binary(binary_op::divmod, a, b); }
Result<W_Object*> builtin_pow(W_Object* a, W_Object* b, W_Object* modulus) {
    if (!modulus) return binary(binary_op::pow, a, b);
    return power_modulo(a, b, modulus);
}
Result<W_Object*> builtin_round(W_Object* o, W_Object* digits) {
    W_Object* result = digits && digits != none() ? call_special_1(o, N::round, digits) : call_special_0(o, N::round);
    if (result || pending_error()) return result;
    return raise_about_type(T::TypeError, "type %s doesn't define __round__ method", o);
}
HEDDLE_DONT_LOOK_INSIDE failure_type ord_length_error(long length) {
    return raise_error(T::TypeError, "ord() expected a character, but string of length %ld found", length);
}
Result<W_Object*> builtin_ord(W_Object* o) {
    if (is<W_Str>(o)) {
        auto* text = static_cast<W_Str*>(o);
        if (text->length() == 1) return make_int(text->at(0));
        return ord_length_error(text->length());
    }
    if (is<W_Bytes>(o) && static_cast<W_Bytes*>(o)->data->length() == 1)
        return make_int(static_cast<W_Bytes*>(o)->data->get(0));
    return raise_about_type(T::TypeError, "ord() expected string of length 1, but %s found", o);
}
Result<W_Object*> builtin_chr(W_Object* o) {
    long value = HEDDLE_TRY(index_of(o));
    if (value < 0 || value > 0x10ffff) return raise_text(T::ValueError, "chr() arg not in range(0x110000)");
    return str_character(value);
}
Result<W_Object*> in_base(W_Object* o, int base, const char* prefix) {
    W_Object* value = HEDDLE_TRY(to_index_object(o));
    std::string text = int_to_text(value, base);
    if (text[0] == '-') return make_str("-" + (prefix + text.substr(1)));
    return make_str(prefix + text);
}
Result<W_Object*> builtin_hex(W_Object* o) { return in_base(o, 16, "0x"); }
Result<W_Object*> builtin_oct(W_Object* o) { return in_base(o, 8, "0o"); }
Result<W_Object*> builtin_bin(W_Object* o) { return in_base(o, 2, "0b"); }
Result<W_Object*> builtin_callable(W_Object* o) {
    return boolean(is_exact<W_Function>(o) || is_exact<W_Builtin>(o) || is<W_Type>(o) || is_exact<W_BoundMethod>(o) ||
                   is_exact<W_StaticMethod>(o) || type_lookup(o->type(), N::call));
}
Result<W_Object*> builtin_format(W_Object* o, W_Object* specification) {
    if (specification && !is<W_Str>(specification))
        return raise_about_type(T::TypeError, "format() argument 2 must be str, not %s", specification);
    return HEDDLE_TRY(format_value(o, static_cast<W_Str*>(specification)));
}

// ---- attributes
HEDDLE_DONT_LOOK_INSIDE failure_type name_must_be_text(W_Object* name) {
    return raise_about_type(T::TypeError, "attribute name must be string, not '%s'", name);
}
HEDDLE_INLINE W_Str* interned_name(W_Str* name) { // a constant name in a trace stays one
    return name->interned ? jit::promote(name) : intern(name);
}
Result<W_Object*> builtin_getattr(W_Object* o, W_Object* name, W_Object* missing) {
    if (!is<W_Str>(name)) return name_must_be_text(name);
    W_Str* interned = interned_name(static_cast<W_Str*>(name));
    if (!missing) return get_attribute(o, interned);
    W_Object* value = find_attribute(o, interned);
    if (value || pending_error()) return value;
    return missing;
}
Result<W_Object*> builtin_hasattr(W_Object* o, W_Object* name) {
    if (!is<W_Str>(name)) return name_must_be_text(name);
    W_Object* value = find_attribute(o, interned_name(static_cast<W_Str*>(name)));
    if (pending_error()) return failure;
    return boolean(value != nullptr);
}
Result<W_Object*> builtin_setattr(W_Object* o, W_Object* name, W_Object* value) {
    if (!is<W_Str>(name)) return name_must_be_text(name);
    HEDDLE_TRY(set_attribute(o, interned_name(static_cast<W_Str*>(name)), value));
    return none();
}
Result<W_Object*> builtin_delattr(W_Object* o, W_Object* name) {
    if (!is<W_Str>(name)) return name_must_be_text(name);
    HEDDLE_TRY(set_attribute(o, intern(static_cast<W_Str*>(name)), nullptr));
    return none();
}

// ---- the caller's frame
Result<W_Object*> builtin_globals(W_Object* frame) {
    if (!frame) return no_callers_frame("globals");
    return static_cast<W_Frame*>(frame)->globals;
}
Result<W_Object*> frame_locals(W_Frame* frame) {
    if (frame->namespace_) return frame->namespace_;
    W_Dict* dict = make_dict();
    const code_unit* unit = frame->code->unit;
    for (long i = 0; i < static_cast<long>(unit->slots.size()); i++) {
        W_Object* value = frame->slots->get(i);
        if (value && is_exact<W_Cell>(value) && unit->slots[i].kind != slot_kind::local)
            value = static_cast<W_Cell*>(value)->value;
        if (value && unit->slots[i].name[0] != '.') dict_set_str(dict, intern(make_str(unit->slots[i].name)), value);
    }
    return dict;
}
Result<W_Object*> builtin_locals(W_Object* frame) {
    if (!frame) return no_callers_frame("locals");
    return frame_locals(static_cast<W_Frame*>(frame));
}
Result<W_Object*> builtin_vars(W_Object* frame, W_Object* o) {
    if (!o) return builtin_locals(frame);
    W_Object* dict = find_attribute(o, name_of(N::dict));
    if (dict || pending_error()) return dict;
    return raise_text(T::TypeError, "vars() argument must have __dict__ attribute");
}
Result<W_Object*> builtin_dir(W_Object* frame, W_Object* o) {
    W_Object* names;
    if (!o)
        names = HEDDLE_TRY(builtin_locals(frame));
    else {
        names = call_special_0(o, N::dir);
        if (!names) return failure;
    }
    list_items* items = HEDDLE_TRY(iterable_to_items(names));
    HEDDLE_TRY(sort_items(items, items->length(), nullptr, false));
    return list_from_items(items, items->length());
}
Result<W_Object*> run_code(W_Frame* caller, W_Object* source, W_Object* globals, W_Object* locals, long mode) {
    if (!globals || globals == none()) {
        if (!caller) return no_callers_frame(mode ? "eval" : "exec");
        if (!locals || locals == none()) locals = HEDDLE_TRY(frame_locals(caller));
        globals = caller->globals;
    }
    if (!is<W_Dict>(globals))
        return raise_error(T::TypeError, "%s() globals must be a dict, not %s", mode ? "eval" : "exec",
                           type_name(globals).c_str());
    if (!locals || locals == none()) locals = globals;
    if (!dict_get_str(static_cast<W_Dict*>(globals), name_of(N::builtins)))
        dict_set_str(static_cast<W_Dict*>(globals), name_of(N::builtins), builtins_namespace());
    W_Object* code = source;
    if (is<W_Str>(source)) code = HEDDLE_TRY(compile_text(to_utf8(static_cast<W_Str*>(source)), "<string>", mode));
    if (is<W_Bytes>(source)) {
        byte_array* data = static_cast<W_Bytes*>(source)->data;
        code = HEDDLE_TRY(compile_text(std::string_view(reinterpret_cast<const char*>(data->data()), data->length()),
                                       "<string>", mode));
    }
    if (!is_exact<W_Code>(code))
        return raise_error(T::TypeError, "%s() arg 1 must be a string, bytes or code object", mode ? "eval" : "exec");
    auto* unit = static_cast<W_Code*>(code);
    auto* frame =
        make<W_Frame>(unit, static_cast<W_Dict*>(globals), make_array<frame_slots>(unit->frame_size), nullptr, locals);
    return run_frame(frame);
}
Result<W_Object*> builtin_exec(W_Object* frame, W_Object* source, W_Object* globals, W_Object* locals) {
    HEDDLE_TRY(run_code(static_cast<W_Frame*>(frame), source, globals, locals, 0));
    return none();
}
Result<W_Object*> builtin_eval(W_Object* frame, W_Object* source, W_Object* globals, W_Object* locals) {
    if (is<W_Str>(source)) {
        std::string text = to_utf8(static_cast<W_Str*>(source));
        size_t start = text.find_first_not_of(" \t");
        source = make_str(start == std::string::npos ? "" : text.substr(start));
    }
    return run_code(static_cast<W_Frame*>(frame), source, globals, locals, 1);
}
Result<W_Object*> builtin_compile(W_Object* source, W_Object* filename, W_Object* mode, W_Object*) {
    if (!is<W_Str>(source) || !is<W_Str>(filename) || !is<W_Str>(mode))
        return raise_text(T::TypeError, "compile() arguments must be str");
    auto* text = static_cast<W_Str*>(mode);
    long number = str_is(text, "exec") ? 0 : str_is(text, "eval") ? 1 : str_is(text, "single") ? 2 : -1;
    if (number < 0) return raise_text(T::ValueError, "compile() mode must be 'exec', 'eval' or 'single'");
    return compile_text(to_utf8(static_cast<W_Str*>(source)), to_utf8(static_cast<W_Str*>(filename)), number);
}
Result<W_Object*> builtin_import(W_Arguments* arguments) {
    long count = arguments->positional_count();
    if (count < 1 || !is<W_Str>(arguments->at(0)))
        return raise_text(T::TypeError, "__import__() argument 1 must be str");
    W_Dict* globals = count > 1 && is<W_Dict>(arguments->at(1)) ? static_cast<W_Dict*>(arguments->at(1)) : make_dict();
    W_Object* from = count > 3 ? arguments->at(3) : none();
    long level = count > 4 ? HEDDLE_TRY(index_of(arguments->at(4))) : 0;
    return import_name(intern(static_cast<W_Str*>(arguments->at(0))), globals, from, level);
}

// ---- reductions
// ---------------------------------------------------------------------------------------------------------
// The sum so far is kept as a long or a double as long as the items allow it.
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> sum_of_items(W_Object* iterator, W_Object* total) {
    W_Object* item = next_item(iterator);
    if (is_exact<W_Int>(total)) {
        long sum = static_cast<W_Int*>(total)->value;
        while (item && is_exact<W_Int>(item) && !__builtin_saddl_overflow(sum, static_cast<W_Int*>(item)->value, &sum))
            item = next_item(iterator);
        // After an overflow sum has wrapped round: take the last item off again.
        if (item && is_exact<W_Int>(item))
            sum = static_cast<long>(static_cast<unsigned long>(sum) -
                                    static_cast<unsigned long>(static_cast<W_Int*>(item)->value));
        total = make_int(sum);
        if (item && is_exact<W_Float>(item)) total = make_float(static_cast<double>(sum));
    }
    if (is_exact<W_Float>(total)) {
        double sum = static_cast<W_Float*>(total)->value;
        for (; item; item = next_item(iterator)) {
            if (is_exact<W_Float>(item))
                sum += static_cast<W_Float*>(item)->value;
            else if (is_exact<W_Int>(item))
                sum += static_cast<double>(static_cast<W_Int*>(item)->value);
            else
                break;
        }
        total = make_float(sum);
    }
    for (; item; item = next_item(iterator)) total = HEDDLE_TRY(binary(binary_op::add, total, item));
    if (pending_error()) return failure;
    return total;
}
// Null: not a list of numbers.
HEDDLE_DONT_LOOK_INSIDE W_Object* sum_of_numbers(W_List* list) {
    long length = list->length;
    if (list->kind == list_kind::floats) {
        double sum = 0;
        for (long i = 0; i < length; i++) sum += list->floats()->get(i);
        return make_float(sum);
    }
    long sum = 0;
    for (long i = 0; i < length; i++)
        if (__builtin_saddl_overflow(sum, list->ints()->get(i), &sum)) return nullptr;
    return make_int(sum);
}
Result<W_Object*> builtin_sum(W_Object* iterable, W_Object* start) {
    if (!start && is_exact<W_List>(iterable)) {
        auto* list = static_cast<W_List*>(iterable);
        if ((list->kind == list_kind::ints || list->kind == list_kind::floats) && list->length > 0)
            if (W_Object* sum = sum_of_numbers(list)) return sum;
    }
    W_Object* total = start ? start : make_int(0);
    if (is<W_Str>(total)) return raise_text(T::TypeError, "sum() can't sum strings [use ''.join(seq) instead]");
    if (can_drain(iterable)) return drain_generator(drain_purpose::sum, iterable, total);
    W_Object* iterator = HEDDLE_TRY(get_iterator(iterable));
    return sum_of_items(iterator, total);
}
Result<W_Object*> builtin_any(W_Object* iterable) {
    if (can_drain(iterable)) return drain_generator(drain_purpose::any, iterable, boolean(false));
    W_Object* iterator = HEDDLE_TRY(get_iterator(iterable));
    while (W_Object* item = next_item(iterator))
        if (HEDDLE_TRY(is_true(item))) return boolean(true);
    if (pending_error()) return failure;
    return boolean(false);
}
Result<W_Object*> builtin_all(W_Object* iterable) {
    if (can_drain(iterable)) return drain_generator(drain_purpose::all, iterable, boolean(true));
    W_Object* iterator = HEDDLE_TRY(get_iterator(iterable));
    while (W_Object* item = next_item(iterator))
        if (!HEDDLE_TRY(is_true(item))) return boolean(false);
    if (pending_error()) return failure;
    return boolean(true);
}
Result<W_Object*> extreme_of_iterable(W_Object* iterable, W_Object* key, W_Object* missing, compare_op op,
                                      const char* name) {
    W_Object *best = nullptr, *best_key = nullptr;
    if (!key && can_drain(iterable)) {
        drain_purpose purpose = op == compare_op::gt ? drain_purpose::max : drain_purpose::min;
        best = HEDDLE_TRY(drain_generator(purpose, iterable, iterable));
        if (best != iterable) return best;
        best = nullptr;
    } else {
        W_Object* iterator = HEDDLE_TRY(get_iterator(iterable));
        while (W_Object* item = next_item(iterator)) {
            W_Object* item_key = key ? HEDDLE_TRY(call_1(key, item)) : item;
            if (best && !HEDDLE_TRY(is_better(op, item_key, best_key))) continue;
            best = item;
            best_key = item_key;
        }
        if (pending_error()) return failure;
    }
    if (best) return best;
    if (missing) return missing;
    return raise_error(T::ValueError, "%s() arg is an empty sequence", name);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> extreme_general(W_Arguments* arguments, compare_op op, const char* name) {
    W_Object *key = nullptr, *missing = nullptr;
    long count = arguments->positional_count();
    for (long i = 0; i < arguments->keyword_count(); i++) {
        auto* keyword = static_cast<W_Str*>(arguments->keywords->at(i));
        W_Object* value = arguments->at(count + i);
        if (str_is(keyword, "key"))
            key = value == none() ? nullptr : value;
        else if (str_is(keyword, "default"))
            missing = value;
        else
            return raise_error(T::TypeError, "%s() got an unexpected keyword argument '%s'", name,
                               to_utf8(keyword).c_str());
    }
    if (count == 0) return raise_error(T::TypeError, "%s expected at least 1 argument, got 0", name);
    if (count == 1) return extreme_of_iterable(arguments->at(0), key, missing, op, name);
    if (missing)
        return raise_error(T::TypeError, "Cannot specify a default for %s() with multiple positional arguments", name);
    return extreme_of_iterable(make<W_Tuple>(count == arguments->values->length()
                                                 ? arguments->values
                                                 : take_items<object_array>(arguments->values, 0, count)),
                               key, nullptr, op, name);
}
// Of a few arguments, in line in traces.
HEDDLE_UNROLL_SAFE Result<W_Object*> extreme_of_few(object_array* values, long count, compare_op op) {
    W_Object* best = values->get(0);
    for (long i = 1; i < count; i++) {
        W_Object* item = values->get(i);
        if (HEDDLE_TRY(is_better(op, item, best))) best = item;
    }
    return best;
}
constexpr long few_arguments = 4;
HEDDLE_INLINE bool has_few_arguments(W_Arguments* arguments) {
    long count = arguments->values->length();
    return !arguments->keywords && count > 1 && count <= few_arguments;
}
Result<W_Object*> builtin_max(W_Arguments* arguments) {
    if (has_few_arguments(arguments))
        return extreme_of_few(arguments->values, arguments->values->length(), compare_op::gt);
    return extreme_general(arguments, compare_op::gt, "max");
}
Result<W_Object*> builtin_min(W_Arguments* arguments) {
    if (has_few_arguments(arguments))
        return extreme_of_few(arguments->values, arguments->values->length(), compare_op::lt);
    return extreme_general(arguments, compare_op::lt, "min");
}
Result<W_Object*> builtin_sorted(W_Object* iterable, W_Object* key, W_Object* reverse) {
    W_List* list = HEDDLE_TRY(iterable_to_list(iterable));
    bool backward = HEDDLE_TRY(sorts_backward(reverse));
    if ((!key || key == none()) && sort_unboxed(list, backward)) return list;
    list_items* items = list_to_items(list);
    HEDDLE_TRY(sort_items(items, items->length(), key, backward));
    return list_from_items(items, items->length());
}

constexpr builtin_entry functions[] = {
    {"isinstance", builtin_isinstance},
    {"issubclass", builtin_issubclass},
    {"len", builtin_len},
    {"repr", builtin_repr},
    {"ascii", builtin_ascii},
    {"hash", builtin_hash},
    {"id", builtin_id},
    {"iter", builtin_iter, 1},
    {"next", builtin_next, 1},
    {"abs", builtin_abs},
    {"divmod", builtin_divmod},
    {"pow", builtin_pow, 2, "base,exp,mod"},
    {"round", builtin_round, 1, "number,ndigits"},
    {"ord", builtin_ord},
    {"chr", builtin_chr},
    {"hex", builtin_hex},
    {"oct", builtin_oct},
    {"bin", builtin_bin},
    {"callable", builtin_callable},
    {"format", builtin_format, 1},
    {"getattr", builtin_getattr, 2},
    {"hasattr", builtin_hasattr},
    {"setattr", builtin_setattr},
    {"delattr", builtin_delattr},
    {"globals", builtin_globals, 1, nullptr, builtin_entry::wants_frame},
    {"locals", builtin_locals, 1, nullptr, builtin_entry::wants_frame},
    {"vars", builtin_vars, 1, nullptr, builtin_entry::wants_frame},
    {"dir", builtin_dir, 1, nullptr, builtin_entry::wants_frame},
    {"exec", builtin_exec, 2, nullptr, builtin_entry::wants_frame},
    {"eval", builtin_eval, 2, nullptr, builtin_entry::wants_frame},
    {"compile", builtin_compile, 3, "source,filename,mode,flags"},
    {"__import__", builtin_import},
    {"sum", builtin_sum, 1, "iterable,start"},
    {"any", builtin_any},
    {"all", builtin_all},
    {"max", builtin_max},
    {"min", builtin_min},
    {"sorted", builtin_sorted, 1, "iterable,*key,*reverse"},
    {"__build_class__", build_class},
    {"print", builtin_print},
};

} // namespace

void setup_builtins() {
    W_Dict* builtins = builtins_namespace();
    add_functions(builtins, functions);
    auto add = [&](const char* name, W_Object* value) { dict_set_str(builtins, intern(name), value); };
    add("None", none());
    add("True", singleton(2));
    add("False", singleton(1));
    add("NotImplemented", not_implemented());
    add("Ellipsis", ellipsis());
    add("__debug__", singleton(2));
    add("__name__", name_of(N::builtins_module));
    for (T id :
         {T::object,      T::type,         T::int_,  T::bool_,     T::float_,    T::str,   T::bytes,  T::bytearray,
          T::tuple,       T::list,         T::dict,  T::set,       T::frozenset, T::slice, T::range,  T::property,
          T::classmethod, T::staticmethod, T::super, T::enumerate, T::zip,       T::map,   T::filter, T::reversed})
        dict_set_str(builtins, type_of(id)->name, type_of(id));
    for (long id = static_cast<long>(T::BaseException); id < static_cast<long>(T::count); id++)
        dict_set_str(builtins, type_of(static_cast<T>(id))->name, type_of(static_cast<T>(id)));
}

} // namespace heddle::python
