# SPDX-License-Identifier: BSD-3-Clause
"""Geometry of the lattice: sites, neighbour shells, orientations, and what stands on it at the start.

Floor 3. A lattice is a box of sites on a simple cubic or a square lattice; the square lattice is a slab with ny = 1.
"""
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np


@dataclass(frozen=True)
class Lattice:
    """A box of sites.

    Attributes
    ----------
    kind : str
        "simple cubic" or "square".
    spacing : float
        Distance of nearest neighbours [m].
    shape : tuple of int
        (nz, ny, nx); ny = 1 on the square lattice.
    periodic : tuple of bool
        For z, y, x; otherwise walls.
    """

    kind: str
    spacing: float
    shape: tuple
    periodic: tuple

    @property
    def n_sites(self):
        """int: number of sites."""
        return int(np.prod(self.shape))

    @property
    def axes(self):
        """Indexes (z = 0, y = 1, x = 2) of the directions in which the lattice extends."""
        return (0, 2) if self.kind == "square" else (0, 1, 2)

    @property
    def area(self):
        """float: electrode area under the box [m^2]; the slab of a square lattice is one spacing deep."""
        return self.shape[1] * self.shape[2] * self.spacing**2

    def shell(self, n):
        """Offsets of the n-th neighbour shell.

        Parameters
        ----------
        n : int
            1 = nearest (distance 1), 2 = next nearest (distance sqrt 2), in units of the spacing.

        Returns
        -------
        offsets : list of (int, int, int)
            (dz, dy, dx).
        """
        steps = [(-1, 0, 1) if axis in self.axes else (0,) for axis in range(3)]
        return [offset for offset in product(*steps) if sum(c * c for c in offset) == n]

    def operations(self):
        """int, shape (n_operations, 3, 3): rotations and reflections that map the lattice onto itself."""
        found = []
        for order in permutations(self.axes):
            for signs in product((1, -1), repeat=len(self.axes)):
                matrix = np.zeros((3, 3), dtype=int)
                for row, column, sign in zip(self.axes, order, signs, strict=True):
                    matrix[row, column] = sign
                for axis in set(range(3)) - set(self.axes):
                    matrix[axis, axis] = 1
                found.append(matrix)
        return np.array(found)


def lattice_of(deck):
    """The lattice that a deck describes.

    Parameters
    ----------
    deck : kmc.deck.Deck

    Returns
    -------
    Lattice
    """
    size = tuple(deck.lattice.size)
    square = deck.lattice.type == "square"
    shape = (size[1], 1, size[0]) if square else (size[2], size[1], size[0])
    defaults = {"x": "periodic", "y": "periodic", "z": "walls"}
    boundaries = {**defaults, **dict(deck.lattice.boundaries or {})}
    periodic = tuple(boundaries[axis] == "periodic" for axis in "zyx")
    return Lattice(deck.lattice.type, deck.lattice.spacing.value, shape, periodic)


def initial_species(deck, lattice, index_of, bit_generator):
    """What stands on every site at the start.

    Parameters
    ----------
    deck : kmc.deck.Deck
    lattice : Lattice
    index_of : dict of str to int
        Species indexes by name.
    bit_generator : numpy.random.BitGenerator
        Draws the sites of `random`.

    Returns
    -------
    species : uint8, shape (nz, ny, nx)

    Notes
    -----
    `random` takes exactly round(fraction * n) of the n sites that hold `fill` after the layers have been laid, without
    replacement, so that the composition is the deck's and not a binomial draw around it.
    """
    species = np.full(lattice.shape, index_of[deck.lattice.fill], dtype=np.uint8)
    nz = lattice.shape[0]
    for layer in deck.lattice.layers or ():
        first, last = layer.first % nz, layer.last % nz
        species[first:last + 1] = index_of[layer.species]
    free = np.flatnonzero(species.ravel() == index_of[deck.lattice.fill])
    generator = np.random.Generator(bit_generator)
    order = generator.permutation(free) if deck.lattice.random else free
    used = 0
    for entry in deck.lattice.random or ():
        n = round(entry.fraction * len(free))
        species.ravel()[order[used:used + n]] = index_of[entry.species]
        used += n
    return species
