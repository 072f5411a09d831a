"""Text put together by +=, join, %, f-strings and format, then searched and replaced."""


def benchmark(n):
    length = 0
    for number in range(n):
        text = ""
        for digit in str(number):
            text += digit
            text += "-"
        line = f"{number:>8}|{text}|{number / 4:.2f}"
        line = "%s %04x %r" % (line, number, text)
        line = "{0}:{1}".format(line, len(line))
        parts = line.split("|")
        joined = "/".join(reversed(parts)).replace("-", "").upper()
        if joined.find("7") >= 0:
            length += len(joined)
        if joined.startswith("1") or joined.endswith("9"):
            length += 1
    return length


SIZE, RESULT = 60000, 1629958
TEST_SIZE, TEST_RESULT = 20, 176
