# SPDX-License-Identifier: BSD-3-Clause
"""The lattice of a deck made complete: boundaries of all axes, vectors and spacing of a cell. Floor 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kmc import bravais
from kmc.ase_cells import FileCell, read_cell
from kmc.deck_files import beside, is_file, nearby
from kmc.deck_lattice import CellDeck, LatticeDeck
from kmc.deck_values import Reading
from kmc.errors import DeckError
from kmc.quantity import Location, Quantity

_VECTORS = ("lattice", "cell", "vectors")
_FILE = ("lattice", "cell", "file")
# Beyond these a cell is far from one that a person would call the primitive cell, and neighbours are slow to find.
_LONGEST, _FLATTEST = 100.0, 0.05


def completed(lattice: LatticeDeck | None, reading: Reading) -> LatticeDeck | None:
    """The section with what follows from it.

    Parameters
    ----------
    lattice : LatticeDeck or None
    reading : Reading
        Takes what is wrong with a cell.

    Returns
    -------
    LatticeDeck or None
        With the boundaries of all axes and, for type `cell`, the vectors, the spacing, and `file` as an absolute
        path; as it was given where that has been refused.
    """
    if lattice is None:
        return None
    axes = {"x": "periodic", "y": "periodic", "z": "walls"}
    if lattice.type == "square":
        del axes["y"]
    lattice = lattice.model_copy(update={"boundaries": axes | lattice.boundaries})
    cell = lattice.cell
    if lattice.type != "cell" or cell is None or (cell.vectors is None) == (cell.file is None):
        return lattice
    if cell.file is not None:
        cell = _from_file(cell, reading)
    elif _has_fault(cell, reading):
        return lattice
    if cell.vectors is None:
        return lattice
    basis = np.array([[float(length) for length in vector] for vector in cell.vectors])[::-1]
    (nearest, *_), *_ = bravais.shells(basis, 1)
    spacing = Quantity(float(np.linalg.norm(np.array(nearest) @ basis)), where=cell.vectors[0][0].where)
    return lattice.model_copy(update={"cell": cell, "spacing": spacing})


def file_cell(lattice: LatticeDeck | None) -> FileCell | None:
    """What the cell file of a completed section holds; None if it names none.

    Parameters
    ----------
    lattice : LatticeDeck or None

    Returns
    -------
    FileCell or None
    """
    if lattice is None or lattice.cell is None or lattice.cell.file is None:
        return None
    return read_cell(Path(lattice.cell.file))


def _from_file(cell: CellDeck, reading: Reading) -> CellDeck:
    """The cell with the vectors of its file, or as it was with the problems reported."""
    where = reading.document.locate(_FILE)
    path = beside(cell.file, where, reading)
    if not is_file(path):
        reading.report(f"no such file '{cell.file}'{nearby(path)}", where, f"looked in {path.parent}")
        return cell
    try:
        found = read_cell(path)
    except DeckError as error:
        for problem in error.problems:
            reading.report(f"cell file '{path.name}': {problem.message}", where)
        return cell
    fault = _shape_fault(found.vectors)
    if fault:
        reading.report(f"cell file '{path.name}': {fault}", where)
        return cell
    vectors = [
        [Quantity(length, source=path.name, where=where) for length in vector] for vector in found.vectors.tolist()
    ]
    return cell.model_copy(update={"vectors": vectors, "file": str(path)})


def _has_fault(cell: CellDeck, reading: Reading) -> bool:
    """Report what is wrong with vectors that stand in the deck."""
    vectors = np.array([[float(length) for length in vector] for vector in cell.vectors])
    lengths = np.linalg.norm(vectors, axis=1)
    before = len(reading.problems)
    for row in (0, 1):
        if abs(vectors[row, 2]) > 1e-9 * lengths[row]:
            message = f"vector {row + 1} leaves the plane z = 0, in which a1 and a2 span the electrode surface"
            reading.report(message, _component(row, 2, reading), "turn the cell so that its third component is 0")
    if not vectors[2, 2] > 0.0:
        message = "vector 3 does not lead away from the electrode; its third component must be above 0 m"
        reading.report(message, _component(2, 2, reading))
    if len(reading.problems) == before:
        fault = _shape_fault(vectors)
        if fault:
            reading.report(fault, reading.document.locate(_VECTORS))
    return len(reading.problems) > before


def _component(row: int, column: int, reading: Reading) -> Location:
    return reading.document.locate((*_VECTORS, row, column))


def _shape_fault(vectors: np.ndarray) -> str | None:
    """Why vectors [m] are no reasonable primitive cell, or None."""
    lengths = np.linalg.norm(vectors, axis=1)
    if not lengths.all() or abs(np.linalg.det(vectors)) < _FLATTEST * np.prod(lengths):
        return "the vectors lie nearly in one plane; choose the shortest that span the lattice"
    if lengths.max() > _LONGEST * lengths.min():
        return f"the longest vector has more than {_LONGEST:g} times the length of the shortest"
    return None


def cell_notes(lattice: LatticeDeck | None) -> list[str]:
    """What should be known of a cell out of a file.

    Parameters
    ----------
    lattice : LatticeDeck or None
        Completed.

    Returns
    -------
    list of str
    """
    found: Any = file_cell(lattice)
    if found is None or found.n_atoms < 2:
        return []
    name = Path(lattice.cell.file).name
    return [f"lattice: the cell of {name} holds {found.n_atoms} atoms; a site stands for all of them, {found.formula}"]
