# SPDX-License-Identifier: BSD-3-Clause
"""Barriers out of ASE databases: bands of images, initial, transition and final states, bare values. Floor 1.

Every row that belongs to a process carries the key `process`. Databases are only read: one that ASE would
initialise or upgrade is refused before ASE sees it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kmc.elastic_band import analyse
from kmc.errors import DeckError, Problem
from kmc.quantity import Location
from kmc.sqlite_files import file_fault, table_names
from kmc.table_rows import (
    TOLERANCE,
    Origin,
    Row,
    RowError,
    Rows,
    energy_row,
    faulty_row,
    finite,
    references,
    uncertainty,
)
from kmc.vibrations import frequency_row

STATES = ("IS", "TS", "FS")
"""Values of the key `state`: initial, transition and final state."""

VIBRATIONS = "vib_energies"
"""Key in the data of a row: energies of the vibrational quanta [eV], as `ase.vibrations` gives them."""


def read_ase_table(path: Path) -> Rows:
    """All barriers of an ASE database.

    Parameters
    ----------
    path : Path
        SQLite or JSON.

    Returns
    -------
    Rows
        By process and quantity: `barrier`, `reaction-energy` with `reaction-free-energy` where the final state is
        known [eV], `initial-frequencies` and `saddle-frequencies` where the states have vibrations [1/s].

    Raises
    ------
    DeckError  if the file is no such database, or no row has the key `process`.
    """
    processes: dict[str, list[Any]] = {}
    for row in _rows(path):
        process = row.get("process")
        if process is not None:
            processes.setdefault(str(process), []).append(row)
    if not processes:
        raise DeckError(Problem("has no row with the key 'process', which names the row of the table", str(path)))
    return Rows({process: _row(process, rows, path) for process, rows in processes.items()})


def _rows(path: Path) -> list[Any]:
    """Every row of the database."""
    _check_file(path)
    from ase.db import connect

    try:
        # `serial`: without it ASE waits for the other ranks of an MPI run.
        return list(connect(str(path), type=_type(path), serial=True).select())
    # ASE parses what it finds and fails in as many ways as files can be damaged.
    except Exception as error:
        reason = str(error).partition("\n")[0][:100]
        message = f"cannot be read as an ASE database: {type(error).__name__}: {reason}"
        raise DeckError(Problem(message, str(path))) from None


def _type(path: Path) -> str:
    return "json" if path.suffix.lower() == ".json" else "db"


def _check_file(path: Path) -> None:
    """Refuse what is no ASE database; ASE itself would make one of an empty file."""
    if _type(path) == "db":
        fault = file_fault(path)
        if fault is None and not {"systems", "information"} <= table_names(path):
            fault = "is an SQLite database, but not of ASE"
    else:
        fault = _json_fault(path)
    if fault:
        raise DeckError(Problem(fault, str(path)))


def _json_fault(path: Path) -> str | None:
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except json.JSONDecodeError as error:
        return f"is not JSON: {error}"
    except (ValueError, RecursionError) as error:
        return f"is not JSON: {str(error)[:100]}"
    return None if isinstance(data, dict) and "ids" in data else "has no 'ids', so it is no ASE database"


def _row(process: str, rows: list[Any], path: Path) -> Row:
    """Values of the database rows of one process."""
    where = Location(str(path))
    try:
        kinds = {kind for row in rows for kind in ("image", "state", "Ea") if kind in row.key_value_pairs}
        if len(kinds) != 1 or any(next(iter(kinds)) not in row.key_value_pairs for row in rows):
            found = " and ".join(sorted(kinds)) or "none of them"
            raise RowError(f"its rows need one of the keys image, state or Ea, the same in all; they have {found}")
        return {"image": _band, "state": _states, "Ea": _bare}[kinds.pop()](rows, _origin(rows), where)
    except RowError as error:
        return faulty_row(f"process '{process}': {error}", where)


def _origin(rows: list[Any]) -> Origin:
    spreads = {_number(row, "uncertainty") for row in rows if "uncertainty" in row.key_value_pairs}
    method = ", ".join([*_texts(rows, "method"), *_texts(rows, "dft_code"), *_texts(rows, "functional")])
    return Origin(references(_texts(rows, "source"), _texts(rows, "doi")), method or None, uncertainty(spreads))


def _texts(rows: list[Any], key: str) -> list[str]:
    """The different values of a key, in order."""
    return list(dict.fromkeys(str(row.get(key)) for row in rows if row.get(key)))


def _number(row: Any, key: str) -> float:
    """Number under a key of one row."""
    return finite(row.get(key), f"{key} of row {row.id}")


def _energy(row: Any, name: str) -> float:
    if row.get("energy") is None:
        raise RowError(f"{name} (row {row.id}) has no energy; write it with the results of its calculator")
    return _number(row, "energy")


def _bare(rows: list[Any], origin: Origin, where: Location) -> Row:
    """Barrier written as such."""
    if len(rows) > 1:
        raise RowError(f"{len(rows)} rows with Ea; one is needed")
    row = rows[0]
    reaction = _number(row, "dE") if "dE" in row.key_value_pairs else None
    return energy_row(_number(row, "Ea"), reaction, "ASE database, bare value", origin, where)


def _states(rows: list[Any], origin: Origin, where: Location) -> Row:
    """Barrier from the energies of initial, transition and final state; prefactor from their vibrations."""
    states: dict[str, Any] = {}
    for row in rows:
        state = row.get("state")
        if state not in STATES:
            raise RowError(f"state '{state}' of row {row.id}; expected {', '.join(STATES)}")
        if state in states:
            raise RowError(f"two rows with state {state}")
        states[state] = row
    missing = [state for state in STATES[:2] if state not in states]
    if missing:
        raise RowError(f"no row with state {missing[0]}")
    energies = {state: _energy(row, state) for state, row in states.items()}
    vibrations = {state: _vibrations(row) for state, row in states.items()}
    method = "ASE database, energies of initial and transition state"
    zero_points = _zero_points(states, vibrations)
    if zero_points:
        energies = {state: energy + zero_points[state] for state, energy in energies.items()}
        method += " with zero-point energies"
    for state in ("IS", "FS"):
        below = energies.get(state, energies["TS"]) - energies["TS"]
        if below > TOLERANCE:
            raise RowError(f"the transition state lies {below:.4g} eV below {state}")
    reaction = energies["FS"] - energies["IS"] if "FS" in energies else None
    row = energy_row(energies["TS"] - energies["IS"], reaction, method, origin, where)
    return row | frequency_row(vibrations["IS"], vibrations["TS"], origin, where)


def _vibrations(row: Any) -> Any | None:
    """Energies of the vibrational quanta of a state [eV]; None if they are not stored."""
    data = row.data if isinstance(row.data, dict) else {}
    return data.get(VIBRATIONS)


def _zero_points(states: dict[str, Any], vibrations: dict[str, Any]) -> dict[str, float]:
    """Zero-point energies of the states [eV]; empty if none has one."""
    found = {state: _number(row, "zpe") for state, row in states.items() if "zpe" in row.key_value_pairs}
    if not found:
        return {}
    missing = [state for state in states if state not in found]
    if missing:
        raise RowError(f"{next(iter(found))} has a zero-point energy (zpe), but {missing[0]} has none")
    if any(each is not None for each in vibrations.values()):
        raise RowError(
            f"both zpe and {VIBRATIONS}: the harmonic law is classical, so it takes frequencies and energies without "
            "zero-point energies; store one of the two"
        )
    return found


def _band(rows: list[Any], origin: Origin, where: Location) -> Row:
    """Barrier from the images of a nudged elastic band, fitted with the forces where they are known."""
    images = sorted(((_index(row), row) for row in rows), key=lambda pair: pair[0])
    indexes = [index for index, _ in images]
    for expected, index in enumerate(indexes, start=indexes[0]):
        if index != expected:
            raise RowError(f"image {index} twice" if index < expected else f"incomplete band: no image {expected}")
    if indexes[0] not in (0, 1):
        raise RowError(f"incomplete band: it starts with image {indexes[0]}")
    names = [f"image {index} (row {row.id})" for index, row in images]
    band = analyse([row.toatoms() for _, row in images], names)
    return energy_row(band.barrier, band.reaction, band.method, origin, where)


def _index(row: Any) -> int:
    index = row.get("image")
    if isinstance(index, bool) or not _number(row, "image").is_integer():
        raise RowError(f"image {index!r} of row {row.id} is no whole number")
    return int(index)
