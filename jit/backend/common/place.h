// Where a value lies in compiled code: a machine register, a spill slot of the frame, or both.
//
// Register numbers are the target's: 0 to 31 general, 32 to 63 floating. Slots are numbered from 0; the target says
// where in the frame they are. A place packs into one int32_t: that is what guard_data::locations and
// target_token::locations hold, so a bridge learns from its guard where each of its inputs is, and a jump where to
// leave each argument.
#pragma once
#include <cstdint>

namespace heddle::jit {

constexpr int no_register = -1;
constexpr int no_slot = -1;
constexpr int first_floating_register = 32;
constexpr int register_limit = 64;

constexpr uint64_t register_bit(int number) { return uint64_t{1} << number; }
constexpr uint64_t general_registers = 0x0000'0000'ffff'ffffu;
constexpr uint64_t floating_registers = ~general_registers;

struct place {
    int reg = no_register;
    int slot = no_slot;

    bool has_register() const { return reg >= 0; }
    bool has_slot() const { return slot >= 0; }
    bool is_nowhere() const { return reg < 0 && slot < 0; }
    int32_t pack() const { return (reg + 1) | (slot + 1) << 8; }
    static place unpack(int32_t bits) { return {(bits & 0xff) - 1, (bits >> 8) - 1}; }
};

// One register or one slot, as the source or destination of a move.
struct location {
    int32_t code = 0;
    static location in_register(int number) { return {number}; }
    static location in_slot(int slot) { return {register_limit + slot}; }
    bool is_register() const { return code < register_limit; }
    bool is_floating_register() const { return code >= first_floating_register && code < register_limit; }
    int reg() const { return code; }
    int slot() const { return code - register_limit; }
    friend bool operator==(location, location) = default;
};

// How the allocator and the parallel moves put out code. Every combination of register and slot can occur; moves must
// leave the condition codes alone, because they may be put between a comparison and its guard.
class move_emitter {
public:
    virtual void emit_move(location to, location from) = 0;
    virtual void emit_constant(location to, uint64_t bits) = 0;

protected:
    ~move_emitter() = default;
};

} // namespace heddle::jit
