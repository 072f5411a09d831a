import math, sys, time
from math import sqrt, pi as PI
import _helper
from _helper import value as v, Thing
import _package.part
from _package import other
print(sqrt(16), PI, math.floor(-1.5), math.ceil(1.2), math.gcd(12, 18), math.factorial(20), math.isclose(0.1 + 0.2, 0.3), math.log(math.e), math.hypot(3, 4), math.inf, math.comb(5, 2), math.isqrt(17))
print(_helper.value, v, Thing().x, _package.part.where, other.name, _helper.__name__, "_helper" in sys.modules)
print(time.time() > 0, time.perf_counter_ns() > 0, __name__, len(sys.argv), sys.maxsize, type(sys).__name__)
_helper.value = 10; print(_helper.value, v, _helper.get())
from functools import reduce, partial, lru_cache, wraps
print(reduce(lambda a, b: a * b, [1, 2, 3, 4]), partial(pow, 2)(5))
@lru_cache(None)
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(80))
for bad in (lambda: math.sqrt(-1), lambda: math.log(0), lambda: math.factorial(-1)):
    try: bad()
    except ValueError as e: print(e)
