// See generate.h.
#include "generate.h"
#include <random>
#include <vector>

namespace {

struct type_row {
    const char* name;
    const char* unsigned_name; // for arithmetic that wraps
    int bits;
    bool is_signed;
};
constexpr type_row types[] = {{"int8_t", "uint8_t", 8, true},    {"uint8_t", "uint8_t", 8, false},
                              {"int16_t", "uint16_t", 16, true}, {"uint16_t", "uint16_t", 16, false},
                              {"int32_t", "uint32_t", 32, true}, {"uint32_t", "uint32_t", 32, false},
                              {"int64_t", "uint64_t", 64, true}, {"uint64_t", "uint64_t", 64, false}};

class generator {
public:
    explicit generator(uint64_t seed) : random_(seed) {}

    std::string program(int functions) {
        std::string text = "#include <heddle/heddle.h>\n#include <cmath>\n#include <cstdio>\n#include "
                           "<cstdlib>\n#include <cstring>\nusing namespace heddle;\n";
        for (int i = 0; i < functions; ++i) text += function(i);
        text += "static const int64_t values[] = {0, 1, -1, 2, 7, -7, 63, 64, 127, 128, -128, -129, 255, 256, 32767, "
                "32768, -32768, 65535, 65536, 2147483647L, 2147483648L,"
                " -2147483648L, -2147483649L, 4294967295L, 4294967296L, 9223372036854775807L, INT64_MIN, INT64_MIN + "
                "1, 1234567890123L, -987654321098765L, 31, 8};\n"
                "constexpr long value_count = sizeof values / sizeof values[0];\n"
                "static constinit jit::driver drv{\"differential\"};\n"
                "long run(long which, long count, int64_t* out) {\n    long i = 0;\n    for (;;) {\n        "
                "HEDDLE_MERGE_POINT(drv, (which), (i, count, out));\n"
                "        if (i >= count) return i;\n        int64_t a = values[(i * 7) % value_count], b = values[(i / "
                "value_count + i) % value_count], r = 0;\n        switch (which) {\n";
        for (int i = 0; i < functions; ++i)
            text += "        case " + std::to_string(i) + ": r = f" + std::to_string(i) + "(a, b); break;\n";
        text +=
            "        }\n        out[i++] = r;\n        HEDDLE_CAN_ENTER_JIT(drv, (which), (i, count, out));\n    }\n}\n"
            "int main() {\n    gc::initialise_from_environment_or_exit();\n    if (const char* options = "
            "getenv(\"HEDDLE_JIT\")) {\n        std::string error = heddle_jit_configure(options);\n        if "
            "(!error.empty() && heddle_jit_present()) return puts(error.c_str()), 2;\n    }\n    static int64_t "
            "out[1024];\n    for (long which = 0; which < " +
            std::to_string(functions) +
            "; ++which) {\n        run(which, 1024, out);\n        for (long i = 0; i < 1024; ++i) printf(\"f%ld[%ld] "
            "%ld\\n\", which, i, (long)out[i]);\n    }\n}\n";
        return text;
    }

private:
    struct variable {
        int type; // index in types; -1: double
        std::string name;
    };

    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

    std::string constant(int type) {
        static const char* const interesting[] = {
            "0",   "1",   "-1",   "2",    "3",     "7",          "10",          "100",        "127",
            "128", "255", "-128", "1000", "65535", "2147483647", "-2147483647", "4294967295", "1000000007"};
        return std::string("(") + types[type].name + ")" +
               interesting[below(sizeof interesting / sizeof *interesting)] + "L";
    }

    // Some variable converted to the type, or a constant.
    std::string leaf(int type) {
        if (below(6) == 0) return constant(type);
        const variable& v = variables_[below(static_cast<unsigned>(variables_.size()))];
        if (v.type < 0) return std::string("(") + types[type].name + ")to_integer(" + v.name + ")";
        return v.type == type ? v.name : std::string("(") + types[type].name + ")" + v.name;
    }

