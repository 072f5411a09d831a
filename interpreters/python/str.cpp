// str: the objects, UTF-8 conversion, interning, comparison, search, slices. Methods are in str_methods.cpp.
#include "interpreter.h"
#include <utf8proc.h>

namespace heddle::python {

namespace {
root<heddle::array<member<W_Str>>> intern_table; // open addressing, a power of two long
constexpr long most_probes =
    32; // before a count of its strings is made: one that is kept would be what all threads write
root<heddle::array<member<W_Str>>> characters; // of the code points below 256
root<W_Str> empty_string;
} // namespace

void setup_strings() {
    intern_table = make_array<heddle::array<member<W_Str>>>(4096);
    empty_string = make_str_latin1(nullptr, 0);
    characters = make_array<heddle::array<member<W_Str>>>(256);
    for (int c = 0; c < 256; c++) {
        uint8_t byte = static_cast<uint8_t>(c);
        characters->set(c, make_str_latin1(&byte, 1));
    }
}

// ---- making
// -------------------------------------------------------------------------------------------------------------
byte_array* make_byte_array(const void* data, long length) {
    auto* array = make_array<byte_array>(length);
    if (length && data) memcpy(writable(array), data, static_cast<size_t>(length));
    return array;
}
W_Bytes* make_bytes(const void* data, long length) { return make<W_Bytes>(make_byte_array(data, length)); }
W_Str* make_str_latin1(const uint8_t* text, long length) { return make<W_Str>(make_byte_array(text, length), nullptr); }
W_Str* make_str_wide(const uint32_t* text, long length) {
    uint32_t all = 0;
    for (long i = 0; i < length; i++) all |= text[i];
    if (all < 256) {
        auto* narrow = make_array<byte_array>(length);
        uint8_t* out = writable(narrow);
        for (long i = 0; i < length; i++) out[i] = static_cast<uint8_t>(text[i]);
        return make<W_Str>(narrow, nullptr);
    }
    auto* wide = make_array<wide_array>(length);
    memcpy(const_cast<uint32_t*>(wide->data()), text, static_cast<size_t>(length) * 4);
    return make<W_Str>(nullptr, wide);
}
W_Str* make_str(std::u32string_view text) {
    return make_str_wide(reinterpret_cast<const uint32_t*>(text.data()), static_cast<long>(text.size()));
}

static uint32_t decode_one(const char*& at, const char* end) {
    auto byte = static_cast<unsigned char>(*at);
    long count = byte < 0x80 ? 0 : byte >= 0xf0 && byte < 0xf5 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc2 ? 1 : -1;
    if (byte >= 0xf5 || count < 0 || end - at <= count) {
        at++;
        return 0xfffd;
    }
    uint32_t c = count == 0 ? byte : byte & (0x3f >> count);
    for (long i = 1; i <= count; i++) {
        auto next = static_cast<unsigned char>(at[i]);
        if ((next & 0xc0) != 0x80) {
            at++;
            return 0xfffd;
        }
        c = c << 6 | (next & 0x3f);
    }
    at += count + 1;
    return c;
}
W_Str* make_str(std::string_view utf8) {
    bool ascii_only = true;
    for (char c : utf8) ascii_only &= static_cast<unsigned char>(c) < 128;
    if (ascii_only)
        return make_str_latin1(reinterpret_cast<const uint8_t*>(utf8.data()), static_cast<long>(utf8.size()));
    std::u32string text;
    for (const char *at = utf8.data(), *end = at + utf8.size(); at < end;)
        text += static_cast<char32_t>(decode_one(at, end));
    return make_str(text);
}

// ---- reading
// ------------------------------------------------------------------------------------------------------------
static void append_code_point(std::string& out, uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xe0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    }
}
std::string to_utf8(const W_Str* text) {
    std::string out;
    long length = text->length();
    out.reserve(static_cast<size_t>(length));
    for (long i = 0; i < length; i++) append_code_point(out, text->at(i));
    return out;
}
bool append_utf8(std::string& out, const W_Str* text) {
    bool good = true;
    for (long i = 0, length = text->length(); i < length; i++) {
        uint32_t c = text->at(i);
        if (c >= 0xd800 && c < 0xe000) {
            good = false;
            c = '?';
        }
        append_code_point(out, c);
    }
    return good;
}
std::u32string to_u32(const W_Str* text) {
    std::u32string out(static_cast<size_t>(text->length()), U'\0');
    for (long i = 0; i < text->length(); i++) out[static_cast<size_t>(i)] = text->at(i);
    return out;
}
// What int() and float() read: Unicode decimal digits and spaces as ASCII ones, other non-ASCII characters as '?'.
std::string number_text(W_Str* text) {
    std::string out;
    for (long i = 0; i < text->length(); i++) {
        uint32_t c = text->at(i);
        if (c < 128) {
            out += static_cast<char>(c);
            continue;
        }
        auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
        if (category == UTF8PROC_CATEGORY_ND) {
            uint32_t zero = c; // decimal digits come in runs of ten
            while (zero > 0 && c - (zero - 1) < 10 &&
                   utf8proc_category(static_cast<utf8proc_int32_t>(zero - 1)) == UTF8PROC_CATEGORY_ND)
                zero--;
            out += static_cast<char>('0' + (c - zero) % 10);
        } else if (category == UTF8PROC_CATEGORY_ZS) {
            out += ' ';
        } else {
            out += '?';
        }
    }
    return out;
}
bool str_is(const W_Str* text, const char* ascii) {
    long length = static_cast<long>(strlen(ascii));
    return text->narrow && text->length() == length &&
           memcmp(text->narrow->data(), ascii, static_cast<size_t>(length)) == 0;
}

