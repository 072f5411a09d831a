// str's methods: splitting, stripping, case, searching, classification.
#include "text_builder.h"
#include <utf8proc.h>

namespace heddle::python {

Result<W_Object*> encode_str(W_Str* text, W_Object* encoding, W_Object* errors); // bytes.cpp
bool is_printable(uint32_t c);                                                   // str.cpp

namespace {

HEDDLE_INLINE W_Str* text_of(W_Object* o) { return static_cast<W_Str*>(o); }
utf8proc_category_t category(uint32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }
bool is_space(uint32_t c) {
    if (c < 128) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f);
    return c == 0x85 || category(c) == UTF8PROC_CATEGORY_ZS || c == 0x2028 || c == 0x2029;
}
bool is_line_end(uint32_t c) {
    return c == '\n' || c == '\r' || c == 0x0b || c == 0x0c || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
           c == 0x2029;
}
bool is_upper(uint32_t c) { return c < 128 ? c >= 'A' && c <= 'Z' : category(c) == UTF8PROC_CATEGORY_LU; }
bool is_lower(uint32_t c) {
    if (c < 128) return c >= 'a' && c <= 'z';
    return category(c) == UTF8PROC_CATEGORY_LL || c == 0xaa || c == 0xba;
}
bool is_title(uint32_t c) { return c >= 128 && category(c) == UTF8PROC_CATEGORY_LT; }
bool is_cased(uint32_t c) { return is_upper(c) || is_lower(c) || is_title(c); }
bool is_alpha(uint32_t c) {
    if (c < 128) return (c | 32) >= 'a' && (c | 32) <= 'z';
    switch (category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return true;
    default: return false;
    }
}
bool is_decimal(uint32_t c) { return c < 128 ? c >= '0' && c <= '9' : category(c) == UTF8PROC_CATEGORY_ND; }
bool is_digit(uint32_t c) {
    return is_decimal(c) || c == 0xb2 || c == 0xb3 || c == 0xb9 || (c >= 0x2070 && c <= 0x2089 && c != 0x2071) ||
           (c >= 0x2460 && c <= 0x2468);
}
bool is_numeric(uint32_t c) {
    return is_digit(c) || (c >= 128 && (category(c) == UTF8PROC_CATEGORY_NO || category(c) == UTF8PROC_CATEGORY_NL));
}
bool is_alnum(uint32_t c) { return is_alpha(c) || is_numeric(c); }
bool starts_name(uint32_t c) { return c == '_' || is_alpha(c) || (c >= 128 && category(c) == UTF8PROC_CATEGORY_NL); }
bool continues_name(uint32_t c) {
    return starts_name(c) || is_decimal(c) ||
           (c >= 128 && (category(c) == UTF8PROC_CATEGORY_MN || category(c) == UTF8PROC_CATEGORY_MC ||
                         category(c) == UTF8PROC_CATEGORY_PC));
}
// Case mappings, with the two that make several characters out of one that programs meet.
void add_upper(std::u32string& out, uint32_t c) {
    if (c == 0xdf)
        out += U"SS";
    else if (c == 0x149)
        out += U"\u02bcN";
    else if (c >= 0xfb00 && c <= 0xfb04) {
        constexpr const char32_t* forms[] = {U"FF", U"FI", U"FL", U"FFI", U"FFL"};
        out += forms[c - 0xfb00];
    } else
        out += static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
}
void add_lower(std::u32string& out, uint32_t c) {
    if (c == 0x130)
        out += U"i\u0307";
    else
        out += static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}
void add_title(std::u32string& out, uint32_t c) {
    if (c == 0xdf)
        out += U"Ss";
    else
        out += static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c)));
}

failure_type must_be_text(const char* what, W_Object* o) {
    return raise_error(T::TypeError, "%s must be str, not %s", what, type_name(o).c_str());
}

