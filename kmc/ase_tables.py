# SPDX-License-Identifier: BSD-3-Clause
"""Barriers out of ASE databases: bands of images, initial, transition and final states, bare values. Floor 1.

Every row that belongs to a process carries the key `process`. Databases are only read: one that ASE would
initialise or upgrade is refused before ASE sees it.
"""

from __future__ import annotations

import json
import math
import sqlite3
from pathlib import Path
from typing import Any

from kmc.errors import DeckError, Problem
from kmc.quantity import Location, Quantity

STATES = ("IS", "TS", "FS")
"""Values of the key `state`: initial, transition and final state."""

_TOLERANCE = 1e-9  # eV, rounding of energies


class _RowError(ValueError):
    """The rows of a process do not give a barrier; the message says why."""


def read_ase_table(path: Path) -> dict[str, dict[str, Quantity | Problem]]:
    """All barriers of an ASE database.

    Parameters
    ----------
    path : Path
        `.db` (SQLite) or `.json`.

    Returns
    -------
    dict of str to dict of str to (Quantity or Problem)
        By process and quantity: `barrier`, and `reaction-energy` with `reaction-free-energy` where the final
        state is known [eV]. A Problem stands where the rows of a process are wrong.

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
        raise DeckError(Problem("has no row with the key 'process'", str(path)))
    return {process: _quantities(process, rows, path) for process, rows in processes.items()}


def _rows(path: Path) -> list[Any]:
    """Every row of the database."""
    _check_file(path)
    from ase.db import connect

    try:
        return list(connect(str(path), serial=True).select())
    # ASE parses what it finds and fails in as many ways as files can be damaged.
    except Exception as error:
        reason = str(error).partition("\n")[0][:100]
        message = f"cannot be read as an ASE database: {type(error).__name__}: {reason}"
        raise DeckError(Problem(message, str(path))) from None


def _check_file(path: Path) -> None:
    """Refuse what is no ASE database; ASE itself would make one of an empty file."""
    try:
        if path.suffix.lower() == ".json":
            data = json.loads(path.read_bytes())
            fault = (
                None if isinstance(data, dict) and "ids" in data else "has no 'ids', so it is no ASE database"
            )
        else:
            fault = _sqlite_fault(path)
    except OSError as error:
        fault = f"cannot be read: {error.strerror}"
    except (ValueError, RecursionError) as error:
        fault = f"is not JSON: {str(error)[:100]}"
    except sqlite3.Error as error:
        fault = f"is not an SQLite database: {error}"
    if fault:
        raise DeckError(Problem(fault, str(path)))


def _sqlite_fault(path: Path) -> str | None:
    if not path.read_bytes().startswith(b"SQLite format 3\0"):
        return "is not an SQLite database"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    finally:
        connection.close()
    return None if {"systems", "information"} <= names else "is an SQLite database, but not of ASE"


def _quantities(process: str, rows: list[Any], path: Path) -> dict[str, Quantity | Problem]:
    """Barrier and reaction energy of the rows of one process."""
    try:
        kinds = {kind for row in rows for kind in ("image", "state", "Ea") if kind in row.key_value_pairs}
        if len(kinds) != 1 or any(next(iter(kinds)) not in row.key_value_pairs for row in rows):
            found = " and ".join(sorted(kinds)) or "none of them"
            raise _RowError(
                f"its rows need one of the keys image, state or Ea, the same in all; they have {found}"
            )
        barrier, reaction, method = {"image": _band, "state": _states, "Ea": _bare}[kinds.pop()](rows)
        spread = _uncertainty(rows)
    except _RowError as error:
        problem = Problem(f"process '{process}': {error}", str(path))
        return dict.fromkeys(("barrier", "reaction-energy", "reaction-free-energy"), problem)
    where = Location(str(path))
    method = ", ".join([method, *_texts(rows, "functional")])
    references = [
        *_texts(rows, "source"),
        *(f"doi:{doi.removeprefix('doi:')}" for doi in _texts(rows, "doi")),
    ]
    source = ", ".join(references) or None
    found = {"barrier": Quantity(barrier, spread, source, method, where)}
    if reaction is not None:
        energy = Quantity(reaction, None, source, method, where)
        found |= {"reaction-energy": energy, "reaction-free-energy": energy}
    return found


def _texts(rows: list[Any], key: str) -> list[str]:
    """The different values of a key, in order."""
    return list(dict.fromkeys(str(row.get(key)) for row in rows if row.get(key)))


def _uncertainty(rows: list[Any]) -> float | None:
    values = {_finite(row, "uncertainty") for row in rows if "uncertainty" in row.key_value_pairs}
    if len(values) > 1 or any(value < 0.0 for value in values):
        raise _RowError(
            "its uncertainty is negative" if len(values) == 1 else "its rows differ in uncertainty"
        )
    return values.pop() if values else None


def _finite(row: Any, key: str) -> float:
    """Number under a key of one row."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _RowError(f"{key} of row {row.id} is {value!r}, no finite number")
    return float(value)


