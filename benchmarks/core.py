# SPDX-License-Identifier: BSD-3-Clause
"""Problems on which the core is measured, and how one of them is measured."""

import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# The mechanisms are those of the tests, so that what is measured is what is checked.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "reference"))

import cases

SIZES = (10_000, 1_000_000)
"""tuple of int: numbers of sites that are aimed at."""

WARM_UP, REPETITIONS = 0.5, 5
"""float, int: events per site before the measurement, and measurements of which the median is taken."""


def cube(n_sites):
    """Shape of the cube with about as many sites."""
    return (round(n_sites ** (1 / 3)),) * 3


def slab(n_sites):
    """Shape of a film box with about as many sites, 32 high."""
    side = round((n_sites / 32) ** 0.5)
    return (32, side, side)


def square(n_sites):
    """Shape of the square with about as many sites."""
    return (round(n_sites**0.5),) * 2


PROBLEMS = {
    "hop3d": lambda n: cases.hop3d(cube(n)),
    "rd3d": lambda n: cases.rd3d(cube(n)),
    "zgb2d": lambda n: cases.zgb2d(*square(n)),
    "gas3d": lambda n: cases.lattice_gas(cube(n), periodic=cases.PERIODIC),
    "front": lambda n: cases.film(slab(n)),
}
"""dict: name -> function of the number of sites; the mechanisms are described in tests/reference/cases.py."""

MAIN_DECK = Path(__file__).resolve().parents[1] / "inputs" / "graphite_ec.yaml"
HALF_GROWN = (0, 30e-6)
"""(int, float): clock at which the film of the main deck is measured [s]; half as thick as at 0.1 s."""


@dataclass(frozen=True)
class Record:
    """One measurement; times are CPU time of the process."""

    case: str
    sites: int
    events_per_second: float
    ns_per_event: float
    ns_fastest: float
    ns_slowest: float
    bytes_per_site: float
    acceptance: float
    classes: int
    setup_seconds: float


def measure(name, n_sites, events=1_000_000, repetitions=REPETITIONS):
    """Run one problem.

    Parameters
    ----------
    name : str
        Key of PROBLEMS.
    n_sites : int
        Number of sites to aim at.
    events : int
        Events of each repetition.
    repetitions : int
        The median of so many is reported, with the fastest and the slowest.

    Returns
    -------
    Record
    """
    parts = PROBLEMS[name](n_sites).parts()
    begin = time.process_time()
    engine = cases.engine_of(parts)
    setup = time.process_time() - begin
    engine.run(cases.FOREVER, max(int(WARM_UP * n_sites), 1_000_000))
    return _timed(name, engine, parts.species.size, setup, events, repetitions)


def measure_main_deck(events=1_000_000, repetitions=REPETITIONS):
    """Run the main deck until its film is half-grown, then measure it like the others.

    Returns
    -------
    Record
    """
    from kmc.deck import load_deck
    from kmc.model import Model

    model = Model.of(load_deck(MAIN_DECK))
    begin = time.process_time()
    engine = model.engine()
    setup = time.process_time() - begin
    engine.run(HALF_GROWN)
    return _timed("deck", engine, model.lattice.n_sites, setup, events, repetitions)


def outside_the_loop(repetitions=20):
    """What a run of the main deck pays outside the event loop.

    Returns
    -------
    costs : dict of str to float
        Shortest CPU time [ms] of compiling the deck, of its rate constants at a new potential, and of all fields of one
        output.
    """
    from kmc import fields
    from kmc.deck import load_deck
    from kmc.model import Model

    model = Model.of(load_deck(MAIN_DECK))
    engine = model.engine()
    engine.run((0, 1e-6))
    film = engine.species.reshape(model.lattice.shape)
    table, lattice = fields.species_table(model.mechanism), model.lattice
    tasks = {
        "deck to model": lambda: Model.of(load_deck(MAIN_DECK)),
        "rate constants": lambda: model.mechanism.rate_constants(298.15, 0.1, lattice.spacing),
        "fields of an output": lambda: fields.observe(film, table, lattice.spacing, lattice.periodic),
    }
    return {name: min(_cpu_time(task) for _ in range(repetitions)) * 1e3 for name, task in tasks.items()}


def _cpu_time(task):
    begin = time.process_time()
    task()
    return time.process_time() - begin


def _timed(name, engine, n_sites, setup, events, repetitions):
    """Measure an engine from where it stands."""
    candidates, before, costs = engine.n_candidates, engine.n_events, []
    for _ in range(repetitions):
        begin = time.process_time()
        engine.run(cases.FOREVER, events)
        costs.append((time.process_time() - begin) / events * 1e9)
    median = statistics.median(costs)
    return Record(
        case=name,
        sites=n_sites,
        events_per_second=1e9 / median,
        ns_per_event=median,
        ns_fastest=min(costs),
        ns_slowest=max(costs),
        bytes_per_site=engine.n_bytes / n_sites,
        acceptance=(engine.n_events - before) / (engine.n_candidates - candidates),
        classes=engine.environments.n_classes,
        setup_seconds=setup,
    )
