# SPDX-License-Identifier: BSD-3-Clause
"""Units as people write them in the headers of spreadsheets. Floor 7.

`k [M-1 s-1]`, `Ea (kJ mol⁻¹)`, `dG_eV`: what may be the unit of a header, and rate constants in volume per time.
"""

from __future__ import annotations

import re
from functools import lru_cache

from kmc.compartment import STANDARD_CONCENTRATION
from kmc.constants import AVOGADRO
from kmc.units import UnitError, unit_factor, unit_in_si

RATE_UNITS = "1/s, or 1/M/s, L/mol/s, cm^3/s, cm^3/mol/s for two molecules"
"""str: units of rate constants, for messages."""

_SPELLINGS = {"hz": "Hz", "HZ": "Hz", "ev": "eV", "EV": "eV", "Ev": "eV", "mev": "meV", "KJ": "kJ", "kj": "kJ"}
_SPELLINGS |= {"Kcal": "kcal", "KCAL": "kcal", "sec": "s", "dm^3": "L", "l": "L"}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def unit_texts(header: str) -> list[str]:
    """What may be the unit of a header: what stands in square brackets, else in round ones or runs of its later words.

    Parameters
    ----------
    header : str

    Returns
    -------
    texts : list of str
        The most likely first.
    """
    brackets = re.findall(r"\[([^\[\]]+)\]", header)
    if brackets:
        return brackets
    inner = r"\(((?:[^()]|\([^()]*\))+)\)"
    words = [each for each in re.split(r"[\s_,;:]+", re.sub(inner, " ", header).strip()) if each][1:]
    runs = [(start, end) for start in range(len(words)) for end in range(len(words), start, -1)]
    return re.findall(inner, header) + [" ".join(words[start:end]) for start, end in runs]


def energy_unit(text: str, dimension: str) -> float | None:
    """Factor of a unit to the internal one of a dimension; None if it is no unit of it."""
    try:
        return unit_factor(_spelt(text), dimension)
    except UnitError:
        return None


@lru_cache(maxsize=256)
def rate_unit(text: str) -> tuple[float, int] | None:
    """Factor of a unit of rate constants, and the number of molecules that it is of; None if it is none.

    Parameters
    ----------
    text : str
        For example `1/s`, `1/M/s`, `M^-1 s^-1`, `L/mol/s`, `cm3 molecule-1 s-1`.

    Returns
    -------
    factor : float
        To 1/s, for more than one molecule to the rate constant per activity: k c0^(n - 1), and for volumes per molecule
        k (N_A c0)^(n - 1), c0 = 1 mol/L.
    molecules : int
    """
    try:
        factor, exponents = unit_in_si(_spelt(text))
    except UnitError:
        return None
    length, time, *others, amount = exponents
    n_more, rest = divmod(length, 3)
    if time != -1 or rest or n_more not in (0, 1, 2) or any(others) or amount not in (0, -n_more):
        return None
    per_molecule = AVOGADRO if amount == 0 else 1.0
    return factor * (per_molecule * STANDARD_CONCENTRATION) ** n_more, 1 + n_more


def _spelt(text: str) -> str:
    """A unit as people write it, as `kmc.units` reads it."""
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda found: "^" + found[0].translate(_SUPERSCRIPTS), text.strip())
    text = text.replace("\u2212", "-").replace("·", " ").replace("⋅", " ").replace("**", "^").replace("*", " ")
    while (found := re.search(r"/\s*\(([^()]*)\)", text)) is not None:
        text = text[: found.start()] + "".join(f"/{each}" for each in found[1].split()) + text[found.end() :]
    text = re.sub(r"([A-Za-z])(-?[0-9])", r"\1^\2", text)
    text = re.sub(r"/?\s*\b(molecules?|particles?)\b(\^-1)?", "", text)
    words = re.split(r"([A-Za-z]+(?:\^3\b)?)", text)
    text = "".join(_SPELLINGS.get(each, each) for each in words)
    text = re.sub(r"(^|/|\s)\s*M\^(-?[0-9])(?![0-9])", lambda m: f"{m[1]}mol^{m[2]} {m[1]}L^{-int(m[2])}", text)
    return re.sub(r"/\s*M\b", "/mol L", text).strip()
