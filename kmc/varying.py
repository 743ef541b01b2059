# SPDX-License-Identifier: BSD-3-Clause
"""Values that depend on the temperature, or on the height of a site above the electrode. Floor 1.

Each is made of plain quantities and a formula. Its nominal `value` is that at 298.15 K, and its uncertainty follows
from those of its parts, as if they were independent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kmc.constants import COULOMB_EV, NOMINAL_TEMPERATURE
from kmc.errors import KmcError
from kmc.quantity import Location, Quantity

_ROUNDING = 1e-9
"""Share of a temperature by which a range may be missed, from units with an offset."""

_STEP = 1e-4
"""Share of a value by which it is changed to find out what follows from it."""


class OutOfRangeError(KmcError):
    """A value is asked for at a temperature for which it is not given."""


@dataclass(frozen=True)
class VaryingQuantity(Quantity):
    """A value that follows from others by a formula.

    Parameters
    ----------
    given : tuple of (str, Quantity)
        What it is made of, by keys of the deck below its own.
    """

    given: tuple[tuple[str, Quantity], ...] = ()

    @classmethod
    def of(
        cls,
        given: Mapping[str, Quantity],
        source: str | None = None,
        method: str | None = None,
        where: Location | None = None,
        dimension: str = "",
    ) -> VaryingQuantity:
        """The value made of some others.

        Parameters
        ----------
        given : mapping of str to Quantity
        source, method, where, dimension
            As of a Quantity.

        Raises
        ------
        ValueError  if the parts do not go together, with a message for the user.
        """
        cls.check({name: each.value for name, each in given.items()})
        bare = cls(0.0, None, source, method, where, None, dimension, tuple(given.items()))
        spread = bare._spread()
        return cls(bare._nominal({}), spread, source, method, where, None, dimension, bare.given)

    @classmethod
    def check(cls, values: Mapping[str, float]) -> None:
        """Raise ValueError if the parts [internal units] do not go together."""

    @staticmethod
    def formula(values: Mapping[str, float], temperature: float, height: float) -> float:
        """Value that follows from those of the parts."""
        raise NotImplementedError

    def at(self, temperature: float, height: float = 0.0) -> float:
        """Value at a temperature [K] and a height [m] above the surface of the electrode.

        Raises
        ------
        OutOfRangeError  if it is not given at this temperature.
        """
        return self.formula({name: each.value for name, each in self.given}, temperature, height)

    def parts(self, name: str) -> tuple[tuple[str, Quantity], ...]:
        """Itself, then what it is made of, with its source where they have none of their own."""
        inner = []
        for key, each in self.given:
            source, method = each.source or self.source, each.method or self.method
            kept = (each.value, each.uncertainty, source, method, each.where, each.distribution, each.dimension)
            inner.append((f"{name} {_numbered(key)}", Quantity(*kept)))
        return ((name, self), *inner)

    def _nominal(self, changes: Mapping[str, float]) -> float:
        """Value at the nominal temperature, with some of the parts changed."""
        values = {name: each.value for name, each in self.given} | changes
        return float(self.formula(values, NOMINAL_TEMPERATURE, 0.0))

    def _spread(self) -> float | None:
        """Standard uncertainty at the nominal temperature, first order in those of the parts."""
        if all(each.uncertainty is None for _, each in self.given):
            return None
        shifts = []
        for name, each in self.given:
            if each.uncertainty:
                # a small step, because an uncertainty may reach beyond what the formula has a value for
                step = min(each.uncertainty, _STEP * abs(each.value)) or each.uncertainty
                ends = [self._nominal({name: each.value + sign * step}) for sign in (1.0, -1.0)]
                shifts.append(0.5 * (ends[0] - ends[1]) * (each.uncertainty / step))
        return math.hypot(*shifts)


@dataclass(frozen=True)
class LinearQuantity(VaryingQuantity):
    """`{value, slope, at}`: linear in the temperature.

    Equation: ``G(T) = G(T0) + s (T - T0)``; of a free energy, s is minus the entropy.
    """

    @staticmethod
    def formula(values: Mapping[str, float], temperature: float, height: float) -> float:
        """Value at a temperature [K]."""
        return values["value"] + values["slope"] * (temperature - values.get("at", NOMINAL_TEMPERATURE))


@dataclass(frozen=True)
class GibbsQuantity(VaryingQuantity):
    """`{enthalpy, entropy}`: a free energy.

    Equation: ``G(T) = H - T S``, H and S taken as constant.
    """

    @staticmethod
    def formula(values: Mapping[str, float], temperature: float, height: float) -> float:
        """Free energy [eV] at a temperature [K]."""
        return values["enthalpy"] - temperature * values["entropy"]


@dataclass(frozen=True)
class SeriesQuantity(VaryingQuantity):
    """`{temperatures, values}`: straight lines between given points, nothing beyond them.

    Its nominal value is that of the nearest point if 298.15 K is beyond them.
    """

    @classmethod
    def check(cls, values: Mapping[str, float]) -> None:
        """Raise ValueError unless there are two points at least, in order."""
        temperatures, points = (_listed(values, name) for name in ("temperatures", "values"))
        if len(temperatures) != len(points):
            raise ValueError(f"{len(temperatures)} temperatures and {len(points)} values; each needs the other")
        if len(temperatures) < 2:
            raise ValueError("one temperature; a dependence on temperature takes two at least")
        if not all(low < high for low, high in pairwise(temperatures)):
            raise ValueError("the temperatures are not in increasing order")

    @staticmethod
    def formula(values: Mapping[str, float], temperature: float, height: float) -> float:
        """Value at a temperature [K], that of the nearest point beyond the ends."""
        return float(np.interp(temperature, _listed(values, "temperatures"), _listed(values, "values")))

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest temperature at which it is given [K]."""
        temperatures = _listed({name: each.value for name, each in self.given}, "temperatures")
        return temperatures[0], temperatures[-1]

    def at(self, temperature: float, height: float = 0.0) -> float:
        """Value at a temperature [K].

        Raises
        ------
        OutOfRangeError  if the temperature is beyond the points.
        """
        low, high = self.limits
        if not low * (1.0 - _ROUNDING) <= temperature <= high * (1.0 + _ROUNDING):
            place = f" ({self.where})" if self.where else ""
            message = f"a value is given from {low:g} K to {high:g} K and needed at {temperature:g} K{place}"
            raise OutOfRangeError(message)
        return super().at(temperature, height)


