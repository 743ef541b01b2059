# SPDX-License-Identifier: BSD-3-Clause
"""A film in tiles without windows: the reference that tests hold the windows against. Floor 43.

All sectors are given the propensity of the busiest one, so that the next candidate is in any of them alike, whoever
runs it; one in a sector with less is a null event, in proportion. After Martinez, Marian, Kalos, Perlado, J. Comput.
Phys. 227, 3804 (2008), doi:10.1016/j.jcp.2007.11.045, but for one thing: there, all domains try at once, which makes
events of different domains coincide; here one does, so that the trajectory is a sample of the master equation. Every
candidate is an appointment of all ranks, which is why this is slow.
"""

from __future__ import annotations

import numpy as np

from kmc.tile_windows import later
from kmc.tiled import TiledEngine
from kmc_core import ExitReason

CANDIDATES = 6
"""int: purpose of random streams, key of the seed sequence."""


class ExactTiles(TiledEngine):
    """The exact algorithm on sectors; parameters as for `TiledEngine`; windows and `blinds` are not used."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options | {"blinds": False})
        self._candidates = np.random.Generator(self.stream(CANDIDATES))
        self.n_null = 0
        self._due: tuple[int, float] | None = None

    def run(self, stop, max_events: int = 2**60) -> ExitReason:
        """See `TiledEngine.run`."""
        last = self.n_events + max_events
        while self.n_events < last:
            totals = self._totals()
            most = totals.max()
            if most <= 0.0:
                self.time = stop
                return ExitReason.NO_EVENTS
            if self._due is None:
                self._due = later(self.time, self._candidates.exponential() / (most * len(totals)))
            if self._due > tuple(stop):
                self.time = tuple(stop)
                return ExitReason.MAX_TIME
            self.time, self._due = self._due, None
            chosen = int(self._candidates.integers(len(totals)))
            self._try(chosen, self._candidates.random() * most < totals[chosen])
        return ExitReason.MAX_EVENTS

    def _totals(self) -> np.ndarray:
        """float64: propensity bound of every sector of the film, in ascending number [1/s]."""
        own = np.zeros(len(self.tiling.boxes))
        for slot, box in enumerate(self.tiling.boxes):
            if self.rank_of[box.number] == self.ranks.rank:
                own[slot] = self._sectors.bound(self.slot(box.number))
        return self.ranks.every(own).sum(axis=0)

    def _try(self, chosen: int, happens: bool) -> None:
        """A candidate of one sector, and what the others hear of it."""
        number = self.tiling.boxes[chosen].number
        n_events = 0
        if happens and self.rank_of[number] == self.ranks.rank:
            n_events = self._sectors.fire(self.slot(number), self.n_windows, self.time)
        self.post.swap()
        self._sectors.take_over_all(self.n_windows)
        n_events = int(self.ranks.every([n_events]).sum())
        self.n_windows += 1
        self.n_events += n_events
        self.n_null += not n_events

    def set_rates(self, rates, interactions=None) -> None:
        """See `TiledEngine.set_rates`."""
        super().set_rates(rates, interactions)
        self._due = None
