// What is accepted, and each error's kind, message and place, against CPython 3.11's answers (syntax_cases.tsv, written
// by make_cases.py); nesting limits; what is not supported yet.

#include <catch2/catch.hpp>

#include <vector>

#include "support.h"

using namespace heddle::python;
using namespace heddle::python::testing;

namespace {

std::string unescape(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            result += text[at];
            continue;
        }
        char letter = text[++at];
        if (letter == 'x') {
            int code = std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16);
            if (code >= 0x80) {
                result += static_cast<char>(0xc0 | code >> 6);
                result += static_cast<char>(0x80 | (code & 63));
            } else {
                result += static_cast<char>(code);
            }
            at += 2;
        } else {
            result += letter == 'n' ? '\n' : letter == 't' ? '\t' : letter;
        }
    }
    return result;
}

std::vector<std::string> split(std::string_view line) {
    std::vector<std::string> fields;
    for (std::size_t start = 0;;) {
        std::size_t end = line.find('\t', start);
        fields.emplace_back(line.substr(start, end == std::string_view::npos ? end : end - start));
        if (end == std::string_view::npos) return fields;
        start = end + 1;
    }
}

} // namespace

TEST_CASE("CPython's verdict on every case", "[syntax]") {
    std::string all = read_data("syntax_cases.tsv");
    std::size_t count = 0;
    for (std::size_t start = 0; start < all.size();) {
        std::size_t end = all.find('\n', start);
        std::vector<std::string> fields = split(std::string_view(all).substr(start, end - start));
        start = end + 1;
        ++count;
        INFO("source: " << fields[0]);
        compile_result result = compile(unescape(fields[0]), "x.py", compile_mode::exec);
        if (fields[1] == "ok") {
            CHECK(verdict(result) == "ok");
            continue;
        }
        CHECK(verdict(result) == fields[1] + ": " + fields[2]);
        CHECK(result.error.line == std::stoi(fields[3]));
        CHECK(result.error.column == std::stoi(fields[4]));
        int end_column = std::stoi(fields[6]);
        if (end_column > 0) {
            CHECK(result.error.end_line == std::stoi(fields[5]));
            CHECK(result.error.end_column == end_column);
        }
    }
    CHECK(count > 1000);
}

TEST_CASE("the sample program compiles to valid code", "[syntax]") {
    compile_result result = compile(read_data("sample.py"), "sample.py", compile_mode::exec);
    REQUIRE(verdict(result) == "ok");
    CHECK(verify(*result.code) == "");
}

TEST_CASE("deep nesting is an error, not a crash", "[syntax]") {
    auto repeat = [](const std::string& text, int count) {
        std::string result;
        for (int index = 0; index < count; ++index) result += text;
        return result;
    };
    CHECK(compile_verdict(repeat("(", 300) + repeat(")", 300)) == "SyntaxError: too many nested parentheses");
    CHECK(compile_verdict(repeat("(", 199) + "x" + repeat(")", 199)) == "ok");
    CHECK(compile_verdict(repeat("-", 100000) + "x") == "MemoryError: ");
    CHECK(compile_verdict(repeat("not ", 100000) + "x") == "MemoryError: ");
    CHECK(compile_verdict(repeat("lambda: ", 100000) + "x") == "MemoryError: ");
    CHECK(compile_verdict(repeat("x if y else ", 100000) + "x") == "MemoryError: ");
    CHECK(compile_verdict(repeat("x ** ", 100000) + "x") == "MemoryError: ");
    std::string recursion = "RecursionError: maximum recursion depth exceeded during compilation";
    CHECK(compile_verdict(repeat("x + ", 100000) + "x") == recursion);
    CHECK(compile_verdict(repeat("x.", 100000) + "x") == recursion);
    CHECK(compile_verdict("f" + repeat("()", 100000)) == recursion);
    CHECK(compile_verdict(repeat("x + ", 1000) + "x") == "ok");
    std::string blocks;
    for (int depth = 0; depth < 120; ++depth) blocks += std::string(static_cast<std::size_t>(depth), ' ') + "if x:\n";
    CHECK(compile_verdict(blocks + std::string(120, ' ') + "y") == "IndentationError: too many levels of indentation");
    std::string branches = "if x: pass\n" + repeat("elif x: pass\n", 100000);
    CHECK(compile_verdict(branches) == "MemoryError: ");
    CHECK(compile_verdict("if x: pass\n" + repeat("elif x: pass\n", 1000)) == "ok");
}

