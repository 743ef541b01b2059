# SPDX-License-Identifier: BSD-3-Clause
"""What every barrier table gives: rows of quantities, each with its source, or with what is wrong. Floor 1.

The readers of the single kinds of table (`table_csv`, `ase_tables`, `table_bands`, `table_vasp`,
`table_cathub`, `table_network`) build their rows with the functions here, so that one rule holds for all: a
barrier is finite and lies neither below the initial nor below the final state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kmc.errors import Problem
from kmc.quantity import Location, Quantity

Row = dict[str, Quantity | Problem]
"""Values of one row by quantity; a Problem stands where a value is wrong."""

ENERGIES = ("barrier", "reaction-energy", "reaction-free-energy")
"""Quantities that energies of states give [eV]."""

TOLERANCE = 1e-9
"""Rounding of energies [eV]."""


class RowError(ValueError):
    """A row gives no value; the message says why."""


@dataclass
class Rows:
    """The rows of a table.

    Parameters
    ----------
    found : dict of str to (dict or callable)
        By id: a row, or a function that reads it when it is first asked for.
    problems : list of Problem
        What is wrong with the table as a whole.
    shown : bool
        Whether what is wrong in a row is told even if no deck refers to the row.
    """

    found: dict[str, Row | Callable[[], Row]]
    problems: list[Problem] = field(default_factory=list)
    shown: bool = True


@dataclass(frozen=True)
class Origin:
    """Where the energies of one row come from.

    Parameters
    ----------
    source, method : str, optional
    uncertainty : float, optional
        One standard uncertainty of the barrier [eV].
    """

    source: str | None = None
    method: str | None = None
    uncertainty: float | None = None


def energy_row(barrier: float | None, reaction: float | None, method: str, origin: Origin, where: Location) -> Row:
    """Row of a process whose barrier and reaction energy are known.

    Parameters
    ----------
    barrier, reaction : float or None
        [eV]; None where the table has none. The reaction energy stands for the reaction free energy as well:
        the energies are of the potential surface, and the method says so.
    method : str
        How they were found.
    origin : Origin
        Its method follows the other one.
    where : Location

    Returns
    -------
    row : dict

    Raises
    ------
    RowError  if the barrier lies below the initial or the final state.
    """
    if barrier is not None:
        check_barrier(barrier, reaction)
    method = ", ".join(part for part in (method, origin.method) if part)
    row: Row = {}
    if barrier is not None:
        row["barrier"] = Quantity(barrier, origin.uncertainty, origin.source, method, where, dimension="energy")
    if reaction is not None:
        row["reaction-energy"] = Quantity(reaction, None, origin.source, method, where, dimension="energy")
        row["reaction-free-energy"] = row["reaction-energy"]
    return row


def check_barrier(barrier: float, reaction: float | None) -> None:
    """Refuse a barrier [eV] that no transition state can have.

    Raises
    ------
    RowError  if it lies below the initial state, or below the final one.
    """
    if barrier < -TOLERANCE:
        raise RowError(f"its barrier is {barrier:.4g} eV; a barrier lies above the initial state")
    if reaction is not None and barrier < reaction - TOLERANCE:
        raise RowError(
            f"its barrier of {barrier:.4g} eV lies below its reaction energy of {reaction:.4g} eV; "
            "a transition state lies above both ends"
        )


def faulty_row(message: str, where: Location, quantities: tuple[str, ...] = ENERGIES) -> Row:
    """Row of which nothing can be used, because of one fault.

    Parameters
    ----------
    message : str
    where : Location
    quantities : tuple of str

    Returns
    -------
    row : dict
    """
    return dict.fromkeys(quantities, Problem(message, where.file, where.line))


def references(sources: list[str], dois: list[str]) -> str | None:
    """One text from sources and digital object identifiers; None if there are none.

    Parameters
    ----------
    sources, dois : list of str
        Repetitions count once.

    Returns
    -------
    source : str or None
    """
    parts = [*dict.fromkeys(sources), *dict.fromkeys(f"doi:{bare_doi(doi)}" for doi in dois)]
    return ", ".join(parts) or None


def bare_doi(doi: str) -> str:
    """Identifier without the prefixes that people write before it."""
    for prefix in ("https://doi.org/", "http://dx.doi.org/", "doi:"):
        doi = doi.removeprefix(prefix)
    return doi.strip()


def finite(value: Any, what: str) -> float:
    """A number as float.

    Parameters
    ----------
    value : object
    what : str
        What it is, for the message.

    Returns
    -------
    number : float

    Raises
    ------
    RowError  if it is no finite number.
    """
    number = getattr(value, "item", lambda: value)() if getattr(value, "ndim", None) == 0 else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise RowError(f"{what} is {number!r}, no finite number")
    return float(number)


def uncertainty(values: set[float]) -> float | None:
    """The one standard uncertainty [eV] that the images or rows of a process agree on; None if they give none.

    Parameters
    ----------
    values : set of float

    Returns
    -------
    uncertainty : float or None

    Raises
    ------
    RowError  if they differ, or it is negative.
    """
    if len(values) > 1:
        raise RowError(f"it has the uncertainties {', '.join(f'{each:g}' for each in sorted(values))}; one is needed")
    if any(value < 0.0 for value in values):
        raise RowError("its uncertainty is negative; expected 0 eV or more")
    return next(iter(values), None)
