# SPDX-License-Identifier: BSD-3-Clause
"""What windows of time cost in accuracy, measured while the film grows. Floor 39.

From time to time two by two tiles of the film are taken as they are and run on with other random numbers, in windows
as long as those of the film and in windows twice as long. An error of first order in the window doubles with it, so
the difference is the error. One of second order grows by three times itself, so that the difference is three times
the error: it is a bound. Both occur: synchronous sublattices are of first order (Arampatzis, Katsoulakis, Plechac,
J. Comput. Phys. 231, 7795 (2012), doi:10.1016/j.jcp.2012.07.017), but an order of colours that is drawn anew for every
window cancels that term on average for all that is slower than the window (Childs, Ostrander, Su, Quantum 3, 182
(2019), doi:10.22331/q-2019-09-02-182).

Longer windows rather than shorter ones: what is compared differs two to four times as much, and costs less to run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kmc.tiling import Axis, Tiling

FIRST, RATIO = 64, 4
"""int: number of the first window after which the film is probed, and how many times more there are until the next."""

SHARE = 0.1
"""float: events of all runs of the probe, as a share of those of the film."""

MEMBERS = 2
"""int: pairs of runs each time."""

# The order in which ranks take the runs: of a pair, the second one has longer windows and takes less time. So two ranks
# have as much to do as each other, and the one of three that has two runs has the short ones.
_DEALT = tuple(run ^ (run // 2 % 2 == 0) for run in range(2 * MEMBERS))

FEWEST, MOST = 8, 4096
"""int: windows of a run. As few as show a difference; as many as cost more than it takes to set up the sectors."""

MOST_EVENTS = 20_000_000
"""int: about as many events a run has at most: the film hears no signal meanwhile."""

FURTHEST = 0.1
"""float: windows of a run, as a share of those since the last time: the film should not become another one."""

PURPOSE = 5
"""int: purpose of random streams, key of the seed sequence."""

COUNTED = ("", "_solid")
"""tuple of str: events, and sites of the watched species that have come; how the attributes of the results end."""


class WindowProbe:
    """Counts what happens in patches of the film in windows of its length and of twice that.

    Attributes
    ----------
    last, due : int
        Number of the window after which the film was probed last, and of that after which to look again.
    sums : float64, shape (5, 2)
        Of what is counted, over all pairs of runs: number in windows of the film's length, number in windows of twice
        that, squared difference, product of difference and mean, squared mean.
    pairs : int
        How many there were.
    """

    def __init__(self) -> None:
        self.last, self.due, self.pairs = 0, FIRST, 0
        self.sums = np.zeros((5, len(COUNTED)))

    def look(self, engine: Any) -> None:
        """Probe the film as it is, if it is time to.

        Parameters
        ----------
        engine : TiledEngine
            Is not changed; its ranks share the runs.
        """
        if engine.n_windows < self.due:
            return
        share = min(FURTHEST, SHARE * engine.tiling.n_tiles / (8 * MEMBERS))  # four tiles, in two runs of a pair
        most = min(MOST, MOST_EVENTS * engine.n_windows * engine.tiling.n_tiles // (4 * max(engine.n_events, 1)))
        n_windows = max(min(round(share * (engine.n_windows - self.last)), most), FEWEST)
        wait = min((RATIO - 1) * engine.n_windows, math.ceil(MOST / share))
        self.last, self.due = engine.n_windows, engine.n_windows + wait
        if not math.isfinite(engine.window):
            return
        rows, columns, tiling = _patch(engine.tiling, engine.stream(PURPOSE, engine.n_windows))
        species = engine.sites.everywhere(rows, columns)
        found = np.zeros((2 * MEMBERS, len(COUNTED)), dtype=np.int64)
        for run in _DEALT[engine.ranks.rank::engine.ranks.size]:
            seed = engine.stream(PURPOSE, engine.n_windows, run).random_raw()
            patch = engine.on_patch(species, tiling, int(seed), engine.window * (1 + run % 2))
            patch.run(_clock(2 * -(-n_windows // 2) * engine.window))
            found[run] = patch.n_events, _gain(engine.watched, species, patch.species)
        once, twice = engine.ranks.summed(found).reshape(MEMBERS, 2, -1).swapaxes(0, 1).astype(float)
        difference, mean = twice - once, (twice + once) / 2.0
        self.pairs += MEMBERS
        self.sums += [each.sum(axis=0) for each in (once, twice, difference**2, difference * mean, mean**2)]

    @property
    def state(self) -> np.ndarray:
        """float64, shape (13,): all that later reports depend on."""
        return np.array([self.last, self.due, self.pairs, *self.sums.ravel()], dtype=np.float64)

    @state.setter
    def state(self, state: np.ndarray) -> None:
        """Go on from there."""
        self.last, self.due, self.pairs = (int(each) for each in state[:3])
        self.sums = np.array(state[3:], dtype=np.float64).reshape(5, len(COUNTED))

    def report(self) -> dict[str, float]:
        """Relative errors of the number of events and of that of solid sites, with standard errors.

        NaN where nothing has been probed. The standard error is from the scatter of pairs of runs about the ratio of
        all, or as if what is counted came independently if that is more.
        """
        found = {}
        for name, (once, twice, square, product, mean) in zip(COUNTED, self.sums.T.tolist(), strict=True):
            error = deviation = math.nan
            if once and once + twice:
                slope = 2.0 * (twice - once) / (twice + once)
                scatter = (square - 2.0 * slope * product + slope**2 * mean) * self.pairs / (self.pairs - 1)
                error, deviation = twice / once - 1.0, math.sqrt(max(scatter, abs(once + twice))) / abs(once)
            found |= {f"window_error{name}": error, f"window_error{name}_uncertainty": deviation}
        return found


def _gain(watched: np.ndarray, before: np.ndarray, after: np.ndarray) -> int:
    """Sites of watched species that there are more."""
    return int(watched[after].sum()) - int(watched[before].sum())


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
