// See compile.h.
#include "runtime/compile.h"
#include "heddle/jit/optimizer.h"
#include <algorithm>

namespace heddle::jit {
namespace {

constexpr uint32_t most_contradictions = 5; // then the loop is taken as it is

struct used_trace {
    explicit used_trace(jit_runtime& state) : runtime(state), made(state.take_trace()) {}
    ~used_trace() { runtime.give_back(std::move(made)); }
    used_trace(const used_trace&) = delete;
    jit_runtime& runtime;
    trace made;
};

// Nothing may go into machine code that vanishes with the transaction.
bool is_committed(const trace& t) {
    if (for_one_thread()) return true;
    for (const constant& c : t.constants)
        if (c.type == kind::pointer && c.value && is_uncommitted(c.value)) return false;
    for (const field_dependency& dependency : t.dependencies)
        if (has_uncommitted_write(dependency.slot())) return false;
    return true;
}

void keep_constants(jit_runtime& runtime, const trace& t) {
    for (const constant& c : t.constants)
        if (c.type == kind::pointer && c.value) runtime.keep(c.value);
}

// Optimises and logs; the title says what the trace is.
abort_reason optimise_trace(jit_runtime& runtime, trace& recorded, loop_token& token, guard_data* from_guard,
                            std::span<const word> jump_values, const std::string& title, trace& result,
                            bool refuse_contradiction = false, bool needs_body = false) {
    if (runtime.events.traces()) runtime.events.section("jit-trace", title, print(recorded));
    uint64_t began = runtime.clock();
    optimizer_input input;
    input.recorded = &recorded;
    input.prog = runtime.prog;
    input.token = &token;
    input.from_guard = from_guard;
    input.jump_values = jump_values;
    input.options = runtime.options.optimizer;
    input.options.transactions = !for_one_thread();
    input.refuse_contradiction = refuse_contradiction;
    bool fits_no_body = false;
    if (needs_body) input.fits_no_body = &fits_no_body;
    std::string reason;
    bool good = optimise(input, result, reason);
    runtime.nanoseconds_optimising += runtime.clock() - began;
    if (fits_no_body) return abort_reason::no_body;
    if (!good) {
        runtime.events.section("jit-abort", title + ": optimizer: " + reason, "");
        return abort_reason::optimizer;
    }
    if (!is_committed(recorded) || !is_committed(result)) return abort_reason::uncommitted;
    keep_constants(runtime, recorded);
    keep_constants(runtime, result);
    runtime.operations_compiled += result.operations.size();
    if (runtime.events.optimised()) runtime.events.section("jit-opt", title, print(result));
    return abort_reason::none;
}

// 'assemble' answers an empty string or a reason.
template <class assemble_function>
abort_reason assemble(jit_runtime& runtime, const std::string& title, assemble_function call) {
    uint64_t began = runtime.clock();
    std::string listing, error = call(runtime.events.listings() ? &listing : nullptr);
    runtime.nanoseconds_assembling += runtime.clock() - began;
    if (!error.empty()) {
        runtime.events.section("jit-abort", title + ": backend: " + error, "");
        return abort_reason::backend;
    }
    if (!listing.empty()) runtime.events.section("jit-asm", title, listing);
    return abort_reason::none;
}

// Compiles the loop in its vector form, when it has one: first the scalar body, then, by 'call', the rounds. False: it
// is as if nothing had been tried.
template <class assemble_function>
bool assemble_vector_form(jit_runtime& runtime, const trace& optimised, loop_token& token, const std::string& title,
                          assemble_function call) {
    unsigned lanes = runtime.machine->vector_lanes();
    if (runtime.options.vector_lanes) lanes = std::min(lanes, runtime.options.vector_lanes);
    // Vectors know no views.
    if (!for_one_thread() || !runtime.options.optimizer.vectorise || lanes == 0) return false;
    uint64_t began = runtime.clock();
    vector_form made;
    bool good = vectorise(optimised, token, lanes, made);
    runtime.nanoseconds_optimising += runtime.clock() - began;
    if (!good) return false;
    if (runtime.events.optimised()) {
        runtime.events.section("jit-opt", title + ", scalar body", print(made.rest));
        runtime.events.section("jit-opt", title + ", vectors", print(made.rounds));
    }
    // The scalar body is only reached by its label.
    uint64_t entry = token.entry;
    bool compiled = token.compiled;
    abort_reason problem = assemble(runtime, title + ", scalar body", [&](std::string* listing) {
        return runtime.machine->compile_loop(made.rest, token, listing);
    });
    token.entry = entry;
    token.compiled = compiled;
    if (problem == abort_reason::none) {
        keep_constants(runtime, made.rounds);
        problem =
            assemble(runtime, title + ", vectors", [&](std::string* listing) { return call(made.rounds, listing); });
    }
    if (problem != abort_reason::none) undo_vectorise(optimised, token, made);
    runtime.counts.vectorised += problem == abort_reason::none;
    return problem == abort_reason::none;
}

void name_code(jit_runtime& runtime, const compiled_code* code, const std::string& title) {
    if (code && code->end > code->begin) runtime.observers.add({code->begin, code->end}, title);
}

} // namespace

abort_reason compile_from_merge_point(jit_runtime& runtime, trace& recorded, cell& place, loop_token& token,
                                      bool closes, std::span<const word> jump_values) {
    std::string title = std::string(closes ? "loop" : "entry") + " #" + std::to_string(token.number) + " (" +
                        runtime.describe(place.driver, place.greens.data()) + ")";
    used_trace result(runtime);
    bool refuse = closes && place.contradictions < most_contradictions;
    abort_reason problem = optimise_trace(runtime, recorded, token, nullptr, jump_values, title, result.made, refuse);
    if (problem == abort_reason::optimizer && refuse) {
        ++place.contradictions;
        return abort_reason::contradiction;
    }
    if (problem != abort_reason::none) return problem;
    auto compile = [&](trace& t, std::string* listing) { return runtime.machine->compile_loop(t, token, listing); };
    if (!assemble_vector_form(runtime, result.made, token, title, compile))
        problem = assemble(runtime, title, [&](std::string* listing) { return compile(result.made, listing); });
    if (problem != abort_reason::none) return problem;
    token.compiled = true;
    token.is_loop = closes;
    for (const field_dependency& dependency : result.made.dependencies) runtime.invalidations.add(dependency, token);
    for (loop_token* former : place.invalidated) { // what calls those now comes here
        former->entry = token.entry;
        former->compiled = true;
    }
    name_code(runtime, token.code.empty() ? nullptr : token.code.back().get(), title);
    runtime.warm.keep_calling(place);
    ++(closes ? runtime.counts.loops : runtime.counts.entries);
    return abort_reason::none;
}

abort_reason compile_bridge(jit_runtime& runtime, trace& recorded, guard_data& guard, std::span<const word> jump_values,
                            bool needs_body) {
    loop_token& token = *guard.owner;
    if (token.invalidated) return abort_reason::invalidated;
    std::string title = "bridge from guard " + std::to_string(guard.number) + " (" + std::string(info(guard.op).name) +
                        ") of #" + std::to_string(token.number) + " (" +
                        runtime.describe(token.driver, token.greens.data()) + ")";
    used_trace result(runtime);
    size_t targets = token.targets.size();
    abort_reason problem =
        optimise_trace(runtime, recorded, token, &guard, jump_values, title, result.made, false, needs_body);
    auto compile = [&](trace& t, std::string* listing) {
        return runtime.machine->compile_bridge(t, guard, token, listing);
    };
    size_t bodies = token.targets.size() - targets;
    if (problem == abort_reason::none && !assemble_vector_form(runtime, result.made, token, title, compile))
        problem = assemble(runtime, title, [&](std::string* listing) { return compile(result.made, listing); });
    if (problem != abort_reason::none) {
        token.targets.resize(targets);
        return problem;
    }
    if (for_one_thread()) guard.resume->plan.reset(); // it doesn't come here any more; another thread may be about it
    runtime.counts.bodies += bodies;
    for (const field_dependency& dependency : result.made.dependencies) runtime.invalidations.add(dependency, token);
    ++runtime.counts.bridges;
    ++token.bridges;
    name_code(runtime, guard.bridge.get(), title);
    return problem;
}

void guard_trace_failed(guard_data& guard, uint32_t max_aborts) {
    guard.failures = 0;
    if (++guard.aborted_bridges >= std::min(max_aborts, 5u)) guard.never_bridge = true;
}

} // namespace heddle::jit
