"""The edit distances between words: two rows of a table, indexing into strings, min()."""


def distance(a, b):
    previous = list(range(len(b) + 1))
    for i in range(len(a)):
        current = [i + 1]
        for j in range(len(b)):
            cost = previous[j] if a[i] == b[j] else previous[j] + 1
            current.append(min(cost, previous[j + 1] + 1, current[j] + 1))
        previous = current
    return previous[-1]


def benchmark(n):
    words = []
    state = 17
    for _ in range(n):
        letters = []
        for _ in range(30):
            state = (state * 69069 + 1) % 4294967296
            letters.append("abcdefgh"[state >> 29])
        words.append("".join(letters))
    total = 0
    for number in range(1, n):
        total += distance(words[number - 1], words[number])
    return total


SIZE, RESULT = 700, 16126
TEST_SIZE, TEST_RESULT = 4, 67
