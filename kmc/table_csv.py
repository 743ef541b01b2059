# SPDX-License-Identifier: BSD-3-Clause
"""Barrier tables in CSV, and lists of sources beside files that have no place for one. Floor 1.

One value per line, each with its unit and its source. Everything wrong in a file is told at once, by line.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from kmc.errors import DeckError, Problem, did_you_mean
from kmc.quantity import UNIFORM, Distribution, Location, Quantity
from kmc.rates import RATE_LAWS
from kmc.table_kinds import sources_file
from kmc.table_rows import Origin, Row, Rows, bare_doi
from kmc.units import DIMENSIONS, RANGE, UnitError, parse_range, unit_factor

HEADER = ("id", "quantity", "value", "uncertainty", "unit", "method", "source", "doi", "note")
"""First line of every CSV table."""

EVERY_ROW = "*"
"""Id in a list of sources that stands for every row without a line of its own."""

SOURCES_HEADER = ("id", "uncertainty", "unit", "method", "source", "doi", "note")
"""First line of a list of sources."""

QUANTITIES: dict[str, str] = {
    name: parameter.dimension for law in RATE_LAWS.values() for name, parameter in law.parameters.items()
} | {"energy": "energy", "reaction-energy": "energy"}
"""Quantities that a table may hold, with their dimensions: parameters of rate laws, neighbour energies."""

LISTS = frozenset(
    name for law in RATE_LAWS.values() for name, parameter in law.parameters.items() if parameter.length is not None
)
"""Quantities that are lists; their numbers stand in one cell, between blanks or semicolons."""

_MAX_BYTES = 50_000_000


class _CellError(ValueError):
    """A cell does not hold what it should."""


def read_csv_table(path: Path) -> Rows:
    """All values of a CSV table.

    Parameters
    ----------
    path : Path
        UTF-8, with `HEADER` as first line.

    Returns
    -------
    Rows
        By row id and quantity; a Problem stands where a line is wrong. Lines that are no value at all, and second
        values of one quantity, are problems of the table.

    Raises
    ------
    DeckError  if the file is no such table.
    """
    rows: dict[str, Row] = {}
    problems: list[Problem] = []
    for cells, where in _lines(path, HEADER):
        problems += _add(rows, cells, where)
    if not rows and not problems:
        raise DeckError(Problem("holds no values", str(path)))
    return Rows(rows, problems)


@dataclass(frozen=True)
class Sources:
    """List of the sources of a table that has no place for them.

    Parameters
    ----------
    path : Path
        The list, whether or not it exists.
    origins : dict of str to Origin
        By row id, or `EVERY_ROW`; empty if there is no list.
    problems : list of Problem
        What is wrong in it.
    """

    path: Path
    origins: dict[str, Origin]
    problems: list[Problem]

    def of(self, row: str) -> Origin:
        """Origin of a row."""
        return self.origins.get(row, self.origins.get(EVERY_ROW, Origin()))

    def strangers(self, rows: Collection[str]) -> list[Problem]:
        """Problems of lines about rows that the table does not have.

        Parameters
        ----------
        rows : collection of str
            Ids of the table.
        """
        unknown = [name for name in self.origins if name not in rows and name != EVERY_ROW]
        return [
            Problem(f"'{name}' is no row of the table beside this list{did_you_mean(name, rows)}", str(self.path))
            for name in unknown
        ]


def read_sources(table: Path) -> Sources:
    """The list of sources beside a file, or in a directory.

    Parameters
    ----------
    table : Path

    Returns
    -------
    Sources

    Raises
    ------
    DeckError  if there is such a file that is no list of sources.
    """
    path = sources_file(table)
    origins: dict[str, Origin] = {}
    problems: list[Problem] = []
    if path.exists():
        for cells, where in _lines(path, SOURCES_HEADER):
            try:
                name, origin = _origin(cells)
                if name in origins:
                    raise _CellError(f"a second line of '{name}'")
                origins[name] = origin
            except (_CellError, UnitError) as error:
                problems.append(_problem(str(error), where))
    return Sources(path, origins, problems)


def _origin(cells: list[str]) -> tuple[str, Origin]:
    entry = _entry(cells, SOURCES_HEADER)
    if not entry["source"]:
        raise _CellError(f"'{entry['id']}' has no source")
    spread = None
    if entry["uncertainty"]:
        spread = _spread(entry) * _factor(entry["unit"], "energy")
    return entry["id"], Origin(_reference(entry), entry["method"] or None, spread)


def _lines(path: Path, header: tuple[str, ...]) -> Iterator[tuple[list[str], Location]]:
    """The lines below the first one that are not empty."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    line = 1
    try:
        _check_header(next(reader, []), header, path)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield [cell.strip() for cell in cells], Location(str(path), line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DeckError(Problem(f"is no CSV: {error}", str(path), line)) from None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DeckError(Problem(f"is larger than {_MAX_BYTES // 10**6} MB", str(path)))
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DeckError(Problem(f"cannot be read: {error.strerror}", str(path))) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DeckError(Problem("is not UTF-8 text", str(path), line)) from None
    return text


def _check_header(cells: list[str], header: tuple[str, ...], path: Path) -> None:
    found = tuple(cell.strip() for cell in cells)
    if found == header:
        return
    if len(found) == 1 and any(mark in found[0] for mark in ";\t"):
        raise DeckError(Problem("separates its columns by something else than commas", str(path), 1))
    missing = [name for name in header if name not in found]
    extra = [name for name in found if name not in header]
    if missing:
        what = f"has no column '{missing[0]}'"
    elif extra:
        what = f"has a column '{extra[0]}'" if extra[0] else "has a column without a name"
    else:
        what = "has its columns in another order"
    raise DeckError(Problem(f"{what}; the first line is {','.join(header)}", str(path), 1))


def _add(rows: dict[str, Row], cells: list[str], where: Location) -> list[Problem]:
    """Read one line into the table; returns what cannot stand there."""
    try:
        entry = _entry(cells, HEADER)
    except _CellError as error:
        return [_problem(str(error), where)]
    name = entry["quantity"]
    if name not in QUANTITIES:
        return [_problem(f"unknown quantity '{name}'{did_you_mean(name, QUANTITIES)}", where)]
    row = rows.setdefault(entry["id"], {})
    if name in row:
        first = row[name].where.line if isinstance(row[name], Quantity) else row[name].line
        return [_problem(f"a second {name} of '{entry['id']}', first in line {first}", where)]
    row[name] = _value(entry, where)
    return []


def _entry(cells: list[str], header: tuple[str, ...]) -> dict[str, str]:
    """The cells of a line by column, with an id that a deck can refer to."""
    if len(cells) != len(header):
        raise _CellError(f"{len(cells)} columns; expected {len(header)} (a text with a comma stands in quotes)")
    entry = dict(zip(header, cells, strict=True))
    if not entry["id"] or "#" in entry["id"]:
        raise _CellError(f"id '{entry['id']}' holds a '#'" if entry["id"] else "no id")
    return entry


def _value(entry: dict[str, str], where: Location) -> Quantity | Problem:
    """Value of one line."""
    name = entry["quantity"]
    if not entry["source"]:
        return _problem(f"{name} of '{entry['id']}' has no source", where)
    try:
        value, spread, distribution = _numbers(entry)
    except (UnitError, _CellError) as error:
        return _problem(f"{name} of '{entry['id']}': {error}", where)
    return Quantity(value, spread, _reference(entry), entry["method"] or None, where, distribution, QUANTITIES[name])


def _numbers(entry: dict[str, str]) -> tuple[float | tuple[float, ...], float | None, Distribution | None]:
    """Value, uncertainty and distribution of a line, in internal units."""
    dimension = QUANTITIES[entry["quantity"]]
    factor = _factor(entry["unit"], dimension)
    if RANGE in entry["value"] or entry["quantity"] in LISTS:
        if entry["uncertainty"]:
            raise _CellError("a range or a list takes no uncertainty")
    if entry["quantity"] in LISTS:
        return tuple(_number(item, "value") * factor for item in entry["value"].replace(";", " ").split()), None, None
    if RANGE in entry["value"]:
        ends = parse_range(f"{entry['value']} {entry['unit']}", dimension)
        distribution = Distribution(UNIFORM, ends)
        return sum(ends) / 2.0, distribution.standard_deviation, distribution
    spread = _spread(entry) * factor if entry["uncertainty"] else None
    return _number(entry["value"], "value") * factor, spread, None


def _spread(entry: dict[str, str]) -> float:
    spread = _number(entry["uncertainty"], "uncertainty")
    if spread < 0.0:
        raise _CellError("an uncertainty cannot be negative")
    return spread


def _reference(entry: dict[str, str]) -> str:
    return entry["source"] + (f", doi:{bare_doi(entry['doi'])}" if entry["doi"] else "")


def _number(text: str, column: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    # Python reads 1_000; nobody writes it in a table.
    if not math.isfinite(number) or "_" in text:
        raise _CellError(f"{column} '{text[:40]}' is no finite number" if text else f"no {column}")
    return number


def _factor(unit: str, dimension: str) -> float:
    if not unit and dimension != "dimensionless":
        raise UnitError(f"no unit; expected one such as '{DIMENSIONS[dimension].unit}'")
    return unit_factor(unit, dimension) if unit else 1.0


def _problem(message: str, where: Location) -> Problem:
    return Problem(message, where.file, where.line)
