// Resume data made ready for guards that fail often: decoded once, at the first failure, then only carried out.
//
// All words that are needed have one numbering: the constants, then the fail arguments, then the objects that the trace
// never made. Whoever carries the plan out lays them in this order into memory that the collector scans.
#pragma once
#include "heddle/jit/optimizer.h"
#include "runtime/state.h"
#include <cstdint>
#include <vector>

namespace heddle::jit {

struct resume_plan {
    struct part {                    // of an object to be made
        const field_descr* field;    // null: an array's item
        uint32_t item = 0, word = 0; // word: the number of what is stored
    };
    struct object {
        const descr* shape;           // size_descr or array_descr
        uint32_t length = 0;          // of an array
        uint32_t first_part, parts;   // in resume_plan::parts
        uint32_t parts_that_are_null; // the last ones of these: references, which a new object has as null anyhow
    };
    struct store { // one that was put off
        const descr* where;
        int64_t item;
        uint32_t object, value;
    };
    struct move {
        uint32_t to, word; // to: a frame's register
    };
    struct frame {
        const decoded_jitcode* code;
        uint32_t pc, first_move, moves; // in resume_plan::moves
    };

    std::vector<word> constants;
    uint32_t fail_arguments = 0;
    std::vector<object> objects;
    std::vector<part> parts;
    std::vector<store> stores;
    std::vector<frame> frames; // the outermost first
    std::vector<move> moves;

    uint32_t first_fail_argument() const { return static_cast<uint32_t>(constants.size()); }
    uint32_t first_object() const { return first_fail_argument() + fail_arguments; }
    size_t words() const { return first_object() + objects.size(); }
};

// The guard's plan, made if there is none yet.
const resume_plan& plan_of(jit_runtime& runtime, const guard_data& guard);

} // namespace heddle::jit
