def f(a, b=2, *args, c, d=4, **kw):
    return a, b, args, c, d, kw
print(f(1, c=3), f(1, 5, 6, 7, c=8, d=9, e=10), f(*(1, 2, 3), **{"c": 4, "z": 5}))
def g(a, /, b, *, c=1): return a + b + c
print(g(1, 2), g(1, b=2, c=3))
for call in ("g()", "g(1)", "g(1, 2, 3)", "g(a=1, b=2)", "g(1, 2, d=3)", "f(1)", "f(c=1)", "g(1, b=1, **{'b': 2})", "len()", "len(1, 2)", "print(foo=1)", "5()", "f(1, c=2, **{'c': 3})"):
    try: eval(call)
    except TypeError as e: print(call, "->", e)
def counter():
    n = 0
    def inc(by=1):
        nonlocal n
        n += by
        return n
    return inc
c = counter(); print(c(), c(5), c())
fs = [lambda i=i: i for i in range(3)]; print([h() for h in fs]); fs = [lambda: i for i in range(3)]; print([h() for h in fs])
def deco(fn):
    def wrapper(*a, **k):
        print("call", fn.__name__, a, k)
        return fn(*a, **k)
    return wrapper
@deco
def add(x, y): "doc"; return x + y
print(add(1, y=2))
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(20), (lambda *a, **k: (a, k))(1, x=2), f.__name__, f.__defaults__, f.__kwdefaults__, add.__name__)
x = 10
def shadow():
    try: print(x)
    except UnboundLocalError as e: print(e)
    x = 5
shadow()
def use_global():
    global x
    x += 1
    return x
print(use_global(), x)
try: undefined_name
except NameError as e: print(e)
def gen(n):
    try:
        for i in range(n):
            got = yield i
            if got: print("got", got)
    finally:
        print("closed")
    return "done"
g1 = gen(3); print(next(g1), g1.send("hi"), list(g1))
g2 = gen(5); next(g2); g2.close()
def outer():
    r = yield from gen(2)
    print("result", r)
    yield "after"
print(list(outer()), sum(x * x for x in range(10)), list(x for x in "abc" if x != "b"))
g3 = gen(2); next(g3)
try: g3.throw(ValueError("boom"))
except ValueError as e: print("caught", e)
def echo():
    while True:
        try: received = yield
        except KeyError as e: print("key error", e); continue
        print("received", received)
e = echo(); next(e); e.send(1); e.throw(KeyError("k")); e.send(2)
def annotated(a: int, b: "str" = "x") -> float: ...
print(annotated.__annotations__, sorted([3, 1, 2], key=lambda v: -v), callable(f), callable(3))
print(eval("1 + x", {"x": 5}), [i for i in range(3)], {**{"a": 1}}, [*range(3), *"ab"], (lambda: (yield))().__class__.__name__)
def many(a, b, c, d, e, f, g, h): return [a, b, c, d, e, f, g, h]
print(many(1, 2, 3, 4, 5, 6, 7, 8), many(*range(8)), (n := 5) + n)
