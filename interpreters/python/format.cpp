// The format mini-language (format(), f-strings, str.format) and %-formatting. Not for traced code.
#include "text_builder.h"
#include <charconv>
#include <cmath>

namespace heddle::python {
namespace {

constexpr long largest_number = (INT32_MAX - 9) / 10; // in a specification; it can be followed by one digit more

struct format_specification {
    char32_t fill = ' ';
    char align = 0; // < > = ^, 0: not given
    char sign = '-';
    bool alternate = false, negative_zero = false, zero = false, fill_given = false;
    long width = -1, precision = -1;
    char grouping = 0; // , or _
    char type = 0;
};

// False: an error is pending.
bool parse_specification(W_Str* text, format_specification* out, const char* type_of_value) {
    long at = 0, length = text->length();
    auto peek = [&](long i) -> uint32_t { return i < length ? text->at(i) : 0; };
    auto is_align = [](uint32_t c) { return c == '<' || c == '>' || c == '=' || c == '^'; };
    if (length > 1 && is_align(peek(1))) {
        out->fill = peek(0);
        out->align = static_cast<char>(peek(1));
        out->fill_given = true;
        at = 2;
    } else if (is_align(peek(0))) {
        out->align = static_cast<char>(peek(0));
        at = 1;
    }
    if (peek(at) == '+' || peek(at) == '-' || peek(at) == ' ') out->sign = static_cast<char>(peek(at++));
    if (peek(at) == 'z') {
        out->negative_zero = true;
        at++;
    }
    if (peek(at) == '#') {
        out->alternate = true;
        at++;
    }
    if (peek(at) == '0') {
        out->zero = true;
        if (!out->fill_given) out->fill = '0';
        if (!out->align) out->align = '=';
        at++;
    }
    auto number = [&](long* result) {
        long value = 0;
        for (; peek(at) >= '0' && peek(at) <= '9'; at++) {
            if (value > largest_number) {
                raise_text(T::ValueError, "Too many decimal digits in format string");
                return false;
            }
            value = value * 10 + static_cast<long>(peek(at) - '0');
        }
        *result = value;
        return true;
    };
    if (peek(at) >= '0' && peek(at) <= '9' && !number(&out->width)) return false;
    if (peek(at) == ',' || peek(at) == '_') {
        out->grouping = static_cast<char>(peek(at++));
        if (peek(at) == ',' || peek(at) == '_') {
            if (peek(at) == static_cast<uint32_t>(out->grouping))
                raise_error(T::ValueError, "Cannot specify '%c' with '%c'.", out->grouping, out->grouping);
            else
                raise_text(T::ValueError, "Cannot specify both ',' and '_'.");
            return false;
        }
    }
    if (peek(at) == '.') {
        at++;
        if (!(peek(at) >= '0' && peek(at) <= '9')) {
            raise_text(T::ValueError, "Format specifier missing precision");
            return false;
        }
        if (!number(&out->precision)) return false;
    }
    if (at < length) {
        uint32_t c = peek(at++);
        if (at < length || c >= 128) {
            raise_error(T::ValueError, "Invalid format specifier '%s' for object of type '%s'", to_utf8(text).c_str(),
                        type_of_value);
            return false;
        }
        out->type = static_cast<char>(c);
    }
    return true;
}
failure_type unknown_code(char code, const char* type) {
    return raise_error(T::ValueError, "Unknown format code '%c' for object of type '%s'", code, type);
}

// Puts separators between groups of digits, and zeros before them up to `width` characters in all.
std::string group_digits(const std::string& digits, char separator, int group, long width) {
    if (!separator)
        return static_cast<long>(digits.size()) < width
                   ? std::string(static_cast<size_t>(width) - digits.size(), '0') + digits
                   : digits;
    std::string out;
    long count = 0, written = 0;
    for (long i = static_cast<long>(digits.size()) - 1; i >= 0 || written < width; i--) {
        if (count && count % group == 0) {
            if (i < 0 && written + 1 >= width) { // a separator must not come first
                out += separator;
                written++;
                out += '0';
                break;
            }
            out += separator;
            written++;
        }
        out += i >= 0 ? digits[static_cast<size_t>(i)] : '0';
        written++;
        count++;
    }
    return std::string(out.rbegin(), out.rend());
}
// A part of a str, or ASCII text.
struct text_piece {
    explicit text_piece(std::string_view t) : ascii(t), length(static_cast<long>(t.size())) {}
    text_piece(W_Str* t, long most) : text(t), length(most >= 0 && most < t->length() ? most : t->length()) {}
    void add_to(text_builder& out) const {
        if (text)
            out.add(text, 0, length);
        else
            out.add(ascii);
    }
    W_Str* text = nullptr;
    std::string_view ascii;
    long length;
};
W_Str* align_text(std::string_view prefix, const text_piece& body, const format_specification& spec,
                  char default_align) {
    char align = spec.align ? spec.align : default_align;
    long missing = std::max(spec.width - static_cast<long>(prefix.size()) - body.length, 0l), before = missing;
    if (align == '<' || align == '=') before = 0;
    if (align == '^') before = missing / 2;
    text_builder out;
    out.repeat(spec.fill, before);
    out.add(prefix);
    if (align == '=') out.repeat(spec.fill, missing);
    body.add_to(out);
    if (align != '=') out.repeat(spec.fill, missing - before);
    return out.finish();
}
// A number: prefix is its sign and 0x; digits the integer part; rest what follows (fraction, exponent, %).
W_Str* finish_number(const std::string& prefix, const std::string& digits, const std::string& rest,
                     const format_specification& spec, int group) {
    std::string body;
    if (spec.align == '=' && spec.fill == '0')
        body = group_digits(digits, spec.grouping, group, spec.width - static_cast<long>(prefix.size() + rest.size()));
    else
        body = group_digits(digits, spec.grouping, group, 0);
    body += rest;
    return align_text(prefix, text_piece(body), spec, '>');
}
std::string sign_text(bool negative, char sign) { return negative ? "-" : sign == '+' ? "+" : sign == ' ' ? " " : ""; }

// Digits of a double in one of the types e f g (case as given), %; r is the shortest form.
std::string double_digits(double value, char type, long precision, bool alternate) {
    std::string text;
    bool upper = type >= 'A' && type <= 'Z';
    if (!std::isfinite(value))
        text = std::isnan(value) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf");
    else if (type == 'r')
        return float_repr(value);
    else {
        char buffer[64]; // to_chars is exact, as printf is, and several times faster; it has no '#' form
        std::chars_format form_of_type = (type | 32) == 'f'   ? std::chars_format::fixed
                                         : (type | 32) == 'e' ? std::chars_format::scientific
                                                              : std::chars_format::general;
        if (!alternate && precision < 40) {
            auto end = std::to_chars(buffer, buffer + sizeof buffer, value, form_of_type, static_cast<int>(precision));
            if (end.ec == std::errc()) {
                if (upper)
                    for (char* c = buffer; c < end.ptr; c++) *c = static_cast<char>(toupper(*c));
                return std::string(buffer, end.ptr);
            }
        }
        char form[16];
        snprintf(form, sizeof form, alternate ? "%%#.*%c" : "%%.*%c", type);
        int length = snprintf(nullptr, 0, form, static_cast<int>(precision), value);
        text.resize(static_cast<size_t>(length));
        snprintf(text.data(), text.size() + 1, form, static_cast<int>(precision), value);
    }
    return text;
}
Result<W_Str*> format_double(double value, format_specification spec, const char* type_name_of_value) {
    char type = spec.type;
    long precision = spec.precision;
    std::string rest;
    if (!strchr("eEfFgGn%", type) && type) return unknown_code(type, type_name_of_value);
    bool negative = std::signbit(value) && !std::isnan(value);
    double magnitude = std::fabs(value);
    std::string text;
    if (type == 0 && precision < 0) {
        text = float_repr(magnitude);
    } else if (type == 0) { // like g, but with a digit after the point, and exponents one digit earlier
        if (precision == 0) precision = 1;
        text = double_digits(magnitude, 'e', precision - 1, false);
        if (std::isfinite(magnitude)) {
            size_t e = text.find('e');
            long exponent = strtol(text.c_str() + e + 1, nullptr, 10);
            if (exponent >= -4 && exponent < precision - 1) {
                text = double_digits(magnitude, 'g', precision, false);
                if (text.find('.') == std::string::npos) text += ".0";
            } else if (text.find('.') != std::string::npos) {
                size_t last = text.find_last_not_of('0', e - 1);
                if (text[last] == '.') last--;
                text.erase(last + 1, e - last - 1);
            }
        }
    } else {
        if (precision < 0) precision = 6;
        char how = type == 'n' ? 'g' : type == '%' ? 'f' : type;
        if (type == '%') magnitude *= 100;
        if ((how == 'g' || how == 'G') && precision == 0) precision = 1;
        text = double_digits(magnitude, how, precision, spec.alternate);
        if (type == '%') text += '%';
    }
    if (spec.negative_zero && negative && text.find_first_of("123456789") == std::string::npos && std::isfinite(value))
        negative = false;
    size_t split = text.find_first_not_of("0123456789");
    if (split == std::string::npos) split = text.size();
    if (!std::isfinite(value)) return align_text(sign_text(negative, spec.sign), text_piece(text), spec, '>');
    return finish_number(sign_text(negative, spec.sign), text.substr(0, split), text.substr(split), spec, 3);
}

} // namespace

HEDDLE_DONT_LOOK_INSIDE Result<W_Str*> format_float(double value, W_Str* specification) {
    format_specification spec;
    if (!parse_specification(specification, &spec, "float")) return failure;
    return format_double(value, spec, "float");
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Str*> format_int(W_Object* value, W_Str* specification) {
    format_specification spec;
    if (!parse_specification(specification, &spec, is_exact<W_Bool>(value) ? "bool" : "int")) return failure;
    if (spec.type && strchr("eEfFgG%", spec.type)) {
        double number = HEDDLE_TRY(to_double(value));
        return format_double(number, spec, "int");
    }
    if (spec.precision >= 0) return raise_text(T::ValueError, "Precision not allowed in integer format specifier");
    int base = 10;
    std::string prefix;
    switch (spec.type) {
    case 0:
    case 'd':
    case 'n': break;
    case 'b':
        base = 2;
        prefix = "0b";
        break;
    case 'o':
        base = 8;
        prefix = "0o";
        break;
    case 'x':
        base = 16;
        prefix = "0x";
        break;
    case 'X':
        base = 16;
        prefix = "0X";
        break;
    case 'c': {
        if (spec.sign != '-') return raise_text(T::ValueError, "Sign not allowed with integer format specifier 'c'");
        long c = HEDDLE_TRY(index_of(value));
        if (c < 0 || c > 0x10ffff) return raise_text(T::OverflowError, "%c arg not in range(0x110000)");
        return align_text("", text_piece(str_character(c), -1), spec, '<');
    }
    default: return unknown_code(spec.type, "int");
    }
    if (spec.grouping == ',' && base != 10)
        return raise_error(T::ValueError, "Cannot specify ',' with '%c'.", spec.type);
    std::string digits = int_to_text(value, base);
    bool negative = digits[0] == '-';
    if (negative) digits.erase(0, 1);
    if (spec.type == 'X')
        for (char& c : digits) c = static_cast<char>(toupper(c));
    return finish_number(sign_text(negative, spec.sign) + (spec.alternate ? prefix : ""), digits, "", spec,
                         base == 10 ? 3 : 4);
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Str*> format_str(W_Str* value, W_Str* specification) {
    format_specification spec;
    if (!parse_specification(specification, &spec, "str")) return failure;
    if (spec.type && spec.type != 's') return unknown_code(spec.type, "str");
    if (spec.sign != '-')
        return raise_error(T::ValueError, spec.sign == ' ' ? "Space not allowed in string format specifier"
                                                           : "Sign not allowed in string format specifier");
    if (spec.alternate) return raise_text(T::ValueError, "Alternate form (#) not allowed in string format specifier");
    if (spec.grouping) return raise_error(T::ValueError, "Cannot specify '%c' with 's'.", spec.grouping);
    if (spec.align == '=') {
        if (!spec.zero) return raise_text(T::ValueError, "'=' alignment not allowed in string format specifier");
        spec.align = '<';
    }
    return align_text("", text_piece(value, spec.precision), spec, '<');
}

// ---- %
// ----------------------------------------------------------------------------------------------------------------------
namespace {

struct percent_directive {
    bool minus = false, plus = false, space = false, zero = false, alternate = false;
    long width = -1, precision = -1;
    uint32_t type = 0;
};
void add_directive(text_builder& out, const text_piece& text, const percent_directive& d) {
    long missing = d.width - text.length;
    if (!d.minus) out.repeat(' ', missing);
    text.add_to(out);
    if (d.minus) out.repeat(' ', missing);
}
void add_number(text_builder& out, std::string_view sign, const std::string& digits, const percent_directive& d) {
    long missing = d.width - static_cast<long>(sign.size() + digits.size());
    bool zeros = d.zero && !d.minus;
    if (!zeros && !d.minus) out.repeat(' ', missing);
    out.add(sign);
    if (zeros) out.repeat('0', missing);
    out.add(digits);
    if (d.minus) out.repeat(' ', missing);
}
Result<W_Object*> percent_integer(W_Object* value, uint32_t type) {
    if (is_int(value)) return value;
    bool decimal = type == 'd' || type == 'i' || type == 'u';
    if (decimal && is<W_Float>(value)) return int_from_double(static_cast<W_Float*>(value)->value);
    W_Object* number = nullptr;
    if (decimal) number = call_special_0(value, N::int_);
    if (!number && !pending_error()) number = call_special_0(value, N::index);
    if (pending_error()) return failure;
    if (!number) {
        if (decimal)
            return raise_error(T::TypeError, "%%%c format: a real number is required, not %s", static_cast<char>(type),
                               type_name(value).c_str());
        return raise_error(T::TypeError, "%%%c format: an integer is required, not %s", static_cast<char>(type),
                           type_name(value).c_str());
    }
    return number;
}
// Appends one converted value; false: an error is pending.
bool convert(text_builder& out, percent_directive d, W_Object* value, bool bytes) {
    auto text_directive = [&](W_Str* text) { add_directive(out, text_piece(text, d.precision), d); };
    switch (d.type) {
    case 'b':
    case 's':
        if (bytes) {
            if (!is<W_Bytes>(value) && !is_exact<W_ByteArray>(value)) {
                raise_error(T::TypeError,
                            "%%b requires a bytes-like object, or an object that implements __bytes__, not '%s'",
                            type_name(value).c_str());
                return false;
            }
            if (is<W_Bytes>(value)) {
                byte_array* data = static_cast<W_Bytes*>(value)->data;
                text_directive(make_str_latin1(data->data(), data->length()));
            } else {
                std::string data(static_cast<W_ByteArray*>(value)->view());
                text_directive(
                    make_str_latin1(reinterpret_cast<const uint8_t*>(data.data()), static_cast<long>(data.size())));
            }
            return true;
        }
        [[fallthrough]];
    case 'r':
    case 'a': {
        auto text = d.type == 's' ? to_str(value) : d.type == 'r' && !bytes ? repr(value) : ascii(value);
        if (text.failed()) return false;
        text_directive(text.value());
        return true;
    }
    case 'c': {
        if (is<W_Str>(value) && static_cast<W_Str*>(value)->length() == 1) {
            add_directive(out, text_piece(static_cast<W_Str*>(value), -1), d);
            return true;
        }
        if (is<W_Int>(value)) {
            long c = static_cast<W_Int*>(value)->value;
            if (c < 0 || c > 0x10ffff) {
                raise_text(T::OverflowError, "%c arg not in range(0x110000)");
                return false;
            }
            add_directive(out, text_piece(str_character(c), -1), d);
            return true;
        }
        raise_text(T::TypeError, "%c requires int or char");
        return false;
    }
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X': {
        auto number = percent_integer(value, d.type);
        if (number.failed()) return false;
        int base = d.type == 'o' ? 8 : d.type == 'x' || d.type == 'X' ? 16 : 10;
        std::string digits = int_to_text(number.value(), base), sign;
        if (digits[0] == '-') {
            sign = "-";
            digits.erase(0, 1);
        } else if (d.plus)
            sign = "+";
        else if (d.space)
            sign = " ";
        if (static_cast<long>(digits.size()) < d.precision)
            digits = std::string(static_cast<size_t>(d.precision) - digits.size(), '0') + digits;
        if (d.type == 'X')
            for (char& c : digits) c = static_cast<char>(toupper(c));
        if (d.alternate && base != 10) sign += base == 8 ? "0o" : d.type == 'x' ? "0x" : "0X";
        add_number(out, sign, digits, d);
        return true;
    }
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': {
        auto number = to_double(value);
        if (number.failed()) return false;
        double x = number.value();
        bool negative = std::signbit(x) && !std::isnan(x);
        long precision = d.precision < 0 ? 6 : d.precision;
        if ((d.type | 32) == 'g' && precision == 0) precision = 1;
        std::string digits = double_digits(std::fabs(x), static_cast<char>(d.type), precision, d.alternate);
        add_number(out, negative ? "-" : d.plus ? "+" : d.space ? " " : "", digits, d);
        return true;
    }
    default: return false;
    }
}

// The characters of a str by number.
struct code_points {
    long size() const { return text->length(); }
    uint32_t operator[](long i) const { return text->at(i); }
    W_Str* text;
};
Result<W_Object*> format_percent_text(W_Str* format, W_Object* values, bool bytes) {
    code_points text{format};
    text_builder out;
    W_Tuple* tuple = is<W_Tuple>(values) ? static_cast<W_Tuple*>(values) : nullptr;
    long next = 0;
    bool used_mapping = false;
    auto take = [&]() -> W_Object* {
        if (tuple) {
            if (next < tuple->length()) return tuple->at(next++);
        } else if (next++ == 0) {
            return values;
        }
        raise_text(T::TypeError, "not enough arguments for format string");
        return nullptr;
    };
    for (long i = 0; i < text.size();) {
        long literal = i;
        while (i < text.size() && text[i] != '%') i++;
        out.add(format, literal, i);
        if (i++ >= text.size()) break;
        percent_directive d;
        W_Object* value = nullptr;
        if (i < text.size() && text[i] == '(') {
            long end = i + 1;
            for (int level = 1; end < text.size(); end++) {
                if (text[end] == '(') level++;
                if (text[end] == ')' && --level == 0) break;
            }
            if (end >= text.size()) return raise_text(T::ValueError, "incomplete format key");
            if (tuple || is<W_Str>(values)) return raise_text(T::TypeError, "format requires a mapping");
            value = HEDDLE_TRY(get_item(values, str_substring(format, i + 1, end)));
            used_mapping = true;
            i = end + 1;
        }
        for (; i < text.size(); i++) {
            if (text[i] == '-')
                d.minus = true;
            else if (text[i] == '+')
                d.plus = true;
            else if (text[i] == ' ')
                d.space = true;
            else if (text[i] == '0')
                d.zero = true;
            else if (text[i] == '#')
                d.alternate = true;
            else
                break;
        }
        auto number = [&](long* result) {
            if (i < text.size() && text[i] == '*') {
                W_Object* given = take();
                if (!given) return false;
                if (!is<W_Int>(given)) {
                    raise_text(T::TypeError, "* wants int");
                    return false;
                }
                *result = static_cast<W_Int*>(given)->value;
                i++;
                return true;
            }
            long value_read = 0;
            bool any = false;
            for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; i++, any = true)
                value_read = std::min(value_read, largest_number) * 10 + static_cast<long>(text[i] - '0');
            if (any) *result = value_read;
            return true;
        };
        if (!number(&d.width)) return failure;
        if (d.width < -1) {
            d.minus = true;
            d.width = -d.width;
        }
        if (i < text.size() && text[i] == '.') {
            i++;
            d.precision = 0;
            if (!number(&d.precision)) return failure;
        }
        while (i < text.size() && (text[i] == 'l' || text[i] == 'h' || text[i] == 'L')) i++;
        if (i >= text.size()) return raise_text(T::ValueError, "incomplete format");
        d.type = text[i++];
        if (d.type == '%') {
            out.add('%');
            continue;
        }
        if (d.type >= 128 || !strchr("bsracdiouxXeEfFgG", static_cast<int>(d.type)) || (d.type == 'b' && !bytes)) {
            return raise_error(T::ValueError, "unsupported format character '%s' (0x%x) at index %ld",
                               d.type > 31 && d.type < 127 ? to_utf8(str_character(d.type)).c_str() : "?", d.type,
                               i - 1);
        }
        if (!value) value = take();
        if (!value) return failure;
        if (!convert(out, d, value, bytes)) return failure;
    }
    bool left = tuple ? next < tuple->length()
                      : next == 0 && !used_mapping && !is<W_Dict>(values) &&
                            !(type_lookup(values->type(), N::getitem) && !is<W_Str>(values));
    if (left && !used_mapping) return raise_text(T::TypeError, "not all arguments converted during string formatting");
    return out.finish();
}

} // namespace

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> format_percent(W_Str* format, W_Object* values) {
    return format_percent_text(format, values, false);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> format_percent_bytes(W_Bytes* format, W_Object* values) {
    W_Object* text =
        HEDDLE_TRY(format_percent_text(make_str_latin1(format->data->data(), format->data->length()), values, true));
    byte_array* narrow = static_cast<W_Str*>(text)->narrow;
    if (!narrow) return raise_text(T::ValueError, "character out of range for bytes");
    return make<W_Bytes>(narrow);
}

// ---- str.format
// -------------------------------------------------------------------------------------------------------------
namespace {

struct format_state {
    W_Arguments* arguments; // self first; keywords (None): at(1) is format_map's mapping
    long automatic = 0;     // number of the next {}; -1: numbers are given
    bool numbered = false;
};

Result<W_Object*> field_value(format_state* state, const std::u32string& name) {
    size_t end = name.find_first_of(U".[");
    std::u32string first = name.substr(0, end);
    W_Arguments* arguments = state->arguments;
    W_Object* value = nullptr;
    bool number = !first.empty();
    long index = 0;
    for (char32_t c : first) {
        number &= c >= '0' && c <= '9';
        index = index * 10 + static_cast<long>(c - '0');
    }
    bool from_mapping =
        arguments->keywords && arguments->keywords->length() == 1 && arguments->keywords->at(0) == none();
    if (first.empty()) {
        if (state->numbered)
            return raise_text(T::ValueError,
                              "cannot switch from manual field specification to automatic field numbering");
        index = state->automatic++;
        number = true;
    } else if (number) {
        if (state->automatic > 0)
            return raise_text(T::ValueError,
                              "cannot switch from automatic field numbering to manual field specification");
        state->numbered = true;
    }
    long positional = arguments->positional_count() - 1;
    if (number) {
        if (from_mapping) return raise_text(T::ValueError, "Format string contains positional fields");
        if (index >= positional)
            return raise_error(T::IndexError, "Replacement index %ld out of range for positional args tuple", index);
        value = arguments->at(1 + index);
    } else if (from_mapping) {
        value = HEDDLE_TRY(get_item(arguments->at(1), make_str(first)));
    } else {
        W_Str* key = make_str(first);
        for (long i = 0; i < arguments->keyword_count() && !value; i++)
            if (str_equal(static_cast<W_Str*>(arguments->keywords->at(i)), key))
                value = arguments->at(arguments->positional_count() + i);
        if (!value) return raise_key_error(key);
    }
    while (end != std::u32string::npos && end < name.size()) {
        if (name[end] == '.') {
            size_t stop = name.find_first_of(U".[", end + 1);
            std::u32string attribute = name.substr(end + 1, stop == std::u32string::npos ? stop : stop - end - 1);
            if (attribute.empty()) return raise_text(T::ValueError, "Empty attribute in format string");
            value = HEDDLE_TRY(get_attribute(value, intern(make_str(attribute))));
            end = stop;
        } else {
            size_t stop = name.find(U']', end + 1);
            if (stop == std::u32string::npos) return raise_text(T::ValueError, "Missing ']' in format string");
            std::u32string key = name.substr(end + 1, stop - end - 1);
            if (key.empty()) return raise_text(T::ValueError, "Empty attribute in format string");
            bool digits = true;
            long number_key = 0;
            for (char32_t c : key) {
                digits &= c >= '0' && c <= '9';
                number_key = number_key * 10 + static_cast<long>(c - '0');
            }
            value = HEDDLE_TRY(get_item(value, digits ? make_int(number_key) : make_str(key)));
            end = stop + 1;
            if (end < name.size() && name[end] != '.' && name[end] != '[')
                return raise_text(T::ValueError, "Only '.' or '[' may follow ']' in format field specifier");
        }
    }
    return value;
}

Result<W_Str*> expand(format_state* state, W_Str* format, int depth) {
    if (depth < 0) return raise_text(T::ValueError, "Max string recursion exceeded");
    code_points text{format};
    text_builder out;
    for (long i = 0; i < text.size();) {
        long literal = i;
        while (i < text.size() && text[i] != '{' && text[i] != '}') i++;
        out.add(format, literal, i);
        if (i >= text.size()) break;
        uint32_t c = text[i++];
        if (i < text.size() && text[i] == c) {
            out.add(c);
            i++;
            continue;
        }
        if (c == '}') return raise_text(T::ValueError, "Single '}' encountered in format string");
        if (i >= text.size()) return raise_text(T::ValueError, "Single '{' encountered in format string");
        long start = i, name_end = -1;
        int level = 1;
        bool in_brackets = false;
        for (; i < text.size(); i++) {
            if (text[i] == '[' && name_end < 0) in_brackets = true;
            if (text[i] == ']') in_brackets = false;
            if (in_brackets) continue;
            if (text[i] == '{') level++;
            if (text[i] == '}' && --level == 0) break;
            if ((text[i] == ':' || text[i] == '!') && level == 1 && name_end < 0) name_end = i;
        }
        if (i >= text.size()) return raise_text(T::ValueError, "expected '}' before end of string");
        long end = i++;
        std::u32string name;
        for (long k = start; k < (name_end < 0 ? end : name_end); k++) name += static_cast<char32_t>(text[k]);
        W_Str* specification = name_of(N::empty);
        uint32_t conversion = 0;
        if (name_end >= 0) {
            long at = name_end;
            if (text[at] == '!') {
                if (at + 1 >= end) return raise_text(T::ValueError, "unmatched '{' in format spec");
                conversion = text[at + 1];
                at += 2;
                if (at < end && text[at] != ':')
                    return raise_text(T::ValueError, "expected ':' after conversion specifier");
            }
            if (at < end) specification = str_substring(format, at + 1, end);
        }
        W_Object* value = HEDDLE_TRY(field_value(state, name));
        if (conversion == 's')
            value = HEDDLE_TRY(to_str(value));
        else if (conversion == 'r')
            value = HEDDLE_TRY(repr(value));
        else if (conversion == 'a')
            value = HEDDLE_TRY(ascii(value));
        else if (conversion)
            return raise_error(T::ValueError,
                               conversion > 32 && conversion < 127 ? "Unknown conversion specifier %c"
                                                                   : "Unknown conversion specifier \\x%x",
                               conversion);
        if (str_find(specification, str_character('{'), 0, specification->length()) >= 0)
            specification = HEDDLE_TRY(expand(state, specification, depth - 1));
        out.add(HEDDLE_TRY(format_value(value, specification)));
    }
    return out.finish();
}

} // namespace

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> format_method(W_Str* format, W_Arguments* arguments) {
    format_state state{arguments};
    return HEDDLE_TRY(expand(&state, format, 2));
}

} // namespace heddle::python
