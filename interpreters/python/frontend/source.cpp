// Source decoding: PEP 263's coding line, the BOM, newline normalisation, and how a syntax error is printed.
// The rules and messages are CPython 3.11's (Parser/tokenizer.c, Python/pythonrun.c).

#include "source.h"

#include <algorithm>
#include <cstdio>

namespace heddle::python {

namespace {

// Length of the well-formed UTF-8 sequence at text[offset], or 0.
std::size_t utf8_length(std::string_view text, std::size_t offset) {
    auto byte = [&](std::size_t index) {
        return offset + index < text.size() ? static_cast<unsigned char>(text[offset + index]) : 0u;
    };
    auto continues = [&](std::size_t index) { return (byte(index) & 0xc0) == 0x80; };
    unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (!continues(1) || !continues(2)) return 0;
        if (first == 0xe0 && byte(1) < 0xa0) return 0;
        if (first == 0xed && byte(1) > 0x9f) return 0;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (!continues(1) || !continues(2) || !continues(3)) return 0;
        if (first == 0xf0 && byte(1) < 0x90) return 0;
        if (first == 0xf4 && byte(1) > 0x8f) return 0;
        return 4;
    }
    return 0;
}

bool is_blank_or_comment(std::string_view line) {
    std::size_t start = line.find_first_not_of(" \t\f");
    return start == std::string_view::npos || line[start] == '#';
}

// The encoding named by `coding[:=]\s*([-\w.]+)` in a comment line, lower case with '_' as '-'; empty when none.
std::string coding_of_line(std::string_view line) {
    std::size_t start = line.find_first_not_of(" \t\f");
    if (start == std::string_view::npos || line[start] != '#') return {};
    for (std::size_t at = line.find("coding", start); at != std::string_view::npos; at = line.find("coding", at + 1)) {
        std::size_t cursor = at + 6;
        if (cursor >= line.size() || (line[cursor] != ':' && line[cursor] != '=')) continue;
        cursor = line.find_first_not_of(" \t", cursor + 1);
        std::string name;
        for (; cursor != std::string_view::npos && cursor < line.size(); ++cursor) {
            char c = line[cursor];
            bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.';
            if (!is_word) break;
            name += c;
        }
        if (!name.empty()) return name;
    }
    return {};
}

enum class encoding { utf8, ascii, latin1, unknown };

encoding encoding_named(std::string name) {
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '_') c = '-';
    }
    if (name == "utf-8" || name.rfind("utf-8-", 0) == 0 || name == "utf8") return encoding::utf8;
    if (name == "ascii" || name == "us-ascii" || name == "646") return encoding::ascii;
    if (name == "latin-1" || name == "iso-8859-1" || name == "iso-latin-1" || name == "latin1" || name == "iso8859-1" ||
        name == "l1" || name.rfind("latin-1-", 0) == 0 || name.rfind("iso-8859-1-", 0) == 0)
        return encoding::latin1;
    return encoding::unknown;
}

std::string_view line_at(std::string_view bytes, std::size_t& offset) {
    std::size_t end = bytes.find_first_of("\r\n", offset);
    std::string_view line = bytes.substr(offset, end == std::string_view::npos ? end : end - offset);
    if (end == std::string_view::npos) {
        offset = bytes.size();
    } else {
        offset = end + (bytes[end] == '\r' && end + 1 < bytes.size() && bytes[end + 1] == '\n' ? 2 : 1);
    }
    return line;
}

std::string declared_encoding(std::string_view bytes) {
    std::size_t offset = 0;
    std::string_view first = line_at(bytes, offset);
    std::string name = coding_of_line(first);
    if (name.empty() && is_blank_or_comment(first)) name = coding_of_line(line_at(bytes, offset));
    return name;
}

// Checks text as UTF-8; CPython's message for the first offending byte.
bool check_utf8(const source_text& source, bool was_declared, syntax_error& error) {
    const std::string& text = source.text;
    int line = 1;
    for (std::size_t offset = 0; offset < text.size();) {
        if (text[offset] == '\n') ++line;
        std::size_t length = utf8_length(text, offset);
        if (length == 0) {
            char message[200];
            unsigned byte = static_cast<unsigned char>(text[offset]);
            if (was_declared) {
                std::snprintf(message, sizeof message,
                              "(unicode error) 'utf-8' codec can't decode byte 0x%02x in position %zu: invalid %s byte",
                              byte, offset, byte >= 0xc2 && byte <= 0xf4 ? "continuation" : "start");
                error.message = message;
                return false;
            }
            std::snprintf(message, sizeof message, "Non-UTF-8 code starting with '\\x%02x'", byte);
            error.message = message;
            error.message += source.filename.empty() ? "" : " in file " + source.filename;
            error.message += " on line " + std::to_string(line) +
                             ", but no encoding declared; see https://peps.python.org/pep-0263/ for details";
            error.line = 0;
            return false;
        }
        offset += length;
    }
    return true;
}

} // namespace

std::uint32_t next_code_point(std::string_view text, std::size_t& offset) {
    auto byte = [&](std::size_t index) -> std::uint32_t {
        return offset + index < text.size() ? static_cast<unsigned char>(text[offset + index]) : 0u;
    };
    std::uint32_t first = byte(0);
    std::uint32_t result = first;
    std::size_t length = 1;
    if (first >= 0xf0) {
        result = (first & 7) << 18 | (byte(1) & 63) << 12 | (byte(2) & 63) << 6 | (byte(3) & 63);
        length = 4;
    } else if (first >= 0xe0) {
        result = (first & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63);
        length = 3;
    } else if (first >= 0xc0) {
        result = (first & 31) << 6 | (byte(1) & 63);
        length = 2;
    }
    offset = std::min(offset + length, text.size());
    return result;
}

