// The text form of a trace, written and read: the common language of tests, logs and viewers. One operation a line:
//
//     [i0, p1]                                       the inputs
//     i2 = int_add(i0, 5)
//     guard_true(i2) [i0, p1]                        fail arguments (optimised), or one frame: jitcode 0 at pc 0
//     (optimised) guard_true(i2) [i0, p1] -> loop    continues at that label
//     (recorded) guard_true(i2) {3@12: i0, _; 1@4: p1}          a recorded guard's frames, innermost first: jitcode@pc:
//     values p3 = getfield(p1, descr=W_List.items) jump(i2, p3, descr=loop)
//
// Constants: 5, -1, 2.5, inf, float(0x7ff8000000000000), null, ptr(0x10) or ptr(name), class(name) where the operand is
// a gc::type_info. '_' is an absent value. '#' begins a comment. Operation flags print as "/no_barrier". Names are a
// kind's letter and any text without blanks; printing numbers them by the operation's index.
#include "heddle/gc/type_info.h"
#include "heddle/jit/optimizer.h"
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>
#include <unordered_map>

namespace heddle::jit {

namespace {

bool takes_class(opcode op, size_t argument) {
    return argument == 1 &&
           (op == opcode::guard_class || op == opcode::guard_nonnull_class || op == opcode::record_exact_class);
}

class printer {
public:
    printer(const trace& t, bool with_fail_arguments) : trace_(t), with_fail_arguments_(with_fail_arguments) {}

    std::string run() {
        print_inputs();
        for (uint32_t i = trace_.input_count; i < trace_.operations.size(); ++i) print_operation(i);
        return std::move(out_);
    }

private:
    void print_inputs() {
        out_ += '[';
        for (uint32_t i = 0; i < trace_.input_count; ++i) {
            if (i) out_ += ", ";
            print_value(value_ref::result(i));
        }
        out_ += "]\n";
    }

    void print_operation(uint32_t index) {
        const operation& o = trace_.operations[index];
        if (o.result != kind::none) {
            print_value(value_ref::result(index));
            out_ += " = ";
        }
        out_ += info(o.op).name;
        if (o.flags & no_barrier) out_ += "/no_barrier";
        if (o.flags & no_marker) out_ += "/no_marker";
        if (o.flags & marks_object) out_ += "/marks_object";
        if (o.flags & is_fresh) out_ += "/is_fresh";
        if (o.flags & never_bridge) out_ += "/never_bridge";
        if (o.flags & resumes_elsewhere) out_ += "/elsewhere";
        out_ += '(';
        std::span<const value_ref> arguments = trace_.arguments_of(o);
        for (size_t i = 0; i < arguments.size(); ++i) {
            if (i) out_ += ", ";
            if (takes_class(o.op, i) && arguments[i].is_constant())
                print_class(arguments[i]);
            else
                print_value(arguments[i]);
        }
        if (o.description) {
            if (!arguments.empty()) out_ += ", ";
            out_ += "descr=" + o.description->name;
        }
        out_ += ')';
        if (with_fail_arguments_ && is_guard(o.op)) print_guard_state(o);
        out_ += '\n';
    }

    void print_guard_state(const operation& o) {
        if (o.guard) {
            print_list(" [", o.guard->fail_arguments, "]");
            if (o.guard->continues_at) out_ += " -> " + o.guard->continues_at->name;
            return;
        }
        if (o.snapshot == UINT32_MAX) return;
        const snapshot_frame& first = trace_.snapshot_frames[o.snapshot];
        if (first.parent == UINT32_MAX && first.jitcode == 0 && first.pc == 0) {
            print_list(" [", values_of(first), "]");
            return;
        }
        out_ += " {";
        for (uint32_t frame = o.snapshot; frame != UINT32_MAX; frame = trace_.snapshot_frames[frame].parent) {
            if (frame != o.snapshot) out_ += "; ";
            const snapshot_frame& f = trace_.snapshot_frames[frame];
            out_ += std::to_string(f.jitcode) + '@' + std::to_string(f.pc);
            print_list(f.value_count ? ": " : ":", values_of(f), "");
        }
        out_ += '}';
    }

    std::span<const value_ref> values_of(const snapshot_frame& f) const {
        return {trace_.snapshot_values.data() + f.first_value, f.value_count};
    }

