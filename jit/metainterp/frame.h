// Frames of jitcodes, shared by the meta-interpreter and the blackhole, so that the one can hand over to the other.
//
// Registers lie in one large reserved block of words that the collector scans conservatively up to the top: an object
// that a register refers to neither dies nor moves, and nobody needs handles. The meta-interpreter's value of each
// register lies at the same place in a second block. Everything is a stack: whoever pushes pops, also when runs nest (a
// residual call may enter the JIT again; each thread has a stack of its own). Positions: a suspended caller's pc is
// that of the 'live' directly after its call.
#pragma once
#include "heddle/gc/gc.h"
#include "heddle/jit/trace.h"
#include "metainterp/decoded_jitcode.h"
#include <cstddef>
#include <cstdint>

namespace heddle::jit {

struct frame {
    const decoded_jitcode* code;
    word* registers;
    value_ref* references; // the meta-interpreter's: a none for a register that holds a constant
    uint32_t pc;
    // The rest is the meta-interpreter's.
    uint32_t last_live;  // position of the newest executed 'live'
    uint32_t snapshot;   // of this frame as a caller, UINT32_MAX: not made yet
    bool entered;        // a portal's: has passed its first merge point
    bool loop_seen;      // a portal's: can_enter_jit since its last merge point
    uint64_t entry_hash; // a portal's: hash of driver and greens at its first merge point; 0: unknown

    word value_of(uint32_t operand) const {
        return operand & constant_operand ? code->constants[operand & ~constant_operand] : registers[operand];
    }
};

class frame_stack {
public:
    static frame_stack& instance();          // the running thread's
    static void use(frame_stack* stack);     // from now on; null: one for a new thread
    static void release(frame_stack* stack); // its thread has ended

    // Registers are zero; references none, when they are wanted. Null when the stack is full.
    frame* push(const decoded_jitcode& code, bool recorded = true);
    void pop() {
        --top_;
        set_words_top(top_->registers);
    }
    frame* top() const { return top_ - 1; } // the newest frame
    frame* end() const { return top_; }     // one after it: the base of a run that begins now
    void pop_to(frame* base) {
        while (top_ > base) pop();
    }

    // Scratch words above the newest frame, scanned conservatively. Released in reverse order, before any pop.
    word* push_words(size_t count);
    word* words_top() const { return words_top_; }
    void pop_words(word* begin) { set_words_top(begin); }
    // What the collector scans.
    void visit_words(void (*visit)(const void*, const void*, void*), void* context) const {
        visit(words_, words_top_, context);
    }

    // A copy of what is in use, and back: for a transaction that is aborted. The copy's memory is reused.
    struct saved_state {
        frame* frames = nullptr;
        word* words = nullptr;
        size_t frame_count = 0, word_count = 0, frame_capacity = 0, word_capacity = 0;
    };
    void save(saved_state& to) const;
    void restore(const saved_state& from);

private:
    frame_stack(size_t frames, size_t words);
    void set_words_top(word* top) {
        words_top_ = top;
        range_.end = top;
    }
    frame* frames_ = nullptr;
    frame* top_ = nullptr;
    frame* limit_ = nullptr;
    word* words_ = nullptr;
    word* words_top_ = nullptr;
    word* words_limit_ = nullptr;
    value_ref* references_ = nullptr;
    gc::conservative_range range_;
};

// Says so on stderr and ends the process: frames that must be rebuilt don't fit.
[[noreturn]] void frame_memory_exhausted();

} // namespace heddle::jit
