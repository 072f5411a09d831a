"""The most flips that bring a permutation's first item home, over all permutations of n: small lists, slices, tight loops."""


def benchmark(n):
    permutation = list(range(n))
    turns = [0] * n
    checksum = most = 0
    sign = 1
    while True:
        if permutation[0]:
            work = permutation[:]
            flips = 0
            first = work[0]
            while first:
                low, high = 0, first
                while low < high:
                    work[low], work[high] = work[high], work[low]
                    low += 1
                    high -= 1
                flips += 1
                first = work[0]
            if flips > most:
                most = flips
            checksum += sign * flips
        # The next one, by swaps of neighbours and turns of prefixes: even and odd ones take turns.
        if sign == 1:
            permutation[0], permutation[1] = permutation[1], permutation[0]
            sign = -1
        else:
            permutation[1], permutation[2] = permutation[2], permutation[1]
            sign = 1
            depth = 2
            while turns[depth] == depth:
                turns[depth] = 0
                depth += 1
                if depth == n:
                    return checksum * 1000 + most
                permutation.insert(depth, permutation.pop(0))
            turns[depth] += 1


SIZE, RESULT = 9, 8629030
TEST_SIZE, TEST_RESULT = 5, 11007
