// Bytecode: small programs with the code they must give, and properties of whole units.
//
// A golden is a pair goldens/NAME.py, goldens/NAME.txt (the dump). HEDDLE_UPDATE_GOLDENS=1 rewrites the .txt files:
// read the difference before you commit it.

#include <catch2/catch.hpp>

#include <cstdlib>

#include "support.h"

using namespace heddle::python;
using namespace heddle::python::testing;

namespace {

std::shared_ptr<const code_unit> compiled(std::string_view source, compile_mode mode = compile_mode::exec) {
    compile_result result = compile(source, "x.py", mode);
    REQUIRE(verdict(result) == "ok");
    REQUIRE(verify(*result.code) == "");
    return result.code;
}

const code_unit& inner(const code_unit& code, std::size_t which = 0) {
    for (const constant& value : code.constants)
        if (value.kind == constant_kind::code && which-- == 0) return *value.code;
    FAIL("no such inner code");
    return code;
}

// Opcodes and operands, one line each, without positions.
std::string body_of(const code_unit& code) {
    std::string text = dump(code), result;
    for (std::size_t start = text.find('\n') + 1; start < text.size();) {
        std::size_t end = text.find('\n', start);
        std::string line = text.substr(start, end - start);
        start = end + 1;
        if (line.rfind("code ", 0) == 0) break;
        if (line.rfind("  slots", 0) == 0 || line.rfind("  guard", 0) == 0) continue;
        result += line.substr(11) + "\n";
    }
    return result;
}

bool contains(const code_unit& code, opcode op) {
    for (instruction word : code.instructions)
        if (opcode_of(word) == op) return true;
    return false;
}

} // namespace

TEST_CASE("goldens", "[compiler]") {
    bool updates = std::getenv("HEDDLE_UPDATE_GOLDENS") != nullptr;
    for (std::string name : {"expressions", "control", "functions", "classes", "exceptions", "generators", "match"}) {
        INFO("golden: " << name);
        std::string text = dump(*compiled(read_data("goldens/" + name + ".py")));
        if (updates) std::ofstream(std::string(HEDDLE_TEST_DATA) + "/goldens/" + name + ".txt") << text;
        CHECK(text == read_data("goldens/" + name + ".txt"));
    }
}

TEST_CASE("constants are folded", "[compiler]") {
    auto value_of = [](const char* text) { return body_of(*compiled(text, compile_mode::eval)); };
    CHECK(value_of("1 + 2 * 3") == "LOAD_CONST 7\nRETURN_VALUE\n");
    CHECK(value_of("-7 // 2, -7 % 3, 7 / 2") == "LOAD_CONST (-4, 2, 3.5)\nRETURN_VALUE\n");
    CHECK(value_of("2 ** 64 - 1") == "LOAD_CONST 18446744073709551615\nRETURN_VALUE\n");
    CHECK(value_of("'ab' 'c' + 'd' * 3") == "LOAD_CONST 'abcddd'\nRETURN_VALUE\n");
    CHECK(value_of("-9223372036854775808") == "LOAD_CONST -9223372036854775808\nRETURN_VALUE\n");
    CHECK(value_of("not 0, ~5, -(-1.5)") == "LOAD_CONST (True, -6, 1.5)\nRETURN_VALUE\n");
    CHECK(value_of("True + True, True & False") == "LOAD_CONST (2, False)\nRETURN_VALUE\n");
    // What would raise or explode stays for run time.
    CHECK(value_of("1 // 0") == "LOAD_CONST 1\nLOAD_CONST 0\nBINARY_FLOOR_DIVIDE\nRETURN_VALUE\n");
    CHECK(value_of("10 ** 1000000").find("BINARY_POWER") != std::string::npos);
    CHECK(value_of("'x' * 100000000").find("BINARY_MULTIPLY") != std::string::npos);
}

TEST_CASE("constants that compare equal but differ stay apart", "[compiler]") {
    auto code = compiled(
        "(0, 0.0, -0.0, False, '', b'', (0,), (0.0,), (False,))\nx = 0, 0.0, -0.0, False\ny = 1; z = 1.0; t = True");
    std::size_t ones = 0;
    for (const constant& value : code->constants)
        if ((value.kind == constant_kind::integer || value.kind == constant_kind::boolean) && value.integer == 1)
            ++ones;
    CHECK(ones == 2);
}

TEST_CASE("only locals that may be unbound are checked", "[compiler]") {
    CHECK_FALSE(contains(inner(*compiled("def f(a):\n b = a\n return b")), opcode::LOAD_FAST_CHECK));
    CHECK(contains(inner(*compiled("def f(a):\n if a: b = 1\n return b")), opcode::LOAD_FAST_CHECK));
    CHECK_FALSE(
        contains(inner(*compiled("def f(a):\n if a: b = 1\n else: b = 2\n return b")), opcode::LOAD_FAST_CHECK));
    CHECK(contains(inner(*compiled("def f(a):\n for b in a: pass\n return b")), opcode::LOAD_FAST_CHECK));
    CHECK(contains(inner(*compiled("def f(a):\n del a\n return a")), opcode::LOAD_FAST_CHECK));
    CHECK(contains(inner(*compiled("def f(a):\n try: b = g()\n except E: pass\n return b")), opcode::LOAD_FAST_CHECK));
    CHECK(contains(inner(*compiled("def f(a):\n try: a()\n except E as b: pass\n return b")), opcode::LOAD_FAST_CHECK));
}

