// Raising, chaining and printing exceptions; the exception types' attributes.
#include "exceptions.h"
#include "interpreter.h"
#include <cerrno>
#include <cstdarg>

namespace heddle::python {

W_Exception* make_exception(W_Type* type, W_Tuple* arguments) {
    return make<W_Exception>(map_for_type(type), arguments);
}

failure_type raise_exception(W_Exception* exception) {
    W_Exception* handled = execution_context()->handled;
    if (handled && handled != exception && !exception->context) exception->context = handled;
    return raise(exception);
}
failure_type raise_with(T type, W_Object* argument) {
    return raise_exception(make_exception(type_of(type), make_tuple_1(argument)));
}
HEDDLE_ELIDABLE static W_Object* message(const char* text) { return make_str(text); }
failure_type raise_text(T type, const char* text) { return raise_with(type, message(text)); }
HEDDLE_DONT_LOOK_INSIDE failure_type raise_error(T type, const char* format, ...) {
    char buffer[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    std::string text(length < 0 ? format : buffer);
    if (length >= static_cast<int>(sizeof buffer)) {
        text.resize(static_cast<size_t>(length));
        va_start(arguments, format);
        vsnprintf(text.data(), text.size() + 1, format, arguments);
        va_end(arguments);
    }
    return raise_with(type, make_str(text));
}
HEDDLE_DONT_LOOK_INSIDE failure_type raise_about_type(T type, const char* format, W_Object* o) {
    std::string name = type_name(o), message(format);
    size_t at = message.find("%s");
    if (at != std::string::npos) message.replace(at, 2, name);
    return raise_with(type, make_str(message));
}
failure_type raise_key_error(W_Object* key) { return raise_with(T::KeyError, key); }
failure_type raise_stop_iteration(W_Object* value) {
    return raise_exception(make_exception(type_of(T::StopIteration), value ? make_tuple_1(value) : make_tuple_0()));
}
HEDDLE_DONT_LOOK_INSIDE failure_type raise_os_error(int error, const char* path) {
    T type = T::OSError;
    switch (error) {
    case ENOENT: type = T::FileNotFoundError; break;
    case EEXIST: type = T::FileExistsError; break;
    case EACCES:
    case EPERM: type = T::PermissionError; break;
    case EISDIR: type = T::IsADirectoryError; break;
    case ENOTDIR: type = T::NotADirectoryError; break;
    case EPIPE: type = T::BrokenPipeError; break;
    default: break;
    }
    W_Exception* exception = make_exception(type_of(type), make_tuple_2(make_int(error), make_str(strerror(error))));
    if (path) instance_set(exception, intern("filename"), make_str(path));
    return raise_exception(exception);
}
bool pending_is(T type) {
    auto* error = static_cast<W_Exception*>(pending_error());
    return error && is_instance(error, type);
}
bool clear_if_pending(T type) {
    if (!pending_is(type)) return false;
    set_pending_error(nullptr);
    return true;
}
void add_traceback(W_Exception* exception, W_Code* code, long instruction) {
    exception->traceback = make<W_Traceback>(code, instruction, exception->traceback.get());
}

// An exception from what a raise statement names: an instance, or a class that is called.
HEDDLE_DONT_LOOK_INSIDE static failure_type wrong_exception(W_Object* type, W_Object* made) {
    return raise_error(T::TypeError, "calling %s should have returned an instance of BaseException, not %s",
                       to_utf8(HEDDLE_TRY(repr(type))).c_str(), type_name(made).c_str());
}
static Result<W_Exception*> exception_from(W_Object* o) {
    if (is<W_Exception>(o)) return static_cast<W_Exception*>(o);
    if (is<W_Type>(o) && is_subtype(static_cast<W_Type*>(o), type_of(T::BaseException))) {
        W_Object* made = HEDDLE_TRY(call_0(o));
        if (is<W_Exception>(made)) return static_cast<W_Exception*>(made);
        return wrong_exception(o, made);
    }
    return raise_text(T::TypeError, "exceptions must derive from BaseException");
}

Result<W_Object*> raise_statement(W_Object* raised, W_Object* cause) {
    if (!raised) {
        W_Exception* handled = execution_context()->handled;
        if (!handled) return raise_text(T::RuntimeError, "No active exception to reraise");
        return raise(handled);
    }
    W_Exception* exception = HEDDLE_TRY(exception_from(raised));
    if (cause) {
        if (cause == none()) {
            exception->cause = static_cast<W_Object*>(nullptr);
        } else {
            auto made = exception_from(cause);
            if (made.failed()) {
                if (pending_is(T::TypeError))
                    return raise_text(T::TypeError, "exception causes must derive from BaseException");
                return failure;
            }
            exception->cause = made.value();
        }
        exception->suppress_context = 1;
    }
    return raise_exception(exception);
}

// ---- printing
// ---------------------------------------------------------------------------------------------------------
std::string source_line(const std::string& filename, long line); // import.cpp

namespace {

std::string traceback_entry(W_Traceback* traceback) {
    W_Code* code = traceback->code;
    long line = code_line(code, traceback->instruction);
    std::string entry =
        "  File \"" + code->unit->filename + "\", line " + std::to_string(line) + ", in " + code->unit->name + "\n";
    std::string text = source_line(code->unit->filename, line);
    size_t first = text.find_first_not_of(" \t\f");
    if (first == std::string::npos) return entry;
    entry += "    " + text.substr(first) + "\n";
    const auto& positions = code->unit->positions;
    if (traceback->instruction >= static_cast<long>(positions.size())) return entry;
    const source_position& p = positions[traceback->instruction];
    size_t end = p.end_line == p.line ? static_cast<size_t>(p.end_column) : text.size();
    size_t start = static_cast<size_t>(p.column);
    size_t last = text.find_last_not_of(" \t\f") + 1;
    if (p.line == line && start < end && end <= text.size() && !(start <= first && end >= last))
        entry += "    " + std::string(start - std::min(first, start), ' ') + std::string(end - start, '^') + "\n";
    return entry;
}

// Runaway recursion can make it millions of entries long: what is like the entry before is not made again.
void append_traceback(std::string& out, W_Traceback* traceback) {
    out += "Traceback (most recent call last):\n";
    W_Traceback* before = nullptr;
    std::string entry;
    long repeated = 0;
    auto finish = [&] {
        if (repeated > 2)
            out += "  [Previous line repeated " + std::to_string(repeated - 2) + " more time" +
                   (repeated - 2 == 1 ? "" : "s") + "]\n";
    };
    for (; traceback; before = traceback, traceback = traceback->next) {
        bool same = before && before->code == traceback->code && before->instruction == traceback->instruction;
        if (!same) {
            std::string fresh = traceback_entry(traceback);
            same = fresh == entry;
            entry = fresh;
        }
        if (!same) {
            finish();
            repeated = 0;
        } else if (++repeated >= 3) {
            continue;
        }
        out += entry;
    }
    finish();
}

std::string text_of(W_Object* o) {
    auto text = to_str(o);
    if (text.failed()) {
        set_pending_error(nullptr);
        return "<exception str() failed>";
    }
    return to_utf8(text.value());
}
std::string qualified_name(W_Type* type) {
    std::string name = to_utf8(type->qualname);
    if (type->is_builtin) return name;
    W_Object* module = dict_get_str(type->dict, name_of(N::module));
    if (!module || !is<W_Str>(module)) return name;
    std::string prefix = to_utf8(static_cast<W_Str*>(module));
    if (prefix == "__main__" || prefix == "builtins") return name;
    return prefix + "." + name;
}

std::string attribute_text(W_Instance* o, const char* name) {
    W_Object* value = instance_get(o, intern(name));
    return value && is<W_Str>(value) ? to_utf8(static_cast<W_Str*>(value)) : "";
}
long attribute_number(W_Instance* o, const char* name) {
    W_Object* value = instance_get(o, intern(name));
    return value && is<W_Int>(value) ? static_cast<W_Int*>(value)->value : 0;
}
std::string syntax_error_location(W_Exception* exception) {
    std::string filename = attribute_text(exception, "filename"), text = attribute_text(exception, "text");
    long line = attribute_number(exception, "lineno"), offset = attribute_number(exception, "offset"),
         end = attribute_number(exception, "end_offset");
    if (filename.empty()) return "";
    std::string out = "  File \"" + filename + "\", line " + std::to_string(line) + "\n";
    if (text.empty()) return out;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    size_t first = text.find_first_not_of(" \t\f");
    if (first == std::string::npos) return out;
    out += "    " + text.substr(first) + "\n";
    if (offset > 0) {
        long width = end > offset && attribute_number(exception, "end_lineno") == line ? end - offset : 1;
        long start = offset - 1 - static_cast<long>(first);
        if (start >= 0) out += "    " + std::string(start, ' ') + std::string(width, '^') + "\n";
    }
    return out;
}

void append_exception(std::string& out, W_Exception* exception, std::vector<uintptr_t>& seen) {
    seen.push_back(gc::identity_hash(exception));
    auto is_new = [&](W_Object* o) {
        for (uintptr_t hash : seen)
            if (hash == gc::identity_hash(o)) return false;
        return true;
    };
    if (exception->cause) {
        if (is_new(exception->cause)) {
            append_exception(out, static_cast<W_Exception*>(exception->cause.get()), seen);
            out += "\nThe above exception was the direct cause of the following exception:\n\n";
        }
    } else if (exception->context && !exception->suppress_context && is_new(exception->context)) {
        append_exception(out, exception->context, seen);
        out += "\nDuring handling of the above exception, another exception occurred:\n\n";
    }
    if (exception->traceback) append_traceback(out, exception->traceback);
    out += format_exception_only(exception);
}

} // namespace

std::string format_exception_only(W_Exception* exception) {
    std::string out, name = qualified_name(exception->type()), text;
    if (is_instance(exception, T::SyntaxError)) {
        out += syntax_error_location(exception);
        text = exception->arguments->length() ? text_of(exception->arguments->at(0)) : "None";
        if (text.empty()) text = "<no detail available>";
    } else {
        text = text_of(exception);
    }
    return out + name + (text.empty() ? "" : ": " + text) + "\n" + [&] {
        std::string notes;
        W_Object* list = instance_get(exception, intern("__notes__"));
        if (list && is<W_List>(list))
            for (long i = 0; i < static_cast<W_List*>(list)->length; i++)
                notes += text_of(list_get(static_cast<W_List*>(list), i)) + "\n";
        return notes;
    }();
}

std::string format_exception(W_Exception* exception) {
    std::string out;
    std::vector<uintptr_t> seen;
    append_exception(out, exception, seen);
    return out;
}

// ---- the types' methods
// -----------------------------------------------------------------------------------------------
namespace {

HEDDLE_INLINE W_Exception* self_of(W_Object* o) { return static_cast<W_Exception*>(o); }

Result<W_Object*> exception_new(W_Arguments* arguments) {
    if (arguments->positional_count() == 0 || !is<W_Type>(arguments->at(0)))
        return raise_text(T::TypeError, "BaseException.__new__(X): X is not a type object");
    long count = arguments->positional_count() - 1;
    return make_exception(static_cast<W_Type*>(arguments->at(0)),
                          make<W_Tuple>(take_items<object_array>(arguments->values, 1, count)));
}
HEDDLE_DONT_LOOK_INSIDE Result<void> set_keywords(W_Exception* self, W_Arguments* arguments) {
    bool import_error =
        is_instance(self, T::ImportError) || is_instance(self, T::NameError) || is_instance(self, T::AttributeError);
    if (!import_error) return raise_error(T::TypeError, "%s() takes no keyword arguments", type_name(self).c_str());
    for (long i = 0; i < arguments->keyword_count(); i++)
        instance_set(self, static_cast<W_Str*>(arguments->keywords->at(i)),
                     arguments->at(arguments->positional_count() + i));
    return ok;
}
Result<W_Object*> exception_init(W_Arguments* arguments) {
    W_Exception* self = self_of(arguments->at(0));
    if (arguments->keyword_count()) HEDDLE_TRY(set_keywords(self, arguments));
    self->arguments = make<W_Tuple>(take_items<object_array>(arguments->values, 1, arguments->positional_count() - 1));
    return none();
}
bool shows_os_error(W_Exception* self) { return is_instance(self, T::OSError) && self->arguments->length() >= 2; }

Result<W_Object*> exception_str(W_Object* o) {
    W_Exception* self = self_of(o);
    W_Tuple* arguments = self->arguments;
    if (shows_os_error(self)) {
        std::string text = "[Errno " + text_of(arguments->at(0)) + "] " + text_of(arguments->at(1));
        W_Object* filename = arguments->length() > 2 ? arguments->at(2) : instance_get(self, intern("filename"));
        if (filename && filename != none()) text += ": " + to_utf8(HEDDLE_TRY(repr(filename)));
        return make_str(text);
    }
    if (is_instance(self, T::SyntaxError) && arguments->length()) {
        std::string text = text_of(arguments->at(0)), filename = attribute_text(self, "filename");
        long line = attribute_number(self, "lineno");
        size_t slash = filename.rfind('/');
        if (slash != std::string::npos) filename = filename.substr(slash + 1);
        if (!filename.empty() && line)
            text += " (" + filename + ", line " + std::to_string(line) + ")";
        else if (line)
            text += " (line " + std::to_string(line) + ")";
        return make_str(text);
    }
    if (arguments->length() == 0) return name_of(N::empty);
    if (is_instance(self, T::UnicodeError) && arguments->length() == 5) {
        bool decode = is_instance(self, T::UnicodeDecodeError);
        long start = is<W_Int>(arguments->at(2)) ? static_cast<W_Int*>(arguments->at(2))->value : 0;
        std::string what = "character";
        if (decode && is<W_Bytes>(arguments->at(1))) {
            char byte[16];
            snprintf(byte, sizeof byte, "byte 0x%02x", static_cast<W_Bytes*>(arguments->at(1))->data->get(start));
            what = byte;
        } else if (is<W_Str>(arguments->at(1))) {
            uint32_t c = static_cast<W_Str*>(arguments->at(1))->at(start);
            char text[32];
            snprintf(text, sizeof text,
                     c < 256     ? "character '\\x%02x'"
                     : c < 65536 ? "character '\\u%04x'"
                                 : "character '\\U%08x'",
                     c);
            what = text;
        }
        return make_str("'" + text_of(arguments->at(0)) + "' codec can't " + (decode ? "decode " : "encode ") + what +
                        " in position " + std::to_string(start) + ": " + text_of(arguments->at(4)));
    }
    if (arguments->length() == 1) {
        if (is_instance(self, T::KeyError)) return HEDDLE_TRY(repr(arguments->at(0)));
        native_nesting nesting(" while getting the str of an object");
        if (nesting.too_deep()) return failure;
        return HEDDLE_TRY(to_str(arguments->at(0)));
    }
    return HEDDLE_TRY(to_str(arguments));
}
Result<W_Object*> exception_repr(W_Object* o) {
    native_nesting nesting(" while getting the repr of an object");
    if (nesting.too_deep()) return failure;
    W_Exception* self = self_of(o);
    std::string name = name_text(self->type());
    if (self->arguments->length() == 1)
        return make_str(name + "(" + to_utf8(HEDDLE_TRY(repr(self->arguments->at(0)))) + ")");
    return make_str(name + to_utf8(HEDDLE_TRY(repr(self->arguments))));
}
Result<W_Object*> with_traceback(W_Object* o, W_Object* traceback) {
    self_of(o)->traceback = is_exact<W_Traceback>(traceback) ? static_cast<W_Traceback*>(traceback) : nullptr;
    return o;
}
Result<W_Object*> add_note(W_Object* o, W_Object* note) {
    if (!is<W_Str>(note)) return raise_error(T::TypeError, "note must be a str, not '%s'", type_name(note).c_str());
    W_Str* name = intern("__notes__");
    W_Object* list = instance_get(self_of(o), name);
    if (!list) {
        list = make_list();
        instance_set(self_of(o), name, list);
    }
    if (is<W_List>(list)) list_append(static_cast<W_List*>(list), note);
    return none();
}

Result<W_Object*> get_args(W_Object* o) { return self_of(o)->arguments.get(); }
Result<W_Object*> set_args(W_Object* o, W_Object* value) {
    if (!value) return raise_text(T::TypeError, "args may not be deleted");
    self_of(o)->arguments = HEDDLE_TRY(iterable_to_tuple(value));
    return none();
}
Result<W_Object*> get_cause(W_Object* o) { return self_of(o)->cause ? self_of(o)->cause.get() : none(); }
Result<W_Object*> set_cause(W_Object* o, W_Object* value) {
    if (!value || (value != none() && !is<W_Exception>(value)))
        return raise_text(T::TypeError, "exception cause must be None or derive from BaseException");
    self_of(o)->cause = value == none() ? nullptr : value;
    self_of(o)->suppress_context = 1;
    return none();
}
Result<W_Object*> get_context(W_Object* o) {
    return self_of(o)->context ? static_cast<W_Object*>(self_of(o)->context.get()) : none();
}
Result<W_Object*> set_context(W_Object* o, W_Object* value) {
    if (!value || (value != none() && !is<W_Exception>(value)))
        return raise_text(T::TypeError, "exception context must be None or derive from BaseException");
    self_of(o)->context = value == none() ? nullptr : static_cast<W_Exception*>(value);
    return none();
}
Result<W_Object*> get_suppress(W_Object* o) { return boolean(self_of(o)->suppress_context); }
Result<W_Object*> set_suppress(W_Object* o, W_Object* value) {
    self_of(o)->suppress_context = value && value == singleton(2);
    return none();
}
Result<W_Object*> get_traceback(W_Object* o) {
    return self_of(o)->traceback ? static_cast<W_Object*>(self_of(o)->traceback.get()) : none();
}
Result<W_Object*> set_traceback(W_Object* o, W_Object* value) {
    if (value) (void)with_traceback(o, value).failed();
    return none();
}
// Attributes that are an argument unless they were set.
template <int Index> Result<W_Object*> get_argument(W_Object* o) {
    W_Tuple* arguments = self_of(o)->arguments;
    return arguments->length() > Index ? arguments->at(Index) : none();
}
Result<W_Object*> get_stop_value(W_Object* o) {
    if (W_Object* set = instance_get(self_of(o), name_of(N::value))) return set;
    return get_argument<0>(o);
}
Result<W_Object*> set_stop_value(W_Object* o, W_Object* value) {
    instance_set(self_of(o), name_of(N::value), value ? value : none());
    return none();
}
Result<W_Object*> get_exit_code(W_Object* o) {
    if (W_Object* set = instance_get(self_of(o), intern("code"))) return set;
    W_Tuple* arguments = self_of(o)->arguments;
    if (arguments->length() == 0) return none();
    return arguments->length() == 1 ? arguments->at(0) : static_cast<W_Object*>(arguments);
}
Result<W_Object*> set_exit_code(W_Object* o, W_Object* value) {
    instance_set(self_of(o), intern("code"), value ? value : none());
    return none();
}
template <int Index> Result<W_Object*> get_os_argument(W_Object* o) {
    if (!shows_os_error(self_of(o))) return none();
    return get_argument<Index>(o);
}
// Plain attributes with None as the default.
#define DEFAULT_NONE(function, attribute)                                    \
    Result<W_Object*> get_##function(W_Object* o) {                          \
        W_Object* value = instance_get(self_of(o), intern(attribute));       \
        return value ? value : none();                                       \
    }                                                                        \
    Result<W_Object*> set_##function(W_Object* o, W_Object* value) {         \
        instance_set(self_of(o), intern(attribute), value ? value : none()); \
        return none();                                                       \
    }
DEFAULT_NONE(name, "name")
DEFAULT_NONE(path, "path")
DEFAULT_NONE(obj, "obj")
DEFAULT_NONE(lineno, "lineno")
DEFAULT_NONE(offset, "offset")
DEFAULT_NONE(end_lineno, "end_lineno")
DEFAULT_NONE(end_offset, "end_offset")
DEFAULT_NONE(text, "text")
DEFAULT_NONE(filename, "filename")
Result<W_Object*> get_os_filename(W_Object* o) {
    if (self_of(o)->arguments->length() > 2) return self_of(o)->arguments->at(2);
    return get_filename(o);
}
Result<W_Object*> syntax_error_init(W_Arguments* arguments) {
    HEDDLE_TRY(exception_init(arguments));
    W_Exception* self = self_of(arguments->at(0));
    if (self->arguments->length() == 2 && is<W_Tuple>(self->arguments->at(1))) {
        auto* details = static_cast<W_Tuple*>(self->arguments->at(1));
        const char* names[] = {"filename", "lineno", "offset", "text", "end_lineno", "end_offset"};
        for (long i = 0; i < details->length() && i < 6; i++) instance_set(self, intern(names[i]), details->at(i));
    }
    return none();
}

Result<W_Object*> traceback_next(W_Object* o) {
    W_Traceback* next = static_cast<W_Traceback*>(o)->next;
    return next ? static_cast<W_Object*>(next) : none();
}
Result<W_Object*> traceback_line(W_Object* o) {
    auto* self = static_cast<W_Traceback*>(o);
    return make_int(code_line(self->code, self->instruction));
}
Result<W_Object*> traceback_frame(W_Object* o) {
    W_Code* code = static_cast<W_Traceback*>(o)->code;
    return make<W_Frame>(code, make_dict(), make_array<frame_slots>(0), nullptr, nullptr);
}

constexpr builtin_entry base_methods[] = {
    {"__new__", exception_new, builtin_entry::static_method},
    {"__init__", exception_init},
    {"__str__", exception_str},
    {"__repr__", exception_repr},
    {"with_traceback", with_traceback},
    {"add_note", add_note},
};
constexpr getset_entry base_attributes[] = {
    {"args", get_args, set_args},
    {"__cause__", get_cause, set_cause},
    {"__context__", get_context, set_context},
    {"__suppress_context__", get_suppress, set_suppress},
    {"__traceback__", get_traceback, set_traceback},
};
constexpr getset_entry stop_attributes[] = {{"value", get_stop_value, set_stop_value}};
constexpr getset_entry exit_attributes[] = {{"code", get_exit_code, set_exit_code}};
constexpr getset_entry os_attributes[] = {{"errno", get_os_argument<0>, nullptr},
                                          {"strerror", get_os_argument<1>, nullptr},
                                          {"filename", get_os_filename, set_filename}};
constexpr getset_entry import_attributes[] = {
    {"name", get_name, set_name}, {"path", get_path, set_path}, {"msg", get_argument<0>, nullptr}};
constexpr getset_entry name_attributes[] = {{"name", get_name, set_name}};
constexpr getset_entry attribute_attributes[] = {{"name", get_name, set_name}, {"obj", get_obj, set_obj}};
constexpr builtin_entry syntax_methods[] = {{"__init__", syntax_error_init}};
constexpr getset_entry syntax_attributes[] = {{"msg", get_argument<0>, nullptr},
                                              {"filename", get_filename, set_filename},
                                              {"lineno", get_lineno, set_lineno},
                                              {"offset", get_offset, set_offset},
                                              {"text", get_text, set_text},
                                              {"end_lineno", get_end_lineno, set_end_lineno},
                                              {"end_offset", get_end_offset, set_end_offset}};
constexpr getset_entry unicode_attributes[] = {{"encoding", get_argument<0>, nullptr},
                                               {"object", get_argument<1>, nullptr},
                                               {"start", get_argument<2>, nullptr},
                                               {"end", get_argument<3>, nullptr},
                                               {"reason", get_argument<4>, nullptr}};
constexpr getset_entry traceback_attributes[] = {{"tb_next", traceback_next, nullptr},
                                                 {"tb_lineno", traceback_line, nullptr},
                                                 {"tb_frame", traceback_frame, nullptr}};

} // namespace

void setup_exceptions() {
    add_methods(T::BaseException, base_methods);
    add_getsets(T::BaseException, base_attributes);
    add_getsets(T::StopIteration, stop_attributes);
    add_getsets(T::SystemExit, exit_attributes);
    add_getsets(T::OSError, os_attributes);
    add_getsets(T::ImportError, import_attributes);
    add_getsets(T::NameError, name_attributes);
    add_getsets(T::AttributeError, attribute_attributes);
    add_methods(T::SyntaxError, syntax_methods);
    add_getsets(T::SyntaxError, syntax_attributes);
    add_getsets(T::UnicodeDecodeError, unicode_attributes);
    add_getsets(T::UnicodeEncodeError, unicode_attributes);
    add_getsets(T::traceback, traceback_attributes);
    dict_set_str(builtins_namespace(), intern("EnvironmentError"), type_of(T::OSError));
    dict_set_str(builtins_namespace(), intern("IOError"), type_of(T::OSError));
}

} // namespace heddle::python
