"""Complete binary trees of many depths, made, counted and dropped: the allocator and the collector."""


class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right

    def count(self):
        if self.left is None:
            return 1
        return 1 + self.left.count() + self.right.count()


def make(depth):
    if depth == 0:
        return Node(None, None)
    return Node(make(depth - 1), make(depth - 1))


def benchmark(depth):
    kept = make(depth)
    nodes = 0
    for small in range(4, depth + 1, 4):
        for _ in range(1 << (depth - small)):
            nodes += make(small).count()
    return nodes + kept.count()


SIZE, RESULT = 15, 259959
TEST_SIZE, TEST_RESULT = 6, 251