void append_utf8(std::string& text, std::uint32_t code_point) {
    if (code_point < 0x80) {
        text += static_cast<char>(code_point);
    } else if (code_point < 0x800) {
        text += static_cast<char>(0xc0 | code_point >> 6);
        text += static_cast<char>(0x80 | (code_point & 63));
    } else if (code_point < 0x10000) {
        text += static_cast<char>(0xe0 | code_point >> 12);
        text += static_cast<char>(0x80 | (code_point >> 6 & 63));
        text += static_cast<char>(0x80 | (code_point & 63));
    } else {
        text += static_cast<char>(0xf0 | code_point >> 18);
        text += static_cast<char>(0x80 | (code_point >> 12 & 63));
        text += static_cast<char>(0x80 | (code_point >> 6 & 63));
        text += static_cast<char>(0x80 | (code_point & 63));
    }
}

void find_lines(source_text& source) {
    source.line_starts.clear();
    for (std::size_t offset = 0; offset < source.text.size();) {
        source.line_starts.push_back(static_cast<std::uint32_t>(offset));
        std::size_t end = source.text.find('\n', offset);
        offset = end == std::string::npos ? source.text.size() : end + 1;
    }
}

std::string_view source_text::line(int number) const {
    if (number < 1 || static_cast<std::size_t>(number) > line_starts.size()) return {};
    std::size_t start = line_starts[static_cast<std::size_t>(number) - 1];
    std::size_t end = static_cast<std::size_t>(number) < line_starts.size()
                          ? line_starts[static_cast<std::size_t>(number)]
                          : text.size();
    return std::string_view(text).substr(start, end - start);
}

int source_text::characters(int line_number, int byte_column) const {
    std::string_view bytes = line(line_number);
    int count = 0;
    for (int index = 0; index < byte_column; ++index) {
        bool continues =
            static_cast<std::size_t>(index) < bytes.size() && (bytes[static_cast<std::size_t>(index)] & 0xc0) == 0x80;
        count += continues ? 0 : 1;
    }
    return count;
}

bool decode_source(std::string_view bytes, std::string filename, source_text& source, syntax_error& error) {
    source.filename = std::move(filename);
    error.filename = source.filename;
    if (bytes.size() > 0x7fff0000u) {
        error.kind = syntax_error_kind::memory_error;
        error.message = "source file is larger than 2 GB";
        return false;
    }
    if (bytes.find('\0') != std::string_view::npos) {
        error.message = "source code string cannot contain null bytes";
        return false;
    }
    bool has_mark = bytes.substr(0, 3) == "\xef\xbb\xbf";
    if (has_mark) bytes.remove_prefix(3);
    std::string name = declared_encoding(bytes);
    encoding chosen = name.empty() ? encoding::utf8 : encoding_named(name);
    if (has_mark && chosen != encoding::utf8) {
        error.message = "encoding problem: " + name + " with BOM";
        return false;
    }
    if (chosen == encoding::unknown) {
        error.message = "unknown encoding: " + name;
        return false;
    }
    std::string& text = source.text;
    text.clear();
    text.reserve(bytes.size() + 1);
    for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
        char c = bytes[offset];
        if (c == '\r') {
            if (offset + 1 < bytes.size() && bytes[offset + 1] == '\n') continue;
            text += '\n';
        } else if (static_cast<unsigned char>(c) >= 0x80 && chosen == encoding::latin1) {
            append_utf8(text, static_cast<unsigned char>(c));
        } else if (static_cast<unsigned char>(c) >= 0x80 && chosen == encoding::ascii) {
            char message[120];
            std::snprintf(
                message, sizeof message,
                "(unicode error) 'ascii' codec can't decode byte 0x%02x in position %zu: ordinal not in range(128)",
                static_cast<unsigned char>(c), offset);
            error.message = message;
            return false;
        } else {
            text += c;
        }
    }
    if (!text.empty() && text.back() != '\n') text += '\n';
    find_lines(source);
    return chosen != encoding::utf8 || check_utf8(source, !name.empty(), error);
}

std::string syntax_error::format() const {
    static constexpr const char* kind_names[] = {"SyntaxError", "IndentationError", "TabError",
                                                 "ValueError",  "MemoryError",      "RecursionError"};
    std::string result;
    bool has_place = kind <= syntax_error_kind::tab_error;
    if (has_place && (line > 0 || !filename.empty()))
        result += "  File \"" + filename + "\", line " + std::to_string(line > 0 ? line : 1) + "\n";
    std::string_view shown = text;
    while (!shown.empty() && (shown.back() == '\n' || shown.back() == '\r')) shown.remove_suffix(1);
    if (has_place && line > 0 && !shown.empty()) {
        std::size_t stripped = std::min(shown.find_first_not_of(" \t\f"), shown.size());
        shown.remove_prefix(stripped);
        result += "    " + std::string(shown) + "\n";
        if (column > 0) {
            int length = 0;
            for (char c : shown) length += (c & 0xc0) != 0x80;
            int start = column - 1 - static_cast<int>(stripped);
            int end = (end_line == line || end_line == 0 ? end_column : 0) - 1 - static_cast<int>(stripped);
            if (end_line > line) end = length;
            if (end <= start || kind != syntax_error_kind::syntax_error) end = start + 1;
            if (start >= 0) {
                result += "    " + std::string(static_cast<std::size_t>(start), ' ') +
                          std::string(static_cast<std::size_t>(end - start), '^') + "\n";
            }
        }
    }
    result += kind_names[static_cast<int>(kind)];
    return result + (message.empty() ? "" : ": " + message) + "\n";
}

} // namespace heddle::python
