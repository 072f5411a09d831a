// bytes and bytearray.
//
// A std::string_view of their bytes holds until the next safepoint; what allocates works on a copy (text_of).
#include "interpreter.h"

namespace heddle::python {
namespace {

bool has_bytes(W_Object* o) { return is<W_Bytes>(o) || is_exact<W_ByteArray>(o); }
std::string_view view_of(byte_array* data) {
    return {reinterpret_cast<const char*>(data->data()), static_cast<size_t>(data->length())};
}
// These three are for what has_bytes.
std::string_view view_of(W_Object* o) {
    return is<W_Bytes>(o) ? view_of(static_cast<W_Bytes*>(o)->data) : static_cast<W_ByteArray*>(o)->view();
}
HEDDLE_INLINE long byte_count(W_Object* o) {
    return is<W_Bytes>(o) ? static_cast<W_Bytes*>(o)->data->length() : static_cast<W_ByteArray*>(o)->length.get();
}
HEDDLE_INLINE long byte_at(W_Object* o, long index) {
    return is<W_Bytes>(o) ? static_cast<W_Bytes*>(o)->data->get(index)
                          : static_cast<W_ByteArray*>(o)->storage->get(index);
}
std::string text_of(W_Object* o) { return std::string(view_of(o)); }
// `data` is no object's.
byte_storage* make_storage(std::string_view data, long capacity) {
    auto* storage = make_array<byte_storage>(capacity);
    auto length = static_cast<long>(data.size());
    if (length) memcpy(storage->items_to_write(0, length), data.data(), data.size());
    return storage;
}
W_Object* same_kind(W_Object* like, std::string_view data) { // not `like`'s own
    auto length = static_cast<long>(data.size());
    if (is_exact<W_ByteArray>(like)) return make<W_ByteArray>(make_storage(data, length), length);
    return make<W_Bytes>(make_byte_array(data.data(), length));
}
failure_type needs_bytes(W_Object* o) {
    return raise_about_type(T::TypeError, "a bytes-like object is required, not '%s'", o);
}
#define BYTES_ARGUMENT(name, o)               \
    if (!has_bytes(o)) return needs_bytes(o); \
    std::string name = text_of(o);

// What `what` names must be an int from 0 to 255; an int of any size has the wrong value, not the wrong size.
Result<long> byte_value(W_Object* o, const char* what = "byte") {
    long value = is<W_BigInt>(o) ? -1 : HEDDLE_TRY(index_of(o));
    if (value < 0 || value > 255) return raise_error(T::ValueError, "%s must be in range(0, 256)", what);
    return value;
}

// ---- encoding and decoding
// ------------------------------------------------------------------------------------------------
std::string normal_encoding(W_Object* name) {
    std::string out;
    if (!name || !is<W_Str>(name)) return "utf8";
    for (char c : to_utf8(static_cast<W_Str*>(name)))
        if (c != '-' && c != '_' && c != ' ') out += static_cast<char>(tolower(c));
    if (out == "iso88591" || out == "latin" || out == "l1") out = "latin1";
    if (out == "usascii") out = "ascii";
    return out;
}
failure_type decode_error(const char* codec, W_Object* bytes, long start, long end, const char* reason) {
    auto* items = make_array<object_array>(5);
    items->set(0, make_str(codec));
    items->set(1, bytes);
    items->set(2, make_int(start));
    items->set(3, make_int(end));
    items->set(4, make_str(reason));
    return raise_exception(make_exception(type_of(T::UnicodeDecodeError), make<W_Tuple>(items)));
}
// One UTF-8 sequence at `at`: the code point, or -1 with *bad set to how many bytes are wrong and *reason.
long decode_utf8(std::string_view data, size_t at, size_t* length, const char** reason) {
    auto byte = [&](size_t i) { return static_cast<unsigned char>(data[i]); };
    unsigned char first = byte(at);
    *length = 1;
    *reason = "invalid start byte";
    if (first < 0x80) return first;
    if (first < 0xc2 || first > 0xf4) return -1;
    size_t count = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    long value = first & (0x3f >> count);
    for (size_t i = 1; i <= count; i++) {
        if (at + i >= data.size()) {
            *reason = "unexpected end of data";
            *length = i;
            return -1;
        }
        unsigned char next = byte(at + i);
        bool good = (next & 0xc0) == 0x80;
        if (i == 1 && first == 0xe0 && next < 0xa0) good = false;
        if (i == 1 && first == 0xed && next > 0x9f) good = false;
        if (i == 1 && first == 0xf0 && next < 0x90) good = false;
        if (i == 1 && first == 0xf4 && next > 0x8f) good = false;
        if (!good) {
            *reason = "invalid continuation byte";
            *length = i;
            return -1;
        }
        value = value << 6 | (next & 0x3f);
    }
    *length = count + 1;
    return value;
}
Result<W_Object*> decode(W_Object* o, W_Object* encoding, W_Object* errors) {
    std::string codec = normal_encoding(encoding),
                mode = errors && is<W_Str>(errors) ? to_utf8(static_cast<W_Str*>(errors)) : "strict";
    std::string data = text_of(o);
    std::u32string out;
    bool ascii = codec == "ascii", utf8 = codec == "utf8";
    if (codec == "latin1")
        return make_str_latin1(reinterpret_cast<const uint8_t*>(data.data()), static_cast<long>(data.size()));
    if (!ascii && !utf8)
        return raise_error(T::LookupError, "unknown encoding: %s", to_utf8(static_cast<W_Str*>(encoding)).c_str());
    for (size_t at = 0; at < data.size();) {
        size_t length = 1;
        const char* reason = "ordinal not in range(128)";
        auto byte = static_cast<unsigned char>(data[at]);
        long c = ascii ? (byte < 128 ? byte : -1) : decode_utf8(data, at, &length, &reason);
        if (c >= 0)
            out += static_cast<char32_t>(c);
        else if (mode == "replace")
            out += U'\ufffd';
        else if (mode == "surrogateescape")
            for (size_t i = 0; i < length; i++)
                out += static_cast<char32_t>(0xdc00 + static_cast<unsigned char>(data[at + i]));
        else if (mode == "backslashreplace")
            for (size_t i = 0; i < length; i++) {
                char escape[8];
                snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned char>(data[at + i]));
                for (char* p = escape; *p; p++) out += static_cast<char32_t>(*p);
            }
        else if (mode != "ignore")
            return decode_error(ascii ? "ascii" : "utf-8", o, static_cast<long>(at), static_cast<long>(at + length),
                                reason);
        at += length;
    }
    return make_str(out);
}

} // namespace

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> encode_str(W_Str* text, W_Object* encoding, W_Object* errors) {
    std::string codec = normal_encoding(encoding),
                mode = errors && is<W_Str>(errors) ? to_utf8(static_cast<W_Str*>(errors)) : "strict";
    uint32_t limit = codec == "ascii" ? 128 : codec == "latin1" ? 256 : 0x110000;
    if (limit == 0x110000 && codec != "utf8")
        return raise_error(T::LookupError, "unknown encoding: %s", to_utf8(static_cast<W_Str*>(encoding)).c_str());
    std::string out;
    for (long i = 0; i < text->length(); i++) {
        uint32_t c = text->at(i);
        bool surrogate = c >= 0xd800 && c < 0xe000;
        if (c < limit && !(surrogate && limit == 0x110000)) {
            if (limit < 0x110000)
                out += static_cast<char>(c);
            else
                append_utf8(out, make_str_wide(&c, 1));
            continue;
        }
        char escape[16];
        if (surrogate && mode == "surrogateescape" && c >= 0xdc80 && c < 0xdd00)
            out += static_cast<char>(c - 0xdc00);
        else if (surrogate && mode == "surrogatepass")
            out += to_utf8(make_str_wide(&c, 1));
        else if (mode == "replace")
            out += '?';
        else if (mode == "ignore")
            continue;
        else if (mode == "backslashreplace") {
            snprintf(escape, sizeof escape, c < 256 ? "\\x%02x" : c < 65536 ? "\\u%04x" : "\\U%08x", c);
            out += escape;
        } else if (mode == "xmlcharrefreplace") {
            out += "&#" + std::to_string(c) + ";";
        } else {
            auto* items = make_array<object_array>(5);
            items->set(0, make_str(limit == 128 ? "ascii" : limit == 256 ? "latin-1" : "utf-8"));
            items->set(1, text);
            items->set(2, make_int(i));
            items->set(3, make_int(i + 1));
            items->set(4, make_str(limit == 128   ? "ordinal not in range(128)"
                                   : limit == 256 ? "ordinal not in range(256)"
                                                  : "surrogates not allowed"));
            return raise_exception(make_exception(type_of(T::UnicodeEncodeError), make<W_Tuple>(items)));
        }
    }
    return make_bytes(out.data(), static_cast<long>(out.size()));
}

