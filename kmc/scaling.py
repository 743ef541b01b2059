# SPDX-License-Identifier: BSD-3-Clause
"""What ranks gain on one large film: a model of load balance and communication, and a layout. Floor 43.

In each of the four turns of a window every rank waits for the busiest one. Its events are Poisson distributed about a
mean n, so that the largest number on P ranks is about n + sqrt(2 n ln P). Then neighbours exchange what has changed at
their edges, and once a window all ranks learn how many events there were. That messages travel while the sectors inside
have their turn is left out: it helps most where they cost least. `python -m benchmarks.weak` holds the model against
what two ranks measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kmc.errors import KmcError
from kmc.tiling import N_COLOURS, Tiling

_SIZES = (128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4)
_TILES_PER_RANK = 4


@dataclass(frozen=True)
class Costs:
    """What the parts of a window cost; measured by `python -m benchmarks.tiles --costs`, docs/scaling.md.

    All hold while every core of the machine is at work: cores share memory and cache, so an event takes longer then.

    Attributes
    ----------
    event : float, [s]
        An event with its share of everything that grows with events.
    turn : float, [s]
        A turn of a sector in which something happens, beside its events.
    exchange : float, [s]
        A message to a neighbour and one from it.
    byte : float, [s]
        Each byte of them.
    gather : float, [s]
        Telling all ranks how many events there were, for each doubling of their number.
    window : float, [s]
        What a rank that shares the film does in a window beside all that: the interpreter between turns and messages.
    """

    event: float = 2e-7
    turn: float = 8e-7
    exchange: float = 6e-6
    byte: float = 3e-10
    gather: float = 5e-6
    window: float = 9e-5


NEIGHBOURS = 8
"""int: other ranks that a rank tells of changes, at most."""

BYTES = 2.4
"""float: told for each event, at most: 0.3 changes at edges of 8 bytes, as if all edges were those of a rank."""


def efficiency(events: float, n_ranks: int, sectors: float, costs: Costs) -> float:
    """Share of the time of all ranks that goes into events.

    Parameters
    ----------
    events : float
        Events of one rank in a window, mean.
    n_ranks : int
    sectors : float
        Sectors of one colour on a rank.
    costs : Costs

    Returns
    -------
    float
        In (0, 1], against one rank with the same tiles.
    """
    n = events / N_COLOURS
    alone = n * costs.event + min(sectors, n) * costs.turn
    if n_ranks == 1:
        return 1.0
    busiest = alone + math.sqrt(2.0 * n * math.log(n_ranks)) * costs.event
    exchange = min(n_ranks - 1, NEIGHBOURS) * costs.exchange + n * BYTES * costs.byte
    appointment = (costs.gather * math.log2(n_ranks) + costs.window) / N_COLOURS
    return alone / (busiest + exchange + appointment)


def proposed(shape: Sequence[int], periodic: Sequence[bool], reach: Sequence[int], n_ranks: int) -> tuple[int, Tiling]:
    """Size of square tiles that a number of ranks can share, and how the film is cut then.

    Parameters
    ----------
    shape : (int, int, int)
        Sites along z, y, x.
    periodic : (bool, bool, bool)
    reach : (int, int)
        As for `Tiling.of`.
    n_ranks : int

    Returns
    -------
    (int, Tiling)
        The largest tiles of which every rank gets as many as any other, or at least four; otherwise the smallest.

    Raises
    ------
    KmcError
        If the film is too small for so many ranks.
    """
    found = None
    for size in _SIZES:
        try:
            tiling = Tiling.of(shape, periodic, (size, size), reach)
        except KmcError:
            break
        if tiling.is_cut and tiling.n_tiles >= n_ranks:
            found = size, tiling
            if tiling.n_tiles % n_ranks == 0 or tiling.n_tiles >= _TILES_PER_RANK * n_ranks:
                return found
    if found is None:
        raise KmcError(f"a film of {shape[2]} x {shape[1]} columns is too small to be shared by {n_ranks} ranks")
    return found
