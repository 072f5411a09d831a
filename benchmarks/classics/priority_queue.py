"""Shortest paths in a grid by Dijkstra's algorithm over a binary heap of our own: tuples compared, lists as heaps."""


def push(heap, item):
    heap.append(item)
    at = len(heap) - 1
    while at:
        parent = (at - 1) // 2
        if not item < heap[parent]:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = item


def pop(heap):
    first = heap[0]
    item = heap.pop()
    end = len(heap)
    if end:
        at = 0
        child = 1
        while child < end:
            if child + 1 < end and heap[child + 1] < heap[child]:
                child += 1
            if not heap[child] < item:
                break
            heap[at] = heap[child]
            at = child
            child = 2 * at + 1
        heap[at] = item
    return first


def benchmark(n):
    cost = [[(x * 7 + y * 13 + x * y) % 9 + 1 for x in range(n)] for y in range(n)]
    far = 1 << 60
    best = [[far] * n for _ in range(n)]
    best[0][0] = 0
    heap = [(0, 0, 0)]
    while heap:
        length, x, y = pop(heap)
        if length > best[y][x]:
            continue
        for next_x, next_y in ((x + 1, y), (x, y + 1), (x - 1, y), (x, y - 1)):
            if 0 <= next_x < n and 0 <= next_y < n:
                longer = length + cost[next_y][next_x]
                if longer < best[next_y][next_x]:
                    best[next_y][next_x] = longer
                    push(heap, (longer, next_x, next_y))
    return best[n - 1][n - 1], sum([sum(row) for row in best])


SIZE, RESULT = 200, (1527, 32054402)
TEST_SIZE, TEST_RESULT = 5, (39, 490)
