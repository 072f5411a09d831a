#include "check.h"

namespace heddle::test {

namespace {

bool optimise_text(const std::string& text, const jit::optimizer_options& options, jit::trace& result,
                   jit::loop_token& token, std::string& problem) {
    jit::trace recorded;
    if (!jit::parse(text, world().tables, recorded, problem)) return problem = "error: " + problem, false;
    jit::optimizer_input input;
    input.recorded = &recorded;
    input.token = &token;
    input.options = options;
    if (!jit::optimise(input, result, problem)) return problem = "impossible: " + problem, false;
    return true;
}

std::string text_of(const jit::resume_value& v) {
    switch (v.from) {
    case jit::resume_value::fail_argument: return "#" + std::to_string(v.index);
    case jit::resume_value::virtual_object: return "v" + std::to_string(v.index);
    case jit::resume_value::constant:
        return v.type == jit::kind::floating ? std::to_string(jit::word_to_double(v.value))
                                             : std::to_string(static_cast<int64_t>(v.value));
    case jit::resume_value::uninitialised: break;
    }
    return "_";
}

std::string text_of(const jit::resume_contents& contents) {
    std::string out;
    for (const jit::resume_frame& f : contents.frames) {
        out += (out.empty() ? "" : "; ") + std::to_string(f.jitcode) + "@" + std::to_string(f.pc) + ":";
        for (const jit::resume_value& v : f.values) out += " " + text_of(v);
    }
    for (size_t i = 0; i < contents.virtuals.size(); ++i) {
        const jit::resume_virtual& object = contents.virtuals[i];
        out += "; v" + std::to_string(i) + " = " + object.shape->name + "{";
        bool first = true;
        auto separate = [&] { out += first ? "" : ", ", first = false; };
        for (auto& [field, v] : object.fields) separate(), out += field->name + ": " + text_of(v);
        for (auto& v : object.items) separate(), out += text_of(v);
        out += "}";
    }
    for (const jit::resume_store& s : contents.stores)
        out += "; store " + s.where->name + (s.item < 0 ? "" : "[" + std::to_string(s.item) + "]") + "(" +
               text_of(s.object) + ", " + text_of(s.value) + ")";
    return out;
}

} // namespace

std::string optimised(const std::string& text, const jit::optimizer_options& options) {
    jit::trace result;
    jit::loop_token token;
    std::string problem;
    return optimise_text(text, options, result, token, problem) ? jit::print(result) : problem;
}

std::string canonical(const std::string& text) {
    jit::trace t;
    std::string problem;
    return jit::parse(text, world().tables, t, problem) ? jit::print(t) : "error: " + problem;
}

std::string last_resume(const std::string& text, const jit::optimizer_options& options) {
    jit::trace result;
    jit::loop_token token;
    std::string problem;
    if (!optimise_text(text, options, result, token, problem)) return problem;
    if (token.guards.empty()) return "no guard";
    return text_of(jit::decode(*token.guards.back()->resume));
}

std::string optimised_bridge(const std::string& loop, size_t guard, const std::string& bridge,
                             const std::vector<jit::word>& jump_values) {
    jit::loop_token& token = world().token; // the owner of the label 'loop'
    jit::trace optimised_loop, recorded, result;
    std::string problem;
    std::string text = "no such guard";
    if (!optimise_text(loop, {}, optimised_loop, token, problem)) {
        text = problem;
    } else if (!jit::parse(bridge, world().tables, recorded, problem)) {
        text = "error: " + problem;
    } else if (guard < token.guards.size()) {
        jit::optimizer_input input;
        input.recorded = &recorded;
        input.token = &token;
        input.from_guard = token.guards[guard].get();
        input.jump_values = jump_values;
        for (const jit::operation& o : recorded.operations)
            if (jit::is_guard(o.op) && !jump_values.empty()) recorded.operations.back().snapshot = o.snapshot;
        text = jit::optimise(input, result, problem) ? jit::print(result) : "impossible: " + problem;
    }
    token.guards.clear();
    token.targets.clear();
    return text;
}

jit::optimizer_options nothing() { return {false, false, false, false, false, false, false, false, false, false}; }

jit::optimizer_options without_peeling() {
    jit::optimizer_options options;
    options.peeling = false;
    return options;
}

jit::optimizer_options only(bool jit::optimizer_options::* pass) {
    jit::optimizer_options options = nothing();
    options.*pass = true;
    return options;
}

} // namespace heddle::test
