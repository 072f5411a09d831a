"""Exceptions raised near and far, caught by class, with finally and else, and as the end of loops."""


class Refused(Exception):
    def __init__(self, number):
        super().__init__("refused", number)
        self.number = number


def dig(number, depth):
    if depth == 0:
        if number % 3 == 0:
            raise Refused(number)
        if number % 7 == 0:
            raise KeyError(number)
        return number
    try:
        return dig(number, depth - 1) + 1
    finally:
        counters[depth] = counters.get(depth, 0) + 1


counters = {}


def benchmark(n):
    counters.clear()
    total = 0
    table = {0: 1}
    for number in range(n):
        try:
            value = dig(number, number % 4)
        except Refused as error:
            total += error.number & 7
        except LookupError as error:
            total += error.args[0] & 3
        else:
            total += value & 1
        try:
            total += table[number & 1]
        except KeyError:
            total -= 1
    return total, sum(counters.values())


SIZE, RESULT = 100000, (130957, 150000)
TEST_SIZE, TEST_RESULT = 50, (65, 73)
