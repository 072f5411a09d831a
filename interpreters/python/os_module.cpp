// The module _os: the calls to the operating system under the module os (library_system.cpp).
#include "builtin_modules.h"
#include <cerrno>
#include <dirent.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

extern char** environ;

namespace heddle::python {
namespace {

Result<bool> path_of(W_Object* o, std::string* out) {
    if (is<W_Str>(o))
        *out = to_utf8(static_cast<W_Str*>(o));
    else if (is<W_Bytes>(o)) {
        std::string_view view;
        (void)buffer_of(o, &view);
        *out = view;
    } else
        return raise_error(T::TypeError, "expected str, bytes or os.PathLike object, not %s", type_name(o).c_str());
    return true;
}
#define PATH_ARGUMENT(name, o) \
    std::string name;          \
    HEDDLE_TRY(path_of(o, &name));

Result<W_Object*> os_getcwd() {
    char buffer[4096];
    if (!getcwd(buffer, sizeof buffer)) return raise_os_error(errno, nullptr);
    return make_str(buffer);
}
Result<W_Object*> os_chdir(W_Object* o) {
    PATH_ARGUMENT(path, o)
    if (chdir(path.c_str()) < 0) return raise_os_error(errno, path.c_str());
    return none();
}
Result<W_Object*> os_listdir(W_Object* o) {
    PATH_ARGUMENT(path, o)
    DIR* folder = opendir(path.c_str());
    if (!folder) return raise_os_error(errno, path.c_str());
    W_List* names = make_list();
    while (dirent* entry = readdir(folder)) {
        std::string_view name = entry->d_name;
        if (name != "." && name != "..") list_append(names, make_str(name));
    }
    closedir(folder);
    return names;
}
Result<W_Object*> os_remove(W_Object* o) {
    PATH_ARGUMENT(path, o)
    if (unlink(path.c_str()) < 0) return raise_os_error(errno, path.c_str());
    return none();
}
Result<W_Object*> os_rename(W_Object* from, W_Object* to) {
    PATH_ARGUMENT(old_path, from)
    PATH_ARGUMENT(new_path, to)
    if (rename(old_path.c_str(), new_path.c_str()) < 0) return raise_os_error(errno, old_path.c_str());
    return none();
}
Result<W_Object*> os_mkdir(W_Object* o, W_Object* mode) {
    PATH_ARGUMENT(path, o)
    long bits = mode ? HEDDLE_TRY(index_of(mode)) : 0777;
    if (mkdir(path.c_str(), static_cast<mode_t>(bits)) < 0) return raise_os_error(errno, path.c_str());
    return none();
}
Result<W_Object*> os_rmdir(W_Object* o) {
    PATH_ARGUMENT(path, o)
    if (rmdir(path.c_str()) < 0) return raise_os_error(errno, path.c_str());
    return none();
}
// (mode, size, seconds of the last change), or None where there is nothing.
Result<W_Object*> os_stat(W_Object* o) {
    PATH_ARGUMENT(path, o)
    struct stat info;
    if (stat(path.c_str(), &info) < 0) return none();
    double changed = static_cast<double>(info.st_mtim.tv_sec) + static_cast<double>(info.st_mtim.tv_nsec) * 1e-9;
    return make_tuple_3(make_int(info.st_mode), make_int(info.st_size), make_float(changed));
}
Result<W_Object*> os_environment() {
    W_List* pairs = make_list();
    for (char** at = environ; *at; at++) {
        std::string_view pair = *at;
        size_t equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        list_append(pairs, make_tuple_2(make_str(pair.substr(0, equals)), make_str(pair.substr(equals + 1))));
    }
    return pairs;
}
Result<W_Object*> os_putenv(W_Object* name, W_Object* value) { // value None: unset
    PATH_ARGUMENT(key, name)
    if (value == none()) {
        unsetenv(key.c_str());
        return none();
    }
    PATH_ARGUMENT(text, value)
    if (setenv(key.c_str(), text.c_str(), 1) < 0) return raise_os_error(errno, key.c_str());
    return none();
}
Result<W_Object*> os_urandom(W_Object* size) {
    long count = HEDDLE_TRY(index_of(size));
    if (count < 0) return raise_text(T::ValueError, "negative argument not allowed");
    if (count > power_of_two_or_largest(30))
        return raise_exception(make_exception(type_of(T::MemoryError), make_tuple_0()));
    std::string bytes(static_cast<size_t>(count), '\0');
    for (size_t at = 0; at < bytes.size();) {
        ssize_t got = getrandom(bytes.data() + at, bytes.size() - at, 0);
        if (got < 0 && errno != EINTR) return raise_os_error(errno, nullptr);
        if (got > 0) at += static_cast<size_t>(got);
    }
    return make_bytes(bytes.data(), count);
}
Result<W_Object*> os_getpid() { return make_int(getpid()); }
Result<W_Object*> os_cpu_count() { return make_int(sysconf(_SC_NPROCESSORS_ONLN)); }
Result<W_Object*> os_exit(W_Object* status) { _exit(static_cast<int>(HEDDLE_TRY(index_of(status)))); }

constexpr builtin_entry functions[] = {
    {"getcwd", os_getcwd}, {"chdir", os_chdir},         {"listdir", os_listdir},
    {"remove", os_remove}, {"rename", os_rename},       {"mkdir", os_mkdir, 1},
    {"rmdir", os_rmdir},   {"stat", os_stat},           {"environment", os_environment},
    {"putenv", os_putenv}, {"urandom", os_urandom},     {"getpid", os_getpid},
    {"_exit", os_exit},    {"cpu_count", os_cpu_count},
};

} // namespace

void setup_os_module(W_Dict* module) { add_functions(module, functions); }

} // namespace heddle::python
