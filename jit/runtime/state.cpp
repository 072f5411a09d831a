// The JIT's state: see state.h. Set-up of what depends on the program, tokens, constants that are kept, the summary.
#include "runtime/state.h"
#include "heddle/gc/gc.h"
#include <cstdio>
#include <new>

namespace heddle::jit {

jit_runtime& runtime_state() {
    // Never destroyed: machine code may outlive static destructors. No transaction's memory.
    alignas(jit_runtime) static char memory[sizeof(jit_runtime)];
    static jit_runtime& state = *new (memory) jit_runtime;
    return state;
}

std::string_view abort_reason_name(abort_reason reason) {
    switch (reason) {
    case abort_reason::none: return "none";
    case abort_reason::too_long: return "trace too long";
    case abort_reason::too_deep: return "too many frames";
    case abort_reason::not_a_constant: return "assert_green: not a constant";
    case abort_reason::unknown_slot: return "code slot of an unknown table";
    case abort_reason::no_resume_point: return "no position to resume at";
    case abort_reason::no_native_portal: return "no native portal";
    case abort_reason::unreachable: return "unreachable code";
    case abort_reason::contradiction: return "the loop can't be gone round twice";
    case abort_reason::no_body: return "no body of the loop fits";
    case abort_reason::optimizer: return "optimizer";
    case abort_reason::backend: return "backend";
    case abort_reason::invalidated: return "the machine code it continues was invalidated";
    case abort_reason::uncommitted: return "refers to what is not committed yet";
    case abort_reason::transaction_ended: return "the transaction ended";
    case abort_reason::internal: return "internal";
    case abort_reason::count: break;
    }
    return "?";
}

std::string jit_runtime::open(program& p) {
    prog = &p;
    decoded_ = std::vector<std::atomic<decoded_jitcode*>>(p.jitcodes.size());
    function_of_jitcode_.assign(p.jitcodes.size(), -1);
    for (size_t i = 0; i < p.functions.size(); ++i) {
        int32_t index = p.functions[i].jitcode;
        if (index >= 0 && static_cast<size_t>(index) < function_of_jitcode_.size())
            function_of_jitcode_[static_cast<size_t>(index)] = static_cast<int32_t>(i);
    }
    drivers.assign(p.drivers.size(), {});
    for (size_t i = 0; i < p.drivers.size(); ++i) {
        drivers[i].green_count = static_cast<uint32_t>(p.drivers[i].green_kinds.size());
        drivers[i].red_count = static_cast<uint32_t>(p.drivers[i].red_kinds.size());
        if (drivers[i].green_count + drivers[i].red_count > maximum_merge_point_size)
            return "jit: driver " + p.drivers[i].name + " has more than " + std::to_string(maximum_merge_point_size) +
                   " greens and reds";
    }
    return {};
}

void jit_runtime::close() {
    if (machine)
        for (auto& token : tokens) machine->free_code(*token);
    ready = false;
    tokens.clear();
    machine.reset();
    for (auto& code : decoded_) delete code.load();
    decoded_.clear();
    drivers.clear();
    owned_program.reset();
    kept.clear();
    invalidations.clear();
    spare_traces_.clear();
    spare_caches_.clear();
    kept_set_.clear();
    events.close();
    observers.close();
    prog = nullptr;
    counts = {};
    for (uint64_t& count : aborts_by_reason) count = 0;
    nanoseconds_tracing = nanoseconds_optimising = nanoseconds_assembling = operations_recorded = operations_compiled =
        fuel_used = 0;
}

const decoded_jitcode& jit_runtime::decode_now(uint32_t index) {
    shared_data_lock lock;
    decoded_jitcode* made = decoded_[index].load();
    if (!made) {
        made = decode(prog->code(index), *prog).release();
        decoded_[index].store(made, std::memory_order_release);
    }
    return *made;
}

// With transactions a trace's memory is its transaction's, and gone when that is aborted.
trace jit_runtime::take_trace() {
    if (!for_one_thread() || spare_traces_.empty()) return {};
    trace spare = std::move(spare_traces_.back());
    spare_traces_.pop_back();
    return spare;
}

void jit_runtime::give_back(trace&& used) {
    constexpr size_t most = 4;
    if (!for_one_thread() || spare_traces_.size() == most) return;
    used.clear();
    spare_traces_.push_back(std::move(used));
}

std::unique_ptr<heap_cache> jit_runtime::take_heap_cache() {
    if (spare_caches_.empty()) return std::make_unique<heap_cache>();
    std::unique_ptr<heap_cache> spare = std::move(spare_caches_.back());
    spare_caches_.pop_back();
    return spare;
}

void jit_runtime::give_back(std::unique_ptr<heap_cache> used) {
    if (!parallel) spare_caches_.push_back(std::move(used));
}

const function_entry* jit_runtime::native_function(uint32_t jitcode_index) {
    int32_t number = function_of_jitcode_[jitcode_index];
    if (number < 0) return nullptr;
    const function_entry& entry = prog->functions[static_cast<size_t>(number)];
    if (!entry.residual_address || entry.call_descr >= prog->descrs.size()) return nullptr;
    const descr* d = prog->descrs[entry.call_descr];
    return d->type == descr_type::call && static_cast<const call_descr*>(d)->thunk ? &entry : nullptr;
}

driver_data& jit_runtime::driver(uint32_t index) {
    driver_data& data = drivers[index];
    if (data.code) return data;
    const decoded_jitcode& portal = code(prog->drivers[index].portal_jitcode);
    const jitcode& source = *portal.source;
    for (uint32_t position = 0; position < source.code.size(); position = next_instruction(source, position)) {
        if (static_cast<jitcode_op>(source.code[position]) != jitcode_op::code_merge_point) continue;
        data.merge_point = position;
        data.after_merge_point = next_instruction(source, position);
        data.code = &portal;
        break;
    }
    if (!data.code) {
        std::fprintf(stderr, "heddle: jit: the portal %s of driver %s has no merge point\n", source.name.c_str(),
                     prog->drivers[index].name.c_str());
        std::abort();
    }
    return data;
}

void jit_runtime::keep(word pointer) {
    if (kept_set_.contains(pointer)) return; // looking it up in the heap takes long, and most are in many traces
    void* object = gc::find_object(reinterpret_cast<const void*>(pointer));
    if (!object || !kept_set_.insert(reinterpret_cast<word>(object)).second) return;
    gc::make_immovable(object);
    kept.push_back(object);
}

loop_token& jit_runtime::token_for(cell& place) {
    if (place.token) return *place.token;
    auto made = std::make_unique<loop_token>();
    const driver_entry& entry = prog->drivers[place.driver];
    made->type = descr_type::loop;
    made->index = UINT32_MAX;
    made->number = static_cast<uint32_t>(tokens.size() + 1);
    made->name = "#" + std::to_string(made->number);
    made->driver = place.driver;
    made->greens = place.greens;
    for (char letter : entry.red_kinds) made->input_kinds.push_back(kind_of_letter(letter));
    made->result = entry.result;
    place.token = made.get();
    tokens.push_back(std::move(made));
    return *place.token;
}

// "driver python, main.py:12 f"; the interpreter's own function gives the location, when it has one.
std::string jit_runtime::describe(uint32_t driver, const word* greens) {
    struct driver_object {
        const char* name;
        const char* (*location)(const uint64_t* greens);
    }; // dsl: heddle::jit::driver
    const driver_entry& entry = prog->drivers[driver];
    std::string text = "driver " + entry.name;
    auto* object = reinterpret_cast<const driver_object*>(entry.info_address);
    if (object && object->location && may_run_interpreter()) return text + ", " + object->location(greens);
    for (size_t i = 0; i < entry.green_kinds.size(); ++i) {
        char buffer[32];
        if (entry.green_kinds[i] == 'i')
            std::snprintf(buffer, sizeof buffer, ", %lld", static_cast<long long>(greens[i]));
        else
            std::snprintf(buffer, sizeof buffer, ", 0x%llx", static_cast<unsigned long long>(greens[i]));
        text += buffer;
    }
    return text;
}

std::string summary() {
    const jit_runtime& runtime = runtime_state();
    std::string text;
    auto number = [&](const char* name, uint64_t value) {
        text += std::string(name) + ": " + std::to_string(value) + "\n";
    };
    auto milliseconds = [&](const char* name, uint64_t nanoseconds) {
        char buffer[96];
        std::snprintf(buffer, sizeof buffer, "%s: %.3f ms\n", name, static_cast<double>(nanoseconds) / 1e6);
        text += buffer;
    };
    milliseconds("tracing", runtime.nanoseconds_tracing);
    milliseconds("optimising", runtime.nanoseconds_optimising);
    milliseconds("assembling", runtime.nanoseconds_assembling);
    number("traces started", runtime.counts.traces_started);
    number("loops", runtime.counts.loops);
    number("entries", runtime.counts.entries);
    number("bridges", runtime.counts.bridges);
    number("more bodies of loops", runtime.counts.bodies);
    number("loops in vector form", runtime.counts.vectorised);
    number("segments of long traces", runtime.counts.segments);
    number("operations recorded", runtime.operations_recorded);
    number("operations compiled", runtime.operations_compiled);
    number("machine code entries", runtime.counts.machine_code_entries);
    number("guard failures", runtime.counts.guard_failures);
    number("blackhole runs", runtime.counts.blackhole_runs);
    number("invalidations", runtime.counts.invalidations);
    number("aborts", runtime.counts.aborts);
    for (size_t i = 0; i < static_cast<size_t>(abort_reason::count); ++i)
        if (runtime.aborts_by_reason[i])
            number(("aborts, " + std::string(abort_reason_name(static_cast<abort_reason>(i)))).c_str(),
                   runtime.aborts_by_reason[i]);
    return text;
}

} // namespace heddle::jit
