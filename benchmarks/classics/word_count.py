"""Words of a made-up text, counted in a dict and sorted: str methods and dicts."""

SYLLABLES = ["ka", "lo", "mi", "ren", "tu", "sha", "vor", "ni", "Pe", "dra"]


def make_text(n):
    words = []
    state = 7
    for number in range(n):
        state = (state * 48271) % 2147483647
        word = SYLLABLES[state % 10] + SYLLABLES[state // 10 % 10]
        if state % 3 == 0:
            word += SYLLABLES[state // 100 % 10]
        words.append(word + ("." if number % 12 == 11 else "," if number % 5 == 4 else ""))
    return " ".join(words)


def benchmark(n):
    counts = {}
    for word in make_text(n).split():
        word = word.strip(".,").lower()
        counts[word] = counts.get(word, 0) + 1
    ranking = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    best = ranking[0]
    letters = {}
    for word, count in ranking:
        for letter in word:
            letters[letter] = letters.get(letter, 0) + count
    return len(ranking), best[0], best[1], letters["a"]


SIZE, RESULT = 120000, (1100, 'midra', 857, 84071)
TEST_SIZE, TEST_RESULT = 50, (43, 'nidra', 3, 35)
