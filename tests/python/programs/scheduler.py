"""Tasks that pass packets to each other, as an operating system's kernel would: class hierarchies, dynamic dispatch, state."""


class Packet:
    def __init__(self, link, target, kind):
        self.link, self.target, self.kind = link, target, kind
        self.data = [0, 0, 0, 0]
        self.cursor = 0


def append(packet, queue):
    packet.link = None
    if queue is None:
        return packet
    last = queue
    while last.link is not None:
        last = last.link
    last.link = packet
    return queue


class Task:
    hold_count = queue_count = 0

    def __init__(self, name, priority, queue):
        self.name, self.priority, self.queue = name, priority, queue
        self.held = False
        self.waiting = queue is None

    @property
    def runnable(self):
        return not self.held and (not self.waiting or self.queue is not None)

    def receive(self, packet):
        self.queue = append(packet, self.queue)
        self.waiting = False
        Task.queue_count += 1

    def take(self):
        packet = self.queue
        if packet is not None:
            self.queue = packet.link
            packet.link = None
        return packet

    def step(self, scheduler):
        packet = self.take()
        if packet is None:
            self.waiting = True
            return
        self.work(scheduler, packet)

    def work(self, scheduler, packet):
        raise NotImplementedError(self.name)


class Idle(Task):
    def __init__(self, rounds):
        super().__init__("idle", 0, None)
        self.seed, self.rounds = 1, rounds
        self.waiting = False

    def step(self, scheduler):
        self.rounds -= 1
        if self.rounds == 0:
            self.held = True
            Task.hold_count += 1
            return
        if self.seed & 1:
            self.seed = (self.seed >> 1) ^ 0xD008
            scheduler.release("device a")
        else:
            self.seed >>= 1
            scheduler.release("device b")


class Worker(Task):
    def __init__(self, priority, queue):
        super().__init__("worker", priority, queue)
        self.target, self.letter = "handler a", 0

    def work(self, scheduler, packet):
        self.target = "handler b" if self.target == "handler a" else "handler a"
        packet.cursor = 0
        for i in range(len(packet.data)):
            self.letter = (self.letter + 1) % 26
            packet.data[i] = ord("A") + self.letter
        scheduler.send(packet, self.target)


class Handler(Task):
    def __init__(self, name, priority, device):
        super().__init__(name, priority, None)
        self.device = device
        self.handled = 0

    def work(self, scheduler, packet):
        if packet.kind == "device":
            scheduler.send(packet, "worker" if packet.cursor else self.device)
            packet.kind = "work" if packet.cursor else "device"
            return
        self.handled += sum(packet.data)
        packet.kind = "device"
        scheduler.send(packet, self.device)


class Device(Task):
    def __init__(self, name, priority, handler):
        super().__init__(name, priority, None)
        self.handler = handler

    def work(self, scheduler, packet):
        packet.cursor += 1
        self.held = True
        Task.hold_count += 1
        scheduler.send(packet, self.handler)


class Scheduler:
    def __init__(self, tasks):
        self.tasks = {task.name: task for task in tasks}
        self.order = sorted(tasks, key=lambda task: -task.priority)

    def send(self, packet, target):
        packet.target = target
        self.tasks[target].receive(packet)

    def release(self, name):
        self.tasks[name].held = False

    def run(self):
        steps = 0
        while True:
            for task in self.order:
                if task.runnable:
                    task.step(self)
                    steps += 1
                    break
            else:
                return steps


def main():
    for rounds in (10, 2000):
        Task.hold_count = Task.queue_count = 0
        queue = None
        for _ in range(3):
            queue = append(Packet(None, "worker", "work"), queue)
        tasks = [Idle(rounds), Worker(1000, queue), Handler("handler a", 2000, "device a"), Handler("handler b", 3000, "device b"),
                 Device("device a", 4000, "handler a"), Device("device b", 5000, "handler b")]
        steps = Scheduler(tasks).run()
        print(rounds, steps, Task.queue_count, Task.hold_count, tasks[2].handled, tasks[3].handled)
    try:
        Task("abstract", 1, Packet(None, None, None)).step(None)
    except NotImplementedError as error:
        print("not implemented:", error)


main()