// ---- case
// -----------------------------------------------------------------------------------------------------------------
W_Object* map_ascii(W_Str* text, bool upper) { // null: there are other characters
    if (!text->narrow) return nullptr;
    byte_array* source = text->narrow;
    for (long i = 0; i < source->length(); i++)
        if (source->get(i) >= 128) return nullptr;
    byte_array* made = make_byte_array(source->data(), source->length());
    uint8_t* data = writable(made);
    for (long i = 0; i < made->length(); i++) {
        if (upper && data[i] >= 'a' && data[i] <= 'z') data[i] -= 32;
        if (!upper && data[i] >= 'A' && data[i] <= 'Z') data[i] += 32;
    }
    return make<W_Str>(made, nullptr);
}
Result<W_Object*> method_upper(W_Object* o) {
    if (W_Object* simple = map_ascii(text_of(o), true)) return simple;
    std::u32string out;
    for (char32_t c : to_u32(text_of(o))) add_upper(out, c);
    return make_str(out);
}
void add_lower_in_context(std::u32string& out, const std::u32string& text, size_t i) {
    if (text[i] != 0x3a3) {
        add_lower(out, text[i]);
        return;
    }
    bool before = i > 0 && is_cased(text[i - 1]), after = i + 1 < text.size() && is_cased(text[i + 1]);
    out += before && !after ? U'\u03c2' : U'\u03c3'; // a sigma at a word's end
}
Result<W_Object*> method_lower(W_Object* o) {
    if (W_Object* simple = map_ascii(text_of(o), false)) return simple;
    std::u32string out, text = to_u32(text_of(o));
    for (size_t i = 0; i < text.size(); i++) add_lower_in_context(out, text, i);
    return make_str(out);
}
Result<W_Object*> method_casefold(W_Object* o) {
    std::u32string out;
    for (char32_t c : to_u32(text_of(o))) {
        if (c == 0xdf || c == 0x1e9e)
            out += U"ss";
        else if (c == 0x3c2)
            out += U'\u03c3';
        else
            add_lower(out, c);
    }
    return make_str(out);
}
Result<W_Object*> method_swapcase(W_Object* o) {
    std::u32string out;
    for (char32_t c : to_u32(text_of(o))) {
        if (is_upper(c))
            add_lower(out, c);
        else if (is_lower(c))
            add_upper(out, c);
        else
            out += c;
    }
    return make_str(out);
}
Result<W_Object*> method_capitalize(W_Object* o) {
    std::u32string out, text = to_u32(text_of(o));
    for (size_t i = 0; i < text.size(); i++) {
        if (i == 0)
            add_title(out, text[i]);
        else
            add_lower_in_context(out, text, i);
    }
    return make_str(out);
}
Result<W_Object*> method_title(W_Object* o) {
    std::u32string out;
    bool inside = false;
    for (char32_t c : to_u32(text_of(o))) {
        if (inside)
            add_lower(out, c);
        else
            add_title(out, c);
        inside = is_cased(c);
    }
    return make_str(out);
}

// ---- classification
// -------------------------------------------------------------------------------------------------------
template <bool (*Test)(uint32_t)> Result<W_Object*> method_all(W_Object* o) {
    W_Str* text = text_of(o);
    for (long i = 0; i < text->length(); i++)
        if (!Test(text->at(i))) return boolean(false);
    return boolean(text->length() > 0);
}
Result<W_Object*> method_isprintable(W_Object* o) {
    for (char32_t c : to_u32(text_of(o)))
        if (!is_printable(c)) return boolean(false);
    return boolean(true);
}
Result<W_Object*> method_isascii(W_Object* o) {
    for (char32_t c : to_u32(text_of(o)))
        if (c >= 128) return boolean(false);
    return boolean(true);
}
template <bool Upper> Result<W_Object*> method_iscase(W_Object* o) {
    bool any = false;
    for (char32_t c : to_u32(text_of(o))) {
        if (Upper ? is_lower(c) || is_title(c) : is_upper(c) || is_title(c)) return boolean(false);
        any |= Upper ? is_upper(c) : is_lower(c);
    }
    return boolean(any);
}
Result<W_Object*> method_istitle(W_Object* o) {
    bool any = false, inside = false;
    for (char32_t c : to_u32(text_of(o))) {
        if (is_upper(c) || is_title(c)) {
            if (inside) return boolean(false);
            inside = any = true;
        } else if (is_lower(c)) {
            if (!inside) return boolean(false);
            any = true;
        } else {
            inside = false;
        }
    }
    return boolean(any);
}
Result<W_Object*> method_isidentifier(W_Object* o) {
    std::u32string text = to_u32(text_of(o));
    if (text.empty() || !starts_name(text[0])) return boolean(false);
    for (char32_t c : text)
        if (!continues_name(c)) return boolean(false);
    return boolean(true);
}

