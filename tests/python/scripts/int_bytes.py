# int.to_bytes and from_bytes at the edges of every length.
for n in (0,1,127,128,255,256,65535,2**63-1,2**64,2**70,-1,-128,-129,-2**63,-2**70):
    for c in (0,1,2,8,9,12):
        for o in ("little","big"):
            for s in (False,True):
                try: print(n.to_bytes(c,o,signed=s), int.from_bytes(n.to_bytes(c,o,signed=s),o,signed=s)==n)
                except OverflowError as e: print(e)


def error_of(call):
    try:
        return call()
    except (TypeError, ValueError, OverflowError) as error:
        return type(error).__name__, str(error)


for value in (255, 256, -1, 2 ** 70, -2 ** 70, True, 1.5, "a"):
    print(value, error_of(lambda: bytes([value])), error_of(lambda: value in b"a\x01\xff" if value != "a" else None))
    buffer = bytearray(b"ab")
    print(error_of(lambda: buffer.append(value)), error_of(lambda: buffer.__setitem__(0, value)), buffer)
for reverse in (0, 1, -5, True, (), "x", 2 ** 31 - 1, 2 ** 31):
    print(reverse, error_of(lambda: sorted([2, 1, 3], reverse=reverse)), error_of(lambda: [2, 1, 3].sort(reverse=reverse)))
import sys
half = sys.maxsize // 2 + 1
for unit in ("ab", b"ab", "", b""):
    print(unit, error_of(lambda: unit * half), error_of(lambda: unit * -half), error_of(lambda: unit * 2 ** 64))
