"""Running one program once, and what is read off the run."""
import os
import resource
import selectors
import signal
import statistics
import subprocess
import tempfile
import time

from support.suites import RUNTIME

PEAK_WITHIN = 1.1          # the peak is reached at the first iteration that is at most this times the best one
FIRST_ITERATIONS = 20


class Run:
    """One process: for each benchmark in it the iterations' times in ms; the process's largest resident size in MiB; or what went wrong."""

    def __init__(self, times, megabytes, problem=None):
        self.times = times
        self.megabytes = megabytes
        self.problem = problem


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1][:160] if lines else ""


def seen_high_water(pid):
    """KiB that a running process's memory has reached (it starts anew at exec), or 0."""
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def wait(process, seconds):
    """Waits for the end. The largest resident size in KiB, or None when the time is over."""
    end = time.monotonic() + seconds
    pause = 0.001
    seen = 0
    # The kernel's own figure counts from the fork, when the child was a copy of this process: it is exact only above that.
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while True:
        seen = max(seen, seen_high_water(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_maxrss if usage.ru_maxrss > floor or not seen else seen
        if time.monotonic() > end:
            return None
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)


def run_program(program, vm, iterations, seconds):
    environment = dict(os.environ, **program.environment)
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        try:
            process = subprocess.Popen(program.command(vm, iterations), cwd=program.folder, env=environment, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=err, start_new_session=True)
        except OSError as error:
            return Run({}, 0, f"cannot be started: {error.strerror}")
        kilobytes = wait(process, seconds)
        if kilobytes is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Run({}, 0, f"no end in {seconds:g} s")
        out.seek(0)
        err.seek(0)
        text, errors = out.read(), err.read()
    times = {}
    for found in RUNTIME.finditer(text):
        # awfy prints one more line, the total, of another form; its names are those of the programs.
        times.setdefault(found["name"].strip(), []).append(float(found["us"]) / 1000)
    if process.returncode != 0:
        return Run({}, 0, f"exit {process.returncode}: {last_line(errors) or last_line(text)}")
    wanted = program.iterations(iterations)
    if not times or any(len(series) != wanted for series in times.values()):
        return Run({}, 0, f"{wanted} iterations expected: {last_line(errors) or last_line(text)}")
    return Run(times, kilobytes / 1024)


def start_up(vm, seconds=30):
    """Milliseconds from starting the process to its first output, and to its end; None when it fails."""
    began = time.perf_counter()
    try:
        process = subprocess.Popen(vm + ["-c", "print('x')"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(seconds):
            process.kill()
            process.wait()
            return None
    text = process.stdout.read(2)
    first = (time.perf_counter() - began) * 1000
    process.stdout.close()
    if process.wait() != 0 or text != b"x\n":
        return None
    return first, (time.perf_counter() - began) * 1000


def figures(times, megabytes):
    """What a table shows of one run. Times in ms."""
    peak = min(times)
    spent = 0.0
    for number, one in enumerate(times):
        spent += one
        if one <= peak * PEAK_WITHIN:
            break
    return {"peak": peak, "first": times[0], "early": sum(times[:FIRST_ITERATIONS]), "to_peak": spent, "memory": megabytes}


def medians(rows):
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}