    void print_list(const char* before, std::span<const value_ref> values, const char* after) {
        out_ += before;
        for (size_t i = 0; i < values.size(); ++i) {
            if (i) out_ += ", ";
            print_value(values[i]);
        }
        out_ += after;
    }

    void print_class(value_ref v) {
        word w = trace_.constants[v.index()].value;
        const char* name = w ? reinterpret_cast<const gc::type_info*>(w)->name : nullptr;
        if (name)
            out_ += "class(" + std::string(name) + ')';
        else
            print_value(v);
    }

    void print_value(value_ref v) {
        if (v.is_none())
            out_ += '_';
        else if (v.is_result())
            (out_ += kind_letter(trace_.operations[v.index()].result)) += std::to_string(v.index());
        else
            print_constant(trace_.constants[v.index()]);
    }

    void print_constant(const constant& c) {
        char text[64];
        double d = word_to_double(c.value);
        if (c.type == kind::integer)
            std::snprintf(text, sizeof text, "%lld", static_cast<long long>(c.value));
        else if (c.type == kind::pointer && c.value == 0)
            std::snprintf(text, sizeof text, "null");
        else if (c.type == kind::pointer)
            std::snprintf(text, sizeof text, "ptr(0x%llx)", static_cast<unsigned long long>(c.value));
        else if (std::isnan(d))
            std::snprintf(text, sizeof text, "float(0x%llx)", static_cast<unsigned long long>(c.value));
        else if (std::isinf(d))
            std::snprintf(text, sizeof text, d < 0 ? "-inf" : "inf");
        else {
            // The shortest text that reads back as the same double, always recognisable as one.
            char* end = std::to_chars(text, text + sizeof text - 3, d).ptr;
            *end = 0;
            if (std::string_view(text).find_first_of(".e") == std::string_view::npos) std::memcpy(end, ".0", 3);
        }
        out_ += text;
    }

    const trace& trace_;
    bool with_fail_arguments_;
    std::string out_;
};

class parser {
public:
    parser(std::string_view text, const trace_parser_tables& tables, trace& t)
        : rest_(text), tables_(tables), trace_(t) {}

    bool run(std::string& error) {
        while (error_.empty() && !rest_.empty()) {
            size_t end = rest_.find('\n');
            std::string_view whole = rest_.substr(0, end);
            rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
            ++line_number_;
            line_ = whole.substr(0, whole.find('#'));
            skip_blanks();
            if (!line_.empty()) parse_line();
        }
        if (!error_.empty()) error = "line " + std::to_string(line_number_) + ": " + error_;
        return error_.empty();
    }

private:
    // ---- lexing -----------------------------------------------------------------------------------------------------
    void skip_blanks() {
        while (!line_.empty() && std::isspace(static_cast<unsigned char>(line_.front()))) line_.remove_prefix(1);
    }
    bool accept(char c) {
        skip_blanks();
        if (line_.empty() || line_.front() != c) return false;
        line_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!accept(c)) fail(std::string("'") + c + "' expected before '" + std::string(line_) + "'");
    }
    void fail(std::string message) {
        if (error_.empty()) error_ = std::move(message);
    }
    std::string_view take_until(const char* stops) {
        skip_blanks();
        size_t end = line_.find_first_of(stops);
        std::string_view taken = line_.substr(0, end);
        line_.remove_prefix(taken.size());
        while (!taken.empty() && std::isspace(static_cast<unsigned char>(taken.back()))) taken.remove_suffix(1);
        return taken;
    }

    // ---- lines ------------------------------------------------------------------------------------------------------
    void parse_line() {
        if (accept('[')) return parse_inputs();
        std::string_view name;
        if (size_t equals = line_.find('='), bracket = line_.find('('); equals < bracket) {
            name = take_until(" =");
            expect('=');
        }
        std::string_view mnemonic = take_until("(/");
        opcode op;
        if (!find_opcode(mnemonic, op)) return fail("unknown operation '" + std::string(mnemonic) + "'");
        uint16_t flags = parse_flags();
        expect('(');
        const descr* description = nullptr;
        parse_arguments(description);
        if (!error_.empty()) return;
        value_ref result = trace_.add(op, operands_, description);
        trace_.operations.back().flags = flags;
        check_arguments(trace_.operations.back());
        if (is_guard(op)) parse_guard_state(result.index());
        skip_blanks();
        if (!line_.empty()) fail("unexpected text at the end: '" + std::string(line_) + "'");
        bind(name, result);
    }

