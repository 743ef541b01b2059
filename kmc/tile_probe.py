# SPDX-License-Identifier: BSD-3-Clause
"""What windows of time cost in accuracy, measured while the film grows. Floor 39.

From time to time two by two tiles of the film are taken as they are and run on, a few times with other random numbers,
in windows as long as those of the film and in windows half as long. The error of synchronous sublattices is of first
order in the window, so the difference is half of it: Arampatzis, Katsoulakis, Plechac, J. Comput. Phys. 231, 7795
(2012), doi:10.1016/j.jcp.2012.07.017.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kmc.tiling import Axis, Tiling

FIRST, RATIO = 64, 4
"""int: number of the first window after which the film is probed, and how many times more there are until the next."""

MEMBERS, WINDOWS = 2, 8
"""int: runs with each length of window, and windows that each of them takes."""

PURPOSE = 5
"""int: purpose of random streams, key of the seed sequence."""


class WindowProbe:
    """Counts events of patches in whole and in half windows.

    Attributes
    ----------
    due : int
        Number of the window after which to look again.
    whole, half : int
        Events in windows of the film's length and of half of it.
    square, pairs : int
        Sum over pairs of runs of the squared difference of events, and how many pairs there were.
    """

    def __init__(self) -> None:
        self.due = FIRST
        self.whole = self.half = self.square = self.pairs = 0

    def look(self, engine: Any) -> None:
        """Probe the film as it is, if it is time to.

        Parameters
        ----------
        engine : TiledEngine
            Is not changed; its ranks share the runs.
        """
        if engine.n_windows < self.due:
            return
        self.due = engine.n_windows * RATIO
        if not math.isfinite(engine.window):
            return
        rows, columns, tiling = _patch(engine.tiling, engine.stream(PURPOSE, engine.n_windows))
        found = np.zeros((MEMBERS, 2), dtype=np.int64)
        species = engine.species.reshape(engine.shape)[:, rows, columns]
        for member in range(engine.ranks.rank, MEMBERS, engine.ranks.size):
            for k in range(2):
                seed = engine.stream(PURPOSE, engine.n_windows, member, k).random_raw()
                patch = engine.on_patch(species, tiling, int(seed), engine.window / (k + 1))
                patch.run(_clock(WINDOWS * engine.window))
                found[member, k] = patch.n_events
        found = engine.ranks.summed(found)
        self.whole += int(found[:, 0].sum())
        self.half += int(found[:, 1].sum())
        self.pairs += MEMBERS
        self.square += int(((found[:, 0] - found[:, 1]) ** 2).sum())

    @property
    def state(self) -> np.ndarray:
        """int64, shape (5,): all that later reports depend on."""
        return np.array([self.due, self.whole, self.half, self.square, self.pairs], dtype=np.int64)

    @state.setter
    def state(self, state: np.ndarray) -> None:
        """Go on from there."""
        self.due, self.whole, self.half, self.square, self.pairs = (int(each) for each in state)

    def report(self) -> dict[str, float]:
        """Relative error of the number of events, and its standard error; NaN where nothing has been probed.

        The standard error is from the scatter of the pairs of runs, or as if events were independent if that is more.
        """
        if not self.half:
            return {"window_error": math.nan, "window_error_uncertainty": math.nan}
        scatter = (self.square - (self.whole - self.half) ** 2 / self.pairs) * self.pairs / (self.pairs - 1)
        return {
            "window_error": 2.0 * (self.whole - self.half) / self.half,
            "window_error_uncertainty": 2.0 * math.sqrt(max(scatter, self.whole + self.half)) / self.half,
        }


def _clock(wait: float) -> tuple[int, float]:
    whole = math.floor(wait)
    return whole, wait - whole


def _patch(tiling: Tiling, stream: np.random.BitGenerator) -> tuple[slice, slice, Tiling]:
    """Rows and columns of two by two tiles somewhere, and how they are cut."""
    generator = np.random.Generator(stream)
    (rows, y_axis), (columns, x_axis) = (_stretch(axis, generator) for axis in (tiling.y_axis, tiling.x_axis))
    return rows, columns, Tiling(y_axis, x_axis)


def _stretch(axis: Axis, generator: np.random.Generator) -> tuple[slice, Axis]:
    """Two tiles of an axis, as an axis of their own with the same boundaries."""
    if not axis.is_cut:
        return slice(0, axis.length), axis
    first = 2 * int(generator.integers(axis.n_tiles - 1))
    edges = axis.edges[first:first + 5]
    part = slice(edges[0], edges[-1])
    return part, Axis(edges[-1] - edges[0], axis.wraps, tuple(edge - edges[0] for edge in edges), axis.reach)