// ---- searching
// ------------------------------------------------------------------------------------------------------------
Result<long> bound(W_Object* o, long length, long missing) {
    if (!o || o == none()) return missing;
    long value = HEDDLE_TRY(index_clamped(o));
    if (value < 0) value = std::max(0l, value + length);
    return value;
}
Result<long> search(W_Object* o, W_Object* part, W_Object* start, W_Object* end, bool backward) {
    if (!is<W_Str>(part)) return must_be_text("argument", part);
    long length = text_of(o)->length();
    long from = HEDDLE_TRY(bound(start, length, 0)), to = std::min(HEDDLE_TRY(bound(end, length, length)), length);
    if (from > length) return -1;
    return backward ? str_rfind(text_of(o), text_of(part), from, to) : str_find(text_of(o), text_of(part), from, to);
}
Result<W_Object*> method_find(W_Object* o, W_Object* part, W_Object* start, W_Object* end) {
    return make_int(HEDDLE_TRY(search(o, part, start, end, false)));
}
Result<W_Object*> method_rfind(W_Object* o, W_Object* part, W_Object* start, W_Object* end) {
    return make_int(HEDDLE_TRY(search(o, part, start, end, true)));
}
Result<W_Object*> method_index(W_Object* o, W_Object* part, W_Object* start, W_Object* end) {
    long at = HEDDLE_TRY(search(o, part, start, end, false));
    if (at < 0) return raise_text(T::ValueError, "substring not found");
    return make_int(at);
}
Result<W_Object*> method_rindex(W_Object* o, W_Object* part, W_Object* start, W_Object* end) {
    long at = HEDDLE_TRY(search(o, part, start, end, true));
    if (at < 0) return raise_text(T::ValueError, "substring not found");
    return make_int(at);
}
Result<W_Object*> method_count(W_Object* o, W_Object* part, W_Object* start, W_Object* end) {
    if (!is<W_Str>(part)) return must_be_text("argument", part);
    long length = text_of(o)->length();
    long from = HEDDLE_TRY(bound(start, length, 0)), to = std::min(HEDDLE_TRY(bound(end, length, length)), length);
    long size = text_of(part)->length(), count = 0;
    if (size == 0) return make_int(to >= from ? to - from + 1 : 0);
    for (long at = from; (at = str_find(text_of(o), text_of(part), at, to)) >= 0; at += size) count++;
    return make_int(count);
}
Result<bool> affix_matches(W_Str* text, W_Object* affix, W_Object* start, W_Object* end, bool at_end) {
    long length = text->length();
    long from = HEDDLE_TRY(bound(start, length, 0)), to = std::min(HEDDLE_TRY(bound(end, length, length)), length);
    if (is<W_Tuple>(affix)) {
        for (long i = 0; i < static_cast<W_Tuple*>(affix)->length(); i++)
            if (HEDDLE_TRY(affix_matches(text, static_cast<W_Tuple*>(affix)->at(i), start, end, at_end))) return true;
        return false;
    }
    if (!is<W_Str>(affix))
        return raise_error(T::TypeError, "%s first arg must be str or a tuple of str, not %s",
                           at_end ? "endswith" : "startswith", type_name(affix).c_str());
    long size = text_of(affix)->length();
    if (to - from < size) return false;
    long at = at_end ? to - size : from;
    for (long i = 0; i < size; i++)
        if (text->at(at + i) != text_of(affix)->at(i)) return false;
    return true;
}
Result<W_Object*> method_startswith(W_Object* o, W_Object* affix, W_Object* start, W_Object* end) {
    return boolean(HEDDLE_TRY(affix_matches(text_of(o), affix, start, end, false)));
}
Result<W_Object*> method_endswith(W_Object* o, W_Object* affix, W_Object* start, W_Object* end) {
    return boolean(HEDDLE_TRY(affix_matches(text_of(o), affix, start, end, true)));
}
Result<W_Object*> method_removeprefix(W_Object* o, W_Object* affix) {
    if (HEDDLE_TRY(affix_matches(text_of(o), affix, nullptr, nullptr, false)))
        return str_substring(text_of(o), text_of(affix)->length(), text_of(o)->length());
    return o;
}
Result<W_Object*> method_removesuffix(W_Object* o, W_Object* affix) {
    if (text_of(affix)->length() && HEDDLE_TRY(affix_matches(text_of(o), affix, nullptr, nullptr, true)))
        return str_substring(text_of(o), 0, text_of(o)->length() - text_of(affix)->length());
    return o;
}

