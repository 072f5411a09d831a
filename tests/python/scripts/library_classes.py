# The standard library's modules about classes: dataclasses, typing, collections.abc, contextlib, copy.
import typing, dataclasses, copy, collections.abc, contextlib
@dataclasses.dataclass(order=True)
class P:
    x: int
    y: int = 2
    z: list = dataclasses.field(default_factory=list, compare=False)
    k: typing.ClassVar[int] = 4
print(P(1), P(1)==P(1,2,[3]), P(1)<P(2), dataclasses.asdict(P(1,z=[1])), dataclasses.replace(P(1),y=9), [f.name for f in dataclasses.fields(P)], P.__match_args__)
@dataclasses.dataclass(frozen=True)
class Q(P if False else object):
    a: "int"
    b: typing.List[int] = ()
q=Q(1)
try: q.a=2
except dataclasses.FrozenInstanceError as e: print(e)
print(hash(q)==hash(Q(1)), q)
@dataclasses.dataclass(slots=True, kw_only=True)
class S:
    a: int
    def __post_init__(self): self.a += 1
print(S(a=1), hasattr(S(a=1), "__dict__"))
try: P()
except TypeError as e: print(e)
abc=collections.abc
print(isinstance([], abc.Sequence), isinstance({}, abc.Mapping), isinstance(5, abc.Hashable), isinstance([], abc.Hashable), isinstance(iter([]), abc.Iterator), issubclass(list, abc.Iterable), isinstance((x for x in ()), abc.Generator), isinstance(len, abc.Callable), isinstance({}.keys(), abc.Set))
class M(abc.MutableMapping):
    def __init__(self): self.d={}
    def __getitem__(self,k): return self.d[k]
    def __setitem__(self,k,v): self.d[k]=v
    def __delitem__(self,k): del self.d[k]
    def __iter__(self): return iter(self.d)
    def __len__(self): return len(self.d)
m=M(); m.update(a=1); m["b"]=2; print(dict(m.items()), m.pop("a"), list(m.values()), "b" in m, m=={"b":2}, m.setdefault("q",[]))
try: abc.Mapping()
except TypeError as e: print(e)
print(typing.List[int], typing.Optional[int], typing.Dict[str,int], typing.Union[int,str])
class N(typing.NamedTuple):
    a: int
    b: str = "x"
print(N(1), N(1).b)
@typing.runtime_checkable
class HasX(typing.Protocol):
    x: int
class WithX:
    x=1
print(isinstance(WithX(),HasX), isinstance(5,HasX))
@contextlib.contextmanager
def cm():
    print("in"); 
    try: yield 5
    finally: print("out")
with cm() as v: print(v)
with contextlib.suppress(KeyError): {}[1]
class C:
    def __init__(self): self.a=1
    def __reduce__(self): return (C,(),self.__dict__)
    def __setstate__(self,s): self.__dict__.update(s)
c=C(); c.b=[1]; d=copy.deepcopy(c); print(d.b, d.b is c.b)
