# SPDX-License-Identifier: BSD-3-Clause
"""Reaction networks on which the solution of the core is measured."""

import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# The networks are those of the tests, so that what is measured is what is checked.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "reference"))

import cases
import networks

REPETITIONS = 5
"""int: measurements of which the median is taken."""


def ring(n_species, count=5):
    """Isomers in a ring, each with its own rate to the next one: as many reactions as species."""
    rates = (10.0 ** (i * 0.618 % 3) for i in range(n_species))  # three decades, well mixed along the ring
    reactions = tuple(({i: 1}, {(i + 1) % n_species: 1}, rate) for i, rate in enumerate(rates))
    return networks.Network((count,) * n_species, reactions)


NETWORKS = {
    "sei": lambda: networks.sei_like(500),
    "sei-few": lambda: networks.sei_like(5),
    "dimers": lambda: networks.dimerisation(1000),
    "ring-1e2": lambda: ring(100),
    "ring-1e3": lambda: ring(1000),
    "ring-1e4": lambda: ring(10_000),
    "ring-1e5": lambda: ring(100_000),
}
"""dict: name -> function that makes the network; described in tests/reference/networks.py."""


@dataclass(frozen=True)
class NetworkRecord:
    """One measurement; times are CPU time of the process."""

    case: str
    species: int
    reactions: int
    events_per_second: float
    ns_per_event: float
    ns_fastest: float
    ns_slowest: float
    candidates_per_event: float
    groups: int
    setup_seconds: float


def measure_network(name, events=1_000_000, repetitions=REPETITIONS):
    """Run one network.

    Parameters
    ----------
    name : str
        Key of NETWORKS.
    events : int
        Events of each repetition, and before the first.
    repetitions : int
        The median of so many is reported, with the fastest and the slowest.

    Returns
    -------
    NetworkRecord
    """
    network = NETWORKS[name]()
    begin = time.process_time()
    engine = network.engine()
    setup = time.process_time() - begin
    engine.run(cases.FOREVER, events)
    candidates, costs = engine.n_candidates, []
    for _ in range(repetitions):
        begin = time.process_time()
        engine.run(cases.FOREVER, events)
        costs.append((time.process_time() - begin) / events * 1e9)
    median = statistics.median(costs)
    return NetworkRecord(
        case=name,
        species=engine.solution.n_species,
        reactions=engine.solution.n_reactions,
        events_per_second=1e9 / median,
        ns_per_event=median,
        ns_fastest=min(costs),
        ns_slowest=max(costs),
        candidates_per_event=(engine.n_candidates - candidates) / (events * repetitions),
        groups=engine.solution.n_groups,
        setup_seconds=setup,
    )
