a = b + c * 2
a.b[c] += d.e(1, k=2)
x = y < z <= w
v = p and q or not r
u = 1 if s else 2
t = f'{a!r:>{w}} {b}'
l = [1, 2, 3] + [*m, n] + [i for i in j if i for k in i]
d = {'a': 1, 'b': x, **y}
e, *f = g[1:2, ::3]
h(*a, b, c=1, **d)
h(*a)
if a is None or b in c and d is not None: pass
