// What the JIT asks of the runtime: data of its own in transactions, the lock, a stopped world.
#include "runtime.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace heddle::stm {

namespace {

// What was written as code while the world stood still is what all threads run from now on (no processor has fetched
// it before). Kernels since 4.16 have it; older ones let us rely on that the threads slept in the meantime.
void synchronise_instructions() {
    static const bool registered =
        syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0;
    if (registered) syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
}

} // namespace

void set_participant(const participant& calls) { world.joined = calls; }
void set_participant_data(void* data) {
    if (self != nullptr) self->participant_data = data;
}

held_lock::held_lock() {
    if (self == nullptr) return;
    lock_world();
    ++self->outside_locks;
}
held_lock::~held_lock() {
    if (self == nullptr) return;
    --self->outside_locks;
    unlock_world();
}

halted_world::halted_world() {
    if (self == nullptr) return;
    was_stopped_ = world.stopper == self;
    stop_world();
}
halted_world::~halted_world() {
    if (self == nullptr || was_stopped_) return;
    if (world.live_threads > 1) synchronise_instructions();
    resume_world();
}

bool is_published(const void* object) {
    return heddle_stm.delta == 0 || (gc::header_of(object).flags & gc::flag_committed) != 0;
}

bool is_made_here(const void* address) {
    if (self == nullptr || self->running == nullptr) return false;
    segment& s = *self->running;
    if (address >= s.fresh_start && address < self->state->nursery_free) return true;
    for (const range& r : s.fresh)
        if (address >= r.start && address < r.end) return true;
    return false;
}

void conflict_with_all() { self->conflicts_with_all = true; }

bool was_always_alone() { return world.totals.threads == 0 && !world.never_alone; }

} // namespace heddle::stm