namespace {

// What bytes(x) holds.
Result<byte_array*> construct_data(W_Object* source, W_Object* encoding, W_Object* errors, const char* what = "byte") {
    if (!source) return make_byte_array(nullptr, 0);
    if (is<W_Str>(source)) {
        if (!encoding) return raise_text(T::TypeError, "string argument without an encoding");
        W_Object* bytes = HEDDLE_TRY(encode_str(static_cast<W_Str*>(source), encoding, errors));
        return static_cast<W_Bytes*>(bytes)->data;
    }
    if (is<W_Bytes>(source)) return static_cast<W_Bytes*>(source)->data;
    if (has_bytes(source)) {
        std::string text = text_of(source);
        return make_byte_array(text.data(), static_cast<long>(text.size()));
    }
    if (W_Object* bytes = call_special_0(source, N::bytes)) {
        if (!is<W_Bytes>(bytes)) return raise_about_type(T::TypeError, "__bytes__ returned non-bytes (type %s)", bytes);
        return static_cast<W_Bytes*>(bytes)->data;
    }
    if (pending_error()) return failure;
    if (is_int(source) || type_lookup(source->type(), N::index)) {
        long count = HEDDLE_TRY(index_of(source));
        if (count < 0) return raise_text(T::ValueError, "negative count");
        auto* data = try_make_array<byte_array>(count);
        if (!data) return raise_exception(make_exception(type_of(T::MemoryError), make_tuple_0()));
        memset(writable(data), 0, static_cast<size_t>(count));
        return data;
    }
    auto iterator = get_iterator(source);
    if (iterator.failed()) {
        if (pending_is(T::TypeError))
            return raise_about_type(T::TypeError, "cannot convert '%s' object to bytes", source);
        return failure;
    }
    std::string out;
    while (W_Object* item = next_item(iterator.value())) out += static_cast<char>(HEDDLE_TRY(byte_value(item, what)));
    if (pending_error()) return failure;
    return make_byte_array(out.data(), static_cast<long>(out.size()));
}
Result<W_Object*> bytes_construct(W_Object* source, W_Object* encoding, W_Object* errors) {
    if (source && is_exact<W_Bytes>(source)) return source;
    return make<W_Bytes>(HEDDLE_TRY(construct_data(source, encoding, errors, "bytes")));
}
Result<W_Object*> bytearray_construct(W_Object* source, W_Object* encoding, W_Object* errors) {
    byte_array* data = HEDDLE_TRY(construct_data(source, encoding, errors));
    long length = data->length();
    auto* storage = try_make_array<byte_storage>(length);
    if (!storage) return raise_exception(make_exception(type_of(T::MemoryError), make_tuple_0()));
    if (length) memcpy(storage->items_to_write(0, length), data->data(), static_cast<size_t>(length));
    return make<W_ByteArray>(storage, length);
}

Result<W_Object*> method_len(W_Object* o) { return make_int(byte_count(o)); }
Result<W_Object*> method_iter(W_Object* o) { return make<W_BytesIterator>(o); }
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> get_slice(W_Object* o, W_Slice* slice) {
    slice_bounds bounds;
    if (!slice_indices(slice, byte_count(o), &bounds)) return failure;
    std::string out;
    if (bounds.step == 1)
        out = view_of(o).substr(static_cast<size_t>(bounds.start), static_cast<size_t>(bounds.count));
    else
        for (long i = 0; i < bounds.count; i++) out += static_cast<char>(byte_at(o, bounds.at(i)));
    return same_kind(o, out);
}
Result<W_Object*> method_getitem(W_Object* o, W_Object* key) {
    if (is_exact<W_Slice>(key)) return get_slice(o, static_cast<W_Slice*>(key));
    if (!is_int(key) && !type_lookup(key->type(), N::index))
        return raise_about_type(T::TypeError, "byte indices must be integers or slices, not %s", key);
    long index = HEDDLE_TRY(subscript_of(key));
    long length = byte_count(o);
    if (index < 0) index += length;
    if (index < 0 || index >= length)
        return raise_text(T::IndexError,
                          is_exact<W_ByteArray>(o) ? "bytearray index out of range" : "index out of range");
    return make_int(byte_at(o, index));
}
Result<W_Object*> method_contains(W_Object* o, W_Object* item) {
    if (is_int(item)) {
        long value = HEDDLE_TRY(byte_value(item));
        return boolean(view_of(o).find(static_cast<char>(value)) != std::string_view::npos);
    }
    BYTES_ARGUMENT(part, item)
    return boolean(view_of(o).find(part) != std::string_view::npos);
}
Result<W_Object*> method_add(W_Object* a, W_Object* b) {
    if (!has_bytes(b))
        return raise_error(T::TypeError, "can't concat %s to %s", type_name(b).c_str(), type_name(a).c_str());
    return same_kind(a, text_of(a) + text_of(b));
}
Result<W_Object*> method_mul(W_Object* o, W_Object* count) {
    if (!is_int(count)) return not_implemented();
    long times = HEDDLE_TRY(index_of(count));
    std::string out, part = text_of(o);
    long total;
    if (times > 0 && __builtin_smull_overflow(static_cast<long>(part.size()), times, &total))
        return raise_text(T::OverflowError, "repeated bytes are too long");
    if (times > 0 && total > power_of_two_or_largest(34))
        return raise_exception(make_exception(type_of(T::MemoryError), make_tuple_0()));
    for (long i = 0; i < times && !part.empty(); i++) out += part;
    return same_kind(o, out);
}
template <compare_op Op> Result<W_Object*> method_compare(W_Object* a, W_Object* b) {
    if (!has_bytes(b)) return not_implemented();
    int order = view_of(a).compare(view_of(b));
    switch (Op) {
    case compare_op::lt: return boolean(order < 0);
    case compare_op::le: return boolean(order <= 0);
    case compare_op::eq: return boolean(order == 0);
    case compare_op::ne: return boolean(order != 0);
    case compare_op::gt: return boolean(order > 0);
    default: return boolean(order >= 0);
    }
}
Result<W_Object*> method_hash(W_Object* o) {
    byte_array* data = static_cast<W_Bytes*>(o)->data;
    return make_int(str_hash(make_str_latin1(data->data(), data->length())));
}
Result<W_Object*> method_repr(W_Object* o) {
    std::string bytes = text_of(o);
    std::string text = bytes_repr(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<long>(bytes.size()));
    if (!is_exact<W_ByteArray>(o)) return make_str(text);
    if (text[1] == '"') // a ' is escaped there all the same, as CPython does
        for (size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
    return make_str("bytearray(" + text + ")");
}
Result<W_Object*> method_decode(W_Object* o, W_Object* encoding, W_Object* errors) {
    return decode(o, encoding, errors);
}
Result<W_Object*> method_hex(W_Object* o, W_Object* separator) {
    std::string out;
    std::string data = text_of(o);
    char digits[4];
    for (size_t i = 0; i < data.size(); i++) {
        if (i && separator && is<W_Str>(separator)) out += to_utf8(static_cast<W_Str*>(separator));
        snprintf(digits, sizeof digits, "%02x", static_cast<uint8_t>(data[i]));
        out += digits;
    }
    return make_str(out);
}
Result<W_Object*> method_fromhex(W_Object*, W_Object* text) {
    if (!is<W_Str>(text)) return raise_text(T::TypeError, "fromhex() argument must be str");
    std::string digits = to_utf8(static_cast<W_Str*>(text)), out;
    for (size_t i = 0; i < digits.size();) {
        if (isspace(static_cast<unsigned char>(digits[i]))) {
            i++;
            continue;
        }
        if (i + 1 >= digits.size() || !isxdigit(digits[i]) || !isxdigit(digits[i + 1]))
            return raise_error(T::ValueError, "non-hexadecimal number found in fromhex() arg at position %zu",
                               isxdigit(digits[i]) ? i + 1 : i);
        out += static_cast<char>(strtol(digits.substr(i, 2).c_str(), nullptr, 16));
        i += 2;
    }
    return make_bytes(out.data(), static_cast<long>(out.size()));
}
Result<W_Object*> method_join(W_Object* o, W_Object* iterable) {
    W_Object* iterator = HEDDLE_TRY(get_iterator(iterable));
    std::string out;
    for (long i = 0; W_Object* item = next_item(iterator); i++) {
        if (!has_bytes(item))
            return raise_error(T::TypeError, "sequence item %ld: expected a bytes-like object, %s found", i,
                               type_name(item).c_str());
        if (i) out += text_of(o);
        out += text_of(item);
    }
    if (pending_error()) return failure;
    return same_kind(o, out);
}
Result<W_Object*> method_split(W_Object* o, W_Object* separator, W_Object* limit) {
    long most = limit ? HEDDLE_TRY(index_of(limit)) : -1;
    std::string text = text_of(o);
    W_List* parts = make_list();
    size_t at = 0;
    auto add = [&](std::string_view part) { list_append(parts, same_kind(o, part)); };
    if (!separator || separator == none()) {
        while (true) {
            while (at < text.size() && isspace(static_cast<unsigned char>(text[at]))) at++;
            if (at >= text.size()) break;
            if (most == 0) {
                add(std::string_view(text).substr(at));
                break;
            }
            size_t end = at;
            while (end < text.size() && !isspace(static_cast<unsigned char>(text[end]))) end++;
            add(std::string_view(text).substr(at, end - at));
            at = end;
            most--;
        }
        return parts;
    }
    BYTES_ARGUMENT(mark, separator)
    if (mark.empty()) return raise_text(T::ValueError, "empty separator");
    for (;;) {
        size_t end = most == 0 ? std::string::npos : text.find(mark, at);
        add(std::string_view(text).substr(at, end == std::string::npos ? end : end - at));
        if (end == std::string::npos) return parts;
        at = end + mark.size();
        most--;
    }
}
// What find, count and the like look for: bytes, or one as a number.
Result<void> read_needle(W_Object* part, std::string* needle) {
    if (is_int(part))
        *needle = std::string(1, static_cast<char>(HEDDLE_TRY(byte_value(part))));
    else if (has_bytes(part))
        *needle = text_of(part);
    else
        return needs_bytes(part);
    return ok;
}
Result<W_Object*> method_find(W_Object* o, W_Object* part, W_Object* start, W_Object* end) {
    long length = byte_count(o);
    long from = start && start != none() ? HEDDLE_TRY(index_clamped(start)) : 0,
         to = end && end != none() ? HEDDLE_TRY(index_clamped(end)) : length;
    if (from < 0) from = std::max(0l, from + length);
    if (to < 0) to += length;
    to = std::min(to, length);
    std::string needle;
    HEDDLE_TRY(read_needle(part, &needle));
    if (from > to) return make_int(-1);
    size_t at = view_of(o).substr(0, static_cast<size_t>(to)).find(needle, static_cast<size_t>(from));
    return make_int(at == std::string_view::npos ? -1 : static_cast<long>(at));
}
Result<W_Object*> method_index(W_Object* o, W_Object* part, W_Object* start, W_Object* end) {
    W_Object* at = HEDDLE_TRY(method_find(o, part, start, end));
    if (static_cast<W_Int*>(at)->value < 0) return raise_text(T::ValueError, "subsection not found");
    return at;
}
Result<W_Object*> method_count(W_Object* o, W_Object* part) {
    std::string needle;
    HEDDLE_TRY(read_needle(part, &needle));
    long count = 0;
    std::string text = text_of(o);
    if (needle.empty()) return make_int(static_cast<long>(text.size()) + 1);
    for (size_t at = 0; (at = text.find(needle, at)) != std::string::npos; at += needle.size()) count++;
    return make_int(count);
}
Result<W_Object*> method_startswith(W_Object* o, W_Object* part) {
    if (is<W_Tuple>(part)) {
        for (long i = 0; i < static_cast<W_Tuple*>(part)->length(); i++)
            if (HEDDLE_TRY(method_startswith(o, static_cast<W_Tuple*>(part)->at(i))) == singleton(2))
                return boolean(true);
        return boolean(false);
    }
    BYTES_ARGUMENT(prefix, part)
    return boolean(text_of(o).starts_with(prefix));
}
Result<W_Object*> method_endswith(W_Object* o, W_Object* part) {
    BYTES_ARGUMENT(suffix, part)
    return boolean(text_of(o).ends_with(suffix));
}
Result<W_Object*> method_replace(W_Object* o, W_Object* from, W_Object* to, W_Object* limit) {
    BYTES_ARGUMENT(old_text, from)
    BYTES_ARGUMENT(new_text, to)
    long most = limit ? HEDDLE_TRY(index_of(limit)) : -1;
    std::string text = text_of(o), out;
    size_t at = 0;
    while (most != 0) {
        size_t found = text.find(old_text, at);
        if (found == std::string::npos) break;
        out += text.substr(at, found - at) + new_text;
        at = found + old_text.size();
        if (old_text.empty()) {
            if (at >= text.size()) return same_kind(o, out);
            out += text[at++];
        }
        most--;
    }
    return same_kind(o, out + text.substr(std::min(at, text.size())));
}
template <bool Left, bool Right> Result<W_Object*> method_strip(W_Object* o, W_Object* characters) {
    std::string text = text_of(o), set = " \t\n\r\f\v";
    if (characters && characters != none()) {
        if (!has_bytes(characters)) return needs_bytes(characters);
        set = text_of(characters);
    }
    size_t start = 0, end = text.size();
    if (Left)
        while (start < end && set.find(text[start]) != std::string::npos) start++;
    if (Right)
        while (end > start && set.find(text[end - 1]) != std::string::npos) end--;
    return same_kind(o, text.substr(start, end - start));
}
template <int (*Change)(int)> Result<W_Object*> method_case(W_Object* o) {
    std::string text = text_of(o);
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 128) c = static_cast<char>(Change(c));
    return same_kind(o, text);
}
template <int (*Test)(int)> Result<W_Object*> method_is(W_Object* o) {
    std::string text = text_of(o);
    bool all = !text.empty();
    for (char c : text) all &= static_cast<unsigned char>(c) < 128 && Test(c);
    return boolean(all);
}
Result<W_Object*> method_mod(W_Object* o, W_Object* values) {
    return format_percent_bytes(static_cast<W_Bytes*>(o), values);
}

constexpr builtin_entry methods[] = {
    {"__len__", method_len},
    {"__iter__", method_iter},
    {"__getitem__", method_getitem},
    {"__contains__", method_contains},
    {"__add__", method_add},
    {"__mul__", method_mul},
    {"__rmul__", method_mul},
    {"__repr__", method_repr},
    {"decode", method_decode, 1, "self,encoding,errors"},
    {"hex", method_hex, 1, "self,sep"},
    {"fromhex", method_fromhex, 2, nullptr, builtin_entry::class_method},
    {"join", method_join},
    {"split", method_split, 1, "self,sep,maxsplit"},
    {"find", method_find, 2},
    {"index", method_index, 2},
    {"count", method_count},
    {"startswith", method_startswith},
    {"endswith", method_endswith},
    {"replace", method_replace, 3},
    {"strip", method_strip<true, true>, 1},
    {"lstrip", method_strip<true, false>, 1},
    {"rstrip", method_strip<false, true>, 1},
    {"upper", method_case<toupper>},
    {"lower", method_case<tolower>},
    {"isdigit", method_is<isdigit>},
    {"isalpha", method_is<isalpha>},
    {"isalnum", method_is<isalnum>},
    {"isspace", method_is<isspace>},
    {"__lt__", method_compare<compare_op::lt>},
    {"__le__", method_compare<compare_op::le>},
    {"__eq__", method_compare<compare_op::eq>},
    {"__ne__", method_compare<compare_op::ne>},
    {"__gt__", method_compare<compare_op::gt>},
    {"__ge__", method_compare<compare_op::ge>},
};
constexpr builtin_entry bytes_methods[] = {{"__hash__", method_hash}, {"__mod__", method_mod}};
constexpr builtin_entry construct_bytes{"bytes", bytes_construct, 0, "source,encoding,errors"};

// ---- bytearray's changes
// --------------------------------------------------------------------------------------------------
HEDDLE_INLINE W_ByteArray* array_of(W_Object* o) { return static_cast<W_ByteArray*>(o); }
void replace_data(W_Object* o, const std::string& text) {
    auto length = static_cast<long>(text.size());
    array_of(o)->storage = make_storage(text, length);
    array_of(o)->length = length;
}
// Makes room for `more` bytes at the end; they count from now on.
HEDDLE_DONT_LOOK_INSIDE void enlarge(W_ByteArray* array, long more) {
    long length = array->length, wanted = length + more;
    byte_storage* old = array->storage;
    if (wanted > old->length()) {
        auto* storage = make_array<byte_storage>(wanted + wanted / 8 + 8);
        copy_items<field<uint8_t>, byte_storage_tag, byte_storage_tag>(old, 0, storage, 0, length);
        array->storage = storage;
    }
    array->length = wanted;
}
void remove_byte(W_ByteArray* array, long at) {
    byte_storage* storage = array->storage;
    long length = array->length - 1;
    copy_items<field<uint8_t>, byte_storage_tag, byte_storage_tag>(storage, at + 1, storage, at, length - at);
    array->length = length;
}
Result<W_Object*> array_setitem(W_Object* o, W_Object* key, W_Object* value) {
    long length = array_of(o)->length;
    if (is_exact<W_Slice>(key)) {
        byte_array* fresh = HEDDLE_TRY(construct_data(value, nullptr, nullptr));
        slice_bounds bounds;
        if (!slice_indices(static_cast<W_Slice*>(key), length, &bounds)) return failure;
        std::string text = text_of(o), part(view_of(fresh));
        if (bounds.step == 1) {
            if (bounds.stop < bounds.start) bounds.stop = bounds.start;
            text.replace(static_cast<size_t>(bounds.start), static_cast<size_t>(bounds.stop - bounds.start), part);
        } else if (part.empty()) { // removes them, as `del` does
            long highest = bounds.step > 0 ? bounds.start + (bounds.count - 1) * bounds.step : bounds.start;
            for (long i = 0; i < bounds.count; i++)
                text.erase(static_cast<size_t>(highest - i * std::abs(bounds.step)), 1);
        } else {
            if (static_cast<long>(part.size()) != bounds.count)
                return raise_error(T::ValueError, "attempt to assign bytes of size %zu to extended slice of size %ld",
                                   part.size(), bounds.count);
            for (long i = 0; i < bounds.count; i++)
                text[static_cast<size_t>(bounds.at(i))] = part[static_cast<size_t>(i)];
        }
        replace_data(o, text);
        return none();
    }
    long index = HEDDLE_TRY(subscript_of(key)), byte = HEDDLE_TRY(byte_value(value));
    if (index < 0) index += length;
    if (index < 0 || index >= length) return raise_text(T::IndexError, "bytearray index out of range");
    array_of(o)->storage->set(index, static_cast<uint8_t>(byte));
    return none();
}
Result<W_Object*> array_delitem(W_Object* o, W_Object* key) {
    if (is_exact<W_Slice>(key)) return array_setitem(o, key, make_bytes(nullptr, 0));
    long index = HEDDLE_TRY(subscript_of(key)), length = array_of(o)->length;
    if (index < 0) index += length;
    if (index < 0 || index >= length) return raise_text(T::IndexError, "bytearray index out of range");
    remove_byte(array_of(o), index);
    return none();
}
Result<W_Object*> array_append(W_Object* o, W_Object* item) {
    long byte = HEDDLE_TRY(byte_value(item));
    enlarge(array_of(o), 1);
    array_of(o)->storage->set(array_of(o)->length - 1, static_cast<uint8_t>(byte));
    return none();
}
Result<W_Object*> array_extend(W_Object* o, W_Object* items) {
    byte_array* more = HEDDLE_TRY(construct_data(items, nullptr, nullptr));
    long count = more->length(), at = array_of(o)->length;
    enlarge(array_of(o), count);
    if (count) memcpy(array_of(o)->storage->items_to_write(at, count), more->data(), static_cast<size_t>(count));
    return none();
}
Result<W_Object*> array_iadd(W_Object* o, W_Object* items) {
    HEDDLE_TRY(array_extend(o, items));
    return o;
}
Result<W_Object*> array_pop(W_Object* o, W_Object* index) {
    long length = array_of(o)->length, at = index ? HEDDLE_TRY(index_of(index)) : length - 1;
    if (length == 0) return raise_text(T::IndexError, "pop from empty bytearray");
    if (at < 0) at += length;
    if (at < 0 || at >= length) return raise_text(T::IndexError, "pop index out of range");
    W_Object* value = make_int(byte_at(o, at));
    remove_byte(array_of(o), at);
    return value;
}
Result<W_Object*> array_clear(W_Object* o) {
    replace_data(o, "");
    return none();
}
Result<W_Object*> array_copy(W_Object* o) { return same_kind(o, text_of(o)); }
constexpr builtin_entry array_methods[] = {
    {"__setitem__", array_setitem}, {"__delitem__", array_delitem}, {"append", array_append}, {"extend", array_extend},
    {"__iadd__", array_iadd},       {"pop", array_pop, 1},          {"clear", array_clear},   {"copy", array_copy},
};
constexpr builtin_entry construct_bytearray{"bytearray", bytearray_construct, 0, "source,encoding,errors"};

} // namespace

std::string_view W_ByteArray::view() const {
    long count = length;
    return {reinterpret_cast<const char*>(storage->items_to_read(0, count)), static_cast<size_t>(count)};
}

void setup_bytes() {
    add_methods(T::bytes, methods);
    add_methods(T::bytes, bytes_methods);
    add_constructor(T::bytes, &construct_bytes);
    add_methods(T::bytearray, methods);
    add_methods(T::bytearray, array_methods);
    dict_set_str(type_of(T::bytearray)->dict, name_of(N::hash), none());
    add_constructor(T::bytearray, &construct_bytearray);
}

} // namespace heddle::python
