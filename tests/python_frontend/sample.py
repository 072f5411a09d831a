"""A program that uses the whole syntax that the compiler supports, for goldens and mutations."""
from __future__ import annotations
import sys, os.path as path
import a.b.c
from . import sibling
from ..pkg.mod import (one, two as second,)

x: int = 1
y = z = 0x_ff + 0b101 - 0o17 * 1_000 // 3 % 7 ** 2
big = 123456789012345678901234567890
f1 = 1.5e3 + .5 - 1_0.0_1
text = 'single' "double" r'\raw' '''triple
line''' "\x41\u00e9\U0001F600\n"
data = b'bytes\x00' rb'\d' B"x"
nothing, truth, dots = None, not False, ...
a, (b, *c), [d] = 1, (2, 3, 4), [5]
a, b = b, a
*head, tail = range(5)


def plain(p, q=1, /, r=2, *args: int, s, t: str = 'd', **kwargs) -> None:
    """Docstring."""
    global counter
    counter += 1
    if p and q or not r:
        return
    elif p < q <= r != s is not t:
        pass
    else:
        del args[0], kwargs['k'].attr
    return p if q else r


def outer(n):
    total = 0

    def inner(k=n, *, j: 'forward' = None):
        nonlocal total
        total += k
        return lambda v, *w, u=j: (v, w, u, total)

    for i in range(n):
        if i % 2:
            continue
        if i > 50:
            break
        inner(i)
    else:
        total = -total
    while total < 0:
        total += 1
        try:
            if total == -1:
                break
        finally:
            n -= 1
    return inner


def generate(limit):
    value = yield
    while True:
        try:
            value = yield value, limit
        except (ValueError, TypeError) as error:
            print(error, file=sys.stderr)
            raise RuntimeError('bad') from error
        except KeyError:
            raise
        except Exception:
            return value
        else:
            limit -= 1
        finally:
            yield from range(limit)
            x = yield from other()


def managed(name):
    with open(name) as f, lock, (yield) as (u, v):
        return f.read()
    with (open(name) as g, lock,):
        pass
    with (a, b): pass
    assert name, f'no {name}'


@decorator
@module.factory(1, key='v')
class Derived(Base, metaclass=Meta, **options):
    """A class."""
    field: int = 3
    other: str
    __private = field

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        super().setup(1, k=2)
        self.__value = __class__
        self.items[1:2, ::3, ...] = [1, 2, *args]
        self.items[0] += self.__value

    @property
    def name(self): return self.__value.name

    def walk(self):
        return [n for row in self.rows if row for n in row if n > 0 if n < 9]


numbers = [1, 2, 3, 4]
pairs = {'one': 1, 'two': 2, **more, 3: [4]}
unique = {1, *numbers, 2}
table = {k: v for k, v in pairs.items() if v}
squares = {n * n for n in numbers}
lazy = (n for n in numbers)
nested = [[j for j in range(i)] for i in range(3)]
total = sum(n for n in numbers)
call(1, *numbers, key=2, **pairs, last=3)
call(*numbers)
obj.method(1, key=2).other()[0](x := 5)
if (m := match(text)) is not None and m is None: print(m)
print(f'{x} {y!r:>{z}} {z=} {{}} {"q"}' f'{x:{y}.{z}}' 'end')
value = a @ b << c >> d & ~e | f ^ -g + +h
value @= 1; value //= 2; value **= 3; value >>= 4; value <<= 5; value &= 6; value |= 7; value ^= 8; value %= 9
chain = 1 < x < 2 < y
cond = (1 if x else 2) or (3 and 4)
inside = x in y, x not in y, x is y, x is not y


match command.split():
    case []:
        pass
    case ['go', ('north' | 'south') as where]:
        print(where)
    case [first, *_, last] if first:
        print(first, last)
    case {'key': value, **rest}:
        print(value, rest)
    case {}:
        pass
    case Point(0, y=0) | Point(0, y=1):
        pass
    case Point(x=px, y=py):
        print(px, py)
    case -1 | 2.5 | 'text' | b'b' | None | True:
        pass
    case module.CONSTANT:
        pass
    case (a, b) | [a, b, _]:
        print(a, b)
    case str() as s:
        pass
    case _:
        print('none')

try:
    import fast
except ImportError:
    fast = None
try:
    risky()
finally:
    cleanup()

if True: print('always')
while 0: print('never')
for i, (j, *k) in enumerate(z): print(i, j, k)
lambda: 0
lambda *a, b=1, **c: (yield)
