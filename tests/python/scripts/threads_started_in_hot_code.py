# Threads that start while loops, calls and recursions are hot already: with --stm, machine code made for one thread alone
# is left, and what follows is seen by the others, and sees what they do.
import threading
from heddle import atomic

class Account:
    def __init__(self, sum): self.sum = sum
accounts = [Account(100) for i in range(6)]
totals = set()
def move(i, j, n):
    with atomic:
        accounts[i].sum -= n
        accounts[j].sum += n
def look():
    with atomic: totals.add(sum([a.sum for a in accounts]))
def work(first, times):
    for k in range(times):
        move((first + k) % 6, (first + 3 * k + 1) % 6, k % 7)
        if k % 5 == 0: look()
def start(count):
    threads = [threading.Thread(target=work, args=(k, 300)) for k in range(count)]
    for t in threads: t.start()
    return threads

# In a loop, between reads of the same object: alone, then with others, then after they have ended.
def loop(rounds, at):
    account, threads, seen = accounts[0], [], 0
    for k in range(rounds):
        account.sum += 1
        account.sum -= 1
        if k == at: threads += start(3)
        seen += account.sum * 0 + 1
        move(k % 6, (k + 1) % 6, 1)
        if k == at + 200:
            for t in threads: t.join()
    return seen
for at in (50, 250, 400): print(loop(700, at))

# In a recursion: all callers' machine code is left when they go on.
def recursion(depth, threads):
    before = accounts[1]
    move(1, 2, depth % 3)
    if depth == 0: threads += start(2)
    else: recursion(depth - 1, threads)
    move(2, 1, depth % 3)
    return before is accounts[1]
threads = []
for i in range(20): recursion(30, [] if i < 19 else threads)
for t in threads: t.join()

# Waiting in a call of a hot loop.
lock, done = threading.Lock(), []
def wait_for(n):
    while len(done) < n:
        with lock: pass
        threading.Event().wait(0.001)
def tell(n):
    for i in range(n):
        with lock: done.append(i)
for i in range(30):
    t = threading.Thread(target=tell, args=(5,)); t.start()
    wait_for(5 * (i + 1))
    t.join()
look()
print(len(done), sum(a.sum for a in accounts), totals)
