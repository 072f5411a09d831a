"""What makes traces leave their path: exceptions and generators in hot loops, deep recursion, changing types and classes, with, closures."""
import sys


class Failure(Exception):
    pass


def risky(i):
    if i % 7 == 3:
        raise Failure(i)
    if i % 11 == 5:
        return [][i]
    return i


def exceptions(n):
    caught = total = finals = 0
    for i in range(n):
        try:
            total += risky(i)
        except Failure as failure:
            caught += failure.args[0]
        except IndexError:
            caught += 1
        else:
            total += 1
        finally:
            finals += 1
    return total, caught, finals


def countdown(n):
    while n:
        got = yield n
        n -= 1 if got is None else got


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def generators():
    total = 0
    for i in range(60):
        for value in countdown(i):
            total += value
    g = countdown(1000)
    next(g)
    try:
        while True:
            total += g.send(3 if total % 2 else 1)
    except StopIteration:
        pass
    evens = (x for x in range(400) if x % 2 == 0)
    squares = (x * x for x in evens)
    return total, sum(squares), sum(tree(8)), list(zip(countdown(3), tree(2)))


class Guard:
    entered = left = swallowed = 0

    def __enter__(self):
        Guard.entered += 1
        return self

    def __exit__(self, kind, value, traceback):
        Guard.left += 1
        if kind is Failure:
            Guard.swallowed += 1
            return True
        return False


def contexts(n):
    total = 0
    for i in range(n):
        with Guard() as guard:
            total += risky(i * 2 if i * 2 % 11 != 5 else 4)
    return total, guard.entered, guard.left, guard.swallowed


class Shape:
    def __init__(self, size):
        self._size = size

    @property
    def size(self):
        return self._size

    @size.setter
    def size(self, value):
        if value < 0:
            raise ValueError(f"negative size {value}")
        self._size = value

    def area(self):
        return 0

    def describe(self):
        return f"{type(self).__name__}({self.size})"


class Square(Shape):
    def area(self):
        return self.size * self.size


class Cube(Square):
    def area(self):
        return 6 * super().area()

    def describe(self):
        return "solid " + super().describe()


class Circle(Shape):
    pi = 3

    def area(self):
        return self.pi * self.size ** 2

    def __getattr__(self, name):
        if name == "diameter":
            return 2 * self.size
        raise AttributeError(name)


def shapes(n):
    shapes = [Square(2), Cube(3), Circle(4), Shape(5)]
    total = 0
    for i in range(n):
        shape = shapes[i * i % 4 if i < n // 2 else i % 4]
        shape.size += 1
        total += shape.area()
        if i % 100 == 50:
            Circle.pi += 1
        if i == n // 2:
            Square.area = lambda self: self.size
            shape.extra = i
    return total, [s.describe() for s in shapes], shapes[2].diameter, hasattr(shapes[0], "diameter")


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


def runaway(n):
    return runaway(n + 1) + 1


def polymorphic(values):
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def closures(n):
    functions = []
    for i in range(n):
        def add(x, i=i):
            nonlocal_total[0] += i
            return x + i + nonlocal_total[0]
        functions.append(add)
    nonlocal_total = [0]
    result = 0
    for f in functions:
        result = f(result) % 100003
    return result, nonlocal_total


def strings(n):
    parts, text = [], ""
    for i in range(n):
        text += chr(97 + i % 26)
        if i % 10 == 0:
            parts.append(text[-7:].upper() + f"{i:>5}|{i / 3:.2f}|{i!r}")
    words = " ".join(parts).split()
    counts = {}
    for word in words:
        for c in word:
            counts[c] = counts.get(c, 0) + 1
    return len(text), words[-3:], sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:8], text[::-97], text.count("abc"), text.find("xyz", 500)


print(exceptions(600))
print(generators())
print(contexts(200))
print(shapes(400))
print(deep(900), sum(deep(i % 50) for i in range(300)))
sys.setrecursionlimit(1500)
for _ in range(3):
    try:
        runaway(0)
    except RecursionError as error:
        print(type(error).__name__, str(error)[:32])
for values in ([1] * 200, [1.5] * 200, ["a"] * 40, [[1], [2]], [2 ** 62] * 5, [True] * 100, [1, 2.5] * 50):
    print(polymorphic(values))
print(closures(150))
print(strings(800))
try:
    Cube(1).size = -1
except ValueError as error:
    print(error)
for i in range(100):
    for j in range(i):
        if j * j > i:
            break
        if j % 2:
            continue
    else:
        if i % 33 == 0:
            print("else", i)