    std::string expression(int type, int depth) {
        if (depth == 0) return leaf(type);
        const type_row& t = types[type];
        std::string a = expression(type, depth - 1), b = expression(type, depth - 1), name = t.name,
                    as_unsigned = t.unsigned_name;
        std::string wide = t.bits < 64 ? "unsigned" : "uint64_t";
        switch (below(16)) {
        case 0: return "(" + name + ")((" + wide + ")" + a + " + (" + wide + ")" + b + ")";
        case 1: return "(" + name + ")((" + wide + ")" + a + " - (" + wide + ")" + b + ")";
        case 2: return "(" + name + ")((" + wide + ")" + a + " * (" + wide + ")" + b + ")";
        case 3: return "divide<" + name + ">(" + a + ", " + b + ")";
        case 4: return "modulo<" + name + ">(" + a + ", " + b + ")";
        case 5:
            return "(" + name + ")((" + as_unsigned + ")" + a + " << ((" + b + ") & " + std::to_string(t.bits - 1) +
                   "))";
        case 6: return "(" + name + ")(" + a + " >> ((" + b + ") & " + std::to_string(t.bits - 1) + "))";
        case 7: return "(" + name + ")(" + a + " & " + b + ")";
        case 8: return "(" + name + ")(" + a + " | " + b + ")";
        case 9: return "(" + name + ")(" + a + " ^ " + b + ")";
        case 10: return "(" + name + ")(~" + a + ")";
        case 11: return "(" + name + ")(" + condition(depth - 1) + " ? " + a + " : " + b + ")";
        case 12: return "(" + name + ")(" + condition(depth - 1) + ")";
        case 13: return intrinsic(type, a);
        case 14: return "(" + name + ")((" + a + " & 63) + (" + b + " & 31))"; // can't overflow: nsw
        default: return "(" + name + ")(" + a + " * (" + name + ")1 + (" + name + ")0)";
        }
    }

    std::string intrinsic(int type, const std::string& a) {
        const type_row& t = types[type];
        std::string name = std::string("(") + t.name + ")";
        bool wide = t.bits == 64;
        std::string word = (wide ? "(uint64_t)" : "(uint32_t)") + a, suffix = wide ? "l" : "";
        switch (below(5)) {
        case 0: return name + "__builtin_popcount" + suffix + "(" + word + ")";
        case 1: return name + "__builtin_clz" + suffix + "(" + word + " | 1)";
        case 2: return name + "__builtin_ctz" + suffix + "(" + word + " | 16)";
        case 3: return name + (wide ? "__builtin_bswap64(" : "__builtin_bswap32(") + word + ")";
        default:
            return name + (wide ? "__builtin_rotateleft64(" : "__builtin_rotateleft32(") + word + ", " +
                   std::to_string(below(32)) + ")";
        }
    }

    std::string double_expression(int depth) {
        std::vector<std::string> doubles;
        for (auto& v : variables_)
            if (v.type < 0) doubles.push_back(v.name);
        if (depth == 0 || doubles.empty()) {
            if (doubles.empty() || below(3) == 0) return "(double)" + leaf(static_cast<int>(below(8)));
            return doubles[below(static_cast<unsigned>(doubles.size()))];
        }
        std::string a = double_expression(depth - 1), b = double_expression(depth - 1);
        switch (below(9)) {
        case 0: return "(" + a + " + " + b + ")";
        case 1: return "(" + a + " - " + b + ")";
        case 2: return "(" + a + " * " + b + ")";
        case 3: return "(" + a + " / " + b + ")";
        case 4: return "(-" + a + ")";
        case 5: return "__builtin_fabs(" + a + ")";
        case 6: return "__builtin_floor(" + a + ")";
        case 7: return "__builtin_copysign(" + a + ", " + b + ")";
        default: return "(" + condition(depth - 1) + " ? " + a + " : " + b + ")";
        }
    }

    std::string condition(int depth) {
        static const char* const comparisons[] = {"<", "<=", ">", ">=", "==", "!="};
        std::string compare = comparisons[below(6)];
        switch (below(6)) {
        case 0: return "(" + double_expression(depth > 0 ? 1 : 0) + " " + compare + " " + double_expression(0) + ")";
        case 1: return "(!" + condition(depth > 0 ? depth - 1 : 0) + ")";
        case 2:
            if (depth > 0) return "(" + condition(depth - 1) + " && " + condition(depth - 1) + ")";
            break;
        case 3:
            if (depth > 0) return "(" + condition(depth - 1) + " || " + condition(depth - 1) + ")";
            break;
        default: break;
        }
        int type = static_cast<int>(below(8));
        return "(" + expression(type, depth > 0 ? 1 : 0) + " " + compare + " " + leaf(type) + ")";
    }

    std::string assignable(int& type) {
        for (;;) {
            const variable& v = variables_[below(static_cast<unsigned>(variables_.size()))];
            if (v.type < 0) continue;
            type = v.type;
            return v.name;
        }
    }

    std::string assignment(int depth) {
        int type = 0;
        std::string name = assignable(type);
        return name + " = " + expression(type, depth) + ";";
    }