// ---- comparing
// ------------------------------------------------------------------------------------------------------------
HEDDLE_ELIDABLE long str_hash(W_Str* text) {
    long known = text->hash;
    if (known) return known;
    constexpr unsigned long prime = by_width(0x100000001b3u, 0x01000193u); // FNV-1a
    unsigned long hash = by_width(0xcbf29ce484222325u, 0x811c9dc5u);
    long length = text->length();
    if (text->narrow) {
        const uint8_t* data = text->narrow->data();
        for (long i = 0; i < length; i++) hash = (hash ^ data[i]) * prime;
    } else {
        for (long i = 0; i < length; i++) hash = (hash ^ text->wide->get(i)) * prime;
    }
    hash ^= hash >> (long_bits / 2);
    long result = static_cast<long>(hash);
    if (result == 0 || result == -1) result = 1;
    text->hash = result;
    return result;
}
HEDDLE_ELIDABLE bool str_equal(W_Str* a, W_Str* b) {
    if (a == b) return true;
    if (a->interned && b->interned) return false;
    if (a->narrow && b->narrow) {
        long length = a->narrow->length();
        return length == b->narrow->length() &&
               memcmp(a->narrow->data(), b->narrow->data(), static_cast<size_t>(length)) == 0;
    }
    if (!a->wide || !b->wide) return false; // a wide string has a wide character
    long length = a->wide->length();
    return length == b->wide->length() &&
           memcmp(a->wide->data(), b->wide->data(), static_cast<size_t>(length) * 4) == 0;
}
HEDDLE_ELIDABLE long str_compare(W_Str* a, W_Str* b) {
    long left = a->length(), right = b->length();
    if (a->narrow && b->narrow) {
        int order = memcmp(a->narrow->data(), b->narrow->data(), static_cast<size_t>(left < right ? left : right));
        return order ? order : left < right ? -1 : left > right;
    }
    for (long i = 0; i < left && i < right; i++) {
        uint32_t x = a->at(i), y = b->at(i);
        if (x != y) return x < y ? -1 : 1;
    }
    return left < right ? -1 : left > right;
}

// How many places it looked at.
static long insert_interned(heddle::array<member<W_Str>>* table, W_Str* text) {
    long mask = table->length() - 1, slot = str_hash(text) & mask, probes = 1;
    for (; table->get(slot); probes++) slot = (slot + 1) & mask;
    table->set(slot, text);
    return probes;
}
static bool is_crowded(heddle::array<member<W_Str>>* table) {
    long count = 0;
    for (long i = 0; i < table->length(); i++) count += table->get(i) != nullptr;
    return count * 3 > table->length();
}
HEDDLE_DONT_LOOK_INSIDE W_Str* intern(W_Str* text) {
    if (text->interned) return text;
    heddle::array<member<W_Str>>* table = intern_table;
    long mask = table->length() - 1, slot = str_hash(text) & mask;
    while (W_Str* other = table->get(slot)) {
        if (str_hash(other) == str_hash(text) && str_equal(other, text)) return other;
        slot = (slot + 1) & mask;
    }
    if (!is_exact<W_Str>(text)) text = make<W_Str>(text->narrow, text->wide);
    (void)str_hash(text);
    text->interned = 1;
    if (insert_interned(table, text) > most_probes && is_crowded(table)) {
        auto* larger = make_array<heddle::array<member<W_Str>>>(table->length() * 2);
        for (long i = 0; i < table->length(); i++)
            if (W_Str* old = table->get(i)) insert_interned(larger, old);
        intern_table = larger;
    }
    return text;
}
W_Str* intern(const char* ascii) { return intern(make_str(std::string_view(ascii))); }

