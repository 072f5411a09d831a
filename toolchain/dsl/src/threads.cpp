// heddle/threads.h in the regular build, where one thread runs at a time: coroutines, each on a stack of its own.
//
// A thread runs when it is started, till it ends or waits for a change; then another one that can go on does. So there
// is no need of locks, atomic blocks are atomic anyway, and when nobody can go on, that is a deadlock for certain.
// The collector takes the stacks of those that don't run for conservative ranges. (The STM build has stm/ instead.)
#include "heddle/gc/gc.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <vector>

// The JIT's, where there is one: frames of its interpreters, a stack for each thread. Null: a new one.
extern "C" {
void* heddle_jit_frames() __attribute__((weak));
void heddle_jit_use_frames(void* frames) __attribute__((weak));
void heddle_jit_free_frames(void* frames) __attribute__((weak));
}

namespace {

using heddle::gc::conservative_range;
using heddle::gc::root_slot;

constexpr size_t stack_bytes = size_t{16} << 20; // reserved, not used until needed
constexpr size_t guard_bytes = 4096;
constexpr int64_t look_at_actions_interval = 50000000; // nanoseconds; a signal sets the action flag, but wakes nobody

enum wait_result : long { changed = 0, timed_out, deadlock, in_atomic }; // as in threads.h

struct coroutine {
    long number = 0;
    void (*run)(void*) = nullptr;
    void* argument = nullptr;
    root_slot argument_root{&argument};
    bool ended = false, waits = false;
    unsigned atomic_depth = 0;
    long seen_changes = 0;
    int64_t deadline = 0; // nanoseconds; 0: none
    char* stack = nullptr;
    ucontext_t* suspended = nullptr; // on its stack
    // Of heddle_thread, while it doesn't run.
    void* error = nullptr;
    root_slot error_root{&error};
    char *stack_limit = nullptr, *stack_base = nullptr;
    void* jit_frame_top = nullptr;
    void* jit_extra[4] = {};
    void* jit_frames = nullptr;
    conservative_range stack_range, extra_range;
};

std::vector<coroutine*>& all() {
    static auto& list = *new std::vector<coroutine*>{new coroutine}; // the first: the main one
    return list;
}
coroutine* running = nullptr;
char* unused_stack = nullptr; // of who ended last
long changes = 0;
ucontext_t starting;

coroutine& current() {
    if (running == nullptr) running = all().front();
    return *running;
}

int64_t now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000 + t.tv_nsec;
}

bool is_ready(const coroutine& c) {
    return !c.ended && (!c.waits || c.seen_changes != changes || (c.deadline != 0 && now() >= c.deadline));
}

// The next one, in turn, that can go on; after sleeping if need be. Null: none ever will.
coroutine* next_ready() {
    auto& list = all();
    for (;;) {
        int64_t earliest = 0;
        size_t first = 0;
        while (list[first] != &current()) first++;
        for (size_t i = 1; i <= list.size(); i++) {
            coroutine* c = list[(first + i) % list.size()];
            if (is_ready(*c)) return c;
            if (!c->ended && c->deadline != 0 && (earliest == 0 || c->deadline < earliest)) earliest = c->deadline;
        }
        if (earliest == 0) return nullptr;
        if (heddle_thread.action_flag != 0 && !list.front()->ended) return list.front(); // it looks what there is to do
        int64_t nanoseconds = std::min(earliest - now(), look_at_actions_interval);
        if (nanoseconds <= 0) continue;
        timespec t{static_cast<time_t>(nanoseconds / 1000000000), static_cast<long>(nanoseconds % 1000000000)};
        nanosleep(&t, nullptr);
    }
}

void save(coroutine& c, char* stack_low) {
    c.error = heddle_thread.error;
    c.stack_limit = heddle_thread.stack_limit;
    c.stack_base = heddle_thread.stack_base;
    c.jit_frame_top = heddle_thread.jit_frame_top;
    std::memcpy(c.jit_extra, heddle_thread.jit_extra, sizeof c.jit_extra);
    if (heddle_jit_frames) c.jit_frames = heddle_jit_frames();
    c.stack_range.begin = stack_low;
    c.stack_range.end = c.stack_base;
    c.extra_range.begin = c.jit_extra;
    c.extra_range.end = c.jit_extra + 4;
}

