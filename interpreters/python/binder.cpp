// Binding arguments to a function's parameters in general: defaults, keywords, *args, **kwargs, and the errors.
#include "interpreter.h"

namespace heddle::python {
namespace {

std::string quoted_list(const std::vector<std::string>& names) {
    std::string text;
    for (size_t i = 0; i < names.size(); i++) {
        if (i) text += names.size() == 2 ? " and " : i + 1 == names.size() ? ", and " : ", ";
        text += "'" + names[i] + "'";
    }
    return text;
}

failure_type too_many_positional(W_Function* function, long given) {
    const code_unit* unit = function->code->unit;
    long most = unit->positional_count, defaults = function->defaults ? function->defaults->length() : 0;
    std::string name = to_utf8(function->qualname), takes;
    if (defaults)
        takes = "from " + std::to_string(most - defaults) + " to " + std::to_string(most);
    else
        takes = std::to_string(most);
    return raise_error(T::TypeError, "%s() takes %s positional argument%s but %ld %s given", name.c_str(),
                       takes.c_str(), most == 1 && !defaults ? "" : "s", given, given == 1 ? "was" : "were");
}

failure_type missing_arguments(W_Function* function, const std::vector<std::string>& names, bool keyword_only) {
    return raise_error(T::TypeError, "%s() missing %zu required %s argument%s: %s", to_utf8(function->qualname).c_str(),
                       names.size(), keyword_only ? "keyword-only" : "positional", names.size() == 1 ? "" : "s",
                       quoted_list(names).c_str());
}

// The slot of a parameter that may be given by keyword, or -1.
long keyword_slot(const code_unit* unit, const std::string& name) {
    long end = unit->positional_count + unit->keyword_only_count;
    for (long i = unit->positional_only_count; i < end; i++)
        if (unit->slots[i].name == name) return i;
    return -1;
}

Result<void> bind_keywords(W_Function* function, frame_slots* slots, W_Arguments* arguments, W_Dict* rest) {
    const code_unit* unit = function->code->unit;
    long positional = arguments->positional_count();
    for (long i = 0; i < arguments->keyword_count(); i++) {
        auto* keyword = static_cast<W_Str*>(arguments->keywords->at(i));
        std::string name = to_utf8(keyword);
        long slot = keyword_slot(unit, name);
        W_Object* value = arguments->at(positional + i);
        if (slot >= 0) {
            if (slots->get(slot))
                return raise_error(T::TypeError, "%s() got multiple values for argument '%s'",
                                   to_utf8(function->qualname).c_str(), name.c_str());
            slots->set(slot, value);
            continue;
        }
        if (rest) {
            HEDDLE_TRY(dict_set(rest, keyword, value));
            continue;
        }
        for (uint32_t p = 0; p < unit->positional_only_count; p++)
            if (unit->slots[p].name == name)
                return raise_error(T::TypeError,
                                   "%s() got some positional-only arguments passed as keyword arguments: '%s'",
                                   to_utf8(function->qualname).c_str(), name.c_str());
        return raise_error(T::TypeError, "%s() got an unexpected keyword argument '%s'",
                           to_utf8(function->qualname).c_str(), name.c_str());
    }
    return ok;
}

Result<void> bind_defaults(W_Function* function, frame_slots* slots) {
    const code_unit* unit = function->code->unit;
    long count = unit->positional_count, defaults = function->defaults ? function->defaults->length() : 0;
    std::vector<std::string> missing;
    for (long i = 0; i < count; i++) {
        if (slots->get(i)) continue;
        if (i >= count - defaults)
            slots->set(i, function->defaults->at(i - (count - defaults)));
        else
            missing.push_back(unit->slots[i].name);
    }
    if (!missing.empty()) return missing_arguments(function, missing, false);
    for (long i = count; i < count + static_cast<long>(unit->keyword_only_count); i++) {
        if (slots->get(i)) continue;
        W_Object* value = nullptr;
        if (function->keyword_defaults)
            value = dict_get_str(static_cast<W_Dict*>(function->keyword_defaults.get()), make_str(unit->slots[i].name));
        if (value)
            slots->set(i, value);
        else
            missing.push_back(unit->slots[i].name);
    }
    if (!missing.empty()) return missing_arguments(function, missing, true);
    return ok;
}

Result<W_Frame*> bind(W_Function* function, W_Arguments* arguments) {
    W_Code* code = function->code;
    const code_unit* unit = code->unit;
    auto* slots = make_array<frame_slots>(code->frame_size);
    long given = arguments->positional_count(), most = unit->positional_count;
    for (long i = 0; i < given && i < most; i++) slots->set(i, arguments->at(i));
    long next = most + unit->keyword_only_count;
    if (unit->has_varargs) {
        long extra = given > most ? given - most : 0;
        slots->set(next++, make<W_Tuple>(take_items<object_array>(arguments->values, given - extra, extra)));
    } else if (given > most) {
        return too_many_positional(function, given);
    }
    W_Dict* rest = nullptr;
    if (unit->has_varkeywords) {
        rest = make_dict();
        slots->set(next, rest);
    }
    if (arguments->keyword_count()) HEDDLE_TRY(bind_keywords(function, slots, arguments, rest));
    HEDDLE_TRY(bind_defaults(function, slots));
    return make<W_Frame>(code, function->globals, slots, function, nullptr);
}

} // namespace

HEDDLE_ELIDABLE long keyword_slot(W_Code* code, W_Str* name) { return keyword_slot(code->unit, to_utf8(name)); }

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> bind_and_run(W_Function* function, W_Arguments* arguments) {
    W_Frame* frame = HEDDLE_TRY(bind(function, arguments));
    return run_frame(frame);
}

} // namespace heddle::python
