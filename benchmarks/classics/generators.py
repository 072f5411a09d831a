"""Pipelines of generators and generator expressions, recursive walks with yield from, send()."""


def numbers(limit):
    number = 0
    while number < limit:
        yield number
        number += 1


def only(predicate, items):
    for item in items:
        if predicate(item):
            yield item


def pairs(items):
    previous = None
    for item in items:
        if previous is not None:
            yield previous, item
        previous = item


def walk(low, high):
    if low < high:
        middle = (low + high) // 2
        yield from walk(low, middle)
        yield middle
        yield from walk(middle + 1, high)


def averager():
    total = 0
    count = 0
    average = 0
    while True:
        value = yield average
        total += value
        count += 1
        average = total // count


def benchmark(n):
    total = sum(a * b % 7 for a, b in pairs(only(lambda x: x % 3 != 1, numbers(n))))
    for number in walk(0, n // 8):
        total += number & 3
    average = averager()
    next(average)
    for number in range(n // 2):
        total += average.send(number) & 1
    return total


SIZE, RESULT = 300000, 631249
TEST_SIZE, TEST_RESULT = 40, 83
