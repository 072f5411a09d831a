# Sorting: by kind of key, stable both ways, keys that compare by user code or not at all.
import random

random.seed(7)
NAN = float("nan")


class Item:
    def __init__(self, key, tag):
        self.key, self.tag = key, tag

    def __lt__(self, other):
        return self.key < other.key

    def __repr__(self):
        return "%r%s" % (self.key, self.tag)


def reference(items, key, reverse):
    """Insertion sort: stable, and nothing but <."""
    out = []
    for item in reversed(items) if reverse else items:
        at = len(out)
        while at and key(item) < key(out[at - 1]):
            at -= 1
        out.insert(at, item)
    return out[::-1] if reverse else out


def check(name, items, key=None):
    measure = key or (lambda item: item)
    for reverse in (False, True):
        expected = reference(items, measure, reverse)
        in_place = list(items)
        answer = in_place.sort(key=key, reverse=reverse)
        results = [sorted(items, key=key, reverse=reverse), sorted(tuple(items), key=key, reverse=reverse),
                   sorted((x for x in items), key=key, reverse=reverse), in_place]
        good = all(len(r) == len(expected) and all(repr(a) == repr(b) for a, b in zip(r, expected)) for r in results)
        print(name, reverse, good, answer)


for size in (0, 1, 2, 3, 11, 12, 13, 50, 200):
    numbers = [random.randrange(-20, 20) for _ in range(size)]
    check("ints", numbers)
    check("sorted ints", sorted(numbers))
    check("backward", sorted(numbers)[::-1])
    check("falling", list(range(size, 0, -1)))
    check("floats", [n / 4 for n in numbers])
    check("zeros", [random.choice((0.0, -0.0, 1.0, -1.5)) for _ in range(size)])
    check("strings", ["x" * abs(n) + chr(97 + n % 5) for n in numbers])
    check("wide", [chr(0x3b0 + n) + "a" for n in numbers] + ["abc", "\u00e9", ""])
    check("mixed", [random.choice((n, float(n), n > 0, n * 2 ** 62)) for n in numbers])
    check("tuples", [(n % 3, str(n)) for n in numbers])
    check("objects", [Item(n % 7, chr(97 + i % 26)) for i, n in enumerate(numbers)])
    check("by int", [(n, i) for i, n in enumerate(numbers)], lambda pair: pair[0] % 5)
    check("by float", numbers, lambda n: -abs(n) / 2)
    check("by str", numbers, str)
    check("by object", numbers, lambda n: Item(n % 5, ""))

print([x == x for x in sorted([3.0, NAN, 1.0])].count(False), len(sorted([NAN, 2.0, NAN])))
for wrong in ([1, "a"], [None, None], [object(), 2]):
    try:
        sorted(wrong)
    except TypeError as error:
        print(str(error)[:40])
    try:
        wrong.sort()
    except TypeError as error:
        print(str(error)[:40], len(wrong))


def spoil(n):
    victim.append(n)
    return n


victim = [3, 1, 2]
try:
    victim.sort(key=spoil)
except ValueError as error:
    print(error, victim)
