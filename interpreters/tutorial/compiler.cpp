// The tutorial language's compiler: source text to instructions in one pass. Ordinary C++; the JIT never looks in here.
//   statement:  let x = e;  x = e;  e[e] = e;  e;  return e;  if e {..} else {..}  while e {..}  fn f(a, b) {..}
//   expression: < ==, + -, * / %, - and not, calls, indexing, 1, "text", [a, b], fn(a) {..}, true, false, nil,
//               print(e), length(e), push(list, e)
#include "objects.h"
#include <cstring>
#include <vector>

namespace {

struct Function { // one being compiled
    std::string name;
    Function* outer;
    long arguments = 0, depth = 0, stack_size = 1, constant_count = 0;
    std::vector<std::string> variables = {};
    std::vector<long> instructions = {}, lines = {};
    Items* constants = make_array<Items>(256);
};

struct Compiler {
    const std::string& source;
    std::string& error;
    size_t position = 0;
    long line = 1, nesting = 0;
    std::string token = {}; // "" at the end
    char type = 0;          // 'n' name, '0' number, '"' string, else the character itself
    Function* now = nullptr;

    void fail(const std::string& message) {
        if (error.empty()) error = "line " + std::to_string(line) + ": " + message;
        position = source.size(), type = 0, token.clear();
    }
    void advance() {
        auto skip = [&](auto test) {
            while (position < source.size() && test(static_cast<unsigned char>(source[position])))
                line += source[position++] == '\n';
        };
        for (skip(isspace); position < source.size() && source[position] == '#'; skip(isspace))
            skip([](int c) { return c != '\n'; });
        size_t start = position;
        if (start == source.size()) {
            type = 0, token.clear();
            return;
        }
        type = source[position++];
        if (isalpha(type) || type == '_') {
            type = 'n';
            skip([](int c) { return isalnum(c) || c == '_'; });
        } else if (isdigit(type)) {
            type = '0';
            skip(isdigit);
        } else if (type == '"') {
            skip([](int c) { return c != '"'; });
            if (position++ == source.size()) return fail("a string without end");
        } else if (type == '=' && source[position] == '=')
            position++;
        token = source.substr(start, position - start);
    }
    bool accept(const char* text) {
        if (type == '"' || token != text) return false;
        advance();
        return true;
    }
    void expect(const char* text) {
        if (!accept(text)) fail("expected " + std::string(text) + ", found " + (token.empty() ? "the end" : token));
    }
    std::string name() {
        std::string n = token;
        type == 'n' ? advance() : fail("expected a name");
        return n;
    }

