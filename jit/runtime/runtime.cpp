// The runtime's entries: counters that struck, machine code that was left, portals that a trace calls. Start-up.
//
// Every path is a loop over 'outcomes': machine code, blackhole and meta-interpreter each carry the portal to its end
// or to a merge point; from a merge point with machine code it goes on there, else natively.
#include "heddle/jit/runtime.h"
#include "heddle/gc/gc.h"
#include "metainterp/blackhole.h"
#include "metainterp/metainterp.h"
#include "metainterp/resume_reader.h"
#include "program/load.h"
#include "runtime/state.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>
#ifdef __GLIBC__
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace heddle::jit {
namespace {

runtime_options chosen_options;
bool summary_at_exit = false;
const program_image* registered_image = nullptr;
bool has_waited = false; // places were counted before the image is loaded

void set_counters(uint32_t passes) { std::fill_n(heddle_jit_counters, counter_count, passes); }

// A short program needs no JIT, and starts faster without: the image is loaded when some place was passed this often.
uint32_t passes_before_loading() {
    bool observed =
        std::getenv("HEDDLE_LOG") || chosen_options.perf_map || chosen_options.jitdump || chosen_options.gdb;
    return observed ? 0 : std::min(chosen_options.threshold, chosen_options.function_threshold) / 16;
}

// A counter struck before the image was loaded. From when it is, the JIT is ready, or off for good.
void strike_without_program() {
    constexpr uint32_t for_ever = 1u << 30;
    if (!registered_image || chosen_options.off) return set_counters(for_ever);
    if (!has_waited) {
        has_waited = true;
        if (uint32_t passes = passes_before_loading()) return set_counters(passes);
    }
    const program_image* image = std::exchange(registered_image, nullptr);
    std::string error;
    if (!initialise(*image, error)) std::fprintf(stderr, "heddle: the JIT is off: %s\n", error.c_str());
    set_counters(runtime_state().ready ? 0 : for_ever);
}

cell* cell_at(jit_runtime& runtime, uint32_t driver, const word* buffer) {
    return runtime.warm.find(driver, buffer, hash_greens(driver, buffer, runtime.drivers[driver].green_count));
}

// Goes on in machine code while there is some for the merge point reached.
outcome run_while_compiled(jit_runtime& runtime, uint32_t driver, outcome now, word* buffer) {
    while (!now.finished) {
        break_transaction();
        cell* place = cell_at(runtime, driver, buffer);
        if (!place || !place->compiled()) break;
        now = run_machine_code(runtime, *place->token, buffer);
    }
    return now;
}

word call_runner(jit_runtime& runtime, uint32_t driver, word* buffer) {
    word result = 0;
    reinterpret_cast<void (*)(const word*, word*)>(runtime.prog->drivers[driver].runner_address)(buffer, &result);
    return result;
}

// Hooks of the backends. Words from machine code are copied where the collector sees them before anything can collect.
word finish_call(guard_data* guard, const word* values) {
    jit_runtime& runtime = runtime_state();
    frame_stack& stack = frame_stack::instance();
    uint32_t driver = guard->owner->driver;
    word* buffer = stack.push_words(maximum_merge_point_size);
    outcome now = leave_through_guard(runtime, *guard, values, buffer);
    now = run_while_compiled(runtime, driver, now, buffer);
    word result = now.finished ? now.result : call_runner(runtime, driver, buffer);
    stack.pop_words(buffer);
    return result;
}

// The token has no machine code, or the stack is too deep for it, or the transaction may have to end.
word run_portal(loop_token* token, const word* reds) {
    jit_runtime& runtime = runtime_state();
    frame_stack& stack = frame_stack::instance();
    word* buffer = stack.push_words(maximum_merge_point_size);
    std::copy(token->greens.begin(), token->greens.end(), buffer);
    std::copy(reds, reds + token->input_kinds.size(), buffer + token->greens.size());
    cell* place = cell_at(runtime, token->driver, buffer);
    outcome now{false, 0};
    bool is_low = static_cast<char*>(__builtin_frame_address(0)) <= heddle_thread.stack_limit;
    if (parallel && !is_low && place && place->compiled()) { // the transaction had to end
        now = run_while_compiled(runtime, token->driver, now, buffer);
    } else if (place && runtime.ready && runtime.warm.strike_by_call(*place) && runtime.may_trace(place)) {
        now = metainterp(runtime).trace_from_merge_point(token->driver, *place, buffer, true);
        now = run_while_compiled(runtime, token->driver, now, buffer);
    }
    word result = now.finished ? now.result : call_runner(runtime, token->driver, buffer);
    stack.pop_words(buffer);
    return result;
}

void visit_roots(gc::root_visitor& visitor, void* data) {
    auto& runtime = *static_cast<jit_runtime*>(data);
    for (void*& object : runtime.kept) visitor.visit(&object);
    if (++runtime.collections % 32 == 0) runtime.warm.decay();
}

} // namespace

uint64_t thread_nanoseconds() {
    timespec spent;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return static_cast<uint64_t>(spent.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(spent.tv_nsec);
}

outcome run_machine_code(jit_runtime& runtime, loop_token& token, word* buffer) {
    ++runtime.counts.machine_code_entries;
    exit_state left = runtime.machine->execute(token, buffer + token.greens.size());
    if (!left.guard) return {true, left.values ? left.values[0] : 0};
    return leave_through_guard(runtime, *left.guard, left.values, buffer);
}

namespace {

// A bridge is worth its price when the guard's failures have cost as much; its length is about that of the trace's
// rest. A loop's first bridges come sooner still: they are its other common ways. One that has many is in code that
// branches on its data again and again, each bridge a copy of all that follows: there, rare ways are told from common
// ones first. So they are in functions: in a recursion, early bridges take other levels of it for granted than later
// ones (Towers of Hanoi became five times slower).
uint64_t failures_before_bridge(const runtime_options& options, const guard_data& guard) {
    constexpr uint32_t steps = 8, first_step = 2, never_sooner_than = 40;
    const uint32_t eagerness = options.trace_eagerness;
    if (!guard.owner->is_loop) return eagerness;
    uint64_t price = uint64_t{guard.recorded_after} * options.bridge_cost / 100;
    uint64_t sooner = uint64_t{eagerness} * (first_step + guard.owner->bridges) / steps;
    return std::clamp<uint64_t>(std::min(sooner, price), std::min(eagerness, never_sooner_than), eagerness);
}

} // namespace

outcome leave_through_guard(jit_runtime& runtime, guard_data& guard, const word* values, word* buffer) {
    ++runtime.counts.guard_failures;
    ++guard.failures;
    uint64_t needed = failures_before_bridge(runtime.options, guard) << guard.aborted_bridges;
    bool hot = runtime.options.bridges == bridge_policy::always || guard.failures >= needed;
    if (hot && runtime.options.bridges != bridge_policy::never && !guard.never_bridge && !guard.bridge &&
        !guard.owner->invalidated && runtime.may_trace(&guard))
        return metainterp(runtime).trace_from_guard(guard, values, buffer);
    frame_stack& stack = frame_stack::instance();
    frame* base = stack.end();
    word* mark = stack.words_top();
    if (!rebuild_frames(runtime, guard, values, nullptr)) frame_memory_exhausted();
    runtime.machine->forget_exit_values();
    outcome result = run_blackhole(runtime, base, buffer);
    stack.pop_words(mark);
    return result;
}

word run_portal_to_end(jit_runtime& runtime, uint32_t driver, word* buffer) {
    outcome now = run_while_compiled(runtime, driver, {false, 0}, buffer);
    return now.finished ? now.result : call_runner(runtime, driver, buffer);
}

// ---- start-up
// ---------------------------------------------------------------------------------------------------------------

// Each trace's tables are as large as the last one's. Memory that malloc gives back to the kernel between them comes
// back page by page, each a fault and zeroed: that was a fifth of the JIT's time. What it takes from the kernel first
// may have huge pages: the JIT needs megabytes soon, and faults for small pages were 5 to 10 % of a short program.
void prepare_malloc() {
#ifdef __GLIBC__
    constexpr size_t huge_page = 2 << 20, ahead = 4 * huge_page, least_gap = 64 << 10;
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    if (!parallel && gc::huge_pages_are_cheap()) {
        auto before = reinterpret_cast<uintptr_t>(sbrk(0));
        mallopt(M_TOP_PAD, ahead);
        void* top = std::malloc(huge_page); // more than is left: malloc takes it, and what lies ahead, from the kernel
        auto after = reinterpret_cast<uintptr_t>(sbrk(0)), page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
        before = (before + page - 1) & ~(page - 1);
        if (before < after) madvise(reinterpret_cast<void*>(before), after - before, MADV_HUGEPAGE);
        // What comes before the first huge page stays unused, and no memory.
        static void* unused;
        size_t gap = -reinterpret_cast<uintptr_t>(top) & (huge_page - 1);
        std::free(top);
        if (gap > least_gap) unused = std::malloc(gap - least_gap);
        asm volatile("" : : "r"(unused));
    }
    mallopt(M_TOP_PAD, 256 << 10);
#endif
}

bool initialise(program& prog, std::string& error) {
    prepare_malloc();
    jit_runtime& runtime = runtime_state();
    runtime.close();
    runtime.options = chosen_options;
    error = runtime.open(prog);
    if (!error.empty()) return false;
    backend_hooks hooks{finish_call, run_portal};
    if (parallel && runtime.options.backend == backend_choice::portable) {
        error = "jit: backend=portable has no part in transactions; leave it out in a VM built with --stm";
        return false;
    }
    if (runtime.options.backend == backend_choice::portable)
        runtime.machine = make_portable_backend(hooks);
    else
        runtime.machine = make_native_backend(hooks, error);
    if (!runtime.machine) return false;
    runtime.warm.initialise(prog, runtime.options);
    if (parallel)
        for (uint32_t i = 0; i < runtime.drivers.size(); ++i) (void)runtime.driver(i); // not while others look
    gc::add_root_walker(visit_roots, &runtime);
    error = runtime.events.open_from_environment();
    if (!error.empty()) return false;
    error = runtime.observers.open(runtime.options.perf_map, runtime.options.jitdump, runtime.options.gdb);
    if (!error.empty()) return false;
    runtime.ready = !runtime.options.off;
    if (!summary_at_exit) { // machine code stays: exit() may have been called from below it
        summary_at_exit = true;
        std::atexit([] {
            if (runtime_state().events.summary()) runtime_state().events.section("jit-summary", "totals", summary());
        });
    }
    return true;
}

bool initialise(const program_image& image, std::string& error) {
    // Names are for logs; the observers name code by its place in the interpreted program.
    auto loaded = std::getenv("HEDDLE_LOG") ? load(image, error) : load_without_names(image, error);
    if (!loaded) return false;
    program& prog = *loaded;
    if (!initialise(prog, error)) return false;
    runtime_state().owned_program = std::move(loaded);
    return true;
}

void shut_down() {
    jit_runtime& runtime = runtime_state();
    if (runtime.machine) gc::remove_root_walker(visit_roots, &runtime);
    if (runtime.events.summary()) runtime.events.section("jit-summary", "totals", summary());
    runtime.close();
}

std::string configure(std::string_view text) {
    std::string error = parse_options(text, chosen_options);
    if (error.empty() && registered_image) { // ask again
        has_waited = false;
        set_counters(0);
    }
    if (error.empty() && runtime_state().machine) {
        backend_choice backend = runtime_state().options.backend;
        runtime_state().options = chosen_options;
        runtime_state().options.backend = backend;
        runtime_state().ready = !chosen_options.off;
    }
    return error;
}

void reset_options() { chosen_options = {}; }
std::string options_help() { return describe_options(chosen_options); }
statistics get_statistics() { return runtime_state().counts; }

} // namespace heddle::jit

using namespace heddle::jit;

int heddle_jit_enter(uint32_t driver, word* buffer, int function_entry) {
    jit_runtime& runtime = runtime_state();
    if (!runtime.ready) {
        shared_data_lock lock;
        if (!runtime.ready) strike_without_program();
        return 0;
    }
    prepare_thread();
    uint64_t hash = hash_greens(driver, buffer, runtime.drivers[driver].green_count);
    cell* place = runtime.warm.find(driver, buffer, hash);
    outcome now;
    if (place && place->compiled()) {
        heddle_jit_counters[counter_slot(hash)] = 0;
        now = run_machine_code(runtime, *place->token, buffer);
    } else {
        if (!runtime.warm.strike(driver, buffer, hash, function_entry, place) || !runtime.may_trace(place)) return 0;
        if (place->compiled()) return end_tracing(), 0; // meanwhile, by another thread
        now = metainterp(runtime).trace_from_merge_point(driver, *place, buffer, function_entry);
    }
    now = run_while_compiled(runtime, driver, now, buffer);
    if (!now.finished) return 2;
    buffer[0] = now.result;
    return 1;
}

// At start-up, from a static initialiser. The image is loaded when something is hot; a wrong HEDDLE_LOG is reported
// now.
void heddle_jit_register_image(const program_image* image) {
    registered_image = image;
    std::string error = log().open_from_environment();
    if (error.empty()) return;
    std::fprintf(stderr, "heddle: %s\n", error.c_str());
    std::_Exit(2);
}
bool heddle_jit_initialise(const program_image* image, std::string& error) { return initialise(*image, error); }
std::string heddle_jit_configure(const char* text) { return configure(text); }
std::string heddle_jit_help() { return options_help(); }
bool heddle_jit_present() { return true; }
