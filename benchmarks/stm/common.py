"""What the programs share: run(work) calls work(part, parts) in `parts` threads (0: in the main one), ROUNDS times each, and prints seconds and answers.

A program's arguments are the number of threads and ROUNDS."""
import sys
import threading
import time


threads = int(sys.argv[1])
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1


def run(work):
    count = max(threads, 1)
    answers = [None] * count

    def part(number):
        for _ in range(rounds):
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
