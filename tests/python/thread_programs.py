"""Random programs with threads, for random_programs --threads.

Threads work on shared objects, some steps in atomic blocks, some under locks, some needing neither. What is printed at the end does not depend on the
order in which they ran: updates commute, sums are conserved, or a history of what each block read and wrote is checked for serialisability. So a VM that
runs threads in parallel must print what one does that runs them in turns, and what CPython prints, for which atomic is one lock.
Beside that each thread runs random programs of its own (random_programs.Writer), compiled there, whose output is printed at the end.
"""

PRELUDE = '''\
import threading, queue, collections, itertools, time
try:
    from heddle import atomic
    import transaction
except ImportError:
    atomic = threading.RLock()
    class transaction:
        tasks = []
        @staticmethod
        def add(function, *arguments):
            transaction.tasks.append((function, arguments))
        @staticmethod
        def run():
            while transaction.tasks:
                function, arguments = transaction.tasks.pop(0)
                function(*arguments)
class Box:
    pass
class Node:
    def __init__(self, key, link=None):
        self.key, self.link, self.left, self.right = key, link, None, None
class Stopped(Exception):
    pass
lock, rlock = threading.Lock(), threading.RLock()
problems = []
def check(holds, text):
    if not holds:
        problems.append(text)
def deep(n):
    return 1 + deep(n + 1)
def is_serialisable(cells, histories):
    """Is there an order of all blocks in which each read finds the last value written before it? Every written cell was read, too."""
    ids = [(t, i) for t, history in enumerate(histories) for i in range(len(history))]
    after = {i: set() for i in ids}
    writer, overwriter, readers = {}, {}, {}
    for t, i in ids:
        reads, writes = histories[t][i]
        if i:
            after[(t, i - 1)].add((t, i))
        for cell, value in reads:
            readers.setdefault((cell, value), []).append((t, i))
            if cell in writes:
                if (cell, value) in overwriter:
                    return False
                overwriter[(cell, value)] = (t, i)
    for (cell, value), those in readers.items():
        for reader in those:
            if value != (-1, 0):
                after[value].add(reader)
            later = overwriter.get((cell, value))
            if later is not None and later != reader:
                after[reader].add(later)
    before = {i: 0 for i in ids}
    for i in ids:
        for j in after[i]:
            if j != i:
                before[j] += 1
    ready, done = [i for i in ids if before[i] == 0], 0
    while ready:
        i = ready.pop()
        done += 1
        for j in after[i]:
            if j != i:
                before[j] -= 1
                if before[j] == 0:
                    ready.append(j)
    return done == len(ids) and all((cell, value) not in overwriter for cell, value in enumerate(cells))
'''

