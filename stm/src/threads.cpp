// Threads: start, wait, end.
#include "runtime.h"

#include <pthread.h>
#include <signal.h>

#include <cstdio>

namespace heddle::stm {

namespace {

void* run_thread(void* argument) {
    auto* t = static_cast<thread*>(argument);
    gc::find_stack_limits();
    heddle_thread.stack_base = static_cast<char*>(__builtin_frame_address(0));
    enter_world(*t);
    if (world.log != nullptr) world.log->thread_started(*t);
    heddle_stm.roots = t->roots;
    lock_world();
    t->error_root = new gc::root_slot(&heddle_thread.error);
    unlock_world();
    begin_transaction();
    t->run(t->argument);
    clear_thread_roots(*t);
    commit();
    lock_world();
    give_thread_roots_back(*t);
    ++world.changes;
    if (t->participant_data != nullptr) world.joined.left(t->participant_data);
    t->participant_data = nullptr;
    delete t->error_root;
    t->argument = nullptr;
    t->ended = true;
    if (world.log != nullptr) world.log->thread_ended(*t);
    --world.live_threads;
    unlock_world();
    leave_world(*t);
    return nullptr;
}

} // namespace

void start_pending_threads(thread& t) {
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    // Signals are for the first thread, but for those that tell of a thread's own mistakes.
    sigset_t signals, before;
    sigfillset(&signals);
    for (int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&signals, own);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    for (thread* next : t.to_start) {
        pthread_t handle;
        if (int error = pthread_create(&handle, &detached, run_thread, next); error != 0) {
            std::fprintf(stderr, "heddle: cannot start another thread: %s\n", strerror(error));
            std::exit(1);
        }
    }
    t.to_start.clear();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&detached);
}

long start_thread(void (*run)(void*), void* argument) {
    bool was_alone = was_always_alone();
    lock_world();
    auto* t = new thread;
    if (!take_thread_roots(*t)) {
        std::fputs("heddle: stm: too many threads at a time\n", stderr);
        std::exit(1);
    }
    t->number = static_cast<long>(world.threads.size());
    t->run = run;
    t->argument = argument;
    world.threads.push_back(t);
    ++world.live_threads;
    ++world.totals.threads;
    self->to_start.push(t);
    unlock_world();
    if (was_alone && world.joined.starting != nullptr) world.joined.starting();
    end_soon(); // the next break ends the transaction, and starts the thread
    return t->number;
}

bool thread_has_ended(long number) {
    lock_world();
    bool result = number < 0 || number >= static_cast<long>(world.threads.size()) || world.threads[number]->ended;
    unlock_world();
    return result;
}

bool wait_for_thread(long number) {
    if (heddle_stm.atomic_depth != 0) return false;
    commit();
    lock_world();
    if (number >= 0 && number < static_cast<long>(world.threads.size())) {
        self->waits_for = world.threads[number];
        self->waits_because = pause_kind::idle;
        wait_until([](thread& waiting) { return waiting.waits_for->ended; });
    }
    unlock_world();
    begin_transaction();
    return true;
}

long current_thread() { return self->number; }

void announce_change() {
    self->announces = true;
    if (__atomic_load_n(&world.waiting_threads, __ATOMIC_RELAXED) != 0) end_soon();
}

namespace {

// The others all wait for ever, and for what this thread will not do.
bool is_deadlock(thread& t) {
    for (thread* other : world.threads)
        if (other != &t && !other->ended && !(other->waits_for_ever && other->seen_changes == world.changes))
            return false;
    return t.seen_changes == world.changes;
}

} // namespace

long changes_seen() { return static_cast<long>(self->seen_changes); }

wait_result wait_for_change(long seen, int64_t nanoseconds) {
    thread& t = *self;
    if (heddle_stm.atomic_depth != 0) return wait_result::in_atomic;
    uint64_t deadline = nanoseconds < 0 ? 0 : now_nanoseconds() + static_cast<uint64_t>(nanoseconds);
    commit(); // or an abort
    lock_world();
    __atomic_add_fetch(&world.waiting_threads, 1, __ATOMIC_RELAXED);
    t.seen_changes = static_cast<uint64_t>(seen);
    wait_result result = wait_result::changed;
    if (nanoseconds < 0 && is_deadlock(t)) {
        result = wait_result::deadlock;
    } else {
        t.waits_for_ever = nanoseconds < 0;
        t.deadline = deadline;
        t.waits_because = pause_kind::idle;
        wait_until([](thread& waiting) {
            return world.changes != waiting.seen_changes || waiting.state->action_flag != 0 ||
                   (waiting.deadline != 0 && now_nanoseconds() >= waiting.deadline);
        });
        // Also when there is something to do: the caller does it, and waits again.
        if (world.changes == t.seen_changes && t.state->action_flag == 0) result = wait_result::timed_out;
        t.waits_for_ever = false;
        t.deadline = 0;
    }
    __atomic_sub_fetch(&world.waiting_threads, 1, __ATOMIC_RELAXED);
    unlock_world();
    begin_transaction();
    return result;
}

} // namespace heddle::stm
