# SPDX-License-Identifier: BSD-3-Clause
"""Every number of a deck that decides physics, with its source and its uncertainty. Floor 4."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kmc.quantity import NORMAL, Quantity, QuantityList
from kmc.rates import RATE_LAWS
from kmc.units import DIMENSIONS, unit_factor
from kmc.varying import VaryingQuantity

if TYPE_CHECKING:
    from kmc.deck import Deck
    from kmc.mechanism import Mechanism

_SHOWN_IN = {
    "length": "nm",
    "area": "nm^2",
    "volume": "nm^3",
    "molar volume": "cm^3/mol",
    "molar mass": "g/mol",
    "density": "g/cm^3",
    "concentration": "mol/L",
    "decay": "1/nm",
    "frequency": "THz",
}
"""Units in which people write values, where they are not the internal ones."""

_UNSOURCED = ("no source", "no primary source", "without source", "assumed", "guess", "unknown")


@dataclass(frozen=True)
class Value:
    """One value of a deck.

    Parameters
    ----------
    owner : str
        Name of the process, species, cluster or section.
    index : int or None
        Of the process in the mechanism.
    name : str
        Key of the deck.
    quantity : Quantity
    dimension : str
        Key of `kmc.units.DIMENSIONS`.
    process_source : str, optional
        That of the whole process, which serves where the value has none.
    """

    owner: str
    index: int | None
    name: str
    quantity: Quantity
    dimension: str
    process_source: str | None = None

    @property
    def source(self) -> str | None:
        """Where the value comes from, or what it is made of."""
        return self.quantity.source or self._of_parts() or self.process_source

    def _of_parts(self) -> str | None:
        """Sources of what a value that varies, or a list, is made of."""
        if isinstance(self.quantity, VaryingQuantity):
            found = [each.source for _, each in self.quantity.given if each.source]
        elif isinstance(self.quantity, QuantityList):
            found = [each.source for each in self.quantity.items if each.source]
        else:
            found = []
        return "; ".join(dict.fromkeys(found)) or None

    @property
    def has_source(self) -> bool:
        """Whether a source is given that does not say itself that there is none."""
        return bool(self.source) and not self.source.lower().startswith(_UNSOURCED)

    @property
    def text(self) -> str:
        """The value with its uncertainty or range and its unit."""
        value, spread, kind = self.quantity.value, self.quantity.distribution, self.dimension
        if isinstance(self.quantity, VaryingQuantity):
            return f"{_shown(value, kind)}{_unit(kind)} ({_given(self.quantity)})"
        if isinstance(value, tuple):
            shown = ", ".join(_shown(each, kind) for each in value[:3])
            return f"{len(value)} values: {shown}{', ..' if len(value) > 3 else ''}{_unit(kind)}"
        if spread is None:
            given = "" if self.quantity.uncertainty is None else f" +- {_shown(self.quantity.uncertainty, kind)}"
            return f"{_shown(value, kind)}{given}{_unit(kind)}"
        if spread.kind == NORMAL:
            return f"{_shown(value, kind)} +- {_shown(spread.parameters[1], kind)}{_unit(kind)}"
        return f"{_shown(value, kind)} in {distribution_text(self.quantity, kind)}"


def distribution_text(quantity: Quantity, dimension: str) -> str:
    """The distribution of a value as a deck writes it; empty where there is none."""
    spread = quantity.distribution
    if spread is None:
        return ""
    sign = " +- " if spread.kind == NORMAL else " .. "
    return sign.join(_shown(each, dimension) for each in spread.parameters) + _unit(dimension)


def _given(quantity: VaryingQuantity) -> str:
    """What a value that varies is made of; its own is that at 298.15 K."""
    parts = []
    for name, each in quantity.given:
        key, _, number = name.rpartition(".")
        shown = _shown(each.value, each.dimension) + _unit(each.dimension)
        parts.append(shown if number.isdigit() and number != "0" else f"{key or name} {shown}")
    return ", ".join(parts)


def _unit(dimension: str) -> str:
    unit = _SHOWN_IN.get(dimension) or (DIMENSIONS[dimension].unit if dimension else "1")
    return "" if unit == "1" else f" {unit}"


def _shown(number: float, dimension: str) -> str:
    """A number in the unit in which values of this kind are written."""
    unit = _SHOWN_IN.get(dimension)
    return f"{number if unit is None else number / unit_factor(unit, dimension):.6g}"


def values_of(deck: Deck, mechanism: Mechanism) -> list[Value]:
    """Values of a deck, those of the processes first; generated reverses have none of their own.

    Parameters
    ----------
    deck : Deck
    mechanism : Mechanism

    Returns
    -------
    list of Value
    """
    found = [*_of_processes(mechanism), *_of_species(mechanism), *_of_sections(deck, mechanism)]
    return [value for value in found if value.quantity is not None]


def _of_processes(mechanism: Mechanism) -> Iterator[Value]:
    for process in mechanism.processes:
        if process.reverse_of is not None:
            continue
        given = [
            (name, quantity, quantity.dimension or RATE_LAWS[process.law].parameters[name].dimension)
            for name, quantity in process.parameters.items()
        ]
        given.append(("transfer", process.transfer, "dimensionless"))
        given += [("neighbour energy", term.energy, "energy") for term in process.neighbours]
        for name, quantity, dimension in given:
            yield Value(process.name, process.index, name, quantity, dimension, process.source)


def _of_species(mechanism: Mechanism) -> Iterator[Value]:
    for species in mechanism.species:
        yield Value(species.name, None, "molar-volume", species.volume, "molar volume")
    for species in mechanism.solution:
        yield Value(species.name, None, "activity", species.activity, "dimensionless")
        yield Value(species.name, None, "concentration", species.concentration, "concentration")


def _of_sections(deck: Deck, mechanism: Mechanism) -> Iterator[Value]:
    if deck.lattice is not None and deck.lattice.spacing is not None and deck.lattice.spacing.distribution:
        yield Value("lattice", None, "spacing", deck.lattice.spacing, "length")
    if deck.tunnelling is not None:
        for name, quantity in deck.tunnelling.decay.items():
            yield Value(f"tunnelling, {name}", None, "decay", quantity, "decay")
    if deck.compartment is not None:
        for name, dimension in (("volume", "volume"), ("height", "length"), ("distance", "length")):
            yield Value("compartment", None, name, getattr(deck.compartment, name), dimension)
    for cluster in mechanism.clusters:
        yield Value(cluster.name, None, "cluster energy", cluster.energy, "energy")
