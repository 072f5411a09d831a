print(7 // 2, -7 // 2, 7 // -2, 7 % 3, -7 % 3, 7 % -3, divmod(-7, 3), 2 ** 10, 2 ** -1)
print(2 ** 100, -(2 ** 64), (1 << 70) >> 68, ~5, 5 & 3, 5 | 3, 5 ^ 3, 9223372036854775807 + 1, -9223372036854775808 - 1)
print(9223372036854775807 * 3, 3037000500 * 3037000500, (-9223372036854775808) // -1, abs(-9223372036854775808))
print(10 ** 30 // 7, 10 ** 30 % 7, -(10 ** 30) // 7, -(10 ** 30) % 7, (10 ** 30) / (10 ** 10), 1 / 3)
print(1e16, 1e15, 123456789.123, 0.1 + 0.2, 1e-5, 0.0001, -0.0, 1e300 * 1e10, float("nan"), 5e-324)
print(int("12"), int("-0x1f", 16), int("0b101", 0), int(" 1_000 "), int(3.99), int(-3.99), int("7" * 30))
print(round(2.5), round(3.5), round(2.675, 2), round(1234, -2), round(-2.5), round(1e20), round(1.5e-7, 8))
print(True + True, True & False, True ^ True, isinstance(True, int), bool([]), bool("a"), not 3)
print(hash(1) == hash(1.0), hash(2 ** 61 - 1), hash(-1), hash(0.5), 1 == 1.0, 2 ** 53 + 1 == float(2 ** 53), 10 ** 400 > 1e308)
print((255).to_bytes(2, "big"), int.from_bytes(b"\x01\x00", "little"), (5).bit_length(), (255).bit_count(), (-1).to_bytes(2, "little", signed=True))
print(pow(3, 200, 13), pow(3, -1, 7), pow(2, 0.5), 7.0 // 2, -7.5 % 2, divmod(7.5, 2), 2.0 ** 0.5)
print(float("1e3"), float(" -inf "), float("1_0.5"), (0.1).hex(), (0.5).as_integer_ratio(), (3.0).is_integer())
print(1 < 2 < 3, 1 < 3 < 2, 1 if 0 else 2, max(1, 5, 3), min([4, 2, 8]), sum([1, 2, 3.5]), sum([[1], [2]], []))
for expression in ("1 // 0", "1 % 0", "1.0 / 0", "1 / 0", "1 << -1", "int('x')", "float('y')", "'a' + 1", "1 + 'a'", "[] < 1", "2.0 ** 10000", "int(float('inf'))", "-'a'"):
    try:
        print(eval(expression))
    except Exception as e:
        print(expression, type(e).__name__, e)
total = 0
for i in range(100000):
    total += i * i % 7
print(total)
x = 1
for i in range(200):
    x = x * 3 + 1
print(x)
