// See options.h. Each row of the table is an option: its name, meaning, and where its value goes.
#include "runtime/options.h"
#include "heddle/jit/backend.h"
#include <charconv>
#include <vector>

namespace heddle::jit {
namespace {

struct number_option {
    std::string_view name;
    uint32_t runtime_options::* member;
    uint32_t least, most;
    std::string_view meaning;
};

constexpr uint32_t many = 1'000'000'000;
constexpr number_option number_options[] = {
    {"threshold", &runtime_options::threshold, 1, many, "passes of a loop before it is traced"},
    {"function_threshold", &runtime_options::function_threshold, 1, many, "calls of a function before it is traced"},
    {"trace_eagerness", &runtime_options::trace_eagerness, 1, many,
     "failures of a guard before a bridge is traced; a loop's first bridges come sooner"},
    {"bridge_cost", &runtime_options::bridge_cost, 1, many,
     "failures of a guard before a bridge, for 100 operations recorded after it: short bridges come sooner"},
    {"trace_limit", &runtime_options::trace_limit, 10, 1'000'000, "operations in a trace before it is given up"},
    {"retrace_limit", &runtime_options::retrace_limit, 0, 1000,
     "bodies that a loop may get from bridges that fit none of its bodies"},
    {"max_unroll_recursion", &runtime_options::max_unroll_recursion, 0, 1000,
     "levels of a recursion that a trace inlines"},
    {"decay", &runtime_options::decay, 0, 1000, "per mille that counters lose every 32 minor collections"},
    {"max_aborts", &runtime_options::max_aborts, 1, 1000, "traces given up at one place before it is left alone"},
    {"vector_lanes", &runtime_options::vector_lanes, 0, 4,
     "64-bit items in a vector, at most: 2, 4, or 0 for what the processor has"},
    {"fuel", &runtime_options::fuel, 0, many,
     "for tests: the n-th place where a guard could stand gets one that always fails"},
};

struct pass_option {
    std::string_view name;
    bool optimizer_options::* member;
};
constexpr pass_option pass_options[] = {
    {"rewrite", &optimizer_options::rewrite}, {"guards", &optimizer_options::guards},
    {"bounds", &optimizer_options::bounds},   {"pure", &optimizer_options::pure},
    {"heap", &optimizer_options::heap},       {"virtuals", &optimizer_options::virtuals},
    {"calls", &optimizer_options::calls},     {"barriers", &optimizer_options::barriers},
    {"peeling", &optimizer_options::peeling}, {"vectorise", &optimizer_options::vectorise},
};

struct switch_option {
    std::string_view name;
    bool runtime_options::* member;
    std::string_view meaning;
};
constexpr switch_option switch_options[] = {
    {"perf_map", &runtime_options::perf_map, "1: names of machine code in /tmp/perf-PID.map, for perf report"},
    {"jitdump", &runtime_options::jitdump,
     "1: machine code in jit-PID.dump, for perf record -k 1 and perf inject --jit"},
    {"gdb", &runtime_options::gdb, "1: names of machine code for GDB"},
};

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string backend_names() {
    std::string native = native_backend_name;
    return native == "portable" ? native : native + " or portable";
}

std::string set_passes(std::string_view list, optimizer_options& passes) {
    bool all = list == "all";
    for (const pass_option& pass : pass_options) passes.*pass.member = all;
    if (all || list == "none") return {};
    while (!list.empty()) {
        size_t end = list.find('+');
        std::string_view name = list.substr(0, end);
        list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
        bool found = false;
        for (const pass_option& pass : pass_options) {
            if (pass.name != name) continue;
            passes.*pass.member = found = true;
        }
        if (!found)
            return "--jit: opt=" + std::string(name) +
                   ": no such optimizer pass; write all, none, or names joined by '+': rewrite, guards, bounds, pure, "
                   "heap, virtuals, calls, barriers, peeling, vectorise";
    }
    return {};
}

std::string set_number(const number_option& option, std::string_view value, runtime_options& options) {
    uint32_t number = 0;
    auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (failed != std::errc() || end != value.data() + value.size() || number < option.least || number > option.most)
        return "--jit: " + std::string(option.name) + "=" + std::string(value) + ": must be an integer from " +
               std::to_string(option.least) + " to " + std::to_string(option.most);
    if (option.member == &runtime_options::vector_lanes && number % 2)
        return "--jit: vector_lanes=" + std::string(value) + ": must be 0, 2 or 4";
    options.*option.member = number;
    return {};
}

std::string set_option(std::string_view name, std::string_view value, bool has_value, runtime_options& options) {
    auto plain = [&](auto set) -> std::string {
        if (has_value) return "--jit: " + std::string(name) + " takes no value";
        set();
        return {};
    };
    if (name == "off") return plain([&] { options.off = true; });
    if (name == "on") return plain([&] { options.off = false; });
    if (name == "always_bridge") return plain([&] { options.bridges = bridge_policy::always; });
    if (name == "never_bridge") return plain([&] { options.bridges = bridge_policy::never; });
    for (const number_option& option : number_options) {
        if (option.name != name) continue;
        if (!has_value) return "--jit: " + std::string(name) + " needs a value: " + std::string(name) + "=NUMBER";
        return set_number(option, value, options);
    }
    for (const switch_option& option : switch_options) {
        if (option.name != name) continue;
        if (value != "0" && value != "1")
            return "--jit: " + std::string(name) + ": write " + std::string(name) + "=1 or =0";
        options.*option.member = value == "1";
        return {};
    }
    if (name == "backend") {
        if (value == "portable")
            options.backend = backend_choice::portable;
        else if (value == native_backend_name)
            options.backend = backend_choice::native;
        else
            return "--jit: backend=" + std::string(value) + ": must be " + backend_names();
        return {};
    }
    if (name == "opt") return set_passes(value, options.optimizer);
    return "--jit: there is no option " + quoted(name) + "; --jit help lists them";
}

} // namespace

std::string parse_options(std::string_view text, runtime_options& options) {
    runtime_options changed = options;
    while (!text.empty()) {
        size_t end = text.find(',');
        std::string_view item = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        size_t equals = item.find('=');
        bool has_value = equals != std::string_view::npos;
        std::string error = set_option(item.substr(0, equals), has_value ? item.substr(equals + 1) : std::string_view(),
                                       has_value, changed);
        if (!error.empty()) return error;
    }
    options = changed;
    return {};
}

std::string describe_options(const runtime_options& defaults) {
    std::string text;
    auto row = [&](std::string name, const std::string& value, const std::string& meaning) {
        name += value.empty() ? "" : "=" + value;
        name.resize(name.size() < 28 ? 28 : name.size() + 1, ' ');
        text += name + meaning + "\n";
    };
    for (const number_option& option : number_options)
        row(std::string(option.name), std::to_string(defaults.*option.member), std::string(option.meaning));
    row("backend", native_backend_name, "of " + backend_names() + "; portable interprets traces");
    row("opt", "all",
        "optimizer passes: all, none, or names joined by '+': rewrite, guards, bounds, pure, heap, virtuals, "
        "calls, barriers, peeling, vectorise");
    for (const switch_option& option : switch_options) row(std::string(option.name), "0", std::string(option.meaning));
    row("always_bridge", "", "trace a bridge at a guard's first failure");
    row("never_bridge", "", "never trace a bridge");
    row("off", "", "no tracing at all; 'on' undoes it");
    return text;
}

} // namespace heddle::jit
