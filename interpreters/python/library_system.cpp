// Modules written in Python inside the executable: os, os.path, io, struct, hashlib, contextlib, __future__. Our own,
// small versions over the C++ modules _os, _struct and _hashlib.
#include "library.h"

namespace heddle::python {

const library_module system_modules[] = {
    {"__future__", R"python(
annotations = division = generator_stop = absolute_import = print_function = unicode_literals = with_statement = nested_scopes = generators = True
)python"},
    {"posixpath", R"python(
import _os

sep = "/"
curdir = "."
pardir = ".."
extsep = "."

def fspath(path):
    if isinstance(path, (str, bytes)):
        return path
    method = getattr(type(path), "__fspath__", None)
    if method is None:
        raise TypeError("expected str, bytes or os.PathLike object, not " + type(path).__name__)
    return method(path)

def isabs(path):
    return fspath(path).startswith("/")

def join(path, *paths):
    result = fspath(path)
    for part in paths:
        part = fspath(part)
        if part.startswith("/"):
            result = part
        elif not result or result.endswith("/"):
            result += part
        else:
            result += "/" + part
    return result

def split(path):
    path = fspath(path)
    cut = path.rfind("/") + 1
    head, tail = path[:cut], path[cut:]
    if head and head != "/" * len(head):
        head = head.rstrip("/")
    return head, tail

def dirname(path):
    return split(path)[0]

def basename(path):
    return split(path)[1]

def splitext(path):
    path = fspath(path)
    start = path.rfind("/") + 1
    dot = path.rfind(".", start)
    if dot < 0 or not path[start:dot].strip("."):
        return path, ""
    return path[:dot], path[dot:]

def normpath(path):
    path = fspath(path)
    if not path:
        return "."
    slashes = 1 if path.startswith("/") else 0
    if path.startswith("//") and not path.startswith("///"):
        slashes = 2
    parts = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part != ".." or (not slashes and not parts) or (parts and parts[-1] == ".."):
            parts.append(part)
        elif parts:
            parts.pop()
    return "/" * slashes + "/".join(parts) or "."

def abspath(path):
    path = fspath(path)
    if not path.startswith("/"):
        path = join(_os.getcwd(), path)
    return normpath(path)

def commonprefix(paths):
    if not paths:
        return ""
    least, most = min(paths), max(paths)
    for number, character in enumerate(least):
        if character != most[number]:
            return least[:number]
    return least

def relpath(path, start="."):
    here = [part for part in abspath(start).split("/") if part]
    there = [part for part in abspath(path).split("/") if part]
    same = len(commonprefix([here, there]))
    return "/".join([".."] * (len(here) - same) + there[same:]) or "."

def exists(path):
    return _os.stat(fspath(path)) is not None

def isfile(path):
    info = _os.stat(fspath(path))
    return info is not None and info[0] & 0o170000 == 0o100000

def isdir(path):
    info = _os.stat(fspath(path))
    return info is not None and info[0] & 0o170000 == 0o040000

def _stat(path):
    info = _os.stat(fspath(path))
    if info is None:
        raise FileNotFoundError(2, "No such file or directory", path)
    return info

def getsize(path):
    return _stat(path)[1]

def getmtime(path):
    return _stat(path)[2]

def expanduser(path):
    path = fspath(path)
    if path == "~" or path.startswith("~/"):
        import os
        return os.environ.get("HOME", "~") + path[1:]
    return path
)python"},
    {"os", R"python(
import sys as _sys
import _os
import posixpath as path
from posixpath import fspath, sep, curdir, pardir, extsep
from _os import getcwd, chdir, urandom, getpid, _exit, cpu_count

_sys.modules["os.path"] = path
name = "posix"
linesep = "\n"
pathsep = ":"
devnull = "/dev/null"
altsep = None
error = OSError

class _Environment(dict):
    def __setitem__(self, key, value):
        _os.putenv(key, value)
        super().__setitem__(key, value)

    def __delitem__(self, key):
        super().__delitem__(key)
        _os.putenv(key, None)

environ = _Environment(_os.environment())

def getenv(key, default=None):
    return environ.get(key, default)

def listdir(path="."):
    return _os.listdir(fspath(path))

def remove(path):
    _os.remove(fspath(path))

unlink = remove

def rename(source, destination):
    _os.rename(fspath(source), fspath(destination))

def mkdir(path, mode=0o777):
    _os.mkdir(fspath(path), mode)

def makedirs(name, mode=0o777, exist_ok=False):
    head, tail = path.split(name)
    if not tail:
        head, tail = path.split(head)
    if head and tail and not path.exists(head):
        makedirs(head, mode, True)
    try:
        mkdir(name, mode)
    except OSError:
        if not exist_ok or not path.isdir(name):
            raise

def rmdir(path):
    _os.rmdir(fspath(path))

def walk(top):
    folders, files = [], []
    for entry in listdir(top):
        (folders if path.isdir(path.join(top, entry)) else files).append(entry)
    yield top, folders, files
    for folder in folders:
        yield from walk(path.join(top, folder))
)python"},
    {"io", R"python(
__all__ = ["open", "StringIO", "BytesIO", "SEEK_SET", "SEEK_CUR", "SEEK_END", "UnsupportedOperation"]

open = open
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2
DEFAULT_BUFFER_SIZE = 8192

class UnsupportedOperation(OSError, ValueError):
    pass

class _Memory:
    # The text is _text, then _pieces written at the end and not joined to it yet; _size is the length of both.
    def __init__(self, initial):
        self._text = initial
        self._pieces = []
        self._size = len(initial)
        self._position = 0
        self._closed = False

    def _join(self):
        if self._pieces:
            self._text += self._empty.join(self._pieces)
            self._pieces = []
        return self._text

    def _check(self):
        if self._closed:
            raise ValueError("I/O operation on closed file")

    def write(self, text):
        self._check()
        text = self._accept(text)
        count = len(text)
        position = self._position
        if position == self._size:
            self._pieces.append(text)
            self._size += count
        else:
            whole = self._join()
            if position > self._size:
                whole += self._filler * (position - self._size)
            self._text = whole[:position] + text + whole[position + count:]
            self._size = len(self._text)
        self._position = position + count
        return count

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def getvalue(self):
        self._check()
        return self._join()

    def read(self, size=-1):
        self._check()
        start = self._position
        end = self._size if size is None or size < 0 else min(start + size, self._size)
        if start >= end:
            return self._empty
        self._position = end
        return self._join()[start:end]

    def readline(self, size=-1):
        self._check()
        whole = self._join()
        start = self._position
        end = whole.find(self._newline, start) + 1 or self._size
        if size is not None and size >= 0:
            end = min(end, start + size)
        if start >= end:
            return self._empty
        self._position = end
        return whole[start:end]

    def readlines(self, hint=-1):
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def tell(self):
        self._check()
        return self._position

    def seek(self, position, whence=0):
        self._check()
        if whence == 1:
            position += self._position
        elif whence == 2:
            position += self._size
        elif whence != 0:
            raise ValueError("invalid whence (%i, should be 0, 1 or 2)" % whence)
        if position < 0:
            raise ValueError("negative seek value %d" % position)
        self._position = position
        return position

    def truncate(self, size=None):
        self._check()
        if size is None:
            size = self._position
        self._text = self._join()[:size]
        self._size = len(self._text)
        return size

    def flush(self):
        self._check()

    def close(self):
        self._closed = True

    @property
    def closed(self):
        return self._closed

    def readable(self):
        return True

    writable = seekable = readable

    def isatty(self):
        return False

    def __enter__(self):
        self._check()
        return self

    def __exit__(self, *error):
        self.close()

class StringIO(_Memory):
    _empty = ""
    _newline = "\n"
    _filler = "\0"

    def __init__(self, initial_value="", newline="\n"):
        super().__init__(initial_value or "")

    def _accept(self, text):
        if not isinstance(text, str):
            raise TypeError("string argument expected, got %r" % type(text).__name__)
        return text

class BytesIO(_Memory):
    _empty = b""
    _newline = b"\n"
    _filler = b"\0"

    def __init__(self, initial_bytes=b""):
        super().__init__(bytes(initial_bytes or b""))

    def _accept(self, data):
        if isinstance(data, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        return bytes(data)

    def getbuffer(self):
        raise UnsupportedOperation("BytesIO.getbuffer() is not supported: there is no memoryview")
)python"},
    {"struct", R"python(
import _struct
from _struct import calcsize, pack, unpack, unpack_from

__all__ = ["calcsize", "pack", "pack_into", "unpack", "unpack_from", "iter_unpack", "Struct", "error"]

class error(Exception):
    pass

def pack_into(format, buffer, offset, *values):
    data = pack(format, *values)
    if offset < 0:
        offset += len(buffer)
    if offset < 0 or offset + len(data) > len(buffer):
        raise error("pack_into requires a buffer of at least %d bytes for packing %d bytes at offset %d (actual buffer size is %d)"
                    % (offset + len(data), len(data), offset, len(buffer)))
    buffer[offset:offset + len(data)] = data

def iter_unpack(format, buffer):
    size = calcsize(format)
    if size == 0 or len(buffer) % size:
        raise error("iterative unpacking requires a buffer of a multiple of %d bytes" % size)
    for offset in range(0, len(buffer), size):
        yield unpack_from(format, buffer, offset)

class Struct:
    def __init__(self, format):
        self.format = format.decode() if isinstance(format, bytes) else format
        self.size = calcsize(format)

    def pack(self, *values):
        return pack(self.format, *values)

    def pack_into(self, buffer, offset, *values):
        pack_into(self.format, buffer, offset, *values)

    def unpack(self, buffer):
        return unpack(self.format, buffer)

    def unpack_from(self, buffer, offset=0):
        return unpack_from(self.format, buffer, offset)

    def iter_unpack(self, buffer):
        return iter_unpack(self.format, buffer)
)python"},
    {"hashlib", R"python(
from _hashlib import digest as _digest

algorithms_guaranteed = algorithms_available = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}
_block_sizes = {"md5": 64, "sha1": 64, "sha224": 64, "sha256": 64, "sha384": 128, "sha512": 128}

class _Hash:
    def __init__(self, name, data=b""):
        self.name = name
        self.block_size = _block_sizes[name]
        self._data = [bytes(data)]

    def update(self, data):
        self._data.append(bytes(data))

    def digest(self):
        if len(self._data) > 1:
            self._data = [b"".join(self._data)]
        return _digest(self.name, self._data[0])

    @property
    def digest_size(self):
        return len(_digest(self.name, b""))

    def hexdigest(self):
        return self.digest().hex()

    def copy(self):
        return _Hash(self.name, b"".join(self._data))

def new(name, data=b"", *, usedforsecurity=True):
    if name not in _block_sizes:
        raise ValueError("unsupported hash type " + name)
    return _Hash(name, data)

def _maker(name):
    def make(string=b"", *, usedforsecurity=True):
        return _Hash(name, string)
    make.__name__ = make.__qualname__ = name
    return make

md5 = _maker("md5")
sha1 = _maker("sha1")
sha224 = _maker("sha224")
sha256 = _maker("sha256")
sha384 = _maker("sha384")
sha512 = _maker("sha512")
)python"},
    {"contextlib", R"python(
from functools import wraps as _wraps

__all__ = ["contextmanager", "closing", "suppress", "nullcontext", "redirect_stdout", "ExitStack", "AbstractContextManager", "ContextDecorator"]

class AbstractContextManager:
    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        return None

class ContextDecorator:
    def _recreate_cm(self):
        return self

    def __call__(self, function):
        @_wraps(function)
        def inner(*args, **keywords):
            with self._recreate_cm():
                return function(*args, **keywords)
        return inner

class _GeneratorContextManager(ContextDecorator, AbstractContextManager):
    def __init__(self, function, args, keywords):
        self._made_from = function, args, keywords
        self.gen = function(*args, **keywords)

    def _recreate_cm(self):
        return self.__class__(*self._made_from)

    def __enter__(self):
        try:
            return next(self.gen)
        except StopIteration:
            raise RuntimeError("generator didn't yield") from None

    def __exit__(self, kind, value, traceback):
        if kind is None:
            try:
                next(self.gen)
            except StopIteration:
                return False
            raise RuntimeError("generator didn't stop")
        if value is None:
            value = kind()
        try:
            self.gen.throw(value)
        except StopIteration as error:
            return error is not value
        except RuntimeError as error:
            if error is value:
                return False
            if isinstance(value, StopIteration) and error.__cause__ is value:
                return False
            raise
        except BaseException as error:
            if error is not value:
                raise
            return False
        raise RuntimeError("generator didn't stop after throw()")

def contextmanager(function):
    @_wraps(function)
    def helper(*args, **keywords):
        return _GeneratorContextManager(function, args, keywords)
    return helper

class closing(AbstractContextManager):
    def __init__(self, thing):
        self.thing = thing

    def __enter__(self):
        return self.thing

    def __exit__(self, *error):
        self.thing.close()

class suppress(AbstractContextManager):
    def __init__(self, *exceptions):
        self._exceptions = exceptions

    def __enter__(self):
        pass

    def __exit__(self, kind, value, traceback):
        return kind is not None and issubclass(kind, self._exceptions)

class nullcontext(AbstractContextManager):
    def __init__(self, enter_result=None):
        self.enter_result = enter_result

    def __enter__(self):
        return self.enter_result

    def __exit__(self, *error):
        pass

class redirect_stdout(AbstractContextManager):
    def __init__(self, new_target):
        self._target = new_target
        self._old = []

    def __enter__(self):
        import sys
        self._old.append(sys.stdout)
        sys.stdout = self._target
        return self._target

    def __exit__(self, *error):
        import sys
        sys.stdout = self._old.pop()

class ExitStack(AbstractContextManager):
    def __init__(self):
        self._callbacks = []

    def enter_context(self, manager):
        cls = type(manager)
        result = cls.__enter__(manager)
        self._callbacks.append(lambda kind, value, traceback: cls.__exit__(manager, kind, value, traceback))
        return result

    def push(self, exit):
        method = getattr(type(exit), "__exit__", None)
        self._callbacks.append(exit if method is None else lambda kind, value, traceback: method(exit, kind, value, traceback))
        return exit

    def callback(self, callback, /, *args, **keywords):
        self._callbacks.append(lambda kind, value, traceback: callback(*args, **keywords) and False)
        return callback

    def pop_all(self):
        other = type(self)()
        other._callbacks, self._callbacks = self._callbacks, []
        return other

    def close(self):
        self.__exit__(None, None, None)

    def __exit__(self, kind, value, traceback):
        suppressed = False
        error = value
        while self._callbacks:
            callback = self._callbacks.pop()
            try:
                if callback(None if error is None else type(error), error, traceback if error is value else None):
                    suppressed = error is not None
                    error = None
            except BaseException as new:
                error = new
                suppressed = False
        if error is not None and error is not value:
            raise error
        return suppressed and value is not None
)python"},
    {nullptr, nullptr},
};

} // namespace heddle::python
