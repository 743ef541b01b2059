# SPDX-License-Identifier: BSD-3-Clause
"""Measures cases, one after the other: all sizes of a case, the probe and other programs take turns."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import baseline, instructions, peers
from benchmarks.conditions import conditions, free_memory, load_average
from benchmarks.contest import Engine, Probe, Turns
from benchmarks.problems import PROBLEMS, cube

BYTES_NEEDED, SPARE = 40, 1 << 29
"""int: memory that a box is expected to take at most, per site, and what is left for others [bytes]."""

COUNTED_UP_TO = 1_000_000
"""int: largest number of sites at which instructions are counted; valgrind is fifty times slower."""

QUICK_UP_TO = 1_000_000
"""int: largest number of sites of a quick run."""


@dataclass
class Options:
    """What to measure.

    Attributes
    ----------
    sizes : tuple of int
        Numbers of sites to aim at; () for those of each problem.
    rounds : int
        Measurements of which the median is taken.
    quick : bool
        Without boxes beyond 1e6 sites and without counting instructions.
    peers : dict
        Other programs by name, as `peers.found` returns them.
    note : callable
        What is told to the user besides the table.
    """

    sizes: tuple = ()
    rounds: int = 5
    quick: bool = False
    peers: dict = field(default_factory=dict)
    note: object = print

    def sizes_of(self, problem):
        """Numbers of sites at which a problem is measured."""
        if problem.sizes == (0,):
            return problem.sizes
        sizes = self.sizes or problem.sizes
        return tuple(n for n in sizes if not self.quick or n <= QUICK_UP_TO)


def measure(case, options):
    """Records of a case: one for each size, and for the probe and other programs beside it.

    Parameters
    ----------
    case : str
        Key of PROBLEMS.
    options : Options

    Returns
    -------
    list of dict

    Raises
    ------
    RuntimeError
        If our engine, the probe or another program fails.
    """
    contestants = []
    try:
        for n_sites in options.sizes_of(PROBLEMS[case]):
            if _fits(case, n_sites, options):
                contestants += _set_up(case, n_sites, options)
        turns = Turns(contestants)
        turns.play(options.rounds)
        load = load_average()
        records = [_record(case, turns, contestant, load) for contestant in contestants]
        for record, contestant in zip(records, contestants, strict=True):
            if isinstance(contestant, Engine):
                record |= contestant.request("rerate") | {"instructions_per_event": _counted(contestant, case, options)}
        _compare(records)
        return [baseline.beside(record) for record in records]
    finally:
        for contestant in contestants:
            contestant.close()


def _fits(case, n_sites, options):
    free, needed = free_memory(), n_sites * PROBLEMS[case].times * BYTES_NEEDED
    if free is None or needed + SPARE < free:
        return True
    options.note(f"{case}: {n_sites:.0e} sites left out, they may take {needed / 2**30:.1f} GiB "
                 f"and {free / 2**30:.1f} GiB are free")
    return False


def _set_up(case, n_sites, options):
    """Our engine, and what it is compared with at this size."""
    made = [Engine(case, n_sites)]
    if case == "hop3d":
        try:
            made += [Probe(cube(n_sites)[0], ahead) for ahead in (False, True)]
        except (OSError, subprocess.CalledProcessError) as error:
            options.note(f"{case}: no probe of the memory, {error}")
    try:
        made += peers.peers_of(case, n_sites, options.peers)
    except (RuntimeError, OSError) as error:
        options.note(f"{case}: {error}")
    return made


def _record(case, turns, contestant, load):
    record = {"case": case, "program": contestant.program, "sites": contestant.sites, **turns.of(contestant)}
    if isinstance(contestant, Engine):
        record |= contestant.request("describe")
    else:
        record |= {"case": f"{case} ({contestant.program})", "events_per_repeat": contestant.events}
        record["bytes_per_site"] = getattr(contestant, "bytes_per_site", None)
    return record | {"load_average": load} | conditions()


def _counted(engine, case, options):
    """Instructions per event, or None where they are not counted."""
    if options.quick or engine.aimed_at > COUNTED_UP_TO or not instructions.is_available():
        return None
    with TemporaryDirectory() as directory:
        path = Path(directory) / "engine"
        engine.request("save", str(path))
        return instructions.instructions_per_event(path, PROBLEMS[case].counted)


def _compare(records):
    """Write beside each of our figures the others of the same size, as a share of their speed."""
    ours = {record["sites"]: record for record in records if record["program"] == Engine.program}
    for record in records:
        own = ours.get(record["sites"])
        if own is None:
            near = min(ours, key=lambda sites: abs(sites - record["sites"]), default=None)
            own = ours.get(near)
        if own is None or own is record:
            continue
        record["ours_over_this"] = record["ns_per_event"] / own["ns_per_event"]
        if record["program"].startswith("probe"):
            own["share_of_limit"] = min(record["ours_over_this"], own.get("share_of_limit", np.inf))


def note(text):
    """Tell the user, apart from the table."""
    print(text, file=sys.stderr, flush=True)
