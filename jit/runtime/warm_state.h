// Where tracing starts: the counter table that native code decrements, and the cells of places that were hot once.
//
// A counter holds how many passes are left until the runtime is called. A slot that a compiled loop uses stays at 0, so
// that every pass calls in; other places that share the slot are then counted in their own cells. A cell is made for a
// place at its first strike and lives for ever; greens that are GC objects are made immovable then, and are kept alive.
#pragma once
#include "heddle/jit/backend.h"
#include "runtime/options.h"
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace heddle::jit {

struct program;

struct cell {
    uint64_t hash = 0;
    uint32_t driver = 0;
    std::vector<word> greens;
    loop_token* token = nullptr;          // made when first compiled or called from machine code
    std::vector<loop_token*> invalidated; // former ones, which machine code may still call
    uint32_t counted = 0;                 // passes since the last trace was tried
    uint32_t aborts = 0;
    uint32_t wait = 0;           // passes until the next try, instead of the threshold; 0: the threshold
    uint32_t contradictions = 0; // loops recorded from here that can't be gone round twice
    bool dont_trace = false;
    bool dont_inline = false; // traces call its machine code instead of inlining it
    bool is_function = false; // a function's entry that a trace came to
    uint32_t called = 0;      // calls from machine code while it has none
    bool compiled() const { return token && token->compiled; }
};

class warm_state {
public:
    void initialise(const program& prog, const runtime_options& options);
    cell* find(uint32_t driver, const word* greens, uint64_t hash) const;
    // Null: a green is an object that isn't committed yet.
    cell* find_or_make(uint32_t driver, const word* greens, uint64_t hash);
    // A counter struck: is the place hot? Sets the slot's counter for the next time.
    bool strike(uint32_t driver, const word* greens, uint64_t hash, bool function_entry, cell*& found);
    // A loop was compiled for the cell: every pass calls in from now on.
    void keep_calling(const cell& hot);
    // The iteration recorded was no good example: another one is soon tried.
    void try_again_soon(cell& place);
    // Machine code calls a function that has none. Native code counts before it calls, so nobody else counts this call.
    bool strike_by_call(cell& place) const;
    // The trace from here met with bad luck: it is tried again as if it were the first time.
    void try_later(cell& place) const { place.counted = 0; }
    // A trace from here was given up.
    void back_off(cell& aborted, uint32_t max_aborts);
    void decay();
    const std::deque<cell>& cells() const { return cells_; }

private:
    void grant(uint32_t slot, uint32_t passes);
    uint32_t size_of(uint32_t driver) const { return green_counts_[driver]; }
    const runtime_options* options_ = nullptr;
    std::vector<uint32_t> green_counts_;
    std::vector<std::string> green_kinds_;
    std::deque<cell> cells_;
    // Read by all threads while one adds to it (under the lock): a larger one takes its place, and it is kept.
    struct cell_table {
        explicit cell_table(size_t size) : mask(size - 1), slots(std::make_unique<std::atomic<cell*>[]>(size)) {}
        void add(cell& made) {
            size_t at = (made.hash >> 20) & mask;
            while (slots[at].load(std::memory_order_relaxed)) at = (at + 1) & mask;
            slots[at].store(&made, std::memory_order_release);
        }
        size_t mask;
        std::unique_ptr<std::atomic<cell*>[]> slots;
    };
    cell_table* table_ = nullptr;
    std::vector<std::unique_ptr<cell_table>> tables_;
    std::vector<uint32_t> granted_;
    std::vector<bool> calls_always_;
};

} // namespace heddle::jit
