# What the interpreter keeps for each thread (the exception that is handled, the depth of calls, containers whose repr() is under
# way) is the thread's own in machine code that all threads share, too.
import sys, threading

problems = []
class Mine(Exception): pass
def again(): raise            # what this thread handles
def handle(name, k):
    try: raise Mine(name, k)
    except Mine as mine:
        for i in range(3):
            try: again()
            except Mine as same:
                if same is not mine: problems.append((name, same.args, mine.args))
        if sys.exc_info()[1] is not mine: problems.append((name, k))
def depth(n):
    try: return depth(n + 1)
    except RecursionError: return n
class Shown:
    def __init__(self, name): self.name, self.parts = name, []
    def __repr__(self): return self.name + repr(self.parts)
def show(name, k):
    shown = Shown(name)
    shown.parts = [k, shown.parts, [name]]
    text = repr(shown)
    if text != f"{name}[{k}, [], ['{name}']]": problems.append(text)
    endless = [k]
    endless.append(endless)
    if repr(endless) != f"[{k}, [...]]": problems.append(repr(endless))
def work(name, times):
    for k in range(times):
        handle(name, k)
        show(name, k)
def run(count, times):
    threads = [threading.Thread(target=work, args=("thread %d" % k, times)) for k in range(count)]
    for t in threads: t.start()
    for t in threads: t.join()
for i in range(300): handle("first", i)
at_first = depth(0)
run(3, 500)
depths = []
threads = [threading.Thread(target=lambda: depths.extend([depth(0) for i in range(30)])) for k in range(3)]
for t in threads: t.start()
for t in threads: t.join()
print(len(problems), problems[:3])
print(depth(0) == at_first, len(set(depths)), len(depths), sys.exc_info()[1])
