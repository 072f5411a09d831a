# Calls of every form, often enough to be traced; then the same ones failing.
def plain(a, b, c=3, *, d=4, e=5):
    return (a, b, c, d, e)


def rest(a, *more, key=1, **others):
    return (a, more, key, sorted(others.items()))


def tail(a, b=2, *more, last=9):
    return (a, b, more, last)


class Point:
    def __init__(self, x, y=0, *, name="p"):
        self.x, self.y, self.name = x, y, name

    def moved(self, dx=0, dy=0):
        return Point(self.x + dx, y=self.y + dy, name=self.name)

    def __repr__(self):
        return f"{self.name}({self.x}, {self.y})"


class Meta(type):
    def __call__(cls, *args, **kwargs):
        made = super().__call__(*args, **kwargs)
        made.marked = True
        return made


class Marked(metaclass=Meta):
    def __init__(self, a, b=0):
        self.a, self.b = a, b


def logged(function):
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper


wrapped = logged(plain)


def counts(n):
    return range(n)


def run(n):
    total = 0
    point = Point(0)
    for i in counts(n):
        total += sum(plain(i, b=2)) + sum(plain(i, 2, 3, e=7, d=6)) + sum(plain(b=i, a=1))
        total += len(rest(i, 1, 2, key=3)[1]) + len(tail(i)[2]) + len(tail(i, 1, 2, 3, last=0)[2])
        args = (i, 4)
        total += sum(plain(*args)) + sum(wrapped(*args, d=1)) + sum(wrapped(i, b=1))
        point = point.moved(dy=1, dx=2)
        total += Point(x=i, name="q").x
        m = Marked(i, b=3)
        total += m.b + m.marked
        a, (b, c), *d, e = i, [1, 2], 3, 4, 5
        total += a + b + c + len(d) + e
        (f, g), h = (j for j in [(1, 2), 3])
        total += f + g + h
        text = f"{i}:{a!r:>4}|{point!r}"
        total += len(text) + len({i, 1, 2}) + len({"a": i, "b": 2, i: 3}) + abs(-i) + ord("a")
    return total, point, text


print(run(10))
print(run(3000))


attempt_key = "a"


def failing(n):
    caught = []
    for i in range(n):
        for attempt in (
            lambda: plain(1),
            lambda: plain(1, 2, a=3),
            lambda: plain(1, 2, 3, 4),
            lambda: plain(1, b=2, z=3),
            lambda: rest(),
            lambda: tail(b=1),
            lambda: Point(),
            lambda: Point(1, q=2),
            lambda: plain(*[1]),
            lambda: plain(*5),
            lambda: abs("x"),
            lambda: ord("xy"),
            lambda: [1][attempt_key],
            lambda: [0] * "a",
        ):
            try:
                attempt()
            except TypeError as error:
                if i == n - 1:
                    caught.append(str(error))
        try:
            a, b = [1, 2, 3][: i % 4]
        except ValueError as error:
            if i >= n - 4:
                caught.append(str(error))
        try:
            a, *b, c = (1, 2, 3)[: i % 2 + 1]
        except ValueError as error:
            if i >= n - 4:
                caught.append(str(error))
    return caught


for line in failing(60):
    print(line)


# Defaults and keyword defaults that change after the calls were traced.
def changing(a, b=1, *, c=2):
    return a + b + c


def call_changing(n):
    total = 0
    for i in range(n):
        total += changing(i) + changing(i, c=1) + changing(a=i)
    return total


print(call_changing(2000))
changing.__defaults__ = (10,)
print(call_changing(2000))
changing.__kwdefaults__ = {"c": 20}
print(call_changing(2000))


# A bytearray's items change in place.
def bytes_loop(n):
    data = bytearray(4)
    total = 0
    for i in range(n):
        total += data[0]
        data[0] = i & 255
        total += data[0]
    return total


print(bytes_loop(3000))
