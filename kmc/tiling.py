# SPDX-License-Identifier: BSD-3-Clause
"""How a lattice is cut into tiles, tiles into sectors, and who runs them. Floor 30.

A tile is a column of the lattice: a rectangle in x and y, and all of z. Its four sectors are its quarters; sector
4 t + c is the one of colour c in tile t. A sector's box is its own columns and those within the reach of what can
happen there.
Tiles belong to the problem: nothing here depends on how many processes there are, but for `owners`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from kmc.errors import KmcError
from kmc.seams import Rectangle

N_COLOURS = 4
"""int: sectors of a tile."""


@dataclass(frozen=True)
class Axis:
    """Sectors along x or y.

    Attributes
    ----------
    length : int
        Sites.
    wraps : bool
        Whether the lattice is periodic.
    edges : tuple of int
        Where sectors begin, and `length`; (0, length) if the lattice is not cut along this axis.
    reach : int
        Sites that a sector looks beyond its own.
    """

    length: int
    wraps: bool
    edges: tuple[int, ...]
    reach: int

    @property
    def is_cut(self) -> bool:
        """Whether there is more than one sector."""
        return len(self.edges) > 2

    @property
    def n_tiles(self) -> int:
        """Tiles along this axis."""
        return max((len(self.edges) - 1) // 2, 1)

    @property
    def tile_edges(self) -> tuple[int, ...]:
        """Where tiles begin, and `length`."""
        return self.edges[::2] if self.is_cut else self.edges

    def coordinates(self, sector: int) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates of a sector's box, int64, and which of them are its own, bool."""
        first, last = self.edges[sector], self.edges[sector + 1]
        halo = self.reach if self.is_cut else 0
        line = np.arange(first - halo, last + halo)
        own = (line >= first) & (line < last)
        inside = np.full(len(line), self.wraps) | ((line >= 0) & (line < self.length))
        return line[inside] % self.length, own[inside]

    def neighbours(self, sector: int) -> list[int]:
        """Sectors whose boxes may overlap with that of a sector, itself included."""
        n = len(self.edges) - 1
        around = [sector + step for step in (-1, 0, 1)]
        return sorted({i % n for i in around if self.wraps or 0 <= i < n})


