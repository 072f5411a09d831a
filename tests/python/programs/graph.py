"""Loops in random control-flow graphs by depth-first numbering and union-find; dominators; shortest paths: dict- and set-heavy."""


class Random:
    def __init__(self, seed):
        self.seed = seed

    def next(self, limit):
        self.seed = (self.seed * 1309 + 13849) & 65535
        return self.seed % limit


class Node:
    def __init__(self, number):
        self.number = number
        self.out, self.into = [], []
        self.parent, self.rank = self, 0

    def find(self):
        node = self
        while node.parent is not node:
            node.parent = node.parent.parent
            node = node.parent
        return node

    def union(self, other):
        a, b = self.find(), other.find()
        if a is b:
            return False
        if a.rank < b.rank:
            a, b = b, a
        b.parent = a
        a.rank += a.rank == b.rank
        return True


def make_graph(size, random):
    nodes = [Node(i) for i in range(size)]

    def edge(a, b):
        nodes[a].out.append(nodes[b])
        nodes[b].into.append(nodes[a])

    for i in range(1, size):
        edge(random.next(i), i)
    for _ in range(size):
        edge(random.next(size), random.next(size))
    return nodes


def depth_first(start):
    order, seen, stack = [], {start}, [(start, iter(start.out))]
    while stack:
        node, successors = stack[-1]
        for successor in successors:
            if successor not in seen:
                seen.add(successor)
                stack.append((successor, iter(successor.out)))
                break
        else:
            order.append(node)
            stack.pop()
    return order[::-1]


def dominators(nodes):
    order = depth_first(nodes[0])
    place = {node: i for i, node in enumerate(order)}
    dominator = {nodes[0]: nodes[0]}
    changed = True
    while changed:
        changed = False
        for node in order[1:]:
            best = None
            for p in node.into:
                if p in dominator:
                    if best is None:
                        best = p
                    else:
                        a, b = p, best
                        while a is not b:
                            while place[a] > place[b]:
                                a = dominator[a]
                            while place[b] > place[a]:
                                b = dominator[b]
                        best = a
            if dominator.get(node) is not best:
                dominator[node] = best
                changed = True
    return dominator


def natural_loops(nodes, dominator):
    loops = {}
    for node in nodes:
        for header in node.out:
            walk = node
            while walk is not header and walk is not dominator[walk]:
                walk = dominator[walk]
            if walk is header:
                body, work = {header}, [node]
                while work:
                    n = work.pop()
                    if n not in body:
                        body.add(n)
                        work.extend(n.into)
                loops.setdefault(header, set()).update(body)
    return loops


def distances(nodes):
    found, frontier, steps = {nodes[0].number: 0}, [nodes[0]], 0
    while frontier:
        steps += 1
        following = []
        for node in frontier:
            for n in node.out:
                if n.number not in found:
                    found[n.number] = steps
                    following.append(n)
        frontier = following
    return found


for seed in range(6):
    random = Random(seed * 7919 + 1)
    nodes = make_graph(40 + seed * 35, random)
    dominator = dominators(nodes)
    loops = natural_loops(nodes, dominator)
    far = distances(nodes)
    joined = sum(a.union(b) for a in nodes for b in a.out)
    frequencies = {}
    for value in far.values():
        frequencies[value] = frequencies.get(value, 0) + 1
    print(len(nodes), joined, len(loops), sorted(len(body) for body in loops.values())[-5:], max(far.values()), sorted(frequencies.items())[:6],
          sum(dominator[n].number for n in nodes))
numbers = set(range(0, 3000, 3)) & set(range(0, 3000, 5)) | {1, 2} - {2} ^ {7}
print(len(numbers), sum(numbers), min(numbers - {0}), sorted(numbers)[:6], frozenset([1, 2]) < {1, 2, 3})
