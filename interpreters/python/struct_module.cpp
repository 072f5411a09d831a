// The module _struct: Python values to and from C's layouts, by a format as CPython's struct has it.
#include "bigint.h"
#include "builtin_modules.h"
#include <algorithm>

namespace heddle::python {
namespace {

struct element {
    char code;
    long count;  // a repeat count; for 's' and 'p' the length
    long size;   // of one
    long offset; // from the start
};
struct layout_of_format {
    std::vector<element> elements;
    long size = 0;
    long values = 0;
    bool big_endian = false;
};

failure_type struct_error(const std::string& text) {
    W_Object* module = dict_get_str(modules_dict, intern("struct"));
    W_Object* type =
        module && is<W_Module>(module) ? dict_get_str(static_cast<W_Module*>(module)->dict, intern("error")) : nullptr;
    if (!type || !is<W_Type>(type)) return raise_text(T::ValueError, text.c_str());
    W_Object* exception = HEDDLE_TRY(call_1(type, make_str(text)));
    return raise_exception(static_cast<W_Exception*>(exception));
}
long size_of(char code, bool native) {
    switch (code) {
    case 'x':
    case 'c':
    case 'b':
    case 'B':
    case '?':
    case 's':
    case 'p': return 1;
    case 'h':
    case 'H':
    case 'e': return 2;
    case 'i':
    case 'I':
    case 'f': return 4;
    case 'l':
    case 'L': return native ? static_cast<long>(sizeof(long)) : 4;
    case 'q':
    case 'Q':
    case 'd': return 8;
    case 'n':
    case 'N':
    case 'P': return native ? static_cast<long>(sizeof(long)) : 0;
    default: return 0;
    }
}
Result<void> parse(W_Object* format, layout_of_format& out) {
    std::string text;
    if (is<W_Str>(format))
        text = to_utf8(static_cast<W_Str*>(format));
    else if (is<W_Bytes>(format)) {
        std::string_view view;
        (void)buffer_of(format, &view);
        text = view;
    } else
        return raise_error(T::TypeError, "Struct() argument 1 must be a str or bytes object, not %s",
                           type_name(format).c_str());
    size_t at = 0;
    bool native = true, aligned = true;
    if (!text.empty() && strchr("@=<>!", text[0])) {
        native = aligned = text[0] == '@';
        out.big_endian = text[0] == '>' || text[0] == '!';
        at = 1;
    }
    while (at < text.size()) {
        if (isspace(static_cast<unsigned char>(text[at]))) {
            at++;
            continue;
        }
        long count = 1;
        if (isdigit(static_cast<unsigned char>(text[at]))) {
            for (count = 0; at < text.size() && isdigit(static_cast<unsigned char>(text[at])); at++) {
                count = count * 10 + (text[at] - '0');
                if (count > power_of_two_or_largest(40) / 16) return struct_error("overflow in item count");
            }
            if (at == text.size()) return struct_error("repeat count given without format specifier");
        }
        char code = text[at++];
        long size = size_of(code, native);
        if (size == 0) return struct_error("bad char in struct format");
        if (aligned && out.size % size) out.size += size - out.size % size;
        out.elements.push_back({code, count, size, out.size});
        out.size += count * size;
        out.values += code == 'x' ? 0 : code == 's' || code == 'p' ? 1 : count;
    }
    return ok;
}

void store(char* to, uint64_t bits, long size, bool big_endian) {
    for (long i = 0; i < size; i++) to[big_endian ? size - 1 - i : i] = static_cast<char>(bits >> (8 * i));
}
uint64_t fetch(const char* from, long size, bool big_endian) {
    uint64_t bits = 0;
    for (long i = 0; i < size; i++)
        bits |= uint64_t{static_cast<unsigned char>(from[big_endian ? size - 1 - i : i])} << (8 * i);
    return bits;
}
double half_to_double(uint64_t bits) {
    long exponent = (bits >> 10) & 31, fraction = bits & 1023;
    double value = exponent == 31 ? (fraction ? __builtin_nan("") : __builtin_inf())
                   : exponent ? __builtin_ldexp(static_cast<double>(fraction + 1024), static_cast<int>(exponent - 25))
                              : __builtin_ldexp(static_cast<double>(fraction), -24);
    return bits >> 15 ? -value : value;
}
Result<uint64_t> integer_bits(W_Object* value, char code, long size) {
    if (!is_int(value) && !type_lookup(value->type(), N::index))
        return struct_error("required argument is not an integer");
    big number(HEDDLE_TRY(to_index_object(value)));
    bool is_signed = strchr("bhilqn", code) != nullptr;
    big least(0l), most(1l);
    unsigned long bits = static_cast<unsigned long>(size) * 8;
    mpz_mul_2exp(most.value, most.value, is_signed ? bits - 1 : bits);
    if (is_signed) mpz_neg(least.value, most.value);
    mpz_sub_ui(most.value, most.value, 1);
    if (mpz_cmp(number.value, least.value) < 0 || mpz_cmp(number.value, most.value) > 0) {
        if (code == 'q' || code == 'Q' || size == 8) return struct_error("int too large to convert");
        std::string kind = code == 'b'   ? "byte"
                           : code == 'B' ? "ubyte"
                           : code == 'h' ? "short"
                           : code == 'H' ? "ushort"
                                         : std::string("'") + code + "'";
        return struct_error(kind + " format requires " + int_to_text(least.object()) +
                            " <= number <= " + int_to_text(most.object()));
    }
    uint64_t magnitude = low_64_bits(number.value);
    return mpz_sgn(number.value) < 0 ? 0 - magnitude : magnitude;
}
Result<void> pack_value(char* to, const element& e, W_Object* value, bool big_endian) {
    switch (e.code) {
    case 'c': {
        if (!is<W_Bytes>(value) || static_cast<W_Bytes*>(value)->data->length() != 1)
            return struct_error("char format requires a bytes object of length 1");
        *to = static_cast<char>(static_cast<W_Bytes*>(value)->data->get(0));
        return ok;
    }
    case '?': *to = HEDDLE_TRY(is_true(value)) ? 1 : 0; return ok;
    case 's':
    case 'p': {
        if (!is<W_Bytes>(value) && !is_exact<W_ByteArray>(value))
            return struct_error(std::string("argument for '") + e.code + "' must be a bytes object");
        std::string_view view;
        (void)buffer_of(value, &view);
        if (e.count == 0) return ok;
        size_t room = static_cast<size_t>(e.count) - (e.code == 'p');
        size_t length = std::min(view.size(), e.code == 'p' ? std::min(room, size_t{255}) : room);
        if (e.code == 'p') *to++ = static_cast<char>(length);
        memcpy(to, view.data(), length);
        return ok;
    }
    case 'f':
    case 'd':
    case 'e': {
        if (!is<W_Float>(value) && !is_int(value) && !type_lookup(value->type(), N::float_))
            return struct_error("required argument is not a float");
        double number = HEDDLE_TRY(to_double(value));
        uint64_t bits = 0;
        if (e.code == 'd') {
            memcpy(&bits, &number, 8);
        } else if (e.code == 'f') {
            auto narrow = static_cast<float>(number);
            if (__builtin_isinf(narrow) && !__builtin_isinf(number))
                return raise_text(T::OverflowError, "float too large to pack with f format");
            memcpy(&bits, &narrow, 4);
        } else {
            return struct_error("packing half floats ('e') is not supported");
        }
        store(to, bits, e.size, big_endian);
        return ok;
    }
    default: store(to, HEDDLE_TRY(integer_bits(value, e.code, e.size)), e.size, big_endian); return ok;
    }
}
Result<void> pack_all(W_Arguments* arguments, long first, const layout_of_format& layout, std::string* out) {
    long given = arguments->positional_count() - first;
    if (given != layout.values)
        return struct_error("pack expected " + std::to_string(layout.values) + " items for packing (got " +
                            std::to_string(given) + ")");
    out->assign(static_cast<size_t>(layout.size), '\0');
    long next = first;
    for (const element& e : layout.elements) {
        if (e.code == 'x') continue;
        long repeats = e.code == 's' || e.code == 'p' ? 1 : e.count;
        for (long i = 0; i < repeats; i++)
            HEDDLE_TRY(pack_value(out->data() + e.offset + i * e.size, e, arguments->at(next++), layout.big_endian));
    }
    return ok;
}
W_Object* unpack_value(const char* from, const element& e, bool big_endian) {
    switch (e.code) {
    case 'c': return make_bytes(from, 1);
    case '?': return boolean(*from != 0);
    case 's': return make_bytes(from, e.count);
    case 'p': {
        long length = e.count ? static_cast<unsigned char>(*from) : 0;
        return make_bytes(from + (e.count ? 1 : 0), std::min(length, std::max(0l, e.count - 1)));
    }
    default: break;
    }
    uint64_t bits = fetch(from, e.size, big_endian);
    if (e.code == 'd') {
        double value;
        memcpy(&value, &bits, 8);
        return make_float(value);
    }
    if (e.code == 'f') {
        float value;
        memcpy(&value, &bits, 4);
        return make_float(static_cast<double>(value));
    }
    if (e.code == 'e') return make_float(half_to_double(bits));
    if (strchr("bhilqn", e.code)) {
        long shift = 64 - 8 * e.size;
        return make_int(static_cast<int64_t>(bits << shift) >> shift);
    }
    return make_int(bits);
}
W_Object* unpack_all(const std::string& data, const layout_of_format& layout) {
    auto* items = make_array<object_array>(layout.values);
    long next = 0;
    for (const element& e : layout.elements) {
        if (e.code == 'x') continue;
        long repeats = e.code == 's' || e.code == 'p' ? 1 : e.count;
        for (long i = 0; i < repeats; i++)
            items->set(next++, unpack_value(data.data() + e.offset + i * e.size, e, layout.big_endian));
    }
    return make<W_Tuple>(items);
}

// ---- functions
// ------------------------------------------------------------------------------------------------------------
Result<W_Object*> struct_calcsize(W_Object* format) {
    layout_of_format layout;
    HEDDLE_TRY(parse(format, layout));
    return make_int(layout.size);
}
Result<W_Object*> struct_pack(W_Arguments* arguments) {
    if (arguments->keyword_count()) return raise_text(T::TypeError, "pack() takes no keyword arguments");
    if (arguments->positional_count() < 1) return raise_text(T::TypeError, "missing format argument");
    layout_of_format layout;
    HEDDLE_TRY(parse(arguments->at(0), layout));
    std::string out;
    HEDDLE_TRY(pack_all(arguments, 1, layout, &out));
    return make_bytes(out.data(), static_cast<long>(out.size()));
}
Result<W_Object*> struct_unpack(W_Object* format, W_Object* buffer) {
    layout_of_format layout;
    HEDDLE_TRY(parse(format, layout));
    std::string_view view;
    if (!buffer_of(buffer, &view)) return failure;
    if (static_cast<long>(view.size()) != layout.size)
        return struct_error("unpack requires a buffer of " + std::to_string(layout.size) + " bytes");
    return unpack_all(std::string(view), layout);
}
Result<W_Object*> struct_unpack_from(W_Object* format, W_Object* buffer, W_Object* offset) {
    layout_of_format layout;
    HEDDLE_TRY(parse(format, layout));
    std::string_view view;
    if (!buffer_of(buffer, &view)) return failure;
    std::string data(view);
    long start = offset ? HEDDLE_TRY(index_of(offset)) : 0, size = static_cast<long>(data.size());
    if (start < 0) start += size;
    if (start < 0 || start + layout.size > size)
        return struct_error("unpack_from requires a buffer of at least " + std::to_string(start + layout.size) +
                            " bytes for unpacking " + std::to_string(layout.size) + " bytes at offset " +
                            std::to_string(start) + " (actual buffer size is " + std::to_string(size) + ")");
    return unpack_all(data.substr(static_cast<size_t>(start)), layout);
}
constexpr builtin_entry functions[] = {
    {"calcsize", struct_calcsize},
    {"pack", struct_pack},
    {"unpack", struct_unpack},
    {"unpack_from", struct_unpack_from, 2, "format,buffer,offset"},
};

} // namespace

void setup_struct_module(W_Dict* module) { add_functions(module, functions); }

} // namespace heddle::python
