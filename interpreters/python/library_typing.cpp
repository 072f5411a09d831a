// Modules written in Python inside the executable: typing, dataclasses, collections.abc. Our own, small versions. Type
// expressions are made and shown, never checked.
#include "library.h"

namespace heddle::python {

const library_module typing_modules[] = {
    {"collections.abc", R"python(
from abc import ABCMeta, abstractmethod

__all__ = ["Awaitable", "Coroutine", "Hashable", "Iterable", "Iterator", "Generator", "Reversible", "Sized", "Container", "Callable", "Collection",
           "Set", "MutableSet", "Mapping", "MutableMapping", "MappingView", "KeysView", "ItemsView", "ValuesView", "Sequence", "MutableSequence",
           "ByteString", "AsyncIterable", "AsyncIterator", "AsyncGenerator"]

def _has(cls, *names):
    for name in names:
        for base in cls.__mro__:
            if name in base.__dict__:
                if base.__dict__[name] is None:
                    return NotImplemented
                break
        else:
            return NotImplemented
    return True

def _shape(name, methods, bases=()):
    # An abstract class whose instances are told by the methods their class has.
    def __subclasshook__(cls, subclass):
        return _has(subclass, *methods) if cls is made else NotImplemented
    namespace = {"__slots__": (), "__subclasshook__": classmethod(__subclasshook__), "__class_getitem__": classmethod(_subscribe),
                 "__module__": "collections.abc"}
    for method in methods:
        def stub(self, *args):
            raise NotImplementedError
        stub.__name__ = method
        namespace[method] = abstractmethod(stub)
    made = ABCMeta(name, bases, namespace)
    return made

def _subscribe(cls, parameters):
    from typing import _Alias
    return _Alias(cls, parameters if isinstance(parameters, tuple) else (parameters,))

Hashable = _shape("Hashable", ("__hash__",))
Awaitable = _shape("Awaitable", ("__await__",))
Coroutine = _shape("Coroutine", ("__await__", "send", "throw", "close"), (Awaitable,))
AsyncIterable = _shape("AsyncIterable", ("__aiter__",))
AsyncIterator = _shape("AsyncIterator", ("__aiter__", "__anext__"), (AsyncIterable,))
AsyncGenerator = _shape("AsyncGenerator", ("__aiter__", "__anext__", "asend", "athrow", "aclose"), (AsyncIterator,))
Iterable = _shape("Iterable", ("__iter__",))
Iterator = _shape("Iterator", ("__iter__", "__next__"), (Iterable,))
Iterator.__iter__ = lambda self: self
Iterator.__abstractmethods__ = frozenset(("__next__",))
Reversible = _shape("Reversible", ("__reversed__", "__iter__"), (Iterable,))
Generator = _shape("Generator", ("__iter__", "__next__", "send", "throw", "close"), (Iterator,))
Sized = _shape("Sized", ("__len__",))
Container = _shape("Container", ("__contains__",))
Collection = _shape("Collection", ("__len__", "__iter__", "__contains__"), (Sized, Iterable, Container))
Callable = _shape("Callable", ("__call__",))

class Set(Collection):
    __slots__ = ()

    def __le__(self, other):
        if not isinstance(other, Set):
            return NotImplemented
        return len(self) <= len(other) and all(item in other for item in self)

    def __lt__(self, other):
        if not isinstance(other, Set):
            return NotImplemented
        return len(self) < len(other) and self <= other

    def __ge__(self, other):
        if not isinstance(other, Set):
            return NotImplemented
        return len(self) >= len(other) and all(item in self for item in other)

    def __gt__(self, other):
        if not isinstance(other, Set):
            return NotImplemented
        return len(self) > len(other) and self >= other

    def __eq__(self, other):
        if not isinstance(other, Set):
            return NotImplemented
        return len(self) == len(other) and self <= other

    @classmethod
    def _from_iterable(cls, iterable):
        return cls(iterable)

    def __and__(self, other):
        return self._from_iterable(item for item in other if item in self)

    def __or__(self, other):
        return self._from_iterable(item for part in (self, other) for item in part)

    def __sub__(self, other):
        return self._from_iterable(item for item in self if item not in other)

    def __xor__(self, other):
        return (self - other) | (other - self)

    def isdisjoint(self, other):
        return not any(item in self for item in other)

class MutableSet(Set):
    __slots__ = ()

    @abstractmethod
    def add(self, value):
        raise NotImplementedError

    @abstractmethod
    def discard(self, value):
        raise NotImplementedError

    def remove(self, value):
        if value not in self:
            raise KeyError(value)
        self.discard(value)

    def pop(self):
        for value in self:
            self.discard(value)
            return value
        raise KeyError

    def clear(self):
        for value in list(self):
            self.discard(value)

    def __ior__(self, other):
        for value in other:
            self.add(value)
        return self

    def __isub__(self, other):
        for value in list(other):
            self.discard(value)
        return self

class MappingView(Sized):
    __slots__ = ("_mapping",)

    def __init__(self, mapping):
        self._mapping = mapping

    def __len__(self):
        return len(self._mapping)

    def __repr__(self):
        return "%s(%r)" % (self.__class__.__name__, self._mapping)

class KeysView(MappingView, Set):
    __slots__ = ()

    def __contains__(self, key):
        return key in self._mapping

    def __iter__(self):
        return iter(self._mapping)

    @classmethod
    def _from_iterable(cls, iterable):
        return set(iterable)

class ItemsView(MappingView, Set):
    __slots__ = ()

    def __contains__(self, item):
        key, value = item
        return key in self._mapping and self._mapping[key] == value

    def __iter__(self):
        for key in self._mapping:
            yield key, self._mapping[key]

    @classmethod
    def _from_iterable(cls, iterable):
        return set(iterable)

class ValuesView(MappingView, Collection):
    __slots__ = ()

    def __contains__(self, value):
        return any(item is value or item == value for item in self)

    def __iter__(self):
        for key in self._mapping:
            yield self._mapping[key]

class Mapping(Collection):
    __slots__ = ()

    @abstractmethod
    def __getitem__(self, key):
        raise KeyError

    def get(self, key, default=None):
        try:
            return self[key]
        except KeyError:
            return default

    def __contains__(self, key):
        try:
            self[key]
        except KeyError:
            return False
        return True

    def keys(self):
        return KeysView(self)

    def items(self):
        return ItemsView(self)

    def values(self):
        return ValuesView(self)

    def __eq__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        return dict(self.items()) == dict(other.items())

class MutableMapping(Mapping):
    __slots__ = ()
    _missing = object()

    @abstractmethod
    def __setitem__(self, key, value):
        raise KeyError

    @abstractmethod
    def __delitem__(self, key):
        raise KeyError

    def pop(self, key, default=_missing):
        try:
            value = self[key]
        except KeyError:
            if default is MutableMapping._missing:
                raise
            return default
        del self[key]
        return value

    def popitem(self):
        for key in self:
            value = self[key]
            del self[key]
            return key, value
        raise KeyError

    def clear(self):
        for key in list(self):
            del self[key]

    def update(self, other=(), /, **keywords):
        if hasattr(other, "keys"):
            for key in other.keys():
                self[key] = other[key]
        else:
            for key, value in other:
                self[key] = value
        for key, value in keywords.items():
            self[key] = value

    def setdefault(self, key, default=None):
        try:
            return self[key]
        except KeyError:
            self[key] = default
        return default

class Sequence(Reversible, Collection):
    __slots__ = ()

    @abstractmethod
    def __getitem__(self, index):
        raise IndexError

    def __iter__(self):
        index = 0
        while True:
            try:
                value = self[index]
            except IndexError:
                return
            yield value
            index += 1

    def __contains__(self, value):
        return any(item is value or item == value for item in self)

    def __reversed__(self):
        for index in reversed(range(len(self))):
            yield self[index]

    def index(self, value, start=0, stop=None):
        for index in range(start, len(self) if stop is None else stop):
            if self[index] is value or self[index] == value:
                return index
        raise ValueError

    def count(self, value):
        return sum(1 for item in self if item is value or item == value)

class ByteString(Sequence):
    __slots__ = ()

class MutableSequence(Sequence):
    __slots__ = ()

    @abstractmethod
    def __setitem__(self, index, value):
        raise IndexError

    @abstractmethod
    def __delitem__(self, index):
        raise IndexError

    @abstractmethod
    def insert(self, index, value):
        raise IndexError

    def append(self, value):
        self.insert(len(self), value)

    def clear(self):
        while len(self):
            self.pop()

    def reverse(self):
        count = len(self)
        for index in range(count // 2):
            self[index], self[count - 1 - index] = self[count - 1 - index], self[index]

    def extend(self, values):
        for value in list(values) if values is self else values:
            self.append(value)

    def pop(self, index=-1):
        value = self[index]
        del self[index]
        return value

    def remove(self, value):
        del self[self.index(value)]

    def __iadd__(self, values):
        self.extend(values)
        return self

for _type in (tuple, str, range):
    Sequence.register(_type)
for _type in (bytes, bytearray):
    ByteString.register(_type)
MutableSequence.register(list)
MutableSequence.register(bytearray)
Mapping.register(dict)
MutableMapping.register(dict)
Set.register(frozenset)
MutableSet.register(set)
KeysView.register(type({}.keys()))
ItemsView.register(type({}.items()))
ValuesView.register(type({}.values()))
)python"},
    {"typing", R"python(
import collections.abc as _abc
from collections.abc import Hashable, Sized

TYPE_CHECKING = False

def _name_of(o):
    if o is Ellipsis:
        return "..."
    if isinstance(o, type):
        return o.__qualname__ if o.__module__ == "builtins" else o.__module__ + "." + o.__qualname__
    return repr(o)

class _Alias:
    def __init__(self, origin, args, name=None):
        self.__origin__ = origin
        self.__args__ = args
        self._name = name

    def __getitem__(self, parameters):
        return _Alias(self.__origin__, parameters if isinstance(parameters, tuple) else (parameters,), self._name)

    def __call__(self, *args, **keywords):
        return self.__origin__(*args, **keywords)

    def __mro_entries__(self, bases):
        return (self.__origin__,) if isinstance(self.__origin__, type) else ()

    def __or__(self, other):
        return Union[self, other]

    def __ror__(self, other):
        return Union[other, self]

    def __eq__(self, other):
        return isinstance(other, _Alias) and self.__origin__ is other.__origin__ and self.__args__ == other.__args__

    def __hash__(self):
        return hash(self.__args__)

    def __instancecheck__(self, instance):
        if self.__args__:
            raise TypeError("Subscripted generics cannot be used with class and instance checks")
        return isinstance(instance, self.__origin__)

    def __repr__(self):
        name = "typing." + self._name if self._name else _name_of(self.__origin__)
        shown = self.__args__[:-1] if self._name == "Optional" else self.__args__
        return name + ("[" + ", ".join([_name_of(a) for a in shown]) + "]" if shown else "")

class _Form:
    def __init__(self, name):
        self._name = name

    def __getitem__(self, parameters):
        if not isinstance(parameters, tuple):
            parameters = (parameters,)
        if self is Optional:
            return _Alias(Union, parameters + (type(None),), "Optional")
        return _Alias(self, parameters, self._name)

    def __call__(self, *args, **keywords):
        raise TypeError("Cannot instantiate typing." + self._name)

    def __or__(self, other):
        return Union[self, other]

    def __ror__(self, other):
        return Union[other, self]

    def __repr__(self):
        return "typing." + self._name

Any = _Form("Any")
Union = _Form("Union")
Optional = _Form("Optional")
ClassVar = _Form("ClassVar")
Final = _Form("Final")
Literal = _Form("Literal")
NoReturn = _Form("NoReturn")
Never = _Form("Never")
Self = _Form("Self")
TypeAlias = _Form("TypeAlias")
Annotated = _Form("Annotated")
LiteralString = _Form("LiteralString")
Concatenate = _Form("Concatenate")
TypeGuard = _Form("TypeGuard")

List = _Alias(list, (), "List")
Dict = _Alias(dict, (), "Dict")
Set = _Alias(set, (), "Set")
FrozenSet = _Alias(frozenset, (), "FrozenSet")
Tuple = _Alias(tuple, (), "Tuple")
Type = _Alias(type, (), "Type")
for _name in ("Awaitable", "Coroutine", "Iterable", "Iterator", "Generator", "Reversible", "Container", "Collection", "Callable",
              "Mapping", "MutableMapping", "MutableSet", "Sequence", "MutableSequence", "KeysView", "ItemsView", "ValuesView", "MappingView",
              "ByteString", "AsyncIterable", "AsyncIterator", "AsyncGenerator"):
    globals()[_name] = _Alias(getattr(_abc, _name), (), _name)
AbstractSet = _Alias(_abc.Set, (), "AbstractSet")
Text = str

class IO:
    def __class_getitem__(cls, parameters):
        return _Alias(cls, parameters if isinstance(parameters, tuple) else (parameters,))

class TextIO(IO):
    pass

class BinaryIO(IO):
    pass

def __getattr__(name):
    # These need collections, which most programs that import typing do not.
    if name in ("DefaultDict", "OrderedDict", "Counter", "Deque", "ChainMap"):
        import collections
        own = {"DefaultDict": "defaultdict", "Deque": "deque"}.get(name, name)
        return _Alias(getattr(collections, own), (), name)
    raise AttributeError("module 'typing' has no attribute %r" % name)

class _Variable:
    def __init__(self, name, *constraints, bound=None, covariant=False, contravariant=False):
        self.__name__ = name
        self.__constraints__ = constraints
        self.__bound__ = bound
        self.__covariant__ = covariant
        self.__contravariant__ = contravariant

    def __or__(self, other):
        return Union[self, other]

    def __ror__(self, other):
        return Union[other, self]

    def __repr__(self):
        return ("+" if self.__covariant__ else "-" if self.__contravariant__ else "~") + self.__name__

class TypeVar(_Variable):
    pass

class ParamSpec(_Variable):
    @property
    def args(self):
        return self

    kwargs = args

class TypeVarTuple(_Variable):
    def __iter__(self):
        yield self

AnyStr = TypeVar("AnyStr", bytes, str)

class Generic:
    __slots__ = ()

    def __class_getitem__(cls, parameters):
        return _Alias(cls, parameters if isinstance(parameters, tuple) else (parameters,))

_not_members = {"__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__slots__", "__init__", "__new__", "__annotations__",
                "__subclasshook__", "__abstractmethods__", "__class_getitem__", "__parameters__", "_is_protocol", "_is_runtime_protocol",
                "_abc_registry", "__match_args__"}

def _members_of(protocol):
    names = set()
    for base in protocol.__mro__[:-1]:
        if base.__name__ in ("Protocol", "Generic"):
            continue
        names.update(base.__dict__)
        names.update(base.__dict__.get("__annotations__", ()))
    return names - _not_members

from abc import ABCMeta as _ABCMeta, abstractmethod as _abstractmethod

class _ProtocolMeta(_ABCMeta):
    def __instancecheck__(cls, instance):
        if not cls.__dict__.get("_is_protocol"):
            return super().__instancecheck__(instance)
        if not getattr(cls, "_is_runtime_protocol", False):
            raise TypeError("Instance and class checks can only be used with @runtime_checkable protocols")
        if cls in type(instance).__mro__:
            return True
        missing = _ProtocolMeta
        for name in _members_of(cls):
            value = getattr(instance, name, missing)
            if value is missing or (value is None and callable(getattr(cls, name, None))):
                return False
        return True

    def __subclasscheck__(cls, subclass):
        if cls.__dict__.get("_is_protocol") and cls is not Protocol:
            if not getattr(cls, "_is_runtime_protocol", False):
                raise TypeError("Instance and class checks can only be used with @runtime_checkable protocols")
            if cls in subclass.__mro__:
                return True
            members = _members_of(cls)
            if any(not callable(getattr(cls, name, None)) for name in members):
                raise TypeError("Protocols with non-method members don't support issubclass()")
            return all(any(name in base.__dict__ for base in subclass.__mro__) for name in members)
        return super().__subclasscheck__(subclass)

def _no_protocol_instances(self, *args, **keywords):
    if type(self).__dict__.get("_is_protocol"):
        raise TypeError("Protocols cannot be instantiated")

class Protocol(Generic, metaclass=_ProtocolMeta):
    __slots__ = ()
    _is_protocol = True

    def __init_subclass__(cls, *args, **keywords):
        super().__init_subclass__(*args, **keywords)
        cls._is_protocol = any(base is Protocol for base in cls.__bases__)
        if cls._is_protocol and "__init__" not in cls.__dict__:
            cls.__init__ = _no_protocol_instances

def runtime_checkable(cls):
    if not getattr(cls, "_is_protocol", False):
        raise TypeError("@runtime_checkable can be only applied to protocol classes, got %r" % cls)
    cls._is_runtime_protocol = True
    return cls

def _one_method(name, method):
    made = _ProtocolMeta(name, (Protocol,), {"__slots__": (), method: _abstractmethod(lambda self: None), "__module__": "typing"})
    return runtime_checkable(made)

SupportsInt = _one_method("SupportsInt", "__int__")
SupportsFloat = _one_method("SupportsFloat", "__float__")
SupportsIndex = _one_method("SupportsIndex", "__index__")
SupportsBytes = _one_method("SupportsBytes", "__bytes__")
SupportsAbs = _one_method("SupportsAbs", "__abs__")
SupportsRound = _one_method("SupportsRound", "__round__")

class _NamedTupleMeta(type):
    def __new__(metaclass, name, bases, namespace):
        if bases == ():
            return super().__new__(metaclass, name, bases, namespace)
        from collections import namedtuple
        types = namespace.get("__annotations__", {})
        defaults = [namespace[field] for field in types if field in namespace]
        made = namedtuple(name, list(types), defaults=defaults)
        made.__annotations__ = dict(types)
        for key, value in namespace.items():
            if key not in ("__annotations__", "__qualname__", "__module__", "__dict__", "__weakref__", "__classcell__") and key not in types:
                setattr(made, key, value)
        return made

class NamedTuple(metaclass=_NamedTupleMeta):
    def __new__(cls, typename, fields=()):
        from collections import namedtuple
        return namedtuple(typename, [name for name, _ in fields])

class TypedDict(dict):
    def __init_subclass__(cls, total=True):
        cls.__total__ = total

def NewType(name, tp):
    def new_type(x):
        return x
    new_type.__name__ = name
    new_type.__supertype__ = tp
    return new_type

def cast(typ, val):
    return val

def assert_type(val, typ, /):
    return val

def assert_never(arg, /):
    raise AssertionError("Expected code to be unreachable, but got: %r" % (arg,))

def reveal_type(o, /):
    return o

def final(f):
    return f

def override(f):
    return f

def no_type_check(f):
    return f

def overload(function):
    def refuse(*args, **keywords):
        raise NotImplementedError("You should not call an overloaded function.")
    return refuse

def get_origin(tp):
    return getattr(tp, "__origin__", None)

def get_args(tp):
    return getattr(tp, "__args__", ())

def get_type_hints(o, globalns=None, localns=None, include_extras=False):
    hints = {}
    for part in reversed(o.__mro__) if isinstance(o, type) else (o,):
        for name, value in getattr(part, "__annotations__", {}).items():
            if isinstance(value, str):
                value = eval(value, globalns if globalns is not None else getattr(part, "__globals__", {}), localns)
            hints[name] = type(None) if value is None else value
    return hints
)python"},
    {"dataclasses", R"python(
__all__ = ["dataclass", "field", "Field", "FrozenInstanceError", "InitVar", "KW_ONLY", "MISSING", "fields", "asdict", "astuple", "make_dataclass",
           "replace", "is_dataclass"]

class FrozenInstanceError(AttributeError):
    pass

class _Sign:
    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return "<%s>" % self._name

MISSING = _Sign("dataclasses.MISSING")
KW_ONLY = _Sign("dataclasses.KW_ONLY")
_factory_sign = _Sign("factory")

class InitVar:
    def __init__(self, type):
        self.type = type

    def __class_getitem__(cls, type):
        return InitVar(type)

class Field:
    __slots__ = ("name", "type", "default", "default_factory", "init", "repr", "hash", "compare", "metadata", "kw_only", "_kind")

    def __init__(self, default, default_factory, init, repr, hash, compare, metadata, kw_only):
        self.name = None
        self.type = None
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.hash = hash
        self.compare = compare
        self.metadata = metadata or {}
        self.kw_only = kw_only
        self._kind = "field"

    def __repr__(self):
        return "Field(name=%r,type=%r,default=%r,default_factory=%r,init=%r,repr=%r,hash=%r,compare=%r,metadata=%r,kw_only=%r)" % (
            self.name, self.type, self.default, self.default_factory, self.init, self.repr, self.hash, self.compare, self.metadata, self.kw_only)

def field(*, default=MISSING, default_factory=MISSING, init=True, repr=True, hash=None, compare=True, metadata=None, kw_only=MISSING):
    if default is not MISSING and default_factory is not MISSING:
        raise ValueError("cannot specify both default and default_factory")
    return Field(default, default_factory, init, repr, hash, compare, metadata, kw_only)

def _function(name, parameters, body, values):
    # A method from text, as its author would have written it: traces see nothing but the fields.
    names = list(values)
    text = "def _make(%s):\n def %s(%s):\n  %s\n return %s" % (", ".join(names), name, ", ".join(parameters), "\n  ".join(body), name)
    space = {}
    exec(text, {}, space)
    return space["_make"](*[values[key] for key in names])

def _kind_of(annotation):
    if isinstance(annotation, str):
        text = annotation.replace("typing.", "").replace("dataclasses.", "")
        if text == "ClassVar" or text.startswith("ClassVar["):
            return "class"
        if text == "InitVar" or text.startswith("InitVar["):
            return "init"
        return "kw_only" if text == "KW_ONLY" else "field"
    if annotation is KW_ONLY:
        return "kw_only"
    if annotation is InitVar or isinstance(annotation, InitVar):
        return "init"
    form = getattr(annotation, "__origin__", annotation)
    return "class" if getattr(form, "_name", None) == "ClassVar" else "field"

def _own_fields(cls, kw_only):
    own = []
    for name, annotation in cls.__dict__.get("__annotations__", {}).items():
        kind = _kind_of(annotation)
        if kind == "kw_only":
            kw_only = True
            continue
        default = cls.__dict__.get(name, MISSING)
        if isinstance(default, Field):
            item = default
            if item.default is not MISSING:
                setattr(cls, name, item.default)
            elif name in cls.__dict__:
                delattr(cls, name)
        else:
            if type(default).__name__ == "member_descriptor":
                default = MISSING
            item = field(default=default)
        item.name = name
        item.type = annotation
        item._kind = kind
        if item.kw_only is MISSING:
            item.kw_only = kw_only
        if kind == "field" and isinstance(item.default, (list, dict, set)):
            raise ValueError("mutable default %s for field %s is not allowed: use default_factory" % (type(item.default), name))
        own.append(item)
    for name, value in cls.__dict__.items():
        if isinstance(value, Field) and name not in cls.__dict__.get("__annotations__", {}):
            raise TypeError("%r is a field but has no type annotation" % name)
    return own

def _init_function(cls, items, frozen):
    values = {"_missing": _factory_sign}
    parameters, keyword_only, body = ["self"], [], []
    seen_default = False
    for item in items:
        if not item.init and item._kind == "field":
            if item.default_factory is not MISSING:
                values["_factory_" + item.name] = item.default_factory
                body.append(("object.__setattr__(self, %r, _factory_%s())" if frozen else "self.%s = _factory_%s()") % (item.name, item.name))
            continue
        has_default = item.default is not MISSING or item.default_factory is not MISSING
        text = item.name
        if item.default is not MISSING:
            values["_default_" + item.name] = item.default
            text += "=_default_" + item.name
        elif item.default_factory is not MISSING:
            values["_factory_" + item.name] = item.default_factory
            text += "=_missing"
        if item.kw_only:
            keyword_only.append(text)
        else:
            if seen_default and not has_default:
                raise TypeError("non-default argument %r follows default argument" % item.name)
            seen_default = seen_default or has_default
            parameters.append(text)
        if item._kind == "init":
            continue
        value = item.name
        if item.default_factory is not MISSING:
            value = "_factory_%s() if %s is _missing else %s" % (item.name, item.name, item.name)
        body.append("object.__setattr__(self, %r, %s)" % (item.name, value) if frozen else "self.%s = %s" % (item.name, value))
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__(%s)" % ", ".join([item.name for item in items if item._kind == "init"]))
    if keyword_only:
        parameters += ["*"] + keyword_only
    return _function("__init__", parameters, body or ["pass"], values)

def _tuple_text(owner, names):
    return "(" + "".join(["%s.%s," % (owner, name) for name in names]) + ")"

def _set_new(cls, function, overwrite=False):
    name = function.__name__
    if name in cls.__dict__ and not overwrite:
        return True
    function.__qualname__ = cls.__qualname__ + "." + name
    setattr(cls, name, function)
    return False

def _process(cls, init, repr, eq, order, unsafe_hash, frozen, match_args, kw_only, slots):
    items = {}
    for base in reversed(cls.__mro__[1:]):
        for item in getattr(base, "__dataclass_fields__", {}).values():
            items[item.name] = item
        parameters = base.__dict__.get("__dataclass_params__")
        if parameters is not None and parameters["frozen"] != frozen:
            raise TypeError("cannot inherit %sfrozen dataclass from a %sfrozen one" % (("non-", "") if not frozen else ("", "non-")))
    for item in _own_fields(cls, kw_only):
        items[item.name] = item
    cls.__dataclass_fields__ = items
    cls.__dataclass_params__ = {"init": init, "repr": repr, "eq": eq, "order": order, "unsafe_hash": unsafe_hash, "frozen": frozen}
    passed = [item for item in items.values() if item._kind != "class"]
    real = [item for item in passed if item._kind == "field"]
    compared = [item.name for item in real if item.compare]
    if init:
        _set_new(cls, _init_function(cls, passed, frozen), True)
    if repr:
        shown = ", ".join(["%s={self.%s!r}" % (item.name, item.name) for item in real if item.repr])
        _set_new(cls, _function("__repr__", ["self"], ["return self.__class__.__qualname__ + f\"(%s)\"" % shown], {}))
    if eq:
        _set_new(cls, _function("__eq__", ["self", "other"],
                                ["if other.__class__ is self.__class__:",
                                 " return %s == %s" % (_tuple_text("self", compared), _tuple_text("other", compared)),
                                 "return NotImplemented"], {}))
    if order:
        if not eq:
            raise ValueError("eq must be true if order is true")
        for name, sign in (("__lt__", "<"), ("__le__", "<="), ("__gt__", ">"), ("__ge__", ">=")):
            made = _function(name, ["self", "other"],
                             ["if other.__class__ is self.__class__:",
                              " return %s %s %s" % (_tuple_text("self", compared), sign, _tuple_text("other", compared)),
                              "return NotImplemented"], {})
            if _set_new(cls, made):
                raise TypeError("Cannot overwrite attribute %s in class %s. Consider using functools.total_ordering" % (name, cls.__name__))
    if frozen:
        def __setattr__(self, name, value):
            if type(self) is cls or name in items:
                raise FrozenInstanceError("cannot assign to field %r" % name)
            super(cls, self).__setattr__(name, value)
        def __delattr__(self, name):
            if type(self) is cls or name in items:
                raise FrozenInstanceError("cannot delete field %r" % name)
            super(cls, self).__delattr__(name)
        for function in (__setattr__, __delattr__):
            if _set_new(cls, function):
                raise TypeError("Cannot overwrite attribute %s in class %s" % (function.__name__, cls.__name__))
    has_hash = "__hash__" in cls.__dict__ and not (cls.__dict__["__hash__"] is None and "__eq__" in cls.__dict__)
    hashed = [item.name for item in real if (item.compare if item.hash is None else item.hash)]
    if unsafe_hash or (eq and frozen and not has_hash):
        if unsafe_hash and has_hash:
            raise TypeError("Cannot overwrite attribute __hash__ in class %s" % cls.__name__)
        _set_new(cls, _function("__hash__", ["self"], ["return hash(%s)" % _tuple_text("self", hashed)], {}), True)
    elif eq and not has_hash:
        cls.__hash__ = None
    if match_args and "__match_args__" not in cls.__dict__:
        cls.__match_args__ = tuple([item.name for item in passed if item.init and not item.kw_only])
    if slots:
        if "__slots__" in cls.__dict__:
            raise TypeError("%s already specifies __slots__" % cls.__name__)
        namespace = {key: value for key, value in cls.__dict__.items() if key not in ("__dict__", "__weakref__") and key not in items}
        inherited = set()
        for base in cls.__mro__[1:-1]:
            inherited.update(getattr(base, "__slots__", ()))
        namespace["__slots__"] = tuple([item.name for item in real if item.name not in inherited])
        cls = type(cls)(cls.__name__, cls.__bases__, namespace)
    return cls

def dataclass(cls=None, /, *, init=True, repr=True, eq=True, order=False, unsafe_hash=False, frozen=False, match_args=True, kw_only=False,
              slots=False, weakref_slot=False):
    def wrap(cls):
        return _process(cls, init, repr, eq, order, unsafe_hash, frozen, match_args, kw_only, slots)
    return wrap if cls is None else wrap(cls)

def fields(class_or_instance):
    items = getattr(class_or_instance, "__dataclass_fields__", None)
    if items is None:
        raise TypeError("must be called with a dataclass type or instance")
    return tuple([item for item in items.values() if item._kind == "field"])

def is_dataclass(o):
    return hasattr(o, "__dataclass_fields__")

def _plain(value, whole):
    if hasattr(type(value), "__dataclass_fields__"):
        return whole(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[_plain(item, whole) for item in value])
    if isinstance(value, (list, tuple)):
        return type(value)([_plain(item, whole) for item in value])
    if isinstance(value, dict):
        return type(value)([(_plain(key, whole), _plain(item, whole)) for key, item in value.items()])
    from copy import deepcopy
    return deepcopy(value)

def asdict(instance, *, dict_factory=dict):
    if isinstance(instance, type) or not is_dataclass(instance):
        raise TypeError("asdict() should be called on dataclass instances")
    def whole(o):
        return dict_factory([(item.name, _plain(getattr(o, item.name), whole)) for item in fields(o)])
    return whole(instance)

def astuple(instance, *, tuple_factory=tuple):
    if isinstance(instance, type) or not is_dataclass(instance):
        raise TypeError("astuple() should be called on dataclass instances")
    def whole(o):
        return tuple_factory([_plain(getattr(o, item.name), whole) for item in fields(o)])
    return whole(instance)

def replace(instance, /, **changes):
    for item in instance.__dataclass_fields__.values():
        if item._kind == "class":
            continue
        if not item.init:
            if item.name in changes:
                raise ValueError("field %s is declared with init=False, it cannot be specified with replace()" % item.name)
            continue
        if item.name not in changes:
            if item._kind == "init" and item.default is MISSING:
                raise ValueError("InitVar %r must be specified with replace()" % item.name)
            changes[item.name] = getattr(instance, item.name)
    return instance.__class__(**changes)

def make_dataclass(cls_name, fields, *, bases=(), namespace=None, **options):
    body = dict(namespace or {})
    annotations = {}
    for item in fields:
        if isinstance(item, str):
            annotations[item] = "typing.Any"
            continue
        annotations[item[0]] = item[1]
        if len(item) == 3:
            body[item[0]] = item[2]
    body["__annotations__"] = annotations
    return dataclass(**options)(type(cls_name, bases, body))
)python"},
    {nullptr, nullptr},
};

} // namespace heddle::python
