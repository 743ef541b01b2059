# SPDX-License-Identifier: BSD-3-Clause
"""Numbers with units, as people write them. Floor 0.

`parse_quantity("0.477 +- 0.1 eV", "energy")` gives `(0.477, 0.1)`. Units are spelt as in Cantera: `*`, `/`,
`^` between the names of `UNITS`. Values come out in the internal unit of their dimension (`DIMENSIONS`):
energy eV, potential V, everything else SI. An energy per mole is taken per molecule. `parse_range` reads
`0.40 .. 0.685 eV`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from kmc.constants import AVOGADRO, ELEMENTARY_CHARGE, SPEED_OF_LIGHT
from kmc.errors import did_you_mean

Exponents = tuple[int, int, int, int, int, int]
"""Powers of metre, second, kilogram, kelvin, ampere, mole."""


RANGE = ".."
"""What stands between the ends of a range."""


class UnitError(ValueError):
    """A text is not a number with a unit of the expected dimension; the message says what was expected."""


@dataclass(frozen=True)
class Dimension:
    """A kind of physical quantity.

    Parameters
    ----------
    name : str
        As in decks and messages.
    exponents : tuple of 6 int
        Powers of m, s, kg, K, A, mol.
    unit : str
        Internal unit.
    example : str
        A value as one would write it.
    scale : Fraction
        Internal units per SI unit.
    others : tuple of (tuple of 6 int, Fraction)
        Units of other exponents that are taken as well, such as J/mol for an energy, each with the internal units
        per SI unit of them.
    """

    name: str
    exponents: Exponents
    unit: str
    example: str
    scale: Fraction = Fraction(1)
    others: tuple[tuple[Exponents, Fraction], ...] = ()

    @property
    def described(self) -> str:
        """The dimension in a sentence, for example "an energy"."""
        if self.name == "dimensionless":
            return "a plain number"
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    @property
    def expected(self) -> str:
        """What a message says was expected, for example "an energy such as '0.5 eV'"."""
        return f"{self.described} such as '{self.example}'"


# Factors are exact fractions, so that "12 1/nm" is the double nearest to 1.2e10 and not one beside it.
_EV = Fraction(str(ELEMENTARY_CHARGE))
_MOLE = Fraction(str(AVOGADRO))
_PLANCK = Fraction("6.62607015e-34")  # J s
_ENERGY: Exponents = (2, -2, 1, 0, 0, 0)
_ENERGY_PER_MOLE: Exponents = (2, -2, 1, 0, 0, -1)
# A vibration is written as a wavenumber (times c), as the energy of its quantum (over h) or in cycles per time.
_VIBRATION = (((-1, 0, 0, 0, 0, 0), Fraction(SPEED_OF_LIGHT)), (_ENERGY, 1 / _PLANCK))

DIMENSIONS: dict[str, Dimension] = {
    dimension.name: dimension
    for dimension in (
        Dimension("dimensionless", (0, 0, 0, 0, 0, 0), "1", "0.5"),
        Dimension("energy", _ENERGY, "eV", "0.5 eV", 1 / _EV, ((_ENERGY_PER_MOLE, 1 / _EV / _MOLE),)),
        Dimension("length", (1, 0, 0, 0, 0, 0), "m", "0.5 nm"),
        Dimension("time", (0, 1, 0, 0, 0, 0), "s", "1 ms"),
        Dimension("temperature", (0, 0, 0, 1, 0, 0), "K", "298.15 K"),
        Dimension("temperature difference", (0, 0, 0, 1, 0, 0), "K", "0.5 K"),
        Dimension("temperature rate", (0, -1, 0, 1, 0, 0), "K/s", "1 K/min"),
        Dimension("potential", (2, -3, 1, 0, -1, 0), "V", "0.1 V"),
        Dimension("potential rate", (2, -4, 1, 0, -1, 0), "V/s", "10 mV/s"),
        Dimension("diffusivity", (2, -1, 0, 0, 0, 0), "m^2/s", "1e-10 m^2/s"),
        Dimension("molar volume", (3, 0, 0, 0, 0, -1), "m^3/mol", "95.8 cm^3/mol"),
        Dimension("density", (-3, 0, 1, 0, 0, 0), "kg/m^3", "1.69 g/cm^3"),
        Dimension("decay", (-1, 0, 0, 0, 0, 0), "1/m", "12 1/nm"),
        Dimension("rate constant", (0, -1, 0, 0, 0, 0), "1/s", "1e6 1/s"),
        Dimension("concentration", (-3, 0, 0, 0, 0, 1), "mol/m^3", "1 mol/L"),
        Dimension("frequency", (0, -1, 0, 0, 0, 0), "1/s", "250 1/cm", others=_VIBRATION),
        Dimension(
            "entropy", (2, -2, 1, -1, 0, 0), "eV/K", "1e-3 eV/K", 1 / _EV, (((2, -2, 1, -1, 0, -1), 1 / _EV / _MOLE),)
        ),
        Dimension("potential slope", (2, -3, 1, -1, -1, 0), "V/K", "1 mV/K"),
        Dimension("pressure", (-1, -2, 1, 0, 0, 0), "Pa", "1 bar"),
        Dimension("molar mass", (0, 0, 1, 0, 0, -1), "kg/mol", "88 g/mol"),
        Dimension("area", (2, 0, 0, 0, 0, 0), "m^2", "0.25 nm^2"),
        Dimension("volume", (3, 0, 0, 0, 0, 0), "m^3", "1e-24 m^3"),
    )
}
"""Every dimension a deck can ask for, by name."""


def _unit_table() -> dict[str, tuple[Fraction, Exponents]]:
    length, time, mass = (1, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0)
    energy, potential = (2, -2, 1, 0, 0, 0), (2, -3, 1, 0, -1, 0)
    volume, frequency = (3, 0, 0, 0, 0, 0), (0, -1, 0, 0, 0, 0)
    current, amount, pressure = (0, 0, 0, 0, 1, 0), (0, 0, 0, 0, 0, 1), (-1, -2, 1, 0, 0, 0)
    groups: list[tuple[Exponents, dict[str, float]]] = [
        (energy, {"eV": ELEMENTARY_CHARGE, "meV": 1.602176634e-22, "J": 1.0, "kJ": 1e3}),
        (energy, {"cal": 4.184, "kcal": 4184.0}),
        (length, {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "micron": 1e-6}),
        (length, {"nm": 1e-9, "angstrom": 1e-10, "Å": 1e-10, "pm": 1e-12}),
        (time, {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "ps": 1e-12, "fs": 1e-15}),
        (time, {"min": 60.0, "h": 3600.0, "d": 86400.0, "yr": 31557600.0}),
        (frequency, {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9, "THz": 1e12}),
        ((0, 0, 0, 1, 0, 0), {"K": 1.0}),
        (potential, {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "µV": 1e-6}),
        (mass, {"kg": 1.0, "g": 1e-3, "mg": 1e-6}),
        (volume, {"L": 1e-3, "mL": 1e-6}),
        (current, {"A": 1.0, "mA": 1e-3}),
        (amount, {"mol": 1.0, "mmol": 1e-3, "kmol": 1e3}),
        (pressure, {"Pa": 1.0, "kPa": 1e3, "MPa": 1e6, "bar": 1e5, "mbar": 1e2, "atm": 101325.0}),
    ]
    return {
        name: (Fraction(str(factor)), exponents)
        for exponents, names in groups
        for name, factor in names.items()
    }


UNITS: dict[str, tuple[Fraction, Exponents]] = _unit_table()
"""Every unit name with its value in SI and its exponents; `degC` is apart, because it has an offset."""

# Two characters exist for micro, and two for angstrom; people paste either.
_SAME_CHARACTER = str.maketrans(
    {"\u03bc": "\u00b5", "\u212b": "\u00c5", "\u2212": "-", "\u00b7": "*", "\u22c5": "*"}
)
_CELSIUS = ("degC", "°C")
_CELSIUS_OFFSET = Fraction("273.15")
_SPELT_OUT = {
    "C": "degC",
    "hour": "h",
    "hours": "h",
    "day": "d",
    "days": "d",
    "year": "yr",
    "years": "yr",
    "sec": "s",
}
_SPELT_OUT |= {"second": "s", "seconds": "s", "minutes": "min", "a": "yr", "ev": "eV", "M": "mol/L"}

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_QUANTITY = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?:(?:\+-|\+/-|±)\s*(?P<uncertainty>\S*))?\s*(?P<unit>.*)", re.DOTALL
)
_UNCERTAINTY = re.compile(rf"(?P<number>{_NUMBER})(?P<unit>.*)", re.DOTALL)
_NUMBER_ALONE = re.compile(rf"\s*(?:{_NUMBER})\s*")
_FACTOR = re.compile(r"\s*([*/]?)\s*(1(?![0-9.])|[A-Za-zµÅ°%]+)(?:\s*\^\s*(-?[0-9])(?![0-9.]))?")


def parse_quantity(text: str, dimension: str) -> tuple[float, float | None]:
    """Value and uncertainty of a written quantity, in internal units.

    Parameters
    ----------
    text : str
        `NUMBER [+- NUMBER] [UNIT]`, for example `0.477 +- 0.1 eV`, `12 1/nm`, `25 degC`, `30 kJ/mol`.
    dimension : str
        A key of `DIMENSIONS`.

    Returns
    -------
    value : float
    uncertainty : float or None

    Raises
    ------
    UnitError  if the text is no number, or its unit is missing, unknown or of another dimension.
    """
    wanted = DIMENSIONS[dimension]
    number, uncertainty, unit = _split(text, wanted)
    if not unit and dimension != "dimensionless":
        raise UnitError(f"'{_short(text)}' has no unit; expected {wanted.expected}")
    factor, offset = _conversion(unit, wanted, text)
    value = _product(number, factor, offset)
    spread = None if uncertainty is None else _product(uncertainty, factor)
    if not math.isfinite(value) or not math.isfinite(spread or 0.0):
        raise UnitError(f"'{_short(text)}' is not a finite number")
    return value, spread


def parse_range(text: str, dimension: str) -> tuple[float, float]:
    """Lowest and highest value of a written range, in internal units.

    Parameters
    ----------
    text : str
        `NUMBER [UNIT] .. NUMBER UNIT`, for example `0.40 .. 0.685 eV`; without a unit of its own the first number has
        that of the second.
    dimension : str
        A key of `DIMENSIONS`.

    Returns
    -------
    low, high : float
        low < high.

    Raises
    ------
    UnitError  if an end is no quantity, carries an uncertainty, or the ends are not in order.
    """
    first, _, second = text.translate(_SAME_CHARACTER).partition(RANGE)
    high, spread = parse_quantity(second, dimension)
    unit = _split(second, DIMENSIONS[dimension])[2]
    low, more = parse_quantity(f"{first} {unit}" if _NUMBER_ALONE.fullmatch(first) else first, dimension)
    if spread is not None or more is not None:
        raise UnitError(f"'{_short(text)}': the ends of a range carry no uncertainty")
    if not low < high:
        raise UnitError(f"'{_short(text)}' is no range: its first value is not below its second")
    return low, high


def unit_factor(unit: str, dimension: str) -> float:
    """Internal units per given unit.

    Parameters
    ----------
    unit : str
        For example `kJ/mol`. Celsius has an offset and is refused.
    dimension : str
        A key of `DIMENSIONS`.

    Raises
    ------
    UnitError  if the unit is unknown or of another dimension.
    """
    factor, offset = _conversion(unit.translate(_SAME_CHARACTER).strip(), DIMENSIONS[dimension], unit)
    if offset:
        raise UnitError(f"'{unit}' has an offset; expected a unit such as '{DIMENSIONS[dimension].unit}'")
    return float(factor)


def unit_in_si(unit: str) -> tuple[float, Exponents]:
    """A unit of any dimension.

    Parameters
    ----------
    unit : str
        For example `cm^3/s`.

    Returns
    -------
    factor : float
        SI units per given unit.
    exponents : tuple of 6 int
        Powers of m, s, kg, K, A, mol.

    Raises
    ------
    UnitError  if it is no unit.
    """
    factor, exponents = _parse_unit(unit.translate(_SAME_CHARACTER).strip())
    return float(factor), exponents


def check_unit(unit: str, dimension: str) -> None:
    """Raise `UnitError` unless `unit` is a unit of the dimension (Celsius included)."""
    _conversion(unit.translate(_SAME_CHARACTER).strip(), DIMENSIONS[dimension], unit)


def _product(number: str, factor: Fraction, offset: Fraction = Fraction(0)) -> float:
    """Value of number * factor + offset, rounded once (plain floats for unwieldy numbers)."""
    rough = float(number)
    if not 1e-200 < abs(rough) < 1e200 or len(number) > 40:
        return rough * float(factor) + float(offset)
    return float(Fraction(number) * factor + offset)


def _split(text: str, wanted: Dimension) -> tuple[str, str | None, str]:
    """Cut a quantity into number, uncertainty and unit text."""
    clean = text.translate(_SAME_CHARACTER).strip()
    match = _QUANTITY.fullmatch(clean)
    if match is None:
        if re.match(r"[+-]?\.?(inf|nan)", clean, re.IGNORECASE):
            raise UnitError(f"'{_short(text)}' is not a finite number; expected {wanted.expected}")
        raise UnitError(f"'{_short(text)}' does not start with a number; expected {wanted.expected}")
    unit = match["unit"].strip()
    if unit[:1] == ",":
        raise UnitError(f"'{_short(text)}': a decimal comma is not understood; write a decimal point")
    uncertainty = None
    if match["uncertainty"] is not None:
        spread = _UNCERTAINTY.fullmatch(match["uncertainty"])
        if spread is None:
            raise UnitError(
                f"'{_short(text)}' has no number after '+-'; expected for example '0.5 +- 0.1 eV'"
            )
        uncertainty = spread["number"]
        unit = (spread["unit"] + unit).strip() if not unit else f"{spread['unit']} {unit}".strip()
        if float(uncertainty) < 0.0:
            raise UnitError(f"'{_short(text)}': an uncertainty cannot be negative")
    return match["number"], uncertainty, unit


def _conversion(unit: str, wanted: Dimension, text: str) -> tuple[Fraction, Fraction]:
    """Factor and offset from a unit to the internal unit of the wanted dimension."""
    if unit in _CELSIUS and wanted.name in ("temperature", "temperature difference"):
        return Fraction(1), _CELSIUS_OFFSET if wanted.name == "temperature" else Fraction(0)
    factor, exponents = _parse_unit(unit)
    if exponents == wanted.exponents:
        return factor * wanted.scale, Fraction(0)
    for others, scale in wanted.others:
        if exponents == others:
            return factor * scale, Fraction(0)
    raise UnitError(f"'{_short(text)}' is {_kind(exponents, unit)}; expected {wanted.expected}")


@lru_cache(maxsize=1024)
def _parse_unit(unit: str) -> tuple[Fraction, Exponents]:
    """Value in SI and exponents of a unit expression."""
    factor, exponents, position = Fraction(1), [0] * 6, 0
    while position < len(unit):
        match = _FACTOR.match(unit, position)
        # the first factor takes no operator; a blank between two factors multiplies
        if match is None or (position == 0 and match[1]):
            raise UnitError(f"'{_short(unit)}' is not a unit; units are written like 'm^2/s' or '1/nm'")
        operator, name, power = match.groups()
        value, powers = _unit(name, unit)
        signed = int(power or 1) * (-1 if operator == "/" else 1)
        factor *= value**signed
        exponents = [total + signed * each for total, each in zip(exponents, powers, strict=True)]
        position = match.end()
    return factor, tuple(exponents)


def _unit(name: str, unit: str) -> tuple[Fraction, Exponents]:
    """Value and exponents of one unit name."""
    if name == "1":
        return Fraction(1), (0,) * 6
    if name in UNITS:
        return UNITS[name]
    if name in _CELSIUS:
        if unit in _CELSIUS:
            return Fraction(1), DIMENSIONS["temperature"].exponents
        raise UnitError(f"'{_short(unit)}': degC has an offset and stands alone; write K")
    guess = (
        f", did you mean '{_SPELT_OUT[name]}'?"
        if name in _SPELT_OUT
        else did_you_mean(name, [*UNITS, "degC"])
    )
    # the list of all units would be no help
    raise UnitError(f"unknown unit '{_short(name)}'{guess if guess.startswith(', did') else ''}")


def _kind(exponents: Exponents, unit: str) -> str:
    """Name the dimension of a unit, or quote the unit where it has no name."""
    for dimension in DIMENSIONS.values():
        if dimension.exponents == exponents:
            return dimension.described
    if exponents == _ENERGY_PER_MOLE:
        return "an energy per mole"
    return f"in '{_short(unit)}'"


def _short(text: str) -> str:
    """The text on one line, cut where it would fill the screen."""
    line = " ".join(str(text).split())
    return line if len(line) <= 60 else line[:57] + "..."
