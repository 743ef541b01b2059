# SPDX-License-Identifier: BSD-3-Clause
"""One film of a sweep: grown, and what the sweep keeps of it in a file of its own. Floor 71.

A record is written in one step when the film has come to its end, so that a sweep that was cut off finds whole films
only.
"""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import time as wall
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from kmc import schema
from kmc.errors import KmcError, OutputError, cannot_write, make_directory
from kmc.interrupts import held
from kmc.model import Model
from kmc.simulation import Simulation
from kmc.sweep_plan import DeckChangedError, Plan, members_directory

FINISHED, STOPPED, DEAD = "finished", "stopped", "dead"
"""str: states of a film: at the end of its deck, ended early as its deck asks, without result."""

_COORDINATES = ("z", "y", "x", "species", "gas_species", "solution_species", "process")
# Exact clocks are of no use in an average, and maps and profiles of composition fill disks.
_LEFT_OUT = {"time", "time_seconds", "time_fraction", "volume_fraction"}


@dataclass(frozen=True)
class Record:
    """What a sweep keeps of one film.

    Attributes
    ----------
    status : str
        finished, stopped or dead.
    reason : str
        Why it stopped or died.
    wall_time : float, [s]
    arrays : dict of str to ndarray
        `time`, fields along time, and the coordinates that they need; empty if the film is dead.
    """

    status: str
    reason: str
    wall_time: float
    arrays: dict[str, np.ndarray]


def collected_fields() -> list[str]:
    """Names of the datasets along time that a sweep collects unless its deck says otherwise."""
    return [
        variable.name
        for variable in schema.SERIES
        if variable.in_digest and variable.name not in _LEFT_OUT and not {"y", "x"} & set(variable.dims)
    ]


def record_path(directory: Path, index: int) -> Path:
    """File of the record of a film, in the directory of the sweep."""
    return members_directory(directory) / f"{index:06d}.npz"


def film_directory(directory: Path, index: int) -> Path:
    """Where results.h5 of a film is, in the directory of the sweep."""
    return members_directory(directory) / f"{index:06d}"


def grow(plan: Plan, index: int, directory: Path, max_wall_time: float = math.inf) -> str | None:
    """Grow a film and write its record.

    Parameters
    ----------
    plan : Plan
    index : int
    directory : Path
        Of the sweep.
    max_wall_time : float, [s]
        After which the film is given up without a record.

    Returns
    -------
    status : str or None
        None if the film was given up.

    Raises
    ------
    OutputError, OSError
        If the machine does not take what is to be written, which is not the film's fault.
    DeckChangedError
        If the deck was edited meanwhile.
    """
    started = wall.monotonic()
    path = film_directory(directory, index) / "results.h5"
    try:
        deck = plan.film_deck(plan.members[index])
        simulation = Simulation(Model.of(deck), path, overwrite=True)
        own = deck.run.max_wall_time if deck.run.max_wall_time is not None else math.inf
        remaining = max_wall_time - (wall.monotonic() - started)
        reason = simulation.run(min(own, remaining))
        if reason is not None and remaining < own and wall.monotonic() - started >= max_wall_time:
            shutil.rmtree(path.parent)
            return None
        arrays = _collected(path, plan.deck.sweep.fields or collected_fields())
        status = FINISHED if reason is None else STOPPED
    except (OutputError, OSError, DeckChangedError):
        raise
    except Exception as error:  # whatever a film does, the others go on
        status, reason, arrays = DEAD, _reason(error), {}
    record = Record(status, reason or "", wall.monotonic() - started, arrays)
    write_record(record_path(directory, index), record)
    if not plan.deck.sweep.keep_films or status == DEAD:
        shutil.rmtree(path.parent, ignore_errors=True)
    return status


def _reason(error: Exception) -> str:
    """Why a film died, in one line."""
    lines = str(error).strip().split("\n")
    kind = "" if hasattr(error, "exit_code") else f"{type(error).__name__}: "
    more = f" (and {len(lines) - 1} more lines)" if len(lines) > 1 else ""
    return f"{kind}{lines[0] or 'no message'}{more}"


def _collected(path: Path, names: list[str]) -> dict[str, np.ndarray]:
    """Fields of a results file that are there, and their coordinates."""
    with h5py.File(path, "r") as file:
        found = {name: file[name][...] for name in ("time", *names) if name in file}
        needed = {dim for name in found for dim in schema.by_name()[name].dims}
        for name in _COORDINATES:
            if name in needed:
                data = file[name]
                found[name] = np.array(data.asstr()[...].tolist(), dtype=str) if data.dtype.kind == "O" else data[...]
    return found


def write_record(path: Path, record: Record) -> None:
    """Write a record in one step.

    Raises
    ------
    KmcError
        If that is not possible.
    """
    about = {"status": record.status, "reason": record.reason, "wall_time": record.wall_time}
    content = io.BytesIO()
    np.savez_compressed(content, about=np.array(json.dumps(about)), **record.arrays)
    part = path.with_name(f".{path.name}.part")
    try:
        with held():
            make_directory(path.parent)
            part.write_bytes(content.getvalue())
            os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise cannot_write(path, error, chosen=False) from error


def read_record(path: Path) -> Record:
    """Read a record.

    Raises
    ------
    KmcError
        If the file holds none.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files if name != "about"}
            about = json.loads(str(content["about"]))
    except (OSError, ValueError, KeyError) as error:
        raise KmcError(f"{path} is no record of a film; without it, --resume grows the film anew") from error
    return Record(about["status"], about["reason"], float(about["wall_time"]), arrays)
