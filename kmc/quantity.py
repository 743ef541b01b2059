# SPDX-License-Identifier: BSD-3-Clause
"""A number that remembers where it comes from. Floor 1.

Every physical value of a deck is a `Quantity`: it keeps its uncertainty, source and method through to the
results file, and the place in the deck, so that a later check can point at it. What it may be instead of its nominal
value is its `Distribution`. Values that depend on temperature or height are in `kmc.varying`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

NORMAL, UNIFORM = "normal", "uniform"
"""Kinds of distributions."""


@dataclass(frozen=True)
class Location:
    """A place in an input file; `line` and `column` count from 1, None where there is no file position."""

    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True)
class Distribution:
    """What a value may be, and how probable it is.

    Parameters
    ----------
    kind : str
        `normal` or `uniform`.
    parameters : (float, float)
        Mean and standard deviation, or lowest and highest value, in the unit of the value.
    support : (float, float)
        What the value must lie between in any case; a normal distribution is cut off there.
    """

    kind: str
    parameters: tuple[float, float]
    support: tuple[float, float] = (-math.inf, math.inf)

    @property
    def standard_deviation(self) -> float:
        """Square root of the variance, before any cut; of a uniform distribution its width over the root of 12."""
        first, second = self.parameters
        return second if self.kind == NORMAL else (second - first) / math.sqrt(12.0)

    def quantile(self, share: float) -> float:
        """Value below which a share of the probability lies.

        Parameters
        ----------
        share : float
            From 0, up to 1.

        Returns
        -------
        value : float
            Within the support.
        """
        first, second = self.parameters
        if self.kind == UNIFORM:
            return first + (second - first) * share
        normal = NormalDist(first, second)
        low, high = (normal.cdf(end) for end in self.support)
        value = normal.inv_cdf(min(max(low + (high - low) * share, 5e-324), 1.0 - 2.0**-53))
        return min(max(value, math.nextafter(self.support[0], math.inf)), math.nextafter(self.support[1], -math.inf))

    def sample(self, generator: np.random.Generator) -> float:
        """One value drawn at random, by one uniform number of the generator whatever the kind."""
        return self.quantile(float(generator.random()))

    def text(self, unit: str = "1") -> str:
        """As a deck writes it, for example `0.477 +- 0.1 eV` or `0.4 .. 0.685 eV`."""
        first, second = self.parameters
        sign = "+-" if self.kind == NORMAL else ".."
        return f"{first:.10g} {sign} {second:.10g}{'' if unit == '1' else f' {unit}'}"


@dataclass(frozen=True)
class Quantity:
    """A value in internal units (eV, V, m, s, K, m^2/s, m^3/mol, kg/m^3, 1/m, 1/s).

    Parameters
    ----------
    value : float, or tuple of float for a list
        In the internal unit of its dimension.
    uncertainty : float, optional
        One standard uncertainty, >= 0, same unit; of a range that of the uniform distribution.
    source, method : str, optional
        Publication or data set, and how the value was obtained there.
    where : Location, optional
        Where it was written; takes no part in comparisons.
    distribution : Distribution, optional
        By default normal if there is an uncertainty above 0.
    dimension : str
        Key of `kmc.units.DIMENSIONS`, where it is known; takes no part in comparisons.
    """

    value: float | tuple[float, ...]
    uncertainty: float | None = None
    source: str | None = None
    method: str | None = None
    where: Location | None = field(default=None, compare=False)
    distribution: Distribution | None = None
    dimension: str = field(default="", compare=False)

    def __post_init__(self):
        if self.distribution is None and self.uncertainty and not isinstance(self.value, tuple):
            normal = Distribution(NORMAL, (float(self.value), float(self.uncertainty)))
            object.__setattr__(self, "distribution", normal)

    def __float__(self) -> float:
        return float(self.value)

    @property
    def notices_height(self) -> bool:
        """Whether it depends on how high above the electrode a site is."""
        return False

    def at(self, temperature: float, height: float = 0.0) -> float | tuple[float, ...]:
        """Value at a temperature and a height; this one depends on neither.

        Parameters
        ----------
        temperature : float, [K]
        height : float or ndarray, [m]
            Of the site above the surface of the electrode.

        Returns
        -------
        float, or ndarray of the shape of `height` if it notices that
        """
        return self.value

    def parts(self, name: str) -> tuple[tuple[str, Quantity], ...]:
        """The plain numbers that it consists of, for tables: itself, or the items of a list.

        Parameters
        ----------
        name : str
            Its own name.

        Returns
        -------
        tuple of (str, Quantity)
            Names and values; items are numbered from 1.
        """
        if not isinstance(self.value, tuple):
            return ((name, self),)
        return tuple((f"{name} {number}", replace(self, value=each)) for number, each in enumerate(self.value, start=1))


@dataclass(frozen=True)
class QuantityList(Quantity):
    """Several values of one kind under one key, such as the frequencies of a state.

    Parameters
    ----------
    items : tuple of Quantity
        `value` holds theirs.
    """

    items: tuple[Quantity, ...] = ()

    def parts(self, name: str) -> tuple[tuple[str, Quantity], ...]:
        """The items, numbered from 1, each with the source of the list if it has none of its own."""
        known = {"source": self.source, "method": self.method}
        return tuple(
            (
                f"{name} {number}",
                replace(each, **{key: getattr(each, key) or known[key] for key in known}),
            )
            for number, each in enumerate(self.items, start=1)
        )


@dataclass(frozen=True)
class TableReference:
    """`table#row` in a deck: the named quantity of one row of one of the deck's tables.

    Parameters
    ----------
    table : str
        Name under `tables`.
    row : str
        Row id in that table.
    quantity : str
        Name of the quantity, which is the key the reference was written under (for example `barrier`).
    where : Location, optional
        Where it was written; takes no part in comparisons.
    """

    table: str
    row: str
    quantity: str
    where: Location | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.table}#{self.row}"
