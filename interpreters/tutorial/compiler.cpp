// The tutorial language's compiler: source text to instructions in one pass. Ordinary C++; the JIT never looks in here.
// A program is a sequence of expressions:
//     12  "text"  name  (let name e)  (set name e)  (if e e e)  (while e e...)  (do e...)  (fn (name...) e...)
//     (f e...), where f is one of the operations below or a function
#include "objects.h"
#include <algorithm>
#include <charconv>
#include <cstring>
#include <tuple>
#include <vector>

// Name, instruction, how many operands (-1: any number).
static const std::tuple<const char*, Operation, long> operations[] = {
    {"<", op_less, 2},       {"=", op_equal, 2},       {"+", op_add, 2},       {"-", op_subtract, 2},
    {"*", op_multiply, 2},   {"/", op_divide, 2},      {"%", op_remainder, 2}, {"not", op_not, 1},
    {"print", op_print, 1},  {"return", op_return, 1}, {"list", op_list, -1},  {"length", op_length, 1},
    {"item", op_item, 2},    {"put", op_put, 3},       {"spawn", op_spawn, 1}, {"join", op_join, 1},
    {"atomic", op_atomic, 1}};

struct Function { // one that is being compiled
    Function* outer;
    std::vector<std::string> variables = {};
    std::vector<long> instructions = {}, lines = {};
    long arguments = 0, depth = 0, stack_size = 1, constant_count = 0;
    W_Object* constants[1000] = {}; // on the C++ stack, where the collector finds them; never in malloc memory
};

struct Compiler {
    const std::string& source;
    Function* function = nullptr;
    size_t position = 0;
    long line = 1, last_line = 1;
    std::string token = {}; // a bracket, a name, a number, a string with its first quote; "" at the end

    [[noreturn]] void fail(const std::string& message) { stop(std::to_string(line) + ": " + message); }
    std::string advance() { // to the next token; answers the last one
        std::string last = token;
        last_line = line;
        for (bool comment = false; position < source.size(); position++) {
            comment = source[position] == '#' || (comment && source[position] != '\n');
            if (!comment && !isspace(source[position])) break;
            line += source[position] == '\n';
        }
        bool is_string = source[position] == '"';
        const char* stops = is_string ? "\"\n" : " \t\r\n#()\"";
        size_t end = strchr("()", source[position]) ? position + 1 : source.find_first_of(stops, position + 1);
        if (is_string && (end == source.npos || source[end] == '\n')) fail("a string without end");
        token = source.substr(position, end - position);
        position = std::min(end, source.size()) + is_string;
        return last;
    }
    bool accept(const std::string& text) { return token == text && (advance(), true); }
    void expect(const std::string& text) {
        if (!accept(text)) fail("expected " + text + ", found " + (token.empty() ? "the end" : token));
    }

    long here() { return static_cast<long>(function->instructions.size()); }
    long emit(long operation, long operand, long effect) { // effect: how many values more the stack holds afterwards
        if (std::max(operand, here()) >= 1 << 23) fail("this function is too large");
        function->instructions.push_back(operation + (operand << 8));
        function->lines.push_back(last_line);
        function->stack_size = std::max(function->stack_size, function->depth += effect);
        return here() - 1;
    }
    void land(long jump) { function->instructions[jump] += here() << 8; }
    void constant(W_Object* value) {
        if (function->constant_count == 1000) fail("too many constants in one function");
        emit(op_constant, function->constant_count, 1);
        function->constants[function->constant_count++] = value;
    }
    std::string declare() {
        if (strchr("()\"-0123456789", token[0])) expect("a name");
        function->variables.push_back(token);
        return advance();
    }
    void variable(long operation, const std::string& name, long effect) { // operand: scopes to go out, index there
        long distance = 0;
        for (Function* f = function; f; f = f->outer, distance++)
            for (long i = 0; i < static_cast<long>(f->variables.size()); i++)
                if (f->variables[i] == name) return void(emit(operation, distance + (i << 8), effect));
        fail("no variable " + name);
    }
    long expressions() { // up to the closing bracket; their values stay on the stack
        long count = 0;
        for (; !accept(")"); count++) expression();
        return count;
    }
    void sequence(const std::string& end) { // the last one's value stays
        for (constant(zero); !accept(end);) emit(op_drop, 0, -1), expression();
    }

    W_Function* compile(Function inner, const char* end) {
        function = &inner;
        if (inner.outer)
            for (expect("("); !accept(")"); function->arguments++) declare();
        sequence(end), emit(op_return, 0, 0);
        function = inner.outer;
        auto* words = heddle::make_array_copy<array<const long>>(inner.instructions.data(), inner.instructions.size());
        auto* constants = heddle::make_array_copy<array<W_Object* const>>(inner.constants, inner.constant_count);
        auto* lines = heddle::make_array_copy<array<const long>>(inner.lines.data(), inner.lines.size());
        auto* code = make<Code>(words, lines, constants, inner.arguments, inner.variables.size(), inner.stack_size);
        return make<W_Function>(code, nullptr);
    }

    void expression() {
        if (heddle::stack_is_low()) fail("nested too deeply");
        if (accept("(")) return compound();
        if (token[0] == '"') return constant(make_string(advance().substr(1)));
        if (token.empty() || token == ")") expect("an expression");
        long number = 0;
        auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
        if (error != std::errc() || *end) return variable(op_variable, advance(), 1);
        constant(make<W_Int>(number)), advance();
    }
    void compound() { // what follows an opening bracket, with the closing one
        for (auto [name, operation, wanted] : operations)
            if (accept(name)) {
                long operands = expressions();
                if (wanted >= 0 && operands != wanted) fail(name + std::string(": wrong number of operands"));
                return void(emit(operation, operands, 1 - operands));
            }
        if (accept("do")) return sequence(")");
        if (accept("fn")) return constant(compile({function}, ")")), void(emit(op_function, 0, 0));
        if (token == "let" || token == "set") {
            std::string name = advance() == "let" ? declare() : advance();
            expression(), variable(op_set_variable, name, 0);
        } else if (accept("if")) {
            expression();
            long otherwise = emit(op_jump_if_false, 0, -1);
            expression();
            long end = emit(op_jump, 0, -1);
            land(otherwise);
            token == ")" ? constant(zero) : expression();
            land(end);
        } else if (accept("while")) {
            long start = here();
            expression();
            long end = emit(op_jump_if_false, 0, -1);
            sequence(")"), emit(op_drop, 0, -1), emit(op_loop, start, 0), land(end);
            return constant(zero);
        } else {
            expression();
            long count = expressions();
            return void(emit(op_call, count, -count));
        }
        expect(")");
    }
};

W_Function* compile(const std::string& source) {
    Compiler compiler{source};
    compiler.advance();
    return compiler.compile({nullptr}, "");
}
