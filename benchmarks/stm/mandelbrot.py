"""The Mandelbrot set in bands."""
from common import run

SIZE = 400


def row(y):
    inside = 0
    imaginary = 2.0 * y / SIZE - 1.0
    for x in range(SIZE):
        real = 3.0 * x / SIZE - 2.0
        a = b = 0.0
        steps = 0
        while steps < 50 and a * a + b * b <= 4.0:
            a, b = a * a - b * b + real, 2.0 * a * b + imaginary
            steps += 1
        if steps == 50:
            inside += 1
    return inside


def work(number, parts):
    return sum(row(y) for y in range(number, SIZE, parts))


run(work)
