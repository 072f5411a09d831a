# An atomic block in which collections happen is one step for other threads all the same.
import threading
from heddle import atomic


class Pair:
    def __init__(self):
        self.first = self.second = 0


pair = Pair()
done = False
wrong = 0


def write():
    global done
    for i in range(15):
        with atomic:
            pair.first += 1
            garbage = [[k, k] for k in range(3000)]
            pair.second += len(garbage) // 3000
    done = True


def look():
    global wrong
    while not done:
        with atomic:
            if pair.first != pair.second:
                wrong += 1


threads = [threading.Thread(target=write), threading.Thread(target=look)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(pair.first, pair.second, wrong)
