"""Writes syntax_cases.tsv: sources and what CPython 3.11 says of them.

Run with CPython 3.11 from this folder when cases are added:  python3.11 make_cases.py
Each line: source, exception ("ok" when it compiles), message, line, column, end line, end column; tab-separated, with \\n, \\t,
\\\\ and \\xNN escapes in the source. The sources are those of the present file, the list below, and mutations of sample.py.
Cases whose answer this compiler knowingly does not give are listed in `differs`, with the reason.
"""
import random
import re
import sys
import warnings

assert sys.version_info[:2] == (3, 11)
warnings.simplefilter('ignore')

# Substrings of CPython's message where we differ on purpose or by a known limit.
differs = ('unknown Unicode character name', 'mapping pattern checks duplicate key (')

handwritten = r'''
x = 5 5
f(x = 5 5)
(x = 5)
if x = 3: pass
1abc
0777
a\n b
if a:\nb
'abc
(a
f(a b)
print a
exec "x"
x = 1 if 2
for 1 in x: pass
x++
1 = x = 2
x = 1 = 2
def f(a=1, b): pass
def f(a, *): pass
def f(a, *, **k): pass
def f(**k, a): pass
def f(*a=1): pass
def f(a, /, b, /): pass
def f(/, a): pass
def f(*, a, /): pass
def f(a, *b, *c): pass
def f((a, b)): pass
def f(a=): pass
lambda (a, b): 0
lambda a=1, b: 0
a$b
a ? b
\\ x
x = \\
"""abc\nd
[1,2\n3
if 1:\n\tx\n        y
if 1:\n    x\n  y
f(a for a in b, c)
f(c, a for a in b)
f(**k, *a)
f(a=1, b)
f(**k, b)
f(1=2)
f(a.b=2)
f(True=1)
f(a=1, a=2)
x=1;;y
class
class A\n  pass
class A:\npass
{1:2, 3}
{1:}
{1:*a}
{**a for a in b}
[*a for a in b]
[a, b for a in b]
[a, for a in b]
(*a)
(**a)
del f()
del a + b
del (a, b), [c], d.e, f[0]
del *a
import a.b as c.d
from . import *, a
from a import (b,)
from a import b,
from a import (b, c
return
yield
await x
def f():\n  global x\n x
def f():\n  x = 1\n  global x
def f():\n  print(x)\n  global x
def f(x):\n  global x
def f(x):\n  nonlocal x
def f():\n  nonlocal y
nonlocal x
def f(a, a): pass
try:\n  pass\nx
try:\n  pass\nexcept A, B:\n  pass
try:\n  pass\nexcept A, B as c:\n  pass
try: pass\nexcept: pass\nexcept A: pass
try: pass\nexcept A: pass\nexcept* B: pass
try\n  pass
with a as 1: pass
with a as f(): pass
with a as f\n  pass
for x in y\n  pass
while x\n  pass
if x\n  pass
if x: pass\nelif y\n  pass
else: pass
elif x: pass
if x: pass\nelse if y: pass
a: int: 3
(a, b): int
a, b: int
[a]: int
f(): int
f'{a b}'
f'{'
f'{}'
f'{!r}'
f'{a!x}'
f'}'
f'{a:{b:{c}}}'
f'{#}'
f'{a[}'
f'{a)}'
f'{"a}'
b'a' 'b'
'\\x1'
'\\u12'
'\\U00110000'
b'\\x'
1__0
1_
0xg
0x
0o8
0b2
1e
1e+
1.e5_
0_0
00
1if x else y
match x:\n case 1: pass\n case y: pass\n case 2: pass
match x:\n case _: pass\n case 2: pass
match x:\n  pass
match x:\npass
match x:\n case a | b: pass
match x:\n case [a, a]: pass
match x:\n case [*a, *b]: pass
match x:\n case A(x=1, 2): pass
match x:\n case A(x=1, x=2): pass
match x:\n case 1 as _: pass
match x:\n case 1 as a.b: pass
match x:\n case 1 + 1: pass
match x\n case 1: pass
match x:\n case 1\n  pass
match = 1
match.x = case[1]
match(x)
match(x, y): int
print(match, case, _)
x: 3 = 
None = 1
True = 1
f() = 1
(yield) = 1
x + 1 = 2
{} = 1
lambda: 0 = 1
a if b else c = 1
f'{a}' = 1
1 < 2 = 3
(a for a in b) = 1
[a for a in b] = 1
f() += 1
(a, b) += 1
*a = 1
x = *a
*a, *b = c
*a, b = c
[*a], b = c
print(*a)
while True print
break
continue
for x in y:\n  def f(): break
class A:\n  return 1
x := 1
(x := 1)
f(x := 1)
f(a.b := 1)
[x := 1 for x in y]
[y := x for x in z]
[a for a in (b := c)]
class A:\n  [y := x for x in z]
lambda: (yield)
[(yield) for a in b]
def f():\n  from a import *
from __future__ import foo
x = 1\nfrom __future__ import division
from __future__ import braces
__debug__ = 1
def f(__debug__): pass
a.__debug__ = 1
if 1:\n  pass\n   pass
def f(a\n  pass
x = [\n1,\n2
x = )
x = (]
x = (\n]
"a" "b" f"{c}" 'd
@x y\ndef f(): pass
@a.b[c](d)\ndef f(): pass
assert
raise a from
raise a, b
global
global x, y
import
from
from a
from a import
pass x
not
a not b
a is not not b
a <> b
a != b
a.1
a..b
a[1:2:3:4]
a[]
a[*b]
a[*b, 1:2]
f(*)
f(**)
f(,)
f(a,,b)
[,]
{,}
(,)
()
[]
{}
lambda
lambda x
x = yield
def f(): x = yield = 1
def f(): return (yield)
async x
'''


