// Modules written in Python inside the executable: collections, itertools, operator, copy, gc. Our own, small versions.
#include "library.h"

namespace heddle::python {

const library_module container_modules[] = {
    {"collections", R"python(
from functools import reduce as _reduce

__all__ = ["namedtuple", "OrderedDict", "defaultdict", "deque", "Counter", "ChainMap"]

class OrderedDict(dict):
    def move_to_end(self, key, last=True):
        value = self.pop(key)
        if last:
            self[key] = value
            return
        rest = list(self.items())
        self.clear()
        self[key] = value
        for other, item in rest:
            self[other] = item

    def popitem(self, last=True):
        if not self:
            raise KeyError("dictionary is empty")
        key = next(reversed(self)) if last else next(iter(self))
        return key, self.pop(key)

    def __eq__(self, other):
        if isinstance(other, OrderedDict):
            return list(self.items()) == list(other.items())
        return dict.__eq__(self, other)

    def __ne__(self, other):
        return not self == other

    def copy(self):
        return self.__class__(self)

    def __repr__(self):
        return "%s(%s)" % (self.__class__.__name__, list(self.items()) if self else "")

class defaultdict(dict):
    def __init__(self, default_factory=None, *args, **keywords):
        super().__init__(*args, **keywords)
        self.default_factory = default_factory

    def __missing__(self, key):
        if self.default_factory is None:
            raise KeyError(key)
        value = self[key] = self.default_factory()
        return value

    def copy(self):
        return self.__class__(self.default_factory, self)

    def __repr__(self):
        return "defaultdict(%r, %s)" % (self.default_factory, dict.__repr__(self))

class Counter(dict):
    def __init__(self, iterable=None, /, **keywords):
        super().__init__()
        self.update(iterable, **keywords)

    def __missing__(self, key):
        return 0

    def update(self, iterable=None, /, **keywords):
        if iterable is not None:
            if hasattr(iterable, "keys"):
                for key, count in iterable.items():
                    self[key] = self.get(key, 0) + count
            else:
                for key in iterable:
                    self[key] = self.get(key, 0) + 1
        if keywords:
            self.update(keywords)

    def subtract(self, iterable=None, /, **keywords):
        if iterable is not None:
            if hasattr(iterable, "keys"):
                for key, count in iterable.items():
                    self[key] = self.get(key, 0) - count
            else:
                for key in iterable:
                    self[key] = self.get(key, 0) - 1
        if keywords:
            self.subtract(keywords)

    def most_common(self, n=None):
        pairs = sorted(self.items(), key=lambda pair: pair[1], reverse=True)
        return pairs if n is None else pairs[:n]

    def elements(self):
        for key, count in self.items():
            for _ in range(count):
                yield key

    def total(self):
        return sum(self.values())

    def _combined(self, other, function):
        result = Counter()
        for key in list(self) + [key for key in other if key not in self]:
            count = function(self[key], other[key])
            if count > 0:
                result[key] = count
        return result

    def __add__(self, other):
        return self._combined(other, lambda a, b: a + b)

    def __sub__(self, other):
        return self._combined(other, lambda a, b: a - b)

    def __or__(self, other):
        return self._combined(other, max)

    def __and__(self, other):
        return self._combined(other, min)

    def copy(self):
        return Counter(self)

    def __repr__(self):
        if not self:
            return "Counter()"
        return "Counter({%s})" % ", ".join("%r: %r" % pair for pair in self.most_common())

class deque:
    # A ring buffer: the items lie from _start on, _count of them, in a list whose length is a power of two.
    def __init__(self, iterable=(), maxlen=None):
        if maxlen is not None and maxlen < 0:
            raise ValueError("maxlen must be non-negative")
        self._items = [None] * 8
        self._start = 0
        self._count = 0
        self.maxlen = maxlen
        self.extend(iterable)

    def _grow(self):
        self._items = list(self) + [None] * len(self._items)
        self._start = 0

    def append(self, item):
        if self.maxlen is not None and self._count >= self.maxlen:
            if self.maxlen == 0:
                return
            self.popleft()
        if self._count == len(self._items):
            self._grow()
        self._items[(self._start + self._count) & (len(self._items) - 1)] = item
        self._count += 1

    def appendleft(self, item):
        if self.maxlen is not None and self._count >= self.maxlen:
            if self.maxlen == 0:
                return
            self.pop()
        if self._count == len(self._items):
            self._grow()
        self._start = (self._start - 1) & (len(self._items) - 1)
        self._items[self._start] = item
        self._count += 1

    def pop(self):
        if not self._count:
            raise IndexError("pop from an empty deque")
        self._count -= 1
        index = (self._start + self._count) & (len(self._items) - 1)
        item = self._items[index]
        self._items[index] = None
        return item

    def popleft(self):
        if not self._count:
            raise IndexError("pop from an empty deque")
        item = self._items[self._start]
        self._items[self._start] = None
        self._start = (self._start + 1) & (len(self._items) - 1)
        self._count -= 1
        return item

    def extend(self, iterable):
        for item in list(iterable) if iterable is self else iterable:
            self.append(item)

    def extendleft(self, iterable):
        for item in list(iterable) if iterable is self else iterable:
            self.appendleft(item)

    def clear(self):
        self._items = [None] * 8
        self._start = self._count = 0

    def copy(self):
        return self.__class__(self, self.maxlen)

    def rotate(self, n=1):
        if self._count:
            for _ in range(n % self._count):
                self.appendleft(self.pop())

    def reverse(self):
        items = list(self)
        self.clear()
        self.extend(reversed(items))

    def count(self, value):
        return sum(1 for item in self if item == value)

    def index(self, value, start=0, stop=None):
        for number, item in enumerate(self):
            if start <= number and (stop is None or number < stop) and item == value:
                return number
        raise ValueError("%r is not in deque" % (value,))

    def remove(self, value):
        del self[self.index(value)]

    def insert(self, index, value):
        if self.maxlen is not None and self._count >= self.maxlen:
            raise IndexError("deque already at its maximum size")
        items = list(self)
        items.insert(index, value)
        self.clear()
        self.extend(items)

    def _position(self, index):
        if index < 0:
            index += self._count
        if not 0 <= index < self._count:
            raise IndexError("deque index out of range")
        return (self._start + index) & (len(self._items) - 1)

    def __getitem__(self, index):
        return self._items[self._position(index)]

    def __setitem__(self, index, value):
        self._items[self._position(index)] = value

    def __delitem__(self, index):
        self._position(index)
        items = list(self)
        del items[index]
        self.clear()
        self.extend(items)

    def __len__(self):
        return self._count

    def __iter__(self):
        count = self._count
        for number in range(count):
            if self._count != count:
                raise RuntimeError("deque mutated during iteration")
            yield self._items[(self._start + number) & (len(self._items) - 1)]

    def __reversed__(self):
        return reversed(list(self))

    def __contains__(self, value):
        return any(item is value or item == value for item in self)

    def __eq__(self, other):
        if not isinstance(other, deque):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None

    def __add__(self, other):
        result = self.copy()
        result.extend(other)
        return result

    def __iadd__(self, other):
        self.extend(other)
        return self

    def __repr__(self):
        if self.maxlen is None:
            return "deque(%r)" % (list(self),)
        return "deque(%r, maxlen=%d)" % (list(self), self.maxlen)

class ChainMap:
    def __init__(self, *maps):
        self.maps = list(maps) or [{}]

    def __getitem__(self, key):
        for mapping in self.maps:
            if key in mapping:
                return mapping[key]
        raise KeyError(key)

    def get(self, key, default=None):
        return self[key] if key in self else default

    def __contains__(self, key):
        return any(key in mapping for mapping in self.maps)

    def __setitem__(self, key, value):
        self.maps[0][key] = value

    def __delitem__(self, key):
        del self.maps[0][key]

    def __iter__(self):
        merged = {}
        for mapping in reversed(self.maps):
            merged.update(mapping)
        return iter(merged)

    def __len__(self):
        return len(list(iter(self)))

    def keys(self):
        return list(self)

    def new_child(self, mapping=None):
        return ChainMap({} if mapping is None else mapping, *self.maps)

    @property
    def parents(self):
        return ChainMap(*self.maps[1:])

def namedtuple(typename, field_names, *, rename=False, defaults=None, module=None):
    if isinstance(field_names, str):
        field_names = field_names.replace(",", " ").split()
    fields = tuple(str(name) for name in field_names)
    seen = set()
    for name in (typename,) + fields:
        if not name.isidentifier():
            raise ValueError("Type names and field names must be valid identifiers: %r" % name)
    for name in fields:
        if name.startswith("_"):
            raise ValueError("Field names cannot start with an underscore: %r" % name)
        if name in seen:
            raise ValueError("Encountered duplicate field name: %r" % name)
        seen.add(name)
    defaults = tuple(defaults or ())
    if len(defaults) > len(fields):
        raise TypeError("Got more default values than field names")
    count = len(fields)
    default_of = dict(zip(fields[count - len(defaults):], defaults))

    def __new__(cls, *args, **keywords):
        if len(args) > count:
            raise TypeError("__new__() takes %d positional arguments but %d were given" % (count + 1, len(args) + 1))
        values = list(args)
        for name in fields[len(args):]:
            if name in keywords:
                values.append(keywords.pop(name))
            elif name in default_of:
                values.append(default_of[name])
            else:
                raise TypeError("__new__() missing 1 required positional argument: %r" % name)
        if keywords:
            raise TypeError("__new__() got an unexpected keyword argument %r" % next(iter(keywords)))
        return tuple.__new__(cls, values)

    def _make(cls, iterable):
        result = tuple.__new__(cls, iterable)
        if len(result) != count:
            raise TypeError("Expected %d arguments, got %d" % (count, len(result)))
        return result

    def _replace(self, **keywords):
        result = self._make(keywords.pop(name, value) for name, value in zip(fields, self))
        if keywords:
            raise ValueError("Got unexpected field names: %r" % list(keywords))
        return result

    def _asdict(self):
        return dict(zip(fields, self))

    def __repr__(self):
        return self.__class__.__name__ + "(" + ", ".join("%s=%r" % pair for pair in zip(fields, self)) + ")"

    namespace = {"__slots__": (), "_fields": fields, "_field_defaults": default_of, "__match_args__": fields, "__new__": __new__,
                 "_make": classmethod(_make), "_replace": _replace, "_asdict": _asdict, "__repr__": __repr__,
                 "__doc__": "%s(%s)" % (typename, ", ".join(fields))}
    for index, name in enumerate(fields):
        namespace[name] = property(lambda self, index=index: tuple.__getitem__(self, index))
    return type(typename, (tuple,), namespace)
)python"},
    {"itertools", R"python(
_missing = object()

def count(start=0, step=1):
    while True:
        yield start
        start += step

def cycle(iterable):
    saved = []
    for item in iterable:
        yield item
        saved.append(item)
    while saved:
        yield from saved

def repeat(object, times=None):
    if times is None:
        while True:
            yield object
    for _ in range(times):
        yield object

def accumulate(iterable, func=None, *, initial=None):
    iterator = iter(iterable)
    total = initial
    if initial is None:
        try:
            total = next(iterator)
        except StopIteration:
            return
    yield total
    for item in iterator:
        total = total + item if func is None else func(total, item)
        yield total

class chain:
    def __init__(self, *iterables):
        self._iterator = self._walk(iterables)

    @staticmethod
    def _walk(iterables):
        for iterable in iterables:
            yield from iterable

    @classmethod
    def from_iterable(cls, iterables):
        self = cls()
        self._iterator = cls._walk(iterables)
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._iterator)

def compress(data, selectors):
    return (item for item, selected in zip(data, selectors) if selected)

def dropwhile(predicate, iterable):
    iterator = iter(iterable)
    for item in iterator:
        if not predicate(item):
            yield item
            break
    yield from iterator

def takewhile(predicate, iterable):
    for item in iterable:
        if not predicate(item):
            return
        yield item

def filterfalse(predicate, iterable):
    for item in iterable:
        if not (item if predicate is None else predicate(item)):
            yield item

def starmap(function, iterable):
    for arguments in iterable:
        yield function(*arguments)

def islice(iterable, *bounds):
    limits = slice(*bounds)
    start, stop, step = limits.start or 0, limits.stop, limits.step or 1
    if start < 0 or step < 1 or (stop is not None and stop < 0):
        raise ValueError("Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
    def walk():
        wanted = start
        if stop is not None and wanted >= stop:
            return
        for number, item in enumerate(iterable):
            if number == wanted:
                yield item
                wanted += step
            if stop is not None and (number + 1 >= stop or wanted >= stop):
                return
    return walk()

def pairwise(iterable):
    iterator = iter(iterable)
    previous = next(iterator, _missing)
    if previous is _missing:
        return
    for item in iterator:
        yield previous, item
        previous = item

def zip_longest(*iterables, fillvalue=None):
    iterators = [iter(iterable) for iterable in iterables]
    alive = len(iterators)
    if not alive:
        return
    while True:
        row = []
        for number, iterator in enumerate(iterators):
            item = fillvalue if iterator is None else next(iterator, _missing)
            if item is _missing:
                alive -= 1
                if not alive:
                    return
                iterators[number] = None
                item = fillvalue
            row.append(item)
        yield tuple(row)

def tee(iterable, n=2):
    iterator = iter(iterable)
    queues = [[] for _ in range(n)]
    def walk(queue):
        while True:
            if not queue:
                item = next(iterator, _missing)
                if item is _missing:
                    return
                for other in queues:
                    other.append(item)
            yield queue.pop(0)
    return tuple(walk(queue) for queue in queues)

def groupby(iterable, key=None):
    group_key = _missing
    group = []
    for item in iterable:
        item_key = item if key is None else key(item)
        if group_key is not _missing and item_key != group_key:
            yield group_key, iter(group)
            group = []
        group_key = item_key
        group.append(item)
    if group_key is not _missing:
        yield group_key, iter(group)

def product(*iterables, repeat=1):
    pools = [tuple(pool) for pool in iterables] * repeat
    def walk(depth, prefix):
        if depth == len(pools):
            yield prefix
            return
        for item in pools[depth]:
            yield from walk(depth + 1, prefix + (item,))
    return walk(0, ())

def permutations(iterable, r=None):
    pool = tuple(iterable)
    length = len(pool) if r is None else r
    def walk(prefix, left):
        if len(prefix) == length:
            yield tuple(pool[i] for i in prefix)
            return
        for i in left:
            yield from walk(prefix + (i,), [j for j in left if j != i])
    if length <= len(pool):
        yield from walk((), list(range(len(pool))))

def combinations(iterable, r):
    pool = tuple(iterable)
    def walk(start, prefix):
        if len(prefix) == r:
            yield prefix
            return
        for i in range(start, len(pool)):
            yield from walk(i + 1, prefix + (pool[i],))
    return walk(0, ())

def combinations_with_replacement(iterable, r):
    pool = tuple(iterable)
    def walk(start, prefix):
        if len(prefix) == r:
            yield prefix
            return
        for i in range(start, len(pool)):
            yield from walk(i, prefix + (pool[i],))
    return walk(0, ())
)python"},
    {"operator", R"python(
def lt(a, b): return a < b
def le(a, b): return a <= b
def eq(a, b): return a == b
def ne(a, b): return a != b
def gt(a, b): return a > b
def ge(a, b): return a >= b
def add(a, b): return a + b
def sub(a, b): return a - b
def mul(a, b): return a * b
def truediv(a, b): return a / b
def floordiv(a, b): return a // b
def mod(a, b): return a % b
def pow(a, b): return a ** b
def matmul(a, b): return a @ b
def lshift(a, b): return a << b
def rshift(a, b): return a >> b
def and_(a, b): return a & b
def or_(a, b): return a | b
def xor(a, b): return a ^ b
def neg(a): return -a
def pos(a): return +a
def invert(a): return ~a
def not_(a): return not a
def truth(a): return bool(a)
def is_(a, b): return a is b
def is_not(a, b): return a is not b
def contains(a, b): return b in a
def concat(a, b): return a + b
def getitem(a, b): return a[b]
def setitem(a, b, c): a[b] = c
def delitem(a, b): del a[b]
def index(a): return a.__index__()

def itemgetter(item, *items):
    if not items:
        return lambda o: o[item]
    keys = (item,) + items
    return lambda o: tuple(o[key] for key in keys)

def attrgetter(name, *names):
    def read(o, path):
        for part in path.split("."):
            o = getattr(o, part)
        return o
    if not names:
        return lambda o: read(o, name)
    return lambda o: tuple(read(o, path) for path in (name,) + names)

def methodcaller(name, /, *args, **keywords):
    return lambda o: getattr(o, name)(*args, **keywords)
)python"},
    {"copy", R"python(
class Error(Exception):
    pass

_atomic = frozenset((int, float, str, bytes, bool, type(None), type, range, type(len), type(lambda: 0), type(...), type(NotImplemented)))
_nothing = object()

def _recipe_of(o, cls):
    # What a reducing method of o's own class says; None: it has none.
    method = getattr(cls, "__reduce_ex__", None)
    if method is not None and method is not getattr(object, "__reduce_ex__", None):
        return method(o, 4)
    method = getattr(cls, "__reduce__", None)
    if method is not None and method is not getattr(object, "__reduce__", None):
        return method(o)
    return None

def _rebuild(recipe, memo):
    # From what __reduce__ says: a callable, its arguments, and perhaps a state, items and pairs. memo None: a shallow copy.
    if isinstance(recipe, str):
        raise Error("copying an object whose __reduce__ names a global is not supported")
    maker, arguments, state, items, pairs = tuple(recipe) + (None,) * (5 - len(recipe))
    if memo is not None:
        arguments = [deepcopy(argument, memo) for argument in arguments]
    made = maker(*arguments)
    if state is not None:
        if memo is not None:
            state = deepcopy(state, memo)
        if hasattr(made, "__setstate__"):
            made.__setstate__(state)
        else:
            attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
            if attributes is not None:
                made.__dict__.update(attributes)
            for name, value in (slots or {}).items():
                setattr(made, name, value)
    for item in items or ():
        made.append(item if memo is None else deepcopy(item, memo))
    for key, value in pairs or ():
        if memo is not None:
            key, value = deepcopy(key, memo), deepcopy(value, memo)
        made[key] = value
    return made

def copy(o):
    cls = type(o)
    if cls in _atomic or cls in (tuple, frozenset) or issubclass(cls, type):
        return o
    if hasattr(cls, "__copy__"):
        return cls.__copy__(o)
    recipe = _recipe_of(o, cls)
    if recipe is not None:
        return _rebuild(recipe, None)
    if isinstance(o, list):
        made = cls.__new__(cls)
        made[:] = o
    elif isinstance(o, (dict, set)):
        made = cls.__new__(cls)
        made.update(o)
    else:
        made = cls.__new__(cls)
    if hasattr(o, "__dict__"):
        made.__dict__.update(o.__dict__)
    return made

def deepcopy(o, memo=None):
    cls = type(o)
    if cls in _atomic:
        return o
    if memo is None:
        memo = {}
    made = memo.get(id(o), _nothing)
    if made is not _nothing:
        return made
    if issubclass(cls, type):
        return o
    memo.setdefault(id(memo), []).append(o)  # what it copied lives as long as memo, so that no other object gets its id
    if hasattr(cls, "__deepcopy__"):
        made = memo[id(o)] = cls.__deepcopy__(o, memo)
        return made
    recipe = _recipe_of(o, cls)
    if recipe is not None:
        made = memo[id(o)] = _rebuild(recipe, memo)
        return made
    if isinstance(o, tuple):
        return cls.__new__(cls, [deepcopy(item, memo) for item in o]) if cls is not tuple else tuple([deepcopy(item, memo) for item in o])
    if isinstance(o, frozenset):
        return cls(deepcopy(item, memo) for item in o)
    made = memo[id(o)] = cls.__new__(cls)
    if isinstance(o, list):
        for item in o:
            list.append(made, deepcopy(item, memo))
    elif isinstance(o, dict):
        for key, value in o.items():
            dict.__setitem__(made, deepcopy(key, memo), deepcopy(value, memo))
    elif isinstance(o, set):
        for item in o:
            made.add(deepcopy(item, memo))
    if hasattr(o, "__dict__"):
        for name, value in o.__dict__.items():
            made.__dict__[name] = deepcopy(value, memo)
    return made
)python"},
    {"gc", R"python(
from _types import collect

def enable():
    pass

def disable():
    pass

def isenabled():
    return True
)python"},
    {nullptr, nullptr},
};

} // namespace heddle::python