    void parse_inputs() {
        while (error_.empty() && !accept(']')) {
            std::string_view name = take_until(",]");
            kind k = name.empty() ? kind::none : kind_of_letter(name.front());
            if (k == kind::none) return fail("an input's name begins with i, p or f");
            bind(name, trace_.add(input_of(k), {}));
            accept(',');
        }
    }

    void bind(std::string_view name, value_ref result) {
        kind k = trace_.operations[result.index()].result;
        if (name.empty()) return k == kind::none ? void() : unnamed_result(result);
        if (kind_of_letter(name.front()) != k)
            return fail("the name '" + std::string(name) + "' does not fit the result's kind");
        if (!names_.emplace(name, result).second) fail("the name '" + std::string(name) + "' is given twice");
    }
    void unnamed_result(value_ref) {} // a call whose result nobody uses

    static bool find_opcode(std::string_view name, opcode& found) {
        for (int i = 0; i < static_cast<int>(opcode::count); ++i)
            if (opcode_table[i].name == name) return found = static_cast<opcode>(i), true;
        return false;
    }

    uint16_t parse_flags() {
        uint16_t flags = 0;
        while (accept('/')) {
            std::string_view name = take_until("(/");
            if (name == "no_barrier")
                flags |= no_barrier;
            else if (name == "no_marker")
                flags |= no_marker;
            else if (name == "marks_object")
                flags |= marks_object;
            else if (name == "is_fresh")
                flags |= is_fresh;
            else if (name == "never_bridge")
                flags |= never_bridge;
            else if (name == "elsewhere")
                flags |= resumes_elsewhere;
            else
                fail("unknown operation flag '" + std::string(name) + "'");
        }
        return flags;
    }

    void parse_arguments(const descr*& description) {
        operands_.clear();
        while (error_.empty() && !accept(')')) {
            skip_blanks();
            if (line_.starts_with("descr=")) {
                line_.remove_prefix(6);
                description = find_descr(line_.substr(0, line_.rfind(')')));
            } else {
                operands_.push_back(parse_value(",)"));
            }
            accept(',');
        }
    }

    // A name may hold blanks, commas and brackets ("call ppi>p", "array<W_Object>"): the longest that fits wins.
    const descr* find_descr(std::string_view text) {
        const descr* best = nullptr;
        for (const descr* d : tables_.descrs) {
            bool fits = line_.starts_with(d->name) &&
                        (line_.size() == d->name.size() ||
                         std::string_view(",) ").find(line_[d->name.size()]) != std::string_view::npos);
            if (fits && (!best || d->name.size() > best->name.size())) best = d;
        }
        if (best)
            line_.remove_prefix(best->name.size());
        else
            fail("unknown descriptor '" + std::string(text) + "'");
        return best;
    }

    void check_arguments(const operation& o) {
        std::string_view letters = info(o.op).arguments;
        bool more = letters.ends_with('+');
        if (more) letters.remove_suffix(1);
        if (o.argument_count < letters.size() || (!more && o.argument_count > letters.size()))
            return fail(std::string(info(o.op).name) + " takes " + std::to_string(letters.size()) + " arguments");
        if ((info(o.op).flags & DESCR) && !o.description) return fail(std::string(info(o.op).name) + " needs a descr=");
        if (info(o.op).flags & CALL) return; // a function's address may be an integer or a pointer
        for (size_t i = 0; i < letters.size(); ++i) {
            kind wanted = kind_of_letter(letters[i]);
            if (letters[i] != '*' && trace_.kind_of(trace_.arguments_of(o)[i]) != wanted)
                return fail("argument " + std::to_string(i + 1) + " of " + std::string(info(o.op).name) +
                            " has the wrong kind");
        }
    }

