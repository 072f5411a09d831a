// See warm_state.h.
#include "runtime/warm_state.h"
#include "heddle/jit/program.h"
#include "heddle/jit/runtime.h"
#include "runtime/state.h"
#include <algorithm>

extern "C" {
uint32_t heddle_jit_counters[heddle::jit::counter_count];
}

namespace heddle::jit {

void warm_state::initialise(const program& prog, const runtime_options& options) {
    *this = {};
    options_ = &options;
    for (const driver_entry& driver : prog.drivers) {
        green_counts_.push_back(static_cast<uint32_t>(driver.green_kinds.size()));
        green_kinds_.push_back(driver.green_kinds);
    }
    tables_.push_back(std::make_unique<cell_table>(256));
    table_ = tables_.back().get();
    granted_.assign(counter_count, 0);
    calls_always_.assign(counter_count, false);
    for (uint32_t slot = 0; slot < counter_count; ++slot)
        grant(slot, std::min(options.threshold, options.function_threshold));
}

void warm_state::grant(uint32_t slot, uint32_t passes) { granted_[slot] = heddle_jit_counters[slot] = passes; }

cell* warm_state::find(uint32_t driver, const word* greens, uint64_t hash) const {
    const cell_table& table = *std::atomic_ref(const_cast<cell_table*&>(table_)).load(std::memory_order_acquire);
    for (size_t at = (hash >> 20) & table.mask;; at = (at + 1) & table.mask) {
        cell* candidate = table.slots[at].load(std::memory_order_acquire);
        if (!candidate) return nullptr;
        if (candidate->hash != hash || candidate->driver != driver) continue;
        size_t same = 0, count = candidate->greens.size(); // two or three words: no call of memcmp
        while (same < count && candidate->greens[same] == greens[same]) ++same;
        if (same == count) return candidate;
    }
}

cell* warm_state::find_or_make(uint32_t driver, const word* greens, uint64_t hash) {
    shared_data_lock lock;
    if (cell* found = find(driver, greens, hash)) return found;
    for (uint32_t i = 0; i < size_of(driver); ++i)
        if (green_kinds_[driver][i] == 'p' && is_uncommitted(greens[i])) return nullptr;
    for (uint32_t i = 0; i < size_of(driver); ++i)
        if (green_kinds_[driver][i] == 'p') runtime_state().keep(greens[i]);
    cells_.push_back({});
    cell* made = &cells_.back();
    made->hash = hash;
    made->driver = driver;
    made->greens.assign(greens, greens + size_of(driver));
    if (cells_.size() * 2 <= table_->mask) {
        table_->add(*made);
        return made;
    }
    tables_.push_back(std::make_unique<cell_table>((table_->mask + 1) * 2));
    for (cell& c : cells_) tables_.back()->add(c);
    std::atomic_ref(table_).store(tables_.back().get(), std::memory_order_release);
    return made;
}

bool warm_state::strike(uint32_t driver, const word* greens, uint64_t hash, bool function_entry, cell*& found) {
    uint32_t slot = counter_slot(hash);
    if (!found) found = find_or_make(driver, greens, hash);
    if (!found) return false;
    uint32_t passes = calls_always_[slot] ? 1 : std::max(granted_[slot], 1u);
    uint64_t needed = uint64_t{function_entry ? options_->function_threshold : options_->threshold}
                      << std::min(found->aborts, 16u);
    if (found->wait) needed = found->wait;
    found->counted = static_cast<uint32_t>(std::min<uint64_t>(uint64_t{found->counted} + passes, UINT32_MAX));
    bool hot = !found->dont_trace && found->counted >= needed;
    if (calls_always_[slot])
        heddle_jit_counters[slot] = 0;
    else if (found->dont_trace)
        grant(slot, 1u << 20);
    else
        grant(slot,
              hot ? options_->threshold : static_cast<uint32_t>(std::min<uint64_t>(needed - found->counted, 1u << 30)));
    if (hot) found->counted = found->wait = 0;
    return hot;
}

// Machine code calls it, so it is hot already: few calls are enough.
bool warm_state::strike_by_call(cell& place) const {
    if (place.dont_trace || !place.is_function || place.compiled()) return false;
    if (++place.called < uint64_t{options_->trace_eagerness} << std::min(place.aborts, 16u)) return false;
    place.called = 0;
    return true;
}

void warm_state::keep_calling(const cell& hot) {
    uint32_t slot = counter_slot(hot.hash);
    calls_always_[slot] = true;
    heddle_jit_counters[slot] = 0;
}

void warm_state::try_again_soon(cell& place) {
    // The next pass is likely the one that this one was not. If that isn't, the program is in a phase of short inner
    // loops: longer and longer waits, odd ones, so as not to fall in with its rhythm.
    uint32_t slot = counter_slot(place.hash), tried = std::min(place.contradictions, 8u);
    uint32_t soon = tried <= 1 ? 1 : ((options_->threshold << (2 * (tried - 2))) / 8) | 1;
    place.counted = 0;
    place.wait = soon;
    if (!calls_always_[slot]) grant(slot, soon);
}

void warm_state::back_off(cell& aborted, uint32_t max_aborts) {
    aborted.counted = 0;
    if (++aborted.aborts >= max_aborts) aborted.dont_trace = true;
}

void warm_state::decay() {
    for (uint32_t slot = 0; slot < counter_count; ++slot) {
        if (calls_always_[slot]) continue;
        uint32_t done = granted_[slot] - std::min(heddle_jit_counters[slot], granted_[slot]);
        heddle_jit_counters[slot] += static_cast<uint32_t>(uint64_t{done} * options_->decay / 1000);
    }
}

} // namespace heddle::jit
