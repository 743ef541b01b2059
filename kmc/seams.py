# SPDX-License-Identifier: BSD-3-Clause
"""Clusters of sites in a lattice that several processes look at, each at some rectangles of columns. Floor 28.

Every process labels what touches within its rectangles. What touches across their seams, or through periodic sides, is
found from the labels at the edges alone, which all processes tell each other. Clusters come out the same however the
lattice is cut; in one piece, its only seams are its periodic sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from kmc_core.labels import joined, labelled

if TYPE_CHECKING:
    from kmc.tile_ranks import Ranks

Step = tuple[int, int, int]


class Rectangle(NamedTuple):
    """Columns of a lattice, from the first row and column on, up to the last ones but without them."""

    first_y: int
    last_y: int
    first_x: int
    last_x: int

    @property
    def columns(self) -> tuple[slice, slice]:
        """Index of its columns in an array (ny, nx)."""
        return slice(self.first_y, self.last_y), slice(self.first_x, self.last_x)

    @property
    def shape(self) -> tuple[int, int]:
        """Columns along y and x."""
        return self.last_y - self.first_y, self.last_x - self.first_x


class Seams:
    """Where the rectangles of a lattice touch, and through which periodic sides.

    Parameters
    ----------
    rectangles : sequence of sequence of Rectangle
        Of every process, in ascending rank; together all columns, each once.
    periodic : (bool, bool, bool)
        Whether a step may leave through a side and come back through the opposite one, for z, y, x.
    contacts : sequence of (int, int, int)
        Steps (dz, dy, dx) between sites that touch, closed under inversion.
    ranks : Ranks
    """

    def __init__(self, rectangles: Sequence[Sequence[Rectangle]], periodic: tuple[bool, bool, bool],
                 contacts: Sequence[Step], ranks: Ranks):
        self._ranks, self._wraps_z = ranks, bool(periodic[0])
        everyone = [each for own in rectangles for each in own]
        reach = np.abs(np.array(contacts, dtype=np.int64).reshape(-1, 3)).max(axis=0, initial=0)
        shape = max(each.last_y for each in everyone), max(each.last_x for each in everyone)
        # Columns at the edges of rectangles in the order of their rectangles, and which rectangle a column is of.
        number, owner = np.full(shape, -1), np.empty(shape, dtype=np.int64)
        frames, n = [], 0
        for index, each in enumerate(everyone):
            is_edge = _edge(each.shape, reach[1:])
            frames.append(np.flatnonzero(is_edge))
            number[each.columns][is_edge] = np.arange(n, n + len(frames[-1]))
            owner[each.columns], n = index, n + len(frames[-1])
        first = sum(len(own) for own in rectangles[:ranks.rank])
        self._frames = frames[first:first + len(rectangles[ranks.rank])]
        # Each contact once: from a site to the one that it touches, not back.
        self._steps = [step for step in contacts if step > (0, 0, 0)]
        self._crossings = [_crossing(step, number, owner, periodic) for step in self._steps]

    def connected(self, masks: Sequence[np.ndarray], seeds: Sequence[np.ndarray],
                  wraps_z: bool | None = None) -> list[np.ndarray]:
        """Sites of a mask that are joined to a seed by steps between touching sites of the mask; collective.

        Parameters
        ----------
        masks : sequence of bool arrays, shape (n_layers, n_y, n_x)
            Sites that can be stepped on, in each rectangle of this process.
        seeds : sequence of bool arrays
            Sites to start from; those outside the mask do not count.
        wraps_z : bool, optional
            Whether the last layer touches the first; as the lattice says by default.

        Returns
        -------
        reached : list of bool arrays
        """
        wraps_z = self._wraps_z if wraps_z is None else wraps_z
        labels, numbers, pairs = self._labelled(masks, wraps_z)
        frame = [number[part.reshape(len(part), -1)[:, places]]
                 for part, number, places in zip(labels, numbers, self._frames, strict=True)]
        is_start = np.zeros(max(number.max() for number in numbers) + 1, dtype=bool)
        for part, number, seed in zip(labels, numbers, seeds, strict=True):
            is_start[number[part[seed]]] = True
        own = {"is_start": is_start[1:], "pairs": pairs, "frame": np.concatenate(frame, axis=1)}
        is_reached = self._reached(self._ranks.shared(own), wraps_z)
        return [is_reached[number][part] for part, number in zip(labels, numbers, strict=True)]

    def _labelled(self, masks: Sequence[np.ndarray],
                  wraps_z: bool) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
        """Labels within each rectangle, the number of each label on this process, and pairs of numbers joined by z."""
        back = [tuple(-each for each in step) for step in self._steps]
        found, numbers, pairs, n = [], [], [np.empty((0, 2), dtype=np.int64)], 0
        for mask in masks:
            labels, number = labelled(mask, back)
            number[1:] += n
            n = max(n, int(number.max()))
            for step in self._steps:
                for layers in _ways(len(mask), step[0], wraps_z)[1:]:
                    inside = [_ways(*axis, False)[0] for axis in zip(mask.shape[1:], step[1:], strict=True)]
                    source, target = (tuple(part[end] for part in (layers, *inside)) for end in (0, 1))
                    pairs.append(_touching(number[labels[source]], number[labels[target]]))
            found.append(labels)
            numbers.append(number)
        return found, numbers, np.concatenate(pairs)

    def _reached(self, parts: Sequence[Mapping[str, np.ndarray]], wraps_z: bool) -> np.ndarray:
        """bool: whether each number of this process is joined to a seed; False for 0, which is none."""
        firsts = np.cumsum([0, *(len(part["is_start"]) for part in parts)])
        frame = np.concatenate([np.where(part["frame"] > 0, part["frame"] + first, 0)
                                for part, first in zip(parts, firsts[:-1], strict=True)], axis=1)
        pairs = [part["pairs"] + first for part, first in zip(parts, firsts[:-1], strict=True)]
        for step, crossing in zip(self._steps, self._crossings, strict=True):
            for low, high, _ in _ways(len(frame), step[0], wraps_z):
                pairs.append(_touching(frame[low][:, crossing[0]], frame[high][:, crossing[1]]))
        cluster = joined(int(firsts[-1]), np.concatenate(pairs))
        is_reached = np.zeros(cluster.max() + 1, dtype=bool)
        is_reached[cluster[1:][np.concatenate([part["is_start"] for part in parts])]] = True
        rank = self._ranks.rank
        return np.append(False, is_reached[cluster[1 + firsts[rank]:1 + firsts[rank + 1]]])


def _edge(shape: tuple[int, int], reach: np.ndarray) -> np.ndarray:
    """Columns of a rectangle from which a step can lead out of it."""
    found = np.ones(shape, dtype=bool)
    inner = tuple(slice(width, max(size - width, width)) for size, width in zip(shape, reach.tolist(), strict=True))
    found[inner] = False
    return found


def _crossing(step: Step, number: np.ndarray, owner: np.ndarray,
              periodic: tuple[bool, bool, bool]) -> tuple[np.ndarray, np.ndarray]:
    """Columns from which a step leads into another rectangle or through a side, and those into which it leads."""
    ends: tuple[list[np.ndarray], list[np.ndarray]] = [], []
    for way in product(*(_ways(*axis) for axis in zip(number.shape, step[1:], periodic[1:], strict=True))):
        source, target = (tuple(part[end] for part in way) for end in (0, 1))
        leaves = np.full(owner[source].shape, any(part[2] for part in way)) | (owner[source] != owner[target])
        ends[0].append(number[source][leaves])
        ends[1].append(number[target][leaves])
    return np.concatenate(ends[0]), np.concatenate(ends[1])


def _touching(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Distinct pairs of labels, int64 (n, 2), of sites that are opposite each other; 0 is no label."""
    touching = (source > 0) & (target > 0)
    if not touching.any():
        return np.empty((0, 2), dtype=np.int64)
    pairs = np.stack([source[touching], target[touching]], axis=1).astype(np.int64)
    width = int(pairs[:, 1].max()) + 1
    return np.stack(np.divmod(np.unique(pairs[:, 0] * width + pairs[:, 1]), width), axis=1)


def _ways(size: int, step: int, wraps: bool) -> list[tuple[slice, slice, bool]]:
    """Where a step along one axis of a box begins and ends, within the box and, if it wraps, through its sides."""
    if step < 0:
        return [(target, source, through) for source, target, through in _ways(size, -step, wraps)]
    inner = max(size - step, 0)
    found = [(slice(0, inner), slice(size - inner, size), False)]
    if step and wraps and step <= size:
        found.append((slice(inner, size), slice(0, size - inner), True))
    return found
