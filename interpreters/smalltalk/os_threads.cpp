// See os_threads.h. All state is in objects, so that it belongs to transactions.
#include "os_threads.h"
#include "evaluate.h"
#include "primitives.h"
#include "process.h"

namespace heddle::smalltalk {

namespace {
root<W_Thread> all_threads; // linked; those that have ended are taken out

void forget(W_Thread* thread) {
    W_Thread* before = nullptr;
    for (W_Thread* at = all_threads.get(); at && at != thread; at = at->next) before = at;
    if (before)
        before->next = thread->next.get();
    else
        all_threads = thread->next.get();
}

// Threads that take turns share the context: what it held is put back when it is this one's turn again.
class saved_context {
public:
    saved_context() : bottom_(execution_context()->bottom), thread_(execution_context()->thread) {}
    void put_back() {
        if (threads::are_parallel()) return;
        execution_context()->bottom = bottom_;
        execution_context()->thread = thread_;
    }

private:
    W_Frame* bottom_;
    W_Thread* thread_;
};

void run_thread(void* started) {
    auto* thread = static_cast<W_Thread*>(static_cast<heddle::object*>(started));
    if (threads::are_parallel()) the_context = make<ExecutionContext>();
    ExecutionContext* context = execution_context();
    W_Frame* bottom = thread->frame;
    while (W_Frame* sender = sender_of(bottom)) bottom = sender;
    context->thread = thread;
    context->bottom = bottom;
    run(thread->frame);
    set_slot(thread->process, 1, nil());
    forget(thread);
    threads::announce_change();
}
} // namespace

bool start_thread(W_Object* process, W_Frame* frame) {
    if (thread_of(process)) return false;
    auto* thread = make<W_Thread>(process, frame, all_threads.get());
    all_threads = thread;
    set_slot(process, 1, nil());
    watch_threads();
    saved_context own;
    threads::start(run_thread, thread);
    own.put_back();
    return true;
}

W_Thread* own_thread() { return execution_context()->thread; }
W_Thread* thread_of(W_Object* process) {
    for (W_Thread* at = all_threads.get(); at; at = at->next)
        if (at->process == process) return at;
    return nullptr;
}
bool has_other_threads() { return all_threads.get() != nullptr; }

threads::wait_result wait_beside_threads(long seen, int64_t nanoseconds) {
    saved_context own;
    threads::wait_result result = threads::wait_for_change(seen, nanoseconds);
    own.put_back();
    return result;
}

void wake(W_Thread* thread) {
    thread->waits = 0;
    threads::announce_change();
}
bool sleep_until_woken(W_Thread* own) {
    own->waits = 1;
    for (;;) {
        long seen = threads::changes_seen();
        if (!own->waits) return true;
        threads::wait_result result = wait_beside_threads(seen, -1);
        if (result == threads::wait_result::deadlock || result == threads::wait_result::in_atomic) break;
    }
    own->waits = 0;
    return false;
}

// ---- primitives, of the module HeddleThreads
// A suspended process goes on, on a thread of its own.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_thread_resume(W_Object* process) {
    if (!is_process_suspended(process)) return nullptr;
    W_Frame* frame = as_frame(slot(process, 1));
    return frame && is_runnable(frame) && start_thread(process, frame) ? process : nullptr;
}
// A new process sends the receiver a message without arguments, on a thread of its own.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_thread_start(W_Object* receiver, W_Object* selector, W_Object* process) {
    if (!is_process_suspended(process)) return nullptr;
    W_Frame* frame = frame_for_message(receiver, selector);
    return frame && start_thread(process, frame) ? process : nullptr;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_thread_runs(W_Object* process) {
    return boolean(thread_of(process) != nullptr);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_threads_are_parallel(W_Object*) { return boolean(threads::are_parallel()); }
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_thread_active_process(W_Object*) { return active_process(); }
// Ends the running thread, wherever it is. On the image's own thread it fails.
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_thread_end(W_Frame*, Code*, frame_slots*, long, long) {
    if (!own_thread()) return nullptr;
    return unwind_to(nullptr, nullptr);
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_atomic_begin(W_Object* o) {
    threads::atomic_begin();
    return o;
}
HEDDLE_DONT_LOOK_INSIDE W_Object* primitive_atomic_end(W_Object* o) {
    threads::atomic_end();
    return o;
}

} // namespace heddle::smalltalk
