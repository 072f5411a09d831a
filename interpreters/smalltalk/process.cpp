// Processes, semaphores, the scheduler and the run loop.
//
// The image's own objects are the scheduler's state: ProcessorScheduler (lists by priority, active process), Process
// (next link, suspended context, priority, list), Semaphore (first, last, excess signals). A process switch stores the
// running frame into its process and raises an Unwind to the other process's frame.
#include "process.h"
#include "external_events.h"
#include "heap_walk.h"
#include "os_threads.h"
#include "window.h"
#include <cerrno>
#include <ctime>
#include <signal.h>
#include <sys/time.h>

namespace heddle::smalltalk {

namespace {

int the_exit_status = 0;
bool exit_requested = false;
int64_t wake_time = -1;
constexpr const char* nothing_wakes = "all processes wait and nothing can wake them";
constexpr long event_interval = 5000;   // microseconds between looks at events while other threads run
constexpr long window_interval = 20000; // microseconds between looks at the window while nothing runs
root<W_Object> timer_semaphore;

W_Object* scheduler() {
    W_Object* association = special_at(special_scheduler);
    return has_slots(association, 2) ? slot(association, 1) : nil();
}
bool is_process(W_Object* o) { return has_slots(o, 4) && is_int(slot(o, 2)); }
long priority_of(W_Object* process) { return int_value(slot(process, 2)); }
W_Object* list_for_priority(long priority) {
    W_Object* processor = scheduler();
    W_Object* lists = has_slots(processor, 2) ? slot(processor, 0) : nil();
    return priority > 0 && has_slots(lists, priority) ? slot(lists, priority - 1) : nil();
}

void add_last(W_Object* list, W_Object* process) {
    if (slot(list, 0) == nil())
        set_slot(list, 0, process);
    else if (has_slots(slot(list, 1), 1))
        set_slot(slot(list, 1), 0, process);
    set_slot(list, 1, process);
    set_slot(process, 0, nil());
    set_slot(process, 3, list);
}
// The highest process that is ready, of a priority above the given one; null: none is.
W_Object* take_highest(long above = 0) {
    W_Object* processor = scheduler();
    W_Object* lists = has_slots(processor, 2) ? slot(processor, 0) : nil();
    if (!is<W_Pointers>(lists)) return nullptr;
    for (long i = static_cast<W_Pointers*>(lists)->size() - 1; i >= above; i--)
        if (is_list(slot(lists, i)) && !list_is_empty(slot(lists, i))) return first_of_list(slot(lists, i));
    return nullptr;
}

void stop(const char* message) {
    fprintf(stderr, "heddle-smalltalk: %s\n", message);
    request_exit(1);
}

// The frame that runs now is kept in its process, the other one's runs.
void transfer_to(W_Object* process, W_Frame* frame) {
    W_Object* processor = scheduler();
    W_Object* old = active_process();
    if (frame && is_process(old)) set_slot(old, 1, frame);
    set_slot(processor, 1, process);
    W_Frame* next = as_frame(slot(process, 1));
    if (!next) return stop("a process has no context to run");
    set_slot(process, 1, nil());
    unwind_to(next, nullptr);
}

// For the thread that runs the image's processes, which looks when its active process waits or yields.
bool make_process_ready(W_Object* process) {
    W_Object* list = is_process(process) ? list_for_priority(priority_of(process)) : nil();
    if (!is_list(list)) return false;
    add_last(list, process);
    threads::announce_change();
    return true;
}
// While no process runs: the first that waits for the semaphore becomes ready.
void make_ready(W_Object* semaphore) {
    if (!is_list(semaphore) || !has_slots(semaphore, 3)) return;
    if (list_is_empty(semaphore)) {
        if (is_int(slot(semaphore, 2))) set_slot(semaphore, 2, make_int(int_value(slot(semaphore, 2)) + 1));
        return;
    }
    W_Object* process = first_of_list(semaphore);
    if (W_Thread* thread = thread_of(process))
        wake(thread);
    else
        make_process_ready(process);
}
W_Object* external_object(long index) {
    W_Object* all = special_at(special_external_objects);
    return index > 0 && has_slots(all, index) ? slot(all, index - 1) : nil();
}
W_Object* take_timer_semaphore() {
    W_Object* semaphore = timer_semaphore.get() ? timer_semaphore.get() : nil();
    wake_time = -1;
    timer_semaphore = nil();
    return semaphore;
}
// What is pending; what is this file's is cleared, so that nothing that happens from now on is lost.
uint32_t take_actions() {
    return __atomic_fetch_and(&heddle_thread.action_flag, ~(action_timer | action_interrupt | action_external),
                              __ATOMIC_SEQ_CST);
}
// What has happened while nothing ran.
void take_events() {
    uint32_t actions = take_actions();
    if (wake_time >= 0 && wake_time <= microseconds_now()) make_ready(take_timer_semaphore());
    if (actions & action_interrupt) make_ready(special_at(special_interrupt_semaphore));
    while (long index = take_external_signal()) make_ready(external_object(index));
}

// For what another thread does, or for so long at most; with `events`, looking for those from outside now and then.
// False: it would be for ever.
bool wait_for_threads(long seen, bool events, int64_t microseconds) {
    if (events && (microseconds < 0 || microseconds > event_interval)) microseconds = event_interval;
    threads::wait_result result = wait_beside_threads(seen, microseconds < 0 ? -1 : microseconds * 1000);
    if (result == threads::wait_result::in_atomic) return false;
    return events || result != threads::wait_result::deadlock;
}
// The active process has gone to some list: the next one runs; if there is none, time passes until there is.
void switch_to_highest(W_Frame* frame) {
    for (;;) {
        long seen = threads::changes_seen();
        if (W_Object* next = take_highest()) return transfer_to(next, frame);
        if (exit_requested) return request_exit(the_exit_status);
        if (time_is_up() || !update_window(true)) return request_exit(0);
        bool events = wake_time >= 0 || anything_awaited() || has_window();
        if (!events && !has_other_threads()) return stop(nothing_wakes);
        W_Object* running = active_process();
        if (is_process(running)) set_slot(running, 1, frame);
        int64_t wait = wake_time < 0 ? -1 : std::max(int64_t{0}, wake_time - microseconds_now());
        if (has_window() && (wait < 0 || wait > window_interval)) wait = window_interval;
        if (!has_other_threads())
            wait_for_event(wait);
        else if (!wait_for_threads(seen, events, wait))
            return stop(nothing_wakes);
        take_events();
    }
}

// In signal handlers. Signals come to the image's thread only, so the flag is its own; a global variable, as
// tell_image_thread() has, would with --stm make whatever transaction was interrupted inevitable, in the middle of
// anything.
void note_signal(uint32_t action) { __atomic_or_fetch(&heddle_thread.action_flag, action, __ATOMIC_SEQ_CST); }
void on_timer(int) { note_signal(action_timer); }

void arm_timer() {
    static bool installed = false;
    if (!installed) {
        struct sigaction action = {};
        action.sa_handler = on_timer;
        action.sa_flags = SA_RESTART;
        sigaction(SIGALRM, &action, nullptr);
        installed = true;
    }
    int64_t wait = wake_time < 0 ? 0 : wake_time - microseconds_now();
    if (wake_time >= 0 && wait < 1) wait = 1;
    if (has_other_threads() && (wait == 0 || wait > event_interval)) wait = event_interval;
    itimerval interval = {};
    interval.it_value.tv_sec = wait / 1000000;
    interval.it_value.tv_usec = wait % 1000000;
    setitimer(ITIMER_REAL, &interval, nullptr);
}

} // namespace

bool is_list(W_Object* o) { return has_slots(o, 2) && !is_exact<W_Class>(o); }
bool list_is_empty(W_Object* list) { return slot(list, 0) == nil(); }
W_Object* first_of_list(W_Object* list) {
    W_Object* first = slot(list, 0);
    if (first == slot(list, 1) || !has_slots(first, 4)) {
        set_slot(list, 0, nil());
        set_slot(list, 1, nil());
    } else {
        set_slot(list, 0, slot(first, 0));
    }
    if (has_slots(first, 4)) {
        set_slot(first, 0, nil());
        set_slot(first, 3, nil());
    }
    return first;
}
bool remove_from_list(W_Object* list, W_Object* process) {
    W_Object* before = nil();
    W_Object* at = slot(list, 0);
    for (; at != process; at = slot(at, 0)) {
        if (!has_slots(at, 4)) return false;
        before = at;
    }
    W_Object* next = slot(process, 0);
    if (before == nil())
        set_slot(list, 0, next);
    else
        set_slot(before, 0, next);
    if (slot(list, 1) == process) set_slot(list, 1, before);
    set_slot(process, 0, nil());
    set_slot(process, 3, nil());
    return true;
}

int exit_status() { return the_exit_status; }
void request_exit(int status) {
    the_exit_status = status;
    exit_requested = true;
    if (own_thread()) { // the image's thread ends the VM
        tell_image_thread(action_external);
        threads::announce_change();
    }
    unwind_to(nullptr, nullptr);
}

static W_Object* scheduled_process() {
    W_Object* processor = scheduler();
    return has_slots(processor, 2) ? slot(processor, 1) : nil();
}
W_Object* active_process() {
    W_Thread* thread = own_thread();
    return thread ? thread->process : scheduled_process();
}
void let_higher_run(W_Frame* frame) {
    W_Object* active = active_process();
    if (!is_process(active) || own_thread()) return;
    W_Object* own_list = list_for_priority(priority_of(active));
    if (!is_list(own_list)) return;
    W_Object* next = take_highest(priority_of(active));
    if (!next) return;
    add_last(own_list, active);
    transfer_to(next, frame);
}
void watch_threads() { arm_timer(); }
bool idle(W_Frame* frame, long microseconds) {
    if (!has_other_threads()) {
        wait_for_event(microseconds);
        return true;
    }
    if (own_thread() || !wait_for_threads(threads::changes_seen(), true, microseconds)) return false;
    let_higher_run(frame);
    return true;
}
bool is_process_suspended(W_Object* process) {
    return is_process(process) && process != scheduled_process() && slot(process, 3) == nil();
}

bool resume_process(W_Object* process, W_Frame* frame) {
    W_Object* active = active_process();
    if (!is_process(process) || !is_process(active)) return false;
    if (W_Thread* thread = thread_of(process)) {
        wake(thread);
        return true;
    }
    if (own_thread()) return make_process_ready(process);
    long priority = priority_of(process), running = priority_of(active);
    if (priority > running) {
        W_Object* list = list_for_priority(running);
        if (!is_list(list)) return false;
        if (!as_frame(slot(process, 1))) return false;
        add_last(list, active);
        transfer_to(process, frame);
        return true;
    }
    W_Object* list = list_for_priority(priority);
    if (!is_list(list)) return false;
    add_last(list, process);
    return true;
}

void signal_semaphore(W_Object* semaphore, W_Frame* frame) {
    if (!is_list(semaphore) || !has_slots(semaphore, 3)) return;
    if (!list_is_empty(semaphore)) {
        resume_process(first_of_list(semaphore), frame);
    } else if (is_int(slot(semaphore, 2))) {
        set_slot(semaphore, 2, make_int(int_value(slot(semaphore, 2)) + 1));
    }
}

bool suspend_active_on(W_Object* list, W_Frame* frame) {
    W_Thread* thread = own_thread();
    add_last(list, active_process());
    if (!thread) {
        switch_to_highest(frame);
        return true;
    }
    if (sleep_until_woken(thread)) return true;
    remove_from_list(list, thread->process);
    return false;
}

bool wait_for_semaphore(W_Object* semaphore, W_Frame* frame) {
    if (!is_list(semaphore) || !has_slots(semaphore, 3) || !is_int(slot(semaphore, 2))) return false;
    long excess = int_value(slot(semaphore, 2));
    if (excess > 0)
        set_slot(semaphore, 2, make_int(excess - 1));
    else
        return suspend_active_on(semaphore, frame);
    return true;
}

bool suspend_process(W_Object* process, W_Frame* frame, W_Object** old_list) {
    *old_list = nil();
    if (!is_process(process)) return false;
    if (W_Thread* thread = thread_of(process)) return thread == own_thread() && sleep_until_woken(thread);
    if (process == active_process()) {
        switch_to_highest(frame);
        return true;
    }
    if (process == scheduled_process()) return false; // it runs, on the image's thread
    W_Object* list = slot(process, 3);
    *old_list = list;
    if (is_list(list) && !remove_from_list(list, process)) set_slot(process, 3, nil());
    return true;
}

void yield_process(W_Frame* frame) {
    W_Object* active = active_process();
    if (!is_process(active) || own_thread()) return;
    W_Object* list = list_for_priority(priority_of(active));
    if (!is_list(list) || list_is_empty(list)) return;
    add_last(list, active);
    switch_to_highest(frame);
}

// ---- time
int64_t microseconds_now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t time = int64_t{now.tv_sec} * 1000000 + now.tv_nsec / 1000;
    static const int64_t start = time;
    return time - start;
}
void signal_at_microseconds(W_Object* semaphore, int64_t when) {
    timer_semaphore = semaphore;
    wake_time = when;
    arm_timer();
}
// ---- weak slots. A canary is garbage from the start: its finalizer runs after each collection that could clear slots.
namespace {
bool weak_slot_was_cleared = false, watching = false;
uint64_t cleared_before = 0;
struct Canary : heddle::object {
    static void finalize(Canary*) {
        uint64_t cleared = gc::get_statistics().weak_references_cleared;
        if (cleared != cleared_before) weak_slot_was_cleared = true;
        cleared_before = cleared;
        make<Canary>();
    }
    HEDDLE_GC_CLASS_FINALIZED(Canary, heddle::object)
};
root<W_Object> low_space_semaphore;
} // namespace
void watch_weak_slots() {
    if (watching) return;
    watching = true;
    make<Canary>();
}
void set_low_space_semaphore(W_Object* semaphore) { low_space_semaphore = semaphore; }

