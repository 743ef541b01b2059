# SPDX-License-Identifier: BSD-3-Clause
"""What is measured: every problem as the arguments of an engine, for any number of sites."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

# The mechanisms are those of the tests, so that what is measured is what is checked.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "reference"))

import cases

from benchmarks import lateral, solution

MAIN_DECK = Path(__file__).resolve().parents[1] / "inputs" / "graphite_ec.yaml"
HALF_GROWN = (0, 30e-6)
"""(int, float): clock at which the film of the main deck is measured [s]; half as thick as at 0.1 s."""

BLOCK = 1 << 22
"""int: sites that are filled at once, so that filling a box of 1e8 sites takes no memory beside the box."""

EDEN_HEIGHT, TALL = 64, 8
"""int: sites of a growing front's box from bottom to top, and how many times taller its tall twin is."""


@dataclass(frozen=True)
class Problem:
    """A problem and how it is measured.

    Attributes
    ----------
    arguments : callable
        Number of sites to aim at -> keyword arguments of `engine_of`.
    sizes : tuple of int
        Numbers of sites by default; (0,) where the size is fixed.
    warm_up : float
        Events per site before the first measurement, at least `events`.
    events : int
        Events of one repetition, at most.
    per_site : float
        The same, as a share of the sites: a front that grows must not arrive at the top.
    counted : int
        Events whose instructions are counted.
    times : int
        Sites that there are for each one aimed at.
    """

    arguments: Callable
    sizes: tuple = (10_000, 1_000_000, 10_000_000)
    warm_up: float = 0.5
    events: int = 1_000_000
    per_site: float = np.inf
    counted: int = 20_000
    times: int = 1

    def events_of(self, n_sites):
        """Events of one repetition in a box of so many sites."""
        return int(min(self.events, max(self.per_site * n_sites, 1))) if n_sites else self.events


def cube(n_sites):
    """Shape of the cube with about as many sites."""
    return (round(n_sites ** (1 / 3)),) * 3


def square(n_sites):
    """Shape of the square with about as many sites."""
    return (round(n_sites**0.5),) * 2


def slab(n_sites, height=32):
    """Shape of a film box with about as many sites."""
    side = round((n_sites / height) ** 0.5)
    return (height, side, side)


def filled(shape, fractions, seed=7):
    """Species 1, 2, ... on about these fractions of the sites at random, species 0 on the rest."""
    generator = np.random.Generator(cases.bits(seed))
    edges, n_kinds = np.cumsum(fractions), len(fractions) + 1
    species = np.empty(int(np.prod(shape)), dtype=np.uint8)
    for first in range(0, species.size, BLOCK):
        block = species[first : first + BLOCK]
        drawn = generator.random(block.size, dtype=np.float32)
        block[:] = (np.searchsorted(edges, drawn, side="right") + 1) % n_kinds
    return species.reshape(shape)


def _of_case(case):
    return case.parts()._asdict() | {"blinds": True}


def _scattered(small, lattice, fractions):
    """A mechanism, taken from a small case, on a lattice of any size."""
    return _of_case(replace(small, lattice=lattice, species=filled(lattice.shape, fractions)))


def hop2d(n_sites):
    """10 % walkers on a square lattice that hop to every empty neighbour at rate 1."""
    n_z, n_x = square(n_sites)
    lattice = cases.Lattice("square", 5e-10, (n_z, 1, n_x), cases.PERIODIC)
    return _scattered(cases.Case(lattice, (cases.pair(1, 0, 0, 1),), (1.0,), None, 2), lattice, [0.1])


def hop3d(n_sites):
    return _scattered(cases.hop3d((4, 4, 4)), cases.cubic(*cube(n_sites)), [0.1])


def rd3d(n_sites):
    return _scattered(cases.rd3d((4, 4, 4)), cases.cubic(*cube(n_sites)), [0.1])


def zgb2d(n_sites):
    """From oxygen at random at the coverage of the steady state, which an empty box would take long to reach."""
    small = cases.zgb2d(4, 4)
    n_z, n_x = square(n_sites)
    return _scattered(small, replace(small.lattice, shape=(n_z, 1, n_x)), [0.0, 0.7345])


