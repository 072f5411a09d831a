"""Runs one classic: harness.py NAME [ITERATIONS [SIZE]].

A line for each iteration, `NAME: iterations=1 runtime: 1234us`. Every program here is a module with a function benchmark(n), the usual
size SIZE and its result RESULT, and a small TEST_SIZE with TEST_RESULT. A result that is not the expected one is an error; other sizes
are not checked. Only `sys` and `time` are imported, so that any Python can run this.
"""
import sys
from time import perf_counter


def main(words):
    if not 1 <= len(words) <= 3:
        print("usage: harness.py NAME [ITERATIONS [SIZE]]", file=sys.stderr)
        return 2
    name = words[0]
    try:
        iterations = int(words[1]) if len(words) > 1 else 10
        module = __import__(name)
        size = int(words[2]) if len(words) > 2 else module.SIZE
    except ValueError:
        print("harness.py: ITERATIONS and SIZE must be integers", file=sys.stderr)
        return 2
    except ImportError:
        print("harness.py: there is no benchmark " + name, file=sys.stderr)
        return 2
    expected = {module.SIZE: module.RESULT, module.TEST_SIZE: module.TEST_RESULT}
    benchmark = module.benchmark
    for _ in range(iterations):
        began = perf_counter()
        result = benchmark(size)
        seconds = perf_counter() - began
        if size in expected and result != expected[size]:
            print("%s: size %d gave %r instead of %r" % (name, size, result, expected[size]), file=sys.stderr)
            return 1
        print("%s: iterations=1 runtime: %dus" % (name, seconds * 1e6), flush=True)
    return 0


sys.exit(main(sys.argv[1:]))
