// The instructions that are more than a line: names, building values, unpacking, functions, with, pattern matching.
#include "interpreter.h"

namespace heddle::python {

HEDDLE_DONT_LOOK_INSIDE failure_type raise_unbound(W_Code* code, long slot) {
    const code_unit* unit = code->unit;
    const std::string& name = unit->slots[slot].name;
    W_Str* text = make_str(name);
    if (unit->slots[slot].kind == slot_kind::free)
        raise_error(T::NameError,
                    "cannot access free variable '%s' where it is not associated with a value in enclosing scope",
                    name.c_str());
    else
        raise_error(T::UnboundLocalError, "cannot access local variable '%s' where it is not associated with a value",
                    name.c_str());
    instance_set(static_cast<W_Exception*>(pending_error()), name_of(N::plain_name), text);
    return failure;
}

// ---- names
// ------------------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE static failure_type name_error(W_Str* name) {
    raise_error(T::NameError, "name '%s' is not defined", to_utf8(name).c_str());
    instance_set(static_cast<W_Exception*>(pending_error()), name_of(N::plain_name), name);
    return failure;
}
Result<void> store_global(W_Frame* frame, W_Str* name, W_Object* value) {
    dict_set_str(frame->globals, name, value);
    return ok;
}
static W_Object* load_from_namespace(W_Object* space, W_Str* name) {
    if (is_exact<W_Dict>(space)) return dict_get_str(static_cast<W_Dict*>(space), name);
    auto value = get_item(space, name);
    if (value.failed()) {
        clear_if_pending(T::KeyError);
        return nullptr;
    }
    return value.value();
}
HEDDLE_DONT_LOOK_INSIDE W_Object* load_name(W_Frame* frame, W_Str* name) {
    W_Object* value = load_from_namespace(frame->namespace_, name);
    if (value || pending_error()) return value;
    value = dict_get_str(frame->globals, name);
    if (!value) value = dict_get_str(builtins_namespace(), name);
    if (!value) name_error(name);
    return value;
}
Result<void> store_name(W_Frame* frame, W_Str* name, W_Object* value) {
    if (is_exact<W_Dict>(frame->namespace_)) {
        dict_set_str(static_cast<W_Dict*>(frame->namespace_), name, value);
        return ok;
    }
    return set_item(frame->namespace_, name, value);
}
Result<void> delete_name(W_Frame* frame, W_Str* name) {
    if (is_exact<W_Dict>(frame->namespace_)) {
        if (!dict_delete_str(static_cast<W_Dict*>(frame->namespace_), name)) return name_error(name);
        return ok;
    }
    return delete_item(frame->namespace_, name);
}
Result<void> delete_global(W_Frame* frame, W_Str* name) {
    if (!dict_delete_str(frame->globals, name)) return name_error(name);
    return ok;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* load_class_dereference(W_Frame* frame, W_Code* code, long slot) {
    W_Object* value = load_from_namespace(frame->namespace_, intern(make_str(code->unit->slots[slot].name)));
    if (value || pending_error()) return value;
    value = static_cast<W_Cell*>(frame->slots->get(slot))->value;
    if (!value) raise_unbound(code, slot);
    return value;
}
HEDDLE_DONT_LOOK_INSIDE void setup_annotations(W_Frame* frame) {
    if (is<W_Dict>(frame->namespace_) &&
        !dict_get_str(static_cast<W_Dict*>(frame->namespace_), name_of(N::annotations)))
        dict_set_str(static_cast<W_Dict*>(frame->namespace_), name_of(N::annotations), make_dict());
}
HEDDLE_UNROLL_SAFE void copy_free_variables(W_Frame* frame, W_Code* code, long count) {
    object_array* cells = frame->function->closure->items; // not promoted: each closure of one function has its own
    long first = code->slot_count - count;
    for (long i = 0; i < count; i++) frame->slots->set(first + i, cells->get(i));
}

// ---- building values
// --------------------------------------------------------------------------------------------------
W_Object* build_list(frame_slots* slots, long first, long count) {
    if (count == 0) return make<W_List>(list_kind::empty, nullptr, 0l);
    return list_from_items(take_items<list_items>(slots, first, count), count);
}
// Calls are given copies, so that the frame's own slots need not exist in a trace.
HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> set_of(object_array* items) {
    W_Set* set = make_set();
    for (long i = 0; i < items->length(); i++) HEDDLE_TRY(set_add(set, items->get(i)));
    return set;
}
Result<W_Object*> build_set(frame_slots* slots, long first, long count) {
    return set_of(take_slots(slots, first, count));
}
HEDDLE_UNROLL_SAFE Result<W_Object*> build_map(frame_slots* slots, long first, long count) {
    W_Dict* dict = make_dict();
    if (count == 0) return dict;
    for (long i = 0; i < count; i++)
        HEDDLE_TRY(dict_set(dict, slots->get(first + 2 * i), slots->get(first + 2 * i + 1)));
    return dict;
}
HEDDLE_DONT_LOOK_INSIDE static Result<W_Object*> dict_of(W_Tuple* keys, object_array* values) {
    W_Dict* dict = make_dict();
    for (long i = 0; i < values->length(); i++) HEDDLE_TRY(dict_set(dict, keys->at(i), values->get(i)));
    return dict;
}
Result<W_Object*> build_const_key_map(frame_slots* slots, long first, long count, W_Tuple* keys) {
    return dict_of(keys, take_slots(slots, first, count));
}
HEDDLE_DONT_LOOK_INSIDE static W_Object* joined(object_array* parts) {
    long length = 0, count = parts->length();
    bool wide = false;
    for (long i = 0; i < count; i++) {
        auto* part = static_cast<W_Str*>(parts->get(i));
        length += part->length();
        wide |= part->wide != nullptr;
    }
    if (wide) {
        std::u32string text;
        for (long i = 0; i < count; i++) text += to_u32(static_cast<W_Str*>(parts->get(i)));
        return make_str(text);
    }
    auto* bytes = make_array<byte_array>(length);
    long at = 0;
    for (long i = 0; i < count; i++) {
        byte_array* part = static_cast<W_Str*>(parts->get(i))->narrow;
        memcpy(writable(bytes) + at, part->data(), part->length());
        at += part->length();
    }
    return make<W_Str>(bytes, nullptr);
}
Result<W_Object*> build_string(frame_slots* slots, long first, long count) {
    return joined(take_slots(slots, first, count));
}
Result<W_Object*> format_instruction(W_Object* value, W_Object* specification, long conversion) {
    switch (conversion) {
    case 1: value = HEDDLE_TRY(to_str(value)); break;
    case 2: value = HEDDLE_TRY(repr(value)); break;
    case 3: value = HEDDLE_TRY(ascii(value)); break;
    default: break;
    }
    if (!specification && is_exact<W_Str>(value)) return value;
    return HEDDLE_TRY(format_value(value, static_cast<W_Str*>(specification)));
}

// ---- unpacking
// ----------------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE static failure_type unpack_count_error(long expected, long got) {
    if (got < expected)
        return raise_error(T::ValueError, "not enough values to unpack (expected %ld, got %ld)", expected, got);
    return raise_error(T::ValueError, "too many values to unpack (expected %ld)", expected);
}
// Exactly so many items of any iterable.
HEDDLE_DONT_LOOK_INSIDE static Result<object_array*> exact_items(W_Object* value, long count) {
    auto iterator = get_iterator(value);
    if (iterator.failed()) {
        if (pending_is(T::TypeError) && !type_lookup(value->type(), N::iter))
            return raise_about_type(T::TypeError, "cannot unpack non-iterable %s object", value);
        return failure;
    }
    auto* items = make_array<object_array>(count);
    for (long i = 0; i < count; i++) {
        W_Object* item = next_item(iterator.value());
        if (!item) {
            if (pending_error()) return failure;
            return unpack_count_error(count, i);
        }
        items->set(i, item);
    }
    W_Object* extra = next_item(iterator.value());
    if (extra) return unpack_count_error(count, count + 1);
    if (pending_error()) return failure;
    return items;
}
// The first item comes to lie on top.
HEDDLE_UNROLL_SAFE static void push_items(object_array* items, frame_slots* slots, long first, long count) {
    for (long i = 0; i < count; i++) slots->set(first + count - 1 - i, items->get(i));
}
HEDDLE_UNROLL_SAFE static void push_list(W_List* list, frame_slots* slots, long first, long count) {
    for (long i = 0; i < count; i++) slots->set(first + count - 1 - i, list_get(list, i));
}
Result<void> unpack_sequence(W_Object* value, frame_slots* slots, long first, long count) {
    if (is_exact<W_Tuple>(value)) {
        object_array* items = static_cast<W_Tuple*>(value)->items;
        if (items->length() != count) return unpack_count_error(count, items->length());
        push_items(items, slots, first, count);
    } else if (is_exact<W_List>(value)) {
        auto* list = static_cast<W_List*>(value);
        if (list->length != count) return unpack_count_error(count, list->length);
        push_list(list, slots, first, count);
    } else {
        object_array* items = HEDDLE_TRY(exact_items(value, count));
        push_items(items, slots, first, count);
    }
    return ok;
}
// before + 1 + after items: those before the starred one, the list, those after it.
HEDDLE_DONT_LOOK_INSIDE static Result<object_array*> extended_items(W_Object* value, long before, long after) {
    auto gathered = iterable_to_slots(value);
    if (gathered.failed()) {
        if (pending_is(T::TypeError) && !type_lookup(value->type(), N::iter))
            return raise_about_type(T::TypeError, "cannot unpack non-iterable %s object", value);
        return failure;
    }
    object_array* items = gathered.value();
    long length = items->length();
    if (length < before + after)
        return raise_error(T::ValueError, "not enough values to unpack (expected at least %ld, got %ld)",
                           before + after, length);
    long middle = length - before - after;
    auto* unpacked = make_array<object_array>(before + 1 + after);
    copy_items(items, 0, unpacked, 0, before);
    unpacked->set(before, list_from_items(take_items<list_items>(items, before, middle), middle));
    copy_items(items, length - after, unpacked, before + 1, after);
    return unpacked;
}
Result<void> unpack_extended(W_Object* value, frame_slots* slots, long first, long before, long after) {
    object_array* items = HEDDLE_TRY(extended_items(value, before, after));
    push_items(items, slots, first, before + 1 + after);
    return ok;
}

