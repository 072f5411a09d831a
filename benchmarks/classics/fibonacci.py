"""Fibonacci numbers by the double recursion: calls and small ints."""


def fibonacci(n):
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)


def benchmark(n):
    return fibonacci(n)


SIZE, RESULT = 29, 514229
TEST_SIZE, TEST_RESULT = 12, 144
