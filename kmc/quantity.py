# SPDX-License-Identifier: BSD-3-Clause
"""A number that remembers where it comes from. Floor 1.

Every physical value of a deck is a `Quantity`: it keeps its uncertainty, source and method through to the
results file, and the place in the deck, so that a later check can point at it.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Location:
    """A place in an input file; `line` and `column` count from 1, None where there is no file position."""

    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True)
class Quantity:
    """A value in internal units (eV, V, m, s, K, m^2/s, m^3/mol, kg/m^3, 1/m, 1/s).

    Parameters
    ----------
    value : float
        In the internal unit of its dimension.
    uncertainty : float, optional
        One standard uncertainty, >= 0, same unit.
    source, method : str, optional
        Publication or data set, and how the value was obtained there.
    where : Location, optional
        Where it was written; takes no part in comparisons.
    """

    value: float
    uncertainty: float | None = None
    source: str | None = None
    method: str | None = None
    where: Location | None = field(default=None, compare=False)

    def __float__(self) -> float:
        return float(self.value)


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
