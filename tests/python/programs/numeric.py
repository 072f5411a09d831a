"""Floats, integers that get big, and loops over arrays: nbody, sieve, queens, towers, pi, fibonacci, matrices."""
import math


class Body:
    def __init__(self, x, y, z, vx, vy, vz, mass):
        self.x, self.y, self.z, self.vx, self.vy, self.vz, self.mass = x, y, z, vx, vy, vz, mass


def advance(bodies, dt):
    for i, a in enumerate(bodies):
        for b in bodies[i + 1:]:
            dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
            distance = math.sqrt(dx * dx + dy * dy + dz * dz)
            force = dt / (distance * distance * distance)
            a.vx -= dx * b.mass * force
            a.vy -= dy * b.mass * force
            a.vz -= dz * b.mass * force
            b.vx += dx * a.mass * force
            b.vy += dy * a.mass * force
            b.vz += dz * a.mass * force
    for a in bodies:
        a.x += dt * a.vx
        a.y += dt * a.vy
        a.z += dt * a.vz


def energy(bodies):
    e = 0.0
    for i, a in enumerate(bodies):
        e += 0.5 * a.mass * (a.vx ** 2 + a.vy ** 2 + a.vz ** 2)
        for b in bodies[i + 1:]:
            e -= a.mass * b.mass / math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2 + (a.z - b.z) ** 2)
    return e


def sieve(limit):
    flags = [True] * (limit + 1)
    count = 0
    for i in range(2, limit + 1):
        if flags[i]:
            count += 1
            for k in range(i * i, limit + 1, i):
                flags[k] = False
    return count


def queens(n, row=0, columns=0, left=0, right=0):
    if row == n:
        return 1
    count = 0
    free = ~(columns | left | right) & ((1 << n) - 1)
    while free:
        bit = free & -free
        free ^= bit
        count += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return count


def towers(n, piles, source, target, spare):
    if n == 0:
        return 0
    moves = towers(n - 1, piles, source, spare, target)
    disk = piles[source].pop()
    assert not piles[target] or piles[target][-1] > disk
    piles[target].append(disk)
    return moves + 1 + towers(n - 1, piles, spare, target, source)


def pi_digits(n):
    q, r, t, k, m, x = 1, 0, 1, 1, 3, 3
    digits = []
    while len(digits) < n:
        if 4 * q + r - t < m * t:
            digits.append(m)
            q, r, m = 10 * q, 10 * (r - m * t), (10 * (3 * q + r)) // t - 10 * m
        else:
            q, r, t, k, m, x = q * k, (2 * q + r) * x, t * x, k + 1, (q * (7 * k + 2) + r * x) // (t * x), x + 2
    return "".join(map(str, digits))


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def multiply(a, b):
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]


bodies = [Body(0, 0, 0, 0, 0, 0, 39.5), Body(4.84, -1.16, -0.10, 0.6, 2.8, -0.02, 0.037), Body(8.34, 4.12, -4.0e-1, -1.01, 1.8, 8.4e-3, 0.011),
          Body(12.8, -15.1, -0.22, 1.08, 0.86, -0.01, 0.0017)]
print(repr(energy(bodies)))
for _ in range(300):
    advance(bodies, 0.01)
print(repr(energy(bodies)), repr(bodies[1].x))
print(sieve(8000), [queens(n) for n in range(1, 8)])
piles = [list(range(9, 0, -1)), [], []]
print(towers(9, piles, 0, 2, 1), piles)
print(pi_digits(120))
print(fibonacci(300), fibonacci(90), fibonacci(93), sum(fibonacci(i) for i in range(120)))
a = [[(i * j + 1) % 7 for j in range(12)] for i in range(12)]
for _ in range(4):
    a = multiply(a, a)
    a = [[x % 1009 for x in row] for row in a]
print(a[0], a[11])
edge = 2 ** 62 - 20
for i in range(50):
    edge += 1
print(edge, edge - 2 ** 62, (edge * edge) // (edge - 7), -edge // 3, -edge % 7, edge ^ (1 << 70), edge >> 60, divmod(-edge, 10 ** 9))
x = 0
for i in range(2000):
    x = (x * 31 + i) ^ (i << 3)
    if x > 1 << 61:
        x %= 1000003
    if i % 500 == 499:
        print(x)
print(sum(1.0 / (i * i) for i in range(1, 2000)), math.floor(-2.5), round(2.675, 2), 1e308 * 10, float("nan") != float("nan"))
