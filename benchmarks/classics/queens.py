"""All ways to put n queens on a board: recursion with a generator and sets of ints."""


def placements(size, row, columns, rising, falling):
    if row == size:
        yield ()
        return
    for column in range(size):
        if column in columns or row + column in rising or row - column in falling:
            continue
        for rest in placements(size, row + 1, columns | {column}, rising | {row + column}, falling | {row - column}):
            yield (column,) + rest


def benchmark(n):
    count = total = 0
    for placement in placements(n, 0, frozenset(), frozenset(), frozenset()):
        count += 1
        for row, column in enumerate(placement):
            total += row * column
    return count, total


SIZE, RESULT = 10, (724, 146610)
TEST_SIZE, TEST_RESULT = 5, (10, 200)
