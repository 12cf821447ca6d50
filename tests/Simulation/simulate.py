"""blockchain.py simulate: histories of a whole network under faults, several processes at once, and what came of them."""
from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROJECT = os.path.join("tests", "Simulation", "Kimura.Tests.Simulation.csproj")
PROGRAM = os.path.join("tests", "Simulation", "bin", "Release", "net10.0", "Kimura.Tests.Simulation.dll")

HELP = """Runs the node's own code as a network of a leader and four peers, under faults, in simulated time: one seed is one history.
Each line says seed, hash and height; a broken promise comes with the command that repeats it. See docs/simulation.md."""


def parse(arguments):
    parser = argparse.ArgumentParser(prog="blockchain.py simulate", description=HELP, allow_abbrev=False)
    parser.add_argument("--seeds", default="1..100", type=seeds, metavar="A..B", help="from A to B; default 1..100")
    parser.add_argument("--seed", type=int, metavar="N", help="this one alone")
    parser.add_argument("--hours", type=float, metavar="H", help="end after so long, whatever seeds are left")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes at once; default: one a core")
    parser.add_argument("--hashes", metavar="FILE", help="keep each seed's hash, to compare two runs")
    parser.add_argument("--trace", action="store_true", help="tell what happens, on standard error")
    parser.add_argument("--planted", choices=planted(), metavar="NAME", help=f"with a bug put into the source: {', '.join(planted())}")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        options.seeds = (options.seed, options.seed)
    options.jobs = max(1, min(options.jobs, options.seeds[1] - options.seeds[0] + 1))
    return options


def seeds(text):
    first, dots, last = text.partition("..")
    if not dots or not first.isdigit() or not last.isdigit() or int(first) > int(last):
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form A..B")
    return int(first), int(last)


class Run:
    """Processes that each take their share of the seeds, and what they said."""

    def __init__(self, program, options):
        self.program, self.options = program, options
        self.results, self.broken, self.failures = {}, [], []
        self.gate = threading.Lock()
        self.ended = False
        self.started = time.monotonic()
        self.children = [self.start(number) for number in range(options.jobs)]

    def start(self, number):
        first, last = self.options.seeds
        command = ["dotnet", self.program, "--seeds", f"{first + number}..{last}", "--step", str(self.options.jobs)]
        if self.options.hours is not None:
            command += ["--limit", str(int(self.options.hours * 3600))]
        if self.options.trace:
            command.append("--trace")
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def follow(self, child):
        for line in child.stdout:
            result = json.loads(line)
            with self.gate:
                self.results[result["seed"]] = result
                self.tell(result)
        if child.wait() not in (0, 1) and not self.ended:
            with self.gate:
                self.failures.append(f"a process ended with exit code {child.returncode}")

    def tell(self, result):
        if result["violation"]:
            self.broken.append(result)
            print(f"{result['seed']}: {result['violation']}\n    {replay(self.options, result['seed'])}", flush=True)
        elif self.options.seed is not None:
            faults = ", ".join(result["faults"])
            print(f"{result['seed']}: {result['hash']}, {result['simulated']:.0f} s, height {result['height']}, "
                  f"{result['answered']} of {result['submitted']} submissions answered; {faults}", flush=True)
        elif len(self.results) % 100 == 0:
            print(self.summary(), flush=True)
        if result["violation"] and self.options.planted:
            self.end()

    def summary(self):
        took = time.monotonic() - self.started
        simulated = sum(result["simulated"] for result in self.results.values())
        return (f"{len(self.results)} seeds, {len(self.broken)} broke a promise; {len(self.results) / took:.2f} seeds/s, "
                f"{simulated / took:.0f} times faster than simulated time")

    def end(self):
        self.ended = True
        for child in self.children:
            if child.poll() is None:
                child.terminate()

    def wait(self):
        followers = [threading.Thread(target=self.follow, args=(child,)) for child in self.children]
        try:
            for follower in followers:
                follower.start()
            for follower in followers:
                follower.join()
        finally:
            self.end()


def replay(options, seed):
    planted = f" --planted {options.planted}" if options.planted else ""
    return f"python3 blockchain.py simulate --seed {seed}{planted} --trace"


def keep_hashes(run, path):
    with open(path, "w", encoding="utf-8") as file:
        for seed in sorted(run.results):
            file.write(f"{seed} {run.results[seed]['hash']}\n")


def planted():
    """The names of the bugs that can be planted."""
    return sorted(name[:-len(".patch")] for name in os.listdir(os.path.join(HERE, "Planted")))


def patch_of(name):
    return os.path.join(HERE, "Planted", name + ".patch")


def plant(name, folder):
    """Copies what the simulation is built from, puts the bug in, builds; gives the program."""
    skipped = shutil.ignore_patterns("bin", "obj", "node_modules", "dist", "__pycache__")
    for part in ("src", os.path.join("tests", "Simulation")):
        shutil.copytree(os.path.join(ROOT, part), os.path.join(folder, part), ignore=skipped)
    for file in os.listdir(ROOT):
        if file.endswith((".props", ".targets", ".json", ".editorconfig", ".config")):
            shutil.copy(os.path.join(ROOT, file), folder)
    # Outside of the repository, or git would look for the files there.
    subprocess.run(["git", "apply", patch_of(name)], cwd=folder, check=True)
    print(f"simulate: building with {name}", file=sys.stderr, flush=True)
    command = ["dotnet", "build", PROJECT, "-c", "Release", "-v", "q", "-nologo", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false"]
    subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr)
    return os.path.join(folder, PROGRAM)


def main(program, options):
    """The exit code: 0 where every promise was kept; with a planted bug, where it was found."""
    if not options.planted:
        return report(options, program)
    with tempfile.TemporaryDirectory(prefix="kimura-planted-") as folder:
        return report(options, plant(options.planted, folder))


def report(options, program):
    run = Run(program, options)
    run.wait()
    print(run.summary())
    if options.hashes:
        keep_hashes(run, options.hashes)
    if options.planted:
        print(f"{options.planted}: {'caught' if run.broken else 'not caught'} within {len(run.results)} seeds")
        return 0 if run.broken else 1
    for failure in run.failures:
        print(f"simulate: {failure}", file=sys.stderr)
    return 1 if run.broken or run.failures else 0
