"""Draws the Mandelbrot set with characters: floats, loops, method calls and closures."""


class Plane:
    def __init__(self, left, top, width, height, columns, rows):
        self.left = left
        self.top = top
        self.step_x = width / columns
        self.step_y = height / rows
        self.columns = columns
        self.rows = rows

    def points(self, row):
        y = self.top + row * self.step_y
        for column in range(self.columns):
            yield self.left + column * self.step_x, y


def escape_time(x, y, limit):
    a = b = 0.0
    for step in range(limit):
        a2 = a * a
        b2 = b * b
        if a2 + b2 > 4.0:
            return step
        a, b = a2 - b2 + x, 2.0 * a * b + y
    return limit


def shade(limit, characters=" .:-=+*#%@"):
    def character(steps):
        if steps == limit:
            return characters[-1]
        return characters[min(steps.bit_length(), len(characters) - 2)]
    return character


def main():
    limit = 20000
    plane = Plane(-2.2, -1.2, 3.2, 2.4, 78, 24)
    draw = shade(limit)
    total = 0
    for row in range(plane.rows):
        line = ""
        for x, y in plane.points(row):
            steps = escape_time(x, y, limit)
            total += steps
            line += draw(steps)
        print(line)
    print("steps in all:", total)


main()