// ---- pieces
// ---------------------------------------------------------------------------------------------------------------
HEDDLE_ELIDABLE W_Str* str_concat(W_Str* a, W_Str* b) {
    long left = a->length(), right = b->length();
    if (left == 0 && is_exact<W_Str>(b)) return b;
    if (right == 0 && is_exact<W_Str>(a)) return a;
    if (a->narrow && b->narrow) {
        auto* bytes = make_array<byte_array>(left + right);
        memcpy(writable(bytes), a->narrow->data(), static_cast<size_t>(left));
        memcpy(writable(bytes) + left, b->narrow->data(), static_cast<size_t>(right));
        return make<W_Str>(bytes, nullptr);
    }
    auto* wide = make_array<wide_array>(left + right);
    auto* out = const_cast<uint32_t*>(wide->data());
    for (long i = 0; i < left; i++) out[i] = a->at(i);
    for (long i = 0; i < right; i++) out[left + i] = b->at(i);
    return make<W_Str>(nullptr, wide);
}
HEDDLE_ELIDABLE heddle::array<member<W_Str>>* character_table() { return characters; }
HEDDLE_ELIDABLE W_Str* str_wide_character(long code_point) {
    auto c = static_cast<uint32_t>(code_point);
    return make_str_wide(&c, 1);
}
HEDDLE_ELIDABLE W_Str* str_substring(W_Str* text, long start, long end) {
    if (start >= end) return empty_string;
    if (end - start == 1) return str_character(text->at(start));
    if (start == 0 && end == text->length() && is_exact<W_Str>(text)) return text;
    if (text->narrow) {
        auto* bytes = make_array<byte_array>(end - start);
        memcpy(writable(bytes), text->narrow->data() + start, static_cast<size_t>(end - start));
        return make<W_Str>(bytes, nullptr);
    }
    return make_str(to_u32(text).substr(static_cast<size_t>(start), static_cast<size_t>(end - start)));
}
HEDDLE_DONT_LOOK_INSIDE long str_find(W_Str* text, W_Str* part, long start, long end) {
    long length = part->length();
    if (start > end || end - start < length) return -1;
    if (length == 0) return start;
    if (text->narrow && part->narrow) {
        const uint8_t* data = text->narrow->data();
        const void* at =
            memmem(data + start, static_cast<size_t>(end - start), part->narrow->data(), static_cast<size_t>(length));
        return at ? static_cast<const uint8_t*>(at) - data : -1;
    }
    for (long i = start; i + length <= end; i++) {
        long j = 0;
        while (j < length && text->at(i + j) == part->at(j)) j++;
        if (j == length) return i;
    }
    return -1;
}
HEDDLE_DONT_LOOK_INSIDE long str_rfind(W_Str* text, W_Str* part, long start, long end) {
    long length = part->length();
    for (long i = end - length; i >= start; i--) {
        long j = 0;
        while (j < length && text->at(i + j) == part->at(j)) j++;
        if (j == length) return i;
    }
    return -1;
}

