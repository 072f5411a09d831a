// See invalidation.h.
#include "runtime/invalidation.h"
#include "runtime/state.h"
#include <algorithm>

namespace heddle::jit {

namespace {

void invalidate(jit_runtime& runtime, loop_token& token) {
    if (token.invalidated) return;
    token.invalidated = true;
    token.compiled = false;
    runtime.machine->invalidate(token);
    ++runtime.counts.invalidations;
    uint64_t hash = hash_greens(token.driver, token.greens.data(), token.greens.size());
    cell* place = runtime.warm.find(token.driver, token.greens.data(), hash);
    if (!place || place->token != &token) return;
    place->token = nullptr;
    place->invalidated.push_back(&token);
    if (runtime.events.traces() || runtime.events.summary())
        runtime.events.section(
            "jit-invalidated",
            "#" + std::to_string(token.number) + " (" + runtime.describe(token.driver, token.greens.data()) + ")", "");
}

} // namespace

bool invalidation_table::is_stable(const void* slot) const {
    auto found = entries_.find(slot);
    return found == entries_.end() || found->second.writes < most_writes;
}

void invalidation_table::add(const field_dependency& dependency, loop_token& token) {
    std::vector<loop_token*>& dependents = entries_[dependency.slot()].dependents;
    if (std::find(dependents.begin(), dependents.end(), &token) == dependents.end()) dependents.push_back(&token);
}

void invalidation_table::written(jit_runtime& runtime, const void* slot) {
    auto found = entries_.find(slot);
    if (found == entries_.end() || found->second.dependents.empty()) return;
    all_halted halt;
    ++found->second.writes;
    std::vector<loop_token*> dependents;
    dependents.swap(found->second.dependents);
    for (loop_token* token : dependents) invalidate(runtime, *token);
}

void invalidation_table::all(jit_runtime& runtime) {
    all_halted halt;
    for (auto& token : runtime.tokens)
        if (token->compiled) invalidate(runtime, *token);
}

} // namespace heddle::jit

void heddle_quasi_immutable_written(const void* slot) {
    heddle::jit::jit_runtime& runtime = heddle::jit::runtime_state();
#ifdef HEDDLE_STM
    // Left at once by all threads, and not made anew before the write is committed. Who has relied on the old value in
    // a transaction that is under way is aborted by the commit.
    heddle::jit::note_uncommitted_write(slot, runtime.invalidations.is_known(slot));
#endif
    if (!runtime.invalidations.empty()) runtime.invalidations.written(runtime, slot);
}
