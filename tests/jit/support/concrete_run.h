// Running a recorded trace operation by operation, and describing what it leaves behind: the reference of random tests.
#pragma once
#include "heddle/gc/gc.h"
#include "heddle/jit/optimizer.h"
#include <string>

namespace heddle::test {

// Words that the collector scans as it scans stacks. rescan() after the vector has moved.
struct scanned_words {
    std::vector<jit::word> words;
    gc::conservative_range range;
    void rescan() {
        range.begin = words.data();
        range.end = words.data() + words.size();
    }
};

// execute_operation, and calls through their thunks; inputs and hints do nothing.
jit::word execute_any(jit::opcode op, const jit::descr* d, const jit::word* arguments, bool& overflow);
uint64_t load_length(jit::word array);

// A set of inputs for random traces (4 integers, 3 nodes, an array of integers, one of references, raw memory, 2
// doubles). The same number makes the same inputs anew; constants, globals and raw memory are reset too.
std::vector<jit::word> make_inputs(unsigned number);

// The interpreter: values by operation index.
class concrete_run {
public:
    explicit concrete_run(const jit::trace& t);
    scanned_words values;
    // Runs from an operation to the end or a guard that fails; then 'stopped_at' is that operation.
    void run(uint32_t from);
    uint32_t stopped_at = 0;
    // One operation that is not a guard, jump or finish.
    void step(uint32_t index);
    bool holds(const jit::operation& o) const;
    // The values that the snapshot there names (or the finish's result), and all that they and 'roots' refer to.
    std::string describe(const std::vector<jit::word>& roots) const;

private:
    jit::word at(jit::value_ref v) const;
    const jit::trace& trace_;
    bool overflow_ = false;
};

// Sets the values at a failing guard of the optimised trace from its resume data; answers the position to go on from.
uint32_t rebuild(concrete_run& run, const jit::trace& recorded, const jit::exit_state& exit);

// A bridge for the guard that was left through: what the resume data describes as operations, then the recorded
// operations from there to the guard that fails now (inverted, then guard_always_fails) or to the trace's end.
jit::trace make_bridge(const jit::trace& recorded, const jit::exit_state& exit);

} // namespace heddle::test
