@deco
def f(a, b=1, /, c=2, *d, e, g=3, **h) -> int:
    "doc"
    n = 0
    def k(x: str):
        nonlocal n
        global m
        n = m = x
        return lambda: n
    return k
import a.b, c.d.e as q
from .x import y as z, w
from t import *
