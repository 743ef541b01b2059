# SPDX-License-Identifier: BSD-3-Clause
"""Patches of film on the particles of an electrode: sizes, positions, potential histories. Floor 30.

A film of some 10 nm sees a particle of some um as flat, so that a patch differs from another one by its potential
history, and counts by the surface that it stands for.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from kmc.errors import DeckError, KmcError, Problem
from kmc.protocol import Constant, Ramp, Series, TableSeries, read_columns

if TYPE_CHECKING:
    from kmc.deck import Deck
    from kmc.deck_sweep import LognormalDeck, ParticlesDeck, PatchTableDeck


@dataclass(frozen=True)
class Patch:
    """A film on the particles of one size at one position.

    Attributes
    ----------
    radius : float, [m]
    position : float
        From 0 at the separator to 1 at the current collector.
    weight : float
        Share of the surface of all particles.
    potential : Series, [V vs Li/Li+]
        The history of its potential.
    """

    radius: float
    position: float
    weight: float
    potential: Series


def patches_of(deck: Deck) -> list[Patch]:
    """Every combination of size and position of a sweep over particles; sizes follow each other.

    Parameters
    ----------
    deck : Deck
        With `sweep.particles`.

    Returns
    -------
    patches : list of Patch
        Weights sum to 1; every position has the same share.

    Raises
    ------
    DeckError  if the table of potentials cannot be read or does not span the patches, at the line of the deck.
    """
    given: ParticlesDeck = deck.sweep.particles
    sizes = surface_sizes(given.lognormal) if given.lognormal is not None else _listed(given)
    table = None
    if given.table is not None:
        table = PatchTable.read(deck, given.table)
    patches = []
    for number, position in enumerate(given.positions):
        offset = given.offsets[number] if given.offsets is not None else 0.0
        for radius, share in sizes:
            series = shifted(deck.protocol.potential, offset)
            if table is not None:
                try:
                    series = table.at(position, radius)
                except KmcError as error:
                    where = ("sweep", "particles", "positions", number)
                    raise DeckError(deck.problem(str(error), where)) from error
            patches.append(Patch(radius, position, share / len(given.positions), series))
    return patches


def _listed(given: ParticlesDeck) -> list[tuple[float, float]]:
    """Radii and shares of the surface of sizes given one by one, whose shares are by number."""
    surface = [size.share * size.radius**2 for size in given.sizes]
    return [(size.radius, each / math.fsum(surface)) for size, each in zip(given.sizes, surface, strict=True)]


def surface_sizes(given: LognormalDeck) -> list[tuple[float, float]]:
    """Radii that stand for equal shares of the surface of lognormal particles.

    Parameters
    ----------
    given : LognormalDeck

    Returns
    -------
    sizes : list of (float, float)
        Radius [m] and its share of the surface, 1 / count each.

    Notes
    -----
    If ln r is normal with mean ln m and standard deviation s by number, it is normal with mean ln m + 2 s^2 and the
    same s by surface, because r^2 shifts the exponent (Hatch-Choate). Each radius is the median of its share.

    References
    ----------
    T. Hatch, S. P. Choate, J. Franklin Inst. 207, 369 (1929), doi:10.1016/S0016-0032(29)91451-4.
    """
    by_surface = NormalDist(math.log(given.median) + 2.0 * given.spread**2, given.spread)
    middles = [(number + 0.5) / given.count for number in range(given.count)]
    return [(math.exp(by_surface.inv_cdf(middle)), 1.0 / given.count) for middle in middles]


def shifted(series: Series, offset: float) -> Series:
    """A history with a constant added.

    Parameters
    ----------
    series : Series, [V]
    offset : float, [V]
    """
    if isinstance(series, Constant):
        return Constant(series.level + offset)
    if isinstance(series, Ramp):
        return replace(series, start=series.start + offset, end=series.end + offset)
    return replace(series, values=series.values + offset)


@dataclass(frozen=True)
class PatchTable:
    """Histories at some positions and radii, linear in between.

    Attributes
    ----------
    file : Path
    header : str
        Of the potentials.
    histories : dict of (float, float or None) to (ndarray, ndarray)
        Times [s] and potentials [V] by position and radius [m]; None where radii do not matter.
    """

    file: Path
    header: str
    histories: dict[tuple[float, float | None], tuple[np.ndarray, np.ndarray]]

    @classmethod
    def read(cls, deck: Deck, given: PatchTableDeck) -> PatchTable:
        """Read the table that a deck names.

        Raises
        ------
        DeckError  if a column is missing, a value is no number, or times do not increase.
        """
        file = Path(os.path.abspath(deck.path.parent / given.file))
        wanted = {given.time: "time", given.value: "potential", given.position: "dimensionless"}
        if given.radius is not None:
            wanted[given.radius] = "length"
        columns = read_columns(file, wanted)
        radii = columns[given.radius] if given.radius is not None else [None] * len(columns[given.time])
        found: dict[tuple[float, float | None], list[tuple[float, float]]] = {}
        rows = zip(columns[given.position], radii, columns[given.time], columns[given.value], strict=True)
        for position, radius, time, value in rows:
            found.setdefault((float(position), None if radius is None else float(radius)), []).append((time, value))
        histories = {key: _history(pairs, key, file) for key, pairs in found.items()}
        return cls(file, given.value, histories)

    def at(self, position: float, radius: float) -> TableSeries:
        """History of a patch.

        Parameters
        ----------
        position : float
        radius : float, [m]

        Returns
        -------
        history : TableSeries
            Linear in position, and in the logarithm of the radius, between the nearest of the table.

        Raises
        ------
        KmcError  if the table does not reach there.
        """
        positions = sorted({each for each, _ in self.histories})
        mixed: list[tuple[float, tuple[float, float | None]]] = []
        for place, share in _between(position, positions, "position"):
            radii = sorted({each for where, each in self.histories if where == place and each is not None})
            if not radii:
                mixed.append((share, (place, None)))
                continue
            sizes = {math.log(each): each for each in radii}
            near = _between(math.log(radius), list(sizes), "logarithm of the radius [m]")
            mixed += [(share * part, (place, sizes[size])) for size, part in near]
        times = np.unique(np.concatenate([self.histories[key][0] for _, key in mixed]))
        values = sum(share * np.interp(times, *self.histories[key]) for share, key in mixed)
        return TableSeries(self.file, "time", self.header, times, values)


def _history(pairs: Sequence[tuple[float, float]], key: tuple, file: Path) -> tuple[np.ndarray, np.ndarray]:
    times, values = (np.array(each) for each in zip(*pairs, strict=True))
    if (np.diff(times) <= 0.0).any():
        raise DeckError(Problem(f"the times at position {key[0]:g} do not increase", str(file)))
    return times, values


def _between(value: float, known: list[float], what: str) -> list[tuple[float, float]]:
    """The nearest known values on both sides, with their shares in a linear interpolation."""
    above = int(np.searchsorted(known, value))
    if above < len(known) and math.isclose(known[above], value, rel_tol=1e-12, abs_tol=1e-12):
        return [(known[above], 1.0)]
    if above in (0, len(known)):
        raise KmcError(f"the table of potentials reaches from {what} {known[0]:g} to {known[-1]:g}, not to {value:g}")
    low, high = known[above - 1], known[above]
    share = (value - low) / (high - low)
    return [(low, 1.0 - share), (high, share)]
