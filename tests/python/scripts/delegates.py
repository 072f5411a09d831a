# Chains of generators that delegate to each other: long ones, errors and results that go up, re-entrancy, throw and close in the middle.


def chain(depth, items):
    if depth == 0:
        result = 0
        for item in items:
            got = yield item
            if got is not None:
                result += got
        return result
    try:
        inner = yield from chain(depth - 1, items)
    except ValueError as error:
        yield "caught at %d: %s" % (depth, error)
        inner = -depth
    return inner + 1


for depth in (0, 1, 2, 63, 64, 65, 130, 300):
    g = chain(depth, [1, 2, 3])
    out = [next(g), g.send(5), g.send(7)]
    try:
        g.send(10)
    except StopIteration as stop:
        out.append(stop.value)
    print(depth, out)
    g = chain(depth, iter([1, 2]))
    next(g)
    try:
        print(g.throw(ValueError("thrown")), list(g))
    except ValueError as error:
        print("out", error)
    g = chain(depth, [1, 2])
    next(g)
    g.close()
    print(list(g))


def failing(depth, at):
    if depth == 0:
        for n in range(10):
            if n == at:
                raise ValueError(n)
            yield n
    else:
        try:
            yield from failing(depth - 1, at)
        except ValueError as error:
            if depth % 3 == 0:
                yield "again"
                raise
            if depth % 3 == 1:
                raise KeyError(depth) from error
            raise


for depth in range(1, 8):
    seen = []
    try:
        for item in failing(depth, depth):
            seen.append(item)
    except (KeyError, ValueError) as error:
        seen.append(repr(error))
    print(depth, seen)

top = None


def reenter(depth):
    if depth == 0:
        try:
            next(top)
        except ValueError as error:
            yield str(error)
        try:
            top.close()
        except ValueError as error:
            yield str(error)
        yield 1
    else:
        yield from reenter(depth - 1)


for depth in (0, 1, 5):
    top = reenter(depth)
    print(list(top))


class Tree:
    def __init__(self, left, value, right):
        self.left, self.value, self.right = left, value, right

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.value
        if self.right:
            yield from self.right


def tree(items):
    if not items:
        return None
    middle = len(items) // 2
    return Tree(tree(items[:middle]), items[middle], tree(items[middle + 1:]))


for _ in range(3):
    print(sum(tree(range(2000))), list(tree(range(10))))
