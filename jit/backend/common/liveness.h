// Liveness of a trace's values, by one backward walk: last use, next use after each use, calls ahead.
//
// A position is an operation's index. A use is 'real' when the instruction wants the value in a register; fail
// arguments of guards, arguments of calls, labels, jumps and finish are not: they can be taken from a spill slot. Real
// uses guide what to keep in registers; last_use counts both kinds.
#pragma once
#include "heddle/jit/backend.h"
#include "heddle/jit/trace.h"
#include <cstdint>
#include <vector>

namespace heddle::jit {

constexpr uint32_t never_used = UINT32_MAX;

// Does the operation's machine code call a C function, with all that this clobbers?
inline bool clobbers_registers(opcode op) { return (info(op).flags & CALL) || op == opcode::copy_array; }

// Which registers values of the kind are in.
constexpr bool is_floating_class(kind k) { return k == kind::floating || k == kind::vector; }

struct liveness {
    std::vector<uint32_t> last_use;       // by value; its own position when it has no use
    std::vector<uint32_t> first_real_use; // by value; never_used
    std::vector<uint32_t> next_real_use; // by index in trace::arguments: the value's next real use after this operation
    std::vector<uint32_t> next_call;     // by position: the first clobbering operation at or after it; never_used

    void compute(const trace& t);
    // The most values of these kinds that are live at once between the label at 'begin' and 'end'.
    uint32_t most_live(const trace& t, uint32_t begin, uint32_t end, bool floating) const;
};

} // namespace heddle::jit
