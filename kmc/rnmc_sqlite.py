# SPDX-License-Identifier: BSD-3-Clause
"""Reaction networks and initial states as HiPRGen and RNMC write them, in SQLite. Floor 1.

In: `rn.sqlite` (tables `metadata` and `reactions`) and `initial_state.sqlite` (`initial_state` and `factors`).
Out: the same as typed rows, checked: whole, finite, numbered without gaps, and without a species that does not
exist. What the numbers mean for a deck is the affair of those who convert them.

References
----------
Barter, Spotte-Smith et al., Digital Discovery 2, 123 (2023), doi:10.1039/D2DD00117A (HiPRGen);
documentation of RNMC, https://blaugroup.github.io/RNMC/GMC.html and https://blaugroup.github.io/RNMC/LGMC.html.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmc.errors import DeckError, Problem
from kmc.sqlite_files import check_columns, database

if TYPE_CHECKING:
    import sqlite3

MAX_REACTIONS = 1_000_000
"""Largest network that is read; a deck of more processes would have no reader."""

PHASES = {"L": "lattice", "S": "solution", "N": "none"}
"""Letters of the phases of a reaction with a lattice."""

KINDS = {
    "O": "oxidation",
    "R": "reduction",
    "F": "diffusion",
    "L": "reaction on the lattice",
    "S": "reaction in solution",
    "D": "desorption",
    "A": "adsorption",
}
"""Letters of the kinds of reaction with a lattice."""

_WHOSE = "HiPRGen or RNMC"
_BASE = ("reaction_id", "number_of_reactants", "number_of_products", "reactant_1", "reactant_2")
_BASE += ("product_1", "product_2", "rate")
_ENERGIES = ("dG", "dG_barrier")
_PHASE_COLUMNS = ("phase_reactant_1", "phase_reactant_2", "phase_product_1", "phase_product_2")
_LATTICE_NUMBERS = (
    "prefactor",
    "electron_tunneling_coefficient",
    "reorganization_energy",
    "charge_transfer_coefficient",
)
_MAX_PROBLEMS = 20


@dataclass(frozen=True)
class LatticePart:
    """What a reaction of a network with a lattice (LGMC) has besides.

    Parameters
    ----------
    reactant_phases, product_phases : tuple of str
        A letter of `PHASES` for each reactant and product.
    prefactor : float
        Of a rate that depends on the potential [1/s]; plain factor of the rate otherwise.
    tunnelling_coefficient : float
        Decay of the electron transfer with distance [1/angstrom].
    reorganization_energy : float
        lambda [eV]; 0 where there is none.
    transfer_coefficient : float
        alpha of Butler-Volmer [-].
    kind : str
        A letter of `KINDS`.
    """

    reactant_phases: tuple[str, ...]
    product_phases: tuple[str, ...]
    prefactor: float
    tunnelling_coefficient: float
    reorganization_energy: float
    transfer_coefficient: float
    kind: str


@dataclass(frozen=True)
class NetworkReaction:
    """One row of the table `reactions`.

    Parameters
    ----------
    id : int
        `reaction_id`, from 0 without gaps.
    reactants, products : tuple of int
        Indices of species, none to two of each; twice the same index is two molecules.
    rate : float
        Rate constant [1/s] as the file has it, >= 0, for one molecule, or for one pair before the factors of the
        initial state; at the temperature and potential that the network was made for.
    free_energy : float or None
        `dG` [eV]; of a redox reaction without the energy of the electron. None if there is no such column.
    barrier : float or None
        `dG_barrier` [eV], as written: below 0 and below `dG` in public networks. None if there is no column.
    is_redox : bool or None
        Whether an electron is exchanged with the electrode. None if there is no such column.
    lattice : LatticePart or None
        None in a network without a lattice.
    """

    id: int
    reactants: tuple[int, ...]
    products: tuple[int, ...]
    rate: float
    free_energy: float | None
    barrier: float | None
    is_redox: bool | None
    lattice: LatticePart | None = None


@dataclass(frozen=True)
class Network:
    """A reaction network.

    Parameters
    ----------
    path : Path
    n_species : int
        Number of species; their indices are 0 ... n_species - 1. In a network with a lattice 0 is the empty site.
    reactions : list of NetworkReaction
        By their ids.
    has_lattice : bool
        Whether it was written for LGMC.
    """

    path: Path
    n_species: int
    reactions: list[NetworkReaction]
    has_lattice: bool


@dataclass(frozen=True)
class InitialState:
    """Numbers of molecules at the start, and the factors that a propensity takes.

    Parameters
    ----------
    path : Path
    counts : dict of int to int
        Molecules by index of species; a species that is missing has none.
    factor_zero, factor_two, factor_duplicate : float
        Propensities: `factor_zero k` without reactants, `factor_two k n_A n_B` with two, and
        `factor_two factor_duplicate k n (n - 1)` with twice the same.
    """

    path: Path
    counts: dict[int, int]
    factor_zero: float
    factor_two: float
    factor_duplicate: float


class _RowError(ValueError):
    """A row is wrong; the message says what."""


def read_network(path: Path) -> Network:
    """A network with every reaction checked.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Network

    Raises
    ------
    DeckError  with everything that is wrong: no such database, missing tables and columns, numbers of species or
        reactions that differ from the metadata, rows with missing, non-finite or impossible values.
    """
    path = Path(path)
    with database(path) as connection:
        columns = check_columns(connection, path, "reactions", _BASE, _WHOSE)
        has_lattice = "type" in columns or _PHASE_COLUMNS[0] in columns
        if has_lattice:
            needed = (*_BASE, "dG", *_PHASE_COLUMNS, *_LATTICE_NUMBERS, "type")
            check_columns(connection, path, "reactions", needed, "RNMC with a lattice")
        n_species, n_reactions = _metadata(connection, path)
        rows = connection.execute(f"SELECT * FROM reactions LIMIT {MAX_REACTIONS + 1}").fetchall()
    return Network(path, n_species, _reactions(rows, n_species, n_reactions, has_lattice, path), has_lattice)


def read_initial_state(path: Path, n_species: int | None = None) -> InitialState:
    """An initial state, checked.

    Parameters
    ----------
    path : Path
    n_species : int, optional
        Number of species of the network that it belongs to.

    Returns
    -------
    InitialState

    Raises
    ------
    DeckError  with everything that is wrong.
    """
    path = Path(path)
    factor_names = ("factor_zero", "factor_two", "factor_duplicate")
    with database(path) as connection:
        check_columns(connection, path, "initial_state", ("species_id", "count"), _WHOSE)
        check_columns(connection, path, "factors", factor_names, _WHOSE)
        rows = connection.execute("SELECT species_id, count FROM initial_state").fetchall()
        factors = connection.execute("SELECT * FROM factors").fetchall()
    counts: dict[int, int] = {}
    problems = []
    for row in rows:
        try:
            species, count = _count_of(row, n_species)
            if species in counts:
                raise _RowError(f"species_id {species} stands there twice")
            counts[species] = count
        except _RowError as error:
            problems.append(f"initial_state: {error}")
    values = [1.0, 1.0, 1.0]
    if len(factors) == 1:
        try:
            values = [_real(factors[0], name, minimum=0.0) for name in factor_names]
        except _RowError as error:
            problems.append(f"factors: {error}")
    else:
        problems.append(f"factors: {len(factors)} rows; expected one")
    _refuse(problems, path)
    return InitialState(path, counts, *values)


def _count_of(row: sqlite3.Row, n_species: int | None) -> tuple[int, int]:
    species, count = _whole(row, "species_id"), _whole(row, "count")
    if species < 0 or (n_species is not None and species >= n_species):
        raise _RowError(f"species_id {species} is none of the {n_species} species of the network")
    if count < 0:
        raise _RowError(f"count of species_id {species} is {count}; expected 0 or more")
    return species, count


def _metadata(connection: sqlite3.Connection, path: Path) -> tuple[int, int]:
    """Numbers of species and reactions that the file announces."""
    names = ("number_of_species", "number_of_reactions")
    check_columns(connection, path, "metadata", names, _WHOSE)
    rows = connection.execute("SELECT * FROM metadata").fetchall()
    if len(rows) != 1:
        raise DeckError(Problem(f"table 'metadata' has {len(rows)} rows; expected one", str(path)))
    try:
        n_species, n_reactions = (_whole(rows[0], name) for name in names)
    except _RowError as error:
        raise DeckError(Problem(f"metadata: {error}", str(path))) from None
    if n_species < 1 or not 1 <= n_reactions <= MAX_REACTIONS:
        message = f"metadata: {n_species} species and {n_reactions} reactions; expected at least one of each"
        raise DeckError(Problem(f"{message} and at most {MAX_REACTIONS} reactions", str(path)))
    return n_species, n_reactions


def _reactions(
    rows: list[sqlite3.Row], n_species: int, n_reactions: int, has_lattice: bool, path: Path
) -> list[NetworkReaction]:
    found: dict[int, NetworkReaction] = {}
    problems = []
    if len(rows) != n_reactions:
        problems.append(f"table 'reactions' has {len(rows)} rows, but metadata says {n_reactions} reactions")
    for number, row in enumerate(rows, start=1):
        place = f"row {number} of reactions"
        try:
            index = _whole(row, "reaction_id")
            place = f"reaction_id {index}"
            if index in found:
                raise _RowError("stands there twice")
            if not 0 <= index < len(rows):
                raise _RowError(f"is outside of 0 ... {len(rows) - 1}, the ids of {len(rows)} reactions")
            found[index] = _reaction(row, index, n_species, has_lattice)
        except _RowError as error:
            problems.append(f"{place}: {error}")
    _refuse(problems, path)
    return [found[index] for index in sorted(found)]


def _reaction(row: sqlite3.Row, index: int, n_species: int, has_lattice: bool) -> NetworkReaction:
    columns = row.keys()
    reactants = _species(row, "reactant", n_species)
    products = _species(row, "product", n_species)
    if not reactants and not products:
        raise _RowError("neither reactants nor products")
    energies = [_real(row, name) if name in columns else None for name in _ENERGIES]
    redox = None
    if "is_redox" in columns:
        redox = _whole(row, "is_redox")
        if redox not in (0, 1):
            raise _RowError(f"is_redox is {redox}; expected 0 or 1")
    lattice = _lattice_part(row, len(reactants), len(products)) if has_lattice else None
    rate = _real(row, "rate", minimum=0.0)
    is_redox = None if redox is None else bool(redox)
    return NetworkReaction(index, reactants, products, rate, *energies, is_redox, lattice)


def _species(row: sqlite3.Row, side: str, n_species: int) -> tuple[int, ...]:
    """Species of one side of a reaction; -1 fills the places that are not used."""
    number = _whole(row, f"number_of_{side}s")
    if number not in (0, 1, 2):
        raise _RowError(f"number_of_{side}s is {number}; expected 0, 1 or 2")
    indices = [_whole(row, f"{side}_{place}") for place in (1, 2)]
    for place, index in enumerate(indices, start=1):
        if place <= number and not 0 <= index < n_species:
            raise _RowError(f"{side}_{place} is {index}, none of the {n_species} species")
        if place > number and index != -1:
            raise _RowError(f"{side}_{place} is {index}, but number_of_{side}s is {number}; expected -1")
    return tuple(indices[:number])


def _lattice_part(row: sqlite3.Row, n_reactants: int, n_products: int) -> LatticePart:
    used = (n_reactants > 0, n_reactants > 1, n_products > 0, n_products > 1)
    phases = []
    for name, needed in zip(_PHASE_COLUMNS, used, strict=True):
        letter = row[name]
        if letter not in PHASES or (needed and letter == "N"):
            expected = "L or S" if needed else "L, S or N"
            raise _RowError(f"{name} is {_shown(letter)}; expected {expected}")
        phases.append(letter)
    kind = row["type"]
    if kind not in KINDS:
        raise _RowError(f"type is {_shown(kind)}; expected one of {', '.join(KINDS)}")
    numbers = [_real(row, name, minimum=0.0) for name in _LATTICE_NUMBERS]
    return LatticePart(tuple(phases[:n_reactants]), tuple(phases[2 : 2 + n_products]), *numbers, kind)


def _whole(row: sqlite3.Row, column: str) -> int:
    value = row[column]
    if not isinstance(value, int):
        raise _RowError(f"{column} is {_shown(value)}; expected a whole number")
    return value


def _real(row: sqlite3.Row, column: str, minimum: float = -math.inf) -> float:
    value = row[column]
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise _RowError(f"{column} is {_shown(value)}; expected a finite number")
    if value < minimum:
        raise _RowError(f"{column} is {value}; expected {minimum:g} or more")
    return float(value)


def _shown(value: Any) -> str:
    return "missing (NULL)" if value is None else repr(value)[:40]


def _refuse(messages: list[str], path: Path) -> None:
    """Raise what is wrong, if anything is; of a thousand wrong rows the first are enough."""
    if not messages:
        return
    shown = messages[:_MAX_PROBLEMS]
    if len(messages) > len(shown):
        shown.append(f"and {len(messages) - len(shown)} more faults of this kind")
    raise DeckError([Problem(message, str(path)) for message in shown])
