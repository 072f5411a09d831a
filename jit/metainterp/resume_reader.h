// Rebuilds interpreter frames from a guard's resume data and the words that machine code left with.
#pragma once
#include "heddle/jit/optimizer.h"
#include "metainterp/frame.h"
#include "runtime/state.h"

namespace heddle::jit {

// A bridge's recorder is told of everything that is made on the way, so that the trace makes it, too.
class resume_recorder {
public:
    virtual value_ref fail_argument(uint32_t index) = 0;
    virtual value_ref constant(kind k, word value) = 0; // a none: constants are interned when they are used
    // An operation just executed: its value in the trace.
    virtual value_ref executed(opcode op, const descr* d, const word* arguments, const value_ref* references,
                               uint32_t count) = 0;

protected:
    ~resume_recorder() = default;
};

// Pushes the frames, outermost first; materialises virtual objects and does pending stores (safely: the collector may
// run, and 'values' need not be scanned by it). Leaves scratch words below the frames: the caller takes words_top()
// before and gives it to pop_words when the frames are gone. False: the frame stack is full; nothing was pushed.
bool rebuild_frames(jit_runtime& runtime, const guard_data& guard, const word* values, resume_recorder* recorder);

} // namespace heddle::jit
