# SPDX-License-Identifier: BSD-3-Clause
"""Checkpoints: files from which a run goes on, or that say of themselves that they are damaged (floor 6).

In: a header of plain values and named arrays. Out: an HDF5 file behind a block of 512 bytes, which holds the SHA-256 of
all that follows. A checkpoint is written beside the last one, read back and compared, and only then takes its place;
the last one becomes the one before. So a kill, a full disk or a bad block costs one checkpoint at most.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from kmc.errors import KmcError, OutputError, cannot_write
from kmc.interrupts import held
from kmc.whole_files import part_of, removed_on_failure, replace_whole

_BLOCK = 512  # bytes before the HDF5 file; HDF5 looks for its signature there
_TITLE = b"sei-kmc checkpoint 1\n"


@dataclass(frozen=True)
class Checkpoint:
    """What a run goes on from.

    Attributes
    ----------
    header : mapping of str to plain values
        Anything that JSON can say.
    arrays : mapping of str to numpy array
        Names may have parts, separated by `/`.
    """

    header: Mapping[str, object]
    arrays: Mapping[str, np.ndarray]


def paths_of(results: Path) -> tuple[Path, Path]:
    """Where the checkpoints of a run are.

    Parameters
    ----------
    results : Path
        Its results file.

    Returns
    -------
    newest, previous : Path
        `results.checkpoint.h5` and `results.checkpoint.previous.h5` beside `results.h5`.
    """
    newest = results.with_name(f"{results.stem}.checkpoint.h5")
    return newest, newest.with_name(f"{results.stem}.checkpoint.previous.h5")


class DamagedError(KmcError):
    """A file is no checkpoint, or not the one that was written."""


def write(results: Path, checkpoint: Checkpoint) -> Path:
    """Put a checkpoint beside the results; the last one is kept.

    Parameters
    ----------
    results : Path
    checkpoint : Checkpoint

    Returns
    -------
    path : Path

    Raises
    ------
    KmcError
        If it cannot be written; the ones that are there stay then.
    """
    path, previous = paths_of(results)
    part = part_of(path)
    with held():
        try:
            with removed_on_failure(part):
                content = _packed(checkpoint)
                with part.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                with part.open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").digest()
                if found != hashlib.sha256(content).digest():
                    raise OutputError(f"cannot write {path}: what is read back is not what was written")
                if path.exists():
                    os.replace(path, previous)
                replace_whole(part, path)
        except OSError as error:
            raise cannot_write(path, error, chosen=False) from error
    return path


def _packed(checkpoint: Checkpoint) -> memoryview:
    """The whole file."""
    memory = io.BytesIO()
    with h5py.File(memory, "w", userblock_size=_BLOCK) as file:
        file.attrs["header"] = json.dumps(checkpoint.header)
        for name, array in checkpoint.arrays.items():
            array = np.asarray(array)
            # Nobody else reads it, so speed counts more than size.
            options = {"compression": "lzf", "shuffle": True} if array.size > 256 else {}
            file.create_dataset(name, data=array, **options)
    content = memory.getbuffer()
    body = content[_BLOCK:]
    content[:_BLOCK] = (_TITLE + hashlib.sha256(body).hexdigest().encode() + b"\n").ljust(_BLOCK)
    return content


def read(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Parameters
    ----------
    path : Path

    Returns
    -------
    checkpoint : Checkpoint

    Raises
    ------
    DamagedError
        If it is not whole, with what is wrong.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedError(f"cannot read {path}: {error.strerror}") from error
    if not content.startswith(_TITLE):
        raise DamagedError(f"{path} is not a checkpoint of this kind")
    expected = content[len(_TITLE) : _BLOCK].strip().decode("ascii", "replace")
    if hashlib.sha256(memoryview(content)[_BLOCK:]).hexdigest() != expected:
        raise DamagedError(f"{path} is damaged: its checksum differs")
    with h5py.File(io.BytesIO(content), "r") as file:
        arrays: dict[str, np.ndarray] = {}
        file.visititems(lambda name, item: arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
        arrays = {name: np.asarray(array) for name, array in arrays.items()}
        return Checkpoint(json.loads(file.attrs["header"]), arrays)


def latest(results: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest whole checkpoint of a run.

    Parameters
    ----------
    results : Path

    Returns
    -------
    checkpoint : Checkpoint or None
        None if there is no file of one.
    notes : list of str
        Why a newer one is not taken.

    Raises
    ------
    DamagedError
        If there are some and none is whole.
    """
    notes = []
    for path in paths_of(results):
        if not path.exists():
            continue
        try:
            return read(path), [f"{note}; the one before is used" for note in notes]
        except DamagedError as error:
            notes.append(str(error))
    if notes:
        raise DamagedError("; ".join(notes))
    return None, []


def exists(results: Path) -> bool:
    """Whether there are checkpoints of a run, whole or not."""
    return any(path.exists() for path in paths_of(results))


def remove(results: Path) -> None:
    """Remove the checkpoints of a run, the newest one last.

    Parameters
    ----------
    results : Path
    """
    newest, previous = paths_of(results)
    for path in (part_of(newest), previous, newest):
        with suppress(OSError):
            path.unlink()