def eden(n_sites, taller=1):
    """An Eden front: every empty site is filled at rate 1 per filled neighbour, from the bottom plane upwards.

    `n_sites` is the size of the box that is not `taller`; the area is the same.
    """
    height, *area = slab(n_sites, EDEN_HEIGHT)
    lattice = cases.cubic(height * taller, *area, periodic=(False, True, True))
    species = np.zeros(lattice.shape, dtype=np.uint8)
    species[0] = 1
    return _of_case(cases.Case(lattice, (cases.pair(1, 0, 1, 1),), (1.0,), species, 2))


def of_model(model):
    """Arguments of the engine of a deck without compartment, at time zero."""
    from kmc.interactions import with_lines

    tables, interactions = model.tables, model.interactions
    if interactions is not None:
        interactions = with_lines(interactions, model.mechanism, model.protocol.at(0.0)[1])
    return dict(
        species=model.initial(),
        periodic=model.lattice.periodic,
        rules=replace(tables.rules, rates=model.rates(0.0)),
        decay=tables.decay,
        quantum=tables.quantum,
        cutoff=tables.cutoff,
        layer_of=None if tables.layers is None else tables.layers.layer_of,
        interactions=interactions,
        blinds=True,
    )


def main_deck(height=62):
    """The main deck in a box of any height."""
    from kmc.deck import load_deck
    from kmc.model import Model

    return of_model(Model.of(load_deck(MAIN_DECK, {"lattice.size": f"[40, 40, {height}]"})))


def half_grown(taller=1):
    """The main deck with half of its film, which grows first: some 4e7 events.

    The taller box holds the same film and the same molecules before it; what it has more is electrolyte between them
    and the opposite wall.
    """
    arguments = main_deck()
    engine = engine_of(arguments)
    engine.run(HALF_GROWN)
    film = engine.species.reshape(arguments["species"].shape)
    if taller == 1:
        return arguments | {"species": film.copy()}
    tall = main_deck(len(film) * taller)
    tall["species"][: len(film) - 1] = film[:-1]
    return tall


def of_network(network):
    """A solution without lattice."""
    nowhere = {"species": np.zeros((0, 0, 0), dtype=np.uint8)}
    return network.lattice._asdict() | nowhere | {"solution": network.arrays()}


def engine_of(arguments, seed=1):
    """The engine that these arguments make.

    Parameters
    ----------
    arguments : dict
        Keyword arguments of kmc_core.Engine without the random numbers; `solution` as arguments of kmc_core.Solution.
    seed : int

    Returns
    -------
    kmc_core.Engine
    """
    from kmc_core import Engine, Solution

    given = dict(arguments)
    if given.get("solution") is not None:
        given["solution"] = Solution(**given["solution"])
    return Engine(given.pop("species"), given.pop("periodic"), given.pop("rules"), np.random.SFC64(seed), **given)


SMALL, FIXED = (10_000, 1_000_000), (0,)
GROWING = {"sizes": (1_000_000, 10_000_000), "warm_up": 0.08, "per_site": 0.08}

PROBLEMS = {
    "hop3d": Problem(hop3d, (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000), warm_up=0.01),
    "hop2d": Problem(hop2d, warm_up=0.01),
    "rd3d": Problem(rd3d),
    "zgb2d": Problem(zgb2d),
    "eden": Problem(eden, **GROWING),
    "eden-tall": Problem(lambda n: eden(n, TALL), times=TALL, **GROWING),
    "front": Problem(lambda n: _of_case(cases.film(slab(n))), SMALL),
    "deck": Problem(lambda n: half_grown(), FIXED, counted=50_000),
    "deck-tall": Problem(lambda n: half_grown(TALL), FIXED, counted=50_000),
    "gas3d": Problem(
        lambda n: _of_case(cases.lattice_gas(cube(n), periodic=cases.PERIODIC)), SMALL, events=500_000
    ),
    "lateral": Problem(lambda n: of_model(lateral.surface(n)), (10_000,), events=50_000, counted=2000),
    "lateral-off": Problem(lambda n: of_model(lateral.surface(n, n_clusters=0)), (10_000,)),
    **{
        name: Problem(lambda n, make=make: of_network(make()), FIXED)
        for name, make in solution.NETWORKS.items()
    },
}
"""dict: name -> Problem; the mechanisms are described in benchmarks/README.md and tests/reference."""

DEFAULT = tuple(name for name in PROBLEMS if name not in solution.NETWORKS or name in ("sei", "ring-1e4"))
"""tuple of str: what is measured if nothing is named."""