// Ctrl-C, while the image has said what it does then; otherwise it ends the VM.
void watch_interrupts(bool watch) {
    struct sigaction action = {};
    action.sa_handler = SIG_DFL;
    if (watch) action.sa_handler = [](int) { note_signal(action_interrupt); };
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, nullptr);
}

bool handle_actions(W_Frame* frame) {
    uint32_t actions = take_actions();
    if ((actions & action_external) && (exit_requested || time_is_up())) {
        request_exit(exit_requested ? the_exit_status : 0);
        return true;
    }
    if (actions & gc::action_out_of_memory) {
        __atomic_and_fetch(&heddle_thread.action_flag, ~gc::action_out_of_memory, __ATOMIC_SEQ_CST);
        // The image may want to do something about it, once, and takes memory for it: at twice the limit the collector
        // ends everything. It is asked again after it has given its semaphore again.
        static bool image_was_told = false;
        if (W_Object* semaphore = low_space_semaphore.get()) {
            low_space_semaphore = nullptr;
            image_was_told = true;
            signal_semaphore(semaphore, frame);
        } else if (!image_was_told) {
            stop("out of memory (HEDDLE_GC_MAX)");
            return true;
        }
    }
    if (actions & gc::action_finalizers) {
        gc::run_finalizers();
        if (weak_slot_was_cleared) signal_semaphore(special_at(special_finalization_semaphore), frame);
        weak_slot_was_cleared = false;
    }
    // Only one process switch at a time: what is left is done at the next check.
    if (pending_error()) {
        __atomic_or_fetch(&heddle_thread.action_flag, actions & (action_timer | action_interrupt | action_external),
                          __ATOMIC_SEQ_CST);
        return true;
    }
    if (actions & action_timer) {
        if (wake_time >= 0 && wake_time <= microseconds_now()) signal_semaphore(take_timer_semaphore(), frame);
        if (wake_time >= 0 || has_other_threads()) arm_timer();
        if (!pending_error()) let_higher_run(frame);
    }
    if (actions & action_interrupt) {
        if (pending_error())
            __atomic_or_fetch(&heddle_thread.action_flag, action_interrupt, __ATOMIC_SEQ_CST);
        else
            signal_semaphore(special_at(special_interrupt_semaphore), frame);
    }
    while (actions & action_external) {
        if (pending_error()) {
            __atomic_or_fetch(&heddle_thread.action_flag, action_external, __ATOMIC_SEQ_CST);
            break;
        }
        long index = take_external_signal();
        if (!index) break;
        signal_semaphore(external_object(index), frame);
    }
    return pending_error() != nullptr;
}

