// The world's lock, stopping the world, and waiting.
//
// Threads poll: whoever wants the world stopped sets their `interrupt` words and waits until each of them has come to a
// safe point. There a thread's registers are on its stack, so that collections see what it refers to.
//
// A commit stops the others for a few microseconds, and they come to safe points within one: less than it takes to put
// a thread to sleep and wake it. So who stops, and who is stopped, first spin for a while, if each transaction that is
// under way can have a processor of its own.
#include "runtime.h"

#include <unistd.h>

#include <chrono>

__thread heddle::stm::thread_words heddle_stm;

namespace heddle::stm {

world_state& world = *new world_state;
__thread thread* self;

namespace {

constexpr uint64_t look_at_actions_interval = 50000000; // nanoseconds
constexpr uint64_t longest_spin = 40000;
using waiting_lock = std::unique_lock<std::mutex>;

bool has_processors_to_spin() {
    static const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return static_cast<long>(__atomic_load_n(&world.transactions, __ATOMIC_RELAXED)) <= processors && processors > 1;
}

// Until it holds, or for as long as is worth while.
template <typename Condition> void spin(Condition condition) {
    if (condition() || !has_processors_to_spin()) return;
    uint64_t end = now_nanoseconds() + longest_spin;
    do
        for (int i = 0; i < 16; i++) {
            if (condition()) return;
            __builtin_ia32_pause();
        }
    while (now_nanoseconds() < end);
}

void take_lock() {
    bool taken = false;
    spin([&] { return taken = world.lock.try_lock(); });
    if (!taken) world.lock.lock();
}

bool is_stopping() { return __atomic_load_n(&world.stopper, __ATOMIC_RELAXED) != nullptr; }
void change_running(unsigned by) { __atomic_add_fetch(&world.running, by, __ATOMIC_RELAXED); } // World locked

void interrupt_others(uint32_t value) {
    for (thread* t : world.threads)
        if (t != self && t->words != nullptr && !t->ended)
            __atomic_store_n(&t->words->interrupt, value, __ATOMIC_RELAXED);
}

// What a collection has to scan while the thread is stopped: its stack, or what an abort will restore.
void show_roots(thread& t, const void* stack_low) {
    t.stack_range.begin = stack_low;
    t.stack_range.end = t.state->stack_base;
    if (t.running == nullptr || t.words->inevitable) return;
    t.copy_range.begin = t.restart.copy;
    t.copy_range.end = t.restart.copy + t.restart.size;
    t.register_range.begin = t.restart.registers;
    t.register_range.end = t.restart.registers + 6;
}

void hide_roots(thread& t) {
    for (auto* r : {&t.stack_range, &t.copy_range, &t.register_range}) r->begin = r->end = nullptr;
}

// A record of a pause: whom the thread waits for is seen when it begins.
struct waiting_for_log {
    explicit waiting_for_log(thread& waiting) : t(waiting) {
        if (world.log == nullptr) return;
        t.place = world.log->here();
        const thread* blamed = nullptr;
        if (t.waits_because == pause_kind::stopped) blamed = world.stopper;
        if (t.waits_because == pause_kind::inevitable) blamed = world.inevitable;
        if (blamed != nullptr) {
            other = blamed->number;
            other_place = blamed->place;
        }
        since = now_nanoseconds();
    }
    void ended() {
        if (world.log != nullptr) world.log->paused(t, t.waits_because, since, other, other_place);
        t.waits_because = pause_kind::stopped;
    }
    thread& t;
    uint64_t since = 0;
    long other = -1;
    uint32_t other_place = 0;
};

__attribute__((noinline)) void wait_as_stopped(bool (*condition)(thread&), bool may_end_here) {
    thread& t = *self;
    t.at_break = may_end_here && t.words->atomic_depth == 0;
    waiting_for_log paused(t);
    show_roots(t, __builtin_frame_address(0));
    t.stopped = true;
    change_running(-1u);
    world.changed.notify_all();
    if (t.waits_because == pause_kind::stopped && world.stopper != nullptr) {
        world.lock.unlock();
        spin([] { return !is_stopping(); });
        take_lock();
    }
    {
        waiting_lock lock(world.lock, std::adopt_lock);
        while (world.stopper != nullptr || !condition(t)) {
            uint64_t until = t.deadline;
            if (t.waits_because == pause_kind::idle) { // a signal sets the action flag, but wakes nobody
                uint64_t soon = now_nanoseconds() + look_at_actions_interval;
                until = until == 0 ? soon : std::min(until, soon);
            }
            if (until == 0)
                world.changed.wait(lock);
            else
                world.changed.wait_until(
                    lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(static_cast<int64_t>(until))));
        }
        lock.release();
    }
    change_running(1);
    t.stopped = t.at_break = false;
    hide_roots(t);
    paused.ended();
}

} // namespace

void wait_until(bool (*condition)(thread&), bool may_end_here) {
    __builtin_unwind_init(); // callee-saved registers into this frame
    wait_as_stopped(condition, may_end_here);
    asm volatile("" ::: "memory");
    if (!self->must_abort) return;
    self->lock_depth = 0;
    world.lock.unlock();
    abort_transaction();
}

void lock_world(bool may_end_here) {
    thread& t = *self;
    if (t.lock_depth++ != 0) return;
    take_lock();
    if ((world.stopper != nullptr && world.stopper != &t) || t.must_abort)
        wait_until([](thread&) { return true; }, may_end_here);
}

void unlock_world() {
    if (--self->lock_depth == 0) world.lock.unlock();
}

void stop_world() {
    thread& t = *self;
    if (world.stopper == &t) return;
    __atomic_store_n(&world.stopper, &t, __ATOMIC_RELAXED);
    interrupt_others(1);
    uint64_t since = world.log == nullptr ? 0 : now_nanoseconds();
    if (world.log != nullptr) t.place = world.log->here();
    bool waits = world.running != 1;
    if (waits) {
        world.lock.unlock();
        spin([] { return __atomic_load_n(&world.running, __ATOMIC_RELAXED) == 1; });
        take_lock();
    }
    waiting_lock lock(world.lock, std::adopt_lock);
    world.changed.wait(lock, [] { return world.running == 1; });
    if (world.log != nullptr && waits) world.log->paused(t, pause_kind::stopping, since, -1, 0);
    lock.release();
}

void resume_world() {
    if (world.ending) return;
    __atomic_store_n(&world.stopper, nullptr, __ATOMIC_RELAXED);
    interrupt_others(0);
    world.changed.notify_all();
}

void enter_world(thread& t) {
    waiting_lock lock(world.lock);
    world.changed.wait(lock, [] { return world.stopper == nullptr; });
    self = &t;
    t.state = &heddle_thread;
    t.words = &heddle_stm;
    t.stopped = false;
    change_running(1);
}

void leave_world(thread& t) {
    waiting_lock lock(world.lock);
    t.stopped = true;
    change_running(-1u);
    world.changed.notify_all();
}

} // namespace heddle::stm
