# Threads that share accounts: whatever the order of their steps, nothing is lost, and what is seen is whole.
import threading
import queue
from heddle import atomic

accounts = [100] * 16
seen = []


class Refused(Exception):
    pass


def transfer(state, steps):
    refused = 0
    for i in range(steps):
        state = state * 48271 % 2147483647
        a, b, amount = state % 16, state // 16 % 16, state // 256 % 50
        try:
            with atomic:
                if accounts[a] < amount:
                    raise Refused
                accounts[a] -= amount
                accounts[b] += amount
        except Refused:
            refused += 1
        if i % 50 == 0:
            with atomic:
                seen.append(sum(accounts))


def dies():
    with atomic:
        accounts[0] += 1
        accounts[1] -= 1
    raise KeyError("this thread ends here")


def deep():
    def down(n):
        return 1 + down(n + 1)
    try:
        down(0)
    except RecursionError:
        seen.append(1600)


threads = [threading.Thread(target=transfer, args=(seed, 1500)) for seed in (1, 22, 333, 4444)]
threads += [threading.Thread(target=dies), threading.Thread(target=deep)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sum(accounts), min(accounts) >= -1, len(seen), set(seen))

jobs, results = queue.Queue(5), queue.Queue()


def square():
    while True:
        n = jobs.get()
        if n is None:
            break
        results.put((n, n * n))


workers = [threading.Thread(target=square) for _ in range(3)]
for w in workers:
    w.start()
for n in range(200):
    jobs.put(n)
for w in workers:
    jobs.put(None)
for w in workers:
    w.join()
got = dict(results.get() for _ in range(200))
print(got == {n: n * n for n in range(200)}, results.empty(), jobs.empty())


class Node:
    def __init__(self, key, rest):
        self.key = key
        self.rest = rest


first = Node(-1, None)


def insert(start):
    for key in range(start, 300, 3):
        with atomic:
            node = first
            while node.rest is not None and node.rest.key < key:
                node = node.rest
            node.rest = Node(key, node.rest)


threads = [threading.Thread(target=insert, args=(i,)) for i in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
keys = []
node = first.rest
while node is not None:
    keys.append(node.key)
    node = node.rest
print(keys == list(range(300)))
