# Loops over arrays and lists of numbers, in every shape that may be run several items at a time: all lengths around a
# round's, the same array read and written at a distance, items that leave the loop (another class, an overflow, an index out
# of range) at each position of a round. What is printed must not depend on how many items are done at once.
from array import array

SHAPES = {
    "saxpy": "for i in range(n):\n  y[i] = a * x[i] + y[i]",
    "saxpy_while": "i = 0\nwhile i < n:\n  y[i] = a * x[i] + y[i]\n  i += 1",
    "map": "for i in range(n):\n  x[i] = (x[i] - a) * x[i] + 2.0",
    "copy": "for i in range(n):\n  y[i] = x[i]",
    "fill": "for i in range(n):\n  x[i] = a",
    "swap": "for i in range(n):\n  t = x[i]\n  x[i] = y[i]\n  y[i] = t",
    "dot": "for i in range(n):\n  s += x[i] * y[i]",
    "total": "for v in x:\n  s += v",
    "total_enumerate": "for i, v in enumerate(x):\n  s += v\n  y[i] = s",
    "zip": "for v, w in zip(x, y):\n  s += v * w",
    "prefix": "for i in range(n):\n  s += x[i]\n  x[i] = s",
    "prefix_in_place": "for i in range(1, n):\n  x[i] = x[i] + x[i - 1]",
    "shift_down": "for i in range(n - 1):\n  x[i] = x[i + 1] * a",
    "shift_up": "for i in range(1, n):\n  x[i] = x[i - 1] * a",
    "shift_up_3": "for i in range(3, n):\n  x[i] = x[i - 3] + a",
    "shift_up_9": "for i in range(9, n):\n  x[i] = x[i - 9] + a",
    "other_shift": "for i in range(1, n):\n  y[i] = x[i - 1] + x[i]",
    "stencil": "for i in range(1, n - 1):\n  y[i] = (x[i - 1] + x[i] + x[i + 1]) * a",
    "two_stores": "for i in range(n - 1):\n  x[i] = y[i] + a\n  x[i + 1] = y[i] - a",
    "two_stores_back": "for i in range(1, n):\n  x[i] = y[i] + a\n  x[i - 1] = y[i] - a",
    "store_then_load": "for i in range(n):\n  x[i] = y[i] + a\n  y[i] = x[i] * a",
    "store_load_next": "for i in range(n - 1):\n  x[i] = y[i] + a\n  y[i] = x[i + 1] * a",
    "backwards": "for i in range(n - 1, -1, -1):\n  y[i] = x[i] + a",
    "every_second": "for i in range(0, n, 2):\n  y[i] = x[i] + a",
    "reversed": "for i in range(n):\n  y[i] = x[n - 1 - i]",
    "counter_as_value": "for i in range(n):\n  x[i] = i * 3 - 7\n  y[i] = i",
    "absolute": "for i in range(n):\n  y[i] = abs(x[i]) - (-x[i])",
    "quotient": "for i in range(n):\n  y[i] = x[i] / (y[i] + 100000.5)",
    "positive": "for i in range(n):\n  if x[i] > 2:\n    y[i] = x[i]\n    s += x[i]",
    "last": "for v in x:\n  t = v",
    "two_counters": "j = 5\nfor i in range(n):\n  y[i] = x[i] + a\n  j += 3\ns += j",
    "counter_that_becomes_big": "j = 2**63 - 40\nfor i in range(n):\n  y[i] = x[i] + a\n  j += 3\ns += j",
    "counter_down": "j = 40 - 2**63\nfor i in range(n):\n  y[i] = x[i] + a\n  j -= 3\ns += j",
    "until": "i = 0\nwhile x[i] < 12 and i < n - 1:\n  s += x[i]\n  i += 1\ns += i",
    "comprehension": "t = [v * a for v in x]\nfor v in t:\n  s += v\nt = len(t)",
    "append": "t = []\nfor i in range(n):\n  t.append(x[i] - y[i])\nfor v in t:\n  s += v\nt = len(t)",
    "nested": "for k in range(3):\n  for i in range(n):\n    y[i] += x[i] * a",
}
ROW_SHAPES = {  # an array with rows of w items
    "row": "for r in range(h):\n  for i in range(w):\n    y[r * w + i] = x[r * w + i] * a",
    "from_above": "for r in range(1, h):\n  for i in range(w):\n    x[r * w + i] = x[(r - 1) * w + i] + a",
    "shear": "for r in range(1, h):\n  for i in range(w):\n    x[r * w + i] = x[r * w + i - r] + a",
    "shear_back": "for r in range(h):\n  for i in range(w - r):\n    x[r * w + i] = x[r * w + i + r] * a",
    "any_distance": "for d in range(h):\n  for i in range(w):\n    x[i + 20] = x[i + d] + a",
    "column_sum": "for r in range(h):\n  for i in range(w):\n    y[i] += x[r * w + i]",
    "stencil_rows": "for r in range(1, h - 1):\n  for i in range(1, w - 1):\n"
                    "    y[r * w + i] = (x[(r - 1) * w + i] + x[(r + 1) * w + i] + x[r * w + i - 1] + x[r * w + i + 1]) * a",
}
INT_SHAPES = {
    "mask": "for i in range(n):\n  x[i] = (x[i] ^ 0x5a) & 0xff | 0x100",
    "shifts": "for i in range(n):\n  y[i] = (x[i] >> 3) ^ ((x[i] & 0xffff) << 5) ^ ~x[i]",
    "affine": "for i in range(n):\n  x[i] = x[i] * 3 + 1",
    "difference": "for i in range(n):\n  x[i] = y[i] - x[i] * i",
    "counting": "i = 0\nk = 100\nwhile i < n:\n  x[i] = y[i] & k\n  i += 1\n  k += 2",
    "bits": "for v in x:\n  s ^= v",
}


