"""An event loop that answers HTTP requests through `transaction`: each handler parses its request, finds primes, and answers JSON."""
import time
import transaction
from common import rounds, threads

REQUESTS = 3000


def request(number):
    return ("POST /primes?first=%d HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n"
            '{"count": %5d}' % (number * 37 % 1000 + 2, 40 + number % 7))


def parse(text):
    head, body = text.split("\r\n\r\n", 1)
    lines = head.split("\r\n")
    method, target, version = lines[0].split(" ")
    headers = {}
    for line in lines[1:]:
        name, value = line.split(":", 1)
        headers[name.strip().lower()] = value.strip()
    path, _, query = target.partition("?")
    arguments = dict(part.split("=", 1) for part in query.split("&") if part)
    return method, path, arguments, headers, body


def to_json(value):
    if isinstance(value, dict):
        return "{" + ", ".join(to_json(key) + ": " + to_json(item) for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(to_json, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def from_json(text):
    """Of an object whose items are integers or lists of them."""
    value = {}
    for key, item in zip(text[1:].split('"')[1::2], text[1:].split('"')[2::2]):
        item = item.strip(": ,}")
        value[key] = [int(part) for part in item.strip("[]").split(",") if part] if item.startswith("[") else int(item)
    return value


def primes(first, count):
    found = []
    candidate = first
    while len(found) < count:
        divisor = 2
        while divisor * divisor <= candidate and candidate % divisor:
            divisor += 1
        if divisor * divisor > candidate:
            found.append(candidate)
        candidate += 1
    return found


class Connection:
    """What a socket is to the loop: bytes come in, an answer goes out."""

    def __init__(self, number):
        self.incoming = request(number)
        self.outgoing = None

    def handle(self):
        method, path, arguments, headers, body = parse(self.incoming)
        if method != "POST" or path != "/primes" or len(body) != int(headers["content-length"]):
            return self.answer(400, {"error": "bad request"})
        count = from_json(body)["count"]
        first = int(arguments["first"])
        self.answer(200, {"first": first, "primes": primes(first, count)})

    def answer(self, status, value):
        text = to_json(value)
        self.outgoing = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}"


def main():
    transaction.set_num_threads(max(threads, 1))
    connections = [Connection(i) for i in range(REQUESTS * rounds)]
    started = time.time()
    for batch in range(0, len(connections), 500):  # those that are ready at a time
        for connection in connections[batch:batch + 500]:
            if threads:
                transaction.add(connection.handle)
            else:
                connection.handle()
        transaction.run()
    took = time.time() - started
    total = 0
    for connection in connections:
        status, body = connection.outgoing.split("\r\n\r\n", 1)
        assert status.startswith("HTTP/1.1 200 OK"), status
        total += sum(from_json(body)["primes"])
    print(took, total)


main()
