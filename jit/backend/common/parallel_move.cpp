// Parallel moves: emit what nobody reads any more, then break what remains, which is cycles only.
#include "backend/common/parallel_move.h"

namespace heddle::jit {

void parallel_move::grow(location used) {
    std::size_t needed = static_cast<std::size_t>(used.code) + 1;
    if (readers_.size() < needed) {
        readers_.resize(needed, 0);
        move_to_.resize(needed, 0);
    }
}

void parallel_move::add(location to, location from) {
    if (to == from) {
        // Still a destination that nothing else may write; nothing to do.
        return;
    }
    grow(to);
    grow(from);
    moves_.push_back({to, from, false});
    ++readers_[static_cast<std::size_t>(from.code)];
    move_to_[static_cast<std::size_t>(to.code)] = static_cast<uint32_t>(moves_.size());
}

// Emits move 'first', whose destination nobody reads, and the moves which that makes possible.
void parallel_move::emit_ready(move_emitter& emitter, uint32_t first) {
    for (uint32_t at = first;;) {
        pending_move& m = moves_[at];
        emitter.emit_move(m.to, m.from);
        m.done = true;
        std::size_t from = static_cast<std::size_t>(m.from.code);
        if (--readers_[from] != 0 || move_to_[from] == 0 || moves_[move_to_[from] - 1].done) return;
        at = move_to_[from] - 1;
    }
}

void parallel_move::emit(move_emitter& emitter, int temporary_register) {
    grow(location::in_register(register_limit - 1));
    for (uint32_t i = 0; i < moves_.size(); ++i)
        if (!moves_[i].done && readers_[static_cast<std::size_t>(moves_[i].to.code)] == 0) emit_ready(emitter, i);
    for (uint32_t i = 0; i < moves_.size(); ++i) {
        if (moves_[i].done) continue;
        // On a cycle: save what this move overwrites, let its readers take it from the temporary.
        location saved = moves_[i].to, temporary = location::in_register(temporary_register);
        emitter.emit_move(temporary, saved);
        for (pending_move& m : moves_) {
            if (m.done || !(m.from == saved)) continue;
            m.from = temporary;
            ++readers_[static_cast<std::size_t>(temporary_register)];
        }
        readers_[static_cast<std::size_t>(saved.code)] = 0;
        emit_ready(emitter, i);
    }
    for (const pending_move& m : moves_) {
        readers_[static_cast<std::size_t>(m.from.code)] = 0;
        move_to_[static_cast<std::size_t>(m.to.code)] = 0;
    }
    // 'from' of moves on a cycle was rewritten: their old source is another's destination.
    for (const pending_move& m : moves_) readers_[static_cast<std::size_t>(m.to.code)] = 0;
    moves_.clear();
    for (const constant_move& c : constants_) emitter.emit_constant(c.to, c.bits);
    constants_.clear();
}

} // namespace heddle::jit
