// Modules of the standard library that are written in Python and live inside the executable. Our own, small versions.
#include "library.h"
#include <initializer_list>
#include <string_view>

namespace heddle::python {

const library_module core_modules[] = {
    {"abc", R"python(
def abstractmethod(function):
    function.__isabstractmethod__ = True
    return function

class abstractproperty(property):
    __isabstractmethod__ = True

class ABCMeta(type):
    def __new__(metaclass, name, bases, namespace, /, **keywords):
        cls = super().__new__(metaclass, name, bases, namespace, **keywords)
        abstract = {key for key, value in namespace.items() if getattr(value, "__isabstractmethod__", False)}
        for base in bases:
            for key in getattr(base, "__abstractmethods__", ()):
                if getattr(getattr(cls, key, None), "__isabstractmethod__", False):
                    abstract.add(key)
        cls.__abstractmethods__ = frozenset(abstract)
        cls._abc_registry = []
        return cls

    def register(cls, subclass):
        cls._abc_registry.append(subclass)
        return subclass

    def __instancecheck__(cls, instance):
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass):
        answer = cls.__subclasshook__(subclass)
        if answer is not NotImplemented:
            return answer
        if cls in subclass.__mro__:
            return True
        for registered in cls._abc_registry:
            if issubclass(subclass, registered):
                return True
        for derived in cls.__subclasses__():
            if issubclass(subclass, derived):
                return True
        return False

class ABC(metaclass=ABCMeta):
    __slots__ = ()
)python"},
    {"enum", R"python(
__all__ = ["EnumMeta", "EnumType", "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "auto", "unique"]

class auto:
    value = None

def _is_descriptor(value):
    return hasattr(value, "__get__") or hasattr(value, "__set__") or hasattr(value, "__delete__")

def _is_private(name):
    return name.startswith("_")

class _EnumDict(dict):
    def __init__(self):
        super().__init__()
        self._member_names = []
        self._last_values = []
        self._generate = None

    def __setitem__(self, key, value):
        if key == "_generate_next_value_":
            self._generate = value.__func__ if isinstance(value, staticmethod) else value
        elif not _is_private(key) and not _is_descriptor(value):
            if key in self._member_names:
                raise TypeError("%r already defined as %r" % (key, self[key]))
            if isinstance(value, auto):
                if value.value is None:
                    value.value = self._generate(key, 1, len(self._member_names), list(self._last_values))
                value = value.value
            self._member_names.append(key)
            self._last_values.append(value)
        super().__setitem__(key, value)

class EnumType(type):
    @classmethod
    def __prepare__(metaclass, name, bases, **keywords):
        namespace = _EnumDict()
        for base in bases:
            generate = getattr(base, "_generate_next_value_", None)
            if generate is not None:
                namespace._generate = generate
                break
        return namespace

    def __new__(metaclass, name, bases, namespace, **keywords):
        members = [(key, namespace[key]) for key in namespace._member_names]
        for base in bases:
            if isinstance(base, EnumType) and base._member_map_:
                raise TypeError("%s cannot extend %r" % (name, base))
        body = {key: value for key, value in namespace.items() if key not in namespace._member_names}
        body["_member_map_"] = {}
        body["_value2member_map_"] = {}
        body["_member_names_"] = []
        cls = super().__new__(metaclass, name, bases, body, **keywords)
        member_type = object
        for base in cls.__mro__:
            if base in (int, str, float, bytes, tuple):
                member_type = base
                break
        cls._member_type_ = member_type
        maker = body.get("__new__")
        for key, value in members:
            arguments = value if isinstance(value, tuple) else (value,)
            if maker is not None:
                member = cls.__new__(cls, *arguments)
            elif member_type is object:
                member = object.__new__(cls)
            else:
                member = member_type.__new__(cls, *arguments)
            if not hasattr(member, "_value_"):
                member._value_ = value if member_type is object else member_type(*arguments)
            canonical = None
            for other in cls._member_map_.values():
                if other._value_ == member._value_:
                    canonical = other
                    break
            if canonical is None:
                member._name_ = key
                member.__objclass__ = cls
                member._sort_order_ = len(cls._member_names_)
                if "__init__" in body or any("__init__" in base.__dict__ for base in cls.__mro__[1:] if isinstance(base, EnumType) and base is not Enum):
                    member.__init__(*arguments)
                cls._member_names_.append(key)
                try:
                    cls._value2member_map_[member._value_] = member
                except TypeError:
                    pass
                canonical = member
            cls._member_map_[key] = canonical
            type.__setattr__(cls, key, canonical)
        if maker is not None:
            cls.__new_member__ = maker
        if Enum is not None:
            cls.__new__ = Enum.__new__
            shown = Flag if Flag is not None and issubclass(cls, Flag) else Enum
            if member_type is not object:
                for method in ("__repr__", "__str__"):
                    if getattr(cls, method) in (getattr(member_type, method), getattr(object, method)):
                        setattr(cls, method, getattr(shown, method))
        return cls

    def __call__(cls, value, names=None, **keywords):
        if names is None:
            return cls.__new__(cls, value)
        bases = (cls,)
        metaclass = type(cls)
        namespace = metaclass.__prepare__(value, bases)
        if isinstance(names, str):
            names = names.replace(",", " ").split()
        for number, name in enumerate(names, keywords.get("start", 1)):
            if isinstance(name, str):
                namespace[name] = number
            else:
                namespace[name[0]] = name[1]
        return metaclass.__new__(metaclass, value, bases, namespace)

    def __iter__(cls):
        return (cls._member_map_[name] for name in cls._member_names_)

    def __reversed__(cls):
        return (cls._member_map_[name] for name in reversed(cls._member_names_))

    def __len__(cls):
        return len(cls._member_names_)

    def __bool__(cls):
        return True

    def __getitem__(cls, name):
        return cls._member_map_[name]

    def __contains__(cls, member):
        return isinstance(member, cls) and member._name_ in cls._member_map_

    def __repr__(cls):
        return "<%s %r>" % ("flag" if issubclass(cls, Flag) else "enum", cls.__name__)

    def __setattr__(cls, name, value):
        if name in cls.__dict__.get("_member_map_", {}):
            raise AttributeError("cannot reassign member %r" % name)
        super().__setattr__(name, value)

    def __delattr__(cls, name):
        if name in cls._member_map_:
            raise AttributeError("%r cannot delete member %r." % (cls.__name__, name))
        super().__delattr__(name)

    @property
    def __members__(cls):
        return dict(cls._member_map_)

EnumMeta = EnumType
Enum = None
Flag = None

class Enum(metaclass=EnumType):
    def __new__(cls, value):
        if type(value) is cls:
            return value
        try:
            return cls._value2member_map_[value]
        except KeyError:
            pass
        except TypeError:
            for member in cls._member_map_.values():
                if member._value_ == value:
                    return member
        result = cls._missing_(value)
        if result is None:
            raise ValueError("%r is not a valid %s" % (value, cls.__qualname__))
        return result

    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        if not last_values:
            return start
        return max(last_values) + 1

    @classmethod
    def _missing_(cls, value):
        return None

    @property
    def name(self):
        return self._name_

    @property
    def value(self):
        return self._value_

    def __repr__(self):
        return "<%s.%s: %r>" % (self.__class__.__name__, self._name_, self._value_)

    def __str__(self):
        return "%s.%s" % (self.__class__.__name__, self._name_)

    def __format__(self, specification):
        return str.__format__(str(self), specification)

    def __hash__(self):
        return hash(self._name_)

    def __dir__(self):
        return ["__class__", "__doc__", "__module__", "name", "value"]

    def __reduce_ex__(self, protocol):
        return (self.__class__, (self._value_,))

class IntEnum(int, Enum):
    def __str__(self):
        return int.__repr__(self)

    def __format__(self, specification):
        return int.__format__(self, specification)

class StrEnum(str, Enum):
    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        return name.lower()

    def __str__(self):
        return str.__str__(self)

    def __format__(self, specification):
        return str.__format__(self, specification)

class Flag(Enum):
    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        highest = 0
        for value in last_values:
            highest = max(highest, value.bit_length())
        return 1 << highest

    @classmethod
    def _missing_(cls, value):
        if not isinstance(value, int):
            return None
        known = 0
        for member in cls._member_map_.values():
            known |= member._value_
        if value < 0:
            value = known + 1 + value if known & (known + 1) == 0 else known & value
        if value & ~known:
            raise ValueError("%r is not a valid %s" % (value, cls.__qualname__))
        pseudo = int.__new__(cls, value) if cls._member_type_ is int else object.__new__(cls)
        pseudo._value_ = value
        pseudo._name_ = "|".join(member._name_ for member in cls if member._value_ & value) or None
        cls._value2member_map_[value] = pseudo
        return pseudo

    def __contains__(self, other):
        return other._value_ & self._value_ == other._value_

    def __iter__(self):
        for member in type(self):
            if member._value_ & self._value_:
                yield member

    def __bool__(self):
        return bool(self._value_)

    def __or__(self, other):
        return self.__class__(self._value_ | (other._value_ if isinstance(other, Flag) else other))

    def __and__(self, other):
        return self.__class__(self._value_ & (other._value_ if isinstance(other, Flag) else other))

    def __xor__(self, other):
        return self.__class__(self._value_ ^ (other._value_ if isinstance(other, Flag) else other))

    __ror__ = __or__
    __rand__ = __and__
    __rxor__ = __xor__

    def __invert__(self):
        known = 0
        for member in type(self)._member_map_.values():
            known |= member._value_
        return self.__class__(known & ~self._value_)

    def __repr__(self):
        if self._name_ is None:
            return "<%s: %r>" % (self.__class__.__name__, self._value_)
        return "<%s.%s: %r>" % (self.__class__.__name__, self._name_, self._value_)

    def __str__(self):
        if self._name_ is None:
            return "%s(%r)" % (self.__class__.__name__, self._value_)
        return "%s.%s" % (self.__class__.__name__, self._name_)

class IntFlag(int, Flag):
    pass

def unique(enumeration):
    duplicates = [(name, member._name_) for name, member in enumeration._member_map_.items() if name != member._name_]
    if duplicates:
        details = ", ".join("%s -> %s" % pair for pair in duplicates)
        raise ValueError("duplicate values found in %r: %s" % (enumeration, details))
    return enumeration
)python"},
    {"types", R"python(
import _types

FunctionType = LambdaType = _types.function
BuiltinFunctionType = BuiltinMethodType = _types.builtin_function_or_method
MethodType = _types.method
GeneratorType = _types.generator
CodeType = _types.code
FrameType = _types.frame
TracebackType = _types.traceback
CellType = _types.cell
ModuleType = _types.module
MappingProxyType = _types.mappingproxy
SimpleNamespace = _types.SimpleNamespace
NoneType = _types.NoneType
NotImplementedType = _types.NotImplementedType
EllipsisType = _types.ellipsis
GetSetDescriptorType = _types.getset_descriptor
MemberDescriptorType = _types.member_descriptor

def new_class(name, bases=(), keywords=None, exec_body=None):
    keywords = dict(keywords or {})
    metaclass = keywords.pop("metaclass", type(bases[0]) if bases else type)
    namespace = metaclass.__prepare__(name, bases, **keywords)
    if exec_body is not None:
        exec_body(namespace)
    return metaclass(name, bases, namespace, **keywords)
)python"},
    {"functools", R"python(
WRAPPER_ASSIGNMENTS = ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__")
WRAPPER_UPDATES = ("__dict__",)

def update_wrapper(wrapper, wrapped, assigned=WRAPPER_ASSIGNMENTS, updated=WRAPPER_UPDATES):
    for name in assigned:
        try:
            value = getattr(wrapped, name)
        except AttributeError:
            continue
        setattr(wrapper, name, value)
    for name in updated:
        getattr(wrapper, name).update(getattr(wrapped, name, {}))
    wrapper.__wrapped__ = wrapped
    return wrapper

def wraps(wrapped, assigned=WRAPPER_ASSIGNMENTS, updated=WRAPPER_UPDATES):
    def decorate(wrapper):
        return update_wrapper(wrapper, wrapped, assigned, updated)
    return decorate

_missing = object()

def reduce(function, sequence, initial=_missing):
    iterator = iter(sequence)
    if initial is _missing:
        try:
            value = next(iterator)
        except StopIteration:
            raise TypeError("reduce() of empty iterable with no initial value") from None
    else:
        value = initial
    for item in iterator:
        value = function(value, item)
    return value

class partial:
    def __init__(self, func, /, *args, **keywords):
        if isinstance(func, partial):
            args = func.args + args
            keywords = {**func.keywords, **keywords}
            func = func.func
        self.func = func
        self.args = args
        self.keywords = keywords

    def __call__(self, /, *args, **keywords):
        return self.func(*self.args, *args, **{**self.keywords, **keywords})

    def __repr__(self):
        parts = [repr(self.func)] + [repr(a) for a in self.args] + ["%s=%r" % pair for pair in self.keywords.items()]
        return "functools.partial(" + ", ".join(parts) + ")"

def lru_cache(maxsize=128, typed=False):
    if callable(maxsize):
        return lru_cache()(maxsize)

    def decorate(function):
        cache = {}
        hits = misses = 0

        def wrapper(*args, **keywords):
            nonlocal hits, misses
            key = (args, tuple(keywords.items())) if keywords else args
            if typed:
                key = (key, tuple(type(a) for a in args))
            if key in cache:
                hits += 1
                value = cache[key]
                if maxsize is not None:
                    del cache[key]
                    cache[key] = value
                return value
            misses += 1
            value = function(*args, **keywords)
            cache[key] = value
            if maxsize is not None and len(cache) > maxsize:
                del cache[next(iter(cache))]
            return value

        def cache_clear():
            nonlocal hits, misses
            cache.clear()
            hits = misses = 0

        wrapper.cache_clear = cache_clear
        wrapper.cache_info = lambda: (hits, misses, maxsize, len(cache))
        return update_wrapper(wrapper, function)
    return decorate

def cache(function):
    return lru_cache(maxsize=None)(function)

def cmp_to_key(compare):
    class Key:
        __slots__ = ("obj",)

        def __init__(self, obj):
            self.obj = obj

        def __lt__(self, other):
            return compare(self.obj, other.obj) < 0

        def __eq__(self, other):
            return compare(self.obj, other.obj) == 0
    return Key

def total_ordering(cls):
    defined = {name for name in ("__lt__", "__le__", "__gt__", "__ge__") if getattr(cls, name) is not getattr(object, name)}
    if not defined:
        raise ValueError("must define at least one ordering operation: < > <= >=")
    if "__lt__" in defined:
        less = cls.__lt__
    elif "__le__" in defined:
        less = lambda self, other: self <= other and self != other
    elif "__gt__" in defined:
        less = lambda self, other: not self > other and self != other
    else:
        less = lambda self, other: not self >= other
    made = {"__lt__": lambda self, other: less(self, other), "__le__": lambda self, other: less(self, other) or self == other,
            "__gt__": lambda self, other: not less(self, other) and self != other, "__ge__": lambda self, other: not less(self, other)}
    for name, function in made.items():
        if name not in defined:
            function.__name__ = name
            setattr(cls, name, function)
    return cls

class cached_property:
    def __init__(self, function):
        self.function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.function(instance)
        return value
)python"},
    {nullptr, nullptr},
};

const char* library_source(std::string_view name) {
    for (const library_module* table :
         {core_modules, container_modules, number_modules, system_modules, thread_modules, typing_modules})
        for (; table->name; table++)
            if (table->name == name) return table->source;
    return nullptr;
}

} // namespace heddle::python
