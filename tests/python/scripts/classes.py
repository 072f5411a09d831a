class A:
    """doc of A"""
    count = 0
    def __init__(self, x): self.x = x; A.count += 1
    def get(self): return self.x
    @property
    def double(self): return self.x * 2
    @double.setter
    def double(self, v): self.x = v // 2
    @classmethod
    def make(cls, x): return cls(x)
    @staticmethod
    def stat(y): return y + 1
    def __repr__(self): return f"{type(self).__name__}({self.x})"
    def __eq__(self, o): return isinstance(o, A) and self.x == o.x
    def __hash__(self): return hash(self.x)
    def __lt__(self, o): return self.x < o.x
    def __add__(self, o): return A(self.x + (o.x if isinstance(o, A) else o))
    def __radd__(self, o): return A(o + self.x)
    def __len__(self): return self.x
    def __getitem__(self, i):
        if i >= self.x: raise IndexError(i)
        return i * 10
    def __contains__(self, v): return v == self.x
    def __call__(self, *a): return ("called", a)
    def __bool__(self): return self.x != 0
class B(A):
    def __init__(self, x, y): super().__init__(x); self.y = y
    def get(self): return super().get() + self.y
a, b = A(3), B(1, 2)
print(a, b, a.get(), b.get(), a.double, A.make(5), B.stat(1), A.count, a == A(3), a != b, a < A(9), a + 1, 1 + a, a + b, len(a), list(a), 3 in a, a(1, 2), bool(A(0)))
a.double = 20; print(a.x, sorted([A(3), A(1)]), {A(1): "v"}[A(1)], isinstance(b, A), issubclass(B, A), B.__mro__, A.__doc__, A.__name__, b.__class__, b.__dict__)
class M1:
    def who(self): return "M1"
class M2:
    def who(self): return "M2"
class D(M1, M2):
    def who(self): return "D" + super().who()
print(D().who(), [c.__name__ for c in D.__mro__], M2.who(D()))
try:
    class Bad(object, M1): pass
except TypeError as e: print(e)
class Desc:
    def __set_name__(self, owner, name): self.name = name
    def __get__(self, obj, owner=None): return self if obj is None else obj.__dict__.get(self.name, "unset")
    def __set__(self, obj, v): obj.__dict__[self.name] = v * 2
class H:
    z = Desc()
h = H(); print(h.z); h.z = 4; print(h.z, h.__dict__)
class G:
    def __getattr__(self, n):
        if n.startswith("dyn"): return n
        raise AttributeError(n)
    def __setattr__(self, n, v): object.__setattr__(self, n, v + 1)
    def __delattr__(self, n): print("del", n); object.__delattr__(self, n)
g = G(); g.q = 1; print(g.q, g.dynamic, hasattr(g, "zz"), getattr(g, "zz", 5)); del g.q; print(hasattr(g, "q"))
class S:
    __slots__ = ("a", "b")
    def __init__(self): self.a = 1
s = S(); s.b = 2; print(s.a, s.b)
try: s.c = 3
except AttributeError as e: print(e)
class Meta(type):
    def __new__(m, name, bases, ns, **kw): ns["added"] = kw.get("extra", 0); return super().__new__(m, name, bases, ns)
    def __init__(cls, name, bases, ns, **kw): super().__init__(name, bases, ns)
    def __call__(cls, *a): r = super().__call__(*a); r.via = "meta"; return r
    def __len__(cls): return 42
class WithMeta(metaclass=Meta, extra=7): pass
print(WithMeta.added, WithMeta().via, len(WithMeta), type(WithMeta).__name__)
class Base:
    subs = []
    def __init_subclass__(cls, /, tag=None, **kw): super().__init_subclass__(**kw); Base.subs.append((cls.__name__, tag))
class Sub1(Base, tag="t"): pass
class Sub2(Base): pass
print(Base.subs, Base.__subclasses__())
class MyList(list):
    def __init__(self, *a): super().__init__(*a); self.extra = 1
    def append(self, v): super().append(v * 10)
l = MyList([1, 2]); l.append(3); print(l, l.extra, len(l), isinstance(l, list), l[0], type(l).__name__)
class MyDict(dict):
    def __missing__(self, k): return k + "!"
print(MyDict(a=1)["a"], MyDict()["x"])
class MyInt(int):
    def __add__(self, o): return MyInt(int.__add__(self, o) + 100)
    def __str__(self): return "my" + int.__repr__(self)
i = MyInt(5); print(i + 1, str(i), i * 2, type(i + 1).__name__, i == 5, hash(i) == hash(5), {i: 1}[5])
class MyStr(str):
    def shout(self): return self.upper() + "!"
print(MyStr("abc").shout(), MyStr("a") + "b", MyStr("x") == "x", len(MyStr("abc")))
X = type("X", (A,), {"extra": 5}); print(X(1).extra, X(2), X.__bases__)
class Ctx:
    def __enter__(self): print("enter"); return self
    def __exit__(self, t, v, tb): print("exit", t and t.__name__, v); return t is ValueError
with Ctx() as c, Ctx(): print("body")
with Ctx(): raise ValueError("swallowed")
try:
    with Ctx(): raise KeyError("out")
except KeyError as e: print("caught", e)
class It:
    def __init__(self, n): self.n = n
    def __iter__(self): return self
    def __next__(self):
        if self.n == 0: raise StopIteration
        self.n -= 1; return self.n
print(list(It(3)), sum(It(4)), 2 in It(5), max(It(3)), [*It(2)], dict(zip(It(2), "ab")))
from enum import Enum, IntEnum
class Color(Enum):
    RED = 1
    GREEN = "g"
    ALIAS = 1
    def describe(self): return self.name.lower()
print(Color.RED, repr(Color.GREEN), Color(1), Color["GREEN"], list(Color), Color.RED.describe(), Color.RED is Color.ALIAS, Color.RED == Color.GREEN, Color.RED.value, isinstance(Color.RED, Color), len(Color))
class N(IntEnum): ONE = 1; TWO = 2
print(N.ONE + 1, N.TWO > 1, N(2), repr(N.ONE))
from abc import ABC, abstractmethod
class Shape(ABC):
    @abstractmethod
    def area(self): ...
class Sq(Shape):
    def area(self): return 4
print(Sq().area())
try: Shape()
except TypeError as e: print(e)
A.count = 100; print(a.count); a.count = 5; print(a.count, A.count); del a.count; print(a.count)
print(A.__init__ is A.__dict__["__init__"], a.get.__self__ is a, a.get.__func__ is A.get, vars(h))
