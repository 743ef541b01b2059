# SPDX-License-Identifier: BSD-3-Clause
"""Reaction and activation energies out of databases of CatHub, the client of catalysis-hub.org. Floor 1.

A row is a reaction with its number; its source is the publication that the database names for it. Only what a
deck refers to is checked in full: such databases hold hundreds of reactions, most of them without a barrier.

References
----------
Winther, Hoffmann, Boes, Mamun, Bajdich, Bligaard, Sci. Data 6, 75 (2019), doi:10.1038/s41597-019-0081-y.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kmc.errors import DeckError, Problem
from kmc.quantity import Location
from kmc.sqlite_files import check_columns, database
from kmc.table_rows import Origin, Row, RowError, Rows, energy_row, faulty_row, finite, references

if TYPE_CHECKING:
    import sqlite3

_WHOSE = "CatHub"
_REACTION = (
    *("id", "surface_composition", "facet", "reactants", "products", "reaction_energy", "activation_energy"),
    *("dft_code", "dft_functional", "pub_id"),
)
_PUBLICATION = ("pub_id", "title", "authors", "journal", "volume", "pages", "year", "doi")
_NAMED_AUTHORS = 3


def read_cathub_table(path: Path) -> Rows:
    """All reactions of a CatHub database.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Rows
        By number of the reaction: `barrier` where there is an activation energy, `reaction-energy` and
        `reaction-free-energy` [eV].

    Raises
    ------
    DeckError  if the file is no such database, holds no reaction, or numbers two of them alike.
    """
    with database(path) as connection:
        check_columns(connection, path, "reaction", _REACTION, _WHOSE)
        check_columns(connection, path, "publication", _PUBLICATION, _WHOSE)
        reactions = connection.execute("SELECT * FROM reaction").fetchall()
        publications = connection.execute("SELECT * FROM publication").fetchall()
    if not reactions:
        raise DeckError(Problem("holds no reaction; its table 'reaction' is empty", str(path)))
    sources = {str(each["pub_id"]): each for each in publications if each["pub_id"] is not None}
    found = {}
    problems = []
    for number, reaction in enumerate(reactions, start=1):
        key = reaction["id"]
        if not isinstance(key, int):
            problems.append(f"row {number} of table 'reaction' has no id, by which a deck could name it")
        elif str(key) in found:
            problems.append(f"two reactions have the id {key}; an id stands for one")
        else:
            found[str(key)] = partial(_row, reaction, sources, path)
    return Rows(found, [Problem(message, str(path)) for message in problems], shown=False)


def _row(reaction: sqlite3.Row, sources: dict[str, sqlite3.Row], path: Path) -> Row:
    where = Location(str(path))
    try:
        barrier, energy = (_energy(reaction, name) for name in ("activation_energy", "reaction_energy"))
        if barrier is None and energy is None:
            raise RowError("it has neither an activation energy nor a reaction energy")
        surface = " ".join(_texts(reaction, "surface_composition", "facet"))
        method = f"{_equation(reaction)} on {surface or 'an unnamed surface'}"
        code = ", ".join(_texts(reaction, "dft_code", "dft_functional"))
        return energy_row(barrier, energy, method, Origin(_source(reaction, sources), code or None), where)
    except RowError as error:
        return faulty_row(f"reaction {reaction['id']}: {error}", where)


def _energy(reaction: sqlite3.Row, column: str) -> float | None:
    value = reaction[column]
    return None if value is None else finite(value, column)


def _texts(row: sqlite3.Row, *columns: str) -> list[str]:
    """Texts of some columns, without those that are empty."""
    return [str(row[column]) for column in columns if row[column] not in (None, "", "None", "null")]


def _equation(reaction: sqlite3.Row) -> str:
    """The reaction as a line; `star` is a free site."""
    return " -> ".join(_side(reaction, name) for name in ("reactants", "products"))


def _side(reaction: sqlite3.Row, column: str) -> str:
    try:
        species = json.loads(reaction[column])
        terms = [(str(name), float(count)) for name, count in species.items()]
    except (TypeError, ValueError, AttributeError):
        raise RowError(
            f'{column} is {str(reaction[column])[:40]!r}; expected JSON such as {{"COgas": 1, "star": 1}}'
        ) from None
    shown = [name if count == 1.0 else f"{count:g} {name}" for name, count in terms if count]
    if not shown:
        raise RowError(f"it has no {column}")
    return " + ".join(shown)


def _source(reaction: sqlite3.Row, sources: dict[str, sqlite3.Row]) -> str:
    key = reaction["pub_id"]
    if key is None:
        raise RowError("it names no publication (pub_id), so its values have no source")
    if str(key) not in sources:
        raise RowError(f"its publication '{key}' is missing in the table 'publication', so its values have no source")
    publication = sources[str(key)]
    place = [_authors(publication), " ".join(_texts(publication, "journal", "volume")), *_texts(publication, "pages")]
    text = ", ".join(part for part in place if part) or " ".join(_texts(publication, "title")) or str(key)
    year = _texts(publication, "year")
    return references([text + (f" ({year[0]})" if year else "")], _texts(publication, "doi")) or str(key)


def _authors(publication: sqlite3.Row) -> str:
    """Family names, the first one only if there are many."""
    try:
        names = json.loads(publication["authors"])
        families = [str(name).partition(",")[0].strip() for name in names]
    except (TypeError, ValueError):
        families = _texts(publication, "authors")
    return f"{families[0]} et al." if len(families) > _NAMED_AUTHORS else ", ".join(families)