def _energy(row: Any, name: str) -> float:
    if row.get("energy") is None:
        raise _RowError(f"{name} (row {row.id}) has no energy")
    return _finite(row, "energy")


def _bare(rows: list[Any]) -> tuple[float, float | None, str]:
    """Barrier written as such."""
    if len(rows) > 1:
        raise _RowError(f"{len(rows)} rows with Ea; one is needed")
    row = rows[0]
    reaction = _finite(row, "dE") if "dE" in row.key_value_pairs else None
    return _finite(row, "Ea"), reaction, "ASE database, bare value"


def _states(rows: list[Any]) -> tuple[float, float | None, str]:
    """Barrier from the energies of initial, transition and final state."""
    energies: dict[str, float] = {}
    for row in rows:
        state = row.get("state")
        if state not in STATES:
            raise _RowError(f"state '{state}' of row {row.id}; expected {', '.join(STATES)}")
        if state in energies:
            raise _RowError(f"two rows with state {state}")
        energies[state] = _energy(row, state)
    missing = [state for state in STATES[:2] if state not in energies]
    if missing:
        raise _RowError(f"no row with state {missing[0]}")
    for state in ("IS", "FS"):
        below = energies.get(state, -math.inf) - energies["TS"]
        if below > _TOLERANCE:
            raise _RowError(f"the transition state lies {below:.4g} eV below {state}")
    reaction = energies["FS"] - energies["IS"] if "FS" in energies else None
    return energies["TS"] - energies["IS"], reaction, "ASE database, energies of initial and transition state"


def _band(rows: list[Any]) -> tuple[float, float | None, str]:
    """Barrier from the images of a nudged elastic band, fitted with the forces where they are known."""
    images = sorted(((_index(row), row) for row in rows), key=lambda pair: pair[0])
    indexes = [index for index, _ in images]
    for expected, index in enumerate(indexes, start=indexes[0]):
        if index != expected:
            raise _RowError(
                f"image {index} twice" if index < expected else f"incomplete band: no image {expected}"
            )
    if indexes[0] not in (0, 1):
        raise _RowError(f"incomplete band: it starts with image {indexes[0]}")
    if len(images) < 3:
        raise _RowError(f"incomplete band: {len(images)} images, at least 3 are needed")
    ordered = [row for _, row in images]
    energies = [_energy(row, f"image {index}") for index, row in images]
    if energies.index(max(energies)) in (0, len(energies) - 1):
        raise _RowError("no image lies above both ends, so there is no transition state")
    if len({tuple(row.numbers) for row in ordered}) > 1:
        raise _RowError("its images differ in their atoms")
    fitted = all(row.get("forces") is not None for row in ordered)
    barrier, reaction = _fit(ordered) if fitted else (max(energies) - energies[0], energies[-1] - energies[0])
    how = "cubic fit through energies and forces" if fitted else "highest image"
    return barrier, reaction, f"nudged elastic band of {len(images)} images, {how}"


def _index(row: Any) -> int:
    index = row.get("image")
    if isinstance(index, bool) or not float(_finite(row, "image")).is_integer():
        raise _RowError(f"image {index!r} of row {row.id} is no whole number")
    return int(index)


def _fit(rows: list[Any]) -> tuple[float, float]:
    """Barrier and reaction energy by ASE's own analysis."""
    from ase.mep import NEBTools

    try:
        barrier, reaction = NEBTools([row.toatoms() for row in rows]).get_barrier(fit=True)
    # Coinciding images, missing cells and the like end in numpy's or ASE's own errors.
    except Exception as error:
        raise _RowError(f"its images cannot be fitted: {type(error).__name__}: {error}") from None
    if not math.isfinite(barrier) or barrier < max(0.0, reaction) - _TOLERANCE:
        raise _RowError(
            f"the fit gives a barrier of {barrier:.4g} eV for a reaction energy of {reaction:.4g} eV"
        )
    return float(barrier), float(reaction)