@dataclass(frozen=True)
class ImageChargeQuantity(VaryingQuantity):
    """`{radius, refractive-index, permittivity, distance}`: outer reorganization energy of a sphere near a metal.

    Equation: ``lambda = e^2/(8 pi eps0) (1/r - 1/(2 d)) (1/n^2 - 1/eps)``, d the larger one of distance and radius. The
    image of the charge in the electrode screens it, the more the closer it is. Without `distance`, d is the height of
    the site above the surface of the electrode.

    References
    ----------
    R. A. Marcus, J. Chem. Phys. 43, 679 (1965), doi:10.1063/1.1696792.
    """

    @classmethod
    def check(cls, values: Mapping[str, float]) -> None:
        """Raise ValueError unless the solvent has a slow part of its polarization."""
        fast = values["refractive-index"] ** 2
        if not values["permittivity"] > fast:
            raise ValueError(f"'permittivity' must be above the square of the refractive index, {fast:g}")

    @staticmethod
    def formula(values: Mapping[str, float], temperature: float, height: float) -> float:
        """Reorganization energy [eV] at a height [m]."""
        radius = values["radius"]
        distance = np.maximum(values.get("distance", height), radius)
        polarization = 1.0 / values["refractive-index"] ** 2 - 1.0 / values["permittivity"]
        return 0.5 * COULOMB_EV * (1.0 / radius - 0.5 / distance) * polarization

    @property
    def notices_height(self) -> bool:
        """Whether the distance is that of the site."""
        return "distance" not in dict(self.given)


def _numbered(key: str) -> str:
    """A key of `given` for people: `values.0` is `values 1`."""
    name, _, number = key.rpartition(".")
    return f"{name} {int(number) + 1}" if name else key


def _listed(values: Mapping[str, float], name: str) -> list[float]:
    """The items of a list among the parts, whose keys are `name.0`, `name.1`, ..."""
    return [each for key, each in values.items() if key.rpartition(".")[0] == name]
