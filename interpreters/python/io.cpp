// Text files: the standard streams, open(), print(), input().
#include "io.h"
#include "heddle/threads.h"
#include "interpreter.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace heddle::python {

void W_File::finalize(W_File* file) {
    file_state* state = file->state;
    if (state->descriptor > 2) {
        file_flush(state);
        close(state->descriptor);
    }
    delete state;
}

bool file_flush(file_state* state) {
    size_t done = 0;
    while (done < state->out.size()) {
        ssize_t written = write(state->descriptor, state->out.data() + done, state->out.size() - done);
        if (written < 0) {
            if (errno == EINTR) continue;
            state->out.clear();
            return false;
        }
        done += static_cast<size_t>(written);
    }
    state->out.clear();
    return true;
}

namespace {

root<heddle::array<member<W_File>>> standard_files; // null, or of null, until they are made
W_File* standard_file(int descriptor) { return standard_files ? standard_files->get(descriptor) : nullptr; }

bool fill(file_state* state) { // false: the end
    char buffer[65536];
    ssize_t got;
    do got = read(state->descriptor, buffer, sizeof buffer);
    while (got < 0 && errno == EINTR);
    if (got <= 0) return false;
    state->in.erase(0, state->in_at);
    state->in_at = 0;
    state->in.append(buffer, static_cast<size_t>(got));
    return true;
}
// Its buffers are outside of the heap: no transaction that touches them may be aborted.
HEDDLE_INLINE file_state* state_of(W_Object* o) {
    heddle::threads::become_inevitable();
    return static_cast<W_File*>(o)->state;
}
failure_type closed_file() { return raise_text(T::ValueError, "I/O operation on closed file."); }

Result<W_Object*> make_text(file_state* state, std::string text) {
    if (state->binary) return make_bytes(text.data(), static_cast<long>(text.size()));
    std::string plain;
    for (size_t i = 0; i < text.size(); i++) { // universal newlines
        if (text[i] != '\r')
            plain += text[i];
        else {
            plain += '\n';
            if (i + 1 < text.size() && text[i + 1] == '\n') i++;
        }
    }
    return call_method(make_bytes(plain.data(), static_cast<long>(plain.size())), intern("decode"));
}

Result<W_Object*> file_write(W_Object* o, W_Object* text) {
    file_state* state = state_of(o);
    if (state->closed) return closed_file();
    if (state->binary) {
        if (!is<W_Bytes>(text))
            return raise_error(T::TypeError, "a bytes-like object is required, not '%s'", type_name(text).c_str());
        byte_array* data = static_cast<W_Bytes*>(text)->data;
        state->out.append(reinterpret_cast<const char*>(data->data()), static_cast<size_t>(data->length()));
        if (state->out.size() > 65536 && !file_flush(state)) return raise_os_error(errno, nullptr);
        return make_int(data->length());
    }
    if (!is<W_Str>(text))
        return raise_error(T::TypeError, "write() argument must be str, not %s", type_name(text).c_str());
    if (!state->writable) return raise_text(T::ValueError, "not writable");
    auto* str = static_cast<W_Str*>(text);
    size_t before = state->out.size();
    if (!append_utf8(state->out, str) && state->descriptor != 2) {
        state->out.resize(before);
        long at = 0;
        while (!(str->at(at) >= 0xd800 && str->at(at) < 0xe000)) at++;
        auto* items = make_array<object_array>(5);
        items->set(0, make_str("utf-8"));
        items->set(1, str);
        items->set(2, make_int(at));
        items->set(3, make_int(at + 1));
        items->set(4, make_str("surrogates not allowed"));
        return raise_exception(make_exception(type_of(T::UnicodeEncodeError), make<W_Tuple>(items)));
    }
    bool line = state->line_buffered && memchr(state->out.data() + before, '\n', state->out.size() - before);
    if ((line || state->out.size() > 65536) && !file_flush(state)) return raise_os_error(errno, nullptr);
    return make_int(str->length());
}
Result<W_Object*> file_flush_method(W_Object* o) {
    if (!file_flush(state_of(o))) return raise_os_error(errno, nullptr);
    return none();
}
Result<W_Object*> file_read(W_Object* o, W_Object* size) {
    file_state* state = state_of(o);
    if (state->closed) return closed_file();
    long limit = size && size != none() ? HEDDLE_TRY(index_of(size)) : -1;
    while ((limit < 0 || static_cast<long>(state->in.size() - state->in_at) < limit) && fill(state)) {}
    std::string text;
    if (limit < 0) {
        text = state->in.substr(state->in_at);
        state->in_at = state->in.size();
    } else {
        size_t at = state->in_at, end = std::min(state->in.size(), at + static_cast<size_t>(limit));
        if (!state->binary) // characters, not bytes
            for (long n = 0; (end = at) < state->in.size() && n < limit; n++)
                for (at++; at < state->in.size() && (state->in[at] & 0xc0) == 0x80; at++) {}
        text = state->in.substr(state->in_at, end - state->in_at);
        state->in_at = end;
    }
    return make_text(state, text);
}
std::string next_line(file_state* state) {
    size_t end;
    while ((end = state->in.find('\n', state->in_at)) == std::string::npos)
        if (!fill(state)) break;
    size_t length = end == std::string::npos ? state->in.size() - state->in_at : end + 1 - state->in_at;
    std::string line = state->in.substr(state->in_at, length);
    state->in_at += length;
    if (state->in_at > 65536) {
        state->in.erase(0, state->in_at);
        state->in_at = 0;
    }
    return line;
}
Result<W_Object*> file_readline(W_Object* o) {
    if (state_of(o)->closed) return closed_file();
    return make_text(state_of(o), next_line(state_of(o)));
}
Result<W_Object*> file_readlines(W_Object* o) {
    W_List* lines = make_list();
    for (;;) {
        std::string line = next_line(state_of(o));
        if (line.empty()) return lines;
        list_append(lines, HEDDLE_TRY(make_text(state_of(o), line)));
    }
}
Result<W_Object*> file_next(W_Object* o) {
    if (state_of(o)->closed) return closed_file();
    std::string line = next_line(state_of(o));
    if (line.empty()) return raise_stop_iteration(nullptr);
    return make_text(state_of(o), line);
}
Result<W_Object*> file_writelines(W_Object* o, W_Object* lines) {
    W_Object* iterator = HEDDLE_TRY(get_iterator(lines));
    while (W_Object* line = next_item(iterator)) HEDDLE_TRY(file_write(o, line));
    if (pending_error()) return failure;
    return none();
}
Result<W_Object*> file_close(W_Object* o) {
    file_state* state = state_of(o);
    if (state->closed) return none();
    bool good = file_flush(state);
    if (state->descriptor > 2) close(state->descriptor);
    state->descriptor = -1;
    state->closed = true;
    if (!good) return raise_os_error(errno, nullptr);
    return none();
}
// Where the next read or write happens, in bytes.
int64_t file_position(file_state* state) {
    int64_t at = lseek(state->descriptor, 0, SEEK_CUR);
    return at < 0
               ? at
               : at + static_cast<int64_t>(state->out.size()) - static_cast<int64_t>(state->in.size() - state->in_at);
}
Result<W_Object*> file_tell(W_Object* o) {
    if (state_of(o)->closed) return closed_file();
    int64_t at = file_position(state_of(o));
    if (at < 0) return raise_os_error(errno, nullptr);
    return make_int(at);
}
Result<W_Object*> file_seek(W_Object* o, W_Object* offset, W_Object* whence) {
    file_state* state = state_of(o);
    if (state->closed) return closed_file();
    int64_t to = HEDDLE_TRY(index_64_of(offset));
    long how = whence ? HEDDLE_TRY(index_of(whence)) : SEEK_SET;
    if (how != SEEK_SET && how != SEEK_CUR && how != SEEK_END)
        return raise_error(T::ValueError, "invalid whence (%ld, should be 0, 1 or 2)", how);
    if (how == SEEK_CUR) {
        to += file_position(state);
        how = SEEK_SET;
    }
    if (!file_flush(state)) return raise_os_error(errno, nullptr);
    int64_t at = lseek(state->descriptor, to, static_cast<int>(how));
    if (at < 0) return raise_os_error(errno, nullptr);
    state->in.clear();
    state->in_at = 0;
    return make_int(at);
}
Result<W_Object*> file_self(W_Object* o) { return o; }
Result<W_Object*> file_exit(W_Arguments* arguments) { return file_close(arguments->at(0)); }
Result<W_Object*> file_fileno(W_Object* o) { return make_int(state_of(o)->descriptor); }
Result<W_Object*> file_isatty(W_Object* o) { return boolean(isatty(state_of(o)->descriptor)); }
Result<W_Object*> file_name(W_Object* o) { return make_str(state_of(o)->name); }
Result<W_Object*> file_closed(W_Object* o) { return boolean(state_of(o)->closed); }
Result<W_Object*> file_mode(W_Object* o) { return make_str(state_of(o)->mode); }
Result<W_Object*> file_encoding(W_Object*) { return make_str("utf-8"); }
Result<W_Object*> file_reconfigure(W_Arguments*) { return none(); }

constexpr builtin_entry file_methods[] = {
    {"write", file_write},       {"flush", file_flush_method},      {"read", file_read, 1},
    {"readline", file_readline}, {"readlines", file_readlines},     {"writelines", file_writelines},
    {"close", file_close},       {"__enter__", file_self},          {"__exit__", file_exit},
    {"__iter__", file_self},     {"__next__", file_next},           {"fileno", file_fileno},
    {"isatty", file_isatty},     {"reconfigure", file_reconfigure}, {"seek", file_seek, 2},
    {"tell", file_tell},
};
constexpr getset_entry file_attributes[] = {{"name", file_name, nullptr},
                                            {"closed", file_closed, nullptr},
                                            {"mode", file_mode, nullptr},
                                            {"encoding", file_encoding, nullptr}};

W_File* make_file(int descriptor, const std::string& name, const std::string& mode) {
    auto* state = new file_state;
    state->descriptor = descriptor;
    state->name = name;
    state->mode = mode;
    state->binary = mode.find('b') != std::string::npos;
    state->writable = mode.find_first_of("wax+") != std::string::npos;
    return make<W_File>(state);
}

Result<W_Object*> builtin_open(W_Object* file, W_Object* mode, W_Object*, W_Object*) {
    if (!is<W_Str>(file))
        return raise_error(T::TypeError, "expected str, bytes or os.PathLike object, not %s", type_name(file).c_str());
    std::string path = to_utf8(static_cast<W_Str*>(file)),
                how = mode && is<W_Str>(mode) ? to_utf8(static_cast<W_Str*>(mode)) : "r";
    char kind = 'r';
    for (char c : how)
        if (strchr("rwax", c))
            kind = c;
        else if (!strchr("bt+", c))
            return raise_error(T::ValueError, "invalid mode: '%s'", how.c_str());
    bool plus = how.find('+') != std::string::npos;
    int flags = kind == 'r' ? (plus ? O_RDWR : O_RDONLY) : (plus ? O_RDWR : O_WRONLY) | O_CREAT;
    if (kind == 'w') flags |= O_TRUNC;
    if (kind == 'a') flags |= O_APPEND;
    if (kind == 'x') flags |= O_EXCL;
    int descriptor = open(path.c_str(), flags | O_CLOEXEC, 0666);
    if (descriptor < 0) return raise_os_error(errno, path.c_str());
    return make_file(descriptor, path, how);
}

Result<W_Object*> builtin_input(W_Object* prompt) {
    if (prompt) HEDDLE_TRY(file_write(standard_file(1), HEDDLE_TRY(to_str(prompt))));
    (void)file_flush(state_of(standard_file(1)));
    std::string line = next_line(state_of(standard_file(0)));
    if (line.empty()) return raise_text(T::EOFError, "EOF when reading a line");
    if (line.back() == '\n') line.pop_back();
    return make_text(state_of(standard_file(0)), line);
}
constexpr builtin_entry io_functions[] = {{"open", builtin_open, 1, "file,mode,buffering,encoding"},
                                          {"input", builtin_input, 0}};

} // namespace

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> builtin_print(W_Arguments* arguments) {
    W_Object *separator = nullptr, *ending = nullptr, *file = nullptr;
    bool flush = false;
    long count = arguments->positional_count();
    for (long i = 0; i < arguments->keyword_count(); i++) {
        auto* keyword = static_cast<W_Str*>(arguments->keywords->at(i));
        W_Object* value = arguments->at(count + i);
        if (str_is(keyword, "sep"))
            separator = value == none() ? nullptr : value;
        else if (str_is(keyword, "end"))
            ending = value == none() ? nullptr : value;
        else if (str_is(keyword, "file"))
            file = value == none() ? nullptr : value;
        else if (str_is(keyword, "flush"))
            flush = HEDDLE_TRY(is_true(value));
        else
            return raise_error(T::TypeError, "'%s' is an invalid keyword argument for print()",
                               to_utf8(keyword).c_str());
    }
    if (separator && !is<W_Str>(separator))
        return raise_error(T::TypeError, "sep must be None or a string, not %s", type_name(separator).c_str());
    if (ending && !is<W_Str>(ending))
        return raise_error(T::TypeError, "end must be None or a string, not %s", type_name(ending).c_str());
    if (!file) {
        file =
            dict_get_str(static_cast<W_Module*>(dict_get_str(modules_dict, intern("sys")))->dict, name_of(N::stdout_));
        if (!file || file == none()) return none();
    }
    auto put = [&](W_Object* text) -> Result<W_Object*> {
        if (is_exact<W_File>(file)) return file_write(file, text);
        return call_method(file, name_of(N::write), text);
    };
    for (long i = 0; i < count; i++) {
        if (i) HEDDLE_TRY(put(separator ? separator : str_character(' ')));
        HEDDLE_TRY(put(HEDDLE_TRY(to_str(arguments->at(i)))));
    }
    HEDDLE_TRY(put(ending ? ending : str_character('\n')));
    if (flush) HEDDLE_TRY(call_method(file, name_of(N::flush)));
    return none();
}
bool flush_standard_streams() {
    if (standard_file(2)) (void)file_flush(state_of(standard_file(2)));
    if (!standard_file(1) || file_flush(state_of(standard_file(1)))) return true;
    int error = errno;
    write_standard(
        2, std::string("Exception ignored in: <_io.TextIOWrapper name='<stdout>' mode='w' encoding='utf-8'>\n") +
               (error == EPIPE ? "BrokenPipeError" : "OSError") + ": [Errno " + std::to_string(error) + "] " +
               strerror(error) + "\n");
    return false;
}
void write_standard(int descriptor, std::string_view text) {
    file_state* state = state_of(standard_file(descriptor));
    state->out += text;
    (void)file_flush(state);
}
void setup_io(W_Dict* sys) {
    add_methods(T::file, file_methods);
    add_getsets(T::file, file_attributes);
    add_functions(builtins_namespace(), io_functions);
    standard_files = make_array<heddle::array<member<W_File>>>(3);
    const char* names[] = {"stdin", "stdout", "stderr"};
    for (int i = 0; i < 3; i++) {
        W_File* file = make_file(i, std::string("<") + names[i] + ">", i ? "w" : "r");
        standard_files->set(i, file);
        file->state->line_buffered = i == 2 || (i == 1 && isatty(1));
        dict_set_str(sys, intern(names[i]), file);
        dict_set_str(sys, intern((std::string("__") + names[i] + "__").c_str()), file);
    }
}

} // namespace heddle::python
