# SPDX-License-Identifier: BSD-3-Clause
"""Lattice vectors out of structure files that ASE reads. Floor 1.

A lattice has one site per cell. A cell that holds several copies of one motif would give a coarser lattice than the
structure has and is refused; a primitive cell with several atoms gives a lattice whose sites stand for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kmc.errors import DeckError, Problem

MAX_ATOMS = 500
"""Largest number of atoms in a cell."""

_ANGSTROM = 1e-10  # m
_SAME_PLACE = 0.02  # angstrom: atoms that a translation brings so close to others fall onto them


@dataclass(frozen=True)
class FileCell:
    """The cell of a file.

    Attributes
    ----------
    vectors : float64, shape (3, 3), [m]
        Rows a1 along x, a2 in the plane z = 0, a3 above it: the cell of the file, turned.
    formula : str
        What is in it.
    n_atoms : int
    """

    vectors: np.ndarray
    formula: str
    n_atoms: int


def read_cell(path: Path) -> FileCell:
    """The cell of the last structure in a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    cell : FileCell

    Raises
    ------
    DeckError
        If ASE cannot read it, or its cell is no primitive cell of a lattice in three dimensions.

    Notes
    -----
    Only lengths and angles of the cell matter, so it is turned, and mirrored if it is left-handed: with the Gram
    matrix G of the vectors, the new ones are its Cholesky factor.
    """
    atoms = _atoms(path)
    fault = _fault(atoms)
    if fault:
        raise DeckError(Problem(fault, str(path)))
    vectors = np.array(atoms.cell) * _ANGSTROM
    turned = np.linalg.cholesky(vectors @ vectors.T)
    return FileCell(turned, str(atoms.get_chemical_formula()), len(atoms))


def _atoms(path: Path) -> Any:
    """The last structure of a file."""
    from ase.io import read

    try:
        # Without `parallel=False` every process of a parallel run waits for the first one to read.
        atoms = read(path, parallel=False, do_not_split_by_at_sign=True)
    # ASE guesses the format and fails in as many ways as files can be damaged.
    except Exception as error:
        reason = str(error).partition("\n")[0][:100]
        message = f"cannot be read by ASE: {type(error).__name__}: {reason}"
        raise DeckError(Problem(message, str(path))) from None
    return atoms


def _fault(atoms: Any) -> str | None:
    """Why the cell of a structure is no primitive cell, or None."""
    names = ("first", "second", "third")
    missing = [name for name, vector in zip(names, atoms.cell, strict=True) if not np.linalg.norm(vector) > 0.0]
    if missing:
        return f"has no cell: its {missing[0]} vector is missing"
    if not np.isfinite(np.array(atoms.cell)).all() or abs(np.linalg.det(atoms.cell)) < 1e-6:
        return "has a cell without volume"
    open_ends = [name for name, periodic in zip(names, atoms.pbc, strict=True) if not periodic]
    if open_ends:
        return f"is not periodic along its {open_ends[0]} vector, which then is no vector of a lattice"
    if len(atoms) > MAX_ATOMS:
        return f"holds {len(atoms)} atoms; the primitive cell of a lattice of sites has {MAX_ATOMS} at most"
    copies = n_copies(atoms.cell.scaled_positions(atoms.positions), atoms.numbers, np.array(atoms.cell))
    if copies > 1:
        return f"holds its motif {copies} times; a lattice needs the primitive cell, which holds it once"
    return None


def n_copies(places: np.ndarray, numbers: np.ndarray, cell: np.ndarray) -> int:
    """How often a cell holds the motif that it repeats.

    Parameters
    ----------
    places : float64, shape (n_atoms, 3)
        In units of the cell vectors.
    numbers : int, shape (n_atoms,)
        What is equal may be exchanged.
    cell : float64, shape (3, 3), [angstrom]

    Returns
    -------
    n_copies : int
        Translations, none included, that bring every atom onto an equal one; 1 for a primitive cell.
    """
    if len(places) < 2:
        return 1
    values, counts = np.unique(numbers, return_counts=True)
    rarest = np.flatnonzero(numbers == values[counts.argmin()])
    equal = numbers[:, None] == numbers
    found = 0
    for other in rarest:
        moved = places + (places[other] - places[rarest[0]])
        apart = moved[:, None] - places
        apart -= np.round(apart)
        close = (np.linalg.norm(apart @ cell, axis=2) < _SAME_PLACE) & equal
        found += bool(close.any(axis=1).all())
    return found