    std::string overflow_check() {
        static const int checked[] = {4, 5, 6, 6, 6, 7};
        int type = checked[below(6)];
        std::string op = std::string("__builtin_") + (below(3) == 0 ? "add" : below(2) ? "sub" : "mul") + "_overflow";
        std::string name = "o" + std::to_string(++names_);
        std::string text = "    " + std::string(types[type].name) + " " + name + ";\n    ";
        std::string call = op + "(" + expression(type, 1) + ", " + leaf(type) + ", &" + name + ")";
        switch (below(3)) {
        case 0: text += "if (" + call + ") { " + assignment(1) + " } else { v0 ^= (int64_t)" + name + "; }\n"; break;
        case 1: text += "v0 += (uint64_t)(" + call + ");\n    v0 ^= (int64_t)" + name + ";\n"; break;
        default: text += "if (" + call + ") " + name + " = 5;\n"; break;
        }
        variables_.push_back({type, name});
        return text;
    }

    std::string statement(int number) {
        switch (below(8)) {
        case 0:
            return "    if (" + condition(2) + ") { " + assignment(2) + " } else { " + assignment(2) + " " +
                   assignment(1) + " }\n";
        case 1: {
            int type = static_cast<int>(below(8));
            std::string text = "    switch ((" + std::string(types[type].name) + ")(" + expression(type, 1) +
                               (below(2) ? " & 7" : "") + ")) {\n";
            for (int i = 0; i < 5; ++i)
                text += "    case " + std::to_string(types[type].is_signed ? i - 1 : i) + ": " + assignment(2) +
                        (below(3) ? " break;\n" : "\n");
            return text + "    default: " + assignment(1) + "\n    }\n";
        }
        case 2: return overflow_check();
        case 3: {
            std::string name = "d" + std::to_string(++names_);
            std::string text = "    double " + name + " = " + double_expression(2) + ";\n";
            variables_.push_back({-1, name});
            return text;
        }
        case 4:
            if (number > 0)
                return "    v0 ^= f" + std::to_string(below(static_cast<unsigned>(number))) + "((int64_t)" + leaf(6) +
                       ", " + expression(6, 1) + ");\n";
            [[fallthrough]];
        default: {
            int type = static_cast<int>(below(8));
            std::string name = "v" + std::to_string(++names_);
            std::string text =
                "    " + std::string(types[type].name) + " " + name + " = " + expression(type, 2) + ";\n";
            variables_.push_back({type, name});
            return text;
        }
        }
    }

    // A function whose parameters and result are narrow, called through its adapter (it isn't traced).
    std::string narrow_function(int number) {
        const type_row& p = types[below(8)];
        const type_row& q = types[below(8)];
        const type_row& r = types[below(8)];
        std::string n = std::to_string(number);
        return "HEDDLE_DONT_LOOK_INSIDE " + std::string(r.name) + " narrow" + n + "(" + p.name + " x, " + q.name +
               " y, bool z, double w) { return (" + r.name +
               ")(z ? (uint64_t)x * 3 + (uint64_t)y : (uint64_t)y - (uint64_t)to_integer(w)); }\n"
               "HEDDLE_ELIDABLE bool small" +
               n + "(" + p.name + " x, bool y) { return y ? x > 5 : x < 100; }\n";
    }

    std::string function(int number) {
        std::string text;
        if (number == 0)
            text = "template <class T> HEDDLE_INLINE T divide(T a, T b) { return b == 0 || b == (T)-1 ? a : (T)(a / "
                   "b); }\n"
                   "template <class T> HEDDLE_INLINE T modulo(T a, T b) { return b == 0 || b == (T)-1 ? a : (T)(a % "
                   "b); }\n"
                   "HEDDLE_INLINE int64_t to_integer(double d) { return d > -9e18 && d < 9e18 ? (int64_t)d : 77; }\n";
        text += narrow_function(number);
        variables_ = {{6, "v0"}, {6, "a"}, {6, "b"}};
        names_ = 0;
        std::string n = std::to_string(number);
        text += "int64_t f" + n + "(int64_t a, int64_t b) {\n    int64_t v0 = a ^ 12345;\n";
        for (int i = 0; i < 9; ++i) text += statement(number);
        text += "    v0 ^= (int64_t)narrow" + n + "((" + std::string("decltype(v0)") + ")" + leaf(6) + ", " + leaf(6) +
                ", " + condition(0) + ", " + double_expression(1) + ");\n";
        text += "    if (small" + n + "(" + leaf(6) + ", " + condition(0) + ")) v0 += 17;\n    uint64_t result = v0;\n";
        for (auto& v : variables_) {
            if (v.type < 0)
                text += "    result = result * 31 + (" + v.name + " == " + v.name + " ? std::bit_cast<uint64_t>(" +
                        v.name + ") : 9);\n"; // NaNs differ
            else
                text += "    result = result * 31 + (uint64_t)" + v.name + ";\n";
        }
        return text + "    return (int64_t)result;\n}\n";
    }

    std::mt19937_64 random_;
    std::vector<variable> variables_;
    int names_ = 0;
};

} // namespace

std::string generate_program(uint64_t seed, int functions) { return generator(seed).program(functions); }