// ---- splitting and joining
// --------------------------------------------------------------------------------------------------
Result<W_Object*> method_split(W_Object* o, W_Object* separator, W_Object* limit) {
    W_Str* text = text_of(o);
    long most = limit ? HEDDLE_TRY(index_of(limit)) : -1, length = text->length(), at = 0;
    W_List* parts = make_list();
    if (!separator || separator == none()) {
        for (;; most--) {
            while (at < length && is_space(text->at(at))) at++;
            if (at >= length) return parts;
            if (most == 0) {
                list_append(parts, str_substring(text, at, length));
                return parts;
            }
            long end = at;
            while (end < length && !is_space(text->at(end))) end++;
            list_append(parts, str_substring(text, at, end));
            at = end;
        }
    }
    if (!is<W_Str>(separator)) return raise_about_type(T::TypeError, "must be str or None, not %s", separator);
    long size = text_of(separator)->length();
    if (size == 0) return raise_text(T::ValueError, "empty separator");
    for (;; most--) {
        long end = most == 0 ? -1 : str_find(text, text_of(separator), at, length);
        list_append(parts, str_substring(text, at, end < 0 ? length : end));
        if (end < 0) return parts;
        at = end + size;
    }
}
Result<W_Object*> method_rsplit(W_Object* o, W_Object* separator, W_Object* limit) {
    W_Str* text = text_of(o);
    long most = limit ? HEDDLE_TRY(index_of(limit)) : -1, end = text->length();
    W_List* parts = make_list();
    if (!separator || separator == none()) {
        for (;; most--) {
            while (end > 0 && is_space(text->at(end - 1))) end--;
            if (end <= 0) break;
            long start = end;
            if (most == 0) {
                list_append(parts, str_substring(text, 0, end));
                break;
            }
            while (start > 0 && !is_space(text->at(start - 1))) start--;
            list_append(parts, str_substring(text, start, end));
            end = start;
        }
    } else {
        if (!is<W_Str>(separator)) return raise_about_type(T::TypeError, "must be str or None, not %s", separator);
        long size = text_of(separator)->length();
        if (size == 0) return raise_text(T::ValueError, "empty separator");
        for (;; most--) {
            long at = most == 0 ? -1 : str_rfind(text, text_of(separator), 0, end);
            list_append(parts, str_substring(text, at < 0 ? 0 : at + size, end));
            if (at < 0) break;
            end = at;
        }
    }
    for (long i = 0, j = parts->length - 1; i < j; i++, j--) {
        W_Object* left = list_get(parts, i);
        list_set(parts, i, list_get(parts, j));
        list_set(parts, j, left);
    }
    return parts;
}
Result<W_Object*> method_splitlines(W_Object* o, W_Object* keep) {
    bool keep_ends = keep && HEDDLE_TRY(is_true(keep));
    W_Str* text = text_of(o);
    W_List* lines = make_list();
    for (long at = 0, length = text->length(); at < length;) {
        long end = at;
        while (end < length && !is_line_end(text->at(end))) end++;
        long next = end;
        if (next < length) next += text->at(next) == '\r' && next + 1 < length && text->at(next + 1) == '\n' ? 2 : 1;
        list_append(lines, str_substring(text, at, keep_ends ? next : end));
        at = next;
    }
    return lines;
}
Result<W_Object*> method_partition(W_Object* o, W_Object* separator) {
    if (!is<W_Str>(separator)) return must_be_text("argument", separator);
    if (text_of(separator)->length() == 0) return raise_text(T::ValueError, "empty separator");
    long at = str_find(text_of(o), text_of(separator), 0, text_of(o)->length());
    if (at < 0) return make_tuple_3(o, name_of(N::empty), name_of(N::empty));
    W_Str* left = str_substring(text_of(o), 0, at);
    return make_tuple_3(left, separator,
                        str_substring(text_of(o), at + text_of(separator)->length(), text_of(o)->length()));
}
Result<W_Object*> method_rpartition(W_Object* o, W_Object* separator) {
    if (!is<W_Str>(separator)) return must_be_text("argument", separator);
    if (text_of(separator)->length() == 0) return raise_text(T::ValueError, "empty separator");
    long at = str_rfind(text_of(o), text_of(separator), 0, text_of(o)->length());
    if (at < 0) return make_tuple_3(name_of(N::empty), name_of(N::empty), o);
    W_Str* left = str_substring(text_of(o), 0, at);
    return make_tuple_3(left, separator,
                        str_substring(text_of(o), at + text_of(separator)->length(), text_of(o)->length()));
}
Result<W_Object*> method_join(W_Object* o, W_Object* iterable) {
    auto gathered = iterable_to_slots(iterable);
    if (gathered.failed()) {
        if (pending_is(T::TypeError) && !type_lookup(iterable->type(), N::iter))
            return raise_text(T::TypeError, "can only join an iterable");
        return failure;
    }
    object_array* items = gathered.value();
    long count = items->length(), length = 0;
    bool wide = text_of(o)->wide != nullptr;
    for (long i = 0; i < count; i++) {
        if (!is<W_Str>(items->get(i)))
            return raise_error(T::TypeError, "sequence item %ld: expected str instance, %s found", i,
                               type_name(items->get(i)).c_str());
        length += text_of(items->get(i))->length();
        wide |= text_of(items->get(i))->wide != nullptr;
    }
    if (count == 1 && is_exact<W_Str>(items->get(0))) return items->get(0);
    if (wide) {
        std::u32string out, mark = to_u32(text_of(o));
        for (long i = 0; i < count; i++) {
            if (i) out += mark;
            out += to_u32(text_of(items->get(i)));
        }
        return make_str(out);
    }
    long gap = text_of(o)->length();
    auto* bytes = make_array<byte_array>(count ? length + gap * (count - 1) : 0);
    uint8_t* at = writable(bytes);
    for (long i = 0; i < count; i++) {
        if (i && gap) {
            memcpy(at, text_of(o)->narrow->data(), static_cast<size_t>(gap));
            at += gap;
        }
        byte_array* part = text_of(items->get(i))->narrow;
        memcpy(at, part->data(), static_cast<size_t>(part->length()));
        at += part->length();
    }
    return make<W_Str>(bytes, nullptr);
}
// Of characters below 256 only; `from` is not empty.
W_Object* replace_narrow(W_Str* text, W_Str* from, byte_array* to, long most) {
    long length = text->length(), size = from->length(), at = 0;
    text_builder out;
    std::string_view fresh(reinterpret_cast<const char*>(to->data()), static_cast<size_t>(to->length()));
    for (; most != 0; most--) {
        long found = str_find(text, from, at, length);
        if (found < 0) break;
        out.add(text, at, found);
        out.add(fresh);
        at = found + size;
    }
    out.add(text, at, length);
    return out.finish();
}
Result<W_Object*> method_replace(W_Object* o, W_Object* from, W_Object* to, W_Object* limit) {
    if (!is<W_Str>(from)) return raise_about_type(T::TypeError, "replace() argument 1 must be str, not %s", from);
    if (!is<W_Str>(to)) return raise_about_type(T::TypeError, "replace() argument 2 must be str, not %s", to);
    long most = limit ? HEDDLE_TRY(index_of(limit)) : -1, size = text_of(from)->length(), length = text_of(o)->length(),
         at = 0;
    if (str_find(text_of(o), text_of(from), 0, length) < 0 || most == 0)
        return is_exact<W_Str>(o) ? o : str_substring(text_of(o), 0, length);
    if (text_of(o)->narrow && text_of(to)->narrow && size > 0)
        return replace_narrow(text_of(o), text_of(from), text_of(to)->narrow, most);
    std::u32string out, text = to_u32(text_of(o)), fresh = to_u32(text_of(to));
    while (most != 0) {
        long found = str_find(text_of(o), text_of(from), at, length);
        if (found < 0) break;
        out.append(text, static_cast<size_t>(at), static_cast<size_t>(found - at));
        out += fresh;
        at = found + size;
        most--;
        if (size == 0) {
            if (at >= length) break;
            out += text[static_cast<size_t>(at++)];
        }
    }
    if (at < length) out.append(text, static_cast<size_t>(at), std::u32string::npos);
    return make_str(out);
}

