// The JIT's options, typed in one table (options.cpp).
#pragma once
#include "heddle/jit/optimizer.h"
#include <cstdint>
#include <string>
#include <string_view>

namespace heddle::jit {

enum class backend_choice : uint32_t { native, portable };
enum class bridge_policy : uint32_t { counted, always, never };

struct runtime_options {
    uint32_t threshold = 1039;          // passes of a loop's back edge
    uint32_t function_threshold = 1619; // calls
    uint32_t trace_eagerness = 200;     // failures of a guard before a bridge is traced
    uint32_t trace_limit = 6000;        // operations recorded
    uint32_t retrace_limit = 1;         // bodies that a loop may get from bridges that fit none
    uint32_t bridge_cost = 100;         // failures of a guard before a bridge, for 100 operations that it will have
    uint32_t max_unroll_recursion = 7;
    uint32_t decay = 40;       // per mille off all counters, every 32 minor collections
    uint32_t max_aborts = 10;  // after so many aborted traces a place is left alone
    uint32_t fuel = 0;         // n: at the n-th position where a guard could stand, one that always fails; 0: off
    uint32_t vector_lanes = 0; // 64-bit items in a vector, at most; 0: as many as the processor has
    backend_choice backend = backend_choice::native;
    bridge_policy bridges = bridge_policy::counted;
    optimizer_options optimizer;
    bool off = false;
    bool perf_map = false, jitdump = false, gdb = false; // code_observers.h
};

std::string parse_options(std::string_view text, runtime_options& options);
std::string describe_options(const runtime_options& defaults = {});

} // namespace heddle::jit
