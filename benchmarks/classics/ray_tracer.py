"""A small ray tracer: spheres over a floor, one light, shadows and mirrors. Objects of floats that live for a moment."""


class Vector:
    __slots__ = ("x", "y", "z")

    def __init__(self, x, y, z):
        self.x = x
        self.y = y
        self.z = z

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other):
        return Vector(self.x - other.x, self.y - other.y, self.z - other.z)

    def __mul__(self, factor):
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    def dot(self, other):
        return self.x * other.x + self.y * other.y + self.z * other.z

    def unit(self):
        return self * (1.0 / self.dot(self) ** 0.5)


class Sphere:
    def __init__(self, center, radius, color, mirror):
        self.center = center
        self.radius = radius
        self.color = color
        self.mirror = mirror

    def meet(self, start, direction):
        to_center = self.center - start
        along = to_center.dot(direction)
        room = self.radius * self.radius - to_center.dot(to_center) + along * along
        if room < 0.0:
            return None
        distance = along - room ** 0.5
        return distance if distance > 1e-6 else None

    def normal(self, point):
        return (point - self.center).unit()

    def color_at(self, point):
        return self.color


class Floor:
    mirror = 0.1

    def meet(self, start, direction):
        if direction.y > -1e-9:
            return None
        return -start.y / direction.y if start.y > 1e-6 else None

    def normal(self, point):
        return Vector(0.0, 1.0, 0.0)

    def color_at(self, point):
        return 0.9 if (int(point.x + 100.0) + int(point.z + 100.0)) % 2 else 0.2


class Scene:
    def __init__(self):
        self.things = [Floor(), Sphere(Vector(0.0, 1.0, 5.0), 1.0, 0.8, 0.4), Sphere(Vector(-1.8, 0.6, 4.0), 0.6, 0.5, 0.2),
                       Sphere(Vector(1.6, 0.8, 3.5), 0.8, 0.7, 0.3)]
        self.light = Vector(-5.0, 8.0, -3.0)

    def nearest(self, start, direction):
        best, best_distance = None, 1e30
        for thing in self.things:
            distance = thing.meet(start, direction)
            if distance is not None and distance < best_distance:
                best, best_distance = thing, distance
        return best, best_distance

    def shade(self, start, direction, depth):
        thing, distance = self.nearest(start, direction)
        if thing is None:
            return 0.3 + 0.3 * direction.y
        point = start + direction * distance
        normal = thing.normal(point)
        to_light = (self.light - point).unit()
        brightness = 0.1
        if self.nearest(point + normal * 1e-4, to_light)[0] is None:
            brightness += 0.9 * max(0.0, normal.dot(to_light))
        color = thing.color_at(point) * brightness
        if depth > 0:
            mirrored = direction - normal * (2.0 * normal.dot(direction))
            color = color * (1.0 - thing.mirror) + thing.mirror * self.shade(point + normal * 1e-4, mirrored, depth - 1)
        return color


def benchmark(n):
    scene = Scene()
    eye = Vector(0.0, 1.2, -2.0)
    total = 0
    for row in range(n):
        for column in range(n):
            direction = Vector((column - n / 2) / n, (n / 2 - row) / n, 1.0).unit()
            total += int(255.0 * scene.shade(eye, direction, 2))
    return total


SIZE, RESULT = 110, 1161659
TEST_SIZE, TEST_RESULT = 6, 3540
