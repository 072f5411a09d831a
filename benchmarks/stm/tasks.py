"""A small operating system in each thread: tasks that send each other packets, as in Richards' benchmark."""
from common import run


class Packet:
    def __init__(self, link, sender, kind):
        self.link = link
        self.sender = sender
        self.kind = kind
        self.data = [0, 0, 0, 0]


class Task:
    def __init__(self, number, priority):
        self.number = number
        self.priority = priority
        self.inbox = []
        self.waiting = True

    def send(self, packet):
        self.inbox.append(packet)
        self.waiting = False


class Worker(Task):
    def step(self, system):
        packet = self.inbox.pop(0)
        self.waiting = not self.inbox
        for i in range(4):
            packet.data[i] = (packet.data[i] * 7 + self.number + i) % 26
        system.handled += 1
        packet.sender = self.number
        system.tasks[(self.number + packet.kind) % len(system.tasks)].send(packet)


class Device(Task):
    def step(self, system):
        packet = self.inbox.pop(0)
        self.waiting = not self.inbox
        packet.kind = packet.kind % 3 + 1
        system.held += 1
        system.tasks[packet.data[0] % len(system.tasks)].send(packet)


class System:
    def __init__(self):
        self.tasks = [Worker(i, i) if i % 2 else Device(i, i) for i in range(6)]
        self.handled = 0
        self.held = 0

    def run(self, steps):
        for i in range(4):
            self.tasks[i].send(Packet(None, i, i % 3 + 1))
        for _ in range(steps):
            best = None
            for task in self.tasks:
                if not task.waiting and (best is None or len(task.inbox) > len(best.inbox)):
                    best = task
            best.step(self)
        return self.handled * 1000 + self.held


def work(number, parts):
    total = 0
    for _ in range(160 // parts):
        total += System().run(2000)
    return total


run(work)