// ---- stripping and padding
// --------------------------------------------------------------------------------------------------
template <bool Left, bool Right> Result<W_Object*> method_strip(W_Object* o, W_Object* characters) {
    W_Str* text = text_of(o);
    W_Str* set = nullptr;
    if (characters && characters != none()) {
        if (!is<W_Str>(characters))
            return raise_error(T::TypeError, "%s arg must be None or str",
                               Left && Right ? "strip"
                               : Left        ? "lstrip"
                                             : "rstrip");
        set = text_of(characters);
    }
    auto drops = [&](uint32_t c) {
        if (!set) return is_space(c);
        for (long i = 0; i < set->length(); i++)
            if (set->at(i) == c) return true;
        return false;
    };
    long start = 0, end = text->length();
    if (Left)
        while (start < end && drops(text->at(start))) start++;
    if (Right)
        while (end > start && drops(text->at(end - 1))) end--;
    return str_substring(text, start, end);
}
Result<uint32_t> fill_character(W_Object* fill) {
    if (!fill) return static_cast<uint32_t>(' ');
    if (!is<W_Str>(fill) || text_of(fill)->length() != 1)
        return raise_text(T::TypeError, "The fill character must be exactly one character long");
    return text_of(fill)->at(0);
}
Result<W_Object*> padded(W_Object* o, long left, long right, uint32_t fill) {
    if (left <= 0 && right <= 0) return is_exact<W_Str>(o) ? o : str_substring(text_of(o), 0, text_of(o)->length());
    return make_str(std::u32string(static_cast<size_t>(std::max(0l, left)), fill) + to_u32(text_of(o)) +
                    std::u32string(static_cast<size_t>(std::max(0l, right)), fill));
}
Result<W_Object*> method_ljust(W_Object* o, W_Object* width, W_Object* fill) {
    return padded(o, 0, HEDDLE_TRY(index_of(width)) - text_of(o)->length(), HEDDLE_TRY(fill_character(fill)));
}
Result<W_Object*> method_rjust(W_Object* o, W_Object* width, W_Object* fill) {
    return padded(o, HEDDLE_TRY(index_of(width)) - text_of(o)->length(), 0, HEDDLE_TRY(fill_character(fill)));
}
Result<W_Object*> method_center(W_Object* o, W_Object* width, W_Object* fill) {
    long total = HEDDLE_TRY(index_of(width)) - text_of(o)->length();
    long left = total / 2 + (total & HEDDLE_TRY(index_of(width)) & 1);
    return padded(o, left, total - left, HEDDLE_TRY(fill_character(fill)));
}
Result<W_Object*> method_zfill(W_Object* o, W_Object* width) {
    std::u32string text = to_u32(text_of(o));
    long missing = HEDDLE_TRY(index_of(width)) - static_cast<long>(text.size());
    if (missing <= 0) return o;
    bool sign = !text.empty() && (text[0] == '+' || text[0] == '-');
    return make_str(text.substr(0, sign) + std::u32string(static_cast<size_t>(missing), U'0') + text.substr(sign));
}
Result<W_Object*> method_expandtabs(W_Object* o, W_Object* size) {
    long width = size ? HEDDLE_TRY(index_of(size)) : 8, column = 0;
    std::u32string out;
    for (char32_t c : to_u32(text_of(o))) {
        if (c == '\t') {
            long add = width > 0 ? width - column % width : 0;
            out.append(static_cast<size_t>(add), U' ');
            column += add;
        } else {
            out += c;
            column = c == '\n' || c == '\r' ? 0 : column + 1;
        }
    }
    return make_str(out);
}

