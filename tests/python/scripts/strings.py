s = "Hello, World"
print(s.upper(), s.lower(), s.swapcase(), s.title(), s[::-1], s[1:5], s[-3:], len(s), s * 2)
print(s.find("o"), s.rfind("o"), s.index("W"), s.count("l"), s.replace("l", "L"), s.replace("l", "L", 1), s.split(", "), "a b  c".split(), "a,b,,c".split(","))
print("x".join(["1", "2", "3"]), "  pad ".strip() + "|", "xxabxx".strip("x"), "abc".center(9, "*"), "abc".ljust(5) + "|", "abc".rjust(5), "42".zfill(5), "-42".zfill(5))
print("abc".startswith("ab"), "abc".endswith(("x", "c")), "b" in "abc", "abc" < "abd", "abc" == "abc", "a" * 0 == "")
print(repr("it's"), repr('say "hi"'), repr("both ' and \""), repr("tab\t nl\n \x00 \x7f \u00e9 \u2028 \U0001f600"), ascii("h\u00e9\U0001f600"))
print("%d %5d|%-5d|%05d %x %X %o %e %.3f %g %s %r %% %c" % (1, 2, 3, 4, 255, 255, 8, 12345.678, 3.14159, 0.0001, "s", "r", "c"))
print("%(a)s-%(b)03d" % {"a": 1, "b": 2}, "%s" % (1,), "%s %s" % ("a", [1]), "%10.3s|" % "abcdef", "%+d % d" % (3, 3), "%*d" % (5, 42))
print("{} {1} {0}".replace("{}", "").format(1, 2), "{a[0]} {b.real} {!r:>5}".format("x", a=[9], b=4), "{{}}".format(), "{:>{w}}".format(3, w=6))
print(f"{3:05d} {3.14159:.2f} {'x':>5} {'x':<5}| {'x':^5}| {1000000:,} {255:#x} {255:b} {0.5:%} {1e10:g} {-5:+d} {5: d} {'abc'!r} {1+1=}")
print(f"{12345.6789:e} {12345.6789:10.2f} {1/3:.3} {1e20} {1234567.891:,.2f} {True:d} {'é':*^7} {2**70:_} {0x1ff:#_b}")
print("a\tb".expandtabs(4), "line1\nline2\r\nline3".splitlines(), "a-b-c".partition("-"), "a-b-c".rpartition("-"), "a-b-c".rsplit("-", 1))
print("abc".isalpha(), "12".isdigit(), "a1".isalnum(), " ".isspace(), "Abc".istitle(), "x_1".isidentifier(), "AB".isupper(), "½".isnumeric())
print("straße".upper(), "ÀÉ".lower(), "ǆ".title(), "naïve"[2], len("日本語"), "日本語"[1], "日本語".encode(), b"\xe6\x97\xa5".decode(), ord("€"), chr(8364))
print("abc".translate(str.maketrans("ab", "xy", "c")), "abcabc".removeprefix("abc"), "x.py".removesuffix(".py"))
print(b"abc"[1], b"abc"[1:], b"a" + b"b", b"%d" % 5, bytes([1, 2, 255]), bytes(3), b"a,b".split(b","), b"abc".hex(), bytes.fromhex("ff00"))
ba = bytearray(b"abc"); ba[0] = 120; ba.append(33); print(ba, len(ba), ba.decode(), b"x" in ba)
print(sorted(["b", "a", "C"]), sorted(["b", "a", "C"], key=str.lower), max("abc"), list("abc"), "".join(reversed("abc")))
for bad in ("'abc'[10]", "'a'.index('z')", "'{}'.format()", "'%d' % 'x'", "'%s %s' % 1", "'a'.join([1])", "b'\\xff'.decode()", "'\\ud800'.encode()", "format(1, 'q')", "'{x}'.format()", "chr(-1)", "ord('ab')"):
    try:
        print(eval(bad))
    except Exception as e:
        print(bad, type(e).__name__, e)