// ---- functions
// ----------------------------------------------------------------------------------------------------------
W_Object* make_function(W_Frame* frame, frame_slots* slots, long depth, long flags) {
    auto* code = static_cast<W_Code*>(slots->get(depth - 1));
    long at = depth - 1;
    W_Object* closure = (flags & 8) ? slots->get(--at) : nullptr;
    W_Object* annotations = (flags & 4) ? slots->get(--at) : nullptr;
    W_Object* keyword_defaults = (flags & 2) ? slots->get(--at) : nullptr;
    W_Object* defaults = (flags & 1) ? slots->get(--at) : nullptr;
    return make<W_Function>(code, frame->globals, static_cast<W_Tuple*>(defaults), keyword_defaults,
                            static_cast<W_Tuple*>(closure), annotations);
}
// "module.qualname" of a Python function, as errors about its arguments name it.
static std::string full_name(W_Object* o) {
    auto* function = static_cast<W_Function*>(o);
    W_Object* module = dict_get_str(function->globals, name_of(N::name));
    std::string prefix = module && is<W_Str>(module) ? to_utf8(static_cast<W_Str*>(module)) + "." : "";
    return prefix + to_utf8(function->qualname) + "()";
}
std::string callable_text(W_Object* callable) {
    if (is_exact<W_BoundMethod>(callable) && is_exact<W_Function>(static_cast<W_BoundMethod*>(callable)->function))
        callable = static_cast<W_BoundMethod*>(callable)->function;
    if (is_exact<W_Function>(callable)) return full_name(callable);
    if (is<W_Type>(callable)) return name_text(static_cast<W_Type*>(callable)) + "()";
    if (is_exact<W_Builtin>(callable)) return to_utf8(static_cast<W_Builtin*>(callable)->name) + "()";
    return type_name(callable) + " object";
}
static Result<bool> is_mapping(W_Object* o) {
    if (is<W_Dict>(o) || find_attribute(o, name_of(N::keys))) return true;
    if (pending_error()) return failure;
    return false;
}
HEDDLE_DONT_LOOK_INSIDE Result<void> update_with_mapping(W_Dict* dict, W_Object* other) {
    if (!HEDDLE_TRY(is_mapping(other))) return raise_about_type(T::TypeError, "'%s' object is not a mapping", other);
    return dict_update(dict, other);
}
HEDDLE_DONT_LOOK_INSIDE Result<void> dict_merge(W_Dict* dict, W_Object* other, W_Object* callable) {
    std::string name = callable_text(callable);
    if (!HEDDLE_TRY(is_mapping(other)))
        return raise_error(T::TypeError, "%s argument after ** must be a mapping, not %s", name.c_str(),
                           type_name(other).c_str());
    W_Dict* more = make_dict();
    HEDDLE_TRY(dict_update(more, other));
    for (long entry = dict_next_entry(more, 0); entry >= 0; entry = dict_next_entry(more, entry + 1)) {
        W_Object* key = more->keys->get(entry);
        if (!is<W_Str>(key)) return raise_text(T::TypeError, "keywords must be strings");
        if (dict_get(dict, key))
            return raise_error(T::TypeError, "%s got multiple values for keyword argument '%s'", name.c_str(),
                               to_utf8(static_cast<W_Str*>(key)).c_str());
        HEDDLE_TRY(dict_set(dict, key, dict_value_at(more, entry)));
    }
    return ok;
}

