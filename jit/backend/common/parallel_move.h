// Parallel moves: a set of moves that all read their sources before any of them writes its destination.
//
// Used for call arguments and for the values that a jump passes to a label. Invariant: destinations are distinct.
// A cycle is broken with one temporary register of the target that no move names.
#pragma once
#include "backend/common/place.h"
#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle::jit {

class parallel_move {
public:
    void add(location to, location from);
    void add_constant(location to, uint64_t bits) { constants_.push_back({to, bits}); }
    // Puts the moves out in an order that works, constants last, and forgets them.
    void emit(move_emitter& emitter, int temporary_register);

private:
    struct pending_move {
        location to, from;
        bool done;
    };
    struct constant_move {
        location to;
        uint64_t bits;
    };

    void emit_ready(move_emitter& emitter, uint32_t first);
    void grow(location used);

    std::vector<pending_move> moves_;
    std::vector<constant_move> constants_;
    std::vector<uint32_t> readers_; // by location: moves not yet done that read it
    std::vector<uint32_t> move_to_; // by location: the move that writes it, plus 1
};

} // namespace heddle::jit