# Each: (what is shared, a step of thread `me` with its random number r and step number i, what is printed at the end). {0} is a number of its own, so that a
# program may have several of a kind; {n}: how many items.
KINDS = {
    "transfer": ("accounts{0} = [100] * {n}", '''
        a, b = r % {n}, r // 7 % {n}
        with atomic:
            accounts{0}[a] -= r % 13
            accounts{0}[b] += r % 13
        if i % 10 == 0:
            with atomic:
                total = sum(accounts{0})
            check(total == 100 * {n}, "a sum in between is not conserved")
''', "accounts{0}, sum(accounts{0})"),
    "transfer under a lock": ("purses{0} = dict((k, 50) for k in range({n}))", '''
        with {lock}:
            purses{0}[r % {n}] -= 1
            purses{0}[r // 5 % {n}] += 1
''', "sorted(purses{0}.items())"),
    "guarded transfer": ("stock{0} = collections.OrderedDict((str(k), 5) for k in range({n}))", '''
        a, b = str(r % {n}), str(r // 3 % {n})
        with atomic:
            if stock{0}[a] >= 3:
                stock{0}[a] -= 3
                stock{0}[b] += 3
            check(min(stock{0}.values()) >= 0, "negative stock")
''', "sum(stock{0}.values())"),
    "append": ("log{0} = []", '''
        log{0}.append((me, i))
''', "sorted(log{0})[-5:], len(log{0}), [[i for t, i in log{0} if t == me] == sorted(i for t, i in log{0} if t == me) for me in range(5)]"),
    "own keys": ("table{0} = {{}}", '''
        table{0}[me * 100000 + r % {n}] = i
        if i % 3 == 0:
            table{0}.pop(me * 100000 + r // 2 % {n}, None)
''', "len(table{0}), sorted(table{0}.items())[:8]"),
    "counts by key": ("counts{0} = {{}}", '''
        key = (r % {n}, "k" * (r % 3))
        with atomic:
            counts{0}[key] = counts{0}.get(key, 0) + 1 + i % 3
''', "sorted(counts{0}.items())[:6], sum(counts{0}.values())"),
    "set": ("members{0} = set()", '''
        members{0}.add(r % 1000)
        members{0}.add(str(r % {n}))
        members{0}.add((me, i))
        members{0}.discard((me, i - 1))
''', "len(members{0}), sorted(members{0}, key=repr)[:6]"),
    "attributes": ("box{0} = Box(); box{0}.n = box{0}.x = 0", '''
        with atomic:
            box{0}.n += 1
            box{0}.x -= r % 5
            setattr(box{0}, "t%d" % me, getattr(box{0}, "t%d" % me, 0) + 1)
''', "sorted(vars(box{0}).items())"),
    "large list": ("large{0} = [0] * 6000", '''
        at = r % 5990
        with atomic:
            for k in range(at, at + 8):
                large{0}[k] += 1
        if i % 16 == 0:
            with atomic:
                large{0}[:] = large{0}[:]
''', "sum(large{0}), sum(k * v for k, v in enumerate(large{0}))"),
    "pairs": ("left{0}, right{0} = [0] * {n}, [0] * {n}", '''
        with atomic:
            left{0}[r % {n}] += r % 11
            for k in range(r % 50): pass
            right{0}[r % {n}] -= r % 11
        with atomic:
            check(left{0}[r // 3 % {n}] == -right{0}[r // 3 % {n}], "half of a block is seen")
''', "left{0}, right{0}"),
    "sorted linked list": ("head{0} = Node(-1)", '''
        with atomic:
            node = head{0}
            while node.link is not None and node.link.key < r % 400:
                node = node.link
            if node.link is None or node.link.key != r % 400:
                node.link = Node(r % 400, node.link)
''', "list_of(head{0})"),
    "search tree": ("root{0} = Node(500)", '''
        with atomic:
            node, key = root{0}, r % 1000
            while node is not None and node.key != key:
                side = "left" if key < node.key else "right"
                if getattr(node, side) is None:
                    setattr(node, side, Node(key))
                node = getattr(node, side)
''', "keys_of(root{0})[:30], len(keys_of(root{0}))"),
    "exceptions": ("seen{0} = Box(); seen{0}.begun = seen{0}.ended = 0", '''
        try:
            with atomic:
                seen{0}.begun += 1
                with atomic:
                    if r % 3 == 0: raise Stopped(r)
                    if r % 3 == 1: [][r]
                seen{0}.ended += 1
        except (Stopped, IndexError) as e:
            with atomic:
                seen{0}.ended += 1000 if isinstance(e, Stopped) else 1000000
''', "seen{0}.begun, seen{0}.ended"),
    "stack overflow": ("overflows{0} = [0]", '''
        if i % 40 == 1:
            try:
                with atomic:
                    overflows{0}[0] += 1
                    deep(0)
            except RecursionError:
                with atomic:
                    overflows{0}[0] += 1000
''', "overflows{0}"),
    "out of memory": ("refusals{0} = [0]", '''
        if i % 10 == 1:
            try:
                with atomic:
                    refusals{0}[0] += 1
                    [0] * (1 << 58)
            except MemoryError:
                with atomic:
                    refusals{0}[0] += 1000
''', "refusals{0}"),
    "history": ("cells{0} = [(-1, 0)] * {n}; histories{0} = [[] for _ in range(8)]", '''
        first, second, third = r % {n}, r // 11 % {n}, r // 97 % {n}
        mine = (me, len(histories{0}[me]))
        with atomic:
            reads = [(k, cells{0}[k]) for k in {{first, second, third}}]
            writes = [k for k in (first, second) if r % 4]
            for k in writes:
                cells{0}[k] = mine
        histories{0}[me].append((reads, writes))
''', "is_serialisable(cells{0}, histories{0}), sum(map(len, histories{0}))"),
    "products": ("product{0} = [1, 1 << 200]", '''
        with atomic:
            product{0}[0] = product{0}[0] * (r % 1000 + 1) % ((1 << 127) - 1)
            product{0}[1] += r << r % 90
''', "product{0}"),
    "pool": ("pool{0} = list(range({n} * 3))", '''
        with atomic:
            taken = pool{0}.pop(r % len(pool{0})) if pool{0} else None
        if taken is not None:
            pool{0}.append(taken)
''', "sorted(pool{0})"),
    "deque": ("turns{0} = collections.deque(range({n}))", '''
        with atomic:
            turns{0}.rotate(r % 5)
            turns{0}.append(turns{0}.popleft())
''', "sorted(turns{0})"),
    "text": ("text{0} = ['']", '''
        with atomic:
            text{0}[0] += "abcdef"[r % 6]
''', "[text{0}[0].count(c) for c in 'abcdef']"),
    "bytes": ("bytes{0} = bytearray(64)", '''
        with atomic:
            bytes{0}[r % 64] = (bytes{0}[r % 64] + 1) % 256
''', "bytes(bytes{0}), sum(bytes{0})"),
    "shared generator": ("numbers{0} = itertools.count(); squares{0} = (k * k for k in itertools.count()); taken{0} = []", '''
        with atomic:
            taken{0}.append(next(numbers{0}))
            taken{0}.append(next(squares{0}))
''', "sorted(taken{0})[-4:], len(set(taken{0}))"),
    "sorting": ("ordered{0} = []", '''
        with atomic:
            ordered{0}.append(r % 100)
            ordered{0}.sort(key=lambda k: -k)
            del ordered{0}[{n}:]
''', "ordered{0}"),
    "objects as keys": ("owners{0} = {{}}", '''
        key = Box()
        key.number = me, i
        with atomic:
            owners{0}[key] = key
            check(owners{0}[key] is key, "an object is not found")
        if r % 2:
            del owners{0}[key]
''', "len(owners{0}), sorted(k.number for k in owners{0})[:5]"),
    "classes": ("instances{0} = []", '''
        if i % 8 == 0:
            class Local(Box):
                step = i
                def value(self): return self.step + me
            instances{0}.append(Local())
''', "sorted(o.value() for o in instances{0})"),
    "long block": ("long{0} = [0]", '''
        if i % 30 == 2:
            with atomic:
                for k in range(r % 3000):
                    long{0}[0] += k & 1
''', "long{0}"),
    "condition": ("flag{0} = threading.Condition(); waiting{0} = []", '''
        with flag{0}:
            if r % 2 or not waiting{0}:
                waiting{0}.append(r)
                flag{0}.notify()
            else:
                while not waiting{0}:
                    flag{0}.wait(0.001)
                waiting{0}.append(waiting{0}.pop() + r)
''', "sum(waiting{0})"),
    "semaphore": ("gate{0} = threading.Semaphore(2); inside{0} = [0, 0]", '''
        with gate{0}:
            with atomic: inside{0}[0] += 1
            check(inside{0}[0] <= 2, "too many inside")
            with atomic: inside{0}[0] -= 1; inside{0}[1] += 1
''', "inside{0}"),
    "thread in thread": ("born{0} = []", '''
        if i % 25 == 3:
            child = threading.Thread(target=lambda: born{0}.append((me, i)))
            child.start()
            if r % 2: child.join()
            else: children.append(child)
''', "sorted(born{0})"),
    "dying thread": ("died{0} = []", '''
        if i % 50 == 4:
            def die():
                with atomic:
                    died{0}.append((me, i))
                    raise SystemExit
            child = threading.Thread(target=die)
            child.start()
            child.join()
''', "sorted(died{0})"),
    "queue": ("work{0} = queue.Queue(8); taken{0} = []", '''
        work{0}.put(r % 97)
        taken{0}.append(work{0}.get())
        work{0}.task_done()
''', "sum(taken{0}), len(taken{0}), work{0}.empty(), work{0}.unfinished_tasks"),
    "priority queue": ("urgent{0} = queue.PriorityQueue(); order{0} = queue.LifoQueue()", '''
        urgent{0}.put((r % 5, me, i))
        order{0}.put(urgent{0}.get()[0])
''', "urgent{0}.qsize(), order{0}.qsize(), sum(order{0}.queue)"),
    "clock": ("times{0} = [time.time()]", '''
        with atomic:
            check(times{0}[0] <= time.time() + 0.5, "time runs back")
            times{0}[0] = time.time()
''', "len(times{0})"),
}

