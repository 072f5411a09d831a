"""y = a * x + y over arrays and lists of floats, n times: what each round of a solver does."""
from array import array

ITEMS = 10000


def saxpy(a, x, y):
    for i in range(len(x)):
        y[i] = a * x[i] + y[i]


def saxpy_counted(a, x, y, count):
    i = 0
    while i < count:
        y[i] = a * x[i] + y[i]
        i += 1


def benchmark(n):
    numbers = [0.5 * i for i in range(ITEMS)]
    x, y = array("d", numbers), array("d", [1.0] * ITEMS)
    list_x, list_y = numbers[:], [1.0] * ITEMS
    for round in range(n):
        saxpy(0.25, x, y)
        saxpy_counted(-0.125, list_x, list_y, ITEMS)
    return y[0], y[777], list_y[ITEMS - 1]


SIZE, RESULT = 300, (1.0, 29138.5, -187480.25)
TEST_SIZE, TEST_RESULT = 2, (1.0, 195.25, -1248.875)
