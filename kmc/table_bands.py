# SPDX-License-Identifier: BSD-3-Clause
"""Barriers out of files of images: ASE trajectories and extended XYZ, one band or a directory of bands. Floor 1.

A file holds the images of a band in order, the ends included, or the bands of a whole optimisation one after the
other, of which the last one counts. Images that carry a `process` are sorted by it; without, the band has the name
of its file.
"""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmc.elastic_band import analyse, last_band
from kmc.errors import DeckError, Problem
from kmc.quantity import Location
from kmc.table_csv import Sources, read_sources
from kmc.table_kinds import BAND_SUFFIXES, SOURCES, XYZ_SUFFIXES, bands_of, is_vasp_band
from kmc.table_rows import Origin, Row, RowError, Rows, energy_row, faulty_row, finite, references, uncertainty
from kmc.table_vasp import vasp_row

if TYPE_CHECKING:
    from ase import Atoms

_MAX_BYTES = 500_000_000


def read_band_table(path: Path) -> Rows:
    """All bands of a file or a directory.

    Parameters
    ----------
    path : Path
        A trajectory, an extended XYZ file, or a directory with such files and VASP folders.

    Returns
    -------
    Rows
        By process, which is the name of the file or folder unless the images name one: `barrier`,
        `reaction-energy` and `reaction-free-energy` [eV].

    Raises
    ------
    DeckError  if nothing can be read.
    """
    sources = read_sources(path)
    if path.is_dir():
        return _directory(path, sources)
    rows = _file_rows(path, sources)
    return Rows(rows, sources.problems + sources.strangers(rows))


def _directory(path: Path, sources: Sources) -> Rows:
    """The bands of a directory, each read when it is asked for."""
    found: dict[str, Any] = {}
    problems = list(sources.problems)
    for band in bands_of(path):
        name = band.stem if band.suffix.lower() in BAND_SUFFIXES else band.name
        if name in found:
            problems.append(Problem(f"two bands have the name '{name}'; a row id stands for one", str(path)))
        elif "#" in name:
            problems.append(Problem(f"the name of '{band.name}' holds a '#', which separates table and row", str(path)))
        else:
            found[name] = partial(_single, band, name, sources)
    return Rows(found, problems + sources.strangers(found))


def _single(path: Path, name: str, sources: Sources) -> Row:
    """The one band of a file or folder of a directory."""
    if is_vasp_band(path):
        return vasp_row(path, name, sources.of(name))
    rows = _file_rows(path, sources, name)
    if len(rows) > 1:
        message = f"holds the processes {', '.join(rows)}; a file of a directory of bands holds one"
        raise DeckError(Problem(message, str(path)))
    return next(iter(rows.values()))


def _file_rows(path: Path, sources: Sources, name: str | None = None) -> dict[str, Row]:
    """The bands of one file, by process; `name` is that of the band in the list of sources, if not the process."""
    groups: dict[str, list[Atoms]] = {}
    images = _images(path)
    named = ["process" in image.info for image in images]
    if any(named) and not all(named):
        message = f"image {named.index(False)} has no key 'process', which image {named.index(True)} has"
        raise DeckError(Problem(message, str(path)))
    for image in images:
        groups.setdefault(str(image.info.get("process", path.stem)), []).append(image)
    return {process: _row(process, group, path, sources.of(name or process)) for process, group in groups.items()}


def _row(process: str, images: list[Atoms], path: Path, given: Origin) -> Row:
    where = Location(str(path))
    try:
        band, n_bands = last_band(images)
        origin = _origin(band, given)
        result = analyse(band)
        method = result.method + (f", last of {n_bands} bands" if n_bands > 1 else "")
        return energy_row(result.barrier, result.reaction, method, origin, where)
    except RowError as error:
        return faulty_row(f"band '{process}': {error}", where)


def _origin(images: list[Atoms], given: Origin) -> Origin:
    """Where a band comes from: what its images say, or the list of sources of its directory."""
    source = references(_texts(images, "source"), _texts(images, "doi"))
    method = ", ".join([*_texts(images, "method"), *_texts(images, "functional")]) or None
    spreads = {
        finite(image.info["uncertainty"], f"uncertainty of image {index}")
        for index, image in enumerate(images)
        if "uncertainty" in image.info
    }
    own = Origin(source, method, uncertainty(spreads))
    for name in ("source", "method", "uncertainty"):
        if getattr(own, name) is not None and getattr(given, name) not in (None, getattr(own, name)):
            raise RowError(f"its images say one {name} and {SOURCES} another")
    return Origin(
        own.source or given.source,
        own.method or given.method,
        given.uncertainty if own.uncertainty is None else own.uncertainty,
    )


def _texts(images: list[Atoms], key: str) -> list[str]:
    return list(dict.fromkeys(str(image.info[key]) for image in images if image.info.get(key)))


def _images(path: Path) -> list[Atoms]:
    """Every image of a file."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DeckError(Problem(f"is larger than {_MAX_BYTES // 10**6} MB", str(path)))
        images = _extended_xyz(path) if path.suffix.lower() in XYZ_SUFFIXES else _trajectory(path)
    except OSError as error:
        raise DeckError(Problem(f"cannot be read: {error.strerror}", str(path))) from None
    if not images:
        raise DeckError(Problem("holds no image; expected the images of a band in order", str(path)))
    return images


def _trajectory(path: Path) -> list[Atoms]:
    from ase.io import read

    with path.open("rb") as file:
        if not file.read(24).startswith(b"- of UlmASE-Trajectory"):
            raise DeckError(Problem("is no ASE trajectory, as ase.io.write makes it", str(path)))
    images: list[Atoms] = []
    try:
        # `parallel`: without it ASE waits for the other ranks of an MPI run.
        images = read(str(path), index=":", format="traj", parallel=False)
    except Exception as error:
        message = f"is a damaged ASE trajectory, perhaps cut off: {type(error).__name__}: {_first_line(error)}"
        raise DeckError(Problem(message, str(path))) from None
    return images


def _extended_xyz(path: Path) -> list[Atoms]:
    """Images of a text file, each read by ASE on its own, so that a fault is found with its line."""
    from ase.io.extxyz import read_xyz

    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DeckError(Problem("is not UTF-8 text", str(path), line)) from None
    images = []
    for number, (start, end) in enumerate(_frames(lines, path)):
        try:
            images += list(read_xyz(io.StringIO("\n".join(lines[start:end]) + "\n"), 0))
        except Exception as error:
            message = f"image {number} is no extended XYZ: {type(error).__name__}: {_first_line(error)}"
            raise DeckError(Problem(message, str(path), start + 1)) from None
    return images


def _frames(lines: list[str], path: Path) -> list[tuple[int, int]]:
    """First line of every image and of what follows it, counted from 0."""
    frames = []
    start = 0
    while start < len(lines) and any(line.strip() for line in lines[start:]):
        try:
            n_atoms = int(lines[start])
        except ValueError:
            message = f"'{lines[start][:40]}' is no number of atoms, with which image {len(frames)} has to begin"
            raise DeckError(Problem(message, str(path), start + 1)) from None
        end = start + n_atoms + 2
        if n_atoms < 1 or end > len(lines):
            held = len(lines) - start - 2
            message = f"image {len(frames)} has {n_atoms} atoms, but {max(held, 0)} lines follow; the file is cut off"
            message = message if n_atoms > 0 else f"image {len(frames)} has {n_atoms} atoms"
            raise DeckError(Problem(message, str(path), start + 1))
        frames.append((start, end))
        start = end
    return frames


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:120]
