# Sets whose items are plain ints, all but plain ints, or turn from one kind to the other; texts that widen as they are put together.


def show(items):
    return sorted(items, key=lambda item: (str(type(item)), repr(item)))


def both_ways(a, b):
    return [show(a & b), show(a | b), show(a - b), show(b - a), show(a ^ b), a <= b, a < b, a >= b, a == b, a.isdisjoint(b)]


BIG = 2 ** 61 - 1  # hash(BIG) is 0
SAMPLES = [set(), {1, 2, 3}, {-1, -2}, {-2}, {True, 2}, {1.0, 2.0}, {0, BIG}, {BIG - 1, -BIG}, {2 ** 70, 1}, set(range(40)),
           {"a", "b"}, {"a", 1}, frozenset([3, 2]), {None, (1, 2)}, {2 ** 61, 2}]
for left in SAMPLES:
    for right in SAMPLES:
        print(both_ways(left, right))
    print([item in left for item in (0, 1, -1, -2, True, 1.0, 2.0, BIG, 2 ** 61, "a", None, (1, 2), 2 ** 70)])

s = {1, 2, 3}
t = s
s |= {4}
s -= {1, 9}
s &= {2, 3, 4}
s ^= {4, 5}
print(show(s), s is t)
s -= s
print(s, t)
s.update([1, 2], {3: 0}, (x for x in range(5)))
s.difference_update({0, 1}, [2])
s.intersection_update({3, 4, 5})
print(show(s))
s.add(-1)
s.add(True)
s.add("x")
s.discard(3)
s.discard(77)
print(show(s), len(s))
for n in range(100):
    s.add(n)
for n in range(0, 100, 3):
    s.discard(n)
c = s.copy()
c.add(0)
print(len(s), len(c), show(s)[:5], c > s, set(c) == c)
while s:
    s.pop()
print(s, s == set())
d = {-1: "a", -2: "b", 1: "c", True: "d", BIG: "e", 0: "f"}
print(d, d[-1], d[-2], d[1.0], d.get(2 ** 61 - 1), d.get(-3), d.get(-1.0))
d = {n: n for n in range(30)}
d["x"] = 1
del d[7]
print(d.get(7), d.get(8), d["x"], d.get(-1), dict(d) == d)


class Same:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return self.n

    def __eq__(self, other):
        return isinstance(other, (int, Same)) and int(other) == self.n

    def __int__(self):
        return self.n


print({1, 2, 3} & {Same(1), Same(9)} != set(), Same(2) in {1, 2}, {Same(1)} <= {1, 2}, {1: "one"}[Same(1)])


def many(count):
    total = 0
    whole = frozenset(range(50))
    for n in range(count):
        part = frozenset([n % 50, (n + 7) % 50, n % 60])
        if part <= whole:
            total += min(whole - part) + len(whole & part)
    return total


print(many(3000))

WIDE, LATIN = "\u03c0", "\u00e9"
for text in ("", "abc", LATIN, WIDE, "a" * 300, WIDE * 300, "\U0001f600"):
    print("%s|%10s|%-10s|%.2s" % (text, text, text, text))
    print("{}|{:>10}|{:*<10}|{:^11.3}|{!r}".format(text, text, text, text, text))
    print(f"{text:\u03c0^12}|{text!a:>9}|{text * 2}")
    print(text.replace("a", "b").replace(WIDE, "a")[:20], repr(text)[:20], repr(text + "'")[:20], repr("\t" + text + '"')[:20])
print("%c%c%c" % (65, WIDE, 0x1f600), "%(a)s %(b)5.1f%%" % {"a": WIDE, "b": 2.25}, "%*d|%-*d|" % (5, 42, 6, 7))
print("%d %i %5d %-5d| %05d %+d % d %x %X %#x %o %#o" % (1, -2, 3, 4, -5, 6, 7, 255, 255, 255, 8, 8), "%s" % 10 ** 30, "%x" % 2 ** 70)
for value in (0.0, -0.0, 1.5, 2.5, 0.1, 1e22, 123456789.125, 1e-7, 1e300, 5e-324, float("inf"), float("nan")):
    print("%f %.0f %.3e %g %G %.12g %#.3g %10.2f|%-10.1f|%010.3f" % ((value,) * 10))
    print(f"{value} {value:.2f} {value:e} {value:.10g} {value:,.3f} {value:+.1f} {value:>12.3f} {value:%} {value:.50f}"[:200])
for value in (0, 7, -7, 255, -4096, 2 ** 63 - 1, -2 ** 63, 2 ** 64):
    print(f"{value} {value:x} {value:#X} {value:b} {value:,} {value:>25} {value:025} {value:_x} {value:e}", hex(value), bin(value), oct(value))
for wrong in ("%d", "%s %s", "%", "%(a)s", "%y", "%\u03c0"):
    try:
        print(wrong % "x")
    except (TypeError, ValueError) as error:
        print(type(error).__name__, error)
for wrong in ("{", "}", "{0} {}", "{1}", "{:d}", "{!x}", "{a}"):
    try:
        print(wrong.format("x"))
    except (IndexError, ValueError, KeyError) as error:
        print(type(error).__name__, error)
print(show({2.0, 0}.intersection([0.0, 2, 2.0])), show({2.0, 0} & {0.0, 2, 7}), show({2.0, 0, 7} & {0.0, 2}))
s = {2.0, 0}
s.intersection_update([2, 5])
import sys
half = sys.maxsize // 2 + 1
print(show(s), {2.0}.union([2]), {2.0}.symmetric_difference([3, 2]), [] * half, () * half, bytearray() * half)
