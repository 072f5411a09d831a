// Which allocations of a trace are made together: one test and one bump of the nursery for all that stand between two
// places where the trace may be left or the collector may run.
//
// The first of a group, its leader, reserves the memory of all; the others only find their places, counted back from
// where the nursery's free memory then begins. So each group has one safepoint, before any of its objects is there, and
// nothing sees the reserved memory before all headers are written: guards, calls, labels and jumps end a group.
#pragma once
#include "heddle/jit/trace.h"
#include <cstdint>
#include <vector>

namespace heddle::jit {

class allocation_groups {
public:
    void compute(const trace& t);
    void clear() { places_.clear(); }
    // The bytes of its object, header included, when the operation can be made in line; else 0.
    static uint32_t inlined_total(const trace& t, const operation& o);
    // Has an earlier allocation reserved its memory? (Of a trace that was not computed: no.)
    bool is_follower(uint32_t position) const {
        return position < places_.size() && places_[position].to_end != 0 && places_[position].reserved == 0;
    }
    uint32_t reserved_by(uint32_t leader) const { return places_[leader].reserved; }
    // From the beginning of the object's header to the end of its group.
    uint32_t bytes_to_end(uint32_t position) const { return places_[position].to_end; }

private:
    struct place {
        uint32_t reserved = 0, to_end = 0;
    };
    void close(uint32_t total);

    std::vector<place> places_;     // by position in the trace
    std::vector<uint32_t> members_; // of the group that is being made; to_end holds their offset until it is closed
};

} // namespace heddle::jit