TEST_CASE("scopes", "[compiler]") {
    auto slots_of = [](const code_unit& code) {
        std::string text;
        for (const slot& one : code.slots)
            text += one.name + (one.kind == slot_kind::cell ? "! " : one.kind == slot_kind::free ? "? " : " ");
        return text;
    };
    auto nested = compiled("def f(a, b):\n c = 1\n def g():\n  nonlocal c\n  c += a\n  return h\n return g");
    CHECK(slots_of(inner(*nested)) == "a! b c! g ");
    CHECK(slots_of(inner(inner(*nested))) == "a? c? ");
    auto private_name = compiled("class _C:\n def f(self, __x): self.__y = __x; __z__ = __x");
    CHECK(slots_of(inner(inner(*private_name))) == "self _C__x __z__ ");
    CHECK(inner(inner(*private_name)).names == std::vector<std::string>{"_C__y"});
    auto walrus = compiled("def f():\n return [y := x for x in range(3)], y");
    CHECK(slots_of(inner(*walrus)) == "y! ");
    auto class_body = compiled("def f(x):\n class A:\n  x = x\n  def g(self): return x\n return A");
    CHECK(contains(inner(inner(*class_body)), opcode::LOAD_NAME));
    CHECK(slots_of(inner(inner(inner(*class_body)))) == "self x? ");
    auto uses_super = compiled("class A:\n def f(self): return super().f()\n def g(): return super()");
    CHECK(slots_of(inner(*uses_super)) == "__class__! ");
    CHECK(contains(inner(inner(*uses_super)), opcode::LOAD_SUPER_METHOD));
    CHECK_FALSE(contains(inner(inner(*uses_super), 1), opcode::CALL_SUPER));
    CHECK(inner(inner(*uses_super)).qualname == "A.f");
    CHECK(inner(inner(*nested)).qualname == "f.<locals>.g");
}

TEST_CASE("unreachable code is dropped, its errors are not", "[compiler]") {
    CHECK(body_of(inner(*compiled("def f():\n return 1\n print(2)"))) == "LOAD_CONST 1\nRETURN_VALUE\n");
    CHECK(body_of(*compiled("while True: f()")) == "LOAD_NAME f\nCALL 0\nPOP_TOP\nJUMP_BACKWARD to 0\n");
    CHECK(body_of(*compiled("if 0: f()\nelse: g()")) ==
          "LOAD_NAME g\nCALL 0\nPOP_TOP\nLOAD_CONST None\nRETURN_VALUE\n");
    CHECK(compile_verdict("def f():\n return\n break") == "SyntaxError: 'break' outside loop");
}

TEST_CASE("long displays do not need a deep stack", "[compiler]") {
    std::string items, pairs;
    for (int index = 0; index < 3000; ++index) {
        items += "x" + std::to_string(index) + ",";
        pairs += "x" + std::to_string(index) + ": y,";
    }
    CHECK(compiled("[" + items + "]", compile_mode::eval)->max_stack < 10);
    CHECK(compiled("(" + items + ")", compile_mode::eval)->max_stack < 10);
    CHECK(compiled("{" + pairs + "}", compile_mode::eval)->max_stack < 1000);
}

TEST_CASE("copies of finally bodies are bounded", "[compiler]") {
    std::string text = "def f():\n", indent = " ";
    for (int depth = 0; depth < 40; ++depth) {
        text += indent + "try: x\n" + indent + "finally:\n";
        indent += " ";
    }
    CHECK(compile_verdict(text + indent + "y") == "SyntaxError: the code is too large");
}

TEST_CASE("instructions know where they come from", "[compiler]") {
    auto code = compiled("a = f(\n  b,\n  c.d)\n");
    const source_position& call = code->positions[4];
    CHECK(opcode_of(code->instructions[4]) == opcode::CALL);
    CHECK(call.line == 1);
    CHECK(call.end_line == 3);
    CHECK(call.column == 4);
    auto format = compiled("x = 1\ny = f'''\n{a +\n b!r}'''\n");
    bool found = false;
    for (std::size_t index = 0; index < format->instructions.size(); ++index) {
        if (opcode_of(format->instructions[index]) != opcode::BINARY_ADD) continue;
        found = true;
        CHECK(format->positions[index].line == 3);
        CHECK(format->positions[index].column == 1);
        CHECK(format->positions[index].end_line == 4);
    }
    CHECK(found);
}