    // ---- guards -----------------------------------------------------------------------------------------------------
    void parse_guard_state(uint32_t guard) {
        if (accept('[')) {
            uint32_t first = static_cast<uint32_t>(trace_.snapshot_values.size());
            while (error_.empty() && !accept(']')) {
                trace_.snapshot_values.push_back(parse_value(",]"));
                accept(',');
            }
            add_frame(0, 0, first);
            link_frames(guard, 1);
        } else if (accept('{')) {
            uint32_t count = 0;
            while (error_.empty() && !accept('}')) {
                uint32_t jitcode = parse_number("@"), pc = (expect('@'), parse_number(":"));
                expect(':');
                uint32_t first = static_cast<uint32_t>(trace_.snapshot_values.size());
                while (error_.empty() && !accept(';') && !at('}')) {
                    trace_.snapshot_values.push_back(parse_value(",;}"));
                    accept(',');
                }
                add_frame(jitcode, pc, first);
                ++count;
            }
            link_frames(guard, count);
        }
        if (!accept('-')) return;
        expect('>');
        skip_blanks();
        trace_.operations[guard].description = find_descr(line_);
    }
    bool at(char c) { return skip_blanks(), !line_.empty() && line_.front() == c; }
    uint32_t parse_number(const char* stops) {
        std::string_view text = take_until(stops);
        uint32_t number = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), number).ptr != text.data() + text.size() ||
            text.empty())
            fail("'" + std::string(text) + "' is not a number");
        return number;
    }
    void add_frame(uint32_t jitcode, uint32_t pc, uint32_t first) {
        uint32_t count = static_cast<uint32_t>(trace_.snapshot_values.size()) - first;
        trace_.snapshot_frames.push_back({jitcode, pc, first, count, UINT32_MAX});
    }
    void link_frames(uint32_t guard, uint32_t count) {
        if (count == 0) return fail("a guard's state needs a frame");
        uint32_t innermost = static_cast<uint32_t>(trace_.snapshot_frames.size()) - count;
        for (uint32_t i = 0; i + 1 < count; ++i) trace_.snapshot_frames[innermost + i].parent = innermost + i + 1;
        trace_.operations[guard].snapshot = innermost;
    }

    // ---- values -----------------------------------------------------------------------------------------------------
    value_ref parse_value(const char* stops) {
        skip_blanks();
        for (const char* form : {"ptr(", "class(", "float("})
            if (line_.starts_with(form)) return parse_form(form);
        std::string_view text = take_until(stops);
        if (text == "_") return value_ref();
        if (text == "null") return trace_.make_pointer(nullptr);
        if (text == "inf" || text == "-inf") return trace_.make_float(text[0] == '-' ? -HUGE_VAL : HUGE_VAL);
        if (auto found = names_.find(std::string(text)); found != names_.end()) return found->second;
        return parse_constant(text);
    }

    value_ref parse_form(std::string_view form) {
        line_.remove_prefix(form.size());
        std::string_view text = take_until(")");
        expect(')');
        if (form == "float(") return trace_.make_constant(kind::floating, parse_hexadecimal(text));
        if (form == "ptr(" && text.starts_with("0x"))
            return trace_.make_constant(kind::pointer, parse_hexadecimal(text));
        for (auto& [name, value] : tables_.pointers)
            if (name == text) return trace_.make_constant(kind::pointer, value);
        fail("unknown pointer '" + std::string(text) + "'");
        return {};
    }

    word parse_hexadecimal(std::string_view text) {
        word value = 0;
        const char* end = text.data() + text.size();
        if (!text.starts_with("0x") || std::from_chars(text.data() + 2, end, value, 16).ptr != end)
            fail("'" + std::string(text) + "' is not 0x...");
        return value;
    }

    value_ref parse_constant(std::string_view text) {
        const char* end = text.data() + text.size();
        bool numeric = !text.empty() && (std::isdigit(static_cast<unsigned char>(text[0])) || text[0] == '-');
        if (numeric && text.find_first_of(".e") != std::string_view::npos) {
            double d = 0;
            if (std::from_chars(text.data(), end, d).ptr == end) return trace_.make_float(d);
        } else if (numeric) {
            int64_t i = 0;
            if (std::from_chars(text.data(), end, i).ptr == end) return trace_.make_int(i);
        }
        fail("'" + std::string(text) + "' is neither a value defined above nor a constant");
        return {};
    }

    std::string_view rest_, line_;
    const trace_parser_tables& tables_;
    trace& trace_;
    int line_number_ = 0;
    std::string error_;
    std::unordered_map<std::string, value_ref> names_;
    std::vector<value_ref> operands_;
};

} // namespace

std::string print(const trace& t, bool with_fail_arguments) { return printer(t, with_fail_arguments).run(); }

bool parse(std::string_view text, const trace_parser_tables& tables, trace& t, std::string& error) {
    return parser(text, tables, t).run(error);
}

} // namespace heddle::jit
