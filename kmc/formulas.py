# SPDX-License-Identifier: BSD-3-Clause
"""Chemical formulas: atoms, molar masses and molar volumes. Floor 1.

Formulas are strict: element symbols, whole numbers, brackets. The charge stands apart, in its own key. Plain
formulas are read here; pymatgen, which takes a second to import, is asked for brackets, masses and crystals.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from kmc.constants import AVOGADRO

MAX_AMOUNT = 9999
"""Largest number after an element or a bracket."""

ELEMENTS = frozenset(
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr "
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu "
    "Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr "
    "Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og".split()
)
"""Symbols of the elements."""

_TOKEN = re.compile(r"([A-Z][a-z]?|[)\]])([0-9]*)|[(\[]")
_CLOSING = {")": "(", "]": "["}
_MAX_LENGTH = 100
_SHORTEST_BOND = 0.5  # angstrom; below it two atoms of a crystal are a mistake


class FormulaError(ValueError):
    """A text is not a chemical formula, or a structure does not fit its formula; the message says why."""


@lru_cache(maxsize=1024)
def _atoms(text: str) -> tuple[tuple[str, int], ...]:
    """Elements with their numbers, in the order of the text."""
    if len(text) > _MAX_LENGTH:
        raise FormulaError(f"a formula has at most {_MAX_LENGTH} characters")
    tokens = _tokens(text)
    if not any(symbol in _CLOSING for symbol, _ in tokens):
        counts: dict[str, int] = {}
        for symbol, number in tokens:
            counts[symbol] = counts.get(symbol, 0) + number
        return tuple(counts.items())
    from pymatgen.core import Composition

    atoms = tuple((element.symbol, round(amount)) for element, amount in Composition(text).items())
    if any(number > MAX_AMOUNT for _, number in atoms):
        raise FormulaError(f"'{text}' has more than {MAX_AMOUNT} atoms of one element")
    return atoms


def parse_formula(text: str) -> dict[str, int]:
    """Atoms of a formula.

    Parameters
    ----------
    text : str
        For example `Li2CO3` or `Li(OCH2)2`; the charge is no part of it.

    Returns
    -------
    dict of str to int
        Number of atoms of each element.

    Raises
    ------
    FormulaError  if it is no formula.
    """
    return dict(_atoms(text))


def _tokens(text: str) -> list[tuple[str, int]]:
    """Elements and closing brackets with their numbers; refuses everything else."""
    tokens: list[tuple[str, int]] = []
    opened: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormulaError(f"'{text}' is not a formula: {_fault(text, position)}")
        symbol, digits = match.groups()
        if symbol is None:
            opened.append(match[0])
        else:
            _check_token(text, symbol, digits, opened, empty=text[position - 1 : position] in ("(", "["))
            tokens.append((symbol, int(digits or 1)))
        position = match.end()
    if opened or not tokens:
        raise FormulaError(
            f"'{text}' is not a formula: {'a bracket stays open' if opened else 'it is empty'}"
        )
    return tokens


def _check_token(text: str, symbol: str, digits: str, opened: list[str], empty: bool) -> None:
    """Refuse unknown elements, brackets that do not match and odd numbers; closes brackets."""
    fault = None
    if symbol in _CLOSING:
        if empty or not opened or opened.pop() != _CLOSING[symbol]:
            fault = f"'{symbol}' closes nothing"
    elif symbol not in ELEMENTS:
        fault = f"there is no element '{symbol}'"
    if digits and (digits[0] == "0" or len(digits) > 4):
        fault = f"number '{digits[:9]}' after '{symbol}'; whole numbers from 1 to {MAX_AMOUNT} are possible"
    if fault:
        raise FormulaError(f"'{text}' is not a formula: {fault}")


def _fault(text: str, position: int) -> str:
    """Why the character at a position cannot stand there."""
    character = text[position]
    if character in "+-":
        return "the charge stands apart, in 'charge'"
    if character == "." and text[position - 1 : position].isdigit():
        return "numbers of atoms are whole"
    if character.isspace():
        return "it holds a blank"
    if character.islower():
        return f"element symbols start with a capital letter, not '{character}'"
    if character in "0123456789":
        return f"'{character}' follows no element"
    return f"'{character}' has no meaning in a formula"


@lru_cache(maxsize=1024)
def molar_mass(text: str) -> float:
    """Molar mass of a formula, [kg/mol]."""
    parse_formula(text)
    from pymatgen.core import Composition

    return float(Composition(text).weight) * 1e-3


def volume_of_density(text: str, density: float) -> float:
    """Molar volume of a substance [m^3/mol] from its formula and density [kg/m^3]."""
    return molar_mass(text) / density


def volume_of_crystal(
    text: str,
    spacegroup: str,
    cell: Sequence[float],
    sites: Mapping[str, Sequence[Sequence[float]]],
) -> float:
    """Molar volume of the formula unit of a crystal.

    Parameters
    ----------
    text : str
        Formula unit.
    spacegroup : str
        International symbol or number.
    cell : sequence of 6 float
        a, b, c [angstrom], alpha, beta, gamma [degree].
    sites : mapping of str to sequence of (x, y, z)
        Fractional coordinates of the inequivalent atoms of each element.

    Returns
    -------
    float
        [m^3/mol]

    Raises
    ------
    FormulaError  if there is no such crystal, or it does not consist of the formula units.
    """
    unit = parse_formula(text)
    unknown = [element for element in sites if element not in ELEMENTS]
    if unknown:
        raise FormulaError(f"there is no element '{unknown[0]}'")
    crystal = _crystal(spacegroup, cell, sites)
    atoms = {element.symbol: round(amount) for element, amount in crystal.composition.items()}
    element, number = next(iter(unit.items()))
    units = atoms.get(element, 0) // number
    if units == 0 or atoms != {each: units * amount for each, amount in unit.items()}:
        found = "".join(f"{each}{amount}" for each, amount in atoms.items())
        raise FormulaError(f"the cell of the crystal holds {found}, which is no multiple of {text}")
    return crystal.volume * 1e-30 * AVOGADRO / units


def _crystal(spacegroup: str, cell: Sequence[float], sites: Mapping[str, Sequence[Sequence[float]]]):
    """Crystal as a pymatgen Structure, or a `FormulaError`."""
    from pymatgen.core import Lattice, Structure

    symbol = int(spacegroup) if re.fullmatch("[0-9]{1,3}", str(spacegroup)) else str(spacegroup)
    pairs = [(element, position) for element, positions in sites.items() for position in positions]
    if not pairs:
        raise FormulaError("the crystal has no atoms")
    if not _has_volume(cell[3:]):
        raise FormulaError(f"no cell has the angles {', '.join(f'{angle:g}' for angle in cell[3:])}")
    try:
        lattice = Lattice.from_parameters(*cell)
        crystal = Structure.from_spacegroup(symbol, lattice, *map(list, zip(*pairs, strict=True)))
    except (ValueError, KeyError, ArithmeticError, IndexError) as error:
        raise FormulaError(f"no crystal with space group '{spacegroup}': {_first_line(error)}") from None
    if not crystal.is_valid(tol=_SHORTEST_BOND):
        raise FormulaError(f"two atoms of the crystal are closer than {_SHORTEST_BOND} angstrom")
    return crystal


def _has_volume(angles: Sequence[float]) -> bool:
    """Whether three angles [degree] span a cell; pymatgen takes any."""
    if not all(0.0 < angle < 180.0 for angle in angles):
        return False
    a, b, c = (math.cos(math.radians(angle)) for angle in angles)
    return 1.0 - a * a - b * b - c * c + 2.0 * a * b * c > 1e-6


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:120]
