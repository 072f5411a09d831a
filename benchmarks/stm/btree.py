"""A B-tree that all threads read and write in atomic blocks: 10 % of the operations insert."""
from common import run
from heddle import atomic

WIDTH = 16


class Node:
    def __init__(self, keys, children):
        self.keys = keys
        self.children = children  # empty: a leaf


class Tree:
    def __init__(self):
        self.root = Node([], [])

    def contains(self, key):
        node = self.root
        while True:
            at = place(node.keys, key)
            if at < len(node.keys) and node.keys[at] == key:
                return True
            if not node.children:
                return False
            node = node.children[at]

    def insert(self, key):
        if len(self.root.keys) >= WIDTH:
            old = self.root
            self.root = Node([], [old])
            split(self.root, 0)
        node = self.root
        while True:
            at = place(node.keys, key)
            if at < len(node.keys) and node.keys[at] == key:
                return
            if not node.children:
                node.keys.insert(at, key)
                return
            if len(node.children[at].keys) >= WIDTH:
                split(node, at)
            else:
                node = node.children[at]


def place(keys, key):
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


def split(parent, at):
    full = parent.children[at]
    middle = WIDTH // 2
    right = Node(full.keys[middle + 1:], full.children[middle + 1:])
    parent.keys.insert(at, full.keys[middle])
    parent.children.insert(at + 1, right)
    full.keys = full.keys[:middle]
    full.children = full.children[:middle + 1]


tree = Tree()
for i in range(20000):
    tree.insert(i * 48271 % 1000003)


def work(number, parts):
    state = number * 7919 + 1
    found = 0
    for i in range(240000 // parts):
        state = state * 48271 % 2147483647
        with atomic:
            if state % 10 == 0:
                tree.insert(state % 1000003)
            elif tree.contains(state % 1000003):
                found += 1
    return found > 0


run(work)
