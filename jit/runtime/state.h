// The JIT's state: one object for the process, shared by the files of jit/metainterp and jit/runtime.
#pragma once
#include "heddle/jit/backend.h"
#include "heddle/jit/program.h"
#include "heddle/jit/runtime.h"
#include "metainterp/decoded_jitcode.h"
#include "metainterp/heap_cache.h"
#include "runtime/code_observers.h"
#include "runtime/invalidation.h"
#include "runtime/log.h"
#include "runtime/options.h"
#include "runtime/parallel.h"
#include "runtime/warm_state.h"
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace heddle::jit {

// Why a trace was given up.
enum class abort_reason : uint32_t {
    none,
    too_long,
    too_deep,
    not_a_constant,
    unknown_slot,
    no_resume_point,
    no_native_portal,
    unreachable,
    contradiction,
    no_body,
    optimizer,
    backend,
    invalidated,
    uncommitted,
    transaction_ended,
    internal,
    count
};
std::string_view abort_reason_name(abort_reason reason);

constexpr size_t maximum_merge_point_size = 64; // greens and reds of a driver

// How a run of frames (by machine code, blackhole, meta-interpreter) ended.
struct outcome {
    bool finished = true; // else: it is at the merge point with the greens and reds in the buffer given
    word result = 0;
};

struct driver_data {
    const decoded_jitcode* code = nullptr;
    uint32_t merge_point = 0; // position of the portal's merge_point instruction
    uint32_t after_merge_point = 0;
    uint32_t green_count = 0, red_count = 0;
};

uint64_t thread_nanoseconds(); // of processor time: a busy machine does not count

struct jit_runtime {
    program* prog = nullptr;
    std::unique_ptr<program> owned_program;
    runtime_options options;
    std::unique_ptr<backend> machine;
    warm_state warm;
    invalidation_table invalidations;
    log events;
    code_observers observers;
    std::vector<driver_data> drivers;
    std::vector<std::unique_ptr<loop_token>> tokens;
    bool ready = false;
    std::vector<const void*> being_traced; // cells and guards, by the meta-interpreters at work: tracing nests, because
                                           // a residual call may run a whole program
    uint32_t collections = 0;
    uint64_t fuel_used = 0;

    statistics counts;
    uint64_t aborts_by_reason[static_cast<size_t>(abort_reason::count)] = {};
    uint64_t nanoseconds_tracing = 0, nanoseconds_optimising = 0, nanoseconds_assembling = 0;
    uint64_t operations_recorded = 0, operations_compiled = 0;

    // True: a meta-interpreter must follow, which ends the tracing.
    bool may_trace(const void* place) const {
        for (const void* other : being_traced)
            if (other == place) return false;
        return being_traced.size() < 8 && begin_tracing();
    }
    const decoded_jitcode& code(uint32_t index) {
        if (const decoded_jitcode* known = decoded_[index].load(std::memory_order_acquire)) return *known;
        return decode_now(index);
    }
    // The function whose jitcode this is, when it can be called natively; else null.
    const function_entry* native_function(uint32_t jitcode_index);
    driver_data& driver(uint32_t index);
    // A constant of a trace or a green: if it points into a GC object, that must neither move nor die from now on.
    void keep(word pointer);
    loop_token& token_for(cell& place);
    std::string describe(uint32_t driver, const word* greens);
    std::string open(program& p);
    void close();

    // Empty traces that keep the memory of former ones.
    trace take_trace();
    void give_back(trace&& used);
    std::unique_ptr<heap_cache> take_heap_cache();
    void give_back(std::unique_ptr<heap_cache> used);
    // For the summary's times; 0 when nobody asked for it.
    uint64_t clock() const { return events.summary() ? thread_nanoseconds() : 0; }

    std::vector<void*> kept; // exact roots; all immovable

private:
    const decoded_jitcode& decode_now(uint32_t index);

    std::vector<std::atomic<decoded_jitcode*>> decoded_; // owned
    std::vector<int32_t> function_of_jitcode_;
    std::unordered_set<word> kept_set_;
    std::vector<trace> spare_traces_;
    std::vector<std::unique_ptr<heap_cache>> spare_caches_;
};

jit_runtime& runtime_state();

// Machine code from the token until the portal is finished or at a merge point again; 'buffer' holds greens, then reds.
outcome run_machine_code(jit_runtime& runtime, loop_token& token, word* buffer);
// A guard failed: a bridge is traced, or the blackhole goes on from it.
outcome leave_through_guard(jit_runtime& runtime, guard_data& guard, const word* values, word* buffer);
// Runs a portal from its merge point to its end, in machine code or natively; 'buffer' as above.
word run_portal_to_end(jit_runtime& runtime, uint32_t driver, word* buffer);

} // namespace heddle::jit