ENDING = '''\
def list_of(node):
    keys = []
    while node.link is not None:
        node = node.link
        keys.append(node.key)
    return len(keys), keys[:20], keys == sorted(set(keys))
def keys_of(root):
    keys, path, node = [], [], root
    while path or node is not None:
        while node is not None:
            path.append(node)
            node = node.left
        node = path.pop()
        keys.append(node.key)
        node = node.right
    check(keys == sorted(set(keys)), "a tree is out of order")
    return keys
'''


def program(random, own_program):
    """The text of one. own_program(): one that a thread runs by itself."""
    chosen = random.sample(sorted(KINDS), random.randrange(2, 7))
    chosen += random.sample(chosen, random.randrange(0, 2))
    lines, steps, shown = [PRELUDE], [], []
    for number, kind in enumerate(chosen):
        fill = dict(n=random.choice([1, 2, 5, 16, 40]), lock=random.choice(["lock", "rlock"]))
        shared, step, end = (text.format(number, **fill) for text in KINDS[kind])
        lines.append(shared)
        body = "\n".join(line[4:] for line in step.strip("\n").splitlines())
        lines.append(f"def step{number}(me, r, i):\n{body}")
        steps.append(f"step{number}")
        shown.append(f"print({kind!r}, {end})")
    threads, length = random.randrange(2, 6), random.choice([20, 60, 150, 300])
    lines.append(f"steps = [{', '.join(steps)}]\nchildren = []\noutputs = [[] for _ in range({threads})]")
    if random.random() < 0.6:
        texts = [own_program() for _ in range(random.randrange(1, 3))]
        lines.append(f"programs = {texts!r}")
    else:
        lines.append("programs = []")
    lines.append(f'''\
def work(me):
    r = {random.randrange(1, 10**6)} + me * 7919
    for i in range({length}):
        r = r * 48271 % 2147483647
        steps[r % len(steps)](me, r >> 5, i)
        {random.choice(["", "if i % 20 == 0: transaction_part(me, r, i)"])}
    for text in programs:
        out = outputs[me]
        space = {{"print": lambda *values: out.append(values), "__name__": "own"}}
        exec(compile(text, "own", "exec"), space)
results = [0]
def add_result(amount, more):
    results[0] += amount
    if more:
        transaction.add(add_result, amount, more - 1)
def transaction_part(me, r, i):
    with atomic:
        results[0] += r % 7
threads = [threading.Thread(target=work, args=(me,)) for me in range({threads})]
for thread in threads: thread.start()
for thread in threads: thread.join()
for child in children: child.join()
for amount in range({random.randrange(0, 30)}):
    transaction.add(add_result, amount, amount % 4)
transaction.run()''')
    lines.append(ENDING)
    lines += shown
    lines.append("print(results, problems)\nfor out in outputs:\n    for values in out: print(*values)")
    return "\n".join(lines) + "\n"
