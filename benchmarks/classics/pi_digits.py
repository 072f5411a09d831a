"""Digits of pi from a stream of fractions (Gibbons' spigot): integers of thousands of bits."""


def benchmark(n):
    q, r, t, k, digit, odd = 1, 0, 1, 1, 3, 3
    produced = 0
    checksum = 0
    while produced < n:
        if 4 * q + r - t < digit * t:
            checksum = (checksum * 31 + digit) % 1000000007
            produced += 1
            q, r, digit = 10 * q, 10 * (r - digit * t), (10 * (3 * q + r)) // t - 10 * digit
        else:
            digit = (q * (7 * k + 2) + r * odd) // (t * odd)
            q, r, t, k, odd = q * k, (2 * q + r) * odd, t * odd, k + 1, odd + 2
    return checksum


SIZE, RESULT = 1600, 961360464
TEST_SIZE, TEST_RESULT = 20, 476575384
