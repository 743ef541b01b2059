# SPDX-License-Identifier: BSD-3-Clause
"""Files that a deck names: found from where the naming file stands, or refused with a suggestion. Floor 1."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kmc.deck_values import Reading
from kmc.errors import did_you_mean
from kmc.quantity import Location
from kmc.table_kinds import EXPECTED, SUFFIXES, is_table_name
from kmc.yamltext import MarkedDict


def table_files(data: MarkedDict, reading: Reading) -> dict[str, Path]:
    """Files of the tables of a deck.

    Parameters
    ----------
    data : MarkedDict
        The deck as read.
    reading : Reading

    Returns
    -------
    files : dict of str to Path
        Absolute paths, by name.
    """
    given: Any = data.get("tables")
    if not isinstance(given, MarkedDict):
        return {}
    found = {}
    for name, file in given.items():
        where = given.value_marks[name]
        if not name or "#" in name:
            reading.report(
                f"'{name}' is no name for a table; '#' separates table and row", given.key_marks[name]
            )
        if isinstance(file, str) and file:
            found[str(name)] = _table_file(str(file), where, reading)
        else:
            found[str(name)] = reading.directory
    return found


def _table_file(file: str, where: Location, reading: Reading) -> Path:
    path = beside(file, where, reading)
    if not _exists(path):
        if path.suffix.lower() in SUFFIXES or not path.suffix:
            reading.report(f"no such file '{file}'{nearby(path)}", where, f"looked in {path.parent}")
        else:
            reading.report(f"'{file}' is no table; expected {EXPECTED}", where)
    elif not is_table_name(path):
        reading.report(f"'{file}' is no table; expected {EXPECTED}", where)
    return path


def beside(file: str, where: Location, reading: Reading) -> Path:
    """Absolute path of a file that is named at a place of a deck or of one of its bases."""
    directory = reading.directory_of.get(where.file or "", reading.directory)
    return Path(os.path.abspath(directory / file))


def is_file(path: Path) -> bool:
    """Whether there is such a file; no path is too odd to ask for."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _exists(path: Path) -> bool:
    """Whether there is such a file or directory; no path is too odd to ask for."""
    try:
        return path.is_file() or path.is_dir()
    except (OSError, ValueError):
        return False


def nearby(path: Path) -> str:
    """End of a message about a missing file: a file of the same folder that may be meant, or nothing."""
    try:
        names = [each.name for each in path.parent.iterdir()]
    except (OSError, ValueError):
        return ""
    guess = did_you_mean(path.name, sorted(names))
    return guess if guess.startswith(", did") else ""
