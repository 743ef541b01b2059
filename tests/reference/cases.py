# SPDX-License-Identifier: BSD-3-Clause
"""Mechanisms made of patterns, without a deck: shared by the tests of the core and by the benchmarks."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from kmc.lattice import Lattice
from kmc.patterns import NeighbourCount, Pattern, symmetry_number
from kmc.tables import DECAY_QUANTUM, build_rules
from kmc_core import Engine, Rules

KT = 0.0257
"""float: thermal energy at room temperature [eV]."""

FOREVER = (10**15, 0.0)
"""(int, float): a stop time that is never reached [s]."""

PERIODIC = (True, True, True)
HERE, RIGHT = (0, 0, 0), (0, 0, 1)


class Parts(NamedTuple):
    """Everything that an engine or its twin is made of, except the seed."""

    species: np.ndarray
    periodic: tuple
    rules: Rules
    decay: np.ndarray
    quantum: float
    cutoff: int


@dataclass(frozen=True)
class Case:
    """Patterns with a rate constant each, per set of sites, on a lattice with its starting species."""

    lattice: Lattice
    patterns: tuple
    constants: tuple
    species: np.ndarray
    n_species: int
    decay: tuple = ()  # decay exponent of one site of each species
    transmission: float = 1e-20  # below it a site is out of reach of electrons

    def rates(self, factor=1.0):
        """The rate table: constants times `factor`, with shifted barriers, shared among placements."""
        parts = [np.zeros(0)]
        for pattern, constant in zip(self.patterns, self.constants, strict=True):
            shifts = pattern.energy_shifts() if pattern.terms else np.zeros(1)
            parts.append(factor * constant * np.exp(-shifts / KT) / symmetry_number(pattern, self.lattice))
        return np.concatenate(parts)

    def parts(self):
        """Arrays of the engine."""
        rules = replace(build_rules(self.patterns, self.n_species, self.lattice), rates=self.rates())
        decay, cutoff = np.zeros(self.n_species + 1, dtype=np.int64), -1
        if self.decay:
            decay[:-1] = np.round(np.array(self.decay) / DECAY_QUANTUM)
            cutoff = round(-np.log(self.transmission) / DECAY_QUANTUM)
        return Parts(self.species, self.lattice.periodic, rules, decay, DECAY_QUANTUM, cutoff)


def bits(seed=1):
    """The bit generator of the project."""
    return np.random.SFC64(seed)


def engine_of(parts, seed=1, **options):
    """The compiled engine."""
    return Engine(
        parts.species,
        parts.periodic,
        parts.rules,
        bits(seed),
        decay=parts.decay,
        quantum=parts.quantum,
        cutoff=parts.cutoff,
        **options,
    )


def any_of(*species):
    """A set of species, as patterns want it."""
    return frozenset(species)


def pair(a, b, new_a, new_b):
    """A process on two neighbours."""
    return Pattern((any_of(a), any_of(b)), (new_a, new_b), (HERE, RIGHT))


def single(old, new):
    """A process on one site."""
    return Pattern((any_of(old),), (new,), (HERE,))


def cubic(*shape, periodic=PERIODIC):
    """A simple cubic lattice of (nz, ny, nx) sites."""
    return Lattice("simple cubic", 5e-10, shape, periodic)


def scattered(shape, fractions, seed=7):
    """Species 1, 2, ... on exactly these fractions of the sites at random, species 0 on the rest."""
    species = np.zeros(int(np.prod(shape)), dtype=np.uint8)
    order = np.random.Generator(bits(seed)).permutation(species.size)
    first = 0
    for index, fraction in enumerate(fractions, start=1):
        last = first + round(fraction * species.size)
        species[order[first:last]] = index
        first = last
    return species.reshape(shape)


def hop3d(shape):
    """10 % walkers that hop to every empty neighbour at rate 1."""
    return Case(cubic(*shape), (pair(1, 0, 0, 1),), (1.0,), scattered(shape, [0.1]), 2)


def rd3d(shape):
    """Walkers A (1) that come, go, hop, and react in pairs to a product P (2) that goes.

    A in 1e-3, A out 5e-3, A hops 1 per empty neighbour, A + A -> P + empty 0.01 per ordered pair, P out 1e-3.
    Steady state: 0.2614 events per site and time, coverages A 0.0602 and P 0.2117.
    """
    patterns = (single(0, 1), single(1, 0), pair(1, 0, 0, 1), pair(1, 1, 2, 0), single(2, 0))
    return Case(cubic(*shape), patterns, (1e-3, 5e-3, 1.0, 0.02, 1e-3), scattered(shape, [0.1]), 3)


def zgb2d(n_z, n_x):
    """CO (1) and O (2) on a square lattice: CO in 0.45, O2 in 0.275 per empty bond, CO + O out at 1e10.

    Steady state: 0.2935 events per site and time, coverages CO 0.00463 and O 0.7345.
    """
    lattice = Lattice("square", 5e-10, (n_z, 1, n_x), PERIODIC)
    patterns = (single(0, 1), pair(0, 0, 2, 2), pair(1, 2, 0, 0))
    return Case(lattice, patterns, (0.45, 0.275, 1e10), np.zeros((n_z, 1, n_x), dtype=np.uint8), 3)


def lattice_gas(shape, periodic=(False, True, True)):
    """Interacting particles (1) and a three-site process that turns a bent triple into a dimer (2).

    The barrier of a hop counts neighbours in two shells, that of the triple those of its second site.
    """
    lattice = cubic(*shape, periodic=periodic)
    near, far = tuple(lattice.shell(1)), tuple(lattice.shell(2))
    counted = (NeighbourCount(any_of(1, 2), 0, near, 0.03), NeighbourCount(any_of(1), 0, far, -0.01))
    hop = Pattern((any_of(1), any_of(0)), (0, 1), (HERE, RIGHT), terms=counted)
    bend = (HERE, RIGHT, (0, 1, 1))
    triple = Pattern(
        (any_of(1), any_of(1), any_of(0, 1)),
        (2, 0, None),
        bend,
        terms=(NeighbourCount(any_of(2), 1, near, 0.05),),
    )
    split = Pattern((any_of(2), any_of(0)), (1, 1), (HERE, RIGHT))
    return Case(lattice, (hop, triple, split), (1.0, 0.3, 0.2), scattered(shape, [0.15, 0.02]), 3)


def film(shape, transmission=1e-6):
    """A film that grows from an electrode (0) into an electrolyte (1) by tunnelling electrons.

    The electrolyte is reduced to dissolved walkers (2), which meet and precipitate as a solid (3), or take a
    second electron beside a surface and become another solid (4) with a longer decay length, which can change
    into the first one and dissolve.
    """
    lattice = cubic(*shape, periodic=(False, True, True))
    species = np.full(shape, 1, dtype=np.uint8)
    species[0] = 0
    surface = any_of(0, 3, 4)
    patterns = (
        Pattern((any_of(1),), (2,), (HERE,), tunnels=True),
        pair(2, 1, 1, 2),
        pair(2, 2, 3, 1),
        Pattern((any_of(2), surface), (4, None), (HERE, RIGHT), tunnels=True),
        single(4, 3),
        Pattern(
            (any_of(4), any_of(1)),
            (2, None),
            (HERE, RIGHT),
            terms=(NeighbourCount(surface, 0, tuple(lattice.shell(1)), 0.04),),
        ),
    )
    constants = (30.0, 1000.0, 400.0, 200.0, 0.5, 5.0)
    return Case(lattice, patterns, constants, species, 5, (0.0, 1.5, 1.5, 3.0, 1.1), transmission)


def switches(n, up, down, spectators=()):
    """Sites 0 <-> 1 without interaction; each further rate has as many sites that switch with it."""
    rates = [up, down, *(rate for rate in spectators for _ in range(2))]
    n_species = len(rates)
    flips = tuple(single(s, s + 1 if s % 2 == 0 else s - 1) for s in range(n_species))
    species = np.repeat(np.arange(0, n_species, 2, dtype=np.uint8), n)
    return Case(cubic(1, 1, species.size), flips, tuple(rates), species.reshape(1, 1, -1), n_species)
