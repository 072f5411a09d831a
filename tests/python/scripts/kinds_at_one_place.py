# One instruction sees objects of more classes than it remembers, which also change while it runs.
def make(number):
    class Kind:
        def __init__(self):
            self.number = number
            if number % 2:
                self.extra = -number

        def answer(self):
            return self.number * 10

    Kind.__name__ = f"Kind{number}"
    return Kind


kinds = [make(number) for number in range(7)]


def visit(objects, names):
    total = 0
    for o in objects:
        o.number = o.number + 1
        o.added = len(names)
        total += o.answer() + o.added
        if o.number % 2 == 0:
            total += getattr(o, "extra", 1)
        names.append(o.answer.__name__)
    return total


names = []
for count in (1, 2, 4, 5, 7, 7, 3, 1):
    print(visit([kind() for kind in kinds[:count]] * 30, names), len(names))

# What was remembered must not be found any more.
objects = [kind() for kind in kinds] * 3
print(visit(objects, names))
for number, kind in enumerate(kinds):
    kind.answer = lambda self, number=number: self.number * 100 + number
print(visit(objects, names), sorted(set(names)))
kinds[2].number = property(lambda self: 1000, lambda self, value: None)
kinds[5].__getattribute__ = lambda self, name: object.__getattribute__(self, name) if name != "number" else 7
print(visit(objects, names))
del kinds[3].answer
try:
    visit(objects, names)
except AttributeError as error:
    print(error)


def lengths(things):
    return [thing.__len__() for thing in things]


print(lengths([[], (), "abc", {1: 2}, {1, 2}, b"ab", range(5)] * 3))
