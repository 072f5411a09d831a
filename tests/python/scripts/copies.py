# copy and deepcopy: what is shared stays shared, what refers to itself does so in the copy, classes are not copied.
import copy


class Node:
    def __init__(self, value):
        self.value = value
        self.links = []


class Meta(type):
    pass


class Marked(metaclass=Meta):
    pass


class Slow:
    made = 0

    def __deepcopy__(self, memo):
        Slow.made += 1
        return Slow()


a, b = Node(1), Node([2, (3, {4: "four"})])
a.links += [a, b, a]
b.links.append(a)
c = copy.deepcopy(a)
print(c is a, c.links[0] is c, c.links[2] is c, c.links[1].links[0] is c, c.links[1].value, c.links[1].value is b.value)
d = copy.copy(a)
print(d is a, d.links is a.links, d.value)
memo = {}
pair = copy.deepcopy([b, b], memo)
print(pair[0] is pair[1], id(b) in memo, memo[id(b)] is pair[0])
for value in (None, ..., NotImplemented, 1, 2 ** 70, 1.5, "s", b"s", True, int, Marked, len, Node, range(3)):
    print(copy.copy(value) is value, copy.deepcopy(value) is value if value is not range(3) else "", end=" ")
print()
shared = Slow()
print(len(copy.deepcopy([shared, shared, (shared,)])), Slow.made)
numbers = [1] * 5
data = {"a": (numbers, numbers), "b": [numbers] * 3}
for _ in range(300):
    made = copy.deepcopy(data)
print(made == data, made["a"][0] is made["b"][2], made["a"][0] is numbers)
many = [copy.deepcopy([Node(n), Node(n)]) for n in range(500)]
print(all(x.value == y.value == n and x is not y for n, (x, y) in enumerate(many)))
print(copy.deepcopy({1, 2, frozenset([3])}) == {1, 2, frozenset([3])}, copy.copy([1, [2]]), copy.deepcopy(Marked()).__class__ is Marked)
