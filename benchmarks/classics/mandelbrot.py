"""Points of a grid that stay bounded under z -> z*z + c: float loops with an early exit."""


def benchmark(n):
    inside = 0
    steps = 0
    for row in range(n):
        ci = 2.0 * row / n - 1.0
        for column in range(n):
            cr = 2.0 * column / n - 1.5
            zr = zi = 0.0
            for step in range(60):
                square_r = zr * zr
                square_i = zi * zi
                if square_r + square_i > 4.0:
                    steps += step
                    break
                zi = 2.0 * zr * zi + ci
                zr = square_r - square_i + cr
            else:
                inside += 1
    return inside * 1000000 + steps


SIZE, RESULT = 240, 22758269668
TEST_SIZE, TEST_RESULT = 12, 60000570
