// Modules written in Python inside the executable: heddle, threading, queue, transaction. Over the C++ module _thread.
//
// State that threads share changes inside of atomic blocks; who waits for it looks at it, waits for a change that
// somebody announces, and looks again. So no lock is held while other code runs, and the same text serves the STM build
// and the regular one, in which one thread runs at a time.
#include "library.h"

namespace heddle::python {

const library_module thread_modules[] = {
    {"heddle", R"python(
"""atomic: what a `with atomic:` block does appears to other threads as one step."""
from _thread import atomic, is_parallel
)python"},
    {"threading", R"python(
import _thread
import sys
from _thread import atomic as _atomic, changes as _changes, wait as _wait_change, announce as _announce, get_ident
from _thread import allocate_lock as Lock, RLock
from time import monotonic as _now

TIMEOUT_MAX = 9e9
ThreadError = RuntimeError
_active = {}
_made = [0]
excepthook = None
_trace = _profile = None

def _wait_until(condition, timeout):
    """Until condition(), which changes what it has to when it is true: True. The time is over: False."""
    end = None if timeout is None else _now() + timeout
    while True:
        seen = _changes()
        with _atomic:
            if condition():
                return True
        left = None
        if end is not None:
            left = end - _now()
            if left <= 0:
                return False
        _wait_change(seen, left)

class Thread:
    def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, *, daemon=None):
        if group is not None:
            raise AssertionError("group argument must be None for now")
        if name is None:
            _made[0] += 1
            name = "Thread-" + str(_made[0])
            if target is not None:
                name += " (" + getattr(target, "__name__", "?") + ")"
        self._target = target
        self._name = str(name)
        self._args = args
        self._kwargs = {} if kwargs is None else kwargs
        self._daemonic = current_thread().daemon if daemon is None else bool(daemon)
        self._ident = None
        self._started = False
        self._ended = False
        self._locals = []

    def __repr__(self):
        status = "initial" if not self._started else "stopped" if self._ended else "started"
        if self._daemonic:
            status += " daemon"
        if self._ident is not None:
            status += " " + str(self._ident)
        return "<" + type(self).__name__ + "(" + self._name + ", " + status + ")>"

    def start(self):
        if self._started:
            raise RuntimeError("threads can only be started once")
        self._started = True
        _starting[self] = True
        _thread.start_new_thread(self._bootstrap, ())

    def run(self):
        try:
            if self._target is not None:
                self._target(*self._args, **self._kwargs)
        finally:
            del self._target, self._args, self._kwargs

    def _bootstrap(self):
        self._ident = get_ident()
        with _atomic:
            _active[self._ident] = self
            _starting.pop(self, None)
        try:
            self.run()
        except SystemExit:
            pass
        except BaseException as error:
            if excepthook is None:
                _thread.report(error, self._name)
            else:
                excepthook(ExceptHookArgs((type(error), error, error.__traceback__, self)))
        finally:
            with _atomic:
                for values in self._locals:
                    values.pop(self._ident, None)
                _active.pop(self._ident, None)
                self._ended = True
                _announce()

    def join(self, timeout=None):
        if not self._started:
            raise RuntimeError("cannot join thread before it is started")
        if self is current_thread():
            raise RuntimeError("cannot join current thread")
        if timeout is not None and timeout < 0:
            timeout = 0
        _wait_until(lambda: self._ended, timeout)

    def is_alive(self):
        return self._started and not self._ended

    @property
    def ident(self):
        return self._ident
    native_id = ident

    @property
    def name(self):
        return self._name
    @name.setter
    def name(self, name):
        self._name = str(name)

    @property
    def daemon(self):
        return self._daemonic
    @daemon.setter
    def daemon(self, daemonic):
        if self._started:
            raise RuntimeError("cannot set daemon status of active thread")
        self._daemonic = daemonic

    def getName(self):
        return self._name
    def setName(self, name):
        self._name = str(name)
    def isDaemon(self):
        return self._daemonic
    def setDaemon(self, daemonic):
        self.daemon = daemonic

class ExceptHookArgs(tuple):
    exc_type = property(lambda self: self[0])
    exc_value = property(lambda self: self[1])
    exc_traceback = property(lambda self: self[2])
    thread = property(lambda self: self[3])

_starting = {}

class _FoundThread(Thread):
    """A thread that runs already when it gets an object: no Thread started it."""
    def __init__(self, name, daemonic):
        self._name = name
        self._daemonic = daemonic
        self._ident = get_ident()
        self._started = True
        self._ended = False
        self._locals = []
        _active[self._ident] = self

class _MainThread(_FoundThread):
    def __init__(self):
        super().__init__("MainThread", False)

class _DummyThread(_FoundThread):
    """A thread that _thread.start_new_thread made."""
    def __init__(self):
        super().__init__("Dummy-" + str(get_ident()), True)

def current_thread():
    return _active.get(get_ident()) or _DummyThread()
def main_thread():
    return _main
def enumerate():
    with _atomic:
        return list(_active.values()) + list(_starting)
def active_count():
    return len(enumerate())
currentThread = current_thread
activeCount = active_count
def get_native_id():
    return get_ident()
def settrace(function): pass
def setprofile(function): pass
def stack_size(size=0):
    return 0

_main = _MainThread()

def _shutdown():
    """At the end of the program: the threads that are no daemons end first."""
    me = current_thread()
    for thread in enumerate():
        while thread is not me and not thread.daemon and not thread._ended:
            thread.join()
    for thread in enumerate():
        if thread is not me and not thread.daemon:
            return _shutdown()

class Event:
    def __init__(self):
        self._flag = False
    def is_set(self):
        return self._flag
    isSet = is_set
    def set(self):
        self._flag = True
        _announce()
    def clear(self):
        self._flag = False
    def wait(self, timeout=None):
        return _wait_until(self.is_set, timeout)

class Condition:
    def __init__(self, lock=None):
        if lock is None:
            lock = RLock()
        self._lock = lock
        self.acquire = lock.acquire
        self.release = lock.release
        self._waiters = []

    def __enter__(self):
        return self._lock.__enter__()
    def __exit__(self, *details):
        return self._lock.__exit__(*details)

    def _is_owned(self):
        lock = self._lock
        return lock._is_owned() if hasattr(lock, "_is_owned") else lock.locked()

    def wait(self, timeout=None):
        if not self._is_owned():
            raise RuntimeError("cannot wait on un-acquired lock")
        lock = self._lock
        ticket = []
        with _atomic:
            self._waiters.append(ticket)
            count = lock._give_up() if hasattr(lock, "_give_up") else lock.release()
        try:
            return _wait_until(lambda: bool(ticket), timeout)
        finally:
            with _atomic:
                self._waiters = [t for t in self._waiters if t is not ticket]
            if count is None:
                lock.acquire()
            else:
                lock._take_back(count)

    def wait_for(self, predicate, timeout=None):
        end = None if timeout is None else _now() + timeout
        result = predicate()
        while not result:
            left = None
            if end is not None:
                left = end - _now()
                if left <= 0:
                    break
            self.wait(left)
            result = predicate()
        return result

    def notify(self, n=1):
        if not self._is_owned():
            raise RuntimeError("cannot notify on un-acquired lock")
        with _atomic:
            for ticket in self._waiters[:n]:
                ticket.append(True)
            self._waiters = self._waiters[n:]
            _announce()

    def notify_all(self):
        self.notify(len(self._waiters))
    notifyAll = notify_all

class Semaphore:
    def __init__(self, value=1):
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._value = value

    def _take(self):
        if self._value == 0:
            return False
        self._value -= 1
        return True

    def acquire(self, blocking=True, timeout=None):
        if not blocking:
            if timeout is not None:
                raise ValueError("can't specify timeout for non-blocking acquire")
            timeout = 0
        return _wait_until(self._take, timeout)

    def release(self, n=1):
        if n < 1:
            raise ValueError("n must be one or more")
        with _atomic:
            self._value += n
            _announce()

    def __enter__(self):
        return self.acquire()
    def __exit__(self, *details):
        self.release()

class BoundedSemaphore(Semaphore):
    def __init__(self, value=1):
        Semaphore.__init__(self, value)
        self._initial = value
    def release(self, n=1):
        if self._value + n > self._initial:
            raise ValueError("Semaphore released too many times")
        Semaphore.release(self, n)

class BrokenBarrierError(RuntimeError):
    pass

class Barrier:
    def __init__(self, parties, action=None, timeout=None):
        if parties < 1:
            raise ValueError("parties must be > 0")
        self.parties = parties
        self._action = action
        self._timeout = timeout
        self._round = [0, False]   # how many wait; whether it is broken
        self._opened = 0

    @property
    def n_waiting(self):
        return self._round[0]
    @property
    def broken(self):
        return self._round[1]

    def wait(self, timeout=None):
        if timeout is None:
            timeout = self._timeout
        with _atomic:
            mine = self._round
            if mine[1]:
                raise BrokenBarrierError()
            index = mine[0]
            mine[0] += 1
            opened = self._opened
            last = mine[0] == self.parties
        if last:
            try:
                if self._action is not None:
                    self._action()
            except:
                self.abort()
                raise
            with _atomic:
                self._opened += 1
                self._round = [0, False]
                _announce()
            return index
        if not _wait_until(lambda: self._opened != opened or mine[1], timeout):
            self.abort()
            raise BrokenBarrierError()
        if mine[1]:
            raise BrokenBarrierError()
        return index

    def abort(self):
        with _atomic:
            self._round[1] = True
            _announce()

    def reset(self):
        with _atomic:
            if self._round[0]:
                self._round[1] = True
            self._round = [0, False]
            _announce()

class Timer(Thread):
    def __init__(self, interval, function, args=None, kwargs=None):
        Thread.__init__(self)
        self.interval = interval
        self.function = function
        self.args = [] if args is None else args
        self.kwargs = {} if kwargs is None else kwargs
        self.finished = Event()
    def cancel(self):
        self.finished.set()
    def run(self):
        self.finished.wait(self.interval)
        if not self.finished.is_set():
            self.function(*self.args, **self.kwargs)
        self.finished.set()

class local:
    """Each thread has attributes of its own."""
    def __new__(cls, *args, **kwargs):
        if (args or kwargs) and cls.__init__ is object.__init__:
            raise TypeError("Initialization arguments are not supported")
        self = object.__new__(cls)
        object.__setattr__(self, "_local__values", {get_ident(): {}})
        object.__setattr__(self, "_local__arguments", (args, kwargs))
        current_thread()._locals.append(self._local__values)
        return self

    def __getattr__(self, name):
        values = _values_of(self)
        if name == "__dict__":
            return values
        try:
            return values[name]
        except KeyError:
            pass
        raise AttributeError("'" + type(self).__name__ + "' object has no attribute '" + name + "'")

    def __setattr__(self, name, value):
        _values_of(self)[name] = value

    def __delattr__(self, name):
        values = _values_of(self)
        if name not in values:
            raise AttributeError("'" + type(self).__name__ + "' object has no attribute '" + name + "'")
        del values[name]

def _values_of(self):
    all_values = object.__getattribute__(self, "_local__values")
    values = all_values.get(get_ident())
    if values is None:
        values = all_values[get_ident()] = {}
        current_thread()._locals.append(all_values)
        if type(self).__init__ is not object.__init__:
            args, kwargs = object.__getattribute__(self, "_local__arguments")
            self.__init__(*args, **kwargs)
    return values
)python"},
    {"queue", R"python(
from _thread import atomic as _atomic, announce as _announce
from collections import deque as _deque
from heapq import heappush as _push, heappop as _pop
from threading import _wait_until

class Empty(Exception):
    pass
class Full(Exception):
    pass

class Queue:
    def __init__(self, maxsize=0):
        self.maxsize = maxsize
        self.unfinished_tasks = 0
        self._init(maxsize)

    def _init(self, maxsize):
        self.queue = _deque()
    def _qsize(self):
        return len(self.queue)
    def _put(self, item):
        self.queue.append(item)
    def _get(self):
        return self.queue.popleft()

    def qsize(self):
        return self._qsize()
    def empty(self):
        return not self._qsize()
    def full(self):
        return 0 < self.maxsize <= self._qsize()

    def put(self, item, block=True, timeout=None):
        def try_put():
            if 0 < self.maxsize <= self._qsize():
                return False
            self._put(item)
            self.unfinished_tasks += 1
            _announce()
            return True
        if timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        if not _wait_until(try_put, timeout if block else 0):
            raise Full

    def get(self, block=True, timeout=None):
        item = None
        def try_get():
            nonlocal item
            if not self._qsize():
                return False
            item = self._get()
            if self.maxsize > 0:
                _announce()
            return True
        if timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        if not _wait_until(try_get, timeout if block else 0):
            raise Empty
        return item

    def put_nowait(self, item):
        return self.put(item, block=False)
    def get_nowait(self):
        return self.get(block=False)

    def task_done(self):
        with _atomic:
            if self.unfinished_tasks <= 0:
                raise ValueError("task_done() called too many times")
            self.unfinished_tasks -= 1
            if self.unfinished_tasks == 0:
                _announce()

    def join(self):
        _wait_until(lambda: self.unfinished_tasks == 0, None)

class LifoQueue(Queue):
    def _init(self, maxsize):
        self.queue = []
    def _get(self):
        return self.queue.pop()

class PriorityQueue(Queue):
    def _init(self, maxsize):
        self.queue = []
    def _put(self, item):
        _push(self.queue, item)
    def _get(self):
        return _pop(self.queue)

class SimpleQueue(Queue):
    def __init__(self):
        Queue.__init__(self)
)python"},
    {"transaction", R"python(
"""Functions that run as transactions, in several threads where there are such: as if one after another, in some order.

    import transaction
    for item in items:
        transaction.add(work, item)
    transaction.run()
"""
from _thread import atomic as _atomic, announce as _announce, changes as _changes, wait as _wait, is_parallel as _parallel
from collections import deque as _deque
import threading as _threading

class TransactionError(Exception):
    pass

_threads = [0]   # 0: as many as there are processors

def set_num_threads(number):
    if number < 1:
        raise ValueError("there must be one thread at least")
    _threads[0] = number

def get_num_threads():
    if not _parallel():
        return 1
    if _threads[0]:
        return _threads[0]
    import os
    return min(os.cpu_count() or 1, 8)

class _Worker:
    def __init__(self):
        self.tasks = _deque()
        self.idle = False
        self.executed = 0

class TransactionQueue:
    def __init__(self):
        self._waiting = _deque()
        self._workers = None
        self._of_thread = {}
        self._failure = None
        self._executed = 0

    def add(self, function, *args, **kwargs):
        """Inside of a transaction of this queue: to run after it. The thread's own list: no conflict."""
        worker = self._of_thread.get(_threading.get_ident())
        if worker is None:
            if self._workers is not None:
                raise TransactionError("TransactionQueue.add() by a thread that is none of its own while it runs")
            self._waiting.append((function, args, kwargs))
        else:
            worker.tasks.append((function, args, kwargs))
            for other in self._workers:
                if other.idle:
                    _announce()
                    break

    def number_of_transactions_executed(self):
        if self._workers is not None:
            raise TransactionError("TransactionQueue.run() is still running")
        return self._executed

    def run(self, nb_segments=0):
        """All that was added, and what that adds, until nothing is left. The first exception ends it, and is raised."""
        if self._workers is not None:
            raise TransactionError("TransactionQueue.run() is already running")
        number = nb_segments or get_num_threads()
        self._executed = 0
        self._failure = None
        self._workers = workers = [_Worker() for i in range(number)]
        self._of_thread = {}
        for i, task in enumerate(self._waiting):
            workers[i % number].tasks.append(task)
        self._waiting.clear()
        try:
            if number == 1:
                self._of_thread[_threading.get_ident()] = workers[0]
                self._work(workers[0])
            else:
                starting = _threading.Barrier(number + 1)
                threads = [_threading.Thread(target=self._in_thread, args=(w, starting), daemon=True) for w in workers]
                for thread in threads:
                    thread.start()
                starting.wait()   # all of them are in _of_thread
                for thread in threads:
                    thread.join()
        finally:
            for worker in workers:
                self._executed += worker.executed
                self._waiting.extend(worker.tasks)
            self._workers = None
            self._of_thread = {}
        if self._failure is not None:
            self._waiting.clear()
            raise self._failure

    def _in_thread(self, worker, starting):
        with _atomic:
            self._of_thread[_threading.get_ident()] = worker
        starting.wait()
        self._work(worker)

    def _work(self, me):
        while self._failure is None:
            seen = _changes()
            with _atomic:
                task = self._take(me)
                if task is not None:
                    function, args, kwargs = task
                    try:
                        function(*args, **kwargs)
                        me.executed += 1
                    except BaseException as error:
                        if self._failure is None:
                            self._failure = error
                        _announce()
                    continue
                done = True
                me.idle = True
                for worker in self._workers:
                    if not worker.idle:
                        done = False
                if done:
                    _announce()
                    return
            _wait(seen)
            me.idle = False

    def _take(self, me):
        if me.tasks:
            return me.tasks.popleft()
        for other in self._workers:
            if other.tasks:
                for i in range((len(other.tasks) + 1) // 2):   # half of them at once: the next conflict is far away
                    me.tasks.append(other.tasks.pop())
                return me.tasks.popleft()
        return None

_default = TransactionQueue()

def add(function, *args, **kwargs):
    _default.add(function, *args, **kwargs)

def run(nb_segments=0):
    _default.run(nb_segments)

def number_of_transactions_executed():
    return _default.number_of_transactions_executed()

class Counter:
    """A number that threads add to without conflicts: each has a part of it."""
    def __init__(self, value=0):
        self._parts = {0: [value]}
    def add(self, amount=1):
        part = self._parts.get(_threading.get_ident())
        if part is None:
            part = self._parts[_threading.get_ident()] = [0]
        part[0] += amount
    def value(self):
        with _atomic:
            return sum(part[0] for part in list(self._parts.values()))

class Queue:
    """Items in no fixed order: each thread adds to a list of its own, and takes from others' when that is empty."""
    def __init__(self):
        self._parts = {}
    def _mine(self):
        part = self._parts.get(_threading.get_ident())
        if part is None:
            part = self._parts[_threading.get_ident()] = _deque()
        return part
    def put(self, item):
        self._mine().append(item)
        _announce()
    def get(self, block=True, timeout=None):
        result = []
        def take():
            mine = self._mine()
            if not mine:
                for part in list(self._parts.values()):
                    if part:
                        result.append(part.popleft())
                        return True
                return False
            result.append(mine.popleft())
            return True
        if not _threading._wait_until(take, timeout if block else 0):
            raise IndexError("the queue is empty")
        return result[0]
)python"},
    {nullptr, nullptr},
};

} // namespace heddle::python
