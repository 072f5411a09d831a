# Built-in functions that run a generator to its end, hot; with errors, early ends and generators inside generators.
def numbers(n, step=1):
    i = 0
    while i < n:
        yield i
        i += step


def failing(n):
    for i in range(n):
        if i == n - 1:
            raise KeyError(i)
        yield i


def two(n):
    for i in range(n):
        yield i
        yield -i


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def filtered(items):
    for x in items:
        if x % 3 == 0:
            continue
        yield x * 1.5 if x % 2 else x


print(list(numbers(20)), tuple(numbers(9, 2)), sum(numbers(100)), sorted(set(x % 7 for x in numbers(50))))
for round in range(30):
    n = round + 5
    a = sum(x * x for x in range(n))
    b = sum(x * 0.5 for x in range(n))
    c = sum((str(x) for x in ()), 3)
    d = any(x > n for x in numbers(n)), any(x == 4 for x in numbers(n)), all(x < n for x in numbers(n)), all(x != 4 for x in numbers(n))
    e = max(x % 11 for x in numbers(n)), min(-x for x in numbers(n)), max((str(x) for x in range(n)), key=len), min((x for x in ()), default="none")
    f = sum(filtered(range(n))), list(filtered(two(n)))[-1], len(list(tree(round % 6)))
    g = ",".join(str(x) for x in numbers(n))
    if round % 10 == 0:
        print(a, b, c, d, e, f, g)
    for function in (list, set, sum, any, all, max, min):
        try:
            function(-x for x in failing(n))
        except KeyError as error:
            if round == 29:
                print(function.__name__, "KeyError", error)
    try:
        sum(x if x < n - 2 else "x" for x in numbers(n))
    except TypeError as error:
        if round == 29:
            print(error)
    for function in (max, min):
        try:
            function(x for x in ())
        except ValueError as error:
            if round == 29:
                print(error)
print(sum(2**62 + x for x in numbers(9)), sum((x / 4 for x in numbers(9)), 1), sum(([x] for x in numbers(4)), []))
g = numbers(10)
print(next(g), any(x == 3 for x in g), list(g), list(g), sum(g))


def outer(n):
    for x in (y * 2 for y in numbers(n)):
        yield x + 1


print([sum(outer(n)) for n in range(40)])


def running():
    yield 1
    yield list(self_reference)


self_reference = running()
try:
    print(list(self_reference))
except ValueError as error:
    print(error)
ones = []
for i in range(40):
    for x in filtered(range(i)):
        if x > 9:
            break
        ones.append(x)
print(len(ones), sum(ones))
