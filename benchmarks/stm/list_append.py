"""Each thread appends to and pops from a list of its own."""
from common import run


def work(number, parts):
    items = []
    for i in range(6000000 // parts):
        items.append(i)
        items.append(number)
        items.pop()
        if len(items) > 1000:
            items = []
    return len(items)


run(work)
