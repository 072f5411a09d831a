a = [3, 1, 2]
a.append(10); a.insert(0, 7); a.extend((5, 6)); print(a, a.pop(), a.pop(0), a.index(2), a.count(1)); a.remove(10); a.sort(); print(a); a.reverse(); print(a)
a[1:3] = [9, 9, 9]; print(a); del a[0]; print(a); a[::2] = [0] * len(a[::2]); print(a, a[-1], a[1:], a[:-1], a[::-1])
b = [1, 2]; b.append("x"); b.append(2.5); print(b, b * 2, b + [None], [1, 2] == [1, 2], [1, 2] < [1, 3], 2 in b, sorted([3.5, 1, 2]))
f = [1.5, 2.5]; f[0] = 3; print(f, sum(f)); f = [1.5]; f.append(1); print(f)
e = []; e.append(1); e.append(2); e.clear(); print(e); e.append("s"); print(e, [[]] * 2, [0] * 3, list(range(5, 0, -2)))
print(sorted([(2, "b"), (1, "z"), (2, "a")], reverse=True), sorted("bca", key=lambda c: -ord(c)), [x * y for x in range(3) for y in range(3) if x != y])
t = (1, 2, 3); print(t[1], t[1:], t + (4,), t * 2, 2 in t, t.index(3), hash(t) == hash((1, 2, 3)), (), (1,), t < (1, 3))
d = {"a": 1, "b": 2}; d["c"] = 3; del d["a"]; d[1] = "one"; d[(1, 2)] = 4; print(d, len(d), d.get("zz"), d.get("b", 9), "c" in d, d.pop("b"), d.setdefault("q", []), list(d), list(d.values()), list(d.items()))
d.update({"z": 1}, y=2); print(d, {**d, "w": 0} == {**d, "w": 0}, dict([("a", 1)], b=2), dict.fromkeys("ab", 0), d.popitem(), {1: 2} | {3: 4}, {k: v for k, v in zip("abc", range(3))})
big = {i: i * i for i in range(1000)}
for i in range(0, 1000, 3): del big[i]
print(len(big), sum(big), big[500], list(big)[:5], list(reversed({"x": 1, "y": 2})))
s = {1, 2, 3}; s.add(2); s.add(4); s.discard(1); print(sorted(s), 2 in s, sorted(s | {9}), sorted(s & {2, 3}), sorted(s - {2}), sorted(s ^ {2, 10}), s <= {2, 3, 4, 5}, len(s), frozenset([1]) == {1}, {frozenset([1]): 2})
print(d.keys() & {"z"}, sorted({"a": 1}.items() | {("b", 2)}), {1.0: "f"}[1], {True: "t"}[1])
print(list(enumerate("ab", 1)), list(zip([1, 2], "ab", (None, None))), list(map(lambda x, y: x + y, [1, 2], [3, 4])), list(filter(None, [0, 1, "", "a"])), list(reversed([1, 2])), any([0, 1]), all([]))
first, *rest = range(5); print(first, rest); (x, y), z = (1, 2), 3; print(x, y, z); *init, last = "abc"; print(init, last)
it = iter([1, 2]); print(next(it), next(it), next(it, "end")); print(slice(1, 10, 2), slice(1, 10, 2).indices(5), range(10)[2:8:2], range(3) == range(0, 3, 1), 5 in range(0, 10, 5), len(range(0, 10, 3)))
l = [1]; l.append(l); print(l); dd = {}; dd["self"] = dd; print(dd)
for bad in ("[][0]", "[1].remove(5)", "{}['k']", "[].pop()", "(1,)[5]", "{[]: 1}", "{}.popitem()", "[1, 2][1, 2]", "a, b = 1", "next(iter([]))", "[1] + (2,)", "set().pop()", "list(5)", "dict([1])", "[1, 2, 3].index(9)"):
    try:
        exec(bad)
        print("no error")
    except Exception as e:
        print(bad, type(e).__name__, e)
try:
    for k in d: d[k * 2] = 1
except RuntimeError as e: print(e)

# Slices and lists of numbers, by kind of item.
for kind in (int, float, str):
    a = [kind(i) for i in range(12)]
    for i in range(10):
        a[i % 3 : i % 5] = a[i % 4 :: -1]
        a[:] = a[-1:] + a[:-1]
        a[2:4] = [kind(9)]
        a[1:1] = a[:2]
        del a[i % 2 : i % 3]
        a[::2] = a[1::2] + a[: len(a[::2]) - len(a[1::2])]
        a.extend(a[:1])
        a += a[2:3]
        a[3:3] = []
        del a[12:]
    print(a, a[::-1], a[5:1:-2], a[2:][:3], [] + a[:1], a.index(a[-1]), kind(77) in a, None in a, a.count(a[0]))
    a.reverse()
    print(a, sorted(a), sorted(a, reverse=True))
    a.sort(reverse=True)
    a[1:2] = ["x", 1, 2.5]
    print(a)
b = list(range(5))
b.extend(range(3, 0, -1))
b[len(b) :] = range(2)
print(b, list(range(10, 0, -3)), [1, 2].__contains__(2.0), 1 in [1.0], sum([]), sum([1.5, 2]), sum([2**62, 2**62]))
try:
    print({**"ab"})
except TypeError as error:
    print(error)
print(max(3, 1, 2), min(2.5, 1, 7), max("b", "a", "c"), min((1, 2), (1,)), max(1, 2.0, True), (-2) ** 2, 1.5**2, 3 < 3.5, 2**53 + 1 > 2.0**53)
print({}.pop([], "an empty dictionary asks for no hash"))
try:
    {1: 2}.pop([], None)
except TypeError as error:
    print(error)