// ---- translation, encoding, formatting
// --------------------------------------------------------------------------------------
Result<W_Object*> method_translate(W_Object* o, W_Object* table) {
    std::u32string out;
    for (char32_t c : to_u32(text_of(o))) {
        auto mapped = get_item(table, make_int(static_cast<long>(c)));
        if (mapped.failed()) {
            if (!clear_if_pending(T::LookupError)) return failure;
            out += c;
        } else if (is<W_Int>(mapped.value())) {
            out += static_cast<char32_t>(static_cast<W_Int*>(mapped.value())->value);
        } else if (is<W_Str>(mapped.value())) {
            out += to_u32(text_of(mapped.value()));
        } else if (mapped.value() != none()) {
            return raise_text(T::TypeError, "character mapping must return integer, None or str");
        }
    }
    return make_str(out);
}
Result<W_Object*> method_maketrans(W_Object* from, W_Object* to, W_Object* drop) {
    W_Dict* table = make_dict();
    if (!to) {
        if (!is<W_Dict>(from))
            return raise_text(T::TypeError, "if you give only one argument to maketrans it must be a dict");
        auto* dict = static_cast<W_Dict*>(from);
        for (long entry = dict_next_entry(dict, 0); entry >= 0; entry = dict_next_entry(dict, entry + 1)) {
            W_Object* key = dict->keys->get(entry);
            if (is<W_Str>(key)) {
                if (text_of(key)->length() != 1)
                    return raise_text(T::ValueError, "string keys in translate table must be of length 1");
                key = make_int(text_of(key)->at(0));
            }
            HEDDLE_TRY(dict_set(table, key, dict_value_at(dict, entry)));
        }
        return table;
    }
    if (!is<W_Str>(from) || !is<W_Str>(to) || (drop && !is<W_Str>(drop)))
        return raise_text(T::TypeError, "maketrans() arguments must be str");
    if (text_of(from)->length() != text_of(to)->length())
        return raise_text(T::ValueError, "the first two maketrans arguments must have equal length");
    for (long i = 0; i < text_of(from)->length(); i++)
        HEDDLE_TRY(dict_set(table, make_int(text_of(from)->at(i)), make_int(text_of(to)->at(i))));
    if (drop)
        for (long i = 0; i < text_of(drop)->length(); i++)
            HEDDLE_TRY(dict_set(table, make_int(text_of(drop)->at(i)), none()));
    return table;
}
Result<W_Object*> method_encode(W_Object* o, W_Object* encoding, W_Object* errors) {
    return encode_str(text_of(o), encoding, errors);
}
Result<W_Object*> method_format(W_Arguments* arguments) { return format_method(text_of(arguments->at(0)), arguments); }
Result<W_Object*> method_format_map(W_Object* o, W_Object* mapping) {
    auto* values = make_array<object_array>(2);
    values->set(0, o);
    values->set(1, mapping);
    return format_method(text_of(o),
                         make_arguments(values, make_tuple_1(none()))); // keywords (None): the mapping itself
}

