"""Dot products and sums of arrays and lists, n times: floats are added in order, integers exactly."""
from array import array

ITEMS = 10000


def dot(x, y):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * y[i]
    return total


def sum_of(values):
    total = 0
    for v in values:
        total += v
    return total


def benchmark(n):
    floats = [0.5 * (i % 1000) for i in range(ITEMS)]
    x, y, integers = array("d", floats), array("d", floats[::-1]), array("l", range(ITEMS))
    result = []
    for round in range(n):
        result = [dot(x, y), dot(floats, floats), sum_of(integers)]
        integers[round % ITEMS] += round
    return result


SIZE, RESULT = 200, [415417500.0, 832083750.0, 50014701]
TEST_SIZE, TEST_RESULT = 2, [415417500.0, 832083750.0, 49995000]
