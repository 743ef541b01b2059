# SPDX-License-Identifier: BSD-3-Clause
"""The species of a film in tiles: each process looks at the columns that it runs. Floor 39.

What is counted is counted where it is, and summed; sites travel only where somebody wants to have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kmc.sites import Sites, layer_count
from kmc.tiling import N_COLOURS

if TYPE_CHECKING:
    from kmc.tile_ranks import Ranks
    from kmc.tiling import Box, Tiling


class TiledSites(Sites):
    """Species of the film in the sectors of all processes, each of which runs contiguous tiles.

    Parameters
    ----------
    seen : sequence of uint8 arrays
        Species as each sector of this process sees them, live; all changes must be taken over before a look.
    tiling : Tiling
    ranks : Ranks
    shape : (int, int, int)
        Sites of the film along z, y, x.
    """

    def __init__(self, seen: Sequence[np.ndarray], tiling: Tiling, ranks: Ranks, shape: tuple[int, int, int]):
        self.shape, self.ranks = shape, ranks
        self.rectangles = tiling.rectangles(ranks.size)
        owner = tiling.owners(ranks.size)
        self._places = [[_Place(box) for box in tiling.boxes if owner[box.number // N_COLOURS] == rank]
                        for rank in range(ranks.size)]
        own = zip(self._places[ranks.rank], seen, strict=True)
        self._inside = [(place, place.inside(species)) for place, species in own]

    def layers(self, first: int, last: int) -> list[np.ndarray]:
        """See `Sites.layers`."""
        found = []
        for each in self.rectangles[self.ranks.rank]:
            part = np.empty((last - first, *each.shape), dtype=np.uint8)
            for place, species in self._inside:
                if each.first_y <= place.y.start < each.last_y and each.first_x <= place.x.start < each.last_x:
                    rows = slice(place.y.start - each.first_y, place.y.stop - each.first_y)
                    columns = slice(place.x.start - each.first_x, place.x.stop - each.first_x)
                    part[:, rows, columns] = species[first:last]
            found.append(part)
        return found

    def layer_count(self, n_species: int) -> np.ndarray:
        """See `Sites.layer_count`."""
        own = np.zeros((self.shape[0], n_species), dtype=np.int64)
        for _, species in self._inside:
            own += layer_count(species, n_species)
        return self.ranks.summed(own)

    def whole(self) -> np.ndarray | None:
        """See `Sites.whole`."""
        parts = self.ranks.collected({"sites": self._packed(slice(None), slice(None))})
        return self._unpacked([part["sites"] for part in parts]) if parts else None

    def everywhere(self, rows: slice = slice(None), columns: slice = slice(None)) -> np.ndarray:
        """Species of a part of the film that consists of whole tiles, on every process; the film by default.

        Parameters
        ----------
        rows, columns : slice

        Returns
        -------
        uint8, shape (nz, n_y, n_x)
        """
        return self._unpacked(self.ranks.joined(self._packed(rows, columns)), rows, columns)

    def _packed(self, rows: slice, columns: slice) -> np.ndarray:
        """Own columns of all sectors in a part of the film, one after another."""
        parts = [species.ravel() for place, species in self._inside if place.is_in(rows, columns)]
        return np.concatenate([np.empty(0, dtype=np.uint8), *parts])

    def _unpacked(self, parts: Sequence[np.ndarray], rows: slice = slice(None),
                  columns: slice = slice(None)) -> np.ndarray:
        """What all processes have packed, put together."""
        rows, columns = slice(*rows.indices(self.shape[1])), slice(*columns.indices(self.shape[2]))
        found = np.empty((self.shape[0], rows.stop - rows.start, columns.stop - columns.start), dtype=np.uint8)
        for places, part in zip(self._places, parts, strict=True):
            for place in places:
                if place.is_in(rows, columns):
                    shape = self.shape[0], place.y.stop - place.y.start, place.x.stop - place.x.start
                    y = slice(place.y.start - rows.start, place.y.stop - rows.start)
                    x = slice(place.x.start - columns.start, place.x.stop - columns.start)
                    n = shape[0] * shape[1] * shape[2]
                    found[:, y, x], part = part[:n].reshape(shape), part[n:]
        return found


class _Place:
    """Where the own columns of a sector are: in its box and in the film."""

    def __init__(self, box: Box):
        own_y, own_x = np.flatnonzero(box.own.any(axis=1)), np.flatnonzero(box.own.any(axis=0))
        self._shape, self._in_box = box.own.shape, (slice(own_y[0], own_y[-1] + 1), slice(own_x[0], own_x[-1] + 1))
        self.y = slice(int(box.y[own_y[0]]), int(box.y[own_y[-1]]) + 1)
        self.x = slice(int(box.x[own_x[0]]), int(box.x[own_x[-1]]) + 1)

    def inside(self, species: np.ndarray) -> np.ndarray:
        """uint8, shape (nz, n_y, n_x): own columns of what the sector knows."""
        return species.reshape(-1, *self._shape)[:, *self._in_box]

    def is_in(self, rows: slice, columns: slice) -> bool:
        """Whether the columns are in a part of the film."""
        return all(part.start is None or part.start <= own.start < part.stop
                   for part, own in ((rows, self.y), (columns, self.x)))
