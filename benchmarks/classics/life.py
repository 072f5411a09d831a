"""Conway's game of life on an unbounded board held as a set of coordinates: tuples, sets and a dict."""

GLIDER_GUN = ["........................O...........", "......................O.O...........", "............OO......OO............OO",
              "...........O...O....OO............OO", "OO........O.....O...OO..............", "OO........O...O.OO....O.O...........",
              "..........O.....O.......O...........", "...........O...O....................", "............OO......................"]


def step(alive):
    neighbours = {}
    for x, y in alive:
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                if dx or dy:
                    place = (x + dx, y + dy)
                    neighbours[place] = neighbours.get(place, 0) + 1
    return {place for place, count in neighbours.items() if count == 3 or (count == 2 and place in alive)}


def benchmark(n):
    alive = {(x, y) for y, row in enumerate(GLIDER_GUN) for x, cell in enumerate(row) if cell == "O"}
    for _ in range(n):
        alive = step(alive)
    return len(alive), max(alive), min(alive)


SIZE, RESULT = 400, (113, (117, 103), (0, 4))
TEST_SIZE, TEST_RESULT = 5, (44, (35, 3), (0, 4))
