def f(n):
    try:
        if n == 0: return "ret"
        if n == 1: raise ValueError("v")
        if n == 2: raise KeyError("k")
        if n == 3: [][1]
        if n == 4: 1 / 0
        return "normal"
    except ValueError as e: return ("ve", str(e), e.args)
    except (KeyError, IndexError) as e: return (type(e).__name__, str(e))
    else: return "else"
    finally: print("fin", n, end=" ")
for n in range(4): print(f(n))
try: f(4)
except ZeroDivisionError as e: print(repr(e), e.__traceback__ is not None)
class MyErr(Exception):
    def __init__(self, code, msg): super().__init__(msg); self.code = code
try: raise MyErr(5, "hello")
except MyErr as e: print(e.code, e, repr(e), e.args)
try:
    try: 1 / 0
    except ZeroDivisionError as e: raise RuntimeError("second") from e
except RuntimeError as e: print(repr(e.__cause__), e.__suppress_context__, repr(e.__context__))
try:
    try: {}["a"]
    except KeyError: undefined
except NameError as e: print(repr(e.__context__), e)
def loop():
    for i in range(5):
        try:
            if i == 1: continue
            if i == 3: break
            print("i", i)
        finally: print("f", i)
    else: print("never")
    while True:
        try: return "x"
        finally: print("last")
print(loop())
try:
    raise StopIteration(7)
except StopIteration as e: print(e.value)
try: assert 1 == 2, "message"
except AssertionError as e: print("assert", e)
import sys
try: sys.exit(3)
except SystemExit as e: print("exit", e.code)
def nested():
    try: raise ValueError(1)
    except ValueError:
        try: raise TypeError(2)
        except TypeError as e: print(repr(e), repr(e.__context__), sys.exc_info()[0].__name__)
        print(sys.exc_info()[0].__name__)
        raise
try: nested()
except ValueError as e: print("re", e)
print(sys.exc_info())
for bad in ("raise 5", "raise", "raise ValueError from 3", "x = undefined.attr", "(1).foo", "(1).foo = 2", "None()", "import nosuchmodule", "from math import nosuch", "'abc'.foo()", "len(5)", "int([])", "open('/nonexistent/file')", "[1,2,3]['a']"):
    try: exec(bad)
    except BaseException as e: print(bad, "->", type(e).__name__, e)
def deep(n): return deep(n + 1)
try: deep(0)
except RecursionError as e: print("RecursionError", e)
try: eval("1 +")
except SyntaxError as e: print(type(e).__name__, e.msg)
e = None
try: raise OSError(2, "No such file", "name")
except OSError as err: print(err, err.errno, err.strerror, err.filename)
def g():
    try: yield 1
    except GeneratorExit: print("gen exit"); raise
x = g(); next(x); x.close()
print(issubclass(KeyError, LookupError), Exception("a", "b"), repr(Exception()), BaseException.__name__)
count = 0
for i in range(3000):
    try:
        if i % 3 == 0: raise ValueError(i)
        count += 1
    except ValueError as e: count += e.args[0] % 2
print(count)
match_results = []
for v in (1, "s", [1, 2], {"k": 3}, (1, 2, 3), None, 5.5):
    match v:
        case 1: match_results.append("one")
        case str(): match_results.append("str")
        case [a, b]: match_results.append(("pair", a, b))
        case {"k": q}: match_results.append(("map", q))
        case (_, *rest): match_results.append(("rest", rest))
        case None: match_results.append("none")
        case float(z) if z > 5: match_results.append(z)
print(match_results)


def try_after_try(q):  # found by random_programs: the second try begins with a jump
    try:
        pass
    except KeyError:
        pass
    try:
        if (q if False else q) == 1 or q >= 2:
            return "some"
    except TypeError:
        return "no number"
    return "none"


print(try_after_try(1), try_after_try(0), try_after_try("x"))
