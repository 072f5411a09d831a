// The register allocator. See register_allocator.h.
#include "backend/common/register_allocator.h"
#include <algorithm>
#include <bit>

namespace heddle::jit {

void register_allocator::begin(const trace& t, const liveness& live) {
    trace_ = &t;
    live_ = &live;
    size_t count = t.operations.size();
    register_of_.assign(count, no_register);
    hints_.assign(count, no_register);
    slot_of_.assign(count, no_slot);
    next_use_.assign(live.first_real_use.begin(), live.first_real_use.end());
    free_slots_.clear();
    shared_inputs_.clear();
    occupied_ = pinned_ = 0;
    std::fill(std::begin(value_in_), std::end(value_in_), UINT32_MAX);
    slot_count_ = 0;
    failed_ = false;
    position_ = 0;
}

// ---- inputs
// ------------------------------------------------------------------------------------------------------------

void register_allocator::bind_input(uint32_t value, place where) {
    if (where.has_slot()) slot_count_ = std::max(slot_count_, static_cast<uint32_t>(where.slot) + 1);
    bool taken = where.has_register() && (occupied_ & register_bit(where.reg));
    for (uint32_t other = 0; !taken && where.has_slot() && other < value; ++other)
        taken = slot_of_[other] == where.slot;
    if (taken) {
        shared_inputs_.push_back({value, where});
        return;
    }
    if (where.has_register()) assign(value, where.reg);
    slot_of_[value] = where.slot;
}

void register_allocator::finish_inputs() {
    std::vector<bool> used(slot_count_, false);
    for (uint32_t value = 0; value < trace_->input_count; ++value)
        if (slot_of_[value] >= 0) used[static_cast<size_t>(slot_of_[value])] = true;
    for (uint32_t slot = slot_count_; slot-- > 0;)
        if (!used[slot]) free_slots_.push_back(static_cast<int32_t>(slot));
    for (auto [value, where] : shared_inputs_) {
        if (live_->last_use[value] <= value) continue;
        slot_of_[value] = new_slot();
        emitter_.emit_move(location::in_slot(slot_of_[value]),
                           where.has_register() ? location::in_register(where.reg) : location::in_slot(where.slot));
    }
    for (uint32_t value = 0; value < trace_->input_count; ++value)
        if (live_->last_use[value] <= value) release(value);
}

// ---- registers and slots
// -----------------------------------------------------------------------------------------------

void register_allocator::assign(uint32_t value, int reg) {
    register_of_[value] = static_cast<int8_t>(reg);
    value_in_[reg] = value;
    occupied_ |= register_bit(reg);
}

void register_allocator::release(uint32_t value) {
    if (int reg = register_of_[value]; reg >= 0) {
        occupied_ &= ~register_bit(reg);
        value_in_[reg] = UINT32_MAX;
        register_of_[value] = no_register;
    }
    forget_slot(value);
}

void register_allocator::forget_slot(uint32_t value) {
    if (slot_of_[value] < 0) return;
    free_slots_.push_back(slot_of_[value]);
    slot_of_[value] = no_slot;
}

int register_allocator::new_slot() {
    if (!free_slots_.empty()) {
        int slot = free_slots_.back();
        free_slots_.pop_back();
        return slot;
    }
    return static_cast<int>(slot_count_++);
}

void register_allocator::store_to_slot(uint32_t value) {
    if (slot_of_[value] >= 0) return;
    if (register_of_[value] < 0 || trace_->operations[value].result == kind::vector) {
        failed_ = true;
        return;
    }
    slot_of_[value] = new_slot();
    emitter_.emit_move(location::in_slot(slot_of_[value]), location::in_register(register_of_[value]));
}

void register_allocator::spill(int reg) {
    uint32_t value = value_in_[reg];
    store_to_slot(value);
    occupied_ &= ~register_bit(reg);
    value_in_[reg] = UINT32_MAX;
    register_of_[value] = no_register;
}

// Which of the free registers suits the value. 'candidates' is not empty.
int register_allocator::choose_free(uint32_t value, uint64_t candidates) const {
    if (int hint = hints_[value]; hint >= 0 && (candidates & register_bit(hint))) return hint;
    uint32_t after = std::max(position_ + 1, value + 1);
    bool over_call = after < live_->next_call.size() && live_->next_call[after] < live_->last_use[value];
    uint64_t preferred = candidates & (over_call ? ~target_.caller_saved : target_.caller_saved);
    // From the top: the low numbers are the ones that calls and divisions want.
    uint64_t from = preferred ? preferred : candidates;
    return 63 - std::countl_zero(from);
}

// Empties a register of the mask: the one whose value is needed last; among equals one that needs no store.
int register_allocator::make_free(uint64_t mask) {
    uint64_t candidates = target_.allocatable & mask & ~pinned_;
    if (uint64_t empty = candidates & ~occupied_) return 63 - std::countl_zero(empty);
    int best = no_register;
    uint64_t best_rank = 0;
    for (uint64_t rest = candidates; rest; rest &= rest - 1) {
        int reg = std::countr_zero(rest);
        uint32_t value = value_in_[reg];
        uint64_t rank = (static_cast<uint64_t>(next_use_[value]) << 1 | (slot_of_[value] >= 0)) + 1;
        if (rank > best_rank) {
            best_rank = rank;
            best = reg;
        }
    }
    if (best < 0) {
        failed_ = true;
        return std::countr_zero(target_.allocatable & mask);
    }
    spill(best);
    return best;
}

// ---- one operation
// -----------------------------------------------------------------------------------------------------

void register_allocator::begin_operation(uint32_t position) {
    position_ = position;
    pinned_ = 0;
    const operation& o = trace_->operations[position];
    // Arguments stay where they are while others are loaded. Operations with more of them take theirs from anywhere.
    bool pins = o.argument_count <= 3 && !clobbers_registers(o.op);
    for (uint32_t a = o.first_argument; a < o.first_argument + o.argument_count; ++a) {
        value_ref v = trace_->arguments[a];
        if (v.is_none() || v.is_constant()) continue;
        next_use_[v.index()] = live_->next_real_use[a];
        if (pins && register_of_[v.index()] >= 0) pin(register_of_[v.index()]);
    }
}

void register_allocator::release_if_dead(value_ref v, uint32_t position) {
    if (!v.is_none() && v.is_result() && live_->last_use[v.index()] <= position) release(v.index());
}

void register_allocator::end_operation(uint32_t position) {
    pinned_ = 0;
    const operation& o = trace_->operations[position];
    for (value_ref v : trace_->arguments_of(o)) release_if_dead(v, position);
    if (o.guard && is_guard(o.op))
        for (value_ref v : o.guard->fail_arguments) release_if_dead(v, position);
    if (o.result != kind::none) release_if_dead(value_ref::result(position), position);
}

int register_allocator::use(uint32_t value) {
    int reg = register_of_[value];
    if (reg < 0) {
        if (slot_of_[value] < 0) failed_ = true;
        uint64_t free = target_.allocatable & class_of(value) & ~occupied_ & ~pinned_;
        reg = free ? choose_free(value, free) : make_free(class_of(value));
        emitter_.emit_move(location::in_register(reg), location::in_slot(std::max(slot_of_[value], 0)));
        assign(value, reg);
    }
    pin(reg);
    return reg;
}

location register_allocator::location_of(uint32_t value) const {
    if (register_of_[value] >= 0) return location::in_register(register_of_[value]);
    return location::in_slot(std::max(slot_of_[value], 0));
}

location register_allocator::use_anywhere(uint32_t value) {
    if (register_of_[value] >= 0 || slot_of_[value] < 0 ||
        (next_use_[value] != never_used && has_free_register(class_of(value))))
        return location::in_register(use(value));
    return location::in_slot(slot_of_[value]);
}

int register_allocator::define_in_mask(uint32_t value, uint64_t mask) {
    mask &= class_of(value);
    uint64_t free = target_.allocatable & mask & ~occupied_ & ~pinned_;
    int reg = free ? choose_free(value, free) : make_free(mask);
    assign(value, reg);
    pin(reg);
    return reg;
}

bool register_allocator::take_over(uint32_t value, uint32_t from) {
    int reg = register_of_[from];
    if (reg < 0) return false;
    register_of_[from] = no_register;
    assign(value, reg);
    pin(reg);
    return true;
}

int register_allocator::define_reusing(uint32_t value) {
    const operation& o = trace_->operations[position_];
    int hint = hints_[value];
    bool hint_is_free = hint >= 0 && !((occupied_ | pinned_) & register_bit(hint));
    if (!hint_is_free) {
        for (value_ref v : trace_->arguments_of(o)) {
            if (v.is_none() || !dies(v) || class_of(v.index()) != class_of(value)) continue;
            if (take_over(value, v.index())) return register_of_[value];
        }
    }
    return define(value);
}

void register_allocator::define_in_register(uint32_t value, int reg) {
    assign(value, reg);
    pin(reg);
}

int register_allocator::temporary(uint64_t mask) {
    uint64_t free = target_.allocatable & mask & ~occupied_ & ~pinned_;
    int reg = free ? 63 - std::countl_zero(free & target_.caller_saved ? free & target_.caller_saved : free)
                   : make_free(mask);
    pin(reg);
    return reg;
}

void register_allocator::take(int reg, uint32_t keep) {
    uint32_t value = value_in_[reg];
    pin(reg);
    if (!(occupied_ & register_bit(reg)) || value == keep) return;
    uint64_t free = target_.allocatable & class_of(value) & ~occupied_ & ~pinned_;
    if (slot_of_[value] >= 0 && (!free || next_use_[value] == never_used)) {
        spill(reg); // no store: it is in its slot
    } else if (free) {
        int other = choose_free(value, free);
        emitter_.emit_move(location::in_register(other), location::in_register(reg));
        occupied_ &= ~register_bit(reg);
        value_in_[reg] = UINT32_MAX;
        assign(value, other);
    } else {
        spill(reg);
    }
}

// ---- calls
// -------------------------------------------------------------------------------------------------------------

void register_allocator::save_for_call() {
    for (uint64_t rest = occupied_ & target_.caller_saved; rest; rest &= rest - 1) {
        int reg = std::countr_zero(rest);
        uint32_t value = value_in_[reg];
        if (live_->last_use[value] <= position_ || slot_of_[value] >= 0) continue;
        uint64_t safe = target_.allocatable & class_of(value) & ~target_.caller_saved & ~occupied_ & ~pinned_;
        if (safe && next_use_[value] != never_used) {
            int other = choose_free(value, safe);
            emitter_.emit_move(location::in_register(other), location::in_register(reg));
            occupied_ &= ~register_bit(reg);
            value_in_[reg] = UINT32_MAX;
            assign(value, other);
        } else {
            store_to_slot(value);
        }
    }
}

void register_allocator::clobber_caller_saved() {
    for (uint64_t rest = occupied_ & target_.caller_saved; rest; rest &= rest - 1) {
        int reg = std::countr_zero(rest);
        register_of_[value_in_[reg]] = no_register;
        value_in_[reg] = UINT32_MAX;
    }
    occupied_ &= ~target_.caller_saved;
}

// ---- labels
// ------------------------------------------------------------------------------------------------------------

void register_allocator::prepare_loop(std::span<const value_ref> values, uint32_t position, uint32_t end) {
    uint32_t call = live_->next_call[position];
    bool calls = call < end;
    // A register that the first call empties before the value is wanted is of no use.
    auto useless = [&](uint32_t value, int reg) {
        return calls && (target_.caller_saved & register_bit(reg)) && next_use_[value] > call;
    };
    std::vector<uint32_t> wanted;
    for (value_ref v : values) {
        if (v.is_constant()) continue;
        uint32_t value = v.index();
        if (int reg = register_of_[value]; reg >= 0 && useless(value, reg)) spill(reg);
        if (register_of_[value] < 0 && slot_of_[value] >= 0 && next_use_[value] != never_used) wanted.push_back(value);
    }
    std::sort(wanted.begin(), wanted.end(), [&](uint32_t a, uint32_t b) { return next_use_[a] < next_use_[b]; });
    for (uint32_t value : wanted) {
        uint64_t mask = target_.allocatable & class_of(value) & ~pinned_;
        if (calls && next_use_[value] > call) mask &= ~target_.caller_saved;
        if (!(mask & ~occupied_)) make_room(mask);
        if (uint64_t free = mask & ~occupied_) {
            int reg = choose_free(value, free);
            emitter_.emit_move(location::in_register(reg), location::in_slot(slot_of_[value]));
            assign(value, reg);
        }
    }
}

// Spills a value of the mask that no instruction of the loop wants in a register.
void register_allocator::make_room(uint64_t mask) {
    for (uint64_t rest = mask & occupied_; rest; rest &= rest - 1) {
        int reg = std::countr_zero(rest);
        if (next_use_[value_in_[reg]] != never_used) continue;
        spill(reg);
        return;
    }
}

} // namespace heddle::jit
