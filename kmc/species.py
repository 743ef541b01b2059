# SPDX-License-Identifier: BSD-3-Clause
"""Species of the lattice and of the solution: atoms, charges and volumes, checked. Floor 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kmc.constants import AVOGADRO
from kmc.deck_species import MAX_COUNT
from kmc.errors import Problem
from kmc.formulas import ELEMENTS, FormulaError, parse_formula, volume_of_crystal, volume_of_density
from kmc.quantity import Quantity

if TYPE_CHECKING:
    from kmc.deck import Deck, SpeciesDeck

_WITHOUT_ATOMS = ("electrode", "liquid")
"""Phases that need no formula."""


@dataclass(frozen=True)
class Species:
    """What can be on a site.

    Parameters
    ----------
    name : str
    index : int
        Its number on the lattice, from 0, in the order of the deck.
    phase : str
        electrode, liquid, dissolved, solid or gas.
    formula : dict of str to int
        Atoms per site, guests included; empty for the electrode and for a liquid without formula.
    charge : int
        Per site [e].
    units_per_site : int
        Formula units on a site.
    formula_unit : str
        Formula as written in the deck, empty where there is none.
    molar_volume : float, optional
        Of the formula unit [m^3/mol].
    molar_volume_source : str, optional
        Where the molar volume, the density or the crystal comes from.
    label : str
        Name for pictures.
    colour : str, optional
        `#rrggbb`.
    volume : Quantity, optional
        The molar volume with its uncertainty [m^3/mol].
    """

    name: str
    index: int
    phase: str
    formula: dict[str, int]
    charge: int = 0
    units_per_site: int = 1
    formula_unit: str = ""
    molar_volume: float | None = None
    molar_volume_source: str | None = None
    label: str = ""
    colour: str | None = None
    volume: Quantity | None = None


@dataclass(frozen=True)
class SolutionSpecies:
    """A well-mixed species: held at an activity, finite, or only produced and counted.

    Parameters
    ----------
    name : str
    index : int
        Its number in the solution, from 0, in the order of the deck.
    phase : str
        dissolved or gas.
    formula : dict of str to int
        Atoms of a molecule.
    charge : int
        [e]
    activity : Quantity, optional
        [1]; the species is held at it, whatever is consumed.
    count : int, optional
        Molecules at the start; the species is finite. With neither, it may be produced, not consumed.
    concentration : Quantity, optional
        That the count was worked out from [mol/m^3].
    """

    name: str
    index: int
    phase: str
    formula: dict[str, int]
    charge: int = 0
    activity: Quantity | None = None
    count: int | None = None
    concentration: Quantity | None = None

    @property
    def is_finite(self) -> bool:
        """Whether its molecules are in the compartment, each of them counted."""
        return self.count is not None


def compile_species(deck: Deck) -> tuple[tuple[Species, ...], list[Problem]]:
    """Species of the lattice, in the order of the deck.

    Parameters
    ----------
    deck : Deck

    Returns
    -------
    species : tuple of Species
        All of them, those with problems without atoms.
    problems : list of Problem
    """
    problems: list[Problem] = []
    species = []
    for index, (name, entry) in enumerate(deck.species.items()):
        atoms = _atoms(deck, ("species", name), entry.formula, problems)
        formula = {element: entry.units_per_site * number for element, number in atoms.items()}
        for element, number in entry.guest.items():
            if element not in ELEMENTS:
                problems.append(
                    deck.problem(f"there is no element '{element}'", ("species", name, "guest", element))
                )
            formula[element] = formula.get(element, 0) + number
        problems += _electrode_problems(deck, name, entry)
        volume = _volume(deck, name, entry, problems) if atoms else entry.molar_volume
        species.append(
            Species(
                name,
                index,
                entry.phase,
                {} if entry.phase == "electrode" else formula,
                0 if entry.phase == "electrode" else entry.charge,
                entry.units_per_site,
                entry.formula or "",
                None if volume is None else volume.value,
                None if volume is None else volume.source,
                entry.label or name,
                entry.colour,
                volume,
            )
        )
    return tuple(species), problems


def compile_solution(deck: Deck, volume: float | None) -> tuple[tuple[SolutionSpecies, ...], list[Problem]]:
    """Species of the solution, in the order of the deck.

    Parameters
    ----------
    deck : Deck
    volume : float or None, [m^3]
        Of the compartment.

    Returns
    -------
    species : tuple of SolutionSpecies
    problems : list of Problem
        What is wrong with them.
    """
    problems: list[Problem] = []
    species = []
    for index, (name, entry) in enumerate(deck.solution.items()):
        atoms = _atoms(deck, ("solution", name), entry.formula, problems)
        count = entry.count
        if entry.concentration is not None and volume is not None:
            count = _count(deck, name, entry.concentration.value * volume * AVOGADRO, problems)
        species.append(
            SolutionSpecies(
                name, index, entry.phase, atoms, entry.charge, entry.activity, count, entry.concentration
            )
        )
    return tuple(species), problems


def _count(deck: Deck, name: str, molecules: float, problems: list[Problem]) -> int:
    """Whole number of molecules next to one that follows from a concentration; refused if it says nothing."""
    path = ("solution", name, "concentration")
    if not molecules <= MAX_COUNT:
        message = f"'{name}' would have {molecules:.3g} molecules; at most {MAX_COUNT:.3g} are possible"
        problems.append(deck.problem(message, path, "a smaller volume, or 'activity' to hold it"))
        return 0
    if 0.0 < molecules < 0.5:
        message = f"the volume is too small for '{name}': {molecules:.3g} molecules, which is none"
        problems.append(deck.problem(message, path, "a larger volume, or 'count: 0'"))
    return round(molecules)


def atoms_of(species: Species | SolutionSpecies) -> Mapping[str, int]:
    """Atoms and charge of a site or molecule as one mapping, the charge under `charge`."""
    return {**species.formula, "charge": species.charge}


def _atoms(deck: Deck, path: tuple, formula: str | None, problems: list[Problem]) -> dict[str, int]:
    if formula is None:
        return {}
    try:
        return parse_formula(formula)
    except FormulaError as error:
        problems.append(deck.problem(str(error), (*path, "formula")))
        return {}


def _electrode_problems(deck: Deck, name: str, entry: SpeciesDeck) -> list[Problem]:
    """The electrode takes no part in balances; a liquid without formula has no charge and no guests."""
    if entry.phase not in _WITHOUT_ATOMS or (entry.phase == "liquid" and entry.formula is not None):
        return []
    what = (
        "the electrode carries no atoms"
        if entry.phase == "electrode"
        else "a liquid without formula has no atoms"
    )
    given = {"formula": entry.formula, "charge": entry.charge, "guest": entry.guest}
    return [
        deck.problem(f"{what} and no charge; leave out '{key}'", ("species", name, key))
        for key, value in given.items()
        if value
    ]


def _volume(deck: Deck, name: str, entry: SpeciesDeck, problems: list[Problem]) -> Quantity | None:
    """Molar volume of the formula unit, from whichever of the three ways the deck gives."""
    if entry.molar_volume is not None:
        return entry.molar_volume
    if entry.density is not None:
        density = entry.density
        value = volume_of_density(entry.formula, density.value)
        spread = None if density.uncertainty is None else value * density.uncertainty / density.value
        return Quantity(value, spread, density.source, density.method or "from the density", density.where)
    if entry.crystal is None:
        return None
    crystal, path = entry.crystal, ("species", name, "crystal")
    try:
        value = volume_of_crystal(entry.formula, crystal.spacegroup, crystal.cell, crystal.sites)
    except FormulaError as error:
        problems.append(deck.problem(str(error), path))
        return None
    return Quantity(value, None, crystal.source, "from the crystal", deck.locate(path))
