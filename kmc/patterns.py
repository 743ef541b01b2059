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
    variants : tuple of geometries
        Further geometries of the same process that no operation of the lattice turns into the first: the neighbours
        above and below where `geometry` is a neighbour in a hexagonal layer.
    oriented : bool
        Whether `geometry` is its only orientation.
    """

    reactants: tuple
    products: tuple
    geometry: tuple
    tunnels: bool = False
    terms: tuple = ()
    variants: tuple = ()
    oriented: bool = False

    @classmethod
    def of(cls, process, mechanism, lattice):
        """The pattern of a process of a mechanism on a lattice."""
        geometry, *variants = geometries(process.geometry, len(process.reactants), lattice)
        terms = tuple(NeighbourCount(frozenset(term.species), term.site - 1, tuple(lattice.shell(term.shell)),
                                     term.energy.value) for term in process.neighbours)
        return cls(tuple(process.reactants), tuple(process.products), geometry, process.tunnelling, terms,
                   tuple(variants), process.oriented)

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


def geometries(places, n_terms, lattice):
    """Places of the lattice terms of a process, one geometry for each set that symmetry connects.

    Parameters
    ----------
    places : int, shape (n_terms, 3), or None
        Positions (x, y, z) of the terms in steps of the lattice, as `kmc.process.Process.geometry`.
    n_terms : int
        1, or 2 nearest neighbours, where there are no places.
    lattice : Lattice

    Returns
    -------
    geometries : list of tuple of (int, int, int)
        Offsets (dz, dy, dx) of the terms from the anchor: those given, or for two terms without places a nearest
        neighbour out of each set that the point group connects.
    """
    if places is not None:
        offsets = np.asarray(places)[:, ::-1]
        return [tuple(map(tuple, (offsets - offsets[0]).tolist()))]
    if n_terms < 2:
        return [((0, 0, 0),)]
    centre = (0, 0, 0)
    return [(centre, next(offset for offset in orbit if offset > centre)) for orbit in lattice.neighbour_orbits()]


def orientations(geometry, lattice):
    """Images of a geometry under the operations of a lattice.

    Parameters
    ----------
    geometry : sequence of (int, int, int)
        Offsets (dz, dy, dx).
    lattice : Lattice

    Returns
    -------
    positions : list of tuple of (int, int, int)
        Sorted, without repetition.
    """
    images = np.array(geometry) @ lattice.operations().transpose(0, 2, 1)
    return sorted({tuple(map(tuple, image)) for image in images.tolist()})


def placements(pattern, lattice):
    """All orientations of a pattern.

    Returns
    -------
    positions : list of tuple of (int, int, int)
        For each orientation the offsets of the terms from the anchor, without repetition.
    """
    if pattern.oriented:
        return [tuple(map(tuple, pattern.geometry))]
    return sorted({positions for geometry in (pattern.geometry, *pattern.variants)
                   for positions in orientations(geometry, lattice)})


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
