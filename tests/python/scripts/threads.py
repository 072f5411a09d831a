# Threads, locks, queues, transactions, atomic blocks: the same in parallel and in turns.
import threading, queue, transaction, time
from heddle import atomic, is_parallel
# counter under lock
lock = threading.Lock(); n = 0
def add():
    global n
    for i in range(2000):
        with lock: n += 1
ts = [threading.Thread(target=add) for i in range(4)]
for t in ts: t.start()
for t in ts: t.join()
print(n)
# atomic
m = 0
def add2():
    global m
    for i in range(2000):
        with atomic: m += 1
ts = [threading.Thread(target=add2) for i in range(4)]
for t in ts: t.start()
for t in ts: t.join()
print(m)
q = queue.Queue(3); got = []
def produce(k):
    for i in range(100): q.put((k, i))
def consume():
    while True:
        x = q.get()
        if x is None: return
        with lock: got.append(x)
ps = [threading.Thread(target=produce, args=(k,)) for k in range(3)]
cs = [threading.Thread(target=consume) for k in range(2)]
for t in ps + cs: t.start()
for t in ps: t.join()
for c in cs: q.put(None)
for t in cs: t.join()
print(len(got), sorted(got)[:3], q.empty())
def bad(): raise ValueError("oops")
t = threading.Thread(target=bad, name="bad one"); t.start(); t.join()
e = threading.Event(); c = threading.Condition(); r = []
def waiter():
    e.wait()
    with c: r.append(1); c.notify()
t = threading.Thread(target=waiter); t.start()
with c:
    e.set()
    while not r: c.wait()
t.join(); print(r, threading.active_count(), threading.current_thread().name)
out = []
def f(i):
    out.append(i)
    if i < 50: transaction.add(f, i + 50)
for i in range(50): transaction.add(f, i)
transaction.run()
print(sorted(out) == list(range(100)), transaction.number_of_transactions_executed())
def g(): raise KeyError("in a transaction")
transaction.add(g)
try: transaction.run()
except KeyError as e: print("raised", e)
l = threading.Lock(); l.acquire()
try: l.acquire()
except RuntimeError as e: print(e)
print(l.acquire(timeout=0.05), l.acquire(False))
with atomic:
    try: l.acquire()
    except RuntimeError as e: print(e)
loc = threading.local(); loc.x = 5
def h():
    try: loc.x
    except AttributeError as e: print(e)
    loc.x = 7
t = threading.Thread(target=h); t.start(); t.join(); print(loc.x)
cn = transaction.Counter()
def count():
    for i in range(1000): cn.add()
ts = [threading.Thread(target=count) for i in range(3)]
[t.start() for t in ts]; [t.join() for t in ts]; print(cn.value())
def deep(n): return deep(n+1)
def so():
    try: deep(0)
    except RecursionError as e: print("RecursionError", e)
t = threading.Thread(target=so); t.start(); t.join()
t0=time.time(); time.sleep(0.05); print(time.time()-t0 >= 0.05)
b = threading.Barrier(3); order=[]
def br(): order.append(b.wait())
ts = [threading.Thread(target=br) for i in range(3)]
[t.start() for t in ts]; [t.join() for t in ts]; print(sorted(order))
s = threading.Semaphore(2); act=[0]; mx=[0]
def sem():
    with s:
        with atomic: act[0]+=1; mx[0]=max(mx[0],act[0])
        time.sleep(0.001)
        with atomic: act[0]-=1
ts = [threading.Thread(target=sem) for i in range(5)]
[t.start() for t in ts]; [t.join() for t in ts]; print(mx[0] <= 2)