    size_t emit(long operation, long operand, long effect) {
        now->instructions.push_back(operation + 256 * operand), now->lines.push_back(line);
        now->stack_size = std::max(now->stack_size, now->depth += effect);
        return now->instructions.size() - 1;
    }
    void patch(size_t at) { now->instructions[at] += 256 * static_cast<long>(now->instructions.size()); }
    void constant(long operation, W_Object* value) {
        if (now->constant_count == now->constants->length()) return fail("too many constants in one function");
        now->constants->set(now->constant_count, value);
        emit(operation, now->constant_count++, 1);
    }
    void variable(const std::string& wanted, bool store) {
        long distance = 0;
        for (Function* f = now; f; f = f->outer, distance++)
            for (size_t i = 0; i < f->variables.size(); i++)
                if (f->variables[i] == wanted) {
                    long effect = store ? -1 : 1;
                    if (distance == 0)
                        emit(store ? op_set_local : op_local, static_cast<long>(i), effect);
                    else
                        emit(store ? op_set_outer : op_outer, distance + 256 * static_cast<long>(i), effect);
                    return;
                }
        fail("no variable " + wanted);
    }
    template <class Each> long list(const char* end, Each each) {
        long count = 0;
        while (error.empty() && token != end) {
            each(), count++;
            if (!accept(",")) break;
        }
        expect(end);
        return count;
    }
    void function(const std::string& given) {
        Function inner{given, now};
        now = &inner;
        expect("(");
        inner.arguments = list(")", [&] { inner.variables.push_back(name()); });
        block();
        Code* code = finish();
        now = inner.outer;
        constant(op_make_function, code);
    }
    Code* finish() {
        constant(op_constant, nil), emit(op_return, 0, -1);
        auto copy = [](const std::vector<long>& v) {
            return heddle::make_array_copy<array<const long>>(v.data(), static_cast<long>(v.size()));
        };
        return make<Code>(copy(now->instructions), copy(now->lines), now->constants, strdup(now->name.c_str()),
                          now->arguments, static_cast<long>(now->variables.size()), now->stack_size);
    }
    void primary() {
        std::string text = token;
        if (type == '0') {
            char* end = (advance(), nullptr);
            return text.size() > 18 ? fail("integer too large: " + text)
                                    : constant(op_constant, make<W_Int>(strtol(text.c_str(), &end, 10)));
        }
        if (type == '"') {
            advance();
            return constant(op_constant, make_string(text.substr(1, text.size() - 2)));
        }
        if (accept("(")) {
            expression();
            return expect(")");
        }
        if (accept("fn")) return function("fn");
        if (accept("[")) {
            long n = list("]", [&] { expression(); });
            emit(op_make_list, n, 1 - n);
            return;
        }
        for (auto* c : {nil.get(), yes.get(), no.get()})
            if (text == c->show()) {
                advance();
                return constant(op_constant, c);
            }
        struct Builtin {
            const char* name;
            long operation, count;
        };
        for (auto [builtin, operation, count] :
             {Builtin{"print", op_print, 1}, {"length", op_length, 1}, {"push", op_push, 2}})
            if (accept(builtin)) {
                expect("(");
                if (list(")", [&] { expression(); }) != count) fail("wrong number of arguments for " + text);
                emit(operation, 0, 1 - count);
                return;
            }
        variable(name(), false);
    }
    void unary() {
        if (accept("-")) {
            constant(op_constant, make<W_Int>(0)), unary(), emit(op_subtract, 0, -1);
            return;
        }
        if (accept("not")) {
            unary(), emit(op_not, 0, 0);
            return;
        }
        for (primary(); error.empty();) {
            if (accept("(")) {
                long n = list(")", [&] { expression(); });
                emit(op_call, n, -n);
            } else if (accept("["))
                expression(), expect("]"), emit(op_index, 0, -1);
            else
                return;
        }
    }
    void binary(int level) {
        static const std::vector<std::pair<const char*, long>> operators[] = {
            {{"<", op_less}, {"==", op_equal}},
            {{"+", op_add}, {"-", op_subtract}},
            {{"*", op_multiply}, {"/", op_divide}, {"%", op_remainder}}};
        if (level == 3) return unary();
        binary(level + 1);
        for (bool found = true; found && error.empty();) {
            found = false;
            for (auto [text, operation] : operators[level])
                if (!found && accept(text)) found = true, binary(level + 1), emit(operation, 0, -1);
        }
    }
    void nested(void (Compiler::*parse)()) {
        ++nesting > 200 ? fail("nested too deeply") : (this->*parse)();
        nesting--;
    } // bounds the C++ stack
    void all_levels() { binary(0); }
    void expression() { nested(&Compiler::all_levels); }
    void statements() {
        while (error.empty() && token != "}") statement();
    }
    void block() { expect("{"), nested(&Compiler::statements), expect("}"); }
    void declare(const std::string& given) {
        for (auto& v : now->variables)
            if (v == given) return;
        now->variables.push_back(given);
    }
    void assignment() { // compiles the target as an expression, then turns its last instruction into a store
        expression();
        if (!accept("=")) {
            emit(op_pop, 0, -1);
            return;
        }
        long last = now->instructions.back(), operation = last & 255,
             store = operation == op_local   ? op_set_local
                     : operation == op_outer ? op_set_outer
                                             : op_set_index;
        if (operation != op_local && operation != op_outer && operation != op_index)
            return fail("this can't be assigned to");
        now->instructions.pop_back(), now->lines.pop_back(), now->depth += operation == op_index ? 1 : -1;
        expression();
        emit(store, last >> 8, operation == op_index ? -3 : -1);
    }
    void statement() {
        if (accept("let")) {
            std::string given = name();
            expect("="), expression(), declare(given), variable(given, true), expect(";");
        } else if (accept("fn")) {
            std::string given = name();
            declare(given), function(given), variable(given, true);
        } else if (accept("return"))
            expression(), emit(op_return, 0, -1), expect(";");
        else if (accept("if")) {
            expression();
            size_t skip = emit(op_jump_if_false, 0, -1), end = (block(), emit(op_jump, 0, 0));
            patch(skip);
            if (accept("else")) token == "if" ? nested(&Compiler::statement) : block();
            patch(end);
        } else if (accept("while")) {
            long start = static_cast<long>(now->instructions.size());
            expression();
            size_t leave = emit(op_jump_if_false, 0, -1);
            block(), emit(op_loop, start, 0), patch(leave);
        } else
            assignment(), expect(";");
    }
};

} // namespace

Code* compile(const std::string& source, std::string& error) {
    Compiler compiler{source, error};
    Function main{"main", nullptr};
    compiler.now = &main;
    for (compiler.advance(); error.empty() && !compiler.token.empty();) compiler.statement();
    return error.empty() ? compiler.finish() : nullptr;
}