// ---- super
// ------------------------------------------------------------------------------------------------------------
Result<W_Object*> load_super(W_Object* super, W_Object* type, W_Object* self) {
    if (super == type_of(T::super)) return make_super(type, self);
    return call_0(super);
}
Result<void> load_super_method(frame_slots* slots, long target, W_Object* super, W_Object* type, W_Object* self,
                               W_Str* name) {
    if (super == type_of(T::super) && is<W_Type>(type) && !is<W_Type>(self)) {
        W_Type* self_type = jit::promote(self->type());
        auto* start = static_cast<W_Type*>(jit::promote(type));
        if (is_subtype(self_type, start)) {
            W_Object* found =
                unwrap_attribute(type_lookup_after(self_type, jit::promote(self_type->version.get()), start, name));
            if (found && (is_exact<W_Function>(found) ||
                          (is_exact<W_Builtin>(found) && static_cast<W_Builtin*>(found)->owner))) {
                slots->set(target, found);
                slots->set(target + 1, self);
                return ok;
            }
        }
    }
    W_Object* proxy = HEDDLE_TRY(load_super(super, type, self));
    W_Object* value = HEDDLE_TRY(get_attribute(proxy, name));
    slots->set(target, value);
    slots->set(target + 1, nullptr);
    return ok;
}

