# SPDX-License-Identifier: BSD-3-Clause
"""Which rate law the numbers of a line of a table allow, electron transfer above all. Floor 7.

A reorganization energy with a standard potential, or with a free energy at a known potential, gives a law that follows
the potential. A barrier or a rate constant alone does not, and whoever imports one is told so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kmc.equation import Equation
from kmc.import_columns import CellError
from kmc.import_species import NamedSpecies
from kmc.rates import RATE_LAWS

REORGANIZATION = ("inner-reorganization-energy", "outer-reorganization-energy", "reorganization-energy")
"""Quantities that say that a line is electron transfer after Marcus."""

_FREE_ENERGY, _POTENTIAL = "reaction-free-energy", "standard-potential"


@dataclass(frozen=True)
class ElectronTransfer:
    """How lines of electron transfer are read.

    Parameters
    ----------
    law : str
        Of lines with reorganization energies.
    outer : str, optional
        Outer reorganization energy as YAML, for lines that have the inner one only.
    potential : float, [V vs Li/Li+]
        Of the electrode that the free energies, barriers and rate constants of the table hold for.
    """

    law: str = "marcus"
    outer: str | None = None
    potential: float = 0.0


def electrons_of(equation: Equation, by_name: Mapping[str, NamedSpecies]) -> int:
    """Electrons that a reaction takes from the electrode: as written, else as its charges demand.

    Parameters
    ----------
    equation : Equation
    by_name : mapping of str to NamedSpecies

    Returns
    -------
    electrons : int
        0 where nobody knows.
    """
    terms = (*equation.left, *equation.right)
    if equation.electrons or any(term.name not in by_name for term in terms):
        return equation.electrons
    left, right = (
        sum(term.coefficient * by_name[term.name].charge for term in side) for side in (equation.left, equation.right)
    )
    return left - right


def law_of(given: str, values: Mapping[str, float], transfer: ElectronTransfer) -> str:
    """Rate law of a line: the one that it names, else the one that its numbers allow.

    Raises
    ------
    CellError  if there is no such law, or the numbers allow none.
    """
    if given:
        law = "-".join(given.lower().replace("_", " ").split())
        if law not in RATE_LAWS:
            raise CellError(f"there is no rate law '{given}'; there is {', '.join(RATE_LAWS)}")
        return law
    if set(REORGANIZATION) & set(values):
        return transfer.law
    if _POTENTIAL in values and "prefactor" in values:
        return "butler-volmer"
    if "barrier" in values:
        return "arrhenius" if "prefactor" in values else "eyring"
    if "rate-constant" in values:
        return "constant"
    raise CellError("has neither a rate constant nor a barrier nor a standard potential with what it needs")


def completed(
    law: str, values: Mapping[str, float], electrons: int, transfer: ElectronTransfer
) -> tuple[dict[str, float], dict[str, str], tuple[str, ...]]:
    """Values of a line with those that follow from others.

    Parameters
    ----------
    law : str
    values : mapping of str to float
        In internal units.
    electrons : int
        Taken from the electrode.
    transfer : ElectronTransfer

    Returns
    -------
    values : dict of str to float
    texts : dict of str to str
        Parameters as YAML.
    notes : tuple of str
        What was worked out, and how.

    Raises
    ------
    CellError  if something is missing, or contradicts itself.
    """
    found, texts, notes = dict(values), {}, []
    if not RATE_LAWS[law].uses_potential:
        return found, texts, ()
    if _POTENTIAL not in found and _FREE_ENERGY in found:
        if not electrons:
            raise CellError(
                "has a free energy instead of a standard potential, but which way goes the electron? Write e-, or give "
                "the charges of the species (--species)"
            )
        # dG = E - E0 of a reduction and E0 - E of an oxidation.
        found[_POTENTIAL] = transfer.potential - electrons * found.pop(_FREE_ENERGY)
        notes.append(
            f"the standard potential follows from the free energy, taken to hold at {transfer.potential:g} V vs Li/Li+ "
            "(--potential), electron included"
        )
    if "outer-reorganization-energy" in RATE_LAWS[law].parameters:
        texts, more = _reorganization(law, found, transfer)
        notes += more
    return found, texts, tuple(notes)


def _reorganization(
    law: str, found: dict[str, float], transfer: ElectronTransfer
) -> tuple[dict[str, str], list[str]]:
    """Inner and outer reorganization energy of a line, and what there is to say about them."""
    inner, outer, total = REORGANIZATION
    whole = found.pop(total, None)
    if whole is not None and not {inner, outer} <= set(found):
        given = next((name for name in (inner, outer) if name in found), None)
        rest = whole - found.get(given, 0.0)
        if rest < 0.0:
            raise CellError(f"its {given.replace('-', ' ')} is above its reorganization energy of {whole:g} eV")
        found[outer if given == inner else inner] = rest
        if given is None:
            found[outer] = 0.0
            return {}, ["the reorganization energy is that of molecule and solvent together, and stands as inner one"]
        return {}, []
    if outer in found:
        return {}, []
    if transfer.outer is None:
        message = "has no outer reorganization energy, which rate law "
        raise CellError(f"{message}'{law}' needs: --outer-reorganization-energy, for example '0.32 eV'")
    return {outer: transfer.outer}, ["outer reorganization energy " + transfer.outer + ", not in the table"]
