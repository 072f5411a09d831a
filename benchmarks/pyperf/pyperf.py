"""A small stand-in for pyperf's Runner, for the programs of python/pyperformance.

The programs run unmodified: put this folder on PYTHONPATH and start one with any Python, heddle-python too. There are no worker
processes, no calibration and no JSON: one process takes the values one after the other and prints a line for each,

    NAME: loops=L runtime: 1234.567us

where the time is that of all L loops together. benchmarks/run reads these lines. This file uses only the core language, `sys` and `time`,
so that it costs a VM nothing to load.

options of every program: -n/--values N (default 10), -l/--loops L (default 1), -w/--warmups W (default 0, not printed)
"""
import sys
from time import perf_counter

__all__ = ["Runner", "perf_counter"]


class Namespace:
    def __repr__(self):
        return "Namespace(%s)" % ", ".join("%s=%r" % pair for pair in self.__dict__.items())


class Argument:
    """One option or positional argument, as add_argument describes it."""

    def __init__(self, names, keywords):
        known = {"type", "default", "nargs", "action", "choices", "help", "metavar", "dest", "required"}
        for keyword in keywords:
            if keyword not in known:
                raise TypeError("add_argument(): %r is not supported by this stand-in" % keyword)
        self.names = names
        self.positional = not names[0].startswith("-")
        longest = names[0]
        for name in names:
            if name.startswith("--"):
                longest = name
                break
        self.dest = keywords.get("dest") or longest.lstrip("-").replace("-", "_")
        self.convert = keywords.get("type") or str
        self.default = keywords.get("default")
        self.nargs = keywords.get("nargs")
        self.action = keywords.get("action", "store")
        self.choices = keywords.get("choices")
        self.required = keywords.get("required", False)
        self.help = keywords.get("help") or ""
        if self.action not in ("store", "store_true", "store_false"):
            raise TypeError("add_argument(): action=%r is not supported by this stand-in" % self.action)
        if self.nargs not in (None, "?"):
            raise TypeError("add_argument(): nargs=%r is not supported by this stand-in" % self.nargs)
        if self.action != "store" and self.default is None:
            self.default = self.action == "store_false"

    @property
    def takes_value(self):
        return self.action == "store"


class ArgumentParser:
    def __init__(self):
        self.arguments = []

    def add_argument(self, *names, **keywords):
        argument = Argument(names, keywords)
        self.arguments.append(argument)
        return argument

    def error(self, text):
        sys.stderr.write("%s: error: %s; --help lists the options\n" % (sys.argv[0], text))
        sys.exit(2)

    def print_help(self):
        print("usage: %s [options]" % sys.argv[0])
        for argument in self.arguments:
            print("  %-28s %s" % (", ".join(argument.names), argument.help.replace("%%", "%")))

    def _convert(self, argument, text):
        try:
            value = argument.convert(text)
        except ValueError:
            self.error("argument %s: invalid value: %r" % (argument.names[-1], text))
        if argument.choices is not None and value not in argument.choices:
            self.error("argument %s: invalid choice: %r (choose from %s)"
                       % (argument.names[-1], value, ", ".join([str(choice) for choice in argument.choices])))
        return value

    def parse_args(self, words=None):
        words = list(sys.argv[1:] if words is None else words)
        result = Namespace()
        options, positionals, given = {}, [], set()
        for argument in self.arguments:
            default = argument.default
            setattr(result, argument.dest, argument.convert(default) if isinstance(default, str) else default)
            if argument.positional:
                positionals.append(argument)
            for name in argument.names:
                options[name] = argument
        while words:
            word = words.pop(0)
            if word in ("-h", "--help"):
                self.print_help()
                sys.exit(0)
            if not word.startswith("-") or word == "-":
                if not positionals:
                    self.error("unrecognized arguments: %s" % word)
                argument = positionals.pop(0)
                setattr(result, argument.dest, self._convert(argument, word))
                given.add(argument.dest)
                continue
            name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
            argument = options.get(name)
            if argument is None:
                self.error("unrecognized arguments: %s" % word)
            given.add(argument.dest)
            if not argument.takes_value:
                if equals:
                    self.error("argument %s takes no value" % name)
                setattr(result, argument.dest, argument.action == "store_true")
                continue
            if not equals:
                if not words:
                    self.error("argument %s: expected one argument" % name)
                value = words.pop(0)
            setattr(result, argument.dest, self._convert(argument, value))
        for argument in self.arguments:
            if argument.dest not in given and (argument.required or (argument.positional and argument.nargs != "?")):
                self.error("the following arguments are required: %s" % argument.names[-1])
        return result


class Runner:
    def __init__(self, values=None, processes=None, loops=0, min_time=None, metadata=None, warmups=None, add_cmdline_args=None,
                 show_name=True, program_args=None):
        self.metadata = dict(metadata or {})
        self.args = None
        self.argparser = ArgumentParser()
        self.argparser.add_argument("-n", "--values", type=int, default=10, help="values to take (10)")
        self.argparser.add_argument("-l", "--loops", type=int, default=1, help="runs of the program's function in a value (1)")
        self.argparser.add_argument("-w", "--warmups", type=int, default=0, help="values to throw away first (0)")

    def parse_args(self, args=None):
        if self.args is None:
            self.args = self.argparser.parse_args(args)
            for name in ("values", "loops", "warmups"):
                if getattr(self.args, name) < (0 if name == "warmups" else 1):
                    self.argparser.error("--%s must be positive" % name)
        return self.args

    def _take(self, name, measure):
        args = self.parse_args()
        for number in range(args.warmups + args.values):
            seconds = measure(args.loops)
            if number >= args.warmups:
                print("%s: loops=%d runtime: %.3fus" % (name, args.loops, seconds * 1e6), flush=True)

    def bench_time_func(self, name, time_func, *args, inner_loops=None, metadata=None):
        """time_func(loops, *args) measures itself."""
        self._take(name, lambda loops: time_func(loops, *args))

    def bench_func(self, name, func, *args, inner_loops=None, metadata=None):
        def measure(loops):
            began = perf_counter()
            for _ in range(loops):
                func(*args)
            return perf_counter() - began
        self._take(name, measure)