def escape(source):
    return ''.join({'\n': '\\n', '\t': '\\t', '\\': '\\\\'}.get(c, c if c.isprintable() else f'\\x{ord(c):02x}') for c in source)


def unescape(text):
    return re.sub(r'\\(n|t|\\|x..)', lambda m: {'n': '\n', 't': '\t', '\\': '\\'}.get(m[1]) or chr(int(m[1][1:], 16)), text)


def verdict(source):
    try:
        compile(source, 'x.py', 'exec', dont_inherit=True)
        return ['ok']
    except SyntaxError as e:
        numbers = [e.lineno or 0, e.offset or 0, e.end_lineno or 0, e.end_offset or 0]
        return [type(e).__name__, e.msg.replace('\n', ' '), *map(str, numbers)]


def mutations(count):
    rnd = random.Random(20)
    lines = open('sample.py', encoding='utf8').read().split('\n')
    extra = list("=()[]{},:;.*@!$") + ['if', 'else', 'for', 'in', 'lambda', 'not', 'def', 'class', 'return', '"', 'f"', '->', '==', ':=',
                                     'import', 'as', 'except', 'del', 'with', 'yield', 'None', 'is', '+=', 'case', 'match', '\n', '  ', '0x']
    while count:
        start, length = rnd.randrange(len(lines)), rnd.choice([1, 1, 2, 3, 5])
        part = lines[start:start + length]
        indent = min((len(line) - len(line.lstrip()) for line in part if line.strip()), default=0)
        tokens = re.findall(r'\w+|\s+|[^\w\s]', '\n'.join(line[indent:] for line in part) + '\n')
        if not tokens:
            continue
        at, kind = rnd.randrange(len(tokens)), rnd.random()
        if kind < .4:
            del tokens[at]
        elif kind < .8:
            tokens.insert(at, rnd.choice(extra + tokens))
        else:
            tokens[at] = rnd.choice(tokens)
        count -= 1
        yield ''.join(tokens)


def main():
    sources = dict.fromkeys(unescape(line) for line in handwritten.strip().split('\n'))
    sources.update(dict.fromkeys(mutations(1500)))
    skip = set()
    try:
        skip = {unescape(line.rstrip('\n')) for line in open('known_differences.txt', encoding='utf8') if not line.startswith('#')}
    except FileNotFoundError:
        pass
    with open('syntax_cases.tsv', 'w', encoding='utf8') as out:
        for source in sources:
            answer = verdict(source)
            if source in skip or 'await' in source or 'async' in source or any(d in answer[-5] for d in differs if len(answer) > 1):
                continue
            out.write('\t'.join([escape(source), *answer]) + '\n')


main()
