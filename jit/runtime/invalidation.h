// Which machine code depends on which quasi-immutable fields, and what happens when one of them is written.
//
// A trace that took a field to be constant (quasi_immutable_field) registers its token under the field's address; the
// object is a constant of the trace, so it neither moves nor dies. Every write calls heddle_quasi_immutable_written:
// the tokens are invalidated, i.e. their guard_not_invalidated fail from then on, also in code that is on the stack,
// nothing enters them again, and the place is traced anew when it is hot. Code that calls an invalidated token runs the
// portal natively, or the new code once there is some. A field whose writes have invalidated code often is taken to be
// mutable from then on. Idea: RPython's quasiimmut.py.
#pragma once
#include "heddle/jit/backend.h"
#include <unordered_map>
#include <vector>

namespace heddle::jit {

struct jit_runtime;

class invalidation_table {
public:
    // Is the field written rarely, as far as is known?
    bool is_stable(const void* slot) const;
    void add(const field_dependency& dependency, loop_token& token);
    void written(jit_runtime& runtime, const void* slot);
    void all(jit_runtime& runtime); // machine code, whatever it depends on
    void clear() { entries_.clear(); }
    bool empty() const { return entries_.empty(); }
    // Has machine code depended on it, at any time?
    bool is_known(const void* slot) const { return entries_.count(slot) != 0; }

private:
    struct entry {
        std::vector<loop_token*> dependents;
        uint32_t writes = 0; // that invalidated code
    };
    static constexpr uint32_t most_writes = 8;
    std::unordered_map<const void*, entry> entries_;
};

} // namespace heddle::jit
