// Threads of the operating system beside the one that runs the image's processes.
//
// Such a thread runs one Process, which is in no list of ready processes: it runs till its first context returns. It
// waits (for a semaphore, a mutex, or because it suspended itself) as a thread does, and whoever would make its process
// ready wakes it instead. In the regular build the threads take turns (heddle/threads.h).
#pragma once
#include "frame.h"
#include "heddle/threads.h"

namespace heddle::smalltalk {

struct W_Thread : heddle::object {
    W_Thread(W_Object* p, W_Frame* f, W_Thread* n) : process(p), frame(f), next(n), waits(0) {}
    W_Object* const process;
    W_Frame* const frame; // where it begins
    member<W_Thread> next;
    field<long> waits;
    HEDDLE_GC_CLASS(W_Thread, heddle::object, process, frame, next, waits)
};

bool start_thread(W_Object* process, W_Frame* frame); // false: it runs on a thread already
W_Thread* own_thread();                               // null: this is the thread that runs the image's processes
W_Thread* thread_of(W_Object* process);               // null: it runs on none of its own
bool has_other_threads();
void wake(W_Thread* thread);
// This thread, until somebody wakes it. False: nobody can (an atomic block, or all others wait).
bool sleep_until_woken(W_Thread* own);
// threads::wait_for_change for code that is in the middle of running a frame.
threads::wait_result wait_beside_threads(long seen, int64_t nanoseconds);

} // namespace heddle::smalltalk
