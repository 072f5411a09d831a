// File primitives, the numbered ones of old images and FilePlugin. A file's handle is a ByteArray that holds an index
// into a table of this session's open files and a session number, so that handles of a snapshot are refused.
#include "primitive_functions.h"
#include "primitives.h"
#include "settings.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace heddle::smalltalk {

namespace {
struct open_file {
    FILE* stream = nullptr;
    bool writable = false, standard = false;
};
std::vector<open_file>& files() {
    static std::vector<open_file> all;
    return all;
}
constexpr long handle_bytes = 8;
uint32_t session() {
    static const uint32_t number = static_cast<uint32_t>(time(nullptr)) ^ static_cast<uint32_t>(getpid()) << 16;
    return number;
}
W_Object* make_handle(const open_file& file) {
    uint32_t words[2] = {static_cast<uint32_t>(files().size()), session()};
    files().push_back(file);
    byte_array* bytes = heddle::make_array<byte_array>(handle_bytes);
    memcpy(bytes->data(), words, sizeof words);
    return make<W_Bytes>(special_class(special_byte_array), bytes);
}
open_file* file_of(W_Object* handle) {
    if (!is_exact<W_Bytes>(handle) || static_cast<W_Bytes*>(handle)->bytes->length() != handle_bytes) return nullptr;
    uint32_t words[2];
    memcpy(words, static_cast<W_Bytes*>(handle)->bytes->data(), sizeof words);
    if (words[1] != session() || words[0] >= files().size() || !files()[words[0]].stream) return nullptr;
    return &files()[words[0]];
}
// Relative names are relative to the image's folder, as the image believes.
std::string path_of(W_Object* name) { return text_of(name); }
} // namespace

HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_open(W_Object*, W_Object* name, W_Object* writable) {
    if (!is_text(name)) return nullptr;
    std::string path = path_of(name);
    struct stat info;
    if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return nullptr;
    FILE* stream;
    bool write = writable == true_object();
    if (write) {
        stream = fopen(path.c_str(), "r+b");
        if (!stream) stream = fopen(path.c_str(), "w+b");
    } else {
        stream = fopen(path.c_str(), "rb");
    }
    if (!stream) return nullptr;
    return make_handle({stream, write, false});
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_close(W_Object* o, W_Object* handle) {
    open_file* file = file_of(handle);
    if (!file) return nullptr;
    if (!file->standard) fclose(file->stream);
    file->stream = nullptr;
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_at_end(W_Object*, W_Object* handle) {
    open_file* file = file_of(handle);
    if (!file) return nullptr;
    int next = getc(file->stream);
    if (next != EOF) ungetc(next, file->stream);
    return boolean(next == EOF);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_position(W_Object*, W_Object* handle) {
    open_file* file = file_of(handle);
    if (!file) return nullptr;
    long position = ftell(file->stream);
    return position < 0 ? nullptr : make_integer(position);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_set_position(W_Object* o, W_Object* handle, W_Object* position) {
    open_file* file = file_of(handle);
    if (!file || !is_int(position) || fseek(file->stream, int_value(position), SEEK_SET) != 0) return nullptr;
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_size(W_Object*, W_Object* handle) {
    open_file* file = file_of(handle);
    struct stat info;
    if (!file || fflush(file->stream) != 0 || fstat(fileno(file->stream), &info) != 0) return nullptr;
    return make_integer(info.st_size);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_flush(W_Object* o, W_Object* handle) {
    open_file* file = file_of(handle);
    return file && fflush(file->stream) == 0 ? o : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_is_terminal(W_Object*, W_Object* handle) {
    open_file* file = file_of(handle);
    return file ? boolean(isatty(fileno(file->stream))) : nullptr;
}
// The bytes [start, start + count) of a byte or word object; null: out of bounds.
static char* buffer(W_Object* o, W_Object* start, W_Object* count) {
    if (!is_int(start) || !is_int(count)) return nullptr;
    long item = is_exact<W_Words>(o) ? 4 : 1, first = (int_value(start) - 1) * item, bytes = int_value(count) * item;
    if (first < 0 || bytes < 0) return nullptr;
    if (is_exact<W_Bytes>(o)) {
        byte_array* array = static_cast<W_Bytes*>(o)->bytes;
        return first + bytes <= array->length() ? reinterpret_cast<char*>(array->data()) + first : nullptr;
    }
    if (!is_exact<W_Words>(o)) return nullptr;
    word_array* array = static_cast<W_Words*>(o)->words;
    return first + bytes <= array->length() * 4 ? reinterpret_cast<char*>(array->data()) + first : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_read(W_Object*, W_Object* handle, W_Object* into, W_Object* start,
                                                      W_Object* count) {
    open_file* file = file_of(handle);
    char* at = buffer(into, start, count);
    if (!file || !at) return nullptr;
    fseek(file->stream, 0, SEEK_CUR); // between a write and a read
    size_t item = is_exact<W_Words>(into) ? 4 : 1;
    return make_int(static_cast<long>(fread(at, item, static_cast<size_t>(int_value(count)), file->stream)));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_write(W_Object*, W_Object* handle, W_Object* from, W_Object* start,
                                                       W_Object* count) {
    open_file* file = file_of(handle);
    char* at = buffer(from, start, count);
    if (!file || !at || !file->writable) return nullptr;
    if (!file->standard) fseek(file->stream, 0, SEEK_CUR);
    size_t item = is_exact<W_Words>(from) ? 4 : 1;
    long written = static_cast<long>(fwrite(at, item, static_cast<size_t>(int_value(count)), file->stream));
    if (file->standard) fflush(file->stream);
    return make_int(written);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_standard_handles(W_Object*) {
    W_Pointers* all = new_array(3);
    FILE* streams[] = {stdin, stdout, stderr};
    for (long i = 0; i < 3; i++) set_slot(all, i, make_handle({streams[i], i > 0, true}));
    return all;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_delete(W_Object* o, W_Object* name) {
    return is_text(name) && unlink(path_of(name).c_str()) == 0 ? o : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_rename(W_Object* o, W_Object* from, W_Object* to) {
    if (!is_text(from) || !is_text(to)) return nullptr;
    return rename(path_of(from).c_str(), path_of(to).c_str()) == 0 ? o : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_directory_create(W_Object* o, W_Object* name) {
    return is_text(name) && mkdir(path_of(name).c_str(), 0777) == 0 ? o : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_directory_delete(W_Object* o, W_Object* name) {
    return is_text(name) && rmdir(path_of(name).c_str()) == 0 ? o : nullptr;
}
W_Object* primitive_directory_delimiter(W_Object*) { return make_character('/'); }
// An entry of a folder: {name. created. modified. is a folder. size}; nil past the last.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_directory_lookup(W_Object*, W_Object* folder, W_Object* index) {
    if (!is_text(folder) || !is_int(index) || int_value(index) < 1) return nullptr;
    std::string path = path_of(folder);
    if (path.empty()) path = "/";
    DIR* directory = opendir(path.c_str());
    if (!directory) return nullptr;
    std::vector<std::string> names;
    while (dirent* entry = readdir(directory))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) names.push_back(entry->d_name);
    closedir(directory);
    std::sort(names.begin(), names.end());
    if (int_value(index) > static_cast<long>(names.size())) return nil();
    const std::string& name = names[static_cast<size_t>(int_value(index) - 1)];
    struct stat info = {};
    if (stat((path + "/" + name).c_str(), &info) != 0) info = {};
    W_Pointers* entry = new_array(5);
    W_Object* text = new_string(name);
    W_Object* created = make_integer(info.st_ctime + 2177452800L);
    W_Object* modified = make_integer(info.st_mtime + 2177452800L);
    W_Object* size = make_integer(info.st_size);
    W_Object* values[] = {text, created, modified, boolean(S_ISDIR(info.st_mode)), size};
    for (long i = 0; i < 5; i++) set_slot(entry, i, values[i]);
    return entry;
}

HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_console_log(W_Object* o, W_Object* message, W_Object* level) {
    if (!is_text(message) || !is_text(level)) return nullptr;
    std::string how = text_of(level);
    FILE* stream = how == "warn" || how == "error" ? stderr : stdout;
    fprintf(stream, "%s\n", text_of(message).c_str());
    fflush(stream);
    return o;
}

} // namespace heddle::smalltalk
