# SPDX-License-Identifier: BSD-3-Clause
"""Other programs on the same problems, if they are installed: SPPARKS and kmos.

Only their input is written here; `kmos_model.py` is run by the Python that kmos is installed in.
"""

import importlib.util
import json
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.contest import BUILD, Contestant
from benchmarks.problems import cube, square

MOST_SITES = 1_000_000
"""int: larger boxes take other programs minutes to set up."""

SPPARKS_NAMES = ("spk_serial", "spk_mpi", "spparks")
KMOS_MODEL = Path(__file__).with_name("kmos_model.py")

SPPARKS_INPUT = """\
seed 56789
app_style diffusion off hop
dimension 3
lattice sc/6n 1.0
region box block 0 {side} 0 {side} 0 {side}
create_box box
create_sites box value site 1
set i1 value 2 fraction 0.1
solve_style {solver}
temperature 1.0
stats {time}
run {warm_up}
run {time}
"""
"""str: hop3d; every hop at rate 1, so 0.54 events per site and time."""

SPPARKS_SOLVERS = {"tree": "tree", "group": "group 6.0 1.0"}
"""dict: exact solvers; the bounds of the groups are those of one to six hops."""


class Spparks:
    """SPPARKS, which is started anew for every round; it reports the wall time of its loop.

    Parameters
    ----------
    program : str
        Path of the program.
    n_sites : int
        Number of sites to aim at.
    solver : str
        Key of SPPARKS_SOLVERS.
    """

    events = 200_000

    def __init__(self, program, n_sites, solver):
        side = cube(n_sites)[0]
        self.command, self.sites, self.program = [program, "-log", "none"], side**3, f"SPPARKS {solver}"
        duration = self.events / (0.54 * self.sites)
        self.input = SPPARKS_INPUT.format(
            side=side, solver=SPPARKS_SOLVERS[solver], warm_up=f"{duration / 4:.9g}", time=f"{duration:.9g}"
        )

    def nanoseconds(self):
        """Time per event in the loop [ns].

        SPPARKS reports wall time; the share of it in which the process had a processor makes it CPU time.

        Raises
        ------
        RuntimeError
            If it prints something else than is expected.
        """
        begin, before = time.perf_counter(), _cpu_of_children()
        done = subprocess.run(self.command, input=self.input, capture_output=True, text=True, cwd=BUILD)
        share = min((_cpu_of_children() - before) / (time.perf_counter() - begin), 1.0)
        if done.returncode:
            raise RuntimeError(f"{self.command[0]} failed: {(done.stderr or done.stdout).strip()[-500:]}")
        seconds, events = spparks_loop(done.stdout)
        return share * seconds / events * 1e9

    def close(self):
        """Nothing is left running."""


def spparks_loop(text):
    """Wall time of the second run that SPPARKS reports [s], and its events.

    Raises
    ------
    RuntimeError
        If the text is something else than is expected.
    """
    # A line of a run is: time, accepted, rejected, sweeps, CPU; a run begins and ends with one.
    runs = text.split("Loop time of ")
    accepted = re.findall(r"^ *[\d.e+-]+ +(\d+) +\d+ +\d+ +\S+ *$", runs[1] if len(runs) == 3 else "", re.MULTILINE)
    if len(accepted) < 2:
        raise RuntimeError(f"SPPARKS printed what is not understood: {text.strip()[-500:]}")
    return float(runs[2].split()[0]), int(accepted[-1]) - int(accepted[0])


def _cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Kmos(Contestant):
    """A model of kmos in a process of the Python in which it is installed."""

    events = 200_000

    def __init__(self, python, case, n_sites):
        shape = square(n_sites) if case == "zgb2d" else cube(n_sites)
        directory = BUILD / "kmos" / case
        directory.mkdir(parents=True, exist_ok=True)
        super().__init__([python, KMOS_MODEL, case, directory, *shape])
        self.program, self.sites = "kmos", 1
        for length in shape:
            self.sites *= length
        if "ready" not in self.process.stdout.readline():
            raise RuntimeError(f"kmos could not make {case}, status {self.process.wait()}")
        self.nanoseconds()

    def nanoseconds(self):
        """CPU time per event [ns]."""
        return json.loads(self.ask(str(self.events)))["seconds"] / self.events * 1e9


def kmos_python():
    """Path of the Python that can import kmos: this one, that of the command `kmos`, or None."""
    if importlib.util.find_spec("kmos"):
        return sys.executable
    command = shutil.which("kmos")
    first = Path(command).read_text(errors="replace").splitlines()[0] if command else ""
    python = first.removeprefix("#!").strip()
    return python if first.startswith("#!") and Path(python).exists() else None


def found():
    """Name of each peer that is installed with the path of its program."""
    spparks = next(filter(None, map(shutil.which, SPPARKS_NAMES)), None)
    programs = {"SPPARKS": spparks, "kmos": kmos_python()}
    return {name: program for name, program in programs.items() if program}


def peers_of(case, n_sites, programs):
    """Other programs that can run a case.

    Parameters
    ----------
    case : str
    n_sites : int
        Number of sites to aim at.
    programs : dict
        What `found` returns.

    Returns
    -------
    list
        Contestants, one after the other made ready to run.
    """
    made = []
    if n_sites > MOST_SITES:
        return made
    if case == "hop3d" and "SPPARKS" in programs:
        BUILD.mkdir(exist_ok=True)
        made += [Spparks(programs["SPPARKS"], n_sites, solver) for solver in SPPARKS_SOLVERS]
    if case in ("hop3d", "rd3d", "zgb2d") and "kmos" in programs:
        made.append(Kmos(programs["kmos"], case, n_sites))
    return made


