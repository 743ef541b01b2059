# SPDX-License-Identifier: BSD-3-Clause
"""Windows of time of a film in tiles that several processes share. Floor 38.

To the last bit what `kmc_core.windows` does where one process runs all sectors.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from kmc_core.windows import SPARSE

from kmc.tiling import N_COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from kmc_core.tiles import Sectors

    from kmc.tile_ranks import Ranks

PERMUTATIONS = tuple(itertools.permutations(range(N_COLOURS)))
"""tuple: orders of colours, as random numbers name them."""

NEVER = 2**60
"""int: whole seconds of a time that does not come."""


class Post:
    """What sectors on this process and on others tell each other.

    Parameters
    ----------
    sectors : Sectors
    ranks : Ranks
    places : sequence of int
        Ranks that know sites of ours, this one included, in the order in which the sectors name them.
    """

    def __init__(self, sectors: Sectors, ranks: Ranks, places: Sequence[int]):
        self._sectors, self._ranks = sectors, ranks
        self._others = [(place, rank) for place, rank in enumerate(places) if rank != ranks.rank]

    def send(self) -> tuple[list[np.ndarray], Any]:
        """Tell other processes what has changed; what is to be told here, and what is under way."""
        own = self._sectors.told(self._sectors.here).copy()  # the rest of the turn is written in the same place
        return [own], self._ranks.begin({rank: self._sectors.told(place) for place, rank in self._others})

    def receive(self, own: list[np.ndarray], under_way: Any) -> None:
        """Put what has changed here and elsewhere into the inboxes of the sectors."""
        own.append(self._sectors.told(self._sectors.here))
        self._sectors.hear(own + self._ranks.finish(under_way))

    def swap(self) -> None:
        """Tell all sectors what has changed."""
        self.receive(*self.send())


class SharedWindows:
    """The clock of a film that several processes run; used like `kmc_core.windows.Windows`.

    Parameters
    ----------
    post : Post
    ranks : Ranks
    n_sectors : int
        Of the film.
    sectors, time, length, n_windows, n_events, counted, is_sparse, fraction, fixed
        As for `kmc_core.windows.Windows`.
    """

    def __init__(self, post: Post, ranks: Ranks, n_sectors: int, sectors: Sectors, time: tuple[int, float],
                 length: float, n_windows: int, n_events: int, counted: int, is_sparse: bool, fraction: float,
                 fixed: float | None):
        self._post, self._ranks, self._n_sectors, self._sectors = post, ranks, n_sectors, sectors
        self.time, self.length, self.n_windows, self.n_events = time, length, n_windows, n_events
        self.counted, self.is_sparse, self._fraction, self._fixed = counted, is_sparse, fraction, fixed

    def run(self, stop: tuple[int, float], last_event: int, last_window: int, orders: np.ndarray) -> int:
        """See `kmc_core.windows.Windows.run`."""
        for order in orders:
            start = self.settled() if self.is_sparse else self.time
            if self.n_events >= last_event:
                return 1
            if start >= stop:
                self.time = stop
                return 2 if start[0] == NEVER else 0
            self.window(start, min(later(start, self.length), stop), PERMUTATIONS[order])
            if self.n_windows >= last_window:
                break
        return 3

    def settled(self) -> tuple[int, float]:
        """Start of the next window in which something happens; its length is what the rates of now allow."""
        due = self._sectors.settle(self.n_windows, self.time)
        found = self._ranks.every([*due, *self._uncounted()])
        self._count(found[:, 2:])
        self.length = self._allowed(float(found[:, 3].max()))
        if not self.is_sparse:
            return self.time
        seconds, fraction = min((int(each[0]), float(each[1])) for each in found)
        if seconds == NEVER:
            return seconds, fraction
        wait = (seconds - self.time[0]) + (fraction - self.time[1])
        start = later(self.time, math.floor(wait / self.length) * self.length)
        return start if start <= (seconds, fraction) else self.time

    def window(self, start: tuple[int, float], end: tuple[int, float], order: Sequence[int]) -> None:
        """One window: every colour in turn, first the sectors whose changes travel while the others have their turn."""
        self.n_windows += 1
        sectors, was_sparse, counts = self._sectors, self.is_sparse, None
        for k, colour in enumerate(order):
            sectors.turn(colour, 0, self.n_windows, start, end)
            sent = self._post.send()
            sectors.turn(colour, 1, self.n_windows, start, end)
            if k == N_COLOURS - 1 and not was_sparse:
                counts = self._ranks.begin_every(self._uncounted())
            self._post.receive(*sent)
        self.time = end
        if counts is not None:        # where little happens this is done before the next window
            found = self._ranks.finish_every(counts)
            self._count(found)
            # What others have changed is not counted yet: a window that is too short by half is soon long enough.
            self.length = min(self._allowed(float(found[:, 1].max())), 2.0 * self.length)

    def _uncounted(self) -> list[float]:
        """Events here since they were counted last, and the fastest rate that can reach another sector [1/s]."""
        return [self._sectors.n_events - self.counted, self._sectors.fastest]

    def _count(self, found: np.ndarray) -> None:
        """Count the events of the last window, from what all have found."""
        n_events = int(found[:, 0].sum())
        self.n_events, self.counted = self.n_events + n_events, self._sectors.n_events
        self.is_sparse = n_events < SPARSE * self._n_sectors

    def _allowed(self, fastest: float) -> float:
        """Length of a window [s] by the fastest rate that can reach another sector [1/s]."""
        if self._fixed is not None:
            return self._fixed
        return self._fraction / fastest if fastest > 0.0 else math.inf


def later(time: tuple[int, float], wait: float) -> tuple[int, float]:
    """A time, as whole seconds and a fraction, and a wait [s]."""
    fraction = time[1] + wait
    if not fraction < 1e15:
        return NEVER, 0.0
    whole = math.floor(fraction)
    return time[0] + whole, fraction - whole
