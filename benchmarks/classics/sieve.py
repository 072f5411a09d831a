"""Primes up to n by the sieve of Eratosthenes: a list of bools, strided stores."""


def benchmark(n):
    is_prime = [True] * (n + 1)
    count = 0
    total = 0
    for number in range(2, n + 1):
        if is_prime[number]:
            count += 1
            total += number
            multiple = number * number
            while multiple <= n:
                is_prime[multiple] = False
                multiple += number
    return count, total


SIZE, RESULT = 1000000, (78498, 37550402023)
TEST_SIZE, TEST_RESULT = 100, (25, 1060)
