"""What the programs share: run(work, parts) calls work(part, parts) in `parts` threads (0: in the main one), and prints seconds and answers."""
import sys
import threading
import time


def run(work):
    threads = int(sys.argv[1])
    count = max(threads, 1)
    answers = [None] * count

    def part(number):
        answers[number] = work(number, count)

    started = time.time()
    if threads == 0:
        part(0)
    else:
        workers = [threading.Thread(target=part, args=(i,)) for i in range(count)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    print(time.time() - started, answers)
