def f(a):
    x = yield a
    y = yield from x
    try:
        yield
    finally:
        b()
    return y
g = (i for i in f(1))
