# SPDX-License-Identifier: BSD-3-Clause
"""Geometry of the lattice: sites, neighbour shells, orientations, and what stands on it at the start.

Floor 3. A lattice is a box of sites i a1 + j a2 + k a3 with whole i, j, k (`kmc.bravais`): a1 and a2 in the electrode
surface, along which the box is periodic, a3 to the next layer. Where a1, a2, a3 are not at right angles the box is
sheared, and a3 may lean: a column, the sites of one (i, j), then leans as well. The square lattice is a slab with
ny = 1 whose sites have no neighbours along y.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kmc import bravais

if TYPE_CHECKING:
    from kmc.deck import Deck

_OUT_OF_REACH = 1e6
"""Factor on the depth of a square lattice that puts its images along y beyond every shell."""


@dataclass(frozen=True)
class Lattice:
    """A box of sites.

    Attributes
    ----------
    kind : str
        One of `kmc.bravais.NAMED`, or "cell"; "none" for a run without a lattice.
    spacing : float
        Distance of nearest neighbours [m].
    shape : tuple of int
        (nz, ny, nx); ny = 1 on the square lattice.
    periodic : tuple of bool
        For z, y, x; otherwise walls.
    surface : int, optional
        Miller index of the electrode surface, for fcc and bcc.
    cell : tuple of tuple of float, optional
        a1, a2, a3 [m] of kind "cell": a1 and a2 in the plane z = 0, a3 above it.
    """

    kind: str
    spacing: float
    shape: tuple
    periodic: tuple
    surface: int | None = None
    cell: tuple | None = None

    @cached_property
    def vectors(self) -> np.ndarray:
        """float64, shape (3, 3), [m]: a1, a2, a3, the steps of the indexes x, y, z."""
        if self.kind == "cell":
            vectors = np.array(self.cell, dtype=np.float64)
        else:
            vectors = bravais.primitive_vectors(self.kind, self.surface) * self.spacing
        vectors.flags.writeable = False
        return vectors

    @property
    def n_sites(self) -> int:
        """int: number of sites."""
        return int(np.prod(self.shape))

    @property
    def layer_height(self) -> float:
        """float: distance between layers [m]."""
        return float(self.vectors[2, 2])

    @property
    def site_area(self) -> float:
        """float: electrode area per column [m^2], |a1 x a2|; a square lattice is one spacing deep."""
        (a1_x, a1_y, _), (a2_x, a2_y, _), _ = self.vectors.tolist()
        return abs(a1_x * a2_y - a1_y * a2_x)

    @property
    def site_volume(self) -> float:
        """float: volume per site [m^3], |det(a1, a2, a3)|."""
        return self.site_area * self.layer_height

    @property
    def area(self) -> float:
        """float: electrode area under the box [m^2]; 0 without a lattice."""
        n_columns = self.shape[1] * self.shape[2]
        return n_columns * self.site_area if n_columns else 0.0

    @property
    def extent(self) -> tuple[float, float, float]:
        """float, [m]: length of the box along a1 and along a2, and its height."""
        nz, ny, nx = self.shape
        a1, a2 = np.linalg.norm(self.vectors[:2], axis=1)
        return float(nx * a1), float(ny * a2), float(nz * self.layer_height)

    @property
    def is_orthogonal(self) -> bool:
        """bool: whether a1, a2 and a3 are at right angles, so that the box is a cuboid."""
        gram = self.vectors @ self.vectors.T
        return bool(np.abs(gram - np.diag(np.diag(gram))).max() <= 1e-9 * gram.max())

    def displacement(self, offset: Iterable) -> np.ndarray:
        """Cartesian step between sites.

        Parameters
        ----------
        offset : array_like of int, shape (..., 3)
            (dz, dy, dx).

        Returns
        -------
        displacement : float64, shape (..., 3), [m]
            dx a1 + dy a2 + dz a3.
        """
        return np.asarray(offset)[..., ::-1] @ self.vectors

    def positions(self) -> np.ndarray:
        """Where the sites are.

        Returns
        -------
        positions : float64, shape (nz, ny, nx, 3), [m]
            Cartesian, of the site itself; site (0, 0, 0) is the origin.
        """
        return self.displacement(np.moveaxis(np.indices(self.shape), 0, -1))

    def coordinates(self, surface: int) -> dict[str, np.ndarray]:
        """Ways to the centres of the sites along each index.

        Parameters
        ----------
        surface : int
            Layers below the electrode surface, from which z is measured.

        Returns
        -------
        coordinates : dict of str to float64, [m]
            "z" (nz,), the height; "y" (ny,) and "x" (nx,) along a2 and a1.
        """
        steps = (self.layer_height, *np.linalg.norm(self.vectors[1::-1], axis=1))
        places = {axis: np.arange(n) + 0.5 for axis, n in zip("zyx", self.shape, strict=True)}
        places["z"] -= surface
        return {axis: places[axis] * step for axis, step in zip("zyx", steps, strict=True)}

    def shell(self, n: int) -> list[tuple[int, int, int]]:
        """Offsets of the n-th neighbour shell.

        Parameters
        ----------
        n : int
            1 = nearest, 2 = next nearest, and so on: distances that differ by less than `kmc.bravais.TOLERANCE`
            are one shell.

        Returns
        -------
        offsets : list of (int, int, int)
            (dz, dy, dx), sorted.
        """
        depth = _OUT_OF_REACH if self.kind == "square" else 1.0
        return bravais.shells(self.vectors[::-1] * np.array([[1.0], [depth], [1.0]]), n)[n - 1]

    def operations(self) -> np.ndarray:
        """int, shape (n_operations, 3, 3): rotations and reflections that map the lattice onto itself.

        An offset (dz, dy, dx), as a column, goes to the matrix times it.
        """
        return self._operations

    @cached_property
    def _operations(self) -> np.ndarray:
        found = bravais.point_group(self.vectors[::-1])
        # A matrix whose element (y, y) is 1 leaves y alone: what else it did with y would change a length.
        return found[found[:, 1, 1] == 1] if self.kind == "square" else found

    @cached_property
    def contacts(self) -> tuple[tuple[int, int, int], ...]:
        """Offsets (dz, dy, dx) of the sites that share a face with a site, by which solids hold together."""
        found = bravais.contacts(self.vectors[::-1])
        return tuple(each for each in found if self.kind != "square" or each[1] == 0)

    def neighbour_orbits(self) -> list[list[tuple[int, int, int]]]:
        """Nearest neighbours in sets that the point group turns into each other: one, but two on hexagonal."""
        return bravais.orbits(self.shell(1), self.operations())

    def hop_length(self, offsets: Iterable) -> float | None:
        """Length a for which hops of rate D/a^2 to each of the offsets diffuse with D; see `kmc.bravais.hop_length`.

        Parameters
        ----------
        offsets : array_like of int, shape (n, 3)
            (dz, dy, dx).

        Returns
        -------
        hop_length : float or None, [m]
            None if no one rate gives the same D in all directions.
        """
        return bravais.hop_length(self.displacement(list(offsets)))


def lattice_of(deck: Deck) -> Lattice:
    """The lattice that a deck describes.

    Parameters
    ----------
    deck : kmc.deck.Deck

    Returns
    -------
    Lattice
        Of no sites and kind "none" where the deck has no lattice.
    """
    section = deck.lattice
    if section is None:
        return Lattice("none", float("nan"), (0, 0, 0), (False, False, False))
    size = tuple(section.size)
    shape = (size[1], 1, size[0]) if section.type == "square" else (size[2], size[1], size[0])
    defaults = {"x": "periodic", "y": "periodic", "z": "walls"}
    boundaries = {**defaults, **dict(section.boundaries or {})}
    periodic = tuple(boundaries[axis] == "periodic" for axis in "zyx")
    if section.type != "cell":
        return Lattice(section.type, section.spacing.value, shape, periodic, section.surface)
    cell = tuple(tuple(length.value for length in vector) for vector in section.cell.vectors)
    basis = np.array(cell)[::-1]
    (nearest, *_), *_ = bravais.shells(basis, 1)
    return Lattice("cell", float(np.linalg.norm(np.array(nearest) @ basis)), shape, periodic, cell=cell)


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
        Empty without a lattice.

    Notes
    -----
    `random` takes exactly round(fraction * n) of the n sites that hold `fill` after the layers have been laid, without
    replacement, so that the composition is the deck's and not a binomial draw around it.
    """
    if deck.lattice is None:
        return np.zeros(lattice.shape, dtype=np.uint8)
    species = np.full(lattice.shape, index_of[deck.lattice.fill], dtype=np.uint8)
    nz = lattice.shape[0]
    for layer in deck.lattice.layers or ():
        first, last = layer.first % nz, layer.last % nz
        species[first:last + 1] = index_of[layer.species]
    if not deck.lattice.random:
        return species
    free = np.flatnonzero(species.ravel() == index_of[deck.lattice.fill])
    order, used = np.random.Generator(bit_generator).permutation(free), 0
    for entry in deck.lattice.random:
        n = round(entry.fraction * len(free))
        species.ravel()[order[used:used + n]] = index_of[entry.species]
        used += n
    return species
