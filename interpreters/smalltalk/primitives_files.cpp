// File primitives, the numbered ones of old images and FilePlugin. A file's handle is a ByteArray that holds an index
// into a table of this session's open files and a session number, so that handles of a snapshot are refused.
// Reading standard input answers what is there, and blocks only when there is nothing.
#include "external_events.h"
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
constexpr uint32_t file_handles = 0xf11e5;
W_Object* make_file_handle(const open_file& file) {
    files().push_back(file);
    return make_handle(static_cast<uint32_t>(files().size() - 1), file_handles);
}
open_file* file_of(W_Object* handle) {
    long index = handle_index(handle, file_handles);
    if (index < 0 || index >= static_cast<long>(files().size())) return nullptr;
    open_file& found = files()[static_cast<size_t>(index)];
    return found.stream ? &found : nullptr;
}
// Relative names are relative to the image's folder, as the image believes.
std::string path_of(W_Object* name) { return text_of(name); }
// Of standard input, which is read without stdio's buffer: what was read ahead to see whether it has ended.
std::string read_ahead;
long read_available(char* into, size_t count) {
    if (!read_ahead.empty()) {
        count = std::min(count, read_ahead.size());
        memcpy(into, read_ahead.data(), count);
        read_ahead.erase(0, count);
        return static_cast<long>(count);
    }
    ssize_t got;
    do got = read(STDIN_FILENO, into, count);
    while (got < 0 && errno == EINTR);
    return got < 0 ? 0 : got;
}
bool input_is_at_end() {
    if (!read_ahead.empty()) return false;
    char bytes[1000];
    read_ahead.append(bytes, static_cast<size_t>(read_available(bytes, sizeof bytes)));
    return read_ahead.empty();
}
} // namespace

