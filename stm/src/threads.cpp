// Threads: start, wait, end.
#include "runtime.h"

#include <pthread.h>

#include <cstdio>

namespace heddle::stm {

namespace {

void* run_thread(void* argument) {
    auto* t = static_cast<thread*>(argument);
    gc::find_stack_limits();
    // Above are the C library's data of this thread, which an abort must not restore.
    heddle_thread.stack_base = static_cast<char*>(__builtin_frame_address(0));
    enter_world(*t);
    lock_world();
    t->error_root = new gc::root_slot(&heddle_thread.error);
    unlock_world();
    begin_transaction();
    t->run(t->argument);
    commit();
    lock_world();
    delete t->error_root;
    t->argument = nullptr;
    t->ended = true;
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
    for (thread* next : t.to_start) {
        pthread_t handle;
        if (int error = pthread_create(&handle, &detached, run_thread, next); error != 0) {
            std::fprintf(stderr, "heddle: cannot start another thread: %s\n", strerror(error));
            std::exit(1);
        }
    }
    t.to_start.clear();
    pthread_attr_destroy(&detached);
}

long start_thread(void (*run)(void*), void* argument) {
    lock_world();
    auto* t = new thread;
    t->number = static_cast<long>(world.threads.size());
    t->run = run;
    t->argument = argument;
    world.threads.push_back(t);
    ++world.live_threads;
    ++world.totals.threads;
    self->to_start.push(t);
    unlock_world();
    heddle_stm.budget = 0; // the next break ends the transaction, and starts the thread
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
        wait_until([](thread& waiting) { return waiting.waits_for->ended; });
    }
    unlock_world();
    begin_transaction();
    return true;
}

long current_thread() { return self->number; }

} // namespace heddle::stm
