# bytearray: changes in place, growth, shrinking, and what reads it meanwhile.
b = bytearray()
for i in range(5000):
    b.append(i % 256)
print(len(b), sum(b), b[:5], b[-3:], b[4999], b[-5000])
for i in range(0, 5000, 7):
    b[i] = (b[i] + i) % 256
print(sum(b), hash(bytes(b)) == hash(bytes(b)), b == bytes(b), bytes(b) == b)
for i in range(4900):
    del b[i % len(b)]
print(len(b), bytes(b).hex())
print([b.pop() for i in range(3)], [b.pop(0) for i in range(3)], b.pop(5), len(b))
b[2:5] = b"a longer part"; b[0:0] = b"<"; b[len(b):] = b">"
print(b)
b[::2] = bytes(len(b[::2])); print(b); del b[1::3]; print(b); del b[-1]; print(len(b))
b += b"more"; b.extend([1, 2, 3]); b.extend(b); print(b[-12:], len(b))
alias = b; alias.append(33); print(b is alias, b[-1], b"!" in b, 33 in b, b.find(b"more"), b.count(0))
c = b.copy(); c[0] = 200; print(b[0], c[0], len(c) == len(b))
total = 0
for n, x in enumerate(b):
    if n < 10: b.append(x)          # the iterator sees what is appended
    total += x
print(total, len(b))
b.clear(); print(b, len(b), bytearray(3), bytearray(b"xy") + b"z", bytearray(b"ab") * 3, b"%b" % bytearray(b"in"))
for bad in (lambda: b.pop(), lambda: b.append(256), lambda: bytearray(1)[1], lambda: bytearray(2).__setitem__(2, 0), lambda: bytearray(2).__setitem__(0, -1),
            lambda: bytearray(b"abc").__setitem__(slice(0, 3, 2), b"x"), lambda: b.extend([1, 300]), lambda: b.append("x"), lambda: hash(b)):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
print(b, bytearray(b"abc") < bytearray(b"abd"), bytearray(b"a b c").split(), bytearray(b",").join([b"a", bytearray(b"b")]), repr(bytearray(b"\x00'")))
def fill(n):
    data = bytearray(n)
    for i in range(n):
        data[i] = i & 255
        if data[i // 2] != (i // 2) & 255: return "wrong"
    return sum(data)
print(fill(3000))
d = bytearray(range(20)); del d[::-3]; print(list(d)); d[1::4] = b""; print(list(d)); del d[5:2:1], d[2:4]; print(list(d))
