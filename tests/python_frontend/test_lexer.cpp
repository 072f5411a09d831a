// Tokens: kinds, texts, places; decoding of sources; how errors are printed.

#include <catch2/catch.hpp>

#include "frontend/lexer.h"
#include "support.h"

using namespace heddle::python;
using namespace heddle::python::testing;

namespace {

source_text make_source(std::string_view text) {
    source_text source;
    syntax_error error;
    REQUIRE(decode_source(text, "x.py", source, error));
    return source;
}

// Kinds of tokens without an own text by name, the others by their text; joined by blanks.
std::string tokens_of(std::string_view text) {
    source_text source = make_source(text);
    lex_result result = tokenize(source);
    std::string all;
    for (const token& one : result.tokens) {
        static constexpr const char* names[] = {"END", "NEWLINE", "INDENT", "DEDENT"};
        if (!all.empty()) all += ' ';
        if (one.kind <= token_kind::dedent) {
            all += names[static_cast<int>(one.kind)];
        } else if (one.kind == token_kind::error) {
            all += "ERROR(" + result.error.message + ")";
        } else {
            all += source.text.substr(one.start, one.end - one.start);
        }
    }
    return all;
}

} // namespace

TEST_CASE("indentation becomes INDENT and DEDENT", "[lexer]") {
    CHECK(tokens_of("") == "END");
    CHECK(tokens_of("\n  \n# only a comment\n") == "END");
    CHECK(tokens_of("if x:\n  y\nz") == "if x : NEWLINE INDENT y NEWLINE DEDENT z NEWLINE END");
    CHECK(tokens_of("if x:\n  y\n\n  # c\n    # d\n  z") == "if x : NEWLINE INDENT y NEWLINE z NEWLINE DEDENT END");
    CHECK(tokens_of("if x:\n if y:\n  z\n") ==
          "if x : NEWLINE INDENT if y : NEWLINE INDENT z NEWLINE DEDENT DEDENT END");
    CHECK(tokens_of("if x:\n    y\n  z") ==
          "if x : NEWLINE INDENT y NEWLINE ERROR(unindent does not match any outer indentation level)");
    CHECK(tokens_of("if x:\n\ty\n        z") ==
          "if x : NEWLINE INDENT y NEWLINE ERROR(inconsistent use of tabs and spaces in indentation)");
    CHECK(tokens_of("if x:\n  \ty\n        z") ==
          "if x : NEWLINE INDENT y NEWLINE ERROR(inconsistent use of tabs and spaces "
          "in indentation)");
}

TEST_CASE("brackets and backslashes join lines", "[lexer]") {
    CHECK(tokens_of("f(a,\n   b\n)\n") == "f ( a , b ) NEWLINE END");
    CHECK(tokens_of("x = 1 + \\\n  2\n") == "x = 1 + 2 NEWLINE END");
    CHECK(tokens_of("(a") == "( a ERROR('(' was never closed)");
    CHECK(tokens_of("x \\ y") == "x ERROR(unexpected character after line continuation character)");
}

TEST_CASE("operators take the longest match", "[lexer]") {
    CHECK(tokens_of("a**=b//c>>=d!=e->f:=g...h") == "a **= b // c >>= d != e -> f := g ... h NEWLINE END");
    CHECK(tokens_of("a<b<=c<<d") == "a < b <= c << d NEWLINE END");
}

TEST_CASE("numbers", "[lexer]") {
    CHECK(tokens_of("0 00 1_000 0xfF 0b1_0 0o17 1. .5 1e5 1.5E-3 2j 1if") ==
          "0 00 1_000 0xfF 0b1_0 0o17 1. .5 1e5 1.5E-3 2j 1 if NEWLINE END");
    for (const char* text : {"1__0", "1_", "1a", "1e5x"}) CHECK(tokens_of(text) == "ERROR(invalid decimal literal)");
    CHECK(tokens_of("0x") == "ERROR(invalid hexadecimal literal)");
    CHECK(tokens_of("0b12") == "ERROR(invalid digit '2' in binary literal)");
}

