"""A JSON parser and writer: strings by the character, recursion, exceptions with positions, dicts."""


class ParseError(Exception):
    def __init__(self, message, position):
        super().__init__(f"{message} at {position}")
        self.position = position


class Parser:
    escapes = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

    def __init__(self, text):
        self.text, self.at = text, 0

    def peek(self):
        return self.text[self.at] if self.at < len(self.text) else ""

    def skip(self):
        while self.peek() in (" ", "\n", "\t", "\r") and self.at < len(self.text):
            self.at += 1

    def expect(self, word):
        if not self.text.startswith(word, self.at):
            raise ParseError(f"expected {word!r}", self.at)
        self.at += len(word)

    def value(self):
        self.skip()
        c = self.peek()
        if c == "{":
            return self.object()
        if c == "[":
            return self.array()
        if c == '"':
            return self.string()
        for word, value in (("true", True), ("false", False), ("null", None)):
            if c == word[0]:
                self.expect(word)
                return value
        return self.number()

    def items(self, end, item):
        self.at += 1
        self.skip()
        if self.peek() == end:
            self.at += 1
            return
        while True:
            item()
            self.skip()
            if self.peek() == end:
                self.at += 1
                return
            self.expect(",")
            self.skip()

    def array(self):
        result = []
        self.items("]", lambda: result.append(self.value()))
        return result

    def object(self):
        result = {}

        def item():
            key = self.string()
            self.skip()
            self.expect(":")
            result[key] = self.value()

        self.items("}", item)
        return result

    def string(self):
        self.expect('"')
        parts = []
        while True:
            c = self.peek()
            if c == "":
                raise ParseError("a string without end", self.at)
            self.at += 1
            if c == '"':
                return "".join(parts)
            if c == "\\":
                c = self.peek()
                self.at += 1
                if c == "u":
                    parts.append(chr(int(self.text[self.at:self.at + 4], 16)))
                    self.at += 4
                    continue
                try:
                    c = self.escapes[c]
                except KeyError:
                    raise ParseError(f"no escape {c!r}", self.at) from None
            parts.append(c)

    def number(self):
        start = self.at
        while self.peek() and self.peek() in "+-.0123456789eE":
            self.at += 1
        text = self.text[start:self.at]
        try:
            return float(text) if any(c in ".eE" for c in text) else int(text)
        except ValueError:
            raise ParseError(f"no value {text!r}", start)


def write(value):
    if isinstance(value, str):
        return '"' + "".join("\\" + c if c in '"\\' else c if c >= " " else f"\\u{ord(c):04x}" for c in value) + '"'
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, dict):
        return "{" + ", ".join(write(k) + ": " + write(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write, value)) + "]"
    return repr(value)


def parse(text):
    parser = Parser(text)
    value = parser.value()
    parser.skip()
    if parser.at != len(text):
        raise ParseError("more text", parser.at)
    return value


rows = [{"id": i, "name": f"row {i} \"ü\" \\", "tags": ["a" * (i % 5), None, i % 2 == 0], "size": i * 1.5 - 3, "big": 3 ** i, "sub": {"x": [], "y": {}}} for i in range(60)]
text = write(rows)
total = 0
for _ in range(12):
    again = parse(text)
    assert again == rows
    total += sum(len(row["name"]) + row["id"] for row in again)
print(len(text), total, write(parse(text)) == text)
print(parse('  [1, -2.5e3, "\\u00e9\\n", {"a" : {"b":[true,false,null]}} ]  '))
for wrong in ("[1, 2", '{"a" 1}', "[tru]", '"abc', "[1] 2", '"\\q"', "", "[1,]", "--3"):
    try:
        print(parse(wrong))
    except ParseError as error:
        print("ParseError:", error, error.position)
