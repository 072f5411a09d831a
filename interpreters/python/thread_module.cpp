// The module _thread: starting threads, waiting, locks, atomic blocks. threading, queue and transaction
// (library_threads.cpp) are written in Python on top of it.
//
// All that threads wait for is state in objects: who waits looks at it, then waits for a change that another thread
// announces, and looks again (heddle/threads.h).
#include "builtin_modules.h"
#include "exceptions.h"
#include "heddle/threads.h"
#include <cmath>
#include <time.h>

namespace heddle::python {
namespace {

// A change (true) or the end of the time (false).
HEDDLE_DONT_LOOK_INSIDE Result<bool> wait_for_change(long seen, int64_t nanoseconds) {
    // Threads that share a context in turns (the regular build): the next one begins or goes on with its own values.
    ExecutionContext* context = execution_context();
    long depth = context->depth;
    W_Exception* handled = context->handled;
    W_List* repr_stack = context->repr_stack;
    threads::wait_result result = threads::wait_for_change(seen, nanoseconds);
    if (!threads::are_parallel()) {
        context->depth = depth;
        context->handled = handled;
        context->repr_stack = repr_stack;
    }
    HEDDLE_TRY(run_pending_actions());
    switch (result) {
    case threads::wait_result::changed: return true;
    case threads::wait_result::timed_out: return false;
    case threads::wait_result::deadlock:
        return raise_text(T::RuntimeError, "deadlock: this thread waits, and so do all others");
    case threads::wait_result::in_atomic: break;
    }
    return raise_text(T::RuntimeError, "waiting for another thread inside of an atomic block would never end");
}

// None or a negative number: for ever.
Result<int64_t> nanoseconds_of(W_Object* timeout) {
    if (!timeout || timeout == none()) return -1;
    double seconds = HEDDLE_TRY(to_double(timeout));
    if (std::isnan(seconds)) return raise_text(T::ValueError, "Invalid value NaN (not a number)");
    if (seconds < 0) return -1;
    if (seconds > 9e9) return raise_text(T::OverflowError, "timeout value is too large");
    return static_cast<int64_t>(std::ceil(seconds * 1e9));
}
int64_t now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return int64_t{t.tv_sec} * 1000000000 + t.tv_nsec;
}

// Until `try_it` answers true: true. The time is over: false.
template <class Try> Result<bool> wait_until(int64_t nanoseconds, Try try_it) {
    int64_t end = nanoseconds > 0 ? now() + nanoseconds : 0;
    for (;;) {
        long seen = threads::changes_seen();
        if (try_it()) return true;
        int64_t left = nanoseconds < 0 ? -1 : end - now();
        if (nanoseconds >= 0 && left <= 0) return false;
        HEDDLE_TRY(wait_for_change(seen, left));
    }
}

// ---- threads
// --------------------------------------------------------------------------------------------------------------
long identity() { return threads::current() + 1; }

void run_thread(void* started) { // (function, arguments, keywords or None, recursion limit)
    auto* parts = static_cast<W_Tuple*>(static_cast<W_Object*>(started));
    if (threads::are_parallel()) the_context = make<ExecutionContext>();
    ExecutionContext* context = execution_context();
    context->depth = 0;
    context->handled = static_cast<W_Exception*>(nullptr);
    context->repr_stack = static_cast<W_List*>(nullptr);
    if (threads::are_parallel()) {
        long limit = static_cast<W_Int*>(parts->items->get(3))->value;
        context->depth_limit = limit;
        context->checked_depth = limit < 1000 ? limit : 1000;
    }
    W_Object* keywords = parts->items->get(2);
    auto result = call_unpacked(parts->items->get(0), parts->items->get(1), keywords == none() ? nullptr : keywords);
    if (!result.failed()) return;
    auto* exception = static_cast<W_Exception*>(take_pending_error());
    if (is_instance(exception, T::SystemExit)) return;
    auto name = repr(parts->items->get(0));
    if (name.failed()) take_pending_error();
    write_standard(2, "Exception ignored in thread started by: " + (name.failed() ? "?" : to_utf8(name.value())) +
                          "\n" + format_exception(exception));
}

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> start_new_thread(W_Object* function, W_Object* arguments,
                                                           W_Object* keywords) {
    if (!is<W_Tuple>(arguments)) return raise_text(T::TypeError, "2nd arg must be a tuple");
    if (keywords && keywords != none() && !is<W_Dict>(keywords))
        return raise_text(T::TypeError, "optional 3rd arg must be a dictionary");
    ExecutionContext* context = execution_context();
    auto* items = make_array<object_array>(4);
    items->set(0, function);
    items->set(1, arguments);
    items->set(2, keywords ? keywords : none());
    items->set(3, make_int(context->depth_limit));
    long depth = context->depth;
    W_Exception* handled = context->handled;
    W_List* repr_stack = context->repr_stack;
    long number = threads::start(run_thread, make<W_Tuple>(items));
    if (!threads::are_parallel()) {
        context->depth = depth;
        context->handled = handled;
        context->repr_stack = repr_stack;
    }
    return make_int(number + 1);
}
Result<W_Object*> get_ident() { return make_int(identity()); }
Result<W_Object*> is_parallel() { return boolean(threads::are_parallel()); }
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> has_ended(W_Object* identity) {
    return boolean(threads::has_ended(HEDDLE_TRY(index_of(identity)) - 1));
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> changes_seen() { return make_int(threads::changes_seen()); }
Result<W_Object*> wait_for_a_change(W_Object* seen, W_Object* timeout) {
    long since = HEDDLE_TRY(index_of(seen));
    int64_t nanoseconds = HEDDLE_TRY(nanoseconds_of(timeout));
    return boolean(HEDDLE_TRY(wait_for_change(since, nanoseconds)));
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> announce() {
    threads::announce_change();
    return none();
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> report(W_Object* exception, W_Object* name) {
    flush_standard_streams();
    write_standard(2, "Exception in thread " + to_utf8(static_cast<W_Str*>(name)) + ":\n" +
                          format_exception(static_cast<W_Exception*>(exception)));
    return none();
}

// ---- locks
// ----------------------------------------------------------------------------------------------------------------
struct W_Lock : W_Object {
    W_Lock() : held(0) {}
    HEDDLE_PYTHON_TYPED(lock)
    field<long> held;
    HEDDLE_GC_CLASS(W_Lock, W_Object, held)
};
struct W_RLock : W_Object {
    W_RLock() : owner(0), count(0) {}
    HEDDLE_PYTHON_TYPED(rlock)
    field<long> owner; // an identity; 0: nobody
    field<long> count;
    HEDDLE_GC_CLASS(W_RLock, W_Object, owner, count)
};
struct W_Atomic : W_Object {
    HEDDLE_PYTHON_TYPED(atomic_block)
    HEDDLE_GC_CLASS(W_Atomic, W_Object)
};

Result<int64_t> timeout_of(W_Object* blocking, W_Object* timeout) {
    int64_t nanoseconds = HEDDLE_TRY(nanoseconds_of(timeout));
    if (!blocking || HEDDLE_TRY(is_true(blocking))) return nanoseconds;
    if (nanoseconds >= 0) return raise_text(T::ValueError, "can't specify a timeout for a non-blocking call");
    return 0;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> lock_acquire(W_Object* o, W_Object* blocking, W_Object* timeout) {
    auto* lock = static_cast<W_Lock*>(o);
    int64_t nanoseconds = HEDDLE_TRY(timeout_of(blocking, timeout));
    return boolean(HEDDLE_TRY(wait_until(nanoseconds, [lock] {
        if (lock->held) return false;
        lock->held = 1;
        return true;
    })));
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> lock_release(W_Object* o) {
    auto* lock = static_cast<W_Lock*>(o);
    if (!lock->held) return raise_text(T::RuntimeError, "release unlocked lock");
    lock->held = 0;
    threads::announce_change();
    return none();
}
Result<W_Object*> lock_locked(W_Object* o) { return boolean(static_cast<W_Lock*>(o)->held != 0); }
Result<W_Object*> lock_enter(W_Object* o) { return lock_acquire(o, nullptr, nullptr); }
Result<W_Object*> lock_exit(W_Object* o, W_Object*, W_Object*, W_Object*) { return lock_release(o); }

HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> rlock_acquire(W_Object* o, W_Object* blocking, W_Object* timeout) {
    auto* lock = static_cast<W_RLock*>(o);
    int64_t nanoseconds = HEDDLE_TRY(timeout_of(blocking, timeout));
    long me = identity();
    return boolean(HEDDLE_TRY(wait_until(nanoseconds, [lock, me] {
        if (lock->count != 0 && lock->owner != me) return false;
        lock->owner = me;
        lock->count = lock->count + 1;
        return true;
    })));
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> rlock_release(W_Object* o) {
    auto* lock = static_cast<W_RLock*>(o);
    if (lock->count == 0 || lock->owner != identity())
        return raise_text(T::RuntimeError, "cannot release un-acquired lock");
    lock->count = lock->count - 1;
    if (lock->count == 0) threads::announce_change();
    return none();
}
Result<W_Object*> rlock_enter(W_Object* o) { return rlock_acquire(o, nullptr, nullptr); }
Result<W_Object*> rlock_exit(W_Object* o, W_Object*, W_Object*, W_Object*) { return rlock_release(o); }
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> rlock_is_owned(W_Object* o) {
    auto* lock = static_cast<W_RLock*>(o);
    return boolean(lock->count != 0 && lock->owner == identity());
}
// For conditions: gives it up however often it is held; the answer is how often.
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> rlock_give_up(W_Object* o) {
    auto* lock = static_cast<W_RLock*>(o);
    if (lock->count == 0 || lock->owner != identity())
        return raise_text(T::RuntimeError, "cannot release un-acquired lock");
    long count = lock->count;
    lock->count = 0;
    threads::announce_change();
    return make_int(count);
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> rlock_take_back(W_Object* o, W_Object* count) {
    HEDDLE_TRY(rlock_acquire(o, nullptr, nullptr));
    static_cast<W_RLock*>(o)->count = HEDDLE_TRY(index_of(count));
    return none();
}

Result<W_Object*> allocate_lock() { return make<W_Lock>(); }
Result<W_Object*> allocate_rlock() { return make<W_RLock>(); }

// ---- atomic blocks
// --------------------------------------------------------------------------------------------------------
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> atomic_enter(W_Object* o) {
    threads::atomic_begin();
    return o;
}
HEDDLE_DONT_LOOK_INSIDE Result<W_Object*> atomic_exit(W_Object*, W_Object*, W_Object*, W_Object*) {
    threads::atomic_end();
    return none();
}
Result<W_Object*> atomic_repr(W_Object*) { return make_str("<atomic>"); }

constexpr builtin_entry functions[] = {
    {"start_new_thread", start_new_thread, 2},
    {"get_ident", get_ident},
    {"is_parallel", is_parallel},
    {"has_ended", has_ended},
    {"changes", changes_seen},
    {"wait", wait_for_a_change, 1},
    {"announce", announce},
    {"report", report},
    {"allocate_lock", allocate_lock},
    {"RLock", allocate_rlock},
};
constexpr builtin_entry lock_methods[] = {
    {"acquire", lock_acquire, 1, "self,blocking,timeout"},
    {"release", lock_release},
    {"locked", lock_locked},
    {"__enter__", lock_enter},
    {"__exit__", lock_exit},
};
constexpr builtin_entry rlock_methods[] = {
    {"acquire", rlock_acquire, 1, "self,blocking,timeout"},
    {"release", rlock_release},
    {"__enter__", rlock_enter},
    {"__exit__", rlock_exit},
    {"_is_owned", rlock_is_owned},
    {"_give_up", rlock_give_up},
    {"_take_back", rlock_take_back},
};
constexpr builtin_entry atomic_methods[] = {
    {"__enter__", atomic_enter},
    {"__exit__", atomic_exit},
    {"__repr__", atomic_repr},
};

} // namespace

Result<W_Object*> sleep_beside_threads(double seconds) {
    int64_t end = now() + static_cast<int64_t>(seconds * 1e9);
    for (int64_t left = end - now(); left > 0; left = end - now()) {
        auto done = wait_for_change(threads::changes_seen(), left);
        if (!done.failed()) continue;
        if (!pending_is(T::RuntimeError)) return failure;
        take_pending_error(); // in an atomic block
        timespec wait{static_cast<time_t>(left / 1000000000), static_cast<long>(left % 1000000000)};
        nanosleep(&wait, nullptr);
    }
    return none();
}

void setup_thread_module(W_Dict* module) {
    add_functions(module, functions);
    add_methods(T::lock, lock_methods);
    add_methods(T::rlock, rlock_methods);
    add_methods(T::atomic_block, atomic_methods);
    dict_set_str(module, intern("atomic"), make<W_Atomic>());
    dict_set_str(module, intern("LockType"), type_of(T::lock));
    dict_set_str(module, intern("error"), type_of(T::RuntimeError));
}

} // namespace heddle::python
