"""The suites that benchmarks/run knows: which programs there are, how one is started, how its output is read.

Every program prints a line for each iteration that ends in `runtime: NUMBERus`; what stands before the first ':' is the benchmark's name.
A program may be several benchmarks (scimark). The tables fix the amount of work in an iteration, the same for all VMs: about 0.05 to 1 s on CPython.
"""
import os
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent.parent
RUNTIME = re.compile(r"^(?P<name>[^:\n]+): .*runtime: (?P<us>[0-9.]+)us$", re.M)

# Inner iterations; some programs verify their result only for certain numbers.
AWFY = {"Bounce": 200, "CD": 100, "DeltaBlue": 1200, "Havlak": 1, "Json": 20, "List": 200, "Mandelbrot": 500, "NBody": 250000, "Permute": 100,
        "Queens": 100, "Richards": 5, "Sieve": 300, "Storage": 100, "Towers": 60}
# Iterations at most, where one takes many seconds on CPython.
FEWER = {"Havlak": 3, "Mandelbrot": 3, "mdp": 3, "btree": 4, "barnes_hut": 8, "pyflate": 10, "fannkuch": 12}

# Programs of pyperformance that need the core language and small modules only: --loops, the same for all VMs.
PYPERFORMANCE = {"barnes_hut": 1, "btree": 1, "chaos": 1, "comprehensions": 2000, "deepcopy": 100, "deltablue": 10, "fannkuch": 1, "float": 1,
                 "gc_traversal": 20, "generators": 1, "go": 1, "hexiom": 4, "mdp": 1, "meteor_contest": 1, "nbody": 1, "nqueens": 1, "pidigits": 1, "pyflate": 1,
                 "raytrace": 1, "richards": 3, "richards_super": 3, "scimark": 1, "spectral_norm": 1, "unpack_sequence": 4000}


class Program:
    """One program of a suite. words: what follows the VM's command; limit: iterations at most."""

    def __init__(self, suite, name, folder, words, limit, environment=None):
        self.suite = suite
        self.name = name
        self.folder = folder
        self.words = words
        self.limit = limit
        self.environment = environment or {}

    def command(self, vm, iterations):
        return vm + [word.replace("{iterations}", str(min(iterations, self.limit))) for word in self.words]

    def iterations(self, asked):
        return min(asked, self.limit)


class WrongSuite(Exception):
    """The suite's name or folder is not right; the text says why."""


def awfy(folder):
    if not (folder / "harness.py").is_file():
        raise WrongSuite(f"{folder}: no harness.py; name the folder benchmarks/Python of a checkout of smarr/are-we-fast-yet")
    return [Program("awfy", name, folder, ["harness.py", name, "{iterations}", str(inner)], FEWER.get(name, 1000)) for name, inner in AWFY.items()]


def pyperformance(folder):
    inside = folder / "pyperformance" / "data-files" / "benchmarks"
    if inside.is_dir():
        folder = inside
    if not (folder / "bm_richards" / "run_benchmark.py").is_file():
        raise WrongSuite(f"{folder}: no bm_richards in it; name a checkout of python/pyperformance")
    environment = {"PYTHONPATH": str(HERE / "pyperf")}
    programs = []
    for name, loops in PYPERFORMANCE.items():
        words = [f"bm_{name}/run_benchmark.py", "-n", "{iterations}", "-l", str(loops)]
        programs.append(Program("pyperformance", name, folder, words, FEWER.get(name, 1000), environment))
    return programs


def classics(folder=None):
    folder = folder or HERE / "classics"
    names = sorted(path.stem for path in folder.glob("*.py") if path.stem != "harness")
    if not names:
        raise WrongSuite(f"{folder}: no programs in it")
    return [Program("classics", name, folder, ["harness.py", name, "{iterations}"], 1000) for name in names]


SUITES = {"awfy": awfy, "pyperformance": pyperformance, "classics": classics}


def load(text):
    """'NAME=FOLDER' or 'classics' to a list of programs."""
    name, equals, folder = text.partition("=")
    if name not in SUITES:
        raise WrongSuite(f"--suite {text}: no such suite; there are {', '.join(SUITES)}")
    if not equals and name != "classics":
        raise WrongSuite(f"--suite {name}: say where it is: {name}=FOLDER")
    if equals and not os.path.isdir(folder):
        raise WrongSuite(f"--suite {text}: {folder} is not a folder")
    return SUITES[name](pathlib.Path(folder).resolve()) if equals else SUITES[name]()