W_Object* make_handle(uint32_t index, uint32_t kind) {
    uint32_t words[2] = {index, session() + kind};
    byte_array* bytes = heddle::make_array<byte_array>(handle_bytes);
    memcpy(bytes->data(), words, sizeof words);
    return make<W_Bytes>(special_class(special_byte_array), bytes);
}
long handle_index(W_Object* handle, uint32_t kind) {
    if (!is_exact<W_Bytes>(handle) || static_cast<W_Bytes*>(handle)->bytes->length() != handle_bytes) return -1;
    uint32_t words[2];
    memcpy(words, static_cast<W_Bytes*>(handle)->bytes->data(), sizeof words);
    return words[1] == session() + kind ? static_cast<long>(words[0]) : -1;
}

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
    return make_file_handle({stream, write, false});
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
    if (file->stream == stdin) return boolean(input_is_at_end());
    int next = getc(file->stream);
    if (next != EOF) ungetc(next, file->stream);
    return boolean(next == EOF);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_position(W_Object*, W_Object* handle) {
    open_file* file = file_of(handle);
    if (!file) return nullptr;
    off_t position = ftello(file->stream);
    return position < 0 ? nullptr : make_wide_integer(position);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_set_position(W_Object* o, W_Object* handle, W_Object* position) {
    open_file* file = file_of(handle);
    int64_t target;
    if (!file || !wide_value(position, target) || fseeko(file->stream, target, SEEK_SET) != 0) return nullptr;
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_size(W_Object*, W_Object* handle) {
    open_file* file = file_of(handle);
    struct stat info;
    if (!file || fflush(file->stream) != 0 || fstat(fileno(file->stream), &info) != 0) return nullptr;
    return make_wide_integer(info.st_size);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_flush(W_Object* o, W_Object* handle) {
    open_file* file = file_of(handle);
    return file && fflush(file->stream) == 0 ? o : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_is_terminal(W_Object*, W_Object* handle) {
    open_file* file = file_of(handle);
    return file ? boolean(isatty(fileno(file->stream))) : nullptr;
}
char* buffer_bytes(W_Object* o, W_Object* start, W_Object* count, size_t& bytes) {
    if (!is_int(start) || !is_int(count)) return nullptr;
    bool words = is_exact<W_Words>(o);
    if (!words && !is_exact<W_Bytes>(o)) return nullptr;
    long first = int_value(start) - 1, items = int_value(count);
    long length = words ? static_cast<W_Words*>(o)->words->length() : static_cast<W_Bytes*>(o)->bytes->length();
    if (first < 0 || items < 0 || items > length || first > length - items) return nullptr;
    bytes = static_cast<size_t>(words ? items * 4 : items);
    if (words) return reinterpret_cast<char*>(static_cast<W_Words*>(o)->words->items_to_write(first, items));
    return reinterpret_cast<char*>(static_cast<W_Bytes*>(o)->bytes->items_to_write(first, items));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_read(W_Object*, W_Object* handle, W_Object* into, W_Object* start,
                                                      W_Object* count) {
    open_file* file = file_of(handle);
    size_t bytes;
    char* at = buffer_bytes(into, start, count, bytes);
    if (!file || !at) return nullptr;
    long item = is_exact<W_Words>(into) ? 4 : 1;
    if (file->stream == stdin) return make_int(read_available(at, bytes) / item);
    fseek(file->stream, 0, SEEK_CUR); // between a write and a read
    return make_int(static_cast<long>(fread(at, 1, bytes, file->stream)) / item);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_write(W_Object*, W_Object* handle, W_Object* from, W_Object* start,
                                                       W_Object* count) {
    open_file* file = file_of(handle);
    size_t bytes;
    char* at = buffer_bytes(from, start, count, bytes);
    if (!file || !at || !file->writable) return nullptr;
    if (!file->standard) fseek(file->stream, 0, SEEK_CUR);
    long written = static_cast<long>(fwrite(at, 1, bytes, file->stream));
    if (file->standard) fflush(file->stream);
    return make_int(written / (is_exact<W_Words>(from) ? 4 : 1));
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_truncate(W_Object* o, W_Object* handle, W_Object* size) {
    open_file* file = file_of(handle);
    int64_t bytes;
    if (!file || !file->writable || file->standard || !wide_value(size, bytes) || bytes < 0) return nullptr;
    if (fflush(file->stream) != 0 || ftruncate(fileno(file->stream), bytes) != 0) return nullptr;
    if (ftello(file->stream) > bytes) fseeko(file->stream, bytes, SEEK_SET);
    return o;
}
// For writing, if there is no such file yet.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_open_new(W_Object*, W_Object* name) {
    FILE* stream = is_text(name) ? fopen(path_of(name).c_str(), "w+bx") : nullptr;
    return stream ? make_file_handle({stream, true, false}) : nullptr;
}
// 0 none, 1 a terminal, 2 a pipe, 3 a file, 4 a device
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_descriptor_type(W_Object*, W_Object* descriptor) {
    struct stat info;
    if (!is_int(descriptor) || fstat(static_cast<int>(int_value(descriptor)), &info) != 0) return make_int(0);
    if (isatty(static_cast<int>(int_value(descriptor)))) return make_int(1);
    return make_int(S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) ? 2 : S_ISREG(info.st_mode) ? 3 : 4);
}

// ---- AioPlugin: a semaphore is signalled when a descriptor has something to read or room to write, once for each
// primitiveAioHandle
namespace {
std::vector<std::pair<int, long>>& enabled() {
    static std::vector<std::pair<int, long>> all;
    return all;
}
} // namespace
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_descriptor(W_Object*, W_Object* handle) {
    open_file* file = file_of(handle);
    return file ? make_int(fileno(file->stream)) : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_aio_enable(W_Object* o, W_Object* descriptor, W_Object* semaphore,
                                                       W_Object*) {
    if (!is_int(descriptor) || !is_int(semaphore)) return nullptr;
    int number = static_cast<int>(int_value(descriptor));
    std::erase_if(enabled(), [&](const auto& one) { return one.first == number; });
    enabled().push_back({number, int_value(semaphore)});
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_aio_handle(W_Object* o, W_Object* descriptor, W_Object*, W_Object* reading,
                                                       W_Object* writing) {
    if (!is_int(descriptor)) return nullptr;
    for (const auto& [number, semaphore] : enabled()) {
        if (number != int_value(descriptor)) continue;
        if (reading == true_object()) {
            // What was read ahead poll(2) doesn't see.
            if (number == STDIN_FILENO && !read_ahead.empty())
                signal_from_outside(semaphore);
            else
                await_readable(number, semaphore);
        }
        if (writing == true_object()) await_writable(number, semaphore);
        return o;
    }
    return nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_aio_disable(W_Object* o, W_Object* descriptor) {
    if (!is_int(descriptor)) return nullptr;
    int number = static_cast<int>(int_value(descriptor));
    std::erase_if(enabled(), [&](const auto& one) { return one.first == number; });
    forget_descriptor(number);
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_file_standard_handles(W_Object*) {
    W_Pointers* all = new_array(3);
    FILE* streams[] = {stdin, stdout, stderr};
    for (long i = 0; i < 3; i++) set_slot(all, i, make_file_handle({streams[i], i > 0, true}));
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
// An entry of a folder: {name. created. modified. is a folder. size}; null: there is no such file.
static W_Object* entry_of(const std::string& folder, const std::string& name) {
    struct stat info = {};
    if (lstat((folder + "/" + name).c_str(), &info) != 0) return nullptr;
    struct stat target;
    if (stat((folder + "/" + name).c_str(), &target) == 0) info = target; // a dangling link is itself an entry
    W_Pointers* entry = new_array(5);
    W_Object* text = new_string(name);
    W_Object* created = make_wide_integer(seconds_from_1901(info.st_ctime));
    W_Object* modified = make_wide_integer(seconds_from_1901(info.st_mtime));
    W_Object* size = make_wide_integer(S_ISDIR(info.st_mode) ? 0 : info.st_size);
    W_Object* values[] = {text, created, modified, boolean(S_ISDIR(info.st_mode)), size};
    for (long i = 0; i < 5; i++) set_slot(entry, i, values[i]);
    return entry;
}
// The entry at an index of the names in order; nil past the last.
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
    return entry_of(path, names[static_cast<size_t>(int_value(index) - 1)]);
}
// The entry of a name; nil: there is none.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_directory_entry(W_Object*, W_Object* folder, W_Object* name) {
    if (!is_text(folder) || !is_text(name) || text_of(name).find('/') != std::string::npos) return nullptr;
    std::string path = path_of(folder);
    struct stat info;
    if (stat((path + "/").c_str(), &info) != 0) return nullptr;
    W_Object* entry = entry_of(path, text_of(name));
    return entry ? entry : nil();
}
// Files of this system have neither: what a Mac keeps can't be asked for, and setting it is nothing, as in Squeak.
W_Object* primitive_no_type_and_creator(W_Object*, W_Object*) { return nullptr; }
W_Object* primitive_set_type_and_creator(W_Object* o, W_Object*, W_Object*, W_Object*) { return o; }
W_Object* primitive_has_file_access(W_Object*) { return true_object(); }

HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_console_log(W_Object* o, W_Object* message, W_Object* level) {
    if (!is_text(message) || !is_text(level)) return nullptr;
    std::string how = text_of(level);
    FILE* stream = how == "warn" || how == "error" ? stderr : stdout;
    fprintf(stream, "%s\n", text_of(message).c_str());
    fflush(stream);
    return o;
}

} // namespace heddle::smalltalk
