// Modules: compiling files, finding them along sys.path, packages, the import statements.
#include "builtin_modules.h"
#include "frontend/compile.h"
#include <cerrno>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace heddle::python {

const char* library_source(std::string_view name); // library.cpp: modules written in Python inside the executable

// ---- compiling
// ------------------------------------------------------------------------------------------------------------
static failure_type raise_syntax_error(const syntax_error& error) {
    T type = T::SyntaxError;
    switch (error.kind) {
    case syntax_error_kind::syntax_error: type = T::SyntaxError; break;
    case syntax_error_kind::indentation_error: type = T::IndentationError; break;
    case syntax_error_kind::tab_error: type = T::TabError; break;
    case syntax_error_kind::value_error: return raise_text(T::ValueError, error.message.c_str());
    case syntax_error_kind::memory_error: return raise_text(T::MemoryError, error.message.c_str());
    case syntax_error_kind::recursion_error: return raise_text(T::RecursionError, error.message.c_str());
    }
    W_Exception* exception = make_exception(type_of(type), make_tuple_1(make_str(error.message)));
    auto set = [&](const char* name, W_Object* value) { instance_set(exception, intern(name), value); };
    set("filename", make_str(error.filename));
    set("lineno", make_int(error.line));
    set("offset", make_int(error.column));
    set("end_lineno", make_int(error.end_line));
    set("end_offset", make_int(error.end_column));
    if (!error.text.empty()) set("text", make_str(error.text));
    return raise_exception(exception);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> compile_text(std::string_view source, const std::string& filename,
                                                       long mode) {
    constexpr compile_mode modes[] = {compile_mode::exec, compile_mode::eval, compile_mode::single};
    compile_result result = compile(source, filename, modes[mode]);
    if (!result) return raise_syntax_error(result.error);
    return make_code(result.code);
}

// Lines of source files, for tracebacks.
std::string source_line(const std::string& filename, long line) {
    std::ifstream file(filename);
    std::string text;
    while (line-- > 0)
        if (!std::getline(file, text)) return "";
    return text;
}
static bool read_file(const std::string& path, std::string* out) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return false;
    std::stringstream buffer;
    buffer << file.rdbuf();
    *out = buffer.str();
    return true;
}
static bool is_file(const std::string& path) {
    struct stat info;
    return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

W_Module* make_module(W_Str* name) {
    W_Dict* dict = make_module_dict();
    dict_set_str(dict, name_of(N::name), name);
    dict_set_str(dict, name_of(N::doc), none());
    dict_set_str(dict, name_of(N::package), none());
    dict_set_str(dict, name_of(N::loader), none());
    dict_set_str(dict, name_of(N::spec), none());
    return make<W_Module>(name, dict);
}

// ---- finding and running
// --------------------------------------------------------------------------------------------------
static Result<W_Object*> run_module(W_Module* module, std::string_view source, const std::string& path) {
    W_Object* code = HEDDLE_TRY(compile_text(source, path, 0));
    auto* unit = static_cast<W_Code*>(code);
    dict_set_str(module->dict, name_of(N::file), make_str(path));
    dict_set_str(module->dict, name_of(N::builtins), builtins_namespace());
    auto* frame = make<W_Frame>(unit, module->dict, make_array<frame_slots>(unit->frame_size), nullptr, module->dict);
    return run_frame(frame);
}

// The places to look in: a package's __path__ or sys.path.
static Result<W_Object*> search_path(W_Object* package) {
    if (package) return get_attribute(package, N::path);
    W_Object* sys = dict_get_str(modules_dict, intern("sys"));
    return get_attribute(sys, N::plain_path);
}
static Result<W_Object*> load_module(const std::string& full_name, const std::string& last, W_Object* package) {
    W_Str* name = intern(make_str(full_name));
    std::string found, source;
    bool is_package = false, built_in = false;
    if (const char* text = library_source(full_name)) {
        found = "<heddle " + full_name + ">";
        source = text;
        built_in = true;
    } else if (module_setup* setup = find_builtin_module(full_name)) {
        W_Module* module = make_module(name);
        HEDDLE_TRY(dict_set(modules_dict, name, module));
        setup(module->dict);
        return module;
    }
    if (!built_in) {
        auto places = search_path(package);
        if (places.failed()) {
            if (!clear_if_pending(T::AttributeError)) return failure;
        } else {
            object_array* folders = HEDDLE_TRY(iterable_to_slots(places.value()));
            for (long i = 0; i < folders->length() && found.empty(); i++) {
                if (!is<W_Str>(folders->get(i))) continue;
                std::string base = to_utf8(static_cast<W_Str*>(folders->get(i)));
                base = base.empty() ? last : base + "/" + last;
                if (is_file(base + "/__init__.py")) {
                    found = base + "/__init__.py";
                    is_package = true;
                } else if (is_file(base + ".py")) {
                    found = base + ".py";
                } else {
                    struct stat info;
                    if (stat(base.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) { // a namespace package
                        W_Module* module = make_module(name);
                        dict_set_str(module->dict, name_of(N::package), name);
                        W_List* path = make_list();
                        list_append(path, make_str(base));
                        dict_set_str(module->dict, name_of(N::path), path);
                        HEDDLE_TRY(dict_set(modules_dict, name, module));
                        return module;
                    }
                }
            }
        }
        if (found.empty()) {
            std::string text = "No module named '" + full_name + "'";
            if (package && pending_error() == nullptr && is_exact<W_Module>(package) &&
                !dict_get_str(static_cast<W_Module*>(package)->dict, name_of(N::path)))
                text += "; '" + to_utf8(static_cast<W_Module*>(package)->name) + "' is not a package";
            raise_text(T::ModuleNotFoundError, text.c_str());
            instance_set(static_cast<W_Exception*>(pending_error()), name_of(N::plain_name), name);
            return failure;
        }
        if (!read_file(found, &source)) return raise_os_error(errno, found.c_str());
    }
    W_Module* module = make_module(name);
    size_t dot = full_name.rfind('.');
    dict_set_str(module->dict, name_of(N::package),
                 is_package ? name : make_str(dot == std::string::npos ? "" : full_name.substr(0, dot)));
    if (is_package) {
        W_List* path = make_list();
        list_append(path, make_str(found.substr(0, found.rfind('/'))));
        dict_set_str(module->dict, name_of(N::path), path);
    }
    HEDDLE_TRY(dict_set(modules_dict, name, module));
    auto ran = run_module(module, source, found);
    if (ran.failed()) {
        object* error = take_pending_error();
        dict_delete_str(modules_dict, name);
        raise(error);
        return failure;
    }
    W_Object* now = dict_get_str(modules_dict, name); // a module may replace itself
    return now ? now : static_cast<W_Object*>(module);
}
// a.b.c: imports each part, gives the last; *first gets the first.
static Result<W_Object*> import_path(const std::string& full_name, W_Object** first) {
    W_Object* module = nullptr;
    size_t start = 0;
    for (;;) {
        size_t dot = full_name.find('.', start);
        std::string prefix = full_name.substr(0, dot),
                    last = full_name.substr(start, dot == std::string::npos ? dot : dot - start);
        if (last.empty()) return raise_text(T::ValueError, "Empty module name");
        W_Str* name = intern(make_str(prefix));
        W_Object* known = dict_get_str(modules_dict, name);
        if (known == none()) {
            raise_error(T::ModuleNotFoundError, "import of %s halted; None in sys.modules", prefix.c_str());
            return failure;
        }
        if (!known) {
            known = HEDDLE_TRY(load_module(prefix, last, module));
            if (module) HEDDLE_TRY(set_attribute(module, intern(make_str(last)), known));
        }
        module = known;
        if (start == 0) *first = module;
        if (dot == std::string::npos) return module;
        start = dot + 1;
    }
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> import_name(W_Str* name, W_Dict* globals, W_Object* from_list, long level) {
    std::string full_name = to_utf8(name);
    if (level > 0) {
        W_Object* package = dict_get_str(globals, name_of(N::package));
        std::string base = package && is<W_Str>(package) ? to_utf8(static_cast<W_Str*>(package)) : "";
        if (base.empty()) return raise_text(T::ImportError, "attempted relative import with no known parent package");
        for (long i = 1; i < level; i++) {
            size_t dot = base.rfind('.');
            if (dot == std::string::npos)
                return raise_text(T::ImportError, "attempted relative import beyond top-level package");
            base.resize(dot);
        }
        full_name = full_name.empty() ? base : base + "." + full_name;
    }
    W_Object* first = nullptr;
    W_Object* last = HEDDLE_TRY(import_path(full_name, &first));
    bool has_names = from_list != none() && HEDDLE_TRY(is_true(from_list));
    if (!has_names) {
        if (level == 0) return first;
        return last;
    }
    // from package import module: modules that aren't attributes yet.
    if (is_exact<W_Module>(last) && dict_get_str(static_cast<W_Module*>(last)->dict, name_of(N::path)) &&
        is<W_Tuple>(from_list)) {
        auto* names = static_cast<W_Tuple*>(from_list);
        for (long i = 0; i < names->length(); i++) {
            auto* part = static_cast<W_Str*>(names->at(i));
            if (str_is(part, "*") || dict_get_str(static_cast<W_Module*>(last)->dict, part)) continue;
            W_Object* ignored = nullptr;
            if (import_path(full_name + "." + to_utf8(part), &ignored).failed() &&
                !clear_if_pending(T::ModuleNotFoundError))
                return failure;
        }
    }
    return last;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> import_from(W_Object* module, W_Str* name) {
    W_Object* value = find_attribute(module, name);
    if (value || pending_error()) return value;
    std::string module_name = is_exact<W_Module>(module) ? to_utf8(static_cast<W_Module*>(module)->name) : "?";
    W_Object* loaded = dict_get_str(modules_dict, make_str(module_name + "." + to_utf8(name)));
    if (loaded) return loaded;
    std::string place = "unknown location";
    if (is_exact<W_Module>(module)) {
        W_Object* file = dict_get_str(static_cast<W_Module*>(module)->dict, name_of(N::file));
        if (file && is<W_Str>(file)) place = to_utf8(static_cast<W_Str*>(file));
    }
    return raise_error(T::ImportError, "cannot import name '%s' from '%s' (%s)", to_utf8(name).c_str(),
                       module_name.c_str(), place.c_str());
}
HEDDLE_DONT_LOOK_INSIDE Result<void> import_star(W_Object* module, W_Object* target) {
    W_Object* all = find_attribute(module, name_of(N::all));
    if (pending_error()) return failure;
    if (all) {
        object_array* names = HEDDLE_TRY(iterable_to_slots(all));
        for (long i = 0; i < names->length(); i++) {
            if (!is<W_Str>(names->get(i)))
                return raise_error(T::TypeError, "Item in __all__ must be str, not %s",
                                   type_name(names->get(i)).c_str());
            W_Object* value = HEDDLE_TRY(get_attribute(module, intern(static_cast<W_Str*>(names->get(i)))));
            HEDDLE_TRY(set_item(target, names->get(i), value));
        }
        return ok;
    }
    W_Object* space = find_attribute(module, name_of(N::dict));
    if (pending_error()) return failure;
    if (space && is_exact<W_MappingProxy>(space)) space = static_cast<W_MappingProxy*>(space)->dict;
    if (!space || !is<W_Dict>(space))
        return raise_text(T::ImportError, "from-import-* object has no __dict__ and no __all__");
    auto* dict = static_cast<W_Dict*>(space);
    for (long entry = dict_next_entry(dict, 0); entry >= 0; entry = dict_next_entry(dict, entry + 1)) {
        W_Object* name = dict->keys->get(entry);
        if (is<W_Str>(name) && static_cast<W_Str*>(name)->length() && static_cast<W_Str*>(name)->at(0) == '_') continue;
        HEDDLE_TRY(set_item(target, name, dict_value_at(dict, entry)));
    }
    return ok;
}

} // namespace heddle::python
