// Processes, semaphores, the scheduler and the run loop.
#pragma once
#include "frame.h"

namespace heddle::smalltalk {

// Runs the image from a frame until the bottom frame returns (execution_context()->bottom), and answers its value; null
// when the VM was asked to end, with exit_status() set.
W_Object* run(W_Frame* start);
int exit_status();
void request_exit(int status); // raises the Unwind that ends the run loop
W_Object* active_process();

// These may decide that another process runs: then an Unwind is pending. `frame` is what runs now; its state says where
// it goes on when it runs again.
void signal_semaphore(W_Object* semaphore, W_Frame* frame);
bool wait_for_semaphore(W_Object* semaphore, W_Frame* frame); // false: the semaphore isn't one
bool resume_process(W_Object* process, W_Frame* frame);
bool suspend_process(W_Object* process, W_Frame* frame, W_Object** old_list); // the active one: old_list is nil
bool is_process_suspended(W_Object* process);                                 // it neither runs nor is in a list
void yield_process(W_Frame* frame);
bool remove_from_list(W_Object* list, W_Object* process);
bool suspend_active_on(W_Object* list, W_Frame* frame); // false: it would never go on
bool is_list(W_Object* o);
bool list_is_empty(W_Object* list);
W_Object* first_of_list(W_Object* list); // removes it

// What pending_actions() asked for: timers, finalizers. True: an Unwind is pending, leave the frame.
HEDDLE_DONT_LOOK_INSIDE bool handle_actions(W_Frame* frame);
// No process has anything to do: until something happens, but not for long. False: it can't be here.
bool idle(W_Frame* frame, long microseconds);
// What other threads made ready runs, when its priority is higher than the active process's.
void let_higher_run(W_Frame* frame);
void watch_threads(); // from now on the image's thread looks for such processes now and then
void signal_at_microseconds(W_Object* semaphore, int64_t when); // when < 0: never
void set_low_space_semaphore(W_Object* semaphore);              // null: none
void watch_interrupts(bool watch);
int64_t microseconds_now(); // a monotonic clock, from the start

constexpr uint32_t action_timer = gc::action_first_for_vm;
constexpr uint32_t action_interrupt = gc::action_first_for_vm << 1;
constexpr uint32_t action_external = gc::action_first_for_vm << 2; // external_events.h

} // namespace heddle::smalltalk
