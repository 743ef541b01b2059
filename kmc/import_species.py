# SPDX-License-Identifier: BSD-3-Clause
"""Names, formulas and charges of the species of a foreign network, from a CSV or JSON file. Floor 7.

A network of HiPRGen or RNMC numbers its species and says nothing else about them. What they are stands in a CSV file
with the columns `index`, `name`, `formula`, `charge`, or in the JSON files of its authors: a list of molecules
(`mol_entries.json`), or a mapping of names to their data.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kmc.errors import DeckError, Problem
from kmc.formulas import FormulaError, parse_formula

COLUMNS = ("index", "name", "formula", "charge")
"""Columns of a CSV file of species; others are not read."""

_MAX_BYTES = 200_000_000
_MAX_PROBLEMS = 20


@dataclass(frozen=True)
class NamedSpecies:
    """What a species of a foreign network is.

    Parameters
    ----------
    index : int
        Its number there.
    name : str
        Its name there.
    formula : str
        As a deck writes it.
    charge : int
        [e]
    """

    index: int
    name: str
    formula: str
    charge: int
    atoms: dict[str, int] = field(default_factory=dict, compare=False)


class _EntryError(ValueError):
    """An entry is wrong; the message says what."""


def read_species(path: Path) -> dict[int, NamedSpecies]:
    """Species by their numbers.

    Parameters
    ----------
    path : Path
        `.csv` or `.json`.

    Returns
    -------
    dict of int to NamedSpecies

    Raises
    ------
    DeckError  with everything that is wrong: no such file, columns missing, a formula or charge that is none, a number
        or name given twice.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        entries = _csv_entries(path)
    elif path.suffix.lower() == ".json":
        entries = _json_entries(path)
    else:
        message = "is no list of species; expected a .csv file with the columns " + ", ".join(COLUMNS)
        raise DeckError(Problem(f"{message}, or a .json file of molecules", str(path)))
    found: dict[int, NamedSpecies] = {}
    names: dict[str, int] = {}
    problems = []
    for line, place, entry in entries:
        try:
            species = _species(entry)
            if species.index in found:
                raise _EntryError(f"index {species.index} stands there twice")
            if species.name in names:
                raise _EntryError(f"the name '{species.name}' is that of index {names[species.name]} already")
            found[species.index] = species
            names[species.name] = species.index
        except _EntryError as error:
            problems.append(Problem(f"{place}{error}", str(path), line))
    if not found and not problems:
        problems.append(Problem("holds no species", str(path)))
    if problems:
        raise DeckError(problems[:_MAX_PROBLEMS])
    return found


def read_text(path: Path) -> str:
    """A text file of a user.

    Raises
    ------
    DeckError  if it cannot be read, is too large, or is no UTF-8.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DeckError(Problem(f"is larger than {_MAX_BYTES // 10**6} MB", str(path)))
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DeckError(Problem(f"cannot be read: {error.strerror}", str(path))) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        hint = "save it as UTF-8; spreadsheets call that 'CSV UTF-8'"
        raise DeckError(Problem("is not UTF-8 text", str(path), line, hint=hint)) from None


def separator_of(text: str, score: Callable[[Sequence[str]], int]) -> str:
    """What separates the columns of a CSV file: a comma, a semicolon, a tab or a bar.

    Parameters
    ----------
    text : str
        Of the file.
    score : callable
        How many of the cells of a header are understood.

    Returns
    -------
    separator : str
        With which most of them are; a comma if it is no worse than the others.
    """
    lines = (line for line in text.splitlines() if line.strip(" \t,;") and line.lstrip()[:1] != "#")
    header = next((line for line in lines if not line.lstrip().startswith("sep=")), "")
    scores = {}
    for mark in ",;\t|":
        cells = next(csv.reader([header], delimiter=mark, skipinitialspace=True), [])
        scores[mark] = score([cell.strip() for cell in cells])
    return max(scores, key=scores.__getitem__)


def species_columns(header: Sequence[str]) -> int:
    """How many of the columns of a list of species a header names."""
    return len(set(COLUMNS) & {each.strip().lower() for each in header})


def _species(entry: dict[str, Any]) -> NamedSpecies:
    """One species, checked."""
    index, name = entry["index"], entry["name"]
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise _EntryError(f"index {index!r} is no whole number from 0")
    if not isinstance(name, str) or not name.strip():
        raise _EntryError(f"index {index} has no name")
    formula = _formula(entry.get("formula"), name)
    charge = entry.get("charge")
    if isinstance(charge, float) and charge.is_integer():
        charge = int(charge)
    if not isinstance(charge, int) or isinstance(charge, bool) or abs(charge) > 99:
        raise _EntryError(f"'{name}' has the charge {charge!r}; expected a whole number")
    try:
        return NamedSpecies(index, name.strip(), formula, charge, parse_formula(formula))
    except FormulaError as error:
        raise _EntryError(f"'{name}': {error}") from None


def _formula(given: Any, name: str) -> str:
    """A formula without blanks and without ones: `C3 H4 Li1 O3` is `C3H4LiO3`."""
    if not isinstance(given, str) or not given.strip():
        raise _EntryError(f"'{name}' has no formula")
    return re.sub(r"(?<=[A-Za-z])1(?![0-9])", "", "".join(given.split()))


def _csv_entries(path: Path) -> list[tuple[int | None, str, dict[str, Any]]]:
    text = read_text(path)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator_of(text, species_columns))
    header = [(name or "").strip().lower() for name in reader.fieldnames or []]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        message = f"has no column '{missing[0]}'; a list of species has {', '.join(COLUMNS)}"
        raise DeckError(Problem(message, str(path), 1))
    reader.fieldnames = header
    entries = []
    for row in reader:
        entry: dict[str, Any] = {name: (row[name] or "").strip() for name in COLUMNS}
        for name in ("index", "charge"):
            if re.fullmatch(r"[+-]?[0-9]{1,9}", entry[name]):
                entry[name] = int(entry[name])
        entries.append((reader.line_num, "", entry))
    return entries


def _json_entries(path: Path) -> list[tuple[int | None, str, dict[str, Any]]]:
    try:
        data = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise DeckError(Problem("is no JSON: " + getattr(error, "msg", "too deeply nested"), str(path), line)) from None
    if isinstance(data, dict):
        data = [each | {"name": name} if isinstance(each, dict) else each for name, each in data.items()]
        first = 1  # number 0 is the empty site where names are the keys, in the networks with a lattice
    else:
        first = 0
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        message = "is no list of molecules; expected a list, or a mapping of names, of mappings with formula and charge"
        raise DeckError(Problem(message, str(path)))
    return [(None, f"entry {number}: ", _molecule(each, number + first)) for number, each in enumerate(data)]


def _molecule(data: dict[str, Any], number: int) -> dict[str, Any]:
    """The four values of one molecule, wherever its authors put them."""
    inner = data.get("molecule") if isinstance(data.get("molecule"), dict) else {}
    formula = data.get("formula") or data.get("composition")
    if not isinstance(formula, str) and isinstance(inner.get("sites"), list):
        names = [each.get("name") for each in inner["sites"] if isinstance(each, dict)]
        counts = Counter(name for name in names if isinstance(name, str))
        formula = "".join(f"{element}{number}" for element, number in sorted(counts.items()))
    index = data.get("index", data.get("ind", number))
    return {
        "index": index,
        "name": data.get("name") or data.get("entry_id") or f"S{index}",
        "formula": formula,
        "charge": data.get("charge", inner.get("charge")),
    }
