# SPDX-License-Identifier: BSD-3-Clause
"""Patterns: a process as sets of species at positions, with all its orientations.

Floor 3. "Rate constant" always means: per set of sites. Where the reactants of a pattern map onto themselves in g
ways (A + A: two), each of the g placements on the same sites gets 1/g of it, so a pair is never counted twice.
"""
from dataclasses import dataclass
from itertools import permutations

import numpy as np


@dataclass(frozen=True)
class NeighbourCount:
    """Neighbours that shift a barrier: barrier + n * energy.

    Attributes
    ----------
    species : frozenset of int
        Species that count.
    site : int
        Term (0-based) whose neighbours are counted, in the state before the event; sites of the pattern itself count
        like any other.
    shell : tuple of (int, int, int)
        Offsets (dz, dy, dx) around that term.
    energy : float
        Barrier shift for each of them [eV].
    """

    species: frozenset
    site: int
    shell: tuple
    energy: float


@dataclass(frozen=True)
class Pattern:
    """A process on the lattice.

    Attributes
    ----------
    reactants : tuple of frozenset of int
        Species allowed at each term; the first term is the anchor.
    products : tuple of (int or None)
        Species written at each term; None = unchanged, a mere condition.
    geometry : tuple of (int, int, int)
        Offsets (dz, dy, dx) of the terms from the anchor.
    tunnels : bool
        Multiplied by the transmission from the electrode to the anchor.
    terms : tuple of NeighbourCount
    """

    reactants: tuple
    products: tuple
    geometry: tuple
    tunnels: bool = False
    terms: tuple = ()

    @classmethod
    def of(cls, process, mechanism, lattice):
        """The pattern of a process of a mechanism on a lattice."""
        n = len(process.reactants)
        if process.geometry is not None:
            geometry = tuple(tuple(int(c) for c in (z, y, x)) for x, y, z in np.asarray(process.geometry).tolist())
            geometry = tuple(tuple(c - o for c, o in zip(row, geometry[0], strict=True)) for row in geometry)
        else:
            geometry = ((0, 0, 0), (0, 0, 1))[:n]
        terms = tuple(NeighbourCount(frozenset(term.species), term.site - 1, tuple(lattice.shell(term.shell)),
                                     term.energy.value) for term in process.neighbours)
        return cls(tuple(process.reactants), tuple(process.products), geometry, process.tunnelling, terms)

    @property
    def sizes(self):
        """Possible counts (0 to all) of each neighbour term."""
        return tuple(len(term.shell) + 1 for term in self.terms)

    @property
    def radix(self):
        """Step in the rate table for one more neighbour of each term."""
        return tuple(int(np.prod(self.sizes[i + 1:])) for i in range(len(self.terms)))

    @property
    def n_rates(self):
        """int: entries in the rate table."""
        return int(np.prod(self.sizes)) if self.terms else 1

    def energy_shifts(self):
        """float64, shape (n_rates,), [eV]: barrier shift of each entry of the rate table."""
        counts = np.indices(self.sizes).reshape(len(self.terms), -1)
        return np.array([term.energy for term in self.terms]) @ counts


def placements(pattern, lattice):
    """All orientations of a pattern.

    Returns
    -------
    positions : list of tuple of (int, int, int)
        For each orientation the offsets of the terms from the anchor, without repetition.
    """
    geometry = np.array(pattern.geometry)
    found = {tuple(map(tuple, (geometry @ operation.T).tolist())) for operation in lattice.operations()}
    return sorted(found)


def symmetry_number(pattern, lattice):
    """Number of ways in which the reactants of a pattern map onto themselves.

    A permutation of the terms counts if it keeps the reactants and if the permuted positions are an orientation of
    the pattern, shifted. Conditions (unchanged terms) are not exchanged with reactants.
    """
    n = len(pattern.reactants)
    labels = [(pattern.reactants[i], pattern.products[i] is None) for i in range(n)]
    orientations = set(placements(pattern, lattice))
    geometry = np.array(pattern.geometry)
    count = 0
    for order in permutations(range(n)):
        if any(labels[i] != labels[j] for i, j in enumerate(order)):
            continue
        moved = geometry[list(order)] - geometry[order[0]]
        count += tuple(map(tuple, moved.tolist())) in orientations
    return count
