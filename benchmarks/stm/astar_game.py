"""A game server: players find their ways by A* over a map that all of them change, a step of a player in an atomic block."""
import heapq
from common import run
from heddle import atomic

SIZE = 48
STEPS = 240


class Tile:
    def __init__(self, wall):
        self.wall = wall
        self.player = None
        self.visits = 0


class Player:
    def __init__(self, number):
        self.number = number
        self.state = number * 7919 + 17
        self.x = self.y = None
        self.target = None
        self.score = 0

    def random(self, limit):
        self.state = self.state * 48271 % 2147483647
        return self.state % limit


def make_map():
    state = 12345
    tiles = []
    for y in range(SIZE):
        row = []
        for x in range(SIZE):
            state = state * 48271 % 2147483647
            row.append(Tile(state % 100 < 22))
        tiles.append(row)
    return tiles


tiles = make_map()


def place(player):
    while True:
        x, y = player.random(SIZE), player.random(SIZE)
        tile = tiles[y][x]
        if not tile.wall and tile.player is None:
            tile.player = player
            player.x, player.y = x, y
            return


def find_way(player, target_x, target_y, most):
    """The first step of a shortest way, or None; looks at `most` tiles at the most."""
    start = (player.x, player.y)
    came = {start: None}
    cost = {start: 0}
    open_ = [(0, 0, start)]
    serial = 0
    while open_ and len(came) < most:
        _, _, at = heapq.heappop(open_)
        if at == (target_x, target_y):
            while came[at] != start:
                at = came[at]
                if at is None:
                    return None
            return at
        x, y = at
        for nx, ny in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if not (0 <= nx < SIZE and 0 <= ny < SIZE):
                continue
            tile = tiles[ny][nx]
            if tile.wall or (tile.player is not None and (nx, ny) != (target_x, target_y)):
                continue
            price = cost[at] + 1
            if (nx, ny) not in cost or price < cost[nx, ny]:
                cost[nx, ny] = price
                came[nx, ny] = at
                serial += 1
                heapq.heappush(open_, (price + abs(nx - target_x) + abs(ny - target_y), serial, (nx, ny)))
    return None


def step(player):
    if player.target is None or (player.x, player.y) == player.target:
        if player.target is not None:
            player.score += 1
        # Somewhere near, as who plays does.
        player.target = (min(SIZE - 1, max(0, player.x + player.random(21) - 10)), min(SIZE - 1, max(0, player.y + player.random(21) - 10)))
    if tiles[player.target[1]][player.target[0]].wall:
        player.target = None
        return
    way = find_way(player, player.target[0], player.target[1], 500)
    if way is None or tiles[way[1]][way[0]].player is not None:
        player.target = None
        return
    tiles[player.y][player.x].player = None
    player.x, player.y = way
    tile = tiles[player.y][player.x]
    tile.player = player
    tile.visits += 1


PLAYERS = 24
players = [Player(i) for i in range(PLAYERS)]
for player in players:
    place(player)


def work(number, parts):
    for _ in range(STEPS):
        for player in players[number::parts]:
            with atomic:
                step(player)
    with atomic:
        on_map = sum(tile.player is not None for row in tiles for tile in row)
    assert on_map == PLAYERS, on_map
    return on_map


run(work)