TEST_CASE("strings keep prefix and quotes", "[lexer]") {
    CHECK(tokens_of("r'\\' b' c") == "r'\\' b' c NEWLINE END");
    CHECK(tokens_of("b\"x\" Rb'''a'b''' f'{x}' u'y' ''") == "b\"x\" Rb'''a'b''' f'{x}' u'y' '' NEWLINE END");
    CHECK(tokens_of("'''a\nb''' c") == "'''a\nb''' c NEWLINE END");
    CHECK(tokens_of("'a\\\nb'") == "'a\\\nb' NEWLINE END");
    CHECK(tokens_of("'''a") == "ERROR(unterminated triple-quoted string literal (detected at line 1))");
}

TEST_CASE("identifiers may be any letters", "[lexer]") {
    CHECK(tokens_of("\u00e9t\u00e9 = \u53d8\u91cf1") == "\u00e9t\u00e9 = \u53d8\u91cf1 NEWLINE END");
    CHECK(tokens_of("x = 5\u20ac") == "x = ERROR(invalid decimal literal)");
    CHECK(tokens_of("\u20ac") == "ERROR(invalid character '\u20ac' (U+20AC))");
    CHECK(tokens_of("a\u00a0b") == "ERROR(invalid non-printable character U+00A0)");
}

TEST_CASE("places count lines from 1 and bytes from 0", "[lexer]") {
    source_text source = make_source("a\n  b = '''x\ny'''\n");
    lex_result result = tokenize(source);
    const token& text = result.tokens[5];
    REQUIRE(text.kind == token_kind::string);
    CHECK(text.where.line == 2);
    CHECK(text.where.column == 6);
    CHECK(text.where.end_line == 3);
    CHECK(text.where.end_column == 4);
}

TEST_CASE("sources are decoded by BOM and coding line", "[source]") {
    auto names = [](std::string_view bytes) {
        compile_result result = compile(bytes, "x.py", compile_mode::exec);
        return result ? result.code->names.at(0) : result.error.message;
    };
    CHECK(names("\xef\xbb\xbfx = 1") == "x");
    CHECK(names("# -*- coding: latin-1 -*-\n\xe9 = 1") == "\u00e9");
    CHECK(names("\n# vim: set fileencoding=ISO-8859-15-not :\nx = 1") == "unknown encoding: ISO-8859-15-not");
    CHECK(names("\xef\xbb\xbf# coding: latin-1\nx = 1") == "encoding problem: latin-1 with BOM");
    CHECK(names("x = 1\ny = '\xff'") ==
          "Non-UTF-8 code starting with '\\xff' in file x.py on line 2, but no encoding declared; see "
          "https://peps.python.org/pep-0263/ for details");
    CHECK(names(std::string_view("x\0y", 3)) == "source code string cannot contain null bytes");
    CHECK(names("x = 1\r\nif x:\r  y = 2\r\n") == "x");
}

TEST_CASE("identifiers are normalised", "[source]") {
    compile_result result = compile("\ufb01x = 1", "x.py", compile_mode::exec); // the ligature fi
    REQUIRE(result);
    CHECK(result.code->names.at(0) == "fix");
}

TEST_CASE("errors print as CPython prints them", "[source]") {
    CHECK(compile("x = 1\n  y = 2\n", "a.py", compile_mode::exec).error.format() ==
          "  File \"a.py\", line 2\n    y = 2\nIndentationError: unexpected indent\n");
    CHECK(compile("if x:\n    f(a b)\n", "a.py", compile_mode::exec).error.format() ==
          "  File \"a.py\", line 2\n    f(a b)\n      ^^^\nSyntaxError: invalid syntax. Perhaps you forgot a comma?\n");
    CHECK(compile("class\n", "a.py", compile_mode::exec).error.format() ==
          "  File \"a.py\", line 1\n    class\n         ^\nSyntaxError: invalid syntax\n");
}
