# SPDX-License-Identifier: BSD-3-Clause
"""Values out of tables: CSV files, and ASE databases through `ase_tables`. Floor 2.

A deck writes `table#row`; the key it stands under says which quantity of the row is meant. Nothing is
guessed: a row without source, a unit of the wrong dimension or a second value for one quantity is an error
with its file and line.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path

from kmc.ase_tables import read_ase_table
from kmc.errors import DeckError, Problem, did_you_mean
from kmc.quantity import Location, Quantity, TableReference
from kmc.rates import RATE_LAWS
from kmc.units import DIMENSIONS, UnitError, unit_factor

HEADER = ("id", "quantity", "value", "uncertainty", "unit", "method", "source", "doi", "note")
"""First line of every CSV table."""

QUANTITIES: dict[str, str] = {
    name: parameter.dimension for law in RATE_LAWS.values() for name, parameter in law.parameters.items()
} | {"energy": "energy", "reaction-energy": "energy"}
"""Quantities that a table may hold, with their dimensions: parameters of rate laws, neighbour energies."""

_ASE_SUFFIXES = (".db", ".json")
_MAX_BYTES = 50_000_000

Row = dict[str, "Quantity | Problem"]


class Tables:
    """The tables of a deck.

    Parameters
    ----------
    paths : mapping of str to Path
        File of each table: `.csv`, or `.db` and `.json` for ASE databases.

    Attributes
    ----------
    problems : list of Problem
        Everything wrong in the tables read so far. CSV tables are read and checked whole at once, ASE
        databases when a value is first asked for.
    """

    def __init__(self, paths: Mapping[str, str | Path]):
        self.problems: list[Problem] = []
        self._paths = {name: Path(path) for name, path in paths.items()}
        self._tables: dict[str, dict[str, Row] | None] = {}
        for name, path in self._paths.items():
            if path.suffix.lower() not in _ASE_SUFFIXES:
                self._tables[name] = self._read(path)

    def value(self, reference: TableReference) -> Quantity:
        """The value that a deck refers to.

        Parameters
        ----------
        reference : TableReference

        Returns
        -------
        Quantity
            In internal units, with uncertainty, source and method; `where` is the line of the table.

        Raises
        ------
        DeckError  if there is no such value, or it is wrong.
        """
        if reference.table not in self._paths:
            self._refuse(
                f"no table '{reference.table}'{did_you_mean(reference.table, self._paths)}", reference.where
            )
        path = self._paths[reference.table]
        if reference.table not in self._tables:
            self._tables[reference.table] = self._read(path)
        rows = self._tables[reference.table]
        if rows is None:
            raise DeckError([problem for problem in self.problems if problem.file == str(path)])
        if reference.row not in rows:
            message = f"{path.name} has no row '{reference.row}'{did_you_mean(reference.row, rows)}"
            self._refuse(message, reference.where)
        found = rows[reference.row].get(reference.quantity)
        if found is None:
            held = ", ".join(rows[reference.row])
            message = f"row '{reference.row}' of {path.name} has no {reference.quantity}; it has {held}"
            self._refuse(message, reference.where)
        if isinstance(found, Problem):
            raise DeckError(found)
        return found

    def _refuse(self, message: str, where: Location | None) -> None:
        where = where or Location()
        raise DeckError(Problem(message, where.file, where.line, where.column))

    def _read(self, path: Path) -> dict[str, Row] | None:
        """Rows of one file; None, with problems, if it cannot be read at all."""
        try:
            if path.suffix.lower() in _ASE_SUFFIXES:
                rows, others = read_ase_table(path), []
            else:
                rows, others = read_csv_table(path)
        except DeckError as error:
            self.problems += error.problems
            return None
        wrong = [value for row in rows.values() for value in row.values() if isinstance(value, Problem)]
        self.problems += dict.fromkeys([*others, *wrong])
        return rows


def read_csv_table(path: Path) -> tuple[dict[str, Row], list[Problem]]:
    """All values of a CSV table.

    Parameters
    ----------
    path : Path
        UTF-8, with `HEADER` as first line.

    Returns
    -------
    rows : dict of str to dict of str to (Quantity or Problem)
        By row id and quantity; a Problem stands where the line is wrong.
    problems : list of Problem
        Lines that are no value at all, and second values of one quantity.

    Raises
    ------
    DeckError  if the file is no such table.
    """
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    rows: dict[str, Row] = {}
    problems: list[Problem] = []
    line = 1
    try:
        _check_header(next(reader, []), path)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                problems += _add(rows, cells, Location(str(path), line))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DeckError(Problem(f"is no CSV: {error}", str(path), line)) from None
    if not rows and not problems:
        raise DeckError(Problem("holds no values", str(path)))
    return rows, problems


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


def _check_header(cells: list[str], path: Path) -> None:
    found = tuple(cell.strip() for cell in cells)
    if found == HEADER:
        return
    if len(found) == 1 and any(mark in found[0] for mark in ";\t"):
        raise DeckError(Problem("separates its columns by something else than commas", str(path), 1))
    missing = [name for name in HEADER if name not in found]
    extra = [name for name in found if name not in HEADER]
    if missing:
        what = f"has no column '{missing[0]}'"
    elif extra:
        what = f"has a column '{extra[0]}'" if extra[0] else "has a column without a name"
    else:
        what = "has its columns in another order"
    raise DeckError(Problem(f"{what}; the first line is {','.join(HEADER)}", str(path), 1))


def _add(rows: dict[str, Row], cells: list[str], where: Location) -> list[Problem]:
    """Read one line into the table; returns what cannot stand there."""
    cells = [cell.strip() for cell in cells]
    if len(cells) != len(HEADER):
        message = f"{len(cells)} columns; expected {len(HEADER)} (a text with a comma stands in quotes)"
        return [_problem(message, where)]
    entry = dict(zip(HEADER, cells, strict=True))
    name = entry["quantity"]
    if not entry["id"] or "#" in entry["id"]:
        return [_problem(f"id '{entry['id']}' holds a '#'" if entry["id"] else "no id", where)]
    if name not in QUANTITIES:
        return [_problem(f"unknown quantity '{name}'{did_you_mean(name, QUANTITIES)}", where)]
    row = rows.setdefault(entry["id"], {})
    if name in row:
        first = row[name].where.line if isinstance(row[name], Quantity) else row[name].line
        return [_problem(f"a second {name} of '{entry['id']}', first in line {first}", where)]
    row[name] = _value(entry, where)
    return []


def _value(entry: dict[str, str], where: Location) -> Quantity | Problem:
    """Value of one line."""
    name = entry["quantity"]
    if not entry["source"]:
        return _problem(f"{name} of '{entry['id']}' has no source", where)
    try:
        factor = _factor(entry["unit"], QUANTITIES[name])
        value = _number(entry["value"], "value")
        spread = _number(entry["uncertainty"], "uncertainty") if entry["uncertainty"] else None
    except (UnitError, _NumberError) as error:
        return _problem(f"{name} of '{entry['id']}': {error}", where)
    if spread is not None and spread < 0.0:
        return _problem(f"{name} of '{entry['id']}': an uncertainty cannot be negative", where)
    source = entry["source"] + (f", doi:{entry['doi'].removeprefix('doi:')}" if entry["doi"] else "")
    return Quantity(
        value * factor, None if spread is None else spread * factor, source, entry["method"] or None, where
    )


class _NumberError(ValueError):
    """A cell is no number."""


def _number(text: str, column: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    # Python reads 1_000; nobody writes it in a table.
    if not math.isfinite(number) or "_" in text:
        raise _NumberError(f"{column} '{text[:40]}' is no finite number" if text else f"no {column}")
    return number


def _factor(unit: str, dimension: str) -> float:
    if not unit and dimension != "dimensionless":
        raise UnitError(f"no unit; expected one such as '{DIMENSIONS[dimension].unit}'")
    return unit_factor(unit, dimension) if unit else 1.0


def _problem(message: str, where: Location) -> Problem:
    return Problem(message, where.file, where.line)
