# SPDX-License-Identifier: BSD-3-Clause
"""Which kind of table a file or directory is, by name and content, and of which files it consists. Floor 1."""

from __future__ import annotations

from pathlib import Path

from kmc.errors import DeckError, Problem
from kmc.sqlite_files import table_names

XYZ_SUFFIXES = (".xyz", ".extxyz")
"""Names of extended XYZ files."""

BAND_SUFFIXES = (".traj", *XYZ_SUFFIXES)
"""Names of files that hold the images of a band."""

SQLITE_SUFFIXES = (".db", ".sqlite", ".sqlite3")
"""Names of SQLite files, of which there are several kinds."""

SUFFIXES = (".csv", ".json", *SQLITE_SUFFIXES, *BAND_SUFFIXES)
"""Names of files that a deck can name as tables."""

EXPECTED = (
    "a .csv file, an ASE database (.db, .json), a trajectory or extended XYZ file of a band (.traj, .xyz, .extxyz), "
    "a database of CatHub, HiPRGen or RNMC (.db, .sqlite), a VASP NEB folder, or a directory of bands"
)
"""What a table can be, for messages."""

SOURCES = "sources.csv"
"""Name of the list of sources in a directory of bands; that of a file `hop.traj` is `hop.sources.csv` beside it."""

VASP_FILES = ("OUTCAR", "CONTCAR", "POSCAR")
"""Files of an image that are read."""

VASP_ENDS = (("start", "end"), ("initial", "final"))
"""Folders where the OUTCARs of both ends may be, if the folders of the images have none."""

_SQLITE_KINDS = (("reaction", "cathub"), ("reactions", "network"), ("systems", "ase"))
# What else may have the ending of a table, and what to take instead.
_SQLITE_OTHERS = {
    "initial_state": "is the initial state of a network; the table is the database with its reactions",
    "interactions": "is a database of nano particles (NPMC), which holds no reactions",
}


def kind_of(path: Path) -> str:
    """Kind of a table.

    Parameters
    ----------
    path : Path

    Returns
    -------
    kind : str
        ``csv``, ``ase``, ``bands``, ``vasp``, ``cathub`` or ``network``.

    Raises
    ------
    DeckError  if it is none of them, or cannot be read.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        return _directory_kind(path)
    if suffix not in SUFFIXES:
        raise DeckError(Problem(f"is no table; expected {EXPECTED}", str(path)))
    if not path.exists():
        raise DeckError(Problem("cannot be read: No such file or directory", str(path)))
    if suffix in SQLITE_SUFFIXES:
        return _sqlite_kind(path)
    return {".csv": "csv", ".json": "ase"}.get(suffix, "bands")


def is_table_name(path: Path) -> bool:
    """Whether a path can be a table, by its name, or because it is a directory."""
    return path.suffix.lower() in SUFFIXES or path.is_dir()


def is_vasp_band(path: Path) -> bool:
    """Whether a directory holds the images of a VASP NEB calculation: folders 00, 01, ..."""
    return path.is_dir() and bool(image_folders(path))


def image_folders(path: Path) -> list[Path]:
    """Folders of the images of a VASP NEB calculation, by number."""
    folders = [each for each in path.iterdir() if each.name.isdecimal() and each.is_dir()]
    return sorted(folders, key=lambda each: int(each.name))


def bands_of(path: Path) -> list[Path]:
    """Files and folders of a directory that are bands, by name."""
    return sorted(
        each
        for each in path.iterdir()
        if not each.name.startswith(".") and (each.suffix.lower() in BAND_SUFFIXES or is_vasp_band(each))
    )


def sources_file(path: Path) -> Path:
    """Where the list of sources of a table is, if there is one."""
    return path / SOURCES if path.is_dir() else path.with_name(f"{path.stem}.{SOURCES}")


def table_files(path: Path) -> list[Path]:
    """Every file that is read when a table is read.

    Parameters
    ----------
    path : Path
        A table.

    Returns
    -------
    files : list of Path
        The file itself, or those of a directory, in order, and the list of sources if there is one.
    """
    found = [sources_file(path)]
    if not path.is_dir():
        return [path, *(each for each in found if each.is_file())]
    for band in [path] if is_vasp_band(path) else bands_of(path):
        found += _vasp_files(band) if is_vasp_band(band) else [band]
    return [each for each in found if each.is_file()]


def _vasp_files(path: Path) -> list[Path]:
    ends = [path / name for pair in VASP_ENDS for name in pair]
    return [folder / name for folder in (*image_folders(path), *ends) for name in VASP_FILES]


def _directory_kind(path: Path) -> str:
    try:
        if is_vasp_band(path):
            return "vasp"
        if bands_of(path):
            return "bands"
    except OSError as error:
        raise DeckError(Problem(f"cannot be read: {error.strerror}", str(path))) from None
    message = (
        "is a directory without a band: neither image folders 00, 01, ... of VASP, nor folders that have them, nor "
        f"files {', '.join(BAND_SUFFIXES)}"
    )
    raise DeckError(Problem(message, str(path)))


def _sqlite_kind(path: Path) -> str:
    names = table_names(path)
    for table, kind in _SQLITE_KINDS:
        if table in names:
            return kind
    for table, message in _SQLITE_OTHERS.items():
        if table in names:
            raise DeckError(Problem(message, str(path)))
    message = "is an SQLite database, but not of ASE, CatHub, HiPRGen or RNMC; it has the tables "
    raise DeckError(Problem(message + (", ".join(sorted(names)) or "none"), str(path)))
