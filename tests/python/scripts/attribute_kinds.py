# Attributes that hold numbers, and then something else: maps keep ints and floats without objects.
class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


def total(points):
    sum_x = 0
    for p in points:
        sum_x += p.x
        p.y = p.y + 1
    return sum_x


ints = [Point(i, i) for i in range(20)]
floats = [Point(i / 2, i) for i in range(20)]
print(total(ints), total(floats), total(ints + floats))
for i, p in enumerate(ints):
    p.y = ("text", None, 1.5, 2**70, True, -0.0, [1])[i % 7]
print([p.y for p in ints])
print([(p.x, p.y) for p in floats][:4])
for p in floats:
    p.x = 2**62
for round in range(4):
    for p in floats:
        p.x = p.x + p.x  # beyond 64 bits on the way
print(floats[3].x, type(floats[3].x), floats[3].y)


class Counter:
    limit = 3

    def __init__(self):
        self.count = 0
        self.last = None
        self.ratio = 0.0

    def step(self, value):
        self.count += 1
        if self.count > 30:
            self.last = value
        self.ratio = self.count / 4
        return self.ratio


c = Counter()
print(sum(c.step(i) for i in range(50)), c.count, c.last, c.ratio, c.__dict__)
c.extra = 1
c.extra = "one"
del c.count
c.count = 7
print(sorted(c.__dict__.items(), key=str), vars(c) is c.__dict__)


class Slots:
    __slots__ = ("a", "b")


s = Slots()
for i in range(40):
    s.a = i
    s.b = i * 0.5 if i < 30 else str(i)
print(s.a, s.b)
try:
    s.c = 1
except AttributeError as e:
    print(e)

# The order of attributes survives a change of kind; nan and -0.0 keep their bits.
o = Point(1, 2.0)
o.z = 3
o.w = "w"
o.y = "y"
print(list(o.__dict__.items()))
o = Point(float("nan"), -0.0)
print(o.x, o.y, o.x is o.x)


class Flags:
    pass


made = []
for i in range(60):
    f = Flags()
    f.value = i if i < 20 else i + 0.5 if i < 40 else None
    f.name = f"n{i}"
    made.append(f)
print([f.value for f in made[::9]], [f.name for f in made[::9]])
e = ValueError("x")
e.code = 3
e.code += 1
e.code = "four"
print(e.code, e.args)


def function():
    pass


function.calls = 0
for i in range(30):
    function.calls += 1
function.calls = "many"
print(function.calls)