// ---- repr
// -----------------------------------------------------------------------------------------------------------------
bool is_printable(uint32_t c) {
    if (c < 128) return c >= 32 && c < 127;
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS: return false;
    default: return true;
    }
}
// A literal of `length` characters. `plain` appends a character that may stand for itself, or answers false.
template <class At, class Plain> static std::string literal(const char* prefix, long length, At at, Plain plain) {
    bool single = false, twice = false;
    for (long i = 0; i < length; i++) {
        single |= at(i) == '\'';
        twice |= at(i) == '"';
    }
    char quote = single && !twice ? '"' : '\'';
    std::string out = std::string(prefix) + quote;
    char escape[16];
    for (long i = 0; i < length; i++) {
        uint32_t c = at(i);
        if (c == static_cast<uint32_t>(quote) || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else if (c == '\n')
            out += "\\n";
        else if (c == '\r')
            out += "\\r";
        else if (c == '\t')
            out += "\\t";
        else if (!plain(out, c)) {
            snprintf(escape, sizeof escape, c < 256 ? "\\x%02x" : c < 65536 ? "\\u%04x" : "\\U%08x", c);
            out += escape;
        }
    }
    return out + quote;
}
std::string quoted_repr(const W_Str* text) {
    return literal(
        "", text->length(), [&](long i) { return text->at(i); },
        [](std::string& out, uint32_t c) {
            if (!is_printable(c)) return false;
            append_code_point(out, c);
            return true;
        });
}
std::string bytes_repr(const uint8_t* data, long length) {
    return literal(
        "b", length, [&](long i) { return uint32_t{data[i]}; },
        [](std::string& out, uint32_t c) {
            if (c < 32 || c >= 127) return false;
            out += static_cast<char>(c);
            return true;
        });
}

// ---- dunder methods
// -----------------------------------------------------------------------------------------------------
namespace {

HEDDLE_INLINE W_Str* text_of(W_Object* o) { return static_cast<W_Str*>(o); }

Result<W_Object*> method_add(W_Object* a, W_Object* b) {
    if (!is<W_Str>(b)) return not_implemented();
    return str_concat(text_of(a), text_of(b));
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> repeat(W_Str* text, long count) {
    long length = text->length();
    if (count <= 0 || length == 0) return empty_string.get();
    long total;
    if (__builtin_smull_overflow(length, count, &total))
        return raise_text(T::OverflowError, "repeated string is too long");
    if (total > power_of_two_or_largest(36))
        return raise_exception(make_exception(type_of(T::MemoryError), make_tuple_0()));
    if (text->narrow) {
        auto* bytes = try_make_array<byte_array>(total);
        if (!bytes) return raise_exception(make_exception(type_of(T::MemoryError), make_tuple_0()));
        if (length == 1)
            memset(writable(bytes), static_cast<int>(text->at(0)), static_cast<size_t>(count));
        else
            for (long i = 0; i < count; i++)
                memcpy(writable(bytes) + i * length, text->narrow->data(), static_cast<size_t>(length));
        return make<W_Str>(bytes, nullptr);
    }
    auto* wide = try_make_array<wide_array>(total);
    if (!wide) return raise_exception(make_exception(type_of(T::MemoryError), make_tuple_0()));
    for (long i = 0; i < count; i++)
        memcpy(const_cast<uint32_t*>(wide->data()) + i * length, text->wide->data(), static_cast<size_t>(length) * 4);
    return make<W_Str>(nullptr, wide);
}
Result<W_Object*> method_mul(W_Object* a, W_Object* b) {
    if (!is_int(b) && !type_lookup(b->type(), N::index)) return not_implemented();
    long count = HEDDLE_TRY(index_of(b));
    return repeat(text_of(a), count);
}
Result<W_Object*> method_mod(W_Object* a, W_Object* b) { return format_percent(text_of(a), b); }
template <compare_op Op> Result<W_Object*> method_compare(W_Object* a, W_Object* b) {
    if (!is<W_Str>(b)) return not_implemented();
    if (Op == compare_op::eq) return boolean(str_equal(text_of(a), text_of(b)));
    if (Op == compare_op::ne) return boolean(!str_equal(text_of(a), text_of(b)));
    long order = str_compare(text_of(a), text_of(b));
    return boolean(Op == compare_op::lt   ? order < 0
                   : Op == compare_op::le ? order <= 0
                   : Op == compare_op::gt ? order > 0
                                          : order >= 0);
}
Result<W_Object*> method_len(W_Object* o) { return make_int(text_of(o)->length()); }
Result<W_Object*> method_hash(W_Object* o) { return make_int(str_hash(text_of(o))); }
Result<W_Object*> method_repr(W_Object* o) {
    W_Str* text = text_of(o);
    if (!text->narrow) return make_str(quoted_repr(text));
    byte_array* source = text->narrow;
    long length = source->length();
    for (long i = 0; i < length; i++) {
        uint8_t c = source->get(i);
        if (c < 32 || c >= 127 || c == '\'' || c == '\\') return make_str(quoted_repr(text));
    }
    auto* bytes = make_array<byte_array>(length + 2); // the rule: nothing to escape
    uint8_t* out = writable(bytes);
    out[0] = out[length + 1] = '\'';
    memcpy(out + 1, source->data(), static_cast<size_t>(length));
    return make<W_Str>(bytes, nullptr);
}
Result<W_Object*> method_str(W_Object* o) {
    return is_exact<W_Str>(o) ? o : make<W_Str>(text_of(o)->narrow, text_of(o)->wide);
}
Result<W_Object*> method_iter(W_Object* o) { return make<W_StrIterator>(text_of(o)); }
Result<W_Object*> method_contains(W_Object* o, W_Object* part) {
    if (!is<W_Str>(part))
        return raise_about_type(T::TypeError, "'in <string>' requires string as left operand, not %s", part);
    return boolean(str_find(text_of(o), text_of(part), 0, text_of(o)->length()) >= 0);
}
W_Str* slice_within(W_Str* text, const slice_bounds& bounds) {
    if (bounds.step == 1) return str_substring(text, bounds.start, bounds.stop);
    std::u32string out;
    for (long i = 0; i < bounds.count; i++) out += static_cast<char32_t>(text->at(bounds.at(i)));
    return make_str(out);
}
HEDDLE_ELIDABLE W_Str* str_slice(W_Str* text, long start, long stop, long step) {
    return slice_within(text, bounds_within(start, stop, step, text->length()));
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> get_slice(W_Str* text, W_Slice* slice) {
    slice_bounds bounds;
    if (!slice_indices(slice, text->length(), &bounds)) return failure;
    return slice_within(text, bounds);
}
Result<W_Object*> method_getitem(W_Object* o, W_Object* key) {
    if (is_exact<W_Slice>(key)) {
        auto* slice = static_cast<W_Slice*>(key);
        if (!has_int_parts(slice)) return get_slice(text_of(o), slice);
        long step = step_of(slice);
        return str_slice(text_of(o), start_of(slice, step), stop_of(slice, step), step);
    }
    if (!is_int(key) && !type_lookup(key->type(), N::index))
        return raise_about_type(T::TypeError, "string indices must be integers, not '%s'", key);
    long index = HEDDLE_PYTHON_SUBSCRIPT(key), length = text_of(o)->length();
    if (index < 0) index += length;
    if (index < 0 || index >= length) return raise_text(T::IndexError, "string index out of range");
    return str_character(text_of(o)->at(index));
}
Result<W_Object*> method_format(W_Object* o, W_Object* specification) {
    if (!is<W_Str>(specification))
        return raise_about_type(T::TypeError, "__format__() argument must be str, not %s", specification);
    return HEDDLE_TRY(format_str(text_of(o), text_of(specification)));
}
Result<W_Object*> str_construct(W_Object* o, W_Object* encoding, W_Object* errors) {
    if (!o) return empty_string.get();
    if (encoding || errors) return call_method(o, intern("decode"), encoding ? encoding : make_str("utf-8"), errors);
    return HEDDLE_TRY(to_str(o));
}

constexpr builtin_entry methods[] = {
    {"__add__", method_add},
    {"__mul__", method_mul},
    {"__rmul__", method_mul},
    {"__mod__", method_mod},
    {"__lt__", method_compare<compare_op::lt>},
    {"__le__", method_compare<compare_op::le>},
    {"__eq__", method_compare<compare_op::eq>},
    {"__ne__", method_compare<compare_op::ne>},
    {"__gt__", method_compare<compare_op::gt>},
    {"__ge__", method_compare<compare_op::ge>},
    {"__len__", method_len},
    {"__hash__", method_hash},
    {"__repr__", method_repr},
    {"__str__", method_str},
    {"__iter__", method_iter},
    {"__contains__", method_contains},
    {"__getitem__", method_getitem},
    {"__format__", method_format},
};
constexpr builtin_entry construct{"str", str_construct, 0, "object,encoding,errors"};

} // namespace

void setup_str() {
    add_methods(T::str, methods);
    add_constructor(T::str, &construct);
}

} // namespace heddle::python