def _axis(length: int, wraps: bool, size: int, reach: int, name: str) -> Axis:
    """Cut an axis into tiles of about `size` sites, and these into halves."""
    n_tiles = round(length / size)
    if n_tiles <= 1:
        return Axis(length, wraps, (0, length), reach)
    halves = 2 * n_tiles
    edges = tuple(i * length // halves for i in range(halves + 1))
    if min(np.diff(edges)) < max(2 * reach, 1):
        raise KmcError(
            f"tiles of {size} sites along {name} make sectors of {min(np.diff(edges))}; what can happen at a site "
            f"depends on sites {reach} away, so sectors need at least {max(2 * reach, 1)}: give tiles of {4 * reach} "
            "or more"
        )
    return Axis(length, wraps, edges, reach)


@dataclass(frozen=True)
class Box:
    """What one sector knows of the lattice.

    Attributes
    ----------
    number : int
        4 tile + colour.
    y, x : int64
        Coordinates of its rows and columns.
    own : bool, shape (n_y, n_x)
        Columns that it runs.
    """

    number: int
    y: np.ndarray
    x: np.ndarray
    own: np.ndarray

    @property
    def n_columns(self) -> int:
        """Columns of the box."""
        return self.own.size


@dataclass(frozen=True)
class Tiling:
    """A lattice in tiles.

    Attributes
    ----------
    y_axis, x_axis : Axis
    """

    y_axis: Axis
    x_axis: Axis

    @classmethod
    def of(cls, shape: Sequence[int], periodic: Sequence[bool], size: Sequence[int], reach: Sequence[int]) -> Tiling:
        """Cut a lattice.

        Parameters
        ----------
        shape : (int, int, int)
            Sites along z, y, x.
        periodic : (bool, bool, bool)
            For z, y, x.
        size : (int, int)
            Sites of a tile along x and y, about: tiles of a lattice are as equal as they can be.
        reach : (int, int)
            How far along y and x an event looks at sites or changes them.

        Raises
        ------
        KmcError
            If sectors come out so narrow that two of a colour could look at the same site.
        """
        return cls(_axis(shape[1], bool(periodic[1]), size[1], reach[0], "y"),
                   _axis(shape[2], bool(periodic[2]), size[0], reach[1], "x"))

    @property
    def n_tiles(self) -> int:
        """Tiles; 1 is the lattice as a whole."""
        return self.y_axis.n_tiles * self.x_axis.n_tiles if self.is_cut else 1

    @property
    def is_cut(self) -> bool:
        """Whether there is more than one sector."""
        return self.y_axis.is_cut or self.x_axis.is_cut

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """Every sector, in ascending number."""
        found = [self._box(row, column) for row in range(len(self.y_axis.edges) - 1)
                 for column in range(len(self.x_axis.edges) - 1)]
        return tuple(sorted(found, key=lambda box: box.number))

    def number(self, row: int, column: int) -> int:
        """4 tile + colour of the sector in a row and a column of sectors."""
        tile = row // 2 * self.x_axis.n_tiles + column // 2
        return N_COLOURS * tile + 2 * (row % 2) + column % 2

    def _box(self, row: int, column: int) -> Box:
        (y, own_y), (x, own_x) = self.y_axis.coordinates(row), self.x_axis.coordinates(column)
        return Box(self.number(row, column), y, x, own_y[:, None] & own_x[None, :])

    @cached_property
    def _cell_of(self) -> dict[int, tuple[int, int]]:
        """Row and column of sectors, by number."""
        rows, columns = len(self.y_axis.edges) - 1, len(self.x_axis.edges) - 1
        return {self.number(row, column): (row, column) for row in range(rows) for column in range(columns)}

    @cached_property
    def _box_of(self) -> dict[int, Box]:
        """Every sector, by number."""
        return {box.number: box for box in self.boxes}

    def owners(self, n_ranks: int) -> np.ndarray:
        """int64, shape (n_tiles,): rank of each tile; contiguous blocks, as equal as they can be."""
        return np.arange(self.n_tiles) * n_ranks // self.n_tiles

    def rectangles(self, n_ranks: int) -> list[list[Rectangle]]:
        """Columns of each rank: up to three rectangles, because it has tiles that follow each other row by row."""
        rows, columns, found = self.y_axis.tile_edges, self.x_axis.tile_edges, [[] for _ in range(n_ranks)]
        for row, owners in enumerate(self.owners(n_ranks).reshape(len(rows) - 1, len(columns) - 1)):
            for rank in np.unique(owners).tolist():
                places = np.flatnonzero(owners == rank)
                new = Rectangle(rows[row], rows[row + 1], columns[places[0]], columns[places[-1] + 1])
                if found[rank] and found[rank][-1] == new._replace(first_y=found[rank][-1].first_y, last_y=new.first_y):
                    new = new._replace(first_y=found[rank].pop().first_y)
                found[rank].append(new)
        return found

    def overlaps(self, box: Box) -> list[tuple[Box, np.ndarray]]:
        """Other sectors that know columns of a box.

        Parameters
        ----------
        box : Box

        Returns
        -------
        list of (Box, int64 array, shape (n_columns,))
            In ascending number: the other box, and for every column of this one, x + n_x y, the column there or -1.
        """
        row, column = self._cell_of[box.number]
        found = []
        for number in self.neighbours(box):
            other_row, other_column = self._cell_of[number]
            other = self._box_of[number]
            there_y, there_x = self._rows[row, other_row], self._columns[column, other_column]
            known = (there_y[:, None] >= 0) & (there_x[None, :] >= 0)
            columns = there_y[:, None] * len(other.x) + there_x[None, :]
            found.append((other, np.where(known, columns, -1).ravel()))
        return found

    def neighbours(self, box: Box) -> list[int]:
        """Numbers of the other sectors that know columns of a box, ascending."""
        row, column = self._cell_of[box.number]
        numbers = {self.number(i, j) for i in self.y_axis.neighbours(row) if (row, i) in self._rows
                   for j in self.x_axis.neighbours(column) if (column, j) in self._columns}
        return sorted(numbers - {box.number})

    @cached_property
    def _rows(self) -> dict[tuple[int, int], np.ndarray]:
        """Places of the rows of a row of sectors in the boxes of another one; only where they share some."""
        return _shared(self.y_axis)

    @cached_property
    def _columns(self) -> dict[tuple[int, int], np.ndarray]:
        """The same for columns."""
        return _shared(self.x_axis)


def _shared(axis: Axis) -> dict[tuple[int, int], np.ndarray]:
    """Index of each coordinate of a sector's box in that of another, -1 if it is not there; where they share some."""
    lines = [axis.coordinates(sector)[0] for sector in range(len(axis.edges) - 1)]
    found = {}
    for sector, line in enumerate(lines):
        for other in axis.neighbours(sector):
            index_of = np.full(axis.length, -1)
            index_of[lines[other]] = np.arange(len(lines[other]))
            if index_of[line].max() >= 0:
                found[sector, other] = index_of[line]
    return found


def most_changed(offsets: np.ndarray, change_position: np.ndarray) -> tuple[int, int]:
    """Sites along y and x that the changes of one event reach at most; at least one.

    Parameters
    ----------
    offsets : int, shape (n_positions, 3)
        (dz, dy, dx) of the positions around an anchor.
    change_position : int, shape (n_changes,)
        Positions that events change; negative at the anchor.
    """
    positions = np.asarray(change_position)
    changed = np.asarray(offsets)[positions[positions >= 0]]
    most = np.abs(changed).max(axis=0, initial=1)
    return int(most[1]), int(most[2])


def steps_to_edge(box: Box, at_edge: np.ndarray, stride: Sequence[int]) -> np.ndarray:
    """Events that it takes to change a site that other sectors know.

    Parameters
    ----------
    box : Box
    at_edge : bool, shape (n_columns,)
        Columns that other sectors know.
    stride : (int, int)
        Sites along y and x that the changes of one event reach at most.

    Returns
    -------
    uint16, shape (n_columns,)
        At least 1.
    """
    return _steps(box.own.shape, at_edge.tobytes(), tuple(stride)).copy()


@lru_cache(maxsize=64)
def _steps(shape: tuple[int, int], at_edge: bytes, stride: tuple[int, int]) -> np.ndarray:
    """What `steps_to_edge` gives; the same for most sectors of a film."""
    near, n = np.frombuffer(at_edge, dtype=bool).reshape(shape), 1
    steps = np.full(shape, np.iinfo(np.uint16).max, dtype=np.int64)
    while near.any() and n < np.iinfo(np.uint16).max:
        grown = _widened(_widened(near, stride[0], 0), stride[1], 1)
        steps = np.where(grown, np.minimum(steps, n), steps)
        if (grown == near).all():
            break
        near, n = grown, n + 1
    return steps.astype(np.uint16).ravel()


def _widened(mask: np.ndarray, reach: int, axis: int) -> np.ndarray:
    """Mask of what lies within `reach` of a mask along one axis."""
    found = mask.copy()
    for step in range(1, reach + 1):
        if step < mask.shape[axis]:
            forward = [slice(None)] * 2
            backward = [slice(None)] * 2
            forward[axis], backward[axis] = slice(step, None), slice(None, -step)
            found[tuple(forward)] |= mask[tuple(backward)]
            found[tuple(backward)] |= mask[tuple(forward)]
    return found
