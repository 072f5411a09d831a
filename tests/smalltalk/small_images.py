#!/usr/bin/env python3
"""Sound images of a handful of objects, in each format and byte order: seeds for mutations and for fuzzing.

usage: small_images.py FOLDER     writes them there
"""
import os
import struct
import sys


def v3_image(version, order):
    """One class, which is its own class, nil, the special objects, and one object of each kind of contents."""
    def words(*values):
        return b"".join(struct.pack(order + "I", value) for value in values)

    base, at, address = 0x1000, 0, {}
    objects = [("class", 1, 8), ("nil", 1, 1), ("special", 2, 50), ("bytes", 8, 2), ("words", 6, 3), ("method", 12, 4)]
    for name, _, count in objects:
        address[name] = base + at + 4
        at += 8 + 4 * count
    body = b""
    for name, kind, count in objects:
        body += words(address["class"] | 1, 1 | (count + 1) << 2 | kind << 8 | 5 << 17)
        if name == "special":
            body += words(*[address["nil"] if i < 3 else address["class"] for i in range(count)])
        elif name == "class":
            body += words(address["nil"], address["nil"], 3, *[address["nil"]] * (count - 3))
        elif name == "method":
            body += words(1 << 10 | 1, address["class"], 0x20782020, 0)
        else:
            body += words(*[0x11223344 if kind >= 6 else address["nil"]] * count)
    return words(version, 64, len(body), base, address["special"], 999, 640 << 16 | 480, 0) + bytes(32) + body


def spur_image(wide):
    """The same with a table of classes, a weak object and 16-bit contents."""
    size = 8 if wide else 4
    tag = 3 if wide else 1
    objects = [("nil", 32, 0, 0), ("false", 32, 0, 0), ("true", 32, 0, 0), ("free", 18, 9 if wide else 10, 32),
               ("root", 16, 2, 200), ("page", 16, 2, 1024), ("class", 32, 1, 8), ("special", 32, 2, 60), ("bytes", 32, 16, 2),
               ("words", 32, 10, 4), ("method", 32, 24, 4), ("weak", 32, 4, 3), ("halves", 32, 12, 3)]
    base, address = 0x10000, {}
    at = base
    for name, _, _, count in objects:
        at += 8 if count >= 255 else 0
        address[name] = at
        at += 8 + max(8, (count * size + 7) // 8 * 8)
    body = b""
    for number, (name, class_index, kind, count) in enumerate(objects):
        if count >= 255:
            body += struct.pack("<II", count, 0xff000000)
        body += struct.pack("<II", class_index | kind << 24, min(count, 255) << 24 | (32 if name == "class" else number))
        values = {"root": [address["page"]] + [address["nil"]] * (count - 1),
                  "page": [address["class"] if i in (1, 2, 3, 4, 32) else address["nil"] for i in range(count)],
                  "class": [address["nil"], address["nil"], 1 << 16 << tag | 1] + [address["nil"]] * (count - 3),
                  "special": [address["nil"], address["false"], address["true"]] + [address["class"]] * (count - 3),
                  "method": [1 << tag | 1, address["class"], 0x5c204c, 0],
                  "weak": [address["class"], 9, 10]}.get(name, [0x1122] * count)
        contents = b"".join(struct.pack("<Q" if wide else "<I", value) for value in values)
        body += contents + bytes(max(8, (count * size + 7) // 8 * 8) - len(contents))
    body += struct.pack("<IIII", 0, 1 << 24, 0, 0)
    length = 128 if wide else 64
    word = "Q" if wide else "I"
    header = struct.pack("<II" + word * 6, 68021 if wide else 6521, length, len(body), base, address["special"], 999,
                         640 << 16 | 480, 0) + bytes(16) + struct.pack("<" + word * 2, len(body), 0)
    return header + bytes(length - len(header)) + body


def small_images():
    """{name: bytes}"""
    all_images = {f"v3-{version}-{order}": v3_image(version, order) for version in (6502, 6504, 6505) for order in "<>"}
    all_images.update({f"spur-{64 if wide else 32}": spur_image(wide) for wide in (False, True)})
    return all_images


if __name__ == "__main__":
    for name, data in small_images().items():
        with open(os.path.join(sys.argv[1], name.replace("<", "little").replace(">", "big") + ".image"), "wb") as file:
            file.write(data)
