# SPDX-License-Identifier: BSD-3-Clause
"""Processes that take turns at the same problem: our engine at several sizes, the probe, other programs."""

import json
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
PROBE = Path(__file__).with_name("probe.c")


class Contestant:
    """A process that is told how many events to run, and says how long they took.

    Attributes
    ----------
    program : str
        Name of what runs.
    sites : int
        Number of sites.
    """

    program = "sei-kmc"

    def __init__(self, command):
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )

    def ask(self, line):
        """Send one line, return the line that comes back.

        Raises
        ------
        RuntimeError
            If the process has ended.
        """
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise RuntimeError(f"{' '.join(self.process.args)} has ended, with status {self.process.wait()}")
        return answer

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Engine(Contestant):
    """Our engine."""

    def __init__(self, case, n_sites):
        super().__init__([sys.executable, "-m", "benchmarks.worker", case, n_sites])
        self.aimed_at = n_sites
        self.name = f"{case} at {n_sites:.0e} sites"
        self._read(self.process.stdout.readline())
        described = self.request("describe")
        self.sites, self.events = described["sites"], described["events_per_repeat"]

    def request(self, verb, *arguments):
        """Call a method of the worker.

        Raises
        ------
        RuntimeError
            If it fails, with what it said.
        """
        return self._read(self.ask(json.dumps([verb, *arguments])))

    def _read(self, line):
        answer = json.loads(line) if line else {"error": f"the process has ended, with status {self.process.wait()}"}
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {answer['error']}")
        return answer

    def nanoseconds(self):
        """CPU time per event [ns]."""
        answer = self.request("run", self.events)
        return answer["seconds"] / answer["events"] * 1e9


class Probe(Contestant):
    """The least that exact hop3d takes (`probe.c`)."""

    events = 1_000_000

    def __init__(self, side, ahead):
        super().__init__([compiled_probe(), side, 1, int(ahead)])
        self.program = "probe, looking ahead" if ahead else "probe"
        self.sites = side**3
        self.bytes_per_site, self.activity = (float(word) for word in self.ask(str(self.events)).split()[1:])

    def nanoseconds(self):
        """CPU time per event [ns]."""
        return float(self.ask(str(self.events)).split()[0]) / self.events * 1e9


def compiled_probe():
    """Path of the probe, compiled if it has not been yet.

    Raises
    ------
    FileNotFoundError
        If there is no C compiler.
    """
    program = BUILD / "probe"
    if not program.exists() or program.stat().st_mtime < PROBE.stat().st_mtime:
        compiler = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
        if compiler is None:
            raise FileNotFoundError("no C compiler")
        BUILD.mkdir(exist_ok=True)
        subprocess.run([compiler, "-O3", "-o", program, PROBE, "-lm"], check=True)
    return program


@dataclass
class Turns:
    """Costs of contestants that took turns.

    Attributes
    ----------
    costs : list of list of float
        CPU time per event of each contestant in each round [ns].
    """

    contestants: list
    costs: list = field(default_factory=list)

    def play(self, rounds):
        """Let every contestant run once per round, so that what else happens on the machine meets all of them."""
        self.costs = [[] for _ in self.contestants]
        for _ in range(rounds):
            for contestant, costs in zip(self.contestants, self.costs, strict=True):
                costs.append(contestant.nanoseconds())

    def of(self, contestant):
        """Median, fastest and slowest as entries of a record."""
        costs = self.costs[self.contestants.index(contestant)]
        median = statistics.median(costs)
        return {
            "events_per_second": 1e9 / median,
            "ns_per_event": median,
            "ns_fastest": min(costs),
            "ns_slowest": max(costs),
            "repeats": len(costs),
        }
