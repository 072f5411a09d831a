// See builtin_modules.h.
#include "builtin_modules.h"
#include "array.h"

namespace heddle::python {
namespace {

struct builtin_module {
    std::string_view name;
    module_setup* setup;
};
constexpr builtin_module builtin_modules[] = {
    {"array", setup_array_module},    {"_hashlib", setup_hashlib_module}, {"_os", setup_os_module},
    {"_random", setup_random_module}, {"_struct", setup_struct_module},   {"_thread", setup_thread_module},
};

} // namespace

module_setup* find_builtin_module(std::string_view name) {
    for (const builtin_module& module : builtin_modules)
        if (module.name == name) return module.setup;
    return nullptr;
}

bool buffer_of(W_Object* o, std::string_view* out) {
    if (is_exact<W_ByteArray>(o)) {
        *out = static_cast<W_ByteArray*>(o)->view();
        return true;
    }
    if (is<W_Bytes>(o)) {
        byte_array* data = static_cast<W_Bytes*>(o)->data;
        *out = {reinterpret_cast<const char*>(data->data()), static_cast<size_t>(data->length())};
        return true;
    }
    if (is<W_Array>(o)) {
        auto* array = static_cast<W_Array*>(o);
        *out = {array->memory(false), static_cast<size_t>(array->length * array->item_size())};
        return true;
    }
    raise_error(T::TypeError, "a bytes-like object is required, not '%s'", type_name(o).c_str());
    return false;
}

} // namespace heddle::python
