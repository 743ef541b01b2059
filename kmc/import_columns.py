# SPDX-License-Identifier: BSD-3-Clause
"""What the columns of a foreign table of reactions hold: separators, headers, units, numbers. Floor 7.

A header says what its column is and in which unit, as in `barrier [eV]`, `dG_eV` or `k [1/M/s]`; `COLUMNS` lists what
is understood. Columns are separated by commas, semicolons or tabs, whichever makes the most of the header understood.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from kmc.errors import DeckError, Problem
from kmc.import_species import read_text, separator_of
from kmc.import_units import RATE_UNITS, energy_unit, rate_unit, unit_texts
from kmc.rates import RATE_LAWS
from kmc.units import DIMENSIONS

COLUMNS = {
    "equation": ("equation", "reaction"),
    "reactants": ("reactants", "reactant", "educts"),
    "products": ("products", "product"),
    "name": ("name", "process", "id", "label"),
    "law": ("law", "rate law"),
    "rate-constant": ("rate constant", "rate coefficient", "rate", "k"),
    "rate-constant-unit": ("unit", "units", "rate constant unit", "k unit", "unit of k", "units of k", "rate unit"),
    "prefactor": ("prefactor", "pre exponential factor", "attempt frequency", "a", "k0", "standard rate constant"),
    "barrier": ("barrier", "activation energy", "activation free energy", "dg barrier", "ea", "dg++", "dg‡", "dg#"),
    "reaction-free-energy": ("reaction free energy", "free energy", "delta g", "dg"),
    "standard-potential": ("standard potential", "redox potential", "e0"),
    "inner-reorganization-energy": ("inner reorganization energy", "inner reorganisation energy", "lambda inner"),
    "outer-reorganization-energy": ("outer reorganization energy", "outer reorganisation energy", "lambda outer"),
    "reorganization-energy": ("reorganization energy", "reorganisation energy", "lambda", "lambda total", "λ"),
    "transfer-coefficient": ("transfer coefficient", "alpha"),
    "transmission": ("transmission", "kappa"),
    "source": ("source", "reference"),
    "doi": ("doi",),
    "kind": ("kind", "type", "class"),
}
"""What a column may hold, and the words that its header may begin with, capitals and punctuation apart."""

DIMENSIONS_OF = {
    name: parameter.dimension for law in RATE_LAWS.values() for name, parameter in law.parameters.items()
} | {"reorganization-energy": "energy"}
"""Dimension of every quantity that is a number."""

_RATE = "rate constant"  # the dimension whose unit tells of how many molecules it is
_BACKWARDS = frozenset({"rev", "reverse", "backward", "backwards", "back"})
_NOT_GIVEN = frozenset({"-", "–", "—", "n/a", "na", "nan", "none", "null", "?"})
_SPREAD = re.compile(r"\s*(?:\+-|\+/-|±)\s*")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
_DECIMAL_POINT = re.compile(r"[+-]?[0-9]*\.[0-9]*([eE][+-]?[0-9]+)?")


class CellError(ValueError):
    """A line of a table is wrong; the message says what."""


@dataclass(frozen=True)
class Column:
    """A column that is understood.

    Parameters
    ----------
    place : int
        From 0.
    header : str
    quantity : str
        A key of `COLUMNS`.
    factor : float
        To internal units; 1 for texts, NaN where a column of units tells.
    molecules : int
        That a rate constant in this unit is of: 2 for 1/M/s or cm^3/s; 1 for all else.
    """

    place: int
    header: str
    quantity: str
    factor: float = 1.0
    molecules: int = 1

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.quantity in DIMENSIONS_OF


@dataclass(frozen=True)
class ReactionTable:
    """A table of reactions as text, cell by cell.

    Parameters
    ----------
    path : Path
    columns : tuple of Column
        That are understood.
    unused : tuple of str
        Headers of the others.
    lines : tuple of (int, dict of Column to str)
        Numbers of the lines that are not empty, and their cells.
    notes : tuple of str
        How it is written, where that is not with commas and decimal points.
    problems : tuple of Problem
        Lines that cannot be split into columns.
    """

    path: Path
    columns: tuple[Column, ...]
    unused: tuple[str, ...]
    lines: tuple[tuple[int, dict[str, str]], ...]
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default=(), repr=False)

    def column(self, quantity: str) -> Column | None:
        """The column of a quantity."""
        return next((each for each in self.columns if each.quantity == quantity), None)

    def values(self, entry: dict[str, str]) -> dict[str, float]:
        """Numbers of a line in internal units, those that it has.

        Raises
        ------
        CellError  if a cell is no number, or out of the bounds of its quantity.
        """
        found = {}
        for column in self.columns:
            if column.is_number and entry[column.quantity]:
                text = _SPREAD.split(entry[column.quantity])[0]
                found[column.quantity] = _number(text, self.in_its_unit(column, entry))
        return found

    def spreads(self, entry: dict[str, str]) -> dict[str, float]:
        """Standard uncertainties of the numbers of a line, written as `0.5 +- 0.1`, in internal units.

        Raises
        ------
        CellError  if one is no number above zero.
        """
        found = {}
        for column in self.columns:
            if column.is_number and _SPREAD.search(entry[column.quantity]):
                _, text = _SPREAD.split(entry[column.quantity], maxsplit=1)
                found[column.quantity] = _number(text, self.in_its_unit(column, entry), is_spread=True)
        return found

    def in_its_unit(self, column: Column, entry: dict[str, str]) -> Column:
        """A column with the unit that it has in a line."""
        if not math.isnan(column.factor):
            return column
        unit = entry["rate-constant-unit"]
        found = rate_unit(unit)
        if found is None:
            shown = f"has no unit of {column.header}" if not unit else f"'{unit[:40]}' is no unit of a rate constant"
            raise CellError(f"{shown}; there are {RATE_UNITS}")
        return replace(column, header=f"{column.header} [{unit}]", factor=found[0], molecules=found[1])


def read_reaction_table(path: Path) -> ReactionTable:
    """The cells of a table of reactions.

    Parameters
    ----------
    path : Path
        CSV, separated by commas, semicolons or tabs; lines that begin with # are left out.

    Returns
    -------
    ReactionTable

    Raises
    ------
    DeckError  if it is no table of reactions, or the unit of a column is missing or none.
    """
    text = read_text(path)
    separator = separator_of(text, lambda header: sum(_quantity(each) is not None for each in header))
    rows = list(_rows(text, separator, path))
    first, header = rows[0] if rows else (1, [])
    columns, unused = _columns(header, path, first)
    rows = [(line, cells) for line, cells in rows[1:] if any(cells)]
    problems = [
        Problem(_surplus(cells, header, separator), str(path), line)
        for line, cells in rows
        if any(cells[len(header) :])
    ]
    numbers = {each.place for each in columns if each.is_number}
    rows, notes = _with_decimal_points(rows, numbers, separator, path)
    lines = tuple(
        (line, {each.quantity: cells[each.place] if each.place < len(cells) else "" for each in columns})
        for line, cells in rows
    )
    return ReactionTable(path, tuple(columns), tuple(unused), lines, tuple(notes), tuple(problems))


def _rows(text: str, separator: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Lines with their cells; without comments, and without the line in which Excel names the separator."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for cells in reader:
            first = cells[0].strip() if cells else ""
            if any(cell.strip() for cell in cells) and not first.startswith("#") and not first.startswith("sep="):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise DeckError(Problem(f"is no CSV: {error}", str(path), reader.line_num)) from None


def _surplus(cells: list[str], header: list[str], separator: str) -> str:
    """What is wrong with a line that has more cells than there are columns."""
    message = f"has {len(cells)} cells, and the header {len(header)} columns"
    if separator == ",":
        message += "; a text with a comma, or a number with a decimal comma, stands in quotes"
    return message


def _with_decimal_points(
    rows: list[tuple[int, list[str]]], numbers: set[int], separator: str, path: Path
) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """Rows whose numbers have decimal points, minus signs that are one, and nothing where nothing is given."""
    marks = {";": "semicolons", "\t": "tabs", "|": "bars"}
    notes = [f"columns are separated by {marks[separator]}"] if separator in marks else []
    rows = [
        (line, [_tidy(cell) if place in numbers else cell for place, cell in enumerate(cells)]) for line, cells in rows
    ]
    cells = [
        (line, part)
        for line, row in rows
        for place in sorted(numbers)
        if place < len(row)
        for part in _SPREAD.split(row[place])
    ]
    commas = [(line, cell) for line, cell in cells if _DECIMAL_COMMA.fullmatch(cell)]
    points = [(line, cell) for line, cell in cells if _DECIMAL_POINT.fullmatch(cell)]
    if commas and points:
        (line, cell), (other, number) = commas[0], points[0]
        message = f"'{cell}' has a comma, and '{number}' in line {other} a point; write all numbers with decimal points"
        raise DeckError(Problem(message, str(path), line))
    if commas:
        notes.append(f"numbers have decimal commas: '{commas[0][1]}' is read as {commas[0][1].replace(',', '.')}")
        rows = [
            (line, [_pointed(cell) if place in numbers else cell for place, cell in enumerate(row)])
            for line, row in rows
        ]
    return rows, notes


def _tidy(cell: str) -> str:
    cell = cell.replace("\u2212", "-").replace("\u00a0", "").strip()
    return "" if cell.lower() in _NOT_GIVEN else cell


def _pointed(cell: str) -> str:
    parts = re.split(f"({_SPREAD.pattern})", cell)
    return "".join(each.replace(",", ".") if _DECIMAL_COMMA.fullmatch(each) else each for each in parts)


def _columns(header: list[str], path: Path, line: int) -> tuple[list[Column], list[str]]:
    """Columns that are understood, and the headers of the others."""
    found: dict[str, Column] = {}
    unused, problems = [], []
    has_units = any(_quantity(each) == "rate-constant-unit" for each in header)
    for place, text in enumerate(header):
        quantity = _quantity(text)
        if quantity is None or quantity in found:
            unused.append(text)
            continue
        try:
            found[quantity] = _column(place, text, quantity, has_units)
        except CellError as error:
            found[quantity] = Column(place, text, quantity)
            problems.append(Problem(str(error), str(path), line))
    if "equation" not in found and not {"reactants", "products"} <= set(found):
        message = "is no table of reactions: it has neither a column 'equation' nor 'reactants' and 'products'"
        raise DeckError(Problem(message, str(path), line))
    if not {"rate-constant", "barrier", "standard-potential", "reorganization-energy"} & set(found):
        message = "says nothing about rates: it has no column 'rate constant', 'barrier' or 'standard potential'"
        raise DeckError(Problem(message, str(path), line))
    if problems:
        raise DeckError(problems)
    return list(found.values()), unused


def _column(place: int, header: str, quantity: str, has_units: bool) -> Column:
    """A column with its unit."""
    dimension = DIMENSIONS_OF.get(quantity)
    if dimension is None:
        return Column(place, header, quantity)
    if dimension == "dimensionless":
        return Column(place, header, quantity, _share(header))
    if dimension == "potential":
        header = _against_lithium(header)
    texts = unit_texts(header)
    for unit in texts:
        found = _unit(unit, dimension)
        if found is not None:
            return Column(place, header, quantity, *found)
    if dimension == _RATE and has_units and not re.search(r"[\[(]", header):
        return Column(place, header, quantity, math.nan)
    bracket = re.search(r"[\[(]([^\])]+)", header)
    if bracket and dimension == _RATE:
        raise CellError(f"column '{header}': '{bracket[1]}' is no unit of a rate constant; there are {RATE_UNITS}")
    if bracket:
        raise CellError(f"column '{header}': '{bracket[1]}' is no unit of {DIMENSIONS[dimension].expected}")
    example = f"{quantity.replace('-', ' ')} {_example(dimension)}"
    raise CellError(f"column '{header}' has no unit; write it as in '{example}'")


def _share(header: str) -> float:
    """Factor of a column of plain numbers, which may be in percent."""
    unit = next(iter(re.findall(r"[\[(]([^\])]*)[\])]", header)), "").strip()
    if unit not in ("", "1", "-", "%"):
        raise CellError(f"column '{header}': '{unit}' is no unit of a plain number; leave it away, or write %")
    return 0.01 if unit == "%" else 1.0


# Standard potential of Li+/Li, -3.0401 V vs SHE (CRC Handbook of Chemistry and Physics), for the message.
def _against_lithium(header: str) -> str:
    """The header of a potential without the reference, which must be lithium."""
    shorter = re.sub(r"\s*(vs\.?|versus|against)\s*Li([/|]\s*Li\s*\^?\+?)?", "", header)
    match = re.search(r"\b(vs\.?|versus|against)\s*(\S+?)(?=[\s\])]|$)", shorter)
    if match:
        message = f"column '{header}' is against {match[2]}; potentials are vs Li/Li+"
        raise CellError(message + (", 3.04 V above those vs SHE" if match[2] in ("SHE", "NHE") else ""))
    return shorter


def _example(dimension: str) -> str:
    return {"energy": "[eV]", "potential": "[V]", _RATE: "[1/s]"}.get(dimension, "[...]")


def _quantity(text: str) -> str | None:
    """What a header says that its column is: the longest words that it begins with."""
    words = [each.lower() for each in re.split(r"[\s_(){}\[\],;:-]+", text.strip().replace("Δ", "d")) if each]
    if _BACKWARDS & set(words):
        return None  # a line is one direction
    fits = [
        (len(spelling.split()), quantity)
        for quantity, spellings in COLUMNS.items()
        for spelling in spellings
        if words[: len(spelling.split())] == spelling.split()
    ]
    return max(fits)[1] if fits else None


def _unit(text: str, dimension: str) -> tuple[float, int] | None:
    """Factor of a unit and the molecules that it is of; None if it is none of this dimension."""
    if dimension == _RATE:
        return rate_unit(text)
    factor = energy_unit(text, dimension)
    return None if factor is None else (factor, 1)


def _number(text: str, column: Column, is_spread: bool = False) -> float:
    """A number in internal units, or its uncertainty."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        hint = "; its unit stands in the header" if re.match(r"[+-]?[0-9.]+\s*[A-Za-z%]", text) else ""
        raise CellError(f"{column.header} '{text[:40]}' is no finite number{hint}")
    value *= column.factor
    if is_spread and not value > 0.0:
        raise CellError(f"{column.header}: an uncertainty must be above 0, not {text}")
    if is_spread:
        return value
    laws = [law for law in RATE_LAWS.values() if column.quantity in law.parameters]
    fault = laws[0].parameters[column.quantity].fault(value) if laws else None if value > 0.0 else "must be above 0"
    if fault and column.quantity != "barrier":
        raise CellError(f"{column.header} {fault}, not {text}")
    return value


def list_of_lines(entries: Iterable[tuple[int, str]], most: int = 20) -> str:
    """Lines with what is to be said of each, as `line 3 (-0.05 eV), line 7 (-0.2 eV) and 3 more`.

    Parameters
    ----------
    entries : iterable of (int, str)
        Number of the line and what stands in parentheses, which may be empty.
    most : int
        That are named.
    """
    every = [f"line {line}" + (f" ({text})" if text else "") for line, text in entries]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