// ---- exceptions, with
// -------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE static Result<bool> matches_tuple(W_Object* exception, W_Tuple* types) {
    native_nesting nesting;
    if (nesting.too_deep()) return failure;
    for (long i = 0; i < types->length(); i++)
        if (HEDDLE_TRY(exception_matches(exception, types->at(i)))) return true;
    return false;
}
Result<bool> exception_matches(W_Object* exception, W_Object* type) {
    if (is<W_Type>(type) && is_subtype(static_cast<W_Type*>(type), type_of(T::BaseException)))
        return is_instance(exception, static_cast<W_Type*>(type));
    if (is<W_Tuple>(type)) return matches_tuple(exception, static_cast<W_Tuple*>(type));
    return raise_text(T::TypeError, "catching classes that do not inherit from BaseException is not allowed");
}
HEDDLE_DONT_LOOK_INSIDE static failure_type no_context_manager(W_Object* manager, const char* missing) {
    return raise_error(T::TypeError, "'%s' object does not support the context manager protocol%s",
                       type_name(manager).c_str(), missing);
}
Result<void> before_with(frame_slots* slots, long depth) {
    W_Object* manager = slots->get(depth - 1);
    W_Type* type = jit::promote(manager->type());
    W_Object* enter = type_lookup(type, N::enter);
    if (!enter) return no_context_manager(manager, "");
    W_Object* exit = type_lookup(type, N::exit);
    if (!exit) return no_context_manager(manager, " (missed __exit__ method)");
    exit = HEDDLE_TRY(bind_descriptor(exit, manager, type));
    enter = HEDDLE_TRY(bind_descriptor(enter, manager, type));
    W_Object* entered = HEDDLE_TRY(call_0(enter));
    slots->set(depth - 1, exit);
    slots->set(depth, entered);
    return ok;
}
Result<W_Object*> with_exception(W_Object* exit, W_Object* exception) {
    W_Traceback* traceback = static_cast<W_Exception*>(exception)->traceback;
    return call_3(exit, exception->type(), exception, traceback ? static_cast<W_Object*>(traceback) : none());
}