// ---- the run loop
namespace {
// A value came back to a frame that can't take it: the image is told, from the frame that returned.
W_Object* cannot_return(W_Frame* frame, W_Object* value) {
    return send_message(frame, special_at(special_cannot_return), frame, value, nullptr);
}
bool push_value(W_Frame* frame, W_Object* value) {
    long state = frame->state, depth = state < 0 ? 0 : state_depth(state);
    if (state < 0 || depth >= frame->slots->length()) return false;
    frame->slots->set(depth, value);
    frame->state = make_state(state_instruction(state), depth + 1);
    return true;
}
} // namespace

W_Object* run(W_Frame* start) {
    W_Frame* frame = start;
    W_Object* value = nullptr;
    ExecutionContext* context = execution_context();
    for (;;) {
        W_Object* result;
        if ((value && !push_value(frame, value)) || !is_runnable(frame)) {
            stop("the image wants to run a context whose program counter or stack makes no sense");
            result = nullptr;
        } else {
            long state = frame->state;
            result = interpret(frame->code, frame, frame->slots, frame->receiver, state_instruction(state),
                               state_depth(state));
        }
        if (result && frame == context->bottom) return result;
        if (result) {
            W_Frame* target = sender_of(frame);
            if (target && target->state >= 0) {
                frame_has_returned(frame);
                frame = target;
                value = result;
                continue;
            }
            result = cannot_return(frame, result);
            if (result) {
                stop("a process has returned from its last context");
                result = nullptr;
            }
        }
        auto* unwind = static_cast<Unwind*>(take_pending_error());
        if (!unwind->target || exit_requested) return nullptr;
        frame = unwind->target;
        value = unwind->value;
    }
}

} // namespace heddle::smalltalk
