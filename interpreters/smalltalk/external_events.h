// Events from outside the image: descriptors that can be read or written, other threads. Each signals a semaphore of
// the image, by its index in the image's table of external objects.
#pragma once
#include <cstdint>
#include <pthread.h>

namespace heddle::smalltalk {

void start_external_events(); // by the thread that runs the image, before anything else here

// When the descriptor can be read (written), or is at its end, the semaphore is signalled, once.
void await_readable(int descriptor, long semaphore_index);
void await_writable(int descriptor, long semaphore_index);
void forget_descriptor(int descriptor); // before it is closed

// From any thread. begin/end: in between something is under way that will signal.
void signal_from_outside(long semaphore_index);
void begin_external_work();
void end_external_work();
// A thread that takes no signals of the operating system; false: none could be started.
bool start_helper_thread(pthread_t& thread, void* (*body)(void*), void* data);

void stop_after(double seconds); // the VM ends then, wherever it is
bool time_is_up();

void tell_image_thread(uint32_t action); // sets it in that thread's action flag; from any thread

bool anything_awaited();     // something may still signal
long take_external_signal(); // the next semaphore's index that was signalled; 0: none
// Sleeps until something happens (a signal of the operating system too), for so long at most; below 0: for ever.
void wait_for_event(int64_t microseconds);

} // namespace heddle::smalltalk
