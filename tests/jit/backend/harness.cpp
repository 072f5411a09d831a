// See harness.h.
#include "harness.h"
#if defined __x86_64__
#include "backend/x86_64/backend.h"
namespace native = heddle::jit::x86_64;
#elif defined __arm__
#include "backend/armv7/backend.h"
namespace native = heddle::jit::armv7;
#endif
#include "support/heap_world.h"
#include <catch2/catch.hpp>

namespace backend_test {

void start_collector() { heddle::test::world(); }

std::vector<named_backend> native_backends([[maybe_unused]] const backend_hooks& hooks) {
    std::vector<named_backend> all;
#if defined __x86_64__ || defined __arm__
    struct {
        const char* name;
        bool few, baseline;
    } kinds[] = {
        {"", false, false}, {" few registers", true, false}, {" baseline", false, true}, {" few baseline", true, true}};
    for (auto& k : kinds) {
        native::backend_options options;
        options.few_registers = k.few;
        options.baseline_cpu = k.baseline;
        options.code_bytes = (sizeof(void*) == 8 ? 16 : 4) << 20;
        std::string error;
        all.push_back({native_backend_name + std::string(k.name), native::make_backend(hooks, options, error)});
        if (!all.back().what) FAIL(error);
    }
#endif
    return all;
}

std::vector<named_backend> all_backends(const backend_hooks& hooks) {
    std::vector<named_backend> all;
    all.push_back({"portable", make_portable_backend(hooks)});
    for (named_backend& b : native_backends(hooks)) all.push_back(std::move(b));
    return all;
}

std::map<std::string, std::vector<bool>>& compiled_operations() {
    static std::map<std::string, std::vector<bool>> all;
    return all;
}

static std::string note_operations(const trace& t, const backend& where, std::string problem) {
    std::vector<bool>& seen = compiled_operations()[where.name()];
    seen.resize(static_cast<size_t>(opcode::count));
    if (problem.empty())
        for (const operation& o : t.operations) seen[static_cast<size_t>(o.op)] = true;
    return problem;
}

unit::unit(backend& where, trace_parser_tables tables) : token{}, where(where), tables_(std::move(tables)) {
    token.type = descr_type::loop;
    token.name = "token";
}

unit::~unit() { where.free_code(token); }

target_token& unit::target(const std::string& name) {
    target_token*& found = targets_[name];
    if (!found) {
        token.targets.push_back(std::make_unique<target_token>());
        found = token.targets.back().get();
        found->type = descr_type::target;
        found->name = name;
        found->owner = &token;
        tables_.descrs.push_back(found);
    }
    return *found;
}

void unit::own_guards(trace& t) {
    for (operation& o : t.operations) {
        if (o.op == opcode::finish) has_result_ = o.argument_count != 0;
        if (!is_guard(o.op) || o.guard) continue;
        token.guards.push_back(std::make_unique<guard_data>());
        guard_data& g = *token.guards.back();
        g.number = static_cast<uint32_t>(token.guards.size() - 1);
        g.owner = &token;
        g.op = o.op;
        g.continues_at = const_cast<target_token*>(static_cast<const target_token*>(o.description));
        if (o.snapshot != UINT32_MAX) {
            const snapshot_frame& f = t.snapshot_frames[o.snapshot];
            for (uint32_t i = 0; i < f.value_count; ++i) {
                value_ref v = t.snapshot_values[f.first_value + i];
                g.fail_arguments.push_back(v);
                g.fail_kinds.push_back(t.kind_of(v));
            }
        }
        o.guard = &g;
    }
}

std::string unit::prepare(const std::string& text, trace& t) {
    for (size_t at = 0; (at = text.find("descr=", at)) != std::string::npos;) {
        at += 6;
        std::string name = text.substr(at, text.find_first_of(",)", at) - at);
        if (name.rfind("label", 0) == 0) target(name);
    }
    std::string error;
    if (!parse(text, tables_, t, error)) return "parse: " + error;
    own_guards(t);
    return "";
}

std::string unit::compile(trace& t, std::string* log) {
    own_guards(t);
    token.input_kinds.clear();
    for (uint32_t i = 0; i < t.input_count; ++i) token.input_kinds.push_back(t.operations[i].result);
    return note_operations(t, where, where.compile_loop(t, token, log));
}

std::string unit::compile(const std::string& text, std::string* log) {
    trace t;
    if (std::string problem = prepare(text, t); !problem.empty()) return problem;
    return compile(t, log);
}

std::string unit::compile_bridge(int guard, const std::string& text, std::string* log) {
    trace t;
    if (std::string problem = prepare(text, t); !problem.empty()) return problem;
    return note_operations(t, where, where.compile_bridge(t, *token.guards[static_cast<size_t>(guard)], token, log));
}

std::string unit::compile_bridge(trace& t, guard_data& guard, std::string* log) {
    own_guards(t);
    return note_operations(t, where, where.compile_bridge(t, guard, token, log));
}

outcome unit::run(std::vector<word> inputs) {
    for (size_t i = 0; i < inputs.size() && i < token.input_kinds.size(); ++i)
        inputs[i] = canonical(token.input_kinds[i], inputs[i]);
    exit_state exit = where.execute(token, inputs.data());
    outcome o;
    if (exit.guard) {
        o.guard = static_cast<int>(exit.guard->number);
        o.values.assign(exit.values, exit.values + exit.guard->fail_arguments.size());
    } else if (has_result_) {
        o.values.push_back(exit.values[0]);
    }
    return o;
}

} // namespace backend_test
