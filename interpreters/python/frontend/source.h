// A source file as the lexer wants it: UTF-8, lines ended by '\n', the last line ended too; with what errors need of
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compile.h"

namespace heddle::python {

struct source_text {
    std::string filename;
    std::string text;                       // ends with '\n' unless empty
    std::vector<std::uint32_t> line_starts; // offset of each line's first byte

    // The line (from 1) with its newline; empty when there is no such line.
    std::string_view line(int number) const;
    // Offset in characters of a byte offset within a line.
    int characters(int line_number, int byte_column) const;
};

// Decodes a file's bytes (BOM, `# coding:` line) and normalises newlines. On failure returns false and fills error.
bool decode_source(std::string_view bytes, std::string filename, source_text& source, syntax_error& error);

// Splits text into line_starts.
void find_lines(source_text& source);

// UTF-8: decodes the character at text[offset] (valid or WTF-8 input) and moves offset behind it.
std::uint32_t next_code_point(std::string_view text, std::size_t& offset);
void append_utf8(std::string& text, std::uint32_t code_point);

} // namespace heddle::python
