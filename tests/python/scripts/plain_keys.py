# Keys and comparisons that run no user code, and those that do: dicts, sets, tuples, `in`, hashes.
class Same:
    """Equal to whatever has its value; counts how often it is asked."""
    asked = 0

    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return hash(self.value)

    def __eq__(self, other):
        Same.asked += 1
        return self.value == (other.value if isinstance(other, Same) else other)

    def __lt__(self, other):
        return self.value < (other.value if isinstance(other, Same) else other)


nan = float("nan")
values = [0, 1, -1, True, False, None, 1.0, 0.0, -0.0, 0.5, nan, "", "a", "ab", "é", "\u4e00", (), (1,), (1.0,), (True,), (1, 2), (1, "a"),
          ((1, 2), 3), ((1, 2), (3, "x", None)), 2**53, float(2**53), 2**53 + 1, 2**61 - 1, 2**61 - 2, -(2**61), 2**70, float(2**70),
          -2, (-1,), (-2,), (nan,), (None,), b"a", (b"a",), frozenset([1]), range(3), Same(1), (Same(1),), Same("a"), (1, Same(2)), ((((((((((1,),),),),),),),),),)]


def pairs(items):
    out = []
    for a in items:
        for b in items:
            out.append((a == b) + 2 * (hash(a) == hash(b) if a == b else True) + 4 * ((a,) == (b,)) + 8 * (a in (b, 5)) + 16 * (a in [b, "z"])
                       + 32 * (a in {b}) + 64 * (a in {b: 1}) + 128 * ((0, a, 1) == (0, b, 1)))
            try:
                out.append((((0, a) < (0, b)), ((0, a) >= (0, b)), ((a, b) != (b, a)), ([a] < [b])))
            except TypeError:
                out.append("not ordered")
    return out


for _ in range(3):
    found = pairs(values)
    total = 0
    for f in found:
        total = (total * 31 + (f if isinstance(f, int) else sum(2**i * x for i, x in enumerate(f)) if isinstance(f, tuple) else 7)) % 1000003
    print(len(found), total)

table = {}
for value in values:
    table[value] = table.get(value, 0) + 1
print(len(table), sorted(table.values()))
for value in values[:-6]:
    table.pop(value, None)
print(len(table))


def count(n):
    """Dicts and sets of tuples, in a loop."""
    seen, places, hits = set(), {}, 0
    for i in range(n):
        key = (i % 13, i % 7)
        if key in seen:
            hits += 1
        seen.add(key)
        places[key, i % 3] = places.get((key, i % 3), 0) + i
        if (i % 5, "x") in ((0, "x"), (1, "x")):
            hits += 1
        if i % 50 == 0:
            del places[key, i % 3]
    return hits, len(seen), len(places), sum(places.values())


print(count(3000))


class Changing:
    """Its __eq__ changes the dict that is being searched."""
    def __init__(self, number, victim):
        self.number, self.victim = number, victim

    def __hash__(self):
        return 7

    def __eq__(self, other):
        self.victim[self.number + 100] = other
        return False


victim = {}
for number in range(20):
    victim[Changing(number, victim)] = number
print(len(victim), (7 in victim), (7, 8) in victim)


def ordered(n):
    heap = []
    for i in range(n):
        heap.append((i * 7919 % 101, i, "x" if i % 2 else 3.5))
    best = heap[0]
    for item in heap:
        if item < best:
            best = item
        if not item >= best:
            print("wrong")
    return best, sorted(heap)[:3]


print(ordered(500))
print(sorted([(Same(3), 1), (Same(2), 5), (Same(2), 4)], key=lambda p: (p[0].value, p[1]))[0][1])
deep = ()
for _ in range(100000):
    deep = (deep,)
other = ()
for _ in range(100000):
    other = (other,)
for question in (lambda: deep == other, lambda: deep < other, lambda: other in [deep]):
    try:
        print(question())
    except RecursionError:
        print("RecursionError")
