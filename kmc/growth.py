# SPDX-License-Identifier: BSD-3-Clause
"""How a film grows at the end of a run: the current, the way its electrons take, and what slows it (floor 74).

In: a `Result`. Out: numbers with their counts, for the decision which law of growth a run supports.

The length that electrons tunnel through is not the mean height L of a porous film: liquid in the pores is
reached, and reduced, over shorter ways. Used here is the compact length L_c = L (1 - mean_porosity), the height
of the film's sites without pores. It is L for a dense film whatever the molar volumes, because the tunnelling of
the model decays over sites; `equivalent_thickness` would differ from it by the ratio of molar to site volume. The
height of the layers below some porosity has no slope: it takes three or four values in a run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kmc.constants import AVOGADRO, ELEMENTARY_CHARGE

if TYPE_CHECKING:
    from kmc.result import Result

# The part of the run that the current is taken from: from this fraction of its time on.
_LAST_PART = 0.5
# A slope needs this many intervals between outputs.
_LEAST = 5


@dataclass(frozen=True)
class Growth:
    """The last half of a run.

    Attributes
    ----------
    start, duration : float, [s]
    electrons : int
        Net electrons taken from the electrode.
    tunnelled : int
        Those of them taken by processes with tunnelling.
    current : float, [A/m^2]
        Mean current density, positive for reduction; NaN without duration.
    lithium : float
        Lithium atoms that the film gained.
    potential, temperature : float, [V], [K]
        Means over the outputs.
    drift : float, [V]
        Range of the potential.
    thickness, compact : float, [m]
        Means over the outputs of L and of L_c.
    """

    start: float
    duration: float
    electrons: int
    tunnelled: int
    current: float
    lithium: float
    potential: float
    temperature: float
    drift: float
    thickness: float
    compact: float

    @property
    def direct(self) -> int:
        """int: net electrons taken by processes without tunnelling, at the electrode itself."""
        return self.electrons - self.tunnelled


@dataclass(frozen=True)
class Slope:
    """Decay of a current with a length, fitted.

    Attributes
    ----------
    value, error : float
        Minus the slope of ln j, and its standard error.
    intervals, electrons : int
        What it was fitted to.
    """

    value: float
    error: float
    intervals: int
    electrons: int


def compact_length(result: Result) -> np.ndarray:
    """Height of the film's sites without pores.

    Parameters
    ----------
    result : Result

    Returns
    -------
    compact_length : float64, shape (n_outputs,), [m]
        0 without film.

    Notes
    -----
    L_c = L (1 - mean_porosity) = b N_film / N_columns, with b the height of a layer
    """
    return np.nan_to_num(result.data["thickness"].values * (1.0 - result.data["mean_porosity"].values))


def last_half(result: Result) -> Growth:
    """What the film did in the last half of the run's time.

    Parameters
    ----------
    result : Result

    Returns
    -------
    growth : Growth
    """
    data = result.data
    time = data["time"].values
    start = int(np.searchsorted(time, _LAST_PART * time[-1], side="right")) - 1
    part = slice(start, None)
    electrons, tunnelled, lithium = (
        values[-1] - values[start] for values in (data["electrons"].values, _tunnelled(result), data["lithium"].values)
    )
    duration = float(time[-1] - time[start])
    potential = data["potential"].values[part]
    charge = int(electrons) * ELEMENTARY_CHARGE / result.area
    return Growth(
        start=float(time[start]),
        duration=duration,
        electrons=int(electrons),
        tunnelled=int(tunnelled),
        current=charge / duration if duration > 0.0 else math.nan,
        lithium=float(lithium) * AVOGADRO * result.area,
        potential=float(potential.mean()),
        temperature=float(data["temperature"].values[part].mean()),
        drift=float(np.ptp(potential)),
        thickness=float(data["thickness"].values[part].mean()),
        compact=float(compact_length(result)[part].mean()),
    )


def tunnelling_slope(result: Result) -> Slope | None:
    """Fit ln j = const - beta L_c to the outer half of the film, with j of the tunnelling processes only.

    Parameters
    ----------
    result : Result

    Returns
    -------
    slope : Slope or None
        -d ln j/dL_c [1/m]; None if there are fewer than five intervals with such a current, or the length does not
        change.

    Notes
    -----
    Every interval between outputs is weighted with its electrons; the error is the larger of that of counting
    them and that from the scatter about the line.
    """
    length = _middle(compact_length(result))
    return _fit(length, length, _tunnelled(result), result)


def direct_exponent(result: Result) -> Slope | None:
    """Fit j ~ L^-m to the outer half of the film, with j of the processes without tunnelling only.

    Parameters
    ----------
    result : Result

    Returns
    -------
    exponent : Slope or None
        m = -d ln j/d ln L [1], with L the mean height; 1 if diffusion through the film limits the current, 0 if the
        film does not. None and the weights as in `tunnelling_slope`.
    """
    length = _middle(result.data["thickness"].values)
    log_length = np.log(np.maximum(length, np.finfo(float).tiny))
    return _fit(log_length, length, result.data["electrons"].values - _tunnelled(result), result)


def _middle(values: np.ndarray) -> np.ndarray:
    """Means over the intervals between outputs."""
    return (values[1:] + values[:-1]) / 2


def _fit(abscissa: np.ndarray, length: np.ndarray, taken: np.ndarray, result: Result) -> Slope | None:
    """Minus the slope of the logarithm of the current of `taken` electrons, where the film has half its length."""
    electrons, duration = np.diff(taken), np.diff(result.data["time"].values)
    late = (electrons > 0) & (duration > 0) & (length > length[-1] / 2) if len(length) else np.zeros(0, dtype=bool)
    if late.sum() < _LEAST or np.ptp(abscissa[late]) == 0.0:
        return None
    rate, weight = np.log(electrons[late] / duration[late]), np.sqrt(electrons[late])
    line, scattered = np.polyfit(abscissa[late], rate, 1, w=weight, cov=True)
    _, counted = np.polyfit(abscissa[late], rate, 1, w=weight, cov="unscaled")
    error = math.sqrt(max(scattered[0, 0], counted[0, 0]))
    return Slope(-float(line[0]), error, int(late.sum()), int(electrons[late].sum()))


def has_interstitials(result: Result) -> bool:
    """Whether the chemistry knows solids that hold a guest lithium.

    Parameters
    ----------
    result : Result

    Returns
    -------
    has_interstitials : bool
        True if two solids differ in nothing but the number of lithium atoms.
    """
    data = result.data
    solid = data["phase"].values == "solid"
    hosts = {}
    names = ("formula", "units_per_site", "charge_number", "lithium_number")
    columns = (data[name].values[solid].tolist() for name in names)
    for formula, units, charge, lithium in zip(*columns, strict=True):
        hosts.setdefault((formula, units, charge), set()).add(lithium)
    return any(len(numbers) > 1 for numbers in hosts.values())


def _tunnelled(result: Result) -> np.ndarray:
    """int64, shape (n_outputs,): net electrons taken by processes with tunnelling since the start."""
    data = result.data
    return data["event_count"].values @ (data["electron_number"].values * data["tunnels"].values.astype(np.int64))
