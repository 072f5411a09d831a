"""JSON written and read by small hand-made functions: characters, strings, dicts, recursion."""

ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
UNESCAPES = {'"': '"', "\\": "\\", "/": "/", "n": "\n", "t": "\t"}


def encode_text(text):
    parts = ['"']
    for character in text:
        parts.append(ESCAPES.get(character, character))
    parts.append('"')
    return "".join(parts)


def encode(value):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return encode_text(value)
    if isinstance(value, list):
        return "[" + ",".join([encode(item) for item in value]) + "]"
    return "{" + ",".join([encode_text(key) + ":" + encode(item) for key, item in value.items()]) + "}"


class Reader:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def skip(self):
        while self.text[self.at] in " \n\t":
            self.at += 1

    def value(self):
        self.skip()
        character = self.text[self.at]
        if character == "{":
            return self.members()
        if character == "[":
            return self.items()
        if character == '"':
            return self.string()
        for word, meaning in (("null", None), ("true", True), ("false", False)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meaning
        return self.number()

    def members(self):
        self.at += 1
        result = {}
        self.skip()
        while self.text[self.at] != "}":
            key = self.string()
            self.skip()
            self.at += 1
            result[key] = self.value()
            self.skip()
            if self.text[self.at] == ",":
                self.at += 1
                self.skip()
        self.at += 1
        return result

    def items(self):
        self.at += 1
        result = []
        self.skip()
        while self.text[self.at] != "]":
            result.append(self.value())
            self.skip()
            if self.text[self.at] == ",":
                self.at += 1
                self.skip()
        self.at += 1
        return result

    def string(self):
        self.at += 1
        parts = []
        while True:
            character = self.text[self.at]
            self.at += 1
            if character == '"':
                return "".join(parts)
            if character == "\\":
                character = UNESCAPES[self.text[self.at]]
                self.at += 1
            parts.append(character)

    def number(self):
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in "+-.0123456789eE":
            self.at += 1
        text = self.text[start:self.at]
        return float(text) if "." in text or "e" in text else int(text)


def document(n):
    return [{"id": i, "name": "item %d \"quoted\"" % i, "tags": ["a", "b\n", str(i % 7)], "price": i / 8, "sold": i % 3 == 0, "parent": None}
            for i in range(n)]


def benchmark(n):
    value = document(n)
    text = encode(value)
    again = Reader(text).value()
    if again != value:
        raise ValueError("what was read differs from what was written")
    return len(text)


SIZE, RESULT = 4000, 424567
TEST_SIZE, TEST_RESULT = 5, 494
