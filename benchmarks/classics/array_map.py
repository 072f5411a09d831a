"""Arrays changed in place, n times: a polynomial of floats, a mix of integers' bits, a smoothing of one array into another."""
from array import array

ITEMS = 10000


def polynomial(x):
    for i in range(len(x)):
        x[i] = ((x[i] * 0.25 - 0.5) * x[i] + 0.125) * 0.5


def mix(k):
    for i in range(len(k)):
        k[i] = (k[i] ^ (k[i] >> 3)) & 0xFFFFFF | 0x100


def smooth(x, y):
    for i in range(1, len(x) - 1):
        y[i] = (x[i - 1] + x[i] + x[i + 1]) * 0.25


def clear(x, value):
    for i in range(len(x)):
        x[i] = value


def benchmark(n):
    x = array("d", [0.001 * i for i in range(ITEMS)])
    y = array("d", x)
    k = array("l", range(ITEMS))
    values = [0.5] * ITEMS
    for round in range(n):
        polynomial(x)
        smooth(x, y)
        mix(k)
        clear(values, 0.5 * round)
    return x[5000], y[4999], sum(k), values[1]


SIZE, RESULT = 150, (0.05025253169416733, 0.0376893987706255, 51308024, 74.5)
TEST_SIZE, TEST_RESULT = 2, (0.04736328125, 0.03534687248828954, 51308024, 0.5)