// ---- pattern matching
// -----------------------------------------------------------------------------------------------------
bool matches_mapping(W_Object* o) { return is<W_Dict>(o) || is_exact<W_MappingProxy>(o); }
bool matches_sequence(W_Object* o) { return is<W_List>(o) || is<W_Tuple>(o) || is_exact<W_Range>(o); }

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> match_keys(W_Object* mapping, W_Object* keys) {
    auto* names = static_cast<W_Tuple*>(keys);
    auto* values = make_array<object_array>(names->length());
    W_Dict* dict =
        is_exact<W_MappingProxy>(mapping) ? static_cast<W_MappingProxy*>(mapping)->dict : static_cast<W_Dict*>(mapping);
    for (long i = 0; i < names->length(); i++) {
        W_Object* value = dict_get(dict, names->at(i));
        if (!value) {
            if (pending_error()) return failure;
            return none();
        }
        values->set(i, value);
    }
    return make<W_Tuple>(values);
}
static bool matches_itself(W_Type* type) {
    for (T id : {T::bool_, T::bytearray, T::bytes, T::dict, T::float_, T::frozenset, T::int_, T::list, T::set, T::str,
                 T::tuple})
        if (is_subtype(type, type_of(id))) return true;
    return false;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> match_class(W_Object* subject, W_Object* type, W_Object* names,
                                                      long positional) {
    if (!is<W_Type>(type)) return raise_text(T::TypeError, "called match pattern must be a class");
    if (!HEDDLE_TRY(instance_check(subject, type))) return none();
    auto* cls = static_cast<W_Type*>(type);
    auto* keywords = static_cast<W_Tuple*>(names);
    auto* values = make_array<object_array>(positional + keywords->length());
    long filled = 0;
    if (positional > 0) {
        W_Object* match_args = find_attribute(type, name_of(N::match_args));
        if (pending_error()) return failure;
        long allowed = 0;
        if (match_args) {
            if (!is<W_Tuple>(match_args))
                return raise_error(T::TypeError, "%s.__match_args__ must be a tuple (got %s)", name_text(cls).c_str(),
                                   type_name(match_args).c_str());
            allowed = static_cast<W_Tuple*>(match_args)->length();
        } else if (matches_itself(cls)) {
            allowed = 1;
        }
        if (positional > allowed)
            return raise_error(T::TypeError, "%s() accepts %ld positional sub-pattern%s (%ld given)",
                               name_text(cls).c_str(), allowed, allowed == 1 ? "" : "s", positional);
        for (long i = 0; i < positional; i++) {
            if (!match_args) {
                values->set(filled++, subject);
                continue;
            }
            W_Object* name = static_cast<W_Tuple*>(match_args)->at(i);
            if (!is<W_Str>(name))
                return raise_about_type(T::TypeError, "__match_args__ elements must be strings (got %s)", name);
            W_Object* value = find_attribute(subject, intern(static_cast<W_Str*>(name)));
            if (!value) return pending_error() ? Result<W_Object*>(failure) : none();
            values->set(filled++, value);
        }
    }
    for (long i = 0; i < keywords->length(); i++) {
        W_Object* value = find_attribute(subject, intern(static_cast<W_Str*>(keywords->at(i))));
        if (!value) return pending_error() ? Result<W_Object*>(failure) : none();
        values->set(filled++, value);
    }
    return make<W_Tuple>(values);
}

// ---- what the machine wants between instructions
// ------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE Result<void> run_pending_actions() {
    uint32_t actions = pending_actions();
    if (actions & gc::action_finalizers) gc::run_finalizers(100);
    if (actions & action_interrupt) {
        __atomic_and_fetch(&heddle_thread.action_flag, ~action_interrupt, __ATOMIC_SEQ_CST);
        return raise_exception(make_exception(type_of(T::KeyboardInterrupt), make_tuple_0()));
    }
    if (actions & gc::action_out_of_memory) {
        __atomic_and_fetch(&heddle_thread.action_flag, ~gc::action_out_of_memory, __ATOMIC_SEQ_CST);
        return raise_exception(make_exception(type_of(T::MemoryError), make_tuple_0()));
    }
    return ok;
}

} // namespace heddle::python