constexpr builtin_entry methods[] = {
    {"upper", method_upper},
    {"lower", method_lower},
    {"casefold", method_casefold},
    {"swapcase", method_swapcase},
    {"capitalize", method_capitalize},
    {"title", method_title},
    {"isspace", method_all<is_space>},
    {"isalpha", method_all<is_alpha>},
    {"isalnum", method_all<is_alnum>},
    {"isdigit", method_all<is_digit>},
    {"isdecimal", method_all<is_decimal>},
    {"isnumeric", method_all<is_numeric>},
    {"isprintable", method_isprintable},
    {"isascii", method_isascii},
    {"isupper", method_iscase<true>},
    {"islower", method_iscase<false>},
    {"istitle", method_istitle},
    {"isidentifier", method_isidentifier},
    {"find", method_find, 2},
    {"rfind", method_rfind, 2},
    {"index", method_index, 2},
    {"rindex", method_rindex, 2},
    {"count", method_count, 2},
    {"startswith", method_startswith, 2},
    {"endswith", method_endswith, 2},
    {"removeprefix", method_removeprefix},
    {"removesuffix", method_removesuffix},
    {"split", method_split, 1, "self,sep,maxsplit"},
    {"rsplit", method_rsplit, 1, "self,sep,maxsplit"},
    {"splitlines", method_splitlines, 1, "self,keepends"},
    {"partition", method_partition},
    {"rpartition", method_rpartition},
    {"join", method_join},
    {"replace", method_replace, 3},
    {"strip", method_strip<true, true>, 1},
    {"lstrip", method_strip<true, false>, 1},
    {"rstrip", method_strip<false, true>, 1},
    {"ljust", method_ljust, 2},
    {"rjust", method_rjust, 2},
    {"center", method_center, 2},
    {"zfill", method_zfill},
    {"expandtabs", method_expandtabs, 1, "self,tabsize"},
    {"translate", method_translate},
    {"maketrans", method_maketrans, 1, nullptr, builtin_entry::static_method},
    {"encode", method_encode, 1, "self,encoding,errors"},
    {"format", method_format},
    {"format_map", method_format_map},
};

} // namespace

void setup_str_methods() { add_methods(T::str, methods); }

} // namespace heddle::python