TEST_CASE("a long line of wrong words is explained in linear time", "[syntax]") {
    std::string words, brackets;
    for (int index = 0; index < 3000; ++index) words += "word ";
    for (int index = 0; index < 150; ++index) brackets += "[({x: ";
    CHECK(compile_verdict(words) == "SyntaxError: invalid syntax");
    CHECK(compile_verdict(brackets).rfind("SyntaxError", 0) == 0);
    CHECK(compile_verdict(std::string(150, '(') + "a b" + std::string(150, ')')) ==
          "SyntaxError: invalid syntax. Perhaps you forgot a comma?");
}

TEST_CASE("nesting costs no more than its length", "[syntax]") {
    // Parsed twice at each level, any of these would take longer than the universe has left.
    for (std::string open :
         {"f(", "x[", "{", "{x: ", "f(a=", "f(*a, ", "f(**", "(x := ", "x[:", "(yield ", "[x for x in [", "x < (",
          "x ** (", "f(x for x in f(", "(x = ", "with (", "match (", "print (", "del ("}) {
        INFO("nested: " << open);
        std::string text;
        for (int depth = 0; depth < 60; ++depth) text += open;
        CHECK(compile_verdict(text + "$") != "ok");
        CHECK(compile_verdict(text + "x y") != "ok");
        CHECK(compile_verdict(text) != "ok");
    }
}

TEST_CASE("what is not supported yet says so", "[syntax]") {
    CHECK(compile_verdict("async def f(): pass") == "SyntaxError: 'async def' is not supported yet");
    CHECK(compile_verdict("try: pass\nexcept* E: pass") == "SyntaxError: 'except*' is not supported yet");
    CHECK(compile_verdict("x = 3j") == "SyntaxError: a complex number is not supported yet");
    CHECK(compile_verdict("'\\N{BULLET}'") == "SyntaxError: a \\N{...} escape is not supported yet");
    CHECK(compile_verdict("await x") == "SyntaxError: 'await' outside function");
}

TEST_CASE("modes", "[syntax]") {
    CHECK(compile_verdict("1 + x", compile_mode::eval) == "ok");
    CHECK(compile_verdict("x = 1", compile_mode::eval) == "SyntaxError: invalid syntax");
    CHECK(compile_verdict("x, y\n\n", compile_mode::eval) == "ok");
    CHECK(compile_verdict("x; y", compile_mode::single) == "ok");
    CHECK(compile_verdict("x\ny", compile_mode::single) ==
          "SyntaxError: multiple statements found while compiling a single statement");
    for (const char* text : {"if x:", "(a,", "'''abc", "def f():\n  pass\n  if y:\n", "x = \\"})
        CHECK(compile(text, "x.py", compile_mode::single).error.incomplete);
    for (const char* text : {"x y", "f(a b)", "1 = x", "'abc"})
        CHECK_FALSE(compile(text, "x.py", compile_mode::single).error.incomplete);
}

TEST_CASE("an integer of more than 4300 decimal digits is refused", "[syntax]") {
    CHECK(compile_verdict("x = " + std::string(4300, '9')) == "ok");
    CHECK(compile_verdict("x = " + std::string(4301, '9')).rfind("SyntaxError: Exceeds the limit (4300 digits)", 0) ==
          0);
    CHECK(compile_verdict("x = 0x" + std::string(9999, 'f')) == "ok");
}
