# SPDX-License-Identifier: BSD-3-Clause
"""Equations and names as people write them in spreadsheets, and what is odd about them. Floor 7."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from kmc.equation import ELECTRON, Equation, EquationError, parse_equation
from kmc.import_columns import CellError

_ELECTRONS = re.compile(r"(?<!\S)(e|e⁻|e−|e\^-|e\(-\)|e\{-\}|E-|electron)(?!\S)")
_ARROWS = ((re.compile(r"\s(->|-->|→|⟶)\s"), " => "), (re.compile(r"\s(<->|<-->|⇌|↔|⇄)\s"), " <=> "))
_ARROW_WITHIN = re.compile(r"\S(=>|->|→|⇌|↔)|(=>|->|→|⇌|↔)\S")
_ADSORBED = re.compile(r".*(\*|\((s|ads|surf)\)|_ads|_s)$")
_COEFFICIENT = re.compile(r"([1-9][0-9]?)([A-Za-z(].*)")
_PLUS_WITHIN = re.compile(r".*[A-Za-z0-9)\-]\+[A-Za-z(].*")


def read_equation(text: str, reactants: str, products: str) -> Equation:
    """The reaction of a line.

    Parameters
    ----------
    text : str
        As an equation; empty: as the two sides.
    reactants, products : str

    Returns
    -------
    Equation

    Raises
    ------
    CellError  if it is none, or no elementary step.
    """
    if not text:
        missing = [name for name, side in (("reactants", reactants), ("products", products)) if not side]
        if missing:
            raise CellError(f"has no {' and no '.join(missing)}")
        text = f"{reactants} => {products}"
    shown, text = text, f" {text} "
    for arrow, ours in _ARROWS:
        text = arrow.sub(ours, text)
    text = _ELECTRONS.sub(ELECTRON, text).strip()
    if "=>" not in text.split() and "<=>" not in text.split() and _ARROW_WITHIN.search(text):
        raise CellError(f"'{shown}': blanks stand around the arrow and around +, as in 'Li+ + EC => LiEC+'")
    try:
        equation = parse_equation(text)
    except EquationError as error:
        raise CellError(f"'{shown}': {error}") from None
    if abs(equation.electrons) > 1:
        raise CellError(f"'{shown}': an elementary step transfers one electron")
    return equation


def coefficient_within(name: str, names: Collection[str]) -> str | None:
    """What a name such as `2A` was probably meant to be; None if it is a name.

    Parameters
    ----------
    name : str
    names : collection of str
        Of all species.

    Returns
    -------
    str or None
        For example `2 A`, if there is a species A.
    """
    match = _COEFFICIENT.fullmatch(name)
    return f"{match[1]} {match[2]}" if match and match[2] in names else None


def oddities(name: str) -> Iterator[str]:
    """What is to be told about a name: it may have been meant otherwise.

    Parameters
    ----------
    name : str

    Yields
    ------
    str
        A sentence without the name.
    """
    if _COEFFICIENT.fullmatch(name):
        yield "names that begin with a number, which are taken as they are; a coefficient stands apart, as in '2 A'"
    if _PLUS_WITHIN.fullmatch(name):
        yield "names with a + inside, each taken for one species; a + between species stands between blanks"
    if _ADSORBED.fullmatch(name):
        yield "names that look adsorbed, in a deck without lattice: these species stand in the solution"
