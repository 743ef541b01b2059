# SPDX-License-Identifier: BSD-3-Clause
"""Values out of barrier tables of every kind, by the references of a deck. Floor 2.

A deck writes `table#row`; the key it stands under says which quantity of the row is meant. Nothing is
guessed: a row without source, a unit of the wrong dimension, a barrier below the reaction energy or a second value
for one quantity is an error with its place. `docs/tables.md` tells what the seven kinds of table must hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from kmc.ase_tables import read_ase_table
from kmc.errors import DeckError, Problem, did_you_mean
from kmc.quantity import Location, Quantity, TableReference
from kmc.table_bands import read_band_table
from kmc.table_cathub import read_cathub_table
from kmc.table_csv import HEADER, QUANTITIES, read_csv_table
from kmc.table_kinds import kind_of
from kmc.table_network import read_network_table
from kmc.table_rows import Row, Rows
from kmc.table_vasp import read_vasp_table

__all__ = ["HEADER", "QUANTITIES", "READERS", "Tables", "read_csv_table"]

READERS: dict[str, Callable[[Path], Rows]] = {
    "csv": read_csv_table,
    "ase": read_ase_table,
    "bands": read_band_table,
    "vasp": read_vasp_table,
    "cathub": read_cathub_table,
    "network": read_network_table,
}
"""The reader of each kind of table that `kmc.table_kinds` knows."""


class Tables:
    """The tables of a deck.

    Parameters
    ----------
    paths : mapping of str to Path
        File or directory of each table.

    Attributes
    ----------
    problems : list of Problem
        Everything wrong in the tables read so far. CSV tables are read and checked whole at once, the others
        when a value is first asked for; of foreign databases and of directories only the rows that are asked for.
    """

    def __init__(self, paths: Mapping[str, str | Path]):
        self.problems: list[Problem] = []
        self._paths = {name: Path(path) for name, path in paths.items()}
        self._kinds: dict[str, str] = {}
        self._tables: dict[str, dict[str, Row | Callable[[], Row]]] = {}
        self._faults: dict[str, list[Problem]] = {}
        for name, path in self._paths.items():
            self._recognise(name, path)

    def value(self, reference: TableReference) -> Quantity:
        """The value that a deck refers to.

        Parameters
        ----------
        reference : TableReference

        Returns
        -------
        Quantity
            In internal units, with uncertainty, source and method; `where` is the file, and the line if it has any.

        Raises
        ------
        DeckError  if there is no such value, or it is wrong.
        """
        name = reference.table
        if name not in self._paths:
            self._refuse(f"no table '{name}'{did_you_mean(name, self._paths)}", reference.where)
        if name not in self._tables and name not in self._faults:
            self._read(name)
        if name in self._faults:
            raise DeckError(self._faults[name])
        path, rows = self._paths[name], self._tables[name]
        if reference.row not in rows:
            self._refuse(
                f"{path.name} has no row '{reference.row}'{did_you_mean(reference.row, rows)}", reference.where
            )
        row = self._row(rows, reference.row)
        found = row.get(reference.quantity)
        if found is None and row and all(isinstance(each, Problem) for each in row.values()):
            raise DeckError(each for each in row.values() if isinstance(each, Problem))
        if found is None:
            held = ", ".join(row)
            message = f"row '{reference.row}' of {path.name} has no {reference.quantity}; it has {held}"
            self._refuse(message, reference.where)
        if isinstance(found, Problem):
            raise DeckError(found)
        return found

    def _recognise(self, name: str, path: Path) -> None:
        """Find out the kind of a table, and read it if that is quick."""
        try:
            self._kinds[name] = kind_of(path)
        except DeckError as error:
            self._fail(name, error)
        else:
            if self._kinds[name] == "csv":
                self._read(name)

    def _read(self, name: str) -> None:
        """Read a table; a fault of the whole file is kept for everyone who asks."""
        try:
            rows = READERS[self._kinds[name]](self._paths[name])
        except DeckError as error:
            self._fail(name, error)
            return
        self._tables[name] = rows.found
        wrong = list(rows.problems)
        if rows.shown:
            known = [row for row in rows.found.values() if not callable(row)]
            wrong += [value for row in known for value in row.values() if isinstance(value, Problem)]
        self.problems += dict.fromkeys(wrong)

    def _fail(self, name: str, error: DeckError) -> None:
        self._faults[name] = error.problems
        self.problems += error.problems

    def _row(self, rows: dict[str, Row | Callable[[], Row]], name: str) -> Row:
        row = rows[name]
        if callable(row):
            row = rows[name] = row()
        return row

    def _refuse(self, message: str, where: Location | None) -> None:
        where = where or Location()
        raise DeckError(Problem(message, where.file, where.line, where.column))