def make(text):
    body = "".join("  " + line + "\n" for line in text.split("\n"))
    scope = {}
    exec("def f(x, y, n, a):\n  s = t = 0\n" + body + "  return s, t", scope)
    return scope["f"]


def show(name, what, result, *arrays):
    digest = 0
    for values in arrays:
        for v in values:
            digest = (digest * 1000003 + sum(map(ord, repr(v)))) % (2**61 - 1)
    print(name, what, result, digest)


def numbers(count, float_items):
    made = [(i * 7919 + 13) % 23 - 3 for i in range(count)]
    return [v * 0.37 for v in made] if float_items else made


LENGTHS = list(range(10)) + [15, 16, 17, 31, 32, 33, 70]


def run_all(shapes, float_items):
    kinds = [list, lambda v: array("d" if float_items else "q", v)]
    for name, text in shapes.items():
        for k, kind in enumerate(kinds):
            f = make(text)
            a = 0.75 if float_items else 3
            for n in LENGTHS:
                if name == "until" and n == 0:
                    continue
                x, y = kind(numbers(n, float_items)), kind(numbers(n + 3, float_items)[3:])
                try:
                    result = f(x, y, n, a)
                except (TypeError, OverflowError) as error:
                    result = type(error).__name__
                show(name, (k, n), result, x, y)
            x = kind(numbers(70, float_items))  # the same array twice
            try:
                result = f(x, x, 70, a)
            except (TypeError, OverflowError) as error:
                result = type(error).__name__
            show(name, (k, "same"), result, x)


def run_rows():
    for name, text in ROW_SHAPES.items():
        for float_items in (True, False):
            f = make("h = n\nw = 29\n" + text)
            for h in (1, 2, 5, 30, 30, 3):
                x, y = numbers(30 * 29 + 30, float_items), [0.0 if float_items else 0] * (30 * 29 + 30)
                f(x, y, h, 0.5 if float_items else 1)
                show(name, h, float_items, x, y)
            x = numbers(30 * 29 + 30, float_items)
            f(x, x, 30, 0.5 if float_items else 1)
            show(name, "same", float_items, x)


def counters_at_the_ends():
    # The loop gets hot with small counters; then one begins near an end of the machine's integers.
    f = make("j = n\nfor i in range(40):\n  y[i] = x[i] + 1.5\n  j += a\n  j = j + 3\ns = j")
    up = make("j = n\nfor i in range(40):\n  y[i] = x[i] + 1.5\n  j += 3\ns = j")
    down = make("j = n\nfor i in range(40):\n  y[i] = x[i] + 1.5\n  j -= 3\ns = j")
    x, y = numbers(40, True), [0.0] * 40
    for g in f, up, down:
        for start in [0] * 6 + [2**63 - 1 - k for k in range(0, 130, 5)] + [-(2**63) + k for k in range(0, 130, 5)]:
            print("ends", start, g(x, y, start, 1)[0])


def leaves_in_a_round():
    # An item of another class, at each position.
    f = make("for i in range(n):\n  y[i] = x[i] * a")
    g = make("for v in x:\n  s += v")
    for at in range(40):
        x = numbers(40, True)
        x[at] = at
        y = [0.0] * 40
        f(x, y, 40, 1.5)
        show("mixed", at, g(x, y, 40, 1), x, y)
    # An index out of range, after some items were stored.
    f = make("for i in range(n):\n  y[i] = x[i] * a")
    for length in range(20, 45):
        x, y = numbers(40, True), array("d", [0.0] * length)
        try:
            result = f(x, y, 40, 1.5)
        except IndexError as error:
            result = type(error).__name__
        show("index", length, result, y)
    # Integers that become big on the way, and come back.
    f = make("for v in x:\n  s += v")
    g = make("for i in range(n):\n  x[i] = x[i] + 1")
    for at in range(40):
        x = array("q", numbers(40, False))
        x[at] = 2**63 - 1
        x[(at + 5) % 40] = 2**62
        x[(at + 11) % 40] = -(2**63)
        show("overflow", at, f(x, x, 40, 1), x)
        try:
            result = g(x, x, 40, 1)
        except OverflowError as error:
            result = type(error).__name__
        show("overflow in place", at, result, x)
    # A list that grows and shrinks while it is walked.
    def grow(values, most):
        total = 0.0
        for v in values:
            total += v
            if len(values) < most:
                values.append(v * 0.5)
        return total
    for most in range(0, 60, 7):
        print("grow", most, grow([1.0, 2.5, 3.25], most))
    # Not-a-numbers, infinities and zeros keep their bits.
    inf = float("inf")
    special = [0.0, -0.0, inf, -inf, inf - inf, 1e308, -1e308, 5e-324, -5e-324]
    f = make("for i in range(n):\n  y[i] = (x[i] * a + y[i]) * -1.0")
    for a in special:
        for repeat in range(3):
            x, y = array("d", special * 4), array("d", (special[::-1]) * 4)
            f(x, y, len(x), a)
            print("special", [repr(v).replace("-nan", "nan") for v in y[:9]])


run_all(SHAPES, True)
run_all(SHAPES, False)
run_all(INT_SHAPES, False)
run_rows()
counters_at_the_ends()
leaves_in_a_round()