void restore(coroutine& c) {
    c.stack_range.begin = c.stack_range.end = c.extra_range.begin = c.extra_range.end = nullptr;
    heddle_thread.error = c.error;
    c.error = nullptr;
    heddle_thread.stack_limit = c.stack_limit;
    heddle_thread.stack_base = c.stack_base;
    heddle_thread.jit_frame_top = c.jit_frame_top;
    std::memcpy(heddle_thread.jit_extra, c.jit_extra, sizeof c.jit_extra);
    if (heddle_jit_use_frames) heddle_jit_use_frames(c.jit_frames);
    running = &c;
}

void free_unused_stack() {
    if (unused_stack != nullptr) munmap(unused_stack, stack_bytes);
    unused_stack = nullptr;
}

// `to` goes on; returns when the caller does. The registers are in `here`, and so in what the collector scans.
__attribute__((noinline)) void switch_to(coroutine& to, ucontext_t* context) {
    coroutine& from = current();
    if (&from == &to) return;
    ucontext_t here;
    from.suspended = &here;
    save(from, reinterpret_cast<char*>(&here) - 256);
    restore(to);
    swapcontext(&here, context);
    free_unused_stack();
}

void run_coroutine() {
    free_unused_stack();
    coroutine& c = current();
    c.run(c.argument);
    c.argument = nullptr;
    c.ended = true;
    changes++;
    coroutine* next = next_ready(); // the one that started it, at least: it is ready or sees the change
    auto& list = all();
    for (size_t i = 0; i < list.size(); i++)
        if (list[i] == &c) list.erase(list.begin() + static_cast<long>(i));
    unused_stack = c.stack;
    ucontext_t* context = next->suspended;
    void* frames = heddle_jit_frames ? heddle_jit_frames() : nullptr;
    restore(*next);
    if (heddle_jit_free_frames) heddle_jit_free_frames(frames);
    delete &c;
    setcontext(context);
}

long last_number = 0;

coroutine* find(long number) {
    for (coroutine* c : all())
        if (c->number == number) return c;
    return nullptr;
}

} // namespace

extern "C" {

long heddle_start_thread(void (*run)(void*), void* argument) {
    auto* c = new coroutine;
    c->number = ++last_number;
    c->run = run;
    c->argument = argument;
    void* stack =
        mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack, guard_bytes, PROT_NONE) != 0) {
        std::fprintf(stderr, "heddle: cannot start another thread: %s\n", std::strerror(errno));
        std::exit(1);
    }
    c->stack = static_cast<char*>(stack);
    c->stack_base = c->stack + stack_bytes;
    c->stack_limit = c->stack + guard_bytes + (size_t{256} << 10);
    coroutine& starter = current();
    all().push_back(c);
    getcontext(&starting);
    starting.uc_stack.ss_sp = c->stack;
    starting.uc_stack.ss_size = stack_bytes;
    starting.uc_link = nullptr;
    makecontext(&starting, run_coroutine, 0);
    long number = c->number;
    starter.waits = false;
    switch_to(*c, &starting);
    return number;
}

long heddle_changes_seen() { return changes; }
long heddle_wait_for_change(long seen, int64_t nanoseconds) {
    coroutine& c = current();
    if (c.atomic_depth != 0) return in_atomic;
    c.waits = true;
    c.seen_changes = seen;
    c.deadline = nanoseconds < 0 ? 0 : now() + nanoseconds;
    coroutine* next = next_ready();
    if (next == nullptr) {
        c.waits = false;
        return deadlock;
    }
    switch_to(*next, next->suspended);
    c.waits = false;
    return c.seen_changes != changes ? changed : timed_out;
}

void heddle_announce_change() { changes++; }
void heddle_become_inevitable() {}
bool heddle_thread_has_ended(long number) { return find(number) == nullptr; }
bool heddle_wait_for_thread(long number) {
    if (current().atomic_depth != 0) return false;
    while (!heddle_thread_has_ended(number))
        if (heddle_wait_for_change(changes, -1) >= deadlock) return false;
    return true;
}
long heddle_current_thread() { return current().number; }
void heddle_atomic_begin() { ++current().atomic_depth; }
void heddle_atomic_end() {
    if (current().atomic_depth != 0) --current().atomic_depth;
}
bool heddle_threads_are_parallel() { return false; }
long heddle_unique_number() {
    static long last = 0;
    return ++last;
}
}
