"""Five bodies under gravity, stepped n times: floats in attributes."""

DAYS = 365.24
SUN_MASS = 39.47841760435743


class Body:
    def __init__(self, position, velocity, mass):
        self.x, self.y, self.z = position
        self.vx, self.vy, self.vz = [v * DAYS for v in velocity]
        self.mass = mass * SUN_MASS


def solar_system():
    bodies = [
        Body((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 1.0),
        Body((4.841431442464721, -1.1603200440274284, -0.10362204447112311),
             (0.001660076642744037, 0.007699011184197404, -0.0000690460016972063), 0.0009547919384243266),
        Body((8.34336671824458, 4.124798564124305, -0.4035234171143214),
             (-0.002767425107268624, 0.004998528012349172, 0.000023041729757376393), 0.0002858859806661308),
        Body((12.894369562139131, -15.111151401698631, -0.22330757889265573),
             (0.002964601375647616, 0.0023784717395948095, -0.000029658956854023756), 0.00004366244043351563),
        Body((15.379697114850917, -25.919314609987964, 0.17925877295037118),
             (0.0026806777249038932, 0.001628241700382423, -0.00009515922545197159), 0.00005151389020466115),
    ]
    sun = bodies[0]
    for body in bodies[1:]:
        sun.vx -= body.vx * body.mass / SUN_MASS
        sun.vy -= body.vy * body.mass / SUN_MASS
        sun.vz -= body.vz * body.mass / SUN_MASS
    return bodies


def step(bodies, time):
    for number, a in enumerate(bodies):
        for other in range(number + 1, len(bodies)):
            b = bodies[other]
            dx = a.x - b.x
            dy = a.y - b.y
            dz = a.z - b.z
            square = dx * dx + dy * dy + dz * dz
            pull = time / (square * square ** 0.5)
            a.vx -= dx * b.mass * pull
            a.vy -= dy * b.mass * pull
            a.vz -= dz * b.mass * pull
            b.vx += dx * a.mass * pull
            b.vy += dy * a.mass * pull
            b.vz += dz * a.mass * pull
    for body in bodies:
        body.x += time * body.vx
        body.y += time * body.vy
        body.z += time * body.vz


def energy(bodies):
    total = 0.0
    for number, a in enumerate(bodies):
        total += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
        for b in bodies[number + 1:]:
            distance = ((a.x - b.x) ** 2 + (a.y - b.y) ** 2 + (a.z - b.z) ** 2) ** 0.5
            total -= a.mass * b.mass / distance
    return total


def benchmark(n):
    bodies = solar_system()
    for _ in range(n):
        step(bodies, 0.01)
    return round(energy(bodies) * 1e12)


SIZE, RESULT = 25000, -169071265228
TEST_SIZE, TEST_RESULT = 50, -169063617979
