// The types of functions, methods, code objects, cells and frames.
#include "interpreter.h"
#include <cinttypes>

namespace heddle::python {

W_Instance* W_Function::attributes() {
    if (!own) own = make<W_Instance>(map_for_type(type_of(T::function)), nullptr);
    return own;
}

namespace {

HEDDLE_INLINE W_Function* self_of(W_Object* o) { return static_cast<W_Function*>(o); }
std::string at_address(W_Object* o) {
    char text[32];
    snprintf(text, sizeof text, " at 0x%012" PRIx64 ">", static_cast<uint64_t>(identity_of(o)) & 0xffffffffffff);
    return text;
}
Result<W_Object*> function_repr(W_Object* o) {
    return make_str("<function " + to_utf8(self_of(o)->qualname) + at_address(o));
}
Result<W_Object*> function_call(W_Arguments* arguments) {
    return call(arguments->at(0), arguments_without_first(arguments));
}
Result<W_Object*> function_get(W_Object* o, W_Object* instance, W_Object*) {
    if (instance == none()) return o;
    return bind_descriptor(o, instance, instance->type());
}
Result<W_Object*> get_name(W_Object* o) { return self_of(o)->name.get(); }
Result<W_Object*> set_name(W_Object* o, W_Object* value) {
    if (!value || !is<W_Str>(value)) return raise_text(T::TypeError, "__name__ must be set to a string object");
    self_of(o)->name = static_cast<W_Str*>(value);
    return none();
}
Result<W_Object*> get_qualname(W_Object* o) { return self_of(o)->qualname.get(); }
Result<W_Object*> set_qualname(W_Object* o, W_Object* value) {
    if (!value || !is<W_Str>(value)) return raise_text(T::TypeError, "__qualname__ must be set to a string object");
    self_of(o)->qualname = static_cast<W_Str*>(value);
    return none();
}
Result<W_Object*> get_code(W_Object* o) { return self_of(o)->code; }
Result<W_Object*> get_globals(W_Object* o) { return self_of(o)->globals; }
Result<W_Object*> get_defaults(W_Object* o) {
    return self_of(o)->defaults ? static_cast<W_Object*>(self_of(o)->defaults.get()) : none();
}
Result<W_Object*> set_defaults(W_Object* o, W_Object* value) {
    if (value && value != none() && !is<W_Tuple>(value))
        return raise_text(T::TypeError, "__defaults__ must be set to a tuple object");
    self_of(o)->defaults = value && value != none() ? static_cast<W_Tuple*>(value) : nullptr;
    return none();
}
Result<W_Object*> get_keyword_defaults(W_Object* o) {
    return self_of(o)->keyword_defaults ? self_of(o)->keyword_defaults.get() : none();
}
Result<W_Object*> set_keyword_defaults(W_Object* o, W_Object* value) {
    self_of(o)->keyword_defaults = value && is<W_Dict>(value) ? value : nullptr;
    return none();
}
Result<W_Object*> get_closure(W_Object* o) {
    return self_of(o)->closure ? static_cast<W_Object*>(self_of(o)->closure) : none();
}
Result<W_Object*> get_annotations(W_Object* o) {
    W_Object* annotations = self_of(o)->annotations;
    if (annotations && is<W_Dict>(annotations)) return annotations;
    W_Dict* dict = make_dict();
    if (annotations) {
        auto* pairs = static_cast<W_Tuple*>(annotations);
        for (long i = 0; i + 1 < pairs->length(); i += 2) HEDDLE_TRY(dict_set(dict, pairs->at(i), pairs->at(i + 1)));
    }
    self_of(o)->annotations = dict;
    return dict;
}
Result<W_Object*> set_annotations(W_Object* o, W_Object* value) {
    self_of(o)->annotations = value ? value : make_dict();
    return none();
}
Result<W_Object*> get_doc(W_Object* o) {
    if (self_of(o)->doc) return self_of(o)->doc.get();
    W_Code* code = self_of(o)->code;
    return code->unit->has_docstring ? code->constants->get(0) : none();
}
Result<W_Object*> set_doc(W_Object* o, W_Object* value) {
    self_of(o)->doc = value ? value : none();
    return none();
}
Result<W_Object*> get_module(W_Object* o) {
    if (self_of(o)->module) return self_of(o)->module.get();
    W_Object* name = dict_get_str(self_of(o)->globals, name_of(N::name));
    return name ? name : none();
}
Result<W_Object*> set_module(W_Object* o, W_Object* value) {
    self_of(o)->module = value ? value : none();
    return none();
}
constexpr builtin_entry function_methods[] = {
    {"__repr__", function_repr}, {"__call__", function_call}, {"__get__", function_get, 2}};
constexpr getset_entry function_attributes[] = {
    {"__name__", get_name, set_name},
    {"__qualname__", get_qualname, set_qualname},
    {"__code__", get_code, nullptr},
    {"__globals__", get_globals, nullptr},
    {"__defaults__", get_defaults, set_defaults},
    {"__kwdefaults__", get_keyword_defaults, set_keyword_defaults},
    {"__closure__", get_closure, nullptr},
    {"__annotations__", get_annotations, set_annotations},
    {"__doc__", get_doc, set_doc},
    {"__module__", get_module, set_module},
};

// ---- built-in functions
HEDDLE_INLINE W_Builtin* builtin_of(W_Object* o) { return static_cast<W_Builtin*>(o); }
Result<W_Object*> builtin_repr(W_Object* o) {
    W_Builtin* self = builtin_of(o);
    if (self->owner)
        return make_str("<method '" + to_utf8(self->name) + "' of '" + name_text(self->owner) + "' objects>");
    return make_str("<built-in function " + to_utf8(self->name) + ">");
}
Result<W_Object*> builtin_name(W_Object* o) { return builtin_of(o)->name; }
Result<W_Object*> builtin_qualname(W_Object* o) {
    if (!builtin_of(o)->owner) return builtin_of(o)->name;
    return make_str(name_text(builtin_of(o)->owner) + "." + to_utf8(builtin_of(o)->name));
}
Result<W_Object*> builtin_doc(W_Object*) { return none(); }
Result<W_Object*> builtin_module(W_Object*) { return name_of(N::builtins_module); }
constexpr builtin_entry builtin_methods[] = {{"__repr__", builtin_repr}, {"__call__", function_call}};
constexpr builtin_entry builtin_binding[] = {{"__get__", function_get, 2}};
constexpr getset_entry builtin_attributes[] = {{"__name__", builtin_name, nullptr},
                                               {"__qualname__", builtin_qualname, nullptr},
                                               {"__doc__", builtin_doc, nullptr},
                                               {"__module__", builtin_module, nullptr}};

// ---- bound methods
HEDDLE_INLINE W_BoundMethod* method_of(W_Object* o) { return static_cast<W_BoundMethod*>(o); }
Result<W_Object*> method_repr(W_Object* o) {
    W_Object* function = method_of(o)->function;
    W_Str* self_text = HEDDLE_TRY(repr(method_of(o)->self));
    if (is_exact<W_Builtin>(function))
        return make_str("<built-in method " + to_utf8(builtin_of(function)->name) + " of " +
                        type_name(method_of(o)->self) + " object" + at_address(method_of(o)->self));
    std::string name = is_exact<W_Function>(function) ? to_utf8(self_of(function)->qualname) : "?";
    return make_str("<bound method " + name + " of " + to_utf8(self_text) + ">");
}
Result<W_Object*> method_self(W_Object* o) { return method_of(o)->self; }
Result<W_Object*> method_function(W_Object* o) { return method_of(o)->function; }
Result<W_Object*> method_eq(W_Object* a, W_Object* b) {
    if (!is_exact<W_BoundMethod>(b)) return not_implemented();
    return boolean(method_of(a)->function == method_of(b)->function && is_same(method_of(a)->self, method_of(b)->self));
}
Result<W_Object*> method_hash(W_Object* o) {
    return make_int(static_cast<long>(gc::identity_hash(method_of(o)->function) ^
                                      static_cast<uint64_t>(identity_of(method_of(o)->self))));
}
constexpr builtin_entry method_methods[] = {
    {"__repr__", method_repr}, {"__call__", function_call}, {"__eq__", method_eq}, {"__hash__", method_hash}};
constexpr getset_entry method_attributes[] = {{"__self__", method_self, nullptr},
                                              {"__func__", method_function, nullptr}};
Result<W_Object*> method_construct(W_Object* function, W_Object* self) { return make<W_BoundMethod>(function, self); }
constexpr builtin_entry construct_method{"method", method_construct};

// ---- code, cells, frames
HEDDLE_INLINE W_Code* code_of(W_Object* o) { return static_cast<W_Code*>(o); }
Result<W_Object*> code_get_name(W_Object* o) { return code_of(o)->name; }
Result<W_Object*> code_get_qualname(W_Object* o) { return code_of(o)->qualname; }
Result<W_Object*> code_filename(W_Object* o) { return make_str(code_of(o)->unit->filename); }
Result<W_Object*> code_first_line(W_Object* o) { return make_int(code_of(o)->unit->first_line); }
Result<W_Object*> code_argcount(W_Object* o) { return make_int(code_of(o)->unit->positional_count); }
Result<W_Object*> code_posonly(W_Object* o) { return make_int(code_of(o)->unit->positional_only_count); }
Result<W_Object*> code_kwonly(W_Object* o) { return make_int(code_of(o)->unit->keyword_only_count); }
Result<W_Object*> code_varnames(W_Object* o) {
    W_List* names = make_list();
    for (const slot& s : code_of(o)->unit->slots)
        if (s.kind != slot_kind::free) list_append(names, make_str(s.name));
    return make<W_Tuple>(list_to_slots(names));
}
Result<W_Object*> code_freevars(W_Object* o) {
    W_List* names = make_list();
    for (const slot& s : code_of(o)->unit->slots)
        if (s.kind == slot_kind::free) list_append(names, make_str(s.name));
    return make<W_Tuple>(list_to_slots(names));
}
Result<W_Object*> code_consts(W_Object* o) { return make<W_Tuple>(code_of(o)->constants); }
Result<W_Object*> code_flags(W_Object* o) {
    const code_unit* unit = code_of(o)->unit;
    return make_int((unit->has_varargs ? 4 : 0) | (unit->has_varkeywords ? 8 : 0) | (unit->is_generator ? 32 : 0) | 3);
}
Result<W_Object*> code_repr(W_Object* o) {
    return make_str("<code object " + code_of(o)->unit->name + ", file \"" + code_of(o)->unit->filename + "\", line " +
                    std::to_string(code_of(o)->unit->first_line) + ">");
}
constexpr builtin_entry code_methods[] = {{"__repr__", code_repr}};
constexpr getset_entry code_attributes[] = {
    {"co_name", code_get_name, nullptr},         {"co_qualname", code_get_qualname, nullptr},
    {"co_filename", code_filename, nullptr},     {"co_firstlineno", code_first_line, nullptr},
    {"co_argcount", code_argcount, nullptr},     {"co_posonlyargcount", code_posonly, nullptr},
    {"co_kwonlyargcount", code_kwonly, nullptr}, {"co_varnames", code_varnames, nullptr},
    {"co_freevars", code_freevars, nullptr},     {"co_consts", code_consts, nullptr},
    {"co_flags", code_flags, nullptr},
};
Result<W_Object*> cell_contents(W_Object* o) {
    if (!is_exact<W_Cell>(o) || !static_cast<W_Cell*>(o)->value) return raise_text(T::ValueError, "Cell is empty");
    return static_cast<W_Cell*>(o)->value.get();
}
Result<W_Object*> cell_set(W_Object* o, W_Object* value) {
    static_cast<W_Cell*>(o)->value = value;
    return none();
}
constexpr getset_entry cell_attributes[] = {{"cell_contents", cell_contents, cell_set}};
Result<W_Object*> frame_code(W_Object* o) { return static_cast<W_Frame*>(o)->code; }
Result<W_Object*> frame_globals(W_Object* o) { return static_cast<W_Frame*>(o)->globals; }
constexpr getset_entry frame_attributes[] = {{"f_code", frame_code, nullptr}, {"f_globals", frame_globals, nullptr}};

} // namespace

void setup_functions() {
    add_methods(T::function, function_methods);
    add_getsets(T::function, function_attributes);
    for (T id : {T::builtin_function, T::method_descriptor}) {
        add_methods(id, builtin_methods);
        add_getsets(id, builtin_attributes);
    }
    add_methods(T::method_descriptor, builtin_binding);
    add_methods(T::method, method_methods);
    add_getsets(T::method, method_attributes);
    add_constructor(T::method, &construct_method);
    add_methods(T::code, code_methods);
    add_getsets(T::code, code_attributes);
    add_getsets(T::cell, cell_attributes);
    add_getsets(T::frame, frame_attributes);
    type_of(T::function)->has_dict = 1;
}

} // namespace heddle::python
