# SPDX-License-Identifier: BSD-3-Clause
"""Colours of species in pictures: one table, safe for colour-blind readers (floor 7).

In: a `Result`. Out: a `Legend` that gives every lattice species its colour and the group it is listed under.
A compound has one hue wherever it occurs; sites of it that are half filled are lighter, those that hold a
guest darker. A colour that the deck gives wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kmc.result import Result

ELECTRODE = "#5a5a5a"
LIQUID = "#f3f7fb"
DISSOLVED = "#882255"

# Hues of Okabe and Ito, https://jfly.uni-koeln.de/color/, given to compounds so that neighbours in a film
# differ in lightness as well as in hue.
COMPOUNDS = {
    "Li2CO3": "#0072b2",
    "C4H4Li2O6": "#e69f00",
    "C4H4Li3O6": "#d55e00",
    "C2H4Li2O2": "#009e73",
    "LiF": "#56b4e9",
    "Li2O": "#cc79a7",
    "Li2C2O4": "#44aa99",
    "C3H5LiO3": "#ddcc77",
    "LiOH": "#aa4499",
    "Li": "#332288",
}
# For compounds that the table does not know: muted colours of P. Tol, https://sronpersonalpages.nl/~pault/.
SPARE = ("#f0e442", "#117733", "#88ccee", "#cc6677", "#999933", "#661100", "#6699cc", "#aa4466")


@dataclass(frozen=True)
class Legend:
    """Colour of every lattice species.

    Attributes
    ----------
    colours : float64, shape (n_species, 3)
        Red, green and blue between 0 and 1, at the species index of the lattice.
    labels : list of str
        Names for the legend.
    phases : list of str
    """

    colours: np.ndarray
    labels: list[str]
    phases: list[str]

    @property
    def solids(self) -> list[int]:
        """List of int: indexes of the solid species."""
        return [k for k, phase in enumerate(self.phases) if phase == "solid"]

    @property
    def dissolved(self) -> list[int]:
        """List of int: indexes of the dissolved species."""
        return [k for k, phase in enumerate(self.phases) if phase == "dissolved"]


def legend_of(result: Result) -> Legend:
    """Colours of the lattice species of a run.

    Parameters
    ----------
    result : Result

    Returns
    -------
    legend : Legend
    """
    data = result.data
    data = data.isel(species=data["compartment"].values == "lattice")
    phases, formulas = data["phase"].values.tolist(), data["formula"].values.tolist()
    units, lithium = data["units_per_site"].values, data["lithium_number"].values
    hues = _hues([f for f, phase in zip(formulas, phases, strict=True) if phase == "solid"])
    colours = []
    for k, phase in enumerate(phases):
        given = str(data["colour"].values[k])
        if given:
            colour = _rgb(given)
        elif phase == "solid":
            alike = [i for i, f in enumerate(formulas) if f == formulas[k] and phases[i] == "solid"]
            colour = _shade(_rgb(hues[formulas[k]]), k, alike, units, lithium)
        else:
            colour = _rgb({"electrode": ELECTRODE, "dissolved": DISSOLVED}.get(phase, LIQUID))
        colours.append(colour)
    return Legend(np.array(colours), [pretty(label) for label in data["label"].values.tolist()], phases)


def pretty(label: str) -> str:
    """A label with the numbers of a formula as subscripts.

    Parameters
    ----------
    label : str

    Returns
    -------
    text : str
        ``Li₂CO₃`` for ``Li2CO3``; numbers that follow no element or bracket stay.
    """
    out = ""
    for previous, character in zip(" " + label, label, strict=False):
        after_atom = previous.isalpha() or previous in ")]" or (out and out[-1] in _SUBSCRIPTS.values())
        out += _SUBSCRIPTS[character] if character in _SUBSCRIPTS and after_atom else character
    return out


_SUBSCRIPTS = dict(zip("0123456789", "₀₁₂₃₄₅₆₇₈₉", strict=True))


def _hues(formulas: list[str]) -> dict[str, str]:
    """One colour per compound."""
    hues, spare = {}, list(SPARE)
    for formula in dict.fromkeys(formulas):
        if formula not in COMPOUNDS and not spare:
            spare = list(SPARE)
        hues[formula] = COMPOUNDS[formula] if formula in COMPOUNDS else spare.pop(0)
    return hues


def _shade(
    colour: np.ndarray, k: int, alike: list[int], units: np.ndarray, lithium: np.ndarray
) -> np.ndarray:
    """Lighter for a site with fewer units than others of its compound, darker for one with a guest."""
    most = max(units[i] for i in alike)
    if units[k] < most:
        return colour + (1.0 - colour) * 0.55
    least = min(lithium[i] for i in alike if units[i] == most)
    return colour * (0.62 if lithium[k] > least else 1.0)


def _rgb(code: str) -> np.ndarray:
    return np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
