# SPDX-License-Identifier: BSD-3-Clause
"""The species of a lattice as one process sees them: all columns, or some of those that several share. Floor 29."""

from __future__ import annotations

import numpy as np

from kmc.errors import InternalError
from kmc.seams import Rectangle, Seams
from kmc.tile_ranks import ALONE, Ranks

# Sites that are counted at once, so that what NumPy makes of them stays in the cache: four times as fast at 1e7 sites.
_AT_ONCE = 2**16


class Sites:
    """Species of a lattice that is there in one piece; the base of those that processes share.

    Parameters
    ----------
    species : uint8, shape (nz, ny, nx)

    Attributes
    ----------
    shape : (int, int, int)
        Sites of the whole lattice along z, y, x.
    ranks : Ranks
        Processes that share the lattice; all of them call the methods together.
    rectangles : list of list of Rectangle
        Columns of each process, in ascending rank.
    """

    ranks: Ranks = ALONE

    def __init__(self, species: np.ndarray):
        self.shape = species.shape
        self.rectangles = [[Rectangle(0, self.shape[1], 0, self.shape[2])]]
        self._species = species

    def layers(self, first: int, last: int) -> list[np.ndarray]:
        """uint8, shape (last - first, n_y, n_x): some layers of each rectangle of this process."""
        return [self._species[first:last]]

    def layer_count(self, n_species: int) -> np.ndarray:
        """int64, shape (nz, n_species): sites of every species in every layer of the whole lattice.

        Raises
        ------
        InternalError
            If a site holds none of them.
        """
        return layer_count(self._species, n_species)

    def whole(self) -> np.ndarray | None:
        """uint8, shape (nz, ny, nx): species of every site, on the first process; None on the others."""
        return self._species

    def seams(self, periodic: tuple[bool, bool, bool], contacts) -> Seams:
        """Where its rectangles touch; parameters as for `Seams`."""
        key = tuple(periodic), tuple(contacts)
        kept = self.__dict__.setdefault("_seams", {})
        if key not in kept:
            kept[key] = Seams(self.rectangles, periodic, contacts, self.ranks)
        return kept[key]

    def own(self, columns: np.ndarray) -> list[np.ndarray]:
        """Parts of an array (ny, nx) in the rectangles of this process."""
        return [columns[each.columns] for each in self.rectangles[self.ranks.rank]]

    def n_true(self, masks: list[np.ndarray]) -> int:
        """Sites of all processes that masks of their rectangles choose."""
        return int(self.ranks.summed(np.array([sum(map(np.count_nonzero, masks))], dtype=np.int64))[0])

    def joined(self, parts: list[np.ndarray]) -> np.ndarray:
        """A number for every column, int64, shape (ny, nx), on every process.

        Parameters
        ----------
        parts : list of int64 arrays, shape (n_y, n_x)
            Of the rectangles of this process.
        """
        found = np.empty(self.shape[1:], dtype=np.int64)
        numbers = np.concatenate([part.ravel() for part in parts]).astype(np.int32)
        for own, given in zip(self.rectangles, self.ranks.joined(numbers.view(np.uint8)), strict=True):
            values = given.view(np.int32)
            for each in own:
                n = each.shape[0] * each.shape[1]
                found[each.columns], values = values[:n].reshape(each.shape), values[n:]
        return found


def layer_count(species: np.ndarray, n_species: int) -> np.ndarray:
    """Sites of every species in every layer.

    Parameters
    ----------
    species : uint8, shape (nz, ny, nx)
    n_species : int

    Returns
    -------
    layer_count : int64, shape (nz, n_species)

    Raises
    ------
    InternalError
        If a site holds none of them.
    """
    if species.size and species.max() >= n_species:
        raise InternalError(f"the lattice holds species {species.max()}, but there are only {n_species}")
    n_layers = len(species)
    found = np.empty((n_layers, n_species), dtype=np.int64)
    at_once = max(_AT_ONCE * n_layers // max(species.size, 1), 1)
    for first in range(0, n_layers, at_once):
        part = species[first:first + at_once]
        key = part.reshape(len(part), -1).astype(np.intp)
        key += n_species * np.arange(len(part))[:, None]
        counts = np.bincount(key.ravel(), minlength=len(part) * n_species)
        found[first:first + at_once] = counts.reshape(len(part), n_species)
    return found
