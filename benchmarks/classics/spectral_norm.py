"""The spectral norm of an infinite matrix's upper left corner: float arithmetic in comprehensions and sums."""


def entry(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times(vector):
    size = len(vector)
    return [sum([entry(i, j) * vector[j] for j in range(size)]) for i in range(size)]


def times_transposed(vector):
    size = len(vector)
    return [sum([entry(j, i) * vector[j] for j in range(size)]) for i in range(size)]


def benchmark(n):
    u = [1.0] * n
    v = u
    for _ in range(4):
        v = times_transposed(times(u))
        u = times_transposed(times(v))
    across = along = 0.0
    for a, b in zip(u, v):
        across += a * b
        along += b * b
    return round((across / along) ** 0.5 * 1e9)


SIZE, RESULT = 200, 1274223601
TEST_SIZE, TEST_RESULT = 8, 1270046306
